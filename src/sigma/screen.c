/* screen.c - some hundred literals in a long text, 64 places at once with AVX-512 (VBMI). Of each literal the four bytes that text has least of are
 * its window. Windows are put into 16 groups of those that look alike; for each of four bytes shuffles look up which groups could have it there,
 * and what is left for a place is looked up by its four bytes and compared. With AVX2, where shuffles know halves of bytes only, twenty times as many
 * places were left: slower than a matcher.
 *
 * Bounds: text made for it passes the groups everywhere and costs a look into a hash table a byte. */
#include "sigma/screen.h"

#include <stdlib.h>

#ifdef __x86_64__
#include <immintrin.h>

#define WIDE __attribute__((target("avx512f,avx512bw,avx512vbmi")))
enum { WINDOW = 4, GROUPS = 16, MOST = 4096, SHORT_MAX = 8, LANES = 64, BYTES = 128 /* the shuffle looks at seven bits */ };
#define OFTEN 0.02 /* places a byte that are looked at: above this a matcher is as good */

struct spot {
	uint32_t key;       /* of the window, see key_of(); bytes behind a short literal are 0 */
	uint32_t at;        /* of the window in the literal */
	uint32_t next;      /* number + 1 of the next one with the same key */
	struct slice text;
};

struct screen {
	_Alignas(64) uint8_t groups[WINDOW][2][BYTES]; /* of a byte, eight and eight */
	struct spot *spot;
	size_t n;
	uint32_t brief_key[SHORT_MAX], brief_mask[SHORT_MAX], brief[SHORT_MAX]; /* literals shorter than a window */
	size_t nbrief;
	uint32_t *table, shift; /* hash of a key -> number + 1 of a spot */
	struct arena mem;
};

/* ---- building ------------------------------------------------------------------------------------------------ */

/* How often text of logs has a byte, roughly, in ten thousandths: letters as in English, digits and blanks everywhere. */
static unsigned frequency(uint8_t c)
{
	static const uint16_t letters[26] = {360, 90, 180, 180, 540, 90, 90, 135, 315, 25, 45, 225, 135, 315, 315, 135, 15, 315, 360, 360, 180, 70, 70, 25, 70, 15};
	static const struct { char c; uint16_t f; } marks[] = {
		{' ', 1200}, {':', 400}, {'.', 250}, {'/', 200}, {'=', 200}, {'-', 200}, {'(', 100}, {')', 100}, {'_', 80}, {'"', 100}, {'[', 80}, {']', 80}, {'+', 80},
		{',', 50}, {';', 60},
	};
	if (c >= 'a' && c <= 'z')
		return letters[c - 'a'];
	if (c >= '0' && c <= '9')
		return 250;
	if (c >= 'A' && c <= 'Z')
		return 40;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if ((uint8_t)marks[i].c == c)
			return marks[i].f;
	return c < 0x80 ? 15 : 5;
}

/* Words of every log, whose letters come together more often than by themselves. */
static const char usual[] =
	"session opened for user root closed by publickey password invalid from port pam_unix(sshd: preauth authentication failure logname= uid= euid= tty= ruser= rhost= "
	"new session of removed session logged out. systemd-logind sudo: command=/usr/bin/ /bin/ /sbin/ /usr/local/ /var/log/ /var/www/ /etc/ /home/ /tmp/ .service kernel: error "
	"\"get /index.html http/1.1\" post .php .css .js http://www. https:// mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/ safari/ firefox/ "
	"type=syscall msg=audit( success=yes exit= execve argc= comm= exe= key= backup admin test";
enum { USUAL = 100 /* times as often */ };

struct plan {
	double often[BYTES];             /* share of a byte in text */
	double of[GROUPS][WINDOW];       /* share of the bytes that a group takes at a place */
	uint16_t groups[WINDOW][BYTES];
};

static bool is_small(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static double share(const struct plan *p, uint8_t c)
{
	return p->often[c % BYTES] + (is_small(c) ? p->often[c - 0x20] : 0);
}

struct place {
	double often; /* share of its window in text */
	size_t at;    /* of the window in the literal */
	struct slice text;
};

/* Finds the literal's window, and how often text has it. */
static void choose_window(const struct plan *p, struct place *w)
{
	const struct slice text = w->text;
	size_t best = 0;
	double least = 2 * USUAL;
	for (size_t at = 0; at == 0 || at + WINDOW <= text.n; at++) {
		double often = 1;
		for (size_t k = 0; k < WINDOW && at + k < text.n; k++)
			often *= share(p, (uint8_t)text.p[at + k]);
		if (text.n >= WINDOW && slice_has(slice_make(usual, sizeof usual - 1), slice_make(text.p + at, WINDOW)))
			often *= USUAL;
		if (often < least) {
			least = often;
			best = at;
		}
	}
	w->at = best;
	w->often = least;
}

static int by_share(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	return x->often != y->often ? (x->often < y->often) - (x->often > y->often) : slice_cmp(x->text, y->text);
}

/* Share of the bytes that a group would take at place k with one byte more (NULL: with every byte). */
static double share_with(const struct plan *p, unsigned g, unsigned k, const uint8_t *c)
{
	if (!c)
		return 1;
	return p->of[g][k] + (p->groups[k][*c % BYTES] >> g & 1 ? 0 : share(p, *c));
}

static const uint8_t *byte_of(struct slice window, unsigned k)
{
	return k < window.n ? (const uint8_t *)window.p + k : NULL;
}

static void put(struct plan *p, unsigned g, struct slice window)
{
	const uint16_t bit = (uint16_t)(1u << g);
	for (unsigned k = 0; k < WINDOW; k++) {
		const uint8_t *c = byte_of(window, k);
		p->of[g][k] = share_with(p, g, k, c);
		for (unsigned i = 0; i < BYTES; i++)
			p->groups[k][i] |= !c || i == *c % BYTES || (is_small(*c) && i == *c - 0x20u) ? bit : 0;
	}
}

/* The group that looks most like the window: where it adds least to what passes. */
static unsigned group_for(const struct plan *p, struct slice window)
{
	unsigned best = 0;
	double least = 2;
	for (unsigned g = 0; g < GROUPS; g++) {
		double before = 1, after = 1;
		for (unsigned k = 0; k < WINDOW; k++) {
			before *= p->of[g][k];
			after *= share_with(p, g, k, byte_of(window, k));
		}
		if (after - before < least) {
			least = after - before;
			best = g;
		}
	}
	return best;
}

/* Four bytes as their key: with letters made small, and some other bytes changed. */
static inline uint32_t key_of(uint32_t bytes)
{
	return bytes | 0x20202020u;
}

static inline uint32_t slot_of(const struct screen *s, uint32_t key)
{
	return key * 0x9e3779b1u >> s->shift;
}

static void enter(struct screen *s, uint32_t number)
{
	struct spot *t = &s->spot[number];
	const uint32_t last = (1u << (32 - s->shift)) - 1;
	uint32_t slot = slot_of(s, t->key);
	while (s->table[slot] && s->spot[s->table[slot] - 1].key != t->key)
		slot = (slot + 1) & last;
	t->next = s->table[slot];
	s->table[slot] = number + 1;
}

static struct slice small(struct arena *a, struct slice literal)
{
	char *p = arena_alloc(a, literal.n);
	for (size_t i = 0; i < literal.n; i++)
		p[i] = (char)(literal.p[i] >= 'A' && literal.p[i] <= 'Z' ? literal.p[i] + 0x20 : literal.p[i]);
	return slice_make(p, literal.n);
}

static bool add(struct screen *s, struct plan *p, const struct place *w)
{
	struct slice window = slice_to(slice_from(w->text, w->at), WINDOW);
	uint32_t bytes = 0, mask = 0;
	memcpy(&bytes, window.p, window.n);
	memset(&mask, 0xff, window.n);
	put(p, group_for(p, window), window);
	uint32_t number = (uint32_t)s->n++;
	s->spot[number] = (struct spot){.key = key_of(bytes) & mask, .at = (uint32_t)w->at, .text = w->text};
	if (window.n == WINDOW) {
		enter(s, number);
	} else if (s->nbrief < SHORT_MAX) {
		s->brief_key[s->nbrief] = s->spot[number].key;
		s->brief_mask[s->nbrief] = mask;
		s->brief[s->nbrief++] = number;
	} else {
		return false;
	}
	return true;
}

static bool build(struct screen *s, struct plan *p, const struct slice *literal, size_t n)
{
	double often = 0, all = 0;
	for (unsigned c = 0; c < 256; c++)
		all += frequency((uint8_t)c);
	for (unsigned c = 0; c < 256; c++)
		p->often[c % BYTES] += frequency((uint8_t)c) / all;
	struct place *v = arena_alloc(&s->mem, n * sizeof *v);
	for (size_t i = 0; i < n; i++) {
		if (!literal[i].n || slice_chr(literal[i], '\n') >= 0)
			return false;
		v[i].text = small(&s->mem, literal[i]);
		choose_window(p, &v[i]);
	}
	qsort(v, n, sizeof *v, by_share); /* those that come often first: they make the groups */
	for (size_t i = 0; i < n; i++)
		if (!add(s, p, &v[i]))
			return false;
	for (unsigned g = 0; g < GROUPS; g++)
		often += p->of[g][0] * p->of[g][1] * p->of[g][2] * p->of[g][3];
	for (unsigned k = 0; k < WINDOW; k++)
		for (unsigned i = 0; i < BYTES; i++) {
			s->groups[k][0][i] = (uint8_t)p->groups[k][i];
			s->groups[k][1][i] = (uint8_t)(p->groups[k][i] >> 8);
		}
	return often <= OFTEN;
}

struct screen *screen_new(const struct slice *literal, size_t n)
{
	if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vbmi") || !n || n > MOST)
		return NULL;
	struct screen *s = aligned_alloc(64, (sizeof *s + 63) & ~(size_t)63);
	struct plan *p = xcalloc(1, sizeof *p);
	if (!s)
		core_oom();
	*s = (struct screen){.shift = 32 - 2};
	arena_init(&s->mem);
	while ((1u << (32 - s->shift)) < 2 * n)
		s->shift--;
	s->spot = xcalloc(n, sizeof *s->spot);
	s->table = xcalloc((size_t)1 << (32 - s->shift), sizeof *s->table);
	bool ok = build(s, p, literal, n);
	free(p);
	if (ok)
		return s;
	screen_free(s);
	return NULL;
}

void screen_free(struct screen *s)
{
	if (!s)
		return;
	free(s->spot);
	free(s->table);
	arena_free(&s->mem);
	free(s);
}

/* ---- looking ------------------------------------------------------------------------------------------------- */

static bool stands_at(const struct spot *t, struct slice text, size_t i)
{
	if (i < t->at || t->text.n > text.n - (i - t->at))
		return false;
	const char *p = text.p + i - t->at;
	for (size_t k = 0; k < t->text.n; k++) {
		char c = p[k];
		c = (char)(c >= 'A' && c <= 'Z' ? c + 0x20 : c);
		if (c != t->text.p[k])
			return false;
	}
	return true;
}

/* Does a literal have its window at i? p: that place, with four bytes to read. */
WIDE static bool confirm(const struct screen *s, struct slice text, size_t i, const char *p)
{
	uint32_t bytes;
	memcpy(&bytes, p, sizeof bytes);
	const uint32_t key = key_of(bytes), last = (1u << (32 - s->shift)) - 1;
	for (uint32_t slot = slot_of(s, key); s->table[slot]; slot = (slot + 1) & last) {
		if (s->spot[s->table[slot] - 1].key != key)
			continue;
		for (uint32_t k = s->table[slot]; k; k = s->spot[k - 1].next)
			if (stands_at(&s->spot[k - 1], text, i))
				return true;
		break;
	}
	const __m256i here = _mm256_and_si256(_mm256_set1_epi32((int)key), _mm256_loadu_si256((const __m256i *)(const void *)s->brief_mask));
	unsigned m = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(here, _mm256_loadu_si256((const __m256i *)(const void *)s->brief_key))));
	for (m &= (1u << s->nbrief) - 1; m; m &= m - 1)
		if (stands_at(&s->spot[s->brief[__builtin_ctz(m)]], text, i))
			return true;
	return false;
}

WIDE static inline __m512i load_64(const void *p)
{
	return _mm512_loadu_si512(p);
}

/* A bit for each of 64 places where a window may begin. */
WIDE static inline uint64_t places(const struct screen *s, const char *p)
{
	__m512i a = _mm512_set1_epi8(-1), b = a;
#pragma GCC unroll 4
	for (unsigned k = 0; k < WINDOW; k++) {
		__m512i v = load_64(p + k);
		a = _mm512_and_si512(a, _mm512_permutex2var_epi8(load_64(s->groups[k][0]), v, load_64(s->groups[k][0] + LANES)));
		b = _mm512_and_si512(b, _mm512_permutex2var_epi8(load_64(s->groups[k][1]), v, load_64(s->groups[k][1] + LANES)));
	}
	__m512i either = _mm512_or_si512(a, b);
	return _mm512_test_epi8_mask(either, either);
}

WIDE static void scan(const struct screen *s, struct slice text, screen_fn *fn, void *arg)
{
	char tail[LANES + WINDOW - 1] UNINIT;
	for (size_t i = 0; i < text.n; i += LANES) {
		const char *p = text.p + i;
		if (text.n - i < sizeof tail) {
			memset(tail, 0, sizeof tail);
			memcpy(tail, p, text.n - i);
			p = tail;
		}
		for (uint64_t m = places(s, p); m; m &= m - 1) {
			size_t k = (size_t)__builtin_ctzll(m);
			if (i + k < text.n && confirm(s, text, i + k, p + k))
				fn(arg, i + k);
		}
	}
}

void screen_scan(const struct screen *s, struct slice text, screen_fn *fn, void *arg)
{
	scan(s, text, fn, arg);
}

#else

struct screen *screen_new(const struct slice *literal, size_t n)
{
	(void)literal, (void)n;
	return NULL;
}

void screen_free(struct screen *s)
{
	(void)s;
}

void screen_scan(const struct screen *s, struct slice text, screen_fn *fn, void *arg)
{
	(void)s, (void)text, (void)fn, (void)arg;
}

#endif
