/* walk.c - openat(2) from folder to folder. */
#include "respond/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MOST = 16 };

struct state {
	int root, dir;
	bool trusted;          /* nobody but root could have changed what is in dir */
	unsigned links;
	char rest[PATH_MAX];   /* of the path, still to go */
};

static bool trusted_folder(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && st.st_uid == 0 && !(st.st_mode & 022);
}

static void step_into(struct state *s, int fd, bool trusted)
{
	if (s->dir != s->root)
		close(s->dir);
	s->dir = fd;
	s->trusted = trusted;
}

/* The first part of what is left, taken off. False: none is left. */
static bool next_part(struct state *s, char name[static NAME_MAX + 1], bool *last, struct err *e, int *rc)
{
	struct slice rest = slice_of(s->rest);
	while (slice_starts(rest, SL("/")))
		rest = slice_from(rest, 1);
	ssize_t end = slice_chr(rest, '/');
	size_t n = end < 0 ? rest.n : (size_t)end;
	if (!n)
		return false;
	if (n > NAME_MAX || slice_eq(slice_to(rest, n), SL("..")))
		*rc = err_set(e, ERR_PERM, "a path with \"..\" or an overlong name is not walked");
	snprintf(name, NAME_MAX + 1, "%.*s", (int)MIN(n, (size_t)NAME_MAX), rest.p);
	rest = slice_from(rest, n);
	while (slice_starts(rest, SL("/")))
		rest = slice_from(rest, 1);
	*last = rest.n == 0;
	memmove(s->rest, rest.p, rest.n);
	s->rest[rest.n] = 0;
	return true;
}

/* A link that root made: its text takes its place in the path. */
static int follow(struct state *s, const char *name, struct walk *w, struct err *e)
{
	char to[PATH_MAX], joined[PATH_MAX];
	ssize_t n = readlinkat(s->dir, name, to, sizeof to - 1);
	if (n <= 0 || ++s->links > LINKS_MOST)
		return err_set(e, ERR_PERM, "too many symbolic links");
	to[n] = 0;
	int len = snprintf(joined, sizeof joined, "%s/%s", to, s->rest);
	if (len < 0 || (size_t)len >= sizeof joined)
		return err_set(e, ERR_PERM, "a symbolic link that is too long");
	memcpy(s->rest, joined, (size_t)len + 1);
	if (to[0] == '/') {
		step_into(s, s->root, trusted_folder(s->root));
		w->path[0] = 0;
	}
	return 0;
}

static int add_name(struct walk *w, const char *name, struct err *e)
{
	size_t n = strlen(w->path);
	int len = snprintf(w->path + n, sizeof w->path - n, "/%s", name);
	return len < 0 || (size_t)len >= sizeof w->path - n ? err_set(e, ERR_PERM, "a path that is too long") : 0;
}

/* 1: go on; 0: w is as far as it gets. */
static int one_step(struct state *s, struct walk *w, struct err *e)
{
	bool last;
	struct stat st;
	int rc = 0;
	if (!next_part(s, w->name, &last, e, &rc))
		return err_set(e, ERR_PERM, "a path that names no file");
	if (rc)
		return rc;
	if (strcmp(w->name, ".") == 0)
		return 1;
	if (last) {
		w->dir = s->dir;
		return add_name(w, w->name, e);
	}
	int fd = openat(s->dir, w->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_set(e, ERR_IO, "%s: %m", w->name);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		step_into(s, fd, s->trusted && st.st_uid == 0 && !(st.st_mode & 022));
		rc = add_name(w, w->name, e);
		return rc ? rc : 1;
	}
	close(fd);
	if (!S_ISLNK(st.st_mode))
		return 0; /* a file where a folder should be: nothing is behind it */
	if (!s->trusted) {
		w->dir = s->dir;
		return add_name(w, w->name, e);
	}
	rc = follow(s, w->name, w, e);
	return rc ? rc : 1;
}

int walk_to(int root, const char *path, struct walk *w, struct err *e)
{
	struct state s = {.root = root, .dir = root, .trusted = trusted_folder(root)};
	int n = snprintf(s.rest, sizeof s.rest, "%s", path);
	*w = (struct walk){.dir = -1};
	if (path[0] != '/' || n < 0 || (size_t)n >= sizeof s.rest)
		return err_set(e, ERR_PERM, "no absolute path, or one that is too long");
	int rc;
	while ((rc = one_step(&s, w, e)) == 1)
		;
	if (!rc && w->dir >= 0) {
		w->dir = fcntl(w->dir, F_DUPFD_CLOEXEC, 3);
		if (w->dir < 0)
			rc = err_set(e, ERR_IO, "no more descriptors: %m");
	} else {
		w->dir = -1;
	}
	if (s.dir != s.root)
		close(s.dir);
	return rc;
}

void walk_end(struct walk *w)
{
	if (w->dir >= 0)
		close(w->dir);
	w->dir = -1;
}
