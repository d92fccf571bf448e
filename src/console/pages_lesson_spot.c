/* pages_lesson_spot.c - lessons: a mail, profile or file as text, in which one marks what is wrong. */
#include "console/pages_lesson.h"

#include <stdio.h>

static void add_kind(const struct request *q, struct buf *b, const struct lesson_exhibit *x)
{
	static const struct { const char *kind; enum text text; } kinds[] = {{"mail", TX_SPOT_KIND_MAIL}, {"profile", TX_SPOT_KIND_PROFILE}, {"file", TX_SPOT_KIND_FILE}};
	char n[16];
	snprintf(n, sizeof n, "%u", x->difficulty);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (slice_eqz(x->kind, kinds[i].kind))
			html_text(q, b, kinds[i].text);
	H(b, ": ");
	buf_html(b, lesson_say(q, &x->title));
	H(b, " <span class=\"muted\">(");
	html_with(q, b, TX_SPOT_DIFFICULTY, slice_of(n));
	H(b, ")</span>");
}

static void add_region(const struct request *q, struct buf *b, const struct lesson_region *x)
{
	H(b, "<strong>");
	buf_html(b, lesson_say(q, &x->label));
	H(b, ":</strong> ");
	lesson_prose(b, lesson_say(q, &x->text), true);
}

int lesson_spot_page(struct request *q, struct response *r, struct err *e)
{
	const struct lesson *u;
	struct buf *b = &r->body;
	size_t part;
	int rc = lesson_part_asked(q, &u, &part, e);
	if (rc)
		return rc;
	const struct lesson_exhibit *x = u->parts[part].exhibit;
	lesson_head(q, r, u, part);
	H(b, "<p class=\"lead\">");
	html_text(q, b, TX_SPOT_LEAD);
	H(b, "</p>\n");
	html_form(q, b, lesson_path(q, u), u->parts[part].id);
	H(b, "<fieldset class=\"exhibit\">\n<legend>");
	add_kind(q, b, x);
	H(b, "</legend>\n");
	for (size_t i = 0; i < x->nregions; i++) {
		buf_addf(b, "<label class=\"region\"><input type=\"checkbox\" name=\"region\" value=\"%zu\"> <span>", i);
		add_region(q, b, &x->regions[i]);
		H(b, "</span></label>\n");
	}
	H(b, "</fieldset>\n<div class=\"actions\"><button type=\"submit\" class=\"main\">");
	html_text(q, b, TX_SPOT_CHECK);
	H(b, "</button></div></form>\n");
	lesson_foot(q, b, u, part, false);
	return 0;
}

static uint64_t marks(const struct request *q, const struct lesson_exhibit *x)
{
	uint64_t marked = 0, n;
	for (size_t i = 0; i < q->nform; i++)
		if (slice_eqz(q->form[i].name, "region") && slice_u64(q->form[i].value, x->nregions - 1, &n))
			marked |= (uint64_t)1 << n; /* at most 60 regions */
	return marked;
}

static struct lesson_result count(const struct lesson_exhibit *x, uint64_t marked)
{
	struct lesson_result r = {.benign = x->benign};
	for (size_t i = 0; i < x->nregions; i++) {
		bool is = marked >> i & 1, wrong = x->regions[i].wrong;
		r.hits += wrong && is;
		r.misses += wrong && !is;
		r.alarms += !wrong && is;
		r.quiet += !wrong && !is;
	}
	r.right = r.sound = !r.misses && !r.alarms;
	return r;
}

static void add_feedback(const struct request *q, struct buf *b, const struct lesson_exhibit *x, uint64_t marked)
{
	H(b, "<section class=\"exhibit\">\n<h2>");
	add_kind(q, b, x);
	H(b, "</h2>\n");
	for (size_t i = 0; i < x->nregions; i++) {
		const struct lesson_region *g = &x->regions[i];
		bool is = marked >> i & 1, fine = g->wrong == is;
		buf_addf(b, "<div class=\"region %s\">\n<p>", fine ? "right" : g->wrong ? "missed" : "wrong");
		add_region(q, b, g);
		H(b, " ");
		lesson_badge(q, b, fine ? "good" : "bad", g->wrong ? is ? TX_SPOT_HIT : TX_SPOT_MISS : is ? TX_SPOT_ALARM : TX_SPOT_QUIET);
		H(b, "</p>\n");
		lesson_prose(b, lesson_say(q, &g->because), false);
		H(b, "</div>\n");
	}
	H(b, "</section>\n");
}

int lesson_spot_done(struct request *q, struct response *r, struct err *e)
{
	const struct lesson *u;
	struct buf *b = &r->body;
	size_t part;
	bool finished;
	int rc = lesson_part_asked(q, &u, &part, e);
	if (rc)
		return rc;
	const struct lesson_exhibit *x = u->parts[part].exhibit;
	uint64_t marked = marks(q, x);
	struct lesson_result result = count(x, marked);
	rc = lesson_done(q->desk->book, u, part, slice_of(q->who.name), &result, q->now, &finished, e);
	if (rc)
		return rc;
	lesson_head(q, r, u, part);
	html_said(q, b, !result.right, slice_of(text_of(result.right ? TX_SPOT_ALL_RIGHT : TX_SPOT_SOME, q->language)));
	add_feedback(q, b, x, marked);
	if (finished)
		html_said(q, b, false, slice_of(text_of(TX_LESSON_SAID_FINISHED, q->language)));
	H(b, "<p>");
	lesson_link(q, b, lesson_path(q, u), u->parts[part].id, TX_SPOT_AGAIN, NULL);
	H(b, "</p>\n");
	lesson_foot(q, b, u, part, true);
	return 0;
}
