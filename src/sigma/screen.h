/* screen.h - where in a block one of some hundred literals stands, ASCII letters of either case. Faster than a matcher for many patterns where the
 * processor has wide shuffles, and none elsewhere. Read-only once made: threads share it. */
#ifndef POSTERN_SIGMA_SCREEN_H
#define POSTERN_SIGMA_SCREEN_H

#include "core/core.h"

struct screen;
/* The literals are copied. NULL: no such processor, or the literals are too many or too short to be rare. */
struct screen *screen_new(const struct slice *literal, size_t n);
void screen_free(struct screen *s);
/* Calls fn with a place within each literal that stands in text, in order of these places. */
typedef void screen_fn(void *arg, size_t at);
void screen_scan(const struct screen *s, struct slice text, screen_fn *fn, void *arg);

#endif
