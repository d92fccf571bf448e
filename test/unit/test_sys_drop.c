/* test_sys_drop.c - becoming somebody without rights, keeping few capabilities, ending with the parent. */
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { BROKEN = 99 };

/* Exit status of fn in a child; -1 when a signal ended it. */
static int in_child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(30);
		_exit(fn());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A line of /proc/self/status as a hexadecimal number. */
static uint64_t status_bits(const char *name)
{
	char text[8192];
	uint64_t bits = UINT64_MAX;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof text);
	close(fd);
	struct slice rest = slice_make(text, n > 0 ? (size_t)n : 0), line;
	while (slice_cut(&rest, '\n', &line))
		if (slice_starts(line, slice_of(name)) && slice_hex(slice_trim(slice_from(line, strlen(name) + 1)), &bits))
			return bits;
	_exit(BROKEN);
}

static bool opens(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int dropped(void)
{
	const char *const extra[] = {"adm", "no-such-group", NULL};
	struct err e;
	struct passwd *nobody = getpwnam("nobody");
	gid_t groups[8];
	if (!nobody || sys_drop("nobody", extra, &e)) {
		dprintf(2, "%s\n", e.text);
		return 1;
	}
	if (getuid() != nobody->pw_uid || geteuid() != nobody->pw_uid || getegid() != nobody->pw_gid)
		return 2;
	if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 || setgroups(0, NULL) == 0)
		return 3;
	if (status_bits("CapEff:") || status_bits("CapPrm:") || status_bits("CapInh:") || status_bits("CapBnd:") || status_bits("CapAmb:"))
		return 4;
	if (opens("/etc/shadow"))
		return 5;
	int n = getgroups(8, groups);
	for (int i = 0; i < n; i++)
		if (groups[i] == 0)
			return 6;
	return n >= 1 && n <= 2 ? 0 : 7;
}

static int unknown_user(void)
{
	struct err e;
	return sys_drop("no-such-user-of-postern", NULL, &e) == ERR_NOENT && getuid() == 0 ? 0 : 1;
}

static int root_user(void)
{
	struct err e;
	return sys_drop("root", NULL, &e) == ERR_PERM ? 0 : 1;
}

/* Without the right to empty the bounding set the step is refused, and so the start. */
static int without_setpcap(void)
{
	const char *const keep[] = {"CAP_SETUID", "CAP_SETGID", NULL};
	struct err e;
	if (sys_keep_capabilities(keep, &e))
		return 1;
	return sys_drop("nobody", NULL, &e) == ERR_PERM ? 0 : 2;
}

static int few_capabilities(void)
{
	const char *const keep[] = {"CAP_KILL", "cap_setpcap", NULL}; /* numbers 5 and 8 */
	const uint64_t want = 1u << 5 | 1u << 8;
	struct err e;
	if (sys_keep_capabilities(keep, &e)) {
		dprintf(2, "%s\n", e.text);
		return 1;
	}
	if (status_bits("CapEff:") != want || status_bits("CapPrm:") != want || status_bits("CapBnd:") != want || status_bits("CapInh:"))
		return 2;
	return setgid(1) == 0 || chown("/dev/null", 1, 1) == 0 ? 3 : 0;
}

static int unknown_capability(void)
{
	const char *const keep[] = {"CAP_KILL", "CAP_EVERYTHING", NULL};
	struct err e;
	return sys_keep_capabilities(keep, &e) == ERR_USAGE && strstr(e.text, "CAP_EVERYTHING") ? 0 : 1;
}

static void as_root(int (*fn)(void))
{
	if (getuid())
		skip();
	assert_int_equal(in_child(fn), 0);
}

static void test_drop(void **state) { (void)state; as_root(dropped); }
static void test_unknown_user(void **state) { (void)state; as_root(unknown_user); }
static void test_root_user(void **state) { (void)state; as_root(root_user); }
static void test_without_setpcap(void **state) { (void)state; as_root(without_setpcap); }
static void test_few_capabilities(void **state) { (void)state; as_root(few_capabilities); }
static void test_unknown_capability(void **state) { (void)state; as_root(unknown_capability); }

/* Nothing to drop: an ordinary user stays who it is. */
static int as_somebody(void)
{
	struct err e;
	if (getuid() == 0 && (setgid(65534) || setuid(65534)))
		return 1;
	uid_t before = getuid();
	const char *const none[] = {NULL};
	return sys_drop("root", NULL, &e) == 0 && getuid() == before && sys_keep_capabilities(none, &e) == 0 ? 0 : 2;
}

static void test_somebody(void **state)
{
	(void)state;
	assert_int_equal(in_child(as_somebody), 0);
}

/* parent (killed) -> child (asked to end with it), seen through a pipe whose last writer is the child. */
static void test_die_with_parent(void **state)
{
	(void)state;
	int ends[2], ready[2];
	char c;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t parent = fork();
	assert_true(parent >= 0);
	if (parent == 0) {
		pid_t self = getpid();
		if (fork() == 0) {
			if (!sys_die_with_parent(self) || write(ready[1], "x", 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
		close(ends[1]);
		for (;;)
			pause();
	}
	close(ends[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	struct pollfd p = {.fd = ends[0], .events = POLLIN};
	assert_int_equal(poll(&p, 1, 0), 0); /* it lives */
	kill(parent, SIGKILL);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	assert_int_equal(poll(&p, 1, 20000), 1);
	assert_int_equal(read(ends[0], &c, 1), 0);
	close(ends[0]);
	close(ready[0]);
}

static int wrong_parent(void)
{
	return sys_die_with_parent(1 << 22) ? 1 : 0;
}

static void test_parent_gone(void **state)
{
	(void)state;
	assert_int_equal(in_child(wrong_parent), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_drop), cmocka_unit_test(test_unknown_user), cmocka_unit_test(test_root_user),
		cmocka_unit_test(test_without_setpcap), cmocka_unit_test(test_few_capabilities), cmocka_unit_test(test_unknown_capability),
		cmocka_unit_test(test_somebody), cmocka_unit_test(test_die_with_parent), cmocka_unit_test(test_parent_gone)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
