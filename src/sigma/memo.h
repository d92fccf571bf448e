/* memo.h - what the indexes found for a field's value, remembered. One per thread. */
#ifndef POSTERN_SIGMA_MEMO_H
#define POSTERN_SIGMA_MEMO_H

#include "core/core.h"

enum { MEMO_VALUE_MAX = 65536, MEMO_RANGES_MAX = 64 };
struct memo_range {
	uint32_t first, n; /* postings of a bucket */
};
struct memo;
struct memo *memo_new(void);
void memo_free(struct memo *m);
/* What was put for this value of index `of`; NULL: nothing. Valid until memo_put. */
const struct memo_range *memo_get(const struct memo *m, uint32_t of, uint64_t hash, struct slice value, size_t *n);
void memo_put(struct memo *m, uint32_t of, uint64_t hash, struct slice value, const struct memo_range *r, size_t n);

#endif
