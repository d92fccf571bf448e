/* clamav.c - what clamd, clamscan and their relatives say through syslog (clamd/scanner.c, shared/output.c, freshclam). */
#include "decode/decode_private.h"

static const struct row rows[] = {
	{"{file.path*}: {rule.name:w}({}) FOUND", ACT_MALWARE, OUTCOME_NONE, NULL},
	{"{file.path*}: {rule.name:w} FOUND", ACT_MALWARE, OUTCOME_NONE, NULL},
	{"SelfCheck: {message}", ACT_NOTICE, OUTCOME_NONE, NULL},
	{"Database {message}", ACT_NOTICE, OUTCOME_NONE, NULL},
	{"Reading databases from {message}", ACT_NOTICE, OUTCOME_NONE, NULL},
	{"{message*} database is up-to-date {}", ACT_NOTICE, OUTCOME_NONE, NULL},
	{"ERROR: {message}", ACT_ERROR, OUTCOME_FAILURE, NULL},
	{"WARNING: {message}", ACT_NOTICE, OUTCOME_NONE, NULL},
	{NULL, ACT_NONE, OUTCOME_NONE, NULL},
};

const struct program program_clamav = {.names = "clamd clamscan clamdscan clamonacc clamav-daemon freshclam", .dataset = "clamav", .rows = rows};
