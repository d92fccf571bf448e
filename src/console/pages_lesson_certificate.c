/* pages_lesson_certificate.c - lessons: the certificate to print, the page that verifies one, and the API. */
#include "console/pages_lesson.h"

#include <stdio.h>

static void fact(const struct request *q, struct buf *b, enum text name)
{
	H(b, "<dt>");
	html_text(q, b, name);
	H(b, "</dt><dd>");
}

static void add_refresh(const struct request *q, struct buf *b, const struct lesson_certificate *c)
{
	fact(q, b, TX_CERT_REFRESH);
	for (size_t i = 0; i < 2; i++) {
		bool done = c->refresh_done[i] != NSTIME_NONE, open = !done && q->now >= c->refresh_due[i];
		if (i)
			H(b, "<br>");
		html_text(q, b, done ? TX_CERT_REFRESH_DONE : open ? TX_CERT_REFRESH_OPEN : TX_CERT_REFRESH_LATER);
		H(b, " ");
		html_time(q, b, done ? c->refresh_done[i] : c->refresh_due[i]);
	}
	H(b, "</dd>\n");
}

static void add_facts(const struct request *q, struct buf *b, const struct lesson_certificate *c)
{
	H(b, "<dl>\n");
	fact(q, b, TX_CERT_ISSUED);
	html_time(q, b, c->issued);
	H(b, "</dd>\n");
	fact(q, b, TX_CERT_UNTIL);
	html_time(q, b, c->until);
	H(b, "</dd>\n");
	add_refresh(q, b, c);
	fact(q, b, TX_CERT_NUMBER);
	H(b, "<code>");
	html_foreign(b, slice_of(c->id));
	H(b, "</code></dd>\n</dl>\n");
}

static struct slice unit_title(const struct request *q, const struct lesson_certificate *c)
{
	const struct lesson *u = lessons_find(q->desk->lessons, c->unit);
	return u ? lesson_say(q, &u->title) : c->unit;
}

/* Whose it is, and who teaches: to all others there is none. */
int lesson_certificate_page(struct request *q, struct response *r, struct err *e)
{
	struct lesson_certificate c;
	struct buf *b = &r->body;
	if (!lesson_desk(q, e))
		return e->code;
	int rc = lesson_certificate(q->desk->book, q->arg[0], q->mem, &c, e);
	if (!rc && !slice_eqz(c.user, q->who.name) && !has_role(q, ROLE_ANALYST | ROLE_ADMINISTRATOR))
		rc = err_set(e, ERR_NOENT, "%s", "");
	if (rc)
		return rc;
	r->title = TX_LESSON_CERTIFICATE;
	H(b, "<article class=\"certificate\">\n<h1>");
	html_text(q, b, TX_LESSON_CERTIFICATE);
	H(b, "</h1>\n<p>");
	html_text(q, b, TX_CERT_OF);
	H(b, "</p>\n<p><strong>");
	html_foreign(b, c.shown);
	H(b, "</strong></p>\n<p>");
	html_text(q, b, TX_CERT_DID);
	H(b, "</p>\n<p><strong>");
	html_foreign(b, unit_title(q, &c));
	H(b, "</strong></p>\n");
	add_facts(q, b, &c);
	H(b, "<p class=\"muted\">");
	html_text(q, b, TX_CERT_HOW);
	H(b, "</p>\n</article>\n<p class=\"actions\">");
	html_text(q, b, TX_CERT_PRINT);
	H(b, "</p>\n");
	return 0;
}

/* ---- verification ------------------------------------------------------------------------------------------------------------------------------------- */

/* As it is typed: small letters, blanks around. */
static struct slice tidy(struct request *q, struct slice s)
{
	s = slice_trim(s);
	if (s.n > 40)
		return SLICE_NONE;
	char *p = arena_alloc(q->mem, s.n + 1);
	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] - 'a' + 'A') : s.p[i];
	return slice_make(p, s.n);
}

/* The book is made by who learns; to whom nobody has logged in there is nothing to find either. */
int lesson_verify_page(struct request *q, struct response *r, struct err *e)
{
	struct slice asked = query_get(q, "id"), id = tidy(q, asked);
	struct lesson_certificate c;
	struct buf *b = &r->body;
	r->title = TX_VERIFY;
	H(b, "<h1>");
	html_text(q, b, TX_VERIFY);
	H(b, "</h1>\n");
	if (asked.n) {
		int rc = lesson_desk(q, e) ? lesson_certificate(q->desk->book, id, q->mem, &c, e) : e->code;
		if (rc && rc != ERR_NOENT)
			return rc;
		bool good = !rc && c.until > q->now;
		html_said(q, b, !good, slice_of(text_of(rc ? TX_VERIFY_UNKNOWN : good ? TX_VERIFY_GOOD : TX_VERIFY_OLD, q->language)));
		if (!rc) {
			H(b, "<section class=\"card\">\n<p><strong>");
			html_foreign(b, c.shown);
			H(b, "</strong>: ");
			html_foreign(b, unit_title(q, &c));
			H(b, "</p>\n");
			add_facts(q, b, &c);
			H(b, "</section>\n");
		}
	}
	H(b, "<form method=\"get\" action=\"/lessons/verify\">\n<p><label for=\"f-id\">");
	html_text(q, b, TX_VERIFY_NUMBER);
	H(b, "</label> <input id=\"f-id\" name=\"id\" type=\"text\" maxlength=\"40\" autocomplete=\"off\" aria-describedby=\"h-id\" value=\"");
	html_value(b, slice_to(asked, 40));
	H(b, "\"><span class=\"hint\" id=\"h-id\">");
	html_text(q, b, TX_VERIFY_HELP);
	H(b, "</span></p>\n<div class=\"actions\"><button type=\"submit\" class=\"main\">");
	html_text(q, b, TX_VERIFY_CHECK);
	H(b, "</button></div>\n</form>\n");
	return 0;
}

/* ---- the API ------------------------------------------------------------------------------------------------------------------------------------------- */

static void json_time(struct buf *b, const char *name, nstime t)
{
	char text[40];
	if (t == NSTIME_NONE)
		buf_addf(b, ",\"%s\":null", name);
	else
		buf_addf(b, ",\"%s\":\"%s\"", name, time_rfc3339(t, text));
}

static int json_unit(struct request *q, struct buf *b, const struct lesson *u, const struct lesson_learner *me, struct err *e)
{
	struct lesson_progress p;
	int rc = lesson_progress(q->desk->book, u, me->user, q->now, &p, e);
	if (rc)
		return rc;
	H(b, "{\"id\":");
	buf_json(b, u->id);
	H(b, ",\"title\":");
	buf_json(b, lesson_say(q, &u->title));
	buf_addf(b, ",\"minutes\":%u,\"parts\":%zu,\"parts_done\":%zu,\"optional\":%s", u->minutes, u->nparts, p.ndone, lesson_is_for(u, me->roles) ? "false" : "true");
	json_time(b, "due", p.due);
	json_time(b, "completed", p.completed);
	H(b, ",\"certificate\":");
	if (p.certificate.id[0])
		buf_json(b, slice_of(p.certificate.id));
	else
		H(b, "null");
	buf_addf(b, ",\"refresh_due\":%s}", lesson_refresh_due(&p.certificate, q->now) ? "true" : "false");
	return 0;
}

int lesson_api_mine(struct request *q, struct response *r, struct err *e)
{
	const struct lesson *v;
	struct lesson_learner me;
	struct lesson_repeat due[99];
	struct buf *b = &r->body;
	size_t n = q->desk->lessons ? lessons_all(q->desk->lessons, &v) : 0;
	int rc = lesson_me(q, &me, e);
	ssize_t waiting = rc ? rc : n ? lesson_due(q->desk->book, q->desk->lessons, &me, q->now, due, ARRAY_LEN(due), e) : 0;
	if (waiting < 0)
		return (int)waiting;
	r->type = "application/json";
	buf_addf(b, "{\"questions_due\":%zd,\"lessons\":[", waiting);
	for (size_t i = 0; i < n && !rc; i++) {
		buf_addz(b, i ? "," : "");
		rc = json_unit(q, b, &v[i], &me, e);
	}
	H(b, "]}\n");
	return rc;
}

struct listing { struct buf *b; size_t n; };

static int json_team(void *arg, const struct lesson_team *t)
{
	struct listing *l = arg;
	buf_addz(l->b, l->n++ ? "," : "");
	lesson_team_json(t, l->b);
	return 0;
}

int lesson_api_progress(struct request *q, struct response *r, struct err *e)
{
	struct listing l = {&r->body, 0};
	if (!lesson_desk(q, e))
		return e->code;
	r->type = "application/json";
	H(&r->body, "{\"teams\":[");
	int rc = lesson_teams(q->desk->book, q->now, json_team, &l, e);
	H(&r->body, "]}\n");
	return rc;
}
