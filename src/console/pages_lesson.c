/* pages_lesson.c - lessons: what is due, a unit, and what the other pages of lessons share. */
#include "console/pages_lesson.h"

#include <stdio.h>

/* ---- shared ------------------------------------------------------------------------------------------------------------------------------------ */

struct lesson_book *lesson_desk(struct request *q, struct err *e)
{
	char path[4096];
	int n = snprintf(path, sizeof path, "%s/console/web/lessons.db", q->desk->o->state);
	if (q->desk->book)
		return q->desk->book;
	if (n < 0 || (size_t)n >= sizeof path) {
		err_set(e, ERR_LIMIT, "the name of the state's folder is too long");
		return NULL;
	}
	q->desk->book = lesson_book_open(path, true, e);
	return q->desk->book;
}

int lesson_me(struct request *q, struct lesson_learner *out, struct err *e)
{
	struct lesson_book *b = lesson_desk(q, e);
	*out = (struct lesson_learner){.user = slice_of(q->who.name), .shown = slice_of(q->who.shown), .mail = slice_of(q->who.mail), .team = slice_of(q->who.team), .language = q->language};
	int rc = b ? lesson_learner_meet(b, out, q->now, e) : e->code;
	return rc ? rc : lesson_learner_get(b, out->user, q->mem, out, e);
}

int lesson_unit_asked(const struct request *q, const struct lesson **u, struct err *e)
{
	*u = lessons_find(q->desk->lessons, q->arg[0]);
	return *u ? 0 : err_set(e, ERR_NOENT, "%s", "");
}

int lesson_part_asked(const struct request *q, const struct lesson **u, size_t *part, struct err *e)
{
	int rc = lesson_unit_asked(q, u, e);
	for (*part = 0; !rc && *part < (*u)->nparts; ++*part)
		if (slice_eq((*u)->parts[*part].id, q->arg[1]))
			return 0;
	return err_set(e, ERR_NOENT, "%s", "");
}

struct slice lesson_say(const struct request *q, const struct lesson_text *t)
{
	return t->in[q->language];
}

void lesson_prose(struct buf *b, struct slice s, bool inline_only)
{
	struct slice line;
	bool open = false, first = true, more = true;
	while (more) {
		more = slice_cut(&s, '\n', &line);
		line = slice_trim(more ? line : s);
		if (!line.n && open && !inline_only) {
			H(b, "</p>\n");
			open = false;
		}
		if (!line.n)
			continue;
		if (!inline_only && !open)
			H(b, "<p>");
		else if (open || (inline_only && !first))
			H(b, "<br>");
		buf_html(b, line);
		open = true;
		first = false;
	}
	if (open && !inline_only)
		H(b, "</p>\n");
}

static const char *path_of(struct request *q, const struct lesson *u, const char *end)
{
	struct buf b = {0};
	buf_addf(&b, "/lessons/%.*s%s", SLFMT(u->id), end); /* an id needs no escapes */
	struct slice s = slice_dup(q->mem, buf_slice(&b));
	buf_free(&b);
	return s.p;
}

const char *lesson_path(struct request *q, const struct lesson *u)
{
	return path_of(q, u, "/");
}

void lesson_link(const struct request *q, struct buf *b, const char *path, struct slice part, enum text t, const char *class)
{
	H(b, "<a");
	if (class)
		buf_addf(b, " class=\"%s\"", class);
	H(b, " href=\"");
	buf_addz(b, path);
	html_path(b, part);
	H(b, "\">");
	html_text(q, b, t);
	H(b, "</a>\n");
}

void lesson_badge(const struct request *q, struct buf *b, const char *class, enum text t)
{
	buf_addf(b, "<span class=\"badge %s\">", class);
	html_text(q, b, t);
	H(b, "</span>");
}

static struct slice numbers(char *buf, size_t n, size_t a, size_t of)
{
	snprintf(buf, n, "%zu / %zu", a, of);
	return slice_of(buf);
}

void lesson_head(struct request *q, struct response *r, const struct lesson *u, size_t part)
{
	struct buf *b = &r->body;
	const struct lesson_part *p = &u->parts[part];
	struct slice title = p->kind == PART_QUESTION ? slice_of(text_of(TX_LESSON_QUESTION, q->language)) : lesson_say(q, &p->title);
	char text[64];
	r->title_text = title;
	H(b, "<nav class=\"crumbs\" aria-label=\"");
	html_text(q, b, TX_LESSONS);
	H(b, "\"><ol><li>");
	lesson_link(q, b, "/lessons", SLICE_NONE, TX_LESSONS, NULL);
	H(b, "</li><li><a href=\"");
	buf_addz(b, path_of(q, u, ""));
	H(b, "\">");
	buf_html(b, lesson_say(q, &u->title));
	H(b, "</a></li></ol></nav>\n<h1>");
	buf_html(b, title);
	H(b, "</h1>\n<p class=\"muted\">");
	html_with(q, b, TX_LESSON_PART_OF, numbers(text, sizeof text, part + 1, u->nparts));
	buf_addf(b, " <progress max=\"%zu\" value=\"%zu\" aria-hidden=\"true\"></progress></p>\n", u->nparts, part + 1);
}

void lesson_foot(struct request *q, struct buf *b, const struct lesson *u, size_t part, bool after)
{
	H(b, "<div class=\"actions\">\n");
	if (after && part + 1 < u->nparts)
		lesson_link(q, b, lesson_path(q, u), u->parts[part + 1].id, TX_LESSON_NEXT, "button main");
	if (part > 0)
		lesson_link(q, b, lesson_path(q, u), u->parts[part - 1].id, TX_LESSON_PREVIOUS, "button");
	lesson_link(q, b, path_of(q, u, ""), SLICE_NONE, TX_LESSON_OVERVIEW, "button");
	H(b, "</div>\n");
}

bool lesson_refresh_due(const struct lesson_certificate *c, nstime now)
{
	bool due = false;
	for (size_t i = 0; c->id[0] && i < 2; i++)
		due |= c->refresh_done[i] == NSTIME_NONE && now >= c->refresh_due[i];
	return due;
}

/* ---- the overview ------------------------------------------------------------------------------------------------------------------------------- */

enum group { GROUP_DUE, GROUP_NEXT, GROUP_DONE, GROUP_OPTIONAL, GROUPS };
struct row { const struct lesson *unit; struct lesson_progress p; enum group group; };

static void add_due(const struct request *q, struct buf *b, const struct lesson_progress *p)
{
	if (p->due == NSTIME_NONE)
		return;
	bool late = p->due < q->now;
	H(b, "<p>");
	if (late) {
		lesson_badge(q, b, "warn", TX_LESSON_LATE);
	} else {
		html_text(q, b, TX_LESSON_UNTIL);
	}
	H(b, " ");
	html_time(q, b, p->due);
	H(b, "</p>\n");
}

static void add_card(struct request *q, struct buf *b, const struct row *x)
{
	char text[64];
	H(b, "<section class=\"card\">\n<h3><a href=\"");
	buf_addz(b, path_of(q, x->unit, ""));
	H(b, "\">");
	buf_html(b, lesson_say(q, &x->unit->title));
	H(b, "</a></h3>\n");
	lesson_prose(b, lesson_say(q, &x->unit->summary), false);
	H(b, "<p class=\"muted\">");
	html_number(q, b, TX_LESSON_MINUTES, x->unit->minutes);
	H(b, ", ");
	html_with(q, b, TX_LESSON_DONE_OF, numbers(text, sizeof text, x->p.ndone, x->unit->nparts));
	H(b, "</p>\n");
	add_due(q, b, &x->p);
	if (x->p.lapsed) {
		H(b, "<p>");
		html_text(q, b, TX_LESSON_LAPSED);
		H(b, "</p>\n");
	}
	if (lesson_refresh_due(&x->p.certificate, q->now)) {
		H(b, "<p>");
		html_text(q, b, TX_LESSON_REFRESH);
		H(b, "</p>\n");
	}
	if (x->p.certificate.id[0]) {
		H(b, "<p>");
		lesson_link(q, b, "/lessons/certificate/", slice_of(x->p.certificate.id), TX_LESSON_CERTIFICATE_SHOW, NULL);
		H(b, "</p>\n");
	}
	H(b, "</section>\n");
}

static void add_practice(const struct request *q, struct buf *b, ssize_t due, bool weekly)
{
	if (due <= 0)
		return;
	H(b, "<section class=\"said\">\n<p>");
	if (weekly)
		html_text(q, b, TX_PRACTICE_WEEKLY);
	else
		html_number(q, b, TX_PRACTICE_WAITING, (uint64_t)due);
	H(b, " ");
	lesson_link(q, b, "/lessons/practice", SLICE_NONE, TX_PRACTICE_GO, NULL);
	H(b, "</p>\n</section>\n");
}

/* All units with where the learner is, in q->mem. */
static int rows_of(struct request *q, const struct lesson_learner *me, struct row **out, size_t *n, struct err *e)
{
	const struct lesson *v;
	int rc = 0;
	*n = q->desk->lessons ? lessons_all(q->desk->lessons, &v) : 0;
	*out = arena_alloc(q->mem, MAX(*n, (size_t)1) * sizeof **out);
	for (size_t i = 0; i < *n && !rc; i++) {
		struct row *x = &(*out)[i];
		x->unit = &v[i];
		rc = lesson_progress(q->desk->book, &v[i], me->user, q->now, &x->p, e);
		x->group = x->p.due != NSTIME_NONE ? GROUP_DUE : x->p.completed != NSTIME_NONE ? GROUP_DONE : lesson_is_for(&v[i], me->roles) ? GROUP_NEXT : GROUP_OPTIONAL;
	}
	return rc;
}

/* Nothing of it is needed to go on: folded away, and only when there is something. */
static int add_own(struct request *q, struct buf *b, struct slice user, struct err *e)
{
	struct lesson_team own;
	int rc = lesson_own(q->desk->book, user, &own, e);
	const struct { enum text text; unsigned n, of; } rows[] = {{TX_OWN_REPORTED, own.reported, own.talks}, {TX_OWN_LATE, own.stop[5], own.talks}, {TX_OWN_HONEST, own.suspicious, own.benign},
		{TX_OWN_SEEN, own.hits, own.hits + own.misses}, {TX_OWN_ALARMS, own.alarms, own.alarms + own.quiet}, {TX_OWN_ANSWERS, own.right, own.answers}};
	bool open = false;
	for (size_t i = 0; !rc && i < ARRAY_LEN(rows); i++) {
		if (!rows[i].of)
			continue;
		if (!open) {
			H(b, "<details class=\"card\">\n<summary>");
			html_text(q, b, TX_OWN);
			H(b, "</summary>\n<p class=\"muted\">");
			html_text(q, b, TX_OWN_HELP);
			H(b, "</p>\n<dl>\n");
		}
		open = true;
		H(b, "<dt>");
		html_text(q, b, rows[i].text);
		buf_addf(b, "</dt><dd>%u / %u</dd>\n", rows[i].n, rows[i].of);
	}
	if (open)
		H(b, "</dl>\n</details>\n");
	return rc;
}

static int overview(struct request *q, struct response *r, struct err *e)
{
	static const enum text titles[GROUPS] = {TX_LESSONS_DUE, TX_LESSONS_NEXT, TX_LESSONS_FINISHED, TX_LESSONS_OPTIONAL};
	struct lesson_learner me;
	struct lesson_repeat due[99];
	struct row *v;
	size_t n = 0;
	struct buf *b = &r->body;
	int rc = lesson_me(q, &me, e);
	if (!rc)
		rc = rows_of(q, &me, &v, &n, e);
	ssize_t waiting = rc ? rc : n ? lesson_due(q->desk->book, q->desk->lessons, &me, q->now, due, ARRAY_LEN(due), e) : 0;
	if (waiting < 0)
		return (int)waiting;
	r->title = TX_LESSONS;
	H(b, "<h1>");
	html_text(q, b, TX_LESSONS);
	H(b, "</h1>\n<p class=\"lead\">");
	html_text(q, b, n ? TX_LESSONS_LEAD : TX_LESSONS_NONE);
	H(b, "</p>\n");
	if (has_role(q, ROLE_ANALYST | ROLE_ADMINISTRATOR)) {
		H(b, "<p>");
		lesson_link(q, b, "/lessons/progress", SLICE_NONE, TX_PROGRESS_LINK, NULL);
		H(b, "</p>\n");
	}
	add_practice(q, b, waiting, waiting > 0 && due[0].weekly);
	for (enum group g = GROUP_DUE; g < GROUPS; g++) {
		bool open = false;
		for (size_t i = 0; i < n; i++) {
			if (v[i].group != g)
				continue;
			if (!open) {
				H(b, "<h2>");
				html_text(q, b, titles[g]);
				H(b, "</h2>\n<div class=\"cards\">\n");
			}
			open = true;
			add_card(q, b, &v[i]);
		}
		if (open)
			H(b, "</div>\n");
	}
	return add_own(q, b, me.user, e);
}

/* ---- a unit ------------------------------------------------------------------------------------------------------------------------------------------ */

static void add_parts(struct request *q, struct buf *b, const struct lesson *u, const struct lesson_progress *p)
{
	static const enum text kinds[] = {TX_LESSON_READ, TX_LESSON_TALK, TX_LESSON_SPOT, TX_NONE};
	H(b, "<h2>");
	html_text(q, b, TX_LESSON_CONTENTS);
	H(b, "</h2>\n<ol>\n");
	for (size_t i = 0; i < u->nparts; i++) {
		const struct lesson_part *x = &u->parts[i];
		H(b, "<li><a href=\"");
		buf_addz(b, lesson_path(q, u));
		html_path(b, x->id);
		H(b, "\">");
		buf_html(b, x->kind == PART_QUESTION ? slice_of(text_of(TX_LESSON_QUESTION, q->language)) : lesson_say(q, &x->title));
		H(b, "</a> <span class=\"muted\">");
		html_text(q, b, kinds[x->kind]);
		H(b, "</span> ");
		if (p->parts & (uint64_t)1 << i)
			lesson_badge(q, b, "good", TX_LESSON_PART_DONE);
		H(b, "</li>\n");
	}
	H(b, "</ol>\n");
}

static void add_next(struct request *q, struct buf *b, const struct lesson *u, const struct lesson_progress *p)
{
	size_t next = 0;
	while (next < u->nparts && (p->parts & (uint64_t)1 << next))
		next++;
	H(b, "<div class=\"actions\">\n");
	lesson_link(q, b, lesson_path(q, u), u->parts[next < u->nparts ? next : 0].id, next == u->nparts ? TX_LESSON_AGAIN : p->ndone ? TX_LESSON_CONTINUE : TX_LESSON_START, "button main");
	if (p->certificate.id[0])
		lesson_link(q, b, "/lessons/certificate/", slice_of(p->certificate.id), TX_LESSON_CERTIFICATE_SHOW, "button");
	H(b, "</div>\n");
}

static int unit(struct request *q, struct response *r, struct err *e)
{
	const struct lesson *u;
	struct lesson_learner me;
	struct lesson_progress p;
	struct buf *b = &r->body;
	int rc = lesson_unit_asked(q, &u, e);
	if (!rc)
		rc = lesson_me(q, &me, e);
	if (!rc)
		rc = lesson_progress(q->desk->book, u, me.user, q->now, &p, e);
	if (rc)
		return rc;
	r->title_text = lesson_say(q, &u->title);
	H(b, "<nav class=\"crumbs\" aria-label=\"");
	html_text(q, b, TX_LESSONS);
	H(b, "\"><ol><li>");
	lesson_link(q, b, "/lessons", SLICE_NONE, TX_LESSONS, NULL);
	H(b, "</li></ol></nav>\n<h1>");
	buf_html(b, lesson_say(q, &u->title));
	H(b, "</h1>\n");
	lesson_prose(b, lesson_say(q, &u->summary), false);
	H(b, "<p class=\"muted\">");
	html_number(q, b, TX_LESSON_MINUTES, u->minutes);
	H(b, ", ");
	html_number(q, b, TX_LESSON_PARTS, u->nparts);
	H(b, "</p>\n");
	add_due(q, b, &p);
	if (p.lapsed)
		html_said(q, b, false, slice_of(text_of(TX_LESSON_LAPSED, q->language)));
	if (lesson_refresh_due(&p.certificate, q->now))
		html_said(q, b, false, slice_of(text_of(TX_LESSON_REFRESH, q->language)));
	add_next(q, b, u, &p);
	add_parts(q, b, u, &p);
	return 0;
}

/* ---- routes ------------------------------------------------------------------------------------------------------------------------------------------- */

static page_fn part_page, part_done;
#define TEACHERS (ROLE_ANALYST | ROLE_ADMINISTRATOR)
extern const struct route lesson_routes[];
const struct route lesson_routes[] = {
	{METHOD_GET, "/lessons", ROLE_ANY, overview, 0, TX_LESSONS},
	{METHOD_GET, "/lessons/practice", ROLE_ANY, lesson_practice_page, 0, TX_NONE},
	{METHOD_POST, "/lessons/practice", ROLE_ANY, lesson_practice_done, 0, TX_NONE},
	{METHOD_GET, "/lessons/progress", TEACHERS, lesson_progress_page, ROUTE_SLOW, TX_NONE},
	{METHOD_POST, "/lessons/progress", ROLE_ADMINISTRATOR, lesson_progress_post, 0, TX_NONE},
	{METHOD_GET, "/lessons/certificate/{}", ROLE_ANY, lesson_certificate_page, ROUTE_PRINT, TX_NONE},
	{METHOD_GET, "/lessons/verify", 0, lesson_verify_page, 0, TX_NONE},
	{METHOD_GET, "/lessons/{}", ROLE_ANY, unit, 0, TX_NONE},
	{METHOD_GET, "/lessons/{}/{}", ROLE_ANY, part_page, 0, TX_NONE},
	{METHOD_POST, "/lessons/{}/{}", ROLE_ANY, part_done, 0, TX_NONE},
	{METHOD_GET, "/api/v1/lessons", ROLE_ANY, lesson_api_mine, ROUTE_JSON, TX_NONE},
	{METHOD_GET, "/api/v1/lessons/progress", TEACHERS, lesson_api_progress, ROUTE_JSON | ROUTE_SLOW, TX_NONE},
	{0},
};

/* ---- a part: to read, or one of the others ------------------------------------------------------------------------------------------------------------- */

static void add_sources(const struct request *q, struct buf *b, const struct lesson *u)
{
	H(b, "<section>\n<h2>");
	html_text(q, b, TX_LESSON_SOURCES);
	H(b, "</h2>\n<ol>\n");
	for (size_t i = 0; i < u->nsources; i++) {
		H(b, "<li id=\"source-");
		html_value(b, u->sources[i].id);
		H(b, "\"><a rel=\"noopener noreferrer\" href=\"");
		html_value(b, u->sources[i].url);
		H(b, "\">");
		buf_html(b, u->sources[i].title);
		H(b, "</a>, ");
		buf_html(b, u->sources[i].date);
		H(b, "</li>\n");
	}
	H(b, "</ol>\n</section>\n");
}

static int read_page(struct request *q, struct response *r, const struct lesson *u, size_t part)
{
	struct buf *b = &r->body;
	lesson_head(q, r, u, part);
	H(b, "<article>\n");
	buf_adds(b, u->parts[part].html[q->language]);
	H(b, "</article>\n");
	html_form(q, b, lesson_path(q, u), u->parts[part].id);
	H(b, "<div class=\"actions\"><button type=\"submit\" class=\"main\">");
	html_text(q, b, TX_LESSON_READ_DONE);
	H(b, "</button></div></form>\n");
	lesson_foot(q, b, u, part, false);
	add_sources(q, b, u);
	return 0;
}

static int question_page(struct request *q, struct response *r, const struct lesson *u, size_t part)
{
	lesson_head(q, r, u, part);
	html_form(q, &r->body, lesson_path(q, u), u->parts[part].id);
	lesson_ask(q, &r->body, u->parts[part].question);
	H(&r->body, "</form>\n");
	lesson_foot(q, &r->body, u, part, false);
	return 0;
}

static int part_page(struct request *q, struct response *r, struct err *e)
{
	const struct lesson *u;
	struct lesson_learner me;
	size_t part;
	int rc = lesson_part_asked(q, &u, &part, e);
	if (!rc)
		rc = lesson_me(q, &me, e);
	if (rc)
		return rc;
	switch (u->parts[part].kind) {
	case PART_CONVERSATION:
		return lesson_talk_page(q, r, e);
	case PART_SPOT:
		return lesson_spot_page(q, r, e);
	case PART_QUESTION:
		return question_page(q, r, u, part);
	case PART_READ:
		break;
	}
	return read_page(q, r, u, part);
}

static int read_done(struct request *q, struct response *r, const struct lesson *u, size_t part, struct err *e)
{
	bool finished;
	int rc = lesson_done(q->desk->book, u, part, slice_of(q->who.name), NULL, q->now, &finished, e);
	if (rc)
		return rc;
	if (finished)
		page_go_said(q, r, "/lessons/", u->id, TX_LESSON_SAID_FINISHED);
	else if (part + 1 < u->nparts)
		page_go(q, r, lesson_path(q, u), u->parts[part + 1].id);
	else
		page_go_said(q, r, "/lessons/", u->id, TX_LESSON_SAID_DONE);
	return 0;
}

static int question_done(struct request *q, struct response *r, const struct lesson *u, size_t part, struct err *e)
{
	const struct lesson_question *x = u->parts[part].question;
	struct buf *b = &r->body;
	struct lesson_result result = {0};
	uint32_t marked;
	bool finished;
	if (!lesson_answer(q, x, &marked, &result.right)) {
		html_said(q, b, true, slice_of(text_of(TX_ANSWER_NONE, q->language)));
		return question_page(q, r, u, part);
	}
	int rc = lesson_done(q->desk->book, u, part, slice_of(q->who.name), &result, q->now, &finished, e);
	if (rc)
		return rc;
	lesson_head(q, r, u, part);
	lesson_because(q, b, x, marked, result.right);
	rc = lesson_back_in(q, b, u->id, x->id, e);
	if (finished)
		html_said(q, b, false, slice_of(text_of(TX_LESSON_SAID_FINISHED, q->language)));
	lesson_foot(q, b, u, part, true);
	return rc;
}

static int part_done(struct request *q, struct response *r, struct err *e)
{
	const struct lesson *u;
	struct lesson_learner me;
	size_t part;
	int rc = lesson_part_asked(q, &u, &part, e);
	if (!rc)
		rc = lesson_me(q, &me, e);
	if (rc)
		return rc;
	switch (u->parts[part].kind) {
	case PART_CONVERSATION:
		return lesson_talk_done(q, r, e);
	case PART_SPOT:
		return lesson_spot_done(q, r, e);
	case PART_QUESTION:
		return question_done(q, r, u, part, e);
	case PART_READ:
		break;
	}
	return read_done(q, r, u, part, e);
}
