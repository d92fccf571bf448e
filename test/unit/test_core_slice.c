/* test_core_slice.c - searching, cutting, numbers and UTF-8. */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_compare(void **state)
{
	static const struct {
		const char *a, *b;
		bool eq, ieq, istarts, iends;
		int cmp;
	} rows[] = {
		{"", "", true, true, true, true, 0},
		{"a", "", false, false, true, true, 1},
		{"", "a", false, false, false, false, -1},
		{"Accepted", "aCCEPTED", false, true, true, true, -1},
		{"Accepted", "ACC", false, false, true, false, 1},
		{"Accepted", "TED", false, false, false, true, -1},
		{"[", "{", false, false, false, false, -1}, /* 0x5b and 0x7b: no letters, not alike */
		{"@", "`", false, false, false, false, -1},
		{"\xc4", "\xe4", false, false, false, false, -1}, /* not ASCII: not folded */
		{"ab", "abc", false, false, false, false, -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice a = slice_of(rows[i].a), b = slice_of(rows[i].b);
		int c = slice_cmp(a, b);
		assert_int_equal(slice_eq(a, b), rows[i].eq);
		assert_int_equal(slice_ieq(a, b), rows[i].ieq);
		assert_int_equal(slice_istarts(a, b), rows[i].istarts);
		assert_int_equal(slice_iends(a, b), rows[i].iends);
		assert_int_equal((c > 0) - (c < 0), rows[i].cmp);
	}
}

static void test_find(void **state)
{
	static const struct {
		const char *s, *needle;
		int find, rfind, ifind;
	} rows[] = {
		{"", "", 0, 0, 0},
		{"abc", "", 0, 3, 0},
		{"", "a", -1, -1, -1},
		{"a", "a", 0, 0, 0},
		{"abcabc", "abc", 0, 3, 0},
		{"abcabc", "c", 2, 5, 2},
		{"aaaa", "aa", 0, 2, 0},
		{"xAbCabc", "abc", 4, 4, 1},
		{"ABC", "abc", -1, -1, 0},
		{"abc", "ABCD", -1, -1, -1},
		{"aab", "ab", 1, 1, 1},
		{"AaAaB", "aab", -1, -1, 2},
		{"from 1.2.3.4 FROM", " from", -1, -1, 12},
		{"..%2F", "%2f", -1, -1, 2},
		{"k[", "K{", -1, -1, -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice s = slice_of(rows[i].s), n = slice_of(rows[i].needle);
		assert_int_equal(slice_find(s, n), rows[i].find);
		assert_int_equal(slice_rfind(s, n), rows[i].rfind);
		assert_int_equal(slice_ifind(s, n), rows[i].ifind);
	}
	assert_int_equal(slice_find(slice_make("a\0b", 3), slice_make("\0b", 2)), 1);
}

/* Every haystack and needle over a tiny alphabet against the obvious loops. */
static void test_find_exhaustive(void **state)
{
	char h[6], n[3];

	(void)state;
	for (unsigned hx = 0; hx < 729; hx++)
		for (unsigned nx = 0; nx < 27; nx++) {
			struct slice s = {h, 6}, nd = {n, 1 + nx % 3};
			ssize_t first = -1, last = -1, fold = -1;
			for (unsigned i = 0, x = hx; i < 6; i++, x /= 3)
				h[i] = "aAb"[x % 3];
			for (unsigned i = 0, x = nx; i < 3; i++, x /= 3)
				n[i] = "aAb"[x % 3];
			for (size_t i = 0; i + nd.n <= s.n; i++) {
				struct slice part = slice_make(h + i, nd.n);
				if (slice_eq(part, nd)) {
					first = first < 0 ? (ssize_t)i : first;
					last = (ssize_t)i;
				}
				if (slice_ieq(part, nd) && fold < 0)
					fold = (ssize_t)i;
			}
			assert_int_equal(slice_find(s, nd), first);
			assert_int_equal(slice_rfind(s, nd), last);
			assert_int_equal(slice_ifind(s, nd), fold);
		}
}

/* NULL slices are legal everywhere; the sanitizers look for arithmetic and mem* calls on them. */
static void test_none(void **state)
{
	struct slice none = SLICE_NONE, s = SLICE_NONE, w;
	uint64_t u;
	int64_t i;

	(void)state;
	assert_true(slice_eq(none, SL("")));
	assert_true(slice_starts(none, none) && slice_ends(none, none));
	assert_true(slice_starts(SL("a"), none) && slice_ends(SL("a"), none));
	assert_false(slice_starts(none, SL("a")) || slice_ends(none, SL("a")));
	assert_int_equal(slice_from(none, 0).n, 0);
	assert_int_equal(slice_from(none, 7).n, 0);
	assert_int_equal(slice_to(none, 7).n, 0);
	assert_int_equal(slice_chr(none, 'a'), -1);
	assert_int_equal(slice_find(none, SL("a")), -1);
	assert_int_equal(slice_rfind(none, none), 0);
	assert_int_equal(slice_ifind(none, SL("a")), -1);
	assert_int_equal(slice_trim(none).n, 0);
	assert_int_equal(slice_basename(none).n, 0);
	assert_false(slice_cut(&s, ',', &w));
	assert_false(slice_word(&s, &w));
	assert_false(slice_u64(none, 9, &u) || slice_i64(none, &i) || slice_hex(none, &u));
	assert_true(slice_utf8(none));
	assert_int_equal(slice_cmp(none, none), 0);
}

static void test_cut(void **state)
{
	struct slice s = SL("a=b=c"), head = SL("?"), word;
	static const struct {
		const char *in, *trim;
	} trims[] = {{"", ""}, {" \t\r", ""}, {" a b\t\r", "a b"}, {"a", "a"}, {"\ta", "a"}, {"a\n", "a\n"}};
	static const struct {
		const char *in, *base;
	} bases[] = {{"", ""}, {"/", "/"}, {"//", "/"}, {"a", "a"}, {"/usr/bin/sh", "sh"}, {"a/b/", "b"}, {"a//", "a"}, {"./x", "x"}};

	(void)state;
	assert_true(slice_cut(&s, '=', &head));
	assert_true(slice_eqz(head, "a") && slice_eqz(s, "b=c"));
	assert_false(slice_cut(&s, ';', &head));
	assert_true(slice_eqz(head, "a") && slice_eqz(s, "b=c")); /* unchanged */
	s = SL("x=");
	assert_true(slice_cut(&s, '=', &head) && s.n == 0);
	s = SL("  one\ttwo \r");
	assert_true(slice_word(&s, &word) && slice_eqz(word, "one"));
	assert_true(slice_word(&s, &word) && slice_eqz(word, "two"));
	assert_false(slice_word(&s, &word));
	assert_int_equal(s.n, 0);
	for (size_t i = 0; i < ARRAY_LEN(trims); i++)
		assert_true(slice_eqz(slice_trim(slice_of(trims[i].in)), trims[i].trim));
	for (size_t i = 0; i < ARRAY_LEN(bases); i++)
		assert_true(slice_eqz(slice_basename(slice_of(bases[i].in)), bases[i].base));
	assert_true(slice_eqz(slice_from(SL("abc"), 1), "bc"));
	assert_int_equal(slice_from(SL("abc"), 3).n, 0);
	assert_int_equal(slice_from(SL("abc"), 4).n, 0);
}

static void test_u64(void **state)
{
	static const struct {
		const char *s;
		uint64_t max;
		bool ok;
		uint64_t x;
	} rows[] = {
		{"0", 0, true, 0},
		{"1", 0, false, 0},
		{"65535", 65535, true, 65535},
		{"65536", 65535, false, 0},
		{"007", 7, true, 7},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, false, 0},
		{"99999999999999999999999", UINT64_MAX, false, 0},
		{"", 9, false, 0},
		{"-1", 9, false, 0},
		{"+1", 9, false, 0},
		{" 1", 9, false, 0},
		{"1 ", 9, false, 0},
		{"1x", 9, false, 0},
		{"0x1", 9, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t x = 4711;
		assert_int_equal(slice_u64(slice_of(rows[i].s), rows[i].max, &x), rows[i].ok);
		assert_true(x == (rows[i].ok ? rows[i].x : 4711)); /* untouched when false */
	}
}

static void test_i64_hex(void **state)
{
	static const struct {
		const char *s;
		bool ok;
		int64_t x;
	} ints[] = {
		{"0", true, 0},
		{"-0", true, 0},
		{"-1", true, -1},
		{"9223372036854775807", true, INT64_MAX},
		{"9223372036854775808", false, 0},
		{"-9223372036854775808", true, INT64_MIN},
		{"-9223372036854775809", false, 0},
		{"-", false, 0},
		{"--1", false, 0},
		{"", false, 0},
	};
	static const struct {
		const char *s;
		bool ok;
		uint64_t x;
	} hexes[] = {
		{"0", true, 0},
		{"ff", true, 255},
		{"0xFF", true, 255},
		{"0X1f", true, 31},
		{"ffffffffffffffff", true, UINT64_MAX},
		{"0ffffffffffffffff", true, UINT64_MAX},
		{"10000000000000000", false, 0},
		{"0x", false, 0},
		{"", false, 0},
		{"g", false, 0},
		{"-1", false, 0},
		{"0x0x1", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ints); i++) {
		int64_t x = 4711;
		assert_int_equal(slice_i64(slice_of(ints[i].s), &x), ints[i].ok);
		assert_true(x == (ints[i].ok ? ints[i].x : 4711));
	}
	for (size_t i = 0; i < ARRAY_LEN(hexes); i++) {
		uint64_t x = 4711;
		assert_int_equal(slice_hex(slice_of(hexes[i].s), &x), hexes[i].ok);
		assert_true(x == (hexes[i].ok ? hexes[i].x : 4711));
	}
}

static void test_utf8(void **state)
{
	static const struct {
		const char *s;
		bool ok;
	} rows[] = {
		{"", true},
		{"plain text longer than eight", true},
		{"gr\xc3\xbc\xc3\x9f", true},
		{"\xe2\x82\xac", true},
		{"\xf0\x9f\x98\x80", true},
		{"\xf4\x8f\xbf\xbf", true},
		{"\xed\x9f\xbf\xee\x80\x80", true},
		{"\x80", false},
		{"\xbf", false},
		{"\xc0\x80", false},             /* overlong */
		{"\xc1\xbf", false},
		{"\xe0\x9f\xbf", false},
		{"\xf0\x8f\xbf\xbf", false},
		{"\xed\xa0\x80", false},         /* surrogate */
		{"\xf4\x90\x80\x80", false},     /* above U+10FFFF */
		{"\xf5\x80\x80\x80", false},
		{"\xff", false},
		{"abcdefgh\xc3", false},         /* cut */
		{"abcdefghijk\xe2\x82", false},
		{"\xf0\x9f\x98", false},
		{"\xc3(", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(slice_utf8(slice_of(rows[i].s)), rows[i].ok);
}

static size_t encode(uint32_t c, char *p)
{
	if (c < 0x80)
		return p[0] = (char)c, 1;
	if (c < 0x800)
		return p[0] = (char)(0xc0 | c >> 6), p[1] = (char)(0x80 | (c & 63)), 2;
	if (c < 0x10000)
		return p[0] = (char)(0xe0 | c >> 12), p[1] = (char)(0x80 | (c >> 6 & 63)), p[2] = (char)(0x80 | (c & 63)), 3;
	p[0] = (char)(0xf0 | c >> 18);
	p[1] = (char)(0x80 | (c >> 12 & 63));
	p[2] = (char)(0x80 | (c >> 6 & 63));
	p[3] = (char)(0x80 | (c & 63));
	return 4;
}

/* Each code point, and each cut of it. */
static void test_utf8_all(void **state)
{
	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff + 0x1000; c++) {
		char p[4];
		size_t n = encode(c, p);
		bool ok = c <= 0x10ffff && !(c >= 0xd800 && c < 0xe000);
		if (slice_utf8(slice_make(p, n)) != ok)
			fail_msg("U+%04X", (unsigned)c);
		for (size_t cut = 1; cut < n; cut++)
			assert_false(slice_utf8(slice_make(p, cut)));
	}
}

static void test_dup(void **state)
{
	struct arena a;
	struct slice s, e;

	(void)state;
	arena_init(&a);
	s = slice_dup(&a, slice_make("a\0b", 3));
	e = slice_dup(&a, SLICE_NONE);
	assert_memory_equal(s.p, "a\0b", 4);
	assert_int_equal(s.n, 3);
	assert_non_null(e.p);
	assert_int_equal(e.n, 0);
	assert_int_equal(e.p[0], '\0');
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),         cmocka_unit_test(test_find), cmocka_unit_test(test_find_exhaustive),
		cmocka_unit_test(test_none),            cmocka_unit_test(test_cut),  cmocka_unit_test(test_u64),
		cmocka_unit_test(test_i64_hex),         cmocka_unit_test(test_utf8), cmocka_unit_test(test_utf8_all),
		cmocka_unit_test(test_dup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
