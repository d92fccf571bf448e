/* text.c - encodings that parsers share. */
#include "lure/lure_private.h"

struct slice utf16_text(struct lure *l, struct slice bytes, bool zero)
{
	struct buf b = {0};
	for (size_t i = 0; i + 1 < bytes.n && b.n < (1u << 20); i += 2) {
		uint32_t c = le16(bytes, i);
		if (!c && zero)
			break;
		if (c >= 0xd800 && c < 0xdc00 && i + 3 < bytes.n && (le16(bytes, i + 2) & 0xfc00) == 0xdc00) {
			c = 0x10000 + ((c & 0x3ff) << 10) + (le16(bytes, i + 2) & 0x3ff);
			i += 2;
		} else if (c >= 0xd800 && c < 0xe000) {
			c = 0xfffd;
		}
		if (c < 0x80) {
			buf_addc(&b, (char)c);
		} else if (c < 0x800) {
			buf_addc(&b, (char)(0xc0 | c >> 6));
			buf_addc(&b, (char)(0x80 | (c & 0x3f)));
		} else if (c < 0x10000) {
			buf_addc(&b, (char)(0xe0 | c >> 12));
			buf_addc(&b, (char)(0x80 | (c >> 6 & 0x3f)));
			buf_addc(&b, (char)(0x80 | (c & 0x3f)));
		} else {
			buf_addc(&b, (char)(0xf0 | c >> 18));
			buf_addc(&b, (char)(0x80 | (c >> 12 & 0x3f)));
			buf_addc(&b, (char)(0x80 | (c >> 6 & 0x3f)));
			buf_addc(&b, (char)(0x80 | (c & 0x3f)));
		}
	}
	struct slice r = slice_dup(lure_arena(l), buf_slice(&b));
	buf_free(&b);
	return r;
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

struct slice base64_bytes(struct lure *l, struct slice text)
{
	size_t most = MIN(text.n / 4 * 3 + 3, (size_t)lure_room(l)), n = 0;
	char *to = arena_alloc(lure_arena(l), most + 1);
	uint32_t bits = 0;
	unsigned have = 0;
	for (size_t i = 0; i < text.n && n < most; i++) {
		char c = text.p[i];
		if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
			continue;
		int v = value_of(c);
		if (v < 0)
			break;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			to[n++] = (char)(bits >> have);
		}
	}
	return slice_make(to, n);
}
