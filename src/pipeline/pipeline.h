/* pipeline.h - the life of a log line: source -> decode -> join -> time order -> detect -> findings.
 *
 * Level 5: scan and watch drive the same pipeline. Blocks are decoded by `threads` workers; one thread (the caller)
 * merges the streams by time and feeds the detectors. Memory: a few blocks per open stream; at most OPEN_MAX streams are
 * open at once, others wait until the clock reaches them or a place is free.
 */
#ifndef POSTERN_PIPELINE_H
#define POSTERN_PIPELINE_H

#include "core/core.h"
#include "decode/decode.h"
#include "event/event.h"
#include "org/org.h"
#include "sigma/sigma.h"
#include "source/source.h"

struct pipeline_options {
	const struct decode_tables *tables;
	const struct org *org;
	const struct sigma_set *rules; /* whose lines are to be marked; may be NULL */
	unsigned threads;          /* 0 or 1: everything in the calling thread */
	nstime max_disorder;       /* clock disorder tolerated within a stream; later events are flagged EV_LATE */
	/* Events in time order (within max_disorder); borrowed for the call. Non-zero stops. */
	int (*event)(void *arg, const struct event *e);
	/* Before all events: the first time in the log of a host, as far as it can be told beforehand; may be NULL. */
	void (*began)(void *arg, struct slice host, nstime first);
	/* Now and then: bytes read so far; may be NULL. */
	void (*progress)(void *arg, uint64_t bytes, uint64_t total);
	void *arg;
	const char *this_host;     /* whose /var/log is here; may be NULL */
	bool judge_records;        /* audit records that no rule holds for make no event of their own, where nobody else wants them: they count as `dull` */
	bool keep_order;           /* no merging by time: files one after another (postern decode) */
};

/* Per file, beside source_file's own counters. */
struct pipeline_file {
	struct decode_stats stats;
	uint64_t late;
};
struct pipeline_result {
	struct pipeline_file *files; /* index = source_file.id */
	size_t nfiles;
	uint64_t events, late;
	uint64_t dull;               /* records that rules have judged already and nobody else wants; never late */
	bool order_limited;          /* more streams overlapped than could be open at once */
};
/* 0, or ERR_*. The result is filled as far as the run came; free with pipeline_result_free. */
int pipeline_run(struct source_set *set, const struct pipeline_options *opt, struct pipeline_result *out, struct err *e);
void pipeline_result_free(struct pipeline_result *r);

/* ---- one block (also for a process that goes on) ------------------------------------------------------------------- */
/* A thread's tools: decoder, and marker of the lines that rules want. */
struct block_decoder;
struct block_decoder *block_decoder_new(const struct decode_tables *t, const struct sigma_set *rules);
/* Audit records that no rule holds for are found out here, and make no event where nobody else wants them; rules must be sealed. */
void block_decoder_judge(struct block_decoder *d, const struct sigma_set *rules);
void block_decoder_free(struct block_decoder *d);
/* in: everything; marks are found here when none are given. Returns the format row that fitted last. */
int block_decode(struct block_decoder *d, const struct decode_in *in, struct batch *out, struct decode_stats *stats);

/* The clock of a stream: never goes back. */
struct stream_clock {
	nstime key; /* NSTIME_NONE: nothing came yet */
};
enum clock_verdict { CLOCK_FINE, CLOCK_LATE /* the event got EV_LATE */ };
/* Moves the clock to the event; one without a time, or a lone date far ahead of its neighbour `next` (may be NULL), gets the clock's. */
enum clock_verdict stream_clock_event(struct stream_clock *c, struct event *ev, const struct event *next, nstime max_disorder, bool keep_order);

#endif
