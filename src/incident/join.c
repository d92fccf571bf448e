/* join.c - which findings belong together: the same person, key, outside address or mailbox within days; the same host
 * within hours. Names that everybody shares (root, service accounts, inside addresses) join nothing.
 *
 * Findings come in the order of their beginning. Those that share a name form chains: one that begins within the window after
 * the latest end so far belongs to the chain, and to no other, so that one look per name finds every pair. What is joined is a
 * function of the set of findings: the order in which they came, and how many there are, changes nothing. */
#include "incident/incident_private.h"

#include <stdlib.h>

#define STRONG_WINDOW (12 * NS_DAY)
#define HOST_WINDOW (36 * NS_HOUR)
#define LOW_WINDOW NS_DAY
#define HOST_SALT 0x9ddfea08eb382d69u

enum { LOW_LOOKS = 256 /* at so many neighbours of a low finding: a flood shall not cost its square */ };

static nstime later(nstime t, nstime by)
{
	nstime out;
	return __builtin_add_overflow(t, by, &out) ? (by > 0 ? INT64_MAX : INT64_MIN) : out;
}

/* Time between two findings; 0 when they overlap. */
static nstime gap(const struct finding *a, const struct finding *b)
{
	nstime from = MIN(a->last, b->last), to = MAX(a->first, b->first), out;
	if (to <= from)
		return 0;
	return __builtin_sub_overflow(to, from, &out) ? INT64_MAX : out;
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
	case ENT_PROFILE:
	case ENT_HASH: return false;
	default: return true;
	}
}

static bool is_host(const struct entity *e)
{
	return e->type == ENT_HOST || e->type == ENT_DEST_HOST;
}

static uint64_t key_of(const struct entity *e)
{
	char low[1 + LIMIT_RAW_KEPT];
	size_t n = MIN(e->value.n, (size_t)LIMIT_RAW_KEPT);
	low[0] = (char)(is_host(e) ? ENT_HOST : e->type);
	for (size_t i = 0; i < n; i++)
		low[1 + i] = (char)(e->value.p[i] >= 'A' && e->value.p[i] <= 'Z' ? e->value.p[i] + 32 : e->value.p[i]);
	uint64_t h = hash_bytes(low, n + 1);
	h = is_host(e) ? h ^ HOST_SALT : h;
	return h ? h : 1;
}

void incident_keys(const struct org *org, struct joinable *j)
{
	const struct finding *f = j->f;
	free(j->key);
	j->key = xcalloc(f->nentities + 1, sizeof *j->key);
	j->nactors = j->nhosts = 0;
	for (size_t i = 0; i < f->nentities; i++)
		if (!is_host(&f->entities[i]) && !shared_by_all(org, &f->entities[i]))
			j->key[j->nactors++] = key_of(&f->entities[i]);
	for (size_t i = 0; i < f->nentities; i++)
		if (is_host(&f->entities[i]))
			j->key[j->nactors + j->nhosts++] = key_of(&f->entities[i]);
}

bool incident_joins(const struct finding *f)
{
	return f->level >= LEVEL_MEDIUM;
}

static bool share(const uint64_t *a, uint32_t na, const uint64_t *b, uint32_t nb)
{
	for (uint32_t i = 0; i < na; i++)
		for (uint32_t k = 0; k < nb; k++)
			if (a[i] == b[k])
				return true;
	return false;
}

static bool same_host(const struct joinable *a, const struct joinable *b)
{
	return share(a->key + a->nactors, a->nhosts, b->key + b->nactors, b->nhosts);
}

bool incident_same_actor(const struct joinable *a, const struct joinable *b)
{
	return gap(a->f, b->f) <= STRONG_WINDOW && share(a->key, a->nactors, b->key, b->nactors);
}

/* ---- chains --------------------------------------------------------------------------------------------------------- */

struct slot {
	uint64_t key;      /* 0: free */
	nstime last;       /* latest end of the chain */
	uint32_t member;   /* one of the chain */
	uint32_t newest;   /* in passed[], + 1; 0 none */
};
/* A joining finding under one of its actors, for low ones that look for company. */
struct passed {
	uint32_t item, older; /* older: in passed[], + 1 */
	nstime last;          /* latest end of this and all older ones */
};
struct sweep {
	const struct joinable *const *v;
	uint32_t n;
	uint32_t *parent;
	struct slot *slots;
	size_t mask;
	struct passed *passed;
	uint32_t npassed;
};

static struct slot *slot_of(struct sweep *s, uint64_t key)
{
	size_t at = key & s->mask;
	while (s->slots[at].key && s->slots[at].key != key)
		at = (at + 1) & s->mask;
	return &s->slots[at];
}

static uint32_t root_of(uint32_t *parent, uint32_t i)
{
	while (parent[i] != i)
		i = parent[i] = parent[parent[i]];
	return i;
}

/* The earlier one is the root. */
static void unite(uint32_t *parent, uint32_t a, uint32_t b)
{
	a = root_of(parent, a);
	b = root_of(parent, b);
	parent[MAX(a, b)] = MIN(a, b);
}

static void meet(struct sweep *s, uint32_t i, uint64_t key, nstime window)
{
	struct slot *slot = slot_of(s, key);
	const struct finding *f = s->v[i]->f;
	if (!slot->key)
		*slot = (struct slot){key, f->last, i, 0};
	else if (f->first <= later(slot->last, window))
		unite(s->parent, i, slot->member);
	else
		slot->member = i;
	slot->last = MAX(slot->last, f->last);
}

static void pass(struct sweep *s, uint32_t i, uint64_t key)
{
	struct slot *slot = slot_of(s, key);
	nstime last = s->v[i]->f->last;
	if (slot->newest)
		last = MAX(last, s->passed[slot->newest - 1].last);
	s->passed[s->npassed++] = (struct passed){i, slot->newest, last};
	slot->newest = s->npassed;
}

/* Something low joins a story only by the same actor on the same host within a day: the nearest such finding's. */
static uint32_t company_of(struct sweep *s, uint32_t i)
{
	const struct joinable *low = s->v[i];
	uint32_t best = UINT32_MAX;
	nstime nearest = LOW_WINDOW;
	for (uint32_t k = 0; k < low->nactors; k++) {
		uint32_t at = slot_of(s, low->key[k])->newest;
		for (unsigned looks = 0; at && looks < LOW_LOOKS && s->passed[at - 1].last >= later(low->f->first, -LOW_WINDOW); looks++) {
			const struct passed *p = &s->passed[at - 1];
			nstime g = gap(low->f, s->v[p->item]->f);
			at = p->older;
			if ((g < nearest || (g == nearest && p->item < best)) && same_host(low, s->v[p->item])) {
				best = p->item;
				nearest = g;
			}
		}
	}
	return best;
}

struct low {
	nstime last;
	uint32_t item;
};

static int by_last(const void *a, const void *b)
{
	const struct low *x = a, *y = b;
	return x->last != y->last ? (x->last < y->last ? -1 : 1) : (x->item > y->item) - (x->item < y->item);
}

/* Each low one looks around when everything that begins within its window has passed, and nothing later. */
static void attach_low(struct sweep *s)
{
	struct low *low = xcalloc((size_t)s->n + 1, sizeof *low);
	uint32_t nlow = 0, done = 0;
	for (uint32_t i = 0; i < s->n; i++)
		if (!incident_joins(s->v[i]->f))
			low[nlow++] = (struct low){later(s->v[i]->f->last, LOW_WINDOW), i};
	if (nlow)
		qsort(low, nlow, sizeof *low, by_last);
	for (uint32_t i = 0; i <= s->n && done < nlow; i++) {
		for (; done < nlow && (i == s->n || low[done].last < s->v[i]->f->first); done++) {
			uint32_t to = company_of(s, low[done].item);
			s->parent[low[done].item] = to == UINT32_MAX ? to : s->parent[to];
		}
		for (uint32_t k = 0; i < s->n && incident_joins(s->v[i]->f) && k < s->v[i]->nactors; k++)
			pass(s, i, s->v[i]->key[k]);
	}
	free(low);
}

static void unite_ties(struct sweep *s)
{
	uint32_t most = 0, *first;
	for (uint32_t i = 0; i < s->n; i++)
		most = MAX(most, s->v[i]->tie);
	first = xcalloc((size_t)most + 1, sizeof *first);
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t tie = s->v[i]->tie;
		if (!tie || !incident_joins(s->v[i]->f))
			continue;
		if (first[tie])
			unite(s->parent, first[tie] - 1, i);
		else
			first[tie] = i + 1;
	}
	free(first);
}

uint32_t *incident_clusters(const struct joinable *const *v, uint32_t n)
{
	struct sweep s = {.v = v, .n = n, .parent = xcalloc((size_t)n + 1, sizeof *s.parent)};
	size_t keys = 0, slots = 64;
	for (uint32_t i = 0; i < n; i++) {
		s.parent[i] = i;
		keys += (size_t)v[i]->nactors + v[i]->nhosts;
	}
	while (slots < 2 * keys)
		slots *= 2;
	s.mask = slots - 1;
	s.slots = xcalloc(slots, sizeof *s.slots);
	s.passed = xcalloc(keys + 1, sizeof *s.passed);
	unite_ties(&s);
	for (uint32_t i = 0; i < n; i++) {
		const struct joinable *j = v[i];
		for (uint32_t k = 0; incident_joins(j->f) && k < j->nactors + j->nhosts; k++)
			if (k < j->nactors || j->f->stage)
				meet(&s, i, j->key[k], k < j->nactors ? STRONG_WINDOW : HOST_WINDOW);
	}
	for (uint32_t i = 0; i < n; i++)
		s.parent[i] = root_of(s.parent, i);
	attach_low(&s);
	free(s.slots);
	free(s.passed);
	return s.parent;
}
