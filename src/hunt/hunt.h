/* hunt.h - Sigma rules over the stream of events: matches to findings.
 *
 * A rule that matches again for the same host, account and source address adds to its finding while that is not quiet; ten thousand
 * matches are one finding with a count. What suppressions take is counted and told, never lost.
 *
 * Life:    hunt_new(), hunt_event() per event in time order, hunt_finish(), hunt_free(). The rules must outlive the findings.
 * Threads: one at a time.
 */
#ifndef POSTERN_HUNT_H
#define POSTERN_HUNT_H

#include "core/core.h"
#include "event/event.h"
#include "org/org.h"
#include "sigma/sigma.h"
#include "store/store.h"

struct hunt_options {
	const struct sigma_set *rules;
	const struct org *org;
};
typedef void hunt_sink(void *arg, struct finding *f); /* takes ownership of f */
/* A rule's matches, for --stats. */
struct hunt_count {
	const struct sigma_rule *rule;
	uint64_t matches;
	uint64_t looks;                /* times it was evaluated */
};

struct hunt;
struct hunt *hunt_new(const struct hunt_options *opt, hunt_sink *sink, void *arg); /* NULL: out of memory */
void hunt_free(struct hunt *h);
void hunt_event(struct hunt *h, const struct event *e);
void hunt_finish(struct hunt *h);
/* As detect_flush(), detect_save() and detect_load(): for a process that goes on. */
void hunt_flush(struct hunt *h, hunt_sink *fn, void *arg);
void hunt_save(struct hunt *h, struct buf *b);
bool hunt_load(struct hunt *h, struct wire *w, unsigned *lost);
/* Counts of rules that were evaluated at all, those that matched most first. Free with free(). */
size_t hunt_counts(const struct hunt *h, struct hunt_count **out);
/* Events that were judged. */
uint64_t hunt_judged(const struct hunt *h);
/* Searches of regular expressions that reached their limit. */
uint64_t hunt_given_up(const struct hunt *h);

/* ---- suppressions: findings known to be harmless, each with a reason and an end --------------------------------
 *
 *   suppressions:
 *     - rule: postern.new-login  # id of a detector or Sigma rule; what follows narrows it
 *       host: backup1
 *       user: svc-backup
 *       source: 10.0.0.5
 *       command: rsync           # part of the command line
 *       reason: nightly backup, ticket 4711
 *       until: 2027-06-30        # the last day it holds
 */
struct suppression {
	struct slice rule, host, user, source, command, reason;
	nstime until;             /* end of the day; NSTIME_NONE never read: the file must say */
	int line;
	uint64_t used;            /* findings it took */
	int64_t learnt;           /* number in the state, of an incident closed as false; 0: of a file */
	uint64_t missed;          /* findings it would take, had it not ended */
};
struct suppressions;
struct suppressions *suppressions_new(void); /* empty */
/* NULL with *e: file:line:column and what to write. yaml is borrowed for the call. */
struct suppressions *suppressions_read(struct slice yaml, const char *file, struct err *e);
void suppressions_free(struct suppressions *s);
/* Copies x. */
void suppressions_add(struct suppressions *s, const struct suppression *x);
/* Those of the state that hold at `now` take the place of those learnt before; what they took is counted on. A learnt one never takes a
 * finding of level critical. */
int suppressions_learn(struct suppressions *s, struct store *st, nstime now, struct err *e);
/* The suppression that fits the finding and has not ended; counts it. NULL: none. */
const struct suppression *suppressions_take(struct suppressions *s, const struct finding *f, nstime now);
size_t suppressions_count(const struct suppressions *s);
const struct suppression *suppressions_get(const struct suppressions *s, size_t i);

#endif
