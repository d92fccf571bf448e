/* cut.c - the cheapest rights to take away.
 *
 * Were every edge a right of its own, this were a minimum cut. A right that labels several edges is one arc between two nodes of its own when its edges run from
 * all of its tails to all of its heads: x, with every tail before it, and y, with every head behind it. Then cutting x-y costs it once, and no way is added that
 * was none. Rights of another shape are "hard": with them the problem is minimum label cut, which is NP-hard. Each of those is taken away or kept, and both are
 * tried; while it is neither, its cost is shared out over its parts, so that the flow is a bound below. Most of them never need trying, since a cut that takes
 * all of a right's parts or none is paid exactly. */
#include "privilege/flow.h"
#include "privilege/privilege_private.h"

#include <stdlib.h>

enum { SHARES = 5040 /* costs in so many parts */, FLOW_WORK = 12000000 /* arcs looked at over all branches, roughly */ };
enum state { OPEN, KEPT, TAKEN };

struct part { uint32_t right, arc; uint32_t from, to; /* edges in `order` */ };
struct search {
	const struct cut_problem *c;
	bool *near;               /* nodes on a way from source to sink */
	uint32_t *order; size_t n;/* edges that count, by right, then tail */
	struct { struct part *v; size_t n, cap; } parts;
	uint32_t *first;          /* of a right: its parts from here ... */
	uint32_t *count;          /* ... so many; more than 1: hard */
	uint8_t *state;
	bool *best;               /* rights taken */
	uint64_t best_cost;
	size_t flows, flows_most;
	bool ended;               /* at the limit */
};

static uint64_t cost_of(const struct cut_problem *c, uint32_t right)
{
	return c->cost[right] ? c->cost[right] : 1;
}

/* ---- what counts -------------------------------------------------------------------------------------------------------------- */

static void spread(const struct cut_problem *c, const uint32_t *at, const uint32_t *list, bool backwards, const bool *without, bool *seen)
{
	uint32_t *stack = xcalloc((size_t)c->nodes + 1, sizeof *stack);
	size_t n = 0;
	const uint32_t *start = backwards ? c->sinks : c->sources;
	for (size_t i = 0; i < (backwards ? c->nsinks : c->nsources); i++) {
		if (!seen[start[i]])
			stack[n++] = start[i];
		seen[start[i]] = true;
	}
	while (n) {
		uint32_t node = stack[--n];
		for (uint32_t i = at[node]; i < at[node + 1]; i++) {
			uint32_t e = list[i], to = backwards ? c->from[e] : c->to[e];
			if (seen[to] || (without && c->right[e] != NO_RIGHT && without[c->right[e]]))
				continue;
			seen[to] = true;
			stack[n++] = to;
		}
	}
	free(stack);
}

static void edges_by(const struct cut_problem *c, const uint32_t *end, uint32_t **at, uint32_t **list)
{
	*at = xcalloc((size_t)c->nodes + 2, sizeof **at);
	*list = xcalloc(c->edges + 1, sizeof **list);
	for (size_t i = 0; i < c->edges; i++)
		(*at)[end[i] + 2]++;
	for (size_t i = 2; i < (size_t)c->nodes + 2; i++)
		(*at)[i] += (*at)[i - 1];
	for (size_t i = 0; i < c->edges; i++)
		(*list)[(*at)[end[i] + 1]++] = (uint32_t)i;
}

static int by_right(const void *x, const void *y, void *arg)
{
	const struct cut_problem *c = arg;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	const uint32_t keys[][2] = {{c->right[a], c->right[b]}, {c->from[a], c->from[b]}, {c->to[a], c->to[b]}};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (keys[i][0] != keys[i][1])
			return keys[i][0] < keys[i][1] ? -1 : 1;
	return 0;
}

static void keep_near(struct search *s)
{
	const struct cut_problem *c = s->c;
	uint32_t *at, *list;
	bool *back = xcalloc((size_t)c->nodes + 1, sizeof *back);
	s->near = xcalloc((size_t)c->nodes + 1, sizeof *s->near);
	edges_by(c, c->from, &at, &list);
	spread(c, at, list, false, NULL, s->near);
	free(at);
	free(list);
	edges_by(c, c->to, &at, &list);
	spread(c, at, list, true, NULL, back);
	free(at);
	free(list);
	for (uint32_t i = 0; i < c->nodes; i++)
		s->near[i] = s->near[i] && back[i];
	free(back);
	s->order = xcalloc(c->edges + 1, sizeof *s->order);
	for (size_t i = 0; i < c->edges; i++)
		if (s->near[c->from[i]] && s->near[c->to[i]] && c->from[i] != c->to[i])
			s->order[s->n++] = (uint32_t)i;
	qsort_r(s->order, s->n, sizeof *s->order, by_right, (void *)(uintptr_t)c);
}

static bool same_edge(const struct cut_problem *c, uint32_t a, uint32_t b)
{
	return c->from[a] == c->from[b] && c->to[a] == c->to[b] && c->right[a] == c->right[b];
}

/* All heads of the first tail at [from,to), and all other tails have the same. */
static bool complete(const struct search *s, size_t from, size_t to)
{
	const struct cut_problem *c = s->c;
	size_t heads = from;
	while (heads < to && c->from[s->order[heads]] == c->from[s->order[from]])
		heads++;
	heads -= from;
	if ((to - from) % heads)
		return false;
	for (size_t i = from; i < to; i++) {
		size_t column = (i - from) % heads, row = i - column;
		if (c->from[s->order[i]] != c->from[s->order[row]] || c->to[s->order[i]] != c->to[s->order[from + column]])
			return false;
	}
	return true;
}

/* One part where that is exact, else one for each tail. */
static void split(struct search *s, size_t from, size_t to)
{
	const struct cut_problem *c = s->c;
	uint32_t right = c->right[s->order[from]];
	bool whole = complete(s, from, to);
	s->first[right] = (uint32_t)s->parts.n;
	for (size_t i = from, end; i < to; i = end) {
		for (end = i; end < to && (whole || c->from[s->order[end]] == c->from[s->order[i]]); end++)
			;
		*vec_push(&s->parts) = (struct part){.right = right, .from = (uint32_t)i, .to = (uint32_t)end};
		s->count[right]++;
	}
}

static void split_all(struct search *s)
{
	const struct cut_problem *c = s->c;
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++) /* the same edge twice is one */
		if (!n || !same_edge(c, s->order[n - 1], s->order[i]))
			s->order[n++] = s->order[i];
	s->n = n;
	s->first = xcalloc(c->rights + 1, sizeof *s->first);
	s->count = xcalloc(c->rights + 1, sizeof *s->count);
	for (size_t i = 0, end; i < s->n; i = end) {
		for (end = i; end < s->n && c->right[s->order[end]] == c->right[s->order[i]]; end++)
			;
		if (c->right[s->order[i]] != NO_RIGHT)
			split(s, i, end);
	}
}

/* ---- one flow --------------------------------------------------------------------------------------------------------------------- */

static void put_part(struct search *s, struct flow *f, struct part *x, uint64_t capacity)
{
	const struct cut_problem *c = s->c;
	if (x->to - x->from == 1) {
		x->arc = flow_arc(f, c->from[s->order[x->from]], c->to[s->order[x->from]], capacity);
		return;
	}
	uint32_t in = flow_node(f), out = flow_node(f), tail = NO_NODE, first = c->from[s->order[x->from]];
	x->arc = flow_arc(f, in, out, capacity);
	for (uint32_t i = x->from; i < x->to; i++) {
		uint32_t e = s->order[i];
		if (c->from[e] != tail)
			flow_arc(f, tail = c->from[e], in, FLOW_INF);
		if (c->from[e] == first)
			flow_arc(f, out, c->to[e], FLOW_INF);
	}
}

static void put_parts(struct search *s, struct flow *f)
{
	for (size_t i = 0; i < s->parts.n; i++) {
		struct part *x = &s->parts.v[i];
		uint32_t r = x->right, k = s->count[r];
		uint64_t all = cost_of(s->c, r) * SHARES, share = all / k + (i - s->first[r] < all % k ? 1 : 0);
		x->arc = UINT32_MAX;
		if (s->state[r] != TAKEN)
			put_part(s, f, x, s->state[r] == KEPT ? FLOW_INF : share);
	}
}

static bool is_cut(const struct flow *f, const struct part *x)
{
	return x->arc != UINT32_MAX && flow_side(f, f->arcs.v[x->arc ^ 1].to) && !flow_side(f, f->arcs.v[x->arc].to);
}

/* The rights that the flow's cut touches: a solution. The dearest that it takes only in part, to be tried both ways; UINT32_MAX: none. */
static uint32_t read_cut(struct search *s, const struct flow *f, bool *taken, uint64_t *cost)
{
	uint32_t worst = UINT32_MAX;
	*cost = 0;
	for (size_t i = 0; i < s->parts.n;) {
		uint32_t r = s->parts.v[i].right, cut = 0, k = s->count[r];
		for (uint32_t j = 0; j < k; j++)
			cut += is_cut(f, &s->parts.v[i + j]);
		taken[r] = cut || s->state[r] == TAKEN;
		*cost += taken[r] ? cost_of(s->c, r) : 0;
		if (cut && cut < k && (worst == UINT32_MAX || cost_of(s->c, r) > cost_of(s->c, worst)))
			worst = r;
		i += k;
	}
	return worst;
}

/* Bound below of what the branch costs, in whole costs; UINT64_MAX: no way to cut. */
static uint64_t bound(struct search *s, bool *taken, uint64_t *cost, uint32_t *branch)
{
	struct flow f;
	const struct cut_problem *c = s->c;
	flow_init(&f, c->nodes);
	uint32_t source = flow_node(&f), sink = flow_node(&f);
	uint64_t base = 0;
	for (size_t i = 0; i < c->nsources; i++)
		if (s->near[c->sources[i]])
			flow_arc(&f, source, c->sources[i], FLOW_INF);
	for (size_t i = 0; i < c->nsinks; i++)
		if (s->near[c->sinks[i]])
			flow_arc(&f, c->sinks[i], sink, FLOW_INF);
	for (size_t i = s->n; i > 0 && c->right[s->order[i - 1]] == NO_RIGHT; i--) /* the highest number: at the end */
		flow_arc(&f, c->from[s->order[i - 1]], c->to[s->order[i - 1]], FLOW_INF);
	put_parts(s, &f);
	for (size_t i = 0; i < s->parts.n; i += s->count[s->parts.v[i].right])
		base += s->state[s->parts.v[i].right] == TAKEN ? cost_of(c, s->parts.v[i].right) : 0;
	flow_ready(&f);
	uint64_t most = flow_max(&f, source, sink);
	if (most < FLOW_INF)
		*branch = read_cut(s, &f, taken, cost);
	if (!s->flows++)
		s->flows_most = MAX((size_t)1, MIN((size_t)CUT_BRANCHES, FLOW_WORK / (f.arcs.n + 1)));
	flow_free(&f);
	return most >= FLOW_INF ? UINT64_MAX : base + (most + SHARES - 1) / SHARES;
}

/* ---- taking or keeping ----------------------------------------------------------------------------------------------------------------- */

/* Depth first, the branch that takes before the one that keeps. The way here stands in `trail`. */
static void search_all(struct search *s)
{
	struct { uint32_t *v; size_t n, cap; } trail = {0};
	bool *taken = xcalloc(s->c->rights + 1, sizeof *taken);
	for (;;) {
		uint64_t cost = 0;
		uint32_t branch = UINT32_MAX;
		s->ended = s->flows && s->flows >= s->flows_most;
		if (s->ended)
			break;
		uint64_t least = bound(s, taken, &cost, &branch);
		if (least != UINT64_MAX && cost < s->best_cost) {
			s->best_cost = cost;
			memcpy(s->best, taken, s->c->rights * sizeof *taken);
		}
		if (least < s->best_cost && branch != UINT32_MAX) {
			s->state[branch] = TAKEN;
			*vec_push(&trail) = branch;
			continue;
		}
		while (trail.n && s->state[trail.v[trail.n - 1]] == KEPT)
			s->state[trail.v[--trail.n]] = OPEN;
		if (!trail.n)
			break;
		s->state[trail.v[trail.n - 1]] = KEPT;
	}
	free(trail.v);
	free(taken);
}

static bool separates(const struct cut_problem *c, const uint32_t *at, const uint32_t *list, const bool *without)
{
	bool *seen = xcalloc((size_t)c->nodes + 1, sizeof *seen), apart = true;
	spread(c, at, list, false, without, seen);
	for (size_t i = 0; i < c->nsinks && apart; i++)
		apart = !seen[c->sinks[i]];
	free(seen);
	return apart;
}

static int dearest_first(const void *x, const void *y, void *arg)
{
	const struct cut_problem *c = arg;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	uint64_t ca = cost_of(c, a), cb = cost_of(c, b);
	return ca != cb ? (ca > cb ? -1 : 1) : a < b ? -1 : 1;
}

/* Where the search ended early: give back what is not needed, the dearest first. */
static void trim(struct search *s, uint32_t *list, size_t *n)
{
	enum { TRIES = 400 };
	uint32_t *at, *edges;
	size_t kept = 0;
	edges_by(s->c, s->c->from, &at, &edges);
	for (size_t i = 0; i < *n; i++) {
		s->best[list[i]] = false;
		if (i >= TRIES || !separates(s->c, at, edges, s->best)) {
			s->best[list[i]] = true;
			list[kept++] = list[i];
		}
	}
	*n = kept;
	free(at);
	free(edges);
}

static void collect(struct search *s, uint32_t **rights, size_t *n, uint64_t *cost)
{
	const struct cut_problem *c = s->c;
	*rights = xcalloc(c->rights + 1, sizeof **rights);
	*n = 0;
	for (size_t r = 0; r < c->rights; r++)
		if (s->best[r])
			(*rights)[(*n)++] = (uint32_t)r;
	qsort_r(*rights, *n, sizeof **rights, dearest_first, (void *)(uintptr_t)c);
	if (s->ended)
		trim(s, *rights, n);
	*cost = 0;
	for (size_t i = 0; i < *n / 2; i++) {
		uint32_t x = (*rights)[i];
		(*rights)[i] = (*rights)[*n - 1 - i];
		(*rights)[*n - 1 - i] = x;
	}
	for (size_t i = 0; i < *n; i++)
		*cost += cost_of(c, (*rights)[i]);
}

static int check(const struct cut_problem *c, struct err *e)
{
	for (size_t i = 0; i < c->edges; i++)
		if (c->from[i] >= c->nodes || c->to[i] >= c->nodes || (c->right[i] != NO_RIGHT && c->right[i] >= c->rights))
			return err_set(e, ERR_RANGE, "edge %zu: no such node or right", i);
	for (size_t i = 0; i < c->nsources + c->nsinks; i++)
		if ((i < c->nsources ? c->sources[i] : c->sinks[i - c->nsources]) >= c->nodes)
			return err_set(e, ERR_RANGE, "no such node among sources and sinks");
	return c->edges >= PRIV_EDGES_MAX || c->nodes >= PRIV_NODES_MAX ? err_set(e, ERR_LIMIT, "the graph is too large") : 0;
}

int cut_minimum(const struct cut_problem *c, uint32_t **rights, size_t *n, uint64_t *cost, bool *possible, bool *cheapest, struct err *e)
{
	struct search s = {.c = c, .best_cost = UINT64_MAX};
	*rights = NULL;
	*n = 0;
	*cost = 0;
	*possible = *cheapest = false;
	int rc = check(c, e);
	if (rc)
		return rc;
	s.state = xcalloc(c->rights + 1, sizeof *s.state);
	s.best = xcalloc(c->rights + 1, sizeof *s.best);
	keep_near(&s);
	split_all(&s);
	search_all(&s);
	*possible = s.best_cost != UINT64_MAX;
	*cheapest = *possible && !s.ended;
	if (*possible)
		collect(&s, rights, n, cost);
	free(s.near);
	free(s.order);
	free(s.parts.v);
	free(s.first);
	free(s.count);
	free(s.state);
	free(s.best);
	return 0;
}
