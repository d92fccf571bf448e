/* domains.c - names: which part of one is registered, whose it resembles. */
#include "mail/mail_private.h"

#include <libpsl.h>
#include <stdlib.h>
#include <unicode/unorm2.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>

/* Built into the library: no file is read. */
void domains_prepare(void)
{
	UErrorCode e = U_ZERO_ERROR;
	(void)psl_builtin();
	(void)unorm2_getNFKCCasefoldInstance(&e);
	USpoofChecker *c = uspoof_open(&e);
	UChar x[] = {'a', 0}, y[64];
	if (c) {
		uspoof_getSkeleton(c, 0, x, 1, y, 64, &e);
		uspoof_close(c);
	}
}

static struct slice lower(struct lure *l, struct slice s)
{
	struct slice r = slice_dup(lure_arena(l), s);
	char *p = (char *)(uintptr_t)r.p;
	for (size_t i = 0; i < r.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + 32);
	return r;
}

struct slice site_of(struct lure *l, struct slice host)
{
	while (host.n && host.p[host.n - 1] == '.')
		host.n--;
	struct slice name = lower(l, slice_to(host, 253));
	const psl_ctx_t *list = psl_builtin();
	const char *site = list && name.n ? psl_registrable_domain(list, name.p) : NULL;
	return site ? slice_of(site) : name;
}

bool is_freemail(struct slice site)
{
	static const char *const sites[] = {"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "yahoo.de", "yahoo.co.uk", "yahoo.co.jp", "ymail.com", "aol.com", "icloud.com", "me.com",
		"gmx.de", "gmx.net", "gmx.at", "gmx.ch", "gmx.com", "web.de", "t-online.de", "freenet.de", "mail.ru", "yandex.ru", "yandex.com", "proton.me", "protonmail.com", "protonmail.ch", "pm.me", "tutanota.com", "tuta.io", "mail.com",
		"zoho.com", "naver.com", "daum.net", "hanmail.net", "nate.com", "kakao.com", "qq.com", "163.com", "126.com", "hotmail.de", "hotmail.co.uk", "outlook.de", "laposte.net", "orange.fr", "libero.it", "bol.com.br", "uol.com.br", "terra.com.br"};
	for (size_t i = 0; i < ARRAY_LEN(sites); i++)
		if (slice_eqz(site, sites[i]))
			return true;
	return false;
}

/* ---- likeness ------------------------------------------------------------------------------------------------------------------------- */

/* The name without its public ending: "airbus" of "airbus.com". */
static struct slice label_of(struct slice site)
{
	ssize_t dot = slice_chr(site, '.');
	return dot < 0 ? site : slice_to(site, (size_t)dot);
}

/* Damerau-Levenshtein (optimal string alignment), bytes; 9 when longer than 40. */
static unsigned distance(struct slice a, struct slice b)
{
	enum { MOST = 40 };
	unsigned d[3][MOST + 1];
	if (a.n > MOST || b.n > MOST)
		return 9;
	for (size_t j = 0; j <= b.n; j++)
		d[1][j] = (unsigned)j;
	for (size_t i = 1; i <= a.n; i++) {
		unsigned *now = d[(i + 1) % 3], *one = d[i % 3], *two = d[(i + 2) % 3];
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b.n; j++) {
			unsigned cost = a.p[i - 1] != b.p[j - 1];
			now[j] = MIN(MIN(one[j] + 1, now[j - 1] + 1), one[j - 1] + cost);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
				now[j] = MIN(now[j], two[j - 2] + 1);
		}
	}
	return d[(a.n + 1) % 3][b.n];
}

static size_t skeleton(struct slice s, char *to, size_t n)
{
	static _Thread_local USpoofChecker *checker;
	UErrorCode e = U_ZERO_ERROR;
	if (!checker)
		checker = uspoof_open(&e);
	int32_t size = checker ? uspoof_getSkeletonUTF8(checker, 0, s.p, (int32_t)MIN(s.n, (size_t)200), to, (int32_t)n, &e) : 0;
	return U_FAILURE(e) || size < 0 ? 0 : MIN((size_t)size, n);
}

/* "vv" for "w", "0" for "o" and the like, which skeletons leave apart. */
static size_t fold_pairs(struct slice s, char *to, size_t n)
{
	size_t at = 0;
	for (size_t i = 0; i < s.n && at < n; i++) {
		char c = s.p[i], next = i + 1 < s.n ? s.p[i + 1] : 0;
		if (c == 'v' && next == 'v')
			c = 'w', i++;
		else if (c == 'r' && next == 'n')
			c = 'm', i++;
		else if (c == 'c' && next == 'l')
			c = 'd', i++;
		else if (c == '0')
			c = 'o';
		else if (c == '1' || c == 'i' || c == '|')
			c = 'l';
		else if (c == '5')
			c = 's';
		else if (c == '3')
			c = 'e';
		to[at++] = c;
	}
	return at;
}

static bool looks_same(struct slice a, struct slice b)
{
	char x[256], y[256], u[256], v[256];
	size_t nx = skeleton(a, x, sizeof x), ny = skeleton(b, y, sizeof y);
	if (nx && slice_eq(slice_make(x, nx), slice_make(y, ny)))
		return true;
	nx = fold_pairs(slice_to(a, 255), u, sizeof u);
	ny = fold_pairs(slice_to(b, 255), v, sizeof v);
	return nx == ny && memcmp(u, v, nx) == 0;
}

/* "airbus-careers", "careers.airbus" as one label: the name stands whole between joints. */
static bool has_words_added(struct slice name, struct slice ours)
{
	ssize_t at = slice_find(name, ours);
	if (at < 0 || name.n == ours.n)
		return false;
	bool before = at == 0 || name.p[at - 1] == '-', after = (size_t)at + ours.n == name.n || name.p[(size_t)at + ours.n] == '-';
	return before && after;
}

const char *looks_like(struct slice site, struct slice ours)
{
	struct slice a = label_of(site), b = label_of(ours);
	if (slice_eq(site, ours) || b.n < 4 || !a.n)
		return NULL;
	if (slice_eq(a, b))
		return b.n >= 5 ? "the same name with another ending" : NULL;
	if (looks_same(a, b))
		return "a name that looks the same";
	unsigned d = distance(a, b);
	if ((b.n >= 6 && d == 1) || (b.n >= 10 && d == 2))
		return "a name one or two letters apart";
	return b.n >= 5 && has_words_added(a, b) ? "the name with words added" : NULL;
}

/* ---- folding ------------------------------------------------------------------------------------------------------------------------------ */

struct slice folded_text(struct lure *l, struct slice s)
{
	UErrorCode e = U_ZERO_ERROR;
	const UNormalizer2 *n = unorm2_getNFKCCasefoldInstance(&e);
	s = slice_to(s, TEXT_MAX);
	bool ascii = true;
	for (size_t i = 0; i < s.n && ascii; i++)
		ascii = (uint8_t)s.p[i] < 0x80;
	if (ascii || U_FAILURE(e))
		return lower(l, s);
	int32_t room = (int32_t)s.n + 16, have = 0, done = 0, size = 0;
	UChar *wide = xcalloc((size_t)room, sizeof *wide), *folded = xcalloc(2 * (size_t)room, sizeof *folded);
	char *out = arena_alloc(lure_arena(l), 3 * 2 * (size_t)room + 1);
	u_strFromUTF8WithSub(wide, room, &have, s.p, (int32_t)s.n, 0xfffd, NULL, &e);
	if (U_SUCCESS(e))
		done = unorm2_normalize(n, wide, have, folded, 2 * room, &e);
	if (U_SUCCESS(e))
		u_strToUTF8(out, 3 * 2 * room, &size, folded, done, &e);
	free(wide);
	free(folded);
	return U_FAILURE(e) ? lower(l, s) : slice_make(out, (size_t)size);
}

/* Marks go: e with an accent is e. */
struct slice folded_name(struct lure *l, struct slice s)
{
	UErrorCode e = U_ZERO_ERROR;
	const UNormalizer2 *n = unorm2_getNFKDInstance(&e);
	struct slice t = folded_text(l, slice_to(s, 512));
	UChar wide[1100], apart[2400];
	int32_t have = 0, size = 0;
	u_strFromUTF8WithSub(wide, 1100, &have, t.p, (int32_t)t.n, 0xfffd, NULL, &e);
	int32_t k = U_SUCCESS(e) ? unorm2_normalize(n, wide, have, apart, 2400, &e) : 0, at = 0;
	if (U_FAILURE(e))
		return t;
	for (int32_t i = 0; i < k; i++)
		if (!(apart[i] >= 0x300 && apart[i] < 0x370))
			apart[at++] = apart[i];
	unorm2_normalize(unorm2_getNFCInstance(&e), apart, at, wide, 1100, &e);
	char *out = arena_alloc(lure_arena(l), 4000);
	int32_t m = unorm2_normalize(unorm2_getNFCInstance(&e), apart, at, wide, 1100, &e);
	u_strToUTF8(out, 4000, &size, wide, m, &e);
	return U_FAILURE(e) ? t : slice_make(out, (size_t)size);
}
