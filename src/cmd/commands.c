/* commands.c - the subcommands; apart from main.c, so that test/threads can link that with fewer. */
#include "cmd/cmd.h"

#include <stddef.h>

extern const struct command command_scan, command_watch, command_decode, command_rules, command_log, command_incident, command_response, command_state, command_provider;
extern const struct command command_person, command_grant, command_gate, command_sshd_keys, command_init, command_mfa, command_release;
extern const struct command command_session, command_privilege, command_audit, command_inspect, command_milter, command_quarantine, command_lesson, command_console;

const struct command *const commands[] = {
	&command_scan,
	&command_watch,
	&command_decode,
	&command_rules,
	&command_log,
	&command_incident,
	&command_response,
	&command_state,
	&command_provider,
	&command_person,
	&command_grant,
	&command_session,
	&command_gate,
	&command_sshd_keys,
	&command_init,
	&command_mfa,
	&command_release,
	&command_privilege,
	&command_audit,
	&command_inspect,
	&command_milter,
	&command_quarantine,
	&command_lesson,
	&command_console,
	NULL,
};
