/* incidents.h - private to room cmd: what the verbs of `postern incident` share. */
#ifndef POSTERN_CMD_INCIDENTS_H
#define POSTERN_CMD_INCIDENTS_H

#include "cmd/setup.h"
#include "cmd/state.h"
#include "report/report.h"

/* The one that the verb's first word names; an exit code after a message. stored_free() in any case. */
int incidents_load(struct stored *x, struct state *s, const struct args *a, const struct org *org);
int incidents_list(struct state *s, const struct args *a);
int incidents_show(struct state *s, const struct args *a, const struct org *org);
int incidents_export(struct state *s, const struct args *a, const struct org *org);
int incidents_close(struct state *s, const struct args *a);
int incidents_reopen(struct state *s, const struct args *a);
int incidents_note(struct state *s, const struct args *a);
int incidents_suppressions(struct state *s, const struct args *a);

#endif
