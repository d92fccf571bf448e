/* flow.c - Dinic's algorithm. */
#include "privilege/flow.h"

#include <stdlib.h>

void flow_init(struct flow *f, uint32_t nodes)
{
	*f = (struct flow){.nodes = nodes};
}

void flow_free(struct flow *f)
{
	free(f->arcs.v);
	free(f->at);
	free(f->list);
	free(f->level);
	free(f->next);
	free(f->queue);
	free(f->way);
	*f = (struct flow){0};
}

uint32_t flow_node(struct flow *f)
{
	return f->nodes++;
}

/* The arc back holds where it comes from, until flow_ready() has sorted them. */
uint32_t flow_arc(struct flow *f, uint32_t from, uint32_t to, uint64_t capacity)
{
	uint32_t id = (uint32_t)f->arcs.n;
	*vec_push(&f->arcs) = (struct flow_arc){to, capacity};
	*vec_push(&f->arcs) = (struct flow_arc){from, 0};
	return id;
}

void flow_ready(struct flow *f)
{
	f->at = xcalloc((size_t)f->nodes + 2, sizeof *f->at);
	f->list = xcalloc(f->arcs.n + 1, sizeof *f->list);
	f->level = xcalloc((size_t)f->nodes + 1, sizeof *f->level);
	f->next = xcalloc((size_t)f->nodes + 1, sizeof *f->next);
	f->queue = xcalloc((size_t)f->nodes + 1, sizeof *f->queue);
	f->way = xcalloc((size_t)f->nodes + 1, sizeof *f->way);
	for (size_t i = 0; i < f->arcs.n; i++)
		f->at[f->arcs.v[i ^ 1].to + 2]++;
	for (size_t i = 2; i < (size_t)f->nodes + 2; i++)
		f->at[i] += f->at[i - 1];
	for (size_t i = 0; i < f->arcs.n; i++)
		f->list[f->at[f->arcs.v[i ^ 1].to + 1]++] = (uint32_t)i;
}

static bool levels(struct flow *f, uint32_t source, uint32_t sink)
{
	size_t head = 0, n = 0;
	memset(f->level, 0xff, f->nodes * sizeof *f->level);
	f->level[source] = 0;
	f->queue[n++] = source;
	while (head < n) {
		uint32_t node = f->queue[head++];
		for (uint32_t i = f->at[node]; i < f->at[node + 1]; i++) {
			const struct flow_arc *a = &f->arcs.v[f->list[i]];
			if (a->left && f->level[a->to] == UINT32_MAX) {
				f->level[a->to] = f->level[node] + 1;
				f->queue[n++] = a->to;
			}
		}
	}
	return f->level[sink] != UINT32_MAX;
}

/* Push along the way that was found; how far back its first full arc is. */
static size_t push(struct flow *f, size_t depth, uint64_t *pushed)
{
	uint64_t least = FLOW_INF;
	size_t back = 0;
	for (size_t i = 0; i < depth; i++)
		least = MIN(least, f->arcs.v[f->way[i]].left);
	for (size_t i = depth; i > 0; i--) {
		struct flow_arc *a = &f->arcs.v[f->way[i - 1]];
		a->left -= least;
		f->arcs.v[f->way[i - 1] ^ 1].left += least;
		if (!a->left)
			back = i - 1;
	}
	*pushed += least;
	return back;
}

/* All ways of this phase, one after another: forward along levels, back where nothing leads on. */
static uint64_t block(struct flow *f, uint32_t source, uint32_t sink)
{
	uint64_t pushed = 0;
	size_t depth = 0;
	uint32_t node = source;
	for (uint32_t i = 0; i < f->nodes; i++)
		f->next[i] = f->at[i];
	while (pushed < FLOW_INF) {
		if (node == sink) {
			depth = push(f, depth, &pushed);
			node = f->arcs.v[f->way[depth] ^ 1].to;
			continue;
		}
		bool on = false;
		for (; f->next[node] < f->at[node + 1] && !on; f->next[node] += !on) {
			const struct flow_arc *a = &f->arcs.v[f->list[f->next[node]]];
			on = a->left && f->level[a->to] == f->level[node] + 1;
			if (on)
				f->way[depth++] = f->list[f->next[node]];
		}
		if (on) {
			node = f->arcs.v[f->way[depth - 1]].to;
			continue;
		}
		if (!depth)
			break;
		f->level[node] = UINT32_MAX;
		node = f->arcs.v[f->way[--depth] ^ 1].to;
	}
	return pushed;
}

uint64_t flow_max(struct flow *f, uint32_t source, uint32_t sink)
{
	uint64_t sum = 0;
	while (sum < FLOW_INF && levels(f, source, sink))
		sum += block(f, source, sink);
	if (sum >= FLOW_INF)
		return FLOW_INF;
	return sum;
}

bool flow_side(const struct flow *f, uint32_t node)
{
	return f->level[node] != UINT32_MAX;
}
