/* inspect_private.h - between the pool and its workers. */
#ifndef POSTERN_INSPECT_PRIVATE_H
#define POSTERN_INSPECT_PRIVATE_H

#include "inspect/inspect.h"
#include "sys/sys.h"

enum { RESULT_MAX = 32 << 20, READ_MAX = 256 << 20, HARD_SECONDS = 20, MEMORY_MAX = 1 << 30, JOB_NAME_MAX = 4096 };
enum inspect_message { MSG_WORKER = 1 /* pool -> nursery: one more; nursery -> pool: with its socket */, MSG_RESULT_FILE /* nursery -> pool: the memory results lie in */, MSG_JOB, MSG_DONE };

/* yara.c. Compiled once, by who forks; read-only then. Errors with file:line. */
struct yara;
int yara_load(const char *const *files, struct yara **out, struct err *e);
void yara_free(struct yara *y);
void yara_scan(void *arg, struct lure *l, uint32_t id, struct slice bytes); /* for lure_scan_with() */

/* clamd.c: asks, and adds what it says to the first object. Any thread. */
void clamd_ask(const char *socket_path, int fd, struct lure *out);

/* A worker's life: jobs until the pool is gone. Does not return. */
_Noreturn void worker_main(int sock, int result, const struct inspect_options *o, struct yara *rules);
/* What a worker does with one object. */
void worker_inspect(struct lure *l, struct slice name, struct slice bytes, const struct inspect_options *o);

#endif
