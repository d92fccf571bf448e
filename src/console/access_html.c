/* access_html.c - pieces of pages about provider access: who, when, from where, tables, small forms. */
#include "console/access.h"

#include <stdio.h>

void access_html_link(struct buf *b, const char *path, struct slice part, struct slice text)
{
	H(b, "<a href=\"");
	buf_addz(b, path);
	html_path(b, part);
	H(b, "\">");
	html_foreign(b, text.n ? text : part);
	H(b, "</a>");
}

void access_html_fact(const struct request *q, struct buf *b, enum text label, struct slice value)
{
	if (!value.n)
		return;
	H(b, "<dt>");
	html_text(q, b, label);
	H(b, "</dt><dd>");
	html_foreign(b, value);
	H(b, "</dd>\n");
}

static void cell(const struct request *q, struct buf *b, enum text label)
{
	H(b, "<td data-label=\"");
	html_value(b, slice_of(text_of(label, q->language)));
	H(b, "\">");
}

static void caption(const struct request *q, struct buf *b, enum text t)
{
	H(b, "<table>\n<caption>");
	html_text(q, b, t);
	H(b, "</caption>\n");
}

void access_html_reason(const struct request *q, struct buf *b, const char *path, struct slice part, enum text button, struct slice id)
{
	html_form(q, b, path, part);
	H(b, "<p><label for=\"why-");
	html_value(b, id);
	H(b, "\">");
	html_text(q, b, TX_ACCESS_REASON);
	H(b, "</label><input id=\"why-");
	html_value(b, id);
	H(b, "\" name=\"reason\" required maxlength=\"400\" autocomplete=\"off\"></p>\n<p><button class=\"danger\">");
	html_text(q, b, button);
	H(b, "</button></p></form>\n");
}

/* ---- networks and hours ---------------------------------------------------------------------------------------------------------------------- */

void access_source_text(const struct cidr *c, char *out, size_t n)
{
	char text[48];
	bool v4 = ip_is_v4(&c->net) && c->bits >= 96;
	unsigned bits = v4 ? c->bits - 96 : c->bits;
	if (bits == (v4 ? 32 : 128))
		snprintf(out, n, "%s", ip_text(&c->net, text));
	else
		snprintf(out, n, "%s/%u", ip_text(&c->net, text), bits);
}

static const enum text days[] = {TX_ACCESS_MON, TX_ACCESS_TUE, TX_ACCESS_WED, TX_ACCESS_THU, TX_ACCESS_FRI, TX_ACCESS_SAT, TX_ACCESS_SUN};

void access_window_text(const struct request *q, struct buf *b, const struct gate_window *w)
{
	bool first = true;
	for (unsigned d = 0; d < 7; d++) {
		unsigned end = d;
		if (!(w->days >> d & 1))
			continue;
		while (end + 1 < 7 && (w->days >> (end + 1) & 1))
			end++;
		buf_addf(b, "%s%s", first ? "" : ", ", text_of(days[d], q->language));
		if (end > d)
			buf_addf(b, "%s%s", end > d + 1 ? "\xe2\x80\x93" : ", ", text_of(days[end], q->language));
		d = end;
		first = false;
	}
	buf_addf(b, " %02u:%02u\xe2\x80\x93%02u:%02u", w->from / 60u, w->from % 60u, w->until / 60u, w->until % 60u);
}

void access_html_hours(const struct request *q, struct buf *b, const struct gate_grant *x)
{
	struct buf text = {0};
	if (!x->nwindows) {
		html_text(q, b, TX_ACCESS_ALL_HOURS);
		return;
	}
	for (size_t i = 0; i < x->nwindows; i++) {
		buf_addz(&text, i ? "; " : "");
		access_window_text(q, &text, &x->windows[i]);
	}
	buf_addz(&text, " (");
	buf_adds(&text, x->zone.n ? x->zone : SL("UTC"));
	buf_addz(&text, ")");
	html_with(q, b, TX_ACCESS_ONLY_HOURS, buf_slice(&text));
	buf_free(&text);
}

/* ---- grants --------------------------------------------------------------------------------------------------------------------------------------- */

void access_html_grant_whom(const struct request *q, struct buf *b, const struct access_gate *g, const struct gate_grant *x)
{
	const struct gate_person *p = x->person.n ? access_person(g, x->person) : NULL;
	struct slice id = access_grant_provider(g, x);
	const struct gate_provider *v = access_provider(g, id);
	if (x->person.n) {
		html_foreign(b, p ? p->name : x->person);
		H(b, " (");
		html_foreign(b, x->person);
		H(b, "), ");
	} else {
		html_text(q, b, TX_ACCESS_EVERYBODY);
		H(b, " ");
	}
	access_html_link(b, "/access/providers/", id, v ? v->name : id);
}

void access_html_standing(const struct request *q, struct buf *b, const struct gate_grant *x)
{
	static const char *const classes[STANDING_COUNT] = {[STANDING_REQUESTED] = "warn", [STANDING_CHANGED] = "bad", [STANDING_COMING] = "new", [STANDING_OPEN] = "good"};
	enum access_standing s = access_standing(x, q->now);
	H(b, "<span class=\"badge ");
	buf_addz(b, classes[s] ? classes[s] : "muted");
	H(b, "\">");
	html_text(q, b, access_standing_texts[s]);
	H(b, "</span>");
	if (x->emergency) {
		H(b, " <span class=\"badge bad\">");
		html_text(q, b, TX_ACCESS_EMERGENCY);
		H(b, "</span>");
	}
	if (x->wanted != NSTIME_NONE && access_waits(x, q->now)) {
		H(b, " <span class=\"badge warn\">");
		html_text(q, b, TX_ACCESS_LONGER_WAITS);
		H(b, "</span>");
	}
}

static void account_on_hosts(const struct request *q, struct buf *b, const struct gate_grant *x)
{
	enum { SHOWN = 5 };
	html_foreign(b, x->account);
	H(b, " @ ");
	for (size_t i = 0; i < MIN(x->nhosts, (size_t)SHOWN); i++) {
		H(b, "<wbr>");
		buf_addz(b, i ? ", " : "");
		html_foreign(b, x->hosts[i]);
	}
	if (x->nhosts > SHOWN) {
		H(b, ", ");
		html_number(q, b, TX_ACCESS_MORE_HOSTS, x->nhosts - SHOWN);
	}
}

static void when_text(const struct request *q, struct buf *b, const struct gate_grant *x)
{
	bool open = access_standing(x, q->now) == STANDING_OPEN;
	if (!open)
		html_time(q, b, x->from);
	H(b, " \xe2\x80\x93 ");
	html_time(q, b, x->until);
	if (open) {
		H(b, " <span class=\"muted\">(");
		html_text(q, b, TX_ACCESS_LEFT);
		H(b, " ");
		html_span(q, b, x->until - q->now);
		H(b, ")</span>");
	}
}

static void grant_row(const struct request *q, struct buf *b, const struct access_gate *g, const struct gate_grant *x, const enum text *columns)
{
	H(b, "<tr><th scope=\"row\" class=\"id\">");
	access_html_link(b, "/access/grants/", x->id, SLICE_NONE);
	H(b, "</th>");
	cell(q, b, columns[1]);
	access_html_grant_whom(q, b, g, x);
	H(b, "</td>");
	cell(q, b, columns[2]);
	account_on_hosts(q, b, x);
	H(b, "</td>");
	cell(q, b, columns[3]);
	html_foreign(b, x->purpose);
	H(b, "</td>");
	cell(q, b, columns[4]);
	when_text(q, b, x);
	H(b, "</td>");
	cell(q, b, columns[5]);
	html_foreign(b, x->wanted != NSTIME_NONE && x->wanter.n ? x->wanter : x->requester);
	H(b, "</td>");
	cell(q, b, columns[6]);
	access_html_standing(q, b, x);
	H(b, "</td></tr>\n");
}

void access_html_grants(const struct request *q, struct buf *b, const struct access_gate *g, const struct gate_grant *const *v, size_t n, enum text title)
{
	static const enum text columns[] = {TX_ACCESS_GRANT, TX_ACCESS_WHO, TX_ACCESS_WHERE, TX_ACCESS_PURPOSE, TX_ACCESS_WHEN, TX_ACCESS_ASKED_BY, TX_ACCESS_STATE};
	caption(q, b, title);
	html_columns(q, b, columns, ARRAY_LEN(columns));
	H(b, "<tbody>\n");
	for (size_t i = 0; i < n; i++)
		grant_row(q, b, g, v[i], columns);
	H(b, "</tbody></table>\n");
}

/* ---- sessions ------------------------------------------------------------------------------------------------------------------------------------------ */

enum text access_kind_text(enum gate_kind k)
{
	static const enum text texts[] = {[KIND_SHELL] = TX_ACCESS_DOES_SHELL, [KIND_COMMAND] = TX_ACCESS_DOES_COMMAND, [KIND_SFTP] = TX_ACCESS_DOES_SFTP, [KIND_FORWARD] = TX_ACCESS_DOES_FORWARD};
	return (size_t)k < ARRAY_LEN(texts) ? texts[k] : TX_NONE;
}

static void session_what(const struct request *q, struct buf *b, const struct session *s)
{
	html_text(q, b, access_kind_text(s->kind));
	if (s->command.n) {
		H(b, ": <code>");
		html_foreign(b, slice_to(s->command, 120));
		H(b, "</code>");
	}
}

static void session_row(const struct request *q, struct buf *b, const struct session *s, const enum text *columns, bool live)
{
	H(b, "<tr><th scope=\"row\" class=\"id\">");
	access_html_link(b, "/sessions/", s->id, SLICE_NONE);
	H(b, "</th>");
	cell(q, b, columns[1]);
	html_foreign(b, s->person);
	H(b, ", ");
	access_html_link(b, "/access/providers/", s->provider, SLICE_NONE);
	H(b, "</td>");
	cell(q, b, columns[2]);
	html_foreign(b, s->account);
	H(b, " @ <wbr>");
	html_foreign(b, s->host);
	H(b, "</td>");
	cell(q, b, columns[3]);
	html_foreign(b, s->source);
	H(b, "</td>");
	cell(q, b, columns[4]);
	html_time(q, b, s->begin);
	H(b, "</td>");
	cell(q, b, columns[5]);
	if (s->end == NSTIME_NONE) {
		H(b, "<span class=\"badge good\">");
		html_text(q, b, TX_ACCESS_LIVE_NOW);
		H(b, "</span> ");
	}
	html_span(q, b, (s->end == NSTIME_NONE ? q->now : s->end) - s->begin);
	H(b, "</td>");
	cell(q, b, columns[6]);
	if (live) {
		H(b, "<details><summary>");
		html_text(q, b, TX_ACCESS_END_IT);
		H(b, "</summary>\n");
		access_html_reason(q, b, "/sessions/end/", s->id, TX_ACCESS_END_SESSION, s->id);
		H(b, "</details>");
	} else {
		session_what(q, b, s);
	}
	H(b, "</td></tr>\n");
}

void access_html_sessions(const struct request *q, struct buf *b, const struct session *v, size_t n, enum text title, bool live)
{
	const enum text columns[] = {TX_ACCESS_SESSION, TX_ACCESS_WHO, TX_ACCESS_WHERE, TX_ACCESS_FROM_WHERE, TX_ACCESS_SINCE, TX_ACCESS_LASTED, live ? TX_ACCESS_END_IT : TX_ACCESS_DOES};
	caption(q, b, title);
	html_columns(q, b, columns, ARRAY_LEN(columns));
	H(b, "<tbody>\n");
	for (size_t i = 0; i < n; i++)
		session_row(q, b, &v[i], columns, live);
	H(b, "</tbody></table>\n");
}
