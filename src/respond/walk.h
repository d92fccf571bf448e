/* walk.h - private to room respond: to a file below folders that a hostile account owns. */
#ifndef POSTERN_RESPOND_WALK_H
#define POSTERN_RESPOND_WALK_H

#include "core/core.h"

#include <limits.h>

struct walk {
	int dir;             /* folder of the file, O_PATH; -1 nothing is there */
	char name[NAME_MAX + 1];
	char path[PATH_MAX]; /* where that is, links of trusted folders followed */
};
/* From root (a folder, taken for /) along an absolute path. Symbolic links are followed only where root alone can make them. Where the account
 * could, the link itself is the file that was looked for: what lies behind it is reached through it. ERR_PERM for what cannot be walked
 * safely ("..", too many links); 0 with dir -1 when a folder on the way does not exist. */
int walk_to(int root, const char *path, struct walk *w, struct err *e);
void walk_end(struct walk *w);

#endif
