/* quarantine.c - where files go that are not in order: ID.json says what it is, ID.file is the file.
 *
 * The record is written before the file moves, and a file that has to be copied keeps a name beside its old one until the copy is on the disk: whenever
 * this is killed, the file is in one of the two places.
 */
#include "release/release_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { ID_ROOM = 40, RECORD_MAX = 64 << 10, PART = 1 << 17, KEPT_MAX = 200000 };
#define COPY_MOST ((off_t)50000000000) /* to another filesystem; nothing else is judged meanwhile */

struct release_quarantine *release_quarantine_open(const char *path, struct err *e)
{
	struct stat st;
	if (mkdir(path, 0700) && errno != EEXIST) {
		err_set(e, ERR_IO, "cannot make the quarantine folder %s: %m", path);
		return NULL;
	}
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		err_set(e, ERR_IO, "cannot open the quarantine folder %s: %m", path);
	} else if (st.st_uid != geteuid() || (st.st_mode & 077)) {
		err_set(e, ERR_PERM, "the quarantine folder %s has to be ours with mode 0700", path);
	} else {
		struct release_quarantine *q = xcalloc(1, sizeof *q);
		q->dir = fd;
		return q;
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

void release_quarantine_close(struct release_quarantine *q)
{
	if (q)
		close(q->dir);
	free(q);
}

/* ---- records -------------------------------------------------------------------------------------------------------------------- */

static void new_id(nstime now, char id[static ID_ROOM])
{
	struct civil c = civil_of(now);
	snprintf(id, ID_ROOM, "%04d%02u%02uT%02u%02u%02uZ-%08x", c.year, c.month, c.day, c.hour, c.minute, c.second, randombytes_random());
}

static void add(struct buf *b, const char *name, const char *text)
{
	buf_addf(b, ",\"%s\":", name);
	buf_json(b, slice_of(text));
}

/* Paths as words: a name may hold anything, and has to be found again to the byte. */
static void add_word(struct buf *b, const char *name, struct slice path)
{
	buf_addf(b, ",\"%s\":\"", name);
	struct buf word = {0};
	release_word(&word, path);
	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] == '\\')
			buf_addc(b, '\\');
		buf_addc(b, word.p[i]);
	}
	buf_addc(b, '"');
	buf_free(&word);
}

static void write_claims(struct buf *b, const struct release_judgement *j)
{
	buf_addz(b, ",\"signatures\":[");
	for (size_t i = 0; i < j->nclaims; i++) {
		const struct release_claim *c = &j->claims[i];
		buf_addf(b, "%s{\"signer\":", i ? "," : "");
		buf_json(b, c->person->id);
		buf_addf(b, ",\"valid\":%s", c->good ? "true" : "false");
		add(b, c->good ? "key" : "reason", c->good ? c->fingerprint : c->why);
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}

static void write_record(struct buf *b, const char *id, struct slice folder, const char *name, const struct release_judgement *j, const struct release_who *w,
	nstime now)
{
	char at[40];
	buf_addf(b, "{\"id\":\"%s\",\"time\":\"%s\"", id, time_rfc3339(now, at));
	add_word(b, "folder", folder);
	add_word(b, "name", slice_of(name));
	add(b, "verdict", release_verdict_word(j->verdict));
	add(b, "reason", release_verdict_text(j->verdict));
	add(b, "detail", j->detail);
	buf_addf(b, ",\"size\":%llu,\"mode\":\"%o\",\"owner\":%u", (unsigned long long)j->size, j->mode, j->uid);
	if (j->sha256[0])
		add(b, "sha256", j->sha256);
	write_claims(b, j);
	add(b, "by", w->user);
	add(b, "login", w->login);
	buf_addf(b, ",\"by_process\":%s,\"pid\":%d,\"session\":%lld", w->known ? "true" : "false", w->pid, w->session == UINT32_MAX ? -1LL : (long long)w->session);
	add(b, "executable", w->exe);
	add(b, "command", w->command);
	buf_addz(b, "}\n");
}

/* On the disk, or not there. */
static int write_new(int dir, const char *name, struct slice bytes, struct err *e)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, ERR_IO, "cannot write the quarantine's record: %m");
	ssize_t n = write(fd, bytes.p, bytes.n);
	int rc = n == (ssize_t)bytes.n && !fsync(fd) ? 0 : err_set(e, ERR_IO, "cannot write the quarantine's record: %m");
	close(fd);
	if (rc)
		(void)unlinkat(dir, name, 0);
	else
		(void)fsync(dir);
	return rc;
}

void release_entry_name(char out[static RELEASE_ENTRY_ROOM], const char *id, const char *suffix)
{
	snprintf(out, RELEASE_ENTRY_ROOM, "%.*s.%s", ID_ROOM, id, suffix);
}

/* ---- taking ------------------------------------------------------------------------------------------------------------------------ */

static int copy_bytes(int from, int to, struct err *e)
{
	char *part = xmalloc(PART);
	int rc = 0;
	for (;;) {
		ssize_t n = read(from, part, PART), at = 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = n ? err_set(e, ERR_IO, "cannot read the file: %m") : 0;
			break;
		}
		while (at < n && !rc) {
			ssize_t did = write(to, part + at, (size_t)(n - at));
			if (did < 0 && errno != EINTR)
				rc = err_set(e, ERR_IO, "cannot copy the file into quarantine: %m");
			at += MAX(did, 0);
		}
		if (rc)
			break;
	}
	free(part);
	return rc;
}

/* What is no plain file has nothing to be copied: where a link leads is kept, the rest is told by the record. */
static int copy_other(int dir, const char *name, int to, struct err *e)
{
	char target[4096];
	ssize_t n = readlinkat(dir, name, target, sizeof target);
	if (n > 0 && write(to, target, (size_t)n) != n)
		return err_set(e, ERR_IO, "cannot copy the link into quarantine: %m");
	return 0;
}

/* A sparse file of terabytes costs who makes it nothing. */
static int check_room(int dir, const struct stat *st, struct err *e)
{
	struct statvfs fs;
	if (!S_ISREG(st->st_mode) || (!fstatvfs(dir, &fs) && (uint64_t)st->st_size <= (uint64_t)fs.f_bavail * fs.f_frsize && st->st_size <= COPY_MOST))
		return 0;
	return err_set(e, ERR_LIMIT, "it is too large to be copied to the quarantine's filesystem (%lld bytes)", (long long)st->st_size);
}

int release_copy_across(int from_dir, const char *from, int to_dir, const char *to, struct err *e)
{
	struct stat st;
	char part[RELEASE_NAME_MAX + 1];
	snprintf(part, sizeof part, ".%.200s.part", to);
	if (fstatat(from_dir, from, &st, AT_SYMLINK_NOFOLLOW))
		return err_set(e, ERR_IO, "cannot look at the file: %m");
	int rc = check_room(to_dir, &st, e);
	if (rc)
		return rc;
	int out = openat(to_dir, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return err_set(e, ERR_IO, "cannot make a file to copy into: %m");
	if (S_ISREG(st.st_mode)) {
		int in = openat(from_dir, from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
		rc = in < 0 ? err_set(e, ERR_IO, "cannot open the file: %m") : copy_bytes(in, out, e);
		if (in >= 0)
			close(in);
	} else {
		rc = copy_other(from_dir, from, out, e);
	}
	if (!rc && (fsync(out) || renameat2(to_dir, part, to_dir, to, RENAME_NOREPLACE) || fsync(to_dir)))
		rc = err_set(e, ERR_IO, "cannot finish the copy: %m");
	close(out);
	if (rc)
		(void)unlinkat(to_dir, part, 0);
	return rc;
}

/* To another filesystem: first out of its name, so that the copy is of what nobody else renames by chance, then copied, then removed. */
static int take_across(struct release_quarantine *q, int dir, const char *name, const char *id, const char *entry, struct err *e)
{
	char aside[RELEASE_ENTRY_ROOM + 32];
	snprintf(aside, sizeof aside, ".postern-quarantine-%s", id);
	if (renameat2(dir, name, dir, aside, RENAME_NOREPLACE))
		return err_set(e, ERR_IO, "cannot take it out of its name: %m");
	int rc = release_copy_across(dir, aside, q->dir, entry, e);
	if (!rc && unlinkat(dir, aside, 0))
		return err_set(e, ERR_IO, "copied into quarantine, but it cannot be removed: %m");
	if (rc && renameat2(dir, aside, dir, name, RENAME_NOREPLACE))
		core_log(LOG_LEVEL_WARN, "release: a file stays under the name %s", aside);
	return rc;
}

/* It cannot be moved: then at least nobody but root reads it. */
static void lock_away(int dir, const char *name, const struct release_judgement *j)
{
	char path[64];
	struct stat st;
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_ino == j->ino && st.st_dev == j->dev)
		(void)!chmod(path, 0);
	close(fd);
}

int release_quarantine_take(struct release_quarantine *q, int dir, struct slice folder, const char *name, const struct release_judgement *j,
	const struct release_who *who, nstime now, char id[static 40], bool *replaced, struct err *e)
{
	char entry[RELEASE_ENTRY_ROOM], record[RELEASE_ENTRY_ROOM];
	struct buf b = {0};
	struct stat st;
	struct err unwritten;
	new_id(now, id);
	release_entry_name(entry, id, "file");
	release_entry_name(record, id, "json");
	write_record(&b, id, folder, name, j, who, now);
	if (write_new(q->dir, record, buf_slice(&b), &unwritten)) /* the disk is full: it is moved all the same */
		core_log(LOG_LEVEL_ERROR, "release: %s", unwritten.text);
	buf_free(&b);
	*replaced = false;
	int rc = 0;
	if (renameat2(dir, name, q->dir, entry, RENAME_NOREPLACE))
		rc = errno == EXDEV ? take_across(q, dir, name, id, entry, e) : err_set(e, errno == ENOENT ? ERR_NOENT : ERR_IO, "cannot move it into quarantine: %m");
	else
		*replaced = fstatat(q->dir, entry, &st, AT_SYMLINK_NOFOLLOW) || st.st_ino != j->ino || st.st_dev != j->dev;
	if (rc) {
		(void)unlinkat(q->dir, record, 0);
		lock_away(dir, name, j);
		return rc;
	}
	(void)fsync(q->dir);
	(void)fsync(dir);
	return 0;
}

/* ---- what is there --------------------------------------------------------------------------------------------------------------------- */

/* "20261126T150000Z-0123abcd" */
bool release_is_id(const char *id)
{
	return strlen(id) == 25 && strspn(id, "0123456789TZ-abcdef") == 25 && id[8] == 'T' && id[15] == 'Z' && id[16] == '-';
}

int release_read_record(struct release_quarantine *q, const char *id, struct buf *out, struct err *e)
{
	char name[RELEASE_ENTRY_ROOM], part[8192];
	release_entry_name(name, id, "json");
	ssize_t n = 0;
	int fd = release_is_id(id) ? openat(q->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) : -1;
	if (fd < 0)
		return err_set(e, ERR_NOENT, "nothing in quarantine has the id %.40s", id);
	while (out->n < RECORD_MAX && (n = read(fd, part, sizeof part)) > 0)
		buf_add(out, part, (size_t)n);
	close(fd);
	return n < 0 ? err_set(e, ERR_IO, "cannot read the record of %s: %m", id) : 0;
}

static bool has_file(struct release_quarantine *q, const char *id)
{
	char name[RELEASE_ENTRY_ROOM];
	struct stat st;
	release_entry_name(name, id, "file");
	return fstatat(q->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

typedef char id_text[ID_ROOM];
struct ids {
	id_text *v;
	size_t n, cap;
};

int release_quarantine_each(struct release_quarantine *q, release_kept_fn *fn, void *arg, struct err *e)
{
	struct ids ids = {0};
	int fd = openat(q->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	if (!d) {
		if (fd >= 0)
			close(fd);
		return err_set(e, ERR_IO, "cannot read the quarantine folder: %m");
	}
	for (struct dirent *x = readdir(d); x && ids.n < KEPT_MAX; x = readdir(d)) {
		char id[RELEASE_ENTRY_ROOM];
		size_t n = strlen(x->d_name);
		if (n != 30 || (strcmp(x->d_name + 25, ".json") != 0 && strcmp(x->d_name + 25, ".file") != 0))
			continue;
		snprintf(id, sizeof id, "%.25s", x->d_name);
		if (release_is_id(id))
			memcpy(vec_push(&ids), id, ID_ROOM);
	}
	closedir(d);
	if (ids.n)
		qsort(ids.v, ids.n, sizeof *ids.v, by_text);
	for (size_t i = 0; i < ids.n; i++) {
		struct buf record = {0};
		if (i && strcmp(ids.v[i], ids.v[i - 1]) == 0)
			continue;
		if (release_read_record(q, ids.v[i], &record, NULL) || !record.n)
			buf_addz(&record, "{}\n");
		fn(arg, ids.v[i], slice_to(buf_slice(&record), record.n - 1), has_file(q, ids.v[i]));
		buf_free(&record);
	}
	free(ids.v);
	return 0;
}

static void tidy_entry(struct release_quarantine *q, const char *name)
{
	size_t n = strlen(name);
	char id[RELEASE_ENTRY_ROOM];
	bool part = name[0] == '.' && n > 5 && strcmp(name + n - 5, ".part") == 0;
	snprintf(id, sizeof id, "%.25s", name);
	bool record = n == 30 && strcmp(name + 25, ".json") == 0 && release_is_id(id) && !has_file(q, id);
	if (part || record)
		(void)unlinkat(q->dir, name, 0);
}

int release_quarantine_own(struct release_quarantine *q, struct err *e)
{
	if (flock(q->dir, LOCK_EX | LOCK_NB))
		return err_set(e, ERR_DUP, "another postern release watch moves files into the same quarantine");
	int fd = openat(q->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	if (!d) {
		if (fd >= 0)
			close(fd);
		return err_set(e, ERR_IO, "cannot read the quarantine folder: %m");
	}
	for (struct dirent *x = readdir(d); x; x = readdir(d))
		tidy_entry(q, x->d_name);
	closedir(d);
	return 0;
}
