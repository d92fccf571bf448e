/* decode_time.c - the ways in which logs write the time.
 * Sources: RFC 3339 (ISO 8601 profile), RFC 3164 4.1.2, Apache mod_log_config (%t), asctime(3), BIND ARM 'print-time'. */
#include "decode/decode_private.h"
#include "decode/digits.h"

static int month_of(const char *p)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	for (int i = 0; i < 12; i++)
		if (memcmp(p, names + 3 * i, 3) == 0)
			return i + 1;
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Exactly n digits at p (the caller checked the length). */
static bool digits(const char *p, size_t n, unsigned *out)
{
	unsigned v = 0;
	for (size_t i = 0; i < n; i++) {
		if (!is_digit(p[i]))
			return false;
		v = v * 10 + (unsigned)(p[i] - '0');
	}
	*out = v;
	return true;
}

/* "HH:MM:SS" at p, 8 bytes. */
static bool clock_at(const char *p, unsigned *h, unsigned *m, unsigned *s)
{
	return p[2] == ':' && p[5] == ':' && digits(p, 2, h) && digits(p + 3, 2, m) && digits(p + 6, 2, s) && *h < 24 && *m < 60 && *s < 61;
}

/* ".123456" or ",123" at the start of s; nanoseconds, s moved. */
static int64_t fraction(struct slice *s)
{
	if (s->n < 2 || (s->p[0] != '.' && s->p[0] != ',') || !is_digit(s->p[1]))
		return 0;
	int64_t ns = 0, unit = 100000000;
	size_t i = 1;
	if (s->n > 7 && !is_digit(s->p[7])) { /* rsyslog's microseconds */
		unsigned us;
		if (digits(s->p + 1, 6, &us)) {
			*s = slice_from(*s, 7);
			return (int64_t)us * 1000;
		}
	}
	for (; i < s->n && is_digit(s->p[i]); i++, unit /= 10)
		ns += (s->p[i] - '0') * unit;
	*s = slice_from(*s, i);
	return ns;
}

/* "Z", "+02:00", "+0200", "+02"; seconds east. False when none is there. */
static bool zone_at(struct slice *s, int *off)
{
	if (s->n && (s->p[0] == 'Z' || s->p[0] == 'z')) {
		*s = slice_from(*s, 1);
		*off = 0;
		return true;
	}
	unsigned h, m = 0;
	if (s->n < 3 || (s->p[0] != '+' && s->p[0] != '-') || !digits(s->p + 1, 2, &h) || h > 15)
		return false;
	size_t used = 3;
	if (s->n >= 6 && s->p[3] == ':' && digits(s->p + 4, 2, &m))
		used = 6;
	else if (s->n >= 5 && digits(s->p + 3, 2, &m))
		used = 5;
	*off = (int)(h * 3600 + m * 60) * (s->p[0] == '-' ? -1 : 1);
	*s = slice_from(*s, used);
	return m < 60;
}

/* Seconds of a parsed time to nanoseconds. No log is older than the epoch or younger than 2229, and within these bounds the
 * difference of any two times fits into 64 bits, whatever years a hostile line names. */
static nstime nanos_of(int64_t seconds, int64_t nanos)
{
	const int64_t day = 86400, last = 95000 * day;
	return MAX(MIN(seconds, last), -2 * day) * NS_SEC + nanos;
}

nstime time_local(struct decoder *d, int64_t seconds, int64_t nanos, struct dline *l)
{
	nstime local = nanos_of(seconds, nanos);
	l->flags |= EV_NO_ZONE;
	if (!d->opt->utc_offset)
		return local;
	nstime hour = seconds / 900; /* zones change on quarter hours */
	if (hour != d->zone_hour) {
		d->zone_off = d->opt->utc_offset(d->opt->utc_arg, local);
		d->zone_hour = hour;
	}
	return local - d->zone_off * NS_SEC;
}

/* What rsyslog writes, in the minute and the zone of the line before: "2026-05-04T07:12:SS.uuuuuu+02:00". */
bool time_same_minute(const struct decoder *d, struct slice *s, struct dline *l)
{
	enum { MINUTE = 17, POINT = 19, ZONE = 26, WHOLE = 32 };
	const char *p = s->p;
	uint32_t n;
	if (s->n < WHOLE || d->stamp_n != MINUTE || !d->zone_known || p[POINT] != '.' || !bytes_eq(p + ZONE, d->zone_text, sizeof d->zone_text) ||
	    !bytes_eq(p, d->stamp, 16) || p[16] != d->stamp[16])
		return false;
	uint64_t seconds = (uint64_t)(uint8_t)p[MINUTE] | (uint64_t)(uint8_t)p[MINUTE + 1] << 8, micros = load8(p + POINT - 1) & ~(uint64_t)0xffff;
	if (!eight_digits(seconds | micros, &n) || n >= 61000000)
		return false;
	const uint32_t sec = n / 1000000, us = n % 1000000;
	l->time = nanos_of(d->stamp_time + (int64_t)sec - d->zone_east, (int64_t)us * 1000);
	*s = slice_make(p + WHOLE, s->n - WHOLE);
	return true;
}

static void keep_zone(struct decoder *d, struct slice text, int east)
{
	if (text.n != sizeof d->zone_text)
		return;
	memcpy(d->zone_text, text.p, sizeof d->zone_text);
	d->zone_east = east;
	d->zone_known = true;
}

bool time_iso(struct decoder *d, struct slice *s, struct dline *l)
{
	if (time_same_minute(d, s, l))
		return true;
	if (s->n < 19 || s->p[4] != '-' || s->p[7] != '-' || s->p[13] != ':')
		return false;
	unsigned y, mo, day, h, mi, sec;
	if (d->stamp_n == 17 && memcmp(d->stamp, s->p, 17) == 0) {
		if (!digits(s->p + 17, 2, &sec) || sec > 60)
			return false;
	} else {
		if ((s->p[10] != 'T' && s->p[10] != ' ') || !digits(s->p, 4, &y) || !digits(s->p + 5, 2, &mo) || !digits(s->p + 8, 2, &day) ||
		    !clock_at(s->p + 11, &h, &mi, &sec) || mo < 1 || mo > 12 || day < 1 || day > 31 || y < 1970)
			return false;
		d->stamp_time = civil_seconds((int)y, mo, day, h, mi, 0);
		memcpy(d->stamp, s->p, 17);
		d->stamp_n = 17;
	}
	int64_t base = d->stamp_time + sec;
	*s = slice_from(*s, 19);
	int64_t ns = fraction(s);
	int off;
	struct slice rest = *s;
	if (rest.n && rest.p[0] == ' ' && rest.n > 5 && (rest.p[1] == '+' || rest.p[1] == '-') && is_digit(rest.p[2]))
		rest = slice_from(rest, 1); /* "2026-05-04 07:12:33 +0200" */
	const char *zone = rest.p;
	if (zone_at(&rest, &off)) {
		*s = rest;
		l->time = nanos_of(base - off, ns);
		keep_zone(d, slice_make(zone, (size_t)(rest.p - zone)), off);
	} else {
		l->time = time_local(d, base, ns, l);
	}
	return true;
}

/* A year for a month and day without one: the latest that is not after the reference by more than two days. */
static int infer_year(const struct decoder *d, unsigned mon, unsigned day)
{
	nstime ref = d->in->mtime != NSTIME_NONE ? d->in->mtime : d->opt->now;
	struct civil c = civil_of(ref + 2 * NS_DAY);
	bool after = mon > c.month || (mon == c.month && day > c.day);
	int year = after ? c.year - 1 : c.year;
	if (mon == 2 && day == 29) /* the last year that had one */
		while (year % 4 || (year % 100 == 0 && year % 400))
			year--;
	return year;
}

/* "2015 ": a year and its blank. */
static bool year_at(struct slice s, unsigned *year)
{
	return s.n > 5 && s.p[4] == ' ' && digits(s.p, 4, year);
}

/* Does a fraction or a year follow? Then it belongs to the time. */
static bool time_goes_on(struct slice s)
{
	unsigned year;
	return s.n > 1 && (s.p[0] == '.' || s.p[0] == ',' || (s.n > 4 && s.p[0] == ' ' && digits(s.p + 1, 4, &year) && (s.n == 5 || s.p[5] == ' ')));
}

/* "May  4 07:12:33", "May 4 07:12:33", "2015 Nov 13 13:40:01", "Nov 13 2015 13:40:01", "May  4 07:12:33 2026". */
bool time_bsd(struct decoder *d, struct slice *s, struct dline *l)
{
	if (s->n >= 15 && d->stamp_n == 15 && memcmp(s->p, d->stamp, 15) == 0 && !time_goes_on(slice_from(*s, 15))) {
		l->time = d->stamp_time;
		l->flags |= d->stamp_flags;
		*s = slice_from(*s, 15);
		return true;
	}
	struct slice at = *s;
	unsigned year = 0, behind, day, h, m, sec;
	while (year_at(at, &year)) /* a year (or two) in front */
		at = slice_from(at, 5);
	if (at.n < 14 || at.p[3] != ' ')
		return false;
	int mon = month_of(at.p);
	if (!mon)
		return false;
	size_t i = 4;
	if (at.p[i] == ' ')
		i++;
	size_t nd = is_digit(at.p[i + 1]) ? 2 : 1;
	if (!digits(at.p + i, nd, &day) || day < 1 || day > 31 || at.p[i + nd] != ' ')
		return false;
	i += nd + 1;
	if (at.n - i > 13 && year_at(slice_from(at, i), &year))
		i += 5;
	if (at.n - i < 8 || !clock_at(at.p + i, &h, &m, &sec))
		return false;
	struct slice rest = slice_from(at, i + 8);
	bool plain = year == 0 && i == 7 && at.p == s->p;
	int64_t ns = fraction(&rest);
	if (year == 0 && rest.n >= 5 && rest.p[0] == ' ' && (rest.n == 5 || rest.p[5] == ' ') && digits(rest.p + 1, 4, &behind) && behind > 1989 && behind < 2200) {
		year = behind;
		rest = slice_from(rest, 5);
		plain = false;
	}
	bool inferred = year < 1970;
	if (inferred)
		year = (unsigned)infer_year(d, (unsigned)mon, day);
	l->time = time_local(d, civil_seconds((int)year, (unsigned)mon, day, h, m, sec), ns, l);
	if (inferred)
		l->flags |= EV_YEAR_INFERRED;
	if (plain && ns == 0) {
		memcpy(d->stamp, s->p, 15);
		d->stamp_n = 15;
		d->stamp_time = l->time;
		d->stamp_flags = l->flags & (EV_YEAR_INFERRED | EV_NO_ZONE);
	}
	*s = rest;
	return true;
}

/* The minute and the zone of the line before: "04/May/2026:07:12:SS +0200". */
static bool same_clf_minute(const struct decoder *d, struct slice *s, struct dline *l)
{
	enum { SECOND = 18, ZONE = 20, WHOLE = 26 };
	const char *p = s->p;
	unsigned sec, was;
	if (s->n < WHOLE || d->stamp_n != WHOLE || !bytes_eq(p, d->stamp, 16) || p[16] != d->stamp[16] || p[17] != d->stamp[17] ||
	    !bytes_eq(p + ZONE, d->stamp + ZONE, WHOLE - ZONE) || !digits(p + SECOND, 2, &sec) || sec > 60 || !digits(d->stamp + SECOND, 2, &was))
		return false;
	l->time = d->stamp_time + ((int64_t)sec - (int64_t)was) * NS_SEC;
	*s = slice_make(p + WHOLE, s->n - WHOLE);
	return true;
}

bool time_clf(struct decoder *d, struct slice *s, struct dline *l)
{
	/* 04/May/2026:07:12:33 +0200 */
	if (s->n < 20 || s->p[2] != '/' || s->p[6] != '/' || s->p[11] != ':')
		return false;
	unsigned day, y, h, m, sec;
	int off;
	struct slice rest;
	if (same_clf_minute(d, s, l))
		return true;
	int mon = month_of(s->p + 3);
	if (!mon || !digits(s->p, 2, &day) || !digits(s->p + 7, 4, &y) || !clock_at(s->p + 12, &h, &m, &sec) || y < 1970 || day < 1 || day > 31)
		return false;
	int64_t base = civil_seconds((int)y, (unsigned)mon, day, h, m, sec);
	rest = slice_from(*s, 20);
	int64_t ns = fraction(&rest);
	struct slice z = slice_from(rest, 1);
	if (rest.n && rest.p[0] == ' ' && zone_at(&z, &off)) {
		l->time = nanos_of(base - off, ns);
		/* "33 +0200", no "33.1 +02"; beyond nanos_of()'s bounds seconds do not count */
		if (z.p - s->p == 26 && s->p[20] == ' ' && l->time / NS_SEC == base - off) {
			memcpy(d->stamp, s->p, 26);
			d->stamp_n = 26;
			d->stamp_time = l->time;
		}
		*s = z;
	} else {
		l->time = time_local(d, base, ns, l);
		*s = rest;
	}
	return true;
}

bool time_ctime(struct decoder *d, struct slice *s, struct dline *l)
{
	static const char days[] = "MonTueWedThuFriSatSun";
	bool known = false;
	if (s->n < 24 || s->p[3] != ' ')
		return false;
	for (int i = 0; i < 7 && !known; i++)
		known = memcmp(s->p, days + 3 * i, 3) == 0;
	int mon = month_of(s->p + 4);
	struct slice at = slice_from(*s, 8);
	unsigned day, h, m, sec, y;
	if (!known || !mon)
		return false;
	if (at.p[0] == ' ')
		at = slice_from(at, 1);
	size_t nd = is_digit(at.p[1]) ? 2 : 1;
	if (at.n < nd + 14 || !digits(at.p, nd, &day) || !day || day > 31 || at.p[nd] != ' ' || !clock_at(at.p + nd + 1, &h, &m, &sec))
		return false;
	at = slice_from(at, nd + 9);
	int64_t ns = fraction(&at);
	if (at.n < 5 || at.p[0] != ' ' || !digits(at.p + 1, 4, &y) || y < 1970)
		return false;
	l->time = time_local(d, civil_seconds((int)y, (unsigned)mon, day, h, m, sec), ns, l);
	*s = slice_from(at, 5);
	return true;
}

bool time_slashes(struct decoder *d, struct slice *s, struct dline *l)
{
	unsigned y, mo, day, h, m, sec;
	if (s->n < 19 || s->p[4] != '/' || s->p[7] != '/' || s->p[10] != ' ' || !digits(s->p, 4, &y) || !digits(s->p + 5, 2, &mo) ||
	    !digits(s->p + 8, 2, &day) || !clock_at(s->p + 11, &h, &m, &sec) || mo < 1 || mo > 12 || day < 1 || day > 31 || y < 1970)
		return false;
	*s = slice_from(*s, 19);
	int64_t ns = fraction(s);
	l->time = time_local(d, civil_seconds((int)y, mo, day, h, m, sec), ns, l);
	return true;
}

bool time_named(struct decoder *d, struct slice *s, struct dline *l)
{
	unsigned y, day, h, m, sec;
	if (s->n < 20 || s->p[2] != '-' || s->p[6] != '-' || s->p[11] != ' ' || !digits(s->p, 2, &day) || !digits(s->p + 7, 4, &y) ||
	    !clock_at(s->p + 12, &h, &m, &sec) || y < 1970 || day < 1 || day > 31)
		return false;
	int mon = month_of(s->p + 3);
	if (!mon)
		return false;
	*s = slice_from(*s, 20);
	int64_t ns = fraction(s);
	l->time = time_local(d, civil_seconds((int)y, (unsigned)mon, day, h, m, sec), ns, l);
	return true;
}

bool time_epoch(struct decoder *d, struct slice *s, struct dline *l)
{
	(void)d;
	uint64_t sec = 0;
	size_t i = 0;
	while (i < s->n && i < 11 && is_digit(s->p[i]))
		sec = sec * 10 + (uint64_t)(s->p[i++] - '0');
	if (i < 9 || i > 10)
		return false;
	struct slice rest = slice_from(*s, i);
	int64_t ns = fraction(&rest);
	l->time = nanos_of((int64_t)sec, ns);
	*s = rest;
	return true;
}
