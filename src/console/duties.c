/* duties.c - what waits for whom: a row each; and what an employee looks for first. */
#include "console/access.h"
#include "console/duties.h"
#include "console/incidents.h"
#include "console/pages_lesson.h"
#include "console/report_pages.h"

enum { OWN_REPORTS = 5, QUESTIONS_MOST = 50 };

/* ---- counts ---------------------------------------------------------------------------------------------------------------------------- */

static int reports_waiting(struct request *q, uint64_t *n)
{
	struct err e;
	struct store_contact_want all = {.state = -1}, answered = {.state = CONTACT_ANSWERED};
	uint64_t done = 0;
	if (!q->desk->store)
		return ERR_NOENT;
	int rc = store_contacts_count(q->desk->store, &all, n, &e);
	if (!rc)
		rc = store_contacts_count(q->desk->store, &answered, &done, &e);
	*n -= MIN(done, *n);
	return rc;
}

static void one_mail(void *arg, struct slice id, struct slice from, struct slice to, struct slice subject, nstime time)
{
	(void)id, (void)from, (void)to, (void)subject, (void)time;
	++*(uint64_t *)arg;
}

static int mail_waiting(struct request *q, uint64_t *n)
{
	struct err e;
	return q->desk->o->quarantine ? mail_each(q, one_mail, n, &e) : ERR_NOENT;
}

/* Assigned units that are not done, and questions that come back. Nobody is written into the book for having looked at the overview. */
static int lessons_waiting(struct request *q, uint64_t *n)
{
	struct err e;
	struct lesson_learner me;
	struct lesson_progress p;
	struct lesson_repeat due[QUESTIONS_MOST];
	const struct lesson *v;
	struct lesson_book *b = q->desk->lessons ? lesson_desk(q, &e) : NULL;
	int rc = b ? lesson_learner_get(b, slice_of(q->who.name), q->mem, &me, &e) : ERR_NOENT;
	size_t units = rc ? 0 : lessons_all(q->desk->lessons, &v);
	for (size_t i = 0; i < units && !rc; i++) {
		rc = lesson_progress(b, &v[i], me.user, q->now, &p, &e);
		*n += !rc && p.due != NSTIME_NONE;
	}
	ssize_t questions = rc ? 0 : lesson_due(b, q->desk->lessons, &me, q->now, due, ARRAY_LEN(due), &e);
	for (ssize_t i = 0; i < questions; i++)
		*n += !due[i].weekly;
	return rc;
}

typedef int count_fn(struct request *q, uint64_t *n);
static const struct {
	const char *name, *path;
	unsigned roles;
	enum text text;
	count_fn *count;
} rows[] = {
	{"access", "/access", ROLE_APPROVER, TX_DUTY_GRANTS, access_waiting},
	{"reports", "/reports", ROLE_ANALYST | ROLE_ADMINISTRATOR, TX_DUTY_REPORTS, reports_waiting},
	{"mail", "/mail", ROLE_ANALYST | ROLE_ADMINISTRATOR, TX_DUTY_HELD, mail_waiting},
	{"lessons", "/lessons", ROLE_ANY, TX_DUTY_LESSONS, lessons_waiting},
};

size_t duties_load(struct request *q, struct duty out[static DUTIES_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows) && n < DUTIES_MAX; i++) {
		uint64_t waiting = 0;
		if (has_role(q, rows[i].roles) && !rows[i].count(q, &waiting))
			out[n++] = (struct duty){rows[i].name, rows[i].path, rows[i].text, waiting};
	}
	return n;
}

void duties_card(const struct request *q, struct buf *b, const struct duty *v, size_t n)
{
	uint64_t waiting = 0;
	for (size_t i = 0; i < n; i++)
		waiting += v[i].n;
	buf_addz(b, waiting ? "<section class=\"card attention\"><h2>" : "<section class=\"card\"><h2>");
	html_text(q, b, TX_OVER_DECIDE);
	H(b, "</h2>");
	if (!waiting)
		html_in(q, b, "p class=\"muted\"", TX_OVER_DECIDE_NONE);
	else
		H(b, "<ul>");
	for (size_t i = 0; i < n; i++) {
		if (!v[i].n)
			continue;
		H(b, "<li><a href=\"");
		html_value(b, slice_of(v[i].path));
		H(b, "\">");
		html_number(q, b, v[i].text, v[i].n);
		H(b, "</a></li>");
	}
	buf_addz(b, waiting ? "</ul></section>" : "</section>");
}

/* ---- for employees ---------------------------------------------------------------------------------------------------------------------- */

void duties_report_card(const struct request *q, struct buf *b)
{
	H(b, "<section class=\"card\"><h2>");
	html_text(q, b, TX_OVER_REPORT);
	H(b, "</h2><p>");
	html_text(q, b, TX_OVER_REPORT_TEXT);
	H(b, "</p><p class=\"actions\"><a class=\"button main\" href=\"/report\">");
	html_text(q, b, TX_OVER_REPORT_NOW);
	H(b, "</a></p></section>");
}

struct listing {
	const struct request *q;
	struct buf *b;
	size_t n;
};

static int own_report(void *arg, const struct store_contact *c)
{
	static const enum text states[] = {[CONTACT_RECEIVED] = TX_RP_RECEIVED, [CONTACT_SEEN] = TX_RP_SEEN, [CONTACT_ANSWERED] = TX_RP_ANSWERED};
	struct listing *l = arg;
	if (!l->n++) {
		H(l->b, "<section><h2>");
		html_text(l->q, l->b, TX_OVER_MINE);
		H(l->b, "</h2><ul>");
	}
	H(l->b, "<li><a href=\"/report/");
	html_path(l->b, slice_of(c->ref));
	H(l->b, "\">");
	html_time(l->q, l->b, c->time);
	H(l->b, "</a> <span class=\"badge\">");
	html_text(l->q, l->b, (size_t)c->state < ARRAY_LEN(states) ? states[c->state] : TX_RP_RECEIVED);
	H(l->b, "</span></li>");
	return 0;
}

int duties_own_reports(struct request *q, struct buf *b, struct err *e)
{
	struct store_contact_want mine = {.state = -1, .who = slice_of(q->who.name), .most = OWN_REPORTS};
	struct listing l = {q, b, 0};
	int rc = q->desk->store ? store_contacts(q->desk->store, &mine, own_report, &l, e) : 0;
	if (l.n)
		H(b, "</ul></section>");
	return rc;
}
