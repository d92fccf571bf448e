/* cut_graph.c - the cut of a graph of rights, proven by walking it again without them. */
#include "privilege/privilege_private.h"

#include <stdlib.h>

void priv_cut_free(struct priv_cut *c)
{
	free(c->rights);
	*c = (struct priv_cut){0};
}

/* A node of `to` that is reached over edges that are no right. */
static uint32_t unavoidable(const struct privilege *p, const struct priv_set *from, const struct priv_set *to)
{
	struct priv_reach r;
	bool *all = xcalloc(p->rights.n + 1, sizeof *all);
	uint32_t found = NO_NODE;
	memset(all, true, p->rights.n * sizeof *all);
	if (!privilege_reach(p, from, false, all, &r, NULL))
		for (size_t i = 0; i < to->n && found == NO_NODE; i++)
			if (r.steps[to->v[i]] != UINT32_MAX)
				found = to->v[i];
	priv_reach_free(&r);
	free(all);
	return found;
}

static int prove(const struct privilege *p, const struct priv_set *from, const struct priv_set *to, struct priv_cut *out, struct err *e)
{
	struct priv_reach r;
	bool *without = xcalloc(p->rights.n + 1, sizeof *without);
	for (size_t i = 0; i < out->n; i++) {
		without[out->rights[i]] = true;
		out->used += p->rights.v[out->rights[i]].use == RIGHT_USED;
	}
	int rc = privilege_reach(p, from, false, without, &r, e);
	out->proven = !rc;
	for (size_t i = 0; i < to->n && !rc; i++)
		out->proven &= r.steps[to->v[i]] == UINT32_MAX;
	priv_reach_free(&r);
	free(without);
	return rc;
}

int privilege_cut(const struct privilege *p, const struct priv_set *from, const struct priv_set *to, struct priv_cut *out, struct err *e)
{
	*out = (struct priv_cut){.unavoidable = NO_NODE};
	struct cut_problem c = {.nodes = (uint32_t)p->nodes.n, .edges = p->edges.n, .rights = p->rights.n, .sources = from->v, .nsources = from->n, .sinks = to->v, .nsinks = to->n};
	uint32_t *ends = xcalloc(p->edges.n * 3 + 1, sizeof *ends), *cost = xcalloc(p->rights.n + 1, sizeof *cost);
	for (size_t i = 0; i < p->edges.n; i++) {
		ends[i] = p->edges.v[i].from;
		ends[p->edges.n + i] = p->edges.v[i].to;
		ends[2 * p->edges.n + i] = p->edges.v[i].right;
	}
	for (size_t i = 0; i < p->rights.n; i++)
		cost[i] = p->rights.v[i].cost;
	c.from = ends;
	c.to = ends + p->edges.n;
	c.right = ends + 2 * p->edges.n;
	c.cost = cost;
	int rc = cut_minimum(&c, &out->rights, &out->n, &out->cost, &out->possible, &out->cheapest, e);
	if (!rc && !out->possible)
		out->unavoidable = unavoidable(p, from, to);
	else if (!rc)
		rc = prove(p, from, to, out, e);
	free(ends);
	free(cost);
	return rc;
}
