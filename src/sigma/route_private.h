/* route_private.h - what index.c builds and route.c looks at. */
#ifndef POSTERN_SIGMA_ROUTE_PRIVATE_H
#define POSTERN_SIGMA_ROUTE_PRIVATE_H

#include "sigma/literals.h"
#include "sigma/witness.h"

/* hash of (kind, field, text) -> postings */
struct hindex {
	struct { uint64_t hash; uint32_t first, n; } *v;
	size_t size; /* a power of two, 0: empty */
};
/* What is indexed for one field. */
struct findex {
	uint32_t field;
	bool exact, numeric, base;
	uint32_t present, npresent;       /* postings */
	uint32_t number;                  /* among all of the set's */
	struct litset *literals;
	uint32_t *first;                  /* per literal: postings */
	uint32_t *count;
};
struct bucket {
	struct sigma_logsource from;
	struct { uint32_t *v; size_t n, cap; } rules;
	bool ready;
	struct { uint32_t *v; size_t n, cap; } always;
	struct { uint32_t *v; size_t n, cap; } postings;
	struct { struct findex *v; size_t n, cap; } fields;
	struct findex *keywords;
	struct findex *second;            /* of rules with keywords that are found by a field: a keyword that must stand there, too */
	bool marked;                      /* who holds by keywords holds in marked lines only */
	struct litset *raw;               /* what of the keywords stands in JSON as it is */
	uint16_t *of_field;               /* + 1 */
	struct hindex hash;
};

static inline uint64_t atom_hash(unsigned kind, uint32_t field, struct slice text)
{
	return hash_bytes(text.p, text.n) ^ ((uint64_t)field << 8 | kind) * 0x9e3779b97f4a7c15u;
}

/* All indexes of the bucket; its rules are known. */
void bucket_index(struct sigma_set *s, struct bucket *b);

#endif
