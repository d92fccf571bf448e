/* layout.c - where boxes and lines go. Graphviz is given numbers and sizes, no text of ours: names come from hostile machines, and what its labels make of
 * backslashes, entities and markup is not ours to follow. How much it is given is bounded, and with it how long it takes. */
#include "privilege/picture.h"

#include <stdio.h>
#include <stdlib.h>

#include <graphviz/cgraph.h>
#include <graphviz/gvc.h>

static void set(void *object, const char *name, const char *value)
{
	/* The library's prototypes lack const; it copies. */
	agsafeset(object, (char *)(uintptr_t)name, (char *)(uintptr_t)value, (char *)(uintptr_t) "");
}

static void set_inches(void *object, const char *name, double points)
{
	char text[32];
	snprintf(text, sizeof text, "%.3f", points / 72);
	set(object, name, text);
}

static void put_boxes(struct picture *x, Agraph_t *g, Agnode_t **nodes)
{
	for (size_t i = 0; i < x->boxes.n; i++) {
		char name[32];
		snprintf(name, sizeof name, "n%zu", i);
		nodes[i] = agnode(g, name, 1);
		set_inches(nodes[i], "width", x->boxes.v[i].w);
		set_inches(nodes[i], "height", x->boxes.v[i].h);
		set(nodes[i], "fixedsize", "true");
		set(nodes[i], "shape", "box");
		set(nodes[i], "label", "");
	}
}

static void read_line(struct line *l, Agedge_t *e, double height)
{
	splines *s = ED_spl(e);
	if (!s || !s->size || !s->list[0].size)
		return;
	const bezier *b = &s->list[0];
	l->n = (size_t)b->size;
	size_t extra = b->eflag ? 1 : 0;
	l->points = xcalloc((l->n + extra) * 2, sizeof *l->points);
	for (size_t i = 0; i < l->n; i++) {
		l->points[2 * i] = b->list[i].x;
		l->points[2 * i + 1] = height - b->list[i].y;
	}
}

static void read_places(struct picture *x, Agraph_t *g, Agnode_t **nodes, Agedge_t **edges)
{
	x->width = GD_bb(g).UR.x;
	x->height = GD_bb(g).UR.y;
	for (size_t i = 0; i < x->boxes.n; i++) {
		x->boxes.v[i].x = ND_coord(nodes[i]).x;
		x->boxes.v[i].y = x->height - ND_coord(nodes[i]).y;
	}
	for (size_t i = 0; i < x->lines.n; i++)
		read_line(&x->lines.v[i], edges[i], x->height);
}

int picture_layout(struct picture *x, struct err *e)
{
	GVC_t *context = gvContext();
	if (!context)
		return err_set(e, ERR_NOMEM, "graphviz cannot begin");
	Agraph_t *g = agopen((char *)(uintptr_t) "g", Agdirected, NULL);
	Agnode_t **nodes = xcalloc(x->boxes.n + 1, sizeof(Agnode_t *));
	Agedge_t **edges = xcalloc(x->lines.n + 1, sizeof(Agedge_t *));
	agseterr(AGMAX); /* it speaks to stderr */
	set(g, "rankdir", "LR");
	set(g, "ranksep", "1.1");
	set(g, "nodesep", "0.18");
	set(g, "nslimit", "4");
	set(g, "nslimit1", "4");
	set(g, "mclimit", "0.5");
	if (x->lines.n > PICTURE_LINES / 2)
		set(g, "splines", "line");
	put_boxes(x, g, nodes);
	for (size_t i = 0; i < x->lines.n; i++) {
		edges[i] = agedge(g, nodes[x->lines.v[i].from], nodes[x->lines.v[i].to], NULL, 1);
		set(edges[i], "arrowhead", "none");
	}
	int rc = gvLayout(context, g, "dot") ? err_set(e, ERR_UNSUPPORTED, "graphviz cannot lay the picture out (is its dot plugin installed?)") : 0;
	if (!rc) {
		read_places(x, g, nodes, edges);
		gvFreeLayout(context, g);
	}
	agclose(g);
	gvFreeContext(context);
	free(nodes);
	free(edges);
	return rc;
}
