/* doas.c - OpenBSD usr.bin/doas/doas.c and its ports. */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE

static const struct row rows[] = {
	{"{user.name:w} ran command {process.command_line} as {user.effective.name:w} from {process.working_directory}", ACT_SUDO, OK, NULL},
	{"{user.name:w} ran command as {user.effective.name:w}: {process.command_line}", ACT_SUDO, OK, NULL},
	{"command not permitted for {user.name:w}: {process.command_line}", ACT_SUDO_DENIED, FAIL, "event.reason=command not permitted"},
	{"failed command for {user.name:w}: {process.command_line}", ACT_SUDO_DENIED, FAIL, "event.reason=command not permitted"},
	{"failed auth for {user.name}", ACT_SUDO_DENIED, FAIL, "event.reason=wrong password"},
	{"failed password for {user.name}", ACT_SUDO_DENIED, FAIL, "event.reason=wrong password"},
	{"tty required for {user.name}", ACT_SUDO_DENIED, FAIL, "event.reason=no tty"},
	{NULL, ACT_NONE, OUTCOME_NONE, NULL},
};

const struct program program_doas = {.names = "doas opendoas", .dataset = "doas", .rows = rows};
