/* check.c - is this code good? Read, compared, used up and written in one exclusive transaction. */
#include "factor/factor_private.h"

struct trying {
	struct factor *f;
	struct slice person, source; /* as given, cut */
	struct slice keep;           /* whose counts of failures: nobody's names share no row */
	char unknown[PERSON_MAX];
	struct typed typed;
	nstime now;
	struct seed seed;            /* the person's, or nobody's */
	struct slice owner;          /* of the seed */
	bool enrolled;               /* and confirmed */
	struct throttle throttle;
	uint8_t hash[RECOVERY_HASH]; /* of a recovery code, with `salt` */
	uint8_t salt[crypto_pwhash_SALTBYTES];
};

/* All ones when a == b: nothing here takes a way that depends on a code. */
static uint64_t mask(bool b)
{
	return -(uint64_t)b;
}

struct hit {
	uint64_t counter, good, old; /* masks */
};

/* Every candidate is made and compared, in and out of the window. */
static int match_digits(const struct trying *t, struct hit *hit, struct err *e)
{
	const struct seed *s = &t->seed;
	char want[CODE_DIGITS_MAX + 1] = {0}, code[CODE_DIGITS_MAX + 1];
	size_t n;
	bool timed = s->kind.period > 0, length = t->typed.kind == TYPED_DIGITS && t->typed.n == s->kind.digits;
	int64_t at = timed ? t->now / NS_SEC / s->kind.period : s->used + 1;
	int64_t low = timed ? MIN(s->drift - 1, 0) : 0, high = timed ? MAX(s->drift + 1, 0) : LOOK_AHEAD - 1;
	memcpy(want, t->typed.text, length ? t->typed.n : 0);
	int rc = factor_unseal(t->f, t->owner, s, &n, e);
	*hit = (struct hit){0};
	for (int64_t i = -LOOK_BACK; i <= LOOK_AHEAD && !rc; i++) {
		memset(code, 0, sizeof code);
		rc = factor_code_at(&s->kind, factor_room(t->f), n, MAX(at + i, 0), code, e);
		uint64_t equal = mask(sodium_memcmp(code, want, CODE_DIGITS_MAX) == 0) & mask(length) & mask(at + i >= 0);
		uint64_t fresh = equal & mask(i >= low && i <= high) & mask(at + i > s->used) & ~hit->good;
		hit->counter |= fresh & (uint64_t)(at + i);
		hit->good |= fresh;
		hit->old |= equal & mask(at + i <= s->used);
	}
	sodium_memzero(code, sizeof code);
	sodium_memzero(want, sizeof want);
	sodium_memzero(factor_room(t->f), SEED_MAX);
	sodium_stackzero(4096); /* what liboath left of the seed */
	return rc;
}

static int judge(struct trying *t, enum factor_verdict *out, struct err *e)
{
	struct hit hit;
	bool found = false;
	int rc = match_digits(t, &hit, e);
	if (!rc && t->typed.kind == TYPED_RECOVERY)
		rc = t->seed.has_salt && sodium_memcmp(t->salt, t->seed.salt, sizeof t->salt)
			     ? err_set(e, ERR_STOPPED, "the recovery codes were changed meanwhile")
			     : factor_recovery_use(t->f->vault, t->owner, t->hash, t->now, &found, e);
	if (rc)
		return rc;
	if (!t->enrolled)
		*out = FACTOR_NONE;
	else if (found)
		*out = FACTOR_RECOVERY;
	else
		*out = hit.good ? FACTOR_GOOD : hit.old ? FACTOR_REPLAYED : FACTOR_WRONG;
	if (*out == FACTOR_GOOD) {
		t->seed.used = (int64_t)hit.counter;
		if (t->seed.kind.period)
			t->seed.drift = MIN(MAX(t->seed.used - t->now / NS_SEC / t->seed.kind.period, -DRIFT_MAX), DRIFT_MAX);
	}
	return 0;
}

static int write_down(struct trying *t, enum factor_verdict v, struct err *e)
{
	bool good = v == FACTOR_GOOD || v == FACTOR_RECOVERY;
	*(good ? &t->seed.last_good : &t->seed.last_bad) = t->now;
	t->seed.failures = good ? 0 : t->seed.failures + 1;
	int rc = factor_seed_put(t->f->vault, t->owner, &t->seed, e);
	if (rc)
		return rc;
	return good ? factor_throttle_good(t->f->vault, t->keep, &t->throttle, t->now, e)
		    : factor_throttle_bad(t->f->vault, t->keep, t->enrolled, &t->throttle, t->now, e);
}

/* Loads what there is about who tries. *wait: has to. */
static int look(struct trying *t, nstime *wait, struct err *e)
{
	struct vault *v = t->f->vault;
	t->owner = t->person;
	int rc = factor_seed_get(v, t->person, &t->seed, e);
	t->enrolled = !rc && t->person.n && t->seed.confirmed;
	if (!rc && (!t->seed.found || !t->person.n)) {
		t->owner = NOBODY;
		rc = factor_seed_get(v, NOBODY, &t->seed, e);
	}
	if (!rc && !t->seed.found)
		rc = err_set(e, ERR_NOENT, "the table of second factors is not set up");
	if (!rc)
		rc = factor_throttle_get(v, t->keep, t->source, t->now, &t->throttle, e);
	if (!rc)
		*wait = factor_throttle_wait(&t->throttle, t->now);
	return rc;
}

/* A recovery code's hash, before the transaction: with somebody's salt it takes as long as with the right one. */
static int hash_recovery(struct trying *t, nstime *wait, struct err *e)
{
	int rc = look(t, wait, e);
	if (rc || *wait)
		return rc;
	if (t->seed.has_salt)
		memcpy(t->salt, t->seed.salt, sizeof t->salt);
	return factor_recovery_hash(&t->typed, t->salt, t->hash, e);
}

static int try_it(struct trying *t, enum factor_verdict *out, nstime *wait, struct err *e)
{
	int rc = vault_begin(t->f->vault, e);
	if (rc)
		return rc;
	rc = look(t, wait, e);
	if (!rc)
		rc = factor_clock_check(t->f->vault, t->now, e);
	if (!rc && *wait) { /* nothing is written: tries that wait must cost nothing, and hold nobody off */
		vault_rollback(t->f->vault);
		*out = FACTOR_THROTTLED;
		return 0;
	}
	if (!rc)
		rc = judge(t, out, e);
	if (!rc)
		rc = write_down(t, *out, e);
	if (!rc)
		return vault_commit(t->f->vault, e);
	vault_rollback(t->f->vault);
	return rc;
}

/* Counts under a hash: names nobody has can be of any length and number. */
static void name_counts(struct trying *t, struct slice given)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t h = hash_stable(HASH_STABLE_INIT, given.p, given.n);
	t->unknown[0] = '?';
	for (int i = 0; i < 16; i++)
		t->unknown[1 + i] = hex[h >> (60 - 4 * i) & 15];
	t->keep = slice_make(t->unknown, 17);
}

static bool is_known(struct trying *t, bool *known, struct err *e)
{
	struct seed s;
	int rc = factor_seed_get(t->f->vault, t->person, &s, e);
	*known = !rc && s.found && t->person.n;
	return !rc;
}

enum factor_verdict factor_check(struct factor *f, struct slice person, struct slice source, struct slice code, nstime now, nstime *wait, struct err *e)
{
	struct trying t = {.f = f, .person = factor_person(person), .source = slice_to(source, SOURCE_MAX), .now = now};
	enum factor_verdict out = FACTOR_FAULT;
	nstime until = 0;
	bool known = false;
	int rc = now < 0 ? err_set(e, ERR_RANGE, "the clock is not set") : is_known(&t, &known, e) ? 0 : ERR_TYPE;
	if (!rc) {
		t.keep = t.person;
		if (!known)
			name_counts(&t, person);
		t.typed = factor_typed(code);
		if (t.typed.kind == TYPED_RECOVERY)
			rc = hash_recovery(&t, &until, e);
	}
	if (!rc && until)
		out = FACTOR_THROTTLED;
	else if (!rc && try_it(&t, &out, &until, e))
		out = FACTOR_FAULT;
	if (wait)
		*wait = out == FACTOR_THROTTLED ? until : 0;
	sodium_memzero(&t, sizeof t);
	return out;
}
