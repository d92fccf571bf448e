/* guessing.c - brute force and spraying: noise told once, success told loudly. */
#include "detect/detect_private.h"

#include <stdlib.h>

enum { USERS_KEPT = 16, NOISY = 10, SUCCESS_AFTER = 5, SPRAY_USERS = 3 };
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
	uint64_t users[USERS_KEPT]; /* hashes of the names tried */
	bool told;
};

struct guess_memory {
	struct lru *by_source;
	uint64_t sources;
};

static void *memory_new(struct detect *d)
{
	(void)d;
	struct guess_memory *m = xcalloc(1, sizeof *m);
	m->by_source = lru_new(sizeof(struct guesser), MEM_SOURCES, NULL, NULL);
	return m;
}

static void memory_free(void *state)
{
	struct guess_memory *m = state;
	lru_free(m->by_source);
	free(m);
}

static bool counts(const struct event *e)
{
	if (e->action == ACT_LOGIN_FAILED || e->action == ACT_LOGIN_REFUSED)
		return true;
	return e->action == ACT_AUTH_FAILURE && e->outcome == OUTCOME_FAILURE && !slice_eq(e->dataset, SL("sudo"));
}

/* *more: attempts that this line adds. */
static struct guesser *count_failure(struct guess_memory *m, const struct event *e, struct slice source, uint32_t *more)
{
	bool fresh;
	struct guesser *g = lru_put(m->by_source, source, &fresh);
	if (fresh || e->time - g->last > FORGET) {
		*g = (struct guesser){.first = e->time};
		m->sources++;
	}
	g->last = e->time;
	uint32_t n = (uint32_t)event_int(e, F_REPEAT, 1);
	*(e->action == ACT_AUTH_FAILURE ? &g->pam : &g->own) += n;
	*more = MAX(g->own, g->pam) - g->failures;
	g->failures += *more;
	struct slice user = event_str(e, F_USER_NAME);
	uint64_t h = hash_bytes(user.p, user.n);
	for (uint32_t i = 0; i < g->nusers; i++)
		if (g->users[i] == h)
			return g;
	if (g->nusers < USERS_KEPT)
		g->users[g->nusers++] = h;
	return g;
}

/* ---- a guess that succeeded ---------------------------------------------------------------------------------- */

static void success(struct detect *d, const struct guesser *g, const struct event *e, struct slice source)
{
	struct actor a UNINIT;
	detect_actor(d, e, &a);
	bool spray = g->nusers >= SPRAY_USERS, fresh;
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, source);
	key_add(&k, a.account);
	struct finding *f = detect_open(d, &detector_guess_success, key_slice(&k), NS_DAY, e->time, &fresh);
	if (fresh) {
		/* inside, one name, a handful of tries: most often somebody who forgot a password */
		f->level = spray || a.outside ? LEVEL_HIGH : LEVEL_MEDIUM;
		finding_printf(f, &f->title, "%s logged in on %.*s from %.*s after %u failed attempts", actor_text(d, &a), SLFMT(a.host), SLFMT(source), g->failures);
		finding_printf(f, &f->text, "The same address failed %u times with %u account name%s in the %lld minutes before it got in as %.*s.", g->failures,
			g->nusers, g->nusers == 1 ? "" : "s", (long long)((e->time - g->first) / NS_MIN), SLFMT(a.account));
		finding_actor(f, &a);
	}
	finding_evidence(f, e);
}

static void login_event(struct detect *d, struct guess_memory *m, const struct event *e, struct slice source)
{
	const struct guesser *g = lru_get(m->by_source, source);
	if (!g || e->outcome == OUTCOME_FAILURE || e->time - g->last > NS_HOUR || g->failures < SUCCESS_AFTER)
		return;
	/* a key cannot be guessed: its owner mistyped something else before */
	if (slice_eq(event_str(e, F_SSH_METHOD), SL("publickey")) && g->nusers < SPRAY_USERS)
		return;
	success(d, g, e, source);
}

const struct detector detector_guess_success = {
	.info = {"postern.guess-success", "Guessing that ended in a login", LEVEL_HIGH, STAGE_ENTRY, techniques_success,
		"A login from an address that failed five times or more within the hour before.",
		"A person who forgot a password, most often from inside and with one account name (told as medium)."},
	.wants = nothing, /* detector_guessing knows the addresses and opens it */
};

/* ---- the noise: one finding for all of it -------------------------------------------------------------------- */

static void guessing_event(struct detect *d, void *state, const struct event *e)
{
	struct slice source = event_source(e);
	if (source.n && e->action == ACT_LOGIN && detect_enabled(d, &detector_guess_success))
		login_event(d, state, e, source);
	if (!source.n || !counts(e))
		return;
	uint32_t more;
	struct guesser *g = count_failure(state, e, source, &more);
	if (g->failures < NOISY || !more)
		return;
	bool fresh;
	struct finding *f = detect_open(d, &detector_guessing, SL("all"), 30 * NS_DAY, e->time, &fresh);
	if (!g->told)
		finding_entity(f, ENT_HOST, detect_host(d, e->host));
	if (!g->told || f->nevidence < LIMIT_EVIDENCE) {
		finding_evidence(f, e);
		if (f->nentities < 60)
			finding_entity(f, ENT_SOURCE, source);
		f->count--; /* counted below */
	} else {
		f->last = MAX(f->last, e->time);
	}
	f->count += g->told ? more : g->failures; /* with those before it was noise */
	f->tally += !g->told;
	g->told = true;
}

static void guessing_seal(struct detect *d, struct finding *f)
{
	(void)d;
	size_t hosts = 0;
	for (size_t i = 0; i < f->nentities; i++)
		hosts += f->entities[i].type == ENT_HOST;
	finding_printf(f, &f->title, "Password guessing: %llu failed logins from %llu address%s on %zu host%s", (unsigned long long)f->count,
		(unsigned long long)f->tally, f->tally == 1 ? "" : "es", hosts, hosts == 1 ? "" : "s");
	finding_printf(f, &f->text, "Addresses that failed %d times or more. Where a guess succeeded, a finding of its own says so; "
		"these are the rest. Keys instead of passwords and a limit on source networks end this.", NOISY);
}

const struct detector detector_guessing = {
	.info = {"postern.guessing", "Password guessing", LEVEL_LOW, STAGE_NONE, techniques,
		"Addresses that fail to log in ten times or more within hours; all of them make one finding.",
		"A machine with a stale password, a monitoring probe."},
	.wants = wants, .create = memory_new, .event = guessing_event, .destroy = memory_free, .seal = guessing_seal,
};
