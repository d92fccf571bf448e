/* gate_link.h - private to room cmd: the gate beside a state folder, as the responses ask it. */
#ifndef POSTERN_CMD_GATE_LINK_H
#define POSTERN_CMD_GATE_LINK_H

#include "respond/respond.h"

struct gate_link {
	struct respond_gate gate; /* gate.arg is this struct: it does not move */
	const char *folder;       /* borrowed: gate.db and audit.log lie there */
	struct slice actor;       /* borrowed: who asks */
};
/* &l->gate, or NULL when there is no gate on this machine. Files are opened anew for each question. */
const struct respond_gate *gate_link(struct gate_link *l, const char *folder, struct slice actor);

#endif
