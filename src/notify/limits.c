/* limits.c - when not to tell: quiet hours, and the wait before the next attempt. */
#include "notify/notify_private.h"

enum { DAY_MINUTES = 1440, WEEK_DAYS = 7, MINUTE_SECONDS = 60, DAY_SECONDS = 86400 };

static int64_t floor_seconds(nstime t)
{
	return t / NS_SEC - (t % NS_SEC < 0);
}

/* Minutes from `minute` of `weekday` until the window ends; 0: outside. */
static unsigned minutes_left(const struct notify_config *c, unsigned weekday, unsigned minute)
{
	unsigned left = 0;
	for (size_t i = 0; i < c->nquiet; i++) {
		const struct org_window *w = &c->quiet[i];
		if ((w->days >> weekday & 1) && minute >= w->from && minute < w->until)
			left = MAX(left, w->until - minute);
	}
	return left;
}

/* The UTC time of a civil time of the organisation's zone (taken as if UTC); where the clock jumps, the offset behind the jump. */
static int64_t to_utc(const struct org *org, int64_t local)
{
	int64_t guess = local - org_utc_offset(org, local * NS_SEC);
	return local - org_utc_offset(org, guess * NS_SEC);
}

nstime notify_quiet_until(const struct notify_config *c, const struct org *org, nstime t)
{
	int64_t utc = floor_seconds(t);
	for (unsigned steps = 0; steps < 3 * WEEK_DAYS; steps++) { /* quiet all week is quiet for some days at a time */
		int64_t local = utc + org_utc_offset(org, utc * NS_SEC);
		int64_t day = local / DAY_SECONDS - (local % DAY_SECONDS < 0);
		unsigned minute = (unsigned)((local - day * DAY_SECONDS) / MINUTE_SECONDS);
		unsigned weekday = (unsigned)(((day + 3) % WEEK_DAYS + WEEK_DAYS) % WEEK_DAYS); /* the epoch was a Thursday; 0 = Monday */
		unsigned left = minutes_left(c, weekday, minute);
		if (!left)
			return steps ? utc * NS_SEC : NSTIME_NONE;
		int64_t end = to_utc(org, day * DAY_SECONDS + (int64_t)(minute + left) * MINUTE_SECONDS);
		utc = MAX(end, utc + 1);
	}
	return utc * NS_SEC;
}

nstime notify_backoff(const struct notify_config *c, const char *id, unsigned attempts)
{
	nstime wait = c->first_wait;
	for (unsigned i = 1; i < attempts && wait < c->longest_wait; i++)
		wait = wait > c->longest_wait / 2 ? c->longest_wait : wait * 2;
	wait = MIN(wait, c->longest_wait);
	uint64_t h = hash_stable(hash_stable(HASH_STABLE_INIT, id, strlen(id)), &attempts, sizeof attempts);
	return wait / 2 + (nstime)((h >> 16) % (uint64_t)(wait / 2 + 1));
}
