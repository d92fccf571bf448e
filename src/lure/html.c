/* html.c - web pages and pictures that came as files: what their script puts together, what they ask for, where they lead. */
#include "lure/words.h"

enum { LITERAL_LEAST = 800, TAG_MAX = 4096 };

/* Bytes within <script> or in event attributes are judged; the text between is not. */
struct page {
	struct lure *l;
	uint32_t id;
	struct slice s;
	struct buf script;        /* all of it, one after the other */
	bool password, form, foreign, handler;
	struct slice refresh;     /* where meta refresh leads */
	size_t text;              /* letters that are seen */
};

static void meta(struct page *p, struct slice tag)
{
	if (!slice_ieq(lure_attribute(tag, SL("http-equiv")), SL("refresh")))
		return;
	struct slice content = lure_attribute(tag, SL("content"));
	ssize_t at = slice_ifind(content, SL("url="));
	if (at >= 0)
		p->refresh = slice_from(content, (size_t)at + 4);
}

static void event_handlers(struct page *p, struct slice tag)
{
	static const struct slice names[] = {{"onload", 6}, {"onerror", 7}, {"onclick", 7}, {"onbegin", 7}, {"onmouseover", 11}, {"onfocus", 7}};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct slice v = lure_attribute(tag, names[i]);
		if (!v.n)
			continue;
		p->handler = true;
		buf_adds(&p->script, v);
		buf_addc(&p->script, '\n');
	}
	struct slice link = lure_attribute(tag, SL("href"));
	if (slice_istarts(link, SL("javascript:")) && link.n > 20)
		buf_adds(&p->script, link);
	else if (slice_istarts(link, SL("data:")) && slice_ihas(slice_to(link, 64), SL(";base64,"))) /* a file that stands in the link itself */
		hand_on_base64(p->l, p->id, slice_from(link, (size_t)slice_ifind(link, SL(";base64,")) + 8), 64);
}

static size_t one_tag(struct page *p, size_t at)
{
	struct slice rest = slice_from(p->s, at), tag;
	ssize_t end = slice_chr(rest, '>');
	size_t n = end < 0 ? rest.n : (size_t)end + 1;
	tag = slice_to(rest, n);
	if (slice_istarts(tag, SL("<script"))) {
		ssize_t close = slice_ifind(slice_from(rest, n), SL("</script"));
		struct slice body = close < 0 ? slice_from(rest, n) : slice_sub(rest, n, (size_t)close);
		buf_adds(&p->script, body);
		buf_addc(&p->script, '\n');
		return n + body.n;
	}
	if (slice_istarts(tag, SL("<style"))) {
		ssize_t close = slice_ifind(slice_from(rest, n), SL("</style"));
		return n + (close < 0 ? 0 : (size_t)close);
	}
	if (slice_istarts(tag, SL("<!--"))) {
		ssize_t close = slice_find(rest, SL("-->"));
		return close < 0 ? rest.n : (size_t)close + 3;
	}
	if (slice_istarts(tag, SL("<input")) && slice_ieq(lure_attribute(tag, SL("type")), SL("password")))
		p->password = true;
	p->form |= slice_istarts(tag, SL("<form"));
	p->foreign |= slice_istarts(tag, SL("<foreignobject")) || slice_istarts(tag, SL("<iframe")) || slice_istarts(tag, SL("<embed")) || slice_istarts(tag, SL("<object"));
	if (slice_istarts(tag, SL("<meta")))
		meta(p, slice_to(tag, TAG_MAX));
	event_handlers(p, tag);
	return n;
}

static void read_page(struct page *p)
{
	for (size_t at = 0; at < p->s.n && !lure_stop(p->l);) {
		if (p->s.p[at] == '<' && at + 1 < p->s.n) {
			at += MAX(one_tag(p, at), (size_t)1);
			continue;
		}
		p->text += (uint8_t)p->s.p[at] > ' ';
		at++;
	}
}

static const char *assembles(struct slice script)
{
	static const char *const words[] = {"createobjecturl", "mssaveoropenblob", "mssaveblob", "new blob(", ".download=", ".download =", "setattribute('download'", "setattribute(\"download\"", "data:application/octet-stream", "new file("};
	return WORD_IN(script, words);
}

static bool has_long_literal(struct slice s)
{
	size_t run = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool data = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' || c == ',' || c == 'x' || c == '\\' || c == ' ' || c == '\n';
		run = data ? run + 1 : 0;
		if (run >= LITERAL_LEAST)
			return true;
	}
	return false;
}

static void judge_page(struct page *p)
{
	static const char *const moves[] = {"location.href", "location.replace", "window.location", "document.location", "location=", "location ="};
	static const char *const obscure[] = {"eval(", "unescape(", "string.fromcharcode(", "document.write(atob", "document.write(unescape", "decodeuricomponent(escape", "new function("};
	struct slice script = buf_slice(&p->script);
	const char *how = assembles(script), *decodes = decoder_in(script);
	size_t hidden = script.n ? hand_on_base64(p->l, p->id, script, 200) : 0;
	if (how && (decodes || has_long_literal(script) || hidden))
		lure_found(p->l, p->id, IND_HTML_SMUGGLING, UINT64_MAX, "script", "%s%s%s", how, decodes ? " ... " : "", decodes ? decodes : "");
	if (p->password)
		lure_found(p->l, p->id, IND_HTML_PASSWORD, UINT64_MAX, NULL, "<input type=password>%s", p->form ? " in a form" : "");
	if (p->refresh.n && is_remote(p->refresh))
		lure_found_slice(p->l, p->id, IND_HTML_REDIRECT, UINT64_MAX, SL("meta refresh"), p->refresh);
	else if (WORD_IN(script, moves) && p->text < 600)
		lure_found(p->l, p->id, IND_HTML_REDIRECT, UINT64_MAX, "script", "%s", WORD_IN(script, moves));
	if (WORD_IN(script, obscure) && (has_long_literal(script) || hidden))
		lure_found(p->l, p->id, IND_SCRIPT_ENCODED, UINT64_MAX, "script", "%s", WORD_IN(script, obscure));
}

void parse_html(struct lure *l, uint32_t id, struct slice bytes)
{
	struct page p = {.l = l, .id = id, .s = slice_starts(bytes, SL("\xff\xfe")) ? utf16_text(l, slice_from(bytes, 2), false) : bytes};
	read_page(&p);
	judge_page(&p);
	buf_free(&p.script);
}

void parse_svg(struct lure *l, uint32_t id, struct slice bytes)
{
	struct page p = {.l = l, .id = id, .s = bytes};
	read_page(&p);
	struct slice script = slice_trim(buf_slice(&p.script));
	if (script.n || p.foreign || p.handler)
		lure_found_slice(l, id, IND_SVG_ACTIVE, UINT64_MAX, p.foreign ? SL("foreign content") : SL("script"), script.n ? script : SL("foreignObject"));
	judge_page(&p);
	buf_free(&p.script);
}

/* XML that is none of those above: style sheets that hold script. */
void parse_xml(struct lure *l, uint32_t id, struct slice bytes)
{
	static const char *const words[] = {"<ms:script", "<msxsl:script", "urn:schemas-microsoft-com:xslt", "<scriptlet", "<?xml-stylesheet"};
	if (slice_ihas(bytes, SL("<ms:script")) || slice_ihas(bytes, SL("<msxsl:script")) || slice_ihas(bytes, SL("<scriptlet")))
		lure_found(l, id, IND_SCRIPT_FILE, (uint64_t)slice_ifind(bytes, slice_of(WORD_IN(bytes, words))), NULL, "%s", WORD_IN(bytes, words));
	judge_script(l, id, bytes, NULL);
}
