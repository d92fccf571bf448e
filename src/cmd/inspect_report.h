/* inspect_report.h - private to room cmd: an employee's report of what was inspected, into the state. */
#ifndef POSTERN_CMD_INSPECT_REPORT_H
#define POSTERN_CMD_INSPECT_REPORT_H

#include "cmd/cmd.h"
#include "lure/lure.h"
#include "org/org.h"

struct inspect_report;
/* who: the employee. Borrowed, as org. NULL after a message: no name. */
struct inspect_report *inspect_report_new(const char *who, const struct org *org);
void inspect_report_free(struct inspect_report *r);
/* From any thread. */
void inspect_report_add(struct inspect_report *r, struct slice name, const struct lure *l, const struct lure_verdict *v);
/* Writes them; the process is confined for it, so it comes last. 0, or an exit code after a message. */
int inspect_report_send(struct inspect_report *r, const struct args *a);

#endif
