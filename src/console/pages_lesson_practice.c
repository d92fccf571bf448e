/* pages_lesson_practice.c - lessons: questions, and those that come back. */
#include "console/pages_lesson.h"

/* ---- a question as a form ------------------------------------------------------------------------------------------------------------------------ */

static bool is_several(const struct lesson_question *x)
{
	size_t right = 0;
	for (size_t i = 0; i < x->nchoices; i++)
		right += x->choices[i].right;
	return right > 1;
}

void lesson_ask(const struct request *q, struct buf *b, const struct lesson_question *x)
{
	bool several = is_several(x);
	H(b, "<fieldset class=\"choices\">\n<legend>");
	lesson_prose(b, lesson_say(q, &x->text), true);
	H(b, "</legend>\n");
	if (several) {
		H(b, "<p class=\"hint\">");
		html_text(q, b, TX_ANSWER_SEVERAL);
		H(b, "</p>\n");
	}
	for (size_t i = 0; i < x->nchoices; i++) {
		buf_addf(b, "<label><input type=\"%s\" name=\"choice\" value=\"%zu\"> <span>", several ? "checkbox" : "radio", i);
		lesson_prose(b, lesson_say(q, &x->choices[i].text), true);
		H(b, "</span></label>\n");
	}
	H(b, "</fieldset>\n<div class=\"actions\"><button type=\"submit\" class=\"main\">");
	html_text(q, b, TX_ANSWER_SEND);
	H(b, "</button></div>\n");
}

bool lesson_answer(const struct request *q, const struct lesson_question *x, uint32_t *marked, bool *right)
{
	uint64_t n;
	*marked = 0;
	for (size_t i = 0; i < q->nform; i++)
		if (slice_eqz(q->form[i].name, "choice") && slice_u64(q->form[i].value, x->nchoices - 1, &n))
			*marked |= (uint32_t)1 << n;
	*right = true;
	for (size_t i = 0; i < x->nchoices; i++)
		*right &= x->choices[i].right == ((*marked >> i & 1) != 0);
	return *marked != 0;
}

void lesson_because(const struct request *q, struct buf *b, const struct lesson_question *x, uint32_t marked, bool right)
{
	html_said(q, b, !right, slice_of(text_of(right ? TX_ANSWER_RIGHT : TX_ANSWER_WRONG, q->language)));
	lesson_prose(b, lesson_say(q, &x->text), false);
	H(b, "<ul>\n");
	for (size_t i = 0; i < x->nchoices; i++) {
		const struct lesson_choice *c = &x->choices[i];
		H(b, "<li><p><strong>");
		lesson_prose(b, lesson_say(q, &c->text), true);
		H(b, "</strong> ");
		lesson_badge(q, b, c->right ? "good" : "bad", c->right ? TX_ANSWER_IS_RIGHT : TX_ANSWER_IS_WRONG);
		if (marked >> i & 1) {
			H(b, " ");
			lesson_badge(q, b, "new", TX_ANSWER_YOURS);
		}
		H(b, "</p>\n");
		lesson_prose(b, lesson_say(q, &c->because), false);
		H(b, "</li>\n");
	}
	H(b, "</ul>\n");
}

int lesson_back_in(struct request *q, struct buf *b, struct slice unit, struct slice question, struct err *e)
{
	int days;
	int rc = lesson_comes_back(q->desk->book, unit, question, slice_of(q->who.name), q->now, &days, e);
	if (rc || days < 0)
		return rc;
	H(b, "<p class=\"muted\">");
	html_number(q, b, TX_ANSWER_BACK, (uint64_t)days);
	H(b, "</p>\n");
	return 0;
}

/* ---- practice ------------------------------------------------------------------------------------------------------------------------------------- */

static void add_head(const struct request *q, struct response *r)
{
	r->title = TX_PRACTICE;
	H(&r->body, "<nav class=\"crumbs\" aria-label=\"");
	html_text(q, &r->body, TX_LESSONS);
	H(&r->body, "\"><ol><li>");
	lesson_link(q, &r->body, "/lessons", SLICE_NONE, TX_LESSONS, NULL);
	H(&r->body, "</li></ol></nav>\n<h1>");
	html_text(q, &r->body, TX_PRACTICE);
	H(&r->body, "</h1>\n");
}

static void hidden(struct buf *b, const char *name, struct slice value)
{
	buf_addf(b, "<input type=\"hidden\" name=\"%s\" value=\"", name);
	html_value(b, value);
	H(b, "\">\n");
}

static void ask(struct request *q, struct buf *b, const struct lesson *u, const struct lesson_question *x)
{
	H(b, "<p class=\"muted\">");
	html_with(q, b, TX_PRACTICE_OF, lesson_say(q, &u->title));
	H(b, "</p>\n");
	html_form(q, b, "/lessons/practice", SLICE_NONE);
	hidden(b, "unit", u->id);
	hidden(b, "question", x->id);
	lesson_ask(q, b, x);
	H(b, "</form>\n");
}

int lesson_practice_page(struct request *q, struct response *r, struct err *e)
{
	struct lesson_repeat due[99];
	struct lesson_learner me;
	int rc = lesson_me(q, &me, e);
	ssize_t n = rc ? rc : q->desk->lessons ? lesson_due(q->desk->book, q->desk->lessons, &me, q->now, due, ARRAY_LEN(due), e) : 0;
	struct buf *b = &r->body;
	if (n < 0)
		return (int)n;
	add_head(q, r);
	H(b, "<p class=\"lead\">");
	html_text(q, b, TX_PRACTICE_LEAD);
	H(b, "</p>\n<p>");
	if (!n)
		html_text(q, b, TX_PRACTICE_NOTHING);
	else if (due[0].weekly)
		html_text(q, b, TX_PRACTICE_WEEKLY);
	else
		html_number(q, b, TX_PRACTICE_WAITING, (uint64_t)n);
	H(b, "</p>\n");
	if (n)
		ask(q, b, due[0].unit, due[0].question);
	return 0;
}

static const struct lesson_question *find_question(const struct lesson *u, struct slice id)
{
	for (size_t i = 0; u && i < u->nquestions; i++)
		if (slice_eq(u->questions[i].id, id))
			return &u->questions[i];
	return NULL;
}

int lesson_practice_done(struct request *q, struct response *r, struct err *e)
{
	const struct lesson *u = lessons_find(q->desk->lessons, form_get(q, "unit"));
	const struct lesson_question *x = find_question(u, form_get(q, "question"));
	struct lesson_learner me;
	struct buf *b = &r->body;
	uint32_t marked;
	bool right;
	if (!x)
		return err_set(e, ERR_NOENT, "%s", "");
	int rc = lesson_me(q, &me, e);
	if (rc)
		return rc;
	add_head(q, r);
	if (!lesson_answer(q, x, &marked, &right)) {
		html_said(q, b, true, slice_of(text_of(TX_ANSWER_NONE, q->language)));
		ask(q, b, u, x);
		return 0;
	}
	rc = lesson_practised(q->desk->book, u, x, me.user, right, q->now, e);
	if (rc)
		return rc;
	lesson_because(q, b, x, marked, right);
	rc = lesson_back_in(q, b, u->id, x->id, e);
	H(b, "<div class=\"actions\">\n");
	lesson_link(q, b, "/lessons/practice", SLICE_NONE, TX_PRACTICE_NEXT, "button main");
	lesson_link(q, b, "/lessons", SLICE_NONE, TX_LESSONS, "button");
	H(b, "</div>\n");
	return rc;
}
