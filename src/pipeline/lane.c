/* lane.c - reading and decoding one stream, by whichever thread is free. */
#include "pipeline/lane.h"

#include <stdlib.h>

struct decode_in decode_input(const struct run *r, const struct lane *l, const struct source_file *f)
{
	struct decode_in in = {
		.source = f->id,
		.host = l->host.n ? l->host : f->host.n ? f->host : l->set->host,
		.mtime = f->mtime,
		.records = f->records,
		.path = f->path,
		.format = __atomic_load_n(&l->format, __ATOMIC_RELAXED), /* a hint that several threads pass on */
	};
	in.host_wins = (f->host.n || l->set->host.n) && org_host(r->opt->org, f->host.n ? f->host : l->set->host) != NULL;
	return in;
}

void lane_open(struct run *r, struct lane *l)
{
	l->stream = stream_open(r->set, l->set);
	l->joiner = joiner_new(r->opt->tables);
	l->slot = xcalloc(r->slots, sizeof *l->slot);
	l->nslots = r->slots;
	for (unsigned i = 0; i < r->slots; i++) {
		batch_init(&l->slot[i].decoded);
		batch_init(&l->slot[i].joined);
	}
	batch_init(&l->tail);
}

void lane_close(struct lane *l)
{
	if (!l->stream)
		return;
	stream_close(l->stream);
	joiner_free(l->joiner);
	for (unsigned i = 0; i < l->nslots; i++) {
		block_free(&l->slot[i].block);
		batch_free(&l->slot[i].decoded);
		batch_free(&l->slot[i].joined);
	}
	batch_free(&l->tail);
	free(l->slot);
	l->slot = NULL;
	l->stream = NULL;
}

/* Decoding needs no lock: the slot is ours while it is busy. The format is a hint; a stale one costs time only. */
static void slot_decode(struct run *r, struct lane *l, struct slot *s, struct block_decoder *d)
{
	struct decode_in in = decode_input(r, l, &r->set->files.v[s->block.file]);
	in.data = s->block.data;
	in.offset = s->block.offset;
	in.turned = s->block.turned;
	batch_reset(&s->decoded);
	batch_reset(&s->joined);
	decode_stats_init(&s->stats);
	int format = block_decode(d, &in, &s->decoded, &s->stats);
	__atomic_store_n(&l->format, format, __ATOMIC_RELAXED);
}

bool lane_step(struct run *r, struct lane *l, struct block_decoder *d)
{
	pthread_mutex_lock(&r->lock);
	if (l->reading || l->ended || l->count == r->slots) {
		pthread_mutex_unlock(&r->lock);
		return false;
	}
	struct slot *s = &l->slot[(l->head + l->count) % r->slots];
	s->state = SLOT_BUSY;
	s->at = 0;
	l->count++;
	l->reading = true;
	pthread_mutex_unlock(&r->lock);

	struct err e;
	int got = stream_next(l->stream, r->block_bytes, &s->block, &e);

	pthread_mutex_lock(&r->lock);
	l->reading = false;
	if (got <= 0) { /* nobody else reads this lane: ours is the newest slot */
		l->ended = true;
		l->failed = got < 0;
		l->count--;
		s->state = SLOT_EMPTY;
		pthread_cond_broadcast(&r->ready);
		pthread_mutex_unlock(&r->lock);
		return true;
	}
	pthread_cond_signal(&r->work);
	pthread_mutex_unlock(&r->lock);

	slot_decode(r, l, s, d);

	pthread_mutex_lock(&r->lock);
	s->state = SLOT_READY;
	pthread_cond_broadcast(&r->ready);
	pthread_mutex_unlock(&r->lock);
	return true;
}

/* The first lines become events whatever they say: one of them may name the host. */
static size_t mark_lines(struct slice text, uint32_t *marks, size_t most)
{
	size_t n = 0, at = 0;
	while (n < most && at < text.n) {
		marks[n++] = (uint32_t)at;
		const char *nl = memchr(text.p + at, '\n', text.n - at);
		at = nl ? (size_t)(nl - text.p) + 1 : text.n;
	}
	return n;
}

static struct slice batch_host(const struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].host.n)
			return b->v[i].host;
	return SLICE_NONE;
}

nstime lane_first_time(struct run *r, struct lane *l)
{
	enum { PEEK = 8192, LOOKED_AT = 16 };
	uint32_t marks[LOOKED_AT];
	char *buf = xmalloc(PEEK);
	struct stream *s = stream_open(r->set, l->set);
	size_t n = stream_peek(s, buf, PEEK);
	nstime first = NSTIME_NONE;
	if (n && l->set->nfiles) {
		struct decode_in in = decode_input(r, l, &r->set->files.v[l->set->files[0]]);
		struct decode_stats st;
		struct batch b;
		batch_init(&b);
		decode_stats_init(&st);
		in.data = slice_make(buf, n);
		in.host = SLICE_NONE;
		in.host_wins = false;
		in.marks = marks;
		in.nmarks = in.records ? 0 : mark_lines(in.data, marks, LOOKED_AT);
		l->format = block_decode(r->own, &in, &b, &st);
		first = st.first;
		l->named = slice_dup(&r->set->mem, batch_host(&b));
		batch_free(&b);
	}
	stream_close(s);
	free(buf);
	return first;
}

/* ---- workers ------------------------------------------------------------------------------------------------- */

/* The open lane that is most in need of a block; NULL when all are full. Called with the lock. */
static struct lane *lane_to_fill(struct run *r)
{
	struct lane *best = NULL;
	for (size_t i = 0; i < r->nopen; i++) {
		struct lane *l = r->open[i];
		if (!l->reading && !l->ended && l->count < r->slots && (!best || l->count < best->count))
			best = l;
	}
	return best;
}

static void *worker(void *arg)
{
	struct run *r = arg;
	struct block_decoder *d = block_decoder_new(r->opt->tables, r->opt->rules);
	if (r->opt->judge_records && r->opt->rules)
		block_decoder_judge(d, r->opt->rules);
	pthread_mutex_lock(&r->lock);
	while (!r->stop) {
		struct lane *l = lane_to_fill(r);
		if (!l) {
			pthread_cond_wait(&r->work, &r->lock);
			continue;
		}
		l->users++;
		pthread_mutex_unlock(&r->lock);
		lane_step(r, l, d);
		pthread_mutex_lock(&r->lock);
		l->users--;
		pthread_cond_broadcast(&r->ready);
	}
	pthread_mutex_unlock(&r->lock);
	block_decoder_free(d);
	return NULL;
}

int workers_start(struct run *r, pthread_t *threads, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, worker, r))
			return (int)i; /* fewer helpers is slower, not wrong */
	return (int)n;
}

void workers_stop(struct run *r, pthread_t *threads, unsigned n)
{
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_broadcast(&r->work);
	pthread_mutex_unlock(&r->lock);
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}
