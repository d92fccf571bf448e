/* gate_respond.c - the gate for the responses of watch and of `postern response`. */
#include "cmd/gates.h"

#include <stdio.h>
#include <unistd.h>

typedef int deed(struct gate *g, struct slice what, struct slice reason, struct err *e);

static int with_gate(struct gate_responder *r, deed *fn, struct slice what, struct slice reason, struct err *e)
{
	struct gate g = {.actor = slice_of(r->who)};
	g.vault = vault_open(r->db, VAULT_WRITE, e);
	g.audit = g.vault ? chain_open(r->log, NULL, NULL, e) : NULL;
	int rc = g.audit ? fn(&g, what, reason, e) : e->code;
	vault_close(g.vault);
	if (g.audit)
		chain_close(g.audit);
	return rc;
}

static int suspend_provider(void *arg, struct slice provider, struct slice reason, struct err *e)
{
	return with_gate(arg, gate_provider_suspend, provider, reason, e);
}

static int resume_provider(void *arg, struct slice provider, struct slice reason, struct err *e)
{
	return with_gate(arg, gate_provider_resume, provider, reason, e);
}

static int revoke_grant(void *arg, struct slice grant, struct slice reason, struct err *e)
{
	return with_gate(arg, gate_grant_revoke, grant, reason, e);
}

static int restore_grant(void *arg, struct slice grant, struct slice reason, struct err *e)
{
	return with_gate(arg, gate_grant_restore, grant, reason, e);
}

static bool there(void *arg)
{
	const struct gate_responder *r = arg;
	return access(r->db, F_OK) == 0;
}

bool gate_responder(struct gate_responder *r, const char *state, const char *who, struct respond_gate *out)
{
	*out = (struct respond_gate){suspend_provider, resume_provider, revoke_grant, restore_grant, r, there};
	r->who = who;
	int a = snprintf(r->db, sizeof r->db, "%s/gate.db", state), b = snprintf(r->log, sizeof r->log, "%s/audit.log", state);
	return a > 0 && (size_t)a < sizeof r->db && b > 0 && (size_t)b < sizeof r->log;
}
