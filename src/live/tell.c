/* tell.c - from names to files: which belong together, which are new, renamed, gone; opening them.
 *
 * Renames are told before new files, these oldest first, and gone ones last: whoever decides must know under which names its files are
 * when another one takes a name.
 */
#include "live/find_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 4096 };

struct member {
	struct rotation r;
	uint32_t file;
};

/* ---- names ----------------------------------------------------------------------------------------------------------- */
void file_remove(struct live_finder *f, uint32_t index)
{
	struct file *file = &f->files.v[index];
	struct key k = inode_key(file->dev, file->ino, 0, 0);
	if (file->wd >= 0) {
		inotify_rm_watch(f->fd, file->wd);
		lru_del(f->file_watch, wd_key(&file->wd));
	}
	lru_del(f->by_inode, key_slice(&k));
	free(file->name);
	free(file->path);
	free(file->set);
	free(file->host);
	free(file->other);
	*file = (struct file){.dir = NONE, .other_dir = NONE, .wd = -1};
	*vec_push(&f->free_files) = index;
}

static bool is_lost(const struct live_finder *f, const struct file *file)
{
	const struct dir *d = &f->dirs.v[file->dir];
	return file->seen != f->step && (!d->path || d->scanned == f->step);
}

/* The name it was known by is not there any more: another one that was met, or none. */
static void settle_names(struct live_finder *f)
{
	for (uint32_t i = 0; i < f->files.n; i++) {
		struct file *file = &f->files.v[i];
		if (!file->number || !is_lost(f, file) || file->other_seen != f->step)
			continue;
		free(file->name);
		file->name = file->other;
		file->other = NULL;
		file->dir = file->other_dir;
		file->seen = f->step;
		file->link = file->other_link;
	}
}

static void set_text(char **to, const char *text, bool *changed)
{
	if (*to && strcmp(*to, text) == 0)
		return;
	free(*to);
	*to = xstrndup(text, strlen(text));
	*changed = true;
}

static void name_file(const struct live_finder *f, struct file *file, const struct rotation *r, unsigned order)
{
	const struct dir *d = &f->dirs.v[file->dir];
	const char *slash = d->path[d->npath - 1] == '/' ? "" : "/";
	struct slice stem = r->stem.n ? r->stem : SL("*"); /* "2026-05-04.log" has no other name */
	char *text = NULL;
	if (asprintf(&text, "%s%s%s", d->path, slash, file->name) < 0)
		core_oom();
	set_text(&file->path, text, &file->changed);
	free(text);
	if (file->spool)
		text = xstrndup(d->path, d->npath);
	else if (asprintf(&text, "%s%s%.*s%.*s", d->path, slash, SLFMT(stem), SLFMT(r->ext)) < 0)
		core_oom();
	set_text(&file->set, text, &file->changed);
	free(text);
	struct slice host = file->spool ? SLICE_NONE : host_of_path(slice_of(file->path), SLICE_NONE);
	free(file->host);
	file->host = xstrndup(host.n ? host.p : "", host.n);
	file->changed = file->changed || file->order != order;
	file->order = order;
}

static int member_cmp(const void *pa, const void *pb)
{
	const struct member *a = pa, *b = pb;
	int c = rotation_base_cmp(&a->r, &b->r);
	if (c == 0)
		c = rotation_when_cmp(&a->r, &b->r);
	if (c == 0 && a->r.packed != b->r.packed)
		c = a->r.packed ? 1 : -1;
	return c ? c : (a->file > b->file) - (a->file < b->file);
}

static void rotation_of(const struct file *file, struct rotation *r)
{
	uint64_t number;
	struct slice name = slice_of(file->name);
	if (!file->spool) {
		rotation_parse(name, r);
		return;
	}
	*r = (struct rotation){.stem = SL("spool"), .class = ROTATION_NUMBERED};
	if (slice_u64(slice_to(name, name.n - 4), INT64_MAX, &number))
		r->key = (int64_t)number;
}

struct members {
	struct member *v;
	size_t n, cap;
};

/* The files of a folder in order: sets together, oldest first, each with its place in the set. */
static void order_folder(struct live_finder *f, uint32_t dir, struct members *m)
{
	size_t end;
	m->n = 0;
	for (size_t i = 0; i < f->dirs.v[dir].names.n; i++) {
		const struct name_entry *e = &f->dirs.v[dir].names.v[i];
		struct file *file = &f->files.v[e->file];
		if (!file->number || file->dir != dir || strcmp(file->name, e->name) != 0)
			continue;
		struct member *one = vec_push(m);
		one->file = e->file;
		rotation_of(file, &one->r);
	}
	if (m->n)
		qsort(m->v, m->n, sizeof *m->v, member_cmp);
	for (size_t i = 0; i < m->n; i = end) {
		for (end = i + 1; end < m->n && rotation_base_cmp(&m->v[i].r, &m->v[end].r) == 0;)
			end++;
		for (size_t k = i; k < end; k++)
			name_file(f, &f->files.v[m->v[k].file], &m->v[k].r, (unsigned)(end - 1 - k));
	}
}

/* ---- opening --------------------------------------------------------------------------------------------------------- */
static struct live_file describe(const struct file *file)
{
	return (struct live_file){.path = slice_of(file->path), .set = slice_of(file->set), .host = slice_of(file->host), .dev = file->dev,
		.ino = file->ino, .size = file->size, .mtime = file->mtime, .order = file->order, .packed = file->packed, .records = file->records,
		.spool = file->spool};
}

static nstime real_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (nstime)ts.tv_sec * NS_SEC + ts.tv_nsec;
}

/* gzip, xz and cp write for a while: half a file would be taken for another one. What is only just being made under a rotated name waits
 * until it is closed or rests, unless there is enough to know it by. */
static bool is_being_made(const struct live_finder *f, const struct file *file)
{
	struct rotation r;
	rotation_parse(slice_of(file->name), &r);
	if (file->spool || file->closed || (!r.packed && (file->order == 0 || file->size >= LIVE_HEAD)))
		return false;
	nstime age = real_now() - file->mtime; /* each write sets it; a rename does not */
	return age >= 0 && age < f->rest;
}

/* The descriptor of a file as it was found, or -1. Access times of evidence are left alone where that is allowed. */
static int open_file(struct live_finder *f, const struct file *file, int dirfd)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (file->link ? 0 : O_NOFOLLOW);
	struct stat st;
	int fd = openat(dirfd, file->name, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = openat(dirfd, file->name, flags);
	if (fd < 0) {
		if (errno != ENOENT && errno != ELOOP)
			find_problem(f, file->path, "%s", strerrordesc_np(errno));
		return -1;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_dev == file->dev && st.st_ino == file->ino)
		return fd;
	close(fd); /* renamed this moment: the next look will find it */
	f->waiting = true;
	return -1;
}

static bool look_at(struct live_finder *f, struct file *file, int fd)
{
	char head[HEAD];
	const char *what = "";
	ssize_t n = pread(fd, head, sizeof head, 0);
	if (n < 0) {
		find_problem(f, file->path, "%s", strerrordesc_np(errno));
		return false;
	}
	enum source_form form = file->spool ? FORM_TEXT : source_form(slice_of(file->name), slice_make(head, (size_t)n), &what);
	file->packed = form == FORM_PACKED;
	file->records = form == FORM_RECORDS;
	if (form == FORM_TEXT || form == FORM_PACKED || form == FORM_RECORDS)
		return true;
	find_problem(f, file->path, "%s", what);
	return false;
}

static void watch_link(struct live_finder *f, uint32_t index, int fd)
{
	struct file *file = &f->files.v[index];
	char proc[64];
	if (!file->link || file->wd >= 0)
		return;
	snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
	file->wd = inotify_add_watch(f->fd, proc, IN_MODIFY);
	if (file->wd >= 0)
		*(uint32_t *)lru_put(f->file_watch, wd_key(&file->wd), NULL) = index;
}

/* A file that was not told of yet: is it time, and is it a log? */
static void try_file(struct live_finder *f, uint32_t index, int *dirfd)
{
	struct file *file = &f->files.v[index];
	if (file->state == FILE_FOUND || (file->state == FILE_REFUSED && file->size >= file->refused_at && file->refused_at >= HEAD))
		return;
	if (file->state == FILE_REFUSED && file->size == file->refused_at)
		return;
	if (file->size == 0)
		return; /* nothing to know it by; it is looked at again when it is written */
	if (is_being_made(f, file)) {
		f->waiting = true;
		file->made = true;
		return;
	}
	file->made = false;
	if (*dirfd < 0)
		*dirfd = dir_open(f, &f->dirs.v[file->dir]);
	int fd = *dirfd < 0 ? -1 : open_file(f, file, *dirfd);
	if (fd < 0)
		return;
	if (!look_at(f, file, fd)) {
		file->state = FILE_REFUSED;
		file->refused_at = file->size;
		close(fd);
		return;
	}
	file->state = FILE_FOUND;
	file->changed = false;
	watch_link(f, index, fd);
	struct live_file told = describe(file);
	f->calls.found(f->calls.arg, file->number, &told, fd);
}

/* ---- telling --------------------------------------------------------------------------------------------------------- */
static void tell_renamed(struct live_finder *f, const struct members *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct file *file = &f->files.v[m->v[i].file];
		if (!file->changed || file->state != FILE_FOUND)
			continue;
		file->changed = false;
		struct live_file told = describe(file);
		f->calls.renamed(f->calls.arg, file->number, &told);
	}
}

static void tell_gone(struct live_finder *f)
{
	for (uint32_t i = 0; i < f->files.n; i++) {
		struct file *file = &f->files.v[i];
		if (!file->number || !is_lost(f, file))
			continue;
		if (file->state == FILE_FOUND)
			f->calls.gone(f->calls.arg, file->number);
		file_remove(f, i);
	}
}

static void tell_grown(struct live_finder *f)
{
	for (size_t i = 0; i < f->grown.n; i++) {
		struct file *file = &f->files.v[f->grown.v[i]];
		if (file->number && file->grew && file->state == FILE_FOUND)
			f->calls.grew(f->calls.arg, file->number);
		file->grew = false;
	}
	f->grown.n = 0;
}

void file_grew(struct live_finder *f, uint32_t index)
{
	if (f->files.v[index].grew)
		return;
	f->files.v[index].grew = true;
	*vec_push(&f->grown) = index;
}

/* Oldest first. After the start nobody knows how far an older file that is only just being packed was read: newer ones of its log wait for it. */
static void try_folder(struct live_finder *f, const struct members *m, int *dirfd)
{
	const char *held = NULL;
	for (size_t k = 0; k < m->n; k++) {
		struct file *file = &f->files.v[m->v[k].file];
		if (held && file->state == FILE_WAITS && strcmp(file->set, held) == 0) {
			f->waiting = true;
			continue;
		}
		try_file(f, m->v[k].file, dirfd);
		file = &f->files.v[m->v[k].file];
		held = file->made && file->state == FILE_WAITS && finder_clock() - f->began < FINDER_FIRST ? file->set : NULL;
	}
}

static void tell_names(struct live_finder *f)
{
	struct members m = {0};
	settle_names(f);
	for (uint32_t i = 0; i < f->dirs.n; i++) {
		if (!f->dirs.v[i].path || f->dirs.v[i].scanned != f->step)
			continue;
		order_folder(f, i, &m);
		tell_renamed(f, &m);
	}
	for (uint32_t i = 0; i < f->dirs.n; i++) {
		int dirfd = -1;
		if (!f->dirs.v[i].path || f->dirs.v[i].scanned != f->step)
			continue;
		order_folder(f, i, &m);
		try_folder(f, &m, &dirfd);
		if (dirfd >= 0)
			close(dirfd);
	}
	free(m.v);
	tell_gone(f);
}

void tell_all(struct live_finder *f)
{
	if (f->scanned)
		tell_names(f);
	f->scanned = false;
	tell_grown(f);
}
