/* posture_kept.c - results of postern audit and postern privilege, one file each, for the console's page of posture. */
#include "cmd/posture_kept.h"
#include "cmd/setup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_ROOM = 400, LISTED_MAX = 10000 };

/* The console reads them as the user of watch's engine, whose database lies there; the folder's group may read them, too. */
static bool become_owner(const char *state)
{
	char path[4200];
	struct stat folder, base;
	snprintf(path, sizeof path, "%s/postern.db", state);
	if (geteuid() != 0 || stat(state, &folder))
		return false;
	if (lstat(path, &base) || !S_ISREG(base.st_mode))
		base = folder;
	setfsgid(folder.st_gid);
	setfsuid(base.st_uid);
	return true;
}

static int folder_open(const char *path)
{
	if (mkdir(path, 0750) && errno != EEXIST)
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool is_plain(struct slice s)
{
	bool plain = s.n && s.n < 200 && s.p[0] != '.';
	for (size_t i = 0; plain && i < s.n; i++)
		plain = (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-' || s.p[i] == '.' || s.p[i] == '_';
	return plain;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* prefix: up to the time, whose digits sort as it does. */
static void remove_old(int dir, const char *prefix, unsigned most)
{
	struct { char **v; size_t n, cap; } names = {0};
	size_t length = strlen(prefix);
	int fd = dup(dir);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d && fd >= 0)
		close(fd);
	if (d)
		rewinddir(d);
	for (const struct dirent *x; d && names.n < LISTED_MAX && (x = readdir(d));)
		if (strncmp(x->d_name, prefix, length) == 0 && x->d_name[length] >= '0' && x->d_name[length] <= '9' && strlen(x->d_name) == length + 21)
			*vec_push(&names) = xstrndup(x->d_name, strlen(x->d_name));
	if (names.n)
		qsort(names.v, names.n, sizeof *names.v, by_name);
	for (size_t i = 0; i < names.n; i++) {
		if (i + most < names.n)
			unlinkat(dir, names.v[i], 0);
		free(names.v[i]);
	}
	free(names.v);
	if (d)
		closedir(d);
}

static bool keep(const char *path, const char *kind, struct slice subject, int64_t now, unsigned most, struct slice json)
{
	char prefix[NAME_ROOM - 40], name[NAME_ROOM], tmp[NAME_ROOM + 8];
	struct civil c = civil_of(now * NS_SEC);
	subject = is_plain(subject) ? subject : SL("several");
	snprintf(prefix, sizeof prefix, "%s-%.*s-", kind, SLFMT(subject));
	snprintf(name, sizeof name, "%s%04d%02u%02uT%02u%02u%02uZ.json", prefix, c.year, c.month, c.day, c.hour, c.minute, c.second);
	snprintf(tmp, sizeof tmp, ".%s.new", name);
	int dir = folder_open(path);
	if (dir >= 0)
		unlinkat(dir, tmp, 0); /* of a run that was killed; emptying a file is what a confined process may not */
	int fd = dir < 0 ? -1 : openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	bool ok = fd >= 0 && fd_write(fd, json) && fsync(fd) == 0 && renameat(dir, tmp, dir, name) == 0 && fsync(dir) == 0;
	if (!ok)
		complain("cannot keep the result in %s: %s", path, strerror(errno));
	else
		remove_old(dir, prefix, most);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	return ok;
}

bool posture_keep(const struct args *a, const char *kind, struct slice subject, int64_t now, unsigned most, struct slice json)
{
	char state[4096], path[4200];
	if (!state_file(a, "", state, sizeof state))
		return false;
	snprintf(path, sizeof path, "%s/posture", state);
	bool other = become_owner(state);
	bool ok = keep(path, kind, subject, now, most, json);
	if (other) {
		setfsuid(0);
		setfsgid(0);
	}
	return ok;
}
