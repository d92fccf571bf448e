/* test_vault.c - the gate's file: private, whole, and of one moment. */
#include "vault/vault.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], file[96];
static const char *const steps[] = {"CREATE TABLE thing(id TEXT PRIMARY KEY, n INTEGER CHECK(n>=0), t INTEGER, b BLOB) WITHOUT ROWID", "ALTER TABLE thing ADD COLUMN more TEXT NOT NULL DEFAULT ''"};

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/postern-vault-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof file, "%s/gate.db", folder);
	return 0;
}

static int teardown(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static struct vault *start(enum vault_mode mode)
{
	struct err e = {0};
	struct vault *v = vault_open(file, mode, &e);
	if (!v)
		print_message("%s\n", e.text);
	assert_non_null(v);
	return v;
}

static int fails(enum vault_mode mode)
{
	struct err e = {0};
	struct vault *v = vault_open(file, mode, &e);
	assert_null(v);
	assert_true(e.text[0] != 0);
	return e.code;
}

static int put(struct vault *v, const char *id, int64_t n, struct err *e)
{
	return vault_run(v, "INSERT INTO thing(id,n,t,b) VALUES(?1,?2,?3,?4)", NULL, NULL, e, "sitb", slice_of(id), n, (int64_t)(n ? n : NSTIME_NONE), SL("\0\xff"));
}

static int take(void *arg, const struct vault_row *r)
{
	*(int64_t *)arg += vault_int(r, 1);
	assert_true(slice_eq(vault_text(r, 3), SL("\0\xff")));
	assert_int_equal(vault_time(r, 2), vault_int(r, 1) ? vault_int(r, 1) : NSTIME_NONE);
	return 0;
}

static int64_t sum(struct vault *v)
{
	struct err e = {0};
	int64_t n = 0;
	assert_int_equal(vault_run(v, "SELECT id,n,t,b FROM thing", take, &n, &e, ""), 0);
	return n;
}

static void test_private(void **state)
{
	(void)state;
	struct stat st;
	assert_int_equal(fails(VAULT_READ), ERR_NOENT);
	assert_int_equal(fails(VAULT_WRITE), ERR_NOENT);
	mode_t old = umask(0);
	struct vault *v = start(VAULT_CREATE);
	struct err e;
	assert_int_equal(vault_tables(v, "room", steps, 1, &e), 0);
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char name[128];
		snprintf(name, sizeof name, "%s%s", file, ends[i]);
		assert_int_equal(stat(name, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	umask(old);
	vault_close(v);
	static const mode_t modes[] = {0640, 0604, 0620, 0602, 0666};
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		assert_int_equal(chmod(file, modes[i]), 0);
		assert_int_equal(fails(VAULT_READ), ERR_PERM);
		assert_int_equal(fails(VAULT_CREATE), ERR_PERM);
	}
	assert_int_equal(chmod(file, 0600), 0);
	char real[128];
	snprintf(real, sizeof real, "%s/real.db", folder);
	assert_int_equal(rename(file, real), 0);
	assert_int_equal(symlink(real, file), 0);
	assert_int_equal(fails(VAULT_READ), ERR_IO);
	assert_int_equal(fails(VAULT_CREATE), ERR_IO);
}

/* Whoever else may write in the folder cannot put in what SQLite would play back. */
static void test_planted(void **state)
{
	static const char *const ends[] = {"-journal", "-wal", "-shm"};
	(void)state;
	if (geteuid() != 0)
		skip();
	struct vault *v = start(VAULT_CREATE);
	vault_close(v);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char name[128];
		snprintf(name, sizeof name, "%s%s", file, ends[i]);
		assert_int_equal(access(name, F_OK), 0); /* it stays, so that nobody else can make it */
		assert_int_equal(chown(name, 12345, 0), 0);
		assert_int_equal(fails(VAULT_READ), ERR_PERM);
		assert_int_equal(fails(VAULT_WRITE), ERR_PERM);
		assert_int_equal(fails(VAULT_CREATE), ERR_PERM);
		assert_int_equal(unlink(name), 0);
		assert_int_equal(symlink("/etc/passwd", name), 0);
		assert_int_equal(fails(VAULT_WRITE), ERR_PERM);
		assert_int_equal(unlink(name), 0);
		vault_close(start(VAULT_WRITE));
	}
}

static void test_damaged(void **state)
{
	static const char *const contents[] = {"", "SQLite format 3", "this is no database at all, but long enough to be looked at as one: ....................................................................."};
	(void)state;
	for (size_t i = 1; i < ARRAY_LEN(contents); i++) {
		FILE *f = fopen(file, "w");
		assert_non_null(f);
		fputs(contents[i], f);
		fclose(f);
		assert_int_equal(chmod(file, 0600), 0);
		assert_int_equal(fails(VAULT_READ), ERR_IO);
		assert_int_equal(fails(VAULT_WRITE), ERR_IO);
	}
	assert_int_equal(unlink(file), 0);
	struct err e = {0};
	struct vault *v = start(VAULT_CREATE);
	assert_int_equal(vault_tables(v, "room", steps, 2, &e), 0);
	for (int i = 0; i < 400; i++) {
		char id[16];
		snprintf(id, sizeof id, "%d", i);
		if (i == 0)
			assert_int_equal(vault_begin(v, &e), 0);
		assert_int_equal(put(v, id, 1, &e), 0);
	}
	assert_int_equal(vault_commit(v, &e), 0);
	assert_int_equal(vault_check(v, &e), 0);
	vault_close(v);
	FILE *f = fopen(file, "r+");
	struct stat st;
	assert_int_equal(fstat(fileno(f), &st), 0);
	for (long at = 4096 * 2; at < st.st_size; at += 64) {
		fseek(f, at, SEEK_SET);
		fputs("damage", f);
	}
	fclose(f);
	v = start(VAULT_READ);
	int64_t n = 0;
	assert_int_equal(vault_check(v, &e), ERR_IO);
	assert_true(vault_run(v, "SELECT id,n,t,b FROM thing", NULL, &n, &e, "") == ERR_IO);
	vault_close(v);
}

static void test_tables(void **state)
{
	(void)state;
	struct err e = {0};
	struct vault *v = start(VAULT_CREATE);
	vault_close(v);
	v = start(VAULT_READ);
	assert_int_equal(vault_tables(v, "room", steps, 1, &e), ERR_UNSUPPORTED);
	vault_close(v);
	v = start(VAULT_WRITE);
	assert_int_equal(vault_tables(v, "room", steps, 1, &e), 0);
	assert_int_equal(vault_tables(v, "room", steps, 1, &e), 0);
	static const char *const broken[] = {"CREATE TABLE first(a)", "CREATE TABLE first(a)"};
	assert_int_equal(vault_tables(v, "other", broken, 2, &e), ERR_IO);
	assert_int_equal(vault_run(v, "SELECT * FROM first", NULL, NULL, &e, ""), ERR_IO); /* all or nothing */
	vault_close(v);
	v = start(VAULT_WRITE);
	assert_int_equal(vault_tables(v, "room", steps, 2, &e), 0);
	assert_int_equal(vault_run(v, "SELECT more FROM thing", NULL, NULL, &e, ""), 0);
	vault_close(v);
	v = start(VAULT_WRITE);
	assert_int_equal(vault_tables(v, "room", steps, 1, &e), ERR_UNSUPPORTED); /* of a newer one */
	vault_close(v);
}

static void test_errors(void **state)
{
	(void)state;
	struct err e = {0};
	struct vault *v = start(VAULT_CREATE);
	assert_int_equal(vault_tables(v, "room", steps, 2, &e), 0);
	assert_int_equal(put(v, "a", 0, &e), 0);
	assert_int_equal(put(v, "a", 5, &e), ERR_DUP);
	assert_int_equal(put(v, "b", -1, &e), ERR_RANGE);
	assert_int_equal(put(v, "b", 5, &e), 0);
	assert_int_equal(vault_changes(v), 1);
	assert_int_equal(sum(v), 5);
	struct vault *other = start(VAULT_READ);
	assert_int_equal(vault_tables(other, "room", steps, 2, &e), 0);
	assert_int_equal(sum(other), 5);
	assert_int_equal(put(other, "c", 1, &e), ERR_PERM);
	assert_int_equal(vault_look(other, &e), 0); /* of one moment */
	assert_int_equal(sum(other), 5);
	assert_int_equal(put(v, "c", 7, &e), 0);
	assert_int_equal(sum(other), 5);
	vault_rollback(other);
	assert_int_equal(sum(other), 12);
	vault_close(other);
	assert_int_equal(vault_begin(v, &e), 0);
	assert_true(vault_busy(v));
	assert_int_equal(put(v, "d", 100, &e), 0);
	vault_rollback(v);
	vault_rollback(v);
	assert_false(vault_busy(v));
	assert_int_equal(sum(v), 12);
	vault_close(v);
}

static int inner(void *arg, const struct vault_row *r)
{
	int64_t n = 0;
	(void)r;
	n = sum(arg); /* the same statement within itself */
	assert_int_equal(n, 3);
	return n == 3 ? 42 : 0;
}

static void test_within(void **state)
{
	(void)state;
	struct err e = {0};
	struct vault *v = start(VAULT_CREATE);
	assert_int_equal(vault_tables(v, "room", steps, 2, &e), 0);
	assert_int_equal(put(v, "a", 1, &e), 0);
	assert_int_equal(put(v, "b", 2, &e), 0);
	assert_int_equal(vault_run(v, "SELECT id,n,t,b FROM thing", inner, v, &e, ""), 42);
	assert_int_equal(sum(v), 3);
	vault_close(v);
}

static void test_version(void **state)
{
	(void)state;
	struct err e = {0};
	int64_t one, two;
	struct vault *v = start(VAULT_CREATE), *w = start(VAULT_WRITE);
	assert_int_equal(vault_tables(v, "room", steps, 2, &e), 0);
	assert_int_equal(vault_version(w, &one, &e), 0);
	assert_int_equal(vault_version(w, &two, &e), 0);
	assert_int_equal(one, two);
	assert_int_equal(put(v, "a", 1, &e), 0);
	assert_int_equal(vault_version(w, &two, &e), 0);
	assert_true(one != two);
	vault_close(v);
	vault_close(w);
}

/* What was committed is there after a kill, and nothing else. */
static void test_killed(void **state)
{
	(void)state;
	struct err e = {0};
	struct vault *v = start(VAULT_CREATE);
	assert_int_equal(vault_tables(v, "room", steps, 2, &e), 0);
	vault_close(v);
	int told[2], status;
	assert_int_equal(pipe(told), 0);
	pid_t pid = fork();
	if (pid == 0) {
		v = vault_open(file, VAULT_WRITE, &e);
		for (int64_t i = 1;; i++) {
			char id[24];
			snprintf(id, sizeof id, "%lld", (long long)i);
			if (vault_begin(v, &e) || put(v, id, 1, &e))
				_exit(1);
			snprintf(id, sizeof id, "%lld+", (long long)i);
			if (put(v, id, 1, &e) || vault_commit(v, &e) || write(told[1], "x", 1) != 1)
				_exit(1);
		}
	}
	char x[64];
	ssize_t got = 0;
	while (got < 20) {
		ssize_t n = read(told[0], x, sizeof x);
		assert_true(n > 0);
		got += n;
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(told[1]);
	for (ssize_t n; (n = read(told[0], x, sizeof x)) > 0;)
		got += n;
	close(told[0]);
	v = start(VAULT_READ);
	int64_t rows = sum(v);
	assert_true(rows % 2 == 0 && rows >= 2 * got && rows <= 2 * got + 2);
	assert_int_equal(vault_check(v, &e), 0);
	vault_close(v);
}

/* Locks belong to the process, and closing any descriptor of the file takes them all: a second vault on it must not open it past SQLite. Another process, which closes
 * last as it believes, would cut the write-ahead log away under the first. */
static void test_twice(void **state)
{
	struct err e = {0};
	struct vault *first = start(VAULT_CREATE), *second;
	(void)state;
	assert_int_equal(vault_tables(first, "test", steps, 2, &e), 0);
	assert_int_equal(put(first, "a", 1, &e), 0);
	second = start(VAULT_WRITE);
	pid_t child = fork();
	if (child == 0) {
		struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		int fd = open(file, O_RDWR | O_CLOEXEC);
		_exit(fd >= 0 && fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	vault_close(second);
	vault_close(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_private), T(test_twice), T(test_planted), T(test_damaged), T(test_tables), T(test_errors), T(test_within), T(test_version), T(test_killed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
