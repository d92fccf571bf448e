/* factor_private.h - private to room factor: codes, sealed seeds, rows, throttling. */
#ifndef POSTERN_FACTOR_PRIVATE_H
#define POSTERN_FACTOR_PRIVATE_H

#include "factor/factor.h"

#include <sodium.h>

enum {
	KEY_BYTES = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
	NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	SEED_MAX = 64,                 /* bytes: as long as the hash is wide (RFC 6238, appendix A) */
	BOX_MAX = NONCE_BYTES + SEED_MAX + crypto_aead_xchacha20poly1305_ietf_ABYTES,
	CODE_DIGITS_MAX = 8,
	RECOVERY_CODES = 10, RECOVERY_CHARS = 16, /* of base 32: 80 bits */
	RECOVERY_GROUP = 4, RECOVERY_HASH = 32,
	PERSON_MAX = 128, SOURCE_MAX = 64,
	DRIFT_MAX = 2,                 /* steps that a device's clock may be remembered to be off */
	LOOK_AHEAD = 10,               /* HOTP: codes that were asked for and not used */
	LOOK_BACK = 6,                 /* steps before in which a code is told to be an old one */
	CANDIDATES = LOOK_BACK + 1 + LOOK_AHEAD, /* codes made for each try, whatever comes of it */
	CONFIRM_AHEAD = 100,           /* HOTP: how far a new device may have been counted on */
};
#define CLOCK_SLACK (2 * NS_SEC)       /* that the clock may go back */

/* ---- codes ---------------------------------------------------------------------------------------------------------------- */
enum typed_kind { TYPED_NOTHING, TYPED_DIGITS, TYPED_RECOVERY };
struct typed {
	enum typed_kind kind;
	size_t n;
	char text[RECOVERY_CHARS + 1];
};
/* What somebody typed: 6 to 8 digits, or a recovery code; blanks and hyphens between do not count. Anything else is nothing. Wipe it. */
struct typed factor_typed(struct slice text);
/* Base 32 of RFC 4648 without padding. */
void factor_base32(const uint8_t *p, size_t n, struct buf *out);
/* The code of a counter (of a time step), k->digits long and NUL-terminated. 0, ERR_*: liboath's. */
int factor_code_at(const struct factor_kind *k, const uint8_t *seed, size_t n, int64_t counter, char out[static CODE_DIGITS_MAX + 1], struct err *e);
size_t factor_seed_bytes(enum factor_hash h);
bool factor_kind_fine(const struct factor_kind *k);

/* ---- rows ----------------------------------------------------------------------------------------------------------------- */
struct seed {
	bool found, confirmed;
	struct factor_kind kind;
	uint8_t box[BOX_MAX];
	size_t nbox;
	int64_t used;         /* newest counter that was accepted; -1 none */
	int64_t drift;        /* TOTP: steps that the device is ahead */
	uint8_t salt[crypto_pwhash_SALTBYTES]; /* of the recovery codes */
	bool has_salt;
	nstime since, last_good, last_bad, last_recovery;
	int64_t failures;
	unsigned recovery_left;
};
int factor_tables(struct vault *v, struct err *e);
/* ERR_TYPE: the record is not one that was written here. */
int factor_seed_get(struct vault *v, struct slice person, struct seed *out, struct err *e);
int factor_seed_put(struct vault *v, struct slice person, const struct seed *s, struct err *e);
/* The newest time seen; ERR_STOPPED: now is before it. Notes now. Inside the caller's transaction. */
int factor_clock_check(struct vault *v, nstime now, struct err *e);

/* ---- sealing -------------------------------------------------------------------------------------------------------------- */
struct factor {
	struct vault *vault;
	uint8_t *secret;      /* locked memory: the key, then room for one seed */
	bool has_key;
};
/* A row of its own stands for everybody who is not enrolled: it is read, opened, tried and written for them, so that they take as long. */
#define NOBODY SLICE_NONE
static inline uint8_t *factor_room(struct factor *f) { return f->secret + KEY_BYTES; }
/* The name as it is kept: NOBODY for one that cannot be anybody's. */
struct slice factor_person(struct slice person);
/* Bound to the person and the kind: the box of another row does not open. */
int factor_seal(struct factor *f, struct slice person, struct seed *s, const uint8_t *seed, size_t n, struct err *e);
/* Into factor_room(); wipe that. ERR_TYPE: not of this key, or changed. */
int factor_unseal(struct factor *f, struct slice person, const struct seed *s, size_t *n, struct err *e);
/* Reads the key, or makes it. */
int factor_key_load(struct factor *f, const char *path, bool make, struct err *e);

/* ---- recovery codes ----------------------------------------------------------------------------------------------------------- */
/* Takes tens of milliseconds and RECOVERY_MEMORY: never inside a transaction. */
int factor_recovery_hash(const struct typed *code, const uint8_t salt[static crypto_pwhash_SALTBYTES], uint8_t out[static RECOVERY_HASH], struct err *e);
/* Uses up the code with this hash. *found: it was there. Inside the caller's transaction. */
int factor_recovery_use(struct vault *v, struct slice person, const uint8_t hash[static RECOVERY_HASH], nstime now, bool *found, struct err *e);

/* A fresh set: its text for the person, salt and hashes for the file. */
struct recovery_set {
	struct buf *text;
	uint8_t salt[crypto_pwhash_SALTBYTES];
	uint8_t hash[RECOVERY_CODES][RECOVERY_HASH];
};
int factor_recovery_make(struct recovery_set *x, struct err *e);
/* In place of those that are there; inside the caller's transaction. */
int factor_recovery_put(struct vault *v, struct slice person, const struct recovery_set *x, struct err *e);

/* ---- throttling ------------------------------------------------------------------------------------------------------------- */
struct throttle {
	char network[SOURCE_MAX];  /* what the source counts as */
	struct slice net;
	bool known;                /* the person had success from there */
	int64_t own, all;          /* failures: from there; of all who are not known */
	nstime own_until, all_until;
};
int factor_throttle_get(struct vault *v, struct slice person, struct slice source, nstime now, struct throttle *t, struct err *e);
/* How long to wait; 0 go on. */
nstime factor_throttle_wait(const struct throttle *t, nstime now);
int factor_throttle_bad(struct vault *v, struct slice person, bool enrolled, struct throttle *t, nstime now, struct err *e);
int factor_throttle_good(struct vault *v, struct slice person, const struct throttle *t, nstime now, struct err *e);
/* Pure: the delay after the n-th failure in a row. */
nstime factor_delay(int64_t failures);

#endif
