/* pages_lesson_talk.c - lessons: a conversation. The way so far stands in the address, a digit an answer: no state to lose, the browser's way back goes back. */
#include "console/pages_lesson.h"

#include <stdio.h>

enum { STEPS_MAX = 200 };
struct way {
	const struct lesson_conversation *c;
	struct slice digits;
	uint32_t nodes[STEPS_MAX];      /* that were seen; one more than answers while it goes on */
	size_t nnodes, nanswers;
	bool over;
	/* when it is over */
	bool sound, reported;
	unsigned stop;
};

static const struct lesson_option *answer_at(const struct way *w, size_t i)
{
	return &w->c->nodes[w->nodes[i]].options[w->digits.p[i] - '0'];
}

/* False: the digits are no way through it. */
static bool walk(const struct lesson_conversation *c, struct slice digits, struct way *w)
{
	uint32_t at = c->start;
	*w = (struct way){.c = c, .digits = digits, .sound = true};
	if (digits.n >= STEPS_MAX)
		return false;
	w->nodes[w->nnodes++] = at;
	for (size_t i = 0; i < digits.n; i++) {
		const struct lesson_node *n = &c->nodes[at];
		unsigned choice = (unsigned char)digits.p[i] - '0';
		if (w->over || choice >= n->noptions)
			return false;
		const struct lesson_option *o = &n->options[choice];
		w->nanswers++;
		w->sound &= o->safe;
		w->reported |= o->report;
		w->stop = MAX(w->stop, n->stop); /* who goes on is where he has come to */
		w->over = o->to == UINT32_MAX;
		if (w->over && !o->safe && !c->benign)
			w->stop = 5;
		if (!w->over)
			w->nodes[w->nnodes++] = at = o->to;
	}
	return true;
}

/* ---- messages -------------------------------------------------------------------------------------------------------------------------------------- */

static void add_node(const struct request *q, struct buf *b, const struct lesson_node *n, bool last)
{
	if (n->when.in[q->language].n) {
		H(b, "<li class=\"when\">");
		buf_html(b, lesson_say(q, &n->when));
		H(b, "</li>\n");
	}
	H(b, "<li");
	if (last)
		H(b, " id=\"now\"");
	H(b, "><span class=\"speaker\">");
	buf_html(b, n->speaker);
	H(b, "</span>\n");
	lesson_prose(b, lesson_say(q, &n->text), false);
	H(b, "</li>\n");
}

static void add_answer(const struct request *q, struct buf *b, const struct lesson_option *o, bool over)
{
	H(b, "<li class=\"you\"><span class=\"speaker\">");
	html_text(q, b, TX_TALK_YOU);
	H(b, "</span>\n");
	lesson_prose(b, lesson_say(q, &o->text), false);
	if (over)
		lesson_badge(q, b, o->safe ? "good" : "bad", o->safe ? TX_TALK_SOUND : TX_TALK_WRONG);
	H(b, "</li>\n<li class=\"when\">");
	lesson_prose(b, lesson_say(q, &o->consequence), true);
	H(b, "</li>\n");
}

static void add_messages(const struct request *q, struct buf *b, const struct way *w)
{
	H(b, "<h2>");
	html_text(q, b, TX_TALK_SO_FAR);
	H(b, "</h2>\n<ol class=\"chat\">\n");
	for (size_t i = 0; i < w->nnodes; i++) {
		add_node(q, b, &w->c->nodes[w->nodes[i]], i + 1 == w->nnodes && !w->over);
		if (i < w->nanswers)
			add_answer(q, b, answer_at(w, i), w->over);
	}
	H(b, "</ol>\n");
}

static void add_choices(struct request *q, struct buf *b, const struct lesson *u, struct slice part, const struct way *w)
{
	const struct lesson_node *n = &w->c->nodes[w->nodes[w->nnodes - 1]];
	H(b, "<section>\n<h2 id=\"choose\">");
	html_text(q, b, TX_TALK_CHOOSE);
	H(b, "</h2>\n<form method=\"get\" action=\"");
	buf_addz(b, lesson_path(q, u));
	html_path(b, part);
	H(b, "#now\" aria-labelledby=\"choose\">\n<ul class=\"choices\">\n");
	for (size_t i = 0; i < n->noptions; i++) {
		H(b, "<li><button type=\"submit\" name=\"way\" value=\"");
		html_value(b, w->digits);
		buf_addf(b, "%zu\">", i);
		lesson_prose(b, lesson_say(q, &n->options[i].text), true);
		H(b, "</button></li>\n");
	}
	H(b, "</ul>\n</form>\n</section>\n");
}

/* ---- the end ----------------------------------------------------------------------------------------------------------------------------------------- */

static void paragraph(const struct request *q, struct buf *b, enum text t)
{
	H(b, "<p>");
	html_text(q, b, t);
	H(b, "</p>\n");
}

/* The first message at which one could have stopped early. */
static const struct lesson_node *best_stop(const struct way *w)
{
	const struct lesson_node *best = NULL;
	for (size_t i = 0; i < w->nnodes; i++) {
		const struct lesson_node *n = &w->c->nodes[w->nodes[i]];
		if (n->stop && (!best || n->stop < best->stop))
			best = n;
	}
	return best;
}

static void add_judgement(const struct request *q, struct buf *b, const struct way *w)
{
	char stage[16];
	const struct lesson_node *best = best_stop(w);
	if (w->c->benign) {
		html_said(q, b, !w->sound, slice_of(text_of(w->sound ? TX_TALK_HONEST_GOOD : TX_TALK_HONEST_BAD, q->language)));
		return;
	}
	snprintf(stage, sizeof stage, "%u", w->stop);
	H(b, "<div class=\"said\">\n<p>");
	html_with(q, b, TX_TALK_STOPPED, slice_of(stage));
	H(b, "</p>\n");
	paragraph(q, b, w->reported ? TX_TALK_REPORTED : TX_TALK_NOT_REPORTED);
	for (size_t i = 0; i < w->nanswers; i++)
		if (!answer_at(w, i)->safe) {
			paragraph(q, b, TX_TALK_UNSAFE);
			H(b, "<blockquote>");
			lesson_prose(b, lesson_say(q, &answer_at(w, i)->text), false);
			H(b, "</blockquote>\n");
			break;
		}
	if (best) {
		paragraph(q, b, TX_TALK_STOP_HERE);
		H(b, "<blockquote>");
		lesson_prose(b, lesson_say(q, &best->text), false);
		H(b, "</blockquote>\n");
	}
	H(b, "</div>\n");
}

static unsigned count_flags(const struct way *w)
{
	size_t n = 0;
	for (size_t i = 0; i < w->nnodes; i++)
		n += w->c->nodes[w->nodes[i]].nflags;
	return (unsigned)n;
}

static void add_end(struct request *q, struct buf *b, const struct lesson *u, struct slice part, const struct way *w)
{
	size_t k = 0;
	H(b, "<section id=\"now\">\n<h2>");
	html_text(q, b, TX_TALK_END);
	H(b, "</h2>\n");
	lesson_prose(b, lesson_say(q, &w->c->end), false);
	add_judgement(q, b, w);
	html_form(q, b, lesson_path(q, u), part);
	H(b, "<input type=\"hidden\" name=\"way\" value=\"");
	html_value(b, w->digits);
	H(b, "\">\n");
	if (count_flags(w)) {
		H(b, "<fieldset class=\"choices\">\n<legend>");
		html_text(q, b, TX_TALK_FLAGS);
		H(b, "</legend>\n");
	}
	for (size_t i = 0; i < w->nnodes; i++)
		for (size_t j = 0; j < w->c->nodes[w->nodes[i]].nflags; j++) {
			buf_addf(b, "<label><input type=\"checkbox\" name=\"flag\" value=\"%zu\"> <span>", k++);
			lesson_prose(b, lesson_say(q, &w->c->nodes[w->nodes[i]].flags[j]), true);
			H(b, "</span></label>\n");
		}
	if (k)
		H(b, "</fieldset>\n");
	H(b, "<div class=\"actions\"><button type=\"submit\" class=\"main\">");
	html_text(q, b, TX_TALK_FINISH);
	H(b, "</button></div></form>\n</section>\n");
}

/* ---- pages --------------------------------------------------------------------------------------------------------------------------------------------- */

int lesson_talk_page(struct request *q, struct response *r, struct err *e)
{
	const struct lesson *u;
	struct buf *b = &r->body;
	struct way w;
	size_t part;
	int rc = lesson_part_asked(q, &u, &part, e);
	if (rc)
		return rc;
	const struct lesson_part *p = &u->parts[part];
	if (!walk(p->conversation, query_get(q, "way"), &w))
		return err_set(e, ERR_SYNTAX, "%s", "");
	lesson_head(q, r, u, part);
	if (!w.nanswers)
		paragraph(q, b, TX_TALK_LEAD);
	add_messages(q, b, &w);
	if (w.over)
		add_end(q, b, u, p->id, &w);
	else
		add_choices(q, b, u, p->id, &w);
	if (w.nanswers) {
		H(b, "<p>");
		lesson_link(q, b, lesson_path(q, u), p->id, TX_TALK_RESTART, NULL);
		H(b, "</p>\n");
	}
	lesson_foot(q, b, u, part, false);
	return 0;
}

int lesson_talk_done(struct request *q, struct response *r, struct err *e)
{
	const struct lesson *u;
	struct way w;
	size_t part;
	uint64_t flag, seen[(STEPS_MAX * 12 + 63) / 64] = {0};
	bool finished;
	int rc = lesson_part_asked(q, &u, &part, e);
	if (rc)
		return rc;
	if (!walk(u->parts[part].conversation, form_get(q, "way"), &w) || !w.over)
		return err_set(e, ERR_SYNTAX, "%s", "");
	struct lesson_result result = {.stop = w.c->benign ? 0 : w.stop, .flags_all = count_flags(&w), .reported = w.reported, .benign = w.c->benign, .sound = w.sound};
	for (size_t i = 0; i < q->nform && result.flags_all; i++)
		if (slice_eqz(q->form[i].name, "flag") && slice_u64(q->form[i].value, MIN(result.flags_all, (unsigned)(STEPS_MAX * 12)) - 1, &flag) && !(seen[flag / 64] >> flag % 64 & 1)) {
			seen[flag / 64] |= (uint64_t)1 << flag % 64;
			result.flags++;
		}
	rc = lesson_done(q->desk->book, u, part, slice_of(q->who.name), &result, q->now, &finished, e);
	if (rc)
		return rc;
	if (finished)
		page_go_said(q, r, "/lessons/", u->id, TX_LESSON_SAID_FINISHED);
	else if (part + 1 < u->nparts)
		page_go_said(q, r, lesson_path(q, u), u->parts[part + 1].id, TX_LESSON_SAID_DONE);
	else
		page_go_said(q, r, "/lessons/", u->id, TX_LESSON_SAID_DONE);
	return 0;
}
