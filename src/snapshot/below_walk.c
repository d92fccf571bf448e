/* below_walk.c - folders below the root: names, trees, patterns. All sorted, so that the same machine gives the same document. */
#include "snapshot/snapshot_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <unistd.h>

static int by_slice(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

struct names {
	struct slice *v;
	size_t n, cap;
};

/* Takes fd. False: there were more. */
static bool list_names(struct collector *c, int fd, struct names *out)
{
	DIR *d = fdopendir(fd);
	if (!d) {
		close(fd);
		return true;
	}
	bool all = true;
	for (struct dirent *e = readdir(d); e && all; e = readdir(d)) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		all = out->n < COLLECT_NAMES_MAX && !collect_late(c);
		if (all)
			*vec_push(out) = slice_dup(&c->scratch, slice_of(e->d_name));
	}
	closedir(d);
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, by_slice);
	return all;
}

bool below_names(struct collector *c, const char *path, const char *section, const char *account, struct slice **names, size_t *n)
{
	struct stat st;
	struct names all = {0};
	*names = NULL;
	*n = 0;
	int fd = below_folder(c, path, section, account, &st);
	if (fd < 0)
		return false;
	if (!list_names(c, fd, &all))
		collect_missing(c, section, account, path, 0, "only %zu of the names in the folder were read", all.n);
	if (all.n) {
		*names = arena_alloc(&c->scratch, all.n * sizeof *all.v);
		memcpy(*names, all.v, all.n * sizeof *all.v);
		*n = all.n;
	}
	free(all.v);
	return true;
}

/* ---- trees ----------------------------------------------------------------------------------------------------------------------- */
struct walk {
	const struct below_walk *w;
	const char *start;
	size_t seen;
	dev_t device;
	bool full;
};

static void walk_folder(struct collector *c, struct walk *w, const char *path, unsigned depth);

static void visit(struct collector *c, struct walk *w, const char *path, unsigned depth)
{
	struct stat st;
	if (w->seen++ >= w->w->most) {
		if (!w->full)
			collect_missing(c, w->w->section, NULL, w->start, 0, "from %.400s on not looked at: more than %zu files", path, w->w->most);
		w->full = true;
		return;
	}
	if (below_stat(c, path, true, &st)) {
		if (errno != ENOENT)
			collect_missing(c, w->w->section, NULL, path, 0, "%s", strerror(errno));
		return;
	}
	bool into = w->w->fn(c, w->w->arg, path, &st);
	if (into && S_ISDIR(st.st_mode) && !(w->w->same && st.st_dev != w->device))
		walk_folder(c, w, path, depth + 1);
}

static void walk_folder(struct collector *c, struct walk *w, const char *path, unsigned depth)
{
	struct names names = {0};
	struct stat st;
	if (depth >= MIN(w->w->depth, (unsigned)COLLECT_DEPTH_MAX)) {
		if (depth >= COLLECT_DEPTH_MAX)
			collect_missing(c, w->w->section, NULL, path, 0, "not looked into: %d folders deep", COLLECT_DEPTH_MAX);
		return;
	}
	int fd = below_folder(c, path, w->w->section, NULL, &st);
	if (fd < 0)
		return;
	if (depth == 0)
		w->device = st.st_dev;
	if (!list_names(c, fd, &names))
		collect_missing(c, w->w->section, NULL, path, 0, "only %zu of the names in the folder were read", names.n);
	for (size_t i = 0; i < names.n && !w->full && !collect_late(c); i++)
		visit(c, w, collect_path(c, "%s/%.*s", strcmp(path, "/") ? path : "", SLFMT(names.v[i])), depth);
	free(names.v);
}

void below_walk(struct collector *c, const char *path, const struct below_walk *w)
{
	struct walk state = {.w = w, .start = path};
	walk_folder(c, &state, path, 0);
}

/* ---- patterns --------------------------------------------------------------------------------------------------------------------- */

/* scanned: names of folders that the pattern made us look at; a pattern in an account's own file must not take the time of all others. */
static void glob_part(struct collector *c, const char *section, const struct names *from, struct slice part, struct names *to, size_t *scanned)
{
	const char *pattern = collect_path(c, "%.*s", SLFMT(part));
	bool plain = !strpbrk(pattern, "*?[\\");
	for (size_t i = 0; i < from->n && to->n < COLLECT_NAMES_MAX && *scanned < COLLECT_NAMES_MAX; i++) {
		struct slice *names;
		size_t n;
		if (plain) {
			*vec_push(to) = slice_of(collect_path(c, "%.*s/%s", SLFMT(from->v[i]), pattern));
			continue;
		}
		if (!below_names(c, from->v[i].n ? from->v[i].p : "/", section, NULL, &names, &n))
			continue;
		*scanned += n + 1;
		for (size_t k = 0; k < n && to->n < COLLECT_NAMES_MAX; k++)
			if (fnmatch(pattern, names[k].p, FNM_PERIOD) == 0)
				*vec_push(to) = slice_of(collect_path(c, "%.*s/%.*s", SLFMT(from->v[i]), SLFMT(names[k])));
	}
}

bool below_glob(struct collector *c, const char *pattern, const char *section, struct slice **paths, size_t *n)
{
	struct names from = {0}, to = {0};
	struct slice rest = slice_of(pattern), part;
	struct stat st;
	size_t scanned = 0;
	*vec_push(&from) = SL("");
	while (rest.n) {
		if (!slice_cut(&rest, '/', &part)) {
			part = rest;
			rest = SLICE_NONE;
		}
		if (!part.n)
			continue;
		to.n = 0;
		glob_part(c, section, &from, part, &to, &scanned);
		struct names swap = from;
		from = to;
		to = swap;
	}
	if (scanned >= COLLECT_NAMES_MAX || from.n >= COLLECT_NAMES_MAX)
		collect_missing(c, section, NULL, NULL, 0, "not all that fits is looked at: the pattern %.200s leads to too many files", pattern);
	*n = 0;
	*paths = from.n ? arena_alloc(&c->scratch, from.n * sizeof *from.v) : NULL;
	for (size_t i = 0; i < from.n; i++)
		if (from.v[i].n && below_stat(c, from.v[i].p, true, &st) == 0)
			(*paths)[(*n)++] = from.v[i];
	free(from.v);
	free(to.v);
	return *n > 0;
}

bool next_line(struct slice *text, struct slice *line)
{
	if (!text->n)
		return false;
	if (!slice_cut(text, '\n', line)) {
		*line = *text;
		*text = SLICE_NONE;
	}
	return true;
}
