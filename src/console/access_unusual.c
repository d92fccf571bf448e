/* access_unusual.c - what of a request was not so in this provider's earlier grants, and what is never usual. */
#include "console/access.h"

#include <stdio.h>

enum { OF_A_KIND = 4 };

struct odd {
	const struct request *q;
	const struct access_gate *g;
	const struct gate_grant *x;
	struct slice provider;
	struct access_odd *out;
	size_t n;
};

static void say(struct odd *o, enum text text, struct slice value, bool loud)
{
	if (o->n < ACCESS_ODD)
		o->out[o->n++] = (struct access_odd){text, slice_dup(o->q->mem, value), loud};
}

static bool earlier(const struct odd *o, const struct gate_grant *y)
{
	return y != o->x && y->created <= o->x->created && y->approver.n && !y->emergency && slice_eq(access_grant_provider(o->g, y), o->provider);
}

/* ---- a feature of x that an earlier grant has, too ------------------------------------------------------------------------------------------------- */

typedef bool feature(const struct gate_grant *y, const void *what);

static bool had(const struct odd *o, feature *fn, const void *what)
{
	for (size_t i = 0; i < o->g->policy.ngrants; i++)
		if (earlier(o, &o->g->policy.grants[i]) && fn(&o->g->policy.grants[i], what))
			return true;
	return false;
}

static bool any(const struct gate_grant *y, const void *what)
{
	(void)y;
	(void)what;
	return true;
}

static bool is_person(const struct gate_grant *y, const void *what)
{
	return slice_eq(y->person, *(const struct slice *)what);
}

static bool is_account(const struct gate_grant *y, const void *what)
{
	return slice_eq(y->account, *(const struct slice *)what);
}

static bool is_requester(const struct gate_grant *y, const void *what)
{
	return slice_eq(y->requester, *(const struct slice *)what);
}

static bool has_host(const struct gate_grant *y, const void *what)
{
	for (size_t i = 0; i < y->nhosts; i++)
		if (slice_eq(y->hosts[i], *(const struct slice *)what))
			return true;
	return false;
}

static bool has_source(const struct gate_grant *y, const void *what)
{
	const struct cidr *c = what;
	for (size_t i = 0; i < y->nsources; i++)
		if (y->sources[i].bits <= c->bits && cidr_has(&y->sources[i], &c->net))
			return true;
	return !y->nsources;
}

static bool anywhere(const struct gate_grant *y, const void *what)
{
	(void)what;
	return access_anywhere(y);
}

static bool at_all_hours(const struct gate_grant *y, const void *what)
{
	(void)what;
	return !y->nwindows;
}

static bool may(const struct gate_grant *y, const void *what)
{
	return (y->may & *(const unsigned *)what) != 0;
}

static bool as_long(const struct gate_grant *y, const void *what)
{
	return y->until - y->from >= *(const nstime *)what;
}

/* ---- what there is to say -------------------------------------------------------------------------------------------------------------------------------- */

static void never_usual(struct odd *o)
{
	const struct gate_grant *x = o->x;
	const struct gate_provider *p = access_provider(o->g, o->provider);
	const struct gate_person *who = x->person.n ? access_person(o->g, x->person) : NULL;
	if (x->changed)
		say(o, TX_ACCESS_ODD_CHANGED, SLICE_NONE, true);
	if (p && p->state == GATE_SUSPENDED)
		say(o, TX_ACCESS_ODD_SUSPENDED, p->name, true);
	if (who && who->state == GATE_SUSPENDED)
		say(o, TX_ACCESS_ODD_SUSPENDED, who->name, true);
	if (!x->record)
		say(o, TX_ACCESS_ODD_QUIET, SLICE_NONE, true);
	if (!x->factor)
		say(o, TX_ACCESS_ODD_FACTOR, SLICE_NONE, true);
	if (access_anywhere(x))
		say(o, TX_ACCESS_ODD_ANYWHERE, SLICE_NONE, true);
	if (!x->person.n)
		say(o, TX_ACCESS_ODD_EVERYBODY, SLICE_NONE, true);
}

/* What org.yaml says of the provider. */
static void beside_org(struct odd *o)
{
	const struct org *org = o->q->desk->o->org;
	const struct org_provider *p = org ? org_provider(org, o->provider) : NULL;
	char text[64];
	if (!p)
		return;
	for (size_t i = 0, n = 0; i < o->x->nhosts && n < OF_A_KIND; i++)
		if (!org_provider_may_host(p, org, o->x->hosts[i])) {
			say(o, TX_ACCESS_ODD_ORG_HOST, o->x->hosts[i], true);
			n++;
		}
	for (size_t i = 0, n = 0; i < o->x->nsources && n < OF_A_KIND; i++)
		if (!org_provider_network(p, &o->x->sources[i].net)) {
			access_source_text(&o->x->sources[i], text, sizeof text);
			say(o, TX_ACCESS_ODD_ORG_NETWORK, slice_of(text), true);
			n++;
		}
}

static void compare_where(struct odd *o)
{
	const struct gate_grant *x = o->x;
	char text[64];
	for (size_t i = 0, n = 0; i < x->nhosts && n < OF_A_KIND; i++)
		if (!had(o, has_host, &x->hosts[i])) {
			say(o, TX_ACCESS_ODD_HOST, x->hosts[i], false);
			n++;
		}
	if (!had(o, is_account, &x->account))
		say(o, TX_ACCESS_ODD_ACCOUNT, x->account, false);
	if (access_anywhere(x) && !had(o, anywhere, NULL))
		say(o, TX_ACCESS_ODD_NETWORKS_BEFORE, SLICE_NONE, false);
	for (size_t i = 0, n = 0; i < x->nsources && n < OF_A_KIND; i++)
		if (!had(o, has_source, &x->sources[i])) {
			access_source_text(&x->sources[i], text, sizeof text);
			say(o, TX_ACCESS_ODD_NETWORK, slice_of(text), false);
			n++;
		}
}

static void compare_what(struct odd *o)
{
	static const struct { unsigned bit; enum text text; } kinds[] = {{MAY_SHELL, TX_ACCESS_ODD_SHELL}, {MAY_COMMANDS, TX_ACCESS_ODD_COMMANDS}, {MAY_SFTP, TX_ACCESS_ODD_SFTP},
		{MAY_FORWARD, TX_ACCESS_ODD_FORWARD}};
	const struct gate_grant *x = o->x;
	nstime lasts = x->until - x->from;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		unsigned also = kinds[i].bit == MAY_COMMANDS ? MAY_COMMANDS | MAY_SHELL : kinds[i].bit;
		if ((x->may & kinds[i].bit) && !had(o, may, &also))
			say(o, kinds[i].text, SLICE_NONE, false);
	}
	if (!had(o, as_long, &lasts))
		say(o, TX_ACCESS_ODD_LONGER, SLICE_NONE, false);
	if (!x->nwindows && !had(o, at_all_hours, NULL))
		say(o, TX_ACCESS_ODD_HOURS_BEFORE, SLICE_NONE, false);
	if (!had(o, is_requester, &x->requester))
		say(o, TX_ACCESS_ODD_REQUESTER, x->requester, false);
}

size_t access_unusual(const struct request *q, const struct access_gate *g, const struct gate_grant *x, struct access_odd out[static ACCESS_ODD])
{
	struct odd o = {q, g, x, access_grant_provider(g, x), out, 0};
	never_usual(&o);
	beside_org(&o);
	if (!had(&o, any, NULL)) {
		say(&o, TX_ACCESS_ODD_FIRST, SLICE_NONE, false);
		return o.n;
	}
	if (x->person.n && !had(&o, is_person, &x->person))
		say(&o, TX_ACCESS_ODD_PERSON, x->person, false);
	compare_where(&o);
	compare_what(&o);
	return o.n;
}
