/* below.c - files below the root that is read: never out of it, never a FIFO, a device or a socket.
 *
 * openat2(2) with RESOLVE_IN_ROOT where the kernel has it. Else the path is walked part by part, links taken apart by us. */
#include "snapshot/snapshot_private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RACES_MAX = 8 };

/* ---- without openat2 ------------------------------------------------------------------------------------------------------ */
struct walking {
	int stack[COLLECT_LINKS_MAX + 1]; /* folders from the root down; [0] is the root's, not ours to close */
	size_t depth;
	unsigned links;
	char rest[PATH_MAX];
};

static void pop_all(struct walking *w)
{
	while (w->depth)
		close(w->stack[w->depth--]);
}

/* The next part of what is left; false at the end. */
static bool next_part(struct walking *w, char name[static NAME_MAX + 1], bool *last)
{
	const char *p = w->rest + strspn(w->rest, "/");
	size_t n = strcspn(p, "/");
	if (!n || n > NAME_MAX)
		return false;
	memcpy(name, p, n);
	name[n] = 0;
	*last = p[n + strspn(p + n, "/")] == 0;
	memmove(w->rest, p + n, strlen(p + n) + 1);
	return true;
}

static int splice_link(struct walking *w, const char *name)
{
	char to[PATH_MAX], joined[PATH_MAX];
	ssize_t n = readlinkat(w->stack[w->depth], name, to, sizeof to - 1);
	if (n <= 0)
		return ENOENT;
	to[n] = 0;
	if (++w->links > COLLECT_LINKS_MAX)
		return ELOOP;
	int len = snprintf(joined, sizeof joined, "%s/%s", to, w->rest);
	if (len < 0 || (size_t)len >= sizeof joined)
		return ENAMETOOLONG;
	memcpy(w->rest, joined, (size_t)len + 1);
	if (to[0] == '/')
		pop_all(w);
	return 0;
}

/* One part further; -1 go on, else an errno, or 0 with *out. */
static int step(struct walking *w, bool link, int *out)
{
	char name[NAME_MAX + 1];
	struct stat st;
	bool last = true;
	if (!next_part(w, name, &last)) {
		if (w->rest[strspn(w->rest, "/")])
			return ENAMETOOLONG;
		*out = openat(w->stack[w->depth], ".", O_PATH | O_CLOEXEC);
		return *out < 0 ? errno : 0;
	}
	if (strcmp(name, ".") == 0)
		return -1;
	if (strcmp(name, "..") == 0) {
		if (w->depth)
			close(w->stack[w->depth--]);
		return -1;
	}
	int fd = openat(w->stack[w->depth], name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (fstat(fd, &st) == 0 && S_ISLNK(st.st_mode) && !(last && link)) {
		close(fd);
		int rc = splice_link(w, name);
		return rc ? rc : -1;
	}
	if (last) {
		*out = fd;
		return 0;
	}
	if (!S_ISDIR(st.st_mode) || w->depth == COLLECT_LINKS_MAX) {
		close(fd);
		return S_ISDIR(st.st_mode) ? ENAMETOOLONG : ENOTDIR;
	}
	w->stack[++w->depth] = fd;
	return -1;
}

static int walk_path(struct collector *c, const char *path, bool link)
{
	struct walking w = {.stack = {c->root}};
	int fd = -1, rc = -1;
	if (strlen(path) >= sizeof w.rest) {
		errno = ENAMETOOLONG;
		return -1;
	}
	snprintf(w.rest, sizeof w.rest, "%s", path);
	while (rc < 0)
		rc = step(&w, link, &fd);
	pop_all(&w);
	errno = rc;
	return rc ? -1 : fd;
}

/* ---- opening ---------------------------------------------------------------------------------------------------------------- */

static int open_in_root(struct collector *c, const char *path, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	long fd = -1;
	for (int i = 0; i < RACES_MAX; i++) { /* EAGAIN: something was renamed meanwhile */
		fd = syscall(SYS_openat2, c->root, path, &how, sizeof how);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return (int)fd;
}

int below_path(struct collector *c, const char *path, bool link)
{
	if (!c->no_openat2) {
		int fd = open_in_root(c, path, O_PATH | (link ? (uint64_t)O_NOFOLLOW : 0));
		if (fd >= 0 || (errno != ENOSYS && errno != EPERM && errno != EINVAL))
			return fd;
		c->no_openat2 = true;
	}
	return walk_path(c, path, link);
}

/* The thing behind an O_PATH descriptor, opened for reading: through /proc, or by its path once more when there is no /proc. */
static int reopen(struct collector *c, int fd, const char *path, int flags)
{
	char name[40];
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	int got = open(name, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (got < 0 && errno == ENOENT && !c->no_openat2)
		got = open_in_root(c, path, (uint64_t)(flags | O_NONBLOCK | O_NOCTTY));
	return got;
}

int below_open(struct collector *c, const char *path, bool folder, struct stat *st)
{
	struct stat now;
	int fd = below_path(c, path, false), got = -1, failed = 0;
	if (fd < 0)
		return -1;
	if (fstat(fd, st))
		failed = errno;
	else if (folder ? !S_ISDIR(st->st_mode) : !S_ISREG(st->st_mode))
		failed = folder ? ENOTDIR : EINVAL;
	else if ((got = reopen(c, fd, path, O_RDONLY | (folder ? O_DIRECTORY : 0))) < 0)
		failed = errno;
	else if (fstat(got, &now) || now.st_dev != st->st_dev || now.st_ino != st->st_ino)
		failed = EAGAIN; /* changed under our eyes */
	close(fd);
	if (failed && got >= 0)
		close(got);
	errno = failed;
	return failed ? -1 : got;
}

int below_stat(struct collector *c, const char *path, bool link, struct stat *st)
{
	int fd = below_path(c, path, link);
	if (fd < 0)
		return -1;
	int rc = fstat(fd, st), failed = errno;
	close(fd);
	errno = failed;
	return rc;
}

bool below_link(struct collector *c, const char *path, char to[static PATH_MAX])
{
	int fd = below_path(c, path, true);
	if (fd < 0)
		return false;
	ssize_t n = readlinkat(fd, "", to, PATH_MAX - 1);
	close(fd);
	if (n <= 0 || n >= PATH_MAX - 1)
		return false;
	to[n] = 0;
	return true;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------ */

/* Is it not there because a link on the way leads nowhere within the root? */
static bool dangling(struct collector *c, const char *path)
{
	char part[PATH_MAX];
	struct stat st;
	for (size_t i = 1; i <= strlen(path) && i < sizeof part; i++) {
		if (path[i] && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		if (below_stat(c, part, true, &st))
			return false;
		if (S_ISLNK(st.st_mode) && below_stat(c, part, false, &st))
			return true;
	}
	return false;
}

/* Names why something could not be opened; a thing that is simply not there is said by *gone alone. */
static void refused(struct collector *c, const char *path, const char *section, const char *account, int failed, bool *gone)
{
	struct stat st;
	if (failed == ENOENT || failed == ENOTDIR) {
		if (dangling(c, path))
			collect_missing(c, section, account, path, 0, "a symbolic link on the way leads to nothing within the root");
		else if (gone)
			*gone = true;
		return;
	}
	if (failed == EINVAL && below_stat(c, path, false, &st) == 0)
		collect_missing(c, section, account, path, 0, "not read: it is a %s", S_ISFIFO(st.st_mode) ? "FIFO" : S_ISSOCK(st.st_mode) ? "socket" : S_ISDIR(st.st_mode) ? "folder" : "device");
	else if (failed == EAGAIN)
		collect_missing(c, section, account, path, 0, "it changed while it was read");
	else
		collect_missing(c, section, account, path, 0, "%s", strerror(failed));
}

static bool read_all(struct collector *c, int fd, size_t most, struct buf *out, int *failed)
{
	char part[1 << 16];
	*failed = 0;
	while (out->n <= most && !collect_late(c)) {
		ssize_t n = read(fd, part, sizeof part);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			*failed = errno;
		if (n <= 0)
			return n == 0;
		buf_add(out, part, (size_t)n);
	}
	return false;
}

bool below_read(struct collector *c, const char *path, size_t most, const char *section, const char *account, struct buf *out, struct stat *st, bool *gone)
{
	struct stat mine;
	int failed;
	out->n = 0;
	if (gone)
		*gone = false;
	int fd = below_open(c, path, false, st ? st : &mine);
	if (fd < 0) {
		refused(c, path, section, account, errno, gone);
		return false;
	}
	bool whole = read_all(c, fd, most, out, &failed);
	close(fd);
	if (failed) {
		collect_missing(c, section, account, path, 0, "%s", strerror(failed));
		return false;
	}
	if (!whole) {
		ssize_t end = slice_rfind(slice_to(buf_slice(out), most), SL("\n"));
		out->n = end < 0 ? 0 : (size_t)end + 1;
		collect_missing(c, section, account, path, 0, "only the first %zu bytes were read of a file that is larger", out->n);
	}
	return true;
}

int below_folder(struct collector *c, const char *path, const char *section, const char *account, struct stat *st)
{
	bool gone = false;
	int fd = below_open(c, path, true, st);
	if (fd < 0 && errno == ENOTDIR && below_stat(c, path, false, st) == 0)
		collect_missing(c, section, account, path, 0, "no folder");
	else if (fd < 0)
		refused(c, path, section, account, errno, &gone);
	return fd;
}
