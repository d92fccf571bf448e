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
/* What an employee looks for first: how to report, lessons that are due, what became of earlier reports. */
void duties_employee(struct request *q, struct buf *b);

#endif
