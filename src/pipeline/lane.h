/* lane.h - private to room pipeline: one open stream with its decoded blocks. */
#ifndef POSTERN_PIPELINE_LANE_H
#define POSTERN_PIPELINE_LANE_H

#include "pipeline/pipeline.h"

#include <pthread.h>

enum { SLOTS_MAX = 4, OPEN_MAX = 4096 };

enum slot_state { SLOT_EMPTY, SLOT_BUSY, SLOT_READY };
/* One block on its way: read, decoded, joined, merged, emptied. */
struct slot {
	enum slot_state state;
	struct block block;
	struct batch decoded, joined;
	struct decode_stats stats;
	size_t at; /* next event of joined to hand out */
};

struct lane {
	const struct stream_set *set;
	struct stream *stream;     /* NULL: not open */
	struct joiner *joiner;
	struct slot *slot;         /* r->slots of them while the stream is open: most streams of many wait or are done */
	unsigned nslots;
	unsigned head, count;      /* ring: slots [head, head+count) hold blocks in stream order */
	struct slot *at_hand;      /* the head, ready and joined, while its events are handed out; the merging thread's alone */
	unsigned users;            /* workers inside lane_step: it must not be closed under them */
	bool reading;              /* a thread is in stream_next */
	bool ended;                /* stream_next said so */
	bool failed;               /* out of memory while reading */
	int format;
	struct slice named;        /* host in its first lines */
	struct slice host;         /* for lines that name none: of the folder or the neighbours */
	nstime start;              /* first time seen by peeking; NSTIME_NONE: none */
	struct stream_clock clock; /* what it is merged by */
	struct batch tail;         /* what the joiner gave at the end */
	bool tail_done;
	size_t tail_at;
};

/* The run: lanes, the workers' lock, and what everyone reads. */
struct run {
	const struct pipeline_options *opt;
	struct source_set *set;
	struct pipeline_result *res;
	struct lane *lanes;
	size_t nlanes;
	struct lane *open[OPEN_MAX];
	size_t nopen, open_most;   /* at most OPEN_MAX, and what file descriptors allow */
	unsigned slots;            /* ring size in use */
	size_t block_bytes;
	pthread_mutex_t lock;
	pthread_cond_t ready, work;
	bool stop;
	struct block_decoder *own; /* of the merging thread */
	uint64_t total, last_progress;
};

/* Take one block of the lane through reading and decoding. Called without the lock; the lane must have room and not be
 * reading. False when there was nothing to do. */
bool lane_step(struct run *r, struct lane *l, struct block_decoder *d);
/* What decoding needs to know of a file, without data. */
struct decode_in decode_input(const struct run *r, const struct lane *l, const struct source_file *f);
/* Before there are lanes: files whose lines run backwards in time are turned, rotated sets numbered the other way round are
 * sorted, sets whose files run side by side become streams of their own. */
void streams_order(struct run *r);
/* Hosts for streams that name none, once lane_first_time has looked into all. */
void lanes_name(struct run *r);
void lane_open(struct run *r, struct lane *l);
void lane_close(struct lane *l);
/* First time in the stream, from its first bytes. */
nstime lane_first_time(struct run *r, struct lane *l);

int workers_start(struct run *r, pthread_t *threads, unsigned n);
void workers_stop(struct run *r, pthread_t *threads, unsigned n);

#endif
