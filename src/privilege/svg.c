/* svg.c - a picture as SVG: own text, own shapes, colours that follow the reader's light or dark. */
#include "privilege/picture.h"

#include <stdlib.h>

enum { LINE_CHARS = 30 };
static const double char_width = 6.7, margin = 8;

void anchor_text(const char *kind, struct slice name, struct buf *out)
{
	buf_addf(out, "%s-", kind);
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];
		bool keep = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
		if (keep)
			buf_addc(out, (char)c);
		else
			buf_addf(out, "_%02x", c);
	}
}

void picture_anchor(const struct box *b, struct buf *out)
{
	struct buf name = {0};
	buf_adds(&name, b->name);
	if (b->kind == BOX_HOSTS) {
		buf_addf(&name, "/%d/", (int)b->state);
		buf_adds(&name, b->role);
	}
	anchor_text(b->kind == BOX_HOSTS ? "hosts" : b->kind == BOX_HOST ? "host" : "of", buf_slice(&name), out);
	buf_free(&name);
}

/* What stands in a box: at most three lines. */
struct lines { struct buf v[3]; size_t n; };

/* Never in the middle of a character, and never a control. */
static void clipped(struct buf *b, struct slice s)
{
	size_t n = MIN(s.n, (size_t)LINE_CHARS);
	while (n && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	buf_adds(b, slice_to(s, n));
	if (n < s.n)
		buf_addz(b, "...");
}

static void words_of(const struct box *b, struct lines *w)
{
	static const char *const kinds[] = {[BOX_PERSON] = "person", [BOX_PROVIDER] = "provider", [BOX_OUTSIDE] = "", [BOX_KEY] = "held by nobody known"};
	*w = (struct lines){.n = 1};
	clipped(&w->v[0], b->name);
	if (b->kind == BOX_HOSTS)
		buf_addf(&w->v[0], ": %u hosts", b->hosts);
	if (b->kind > BOX_HOSTS) {
		buf_addz(&w->v[1], kinds[b->kind]);
		w->n += kinds[b->kind][0] ? 1 : 0;
		return;
	}
	if (b->role.n && !slice_eq(b->role, b->name))
		clipped(&w->v[w->n++], b->role);
	if (b->to_root)
		buf_addf(&w->v[w->n++], "%u way%s to root", b->to_root, b->to_root == 1 ? "" : "s");
}

static void free_words(struct lines *w)
{
	for (size_t i = 0; i < ARRAY_LEN(w->v); i++)
		buf_free(&w->v[i]);
}

static void measure(struct picture *x)
{
	for (size_t i = 0; i < x->boxes.n; i++) {
		struct lines w;
		size_t most = 6;
		words_of(&x->boxes.v[i], &w);
		for (size_t k = 0; k < w.n; k++)
			most = MAX(most, w.v[k].n);
		x->boxes.v[i].w = (double)MIN(most, (size_t)LINE_CHARS * 2) * char_width + 16;
		x->boxes.v[i].h = (double)w.n * 14 + 12;
		free_words(&w);
	}
}

static const char style[] =
	"<style>.pv text{font:12px sans-serif;fill:#222}.pv .s{fill:#667;font-size:11px}.pv rect{fill:#f3f5f8;stroke:#8896a8}.pv .r1 rect{fill:#fff3d6;stroke:#c58a00}"
	".pv .r2 rect{fill:#fde3e1;stroke:#c0392b}.pv .who rect{fill:#e6effb;stroke:#3b6fb5}.pv path{fill:none;stroke:#7a8899;stroke-width:1.2}.pv .root{stroke:#c0392b}"
	".pv .may{stroke-dasharray:4 3}.pv polygon{fill:#7a8899}.pv .rootp{fill:#c0392b}"
	"@media (prefers-color-scheme:dark){.pv text{fill:#e6e8eb}.pv .s{fill:#a9b3c0}.pv rect{fill:#232a33;stroke:#5d6b7c}.pv .r1 rect{fill:#3d3212;stroke:#c58a00}"
	".pv .r2 rect{fill:#43201d;stroke:#e0695d}.pv .who rect{fill:#1d2c42;stroke:#5d8fd3}.pv path{stroke:#8b98a8}.pv .root{stroke:#e0695d}.pv polygon{fill:#8b98a8}.pv .rootp{fill:#e0695d}}"
	"@media print{.pv text{fill:#000}}</style>";

static double root_of(double v)
{
	double r = v > 1 ? v : 1;
	for (int i = 0; i < 40; i++)
		r = (r + v / r) / 2;
	return r;
}

static void draw_head(const struct line *l, struct buf *out)
{
	double bx = l->points[2 * l->n - 2], by = l->points[2 * l->n - 1], ax = l->points[2 * l->n - 4], ay = l->points[2 * l->n - 3];
	double dx = bx - ax, dy = by - ay, d = root_of(dx * dx + dy * dy);
	if (d < 0.01)
		return;
	dx /= d;
	dy /= d;
	buf_addf(out, "<polygon%s points=\"%.1f,%.1f %.1f,%.1f %.1f,%.1f\"/>", l->root ? " class=\"rootp\"" : "", bx, by, bx - 7 * dx + 3 * dy, by - 7 * dy - 3 * dx, bx - 7 * dx - 3 * dy,
		by - 7 * dy + 3 * dx);
}

static void draw_line(const struct picture *x, const struct line *l, struct buf *out)
{
	if (l->n < 2)
		return;
	buf_addf(out, "<g><title>%u way%s from ", l->ways, l->ways == 1 ? "" : "s");
	buf_html(out, x->boxes.v[l->from].name);
	buf_addz(out, " to ");
	buf_html(out, x->boxes.v[l->to].name);
	buf_addf(out, "%s%s</title><path class=\"%s%s\" d=\"M%.1f %.1f%s", l->root ? ", as root" : "", l->sure ? "" : ", perhaps", l->root ? "root " : "", l->sure ? "" : "may", l->points[0],
		l->points[1], l->n >= 4 ? "C" : "L");
	for (size_t i = 1; i < l->n; i++)
		buf_addf(out, "%s%.1f %.1f", i > 1 ? " " : "", l->points[2 * i], l->points[2 * i + 1]);
	buf_addz(out, "\"/>");
	draw_head(l, out);
	buf_addz(out, "</g>\n");
}

static void draw_box(const struct box *b, struct buf *out)
{
	struct lines w;
	bool link = b->kind <= BOX_HOSTS;
	words_of(b, &w);
	if (link) {
		buf_addz(out, "<a href=\"#");
		picture_anchor(b, out);
		buf_addz(out, "\">");
	}
	buf_addf(out, "<g class=\"r%d%s\"><title>", (int)b->state, link ? "" : " who");
	buf_html(out, b->name);
	buf_addf(out, "</title><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"4\"/>", b->x - b->w / 2, b->y - b->h / 2, b->w, b->h);
	for (size_t i = 0; i < w.n; i++) {
		buf_addf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\"%s>", b->x, b->y - b->h / 2 + 16 + (double)i * 14, i ? " class=\"s\"" : "");
		buf_html(out, buf_slice(&w.v[i]));
		buf_addz(out, "</text>");
	}
	buf_addf(out, "</g>%s\n", link ? "</a>" : "");
	free_words(&w);
}

void picture_draw(const struct picture *x, struct buf *out)
{
	buf_addf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"pv\" role=\"img\" viewBox=\"%.0f %.0f %.0f %.0f\" width=\"%.0f\" height=\"%.0f\"><title>Who reaches what</title>%s\n",
		-margin, -margin, x->width + 2 * margin, x->height + 2 * margin, x->width + 2 * margin, x->height + 2 * margin, style);
	for (size_t i = 0; i < x->lines.n; i++)
		draw_line(x, &x->lines.v[i], out);
	for (size_t i = 0; i < x->boxes.n; i++)
		if (x->boxes.v[i].w > 0)
			draw_box(&x->boxes.v[i], out);
	buf_addz(out, "</svg>\n");
}

int privilege_svg(const struct privilege *p, const struct priv_reach *r, size_t most, struct buf *out, struct err *e)
{
	struct picture x;
	picture_make(p, r, most, &x);
	measure(&x);
	int rc = picture_layout(&x, e);
	if (!rc)
		picture_draw(&x, out);
	picture_free(&x);
	return rc;
}
