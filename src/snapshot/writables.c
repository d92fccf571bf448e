/* writables.c - what root (or another account) runs or reads as orders, and others may write: the file, or a folder on the way to it.
 *
 * A way is walked part by part as the kernel would, links included. A right is told when a concrete account of the machine has it: it can enter every folder above,
 * and may write the file, or may replace it in its folder (sticky folders: only who owns the file or the folder). A group without members gives nobody anything.
 * Not seen: chattr +i, mounts that are read-only, what SELinux or AppArmor forbid.
 */
#include "snapshot/access_private.h"
#include "snapshot/writables_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { PARTS_MOST = 64, ROWS_MOST = 20000 };

struct examiner {
	struct collector *c;
	struct access_people people;
	struct strtab *clean, *told;
	bool no_proc;
};
/* One question. */
struct question { struct slice used_as; int64_t uid; const char *used_by; };
/* The folders from the root down to where one is. */
struct way {
	struct access_node node[PARTS_MOST];
	size_t end[PARTS_MOST];   /* length of `path` at each */
	size_t n;
	char path[PATH_MAX];
};

static bool load(struct examiner *x, const char *path, struct access_node *n)
{
	char link[40], value[4 + 8 * ACL_MOST];
	struct stat st;
	int fd = below_path(x->c, path, true);
	if (fd < 0)
		return false;
	bool good = fstat(fd, &st) == 0;
	int failed = errno;
	*n = (struct access_node){.uid = st.st_uid, .gid = st.st_gid, .mode = st.st_mode};
	if (good && !S_ISLNK(st.st_mode) && !x->no_proc) {
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		ssize_t got = getxattr(link, "system.posix_acl_access", value, sizeof value);
		if (got > 0 && !acl_parse(slice_make(value, (size_t)got), n))
			n->nacl = 0;
		if (got > 0 && !n->nacl)
			collect_missing(x->c, "writable", NULL, path, 0, "its access control list cannot be understood");
	}
	close(fd);
	errno = failed;
	return good;
}

/* Can `who` come as far as the folder of `way` whose index is `upto`? */
static bool enters(const struct way *w, size_t upto, const struct access_who *who)
{
	for (size_t i = 0; i < upto; i++)
		if (!access_may(&w->node[i], who, ACCESS_ENTER))
			return false;
	return true;
}

/* The right to change an object: its owner can always give it to himself. */
static bool changes(const struct access_node *n, const struct access_who *who, unsigned want)
{
	return (who->uid >= 0 && who->uid == n->uid) || access_may(n, who, want);
}

/* May `who` replace the entry (owner -1: it is not there) in the last folder of the way? */
static bool replaces(const struct way *w, const struct access_who *who, int64_t owner)
{
	const struct access_node *f = &w->node[w->n - 1];
	if (!enters(w, w->n - 1, who) || !changes(f, who, ACCESS_WRITE | ACCESS_ENTER))
		return false;
	bool sticky = f->mode & S_ISVTX;
	return !sticky || owner < 0 || who->uid == f->uid || who->uid == owner;
}

struct target { const struct way *w; const struct access_node *file; int64_t owner; }; /* file NULL: the folder */

static bool may(const struct target *t, const struct access_who *who)
{
	if (!t->file)
		return replaces(t->w, who, t->owner);
	return enters(t->w, t->w->n, who) && changes(t->file, who, ACCESS_WRITE);
}

static void tell(struct examiner *x, const struct question *q, const char *path, bool folder, struct slice by)
{
	const char *key = collect_path(x->c, "%s\n%.*s\n%.*s", path, SLFMT(by), SLFMT(q->used_as));
	if (x->c->s->nwritables >= ROWS_MOST || strtab_find(x->told, slice_of(key)) != UINT32_MAX)
		return;
	strtab_put(x->told, slice_of(key));
	struct snap_writable *r = collect_row(x->c, SNAP_K_writable);
	*r = (struct snap_writable){.at = collect_at(x->c, path, 0), .by = collect_text(x->c, by), .used_as = collect_text(x->c, q->used_as), .used_by = collect_textz(x->c, q->used_by),
				    .folder = folder ? SNAP_YES : SNAP_NO};
}

static bool in_group(const struct access_who *w, int64_t gid)
{
	for (size_t i = 0; i < w->ngroups; i++)
		if (w->groups[i] == gid)
			return true;
	return false;
}

/* All of a group (gid -1: all accounts), but for root and whose account it is anyway? The mode's bits can exclude some of those that others' bits let in. */
static bool all_may(const struct examiner *x, const struct question *q, const struct target *t, int64_t gid)
{
	for (size_t i = 0; i < x->people.n; i++) {
		const struct access_who *w = &x->people.v[i].who;
		if (w->uid != 0 && w->uid != q->uid && (gid < 0 || in_group(w, gid)) && !may(t, w))
			return false;
	}
	return true;
}

/* By which of their groups, or by themselves. */
static struct slice reason(struct examiner *x, const struct question *q, const struct target *t, const struct person *p)
{
	for (size_t i = 0; i < p->who.ngroups; i++) {
		struct access_who one = {-1, &p->who.groups[i], 1};
		if (may(t, &one) && all_may(x, q, t, p->who.groups[i]))
			return slice_of(collect_path(x->c, "group:%.*s", SLFMT(collect_group(x->c, p->who.groups[i]))));
	}
	return slice_of(collect_path(x->c, "user:%.*s", SLFMT(p->name)));
}

static void judge(struct examiner *x, const struct question *q, const struct target *t, const char *path)
{
	struct access_who anybody = {-1, NULL, 0};
	if (may(t, &anybody) && all_may(x, q, t, -1)) {
		tell(x, q, path, !t->file, SL("everybody"));
		return;
	}
	for (size_t i = 0; i < x->people.n; i++) {
		const struct person *p = &x->people.v[i];
		if (p->who.uid != 0 && p->who.uid != q->uid && may(t, &p->who))
			tell(x, q, path, !t->file, reason(x, q, t, p));
	}
}

/* Nobody but root and the account itself: seen at a glance. */
static bool plain(const struct access_node *n, int64_t uid)
{
	return (n->uid == 0 || n->uid == uid) && !n->nacl && !(n->mode & (S_IWGRP | S_IWOTH));
}

static void ask_folder(struct examiner *x, const struct question *q, struct way *w, int64_t owner)
{
	struct target t = {w, NULL, owner};
	if (plain(&w->node[w->n - 1], q->uid))
		return;
	const char *path = collect_path(x->c, "%.*s", (int)MAX(w->end[w->n - 1], (size_t)1), w->n > 1 ? w->path : "/");
	judge(x, q, &t, path);
}

static void start(struct examiner *x, struct way *w)
{
	w->n = 0;
	w->path[0] = '\0';
	if (load(x, "/", &w->node[0])) {
		w->end[0] = 0;
		w->n = 1;
	}
}

/* What is behind a link: `rest` becomes its text and what was left. False: too long. */
static bool follow(struct examiner *x, struct way *w, const char *path, char rest[static PATH_MAX])
{
	char to[PATH_MAX], joined[PATH_MAX];
	if (!below_link(x->c, path, to))
		return false;
	int n = snprintf(joined, sizeof joined, "%s/%s", to, rest);
	if (n < 0 || (size_t)n >= sizeof joined)
		return false;
	memcpy(rest, joined, (size_t)n + 1);
	if (to[0] == '/')
		start(x, w);
	return w->n > 0;
}

/* One part of the way. False: it ends here. */
static bool part(struct examiner *x, const struct question *q, struct way *w, char rest[static PATH_MAX], bool *folder_wanted, int *links)
{
	char path[PATH_MAX];
	struct access_node n;
	const char *p = rest + strspn(rest, "/");
	size_t len = strcspn(p, "/"), base = w->end[w->n - 1];
	if (!len) {
		if (*folder_wanted)
			ask_folder(x, q, w, -1);
		return false;
	}
	int written = snprintf(path, sizeof path, "%.*s/%.*s", (int)base, w->path, (int)len, p);
	memmove(rest, p + len, strlen(p + len) + 1);
	if (written < 0 || (size_t)written >= sizeof path)
		return false;
	if (len == 1 && path[written - 1] == '.' && path[written - 2] == '/')
		return true;
	if (strcmp(path + base, "/..") == 0) {
		w->n -= w->n > 1;
		return true;
	}
	bool there = load(x, path, &n);
	if (!there && errno != ENOENT)
		return false;
	ask_folder(x, q, w, there ? n.uid : -1);
	if (!there)
		return false;
	if (S_ISLNK(n.mode))
		return ++*links <= COLLECT_LINKS_MAX && follow(x, w, path, rest);
	if (S_ISDIR(n.mode)) {
		if (w->n == PARTS_MOST)
			return false;
		memcpy(w->path, path, (size_t)written + 1);
		w->end[w->n] = (size_t)written;
		w->node[w->n++] = n;
		return true;
	}
	struct target t = {w, &n, n.uid};
	if (S_ISREG(n.mode) && !rest[strspn(rest, "/")] && !plain(&n, q->uid))
		judge(x, q, &t, path);
	return false;
}

static void examine(struct examiner *x, struct slice path, bool folder, const struct question *q)
{
	char rest[PATH_MAX];
	int links = 0;
	if (path.n < 2 || path.p[0] != '/' || path.n >= sizeof rest || memchr(path.p, 0, path.n) || collect_late(x->c))
		return;
	memcpy(rest, path.n ? path.p : "", path.n);
	rest[path.n] = '\0';
	struct way *w = xmalloc(sizeof *w); /* too large for the stack */
	start(x, w);
	while (w->n && part(x, q, w, rest, &folder, &links))
		;
	free(w);
}

/* ---- the question for those who ask (writables_what.c) ------------------------------------------------------------------------ */
void examine_path(struct examiner *x, struct slice path, bool folder, struct slice used_as, const char *used_by)
{
	const struct snap_account *a = collect_account(x->c, used_as);
	struct question q = {used_as, slice_eqz(used_as, "root") ? 0 : a ? a->uid : -1, used_by};
	if (q.uid < 0)
		return;
	const char *key = collect_path(x->c, "%.*s\n%d\n%lld", SLFMT(path), folder, (long long)q.uid);
	if (strtab_find(x->clean, slice_of(key)) != UINT32_MAX)
		return; /* asked before: what there was to tell is told */
	strtab_put(x->clean, slice_of(key));
	examine(x, path, folder, &q);
}

struct collector *examiner_collector(struct examiner *x)
{
	return x->c;
}

int collect_writables(struct collector *c)
{
	struct stat st;
	struct examiner x = {.c = c, .clean = strtab_new(), .told = strtab_new(), .no_proc = stat("/proc/self/fd", &st) != 0};
	if (x.no_proc)
		collect_missing(c, "writable", NULL, NULL, 0, "access control lists: there is no /proc");
	if (snapshot_is_missing(c->s, "account") || snapshot_is_missing(c->s, "group"))
		collect_missing(c, "writable", NULL, NULL, 0, "not all accounts and groups are known");
	access_people(c->s, &x.people);
	writables_what(&x);
	access_people_free(&x.people);
	strtab_free(x.clean);
	strtab_free(x.told);
	return 0;
}
