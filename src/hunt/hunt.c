/* hunt.c - see hunt.h. */
#include "hunt/hunt.h"

#include <stdlib.h>

enum { OPEN_MAX = 5000, WHY_MAX = 8, SHOWN = 160 };
#define QUIET (6 * NS_HOUR)

struct open_finding {
	struct finding *f;
	bool touched;                  /* since the last hunt_flush */
};
struct hunt {
	struct hunt_options opt;
	hunt_sink *sink;
	void *arg;
	struct sigma_ctx *ctx;
	struct sigma_state *state;
	struct lru *open;
	uint64_t *matches;
	uint64_t judged;
	bool touched;
	const struct event *event;     /* at hand */
};

static void on_evict(void *arg, struct slice key, void *value)
{
	struct hunt *h = arg;
	struct open_finding *o = value;
	(void)key;
	if (!o->f)
		return;
	finding_seal(o->f);
	h->sink(h->arg, o->f);
	o->f = NULL;
}

struct hunt *hunt_new(const struct hunt_options *opt, hunt_sink *sink, void *arg)
{
	struct hunt *h = xcalloc(1, sizeof *h);
	h->opt = *opt;
	h->sink = sink;
	h->arg = arg;
	h->ctx = sigma_ctx_new(opt->rules);
	h->state = sigma_state_new(opt->rules);
	h->open = lru_new(sizeof(struct open_finding), OPEN_MAX, on_evict, h);
	h->matches = xcalloc(sigma_count(opt->rules) + 1, sizeof *h->matches);
	if (h->ctx)
		return h;
	hunt_free(h);
	return NULL;
}

void hunt_free(struct hunt *h)
{
	if (!h)
		return;
	lru_free(h->open);
	sigma_state_free(h->state);
	sigma_ctx_free(h->ctx);
	free(h->matches);
	free(h);
}

/* The place in the chain of case 1 that a rule's techniques belong to. */
static enum stage stage_of(const struct sigma_rule *r)
{
	static const struct { const char *technique; enum stage stage; } rows[] = {
		{"T1199", STAGE_ENTRY}, {"T1105", STAGE_TOOLS}, {"T1505", STAGE_TOOLS}, {"T1572", STAGE_TUNNEL}, {"T1090", STAGE_TUNNEL}, {"T1003", STAGE_CREDENTIALS}, {"T1040", STAGE_CREDENTIALS},
		{"T1552", STAGE_CREDENTIALS}, {"T1555", STAGE_CREDENTIALS}, {"T1021", STAGE_MOVED}, {"T1195", STAGE_DISTRIBUTION}, {"T1072", STAGE_DISTRIBUTION},
		{"T1070", STAGE_COVER}, {"T1562", STAGE_COVER},
	};
	for (size_t i = 0; r->level >= LEVEL_MEDIUM && r->techniques[i]; i++)
		for (size_t k = 0; k < ARRAY_LEN(rows); k++)
			if (slice_starts(slice_of(r->techniques[i]), slice_of(rows[k].technique)))
				return rows[k].stage;
	return STAGE_NONE;
}

/* ---- findings ------------------------------------------------------------------------------------------------ */

static struct slice host_name(const struct hunt *h, struct slice logged)
{
	const struct org_host *o = h->opt.org ? org_host(h->opt.org, logged) : NULL;
	struct slice first;
	struct ip ip;
	if (o)
		return o->name;
	struct slice rest = logged;
	return !ip_parse(logged, &ip) && slice_cut(&rest, '.', &first) ? first : logged;
}

/* Who it was: the login behind a process (auid) before the account it runs as. */
static struct slice account(const struct event *e)
{
	struct slice s = event_str(e, F_USER_AUDIT);
	if (s.n)
		return s;
	s = event_str(e, F_USER_NAME);
	return s.n ? s : event_str(e, F_USER_ID);
}

/* A program that lies where only administrators put programs is everybody's: its hash would join what has nothing to do with each other. */
static bool is_installed(struct slice path)
{
	static const char *const places[] = {"/usr/", "/bin/", "/sbin/", "/lib", "/opt/", "/snap/", "C:\\Windows\\", "C:\\Program Files"};
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (slice_istarts(path, slice_of(places[i])))
			return true;
	return !path.n;
}

static void add_entities(struct hunt *h, struct finding *f, const struct event *e)
{
	static const struct { enum entity_type type; enum field_id field; } rows[] = {
		{ENT_FILE, F_FILE_PATH}, {ENT_HASH, F_FILE_HASH}, {ENT_DOMAIN, F_DEST_DOMAIN}, {ENT_COMMAND, F_PROCESS_CMDLINE}, {ENT_KEY, F_SSH_KEY_FP},
	};
	finding_entity(f, ENT_HOST, host_name(h, e->host));
	finding_entity(f, ENT_USER, account(e));
	finding_entity(f, ENT_USER, event_str(e, F_USER_NAME));
	finding_entity(f, ENT_SOURCE, event_source(e));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		finding_entity(f, rows[i].type, slice_to(event_str(e, rows[i].field), 1024));
	if (!is_installed(event_str(e, F_PROCESS_EXE)))
		finding_entity(f, ENT_HASH, slice_to(event_str(e, F_PROCESS_HASH), 128));
}

static void add_why(struct hunt *h, struct finding *f, const struct sigma_rule *r, struct buf *b)
{
	struct sigma_match why[WHY_MAX];
	size_t n = sigma_why(h->ctx, r, why, WHY_MAX);
	(void)f;
	for (size_t i = 0; i < n; i++) {
		buf_addf(b, "%s%.*s: ", i ? "; " : "Matched in ", SLFMT(why[i].selection));
		if (why[i].field.n)
			buf_addf(b, "%.*s = ", SLFMT(why[i].field));
		buf_addz(b, "\"");
		buf_adds(b, slice_to(why[i].value, SHOWN));
		buf_addz(b, why[i].value.n > SHOWN ? "...\"" : "\"");
	}
	if (n)
		buf_addc(b, '.');
}

static void describe(struct hunt *h, struct finding *f, const struct sigma_rule *r, const struct sigma_correlated *c)
{
	struct buf b = {0};
	struct slice text = slice_trim(r->description);
	for (size_t i = 0; i < text.n; i++) /* block texts are told in one run */
		buf_addc(&b, text.p[i] == '\n' ? ' ' : text.p[i]);
	while (b.n && b.p[b.n - 1] == ' ')
		b.n--;
	if (b.n)
		buf_addz(&b, b.p[b.n - 1] == '.' ? " " : ". ");
	if (c)
		buf_addf(&b, "Counted %llu within its timespan%s%.*s.", (unsigned long long)c->count, c->group.n ? " for " : "", SLFMT(c->group));
	else
		add_why(h, f, r, &b);
	f->text = slice_dup(&f->mem, buf_slice(&b));
	buf_free(&b);
	struct slice who = account(h->event);
	f->title = who.n ? (struct slice){0} : r->title;
	if (who.n)
		finding_printf(f, &f->title, "%.*s (%.*s)", SLFMT(r->title), SLFMT(slice_to(who, 64)));
	if (!f->title.n)
		f->title = r->title;
}

static void add_finding(struct hunt *h, const struct sigma_rule *r, const struct sigma_correlated *c)
{
	const struct event *e = h->event;
	struct slice id = r->id.n ? r->id : r->title;
	struct key k;
	key_init(&k);
	key_add(&k, slice_to(id, 40));
	key_add(&k, slice_to(e->host, 64));
	key_add(&k, slice_to(c ? c->group : account(e), 64));
	key_add(&k, slice_to(event_source(e), 48));
	struct open_finding *o = lru_put(h->open, key_slice(&k), NULL);
	if (o->f && e->time != NSTIME_NONE && e->time - o->f->last > QUIET)
		on_evict(h, SLICE_NONE, o);
	if (!o->f) {
		struct finding *f = o->f = finding_new();
		f->rule_id = id;
		f->rule_name = r->title;
		f->level = r->level;
		f->stage = stage_of(r);
		f->techniques = r->techniques;
		f->first = f->last = c ? c->first : e->time;
		describe(h, f, r, c);
		add_entities(h, f, e);
		finding_name(f, key_slice(&k), e->time);
	}
	o->touched = h->touched = true;
	finding_evidence(o->f, e);
}

static void on_correlated(void *arg, const struct sigma_correlated *c)
{
	struct hunt *h = arg;
	h->matches[c->rule->number]++;
	add_finding(h, c->rule, c);
}

static void on_hit(void *arg, const struct sigma_rule *r)
{
	struct hunt *h = arg;
	h->matches[r->number]++;
	if (!r->silent)
		add_finding(h, r, NULL);
	if (sigma_is_correlated(h->opt.rules, r))
		sigma_correlate(h->state, h->ctx, r, h->event->time, on_correlated, h);
}

void hunt_event(struct hunt *h, const struct event *e)
{
	h->event = e;
	if (e->flags & EV_DULL) {
		h->judged++;
		return;
	}
	h->judged += sigma_judge_event(h->ctx, e, on_hit, h);
}

static bool close_one(void *arg, struct slice key, void *value)
{
	on_evict(arg, key, value);
	return true;
}

void hunt_finish(struct hunt *h)
{
	lru_each(h->open, close_one, h);
}

/* ---- a process that goes on ----------------------------------------------------------------------------------- */

struct flush {
	hunt_sink *fn;
	void *arg;
};

static bool flush_one(void *arg, struct slice key, void *value)
{
	struct flush *x = arg;
	struct open_finding *o = value;
	struct buf b = {0};
	(void)key;
	if (!o->f || !o->touched)
		return true;
	o->touched = false;
	finding_save(o->f, &b);
	struct wire w = wire_of(buf_slice(&b));
	struct finding *copy = finding_load(&w);
	buf_free(&b);
	if (copy)
		x->fn(x->arg, copy);
	return true;
}

void hunt_flush(struct hunt *h, hunt_sink *fn, void *arg)
{
	struct flush x = {fn, arg};
	if (!h->touched)
		return;
	h->touched = false;
	lru_each(h->open, flush_one, &x);
}

enum { SAVED_VERSION = 1 };

static bool save_open(void *arg, struct slice key, void *value)
{
	struct buf *b = arg, f = {0};
	const struct open_finding *o = value;
	if (!o->f)
		return true;
	finding_save(o->f, &f);
	buf_sized(b, key);
	buf_sized(b, buf_slice(&f));
	buf_free(&f);
	return true;
}

void hunt_save(struct hunt *h, struct buf *b)
{
	struct buf part = {0};
	buf_u32(b, SAVED_VERSION);
	lru_each(h->open, save_open, &part);
	buf_sized(b, buf_slice(&part));
	part.n = 0;
	sigma_state_save(h->state, &part);
	buf_sized(b, buf_slice(&part));
	buf_free(&part);
}

bool hunt_load(struct hunt *h, struct wire *w, unsigned *lost)
{
	*lost = 0;
	if (wire_u32(w) != SAVED_VERSION)
		return false;
	struct wire open = wire_of(wire_sized(w)), state = wire_of(wire_sized(w));
	while (open.n && !open.bad) {
		struct slice key = wire_sized(&open);
		struct wire body = wire_of(wire_sized(&open));
		struct finding *f = open.bad ? NULL : finding_load(&body);
		*lost += !f;
		if (f)
			((struct open_finding *)lru_put(h->open, key, NULL))->f = f;
	}
	*lost += sigma_state_load(h->state, &state);
	return !w->bad;
}

static int by_matches(const void *a, const void *b)
{
	const struct hunt_count *x = a, *y = b;
	if (x->matches == y->matches && x->looks != y->looks)
		return x->looks < y->looks ? 1 : -1;
	return x->matches != y->matches ? (x->matches < y->matches ? 1 : -1) : (x->rule->number > y->rule->number) - (x->rule->number < y->rule->number);
}

size_t hunt_counts(const struct hunt *h, struct hunt_count **out)
{
	size_t n = 0, all = sigma_count(h->opt.rules);
	*out = xcalloc(all + 1, sizeof **out);
	for (size_t i = 0; i < all; i++)
		if (h->matches[i] || sigma_looks(h->ctx, sigma_get(h->opt.rules, i)))
			(*out)[n++] = (struct hunt_count){sigma_get(h->opt.rules, i), h->matches[i], sigma_looks(h->ctx, sigma_get(h->opt.rules, i))};
	if (n)
		qsort(*out, n, sizeof **out, by_matches);
	return n;
}

uint64_t hunt_given_up(const struct hunt *h)
{
	return sigma_given_up(h->ctx);
}

uint64_t hunt_judged(const struct hunt *h)
{
	return h->judged;
}
