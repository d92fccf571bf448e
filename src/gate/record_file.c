/* record_file.c - the file of a recording: packed as it comes, hashed as it is written, under its name when it is whole. */
#include "gate/record_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SYNC_BYTES = 8 << 20 };

/* A folder of ours below `at`: made when it is not there, never through a link. */
static int enter(int at, const char *name, struct err *e)
{
	if (mkdirat(at, name, 0700) && errno != EEXIST)
		return err_set(e, ERR_IO, "cannot make the folder %s of recordings: %m", name);
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 ? fd : err_set(e, ERR_IO, "cannot open the folder %s of recordings: %m", name);
}

int record_file_open(struct record_file *f, const char *folder, nstime begin, const char *id, struct err *e)
{
	struct civil c = civil_of(begin);
	char year[16], month[16];
	snprintf(year, sizeof year, "%04d", c.year);
	snprintf(month, sizeof month, "%02u", c.month);
	memset(&f->z, 0, sizeof f->z);
	f->fd = f->folder = -1;
	f->packing = false;
	f->written = f->unsynced = 0;
	snprintf(f->part, sizeof f->part, ".%s.part", id);
	snprintf(f->name, sizeof f->name, "%s.cast.gz", id);
	int top = enter(AT_FDCWD, folder, e), y = top < 0 ? -1 : enter(top, year, e);
	f->folder = y < 0 ? -1 : enter(y, month, e);
	if (top >= 0)
		close(top);
	if (y >= 0)
		close(y);
	if (f->folder < 0)
		return ERR_IO;
	f->fd = openat(f->folder, f->part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (f->fd < 0)
		return err_set(e, ERR_IO, "cannot make the recording %s: %m", f->part);
	if (deflateInit2(&f->z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(e, ERR_NOMEM, "no memory for a recording");
	f->packing = true;
	crypto_hash_sha256_init(&f->sum);
	return 0;
}

static int write_all(struct record_file *f, const unsigned char *p, size_t n, struct err *e)
{
	crypto_hash_sha256_update(&f->sum, p, n);
	f->written += n;
	f->unsynced += n;
	while (n) {
		ssize_t done = write(f->fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return err_set(e, ERR_IO, "cannot write the recording: %m");
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

static int pack(struct record_file *f, struct slice text, int how, struct err *e)
{
	union { const char *in; unsigned char *out; } at = {text.p};
	f->z.next_in = at.out;
	f->z.avail_in = (uInt)text.n;
	do {
		f->z.next_out = f->out;
		f->z.avail_out = sizeof f->out;
		int rc = deflate(&f->z, how);
		if (rc == Z_STREAM_ERROR)
			return err_set(e, ERR_IO, "cannot pack the recording");
		int failed = write_all(f, f->out, sizeof f->out - f->z.avail_out, e);
		if (failed)
			return failed;
	} while (f->z.avail_out == 0);
	return 0;
}

int record_file_add(struct record_file *f, struct slice text, struct err *e)
{
	int rc = pack(f, text, Z_NO_FLUSH, e);
	return !rc && f->unsynced >= SYNC_BYTES ? record_file_flush(f, true, e) : rc;
}

int record_file_flush(struct record_file *f, bool sync, struct err *e)
{
	int rc = pack(f, SLICE_NONE, Z_SYNC_FLUSH, e);
	if (!rc && sync && f->unsynced) {
		if (fdatasync(f->fd))
			rc = err_set(e, ERR_IO, "the recording does not reach the disk: %m");
		f->unsynced = 0;
	}
	return rc;
}

int record_file_done(struct record_file *f, char hex[static 65], struct err *e)
{
	unsigned char sum[crypto_hash_sha256_BYTES];
	int rc = pack(f, SLICE_NONE, Z_FINISH, e);
	if (rc)
		return rc;
	if (fsync(f->fd))
		return err_set(e, ERR_IO, "the recording does not reach the disk: %m");
	if (renameat(f->folder, f->part, f->folder, f->name))
		return err_set(e, ERR_IO, "cannot name the recording %s: %m", f->name);
	if (fsync(f->folder))
		return err_set(e, ERR_IO, "the name of the recording does not reach the disk: %m");
	crypto_hash_sha256_final(&f->sum, sum);
	sodium_bin2hex(hex, 65, sum, sizeof sum);
	return 0;
}

void record_file_free(struct record_file *f)
{
	if (f->packing)
		deflateEnd(&f->z);
	if (f->fd >= 0)
		close(f->fd);
	if (f->folder >= 0)
		close(f->folder);
	f->fd = f->folder = -1;
	f->packing = false;
}
