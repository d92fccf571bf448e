/* record.c - a recording from its opening to its place in the audit log. */
#include "gate/record_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum { PARTIAL_MAX = (int)sizeof(struct record_frame) + RECORD_PAYLOAD };
#define BYTES_USUAL ((uint64_t)1 << 30)
#define FLUSH_EVERY NS_SEC
#define SYNC_EVERY (5 * NS_SEC)

static nstime clock_of(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (nstime)t.tv_sec * NS_SEC + t.tv_nsec;
}

static void make_id(struct record *r)
{
	struct civil c = civil_of(r->begin);
	uint32_t n = 0;
	if (getrandom(&n, sizeof n, 0) != (ssize_t)sizeof n)
		n = (uint32_t)r->started;
	snprintf(r->id, sizeof r->id, "S-%04d%02u%02u-%02u%02u%02u-%08x", c.year, c.month, c.day, c.hour, c.minute, c.second, n);
	snprintf(r->path, sizeof r->path, "%04d/%02u/%s.cast.gz", c.year, c.month, r->id);
}

static void keep_who(struct record *r, const struct record_meta *m)
{
	const struct slice from[] = {m->person, m->provider, m->account, m->host, m->grant, m->source, m->tty, m->term, m->command};
	_Static_assert(ARRAY_LEN(from) == ARRAY_LEN(r->who), "as enum record_who");
	for (size_t i = 0; i < ARRAY_LEN(from); i++)
		r->who[i] = xstrndup(from[i].n ? from[i].p : "", MIN(from[i].n, (size_t)GATE_COMMAND_MAX));
}

static void add_member(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, ", \"%s\": ", name);
	buf_json(b, slice_of(value));
}

/* The first line: asciicast version 2, and who it was under a name of ours. */
static int write_header(struct record *r, struct err *e)
{
	static const char *const names[] = {"person", "provider", "account", "host", "grant", "source", "tty"};
	struct buf b = {0};
	buf_addf(&b, "{\"version\": 2, \"width\": %u, \"height\": %u, \"timestamp\": %lld", r->columns, r->rows, (long long)(r->begin / NS_SEC));
	if (r->who[WHO_COMMAND][0])
		add_member(&b, "command", r->who[WHO_COMMAND]);
	buf_addz(&b, ", \"env\": {\"SHELL\": \"/bin/bash\"");
	add_member(&b, "TERM", r->who[WHO_TERM]);
	buf_addf(&b, "}, \"postern\": {\"id\": \"%s\"", r->id);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		add_member(&b, names[i], r->who[i]);
	buf_addf(&b, ", \"terminal\": %s}}\n", r->terminal ? "true" : "false");
	int rc = record_file_add(&r->file, buf_slice(&b), e);
	buf_free(&b);
	return rc;
}

static void free_all(struct record *r)
{
	record_file_free(&r->file);
	for (size_t i = 0; i < ARRAY_LEN(r->who); i++)
		free(r->who[i]);
	buf_free(&r->partial);
	buf_free(&r->line);
	buf_free(&r->text);
	free(r);
}

static int announce(struct record *r, struct err *e)
{
	struct buf b = {0};
	buf_addf(&b, "person=%s account=%s grant=%s source=%s", r->who[WHO_PERSON], r->who[WHO_ACCOUNT], r->who[WHO_GRANT], r->who[WHO_SOURCE]);
	int rc = record_row_begin(r, e);
	if (!rc)
		rc = record_audit(r->store.audit, "session-opened", slice_of(r->id), "success", buf_slice(&b), e);
	buf_free(&b);
	return rc;
}

struct record *record_open(const struct record_store *s, const struct record_meta *m, struct err *e)
{
	struct record *r = xcalloc(1, sizeof *r);
	r->store = *s;
	r->store.bytes_max = s->bytes_max ? s->bytes_max : BYTES_USUAL;
	r->store.time_max = s->time_max ? s->time_max : NS_DAY;
	r->terminal = m->terminal;
	r->quiet = m->quiet;
	r->kind = m->kind;
	r->columns = m->columns ? m->columns : 80;
	r->rows = m->rows ? m->rows : 24;
	r->session = m->session;
	r->pid = m->pid;
	r->begin = clock_of(CLOCK_REALTIME);
	r->started = r->flushed = r->synced = clock_of(CLOCK_MONOTONIC);
	for (size_t i = 0; i < ARRAY_LEN(r->stream); i++)
		crypto_hash_sha256_init(&r->stream[i].sum);
	make_id(r);
	keep_who(r, m);
	int rc = record_tables(s->vault, e);
	if (!rc)
		rc = record_file_open(&r->file, s->folder, r->begin, r->id, e);
	if (!rc)
		rc = write_header(r, e);
	if (!rc)
		rc = record_file_flush(&r->file, false, e);
	if (!rc)
		rc = announce(r, e);
	if (!rc)
		return r;
	free_all(r);
	return NULL;
}

const char *record_id(const struct record *r)
{
	return r->id;
}

bool record_exited(const struct record *r)
{
	return r->exited;
}

/* The recorder's clock, as far as ours bears it out: never back, never ahead. */
static nstime event_time(struct record *r, uint64_t at)
{
	nstime most = clock_of(CLOCK_MONOTONIC) - r->started;
	nstime t = at > (uint64_t)most ? most : (nstime)at;
	r->last = MAX(r->last, t);
	return r->last;
}

/* Whole frames at the beginning of b; how many bytes they were. */
static int take_frames(struct record *r, struct slice b, size_t *used, struct buf *reply, struct err *e)
{
	struct record_frame f;
	int rc = 0;
	*used = 0;
	while (!rc && b.n - *used >= sizeof f) {
		memcpy(&f, b.p + *used, sizeof f);
		if ((f.type & 0xffff0000u) != RECORD_MAGIC || f.size > RECORD_PAYLOAD)
			return err_set(e, ERR_SYNTAX, "postern: the recorder does not make sense (no frame)");
		if (b.n - *used - sizeof f < f.size)
			break;
		rc = record_frame_take(r, f.type & 0xffffu, event_time(r, f.at), slice_make(b.p + *used + sizeof f, f.size), reply, e);
		*used += sizeof f + f.size;
	}
	return rc;
}

int record_feed(struct record *r, struct slice bytes, struct buf *reply, struct err *e)
{
	size_t used = 0;
	int rc = r->over ? err_set(e, ERR_STOPPED, "postern: the recording is over") : 0;
	while (!rc && bytes.n) {
		if (r->partial.n == 0) {
			rc = take_frames(r, bytes, &used, reply, e);
			bytes = slice_from(bytes, used);
			if (!rc)
				buf_adds(&r->partial, bytes);
			break;
		}
		size_t piece = MIN(bytes.n, (size_t)PARTIAL_MAX - r->partial.n); /* a frame fits: something is always used */
		buf_add(&r->partial, bytes.p, piece);
		bytes = slice_from(bytes, piece);
		rc = take_frames(r, buf_slice(&r->partial), &used, reply, e);
		memmove(r->partial.p, r->partial.p + used, r->partial.n - used);
		r->partial.n -= used;
	}
	r->over = rc != 0;
	return rc;
}

int record_tick(struct record *r, struct err *e)
{
	nstime now = clock_of(CLOCK_MONOTONIC);
	int rc = r->over ? err_set(e, ERR_STOPPED, "postern: the recording is over") : 0;
	if (!rc && now - r->started > r->store.time_max)
		rc = err_set(e, ERR_LIMIT, "postern: the session has reached the longest time that is recorded, and ends");
	if (!rc && now - r->flushed >= FLUSH_EVERY) {
		bool sync = now - r->synced >= SYNC_EVERY;
		rc = record_file_flush(&r->file, sync, e);
		r->flushed = now;
		r->synced = sync ? now : r->synced;
	}
	r->over = rc != 0;
	return rc;
}

/* The facts, as they go into the audit log: the hash stands there, so that a file that was changed is told from the one that was made. */
static void facts(const struct record *r, const struct session *s, struct buf *b)
{
	buf_addf(b, "file=%s sha256=%.*s bytes=%llu person=%s account=%s grant=%s output=%llu input=%llu", r->path, SLFMT(s->sha256), (unsigned long long)s->packed,
		r->who[WHO_PERSON], r->who[WHO_ACCOUNT], r->who[WHO_GRANT], (unsigned long long)s->output, (unsigned long long)s->input);
	if (r->exited)
		buf_addf(b, " status=%d", r->status);
	if (s->why.n)
		buf_addf(b, " ended: %.*s", SLFMT(s->why));
}

static int write_end(struct record *r, struct slice why, struct err *e)
{
	char text[48];
	int rc = record_streams_end(r, e);
	if (!rc && why.n) {
		r->text.n = 0;
		buf_addf(&r->text, "ended: %.*s", SLFMT(why));
		rc = record_event(r, r->last, "m", buf_slice(&r->text), e);
	}
	snprintf(text, sizeof text, "exit status %d", r->status);
	return !rc && r->exited ? record_event(r, r->last, "m", slice_of(text), e) : rc;
}

int record_close(struct record *r, const char *why, struct err *e)
{
	char hex[65] = "";
	struct buf b = {0};
	struct err first = {0};
	struct session s = {.exited = r->exited, .status = r->status, .input = r->typed, .output = r->stream[0].bytes + r->stream[1].bytes, .end = clock_of(CLOCK_REALTIME)};
	s.why = slice_of(why && *why ? why : r->exited ? "" : "the connection to the recorder was lost");
	int rc = write_end(r, s.why, &first);
	if (!rc)
		rc = record_file_done(&r->file, hex, &first);
	if (rc) /* what is there stays, under its other name: record_recover() finds it */
		s.why = slice_of(first.text);
	s.packed = r->file.written;
	s.sha256 = slice_of(hex);
	s.file = slice_of(rc ? "" : r->path);
	facts(r, &s, &b);
	/* each is tried, whatever became of the others */
	int row = record_row_end(r->store.vault, slice_of(r->id), &s, rc ? NULL : &first);
	int said = record_audit(r->store.audit, "session-recorded", slice_of(r->id), rc ? "failure" : "success", buf_slice(&b), rc || row ? NULL : &first);
	rc = rc ? rc : row ? row : said;
	if (rc && e)
		*e = first;
	buf_free(&b);
	free_all(r);
	return rc;
}
