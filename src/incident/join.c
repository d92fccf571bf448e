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

/* Findings that share an entity meet in its bucket: the newest few of each are compared, so that ten thousand findings
 * about one host cost ten thousand steps, not their square. They are in time order, so the newest are the nearest. */
enum { BUCKET = 32 };
struct bucket {
	uint32_t newest[BUCKET];
	uint32_t n;
};

static struct key entity_key(const struct entity *e)
{
	struct key k;
	key_init(&k);
	uint8_t type = (uint8_t)(is_host(e) ? ENT_HOST : e->type);
	key_add(&k, slice_make((const char *)&type, 1));
	char low[128];
	size_t n = MIN(e->value.n, sizeof low);
	for (size_t i = 0; i < n; i++)
		low[i] = (char)(e->value.p[i] >= 'A' && e->value.p[i] <= 'Z' ? e->value.p[i] + 32 : e->value.p[i]);
	key_add(&k, slice_make(low, n));
	return k;
}

typedef bool pair_fn(const struct org *org, const struct finding *a, const struct finding *b);

/* First finding met in the buckets of i's entities for which fn holds and that joins; UINT32_MAX when none.
 * all: unite with every one instead. */
static uint32_t meet(const struct incidents *s, struct lru *buckets, uint32_t *parent, uint32_t i, pair_fn *fn, bool all)
{
	const struct finding *f = s->findings.v[i];
	for (size_t k = 0; k < f->nentities; k++) {
		if (shared_by_all(s->org, &f->entities[k]) && !is_host(&f->entities[k]))
			continue;
		struct key key = entity_key(&f->entities[k]);
		const struct bucket *b = lru_get(buckets, key_slice(&key));
		for (uint32_t j = 0; b && j < MIN(b->n, (uint32_t)BUCKET); j++) {
			uint32_t other = b->newest[j];
			if (other == i || !fn(s->org, f, s->findings.v[other]))
				continue;
			if (!all)
				return other;
			parent[root_of(parent, i)] = root_of(parent, other);
		}
	}
	return UINT32_MAX;
}

static void put_in_buckets(const struct incidents *s, struct lru *buckets, uint32_t i)
{
	const struct finding *f = s->findings.v[i];
	for (size_t k = 0; k < f->nentities; k++) {
		if (shared_by_all(s->org, &f->entities[k]) && !is_host(&f->entities[k]))
			continue;
		struct key key = entity_key(&f->entities[k]);
		struct bucket *b = lru_put(buckets, key_slice(&key), NULL);
		b->newest[b->n++ % BUCKET] = i;
	}
}

uint32_t *incident_clusters(const struct incidents *s)
{
	uint32_t n = (uint32_t)s->findings.n;
	uint32_t *parent = xcalloc(n, sizeof *parent);
	struct lru *buckets = lru_new(sizeof(struct bucket), 100000, NULL, NULL);
	for (uint32_t i = 0; i < n; i++)
		parent[i] = i;
	for (uint32_t i = 0; i < n; i++)
		if (joins(s->findings.v[i])) {
			meet(s, buckets, parent, i, belong, true);
			put_in_buckets(s, buckets, i);
		}
	for (uint32_t i = 0; i < n; i++)
		parent[i] = root_of(parent, i);
	for (uint32_t i = 0; i < n; i++)
		if (!joins(s->findings.v[i])) {
			uint32_t to = meet(s, buckets, parent, i, attaches, false);
			parent[i] = to == UINT32_MAX ? to : parent[to];
		}
	lru_free(buckets);
	return parent;
}
