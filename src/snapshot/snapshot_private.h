/* snapshot_private.h - what the files of room snapshot share. */
#ifndef POSTERN_SNAPSHOT_PRIVATE_H
#define POSTERN_SNAPSHOT_PRIVATE_H

#include "snapshot/snapshot.h"

/* ---- document ---------------------------------------------------------------------------------------------------------- */
enum { SNAP_VERSION = 1 };
/* The document's own members, columns of struct snapshot. */
extern const struct snap_column snap_head[];

#endif
