/* factor.h - the second factor: TOTP and HOTP, recovery codes, throttling. The only room that holds seeds.
 *
 * Seeds lie in the vault's file, each encrypted (XChaCha20-Poly1305, libsodium secretbox) under a key from a key file or a systemd credential;
 * they are in memory only while a code is checked, locked and wiped. A code is good once, on every host that shares the state and in every
 * process: checked, compared in constant time and used up in one exclusive transaction that is on the disk before the answer.
 *
 * Sources: RFC 4226, RFC 6238; research/access.md 4.5.
 * Threads: one at a time per struct; several processes may use one file.
 */
#ifndef POSTERN_FACTOR_H
#define POSTERN_FACTOR_H

#include "core/core.h"
#include "vault/vault.h"

/* Longer names are nobody's; an address that is none counts as it stands. */
enum { FACTOR_TYPED_MAX = 64 /* bytes of what somebody types; more is no code */ };

enum factor_hash { FACTOR_SHA1, FACTOR_SHA256, FACTOR_SHA512 };
struct factor_kind {
	enum factor_hash hash;
	unsigned digits;  /* 6 to 8 */
	unsigned period;  /* seconds; 30. 0: HOTP, counted and not timed */
};
struct factor;
/* key: file of 32 bytes, mode 0600, owner root or the caller; made when `make` and absent, unless seeds are there that would need the old one (ERR_NOENT).
 * $CREDENTIALS_DIRECTORY/postern-factor.key goes first. ERR_PERM: not the key of these seeds, or others can read it. NULL: no key, only status, each, reset
 * and clock work. A vault opened VAULT_WRITE gets its tables; f borrows it. */
struct factor *factor_open(struct vault *v, const char *key, bool make, struct err *e);
void factor_close(struct factor *f);

/* A fresh seed that does not count until it is confirmed. uri: otpauth://..., for a QR code; wipe it (factor_wipe). ERR_DUP: has one (reset first). */
int factor_enroll(struct factor *f, struct slice person, struct slice issuer, const struct factor_kind *k, struct buf *uri, struct err *e);
/* Two codes of two steps that follow each other. codes: the recovery codes, a line each, shown once; wipe them. note (may be NULL): puts on record what is about to
 * count, in its transaction; what it returns but 0 undoes it. ERR_NOENT not enrolled, ERR_DUP confirmed already, ERR_RANGE not two such codes. Takes tens of
 * milliseconds a recovery code. */
typedef int factor_note_fn(void *arg, struct err *e);
int factor_confirm(struct factor *f, struct slice person, struct slice code1, struct slice code2, nstime now, factor_note_fn *note, void *arg, struct buf *codes, struct err *e);
int factor_codes(struct factor *f, struct slice person, struct buf *codes, struct err *e); /* new recovery codes; the old ones are void */
/* ERR_NOENT: nothing to take away. */
int factor_reset(struct factor *f, struct slice person, struct err *e);
/* Time was set back on purpose: what was seen of later times counts no more, delays are over, and no code of before `now` is good again. */
int factor_clock(struct factor *f, nstime now, struct err *e);

enum factor_verdict {
	FACTOR_GOOD, FACTOR_RECOVERY /* a recovery code: tell somebody */, FACTOR_WRONG, FACTOR_REPLAYED, FACTOR_THROTTLED, FACTOR_NONE /* not enrolled */,
	FACTOR_FAULT /* state, key or clock: the caller denies */
};
/* The one call of the login path: one transaction, some ten writes; a recovery code costs an Argon2id (32 MiB) before it.
 * source: address of who tries. Takes as long for somebody unknown. wait: when throttled, how long (nanoseconds). now goes back more than two seconds against
 * what was seen: FACTOR_FAULT. Throttling is by person and source, and by person, doubling up to 15 minutes, and never for good: from a network where the
 * person had success before, tries go on to be allowed while strangers are held off. */
enum factor_verdict factor_check(struct factor *f, struct slice person, struct slice source, struct slice code, nstime now, nstime *wait, struct err *e);

struct factor_status {
	bool enrolled, confirmed;
	struct factor_kind kind;
	unsigned recovery_left;
	nstime since, last_good, last_bad; /* NSTIME_NONE: never */
	nstime last_recovery; /* a recovery code was used */
	int drift;         /* steps of the device's clock */
	unsigned failures; /* in a row */
};
/* Somebody who is not enrolled: 0, and enrolled is false. */
int factor_status(struct factor *f, struct slice person, struct factor_status *out, struct err *e);
typedef int factor_each_fn(void *arg, struct slice person, const struct factor_status *st);
int factor_each(struct factor *f, factor_each_fn *fn, void *arg, struct err *e);
void factor_wipe(struct buf *b); /* overwrites, and frees */

/* A QR code as lines of UTF-8 half blocks, dark on light, with its quiet zone; for terminals, never for files. ERR_LIMIT: too long for one. */
int factor_qr(struct slice text, struct buf *out, struct err *e);

#endif
