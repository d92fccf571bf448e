/* path.h - login paths: which session a login was launched from, and how rare that is here.
 *
 * Every successful login of every host is put in, in time order, with the ends of sessions and who became root. For each
 * the engine asks whose session on the source host can have launched it, how new account, source and destination are to
 * each other, and whether the key or the password could have been used there at all. What it returns is a score (8 and
 * a surprise in nats: 8 is what happens once a day), the evidence behind it, and the path back to where it began.
 *
 * After Hopper (G. Ho et al., USENIX Security 2021): a switch to another person's credentials together with a machine that
 * this person did not use before. Added: session ends bound who can be the cause; keys and passwords that need somebody
 * present; sudo and su; grants of providers; rates learnt from the stream itself instead of weights.
 *
 * Life:    path_new(), path_login() and the other events in time order, path_free().
 * Threads: one at a time.  Memory: grows with what is distinct within 30 days, up to PATH_RELATIONS_MAX.
 * Time:    about a microsecond a login, no allocation in the usual case.
 */
#ifndef POSTERN_PATH_H
#define POSTERN_PATH_H

#include "core/core.h"

/* What the source of a login is. */
enum path_place {
	PATH_SERVER,   /* people work on it over SSH: its own log shows who was there */
	PATH_GATEWAY,  /* jump host of our people: no credentials change there */
	PATH_VENDOR,   /* the same for providers */
	PATH_CLIENT,   /* one person's machine: no sessions in logs, but an owner that is learnt */
	PATH_POOL,     /* VPN and other shared addresses of people */
	PATH_OUTSIDE,  /* the world */
	PATH_PLACES
};
/* Who can have launched the login, worse with each step. */
enum path_level {
	PATH_OWN,          /* the person's own session is open on the source, nobody else's */
	PATH_OWN_AMONG,    /* own and others' */
	PATH_LEFT,         /* nobody's is open, own within a day */
	PATH_NOBODY,       /* nobody's, and none of one's own within a day: cron, or a hidden process */
	PATH_LEFT_OTHERS,  /* others' are open, own ended within a day */
	PATH_OTHERS,       /* only others' */
	PATH_LEVELS
};
/* How the login was proved, seen from where it came. */
enum path_means {
	PATH_PRESENT,      /* a session explains it, or the key is known to lie on the source */
	PATH_NEW_KEY,      /* a key not used from there before */
	PATH_AWAY_KEY,     /* the key of the person's own machine, without the person being there */
	PATH_TYPED,        /* a password typed where the person has no session */
};

struct path_options {
	nstime learning;   /* nothing alerts within this time of the first login */
	double budget;     /* alerts a day that people can read; 0: none alerts */
	/* What the grant of an account says of a host: 0 no provider's account, 1 granted, 2 not granted. May be NULL. */
	unsigned (*grant)(void *arg, struct slice account, struct slice host);
	void *arg;
};

struct path_login {
	nstime time;
	struct slice account, person; /* person: whose account it is; the account itself when unknown */
	struct slice source, host;    /* canonical names; an address where no name is known */
	enum path_place place;        /* of the source */
	struct slice method, key;     /* "publickey"; fingerprint or empty */
	uint32_t port, pid;           /* of the source; of the sshd that wrote the line */
	unsigned breach;              /* of the account's own grant: 2 host, +1 hour, +2 network */
	struct path_hint *hint;       /* may be NULL */
};
/* The numbers of a login's names, kept by the caller for the next login that is likely the same: a guess that is checked, never wrong. Zeroed first. */
struct path_hint {
	uint32_t account, person, source, host, key, method;
	uint64_t story, keys[8];
	bool filled;
};

enum { PATH_HOPS = 8, PATH_REASONS = 12 };
struct path_hop {
	nstime time;
	struct slice account, person, source, host;
	uint32_t port;
};
/* Slices are borrowed from the engine and stay valid with it. */
struct path_verdict {
	double score;
	double per_day;               /* logins a day that are at least as odd in every respect */
	bool alert;                   /* within the budget, after learning */
	bool first;                   /* of its group: account and source on this day */
	enum path_level level;
	enum path_means means;
	uint8_t access;               /* had the other been on the destination? 0 no other, 1 yes, 2 never in 30 days */
	uint8_t full, sources, accounts, from; /* how new: 0 on 8 days or more of 30 ... 3 never. (account,source,host) (source,host) (account,host) (account,source) */
	uint8_t key, root, breach;
	bool habit;                   /* on 8 days, or at the same time of day before */
	bool switched;                /* somebody else's session is the likelier cause */
	double rule, typed, busy, inherited; /* parts of the score beside the surprise */
	struct slice other, other_account;   /* whose session may have launched it; empty: nobody's */
	struct path_hop hop[PATH_HOPS];      /* oldest first; the last is the login itself */
	size_t nhops;
	char group[24];               /* of an alert: key of what one person would open once */
};

struct path;
struct path *path_new(const struct path_options *opt);
void path_free(struct path *p);
/* False when the login is not judged (from the host itself, empty names); *v is filled otherwise. */
bool path_login(struct path *p, const struct path_login *l, struct path_verdict *v);
/* A session ended: by the pid of its sshd (0 unknown) or by source address' name and port (0 unknown). */
void path_ended(struct path *p, nstime t, struct slice host, uint32_t pid, struct slice source, uint32_t port);
/* Is a session open on the host, as far as known? */
bool path_anybody_on(struct path *p, struct slice host);
/* A host came up: no session of before is open. */
void path_booted(struct path *p, nstime t, struct slice host);
/* person became account `target` on host (sudo, su). */
void path_became(struct path *p, nstime t, struct slice host, struct slice person, struct slice target);
/* Everything it knows, to bytes and back (into a fresh one; it is fresh again when the bytes are not of such an engine). */
void path_save(struct path *p, struct buf *b);
bool path_load(struct path *p, struct wire *w);
/* Has the learning time passed? */
bool path_learnt(const struct path *p);
/* Least score that alerts now. */
double path_threshold(const struct path *p);
uint64_t path_logins(const struct path *p);
/* How often something had to be forgotten before its time. */
uint64_t path_forgotten(const struct path *p);

#endif
