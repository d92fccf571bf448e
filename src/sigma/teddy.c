/* teddy.c - a few literals in a long text, 32 places at once with AVX2, 64 with AVX-512 (the idea is Hyperscan's "Teddy": for each of three bytes two shuffles look up, by
 * its halves, which groups of literals could have it there). Elsewhere literals.c does the work. */
#include "sigma/literals_private.h"

#ifdef __x86_64__
#include <immintrin.h>

enum { WINDOW = 3, GROUPS = 6, HIDDEN = 6 /* two groups of what hides letters of JSON */, LANES = 32 };

struct teddy {
	_Alignas(16) uint8_t low[WINDOW][16], high[WINDOW][16]; /* half of a byte -> groups */
	bool wide;                    /* 64 at once */
	uint32_t of[GROUPS + 1];
	uint32_t literal[TEDDY_MAX];
	uint8_t at[TEDDY_MAX];        /* of the window within the literal */
};

struct place {
	const char *window;
	uint32_t literal;
	uint8_t at;
};

static int by_window(const void *a, const void *b)
{
	return memcmp(((const struct place *)a)->window, ((const struct place *)b)->window, WINDOW);
}

static void put(struct teddy *t, unsigned group, const char *window, bool json)
{
	for (unsigned k = 0; k < WINDOW; k++) {
		uint8_t c = (uint8_t)window[k];
		t->low[k][c & 15] |= (uint8_t)(1u << group);
		t->high[k][c >> 4] |= (uint8_t)(1u << group);
		if (json && c >= 'a' && c <= 'z')
			t->high[k][(c >> 4) - 2] |= (uint8_t)(1u << group);
	}
}

/* \u and the first bytes of letters beyond ASCII; whatever comes behind. */
static void put_hidden(struct teddy *t)
{
	static const struct { char first[2]; uint8_t group; } rows[] = {{{'\\', 'u'}, 1 << HIDDEN}, {{'\xe2', '\x84'}, 2 << HIDDEN}, {{'\xc5', '\xbf'}, 2 << HIDDEN}};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned k = 0; k < 2; k++) {
			t->low[k][(uint8_t)rows[i].first[k] & 15] |= rows[i].group;
			t->high[k][(uint8_t)rows[i].first[k] >> 4] |= rows[i].group;
		}
	for (unsigned i = 0; i < 16; i++) {
		t->low[2][i] |= 3 << HIDDEN;
		t->high[2][i] |= 3 << HIDDEN;
	}
}

struct teddy *teddy_new(const struct literal *v, size_t n, size_t shortest, size_t longest, bool json)
{
	struct place p[TEDDY_MAX];
	size_t used = 0;
	if (!__builtin_cpu_supports("avx2"))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (v[i].text.n < shortest || v[i].text.n > longest)
			continue;
		if (used == TEDDY_MAX)
			return NULL;
		size_t at = literal_rarest(slice_to(v[i].text, 200), WINDOW);
		p[used++] = (struct place){v[i].text.p + at, (uint32_t)i, (uint8_t)at};
	}
	if (!used)
		return NULL;
	qsort(p, used, sizeof *p, by_window);
	struct teddy *t = xcalloc(1, sizeof *t);
	t->wide = __builtin_cpu_supports("avx512bw");
	for (size_t i = 0; i < used; i++) { /* windows that look alike share a group */
		unsigned group = (unsigned)(i * GROUPS / used);
		put(t, group, p[i].window, json);
		t->literal[i] = p[i].literal;
		t->at[i] = p[i].at;
		t->of[group + 1] = (uint32_t)i + 1;
	}
	for (unsigned g = 0; g < GROUPS; g++)
		t->of[g + 1] = MAX(t->of[g + 1], t->of[g]);
	if (json)
		put_hidden(t);
	return t;
}

void teddy_free(struct teddy *t)
{
	free(t);
}

void teddy_narrow(struct teddy *t)
{
	t->wide = false;
}

static bool confirm(const struct teddy *t, const struct literal *v, bool json, struct slice text, size_t i, unsigned groups, litset_fn *fn, void *arg)
{
	for (; groups; groups &= groups - 1) {
		unsigned g = (unsigned)__builtin_ctz(groups);
		if (g >= HIDDEN) {
			if (hidden_at(text, i) && fn(arg, LITSET_HIDDEN))
				return true;
			continue;
		}
		for (uint32_t k = t->of[g]; k < t->of[g + 1]; k++)
			if (literal_at(&v[t->literal[k]], json, text, i, t->at[k]) && fn(arg, v[t->literal[k]].id))
				return true;
	}
	return false;
}

__attribute__((target("avx2"))) static inline __m256i groups_at(const char *p, __m256i low, __m256i high)
{
	const __m256i half = _mm256_set1_epi8(15);
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i a = _mm256_shuffle_epi8(low, _mm256_and_si256(v, half));
	__m256i b = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v, 4), half));
	return _mm256_and_si256(a, b);
}

__attribute__((target("avx2"))) static inline __m256i both(const uint8_t *half)
{
	return _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)(const void *)half));
}

__attribute__((target("avx2"))) static bool scan_32(const struct teddy *t, const struct literal *v, bool json, struct slice text, litset_fn *fn, void *arg)
{
	const __m256i l0 = both(t->low[0]), l1 = both(t->low[1]), l2 = both(t->low[2]), zero = _mm256_setzero_si256();
	const __m256i h0 = both(t->high[0]), h1 = both(t->high[1]), h2 = both(t->high[2]);
	char tail[LANES + WINDOW - 1] UNINIT;
	for (size_t i = 0; i < text.n; i += LANES) {
		const char *p = text.p + i;
		if (text.n - i < sizeof tail) {
			memset(tail, 0, sizeof tail);
			memcpy(tail, p, text.n - i);
			p = tail;
		}
		__m256i r = _mm256_and_si256(_mm256_and_si256(groups_at(p, l0, h0), groups_at(p + 1, l1, h1)), groups_at(p + 2, l2, h2));
		if (likely(_mm256_testz_si256(r, r)))
			continue;
		uint8_t group[LANES] UNINIT;
		_mm256_storeu_si256((__m256i *)(void *)group, r);
		for (unsigned m = ~(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(r, zero)); m; m &= m - 1) {
			unsigned k = (unsigned)__builtin_ctz(m);
			if (confirm(t, v, json, text, i + k, group[k], fn, arg))
				return true;
		}
	}
	return false;
}

#define WIDE __attribute__((target("avx512f,avx512bw")))

WIDE static inline __m512i wide_groups_at(const char *p, __m512i low, __m512i high)
{
	const __m512i half = _mm512_set1_epi8(15);
	__m512i v = _mm512_loadu_si512(p);
	__m512i a = _mm512_shuffle_epi8(low, _mm512_and_si512(v, half));
	__m512i b = _mm512_shuffle_epi8(high, _mm512_and_si512(_mm512_srli_epi16(v, 4), half));
	return _mm512_and_si512(a, b);
}

WIDE static inline __m512i wide(const uint8_t *half)
{
	return _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)(const void *)half));
}

/* The same, 64 places at once. */
WIDE static bool scan_64(const struct teddy *t, const struct literal *v, bool json, struct slice text, litset_fn *fn, void *arg)
{
	const __m512i l0 = wide(t->low[0]), l1 = wide(t->low[1]), l2 = wide(t->low[2]);
	const __m512i h0 = wide(t->high[0]), h1 = wide(t->high[1]), h2 = wide(t->high[2]);
	char tail[2 * LANES + WINDOW - 1] UNINIT;
	for (size_t i = 0; i < text.n; i += 2 * LANES) {
		const char *p = text.p + i;
		if (text.n - i < sizeof tail) {
			memset(tail, 0, sizeof tail);
			memcpy(tail, p, text.n - i);
			p = tail;
		}
		__m512i r = _mm512_and_si512(_mm512_and_si512(wide_groups_at(p, l0, h0), wide_groups_at(p + 1, l1, h1)), wide_groups_at(p + 2, l2, h2));
		uint64_t m = _mm512_test_epi8_mask(r, r);
		if (likely(!m))
			continue;
		uint8_t group[2 * LANES] UNINIT;
		_mm512_storeu_si512(group, r);
		for (; m; m &= m - 1) {
			unsigned k = (unsigned)__builtin_ctzll(m);
			if (confirm(t, v, json, text, i + k, group[k], fn, arg))
				return true;
		}
	}
	return false;
}

bool teddy_scan(const struct teddy *t, const struct literal *v, bool json, struct slice text, litset_fn *fn, void *arg)
{
	return t->wide ? scan_64(t, v, json, text, fn, arg) : scan_32(t, v, json, text, fn, arg);
}

#else

struct teddy *teddy_new(const struct literal *v, size_t n, size_t shortest, size_t longest, bool json)
{
	(void)v, (void)n, (void)shortest, (void)longest, (void)json;
	return NULL;
}

void teddy_free(struct teddy *t)
{
	(void)t;
}

void teddy_narrow(struct teddy *t)
{
	(void)t;
}

bool teddy_scan(const struct teddy *t, const struct literal *v, bool json, struct slice text, litset_fn *fn, void *arg)
{
	(void)t, (void)v, (void)json, (void)text, (void)fn, (void)arg;
	return false;
}

#endif
