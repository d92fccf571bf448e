/* record_recover.c - recordings that were being made when the service was killed: under their names, hashed, and marked as cut short. */
#include "gate/record_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { OPEN_MAX_ROWS = 4096 };

struct lost {
	char id[48], path[128];
};
struct losses {
	struct lost *v;
	size_t n, cap;
};

static int take_lost(void *arg, const struct session *s)
{
	struct losses *l = arg;
	if (l->n == OPEN_MAX_ROWS)
		return ERR_LIMIT;
	struct lost *x = vec_push(l);
	snprintf(x->id, sizeof x->id, "%.*s", SLFMT(s->id));
	snprintf(x->path, sizeof x->path, "%.*s", SLFMT(s->file));
	return 0;
}

static int hash_fd(int fd, char hex[static 65], uint64_t *size)
{
	crypto_hash_sha256_state st;
	unsigned char sum[crypto_hash_sha256_BYTES], piece[16 << 10];
	ssize_t got;
	crypto_hash_sha256_init(&st);
	*size = 0;
	while ((got = read(fd, piece, sizeof piece)) > 0) {
		crypto_hash_sha256_update(&st, piece, (size_t)got);
		*size += (uint64_t)got;
	}
	crypto_hash_sha256_final(&st, sum);
	sodium_bin2hex(hex, 65, sum, sizeof sum);
	return got < 0 ? -1 : 0;
}

/* Names the part as the recording it would have become, when it is not named already. The open file, or -1. */
static int put_in_place(const struct record_store *s, const struct lost *x)
{
	char part[PATH_MAX], whole[PATH_MAX];
	struct slice base = slice_basename(slice_of(x->path));
	snprintf(whole, sizeof whole, "%s/%s", s->folder, x->path);
	snprintf(part, sizeof part, "%s/%.*s.%s.part", s->folder, (int)(base.p - x->path), x->path, x->id);
	if (access(whole, F_OK) && rename(part, whole))
		return -1;
	int fd = open(whole, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		fsync(fd);
	return fd;
}

static int recover_one(const struct record_store *s, const struct lost *x, struct err *e)
{
	char hex[65] = "";
	uint64_t size = 0;
	struct buf b = {0};
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	int fd = put_in_place(s, x);
	bool whole = fd >= 0 && hash_fd(fd, hex, &size) == 0;
	if (fd >= 0)
		close(fd);
	struct session row = {.end = (nstime)t.tv_sec * NS_SEC + t.tv_nsec, .packed = size, .sha256 = slice_of(whole ? hex : ""),
		.why = whole ? SL("the service ended first; cut short") : SL("the service ended first; the recording is lost")};
	buf_addf(&b, "file=%s sha256=%s bytes=%llu ended: %.*s", x->path, hex, (unsigned long long)size, SLFMT(row.why));
	int rc = record_row_end(s->vault, slice_of(x->id), &row, e);
	if (!rc)
		rc = record_audit(s->audit, "session-recorded", slice_of(x->id), "failure", buf_slice(&b), e);
	buf_free(&b);
	return rc;
}

int record_recover(const struct record_store *s, struct err *e)
{
	struct losses l = {0};
	int rc = session_each_open(s->vault, take_lost, &l, e);
	for (size_t i = 0; i < l.n && !rc; i++)
		rc = recover_one(s, &l.v[i], e);
	free(l.v);
	return rc;
}
