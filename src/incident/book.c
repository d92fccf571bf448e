/* book.c - the findings that live incidents are made of: taking them in, loading them, letting them go. */
#include "incident/book_private.h"

#include <stdio.h>
#include <stdlib.h>

#define KEPT (30 * NS_DAY)

enum { ITEMS_MAX = 8 * LIMIT_FINDINGS * LEVEL_COUNT, ENTRIES_MAX = 1 << 20 };

struct incident_book *incident_book_new(const struct org *org)
{
	struct incident_book *b = xcalloc(1, sizeof *b);
	b->org = org;
	b->by_uid = lru_new(sizeof(struct item *), ITEMS_MAX + 1, NULL, NULL);
	b->by_id = lru_new(sizeof(struct entry *), ENTRIES_MAX, NULL, NULL);
	return b;
}

static void item_free(struct item *it)
{
	free(it->j.key);
	free(it);
}

static void entry_free(struct entry *e)
{
	incidents_free(e->told);
	arena_free(&e->mem);
	free(e);
}

void incident_book_free(struct incident_book *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->items.n; i++) {
		finding_free(b->items.v[i]->j.f);
		item_free(b->items.v[i]);
	}
	for (size_t i = 0; i < b->entries.n; i++)
		entry_free(b->entries.v[i]);
	for (size_t i = 0; i < b->old.n; i++)
		finding_free(b->old.v[i]);
	free(b->items.v);
	free(b->entries.v);
	free(b->old.v);
	lru_free(b->by_uid);
	lru_free(b->by_id);
	free(b);
}

void incident_book_org(struct incident_book *b, const struct org *org)
{
	b->org = org;
	b->dirty = true;
	for (size_t i = 0; i < b->items.n; i++)
		incident_keys(org, &b->items.v[i]->j);
	for (size_t i = 0; i < b->entries.n; i++)
		b->entries.v[i]->stale = true;
}

/* ---- stored incidents --------------------------------------------------------------------------------------------------- */

struct entry *book_entry(const struct incident_book *b, const char *id)
{
	struct entry **p = *id ? lru_get(b->by_id, slice_of(id)) : NULL;
	return p ? *p : NULL;
}

void book_row(struct entry *e, const struct store_incident *row)
{
	struct arena old = e->mem;
	arena_init(&e->mem);
	e->row = *row;
	struct slice *texts[] = {&e->row.title, &e->row.kind, &e->row.reason, &e->row.closer, &e->row.closing};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = slice_dup(&e->mem, *texts[i]);
	arena_free(&old);
}

struct entry *book_entry_put(struct incident_book *b, const struct store_incident *row)
{
	struct entry **p = lru_put(b->by_id, slice_of(row->id), NULL);
	if (!*p) {
		*p = xcalloc(1, sizeof **p);
		arena_init(&(*p)->mem);
		*vec_push(&b->entries) = *p;
	}
	book_row(*p, row);
	return *p;
}

int book_order(const struct entry *a, const struct entry *b)
{
	if (a->row.opened != b->row.opened)
		return a->row.opened < b->row.opened ? -1 : 1;
	return strcmp(a->row.id, b->row.id);
}

/* What can be shown comes first. */
static bool shown(const struct entry *e)
{
	return entry_open(e) && e->told;
}

static int shown_first(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
	return shown(x) != shown(y) ? (int)shown(y) - (int)shown(x) : book_order(x, y);
}

void book_tidy(struct incident_book *b)
{
	size_t n = 0;
	for (size_t i = 0; i < b->entries.n; i++)
		b->entries.v[i]->used = false;
	for (size_t i = 0; i < b->items.n; i++)
		if (b->items.v[i]->entry)
			b->items.v[i]->entry->used = true;
	for (size_t i = 0; i < b->entries.n; i++) {
		struct entry *e = b->entries.v[i];
		if (e->stale) { /* nothing of it is left here */
			incidents_free(e->told);
			e->told = NULL;
		}
		if (entry_open(e) || e->used) {
			b->entries.v[n++] = e;
			continue;
		}
		lru_del(b->by_id, slice_of(e->row.id));
		entry_free(e);
	}
	b->entries.n = n;
	if (n)
		qsort(b->entries.v, n, sizeof(struct entry *), shown_first);
	for (size_t i = 0; i < b->old.n; i++)
		finding_free(b->old.v[i]);
	b->old.n = 0;
}

/* ---- findings ----------------------------------------------------------------------------------------------------------- */

static bool same_bytes(const struct finding *a, const struct finding *b)
{
	struct buf x = {0}, y = {0};
	finding_save(a, &x);
	finding_save(b, &y);
	bool same = slice_eq(buf_slice(&x), buf_slice(&y));
	buf_free(&x);
	buf_free(&y);
	return same;
}

static bool says_more(const struct finding *f, const struct finding *than)
{
	if (f->count < than->count || f->level < than->level)
		return false;
	return f->count > than->count || f->level > than->level || !same_bytes(f, than);
}

static struct item *new_item(struct incident_book *b, struct finding *f, struct entry *e)
{
	struct item *it = xcalloc(1, sizeof *it);
	it->j.f = f;
	it->entry = e;
	incident_keys(b->org, &it->j);
	*vec_push(&b->items) = it;
	b->dirty = true;
	return it;
}

/* What goes on after its incident was closed is no part of that one any more. */
static void leave_if_past(struct item *it, bool rose)
{
	if (!item_past(it) || (!rose && it->j.f->last <= it->entry->row.closed))
		return;
	snprintf(it->former, sizeof it->former, "%s", it->entry->row.id);
	it->entry = NULL;
}

bool incident_book_add(struct incident_book *b, struct finding *f)
{
	struct item **known = lru_get(b->by_uid, slice_of(f->uid));
	if ((known && !says_more(f, (*known)->j.f)) || (!known && b->items.n >= ITEMS_MAX)) {
		finding_free(f);
		return false;
	}
	if (!known) {
		struct item *it = new_item(b, f, NULL);
		*(struct item **)lru_put(b->by_uid, slice_of(f->uid), NULL) = it;
		it->dirty = true;
		return true;
	}
	struct item *it = *known;
	bool rose = f->level > it->j.f->level;
	*vec_push(&b->old) = it->j.f;
	it->j.f = f;
	it->dirty = b->dirty = true;
	incident_keys(b->org, &it->j);
	leave_if_past(it, rose);
	return true;
}

/* ---- letting go --------------------------------------------------------------------------------------------------------- */

static void drop(struct incident_book *b, size_t i)
{
	struct item *it = b->items.v[i];
	if (entry_open(it->entry)) {
		it->entry->retired = it->entry->stale = true;
		b->retired++;
	}
	lru_del(b->by_uid, slice_of(it->j.f->uid));
	*vec_push(&b->old) = it->j.f;
	item_free(it);
	b->items.v[i] = NULL;
}

static void compact(struct incident_book *b)
{
	size_t n = 0;
	for (size_t i = 0; i < b->items.n; i++)
		if (b->items.v[i])
			b->items.v[n++] = b->items.v[i];
	b->items.n = n;
}

struct place {
	const struct item *it;
	size_t at;
};

static int first_to_go(const void *a, const void *b)
{
	const struct item *x = ((const struct place *)a)->it, *y = ((const struct place *)b)->it;
	if (entry_open(x->entry) != entry_open(y->entry))
		return entry_open(x->entry) ? 1 : -1;
	if (x->j.f->last != y->j.f->last)
		return x->j.f->last < y->j.f->last ? -1 : 1;
	return strcmp(x->j.f->uid, y->j.f->uid);
}

static void forget_level(struct incident_book *b, enum level level, size_t have)
{
	struct place *v = xcalloc(have, sizeof *v);
	size_t n = 0;
	for (size_t i = 0; i < b->items.n; i++)
		if (b->items.v[i]->j.f->level == level)
			v[n++] = (struct place){b->items.v[i], i};
	qsort(v, n, sizeof *v, first_to_go);
	for (size_t i = 0; i < n - LIMIT_FINDINGS; i++)
		drop(b, v[i].at);
	free(v);
	compact(b);
}

void book_forget(struct incident_book *b, nstime now)
{
	nstime newest = INT64_MIN + KEPT;
	size_t have[LEVEL_COUNT] = {0};
	for (size_t i = 0; i < b->items.n; i++)
		if (b->items.v[i]->j.f->last <= now)
			newest = MAX(newest, b->items.v[i]->j.f->last);
	for (size_t i = 0; i < b->items.n; i++) {
		const struct item *it = b->items.v[i];
		if (!entry_open(it->entry) && it->j.f->last < newest - KEPT)
			drop(b, i);
		else
			have[it->j.f->level]++;
	}
	compact(b);
	for (int l = 0; l < LEVEL_COUNT; l++)
		if (have[l] > LIMIT_FINDINGS)
			forget_level(b, (enum level)l, have[l]);
}

/* ---- the file ----------------------------------------------------------------------------------------------------------- */

static int load_incident(void *arg, const struct store_incident *row)
{
	struct incident_book *b = arg;
	if (row->status != INCIDENT_MERGED)
		book_entry_put(b, row);
	return 0;
}

static int load_finding(void *arg, struct finding *f, const char *incident)
{
	struct incident_book *b = arg;
	struct item **it = lru_put(b->by_uid, slice_of(f->uid), NULL);
	if (*it) {
		finding_free(f);
		return 0;
	}
	*it = new_item(b, f, book_entry(b, incident));
	return 0;
}

int incident_book_load(struct incident_book *b, struct store *s, nstime now, struct err *e)
{
	nstime newest;
	int rc = store_incidents(s, -1, load_incident, b, e);
	if (!rc)
		rc = store_decision_newest(s, &b->decision, e);
	if (!rc)
		rc = store_findings_newest(s, now, &newest, e);
	if (!rc)
		rc = store_findings(s, newest < INT64_MIN + KEPT ? INT64_MIN : newest - KEPT, NULL, load_finding, b, e);
	for (size_t i = 0; !rc && i < b->entries.n; i++)
		if (entry_open(b->entries.v[i]))
			rc = store_findings(s, INT64_MIN, b->entries.v[i]->row.id, load_finding, b, e);
	book_forget(b, now);
	book_tidy(b);
	return rc;
}

struct deciding {
	struct incident_book *b;
	struct store *s;
	struct err *e;
};

static int reopen(struct deciding *d, const char *id)
{
	struct arena mem;
	struct store_incident row;
	arena_init(&mem);
	int rc = store_incident_get(d->s, id, &mem, &row, d->e);
	if (!rc) {
		struct entry *e = book_entry_put(d->b, &row);
		e->reopened = e->stale = true;
		rc = store_findings(d->s, INT64_MIN, id, load_finding, d->b, d->e);
	}
	arena_free(&mem);
	return rc;
}

static int take_decision(void *arg, const struct store_decision *x)
{
	struct deciding *d = arg;
	struct entry *e = book_entry(d->b, x->id);
	d->b->decision = x->number;
	d->b->dirty = true;
	if (x->status == INCIDENT_OPEN)
		return entry_open(e) ? 0 : reopen(d, x->id);
	if (!e)
		return 0;
	e->row.status = x->status;
	e->row.closed = x->closed;
	for (size_t i = 0; i < d->b->items.n; i++)
		if (d->b->items.v[i]->entry == e && d->b->items.v[i]->dirty)
			leave_if_past(d->b->items.v[i], false);
	return 0;
}

int book_decisions(struct incident_book *b, struct store *s, struct err *e)
{
	struct deciding d = {b, s, e};
	return store_decisions(s, b->decision, take_decision, &d, e);
}

static int take_report(void *arg, struct finding *f, const char *incident)
{
	(void)incident;
	incident_book_add(arg, f);
	return 0;
}

int book_reports(struct incident_book *b, struct store *s, struct err *e)
{
	return store_reports_take(s, take_report, b, e);
}

int incident_book_pending(struct incident_book *b, struct store *s, struct err *e)
{
	int64_t newest = b->decision;
	bool reports = false;
	int rc = b->dirty ? 0 : store_decision_newest(s, &newest, e);
	if (!rc && !b->dirty)
		rc = store_reports_wait(s, &reports, e);
	return rc ? rc : b->dirty || reports || newest != b->decision;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

size_t incident_book_count(const struct incident_book *b)
{
	size_t n = 0;
	while (n < b->entries.n && shown(b->entries.v[n]))
		n++;
	return n;
}

const struct incident *incident_book_get(const struct incident_book *b, size_t i)
{
	return i < b->entries.n && shown(b->entries.v[i]) ? incidents_get(b->entries.v[i]->told, 0) : NULL;
}

const struct incident *incident_book_find(const struct incident_book *b, const char *id)
{
	const struct entry *e = book_entry(b, id);
	return e && shown(e) ? incidents_get(e->told, 0) : NULL;
}

size_t incident_book_findings(const struct incident_book *b)
{
	return b->items.n;
}

uint64_t incident_book_retired(const struct incident_book *b)
{
	return b->retired;
}
