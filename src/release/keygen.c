/* keygen.c - ssh-keygen signs and verifies; what is hashed is hashed here. */
#include "release/release.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define KEYGEN "/usr/bin/ssh-keygen"
enum { SIGN_SECONDS = 180, VERIFY_SECONDS = 10, HASH_SECONDS = 1800, PART = 1 << 18, PATH_ROOM = 64 };

static const char begin[] = "-----BEGIN SSH SIGNATURE-----\n", end[] = "-----END SSH SIGNATURE-----\n";

int release_sign(const char *key, struct slice message, struct buf *out, struct err *e)
{
	const char *const argv[] = {KEYGEN, "-Y", "sign", "-n", RELEASE_NAMESPACE, "-f", key, NULL};
	static const char *const keep[] = {"SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "DISPLAY", "HOME", "TERM", NULL};
	struct buf said = {0};
	int status = 0;
	int rc = sys_run_here(argv, keep, message, SIGN_SECONDS, &said, &status, e);
	if (!rc && status)
		rc = err_set(e, ERR_PERM, "ssh-keygen did not sign with %s (exit status %d)", key, status);
	ssize_t from = rc ? -1 : slice_find(buf_slice(&said), slice_of(begin)), to = rc ? -1 : slice_find(buf_slice(&said), slice_of(end));
	if (!rc && (from < 0 || to < from))
		rc = err_set(e, ERR_IO, "ssh-keygen printed no signature");
	if (!rc)
		buf_adds(out, slice_make(said.p + from, (size_t)(to - from) + sizeof end - 1));
	buf_free(&said);
	return rc;
}

/* Bytes under a name that another process of ours can open and nobody can replace. */
static int in_memory(const char *what, struct slice bytes, char path[static PATH_ROOM], struct err *e)
{
	int fd = memfd_create(what, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_set(e, ERR_IO, "cannot keep bytes in memory: %m");
	if (write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n || fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		close(fd);
		return err_set(e, ERR_IO, "cannot keep bytes in memory: %m");
	}
	snprintf(path, PATH_ROOM, "/proc/%d/fd/%d", (int)getpid(), fd);
	return fd;
}

/* The keys of this person and of nobody else, without patterns and authorities: what the name stands for was checked when the list was read. */
static void allowed_signers(const struct release_person *p, struct buf *out)
{
	for (size_t i = 0; i < p->nkeys; i++)
		buf_addf(out, "%.*s namespaces=\"" RELEASE_NAMESPACE "\" %.*s %.*s\n", SLFMT(p->principal), SLFMT(p->keys[i].type), SLFMT(p->keys[i].blob));
}

static bool find_fingerprint(const struct release_person *p, struct slice said, char out[static 64])
{
	for (size_t i = 0; i < p->nkeys; i++) {
		ssize_t at = slice_find(said, slice_of(p->keys[i].fingerprint));
		if (at < 0)
			continue;
		memcpy(out, p->keys[i].fingerprint, 64);
		return true;
	}
	return false;
}

int release_verify(const struct release_person *p, struct slice message, struct slice armour, char fingerprint[static 64], struct err *e)
{
	char signers[PATH_ROOM], signature[PATH_ROOM], principal[160];
	struct buf lines = {0}, said = {0};
	int status = 0, b = -1, rc = 0;
	allowed_signers(p, &lines);
	snprintf(principal, sizeof principal, "%.*s", SLFMT(p->principal));
	int a = in_memory("allowed_signers", buf_slice(&lines), signers, e);
	if (a >= 0)
		b = in_memory("signature", armour, signature, e);
	const char *const argv[] = {KEYGEN, "-Y", "verify", "-f", signers, "-I", principal, "-n", RELEASE_NAMESPACE, "-s", signature, NULL};
	if (a < 0 || b < 0)
		rc = ERR_IO;
	else
		rc = sys_run(argv, message, VERIFY_SECONDS, &said, &status, e);
	if (!rc && status) {
		struct slice text = buf_slice(&said), line = text;
		slice_cut(&text, '\n', &line);
		rc = err_set(e, ERR_PERM, "not verified by ssh-keygen: %.*s", (int)MIN(line.n, (size_t)100), line.n ? line.p : "");
	}
	if (!rc && !find_fingerprint(p, buf_slice(&said), fingerprint))
		rc = err_set(e, ERR_PERM, "ssh-keygen named no key of this person");
	if (a >= 0)
		close(a);
	if (b >= 0)
		close(b);
	buf_free(&lines);
	buf_free(&said);
	return rc;
}

static int64_t seconds_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

int release_hash(int fd, uint64_t most, uint64_t *size, char hex[static 65], struct err *e)
{
	crypto_hash_sha256_state s;
	unsigned char sum[32];
	char *part = xmalloc(PART);
	int64_t until = seconds_now() + HASH_SECONDS;
	uint64_t at = 0;
	int rc = 0;
	crypto_hash_sha256_init(&s);
	for (;;) {
		ssize_t n = pread(fd, part, PART, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = err_set(e, ERR_IO, "cannot read it: %m");
		if (n <= 0)
			break;
		at += (uint64_t)n;
		if (at > most || seconds_now() > until) {
			rc = err_set(e, ERR_LIMIT, "more than %llu bytes, or longer than %d s", (unsigned long long)most, HASH_SECONDS);
			break;
		}
		crypto_hash_sha256_update(&s, (const unsigned char *)part, (size_t)n);
	}
	crypto_hash_sha256_final(&s, sum);
	sodium_bin2hex(hex, 65, sum, sizeof sum);
	*size = at;
	free(part);
	return rc;
}
