/* test_notify.c - what is told, when, and how often: ids, groups, limits, quiet hours, waits, death and rising again. Time is a parameter. */
#include "test_notify.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define T0 (civil_seconds(2026, 11, 24, 12, 0, 0) * NS_SEC) /* a Tuesday */

struct world {
	char folder[64], file[96];
	struct store *store;
	struct org *org;
	struct arena mem;
	struct notify_config config;
	struct notifier *notifier;
	struct { struct slice *v; size_t n, cap; } told; /* bodies, in turn */
	int answer;                                      /* of the program */
	bool die;                                        /* the process, in the middle of an attempt */
};

static int note(void *arg, const char *id, const struct notify_channel *c, struct slice body, struct err *e)
{
	struct world *w = arg;
	(void)id;
	(void)c;
	if (w->die)
		kill(getpid(), SIGKILL);
	*vec_push(&w->told) = slice_dup(&w->mem, body);
	return w->answer < 0 ? err_set(e, w->answer, "no answer from \"pager\"") : w->answer;
}

static void begin(struct world *w)
{
	struct err e;
	w->notifier = notifier_new(w->store, &w->config, w->org, note, w, &e);
	assert_non_null(w->notifier);
}

static void again(struct world *w)
{
	notifier_free(w->notifier);
	begin(w);
}

static void start(struct world *w, const char *yaml)
{
	struct err e = {0};
	arena_init(&w->mem);
	snprintf(w->folder, sizeof w->folder, "/tmp/postern-notify-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->file, sizeof w->file, "%s/postern.db", w->folder);
	w->org = org_parse(SL("organisation:\n  timezone: Europe/Berlin\n"), "org.yaml", &e);
	if (!w->org || read_config(yaml, &w->mem, &w->config, &e))
		fail_msg("%d:%d %s", e.line, e.column, e.text);
	w->config.version = "0.0-test";
	w->store = store_open(w->file, STORE_CREATE, &e);
	assert_non_null(w->store);
	begin(w);
}

static void end(struct world *w)
{
	char command[128];
	notifier_free(w->notifier);
	store_close(w->store);
	org_free(w->org);
	arena_free(&w->mem);
	free(w->told.v);
	snprintf(command, sizeof command, "rm -r %s", w->folder);
	assert_int_equal(system(command), 0);
}

/* Tells of a story; flags as letters: n new, l level, s stage, m more. Returns how many are queued. */
static unsigned tell(struct world *w, const char *key, unsigned findings, enum level level, unsigned stages, const char *flags, nstime now)
{
	struct err e = {0};
	unsigned queued;
	struct incidents *s = story(w->org, key, findings, level, stages, SL("t"));
	char id[40];
	snprintf(id, sizeof id, "id-%s", key);
	struct notify_change x = {incidents_get(s, 0), id, strchr(flags, 'n'), strchr(flags, 'l'), strchr(flags, 's'), strchr(flags, 'm'), strchr(flags, 'c') ? "closed" : "open"};
	assert_non_null(x.incident);
	assert_int_equal(store_begin(w->store, &e), 0);
	if (notify_queue(w->store, &w->config, w->org, &x, now, &queued, &e))
		fail_msg("%s", e.text);
	assert_int_equal(store_commit(w->store, &e), 0);
	incidents_free(s);
	return queued;
}

static nstime step(struct world *w, nstime now)
{
	struct err e = {0};
	nstime next;
	if (notifier_step(w->notifier, now, &next, &e))
		fail_msg("%s", e.text);
	return next;
}

/* As a process would that only ever comes when it was told to. */
static nstime steps(struct world *w, nstime now)
{
	nstime next = step(w, now);
	for (int i = 0; next != NSTIME_NONE && next <= now; i++) {
		assert_in_range(i, 0, 1000);
		next = step(w, now);
	}
	return next;
}

static uint64_t count(struct world *w, enum outbox_state state)
{
	struct err e;
	uint64_t n;
	assert_int_equal(store_message_count(w->store, state, &n, &e), 0);
	return n;
}

static bool last_has(const struct world *w, const char *text)
{
	return w->told.n && slice_has(w->told.v[w->told.n - 1], slice_of(text));
}

#define PAGER "channels: [{name: pager, command: [/bin/page], min_level: low}]\n"

static void test_ids(void **state)
{
	struct world w = {0};
	(void)state;
	start(&w, "group: 60s\n" PAGER);
	assert_int_equal(tell(&w, "a", 1, LEVEL_HIGH, 1, "n", T0), 1);
	assert_int_equal(tell(&w, "a", 1, LEVEL_HIGH, 1, "n", T0), 0); /* done again after a kill */
	assert_int_equal(tell(&w, "a", 1, LEVEL_HIGH, 1, "l", T0 + 1), 0); /* the same level and stages, whatever it is called */
	steps(&w, T0);
	assert_int_equal(w.told.n, 1);
	assert_true(last_has(&w, "\"change\":[\"new\"]") && last_has(&w, "\"repeat\":false") && last_has(&w, "\"incident\":\"id-a\"") && last_has(&w, "\"postern\":\"0.0-test\""));
	assert_int_equal(tell(&w, "a", 1, LEVEL_HIGH, 1, "n", T0 + NS_HOUR), 0); /* told already */
	assert_int_equal(tell(&w, "a", 2, LEVEL_HIGH, 2, "s", T0 + NS_HOUR), 1);
	assert_int_equal(tell(&w, "a", 2, LEVEL_CRITICAL, 2, "l", T0 + NS_HOUR), 1); /* the message that waits goes into it */
	steps(&w, T0 + NS_HOUR);
	assert_int_equal(w.told.n, 2);
	assert_true(last_has(&w, "\"change\":[\"level\",\"stage\"]"));
	assert_int_equal(count(&w, OUTBOX_GROUPED), 1);
	assert_int_equal(tell(&w, "a", 2, LEVEL_HIGH, 2, "s", T0 + 2 * NS_HOUR), 0); /* the grouped one is known, too */
	assert_int_equal(tell(&w, "a", 2, LEVEL_CRITICAL, 2, "c", T0 + 2 * NS_HOUR), 1);
	steps(&w, T0 + 2 * NS_HOUR);
	assert_true(last_has(&w, "\"change\":[\"status\"]") && last_has(&w, "\"status\":\"closed\"") && last_has(&w, "\"activity_name\":\"Close\""));
	end(&w);
}

static void test_groups(void **state)
{
	struct world w = {0};
	(void)state;
	start(&w, "group: 60s\n" PAGER);
	assert_int_equal(tell(&w, "a", 1, LEVEL_HIGH, 1, "n", T0), 1);
	steps(&w, T0);
	assert_int_equal(tell(&w, "a", 2, LEVEL_HIGH, 1, "m", T0 + NS_SEC), 1);
	assert_int_equal(tell(&w, "a", 2, LEVEL_HIGH, 1, "m", T0 + NS_SEC), 0);
	assert_int_equal(tell(&w, "a", 3, LEVEL_HIGH, 1, "m", T0 + 2 * NS_SEC), 0); /* into the one that waits */
	assert_true(steps(&w, T0 + 3 * NS_SEC) == T0 + 61 * NS_SEC);
	assert_int_equal(w.told.n, 1);
	steps(&w, T0 + 61 * NS_SEC);
	assert_int_equal(w.told.n, 2);
	assert_true(last_has(&w, "a 2 t") && last_has(&w, "\"change\":[\"more\"]")); /* brought up to date */
	assert_int_equal(tell(&w, "a", 3, LEVEL_HIGH, 1, "m", T0 + 70 * NS_SEC), 0); /* it was told of all that */
	assert_int_equal(tell(&w, "a", 4, LEVEL_HIGH, 1, "m", T0 + 70 * NS_SEC), 1);
	assert_int_equal(tell(&w, "a", 5, LEVEL_HIGH, 2, "s", T0 + 71 * NS_SEC), 1); /* at once, and the minor one with it */
	steps(&w, T0 + 71 * NS_SEC);
	assert_int_equal(w.told.n, 3);
	assert_true(last_has(&w, "\"change\":[\"stage\"]"));
	assert_true(steps(&w, T0 + NS_HOUR) == NSTIME_NONE);
	assert_int_equal(w.told.n, 3);
	/* One that was begun is not changed any more. */
	assert_int_equal(tell(&w, "b", 1, LEVEL_HIGH, 1, "n", T0 + NS_HOUR), 1);
	w.answer = ERR_IO;
	step(&w, T0 + NS_HOUR);
	assert_int_equal(tell(&w, "b", 2, LEVEL_HIGH, 1, "m", T0 + NS_HOUR), 1);
	end(&w);
}

static void test_levels(void **state)
{
	struct world w = {0};
	(void)state;
	start(&w, "channels:\n  - {name: a, command: /bin/a, min_level: critical}\n  - {name: b, command: /bin/b}\n");
	assert_int_equal(tell(&w, "a", 1, LEVEL_HIGH, 0, "n", T0), 1);
	assert_int_equal(tell(&w, "a", 1, LEVEL_CRITICAL, 0, "l", T0), 2);
	struct err e;
	for (int i = 0; i < 2; i++) /* the same key is told once */
		assert_int_equal(notify_queue_notice(w.store, &w.config, LEVEL_MEDIUM, SL("silent/web1"), SL("web1 is silent " HOSTILE), SL("since noon"), T0, &e), 0);
	steps(&w, T0);
	assert_int_equal(w.told.n, 3);
	assert_true(slice_has(w.told.v[0], SL("\"channel\":\"a\"")));
	assert_true(last_has(&w, "\"kind\":\"notice\""));
	end(&w);
}

/* ---- attempts ------------------------------------------------------------------------------------------------------------- */

static int first_row(void *arg, const struct store_message *m)
{
	struct store_message *to = arg;
	*to = *m;
	to->error = SLICE_NONE;
	assert_true(m->state != OUTBOX_DEAD || slice_has(m->error, SL("pager")));
	return 0;
}

static void test_backoff(void **state)
{
	struct world w = {0};
	struct err e;
	(void)state;
	start(&w, "attempts: 5\nretry: {first: 2s, longest: 8s}\n" PAGER);
	w.answer = ERR_IO;
	tell(&w, "a", 1, LEVEL_HIGH, 0, "n", T0);
	nstime now = T0, next, longest[] = {2, 4, 8, 8};
	for (size_t i = 0; i < ARRAY_LEN(longest); i++) {
		next = steps(&w, now);
		assert_int_equal(w.told.n, i + 1);
		assert_true(next - now >= longest[i] * NS_SEC / 2 && next - now <= longest[i] * NS_SEC);
		assert_true(step(&w, next - 1) == next);
		assert_int_equal(w.told.n, i + 1);
		now = next;
	}
	assert_true(last_has(&w, "\"attempt\":4") && last_has(&w, "\"repeat\":true"));
	assert_true(steps(&w, now) == NSTIME_NONE);
	assert_int_equal(count(&w, OUTBOX_DEAD), 1);
	struct store_message dead = {0};
	assert_int_equal(store_messages(w.store, OUTBOX_DEAD, -1, first_row, &dead, &e), 0);
	assert_int_equal(dead.attempts, 5);
	step(&w, now + NS_DAY);
	assert_int_equal(w.told.n, 5);
	uint64_t n;
	assert_int_equal(store_messages_requeue(w.store, "no such", now, &n, &e), 0);
	assert_int_equal(n, 0);
	assert_int_equal(store_messages_requeue(w.store, dead.id, now + NS_DAY, &n, &e), 0);
	assert_int_equal(n, 1);
	w.answer = 0;
	step(&w, now + NS_DAY);
	assert_true(last_has(&w, "\"attempt\":1,") && last_has(&w, "\"repeat\":true"));
	assert_int_equal(count(&w, OUTBOX_SENT), 1);
	end(&w);
}

static void test_waits(void **state)
{
	struct notify_config c = {.first_wait = NS_SEC, .longest_wait = NS_HOUR};
	uint64_t seen[8] = {0};
	(void)state;
	for (unsigned a = 1; a < 2000; a++) {
		nstime wait = notify_backoff(&c, "some id", a), all = a > 12 ? NS_HOUR : MIN(NS_HOUR, NS_SEC << (a - 1));
		assert_true(wait >= all / 2 && wait <= all);
		assert_true(wait == notify_backoff(&c, "some id", a));
	}
	for (int i = 0; i < 8000; i++) { /* messages that failed together do not come together again */
		char id[16];
		snprintf(id, sizeof id, "%d", i);
		nstime wait = notify_backoff(&c, id, 12) - 1024 * NS_SEC;
		seen[MIN(wait / (128 * NS_SEC), 7)]++;
	}
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		assert_in_range(seen[i], 800, 1200);
	c = (struct notify_config){.first_wait = INT64_MAX / 2, .longest_wait = INT64_MAX - 1};
	assert_true(notify_backoff(&c, "x", 1000) > 0);
}

/* Killed after the attempt was counted: it is made again and says so. A real process, a real signal. */
static void test_killed(void **state)
{
	struct world w = {0};
	int status;
	(void)state;
	start(&w, PAGER);
	tell(&w, "a", 1, LEVEL_HIGH, 0, "n", T0);
	notifier_free(w.notifier);
	store_close(w.store);
	pid_t pid = fork();
	if (pid == 0) {
		struct err e;
		nstime next;
		w.store = store_open(w.file, STORE_WRITE, &e);
		w.notifier = notifier_new(w.store, &w.config, w.org, note, &w, &e);
		w.die = true;
		notifier_step(w.notifier, T0, &next, &e);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	struct err e;
	w.store = store_open(w.file, STORE_WRITE, &e);
	begin(&w);
	steps(&w, T0 + 1);
	assert_int_equal(w.told.n, 1);
	assert_true(last_has(&w, "\"attempt\":2") && last_has(&w, "\"repeat\":true"));
	assert_int_equal(count(&w, OUTBOX_SENT), 1);
	end(&w);
}

static int row_id(void *arg, const struct store_message *m)
{
	memcpy(arg, m->id, sizeof m->id);
	return 0;
}

static void test_later(void **state)
{
	struct world w = {0};
	struct err e, failed = {.text = "status 75 of pager"};
	char id[72] = "";
	(void)state;
	start(&w, PAGER);
	w.answer = NOTIFY_LATER;
	tell(&w, "a", 1, LEVEL_HIGH, 0, "n", T0);
	steps(&w, T0);
	assert_int_equal(notifier_under_way(w.notifier), 1);
	assert_int_equal(store_messages(w.store, OUTBOX_PENDING, -1, row_id, id, &e), 0);
	assert_int_equal(notifier_ran(w.notifier, "another", NULL, T0, &e), 0);
	assert_int_equal(notifier_ran(w.notifier, id, &failed, T0, &e), 0);
	assert_int_equal(notifier_under_way(w.notifier), 0);
	nstime next = step(&w, T0);
	step(&w, next);
	assert_int_equal(w.told.n, 2);
	assert_int_equal(notifier_ran(w.notifier, id, NULL, next, &e), 0);
	assert_int_equal(count(&w, OUTBOX_SENT), 1);
	/* Nobody tells how it ended: it counts as failed, one day. */
	tell(&w, "b", 1, LEVEL_HIGH, 0, "n", next);
	step(&w, next);
	step(&w, next + 5 * NS_MIN);
	step(&w, next + 6 * NS_MIN);
	assert_int_equal(w.told.n, 4);
	assert_true(last_has(&w, "\"repeat\":true"));
	again(&w); /* and so does what was under way when the process ended */
	step(&w, next + 6 * NS_MIN);
	assert_int_equal(w.told.n, 5);
	assert_true(last_has(&w, "\"attempt\":3"));
	end(&w);
}

static void test_orphans(void **state)
{
	struct world w = {0};
	(void)state;
	start(&w, PAGER);
	tell(&w, "a", 1, LEVEL_HIGH, 0, "n", T0);
	struct slice name = w.config.channels[0].name;
	w.config.channels[0].name = SL("other");
	struct err e;
	struct store_message bad = {.id = "bad", .channel = SL("other"), .body = SL("no message"), .created = T0, .due = T0};
	assert_int_equal(store_message_add(w.store, &bad, &e), 0);
	steps(&w, T0);
	assert_int_equal(w.told.n, 0);
	assert_int_equal(count(&w, OUTBOX_DEAD), 2);
	w.config.channels[0].name = name;
	end(&w);
}

/* ---- limits --------------------------------------------------------------------------------------------------------------- */

static void test_limit(void **state)
{
	struct world w = {0};
	char key[16];
	(void)state;
	start(&w, "most_per_hour: 5\n" PAGER);
	for (int i = 0; i < 60; i++) {
		snprintf(key, sizeof key, "k%d", i);
		tell(&w, key, 1, LEVEL_HIGH, 0, "n", T0 + i);
	}
	nstime next = steps(&w, T0 + NS_SEC);
	assert_int_equal(w.told.n, 5);
	assert_true(next == T0 + NS_SEC + NS_HOUR);
	for (int i = 0; i < 7; i++) { /* a flood of lesser ones holds critical ones back only among themselves */
		snprintf(key, sizeof key, "c%d", i);
		tell(&w, key, 1, LEVEL_CRITICAL, 0, "n", T0 + 2 * NS_SEC);
	}
	steps(&w, T0 + 2 * NS_SEC);
	assert_int_equal(w.told.n, 10);
	assert_true(last_has(&w, "\"level\":\"critical\""));
	struct err e;
	struct store_message held = {0};
	assert_int_equal(store_messages(w.store, OUTBOX_PENDING, OUTBOX_LIMITED, first_row, &held, &e), 0);
	assert_int_equal(held.held, OUTBOX_LIMITED);
	again(&w); /* the limit outlives a restart */
	steps(&w, T0 + NS_HOUR);
	assert_int_equal(w.told.n, 10);
	steps(&w, next);
	assert_int_equal(w.told.n, 11);
	assert_true(last_has(&w, "\"kind\":\"summary\"") && last_has(&w, "55 messages were held back") && last_has(&w, "\"incident\":\"id-k5\"") && last_has(&w, "and 15 more"));
	assert_true(w.told.v[10].n <= NOTIFY_BODY_MAX);
	steps(&w, next + NS_HOUR);
	assert_int_equal(w.told.n, 12); /* the two critical ones */
	assert_int_equal(count(&w, OUTBOX_PENDING), 0);
	end(&w);
}

static void test_limit_one(void **state)
{
	struct world w = {0};
	(void)state;
	start(&w, "most_per_hour: 1\n" PAGER);
	tell(&w, "a", 1, LEVEL_HIGH, 0, "n", T0);
	tell(&w, "b", 1, LEVEL_HIGH, 0, "n", T0);
	nstime next = steps(&w, T0);
	assert_int_equal(w.told.n, 1);
	steps(&w, next);
	assert_int_equal(w.told.n, 2); /* one alone is told as itself */
	assert_true(last_has(&w, "\"kind\":\"incident\""));
	end(&w);
}

static nstime berlin_winter(int day, unsigned hour, unsigned minute)
{
	return civil_seconds(2026, 11, (unsigned)day, hour, minute, 0) * NS_SEC - NS_HOUR;
}

static void test_quiet(void **state)
{
	struct world w = {0};
	(void)state;
	start(&w, "most_per_hour: 4\nquiet_hours: [\"22:00-06:00\"]\nchannels: [{name: pager, command: [/bin/page]}, {name: log, command: /bin/log, quiet_hours: false, min_level: critical}]\n");
	tell(&w, "a", 1, LEVEL_HIGH, 0, "n", berlin_winter(24, 23, 30));
	nstime next = steps(&w, berlin_winter(24, 23, 30));
	assert_int_equal(w.told.n, 0);
	assert_true(next == berlin_winter(25, 6, 0));
	tell(&w, "b", 1, LEVEL_CRITICAL, 0, "n", berlin_winter(25, 3, 0));
	steps(&w, berlin_winter(25, 3, 0));
	assert_int_equal(w.told.n, 2); /* all the same, and the other channel keeps no hours */
	steps(&w, next - 1);
	assert_int_equal(w.told.n, 2);
	tell(&w, "a", 2, LEVEL_HIGH, 2, "s", next - 1);
	steps(&w, next - 1);
	steps(&w, next);
	assert_int_equal(w.told.n, 3); /* one message with all that is known */
	assert_true(last_has(&w, "\"change\":[\"new\",\"stage\"]"));
	for (int i = 0; i < 6; i++) { /* a night with more than the hour allows: one summary, at once */
		char key[16];
		snprintf(key, sizeof key, "q%d", i);
		tell(&w, key, 1, LEVEL_HIGH, 0, "n", berlin_winter(25, 23, 0));
	}
	steps(&w, berlin_winter(25, 23, 0));
	assert_int_equal(w.told.n, 3);
	steps(&w, berlin_winter(26, 6, 0));
	assert_int_equal(w.told.n, 4);
	assert_true(last_has(&w, "6 messages were held back") && last_has(&w, "they came in quiet hours"));
	end(&w);
}

static void test_quiet_ends(void **state)
{
	struct notify_config c = {0};
	struct arena mem;
	struct err e = {0};
	(void)state;
	struct org *org = org_parse(SL("organisation:\n  timezone: Europe/Berlin\n"), "org.yaml", &e);
	arena_init(&mem);
	assert_int_equal(read_config("quiet_hours: [\"22:00-06:00\", {days: Sat-Sun, from: \"00:00\", until: \"24:00\"}]\n", &mem, &c, &e), 0);
	static const struct { int month, day, hour, minute, until_month, until_day, until_hour; } rows[] = { /* UTC */
		{11, 24, 12, 0, 0, 0, 0}, {11, 24, 21, 0, 11, 25, 5}, {11, 25, 4, 59, 11, 25, 5}, {11, 25, 5, 0, 0, 0, 0},
		{11, 27, 22, 0, 11, 30, 5},           /* Friday night until Monday morning */
		{3, 28, 12, 0, 3, 30, 4},             /* the clock goes forward on the 29th: six o'clock is four UTC */
		{10, 24, 12, 0, 10, 26, 5},           /* and back on the 25th */
		{7, 1, 20, 0, 7, 2, 4},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		nstime t = civil_seconds(2026, (unsigned)rows[i].month, (unsigned)rows[i].day, (unsigned)rows[i].hour, (unsigned)rows[i].minute, 0) * NS_SEC;
		nstime want = rows[i].until_month ? civil_seconds(2026, (unsigned)rows[i].until_month, (unsigned)rows[i].until_day, (unsigned)rows[i].until_hour, 0, 0) * NS_SEC : NSTIME_NONE;
		nstime got = notify_quiet_until(&c, org, t);
		char a[40], b[40];
		if (got != want)
			fail_msg("row %zu: %s, not %s", i, time_plain(got, a), time_plain(want, b));
	}
	assert_int_equal(read_config("quiet_hours: [\"00:00-24:00\"]\n", &mem, &c, &e), 0); /* always: it comes to an end all the same */
	assert_true(notify_quiet_until(&c, org, T0) > T0 && notify_quiet_until(&c, org, T0) < T0 + 40 * NS_DAY);
	arena_free(&mem);
	org_free(org);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids), cmocka_unit_test(test_groups), cmocka_unit_test(test_levels), cmocka_unit_test(test_backoff), cmocka_unit_test(test_waits),
		cmocka_unit_test(test_killed), cmocka_unit_test(test_later), cmocka_unit_test(test_orphans), cmocka_unit_test(test_limit), cmocka_unit_test(test_limit_one),
		cmocka_unit_test(test_quiet), cmocka_unit_test(test_quiet_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
