/* correlate.c - the memory of correlations: per rule and group what happened within the timespan.
 *
 * Decisions the specification leaves open (docs/sigma.md): windows slide, (t - timespan, t]; a correlation fires when its condition
 * becomes true, not again while it stays so; events without a field to group by are not counted; groups fold case.
 */
#include "sigma/sigma_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	GROUPS_MAX = 20000,   /* per correlation; the least recently used is forgotten */
	ENTRIES_MAX = 20000,  /* per group; beyond that the oldest leaves early */
	CHAIN_MAX = 16,       /* correlations of correlations */
};

struct entry {
	nstime t;
	uint32_t base;        /* place of the rule in the correlation's list */
	uint64_t value;       /* hash, value_count */
	double n;
};
struct gstate {
	struct { struct entry *v; size_t n, cap; } e;
	size_t from;          /* entries before are out of the window */
	struct { uint64_t *hash; uint32_t *count; size_t size, used; } distinct;
	nstime *stage;        /* temporal_ordered: latest start of a chain that reached this rule */
	double sum;
	bool holds;
	bool fresh;
};
struct cstate {
	struct lru *groups;
};
struct sigma_state {
	const struct sigma_set *set;
	struct cstate *of;    /* per rule number */
	struct buf group;
};

static void on_evict(void *arg, struct slice key, void *value)
{
	struct gstate *g = value;
	(void)arg;
	(void)key;
	free(g->e.v);
	free(g->distinct.hash);
	free(g->distinct.count);
	free(g->stage);
}

struct sigma_state *sigma_state_new(const struct sigma_set *s)
{
	struct sigma_state *st = xcalloc(1, sizeof *st);
	st->set = s;
	st->of = xcalloc(s->rules.n + 1, sizeof *st->of);
	for (size_t i = 0; i < s->rules.n; i++)
		if (s->rules.v[i]->corr && !s->rules.v[i]->bad)
			st->of[i].groups = lru_new(sizeof(struct gstate), GROUPS_MAX, on_evict, NULL);
	return st;
}

void sigma_state_free(struct sigma_state *st)
{
	if (!st)
		return;
	for (size_t i = 0; i < st->set->rules.n; i++)
		if (st->of[i].groups)
			lru_free(st->of[i].groups);
	free(st->of);
	buf_free(&st->group);
	free(st);
}

/* ---- distinct values ----------------------------------------------------------------------------------------- */

static void distinct_change(struct gstate *g, uint64_t hash, int by)
{
	hash |= 1; /* 0 is an empty place */
	if (by > 0 && (g->distinct.used + 1) * 2 > g->distinct.size) { /* rebuild from what is in the window */
		size_t live = g->e.n - g->from + 1;
		free(g->distinct.hash);
		free(g->distinct.count);
		for (g->distinct.size = 16; g->distinct.size < live * 4; g->distinct.size *= 2)
			;
		g->distinct.hash = xcalloc(g->distinct.size, sizeof *g->distinct.hash);
		g->distinct.count = xcalloc(g->distinct.size, sizeof *g->distinct.count);
		g->distinct.used = 0;
		for (size_t i = g->from; i < g->e.n; i++)
			distinct_change(g, g->e.v[i].value, 1);
	}
	if (!g->distinct.size)
		return;
	size_t at = hash & (g->distinct.size - 1);
	while (g->distinct.hash[at] && g->distinct.hash[at] != hash)
		at = (at + 1) & (g->distinct.size - 1);
	if (!g->distinct.hash[at]) {
		g->distinct.hash[at] = hash;
		g->distinct.used++;
	}
	g->distinct.count[at] += (uint32_t)by;
}

static size_t distinct_count(const struct gstate *g)
{
	size_t n = 0;
	for (size_t i = 0; i < g->distinct.size; i++)
		n += g->distinct.count[i] > 0;
	return n;
}

/* ---- the window ---------------------------------------------------------------------------------------------- */

static void drop_first(const struct corr *c, struct gstate *g)
{
	const struct entry *e = &g->e.v[g->from++];
	g->sum -= e->n;
	if (c->type == CT_VALUE_COUNT)
		distinct_change(g, e->value, -1);
	if (g->from == g->e.n)
		g->sum = 0; /* rounding does not pile up */
}

static void slide(const struct corr *c, struct gstate *g, nstime now)
{
	while (g->from < g->e.n && g->e.v[g->from].t <= now - c->timespan)
		drop_first(c, g);
	if (g->e.n - g->from >= ENTRIES_MAX)
		drop_first(c, g);
	if (g->from > 64 && g->from * 2 > g->e.n) {
		memmove(g->e.v, g->e.v + g->from, (g->e.n - g->from) * sizeof *g->e.v);
		g->e.n -= g->from;
		g->from = 0;
	}
}

static int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/* Linear interpolation between the closest ranks. */
static double percentile_of(const struct gstate *g, double percentile)
{
	size_t n = g->e.n - g->from;
	double *v = xmalloc(n * sizeof *v);
	for (size_t i = 0; i < n; i++)
		v[i] = g->e.v[g->from + i].n;
	qsort(v, n, sizeof *v, by_number);
	double rank = percentile / 100 * (double)(n - 1);
	size_t low = (size_t)floor(rank), high = MIN(low + 1, n - 1);
	double out = v[low] + (v[high] - v[low]) * (rank - (double)low);
	free(v);
	return out;
}

static bool seen(const struct gstate *g, uint32_t base)
{
	for (size_t i = g->e.n; i-- > g->from;)
		if (g->e.v[i].base == base)
			return true;
	return false;
}

static size_t rules_seen(const struct corr *c, const struct gstate *g)
{
	size_t n = 0;
	for (uint32_t i = 0; i < c->nrules; i++)
		n += seen(g, i);
	return n;
}

static bool extended_holds(const struct expr *x, const struct gstate *g)
{
	switch (x->op) {
	case EX_ITEM: return seen(g, x->n);
	case EX_NOT: return !extended_holds(x->kid[0], g);
	case EX_AND:
		for (uint32_t i = 0; i < x->n; i++)
			if (!extended_holds(x->kid[i], g))
				return false;
		return true;
	case EX_OR:
		for (uint32_t i = 0; i < x->n; i++)
			if (extended_holds(x->kid[i], g))
				return true;
		return false;
	default: return x->op == EX_TRUE;
	}
}

/* A chain a, b, c in order: what reached stage i - 1 within the timespan reaches i. Later stages first, so that one event is
 * not two links. */
static size_t ordered(const struct sigma_state *st, const struct corr *c, struct gstate *g, uint32_t rule, nstime t)
{
	size_t reached = 0;
	(void)st;
	if (!g->stage) {
		g->stage = xmalloc(c->nrules * sizeof *g->stage);
		for (size_t i = 0; i < c->nrules; i++)
			g->stage[i] = NSTIME_NONE;
	}
	for (size_t i = c->nrules; i-- > 0;) {
		if (c->rule[i] != rule)
			continue;
		nstime start = i ? g->stage[i - 1] : t;
		if (start == NSTIME_NONE || start <= t - c->timespan)
			continue;
		g->stage[i] = start;
		reached = MAX(reached, i + 1);
	}
	return reached;
}

static bool bounds_hold(const struct corr *c, double n)
{
	for (size_t i = 0; i < c->nbound; i++) {
		const struct bound *b = &c->bound[i];
		bool ok = b->op == MK_GT ? n > b->n : b->op == MK_GE ? n >= b->n : b->op == MK_LT ? n < b->n : b->op == MK_LE ? n <= b->n
			: b->op == MK_NULL ? n != b->n : n == b->n;
		if (!ok)
			return false;
	}
	return true;
}

static bool condition_holds(const struct sigma_state *st, const struct corr *c, struct gstate *g, uint32_t rule, nstime t, uint64_t *count)
{
	size_t n = g->e.n - g->from, reached;
	*count = n;
	switch (c->type) {
	case CT_EVENT_COUNT: return bounds_hold(c, (double)n);
	case CT_VALUE_COUNT: *count = distinct_count(g); return bounds_hold(c, (double)*count);
	case CT_VALUE_SUM: return bounds_hold(c, g->sum);
	case CT_VALUE_AVG: return bounds_hold(c, g->sum / (double)n);
	case CT_VALUE_MEDIAN: return bounds_hold(c, percentile_of(g, 50));
	case CT_VALUE_PERCENTILE: return bounds_hold(c, percentile_of(g, c->percentile));
	case CT_TEMPORAL: return c->extended ? extended_holds(c->extended, g) : bounds_hold(c, (double)rules_seen(c, g));
	case CT_TEMPORAL_ORDERED:
		reached = ordered(st, c, g, rule, t);
		return c->extended ? reached == c->nrules : reached && bounds_hold(c, (double)reached);
	default: return false;
	}
}

/* ---- one match ----------------------------------------------------------------------------------------------- */

static const struct val *present(const struct sigma_ctx *x, uint32_t field)
{
	const struct val *v = view_first(x, field);
	while (v && v->type >= VT_NULL)
		v = view_next(x, v);
	return v;
}

/* The group's key, and its text for people; false: a field is absent. */
static bool group_of(struct sigma_state *st, struct sigma_ctx *x, const struct corr *c, size_t base, struct key *key)
{
	key_init(key);
	st->group.n = 0;
	for (size_t j = 0; j < c->ngroup_by; j++) {
		const struct val *v = present(x, c->group_field[base * c->ngroup_by + j]);
		if (!v)
			return false;
		key_add(key, view_folded(x, v));
		buf_addf(&st->group, "%s%.*s=%.*s", j ? ", " : "", SLFMT(c->group_by[j]), SLFMT(slice_to(view_text(x, v), 200)));
	}
	if (!c->ngroup_by)
		key_add(key, SL("all"));
	return true;
}

static bool entry_of(struct sigma_ctx *x, const struct corr *c, struct entry *e)
{
	for (size_t i = 0; i < c->nfield; i++) {
		const struct val *v = present(x, c->value_field[i]);
		struct scalar n;
		if (!v)
			return false;
		if (c->type == CT_VALUE_COUNT) {
			struct slice f = view_folded(x, v);
			e->value = hash_mix(e->value, hash_bytes(f.p, f.n));
			continue;
		}
		if (!scalar_number(view_text(x, v), &n))
			return false;
		e->n = n.type == SC_INT ? (double)n.i : n.type == SC_UINT ? (double)n.u : n.f;
	}
	return true;
}

static void correlate(struct sigma_state *st, struct sigma_ctx *x, uint32_t rule, nstime t, sigma_correlated_fn *fn, void *arg, unsigned depth);

static void count_for(struct sigma_state *st, struct sigma_ctx *x, uint32_t number, uint32_t rule, nstime t, sigma_correlated_fn *fn, void *arg,
		      unsigned depth)
{
	const struct srule *r = st->set->rules.v[number];
	const struct corr *c = r->corr;
	struct key key;
	uint32_t base = 0;
	while (base < c->nrules && c->rule[base] != rule)
		base++;
	struct entry e = {.t = t, .base = base};
	if (base == c->nrules || !st->of[number].groups || !group_of(st, x, c, base, &key) || !entry_of(x, c, &e))
		return;
	struct gstate *g = lru_put(st->of[number].groups, key_slice(&key), NULL);
	slide(c, g, t);
	if (c->type == CT_VALUE_COUNT)
		distinct_change(g, e.value, 1);
	*vec_push(&g->e) = e;
	g->sum += e.n;
	uint64_t count;
	bool held = g->holds, ordered_type = c->type == CT_TEMPORAL_ORDERED;
	g->holds = condition_holds(st, c, g, rule, t, &count);
	if (!g->holds || (held && !ordered_type))
		return;
	if (ordered_type)
		for (size_t i = 0; i < c->nrules; i++)
			g->stage[i] = NSTIME_NONE; /* told: the next chain begins anew */
	struct sigma_correlated hit = {&r->pub, count, buf_slice(&st->group), g->e.v[g->from].t};
	if (!r->pub.silent)
		fn(arg, &hit);
	if (depth < CHAIN_MAX)
		correlate(st, x, number, t, fn, arg, depth + 1);
}

static void correlate(struct sigma_state *st, struct sigma_ctx *x, uint32_t rule, nstime t, sigma_correlated_fn *fn, void *arg, unsigned depth)
{
	const struct srule *r = st->set->rules.v[rule];
	for (size_t i = 0; i < r->ntold; i++)
		count_for(st, x, r->told[i], rule, t, fn, arg, depth);
}

void sigma_correlate(struct sigma_state *st, struct sigma_ctx *c, const struct sigma_rule *r, nstime t, sigma_correlated_fn *fn, void *arg)
{
	correlate(st, c, r->number, t, fn, arg, 0);
}

/* ---- saved ------------------------------------------------------------------------------------------------------- */

struct saving {
	struct buf *b;
	const struct corr *c;
};

static bool save_group(void *arg, struct slice key, void *value)
{
	struct saving *x = arg;
	const struct gstate *g = value;
	buf_sized(x->b, key);
	buf_u32(x->b, (uint32_t)(g->holds | g->fresh << 1 | (g->stage != NULL) << 2));
	buf_u32(x->b, (uint32_t)(g->e.n - g->from));
	for (size_t i = g->from; i < g->e.n; i++) {
		buf_u64(x->b, (uint64_t)g->e.v[i].t);
		buf_u32(x->b, g->e.v[i].base);
		buf_u64(x->b, g->e.v[i].value);
		buf_add(x->b, &g->e.v[i].n, sizeof g->e.v[i].n);
	}
	for (size_t i = 0; g->stage && i < x->c->nrules; i++)
		buf_u64(x->b, (uint64_t)g->stage[i]);
	return true;
}

static struct slice name_of(const struct srule *r)
{
	return r->pub.id.n ? r->pub.id : r->pub.title;
}

void sigma_state_save(struct sigma_state *st, struct buf *b)
{
	for (size_t i = 0; i < st->set->rules.n; i++) {
		const struct srule *r = st->set->rules.v[i];
		if (!st->of[i].groups || !lru_count(st->of[i].groups))
			continue;
		struct buf part = {0};
		struct saving x = {&part, r->corr};
		lru_each(st->of[i].groups, save_group, &x);
		buf_sized(b, name_of(r));
		buf_u32(b, (uint32_t)r->corr->nrules);
		buf_sized(b, buf_slice(&part));
		buf_free(&part);
	}
}

static void load_group(const struct corr *c, struct gstate *g, struct wire *w)
{
	uint32_t flags = wire_u32(w), n = wire_u32(w);
	g->holds = flags & 1;
	g->fresh = flags >> 1 & 1;
	if (n > ENTRIES_MAX)
		w->bad = true;
	for (uint32_t i = 0; i < n && !w->bad; i++) {
		struct entry *e = vec_push(&g->e);
		e->t = (nstime)wire_u64(w);
		e->base = wire_u32(w);
		e->value = wire_u64(w);
		wire_raw(w, &e->n, sizeof e->n);
		if (e->base >= c->nrules)
			w->bad = true;
		g->sum += e->n;
		if (c->type == CT_VALUE_COUNT)
			distinct_change(g, e->value, 1);
	}
	if (!(flags & 4) || w->bad)
		return;
	g->stage = xmalloc(c->nrules * sizeof *g->stage);
	for (size_t i = 0; i < c->nrules; i++)
		g->stage[i] = (nstime)wire_u64(w);
}

static bool load_rule(struct sigma_state *st, struct slice name, uint32_t nrules, struct slice bytes)
{
	for (size_t i = 0; i < st->set->rules.n; i++) {
		const struct srule *r = st->set->rules.v[i];
		if (!st->of[i].groups || !slice_eq(name_of(r), name) || r->corr->nrules != nrules)
			continue;
		struct wire w = wire_of(bytes);
		while (w.n && !w.bad) {
			struct slice key = wire_sized(&w);
			bool fresh = false;
			struct gstate *g = w.bad ? NULL : lru_put(st->of[i].groups, key, &fresh);
			if (g && fresh)
				load_group(r->corr, g, &w);
			else
				w.bad = true;
		}
		return !w.bad;
	}
	return false;
}

unsigned sigma_state_load(struct sigma_state *st, struct wire *w)
{
	unsigned lost = 0;
	while (w->n && !w->bad) {
		struct slice name = wire_sized(w);
		uint32_t nrules = wire_u32(w);
		struct slice bytes = wire_sized(w);
		lost += w->bad || !load_rule(st, name, nrules, bytes);
	}
	return lost;
}
