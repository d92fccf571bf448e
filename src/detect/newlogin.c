/* newlogin.c - an account from a network, with a key, or at an hour it never used; and from two places at once. */
#include "detect/profile.h"
#include "path/path.h"

#include <stdlib.h>

enum { LOGINS_FIRST = 3, HOURS_FIRST = 20 };

static const enum action wants[] = {ACT_LOGIN, ACT_NONE};
static const char *const techniques[] = {"T1078", NULL};
static const char *const techniques_distant[] = {"T1078", "T1021.004", NULL};

struct profile {
	nstime first;
	uint32_t logins;
	struct small_set networks, keys, hosts;
	uint32_t hour[24];
	/* for "two places at once" */
	struct {
		nstime time;
		struct ip ip;
	} outside[2]; /* v4, v6: the two say nothing about each other */
};

static void *profiles_new(struct detect *d)
{
	(void)d;
	return lru_new(sizeof(struct profile), MEM_ACCOUNTS, NULL, NULL);
}

static void profiles_free(void *state)
{
	lru_free(state);
}

/* What an address counts as: a known host is itself, anything else its network. */
static uint64_t place_of(struct detect *d, const struct login_at_hand *at, const struct actor *a)
{
	if (at->source.n)
		return at->known->place;
	if (!a->has_ip)
		return hash_slice(a->source);
	if (org_host_by_ip(detect_org(d), &a->ip))
		return hash_bytes(a->ip.b, sizeof a->ip.b);
	struct cidr c = ip_network(&a->ip);
	return hash_bytes(c.net.b, sizeof c.net.b);
}

static bool odd_hour(const struct profile *p, unsigned hour)
{
	if (p->logins < HOURS_FIRST)
		return false;
	return !p->hour[hour] && !p->hour[(hour + 23) % 24] && !p->hour[(hour + 1) % 24];
}

static unsigned local_hour(struct detect *d, nstime t)
{
	nstime local = t + org_utc_offset(detect_org(d), t) * NS_SEC, of_day = local % NS_DAY;
	return (unsigned)((of_day < 0 ? of_day + NS_DAY : of_day) / NS_HOUR);
}

struct novelty {
	bool network, key, hour, host;
};

static void tell(struct detect *d, const struct event *e, const struct actor *a, struct novelty n)
{
	int weight = (n.network ? (a->outside ? 2 : 1) : 0) + (n.key ? 2 : 0) + n.hour + n.host;
	if (weight < 2)
		return;
	bool fresh;
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, a->account);
	key_add(&k, a->source);
	struct finding *f = detect_open(d, &detector_new_login, key_slice(&k), 12 * NS_HOUR, e->time, &fresh);
	if (fresh) {
		finding_printf(f, &f->title, "Unusual login of %s on %.*s from %.*s", actor_text(d, a), SLFMT(a->host), SLFMT(a->source));
		finding_printf(f, &f->text, "Never seen for this account before:%s%s%s%s.", n.network ? " this network;" : "", n.key ? " this key;" : "",
			n.hour ? " this hour of the day;" : "", n.host ? " this host;" : "");
		f->text.n -= 2; /* the last "; ." */
		finding_actor(f, a);
		f->level = LEVEL_LOW;
		if (login_from(d, a))
			f->stage = STAGE_MOVED; /* from one of our own hosts */
	}
	finding_raise(f, weight >= 4 || (weight >= 3 && a->provider) ? LEVEL_MEDIUM : LEVEL_LOW);
	finding_evidence(f, e);
}

static void event(struct detect *d, void *state, const struct event *e)
{
	struct actor a UNINIT;
	if (!login_to_host(d, e, true))
		return;
	detect_actor(d, e, &a);
	if (!a.account.n || !a.source.n)
		return;
	bool fresh;
	const struct login_at_hand *at = detect_login(d);
	struct profile *p = lru_put_hashed(state, a.account, at->known->account, &fresh);
	if (fresh)
		p->first = e->time;
	unsigned hour = local_hour(d, e->time);
	struct novelty n = {.hour = odd_hour(p, hour)};
	n.network = set_add(&p->networks, place_of(d, at, &a));
	/* the key of this login, not a remembered one */
	n.key = at->key.n && set_add(&p->keys, at->known->key) && p->keys.n > 1;
	n.host = set_add(&p->hosts, at->known->host);
	bool learnt = e->time - p->first > detect_learning(d) && p->logins >= LOGINS_FIRST;
	p->hour[hour]++;
	p->logins++;
	/* hops between our own hosts are judged by login paths, once those are learnt */
	const struct path *paths = detect_path(d);
	bool own = login_from(d, &a) != NULL;
	if (learnt && !(own && paths && path_learnt(paths)))
		tell(d, e, &a, n);
}

const struct detector detector_new_login = {
	.info = {"postern.new-login", "Login that is new for the account", LEVEL_LOW, STAGE_ENTRY, techniques,
		"After a learning period: an account from a network, with a key, on a host or at an hour it never used; several at once weigh more.",
		"Travel, a new laptop or key, an emergency at night."},
	.wants = wants, .create = profiles_new, .tables = tables_one, .event = event, .destroy = profiles_free,
};

/* ---- two places at once -------------------------------------------------------------------------------------- */

/* Without a map, "distant" is another /16 (v6: /32): different providers or cities, not two lines of one building. */
static bool far_apart(const struct ip *a, const struct ip *b)
{
	if (ip_is_v4(a) != ip_is_v4(b))
		return false;
	return ip_is_v4(a) ? memcmp(a->b + 12, b->b + 12, 2) != 0 : memcmp(a->b, b->b, 4) != 0;
}

static void distant_event(struct detect *d, void *state, const struct event *e)
{
	struct actor a UNINIT;
	if (!login_to_host(d, e, true))
		return;
	detect_actor(d, e, &a);
	if (!a.account.n || !a.outside || a.service)
		return;
	bool fresh;
	struct profile *p = lru_put_hashed(state, a.account, detect_login(d)->known->account, &fresh);
	typeof(p->outside[0]) *last = &p->outside[!ip_is_v4(&a.ip)];
	nstime apart = e->time > last->time ? e->time - last->time : last->time - e->time;
	if (last->time && apart < NS_HOUR && far_apart(&last->ip, &a.ip)) {
		char other[48];
		struct finding *f = detect_open(d, &detector_distant, a.account, NS_DAY, e->time, &fresh);
		if (fresh) {
			finding_printf(f, &f->title, "%s logged in from two distant networks within an hour", actor_text(d, &a));
			finding_printf(f, &f->text, "%.*s came from %.*s, less than an hour after %s.", SLFMT(a.account), SLFMT(a.source), ip_text(&last->ip, other));
			finding_actor(f, &a);
			finding_entity(f, ENT_SOURCE, slice_of(other));
		}
		finding_evidence(f, e);
	}
	last->ip = a.ip;
	last->time = e->time;
}

const struct detector detector_distant = {
	.info = {"postern.two-places", "One account from two distant networks at once", LEVEL_MEDIUM, STAGE_ENTRY, techniques_distant,
		"Two logins of one account within an hour from outside networks that have nothing in common.",
		"A phone beside a laptop, a VPN switched on; shared accounts."},
	.wants = wants, .create = profiles_new, .tables = tables_one, .event = distant_event, .destroy = profiles_free,
};
