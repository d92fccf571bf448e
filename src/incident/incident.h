/* incident.h - findings joined by shared entities and time into stories; case 1 as a chain of stages.
 *
 * Life:    incidents_new(), incidents_add() per finding (takes it), incidents_build() once all are there, read, free.
 * Threads: one.
 */
#ifndef POSTERN_INCIDENT_H
#define POSTERN_INCIDENT_H

#include "core/core.h"
#include "event/event.h"
#include "org/org.h"

/* A hop of the story's login graph. */
struct incident_hop {
	struct slice from, to;   /* address or host */
	struct slice account;
	nstime first;
	uint64_t count;
	bool bad;                /* part of a finding, not context */
};

struct incident {
	char id[40];              /* sortable: start time, then a hash of the first evidence: stable for the same evidence */
	struct slice kind;        /* "side-door" (case 1), "break-in attempt", "single finding" */
	struct slice title;
	enum level level;
	struct slice level_reason;
	nstime first, last;
	struct finding **findings; size_t nfindings; /* by time */
	struct entity *entities; size_t nentities;   /* all, once each; the most telling first */
	nstime stage_first[STAGE_COUNT];             /* NSTIME_NONE: not seen */
	struct finding *stage_finding[STAGE_COUNT];  /* the one that shows it best */
	size_t nstages;
	struct slice *narrative; size_t nnarrative;  /* every finding as a sentence, in time order */
	struct slice *story; size_t nstory;          /* the same in short: a sentence a stage, in the order the stages began */
	struct slice *not_seen; size_t nnot_seen;    /* stages not seen yet, and where to look for them */
	struct slice *steps; size_t nsteps;          /* what to do next, first things first */
	struct incident_hop *hops; size_t nhops;
};

struct incidents;
struct incidents *incidents_new(const struct org *org);
void incidents_free(struct incidents *s);
void incidents_add(struct incidents *s, struct finding *f); /* owns f from now on */
/* Join, tell, order by level then time. After it, findings and incidents are read-only. */
void incidents_build(struct incidents *s);
size_t incidents_count(const struct incidents *s);
const struct incident *incidents_get(const struct incidents *s, size_t i); /* worst first */
/* All findings, worst level first, then time. */
size_t incidents_findings(const struct incidents *s);
const struct finding *incidents_finding(const struct incidents *s, size_t i);
/* Findings that are in no incident of two or more: told in the list only. */

#endif
