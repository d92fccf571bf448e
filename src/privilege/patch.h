/* patch.h - private to room privilege: changes of lines of files, as a unified diff and the one that undoes it. */
#ifndef POSTERN_PRIVILEGE_PATCH_H
#define POSTERN_PRIVILEGE_PATCH_H

#include "privilege/privilege_private.h"

enum { PATCH_CONTEXT = 3, PATCH_FILE_BYTES = 4 << 20 };
/* Lines [from, to) of a file, counted from 0, become `with` (whole lines with their newlines; "" none). */
struct change { size_t from, to; struct slice with; };
struct text_lines { struct slice *v; size_t n, cap; }; /* each with its newline, the last perhaps without */

void lines_split(struct slice text, struct text_lines *out);
/* The text with the changes, which are in order and apart. */
void patch_apply(const struct text_lines *old, const struct change *c, size_t n, struct buf *out);
/* "--- a/etc/sudoers" ... ; back: from new to old. Nothing for no changes. */
void patch_write(struct slice file, const struct text_lines *old, const struct change *c, size_t n, bool back, struct buf *out);
/* May the path stand in a patch? Controls, and what leaves the root, may not. */
bool patch_path(struct slice file);

#endif
