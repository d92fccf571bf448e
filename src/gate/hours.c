/* hours.c - weekly windows in a zone: days of 23 and 25 hours included. */
#include "gate/model_private.h"

enum { DAY_SEC = 86400, JOINED_MAX = 1000 };

static int offset_at(const struct gate_grant *x, nstime t)
{
	return x->tz ? zone_offset_utc(x->tz, t) : 0;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Seconds of the local clock until the window that holds t ends; 0: none holds it. */
static int64_t left_in_window(const struct gate_grant *x, nstime t, int offset)
{
	int64_t local = floor_div(t, NS_SEC) + offset, day = floor_div(local, DAY_SEC), of_day = local - day * DAY_SEC, left = 0;
	unsigned weekday = (unsigned)(((day + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday; 0 = Monday */
	for (size_t i = 0; i < x->nwindows; i++) {
		const struct gate_window *w = &x->windows[i];
		if ((w->days >> weekday & 1) && of_day >= w->from * 60 && of_day < w->until * 60)
			left = MAX(left, w->until * 60 - of_day);
	}
	return left;
}

/* The first second in (a, b] at which the offset is not that of a. */
static nstime turn_between(const struct gate_grant *x, nstime a, nstime b)
{
	int before = offset_at(x, a);
	int64_t low = floor_div(a, NS_SEC), high = floor_div(b, NS_SEC);
	while (high - low > 1) {
		int64_t mid = low + (high - low) / 2;
		if (offset_at(x, mid * NS_SEC) == before)
			low = mid;
		else
			high = mid;
	}
	return high * NS_SEC;
}

bool gate_hours_fit(const struct gate_grant *x, nstime t, nstime most, nstime *until)
{
	*until = most;
	if (!x->nwindows)
		return true;
	if (x->zone.n && !x->tz)
		return false;
	int64_t left = left_in_window(x, t, offset_at(x, t));
	if (!left)
		return false;
	for (int i = 0; left && t < most && i < JOINED_MAX; i++) { /* windows that follow each other without a gap are one */
		nstime end = (floor_div(t, NS_SEC) + left) * NS_SEC;
		if (offset_at(x, end - NS_SEC) != offset_at(x, t))
			end = turn_between(x, t, end - NS_SEC);
		t = end;
		left = left_in_window(x, t, offset_at(x, t));
	}
	*until = MIN(t, most);
	return true;
}
