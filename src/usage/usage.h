/* usage.h - which rights were used: logins, sudo commands, switches of account, taken out of events; and how much the logs would have shown.
 *
 * Life:    usage_new(), usage_event() for every event in time order, then only reading (usage_close() first).
 * Threads: one at a time. Memory is bounded (LRU maps); what had to be forgotten makes every "never" an "unknown" (usage_complete).
 * Names of hosts are compared in lower case, by first label; accounts exactly.
 */
#ifndef POSTERN_USAGE_H
#define POSTERN_USAGE_H

#include "core/core.h"
#include "event/event.h"

struct usage;
struct usage *usage_new(void);
void usage_free(struct usage *u);
/* What it wants to be given. */
void usage_wants(struct interest *i);
void usage_event(struct usage *u, const struct event *e);
/* Everything was given. */
void usage_close(struct usage *u);
/* False: something had to be forgotten. */
bool usage_complete(const struct usage *u);

struct usage_seen {
	nstime first, last;
	uint64_t count;
	struct slice evidence;    /* a line, cut; "" none */
};
enum usage_method { USAGE_ANY, USAGE_KEY, USAGE_PASSWORD, USAGE_CERTIFICATE, USAGE_OTHER };
/* Logins to account@host by this way; fingerprint (SHA256:...) SLICE_NONE: by any key. `from` in a row of usage_logins_each is the address. False: none was seen. */
bool usage_login(const struct usage *u, struct slice host, struct slice account, enum usage_method method, struct slice fingerprint, struct usage_seen *out);
/* Was a login logged there whose method or key the log does not tell (LogLevel INFO without fingerprints, wtmp)? Then "this key was never used" cannot be said. */
bool usage_login_unclear(const struct usage *u, struct slice host, struct slice account);
struct usage_login_row { struct slice host, account, fingerprint, from; enum usage_method method; struct usage_seen seen; };
void usage_logins_each(const struct usage *u, bool (*fn)(void *arg, const struct usage_login_row *r), void *arg);
/* Commands that an account ran through sudo (or doas, pkexec) there, each distinct command line once. */
struct usage_sudo_row { struct slice host, account, run_as, command; struct usage_seen seen; };
void usage_sudo_each(const struct usage *u, struct slice host, struct slice account, bool (*fn)(void *arg, const struct usage_sudo_row *r), void *arg);
/* su from one account to another. */
bool usage_switch(const struct usage *u, struct slice host, struct slice from, struct slice to, struct usage_seen *out);
/* When account was last seen doing anything there. */
bool usage_account(const struct usage *u, struct slice host, struct slice account, struct usage_seen *out);

/* ---- how sure ---------------------------------------------------------------------------------------------------------- */
enum usage_log { USAGE_LOG_LOGIN /* sshd, login */, USAGE_LOG_SUDO /* sudo, su, doas */, USAGE_LOG_COUNT };
struct usage_coverage {
	nstime first, last;       /* of any line of the host; NSTIME_NONE: nothing was read */
	uint32_t days;            /* days on which the host logged anything */
	uint32_t longest_gap;     /* days in a row without any line, between first and last */
	bool kind_seen;           /* a line of this kind of program stands anywhere */
};
void usage_coverage(const struct usage *u, struct slice host, enum usage_log kind, struct usage_coverage *out);
/* Would the logs show it, had the right been used within `days` before `now`? NULL: yes; else why not, static text. */
const char *usage_unsure(const struct usage *u, struct slice host, enum usage_log kind, nstime now, uint32_t days);
void usage_hosts_each(const struct usage *u, bool (*fn)(void *arg, struct slice host), void *arg);

#endif
