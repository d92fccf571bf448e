/* plan.c - what an incident calls for. */
#include "respond/respond_private.h"

#include <stdio.h>

enum { TARGETS_MOST = 64, SAME_NAME_TRIES = 4 }; /* of one incident and kind: hostile logs make many addresses */

struct plan {
	struct store *s;
	const struct respond_config *c;
	const struct org *org;
	const struct incident *in;
	struct respond_rule want; /* all rules that hold, together */
	nstime now;
	unsigned planned, targets[RESPONSE_COUNT];
	struct arena mem;
	struct err *e;
};

static uint64_t add_text(uint64_t h, struct slice s)
{
	uint64_t n = s.n;
	return hash_stable(hash_stable(h, &n, sizeof n), s.n ? s.p : "", s.n);
}

/* The hash is not one that cannot be aimed at: who chose names so that two meet would keep the second from being planned. So
 * a row of another target moves on to the next id. */
static int add_row(struct plan *p, enum response kind, struct slice target)
{
	struct store_action a = {.kind = slice_of(response_name(kind)), .target = target, .state = ACTION_PLANNED, .dry_run = p->c->dry_run, .created = p->now,
		.until = kind == RESPOND_BLOCK_ADDRESS ? p->now + p->want.lasting : NSTIME_NONE, .done = NSTIME_NONE};
	snprintf(a.incident, sizeof a.incident, "%s", p->in->id);
	uint64_t h = add_text(add_text(add_text(HASH_STABLE_INIT, slice_of(a.incident)), a.kind), target);
	for (uint64_t i = 0; i < SAME_NAME_TRIES; i++) {
		bool fresh;
		struct store_action old;
		snprintf(a.id, sizeof a.id, "%016llx", (unsigned long long)h);
		int rc = store_action_add(p->s, &a, &fresh, p->e);
		p->planned += !rc && fresh;
		if (rc || fresh)
			return rc;
		arena_reset(&p->mem);
		rc = store_action_get(p->s, a.id, &p->mem, &old, p->e);
		if (rc || (slice_eq(old.kind, a.kind) && slice_eq(old.target, target) && strcmp(old.incident, a.incident) == 0))
			return rc;
		h = hash_stable(h, &i, sizeof i);
	}
	return 0;
}

static int want(struct plan *p, enum response kind, struct slice target)
{
	if (!p->want.response[kind] || p->targets[kind] >= TARGETS_MOST)
		return 0;
	p->targets[kind]++;
	return add_row(p, kind, target);
}

/* Accounts of a provider's people, and those somebody added in the course of it. Not those of staff, which may well be victims, and not those
 * that services run as: a person has to decide about them. */
static bool may_plan(const struct plan *p, const struct finding *f, struct slice account)
{
	const struct org_person *who = org_person_by_account(p->org, account);
	if (!name_plain(account, ACCOUNT_NAME - 1) || account_never(p->c, p->org, account))
		return false;
	if (who)
		return who->provider != NULL;
	return slice_eq(f->rule_id, SL("postern.account-added")) && !org_service_account(p->org, account);
}

static int plan_entity(struct plan *p, const struct finding *f, const struct entity *x)
{
	struct ip ip;
	char text[48];
	if (x->type == ENT_PROVIDER && name_plain(x->value, 128) && !provider_never(p->c, x->value))
		return want(p, RESPOND_SUSPEND_PROVIDER, x->value);
	if (x->type == ENT_USER && may_plan(p, f, x->value)) {
		int rc = want(p, RESPOND_END_SESSIONS, x->value);
		return rc ? rc : want(p, RESPOND_DISABLE_KEYS, x->value);
	}
	if (x->type == ENT_SOURCE && ip_parse(x->value, &ip) && !address_never(p->c, p->org, &ip))
		return want(p, RESPOND_BLOCK_ADDRESS, slice_of(ip_text(&ip, text)));
	return 0;
}

/* What all rules that hold for the incident say together. False: none holds. */
static bool rules_of(struct plan *p)
{
	bool any = false;
	for (size_t i = 0; i < p->c->nrules; i++) {
		const struct respond_rule *r = &p->c->rules[i];
		if (p->in->level < r->level)
			continue;
		any = true;
		p->want.lasting = MAX(p->want.lasting, r->lasting);
		for (size_t k = 0; k < RESPONSE_COUNT; k++)
			p->want.response[k] |= r->response[k];
	}
	return any;
}

int respond_plan(struct store *s, const struct respond_config *c, const struct org *org, const struct incident *in, nstime now, unsigned *planned, struct err *e)
{
	struct plan p = {.s = s, .c = c, .org = org, .in = in, .now = now, .e = e};
	int rc = 0;
	*planned = 0;
	if (!rules_of(&p))
		return 0;
	arena_init(&p.mem);
	for (size_t i = 0; i < in->nfindings && !rc; i++) {
		const struct finding *f = in->findings[i];
		if (f->level < LEVEL_MEDIUM || f->stage == STAGE_NONE)
			continue;
		for (size_t k = 0; k < f->nentities && !rc; k++)
			rc = plan_entity(&p, f, &f->entities[k]);
	}
	arena_free(&p.mem);
	*planned = p.planned;
	return rc;
}
