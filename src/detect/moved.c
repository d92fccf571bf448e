/* moved.c - from server to server: a login from a host where its owner was not, and one account on many hosts. */
#include "detect/profile.h"
#include "path/path.h"

#include <stdlib.h>

static const enum action wants[] = {ACT_LOGIN, ACT_NONE};
static const char *const techniques[] = {"T1021.004", "T1078", NULL};

/* ---- credential switch --------------------------------------------------------------------------------------- */

enum { RECENT = 8, HABIT = 2 };
#define SESSION_LASTS NS_DAY

/* Who logged in to a host lately. */
struct host_logins {
	struct {
		nstime time;
		uint64_t account;
		uint8_t n;
		char name[31];
		bool provider, outside;
	} recent[RECENT];
	unsigned next;
};
/* How often a hop was seen. */
struct hop {
	uint32_t days;
	int64_t day;
};
struct switches {
	struct lru *hosts, *hops;
};

static void *switches_new(struct detect *d)
{
	(void)d;
	struct switches *s = xcalloc(1, sizeof *s);
	s->hosts = lru_new(sizeof(struct host_logins), 10000, NULL, NULL);
	s->hops = lru_new(sizeof(struct hop), MEM_SESSIONS, NULL, NULL);
	return s;
}

static void switches_free(void *state)
{
	struct switches *s = state;
	lru_free(s->hosts);
	lru_free(s->hops);
	free(s);
}

static size_t switches_tables(void *state, struct lru **out)
{
	struct switches *s = state;
	out[0] = s->hosts;
	out[1] = s->hops;
	return 2;
}

static void remember(struct switches *s, const struct login_known *k, const struct actor *a, nstime t)
{
	struct host_logins *h = lru_put_hashed(s->hosts, a->host, k->host, NULL);
	uint64_t account = k->account;
	unsigned at = h->next;
	for (unsigned i = 0; i < RECENT; i++)
		if (h->recent[i].account == account)
			at = i;
	if (at == h->next)
		h->next = (h->next + 1) % RECENT;
	h->recent[at].time = t;
	h->recent[at].account = account;
	h->recent[at].provider = a->provider != NULL;
	h->recent[at].outside = a->outside;
	h->recent[at].n = (uint8_t)MIN(a->account.n, sizeof h->recent[at].name);
	memcpy(h->recent[at].name, a->account.p, h->recent[at].n);
}

/* Days on which this very hop was seen before. */
static uint32_t hop_habit(struct switches *s, const struct actor *a, struct slice from, nstime t)
{
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, from);
	key_add(&k, a->account);
	key_add(&k, a->host);
	bool fresh;
	struct hop *h = lru_put(s->hops, key_slice(&k), &fresh);
	uint32_t days = h->days;
	if (fresh || t / NS_DAY != h->day) {
		h->day = t / NS_DAY;
		h->days++;
	} else {
		days--; /* today does not count yet */
	}
	return days;
}

/* Once login paths know what is usual, they judge; before, they know at least whose session is still open. */
static bool judged_by_paths(const struct detect *d)
{
	const struct path *paths = detect_path(d);
	const struct path_verdict *v = detect_path_verdict(d);
	return paths && (path_learnt(paths) || (v && v->level < PATH_LEFT_OTHERS));
}

static void switch_event(struct detect *d, void *state, const struct event *e)
{
	struct switches *s = state;
	struct actor a UNINIT;
	if (!login_to_host(d, e, false))
		return;
	detect_actor(d, e, &a);
	if (!a.account.n || !a.has_ip)
		return;
	const struct org_host *from = login_from(d, &a);
	const struct login_known *known = detect_login(d)->known;
	bool self = from && slice_eq(from->name, a.host);
	if (from && !self) {
		uint32_t habit = hop_habit(s, &a, from->name, e->time);
		const struct host_logins *h = lru_get(s->hosts, from->name);
		uint64_t account = known->account;
		bool own = false;
		int other = -1;
		for (unsigned i = 0; h && i < RECENT; i++) {
			if (!h->recent[i].account || e->time - h->recent[i].time > SESSION_LASTS)
				continue;
			if (h->recent[i].account == account)
				own = true;
			else if (other < 0 || h->recent[i].time > h->recent[other].time)
				other = (int)i;
		}
		/* in the first days nothing is usual yet: a host whose own logins are not in the logs proves nothing */
		nstime began = detect_host_began(d, from->name);
		bool learnt = h && began != NSTIME_NONE && e->time - began > detect_learning(d);
		if (!own && other >= 0 && habit < HABIT && learnt && !judged_by_paths(d)) {
			bool fresh;
			struct key k;
			key_init(&k);
			key_add(&k, from->name);
			key_add(&k, a.account);
			struct finding *f = detect_open(d, &detector_switch, key_slice(&k), NS_DAY, e->time, &fresh);
			if (fresh) {
				struct slice name = slice_make(h->recent[other].name, h->recent[other].n);
				f->level = h->recent[other].provider || h->recent[other].outside ? LEVEL_HIGH : LEVEL_MEDIUM;
				finding_printf(f, &f->title, "%s came to %.*s from %.*s, where only %.*s had logged in", actor_text(d, &a), SLFMT(a.host), SLFMT(from->name), SLFMT(name));
				finding_printf(f, &f->text, "No login of %.*s on %.*s within a day explains this hop; the newest login there was %.*s. "
					"Whoever sat there used another person's credentials.", SLFMT(a.account), SLFMT(from->name), SLFMT(name));
				finding_actor(f, &a);
				finding_entity(f, ENT_USER, name);
				finding_entity(f, ENT_HOST, from->name);
			}
			finding_entity(f, ENT_DEST_HOST, a.host);
			finding_evidence(f, e);
		}
	}
	remember(s, known, &a, e->time);
}

const struct detector detector_switch = {
	.info = {"postern.credential-switch", "Hop with somebody else's credentials", LEVEL_MEDIUM, STAGE_MOVED, techniques,
		"In the first two weeks of logs, until login paths are learnt: a login from one of our hosts by an account that had not logged in there within a day, while somebody else had.",
		"A new scheduled job (its second day makes it usual); a terminal multiplexer left open for days; a host whose own log is missing."},
	.wants = wants, .create = switches_new, .tables = switches_tables, .event = switch_event, .destroy = switches_free,
};

/* ---- fan-out ------------------------------------------------------------------------------------------------- */

enum { RING = 24, FAN_LEAST = 4, FAN_DAY = 6 };

struct fan {
	struct small_set known;      /* hosts ever */
	struct { nstime time; uint64_t host; bool fresh; } ring[RING];
	unsigned next;
	unsigned usual, hour_most;   /* most hosts within an hour: of finished hours, of the running one */
	nstime hour;                 /* when that began */
	unsigned usual_new, day_new; /* most new hosts of a day: of finished days, of the running one */
	int64_t day;
	nstime first;
};

/* What was usual is learnt from time that has passed: the running hour must not explain itself. */
static void fan_clock(struct fan *p, nstime t)
{
	if (t - p->hour > NS_HOUR) {
		p->usual = MAX(p->usual, p->hour_most);
		p->hour_most = 0;
		p->hour = t;
	}
	int64_t day = (t - 12 * NS_HOUR) / NS_DAY; /* from noon to noon: nights are whole */
	if (day != p->day) {
		p->usual_new = MAX(p->usual_new, p->day_new);
		p->day_new = 0;
		p->day = day;
	}
}

static void *fans_new(struct detect *d)
{
	(void)d;
	return lru_new(sizeof(struct fan), MEM_ACCOUNTS, NULL, NULL);
}

static void fans_free(void *state)
{
	lru_free(state);
}

static void fanout_event(struct detect *d, void *state, const struct event *e)
{
	struct actor a UNINIT;
	if (!login_to_host(d, e, false))
		return;
	detect_actor(d, e, &a);
	if (!a.account.n)
		return;
	bool fresh;
	const struct login_known *known = detect_login(d)->known;
	struct fan *p = lru_put_hashed(state, a.account, known->account, &fresh);
	if (fresh) {
		p->first = p->hour = e->time;
		p->day = (e->time - 12 * NS_HOUR) / NS_DAY;
	}
	fan_clock(p, e->time);
	uint64_t host = known->host;
	bool new_host = set_add(&p->known, host);
	p->day_new += new_host;
	p->ring[p->next] = (typeof(p->ring[0])){e->time, host, new_host};
	p->next = (p->next + 1) % RING;
	struct small_set within UNINIT;
	unsigned unknown = 0;
	uint64_t last = 0; /* most often the next is the same */
	within.n = within.next = 0;
	for (unsigned i = 0; i < RING; i++)
		if (p->ring[i].host && p->ring[i].host != last && e->time - p->ring[i].time < NS_HOUR) {
			last = p->ring[i].host;
			unknown += set_add(&within, last) && p->ring[i].fresh;
		}
	unsigned hosts = within.n;
	p->hour_most = MAX(p->hour_most, hosts);
	bool learnt = e->time - p->first > detect_learning(d);
	bool quick = hosts >= FAN_LEAST && hosts >= 2 * p->usual && unknown >= 2;
	bool slow = p->day_new >= FAN_DAY && p->day_new >= 2 * p->usual_new;
	if (!learnt || (!quick && !slow))
		return;
	struct finding *f = detect_open(d, &detector_fanout, a.account, NS_DAY, e->time, &fresh);
	if (fresh && quick) {
		finding_printf(f, &f->title, "%s went to %u hosts within an hour, %u of them new", actor_text(d, &a), hosts, unknown);
		finding_printf(f, &f->text, "At most %u in an hour was usual for this account.", p->usual);
	} else if (fresh) {
		finding_printf(f, &f->title, "%s went to %u new hosts within a day", actor_text(d, &a), p->day_new);
		finding_printf(f, &f->text, "At most %u new ones in a day was usual for this account.", p->usual_new);
	}
	finding_actor(f, &a);
	finding_entity(f, ENT_DEST_HOST, a.host);
	finding_evidence(f, e);
}

const struct detector detector_fanout = {
	.info = {"postern.fan-out", "One account on many hosts", LEVEL_MEDIUM, STAGE_MOVED, techniques,
		"After a learning period: an account that logs in to four hosts or more within an hour, twice its usual number, two or more of them new; or to six new ones within a day.",
		"A roll-out or an inventory job of a new administrator."},
	.wants = wants, .create = fans_new, .tables = tables_one, .event = fanout_event, .destroy = fans_free,
};
