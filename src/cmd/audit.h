/* audit.h - private to room cmd: postern audit. */
#ifndef POSTERN_CMD_AUDIT_H
#define POSTERN_CMD_AUDIT_H

#include "cmd/cmd.h"
#include "posture/posture.h"

/* What the state says of the gate; what is not there stays unknown. */
void audit_gate_facts(const struct args *a, const struct org *org, nstime now, struct posture_gate *out);
/* A whole file, at most 256 MB. False after a message. */
bool audit_read(const char *path, struct buf *out);
/* Results that were kept in DIR/audit of the state, one of each host or set of hosts. NULL: none. *failed: there is one, and it cannot be read. */
struct posture_before *audit_kept(const struct args *a, const struct posture *p, bool *failed);
bool audit_keep(const struct args *a, const struct posture *p);

#endif
