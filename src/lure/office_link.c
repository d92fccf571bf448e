/* office_link.c - what documents load from elsewhere, and what their fields and formulas start. */
#include "lure/office_private.h"

#include <ctype.h>

/* ---- targets ------------------------------------------------------------------------------------------------------------------ */
enum place { PLACE_HERE, PLACE_INSIDE /* a server by its short name */, PLACE_OUTSIDE, PLACE_SCHEME /* that runs a handler */ };

static struct slice host_of(struct slice s)
{
	size_t n = 0;
	while (n < s.n && !strchr("/\\?#:", s.p[n]))
		n++;
	struct slice host = slice_to(s, n);
	ssize_t at = slice_chr(host, '@');
	return at >= 0 ? slice_from(host, (size_t)at + 1) : host;
}

static enum place by_host(struct slice host) { return host.n == 0 || slice_ieq(host, SL("localhost")) ? PLACE_HERE : slice_chr(host, '.') >= 0 ? PLACE_OUTSIDE : PLACE_INSIDE; }

/* \\server\share, also as Word writes it in fields, with every backslash doubled. */
static bool unc(struct slice s, struct slice *host)
{
	size_t n = 0;
	while (n < s.n && (s.p[n] == '\\' || s.p[n] == '/'))
		n++;
	if (n < 2)
		return false;
	*host = host_of(slice_from(s, n));
	return true;
}

static enum place place_of(struct slice t, bool *is_unc, bool *web)
{
	static const char *const handlers[] = {"mhtml:", "ms-msdt:", "search-ms:", "javascript:", "vbscript:", "script:", "ms-excel:", "ms-word:", "ms-powerpoint:", "x-usc:", "its:", "ms-its:", "shell:", "ldap:"};
	struct slice host;
	*is_unc = *web = false;
	t = slice_trim(t);
	for (size_t i = 0; i < ARRAY_LEN(handlers); i++)
		if (slice_istarts(t, slice_of(handlers[i])))
			return PLACE_SCHEME;
	if (slice_istarts(t, SL("http://")) || slice_istarts(t, SL("https://")) || slice_istarts(t, SL("ftp://"))) {
		*web = true;
		return by_host(host_of(slice_from(t, (size_t)slice_find(t, SL("//")) + 2)));
	}
	if (slice_istarts(t, SL("file:"))) {
		t = slice_from(t, 5);
		/* file:///C:\x is here, file://server/x and file://///server/x are not */
		size_t n = 0;
		while (n < t.n && (t.p[n] == '/' || t.p[n] == '\\'))
			n++;
		struct slice rest = slice_from(t, n);
		if (n == 0 || n == 3 || (rest.n > 1 && rest.p[1] == ':'))
			return n == 3 && unc(slice_from(t, 3), &host) ? by_host(host) : PLACE_HERE;
		*is_unc = true;
		return by_host(host_of(rest));
	}
	if (unc(t, &host)) {
		*is_unc = true;
		return host.n == 1 && host.p[0] == '.' ? PLACE_HERE : by_host(host);
	}
	return PLACE_HERE;
}

/* [kind][outside?]: what to say of a target on the web or on a server; IND_NONE: nothing. */
static const enum indicator says[][2] = {
	[LINK_TEMPLATE] = {IND_OFFICE_TEMPLATE_INSIDE, IND_OFFICE_REMOTE_TEMPLATE},
	[LINK_OBJECT] = {IND_OFFICE_OBJECT_INSIDE, IND_OFFICE_REMOTE_OBJECT},
	[LINK_FRAME] = {IND_OFFICE_OBJECT_INSIDE, IND_OFFICE_REMOTE_FRAME},
	[LINK_WORKBOOK] = {IND_NONE, IND_OFFICE_REMOTE_WORKBOOK},
	[LINK_PICTURE] = {IND_NONE, IND_OFFICE_REMOTE_PICTURE},
	[LINK_OTHER] = {IND_NONE, IND_OFFICE_REMOTE_OTHER},
};

void link_judge(struct office *o, enum link_kind kind, struct slice target, const char *where)
{
	bool is_unc, web;
	enum place p = place_of(target, &is_unc, &web);
	struct slice end = slice_trim(target);
	if (p == PLACE_HERE)
		return;
	bool handler = p == PLACE_SCHEME || slice_ihas(target, SL("!x-usc:")) || slice_ihas(target, SL("mhtml:"));
	/* "http://x/y.html!": the moniker that made mshtml run scripts of it */
	if (handler || (web && (kind == LINK_OBJECT || kind == LINK_FRAME) && slice_ends(end, SL("!"))))
		office_found(o, IND_OFFICE_REMOTE_HANDLER, where, target);
	if (p == PLACE_SCHEME)
		return;
	if (is_unc && p == PLACE_OUTSIDE && kind != LINK_WORKBOOK) /* Excel asks before it follows those */
		office_found(o, IND_OFFICE_UNC, where, target);
	enum indicator i = says[kind][p == PLACE_OUTSIDE];
	if (i != IND_NONE)
		office_found(o, i, where, target);
}

/* ---- DDE ------------------------------------------------------------------------------------------------------------------------ */
void link_dde(struct office *o, struct slice text, const char *where)
{
	static const char *const offices[] = {"excel", "winword", "word", "msword", "powerpnt", "powerpoint", "msaccess", "soffice", "excel.sheet"};
	struct slice rest = text, word;
	/* The first word that is none of the field's own: the server */
	while (slice_word(&rest, &word) && (slice_ieq(word, SL("DDE")) || slice_ieq(word, SL("DDEAUTO"))))
		;
	while (word.n && (word.p[0] == '"' || word.p[0] == '\''))
		word = slice_from(word, 1);
	while (word.n && (word.p[word.n - 1] == '"' || word.p[word.n - 1] == '\''))
		word.n--;
	for (size_t i = 0; i < ARRAY_LEN(offices); i++)
		if ((slice_ieq(word, slice_of(offices[i])) || (slice_istarts(word, slice_of(offices[i])) && slice_chr(word, '.') == (ssize_t)strlen(offices[i]))) && !office_command(slice_from(text, (size_t)(word.p - text.p) + word.n))) {
			office_found(o, IND_OFFICE_DDE_OFFICE, where, text);
			return;
		}
	/* A server of market data or of a machine's values has a plain topic; a command line has paths and switches */
	struct slice topic = word.n ? slice_from(text, (size_t)(word.p - text.p) + word.n) : text;
	bool runs = office_command(text) || slice_chr(topic, '\\') >= 0 || slice_chr(topic, '/') >= 0 || slice_chr(word, '\\') >= 0 || slice_has(topic, SL(" -"));
	office_found(o, runs ? IND_OFFICE_DDE : IND_OFFICE_DDE_SERVER, where, text);
}

static struct slice quoted_word(struct slice *rest)
{
	struct slice w;
	*rest = slice_trim(*rest);
	if (rest->n && rest->p[0] == '"') {
		ssize_t end = slice_chr(slice_from(*rest, 1), '"');
		w = end < 0 ? slice_from(*rest, 1) : slice_sub(*rest, 1, (size_t)end);
		*rest = slice_from(*rest, w.n + 2);
		return w;
	}
	return slice_word(rest, &w) ? w : SLICE_NONE;
}

/* What a field loads: the first argument that is no switch. */
static struct slice first_argument(struct slice rest)
{
	struct slice w = quoted_word(&rest);
	while (w.n && w.p[0] == '\\' && w.n == 2)
		w = quoted_word(&rest);
	return w;
}

void field_judge(struct office *o, struct slice instruction, const char *where)
{
	static const struct { const char *name; enum link_kind kind; } loads[] = {{"INCLUDEPICTURE", LINK_PICTURE}, {"INCLUDETEXT", LINK_FRAME}, {"IMPORT", LINK_PICTURE}, {"INCLUDE", LINK_FRAME}, {"RD", LINK_FRAME}};
	struct slice rest = slice_trim(instruction), word;
	while (rest.n && (rest.p[0] == '\r' || rest.p[0] == '\n' || rest.p[0] == ' ' || rest.p[0] == '\t' || (uint8_t)rest.p[0] < 32))
		rest = slice_from(rest, 1);
	struct slice whole = rest;
	if (!slice_word(&rest, &word))
		return;
	if (slice_ieq(word, SL("DDE")) || slice_ieq(word, SL("DDEAUTO"))) {
		link_dde(o, whole, where);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(loads); i++)
		if (slice_ieq(word, slice_of(loads[i].name)))
			link_judge(o, loads[i].kind, first_argument(rest), where);
	if (slice_ieq(word, SL("LINK"))) { /* LINK class file item */
		quoted_word(&rest);
		link_judge(o, LINK_OBJECT, first_argument(rest), where);
	}
	/* A nested field that makes its name of QUOTE's numbers */
	if (slice_ieq(word, SL("QUOTE")) && (slice_ihas(rest, SL("68 68 69")) || slice_ihas(rest, SL("100 100 101"))))
		office_found(o, IND_OFFICE_DDE, where, whole);
}

/* ---- formulas -------------------------------------------------------------------------------------------------------------------- */
bool formula_dde(struct office *o, struct slice f, const char *where)
{
	/* =server|topic!item; a bar is no operator of Excel's */
	static const char *const quiet[] = {"\"", "{"};
	ssize_t bar = slice_chr(f, '|');
	if (slice_ihas(f, SL("WEBSERVICE(")) || slice_ihas(f, SL("IMPORTXML(")) || slice_ihas(f, SL("IMPORTDATA(")))
		office_found(o, IND_OFFICE_FORMULA_FETCH, where, f);
	if (bar < 1 || slice_chr(slice_from(f, (size_t)bar), '!') < 0)
		return false;
	struct slice server = slice_trim(slice_to(f, (size_t)bar));
	for (size_t i = 0; i < ARRAY_LEN(quiet); i++)
		if (slice_has(server, slice_of(quiet[i])))
			return false;
	size_t from = server.n;
	while (from && (isalnum((unsigned char)server.p[from - 1]) || strchr("._-'\\", server.p[from - 1])))
		from--;
	if (from == server.n)
		return false;
	struct slice spaced = office_join(o, slice_from(server, from), " ", slice_from(f, (size_t)bar + 1));
	link_dde(o, spaced, where);
	return true;
}
