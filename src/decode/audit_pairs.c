/* audit_pairs.c - reading an audit record as one more of its kind. Records of one type repeat their keys in one order, so the keys of those before are
 * expected where they should stand, and only the ends of values are looked for. Whatever is not written exactly like that (words without '=', a comma
 * behind a value, quotes within) is left to audit_next(). What is taken here means the same to it, and to room sigma's reading of the raw text.
 *
 * Bounds: SHAPES lists of keys a decoder, PAIRS_MAX keys each, learnt in TRIES at most. They stay as long as the decoder: events point at their names. */
#include "decode/audit_private.h"

#include <stdlib.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

enum { PAIRS_MAX = 48, SHAPES = 256, TRIES = 4 * SHAPES, LATEST = 4, KEY_MOST = 40, BODY_MOST = 8192 };

/* What stands between two values: `name=`, or `msg='name=`. */
struct expected {
	uint64_t head, mask; /* its first eight bytes */
	const char *text;
	uint8_t n;
	uint8_t key;         /* AK_ + 1; 0: nobody looks at it, or an earlier one has the name */
	bool opens;          /* has msg=' */
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

/* Where what matters stands in a body, a bit a byte; beyond its end is one more gap and one more quote. */
enum { WORDS = BODY_MOST / 64 + 1 };
struct marks {
	uint64_t gap[WORDS], quote[WORDS];
	unsigned ticks;  /* ' */
	unsigned closed; /* , or ) before a gap */
	bool closes;     /* the last byte looked at is one */
};

/* Words of 64 bytes. */
typedef void mark_fn(const char *p, size_t words, uint64_t *gap, uint64_t *quote, struct marks *m);

#ifdef __x86_64__
__attribute__((target("avx2,popcnt"))) static void mark_wide(const char *p, size_t words, uint64_t *gap, uint64_t *quote, struct marks *m)
{
	const __m256i blank = _mm256_set1_epi8(' '), group = _mm256_set1_epi8('\x1d'), mark = _mm256_set1_epi8('"'), tick = _mm256_set1_epi8('\''),
		comma = _mm256_set1_epi8(','), paren = _mm256_set1_epi8(')');
	uint64_t carry = m->closes;
#define BITS(x, y) ((uint32_t)_mm256_movemask_epi8(x) | (uint64_t)(uint32_t)_mm256_movemask_epi8(y) << 32)
#define HAS(c) BITS(_mm256_cmpeq_epi8(a, c), _mm256_cmpeq_epi8(b, c))
#define EITHER(c, d) BITS(_mm256_or_si256(_mm256_cmpeq_epi8(a, c), _mm256_cmpeq_epi8(a, d)), _mm256_or_si256(_mm256_cmpeq_epi8(b, c), _mm256_cmpeq_epi8(b, d)))
	for (size_t i = 0; i < words; i++, p += 64) {
		__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p), b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
		uint64_t close = EITHER(comma, paren);
		gap[i] = EITHER(blank, group);
		quote[i] = HAS(mark);
		m->ticks += (unsigned)__builtin_popcountll(HAS(tick));
		m->closed += (unsigned)__builtin_popcountll((close << 1 | carry) & gap[i]);
		carry = close >> 63;
	}
#undef EITHER
#undef HAS
#undef BITS
	m->closes = carry;
}
#endif

static void mark_bytes(const char *p, size_t words, uint64_t *gap, uint64_t *quote, struct marks *m)
{
	for (size_t i = 0; i < words; i++) {
		gap[i] = quote[i] = 0;
		for (unsigned k = 0; k < 64; k++, p++) {
			gap[i] |= (uint64_t)is_gap(*p) << k;
			quote[i] |= (uint64_t)(*p == '"') << k;
			m->ticks += *p == '\'';
			m->closed += is_gap(*p) && m->closes;
			m->closes = *p == ',' || *p == ')';
		}
	}
}

static void mark(struct slice body, struct marks *m)
{
	char rest[64] UNINIT; /* the last word, behind it a blank */
	size_t words = body.n / 64, left = body.n % 64;
	mark_fn *fn = mark_bytes;
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt"))
		fn = mark_wide;
#endif
	m->ticks = m->closed = 0;
	m->closes = false;
	fn(body.p, words, m->gap, m->quote, m);
	memset(rest, 0, sizeof rest);
	memcpy(rest, body.p + body.n - left, left);
	rest[left] = ' ';
	fn(rest, 1, m->gap + words, m->quote + words, m);
	m->quote[words] |= (uint64_t)1 << left;
}

/* The first bit from `at` on; there is one. */
static inline uint32_t next_bit(const uint64_t *m, uint32_t at)
{
	uint64_t w = m[at / 64] >> (at % 64);
	if (likely(w != 0))
		return at + (uint32_t)__builtin_ctzll(w);
	for (at = at / 64 + 1; !m[at]; at++)
		;
	return at * 64 + (uint32_t)__builtin_ctzll(m[at]);
}

/* Reads body by the shape; false when it is written otherwise. Every tick must be one that opens or closes msg=, every comma and parenthesis
 * at a value's end one of (null). */
static bool read_by(const struct audit_shape *s, struct slice body, const struct marks *m, struct pair_value *v, uint32_t *n)
{
	const char *p = body.p, *end = p + body.n;
	uint32_t i = 0, at = 0, size = (uint32_t)body.n, ticks = 0, closed = 0;
	for (; at < size; i++) {
		const struct expected *x = &s->of[i];
		if (i == s->names.n || !stands_at(x, p + at, end))
			return false;
		ticks += x->opens;
		at += x->n;
		uint32_t to;
		if (at < size && p[at] == '"') {
			to = next_bit(m->quote, at + 1);
			if (to == size)
				return false;
			v[i] = (struct pair_value){at + 1, to - at - 1, true};
			to++;
			if (to < size && p[to] == '\'') {
				ticks++;
				to++;
			}
			if (to < size && !is_gap(p[to]))
				return false;
		} else {
			to = next_bit(m->gap, at);
			uint32_t len = to - at;
			if (len && p[to - 1] == '\'') {
				len--;
				ticks++;
				if (!len || p[to - 2] == ',' || p[to - 2] == ')')
					return false;
			}
			closed += len && p[at] == '(' && p[to - 1] == ')';
			v[i] = (struct pair_value){at, len, false};
		}
		at = to + 1;
	}
	*n = i;
	return ticks == m->ticks && closed == m->closed;
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
	*e = (struct expected){.text = text.p, .n = (uint8_t)n, .opens = lead.n > 0, .mask = n >= sizeof e->head ? UINT64_MAX : ((uint64_t)1 << 8 * n) - 1};
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

static bool try_shape(const struct audit_shape *s, struct slice body, const struct marks *m, struct pair_value *v, uint32_t *n)
{
	return s && read_by(s, body, m, v, n);
}

static const struct audit_shape *shape_of(struct decoder *d, struct audit_shapes *x, const struct audit_rec *r, struct pair_value *v, uint32_t *n)
{
	struct marks m UNINIT;
	unsigned at = r->type->number % ARRAY_LEN(x->of_type);
	struct audit_shape **latest = x->of_type[at].latest;
	if (x->of_type[at].type != r->type) {
		memset(latest, 0, sizeof x->of_type[at].latest);
		x->of_type[at].type = r->type;
	}
	unsigned i = 0;
	mark(r->body, &m);
	while (i < LATEST && !try_shape(latest[i], r->body, &m, v, n))
		i++;
	struct audit_shape *s = i < LATEST ? latest[i] : NULL;
	for (unsigned k = 0; k < x->n && !s; k++)
		if (x->v[k]->type == r->type && try_shape(x->v[k], r->body, &m, v, n))
			s = x->v[k];
	if (!s && x->n < SHAPES && x->tries++ < TRIES) {
		s = learn(d, x, r);
		if (!try_shape(s, r->body, &m, v, n))
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
