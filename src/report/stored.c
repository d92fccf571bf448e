/* stored.c - a stored incident with all that belongs to it, as reports want it. */
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>

enum { NOTES_MAX = 100000, JOINED_MAX = 10000 };

struct loading {
	struct stored *x;
	struct { struct finding **v; size_t n, cap; } findings;
	struct { uint32_t *v; size_t n, cap; } sources; /* numbers in use, ascending */
	struct { struct report_note *v; size_t n, cap; } notes;
	struct { struct report_action *v; size_t n, cap; } actions;
	struct { struct slice *v; size_t n, cap; } joined;
};

static int take_finding(void *arg, struct finding *f, const char *incident)
{
	struct loading *l = arg;
	(void)incident;
	*vec_push(&l->findings) = f;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static uint32_t place_of(const struct loading *l, uint32_t source)
{
	const uint32_t *at = !l->sources.n ? NULL : bsearch(&source, l->sources.v, l->sources.n, sizeof source, by_number);
	return at ? (uint32_t)(at - l->sources.v) : UINT32_MAX;
}

/* Sources of the state are numbered for good, those of a report from 0. */
static void number_sources(struct loading *l)
{
	size_t n = 0;
	for (size_t i = 0; i < l->findings.n; i++)
		for (size_t k = 0; k < l->findings.v[i]->nevidence; k++)
			*vec_push(&l->sources) = l->findings.v[i]->evidence[k].source;
	if (l->sources.n)
		qsort(l->sources.v, l->sources.n, sizeof *l->sources.v, by_number);
	for (size_t i = 0; i < l->sources.n; i++)
		if (!n || l->sources.v[i] != l->sources.v[n - 1])
			l->sources.v[n++] = l->sources.v[i];
	l->sources.n = n;
	for (size_t i = 0; i < l->findings.n; i++)
		for (size_t k = 0; k < l->findings.v[i]->nevidence; k++)
			l->findings.v[i]->evidence[k].source = place_of(l, l->findings.v[i]->evidence[k].source);
	l->x->ledger.files = xcalloc(n + 1, sizeof *l->x->ledger.files);
	l->x->ledger.nfiles = n;
}

static int take_source(void *arg, const struct store_source *s)
{
	struct loading *l = arg;
	uint32_t at = place_of(l, s->id);
	if (at != UINT32_MAX) {
		l->x->ledger.files[at].path = slice_dup(&l->x->mem, s->path);
		l->x->ledger.files[at].host = slice_dup(&l->x->mem, s->host);
	}
	return 0;
}

static int take_note(void *arg, nstime t, struct slice author, struct slice text)
{
	struct loading *l = arg;
	if (l->notes.n < NOTES_MAX)
		*vec_push(&l->notes) = (struct report_note){t, slice_dup(&l->x->mem, author), slice_dup(&l->x->mem, text)};
	return 0;
}

static int take_action(void *arg, const struct store_action *a)
{
	struct loading *l = arg;
	struct arena *m = &l->x->mem;
	*vec_push(&l->actions) = (struct report_action){slice_dup(m, slice_of(a->id)), slice_dup(m, a->kind), slice_dup(m, a->target),
		slice_of(action_state_name(a->state)), slice_dup(m, a->result), a->created, a->until};
	return 0;
}

/* Those that went into it, and into those. */
static int take_joined(void *arg, const char *id)
{
	struct loading *l = arg;
	bool known = strcmp(id, l->x->row.id) == 0;
	for (size_t i = 0; i < l->joined.n && !known; i++)
		known = slice_eqz(l->joined.v[i], id);
	if (!known && l->joined.n < JOINED_MAX)
		*vec_push(&l->joined) = slice_dup(&l->x->mem, slice_of(id));
	return 0;
}

static int note_order(const void *a, const void *b)
{
	const struct report_note *x = a, *y = b;
	return x->time != y->time ? (x->time < y->time ? -1 : 1) : slice_cmp(x->text, y->text);
}

static int load_people(struct loading *l, struct store *s, struct err *e)
{
	const char *id = l->x->row.id;
	int rc = store_incident_joined(s, id, take_joined, l, e);
	for (size_t i = 0; i < l->joined.n && !rc; i++)
		rc = store_incident_joined(s, l->joined.v[i].p, take_joined, l, e);
	if (!rc)
		rc = store_notes(s, id, take_note, l, e);
	if (!rc)
		rc = store_actions(s, -1, id, take_action, l, e);
	for (size_t i = 0; i < l->joined.n && !rc; i++) {
		rc = store_notes(s, l->joined.v[i].p, take_note, l, e);
		if (!rc)
			rc = store_actions(s, -1, l->joined.v[i].p, take_action, l, e);
	}
	if (l->notes.n)
		qsort(l->notes.v, l->notes.n, sizeof *l->notes.v, note_order);
	return rc;
}

static void give_over(struct loading *l, const struct org *org, const char *version)
{
	struct stored *x = l->x;
	const struct store_incident *row = &x->row;
	x->in = incidents_new(org);
	for (size_t i = 0; i < l->findings.n; i++)
		incidents_add(x->in, l->findings.v[i]);
	incidents_build_as(x->in, row->id, row->follows);
	x->life = (struct report_life){.status = slice_of(incident_status_name(row->status)), .opened = row->opened, .updated = row->updated, .closed = row->closed,
		.closer = row->closer, .closing = row->closing, .merged = slice_of(row->merged), .follows = slice_of(row->follows), .joined = l->joined.v,
		.njoined = l->joined.n, .notes = l->notes.v, .nnotes = l->notes.n, .actions = l->actions.v, .nactions = l->actions.n};
	x->report = (struct report_input){x->in, &x->ledger, org, version, row->updated, &x->life};
}

/* Where the story of a merged one goes on. */
static int follow_merges(struct stored *x, struct store *s, struct err *e)
{
	int rc = 0;
	for (unsigned hops = 0; !rc && x->row.status == INCIDENT_MERGED && hops < 100; hops++) {
		char to[40];
		snprintf(to, sizeof to, "%s", x->row.merged);
		if (!hops)
			memcpy(x->merged, x->row.id, sizeof x->merged);
		rc = store_incident_get(s, to, &x->mem, &x->row, e);
	}
	return rc;
}

int stored_load(struct stored *x, struct store *s, const char *id, const struct org *org, const char *version, struct err *e)
{
	*x = (struct stored){0};
	arena_init(&x->mem);
	struct loading l = {.x = x};
	int rc = store_incident_match(s, id, &x->mem, &x->row, e);
	if (!rc)
		rc = follow_merges(x, s, e);
	if (!rc)
		rc = store_findings(s, INT64_MIN, x->row.id, take_finding, &l, e);
	number_sources(&l);
	if (!rc)
		rc = store_sources(s, take_source, &l, e);
	if (!rc)
		rc = load_people(&l, s, e);
	give_over(&l, org, version);
	free(l.findings.v);
	free(l.sources.v);
	return rc;
}

void stored_free(struct stored *x)
{
	incidents_free(x->in);
	free(x->ledger.files);
	free(x->life.notes);
	free(x->life.actions);
	free(x->life.joined);
	arena_free(&x->mem);
}
