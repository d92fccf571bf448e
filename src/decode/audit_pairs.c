/* audit_pairs.c - reading an audit record as one more of its kind. Records of one type repeat their keys in one order, so the keys of those before are
 * expected where they should stand, and only the ends of values are looked for. Whatever is not written exactly like that (words without '=', a comma
 * behind a value, quotes within) is left to audit_next(). What is taken here means the same to it, and to room sigma's reading of the raw text.
 *
 * Bounds: SHAPES lists of keys a decoder, PAIRS_MAX keys each, learnt in TRIES at most. They stay as long as the decoder: events point at their names. */
#include "decode/audit_private.h"

#include <stdlib.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { PAIRS_MAX = 48, SHAPES = 256, TRIES = 4 * SHAPES, LATEST = 4, KEY_MOST = 40, BODY_MOST = 8192 };

/* What stands between two values: `name=`, or `msg='name=`. */
struct expected {
	uint64_t head, mask; /* its first eight bytes */
	const char *text;
	uint8_t n;
	uint8_t key;         /* AK_ + 1; 0: nobody looks at it, or an earlier one has the name */
};
struct audit_shape {
	struct pair_names names; /* first: an event's pairs lead here */
	const struct audit_type *type;
	struct expected of[PAIRS_MAX];
	struct slice name[PAIRS_MAX];
};
struct audit_shapes {
	struct arena mem;
	struct audit_shape *v[SHAPES];
	unsigned n, tries;
	struct {
		const struct audit_type *type;
		struct audit_shape *latest[LATEST]; /* the last that fitted comes first */
	} of_type[64];
};

void audit_shapes_free(struct audit_shapes *x)
{
	if (!x)
		return;
	for (unsigned i = 0; i < x->n; i++)
		free(x->v[i]);
	arena_free(&x->mem);
	free(x);
}

/* ---- one record against the keys of others ------------------------------------------------------------------- */

static inline bool is_gap(char c)
{
	return c == ' ' || c == '\x1d';
}

static inline bool stands_at(const struct expected *x, const char *p, const char *end)
{
	uint64_t head;
	if (likely(end - p >= (ptrdiff_t)sizeof head)) {
		memcpy(&head, p, sizeof head);
		if ((head ^ x->head) & x->mask)
			return false;
		return x->n <= sizeof head || ((size_t)(end - p) >= x->n && memcmp(p + sizeof head, x->text + sizeof head, x->n - sizeof head) == 0);
	}
	return (size_t)(end - p) >= x->n && memcmp(p, x->text, x->n) == 0;
}

/* Where the bare value at p ends; NULL when it holds a quote elsewhere than at its end. */
static inline const char *bare_end(const char *p, const char *end)
{
	const char *q = p;
	bool quote = false;
#ifdef __SSE2__
	const __m128i blank = _mm_set1_epi8(' '), group = _mm_set1_epi8('\x1d'), tick = _mm_set1_epi8('\'');
	for (; end - q >= 16; q += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)q);
		unsigned ends = (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(x, blank), _mm_cmpeq_epi8(x, group)));
		unsigned ticks = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, tick));
		if (quote)
			return NULL;
		if (ends) {
			unsigned n = (unsigned)__builtin_ctz(ends), before = ticks & ((1u << n) - 1);
			return before & ~(n ? 1u << (n - 1) : 0) ? NULL : q + n;
		}
		if (ticks & 0x7fff)
			return NULL;
		quote = ticks & 0x8000;
	}
#endif
	for (; q < end && !is_gap(*q); q++) {
		if (quote)
			return NULL;
		quote = *q == '\'';
	}
	return q;
}

/* Reads body by the shape; false when it is written otherwise. */
static bool read_by(const struct audit_shape *s, struct slice body, struct pair_value *v, uint32_t *n)
{
	const char *p = body.p, *end = p + body.n;
	uint32_t i = 0;
	for (; p < end; i++) {
		const struct expected *x = &s->of[i];
		if (i == s->names.n || !stands_at(x, p, end))
			return false;
		p += x->n;
		const char *q;
		if (p < end && *p == '"') {
			q = memchr(p + 1, '"', (size_t)(end - p - 1));
			if (!q)
				return false;
			v[i] = (struct pair_value){(uint32_t)(p + 1 - body.p), (uint32_t)(q - p - 1), true};
			q++;
			q += q < end && *q == '\'';
		} else {
			if (p < end && *p == '\'')
				return false;
			q = bare_end(p, end);
			if (!q)
				return false;
			uint32_t len = (uint32_t)(q - p);
			len -= len && q[-1] == '\'';
			if (len && (p[len - 1] == ',' || p[len - 1] == '\'' || (p[len - 1] == ')' && p[0] != '(')))
				return false;
			v[i] = (struct pair_value){(uint32_t)(p - body.p), len, false};
		}
		if (q < end && !is_gap(*q))
			return false;
		p = q + (q < end);
	}
	*n = i;
	return true;
}

/* ---- learning the keys --------------------------------------------------------------------------------------- */

/* Nothing that audit_next() or room sigma take for more than a letter of a name. */
static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] == '=' || s.p[i] == '"' || s.p[i] == '\'' || s.p[i] == ',' || s.p[i] == '(')
			return false;
	return true;
}

/* `msg='` and nothing else, or nothing. */
static bool is_lead(struct slice s)
{
	return !s.n || (s.n > 2 && slice_ends(s, SL("='")) && is_plain(slice_to(s, s.n - 2)));
}

static bool learn_one(struct audit_shapes *x, struct audit_shape *s, const struct audit_state *st, const char *from, struct slice name)
{
	size_t n = (size_t)(name.p + name.n + 1 - from);
	struct slice lead = slice_make(from, (size_t)(name.p - from));
	if (!name.n || n > KEY_MOST || !is_plain(name) || !is_lead(lead))
		return false;
	struct slice text = slice_dup(&x->mem, slice_make(from, n));
	struct expected *e = &s->of[s->names.n];
	*e = (struct expected){.text = text.p, .n = (uint8_t)n, .mask = n >= sizeof e->head ? UINT64_MAX : ((uint64_t)1 << 8 * n) - 1};
	memcpy(&e->head, text.p, MIN(n, sizeof e->head));
	int key = audit_key_find(st, name);
	for (uint32_t i = 0; i < s->names.n && key >= 0; i++)
		if (s->of[i].key == key + 1)
			key = -1;
	e->key = (uint8_t)(key + 1);
	s->name[s->names.n++] = slice_make(text.p + lead.n, name.n);
	return true;
}

/* A shape of the record's own keys; NULL when it is none that read_by() could follow. */
static struct audit_shape *learn(struct decoder *d, struct audit_shapes *x, const struct audit_rec *r)
{
	struct audit_shape *s = x->v[x->n] = xcalloc(1, sizeof *s);
	struct slice rest = r->body, name, value;
	const char *from = rest.p;
	bool quoted;
	s->type = r->type;
	s->names.name = s->name;
	s->names.hash = hash_bytes(r->type->name, strlen(r->type->name));
	while (audit_next(&rest, &name, &value, &quoted)) {
		if (s->names.n == PAIRS_MAX || !learn_one(x, s, audit_state(d), from, name))
			goto not;
		s->names.hash = hash_mix(s->names.hash, hash_bytes(name.p, name.n));
		from = rest.p;
		from += from < r->body.p + r->body.n && *from == '\''; /* closes */
		from += from < r->body.p + r->body.n && is_gap(*from);
	}
	if (s->names.n) {
		x->n++;
		return s;
	}
not:
	free(s);
	return NULL;
}

static bool try_shape(const struct audit_shape *s, struct slice body, struct pair_value *v, uint32_t *n)
{
	return s && read_by(s, body, v, n);
}

static const struct audit_shape *shape_of(struct decoder *d, struct audit_shapes *x, const struct audit_rec *r, struct pair_value *v, uint32_t *n)
{
	unsigned at = r->type->number % ARRAY_LEN(x->of_type);
	struct audit_shape **latest = x->of_type[at].latest;
	if (x->of_type[at].type != r->type) {
		memset(latest, 0, sizeof x->of_type[at].latest);
		x->of_type[at].type = r->type;
	}
	unsigned i = 0;
	while (i < LATEST && !try_shape(latest[i], r->body, v, n))
		i++;
	struct audit_shape *s = i < LATEST ? latest[i] : NULL;
	for (unsigned k = 0; k < x->n && !s; k++)
		if (x->v[k]->type == r->type && try_shape(x->v[k], r->body, v, n))
			s = x->v[k];
	if (!s && x->n < SHAPES && x->tries++ < TRIES) {
		s = learn(d, x, r);
		if (!try_shape(s, r->body, v, n))
			s = NULL;
	}
	if (!s)
		return NULL;
	for (i = MIN(i, LATEST - 1u); i > 0; i--)
		latest[i] = latest[i - 1];
	latest[0] = s;
	return s;
}

const struct line_pairs *audit_pairs(struct decoder *d, const struct audit_rec *r)
{
	struct audit_state *st = audit_state(d);
	struct pair_value v[PAIRS_MAX] UNINIT;
	uint32_t n;
	if (!r->type || r->plain || !r->body.n || r->body.n > BODY_MOST)
		return NULL;
	if (!st->shapes)
		st->shapes = xcalloc(1, sizeof *st->shapes);
	const struct audit_shape *s = shape_of(d, st->shapes, r, v, &n);
	if (!s)
		return NULL;
	struct line_pairs *p = arena_alloc(&d->out->arena, sizeof *p + n * sizeof *v);
	*p = (struct line_pairs){.names = &s->names, .text = r->body.p, .n = n};
	memcpy(p->v, v, n * sizeof *v);
	return p;
}

void audit_pairs_vals(const struct line_pairs *p, struct audit_vals *v)
{
	const struct audit_shape *s = (const struct audit_shape *)(const void *)p->names;
	for (uint32_t i = 0; i < p->n; i++) {
		unsigned key = s->of[i].key;
		if (!key--)
			continue;
		v->has |= (uint64_t)1 << key;
		v->quoted |= (uint64_t)p->v[i].quoted << key;
		v->v[key] = slice_make(p->text + p->v[i].at, p->v[i].n);
	}
}
