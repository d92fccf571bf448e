/* fuzz_lure_office.h - what the targets of office formats share: one inspection, and what must hold of whatever was found. */
#ifndef POSTERN_FUZZ_LURE_OFFICE_H
#define POSTERN_FUZZ_LURE_OFFICE_H

#include <stdlib.h>

#include "lure/office_private.h"

static const struct lure_limits fuzz_limits = {.depth = 4, .objects = 100, .total = 16 << 20, .one = 4 << 20, .milliseconds = 2000};

static inline void fuzz_check(const struct lure *l)
{
	const struct lure_finding *f;
	const struct lure_object *o;
	struct lure_verdict v;
	size_t n = lure_findings(l, &f), objects = lure_objects(l, &o);
	bool limited = false;
	for (size_t i = 0; i < n; i++) {
		if (f[i].object >= objects || f[i].evidence.n > 200 || !slice_utf8(f[i].evidence) || !slice_utf8(f[i].where) || f[i].count == 0)
			abort();
		limited = limited || indicator_table[f[i].indicator].family == FAMILY_LIMIT;
	}
	lure_judge(l, &v);
	if (limited && v.verdict == VERDICT_CLEAN)
		abort(); /* what was not looked at is never clean */
}

static inline void fuzz_whole(struct slice bytes, const char *name)
{
	struct lure *l = lure_new(&fuzz_limits);
	struct err e;
	if (lure_inspect(l, slice_of(name), bytes, &e))
		abort();
	fuzz_check(l);
	lure_free(l);
}

/* One parser alone, below an object that is there. */
static inline void fuzz_part(struct slice bytes, void (*fn)(struct office *o, struct slice bytes))
{
	struct lure *l = lure_new(&fuzz_limits);
	struct office o;
	struct err e;
	if (lure_inspect(l, SL("part"), SLICE_NONE, &e))
		abort();
	office_start(&o, l, 0, bytes);
	fn(&o, bytes);
	office_end(&o);
	fuzz_check(l);
	lure_free(l);
}

#endif
