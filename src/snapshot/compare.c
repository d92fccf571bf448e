/* compare.c - what is new, gone or other between two snapshots of a machine.
 *
 * Rows are sorted by their key columns; within one key equal rows are paired first, the rest in order: a file in which lines moved has not changed. */
#include "snapshot/snapshot_private.h"

#include <stdlib.h>

/* qsort(3) hands no argument through; the table goes with each row. */
struct ref {
	const void *row;
	const struct snap_column *columns;
	size_t place;
	bool taken;
};

static int compare_lists(struct snap_list a, struct snap_list b)
{
	for (size_t i = 0; i < a.n && i < b.n; i++) {
		int c = slice_cmp(a.v[i], b.v[i]);
		if (c)
			return c;
	}
	return (a.n > b.n) - (a.n < b.n);
}

static int compare_column(const void *a, const void *b, const struct snap_column *c)
{
	switch (c->type) {
	case SNAP_T_TEXT: return slice_cmp(snap_text_of(a, c), snap_text_of(b, c));
	case SNAP_T_LIST: return compare_lists(snap_list_of(a, c), snap_list_of(b, c));
	case SNAP_T_NUMBER: return (snap_number_of(a, c) > snap_number_of(b, c)) - (snap_number_of(a, c) < snap_number_of(b, c));
	case SNAP_T_WORD: return (snap_word_of(a, c) > snap_word_of(b, c)) - (snap_word_of(a, c) < snap_word_of(b, c));
	}
	return 0;
}

static int compare_keys(const struct ref *a, const struct ref *b)
{
	for (const struct snap_column *c = a->columns; c->name; c++) {
		int r = c->key ? compare_column(a->row, b->row, c) : 0;
		if (r)
			return r;
	}
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct ref *x = a, *y = b;
	int r = compare_keys(x, y);
	return r ? r : (x->place > y->place) - (x->place < y->place);
}

/* File and line alone are no difference. */
static size_t differing(const struct ref *a, const struct ref *b, struct snap_difference *d)
{
	d->ncolumns = 0;
	for (const struct snap_column *c = a->columns + 2; c->name; c++)
		if (d->ncolumns < ARRAY_LEN(d->columns) && compare_column(a->row, b->row, c))
			d->columns[d->ncolumns++] = c;
	return d->ncolumns;
}

struct comparing {
	const struct snapshot *before, *after;
	void (*fn)(void *arg, const struct snap_difference *d);
	void *arg;
	size_t hidden;
	enum snap_kind kind;
};

static struct slice account_of(enum snap_kind k, const void *row)
{
	for (const struct snap_column *c = snap_tables[k].columns; c->name; c++)
		if (strcmp(c->name, "account") == 0)
			return snap_text_of(row, c);
	return SLICE_NONE;
}

/* Could this side not read what the row stands in? A fact's section is its name. One line that could not be understood says nothing about the others: else
 * a line of rubbish would hide what is added beside it. */
static bool unread(const struct snapshot *s, enum snap_kind k, const void *row)
{
	const struct snap_column *file = &snap_tables[k].columns[0];
	struct slice account = account_of(k, row);
	if (k == SNAP_K_missing)
		return false;
	for (size_t i = 0; i < s->nmissing; i++) {
		const struct snap_missing *m = &s->missing[i];
		bool section = slice_eqz(m->section, snap_tables[k].name) || (k == SNAP_K_fact && slice_eq(m->section, ((const struct snap_fact *)row)->name));
		bool whose = !m->account.n || slice_eq(m->account, account);
		bool where = !m->at.file.n || slice_starts(snap_text_of(row, file), m->at.file);
		if (section && whose && where && !m->at.line)
			return true;
	}
	return false;
}

static void alone(struct comparing *c, struct ref *r, bool added)
{
	if (r->taken)
		return;
	if (unread(added ? c->before : c->after, c->kind, r->row)) {
		c->hidden++;
		return;
	}
	c->fn(c->arg, &(struct snap_difference){.change = added ? SNAP_ADDED : SNAP_REMOVED, .kind = c->kind, .before = added ? NULL : r->row, .after = added ? r->row : NULL});
}

/* Rows of one key on both sides. The inner loop starts behind what is taken, so that equal files cost no square. */
static void pair(struct comparing *c, struct ref *a, size_t na, struct ref *b, size_t nb)
{
	struct snap_difference d = {.change = SNAP_CHANGED, .kind = c->kind};
	size_t from = 0;
	for (size_t i = 0; i < na; i++) {
		size_t tries = 0;
		while (from < nb && b[from].taken)
			from++;
		for (size_t k = from; k < nb && !a[i].taken && tries < 1000; k++, tries++)
			if (!b[k].taken && !differing(&a[i], &b[k], &d))
				a[i].taken = b[k].taken = true;
	}
	for (size_t i = 0, k = 0; i < na; i++) {
		while (k < nb && b[k].taken)
			k++;
		if (a[i].taken || k == nb)
			continue;
		differing(&a[i], &b[k], &d);
		d.before = a[i].row;
		d.after = b[k].row;
		a[i].taken = b[k].taken = true;
		if (d.ncolumns)
			c->fn(c->arg, &d);
	}
	for (size_t i = 0; i < na; i++)
		alone(c, &a[i], false);
	for (size_t i = 0; i < nb; i++)
		alone(c, &b[i], true);
}

static struct ref *sorted(const struct snapshot *s, enum snap_kind k, size_t *n)
{
	*n = snap_count(s, k);
	struct ref *v = xcalloc(*n + 1, sizeof *v);
	for (size_t i = 0; i < *n; i++)
		v[i] = (struct ref){snap_row(s, k, i), snap_tables[k].columns, i, false};
	qsort(v, *n, sizeof *v, by_key);
	return v;
}

static size_t run_of(const struct ref *v, size_t from, size_t n)
{
	size_t to = from;
	while (to < n && compare_keys(&v[from], &v[to]) == 0)
		to++;
	return to - from;
}

static void compare_kind(struct comparing *c)
{
	size_t na, nb, i = 0, k = 0;
	struct ref *a = sorted(c->before, c->kind, &na), *b = sorted(c->after, c->kind, &nb);
	while (i < na || k < nb) {
		int r = i == na ? 1 : k == nb ? -1 : compare_keys(&a[i], &b[k]);
		size_t left = r <= 0 ? run_of(a, i, na) : 0, right = r >= 0 ? run_of(b, k, nb) : 0;
		pair(c, a + i, left, b + k, right);
		i += left;
		k += right;
	}
	free(a);
	free(b);
}

void snapshot_compare(const struct snapshot *before, const struct snapshot *after, void (*fn)(void *arg, const struct snap_difference *d), void *arg, size_t *hidden)
{
	struct comparing c = {.before = before, .after = after, .fn = fn, .arg = arg};
	for (int k = 0; k < SNAP_KIND_COUNT; k++) {
		c.kind = (enum snap_kind)k;
		compare_kind(&c);
	}
	if (hidden)
		*hidden = c.hidden;
}
