/* find.c - the finder: what inotify says, and which folders are to be looked into because of it. */
#include "live/find_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 64 << 10, TOLD_MAX = 4096, CLOSED_MAX = 256 };
#define REST (2 * NS_SEC)
#define RETRY (NS_SEC / 5) /* files that are being made are looked at again */

void find_problem(struct live_finder *f, const char *path, const char *fmt, ...)
{
	char text[400];
	bool fresh;
	struct key k;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	uint64_t hash[2] = {hash_bytes(path, strlen(path)), hash_bytes(text, strlen(text))};
	key_init(&k);
	key_add(&k, slice_make((const char *)hash, sizeof hash));
	lru_put(f->told, key_slice(&k), &fresh);
	if (fresh && f->calls.problem)
		f->calls.problem(f->calls.arg, slice_of(path), text);
}

static void forget_closed(struct live_finder *f)
{
	for (size_t i = 0; i < f->closed.n; i++)
		free(f->closed.v[i].name);
	f->closed.n = 0;
}

static void add_root(struct live_finder *f, struct slice path, bool spool)
{
	struct root *r = vec_push(&f->roots);
	struct slice part;
	*r = (struct root){.parts = arena_alloc(&f->mem, (path.n + 1) * sizeof *r->parts), .spool = spool};
	path = slice_dup(&f->mem, path);
	while (path.n) {
		if (!slice_cut(&path, '/', &part)) {
			part = path;
			path.n = 0;
		}
		if (part.n && !slice_eq(part, SL(".")))
			r->parts[r->n++] = part;
	}
}

nstime finder_clock(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (nstime)ts.tv_sec * NS_SEC + ts.tv_nsec;
}

struct live_finder *live_finder_new(const struct live_config *c, const char *spool, const struct live_finder_calls *calls, struct err *e)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd < 0) {
		err_set(e, ERR_IO, "inotify: %s; raise fs.inotify.max_user_instances", strerrordesc_np(errno));
		return NULL;
	}
	struct live_finder *f = xcalloc(1, sizeof *f);
	*f = (struct live_finder){.calls = *calls, .fd = fd, .next_number = 1, .full = true, .rest = REST, .began = finder_clock()};
	arena_init(&f->mem);
	f->by_inode = lru_new(sizeof(uint32_t), 2 * (size_t)FILES_MAX, NULL, NULL);
	f->dir_key = lru_new(sizeof(uint32_t), 2 * (size_t)DIRS_MAX, NULL, NULL);
	f->dir_watch = lru_new(sizeof(uint32_t), 2 * (size_t)DIRS_MAX, NULL, NULL);
	f->file_watch = lru_new(sizeof(uint32_t), 2 * (size_t)FILES_MAX, NULL, NULL);
	f->told = lru_new(1, TOLD_MAX, NULL, NULL);
	if (spool)
		add_root(f, slice_of(spool), true);
	for (size_t i = 0; i < c->npaths; i++)
		add_root(f, c->paths[i], false);
	return f;
}

void live_finder_free(struct live_finder *f)
{
	if (!f)
		return;
	for (uint32_t i = 0; i < f->files.n; i++)
		if (f->files.v[i].number)
			file_remove(f, i);
	for (uint32_t i = 0; i < f->dirs.n; i++)
		if (f->dirs.v[i].path)
			dir_remove(f, i);
	lru_free(f->by_inode);
	lru_free(f->dir_key);
	lru_free(f->dir_watch);
	lru_free(f->file_watch);
	lru_free(f->told);
	free(f->roots.v);
	free(f->dirs.v);
	free(f->files.v);
	free(f->free_files.v);
	free(f->free_dirs.v);
	free(f->grown.v);
	forget_closed(f);
	free(f->closed.v);
	arena_free(&f->mem);
	close(f->fd);
	free(f);
}

int live_finder_fd(const struct live_finder *f)
{
	return f->fd;
}

/* ---- events ---------------------------------------------------------------------------------------------------------- */
static int entry_cmp(const void *key, const void *item)
{
	return strcmp(key, ((const struct name_entry *)item)->name);
}

static void written(struct live_finder *f, uint32_t index, uint32_t mask)
{
	struct file *file = &f->files.v[index];
	file->closed = mask & IN_CLOSE_WRITE;
	if (file->state != FILE_FOUND)
		f->dirs.v[file->dir].dirty = true;
	else if (mask & IN_MODIFY)
		file_grew(f, index);
}

/* Of a name that is not known yet: the last word counts. */
static void remember_closed(struct live_finder *f, uint32_t dir, const struct inotify_event *ev)
{
	for (size_t i = 0; i < f->closed.n; i++) {
		if (f->closed.v[i].dir != dir || strcmp(f->closed.v[i].name, ev->name) != 0)
			continue;
		free(f->closed.v[i].name);
		f->closed.v[i] = f->closed.v[--f->closed.n];
	}
	if (ev->mask & (IN_CLOSE_WRITE | IN_MOVED_TO) && f->closed.n < CLOSED_MAX)
		*vec_push(&f->closed) = (struct closed_name){dir, xstrndup(ev->name, strlen(ev->name))};
}


/* Something about a name in a folder. */
static void on_folder(struct live_finder *f, uint32_t index, const struct inotify_event *ev)
{
	for (; index != NONE; index = f->dirs.v[index].next) {
		struct dir *d = &f->dirs.v[index];
		const struct name_entry *e = NULL;
		if (ev->mask & (IN_MODIFY | IN_CLOSE_WRITE) && d->names.n)
			e = bsearch(ev->name, d->names.v, d->names.n, sizeof *d->names.v, entry_cmp);
		if (e && f->files.v[e->file].number)
			written(f, e->file, ev->mask);
		else
			remember_closed(f, index, ev);
		if (!(ev->mask & (IN_MODIFY | IN_CLOSE_WRITE)))
			d->dirty = true;
	}
}

static void on_event(struct live_finder *f, const struct inotify_event *ev)
{
	const uint32_t *dir = lru_get(f->dir_watch, wd_key(&ev->wd)), *file = lru_get(f->file_watch, wd_key(&ev->wd));
	if (ev->mask & IN_Q_OVERFLOW) {
		f->full = true;
		for (uint32_t i = 0; i < f->files.n; i++)
			file_grew(f, i);
	} else if (ev->mask & IN_IGNORED && dir) {
		for (uint32_t i = *dir; i != NONE; i = f->dirs.v[i].next)
			f->dirs.v[i].wd = -1;
		lru_del(f->dir_watch, wd_key(&ev->wd));
		f->full = true;
	} else if ((ev->mask & IN_ISDIR && ev->mask & (IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE)) || ev->mask & (IN_DELETE_SELF | IN_MOVE_SELF)) {
		f->full = true; /* paths changed */
	} else if (file) {
		file_grew(f, *file);
	} else if (dir && ev->len) {
		on_folder(f, *dir, ev);
	}
}

static int read_events(struct live_finder *f, struct err *e)
{
	_Alignas(struct inotify_event) char buf[EVENTS];
	for (;;) {
		ssize_t n = read(f->fd, buf, sizeof buf);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n <= 0)
			return err_set(e, ERR_IO, "inotify: %s", n < 0 ? strerrordesc_np(errno) : "at its end");
		for (size_t at = 0; at + sizeof(struct inotify_event) <= (size_t)n;) {
			const struct inotify_event *ev = (const struct inotify_event *)(const void *)(buf + at);
			on_event(f, ev);
			at += sizeof *ev + ev->len;
		}
		if ((size_t)n < sizeof buf / 2)
			return 0;
	}
}

static void look_again_at_waiting(struct live_finder *f)
{
	if (!f->waiting || finder_clock() - f->tried < MIN(RETRY, f->rest))
		return;
	f->tried = finder_clock();
	f->waiting = false;
	for (size_t i = 0; i < f->files.n; i++)
		if (f->files.v[i].number && f->files.v[i].state == FILE_WAITS && f->files.v[i].size)
			f->dirs.v[f->files.v[i].dir].dirty = true;
}

bool live_finder_complete(const struct live_finder *f)
{
	return !f->waiting || finder_clock() - f->began > FINDER_FIRST;
}

int live_finder_step(struct live_finder *f, bool full, struct err *e)
{
	int rc = read_events(f, e);
	f->step++;
	f->full = f->full || full;
	look_again_at_waiting(f);
	if (f->full) {
		walk_all(f);
		f->full = false;
	}
	for (uint32_t i = 0; i < f->dirs.n; i++)
		if (f->dirs.v[i].path && f->dirs.v[i].dirty && f->dirs.v[i].scanned != f->step)
			walk_dir(f, i);
	tell_all(f);
	forget_closed(f);
	return rc;
}
