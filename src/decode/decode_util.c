/* decode_util.c - values that the log wrote in another form: escapes, percent-encoding, hex; key=value text. */
#include "decode/decode_private.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void decode_add_copy(struct decoder *d, struct event *e, enum field_id f, struct slice text)
{
	event_add(d->out, e, f, slice_dup(&d->out->arena, text));
}

/* One escape at s (s.p[0] is a backslash): the byte it stands for; *used bytes read. */
static char unescape(struct slice s, size_t *used)
{
	static const char from[] = "nrtbfv0", to[] = "\n\r\t\b\f\v";
	*used = 2;
	if (s.n >= 4 && s.p[1] == 'x' && hex_digit(s.p[2]) >= 0 && hex_digit(s.p[3]) >= 0) {
		*used = 4;
		return (char)(hex_digit(s.p[2]) * 16 + hex_digit(s.p[3]));
	}
	const char *q = memchr(from, s.p[1], sizeof from - 1);
	return q ? to[q - from] : s.p[1];
}

void decode_add_unescaped(struct decoder *d, struct event *e, enum field_id f, struct slice text)
{
	if (slice_chr(text, '\\') < 0) {
		event_add(d->out, e, f, text);
		return;
	}
	d->tmp.n = 0;
	for (size_t i = 0; i < text.n;) {
		if (text.p[i] == '\\' && i + 1 < text.n) {
			size_t used;
			buf_addc(&d->tmp, unescape(slice_from(text, i), &used));
			i += used;
		} else {
			buf_addc(&d->tmp, text.p[i++]);
		}
	}
	decode_add_copy(d, e, f, buf_slice(&d->tmp));
}

struct slice decode_percent(struct decoder *d, struct slice text)
{
	if (slice_chr(text, '%') < 0)
		return text;
	d->tmp.n = 0;
	for (size_t i = 0; i < text.n; i++) {
		int hi, lo;
		if (text.p[i] == '%' && text.n - i > 2 && (hi = hex_digit(text.p[i + 1])) >= 0 && (lo = hex_digit(text.p[i + 2])) >= 0) {
			buf_addc(&d->tmp, (char)(hi * 16 + lo));
			i += 2;
		} else {
			buf_addc(&d->tmp, text.p[i]);
		}
	}
	return slice_dup(&d->out->arena, buf_slice(&d->tmp));
}

bool decode_hex(struct decoder *d, struct slice hex, struct slice *out)
{
	if (hex.n == 0 || hex.n % 2)
		return false;
	char *p = arena_alloc(&d->out->arena, hex.n / 2);
	for (size_t i = 0; i < hex.n; i += 2) {
		int hi = hex_digit(hex.p[i]), lo = hex_digit(hex.p[i + 1]);
		if (hi < 0 || lo < 0)
			return false;
		p[i / 2] = (char)(hi * 16 + lo);
	}
	*out = slice_make(p, hex.n / 2);
	return true;
}

static bool kv_space(char c)
{
	return c == ' ' || c == '\t' || c == ',' || c == ';';
}

bool kv_next(struct slice *s, struct slice *key, struct slice *value)
{
	while (s->n) {
		while (s->n && kv_space(s->p[0]))
			*s = slice_from(*s, 1);
		size_t i = 0;
		while (i < s->n && s->p[i] != '=' && !kv_space(s->p[i]))
			i++;
		if (i == s->n || s->p[i] != '=' || i == 0) { /* a word without '=' */
			*s = slice_from(*s, i ? i : 1);
			continue;
		}
		*key = slice_to(*s, i);
		*s = slice_from(*s, i + 1);
		char q = s->n ? s->p[0] : 0;
		if (q == '"' || q == '\'') {
			struct slice rest = slice_from(*s, 1);
			ssize_t end = slice_chr(rest, q);
			*value = slice_to(rest, end < 0 ? rest.n : (size_t)end);
			*s = slice_from(rest, end < 0 ? rest.n : (size_t)end + 1);
		} else {
			size_t n = 0;
			while (n < s->n && !kv_space(s->p[n]))
				n++;
			*value = slice_to(*s, n);
			*s = slice_from(*s, n);
		}
		return true;
	}
	return false;
}

struct slice kv_get(struct slice s, struct slice key)
{
	struct slice k, v;
	while (kv_next(&s, &k, &v))
		if (slice_eq(k, key))
			return v;
	return SLICE_NONE;
}
