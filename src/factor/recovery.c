/* recovery.c - recovery codes: 80 random bits each, kept as Argon2id hashes, good once.
 *
 * All codes of a person share a salt, so that a try costs one hash and not ten: they are random, nobody has a table of them. */
#include "factor/factor_private.h"

enum { RECOVERY_PASSES = 2, RECOVERY_MEMORY = 32 << 20 };

int factor_recovery_hash(const struct typed *code, const uint8_t salt[static crypto_pwhash_SALTBYTES], uint8_t out[static RECOVERY_HASH], struct err *e)
{
	return crypto_pwhash(out, RECOVERY_HASH, code->text, code->n, salt, RECOVERY_PASSES, RECOVERY_MEMORY, crypto_pwhash_ALG_ARGON2ID13) == 0
		       ? 0
		       : err_set(e, ERR_NOMEM, "no memory to check a recovery code (%d MiB)", RECOVERY_MEMORY >> 20);
}

struct looking {
	const uint8_t *hash;
	unsigned equal;
};

/* All are compared, whichever it is. */
static int compare(void *arg, const struct vault_row *r)
{
	struct looking *x = arg;
	struct slice h = vault_text(r, 0);
	if (h.n == RECOVERY_HASH)
		x->equal |= sodium_memcmp(h.p, x->hash, RECOVERY_HASH) == 0;
	return 0;
}

int factor_recovery_use(struct vault *v, struct slice person, const uint8_t hash[static RECOVERY_HASH], nstime now, bool *found, struct err *e)
{
	struct looking x = {.hash = hash};
	*found = false;
	int rc = vault_run(v, "SELECT hash FROM factor_recovery WHERE person=?1 AND used IS NULL", compare, &x, e, "b", person);
	if (rc || !x.equal)
		return rc;
	rc = vault_run(v, "UPDATE factor_recovery SET used=?3 WHERE person=?1 AND hash=?2 AND used IS NULL", NULL, NULL, e, "bbi", person,
		slice_make((const char *)hash, RECOVERY_HASH), (int64_t)now);
	*found = !rc && vault_changes(v) == 1;
	return rc;
}

int factor_recovery_make(struct recovery_set *x, struct err *e)
{
	int rc = 0;
	randombytes_buf(x->salt, sizeof x->salt);
	for (int i = 0; i < RECOVERY_CODES && !rc; i++) {
		uint8_t bits[RECOVERY_CHARS * 5 / 8];
		struct buf text = {0};
		randombytes_buf(bits, sizeof bits);
		factor_base32(bits, sizeof bits, &text);
		struct typed t = factor_typed(buf_slice(&text));
		rc = factor_recovery_hash(&t, x->salt, x->hash[i], e);
		for (size_t k = 0; k < text.n; k += RECOVERY_GROUP)
			buf_addf(x->text, "%.*s%c", RECOVERY_GROUP, text.p + k, k + RECOVERY_GROUP < text.n ? '-' : '\n');
		sodium_memzero(&t, sizeof t);
		sodium_memzero(bits, sizeof bits);
		factor_wipe(&text);
	}
	return rc;
}

int factor_recovery_put(struct vault *v, struct slice person, const struct recovery_set *x, struct err *e)
{
	int rc = vault_run(v, "DELETE FROM factor_recovery WHERE person=?1", NULL, NULL, e, "b", person);
	for (int i = 0; i < RECOVERY_CODES && !rc; i++)
		rc = vault_run(v, "INSERT INTO factor_recovery(person,hash) VALUES(?1,?2)", NULL, NULL, e, "bb", person, slice_make((const char *)x->hash[i], RECOVERY_HASH));
	return rc;
}
