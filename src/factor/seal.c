/* seal.c - the key, and seeds encrypted under it (XChaCha20-Poly1305). */
#include "factor/factor_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the box belongs to, authenticated with it. */
static size_t label(char out[static 256], struct slice person, const struct factor_kind *k)
{
	int n = snprintf(out, 256, "postern-factor-1 %u %u %u ", (unsigned)k->hash, k->digits, k->period);
	size_t take = MIN(person.n, PERSON_MAX);
	if (take)
		memcpy(out + n, person.p, take);
	return (size_t)n + take;
}

int factor_seal(struct factor *f, struct slice person, struct seed *s, const uint8_t *seed, size_t n, struct err *e)
{
	char ad[256];
	unsigned long long made = 0;
	if (!f->has_key)
		return err_set(e, ERR_PERM, "the key of the second factors is not there");
	randombytes_buf(s->box, NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(s->box + NONCE_BYTES, &made, seed, n, (const uint8_t *)ad, label(ad, person, &s->kind), NULL, s->box, f->secret);
	s->nbox = NONCE_BYTES + (size_t)made;
	return 0;
}

int factor_unseal(struct factor *f, struct slice person, const struct seed *s, size_t *n, struct err *e)
{
	char ad[256];
	unsigned long long made = 0;
	size_t want = factor_seed_bytes(s->kind.hash);
	if (!f->has_key)
		return err_set(e, ERR_PERM, "the key of the second factors is not there");
	if (s->nbox != NONCE_BYTES + want + crypto_aead_xchacha20poly1305_ietf_ABYTES ||
		crypto_aead_xchacha20poly1305_ietf_decrypt(factor_room(f), &made, NULL, s->box + NONCE_BYTES, s->nbox - NONCE_BYTES, (const uint8_t *)ad,
			label(ad, person, &s->kind), s->box, f->secret))
		return err_set(e, ERR_TYPE, "a seed does not open: another key, or a damaged record");
	*n = (size_t)made;
	return 0;
}

/* ---- the key -------------------------------------------------------------------------------------------------------------- */

/* forbidden: bits of the mode. systemd gives credentials by an access list, which shows as the group's. */
static int read_key(struct factor *f, const char *path, mode_t forbidden, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), rc = 0;
	if (fd < 0)
		return err_set(e, errno == ENOENT ? ERR_NOENT : ERR_IO, "cannot open the key %s: %m", path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size != KEY_BYTES)
		rc = err_set(e, ERR_TYPE, "%s is no key: a file of %d bytes", path, KEY_BYTES);
	else if ((st.st_mode & forbidden) || (st.st_uid != 0 && st.st_uid != geteuid()))
		rc = err_set(e, ERR_PERM, "the key %s can be read by others (mode %04o, user %u): chmod 600, and make new seeds", path, st.st_mode & 07777u, st.st_uid);
	else if (read(fd, f->secret, KEY_BYTES) != KEY_BYTES)
		rc = err_set(e, ERR_IO, "cannot read the key %s: %m", path);
	close(fd);
	f->has_key = !rc;
	return rc;
}

static int sync_folder(const char *path)
{
	char folder[4096];
	const char *slash = strrchr(path, '/');
	snprintf(folder, sizeof folder, "%.*s", slash ? (int)MAX(slash - path, 1) : 1, slash ? path : ".");
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = fd < 0 ? -1 : fsync(fd);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Whole or not at all, and never over another one: of two that make it, one wins and both read that. */
static int make_key(struct factor *f, const char *path, struct err *e)
{
	char temporary[4200];
	snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return err_set(e, ERR_IO, "cannot make the key %s: %m", path);
	int rc = 0;
	if (getrandom(f->secret, KEY_BYTES, 0) != KEY_BYTES || fchmod(fd, 0600) || write(fd, f->secret, KEY_BYTES) != KEY_BYTES || fsync(fd))
		rc = err_set(e, ERR_IO, "cannot write the key %s: %m", path);
	if (close(fd) && !rc)
		rc = err_set(e, ERR_IO, "cannot write the key %s: %m", path);
	if (!rc && link(temporary, path) && errno != EEXIST)
		rc = err_set(e, ERR_IO, "cannot make the key %s: %m", path);
	unlink(temporary);
	if (!rc && sync_folder(path))
		rc = err_set(e, ERR_IO, "cannot write the folder of the key %s: %m", path);
	return rc ? rc : read_key(f, path, 077, e);
}

int factor_key_load(struct factor *f, const char *path, bool make, struct err *e)
{
	char given[4096];
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	if (folder && *folder) {
		int n = snprintf(given, sizeof given, "%s/postern-factor.key", folder);
		if (n > 0 && (size_t)n < sizeof given && access(given, F_OK) == 0)
			return read_key(f, given, 037, e);
	}
	int rc = read_key(f, path, 077, e);
	return rc == ERR_NOENT && make ? make_key(f, path, e) : rc;
}
