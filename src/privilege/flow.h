/* flow.h - private to room privilege: maximum flow and minimum cut by Dinic's algorithm ("Algorithm for solution of a problem of maximum flow in networks with
 * power estimation", 1970): phases of shortest ways, each blocked without recursion. */
#ifndef POSTERN_PRIVILEGE_FLOW_H
#define POSTERN_PRIVILEGE_FLOW_H

#include "core/core.h"

#define FLOW_INF ((uint64_t)1 << 60) /* more than all costs together: 2^32 rights of 2^20 at most */

struct flow_arc { uint32_t to; uint64_t left; }; /* arc i and i ^ 1 are there and back */
struct flow {
	uint32_t nodes;
	struct { struct flow_arc *v; size_t n, cap; } arcs;
	uint32_t *at, *list;      /* arcs by node, after flow_ready() */
	uint32_t *level, *next, *queue, *way;
};
void flow_init(struct flow *f, uint32_t nodes);
void flow_free(struct flow *f);
uint32_t flow_node(struct flow *f);
/* Its number; arcs are even. */
uint32_t flow_arc(struct flow *f, uint32_t from, uint32_t to, uint64_t capacity);
/* No nodes or arcs from now on. */
void flow_ready(struct flow *f);
/* The most that flows, or FLOW_INF when a way has no limit. Arcs keep what is left: call once. */
uint64_t flow_max(struct flow *f, uint32_t source, uint32_t sink);
/* After flow_max: is the node on the source's side? */
bool flow_side(const struct flow *f, uint32_t node);

#endif
