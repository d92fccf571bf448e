/* su.c - su and runuser: util-linux login-utils/su-common.c, shadow src/su.c, the BSDs, Solaris, AIX. */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE

static const struct row rows[] = {
	/* util-linux; also coreutils */
	{"(to {user.target.name}) {user.name} on {process.tty.name}", ACT_SU, OK, NULL},
	{"FAILED SU (to {user.target.name}) {user.name} on {process.tty.name}", ACT_SU_FAILED, FAIL, NULL},
	/* shadow: "+ pts/0 alice:root", "- pts/0 alice:root" */
	{"+ {process.tty.name:w} {user.name*}:{user.target.name}", ACT_SU, OK, NULL},
	{"- {process.tty.name:w} {user.name*}:{user.target.name}", ACT_SU_FAILED, FAIL, NULL},
	{"Successful su for {user.target.name} by {user.name}", ACT_SU, OK, NULL},
	{"FAILED su for {user.target.name} by {user.name}", ACT_SU_FAILED, FAIL, NULL},
	{"Authentication failed for {user.target.name}", ACT_SU_FAILED, FAIL, NULL},
	{"No passwd entry for user '{user.target.name*}'", ACT_SU_FAILED, FAIL, "event.reason=invalid user"},
	{"Overlong user name '{user.target.name*}'", ACT_SU_FAILED, FAIL, "event.reason=invalid user"},
	{"DENIED su from '{user.name}' to '{user.target.name}'{}", ACT_SU_FAILED, FAIL, "event.reason=denied by suauth"},
	{"NO password asked for su from '{user.name}' to '{user.target.name}'{}", ACT_NOTICE, NONE, NULL},
	{"su from '{user.name}' to '{user.target.name}': {}", ACT_NOTICE, NONE, NULL},
	{"SU by {user.name} to restricted account {user.target.name}", ACT_SU_FAILED, FAIL, "event.reason=restricted account"},
	{"Change user from '{user.name}' to '{user.target.name}' as requested by PAM", ACT_NOTICE, NONE, NULL},
	{"pam_authenticate: {event.reason}", ACT_AUTH_FAILURE, NONE, NULL},
	{"pam_{:w}: {error.message}", ACT_AUTH_ERROR, NONE, NULL},
	/* BSD; root has no password asked */
	{"BAD SU {user.name} to {user.target.name} on {process.tty.name}", ACT_SU_FAILED, FAIL, NULL},
	{"{user.name} to {user.target.name} on {process.tty.name:w}", ACT_SU, OK, NULL},
	/* Solaris */
	{"'su {user.target.name}' succeeded for {user.name} on {process.tty.name}", ACT_SU, OK, NULL},
	{"'su {user.target.name}' failed for {user.name} on {process.tty.name}", ACT_SU_FAILED, FAIL, NULL},
	/* AIX: "from root to news at /dev/tty1", "failed: ttyq4 changing from alice to root" */
	{"failed: {process.tty.name:w} changing from {user.name} to {user.target.name}", ACT_SU_FAILED, FAIL, NULL},
	{"from {user.name} to {user.target.name} at {process.tty.name:w}", ACT_SU, OK, NULL},
	{"BAD SU from {user.name} to {user.target.name} at {process.tty.name:w}", ACT_SU_FAILED, FAIL, NULL},
	{"Will not execute {}", ACT_NOTICE, NONE, NULL},
	{"Cannot {}", ACT_ERROR, NONE, NULL},
	{"cannot {}", ACT_ERROR, NONE, NULL},
	{"warning: {}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

const struct program program_su = {.names = "su runuser", .dataset = "su", .rows = rows};
