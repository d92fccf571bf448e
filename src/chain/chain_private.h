/* chain_private.h - private to room chain: the layout of a record. */
#ifndef POSTERN_CHAIN_PRIVATE_H
#define POSTERN_CHAIN_PRIVATE_H

#include "chain/chain.h"

struct chain_head {
	uint64_t seq;                   /* 0: none yet */
	char hash[2 * CHAIN_HASH + 1];  /* of that record */
};
/* Number and "prev" of a record; false when it does not begin like one. */
bool chain_parse(struct slice line, uint64_t *seq, struct slice *prev);
/* The "torn" of a record behind a torn one; empty when it has none. */
struct slice chain_torn(struct slice line);
/* FILE.head. ERR_NOENT when it is not there, ERR_SYNTAX when it is no head. */
int chain_head_read(const char *path, struct chain_head *h, struct err *e);
int chain_head_write(const char *path, const struct chain_head *h, struct err *e);
/* Whole file into *b. */
int chain_slurp(const char *path, size_t limit, struct buf *b, struct err *e);

#endif
