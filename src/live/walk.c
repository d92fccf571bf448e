/* walk.c - what the configuration names, walked: patterns to folders, folders to names.
 *
 * Folders are opened from the one above without following links, and known by their inode from then on: whoever may write into a log
 * folder cannot lead the privileged process elsewhere. Links to files count when root made them or they point at a file of their maker.
 */
#include "live/find_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <stdio.h>
#include <unistd.h>

#define WATCHED (IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_DELETE | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

nstime mtime_of(const struct stat *st)
{
	return (nstime)st->st_mtim.tv_sec * NS_SEC + st->st_mtim.tv_nsec;
}

struct key inode_key(uint64_t dev, uint64_t ino, uint32_t a, uint32_t b)
{
	struct key k;
	key_init(&k);
	key_add(&k, slice_make((const char *)&dev, sizeof dev));
	key_add(&k, slice_make((const char *)&ino, sizeof ino));
	key_add(&k, slice_make((const char *)&a, sizeof a));
	key_add(&k, slice_make((const char *)&b, sizeof b));
	return k;
}

struct slice wd_key(const int *wd)
{
	return slice_make((const char *)wd, sizeof *wd);
}

/* * and ? within one component; a leading dot is only matched by a dot. */
static bool matches(struct slice pattern, struct slice name)
{
	size_t p = 0, n = 0, star = SIZE_MAX, mark = 0;
	if (name.n && name.p[0] == '.' && (!pattern.n || pattern.p[0] != '.'))
		return false;
	while (n < name.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = n;
		} else if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == name.p[n])) {
			p++;
			n++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			n = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

static bool is_pattern(struct slice s)
{
	return slice_chr(s, '*') >= 0 || slice_chr(s, '?') >= 0;
}

/* "auth.log" also means auth.log.1 and auth.log-20260504.gz: what copytruncate and gzip leave is part of it. */
static bool file_matches(struct slice pattern, struct slice name)
{
	struct rotation r;
	char base[512];
	if (matches(pattern, name))
		return true;
	rotation_parse(name, &r);
	size_t n = r.stem.n + r.ext.n;
	if (r.stem.n == 0 || n > sizeof base || n == name.n)
		return false;
	memcpy(base, r.stem.p, r.stem.n);
	if (r.ext.n)
		memcpy(base + r.stem.n, r.ext.p, r.ext.n);
	return matches(pattern, slice_make(base, n));
}

/* ---- folders --------------------------------------------------------------------------------------------------------- */
static char *join(const char *dir, const char *name)
{
	char *p = NULL;
	if (asprintf(&p, "%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", name) < 0)
		core_oom();
	return p;
}

static void dir_watch(struct live_finder *f, uint32_t index, int fd)
{
	struct dir *d = &f->dirs.v[index];
	char proc[64];
	bool fresh;
	snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
	d->wd = inotify_add_watch(f->fd, proc, WATCHED);
	if (d->wd < 0 && errno == ENOENT) /* no /proc */
		d->wd = inotify_add_watch(f->fd, d->path, WATCHED | IN_DONT_FOLLOW);
	if (d->wd < 0) {
		find_problem(f, d->path, "cannot be watched (%s): changes are seen late; raise fs.inotify.max_user_watches", strerrordesc_np(errno));
		return;
	}
	uint32_t *first = lru_put(f->dir_watch, wd_key(&d->wd), &fresh);
	d->next = fresh ? NONE : *first;
	*first = index;
}

static uint32_t dir_new(struct live_finder *f, const char *path, const struct stat *st, uint32_t root, uint16_t part, unsigned depth)
{
	uint32_t index = (uint32_t)f->dirs.n;
	if (f->free_dirs.n)
		index = f->free_dirs.v[--f->free_dirs.n];
	else if (f->dirs.n >= DIRS_MAX)
		return NONE;
	else
		vec_push(&f->dirs);
	f->dirs.v[index] = (struct dir){.path = xstrndup(path, strlen(path)), .npath = strlen(path), .dev = st->st_dev, .ino = st->st_ino, .wd = -1,
		.next = NONE, .root = root, .part = part, .depth = depth};
	struct key k = inode_key(st->st_dev, st->st_ino, root, part);
	*(uint32_t *)lru_put(f->dir_key, key_slice(&k), NULL) = index;
	return index;
}

static void names_free(struct dir *d)
{
	for (size_t i = 0; i < d->names.n; i++)
		free(d->names.v[i].name);
	free(d->names.v);
	memset(&d->names, 0, sizeof d->names);
}

void dir_remove(struct live_finder *f, uint32_t index)
{
	struct dir *d = &f->dirs.v[index];
	struct key k = inode_key(d->dev, d->ino, d->root, d->part);
	uint32_t *first = d->wd >= 0 ? lru_get(f->dir_watch, wd_key(&d->wd)) : NULL;
	for (uint32_t *at = first; at && *at != NONE; at = &f->dirs.v[*at].next) {
		if (*at == index) {
			*at = d->next;
			break;
		}
	}
	if (first && *first == NONE) {
		lru_del(f->dir_watch, wd_key(&d->wd));
		inotify_rm_watch(f->fd, d->wd);
	}
	lru_del(f->dir_key, key_slice(&k));
	names_free(d);
	free(d->path);
	*d = (struct dir){.wd = -1, .next = NONE};
	*vec_push(&f->free_dirs) = index;
}

int dir_open(struct live_finder *f, const struct dir *d)
{
	struct stat st;
	int fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == d->dev && st.st_ino == d->ino)
		return fd;
	if (fd >= 0)
		close(fd);
	f->full = true; /* something was moved: find the way anew */
	return -1;
}

/* ---- names ----------------------------------------------------------------------------------------------------------- */
static uint32_t file_new(struct live_finder *f, const struct stat *st)
{
	uint32_t index = (uint32_t)f->files.n;
	if (f->free_files.n)
		index = f->free_files.v[--f->free_files.n];
	else if (f->files.n >= FILES_MAX)
		return NONE;
	else
		vec_push(&f->files);
	f->files.v[index] = (struct file){.number = f->next_number++, .dir = NONE, .dev = st->st_dev, .ino = st->st_ino, .other_dir = NONE, .wd = -1};
	struct key k = inode_key(st->st_dev, st->st_ino, 0, 0);
	*(uint32_t *)lru_put(f->by_inode, key_slice(&k), NULL) = index;
	return index;
}

static void file_update(struct live_finder *f, struct file *file, const struct stat *st)
{
	nstime mtime = mtime_of(st);
	if (file->state == FILE_FOUND && (file->size != (uint64_t)st->st_size || file->mtime != mtime))
		file_grew(f, (uint32_t)(file - f->files.v));
	file->size = (uint64_t)st->st_size;
	file->mtime = mtime;
}

static void file_seen(struct live_finder *f, uint32_t dir, const char *name, const struct stat *st, bool link)
{
	struct key k = inode_key(st->st_dev, st->st_ino, 0, 0);
	const uint32_t *known = lru_get(f->by_inode, key_slice(&k));
	uint32_t index = known ? *known : file_new(f, st);
	if (index == NONE) {
		find_problem(f, f->dirs.v[dir].path, "more than %d files: the others are not followed", FILES_MAX);
		return;
	}
	struct file *file = &f->files.v[index];
	if (file->dir == NONE) {
		file->dir = dir;
		file->name = xstrndup(name, strlen(name));
		file->link = link;
		file->spool = f->roots.v[f->dirs.v[dir].root].spool;
		for (size_t i = 0; i < f->closed.n; i++)
			file->closed = file->closed || (f->closed.v[i].dir == dir && strcmp(f->closed.v[i].name, name) == 0);
	}
	bool same = file->name && strcmp(file->name, name) == 0 &&
		    (file->dir == dir || (f->dirs.v[file->dir].dev == f->dirs.v[dir].dev && f->dirs.v[file->dir].ino == f->dirs.v[dir].ino));
	if (same) {
		file->seen = f->step;
		file->dir = dir;
	} else if (file->other_seen != f->step) {
		free(file->other);
		file->other = xstrndup(name, strlen(name));
		file->other_dir = dir;
		file->other_seen = f->step;
		file->other_link = link;
	}
	file_update(f, file, st);
	struct dir *d = &f->dirs.v[dir];
	*vec_push(&d->names) = (struct name_entry){xstrndup(name, strlen(name)), index};
}

struct names {
	char **v;
	size_t n, cap;
};

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(int fd, struct names *names)
{
	const struct dirent *e;
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	if (!d) {
		int saved = errno;
		if (copy >= 0)
			close(copy);
		return saved;
	}
	for (errno = 0; (e = readdir(d)); errno = 0)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			*vec_push(names) = xstrndup(e->d_name, strlen(e->d_name));
	int saved = errno;
	closedir(d);
	if (names->n)
		qsort(names->v, names->n, sizeof *names->v, name_cmp);
	return saved;
}

static void visit(struct live_finder *f, int above, const char *name, const char *path, uint32_t root, uint16_t part, unsigned depth, bool named);

static void below(struct live_finder *f, int fd, uint32_t dir, const char *name)
{
	struct dir *d = &f->dirs.v[dir];
	const struct root *r = &f->roots.v[d->root];
	uint16_t next = d->part == PART_ALL || (size_t)d->part + 1 >= r->n ? (uint16_t)PART_ALL : (uint16_t)(d->part + 1);
	if (d->part == PART_ALL ? folder_skipped(slice_of(name)) : !matches(r->parts[d->part], slice_of(name)))
		return;
	char *path = join(d->path, name);
	if (d->depth >= LIMIT_PATH_DEPTH)
		find_problem(f, path, "more than %d folders deep: name it itself to follow what is in it", LIMIT_PATH_DEPTH);
	else
		visit(f, fd, name, path, d->root, next, d->depth + 1, false);
	free(path);
}

/* Is it a name that is wanted here? */
static bool wanted(const struct live_finder *f, const struct dir *d, struct slice name)
{
	const struct root *r = &f->roots.v[d->root];
	if (r->spool)
		return name.n > 4 && slice_ends(name, SL(".log"));
	if (d->part == PART_ALL)
		return !name_not_log(name);
	return (size_t)d->part + 1 == r->n && file_matches(r->parts[d->part], name);
}

static void entry(struct live_finder *f, int fd, uint32_t dir, const char *name)
{
	struct stat st, target;
	struct dir *d = &f->dirs.v[dir];
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return; /* gone since the folder was read */
	if (S_ISDIR(st.st_mode)) {
		below(f, fd, dir, name);
		return;
	}
	if (!wanted(f, d, slice_of(name)))
		return;
	bool link = S_ISLNK(st.st_mode);
	char *path = join(d->path, name);
	if (link && fstatat(fd, name, &target, 0) != 0)
		find_problem(f, path, "a link that leads nowhere");
	else if (link && S_ISDIR(target.st_mode))
		find_problem(f, path, "a folder reached by a link: name the folder itself to follow what is in it");
	else if (link && st.st_uid != 0 && st.st_uid != target.st_uid)
		find_problem(f, path, "a link to a file of somebody else than who made it: not followed");
	else if (!S_ISREG(link ? target.st_mode : st.st_mode))
		find_problem(f, path, "not a regular file");
	else
		file_seen(f, dir, name, link ? &target : &st, link);
	free(path);
}

static void scan(struct live_finder *f, uint32_t dir, int fd)
{
	struct names names = {0};
	int err = read_names(fd, &names);
	f->dirs.v[dir].dirty = false;
	f->dirs.v[dir].scanned = f->step;
	f->scanned = true;
	if (err)
		find_problem(f, f->dirs.v[dir].path, "%s", strerrordesc_np(err));
	names_free(&f->dirs.v[dir]);
	for (size_t i = 0; i < names.n; i++) {
		entry(f, fd, dir, names.v[i]);
		free(names.v[i]);
	}
	free(names.v);
}

void walk_dir(struct live_finder *f, uint32_t dir)
{
	int fd = dir_open(f, &f->dirs.v[dir]);
	if (fd < 0)
		return;
	scan(f, dir, fd);
	close(fd);
}

/* ---- patterns -------------------------------------------------------------------------------------------------------- */
/* Known by its inode: other ways to it change its path. */
static uint32_t dir_find(struct live_finder *f, const char *path, const struct stat *st, uint32_t root, uint16_t part, unsigned depth, bool *fresh)
{
	struct key k = inode_key(st->st_dev, st->st_ino, root, part);
	const uint32_t *known = lru_get(f->dir_key, key_slice(&k));
	*fresh = !known;
	if (!known)
		return dir_new(f, path, st, root, part, depth);
	struct dir *d = &f->dirs.v[*known];
	if (d->walked != f->step && strcmp(d->path, path) != 0) {
		free(d->path);
		d->path = xstrndup(path, strlen(path));
		d->npath = strlen(path);
		d->dirty = true;
	}
	return *known;
}

static void look_into(struct live_finder *f, int fd, const char *path, uint32_t root, uint16_t part, unsigned depth)
{
	struct stat st;
	bool fresh;
	if (fstat(fd, &st) != 0)
		return;
	uint32_t dir = dir_find(f, path, &st, root, part, depth, &fresh);
	if (dir == NONE) {
		find_problem(f, path, "more than %d folders: not followed", DIRS_MAX);
		return;
	}
	bool again = f->dirs.v[dir].walked == f->step && !fresh;
	f->dirs.v[dir].walked = f->step;
	if (f->dirs.v[dir].wd < 0)
		dir_watch(f, dir, fd);
	if (!again && (fresh || f->full || f->dirs.v[dir].dirty))
		scan(f, dir, fd);
}

/* The components from `part` on, below the open folder `fd`. Literal ones are gone through; only the folder in which something may appear
 * is watched. */
static void descend(struct live_finder *f, int fd, const char *path, uint32_t root, uint16_t part, unsigned depth)
{
	const struct root *r = &f->roots.v[root];
	struct stat st;
	if (part == PART_ALL || part >= r->n) {
		look_into(f, fd, path, root, PART_ALL, depth);
		return;
	}
	bool literal = !is_pattern(r->parts[part]);
	char name[NAME_MAX + 1];
	snprintf(name, sizeof name, "%.*s", SLFMT(r->parts[part]));
	bool there = literal && fstatat(fd, name, &st, 0) == 0;
	if (!there || !S_ISDIR(st.st_mode)) {
		if (literal && !there && depth == 0)
			find_problem(f, path, "there is no %s yet", name);
		look_into(f, fd, path, root, part, depth);
		return;
	}
	char *next = join(path, name);
	visit(f, fd, name, next, root, (uint16_t)(part + 1), depth, true);
	free(next);
}

static void visit(struct live_finder *f, int above, const char *name, const char *path, uint32_t root, uint16_t part, unsigned depth, bool named)
{
	int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (named ? 0 : O_NOFOLLOW));
	if (fd < 0) {
		if (errno != ENOENT)
			find_problem(f, path, "%s", strerrordesc_np(errno));
		return;
	}
	descend(f, fd, path, root, part, depth);
	close(fd);
}

void walk_all(struct live_finder *f)
{
	for (uint32_t i = 0; i < f->roots.n; i++) {
		int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		descend(f, fd, "/", i, 0, 0);
		close(fd);
	}
	for (uint32_t i = 0; i < f->dirs.n; i++)
		if (f->dirs.v[i].path && f->dirs.v[i].walked != f->step)
			dir_remove(f, i);
	f->scanned = true;
}
