/* test_console_request.c - what a browser sends taken apart; routes; the catalogue; how things are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "console/console_private.h"

/* ---- paths and queries ------------------------------------------------------------------------------------------------------------------------- */

static int target(const char *raw, struct arena *mem, struct target *t)
{
	struct err e;
	return request_target(slice_of(raw), mem, t, &e);
}

static void paths(void **state)
{
	static const struct { const char *raw; size_t parts; const char *last; } good[] = {{"/", 0, ""}, {"/a", 1, "a"}, {"/a/b%20c", 2, "b c"}, {"/%C3%BC", 1, "\xc3\xbc"},
		{"/a/b?x=1&y=2", 2, "b"}, {"/a%2Bb+c", 1, "a+b+c"}, {"/..%2e", 1, "..."}};
	static const struct { const char *raw; int rc; } bad[] = {{"", ERR_SYNTAX}, {"a", ERR_SYNTAX}, {"*", ERR_SYNTAX}, {"//", ERR_NOENT}, {"//a", ERR_SYNTAX}, {"/a//b", ERR_SYNTAX},
		{"/a/", ERR_NOENT}, {"/.", ERR_SYNTAX}, {"/..", ERR_SYNTAX}, {"/%2e%2E/x", ERR_SYNTAX}, {"/a%2fb", ERR_SYNTAX}, {"/a%2Fb", ERR_SYNTAX}, {"/a%00", ERR_SYNTAX}, {"/%ff", ERR_SYNTAX},
		{"/%c0%af", ERR_SYNTAX}, {"/%ed%a0%80", ERR_SYNTAX}, {"/%", ERR_SYNTAX}, {"/%4", ERR_SYNTAX}, {"/%g0", ERR_SYNTAX}, {"/a b", ERR_SYNTAX}, {"/a\x7f", ERR_SYNTAX}, {"/a#b", ERR_SYNTAX},
		{"/a?x=%zz", ERR_SYNTAX}, {"/a?x=%00", ERR_SYNTAX}, {"/1/2/3/4/5/6/7/8/9/10/11/12/13", ERR_NOENT}, {"http://x/", ERR_SYNTAX}};
	struct arena mem;
	struct target t;
	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(target(good[i].raw, &mem, &t), 0);
		assert_int_equal(t.nparts, good[i].parts);
		if (t.nparts)
			assert_true(slice_eqz(t.parts[t.nparts - 1], good[i].last));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (target(bad[i].raw, &mem, &t) != bad[i].rc)
			fail_msg("%s", bad[i].raw);
	char *longest = xmalloc(TARGET_MOST + 2);
	memset(longest, 'a', TARGET_MOST + 2);
	longest[0] = '/';
	longest[TARGET_MOST + 1] = 0;
	assert_int_equal(target(longest, &mem, &t), ERR_LIMIT);
	longest[TARGET_MOST] = 0;
	assert_int_equal(target(longest, &mem, &t), 0);
	free(longest);
	arena_free(&mem);
}

static void forms(void **state)
{
	struct arena mem;
	struct field *f;
	struct err e;
	struct buf many = {0};
	size_t n;
	(void)state;
	arena_init(&mem);
	assert_int_equal(request_form(SL("a=1&b=&c&&a=2+3%26&%C3%BC=%ED%95%9C&d=x=y"), &mem, &f, &n, &e), 0);
	assert_int_equal(n, 6);
	assert_true(slice_eqz(f[0].value, "1") && f[1].value.n == 0 && slice_eqz(f[2].name, "c") && slice_eqz(f[3].value, "2 3&") && slice_eqz(f[4].value, "\xed\x95\x9c"));
	assert_true(slice_eqz(f[5].value, "x=y"));
	const struct request q = {.form = f, .nform = n};
	assert_true(slice_eqz(form_get(&q, "a"), "1") && form_get(&q, "none").p == NULL);
	/* lines as they are typed, whatever the browser's */
	assert_int_equal(request_form(SL("t=a%0D%0Ab%0Dc%0Ad%0D"), &mem, &f, &n, &e), 0);
	assert_true(slice_eqz(f[0].value, "a\nb\nc\nd\n"));
	for (int i = 0; i < PAGE_FIELDS; i++)
		buf_addf(&many, "%sa%d=1", i ? "&" : "", i);
	assert_int_equal(request_form(buf_slice(&many), &mem, &f, &n, &e), 0);
	buf_addz(&many, "&b=1");
	assert_int_equal(request_form(buf_slice(&many), &mem, &f, &n, &e), ERR_LIMIT);
	static const char *const bad[] = {"a=%", "a=%0", "a=%00", "%ff=1", "a=%f0%28%8c%28", "a=\x80"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(request_form(slice_of(bad[i]), &mem, &f, &n, &e), ERR_SYNTAX);
	char name[FORM_FIELD_NAME + 4];
	memset(name, 'n', sizeof name);
	assert_int_equal(request_form(slice_make(name, FORM_FIELD_NAME + 1), &mem, &f, &n, &e), ERR_LIMIT);
	assert_int_equal(request_form(slice_make(name, FORM_FIELD_NAME), &mem, &f, &n, &e), 0);
	buf_free(&many);
	arena_free(&mem);
}

/* ---- forms with files ------------------------------------------------------------------------------------------------------------------------------ */

#define TYPE "multipart/form-data; charset=utf-8; boundary=\"xx y\""
#define PART(head, body) "--xx y\r\nContent-Disposition: form-data; " head "\r\n\r\n" body "\r\n"
#define END "--xx y--\r\n"

static int multipart(const char *type, struct slice body, struct arena *mem, struct parts *p)
{
	struct err e;
	return request_multipart(slice_of(type), body, mem, p, &e);
}

static void files(void **state)
{
	struct arena mem;
	struct parts p;
	char got[8] = "";
	(void)state;
	arena_init(&mem);
	const struct slice body = SL(PART("name=\"a\"", "1\r\n2") PART("name=\"f\"; filename=\"x\\y<>.exe\"\r\nContent-Type: a/b", "M\0Z\r\n--xx")
			PART("name=\"empty\"; filename=\"\"", "") PART("name=\"none\"", "") END "rest");
	assert_int_equal(multipart(TYPE, body, &mem, &p), 0);
	assert_int_equal(p.nform, 2);
	assert_int_equal(p.nuploads, 1);
	assert_true(slice_eqz(p.form[0].value, "1\n2") && slice_eqz(p.form[1].name, "none") && p.form[1].value.n == 0);
	assert_true(slice_eqz(p.uploads[0].field, "f") && slice_eqz(p.uploads[0].name, "x\\y<>.exe") && p.uploads[0].size == 9);
	assert_int_equal(read(p.uploads[0].fd, got, sizeof got), 8);
	assert_memory_equal(got, "M\0Z\r\n--x", 8);
	parts_close(&p);
	static const char *const bad[] = {"", "--xx y", "--xx y\r\n", "--xx y\r\n\r\n", "junk" PART("name=\"a\"", "1") END, PART("name=\"a\"", "1"), PART("name=\"a\"", "1") "--xx yz\r\n",
		PART("filename=\"a\"", "1") END, PART("name=\"a", "1") END, PART("name=\"\"", "1") END, PART("xname=\"a\"", "1") END, PART("name=\"\xff\"", "1") END, PART("name=\"a\"", "\xff") END};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (multipart(TYPE, slice_of(bad[i]), &mem, &p) != ERR_SYNTAX)
			fail_msg("%zu: %s", i, bad[i]);
		parts_close(&p);
	}
	assert_int_equal(multipart(TYPE, SL(PART("name=\"a\0b\"", "1") END), &mem, &p), ERR_SYNTAX);
	assert_int_equal(multipart(TYPE, SL(PART("name=\"a\"; filename=\"a\0b\"", "1") END), &mem, &p), ERR_SYNTAX);
	const struct slice fine = SL(PART("name=\"a\"", "1") END);
	assert_int_equal(multipart("multipart/form-data", fine, &mem, &p), ERR_SYNTAX);
	assert_int_equal(multipart("multipart/form-data; boundary=", fine, &mem, &p), ERR_SYNTAX);
	assert_int_equal(multipart("multipart/form-data; boundary=other", fine, &mem, &p), ERR_SYNTAX);
	arena_free(&mem);
}

static void too_many_files(void **state)
{
	struct arena mem;
	struct parts p;
	struct buf b = {0};
	(void)state;
	arena_init(&mem);
	for (int i = 0; i <= PAGE_UPLOADS; i++)
		buf_addz(&b, PART("name=\"f\"; filename=\"x\"", "1"));
	buf_addz(&b, END);
	assert_int_equal(multipart(TYPE, buf_slice(&b), &mem, &p), ERR_LIMIT);
	assert_int_equal(p.nuploads, PAGE_UPLOADS);
	parts_close(&p);
	assert_int_equal(p.nuploads, 0);
	b.n = 0;
	for (int i = 0; i <= PAGE_FIELDS; i++)
		buf_addz(&b, PART("name=\"a\"", "1"));
	buf_addz(&b, END);
	assert_int_equal(multipart(TYPE, buf_slice(&b), &mem, &p), ERR_LIMIT);
	buf_free(&b);
	arena_free(&mem);
}

/* ---- the rest of the header --------------------------------------------------------------------------------------------------------------------------- */

static void cookies(void **state)
{
	(void)state;
	assert_true(slice_eqz(request_cookie(SL("a=1; postern=xyz; b=2"), "postern"), "xyz"));
	assert_true(slice_eqz(request_cookie(SL("postern=xyz"), "postern"), "xyz"));
	assert_true(request_cookie(SL("postern=1; postern=2"), "postern").p == NULL); /* whose is it? */
	assert_true(request_cookie(SL("xpostern=1; Postern=2; postern"), "postern").p == NULL);
	assert_true(request_cookie(SLICE_NONE, "postern").p == NULL);
	assert_true(equal_secret(SL("abc"), SL("abc")) && !equal_secret(SL("abc"), SL("abd")) && !equal_secret(SL("ab"), SL("abc")) && !equal_secret(SLICE_NONE, SLICE_NONE));
	assert_int_equal(request_language(SL("fr-FR, de-AT;q=0.8, en"), LURE_KO), LURE_DE);
	assert_int_equal(request_language(SL("ko"), LURE_EN), LURE_KO);
	assert_int_equal(request_language(SL("kok, dexx, *"), LURE_EN), LURE_EN);
	assert_int_equal(request_language(SL(",,,;;;"), LURE_DE), LURE_DE);
}

static void routes(void **state)
{
	struct arena mem;
	struct target t;
	const struct route *r;
	struct slice arg[PAGE_ARGS];
	unsigned allowed;
	(void)state;
	arena_init(&mem);
	for (const struct route *const *table = route_tables; *table; table++)
		for (const struct route *x = *table; x->path; x++) { /* every row is found under its own path */
			struct buf path = {0};
			for (const char *p = x->path; *p; p++)
				if (p[0] == '{' && p[1] == '}') {
					buf_addz(&path, "an%2Bid");
					p++;
				} else {
					buf_addc(&path, *p);
				}
			buf_addc(&path, 0);
			assert_int_equal(target(path.p, &mem, &t), 0);
			assert_int_equal(route_find(&t, x->method, &r, arg, &allowed), 0);
			assert_ptr_equal(r, x);
			assert_true(x->fn && x->path[0] == '/' && (allowed & x->method));
			if (strstr(x->path, "{}"))
				assert_true(slice_eqz(arg[0], "an+id"));
			buf_free(&path);
		}
	assert_int_equal(target("/no/such/page", &mem, &t), 0);
	assert_int_equal(route_find(&t, METHOD_GET, &r, arg, &allowed), 404);
	assert_int_equal(target("/logout", &mem, &t), 0);
	assert_int_equal(route_find(&t, METHOD_GET, &r, arg, &allowed), 405);
	assert_int_equal(allowed, METHOD_POST);
	arena_free(&mem);
}

/* ---- the catalogue --------------------------------------------------------------------------------------------------------------------------------------- */

static size_t places(const char *s)
{
	size_t n = 0;
	for (; *s; s++)
		if (*s == '%') {
			if (s[1] != 's')
				return 99; /* html_put() knows no other */
			n++;
		}
	return n;
}

/* Names of standards are the same everywhere. */
static bool is_name(int t)
{
	return t == TX_PO_NIST || t == TX_PO_BSI || t == TX_PO_ISO;
}

static void texts(void **state)
{
	(void)state;
	for (int t = TX_NONE + 1; t < TEXT_COUNT; t++)
		for (int l = 0; l < LURE_LANGUAGES; l++) {
			const char *s = text_of((enum text)t, (enum lure_language)l), *one = text_form((enum text)t, (enum lure_language)l, 1);
			bool nothing = !*text_of((enum text)t, LURE_EN); /* a mark between texts */
			bool fine = t == TX_MONTHS || (nothing && !*s) || (*s && *one && slice_utf8(slice_of(s)) && places(s) <= 1 && places(s) == places(text_of((enum text)t, LURE_EN)) && places(one) <= 1);
			if (!fine)
				fail_msg("text %s, language %d: \"%s\" \"%s\"", text_id((enum text)t), l, s, one);
			if (l == LURE_KO && t != TX_MONTHS && !is_name(t) && strcmp(s, text_of((enum text)t, LURE_DE)) == 0 && slice_has(slice_of(s), SL(" ")))
				fail_msg("text %s is not translated: \"%s\"", text_id((enum text)t), s);
		}
}

static const char *written(struct buf *b)
{
	buf_addc(b, 0);
	b->n = 0;
	return b->p;
}

static void writing(void **state)
{
	struct request q = {.language = LURE_EN};
	struct buf b = {0};
	(void)state;
	html_foreign(&b, SL("<b>\"&'\x1b[2J\xe2\x80\xae\xff"));
	assert_null(strpbrk(written(&b) + 5, "\x1b\xff\""));
	html_foreign(&b, SL("<i>"));
	assert_string_equal(written(&b), "<bdi>&lt;i&gt;</bdi>");
	html_path(&b, SL("a/b?c=d&e \"\xc3\xbc"));
	assert_string_equal(written(&b), "a%2Fb%3Fc%3Dd%26e%20%22%C3%BC");
	html_action(&b, "/x/{}/note", SL("a/b"));
	assert_string_equal(written(&b), "/x/a%2Fb/note");
	html_action(&b, "/x/", SL("a b"));
	assert_string_equal(written(&b), "/x/a%20b");
	html_time(&q, &b, 1795712400 * NS_SEC);
	assert_string_equal(written(&b), "<time datetime=\"2026-11-26T17:00:00.000Z\">26 Nov 2026, 17:00</time>");
	html_number(&q, &b, TX_USERS_COUNT, 1);
	assert_string_equal(written(&b), "1 user");
	html_number(&q, &b, TX_USERS_COUNT, 1234567);
	assert_string_equal(written(&b), "1,234,567 users");
	html_span(&q, &b, 36 * NS_HOUR);
	assert_string_equal(written(&b), "36 hours");
	html_span(&q, &b, NS_HOUR);
	assert_string_equal(written(&b), "1 hour");
	q.language = LURE_DE;
	html_time(&q, &b, 1795712400 * NS_SEC);
	assert_non_null(strstr(written(&b), "26.11.2026, 17:00"));
	html_number(&q, &b, TX_USERS_COUNT, 1234567);
	assert_string_equal(written(&b), "1.234.567 Benutzer");
	q.language = LURE_KO;
	html_time(&q, &b, 1795712400 * NS_SEC);
	assert_non_null(strstr(written(&b), "2026. 11. 26. 17:00"));
	html_with(&q, &b, TX_LOGGED_IN_AS, SL("<x>"));
	assert_non_null(strstr(written(&b), "<bdi>&lt;x&gt;</bdi>"));
	html_time(&q, &b, NSTIME_NONE);
	assert_string_equal(written(&b), "-");
	buf_free(&b);
}

static void asking(void **state)
{
	char field[8];
	(void)state;
	ask_set(field, sizeof field, SL("1234567"));
	assert_string_equal(field, "1234567");
	ask_set(field, sizeof field, SL("12345678")); /* never cut: page_ask() refuses it */
	assert_null(memchr(field, 0, sizeof field));
	ask_set(field, sizeof field, slice_make("a\0b", 3));
	assert_null(memchr(field, 0, sizeof field));
	ask_set(field, sizeof field, SLICE_NONE);
	assert_string_equal(field, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths), cmocka_unit_test(forms), cmocka_unit_test(files), cmocka_unit_test(too_many_files), cmocka_unit_test(cookies), cmocka_unit_test(routes),
		cmocka_unit_test(texts), cmocka_unit_test(writing), cmocka_unit_test(asking),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
