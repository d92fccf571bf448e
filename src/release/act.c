/* act.c - one file: judged, told, moved away. */
#include "release/watch_private.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

nstime watch_now(bool monotonic)
{
	struct timespec t;
	clock_gettime(monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME, &t);
	return t.tv_sec * NS_SEC + t.tv_nsec;
}

void watch_say(struct watching *x, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	x->w->tell(x->w->arg, false, text);
}

/* ---- who -------------------------------------------------------------------------------------------------------------------- */

/* A process that has ended is remembered from an earlier event of it: cp(1) makes the file, and is gone when it was closed. */
static void find_who(struct watching *x, int32_t pid, uint32_t owner, struct release_who *out)
{
	struct slice key = slice_make((const char *)&pid, sizeof pid);
	release_who_of(pid, owner, out);
	if (out->known) {
		memcpy(lru_put(x->who, key, NULL), out, sizeof *out);
		return;
	}
	const struct release_who *before = pid > 0 ? lru_get(x->who, key) : NULL;
	if (before)
		*out = *before;
}

/* ---- known ------------------------------------------------------------------------------------------------------------------ */

static struct key file_key(uint64_t dev, uint64_t ino)
{
	struct key k;
	key_init(&k);
	key_add(&k, slice_make((const char *)&dev, sizeof dev));
	key_add(&k, slice_make((const char *)&ino, sizeof ino));
	return k;
}

/* ---- telling ------------------------------------------------------------------------------------------------------------------ */

static void add_word(struct buf *b, const char *text)
{
	if (*text)
		release_word(b, slice_of(text));
	else
		buf_addc(b, '-');
}

static void add_path(struct buf *b, const char *folder, const char *name)
{
	release_word(b, slice_of(folder));
	buf_addc(b, '/');
	release_word(b, slice_of(name));
}

/* docs/release.md has the form; src/decode/release.c reads it. */
static void tell_refused(struct watching *x, const struct folder *f, const char *name, const struct release_judgement *j, const struct release_who *w,
	const char *what)
{
	struct buf b = {0};
	buf_addz(&b, "refused ");
	add_path(&b, f->path, name);
	buf_addz(&b, " put there by ");
	add_word(&b, w->login_uid != UINT32_MAX ? w->login : w->user);
	buf_addz(&b, " as ");
	add_word(&b, w->user);
	buf_addf(&b, " (session %lld, pid %d, ", w->session == UINT32_MAX ? -1LL : (long long)w->session, w->pid);
	add_word(&b, w->exe);
	buf_addf(&b, "): %s%s%s; %s", release_verdict_text(j->verdict), j->detail[0] ? ", " : "", j->detail, what);
	buf_addc(&b, 0);
	x->w->tell(x->w->arg, true, b.p);
	buf_free(&b);
	x->w->found++;
}

static void tell_accepted(struct watching *x, const struct folder *f, const char *name, const struct release_judgement *j)
{
	struct buf b = {0};
	size_t n = 0;
	buf_addz(&b, "accepted ");
	add_path(&b, f->path, name);
	buf_addz(&b, ": signed by ");
	for (size_t i = 0; i < j->nclaims; i++)
		if (j->claims[i].good)
			buf_addf(&b, "%s%.*s", n++ ? " and " : "", SLFMT(j->claims[i].person->id));
	buf_addc(&b, 0);
	x->w->tell(x->w->arg, false, b.p);
	buf_free(&b);
}

static void record(struct watching *x, const char *action, const struct folder *f, const char *name, const char *outcome, const struct release_judgement *j,
	const struct release_who *w, const char *id)
{
	struct buf path = {0}, detail = {0};
	struct err e;
	if (!x->w->audit)
		return;
	add_path(&path, f->path, name);
	buf_addf(&detail, "id %s, %s %s, by %s as %s, session %lld, pid %d, exe ", id, release_verdict_word(j->verdict), j->detail, w->login, w->user,
		w->session == UINT32_MAX ? -1LL : (long long)w->session, w->pid);
	add_word(&detail, w->exe);
	buf_addz(&detail, ", command ");
	add_word(&detail, w->command);
	struct chain_record r = {.time = watch_now(false), .actor = SL("postern release watch"), .action = slice_of(action), .object = slice_to(buf_slice(&path), 5000),
		.outcome = slice_of(outcome), .detail = slice_to(buf_slice(&detail), 3000)};
	if (chain_append(x->w->audit, &r, &e))
		watch_say(x, "the audit log cannot be written: %s", e.text);
	buf_free(&path);
	buf_free(&detail);
}

/* ---- later -------------------------------------------------------------------------------------------------------------------------- */

static struct pending *find_pending(struct watching *x, uint32_t folder, const char *name)
{
	for (size_t i = 0; i < x->pending.n; i++)
		if (x->pending.v[i].folder == folder && strcmp(x->pending.v[i].name, name) == 0)
			return &x->pending.v[i];
	return NULL;
}

static void no_more_pending(struct watching *x, uint32_t folder, const char *name)
{
	struct pending *p = find_pending(x, folder, name);
	if (p)
		*p = x->pending.v[--x->pending.n];
}

/* False: there is no room, or it waited long enough. */
static bool wait_for(struct watching *x, uint32_t folder, const char *name, const struct release_who *who)
{
	nstime now = watch_now(true);
	struct pending *p = find_pending(x, folder, name);
	if (!p && x->pending.n >= PENDING_MAX)
		return false;
	if (!p) {
		p = vec_push(&x->pending);
		*p = (struct pending){.folder = folder, .since = now, .who = *who};
		snprintf(p->name, sizeof p->name, "%s", name);
	}
	p->next = now + NS_SEC;
	return now - p->since < x->list.unfinished;
}

/* ---- acting -------------------------------------------------------------------------------------------------------------------------- */

static void move_away(struct watching *x, uint32_t folder, const char *name, const struct release_judgement *j, const struct release_who *who)
{
	const struct folder *f = &x->folders.v[folder];
	char id[40], what[700];
	bool replaced;
	struct err e;
	int rc = release_quarantine_take(x->quarantine, f->dir, slice_of(f->path), name, j, who, watch_now(false), id, &replaced, &e);
	if (rc == ERR_NOENT)
		return; /* gone by itself */
	if (!rc) {
		snprintf(what, sizeof what, "moved to quarantine as %s%s", id, replaced ? " (it had been replaced meanwhile)" : "");
		no_more_pending(x, folder, name);
	} else {
		snprintf(what, sizeof what, "NOT MOVED: %s", e.text);
		(void)wait_for(x, folder, name, who);
		struct pending *p = find_pending(x, folder, name);
		if (p)
			p->next += RETRY_SECONDS * NS_SEC;
	}
	tell_refused(x, f, name, j, who, what);
	record(x, "release-quarantine", f, name, rc ? "failure" : "success", j, who, rc ? "-" : id);
}

static void refuse(struct watching *x, uint32_t folder, const char *name, const struct release_judgement *j, const struct release_who *who)
{
	if (x->w->enforce) {
		move_away(x, folder, name, j, who);
		return;
	}
	no_more_pending(x, folder, name);
	tell_refused(x, &x->folders.v[folder], name, j, who, "dry run: not moved");
	record(x, "release-refused", &x->folders.v[folder], name, "dry-run", j, who, "-");
}

static void accept(struct watching *x, uint32_t folder, const char *name, const struct release_judgement *j)
{
	struct key k = file_key(j->dev, j->ino);
	no_more_pending(x, folder, name);
	if (j->verdict != RELEASE_GOOD)
		return;
	lru_put(x->known, key_slice(&k), NULL);
	if (!x->scanning)
		tell_accepted(x, &x->folders.v[folder], name, j);
}

static void judge_file(struct watching *x, uint32_t folder, const char *name, int32_t pid, bool written)
{
	const struct folder *f = &x->folders.v[folder];
	struct release_judgement *j = xmalloc(sizeof *j);
	struct release_who who;
	release_judge(&x->list, f->dir, slice_of(f->path), name, watch_now(false), j);
	const struct pending *p = find_pending(x, folder, name);
	if (pid == 0 && p)
		who = p->who;
	else
		find_who(x, pid, j->uid, &who);
	struct key k = file_key(j->dev, j->ino);
	if (written && j->verdict != RELEASE_GOOD && j->verdict != RELEASE_GONE) {
		lru_del(x->known, key_slice(&k));
		j->verdict = j->verdict == RELEASE_UNFINISHED || j->verdict == RELEASE_CHANGED ? RELEASE_WRITTEN : j->verdict;
	}
	bool later = j->verdict == RELEASE_UNFINISHED || j->verdict == RELEASE_CHANGED;
	if (j->verdict == RELEASE_GONE)
		no_more_pending(x, folder, name);
	else if (release_in_order(j->verdict))
		accept(x, folder, name, j);
	else if (!later || x->w->once || !wait_for(x, folder, name, &who))
		refuse(x, folder, name, j, &who);
	free(j);
}

void watch_file(struct watching *x, uint32_t folder, const char *name, int32_t pid)
{
	x->files++;
	judge_file(x, folder, name, pid, false);
}

/* What was released is not written in place: from then on it goes out to machines. Files that are only being made wait for their end. */
void watch_written(struct watching *x, uint32_t folder, const char *name, int32_t pid)
{
	struct stat st;
	if (fstatat(x->folders.v[folder].dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	struct key k = file_key(st.st_dev, st.st_ino);
	if (lru_get(x->known, key_slice(&k)))
		judge_file(x, folder, name, pid, true);
}

void watch_pending(struct watching *x)
{
	nstime now = watch_now(true);
	for (size_t i = x->pending.n; i-- > 0;) {
		if (i >= x->pending.n || x->pending.v[i].next > now)
			continue;
		struct pending p = x->pending.v[i];
		judge_file(x, p.folder, p.name, 0, false);
	}
}
