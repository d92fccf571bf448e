/* pam.c - Linux-PAM modules, spoken through any program: pam_unix, pam_sss, pam_faillock and others. */
#include "decode/decode_private.h"

static const struct row rows[] = {
	{"session opened for user {user.target.name}(uid={user.target.id:d}) by {user.name}(uid={user.id:d})", ACT_SESSION_OPENED, OUTCOME_SUCCESS, NULL},
	{"session opened for user {user.target.name} by {user.name}(uid={user.id:d})", ACT_SESSION_OPENED, OUTCOME_SUCCESS, NULL},
	{"session closed for user {user.target.name}", ACT_SESSION_CLOSED, OUTCOME_NONE, NULL},
	{NULL, ACT_NONE, OUTCOME_NONE, NULL},
};

const struct program program_pam = {.names = "pam", .dataset = "pam", .rows = rows};

bool pam_message(const struct dline *l)
{
	return slice_starts(l->msg, SL("pam_")) || slice_starts(l->msg, SL("(pam_")) || slice_starts(l->facility, SL("pam_"));
}

enum decoded decode_pam(struct decoder *d, struct dline *l)
{
	struct slice rest = l->msg, head;
	if (slice_starts(rest, SL("pam_"))) {
		ssize_t end = slice_find(rest, SL("): "));
		if (end < 0)
			return DECODED_UNKNOWN;
		head = slice_to(rest, (size_t)end);
		(void)head;
		l->msg = slice_from(rest, (size_t)end + 3);
	}
	return decode_rows(d, l, decode_rowset_of(d, &program_pam), l->program, NULL);
}
