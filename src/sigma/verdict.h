/* verdict.h - what verdict.c keeps for judge.c. */
#ifndef POSTERN_SIGMA_VERDICT_H
#define POSTERN_SIGMA_VERDICT_H

#include "sigma/sigma_private.h"

enum { VERDICT_RULES = 7 };
/* What rules said of an event with these values. */
struct verdict {
	uint64_t key, check;
	uint8_t hits, looks; /* rules that matched; behind them those that must be judged again, since they look at texts too */
	bool used;           /* since another wanted its place */
	uint32_t rule[VERDICT_RULES];
};
struct verdicts;
struct verdicts *verdicts_new(void);
void verdicts_free(struct verdicts *v);
/* The verdict on an event like the one at hand: of the same log sources, with the same values in all fields that rules of those read. NULL: none is
 * kept; *key then is what verdict_keep() wants. */
const struct verdict *verdict_find(struct sigma_ctx *c, struct verdict *key);
void verdict_keep(struct sigma_ctx *c, const struct verdict *v);

#endif
