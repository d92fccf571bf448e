/* cast_filter.c - what a recording may do to the terminal of who watches it. Recordings hold what outsiders made their terminal show: sequences that fill the
 * clipboard, change keys and titles, make the terminal answer as if somebody typed, or print. Only what is listed here goes through; a new sequence that some
 * terminal invents is left out until somebody writes it down.
 *
 * Sources: ECMA-48 (5th edition), ctlseqs of xterm. */
#include "gate/record_private.h"

#include <stdio.h>

enum { GROUND, ESCAPE, BETWEEN, CONTROL, STRING, STRING_ESCAPE };
enum { USED_ALTERNATE = 1, USED_REGION = 2, USED_ANY = 4 };
enum { STRING_MOST = 4096, NUMBER_MOST = 9999 };
#define REPLACEMENT 0xfffdu

static void put_code(struct buf *out, uint32_t c)
{
	char b[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (size_t i = n; i-- > 1; c >>= 6)
		b[i] = (char)(0x80 | (c & 0x3f));
	b[0] = (char)(lead[n] | c);
	buf_add(out, b, n);
}

/* Marks that turn the direction of text, and tags: what one reads is not what stands there. */
static bool deceives(uint32_t c)
{
	return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || (c >= 0xe0000 && c <= 0xe007f);
}

static void ground(struct cast_filter *f, uint32_t c, struct buf *out)
{
	if (c >= 0x20 && c != 0x7f)
		put_code(out, deceives(c) ? REPLACEMENT : c);
	else if (c == '\n' || c == '\r' || c == '\t' || c == '\b')
		buf_addc(out, (char)c);
	else if ((c == 0x0e || c == 0x0f) && !f->plain) /* line drawing of old programs; undone at the end */
		buf_addc(out, (char)c);
	if (c == 0x0e)
		f->used |= USED_ANY;
}

/* ---- sequences with parameters -------------------------------------------------------------------------------------------- */

struct numbers {
	unsigned v[32];
	size_t n;                      /* 0: none at all */
	bool colon;
};

static bool read_numbers(struct slice s, struct numbers *x)
{
	*x = (struct numbers){0};
	if (!s.n)
		return true;
	x->n = 1;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] >= '0' && s.p[i] <= '9') {
			x->v[x->n - 1] = x->v[x->n - 1] * 10 + (unsigned)(s.p[i] - '0');
			if (x->v[x->n - 1] > NUMBER_MOST)
				return false;
		} else if ((s.p[i] == ';' || s.p[i] == ':') && x->n < ARRAY_LEN(x->v)) {
			x->colon = x->colon || s.p[i] == ':';
			x->n++;
		} else {
			return false;
		}
	}
	return true;
}

/* final, how many numbers at most, the largest (0 any) */
static const struct { char final; unsigned most, largest; } plain_rows[] = {
	{'@', 1, 0}, {'A', 1, 0}, {'B', 1, 0}, {'C', 1, 0}, {'D', 1, 0}, {'E', 1, 0}, {'F', 1, 0}, {'G', 1, 0}, {'H', 2, 0}, {'I', 1, 0},
	{'J', 1, 2} /* 3 wipes what one can scroll back to */, {'K', 1, 2}, {'L', 1, 0}, {'M', 1, 0}, {'P', 1, 0}, {'S', 1, 0}, {'T', 1, 0} /* five: the mouse */,
	{'X', 1, 0}, {'Z', 1, 0}, {'`', 1, 0}, {'a', 1, 0}, {'d', 1, 0}, {'e', 1, 0}, {'f', 2, 0}, {'m', 32, 0}, {'r', 2, 0}, {'s', 0, 0} /* with numbers: margins */, {'u', 0, 0},
};

static bool plain_allowed(char final, const struct numbers *x)
{
	for (size_t i = 0; i < ARRAY_LEN(plain_rows); i++)
		if (plain_rows[i].final == final) {
			bool fits = x->n <= plain_rows[i].most && (!x->colon || final == 'm');
			for (size_t k = 0; fits && plain_rows[i].largest && k < x->n; k++)
				fits = x->v[k] <= plain_rows[i].largest;
			return fits;
		}
	return (final == 'h' || final == 'l') && x->n == 1 && x->v[0] == 4 && !x->colon; /* insert or replace */
}

/* Wrap, cursor shown, the other screen. Not: keys, mouse, focus, paste, anything that answers. */
static bool private_allowed(char final, const struct numbers *x)
{
	static const unsigned modes[] = {7, 25, 47, 1047, 1048, 1049};
	if ((final != 'h' && final != 'l') || x->n == 0 || x->colon)
		return false;
	for (size_t i = 0; i < x->n; i++) {
		bool known = false;
		for (size_t k = 0; k < ARRAY_LEN(modes); k++)
			known = known || modes[k] == x->v[i];
		if (!known)
			return false;
	}
	return true;
}

static void control_done(struct cast_filter *f, char final, struct buf *out)
{
	struct numbers x;
	struct slice s = slice_make(f->seq, f->nseq);
	bool own = s.n && s.p[0] == '?';
	f->state = GROUND;
	if (f->plain || f->nseq > sizeof f->seq || !read_numbers(slice_from(s, own), &x) || !(own ? private_allowed(final, &x) : plain_allowed(final, &x)))
		return;
	f->used |= USED_ANY | (final == 'r' ? USED_REGION : 0) | (own && x.v[x.n - 1] != 25 && x.v[x.n - 1] != 7 ? USED_ALTERNATE : 0);
	buf_addz(out, "\033[");
	buf_adds(out, s);
	buf_addc(out, final);
}

/* ---- the machine ------------------------------------------------------------------------------------------------------------- */

static void begin(struct cast_filter *f, unsigned state)
{
	f->state = state;
	f->nseq = 0;
}

static void escape(struct cast_filter *f, uint32_t c, struct buf *out)
{
	begin(f, GROUND);
	if (c == '[')
		f->state = CONTROL;
	else if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_' || c == 'k') /* k: titles of screen */
		f->state = STRING;
	else if (c >= 0x20 && c <= 0x2f) {
		f->state = BETWEEN;
		f->seq[f->nseq++] = (char)c;
	} else if (c < 0x7f && c > 0x2f && strchr("78DEM", (int)c) && !f->plain) {
		char b[2] = {'\033', (char)c};
		buf_add(out, b, 2);
	}
}

static void between(struct cast_filter *f, uint32_t c, struct buf *out)
{
	if (c >= 0x20 && c <= 0x2f) {
		f->nseq = 2; /* no sequence of ours has two */
		return;
	}
	f->state = GROUND;
	if (f->nseq == 1 && (f->seq[0] == '(' || f->seq[0] == ')') && (c == 'B' || c == '0' || c == 'A') && !f->plain) {
		char b[3] = {'\033', f->seq[0], (char)c};
		buf_add(out, b, 3);
		f->used |= USED_ANY;
	}
}

/* Controls of eight bits do what ESC and a letter do. */
static void control8(struct cast_filter *f, uint32_t c)
{
	bool string = c == 0x90 || c == 0x98 || c == 0x9d || c == 0x9e || c == 0x9f;
	begin(f, c == 0x9b ? CONTROL : string ? STRING : GROUND);
}

static void step(struct cast_filter *f, uint32_t c, struct buf *out)
{
	bool string = f->state == STRING || f->state == STRING_ESCAPE;
	if (c == 0x18 || c == 0x1a) {
		begin(f, GROUND);
	} else if (c == 0x1b) {
		f->state = string ? STRING_ESCAPE : ESCAPE;
	} else if (c >= 0x80 && c <= 0x9f) {
		control8(f, c);
	} else if (f->state == STRING_ESCAPE) {
		if (c == '\\')
			f->state = GROUND;
		else
			escape(f, c, out);
	} else if (f->state == STRING) { /* one without an end does not hide the rest of the recording */
		if (c == 0x07 || ++f->nseq > STRING_MOST)
			f->state = GROUND;
	} else if (c < 0x20 || f->state == GROUND) {
		ground(f, c, out);
	} else if (f->state == ESCAPE) {
		escape(f, c, out);
	} else if (f->state == BETWEEN) {
		between(f, c, out);
	} else if (c >= 0x40 && c <= 0x7e) {
		control_done(f, (char)c, out);
	} else if (c > 0x7f) {
		f->state = GROUND;
		ground(f, c, out);
	} else if (f->nseq < sizeof f->seq) {
		f->seq[f->nseq++] = (char)c;
	} else {
		f->nseq = sizeof f->seq + 1;
	}
}

void cast_filter_feed(struct cast_filter *f, struct slice in, struct buf *out)
{
	struct buf text = {0};
	struct utf8_carry carry = {.n = f->carry.n};
	bool bad = false;
	memcpy(carry.b, f->carry.b, sizeof carry.b);
	utf8_take(&carry, in, &text, &bad);
	memcpy(f->carry.b, carry.b, sizeof carry.b);
	f->carry.n = carry.n;
	for (size_t i = 0; i < text.n;) {
		unsigned char c = (unsigned char)text.p[i++];
		unsigned more = c < 0xc0 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		uint32_t code = more == 0 ? c : more == 1 ? c & 0x1fu : more == 2 ? c & 0xfu : c & 7u;
		for (; more && i < text.n; more--)
			code = code << 6 | ((unsigned char)text.p[i++] & 0x3fu);
		step(f, code, out);
	}
	buf_free(&text);
}

void cast_filter_end(const struct cast_filter *f, struct buf *out)
{
	if (f->used)
		buf_addz(out, "\033[0m\033(B\033)B\017\033[?25h\033[?7h\033[4l");
	if (f->used & USED_REGION)
		buf_addz(out, "\0337\033[r\0338");
	if (f->used & USED_ALTERNATE)
		buf_addz(out, "\033[?1049l");
}
