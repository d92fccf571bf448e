/* svg.c - timeline and login graph, laid out by hand: a few dozen nodes need no library. */
#include "report/report.h"

#include <stdio.h>

/* ---- timeline ------------------------------------------------------------------------------------------------ */

enum { T_LEFT = 150, T_WIDTH = 900, T_ROW = 30, T_TOP = 34, T_DATE = 40 };

static double x_of(const struct incident *in, nstime t)
{
	double span = (double)(in->last - in->first);
	return T_LEFT + 14 + (span > 0 ? (double)(t - in->first) / span : 0.5) * (T_WIDTH - T_LEFT - 40);
}

static void day_marks(struct buf *out, const struct incident *in, int height)
{
	int64_t first = in->first / NS_DAY + 1, last = in->last / NS_DAY;
	int64_t step = MAX((last - first) / 10, (int64_t)1);
	for (int64_t day = first; day <= last; day += step) {
		double x = x_of(in, day * NS_DAY);
		struct civil c = civil_of(day * NS_DAY);
		buf_addf(out, "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/><text class=\"axis%s\" x=\"%.1f\" y=\"18\">%02u-%02u</text>",
			x, T_TOP - 8, x, height - 6, x + T_DATE > T_WIDTH ? " end" : "", x + (x + T_DATE > T_WIDTH ? -3 : 3), c.month, c.day);
	}
}

/* <svg ...> with its name: an aria-label alone for our own page, <title> and <desc> in words of whoever asked. */
static void svg_begin(struct buf *out, const char *kind, const char *label, const struct report_words *w, int width, int height)
{
	if (!w) {
		buf_addf(out, "<div class=\"wide\"><svg class=\"%s\" viewBox=\"0 0 %d %d\"", kind, width, height);
		if (strcmp(kind, "graph") == 0)
			buf_addf(out, " style=\"max-width:%dpx\"", width);
		buf_addf(out, " role=\"img\" aria-label=\"%s\">", label);
		return;
	}
	buf_addf(out, "<svg class=\"%s\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-labelledby=\"%s-title %s-desc\"><title id=\"%s-title\">", kind, width,
		height, width, height, kind, kind, kind);
	buf_html(out, w->title);
	buf_addf(out, "</title><desc id=\"%s-desc\">", kind);
	buf_html(out, w->text);
	buf_addz(out, "</desc>");
}

static void svg_end(struct buf *out, const struct report_words *w)
{
	buf_addz(out, w ? "</svg>\n" : "</svg></div>\n");
}

void report_svg_timeline(struct buf *out, const struct incident *in, const struct report_words *w)
{
	int row[STAGE_COUNT], rows = 0;
	for (int s = 0; s < STAGE_COUNT; s++)
		row[s] = in->stage_first[s] != NSTIME_NONE ? rows++ : -1;
	int height = T_TOP + rows * T_ROW + 6;
	svg_begin(out, w ? "times" : "timeline", "Findings over time by stage", w, T_WIDTH, height);
	day_marks(out, in, height);
	for (int s = 0; s < STAGE_COUNT; s++) {
		if (row[s] < 0)
			continue;
		int y = T_TOP + row[s] * T_ROW + T_ROW / 2;
		buf_addf(out, "<line class=\"grid\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/><text class=\"stage\" x=\"4\" y=\"%d\">%s</text>", T_LEFT, y, T_WIDTH - 8, y,
			y + 4, w ? w->stages[s] : s ? stage_title((enum stage)s) : "also");
	}
	for (size_t i = 0; i < in->nfindings; i++) {
		const struct finding *f = in->findings[i];
		char t[40];
		buf_addf(out, "<circle class=\"dot l%d\" cx=\"%.1f\" cy=\"%d\" r=\"%d\"><title>%.16s UTC: ", (int)f->level, x_of(in, f->first),
			T_TOP + row[f->stage] * T_ROW + T_ROW / 2, f->level >= LEVEL_HIGH ? 8 : 6, time_plain(f->first, t));
		buf_html(out, f->title);
		buf_addz(out, "</title></circle>");
	}
	svg_end(out, w);
}

/* ---- login graph --------------------------------------------------------------------------------------------- */

enum { NODES_MAX = 80, LAYERS_MAX = 8, BOX_W = 150, BOX_H = 34, GAP_X = 190, GAP_Y = 26 };

struct node {
	struct slice name;
	unsigned layer;
	int x, y;
	bool inside;
};
struct graph {
	struct node v[NODES_MAX];
	size_t n;
};

static size_t node_of(struct graph *g, struct slice name)
{
	for (size_t i = 0; i < g->n; i++)
		if (slice_eq(g->v[i].name, name))
			return i;
	if (g->n == NODES_MAX)
		return NODES_MAX - 1;
	g->v[g->n] = (struct node){.name = name};
	return g->n++;
}

/* Each hop pushes its end one column further, as long as it does not run in a circle. */
static void assign_layers(struct graph *g, const struct incident *in)
{
	for (unsigned round = 0; round < LAYERS_MAX; round++)
		for (size_t i = 0; i < in->nhops; i++) {
			size_t a = node_of(g, in->hops[i].from), b = node_of(g, in->hops[i].to);
			/* in time order: only a first arrival moves a node, so that a return does not push the start away */
			bool first = true;
			for (size_t k = 0; k < i && first; k++)
				first = !slice_eq(in->hops[k].to, in->hops[i].to) && !slice_eq(in->hops[k].from, in->hops[i].to);
			if (first && g->v[b].layer <= g->v[a].layer && g->v[a].layer + 1 < LAYERS_MAX)
				g->v[b].layer = g->v[a].layer + 1;
		}
}

static void place(struct graph *g, int *width, int *height)
{
	int used[LAYERS_MAX] = {0};
	*width = *height = 0;
	for (size_t i = 0; i < g->n; i++) {
		struct node *v = &g->v[i];
		v->x = 10 + (int)v->layer * (BOX_W + GAP_X);
		v->y = 10 + used[v->layer]++ * (BOX_H + GAP_Y);
		*width = MAX(*width, v->x + BOX_W + 10);
		*height = MAX(*height, v->y + BOX_H + 10);
	}
}

/* Hops of the same pair are one arrow; its label lists their accounts. */
static bool drawn_before(const struct incident *in, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (slice_eq(in->hops[k].from, in->hops[i].from) && slice_eq(in->hops[k].to, in->hops[i].to))
			return true;
	return false;
}

static unsigned arrivals(const struct incident *in, struct slice to)
{
	unsigned n = 0;
	for (size_t i = 0; i < in->nhops; i++)
		n += slice_eq(in->hops[i].to, to) && !drawn_before(in, i);
	return n;
}

static void accounts(struct buf *out, const struct incident *in, const struct incident_hop *h)
{
	unsigned n = 0;
	for (size_t i = 0; i < in->nhops; i++) {
		const struct incident_hop *x = &in->hops[i];
		if (!slice_eq(x->from, h->from) || !slice_eq(x->to, h->to) || !x->account.n || n > 3)
			continue;
		if (n++)
			buf_addz(out, ", ");
		buf_html(out, n > 3 ? SL("...") : slice_to(x->account, 20));
	}
}

/* Arrows first, names later: an arrow across a name makes it unreadable. */
enum part { PART_ARROW, PART_NAME };

static void edge(struct buf *out, struct graph *g, const struct incident *in, size_t i, enum part part)
{
	size_t a = node_of(g, in->hops[i].from), b = node_of(g, in->hops[i].to);
	const struct incident_hop *h = &in->hops[i];
	const struct node *f = &g->v[a], *t = &g->v[b];
	bool forward = t->x > f->x;
	int x1 = f->x + (forward ? BOX_W : BOX_W / 2), y1 = f->y + (forward ? BOX_H / 2 : BOX_H);
	int x2 = forward ? t->x - 4 : t->x + BOX_W / 2, y2 = forward ? t->y + BOX_H / 2 : t->y + BOX_H + 4;
	int bend = forward ? (x2 - x1) / 2 : 0, drop = forward ? 0 : 24 + (int)i % 3 * 8;
	char when[40];
	if (part == PART_ARROW) {
		buf_addf(out, "<path class=\"edge\" marker-end=\"url(#arrow)\" d=\"M%d %d C%d %d %d %d %d %d\"><title>%.16s UTC, %llu times</title></path>", x1, y1, x1 + bend,
			y1 + drop, x2 - bend, y2 + drop, x2, y2, time_plain(h->first, when), (unsigned long long)h->count);
		return;
	}
	/* where arrows meet, the label stands at the other end */
	bool at_start = arrivals(in, h->to) > 1;
	buf_addf(out, "<text class=\"account %s\" x=\"%d\" y=\"%d\">", at_start ? "start" : "end", at_start ? x1 + 6 : x2 - 10, (at_start ? y1 : y2) - 6);
	accounts(out, in, h);
	buf_addz(out, "</text>");
}

static bool is_inside(const struct org *org, struct slice name)
{
	struct ip ip;
	return ip_parse(name, &ip) ? org_inside(org, &ip) : slice_chr(name, '.') < 0;
}

void report_svg_logins(struct buf *out, const struct incident *in, const struct org *org, const struct report_words *w)
{
	struct graph g = {.n = 0};
	int width, height;
	if (!in->nhops)
		return;
	for (size_t i = 0; i < in->nhops; i++) {
		node_of(&g, in->hops[i].from);
		node_of(&g, in->hops[i].to);
	}
	assign_layers(&g, in);
	place(&g, &width, &height);
	svg_begin(out, w ? "logins" : "graph", "Who went from where to where", w, width, height + 30);
	buf_addz(out, "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">"
		"<path class=\"head\" d=\"M0 0L8 4L0 8z\"/></marker></defs>");
	for (int part = PART_ARROW; part <= PART_NAME; part++)
		for (size_t i = 0; i < in->nhops; i++)
			if (!drawn_before(in, i))
				edge(out, &g, in, i, (enum part)part);
	for (size_t i = 0; i < g.n; i++) {
		const struct node *v = &g.v[i];
		buf_addf(out, "<g class=\"%s\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"5\"/><text x=\"%d\" y=\"%d\">",
			is_inside(org, v->name) ? "in" : "out", v->x, v->y, BOX_W, BOX_H, v->x + BOX_W / 2, v->y + BOX_H / 2 + 5);
		buf_html(out, slice_to(v->name, 22));
		buf_addz(out, "</text></g>");
	}
	svg_end(out, w);
}
