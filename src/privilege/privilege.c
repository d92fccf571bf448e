/* privilege.c - from snapshots to the graph. */
#include "privilege/privilege_private.h"

#include <stdlib.h>

struct privilege *privilege_new(const struct org *org)
{
	struct privilege *p = xcalloc(1, sizeof *p);
	arena_init(&p->mem);
	p->org = org;
	p->names = strtab_new();
	p->host_names = strtab_new();
	p->limited = strtab_new();
	p->opening = strtab_new();
	p->authorities = strtab_new();
	return p;
}

void privilege_free(struct privilege *p)
{
	if (!p)
		return;
	for (size_t i = 0; p->places && i < p->hosts.n; i++)
		place_close(&p->places[i]);
	free(p->places);
	free(p->hosts.v);
	free(p->rights.v);
	free(p->nodes.v);
	free(p->edges.v);
	free(p->node_of.v);
	free(p->host_of.v);
	free(p->out_at);
	free(p->out);
	free(p->in_at);
	free(p->in);
	strtab_free(p->names);
	strtab_free(p->host_names);
	strtab_free(p->limited);
	strtab_free(p->opening);
	strtab_free(p->authorities);
	free(p->certificates.v);
	free(p->lying.v);
	arena_free(&p->mem);
	free(p);
}

int privilege_add(struct privilege *p, const struct snapshot *s, struct err *e)
{
	if (p->places)
		return err_set(e, ERR_USAGE, "the graph is built already");
	if (!s->host.n)
		return err_set(e, ERR_TYPE, "a snapshot without a host's name");
	*vec_push(&p->hosts) = s;
	return 0;
}

static int by_host(const void *x, const void *y)
{
	const struct snapshot *a = *(const struct snapshot *const *)x, *b = *(const struct snapshot *const *)y;
	int c = slice_cmp(a->host, b->host);
	return c ? c : (a->taken < b->taken) - (a->taken > b->taken);
}

/* In the order of names; of two of one host the later. */
static void arrange(struct privilege *p)
{
	size_t n = 0;
	if (p->hosts.n)
		qsort(p->hosts.v, p->hosts.n, sizeof *p->hosts.v, by_host);
	for (size_t i = 0; i < p->hosts.n; i++)
		if (!n || !slice_eq(p->hosts.v[n - 1]->host, p->hosts.v[i]->host))
			p->hosts.v[n++] = p->hosts.v[i];
	p->hosts.n = n;
}

static void call(struct privilege *p, uint32_t place, struct slice name)
{
	uint32_t known = strtab_count(p->host_names), id = strtab_put(p->host_names, name);
	while (p->host_of.n <= id)
		*vec_push(&p->host_of) = 0;
	if (id >= known)
		p->host_of.v[id] = place;
}

/* The full name of one host goes before another's first label. */
static void name_hosts(struct privilege *p)
{
	for (uint32_t i = 0; i < p->hosts.n; i++)
		call(p, i, p->places[i].names[0]);
	for (uint32_t i = 0; i < p->hosts.n; i++)
		for (size_t k = 0; k < p->hosts.v[i]->names.n; k++)
			call(p, i, p->hosts.v[i]->names.v[k]);
	for (uint32_t i = 0; i < p->hosts.n; i++) {
		const struct org_host *h = p->org ? org_host(p->org, p->hosts.v[i]->host) : NULL;
		call(p, i, p->places[i].names[1]);
		if (h)
			call(p, i, h->name);
		for (size_t k = 0; h && k < h->naliases; k++)
			call(p, i, h->aliases[k]);
	}
}

int privilege_build(struct privilege *p, const struct usage *usage, const struct privilege_options *opt, struct err *e)
{
	/* Keys that lie about come before what they open: where from= limits a line, edges start at each place the key lies. */
	static void (*const first[])(struct place *) = {rights_accounts, rights_private_keys};
	static void (*const then[])(struct place *) = {rights_keys, rights_certificates, rights_passwords, rights_sudo, rights_doas, rights_groups, rights_writable,
		rights_setuid, rights_polkit, rights_exports, rights_agents};
	if (p->places)
		return err_set(e, ERR_USAGE, "the graph is built already");
	p->opt = *opt;
	p->usage = usage;
	p->opt.days = opt->days ? opt->days : 90;
	p->now = opt->now / NS_SEC;
	p->today = opt->now / NS_DAY;
	arrange(p);
	p->places = xcalloc(p->hosts.n + 1, sizeof *p->places);
	p->outside = node_put(p, PRIV_OUTSIDE, SLICE_NONE, SL("outside"), SL("whoever reaches the network"));
	p->guesser = node_put(p, PRIV_GUESSER, SLICE_NONE, SL("password"), SL("whoever knows a password"));
	for (size_t i = 0; i < p->hosts.n; i++)
		place_open(p, p->hosts.v[i], &p->places[i]);
	name_hosts(p);
	keys_known(p);
	for (size_t k = 0; k < ARRAY_LEN(first); k++)
		for (size_t i = 0; i < p->hosts.n; i++)
			first[k](&p->places[i]);
	for (size_t i = 0; i < p->hosts.n; i++)
		for (size_t k = 0; k < ARRAY_LEN(then); k++)
			then[k](&p->places[i]);
	rights_org(p);
	rights_grants(p);
	if (p->full)
		return err_set(e, ERR_LIMIT, "more than %d nodes or %d edges", PRIV_NODES_MAX, PRIV_EDGES_MAX);
	rights_order(p);
	rights_usage(p, usage);
	graph_index(p);
	return rights_costs(p, e);
}

size_t privilege_rights(const struct privilege *p, const struct right **out)
{
	*out = p->rights.v;
	return p->rights.n;
}

size_t privilege_nodes(const struct privilege *p, const struct priv_node **out)
{
	*out = p->nodes.v;
	return p->nodes.n;
}

size_t privilege_edges(const struct privilege *p, const struct priv_edge **out)
{
	*out = p->edges.v;
	return p->edges.n;
}
