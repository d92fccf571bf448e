/* test_pattern.c - the little language of decoder rows: what fits, what is captured, and what hostile text cannot do. */
#include "decode/decode_private.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>

static struct rowset *one_row(const char *pattern, const char *set)
{
	const struct row rows[] = {{pattern, ACT_LOGIN, OUTCOME_SUCCESS, set}, {0}};
	struct err e = {0};
	struct rowset *r = rowset_new(rows, "test", &e);
	if (!r)
		fail_msg("%s: %s", pattern, e.text);
	return r;
}

/* "user.name=mara;source.port=22" of what the last match captured. */
static void captured(const struct decoder *d, struct buf *out)
{
	out->n = 0;
	for (unsigned i = 0; i < d->ncap; i++) {
		if (i)
			buf_addc(out, ';');
		buf_addf(out, "%s=", field_table[d->cap[i].field].name);
		buf_adds(out, d->cap[i].text);
	}
}

/* A message in memory of exactly its size, so that reading past it is seen. True: as wanted. */
static bool check(const char *pattern, struct slice msg, const char *want)
{
	struct decoder *d = xcalloc(1, sizeof *d);
	struct rowset *r = one_row(pattern, NULL);
	struct buf got = {0};
	char *copy = xmalloc(MAX(msg.n, (size_t)1));
	memcpy(copy, msg.p, msg.n);
	const struct crow *c = rowset_match(d, r, slice_make(copy, msg.n));
	if (c)
		captured(d, &got);
	bool ok = (c != NULL) == (want != NULL) && (!c || slice_eqz(buf_slice(&got), want));
	if (!ok)
		print_error("\"%s\" on \"%.*s\": %s \"%.*s\", want \"%s\"\n", pattern, SLFMT(msg), c ? "captured" : "no match", SLFMT(buf_slice(&got)),
			want ? want : "no match");
	buf_free(&got);
	rowset_free(r);
	free(copy);
	free(d);
	return ok;
}

static const struct {
	const char *pattern, *msg, *want; /* want NULL: does not fit */
} fits[] = {
	/* literals are the whole message, from end to end */
	{"session closed", "session closed", ""},
	{"session closed", "session close", NULL},
	{"session closed", "session closed!", NULL},
	{"session closed", " session closed", NULL},
	{"session closed", "Session closed", NULL},
	{"session closed", "session closed \r", ""}, /* blanks at the end are cut */
	{"session closed", "session closed\t", NULL},
	{"session closed", "", NULL},
	{"a{{b}c", "a{b}c", ""},
	{"{{{user.name}", "{mara", "user.name=mara"},
	{"100%", "100%", ""},
	/* captures: the shortest run up to what follows, the last takes the rest */
	{"for {user.name}", "for mara", "user.name=mara"},
	{"for {user.name}", "for ", NULL}, /* its blank was cut */
	{"for {user.name} from {source.ip}", "for mara from 192.0.2.1", "user.name=mara;source.ip=192.0.2.1"},
	{"for {user.name} from x", "for  from x", "user.name="},
	{"for {user.name} from {message}", "for a from b from c", "user.name=a;message=b from c"},
	{"for {user.name*} from {message}", "for a from b from c", "user.name=a from b;message=c"},
	{"{user.name}:{user.id}:", "a:b:", "user.name=a;user.id=b"},
	{"{user.name}:{user.id}:", "a:b:c:", "user.name=a;user.id=b:c"}, /* backtracks to reach the end */
	{"{user.name}", "any thing at all", "user.name=any thing at all"},
	{"{}user {user.name}", "the user mara", "user.name=mara"},
	{"x{}", "x", ""},
	{"x{}y", "xy", ""},
	{"{user.name}{user.id}", "ab", "user.name=;user.id=ab"},
	{"{user.name*}{user.id}", "ab", "user.name=ab;user.id="},
	/* numbers and addresses by the type of their field */
	{"port {source.port}", "port 22", "source.port=22"},
	{"port {source.port}", "port -1", NULL},
	{"port {source.port}", "port 22 ", "source.port=22"},
	{"port {source.port}", "port x", NULL},
	{"port {source.port}", "port", NULL},
	{"port {source.port} ssh2", "port  ssh2", NULL},
	{"from {source.ip} port", "from 192.0.2.1 port", "source.ip=192.0.2.1"},
	{"from {source.ip} port", "from 2001:db8::1%eth0 port", "source.ip=2001:db8::1%eth0"},
	{"from {source.ip} port", "from gw-1.x_y.example port", "source.ip=gw-1.x_y.example"},
	{"from {source.ip} port", "from a b port", NULL},
	{"from {source.ip} port", "from 1.2.3.4;rm port", NULL},
	{"from {source.ip} port", "from  port", NULL},
	{"from {source.ip}:{source.port}", "from 192.0.2.1:22", "source.ip=192.0.2.1;source.port=22"},
	{"from {source.ip}:{source.port}", "from 2001:db8::1:22", "source.ip=2001:db8::1;source.port=22"},
	{"from {source.ip}[?: {message}?]", "from 192.0.2.1: gone", "source.ip=192.0.2.1;message=gone"},
	{"from {source.ip}[?: {message}?]", "from 192.0.2.1", "source.ip=192.0.2.1"},
	{"from {source.ip}[? port {source.port}?]:[? ?]3: {message}", "from 192.0.2.1 port 22:3: gone", "source.ip=192.0.2.1;source.port=22;message=gone"},
	{"from {source.ip}[? port {source.port}?]:[? ?]3: {message}", "from 192.0.2.1: 3: gone", "source.ip=192.0.2.1;message=gone"},
	{"from {source.ip}[? port {source.port}?]:[? ?]3: {message}", "from 2001:db8::3: 3: gone", "source.ip=2001:db8::3;message=gone"},
	{"from {source.ip}[? port {source.port}?]:[? ?]3: {message}", "from 2001:db8::1:3: gone", NULL},
	{"from {source.ip}[? port {source.port}?]:[? ?]3: {message}", "from 192.0.2.1 port 22:11: gone", NULL},
	/* a tail that fits in one way is read from the right */
	{"from {user.name*} {source.ip} port {source.port}", "from mara 192.0.2.1 port 22", "user.name=mara;source.ip=192.0.2.1;source.port=22"},
	{"from {user.name*} {source.ip} port {source.port}", "from a 1.2.3.4 port 5 192.0.2.1 port 22", "user.name=a 1.2.3.4 port 5;source.ip=192.0.2.1;source.port=22"},
	{"from {user.name*} {source.ip} port {source.port}", "from  192.0.2.1 port 22", "user.name=;source.ip=192.0.2.1;source.port=22"},
	{"from {user.name*} {source.ip} port {source.port}", "from 192.0.2.1 port 22", NULL},
	{"from {user.name*} {source.ip} port {source.port}", "from a  port 22", NULL},
	{"from {user.name*} {source.ip} port {source.port}", "from a 192.0.2.1 port ", NULL},
	{"from {user.name*} {source.ip} port {source.port}", "from a b;c port 22", NULL},
	{"{user.name*} ({user.id:d})", "a (1) (2)", "user.name=a (1);user.id=2"},
	{"{user.name*} ({user.id:d})", "a (1) (2) ", "user.name=a (1);user.id=2"},
	{"[?for {user.name*} ?]{message*} at {source.port}", "for a b at 7", "user.name=a;message=b;source.port=7"},
	{"[?for {user.name*} at ?]{message*} at {source.port}", "for b at 7", "message=for b;source.port=7"},
	/* classes */
	{"u={user.name:w} {message}", "u=mara says hello", "user.name=mara;message=says hello"},
	{"u={user.name:w}", "u=two words", NULL},
	{"u={user.name:w}", "u=", NULL},
	{"u={user.name:w};", "u=;", NULL},
	{"u={user.name:w};", "u=gr\xc3\xbc\xc3\x9f;", "user.name=gr\xc3\xbc\xc3\x9f"},
	{"u={user.name:w};", "u=a\tb;", NULL},
	{"id {user.id:d}", "id 1000", "user.id=1000"},
	{"id {user.id:d}", "id 1000x", NULL},
	{"h {source.address:a}.", "h a.b.c.", "source.address=a.b.c"},
	{"[{:d}]: {:w} {message}", "[12]: skipped kept", "message=kept"},
	{"[{:d}]: x", "[]: x", NULL},
	{"{user.name*:w}@{user.domain}", "a@b@c", "user.name=a@b;user.domain=c"},
	/* optional parts */
	{"a[? b?] c", "a c", ""},
	{"a[? b?] c", "a b c", ""},
	{"a[? b?] c", "a b b c", NULL},
	{"[?x ?]y", "y", ""},
	{"[?x ?]y", "x y", ""},
	{"login[? of {user.name}?][? from {source.ip}?]", "login", ""},
	{"login[? of {user.name}?][? from {source.ip}?]", "login of mara", "user.name=mara"},
	{"login[? of {user.name}?][? from {source.ip}?]", "login from 192.0.2.1", "source.ip=192.0.2.1"},
	{"login[? of {user.name}?][? from {source.ip}?]", "login of mara from 192.0.2.1", "user.name=mara;source.ip=192.0.2.1"},
	{"{user.name}[? ({user.id})?]", "mara (1000)", "user.name=mara;user.id=1000"},
	{"{user.name}[? ({user.id})?]", "mara", "user.name=mara"},
	{"x[? {user.name:w}?]", "x", ""},
	{"x[?{user.name:w} ok?]{message}", "xno", "message=no"}, /* a capture of a part that failed is forgotten */
};

static void test_fits(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fits); i++)
		wrong += !check(fits[i].pattern, slice_of(fits[i].msg), fits[i].want);
	assert_int_equal(wrong, 0);
}

/* Bytes are bytes: NUL, newline and what is not UTF-8 are captured like any other. */
static void test_bytes(void **state)
{
	static const char msg[] = "for \0\n\xff\x1b port 22";
	struct decoder *d = xcalloc(1, sizeof *d);
	struct rowset *r = one_row("for {user.name} port {source.port}", NULL);

	(void)state;
	assert_non_null(rowset_match(d, r, slice_make(msg, sizeof msg - 1)));
	assert_int_equal(d->ncap, 2);
	assert_true(slice_eq(d->cap[0].text, slice_make("\0\n\xff\x1b", 4)));
	assert_ptr_equal(d->cap[0].text.p, msg + 4); /* borrowed */
	rowset_free(r);
	free(d);
}

/* A user name that ends like the rest of the line must not move the address: with a star it cannot. */
static void test_forged(void **state)
{
	static const struct {
		const char *msg, *user, *ip, *port;
	} rows[] = {
		{"Failed password for invalid user a from 203.0.113.9 port 1 ssh2 from 198.51.100.7 port 40022 ssh2",
			"invalid user a from 203.0.113.9 port 1 ssh2", "198.51.100.7", "40022"},
		{"Failed password for  from 203.0.113.9 port 9 ssh2 from 198.51.100.7 port 40022 ssh2", " from 203.0.113.9 port 9 ssh2", "198.51.100.7",
			"40022"},
		{"Failed password for  from 198.51.100.7 port 40022 ssh2", "", "198.51.100.7", "40022"},
	};
	struct decoder *d = xcalloc(1, sizeof *d);
	struct rowset *r = one_row("Failed password for {user.name*} from {source.ip} port {source.port} ssh2", NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_non_null(rowset_match(d, r, slice_of(rows[i].msg)));
		assert_int_equal(d->ncap, 3);
		assert_true(slice_eqz(d->cap[0].text, rows[i].user));
		assert_true(slice_eqz(d->cap[1].text, rows[i].ip));
		assert_true(slice_eqz(d->cap[2].text, rows[i].port));
	}
	rowset_free(r);
	free(d);
}

/* The first row that fits counts; rows that begin with a capture keep their place among the others. */
static void test_order(void **state)
{
	static const struct row rows[] = {
		{"stop {user.name:w}", ACT_LOGOUT, OUTCOME_NONE, NULL},
		{"{message} now", ACT_NOTICE, OUTCOME_UNKNOWN, NULL},
		{"stop {message}", ACT_ERROR, OUTCOME_FAILURE, "event.reason=late;source.port=7"},
		{"[?very ?]late", ACT_BOOT, OUTCOME_SUCCESS, NULL},
		{0},
	};
	static const struct {
		const char *msg;
		enum action action;
	} want[] = {
		{"stop mara", ACT_LOGOUT}, {"stop it now", ACT_NOTICE}, {"stop all of it", ACT_ERROR}, {"late", ACT_BOOT}, {"very late", ACT_BOOT},
		{"go now", ACT_NOTICE}, {"go", ACT_NONE}, {"\xff now", ACT_NOTICE}, {"", ACT_NONE}, {"    ", ACT_NONE},
	};
	struct decoder *d = xcalloc(1, sizeof *d);
	struct err e;
	struct rowset *r = rowset_new(rows, "test", &e);

	(void)state;
	assert_non_null(r);
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		const struct crow *c = rowset_match(d, r, slice_of(want[i].msg));
		if ((c ? crow_action(c) : ACT_NONE) != want[i].action)
			fail_msg("\"%s\": %s", want[i].msg, action_table[c ? crow_action(c) : ACT_NONE].id);
	}
	const struct crow *c = rowset_match(d, r, SL("stop all of it"));
	assert_int_equal(crow_outcome(c), OUTCOME_FAILURE);
	assert_int_equal(d->ncap, 3); /* constants follow what was captured */
	assert_int_equal(d->cap[1].field, F_EVENT_REASON);
	assert_true(slice_eqz(d->cap[1].text, "late"));
	assert_int_equal(d->cap[2].field, F_SOURCE_PORT);
	assert_true(slice_eqz(d->cap[2].text, "7"));
	assert_null(rowset_match(d, r, SL("go")));
	rowset_free(r);
	rowset_free(NULL);
	free(d);
}

/* Mistakes in a table are told at start, with the owner's name. */
static void test_mistakes(void **state)
{
	static const struct {
		const char *pattern, *set;
	} rows[] = {
		{"{no.such.field}", NULL}, {"{user.name", NULL}, {"{user.name:q}", NULL}, {"{user.name:}x{", NULL}, {"[?a[?b?]?]", NULL}, {"a?]", NULL},
		{"[?a", NULL}, {"a", "user.name"}, {"a", "no.such=1"}, {"a", "user.id=1;user.id=2;user.id=3;user.id=4;user.id=5"}, {"{*user.name}", NULL},
		{"a{}b{}c{}d{}e{}f{}g{}h{}i{}j{}k{}l{}m{}n{}o{}p{}q{}r{}s{}t{}u{}v{}w{}x{}y{}z{}a{}b{}c{}d{}e{}f{}g{}", NULL},
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row table[] = {{"fine", ACT_LOGIN, OUTCOME_NONE, NULL}, {rows[i].pattern, ACT_LOGIN, OUTCOME_NONE, rows[i].set}, {0}};
		e = (struct err){0};
		if (rowset_new(table, "owner", &e))
			fail_msg("accepted: %s", rows[i].pattern);
		assert_non_null(strstr(e.text, "owner"));
		assert_true(e.code < 0);
	}
}

/* ---- hostile text -------------------------------------------------------------------------------------------- */

/* The limit is looked at behind a search, and a search of a huge line costs a step per 256 bytes: a few of them may pass. */
enum { HUGE_BYTES = 1 << 20, STEPS_LIMIT = 4000 + 8 * (HUGE_BYTES / 256 + 1) };

static struct buf repeated(const char *unit, size_t n, const char *tail)
{
	struct buf b = {0};
	for (size_t i = 0; i < n; i++)
		buf_addz(&b, unit);
	buf_addz(&b, tail);
	return b;
}

/* Many captures over text that is all separator: without a limit this would take longer than the universe. */
static void test_steps(void **state)
{
	static const struct {
		const char *pattern, *unit;
	} rows[] = {
		{"{} {} {} {} {} {} {} {}!", " "},
		{"{user.name*} {user.id*} {message*} {event.reason*}!", " "},
		{"{user.name} from {user.id} from {message} from {event.reason}!", " from "},
		{"{user.name*} from {user.id*} from {message*} from {event.reason*}!", " from "},
		{"{}{}{}{}{}{}!", "a"},
		{"{user.name*}{user.id*}{message*}!", "a"},
		{"{}[? {}?][? {}?][? {}?][? {}?][? {}?]!", " a"},
		{"{:w}{:w}{:w}{:w}{:w}!", "ab"},
		{"{}a{}a{}a{}a{}b{}b{}b{}b!", "aaaabbbb"},
	};
	struct decoder *d = xcalloc(1, sizeof *d);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rowset *r = one_row(rows[i].pattern, NULL);
		struct buf msg = repeated(rows[i].unit, HUGE_BYTES / strlen(rows[i].unit), "?");
		if (rowset_match(d, r, buf_slice(&msg)))
			fail_msg("%s fits", rows[i].pattern);
		if (d->steps > STEPS_LIMIT)
			fail_msg("%s: %u steps", rows[i].pattern, d->steps);
		rowset_free(r);
		buf_free(&msg);
	}
	free(d);
}

/* The limit is for one row: a hostile line that uses up one still reaches the next. */
static void test_steps_per_row(void **state)
{
	static const struct row rows[] = {
		{"{} {} {} {} {} {}!", ACT_ERROR, OUTCOME_NONE, NULL}, {"{message}?", ACT_NOTICE, OUTCOME_NONE, NULL}, {0}};
	struct decoder *d = xcalloc(1, sizeof *d);
	struct err e;
	struct rowset *r = rowset_new(rows, "test", &e);
	struct buf msg = repeated(" ", 3000, "?");

	(void)state;
	const struct crow *c = rowset_match(d, r, buf_slice(&msg));
	assert_non_null(c);
	assert_int_equal(crow_action(c), ACT_NOTICE);
	assert_int_equal(d->ncap, 1);
	assert_int_equal(d->cap[0].text.n, 3000);
	rowset_free(r);
	buf_free(&msg);
	free(d);
}

/* A long but honest line fits all the same. */
static void test_long(void **state)
{
	struct decoder *d = xcalloc(1, sizeof *d);
	struct rowset *r = one_row("for {user.name*} from {source.ip} port {source.port}", NULL);
	struct buf msg = {0}, name = repeated("x", 200000, "");

	(void)state;
	buf_addz(&msg, "for ");
	buf_adds(&msg, buf_slice(&name));
	buf_addz(&msg, " from 192.0.2.1 port 22");
	assert_non_null(rowset_match(d, r, buf_slice(&msg)));
	assert_int_equal(d->cap[0].text.n, 200000);
	assert_true(slice_eqz(d->cap[1].text, "192.0.2.1"));
	rowset_free(r);
	buf_free(&name);
	buf_free(&msg);
	free(d);
}

/* More captures than there is room for are dropped, not written. */
static void test_many_captures(void **state)
{
	struct buf p = {0}, m = {0};
	struct decoder *d = xcalloc(1, sizeof *d);

	(void)state;
	for (int i = 0; i < 28; i++) {
		buf_addz(&p, "{user.name},");
		buf_addz(&m, "x,");
	}
	buf_addc(&p, 0);
	struct rowset *r = one_row(p.p, "user.id=1;group.id=2");
	assert_non_null(rowset_match(d, r, buf_slice(&m)));
	assert_int_equal(d->ncap, CAPTURES_MAX);
	rowset_free(r);
	buf_free(&p);
	buf_free(&m);
	free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits),     cmocka_unit_test(test_bytes), cmocka_unit_test(test_forged),
		cmocka_unit_test(test_order),    cmocka_unit_test(test_mistakes), cmocka_unit_test(test_steps),
		cmocka_unit_test(test_steps_per_row), cmocka_unit_test(test_long), cmocka_unit_test(test_many_captures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
