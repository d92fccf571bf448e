/* office_xml.c - XML as office documents hold it, one tag after the other. Prefixes are cut off: they are the writer's choice, and no two names that matter here differ
 * by their namespace alone. A DTD is passed over and said: no office document has one. */
#include "lure/office_private.h"

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void xml_start(struct xml *x, struct office *o, struct slice s)
{
	*x = (struct xml){.s = s};
	if (s.n >= 4 && ((s.p[0] == '\xff' && s.p[1] == '\xfe') || (s.p[0] == '<' && s.p[1] == 0)))
		x->s = office_utf16(o, slice_from(s, s.p[0] == '<' ? 0 : 2));
	else if (s.n >= 4 && ((s.p[0] == '\xfe' && s.p[1] == '\xff') || (s.p[0] == 0 && s.p[1] == '<'))) {
		char *p = office_take(o, s.n + 1, "XML");
		size_t n = s.n & ~(size_t)1;
		for (size_t i = 0; p && i < n; i++)
			p[i] = s.p[i ^ 1];
		x->s = p ? office_utf16(o, slice_from(slice_make(p, n), s.p[0] == 0 ? 0 : 2)) : SLICE_NONE;
	} else if (slice_starts(s, SL("\xef\xbb\xbf")))
		x->s = slice_from(s, 3);
}

/* Behind <!-- -->, <![CDATA[ ]]> and the like; the text of CDATA is text. */
static bool skip_special(struct xml *x, struct slice r)
{
	static const struct { struct slice from, to; } kinds[] = {{SL("<!--"), SL("-->")}, {SL("<?"), SL("?>")}, {SL("<!"), SL(">")}};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!slice_starts(r, kinds[i].from))
			continue;
		ssize_t end = slice_find(slice_from(r, kinds[i].from.n), kinds[i].to);
		x->dtd = x->dtd || slice_istarts(r, SL("<!DOCTYPE"));
		x->at = end < 0 ? x->s.n : x->at + kinds[i].from.n + (size_t)end + kinds[i].to.n;
		return true;
	}
	return false;
}

/* The '>' of a tag, not those in quoted values. */
static size_t tag_end(struct slice r)
{
	char quote = 0;
	for (size_t i = 1; i < r.n; i++) {
		char c = r.p[i];
		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '>')
			return i;
	}
	return r.n;
}

static void tag_name(struct xml *x, struct slice tag)
{
	size_t n = 0;
	while (n < tag.n && !blank(tag.p[n]) && tag.p[n] != '/')
		n++;
	x->name = slice_to(tag, n);
	x->rest = slice_from(tag, n);
	x->prefix = SLICE_NONE;
	ssize_t colon = slice_chr(x->name, ':');
	if (colon >= 0) {
		x->prefix = slice_to(x->name, (size_t)colon);
		x->name = slice_from(x->name, (size_t)colon + 1);
	}
}

static enum xml_event next_tag(struct xml *x, struct slice r)
{
	size_t end = tag_end(r);
	bool closing = r.n > 1 && r.p[1] == '/';
	struct slice tag = slice_sub(r, closing ? 2 : 1, end - MIN(end, closing ? 2u : 1u));
	x->at += MIN(end + 1, r.n);
	x->empty = !closing && slice_ends(tag, SL("/"));
	if (x->empty)
		tag.n--;
	tag_name(x, tag);
	if (closing) {
		x->depth -= x->depth > 0;
		return XML_CLOSE;
	}
	if (++x->depth > XML_DEPTH_MAX) {
		x->deep = true;
		return XML_END;
	}
	x->closing = x->empty;
	return XML_OPEN;
}

enum xml_event xml_next(struct xml *x)
{
	if (x->closing) {
		x->closing = false;
		x->depth--;
		return XML_CLOSE;
	}
	while (x->at < x->s.n) {
		struct slice r = slice_from(x->s, x->at);
		if (slice_starts(r, SL("<![CDATA["))) {
			ssize_t end = slice_find(r, SL("]]>"));
			x->text = slice_sub(r, 9, end < 9 ? r.n : (size_t)end - 9);
			x->at = end < 0 ? x->s.n : x->at + (size_t)end + 3;
			return XML_TEXT;
		}
		if (r.p[0] == '<') {
			if (skip_special(x, r))
				continue;
			return next_tag(x, r);
		}
		ssize_t tag = slice_chr(r, '<');
		x->text = tag < 0 ? r : slice_to(r, (size_t)tag);
		x->at += x->text.n;
		return XML_TEXT;
	}
	return XML_END;
}

struct slice xml_attr(const struct xml *x, const char *name)
{
	struct slice r = x->rest, want = slice_of(name);
	for (int i = 0; i < XML_ATTRIBUTES_MAX; i++) {
		while (r.n && blank(r.p[0]))
			r = slice_from(r, 1);
		ssize_t eq = slice_chr(r, '=');
		if (eq < 0)
			break;
		struct slice key = slice_to(r, (size_t)eq);
		while (key.n && blank(key.p[key.n - 1]))
			key.n--;
		ssize_t colon = slice_chr(key, ':');
		key = slice_from(key, (size_t)(colon + 1));
		r = slice_from(r, (size_t)eq + 1);
		while (r.n && blank(r.p[0]))
			r = slice_from(r, 1);
		if (r.n == 0 || (r.p[0] != '"' && r.p[0] != '\''))
			break;
		ssize_t end = slice_chr(slice_from(r, 1), r.p[0]);
		struct slice value = end < 0 ? slice_from(r, 1) : slice_sub(r, 1, (size_t)end);
		if (slice_eq(key, want))
			return value;
		r = slice_from(r, value.n + 2);
	}
	return SLICE_NONE;
}

static size_t put_utf8(char *to, uint64_t c)
{
	if (c < 0x80)
		return to[0] = (char)c, 1;
	if (c < 0x800)
		return to[0] = (char)(0xc0 | c >> 6), to[1] = (char)(0x80 | (c & 63)), 2;
	if (c < 0x10000)
		return to[0] = (char)(0xe0 | c >> 12), to[1] = (char)(0x80 | (c >> 6 & 63)), to[2] = (char)(0x80 | (c & 63)), 3;
	return to[0] = (char)(0xf0 | c >> 18), to[1] = (char)(0x80 | (c >> 12 & 63)), to[2] = (char)(0x80 | (c >> 6 & 63)), to[3] = (char)(0x80 | (c & 63)), 4;
}

/* One reference at the start of s, "&...;": its bytes into to (at most as many as it is long); how long it was, 0: none. */
static size_t reference(struct slice s, char *to, size_t *n)
{
	static const struct { struct slice name; char c; } five[] = {{SL("&amp;"), '&'}, {SL("&lt;"), '<'}, {SL("&gt;"), '>'}, {SL("&quot;"), '"'}, {SL("&apos;"), '\''}};
	uint64_t c;
	for (size_t i = 0; i < ARRAY_LEN(five); i++)
		if (slice_starts(s, five[i].name))
			return *to = five[i].c, *n = 1, five[i].name.n;
	ssize_t end = slice_chr(slice_to(s, 12), ';');
	if (end < 3 || s.p[1] != '#')
		return 0;
	bool hex = s.p[2] == 'x' || s.p[2] == 'X';
	struct slice digits = slice_sub(s, hex ? 3 : 2, (size_t)end - (hex ? 3 : 2));
	if (!(hex ? slice_hex(digits, &c) && c <= 0x10ffff : slice_u64(digits, 0x10ffff, &c)))
		return 0;
	*n = put_utf8(to, c); /* "&#x80;" has six bytes for two, "&#10;" five for one: never more than it was */
	return (size_t)end + 1;
}

struct slice xml_unescape(struct office *o, struct slice s)
{
	if (slice_chr(s, '&') < 0)
		return s;
	char *p = office_take(o, s.n + 4, "XML");
	size_t n = 0;
	if (!p)
		return s;
	for (size_t i = 0; i < s.n;) {
		size_t wrote = 0, read = s.p[i] == '&' ? reference(slice_from(s, i), p + n, &wrote) : 0;
		if (read == 0)
			p[n++] = s.p[i++];
		n += wrote;
		i += read;
	}
	return slice_make(p, n);
}

struct slice xml_attr_text(const struct xml *x, struct office *o, const char *name) { return xml_unescape(o, xml_attr(x, name)); }
