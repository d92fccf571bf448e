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

/* ---- inputs that the verbs share (privilege_inputs.c) ------------------------------------------------------------------ */
struct setup;
struct privilege_inputs {
	struct snapshot **v;      /* newest of each host */
	size_t n, cap;
	struct setup *setup;      /* the organisation */
	struct usage *usage;      /* NULL: no --logs were given */
	struct privilege_grant *grants; size_t ngrants;
	struct arena mem;
	nstime now;
};
/* Snapshots: files and folders named in --snapshot (repeatable), default DIR/snapshots of the state, else this machine is collected now. Logs: --logs PATH (repeatable).
 * Grants: of the vault in --state when it is there. 0, or an exit code after a message. privilege_inputs_free() in any case. */
int privilege_inputs_open(struct privilege_inputs *in, const struct args *a);
void privilege_inputs_free(struct privilege_inputs *in);
/* Snapshots and the graph. NULL after a message. */
struct privilege *privilege_inputs_build(struct privilege_inputs *in, const struct args *a);

#endif
