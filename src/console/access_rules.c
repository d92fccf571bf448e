/* access_rules.c - what a grant is now, who may say yes to it, and what waits: the rules of the gate as far as pages tell them before somebody tries. */
#include "console/access.h"

const enum text access_standing_texts[STANDING_COUNT] = {
	[STANDING_REQUESTED] = TX_ACCESS_REQUESTED, [STANDING_CHANGED] = TX_ACCESS_CHANGED_ROW, [STANDING_COMING] = TX_ACCESS_COMING, [STANDING_OPEN] = TX_ACCESS_OPEN,
	[STANDING_ENDED] = TX_ACCESS_ENDED, [STANDING_LAPSED] = TX_ACCESS_LAPSED, [STANDING_REFUSED] = TX_ACCESS_REFUSED, [STANDING_REVOKED] = TX_ACCESS_REVOKED,
};

enum access_standing access_standing(const struct gate_grant *x, nstime now)
{
	if (x->state == GRANT_REVOKED)
		return STANDING_REVOKED;
	if (x->state == GRANT_REFUSED)
		return STANDING_REFUSED;
	if (now >= x->until)
		return x->state == GRANT_APPROVED ? STANDING_ENDED : STANDING_LAPSED;
	if (x->state == GRANT_REQUESTED)
		return x->changed ? STANDING_CHANGED : STANDING_REQUESTED;
	return now < x->from ? STANDING_COMING : STANDING_OPEN;
}

bool access_waits(const struct gate_grant *x, nstime now)
{
	enum access_standing s = access_standing(x, now);
	return s == STANDING_REQUESTED || s == STANDING_CHANGED || ((s == STANDING_OPEN || s == STANDING_COMING) && x->wanted != NSTIME_NONE);
}

bool access_anywhere(const struct gate_grant *x)
{
	bool all = !x->nsources;
	for (size_t i = 0; i < x->nsources; i++)
		all = all || x->sources[i].bits == 0 || (ip_is_v4(&x->sources[i].net) && x->sources[i].bits <= 96);
	return all;
}

/* ---- who ---------------------------------------------------------------------------------------------------------------------------------------------- */

/* Whom org.yaml knows by the console's name, as an account, and whom by the user's mail address: perhaps two, and the rules hold for both. */
struct known {
	const struct org_person *v[2];
};

static struct known known(const struct access_actor *who)
{
	struct known k = {{NULL, NULL}};
	if (who->org)
		k.v[0] = org_person_by_account(who->org, who->name);
	if (who->org && who->mail.n)
		k.v[1] = org_person_by_mail(who->org, who->mail);
	return k;
}

static bool has(const struct slice *v, size_t n, struct slice s)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(v[i], s))
			return true;
	return false;
}

/* Is `name`, of an account or of a console user, the one who looks at it? */
static bool same(const struct access_actor *who, struct slice name)
{
	struct known k = known(who);
	bool is = slice_eq(who->name, name);
	for (size_t i = 0; i < ARRAY_LEN(k.v); i++)
		is = is || (k.v[i] && name.n && (has(k.v[i]->accounts, k.v[i]->naccounts, name) || org_person_by_account(who->org, name) == k.v[i]));
	return is;
}

static bool of_provider(const struct gate_policy *p, const struct access_actor *who, nstime now)
{
	const struct known o = known(who);
	for (size_t i = 0; i < ARRAY_LEN(o.v); i++)
		if (o.v[i] && o.v[i]->provider)
			return true;
	for (size_t i = 0; i < p->npersons; i++) {
		const struct gate_person *x = &p->persons[i];
		if (same(who, x->id))
			return true;
		for (size_t k = 0; k < x->naccounts; k++)
			if (same(who, x->accounts[k]))
				return true;
	}
	for (size_t i = 0; i < p->ngrants; i++)
		if (p->grants[i].state == GRANT_APPROVED && p->grants[i].until > now && same(who, p->grants[i].account))
			return true;
	return false;
}

enum text access_outsider(const struct gate_policy *p, const struct access_actor *who, nstime now)
{
	if (!who->name.n || slice_eq(who->name, SL("root")))
		return TX_ACCESS_NO_ROOT;
	return of_provider(p, who, now) ? TX_ACCESS_NO_PROVIDER : TX_NONE;
}

enum text access_objection(const struct gate_policy *p, const struct gate_grant *x, const struct access_actor *who, nstime now)
{
	const struct gate_settings *s = who->settings;
	bool longer = x->state == GRANT_APPROVED && x->wanted != NSTIME_NONE;
	enum text outside = access_outsider(p, who, now);
	if (outside != TX_NONE)
		return outside;
	if (s && s->napprovers && !has(s->approvers, s->napprovers, who->name))
		return TX_ACCESS_NO_APPROVER;
	if (same(who, longer ? x->wanter : x->requester))
		return TX_ACCESS_NO_OWN;
	if (same(who, x->account))
		return TX_ACCESS_NO_ACCOUNT;
	return x->emergency ? TX_ACCESS_NO_EMERGENCY : TX_NONE;
}

struct access_actor access_me(const struct request *q)
{
	const struct console_options *o = q->desk->o;
	return (struct access_actor){slice_of(q->who.name), slice_of(q->who.mail), o->org, o->gate};
}

/* ---- looking up --------------------------------------------------------------------------------------------------------------------------------------------- */

const struct gate_grant *access_grant(const struct access_gate *g, struct slice id)
{
	for (size_t i = 0; i < g->policy.ngrants; i++)
		if (slice_eq(g->policy.grants[i].id, id))
			return &g->policy.grants[i];
	return NULL;
}

const struct gate_person *access_person(const struct access_gate *g, struct slice id)
{
	for (size_t i = 0; i < g->policy.npersons; i++)
		if (slice_eq(g->policy.persons[i].id, id))
			return &g->policy.persons[i];
	return NULL;
}

const struct gate_provider *access_provider(const struct access_gate *g, struct slice id)
{
	for (size_t i = 0; i < g->policy.nproviders; i++)
		if (slice_eq(g->policy.providers[i].id, id))
			return &g->policy.providers[i];
	return NULL;
}

struct slice access_grant_provider(const struct access_gate *g, const struct gate_grant *x)
{
	const struct gate_person *p = x->person.n ? access_person(g, x->person) : NULL;
	return p ? p->provider : x->provider;
}

/* ---- for other pages ------------------------------------------------------------------------------------------------------------------------------------------- */

int access_load(struct request *q, struct slice grant, struct access_gate *out, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_GATE};
	struct broker_answer a;
	struct slice body;
	ask_set(ask.id, sizeof ask.id, grant);
	int rc = page_ask(q, &ask, &a, &body, e);
	return rc ? rc : access_gate_read(body, q->mem, out, e);
}

void access_counts(struct request *q, struct access_counts *out)
{
	struct access_gate g;
	struct err e;
	*out = (struct access_counts){0};
	if (!has_role(q, ACCESS_ROLES) || access_load(q, SLICE_NONE, &g, &e))
		return;
	out->gate = true;
	out->live = g.nlive;
	for (size_t i = 0; i < g.policy.ngrants; i++) {
		out->waiting += access_waits(&g.policy.grants[i], q->now);
		out->open += access_standing(&g.policy.grants[i], q->now) == STANDING_OPEN;
	}
	for (size_t i = 0; i < g.policy.nproviders; i++)
		out->suspended += g.policy.providers[i].state == GATE_SUSPENDED;
}

int access_waiting(struct request *q, uint64_t *n)
{
	struct access_actor me = access_me(q);
	struct access_gate g;
	struct err e;
	*n = 0;
	int rc = has_role(q, ROLE_APPROVER) ? access_load(q, SLICE_NONE, &g, &e) : ERR_NOENT;
	for (size_t i = 0; !rc && i < g.policy.ngrants; i++)
		*n += access_waits(&g.policy.grants[i], q->now) && access_objection(&g.policy, &g.policy.grants[i], &me, q->now) == TX_NONE;
	return rc == ERR_NOENT ? 0 : rc;
}

void access_suspend_form(struct request *q, struct buf *b, struct slice provider)
{
	struct access_gate g;
	struct err e;
	const struct gate_provider *p = has_role(q, ACCESS_ROLES) && !access_load(q, SLICE_NONE, &g, &e) ? access_provider(&g, provider) : NULL;
	if (!p)
		return;
	H(b, "<p>");
	access_html_link(b, "/access/providers/", p->id, p->name);
	H(b, "</p>");
	if (p->state == GATE_SUSPENDED) {
		H(b, "<p>");
		html_with(q, b, TX_ACCESS_SUSPENDED_WHY, p->reason);
		H(b, "</p>");
		return;
	}
	access_html_reason(q, b, "/access/suspend/", p->id, TX_ACCESS_SUSPEND, p->id);
}

/* ---- search ------------------------------------------------------------------------------------------------------------------------------------------------------ */

struct searching {
	struct slice words;
	size_t left;
	access_hit_fn *fn;
	void *arg;
};

static int hit(struct searching *s, const struct access_hit *h, const struct slice *v, size_t n)
{
	for (size_t i = 0; i < n && s->left; i++)
		if (slice_ihas(v[i], s->words)) {
			s->left--;
			return s->fn(s->arg, h);
		}
	return 0;
}

static int search_gate(struct searching *s, const struct access_gate *g)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < g->policy.nproviders; i++) {
		const struct gate_provider *x = &g->policy.providers[i];
		const struct slice v[] = {x->id, x->name, x->reason};
		rc = hit(s, &(struct access_hit){TX_ACCESS_KIND_PROVIDER, "/access/providers/", x->id, x->name, x->reason, NSTIME_NONE}, v, ARRAY_LEN(v));
	}
	for (size_t i = 0; !rc && i < g->policy.npersons; i++) {
		const struct gate_person *x = &g->policy.persons[i];
		const struct slice v[] = {x->id, x->name};
		const struct access_hit h = {TX_ACCESS_KIND_PERSON, "/access/providers/", x->provider, x->name, x->id, NSTIME_NONE};
		size_t before = s->left;
		rc = hit(s, &h, v, ARRAY_LEN(v));
		if (!rc && s->left == before)
			rc = hit(s, &h, x->accounts, x->naccounts);
	}
	for (size_t i = g->policy.ngrants; !rc && i-- > 0;) {
		const struct gate_grant *x = &g->policy.grants[i];
		const struct slice v[] = {x->id, x->purpose, x->ticket, x->account, x->requester, x->approver};
		rc = hit(s, &(struct access_hit){TX_ACCESS_KIND_GRANT, "/access/grants/", x->id, x->purpose, x->ticket, x->created}, v, ARRAY_LEN(v));
	}
	return rc;
}

int access_search(struct request *q, struct slice words, size_t most, access_hit_fn *fn, void *arg, struct err *e)
{
	struct searching s = {words, most, fn, arg};
	struct broker_ask ask = {.op = BROKER_SESSIONS};
	struct broker_answer a;
	struct access_gate g;
	struct access_sessions list = {0};
	struct slice body;
	if (!has_role(q, ACCESS_ROLES) || !words.n)
		return 0;
	int rc = access_load(q, SLICE_NONE, &g, e);
	if (rc)
		return rc == ERR_NOENT ? 0 : rc;
	rc = search_gate(&s, &g);
	for (; !rc && s.left && (!ask.number || (uint64_t)ask.number < list.total) && ask.number < 1000; ask.number += PAGE_ROWS) { /* the newest thousand */
		rc = page_ask(q, &ask, &a, &body, e);
		rc = rc ? rc : access_sessions_read(body, q->mem, &list, e);
		for (size_t i = 0; !rc && i < list.n; i++) {
			const struct session *x = &list.v[i];
			const struct slice v[] = {x->id, x->person, x->account, x->host, x->source, x->command, x->grant};
			rc = hit(&s, &(struct access_hit){TX_ACCESS_KIND_SESSION, "/sessions/", x->id, x->command.n ? x->command : x->host, x->person, x->begin}, v, ARRAY_LEN(v));
		}
	}
	return rc;
}
