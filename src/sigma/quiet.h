/* quiet.h - what quiet.c keeps for judge.c: events of which is known that no rule holds, told before anything is laid out for rules. */
#ifndef POSTERN_SIGMA_QUIET_H
#define POSTERN_SIGMA_QUIET_H

#include "sigma/sigma_private.h"

struct quiet;
struct quiet *quiet_new(void);
void quiet_free(struct quiet *q);

/* All that rules read of an event. */
struct quiet_key {
	uint64_t key, check;
};
enum quiet_answer {
	QUIET_KNOWN,   /* no rule holds */
	QUIET_NEW,     /* *key is what quiet_keep() wants when no rule holds */
	QUIET_UNFIT,   /* more of the event is read than its values and pairs */
};
/* Leaves nothing laid out in c. */
enum quiet_answer quiet_look(struct sigma_ctx *c, const struct event *e, struct quiet_key *key);
/* The same for a record of which no more than its type and pairs need be there: false also when more of it is read. */
bool quiet_knows(struct sigma_ctx *c, const struct event *e, struct quiet_key *key);
/* No rule holds for the event, and no literal of any rule's keywords stands in its texts; texts: rules with keywords were worth a look. */
void quiet_keep(struct sigma_ctx *c, const struct quiet_key *key, bool texts);

#endif
