/* usage_private.h - private to room usage: what is remembered of events. */
#ifndef POSTERN_USAGE_PRIVATE_H
#define POSTERN_USAGE_PRIVATE_H

#include "usage/usage.h"

enum {
	HOSTS_MAX = 8192,
	LOGS_MAX = 32768,          /* logs of hosts */
	ACCOUNTS_MAX = 65536,
	LOGINS_MAX = 65536,        /* host, account, method, key */
	COMMANDS_MAX = 131072,     /* distinct commands of all accounts */
	COMMANDS_BYTES = 32 << 20, /* of their texts */
	COMMANDS_PER_ACCOUNT = 4096,
	COMMAND_BYTES = 2048,      /* sudo itself cuts its lines into pieces of about 960 */
	SWITCHES_MAX = 16384,
	PIDS_MAX = 16384,          /* connections of sshd that are not done yet */
	UIDS_MAX = 65536,
	LINE_KEPT = 240,
	PIECE_FULL = 800,          /* a piece of a command that has no blank and is so long fills its line */
	RUNS_MAX = 1024,
	SILENT_MAX = 6,            /* hours between two files that need not follow each other */
	SILENT_DAY = 24,           /* hours without a line in the middle of a file that need no other log's word */
	AUDIT_WAITING = 64,
};
#define NEAR_LOGIN (2 * NS_MIN) /* PAM, wtmp and auditd tell of one login within this */
#define NEAR_PID (10 * NS_MIN)
#define NEAR_SUDO (5 * NS_SEC)

/* Hours (or days) since the epoch as runs, sorted, never touching. */
struct interval {
	int32_t from, to; /* both counted */
};
struct runs {
	struct interval *v;
	size_t n, cap;
};
/* Beyond RUNS_MAX a run is not kept: a gap is the safe mistake. */
void runs_add(struct runs *d, int32_t from, int32_t to);
void runs_remove(struct runs *d, int32_t from, int32_t to);
bool runs_has(const struct runs *d, int32_t x);
/* First one at or behind x that is not in it; that is. INT32_MAX: none. */
int32_t runs_next_out(const struct runs *d, int32_t x);
int32_t runs_next_in(const struct runs *d, int32_t x);
void runs_free(struct runs *d);
int32_t day_of(nstime t);
int32_t hour_of(nstime t);

struct kept {
	nstime first, last;
	uint64_t count;
	uint16_t nline;
	char line[LINE_KEPT];
};
void kept_add(struct kept *k, const struct event *e);
void kept_out(const struct kept *k, struct usage_seen *out);
void kept_merge(struct kept *to, const struct kept *from);

struct usage_host {
	struct slice name; /* owned */
	nstime first, last;
	struct runs any;   /* days */
	struct runs lost;  /* days on which messages were dropped */
	/* after the close: hours, by kind */
	struct runs cover[USAGE_LOG_COUNT];
	bool seen[USAGE_LOG_COUNT], broken;
	bool forgot;       /* commands of some account */
};
/* What one file of a log holds of a host. */
struct piece {
	uint32_t place;
	int32_t from, to; /* hours of the first and last line */
};
/* One log (rotated set) of one host. */
struct usage_file {
	struct slice host; /* owned */
	bool kind[USAGE_LOG_COUNT];
	struct runs hours, within; /* within: hours without a line in the middle of what goes on, beyond a day */
	bool begun;
	uint32_t log, file;
	int32_t hour;      /* of the newest line */
	struct { struct piece *v; size_t n, cap; } pieces;
};
struct account {
	struct slice host, name; /* owned, one block */
	struct kept seen, unclear;
	nstime clear;      /* newest login that its log tells wholly */
	nstime waiting;    /* a login that is unclear unless a clear one comes near; NSTIME_NONE */
	struct kept wait;
	nstime sudo;       /* newest line of sudo's own */
	uint32_t commands;
	bool forgot;
};
struct login {
	struct slice host, account, fingerprint, key_id, serial, authority; /* owned, one block */
	enum usage_method method;
	char from[64];
	uint8_t nfrom;
	struct kept seen;
};
struct command {
	struct slice host, account, run_as, text, program; /* owned, one block, but program: static */
	bool cut;
	struct kept seen;
};
struct pid { /* of sshd: what was said before the login */
	nstime time;
	bool partial;      /* a key or more was accepted, more is asked */
	uint8_t nkey, ntype;
	char key[64], type[32];
};
struct waiting { /* auditd's word on a command, until sudo's own has come */
	nstime time;
	char *text;        /* owned; host, account, command */
	struct slice host, account, command;
	struct kept seen;
};

struct usage {
	struct lru *hosts, *logs, *accounts, *logins, *commands, *switches, *pids, *uids;
	struct usage_source *sources;
	bool *broken;      /* by file */
	size_t nsources;
	struct waiting audit[AUDIT_WAITING];
	size_t naudit;
	struct key newest; /* of the command that a continuation would belong to */
	nstime newest_time;
	bool newest_full;  /* its last piece ends where the line was full, not at a blank */
	nstime last;
	size_t command_bytes;
	bool replacing;    /* a command by a longer one: nothing is lost */
	bool closed;
	bool forgot;       /* something of whom is not known any more */
	bool forgot_some;  /* commands, and the account says so */
	/* after the close: sorted by host, account, time */
	struct { struct login **v; size_t n, cap; } login;
	struct { struct command **v; size_t n, cap; } command;
	struct { struct usage_host **v; size_t n, cap; } host;
};

/* Lower case, first label, unless it is an address; within buf, cut. */
struct slice usage_host_name(struct slice host, char buf[static 256]);
/* Copies of n texts in one block; the first one's p is what to free. */
void own_texts(struct slice *const *v, size_t n);
struct account *usage_account_get(const struct usage *u, struct slice host, struct slice account);
struct account *usage_account_put(struct usage *u, struct slice host, struct slice account);
/* days.c: what of the hours of each host its logs cover. */
void usage_cover(struct usage *u);
/* events.c: what one event says; host is canonical. */
void usage_login_event(struct usage *u, struct slice host, const struct event *e);
void usage_other_event(struct usage *u, struct slice host, const struct event *e);
/* Commands whose sudo line did not come. now NSTIME_NONE: all. */
void usage_audit_settle(struct usage *u, nstime now);
/* Commands of the account were forgotten. */
void usage_forget_commands(struct usage *u, struct slice host, struct slice account);
/* A login that waited for a clear one and got none. */
void usage_unclear_settle(struct account *a);

#endif
