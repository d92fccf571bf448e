/* literals.c - which of many literals stand in a text. Built in microseconds, unlike vectorscan's databases, which took longer to compile than the
 * first hundred thousand events to judge; and values are short, so that setting up a scan counts.
 *
 * Of each literal a window of 1, 2, 4 or 8 bytes is put into a bit map (Wu and Manber's idea, without its shifts) and a hash. Long literals are put in
 * with windows at STRIDE neighbouring places, and only every STRIDE-th place of the text is looked at.
 */
#include "sigma/literals_private.h"

enum { STRIDE = 4, CLASSES = 5, FEW = 256, LONG = 4 };

struct window {
	uint64_t bytes;
	uint32_t literal; /* + 1; 0: free */
	uint32_t at;      /* of the window within the literal */
};
struct litclass {
	unsigned width, stride, shift;
	size_t n;              /* windows */
	uint64_t *bits;
	struct window *table;
	size_t mask;
};
struct litset {
	bool json;
	struct { struct literal *v; size_t n, cap; } lits;
	struct litclass class[CLASSES];
	struct teddy *teddy;   /* in texts long enough, instead of the class whose every place must be looked at */
	bool teddy_all;        /* and of those with longer literals */
};

static const struct { uint8_t width, stride; } kinds[CLASSES] = {{1, 1}, {2, 1}, {4, 1}, {4, STRIDE}, {8, STRIDE}};

struct litset *litset_new(bool json)
{
	struct litset *s = xcalloc(1, sizeof *s);
	s->json = json;
	return s;
}

void litset_free(struct litset *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < CLASSES; i++) {
		free(s->class[i].bits);
		free(s->class[i].table);
	}
	teddy_free(s->teddy);
	free(s->lits.v);
	free(s);
}

void litset_add(struct litset *s, struct slice text, uint32_t id)
{
	if (text.n)
		*vec_push(&s->lits) = (struct literal){text, id};
}

size_t litset_count(const struct litset *s)
{
	return s->lits.n;
}

/* ---- building ------------------------------------------------------------------------------------------------ */

/* How common a byte is in logs, by a rough order; what is not named is rare. */
static const uint8_t commonness[256] = {
	['e'] = 51, ['0'] = 50, ['"'] = 49, ['s'] = 48, ['i'] = 47, ['1'] = 46, ['n'] = 45, ['o'] = 44, ['r'] = 43, ['t'] = 42, ['a'] = 41,
	['c'] = 40, ['2'] = 39, [':'] = 38, ['l'] = 37, ['d'] = 36, ['3'] = 35, ['m'] = 34, ['5'] = 33, ['\\'] = 32, ['4'] = 31, ['.'] = 30,
	['-'] = 29, ['6'] = 28, ['p'] = 27, ['8'] = 26, ['u'] = 25, ['7'] = 24, ['9'] = 23, [','] = 22, ['f'] = 21, ['w'] = 20, ['b'] = 19,
	[' '] = 18, ['g'] = 17, ['_'] = 16, ['h'] = 15, ['y'] = 14, ['v'] = 13, ['/'] = 12, ['k'] = 11, ['{'] = 10, ['}'] = 9, ['x'] = 8, ['('] = 7,
	[')'] = 6, ['='] = 5, ['%'] = 4, ['z'] = 3, ['q'] = 2, ['j'] = 1,
};

static inline uint64_t load(const char *p, unsigned width, uint64_t fold)
{
	uint64_t x = 0;
	memcpy(&x, p, width);
	return x | fold;
}

static inline uint64_t fold_of(unsigned width, bool json)
{
	return !json ? 0 : width == 8 ? 0x2020202020202020u : 0x2020202020202020u & (((uint64_t)1 << 8 * width) - 1);
}

static inline uint64_t hash_of(uint64_t bytes)
{
	return bytes * 0x9e3779b97f4a7c15u;
}

/* By the upper half: what a multiplication leaves in the lowest bits is made of the first letter alone. */
static inline size_t place_of(const struct litclass *c, uint64_t hash)
{
	return hash >> 32 & c->mask;
}

/* "::" stands between words, where JSON has none. */
static bool has_pair(const char *p, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (p[i] == ':' && p[i - 1] == ':')
			return true;
	return false;
}

size_t literal_rarest(struct slice s, size_t n)
{
	size_t best = 0;
	unsigned cost = 0, least;
	for (size_t i = 0; i < n; i++)
		cost += commonness[(uint8_t)s.p[i]];
	least = cost;
	for (size_t i = n; i < s.n; i++) {
		cost += commonness[(uint8_t)s.p[i]];
		cost -= commonness[(uint8_t)s.p[i - n]];
		unsigned c = cost < least || cost / 4 >= least || !has_pair(s.p + i - n + 1, n) ? cost : cost / 4;
		if (c < least) {
			least = c;
			best = i - n + 1;
		}
	}
	return best;
}

static unsigned kind_of(const struct litset *s, size_t n)
{
	bool few = s->lits.n < FEW;
	return n < 2 ? 0 : n < LONG ? 1 : n < LONG + STRIDE - 1 ? 2 : n < 8 + STRIDE - 1 || few ? 3 : 4;
}

static void put_window(struct litclass *c, uint64_t bytes, uint32_t literal, uint32_t at)
{
	uint64_t h = hash_of(bytes);
	size_t slot = place_of(c, h);
	c->bits[h >> c->shift >> 6] |= (uint64_t)1 << (h >> c->shift & 63);
	while (c->table[slot].literal)
		slot = (slot + 1) & c->mask;
	c->table[slot] = (struct window){bytes, literal + 1, at};
}

void litset_seal(struct litset *s)
{
	for (size_t i = 0; i < s->lits.n; i++) {
		unsigned k = kind_of(s, s->lits.v[i].text.n);
		s->class[k].n += kinds[k].stride;
	}
	for (size_t k = 0; k < CLASSES; k++) {
		struct litclass *c = &s->class[k];
		unsigned bits = 10;
		c->width = kinds[k].width;
		c->stride = kinds[k].stride;
		if (!c->n)
			continue;
		while (bits < 18 && (size_t)1 << bits < c->n * 128)
			bits++;
		c->shift = 64 - bits;
		c->bits = xcalloc((size_t)1 << (bits - 6), sizeof *c->bits);
		for (c->mask = 16; c->mask < c->n * 2; c->mask *= 2)
			;
		c->table = xcalloc(c->mask--, sizeof *c->table);
	}
	for (size_t i = 0; i < s->lits.n; i++) {
		struct slice text = s->lits.v[i].text;
		struct litclass *c = &s->class[kind_of(s, text.n)];
		size_t at = literal_rarest(text, c->width + c->stride - 1);
		for (size_t k = 0; k < c->stride; k++)
			put_window(c, load(text.p + at + k, c->width, fold_of(c->width, s->json)), (uint32_t)i, (uint32_t)(at + k));
	}
	s->teddy = teddy_new(s->lits.v, s->lits.n, LONG, SIZE_MAX, s->json);
	s->teddy_all = s->teddy != NULL;
	if (!s->teddy)
		s->teddy = teddy_new(s->lits.v, s->lits.n, LONG, LONG + STRIDE - 2, s->json);
}

void litset_limit(struct litset *s, unsigned lanes)
{
	if (s->teddy && lanes >= 32) {
		teddy_narrow(s->teddy);
		return;
	}
	teddy_free(s->teddy);
	s->teddy = NULL;
	s->teddy_all = false;
}

/* ---- looking ------------------------------------------------------------------------------------------------- */

static bool same_nocase(const char *a, struct slice folded)
{
	for (size_t i = 0; i < folded.n; i++) {
		uint8_t c = (uint8_t)a[i];
		c |= (uint8_t)((uint8_t)(c - 'A') < 26 ? 0x20 : 0);
		if (c != (uint8_t)folded.p[i])
			return false;
	}
	return true;
}

bool hidden_at(struct slice s, size_t i)
{
	size_t slashes = 0;
	if (s.p[i] == '\\') {
		while (slashes <= i && s.p[i - slashes] == '\\')
			slashes++;
		return slashes % 2 == 1 && i + 1 < s.n && s.p[i + 1] == 'u';
	}
	struct slice rest = slice_from(s, i);
	return slice_starts(rest, SL("\xe2\x84\xaa")) || slice_starts(rest, SL("\xc5\xbf"));
}

static bool has_hidden(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] == '\\' || s.p[i] & 0x80) && hidden_at(s, i))
			return true;
	return false;
}

bool literal_at(const struct literal *l, bool json, struct slice text, size_t i, size_t at)
{
	if (at > i || text.n - (i - at) < l->text.n)
		return false;
	const char *from = text.p + (i - at);
	return json ? same_nocase(from, l->text) : memcmp(from, l->text.p, l->text.n) == 0;
}

/* The literals of which a window stands at `i`. */
static bool confirm(const struct litset *s, const struct litclass *c, struct slice text, size_t i, uint64_t bytes, litset_fn *fn, void *arg)
{
	for (size_t slot = place_of(c, hash_of(bytes)); c->table[slot].literal; slot = (slot + 1) & c->mask) {
		const struct window *w = &c->table[slot];
		const struct literal *l = &s->lits.v[w->literal - 1];
		if (w->bytes == bytes && literal_at(l, s->json, text, i, w->at) && fn(arg, l->id))
			return true;
	}
	return false;
}

static inline uint64_t bit(const struct litclass *c, uint64_t bytes)
{
	uint64_t h = hash_of(bytes) >> c->shift;
	return c->bits[h >> 6] >> (h & 63) & 1;
}

/* width and stride are constants where this is called. Four places are tested for one branch. */
static inline __attribute__((always_inline)) bool pass(const struct litset *s, const struct litclass *c, struct slice text, unsigned width, unsigned stride,
	litset_fn *fn, void *arg)
{
	const uint64_t fold = fold_of(width, s->json);
	size_t i = 0;
	for (; i + 3 * stride + width <= text.n; i += 4 * stride) {
		const char *p = text.p + i;
		uint64_t a = load(p, width, fold), b = load(p + stride, width, fold), d = load(p + 2 * stride, width, fold), e = load(p + 3 * stride, width, fold);
		if (likely(!(bit(c, a) | bit(c, b) | bit(c, d) | bit(c, e))))
			continue;
		const uint64_t w[4] = {a, b, d, e};
		for (unsigned k = 0; k < 4; k++)
			if (bit(c, w[k]) && confirm(s, c, text, i + k * stride, w[k], fn, arg))
				return true;
	}
	for (; i + width <= text.n; i += stride) {
		uint64_t w = load(text.p + i, width, fold);
		if (bit(c, w) && confirm(s, c, text, i, w, fn, arg))
			return true;
	}
	return false;
}

bool litset_scan(const struct litset *s, struct slice text, litset_fn *fn, void *arg)
{
	const struct litclass *c = s->class;
	if ((c[0].n && pass(s, &c[0], text, 1, 1, fn, arg)) || (c[1].n && pass(s, &c[1], text, 2, 1, fn, arg)))
		return true;
	bool few = s->teddy && text.n >= TEDDY_TEXT;
	if (few && teddy_scan(s->teddy, s->lits.v, s->json, text, fn, arg))
		return true;
	if (few && s->teddy_all)
		return false;
	if (s->json && !few && has_hidden(text) && fn(arg, LITSET_HIDDEN))
		return true;
	return (!few && c[2].n && pass(s, &c[2], text, 4, 1, fn, arg)) || (c[3].n && pass(s, &c[3], text, 4, STRIDE, fn, arg)) ||
	       (c[4].n && pass(s, &c[4], text, 8, STRIDE, fn, arg));
}
