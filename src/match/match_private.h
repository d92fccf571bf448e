/* match_private.h - what match.c, fast.c and slow.c share. Nobody else includes it. */
#ifndef POSTERN_MATCH_PRIVATE_H
#define POSTERN_MATCH_PRIVATE_H

#include "match/match.h"

struct match_lit {
	struct slice text; /* in the arena of the set */
	unsigned flags;
	uint32_t id;
};

/* One engine. `sealed` is what seal() made, shared and read-only; `scratch` belongs to one context. An empty set never
 * reaches an engine, so all of them may count on n > 0. lits live as long as the set. */
struct match_ops {
	int (*seal)(const struct match_lit *lits, size_t n, void **sealed, struct err *e);
	void (*unseal)(void *sealed); /* accepts NULL */
	void *(*scratch_new)(const void *sealed); /* NULL: out of memory */
	void (*scratch_free)(void *scratch);      /* accepts NULL */
	int (*run)(const void *sealed, void *scratch, struct slice data, match_fn *fn, void *arg);
};
extern const struct match_ops match_fast_ops, match_slow_ops;

/* ASCII only, whatever the locale: bytes above 127 stay as they are. */
static inline unsigned char match_fold(char c)
{
	unsigned char u = (unsigned char)c;
	return u >= 'A' && u <= 'Z' ? (unsigned char)(u + ('a' - 'A')) : u;
}

/* Are the l->text.n bytes at p the literal? */
static inline bool match_same(const struct match_lit *l, const char *p)
{
	if ((l->flags & MATCH_NOCASE) == 0)
		return memcmp(l->text.p, p, l->text.n) == 0;
	for (size_t i = 0; i < l->text.n; i++)
		if (match_fold(l->text.p[i]) != match_fold(p[i]))
			return false;
	return true;
}

/* The slow engine piece by piece, for the literals the fast one cannot take: seal, then per run begin and advance; each
 * advance reports the hits with an end up to `until`. lits must outlive sealed. */
int match_slow_seal(const struct match_lit *lits, size_t n, void **sealed, struct err *e);
void match_slow_unseal(void *sealed);
void *match_slow_scratch_new(const void *sealed);
void match_slow_scratch_free(void *scratch);
void match_slow_begin(void *scratch);
int match_slow_advance(const void *sealed, void *scratch, struct slice data, size_t until, match_fn *fn, void *arg);

/* Can this machine run the fast engine (x86: SSE4.2 at least)? */
bool match_fast_usable(void);

#endif
