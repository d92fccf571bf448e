/* detect.h - detectors with memory: what no single line shows.
 *
 * A detector is a row of detectors.def and a file of its own. It says which actions it wants, sees those events in time
 * order, keeps bounded state (struct lru), and opens findings. An open finding collects what belongs to it - ten
 * thousand lines of one brute force are one finding - and leaves through the sink when it has been quiet or at the end.
 *
 * Life:    detect_new(), detect_event() per event in time order, detect_finish(), detect_free().
 * Threads: one thread at a time.  Memory: bounded by the table sizes in detect_private.h.
 */
#ifndef POSTERN_DETECT_H
#define POSTERN_DETECT_H

#include "core/core.h"
#include "event/event.h"
#include "org/org.h"

struct detector_info {
	const char *id;           /* "postern.brute-force" */
	const char *title;
	enum level level;         /* usual level; context may raise or lower it */
	enum stage stage;
	const char *const *techniques; /* ATT&CK ids, NULL-terminated */
	const char *what;         /* what it looks for, a sentence */
	const char *false_positives;
};
/* The table, for `postern rules list` and the documents. */
size_t detect_count(void);
const struct detector_info *detect_info(size_t i);

struct detect_options {
	const struct org *org;    /* never NULL; org_new() when nothing is known */
	nstime learning;          /* per account: how long "new" is only learnt */
	unsigned path_budget;     /* login paths told a day */
	bool (*disabled)(void *arg, const char *id); /* may be NULL */
	void *arg;
};
/* Takes ownership of f. */
typedef void detect_sink(void *arg, struct finding *f);

struct detect;
struct detect *detect_new(const struct detect_options *opt, detect_sink *sink, void *arg);
void detect_free(struct detect *d);
/* Adds what the enabled detectors want. */
void detect_wants(const struct detect *d, struct interest *want);
void detect_event(struct detect *d, const struct event *e);
/* The log of a host begins at t, whoever wants its lines: "never before" counts from there. */
void detect_began(struct detect *d, struct slice host, nstime t);
/* Closes every open finding. */
void detect_finish(struct detect *d);
/* For a process that goes on: a copy of every open finding that changed since the last call, as it would leave now. fn owns it. */
void detect_flush(struct detect *d, detect_sink *fn, void *arg);
/* Everything detectors remember, and the open findings, to bytes and back. Hashes in it are of this process's seed (hash_reseed).
 * Loading is for a fresh struct detect; a part that does not fit this program is left out, counted in *lost. False: no such bytes. */
void detect_save(struct detect *d, struct buf *b);
bool detect_load(struct detect *d, struct wire *w, unsigned *lost);
/* How often bounded memory had to forget (0: never): belongs into the ledger. */
uint64_t detect_forgotten(const struct detect *d);

#endif
