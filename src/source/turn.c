/* turn.c - logs whose order is not what their place says: lines that run from newest to oldest, files numbered the other
 * way round. What the times say is found out by the caller, who can read them; here the set is told to read accordingly.
 */
#include "source/source_priv.h"

#include <inttypes.h>
#include <stdlib.h>

static void swap_bytes(char *p, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		char c = p[i];
		p[i] = p[n - 1 - i];
		p[n - 1 - i] = c;
	}
}

/* All bytes turned around, then each line: no second buffer. p ends with a newline. */
void turn_lines(char *p, size_t n)
{
	swap_bytes(p, n - 1);
	for (size_t at = 0; at < n;) {
		const char *nl = memchr(p + at, '\n', n - at);
		size_t len = nl ? (size_t)(nl - p) - at : n - at;
		swap_bytes(p + at, len);
		at += len + 1;
	}
}

/* Copy the unpacked file into the temporary space, where it can be read from its end. False: it could not begin. */
static bool into_spool(struct source_set *set, uint32_t id)
{
	enum { CHUNK = 1 << 16 };
	struct where *w = &set->priv->where.v[id];
	struct slice path = set->files.v[id].path;
	struct reader r;
	ssize_t got = 0;

	if (!spool_ready(set) || set->priv->spool_end >= SPOOL_MAX)
		return false;
	uint64_t at = set->priv->spool_end;
	char *buf = xmalloc(CHUNK);
	bool fits = true;
	if (reader_open(&r, &w->place, w->pack, w->entry) == 0)
		while (fits && (got = reader_read(&r, buf, CHUNK)) > 0)
			fits = spool_write(set, buf, (size_t)got);
	free(buf);
	bool pipe = w->place.kind == PLACE_PIPE;
	if (!fits && pipe) /* it cannot be read again */
		set_problem(set, PROBLEM_TRUNCATED, path, "its lines run from newest to oldest and it is larger than the temporary "
			    "space: what came after byte %" PRIu64 " was not read; put it into a file and scan that",
			    set->priv->spool_end - at);
	else if (fits)
		set_trouble(set, path, &r.trouble);
	reader_close(&r);
	if (!fits && !pipe)
		return false;
	w->place = (struct place){.kind = PLACE_FD, .fd = set->priv->spool_fd, .at = at, .size = set->priv->spool_end - at};
	w->pack = PACK_NONE;
	return true;
}

bool source_at_hand(const struct source_set *set, uint32_t id)
{
	const struct where *w = &set->priv->where.v[id];

	return w->pack == PACK_NONE && w->place.kind != PLACE_PIPE;
}

void source_split(struct source_set *set, size_t stream)
{
	size_t n = set->streams.v[stream].nfiles;
	uint32_t *files = set->streams.v[stream].files;

	set_problem(set, PROBLEM_ROTATION_ORDER, set->streams.v[stream].name, "its %zu files run side by side in time: they are read as "
		    "logs of their own, not as one that was rotated", n);
	for (size_t i = 1; i < n; i++) {
		const struct source_file *f = &set->files.v[files[i]];
		*vec_push(&set->streams) = (struct stream_set){.name = f->path, .host = f->host, .files = files + i, .nfiles = 1};
	}
	set->streams.v[stream].name = set->files.v[files[0]].path;
	set->streams.v[stream].nfiles = 1;
}

bool source_seekable(struct source_set *set, uint32_t id)
{
	return source_at_hand(set, id) || into_spool(set, id);
}

void source_turn(struct source_set *set, uint32_t id)
{
	struct source_file *f = &set->files.v[id];

	f->newest_first = source_seekable(set, id);
	set_problem(set, PROBLEM_NEWEST_FIRST, f->path, f->newest_first ?
		    "its lines run from newest to oldest: they are judged in the order of time" :
		    "its lines run from newest to oldest, and there is no temporary space to turn them around: they are judged as "
		    "they stand, and much is missed; turn the file around with tac and scan the result");
}

struct dated {
	uint32_t file;
	size_t at;
	nstime time;
};

static int dated_cmp(const void *pa, const void *pb)
{
	const struct dated *a = pa, *b = pb;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return (a->at > b->at) - (a->at < b->at);
}

void source_reorder(struct source_set *set, struct stream_set *st, const nstime *times)
{
	struct dated *v = xcalloc(st->nfiles, sizeof(*v));
	size_t n = 0, k = 0;

	for (size_t i = 0; i < st->nfiles; i++)
		if (times[i] != NSTIME_NONE)
			v[n++] = (struct dated){st->files[i], i, times[i]};
	qsort(v, n, sizeof(*v), dated_cmp);
	for (size_t i = 0; i < st->nfiles; i++) /* a file that tells no time keeps its place */
		if (times[i] != NSTIME_NONE)
			st->files[i] = v[k++].file;
	free(v);
	set_problem(set, PROBLEM_ROTATION_ORDER, st->name, "the times in its %zu files run against their numbers: read in the order of "
		    "time, not of the names", st->nfiles);
}

size_t source_peek(struct source_set *set, uint32_t id, bool end, char *buf, size_t n)
{
	const struct where *w = &set->priv->where.v[id];
	struct place pl = w->place;
	struct reader r;
	size_t got = 0, cut = 0;

	pl.ended = true; /* of a pipe, only what was taken from it already */
	if (reader_open(&r, &pl, w->pack, w->entry) == 0) {
		uint64_t size = r.in.size != SIZE_UNKNOWN ? r.in.size : r.in.expect;
		bool skip = end && r.in.seekable && w->pack == PACK_NONE && size > n;
		if (skip)
			input_seek(&r.in, size - n);
		got = reader_fill(&r, buf, n);
		const char *nl = skip && got ? memchr(buf, '\n', got) : NULL;
		cut = nl ? (size_t)(nl - buf) + 1 : 0;
	}
	reader_close(&r);
	memmove(buf, buf + cut, got - cut);
	got -= cut;
	if (set->files.v[id].records)
		return got >= SOURCE_RECORD ? got - got % SOURCE_RECORD : got;
	const char *nl = got && !end ? memrchr(buf, '\n', got) : NULL;
	return nl ? (size_t)(nl - buf) + 1 : got;
}
