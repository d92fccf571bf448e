/* detect_private.h - what detectors share. To add one: a file with a `const struct detector`, a line in detectors.def. */
#ifndef POSTERN_DETECT_PRIVATE_H
#define POSTERN_DETECT_PRIVATE_H

#include "detect/detect.h"
#include "path/path.h"

/* Sizes of memory, in entries. About 60 MB when all are full. */
enum {
	MEM_SOURCES = 20000,   /* addresses under watch for guessing */
	MEM_ACCOUNTS = 20000,  /* account profiles (networks, keys, hours, hosts) */
	MEM_SESSIONS = 20000,  /* open sessions by host and pid, and newest login by host and user */
	MEM_PATHS = 20000,     /* web scripts, files */
	MEM_FINDINGS = 2000,   /* open findings */
};

struct command;
struct detector {
	struct detector_info info;
	const enum action *wants;  /* ends with ACT_NONE */
	/* Of these actions only what some datasets tell (interest_add_from) matters; ends with from NULL. NULL: no such bounds. */
	const struct want_from {
		enum action action;
		const char *from;
	} *only;
	void *(*create)(struct detect *d);  /* NULL: no state */
	void (*event)(struct detect *d, void *state, const struct event *e);
	/* Whether a command line could matter, whoever typed it. The answer is remembered per line, so that event() is not
	 * called for the thousandth "run-parts". NULL: every event is handed over. Not asked for events without a command. */
	bool (*might)(const struct command *c);
	bool (*might_here)(const struct org *org, const struct command *c); /* the same where the organisation is asked; one of the two */
	void (*finish)(struct detect *d, void *state);  /* before open findings are closed; may be NULL */
	void (*destroy)(void *state);
	/* The maps of its memory, which are all of it: they are saved and loaded. NULL: none (or it is not saved so: login paths). */
	size_t (*tables)(void *state, struct lru **out);
	/* Last words on a finding before it leaves (titles with counts). May be NULL. */
	void (*seal)(struct detect *d, struct finding *f);
};
#define DETECTOR(name) extern const struct detector name;
#include "detect/detectors.def"
#undef DETECTOR

/* logind tells again, without the account's number, of sessions that PAM has told of. */
#define NOT_LOGIND "!systemd-logind"
enum { TABLES_MAX = 4 };
/* For `tables` of a detector whose state is one map. */
size_t tables_one(void *state, struct lru **out);

bool detect_enabled(const struct detect *d, const struct detector *def);
const struct org *detect_org(const struct detect *d);
nstime detect_learning(const struct detect *d);
nstime detect_now(const struct detect *d); /* time of the newest event */
/* When the log of a host began, as far as seen; NSTIME_NONE unknown. "New" means little before now - begin > learning. */
nstime detect_host_began(const struct detect *d, struct slice host);

/* The login paths; NULL when that detector is off. */
struct path *detect_path(const struct detect *d);
/* What they say of the login at hand; NULL when they do not judge it. */
const struct path_verdict *detect_path_verdict(const struct detect *d);
struct path *paths_engine(void *state);
const struct path_verdict *paths_newest(void *state);
unsigned detect_path_budget(const struct detect *d);

/* The time of the newest event of a host, from whichever log. */
nstime detect_host_newest(struct detect *d, struct slice host);

/* ---- findings ------------------------------------------------------------------------------------------------ */
/* The open finding of this detector under this key, or a fresh one (*fresh) when there is none or the last evidence is
 * older than quiet. Fresh: rule id, title, level, stage and techniques are set from info; the caller writes title, text
 * and entities. Valid until the next detect_open. */
struct finding *detect_open(struct detect *d, const struct detector *def, struct slice key, nstime quiet, nstime t, bool *fresh);
/* Is one open (and not quiet)? NULL when not. Does not create; what it returns counts as changed. */
struct finding *detect_peek(struct detect *d, const struct detector *def, struct slice key, nstime quiet, nstime t);
static inline void finding_raise(struct finding *f, enum level l)
{
	if (l > f->level)
		f->level = l;
}

/* ---- who and where ------------------------------------------------------------------------------------------- */
/* Canonical host name: that of org.yaml, or the first label as logged. */
struct slice detect_host(const struct detect *d, struct slice host);
struct actor {
	struct slice host;               /* canonical */
	struct slice account;            /* who acts: user.name, or the session's */
	const struct org_person *person; /* NULL unknown */
	const struct org_provider *provider; /* of the person; NULL: not a provider's */
	struct slice source;             /* address text: of the event, else of the account's newest login on this host */
	struct ip ip;
	bool has_ip, outside;            /* outside: has_ip and not org_inside */
	bool service;                    /* a service account */
	nstime login;                    /* the newest login of the account on this host; NSTIME_NONE */
	struct slice key;                /* fingerprint of that login */
};
/* Who acted in e. The account is user.name (for sudo: the invoking user; for auditd: the login uid's name when known). */
void detect_actor(struct detect *d, const struct event *e, struct actor *a);
/* A login that gives a person a shell on a host (SSH, console, VPN too when vpn): not a mailbox's or an FTP server's.
 * auditd's word counts when the login's own log is silent: that log may be cut, or not be here. */
bool login_to_host(struct detect *d, const struct event *e, bool vpn);
/* Put host, user, person, provider, source of the actor into the finding. */
void finding_actor(struct finding *f, const struct actor *a);
/* The level of what staff may do and a provider's person or a service account may not. */
enum level level_for(const struct actor *a, enum level staff);
/* The finding of this account on this host. */
struct finding *open_by_account(struct detect *d, const struct detector *def, const struct event *e, const struct actor *a, nstime quiet, bool *fresh);
/* "hl-jansen (Jan Jansen of Hafenlicht Webcare)" for texts; static per-detect buffer, valid until the next call. */
const char *actor_text(struct detect *d, const struct actor *a);

/* The login at hand (login.c). */
struct login_known {
	uint64_t hash;               /* of what it is found by: host, account, source, key; 0 none */
	uint64_t host, account, source, key, place; /* hash_bytes() of each; place: what the address counts as */
	const struct org_person *person; /* by account, else by the key that was logged */
	const struct org_host *from; /* the source's address is this one's */
	const struct org_host *origin_host; /* the source is this one by address, or by name where none is logged */
	enum path_place origin;
	bool service, inside;        /* inside: the address is */
	struct lru_seat seat;        /* in detect_logins */
	struct path_hint hint;
};
struct login_at_hand {
	struct slice account, source, key, method;
	const struct ip *ip;         /* of the source; NULL */
	uint32_t port, pid;
	bool shell, vpn;             /* login_to_host of the event, without and with VPN */
	struct login_known *known;
};
struct login_look;
/* The memory behind detect_actor (who.c), driven by detect.c. */
struct lru *login_memory_new(void);
void login_memory_wants(struct interest *want);
void login_memory_begin(struct detect *d, const struct event *e, struct login_look *l); /* of an ACT_LOGIN, before detectors see it */
void login_memory_login(struct detect *d, const struct event *e);
struct lru *detect_logins(struct detect *d);
struct lru *uid_memory_new(void);
void uid_memory_event(struct detect *d, const struct event *e); /* of an ACT_SESSION_OPENED */
struct lru *detect_uids(struct detect *d);
enum { UID_SEATS = 1 << 9 };
struct host_memo {
	char logged[128];
	size_t n;
	struct slice name;
	const char *at;       /* where the host of the event at hand stands, when it is this one */
	uint64_t hash;        /* of name; 0 not asked for */
	unsigned turn;        /* counts the hosts */
	/* by hash of host, number and name: where the number is in detect_uids */
	struct { uint64_t hash; struct lru_seat seat; } uids[UID_SEATS];
};
/* What is asked for many times an event lies in front of struct detect. */
struct detect_hot {
	struct host_memo host;
	struct actor_memo {
		struct actor actor;
		bool valid; /* for the event at hand */
	} actor;
	struct login_at_hand login; /* known: NULL when the event at hand is none */
};
static inline struct detect_hot *detect_hot(const struct detect *d)
{
	return (struct detect_hot *)(uintptr_t)d;
}
struct login_look *login_look_new(void);
void login_look(struct login_look *l, const struct org *org, const struct event *e, struct slice host, struct slice account, struct login_at_hand *at);
/* NULL: the event at hand is no login to a host. */
static inline struct login_at_hand *detect_login(const struct detect *d)
{
	struct login_at_hand *at = &detect_hot(d)->login;
	return at->known ? at : NULL;
}
/* The host of ours whose address the login at hand came from; NULL none. */
const struct org_host *login_from(const struct detect *d, const struct actor *a);
/* What the source of a login is, and which host of ours; NULL none. */
enum path_place login_origin(const struct org *org, const struct ip *ip, struct slice text, const struct org_host **host);

/* The event's host is asked for again and again: by where it stands. */
void detect_host_at(const struct detect *d, struct slice host);
char *detect_text_buffer(struct detect *d, size_t *n);

/* Which detectors a command line could matter to, remembered (lines.c): a bit for each of detectors.def. */
struct lines;
struct lines *lines_new(void);
uint64_t lines_detectors(struct lines *l, const struct org *org, const struct event *e);

/* ---- commands ------------------------------------------------------------------------------------------------ */
/* The command line of an event that tells of one (sudo, auditd exec, cron, forced command): words split at blanks, quotes
 * minded, what only runs another program (sudo, env, timeout, docker exec, sh -c) looked through. */
enum { WORDS_MAX = 64, COMMANDS_MAX = 32, SCRIPT_DEPTH = 4 };
struct command {
	struct slice whole;     /* as logged */
	struct slice line;      /* without wrappers */
	struct slice tool;      /* basename of the program: "curl" */
	struct slice word[WORDS_MAX]; /* word[0] is the program */
	size_t n;
	bool shell;             /* one of the commands of a script */
	struct slice folder;    /* it works in: of a cd before it, or what auditd says; empty: unknown */
};
/* A script has several: sh -c "cd /tmp; curl ... | sh", cron's lines, substitutions. */
struct command_part {
	struct slice text;
	bool script;
};
struct commands {
	struct slice whole;
	struct command_part part[SCRIPT_DEPTH]; /* what is left: the innermost script last */
	unsigned n, budget;
	struct slice folder;
};
void commands_begin(struct commands *it, const struct event *e);
bool commands_next(struct commands *it, struct command *c);
/* The first that fits. */
bool command_find(const struct event *e, bool (*fits)(const struct command *c), struct command *c);
/* The first of all. */
bool detect_command(const struct event *e, struct command *c);
bool command_has(const struct command *c, const char *word);           /* exact word */
bool command_has_prefix(const struct command *c, const char *prefix);  /* a word that starts so */
/* The first outside machine that a fetching command names; *address: by its number. SLICE_NONE: none, or only ours. */
struct slice fetched_from(const struct org *org, const struct command *c, bool *address);
/* Is word i what the command writes to: cp's last word, tee's files, curl -o's, tar -C's when it unpacks? */
bool command_target(const struct command *c, size_t i);
/* Does it write to a file whose path holds needle (redirection, tee, cp's target, sed -i, curl -o ...)? */
bool command_writes(const struct command *c, const char *needle, struct slice *path);
bool slice_in_list(struct slice s, const char *blank_separated);       /* exact, case-sensitive */

#endif
