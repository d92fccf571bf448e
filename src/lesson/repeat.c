/* repeat.c - questions come back: after 2, 7, 30, 90 days while they are answered right. */
#include "lesson/book_private.h"

#include <stdlib.h>

static const int step_days[LESSON_STEPS] = {2, 7, 30, 90};

struct state { int64_t step; nstime due; bool there; };

static int take_state(void *arg, const struct vault_row *r)
{
	*(struct state *)arg = (struct state){vault_int(r, 0), vault_time(r, 1), true};
	return 0;
}

static int read_state(struct lesson_book *b, struct slice unit, struct slice question, struct slice user, struct state *out, struct err *e)
{
	*out = (struct state){0};
	return vault_run(b->vault, "SELECT step,due FROM repeat WHERE user=?1 AND unit=?2 AND question=?3", take_state, out, e, "sss", user, unit, question);
}

/* Right before it is due says nothing about whether it lasts: the date stays. */
int book_repeat(struct lesson_book *b, struct slice unit, struct slice question, struct slice user, bool right, nstime now, struct err *e)
{
	struct state s;
	int rc = read_state(b, unit, question, user, &s, e);
	int64_t step = !s.there || !right ? 0 : MIN(s.step + 1, (int64_t)LESSON_STEPS - 1);
	bool early = s.there && right && now < s.due;
	nstime due = early ? s.due : now + step_days[MAX(step, (int64_t)0)] * NS_DAY;
	if (rc)
		return rc;
	return vault_run(b->vault, "INSERT INTO repeat(user,unit,question,step,due,time) VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(user,unit,question) DO UPDATE SET step=excluded.step, due=excluded.due, time=excluded.time", NULL,
		NULL, e, "sssitt", user, unit, question, early ? s.step : step, due, now);
}

struct practice { const struct lesson *unit; const struct lesson_question *question; struct slice user; bool right; nstime now; };

static int practise(struct lesson_book *b, void *arg, struct err *e)
{
	const struct practice *p = arg;
	const struct lesson_result r = {.right = p->right};
	int rc = book_store(b, p->unit->id, p->question->id, p->user, PART_QUESTION, &r, p->now, e);
	if (!rc)
		rc = book_repeat(b, p->unit->id, p->question->id, p->user, p->right, p->now, e);
	return rc ? rc : book_refresh(b, p->unit->id, p->user, p->now, e);
}

int lesson_practised(struct lesson_book *b, const struct lesson *u, const struct lesson_question *q, struct slice user, bool right, nstime now, struct err *e)
{
	struct practice p = {u, q, user, right, now};
	return book_change(b, practise, &p, e);
}

int lesson_comes_back(struct lesson_book *b, struct slice unit, struct slice question, struct slice user, nstime now, int *days, struct err *e)
{
	struct state s;
	int rc = read_state(b, unit, question, user, &s, e);
	*days = !s.there ? -1 : (int)(MAX(s.due - now, (nstime)0) / NS_DAY) + ((s.due - now) % NS_DAY > 0);
	return rc;
}

/* ---- what is due ------------------------------------------------------------------------------------------------------------------------------------ */

struct due {
	const struct lessons *l;
	struct lesson_repeat *out;
	size_t n, most;
};

static const struct lesson_question *find_question(const struct lesson *u, struct slice id)
{
	for (size_t i = 0; u && i < u->nquestions; i++)
		if (slice_eq(u->questions[i].id, id))
			return &u->questions[i];
	return NULL;
}

/* Of a unit or question that is not there any more nobody is asked. */
static int take_due(void *arg, const struct vault_row *r)
{
	struct due *d = arg;
	const struct lesson *u = lessons_find(d->l, vault_text(r, 0));
	const struct lesson_question *q = find_question(u, vault_text(r, 1));
	if (q && d->n < d->most)
		d->out[d->n++] = (struct lesson_repeat){u, q, vault_time(r, 2), false};
	return 0;
}

static nstime week_of(nstime t)
{
	nstime days = t / NS_DAY + 3; /* 1970-01-01 was a Thursday: weeks begin on Monday */
	return (days / 7 * 7 - 3) * NS_DAY;
}

struct last { nstime time; };

static int take_last(void *arg, const struct vault_row *r)
{
	((struct last *)arg)->time = vault_time(r, 0);
	return 0;
}

/* Of the units that concern the learner: the question answered longest ago, one that never was before all others. */
static int weekly(struct lesson_book *b, const struct lessons *l, const struct lesson_learner *who, struct due *d, struct err *e)
{
	const struct lesson *v;
	size_t n = lessons_all(l, &v);
	struct lesson_repeat best = {.due = INT64_MAX};
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < v[i].nquestions && lesson_is_for(&v[i], who->roles); k++) {
			struct last x = {NSTIME_NONE};
			int rc = vault_run(b->vault, "SELECT max(time) FROM result WHERE user=?1 AND unit=?2 AND part=?3 AND kind=3", take_last, &x, e, "sss", who->user, v[i].id, v[i].questions[k].id);
			if (rc)
				return rc;
			if (x.time < best.due)
				best = (struct lesson_repeat){&v[i], &v[i].questions[k], x.time, true};
		}
	if (best.question && d->most)
		d->out[d->n++] = best;
	return 0;
}

ssize_t lesson_due(struct lesson_book *b, const struct lessons *l, const struct lesson_learner *who, nstime now, struct lesson_repeat *out, size_t most, struct err *e)
{
	struct due d = {l, out, 0, most};
	int64_t answered = 0;
	int rc = vault_run(b->vault, "SELECT unit,question,due FROM repeat WHERE user=?1 AND due<=?2 ORDER BY due,unit,question", take_due, &d, e, "st", who->user, now);
	if (!rc && !d.n)
		rc = vault_run(b->vault, "SELECT count(*) FROM result WHERE user=?1 AND kind=3 AND time>=?2", book_first_number, &answered, e, "st", who->user, week_of(now));
	if (!rc && !d.n && !answered)
		rc = weekly(b, l, who, &d, e);
	return rc ? rc : (ssize_t)d.n;
}
