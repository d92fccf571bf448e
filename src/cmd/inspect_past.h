/* inspect_past.h - private to room cmd: the history that postern inspect --state asks and teaches. */
#ifndef POSTERN_CMD_INSPECT_PAST_H
#define POSTERN_CMD_INSPECT_PAST_H

#include "cmd/cmd.h"
#include "mail/mail.h"

struct inspect_past;
/* The state's folder of --state. NULL with *e. org must outlive it. */
struct inspect_past *inspect_past_open(const struct args *a, const struct org *org, struct err *e);
void inspect_past_free(struct inspect_past *p);
/* The messages of what was inspected as the file-th. From any thread. */
void inspect_past_add(struct inspect_past *p, size_t file, const struct lure *l);
/* All of them in the order of their dates, once nothing more comes. */
int inspect_past_judge(struct inspect_past *p, struct err *e);
/* What the history says about the file-th: into l. */
void inspect_past_tell(const struct inspect_past *p, size_t file, struct lure *l);

#endif
