/* main.c - what was asked for; the gate's answer; the end. */
#include "shell.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef SHELL_TEST /* the built program takes no word of where to ask from anybody */
#define SOCKET_PATH (getenv("POSTERN_TEST_SOCKET") ? getenv("POSTERN_TEST_SOCKET") : GATE_SOCKET)
#else
#define SOCKET_PATH GATE_SOCKET
#endif

static _Noreturn void refuse(const char *text)
{
	say(false, text);
	exit(SHELL_REFUSED);
}

static _Noreturn void out_of_memory(void)
{
	_exit(SHELL_REFUSED);
}

/* Nothing that was handed down but 0, 1 and 2, and nobody looks in. */
static void harden(void)
{
	struct rlimit none = {0};
	core_set_oom(out_of_memory);
	setrlimit(RLIMIT_CORE, &none);
	if (prctl(PR_SET_DUMPABLE, 0) || prctl(PR_SET_CHILD_SUBREAPER, 1))
		_exit(SHELL_REFUSED);
	for (int i = 0; i < 3; i++)
		if (fcntl(i, F_GETFD) < 0 && open("/dev/null", O_RDWR) != i)
			_exit(SHELL_REFUSED);
	close_range(3, ~0u, 0);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigset_t empty;
	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* A forced command may name us: then what was asked for stands in SSH_ORIGINAL_COMMAND. */
static bool is_self(const char *command)
{
	struct slice s = slice_of(command);
	return slice_eqz(slice_basename(s), "postern-shell") && slice_chr(s, ' ') < 0 && (s.p[0] == '/' || s.n == sizeof "postern-shell" - 1);
}

/* One of these words, and perhaps the options that sshd_config's Subsystem gives it: then ours is run, without them and without a shell in between.
 * Whatever looks like it and holds more than plain words is a command. */
static bool is_sftp(const char *command)
{
	static const char *const names[] = {"internal-sftp", "sftp-server", "/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server",
		"/usr/libexec/sftp-server"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t n = strlen(names[i]);
		if (strncmp(command, names[i], n) == 0 && (!command[n] || (command[n] == ' ' && command[n + 1] == '-')))
			return strspn(command + n, " -abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == strlen(command + n);
	}
	return false;
}

static void find_wanted(int argc, char **argv, char *const *env, struct wanted *w)
{
	const char *command = argc == 3 && strcmp(argv[1], "-c") == 0 ? argv[2] : NULL;
	struct winsize size = {0};
	if (!command && argc > 1 && !(argc == 2 && strcmp(argv[1], "-l") == 0))
		refuse("postern-shell is a login shell: it takes -c COMMAND, or nothing");
	if (command && is_self(command)) {
		command = env_get(env, "SSH_ORIGINAL_COMMAND");
		if (command && !*command)
			command = NULL;
	}
	*w = (struct wanted){.kind = !command ? KIND_SHELL : is_sftp(command) ? KIND_SFTP : KIND_COMMAND, .command = command, .columns = 80, .rows = 24};
	w->terminal = w->kind != KIND_SFTP && tcgetattr(STDIN_FILENO, &w->modes) == 0;
	if (w->terminal && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
		w->columns = size.ws_col ? size.ws_col : 80;
		w->rows = size.ws_row ? size.ws_row : 24;
	}
	if (command && strlen(command) > GATE_COMMAND_MAX)
		refuse("postern: the command is too long (more than 4096 bytes)");
}

static bool put(char *to, size_t room, struct slice s)
{
	if (s.n >= room)
		return false;
	memcpy(to, s.p ? s.p : "", s.n);
	to[s.n] = 0;
	return true;
}

static uint32_t audit_session(void)
{
	char text[24];
	uint64_t n = UINT32_MAX;
	int fd = open("/proc/self/sessionid", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, text, sizeof text) : -1;
	if (fd >= 0)
		close(fd);
	return got > 0 && slice_u64(slice_trim(slice_make(text, (size_t)got)), UINT32_MAX, &n) ? (uint32_t)n : UINT32_MAX;
}

static void fill_question(const struct wanted *w, const struct passwd *who, char *const *env, struct gate_ask *q)
{
	struct slice source = slice_of(env_get(env, "SSH_CONNECTION")), word;
	struct slice command = slice_of(w->command);
	char tty[64] = "";
	*q = (struct gate_ask){.magic = GATE_MAGIC, .version = GATE_VERSION, .phase = PHASE_EXEC, .kind = w->kind, .session = audit_session(), .pid = getpid(),
		.columns = w->columns, .rows = w->rows};
	bool ok = put(q->service, sizeof q->service, SL("postern-shell")) && put(q->account, sizeof q->account, slice_of(who->pw_name));
	if (source.n && slice_word(&source, &word) && !put(q->rhost, sizeof q->rhost, word))
		q->rhost[0] = 0;
	if (w->terminal && ttyname_r(STDIN_FILENO, tty, sizeof tty) == 0 && !put(q->tty, sizeof q->tty, slice_of(strncmp(tty, "/dev/", 5) ? tty : tty + 5)))
		q->tty[0] = 0;
	q->command_size = (uint32_t)command.n;
	if (command.n)
		memcpy(q->command, command.p, command.n);
	if (!ok)
		refuse("postern: the account's name is too long");
}

/* The answer's words, ended; the socket. */
static int ask(const struct gate_ask *q)
{
	static const char fault[] = "postern: the gate does not answer; ask whoever runs this machine";
	struct gate_answer *a = xcalloc(1, sizeof *a);
	int fd = gate_ask_service(SOCKET_PATH, q, a, true);
	a->text[sizeof a->text - 1] = a->reference[sizeof a->reference - 1] = 0;
	if (fd < 0 || a->allow != 1) {
		struct buf b = {0};
		buf_addf(&b, "%s%s%s%s", a->text[0] ? a->text : fault, a->reference[0] ? " (" : "", a->reference, a->reference[0] ? ")" : "");
		buf_addc(&b, 0);
		refuse(b.p);
	}
	if (a->text[0])
		say(false, a->text);
	free(a);
	return fd;
}

int main(int argc, char **argv)
{
	harden();
	char *env[SHELL_ENV_MAX];
	struct arena mem;
	struct wanted w;
	struct program p;
	struct sink sink;
	struct err e;
	struct gate_ask *q = xcalloc(1, sizeof *q);
	const struct passwd *who = getpwuid(getuid());
	if (!who)
		refuse("postern: who you are is not known here");
	arena_init(&mem);
	find_wanted(argc, argv, environ, &w);
	fill_question(&w, who, environ, q);
	env_make(who, environ, &mem, env);
	sink_start(&sink, ask(q));
	fcntl(sink.fd, F_SETFD, FD_CLOEXEC);
	if (program_start(&w, env, &p, &e)) {
		struct buf b = {0};
		buf_addf(&b, "postern: %s", e.text);
		buf_addc(&b, 0);
		refuse(b.p);
	}
	int status = relay_run(&w, &p, &sink);
	arena_free(&mem);
	free(q);
	return status;
}
