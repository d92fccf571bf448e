/* time.c - civil dates and their text. Date algorithms after H. Hinnant (see core.h): eras of 400 years whose years
 * begin in March, so that the leap day is the last day of a year. */
#include "core/core.h"

enum { DAYS_ERA = 146097, DAYS_TO_1970 = 719468 }; /* of 400 years; from 0000-03-01 to the epoch */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = floor_div(y, 400);
	yoe = y - era * 400;
	doy = (153 * ((int64_t)m + (m > 2 ? -3 : 9)) + 2) / 5 + (int64_t)d - 1;
	return era * DAYS_ERA + yoe * 365 + yoe / 4 - yoe / 100 + doy - DAYS_TO_1970;
}

void civil_from_days(int64_t days, int *y, unsigned *m, unsigned *d)
{
	int64_t z = days + DAYS_TO_1970;
	int64_t era = floor_div(z, DAYS_ERA);
	unsigned doe = (unsigned)(z - era * DAYS_ERA);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;

	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = (int)(era * 400 + yoe + (*m <= 2));
}

int64_t civil_seconds(int y, unsigned mon, unsigned d, unsigned h, unsigned min, unsigned s)
{
	return days_from_civil(y, mon, d) * 86400 + (int64_t)h * 3600 + (int64_t)min * 60 + s;
}

struct civil civil_of(nstime t)
{
	int64_t secs = floor_div(t, NS_SEC);
	int64_t days = floor_div(secs, 86400);
	unsigned sod = (unsigned)(secs - days * 86400);
	struct civil c = {.hour = sod / 3600, .minute = sod / 60 % 60, .second = sod % 60};

	/* Not t - secs * NS_SEC: the product of the earliest times does not fit. */
	c.nanos = (unsigned)((t % NS_SEC + NS_SEC) % NS_SEC);
	c.weekday = (unsigned)(((days + 3) % 7 + 7) % 7); /* the epoch was a Thursday */
	civil_from_days(days, &c.year, &c.month, &c.day);
	return c;
}

/* Fixed width by hand: printf would be most of the cost of writing an event. */
static char *put(char *p, unsigned x, int width, char after)
{
	for (int i = width; i-- > 0; x /= 10)
		p[i] = (char)('0' + x % 10);
	p[width] = after;
	return p + width + 1;
}

/* All years an nstime can hold, 1677 to 2262, have four digits. */
static char *put_civil(char *p, const struct civil *c, char between, char after)
{
	p = put(p, (unsigned)c->year, 4, '-');
	p = put(p, c->month, 2, '-');
	p = put(p, c->day, 2, between);
	p = put(p, c->hour, 2, ':');
	p = put(p, c->minute, 2, ':');
	return put(p, c->second, 2, after);
}

char *time_rfc3339(nstime t, char buf[static 40])
{
	struct civil c;
	char *p;

	buf[0] = '\0';
	if (t == NSTIME_NONE)
		return buf;
	c = civil_of(t);
	p = put_civil(buf, &c, 'T', '.');
	p = put(p, c.nanos / 1000000, 3, 'Z');
	*p = '\0';
	return buf;
}

char *time_plain(nstime t, char buf[static 40])
{
	struct civil c;

	buf[0] = '\0';
	if (t == NSTIME_NONE)
		return buf;
	c = civil_of(t);
	put_civil(buf, &c, ' ', '\0');
	return buf;
}
