/* guessing.c - brute force and spraying: noise told once, success told loudly. */
#include "detect/profile.h"

#include <stdlib.h>

enum { USERS_KEPT = 16, NOISY = 10, SUCCESS_AFTER = 5, SPRAY_USERS = 3, CROWD_FAILURES = 20, CROWD_SOURCES = 5 };
#define FORGET (6 * NS_HOUR)

static const enum action wants[] = {ACT_LOGIN, ACT_LOGIN_FAILED, ACT_LOGIN_REFUSED, ACT_AUTH_FAILURE, ACT_INVALID_USER, ACT_NONE};
static const enum action nothing[] = {ACT_NONE};
static const char *const techniques[] = {"T1110.001", "T1110.003", NULL};
static const char *const techniques_success[] = {"T1110.001", "T1110.003", "T1078", NULL};

/* One address that fails to log in. */
struct guesser {
	nstime first, last;
	uint32_t failures;          /* the larger of the two: sshd tells one attempt in its own line and in PAM's */
	uint32_t own, pam, nusers;
	struct {
		uint64_t hash;      /* of a name tried */
		uint32_t failures;
	} users[USERS_KEPT];
	bool told;
};

/* One account that is tried, from wherever: a crowd of addresses may fail twice each. */
struct victim {
	nstime first, last;
	uint32_t failures;
	struct small_set sources;
	bool told;
};

struct guess_memory {
	struct lru *by_source, *by_account;
};

static void *memory_new(struct detect *d)
{
	(void)d;
	struct guess_memory *m = xcalloc(1, sizeof *m);
	m->by_source = lru_new(sizeof(struct guesser), MEM_SOURCES, NULL, NULL);
	m->by_account = lru_new(sizeof(struct victim), MEM_ACCOUNTS, NULL, NULL);
	return m;
}

static size_t memory_tables(void *state, struct lru **out)
{
	struct guess_memory *m = state;
	out[0] = m->by_source;
	out[1] = m->by_account;
	return 2;
}

static void memory_free(void *state)
{
	struct guess_memory *m = state;
	lru_free(m->by_source);
	lru_free(m->by_account);
	free(m);
}

static bool counts(const struct event *e)
{
	if (e->action == ACT_LOGIN_FAILED || e->action == ACT_LOGIN_REFUSED)
		return true;
	return e->action == ACT_AUTH_FAILURE && e->outcome == OUTCOME_FAILURE && !slice_eq(e->dataset, SL("sudo"));
}

/* Who has a /64 has all of its addresses: they count as one. */
static struct slice source_key(const struct event *e, struct slice source, struct cidr *net)
{
	const struct ip *ip = event_ip(e, F_SOURCE_IP);
	if (!ip || ip_is_v4(ip))
		return source;
	*net = ip_network(ip);
	return slice_make((const char *)net->net.b, sizeof net->net.b);
}

/* Failures of this name from the address; n more are added. */
static uint32_t user_failures(struct guesser *g, uint64_t user, uint32_t n)
{
	for (uint32_t i = 0; i < g->nusers; i++)
		if (g->users[i].hash == user)
			return g->users[i].failures += n;
	if (n && g->nusers < USERS_KEPT) {
		g->users[g->nusers].hash = user;
		g->users[g->nusers++].failures = n;
	}
	return n;
}

/* *more: attempts that this line adds. */
static struct guesser *count_failure(struct guess_memory *m, const struct event *e, struct slice source, uint32_t *more)
{
	bool fresh;
	struct guesser *g = lru_put(m->by_source, source, &fresh);
	if (fresh || e->time - g->last > FORGET)
		*g = (struct guesser){.first = e->time};
	g->last = e->time;
	uint32_t n = (uint32_t)event_int(e, F_REPEAT, 1);
	*(e->action == ACT_AUTH_FAILURE ? &g->pam : &g->own) += n;
	*more = MAX(g->own, g->pam) - MIN(g->failures, MAX(g->own, g->pam));
	g->failures += *more;
	user_failures(g, hash_slice(event_str(e, F_USER_NAME)), *more);
	return g;
}

static struct victim *count_victim(struct guess_memory *m, const struct event *e, struct slice source, uint32_t more)
{
	struct slice user = event_str(e, F_USER_NAME);
	bool fresh;
	if (!user.n || !more)
		return NULL;
	struct victim *v = lru_put(m->by_account, user, &fresh);
	if (fresh || e->time - v->last > FORGET)
		*v = (struct victim){.first = e->time};
	v->last = e->time;
	v->failures += more;
	set_add(&v->sources, hash_slice(source));
	return v;
}

static bool crowded(const struct victim *v)
{
	return v->failures >= CROWD_FAILURES && v->sources.n >= CROWD_SOURCES;
}

/* ---- a guess that succeeded ---------------------------------------------------------------------------------- */

struct attempts {
	nstime first;
	unsigned failures, names, addresses;
};

static void success(struct detect *d, const struct attempts *t, const struct event *e, struct slice source)
{
	struct actor a UNINIT;
	detect_actor(d, e, &a);
	bool fresh;
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, source);
	key_add(&k, a.account);
	struct finding *f = detect_open(d, &detector_guess_success, key_slice(&k), NS_DAY, e->time, &fresh);
	if (fresh) {
		/* inside, one name, a handful of tries: most often somebody who forgot a password */
		f->level = t->names >= SPRAY_USERS || t->addresses > 1 || a.outside ? LEVEL_HIGH : LEVEL_MEDIUM;
		finding_printf(f, &f->title, "%s logged in on %.*s from %.*s after %u failed attempts", actor_text(d, &a), SLFMT(a.host), SLFMT(source), t->failures);
		long long minutes = (long long)((e->time - t->first) / NS_MIN);
		if (t->addresses > 1)
			finding_printf(f, &f->text, "%u addresses, this one among them, failed %u times with this account in the %lld minutes before.", t->addresses,
				t->failures, minutes);
		else
			finding_printf(f, &f->text, "The same address failed %u times with %u account name%s in the %lld minutes before it got in as %.*s.",
				t->failures, t->names, t->names == 1 ? "" : "s", minutes, SLFMT(a.account));
		finding_actor(f, &a);
	}
	finding_evidence(f, e);
}

/* The account's own slips are explained by its owner's getting in. */
static void forgive(struct guesser *g, uint64_t user)
{
	for (uint32_t i = 0; i < g->nusers; i++) {
		if (g->users[i].hash != user || g->users[i].failures >= SUCCESS_AFTER)
			continue;
		uint32_t n = MIN(g->users[i].failures, g->failures);
		g->failures -= n;
		g->own -= MIN(n, g->own);
		g->pam -= MIN(n, g->pam);
		g->users[i] = g->users[--g->nusers];
		return;
	}
}

static void login_event(struct detect *d, struct guess_memory *m, const struct event *e, struct slice source)
{
	struct cidr net;
	struct slice user = event_str(e, F_USER_NAME);
	const struct login_at_hand *at = detect_login(d); /* its source is hashed already, but of networks */
	struct slice from = source_key(e, source, &net);
	struct guesser *g = at && from.p == at->source.p ? lru_get_hashed(m->by_source, from, at->known->source) : lru_get(m->by_source, from);
	if (!g || e->outcome == OUTCOME_FAILURE || e->time - g->last > FORGET)
		return;
	/* a key cannot be guessed: its owner mistyped something else before */
	bool key = slice_eq(event_str(e, F_SSH_METHOD), SL("publickey"));
	uint64_t hash = hash_slice(user);
	const struct victim *v = user.n ? lru_get(m->by_account, user) : NULL;
	bool tried = user_failures(g, hash, 0) > 0;
	if (user_failures(g, hash, 0) < SUCCESS_AFTER)
		forgive(g, hash);
	if (g->failures >= SUCCESS_AFTER && (!key || g->nusers >= SPRAY_USERS))
		success(d, &(struct attempts){g->first, g->failures, g->nusers, 1}, e, source);
	else if (!key && v && crowded(v) && e->time - v->last < FORGET && tried)
		success(d, &(struct attempts){v->first, v->failures, 1, v->sources.n}, e, source);
}

const struct detector detector_guess_success = {
	.info = {"postern.guess-success", "Guessing that ended in a login", LEVEL_HIGH, STAGE_ENTRY, techniques_success,
		"A login from an address that failed five times or more in the hours before, or with a password from one of many addresses that tried the account.",
		"A person who forgot a password, most often from inside and with one account name (told as medium)."},
	.wants = nothing, /* detector_guessing knows the addresses and opens it */
};

/* ---- the noise: one finding for all of it -------------------------------------------------------------------- */

/* A line of noise joins the one finding. first: this address (or account) is told of for the first time; n: attempts it brings. */
static void add_noise(struct detect *d, const struct event *e, struct slice source, bool first, uint32_t n)
{
	bool fresh;
	struct finding *f = detect_open(d, &detector_guessing, SL("all"), 30 * NS_DAY, e->time, &fresh);
	if (first)
		finding_entity(f, ENT_HOST, detect_host(d, e->host));
	if (first || f->nevidence < LIMIT_EVIDENCE) {
		finding_evidence(f, e);
		if (f->nentities < 60)
			finding_entity(f, ENT_SOURCE, source);
		f->count--; /* counted below */
	} else {
		f->last = MAX(f->last, e->time);
	}
	f->count += n;
}

static void guessing_event(struct detect *d, void *state, const struct event *e)
{
	struct guess_memory *m = state;
	struct slice source = event_source(e);
	struct cidr net;
	uint32_t more;
	if (source.n && e->action == ACT_LOGIN && detect_enabled(d, &detector_guess_success))
		login_event(d, m, e, source);
	if (!source.n || !counts(e))
		return;
	struct guesser *g = count_failure(m, e, source_key(e, source, &net), &more);
	struct victim *v = count_victim(m, e, source, more);
	bool noisy = g->failures >= NOISY, crowd = v && crowded(v);
	if (!more || (!noisy && !crowd))
		return;
	struct finding *f;
	if (noisy) {
		add_noise(d, e, source, !g->told, g->told ? more : g->failures); /* with those before it was noise */
		f = detect_peek(d, &detector_guessing, SL("all"), 30 * NS_DAY, e->time);
		if (f)
			f->tally += !g->told;
		g->told = true;
	} else {
		add_noise(d, e, source, !v->told, v->told ? more : v->failures);
		f = detect_peek(d, &detector_guessing, SL("all"), 30 * NS_DAY, e->time);
		if (f)
			f->tally += v->told ? g->failures == more : v->sources.n;
		v->told = true;
	}
}

static void guessing_seal(struct detect *d, struct finding *f)
{
	(void)d;
	size_t hosts = 0;
	for (size_t i = 0; i < f->nentities; i++)
		hosts += f->entities[i].type == ENT_HOST;
	finding_printf(f, &f->title, "Password guessing: %llu failed logins from %llu address%s on %zu host%s", (unsigned long long)f->count,
		(unsigned long long)f->tally, f->tally == 1 ? "" : "es", hosts, hosts == 1 ? "" : "s");
	finding_printf(f, &f->text, "Addresses that failed %d times or more, and accounts that many addresses tried. Where a guess succeeded, a finding of its own says so; "
		"these are the rest. Keys instead of passwords and a limit on source networks end this.", NOISY);
}

const struct detector detector_guessing = {
	.info = {"postern.guessing", "Password guessing", LEVEL_LOW, STAGE_NONE, techniques,
		"Addresses (IPv6: networks) that fail to log in ten times or more within hours, accounts that fail from everywhere; all of them make one finding.",
		"A machine with a stale password, a monitoring probe."},
	.wants = wants, .create = memory_new, .tables = memory_tables, .event = guessing_event, .destroy = memory_free, .seal = guessing_seal,
};
