/* writables_private.h - between the two files that tell who may write what. */
#ifndef POSTERN_SNAPSHOT_WRITABLES_PRIVATE_H
#define POSTERN_SNAPSHOT_WRITABLES_PRIVATE_H

#include "snapshot/snapshot_private.h"
#include "snapshot/system_private.h"

struct examiner;
/* Rows for everybody but root and used_as who may write path or replace it; folder: who may make files in it. */
void examine_path(struct examiner *x, struct slice path, bool folder, struct slice used_as, const char *used_by);
struct collector *examiner_collector(struct examiner *x);
/* Everything that is worth the question. */
void writables_what(struct examiner *x);

#endif
