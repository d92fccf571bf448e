/* test_sys.c - confinement, tried from inside: each case is a child process that gives up its rights and then asks. */
#include "sys/sys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder of the test's own: inside/ may be written, outside/ may not. */
struct place {
	char root[64], inside[80], outside[80], old[96], fresh[96], mine[96], folder[96];
};

static void write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "content\n", 8), 8);
	close(fd);
}

static int make_place(void **state)
{
	struct place *p = xcalloc(1, sizeof *p);
	const char *tmp = getenv("TMPDIR");
	snprintf(p->root, sizeof p->root, "%.40s/postern-sys-XXXXXX", tmp && *tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	if (!mkdtemp(p->root))
		return -1;
	snprintf(p->inside, sizeof p->inside, "%s/inside", p->root);
	snprintf(p->outside, sizeof p->outside, "%s/outside", p->root);
	snprintf(p->old, sizeof p->old, "%s/old", p->outside);
	snprintf(p->fresh, sizeof p->fresh, "%s/fresh", p->outside);
	snprintf(p->folder, sizeof p->folder, "%s/folder", p->outside);
	snprintf(p->mine, sizeof p->mine, "%s/mine", p->inside);
	if (mkdir(p->inside, 0700) || mkdir(p->outside, 0700) || mkdir(p->folder, 0700))
		return -1;
	write_file(p->old);
	*state = p;
	return 0;
}

static int remove_place(void **state)
{
	struct place *p = *state;
	const char *files[] = {p->old, p->fresh, p->mine};
	const char *folders[] = {p->folder, p->inside, p->outside, p->root};
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		unlink(files[i]);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		rmdir(folders[i]);
	free(p);
	return 0;
}

/* ---- what the child tries ------------------------------------------------------------------------------------- */
/* 0 when it worked, else errno. */
typedef int try_fn(const struct place *p);

static int result(long r)
{
	return r < 0 ? errno : 0;
}

static int opened(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600), saved = errno;
	if (fd >= 0)
		close(fd);
	return fd < 0 ? saved : 0;
}

static int try_read(const struct place *p) { return opened(p->old, O_RDONLY); }
static int try_list(const struct place *p) { return opened(p->outside, O_RDONLY | O_DIRECTORY); }
static int try_stat(const struct place *p)
{
	struct stat st;
	return result(stat(p->old, &st));
}
static int try_write_inside(const struct place *p) { return opened(p->mine, O_WRONLY | O_CREAT); }
static int try_remove_inside(const struct place *p) { return result(unlink(p->mine)); }
static void *nothing(void *arg) { return arg; }
static int try_thread(const struct place *p)
{
	pthread_t t;
	(void)p;
	int r = pthread_create(&t, NULL, nothing, NULL);
	return r ? r : pthread_join(t, NULL);
}
static int try_memory(const struct place *p)
{
	char *m = malloc(8 << 20);
	(void)p;
	if (!m)
		return ENOMEM;
	memset(m, 1, 8 << 20);
	free(m);
	return 0;
}

static int try_write(const struct place *p) { return opened(p->old, O_WRONLY); }
static int try_append(const struct place *p) { return opened(p->old, O_RDWR | O_APPEND); }
static int try_create(const struct place *p) { return opened(p->fresh, O_WRONLY | O_CREAT); }
static int try_mkdir(const struct place *p) { return result(mkdir(p->fresh, 0700)); }
static int try_unlink(const struct place *p) { return result(unlink(p->old)); }
static int try_rmdir(const struct place *p) { return result(rmdir(p->folder)); }
static int try_symlink(const struct place *p) { return result(symlink("/etc/passwd", p->fresh)); }
static int try_rename(const struct place *p) { return result(rename(p->old, p->fresh)); }
static int try_rename_out(const struct place *p) { return result(rename(p->mine, p->fresh)); }
static int try_fifo(const struct place *p) { return result(mkfifo(p->fresh, 0600)); }
static int try_truncate(const struct place *p) { return result(truncate(p->old, 0)); }
static int try_open_truncate(const struct place *p) { return opened(p->old, O_RDONLY | O_TRUNC); }

static int try_socket(const struct place *p)
{
	(void)p;
	return result(socket(AF_INET, SOCK_STREAM, 0));
}
static int try_socket6(const struct place *p)
{
	(void)p;
	return result(socket(AF_INET6, SOCK_DGRAM, 0));
}
static int try_unix(const struct place *p)
{
	(void)p;
	return result(socket(AF_UNIX, SOCK_STREAM, 0));
}
static int try_pair(const struct place *p)
{
	int fd[2];
	(void)p;
	return result(socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
}
static int try_exec(const struct place *p)
{
	char name[] = "true", *argv[] = {name, NULL};
	(void)p;
	execv("/bin/true", argv);
	return errno;
}
static int try_exec_fd(const struct place *p)
{
	char name[] = "true", *argv[] = {name, NULL};
	(void)p;
	int fd = open("/bin/true", O_RDONLY);
	syscall(SYS_execveat, fd, "", argv, environ, 0x1000 /* AT_EMPTY_PATH */);
	return errno;
}
static int try_ptrace(const struct place *p)
{
	(void)p;
	return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}
static int try_kill(const struct place *p)
{
	(void)p;
	return result(kill(getppid(), 0));
}
static int try_mount(const struct place *p) { return result(mount("none", p->folder, "tmpfs", 0, NULL)); }
static int try_chroot(const struct place *p) { return result(chroot(p->outside)); }
static int try_unshare(const struct place *p)
{
	(void)p;
	return result(syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */));
}
static int try_clone_namespace(const struct place *p)
{
	(void)p;
	long pid = syscall(SYS_clone, 0x10000000 /* CLONE_NEWUSER */ | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	int saved = errno;
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return pid < 0 ? saved : 0;
}
static int try_setuid(const struct place *p)
{
	(void)p;
	return result(setuid(getuid()));
}
static int try_uring(const struct place *p)
{
	char params[256] = {0};
	(void)p;
	return result(syscall(SYS_io_uring_setup, 1, params));
}
static int try_bpf(const struct place *p)
{
	(void)p;
	return result(syscall(SYS_bpf, 0, NULL, 0));
}
static int try_privileges(const struct place *p)
{
	(void)p;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? EPERM : 0; /* no new ones: what we want */
}

static const struct attempt {
	const char *name;
	try_fn *fn;
	int want;      /* errno, or another that refuses; 0: goes on working */
	bool landlock; /* refused by Landlock: not where the kernel has none */
} attempts[] = {
	{"read a file", try_read, 0, false},
	{"list a folder", try_list, 0, false},
	{"stat", try_stat, 0, false},
	{"write inside", try_write_inside, 0, false},
	{"thread", try_thread, 0, false},
	{"memory", try_memory, 0, false},
	{"write", try_write, EACCES, true},
	{"append", try_append, EACCES, true},
	{"create", try_create, EACCES, true},
	{"mkdir", try_mkdir, EACCES, true},
	{"unlink", try_unlink, EACCES, true},
	{"rmdir", try_rmdir, EACCES, true},
	{"symlink", try_symlink, EACCES, true},
	{"rename", try_rename, EACCES, true},
	{"rename out of inside", try_rename_out, EXDEV, true},
	{"remove inside", try_remove_inside, 0, false},
	{"fifo", try_fifo, EPERM, false},
	{"truncate", try_truncate, EACCES, true},
	{"open with O_TRUNC", try_open_truncate, EACCES, true},
	{"socket", try_socket, EPERM, false},
	{"socket, IPv6", try_socket6, EPERM, false},
	{"socket, Unix", try_unix, EPERM, false},
	{"socketpair", try_pair, EPERM, false},
	{"execve", try_exec, EPERM, false},
	{"execveat", try_exec_fd, EPERM, false},
	{"ptrace", try_ptrace, EPERM, false},
	{"kill", try_kill, EPERM, false},
	{"mount", try_mount, EPERM, false},
	{"chroot", try_chroot, EPERM, false},
	{"unshare", try_unshare, EPERM, false},
	{"clone into a new namespace", try_clone_namespace, EPERM, false},
	{"setuid", try_setuid, EPERM, false},
	{"io_uring", try_uring, EPERM, false},
	{"bpf", try_bpf, EPERM, false},
	{"no new privileges", try_privileges, EPERM, false},
};

/* In the child: confine, try everything, say what went otherwise. Exit 0, 1 otherwise, 2 not confined. */
static _Noreturn void child(const struct place *p, int say, bool confine)
{
	const char *const writable[] = {p->inside, NULL};
	struct sys_confine c = {.writable = writable};
	bool landlock = false;
	struct err e;
	int bad = 0;
	alarm(20);
	if (confine && sys_confine(&c, &landlock, &e)) {
		dprintf(say, "sys_confine: %s\n", e.text);
		_exit(2);
	}
	for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
		const struct attempt *a = &attempts[i];
		int got = a->landlock && !landlock ? a->want : a->fn(p);
		/* which of the two protections answers, and how, is theirs to choose */
		bool ok = a->want ? got == EACCES || got == EPERM || got == EXDEV : got == 0;
		if (!ok) {
			dprintf(say, "%s: %s, want %s\n", a->name, got ? strerror(got) : "works", a->want ? strerror(a->want) : "works");
			bad = 1;
		}
	}
	if (confine && !landlock)
		dprintf(say, "note: this kernel has no Landlock\n");
	_exit(bad);
}

static int run_child(const struct place *p, bool confine, struct buf *said)
{
	int pipes[2], status;
	char part[512];
	ssize_t n;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child(p, pipes[1], confine);
	close(pipes[1]);
	while ((n = read(pipes[0], part, sizeof part)) > 0)
		buf_add(said, part, (size_t)n);
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status))
		fail_msg("the child died of signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static void test_confined(void **state)
{
	struct buf said = {0};
	int r = run_child(*state, true, &said);
	if (said.n)
		print_message("%.*s", SLFMT(buf_slice(&said)));
	assert_int_equal(r, 0);
	buf_free(&said);
}

/* The attempts themselves work where nothing was given up: else they would prove nothing. */
static void test_unconfined(void **state)
{
	const struct place *p = *state;
	pid_t pid = fork();
	int status;
	assert_true(pid >= 0);
	if (pid == 0) {
		bool ok = try_read(p) == 0 && try_write_inside(p) == 0 && try_write(p) == 0 && try_create(p) == 0 && unlink(p->fresh) == 0 &&
			  try_mkdir(p) == 0 && rmdir(p->fresh) == 0 && try_fifo(p) == 0 && unlink(p->fresh) == 0 && try_unix(p) == 0 &&
			  try_pair(p) == 0 && try_kill(p) == 0 && try_truncate(p) == 0 && try_open_truncate(p) == 0 && try_privileges(p) == 0;
		if (ok)
			try_exec(p); /* exits 0 itself */
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A folder to write that does not exist stops the program; it is not left out silently. */
static void test_missing_folder(void **state)
{
	const struct place *p = *state;
	pid_t pid = fork();
	int status;
	assert_true(pid >= 0);
	if (pid == 0) {
		const char *const writable[] = {p->inside, p->fresh, NULL};
		struct sys_confine c = {.writable = writable};
		bool landlock = false;
		struct err e = {0};
		int r = sys_confine(&c, &landlock, &e);
		_exit(!landlock ? 77 : r < 0 && e.code == r && strstr(e.text, "fresh") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Who reads a whole machine: programs may be started and openat2(2) stays; nothing can be written, nothing else an intruder wants. */
static void test_reader(void **state)
{
	const struct place *p = *state;
	pid_t pid = fork();
	int status;
	assert_true(pid >= 0);
	if (pid == 0) {
		static try_fn *const refused[] = {try_ptrace, try_mount, try_chroot, try_unshare, try_setuid, try_uring, try_bpf, try_exec_fd};
		static try_fn *const unwritable[] = {try_write, try_append, try_create, try_mkdir, try_unlink, try_rename};
		const char *const writable[] = {p->inside, NULL};
		struct { uint64_t flags, mode, resolve; } how = {.flags = O_RDONLY | O_CLOEXEC};
		bool landlock = false, ok = true;
		struct err e;
		if (syscall(SYS_openat2, AT_FDCWD, p->old, &how, sizeof how) < 0)
			how.flags = 0; /* a kernel without it */
		if (sys_confine_reader(writable, &landlock, &e))
			_exit(2);
		ok &= !how.flags || syscall(SYS_openat2, AT_FDCWD, p->old, &how, sizeof how) >= 0;
		ok &= try_read(p) == 0 && try_list(p) == 0 && try_write_inside(p) == 0 && try_privileges(p) == EPERM;
		for (size_t i = 0; i < ARRAY_LEN(refused); i++)
			ok &= refused[i](p) != 0;
		for (size_t i = 0; landlock && i < ARRAY_LEN(unwritable); i++)
			ok &= unwritable[i](p) != 0;
		if (ok)
			try_exec(p); /* exits 0 itself */
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void ended(struct sys_job *j)
{
	struct buf *told = j->arg;
	buf_addf(told, "%s:%d:%d:%.*s:%.*s;", j->argv[2], j->rc, j->rc ? 0 : j->status, (int)MIN(j->out.n, (size_t)5), j->out.p ? j->out.p : "", SLFMT(buf_slice(&j->err)));
}

/* Programs side by side: each with its own output and end, those that talk or live too long are killed, the others are not. */
static void test_gather(void **state)
{
	(void)state;
	static const char *const scripts[] = {"printf out; printf err >&2", "exit 7", "while :; do echo endless; done", "sleep 100 & sleep 100", "printf $KEPT$HOME", "kill -9 $$"};
	struct sys_job jobs[ARRAY_LEN(scripts) + 1] = {{0}};
	const char *argv[ARRAY_LEN(scripts) + 1][4], *const keep[] = {"KEPT", NULL};
	struct buf told = {0};
	setenv("KEPT", "kept", 1);
	for (size_t i = 0; i <= ARRAY_LEN(scripts); i++) {
		argv[i][0] = i < ARRAY_LEN(scripts) ? "/bin/sh" : "/nonexistent";
		argv[i][1] = "-c";
		argv[i][2] = i < ARRAY_LEN(scripts) ? scripts[i] : "none";
		argv[i][3] = NULL;
		jobs[i] = (struct sys_job){.argv = argv[i], .arg = &told};
	}
	sys_gather(jobs, ARRAY_LEN(jobs), 3, keep, 2, 1000, ended);
	buf_addc(&told, 0);
	static const char *const want[] = {"printf out; printf err >&2:0:0:out:err;", "exit 7:0:7::;", "while :; do echo endless; done:-3:0:endle:;", "sleep 100 & sleep 100:-11:0::;",
		"printf $KEPT$HOME:0:0:kept:;", "kill -9 $$:0:137::;", "none:-4:0::;"};
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		if (!strstr(told.p, want[i]))
			fail_msg("%s not in %s", want[i], told.p);
	buf_free(&told);
}

#define PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {PLACE(test_unconfined), PLACE(test_confined), PLACE(test_missing_folder), PLACE(test_reader), cmocka_unit_test(test_gather)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
