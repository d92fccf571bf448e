/* md5.h - private to room snapshot: the hash that dpkg's lists of files are made with. Not for anything else: MD5 is broken as a proof against somebody who made both. */
#ifndef POSTERN_SNAPSHOT_MD5_H
#define POSTERN_SNAPSHOT_MD5_H

#include "core/core.h"

struct md5 {
	uint32_t state[4];
	uint64_t bytes;
	uint8_t block[64];
};
void md5_begin(struct md5 *m);
void md5_add(struct md5 *m, const void *p, size_t n);
void md5_end(struct md5 *m, char hex[static 33]);

#endif
