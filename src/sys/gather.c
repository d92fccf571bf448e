/* gather.c - many programs side by side, each with its own output. */
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

enum { SIDE_BY_SIDE = 32, KEEP_MOST = 8, ERRORS_MOST = 4 << 10 };

struct running {
	struct sys_job *job;      /* NULL: the place is free */
	pid_t pid;
	int fd[2];                /* its standard output and error; -1 closed */
	int64_t until;            /* milliseconds of the monotonic clock */
};
struct gathering {
	struct running at[SIDE_BY_SIDE];
	size_t most;
	unsigned seconds;
	const char *const *keep;
	void (*done)(struct sys_job *j);
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

static void make_env(const char *const *keep, char *path, char *lang, char *env[static KEEP_MOST + 3])
{
	size_t n = 0;
	env[n++] = path;
	env[n++] = lang;
	for (; keep && *keep && n < KEEP_MOST + 2; keep++)
		for (char **v = environ; *v; v++) {
			size_t len = strlen(*keep);
			if (strncmp(*v, *keep, len) == 0 && (*v)[len] == '=') {
				env[n++] = *v;
				break;
			}
		}
	env[n] = NULL;
}

static int spawn(struct running *r, const struct gathering *g, const int out[2], const int err[2])
{
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", lang[] = "LANG=C", *env[KEEP_MOST + 3];
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t at;
	sigset_t none, all;
	make_env(g->keep, path, lang, env);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&at);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&fa, out[1], 1);
	posix_spawn_file_actions_adddup2(&fa, err[1], 2);
	posix_spawn_file_actions_addclosefrom_np(&fa, 3);
	posix_spawnattr_setpgroup(&at, 0);
	posix_spawnattr_setsigmask(&at, &none);
	posix_spawnattr_setsigdefault(&at, &all);
	posix_spawnattr_setflags(&at, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	int rc = posix_spawn(&r->pid, r->job->argv[0], &fa, &at, (char *const *)(uintptr_t)r->job->argv, env);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&at);
	return rc;
}

static void start(struct gathering *g, struct running *r, struct sys_job *job)
{
	int out[2] = {-1, -1}, err[2] = {-1, -1}, rc;
	*r = (struct running){.job = job, .fd = {-1, -1}, .until = now_ms() + (int64_t)g->seconds * 1000};
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		job->rc = err_set(&job->e, ERR_IO, "cannot make a pipe: %m");
	else if ((rc = spawn(r, g, out, err))) {
		errno = rc;
		job->rc = err_set(&job->e, ERR_IO, "cannot start %s: %m", job->argv[0]);
	}
	shut(&out[1]);
	shut(&err[1]);
	r->fd[0] = out[0];
	r->fd[1] = err[0];
}

/* One read; what is beyond the limit ends the program. */
static void take(struct gathering *g, struct running *r, int which)
{
	char text[1 << 16];
	struct buf *to = which ? &r->job->err : &r->job->out;
	size_t most = which ? ERRORS_MOST : g->most;
	ssize_t n = read(r->fd[which], text, sizeof text);
	if (n == 0 || (n < 0 && errno != EINTR))
		shut(&r->fd[which]);
	if (n > 0)
		buf_add(to, text, MIN((size_t)n, most - MIN(to->n, most)));
	if (n > 0 && !which && to->n >= most)
		r->job->rc = err_set(&r->job->e, ERR_LIMIT, "%s printed more than %zu bytes and was killed", r->job->argv[0], most);
}

static void end(struct gathering *g, struct running *r)
{
	int st = 0;
	if (r->pid > 0 && r->job->rc)
		kill(-r->pid, SIGKILL);
	if (r->pid > 0)
		while (waitpid(r->pid, &st, 0) < 0 && errno == EINTR)
			;
	r->job->status = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
	shut(&r->fd[0]);
	shut(&r->fd[1]);
	g->done(r->job);
	buf_free(&r->job->out);
	buf_free(&r->job->err);
	r->job = NULL;
}

/* Has it ended, without being reaped yet? */
static bool over(pid_t pid)
{
	siginfo_t info = {0};
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid;
}

static void look(struct gathering *g, struct running *r, const struct pollfd p[2])
{
	for (int i = 0; i < 2; i++)
		if (r->fd[i] >= 0 && p[i].revents)
			take(g, r, i);
	if (!r->job->rc && now_ms() >= r->until)
		r->job->rc = err_set(&r->job->e, ERR_STOPPED, "%s did not end within %u s and was killed", r->job->argv[0], g->seconds);
	if (r->job->rc || (r->fd[0] < 0 && r->fd[1] < 0 && over(r->pid)))
		end(g, r);
}

void sys_gather(struct sys_job *jobs, size_t n, size_t at_once, const char *const *keep, unsigned seconds, size_t most, void (*done)(struct sys_job *j))
{
	struct gathering g = {.most = most, .seconds = seconds, .keep = keep, .done = done};
	size_t places = MIN(MAX(at_once, (size_t)1), (size_t)SIDE_BY_SIDE), next = 0;
	for (;;) {
		struct pollfd p[2 * SIDE_BY_SIDE];
		size_t busy = 0;
		for (size_t i = 0; i < places; i++) {
			if (!g.at[i].job && next < n)
				start(&g, &g.at[i], &jobs[next++]);
			bool on = g.at[i].job != NULL;
			busy += on;
			for (size_t k = 0; k < 2; k++)
				p[2 * i + k] = (struct pollfd){.fd = on ? g.at[i].fd[k] : -1, .events = POLLIN};
		}
		if (!busy)
			return;
		poll(p, 2 * places, 50); /* an end without a word, and time, are looked for now and then */
		for (size_t i = 0; i < places; i++)
			if (g.at[i].job)
				look(&g, &g.at[i], &p[2 * i]);
	}
}
