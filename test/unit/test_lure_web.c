/* test_lure_web.c - hosts of addresses, attributes of tags, packed RTF, lists of products. */
#include "lure/lure_private.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void same(struct slice got, const char *want)
{
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.n ? got.p : "", want, got.n);
}

static void test_host(void **state)
{
	(void)state;
	static const struct { const char *in, *out; } rows[] = {
		{"https://example.org/x", "example.org"}, {"http://example.org:8080/x", "example.org"}, {"http://user@example.org/x", "example.org"}, {"http://a:b@c@example.org?x", "example.org"},
		{"http://[2001:db8::1]:80/", "[2001:db8::1]"}, {"http://[2001:db8::1]", "[2001:db8::1]"}, {"http:\\\\example.org\\x", "example.org"}, {"\\\\server\\share", "server"}, {"\\\\host@SSL\\share", "host@SSL"},
		{"//example.org#f", "example.org"}, {"http://example.org<b>", "example.org"}, {"mailto:a@b.example", ""}, {"", ""}, {"http://", ""}, {"http://:80", ":80"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		same(lure_host(slice_of(rows[i].in)), rows[i].out);
	same(lure_host(slice_make("http://a\0b/", 11)), "a");
}

static void test_attribute(void **state)
{
	(void)state;
	static const struct { const char *tag, *name, *out; } rows[] = {
		{"<a href=\"x y\">", "href", "x y"}, {"<a href='x'>", "href", "x"}, {"<a href=x>", "href", "x"}, {"<a href = \n\"x\">", "href", "x"}, {"<a HREF=x class=y>", "href", "x"}, {"<a class=y\thref=x>", "href", "x"},
		{"<a data-href=x>", "href", ""}, {"<image xlink:href=\"x\"/>", "href", "x"}, {"<a title=\"href=y\" href=z>", "href", "z"}, {"<a class=\"c\"href=\"x\">", "href", "x"}, {"<a = href=x>", "href", "x"}, {"<a href=x href=y>", "href", "x"}, {"<svg/onload=x>", "onload", "x"}, {"<a b href=x>", "href", "x"}, {"<img/src=x>", "src", "x"}, {"<a href>", "href", ""}, {"<a href=", "href", ""},
		{"<a href=\"x", "href", "x"}, {"", "href", ""}, {"href=x", "href", ""}, {"<a hrefx=y href=z>", "href", "z"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		same(lure_attribute(slice_of(rows[i].tag), slice_of(rows[i].name)), rows[i].out);
}

/* "Hello Hello Hello": what comes again is named by place and length; the text begins behind the 207 bytes that everybody knows. */
static void test_rtf(void **state)
{
	(void)state;
	static const char packed[] = "\x14\0\0\0" "\x11\0\0\0" "LZFu" "\0\0\0\0" "\xc0" "Hello " "\x0c\xfa" "\x0e\x00";
	struct lure *l = lure_new(NULL);
	struct buf out = {0};
	lure_add_given(l, SL("x"), SL("given"), LT_TNEF);
	assert_true(rtf_unpack(l, slice_make(packed, sizeof packed - 1), &out));
	assert_true(out.n >= 12 && memcmp(out.p, "Hello Hello ", 12) == 0);
	for (size_t n = 0; n < sizeof packed - 1; n++) {
		out.n = 0;
		rtf_unpack(l, slice_make(packed, n), &out);
		assert_true(out.n <= 17);
	}
	out.n = 0;
	assert_false(rtf_unpack(l, SL("\x14\0\0\0\x11\0\0\0XXXX\0\0\0\0aaaa"), &out));
	buf_free(&out);
	lure_free(l);
}

static void test_products(void **state)
{
	(void)state;
	struct lure_products *p = lure_products_new();
	struct lure_claim c;
	struct err e;
	const struct slice putty = SL("The PUTTY suite"), mine = SL("SonarView");
	assert_false(lure_product_claimed(NULL, &putty, 1, SLICE_NONE, &c));
	assert_int_equal(lure_products_parse(p, SL("products: [{name: PuTTY, words: [putty], signers: [Simon Tatham]}]"), "one", &e), 0);
	assert_true(lure_product_claimed(p, &putty, 1, SL("Simon Tatham"), &c) && c.maker);
	assert_true(lure_product_claimed(p, &putty, 1, SL("Somebody"), &c) && !c.maker);
	assert_true(lure_product_claimed(p, &putty, 1, SLICE_NONE, &c) && !c.maker);
	assert_false(lure_product_claimed(p, &mine, 1, SLICE_NONE, &c));
	assert_int_equal(lure_products_parse(p, SL("products:\n  - {name: putty, words: []}\n  - {name: Sonar, words: [sonarview]}\n"), "two", &e), 0);
	assert_false(lure_product_claimed(p, &putty, 1, SLICE_NONE, &c));
	assert_true(lure_product_claimed(p, &mine, 1, SLICE_NONE, &c));
	same(c.product, "Sonar");
	assert_int_not_equal(lure_products_parse(p, SL("products:\n  - {name: X, words: [ab]}\n"), "three", &e), 0);
	assert_string_equal(e.where, "three");
	assert_int_equal(e.line, 2);
	assert_int_equal(e.column, 23);
	assert_true(lure_product_claimed(p, &mine, 1, SLICE_NONE, &c));
	lure_products_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_host), cmocka_unit_test(test_attribute), cmocka_unit_test(test_rtf), cmocka_unit_test(test_products)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
