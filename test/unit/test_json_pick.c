/* test_json_pick.c - the members that are picked in place against the whole object made flat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/core.h"
#include "json/json.h"

static uint64_t rng_state = 88172645463325252u;

static uint32_t rnd(uint32_t below)
{
	rng_state ^= rng_state >> 12;
	rng_state ^= rng_state << 25;
	rng_state ^= rng_state >> 27;
	return (uint32_t)((rng_state * 2685821657736338717u) >> 33) % below;
}

/* ---- making -------------------------------------------------------------------------------------------------- */

static void space(struct buf *b)
{
	static const char *const some[] = {"", "", "", "", " ", "\t", "  ", " \r"};
	buf_addz(b, some[rnd(ARRAY_LEN(some))]);
}

static void string(struct buf *b)
{
	static const char *const pieces[] = {"a", "Image", "C:\\\\Windows\\\\x.exe", "\\n", "\\\"", "\\u0041", "\\ud83d\\ude00", "\xc3\xa9", " ", "{", "]", ",", ":", "0123456789abcdef"};
	buf_addc(b, '"');
	for (unsigned n = rnd(5); n-- > 0;)
		buf_addz(b, pieces[rnd(ARRAY_LEN(pieces))]);
	buf_addc(b, '"');
}

static void value(struct buf *b, unsigned depth)
{
	static const char *const plain[] = {"true", "false", "null", "0", "-1", "42", "9223372036854775807", "-9223372036854775808", "18446744073709551615", "123456789012"};
	unsigned what = rnd(depth > 4 ? 6 : 9);
	space(b);
	if (what < 4) {
		string(b);
	} else if (what < 6) {
		buf_addz(b, plain[rnd(ARRAY_LEN(plain))]);
	} else {
		bool array = what == 6;
		buf_addc(b, array ? '[' : '{');
		space(b);
		for (unsigned n = rnd(5), i = 0; i < n; i++) {
			if (i)
				buf_addc(b, ',');
			if (!array) {
				static const char *const keys[] = {"a", "EventData", "Image", "ProcessId", "x y", "a-rather-long-name-of-a-member", "Message", ""};
				space(b);
				buf_addf(b, "\"%s\"", keys[rnd(ARRAY_LEN(keys))]);
				space(b);
				buf_addc(b, ':');
			}
			value(b, depth + 1);
		}
		buf_addc(b, array ? ']' : '}');
	}
	space(b);
}

static void object(struct buf *b)
{
	b->n = 0;
	buf_addz(b, "{\"first\":");
	value(b, 0);
	for (unsigned n = rnd(6); n-- > 0;) {
		buf_addf(b, ",\"k%u\":", rnd(8));
		value(b, 0);
	}
	buf_addc(b, '}');
}

/* ---- picking ------------------------------------------------------------------------------------------------- */

struct picked {
	struct slice name[JSON_NAMES_MAX + 1];
	struct arena mem;
	struct buf out;
	unsigned asked;
	bool none;
};

static bool want(void *arg, uint32_t number, struct json_text name)
{
	struct picked *p = arg;
	assert_true(number <= JSON_NAMES_MAX);
	p->name[number] = slice_dup(&p->mem, slice_make(name.p, name.n));
	p->asked++;
	return !p->none;
}

/* Containers are left out: json_flatten does not tell of those within arrays. */
static void tell(struct buf *out, struct slice name, struct slice text, uint8_t type, uint8_t level)
{
	if (type == JSON_CONTAINER || type == JSON_ARRAY)
		return;
	buf_addf(out, "%.*s|%u|%u|%.*s\n", SLFMT(name), type == JSON_RAW ? JSON_STRING : type, level, SLFMT(text));
}

static void on_container(void *arg, uint32_t number, struct json_text text, uint8_t type, uint8_t level)
{
	struct picked *p = arg;
	(void)text;
	if (type == JSON_CONTAINER || type == JSON_ARRAY)
		buf_addf(&p->out, "%.*s %s %u\n", SLFMT(p->name[number]), type == JSON_ARRAY ? "[]" : "{}", level);
}

static void on_value(void *arg, uint32_t number, struct json_text text, uint8_t type, uint8_t level)
{
	struct picked *p = arg;
	struct slice s = slice_make(text.p, text.n);
	if (type == JSON_RAW) {
		char *to = arena_alloc(&p->mem, text.n + 1);
		s = slice_make(to, json_unescape(text, to));
	}
	tell(&p->out, p->name[number], s, type, level);
}

struct both {
	struct json_picker *picker;
	struct json_parser *parser;
	struct picked picked;
	struct buf flat;
};

static void open_both(struct both *x)
{
	memset(x, 0, sizeof *x);
	arena_init(&x->picked.mem);
	x->picker = json_picker_new(100);
	x->parser = json_parser_new(100, 4096);
	assert_non_null(x->picker);
	assert_non_null(x->parser);
	json_keep_all(x->parser);
}

static void close_both(struct both *x)
{
	json_picker_free(x->picker);
	json_parser_free(x->parser);
	arena_free(&x->picked.mem);
	buf_free(&x->picked.out);
	buf_free(&x->flat);
}

/* The text in memory of its own, so that a byte read behind it is seen. */
static enum json_result pick(struct both *x, struct slice text)
{
	struct json_picking k = {want, on_value, &x->picked};
	char *exact = malloc(text.n ? text.n : 1);
	assert_non_null(exact);
	if (text.n)
		memcpy(exact, text.p, text.n);
	x->picked.out.n = 0;
	enum json_result r = json_pick(x->picker, (struct json_text){exact, text.n}, &k);
	free(exact);
	return r;
}

static bool flatten(struct both *x, struct slice text)
{
	struct json_flat flat;
	x->flat.n = 0;
	if (json_flatten(x->parser, (struct json_text){text.p, text.n}, (struct json_text){"", 0}, &flat))
		return false;
	for (size_t i = 0; i < flat.n; i++)
		tell(&x->flat, slice_make(flat.v[i].name.p, flat.v[i].name.n), slice_make(flat.v[i].text.p, flat.v[i].text.n), flat.v[i].type, flat.v[i].level);
	return true;
}

static void same(struct both *x, struct slice text)
{
	if (!slice_eq(buf_slice(&x->picked.out), buf_slice(&x->flat)))
		fail_msg("%.*s\npicked:\n%.*s\nflat:\n%.*s", SLFMT(text), SLFMT(buf_slice(&x->picked.out)), SLFMT(buf_slice(&x->flat)));
}

static int by_line(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* json_flatten walks what is nested later than it says so: compare in one order. */
static void sort_lines(struct buf *b)
{
	struct slice v[5000], rest = buf_slice(b), one;
	size_t n = 0;
	struct buf sorted = {0};
	while (n < ARRAY_LEN(v) && slice_cut(&rest, '\n', &one))
		v[n++] = one;
	if (n)
		qsort(v, n, sizeof *v, by_line);
	for (size_t i = 0; i < n; i++)
		buf_addf(&sorted, "%.*s\n", SLFMT(v[i]));
	buf_free(b);
	*b = sorted;
}

static void compare(struct both *x, struct slice text)
{
	sort_lines(&x->picked.out);
	sort_lines(&x->flat);
	same(x, text);
}

static void picks_what_flatten_finds(void **state)
{
	struct both x;
	struct buf b = {0};
	(void)state;
	open_both(&x);
	for (int i = 0; i < 4000; i++) {
		object(&b);
		if (pick(&x, buf_slice(&b)) != JSON_OK)
			fail_msg("not picked: %.*s", SLFMT(buf_slice(&b)));
		assert_true(flatten(&x, buf_slice(&b)));
		compare(&x, buf_slice(&b));
	}
	close_both(&x);
	buf_free(&b);
}

/* Whatever is picked of a damaged object is what json_flatten makes of it. Escapes are left out: that one mends them. */
static void refuses_what_is_no_object(void **state)
{
	static const char bytes[] = "{}[]:,\"0123 tfn\x01\x80";
	struct both x;
	struct buf b = {0};
	unsigned picked = 0, refused = 0;
	(void)state;
	open_both(&x);
	for (int i = 0; i < 20000; i++) {
		object(&b);
		for (size_t k = 0; k < b.n; k++)
			if (b.p[k] == '\\')
				b.p[k] = '/';
		for (unsigned n = 1 + rnd(3); n-- > 0;)
			b.p[rnd((uint32_t)b.n)] = bytes[rnd(sizeof bytes - 1)];
		b.n -= rnd(4) ? 0 : rnd((uint32_t)b.n);
		if (pick(&x, buf_slice(&b)) != JSON_OK) {
			refused++;
			continue;
		}
		picked++;
		if (!flatten(&x, buf_slice(&b)))
			fail_msg("picked, but no object: %.*s", SLFMT(buf_slice(&b)));
		compare(&x, buf_slice(&b));
	}
	assert_true(picked > 500 && refused > 500);
	close_both(&x);
	buf_free(&b);
}

/* An event of one of a few shapes: names, kinds and order as before, mostly. */
static void shaped(struct buf *b, unsigned shape)
{
	static const char *const names[] = {"@timestamp", "EventID", "Image", "x", "ProcessGuid", "a-rather-long-name-of-a-member-of-forty-by", "Ünder", "id"};
	b->n = 0;
	buf_addz(b, shape % 3 ? "{\"winlog\":{\"first-name\":" : "{\"first-name\":");
	string(b);
	for (unsigned i = 0; i < 4 + shape % 5; i++) {
		buf_addf(b, ",\"%s\":", names[(i + shape) % ARRAY_LEN(names)]);
		if ((i + shape) % 4 == 1)
			buf_addf(b, "%d", (int)rnd(70000) - 100);
		else if ((i + shape) % 7 == 2)
			buf_addf(b, "[%u,{\"in\":%s}]", rnd(9), rnd(2) ? "true" : "null");
		else
			string(b);
	}
	buf_addz(b, shape % 3 ? "},\"last-name\":\"0123456789 0123456789 0123456789\"}" : ",\"last-name\":\"0123456789 0123456789 0123456789\"}");
}

/* Objects of shapes that came before, and some that are nearly so. */
static void known_shapes_are_compared_whole(void **state)
{
	static const char bytes[] = "{}[]:,\"0123 tfn\x01\x80sx";
	struct both x;
	struct buf b = {0};
	unsigned picked = 0, refused = 0;
	(void)state;
	open_both(&x);
	for (int i = 0; i < 40000; i++) {
		shaped(&b, rnd(12));
		bool damaged = rnd(2);
		for (size_t k = 0; k < b.n && damaged; k++)
			if (b.p[k] == '\\')
				b.p[k] = '/';
		for (unsigned n = damaged ? 1 + rnd(2) : 0; n-- > 0;)
			b.p[rnd((uint32_t)b.n)] = bytes[rnd(sizeof bytes - 1)];
		if (pick(&x, buf_slice(&b)) != JSON_OK) {
			if (!damaged)
				fail_msg("not picked: %.*s", SLFMT(buf_slice(&b)));
			refused++;
			continue;
		}
		picked += damaged;
		if (!flatten(&x, buf_slice(&b)))
			fail_msg("picked, but no object: %.*s", SLFMT(buf_slice(&b)));
		compare(&x, buf_slice(&b));
	}
	assert_true(picked > 5000 && refused > 500);
	close_both(&x);
	buf_free(&b);
}

static void a_name_is_asked_for_once(void **state)
{
	struct both x;
	struct buf b = {0};
	(void)state;
	open_both(&x);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pick(&x, SL("{\"a\":1,\"b\":{\"a\":[2,{\"c\":3}]}}")), JSON_OK);
	assert_int_equal(x.picked.asked, 4);
	for (unsigned i = 0; i < JSON_NAMES_MAX + 100; i++) { /* more names than are remembered: one text is refused, then all begins anew */
		b.n = 0;
		buf_addf(&b, "{\"name %u\":\"v%u\"}", i, i);
		enum json_result r = pick(&x, buf_slice(&b));
		if (r != JSON_OK)
			r = pick(&x, buf_slice(&b));
		assert_int_equal(r, JSON_OK);
		flatten(&x, buf_slice(&b));
		compare(&x, buf_slice(&b));
	}
	close_both(&x);
	buf_free(&b);
}

static void containers_are_told(void **state)
{
	struct both x;
	(void)state;
	open_both(&x);
	struct json_picking k = {want, on_container, &x.picked};
	struct slice text = SL("{\"a\":{\"b\":[]},\"c\":[1,{\"d\":{}}],\"e\":null}");
	assert_int_equal(json_pick(x.picker, (struct json_text){text.p, text.n}, &k), JSON_OK);
	assert_true(slice_eq(buf_slice(&x.picked.out), SL("a {} 1\na.b [] 2\nc [] 1\nc {} 1\nc.d {} 2\n")));
	close_both(&x);
}

static void depth_and_numbers_have_limits(void **state)
{
	static const char *const refused[] = {"", "{", "[1]", "{\"a\":1.5}", "{\"a\":18446744073709551616}", "{\"a\":-9223372036854775809}", "{\"a\":01}", "{\"a\":-}",
		"{\"a\":-0}", "{\"a\":1}x", "{\"a\":1},", "{\"a\\u0041\":1}", "{\"a\":tru}", "{\"a\" 1}", "{\"a\":1,}", "{\"a\":[1,]}", "{,}", "{\"a\":}", "{\"a\":\"b}", "{\"a\":[1}"};
	struct both x;
	struct buf b = {0};
	(void)state;
	open_both(&x);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (pick(&x, slice_of(refused[i])) == JSON_OK)
			fail_msg("picked: %s", refused[i]);
	buf_addz(&b, "{\"a\":");
	for (int i = 0; i < 200; i++)
		buf_addc(&b, '[');
	for (int i = 0; i < 200; i++)
		buf_addc(&b, ']');
	buf_addc(&b, '}');
	assert_int_not_equal(pick(&x, buf_slice(&b)), JSON_OK);
	close_both(&x);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(picks_what_flatten_finds), cmocka_unit_test(refuses_what_is_no_object), cmocka_unit_test(known_shapes_are_compared_whole), cmocka_unit_test(a_name_is_asked_for_once), cmocka_unit_test(containers_are_told),
		cmocka_unit_test(depth_and_numbers_have_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
