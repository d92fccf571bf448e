/* Lists of incidents a page at a time, search, decisions by two at once; the console's words for advice. */
#include "chain/chain.h"
#include "console/incidents.h"
#include "incident/incident.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY(n) ((nstime)(20000 + (n)) * NS_DAY)

struct world {
	char folder[64], db[100], log[100];
	struct store *s;
	struct chain *audit;
};

static void put(struct store *s, const char *id, const char *title, const char *kind, enum level level, enum incident_status status, nstime updated, const char *merged)
{
	struct err e;
	struct store_incident x = {.title = slice_of(title), .kind = slice_of(kind), .reason = SL("because"), .level = level, .status = status, .first = updated, .last = updated,
		.opened = DAY(0) + (DAY(100) - updated), .updated = updated, .closed = NSTIME_NONE};
	snprintf(x.id, sizeof x.id, "%s", id);
	snprintf(x.merged, sizeof x.merged, "%s", merged);
	assert_int_equal(store_incident_put(s, &x, &e), 0);
}

static void put_finding(struct store *s, const char *incident, const char *raw, nstime t)
{
	struct err e;
	bool changed;
	struct finding *f = finding_new();
	f->rule_id = SL("postern.test");
	f->title = SL("A finding");
	f->text = SL("Words about it");
	f->level = LEVEL_MEDIUM;
	f->first = f->last = t;
	f->count = 1;
	finding_entity(f, ENT_HOST, SL("web1"));
	finding_entity(f, ENT_USER, SL("svc"));
	finding_evidence_raw(f, 1, 0, t, slice_of(raw));
	finding_seal(f);
	assert_int_equal(store_finding_put(s, f, &changed, &e), 0);
	assert_int_equal(store_finding_join(s, f->uid, incident, &e), 0);
	finding_free(f);
}

static int setup(void **state)
{
	struct err e;
	struct world *w = calloc(1, sizeof *w);
	const char *tmp = getenv("TMPDIR");
	snprintf(w->folder, sizeof w->folder, "%.40s/incidentXXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->db, sizeof w->db, "%s/postern.db", w->folder);
	snprintf(w->log, sizeof w->log, "%s/audit.log", w->folder);
	w->s = store_open(w->db, STORE_CREATE, &e);
	assert_non_null(w->s);
	w->audit = chain_open(w->log, NULL, NULL, &e);
	assert_non_null(w->audit);
	put(w->s, "20260101T000001Z-0000000a", "Side door of 100% Hafenlicht", "side-door", LEVEL_CRITICAL, INCIDENT_OPEN, DAY(3), "");
	put(w->s, "20260101T000002Z-0000000b", "A lure for many_people", "lure", LEVEL_HIGH, INCIDENT_OPEN, DAY(5), "");
	put(w->s, "20260101T000003Z-0000000c", "a suspicion on web1", "suspicion", LEVEL_LOW, INCIDENT_OPEN, DAY(1), "");
	put(w->s, "20260101T000004Z-0000000d", "Closed", "suspicion", LEVEL_LOW, INCIDENT_CLOSED, DAY(4), "");
	put(w->s, "20260101T000005Z-0000000e", "Went into it", "lure", LEVEL_LOW, INCIDENT_MERGED, DAY(2), "20260101T000001Z-0000000a");
	put_finding(w->s, "20260101T000001Z-0000000a", "Accepted password for SVC from 203.0.113.9", DAY(3));
	put_finding(w->s, "20260101T000002Z-0000000b", "nothing of note", DAY(5));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char path[120];
	store_close(w->s);
	chain_close(w->audit);
	const char *const names[] = {"postern.db", "postern.db-wal", "postern.db-shm", "audit.log", "audit.log.head"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof path, "%s/%s", w->folder, names[i]);
		unlink(path);
	}
	rmdir(w->folder);
	free(w);
	return 0;
}

/* ---- lists ------------------------------------------------------------------------------------------------------------------ */

static int last_letters(void *arg, const struct store_incident *x)
{
	char *out = arg;
	size_t n = strlen(out);
	out[n] = x->id[strlen(x->id) - 1];
	out[n + 1] = 0;
	return 0;
}

static void expect(struct store *s, struct store_browse b, const char *letters, uint64_t total)
{
	struct err e;
	char got[16] = "";
	uint64_t n = 99;
	b.since = b.since ? b.since : INT64_MIN;
	b.until = b.until ? b.until : INT64_MAX;
	b.most = b.most ? b.most : 10;
	assert_int_equal(store_browse(s, &b, last_letters, got, &n, &e), 0);
	assert_string_equal(got, letters);
	assert_int_equal(n, total);
}

static void lists(void **state)
{
	struct store *s = ((struct world *)*state)->s;
	expect(s, (struct store_browse){.status = INCIDENT_OPEN}, "bac", 3);
	expect(s, (struct store_browse){.status = INCIDENT_OPEN, .order = STORE_WORST}, "abc", 3);
	expect(s, (struct store_browse){.status = INCIDENT_OPEN, .order = STORE_NEWEST}, "cab", 3);
	expect(s, (struct store_browse){.status = -1}, "bdaec", 5);
	expect(s, (struct store_browse){.status = -1, .order = STORE_WORST}, "abdec", 5);
	expect(s, (struct store_browse){.status = -1, .level = LEVEL_HIGH}, "ba", 2);
	expect(s, (struct store_browse){.status = -1, .kind = SL("lure")}, "be", 2);
	expect(s, (struct store_browse){.status = -1, .since = DAY(3), .until = DAY(5)}, "da", 2);
	expect(s, (struct store_browse){.status = -1, .most = 2, .skip = 1}, "da", 5);
	expect(s, (struct store_browse){.status = -1, .skip = 9}, "", 5);
	expect(s, (struct store_browse){.status = -1, .skip = UINT64_MAX}, "", 5);
	expect(s, (struct store_browse){.status = -1, .text = SL("CLOSED")}, "d", 1);
	expect(s, (struct store_browse){.status = -1, .text = SL("0000000c")}, "c", 1);
	expect(s, (struct store_browse){.status = -1, .text = SL("100%")}, "a", 1);
	expect(s, (struct store_browse){.status = -1, .text = SL("%")}, "a", 1);
	expect(s, (struct store_browse){.status = -1, .text = SL("_")}, "b", 1);
	expect(s, (struct store_browse){.status = -1, .text = SL("\\")}, "", 0);
	expect(s, (struct store_browse){.status = -1, .text = SL("' OR 1=1 --")}, "", 0);
}

static void levels(void **state)
{
	struct store_levels l;
	struct err e;
	assert_int_equal(store_levels(((struct world *)*state)->s, &l, &e), 0);
	assert_int_equal(l.n[INCIDENT_OPEN][LEVEL_CRITICAL], 1);
	assert_int_equal(l.n[INCIDENT_OPEN][LEVEL_LOW], 1);
	assert_int_equal(l.n[INCIDENT_CLOSED][LEVEL_LOW], 1);
	assert_int_equal(l.n[INCIDENT_MERGED][LEVEL_LOW], 1);
	assert_int_equal(l.n[INCIDENT_FALSE][LEVEL_LOW], 0);
	assert_true(l.newest == DAY(5));
}

/* Who only reads counts once per change: whatever another one changes is seen. */
static void levels_of_a_reader(void **state)
{
	struct world *w = *state;
	struct store_levels l;
	struct err e;
	struct store *reader = store_open(w->db, STORE_READ, &e);
	assert_non_null(reader);
	assert_int_equal(store_levels(reader, &l, &e), 0);
	assert_int_equal(l.n[INCIDENT_OPEN][LEVEL_CRITICAL], 1);
	put(w->s, "20260101T000006Z-0000000f", "One more", "suspicion", LEVEL_CRITICAL, INCIDENT_OPEN, DAY(9), "");
	assert_int_equal(store_levels(reader, &l, &e), 0);
	assert_int_equal(l.n[INCIDENT_OPEN][LEVEL_CRITICAL], 2);
	assert_true(l.newest == DAY(9));
	assert_int_equal(store_levels(w->s, &l, &e), 0); /* and what one changed oneself */
	put(w->s, "20260101T000007Z-00000010", "And one", "suspicion", LEVEL_CRITICAL, INCIDENT_OPEN, DAY(8), "");
	assert_int_equal(store_levels(w->s, &l, &e), 0);
	assert_int_equal(l.n[INCIDENT_OPEN][LEVEL_CRITICAL], 3);
	assert_int_equal(store_levels(reader, &l, &e), 0);
	assert_int_equal(l.n[INCIDENT_OPEN][LEVEL_CRITICAL], 3);
	store_close(reader);
}

static int take_id(void *arg, const char *id)
{
	snprintf(arg, 40, "%s", id);
	return 0;
}

static void joined(void **state)
{
	struct err e;
	char id[40] = "";
	assert_int_equal(store_incident_joined(((struct world *)*state)->s, "20260101T000001Z-0000000a", take_id, id, &e), 0);
	assert_string_equal(id, "20260101T000005Z-0000000e");
	*id = 0;
	assert_int_equal(store_incident_joined(((struct world *)*state)->s, "", take_id, id, &e), 0);
	assert_string_equal(id, "");
}

/* ---- search ------------------------------------------------------------------------------------------------------------------ */

static int count_finding(void *arg, struct finding *f, const char *incident)
{
	assert_true(*incident);
	++*(size_t *)arg;
	finding_free(f);
	return 0;
}

static size_t found(struct store *s, struct store_search x, bool *partly)
{
	struct err e;
	size_t n = 0;
	assert_int_equal(store_search_findings(s, &x, count_finding, &n, partly, &e), 0);
	return n;
}

static void search(void **state)
{
	struct store *s = ((struct world *)*state)->s;
	bool partly;
	assert_int_equal(found(s, (struct store_search){SL("203.0.113.9"), 100, 1 << 20}, &partly), 1);
	assert_false(partly);
	assert_int_equal(found(s, (struct store_search){SL("PASSWORD FOR svc"), 100, 1 << 20}, &partly), 1);
	assert_int_equal(found(s, (struct store_search){SL("web1"), 100, 1 << 20}, &partly), 2);
	assert_int_equal(found(s, (struct store_search){SL("web1"), 1, 1 << 20}, &partly), 1);
	assert_true(partly);
	assert_int_equal(found(s, (struct store_search){SL("web1"), 100, 10}, &partly), 0);
	assert_true(partly);
	assert_int_equal(found(s, (struct store_search){SL("not there"), 100, 1 << 20}, &partly), 0);
}

/* ---- decisions ------------------------------------------------------------------------------------------------------------------ */

static struct chain *audit_of(void *arg, struct err *e)
{
	struct world *w = arg;
	if (!w->audit)
		err_set(e, ERR_IO, "no log");
	return w->audit;
}

static enum incident_status status_of(struct world *w, const char *id)
{
	struct err e;
	struct arena mem;
	struct store_incident x;
	arena_init(&mem);
	assert_int_equal(store_incident_get(w->s, id, &mem, &x, &e), 0);
	arena_free(&mem);
	return x.status;
}

static int close_as(struct world *w, struct store *s, const char *who, const char *id, bool harmless, struct err *e)
{
	struct incident_hand h = {s, audit_of, w, slice_of(who), DAY(50)};
	struct incident_closing c = {.harmless = harmless, .reason = SL("seen to"), .until = incident_suppressed_until(DAY(50))};
	int rc = incident_close(&h, id, &c, e);
	incident_closing_free(&c);
	return rc;
}

static void two_close_at_once(void **state)
{
	struct world *w = *state;
	struct err e;
	struct store *other = store_open(w->db, STORE_WRITE, &e);
	assert_non_null(other);
	assert_int_equal(close_as(w, w->s, "alice", "20260101T000001Z-0000000a", false, &e), 0);
	assert_int_equal(close_as(w, other, "bob", "20260101T000001Z-0000000a", true, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "alice"));
	assert_int_equal(status_of(w, "20260101T000001Z-0000000a"), INCIDENT_CLOSED);
	assert_int_equal(close_as(w, other, "bob", "20260101T000002Z-0000000b", true, &e), 0); /* what failed left no transaction behind */
	assert_int_equal(status_of(w, "20260101T000002Z-0000000b"), INCIDENT_FALSE);
	assert_int_equal(close_as(w, w->s, "alice", "20260101T000005Z-0000000e", false, &e), ERR_USAGE);
	assert_int_equal(close_as(w, w->s, "alice", "2099", false, &e), ERR_NOENT);
	store_close(other);
}

static void nothing_without_the_log(void **state)
{
	struct world *w = *state;
	struct err e;
	chain_close(w->audit);
	w->audit = NULL;
	assert_int_equal(close_as(w, w->s, "alice", "20260101T000001Z-0000000a", false, &e), ERR_IO);
	assert_non_null(strstr(e.text, "nothing was changed"));
	assert_int_equal(status_of(w, "20260101T000001Z-0000000a"), INCIDENT_OPEN);
	w->audit = chain_open(w->log, NULL, NULL, &e);
	assert_non_null(w->audit);
	assert_int_equal(close_as(w, w->s, "alice", "20260101T000001Z-0000000a", false, &e), 0);
}

static int count_suppression(void *arg, const struct store_suppression *x)
{
	*(size_t *)arg += x->revoked == NSTIME_NONE;
	return 0;
}

static void false_and_again(void **state)
{
	struct world *w = *state;
	struct err e;
	struct incident_hand h = {w->s, audit_of, w, SL("alice"), DAY(50)};
	char id[40];
	size_t revoked, holds = 0;
	assert_int_equal(close_as(w, w->s, "alice", "20260101T000001Z-0000000a", true, &e), 0);
	assert_int_equal(store_suppressions(w->s, count_suppression, &holds, &e), 0);
	assert_int_equal(holds, 1);
	assert_int_equal(incident_reopen(&h, "20260101T000001Z", id, &revoked, &e), 0);
	assert_string_equal(id, "20260101T000001Z-0000000a");
	assert_int_equal(revoked, 1);
	assert_int_equal(status_of(w, id), INCIDENT_OPEN);
	assert_int_equal(incident_reopen(&h, id, id, &revoked, &e), ERR_USAGE);
	assert_int_equal(incident_note(&h, id, SLICE_NONE, id, &e), ERR_USAGE);
	char *big = calloc(1, INCIDENT_TEXT_MAX + 2);
	memset(big, 'x', INCIDENT_TEXT_MAX + 1);
	assert_int_equal(incident_note(&h, id, slice_of(big), id, &e), ERR_USAGE);
	big[INCIDENT_TEXT_MAX] = 0;
	assert_int_equal(incident_note(&h, id, slice_of(big), id, &e), 0);
	free(big);
}

/* ---- words ------------------------------------------------------------------------------------------------------------------------ */

static void add(struct incidents *s, enum stage stage, enum level level, const char *rule)
{
	struct finding *f = finding_new();
	f->rule_id = slice_of(rule);
	f->rule_name = f->title = f->text = SL("A finding");
	f->level = level;
	f->stage = stage;
	f->first = f->last = DAY(1) + (nstime)stage;
	f->count = 1;
	finding_entity(f, ENT_HOST, SL("web1"));
	finding_entity(f, ENT_USER, SL("svc"));
	finding_seal(f);
	incidents_add(s, f);
}

/* Every sentence of advice that room incident has is in the catalogue, in all languages. */
static void translated(struct incidents *s, size_t *n)
{
	incidents_build_as(s, "20260101T000001Z-0000000a", "");
	const struct incident *in = incidents_get(s, 0);
	for (int l = LURE_DE; l < LURE_LANGUAGES; l++) {
		struct request q = {.language = (enum lure_language)l};
		for (size_t i = 0; i < in->nsteps + in->nnot_seen; i++) {
			struct buf b = {0};
			incident_advice(&q, &b, i < in->nsteps ? in->steps[i] : in->not_seen[i - in->nsteps]);
			buf_addc(&b, 0);
			if (strstr(b.p, "lang=\"en\""))
				fail_msg("not in the catalogue: %s", b.p);
			++*n;
			buf_free(&b);
		}
	}
	incidents_free(s);
}

static void advice_is_translated(void **state)
{
	(void)state;
	struct org *org = org_new();
	size_t n = 0;
	struct incidents *all = incidents_new(org), *few = incidents_new(org), *lure = incidents_new(org), *doubt = incidents_new(org);
	for (int st = STAGE_NONE + 1; st < STAGE_COUNT; st++)
		add(all, (enum stage)st, LEVEL_HIGH, "postern.test");
	add(few, STAGE_TUNNEL, LEVEL_HIGH, "postern.test");
	add(few, STAGE_COVER, LEVEL_HIGH, "postern.test");
	add(lure, STAGE_NONE, LEVEL_HIGH, INCIDENT_REPORT_RULE);
	add(doubt, STAGE_NONE, LEVEL_LOW, "postern.test");
	translated(all, &n);
	translated(few, &n);
	translated(lure, &n);
	translated(doubt, &n);
	assert_true(n > 2 * 20);
	struct request q = {.language = LURE_DE};
	struct buf b = {0};
	incident_advice(&q, &b, SL("Something nobody translated"));
	buf_addc(&b, 0);
	assert_non_null(strstr(b.p, "lang=\"en\""));
	buf_free(&b);
	org_free(org);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		ROW(lists), ROW(levels), ROW(levels_of_a_reader), ROW(joined), ROW(search), ROW(two_close_at_once), ROW(nothing_without_the_log), ROW(false_and_again), cmocka_unit_test(advice_is_translated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
