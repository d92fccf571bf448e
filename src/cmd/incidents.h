/* incidents.h - private to room cmd: what the verbs of `postern incident` share. */
#ifndef POSTERN_CMD_INCIDENTS_H
#define POSTERN_CMD_INCIDENTS_H

#include "cmd/setup.h"
#include "cmd/state.h"
#include "report/report.h"

/* A stored incident, told anew from all its findings. */
struct stored {
	struct arena mem;
	struct store_incident row;
	struct incidents *in;       /* one incident, or none when nothing of it is stored any more */
	struct ledger ledger;       /* only the files that evidence lies in; numbers in findings are changed to fit */
	struct report_life life;
	struct report_input report;
};
/* id: or how it begins. One that went into another is that other one, with a message. 0 or ERR_* with *e. stored_free() in any case. */
int stored_load(struct stored *x, struct store *s, const char *id, const struct org *org, struct err *e);
void stored_free(struct stored *x);

int incidents_list(struct state *s, const struct args *a);
int incidents_show(struct state *s, const struct args *a, const struct org *org);
int incidents_export(struct state *s, const struct args *a, const struct org *org);
int incidents_close(struct state *s, const struct args *a);
int incidents_reopen(struct state *s, const struct args *a);
int incidents_note(struct state *s, const struct args *a);
int incidents_suppressions(struct state *s, const struct args *a);

#endif
