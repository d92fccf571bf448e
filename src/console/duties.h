/* duties.h - private to room console: what waits for the decision of who is logged in, whichever page it is on. */
#ifndef POSTERN_CONSOLE_DUTIES_H
#define POSTERN_CONSOLE_DUTIES_H

#include "console/page.h"

enum { DUTIES_MAX = 8 };
struct duty {
	const char *name, *path; /* of the API; where it is decided */
	enum text text;          /* TN row */
	uint64_t n;
};
/* Those that the roles allow, also with n 0. What cannot be counted now is left out. */
size_t duties_load(struct request *q, struct duty out[static DUTIES_MAX]);
void duties_card(const struct request *q, struct buf *b, const struct duty *v, size_t n);
/* How to report, for everybody. */
void duties_report_card(const struct request *q, struct buf *b);
/* What became of one's own reports: nothing when there are none. */
int duties_own_reports(struct request *q, struct buf *b, struct err *e);

#endif
