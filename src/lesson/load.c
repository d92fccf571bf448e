/* load.c - the folder of lessons: its units, in order, and what is wrong with the others. */
#include "lesson/lesson_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files of a unit --------------------------------------------------------------------------------------------------------------------------------- */

/* Opened from its folder, without following a link: nothing outside of it is ever shown. */
static int read_here(void *arg, const char *name, struct buf *out, struct err *e)
{
	const int *dir = arg;
	struct stat st;
	char chunk[16384];
	ssize_t n = 0;
	int rc = 0, fd = openat(*dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_set(e, ERR_NOENT, errno == ENOENT ? "the file is missing" : "cannot be read: %m");
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		rc = err_set(e, ERR_TYPE, "is no file");
	while (!rc && out->n <= LESSON_FILE && (n = read(fd, chunk, sizeof chunk)) > 0)
		buf_add(out, chunk, (size_t)n);
	if (!rc && n < 0)
		rc = err_set(e, ERR_IO, "cannot be read: %m");
	else if (!rc && out->n > LESSON_FILE)
		rc = err_set(e, ERR_LIMIT, "has more than %d KB", LESSON_FILE >> 10);
	close(fd);
	return rc;
}

/* ---- the folder ------------------------------------------------------------------------------------------------------------------------------------------ */

struct names { char **v; size_t n, cap; };

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_folder(int dir, const char *name)
{
	struct stat st;
	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int list_units(int dir, struct names *out, struct err *e)
{
	int fd = dup(dir);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return err_set(e, ERR_IO, "%m");
	}
	for (const struct dirent *x; (x = readdir(d)) && out->n < LESSON_UNITS;)
		if (x->d_name[0] != '.' && is_folder(dir, x->d_name))
			*vec_push(out) = xstrndup(x->d_name, strlen(x->d_name));
	closedir(d);
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, by_name);
	return 0;
}

static void load_unit(struct lessons *l, int dir, struct slice folder, const char *name)
{
	int unit = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	const struct lesson_files files = {read_here, &unit};
	if (unit < 0)
		return;
	lesson_unit(l, &files, folder, slice_dup(&l->mem, slice_of(name)));
	close(unit);
}

struct lessons *lessons_load(const char *folder, struct err *e)
{
	struct names names = {0};
	struct slice shown = slice_of(folder);
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (shown.n > 1 && shown.p[shown.n - 1] == '/')
		shown.n--;
	if (dir < 0 || list_units(dir, &names, e)) {
		err_set(e, dir < 0 && errno == ENOENT ? ERR_NOENT : ERR_IO, "cannot read the lessons in %s: %m", folder);
		if (dir >= 0)
			close(dir);
		return NULL;
	}
	struct lessons *l = xcalloc(1, sizeof *l);
	arena_init(&l->mem);
	for (size_t i = 0; i < names.n; i++) {
		load_unit(l, dir, shown, names.v[i]);
		free(names.v[i]);
	}
	free(names.v);
	close(dir);
	lessons_order(l);
	return l;
}

void lessons_free(struct lessons *l)
{
	if (!l)
		return;
	arena_free(&l->mem);
	free(l->units.v);
	free(l->problems.v);
	free(l);
}

/* ---- all of them ------------------------------------------------------------------------------------------------------------------------------------------- */

static int by_order(const void *a, const void *b)
{
	const struct lesson *x = a, *y = b;
	return x->order != y->order ? (x->order < y->order ? -1 : 1) : slice_cmp(x->id, y->id);
}

/* A unit's id is its address, so that the first of two stays. */
void lessons_order(struct lessons *l)
{
	struct loading ld = {.l = l};
	size_t n = 0;
	if (l->units.n)
		qsort(l->units.v, l->units.n, sizeof *l->units.v, by_order);
	for (size_t i = 0; i < l->units.n; i++) {
		const struct lesson *x = &l->units.v[i];
		bool twice = false;
		for (size_t k = 0; k < n && !twice; k++) {
			twice = slice_eq(l->units.v[k].id, x->id);
			ld.file = x->id;
			if (twice)
				lesson_bad_at(&ld, NULL, "two units are called %.*s: give one another id", SLFMT(x->id));
			else if (l->units.v[k].order == x->order)
				lesson_odd_at(&ld, NULL, "has the order %u, like the unit %.*s", x->order, SLFMT(l->units.v[k].id));
		}
		if (!twice)
			l->units.v[n++] = *x;
	}
	l->units.n = n;
}

size_t lessons_all(const struct lessons *l, const struct lesson **out)
{
	*out = l->units.v;
	return l->units.n;
}

const struct lesson *lessons_find(const struct lessons *l, struct slice id)
{
	for (size_t i = 0; l && i < l->units.n; i++)
		if (slice_eq(l->units.v[i].id, id))
			return &l->units.v[i];
	return NULL;
}

const struct lesson *lessons_for_word(const struct lessons *l, const char *indicator)
{
	for (size_t i = 0; l && i < l->units.n; i++)
		for (size_t k = 0; k < l->units.v[i].nwords; k++)
			if (slice_eqz(l->units.v[i].words[k], indicator))
				return &l->units.v[i];
	return NULL;
}

size_t lessons_problems(const struct lessons *l, const struct lesson_problem **out)
{
	*out = l->problems.v;
	return l->problems.n;
}
