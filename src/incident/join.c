/* join.c - which findings belong together: the same person, key, outside address or mailbox within days; the same host
 * within hours. Names that everybody shares (root, service accounts, inside addresses) join nothing. */
#include "incident/incident_private.h"

#include <stdlib.h>

#define STRONG_WINDOW (12 * NS_DAY)
#define HOST_WINDOW (36 * NS_HOUR)

static bool near(const struct finding *a, const struct finding *b, nstime window)
{
	nstime gap = a->first > b->last ? a->first - b->last : b->first > a->last ? b->first - a->last : 0;
	return gap <= window;
}

static bool shared_by_all(const struct org *org, const struct entity *e)
{
	struct ip ip;
	switch (e->type) {
	case ENT_USER: return slice_eq(e->value, SL("root")) || org_service_account(org, e->value);
	case ENT_SOURCE: return ip_parse(e->value, &ip) && (org_inside(org, &ip) || ip_is_private(&ip));
	case ENT_PERSON:
	case ENT_KEY:
	case ENT_MAIL:
	case ENT_HASH: return false;
	default: return true;
	}
}

static bool same_actor(const struct org *org, const struct finding *a, const struct finding *b)
{
	for (size_t i = 0; i < a->nentities; i++) {
		if (shared_by_all(org, &a->entities[i]))
			continue;
		for (size_t k = 0; k < b->nentities; k++)
			if (a->entities[i].type == b->entities[k].type && slice_ieq(a->entities[i].value, b->entities[k].value))
				return true;
	}
	return false;
}

static bool is_host(const struct entity *e)
{
	return e->type == ENT_HOST || e->type == ENT_DEST_HOST;
}

static bool same_host(const struct finding *a, const struct finding *b)
{
	for (size_t i = 0; i < a->nentities; i++)
		for (size_t k = 0; is_host(&a->entities[i]) && k < b->nentities; k++)
			if (is_host(&b->entities[k]) && slice_ieq(a->entities[i].value, b->entities[k].value))
				return true;
	return false;
}

static bool belong(const struct org *org, const struct finding *a, const struct finding *b)
{
	if (near(a, b, STRONG_WINDOW) && same_actor(org, a, b))
		return true;
	return a->stage && b->stage && near(a, b, HOST_WINDOW) && same_host(a, b);
}

/* Something low joins a story only by the same actor on the same host, or by the intruder's own address. */
static bool attaches(const struct org *org, const struct finding *low, const struct finding *f)
{
	return near(low, f, NS_DAY) && same_actor(org, low, f) && same_host(low, f);
}

static uint32_t root_of(uint32_t *parent, uint32_t i)
{
	while (parent[i] != i)
		i = parent[i] = parent[parent[i]];
	return i;
}

static bool joins(const struct finding *f)
{
	return f->level >= LEVEL_MEDIUM;
}

uint32_t *incident_clusters(const struct incidents *s)
{
	uint32_t n = (uint32_t)s->findings.n;
	uint32_t *parent = xcalloc(n, sizeof *parent);
	for (uint32_t i = 0; i < n; i++)
		parent[i] = i;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; joins(s->findings.v[i]) && k < i; k++)
			if (joins(s->findings.v[k]) && belong(s->org, s->findings.v[i], s->findings.v[k]))
				parent[root_of(parent, i)] = root_of(parent, k);
	for (uint32_t i = 0; i < n; i++)
		parent[i] = root_of(parent, i);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t to = UINT32_MAX;
		for (uint32_t k = 0; !joins(s->findings.v[i]) && k < n && to == UINT32_MAX; k++)
			if (joins(s->findings.v[k]) && attaches(s->org, s->findings.v[i], s->findings.v[k]))
				to = parent[k];
		if (!joins(s->findings.v[i]))
			parent[i] = to;
	}
	return parent;
}
