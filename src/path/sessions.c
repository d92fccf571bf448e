/* sessions.c - who is on a host now, who was within a day, who became whom, whose machine it is. */
#include "path/path_private.h"

#include <math.h>
#include <stdlib.h>

struct path_host *host_find(const struct path *p, uint32_t name)
{
	uint32_t at = name < p->host_of.n ? p->host_of.v[name] : 0;
	return at ? &p->hosts.v[at - 1] : NULL;
}

struct path_host *host_get(struct path *p, uint32_t name)
{
	struct path_host *h = host_find(p, name);
	if (h)
		return h;
	while (p->host_of.n <= name)
		*vec_push(&p->host_of) = 0;
	h = vec_push(&p->hosts);
	*h = (struct path_host){.name = name};
	p->host_of.v[name] = (uint32_t)p->hosts.n;
	return h;
}

static bool is_over(const struct session *s, nstime t)
{
	return s->ended != NSTIME_NONE ? s->ended <= t : t - s->opened >= SESSION_OPEN_MAX;
}

/* Of no use any more: ended a day ago, or opened so long ago that its end must have been lost. */
static bool is_stale(const struct session *s, nstime t)
{
	if (s->ended != NSTIME_NONE && t - s->ended >= NS_DAY)
		return true;
	return t - s->opened >= SESSION_OPEN_MAX;
}

static void drop_stale(struct path_host *h, nstime t)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < h->n; i++)
		if (!is_stale(&h->v[i], t)) {
			if (n != i)
				h->v[n] = h->v[i];
			n++;
		} else {
			h->open -= h->v[i].ended == NSTIME_NONE;
		}
	h->n = n;
}

void host_causes(struct path_host *h, uint32_t person, nstime t, struct causes *c)
{
	c->own = c->left = NULL;
	c->nothers = c->ngone = 0; /* and nothing behind what is counted is looked at */
	if (!h)
		return;
	drop_stale(h, t);
	for (uint32_t i = 0; i < h->n; i++) {
		const struct session *s = &h->v[i];
		bool over = is_over(s, t);
		if (s->person == person) {
			if (over)
				c->left = s;
			else
				c->own = s;
		} else if (!over) {
			c->others[c->nothers++ % OTHERS_MAX] = s;
		} else {
			c->gone[c->ngone++ % OTHERS_MAX] = s;
		}
	}
}

static void make_room(struct path_host *h)
{
	enum { SLIDE = 2 * SESSIONS_MAX }; /* so that a full host is not moved down for each login */
	size_t before = h->n ? (size_t)(h->v - h->mem) : 0;
	if (before + h->n < h->cap) {
		if (!h->n)
			h->v = h->mem;
		return;
	}
	if (before)
		memmove(h->mem, h->v, h->n * sizeof *h->v);
	if (h->n == h->cap || h->cap < SLIDE) {
		h->cap = h->cap ? MIN(h->cap * 2, (uint32_t)SLIDE) : 4;
		h->mem = xreallocarray(h->mem, h->cap, sizeof *h->mem);
	}
	h->v = h->mem;
}

/* Room for one more, at the end. Beyond SESSIONS_MAX the oldest that is over goes, else the oldest. */
struct session *host_open(struct path_host *h, uint64_t *forgotten)
{
	if (h->n == SESSIONS_MAX) {
		uint32_t out = 0;
		for (uint32_t i = 0; i < h->n; i++)
			if (h->v[i].ended != NSTIME_NONE) {
				out = i;
				break;
			}
		*forgotten += h->v[out].ended == NSTIME_NONE;
		h->open -= h->v[out].ended == NSTIME_NONE;
		if (out)
			memmove(&h->v[out], &h->v[out + 1], (h->n - out - 1) * sizeof *h->v);
		else
			h->v++;
		h->n--;
	}
	make_room(h);
	h->open++;
	return &h->v[h->n++];
}

const struct session *host_session(const struct path_host *h, uint32_t id)
{
	for (uint32_t i = h ? h->n : 0; i-- > 0;)
		if (h->v[i].id == id)
			return &h->v[i];
	return NULL;
}

/* The lines of one host come in a row: its number is tried first. */
static struct path_host *host_named(struct path *p, struct slice host)
{
	struct slice last = strtab_get(p->names, p->last_host);
	if (last.n != host.n || !bytes_eq(last.p, host.p, host.n)) {
		uint32_t name = strtab_find(p->names, host);
		if (name == UINT32_MAX)
			return NULL;
		p->last_host = name;
	}
	return host_find(p, p->last_host);
}

bool path_anybody_on(struct path *p, struct slice host)
{
	const struct path_host *h = host_named(p, host);
	return h && h->open;
}

void path_ended(struct path *p, nstime t, struct slice host, uint32_t pid, struct slice source, uint32_t port)
{
	struct path_host *h = host_named(p, host);
	uint32_t from = source.n && h && h->open ? strtab_find(p->names, source) : UINT32_MAX;
	for (uint32_t i = h && h->open ? h->n : 0; i-- > 0;) {
		struct session *s = &h->v[i];
		if (s->ended != NSTIME_NONE)
			continue;
		if (port ? s->port == port && s->source == from : pid && s->pid == pid) {
			s->ended = t;
			h->open--;
			return;
		}
	}
}

void path_booted(struct path *p, nstime t, struct slice host)
{
	struct path_host *h = host_named(p, host);
	for (uint32_t i = 0; h && i < h->n; i++)
		if (h->v[i].ended == NSTIME_NONE)
			h->v[i].ended = t;
	if (h)
		h->open = 0;
}

void path_became(struct path *p, nstime t, struct slice host, struct slice person, struct slice target)
{
	struct path_host *h = host_named(p, host);
	uint32_t who = h ? strtab_find(p->names, person) : UINT32_MAX;
	if (!h || who == UINT32_MAX || !who)
		return; /* nobody that ever logged in */
	uint32_t whom = strtab_find(p->names, target);
	unsigned at = h->next_became;
	for (unsigned i = 0; i < BECAME_MAX; i++)
		if (h->became[i].person == who)
			at = i;
	if (at == h->next_became)
		h->next_became = (at + 1) % BECAME_MAX;
	h->became[at] = (typeof(h->became[0])){who, whom == UINT32_MAX ? 0 : whom, t};
}

/* ---- whose machine -------------------------------------------------------------------------------------------- */

#define OWNER_FADES 0.8f      /* a day: a machine that changes hands is the new owner's after three days */
#define OWNER_LEAST 1.5f      /* two days of use */

static float weight_on(const struct path_host *h, int i, unsigned day)
{
	unsigned passed = day > h->owner[i].day ? day - h->owner[i].day : 0;
	if (!passed || h->owner[i].weight == 0)
		return h->owner[i].weight;
	return h->owner[i].weight * powf(OWNER_FADES, (float)MIN(passed, 60u));
}

uint32_t host_owner(const struct path_host *h, unsigned day)
{
	float best = 0, all = 0;
	uint32_t who = 0;
	for (int i = 0; h && i < OWNERS_MAX; i++) {
		if (!h->owner[i].person)
			continue;
		float w = weight_on(h, i, day);
		all += w;
		if (w > best) {
			best = w;
			who = h->owner[i].person;
		}
	}
	/* on a Monday the weekend has faded: compare with what is there, not with a fixed weight */
	return best >= 0.6f * all && best > 0.2f ? who : 0;
}

void host_used_by(struct path_host *h, uint32_t person, unsigned day)
{
	int at = -1, least = 0;
	for (int i = 0; i < OWNERS_MAX; i++)
		if (h->owner[i].person == person)
			at = i;
	if (at >= 0 && h->owner[at].day == day && h->owner[at].weight > 0)
		return; /* once a day */
	for (int i = 1; i < OWNERS_MAX && at < 0; i++)
		if (weight_on(h, i, day) < weight_on(h, least, day))
			least = i;
	if (at < 0) {
		at = least;
		h->owner[at] = (typeof(h->owner[0])){person, 0, (uint16_t)day};
	}
	h->owner[at].weight = weight_on(h, at, day) + 1;
	h->owner[at].day = (uint16_t)day;
}
