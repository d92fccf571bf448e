/* route.c - which rules an event is for (log source), and which of those are worth a look (indexes over witnesses).
 *
 * Rules of one log source are a bucket. A bucket's indexes are built when its first event comes, under a lock; afterwards they
 * are read-only. A route is what one log source of events leads to: the buckets that do not contradict it.
 */
#include "sigma/memo.h"
#include "sigma/route_private.h"

#include <stdio.h>
#include <stdlib.h>

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
