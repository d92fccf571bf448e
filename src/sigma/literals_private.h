/* literals_private.h - what literals.c and teddy.c share. */
#ifndef POSTERN_SIGMA_LITERALS_PRIVATE_H
#define POSTERN_SIGMA_LITERALS_PRIVATE_H

#include "sigma/literals.h"

#include <stdlib.h>

struct literal {
	struct slice text;
	uint32_t id;
};
/* Where the rarest n bytes of a literal begin. */
size_t literal_rarest(struct slice s, size_t n);
/* Of JSON: does a letter that is written in another way begin at i? */
bool hidden_at(struct slice text, size_t i);
/* Does the literal stand in the text so that its byte `at` is at place i? */
bool literal_at(const struct literal *l, bool json, struct slice text, size_t i, size_t at);

enum { TEDDY_MAX = 64, TEDDY_TEXT = 48 /* shorter texts are not worth its tables */ };
struct teddy;
/* Of literals of `shortest` (>= 3) to `longest` bytes; NULL: none, more than TEDDY_MAX, or not on this processor. */
struct teddy *teddy_new(const struct literal *v, size_t n, size_t shortest, size_t longest, bool json);
void teddy_free(struct teddy *t);
void teddy_narrow(struct teddy *t);
bool teddy_scan(const struct teddy *t, const struct literal *v, bool json, struct slice text, litset_fn *fn, void *arg);

#endif
