/* detect.c - the table of detectors, dispatch by action, open findings. */
#include "detect/detect_private.h"
#include "path/path.h"

#include <stdlib.h>

static const struct detector *const table[] = {
#define DETECTOR(name) &name,
#include "detect/detectors.def"
#undef DETECTOR
};
#define DETECTORS ARRAY_LEN(table)

struct open_finding {
	struct finding *f;
	const struct detector *def;
	bool touched; /* since the last detect_flush */
};

struct host_memory {
	nstime began, newest; /* of the events of this host */
};

enum { TOLD = 1 << 12 };

struct detect {
	struct detect_hot hot; /* first: detect_hot() */
	struct lines *lines;
	struct detect_options opt;
	detect_sink *sink;
	void *sink_arg;
	void *state[DETECTORS];
	bool on[DETECTORS];
	uint8_t *by_action[ACTION_COUNT]; /* detector numbers, UINT8_MAX ends */
	struct arena mem;
	struct lru *open;
	bool touched;                     /* any of them */
	struct lru *hosts;
	struct lru *logins;               /* newest login by host and account: who.c */
	struct lru *uids;                 /* account names by host and number: who.c */
	nstime now;
	struct login_look *login;
	struct told {
		uint64_t hash;
		uint32_t source;
	} *told;                          /* newest happenings and who told them */
	char noted[64];                   /* host of the event before */
	size_t nnoted;
	unsigned noted_turn;              /* of host_memo, when it holds that host */
	nstime noted_began, noted_newest;
	bool several;                     /* logs speak, not one */
	uint32_t first_source;            /* + 1 */
	char text[512];                   /* actor_text */
};
_Static_assert(DETECTORS < UINT8_MAX, "detector numbers fit a byte");

size_t detect_count(void)
{
	return DETECTORS;
}

const struct detector_info *detect_info(size_t i)
{
	return i < DETECTORS ? &table[i]->info : NULL;
}

bool detect_enabled(const struct detect *d, const struct detector *def)
{
	for (size_t i = 0; i < DETECTORS; i++)
		if (table[i] == def)
			return d->on[i];
	return false;
}

const struct org *detect_org(const struct detect *d)
{
	return d->opt.org;
}

nstime detect_learning(const struct detect *d)
{
	return d->opt.learning;
}

unsigned detect_path_budget(const struct detect *d)
{
	return d->opt.path_budget;
}

static void *path_state(const struct detect *d)
{
	for (size_t i = 0; i < DETECTORS; i++)
		if (table[i] == &detector_path)
			return d->state[i];
	return NULL;
}

struct path *detect_path(const struct detect *d)
{
	return paths_engine(path_state(d));
}

const struct path_verdict *detect_path_verdict(const struct detect *d)
{
	return paths_newest(path_state(d));
}

nstime detect_now(const struct detect *d)
{
	return d->now;
}

struct lru *detect_logins(struct detect *d)
{
	return d->logins;
}

struct lru *detect_uids(struct detect *d)
{
	return d->uids;
}

char *detect_text_buffer(struct detect *d, size_t *n)
{
	*n = sizeof d->text;
	return d->text;
}

/* ---- open findings ------------------------------------------------------------------------------------------- */

static void finding_leaves(void *arg, struct slice key, void *value)
{
	(void)key;
	struct detect *d = arg;
	struct open_finding *o = value;
	if (!o->f)
		return;
	if (o->def->seal)
		o->def->seal(d, o->f);
	finding_seal(o->f);
	d->sink(d->sink_arg, o->f);
	o->f = NULL;
}

static struct key finding_key(const struct detector *def, struct slice key)
{
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, slice_of(def->info.id));
	key_add(&k, key);
	return k;
}

struct finding *detect_peek(struct detect *d, const struct detector *def, struct slice key, nstime quiet, nstime t)
{
	struct key k = finding_key(def, key);
	struct open_finding *o = lru_get(d->open, key_slice(&k));
	if (!o || !o->f || t - o->f->last > quiet)
		return NULL;
	o->touched = d->touched = true; /* who looks adds to it */
	return o->f;
}

struct finding *detect_open(struct detect *d, const struct detector *def, struct slice key, nstime quiet, nstime t, bool *fresh)
{
	struct key k = finding_key(def, key);
	struct open_finding *o = lru_put(d->open, key_slice(&k), NULL);
	if (o->f && t - o->f->last > quiet)
		finding_leaves(d, SLICE_NONE, o);
	*fresh = !o->f;
	if (!o->f) {
		o->f = finding_new();
		o->def = def;
		o->f->rule_id = slice_of(def->info.id);
		o->f->rule_name = slice_of(def->info.title);
		o->f->level = def->info.level;
		o->f->stage = def->info.stage;
		o->f->techniques = def->info.techniques;
		o->f->first = o->f->last = t;
		finding_name(o->f, key, t);
	}
	o->touched = d->touched = true;
	return o->f;
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static void index_actions(struct detect *d)
{
	for (int a = 0; a < ACTION_COUNT; a++) {
		uint8_t *v = arena_alloc(&d->mem, DETECTORS + 1);
		size_t n = 0;
		for (size_t i = 0; i < DETECTORS; i++)
			for (const enum action *w = table[i]->wants; d->on[i] && *w != ACT_NONE; w++)
				if ((int)*w == a) {
					v[n++] = (uint8_t)i;
					break;
				}
		v[n] = UINT8_MAX;
		d->by_action[a] = v;
	}
}

struct detect *detect_new(const struct detect_options *opt, detect_sink *sink, void *arg)
{
	struct detect *d = xcalloc(1, sizeof *d);
	d->opt = *opt;
	d->sink = sink;
	d->sink_arg = arg;
	d->now = NSTIME_NONE;
	d->lines = lines_new();
	d->login = login_look_new();
	d->told = xcalloc(TOLD, sizeof *d->told);
	d->nnoted = SIZE_MAX;
	arena_init(&d->mem);
	d->open = lru_new(sizeof(struct open_finding), MEM_FINDINGS, finding_leaves, d);
	d->hosts = lru_new(sizeof(struct host_memory), 10000, NULL, NULL);
	d->logins = login_memory_new();
	d->uids = uid_memory_new();
	for (size_t i = 0; i < DETECTORS; i++) {
		d->on[i] = !(opt->disabled && opt->disabled(opt->arg, table[i]->info.id));
		if (d->on[i] && table[i]->create)
			d->state[i] = table[i]->create(d);
	}
	index_actions(d);
	return d;
}

void detect_free(struct detect *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < DETECTORS; i++)
		if (d->state[i] && table[i]->destroy)
			table[i]->destroy(d->state[i]);
	lru_free(d->open);
	lru_free(d->hosts);
	lru_free(d->logins);
	lru_free(d->uids);
	arena_free(&d->mem);
	free(d->lines);
	free(d->login);
	free(d->told);
	free(d);
}

static void want_one(const struct detector *def, enum action a, struct interest *want)
{
	for (const struct want_from *o = def->only; o && o->from; o++)
		if (o->action == a) {
			interest_add_from(want, a, o->from);
			return;
		}
	interest_add(want, a);
}

void detect_wants(const struct detect *d, struct interest *want)
{
	for (size_t i = 0; i < DETECTORS; i++)
		for (const enum action *w = table[i]->wants; d->on[i] && *w != ACT_NONE; w++)
			want_one(table[i], *w, want);
	login_memory_wants(want);
}

nstime detect_host_began(const struct detect *d, struct slice host)
{
	const struct host_memory *m = lru_get(d->hosts, host);
	return m ? m->began : NSTIME_NONE;
}

/* What the memo knows of the host before goes back into its memory. */
static void leave_host(struct detect *d)
{
	struct host_memory *m = d->nnoted == SIZE_MAX ? NULL : lru_get(d->hosts, slice_make(d->noted, d->nnoted));
	if (m)
		m->newest = MAX(m->newest, d->noted_newest);
	d->nnoted = SIZE_MAX;
	d->noted_turn = 0;
}

void detect_began(struct detect *d, struct slice host, nstime t)
{
	bool fresh;
	if (!host.n || t == NSTIME_NONE)
		return;
	leave_host(d);
	struct host_memory *m = lru_put(d->hosts, detect_host(d, host), &fresh);
	if (fresh || t < m->began)
		m->began = t;
	if (fresh)
		m->newest = t;
}

nstime detect_host_newest(struct detect *d, struct slice host)
{
	leave_host(d);
	const struct host_memory *m = lru_get(d->hosts, host);
	return m ? m->newest : NSTIME_NONE;
}

static void note_host(struct detect *d, const struct event *e)
{
	bool fresh;
	unsigned turn = d->hot.host.at ? d->hot.host.turn : 0;
	if (turn && turn == d->noted_turn && e->time >= d->noted_began) {
		d->noted_newest = MAX(d->noted_newest, e->time);
		return; /* the same host goes on */
	}
	struct slice host = detect_host(d, e->host);
	if (host.n == d->nnoted && e->time >= d->noted_began && bytes_eq(host.p, d->noted, host.n)) {
		d->noted_newest = MAX(d->noted_newest, e->time);
		d->noted_turn = turn;
		return;
	}
	leave_host(d);
	struct host_memory *m = lru_put(d->hosts, host, &fresh);
	if (fresh || e->time < m->began)
		m->began = e->time;
	m->newest = fresh ? e->time : MAX(m->newest, e->time);
	if (host.n > sizeof d->noted)
		return;
	d->nnoted = host.n;
	if (host.n)
		memcpy(d->noted, host.p, host.n);
	d->noted_turn = turn;
	d->noted_began = m->began;
	d->noted_newest = m->newest;
}

/* The same happening told by two logs of a host (auth.log and syslog, the journal's export, a copied folder). What it is, is
 * what the fields say: the same line in the same log is another attempt. */
static bool told_by_another_log(struct detect *d, const struct event *e)
{
	static const enum field_id fields[] = {F_USER_NAME, F_USER_TARGET, F_SOURCE_IP, F_SOURCE_PORT, F_PROCESS_CMDLINE};
	if (!d->several) {
		d->several = d->first_source && d->first_source != e->source + 1;
		d->first_source = e->source + 1;
		if (!d->several)
			return false;
	}
	struct slice pid = event_str(e, F_PROCESS_PID), host = detect_host(d, e->host);
	uint64_t what[] = {(uint64_t)(e->time / NS_SEC), e->action, e->outcome, hash_bytes(host.p, host.n), 0};
	if (!pid.n) {
		what[4] = hash_bytes(e->at.raw.p, e->at.raw.n);
	} else {
		what[4] = hash_bytes(pid.p, pid.n) ^ hash_bytes(e->dataset.p, e->dataset.n);
		for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
			struct slice v = event_str(e, fields[i]);
			what[4] = what[4] * 31 + (v.n ? hash_bytes(v.p, v.n) : 0);
		}
	}
	uint64_t hash = hash_bytes((const char *)what, sizeof what);
	struct told *t = &d->told[hash % TOLD];
	bool known = t->hash == hash && t->source != e->source;
	if (t->hash != hash)
		*t = (struct told){hash, e->source};
	return known;
}

void detect_event(struct detect *d, const struct event *e)
{
	if (e->time == NSTIME_NONE || e->action >= ACTION_COUNT || told_by_another_log(d, e))
		return;
	if (d->now == NSTIME_NONE || e->time > d->now)
		d->now = e->time;
	d->hot.actor.valid = false;
	detect_host_at(d, e->host);
	note_host(d, e);
	if (e->action == ACT_LOGIN)
		login_memory_begin(d, e, d->login);
	uint64_t mask = lines_detectors(d->lines, d->opt.org, e);
	for (const uint8_t *i = d->by_action[e->action]; *i != UINT8_MAX; i++)
		if (mask >> *i & 1)
			table[*i]->event(d, d->state[*i], e);
	/* after the detectors: they compare with what was known before */
	if (e->action == ACT_SESSION_OPENED)
		uid_memory_event(d, e);
	else if (e->action == ACT_LOGIN)
		login_memory_login(d, e);
	d->hot.login.known = NULL;
	d->hot.host.at = NULL;
}

void detect_finish(struct detect *d)
{
	for (size_t i = 0; i < DETECTORS; i++)
		if (d->on[i] && table[i]->finish)
			table[i]->finish(d, d->state[i]);
	lru_free(d->open); /* every open finding leaves */
	d->open = lru_new(sizeof(struct open_finding), MEM_FINDINGS, finding_leaves, d);
}

/* ---- a process that goes on ----------------------------------------------------------------------------------- */

struct flush {
	struct detect *d;
	detect_sink *fn;
	void *arg;
};

static bool flush_one(void *arg, struct slice key, void *value)
{
	struct flush *x = arg;
	struct open_finding *o = value;
	(void)key;
	if (!o->f || !o->touched)
		return true;
	o->touched = false;
	struct buf b = {0};
	finding_save(o->f, &b);
	struct wire w = wire_of(buf_slice(&b));
	struct finding *copy = finding_load(&w);
	buf_free(&b);
	if (!copy)
		return true;
	if (o->def->seal)
		o->def->seal(x->d, copy);
	finding_seal(copy);
	x->fn(x->arg, copy);
	return true;
}

void detect_flush(struct detect *d, detect_sink *fn, void *arg)
{
	struct flush x = {d, fn, arg};
	if (!d->touched)
		return;
	d->touched = false;
	lru_each(d->open, flush_one, &x);
}

enum { SAVED_VERSION = 1 };

static bool save_open(void *arg, struct slice key, void *value)
{
	struct buf *b = arg;
	const struct open_finding *o = value;
	if (!o->f)
		return true;
	buf_sized(b, key);
	buf_sized(b, slice_of(o->def->info.id));
	struct buf f = {0};
	finding_save(o->f, &f);
	buf_sized(b, buf_slice(&f));
	buf_free(&f);
	return true;
}

static void save_state(const struct detect *d, size_t i, struct buf *b)
{
	struct lru *t[TABLES_MAX];
	struct buf part = {0};
	if (table[i] == &detector_path)
		path_save(paths_engine(d->state[i]), &part);
	for (size_t k = 0, n = table[i]->tables ? table[i]->tables(d->state[i], t) : 0; k < n; k++)
		lru_save(t[k], &part);
	buf_sized(b, slice_of(table[i]->info.id));
	buf_sized(b, buf_slice(&part));
	buf_free(&part);
}

void detect_save(struct detect *d, struct buf *b)
{
	struct buf open = {0};
	leave_host(d);
	buf_u32(b, SAVED_VERSION);
	buf_u64(b, (uint64_t)d->now);
	buf_u32(b, d->first_source);
	buf_u32(b, d->several);
	buf_u32(b, sizeof *d->told);
	buf_sized(b, slice_make((const char *)d->told, TOLD * sizeof *d->told));
	struct lru *common[] = {d->hosts, d->logins, d->uids};
	for (size_t i = 0; i < ARRAY_LEN(common); i++) {
		struct buf part = {0};
		lru_save(common[i], &part);
		buf_sized(b, buf_slice(&part));
		buf_free(&part);
	}
	lru_each(d->open, save_open, &open);
	buf_sized(b, buf_slice(&open));
	buf_free(&open);
	for (size_t i = 0; i < DETECTORS; i++)
		if (d->state[i])
			save_state(d, i, b);
}

static const struct detector *detector_named(struct slice id)
{
	for (size_t i = 0; i < DETECTORS; i++)
		if (slice_eqz(id, table[i]->info.id))
			return table[i];
	return NULL;
}

/* Rule texts of the program are static; those that were saved die with the copy. */
static void load_open(struct detect *d, struct slice bytes, unsigned *lost)
{
	struct wire w = wire_of(bytes);
	while (w.n && !w.bad) {
		struct slice key = wire_sized(&w), id = wire_sized(&w), body = wire_sized(&w);
		struct wire in = wire_of(body);
		const struct detector *def = detector_named(id);
		struct finding *f = w.bad ? NULL : finding_load(&in);
		if (!f || !def) {
			++*lost;
			finding_free(f);
			continue;
		}
		f->rule_id = slice_of(def->info.id);
		f->rule_name = slice_of(def->info.title);
		f->techniques = def->info.techniques;
		struct open_finding *o = lru_put(d->open, key, NULL);
		o->f = f;
		o->def = def;
	}
}

static bool load_state(struct detect *d, struct slice id, struct slice bytes)
{
	struct wire w = wire_of(bytes);
	struct lru *t[TABLES_MAX];
	for (size_t i = 0; i < DETECTORS; i++) {
		if (!slice_eqz(id, table[i]->info.id))
			continue;
		if (!d->state[i])
			return true; /* switched off since */
		if (table[i] == &detector_path)
			return path_load(paths_engine(d->state[i]), &w);
		bool ok = true;
		for (size_t k = 0, n = table[i]->tables ? table[i]->tables(d->state[i], t) : 0; k < n; k++)
			ok &= lru_load(t[k], &w);
		return ok;
	}
	return false;
}

bool detect_load(struct detect *d, struct wire *w, unsigned *lost)
{
	*lost = 0;
	if (wire_u32(w) != SAVED_VERSION)
		return false;
	d->now = (nstime)wire_u64(w);
	d->first_source = wire_u32(w);
	d->several = wire_u32(w) != 0;
	uint32_t size = wire_u32(w);
	struct slice told = wire_sized(w);
	if (size == sizeof *d->told && told.n == TOLD * sizeof *d->told)
		memcpy(d->told, told.p, told.n);
	struct lru *common[] = {d->hosts, d->logins, d->uids};
	for (size_t i = 0; i < ARRAY_LEN(common); i++) {
		struct wire part = wire_of(wire_sized(w));
		*lost += !lru_load(common[i], &part);
	}
	load_open(d, wire_sized(w), lost);
	while (w->n && !w->bad) {
		struct slice id = wire_sized(w), bytes = wire_sized(w);
		*lost += !load_state(d, id, bytes);
	}
	return !w->bad;
}

size_t tables_one(void *state, struct lru **out)
{
	out[0] = state;
	return 1;
}

uint64_t detect_forgotten(const struct detect *d)
{
	const struct path *p = detect_path(d);
	return lru_evicted(d->open) + lru_evicted(d->hosts) + lru_evicted(d->logins) + (p ? path_forgotten(p) : 0);
}
