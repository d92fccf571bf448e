/* factor.c - opening, enrolment, confirmation, status. */
#include "factor/factor_private.h"

#include <stdlib.h>

void factor_wipe(struct buf *b)
{
	if (b->p)
		sodium_memzero(b->p, b->cap);
	buf_free(b);
}

struct slice factor_person(struct slice person)
{
	return person.n <= PERSON_MAX ? person : NOBODY;
}

/* ---- open ------------------------------------------------------------------------------------------------------------------- */

/* The row that is everybody's who has none. */
static int make_nobody(struct factor *f, struct err *e)
{
	struct seed s = {.kind = {FACTOR_SHA1, 6, 30}, .used = -1, .has_salt = true, .since = NSTIME_NONE, .last_good = NSTIME_NONE, .last_bad = NSTIME_NONE};
	uint8_t bytes[SEED_MAX];
	size_t n = factor_seed_bytes(s.kind.hash);
	randombytes_buf(bytes, n);
	randombytes_buf(s.salt, sizeof s.salt);
	int rc = factor_seal(f, NOBODY, &s, bytes, n, e);
	return rc ? rc : factor_seed_put(f->vault, NOBODY, &s, e);
}

/* Is the key that of the seeds? The first one to come makes the row that tells. */
static int check_key(struct factor *f, struct err *e)
{
	struct seed nobody;
	size_t n;
	int rc = vault_begin(f->vault, e);
	if (!rc)
		rc = factor_seed_get(f->vault, NOBODY, &nobody, e);
	if (!rc && !nobody.found)
		rc = make_nobody(f, e);
	else if (!rc && factor_unseal(f, NOBODY, &nobody, &n, e))
		rc = err_set(e, ERR_PERM, "the key is not the one that the seeds were encrypted under");
	sodium_memzero(factor_room(f), SEED_MAX);
	if (!rc)
		return vault_commit(f->vault, e);
	vault_rollback(f->vault);
	return rc;
}

static int open_with_key(struct factor *f, const char *key, bool make, struct err *e)
{
	struct seed nobody;
	int rc = factor_seed_get(f->vault, NOBODY, &nobody, e);
	if (!rc)
		rc = factor_key_load(f, key, make && !nobody.found, e);
	return rc ? rc : check_key(f, e);
}

struct factor *factor_open(struct vault *v, const char *key, bool make, struct err *e)
{
	struct factor *f = xcalloc(1, sizeof *f);
	f->vault = v;
	if (sodium_init() < 0 || !(f->secret = sodium_malloc(KEY_BYTES + SEED_MAX))) {
		err_set(e, ERR_NOMEM, "no memory that can be locked for seeds");
		free(f);
		return NULL;
	}
	sodium_memzero(f->secret, KEY_BYTES + SEED_MAX);
	if (!factor_tables(v, e) && (!key || !open_with_key(f, key, make, e)))
		return f;
	factor_close(f);
	return NULL;
}

void factor_close(struct factor *f)
{
	if (!f)
		return;
	sodium_free(f->secret); /* wipes */
	free(f);
}

/* ---- enrolment ----------------------------------------------------------------------------------------------------------------- */

static int end(struct factor *f, int rc, struct err *e)
{
	sodium_memzero(factor_room(f), SEED_MAX);
	if (!rc)
		return vault_commit(f->vault, e);
	vault_rollback(f->vault);
	return rc;
}

static void add_escaped(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
		buf_addf(b, plain ? "%c" : "%%%02X", c);
	}
}

/* https://github.com/google/google-authenticator/wiki/Key-Uri-Format */
static void make_uri(struct slice person, struct slice issuer, const struct factor_kind *k, const uint8_t *seed, size_t n, struct buf *out)
{
	static const char *const names[] = {[FACTOR_SHA1] = "SHA1", [FACTOR_SHA256] = "SHA256", [FACTOR_SHA512] = "SHA512"};
	out->p = vec_grow(out->p, &out->cap, out->n, 2048, 1); /* in one piece: no copies of a secret are left behind */
	buf_addf(out, "otpauth://%s/", k->period ? "totp" : "hotp");
	if (issuer.n) {
		add_escaped(out, issuer);
		buf_addc(out, ':');
	}
	add_escaped(out, person);
	buf_addz(out, "?secret=");
	factor_base32(seed, n, out);
	if (issuer.n) {
		buf_addz(out, "&issuer=");
		add_escaped(out, issuer);
	}
	buf_addf(out, "&algorithm=%s&digits=%u&", names[k->hash], k->digits);
	if (k->period)
		buf_addf(out, "period=%u", k->period);
	else
		buf_addz(out, "counter=0");
}

static int check_names(struct slice person, struct slice issuer, const struct factor_kind *k, struct err *e)
{
	if (!person.n || person.n > PERSON_MAX || !slice_utf8(person) || issuer.n > PERSON_MAX || !slice_utf8(issuer))
		return err_set(e, ERR_RANGE, "a name has 1 to %d bytes of UTF-8", PERSON_MAX);
	for (size_t i = 0; i < person.n; i++)
		if ((unsigned char)person.p[i] < 0x20 || person.p[i] == 0x7f)
			return err_set(e, ERR_RANGE, "a name has no control characters");
	return factor_kind_fine(k) ? 0 : err_set(e, ERR_RANGE, "6 to 8 digits, and a period of 15 to 300 s (0: counted)");
}

int factor_enroll(struct factor *f, struct slice person, struct slice issuer, const struct factor_kind *k, struct buf *uri, struct err *e)
{
	struct seed old, s = {.kind = *k, .used = -1, .since = NSTIME_NONE, .last_good = NSTIME_NONE, .last_bad = NSTIME_NONE};
	int rc = check_names(person, issuer, k, e);
	if (!rc)
		rc = vault_begin(f->vault, e);
	if (rc)
		return rc;
	size_t n = factor_seed_bytes(k->hash);
	rc = factor_seed_get(f->vault, person, &old, e);
	if (!rc && old.confirmed)
		rc = err_set(e, ERR_DUP, "%.*s has a second factor: reset it first", SLFMT(person));
	if (!rc) {
		randombytes_buf(factor_room(f), n);
		rc = factor_seal(f, person, &s, factor_room(f), n, e);
	}
	if (!rc)
		rc = factor_seed_put(f->vault, person, &s, e);
	if (!rc)
		make_uri(person, issuer, k, factor_room(f), n, uri);
	rc = end(f, rc, e);
	if (rc)
		factor_wipe(uri);
	return rc;
}

/* The counter of the second of two codes that follow each other; -1 none. */
static int find_pair(struct factor *f, struct slice person, const struct seed *s, const struct typed code[static 2], nstime now, int64_t *second, struct err *e)
{
	size_t n;
	int64_t at = s->kind.period ? now / NS_SEC / s->kind.period : 0;
	int64_t low = s->kind.period ? MAX(at - DRIFT_MAX - 2, 0) : 0, high = s->kind.period ? at + DRIFT_MAX : CONFIRM_AHEAD;
	char text[CODE_DIGITS_MAX + 1];
	bool first = false;
	*second = -1;
	int rc = factor_unseal(f, person, s, &n, e);
	for (int64_t c = low; c <= high && !rc && *second < 0; c++) {
		rc = factor_code_at(&s->kind, factor_room(f), n, c, text, e);
		if (!rc && first && slice_eqz(slice_make(code[1].text, code[1].n), text))
			*second = c;
		first = !rc && slice_eqz(slice_make(code[0].text, code[0].n), text);
	}
	sodium_memzero(text, sizeof text);
	sodium_memzero(factor_room(f), SEED_MAX);
	if (!rc && *second < 0)
		return err_set(e, ERR_RANGE, "these are not two codes of the device that follow each other; is its clock right?");
	return rc;
}

/* What becomes of the seed beside its new codes. */
struct confirming {
	bool confirm;
	int64_t used, drift;
	nstime now;
	factor_note_fn *note;
	void *arg;
};

/* Hashes take long: they are made before the transaction, which then looks whether the seed is still the same one. */
static int put_codes(struct factor *f, struct slice person, const struct seed *before, const struct confirming *c, struct recovery_set *x, struct err *e)
{
	struct seed s;
	int rc = factor_recovery_make(x, e);
	if (!rc)
		rc = vault_begin(f->vault, e);
	if (rc)
		return rc;
	rc = factor_seed_get(f->vault, person, &s, e);
	if (!rc && (!s.found || s.confirmed != before->confirmed || s.nbox != before->nbox || sodium_memcmp(s.box, before->box, s.nbox)))
		rc = err_set(e, ERR_STOPPED, "somebody else changed the second factor meanwhile");
	if (!rc) {
		memcpy(s.salt, x->salt, sizeof x->salt);
		s.has_salt = true;
		if (c->confirm) {
			s.confirmed = true;
			s.used = c->used;
			s.drift = c->drift;
			s.since = c->now;
		}
		rc = factor_seed_put(f->vault, person, &s, e);
	}
	if (!rc)
		rc = factor_recovery_put(f->vault, person, x, e);
	if (!rc && c->confirm)
		rc = factor_clock_check(f->vault, c->now, e);
	if (!rc && c->note)
		rc = c->note(c->arg, e);
	return end(f, rc, e);
}

static int new_codes(struct factor *f, struct slice person, const struct seed *before, const struct confirming *c, struct buf *codes, struct err *e)
{
	struct recovery_set x = {.text = codes};
	codes->p = vec_grow(codes->p, &codes->cap, codes->n, 1024, 1); /* in one piece, to be wiped */
	int rc = put_codes(f, person, before, c, &x, e);
	sodium_memzero(&x, sizeof x);
	if (rc)
		factor_wipe(codes);
	return rc;
}

int factor_confirm(struct factor *f, struct slice person, struct slice code1, struct slice code2, nstime now, factor_note_fn *note, void *arg, struct buf *codes, struct err *e)
{
	struct typed typed[2] = {factor_typed(code1), factor_typed(code2)};
	struct confirming c = {.confirm = true, .now = now, .note = note, .arg = arg};
	struct seed s = {0};
	int rc = person.n && person.n <= PERSON_MAX ? factor_seed_get(f->vault, person, &s, e) : 0;
	if (!rc && !s.found)
		rc = err_set(e, ERR_NOENT, "%.*s is not enrolled", SLFMT(slice_to(person, PERSON_MAX)));
	else if (!rc && s.confirmed)
		rc = err_set(e, ERR_DUP, "the second factor of %.*s is confirmed already", SLFMT(person));
	if (!rc && now < 0)
		rc = err_set(e, ERR_RANGE, "the clock is not set");
	if (!rc)
		rc = find_pair(f, person, &s, typed, now, &c.used, e);
	if (!rc && s.kind.period)
		c.drift = MIN(MAX(c.used - now / NS_SEC / s.kind.period, -DRIFT_MAX), DRIFT_MAX);
	if (!rc)
		rc = new_codes(f, person, &s, &c, codes, e);
	sodium_memzero(typed, sizeof typed);
	return rc;
}

int factor_codes(struct factor *f, struct slice person, struct buf *codes, struct err *e)
{
	struct seed s = {0};
	struct confirming c = {0};
	int rc = person.n && person.n <= PERSON_MAX ? factor_seed_get(f->vault, person, &s, e) : 0;
	if (!rc && !s.confirmed)
		rc = err_set(e, ERR_NOENT, "%.*s has no confirmed second factor", SLFMT(slice_to(person, PERSON_MAX)));
	return rc ? rc : new_codes(f, person, &s, &c, codes, e);
}

int factor_reset(struct factor *f, struct slice person, struct err *e)
{
	static const char *const others[] = {"DELETE FROM factor_recovery WHERE person=?1", "DELETE FROM factor_throttle WHERE person=?1",
		"DELETE FROM factor_network WHERE person=?1"};
	int rc = person.n && person.n <= PERSON_MAX ? 0 : err_set(e, ERR_NOENT, "nobody has such a name");
	if (!rc)
		rc = vault_begin(f->vault, e);
	if (rc)
		return rc;
	rc = vault_run(f->vault, "DELETE FROM factor_seed WHERE person=?1", NULL, NULL, e, "b", person);
	if (!rc && !vault_changes(f->vault))
		rc = err_set(e, ERR_NOENT, "%.*s is not enrolled", SLFMT(person));
	for (size_t i = 0; i < ARRAY_LEN(others) && !rc; i++)
		rc = vault_run(f->vault, others[i], NULL, NULL, e, "b", person);
	return end(f, rc, e);
}

int factor_clock(struct factor *f, nstime now, struct err *e)
{
	int rc = now < 0 ? err_set(e, ERR_RANGE, "the clock is not set") : vault_begin(f->vault, e);
	if (rc)
		return rc;
	rc = vault_run(f->vault, "INSERT INTO factor_clock(id,seen) VALUES(1,?1) ON CONFLICT(id) DO UPDATE SET seen=?1", NULL, NULL, e, "i", (int64_t)now);
	if (!rc) /* steps of times that were never: whatever is up to now is used up */
		rc = vault_run(f->vault, "UPDATE factor_seed SET used=?1/period+?2 WHERE period>0 AND used>?1/period+?2", NULL, NULL, e, "ii", (int64_t)(now / NS_SEC),
			(int64_t)DRIFT_MAX);
	if (!rc)
		rc = vault_run(f->vault, "UPDATE factor_throttle SET until=?1,last=?1 WHERE until>?1 OR last>?1", NULL, NULL, e, "i", (int64_t)now);
	return end(f, rc, e);
}

/* ---- status ---------------------------------------------------------------------------------------------------------------------- */

static struct factor_status status_of(const struct seed *s)
{
	if (!s->found)
		return (struct factor_status){.since = NSTIME_NONE, .last_good = NSTIME_NONE, .last_bad = NSTIME_NONE, .last_recovery = NSTIME_NONE};
	return (struct factor_status){.enrolled = true, .confirmed = s->confirmed, .kind = s->kind, .recovery_left = s->recovery_left, .since = s->since,
		.last_good = s->last_good, .last_bad = s->last_bad, .last_recovery = s->last_recovery, .drift = (int)s->drift,
		.failures = (unsigned)MIN(s->failures, UINT32_MAX)};
}

int factor_status(struct factor *f, struct slice person, struct factor_status *out, struct err *e)
{
	struct seed s = {0};
	int rc = person.n && person.n <= PERSON_MAX ? factor_seed_get(f->vault, person, &s, e) : 0;
	*out = status_of(&s);
	return rc;
}

struct each {
	struct factor *f;
	factor_each_fn *fn;
	void *arg;
	struct err *e;
};

static int each_person(void *arg, const struct vault_row *r)
{
	struct each *x = arg;
	struct factor_status st;
	struct slice person = vault_text(r, 0);
	int rc = factor_status(x->f, person, &st, x->e);
	return rc ? rc : x->fn(x->arg, person, &st);
}

int factor_each(struct factor *f, factor_each_fn *fn, void *arg, struct err *e)
{
	struct each x = {f, fn, arg, e};
	return vault_run(f->vault, "SELECT person FROM factor_seed WHERE length(person)>0 ORDER BY person", each_person, &x, e, "");
}
