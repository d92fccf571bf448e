/* written.c - does a literal stand in a long JSON string? Told from its bytes as they are written, without unescaping and folding them first. */
#include "sigma/literals.h"
#include "sigma/literals_private.h"
#include "sigma/sigma_private.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

enum { PLACES_TRIED = 100 }; /* of a run that comes often: then the value is unescaped */
enum written_clear { CLEAR_UNKNOWN, CLEAR_NO, CLEAR_YES };

static inline char folded(char c)
{
	return (char)(c | ((uint8_t)(c - 'A') < 26 ? 0x20 : 0));
}

static bool same_folded(const char *p, struct slice literal)
{
	for (size_t i = 0; i < literal.n; i++)
		if (folded(p[i]) != literal.p[i])
			return false;
	return true;
}

#ifdef __x86_64__
/* Whole pieces of 32 of find_run(); *from moves behind what was looked at. */
__attribute__((target("avx2"))) static bool find_run_wide(struct slice s, struct slice run, size_t at, size_t *from)
{
	const __m256i low = _mm256_set1_epi8(0x20), a = _mm256_set1_epi8((char)(run.p[at] | 0x20)), b = _mm256_set1_epi8((char)(run.p[at + 1] | 0x20));
	size_t i = *from;
	for (; i + at + 33 <= s.n && i + 32 + run.n <= s.n; i += 32) {
		__m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(s.p + i + at)), y = _mm256_loadu_si256((const __m256i *)(const void *)(s.p + i + at + 1));
		x = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_or_si256(x, low), a), _mm256_cmpeq_epi8(_mm256_or_si256(y, low), b));
		for (unsigned m = (unsigned)_mm256_movemask_epi8(x); m; m &= m - 1)
			if (same_folded(s.p + i + (unsigned)__builtin_ctz(m), run)) {
				*from = i + (unsigned)__builtin_ctz(m);
				return true;
			}
	}
	*from = i;
	return false;
}
#endif

/* The first place at or behind `from` where the run stands in any case; s.n: none. `at` is where the run's rarest two bytes are. */
static size_t find_run(struct slice s, size_t from, struct slice run, size_t at)
{
	size_t i = from;
	if (s.n < run.n)
		return s.n;
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2") && find_run_wide(s, run, at, &i))
		return i;
#endif
	for (; i + run.n <= s.n; i++)
		if (same_folded(s.p + i, run))
			return i;
	return s.n;
}

bool written_hides(struct slice s)
{
	size_t i = 0;
#ifdef __SSE2__
	const __m128i slash = _mm_set1_epi8('\\'), u = _mm_set1_epi8('u'), zero = _mm_setzero_si128();
	for (; i + 17 <= s.n; i += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i)), y = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i + 1));
		x = _mm_or_si128(_mm_and_si128(_mm_cmpeq_epi8(x, slash), _mm_cmpeq_epi8(y, u)), _mm_cmplt_epi8(x, zero));
		for (unsigned m = (unsigned)_mm_movemask_epi8(x); m; m &= m - 1)
			if (hidden_at(s, i + (unsigned)__builtin_ctz(m)))
				return true;
	}
#endif
	for (; i < s.n; i++)
		if ((s.p[i] == '\\' || s.p[i] & 0x80) && hidden_at(s, i))
			return true;
	return false;
}

/* An odd number of backslashes before place i: what stands there belongs to an escape. */
static bool is_escaped(struct slice s, size_t i)
{
	size_t n = 0;
	while (n < i && s.p[i - n - 1] == '\\')
		n++;
	return n % 2;
}

/* How a character of a literal may be written at the begin of s: bytes, 0 when it is not there, -1 when that cannot be told. */
static int written_at(struct slice s, char c)
{
	if (!s.n)
		return 0;
	if (c == '\\')
		return s.p[0] != '\\' ? 0 : s.n > 1 && s.p[1] == '\\' ? 2 : -1;
	if (c == '/')
		return s.p[0] == '/' ? 1 : s.n > 1 && s.p[0] == '\\' && s.p[1] == '/' ? 2 : 0;
	if (c == '"' || (uint8_t)c < ' ' || c & 0x80)
		return -1;
	return folded(s.p[0]) == c;
}

/* The same at the end of s. What stands behind it must be no part of an escape. */
static int written_before(struct slice s, char c)
{
	char last = s.n ? s.p[s.n - 1] : 0;
	bool pair = s.n && is_escaped(s, s.n - 1); /* the second half of an escape */
	if (!s.n)
		return 0;
	if (last == '\\' && !pair)
		return -1;
	if (c == '\\')
		return last == '\\' ? 2 : 0;
	if (c == '/')
		return last == '/' ? 1 + pair : 0;
	if (c == '"' || (uint8_t)c < ' ' || c & 0x80 || (pair && last != '\\' && last != '/'))
		return -1;
	return folded(last) == c;
}

/* Does the whole literal stand around its run, which is `before` bytes behind its begin, at place i? */
static enum written_told stands_around(struct slice s, size_t i, struct slice literal, size_t before, size_t run)
{
	size_t at = i + run;
	int n;
	for (size_t k = before + run; k < literal.n; k++, at += (size_t)n)
		if ((n = written_at(slice_from(s, at), literal.p[k])) <= 0)
			return n ? WRITTEN_UNSURE : WRITTEN_NO;
	for (at = i; before; before--, at -= (size_t)n)
		if ((n = written_before(slice_to(s, at), literal.p[before - 1])) <= 0)
			return n ? WRITTEN_UNSURE : WRITTEN_NO;
	return is_escaped(s, at) ? WRITTEN_UNSURE : WRITTEN_YES;
}

enum written_told written_find(struct slice written, struct slice literal)
{
	struct slice run = written_run(literal);
	enum written_told told = WRITTEN_NO;
	if (run.n < 2)
		return WRITTEN_UNSURE;
	size_t rarest = literal_rarest(run, 2), before = (size_t)(run.p - literal.p), i = 0;
	for (unsigned tries = 0; told == WRITTEN_NO; i++) {
		i = find_run(written, i, run, rarest);
		if (i == written.n)
			return WRITTEN_NO;
		told = tries++ < PLACES_TRIED ? stands_around(written, i, literal, before, run.n) : WRITTEN_UNSURE;
	}
	return told;
}

enum written_told written_contains(struct sigma_ctx *c, const struct val *v, struct slice literal)
{
	struct val *w = &c->vals.v[v - c->vals.v]; /* a memo, not a change */
	if (w->clear == CLEAR_UNKNOWN)
		w->clear = written_hides(v->written) ? CLEAR_NO : CLEAR_YES;
	return w->clear == CLEAR_YES ? written_find(v->written, literal) : WRITTEN_UNSURE;
}
