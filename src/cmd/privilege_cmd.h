/* privilege_cmd.h - private to room cmd: the verbs of postern privilege, one file each. */
#ifndef POSTERN_CMD_PRIVILEGE_H
#define POSTERN_CMD_PRIVILEGE_H

#include "cmd/cmd.h"
#include "privilege/privilege.h"

/* Each returns an exit code. operand[0] is the verb. */
int privilege_cmd_collect(const struct args *a);
int privilege_cmd_diff(const struct args *a);
int privilege_cmd_report(const struct args *a);
int privilege_cmd_reach(const struct args *a);
int privilege_cmd_exposure(const struct args *a);
int privilege_cmd_cut(const struct args *a);
int privilege_cmd_suggest(const struct args *a);

/* ---- inputs that the verbs share (privilege_inputs.c, privilege_logs.c) ------------------------------------------------- */
struct setup;
struct gate_policy;
struct privilege_inputs {
	struct snapshot **v;      /* newest of each host */
	size_t n, cap;
	struct setup *setup;      /* the organisation */
	struct usage *usage;      /* NULL: no --logs were given */
	uint64_t lines;           /* of logs that were read */
	struct privilege_grant *grants; size_t ngrants;
	struct gate_policy *policy; /* what the grants were taken from; NULL: not known */
	const char *no_grants;    /* why not: static text; NULL: they are known */
	struct arena mem;
	nstime now;               /* the moment the data is of: newest snapshot or line, not after the clock's */
	int missing;              /* EXIT_INPUT: something that was named could not be read, and was told; the rest goes on */
};
/* Snapshots: files and folders named in --snapshot (repeatable), default DIR/snapshots of the state, else this machine is collected now. Logs: --logs PATH (repeatable).
 * Grants: of the vault in --state when it is there. The process is confined when it returns: programs that a verb needs (sys_run) are refused then. 0, or an
 * exit code after a message. privilege_inputs_free() in any case. */
int privilege_inputs_open(struct privilege_inputs *in, const struct args *a);
void privilege_inputs_free(struct privilege_inputs *in);
/* Snapshots and the graph. NULL after a message. Borrows from `in`. */
struct privilege *privilege_inputs_build(struct privilege_inputs *in, const struct args *a);
/* With --save: the result as JSON into DIR/posture of the state. True when there is nothing to keep; false after a message. */
bool privilege_keep(const struct privilege_inputs *in, const struct args *a, const char *kind, struct slice subject, struct slice json);
/* --days, or 90. */
uint32_t privilege_days(const struct args *a);

/* ---- private to privilege_inputs.c ---- */
/* Reads the logs of `logs` (operands) into in->usage. The process is confined already. 0, or an exit code after a message. */
int privilege_logs_read(struct privilege_inputs *in, const struct args *logs);
/* Takes the grants out of the vault of --state. Never fails: in->no_grants says why there are none. */
void privilege_grants_read(struct privilege_inputs *in, const struct args *a);

#endif
