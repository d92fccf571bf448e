/* record_text.c - bytes of a program's output as UTF-8, also when a character comes in two pieces. */
#include "gate/record_private.h"

/* How long the character is that begins so, 0 when none does; low and high: what its second byte may be (RFC 3629). */
static size_t utf8_length(unsigned char c, unsigned char *low, unsigned char *high)
{
	*low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	*high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	return c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
}

/* 1: whole, 0: may become one, -1: never; *n: bytes it has, or that are wrong. */
static int utf8_one(const char *p, size_t have, size_t *n)
{
	unsigned char low, high;
	size_t need = utf8_length((unsigned char)p[0], &low, &high);
	*n = 1;
	if (!need)
		return -1;
	for (; *n < need && *n < have; ++*n) {
		unsigned char c = (unsigned char)p[*n];
		if (c < low || c > high)
			return -1;
		low = 0x80;
		high = 0xbf;
	}
	return *n == need ? 1 : 0;
}

void utf8_take(struct utf8_carry *c, struct slice in, struct buf *out, bool *bad)
{
	while (c->n && in.n) { /* byte by byte, until what waited is whole or wrong */
		size_t n;
		c->b[c->n++] = *in.p;
		in = slice_from(in, 1);
		int what = utf8_one(c->b, c->n, &n);
		if (what == 0)
			continue;
		if (what < 0) { /* the last byte begins anew */
			*bad = true;
			buf_addz(out, "\xef\xbf\xbd");
			in.p--;
			in.n++;
		} else {
			buf_add(out, c->b, c->n);
		}
		c->n = 0;
	}
	while (in.n) {
		size_t n = 0, run = 0;
		while (run < in.n && (unsigned char)in.p[run] < 0x80)
			run++;
		buf_add(out, in.p, run);
		in = slice_from(in, run);
		if (!in.n)
			return;
		int what = utf8_one(in.p, in.n, &n);
		if (what > 0) {
			buf_add(out, in.p, n);
		} else if (what < 0) {
			*bad = true;
			buf_addz(out, "\xef\xbf\xbd");
		} else {
			memcpy(c->b, in.p, n);
			c->n = n;
		}
		in = slice_from(in, n);
	}
}

void utf8_rest(struct utf8_carry *c, struct buf *out)
{
	if (c->n)
		buf_addz(out, "\xef\xbf\xbd");
	c->n = 0;
}
