/* inspect_files.c - operands to files: folders are walked, standard input is kept. */
#include "cmd/inspect_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 1000000 };

static void add(struct inspect_files *f, const char *path) { *vec_push(f) = xstrndup(path, strlen(path)); }

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names { char **v; size_t n, cap; };

static void walk(struct inspect_files *f, const char *folder, unsigned depth);

static void take(struct inspect_files *f, const char *path, bool named, unsigned depth)
{
	struct stat st;
	if (named ? stat(path, &st) : lstat(path, &st)) {
		complain("%s: %s", path, strerror(errno));
		f->failed++;
	} else if (S_ISDIR(st.st_mode)) {
		walk(f, path, depth);
	} else if (S_ISREG(st.st_mode)) {
		if (f->n < FILES_MAX)
			add(f, path);
	} else if (named) {
		complain("%s: not a file or folder", path);
		f->failed++;
	}
}

static void walk(struct inspect_files *f, const char *folder, unsigned depth)
{
	struct names names = {0};
	DIR *d = depth < LIMIT_PATH_DEPTH ? opendir(folder) : NULL;
	if (!d) {
		complain("%s: %s", folder, depth < LIMIT_PATH_DEPTH ? strerror(errno) : "too many folders in folders");
		f->failed++;
		return;
	}
	for (struct dirent *x; (x = readdir(d));) {
		char *path;
		if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0)
			continue;
		if (asprintf(&path, "%s/%s", folder, x->d_name) < 0)
			core_oom();
		*vec_push(&names) = path;
	}
	closedir(d);
	if (names.n)
		qsort(names.v, names.n, sizeof *names.v, by_name);
	for (size_t i = 0; i < names.n; i++) {
		take(f, names.v[i], false, depth + 1);
		free(names.v[i]);
	}
	free(names.v);
}

static int keep_input(struct inspect_files *f, struct err *e)
{
	char block[64 << 10];
	ssize_t got;
	f->input = memfd_create("standard input", MFD_CLOEXEC);
	if (f->input < 0)
		return err_set(e, ERR_IO, "cannot keep standard input: %m");
	while ((got = read(STDIN_FILENO, block, sizeof block)) > 0)
		if (write(f->input, block, (size_t)got) != got)
			return err_set(e, ERR_IO, "cannot keep standard input: %m");
	return got < 0 ? err_set(e, ERR_IO, "standard input: %m") : 0;
}

int inspect_files_find(struct inspect_files *f, const struct args *a, struct err *e)
{
	*f = (struct inspect_files){.input = -1};
	for (size_t i = 0; i < a->noperands; i++) {
		if (strcmp(a->operand[i], "-") != 0) {
			take(f, a->operand[i], true, 0);
			continue;
		}
		if (f->input >= 0)
			return err_set(e, ERR_USAGE, "standard input was named twice");
		int rc = keep_input(f, e);
		if (rc)
			return rc;
		add(f, "-");
	}
	return 0;
}

void inspect_files_free(struct inspect_files *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i]);
	free(f->v);
	if (f->input >= 0)
		close(f->input);
}

int inspect_files_open(const struct inspect_files *f, size_t i, struct err *e)
{
	struct stat st;
	if (strcmp(f->v[i], "-") == 0)
		return fcntl(f->input, F_DUPFD_CLOEXEC, 3);
	int fd = open(f->v[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		err_set(e, ERR_IO, "%s: not a file any more", f->v[i]);
		return -1;
	}
	if (fd < 0)
		err_set(e, ERR_IO, "%s: %m", f->v[i]);
	return fd;
}
