/* fuzz_cast_filter.c - any bytes as the output of a recording. Whatever they are: only listed sequences are left, how the bytes were cut does not show, and
 * what was let through is let through again as it is. */
#include <stdlib.h>

#include "gate/record_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct buf filtered(struct slice in, size_t piece, bool plain)
{
	struct cast_filter f = {.plain = plain};
	struct buf out = {0};
	for (size_t at = 0; at < in.n; at += MIN(piece, in.n - at))
		cast_filter_feed(&f, slice_make(in.p + at, MIN(piece, in.n - at)), &out);
	return out;
}

/* Said a second time, and simpler: how long the sequence is that begins here; 0: it may not be there. */
static size_t sequence(struct slice s)
{
	size_t i = 2;
	if (s.n >= 2 && strchr("78DEM", s.p[1]) && s.p[1])
		return 2;
	if (s.n >= 3 && (s.p[1] == '(' || s.p[1] == ')'))
		return s.p[2] == 'B' || s.p[2] == '0' || s.p[2] == 'A' ? 3 : 0;
	if (s.n < 3 || s.p[1] != '[')
		return 0;
	bool own = s.p[i] == '?';
	i += own;
	while (i < s.n && ((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == ';' || s.p[i] == ':'))
		i++;
	if (i >= s.n || i > 66 || !s.p[i])
		return 0;
	return strchr(own ? "hl" : "@ABCDEFGHIJKLMPSTXZ`adefmrsuhl", s.p[i]) ? i + 1 : 0;
}

static void check(struct slice s, bool plain)
{
	if (!slice_utf8(s))
		abort();
	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		size_t n = c == 033 && !plain ? sequence(slice_from(s, i)) : 1;
		bool control = c < 0x20 && c != 033 && !strchr("\n\r\t\b", c) && (plain || (c != 016 && c != 017));
		if (n == 0 || control || c == 0 || c == 0x7f || (c == 033 && plain))
			abort();
		if (c == 0xc2 && (unsigned char)s.p[i + 1] < 0xa0)
			abort();
		i += n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct slice in = slice_make((const char *)data + 1, size - 1);
	for (int plain = 0; plain < 2; plain++) {
		struct buf whole = filtered(in, SIZE_MAX, plain), pieces = filtered(in, (size_t)data[0] + 1, plain);
		struct buf again = filtered(buf_slice(&whole), SIZE_MAX, plain);
		if (!slice_eq(buf_slice(&whole), buf_slice(&pieces)) || !slice_eq(buf_slice(&whole), buf_slice(&again)))
			abort();
		check(buf_slice(&whole), plain);
		buf_free(&whole);
		buf_free(&pieces);
		buf_free(&again);
	}
	return 0;
}
