/* slice.c - searching, cutting and reading borrowed bytes. */
#include "core/core.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

/* ASCII only: what a locale thinks of a byte must not change what a rule matches. */
static inline unsigned char fold(char c)
{
	unsigned char u = (unsigned char)c;

	return (unsigned char)(u >= 'A' && u <= 'Z' ? u | 0x20 : u);
}

static bool ieq(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fold(a[i]) != fold(b[i]))
			return false;
	return true;
}

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* ---- comparing --------------------------------------------------------------------------------------------- */

bool slice_ieq(struct slice a, struct slice b)
{
	return a.n == b.n && ieq(a.p, b.p, a.n);
}

bool slice_istarts(struct slice s, struct slice pre)
{
	return s.n >= pre.n && ieq(s.p, pre.p, pre.n);
}

bool slice_iends(struct slice s, struct slice suf)
{
	return suf.n == 0 || (s.n >= suf.n && ieq(s.p + (s.n - suf.n), suf.p, suf.n));
}

int slice_cmp(struct slice a, struct slice b)
{
	size_t n = MIN(a.n, b.n);
	int d = n ? memcmp(a.p, b.p, n) : 0;

	return d ? d : (a.n > b.n) - (a.n < b.n);
}

/* ---- searching --------------------------------------------------------------------------------------------- */

#ifdef __SSE2__
/* Starts where the first and the last byte of the needle fit, 16 at a time (W. Mula, "SIMD-friendly algorithms for substring
 * searching"). libc's memmem prepares a table first, which on lines of a log costs more than the search. needle.n >= 2. */
static ssize_t find_in_line(struct slice s, struct slice needle)
{
	const __m128i first = _mm_set1_epi8(needle.p[0]), last = _mm_set1_epi8(needle.p[needle.n - 1]);
	size_t starts = s.n - needle.n + 1, i = 0;

	for (; i + 16 <= starts; i += 16) {
		__m128i a = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
		__m128i b = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i + needle.n - 1));
		unsigned hits = (unsigned)_mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(a, first), _mm_cmpeq_epi8(b, last)));
		for (; hits; hits &= hits - 1) {
			size_t at = i + (size_t)__builtin_ctz(hits);
			if (memcmp(s.p + at + 1, needle.p + 1, needle.n - 2) == 0)
				return (ssize_t)at;
		}
	}
	for (; i < starts; i++)
		if (s.p[i] == needle.p[0] && memcmp(s.p + i, needle.p, needle.n) == 0)
			return (ssize_t)i;
	return -1;
}

/* The same, 64 at a time, for texts long enough. */
__attribute__((target("avx2"))) static ssize_t find_wide(struct slice s, struct slice needle)
{
	const __m256i first = _mm256_set1_epi8(needle.p[0]), last = _mm256_set1_epi8(needle.p[needle.n - 1]);
	size_t starts = s.n - needle.n + 1, i = 0;

	for (; i + 64 <= starts; i += 64) {
		const char *p = s.p + i, *q = p + needle.n - 1;
		__m256i a = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(const void *)p), first);
		__m256i b = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(const void *)(p + 32)), first);
		a = _mm256_and_si256(a, _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(const void *)q), last));
		b = _mm256_and_si256(b, _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(const void *)(q + 32)), last));
		uint64_t hits = (uint32_t)_mm256_movemask_epi8(a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
		for (; hits; hits &= hits - 1) {
			size_t at = i + (size_t)__builtin_ctzll(hits);
			if (memcmp(s.p + at + 1, needle.p + 1, needle.n - 2) == 0)
				return (ssize_t)at;
		}
	}
	ssize_t rest = i < starts ? find_in_line(slice_from(s, i), needle) : -1;
	return rest < 0 ? -1 : (ssize_t)i + rest;
}
#endif

ssize_t slice_find(struct slice s, struct slice needle)
{
	enum { LINE = 16384 }; /* beyond it memmem's bound on hostile text is worth its table */
	const char *q;

	if (needle.n == 0)
		return 0;
	if (s.n < needle.n)
		return -1;
#ifdef __SSE2__
	if (needle.n > 1 && s.n <= LINE)
		return s.n >= needle.n + 256 && __builtin_cpu_supports("avx2") ? find_wide(s, needle) : find_in_line(s, needle);
#endif
	q = needle.n == 1 ? memchr(s.p, needle.p[0], s.n) : memmem(s.p, s.n, needle.p, needle.n);
	return q ? q - s.p : -1;
}

ssize_t slice_rfind(struct slice s, struct slice needle)
{
	size_t n; /* starts still to try: [0, n) */

	if (needle.n == 0)
		return (ssize_t)s.n;
	if (s.n < needle.n)
		return -1;
	n = s.n - needle.n + 1;
	while (n > 0) {
		const char *q = memrchr(s.p, needle.p[0], n);
		if (q == NULL)
			return -1;
		if (memcmp(q, needle.p, needle.n) == 0)
			return q - s.p;
		n = (size_t)(q - s.p);
	}
	return -1;
}

/* Next place of c at or after `from`, or end. */
static const char *seek(const char *from, const char *end, unsigned char c)
{
	const char *q = from < end ? memchr(from, c, (size_t)(end - from)) : NULL;

	return q ? q : end;
}

ssize_t slice_ifind(struct slice s, struct slice needle)
{
	const char *end, *lo, *up;
	unsigned char first;

	if (needle.n == 0)
		return 0;
	if (s.n < needle.n)
		return -1;
	/* Two places are kept, of the small and of the capital first letter, so that each byte is looked at by memchr
	 * only once for each of them. */
	end = s.p + (s.n - needle.n + 1);
	first = fold(needle.p[0]);
	lo = seek(s.p, end, first);
	up = first >= 'a' && first <= 'z' ? seek(s.p, end, first & 0xdf) : end;
	while (lo < end || up < end) {
		const char *q = MIN(lo, up);
		if (ieq(q + 1, needle.p + 1, needle.n - 1))
			return q - s.p;
		if (q == lo)
			lo = seek(lo + 1, end, first);
		else
			up = seek(up + 1, end, first & 0xdf);
	}
	return -1;
}

/* ---- cutting ----------------------------------------------------------------------------------------------- */

struct slice slice_trim(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	while (s.n > 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	return s;
}

bool slice_cut(struct slice *s, char c, struct slice *head)
{
	ssize_t at = slice_chr(*s, c);

	if (at < 0)
		return false;
	*head = slice_to(*s, (size_t)at);
	*s = slice_from(*s, (size_t)at + 1);
	return true;
}

bool slice_word(struct slice *s, struct slice *word)
{
	size_t from = 0, to;

	while (from < s->n && is_blank(s->p[from]))
		from++;
	for (to = from; to < s->n && !is_blank(s->p[to]);)
		to++;
	*word = slice_to(slice_from(*s, from), to - from);
	*s = slice_from(*s, to);
	return word->n > 0;
}

struct slice slice_basename(struct slice path)
{
	const char *q;

	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	if (path.n <= 1)
		return path;
	q = memrchr(path.p, '/', path.n);
	return q ? slice_from(path, (size_t)(q - path.p) + 1) : path;
}

struct slice slice_dup(struct arena *a, struct slice s)
{
	char *p;

	if (unlikely(s.n == SIZE_MAX))
		core_oom();
	p = arena_alloc(a, s.n + 1);
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return slice_make(p, s.n);
}

/* ---- numbers ----------------------------------------------------------------------------------------------- */

bool slice_u64(struct slice s, uint64_t max, uint64_t *out)
{
	enum { SAFE = 19 }; /* so many digits fit whatever they are */
	uint64_t x = 0;

	if (s.n == 0)
		return false;
	if (likely(s.n <= SAFE)) {
		for (const char *p = s.p, *end = s.p + s.n; p < end; p++) {
			unsigned digit = (unsigned char)*p - (unsigned)'0';
			if (digit > 9)
				return false;
			x = x * 10 + digit;
		}
		if (x > max)
			return false;
		*out = x;
		return true;
	}
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';
		if (digit > 9 || __builtin_mul_overflow(x, 10, &x) || __builtin_add_overflow(x, digit, &x))
			return false;
	}
	if (x > max)
		return false;
	*out = x;
	return true;
}

bool slice_i64(struct slice s, int64_t *out)
{
	bool neg = s.n > 0 && s.p[0] == '-';
	uint64_t x = 0;

	if (likely(s.n > neg && s.n <= 18)) { /* so many digits fit whatever they are */
		size_t i = neg;
		for (; i < s.n; i++) {
			unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';
			if (digit > 9)
				return false;
			x = x * 10 + digit;
		}
		*out = neg ? -(int64_t)x : (int64_t)x;
		return true;
	}

	if (!slice_u64(slice_from(s, neg), (uint64_t)INT64_MAX + neg, &x))
		return false;
	*out = neg ? (int64_t)(0 - x) : (int64_t)x;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)fold(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* With or without "0x": Windows events write it, audit does not. */
bool slice_hex(struct slice s, uint64_t *out)
{
	uint64_t x = 0;

	if (s.n > 2 && slice_istarts(s, SL("0x")))
		s = slice_from(s, 2);
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int digit = hex_digit(s.p[i]);
		if (digit < 0 || x >> 60 != 0)
			return false;
		x = x << 4 | (uint64_t)digit;
	}
	*out = x;
	return true;
}
