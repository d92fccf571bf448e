/* cmd_grant.c - postern grant: access for a time, asked for by one and approved by another. */
#include "cmd/gates.h"

#include <stdio.h>

static const struct option options[] = {
	GATES_OPTIONS,
	{"person", 'p', OPT_TEXT, "ID", "request, emergency: for this person; list, explain: of this person"},
	{"provider", 0, OPT_TEXT, "ID", "request, emergency: for everybody of this provider, instead"},
	{"host", 'H', OPT_LIST, "NAME", "on this host (several times); explain: default this machine"},
	{"account", 'A', OPT_TEXT, "NAME", "as this Unix account; explain: default all of the person's grants"},
	{"source", 'S', OPT_LIST, "NETWORK", "only from 203.0.113.0/24 (several times; default anywhere);\nexplain: the address"},
	{"from", 0, OPT_TEXT, "TIME", "begins (2026-11-30T14:00, or 2h; default now)"},
	{"until", 'u', OPT_TEXT, "TIME", "ends (2026-11-30T18:00, or 4h; default 8 hours later or as\npostern.yaml says); extend: the new end"},
	{"hours", 0, OPT_LIST, "HOURS", "only within \"Mon-Fri 07:00-19:00\" (several times)"},
	{"zone", 0, OPT_TEXT, "ZONE", "of --hours and of times given without one (default: timezone of\npostern.yaml, else UTC)"},
	{"shell", 0, OPT_FLAG, NULL, "a shell, and so every command"},
	{"command", 'C', OPT_LIST, "COMMAND", "this command alone (several times); \"systemctl restart *\" with any\nfurther arguments; explain: the command"},
	{"sftp", 0, OPT_FLAG, NULL, "files by sftp"},
	{"forward", 0, OPT_FLAG, NULL, "port forwarding"},
	{"no-factor", 0, OPT_FLAG, NULL, "request: without a second factor; explain: as if none was given"},
	{"no-record", 0, OPT_FLAG, NULL, "request: sessions are not recorded"},
	{"purpose", 0, OPT_TEXT, "TEXT", "request, emergency: what for; it is kept"},
	{"ticket", 't', OPT_TEXT, "TEXT", "request, emergency: number of the ticket"},
	{"reason", 'r', OPT_TEXT, "TEXT", "refuse, revoke, restore, trust-clock: why; it is kept"},
	{"version", 0, OPT_NUMBER, "N", "approve: only when it still is this version, as show said", 1, UINT32_MAX},
	{"at", 0, OPT_TEXT, "TIME", "explain: when (default now)"},
	{"key", 'k', OPT_TEXT, "FINGERPRINT", "explain: with this key (SHA256:...)"},
	{"all", 'a', OPT_FLAG, NULL, "list: also what is over, refused or revoked"},
	{0},
};

static int approve(struct gates *g, const struct args *a)
{
	const char *text = args_get(a, "version");
	uint64_t version = 0;
	struct err e;
	if (text && !slice_u64(slice_of(text), UINT32_MAX, &version))
		return EXIT_USAGE;
	if (gate_grant_approve_version(&g->gate, slice_of(a->operand[1]), (int64_t)version, &e))
		return gates_failed(&e);
	return gates_done(g, "%s is approved by %s.\n", a->operand[1], g->who);
}

static int refuse(struct gates *g, const struct args *a)
{
	struct err e;
	if (gate_grant_refuse(&g->gate, slice_of(a->operand[1]), gates_text(a, "reason"), &e))
		return gates_failed(&e);
	return gates_done(g, "%s is refused.\n", a->operand[1]);
}

static int revoke(struct gates *g, const struct args *a)
{
	struct err e;
	if (gate_grant_revoke(&g->gate, slice_of(a->operand[1]), gates_text(a, "reason"), &e))
		return gates_failed(&e);
	return gates_done(g, "%s is revoked: it opens nothing any more, sessions under it end.\n", a->operand[1]);
}

static int restore(struct gates *g, const struct args *a)
{
	struct err e;
	if (gate_grant_restore(&g->gate, slice_of(a->operand[1]), gates_text(a, "reason"), &e))
		return gates_failed(&e);
	return gates_done(g, "%s holds again as it was approved.\n", a->operand[1]);
}

static int trust_clock(struct gates *g, const struct args *a)
{
	struct err e;
	if (gate_clock_trust(&g->gate, gates_text(a, "reason"), &e))
		return gates_failed(&e);
	return gates_done(g, "The clock as it is now is trusted.\n");
}

static const struct gates_verb verbs[] = {
	{"request", "--person ID --host NAME --account NAME --shell --purpose TEXT", 0, 0, VAULT_WRITE, grant_request, true}, {"list", "", 0, 0, VAULT_READ, grant_list},
	{"show", "ID", 1, 1, VAULT_READ, grant_show}, {"approve", "ID", 1, 1, VAULT_WRITE, approve, true}, {"refuse", "ID --reason TEXT", 1, 1, VAULT_WRITE, refuse},
	{"revoke", "ID --reason TEXT", 1, 1, VAULT_WRITE, revoke}, {"restore", "ID", 1, 1, VAULT_WRITE, restore, true}, {"extend", "ID --until TIME", 1, 1, VAULT_WRITE, grant_extend, true},
	{"explain", "--person ID [--host NAME] [--at TIME]", 0, 0, VAULT_READ, grant_explain},
	{"emergency", "--person ID --host NAME --account NAME --shell --purpose TEXT", 0, 0, VAULT_WRITE, grant_emergency, true},
	{"trust-clock", "--reason TEXT", 0, 0, VAULT_WRITE, trust_clock, true},
};

static int run(const struct args *a)
{
	return gates_run(a, verbs, ARRAY_LEN(verbs));
}

const struct command command_grant = {
	.name = "grant",
	.summary = "the gate: who may come in, when, where and as far as",
	.usage = "grant [OPTION...] request | list | show ID | approve ID | refuse ID | revoke ID | restore ID | extend ID | explain | emergency | trust-clock",
	.description = "request           asks for access: --person or --provider, --host, --account, --purpose, and what is allowed: --shell,\n"
		       "                  --command, --sftp, --forward\n"
		       "list              what waits, is open or will be; --all\n"
		       "show ID           one, whole, with its version\n"
		       "approve ID        by somebody else than who asked, and nobody of a provider. What is approved is what holds: when the row\n"
		       "                  is changed afterwards the approval is void\n"
		       "refuse ID         not (--reason); of an extension: the old end holds\n"
		       "revoke ID         at once; sessions end (--reason)\n"
		       "restore ID        takes a revocation back; the rule of approve\n"
		       "extend ID         asks for a later end (--until), which counts when another one approves it\n"
		       "explain           would it be allowed? --person, --host, --at, and as far as known --account, --source, --command, --key:\n"
		       "                  every grant that was looked at and why it fits or not; exit 1 when denied\n"
		       "emergency         break-glass: as request, at once, for an hour at most, by the one administrator named in postern.yaml\n"
		       "                  (gate: emergency: NAME); everybody is told\n"
		       "trust-clock       after the clock had been ahead and was set back: says that it is right now\n\n"
		       "A grant lasts 30 days at most and ends by itself. Exit status 1 also says that a rule forbids it.",
	.options = options,
	.examples = "  postern grant request --person jansen --host web1 --account wartung --shell --until 4h --purpose \"update\" --ticket 4711\n"
		    "  postern grant approve G-20261130-1\n"
		    "  postern grant explain --person jansen --host web1 --at 2026-11-30T14:00\n",
	.run = run,
};
