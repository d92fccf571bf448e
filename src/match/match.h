/* match.h - many literals at once over one slice. The only room that knows vectorscan.
 *
 * Life:    match_set: add literals, seal once, then read-only. match_ctx: one per thread (holds scratch).
 * Threads: a sealed set may be shared; a context may not.
 * Errors:  0 or negative ERR_*; never logs, never exits.
 * Oracle:  a slow matcher with the same interface and the same hits (MATCH_SLOW) serves tests, and platforms without
 *          vectorscan.
 */
#ifndef POSTERN_MATCH_H
#define POSTERN_MATCH_H

#include "core/core.h"

enum match_engine { MATCH_FAST, MATCH_SLOW };
enum match_flag {
	MATCH_NOCASE = 1, /* fold ASCII case */
	MATCH_ONCE = 2,   /* report a literal at most once per run */
};
enum { MATCH_LITERAL_MAX = 1024, MATCH_SET_MAX = 200000 };

struct match_set;
struct match_ctx;

struct match_set *match_new(enum match_engine engine);
void match_free(struct match_set *m);
/* Add a literal (1 to MATCH_LITERAL_MAX bytes, any bytes) reported with this id; ids need not be unique or dense.
 * Before match_seal only. */
int match_add(struct match_set *m, struct slice literal, unsigned flags, uint32_t id, struct err *e);
/* Compile. An empty set is fine and never matches. */
int match_seal(struct match_set *m, struct err *e);
size_t match_count(const struct match_set *m);
/* NULL when out of memory, or the set is not sealed. The set must outlive the context. */
struct match_ctx *match_ctx_new(const struct match_set *m);
void match_ctx_free(struct match_ctx *c);
/* Called per hit: end is the offset just behind the hit (0-based). Non-zero stops the run. Hits come in order of end;
 * literals that end at the same offset come in any order, which may differ between engines and versions. */
typedef int match_fn(void *arg, uint32_t id, size_t end);
/* 0, or ERR_STOPPED when fn stopped it, or ERR_*: ERR_LIMIT for 4 GiB and more, ERR_USAGE when fn runs its own context
 * again. data is borrowed for the call. */
int match_run(struct match_ctx *c, struct slice data, match_fn *fn, void *arg);
/* Does any literal occur? */
bool match_any(struct match_ctx *c, struct slice data);

#endif
