/* usage.h - which rights were used: logins, sudo commands, switches of account, taken out of events; and how much the logs would have shown.
 *
 * Life:    usage_new(), usage_event() for every event in time order, usage_close(), then only reading.
 * Threads: one at a time. Memory is bounded (LRU maps); what had to be forgotten makes every "never" an "unknown" (usage_complete).
 * Names of hosts are compared in lower case, by first label; accounts exactly. Texts that are handed out live as long as the usage.
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
/* Before the events: the files that event.source numbers. log: which log (a rotated set) it is of; place: in it, oldest first; follows: nothing is missing
 * between it and the older file of its log (auth.log.2 behind auth.log.3). Without this each file is a log of its own. Copied. */
struct usage_source { uint32_t log, place; bool follows; };
void usage_sources(struct usage *u, const struct usage_source *v, size_t n);
/* Before the close: this file was not read to its end. */
void usage_broken(struct usage *u, uint32_t source);
/* The account behind a number there, from who knows passwd: auditd writes numbers. PAM's lines teach them, too. */
void usage_uid(struct usage *u, struct slice host, int64_t uid, struct slice account);
void usage_event(struct usage *u, const struct event *e);
/* Everything was given. */
void usage_close(struct usage *u);
/* False: something had to be forgotten. */
bool usage_complete(const struct usage *u);
/* Can commands that this account ran there have been forgotten? Who runs too many different ones makes only his own rights unsure. account SLICE_NONE: of
 * anybody there. */
bool usage_forgot(const struct usage *u, struct slice host, struct slice account);
/* Time of the newest event that has one; NSTIME_NONE: none. */
nstime usage_last(const struct usage *u);

struct usage_seen {
	nstime first, last;
	uint64_t count;
	struct slice evidence;    /* the newest line, cut; "" none */
};
/* USAGE_OTHER: hostbased, GSSAPI, no authentication, or keyboard-interactive behind a key (a code or a password). Keyboard-interactive alone counts as
 * password. */
enum usage_method { USAGE_ANY, USAGE_KEY, USAGE_PASSWORD, USAGE_CERTIFICATE, USAGE_OTHER };
/* Logins to account@host by this way; fingerprint (SHA256:...) SLICE_NONE: by any key; of a certificate also its authority's. False: none was seen. */
bool usage_login(const struct usage *u, struct slice host, struct slice account, enum usage_method method, struct slice fingerprint, struct usage_seen *out);
/* Was a login logged there whose method or key the log does not tell (LogLevel too low, only PAM's, wtmp's or auditd's word)? Then "this key was never used"
 * cannot be said. usage_unclear tells when. */
bool usage_login_unclear(const struct usage *u, struct slice host, struct slice account);
bool usage_unclear(const struct usage *u, struct slice host, struct slice account, struct usage_seen *out);
struct usage_login_row {
	struct slice host, account, fingerprint;
	struct slice from;        /* address of the newest */
	struct slice key_id, serial, authority; /* of a certificate; authority "SHA256:..." */
	enum usage_method method;
	struct usage_seen seen;
};
/* Rows in the order of hosts, accounts and times. fn returns false to stop. */
void usage_logins_each(const struct usage *u, bool (*fn)(void *arg, const struct usage_login_row *r), void *arg);
/* Commands that an account ran through sudo (or doas, pkexec) there, each distinct command line once. run_as "": the log does not tell (auditd); then the
 * command is as it was typed, "id -u" for "/usr/bin/id -u". */
struct usage_sudo_row {
	struct slice host, account, run_as, command;
	struct slice program;     /* sudo, doas, pkexec, auditd */
	bool cut;                 /* the command was longer than what is kept, or than a line: the text is not exact */
	struct usage_seen seen;
};
/* host SLICE_NONE: all rows; account SLICE_NONE: all of the host. */
void usage_sudo_each(const struct usage *u, struct slice host, struct slice account, bool (*fn)(void *arg, const struct usage_sudo_row *r), void *arg);
/* su from one account to another. */
bool usage_switch(const struct usage *u, struct slice host, struct slice from, struct slice to, struct usage_seen *out);
/* When account was last seen doing anything there: logins, sudo, su, cron jobs. */
bool usage_account(const struct usage *u, struct slice host, struct slice account, struct usage_seen *out);

/* ---- how sure ---------------------------------------------------------------------------------------------------------- */
enum usage_log { USAGE_LOG_LOGIN /* sshd */, USAGE_LOG_SUDO /* sudo, doas */, USAGE_LOG_COUNT };
/* Time counts as covered by a log in which lines of this kind stand: from line to line of one file, and to the file that follows; where the next file may not be
 * the next that was written, only over some hours. A day without a line in the middle counts when the host said something elsewhere (nobody logged in on
 * Sunday). Days on which the logger says that it dropped messages do not count. By hours, of UTC. */
struct usage_coverage {
	nstime first, last;       /* of any line of the host; NSTIME_NONE: nothing was read */
	nstime from, to;          /* of what is covered; NSTIME_NONE: nothing */
	uint32_t days;            /* from `from` to `to`, begun ones counted, without the gaps' whole days */
	uint32_t gaps;
	nstime longest_gap, gap;  /* how long the longest is, and its beginning */
	bool kind_seen;           /* a line of this kind stands anywhere */
	bool lost, broken;        /* the logger dropped messages; a log could not be read to its end */
};
void usage_coverage(const struct usage *u, struct slice host, enum usage_log kind, struct usage_coverage *out);
/* Would the logs show it, had the right been used within `days` before `now`? NULL: yes; else why not, static text. The last two
 * days before `now` need no line. */
const char *usage_unsure(const struct usage *u, struct slice host, enum usage_log kind, nstime now, uint32_t days);
void usage_hosts_each(const struct usage *u, bool (*fn)(void *arg, struct slice host), void *arg);

#endif
