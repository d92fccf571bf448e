/* html.c - what a reader sees of an HTML body: text, links with their words, pictures; and what is there but not to be seen. */
#include "mail/mail_private.h"

#include <stdlib.h>

enum { TAG_MAX = 8192, DEPTH_HIDDEN = 64 };

struct page {
	struct message *m;
	struct slice s;
	struct anchor *open;              /* the link we are in; NULL none */
	struct buf words;                 /* of it */
	unsigned hidden;                  /* how deep in what is not seen */
	char hidden_tag[16];
	size_t hidden_n;
};

static void utf8_add(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_addc(out, (char)c);
		return;
	}
	unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	buf_addc(out, (char)((more == 1 ? 0xc0 : more == 2 ? 0xe0 : 0xf0) | c >> (6 * more)));
	while (more--)
		buf_addc(out, (char)(0x80 | (c >> (6 * more) & 0x3f)));
}

/* &amp; &#x41; and a few names; what is not known stays. */
static size_t entity(struct slice s, struct buf *out)
{
	static const struct { const char *name, *text; } names[] = {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&nbsp;", " "}, {"&apos;", "'"}, {"&zwnj;", ""}, {"&shy;", ""}, {"&ndash;", "-"}, {"&mdash;", "-"},
		{"&auml;", "ä"}, {"&ouml;", "ö"}, {"&uuml;", "ü"}, {"&Auml;", "Ä"}, {"&Ouml;", "Ö"}, {"&Uuml;", "Ü"}, {"&szlig;", "ß"}, {"&eacute;", "é"}, {"&rsquo;", "'"}, {"&copy;", "(c)"}};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_starts(s, slice_of(names[i].name))) {
			buf_addz(out, names[i].text);
			return strlen(names[i].name);
		}
	if (s.n > 3 && s.p[1] == '#') {
		bool hex = s.p[2] == 'x' || s.p[2] == 'X';
		ssize_t end = slice_chr(slice_to(s, 12), ';');
		uint64_t c = 0;
		struct slice digits = end > 0 ? slice_to(slice_from(s, hex ? 3 : 2), (size_t)end - (hex ? 3 : 2)) : SLICE_NONE;
		if (digits.n && (hex ? slice_hex(digits, &c) : slice_u64(digits, 0x10ffff, &c)) && c && c <= 0x10ffff && !(c >= 0xd800 && c < 0xe000)) {
			utf8_add(out, (uint32_t)c);
			return (size_t)end + 1;
		}
	}
	buf_addc(out, '&');
	return 1;
}

static void show(struct page *p, struct slice s)
{
	struct message *m = p->m;
	if (p->hidden) {
		for (size_t i = 0; i < s.n; i++)
			m->hidden_text += (uint8_t)s.p[i] > ' ';
		return;
	}
	for (size_t i = 0; i < s.n && m->seen.n < TEXT_MAX;) {
		size_t from = m->seen.n;
		if (s.p[i] == '&') {
			i += entity(slice_from(s, i), &m->seen);
		} else {
			char c = s.p[i++];
			buf_addc(&m->seen, c == '\n' || c == '\r' || c == '\t' ? ' ' : c);
		}
		if (p->open && p->words.n < 2000)
			buf_add(&p->words, m->seen.p + from, m->seen.n - from);
	}
}

static void close_anchor(struct page *p)
{
	if (!p->open)
		return;
	p->open->text = slice_dup(lure_arena(p->m->l), slice_trim(buf_slice(&p->words)));
	p->open = NULL;
	p->words.n = 0;
}

static void open_anchor(struct page *p, struct slice url)
{
	struct message *m = p->m;
	struct buf plain = {0};
	close_anchor(p);
	for (size_t i = 0; i < url.n && plain.n < 8192;)
		if (url.p[i] == '&')
			i += entity(slice_from(url, i), &plain);
		else
			buf_addc(&plain, url.p[i++]);
	if (m->nanchors < ANCHORS_MAX) {
		struct { struct anchor *v; size_t n, cap; } a = {m->anchors, m->nanchors, m->capanchors};
		*vec_push(&a) = (struct anchor){.url = slice_dup(lure_arena(m->l), slice_trim(buf_slice(&plain)))};
		m->anchors = a.v;
		m->nanchors = a.n;
		m->capanchors = a.cap;
		p->open = &m->anchors[m->nanchors - 1];
	}
	buf_free(&plain);
}

static bool is_hidden(struct slice style)
{
	static const char *const words[] = {"display:none", "display: none", "visibility:hidden", "visibility: hidden", "font-size:0", "font-size: 0", "max-height:0", "max-height: 0", "opacity:0;", "opacity: 0;", "mso-hide:all", "mso-hide: all"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		ssize_t at = slice_ifind(style, slice_of(words[i]));
		struct slice rest = at < 0 ? SLICE_NONE : slice_from(style, (size_t)at + strlen(words[i]));
		if (at >= 0 && !(rest.n && (rest.p[0] == '.' || (rest.p[0] >= '0' && rest.p[0] <= '9')))) /* "font-size:0.9em" is seen */
			return true;
	}
	return false;
}

static struct slice tag_name(struct slice tag)
{
	struct slice t = slice_from(tag, tag.n > 1 && tag.p[1] == '/' ? 2 : 1);
	size_t n = 0;
	while (n < t.n && ((t.p[n] >= 'a' && t.p[n] <= 'z') || (t.p[n] >= 'A' && t.p[n] <= 'Z') || (t.p[n] >= '0' && t.p[n] <= '9')))
		n++;
	return slice_to(t, n);
}

static bool is_void(struct slice name)
{
	static const char *const names[] = {"img", "br", "hr", "meta", "input", "link", "area", "base", "col", "wbr"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_ieq(name, slice_of(names[i])))
			return true;
	return false;
}

static void image(struct page *p, struct slice tag)
{
	struct slice src = lure_attribute(tag, SL("src")), w = lure_attribute(tag, SL("width")), h = lure_attribute(tag, SL("height"));
	bool pixel = (slice_eqz(w, "1") || slice_eqz(w, "0")) && (slice_eqz(h, "1") || slice_eqz(h, "0"));
	if (pixel || p->hidden)
		return;
	p->m->images++;
	p->m->remote_images += slice_istarts(src, SL("http"));
	if (p->open)
		p->open->image = true;
}

/* Counts what is open of the tag that hides, so that its own end is found. */
static void hiding(struct page *p, struct slice name, bool end, struct slice tag)
{
	if (p->hidden) {
		if (slice_ieq(name, slice_make(p->hidden_tag, p->hidden_n)))
			p->hidden += end ? -1u : 1u;
		return;
	}
	if (!end && name.n && name.n < sizeof p->hidden_tag && !is_void(name) && is_hidden(lure_attribute(tag, SL("style")))) {
		memcpy(p->hidden_tag, name.p, name.n);
		p->hidden_n = name.n;
		p->hidden = 1;
	}
}

static size_t skip_to(struct slice rest, struct slice mark, size_t n)
{
	ssize_t at = slice_ifind(slice_from(rest, n), mark);
	return at < 0 ? rest.n : n + (size_t)at;
}

static size_t one_tag(struct page *p, size_t at)
{
	struct slice rest = slice_from(p->s, at);
	if (slice_starts(rest, SL("<!--")))
		return MIN(skip_to(rest, SL("-->"), 4) + 3, rest.n);
	ssize_t end = slice_chr(rest, '>');
	size_t n = end < 0 ? rest.n : (size_t)end + 1;
	struct slice tag = slice_to(rest, MIN(n, (size_t)TAG_MAX)), name = tag_name(tag);
	bool closing = tag.n > 1 && tag.p[1] == '/';
	if (!closing && (slice_ieq(name, SL("style")) || slice_ieq(name, SL("script")) || slice_ieq(name, SL("title"))))
		return MAX(skip_to(rest, slice_ieq(name, SL("style")) ? SL("</style") : slice_ieq(name, SL("script")) ? SL("</script") : SL("</title"), n), n);
	hiding(p, name, closing, tag);
	if (slice_ieq(name, SL("a"))) {
		if (closing)
			close_anchor(p);
		else if (lure_attribute(tag, SL("href")).n)
			open_anchor(p, lure_attribute(tag, SL("href")));
	} else if (slice_ieq(name, SL("area")) && lure_attribute(tag, SL("href")).n) {
		open_anchor(p, lure_attribute(tag, SL("href")));
		close_anchor(p);
	} else if (slice_ieq(name, SL("img"))) {
		image(p, tag);
	} else if (!slice_ieq(name, SL("b")) && !slice_ieq(name, SL("i")) && !slice_ieq(name, SL("span")) && !slice_ieq(name, SL("font")) && !slice_ieq(name, SL("strong")) && !slice_ieq(name, SL("em"))) {
		show(p, SL(" "));
	}
	return n;
}

void html_read(struct message *m, struct slice html)
{
	struct page p = {.m = m, .s = html};
	for (size_t at = 0; at < html.n && !lure_stop(m->l);) {
		struct slice rest = slice_from(html, at);
		bool opens = rest.p[0] == '<' && rest.n > 1 && (rest.p[1] == '/' || rest.p[1] == '!' || rest.p[1] == '?' || (rest.p[1] | 32) >= 'a');
		if (opens) {
			at += MAX(one_tag(&p, at), (size_t)1);
			continue;
		}
		ssize_t next = slice_chr(slice_from(rest, 1), '<');
		size_t n = next < 0 ? rest.n : (size_t)next + 1;
		show(&p, slice_to(rest, n));
		at += n;
	}
	close_anchor(&p);
	buf_free(&p.words);
}
