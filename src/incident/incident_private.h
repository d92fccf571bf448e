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

/* join.c: the cluster number of every finding (UINT32_MAX: none). Findings are in time order. */
uint32_t *incident_clusters(const struct incidents *s);
/* tell.c: fill title, level, narrative, steps, hops of an incident whose findings are set. */
void incident_tell(struct incidents *s, struct incident *in);
void incident_printf(struct incidents *s, struct slice *out, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
