/* inspect.h - objects to verdicts, each parsed in a process that can do nothing else.
 *
 * A pool of workers: processes without files, network, programs, with limits on memory and time (sys_confine_as, SYS_PARSER). An object is handed over as a descriptor, what was found
 * comes back as bytes that are read like any hostile input. A worker that crashes or hangs is an indicator of the object it held (INSPECT_CRASH), never a clean verdict, and is
 * replaced. Workers are forked by a process of their own that does nothing else, so that the caller may have threads.
 *
 * Life:    inspect_new() before threads start and before the caller confines itself; inspect_object() from any thread.
 */
#ifndef POSTERN_INSPECT_H
#define POSTERN_INSPECT_H

#include "core/core.h"
#include "lure/lure.h"
#include "org/org.h"

struct inspect_options {
	unsigned workers;                 /* 0: 2 */
	struct lure_limits limits;
	const struct lure_known *known;   /* may be NULL */
	const struct org *org;            /* for messages; may be NULL */
	const char *const *trusted;       /* authserv-ids whose Authentication-Results count, NULL-terminated; may be NULL */
	const char *clamd;                /* path of clamd's socket; NULL: it is not asked */
	const char *const *yara;          /* files of YARA rules, NULL-terminated; may be NULL */
	bool trust_unnamed;               /* also the topmost without a name */
};
struct inspect;
struct inspect *inspect_new(const struct inspect_options *o, struct err *e);
void inspect_free(struct inspect *x);
/* Reads the whole of fd (a file, or a memfd; stays the caller's) in a worker. passwords: words that may open what is encrypted. out: emptied and filled. 0, or ERR_* when no worker
 * could be had; what goes wrong within the object is told as its indicator. */
int inspect_object(struct inspect *x, int fd, struct slice name, const struct slice *passwords, size_t npasswords, struct lure *out, struct err *e);

/* ---- what somebody reports ------------------------------------------------------------------------------------------------------------ */
/* Of one object that was inspected: what joins it with other things, and what was found, in few enough bytes to be handed on and kept. */
enum { TOLD_BYTES = 3800, TOLD_HASHES = 40 };
struct inspect_told {
	enum verdict verdict;
	bool limited;                     /* not all of it was looked at */
	uint64_t size;
	struct slice name, type, sha256;  /* name: hostile, without control bytes */
	struct slice sender, recipient;   /* of a message */
	struct slice recipients, files;   /* lines: addresses; names of telling parts */
	struct slice hashes, domains;     /* blank-separated: SHA-256 of what is telling; outside names a message leads to */
	struct slice words;               /* blank-separated: combinations, then indicators that carry the verdict */
	struct slice reasons;             /* those with their evidence, as text */
};
/* Texts are in mem. */
void inspect_tell(const struct lure *l, const struct lure_verdict *v, struct slice name, struct arena *mem, struct inspect_told *out);
/* As a text of at most TOLD_BYTES (lists are shortened to fit), and back (borrowed, read like hostile input): false when it is none. */
void inspect_told_save(const struct inspect_told *t, struct buf *out);
bool inspect_told_load(struct slice text, struct inspect_told *out);

/* A report: n objects (may be 0), and what who reports said himself. */
struct inspect_report_of {
	struct slice who;                 /* empty: nobody is to know */
	const struct org *org;
	nstime now;
	struct slice key;                 /* what makes it the same report again */
	struct slice profile, firm, said; /* who wrote, as a link or name on a network; whom he said he works for; more for the explanation; may be empty */
	enum level least;                 /* LEVEL_MEDIUM, or more when something was run */
};
/* The finding that waits to be joined; the caller's. */
struct finding *inspect_report_finding(const struct inspect_report_of *r, const struct inspect_told *t, size_t n);
/* Is one of them run, and not read? Of a stranger's program, that nothing was seen in it says little. */
bool inspect_told_runs(const struct inspect_told *t, size_t n);
/* The worst of them; VERDICT_CANNOT_TELL of none: what somebody was written is not seen. */
enum verdict inspect_told_worst(const struct inspect_told *t, size_t n);

#endif
