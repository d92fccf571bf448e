/* index.c - the indexes of a bucket: which rules are worth a look for a value, a literal, a keyword. */
#include "sigma/route_private.h"

#include <stdlib.h>

struct pair {
	struct atom atom;
	uint32_t rule;
};
struct pairs {
	struct pair *v;
	size_t n, cap;
};

static int pair_order(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	if (x->atom.field != y->atom.field)
		return x->atom.field < y->atom.field ? -1 : 1;
	if (x->atom.kind != y->atom.kind)
		return x->atom.kind < y->atom.kind ? -1 : 1;
	int c = slice_cmp(x->atom.text, y->atom.text);
	return c ? c : x->rule < y->rule ? -1 : x->rule > y->rule;
}

static bool same_atom(const struct atom *a, const struct atom *b)
{
	return a->field == b->field && a->kind == b->kind && slice_eq(a->text, b->text);
}

static void hash_put(struct hindex *h, uint64_t hash, uint32_t first, uint32_t n)
{
	size_t at = hash & (h->size - 1);
	while (h->v[at].n)
		at = (at + 1) & (h->size - 1);
	h->v[at].hash = hash;
	h->v[at].first = first;
	h->v[at].n = n;
}

/* Postings of the run of equal atoms that begins at i; returns its length in pairs. */
static size_t put_run(struct bucket *b, const struct pairs *p, size_t i, uint32_t *first)
{
	size_t n = 0;
	*first = (uint32_t)b->postings.n;
	for (; i + n < p->n && same_atom(&p->v[i].atom, &p->v[i + n].atom); n++)
		if (n == 0 || p->v[i + n].rule != p->v[i + n - 1].rule)
			*vec_push(&b->postings) = p->v[i + n].rule;
	return n;
}

static void put_literal(struct findex *f, struct slice text, uint32_t first, uint32_t n, size_t *cap)
{
	size_t id = litset_count(f->literals);
	if (id >= *cap) {
		*cap = *cap ? *cap * 2 : 64;
		f->first = xreallocarray(f->first, *cap, sizeof *f->first);
		f->count = xreallocarray(f->count, *cap, sizeof *f->count);
	}
	f->first[id] = first;
	f->count[id] = n;
	litset_add(f->literals, text, (uint32_t)id);
}

static void index_field(struct sigma_set *s, struct bucket *b, const struct pairs *p, size_t *i)
{
	struct findex *f = vec_push(&b->fields);
	uint32_t field = p->v[*i].atom.field;
	size_t cap = 0;
	*f = (struct findex){.field = field, .number = s->nindexes++};
	while (*i < p->n && p->v[*i].atom.field == field) {
		const struct atom *a = &p->v[*i].atom;
		uint32_t first;
		*i += put_run(b, p, *i, &first);
		uint32_t n = (uint32_t)b->postings.n - first;
		switch (a->kind) {
		case ATOM_LITERAL:
			if (!f->literals)
				f->literals = litset_new(false);
			put_literal(f, a->text, first, n, &cap);
			break;
		case ATOM_PRESENT:
			f->present = first;
			f->npresent = n;
			break;
		default:
			f->exact |= a->kind == ATOM_EXACT;
			f->numeric |= a->kind == ATOM_NUMBER;
			f->base |= a->kind == ATOM_BASE;
			hash_put(&b->hash, atom_hash(a->kind, field, a->text), first, n);
		}
	}
	if (f->literals)
		litset_seal(f->literals);
}

/* The longest run of a literal that JSON writes as it is: no escape, nothing beyond ASCII. */
static struct slice plain_run(struct slice s)
{
	struct slice best = SLICE_NONE;
	for (size_t i = 0, from = 0; i <= s.n; i++) {
		bool plain = i < s.n && (uint8_t)s.p[i] >= ' ' && !(s.p[i] & 0x80) && s.p[i] != '"' && s.p[i] != '\\' && s.p[i] != '/';
		if (plain)
			continue;
		if (i - from > best.n)
			best = slice_make(s.p + from, i - from);
		from = i + 1;
	}
	return best;
}

/* One look at the object's text instead of a fold and a look at every value. No set (b->raw NULL) when a keyword has no such run. */
static void index_raw(struct bucket *b, const struct pairs *p)
{
	struct litset *m = litset_new(true);
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].atom.field != FIELD_KEYWORD || (i && same_atom(&p->v[i].atom, &p->v[i - 1].atom)))
			continue;
		struct slice run = plain_run(p->v[i].atom.text);
		if (run.n < 2) {
			litset_free(m);
			return;
		}
		litset_add(m, run, 0);
	}
	litset_seal(m);
	b->raw = m;
}

static void index_pairs(struct sigma_set *s, struct bucket *b, struct pairs *p)
{
	size_t i = 0;
	if (p->n)
		qsort(p->v, p->n, sizeof *p->v, pair_order);
	for (b->hash.size = 16; b->hash.size < p->n * 2; b->hash.size *= 2)
		;
	b->hash.v = xcalloc(b->hash.size, sizeof *b->hash.v);
	while (i < p->n)
		index_field(s, b, p, &i);
	b->of_field = xcalloc(strtab_count(s->fields) + 1, sizeof *b->of_field);
	for (size_t k = 0; k < b->fields.n; k++)
		if (b->fields.v[k].field == FIELD_KEYWORD) {
			b->keywords = &b->fields.v[k];
			index_raw(b, p);
		} else {
			b->of_field[b->fields.v[k].field] = (uint16_t)(k + 1);
		}
}

static bool only_keywords(const struct witness *w)
{
	bool only = !w->none;
	for (size_t i = 0; i < w->n; i++)
		only &= w->v[i].field == FIELD_KEYWORD;
	return only;
}

/* Keywords that a rule cannot hold without, of rules that are found by another witness: one search of the texts instead of one for each keyword. */
static void index_second(struct sigma_set *s, struct bucket *b)
{
	struct pairs p = {0};
	for (size_t i = 0; i < b->rules.n; i++) {
		struct srule *r = s->rules.v[b->rules.v[i]];
		if (!r->keywords)
			continue;
		struct witness found = witness_of(s, r->cond, FOR_EVENTS), w = witness_of(s, r->cond, FOR_TEXTS);
		r->second = !only_keywords(&found) && only_keywords(&w);
		for (size_t k = 0; k < w.n && r->second; k++)
			*vec_push(&p) = (struct pair){w.v[k], b->rules.v[i]};
		free(found.v);
		free(w.v);
	}
	if (p.n) {
		struct findex *f = b->second = xcalloc(1, sizeof *f);
		size_t cap = 0;
		qsort(p.v, p.n, sizeof *p.v, pair_order);
		f->literals = litset_new(false);
		for (size_t i = 0; i < p.n;) {
			uint32_t first;
			struct slice text = p.v[i].atom.text;
			i += put_run(b, &p, i, &first);
			put_literal(f, text, first, (uint32_t)b->postings.n - first, &cap);
		}
		litset_seal(f->literals);
	}
	free(p.v);
}

void bucket_index(struct sigma_set *s, struct bucket *b)
{
	struct pairs p = {0};
	b->marked = true;
	for (size_t i = 0; i < b->rules.n; i++) {
		struct witness w = witness_of(s, s->rules.v[b->rules.v[i]]->cond, FOR_EVENTS);
		if (w.none)
			*vec_push(&b->always) = b->rules.v[i];
		for (size_t k = 0; k < w.n && !w.none; k++)
			*vec_push(&p) = (struct pair){w.v[k], b->rules.v[i]};
		for (size_t k = 0; k < w.n && !w.none && b->marked; k++)
			b->marked = w.v[k].field != FIELD_KEYWORD || marks_keywords(s, s->rules.v[b->rules.v[i]]);
		free(w.v);
	}
	index_pairs(s, b, &p);
	index_second(s, b);
	free(p.v);
}
