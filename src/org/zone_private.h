/* zone_private.h - the inside of struct zone, for zone*.c, their tests and fuzz target. */
#ifndef POSTERN_ZONE_PRIVATE_H
#define POSTERN_ZONE_PRIVATE_H

#include "org/org.h"

enum {
	ZONE_FILE_MAX = 1 << 20,        /* bytes; the largest of tzdata has 4 KB */
	ZONE_TRANSITIONS_MAX = 1 << 16, /* Europe/Berlin has 144 */
	ZONE_TYPES_MAX = 256,           /* an index is one byte (RFC 8536, 3.2) */
	ZONE_NAME_MAX = 128,
};
/* RFC 8536, 3.2: an offset should lie between -25 and 26 hours, both exclusive. */
#define ZONE_OFFSET_MIN (-25 * 3600)
#define ZONE_OFFSET_MAX (26 * 3600)
#define ZONE_DIR "/usr/share/zoneinfo"

/* The day and time of a change in a POSIX TZ rule. */
struct zone_day {
	char kind;                 /* 'J': day 1-365, 29 February never counted; 'N': day 0-365; 'M': week day of a month */
	int day;                   /* J, N: that day; M: 0 (Sunday) to 6 */
	int month, week;           /* M only; week 5 is the last */
	int32_t seconds;           /* after midnight of local time; -167 to 167 hours */
};
/* "CET-1CEST,M3.5.0,M10.5.0/3": what holds after the last transition of the file. */
struct zone_rule {
	bool dst;                  /* without: std for ever */
	int32_t std_off, dst_off;  /* seconds east */
	struct zone_day start, end;
};
/* n transitions: from at[i] on, off[idx[i]] holds; before at[0], off[0]. A fixed zone has no transitions. */
struct zone {
	size_t n, ntypes;
	int64_t *at;
	uint8_t *idx;
	int32_t *off;
	bool has_rule;
	struct zone_rule rule;
};

/* A TZif file in memory. NULL with *e. */
struct zone *zone_parse(struct slice tzif, struct err *e);
/* zone_load() with another folder than ZONE_DIR. */
struct zone *zone_load_from(const char *dir, struct slice name, struct err *e);
/* The TZ string of a footer. 0 or ERR_SYNTAX, ERR_RANGE. */
int zone_rule_parse(struct slice s, struct zone_rule *out);
int32_t zone_rule_offset(const struct zone_rule *r, int64_t utc);

#endif
