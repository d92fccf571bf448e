/* sshkey_private.h - what the readers of keys share among themselves. */
#ifndef POSTERN_SNAPSHOT_SSHKEY_PRIVATE_H
#define POSTERN_SNAPSHOT_SSHKEY_PRIVATE_H

#include "snapshot/sshkey.h"

#include <stdlib.h>

/* The next text with its length in front (RFC 4251 section 5); false: it is not all there. */
bool sshkey_take(struct slice *s, struct slice *out);
void sshkey_put(struct buf *b, struct slice s);
void sshkey_fingerprint(struct slice blob, char out[static SSHKEY_FINGERPRINT]);
/* Blanks and line ends in it are skipped; false: something else is in it, or nothing. */
bool sshkey_base64(struct slice text, struct buf *out);

#endif
