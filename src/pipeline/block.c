/* block.c - one block from bytes to events, and the clock its stream is merged by: what scan and watch do alike. */
#include "pipeline/pipeline.h"

#include <stdlib.h>

struct block_decoder {
	struct decoder *decoder;
	struct sigma_marker *marker; /* NULL: nothing to mark */
	struct sigma_marks marks;
	const struct sigma_set *judged_by; /* NULL: records are judged later */
	struct sigma_ctx *judge;           /* made when the first record comes */
};

struct block_decoder *block_decoder_new(const struct decode_tables *t, const struct sigma_set *rules)
{
	struct block_decoder *d = xcalloc(1, sizeof *d);
	d->decoder = decoder_new(t);
	d->marker = rules ? sigma_marker_new(rules) : NULL;
	return d;
}

void block_decoder_free(struct block_decoder *d)
{
	if (!d)
		return;
	decoder_free(d->decoder);
	sigma_marker_free(d->marker);
	sigma_ctx_free(d->judge);
	free(d->marks.v);
	free(d);
}

static void look(void *arg, struct slice data, const uint32_t **marks, size_t *n)
{
	struct block_decoder *d = arg;
	sigma_mark(d->marker, data, &d->marks);
	*marks = d->marks.v;
	*n = d->marks.n;
}

void block_decoder_judge(struct block_decoder *d, const struct sigma_set *rules)
{
	d->judged_by = rules;
}

static bool is_dull(void *arg, const struct event *e, bool known)
{
	struct block_decoder *d = arg;
	if (!d->judge)
		d->judge = sigma_ctx_new(d->judged_by);
	return d->judge && (known ? sigma_knows_dull(d->judge, e) : sigma_judge_dull(d->judge, e));
}

int block_decode(struct block_decoder *d, const struct decode_in *in, struct batch *out, struct decode_stats *stats)
{
	struct decode_in marked = *in;
	if (!in->marks && d->marker && !in->records) {
		marked.look = look;
		marked.look_arg = d;
	}
	if (d->judged_by) {
		marked.dull = is_dull;
		marked.dull_arg = d;
	}
	return decode_block(d->decoder, &marked, out, stats);
}

/* A single date far ahead of its neighbours (a clock that jumped and came back, a forged line) must not drag the stream's
 * clock along, or everything behind it would count as late. The event after it tells. */
static bool lone_jump(const struct stream_clock *c, const struct event *ev, const struct event *next)
{
	if (c->key == NSTIME_NONE || ev->time - c->key < NS_DAY)
		return false;
	return next && next->time != NSTIME_NONE && ev->time - next->time > NS_DAY / 2;
}

enum clock_verdict stream_clock_event(struct stream_clock *c, struct event *ev, const struct event *next, nstime max_disorder, bool keep_order)
{
	bool late = false;
	if (ev->time == NSTIME_NONE) {
		ev->time = c->key;
		ev->flags |= EV_NO_TIME;
	} else if (!keep_order && lone_jump(c, ev, next)) {
		ev->time = c->key;
		ev->flags |= EV_NO_TIME;
		late = true;
	} else if (c->key == NSTIME_NONE || ev->time > c->key) {
		c->key = ev->time;
	} else {
		late = c->key - ev->time > max_disorder;
	}
	if (late)
		ev->flags |= EV_LATE;
	return late ? CLOCK_LATE : CLOCK_FINE;
}
