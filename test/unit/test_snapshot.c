/* test_snapshot.c - the document: every kind there and back, limits, hostile documents, comparing. */
#include "snapshot/snapshot_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Every column of a row with a value of its own; also bytes that JSON has to escape. */
static void fill(struct snapshot *s, void *row, const struct snap_column *c, int seed)
{
	for (int i = 0; c->name; c++, i++) {
		char tmp[80];
		snprintf(tmp, sizeof tmp, "%s %d \"\\\n\x1b[31m \xc3\xa4 %d", c->name, seed, i);
		struct slice text = slice_dup(&s->mem, slice_of(tmp));
		int64_t number = seed * 1000 + i;
		uint32_t word = 1 + (uint32_t)(seed + i) % 2;
		struct snap_list list = {arena_alloc(&s->mem, 2 * sizeof *list.v), 2};
		list.v[0] = text;
		list.v[1] = SL("");
		void *at = (char *)row + c->offset;
		switch (c->type) {
		case SNAP_T_TEXT: memcpy(at, &text, sizeof text); break;
		case SNAP_T_NUMBER: memcpy(at, &number, sizeof number); break;
		case SNAP_T_LIST: memcpy(at, &list, sizeof list); break;
		case SNAP_T_WORD: memcpy(at, &word, sizeof word); break;
		}
	}
}

static struct snapshot *full(int rows)
{
	struct snapshot *s = snapshot_new();
	fill(s, s, snap_head, 7);
	s->host = SL("web1");
	for (int k = 0; k < SNAP_KIND_COUNT; k++)
		for (int i = 0; i < rows; i++)
			fill(s, snapshot_add(s, (enum snap_kind)k), snap_tables[k].columns, i + 1);
	return s;
}

static void same_row(const void *a, const void *b, const struct snap_column *c)
{
	for (; c->name; c++) {
		switch (c->type) {
		case SNAP_T_TEXT: assert_true(slice_eq(snap_text_of(a, c), snap_text_of(b, c))); break;
		case SNAP_T_NUMBER: assert_int_equal(snap_number_of(a, c), snap_number_of(b, c)); break;
		case SNAP_T_WORD: assert_int_equal(snap_word_of(a, c), snap_word_of(b, c)); break;
		case SNAP_T_LIST: {
			struct snap_list x = snap_list_of(a, c), y = snap_list_of(b, c);
			assert_int_equal(x.n, y.n);
			for (size_t i = 0; i < x.n; i++)
				assert_true(slice_eq(x.v[i], y.v[i]));
		}
		}
	}
}

static void test_round_trip(void **state)
{
	(void)state;
	struct err e = {0};
	struct buf a = {0}, b = {0};
	struct snapshot *s = full(5);
	snapshot_write(s, &a);
	struct snapshot *r = snapshot_read(buf_slice(&a), "s.json", &e);
	assert_string_equal(e.text, "");
	assert_non_null(r);
	same_row(s, r, snap_head);
	for (int k = 0; k < SNAP_KIND_COUNT; k++) {
		assert_int_equal(snap_count(r, (enum snap_kind)k), 5);
		for (size_t i = 0; i < 5; i++)
			same_row(snap_row(s, (enum snap_kind)k, i), snap_row(r, (enum snap_kind)k, i), snap_tables[k].columns);
	}
	snapshot_write(r, &b);
	assert_true(slice_eq(buf_slice(&a), buf_slice(&b)));
	snapshot_free(s);
	snapshot_free(r);
	buf_free(&a);
	buf_free(&b);
}

/* What is not told comes back as not told, and costs no byte. */
static void test_nothing_told(void **state)
{
	(void)state;
	struct err e;
	struct buf a = {0};
	struct snapshot *s = snapshot_new();
	s->host = SL("h");
	for (int k = 0; k < SNAP_KIND_COUNT; k++)
		snapshot_add(s, (enum snap_kind)k);
	snapshot_write(s, &a);
	assert_true(slice_has(buf_slice(&a), SL("\"accounts\": [\n{}\n]")));
	struct snapshot *r = snapshot_read(buf_slice(&a), "s.json", &e);
	assert_non_null(r);
	assert_int_equal(r->accounts[0].uid, -1);
	assert_int_equal(r->accounts[0].expires, -1);
	assert_int_equal(r->certificates[0].until, -1);
	assert_int_equal(r->accounts[0].at.line, 0);
	snapshot_free(s);
	snapshot_free(r);
	buf_free(&a);
}

static struct snapshot *read_z(const char *json, struct err *e)
{
	*e = (struct err){0};
	return snapshot_read(slice_of(json), "x.json", e);
}

static void test_laid_out_otherwise(void **state)
{
	(void)state;
	struct err e;
	struct snapshot *s = read_z("\n{ \"accounts\":[ {\"uid\":0,\"new\":{\"deep\":[1]},\"name\":\"root\",\"later\":[\"x\"]} , {\"name\":null}, 7 ],\n\n\"rockets\":[{\"name\":\"x\"}],\"groups\":[{\"members\":[],"
		"\"members\":[\"a\",\"b\"],\"gid\":-5,\"name\":\"\\u0077heel\"}],\"extra\":1,\"names\":[\"w\"],\"live\":\"maybe\",\"as_root\":\"yes\",\"host\":\"web1\",\"postern-snapshot\":1}", &e);
	assert_string_equal(e.text, "");
	assert_non_null(s);
	assert_int_equal(s->naccounts, 2);
	assert_true(slice_eqz(s->accounts[0].name, "root"));
	assert_int_equal(s->accounts[0].uid, 0);
	assert_int_equal(s->ngroups, 1);
	assert_true(slice_eqz(s->groups[0].name, "wheel"));
	assert_int_equal(s->groups[0].gid, -5);
	assert_int_equal(s->groups[0].members.n, 2);
	assert_int_equal(s->names.n, 1);
	assert_int_equal(s->live, SNAP_UNKNOWN);
	assert_int_equal(s->as_root, SNAP_YES);
	snapshot_free(s);
}

static void test_refused(void **state)
{
	(void)state;
	static const struct { const char *json; int code; } bad[] = {
		{"", ERR_SYNTAX},
		{"[]", ERR_SYNTAX},
		{"{}", ERR_SYNTAX},
		{"{\"postern-snapshot\": 1}", ERR_SYNTAX},
		{"{\"postern-snapshot\": 1, \"host\": \"../../etc\"}", ERR_SYNTAX},
		{"{\"postern-snapshot\": 1, \"host\": \"a/b\"}", ERR_SYNTAX},
		{"{\"postern-snapshot\": 1, \"host\": \"a\\u001b\"}", ERR_SYNTAX},
		{"{\"postern-snapshot\": 1, \"host\": [\"a\"]}", ERR_TYPE},
		{"{\"postern-snapshot\": 2, \"host\": \"a\"}", ERR_UNSUPPORTED},
		{"{\"postern-snapshot\": \"1\", \"host\": \"a\"}", ERR_TYPE},
		{"{\"postern-snapshot\": 1, \"host\": \"a\", \"accounts\": [{\"name\": 1}]}", ERR_TYPE},
		{"{\"postern-snapshot\": 1, \"host\": \"a\", \"accounts\": [{\"uid\": 1.5}]}", ERR_TYPE},
		{"{\"postern-snapshot\": 1, \"host\": \"a\", \"accounts\": [{\"uid\": 18446744073709551615}]}", ERR_TYPE},
		{"{\"postern-snapshot\": 1, \"host\": \"a\", \"accounts\": [{\"name\": [\"root\"]}]}", ERR_TYPE},
		{"{\"postern-snapshot\": 1, \"host\": \"a\", \"groups\": [{\"members\": \"root\"}]}", ERR_TYPE},
		{"{\"postern-snapshot\": 1, \"host\": \"a\", \"groups\": [{\"members\": [1]}]}", ERR_TYPE},
		{"{\"postern-snapshot\": 1, \"host\": \"a\"} x", ERR_SYNTAX},
		{"{\"postern-snapshot\": 1, \"host\": \"\xff\"}", ERR_SYNTAX},
	};
	struct err e;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct snapshot *s = read_z(bad[i].json, &e);
		if (s || e.code != bad[i].code || !e.text[0])
			fail_msg("%s: %d %s", bad[i].json, e.code, e.text);
	}
}

static void expect_limit(struct buf *b)
{
	struct err e = {0};
	assert_null(snapshot_read(buf_slice(b), "x.json", &e));
	assert_int_equal(e.code, ERR_LIMIT);
	b->n = 0;
	buf_addz(b, "{\"postern-snapshot\": 1, \"host\": \"a\", ");
}

static void test_limits(void **state)
{
	(void)state;
	struct buf b = {0};
	for (int i = 0; i < 70; i++)
		buf_addz(&b, "{\"a\":");
	buf_addz(&b, "1");
	for (int i = 0; i < 70; i++)
		buf_addc(&b, '}');
	expect_limit(&b);
	buf_addz(&b, "\"facts\": [{}");
	for (int i = 0; i < SNAP_ROWS_MAX; i++)
		buf_addz(&b, ",{}");
	buf_addz(&b, "]}");
	expect_limit(&b);
	buf_addz(&b, "\"facts\": [{\"name\": \"");
	for (int i = 0; i <= SNAP_TEXT_MAX; i++)
		buf_addc(&b, 'x');
	buf_addz(&b, "\"}]}");
	expect_limit(&b);
	buf_addz(&b, "\"groups\": [{\"members\": [\"\"");
	for (int i = 0; i < SNAP_LIST_MAX; i++)
		buf_addz(&b, ",\"\"");
	buf_addz(&b, "]}]}");
	expect_limit(&b);
	while (b.n <= SNAP_BYTES_MAX)
		buf_addz(&b, "                                                                ");
	expect_limit(&b);
	buf_free(&b);
}

struct told {
	size_t added, removed, changed;
	struct buf text;
};

static void tell(void *arg, const struct snap_difference *d)
{
	struct told *t = arg;
	t->added += d->change == SNAP_ADDED;
	t->removed += d->change == SNAP_REMOVED;
	t->changed += d->change == SNAP_CHANGED;
	buf_addf(&t->text, "%s", snap_kind_name(d->kind));
	for (size_t i = 0; i < d->ncolumns; i++)
		buf_addf(&t->text, " %s", d->columns[i]->name);
	buf_addc(&t->text, '\n');
	assert_int_equal(d->before == NULL, d->change == SNAP_ADDED);
	assert_int_equal(d->after == NULL, d->change == SNAP_REMOVED);
}

#define HEAD "{\"postern-snapshot\":1,\"host\":\"a\","
static void expect_difference(const char *before, const char *after, const char *text, size_t hidden)
{
	struct err e;
	struct told t = {0};
	size_t hid = 99;
	struct snapshot *a = read_z(before, &e), *b = read_z(after, &e);
	assert_non_null(a);
	assert_non_null(b);
	snapshot_compare(a, b, tell, &t, &hid);
	buf_addc(&t.text, 0);
	assert_string_equal(t.text.p, text);
	assert_int_equal(hid, hidden);
	buf_free(&t.text);
	snapshot_free(a);
	snapshot_free(b);
}

static void test_compare(void **state)
{
	(void)state;
	expect_difference(HEAD "\"accounts\":[{\"name\":\"a\",\"line\":3,\"uid\":1},{\"name\":\"b\"}]}", HEAD "\"accounts\":[{\"name\":\"b\"},{\"name\":\"a\",\"line\":9,\"uid\":1}]}", "", 0);
	expect_difference(HEAD "\"accounts\":[{\"name\":\"a\",\"uid\":1}]}", HEAD "\"accounts\":[{\"name\":\"a\",\"uid\":0,\"shell\":\"/bin/sh\"}]}", "account uid shell\n", 0);
	expect_difference(HEAD "\"accounts\":[]}", HEAD "\"accounts\":[{\"name\":\"a\"}]}", "account\n", 0);
	/* Of three rows of one key the equal ones are paired, whatever their order. */
	expect_difference(HEAD "\"facts\":[{\"name\":\"l\",\"value\":\"1\"},{\"name\":\"l\",\"value\":\"2\"}]}",
		HEAD "\"facts\":[{\"name\":\"l\",\"value\":\"2\"},{\"name\":\"l\",\"value\":\"3\"},{\"name\":\"l\",\"value\":\"1\"}]}", "fact\n", 0);
	/* What one side could not read is no change. */
	expect_difference(HEAD "\"sudo\":[{\"who\":[\"a\"]}],\"missing\":[{\"section\":\"package\",\"why\":\"x\"}]}",
		HEAD "\"sudo\":[],\"packages\":[{\"name\":\"x\"}],\"missing\":[{\"section\":\"sudo\",\"why\":\"x\"},{\"section\":\"package\",\"why\":\"x\"}]}", "missing\n", 2);
	/* A line that could not be understood hides nothing, a file that could not be read does. */
	expect_difference(HEAD "\"missing\":[{\"section\":\"authorized_key\",\"file\":\"/k\",\"line\":3}]}",
		HEAD "\"authorized_keys\":[{\"file\":\"/k\",\"account\":\"bob\"}],\"missing\":[{\"section\":\"authorized_key\",\"file\":\"/k\",\"line\":3}]}", "authorized_key\n", 0);
	expect_difference(HEAD "\"missing\":[{\"section\":\"authorized_key\",\"file\":\"/k\"}]}",
		HEAD "\"authorized_keys\":[{\"file\":\"/k\",\"account\":\"bob\"}],\"missing\":[{\"section\":\"authorized_key\",\"file\":\"/k\"}]}", "", 1);
	expect_difference(HEAD "\"authorized_keys\":[{\"account\":\"bob\",\"fingerprint\":\"1\"},{\"account\":\"eve\",\"fingerprint\":\"1\"}]}",
		HEAD "\"missing\":[{\"section\":\"authorized_key\",\"account\":\"bob\",\"why\":\"x\"}]}", "authorized_key\nmissing\n", 1);
}

static void test_compare_full(void **state)
{
	(void)state;
	struct told t = {0};
	struct snapshot *a = full(4), *b = full(6), *none = snapshot_new();
	a->nmissing = b->nmissing = 0; /* else nothing counts as read */
	snapshot_compare(a, a, tell, &t, NULL);
	assert_int_equal(t.text.n, 0);
	snapshot_compare(a, b, tell, &t, NULL);
	assert_int_equal(t.added, 2 * (SNAP_KIND_COUNT - 1));
	assert_int_equal(t.removed + t.changed, 0);
	snapshot_compare(b, none, tell, &t, NULL);
	assert_int_equal(t.removed, 6 * (SNAP_KIND_COUNT - 1));
	buf_free(&t.text);
	snapshot_free(a);
	snapshot_free(b);
	snapshot_free(none);
}

static void expect_text(enum snap_kind k, const char *row, const char *want)
{
	struct err e;
	struct buf doc = {0}, out = {0};
	buf_addf(&doc, HEAD "\"%s\":[%s]}", snap_tables[k].many, row);
	struct snapshot *s = snapshot_read(buf_slice(&doc), "x", &e);
	assert_non_null(s);
	snapshot_row_text(s, k, snap_row(s, k, 0), &out);
	buf_addc(&out, 0);
	assert_string_equal(out.p, want);
	buf_free(&doc);
	buf_free(&out);
	snapshot_free(s);
}

static void test_text(void **state)
{
	(void)state;
	expect_text(SNAP_K_authorized_key, "{\"file\":\"/root/.ssh/authorized_keys\",\"line\":3,\"account\":\"root\",\"fingerprint\":\"SHA256:x\",\"comment\":\"alice@laptop\"}",
		"key SHA256:x (alice@laptop) opens root, /root/.ssh/authorized_keys:3");
	expect_text(SNAP_K_authorized_key, "{\"account\":\"r\",\"fingerprint\":\"F\",\"authority\":\"yes\",\"from\":\"10.0.0.0/8\"}", "key F opens r, and so does what it signs, from 10.0.0.0/8");
	expect_text(SNAP_K_sudo, "{\"who\":[\"a\",\"%b\"],\"commands\":[\"ALL\"],\"nopasswd\":\"yes\"}", "a, %b may run ALL by sudo, without a password");
	expect_text(SNAP_K_sudo, "{\"who\":[\"a\"],\"commands\":[\"ALL\"],\"nopasswd\":\"no\"}", "a may run ALL by sudo");
	/* every kind has a form, and every form names columns that exist: a full row leaves nothing out */
	struct snapshot *s = full(1);
	for (int k = 0; k < SNAP_KIND_COUNT; k++) {
		struct buf out = {0};
		snapshot_row_text(s, (enum snap_kind)k, snap_row(s, (enum snap_kind)k, 0), &out);
		assert_true(out.n > 20);
		assert_false(slice_has(buf_slice(&out), SL("{")));
		buf_free(&out);
	}
	snapshot_free(s);
}

static void test_load(void **state)
{
	(void)state;
	struct err e;
	assert_null(snapshot_load("/nonexistent", &e));
	assert_int_equal(e.code, ERR_NOENT);
	assert_null(snapshot_load("/dev/null", &e));
	assert_int_equal(e.code, ERR_LIMIT);
	assert_null(snapshot_load("/", &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_nothing_told), cmocka_unit_test(test_laid_out_otherwise), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_compare), cmocka_unit_test(test_compare_full), cmocka_unit_test(test_text), cmocka_unit_test(test_load),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
