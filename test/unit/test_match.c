/* test_match.c - the fast engine against the oracle, and the oracle against examples. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/match.h"

struct hit {
	size_t end;
	uint32_t id;
};
struct hits {
	struct hit *v;
	size_t n, cap;
	size_t stop_after; /* 0: never */
	bool disorder;
};

static int note(void *arg, uint32_t id, size_t end)
{
	struct hits *h = arg;

	if (h->n > 0 && h->v[h->n - 1].end > end)
		h->disorder = true;
	vec_reserve(h, 1);
	h->v[h->n++] = (struct hit){end, id};
	return h->stop_after != 0 && h->n == h->stop_after;
}

static int by_end_and_id(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* xorshift64*: the same sets on every machine. */
static uint64_t rng_state = 88172645463325252u;

static uint32_t rnd(uint32_t below)
{
	rng_state ^= rng_state >> 12;
	rng_state ^= rng_state << 25;
	rng_state ^= rng_state >> 27;
	return (uint32_t)((rng_state * 2685821657736338717u) >> 33) % below;
}

static void seal(struct match_set *m)
{
	struct err e = {0};

	if (match_seal(m, &e) != 0)
		fail_msg("seal: %s", e.text);
}

/* ---- examples ------------------------------------------------------------------------------------------------ */
struct lit {
	const char *text;
	unsigned flags;
	uint32_t id;
};

static struct match_ctx *make(enum match_engine engine, const struct lit *lits, size_t n, struct match_set **set)
{
	*set = match_new(engine);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(match_add(*set, slice_of(lits[i].text), lits[i].flags, lits[i].id, NULL), 0);
	seal(*set);
	assert_int_equal(match_count(*set), n);
	struct match_ctx *c = match_ctx_new(*set);
	assert_non_null(c);
	return c;
}

static void expect(const struct lit *lits, size_t n, struct slice data, const struct hit *want, size_t nwant)
{
	for (int engine = MATCH_FAST; engine <= MATCH_SLOW; engine++) {
		struct match_set *m;
		struct match_ctx *c = make((enum match_engine)engine, lits, n, &m);
		struct hits h = {0};
		assert_int_equal(match_run(c, data, note, &h), 0);
		assert_int_equal(match_any(c, data), nwant > 0);
		assert_false(h.disorder);
		assert_int_equal(h.n, nwant);
		if (h.n > 0)
			qsort(h.v, h.n, sizeof(*h.v), by_end_and_id);
		for (size_t i = 0; i < nwant; i++) {
			assert_int_equal(h.v[i].end, want[i].end);
			assert_int_equal(h.v[i].id, want[i].id);
		}
		free(h.v);
		match_ctx_free(c);
		match_free(m);
	}
}

static void test_examples(void **state)
{
	static const struct lit lits[] = {{"sshd", 0, 7}, {"SSHD", MATCH_NOCASE, 8}, {"d", 0, 4000000000u}, {"sshd", 0, 7}};
	static const struct hit want[] = {{4, 7}, {4, 7}, {4, 8}, {4, 4000000000u}, {9, 8}, {10, 4000000000u}};

	(void)state;
	expect(lits, ARRAY_LEN(lits), SL("sshd sShDd"), want, ARRAY_LEN(want));
	expect(lits, ARRAY_LEN(lits), SL("nothing here"), NULL, 0);
	expect(lits, ARRAY_LEN(lits), SL(""), NULL, 0);
	expect(NULL, 0, SL("an empty set"), NULL, 0);
}

static void test_overlap_and_once(void **state)
{
	static const struct lit many[] = {{"aa", 0, 1}};
	static const struct hit all[] = {{2, 1}, {3, 1}, {4, 1}};
	static const struct lit once[] = {{"aa", MATCH_ONCE, 1}, {"AA", MATCH_ONCE | MATCH_NOCASE, 2}, {"aa", MATCH_ONCE, 1}};
	static const struct hit first[] = {{2, 1}, {2, 1}, {2, 2}};

	(void)state;
	expect(many, 1, SL("aaaa"), all, ARRAY_LEN(all));
	expect(once, ARRAY_LEN(once), SL("aaaa"), first, ARRAY_LEN(first));
}

/* Letters above 127 have no case here, and NUL and pattern characters mean themselves. */
static void test_bytes(void **state)
{
	static const struct lit lits[] = {{"\xc4", MATCH_NOCASE, 1}, {"\xe4", MATCH_NOCASE, 2}, {"a.*[b]\\?", 0, 3}, {"^\n$", 0, 4}};
	static const struct hit want[] = {{1, 1}, {2, 2}, {10, 3}, {13, 4}};

	(void)state;
	expect(lits, ARRAY_LEN(lits), SL("\xc4\xe4" "a.*[b]\\?" "^\n$"), want, ARRAY_LEN(want));
	for (int engine = MATCH_FAST; engine <= MATCH_SLOW; engine++) {
		struct match_set *m = match_new((enum match_engine)engine);
		assert_int_equal(match_add(m, SL("\0x\0"), 0, 5, NULL), 0);
		seal(m);
		struct match_ctx *c = match_ctx_new(m);
		assert_true(match_any(c, SL("..\0x\0..")));
		assert_false(match_any(c, SL("..\0x")));
		match_ctx_free(c);
		match_free(m);
	}
}

static void test_errors(void **state)
{
	static char big[MATCH_LITERAL_MAX + 1];
	struct err e = {0};

	(void)state;
	memset(big, 'x', sizeof(big));
	for (int engine = MATCH_FAST; engine <= MATCH_SLOW; engine++) {
		struct match_set *m = match_new((enum match_engine)engine);
		assert_int_equal(match_add(m, SL(""), 0, 1, &e), ERR_RANGE);
		assert_int_equal(match_add(m, slice_make(big, sizeof(big)), 0, 1, &e), ERR_LIMIT);
		assert_int_equal(match_add(m, SL("x"), 4, 1, &e), ERR_USAGE);
		assert_int_equal(match_add(m, slice_make(big, sizeof(big) - 1), 0, 1, &e), 0);
		assert_null(match_ctx_new(m)); /* not sealed */
		seal(m);
		assert_int_equal(match_seal(m, &e), ERR_USAGE);
		assert_int_equal(match_add(m, SL("x"), 0, 1, &e), ERR_USAGE);
		assert_int_equal(match_count(m), 1);
		match_free(m);
	}
	match_free(NULL);
	match_ctx_free(NULL);
}

static void test_stop(void **state)
{
	static const struct lit lits[] = {{"a", 0, 1}};

	(void)state;
	for (int engine = MATCH_FAST; engine <= MATCH_SLOW; engine++) {
		struct match_set *m;
		struct match_ctx *c = make((enum match_engine)engine, lits, 1, &m);
		struct hits h = {.stop_after = 2};
		assert_int_equal(match_run(c, SL("aaaa"), note, &h), ERR_STOPPED);
		assert_int_equal(h.n, 2);
		h.n = 0;
		h.stop_after = 0;
		assert_int_equal(match_run(c, SL("aaaa"), note, &h), 0); /* a stopped context is fit for the next run */
		assert_int_equal(h.n, 4);
		free(h.v);
		match_ctx_free(c);
		match_free(m);
	}
}

struct again {
	struct match_ctx *c;
	int result;
};

static int run_again(void *arg, uint32_t id, size_t end)
{
	struct again *a = arg;

	(void)id;
	(void)end;
	a->result = match_run(a->c, SL("a"), run_again, a);
	return 0;
}

static void test_no_nesting(void **state)
{
	static const struct lit lits[] = {{"a", 0, 1}};

	(void)state;
	for (int engine = MATCH_FAST; engine <= MATCH_SLOW; engine++) {
		struct match_set *m;
		struct again a = {make((enum match_engine)engine, lits, 1, &m), 0};
		assert_int_equal(match_run(a.c, SL("a"), run_again, &a), 0);
		assert_int_equal(a.result, ERR_USAGE);
		match_ctx_free(a.c);
		match_free(m);
	}
}

/* ---- random -------------------------------------------------------------------------------------------------- */
static const char alphabet[] = "aAbB1. \xff\x80\xc3\xa4\0zZ"; /* few letters: many hits */

static size_t random_text(char *p, size_t n, uint32_t letters)
{
	for (size_t i = 0; i < n; i++)
		p[i] = alphabet[rnd(letters)];
	return n;
}

static void add_random(struct match_set *fast, struct match_set *slow, size_t n, uint32_t letters, const char *data, size_t ndata)
{
	char text[MATCH_LITERAL_MAX];

	for (size_t i = 0; i < n; i++) {
		size_t len = 1 + (rnd(20) == 0 ? rnd(MATCH_LITERAL_MAX) : rnd(4) == 0 ? rnd(40) : rnd(7));
		if (rnd(2) == 0 && ndata >= len) /* cut from the data: long ones would never occur by chance */
			memcpy(text, data + rnd((uint32_t)(ndata - len + 1)), len);
		else
			random_text(text, len, letters);
		unsigned flags = rnd(4);
		uint32_t id = rnd(1000);
		assert_int_equal(match_add(fast, slice_make(text, len), flags, id, NULL), 0);
		assert_int_equal(match_add(slow, slice_make(text, len), flags, id, NULL), 0);
	}
}

static void compare_run(struct match_ctx *fast, struct match_ctx *slow, struct slice data)
{
	struct hits f = {0}, s = {0};

	assert_int_equal(match_run(fast, data, note, &f), 0);
	assert_int_equal(match_run(slow, data, note, &s), 0);
	assert_false(f.disorder);
	assert_false(s.disorder);
	assert_int_equal(f.n, s.n);
	if (f.n > 0) {
		qsort(f.v, f.n, sizeof(*f.v), by_end_and_id);
		qsort(s.v, s.n, sizeof(*s.v), by_end_and_id);
		for (size_t i = 0; i < f.n; i++) {
			assert_int_equal(f.v[i].end, s.v[i].end);
			assert_int_equal(f.v[i].id, s.v[i].id);
		}
	}
	assert_int_equal(match_any(fast, data), s.n > 0);
	free(f.v);
	free(s.v);
}

static void one_random_set(size_t n, size_t max_data, uint32_t letters)
{
	struct match_set *fast = match_new(MATCH_FAST), *slow = match_new(MATCH_SLOW);
	char *data = xmalloc(max_data);

	random_text(data, max_data, letters);
	add_random(fast, slow, n, letters, data, max_data);
	seal(fast);
	seal(slow);
	struct match_ctx *cf = match_ctx_new(fast), *cs = match_ctx_new(slow);
	for (int i = 0; i < 4; i++) {
		size_t from = i == 0 ? 0 : rnd((uint32_t)max_data), len = i == 0 ? max_data : rnd((uint32_t)(max_data - from) + 1);
		char *exact = xmalloc(len + 1); /* so that reading beyond the end is seen */
		memcpy(exact, data + from, len);
		compare_run(cf, cs, slice_make(exact, len));
		free(exact);
	}
	match_ctx_free(cf);
	match_ctx_free(cs);
	match_free(fast);
	match_free(slow);
	free(data);
}

static void test_random(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 7, 20, 60, 200};
	static const uint32_t letters[] = {2, 4, 8, sizeof(alphabet) - 1};

	(void)state;
	for (int round = 0; round < 12; round++)
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
			for (size_t l = 0; l < ARRAY_LEN(letters); l++)
				one_random_set(sizes[i], 1 + rnd(round % 3 == 0 ? 64 : 3000), letters[l]);
	one_random_set(5000, 20000, sizeof(alphabet) - 1);
}

/* A run of one letter makes the fast engine take other ways. */
static void test_floods(void **state)
{
	static const struct lit lits[] = {{"a", 0, 1}, {"aa", 0, 2}, {"aaaaaaaaaaaa", 0, 3}, {"aaab", 0, 4}, {"baaa", 0, 5},
		{"AAAA", MATCH_NOCASE, 6}, {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 0, 7}};
	struct match_set *fast, *slow;
	struct match_ctx *cf = make(MATCH_FAST, lits, ARRAY_LEN(lits), &fast), *cs = make(MATCH_SLOW, lits, ARRAY_LEN(lits), &slow);
	char *data = xmalloc(4096);

	(void)state;
	for (size_t at = 0; at < 4096; at += 97) {
		memset(data, 'a', 4096);
		data[at] = 'b';
		compare_run(cf, cs, slice_make(data, 4096));
	}
	free(data);
	match_ctx_free(cf);
	match_ctx_free(cs);
	match_free(fast);
	match_free(slow);
}

/* One hit in a long stretch of nothing, anywhere up to the last byte: where the accelerators of vectorscan 5.4.9 lose
 * hits of small sets (see fast.c). same_start: all literals begin alike, which brings them back for larger sets. */
static void one_sparse_set(size_t n, bool same_start)
{
	struct match_set *fast = match_new(MATCH_FAST), *slow = match_new(MATCH_SLOW);
	char text[8][24], data[320];
	size_t len[8];

	for (size_t i = 0; i < n; i++) {
		struct slice lit = slice_make(text[i % 8], len[i % 8] = 1 + rnd(i % 3 == 0 ? 20 : 8));
		for (size_t k = 0; k < lit.n; k++)
			text[i % 8][k] = "abcdeKxyz_/.1=-"[rnd(15)];
		if (same_start)
			text[i % 8][0] = 'K';
		unsigned flags = rnd(4);
		assert_int_equal(match_add(fast, lit, flags, (uint32_t)i, NULL), 0);
		assert_int_equal(match_add(slow, lit, flags, (uint32_t)i, NULL), 0);
	}
	seal(fast);
	seal(slow);
	struct match_ctx *cf = match_ctx_new(fast), *cs = match_ctx_new(slow);
	for (int i = 0; i < 60; i++) {
		size_t total = 24 + rnd((uint32_t)sizeof(data) - 24), which = rnd((uint32_t)MIN(n, (size_t)8));
		memset(data, i % 2 == 0 ? 'Q' : "abcdeKxyz"[rnd(9)], total);
		size_t at = rnd(3) == 0 ? total - len[which] : rnd((uint32_t)(total - len[which]) + 1);
		memcpy(data + at, text[which], len[which]);
		compare_run(cf, cs, slice_make(data, total));
	}
	match_ctx_free(cf);
	match_ctx_free(cs);
	match_free(fast);
	match_free(slow);
}

static void test_sparse(void **state)
{
	(void)state;
	for (size_t n = 1; n <= 24; n++)
		for (int i = 0; i < 20; i++)
			one_sparse_set(n, i % 2 == 0);
}

/* ---- threads ------------------------------------------------------------------------------------------------- */
static void *scan_many(void *arg)
{
	struct match_ctx *c = match_ctx_new(arg);
	size_t *n = xcalloc(1, sizeof(*n));

	for (int i = 0; i < 2000; i++)
		*n += match_any(c, i % 2 == 0 ? SL("... failed password ...") : SL("accepted"));
	match_ctx_free(c);
	return n;
}

static void test_threads(void **state)
{
	static const struct lit lits[] = {{"Failed Password", MATCH_NOCASE, 1}, {"sudo", 0, 2}};
	struct match_set *m;
	pthread_t t[4];

	(void)state;
	match_ctx_free(make(MATCH_FAST, lits, ARRAY_LEN(lits), &m));
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		assert_int_equal(pthread_create(&t[i], NULL, scan_many, m), 0);
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		void *n;
		assert_int_equal(pthread_join(t[i], &n), 0);
		assert_int_equal(*(size_t *)n, 1000);
		free(n);
	}
	match_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_overlap_and_once),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_no_nesting),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_threads),
	};
	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
