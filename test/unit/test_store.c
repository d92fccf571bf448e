/* test_store.c - the state file: what was committed is there, what was not is not, and nothing comes twice. */
#include "store/store.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], file[128];

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/postern-store-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof file, "%s/postern.db", folder);
	return 0;
}

static int teardown(void **state)
{
	char command[256];
	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static struct store *start(enum store_mode mode)
{
	struct err e = {0};
	struct store *s = store_open(file, mode, &e);
	if (!s)
		print_message("%s\n", e.text);
	assert_non_null(s);
	return s;
}

static struct finding *a_finding(const char *key, uint64_t count)
{
	struct finding *f = finding_new();
	f->rule_id = SL("postern.test");
	f->rule_name = SL("a test");
	f->title = SL("something happened");
	f->level = LEVEL_MEDIUM;
	finding_name(f, slice_of(key), NS_DAY);
	finding_evidence_raw(f, 1, 20, NS_DAY, SL("a raw line \xff with bytes"));
	finding_entity(f, ENT_HOST, SL("web1"));
	f->count = count;
	return f;
}

static int count_findings(void *arg, struct finding *f, const char *incident)
{
	(void)incident;
	++*(int *)arg;
	assert_true(slice_eq(f->title, SL("something happened")));
	assert_int_equal(f->nevidence, 1);
	finding_free(f);
	return 0;
}

static int findings(struct store *s, const char *incident)
{
	int n = 0;
	struct err e;
	assert_int_equal(store_findings(s, 0, incident, count_findings, &n, &e), 0);
	return n;
}

static void put(struct store *s, const char *key, uint64_t count, bool want)
{
	struct err e;
	bool changed;
	struct finding *f = a_finding(key, count);
	assert_int_equal(store_finding_put(s, f, &changed, &e), 0);
	assert_int_equal(changed, want);
	finding_free(f);
}

static void test_findings(void **state)
{
	(void)state;
	struct err e;
	struct store *s = start(STORE_CREATE);
	put(s, "a", 1, true);
	put(s, "a", 1, false); /* the same again */
	put(s, "a", 5, true);
	put(s, "a", 3, false); /* read again after a restart */
	put(s, "b", 1, true);
	assert_int_equal(findings(s, NULL), 2);
	struct store_incident x = {.id = "20261124-1", .title = SL("t"), .kind = SL("k"), .reason = SL("r"), .level = LEVEL_HIGH, .findings = 1, .closed = NSTIME_NONE};
	assert_int_equal(store_incident_put(s, &x, &e), 0);
	struct finding *f = a_finding("a", 1);
	assert_int_equal(store_finding_join(s, f->uid, "20261124-1", &e), 0);
	assert_int_not_equal(store_finding_join(s, f->uid, "no such", &e), 0);
	finding_free(f);
	assert_int_equal(findings(s, "20261124-1"), 1);
	struct arena mem;
	arena_init(&mem);
	struct store_incident got;
	assert_int_equal(store_incident_get(s, "20261124-1", &mem, &got, &e), 0);
	assert_int_equal(got.level, LEVEL_HIGH);
	assert_true(got.closed == NSTIME_NONE);
	assert_int_equal(store_incident_get(s, "other", &mem, &got, &e), ERR_NOENT);
	arena_free(&mem);
	store_close(s);
}

static int count_messages(void *arg, const struct store_message *m)
{
	(void)m;
	++*(int *)arg;
	return 0;
}

static void test_outbox(void **state)
{
	(void)state;
	struct err e;
	struct store *s = start(STORE_CREATE);
	struct store_message m = {.id = "i1/high", .channel = SL("hook"), .body = SL("{}"), .created = 5, .due = 5};
	assert_int_equal(store_message_add(s, &m, &e), 0);
	assert_int_equal(store_message_add(s, &m, &e), 0);
	int n = 0;
	assert_int_equal(store_messages_due(s, &(struct store_due){SLICE_NONE, LEVEL_INFO, LEVEL_CRITICAL, 4, 10}, count_messages, &n, &e), 0);
	assert_int_equal(n, 0);
	assert_int_equal(store_messages_due(s, &(struct store_due){SLICE_NONE, LEVEL_INFO, LEVEL_CRITICAL, 5, 10}, count_messages, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(store_message_mark(s, &(struct store_message){.id = "i1/high", .state = OUTBOX_SENT, .attempts = 1, .due = 5}, &e), 0);
	assert_int_equal(store_message_add(s, &m, &e), 0); /* told already */
	uint64_t pending;
	assert_int_equal(store_message_count(s, OUTBOX_PENDING, &pending, &e), 0);
	assert_int_equal(pending, 0);
	store_close(s);
}

static int one_source(void *arg, const struct store_source *x)
{
	*(uint64_t *)arg = x->offset;
	return 0;
}

static void test_rest(void **state)
{
	(void)state;
	struct err e;
	uint64_t seed, again, offset = 0;
	struct store *s = start(STORE_CREATE);
	assert_int_equal(store_seed(s, &seed, &e), 0);
	struct store_source x = {.path = SL("/var/log/auth.log"), .host = SL("web1"), .dev = 1, .ino = 2, .offset = 3};
	assert_int_equal(store_source_put(s, &x, &e), 0);
	assert_int_equal(x.id, 1);
	x.offset = 77;
	assert_int_equal(store_source_put(s, &x, &e), 0);
	assert_int_equal(store_memory_put(s, "detect", SL("\0\1\2"), &e), 0);
	store_close(s);
	s = start(STORE_READ);
	assert_int_equal(store_seed(s, &again, &e), 0);
	assert_true(seed == again);
	assert_int_equal(store_sources(s, one_source, &offset, &e), 0);
	assert_int_equal(offset, 77);
	struct buf b = {0};
	assert_int_equal(store_memory_get(s, "detect", &b, &e), 0);
	assert_int_equal(b.n, 3);
	assert_int_equal(store_memory_get(s, "other", &b, &e), ERR_NOENT);
	buf_free(&b);
	assert_int_not_equal(store_memory_put(s, "x", SL("y"), &e), 0); /* a reader does not write */
	store_close(s);
	assert_null(store_open("/nonexistent/postern.db", STORE_READ, &e));
}

static void never(void *arg, const char *text)
{
	(void)arg;
	fail_msg("%s", text);
}

/* Killed in the middle, again and again: whole transactions or nothing. */
static void test_killed(void **state)
{
	(void)state;
	struct err e;
	store_close(start(STORE_CREATE));
	srand(9);
	for (int round = 0; round < 12; round++) {
		pid_t pid = fork();
		if (pid == 0) {
			struct store *s = store_open(file, STORE_WRITE, &e);
			for (int i = 0; s; i++) {
				char key[32];
				bool changed;
				if (store_begin(s, &e))
					_exit(1);
				for (int k = 0; k < 2; k++) { /* always in pairs */
					snprintf(key, sizeof key, "%d/%d/%d", round, i, k);
					struct finding *f = a_finding(key, 1);
					if (store_finding_put(s, f, &changed, &e))
						_exit(1);
					finding_free(f);
				}
				if (store_commit(s, &e))
					_exit(1);
			}
			_exit(1);
		}
		usleep((useconds_t)(20000 + rand() % 30000));
		kill(pid, SIGKILL);
		int status;
		waitpid(pid, &status, 0);
		assert_true(WIFSIGNALED(status));
		struct store *s = start(STORE_WRITE);
		assert_int_equal(findings(s, NULL) % 2, 0);
		assert_int_equal(store_check(s, never, NULL, &e), 0);
		store_close(s);
	}
	struct store *s = start(STORE_WRITE);
	assert_true(findings(s, NULL) > 2);
	char copy[160];
	snprintf(copy, sizeof copy, "%s/copy.db", folder);
	assert_int_equal(store_backup(s, copy, &e), 0);
	struct store_counts a, b;
	assert_int_equal(store_count(s, &a, &e), 0);
	struct store *c = store_open(copy, STORE_READ, &e);
	assert_non_null(c);
	assert_int_equal(store_count(c, &b, &e), 0);
	assert_int_equal(a.findings, b.findings);
	store_close(c);
	uint64_t gone;
	assert_int_equal(store_retain(s, 2 * NS_DAY, &gone, &e), 0);
	assert_int_equal(gone, a.findings);
	assert_int_equal(store_vacuum(s, &e), 0);
	store_close(s);
}

struct taken { unsigned n; char uid[2][36]; };

static int take(void *arg, struct finding *f, const char *incident)
{
	struct taken *t = arg;
	assert_string_equal(incident, "");
	snprintf(t->uid[t->n++ % 2], sizeof t->uid[0], "%s", f->uid);
	finding_free(f);
	return 0;
}

static int count_report(void *arg, const struct store_report *r)
{
	unsigned *n = arg;
	n[r->taken]++;
	assert_true(slice_eq(r->who, SL("erika")) && slice_eq(r->hashes, SL("aa bb")) && slice_eq(r->sender, SL("x@y")));
	return 0;
}

static void test_reports(void **state)
{
	(void)state;
	struct err e;
	bool fresh, any;
	unsigned n[2] = {0};
	uint64_t gone;
	struct taken t = {0};
	struct store *s = start(STORE_CREATE);
	struct finding *f[2] = {a_finding("one", 1), a_finding("two", 1)};
	struct store_report r = {.time = 5, .who = SL("erika"), .verdict = SL("lure"), .name = SL("n"), .sender = SL("x@y"), .recipient = SL("e@us"), .hashes = SL("aa bb")};
	assert_true(store_reports_wait(s, &any, &e) == 0 && !any);
	for (int i = 0; i < 4; i++) { /* each twice */
		snprintf(r.uid, sizeof r.uid, "%s", f[i % 2]->uid);
		r.time = 5 + i % 2;
		assert_int_equal(store_report_add(s, &r, f[i % 2], &fresh, &e), 0);
		assert_int_equal(fresh, i < 2);
	}
	assert_true(store_reports_wait(s, &any, &e) == 0 && any);
	assert_int_equal(store_retain(s, 100, &gone, &e), 0);
	assert_int_equal(gone, 0); /* what waits stays, however old */
	assert_int_equal(store_begin(s, &e), 0);
	assert_int_equal(store_reports_take(s, take, &t, &e), 0);
	store_rollback(s); /* killed before the commit */
	assert_true(store_reports_wait(s, &any, &e) == 0 && any);
	assert_int_equal(store_reports_take(s, take, &t, &e), 0);
	assert_int_equal(t.n, 4);
	assert_string_equal(t.uid[0], f[0]->uid);
	assert_string_equal(t.uid[1], f[1]->uid);
	assert_int_equal(store_reports_take(s, take, &t, &e), 0);
	assert_int_equal(t.n, 4);
	assert_true(store_reports_wait(s, &any, &e) == 0 && !any);
	assert_int_equal(store_reports(s, 6, count_report, n, &e), 0);
	assert_true(n[0] == 0 && n[1] == 1);
	assert_int_equal(store_retain(s, 6, &gone, &e), 0);
	assert_int_equal(gone, 1);
	finding_free(f[0]);
	finding_free(f[1]);
	store_close(s);
}

static int count_contact(void *arg, const struct store_contact *c)
{
	unsigned *n = arg;
	n[c->state]++;
	return 0;
}

static int count_file(void *arg, struct slice told)
{
	*(unsigned *)arg += slice_starts(told, SL("file"));
	return 0;
}

static int count_example(void *arg, const struct store_example *x)
{
	*(unsigned *)arg += slice_eqz(x->title, "t") && slice_eqz(x->body, "b") && strcmp(x->incident, "i1") == 0;
	return 0;
}

static void add_contact(struct store *s, const char *ref, nstime t, struct slice who, bool want)
{
	struct err e;
	bool fresh;
	struct finding *f = a_finding(ref, 1);
	struct store_contact c = {.time = t, .who = who, .platform = SL("LinkedIn"), .opened = CONTACT_UNSURE, .verdict = SL("lure")};
	struct store_report r = {.time = t, .who = who, .verdict = SL("lure")};
	snprintf(c.ref, sizeof c.ref, "%s", ref);
	snprintf(c.uid, sizeof c.uid, "%s", f->uid);
	snprintf(r.uid, sizeof r.uid, "%s", f->uid);
	assert_int_equal(store_contact_add(s, &c, f, &r, &fresh, &e), 0);
	assert_int_equal(fresh, want);
	finding_free(f);
}

static void test_contacts(void **state)
{
	(void)state;
	struct err e;
	struct arena mem;
	struct store_contact c;
	struct store_contact_figures f;
	uint64_t n;
	unsigned states[3] = {0}, files = 0;
	bool any;
	struct store *s = start(STORE_CREATE);
	arena_init(&mem);
	assert_int_equal(store_contact_file_add(s, "aaaaaaaaaaaaaaaaaaaa", 0, 5, SL("file one"), &e), 0);
	assert_int_equal(store_contact_file_add(s, "aaaaaaaaaaaaaaaaaaaa", 0, 5, SL("file again"), &e), 0); /* sent anew before it is a report */
	add_contact(s, "aaaaaaaaaaaaaaaaaaaa", 5, SL("erika"), true);
	add_contact(s, "aaaaaaaaaaaaaaaaaaaa", 6, SL("another"), false);
	add_contact(s, "bbbbbbbbbbbbbbbbbbbb", 10, SLICE_NONE, true);
	assert_int_equal(store_contact_file_add(s, "aaaaaaaaaaaaaaaaaaaa", 1, 7, SL("file late"), &e), ERR_DUP);
	assert_int_equal(store_contact_files(s, "aaaaaaaaaaaaaaaaaaaa", count_file, &files, &e), 0);
	assert_int_equal(files, 1);
	assert_true(store_reports_wait(s, &any, &e) == 0 && any); /* its finding waits to be joined */
	assert_int_equal(store_contact_get(s, "aaaaaaaaaaaaaaaaaaaa", &mem, &c, &e), 0);
	assert_true(slice_eqz(c.who, "erika") && c.opened == CONTACT_UNSURE && c.answered == NSTIME_NONE && c.state == CONTACT_RECEIVED && !c.incident[0]);
	assert_int_equal(store_contact_get(s, "cccccccccccccccccccc", &mem, &c, &e), ERR_NOENT);
	assert_true(store_contacts_since(s, 0, &n, &e) == 0 && n == 3);
	struct store_contact_want w = {.state = -1, .who = SL("erika"), .most = 10};
	assert_true(store_contacts_count(s, &w, &n, &e) == 0 && n == 1);
	w.who = SLICE_NONE;
	assert_true(store_contacts_count(s, &w, &n, &e) == 0 && n == 2);
	snprintf(c.ref, sizeof c.ref, "aaaaaaaaaaaaaaaaaaaa");
	c.state = CONTACT_ANSWERED;
	c.outcome = CONTACT_REAL;
	c.answer = SL("yes");
	c.answerer = SL("soc");
	c.answered = 25;
	assert_int_equal(store_contact_answer(s, &c, &e), 0);
	c.state = CONTACT_SEEN;
	assert_int_equal(store_contact_answer(s, &c, &e), ERR_NOENT); /* no way back */
	assert_int_equal(store_contacts(s, &w, count_contact, states, &e), 0);
	assert_true(states[CONTACT_RECEIVED] == 1 && states[CONTACT_SEEN] == 0 && states[CONTACT_ANSWERED] == 1);
	assert_int_equal(store_contact_figures(s, 0, &f, &e), 0);
	assert_true(f.n == 2 && f.answered == 1 && f.real == 1 && f.false_alarms == 0 && f.answer == 20 && f.first == NSTIME_NONE);
	assert_int_equal(store_reports_take(s, take, &(struct taken){0}, &e), 0);
	assert_int_equal(store_retain(s, 100, &n, &e), 0);
	assert_int_equal(store_contact_get(s, "aaaaaaaaaaaaaaaaaaaa", &mem, &c, &e), ERR_NOENT);
	assert_int_equal(store_contact_get(s, "bbbbbbbbbbbbbbbbbbbb", &mem, &c, &e), 0); /* nobody answered it yet */
	struct store_contact odd = c; /* as who took the process that may write the file over would have it */
	snprintf(odd.ref, sizeof odd.ref, "bbbbbbbbbbbbbbbbbbbb");
	odd.state = CONTACT_ANSWERED;
	odd.outcome = (enum contact_outcome)70000;
	odd.answer = odd.answerer = SL("x");
	odd.answered = 30;
	assert_int_equal(store_contact_answer(s, &odd, &e), 0);
	assert_int_equal(store_contact_get(s, "bbbbbbbbbbbbbbbbbbbb", &mem, &c, &e), 0);
	assert_int_equal(c.outcome, CONTACT_OPEN);
	files = 0;
	assert_true(store_contact_files(s, "aaaaaaaaaaaaaaaaaaaa", count_file, &files, &e) == 0 && files == 0);
	struct store_example x = {.incident = "i1", .time = 5, .author = SL("a"), .title = SL("t"), .body = SL("b")};
	unsigned examples = 0;
	assert_int_equal(store_example_add(s, &x, &e), 0);
	assert_true(x.id > 0 && store_examples(s, -1, count_example, &examples, &e) == 0 && examples == 1);
	assert_int_equal(store_example_delete(s, x.id, &e), 0);
	assert_int_equal(store_example_delete(s, x.id, &e), ERR_NOENT);
	arena_free(&mem);
	store_close(s);
}

static int copy_action(void *arg, const struct store_action *a)
{
	struct store_action *to = arg;
	to->attempts++; /* how many there were */
	snprintf(to->id, sizeof to->id, "%s", a->id);
	return 0;
}

static void test_actions(void **state)
{
	(void)state;
	struct err e;
	bool fresh;
	struct arena mem;
	struct store *s = start(STORE_CREATE);
	struct store_action a = {.id = "0123", .incident = "i1", .kind = SL("block-address"), .target = SL("203.0.113.7"), .dry_run = true, .created = 5, .until = 9,
		.done = NSTIME_NONE}, got, seen = {0};
	arena_init(&mem);
	assert_int_equal(store_action_add(s, &a, &fresh, &e), 0);
	assert_true(fresh);
	a.target = SL("another");
	assert_int_equal(store_action_add(s, &a, &fresh, &e), 0);
	assert_false(fresh);
	assert_int_equal(store_action_get(s, "0123", &mem, &got, &e), 0);
	assert_true(slice_eq(got.target, SL("203.0.113.7")) && got.dry_run && got.until == 9 && got.done == NSTIME_NONE && got.state == ACTION_PLANNED);
	got.state = ACTION_DONE;
	got.done = 7;
	got.result = SL("is blocked");
	got.undo = slice_make("a\0b", 3);
	assert_int_equal(store_action_set(s, &got, &e), 0);
	assert_int_equal(store_action_get(s, "0123", &mem, &got, &e), 0);
	assert_true(got.state == ACTION_DONE && got.done == 7 && got.undo.n == 3 && slice_eq(got.result, SL("is blocked")));
	assert_int_equal(store_action_get(s, "9", &mem, &got, &e), ERR_NOENT);
	snprintf(got.id, sizeof got.id, "9");
	assert_int_equal(store_action_set(s, &got, &e), ERR_NOENT);
	assert_int_equal(store_actions(s, ACTION_DONE, "i1", copy_action, &seen, &e), 0);
	assert_int_equal(store_actions(s, ACTION_DONE, NULL, copy_action, &seen, &e), 0);
	assert_int_equal(seen.attempts, 2);
	assert_int_equal(store_actions(s, ACTION_PLANNED, NULL, copy_action, &seen, &e), 0);
	assert_int_equal(store_actions(s, -1, "i2", copy_action, &seen, &e), 0);
	assert_int_equal(seen.attempts, 2);
	assert_string_equal(action_state_name(ACTION_DRY), "dry-run");
	arena_free(&mem);
	store_close(s);
}

static int last_suppression(void *arg, const struct store_suppression *x)
{
	struct store_suppression *to = arg;
	assert_true(slice_eq(x->rule, SL("postern.guessing")) && slice_eq(x->source, SL("203.0.113.7")) && !x->host.n && slice_eq(x->author, SL("carol")));
	to->id = x->id;
	to->revoked = x->revoked;
	return 0;
}

static void test_suppressions(void **state)
{
	(void)state;
	struct err e;
	struct store *s = start(STORE_CREATE);
	struct store_suppression x = {.rule = SL("postern.guessing"), .source = SL("203.0.113.7"), .reason = SL("our own check"), .author = SL("carol"), .incident = "i1",
		.created = 5, .until = 90, .revoked = NSTIME_NONE}, seen = {0};
	assert_int_equal(store_suppression_add(s, &x, &e), 0);
	assert_true(x.id > 0);
	assert_int_equal(store_suppressions(s, last_suppression, &seen, &e), 0);
	assert_true(seen.id == x.id && seen.revoked == NSTIME_NONE);
	assert_int_equal(store_suppression_revoke(s, x.id, 50, &e), 0);
	assert_int_equal(store_suppression_revoke(s, x.id, 60, &e), 0); /* the first time stays */
	assert_int_equal(store_suppressions(s, last_suppression, &seen, &e), 0);
	assert_int_equal(seen.revoked, 50);
	assert_int_equal(store_suppression_revoke(s, 99, 50, &e), ERR_NOENT);
	store_close(s);
}

static void test_refused(void **state)
{
	(void)state;
	struct err e;
	char command[256];
	snprintf(command, sizeof command, "head -c 5000 /dev/urandom >%s", file);
	assert_int_equal(system(command), 0);
	assert_null(store_open(file, STORE_WRITE, &e));
	unlink(file);
	assert_int_equal(symlink("/etc/hostname", file), 0);
	assert_null(store_open(file, STORE_CREATE, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_findings, setup, teardown), cmocka_unit_test_setup_teardown(test_outbox, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rest, setup, teardown), cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown), cmocka_unit_test_setup_teardown(test_actions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_suppressions, setup, teardown), cmocka_unit_test_setup_teardown(test_reports, setup, teardown),
		cmocka_unit_test_setup_teardown(test_contacts, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
