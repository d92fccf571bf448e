/* pages_lesson_teams.c - lessons: figures of teams, assignments, certificates, the API. */
#include "console/pages_lesson.h"

#include <stdio.h>

/* ---- figures of teams ----------------------------------------------------------------------------------------------------------------------------- */

static const enum text columns[] = {TX_PROGRESS_TEAM, TX_PROGRESS_PEOPLE, TX_PROGRESS_DONE, TX_PROGRESS_LATE, TX_PROGRESS_REPORTED, TX_PROGRESS_STAGES, TX_PROGRESS_HONEST, TX_PROGRESS_SENSITIVITY};
struct telling { struct request *q; struct buf *b; size_t n; };

static void cell(const struct telling *t, size_t column)
{
	H(t->b, "<td class=\"number\" data-label=\"");
	html_text(t->q, t->b, columns[column]);
	H(t->b, "\">");
}

static void few(const struct telling *t)
{
	H(t->b, "<span class=\"muted\">");
	html_text(t->q, t->b, TX_PROGRESS_FEW_PART);
	H(t->b, "</span>");
}

static void add_figures(const struct telling *t, const struct lesson_team *x)
{
	struct buf *b = t->b;
	for (size_t i = 2; i < 7; i++) {
		cell(t, i);
		if (!(i < 4 ? x->assigned_shown : i < 6 ? x->talk_shown : x->honest_shown))
			few(t);
		else if (i == 2)
			buf_addf(b, "%u / %u", x->done, x->assigned);
		else if (i == 3)
			buf_addf(b, "%u", x->overdue);
		else if (i == 4)
			buf_addf(b, "%u / %u", x->reported, x->talks);
		else if (i == 5)
			buf_addf(b, "%u, %u, %u, %u, %u", x->stop[1], x->stop[2], x->stop[3], x->stop[4], x->stop[5]);
		else
			buf_addf(b, "%u / %u", x->suspicious, x->benign);
		H(b, "</td>");
	}
	cell(t, 7);
	if (x->spot_shown)
		buf_addf(b, "%.2f", x->sensitivity);
	else
		few(t);
	H(b, "</td>");
}

static int add_team(void *arg, const struct lesson_team *x)
{
	struct telling *t = arg;
	struct buf *b = t->b;
	t->n += x->all ? 0 : 1;
	H(b, "<tr><th scope=\"row\">");
	if (x->all || !x->name.n)
		html_text(t->q, b, x->all ? TX_PROGRESS_EVERYBODY : TX_PROGRESS_NO_TEAM);
	else
		html_foreign(b, x->name);
	H(b, "</th>");
	cell(t, 1);
	buf_addf(b, "%u</td>", x->people);
	if (x->shown) {
		add_figures(t, x);
	} else {
		H(b, "<td colspan=\"6\" class=\"muted\">");
		html_text(t->q, b, x->all ? TX_PROGRESS_FEW_SUM : TX_PROGRESS_FEW);
		H(b, "</td>");
	}
	H(b, "</tr>\n");
	return 0;
}

static int add_teams(struct request *q, struct buf *b, struct err *e)
{
	struct buf rows = {0};
	struct telling t = {q, &rows, 0};
	int rc = lesson_teams(q->desk->book, q->now, add_team, &t, e);
	if (!rc && t.n) {
		H(b, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"teams\">\n<table>\n<caption id=\"teams\">");
		html_text(q, b, TX_PROGRESS);
		H(b, "</caption>\n");
		html_columns(q, b, columns, ARRAY_LEN(columns));
		H(b, "<tbody>\n");
		buf_adds(b, buf_slice(&rows));
		H(b, "</tbody>\n</table>\n</div>\n");
	} else if (!rc) {
		H(b, "<p class=\"empty\">");
		html_text(q, b, TX_PROGRESS_NOBODY);
		H(b, "</p>\n");
	}
	buf_free(&rows);
	return rc;
}

/* ---- assignments ------------------------------------------------------------------------------------------------------------------------------------ */

static const struct { const char *word; enum text text; } targets[] = {[FOR_ALL] = {"all", TX_ASSIGN_ALL}, [FOR_TEAM] = {"team", TX_ASSIGN_TEAM}, [FOR_ROLE] = {"role", TX_ASSIGN_ROLE}, [FOR_USER] = {"user", TX_ASSIGN_USER}};

static void hidden(struct buf *b, const char *name, struct slice value)
{
	buf_addf(b, "<input type=\"hidden\" name=\"%s\" value=\"", name);
	html_value(b, value);
	H(b, "\">");
}

static int add_assignment(void *arg, const struct lesson_assignment *a)
{
	struct telling *t = arg;
	struct buf *b = t->b;
	const struct lesson *u = lessons_find(t->q->desk->lessons, a->unit);
	t->n++;
	H(b, "<tr><th scope=\"row\">");
	html_foreign(b, u ? lesson_say(t->q, &u->title) : a->unit);
	H(b, "</th><td data-label=\"");
	html_text(t->q, b, TX_ASSIGN_FOR);
	H(b, "\">");
	html_text(t->q, b, targets[a->kind].text);
	H(b, " ");
	html_foreign(b, a->target);
	H(b, "</td><td data-label=\"");
	html_text(t->q, b, TX_ASSIGN_DUE);
	H(b, "\">");
	html_time(t->q, b, a->due);
	H(b, "</td>");
	if (has_role(t->q, ROLE_ADMINISTRATOR)) {
		H(b, "<td>");
		html_form(t->q, b, "/lessons/progress", SLICE_NONE);
		hidden(b, "remove", SL("1"));
		hidden(b, "unit", a->unit);
		hidden(b, "for", slice_of(targets[a->kind].word));
		hidden(b, "target", a->target);
		H(b, "<button type=\"submit\" class=\"plain\">");
		html_text(t->q, b, TX_ASSIGN_REMOVE);
		H(b, "<span class=\"unseen\"> ");
		html_foreign(b, a->unit);
		H(b, " ");
		html_foreign(b, a->target);
		H(b, "</span></button></form></td>");
	}
	H(b, "</tr>\n");
	return 0;
}

static void add_field(const struct request *q, struct buf *b, const char *name, const char *type, enum text label, enum text help)
{
	buf_addf(b, "<p><label for=\"f-%s\">", name);
	html_text(q, b, label);
	buf_addf(b, "</label> <input id=\"f-%s\" name=\"%s\" type=\"%s\" maxlength=\"200\" aria-describedby=\"h-%s\" value=\"", name, name, type, name);
	html_value(b, form_get(q, name));
	buf_addf(b, "\"><span class=\"hint\" id=\"h-%s\">", name);
	html_text(q, b, help);
	H(b, "</span></p>\n");
}

static void add_assign_form(struct request *q, struct buf *b)
{
	const struct lesson *v;
	size_t n = q->desk->lessons ? lessons_all(q->desk->lessons, &v) : 0;
	html_form(q, b, "/lessons/progress", SLICE_NONE);
	H(b, "<fieldset>\n<legend>");
	html_text(q, b, TX_ASSIGN_NEW);
	H(b, "</legend>\n<p><label for=\"f-unit\">");
	html_text(q, b, TX_ASSIGN_UNIT);
	H(b, "</label> <select id=\"f-unit\" name=\"unit\">\n");
	for (size_t i = 0; i < n; i++) {
		H(b, "<option value=\"");
		html_value(b, v[i].id);
		buf_addz(b, slice_eq(form_get(q, "unit"), v[i].id) ? "\" selected>" : "\">");
		buf_html(b, lesson_say(q, &v[i].title));
		H(b, "</option>\n");
	}
	H(b, "</select></p>\n<p><label for=\"f-for\">");
	html_text(q, b, TX_ASSIGN_FOR);
	H(b, "</label> <select id=\"f-for\" name=\"for\">\n");
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		buf_addf(b, "<option value=\"%s\"%s>", targets[i].word, slice_eqz(form_get(q, "for"), targets[i].word) ? " selected" : "");
		html_text(q, b, targets[i].text);
		H(b, "</option>\n");
	}
	H(b, "</select></p>\n");
	add_field(q, b, "target", "text", TX_ASSIGN_TARGET, TX_ASSIGN_TARGET_HELP);
	add_field(q, b, "due", "date", TX_ASSIGN_DUE, TX_ASSIGN_DUE_HELP);
	H(b, "<div class=\"actions\"><button type=\"submit\" class=\"main\">");
	html_text(q, b, TX_ASSIGN_NEW);
	H(b, "</button></div>\n</fieldset>\n</form>\n");
}

static int add_assignments(struct request *q, struct buf *b, struct err *e)
{
	struct buf rows = {0};
	struct telling t = {q, &rows, 0};
	int rc = lesson_assignments(q->desk->book, add_assignment, &t, e);
	H(b, "<h2>");
	html_text(q, b, TX_ASSIGNMENTS);
	H(b, "</h2>\n");
	if (!rc && t.n) {
		static const enum text names[] = {TX_ASSIGN_UNIT, TX_ASSIGN_FOR, TX_ASSIGN_DUE, TX_ASSIGN_ACTION};
		H(b, "<table>\n<caption class=\"unseen\">");
		html_text(q, b, TX_ASSIGNMENTS);
		H(b, "</caption>\n");
		html_columns(q, b, names, has_role(q, ROLE_ADMINISTRATOR) ? 4 : 3);
		H(b, "<tbody>\n");
		buf_adds(b, buf_slice(&rows));
		H(b, "</tbody>\n</table>\n");
	} else if (!rc) {
		H(b, "<p class=\"empty\">");
		html_text(q, b, TX_ASSIGN_NONE);
		H(b, "</p>\n");
	}
	buf_free(&rows);
	if (!rc && has_role(q, ROLE_ADMINISTRATOR))
		add_assign_form(q, b);
	return rc;
}

int lesson_progress_page(struct request *q, struct response *r, struct err *e)
{
	struct buf *b = &r->body;
	if (!lesson_desk(q, e))
		return e->code;
	r->title = TX_PROGRESS;
	r->wide = true;
	H(b, "<h1>");
	html_text(q, b, TX_PROGRESS);
	H(b, "</h1>\n<p class=\"lead\">");
	html_text(q, b, TX_PROGRESS_LEAD);
	H(b, "</p>\n");
	H(b, "<p>");
	lesson_link(q, b, "/lessons/verify", SLICE_NONE, TX_VERIFY_LINK, NULL);
	H(b, "</p>\n");
	int rc = add_teams(q, b, e);
	return rc ? rc : add_assignments(q, b, e);
}

/* The end of that day where the organisation is. */
static bool take_due(const struct request *q, struct slice s, nstime *out)
{
	uint64_t y, m, d;
	int ry;
	unsigned rm, rd;
	if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' || !slice_u64(slice_to(s, 4), 2200, &y) || !slice_u64(slice_make(s.p + 5, 2), 12, &m) || !slice_u64(slice_make(s.p + 8, 2), 31, &d) || y < 2000 || !m || !d)
		return false;
	int64_t days = days_from_civil((int64_t)y, (unsigned)m, (unsigned)d);
	civil_from_days(days, &ry, &rm, &rd);
	*out = (days + 1) * NS_DAY - NS_SEC;
	*out -= q->desk->zone ? zone_offset_local(q->desk->zone, *out) * NS_SEC : 0;
	return rd == d;
}

/* Before it is done. */
static int put_on_record(struct request *q, const struct lesson_assignment *a, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_LESSON_ASSIGN, .number = a->due};
	struct broker_answer answer;
	struct buf text = {0};
	buf_addf(&text, "%u%.*s", (unsigned)a->kind, SLFMT(a->target));
	ask_set(ask.id, sizeof ask.id, a->unit);
	ask_set(ask.text, sizeof ask.text, buf_slice(&text));
	buf_free(&text);
	return page_ask(q, &ask, &answer, NULL, e);
}

int lesson_progress_post(struct request *q, struct response *r, struct err *e)
{
	struct lesson_assignment a = {.unit = form_get(q, "unit"), .target = slice_trim(form_get(q, "target")), .due = NSTIME_NONE, .made = q->now, .by = slice_of(q->who.name)};
	bool removes = form_get(q, "remove").n > 0, fine = false;
	if (!lesson_desk(q, e))
		return e->code;
	for (size_t i = 0; i < ARRAY_LEN(targets); i++)
		if (slice_eqz(form_get(q, "for"), targets[i].word)) {
			a.kind = (enum lesson_for)i;
			fine = (i == FOR_ALL) == (a.target.n == 0);
		}
	if (fine && removes) {
		int rc = put_on_record(q, &a, e);
		if (!rc)
			rc = lesson_unassign(q->desk->book, &a, e);
		if (!rc)
			page_go_said(q, r, "/lessons/progress", SLICE_NONE, TX_ASSIGN_SAID_REMOVED);
		return rc;
	}
	fine = fine && take_due(q, form_get(q, "due"), &a.due) && lessons_find(q->desk->lessons, a.unit) && a.target.n <= 200;
	if (!fine) {
		r->status = 400;
		html_said(q, &r->body, true, slice_of(text_of(TX_ASSIGN_WRONG, q->language)));
		return lesson_progress_page(q, r, e);
	}
	int rc = put_on_record(q, &a, e);
	if (!rc)
		rc = lesson_assign(q->desk->book, &a, e);
	if (!rc)
		page_go_said(q, r, "/lessons/progress", SLICE_NONE, TX_ASSIGN_SAID);
	return rc;
}
