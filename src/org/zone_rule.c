/* zone_rule.c - the TZ string behind the data of a TZif file (POSIX.1-2017 8.3 with the extensions of RFC 8536 3.3.1). */
#include "org/zone_private.h"

enum { HOUR = 3600, DAY = 86400, RULE_HOURS_MAX = 167, OFFSET_HOURS_MAX = 24 };

static bool take(struct slice *s, char c)
{
	if (s->n == 0 || *s->p != c)
		return false;
	*s = slice_from(*s, 1);
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* One to three digits, at most max. */
static bool take_number(struct slice *s, int min, int max, int *out)
{
	int v = 0;
	size_t n = 0;

	while (n < s->n && n < 3 && is_digit(s->p[n]))
		v = v * 10 + (s->p[n++] - '0');
	*s = slice_from(*s, n);
	*out = v;
	return n > 0 && v >= min && v <= max;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool take_time(struct slice *s, int max_hours, int32_t *out)
{
	bool minus = take(s, '-');
	int h, m = 0, sec = 0;

	if (!minus)
		take(s, '+');
	if (!take_number(s, 0, max_hours, &h))
		return false;
	if (take(s, ':')) {
		if (!take_number(s, 0, 59, &m))
			return false;
		if (take(s, ':') && !take_number(s, 0, 59, &sec))
			return false;
	}
	*out = h * HOUR + m * 60 + sec;
	if (minus)
		*out = -*out;
	return true;
}

/* "CET" or "<+0330>"; the name itself is of no use here. */
static bool take_name(struct slice *s)
{
	size_t n = 0;

	if (take(s, '<')) {
		while (n < s->n && (is_alpha(s->p[n]) || is_digit(s->p[n]) || s->p[n] == '+' || s->p[n] == '-'))
			n++;
		*s = slice_from(*s, n);
		return n >= 3 && take(s, '>');
	}
	while (n < s->n && is_alpha(s->p[n]))
		n++;
	*s = slice_from(*s, n);
	return n >= 3;
}

static bool take_day(struct slice *s, struct zone_day *d)
{
	bool ok;

	*d = (struct zone_day){.kind = 'N', .seconds = 2 * HOUR};
	if (take(s, 'M')) {
		d->kind = 'M';
		ok = take_number(s, 1, 12, &d->month) && take(s, '.') && take_number(s, 1, 5, &d->week) &&
			take(s, '.') && take_number(s, 0, 6, &d->day);
	} else if (take(s, 'J')) {
		d->kind = 'J';
		ok = take_number(s, 1, 365, &d->day);
	} else {
		ok = take_number(s, 0, 365, &d->day);
	}
	if (ok && take(s, '/'))
		ok = take_time(s, RULE_HOURS_MAX, &d->seconds);
	return ok;
}

int zone_rule_parse(struct slice s, struct zone_rule *out)
{
	int32_t west;

	*out = (struct zone_rule){0};
	if (!take_name(&s) || !take_time(&s, OFFSET_HOURS_MAX, &west))
		return ERR_SYNTAX;
	out->std_off = -west; /* POSIX counts west of Greenwich */
	if (s.n == 0)
		return 0;
	out->dst = true;
	out->dst_off = out->std_off + HOUR;
	if (!take_name(&s))
		return ERR_SYNTAX;
	if (s.n > 0 && *s.p != ',') {
		if (!take_time(&s, OFFSET_HOURS_MAX, &west))
			return ERR_SYNTAX;
		out->dst_off = -west;
	}
	if (!take(&s, ',') || !take_day(&s, &out->start) || !take(&s, ',') || !take_day(&s, &out->end) || s.n != 0)
		return ERR_SYNTAX;
	if (out->std_off <= ZONE_OFFSET_MIN || out->dst_off <= ZONE_OFFSET_MIN || out->dst_off >= ZONE_OFFSET_MAX)
		return ERR_RANGE;
	return 0;
}

static bool is_leap(int64_t y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* Days since the epoch of the d-th week day rule in year y. */
static int64_t month_rule_day(const struct zone_day *d, int64_t y)
{
	static const uint8_t length[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t first = days_from_civil(y, (unsigned)d->month, 1);
	int weekday = (int)(((first + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday; 0 = Sunday */
	int days = length[d->month - 1] + (d->month == 2 && is_leap(y));
	int at = (d->day - weekday + 7) % 7 + (d->week - 1) * 7;

	if (at >= days) /* week 5: the last one, which may be the fourth */
		at -= 7;
	return first + at;
}

/* Seconds since the epoch, UTC, of the change in year y; before it, local time was `off` seconds east. */
static int64_t change_at(const struct zone_day *d, int64_t y, int32_t off)
{
	int64_t days;

	if (d->kind == 'M')
		days = month_rule_day(d, y);
	else if (d->kind == 'J')
		days = days_from_civil(y, 1, 1) + d->day - 1 + (d->day >= 60 && is_leap(y));
	else
		days = days_from_civil(y, 1, 1) + d->day;
	return days * DAY + d->seconds - off;
}

/* What the latest change at or before utc began holds. The neighbouring years count because a time of day may reach 167
 * hours beyond the end of its day; where an end and a start fall together (summer time all year) the start wins. */
int32_t zone_rule_offset(const struct zone_rule *r, int64_t utc)
{
	int64_t local = utc + r->std_off, latest = INT64_MIN;
	int64_t days = local / DAY - (local % DAY < 0);
	int year;
	unsigned m, d;
	int32_t off = r->std_off;

	if (!r->dst)
		return off;
	civil_from_days(days, &year, &m, &d);
	for (int64_t y = (int64_t)year - 1; y <= (int64_t)year + 1; y++) {
		int64_t start = change_at(&r->start, y, r->std_off), end = change_at(&r->end, y, r->dst_off);
		if (start <= utc && start >= latest) {
			latest = start;
			off = r->dst_off;
		}
		if (end <= utc && end > latest) {
			latest = end;
			off = r->std_off;
		}
	}
	return off;
}
