/* markdown.c - CommonMark to HTML that is safe by construction: cmark escapes text and leaves raw HTML out; here HTML, pictures and links to
 * anywhere but a source of the unit are errors already. The only place that knows cmark. */
#include "lesson/lesson_private.h"

#include <cmark.h>
#include <stdio.h>
#include <stdlib.h>

struct page {
	struct loading *ld;
	struct slice text;
	bool *used;
	size_t links, depth;
	struct buf title;
	cmark_node *heading;       /* the first block, when it is one */
};

/* cmark counts bytes, editors characters. */
static int column_of(const struct page *p, int line, int column)
{
	struct slice rest = p->text, row = rest;
	int n = 1;
	for (int i = 0; i < line && rest.n; i++)
		if (!slice_cut(&rest, '\n', &row)) {
			row = rest;
			rest = SLICE_NONE;
		}
	for (int i = 0; i + 1 < column && (size_t)i < row.n; i++)
		n += ((unsigned char)row.p[i] & 0xc0) != 0x80;
	return n;
}

static bool wrong(struct page *p, cmark_node *n, const char *text, const char *shown, const char *more)
{
	int line = cmark_node_get_start_line(n);
	return lesson_bad(p->ld, line, column_of(p, line, cmark_node_get_start_column(n)), "%s%s%s", text, shown, more);
}

static bool take_link(struct page *p, cmark_node *n)
{
	char url[LESSON_ID + 20];
	struct slice to = slice_of(cmark_node_get_url(n)), id = slice_from(to, 7);
	const struct lesson *u = p->ld->unit;
	if (slice_starts(to, SL("#")) && lesson_is_id(slice_from(to, 1)))
		return true;
	if (!slice_starts(to, SL("source:")))
		return wrong(p, n, "a link to \"", lesson_show(p->ld, to), "\": links lead to a source of this unit, [text](source:ID), and the address stands in sources of lesson.yaml");
	for (size_t i = 0; i < u->nsources; i++) {
		if (!slice_eq(u->sources[i].id, id))
			continue;
		p->used[i] = true;
		p->links++;
		snprintf(url, sizeof url, "#source-%.*s", SLFMT(id));
		return cmark_node_set_url(n, url) || wrong(p, n, "out of memory", "", "");
	}
	return wrong(p, n, "there is no source \"", lesson_show(p->ld, id), "\": write it under sources in lesson.yaml");
}

static bool enter(struct page *p, cmark_node *n)
{
	cmark_node_type t = cmark_node_get_type(n);
	if (++p->depth > LESSON_DEPTH)
		return wrong(p, n, "lists and quotes in one another, too deep: write it flat", "", "");
	if (t == CMARK_NODE_HTML_BLOCK || t == CMARK_NODE_HTML_INLINE)
		return wrong(p, n, "HTML in Markdown: write it without tags, or between backticks to show it", "", "");
	if (t == CMARK_NODE_IMAGE)
		return wrong(p, n, "a picture: lessons have none; describe it in words", "", "");
	if (t == CMARK_NODE_HEADING && n != p->heading && cmark_node_get_heading_level(n) == 1)
		cmark_node_set_heading_level(n, 2); /* the page has one h1 */
	return t == CMARK_NODE_LINK ? take_link(p, n) : true;
}

static bool is_leaf(cmark_node_type t)
{
	return t == CMARK_NODE_HTML_BLOCK || t == CMARK_NODE_THEMATIC_BREAK || t == CMARK_NODE_CODE_BLOCK || t == CMARK_NODE_TEXT || t == CMARK_NODE_SOFTBREAK || t == CMARK_NODE_LINEBREAK ||
	       t == CMARK_NODE_CODE || t == CMARK_NODE_HTML_INLINE;
}

static bool inside(cmark_node *n, const cmark_node *what)
{
	for (; n; n = cmark_node_parent(n))
		if (n == what)
			return true;
	return false;
}

/* False when it cannot go on: what is deep is not looked at. */
static bool walk(struct page *p, cmark_node *root)
{
	cmark_iter *it = cmark_iter_new(root);
	cmark_event_type ev;
	bool fine = true;
	while (p->depth <= LESSON_DEPTH && (ev = cmark_iter_next(it)) != CMARK_EVENT_DONE) {
		cmark_node *n = cmark_iter_get_node(it);
		cmark_node_type t = cmark_node_get_type(n);
		if (ev == CMARK_EVENT_EXIT) {
			p->depth--;
			continue;
		}
		fine &= enter(p, n);
		if (p->heading && (t == CMARK_NODE_TEXT || t == CMARK_NODE_CODE) && inside(n, p->heading))
			buf_addz(&p->title, cmark_node_get_literal(n));
		if (is_leaf(t) && p->depth <= LESSON_DEPTH)
			p->depth--;
	}
	cmark_iter_free(it);
	return fine;
}

static bool make(struct page *p, cmark_node *root, struct slice *title, struct slice *html)
{
	cmark_node *first = cmark_node_first_child(root);
	p->heading = first && cmark_node_get_type(first) == CMARK_NODE_HEADING ? first : NULL;
	if (!walk(p, root))
		return false;
	if (p->heading) {
		cmark_node_unlink(p->heading);
		cmark_node_free(p->heading);
	}
	char *out = cmark_render_html(root, CMARK_OPT_DEFAULT);
	*html = slice_dup(&p->ld->l->mem, slice_of(out));
	*title = slice_dup(&p->ld->l->mem, buf_slice(&p->title));
	free(out);
	return true;
}

bool lesson_markdown(struct loading *ld, struct slice text, bool *used, struct slice *title, struct slice *html)
{
	struct page p = {.ld = ld, .text = text, .used = used};
	size_t at;
	if (text.n > LESSON_MARKDOWN)
		return lesson_bad(ld, 1, 1, "the text has more than %d KB: make parts of it", LESSON_MARKDOWN >> 10);
	struct slice rest = text, row;
	for (int line = 1; rest.n; line++) {
		bool more = slice_cut(&rest, '\n', &row);
		row = more ? row : rest;
		rest = more ? rest : SLICE_NONE;
		if (!lesson_shows(row, true, &at))
			return lesson_bad(ld, line, (int)at + 1, "a byte or character that cannot be shown (control, direction, not UTF-8): take it out");
	}
	size_t blank = 0;
	while (blank < text.n && (unsigned char)text.p[blank] <= ' ')
		blank++;
	if (blank == text.n)
		return lesson_bad(ld, 1, 1, "the file is empty: write what is to be read");
	cmark_node *root = cmark_parse_document(text.p, text.n, CMARK_OPT_DEFAULT);
	bool fine = root && make(&p, root, title, html);
	if (fine && !p.links)
		fine = lesson_bad(ld, 1, 1, "no source is named: a claim ends in a link to one, [report](source:ID)");
	if (root)
		cmark_node_free(root);
	buf_free(&p.title);
	return fine;
}
