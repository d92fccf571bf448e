/* audit_kept.c - postern audit: results are kept in the state, so that the next one can say what has changed. */
#include "cmd/audit.h"
#include "cmd/posture_kept.h"
#include "cmd/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 256 << 20, HISTORY_MAX = 60 };

static bool read_fd(int fd, const char *path, struct buf *out)
{
	char chunk[65536];
	ssize_t n;
	while ((n = read(fd, chunk, sizeof chunk)) > 0 && out->n <= FILE_MAX)
		buf_add(out, chunk, (size_t)n);
	if (n < 0)
		complain("%s: %s", path, strerror(errno));
	else if (out->n > FILE_MAX)
		complain("%s: more than 256 MB", path);
	return n == 0;
}

bool audit_read(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool ok = fd >= 0;
	if (!ok)
		complain("%s: %s", path, strerror(errno));
	ok = ok && read_fd(fd, path, out);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Of one host its own file, of several one for all. Names of hosts are letters, digits, dot and dash; anything else is not used as a file's name. */
static void name_of(const struct posture *p, char out[static 300])
{
	bool plain = p->nhosts == 1 && p->hosts[0].n && p->hosts[0].n < 250 && p->hosts[0].p[0] != '.';
	for (size_t i = 0; plain && i < p->hosts[0].n; i++) {
		char c = p->hosts[0].p[i];
		plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
	}
	if (plain)
		snprintf(out, 300, "host-%.*s.json", SLFMT(p->hosts[0]));
	else
		snprintf(out, 300, "several.json");
}

/* The folder, opened without following a link; one that others may write is not believed. -1: none (errno), or a message and EPERM. */
static int folder_open(const char *path, bool make)
{
	struct stat st;
	if (make && mkdir(path, 0700) && errno != EEXIST)
		return -1;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & 022))
		return fd;
	close(fd);
	complain("%s belongs to somebody else, or others may write it", path);
	errno = EPERM;
	return -1;
}

struct posture_before *audit_kept(const struct args *a, const struct posture *p, bool *failed)
{
	char path[4096], name[300];
	struct buf text = {0};
	struct err e;
	struct posture_before *b = NULL;
	*failed = false;
	if (!state_file(a, "audit", path, sizeof path))
		return NULL;
	int dir = access(path, F_OK) ? -1 : folder_open(path, false);
	if (dir < 0)
		return NULL;
	name_of(p, name);
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0) {
		b = read_fd(fd, name, &text) ? posture_before_read(buf_slice(&text), name, &e) : NULL;
		*failed = !b;
		if (!b)
			complain("%s/%s: what was kept cannot be read, so what has changed is not known", path, name);
		close(fd);
	}
	close(dir);
	buf_free(&text);
	return b;
}

bool audit_keep(const struct args *a, const struct posture *p)
{
	char path[4096], name[300], tmp[320];
	struct buf out = {0};
	if (!state_file(a, "audit", path, sizeof path))
		return false;
	int dir = folder_open(path, true);
	name_of(p, name);
	snprintf(tmp, sizeof tmp, ".%s.new", name);
	int fd = dir < 0 ? -1 : openat(dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	posture_json(p, NULL, &out);
	bool ok = fd >= 0 && fd_write(fd, buf_slice(&out)) && fsync(fd) == 0 && renameat(dir, tmp, dir, name) == 0 && fsync(dir) == 0;
	if (!ok)
		complain("cannot keep the result in %s: %s", path, strerror(errno));
	ok = ok && posture_keep(a, "audit", p->nhosts == 1 ? p->hosts[0] : SLICE_NONE, p->now, HISTORY_MAX, buf_slice(&out));
	buf_free(&out);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	return ok;
}
