/* pages_report_list.c - employees' reports as those see them who answer: list, figures, answers, export. */
#include "console/report_pages.h"

#include <stdio.h>

enum { FIGURE_DAYS = 90, API_MOST = 500 };

static const enum text states[] = {[CONTACT_RECEIVED] = TX_RP_RECEIVED, [CONTACT_SEEN] = TX_RP_SEEN, [CONTACT_ANSWERED] = TX_RP_ANSWERED};
static const enum text outcomes[] = {[CONTACT_OPEN] = TX_RP_OUT_OPEN, [CONTACT_REAL] = TX_RP_OUT_REAL, [CONTACT_FALSE] = TX_RP_OUT_FALSE};

static enum verdict verdict_of(struct slice s)
{
	for (int v = VERDICT_CLEAN; v <= VERDICT_LURE; v++)
		if (slice_eqz(s, verdict_name((enum verdict)v)))
			return (enum verdict)v;
	return VERDICT_CANNOT_TELL;
}

/* ---- figures ---------------------------------------------------------------------------------------------------------------------------- */

static void figure(const struct request *q, struct buf *b, enum text name, nstime value)
{
	H(b, "<div class=\"card\"><dt>");
	html_text(q, b, name);
	H(b, "</dt><dd>");
	if (value == NSTIME_NONE)
		buf_addc(b, '-');
	else
		html_span(q, b, value);
	H(b, "</dd></div>");
}

static int figures(struct request *q, struct buf *b, struct err *e)
{
	struct store_contact_figures f;
	int rc = store_contact_figures(q->desk->store, q->now - FIGURE_DAYS * NS_DAY, &f, e);
	if (rc)
		return rc;
	H(b, "<section><h2>");
	html_text(q, b, TX_RP_FIGURES);
	H(b, "</h2><dl class=\"cards\">");
	figure(q, b, TX_RP_FIRST, f.first);
	figure(q, b, TX_RP_ANSWER_TIME, f.answer);
	H(b, "<div class=\"card\"><dt>");
	html_text(q, b, TX_RP_COUNT);
	buf_addf(b, "</dt><dd>%llu / %llu</dd></div><div class=\"card\"><dt>", (unsigned long long)f.answered, (unsigned long long)f.n);
	html_text(q, b, TX_RP_FALSE_SHARE);
	if (f.real + f.false_alarms)
		buf_addf(b, "</dt><dd>%llu %%</dd></div></dl>", (unsigned long long)((100 * f.false_alarms + (f.real + f.false_alarms) / 2) / (f.real + f.false_alarms)));
	else
		buf_addz(b, "</dt><dd>-</dd></div></dl>");
	H(b, "<p class=\"muted\">");
	html_text(q, b, TX_RP_FIGURES_NOTE);
	H(b, "</p></section>");
	return 0;
}

/* ---- the list ------------------------------------------------------------------------------------------------------------------------------ */

struct listing { const struct request *q; struct buf *b; };

static const enum text heads[] = {TX_RP_WHEN, TX_RP_WHO, TX_RP_WHERE, TX_RP_FIRM_SHORT, TX_RP_FOUND_SHORT, TX_RP_OPENED_SHORT, TX_RP_STATE, TX_RP_INCIDENT};

static void cell(struct listing *l, size_t head)
{
	buf_addz(l->b, head ? "</td><td data-label=\"" : "<td data-label=\"");
	html_text(l->q, l->b, heads[head]);
	H(l->b, "\">");
}

static void state_cell(const struct request *q, struct buf *b, const struct store_contact *c)
{
	html_text(q, b, states[c->state]);
	if (c->state != CONTACT_ANSWERED)
		return;
	H(b, ", ");
	html_text(q, b, outcomes[c->outcome]);
	H(b, " <small class=\"muted\">");
	html_span(q, b, c->answered - c->time);
	H(b, "</small>");
}

static int list_row(void *arg, const struct store_contact *c)
{
	struct listing *l = arg;
	struct buf *b = l->b;
	enum text platform = platform_text(c->platform);
	H(b, "<tr>");
	cell(l, 0);
	H(b, "<a href=\"/report/");
	html_path(b, slice_of(c->ref));
	H(b, "\">");
	html_time(l->q, b, c->time);
	H(b, "</a>");
	cell(l, 1);
	html_foreign(b, c->who.n ? c->who : slice_of(text_of(TX_RP_NOBODY, l->q->language)));
	cell(l, 2);
	html_foreign(b, platform == TX_NONE ? c->platform : slice_of(text_of(platform, l->q->language)));
	cell(l, 3);
	html_foreign(b, c->firm);
	cell(l, 4);
	verdict_html(l->q, b, verdict_of(c->verdict));
	cell(l, 5);
	html_text(l->q, b, answer_text(c->opened));
	cell(l, 6);
	state_cell(l->q, b, c);
	cell(l, 7);
	if (c->incident[0]) {
		H(b, "<a href=\"/incidents/");
		html_path(b, slice_of(c->incident));
		H(b, "\">");
		buf_html(b, slice_of(c->incident));
		H(b, "</a>");
	}
	H(b, "</td></tr>");
	return 0;
}

static void filters(const struct request *q, struct buf *b, int state)
{
	static const struct { const char *query; int state; enum text name; } rows[] = {{"", -1, TX_RP_ALL}, {"?state=received", CONTACT_RECEIVED, TX_RP_RECEIVED}, {"?state=seen", CONTACT_SEEN, TX_RP_SEEN},
		{"?state=answered", CONTACT_ANSWERED, TX_RP_ANSWERED}};
	H(b, "<p class=\"actions\">");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_addf(b, "<a href=\"/reports%s\"%s>", rows[i].query, state == rows[i].state ? " aria-current=\"true\"" : "");
		html_text(q, b, rows[i].name);
		H(b, "</a> ");
	}
	H(b, "</p>");
}

static int wanted_state(const struct request *q)
{
	struct slice s = query_get(q, "state");
	return slice_eqz(s, "received") ? CONTACT_RECEIVED : slice_eqz(s, "seen") ? CONTACT_SEEN : slice_eqz(s, "answered") ? CONTACT_ANSWERED : -1;
}

static int table(struct request *q, struct buf *b, const struct store_contact_want *w, struct err *e)
{
	struct listing l = {.q = q, .b = b};
	uint64_t total;
	int rc = store_contacts_count(q->desk->store, w, &total, e);
	if (rc || !total) {
		H(b, "<p class=\"muted\">");
		html_text(q, b, TX_RP_NONE_YET);
		H(b, "</p>");
		return rc;
	}
	H(b, "<table><caption>");
	html_text(q, b, TX_RP_LIST_TITLE);
	H(b, "</caption>");
	html_columns(q, b, heads, ARRAY_LEN(heads));
	H(b, "<tbody>");
	rc = store_contacts(q->desk->store, w, list_row, &l, e);
	H(b, "</tbody></table>");
	html_pager(q, b, total);
	return rc;
}

int reports_page(struct request *q, struct response *r, struct err *e)
{
	const struct store_contact_want w = {.state = wanted_state(q), .skip = page_skip(q), .most = PAGE_ROWS};
	r->title = TX_RP_LIST_TITLE;
	r->wide = true;
	H(&r->body, "<h1>");
	html_text(q, &r->body, TX_RP_LIST_TITLE);
	H(&r->body, "</h1>");
	if (!q->desk->store) {
		H(&r->body, "<p class=\"muted\">");
		html_text(q, &r->body, TX_RP_NONE_YET);
		H(&r->body, "</p>");
		return 0;
	}
	int rc = figures(q, &r->body, e);
	filters(q, &r->body, w.state);
	return rc ? rc : table(q, &r->body, &w, e);
}

static int brief_row(void *arg, const struct store_contact *c)
{
	struct listing *l = arg;
	H(l->b, "<li><a href=\"/report/");
	html_path(l->b, slice_of(c->ref));
	H(l->b, "\">");
	html_time(l->q, l->b, c->time);
	H(l->b, "</a> ");
	html_foreign(l->b, c->who.n ? c->who : slice_of(text_of(TX_RP_NOBODY, l->q->language)));
	H(l->b, " <span class=\"badge\">");
	html_text(l->q, l->b, states[c->state]);
	H(l->b, "</span></li>");
	return 0;
}

void incident_reports(const struct request *q, struct buf *b, const char *incident)
{
	struct err e;
	struct buf rows = {0};
	struct listing l = {.q = q, .b = &rows};
	const struct store_contact_want w = {.state = -1, .incident = incident, .most = PAGE_ROWS};
	if (has_role(q, ROLE_ANALYST | ROLE_ADMINISTRATOR) && q->desk->store && !store_contacts(q->desk->store, &w, brief_row, &l, &e) && rows.n) {
		H(b, "<section class=\"card\"><h2>");
		html_text(q, b, TX_RP_LIST_TITLE);
		H(b, "</h2><ul>");
		buf_adds(b, buf_slice(&rows));
		H(b, "</ul></section>");
	}
	buf_free(&rows);
}

/* ---- JSON: without files, which GET /api/v1/reports/{} gives ------------------------------------------------------------------------------------ */

struct telling { struct request *q; struct buf *b; size_t n; };

static int tell(void *arg, const struct store_contact *c)
{
	struct telling *t = arg;
	const struct report_view v = {.c = *c};
	if (t->n++)
		buf_addc(t->b, ',');
	report_view_json(t->q, t->b, &v);
	return 0;
}

int reports_api(struct request *q, struct response *r, struct err *e)
{
	struct telling t = {q, &r->body, 0};
	const struct store_contact_want w = {.state = wanted_state(q), .skip = page_skip(q), .most = PAGE_ROWS};
	uint64_t total = 0;
	int rc = q->desk->store ? store_contacts_count(q->desk->store, &w, &total, e) : 0;
	buf_addf(&r->body, "{\"total\":%llu,\"reports\":[", (unsigned long long)total);
	if (!rc && q->desk->store)
		rc = store_contacts(q->desk->store, &w, tell, &t, e);
	buf_addz(&r->body, "]}\n");
	return rc;
}

/* ---- answering ---------------------------------------------------------------------------------------------------------------------------------- */

int report_answer_page(struct request *q, struct response *r, struct err *e)
{
	struct report_view v;
	struct broker_answer a;
	bool seen = slice_eqz(form_get(q, "do"), "seen");
	struct slice outcome = form_get(q, "outcome");
	enum contact_outcome o = slice_eqz(outcome, "real") ? CONTACT_REAL : slice_eqz(outcome, "false") ? CONTACT_FALSE : CONTACT_OPEN;
	struct broker_ask ask = {.op = BROKER_REPORT_ANSWER, .number = seen ? CONTACT_SEEN : CONTACT_ANSWERED + 16 * (int64_t)o};
	int rc = report_load(q, q->arg[0], &v, e);
	if (rc)
		return rc;
	ask_set(ask.id, sizeof ask.id, slice_of(v.c.ref));
	if (!seen)
		ask_set(ask.text, sizeof ask.text, slice_trim(form_get(q, "answer")));
	rc = page_ask(q, &ask, &a, NULL, e);
	if (!rc)
		page_go_said(q, r, "/report/", slice_dup(q->mem, slice_of(v.c.ref)), seen ? TX_RP_SAID_SEEN : TX_RP_SAID_ANSWERED);
	return rc == ERR_USAGE ? ERR_SYNTAX : rc;
}

/* ---- for the authorities --------------------------------------------------------------------------------------------------------------------------- */

int report_export_text(struct request *q, struct response *r, struct err *e)
{
	struct report_view v;
	int rc = report_load(q, q->arg[0], &v, e);
	r->type = "text/plain; charset=utf-8";
	r->file = "report.txt";
	if (!rc)
		report_view_text(q, &r->body, &v);
	return rc;
}

int report_export_json(struct request *q, struct response *r, struct err *e)
{
	struct report_view v;
	int rc = report_load(q, q->arg[0], &v, e);
	r->type = "application/json";
	r->file = "report.json";
	if (!rc)
		report_view_json(q, &r->body, &v);
	return rc;
}
