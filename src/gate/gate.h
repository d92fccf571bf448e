/* gate.h - an outside person gets in only when, where and as far as somebody approved.
 *
 *   model      providers, persons, keys, grants and approvals, as rows of the vault (gate_policy_load takes a picture of them)
 *   decide     one pure function that everything asks: PAM, sshd's key command, the recorder, explain
 *   service    `postern gate serve`: answers one question of fixed size at a time, ends sessions, keeps recordings
 *   clients    pam_postern.so, `postern sshd-keys`, postern-shell: struct gate_ask and gate_answer, nothing to parse
 *
 * Who is subject to it is decided by membership of the Unix group postern-provider, in the client: when anything of this is broken, members
 * are denied and nobody else is touched.
 *
 * Threads: one at a time per struct; gate_decide() is pure.  Errors: ERR_* with *e; a question that cannot be answered is denied.
 */
#ifndef POSTERN_GATE_H
#define POSTERN_GATE_H

#include "chain/chain.h"
#include "core/core.h"
#include "factor/factor.h"
#include "org/org.h"
#include "vault/vault.h"
#include "yaml/yaml.h"

#define GATE_GROUP "postern-provider"
#define GATE_SOCKET "/run/postern/gate.sock"
#define GATE_KEYS_USER "postern-keys"

/* ---- model ------------------------------------------------------------------------------------------------------------ */
enum gate_state { GATE_ACTIVE, GATE_SUSPENDED };
struct gate_provider {
	struct slice id, name;             /* "hafenlicht" */
	enum gate_state state;
	struct slice reason;               /* why suspended */
	nstime until;                      /* end of contract; NSTIME_NONE none */
};
struct gate_key {
	struct slice fingerprint;          /* "SHA256:..." */
	struct slice type, blob;           /* "ssh-ed25519", base64 */
	bool hardware;                     /* sk-...: verify-required is asked for */
	bool certificate;                  /* the line held a certificate; type, blob and fingerprint are its own key's, as sshd counts */
	struct slice comment;
};
/* One line of an authorized_keys file (options and comment may be there; options are ignored: the gate gives its own) or of a .pub file. Keys that sshd would
 * not take, private keys, RSA below 2048 bits, and blobs that are not what the type says are refused. Texts live in mem. ERR_SYNTAX, ERR_UNSUPPORTED,
 * ERR_LIMIT. */
int gate_key_parse(struct slice line, struct arena *mem, struct gate_key *out, struct err *e);
struct gate_person {
	struct slice id, name, provider;   /* id "jansen"; an id is unique */
	enum gate_state state;
	struct slice reason;               /* why suspended */
	struct gate_key *keys; size_t nkeys;
	struct slice *accounts; size_t naccounts; /* Unix accounts that are this person: none of them approves anything */
};
/* Weekly window in the grant's zone, minutes of the day; past midnight is split into two. */
struct gate_window {
	uint8_t days;                      /* bit 0 = Monday */
	uint16_t from, until;
};
enum gate_grant_state { GRANT_REQUESTED, GRANT_APPROVED, GRANT_REFUSED, GRANT_REVOKED };
enum gate_may { MAY_SHELL = 1, MAY_SFTP = 2, MAY_FORWARD = 4, MAY_COMMANDS = 8 /* those of the list */ };
struct gate_grant {
	struct slice id;                   /* "G-20261126-1" */
	struct slice person, provider;     /* one of them: a person, or everybody of a provider */
	struct slice *hosts; size_t nhosts;
	struct slice account;
	struct cidr *sources; size_t nsources;      /* none: anywhere */
	nstime from, until;
	struct gate_window *windows; size_t nwindows; /* none: all the time between */
	struct slice zone;                 /* of the windows, "Europe/Berlin"; empty UTC */
	unsigned may;                      /* enum gate_may */
	struct slice *commands; size_t ncommands;   /* exact, or with * at the end of an argument list */
	bool factor, record;               /* second factor asked for; recorded */
	bool emergency;                    /* break-glass */
	enum gate_grant_state state;
	struct slice requester, approver, purpose, ticket;
	int64_t version;                   /* goes up with every change */
	nstime boot_until;                 /* of the boot clock, set when it was first used: the window ends by whichever clock says so first; NSTIME_NONE (or 0) not
	                                    * used in this life of the machine */
	/* filled in by gate_policy_load() */
	const struct zone *tz;             /* of `zone`; a zone that cannot be read denies (GATE_FAULT) */
	bool changed;                      /* is not what was approved any more: counts as requested */
	nstime created, decided;           /* when requested, and when approved, refused, revoked; NSTIME_NONE never */
	struct slice reason;               /* of refusal, revocation */
	nstime wanted;                     /* an extension that waits for approval: its end; NSTIME_NONE none */
	struct slice wanter;               /* who asked for it */
	char id_text[64];                  /* where gate_grant_request() and gate_emergency() write the id: it lives as long as the struct, not copied */
};
struct gate_policy {
	struct arena mem;
	struct gate_provider *providers; size_t nproviders;
	struct gate_person *persons; size_t npersons;
	struct gate_grant *grants; size_t ngrants;
	int64_t version;                   /* goes up with every change of any of it */
	nstime seen;                       /* newest wall clock that was stored (gate_seen); 0 none: now more than 2 s before it is GATE_CLOCK */
	struct zone **zones; size_t nzones;
};
/* Makes the tables when they are not there (and v may be written). Others than room gate need not call it. */
int gate_tables(struct vault *v, struct err *e);
/* What was said about a grant, one after the other. what: "requested", "approved", "refused", ... (grants.c). */
struct gate_word {
	int64_t version;
	nstime time;
	struct slice who, what, reason;
};
typedef int gate_word_fn(void *arg, const struct gate_word *w);
int gate_words(struct vault *v, struct slice grant, gate_word_fn *fn, void *arg, struct err *e);
/* A picture of what the vault says now, of one moment. Free with gate_policy_free(), also after an error. */
int gate_policy_load(struct vault *v, struct gate_policy *out, struct err *e);
int gate_changes(struct vault *v, int64_t *n, struct err *e); /* out->version, without the rest */
void gate_policy_free(struct gate_policy *p);

/* ---- decide ------------------------------------------------------------------------------------------------------------- */
enum gate_phase { PHASE_KEYS = 1, PHASE_AUTH, PHASE_ACCOUNT, PHASE_SESSION, PHASE_EXEC, PHASE_CLOSE };
enum gate_kind { KIND_SHELL = 1, KIND_COMMAND, KIND_SFTP, KIND_FORWARD };
struct gate_request {
	enum gate_phase phase;
	enum gate_kind kind;               /* PHASE_EXEC */
	struct slice service;              /* "sshd", "sudo" */
	struct slice account, host;        /* host: this machine's canonical name */
	struct slice person;               /* when known already; else found by the key */
	struct slice fingerprint;          /* of the key or of the certificate's key; empty unknown */
	const struct ip *source;           /* NULL unknown: fits only grants without networks */
	struct slice command;
	bool factor_given;                 /* the second factor was good */
};
/* What was decided, and why: each reason has a fixed text (gate_reason_text). */
#define GATE_REASONS(X)                                                                                                       \
	X(GATE_OK, "allowed")                                                                                                 \
	X(GATE_NO_PERSON, "the key belongs to nobody")                                                                        \
	X(GATE_NO_GRANT, "no grant for this account on this host")                                                            \
	X(GATE_NOT_APPROVED, "the grant is not approved")                                                                     \
	X(GATE_NOT_YET, "the grant has not begun")                                                                            \
	X(GATE_ENDED, "the grant has ended")                                                                                  \
	X(GATE_OUTSIDE_HOURS, "outside the hours of the grant")                                                               \
	X(GATE_REVOKED, "the grant was revoked")                                                                              \
	X(GATE_SUSPENDED_PROVIDER, "the provider is suspended")                                                               \
	X(GATE_SUSPENDED_PERSON, "the person is suspended")                                                                   \
	X(GATE_SOURCE, "not from this network")                                                                               \
	X(GATE_KEY, "not with this key")                                                                                      \
	X(GATE_FACTOR, "the second factor is missing")                                                                        \
	X(GATE_COMMAND, "this command is not in the grant")                                                                   \
	X(GATE_KIND, "the grant does not allow this kind of session")                                                         \
	X(GATE_CLOCK, "the clock cannot be trusted")                                                                          \
	X(GATE_FAULT, "the gate cannot answer")
enum gate_reason {
#define X(id, text) id,
	GATE_REASONS(X)
#undef X
	GATE_REASON_COUNT
};
const char *gate_reason_text(enum gate_reason r);
struct gate_decision {
	bool allow;
	enum gate_reason reason;           /* of the grant that came nearest, when denied */
	const struct gate_grant *grant;    /* NULL none */
	const struct gate_person *person;
	nstime until;                      /* when allowed: end of the grant or of the window, whichever is first */
};
/* Pure. boot_now: of CLOCK_BOOTTIME. What each phase asks: PHASE_KEYS not the source when it is not known (the line has from=), nor the second factor; PHASE_EXEC also the
 * kind, and for KIND_COMMAND without MAY_SHELL the list. A person, the key's owner, must be known in every phase. */
struct gate_decision gate_decide(const struct gate_request *q, const struct gate_policy *p, nstime now, nstime boot_now);
/* The same, with a line per grant that was looked at and why it did or did not fit. */
struct gate_decision gate_explain(const struct gate_request *q, const struct gate_policy *p, nstime now, nstime boot_now, struct buf *out);

/* Section `gate` of postern.yaml. */
struct gate_settings {
	nstime longest;                    /* a grant may last; 0: 30 days, which is also the most */
	nstime usual;                      /* when no end is asked for; 0: 8 hours */
	struct slice emergency;            /* who may open an emergency grant; empty: nobody */
	struct slice *approvers; size_t napprovers; /* who may approve; none: everybody who may run it and is no provider's */
};
enum { GATE_LONGEST_DAYS = 30, GATE_USUAL_HOURS = 8, GATE_EMERGENCY_MINUTES = 60 };
/* n may be NULL: zeros. Texts are borrowed from the tree, arrays live in mem. */
int gate_settings_read(const struct node *n, const char *file, struct arena *mem, struct gate_settings *out, struct err *e);

/* ---- changes: each checks the rules of the model, in a transaction of its own, and goes into the audit log -------------- */
struct gate {
	struct vault *vault;
	struct chain *audit;               /* NULL: not written (tests) */
	struct slice actor;                /* who does it: user name of who called */
	struct gate_settings settings;     /* zeros: defaults, nobody may open an emergency grant */
	nstime now;                        /* 0: the clock's */
};
int gate_provider_add(struct gate *g, const struct gate_provider *p, struct err *e);
int gate_provider_suspend(struct gate *g, struct slice id, struct slice reason, struct err *e); /* sessions end: the service sees it */
int gate_provider_resume(struct gate *g, struct slice id, struct slice reason, struct err *e);
int gate_person_add(struct gate *g, const struct gate_person *p, struct err *e);
int gate_person_key(struct gate *g, struct slice person, struct slice line /* of an authorized_keys file */, bool remove, struct err *e);
int gate_person_suspend(struct gate *g, struct slice id, struct slice reason, bool resume, struct err *e);
/* Fills id. Requested by g->actor, who has a name: not root. from 0: now; until 0: the usual time later. */
int gate_grant_request(struct gate *g, struct gate_grant *x, struct err *e);
/* By somebody else than who requested, and nobody of the provider. ERR_PERM. */
int gate_grant_approve(struct gate *g, struct slice id, struct err *e);
int gate_grant_refuse(struct gate *g, struct slice id, struct slice reason, struct err *e);
int gate_grant_revoke(struct gate *g, struct slice id, struct slice reason, struct err *e);
int gate_grant_restore(struct gate *g, struct slice id, struct slice reason, struct err *e);
int gate_grant_extend(struct gate *g, struct slice id, nstime until, struct err *e); /* a request again, until approved the old end holds */
/* The same as gate_grant_approve(), of this version only: what was shown is what is approved. ERR_STOPPED: it was changed since. */
int gate_grant_approve_version(struct gate *g, struct slice id, int64_t version, struct err *e);
/* Break-glass: by the one administrator named in the settings; short; loud. */
int gate_emergency(struct gate *g, struct gate_grant *x, struct err *e);

/* ---- what the service stores beside answering ------------------------------------------------------------------------------ */
/* The wall clock was at `now` (stored when it is newer). Every second or so. */
int gate_seen(struct vault *v, nstime now, struct err *e);
/* A grant was used for the first time in this life of the machine: it ends when CLOCK_BOOTTIME is at boot_until, too. Kept for this boot only
 * (/proc/sys/kernel/random/boot_id); nothing happens when there is one already. */
int gate_first_use(struct vault *v, struct slice grant, nstime boot_until, struct err *e);
/* An administrator says the clock is right, after it had been ahead and was set back. */
int gate_clock_trust(struct gate *g, struct slice reason, struct err *e);

/* ---- protocol: one question, one answer, of fixed size --------------------------------------------------------------------- */
enum { GATE_MAGIC = 0x50535447, GATE_VERSION = 1, GATE_TEXT = 256, GATE_AUTH_INFO = 8192, GATE_COMMAND_MAX = 4096, GATE_WAIT_MS = 2000 };
struct gate_ask {
	uint32_t magic, version, phase, kind;
	char service[32], account[64], rhost[64], tty[32];
	char code[32];                     /* PHASE_AUTH: what was typed */
	char auth_info[GATE_AUTH_INFO];    /* SSH_AUTH_INFO_0, or "publickey TYPE BLOB" */
	uint32_t command_size;
	char command[GATE_COMMAND_MAX];
	uint32_t session;                  /* audit session id, UINT32_MAX none */
	int32_t pid;                       /* of the monitor */
	uint16_t columns, rows;
};
struct gate_answer {
	uint32_t magic, version;
	uint32_t allow, reason;
	uint32_t record;                   /* the session is to be recorded */
	int64_t until;                     /* nstime */
	char reference[32];                /* for who asks whom: "R-..." */
	char text[GATE_TEXT];              /* for the person at the other end; no names of grants when denied */
	uint32_t keys_size;                /* PHASE_KEYS: lines of authorized_keys */
	char keys[8192];
};
/* Client side: connects, sends, waits at most GATE_WAIT_MS. Anything else than a whole answer is a denial with GATE_FAULT. Returns the socket when `keep`
 * (the recorder streams on it), else -1. No allocation, no locale, no signals. */
int gate_ask_service(const char *socket_path, const struct gate_ask *q, struct gate_answer *a, bool keep);

/* ---- recordings: what postern-shell streams over the connection it asked on ---------------------------------------------------
 * The service takes PHASE_EXEC only from peers whose gid (SO_PEERCRED) is that of the group postern-rec: the recorder is setgid and drops the group before
 * the session's own program starts, so that nobody makes up a recording. Then: record_open(), each message to record_feed() (what it puts into `reply` goes
 * back as one message), record_tick() once a second, record_close() when the connection ends. A connection that ends without an exit (record_exited)
 * means that the recorder was killed: the audit session is to be cut. When feed or tick fail: send record_say(RECORD_END, e.text), close, cut. */
#define RECORD_GROUP "postern-rec"
enum record_type {
	RECORD_OUTPUT = 1, RECORD_ERROR, RECORD_INPUT /* only without a terminal; counted and hashed, never kept */, RECORD_RESIZE /* u16 columns, rows */,
	RECORD_COUNT /* u64 bytes typed so far */, RECORD_FILE /* a line about a file that sftp moved */, RECORD_PING /* every 5 s */,
	RECORD_EXIT /* i32: status, or minus the signal */,
	/* from the service */
	RECORD_SAY = 64 /* shown to the person */, RECORD_END /* shown, and the session ends */, RECORD_PONG,
};
enum { RECORD_MAGIC = 0x50520000 /* or'ed with the type */, RECORD_PAYLOAD = 32 << 10, RECORD_HEAD_KEPT = 64 << 10 /* of each stream without a terminal */ };
/* Native byte order: both ends are one machine. Payload follows; one frame is one message, but nothing relies on that. */
struct record_frame {
	uint32_t type, size;
	uint64_t at;                       /* monotonic, nanoseconds since the recorder began */
};
struct record_store {
	const char *folder;                /* STATE/recordings */
	struct vault *vault;               /* table session */
	struct chain *audit;               /* NULL: not written (tests) */
	uint64_t bytes_max;                /* of output; 0: 1 GiB */
	nstime time_max;                   /* 0: 24 hours */
};
struct record_meta {                       /* borrowed for the call; the rest the service knows from the grant, not from the shell */
	struct slice person, provider, account, host, grant, source, tty, term, command;
	enum gate_kind kind;
	bool terminal;
	bool quiet;                        /* the grant is not recorded: facts and counts, no text */
	uint16_t columns, rows;
	uint32_t session;                  /* audit session id, UINT32_MAX none */
	int32_t pid;                       /* of the recorder */
};
struct record;
/* Makes STATE/recordings/YYYY/MM/.ID.part, the row of table session and an audit record "session-opened". NULL with *e: no sink, no session. */
struct record *record_open(const struct record_store *s, const struct record_meta *m, struct err *e);
const char *record_id(const struct record *r);
/* Hostile bytes, cut anywhere. 0; ERR_SYNTAX no frames; ERR_LIMIT too much or too long (e.text is for the person); ERR_IO the disk. After an error only
 * record_close(). */
int record_feed(struct record *r, struct slice bytes, struct buf *reply, struct err *e);
int record_tick(struct record *r, struct err *e); /* flushes; the end of its time */
bool record_exited(const struct record *r);
/* On the disk under its name, hash and facts in the vault and the audit log ("session-recorded"). why: "" it ended by itself, else "grant revoked", ... Frees r,
 * also when it fails. */
int record_close(struct record *r, const char *why, struct err *e);
/* What a service that was killed left behind becomes recordings that are marked as cut short. At the start. */
int record_recover(const struct record_store *s, struct err *e);
/* A message to the recorder: RECORD_SAY, RECORD_END. */
void record_say(struct buf *out, enum record_type type, struct slice text);

/* ---- sessions, as table session has them ------------------------------------------------------------------------------------------ */
struct session {
	struct slice id, person, provider, account, host, grant, source, tty, command, file /* below the folder */, sha256 /* of the file */, why;
	enum gate_kind kind;
	bool terminal, exited;
	uint32_t session;
	int32_t pid, status;
	nstime begin, end;                 /* end NSTIME_NONE: it goes on */
	uint64_t output, input, packed;    /* bytes; packed: of the file */
	nstime wanted;                     /* when its end was asked for; NSTIME_NONE never */
	struct slice wanter, reason;
};
typedef int session_fn(void *arg, const struct session *s);
/* Newest first; id empty: all, else those that begin so. */
int session_each(struct vault *v, struct slice id, session_fn *fn, void *arg, struct err *e);
/* Those that go on: cheap, however many there were. */
int session_each_open(struct vault *v, session_fn *fn, void *arg, struct err *e);
/* Some of them, newest first; an empty text: whichever. */
struct session_choice {
	struct slice id, provider, grant;
	uint64_t skip, most;
};
int session_some(struct vault *v, const struct session_choice *c, session_fn *fn, void *arg, uint64_t *total /* that the texts fit, skipped or not */, struct err *e);
/* Asks the service to end it: `wanted` is set, which it sees by vault_version(). ERR_NOENT; ERR_STOPPED: it is over. */
int session_end(struct gate *g, struct slice id, struct slice reason, struct err *e);

/* ---- recordings, read ---------------------------------------------------------------------------------------------------------------- */
/* What a terminal may be told by a recording: text, colours, movement of the cursor. Everything that asks, sets, copies or runs something is left out. */
struct cast_filter {
	unsigned state, nseq, used;        /* used: what of the terminal was changed */
	struct { char b[4]; size_t n; } carry; /* the beginning of a UTF-8 character */
	char seq[64];
	bool plain;                        /* no sequences at all, \b and \r stay: text for searching */
};
void cast_filter_feed(struct cast_filter *f, struct slice in, struct buf *out); /* zeroed at the start; cut anywhere */
void cast_filter_end(const struct cast_filter *f, struct buf *out); /* puts the terminal back in order */
struct cast_event {
	nstime at;
	char code;                         /* 'o' output, 'r' resize, 'm' marker, 'h' the header line as it is */
	struct slice text;
};
typedef int cast_event_fn(void *arg, const struct cast_event *x);
/* Every event of a recording, also of one that is still being made or was cut short. ERR_*, or what fn returned. sha: hash of the file, NULL not wanted. */
int cast_read(const char *path, cast_event_fn *fn, void *arg, char *sha, struct err *e);
/* The same of a descriptor at its beginning, which is closed. name: for errors. ERR_LIMIT: it unpacks to more than `most` bytes (0: any number). */
int cast_read_fd(int fd, const char *name, uint64_t most, cast_event_fn *fn, void *arg, char *sha, struct err *e);

/* ---- service ------------------------------------------------------------------------------------------------------------------ */
struct gate_service_options {
	const char *state;                 /* folder: gate.db, factor.key, recordings/, audit.log */
	const char *socket;                /* NULL: GATE_SOCKET */
	const char *host;                  /* canonical name of this machine; NULL: from the system */
	const char *keys_user;             /* AuthorizedKeysCommandUser */
	bool ready_fd_valid; int ready_fd; /* tests: a byte when it listens */
};
/* Runs until SIGTERM. */
int gate_serve(const struct gate_service_options *o, struct err *e);

#endif
