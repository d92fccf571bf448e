/* test_core_err.c - errors, the out-of-memory hook, the log hook. */
#include "core/core.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_text(void **state)
{
	(void)state;
#define X(name, num, say)               \
	assert_int_equal(name, num);    \
	assert_string_equal(err_text(name), say);
	ERR_LIST(X)
#undef X
	assert_string_equal(err_text(0), "no error");
	assert_string_equal(err_text(-999), "unknown error");
	assert_string_equal(err_text(5), "unknown error");
}

static void test_set(void **state)
{
	struct err e = {.line = 7, .where = "old"};
	char buf[1024], tiny[8], longer[600];

	(void)state;
	assert_int_equal(err_set(NULL, ERR_IO, "x"), ERR_IO);
	assert_int_equal(err_at(NULL, ERR_IO, "f", 1, 2, "x"), ERR_IO);
	assert_int_equal(err_set(&e, ERR_RANGE, "port %d", 70000), ERR_RANGE);
	assert_int_equal(e.code, ERR_RANGE);
	assert_int_equal(e.line, 0);
	assert_string_equal(e.where, "");
	assert_string_equal(err_format(&e, buf, sizeof buf), "port 70000");
	/* a layer adds its sentence to the text of the one below */
	assert_int_equal(err_at(&e, e.code, "org.yaml", 3, 9, "listen: %s", e.text), ERR_RANGE);
	assert_string_equal(err_format(&e, buf, sizeof buf), "org.yaml:3:9: listen: port 70000");
	err_at(&e, ERR_SYNTAX, e.where, 4, 0, "bad");
	assert_string_equal(err_format(&e, buf, sizeof buf), "org.yaml:4: bad");
	err_at(&e, ERR_NOENT, "f", 0, 0, "%s", "");
	assert_string_equal(err_format(&e, buf, sizeof buf), "f: not found");
	err_at(&e, ERR_SYNTAX, NULL, 4, 5, "bad");
	assert_string_equal(err_format(&e, buf, sizeof buf), "4:5: bad");
	assert_string_equal(err_format(&e, tiny, sizeof tiny), "4:5: ba");
	tiny[0] = 'x';
	assert_ptr_equal(err_format(&e, tiny, 0), tiny);
	assert_int_equal(tiny[0], 'x');
	memset(longer, 'l', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	err_at(&e, ERR_IO, longer, 1, 1, "%s", longer);
	assert_int_equal(strlen(e.where), sizeof e.where - 1);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
}

static void leave(void)
{
	_exit(42);
}

static void come_back(void)
{
}

static int status_of(void (*hook)(void))
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		core_set_oom(hook);
		core_oom();
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void test_oom(void **state)
{
	int status;

	(void)state;
	status = status_of(leave);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	status = status_of(NULL);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	status = status_of(come_back); /* a hook that breaks its word */
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static struct {
	enum log_level level;
	char text[2048];
	int calls;
} logged;

static void to_logged(enum log_level level, const char *text)
{
	logged.level = level;
	logged.calls++;
	strncpy(logged.text, text, sizeof logged.text - 1);
}

static void test_log(void **state)
{
	char longer[3000];

	(void)state;
	core_log(LOG_LEVEL_ERROR, "to nowhere %d", 1);
	core_set_log(to_logged);
	core_log(LOG_LEVEL_WARN, "%s %d", "hello", 2);
	assert_int_equal(logged.calls, 1);
	assert_int_equal(logged.level, LOG_LEVEL_WARN);
	assert_string_equal(logged.text, "hello 2");
	memset(longer, 'l', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	core_log(LOG_LEVEL_DEBUG, "%s", longer);
	assert_in_range(strlen(logged.text), 100, 1023);
	core_set_log(NULL);
	core_log(LOG_LEVEL_ERROR, "x");
	assert_int_equal(logged.calls, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_oom),
		cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
