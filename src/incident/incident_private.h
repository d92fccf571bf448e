/* incident_private.h - shared by the files of room incident. */
#ifndef POSTERN_INCIDENT_PRIVATE_H
#define POSTERN_INCIDENT_PRIVATE_H

#include "incident/incident.h"

struct incidents {
	const struct org *org;
	struct arena mem;
	struct { struct finding **v; size_t n, cap; } findings;
	struct { struct incident *v; size_t n, cap; } list;
};

/* ---- join.c: which findings belong together ------------------------------------------------------------------------------ */
/* A finding with what it can be joined by, as hashes: its actors, then its hosts. */
struct joinable {
	struct finding *f;
	uint64_t *key; /* owned: free() */
	uint32_t nactors, nhosts;
	uint32_t tie;  /* > 0: findings of medium level and above with the same number were told as one incident, and stay one */
};
void incident_keys(const struct org *org, struct joinable *j); /* anew from f */
bool incident_joins(const struct finding *f);                  /* grave enough to join others, and not only to be joined */
bool incident_same_actor(const struct joinable *a, const struct joinable *b); /* within the window for it */
/* The cluster of each: the number of its first member; UINT32_MAX: none. v is in order of incident_by_time(). Caller frees. */
uint32_t *incident_clusters(const struct joinable *const *v, uint32_t n);

/* Total order: equal times are settled by the uid, so that the same evidence always reads the same. */
int incident_by_time(const struct finding *a, const struct finding *b);
/* One finding alone is a story only when it is grave. */
bool incident_worth(size_t findings, enum level worst);
/* A new incident of these findings, in time order, told. */
struct incident *incident_make(struct incidents *s, struct finding *const *v, size_t n);
/* It is known under this id; follows: the closed incident it goes on after, or "". */
void incident_named(struct incidents *s, struct incident *in, const char *id, const char *follows);

/* tell.c: fill title, level, narrative, steps, hops of an incident whose findings are set. */
void incident_tell(struct incidents *s, struct incident *in);
void incident_printf(struct incidents *s, struct slice *out, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
