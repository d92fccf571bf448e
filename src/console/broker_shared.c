/* broker_shared.c - what the threads of the broker share, in memory alone: how much each account reported within the hour, and what was read of the audit log for who looks at a
 * recording. */
#include "console/broker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { REPORTS_ACCOUNT = 90 /* files and reports within an hour: ten reports full of files */, LOOKS_MOST = 64 };

struct allowance {
	char name[64];
	nstime since;
	unsigned n;
};

/* One looks at one recording: lines of the log before `at` were read. */
struct view {
	char id[BROKER_ID], name[64];
	char sha256[65], noted[40]; /* when it was put on record last; "" never */
	dev_t device;
	ino_t file;
	off_t at;
	uint64_t used;              /* the one that was not for longest makes room */
};

struct broker_shared {
	pthread_mutex_t lock;
	struct { struct allowance *v; size_t n, cap; } reports;
	struct { struct view *v; size_t n, cap; } views;
	uint64_t uses;
};

struct broker_shared *broker_shared_make(void)
{
	struct broker_shared *s = xcalloc(1, sizeof *s);
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void broker_shared_free(struct broker_shared *s)
{
	if (!s)
		return;
	pthread_mutex_destroy(&s->lock);
	free(s->reports.v);
	free(s->views.v);
	free(s);
}

/* ---- reports --------------------------------------------------------------------------------------------------------------------------------------- */

static bool is_over(const struct allowance *a, nstime now)
{
	return now < a->since || now - a->since >= NS_HOUR;
}

/* Of this account; what is over makes room. */
static struct allowance *find_allowance(struct broker_shared *s, struct slice name, nstime now)
{
	struct allowance *found = NULL;
	for (size_t i = 0; i < s->reports.n; i++) {
		while (i < s->reports.n && is_over(&s->reports.v[i], now))
			s->reports.v[i] = s->reports.v[--s->reports.n];
		if (i < s->reports.n && slice_eqz(name, s->reports.v[i].name))
			found = &s->reports.v[i];
	}
	if (found)
		return found;
	found = vec_push(&s->reports);
	*found = (struct allowance){.since = now};
	snprintf(found->name, sizeof found->name, "%.*s", SLFMT(slice_to(name, sizeof found->name - 1)));
	return found;
}

int broker_count_report(struct broker_shared *s, struct slice name, nstime now, struct err *e)
{
	pthread_mutex_lock(&s->lock);
	struct allowance *a = find_allowance(s, name, now);
	bool fine = a->n < REPORTS_ACCOUNT;
	a->n += fine;
	pthread_mutex_unlock(&s->lock);
	return fine ? 0 : err_set(e, ERR_STOPPED, "too many reports were made with this account in the last hour: call your security people instead");
}

/* ---- looks at recordings ---------------------------------------------------------------------------------------------------------------------------------- */

static bool quotes(struct slice line, const char *before, struct slice value)
{
	struct buf want = {0};
	buf_addf(&want, "%s\"%.*s\"", before, SLFMT(value));
	bool found = slice_has(line, buf_slice(&want));
	buf_free(&want);
	return found;
}

/* Quotes within texts are escaped there: members cannot be made up by a text. */
static void take_line(struct slice line, struct view *v)
{
	struct slice mark = SL(" sha256="), time = SL("\"time\":\"");
	ssize_t sum = slice_find(line, mark), at = slice_find(line, time);
	if (!quotes(line, "\"object\":", slice_of(v->id)))
		return;
	if (quotes(line, "\"action\":", SL("session-recorded")) && sum > 0 && line.n - (size_t)sum >= mark.n + 64)
		snprintf(v->sha256, sizeof v->sha256, "%.64s", line.p + sum + mark.n);
	if (!quotes(line, "\"action\":", SL(BROKER_LOOKED)) || !quotes(line, "\"actor\":", slice_of(v->name)) || at < 0)
		return;
	struct slice when = slice_from(line, (size_t)at + time.n);
	ssize_t end = slice_chr(when, '"');
	if (end > 0 && slice_cmp(slice_to(when, (size_t)end), slice_of(v->noted)) > 0)
		snprintf(v->noted, sizeof v->noted, "%.*s", SLFMT(slice_to(when, MIN((size_t)end, sizeof v->noted - 1))));
}

/* From where it was read last; from the beginning when it is another file, or shorter. */
static void read_on(const char *path, struct view *v)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	char *line = NULL;
	size_t room = 0;
	ssize_t got;
	if (!f || fstat(fileno(f), &st)) {
		if (f)
			fclose(f);
		return;
	}
	if (st.st_dev != v->device || st.st_ino != v->file || st.st_size < v->at) {
		v->sha256[0] = v->noted[0] = 0;
		v->at = 0;
	}
	v->device = st.st_dev;
	v->file = st.st_ino;
	bool fine = fseeko(f, v->at, SEEK_SET) == 0;
	while (fine && (got = getline(&line, &room, f)) > 0 && line[got - 1] == '\n') { /* one that is being written is read next time */
		struct slice s = slice_make(line, (size_t)got);
		v->at += got;
		if (slice_has(s, slice_of(v->id))) /* few lines do */
			take_line(s, v);
	}
	free(line);
	fclose(f);
}

static struct view *find_view(struct broker_shared *s, struct slice id, struct slice name)
{
	for (size_t i = 0; i < s->views.n; i++)
		if (slice_eqz(id, s->views.v[i].id) && slice_eqz(name, s->views.v[i].name))
			return &s->views.v[i];
	return NULL;
}

static struct view *oldest_view(struct broker_shared *s)
{
	struct view *v = s->views.v;
	for (size_t i = 1; i < s->views.n; i++)
		if (s->views.v[i].used < v->used)
			v = &s->views.v[i];
	return v;
}

static void keep_view(struct broker_shared *s, const struct view *v)
{
	struct view *at = find_view(s, slice_of(v->id), slice_of(v->name));
	if (!at)
		at = s->views.n < LOOKS_MOST ? vec_push(&s->views) : oldest_view(s);
	*at = *v;
	at->used = ++s->uses;
}

void broker_look(struct broker_shared *s, const char *state, struct slice id, struct slice name, nstime since, struct broker_looked *out)
{
	struct view v = {.at = 0};
	char path[4200], then[40];
	pthread_mutex_lock(&s->lock);
	const struct view *known = find_view(s, id, name);
	if (known)
		v = *known;
	pthread_mutex_unlock(&s->lock);
	if (!known) {
		snprintf(v.id, sizeof v.id, "%.*s", SLFMT(slice_to(id, sizeof v.id - 1)));
		snprintf(v.name, sizeof v.name, "%.*s", SLFMT(slice_to(name, sizeof v.name - 1)));
	}
	int n = snprintf(path, sizeof path, "%s/audit.log", state);
	if (n > 0 && (size_t)n < sizeof path)
		read_on(path, &v); /* without the lock: it may be long */
	pthread_mutex_lock(&s->lock);
	keep_view(s, &v);
	pthread_mutex_unlock(&s->lock);
	memcpy(out->sha256, v.sha256, sizeof out->sha256);
	out->noted = slice_cmp(slice_of(v.noted), slice_of(time_rfc3339(since, then))) >= 0;
}
