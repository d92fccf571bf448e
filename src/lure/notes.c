/* notes.c - OneNote sections (MS-ONESTORE), calendars (RFC 5545), pages with their parts in one file (RFC 2557). */
#include "lure/words.h"

enum { PARTS_MAX = 200 };

/* ---- OneNote ------------------------------------------------------------------------------------------------------------------------- */

/* FileDataStoreObject (MS-ONESTORE 2.6.13): guid, length, 12 bytes, the file. */
void parse_onenote(struct lure *l, uint32_t id, struct slice s)
{
	static const char guid[] = "\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac";
	size_t at = 0, found = 0;
	for (ssize_t next; found < PARTS_MAX && !lure_stop(l) && (next = slice_find(slice_from(s, at), slice_make(guid, 16))) >= 0; at += (size_t)next + 16) {
		size_t from = at + (size_t)next;
		uint64_t n = le64(s, from + 16);
		struct slice file = n < s.n ? slice_sub(s, from + 36, (size_t)n) : SLICE_NONE;
		if (!file.n)
			continue;
		found++;
		enum lure_type t = lure_type_of(file, SLICE_NONE);
		if (t == LT_PE || t == LT_LNK || t == LT_MSI || t == LT_SCRIPT || t == LT_HTML || t == LT_OLE || (t == LT_TEXT && (starter_in(file) || fetcher_in(file) || runner_in(slice_to(file, 4096)))))
			lure_found(l, id, IND_ONENOTE_ACTIVE, from, NULL, "%s, %zu bytes", lure_type_name(t), file.n);
		else if (t != LT_BINARY_PICTURE)
			lure_found(l, id, IND_ONENOTE_EMBEDDED, from, NULL, "%s, %zu bytes", lure_type_name(t), file.n);
		lure_child(l, id, &(struct lure_child){.how = LURE_EMBEDDED, .name = SL("(embedded)"), .bytes = file});
	}
}

/* ---- calendars ------------------------------------------------------------------------------------------------------------------------ */

static bool known_meeting(struct slice host)
{
	static const char *const hosts[] = {"teams.microsoft.com", "teams.live.com", "zoom.us", "webex.com", "meet.google.com", "meet.jit.si", "bigbluebutton.org", "gotomeeting.com", "skype.com", "dfn.de", "aka.ms", "whereby.com",
		"calendar.google.com", "outlook.office365.com", "outlook.office.com"};
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		if (slice_iends(host, slice_of(hosts[i])) && (host.n == strlen(hosts[i]) || host.p[host.n - strlen(hosts[i]) - 1] == '.'))
			return true;
	return false;
}

/* Folded lines are put together again (RFC 5545, 3.1). */
static struct slice unfolded(struct lure *l, struct slice s)
{
	char *to = arena_alloc(lure_arena(l), s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\r')
			continue;
		if (s.p[i] == '\n' && i + 1 < s.n && (s.p[i + 1] == ' ' || s.p[i + 1] == '\t')) {
			i++;
			continue;
		}
		to[n++] = s.p[i];
	}
	return slice_make(to, n);
}

static void ics_links(struct lure *l, uint32_t id, struct slice line, const char *what)
{
	struct slice rest = line;
	for (ssize_t at; (at = slice_ifind(rest, SL("http"))) >= 0; rest = slice_from(rest, (size_t)at + 4)) {
		struct slice url = slice_from(rest, (size_t)at);
		if (!is_remote(url))
			continue;
		size_t n = 0;
		while (n < url.n && url.p[n] > ' ' && url.p[n] != '"' && url.p[n] != '<' && url.p[n] != '>' && url.p[n] != '\\')
			n++;
		url = slice_to(url, n);
		struct slice host = lure_host(url);
		const struct lure_known *k = lure_knows(l);
		bool own = false;
		for (size_t i = 0; i < k->nown_domains; i++)
			own |= slice_iends(host, k->own_domains[i]);
		lure_fact(l, id, "link", url);
		if (!own && !known_meeting(host))
			lure_found_slice(l, id, IND_ICS_REMOTE, UINT64_MAX, slice_of(what), url);
	}
}

static struct slice domain_of(struct slice address)
{
	ssize_t at = slice_rfind(address, SL("@"));
	size_t n = 0;
	struct slice d = at < 0 ? SLICE_NONE : slice_from(address, (size_t)at + 1);
	while (n < d.n && (d.p[n] == '.' || d.p[n] == '-' || (d.p[n] >= '0' && d.p[n] <= '9') || (d.p[n] | 32) >= 'a'))
		n++;
	return slice_to(d, n);
}

/* One is the other, or lies below it. */
static bool related(struct slice a, struct slice b)
{
	struct slice longer = a.n > b.n ? a : b, shorter = a.n > b.n ? b : a;
	return slice_ieq(a, b) || (shorter.n && longer.n > shorter.n && slice_iends(longer, shorter) && longer.p[longer.n - shorter.n - 1] == '.');
}

/* Answers name the one who invited, whoever sends them; services for meetings invite for others. */
static void judge_organiser(struct lure *l, uint32_t id, struct slice organiser, struct slice method)
{
	const struct lure_object *v;
	const struct lure_known *k = lure_knows(l);
	lure_objects(l, &v);
	struct slice from = v[id].parent == UINT32_MAX ? SLICE_NONE : lure_fact_of(l, v[id].parent, "mail.from-domain"), named = domain_of(organiser);
	bool ours = false, own = false;
	if (!from.n || !named.n || related(from, named) || (method.n && !slice_ieq(method, SL("REQUEST")) && !slice_ieq(method, SL("PUBLISH"))))
		return;
	for (size_t i = 0; i < k->nown_domains; i++) {
		ours |= related(named, k->own_domains[i]);
		own |= related(from, k->own_domains[i]);
	}
	if (ours && !own)
		lure_found(l, id, IND_ICS_ORGANISER_OURS, UINT64_MAX, "ORGANIZER", "%.*s, sent from %.*s", SLFMT(slice_to(organiser, 80)), SLFMT(from));
	else if (!known_meeting(from))
		lure_found(l, id, IND_ICS_ORGANISER_OTHER, UINT64_MAX, "ORGANIZER", "%.*s, sent from %.*s", SLFMT(slice_to(organiser, 80)), SLFMT(from));
}

void parse_ics(struct lure *l, uint32_t id, struct slice s)
{
	static const char *const fields[] = {"LOCATION", "DESCRIPTION", "ATTACH", "URL", "X-ALT-DESC", "CONFERENCE"};
	struct slice text = unfolded(l, s), line, organiser = SLICE_NONE, method = SLICE_NONE;
	while (text.n && !lure_stop(l)) {
		if (!slice_cut(&text, '\n', &line)) {
			line = text;
			text.n = 0;
		}
		for (size_t i = 0; i < ARRAY_LEN(fields); i++)
			if (slice_istarts(line, slice_of(fields[i])))
				ics_links(l, id, line, fields[i]);
		if (slice_istarts(line, SL("METHOD:")))
			method = slice_trim(slice_from(line, 7));
		if (slice_istarts(line, SL("ORGANIZER")) && !organiser.n) {
			ssize_t at = slice_ifind(line, SL("mailto:"));
			organiser = slice_trim(slice_from(line, at < 0 ? 9 : (size_t)at + 7));
			lure_fact(l, id, "organizer", organiser);
		}
		if (slice_istarts(line, SL("ATTACH")) && slice_ihas(line, SL("ENCODING=BASE64")) && slice_chr(line, ':') > 0)
			lure_child(l, id, &(struct lure_child){.how = LURE_EMBEDDED, .name = SL("(attached)"), .bytes = base64_bytes(l, slice_from(line, (size_t)slice_chr(line, ':') + 1))});
	}
	judge_organiser(l, id, organiser, method);
}

/* ---- MHTML --------------------------------------------------------------------------------------------------------------------------------- */

/* One part: head, empty line, body. Only what is base64 is decoded, quoted-printable HTML is read as it stands. */
static void mhtml_part(struct lure *l, uint32_t id, struct slice part)
{
	ssize_t gap = slice_find(part, SL("\r\n\r\n")), bare = slice_find(part, SL("\n\n"));
	size_t at = gap >= 0 && (bare < 0 || gap < bare) ? (size_t)gap + 4 : bare >= 0 ? (size_t)bare + 2 : part.n;
	struct slice head = slice_to(part, at), body = slice_from(part, at), name = SLICE_NONE;
	ssize_t place = slice_ifind(head, SL("content-location:"));
	if (place >= 0) {
		name = slice_from(head, (size_t)place + 17);
		ssize_t end = slice_chr(name, '\n');
		name = slice_basename(slice_trim(slice_to(name, end < 0 ? name.n : (size_t)end)));
	}
	if (slice_ihas(head, SL("base64")))
		body = base64_bytes(l, body);
	if (body.n)
		lure_child(l, id, &(struct lure_child){.how = LURE_PART, .name = name, .bytes = body});
}

void parse_mhtml(struct lure *l, uint32_t id, struct slice s)
{
	ssize_t at = slice_ifind(slice_to(s, 4096), SL("boundary="));
	if (at < 0)
		return;
	struct slice mark = slice_trim(slice_from(s, (size_t)at + 9));
	if (mark.n && mark.p[0] == '"')
		mark = slice_from(mark, 1);
	size_t n = 0;
	while (n < mark.n && n < 70 && mark.p[n] != '"' && mark.p[n] != '\r' && mark.p[n] != '\n' && mark.p[n] != ';')
		n++;
	struct buf b = {0};
	buf_addz(&b, "\n--");
	buf_adds(&b, slice_to(mark, n));
	struct slice sep = buf_slice(&b), rest = s;
	ssize_t next = n ? slice_find(rest, sep) : -1;
	for (unsigned parts = 0; next >= 0 && parts < PARTS_MAX && !lure_stop(l); parts++) {
		rest = slice_from(rest, (size_t)next + sep.n);
		next = slice_find(rest, sep);
		mhtml_part(l, id, next < 0 ? rest : slice_to(rest, (size_t)next));
	}
	buf_free(&b);
}
