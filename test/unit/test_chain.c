/* test_chain.c - the audit log: what was written verifies, a thousand random tamperings do not. */
#include "chain/chain_private.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], file[128], head[140];

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/postern-chain-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof file, "%s/audit.log", folder);
	snprintf(head, sizeof head, "%s.head", file);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(file);
	unlink(head);
	return rmdir(folder);
}

static struct buf anchors;
static void anchor(void *arg, const char *text)
{
	(void)arg;
	buf_addf(&anchors, "Nov 24 02:00:00 gate1 postern-audit: %s\n", text);
}

static void append(struct chain *c, int i)
{
	char object[64];
	struct err e;
	snprintf(object, sizeof object, "incident %d \"quoted\" \\ \n", i);
	struct chain_record r = {.time = (nstime)1700000000 * NS_SEC + i, .actor = SL("root"), .action = SL("incident-closed"), .object = slice_of(object),
		.outcome = SL("success"), .detail = i % 3 ? SL("because") : SLICE_NONE};
	assert_int_equal(chain_append(c, &r, &e), 0);
}

static void write_log(int n)
{
	struct err e;
	struct chain *c = chain_open(file, anchor, NULL, &e);
	assert_non_null(c);
	for (int i = 0; i < n; i++)
		append(c, i);
	chain_close(c);
}

static uint64_t problems(struct chain_report *r)
{
	struct err e;
	struct chain_report own;
	if (!r)
		r = &own;
	assert_int_equal(chain_verify(file, buf_slice(&anchors), NULL, NULL, r, &e), 0);
	return r->problems;
}

static void test_whole(void **state)
{
	struct chain_report r;
	(void)state;
	write_log(250);
	assert_int_equal(problems(&r), 0);
	assert_int_equal(r.records, 250);
	assert_int_equal(r.anchors, 3); /* 100, 200, and at the end */
	write_log(3);
	assert_int_equal(problems(&r), 0);
	assert_int_equal(r.records, 253);
}

static void test_side_by_side(void **state)
{
	struct chain_report r;
	(void)state;
	enum { WRITERS = 4, EACH = 60 };
	for (int w = 0; w < WRITERS; w++)
		if (fork() == 0) {
			struct err e;
			struct chain *c = chain_open(file, NULL, NULL, &e);
			for (int i = 0; c && i < EACH; i++) {
				struct chain_record rec = {.time = i, .actor = SL("w"), .action = SL("a"), .object = SL("o"), .outcome = SL("success")};
				if (chain_append(c, &rec, &e))
					_exit(1);
			}
			_exit(!c);
		}
	for (int w = 0; w < WRITERS; w++) {
		int status;
		wait(&status);
		assert_int_equal(status, 0);
	}
	assert_int_equal(problems(&r), 0);
	assert_int_equal(r.records, WRITERS * EACH);
}

/* A record that is cut by a power failure: told, and named by the next one. */
/* Children that were forked with the log open write beside their parent, and beside each other. */
static void test_forked(void **state)
{
	(void)state;
	struct err e;
	struct chain *c = chain_open(file, anchor, NULL, &e);
	struct chain_report r;
	assert_non_null(c);
	append(c, 0);
	for (int k = 0; k < 4; k++)
		if (fork() == 0) {
			for (int i = 0; i < 60; i++)
				append(c, 1000 * k + i);
			_exit(0);
		}
	for (int i = 1; i < 60; i++)
		append(c, i);
	for (int k = 0; k < 4; k++) {
		int status;
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	append(c, 60);
	chain_close(c);
	assert_int_equal(problems(&r), 0);
	assert_int_equal(r.records, 1 + 4 * 60 + 60);
	assert_int_equal(r.torn, 0);
}

static void test_torn(void **state)
{
	struct chain_report r;
	(void)state;
	write_log(5);
	int fd = open(file, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "{\"seq\":6,\"prev\":\"0012", 21), 21);
	close(fd);
	assert_int_equal(problems(&r), 1);
	write_log(2);
	assert_int_equal(problems(&r), 0);
	assert_int_equal(r.records, 7);
	assert_int_equal(r.torn, 1);
}

static void test_refusals(void **state)
{
	struct err e;
	struct chain_report r;
	(void)state;
	assert_int_equal(chain_verify(file, SLICE_NONE, NULL, NULL, &r, &e), ERR_NOENT);
	assert_int_equal(symlink("/etc/passwd", file), 0);
	assert_null(chain_open(file, NULL, NULL, &e));
	unlink(file);
	int fd = open(file, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "something else\n", 15), 15);
	close(fd);
	struct chain *c = chain_open(file, NULL, NULL, &e);
	struct chain_record rec = {.time = 1, .actor = SL("w"), .action = SL("a"), .object = SL("o"), .outcome = SL("s")};
	assert_int_equal(chain_append(c, &rec, &e), ERR_SYNTAX);
	chain_close(c);
}

/* ---- a thousand tamperings -------------------------------------------------------------------------------------------- */

static void slurp(struct buf *b)
{
	struct err e;
	b->n = 0;
	assert_int_equal(chain_slurp(file, 1 << 24, b, &e), 0);
}

static void put(const char *p, size_t n)
{
	int fd = open(file, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, p, n), (ssize_t)n);
	close(fd);
}

/* Start and length, with its newline, of line i. */
static struct slice line_of(const struct buf *b, size_t i)
{
	struct slice rest = buf_slice(b), line = SLICE_NONE;
	for (size_t k = 0; k <= i; k++)
		slice_cut(&rest, '\n', &line);
	return slice_make(line.p, line.n + 1);
}

static void tamper(const struct buf *good, size_t lines, struct buf *bad)
{
	struct slice a = line_of(good, (size_t)rand() % lines), b = line_of(good, (size_t)rand() % lines), all = buf_slice(good);
	size_t at = (size_t)(a.p - all.p), end = at + a.n;
	bad->n = 0;
	switch (rand() % 7) {
	case 0: /* one byte changed */
		buf_adds(bad, all);
		at = (size_t)rand() % all.n;
		bad->p[at] = (char)(bad->p[at] ^ (1 << (rand() % 7)));
		break;
	case 1: /* a record removed */
		buf_add(bad, all.p, at);
		buf_add(bad, all.p + end, all.n - end);
		break;
	case 2: /* moved to another place */
		buf_add(bad, all.p, at);
		buf_add(bad, all.p + end, all.n - end);
		if (b.p > a.p) {
			buf_add(bad, a.p, a.n);
		} else {
			struct buf again = {0};
			size_t to = (size_t)(b.p - all.p);
			buf_add(&again, bad->p, MIN(to, bad->n));
			buf_add(&again, a.p, a.n);
			buf_add(&again, bad->p + MIN(to, bad->n), bad->n - MIN(to, bad->n));
			bad->n = 0;
			buf_adds(bad, buf_slice(&again));
			buf_free(&again);
		}
		break;
	case 3: /* cut */
		buf_add(bad, all.p, (size_t)rand() % all.n);
		break;
	case 4: /* repeated */
		buf_add(bad, all.p, end);
		buf_adds(bad, b);
		buf_add(bad, all.p + end, all.n - end);
		break;
	case 5: /* something put in */
		buf_add(bad, all.p, at);
		buf_addz(bad, rand() % 2 ? "\n" : "{\"seq\":7,\"prev\":\"x\"}\n");
		buf_add(bad, all.p + at, all.n - at);
		break;
	default: /* from the middle to the end gone */
		buf_add(bad, all.p, end);
	}
}

static void test_tampered(void **state)
{
	enum { TIMES = 1000, RECORDS = 120 };
	struct buf good = {0}, bad = {0};
	int done = 0;
	(void)state;
	write_log(RECORDS);
	anchors.n = 0; /* the chain and its head alone */
	slurp(&good);
	srand(20261124);
	while (done < TIMES) {
		tamper(&good, RECORDS, &bad);
		if (bad.n == good.n && memcmp(bad.p, good.p, good.n) == 0)
			continue; /* nothing was changed */
		put(bad.p, bad.n);
		if (!problems(NULL)) {
			fail_msg("tampering %d was not found", done);
		}
		done++;
	}
	put(good.p, good.n);
	assert_int_equal(problems(NULL), 0);
	buf_free(&good);
	buf_free(&bad);
}

/* Log and head written anew from the middle: only the anchors tell. */
static void test_anchors(void **state)
{
	struct chain_report r;
	(void)state;
	write_log(150);
	struct buf kept = anchors;
	anchors = (struct buf){0};
	unlink(file);
	unlink(head);
	write_log(90);
	struct err e;
	struct chain *c = chain_open(file, NULL, NULL, &e);
	for (int i = 0; i < 60; i++)
		append(c, 1000 + i);
	chain_close(c);
	buf_free(&anchors);
	assert_int_equal(problems(&r), 0); /* a whole log */
	anchors = kept;
	assert_int_equal(problems(&r), 2); /* but not the one that was anchored at 100 and 150 */
}

static int clean(void **state)
{
	buf_free(&anchors);
	anchors = (struct buf){0};
	return teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole, setup, clean), cmocka_unit_test_setup_teardown(test_side_by_side, setup, clean), cmocka_unit_test_setup_teardown(test_forked, setup, clean),
		cmocka_unit_test_setup_teardown(test_torn, setup, clean), cmocka_unit_test_setup_teardown(test_refusals, setup, clean),
		cmocka_unit_test_setup_teardown(test_tampered, setup, clean), cmocka_unit_test_setup_teardown(test_anchors, setup, clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
