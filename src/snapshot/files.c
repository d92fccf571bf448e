/* files.c - setuid and setgid programs and those with capabilities, on the local file systems of the root.
 *
 * Left out, because they give nobody a right: what lies behind a folder that root alone may enter, file systems mounted nosuid (of the running machine), scripts (the
 * kernel ignores the bits there). Not looked at: network file systems, which are named.
 */
#include "snapshot/snapshot_private.h"
#include "snapshot/sshdconf.h"
#include "snapshot/system_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { ENTRIES_MAX = 4000000, FOLDERS_MAX = 400000, ROWS_MAX = 20000, NOSUID = 2 /* ST_NOSUID of statfs(2) */ };

/* Nothing of a file in these, or of another machine. */
static const struct { long type; const char *net; } skipped[] = {
	{0x9fa0, NULL}, {0x62656572, NULL}, {0x1cd1, NULL}, {0x27e0eb, NULL}, {0x63677270, NULL}, {0x64626720, NULL}, {0x74726163, NULL}, {0x73636673, NULL}, {0xcafe4a11, NULL},
	{0x62656570, NULL}, {0x187, NULL}, {0x19800202, NULL}, {0x6969, "NFS"}, {0x517b, "SMB"}, {0xff534d42, "CIFS"}, {0xfe534d42, "SMB"}, {0x01021997, "9P"}, {0x65735546, "FUSE"},
	{0x5346414f, "AFS"}, {0x73757245, "Coda"}, {0x00c36400, "Ceph"},
};

struct look {
	struct collector *c;
	struct snap_vec stack;          /* folders to look into */
	dev_t device;                   /* of the folder looked at last, whose file system was judged */
	bool judged, good;
	size_t entries;
	int64_t until;
	bool full, no_proc;
	struct snap_vec nosuid;         /* where a root that does not run has file systems mounted so, by its fstab */
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool over(struct look *l, const char *path)
{
	if (!l->full && (l->entries >= ENTRIES_MAX || now_ms() >= l->until)) {
		l->full = true;
		collect_missing(l->c, "file", NULL, path, 0, "from here on not looked at: %s", l->entries >= ENTRIES_MAX ? "too many files" : "it took too long");
	}
	return l->full;
}

static bool file_system(struct look *l, int fd, const char *path, dev_t device)
{
	struct statfs f;
	if (l->judged && device == l->device)
		return l->good;
	l->judged = true;
	l->device = device;
	l->good = true;
	if (fstatfs(fd, &f))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(skipped); i++)
		if ((unsigned long)f.f_type == (unsigned long)skipped[i].type) {
			l->good = false;
			if (skipped[i].net)
				collect_missing(l->c, "file", NULL, path, 0, "not looked into: %s", skipped[i].net);
		}
	if (l->c->live && (f.f_flags & NOSUID))
		l->good = false;
	return l->good;
}

/* Nobody but root comes in. */
static bool closed(const struct stat *st)
{
	return st->st_uid == 0 && !(st->st_mode & S_IXOTH) && (!(st->st_mode & S_IXGRP) || st->st_gid == 0);
}

static bool is_script(int folder, const char *name)
{
	char begin[2] = "";
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, begin, 2);
	close(fd);
	return n == 2 && begin[0] == '#' && begin[1] == '!';
}

/* The folder above that lets in the fewest; of several the nearest to the file. */
static struct slice through(struct look *l, const char *path)
{
	char part[PATH_MAX];
	struct stat st;
	snprintf(part, sizeof part, "%s", path);
	for (char *end = strrchr(part, '/'); end && end != part; end = strrchr(part, '/')) {
		*end = '\0';
		if (below_stat(l->c, part, false, &st) || (st.st_mode & S_IXOTH))
			continue;
		bool group = st.st_mode & S_IXGRP && st.st_gid != 0;
		struct slice name = group ? collect_group(l->c, st.st_gid) : collect_user(l->c, st.st_uid);
		return collect_text(l->c, slice_of(collect_path(l->c, "%s:%.*s", group ? "group" : "user", SLFMT(name))));
	}
	return SLICE_NONE;
}

static void row(struct look *l, const char *path, const struct stat *st, const char *kind, struct slice capabilities)
{
	if (l->c->s->nfiles >= ROWS_MAX)
		return;
	struct snap_file *f = collect_row(l->c, SNAP_K_file);
	*f = (struct snap_file){.at = collect_at(l->c, path, 0), .kind = slice_of(kind), .owner = collect_text(l->c, collect_user(l->c, st->st_uid)),
				.group = collect_text(l->c, collect_group(l->c, st->st_gid)), .capabilities = capabilities, .mode = st->st_mode & 07777, .uid = st->st_uid, .gid = st->st_gid,
				.copy_of = strcmp(kind, "setgid") ? copy_of(l->c, path, st) : SLICE_NONE, .through = through(l, path)};
}

static void capability(struct look *l, int folder, const char *name, const char *path, const struct stat *st)
{
	char link[PATH_MAX], value[64];
	struct slice text;
	int n = snprintf(link, sizeof link, "/proc/self/fd/%d/%s", folder, name);
	if (l->no_proc || n < 0 || (size_t)n >= sizeof link)
		return;
	ssize_t got = lgetxattr(link, "security.capability", value, sizeof value);
	if (got < 0 && (errno == ENODATA || errno == EOPNOTSUPP || errno == ENOENT || errno == EACCES || errno == EPERM))
		return;
	if (got < 0 || !capability_text(l->c->s, slice_make(value, (size_t)got), &text))
		collect_missing(l->c, "file", NULL, path, 0, "its capabilities cannot be understood");
	else if (text.n)
		row(l, path, st, "capability", text);
}

static void regular(struct look *l, int folder, const char *parent, const char *name)
{
	struct stat st;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return;
	bool suid = st.st_mode & S_ISUID, sgid = (st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP);
	const char *path = NULL;
	char joined[PATH_MAX];
	int n = snprintf(joined, sizeof joined, "%s/%s", strcmp(parent, "/") ? parent : "", name);
	if (n < 0 || (size_t)n >= sizeof joined)
		return;
	path = joined;
	capability(l, folder, name, path, &st);
	if ((!suid && !sgid) || is_script(folder, name))
		return;
	if (suid)
		row(l, path, &st, "setuid", SLICE_NONE);
	if (sgid)
		row(l, path, &st, "setgid", SLICE_NONE);
}

static void read_fstab(struct look *l)
{
	struct buf b = {0};
	struct slice line, word[4];
	if (!below_read(l->c, "/etc/fstab", 1 << 20, "file", NULL, &b, NULL, NULL))
		return;
	struct slice text = buf_slice(&b);
	while (next_line(&text, &line)) {
		size_t n = 0;
		while (n < ARRAY_LEN(word) && slice_word(&line, &word[n]))
			n++;
		if (n == ARRAY_LEN(word) && word[0].p[0] != '#' && word[1].n > 1 && sshd_pattern_list(SL("nosuid"), word[3], false))
			*vec_push(&l->nosuid) = slice_of(collect_path(l->c, "%.*s", SLFMT(word[1])));
	}
	buf_free(&b);
}

static bool mounted_nosuid(const struct look *l, const char *path)
{
	struct slice p = slice_of(path);
	for (size_t i = 0; i < l->nosuid.n; i++)
		if (slice_starts(p, l->nosuid.v[i]) && (p.n == l->nosuid.v[i].n || p.p[l->nosuid.v[i].n] == '/'))
			return true;
	return false;
}

static void folder(struct look *l, const char *path)
{
	struct stat st;
	int fd = below_open(l->c, path, true, &st);
	if (fd < 0) {
		if (errno != ENOENT)
			collect_missing(l->c, "file", NULL, path, 0, "%s", strerror(errno));
		return;
	}
	DIR *d = (strcmp(path, "/") && closed(&st)) || mounted_nosuid(l, path) || !file_system(l, fd, path, st.st_dev) ? NULL : fdopendir(fd);
	if (!d) {
		close(fd);
		return;
	}
	for (struct dirent *e = readdir(d); e && !over(l, path); e = readdir(d)) {
		struct stat s;
		unsigned char type = e->d_type;
		l->entries++;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (type == DT_UNKNOWN && fstatat(fd, e->d_name, &s, AT_SYMLINK_NOFOLLOW) == 0)
			type = S_ISDIR(s.st_mode) ? DT_DIR : S_ISREG(s.st_mode) ? DT_REG : DT_LNK;
		if (type == DT_REG)
			regular(l, fd, path, e->d_name);
		else if (type == DT_DIR && l->stack.n < FOLDERS_MAX && strlen(path) + strlen(e->d_name) + 2 < PATH_MAX) {
			char *copy = xmalloc(strlen(path) + strlen(e->d_name) + 2);
			int n = snprintf(copy, strlen(path) + strlen(e->d_name) + 2, "%s/%s", strcmp(path, "/") ? path : "", e->d_name);
			*vec_push(&l->stack) = slice_make(copy, (size_t)n);
		}
	}
	closedir(d);
}

static int by_path(const void *a, const void *b)
{
	const struct snap_file *x = a, *y = b;
	int c = slice_cmp(x->at.file, y->at.file);
	return c ? c : slice_cmp(x->kind, y->kind);
}

int collect_files(struct collector *c)
{
	struct stat st;
	struct look l = {.c = c, .until = now_ms() + MAX(c->until - now_ms(), (int64_t)0) / 2}; /* half of the time is others' */
	l.no_proc = stat("/proc/self/fd", &st) != 0;
	if (l.no_proc)
		collect_missing(c, "file", NULL, NULL, 0, "capabilities of files: there is no /proc");
	if (!c->live)
		read_fstab(&l);
	char *first = xstrndup("/", 1);
	*vec_push(&l.stack) = slice_make(first, 1);
	while (l.stack.n) {
		struct slice path = l.stack.v[--l.stack.n];
		if (!over(&l, path.p))
			folder(&l, path.p);
		free((char *)(uintptr_t)path.p);
	}
	vec_free(&l.stack);
	vec_free(&l.nosuid);
	if (c->s->nfiles)
		qsort(c->s->files, c->s->nfiles, sizeof *c->s->files, by_path);
	return 0;
}
