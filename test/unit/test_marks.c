/* test_marks.c - the lines of a block that rules must see: those with a literal of theirs, and those in which a value may stand
 * escaped; against a look at each line by itself. */
#include "sigma/sigma.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>

static const char rule[] =
	"title: t\nid: 00000000-0000-4000-8000-000000000001\nlogsource:\n  category: webserver\ndetection:\n  s:\n    cs-uri-query|contains: 'evilword'\n"
	"  condition: s\nlevel: low\n";

static const struct slice wanted[] = {SL("evilword"), SL("EvilWord"), SL("%"), SL("\\"), SL("\xe2\x84\xaa"), SL("\xc5\xbf")};
/* Bytes that begin like an escape and are none, and a literal cut short. */
static const struct slice unwanted[] = {SL("evilwor"), SL("\xe2\x84\xa2"), SL("\xc5\xa1"), SL("\xe2"), SL("\xc5"), SL("plain")};

static bool holds(struct slice line)
{
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (slice_ihas(line, wanted[i]))
			return true;
	return false;
}

/* Lines of all lengths, so that what matters comes to lie at every place of a step of the search, and at the block's very end. */
static void make_block(struct buf *b, unsigned seed)
{
	uint64_t x = seed;
	b->n = 0;
	for (unsigned lines = 1 + seed % 7; lines--;) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		for (unsigned i = 0; i < (x >> 33) % 40; i++)
			buf_addc(b, 'a');
		if (x >> 60 < 5)
			buf_adds(b, wanted[(x >> 40) % ARRAY_LEN(wanted)]);
		else if (x >> 60 < 11)
			buf_adds(b, unwanted[(x >> 40) % ARRAY_LEN(unwanted)]);
		for (unsigned i = 0; i < (x >> 50) % 20; i++)
			buf_addc(b, 'b');
		if (lines || seed & 1)
			buf_addc(b, '\n');
	}
}

static void check_block(struct sigma_marker *m, struct slice block)
{
	struct sigma_marks marks = {0};
	size_t next = 0, marked = 0;
	char *copy = xmalloc(MAX(block.n, (size_t)1)); /* of exactly its size: reading past it is seen */
	memcpy(copy, block.p, block.n);
	block.p = copy;
	sigma_mark(m, block, &marks);
	for (size_t at = 0; at < block.n;) {
		struct slice rest = slice_from(block, at);
		ssize_t nl = slice_chr(rest, '\n');
		size_t end = at + (nl < 0 ? rest.n : (size_t)nl);
		bool here = next < marks.n && marks.v[next] >= at && marks.v[next] <= end;
		assert_int_equal(here, holds(slice_make(block.p + at, end - at)));
		marked += here;
		next += here;
		at = end + 1;
	}
	assert_int_equal(next, marks.n);
	assert_int_equal(marked, marks.n);
	free(marks.v);
	free(copy);
}

static void test_lines(void **state)
{
	struct sigma_options opt = {0};
	struct sigma_set *s = sigma_new(&opt);
	struct err e;
	struct buf b = {0};
	(void)state;
	sigma_add_text(s, slice_of(rule), "rule.yml");
	assert_int_equal(sigma_seal(s, &e), 0);
	assert_int_equal(sigma_count(s), 1);
	struct sigma_marker *m = sigma_marker_new(s);
	assert_non_null(m);
	for (unsigned seed = 1; seed < 4000; seed++) {
		make_block(&b, seed);
		check_block(m, buf_slice(&b));
	}
	buf_free(&b);
	sigma_marker_free(m);
	sigma_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
