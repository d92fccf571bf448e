/* find.c - from the paths a user names to files: walks folders, settles links, refuses what is no file. */
#include "source/source_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const struct {
	mode_t type;
	const char *what;
} not_files[] = {
	{S_IFIFO, "a FIFO"},
	{S_IFSOCK, "a socket"},
	{S_IFCHR, "a character device"},
	{S_IFBLK, "a block device"},
	{S_IFDIR, "a folder reached by a link: name the folder itself to read it"},
};

static void not_a_file(struct finder *f, struct slice path, mode_t mode)
{
	const char *what = "not a regular file";

	for (size_t i = 0; i < ARRAY_LEN(not_files); i++)
		if ((mode & S_IFMT) == not_files[i].type)
			what = not_files[i].what;
	set_problem(f->set, PROBLEM_NOT_A_LOG, path, "%s", what);
}

static nstime mtime_of(const struct stat *st)
{
	return (nstime)st->st_mtim.tv_sec * NS_SEC + st->st_mtim.tv_nsec;
}

static struct found file_found(struct slice path, const struct stat *st)
{
	return (struct found){
		.place = {.kind = PLACE_FILE, .path = path.p, .dev = st->st_dev, .ino = st->st_ino,
			  .fd = -1, .size = (uint64_t)st->st_size},
		.path = path,
		.open_path = path,
		.mtime = mtime_of(st),
		.size = (uint64_t)st->st_size,
	};
}

/* ---- folders ------------------------------------------------------------------------------------------------------ */
struct names {
	char **v;
	size_t n, cap;
};

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All names at once and in order, so that the walk holds no stream open and a run is like the next. */
static int read_names(int dfd, struct names *names)
{
	int fd = fcntl(dfd, F_DUPFD_CLOEXEC, 0);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;
	int err = 0;

	if (!d) {
		err = errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	for (errno = 0; (e = readdir(d)); errno = 0) {
		struct slice name = slice_of(e->d_name);
		if (!slice_eq(name, SL(".")) && !slice_eq(name, SL("..")))
			*vec_push(names) = xstrndup(name.p, name.n);
	}
	err = errno;
	closedir(d);
	if (names->n)
		qsort(names->v, names->n, sizeof(*names->v), name_cmp);
	return err;
}

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
}

static struct slice path_join(struct arena *a, struct slice dir, struct slice name)
{
	size_t slash = dir.n > 0 && dir.p[dir.n - 1] != '/';
	char *p = arena_alloc(a, dir.n + slash + name.n + 1);

	memcpy(p, dir.p, dir.n);
	if (slash)
		p[dir.n] = '/';
	memcpy(p + dir.n + slash, name.p, name.n);
	p[dir.n + slash + name.n] = '\0';
	return slice_make(p, dir.n + slash + name.n);
}

static bool is_above(const struct finder *f, const struct stat *st)
{
	for (size_t i = 0; i < f->above.n; i++)
		if (f->above.v[i].st_dev == st->st_dev && f->above.v[i].st_ino == st->st_ino)
			return true;
	return false;
}

static void walk(struct finder *f, int dfd, struct slice path, const struct stat *st);

static void walk_below(struct finder *f, int dfd, const char *name, struct slice path, const struct stat *st)
{
	char text[128];

	if (folder_skipped(slice_of(name)) || (f->opt.one_file_system && st->st_dev != f->root_dev))
		return;
	if (is_above(f, st)) {
		set_problem(f->set, PROBLEM_LOOP, path, "a folder that contains itself");
		return;
	}
	if (f->above.n >= LIMIT_PATH_DEPTH) {
		set_problem(f->set, PROBLEM_DEPTH, path, "more than %d folders deep: name it itself to read it",
			    LIMIT_PATH_DEPTH);
		return;
	}
	int fd = openat(dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		set_problem(f->set, PROBLEM_UNREADABLE, path, "%s", errno_text(errno, text, sizeof(text)));
	else
		walk(f, fd, path, st);
}

/* Where a link leads; false with a problem when nowhere. */
static bool follow(struct finder *f, int dfd, const char *name, struct slice path, struct stat *st)
{
	char text[128];

	if (fstatat(dfd, name, st, 0) != 0) {
		int err = errno;
		set_problem(f->set, err == ELOOP ? PROBLEM_LOOP : PROBLEM_UNREADABLE, path, "%s: %s",
			    err == ENOENT ? "a link to a file that does not exist" : "a link that cannot be followed",
			    errno_text(err, text, sizeof(text)));
		return false;
	}
	if (S_ISDIR(st->st_mode) && is_above(f, st)) {
		set_problem(f->set, PROBLEM_LOOP, path, "a link to a folder above it");
		return false;
	}
	return true;
}

static void visit(struct finder *f, int dfd, const char *name, struct slice dir)
{
	struct slice path = path_join(&f->set->mem, dir, slice_of(name));
	struct stat st;
	char text[128];

	if (fstatat(dfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT) /* rotated away since the folder was read */
			set_problem(f->set, PROBLEM_UNREADABLE, path, "%s", errno_text(errno, text, sizeof(text)));
		return;
	}
	if (S_ISDIR(st.st_mode)) {
		walk_below(f, dfd, name, path, &st);
		return;
	}
	if (S_ISLNK(st.st_mode) && !follow(f, dfd, name, path, &st))
		return;
	if (!S_ISREG(st.st_mode)) {
		not_a_file(f, path, st.st_mode);
		return;
	}
	struct found it = file_found(path, &st);
	if (!skipped_by_name(f, &it))
		inspect(f, &it);
}

/* Closes dfd. */
static void walk(struct finder *f, int dfd, struct slice path, const struct stat *st)
{
	struct names names = {0};
	char text[128];
	int err = read_names(dfd, &names);

	if (err)
		set_problem(f->set, PROBLEM_UNREADABLE, path, "%s", errno_text(err, text, sizeof(text)));
	*vec_push(&f->above) = *st;
	for (size_t i = 0; i < names.n; i++)
		visit(f, dfd, names.v[i], path);
	f->above.n--;
	names_free(&names);
	close(dfd);
}

/* ---- what the user named ---------------------------------------------------------------------------------------- */
static int cannot(struct finder *f, struct err *e, const char *path, int errnum)
{
	int code = errnum == ENOENT || errnum == ENOTDIR ? ERR_NOENT : errnum == EACCES || errnum == EPERM ? ERR_PERM : ERR_IO;
	char text[128];

	errno_text(errnum, text, sizeof(text));
	set_problem(f->set, errnum == ELOOP ? PROBLEM_LOOP : PROBLEM_UNREADABLE, slice_of(path), "%s",
		    errno_text(errnum, text, sizeof(text)));
	return err_set(e, code, "%s: %s", path, errno_text(errnum, text, sizeof(text)));
}

/* Standard input or a FIFO the user named, as in `postern scan <(ssh web1 cat /var/log/auth.log)`. */
static void find_pipe(struct finder *f, struct slice path, int fd, const struct stat *st)
{
	struct found it = {.path = path, .open_path = path, .mtime = NSTIME_NONE, .named = true};
	off_t at = S_ISREG(st->st_mode) ? lseek(fd, 0, SEEK_CUR) : -1;

	if (at < 0) {
		inspect_pipe(f, &it, fd);
		return;
	}
	it.size = st->st_size > at ? (uint64_t)(st->st_size - at) : 0;
	it.place = (struct place){.kind = PLACE_FD, .fd = fd, .at = (uint64_t)at, .size = it.size};
	it.mtime = mtime_of(st);
	inspect(f, &it);
}

static int find_stdin(struct finder *f, struct err *e)
{
	struct stat st;

	if (fstat(STDIN_FILENO, &st) != 0)
		return cannot(f, e, "-", errno);
	if (S_ISDIR(st.st_mode))
		return cannot(f, e, "-", EISDIR);
	for (size_t i = 0; i < f->set->files.n; i++) {
		if (slice_eq(f->set->files.v[i].path, SL("-"))) {
			set_problem(f->set, PROBLEM_DUPLICATE, SL("-"), "standard input was named twice");
			return 0;
		}
	}
	find_pipe(f, SL("-"), STDIN_FILENO, &st);
	return 0;
}

static int find_folder(struct finder *f, struct slice path, struct err *e)
{
	struct stat st;
	int fd = open(path.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return cannot(f, e, path.p, errno);
	if (fstat(fd, &st) != 0) {
		int err = errno;
		close(fd);
		return cannot(f, e, path.p, err);
	}
	f->root_dev = st.st_dev;
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	walk(f, fd, path, &st);
	return 0;
}

static int find_path(struct finder *f, const char *name, struct err *e)
{
	struct slice path = slice_dup(&f->set->mem, slice_of(name));
	struct stat st;

	if (stat(name, &st) != 0)
		return cannot(f, e, name, errno);
	if (S_ISDIR(st.st_mode))
		return find_folder(f, path, e);
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode)) {
		not_a_file(f, path, st.st_mode);
		return 0;
	}
	int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY); /* a FIFO nobody writes to does not hang us */
	if (fd < 0)
		return cannot(f, e, name, errno);
	if (S_ISFIFO(st.st_mode)) {
		*vec_push(&f->set->priv->fds) = fd;
		find_pipe(f, path, fd, &st);
		return 0;
	}
	close(fd);
	struct found it = file_found(path, &st);
	it.named = true;
	inspect(f, &it);
	return 0;
}

/* Names that were passed over matter when nothing else was found. */
static void tell_skipped(struct finder *f, bool nothing_found)
{
	for (size_t i = 0; nothing_found && i < f->skipped.n; i++)
		set_problem(f->set, PROBLEM_NOT_A_LOG, f->skipped.v[i],
			    "its name is not that of a log: name it itself, or take all files");
	f->skipped.n = 0;
}

int source_find(struct source_set *set, const char *const *paths, size_t n, const struct source_options *opt, struct err *e)
{
	struct finder f = {.set = set};
	int rc = 0;

	set_init(set);
	if (opt)
		f.opt = *opt;
	for (size_t i = 0; i < n; i++) {
		size_t before = set->files.n;
		struct err *first = rc == 0 ? e : NULL;
		int r = strcmp(paths[i], "-") == 0 ? find_stdin(&f, first) : find_path(&f, paths[i], first);
		rc = rc ? rc : r;
		tell_skipped(&f, set->files.n == before);
	}
	rotate_group(set);
	free(f.taken.v);
	free(f.skipped.v);
	free(f.above.v);
	return rc;
}
