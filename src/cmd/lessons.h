/* lessons.h - private to room cmd: postern lesson, by verbs. */
#ifndef POSTERN_CMD_LESSONS_H
#define POSTERN_CMD_LESSONS_H

#include "cmd/cmd.h"
#include "lesson/lesson.h"

struct lesson_work {
	const struct args *a;
	struct lessons *lessons;     /* NULL: this verb needs none */
	struct lesson_book *book;    /* NULL: this verb needs none */
	struct org *org;
	struct arena mem;
	struct buf out;
	nstime now;
	bool json;
	char who[128];
};
/* The folder of lessons: --lessons, $POSTERN_LESSONS, then that which came with postern. "" none. */
const char *lessons_default(const char *given, char *buf, size_t n);
int lesson_list(struct lesson_work *w);
int lesson_check(struct lesson_work *w);

#endif
