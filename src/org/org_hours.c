/* org_hours.c - "Mon-Fri 07:00-19:00": when a provider's people may be here. */
#include "org/org_private.h"

enum { MINUTES = 1440, ALL_DAYS = 0x7f, WEEK = 7 };

static bool take_weekday(struct slice s, unsigned *day)
{
	static const char names[WEEK][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

	for (unsigned i = 0; i < WEEK; i++) {
		if (slice_ieq(s, slice_make(names[i], 3))) {
			*day = i;
			return true;
		}
	}
	return false;
}

/* "Sat,Sun", "Mon-Fri", "Fri-Mon" (over the weekend), "Mon,Wed-Fri". */
static bool parse_days(struct slice s, uint8_t *days)
{
	*days = 0;
	for (bool more = true; more;) {
		struct slice part, first;
		unsigned from, until;
		more = slice_cut(&s, ',', &part);
		if (!more)
			part = s;
		if (!slice_cut(&part, '-', &first))
			first = part;
		if (!take_weekday(first, &from) || !take_weekday(part, &until))
			return false;
		for (unsigned d = from;; d = (d + 1) % WEEK) {
			*days |= (uint8_t)(1u << d);
			if (d == until)
				break;
		}
	}
	return true;
}

/* "7:00", "07:00", "24:00". */
static bool parse_clock(struct slice s, uint16_t *out)
{
	struct slice hour;
	uint64_t h, m;

	if (!slice_cut(&s, ':', &hour) || hour.n < 1 || hour.n > 2 || s.n != 2)
		return false;
	if (!slice_u64(hour, 24, &h) || !slice_u64(s, 59, &m) || h * 60 + m > MINUTES)
		return false;
	*out = (uint16_t)(h * 60 + m);
	return true;
}

/* The days after: what is left of a window once midnight has passed. */
static uint8_t next_days(uint8_t days)
{
	return (uint8_t)((days << 1 | days >> (WEEK - 1)) & ALL_DAYS);
}

int org_hours_parse(struct slice s, struct org_window out[2], size_t *n, const char **why)
{
	struct slice word, second, rest, from_text;
	uint8_t days = ALL_DAYS;
	uint16_t from, until;

	*n = 0;
	*why = "write days and times like \"Mon-Fri 07:00-19:00\", several as a list";
	if (!slice_word(&s, &word))
		return ERR_SYNTAX;
	if (slice_word(&s, &second)) {
		if (slice_word(&s, &rest))
			return ERR_SYNTAX;
		*why = "days are written Mon Tue Wed Thu Fri Sat Sun, \"Mon-Fri\" or \"Sat,Sun\"";
		if (!parse_days(word, &days))
			return ERR_SYNTAX;
		word = second;
	} else if (parse_days(word, &days)) {
		*why = "the times are missing: for whole days write \"Mon-Fri 00:00-24:00\"";
		return ERR_SYNTAX;
	} else {
		days = ALL_DAYS;
	}
	*why = "times are written \"07:00-19:00\", the day ends at 24:00";
	if (!slice_cut(&word, '-', &from_text) || !parse_clock(from_text, &from) || !parse_clock(word, &until))
		return ERR_SYNTAX;
	*why = "begin and end are the same: for whole days write 00:00-24:00";
	if (from == until || (from == MINUTES && until == 0))
		return ERR_SYNTAX;
	if (from == MINUTES) { /* "24:00-06:00" begins with the next day */
		from = 0;
		days = next_days(days);
	}
	*why = NULL;
	if (until > from || until == 0) {
		out[(*n)++] = (struct org_window){days, from, until == 0 ? MINUTES : until};
		return 0;
	}
	out[(*n)++] = (struct org_window){days, from, MINUTES};
	out[(*n)++] = (struct org_window){next_days(days), 0, until};
	return 0;
}

bool org_provider_hours(const struct org_provider *p, const struct org *o, nstime t)
{
	if (p->nwindows == 0)
		return true;
	int64_t sec = t / NS_SEC - (t % NS_SEC < 0) + org_utc_offset(o, t);
	int64_t day = sec / 86400 - (sec % 86400 < 0);
	unsigned minute = (unsigned)((sec - day * 86400) / 60);
	unsigned weekday = (unsigned)(((day + 3) % WEEK + WEEK) % WEEK); /* 1970-01-01 was a Thursday; 0 = Monday */

	for (size_t i = 0; i < p->nwindows; i++) {
		const struct org_window *w = &p->windows[i];
		if ((w->days >> weekday & 1) && minute >= w->from && minute < w->until)
			return true;
	}
	return false;
}
