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

#endif
