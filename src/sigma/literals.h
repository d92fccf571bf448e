/* literals.h - which of many literals stand in a text. */
#ifndef POSTERN_SIGMA_LITERALS_H
#define POSTERN_SIGMA_LITERALS_H

#include "core/core.h"

struct litset;
/* Literals must be folded, and texts, too. json: texts are JSON as it is written; their ASCII letters are folded while looking, and what may hide a
 * literal - \uXXXX, the two letters beyond ASCII that fold to k and s - is told as LITSET_HIDDEN. */
enum { LITSET_HIDDEN = UINT32_MAX };
struct litset *litset_new(bool json);
void litset_free(struct litset *s);
/* The text must outlive the set. Empty ones are left out. */
void litset_add(struct litset *s, struct slice text, uint32_t id);
size_t litset_count(const struct litset *s);
/* Afterwards the set is read-only and may be shared by threads. */
void litset_seal(struct litset *s);
/* For tests, before scanning: as on a processor that compares 32 places at once, or only one. */
void litset_limit(struct litset *s, unsigned lanes);
/* Told for every literal found, in no order, perhaps more than once. True: enough. */
typedef bool litset_fn(void *arg, uint32_t id);
/* Was it enough? */
bool litset_scan(const struct litset *s, struct slice text, litset_fn *fn, void *arg);

#endif
