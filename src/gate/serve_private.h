/* serve_private.h - private to room gate: the service. What it knows, who asks, logins and their ends. */
#ifndef POSTERN_GATE_SERVE_PRIVATE_H
#define POSTERN_GATE_SERVE_PRIVATE_H

#include "gate/model_private.h"
#include "sys/sys.h"

enum {
	SERVE_CLIENTS = 256, SERVE_PER_USER = 16, /* connections that have not asked yet; the rest of the places is root's */
	SERVE_LOGINS = 1024, SERVE_PROOFS = 256, SERVE_TICK_MS = 200, SERVE_CUT_MS = 20, SERVE_REFERENCE = 16,
};
#define SERVE_WARNING (5 * NS_MIN)     /* before a session ends */
#define SERVE_BLIND (10 * NS_SEC)      /* sessions go on for so long when the policy cannot be read */
#define SERVE_PROOF_LIFE (3 * NS_MIN)  /* from the code to the session: longer than sshd's LoginGraceTime */

/* A second factor that was good: auth and session are asked about by different processes of sshd, child and parent. */
struct serve_proof {
	nstime boot;                       /* when; 0 free */
	pid_t pid, parent;
	uint64_t start, parent_start;
	char account[64], person[GATE_ID_MAX + 1], fingerprint[80];
};

/* A login that was let in. */
struct serve_login {
	bool used;
	char id[32];
	uint32_t audit;                    /* session id of audit; UINT32_MAX none */
	pid_t monitor;
	uint64_t start;                    /* of the monitor */
	uid_t uid;
	char account[64], person[GATE_ID_MAX + 1], grant[GATE_ID_MAX + 1], fingerprint[80];
	struct ip source; bool has_source;
	bool factor, warned, closed, late; /* closed: sshd said so itself; what is left of it goes */
	char why[96];                      /* of the cut */
	unsigned rounds;                   /* of the cut; 0 none */
	size_t killed;
	nstime cut_boot;                   /* when it began */
};

struct serve_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
	struct sys_proc proc;              /* as it was when it asked */
};

struct serve_client;
struct gate_service {
	const struct gate_service_options *o;
	char host[256], db[4096], key[4096], log[4096];
	const char *socket;
	uid_t keys_uid;                    /* 0: nobody but root */
	gid_t recorder_gid;                /* 0: there are no recorders, and no sessions */
	struct vault *vault;
	struct chain *audit;
	struct factor *factor;
	uint64_t db_dev, db_ino;
	struct gate_policy policy; bool have_policy, stale; /* stale: we changed it ourselves */
	int64_t version;
	nstime policy_boot;                /* when it was last known to be true */
	nstime seen, seen_stored;
	int epoll, listener, signals, timer, lock;
	bool stopping, fast;
	struct serve_client *clients;
	struct serve_login *logins;
	struct serve_proof *proofs;
	struct gate_ask ask;               /* the one that is answered now */
	nstime keys_since; unsigned keys_told; /* questions about keys: not each is written down */
};

nstime serve_wall(void);
nstime serve_boot(void);
/* The decision of this moment, and s->seen moved on. Denied with GATE_FAULT without a policy. */
struct gate_decision serve_decide(struct gate_service *s, const struct gate_request *q);
/* Into the audit log; false when that could not be written: nothing may be allowed then. */
bool serve_record(struct gate_service *s, struct slice actor, const char *action, struct slice object, bool good, const char *fmt, ...) PRINTF_LIKE(6, 7);

/* ---- answers --------------------------------------------------------------------------------------------------------- */
/* s->ask, from this peer. False: the peer has no business asking this, or it is no question; there is no answer. */
bool serve_answer(struct gate_service *s, const struct serve_peer *peer, struct gate_answer *a, struct serve_login **exec);
/* The key of "publickey TYPE BLOB" (first such line). False: none that is whole. */
bool serve_key(struct slice auth_info, struct arena *mem, struct gate_key *out);
/* Lines of authorized_keys for this key: one per open grant. Returns how many bytes, 0 none. */
size_t serve_key_lines(const struct gate_policy *p, const struct gate_request *q, const struct gate_key *k, nstime now, nstime boot_now, char *out, size_t room);

/* ---- logins ------------------------------------------------------------------------------------------------------------- */
int serve_logins_load(struct gate_service *s, struct err *e);
/* NULL with *e when it cannot be stored or there are too many. */
struct serve_login *serve_login_add(struct gate_service *s, const struct serve_login *x, const char *service, struct err *e);
/* The login a process belongs to, by audit session; without such ids by who started it. NULL none. */
struct serve_login *serve_login_of(struct gate_service *s, const struct sys_proc *p);
/* sshd says it ended. */
void serve_login_closed(struct gate_service *s, struct serve_login *l);
/* Ends it, from the next round on. */
void serve_login_cut(struct gate_service *s, struct serve_login *l, const char *why);
/* Shown by the recorders of this login; false: it has none. */
bool serve_say(struct gate_service *s, const struct serve_login *l, const char *text);
/* Looks after all of them: warnings, ends, cuts. True while a cut goes on: call again in SERVE_CUT_MS. */
bool serve_logins_watch(struct gate_service *s);

#endif
