/* pipeline.c - merging the streams by time. */
#include "pipeline/lane.h"

#include <stdlib.h>
#include <sys/resource.h>

/* ---- one lane's next event ----------------------------------------------------------------------------------- */

static void add_stats(struct run *r, const struct slot *s)
{
	decode_stats_add(&r->res->files[s->block.file].stats, &s->stats);
	r->res->dull += s->stats.dull;
}

/* Wait for (or make) the lane's head slot. False: the lane has no more blocks. */
static bool lane_head(struct run *r, struct lane *l)
{
	pthread_mutex_lock(&r->lock);
	for (;;) {
		if (l->count && l->slot[l->head].state == SLOT_READY) {
			pthread_mutex_unlock(&r->lock);
			return true;
		}
		if (l->ended && !l->count) {
			pthread_mutex_unlock(&r->lock);
			return false;
		}
		bool can = !l->reading && !l->ended && l->count < r->slots;
		if (can) { /* nothing ready: help instead of waiting */
			pthread_mutex_unlock(&r->lock);
			lane_step(r, l, r->own);
			pthread_mutex_lock(&r->lock);
			continue;
		}
		pthread_cond_wait(&r->ready, &r->lock);
	}
}

static void lane_release_head(struct run *r, struct lane *l)
{
	struct slot *s = &l->slot[l->head];
	add_stats(r, s);
	pthread_mutex_lock(&r->lock);
	s->state = SLOT_EMPTY;
	l->head = (l->head + 1) % r->slots;
	l->count--;
	pthread_cond_signal(&r->work);
	pthread_mutex_unlock(&r->lock);
}

/* Next event of the lane, NULL at its end. The event stays valid until the next call for the same lane. */
static struct event *lane_next(struct run *r, struct lane *l)
{
	while (l->at_hand || lane_head(r, l)) {
		struct slot *s = l->at_hand;
		if (!s) {
			s = l->at_hand = &l->slot[l->head];
			joiner_run(l->joiner, &s->decoded, &s->joined, false);
		}
		if (s->at < s->joined.n)
			return &s->joined.v[s->at++];
		l->at_hand = NULL;
		lane_release_head(r, l);
	}
	if (!l->tail_done) {
		struct batch none = {0};
		joiner_run(l->joiner, &none, &l->tail, true);
		l->tail_done = true;
	}
	return l->tail_at < l->tail.n ? &l->tail.v[l->tail_at++] : NULL;
}

/* ---- merging ------------------------------------------------------------------------------------------------- */

/* An open lane with its next event in hand. */
struct node {
	struct lane *lane;
	struct event *ev;
};
struct heap {
	struct node v[OPEN_MAX];
	size_t n;
};

static bool before(const struct node *a, const struct node *b)
{
	return a->lane->clock.key != b->lane->clock.key ? a->lane->clock.key < b->lane->clock.key : a->lane < b->lane;
}

static void sift_down(struct heap *h, size_t i)
{
	for (;;) {
		size_t least = i, left = 2 * i + 1, right = left + 1;
		if (left < h->n && before(&h->v[left], &h->v[least]))
			least = left;
		if (right < h->n && before(&h->v[right], &h->v[least]))
			least = right;
		if (least == i)
			return;
		struct node t = h->v[i];
		h->v[i] = h->v[least];
		h->v[least] = t;
		i = least;
	}
}

static void heap_push(struct heap *h, struct node x)
{
	size_t i = h->n++;
	h->v[i] = x;
	while (i && before(&h->v[i], &h->v[(i - 1) / 2])) {
		struct node t = h->v[i];
		h->v[i] = h->v[(i - 1) / 2];
		h->v[(i - 1) / 2] = t;
		i = (i - 1) / 2;
	}
}

/* The event behind the one in hand, as far as it is decoded. At a block's end a date is believed. */
static const struct event *neighbour(const struct lane *l)
{
	const struct slot *s = &l->slot[l->head];
	return !l->tail_done && s->at < s->joined.n ? &s->joined.v[s->at] : NULL;
}

static inline void clock_event(struct run *r, struct lane *l, struct event *ev)
{
	if (likely(l->clock.key != NSTIME_NONE && ev->time > l->clock.key && ev->time - l->clock.key < NS_DAY)) {
		l->clock.key = ev->time; /* as stream_clock_event would */
		return;
	}
	if (stream_clock_event(&l->clock, ev, neighbour(l), r->opt->max_disorder, r->opt->keep_order) == CLOCK_LATE) {
		r->res->late++;
		r->res->files[ev->source].late++;
	}
}

static void shut_lane(struct run *r, struct lane *l)
{
	pthread_mutex_lock(&r->lock);
	while (l->users)
		pthread_cond_wait(&r->ready, &r->lock);
	for (size_t i = 0; i < r->nopen; i++)
		if (r->open[i] == l) {
			r->open[i] = r->open[--r->nopen];
			break;
		}
	pthread_mutex_unlock(&r->lock);
	lane_close(l);
}

static void open_lane(struct run *r, struct heap *h, struct lane *l)
{
	lane_open(r, l);
	pthread_mutex_lock(&r->lock);
	r->open[r->nopen++] = l;
	pthread_cond_broadcast(&r->work);
	pthread_mutex_unlock(&r->lock);
	if (!h)
		return;
	struct event *ev = lane_next(r, l);
	if (ev) {
		clock_event(r, l, ev);
		heap_push(h, (struct node){l, ev});
	} else {
		shut_lane(r, l);
	}
}

static void report_progress(struct run *r)
{
	uint64_t bytes = 0;
	if (!r->opt->progress || (++r->last_progress & 0x3fff))
		return;
	for (size_t i = 0; i < r->set->files.n; i++)
		bytes += __atomic_load_n(&r->set->files.v[i].bytes, __ATOMIC_RELAXED);
	r->opt->progress(r->opt->arg, bytes, r->total);
}

static int hand_over(struct run *r, const struct event *ev)
{
	r->res->events++;
	report_progress(r);
	return r->opt->event(r->opt->arg, ev);
}

/* Lanes that must be open now: those whose first time the clock has reached, as far as there is room. */
static void open_due(struct run *r, struct heap *h, size_t *next)
{
	while (*next < r->nlanes) {
		struct lane *l = &r->lanes[*next];
		bool due = h->n == 0 || l->start <= h->v[0].lane->clock.key;
		if (!due)
			return;
		if (r->nopen == r->open_most) {
			r->res->order_limited = true;
			return;
		}
		open_lane(r, h, l);
		++*next;
	}
}

/* The rest of the last lane: whole blocks, with nothing to merge them with. */
static int hand_over_alone(struct run *r, struct node *top)
{
	struct lane *l = top->lane;
	int rc = 0;
	while (top->ev && !(rc = hand_over(r, top->ev))) {
		struct slot *s = l->at_hand;
		if (s && s->at < s->joined.n)
			top->ev = &s->joined.v[s->at++];
		else
			top->ev = lane_next(r, l);
		if (top->ev)
			clock_event(r, l, top->ev);
	}
	return rc;
}

static int merge(struct run *r)
{
	struct heap *h = xcalloc(1, sizeof *h);
	size_t next = 0;
	int rc = 0;
	for (;;) {
		open_due(r, h, &next);
		if (!h->n) {
			if (next == r->nlanes)
				break;
			continue;
		}
		struct node *top = &h->v[0];
		if (h->n == 1 && next == r->nlanes)
			rc = hand_over_alone(r, top);
		else if (!(rc = hand_over(r, top->ev)))
			top->ev = lane_next(r, top->lane);
		if (rc)
			break;
		if (top->ev) {
			clock_event(r, top->lane, top->ev);
		} else {
			struct lane *done = top->lane;
			h->v[0] = h->v[--h->n];
			shut_lane(r, done);
		}
		if (h->n > 1)
			sift_down(h, 0);
	}
	free(h);
	return rc;
}

static int in_file_order(struct run *r)
{
	int rc = 0;
	for (size_t i = 0; i < r->nlanes && !rc; i++) {
		struct lane *l = &r->lanes[i];
		struct event *ev;
		open_lane(r, NULL, l);
		while (!rc && (ev = lane_next(r, l))) {
			clock_event(r, l, ev);
			rc = hand_over(r, ev);
		}
		shut_lane(r, l);
	}
	return rc;
}

/* ---- the run ------------------------------------------------------------------------------------------------- */

static int lane_order(const void *a, const void *b)
{
	const struct lane *x = a, *y = b;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return slice_cmp(x->set->name, y->set->name);
}

/* A stream may hold a file open: leave some descriptors to the rest of the process. */
static size_t open_most(void)
{
	enum { REST = 40, LEAST = 16 };
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) || l.rlim_cur == RLIM_INFINITY || l.rlim_cur > OPEN_MAX + REST)
		return OPEN_MAX;
	return l.rlim_cur > REST + LEAST ? (size_t)l.rlim_cur - REST : LEAST;
}

static void run_init(struct run *r)
{
	r->own = block_decoder_new(r->opt->tables, r->opt->rules);
	if (r->opt->judge_records && r->opt->rules)
		block_decoder_judge(r->own, r->opt->rules);
	if (!r->opt->keep_order)
		streams_order(r);
	r->nlanes = r->set->streams.n;
	r->lanes = xcalloc(r->nlanes ? r->nlanes : 1, sizeof *r->lanes);
	for (size_t i = 0; i < r->set->files.n; i++)
		r->total += r->set->files.v[i].size;
	for (size_t i = 0; i < r->nlanes; i++) {
		r->lanes[i] = (struct lane){.set = &r->set->streams.v[i], .format = -1, .clock = {NSTIME_NONE}, .start = NSTIME_NONE};
		if (!r->opt->keep_order)
			r->lanes[i].start = lane_first_time(r, &r->lanes[i]);
	}
	if (!r->opt->keep_order)
		lanes_name(r);
	if (!r->opt->keep_order)
		qsort(r->lanes, r->nlanes, sizeof *r->lanes, lane_order);
	size_t lanes = r->opt->keep_order ? 1 : r->nlanes;
	r->slots = lanes <= 16 ? SLOTS_MAX : lanes <= 64 ? 2 : 1;
	/* threads that share a stream read it in turn: the fewer turns, the less they wait for each other */
	bool shared = r->opt->threads > 1 && lanes <= 2;
	r->block_bytes = shared ? 1 << 20 : lanes <= 16 ? 256 << 10 : lanes <= 64 ? 128 << 10 : lanes <= 192 ? 64 << 10 : lanes <= 1024 ? 16 << 10 : 4 << 10;
	r->open_most = open_most();
	if (r->nlanes > 4 * (size_t)OPEN_MAX) /* what is kept of so many files takes the memory of some open ones */
		r->open_most = MIN(r->open_most, (size_t)OPEN_MAX * 3 / 4);
}

int pipeline_run(struct source_set *set, const struct pipeline_options *opt, struct pipeline_result *out, struct err *e)
{
	struct run r = {.opt = opt, .set = set, .res = out, .lock = PTHREAD_MUTEX_INITIALIZER,
		.ready = PTHREAD_COND_INITIALIZER, .work = PTHREAD_COND_INITIALIZER};
	pthread_t threads[64];
	*out = (struct pipeline_result){.nfiles = set->files.n};
	out->files = xcalloc(set->files.n ? set->files.n : 1, sizeof *out->files);
	for (size_t i = 0; i < set->files.n; i++)
		decode_stats_init(&out->files[i].stats);
	run_init(&r);
	unsigned want = opt->threads > 1 ? MIN(opt->threads - 1, (unsigned)ARRAY_LEN(threads)) : 0;
	unsigned n = (unsigned)workers_start(&r, threads, want);
	int rc = opt->keep_order ? in_file_order(&r) : merge(&r);
	workers_stop(&r, threads, n);
	bool failed = false;
	for (size_t i = 0; i < r.nlanes; i++) {
		failed |= r.lanes[i].failed;
		lane_close(&r.lanes[i]);
	}
	block_decoder_free(r.own);
	free(r.lanes);
	if (failed)
		return err_set(e, ERR_NOMEM, "out of memory while reading");
	return rc < 0 ? rc : 0;
}

void pipeline_result_free(struct pipeline_result *r)
{
	free(r->files);
	*r = (struct pipeline_result){0};
}
