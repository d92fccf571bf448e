/* book_update.c - from findings to stored incidents: who belongs together, under which id, what changed. */
#include "incident/book_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { FOLLOW_LOOKS = 64 /* findings of a new incident that are compared with those of closed ones */ };

struct update {
	struct incident_book *b;
	struct store *s;
	nstime now;
	incident_change_fn *fn;
	void *arg;
	struct err *e;
	struct item **v;           /* those that take part, by time */
	uint32_t n;
	uint32_t *cluster;
	struct entry **owner;      /* per cluster; NULL none stored */
};

static int by_time(const void *a, const void *b)
{
	const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;
	return incident_by_time(x->j.f, y->j.f);
}

static int write_findings(struct update *u)
{
	for (size_t i = 0; i < u->b->items.n; i++) {
		bool changed;
		int rc = u->b->items.v[i]->dirty ? store_finding_put(u->s, u->b->items.v[i]->j.f, &changed, u->e) : 0;
		if (rc)
			return rc;
	}
	return 0;
}

static void cluster(struct update *u)
{
	u->v = xcalloc(u->b->items.n + 1, sizeof(struct item *));
	for (size_t i = 0; i < u->b->entries.n; i++)
		u->b->entries.v[i]->home = (uint32_t)i;
	for (size_t i = 0; i < u->b->items.n; i++) {
		struct item *it = u->b->items.v[i];
		it->j.tie = entry_open(it->entry) ? it->entry->home + 1 : 0;
		if (!item_past(it))
			u->v[u->n++] = it;
	}
	qsort(u->v, u->n, sizeof(struct item *), by_time);
	const struct joinable **j = xcalloc((size_t)u->n + 1, sizeof *j);
	for (uint32_t i = 0; i < u->n; i++)
		j[i] = &u->v[i]->j;
	u->cluster = incident_clusters(j, u->n);
	free(j);
}

/* A stored incident is where its findings of medium level and above are (they are in one cluster); else where the first other one is.
 * What is low and finds no company stays where it was. */
static void find_homes(struct update *u)
{
	for (size_t i = 0; i < u->b->entries.n; i++)
		u->b->entries.v[i]->home = UINT32_MAX;
	for (int low = 0; low < 2; low++)
		for (uint32_t i = 0; i < u->n; i++) {
			struct entry *e = u->v[i]->entry;
			if (!e || e->home != UINT32_MAX || incident_joins(u->v[i]->j.f) == low)
				continue;
			if (u->cluster[i] == UINT32_MAX)
				u->cluster[i] = i;
			e->home = u->cluster[i];
		}
	for (uint32_t i = 0; i < u->n; i++) {
		struct entry *e = u->v[i]->entry;
		if (e && u->cluster[i] == UINT32_MAX)
			u->cluster[i] = e->home;
		if (e && u->cluster[i] != e->home)
			e->stale = true;
	}
}

/* Of the stored incidents that met in a cluster the one that was opened first goes on. */
static void find_owners(struct update *u)
{
	u->owner = xcalloc((size_t)u->n + 1, sizeof(struct entry *));
	for (size_t i = 0; i < u->b->entries.n; i++) {
		struct entry *e = u->b->entries.v[i];
		if (entry_open(e) && e->home != UINT32_MAX && (!u->owner[e->home] || book_order(e, u->owner[e->home]) < 0))
			u->owner[e->home] = e;
	}
}

/* ---- one incident ------------------------------------------------------------------------------------------------------- */

/* The closed incident of the same actor that was closed last, for a new one. */
static const char *followed(const struct update *u, struct item *const *v, size_t n)
{
	const struct entry *best = NULL;
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = book_entry(u->b, v[i]->former);
		if (e && (!best || e->row.closed > best->row.closed))
			best = e;
		if (!e && v[i]->former[0] && !best)
			return v[i]->former;
	}
	for (size_t k = 0; k < u->b->items.n; k++) {
		const struct item *past = u->b->items.v[k];
		if (!item_past(past) || past->entry == best)
			continue;
		bool later = !best || past->entry->row.closed > best->row.closed ||
			(past->entry->row.closed == best->row.closed && strcmp(past->entry->row.id, best->row.id) > 0);
		for (size_t i = 0; later && i < MIN(n, (size_t)FOLLOW_LOOKS); i++)
			if (incident_same_actor(&past->j, &v[i]->j)) {
				best = past->entry;
				break;
			}
	}
	return best ? best->row.id : "";
}

/* An id that no stored incident has: the same first evidence can open one again after it was closed. */
static int free_id(struct update *u, char id[static 40])
{
	char base[32];
	snprintf(base, sizeof base, "%.31s", id);
	for (unsigned k = 2; k < 1000; k++) {
		struct arena mem;
		struct store_incident row;
		arena_init(&mem);
		int rc = store_incident_get(u->s, id, &mem, &row, u->e);
		arena_free(&mem);
		if (rc == ERR_NOENT)
			return 0;
		if (rc)
			return rc;
		snprintf(id, 40, "%s-%u", base, k);
	}
	return err_set(u->e, ERR_DUP, "too many incidents are named %s", base);
}

static uint32_t stage_bits(const struct incident *in)
{
	uint32_t bits = 0;
	for (int st = STAGE_NONE + 1; st < STAGE_COUNT; st++)
		bits |= (uint32_t)(in->stage_first[st] != NSTIME_NONE) << st;
	return bits;
}

static void fill_row(struct store_incident *row, const struct incident *in, const struct entry *e)
{
	row->title = in->title;
	row->kind = in->kind;
	row->reason = in->level_reason;
	row->findings = (uint32_t)in->nfindings;
	bool part = e && e->retired; /* then what was known holds on */
	row->level = part ? MAX(in->level, row->level) : in->level;
	row->stages = part ? stage_bits(in) | row->stages : stage_bits(in);
	row->first = part ? MIN(in->first, row->first) : in->first;
	row->last = part ? MAX(in->last, row->last) : in->last;
}

static unsigned compare(const struct store_incident *now, const struct store_incident *was, bool more)
{
	unsigned changes = now->level > was->level ? INCIDENT_ROSE : 0;
	if (now->stages & ~was->stages)
		changes |= INCIDENT_STAGE;
	if (more || now->findings > was->findings)
		changes |= INCIDENT_MORE;
	return changes;
}

static bool same_row(const struct store_incident *a, const struct store_incident *b)
{
	return a->level == b->level && a->stages == b->stages && a->findings == b->findings && a->first == b->first && a->last == b->last &&
		slice_eq(a->title, b->title) && slice_eq(a->kind, b->kind) && slice_eq(a->reason, b->reason);
}

/* The findings' rows point to e. */
static int join_all(struct update *u, struct item **v, size_t n, struct entry *e)
{
	int rc = 0;
	for (size_t i = 0; i < n && !rc; i++) {
		if (v[i]->entry == e)
			continue;
		rc = store_finding_join(u->s, v[i]->j.f->uid, e->row.id, u->e);
		v[i]->entry = e;
		v[i]->former[0] = 0;
	}
	return rc;
}

/* Other stored incidents of the cluster go into e. */
static int merge_others(struct update *u, uint32_t cluster, struct entry *e, const struct incident *in)
{
	int rc = 0;
	for (size_t i = 0; i < u->b->entries.n && !rc; i++) {
		struct entry *o = u->b->entries.v[i];
		if (o == e || o->home != cluster || !entry_open(o))
			continue;
		rc = store_findings_rejoin(u->s, o->row.id, e->row.id, u->e);
		o->row.status = INCIDENT_MERGED;
		o->row.closed = o->row.updated = u->now;
		o->row.findings = 0;
		e->retired |= o->retired;
		snprintf(o->row.merged, sizeof o->row.merged, "%s", e->row.id);
		if (!rc)
			rc = store_incident_put(u->s, &o->row, u->e);
		if (!rc && u->fn)
			rc = u->fn(u->arg, in, o->row.id, INCIDENT_JOINED);
	}
	return rc;
}

/* Is there another stored incident in the cluster? */
static bool meets_others(const struct update *u, struct item *const *v, size_t n, const struct entry *e)
{
	(void)u;
	for (size_t i = 0; i < n; i++)
		if (v[i]->entry != e)
			return true;
	return false;
}

static struct incidents *tell(struct update *u, struct item *const *v, size_t n)
{
	struct incidents *t = incidents_new(u->b->org);
	struct finding **f = xcalloc(n, sizeof(struct finding *));
	for (size_t i = 0; i < n; i++)
		f[i] = v[i]->j.f;
	incident_make(t, f, n);
	free(f);
	return t;
}

static int open_new(struct update *u, struct item *const *v, size_t n, struct incident *in, struct entry **out)
{
	struct store_incident row = {.status = INCIDENT_OPEN, .opened = u->now, .updated = u->now, .closed = NSTIME_NONE};
	snprintf(row.id, sizeof row.id, "%s", in->id);
	snprintf(row.follows, sizeof row.follows, "%s", followed(u, v, n));
	int rc = free_id(u, row.id);
	if (rc)
		return rc;
	fill_row(&row, in, NULL);
	*out = book_entry_put(u->b, &row);
	(*out)->home = UINT32_MAX;
	return store_incident_put(u->s, &row, u->e);
}

static int settle_told(struct update *u, uint32_t cluster, struct item **v, size_t n, struct entry *e, struct incidents *t, bool more)
{
	struct incident *in = &t->list.v[0];
	bool fresh = !e;
	int rc = fresh ? open_new(u, v, n, in, &e) : 0;
	if (rc) {
		incidents_free(t);
		return rc;
	}
	incidents_free(e->told);
	e->told = t;
	e->stale = false;
	incident_named(t, in, e->row.id, e->row.follows);
	rc = fresh ? 0 : merge_others(u, cluster, e, in);
	if (!rc)
		rc = join_all(u, v, n, e);
	struct store_incident row = e->row;
	fill_row(&row, in, e);
	in->level = row.level;
	if (!rc && e->retired)
		rc = store_findings_count(u->s, row.id, &row.findings, u->e);
	unsigned changes = fresh ? INCIDENT_FRESH : compare(&row, &e->row, more) | (e->reopened ? INCIDENT_REOPENED : 0);
	e->reopened = false;
	row.updated = changes ? u->now : row.updated;
	if (!rc && (changes || !same_row(&row, &e->row)))
		rc = store_incident_put(u->s, &row, u->e);
	book_row(e, &row);
	return !rc && changes && u->fn ? u->fn(u->arg, in, e->row.id, changes) : rc;
}

/* One cluster: v are its findings by time. */
static int settle(struct update *u, uint32_t cluster, struct item **v, size_t n)
{
	struct entry *e = u->owner[cluster];
	enum level worst = LEVEL_INFO;
	bool more = false;
	for (size_t i = 0; i < n; i++) {
		worst = MAX(worst, v[i]->j.f->level);
		more |= v[i]->dirty;
	}
	if (!e && !incident_worth(n, worst))
		return 0;
	if (e && e->told && !e->stale && !more && !meets_others(u, v, n, e))
		return 0;
	return settle_told(u, cluster, v, n, e, tell(u, v, n), more);
}

static int settle_all(struct update *u)
{
	size_t *end = xcalloc((size_t)u->n + 1, sizeof *end);
	struct item **members = xcalloc((size_t)u->n + 1, sizeof(struct item *));
	int rc = 0;
	for (uint32_t i = 0; i < u->n; i++)
		if (u->cluster[i] != UINT32_MAX)
			end[u->cluster[i] + 1]++;
	for (uint32_t c = 0; c < u->n; c++)
		end[c + 1] += end[c];
	for (uint32_t i = 0; i < u->n; i++)
		if (u->cluster[i] != UINT32_MAX)
			members[end[u->cluster[i]]++] = u->v[i];
	size_t from = 0;
	for (uint32_t c = 0; c < u->n && !rc; from = end[c++])
		if (end[c] > from)
			rc = settle(u, c, members + from, end[c] - from);
	free(members);
	free(end);
	return rc;
}

int incident_book_update(struct incident_book *b, struct store *s, nstime now, incident_change_fn *fn, void *arg, struct err *e)
{
	struct update u = {.b = b, .s = s, .now = now, .fn = fn, .arg = arg, .e = e};
	int rc = book_decisions(b, s, e);
	if (!rc)
		rc = book_reports(b, s, e);
	if (rc || !b->dirty)
		return rc;
	rc = write_findings(&u);
	if (rc)
		return rc;
	cluster(&u);
	find_homes(&u);
	find_owners(&u);
	rc = settle_all(&u);
	for (size_t i = 0; i < b->items.n; i++)
		b->items.v[i]->dirty = false;
	b->dirty = rc != 0;
	free(u.v);
	free(u.cluster);
	free(u.owner);
	book_tidy(b);
	book_forget(b, now); /* what came now had its chance to join */
	return rc;
}
