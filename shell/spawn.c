/* spawn.c - starts the session's own program, and ends what came of it. */
#include "shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const char *sftp_server(void)
{
	static const char *const places[] = {"/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server", "/usr/libexec/sftp-server"};
	struct stat st;
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (stat(places[i], &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 && !(st.st_mode & 022))
			return places[i];
	return NULL;
}

/* For good: effective, real and saved, and looked at. Behind it nothing tells the program from any other one of the account. */
static bool drop_group(void)
{
	gid_t g = getgid(), r, f, s;
	uid_t u = getuid();
	if (setresgid(g, g, g) || setresuid(u, u, u) || getresgid(&r, &f, &s))
		return false;
	return r == g && f == g && s == g;
}

static _Noreturn void become(const struct wanted *w, char *const *env, const int fd[3], int tell)
{
	const char *sftp = sftp_server();
	union { const char *in; char *out; } command = {w->command}, server = {sftp};
	char *shell[] = {(char[]){"-bash"}, NULL};
	char *one[] = {(char[]){"bash"}, (char[]){"--norc"}, (char[]){"--noprofile"}, (char[]){"-c"}, command.out, NULL};
	char *files[] = {server.out, (char[]){"-e"}, (char[]){"-l"}, (char[]){"INFO"}, NULL};
	sigset_t none;
	sigemptyset(&none);
	setsid();
	if (w->terminal && ioctl(fd[0], TIOCSCTTY, 0))
		goto failed;
	for (int i = 0; i < 3; i++)
		if (dup2(fd[i], i) < 0)
			goto failed;
	if (!drop_group())
		goto failed;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* the recorder killed: nothing goes on unseen */
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (w->kind == KIND_SFTP)
		execve(sftp ? sftp : "/nonexistent", files, env);
	else
		execve("/bin/bash", w->kind == KIND_SHELL ? shell : one, env);
failed:;
	int why = errno ? errno : EIO;
	ssize_t done = write(tell, &why, sizeof why);
	_exit(done == sizeof why ? SHELL_REFUSED : SHELL_REFUSED - 1);
}

/* A pair each: [0] ours, [1] the program's. */
static bool make_terminal(const struct wanted *w, int ours[3], int theirs[3])
{
	struct winsize size = {.ws_col = w->columns, .ws_row = w->rows};
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0)
		return false;
	int slave = grantpt(master) || unlockpt(master) ? -1 : ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || tcsetattr(slave, TCSANOW, &w->modes) || ioctl(master, TIOCSWINSZ, &size)) {
		int saved = errno;
		close(master);
		if (slave >= 0)
			close(slave);
		errno = saved;
		return false;
	}
	ours[0] = ours[1] = master;
	ours[2] = -1;
	theirs[0] = theirs[1] = theirs[2] = slave;
	return true;
}

static bool make_pipes(int ours[3], int theirs[3])
{
	for (int i = 0; i < 3; i++) {
		int p[2];
		if (pipe2(p, O_CLOEXEC))
			return false; /* the caller exits: nothing to close */
		ours[i] = i == 0 ? p[1] : p[0];
		theirs[i] = i == 0 ? p[0] : p[1];
	}
	return true;
}

int program_start(const struct wanted *w, char *const *env, struct program *out, struct err *e)
{
	int ours[3], theirs[3], tell[2], why = 0;
	if (!(w->terminal ? make_terminal(w, ours, theirs) : make_pipes(ours, theirs)) || pipe2(tell, O_CLOEXEC))
		return err_set(e, ERR_IO, "cannot make a terminal or pipes: %m");
	pid_t pid = fork();
	if (pid < 0)
		return err_set(e, ERR_IO, "cannot start a process: %m");
	if (pid == 0)
		become(w, env, theirs, tell[1]);
	close(tell[1]);
	for (int i = 0; i < (w->terminal ? 1 : 3); i++)
		close(theirs[i]);
	ssize_t got;
	do
		got = read(tell[0], &why, sizeof why);
	while (got < 0 && errno == EINTR);
	close(tell[0]);
	if (got != 0) {
		errno = got == (ssize_t)sizeof why ? why : EIO;
		return err_set(e, ERR_IO, "cannot start the session's program: %m");
	}
	for (int i = 0; i < 3; i++)
		if (ours[i] >= 0)
			fcntl(ours[i], F_SETFL, fcntl(ours[i], F_GETFL) | O_NONBLOCK);
	*out = (struct program){.pid = pid, .in = ours[0], .out = ours[1], .error = ours[2]};
	return 0;
}

/* Of the kernel's list of our children; those whose parent died are ours, too. */
static size_t kill_children(size_t *refused)
{
	char list[4096];
	size_t n = 0;
	int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, list, sizeof list) : -1;
	if (fd >= 0)
		close(fd);
	struct slice rest = slice_make(list, got > 0 ? (size_t)got : 0), word;
	while (slice_word(&rest, &word)) {
		uint64_t pid;
		if (!slice_u64(word, INT32_MAX, &pid) || pid < 2)
			continue;
		n++;
		*refused += kill((pid_t)pid, SIGKILL) != 0; /* sudo's: for the service, by the audit session */
	}
	return n;
}

void program_end_all(void)
{
	for (unsigned i = 0; i < 1000; i++) {
		size_t refused = 0, n = kill_children(&refused);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (n == refused && i > 2)
			return;
		usleep(1000);
	}
}
