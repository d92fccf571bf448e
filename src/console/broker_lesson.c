/* broker_lesson.c - who assigns lessons is on record: the book is the web process's own, and is written after that. */
#include "console/broker.h"
#include "lesson/lesson.h"

#include <stdio.h>

static bool is_unit(struct slice s)
{
	bool fine = s.n > 0 && s.n <= 64;
	for (size_t i = 0; fine && i < s.n; i++)
		fine = (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-';
	return fine;
}

static bool is_target(struct slice s, enum lesson_for kind)
{
	bool fine = s.n <= 200 && slice_utf8(s) && (kind == FOR_ALL) == (s.n == 0);
	for (size_t i = 0; fine && i < s.n; i++)
		fine = (unsigned char)s.p[i] >= ' ' && s.p[i] != 0x7f;
	return fine;
}

int broker_lesson_assign(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	static const char *const kinds[] = {[FOR_ALL] = "everybody", [FOR_TEAM] = "team ", [FOR_ROLE] = "role ", [FOR_USER] = "user "};
	struct slice unit = slice_of(q->id), target = slice_from(slice_of(q->text), 1);
	size_t kind = (size_t)(unsigned char)q->text[0] - '0';
	bool removes = q->number == NSTIME_NONE;
	char due[40] = "";
	struct buf detail = {0};
	(void)a, (void)fd;
	if (!is_unit(unit) || kind >= ARRAY_LEN(kinds) || !is_target(target, (enum lesson_for)kind) || (!removes && q->number < 0))
		return err_set(e, ERR_SYNTAX, "an assignment has a unit, a date, and a team, role, user, or everybody");
	if (!removes)
		time_rfc3339(q->number, due);
	buf_addf(&detail, "for %s%.*s%s%s", kinds[kind], SLFMT(target), removes ? "" : ", due ", due);
	int rc = broker_note(b, slice_of(who->name), removes ? "lesson-unassign" : "lesson-assign", unit, "begun", buf_slice(&detail), e);
	buf_free(&detail);
	return rc;
}
