/* budget.c - the score that so many alerts a day reach, from the last days of the same stream; rules that are worth less the more often they hold. */
#include "path/path_private.h"

#include <math.h>
#include <stdlib.h>

enum { KEPT_LEAST = 64, KEPT_MOST = 1024, GROUPS_MAX = 50000 };

struct group {
	float score;
};
struct budget {
	double a_day;
	size_t keep;                       /* best scores kept of each day */
	struct lru *today;                 /* group to struct group */
	struct { float *v; size_t n; } day[WINDOW];
	unsigned next, days;
	double threshold;
};

struct budget *budget_new(double a_day)
{
	struct budget *b = xcalloc(1, sizeof *b);
	b->a_day = a_day;
	b->keep = MIN(MAX((size_t)(a_day * 8), (size_t)KEPT_LEAST), (size_t)KEPT_MOST);
	b->today = lru_new(sizeof(struct group), GROUPS_MAX, NULL, NULL);
	for (int i = 0; i < WINDOW; i++)
		b->day[i].v = xcalloc(b->keep, sizeof(float));
	return b;
}

void budget_free(struct budget *b)
{
	if (!b)
		return;
	for (int i = 0; i < WINDOW; i++)
		free(b->day[i].v);
	lru_free(b->today);
	free(b);
}

void budget_add(struct budget *b, uint64_t group, double score, bool *first)
{
	struct group *g = lru_put(b->today, slice_make((const char *)&group, sizeof group), first);
	if (*first || score > g->score)
		g->score = (float)score;
}

static int downward(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x < y) - (x > y);
}

struct gather {
	struct { float *v; size_t n, cap; } all;
};

static bool gather_one(void *arg, struct slice key, void *value)
{
	(void)key;
	*vec_push(&((struct gather *)arg)->all) = ((struct group *)value)->score;
	return true;
}

void budget_day(struct budget *b)
{
	struct gather g = {0};
	lru_each(b->today, gather_one, &g);
	if (g.all.n)
		qsort(g.all.v, g.all.n, sizeof *g.all.v, downward);
	unsigned at = b->next;
	b->day[at].n = MIN(g.all.n, b->keep);
	if (b->day[at].n)
		memcpy(b->day[at].v, g.all.v, b->day[at].n * sizeof(float));
	b->next = (at + 1) % WINDOW;
	b->days = MIN(b->days + 1, (unsigned)WINDOW);
	lru_free(b->today);
	b->today = lru_new(sizeof(struct group), GROUPS_MAX, NULL, NULL);
	g.all.n = 0;
	for (unsigned i = 0; i < b->days; i++)
		for (size_t k = 0; k < b->day[i].n; k++)
			*vec_push(&g.all) = b->day[i].v[k];
	if (g.all.n)
		qsort(g.all.v, g.all.n, sizeof *g.all.v, downward);
	size_t wanted = (size_t)(b->a_day * b->days);
	b->threshold = !wanted || !g.all.n ? 1e9 : wanted <= g.all.n ? g.all.v[wanted - 1] : 0;
	free(g.all.v);
}

double budget_threshold(const struct budget *b)
{
	return b->threshold;
}

void budget_save(struct budget *b, struct buf *out)
{
	lru_save(b->today, out);
	buf_u32(out, b->next);
	buf_u32(out, b->days);
	buf_add(out, &b->threshold, sizeof b->threshold);
	for (int i = 0; i < WINDOW; i++)
		buf_sized(out, slice_make((const char *)b->day[i].v, b->day[i].n * sizeof(float)));
}

bool budget_load(struct budget *b, struct wire *w)
{
	if (!lru_load(b->today, w))
		return false;
	b->next = wire_u32(w) % WINDOW;
	uint32_t days = wire_u32(w); /* MIN looks twice */
	b->days = MIN(days, (uint32_t)WINDOW);
	wire_raw(w, &b->threshold, sizeof b->threshold);
	for (int i = 0; i < WINDOW; i++) {
		struct slice s = wire_sized(w);
		b->day[i].n = MIN(s.n / sizeof(float), b->keep); /* best first: a smaller budget needs fewer */
		if (b->day[i].n)
			memcpy(b->day[i].v, s.p, b->day[i].n * sizeof(float));
	}
	return !w->bad;
}

/* ---- rules that fade -------------------------------------------------------------------------------------------- */

#define BELIEVED 9.0      /* alerts a day of a rule that are believed in full */
#define RULE_FADES 10.0   /* days */

void faded_day(struct faded *f)
{
	double k = exp(-1 / RULE_FADES);
	f->count *= k;
	f->days = f->days * k + 1;
	lru_free(f->today);
	f->today = lru_new(1, 10000, NULL, NULL);
}

double faded_worth(const struct faded *f)
{
	double r = BELIEVED * f->days / MAX(1.0, f->count);
	return MIN(1.0, r * r);
}

void faded_add(struct faded *f, uint64_t group)
{
	bool fresh;
	lru_put(f->today, slice_make((const char *)&group, sizeof group), &fresh);
	f->count += fresh;
}
