/* test_core_buf.c - the byte buffer and what it makes of foreign bytes. */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_plain(void **state)
{
	struct buf b = {0};
	char big[3000];

	(void)state;
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	buf_add(&b, NULL, 0);
	assert_int_equal(b.n, 0);
	buf_addz(&b, "");
	buf_addc(&b, '[');
	buf_adds(&b, SL("a\0b"));
	buf_adds(&b, SLICE_NONE);
	buf_addf(&b, "%d-%s", 42, "z");
	buf_addz(&b, "]");
	assert_true(slice_eq(buf_slice(&b), SL("[a\0b42-z]")));
	b.n = 0;
	buf_addf(&b, "%s", big); /* longer than what is there */
	buf_addf(&b, "%s", "");
	assert_int_equal(b.n, sizeof big - 1);
	assert_memory_equal(b.p, big, b.n);
	buf_free(&b);
	assert_null(b.p);
	buf_free(&b);
	buf_free(NULL);
}

/* Each length around the edges of the room that buf_addf finds. */
static void test_addf_edges(void **state)
{
	struct buf b = {0};

	(void)state;
	for (int n = 0; n < 300; n++) {
		buf_free(&b);
		buf_addf(&b, "%*s", n, "");
		assert_int_equal(b.n, n);
		buf_addf(&b, "%*s", 300 - n, "");
		assert_int_equal(b.n, 300);
	}
	buf_free(&b);
}

struct row {
	struct slice in;
	const char *json, *html, *term;
};

#define FFFD "\xef\xbf\xbd"

static const struct row rows[] = {
	{{"", 0}, "\"\"", "", ""},
	{{NULL, 0}, "\"\"", "", ""},
	{{"plain", 5}, "\"plain\"", "plain", "plain"},
	{{"a\"b\\c", 5}, "\"a\\\"b\\\\c\"", "a&quot;b\\c", "a\"b\\c"},
	{{"<a href='x'>&", 13}, "\"<a href='x'>&\"", "&lt;a href=&#39;x&#39;&gt;&amp;", "<a href='x'>&"},
	{{"\b\f\n\r\t", 5}, "\"\\b\\f\\n\\r\\t\"", "\\x08\\x0c\\x0a\\x0d\\x09", "\\x08\\x0c\\x0a\\x0d\\x09"},
	{{"a\0b", 3}, "\"a\\u0000b\"", "a\\x00b", "a\\x00b"},
	{{"\x1b[2J", 4}, "\"\\u001b[2J\"", "\\x1b[2J", "\\x1b[2J"},
	{{"\x7f", 1}, "\"\x7f\"", "\\x7f", "\\x7f"},
	{{"gr\xc3\xbcn", 5}, "\"gr\xc3\xbcn\"", "gr\xc3\xbcn", "gr\xc3\xbcn"},
	{{"\xf0\x9f\x98\x80", 4}, "\"\xf0\x9f\x98\x80\"", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
	{{"\xc2\x9b" "2J", 4}, "\"\xc2\x9b" "2J\"", "\\xc2\\x9b2J", "\\xc2\\x9b2J"}, /* C1: CSI */
	{{"\xc2\xa0", 2}, "\"\xc2\xa0\"", "\xc2\xa0", "\xc2\xa0"},                     /* first after C1 */
	{{"\x9b" "2J", 3}, "\"" FFFD "2J\"", "\\x9b2J", "\\x9b2J"},
	{{"a\xff\xfe" "b", 4}, "\"a" FFFD FFFD "b\"", "a\\xff\\xfeb", "a\\xff\\xfeb"},
	/* Unicode 3.9, table 3-8 and 3-11: one U+FFFD for each maximal subpart */
	{{"\xc0\xaf\xe0\x80\xbf", 5}, "\"" FFFD FFFD FFFD FFFD FFFD "\"", "\\xc0\\xaf\\xe0\\x80\\xbf", "\\xc0\\xaf\\xe0\\x80\\xbf"},
	{{"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf" "A", 9}, "\"" FFFD FFFD FFFD FFFD "A\"",
	 "\\xe1\\x80\\xe2\\xf0\\x91\\x92\\xf1\\xbfA", "\\xe1\\x80\\xe2\\xf0\\x91\\x92\\xf1\\xbfA"},
	{{"x\xe2\x82", 3}, "\"x" FFFD "\"", "x\\xe2\\x82", "x\\xe2\\x82"},
	{{"\xe2\x80\xa8\xe2\x80\xa9", 6}, "\"\xe2\x80\xa8\xe2\x80\xa9\"", "\xe2\x80\xa8\xe2\x80\xa9", "\xe2\x80\xa8\xe2\x80\xa9"},
	/* direction override: gpj.exe would read exe.jpg */
	{{"\xe2\x80\xaegpj", 6}, "\"\xe2\x80\xaegpj\"", "\\xe2\\x80\\xaegpj", "\\xe2\\x80\\xaegpj"},
	{{"\xe2\x81\xa6", 3}, "\"\xe2\x81\xa6\"", "\\xe2\\x81\\xa6", "\\xe2\\x81\\xa6"},
	{{"\xd8\x9c", 2}, "\"\xd8\x9c\"", "\\xd8\\x9c", "\\xd8\\x9c"},
};

static void test_escape(void **state)
{
	struct buf b = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		b.n = 0;
		buf_json(&b, rows[i].in);
		assert_true(slice_eqz(buf_slice(&b), rows[i].json));
		b.n = 0;
		buf_html(&b, rows[i].in);
		assert_true(slice_eqz(buf_slice(&b), rows[i].html));
		b.n = 0;
		buf_term(&b, rows[i].in);
		assert_true(slice_eqz(buf_slice(&b), rows[i].term));
	}
	buf_free(&b);
}

static void check_output(struct slice in, struct buf *b)
{
	b->n = 0;
	buf_json(b, in);
	assert_true(slice_utf8(buf_slice(b)));
	for (size_t i = 0; i < b->n; i++)
		assert_true((unsigned char)b->p[i] >= 0x20);
	b->n = 0;
	buf_term(b, in);
	assert_true(slice_utf8(buf_slice(b)));
	for (size_t i = 0; i < b->n; i++)
		assert_true((unsigned char)b->p[i] >= 0x20 && b->p[i] != 0x7f);
	b->n = 0;
	buf_html(b, in);
	assert_true(slice_utf8(buf_slice(b)));
	for (size_t i = 0; i < b->n; i++)
		assert_true((unsigned char)b->p[i] >= 0x20 && !strchr("<>\"'", b->p[i]));
}

/* Whatever goes in, what comes out is UTF-8 and has no control bytes. In exact-size heap copies. */
static void test_escape_any(void **state)
{
	struct buf b = {0};
	uint32_t x = 1;

	(void)state;
	for (unsigned round = 0; round < 30000; round++) {
		size_t n = round % 9 + 1;
		char *p = xmalloc(n);
		for (size_t i = 0; i < n; i++) {
			static const unsigned char edge[] = "\xe0\xed\xf0\xf4\xc2\x80\x9f\xa0\xbf\x8f\x90\xe2\x81\x1b\"\\<a";
			x = x * 1664525 + 1013904223;
			p[i] = x >> 31 ? (char)(x >> 16) : (char)edge[(x >> 16) % (sizeof edge - 1)];
		}
		check_output(slice_make(p, n), &b);
		free(p);
	}
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_addf_edges),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_escape_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
