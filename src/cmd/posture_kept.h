/* posture_kept.h - private to room cmd: results of postern audit and postern privilege, kept in DIR/posture of the state for the console. */
#ifndef POSTERN_CMD_POSTURE_KEPT_H
#define POSTERN_CMD_POSTURE_KEPT_H

#include "cmd/cmd.h"

/* As KIND-SUBJECT-TIME.json, atomically, owned by the state's owner; of a kind and subject the newest `most` stay. subject: a host's name or another word; what is no plain
 * name becomes "several". False after a message. */
bool posture_keep(const struct args *a, const char *kind, struct slice subject, int64_t now, unsigned most, struct slice json);

#endif
