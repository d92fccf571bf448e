/* pages.c - fields, headings and the like of the frame's own pages. */
#include "console/pages.h"

#include "factor/factor.h"

void page_input(const struct request *q, struct buf *b, const struct input *x, struct slice value)
{
	const char *id = x->id ? x->id : x->name;
	buf_addf(b, "<p><label for=\"f-%s\">", id);
	html_text(q, b, x->label);
	buf_addf(b, "</label> <input id=\"f-%s\" name=\"%s\" type=\"%s\" autocomplete=\"%s\" maxlength=\"200\"", id, x->name, x->type, x->complete);
	if (value.n) {
		H(b, " value=\"");
		html_value(b, value);
		H(b, "\"");
	}
	if (!x->optional)
		H(b, " required");
	if (x->help != TX_NONE)
		buf_addf(b, " aria-describedby=\"h-%s\"", id);
	H(b, ">");
	if (x->help != TX_NONE) {
		buf_addf(b, " <span id=\"h-%s\" class=\"hint\">", id);
		html_text(q, b, x->help);
		H(b, "</span>");
	}
	H(b, "</p>\n");
}

void page_button(const struct request *q, struct buf *b, enum text t)
{
	H(b, "<p class=\"actions\"><button type=\"submit\" class=\"main\">");
	html_text(q, b, t);
	H(b, "</button></p>\n</form>\n");
}

void page_title(const struct request *q, struct response *r, enum text t)
{
	r->title = t;
	H(&r->body, "<h1>");
	html_text(q, &r->body, t);
	H(&r->body, "</h1>\n");
}

void page_section(const struct request *q, struct buf *b, enum text t)
{
	H(b, "<section>\n<h2>");
	html_text(q, b, t);
	H(b, "</h2>\n");
}

void page_roles(const struct request *q, struct buf *b, unsigned roles)
{
	static const struct { unsigned bit; enum text name; } names[] = {{ROLE_EMPLOYEE, TX_ROLE_EMPLOYEE}, {ROLE_ANALYST, TX_ROLE_ANALYST}, {ROLE_APPROVER, TX_ROLE_APPROVER},
		{ROLE_ADMINISTRATOR, TX_ROLE_ADMINISTRATOR}};
	bool first = true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!(roles & names[i].bit))
			continue;
		if (!first)
			H(b, ", ");
		html_text(q, b, names[i].name);
		first = false;
	}
}

void page_said_bad(const struct request *q, struct response *r, enum text t, int64_t wait)
{
	r->status = t == TX_NONE ? 429 : 403;
	H(&r->body, "<div class=\"said bad\" role=\"alert\">");
	if (t == TX_NONE)
		html_number(q, &r->body, TX_LOGIN_WAIT, (uint64_t)MAX(wait, 1));
	else
		html_text(q, &r->body, t);
	H(&r->body, "</div>\n");
}

/* ---- QR: room factor gives lines of half blocks, dark on light; two rows of dots a line ------------------------------------------------------------------------ */

static void add_dot(struct buf *b, size_t x, size_t y)
{
	buf_addf(b, "M%zu %zuh1v1h-1z", x, y);
}

static size_t add_line(struct buf *b, struct slice line, size_t y)
{
	size_t x = 0;
	while (line.n) {
		bool upper = slice_starts(line, SL("\xe2\x96\x80")), lower = slice_starts(line, SL("\xe2\x96\x84")), both = slice_starts(line, SL("\xe2\x96\x88"));
		/* a block is ink of the terminal, which is light: what is not drawn is a dark dot */
		if (!upper && !both)
			add_dot(b, x, y);
		if (!lower && !both)
			add_dot(b, x, y + 1);
		line = slice_from(line, upper || lower || both ? 3 : 1);
		x++;
	}
	return x;
}

void page_qr(const struct request *q, struct buf *b, struct slice text)
{
	struct buf lines = {0}, path = {0};
	struct err e;
	size_t y = 0, width = 0;
	if (factor_qr(text, &lines, &e) == 0) {
		for (struct slice rest = buf_slice(&lines), line; slice_cut(&rest, '\n', &line); y += 2)
			width = MAX(width, add_line(&path, line, y));
		buf_addf(b, "<p><svg class=\"qr\" role=\"img\" viewBox=\"0 0 %zu %zu\" width=\"240\" height=\"240\" aria-label=\"", width, y);
		html_text(q, b, TX_FACTOR_PICTURE);
		H(b, "\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/><path fill=\"#000\" d=\"");
		buf_adds(b, buf_slice(&path));
		H(b, "\"/></svg></p>\n");
	}
	factor_wipe(&lines);
	factor_wipe(&path);
}
