/* refused.c - a provider's key that opened nothing: its owner tried without right, or somebody else has it. */
#include "detect/detect_private.h"

#include <stdlib.h>

/* A key names its person; an account's name is guessed by everybody. What fails behind a key that was taken for good is worse: who has the
 * key lacks the second factor. sshd says the key in one line and the failure in another of the same process. */
static const enum action wants[] = {ACT_KEY_REFUSED, ACT_LOGIN_PARTIAL, ACT_LOGIN_FAILED, ACT_LOGIN_REFUSED, ACT_NONE};
static const char *const techniques[] = {"T1199", "T1078", NULL};
enum { KEYS_KEPT = 2000 };
#define SAME_LOGIN (10 * NS_MIN)

struct offered {
	nstime time;
	bool good;        /* sshd took it: the rest is about the second factor or the account */
	uint8_t n;
	char key[100];
};

static void *memory_new(struct detect *d)
{
	(void)d;
	return lru_new(sizeof(struct offered), KEYS_KEPT, NULL, NULL);
}

static void memory_free(void *state)
{
	lru_free(state);
}

static struct offered *offered_by(struct detect *d, void *state, const struct event *e, struct slice fp)
{
	struct key k UNINIT;
	struct slice pid = event_str(e, F_PROCESS_PID);
	key_init(&k);
	key_add(&k, detect_host(d, e->host));
	key_add(&k, pid);
	if (!pid.n)
		return NULL;
	if (!fp.n) {
		struct offered *o = lru_get(state, key_slice(&k));
		return o && e->time - o->time < SAME_LOGIN ? o : NULL;
	}
	struct offered *o = lru_put(state, key_slice(&k), NULL);
	o->time = e->time;
	o->good = e->action == ACT_LOGIN_PARTIAL;
	o->n = (uint8_t)MIN(fp.n, sizeof o->key);
	memcpy(o->key, fp.p, o->n);
	return o;
}

static void tell(struct detect *d, const struct event *e, struct actor *a, bool second)
{
	struct key k UNINIT;
	bool fresh;
	key_init(&k);
	key_add(&k, a->person->name);
	key_add(&k, a->account);
	key_add(&k, a->host);
	struct finding *f = detect_open(d, &detector_refused, key_slice(&k), NS_DAY, e->time, &fresh);
	if (fresh) {
		finding_printf(f, &f->title, "Provider's key refused: %s on %.*s from %.*s", actor_text(d, a), SLFMT(a->host), SLFMT(a->source));
		finding_printf(f, &f->text, "The key is %.*s's of %.*s. It was not good here at this time: no open grant, another account, or another network - or somebody else has it.",
			SLFMT(a->person->name), SLFMT(a->provider->name));
	}
	if (second && f->level < LEVEL_MEDIUM) {
		finding_raise(f, LEVEL_MEDIUM);
		finding_printf(f, &f->text, "The key is %.*s's of %.*s and was good, and the login failed behind it: a wrong or used code, or no grant. Ask %.*s whether it was "
			"%.*s: a thief of the key has no code.", SLFMT(a->person->name), SLFMT(a->provider->name), SLFMT(a->person->name), SLFMT(a->person->name));
	}
	finding_actor(f, a);
	finding_evidence(f, e);
}

static void event(struct detect *d, void *state, const struct event *e)
{
	struct actor a UNINIT;
	if (!slice_eq(e->dataset, SL("sshd")))
		return;
	const struct offered *o = offered_by(d, state, e, event_str(e, F_SSH_KEY_FP));
	if (!o || e->action == ACT_LOGIN_PARTIAL || (e->action != ACT_KEY_REFUSED && !o->good && !event_str(e, F_SSH_KEY_FP).n))
		return;
	const struct org_person *p = org_person_by_key(detect_org(d), slice_make(o->key, o->n));
	if (!p || !p->provider)
		return;
	detect_actor(d, e, &a);
	a.person = p;
	a.provider = p->provider;
	a.key = slice_make(o->key, o->n);
	tell(d, e, &a, o->good);
}

const struct detector detector_refused = {
	.info = {"postern.provider-refused", "Provider's key refused", LEVEL_LOW, STAGE_ENTRY, techniques,
		"The key of a provider's person (org.yaml) that a server did not accept, or that it did and then the second factor or the account failed (medium).",
		"A visit before its grant was approved or after it ended; a mistyped code; a client that offers all its keys."},
	.wants = wants, .create = memory_new, .event = event, .destroy = memory_free, .tables = tables_one,
};
