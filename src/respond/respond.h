/* respond.h - what Postern does about an incident: a fixed list of responses, configured, dry-run by default, reversible.
 *
 * The engine (unprivileged) only plans: respond_plan() writes rows of the store's table `action`. The privileged parent carries out
 * (respond_run), after it has checked kind, target and never-touch list again, for it does not trust the engine; every action and its
 * undoing goes to the audit log, before it is begun and when it ended. A response that was begun when the process was killed is done
 * again: each is idempotent.
 *
 * Life of a row: the caller stores state "begun" and attempts + 1, calls respond_run(), and stores the row as it is then. The row is
 * "planned" before and "dry-run", "done", "refused" or "failed" after.
 *
 * Threads: one.  Errors: a response that fails is a row with its result, never the end of the process; ERR_* with *e only when the
 * audit log cannot be written, and then nothing was done.
 */
#ifndef POSTERN_RESPOND_H
#define POSTERN_RESPOND_H

#include "core/core.h"
#include "chain/chain.h"
#include "incident/incident.h"
#include "org/org.h"
#include "store/store.h"
#include "yaml/yaml.h"

#define RESPONSES(X)                                                                                                         \
	X(RESPOND_SUSPEND_PROVIDER, "suspend-provider", "suspend a provider: its grants do not open, its sessions end")       \
	X(RESPOND_REVOKE_GRANT, "revoke-grant", "revoke a grant")                                                            \
	X(RESPOND_END_SESSIONS, "end-sessions", "end an account's sessions on this machine, with every process of theirs")    \
	X(RESPOND_DISABLE_KEYS, "disable-keys", "take an account's SSH keys away on this machine")                            \
	X(RESPOND_BLOCK_ADDRESS, "block-address", "block an address with an nftables set, for a time")
enum response {
#define X(id, name, text) id,
	RESPONSES(X)
#undef X
	RESPONSE_COUNT
};
const char *response_name(enum response r);
const char *response_text(enum response r);
bool response_by_name(struct slice name, enum response *out);

struct respond_rule {
	enum level level;                /* of the incident, at least */
	bool response[RESPONSE_COUNT];
	nstime lasting;                  /* block-address: how long */
};
struct respond_config {
	bool dry_run;                    /* default true */
	struct respond_rule *rules; size_t nrules;
	struct { struct slice *accounts, *providers; struct cidr *networks; size_t naccounts, nproviders, nnetworks; } never; /* root, loopback always */
	struct slice nft;                /* path of nft(8) */
	struct slice sshd, sshd_config;  /* path of sshd(8), asked where keys lie; another configuration than its own, or empty */
	/* set by the caller, not read from the file */
	const struct org *org;           /* whose addresses are its own; NULL: every private address is */
	bool by_hand;                    /* a person decided: rules and dry_run do not count, the never-touch list does */
	struct slice passwd_root;        /* tests: another root for /etc/passwd and home folders */
};
/* Section `respond` of postern.yaml; n may be NULL: nothing is done. Texts are borrowed from the tree, arrays live in mem. */
int respond_config_read(const struct node *n, const char *file, struct arena *mem, struct respond_config *out, struct err *e);

/* ---- the gate, as the responses see it: filled in by room gate when it is there ---------------------------------------------- */
struct respond_gate {
	int (*suspend_provider)(void *arg, struct slice provider, struct slice reason, struct err *e);
	int (*resume_provider)(void *arg, struct slice provider, struct slice reason, struct err *e);
	int (*revoke_grant)(void *arg, struct slice grant, struct slice reason, struct err *e);
	int (*restore_grant)(void *arg, struct slice grant, struct slice reason, struct err *e);
	void *arg;
	bool (*there)(void *arg); /* is it set up now? NULL: it is */
};

/* Engine: rows for what the incident calls for and is not planned yet (id = hash of incident, kind, target). In the caller's transaction.
 * Providers, accounts of their people and accounts that were added in it, and outside addresses, of findings of level medium and more that
 * belong to a stage. What is on the never-touch list is not planned. *planned: how many are new. */
int respond_plan(struct store *s, const struct respond_config *c, const struct org *org, const struct incident *in, nstime now, unsigned *planned, struct err *e);

/* What responses need of root: processes of others (also whose they are), files of others, nftables. */
#define RESPOND_CAPABILITIES "CAP_KILL", "CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_NET_ADMIN"

/* Parent: one action, on behalf of `who` ("postern watch"). Fills state, done, result (a sentence) and undo (what undoing needs) in *a, in
 * mem. gate may be NULL. A block that is done already is put in place again for the time that is left: for the start of watch, since rules of
 * the kernel do not survive a restart of the machine. */
int respond_run(const struct respond_config *c, const struct respond_gate *gate, struct chain *audit, struct slice who, struct store_action *a, struct arena *mem, struct err *e);
/* Takes it back: idempotent too. A row that was never begun is refused: ERR_USAGE. */
int respond_undo(const struct respond_config *c, const struct respond_gate *gate, struct chain *audit, struct slice who, struct store_action *a, struct arena *mem, struct err *e);

#endif
