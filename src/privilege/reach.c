/* reach.c - places in words, who is reached in how many steps, and the way as a sentence. */
#include "privilege/privilege_private.h"

#include <stdlib.h>

void priv_set_free(struct priv_set *s)
{
	free(s->v);
	*s = (struct priv_set){0};
}

void priv_reach_free(struct priv_reach *r)
{
	free(r->steps);
	free(r->edge);
	free(r->sure_steps);
	free(r->sure_edge);
	*r = (struct priv_reach){0};
}

/* ---- places --------------------------------------------------------------------------------------------------------------- */

static void add_node(struct priv_set *out, uint32_t node)
{
	for (size_t i = 0; i < out->n; i++)
		if (out->v[i] == node)
			return;
	*vec_push(out) = node;
}

static void add_place(const struct place *l, struct priv_set *out)
{
	*vec_push(out) = l->host;
	*vec_push(out) = l->root;
	for (size_t i = 0; i < l->s->naccounts; i++)
		*vec_push(out) = l->account[i];
}

static int nothing(struct err *e, struct slice place, const char *why)
{
	return err_set(e, ERR_NOENT, "%.*s: %s", SLFMT(place), why);
}

static int find_role(const struct privilege *p, struct slice place, struct slice role, struct priv_set *out, struct err *e)
{
	size_t n = 0, named = 0;
	const struct org_host *hosts = p->org ? org_hosts(p->org, &n) : NULL;
	for (size_t i = 0; i < n; i++) {
		if (!org_host_has_role(&hosts[i], role))
			continue;
		named++;
		const struct place *l = place_find(p, hosts[i].name);
		if (l)
			add_place(l, out);
	}
	if (!named)
		return nothing(e, place, "no host of the organisation file has this role");
	return out->n ? 0 : nothing(e, place, "there is no snapshot of its hosts");
}

static int find_person(const struct privilege *p, struct slice place, struct slice name, enum priv_type type, struct priv_set *out, struct err *e)
{
	for (size_t i = 0; i < p->nodes.n; i++)
		if (p->nodes.v[i].type == type && (slice_ieq(p->nodes.v[i].name, name) || slice_ieq(p->nodes.v[i].label, name)))
			add_node(out, (uint32_t)i);
	return out->n ? 0 : nothing(e, place, type == PRIV_PERSON ? "no such person in the organisation file" : "no such provider in the organisation file");
}

static int find_key(const struct privilege *p, struct slice place, struct slice name, struct priv_set *out, struct err *e)
{
	static const enum priv_type types[] = {PRIV_KEY, PRIV_AUTHORITY};
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		uint32_t node = node_find(p, types[i], SLICE_NONE, name);
		if (node != NO_NODE)
			add_node(out, node);
	}
	return out->n ? 0 : nothing(e, place, "no key with this fingerprint opens anything or lies anywhere");
}

static int find_account(const struct privilege *p, struct slice place, struct priv_set *out, struct err *e)
{
	ssize_t at = slice_rfind(place, SL("@"));
	struct slice host = at >= 0 ? slice_from(place, (size_t)at + 1) : place;
	const struct place *l = place_find(p, host);
	if (!l)
		return nothing(e, place, "there is no snapshot of this host (write account@host, host, provider:ID, person:NAME, key:SHA256:..., role:NAME or outside)");
	if (at < 0) {
		add_place(l, out);
		return 0;
	}
	long a = place_account(l, slice_to(place, (size_t)at));
	if (a == PRIV_NONE)
		return nothing(e, place, "the host has no such account");
	add_node(out, l->account[a]);
	return 0;
}

int privilege_find(const struct privilege *p, struct slice place, struct priv_set *out, struct err *e)
{
	struct priv_set found = {0};
	int rc = 0;
	if (slice_eqz(place, "outside")) {
		*vec_push(&found) = p->outside;
		*vec_push(&found) = p->guesser;
	} else if (slice_starts(place, SL("provider:"))) {
		rc = find_person(p, place, slice_from(place, 9), PRIV_PROVIDER, &found, e);
	} else if (slice_starts(place, SL("person:"))) {
		rc = find_person(p, place, slice_from(place, 7), PRIV_PERSON, &found, e);
	} else if (slice_starts(place, SL("key:"))) {
		rc = find_key(p, place, slice_from(place, 4), &found, e);
	} else if (slice_starts(place, SL("role:"))) {
		rc = find_role(p, place, slice_from(place, 5), &found, e);
	} else {
		rc = find_account(p, place, &found, e);
	}
	for (size_t i = 0; !rc && i < found.n; i++)
		*vec_push(out) = found.v[i];
	priv_set_free(&found);
	return rc;
}

/* ---- reach --------------------------------------------------------------------------------------------------------------------- */

uint32_t priv_edge_steps(const struct privilege *p, const struct priv_edge *e)
{
	bool becomes = p->nodes.v[e->to].type == PRIV_ACCOUNT && (e->right != NO_RIGHT || p->nodes.v[e->from].type == PRIV_GROUP);
	return becomes ? 1 : 0;
}

/* A queue that both ends of are used: steps of 0 go before what waits. */
struct ring { uint32_t *v; size_t size, head, n; };

static void ring_put(struct ring *r, uint32_t node, bool front)
{
	if (r->n == r->size) {
		uint32_t *more = xcalloc(r->size * 2, sizeof *more);
		for (size_t i = 0; i < r->n; i++)
			more[i] = r->v[(r->head + i) % r->size];
		free(r->v);
		*r = (struct ring){more, r->size * 2, 0, r->n};
	}
	if (front)
		r->head = (r->head + r->size - 1) % r->size;
	r->v[front ? r->head : (r->head + r->n) % r->size] = node;
	r->n++;
}

/* 0-1 breadth first search. A node may wait several times; only its best counts. */
static void walk(const struct privilege *p, const struct priv_set *from, bool backwards, const bool *without, bool sure, uint32_t *steps, uint32_t *by)
{
	const uint32_t *at = backwards ? p->in_at : p->out_at, *list = backwards ? p->in : p->out;
	struct ring ring = {.v = xcalloc(1024, sizeof(uint32_t)), .size = 1024};
	memset(steps, 0xff, p->nodes.n * sizeof *steps);
	memset(by, 0xff, p->nodes.n * sizeof *by);
	for (size_t i = 0; i < from->n; i++)
		if (steps[from->v[i]] == UINT32_MAX) {
			steps[from->v[i]] = 0;
			ring_put(&ring, from->v[i], false);
		}
	while (ring.n) {
		uint32_t node = ring.v[ring.head];
		ring.head = (ring.head + 1) % ring.size;
		ring.n--;
		for (uint32_t i = at[node]; i < at[node + 1]; i++) {
			const struct priv_edge *e = &p->edges.v[list[i]];
			uint32_t to = backwards ? e->from : e->to, cost = priv_edge_steps(p, e);
			if ((sure && e->sure != SNAP_YES) || (without && e->right != NO_RIGHT && without[e->right]) || steps[node] + cost >= steps[to])
				continue;
			steps[to] = steps[node] + cost;
			by[to] = list[i];
			ring_put(&ring, to, cost == 0);
		}
	}
	free(ring.v);
}

int privilege_reach(const struct privilege *p, const struct priv_set *from, bool backwards, const bool *without, struct priv_reach *out, struct err *e)
{
	*out = (struct priv_reach){.n = p->nodes.n};
	if (!p->out_at)
		return err_set(e, ERR_USAGE, "the graph is not built");
	uint32_t **const parts[] = {&out->steps, &out->edge, &out->sure_steps, &out->sure_edge};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		*parts[i] = xcalloc(p->nodes.n + 1, sizeof(uint32_t));
	walk(p, from, backwards, without, false, out->steps, out->edge);
	walk(p, from, backwards, without, true, out->sure_steps, out->sure_edge);
	return 0;
}

/* ---- the way ------------------------------------------------------------------------------------------------------------------------ */

static uint32_t next_of(const struct privilege *p, uint32_t edge, uint32_t node)
{
	return p->edges.v[edge].to == node ? p->edges.v[edge].from : p->edges.v[edge].to;
}

void priv_reach_way(const struct privilege *p, const struct priv_reach *r, uint32_t node, struct priv_set *edges)
{
	if (node >= r->n || r->steps[node] == UINT32_MAX)
		return;
	const uint32_t *by = r->sure_steps[node] != UINT32_MAX ? r->sure_edge : r->edge;
	bool backwards = false;
	for (size_t guard = 0; by[node] != UINT32_MAX && guard <= r->n; guard++) {
		*vec_push(edges) = by[node];
		backwards = p->edges.v[by[node]].from == node;
		node = next_of(p, by[node], node);
	}
	for (size_t i = 0; !backwards && i < edges->n / 2; i++) {
		uint32_t x = edges->v[i];
		edges->v[i] = edges->v[edges->n - 1 - i];
		edges->v[edges->n - 1 - i] = x;
	}
}

static void edge_words(const struct privilege *p, const struct priv_edge *e, struct buf *out)
{
	buf_adds(out, p->nodes.v[e->from].label);
	buf_addc(out, ' ');
	if (e->sure != SNAP_YES)
		buf_addz(out, "perhaps ");
	buf_addz(out, e->how);
	buf_addc(out, ' ');
	buf_adds(out, p->nodes.v[e->to].label);
	if (e->text.n) {
		buf_addz(out, " (");
		buf_adds(out, e->text);
		buf_addc(out, ')');
	}
}

/* That root is every account, and an account on its host, is left out where the sentence goes on from there. */
static bool plain(const struct privilege *p, const struct priv_edge *e, bool last)
{
	return !last && e->right == NO_RIGHT && !e->text.n && (p->nodes.v[e->to].type == PRIV_HOST || p->nodes.v[e->to].type == PRIV_OUTSIDE);
}

void priv_reach_sentence(const struct privilege *p, const struct priv_reach *r, uint32_t node, struct buf *out)
{
	struct priv_set way = {0};
	bool first = true;
	priv_reach_way(p, r, node, &way);
	for (size_t i = 0; i < way.n; i++) {
		const struct priv_edge *e = &p->edges.v[way.v[i]];
		if (plain(p, e, i + 1 == way.n))
			continue;
		buf_addz(out, first ? "" : "; ");
		edge_words(p, e, out);
		first = false;
	}
	if (!way.n)
		buf_addz(out, "it starts there");
	buf_addc(out, '.');
	priv_set_free(&way);
}
