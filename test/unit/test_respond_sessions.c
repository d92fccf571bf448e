/* test_respond_sessions.c - end-sessions against processes that do not want to go. sshd's own are in test/e2e/respond.py. */
#include "test_respond_util.h"

#include "respond/respond_private.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>

/* Every process of the family holds the writing end: when the reading end says so, all are gone. */
struct family {
	int alive[2], ready[2];
};

static bool set_loginuid(uid_t uid)
{
	int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);
	char text[16];
	int n = snprintf(text, sizeof text, "%u", (unsigned)uid);
	bool ok = fd >= 0 && write(fd, text, (size_t)n) == n;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Deaf to what can be ignored; root when `root`, out of the session and of the process tree when `away`. */
static void member(const struct family *f, bool root, bool away)
{
	if (fork())
		return;
	if (away) {
		setsid();
		if (fork())
			_exit(0);
	}
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	if (!root && (setgroups(0, NULL) || setgid(CAROL) || setuid(CAROL)))
		_exit(1);
	if (write(f->ready[1], "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* A session's processes: one of the account, one as root, one of each that left the tree. */
static bool start(struct family *f, bool ids)
{
	char c;
	assert_int_equal(pipe2(f->alive, O_CLOEXEC), 0);
	assert_int_equal(pipe2(f->ready, O_CLOEXEC), 0);
	pid_t between = fork(); /* so that the test is not above them: its own process tree is spared */
	assert_true(between >= 0);
	if (between == 0) {
		if (fork())
			_exit(0);
		close(f->alive[0]);
		close(f->ready[0]);
		setsid();
		if (ids && !set_loginuid(CAROL))
			_exit(77);
		member(f, false, false);
		member(f, false, true);
		if (ids) { /* without ids nothing tells what left the tree as root */
			member(f, true, false);
			member(f, true, true);
		}
		if (setgroups(0, NULL) || setgid(CAROL) || setuid(CAROL) || write(f->ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(waitpid(between, NULL, 0), between);
	close(f->alive[1]);
	close(f->ready[1]);
	for (int i = 0; i < (ids ? 5 : 3); i++)
		if (read(f->ready[0], &c, 1) != 1)
			return false; /* no audit in this kernel */
	close(f->ready[0]);
	return true;
}

static bool gone(struct family *f, int wait_ms)
{
	struct pollfd p = {.fd = f->alive[0], .events = POLLIN};
	return poll(&p, 1, wait_ms) == 1 && p.revents & POLLHUP;
}

/* What a failed test left, and what a response must leave. */
static void kill_rest(void)
{
	struct sys_procs all = {0};
	struct err e;
	assert_int_equal(sys_procs_read(&all, &e), 0);
	for (size_t i = 0; i < all.n; i++)
		if (all.v[i].uid == CAROL || all.v[i].loginuid == CAROL)
			kill(all.v[i].pid, SIGKILL);
	sys_procs_free(&all);
}

static int clean_up(void **state)
{
	if (getuid() == 0)
		kill_rest();
	return teardown(state);
}

static bool ids_in_use(void)
{
	struct sys_procs all = {0};
	struct err e;
	bool found = false;
	assert_int_equal(sys_procs_read(&all, &e), 0);
	for (size_t i = 0; i < all.n; i++)
		found |= all.v[i].loginuid != UINT32_MAX;
	sys_procs_free(&all);
	return found;
}

static void test_by_id(void **state)
{
	struct place *p = *state;
	struct family mine, other;
	struct store_action a = action("end-sessions", "carol");
	if (getuid())
		skip();
	if (!start(&mine, true)) {
		print_message("this kernel sets no audit session ids\n");
		skip();
	}
	/* somebody else, who must not be touched: it owns the same, but is in no session */
	assert_true(start(&other, false));
	p->c.by_hand = false;
	struct respond_rule rule = {.level = LEVEL_LOW, .response = {[RESPOND_END_SESSIONS] = true}};
	p->c.rules = &rule;
	p->c.nrules = 1;
	a.dry_run = true;
	run(p, &a, ACTION_DRY);
	assert_true(slice_has(a.result, SL("would end 5 processes of carol in 1 login session, 2 of them running as root")));
	assert_false(gone(&mine, 0));
	p->c.by_hand = true;
	run(p, &a, ACTION_DONE);
	assert_true(slice_has(a.result, SL("ended 5 processes of carol in 1 login session, 2 of them running as root")));
	assert_true(slice_has(a.result, SL("3 processes of the account outside of login sessions go on")));
	assert_true(gone(&mine, 10000));
	assert_false(gone(&other, 0));
	run(p, &a, ACTION_DONE); /* again: nobody is left */
	assert_true(slice_has(a.result, SL("has no sessions")));
	undo(p, &a, ACTION_UNDONE);
	assert_false(gone(&other, 0));
}

/* Where nobody has a session id: all that the account owns. */
static void test_by_owner(void **state)
{
	struct place *p = *state;
	struct family mine;
	struct store_action a = action("end-sessions", "carol");
	if (getuid())
		skip();
	if (ids_in_use()) {
		print_message("this machine sets audit session ids\n");
		skip();
	}
	assert_true(start(&mine, false));
	run(p, &a, ACTION_DONE);
	assert_true(slice_has(a.result, SL("ended 3 processes of carol")) && slice_has(a.result, SL("no audit session ids")));
	assert_true(gone(&mine, 10000));
	/* an account of services would lose its services */
	write_text(p, "/etc/passwd", "root:x:0:0::/root:/bin/sh\ncarol:x:321:321::/home/carol:/bin/sh\n");
	run(p, &a, ACTION_REFUSED);
	assert_true(slice_has(a.result, SL("account of services")));
}

/* Postern's own processes stay, whoever they run as: here a child beside the one that carries out. */
static void test_siblings(void **state)
{
	struct place *p = *state;
	int status, ready[2];
	char c;
	if (getuid())
		skip();
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t engine = fork();
	assert_true(engine >= 0);
	if (engine == 0) {
		if (setgroups(0, NULL) || setgid(CAROL) || setuid(CAROL) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	pid_t job = fork();
	assert_true(job >= 0);
	if (job == 0) {
		struct store_action a = action("end-sessions", "carol");
		struct err e;
		_exit(respond_run(&p->c, NULL, p->audit, SL("test"), &a, &p->mem, &e) || a.state != ACTION_DONE);
	}
	assert_int_equal(waitpid(job, &status, 0), job);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(engine, &status, WNOHANG), 0);
	kill(engine, SIGKILL);
	assert_int_equal(waitpid(engine, &status, 0), engine);
	close(ready[0]);
	close(ready[1]);
}

/* Whoever starts the command from a session of the account is not cut off by it. */
static void test_own(void **state)
{
	struct place *p = *state;
	int status;
	if (getuid())
		skip();
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store_action a = action("end-sessions", "carol");
		struct err e;
		if (!set_loginuid(CAROL))
			_exit(77);
		if (respond_run(&p->c, NULL, p->audit, SL("test"), &a, &p->mem, &e) || a.state != ACTION_REFUSED || !slice_has(a.result, SL("this command")))
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A name that looks like the fields behind it, and the numbers of a process that is known. */
static void test_proc(void **state)
{
	(void)state;
	struct sys_procs all = {0};
	struct err e;
	char before[16];
	prctl(PR_GET_NAME, before);
	assert_int_equal(prctl(PR_SET_NAME, "a) Z 1 (b"), 0);
	assert_int_equal(sys_procs_read(&all, &e), 0);
	prctl(PR_SET_NAME, before);
	const struct sys_proc *self = sys_procs_find(&all, getpid());
	assert_non_null(self);
	assert_true(self->parent == getppid() && !self->zombie && self->uid == getuid() && self->start > 0 && !self->sshd);
	assert_null(sys_procs_find(&all, 0));
	sys_procs_spare_own(&all);
	assert_true(self->spared);
	sys_procs_free(&all);
}

#define ENDED(test) cmocka_unit_test_setup_teardown(test, setup, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {ENDED(test_proc), ENDED(test_siblings), ENDED(test_own), ENDED(test_by_owner), ENDED(test_by_id)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
