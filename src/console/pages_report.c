/* pages_report.c - "I was contacted": for everybody, from a phone too, in less than two minutes; the answer comes at once. */
#include "console/report_pages.h"

#include <stdio.h>

enum { OWN_SHOWN = 20 };
#define WATCHERS (ROLE_ANALYST | ROLE_ADMINISTRATOR)

/* ---- the form --------------------------------------------------------------------------------------------------------------------------- */

static void label(const struct request *q, struct buf *b, const char *id, enum text name)
{
	buf_addf(b, "<p><label for=\"%s\">", id);
	html_text(q, b, name);
	H(b, "</label><br>");
}

static void input(const struct request *q, struct buf *b, const char *id, enum text name, const char *type, struct slice value)
{
	label(q, b, id, name);
	buf_addf(b, "<input id=\"%s\" name=\"%s\" type=\"%s\" maxlength=\"300\" autocomplete=\"off\" value=\"", id, id, type);
	html_value(b, value);
	H(b, "\"></p>");
}

static void platform_input(const struct request *q, struct buf *b, struct slice chosen)
{
	static const char *const names[] = {"LinkedIn", "XING", "mail", "WhatsApp", "Telegram", "Signal", "KakaoTalk", "GitHub", "phone", "other"};
	label(q, b, "platform", TX_RP_PLATFORM);
	H(b, "<select id=\"platform\" name=\"platform\"><option value=\"\">");
	html_text(q, b, TX_RP_CHOOSE);
	H(b, "</option>");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		enum text t = platform_text(slice_of(names[i]));
		buf_addf(b, "<option value=\"%s\"%s>", names[i], slice_eqz(chosen, names[i]) ? " selected" : "");
		buf_html(b, t == TX_NONE ? slice_of(names[i]) : slice_of(text_of(t, q->language)));
		H(b, "</option>");
	}
	H(b, "</select></p>");
}

static void choice(const struct request *q, struct buf *b, const char *name, enum text question, struct slice chosen)
{
	static const struct { const char *value; enum text text; } rows[] = {{"yes", TX_RP_YES}, {"no", TX_RP_NO}, {"unsure", TX_RP_NOT_SURE}};
	H(b, "<fieldset><legend>");
	html_text(q, b, question);
	H(b, "</legend>");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_addf(b, "<label><input type=\"radio\" name=\"%s\" value=\"%s\"%s> ", name, rows[i].value, slice_eqz(chosen, rows[i].value) ? " checked" : "");
		html_text(q, b, rows[i].text);
		H(b, "</label> ");
	}
	H(b, "</fieldset>");
}

static void file_inputs(const struct request *q, struct buf *b)
{
	label(q, b, "files", TX_RP_FILES);
	H(b, "<input id=\"files\" name=\"files\" type=\"file\" multiple aria-describedby=\"files-help\"><br><small class=\"muted\" id=\"files-help\">");
	html_text(q, b, TX_RP_FILES_HELP);
	H(b, "</small></p>");
	input(q, b, "password", TX_RP_PASSWORD, "text", SLICE_NONE);
}

static void last_fields(const struct request *q, struct buf *b)
{
	H(b, "<details><summary>");
	html_text(q, b, TX_RP_MORE);
	H(b, "</summary>");
	input(q, b, "began", TX_RP_BEGAN, "date", form_get(q, "began"));
	input(q, b, "device", TX_RP_DEVICE, "text", form_get(q, "device"));
	label(q, b, "words", TX_RP_WORDS);
	H(b, "<textarea id=\"words\" name=\"words\" rows=\"5\" maxlength=\"2000\">\n");
	html_lines(b, form_get(q, "words"), "\n");
	H(b, "</textarea></p></details><p><label><input type=\"checkbox\" name=\"anonymous\" value=\"yes\" aria-describedby=\"anonymous-help\"> ");
	html_text(q, b, TX_RP_ANONYMOUS);
	H(b, "</label><br><small class=\"muted\" id=\"anonymous-help\">");
	html_text(q, b, TX_RP_ANONYMOUS_HELP);
	H(b, "</small></p><p class=\"actions\"><button type=\"submit\" class=\"main\">");
	html_text(q, b, TX_RP_SEND);
	H(b, "</button></p></form>");
}

static void form(const struct request *q, struct buf *b)
{
	char reference[CONTACT_REF + 1];
	report_reference(reference); /* sent twice, it is one report */
	H(b, "<p>");
	html_text(q, b, TX_RP_INTRO);
	H(b, "</p>");
	html_form(q, b, "/report", SLICE_NONE);
	buf_addf(b, "<input type=\"hidden\" name=\"reference\" value=\"%s\">", reference);
	platform_input(q, b, form_get(q, "platform"));
	input(q, b, "profile", TX_RP_PROFILE, "text", form_get(q, "profile"));
	input(q, b, "firm", TX_RP_FIRM, "text", form_get(q, "firm"));
	choice(q, b, "moved", TX_RP_MOVED, form_get(q, "moved"));
	choice(q, b, "offered", TX_RP_OFFERED, form_get(q, "offered"));
	choice(q, b, "opened", TX_RP_OPENED, form_get(q, "opened"));
	file_inputs(q, b);
	last_fields(q, b);
}

/* ---- one's own ---------------------------------------------------------------------------------------------------------------------------- */

struct own { const struct request *q; struct buf *b; size_t n; };

static int own_row(void *arg, const struct store_contact *c)
{
	static const enum text states[] = {[CONTACT_RECEIVED] = TX_RP_RECEIVED, [CONTACT_SEEN] = TX_RP_SEEN, [CONTACT_ANSWERED] = TX_RP_ANSWERED};
	struct own *o = arg;
	if (!o->n++) {
		H(o->b, "<section><h2>");
		html_text(o->q, o->b, TX_RP_YOURS);
		H(o->b, "</h2><ul>");
	}
	H(o->b, "<li><a href=\"/report/");
	html_path(o->b, slice_of(c->ref));
	H(o->b, "\">");
	html_time(o->q, o->b, c->time);
	H(o->b, "</a> ");
	html_foreign(o->b, c->firm.n ? c->firm : c->platform);
	H(o->b, " <span class=\"badge\">");
	html_text(o->q, o->b, states[c->state]);
	H(o->b, "</span></li>");
	return 0;
}

static int own_reports(struct request *q, struct buf *b, struct err *e)
{
	struct own o = {.q = q, .b = b};
	const struct store_contact_want w = {.state = -1, .who = slice_of(q->who.name), .most = OWN_SHOWN};
	int rc = q->desk->store ? store_contacts(q->desk->store, &w, own_row, &o, e) : 0;
	if (o.n)
		H(b, "</ul></section>");
	return rc;
}

static int form_page(struct request *q, struct response *r, struct err *e)
{
	r->title = TX_RP_TITLE;
	H(&r->body, "<h1>");
	html_text(q, &r->body, TX_RP_TITLE);
	H(&r->body, "</h1>");
	form(q, &r->body);
	return own_reports(q, &r->body, e);
}

/* ---- sending ------------------------------------------------------------------------------------------------------------------------------ */

/* The answer counts more than the record of it: what could not be recorded is answered all the same, and said. */
static int answer_now(struct request *q, struct response *r, struct report_view *v, const struct err *why)
{
	core_log(LOG_LEVEL_ERROR, "console: a report could not be recorded: %s", why->text);
	v->lost = true;
	r->title = TX_RP_YOUR_REPORT;
	H(&r->body, "<h1>");
	html_text(q, &r->body, TX_RP_YOUR_REPORT);
	H(&r->body, "</h1><div class=\"said bad\" role=\"alert\"><p>");
	html_text(q, &r->body, TX_RP_NOT_RECORDED);
	H(&r->body, "</p><ul>");
	report_whom_to_call(q, &r->body);
	H(&r->body, "</ul></div>");
	report_view_html(q, &r->body, v, false);
	return 0;
}

static int send_page(struct request *q, struct response *r, struct err *e)
{
	struct report_view v;
	struct slice password;
	struct err why;
	if (report_form(q, &v, &password, e)) {
		r->title = TX_RP_TITLE;
		r->status = 400;
		H(&r->body, "<h1>");
		html_text(q, &r->body, TX_RP_TITLE);
		H(&r->body, "</h1>");
		html_said(q, &r->body, true, slice_of(e->text));
		form(q, &r->body);
		return 0;
	}
	report_inspect(q, password, !v.c.who.n, &v);
	int rc = report_record(q, &v, &why);
	if (rc && rc != ERR_DUP)
		return answer_now(q, r, &v, &why);
	page_go(q, r, "/report/", slice_dup(q->mem, slice_of(v.c.ref)));
	return 0;
}

static int send_api(struct request *q, struct response *r, struct err *e)
{
	struct report_view v, stored;
	struct slice password;
	int rc = report_form(q, &v, &password, e);
	if (rc)
		return rc == ERR_USAGE ? ERR_SYNTAX : rc;
	report_inspect(q, password, !v.c.who.n, &v);
	rc = report_record(q, &v, e);
	if (rc && rc != ERR_DUP)
		return rc;
	bool known = report_load(q, slice_of(v.c.ref), &stored, e) == 0;
	report_view_json(q, &r->body, known ? &stored : &v);
	return 0;
}

/* ---- the answer, now and later -------------------------------------------------------------------------------------------------------------- */

static void answer_form(const struct request *q, struct buf *b, const struct store_contact *c)
{
	H(b, "<section class=\"card\"><h2>");
	html_text(q, b, TX_RP_TO_ANSWER);
	H(b, "</h2>");
	if (c->state == CONTACT_RECEIVED) {
		html_form(q, b, "/report/", slice_of(c->ref));
		H(b, "<input type=\"hidden\" name=\"do\" value=\"seen\"><p class=\"actions\"><button type=\"submit\">");
		html_text(q, b, TX_RP_I_LOOK);
		H(b, "</button></p></form>");
	}
	html_form(q, b, "/report/", slice_of(c->ref));
	H(b, "<input type=\"hidden\" name=\"do\" value=\"answer\">");
	label(q, b, "answer", TX_RP_ANSWER_LABEL);
	H(b, "<textarea id=\"answer\" name=\"answer\" rows=\"5\" maxlength=\"2000\" required>\n");
	html_lines(b, c->answer, "\n");
	H(b, "</textarea></p><fieldset><legend>");
	html_text(q, b, TX_RP_OUTCOME);
	H(b, "</legend>");
	static const struct { const char *value; enum text text; enum contact_outcome outcome; } rows[] = {{"real", TX_RP_OUT_REAL, CONTACT_REAL}, {"false", TX_RP_OUT_FALSE, CONTACT_FALSE},
		{"open", TX_RP_OUT_OPEN, CONTACT_OPEN}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_addf(b, "<label><input type=\"radio\" name=\"outcome\" value=\"%s\"%s required> ", rows[i].value, c->state == CONTACT_ANSWERED && c->outcome == rows[i].outcome ? " checked" : "");
		html_text(q, b, rows[i].text);
		H(b, "</label> ");
	}
	H(b, "</fieldset><p class=\"actions\"><button type=\"submit\" class=\"main\">");
	html_text(q, b, TX_RP_SEND_ANSWER);
	H(b, "</button></p></form></section>");
}

static int status_page(struct request *q, struct response *r, struct err *e)
{
	struct report_view v;
	int rc = report_load(q, q->arg[0], &v, e);
	if (rc)
		return rc;
	bool own = slice_eqz(v.c.who, q->who.name), analyst = has_role(q, WATCHERS) && !own;
	r->title = analyst ? TX_RP_ONE : TX_RP_YOUR_REPORT;
	H(&r->body, "<h1>");
	html_text(q, &r->body, r->title);
	H(&r->body, "</h1>");
	report_view_html(q, &r->body, &v, analyst);
	if (has_role(q, WATCHERS))
		answer_form(q, &r->body, &v.c);
	return 0;
}

static int status_api(struct request *q, struct response *r, struct err *e)
{
	struct report_view v;
	int rc = report_load(q, q->arg[0], &v, e);
	if (!rc)
		report_view_json(q, &r->body, &v);
	return rc;
}

extern const struct route report_routes[];
const struct route report_routes[] = {
	{METHOD_GET, "/report", ROLE_ANY, form_page, 0, TX_RP_NAV},
	{METHOD_POST, "/report", ROLE_ANY, send_page, ROUTE_UPLOAD, TX_NONE},
	{METHOD_GET, "/report/{}", ROLE_ANY, status_page, ROUTE_PRINT, TX_NONE},
	{METHOD_POST, "/report/{}", WATCHERS, report_answer_page, 0, TX_NONE},
	{METHOD_GET, "/report/{}/export.txt", WATCHERS, report_export_text, ROUTE_BARE, TX_NONE},
	{METHOD_GET, "/report/{}/export.json", WATCHERS, report_export_json, ROUTE_BARE, TX_NONE},
	{METHOD_GET, "/reports", WATCHERS, reports_page, 0, TX_RP_LIST_NAV},
	{METHOD_GET, "/mail", WATCHERS, mail_page, 0, TX_MA_NAV},
	{METHOD_GET, "/mail/{}", WATCHERS, mail_one_page, ROUTE_SLOW, TX_NONE},
	{METHOD_POST, "/mail/{}/release", ROLE_ADMINISTRATOR, mail_release_page, ROUTE_SLOW, TX_NONE},
	{METHOD_POST, "/mail/{}/delete", ROLE_ADMINISTRATOR, mail_delete_page, 0, TX_NONE},
	{METHOD_GET, "/posture", WATCHERS, posture_page, ROUTE_PRINT, TX_PO_NAV},
	{METHOD_GET, "/examples", ROLE_ANY, examples_page, 0, TX_EX_NAV},
	{METHOD_GET, "/examples/new", WATCHERS, example_new_page, 0, TX_NONE},
	{METHOD_GET, "/examples/{}", ROLE_ANY, example_page, ROUTE_PRINT, TX_NONE},
	{METHOD_POST, "/examples", WATCHERS, example_publish_page, 0, TX_NONE},
	{METHOD_POST, "/examples/{}/delete", WATCHERS, example_delete_page, 0, TX_NONE},
	{METHOD_GET, "/api/v1/reports", WATCHERS, reports_api, ROUTE_JSON, TX_NONE},
	{METHOD_POST, "/api/v1/reports", ROLE_ANY, send_api, ROUTE_UPLOAD | ROUTE_JSON, TX_NONE},
	{METHOD_GET, "/api/v1/reports/{}", ROLE_ANY, status_api, ROUTE_JSON, TX_NONE},
	{METHOD_GET, "/api/v1/mail", WATCHERS, mail_api, ROUTE_JSON, TX_NONE},
	{METHOD_GET, "/api/v1/posture", WATCHERS, posture_api, ROUTE_JSON, TX_NONE},
	{0},
};
