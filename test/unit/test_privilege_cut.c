/* test_privilege_cut.c - the cheapest cut against brute force on small graphs of every shape, and its bound on large ones. */
#include "privilege/privilege.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NODES_MAX = 4000, EDGES_MAX = 12000, RIGHTS_MAX = 6000, SMALL_RIGHTS = 11 };

struct graph {
	struct cut_problem c;
	uint32_t from[EDGES_MAX], to[EDGES_MAX], right[EDGES_MAX], cost[RIGHTS_MAX], source[4], sink[4];
};

static uint64_t seed;
static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % below;
}

static void make(struct graph *g, uint32_t nodes, size_t edges, uint32_t rights, uint32_t fixed)
{
	g->c = (struct cut_problem){.nodes = nodes, .from = g->from, .to = g->to, .right = g->right, .edges = edges, .cost = g->cost, .rights = rights, .sources = g->source, .sinks = g->sink,
		.nsources = 1 + any(2), .nsinks = 1 + any(2)};
	for (size_t i = 0; i < edges; i++) {
		g->from[i] = any(nodes);
		g->to[i] = any(nodes);
		g->right[i] = any(100) < fixed ? UINT32_MAX : any(rights);
	}
	for (uint32_t i = 0; i < rights; i++)
		g->cost[i] = 1 + any(9);
	for (size_t i = 0; i < 2; i++) {
		g->source[i] = any(nodes / 2);
		g->sink[i] = nodes / 2 + any(nodes - nodes / 2);
	}
}

/* Is a sink reached without these rights? By the plainest way there is. */
static bool reached(const struct graph *g, const bool *without)
{
	static bool seen[NODES_MAX];
	const struct cut_problem *c = &g->c;
	memset(seen, 0, sizeof seen);
	for (size_t i = 0; i < c->nsources; i++)
		seen[c->sources[i]] = true;
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < c->edges; i++)
			if (seen[c->from[i]] && !seen[c->to[i]] && (c->right[i] == UINT32_MAX || !without[c->right[i]]))
				more = seen[c->to[i]] = true;
	}
	for (size_t i = 0; i < c->nsinks; i++)
		if (seen[c->sinks[i]])
			return true;
	return false;
}

static uint64_t brute(const struct graph *g)
{
	uint64_t best = UINT64_MAX;
	for (uint32_t set = 0; set < 1u << g->c.rights; set++) {
		bool without[SMALL_RIGHTS + 1] = {0};
		uint64_t cost = 0;
		for (uint32_t r = 0; r < g->c.rights; r++) {
			without[r] = set >> r & 1;
			cost += without[r] ? g->cost[r] : 0;
		}
		if (cost < best && !reached(g, without))
			best = cost;
	}
	return best;
}

static void solve(const struct graph *g, uint64_t *cost, bool *possible, bool *cheapest)
{
	static bool without[RIGHTS_MAX];
	uint32_t *rights;
	size_t n;
	uint64_t sum = 0;
	struct err e;
	assert_int_equal(cut_minimum(&g->c, &rights, &n, cost, possible, cheapest, &e), 0);
	memset(without, 0, sizeof without);
	for (size_t i = 0; i < n; i++) {
		assert_false(without[rights[i]]);
		without[rights[i]] = true;
		sum += g->cost[rights[i]];
		assert_true(i == 0 || g->cost[rights[i]] >= g->cost[rights[i - 1]]); /* dearest last */
	}
	if (*possible) {
		assert_int_equal(sum, *cost);
		assert_false(reached(g, without));
	}
	free(rights);
}

static void compare(struct graph *g, size_t *impossible, size_t *nothing)
{
	uint64_t cost, best = brute(g);
	bool possible, cheapest;
	solve(g, &cost, &possible, &cheapest);
	assert_int_equal(possible, best != UINT64_MAX);
	if (possible) {
		assert_true(cheapest);
		assert_int_equal(cost, best);
	}
	*impossible += !possible;
	*nothing += possible && !cost;
}

/* One right on any edges: the hard shape. */
static void test_small_any(void **state)
{
	(void)state;
	static struct graph g;
	size_t impossible = 0, nothing = 0, rounds = 3000;
	seed = 0x9e3779b97f4a7c15u;
	for (size_t i = 0; i < rounds; i++) {
		uint32_t nodes = 4 + any(7), rights = 1 + any(SMALL_RIGHTS);
		make(&g, nodes, 4 + any(22), rights, any(3) * 12);
		compare(&g, &impossible, &nothing);
	}
	assert_true(impossible < rounds / 2 && nothing < rounds * 2 / 3); /* the graphs say something */
}

/* Rights as the graph of hosts has them: one tail to many heads, many tails to one head, or all to all. */
static void test_small_stars(void **state)
{
	(void)state;
	static struct graph g;
	size_t impossible = 0, nothing = 0;
	seed = 0x1234567812345678u;
	for (size_t i = 0; i < 1500; i++) {
		uint32_t nodes = 5 + any(6), rights = 2 + any(SMALL_RIGHTS - 2);
		make(&g, nodes, 0, rights, 0);
		for (uint32_t r = 0; r < rights; r++)
			for (uint32_t t = 0, tails = 1 + any(2), heads = 1 + any(2), from = any(nodes), to = any(nodes); t < tails; t++)
				for (uint32_t h = 0; h < heads; h++) {
					size_t k = g.c.edges++;
					g.from[k] = (from + t) % nodes;
					g.to[k] = (to + h) % nodes;
					g.right[k] = r;
				}
		compare(&g, &impossible, &nothing);
	}
}

static void test_edges_of_the_shape(void **state)
{
	(void)state;
	static struct graph g;
	uint64_t cost;
	bool possible, cheapest;
	/* 0 -> 1 -> 3, 0 -> 2 -> 3: the first right on one edge of each way, paid once. */
	static const uint32_t edges[][3] = {{0, 1, 0}, {1, 3, 1}, {0, 2, 2}, {2, 3, 0}};
	seed = 1;
	make(&g, 4, 4, 3, 0);
	for (size_t i = 0; i < 4; i++) {
		g.from[i] = edges[i][0];
		g.to[i] = edges[i][1];
		g.right[i] = edges[i][2];
	}
	g.c.nsources = g.c.nsinks = 1;
	g.source[0] = 0;
	g.sink[0] = 3;
	g.cost[0] = 5;
	g.cost[1] = g.cost[2] = 4;
	solve(&g, &cost, &possible, &cheapest);
	assert_true(possible && cheapest);
	assert_int_equal(cost, 5); /* and not 8 */
	g.cost[0] = 9;
	solve(&g, &cost, &possible, &cheapest);
	assert_int_equal(cost, 8);
	g.right[2] = g.right[3] = UINT32_MAX;
	solve(&g, &cost, &possible, &cheapest);
	assert_false(possible);
	g.sink[0] = 0; /* where it starts */
	solve(&g, &cost, &possible, &cheapest);
	assert_false(possible);
	g.right[0] = 7; /* no such right */
	uint32_t *rights;
	size_t n;
	struct err e;
	assert_int_equal(cut_minimum(&g.c, &rights, &n, &cost, &possible, &cheapest, &e), ERR_RANGE);
}

/* Large and tangled: what comes out cuts, whether or not the search could finish. */
static void test_large(void **state)
{
	(void)state;
	static struct graph g;
	size_t done = 0;
	seed = 0xfeedfacecafebeefu;
	for (size_t i = 0; i < 12; i++) {
		uint64_t cost;
		bool possible, cheapest;
		make(&g, NODES_MAX, EDGES_MAX / 2, i % 2 ? RIGHTS_MAX : 300, 2);
		solve(&g, &cost, &possible, &cheapest);
		done += possible;
	}
	assert_true(done > 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_small_any), cmocka_unit_test(test_small_stars), cmocka_unit_test(test_edges_of_the_shape), cmocka_unit_test(test_large)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
