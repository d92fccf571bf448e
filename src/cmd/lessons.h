/* lessons.h - private to room cmd: postern lesson, by verbs. */
#ifndef POSTERN_CMD_LESSONS_H
#define POSTERN_CMD_LESSONS_H

#include "cmd/cmd.h"
#include "lesson/lesson.h"
#include "org/org.h"

struct lesson_work {
	const struct args *a;
	struct lessons *lessons;     /* NULL: this verb needs none */
	struct lesson_book *book;    /* NULL: this verb needs none */
	struct org *org;             /* import --org, assign (its zone), remind; else NULL */
	struct buf input;            /* import FILE */
	struct arena mem;
	struct buf out;
	nstime now;
	bool json, csv;
	char who[128];
};
/* The folder of lessons: --lessons, $POSTERN_LESSONS, then that which came with postern. "" none. */
const char *lessons_default(const char *given, char *buf, size_t n);
/* Each returns an exit code, after a message unless it is EXIT_DONE. */
int lesson_list(struct lesson_work *w);
int lesson_check(struct lesson_work *w);
int lesson_assign_to(struct lesson_work *w);
int lesson_status(struct lesson_work *w);
int lesson_export_all(struct lesson_work *w);
int lesson_import(struct lesson_work *w);
int lesson_forget_one(struct lesson_work *w);
int lesson_remind(struct lesson_work *w);
int lesson_failed(const struct err *e);

/* STATE/console/web/lessons.db: opened as the user whose it is. False after a message. For audit: whom of org's staff the lessons have taught, and how many units there are. */
bool lessons_facts(const struct args *a, const struct org *org, nstime now, int64_t *units, int64_t *taught);

#endif
