/* test_event.c - events, values, findings, and an event as JSON. */
#include "event/event.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>

#include "test_json.h"

/* ---- tables -------------------------------------------------------------------------------------------------- */

/* No two rows of one name, and every row is found by it. */
static void test_tables(void **state)
{
	(void)state;
	for (int i = 1; i < FIELD_COUNT; i++) {
		assert_non_null(field_table[i].name);
		assert_int_equal(field_by_name(slice_of(field_table[i].name)), i);
	}
	for (int i = 1; i < ACTION_COUNT; i++) {
		assert_true(*action_table[i].name && *action_table[i].category && *action_table[i].type);
		enum action found = action_by_name(slice_of(action_table[i].name)); /* two may share a name: GET and POST */
		assert_string_equal(action_table[found].name, action_table[i].name);
		assert_true(found <= (enum action)i);
	}
	assert_int_equal(field_by_name(SL("no.such.field")), F_NONE);
	assert_int_equal(field_by_name(SLICE_NONE), F_NONE);
	assert_int_equal(action_by_name(SL("no-such-action")), ACT_NONE);
	assert_int_equal(action_by_name(SLICE_NONE), ACT_NONE);
}

static void test_names(void **state)
{
	enum level l;

	(void)state;
	for (int i = 0; i < LEVEL_COUNT; i++) {
		assert_true(level_parse(slice_of(level_name((enum level)i)), &l));
		assert_int_equal(l, i);
	}
	assert_true(level_parse(SL("INFO"), &l));
	assert_int_equal(l, LEVEL_INFO);
	assert_true(level_parse(SL("High"), &l));
	assert_int_equal(l, LEVEL_HIGH);
	assert_false(level_parse(SL("hig"), &l));
	assert_false(level_parse(SL("highest"), &l));
	assert_false(level_parse(SLICE_NONE, &l));
	for (int i = 0; i < ENT_COUNT; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(entity_name((enum entity_type)i), entity_name((enum entity_type)k));
	for (int i = STAGE_NONE + 1; i < STAGE_COUNT; i++)
		assert_true(*stage_name((enum stage)i) && *stage_title((enum stage)i));
	assert_string_equal(outcome_name(OUTCOME_NONE), "");
	assert_string_equal(outcome_name(OUTCOME_FAILURE), "failure");
}

static void test_interest(void **state)
{
	struct interest none = {0}, all, some = {0};

	(void)state;
	interest_all(&all);
	interest_add(&some, ACT_LOGIN);
	interest_add(&some, (enum action)(ACTION_COUNT - 1));
	for (int i = 0; i < ACTION_COUNT; i++) {
		assert_false(interest_has(&none, (enum action)i));
		assert_true(interest_has(&all, (enum action)i));
		assert_int_equal(interest_has(&some, (enum action)i), i == ACT_LOGIN || i == ACTION_COUNT - 1);
	}
}

static void test_interest_from(void **state)
{
	struct interest i = {0};

	(void)state;
	interest_add_from(&i, ACT_SESSION_CLOSED, "sshd dropbear");
	interest_add_from(&i, ACT_SESSION_OPENED, "!systemd-logind");
	assert_true(interest_has(&i, ACT_SESSION_CLOSED));
	assert_true(interest_from(&i, ACT_SESSION_CLOSED, SL("dropbear")));
	assert_false(interest_from(&i, ACT_SESSION_CLOSED, SL("sudo")));
	assert_false(interest_from(&i, ACT_SESSION_CLOSED, SL("ssh")));
	assert_true(interest_from(&i, ACT_SESSION_OPENED, SL("sudo")));
	assert_false(interest_from(&i, ACT_SESSION_OPENED, SL("systemd-logind")));
	/* whoever asks for more gets more, in whatever order */
	interest_add_from(&i, ACT_SESSION_CLOSED, "sudo");
	assert_true(interest_from(&i, ACT_SESSION_CLOSED, SL("cron")));
	interest_add(&i, ACT_SESSION_OPENED);
	interest_add_from(&i, ACT_SESSION_OPENED, "!systemd-logind");
	assert_true(interest_from(&i, ACT_SESSION_OPENED, SL("systemd-logind")));
	interest_all(&i);
	assert_true(interest_from(&i, ACT_SESSION_CLOSED, SL("cron")));
}

/* ---- values -------------------------------------------------------------------------------------------------- */
static int with_batch(void **state)
{
	struct batch *b = xcalloc(1, sizeof *b);
	batch_init(b);
	*state = b;
	return 0;
}

static int without_batch(void **state)
{
	batch_free(*state);
	free(*state);
	return 0;
}

static void assert_slice(struct slice s, const char *want)
{
	if (!slice_eqz(s, want))
		fail_msg("got \"%.*s\", want \"%s\"", SLFMT(s), want);
}

static void test_integers(void **state)
{
	static const struct {
		const char *text;
		int64_t n; /* -99: not a number */
	} rows[] = {
		{"0", 0}, {"22", 22}, {"-1", -1}, {"9223372036854775807", INT64_MAX}, {"9223372036854775808", -99}, {"", -99},
		{"12x", -99}, {" 12", -99}, {"0x10", -99}, {"1.5", -99}, {"--1", -99},
	};
	struct batch *b = *state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct event *e = batch_add(b);
		event_add(b, e, F_SOURCE_PORT, slice_of(rows[i].text));
		assert_int_equal(event_int(e, F_SOURCE_PORT, -99), rows[i].n);
		assert_slice(event_str(e, F_SOURCE_PORT), rows[i].text); /* the text stays, number or not */
	}
	struct event *e = batch_add(b);
	assert_int_equal(event_int(e, F_SOURCE_PORT, 7), 7);
	event_add_int(b, e, F_SOURCE_PORT, INT64_MIN);
	assert_int_equal(event_int(e, F_SOURCE_PORT, 7), INT64_MIN);
	assert_slice(event_str(e, F_SOURCE_PORT), "-9223372036854775808");
	event_add(b, e, F_USER_NAME, SL("5"));
	assert_int_equal(event_int(e, F_USER_NAME, 7), 7); /* a text stays one */
}

static void test_addresses(void **state)
{
	static const struct {
		const char *text, *ip, *address, *source;
	} rows[] = {
		{"192.0.2.1", "192.0.2.1", NULL, "192.0.2.1"},
		{"::ffff:192.0.2.1", "192.0.2.1", NULL, "192.0.2.1"},
		{"::FFFF:192.0.2.1", "192.0.2.1", NULL, "192.0.2.1"},
		{"::ffff:c000:201", "::ffff:c000:201", NULL, "::ffff:c000:201"}, /* no dots to cut to */
		{"2001:db8::1", "2001:db8::1", NULL, "2001:db8::1"},
		{"gw.x.example", NULL, "gw.x.example", "gw.x.example"},
		{"192.0.2.256", NULL, "192.0.2.256", "192.0.2.256"},
		{"", NULL, "", ""},
	};
	struct batch *b = *state;
	struct ip want;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct event *e = batch_add(b);
		event_add(b, e, F_SOURCE_IP, slice_of(rows[i].text));
		assert_int_equal(event_ip(e, F_SOURCE_IP) != NULL, rows[i].ip != NULL);
		assert_int_equal(event_get(e, F_SOURCE_ADDRESS) != NULL, rows[i].address != NULL);
		if (rows[i].ip) {
			assert_slice(event_str(e, F_SOURCE_IP), rows[i].ip);
			assert_true(ip_parse(slice_of(rows[i].text), &want));
			assert_memory_equal(event_ip(e, F_SOURCE_IP), &want, sizeof want);
		}
		assert_slice(event_source(e), rows[i].source);
	}
	struct event *e = batch_add(b);
	assert_null(event_source(e).p);
	assert_null(event_ip(e, F_SOURCE_IP));
	event_add(b, e, F_CLIENT_NAT_IP, SL("unknown")); /* has no field for names: stays, as text */
	assert_null(event_ip(e, F_CLIENT_NAT_IP));
	assert_slice(event_str(e, F_CLIENT_NAT_IP), "unknown");
}

/* Values have a limit, and so does what hostile JSON can make of them. */
static void test_many_values(void **state)
{
	struct batch *b = *state;
	struct event *e = batch_add(b);
	char name[32];
	for (int i = 0; i < LIMIT_VALUES * 2; i++) {
		int n = snprintf(name, sizeof name, "x.f%d", i);
		event_add_named(b, e, slice_make(name, (size_t)n), SL("v"));
	}
	assert_in_range(e->nvalues, LIMIT_VALUES, LIMIT_VALUES * 2 - 1);
	uint32_t n = e->nvalues;
	event_add(b, e, F_USER_NAME, SL("late"));
	event_add_int(b, e, F_SOURCE_PORT, 1);
	assert_int_equal(e->nvalues, n);
	assert_null(event_get(e, F_USER_NAME));
	assert_string_equal(e->values[150].name, "x.f150"); /* names are copies */

	struct buf out = {0};
	event_json(&out, e, SL("f"));
	assert_true(json_ok(buf_slice(&out)));
	assert_slice(json_get(buf_slice(&out), "x.f7"), "\"v\"");
	assert_slice(json_get(buf_slice(&out), "log.offset"), "0");
	buf_free(&out);
}

static void test_copy(void **state)
{
	struct batch *b = *state, to;
	char raw[] = "raw line", more[] = "second", user[] = "mara", host[] = "web1";
	struct rawref second = {9, {more, 6}};
	struct event *e = batch_add(b);
	*e = (struct event){.time = 5, .action = ACT_LOGIN, .outcome = OUTCOME_SUCCESS, .flags = EV_LATE, .source = 3, .dataset = SL("sshd"),
		.host = {host, 4}, .at = {1, {raw, 8}}, .more = &second, .nmore = 1};
	event_add(b, e, F_USER_NAME, slice_make(user, 4));
	event_add(b, e, F_SOURCE_IP, SL("192.0.2.1"));
	event_add_int(b, e, F_SOURCE_PORT, 22);
	event_add_named(b, e, SL("x.y"), slice_make(user, 4));

	batch_init(&to);
	struct event *c = event_copy(&to, e);
	for (char *p = raw; *p; p++)
		*p = '#';
	memcpy(user, "####", 4);
	memcpy(host, "####", 4);
	memcpy(more, "######", 6);
	batch_reset(b);
	assert_slice(c->host, "web1");
	assert_slice(c->at.raw, "raw line");
	assert_slice(c->more[0].raw, "second");
	assert_int_equal(c->more[0].offset, 9);
	assert_slice(event_str(c, F_USER_NAME), "mara");
	assert_non_null(event_ip(c, F_SOURCE_IP));
	assert_int_equal(event_int(c, F_SOURCE_PORT, 0), 22);
	assert_string_equal(c->values[3].name, "x.y");
	assert_true(c->time == 5 && c->action == ACT_LOGIN && c->flags == EV_LATE && c->source == 3);
	event_add(&to, c, F_USER_ID, SL("1000")); /* it can grow on */
	assert_slice(event_str(c, F_USER_ID), "1000");

	struct event bare = {.time = 1};
	c = event_copy(&to, &bare);
	assert_int_equal(c->nvalues, 0);
	event_add(&to, c, F_USER_ID, SL("1"));
	assert_slice(event_str(c, F_USER_ID), "1");
	batch_free(&to);
}

/* ---- JSON ---------------------------------------------------------------------------------------------------- */
static void test_json(void **state)
{
	struct batch *b = *state;
	struct buf out = {0};
	struct event *e = batch_add(b);
	e->time = civil_seconds(2026, 5, 4, 7, 12, 33) * NS_SEC + 123456789;
	e->action = ACT_LOGIN_FAILED;
	e->outcome = OUTCOME_FAILURE;
	e->flags = EV_YEAR_INFERRED | EV_NO_ZONE;
	e->dataset = SL("sshd");
	e->host = SL("web1");
	e->at = (struct rawref){4711, SL("the line")};
	event_add(b, e, F_SOURCE_IP, SL("192.0.2.1"));
	event_add(b, e, F_SOURCE_PORT, SL("22"));
	event_add(b, e, F_SOURCE_BYTES, SL("many")); /* not a number: a text then */
	event_add(b, e, F_USER_NAME, SL("mara"));
	event_add(b, e, F_USER_NAME, SL("root"));
	event_add(b, e, F_HOST_NAME, SL("other")); /* the event's own host counts */
	event_json(&out, e, SL("/var/log/auth.log"));
	struct slice s = buf_slice(&out);
	assert_true(json_ok(s));
	assert_slice(json_get(s, "@timestamp"), "\"2026-05-04T07:12:33.123Z\"");
	assert_slice(json_get(s, "event.action"), "\"login-failed\"");
	assert_slice(json_get(s, "event.category"), "\"authentication\"");
	assert_slice(json_get(s, "event.outcome"), "\"failure\"");
	assert_slice(json_get(s, "event.dataset"), "\"sshd\"");
	assert_slice(json_get(s, "event.original"), "\"the line\"");
	assert_slice(json_get(s, "log.file.path"), "\"/var/log/auth.log\"");
	assert_slice(json_get(s, "log.offset"), "4711");
	assert_slice(json_get(s, "source.ip"), "\"192.0.2.1\"");
	assert_slice(json_get(s, "source.port"), "22");
	assert_slice(json_get(s, "source.bytes"), "\"many\"");
	assert_slice(json_get(s, "user.name"), "[\"mara\",\"root\"]");
	assert_slice(json_get(s, "host.name"), "\"web1\"");
	assert_slice(json_get(s, "tags"), "[\"year-inferred\",\"zone-assumed\"]");

	struct rawref more[2] = {{1, SL("two")}, {2, SL("three")}};
	struct event bare = {.time = NSTIME_NONE, .more = more, .nmore = 2, .at = {0, SL("one")}};
	out.n = 0;
	event_json(&out, &bare, SLICE_NONE);
	s = buf_slice(&out);
	assert_true(json_ok(s));
	assert_slice(json_get(s, "@timestamp"), "null");
	assert_slice(json_get(s, "event.original"), "[\"one\",\"two\",\"three\"]");
	assert_null(json_get(s, "event.action").p);
	assert_null(json_get(s, "host.name").p);
	buf_free(&out);
}

/* What a log may hold, wherever it ends up: as a value, as a name, as a path. */
static const struct {
	struct slice text;
	const char *json;
} hostile[] = {
	{{"\"},{\"", 5}, "\"\\\"},{\\\"\""},
	{{"a\\b", 3}, "\"a\\\\b\""},
	{{"\0nul", 4}, "\"\\u0000nul\""},
	{{"\033[2J\x7f", 5}, "\"\\u001b[2J\x7f\""},
	{{"line\r\nbreak\t", 12}, "\"line\\r\\nbreak\\t\""},
	{{"\xff", 1}, "\"\xef\xbf\xbd\""},
	{{"a\xc3", 2}, "\"a\xef\xbf\xbd\""},                     /* cut in the middle */
	{{"\xc0\xaf", 2}, "\"\xef\xbf\xbd\xef\xbf\xbd\""},         /* overlong slash */
	{{"\xed\xa0\x80x", 4}, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx\""}, /* half of a surrogate pair */
	{{"\xf4\x90\x80\x80", 4}, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* above U+10FFFF */
	{{"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x9a\xaa", 15}, "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x9a\xaa\""},
};

static void test_json_hostile(void **state)
{
	struct batch *b = *state;
	struct buf out = {0};
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		struct slice x = hostile[i].text;
		struct event *e = batch_add(b);
		e->host = x;
		e->at.raw = x;
		event_add(b, e, F_USER_NAME, x);
		event_add(b, e, F_SOURCE_IP, x);
		event_add(b, e, F_SOURCE_PORT, x);
		out.n = 0;
		event_json(&out, e, x);
		struct slice s = buf_slice(&out);
		assert_true(json_ok(s));
		assert_slice(json_get(s, "user.name"), hostile[i].json);
		assert_slice(json_get(s, "source.address"), hostile[i].json);
		assert_slice(json_get(s, "source.port"), hostile[i].json);
		assert_slice(json_get(s, "event.original"), hostile[i].json);
		assert_slice(json_get(s, "log.file.path"), hostile[i].json);
		assert_slice(json_get(s, "host.name"), hostile[i].json);
	}
	buf_free(&out);
}

/* Names come from hostile JSON too: an object is never also a value, whatever the order, and nothing gets lost. */
static void test_json_names(void **state)
{
	static const char *const names[] = {"a", "a.b", "a_value.x", "a.b.c", "a.b-c", "a-b", "z", "z", ".", "..", "x.", ".x", "\"", "\\.\n", "\xff.y", "event.z"};
	struct batch *b = *state;
	struct buf out = {0};
	for (size_t turn = 0; turn < ARRAY_LEN(names); turn++) {
		struct event *e = batch_add(b);
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			event_add_named(b, e, slice_of(names[(i + turn) % ARRAY_LEN(names)]), SL("v"));
		event_add_named(b, e, SLICE_NONE, SL("v")); /* no name: left out */
		out.n = 0;
		event_json(&out, e, SL("f"));
		struct slice s = buf_slice(&out);
		if (!json_ok(s))
			fail_msg("%.*s", SLFMT(s));
		assert_slice(json_get(s, "a.b.c"), "\"v\"");
		assert_slice(json_get(s, "a.b_value"), "\"v\"");
		assert_slice(json_get(s, "z"), "[\"v\",\"v\"]");
		assert_slice(json_get(s, "event.z"), "\"v\"");
	}
	buf_free(&out);
}

/* An event of many records (the audit decoder keeps 64) stays well formed. */
static void test_json_records(void **state)
{
	static const uint32_t counts[] = {1, 63, 128, 200};
	struct rawref more[200];
	struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		more[i] = (struct rawref){i, SL("type=X")};
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		struct event e = {.host = SL("h"), .flags = EV_NO_TIME, .at = {77, SL("type=Y")}, .more = more, .nmore = counts[i]};
		out.n = 0;
		event_json(&out, &e, SL("f"));
		if (!json_ok(buf_slice(&out)) || !slice_eqz(json_get(buf_slice(&out), "log.offset"), "77"))
			fail_msg("%u records: log.offset %.*s", counts[i], SLFMT(json_get(buf_slice(&out), "log.offset")));
	}
	buf_free(&out);
}

/* ---- findings ------------------------------------------------------------------------------------------------ */
static void test_finding(void **state)
{
	struct finding *f = finding_new();

	(void)state;
	assert_true(f->first == NSTIME_NONE && f->last == NSTIME_NONE);
	finding_printf(f, &f->title, "%s and %d", "one", 2);
	assert_slice(f->title, "one and 2");
	finding_printf(f, &f->title, "%s", "");
	assert_int_equal(f->title.n, 0);
	finding_entity(f, ENT_USER, SL("mara"));
	finding_entity(f, ENT_USER, SL("mara"));
	finding_entity(f, ENT_USER, SL("Mara"));
	finding_entity(f, ENT_HOST, SL("mara"));
	finding_entity(f, ENT_FILE, SLICE_NONE);
	finding_entity(f, ENT_FILE, SL(""));
	assert_int_equal(f->nentities, 3);
	assert_slice(finding_get(f, ENT_USER), "mara");
	assert_slice(finding_get(f, ENT_HOST), "mara");
	assert_null(finding_get(f, ENT_FILE).p);
	for (int i = 0; i < 100; i++) {
		char name[16];
		int n = snprintf(name, sizeof name, "host%d", i);
		finding_entity(f, ENT_HOST, slice_make(name, (size_t)n));
	}
	assert_int_equal(f->nentities, 103);
	char huge[LIMIT_RAW_KEPT + 100];
	memset(huge, 'x', sizeof huge);
	for (int i = 0; i < 3; i++)
		finding_entity(f, ENT_COMMAND, slice_make(huge, sizeof huge)); /* cut, and still once */
	assert_int_equal(f->nentities, 104);
	assert_int_equal(finding_get(f, ENT_COMMAND).n, LIMIT_RAW_KEPT);
	assert_slice(f->entities[50].value, "host47");
	finding_free(f);
	finding_free(NULL);
}

static void test_evidence(void **state)
{
	struct finding *f = finding_new();
	char raw[LIMIT_RAW_KEPT * 2];

	(void)state;
	memset(raw, 'x', sizeof raw);
	finding_evidence_raw(f, 1, 10, NSTIME_NONE, SL("no time"));
	assert_true(f->first == NSTIME_NONE);
	finding_evidence_raw(f, 1, 20, 500, SL("b"));
	finding_evidence_raw(f, 1, 30, 300, SL("a"));
	assert_true(f->first == 300 && f->last == 500);
	finding_evidence_raw(f, 1, 30, 900, SL("a")); /* the same line: kept once, its time counts */
	finding_evidence_raw(f, 2, 30, 900, SL("other file"));
	assert_int_equal(f->nevidence, 4);
	assert_true(f->last == 900);
	finding_evidence_raw(f, 3, 0, 1, slice_make(raw, sizeof raw));
	assert_int_equal(f->evidence[4].raw.n, LIMIT_RAW_KEPT);
	for (uint64_t i = 0; i < 1000; i++)
		finding_evidence_raw(f, 4, i, (nstime)(1000 + i), SL("line"));
	assert_int_equal(f->nevidence, LIMIT_EVIDENCE);
	assert_true(f->last == 1999); /* times go on */
	finding_free(f);

	f = finding_new();
	for (uint64_t i = 0; i < 100; i++)
		finding_evidence_raw(f, 0, i, 0, slice_make(raw, sizeof raw));
	assert_int_equal(f->nevidence, LIMIT_EVIDENCE_BYTES / LIMIT_RAW_KEPT);
	assert_in_range(f->evidence_bytes, 1, LIMIT_EVIDENCE_BYTES);
	finding_evidence_raw(f, 0, 200, 0, SL("one byte more is too much"));
	assert_int_equal(f->nevidence, LIMIT_EVIDENCE_BYTES / LIMIT_RAW_KEPT);
	finding_free(f);
}

/* Evidence of events: every record, and the count of happenings, not of records. */
static void test_evidence_event(void **state)
{
	struct finding *f = finding_new();
	struct rawref more[2] = {{10, SL("two")}, {20, SL("three")}};
	struct event e = {.time = 7, .source = 2, .at = {0, SL("one")}, .more = more, .nmore = 2};

	(void)state;
	finding_evidence(f, &e);
	e.nmore = 0;
	e.at.offset = 30;
	finding_evidence(f, &e);
	assert_int_equal(f->count, 2);
	assert_int_equal(f->nevidence, 4);
	assert_slice(f->evidence[2].raw, "three");
	assert_int_equal(f->evidence[2].offset, 20);
	assert_int_equal(f->evidence[0].source, 2);
	finding_free(f);
}

static void sealed(char uid[36], const char *rule, const char *user, const char *line, nstime t)
{
	struct finding *f = finding_new();
	f->rule_id = slice_of(rule);
	finding_entity(f, ENT_USER, slice_of(user));
	finding_evidence_raw(f, 9, 1, t, slice_of(line));
	finding_seal(f);
	memcpy(uid, f->uid, 36);
	finding_free(f);
}

/* The uid is the same for the same evidence on every machine, and differs when anything does. */
static void test_seal(void **state)
{
	char a[36], b[36];

	(void)state;
	sealed(a, "postern.x", "mara", "line", 1);
	sealed(b, "postern.x", "mara", "line", 1);
	assert_string_equal(a, b);
	assert_int_equal(strlen(a), 32);
	assert_int_equal(strspn(a, "0123456789abcdef"), 32);
	sealed(b, "postern.y", "mara", "line", 1);
	assert_string_not_equal(a, b);
	sealed(b, "postern.x", "mark", "line", 1);
	assert_string_not_equal(a, b);
	sealed(b, "postern.x", "mara", "lime", 1);
	assert_string_not_equal(a, b);
	sealed(b, "postern.x", "mara", "line", 2);
	assert_string_not_equal(a, b);
	struct finding *f = finding_new();
	finding_seal(f); /* of nothing at all */
	assert_int_equal(strlen(f->uid), 32);
	finding_free(f);
}

#define BATCH(test) cmocka_unit_test_setup_teardown(test, with_batch, without_batch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),      cmocka_unit_test(test_names),    cmocka_unit_test(test_interest), cmocka_unit_test(test_interest_from),
		BATCH(test_integers),               BATCH(test_addresses),           BATCH(test_many_values),
		BATCH(test_copy),                   BATCH(test_json),                BATCH(test_json_hostile),
		BATCH(test_json_names),             cmocka_unit_test(test_json_records), cmocka_unit_test(test_finding),
		cmocka_unit_test(test_evidence),    cmocka_unit_test(test_evidence_event), cmocka_unit_test(test_seal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
