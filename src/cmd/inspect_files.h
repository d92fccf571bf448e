/* inspect_files.h - private to room cmd: the files that postern inspect looks at. */
#ifndef POSTERN_CMD_INSPECT_FILES_H
#define POSTERN_CMD_INSPECT_FILES_H

#include "cmd/cmd.h"
#include "inspect/inspect.h"

struct inspect_files {
	char **v;
	size_t n, cap;
	size_t failed;            /* named, but not there or not readable: said already */
	int input;                /* standard input, kept whole; -1 */
};
/* Operands, folders walked in order of names; links within folders are not followed, only regular files are taken. Complains about what cannot be read. */
int inspect_files_find(struct inspect_files *f, const struct args *a, struct err *e);
void inspect_files_free(struct inspect_files *f);
/* For reading; -1 with *e. */
int inspect_files_open(const struct inspect_files *f, size_t i, struct err *e);

#endif
