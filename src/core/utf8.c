/* utf8.c - is it UTF-8, and writing foreign bytes where something else reads them: JSON, HTML, a terminal.
 *
 * Limits: a sequence that is cut or wrong counts up to the byte that makes it wrong (maximal subpart, Unicode 3.9).
 */
#include "core/core.h"

/* Length of the well-formed sequence at p (n > 0), or minus the number of bytes that are no part of one. */
static int sequence(const unsigned char *p, size_t n)
{
	unsigned char c = p[0], lo = 0x80, hi = 0xbf;
	int more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;

	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return -1;
	switch (c) { /* overlong forms, surrogates, above U+10FFFF: RFC 3629 section 4 */
	case 0xe0: lo = 0xa0; break;
	case 0xed: hi = 0x9f; break;
	case 0xf0: lo = 0x90; break;
	case 0xf4: hi = 0x8f; break;
	default: break;
	}
	for (int i = 1; i <= more; i++) {
		if ((size_t)i >= n || p[i] < lo || p[i] > hi)
			return -i;
		lo = 0x80;
		hi = 0xbf;
	}
	return more + 1;
}

static size_t ascii_run(const unsigned char *p, size_t n)
{
	size_t i = 0;
	uint64_t w;

	for (; n - i >= sizeof w; i += sizeof w) {
		memcpy(&w, p + i, sizeof w);
		if (w & 0x8080808080808080u)
			break;
	}
	while (i < n && p[i] < 0x80)
		i++;
	return i;
}

bool slice_utf8(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t i = 0;

	while (i < s.n) {
		i += ascii_run(p + i, s.n - i);
		if (i < s.n) {
			int len = sequence(p + i, s.n - i);
			if (len < 0)
				return false;
			i += (size_t)len;
		}
	}
	return true;
}

/* ---- JSON -------------------------------------------------------------------------------------------------- */

static void json_escape(struct buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char u[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	switch (c) {
	case '"': buf_add(b, "\\\"", 2); return;
	case '\\': buf_add(b, "\\\\", 2); return;
	case '\b': buf_add(b, "\\b", 2); return;
	case '\f': buf_add(b, "\\f", 2); return;
	case '\n': buf_add(b, "\\n", 2); return;
	case '\r': buf_add(b, "\\r", 2); return;
	case '\t': buf_add(b, "\\t", 2); return;
	default: buf_add(b, u, sizeof u); return;
	}
}

static inline bool json_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

void buf_json(struct buf *b, struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t i = 0, done = 0;

	buf_addc(b, '"');
	while (i < s.n) {
		int len;
		if (json_plain(p[i])) {
			i++;
			continue;
		}
		len = sequence(p + i, s.n - i);
		if (len > 1) {
			i += (size_t)len;
			continue;
		}
		buf_add(b, p + done, i - done);
		if (len == 1)
			json_escape(b, p[i]);
		else
			buf_add(b, "\xef\xbf\xbd", 3);
		i += (size_t)(len < 0 ? -len : len);
		done = i;
	}
	if (s.n)
		buf_add(b, p + done, s.n - done);
	buf_addc(b, '"');
}

/* ---- text that people see ---------------------------------------------------------------------------------- */

/* Characters that turn the direction of what stands around them: with one of these a line reads as something else
 * than it is. U+061C, U+200E, U+200F, U+202A-202E, U+2066-2069. */
static bool turns_text(const unsigned char *p, int len)
{
	if (len == 2)
		return p[0] == 0xd8 && p[1] == 0x9c;
	if (len != 3 || p[0] != 0xe2)
		return false;
	if (p[1] == 0x80)
		return p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xaa && p[2] <= 0xae);
	return p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9;
}

/* Bytes at p (n > 0) that belong together; positive when they may be shown as they are, else negative. */
static int visible(const unsigned char *p, size_t n)
{
	int len = sequence(p, n);

	if (len == 1)
		return p[0] < 0x20 || p[0] == 0x7f ? -1 : 1;
	if (len == 2 && p[0] == 0xc2 && p[1] < 0xa0) /* C1: U+009B starts a control sequence as ESC [ does */
		return -2;
	return turns_text(p, len) ? -len : len;
}

static void add_hex(struct buf *b, const unsigned char *p, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		char x[] = {'\\', 'x', hex[p[i] >> 4], hex[p[i] & 15]};
		buf_add(b, x, sizeof x);
	}
}

static const char *html_entity(unsigned char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	default: return NULL;
	}
}

static const char *no_entity(unsigned char c)
{
	(void)c;
	return NULL;
}

static inline void add_visible(struct buf *b, struct slice s, const char *(*entity)(unsigned char))
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t i = 0, done = 0;

	while (i < s.n) {
		int len = visible(p + i, s.n - i);
		const char *z = len == 1 ? entity(p[i]) : NULL;
		if (len > 0 && z == NULL) {
			i += (size_t)len;
			continue;
		}
		buf_add(b, p + done, i - done);
		if (z != NULL)
			buf_addz(b, z);
		else
			add_hex(b, p + i, (size_t)-len);
		i += z != NULL ? 1 : (size_t)-len;
		done = i;
	}
	if (s.n)
		buf_add(b, p + done, s.n - done);
}

void buf_html(struct buf *b, struct slice s)
{
	add_visible(b, s, html_entity);
}

void buf_term(struct buf *b, struct slice s)
{
	add_visible(b, s, no_entity);
}
