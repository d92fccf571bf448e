/* fold.c - Unicode simple case folding (CaseFolding.txt, status C and S), through ICU's table. */
#include "sigma/sigma_private.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

typedef uint8_t bytes16 __attribute__((vector_size(16)));

/* Folds up to the first byte beyond ASCII, or a little less; returns how far. */
static size_t fold_ascii(const char *p, size_t n, char *out)
{
	size_t i = 0;
	for (; i + 16 <= n; i += 16) {
		bytes16 v, low;
		uint64_t half[2];
		memcpy(&v, p + i, 16);
		memcpy(half, &v, 16);
		if ((half[0] | half[1]) & 0x8080808080808080u)
			break;
		low = v - 'A';
		v |= (bytes16)(low < 26) & 0x20;
		memcpy(out + i, &v, 16);
	}
	for (; i < n && !(p[i] & 0x80); i++) {
		uint8_t c = (uint8_t)p[i];
		out[i] = (char)(c | (uint8_t)((uint8_t)(c - 'A') < 26 ? 0x20 : 0));
	}
	return i;
}

size_t fold_text(const char *p, size_t n, char *out)
{
	size_t i = fold_ascii(p, n, out), o = i;
	while (i < n) {
		UChar32 c;
		size_t from = i;
		if (!(p[i] & 0x80)) {
			size_t k = fold_ascii(p + i, n - i, out + o);
			i += k;
			o += k;
			continue;
		}
		int32_t at = 0, len = (int32_t)MIN(n - i, (size_t)4);
		U8_NEXT(p + i, at, len, c);
		i += (size_t)at;
		if (c < 0) { /* no UTF-8: as it is */
			memcpy(out + o, p + from, i - from);
			o += i - from;
			continue;
		}
		c = u_foldCase(c, U_FOLD_CASE_DEFAULT);
		size_t w = 0;
		U8_APPEND_UNSAFE(out + o, w, c);
		o += w;
	}
	return o;
}

struct slice fold_dup(struct arena *a, struct slice s)
{
	char *out = arena_alloc(a, s.n * 3 + 1);
	size_t n = s.n ? fold_text(s.p, s.n, out) : 0;
	out[n] = 0;
	return slice_make(out, n);
}
