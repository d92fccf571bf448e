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
/* The longest run of a literal that JSON writes as it is: no escape, nothing beyond ASCII. */
struct slice written_run(struct slice literal);
/* A sealed set of json for the runs of another set's literals: where none of them stands and nothing is hidden, none of the literals does. NULL: one
 * has no run. */
struct litset *litset_written(const struct litset *s);
/* May a letter be written in another way than in ASCII? */
bool written_hides(struct slice written);
/* Does a JSON string that hides nothing, as it is written, hold the literal (folded) once it is unescaped and folded? */
enum written_told { WRITTEN_UNSURE, WRITTEN_NO, WRITTEN_YES };
enum written_told written_find(struct slice written, struct slice literal);
/* Told for every literal found, in no order, perhaps more than once. True: enough. */
typedef bool litset_fn(void *arg, uint32_t id);
/* Was it enough? */
bool litset_scan(const struct litset *s, struct slice text, litset_fn *fn, void *arg);

#endif
