/* cron.c - Vixie cron and cronie ("(user) EVENT (detail)"), anacron, run-parts, atd, busybox crond. */
#include "decode/decode_private.h"

#define NONE OUTCOME_NONE
#define FAIL OUTCOME_FAILURE

static const struct row rows[] = {
	{"({user.name}) CMD ({process.command_line*})", ACT_CRON, NONE, NULL},
	{"({user.name}) CMDEND ({})", ACT_NOTICE, NONE, NULL},
	{"({user.name}) CMDOUT ({message*})", ACT_NOTICE, NONE, NULL},
	{"({user.name}) REPLACE ({user.target.name})", ACT_CRON_CHANGED, NONE, "event.code=replace"},
	{"({user.name}) DELETE ({user.target.name})", ACT_CRON_CHANGED, NONE, "event.code=delete"},
	{"({user.name}) BEGIN EDIT ({user.target.name})", ACT_NOTICE, NONE, "event.code=begin-edit"},
	{"({user.name}) END EDIT ({user.target.name})", ACT_NOTICE, NONE, "event.code=end-edit"},
	{"({user.name}) LIST ({user.target.name})", ACT_NOTICE, NONE, "event.code=list"},
	{"({user.name}) RELOAD ({file.path*})", ACT_CRON_CHANGED, NONE, "event.code=reload"}, /* a table on disk is new */
	{"({user.name}) AUTH ({event.reason*})", ACT_CRON_CHANGED, FAIL, "event.code=refused"},
	{"({user.name}) STATS ({})", ACT_NOTICE, NONE, NULL},
	{"({user.name}) MAIL ({event.reason*})", ACT_NOTICE, NONE, NULL},
	{"({user.name}) ORPHAN ({event.reason*})", ACT_NOTICE, NONE, NULL},
	{"({user.name}) INFO ({event.reason*})", ACT_NOTICE, NONE, NULL},
	{"({user.name}) STARTUP ({event.reason*})", ACT_SERVICE_STARTED, NONE, "service.name=cron"},
	{"({user.name}) DEATH ({event.reason*})", ACT_SERVICE_FAILED, NONE, "service.name=cron"},
	{"({user.name}) ERROR ({error.message*})", ACT_ERROR, NONE, NULL},
	{"({user.name}) {:w} OWNER ({file.path*})", ACT_ERROR, NONE, "event.reason=wrong owner"},
	{"({user.name}) WRONG FILE OWNER ({file.path*})", ACT_ERROR, NONE, "event.reason=wrong owner"},
	{"({user.name}) WRONG INODE INFO ({file.path*})", ACT_ERROR, NONE, "event.reason=changed while read"},
	{"({user.name}) INSECURE MODE {}", ACT_ERROR, NONE, "event.reason=insecure mode"},
	{"({user.name}) BAD FILE MODE ({file.path*})", ACT_ERROR, NONE, "event.reason=insecure mode"},
	{"({user.name}) NOT A REGULAR FILE ({file.path*})", ACT_ERROR, NONE, "event.reason=not a regular file"},
	{"({user.name}) BAD LINK COUNT ({file.path*})", ACT_ERROR, NONE, "event.reason=hard links"},
	{"({user.name}) FAILED {event.reason}", ACT_ERROR, NONE, NULL},
	{"({user.name}) PAM ERROR ({error.message*})", ACT_ERROR, NONE, NULL},
	{"({user.name}) {event.code} ({event.reason*})", ACT_NOTICE, NONE, NULL},
	/* run-parts, anacron */
	{"starting {process.command_line}", ACT_NOTICE, NONE, NULL},
	{"finished {process.command_line}", ACT_NOTICE, NONE, NULL},
	{"Job `{service.name}' {}", ACT_NOTICE, NONE, NULL},
	{"Will run job `{service.name}' {}", ACT_NOTICE, NONE, NULL},
	{"Anacron {} started on {}", ACT_NOTICE, NONE, NULL},
	{"Normal exit ({})", ACT_NOTICE, NONE, NULL},
	{"Jobs will be executed {}", ACT_NOTICE, NONE, NULL},
	{"Updated timestamp for job `{service.name}' {}", ACT_NOTICE, NONE, NULL},
	{"Received SIG{}", ACT_NOTICE, NONE, NULL},
	{"Checking {}", ACT_NOTICE, NONE, NULL},
	/* busybox */
	{"USER {user.name:w} pid {:d} cmd {process.command_line}", ACT_CRON, NONE, NULL},
	{"crond (busybox {}) started, {}", ACT_SERVICE_STARTED, NONE, "service.name=crond"},
	{"wakeup {}", ACT_NOTICE, NONE, NULL},
	/* atd */
	{"File {file.path} is in wrong format - aborting", ACT_ERROR, NONE, NULL},
	{"Exec failed for mail command: {error.message}", ACT_ERROR, NONE, NULL},
	{"{user.name}: Authentication{}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

const struct program program_cron = {
	.names = "cron crond crontab anacron run-parts atd fcron cronie vixie-cron /usr/sbin/cron /usr/sbin/crond",
	.dataset = "cron",
	.rows = rows,
};
