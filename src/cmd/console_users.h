/* console_users.h - private to room cmd: postern console user. */
#ifndef POSTERN_CMD_CONSOLE_USERS_H
#define POSTERN_CMD_CONSOLE_USERS_H

#include "cmd/cmd.h"

#define CONSOLE_USER_OPTIONS                                                                                          \
	{"shown", 0, OPT_TEXT, "TEXT", "user add: name as people write it"},                                           \
	{"mail", 'm', OPT_TEXT, "ADDRESS", "user add: mail address"},                                                  \
	{"team", 't', OPT_TEXT, "TEXT", "user add: team or department"},                                               \
	{"role", 'r', OPT_LIST, "ROLE", "user add: employee, analyst, approver, administrator; may be given several times\n(default employee)"}, \
	{"language", 0, OPT_CHOICE, "en|de|ko", "user add: language of the pages (default en)"},                       \
	{"disable", 0, OPT_FLAG, NULL, "user add: shut out, sessions end"},                                            \
	{"enable", 0, OPT_FLAG, NULL, "user add: no longer shut out"},                                                 \
	{"hours", 0, OPT_NUMBER, "N", "user invite: how long the word is good (default 72)", 1, 720}

/* The operands behind "user". An exit code. */
int console_users_run(const struct args *a);

#endif
