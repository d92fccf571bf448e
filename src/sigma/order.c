/* order.c - in which order the terms of a condition are judged: what costs little first. AND and OR do not mind, and most candidates fail. */
#include "sigma/sigma_private.h"

#include <stdlib.h>

static double match_cost(const struct match *m)
{
	switch (m->kind) {
	case MK_EXACT: case MK_ANY: case MK_BOOL: case MK_NULL: case MK_EXISTS: return 1;
	case MK_PREFIX: case MK_SUFFIX: return 1.2;
	case MK_CONTAINS: return 8;
	case MK_GLOB: case MK_TOKEN: return 15;
	case MK_RE: return 60;
	default: return 4;
	}
}

static double item_cost(const struct item *it)
{
	double cost = 2;
	for (uint32_t i = 0; i < it->nmatch; i++)
		cost += match_cost(&it->match[i]);
	return it->field == FIELD_KEYWORD ? cost * 100 : cost;
}

struct place {
	struct expr *x;
	double cost;
	uint32_t at;
};

static int by_cost(const void *a, const void *b)
{
	const struct place *p = a, *q = b;
	return p->cost != q->cost ? (p->cost < q->cost ? -1 : 1) : p->at < q->at ? -1 : p->at > q->at;
}

double expr_order(struct sigma_set *s, struct expr *x)
{
	double cost = 1;
	if (x->op == EX_ITEM)
		return item_cost(x->item);
	struct place *p = xcalloc(x->n + 1, sizeof *p);
	for (uint32_t i = 0; i < x->n; i++) {
		p[i] = (struct place){x->kid[i], expr_order(s, x->kid[i]), i};
		cost += p[i].cost;
	}
	if (x->n > 1 && !x->order) {
		qsort(p, x->n, sizeof *p, by_cost);
		x->order = arena_alloc(&s->mem, x->n * sizeof(struct expr *));
		for (uint32_t i = 0; i < x->n; i++)
			x->order[i] = p[i].x;
	}
	free(p);
	return cost;
}
