/* statics.c - style sheet, script and the like: read once, before anything is given up. */
#include "console/console_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MOST = 64, FILE_MOST = 4 << 20 };

static const char *type_of(struct slice name)
{
	static const struct { const char *end, *type; } types[] = {{".css", "text/css; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"}, {".json", "application/json"},
		{".svg", "image/svg+xml"}, {".png", "image/png"}, {".woff2", "font/woff2"}};
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_ends(name, slice_of(types[i].end)))
			return types[i].type;
	return NULL;
}

static int read_file(int folder, const char *name, struct static_file *out, struct err *e)
{
	struct stat st;
	uint8_t hash[32];
	char hex[65];
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > FILE_MOST) {
		if (fd >= 0)
			close(fd);
		return err_set(e, ERR_IO, "%s is no file of at most %d bytes", name, FILE_MOST);
	}
	char *bytes = xmalloc((size_t)st.st_size + 1);
	ssize_t n = read(fd, bytes, (size_t)st.st_size);
	close(fd);
	if (n != st.st_size) {
		free(bytes);
		return err_set(e, ERR_IO, "cannot read %s: %m", name);
	}
	crypto_generichash(hash, sizeof hash, (const uint8_t *)bytes, (size_t)n, NULL, 0);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	*out = (struct static_file){.name = xstrndup(name, strlen(name)), .type = type_of(slice_of(name)), .bytes = slice_make(bytes, (size_t)n)};
	snprintf(out->tag, sizeof out->tag, "\"%.16s\"", hex);
	return 0;
}

int statics_read(const char *folder, struct statics *out, struct err *e)
{
	DIR *d = opendir(folder);
	int rc = d ? 0 : err_set(e, ERR_IO, "cannot read %s: %s", folder, strerror(errno));
	*out = (struct statics){0};
	for (struct dirent *x; d && !rc && (x = readdir(d));) {
		struct static_file f;
		if (!type_of(slice_of(x->d_name)))
			continue;
		rc = out->n == FILES_MOST ? err_set(e, ERR_LIMIT, "more than %d files in %s", FILES_MOST, folder) : read_file(dirfd(d), x->d_name, &f, e);
		if (!rc)
			*vec_push(out) = f;
	}
	if (d)
		closedir(d);
	return rc;
}

const struct static_file *statics_find(const struct statics *s, struct slice name)
{
	for (size_t i = 0; i < s->n; i++)
		if (slice_eqz(name, s->v[i].name))
			return &s->v[i];
	return NULL;
}

void statics_free(struct statics *s)
{
	for (size_t i = 0; i < s->n; i++) {
		union { const char *in; char *out; } name = {s->v[i].name}, bytes = {s->v[i].bytes.p};
		free(name.out);
		free(bytes.out);
	}
	free(s->v);
	*s = (struct statics){0};
}
