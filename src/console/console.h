/* console.h - the web console: pages and a JSON API over HTTPS, for people who do not live in a terminal.
 *
 * Two processes (research: DESIGN.md 8):
 *   broker   keeps the rights of who started it: users, passwords, second factors, the gate, held mail. Answers questions of fixed size (broker.h), each with the
 *            token of the session it is asked for, and checks that session's role itself: a web process that was taken over can do no more than who is logged in.
 *   web      unprivileged, confined: takes connections, parses requests, reads the state, writes pages. What opens something (an approval, a release of mail,
 *            resuming a provider) needs the person's second factor again, which only the broker can check.
 *
 * Life:    console_run() until SIGTERM or SIGINT; once per process, before threads.  Errors: ERR_* with *e: it could not start.
 */
#ifndef POSTERN_CONSOLE_H
#define POSTERN_CONSOLE_H

#include "core/core.h"
#include "gate/gate.h"
#include "inspect/inspect.h"
#include "org/org.h"

/* Each role may what its row in the tables of routes and of the broker says; there is no order among them, an account may have several. */
enum role { ROLE_EMPLOYEE = 1, ROLE_ANALYST = 2, ROLE_APPROVER = 4, ROLE_ADMINISTRATOR = 8, ROLE_ANY = 15 };

/* A setting as the page Settings shows it; key as it is written in its file. No secrets. */
struct console_fact { struct slice file, key, value; };

struct console_options {
	const char *state;             /* folder: postern.db, gate.db, recordings/, audit.log; STATE/console/ is ours */
	const char *quarantine;        /* folder of held mail; NULL: none */
	const char *lessons;           /* folder of lessons */
	const char *web;               /* folder of style sheet, script, openapi.json */
	const char *listen;            /* "127.0.0.1:8443", "[::1]:8443"; port 0: any (told on stdout) */
	const char *certificate, *key; /* PEM files; NULL: made at the first start in STATE/console/ */
	bool plain;                    /* HTTP without TLS, behind a proxy of this machine: loopback only */
	const char *user;              /* the web process becomes this user when started by root; NULL: "postern" */
	const char *sendmail;          /* for releasing mail */
	const struct org *org;         /* outlives the call */
	const struct lure_known *known; /* for what is inspected: own domains, products; outlives the call */
	const struct gate_settings *gate;
	const char *version;
	const struct console_fact *facts; size_t nfacts;
	unsigned threads;              /* of the web process; 0: 4 */
	int ready_fd;                  /* -1, or: the address and a newline when it listens (tests) */
};
int console_run(const struct console_options *o, struct err *e);

/* Every route as a line of JSON: method, path, roles ([]: everybody), upload, json. */
void console_routes(struct buf *out);

/* ---- accounts: STATE/console/accounts.db, of the broker alone ------------------------------------------------------------------------- */
struct console_user {
	struct slice name;             /* login name; lower case, digits, . _ - */
	struct slice shown, mail, team;
	unsigned roles;                /* bits of enum role */
	enum lure_language language;
	bool disabled, factor;         /* factor: asked for at login (always for who is more than employee, once enrolled) */
	nstime created, last;          /* last login; NSTIME_NONE never */
};
struct console_accounts;
struct console_accounts *console_accounts_open(const char *state, bool make, struct err *e);
void console_accounts_close(struct console_accounts *c);
typedef int console_user_fn(void *arg, const struct console_user *u);
int console_users(struct console_accounts *c, console_user_fn *fn, void *arg, struct err *e);
/* Adds, or changes who is there. Without a password nobody can log in. ERR_RANGE: no such name. */
int console_user_put(struct console_accounts *c, const struct console_user *u, struct err *e);
int console_user_password(struct console_accounts *c, struct slice name, struct slice password, struct err *e); /* Argon2id; ends the user's sessions */
/* A word good once, for `hours`, with which the user sets a password: shown once. */
int console_user_invite(struct console_accounts *c, struct slice name, unsigned hours, struct buf *out, struct err *e);
int console_user_factor_reset(struct console_accounts *c, struct slice name, struct err *e); /* the device is lost; ERR_NOENT: there is none */
int console_user_remove(struct console_accounts *c, struct slice name, struct err *e);

#endif
