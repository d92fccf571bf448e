/* run.c - programs from fixed lists: no shell, a clean environment, a time limit. */
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OUTPUT_MOST = 64 << 10 };

struct child {
	pid_t pid;
	int in, out;          /* ours: to write its input, to read its output; -1 closed */
	int64_t until;        /* milliseconds of the monotonic clock */
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

enum { KEEP_MOST = 8 };

/* PATH, LANG, and what is kept of our own: pointers into environ. */
static void make_env(char *path, char *lang, const char *const *keep, char *env[static KEEP_MOST + 3])
{
	size_t n = 0, kept = 0;
	env[n++] = path;
	env[n++] = lang;
	for (; keep && *keep && kept < KEEP_MOST; keep++)
		for (char **v = environ; *v; v++) {
			size_t len = strlen(*keep);
			if (strncmp(*v, *keep, len) == 0 && (*v)[len] == '=') {
				env[n++] = *v;
				kept++;
				break;
			}
		}
	env[n] = NULL;
}

static int start(const char *const *argv, bool here, const char *const *keep, struct child *c, struct err *e)
{
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", lang[] = "LANG=C";
	char *env[KEEP_MOST + 3];
	make_env(path, lang, keep, env);
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) {
		shut(&in[0]);
		shut(&in[1]);
		return err_set(e, ERR_IO, "cannot make a pipe: %m");
	}
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t at;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&at);
	posix_spawn_file_actions_adddup2(&fa, in[0], 0);
	posix_spawn_file_actions_adddup2(&fa, out[1], 1);
	if (!here)
		posix_spawn_file_actions_adddup2(&fa, out[1], 2);
	posix_spawn_file_actions_addclosefrom_np(&fa, 3);
	posix_spawnattr_setpgroup(&at, 0);
	posix_spawnattr_setsigmask(&at, &none);
	posix_spawnattr_setsigdefault(&at, &all);
	posix_spawnattr_setflags(&at, (short)((here ? 0 : POSIX_SPAWN_SETPGROUP) | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
	int rc = posix_spawn(&c->pid, argv[0], &fa, &at, (char *const *)(uintptr_t)argv, env);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&at);
	shut(&in[0]);
	shut(&out[1]);
	c->in = in[1];
	c->out = out[0];
	if (!rc)
		return 0;
	shut(&c->in);
	shut(&c->out);
	errno = rc;
	return err_set(e, ERR_IO, "cannot start %s: %m", argv[0]);
}

/* Move bytes both ways once. False: both ends are closed. */
static bool pump(struct child *c, struct slice *input, struct buf *out)
{
	char text[4096];
	struct pollfd p[2] = {{.fd = c->in, .events = POLLOUT}, {.fd = c->out, .events = POLLIN}};
	if (!input->n)
		shut(&c->in);
	p[0].fd = c->in;
	if (c->in < 0 && c->out < 0)
		return false;
	int64_t left = c->until - now_ms();
	if (poll(p, 2, left > 0 ? (int)MIN(left, 1000) : 0) <= 0)
		return true;
	if (p[0].revents) {
		ssize_t n = write(c->in, input->p, MIN(input->n, (size_t)4096)); /* a pipe that is ready takes so much */
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			shut(&c->in);
		else if (n > 0)
			*input = slice_from(*input, (size_t)n);
	}
	if (p[1].revents) {
		ssize_t n = read(c->out, text, sizeof text);
		if (n == 0 || (n < 0 && errno != EINTR))
			shut(&c->out);
		else if (n > 0 && out && out->n < OUTPUT_MOST)
			buf_add(out, text, MIN((size_t)n, OUTPUT_MOST - out->n));
	}
	return true;
}

/* Its exit status; -1 while it runs. */
static int ended(pid_t pid)
{
	int st;
	pid_t got = waitpid(pid, &st, WNOHANG);
	if (got == 0 || (got < 0 && errno == EINTR))
		return -1;
	if (got < 0)
		return 127; /* somebody else waited for it */
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

static int run(const char *const *argv, bool here, const char *const *keep, struct slice input, unsigned seconds, struct buf *out, int *status, struct err *e)
{
	struct child c = {.in = -1, .out = -1, .until = now_ms() + (int64_t)seconds * 1000};
	int rc = start(argv, here, keep, &c, e);
	if (rc)
		return rc;
	(void)fcntl(c.in, F_SETFL, O_NONBLOCK);
	while (now_ms() < c.until && pump(&c, &input, out))
		;
	int st = ended(c.pid);
	while (st < 0 && now_ms() < c.until) {
		struct timespec nap = {0, 5000000};
		nanosleep(&nap, NULL);
		st = ended(c.pid);
	}
	if (st < 0) {
		kill(here ? c.pid : -c.pid, SIGKILL);
		waitpid(c.pid, NULL, 0);
		rc = err_set(e, ERR_STOPPED, "%s did not end within %u s and was killed", argv[0], seconds);
	}
	shut(&c.in);
	shut(&c.out);
	*status = st < 0 ? 128 + SIGKILL : st;
	return rc;
}

int sys_run(const char *const *argv, struct slice input, unsigned seconds, struct buf *out, int *status, struct err *e)
{
	return run(argv, false, NULL, input, seconds, out, status, e);
}

int sys_run_here(const char *const *argv, const char *const *keep, struct slice input, unsigned seconds, struct buf *out, int *status, struct err *e)
{
	return run(argv, true, keep, input, seconds, out, status, e);
}
