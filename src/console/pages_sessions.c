/* pages_sessions.c - /sessions: who was in and what they saw. */
#include "console/pages_access.h"

#include <stdio.h>

static int list_of(struct request *q, struct broker_ask *ask, struct access_sessions *out, struct err *e)
{
	struct broker_answer a;
	struct slice body;
	int rc = page_ask(q, ask, &a, &body, e);
	return rc ? rc : access_sessions_read(body, q->mem, out, e);
}

static int page_of(struct request *q, struct access_sessions *out, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_SESSIONS, .number = (int64_t)page_skip(q)};
	ask_set(ask.text, sizeof ask.text, query_get(q, "provider"));
	return list_of(q, &ask, out, e);
}

int sessions_page(struct request *q, struct response *r, struct err *e)
{
	struct access_sessions list;
	struct buf *b = &r->body;
	int rc = page_of(q, &list, e);
	if (rc && rc != ERR_NOENT)
		return rc;
	access_head(q, r, TX_ACCESS_SESSIONS, query_get(q, "provider"));
	r->wide = true;
	if (rc || !list.n) {
		H(b, "<p class=\"empty\">");
		html_text(q, b, rc ? TX_ACCESS_NO_GATE : TX_SESSION_NONE);
		H(b, "</p>\n");
		return 0;
	}
	H(b, "<p class=\"lead\">");
	html_number(q, b, TX_ACCESS_SESSIONS_N, list.total);
	H(b, "</p>\n");
	access_html_sessions(q, b, list.v, list.n, TX_SESSION_CAPTION, false);
	html_pager(q, b, list.total);
	return 0;
}

int sessions_api(struct request *q, struct response *r, struct err *e)
{
	struct access_sessions list = {0};
	int rc = page_of(q, &list, e);
	if (rc && rc != ERR_NOENT)
		return rc;
	r->type = "application/json";
	buf_addf(&r->body, "{\"total\":%llu,\"sessions\":[", (unsigned long long)list.total);
	for (size_t i = 0; i < list.n; i++) {
		buf_addz(&r->body, i ? "," : "");
		access_json_session(&r->body, &list.v[i]);
	}
	H(&r->body, "]}");
	return 0;
}

/* ---- one ----------------------------------------------------------------------------------------------------------------------------------------------- */

static void begin(const struct request *q, struct buf *b, enum text label)
{
	H(b, "<dt>");
	html_text(q, b, label);
	H(b, "</dt><dd>");
}

static void facts(const struct request *q, struct buf *b, const struct session *s)
{
	char text[96];
	H(b, "<dl>\n");
	begin(q, b, TX_ACCESS_WHO);
	html_foreign(b, s->person);
	H(b, ", ");
	access_html_link(b, "/access/providers/", s->provider, SLICE_NONE);
	H(b, "</dd>\n");
	begin(q, b, TX_ACCESS_WHERE);
	html_foreign(b, s->account);
	H(b, " @ ");
	html_foreign(b, s->host);
	H(b, "</dd>\n");
	access_html_fact(q, b, TX_ACCESS_FROM_WHERE, s->source);
	begin(q, b, TX_ACCESS_GRANT);
	access_html_link(b, "/access/grants/", s->grant, SLICE_NONE);
	H(b, "</dd>\n");
	begin(q, b, TX_ACCESS_SINCE);
	html_time(q, b, s->begin);
	H(b, "</dd>\n");
	begin(q, b, TX_ACCESS_UNTIL);
	if (s->end == NSTIME_NONE)
		html_text(q, b, TX_ACCESS_LIVE_NOW);
	else
		html_time(q, b, s->end);
	H(b, " (");
	html_span(q, b, (s->end == NSTIME_NONE ? q->now : s->end) - s->begin);
	H(b, ")</dd>\n");
	begin(q, b, TX_ACCESS_DOES);
	html_text(q, b, access_kind_text(s->kind));
	H(b, "</dd>\n");
	access_html_fact(q, b, TX_SESSION_COMMAND, s->command);
	access_html_fact(q, b, TX_SESSION_ENDED_BY, s->why);
	access_html_fact(q, b, TX_SESSION_END_ASKED_BY, s->wanter);
	access_html_fact(q, b, TX_ACCESS_BECAUSE, s->reason);
	snprintf(text, sizeof text, "%llu / %llu", (unsigned long long)s->output, (unsigned long long)s->input);
	access_html_fact(q, b, TX_SESSION_BYTES, slice_of(text));
	if (s->exited) {
		snprintf(text, sizeof text, "%d", s->status);
		access_html_fact(q, b, TX_SESSION_STATUS, slice_of(text));
	}
	H(b, "</dl>\n");
}

/* Shown by the script, which fills it; its words are here. */
static void replay(const struct request *q, struct buf *b, const struct session *s)
{
	static const struct { const char *name; enum text text; } words[] = {{"play", TX_REPLAY_PLAY}, {"pause", TX_REPLAY_PAUSE}, {"step", TX_REPLAY_STEP}, {"speed", TX_REPLAY_SPEED},
		{"idle", TX_REPLAY_IDLE}, {"seek", TX_REPLAY_SEEK}, {"loading", TX_REPLAY_LOADING}, {"failed", TX_REPLAY_FAILED}, {"over", TX_REPLAY_OVER}, {"screen", TX_REPLAY_SCREEN},
		{"help", TX_REPLAY_HELP}, {"cut", TX_SESSION_CUT}};
	H(b, "<section class=\"replay\" aria-labelledby=\"replay\" hidden data-cast=\"/sessions/");
	html_path(b, s->id);
	H(b, "/cast\"");
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		buf_addf(b, " data-%s=\"", words[i].name);
		html_value(b, slice_of(text_of(words[i].text, q->language)));
		H(b, "\"");
	}
	H(b, ">\n<h2 id=\"replay\">");
	html_text(q, b, TX_REPLAY_TITLE);
	H(b, "</h2>\n</section>\n<script src=\"/static/terminal.js\" defer></script><script src=\"/static/replay.js\" defer></script>\n");
}

static void page_link(const struct request *q, struct buf *b, const struct session *s, uint64_t page, enum text t, const char *rel)
{
	H(b, "<a rel=\"");
	buf_addz(b, rel);
	H(b, "\" href=\"/sessions/");
	html_path(b, s->id);
	buf_addf(b, "?page=%llu#transcript\">", (unsigned long long)page);
	html_text(q, b, t);
	H(b, "</a>");
}

static void transcript(const struct request *q, struct buf *b, const struct session *s, const struct buf *lines, const struct session_view *v, uint64_t page)
{
	H(b, "<section aria-labelledby=\"transcript\">\n<h2 id=\"transcript\">");
	html_text(q, b, TX_SESSION_TRANSCRIPT);
	H(b, "</h2>\n<p class=\"muted\">");
	html_text(q, b, lines->n ? TX_SESSION_TRANSCRIPT_MEANS : TX_SESSION_TRANSCRIPT_EMPTY);
	H(b, "</p>\n");
	if (lines->n) {
		H(b, "<pre class=\"evidence\" dir=\"ltr\" tabindex=\"0\" aria-labelledby=\"transcript\">");
		buf_adds(b, buf_slice(lines));
		H(b, "</pre>\n");
	}
	if (v->cut) {
		H(b, "<p>");
		html_text(q, b, TX_SESSION_CUT);
		H(b, "</p>\n");
	}
	if (page || v->more) {
		H(b, "<nav class=\"pager\" aria-label=\"");
		html_value(b, slice_of(text_of(TX_SESSION_TRANSCRIPT, q->language)));
		H(b, "\">");
		if (page)
			page_link(q, b, s, page, TX_SESSION_BEFORE, "prev");
		if (v->more)
			page_link(q, b, s, page + 2, TX_SESSION_AFTER, "next");
		H(b, "</nav>\n");
	}
	H(b, "</section>\n");
}

static void verified(const struct request *q, struct buf *b, const struct session *s, const struct session_view *v)
{
	bool good = v->text == TX_SESSION_CHECK_GOOD, live = v->text == TX_SESSION_CHECK_LIVE;
	H(b, "<section aria-labelledby=\"check\">\n<h2 id=\"check\">");
	html_text(q, b, TX_SESSION_CHECK);
	H(b, "</h2>\n");
	buf_addf(b, "<p class=\"said%s\">", good ? " good" : live ? "" : " bad");
	html_text(q, b, v->text);
	H(b, "</p>\n");
	if (s->sha256.n) {
		H(b, "<p class=\"muted\">SHA-256 <code>");
		html_foreign(b, s->sha256);
		H(b, "</code></p>\n");
	}
	H(b, "</section>\n");
}

static void end_form(const struct request *q, struct buf *b, const struct session *s)
{
	if (s->end != NSTIME_NONE)
		return;
	H(b, "<section class=\"card attention\" aria-labelledby=\"end\">\n<h2 id=\"end\">");
	html_text(q, b, TX_ACCESS_END_IT);
	H(b, "</h2>\n<p>");
	html_text(q, b, s->wanted == NSTIME_NONE ? TX_SESSION_END_MEANS : TX_SESSION_END_WAITS);
	H(b, "</p>\n");
	if (s->wanted == NSTIME_NONE)
		access_html_reason(q, b, "/sessions/end/", s->id, TX_ACCESS_END_SESSION, SL("end"));
	H(b, "</section>\n");
}

static int show(struct request *q, struct response *r, const char *bad, int code, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_SESSIONS};
	struct access_sessions list;
	struct session_view v;
	struct buf lines = {0}, *b = &r->body;
	uint64_t page = 1;
	if (query_get(q, "page").n && (!query_number(q, "page", 1000000, &page) || !page))
		return err_set(e, ERR_SYNTAX, "%s", text_of(TX_SESSION_FROM_NUMBER, q->language));
	ask_set(ask.id, sizeof ask.id, q->arg[0]);
	int rc = list_of(q, &ask, &list, e);
	if (!rc && list.n != 1)
		rc = err_set(e, ERR_NOENT, "%s", text_of(TX_SESSION_NO_SUCH, q->language));
	if (!rc)
		rc = session_view(q, &list.v[0], page - 1, &lines, &v, e);
	if (!rc) {
		const struct session *s = &list.v[0];
		access_head(q, r, TX_ACCESS_SESSION, s->id);
		r->wide = true;
		if (bad)
			access_said(q, r, bad, code);
		facts(q, b, s);
		end_form(q, b, s);
		verified(q, b, s, &v);
		if (v.text != TX_SESSION_CHECK_GONE) {
			replay(q, b, s);
			transcript(q, b, s, &lines, &v, page - 1);
		}
	}
	buf_free(&lines);
	return rc;
}

int session_page(struct request *q, struct response *r, struct err *e)
{
	return show(q, r, NULL, 0, e);
}

int session_page_end(struct request *q, struct response *r, struct err *e)
{
	int rc = access_do(q, BROKER_SESSION_END, true, e);
	if (rc == ERR_NOENT)
		return rc;
	if (!rc) {
		page_go_said(q, r, "/sessions/", q->arg[0], TX_SESSION_SAID_END);
		return 0;
	}
	struct err why = *e;
	return show(q, r, why.text, rc, e);
}
