/* watch_private.h - what the files of this folder share.
 *
 *   parent.c    starts the others, hands them what they need, does what only privilege can
 *   children.c  one child process: fork, restart, end          protocol.c  messages between them
 *   jobs.c      programs and responses, each in a process that ends with it
 *   engine.c    set-up and loop of the engine                  lanes.c     files by log, their events in time order
 *   sources.c   what was read from where, to the store and back
 *   judge.c     detectors and rules to findings to incidents   checkpoint.c  what it knows, to the store and back
 *   care.c      silence, clocks, disk, lateness                figures.c   metrics as text
 *   teller.c    the notifier's process, with the metrics       check.c     --check
 */
#ifndef POSTERN_WATCH_PRIVATE_H
#define POSTERN_WATCH_PRIVATE_H

#include "detect/detect.h"
#include "hunt/hunt.h"
#include "pipeline/pipeline.h"
#include "store/store.h"
#include "sys/sys.h"
#include "watch/watch.h"

/* ---- messages (protocol.c) ------------------------------------------------------------------------------------------- */
enum message {
	/* parent to engine */
	M_FILE = 1,      /* number, struct live_file, with its descriptor */
	M_GREW,          /* number */
	M_RENAMED,       /* number, struct live_file */
	M_GONE,          /* number */
	M_WALKED,        /* all that is there now has been told */
	M_PROBLEM,       /* path, text */
	M_RECEIVER,      /* which, struct live_status */
	M_RESULT,        /* an action, as it ended */
	M_STOP,          /* checkpoint, then end */
	/* engine to parent */
	M_READY,         /* reads live from here on */
	M_ALIVE,
	M_ACTION,        /* an action to carry out */
	/* notifier to parent, and its answer */
	M_PROGRAM,       /* channel's name, body */
	M_PROGRAM_ENDED, /* 0 or error, text */
};
void message_file(struct buf *b, uint32_t number, const struct live_file *f);
bool message_file_read(struct slice body, uint32_t *number, struct live_file *f); /* borrowed */
void message_action(struct buf *b, const struct store_action *a);
bool message_action_read(struct slice body, struct store_action *a); /* borrowed */

int64_t mono_ns(void); /* CLOCK_MONOTONIC */
nstime wall_ns(void);

/* ---- what the processes run ------------------------------------------------------------------------------------------ */
struct child_place {
	const struct watch_options *opt;
	const struct watch_config *config;
	int parent;            /* message socket */
	int wake;              /* eventfd from engine to notifier: something is to be told */
	int metrics;           /* listening socket, -1 none (notifier) */
	const char *state;     /* folder, absolute */
};
enum { CHILD_DONE = 0, CHILD_FAILED = 1, CHILD_REFUSED = 2 /* no use in starting it again */ };
int engine_main(const struct child_place *at, struct err *e);
int teller_main(const struct child_place *at, struct err *e);

/* ---- the parent ---------------------------------------------------------------------------------------------------------- */
enum child_kind { CHILD_ENGINE, CHILD_NOTIFIER, CHILD_RECEIVER, CHILD_JOURNAL, CHILD_KINDS };
/* A message that waits for room. */
struct waiting {
	uint32_t type;
	int fd;
	size_t n;
	char *body;
};
struct child {
	enum child_kind kind;
	bool wanted, asked /* to end */;
	pid_t pid;             /* 0: not running */
	int sock;              /* ours; -1 */
	int64_t started, again; /* monotonic: not before */
	int64_t alive;         /* engine: newest sign of life */
	unsigned fast;         /* deaths shortly after a start, in a row */
	struct { struct waiting *v; size_t n, cap; } queue;
};
struct parent {
	const struct watch_options *opt;
	struct watch_config *config;
	char state[4096], spool[4200];
	struct child child[CHILD_KINDS];
	struct live_finder *finder;
	struct live_bound *bound;
	int wake, metrics, signals, lock;
	bool ready, stopping, failed, walked /* the engine was told of all that was there */;
	struct { struct watch_config *v; size_t n, cap; } old; /* before a reload */
	int64_t stop_since, last_walk, last_look, last_beat;
	int64_t hour;          /* since when actions are counted */
	int actions;
	struct chain *audit;
	struct sys_message message;
};
const char *child_name(enum child_kind k);
/* Forks; ERR_* only when that is refused. */
int child_start(struct parent *p, enum child_kind k, struct err *e);
/* To the engine or notifier, behind what waits already. fd stays the caller's. */
void child_send(struct parent *p, enum child_kind k, enum message type, struct slice body, int fd);
void child_flush(struct child *c);
/* It ended: what is ours of it goes, and when it may start again. */
void child_ended(struct child *c, int status, bool expected);
/* A job that takes time in a process of its own, so that the parent stays awake; it answers by itself on the child's socket. */
void job_program(struct parent *p, struct slice body);
void job_action(struct parent *p, struct slice body);
int parent_files(struct parent *p, struct err *e);  /* the finder anew, for a new engine */

/* Rules, organisation and suppressions as configured: used by the engine and by --check. */
struct watch_rules {
	struct org *org;
	struct sigma_set *rules;       /* NULL: none */
	struct suppressions *suppressions;
	struct zone *zone;             /* NULL: the organisation's, or UTC */
};
int watch_rules_load(const struct watch_options *opt, const struct watch_config *c, struct watch_rules *out, struct err *e);
void watch_rules_free(struct watch_rules *r);
int watch_org_load(const struct watch_config *c, struct org **out, struct err *e);

/* ---- the engine -------------------------------------------------------------------------------------------------------- */
/* What was written under one inode until it was emptied: events and evidence speak in its number. */
struct origin {
	uint32_t id;               /* live_known.id */
	char *path, *set, *host;
	bool spool, stored;        /* stored: the store has this number, so that findings may speak in it */
	nstime newest;             /* wall clock of the newest lines read */
	struct decode_stats stats;
	uint64_t too_long, late, bytes;
};

/* One log of one host: its files one after another, and the events of its newest block that wait to be judged. */
struct lane {
	char *set, *host;
	uint32_t stream;           /* of live_follow; 0: remembered, nothing found yet */
	struct joiner *joiner;
	int format;
	struct stream_clock clock;
	struct block block;
	struct batch decoded, joined;
	size_t at;                 /* next of joined */
	uint64_t round;            /* in which the block was read */
	int64_t read_at, active;   /* monotonic: the block; the newest data */
	double gap;                /* longest quiet seen, seconds: what is usual for it */
	bool at_end;               /* the block reached the end of what is written */
	bool began;                /* detectors know when its host's log begins */
	bool queued;               /* in the heap */
	bool told;                 /* there may be something to read */
	bool silent_told;
};

struct figures {
	uint64_t lines, bytes, events, late, findings, incidents, messages, actions, checkpoints, suppressed, forgotten_parts;
	uint64_t by_kind[DECODED_KINDS];
	double checkpoint_s, update_s;      /* the newest */
	int64_t started;                    /* monotonic */
	struct live_status receiver[2];     /* sockets, journal */
};

struct engine {
	const struct child_place *at;
	const struct watch_config *config;
	struct store *store;
	struct watch_rules rules;
	struct decode_options decode;
	struct decode_tables *tables;
	struct block_decoder *decoder;
	struct detect *detect;
	struct hunt *hunt;
	struct incident_book *book;
	struct strtab *names;
	struct live_follow *follow;
	struct { struct origin **v; size_t n, cap; } origins; /* by number, with holes (NULL) */
	struct { struct lane **v; size_t n, cap; } lanes;
	struct { struct lane **v; size_t n, cap; } streams;   /* by number of live_follow */
	struct { struct lane **v; size_t n, cap; } heap;     /* lanes with events, by clock */
	char node[256];                                       /* this machine's name */
	bool first_start, walked, ready, stopping, ending;
	bool new_origins;                                     /* the next write to the store must be a checkpoint */
	uint64_t round;
	int64_t last_flush, last_checkpoint, last_tick, last_poll, last_sync;
	bool failed;                                          /* memory is ahead of the store: begin again at the last checkpoint */
	uint64_t saved_lines;                                 /* at the last checkpoint */
	int64_t last_spent;
	size_t spent;                                         /* spool files that wait for one */
	int64_t last_hour;
	uint64_t judged_since_flush, late_before, events_before;
	bool book_changed, disk_told;
	nstime newest_event;
	int64_t clock_offset;                                 /* wall minus boot clock, at the last tick */
	struct figures figures;
	struct buf scratch;
	struct sys_message message;
};

/* sources.c */
int sources_load(struct engine *en, struct err *e);           /* makes en->follow */
int sources_save(struct engine *en, struct err *e);           /* positions; in a transaction */
void sources_tidy(struct engine *en);                         /* spool files that are read and saved */
struct origin *sources_origin(struct engine *en, const struct live_from *from); /* made when new */
struct origin *sources_by_id(const struct engine *en, uint32_t id);
void sources_free(struct engine *en);

/* lanes.c */
struct lane *lane_of(struct engine *en, struct slice set, struct slice host);
void lane_queue(struct engine *en, struct lane *l);           /* has events again: into the heap */
/* Reads what is there and judges what is due. Returns nanoseconds until it is worth calling again (0: at once, INT64_MAX: when told). */
int64_t lanes_work(struct engine *en);
void lanes_drain(struct engine *en);                          /* judges what is in hand, whether it has waited or not */
void lanes_free(struct engine *en);

/* judge.c */
int judge_start(struct engine *en, struct err *e);
void judge_event(struct engine *en, const struct event *ev);
void judge_began(struct engine *en, struct slice host, nstime first);
/* Findings, incidents, messages and actions to the store, when something changed and it is time; with `checkpoint` at once and everything,
 * in one transaction. Nanoseconds until it wants to be called again. */
int64_t judge_flush(struct engine *en, bool checkpoint);
void judge_result(struct engine *en, const struct store_action *a);
int judge_resume(struct engine *en, struct err *e);           /* actions that were not finished */
void judge_free(struct engine *en);

/* checkpoint.c */
int checkpoint_write(struct engine *en, struct err *e);       /* in the caller's transaction */
int checkpoint_load(struct engine *en, struct err *e);

/* care.c */
void care_tick(struct engine *en);
/* figures.c */
void figures_write(struct engine *en);

#endif
