/* release.c - postern release watch: docs/release.md has the form of its lines. Written by us; file names in them are words without blanks. */
#include "decode/decode_private.h"

#define NONE OUTCOME_NONE

static const struct row rows[] = {
	{"refused {file.path:w} put there by {user.name:w} as {user.effective.name:w} (session {}, pid {process.pid}, {process.executable:w}): {event.reason}",
		ACT_RELEASE_REFUSED, NONE, NULL},
	{"accepted {file.path:w}: signed by {event.reason}", ACT_RELEASE_ACCEPTED, NONE, NULL},
	{"watching {}", ACT_NOTICE, NONE, NULL},
	{"NOT WATCHED {event.reason}", ACT_ERROR, NONE, NULL},
	{"notices were lost{}", ACT_NOTICE, NONE, NULL},
	{"the release list was read again", ACT_NOTICE, NONE, NULL},
	{"the new release list is not taken: {event.reason}", ACT_ERROR, NONE, NULL},
	{"another quarantine folder{}", ACT_NOTICE, NONE, NULL},
	{"the audit log cannot be written: {event.reason}", ACT_ERROR, NONE, NULL},
	{"postern: anchor {}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

const struct program program_release = {.names = "postern-release", .dataset = "postern", .rows = rows};
