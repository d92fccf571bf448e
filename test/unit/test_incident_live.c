/* test_incident_live.c - incidents that live: the same findings in any order, in any steps, with any kills make the same incidents. */
#include "incident/incident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define START (civil_seconds(2026, 11, 2, 8, 0, 0) * NS_SEC)
#define NOW (START + 60 * NS_DAY)

struct place {
	char folder[64], file[128];
	struct store *s;
	struct org *org;
	struct incident_book *b;
	struct buf log; /* what was told and committed */
	struct buf pending;
};

static void open_place(struct place *p)
{
	struct err e = {0};
	*p = (struct place){.org = org_new()};
	snprintf(p->folder, sizeof p->folder, "/tmp/postern-live-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->file, sizeof p->file, "%s/postern.db", p->folder);
	p->s = store_open(p->file, STORE_CREATE, &e);
	assert_non_null(p->s);
	p->b = incident_book_new(p->org);
	assert_int_equal(incident_book_load(p->b, p->s, NOW, &e), 0);
}

static void close_place(struct place *p)
{
	char command[128];
	incident_book_free(p->b);
	store_close(p->s);
	org_free(p->org);
	buf_free(&p->log);
	buf_free(&p->pending);
	snprintf(command, sizeof command, "rm -rf %s", p->folder);
	assert_int_equal(system(command), 0);
}

/* The process is killed: what was not committed is gone. */
static void kill_and_load(struct place *p)
{
	struct err e = {0};
	store_rollback(p->s);
	incident_book_free(p->b);
	store_close(p->s);
	p->pending.n = 0;
	p->s = store_open(p->file, STORE_WRITE, &e);
	assert_non_null(p->s);
	p->b = incident_book_new(p->org);
	assert_int_equal(incident_book_load(p->b, p->s, NOW, &e), 0);
}

static int tell(void *arg, const struct incident *in, const char *id, unsigned changes)
{
	struct place *p = arg;
	buf_addf(&p->pending, "%s %s %u %s %zu\n", id, in->id, changes, level_name(in->level), in->nfindings);
	return 0;
}

static void update_without_commit(struct place *p, nstime now)
{
	struct err e = {0};
	assert_int_equal(store_begin(p->s, &e), 0);
	int rc = incident_book_update(p->b, p->s, now, tell, p, &e);
	if (rc)
		print_message("%s\n", e.text);
	assert_int_equal(rc, 0);
}

static void commit(struct place *p)
{
	struct err e = {0};
	assert_int_equal(store_commit(p->s, &e), 0);
	buf_adds(&p->log, buf_slice(&p->pending));
	p->pending.n = 0;
}

static void update(struct place *p, nstime now)
{
	update_without_commit(p, now);
	commit(p);
}

/* ---- made findings ---------------------------------------------------------------------------------------------------- */

static uint32_t draw(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*state >> 33) % below);
}

static struct finding *make(const char *key, nstime t, enum level level, enum stage stage, const char *user, const char *host, uint64_t count)
{
	struct finding *f = finding_new();
	f->rule_id = SL("postern.test");
	f->rule_name = SL("a test");
	f->level = level;
	f->stage = stage;
	finding_printf(f, &f->title, "%s did something on %s", user, host);
	finding_name(f, slice_of(key), t);
	finding_evidence_raw(f, 1, (uint64_t)(t & 0xffff), t, SL("a raw line"));
	finding_entity(f, ENT_USER, slice_of(user));
	finding_entity(f, ENT_HOST, slice_of(host));
	f->count = count;
	return f;
}

static struct finding *copy_of(const struct finding *f)
{
	struct buf b = {0};
	finding_save(f, &b);
	struct wire w = wire_of(buf_slice(&b));
	struct finding *c = finding_load(&w);
	buf_free(&b);
	assert_non_null(c);
	return c;
}

enum { FINDINGS = 120, GROWN = 3 };

/* Findings with few shared names, so that chains, joins of two, and low ones between two stories come about. Each grows in steps:
 * v[i][0] is smallest. */
struct made {
	struct finding *v[FINDINGS][GROWN];
};

static void make_all(struct made *m, uint64_t seed)
{
	uint64_t r = seed * 77 + 5;
	for (uint32_t i = 0; i < FINDINGS; i++) {
		char key[32], user[32], host[32], source[48];
		nstime t = START + (nstime)draw(&r, 25 * 24 * 60) * NS_MIN;
		snprintf(key, sizeof key, "f%u", i);
		snprintf(user, sizeof user, draw(&r, 8) ? "user%u" : "root", draw(&r, 12));
		snprintf(host, sizeof host, "host%u", draw(&r, 25));
		snprintf(source, sizeof source, draw(&r, 3) ? "203.0.113.%u" : "10.0.0.%u", draw(&r, 15));
		enum level level = (enum level)draw(&r, LEVEL_COUNT);
		enum stage stage = draw(&r, 2) ? (enum stage)draw(&r, STAGE_COUNT) : STAGE_NONE;
		bool has_source = draw(&r, 2), rises = draw(&r, 4) == 0;
		nstime on = (nstime)draw(&r, 600) * NS_MIN;
		for (unsigned g = 0; g < GROWN; g++) {
			enum level l = rises && g + 1 < GROWN ? MIN(level, LEVEL_LOW) : level;
			struct finding *f = make(key, t, l, stage, user, host, 1 + g);
			if (has_source && g)
				finding_entity(f, ENT_SOURCE, slice_of(source));
			f->last = t + (nstime)g * on;
			m->v[i][g] = f;
		}
	}
}

static void free_all(struct made *m)
{
	for (unsigned i = 0; i < FINDINGS; i++)
		for (unsigned g = 0; g < GROWN; g++)
			finding_free(m->v[i][g]);
}

/* Everything an incident says but its id. */
static void describe(struct buf *b, const struct incident *in)
{
	buf_addf(b, "%s %.*s | %.*s | %.*s\n", level_name(in->level), SLFMT(in->kind), SLFMT(in->title), SLFMT(in->level_reason));
	for (size_t i = 0; i < in->nfindings; i++)
		buf_addf(b, "%s %llu ", in->findings[i]->uid, (unsigned long long)in->findings[i]->count);
	for (size_t i = 0; i < in->nnarrative; i++)
		buf_addf(b, "\n%.*s", SLFMT(in->narrative[i]));
	for (size_t i = 0; i < in->nstory; i++)
		buf_addf(b, "\n%.*s", SLFMT(in->story[i]));
	for (size_t i = 0; i < in->nentities; i++)
		buf_addf(b, "\n%.*s", SLFMT(in->entities[i].value));
	for (size_t i = 0; i < in->nsteps; i++)
		buf_addf(b, "\n%.*s", SLFMT(in->steps[i]));
	for (size_t i = 0; i < in->nhops; i++)
		buf_addf(b, "\n%.*s %.*s %llu", SLFMT(in->hops[i].from), SLFMT(in->hops[i].to), (unsigned long long)in->hops[i].count);
}

static bool says(const struct incident *a, const struct incident *b)
{
	struct buf x = {0}, y = {0};
	describe(&x, a);
	describe(&y, b);
	bool same = slice_eq(buf_slice(&x), buf_slice(&y));
	buf_free(&x);
	buf_free(&y);
	return same;
}

static struct incidents *reference(const struct made *m, const struct org *org)
{
	struct incidents *all = incidents_new(org);
	for (unsigned i = 0; i < FINDINGS; i++)
		incidents_add(all, copy_of(m->v[i][GROWN - 1]));
	incidents_build(all);
	return all;
}

/* Each incident of the reference is one of the book's. What else the book has was an incident once: a finding of medium level whose low
 * companion found better company since. */
static void compare(const struct incident_book *b, const struct incidents *all, bool ids)
{
	size_t found = 0;
	for (size_t i = 0; i < incident_book_count(b); i++) {
		const struct incident *in = incident_book_get(b, i);
		bool same = false;
		for (size_t k = 0; k < incidents_count(all) && !same; k++)
			same = says(in, incidents_get(all, k)) && (!ids || strcmp(in->id, incidents_get(all, k)->id) == 0);
		found += same;
		if (!same && (in->nfindings != 1 || in->level > LEVEL_MEDIUM))
			fail_msg("incident %s of %zu findings is not what the findings make", in->id, in->nfindings);
	}
	assert_int_equal(found, incidents_count(all));
}

static int count_open(void *arg, const struct store_incident *x)
{
	(void)x;
	++*(size_t *)arg;
	return 0;
}

static int in_incident(void *arg, struct finding *f, const char *incident)
{
	const struct incident_book *b = arg;
	const struct incident *in = *incident ? incident_book_find(b, incident) : NULL;
	bool there = !*incident;
	for (size_t i = 0; in && i < in->nfindings; i++)
		there |= strcmp(in->findings[i]->uid, f->uid) == 0 && in->findings[i]->count == f->count;
	assert_true(there);
	finding_free(f);
	return 0;
}

static void no_problem(void *arg, const char *text)
{
	(void)arg;
	fail_msg("%s", text);
}

/* The file says the same as the book. */
static void check_file(struct place *p)
{
	struct err e = {0};
	size_t open = 0;
	assert_int_equal(store_check(p->s, no_problem, NULL, &e), 0);
	assert_int_equal(store_incidents(p->s, INCIDENT_OPEN, count_open, &open, &e), 0);
	assert_int_equal(open, incident_book_count(p->b));
	assert_int_equal(store_findings(p->s, INT64_MIN, NULL, in_incident, p->b, &e), 0);
}

/* ---- any order ---------------------------------------------------------------------------------------------------------- */

struct arrival {
	uint32_t finding, grown;
};

static void shuffle(struct arrival *v, uint32_t n, uint64_t seed)
{
	uint64_t r = seed;
	for (uint32_t i = 0; i < n; i++)
		v[i] = (struct arrival){i % FINDINGS, i / FINDINGS};
	for (uint32_t i = n; i > 1; i--) {
		uint32_t k = draw(&r, i);
		struct arrival t = v[i - 1];
		v[i - 1] = v[k];
		v[k] = t;
	}
}

static void test_any_order_at_once(void **state)
{
	(void)state;
	struct arrival v[FINDINGS * GROWN];
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct place p;
		struct made m;
		open_place(&p);
		make_all(&m, seed / 3);
		shuffle(v, ARRAY_LEN(v), seed);
		for (size_t i = 0; i < ARRAY_LEN(v); i++)
			incident_book_add(p.b, copy_of(m.v[v[i].finding][v[i].grown]));
		update(&p, NOW);
		struct incidents *all = reference(&m, p.org);
		assert_true(incidents_count(all) > 2);
		compare(p.b, all, true);
		assert_int_equal(incident_book_count(p.b), incidents_count(all));
		check_file(&p);
		incidents_free(all);
		free_all(&m);
		close_place(&p);
	}
}

/* One arrival after the other, with an update after some. kills: before and after some commits, and in the middle; what was not
 * committed is added again, and so is much of what was, as after a checkpoint. */
static void run(struct place *p, const struct made *m, const struct arrival *v, uint32_t n, uint64_t steps, uint64_t kills)
{
	uint32_t from = 0;
	for (uint32_t i = 0; i < n; i++) {
		incident_book_add(p->b, copy_of(m->v[v[i].finding][v[i].grown]));
		if (draw(&steps, 5) && i + 1 < n)
			continue;
		nstime now = NOW + (nstime)i * NS_SEC;
		while (kills && draw(&kills, 4) == 0) {
			if (draw(&kills, 2))
				update_without_commit(p, now);
			kill_and_load(p);
			for (uint32_t k = draw(&kills, from + 1); k <= i; k++)
				incident_book_add(p->b, copy_of(m->v[v[k].finding][v[k].grown]));
		}
		update(p, now);
		from = i + 1;
	}
}

static void test_any_order_in_steps(void **state)
{
	(void)state;
	struct arrival v[FINDINGS * GROWN];
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct place p;
		struct made m;
		open_place(&p);
		make_all(&m, seed / 3);
		shuffle(v, ARRAY_LEN(v), seed * 13);
		run(&p, &m, v, ARRAY_LEN(v), seed, 0);
		struct incidents *all = reference(&m, p.org);
		compare(p.b, all, false);
		check_file(&p);
		kill_and_load(&p);
		update(&p, NOW + NS_DAY); /* nothing is told again */
		compare(p.b, all, false);
		incidents_free(all);
		free_all(&m);
		close_place(&p);
	}
}

static int row(void *arg, const struct store_incident *x)
{
	buf_addf(arg, "%s %d %d %u %u %s %.*s %lld %lld\n", x->id, (int)x->status, (int)x->level, x->stages, x->findings, x->merged, SLFMT(x->title),
		(long long)x->opened, (long long)x->updated);
	return 0;
}

static void test_kills_change_nothing(void **state)
{
	(void)state;
	struct arrival v[FINDINGS * GROWN];
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct place a, b;
		struct made m;
		struct err e;
		struct buf x = {0}, y = {0};
		open_place(&a);
		open_place(&b);
		make_all(&m, seed);
		shuffle(v, ARRAY_LEN(v), seed * 31);
		run(&a, &m, v, ARRAY_LEN(v), seed, 0);
		run(&b, &m, v, ARRAY_LEN(v), seed, seed * 7);
		assert_int_equal(store_incidents(a.s, -1, row, &x, &e), 0);
		assert_int_equal(store_incidents(b.s, -1, row, &y, &e), 0);
		assert_true(x.n > 0);
		assert_true(slice_eq(buf_slice(&x), buf_slice(&y)));         /* the same incidents, open and merged */
		assert_true(slice_eq(buf_slice(&a.log), buf_slice(&b.log))); /* and each change was told once */
		check_file(&b);
		buf_free(&x);
		buf_free(&y);
		free_all(&m);
		close_place(&a);
		close_place(&b);
	}
}

/* ---- who belongs together, pair by pair --------------------------------------------------------------------------------- */

static bool within(const struct finding *a, const struct finding *b, nstime window)
{
	return a->first <= b->last + window && b->first <= a->last + window;
}

static bool share(const struct finding *a, const struct finding *b, bool host)
{
	for (size_t i = 0; i < a->nentities; i++)
		for (size_t k = 0; k < b->nentities; k++) {
			struct slice v = a->entities[i].value;
			bool actor = (a->entities[i].type == ENT_USER && !slice_eq(v, SL("root"))) || (a->entities[i].type == ENT_SOURCE && !slice_starts(v, SL("10.")));
			if (a->entities[i].type == b->entities[k].type && slice_eq(v, b->entities[k].value) && (host ? a->entities[i].type == ENT_HOST : actor))
				return true;
		}
	return false;
}

static bool belong(const struct finding *a, const struct finding *b)
{
	return (within(a, b, 12 * NS_DAY) && share(a, b, false)) || (a->stage && b->stage && within(a, b, 36 * NS_HOUR) && share(a, b, true));
}

static const struct incident *home(const struct incidents *all, const struct finding *f)
{
	for (size_t i = 0; i < incidents_count(all); i++)
		for (size_t k = 0; k < incidents_get(all, i)->nfindings; k++)
			if (incidents_get(all, i)->findings[k] == f)
				return incidents_get(all, i);
	return NULL;
}

/* Every pair that belongs together is in one incident; and in an incident every part hangs on the rest. */
static void check_pairs(const struct incidents *all)
{
	size_t n = incidents_findings(all);
	for (size_t i = 0; i < n; i++) {
		const struct finding *a = incidents_finding(all, i);
		bool company = false;
		for (size_t k = 0; k < n; k++) {
			const struct finding *b = incidents_finding(all, k);
			if (a == b || b->level < LEVEL_MEDIUM)
				continue;
			if (a->level >= LEVEL_MEDIUM && belong(a, b))
				assert_true(home(all, a) && home(all, a) == home(all, b));
			company |= a->level < LEVEL_MEDIUM && within(a, b, NS_DAY) && share(a, b, false) && share(a, b, true);
		}
		if (a->level < LEVEL_MEDIUM)
			assert_int_equal(company, home(all, a) != NULL);
	}
	for (size_t i = 0; i < incidents_count(all); i++) {
		const struct incident *in = incidents_get(all, i);
		bool reached[FINDINGS] = {false};
		size_t grave = 0, count = 0;
		for (size_t k = 0; k < in->nfindings; k++) {
			if (in->findings[k]->level >= LEVEL_MEDIUM && !grave++)
				reached[k] = true;
		}
		for (bool more = true; more;) {
			more = false;
			for (size_t k = 0; k < in->nfindings; k++)
				for (size_t j = 0; j < in->nfindings && !reached[k] && in->findings[k]->level >= LEVEL_MEDIUM; j++)
					if (reached[j] && belong(in->findings[k], in->findings[j]))
						reached[k] = more = true;
		}
		for (size_t k = 0; k < in->nfindings; k++)
			count += reached[k];
		assert_int_equal(count, grave);
	}
}

static void test_pairs(void **state)
{
	(void)state;
	for (uint64_t seed = 20; seed < 40; seed++) {
		struct made m;
		struct org *org = org_new();
		make_all(&m, seed);
		struct incidents *all = reference(&m, org);
		check_pairs(all);
		incidents_free(all);
		free_all(&m);
		org_free(org);
	}
}

/* ---- identity ----------------------------------------------------------------------------------------------------------- */

static void add(struct place *p, const char *key, nstime t, enum level level, enum stage stage, const char *user, const char *host, uint64_t count)
{
	incident_book_add(p->b, make(key, t, level, stage, user, host, count));
}

static void told(struct place *p, const char *want)
{
	if (!slice_eq(buf_slice(&p->log), slice_of(want)))
		fail_msg("told:\n%.*swanted:\n%s", SLFMT(buf_slice(&p->log)), want);
	p->log.n = 0;
}

static void test_it_keeps_its_id(void **state)
{
	(void)state;
	struct place p;
	char id[40], want[400];
	open_place(&p);
	add(&p, "b", START + NS_DAY, LEVEL_HIGH, STAGE_TOOLS, "eve", "web1", 1);
	update(&p, NOW);
	snprintf(id, sizeof id, "%s", incident_book_get(p.b, 0)->id);
	snprintf(want, sizeof want, "%s %s %u high 1\n", id, id, INCIDENT_FRESH);
	told(&p, want);
	update(&p, NOW);
	told(&p, ""); /* nothing new */
	add(&p, "a", START, LEVEL_MEDIUM, STAGE_ENTRY, "eve", "web2", 1); /* earlier evidence */
	update(&p, NOW);
	snprintf(want, sizeof want, "%s %s %u high 2\n", id, id, INCIDENT_STAGE | INCIDENT_MORE);
	told(&p, want);
	assert_true(incident_book_get(p.b, 0)->first == START);
	assert_true(slice_has(incident_book_get(p.b, 0)->narrative[0], SL("web2")));
	add(&p, "a", START, LEVEL_MEDIUM, STAGE_ENTRY, "eve", "web2", 4); /* grows */
	update(&p, NOW);
	snprintf(want, sizeof want, "%s %s %u high 2\n", id, id, INCIDENT_MORE);
	told(&p, want);
	assert_false(incident_book_add(p.b, make("a", START, LEVEL_MEDIUM, STAGE_ENTRY, "eve", "web2", 3)));
	assert_false(incident_book_add(p.b, make("a", START, LEVEL_LOW, STAGE_ENTRY, "eve", "web2", 9)));
	add(&p, "c", START + 2 * NS_DAY, LEVEL_HIGH, STAGE_MOVED, "eve", "db1", 1);
	add(&p, "d", START + 2 * NS_DAY, LEVEL_HIGH, STAGE_COVER, "eve", "db1", 1);
	update(&p, NOW);
	snprintf(want, sizeof want, "%s %s %u critical 4\n", id, id, INCIDENT_ROSE | INCIDENT_STAGE | INCIDENT_MORE);
	told(&p, want);
	check_file(&p);
	close_place(&p);
}

static void test_two_grow_together(void **state)
{
	(void)state;
	struct place p;
	struct err e;
	char first[40], second[40], want[400];
	open_place(&p);
	add(&p, "late", START + 5 * NS_DAY, LEVEL_HIGH, STAGE_NONE, "eve", "web1", 1);
	update(&p, NOW);
	snprintf(first, sizeof first, "%s", incident_book_get(p.b, 0)->id);
	add(&p, "early", START, LEVEL_HIGH, STAGE_NONE, "mallory", "db1", 1);
	update(&p, NOW + NS_SEC);
	assert_int_equal(incident_book_count(p.b), 2);
	snprintf(second, sizeof second, "%s", incident_book_get(p.b, 1)->id);
	assert_true(strcmp(second, first) < 0); /* of earlier evidence, but opened later */
	p.log.n = 0;
	struct finding *bridge = make("bridge", START + 2 * NS_DAY, LEVEL_MEDIUM, STAGE_NONE, "eve", "web9", 1);
	finding_entity(bridge, ENT_USER, SL("mallory"));
	incident_book_add(p.b, bridge);
	update(&p, NOW + 2 * NS_SEC);
	snprintf(want, sizeof want, "%s %s %u high 3\n%s %s %u high 3\n", second, first, INCIDENT_JOINED, first, first, INCIDENT_MORE);
	told(&p, want);
	struct arena mem;
	struct store_incident got;
	arena_init(&mem);
	assert_int_equal(store_incident_get(p.s, second, &mem, &got, &e), 0);
	assert_int_equal(got.status, INCIDENT_MERGED);
	assert_string_equal(got.merged, first);
	check_file(&p);
	kill_and_load(&p);
	update(&p, NOW + 3 * NS_SEC);
	told(&p, "");
	assert_int_equal(incident_book_get(p.b, 0)->nfindings, 3);
	arena_free(&mem);
	close_place(&p);
}

/* A person does it, in another process. */
static void decide(struct place *p, const char *id, enum incident_status status, nstime now)
{
	struct err e = {0};
	struct store *other = store_open(p->file, STORE_WRITE, &e);
	assert_non_null(other);
	assert_int_equal(store_begin(other, &e), 0);
	assert_int_equal(store_incident_decide(other, id, status, now, SL("alice"), SL("was me"), &e), 0);
	assert_int_equal(store_commit(other, &e), 0);
	store_close(other);
}

static int count_findings(void *arg, struct finding *f, const char *incident)
{
	(void)incident;
	++*(size_t *)arg;
	finding_free(f);
	return 0;
}

static void test_closed_and_new_evidence(void **state)
{
	(void)state;
	struct place p;
	struct err e;
	char id[40], next[40], want[400];
	size_t n = 0;
	open_place(&p);
	add(&p, "a", START, LEVEL_HIGH, STAGE_NONE, "eve", "web1", 1);
	add(&p, "b", START + NS_HOUR, LEVEL_HIGH, STAGE_NONE, "eve", "web1", 1);
	update(&p, START + NS_HOUR);
	snprintf(id, sizeof id, "%s", incident_book_get(p.b, 0)->id);
	assert_int_equal(incident_book_pending(p.b, p.s, &e), 0);
	decide(&p, id, INCIDENT_CLOSED, START + 2 * NS_HOUR);
	assert_int_equal(incident_book_pending(p.b, p.s, &e), 1);
	p.log.n = 0;
	update(&p, START + 2 * NS_HOUR);
	told(&p, "");
	assert_int_equal(incident_book_count(p.b), 0);
	assert_int_equal(incident_book_pending(p.b, p.s, &e), 0);
	kill_and_load(&p);
	add(&p, "c", START + 3 * NS_HOUR, LEVEL_HIGH, STAGE_NONE, "eve", "db1", 1);
	update(&p, START + 3 * NS_HOUR);
	assert_int_equal(incident_book_count(p.b), 1);
	const struct incident *in = incident_book_get(p.b, 0);
	snprintf(next, sizeof next, "%s", in->id);
	assert_string_not_equal(next, id);
	assert_string_equal(in->follows, id);
	assert_int_equal(in->nfindings, 1);
	assert_true(slice_has(in->level_reason, slice_of(id)));
	/* a finding of the closed one goes on: it belongs to the new one, and is still shown with the closed one */
	struct finding *b = make("b", START + NS_HOUR, LEVEL_HIGH, STAGE_NONE, "eve", "web1", 7);
	b->last = START + 4 * NS_HOUR;
	incident_book_add(p.b, b);
	p.log.n = 0;
	update(&p, START + 4 * NS_HOUR);
	snprintf(want, sizeof want, "%s %s %u high 2\n", next, next, INCIDENT_MORE);
	told(&p, want);
	assert_int_equal(store_findings(p.s, INT64_MIN, id, count_findings, &n, &e), 0);
	assert_int_equal(n, 2);
	/* opened again: one actor, one incident, and the older one goes on */
	decide(&p, id, INCIDENT_OPEN, START + 5 * NS_HOUR);
	update(&p, START + 5 * NS_HOUR);
	snprintf(want, sizeof want, "%s %s %u high 3\n%s %s %u high 3\n", next, id, INCIDENT_JOINED, id, id, INCIDENT_MORE | INCIDENT_REOPENED);
	told(&p, want);
	check_file(&p);
	close_place(&p);
}

/* The one finding of a closed incident goes on: the new incident is not named as the closed one. */
static void test_same_evidence_after_closing(void **state)
{
	(void)state;
	struct place p;
	struct err e;
	char id[40];
	open_place(&p);
	add(&p, "a", START, LEVEL_HIGH, STAGE_NONE, "eve", "web1", 1);
	update(&p, START + NS_HOUR);
	snprintf(id, sizeof id, "%s", incident_book_get(p.b, 0)->id);
	decide(&p, id, INCIDENT_FALSE, START + 2 * NS_HOUR);
	struct finding *a = make("a", START, LEVEL_HIGH, STAGE_NONE, "eve", "web1", 2);
	a->last = START + 3 * NS_HOUR; /* came before the closing was noticed */
	incident_book_add(p.b, a);
	update(&p, START + 3 * NS_HOUR);
	assert_int_equal(incident_book_count(p.b), 1);
	assert_string_not_equal(incident_book_get(p.b, 0)->id, id);
	assert_string_equal(incident_book_get(p.b, 0)->follows, id);
	struct arena mem;
	struct store_incident got;
	arena_init(&mem);
	assert_int_equal(store_incident_get(p.s, id, &mem, &got, &e), 0);
	assert_int_equal(got.status, INCIDENT_FALSE);
	assert_true(slice_eq(got.closer, SL("alice")));
	assert_true(slice_eq(got.closing, SL("was me")));
	assert_int_equal(store_incident_match(p.s, "2026", &mem, &got, &e), ERR_DUP);
	assert_int_equal(store_incident_match(p.s, id, &mem, &got, &e), 0);
	assert_int_equal(store_incident_match(p.s, "x", &mem, &got, &e), ERR_NOENT);
	arena_free(&mem);
	check_file(&p);
	close_place(&p);
}

/* ---- bounds ------------------------------------------------------------------------------------------------------------- */

static void test_bounds(void **state)
{
	(void)state;
	struct place p;
	char key[32], user[32];
	open_place(&p);
	add(&p, "kept", START, LEVEL_MEDIUM, STAGE_NONE, "eve", "web1", 1);
	add(&p, "kept too", START, LEVEL_MEDIUM, STAGE_NONE, "eve", "web2", 1);
	for (unsigned i = 0; i < LIMIT_FINDINGS + 10; i++) {
		snprintf(key, sizeof key, "k%u", i);
		snprintf(user, sizeof user, "someone%u", i);
		add(&p, key, START + (nstime)(i + 1) * NS_MIN, LEVEL_MEDIUM, STAGE_NONE, user, "web1", 1);
	}
	update(&p, NOW);
	assert_int_equal(incident_book_count(p.b), 1); /* the two oldest are one: others go before them */
	assert_int_equal(incident_book_findings(p.b), LIMIT_FINDINGS);
	add(&p, "grave", START, LEVEL_HIGH, STAGE_NONE, "eve", "web1", 1); /* another level has places of its own */
	update(&p, NOW);
	assert_int_equal(incident_book_findings(p.b), LIMIT_FINDINGS + 1);
	assert_int_equal(incident_book_count(p.b), 1);
	/* 31 days on: only what is part of an open incident is left */
	add(&p, "new", START + 40 * NS_DAY, LEVEL_MEDIUM, STAGE_NONE, "bob", "web1", 1);
	update(&p, NOW);
	assert_int_equal(incident_book_findings(p.b), 4);
	assert_int_equal(incident_book_count(p.b), 1);
	assert_int_equal(incident_book_get(p.b, 0)->nfindings, 3);
	add(&p, "future", NOW + 400 * NS_DAY, LEVEL_MEDIUM, STAGE_NONE, "bob", "web1", 1); /* a wrong clock drives nothing out */
	update(&p, NOW);
	assert_int_equal(incident_book_findings(p.b), 5);
	assert_int_equal(incident_book_retired(p.b), 0);
	close_place(&p);
}

/* An open incident outgrows the memory: its level and numbers stay right. */
static void test_incident_outgrows_memory(void **state)
{
	(void)state;
	struct place p;
	struct err e = {0};
	char key[32];
	open_place(&p);
	add(&p, "entry", START - NS_HOUR, LEVEL_HIGH, STAGE_ENTRY, "eve", "web1", 1);
	add(&p, "moved", START, LEVEL_HIGH, STAGE_MOVED, "eve", "web1", 1);
	add(&p, "cover", START, LEVEL_HIGH, STAGE_COVER, "eve", "web1", 1);
	add(&p, "tools", START, LEVEL_HIGH, STAGE_TOOLS, "eve", "web1", 1);
	update(&p, NOW);
	assert_int_equal(incident_book_get(p.b, 0)->level, LEVEL_CRITICAL);
	for (unsigned i = 0; i < LIMIT_FINDINGS + 5; i++) {
		snprintf(key, sizeof key, "k%u", i);
		add(&p, key, START + (nstime)(i + 1) * NS_MIN, LEVEL_HIGH, STAGE_NONE, "eve", "web1", 1);
		if (i % 500 == 0)
			update(&p, NOW);
	}
	update(&p, NOW);
	assert_int_equal(incident_book_count(p.b), 1);
	assert_int_equal(incident_book_get(p.b, 0)->level, LEVEL_CRITICAL);
	assert_int_equal(incident_book_retired(p.b), 9);
	assert_int_equal(store_check(p.s, no_problem, NULL, &e), 0);
	kill_and_load(&p);
	p.log.n = 0;
	update(&p, NOW);
	told(&p, "");
	assert_int_equal(incident_book_get(p.b, 0)->level, LEVEL_CRITICAL);
	close_place(&p);
}

/* What joined two persons' findings leaves memory: what was told as one incident stays one. */
static void test_told_as_one_stays_one(void **state)
{
	(void)state;
	struct place p;
	char key[32];
	open_place(&p);
	add(&p, "a", START, LEVEL_HIGH, STAGE_NONE, "eve", "web1", 1);
	add(&p, "b", START, LEVEL_HIGH, STAGE_NONE, "mallory", "db1", 1);
	struct finding *bridge = make("bridge", START - NS_HOUR, LEVEL_MEDIUM, STAGE_NONE, "eve", "web9", 1);
	finding_entity(bridge, ENT_USER, SL("mallory"));
	incident_book_add(p.b, bridge);
	update(&p, NOW);
	assert_int_equal(incident_book_count(p.b), 1);
	for (unsigned i = 0; i < LIMIT_FINDINGS; i++) {
		snprintf(key, sizeof key, "k%u", i);
		add(&p, key, START + (nstime)(i + 1) * NS_MIN, LEVEL_MEDIUM, STAGE_NONE, "eve", "web1", 1);
	}
	update(&p, NOW);
	assert_int_equal(incident_book_retired(p.b), 1); /* the bridge, which is oldest */
	add(&p, "b", START, LEVEL_HIGH, STAGE_NONE, "mallory", "db1", 2);
	update(&p, NOW);
	assert_int_equal(incident_book_count(p.b), 1);
	close_place(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order_at_once),
		cmocka_unit_test(test_any_order_in_steps),
		cmocka_unit_test(test_kills_change_nothing),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_it_keeps_its_id),
		cmocka_unit_test(test_two_grow_together),
		cmocka_unit_test(test_closed_and_new_evidence),
		cmocka_unit_test(test_same_evidence_after_closing),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_incident_outgrows_memory),
		cmocka_unit_test(test_told_as_one_stays_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
