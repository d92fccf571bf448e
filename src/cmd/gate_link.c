/* gate_link.c - what responses do through the gate: its file and the audit log are opened for each, since they are rare. */
#include "cmd/cmd.h"
#include "cmd/gate_link.h"
#include "gate/gate.h"

#include <stdio.h>
#include <unistd.h>

typedef int change_fn(struct gate *g, struct slice what, struct slice reason, struct err *e);

static int change(const struct gate_link *l, change_fn *fn, struct slice what, struct slice reason, struct err *e)
{
	char db[4096], log[4096];
	snprintf(db, sizeof db, "%s/gate.db", l->folder);
	snprintf(log, sizeof log, "%s/audit.log", l->folder);
	struct gate g = {.actor = l->actor};
	g.vault = vault_open(db, VAULT_WRITE, e);
	if (!g.vault)
		return e->code;
	g.audit = chain_open(log, NULL, NULL, e);
	int rc = g.audit ? fn(&g, what, reason, e) : e->code;
	if (g.audit)
		chain_close(g.audit);
	vault_close(g.vault);
	return rc;
}

static int suspend_provider(void *arg, struct slice provider, struct slice reason, struct err *e)
{
	return change(arg, gate_provider_suspend, provider, reason, e);
}

static int resume_provider(void *arg, struct slice provider, struct slice reason, struct err *e)
{
	return change(arg, gate_provider_resume, provider, reason, e);
}

static int revoke_grant(void *arg, struct slice grant, struct slice reason, struct err *e)
{
	return change(arg, gate_grant_revoke, grant, reason, e);
}

static int restore_grant(void *arg, struct slice grant, struct slice reason, struct err *e)
{
	return change(arg, gate_grant_restore, grant, reason, e);
}

const struct respond_gate *gate_link(struct gate_link *l, const char *folder, struct slice actor)
{
	char db[4096];
	snprintf(db, sizeof db, "%s/gate.db", folder);
	*l = (struct gate_link){{suspend_provider, resume_provider, revoke_grant, restore_grant, l}, folder, actor};
	return access(db, F_OK) == 0 ? &l->gate : NULL;
}
