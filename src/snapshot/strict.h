/* strict.h - private to room snapshot: what sshd would not take. */
#ifndef POSTERN_SNAPSHOT_STRICT_H
#define POSTERN_SNAPSHOT_STRICT_H

#include "snapshot/snapshot_private.h"

/* A path without links, "." and ".."; false: too long, or too many links. */
bool below_real(struct collector *c, const char *path, char out[static PATH_MAX]);
/* NULL, or why sshd would not read this file for the account (in scratch). strict: StrictModes. */
const char *strict_file(struct collector *c, const struct snap_account *a, const char *path, bool strict);
/* NULL, or why no key opens the account, whatever stands in its files (static). */
const char *strict_account(struct collector *c, const struct snap_account *a);

#endif
