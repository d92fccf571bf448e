/* route.c - which rules an event is for (log source), and which of those are worth a look (indexes over witnesses).
 *
 * Rules of one log source are a bucket. A bucket's indexes are built when its first event comes, under a lock; afterwards they
 * are read-only. A route is what one log source of events leads to: the buckets that do not contradict it.
 */
#include "sigma/literals.h"
#include "sigma/memo.h"
#include "sigma/witness.h"

#include <stdio.h>
#include <stdlib.h>

/* hash of (kind, field, text) -> postings */
struct hindex {
	struct { uint64_t hash; uint32_t first, n; } *v;
	size_t size; /* a power of two, 0: empty */
};
/* What is indexed for one field. */
struct findex {
	uint32_t field;
	bool exact, numeric, base;
	uint32_t present, npresent;       /* postings */
	uint32_t number;                  /* among all of the set's */
	struct litset *literals;
	uint32_t *first;                  /* per literal: postings */
	uint32_t *count;
};
struct bucket {
	struct sigma_logsource from;
	struct { uint32_t *v; size_t n, cap; } rules;
	bool ready;
	struct { uint32_t *v; size_t n, cap; } always;
	struct { uint32_t *v; size_t n, cap; } postings;
	struct { struct findex *v; size_t n, cap; } fields;
	struct findex *keywords;
	struct findex *second;            /* of rules with keywords that are found by a field: a keyword that must stand there, too */
	bool marked;                      /* who holds by keywords holds in marked lines only */
	struct litset *raw;               /* what of the keywords stands in JSON as it is */
	uint16_t *of_field;               /* + 1 */
	struct hindex hash;
};
enum { ROUTES_KEPT = 4096 };

struct route {
	struct sigma_logsource from;
	struct bucket **bucket;
	size_t n;
	uint64_t number;
	bool *reads; /* per field: a rule of a bucket reads it */
	bool seen;   /* noted already, when watching */
};

/* ---- buckets ------------------------------------------------------------------------------------------------- */

static bool same_source(const struct sigma_logsource *a, const struct sigma_logsource *b)
{
	return slice_ieq(a->product, b->product) && slice_ieq(a->category, b->category) && slice_ieq(a->service, b->service);
}

int buckets_build(struct sigma_set *s, struct err *e)
{
	(void)e;
	for (uint32_t i = 0; i < s->rules.n; i++) {
		struct srule *r = s->rules.v[i];
		struct bucket *b = NULL;
		if (r->pub.kind != SIGMA_RULE || r->bad || !r->cond)
			continue;
		for (size_t k = 0; k < s->buckets.n && !b; k++)
			if (same_source(&s->buckets.v[k]->from, &r->pub.logsource))
				b = s->buckets.v[k];
		if (!b) {
			b = *vec_push(&s->buckets) = xcalloc(1, sizeof *b);
			b->from = r->pub.logsource;
		}
		*vec_push(&b->rules) = i;
	}
	return 0;
}

static void findex_free(struct findex *f)
{
	litset_free(f->literals);
	free(f->first);
	free(f->count);
}

static void bucket_free(struct bucket *b)
{
	for (size_t i = 0; i < b->fields.n; i++)
		findex_free(&b->fields.v[i]);
	if (b->second)
		findex_free(b->second);
	free(b->second);
	litset_free(b->raw);
	free(b->rules.v);
	free(b->always.v);
	free(b->postings.v);
	free(b->fields.v);
	free(b->of_field);
	free(b->hash.v);
	free(b);
}

void buckets_free(struct sigma_set *s)
{
	for (size_t i = 0; i < s->buckets.n; i++)
		bucket_free(s->buckets.v[i]);
	free(s->buckets.v);
}

/* ---- building the indexes ------------------------------------------------------------------------------------ */

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

static uint64_t atom_hash(unsigned kind, uint32_t field, struct slice text)
{
	return hash_bytes(text.p, text.n) ^ ((uint64_t)field << 8 | kind) * 0x9e3779b97f4a7c15u;
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

static void bucket_index(struct sigma_set *s, struct bucket *b)
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

static void bucket_prepare(const struct sigma_set *s, struct bucket *b)
{
	if (__atomic_load_n(&b->ready, __ATOMIC_ACQUIRE))
		return;
	struct sigma_set *w = (struct sigma_set *)(uintptr_t)s; /* indexes are memos of a sealed set, built under its lock */
	pthread_mutex_lock(&w->lock);
	if (!b->ready) {
		if (!s->opt.no_prefilter) /* then every rule is judged */
			bucket_index(w, b);
		__atomic_store_n(&b->ready, true, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&w->lock);
}

/* ---- routes -------------------------------------------------------------------------------------------------- */

static bool contradicts(struct slice rule, struct slice event)
{
	return rule.n && event.n && !slice_ieq(rule, event);
}

void route_note_reads(bool *reads, const struct expr *x)
{
	if (x->op == EX_ITEM) {
		const struct item *it = x->item;
		if (it->field != FIELD_KEYWORD)
			reads[it->field] = true;
		for (uint32_t i = 0; i < it->nmatch; i++)
			if (it->match[i].kind == MK_FIELDREF)
				reads[it->match[i].field] = true;
		return;
	}
	for (uint32_t i = 0; i < x->n; i++)
		route_note_reads(reads, x->kid[i]);
}

static struct route *route_new(struct sigma_ctx *c, const struct sigma_logsource *from)
{
	struct route *r = xcalloc(1, sizeof *r);
	const struct sigma_set *s = c->set;
	r->from = (struct sigma_logsource){.product = slice_of(xstrndup(from->product.p ? from->product.p : "", from->product.n)),
		.category = slice_of(xstrndup(from->category.p ? from->category.p : "", from->category.n)),
		.service = slice_of(xstrndup(from->service.p ? from->service.p : "", from->service.n))};
	r->bucket = xcalloc(s->buckets.n + 1, sizeof(struct bucket *));
	for (size_t i = 0; i < s->buckets.n; i++) {
		struct bucket *b = s->buckets.v[i];
		if (contradicts(b->from.product, from->product) || contradicts(b->from.category, from->category) || contradicts(b->from.service, from->service))
			continue;
		bucket_prepare(s, b);
		r->bucket[r->n++] = b;
	}
	r->number = ++c->routes_made;
	r->reads = xcalloc(strtab_count(s->fields) + 1, sizeof *r->reads);
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->bucket[i]->rules.n; k++)
			route_note_reads(r->reads, s->rules.v[r->bucket[i]->rules.v[k]]->cond);
	return r;
}

static void route_free(struct route *r)
{
	free((char *)(uintptr_t)r->from.product.p);
	free((char *)(uintptr_t)r->from.category.p);
	free((char *)(uintptr_t)r->from.service.p);
	free(r->bucket);
	free(r->reads);
	free(r);
}

static bool same_exactly(const struct sigma_logsource *a, const struct sigma_logsource *b)
{
	return slice_eq(a->category, b->category) && slice_eq(a->service, b->service) && slice_eq(a->product, b->product);
}

void view_route(struct sigma_ctx *c, const struct sigma_logsource *from)
{
	struct route *r = NULL;
	if (c->nroutes == ROUTES_MAX)
		return;
	for (size_t i = 0; i < c->routes.n && !r; i++)
		if (same_exactly(&c->routes.v[i]->from, from)) {
			r = c->routes.v[i];
			if (i) { /* the common ones move to the front */
				c->routes.v[i] = c->routes.v[i - 1];
				c->routes.v[i - 1] = r;
			}
		}
	if (!r) {
		if (c->routes.n == ROUTES_KEPT) { /* hostile program names: the rarest goes */
			bool used = false;
			struct route *last = c->routes.v[c->routes.n - 1];
			for (size_t i = 0; i < c->nroutes; i++)
				used |= c->route[i] == last;
			if (used)
				return;
			route_free(last);
			c->routes_freed++;
			c->routes.n--;
		}
		r = *vec_push(&c->routes) = route_new(c, from);
	}
	if (r->n)
		c->route[c->nroutes++] = r;
}

void routes_free(struct sigma_ctx *c)
{
	for (size_t i = 0; i < c->routes.n; i++)
		route_free(c->routes.v[i]);
	free(c->routes.v);
}

/* ---- candidates ---------------------------------------------------------------------------------------------- */

void route_add(struct sigma_ctx *c, const uint32_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c->rule_stamp[v[i]] != c->generation) {
			c->rule_stamp[v[i]] = c->generation;
			*vec_push(&c->candidates) = v[i];
		}
}

static void add_found(struct sigma_ctx *c, const struct bucket *b, const struct memo_range *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		route_add(c, b->postings.v + r[i].first, r[i].n);
}

static void found(struct sigma_ctx *c, uint32_t first, uint32_t n)
{
	for (size_t i = 0; i < c->found.n && i < MEMO_RANGES_MAX; i++)
		if (c->found.v[i].first == first)
			return;
	*vec_push(&c->found) = (struct memo_range){first, n};
}

static void hash_look(struct sigma_ctx *c, const struct bucket *b, unsigned kind, uint32_t field, struct slice text)
{
	uint64_t hash = atom_hash(kind, field, text);
	for (size_t at = hash & (b->hash.size - 1); b->hash.v[at].n; at = (at + 1) & (b->hash.size - 1))
		if (b->hash.v[at].hash == hash)
			found(c, b->hash.v[at].first, b->hash.v[at].n);
}

struct scanning {
	struct sigma_ctx *c;
	const struct findex *f;
};

static bool on_literal(void *arg, uint32_t id)
{
	struct scanning *s = arg;
	found(s->c, s->f->first[id], s->f->count[id]);
	return false;
}

static void literal_look(struct sigma_ctx *c, const struct findex *f, struct slice text)
{
	struct scanning s = {c, f};
	litset_scan(f->literals, text, on_literal, &s);
}

static void value_find(struct sigma_ctx *c, const struct bucket *b, const struct findex *f, const struct val *v)
{
	struct slice text = view_folded(c, v);
	if (f->exact)
		hash_look(c, b, ATOM_EXACT, f->field, text);
	if (f->numeric) {
		struct scalar n;
		if (scalar_number(view_text(c, v), &n))
			hash_look(c, b, ATOM_NUMBER, f->field, n.type == SC_FLOAT || text.p[0] == '0' || text.p[0] == '-' ? scalar_text(&c->mem, &n) : text);
	}
	if (f->base) {
		size_t i = text.n;
		while (i && text.p[i - 1] != '\\' && text.p[i - 1] != '/')
			i--;
		hash_look(c, b, ATOM_BASE, f->field, slice_from(text, i));
	}
	if (f->literals)
		literal_look(c, f, text);
}

static void value_look(struct sigma_ctx *c, const struct bucket *b, const struct findex *f, const struct val *v)
{
	size_t n;
	uint64_t hash = view_hash(c, v);
	uint32_t of = f->number * 2 + v->raw;
	const struct memo_range *r = memo_get(c->memo, of, hash, v->written, &n);
	if (r) {
		add_found(c, b, r, n);
		return;
	}
	c->found.n = 0;
	value_find(c, b, f, v);
	add_found(c, b, c->found.v, c->found.n);
	memo_put(c->memo, of, hash, v->written, c->found.v, c->found.n);
}

static void field_look(struct sigma_ctx *c, const struct bucket *b, const struct findex *f)
{
	if (f->npresent)
		route_add(c, b->postings.v + f->present, f->npresent);
	for (const struct val *v = view_first(c, f->field); v; v = view_next(c, v))
		if (v->type < VT_NULL && (f->exact || f->numeric || f->base || f->literals))
			value_look(c, b, f, v);
}

static bool on_any(void *arg, uint32_t id)
{
	(void)arg;
	(void)id;
	return true;
}

/* Could one of the bucket's keywords stand in the object's values, by its text as it is written? */
static bool raw_look(struct sigma_ctx *c, const struct bucket *b)
{
	if (!b->raw)
		return true;
	return litset_scan(b->raw, c->json_text, on_any, NULL);
}

static void look_fields(struct sigma_ctx *c, const struct bucket *b)
{
	if (c->set->opt.no_prefilter) {
		route_add(c, b->rules.v, b->rules.n);
		return;
	}
	route_add(c, b->always.v, b->always.n);
	for (size_t i = 0; i < c->npresent; i++) {
		unsigned at = b->of_field[c->present[i]];
		if (at)
			field_look(c, b, &b->fields.v[at - 1]);
	}
}

static void look_keywords(struct sigma_ctx *c, const struct bucket *b)
{
	if (!b->keywords || (b->marked && c->plain))
		return;
	if (c->texts_pending && raw_look(c, b))
		view_texts(c); /* it may be there, or the text hides it: look at the values */
	if (c->texts_pending)
		return;
	view_fold_texts(c);
	c->found.n = 0;
	for (size_t i = 0; i < c->folded_texts.n; i++)
		literal_look(c, b->keywords, c->folded_texts.v[i]);
	c->texts_told |= c->found.n > 0;
	add_found(c, b, c->found.v, c->found.n);
}

static void each_bucket(struct sigma_ctx *c, void (*look)(struct sigma_ctx *c, const struct bucket *b))
{
	for (size_t i = 0; i < c->nroutes; i++)
		for (size_t k = 0; k < c->route[i]->n; k++) {
			bool before = false; /* a bucket that an earlier route led to */
			for (size_t j = 0; j < i && !before; j++)
				for (size_t m = 0; m < c->route[j]->n; m++)
					before |= c->route[j]->bucket[m] == c->route[i]->bucket[k];
			if (!before)
				look(c, c->route[i]->bucket[k]);
		}
}

void route_fields(struct sigma_ctx *c)
{
	each_bucket(c, look_fields);
}

void route_keywords(struct sigma_ctx *c)
{
	if (c->set->keywords && !c->set->opt.no_prefilter)
		each_bucket(c, look_keywords);
}

static void look_second(struct sigma_ctx *c, const struct bucket *b)
{
	if (!b->second)
		return;
	view_fold_texts(c);
	c->found.n = 0;
	for (size_t i = 0; i < c->folded_texts.n; i++)
		literal_look(c, b->second, c->folded_texts.v[i]);
	c->texts_told |= c->found.n > 0;
	for (size_t i = 0; i < c->found.n; i++)
		for (uint32_t k = 0; k < c->found.v[i].n; k++)
			c->text_stamp[b->postings.v[c->found.v[i].first + k]] = c->generation;
}

void route_texts(struct sigma_ctx *c, size_t from)
{
	size_t kept = from;
	bool looked = false;
	for (size_t i = from; i < c->candidates.n; i++) {
		uint32_t r = c->candidates.v[i];
		if (c->set->rules.v[r]->second) {
			if (!looked)
				each_bucket(c, look_second);
			looked = true;
			if (c->text_stamp[r] != c->generation)
				continue;
		}
		c->candidates.v[kept++] = r;
	}
	c->candidates.n = kept;
}

bool route_reads(const struct sigma_ctx *c, uint32_t field)
{
	for (size_t i = 0; i < c->nroutes; i++)
		if (c->route[i]->reads[field])
			return true;
	return false;
}

bool route_has(const struct route *r, const struct srule *s)
{
	for (size_t i = 0; i < r->n; i++)
		if (same_source(&r->bucket[i]->from, &s->pub.logsource))
			return s->pub.kind == SIGMA_RULE && !s->bad && s->cond;
	return false;
}

bool route_raw_tells(struct sigma_ctx *c, const struct route *r, const struct event *e, bool texts)
{
	struct slice folded = SLICE_NONE;
	bool plain = e->flags & EV_PLAIN && slice_is_ascii(e->at.raw);
	arena_reset(&c->mem);
	c->found.n = 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct bucket *b = r->bucket[i];
		bool keywords = b->keywords && !(b->marked && plain), second = b->second && texts;
		if ((keywords || second) && !folded.p)
			folded = fold_dup(&c->mem, e->at.raw);
		if (keywords)
			literal_look(c, b->keywords, folded);
		if (second)
			literal_look(c, b->second, folded);
		if (c->found.n)
			return true;
	}
	return false;
}

uint64_t route_number(const struct route *r)
{
	return r->number;
}

/* ---- watching ------------------------------------------------------------------------------------------------ */

void sigma_watch(struct sigma_ctx *c)
{
	if (!c->saw)
		c->saw = xcalloc(c->set->rules.n + 1, sizeof *c->saw);
}

void routes_seen(struct sigma_ctx *c)
{
	for (size_t i = 0; i < c->nroutes; i++) {
		struct route *r = c->route[i];
		for (size_t k = 0; k < r->n && !r->seen; k++)
			for (size_t j = 0; j < r->bucket[k]->rules.n; j++)
				c->saw[r->bucket[k]->rules.v[j]] = true;
		r->seen = true;
	}
}

bool sigma_saw(const struct sigma_ctx *c, const struct sigma_rule *r)
{
	return c->saw && c->saw[r->number];
}
