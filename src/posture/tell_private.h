/* tell_private.h - private to room posture: what text, JSON and HTML tell alike. */
#ifndef POSTERN_POSTURE_TELL_PRIVATE_H
#define POSTERN_POSTURE_TELL_PRIVATE_H

#include "posture/posture_private.h"

enum tell_change { CHANGE_NONE, CHANGE_WORSE, CHANGE_BETTER, CHANGE_FIRST /* wrong, and not judged before */, CHANGE_COUNT };
enum tell_change tell_change_of(const struct posture_before *b, const struct posture_row *r); /* b may be NULL */
const char *tell_change_name(enum tell_change c);
struct tell_since {
	const char *time; /* of the earlier result */
	double score;
	size_t count[CHANGE_COUNT];
	struct posture_names gone; /* hosts that were judged then and are not now */
};
void tell_since(const struct posture *p, const struct posture_before *b, struct tell_since *out);
void tell_since_free(struct tell_since *s);
/* Rows in the order in which they are told: by demand, what is wrong first, by severity, check, host. Free it. */
const struct posture_row **tell_order(const struct posture *p);
const char *tell_demand(enum posture_demand d); /* in words: "provider access" */
void tell_day(int64_t days, char out[static 16]);
bool tell_expired(const struct posture *p, const struct posture_waiver *w);
struct tell_sum { size_t count[4]; };
struct tell_sum tell_sum_of(const struct posture *p, enum posture_demand d);

#endif
