/* lanes.c - logs side by side: blocks to events, events in time order to the judges.
 *
 * An event is judged when (1) every log was read again after it had been read, so that what others wrote before it is in hand, and (2) if
 * it stood at the end of what was written, it has waited `hold` for older lines of slower senders. Then the oldest goes first; ties go by
 * the lane's name, so that a run after a restart keeps the same order. */
#include "watch/watch_private.h"

#include <stdlib.h>

enum { BLOCK = 1 << 20 };
#define ACTIVE (10 * NS_SEC)       /* a log that had lines lately is read each round, told or not */
#define POLL_ALL (2 * NS_SEC)      /* all logs now and then: inotify forgets (overflow, network file systems) */
#define MAX_DISORDER (5 * NS_MIN)

struct lane *lane_of(struct engine *en, struct slice set, struct slice host)
{
	for (size_t i = 0; i < en->lanes.n; i++)
		if (slice_eqz(set, en->lanes.v[i]->set) && slice_eqz(host, en->lanes.v[i]->host))
			return en->lanes.v[i];
	struct lane *l = xcalloc(1, sizeof *l);
	l->set = xstrndup(set.p, set.n);
	l->host = xstrndup(host.p, host.n);
	l->joiner = joiner_new(en->tables);
	l->format = -1;
	l->clock.key = NSTIME_NONE;
	batch_init(&l->decoded);
	batch_init(&l->joined);
	*vec_push(&en->lanes) = l;
	return l;
}

void lanes_free(struct engine *en)
{
	for (size_t i = 0; i < en->lanes.n; i++) {
		struct lane *l = en->lanes.v[i];
		joiner_free(l->joiner);
		block_free(&l->block);
		batch_free(&l->decoded);
		batch_free(&l->joined);
		free(l->set);
		free(l->host);
		free(l);
	}
	free(en->lanes.v);
	free(en->streams.v);
	free(en->heap.v);
}

/* ---- the heap ---------------------------------------------------------------------------------------------------------- */

static bool before(const struct lane *a, const struct lane *b)
{
	if (a->clock.key != b->clock.key)
		return a->clock.key < b->clock.key;
	int c = strcmp(a->set, b->set);
	return c ? c < 0 : strcmp(a->host, b->host) < 0;
}

static void sift_down(struct engine *en, size_t i)
{
	struct lane **v = en->heap.v;
	for (;;) {
		size_t least = i, left = 2 * i + 1, right = left + 1;
		if (left < en->heap.n && before(v[left], v[least]))
			least = left;
		if (right < en->heap.n && before(v[right], v[least]))
			least = right;
		if (least == i)
			return;
		struct lane *x = v[i];
		v[i] = v[least];
		v[least] = x;
		i = least;
	}
}

/* The event at the front takes its place in time. */
static void front(struct engine *en, struct lane *l)
{
	struct event *ev = &l->joined.v[l->at];
	const struct event *next = l->at + 1 < l->joined.n ? ev + 1 : NULL;
	if (stream_clock_event(&l->clock, ev, next, MAX_DISORDER, false) == CLOCK_LATE) {
		struct origin *o = sources_by_id(en, ev->source);
		en->figures.late++;
		if (o)
			o->late++;
	}
}

static void push(struct engine *en, struct lane *l)
{
	*vec_push(&en->heap) = l;
	l->queued = true;
	for (size_t i = en->heap.n - 1; i && before(en->heap.v[i], en->heap.v[(i - 1) / 2]); i = (i - 1) / 2) {
		struct lane *x = en->heap.v[i];
		en->heap.v[i] = en->heap.v[(i - 1) / 2];
		en->heap.v[(i - 1) / 2] = x;
	}
}

void lane_queue(struct engine *en, struct lane *l)
{
	if (l->queued || l->at >= l->joined.n)
		return;
	front(en, l);
	push(en, l);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

static void count(struct engine *en, struct origin *o, const struct decode_stats *st, size_t bytes)
{
	decode_stats_add(&o->stats, st);
	o->bytes += bytes;
	o->newest = wall_ns();
	en->figures.lines += st->lines;
	en->figures.bytes += bytes;
	for (int k = 0; k < DECODED_KINDS; k++)
		en->figures.by_kind[k] += st->by_kind[k];
}

static void note_activity(struct lane *l, int64_t now)
{
	double quiet = (double)(now - l->active) / NS_SEC;
	if (l->active && quiet > l->gap)
		l->gap = quiet;
	l->read_at = l->active = now;
	l->silent_told = false;
}

static void take_block(struct engine *en, struct lane *l, const struct live_from *from)
{
	struct origin *o = sources_origin(en, from);
	struct slice host = *o->host ? slice_of(o->host) : from->spool ? SLICE_NONE : slice_of(en->node);
	struct decode_in in = {.source = o->id, .host = host, .mtime = from->mtime, .records = from->records, .path = slice_of(o->path), .format = l->format,
		.data = l->block.data, .offset = l->block.offset, .host_wins = *o->host && org_host(en->rules.org, host) != NULL};
	struct decode_stats st;
	batch_reset(&l->decoded);
	batch_reset(&l->joined);
	decode_stats_init(&st);
	l->format = block_decode(en->decoder, &in, &l->decoded, &st);
	o->too_long += from->too_long;
	count(en, o, &st, in.data.n);
	joiner_run(l->joiner, &l->decoded, &l->joined, false);
	l->at = 0;
	l->round = en->round;
	note_activity(l, mono_ns());
	l->at_end = l->block.data.n < BLOCK / 2;
	if (!l->began && st.first != NSTIME_NONE) {
		l->began = true;
		judge_began(en, *o->host ? host : l->joined.n ? l->joined.v[0].host : SLICE_NONE, st.first);
	}
}

/* The next block of the stream. False: it has nothing now. */
static bool fill(struct engine *en, struct lane *l)
{
	struct live_from from;
	struct err e;
	int rc = live_follow_read(en->follow, l->stream, BLOCK, mono_ns(), &l->block, &from, &e);
	if (rc < 0)
		core_log(LOG_LEVEL_WARN, "%.*s: %s", SLFMT(from.path), e.text);
	if (rc > 0)
		take_block(en, l, &from);
	return rc != 0;
}

/* Reads until there are events, or nothing is left for now. True: there is more, but others get their turn. */
static bool refill(struct engine *en, struct lane *l)
{
	enum { WITHOUT_EVENTS = 64 }; /* blocks nobody wants anything of */
	bool more = true;
	for (int n = 0; more && l->at >= l->joined.n && n < WITHOUT_EVENTS; n++)
		more = fill(en, l);
	lane_queue(en, l);
	return more && l->at >= l->joined.n;
}

/* The lane of a stream; one of the last checkpoint goes on. */
static struct lane *lane_of_stream(struct engine *en, uint32_t stream)
{
	struct slice set, host;
	while (en->streams.n <= stream)
		*vec_push(&en->streams) = NULL;
	if (!en->streams.v[stream] && live_follow_stream(en->follow, stream, &set, &host)) {
		en->streams.v[stream] = lane_of(en, set, host);
		en->streams.v[stream]->stream = stream;
	}
	return en->streams.v[stream];
}

static bool read_all(struct engine *en, int64_t now)
{
	bool more = false, all = now - en->last_poll > POLL_ALL;
	if (all)
		en->last_poll = now;
	for (uint32_t s = 0; (s = live_follow_ready(en->follow, s));) {
		struct lane *l = lane_of_stream(en, s);
		if (l)
			l->told = true;
	}
	for (size_t i = 0; i < en->lanes.n; i++) {
		struct lane *l = en->lanes.v[i];
		if (!l->stream || l->at < l->joined.n || !(all || l->told || now - l->active < ACTIVE))
			continue;
		l->told = false;
		more |= refill(en, l);
	}
	return more;
}

/* ---- judging ------------------------------------------------------------------------------------------------------------- */

/* Nanoseconds the front event still has to wait: for a round of reading (0), for older ones. -1: it is due. */
static int64_t waits(const struct engine *en, const struct lane *l, int64_t now)
{
	if (l->round == en->round)
		return 0;
	if (!l->at_end)
		return -1;
	int64_t left = l->read_at + en->config->hold - now;
	return left > 0 ? left : -1;
}

static void judge_front(struct engine *en, struct lane *l)
{
	struct event *ev = &l->joined.v[l->at];
	judge_event(en, ev);
	if (++l->at < l->joined.n) {
		front(en, l);
		sift_down(en, 0);
		return;
	}
	en->heap.v[0] = en->heap.v[--en->heap.n];
	l->queued = false;
	sift_down(en, 0);
	refill(en, l);
}

int64_t lanes_work(struct engine *en)
{
	enum { TURN = 20000 }; /* events before messages and flushes get theirs */
	int64_t now = mono_ns();
	en->round++;
	bool more = read_all(en, now);
	for (int n = 0; en->heap.n && n < TURN; n++) {
		int64_t wait = waits(en, en->heap.v[0], now);
		if (wait >= 0)
			return more ? 0 : wait;
		judge_front(en, en->heap.v[0]);
	}
	return en->heap.n || more ? 0 : INT64_MAX;
}

void lanes_drain(struct engine *en)
{
	while (en->heap.n) {
		struct lane *l = en->heap.v[0];
		judge_event(en, &l->joined.v[l->at]);
		if (++l->at < l->joined.n) {
			front(en, l);
			sift_down(en, 0);
			continue;
		}
		en->heap.v[0] = en->heap.v[--en->heap.n];
		l->queued = false;
		sift_down(en, 0);
	}
}
