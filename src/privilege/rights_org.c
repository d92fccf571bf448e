/* rights_org.c - providers and persons of the organisation file, grants of the gate. */
#include "privilege/privilege_private.h"

uint32_t person_node(struct privilege *p, const struct org_person *who)
{
	if (!who)
		return NO_NODE;
	return node_put(p, PRIV_PERSON, who->provider ? who->provider->id : SLICE_NONE, who->name, slice_dup(&p->mem, who->name));
}

static void one_person(struct privilege *p, const struct org_person *who, uint32_t provider)
{
	uint32_t node = person_node(p, who);
	edge_put(p, provider, node, NO_RIGHT, "sends", SLICE_NONE, SNAP_YES);
	edge_put(p, node, p->outside, NO_RIGHT, "is also", SLICE_NONE, SNAP_YES);
	for (size_t k = 0; k < who->nkeys; k++)
		edge_put(p, node, key_node(p, who->keys[k], SLICE_NONE), NO_RIGHT, "has the", SLICE_NONE, SNAP_YES);
}

void rights_org(struct privilege *p)
{
	size_t n = 0;
	edge_put(p, p->guesser, p->outside, NO_RIGHT, "is also", SLICE_NONE, SNAP_YES);
	const struct org_person *staff = p->org ? org_staff(p->org, &n) : NULL;
	for (size_t i = 0; i < n; i++)
		one_person(p, &staff[i], NO_NODE);
	const struct org_provider *providers = p->org ? org_providers(p->org, &n) : NULL;
	for (size_t i = 0; p->org && i < n; i++) {
		uint32_t node = node_put(p, PRIV_PROVIDER, SLICE_NONE, providers[i].id, providers[i].name.n ? slice_dup(&p->mem, providers[i].name) : SLICE_NONE);
		for (size_t k = 0; k < providers[i].npersons; k++)
			one_person(p, &providers[i].persons[k], node);
	}
}

static const struct org_person *granted_person(const struct privilege *p, const struct privilege_grant *g)
{
	size_t n = 0;
	const struct org_provider *x = p->org ? org_provider(p->org, g->provider) : NULL;
	for (size_t i = 0; x && i < x->npersons; i++)
		if (slice_ieq(x->persons[i].name, g->person) || slice_eq(x->persons[i].mail, g->person))
			return &x->persons[i];
	const struct org_person *by = p->org ? org_person_by_account(p->org, g->person) : NULL, *staff = p->org ? org_staff(p->org, &n) : NULL;
	for (size_t i = 0; i < n && !by; i++)
		if (slice_ieq(staff[i].name, g->person))
			by = &staff[i];
	return by;
}

void rights_grants(struct privilege *p)
{
	for (size_t i = 0; i < p->opt.ngrants; i++) {
		const struct privilege_grant *g = &p->opt.grants[i];
		struct place *l = place_find(p, g->host);
		const struct org_person *who = granted_person(p, g);
		long account = l ? place_account(l, g->account) : PRIV_NONE;
		struct right *r = right_put(p, l, RIGHT_GRANT, SNAP_K_fact, NULL);
		uint32_t id = r->id;
		r->host = l ? l->s->host : g->host;
		r->account = g->account;
		r->holder = g->person;
		r->person = who;
		r->provider = p->org ? org_provider(p->org, g->provider) : NULL;
		r->text = say(p, "grant %.*s lets %.*s be %.*s on %.*s%s", SLFMT(g->id), SLFMT(g->person), SLFMT(g->account), SLFMT(g->host), g->active ? "" : " (not active)");
		bool open = g->active && (g->from == NSTIME_NONE || g->from <= p->opt.now) && (g->until == NSTIME_NONE || g->until > p->opt.now);
		if (account == PRIV_NONE || !open)
			continue;
		uint32_t node = who ? person_node(p, who) : node_put(p, PRIV_PERSON, g->provider, g->person, SLICE_NONE);
		if (!who && g->provider.n)
			edge_put(p, node_put(p, PRIV_PROVIDER, SLICE_NONE, g->provider, SLICE_NONE), node, NO_RIGHT, "sends", SLICE_NONE, SNAP_YES);
		edge_put(p, node, l->account[account], id, "is let in by the gate as", say(p, "grant %.*s", SLFMT(g->id)), SNAP_YES);
	}
}
