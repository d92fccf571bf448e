/* test_gate.h - for tests of room gate: a folder, a gate in it, and a provider with people. */
#ifndef POSTERN_TEST_GATE_H
#define POSTERN_TEST_GATE_H

#include "gate/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define NOON (20787 * NS_DAY + 12 * NS_HOUR) /* 2026-11-30, a Monday */
#define KEY_ONE "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6LBdNGFCEDbmNHnK/qA76uN9FpMEPSWdC/BZXM1fqQ one"

struct rig {
	char folder[64], file[96], log[96];
	struct vault *vault;
	struct chain *chain;
	struct gate gate;
	struct slice hosts[2];
};

static inline void good(int rc, const struct err *e)
{
	if (rc)
		print_message("%d: %s\n", rc, e->text);
	assert_int_equal(rc, 0);
}

static inline struct gate as(struct rig *r, const char *who)
{
	struct gate g = r->gate;
	g.actor = slice_of(who);
	return g;
}

static inline void rig_open(struct rig *r)
{
	struct err e = {0};
	memset(r, 0, sizeof *r);
	snprintf(r->folder, sizeof r->folder, "/tmp/postern-gate-XXXXXX");
	assert_non_null(mkdtemp(r->folder));
	snprintf(r->file, sizeof r->file, "%s/gate.db", r->folder);
	snprintf(r->log, sizeof r->log, "%s/audit.log", r->folder);
	r->vault = vault_open(r->file, VAULT_CREATE, &e);
	good(r->vault ? 0 : -1, &e);
	r->chain = chain_open(r->log, NULL, NULL, &e);
	good(r->chain ? 0 : -1, &e);
	r->gate = (struct gate){.vault = r->vault, .audit = r->chain, .actor = SL("alice"), .now = NOON};
	r->hosts[0] = SL("web1");
	r->hosts[1] = SL("db1");
	good(gate_provider_add(&r->gate, &(struct gate_provider){.id = SL("hafenlicht"), .name = SL("Hafenlicht IT"), .until = NSTIME_NONE}, &e), &e);
	struct slice accounts[] = {SL("pjansen")};
	good(gate_person_add(&r->gate, &(struct gate_person){.id = SL("jansen"), .name = SL("P. Jansen"), .provider = SL("hafenlicht"), .accounts = accounts, .naccounts = 1}, &e), &e);
}

static inline void rig_close(struct rig *r)
{
	char command[256];
	vault_close(r->vault);
	chain_close(r->chain);
	snprintf(command, sizeof command, "rm -rf %s", r->folder);
	assert_int_equal(system(command), 0);
}

static inline struct gate_grant a_grant(struct rig *r)
{
	return (struct gate_grant){.person = SL("jansen"), .hosts = r->hosts, .nhosts = 2, .account = SL("wartung"), .from = NOON - NS_HOUR, .until = NOON + NS_HOUR, .may = MAY_SHELL,
		.factor = true, .record = true, .purpose = SL("update"), .ticket = SL("T-1")};
}

/* Asked for by alice, approved by bob. The id lives in *x. */
static inline void rig_grant(struct rig *r, struct gate_grant *x)
{
	struct err e = {0};
	struct gate a = as(r, "alice"), b = as(r, "bob");
	good(gate_grant_request(&a, x, &e), &e);
	good(gate_grant_approve(&b, x->id, &e), &e);
}

static inline struct gate_request a_request(void)
{
	return (struct gate_request){.phase = PHASE_EXEC, .kind = KIND_SHELL, .service = SL("sshd"), .account = SL("wartung"), .host = SL("web1"), .person = SL("jansen"),
		.factor_given = true};
}

static inline enum gate_reason ask(struct rig *r, const struct gate_request *q, nstime now)
{
	struct gate_policy p;
	struct err e = {0};
	good(gate_policy_load(r->vault, &p, &e), &e);
	struct gate_decision d = gate_decide(q, &p, now, NS_HOUR);
	assert_int_equal(d.allow, d.reason == GATE_OK);
	gate_policy_free(&p);
	return d.reason;
}

#endif
