/* back.c - out of quarantine again: restored, or deleted. */
#include "release/release_private.h"

#include "json/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_MOST = 4095, LEAVES = 2000 };

int release_quarantine_origin(struct release_quarantine *q, const char *id, struct arena *a, struct slice *folder, struct slice *name, struct err *e)
{
	struct buf record = {0};
	struct json_flat flat = {0};
	*folder = *name = SLICE_NONE;
	int rc = release_read_record(q, id, &record, e);
	struct json_parser *p = rc ? NULL : json_parser_new(LIMIT_JSON_DEPTH, LEAVES);
	if (p && json_flatten(p, (struct json_text){record.p, record.n}, (struct json_text){0}, &flat) == JSON_OK)
		for (size_t i = 0; i < flat.n; i++) {
			struct slice key = {flat.v[i].name.p, flat.v[i].name.n}, value = {flat.v[i].text.p, flat.v[i].text.n};
			if (flat.v[i].depth == 1 && slice_eqz(key, "folder") && !release_unword(value, a, PATH_MOST, folder))
				*folder = SLICE_NONE;
			if (flat.v[i].depth == 1 && slice_eqz(key, "name") && !release_unword(value, a, RELEASE_NAME_MAX, name))
				*name = SLICE_NONE;
		}
	json_parser_free(p);
	buf_free(&record);
	if (!rc && (!folder->n || !name->n || folder->p[0] != '/' || slice_chr(*name, '/') >= 0))
		rc = err_set(e, ERR_SYNTAX, "the record of %.40s does not say where it came from: restore it with --to FILE", id);
	return rc;
}

/* Folder by folder without links: whoever owns one of them must not lead root elsewhere. */
static int open_folder(struct slice path, struct err *e)
{
	char part[RELEASE_NAME_MAX + 1];
	struct slice rest = slice_from(path, 1), one;
	int at = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (at >= 0 && rest.n) {
		if (!slice_cut(&rest, '/', &one)) {
			one = rest;
			rest = SLICE_NONE;
		}
		snprintf(part, sizeof part, "%.*s", SLFMT(one));
		int next = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(at);
		at = next;
	}
	if (at < 0)
		err_set(e, ERR_IO, "cannot open the folder %.*s: %m", (int)MIN(path.n, (size_t)300), path.p);
	return at;
}

static int move(struct release_quarantine *q, const char *entry, int dir, const char *name, struct err *e)
{
	if (!renameat2(q->dir, entry, dir, name, RENAME_NOREPLACE))
		return fsync(dir) ? err_set(e, ERR_IO, "cannot sync the folder: %m") : 0;
	if (errno == EEXIST)
		return err_set(e, ERR_DUP, "there is a file of that name: it is not replaced");
	if (errno != EXDEV)
		return err_set(e, ERR_IO, "cannot move it: %m");
	int rc = release_copy_across(q->dir, entry, dir, name, e);
	if (!rc && unlinkat(q->dir, entry, 0))
		rc = err_set(e, ERR_IO, "restored, but its copy in quarantine cannot be removed: %m");
	return rc;
}

/* Judged where it lies, under the name it would have, with the signatures that lie in the folder: an entry of the quarantine is nobody else's to change. */
static int check(struct release_quarantine *q, const struct release_list *l, const char *entry, int dir, struct slice folder, const char *name, nstime now,
	struct err *e)
{
	struct release_judgement *j = xcalloc(1, sizeof *j);
	release_judge_kept(l, q->dir, entry, dir, folder, name, now, j);
	int rc = release_in_order(j->verdict)
		? 0
		: err_set(e, ERR_PERM, "it is not in order there: %s. Two people sign it first (postern release sign), or it goes elsewhere (--to FILE)",
			  release_verdict_text(j->verdict));
	free(j);
	return rc;
}

static int restore_home(struct release_quarantine *q, const struct release_list *l, const char *id, const char *entry, nstime now, struct err *e)
{
	struct arena mem;
	struct slice folder, name;
	arena_init(&mem);
	int rc = release_quarantine_origin(q, id, &mem, &folder, &name, e), dir = -1;
	if (!rc && !release_folder_of(l, folder).n)
		rc = err_set(e, ERR_PERM, "its folder is not on the release list: restore it with --to FILE");
	if (!rc)
		rc = (dir = open_folder(folder, e)) < 0 ? ERR_IO : 0;
	if (!rc)
		rc = check(q, l, entry, dir, folder, name.p, now, e);
	if (!rc)
		rc = move(q, entry, dir, name.p, e);
	if (dir >= 0)
		close(dir);
	arena_free(&mem);
	return rc;
}

static int restore_to(struct release_quarantine *q, const struct release_list *l, const char *entry, const char *to, struct err *e)
{
	char folder[4096], real[4096];
	struct slice path = slice_of(to), name = slice_basename(path);
	if (to[0] != '/' || !name.n || name.n > RELEASE_NAME_MAX || path.n >= sizeof folder)
		return err_set(e, ERR_USAGE, "--to takes an absolute path of a new file");
	snprintf(folder, sizeof folder, "%.*s", (int)(path.n - name.n), to);
	if (!realpath(folder, real))
		return err_set(e, ERR_IO, "cannot open the folder %.300s: %m", folder);
	if (release_folder_of(l, slice_of(real)).n)
		return err_set(e, ERR_PERM, "%.300s is a distribution folder: nothing gets there but with two signatures", real);
	int dir = open_folder(slice_of(real), e);
	if (dir < 0)
		return ERR_IO;
	int rc = move(q, entry, dir, name.p, e);
	close(dir);
	return rc;
}

static int forget(struct release_quarantine *q, const char *id, struct err *e)
{
	char record[RELEASE_ENTRY_ROOM];
	release_entry_name(record, id, "json");
	if (unlinkat(q->dir, record, 0) && errno != ENOENT)
		return err_set(e, ERR_IO, "cannot remove the record: %m");
	return fsync(q->dir) ? err_set(e, ERR_IO, "cannot sync the quarantine folder: %m") : 0;
}

static int find(struct release_quarantine *q, const char *id, char entry[static RELEASE_ENTRY_ROOM], struct err *e)
{
	struct stat st;
	if (!release_is_id(id))
		return err_set(e, ERR_USAGE, "an id looks like 20261126T150000Z-0123abcd");
	release_entry_name(entry, id, "file");
	return fstatat(q->dir, entry, &st, AT_SYMLINK_NOFOLLOW) ? err_set(e, ERR_NOENT, "nothing in quarantine has the id %s", id) : 0;
}

int release_quarantine_restore(struct release_quarantine *q, const struct release_list *l, const char *id, const char *to, nstime now, struct err *e)
{
	char entry[RELEASE_ENTRY_ROOM];
	int rc = find(q, id, entry, e);
	if (!rc)
		rc = to ? restore_to(q, l, entry, to, e) : restore_home(q, l, id, entry, now, e);
	return rc ? rc : forget(q, id, e);
}

int release_quarantine_delete(struct release_quarantine *q, const char *id, struct err *e)
{
	char entry[RELEASE_ENTRY_ROOM];
	int rc = find(q, id, entry, e);
	if (!rc && unlinkat(q->dir, entry, 0))
		rc = err_set(e, ERR_IO, "cannot remove it: %m");
	return rc ? rc : forget(q, id, e);
}
