/* milter.c - postern milter: docs/milter.md has the form of its lines. Written by us; texts that others chose are words without blanks, the rest is %XX. */
#include "decode/decode_private.h"

#define NONE OUTCOME_NONE

static const struct row rows[] = {
	{"found {event.code:w} queue={email.local_id:w} from={email.from.address:w} to={email.to.address:w} recipients={email.recipient_count} content={event.id:w} outcome={email.delivery_status:w}"
	 " names={email.attachments.file.name:w} files={file.hash.sha256:w}: {event.reason}", ACT_MAIL_JUDGED, NONE, NULL},
	{"{email.local_id:w}: {email.delivery_status}, from=<{email.from.address*}>, recipients={email.recipient_count}, bytes={email.size}[?, {event.reason}?]", ACT_NOTICE, NONE, NULL},
	{"{event.reason}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

const struct program program_milter = {.names = "postern-milter", .dataset = "postern", .rows = rows};
