/* tell.c - what text, JSON and HTML tell alike. */
#include "posture/tell_private.h"

#include <stdio.h>
#include <stdlib.h>

const char *tell_demand(enum posture_demand d)
{
	static const char *const names[] = {
		[DEMAND_PROVIDER] = "Provider access", [DEMAND_LOGGING] = "Logging and retention", [DEMAND_SECOND_FACTOR] = "Second factor", [DEMAND_LEAST_PRIVILEGE] = "Least privilege",
		[DEMAND_PATCHING] = "Patches and their distribution", [DEMAND_MAIL] = "Mail", [DEMAND_EDUCATION] = "Education"};
	return names[d];
}

const char *tell_change_name(enum tell_change c)
{
	static const char *const names[] = {[CHANGE_NONE] = "", [CHANGE_WORSE] = "worse", [CHANGE_BETTER] = "mended", [CHANGE_FIRST] = "first"};
	return names[c];
}

void tell_day(int64_t days, char out[static 16])
{
	int y;
	unsigned m, d;
	civil_from_days(MAX(MIN(days, (int64_t)2932896), (int64_t)0), &y, &m, &d);
	snprintf(out, 16, "%04u-%02u-%02u", (unsigned)y % 10000u, m % 100u, d % 100u);
}

bool tell_expired(const struct posture *p, const struct posture_waiver *w)
{
	return w->until < p->now / 86400;
}

struct tell_sum tell_sum_of(const struct posture *p, enum posture_demand d)
{
	struct tell_sum s = {0};
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].check->demand == d)
			s.count[p->v[i].result]++;
	return s;
}

static int rank(const struct posture_row *r)
{
	static const int order[] = {[POSTURE_FAIL] = 0, [POSTURE_UNKNOWN] = 1, [POSTURE_PASS] = 2, [POSTURE_NOT_APPLICABLE] = 3};
	return order[r->result];
}

static int by_order(const void *x, const void *y)
{
	const struct posture_row *a = *(const struct posture_row *const *)x, *b = *(const struct posture_row *const *)y;
	if (a->check->demand != b->check->demand)
		return a->check->demand < b->check->demand ? -1 : 1;
	if (rank(a) != rank(b))
		return rank(a) - rank(b);
	if (a->result == POSTURE_UNKNOWN && slice_cmp(a->text, b->text)) /* those of one reason together */
		return slice_cmp(a->text, b->text);
	if (a->check->severity != b->check->severity)
		return a->check->severity > b->check->severity ? -1 : 1;
	if (a->check != b->check)
		return a->check < b->check ? -1 : 1;
	return slice_cmp(a->host, b->host);
}

const struct posture_row **tell_order(const struct posture *p)
{
	const struct posture_row **v = xcalloc(p->n ? p->n : 1, sizeof *v);
	for (size_t i = 0; i < p->n; i++)
		v[i] = &p->v[i];
	qsort(v, p->n, sizeof *v, by_order);
	return v;
}
