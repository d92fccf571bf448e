/* accounts.h - private to room console, and to the broker in it: who may log in, sessions, throttling. One SQLite file, STATE/console/accounts.db.
 *
 * Threads: one at a time per struct; each thread of the broker opens its own.  Errors: ERR_* with *e, whose text is for the person where it says so.
 */
#ifndef POSTERN_CONSOLE_ACCOUNTS_H
#define POSTERN_CONSOLE_ACCOUNTS_H

#include "console/broker.h"

enum { PASSWORD_LEAST = 12, PASSWORD_MOST = 200, NAME_MOST = 32, SESSIONS_MOST = 8 /* of a user; the oldest ends */, TOKEN_BYTES = 20, KEY_HASH = 32 };
#define SESSION_IDLE (30 * NS_MIN)
#define SESSION_LONGEST (12 * NS_HOUR)
#define SESSION_TOUCH NS_MIN /* it is written no more often that somebody was there */

struct console_accounts {
	struct vault *vault;
	struct factor *factor;
};
/* "STATE/console/accounts.db" and the like; ERR_LIMIT too long. */
int accounts_path(const char *state, const char *name, char *out, size_t n, struct err *e);
bool accounts_name_fine(struct slice name);
int accounts_password_fine(struct slice name, struct slice password, struct err *e);
/* Argon2id of a new password, PHC format. */
int accounts_hash(struct slice password, char out[static 128], struct err *e);
/* Such a hash becomes the user's; ends all sessions. ERR_NOENT. May be in the caller's transaction. */
int accounts_hash_put(struct console_accounts *c, struct slice name, const char *hash, struct err *e);
/* Of the key in the vault under which words that are good once, and tokens, are kept: what is read from the file opens nothing. */
void accounts_key(struct slice word, uint8_t out[static KEY_HASH]);
void accounts_random(char out[static BROKER_TOKEN]); /* hex of 160 bits */

/* The user as `who`; ERR_NOENT no such one, or shut out. */
int accounts_who(struct console_accounts *c, struct slice name, struct broker_who *who, struct err *e);
/* Name of the second factor: "console/NAME". */
struct slice accounts_person(struct slice name, char out[static 80]);

/* ---- sessions: accounts_session.c ------------------------------------------------------------------------------------------------------------ */
/* A fresh token; who->csrf is set. */
int accounts_session_make(struct console_accounts *c, struct broker_who *who, struct slice source, nstime now, char token[static BROKER_TOKEN], struct err *e);
/* Whose is it? ERR_NOENT nobody's, or over. */
int accounts_session_who(struct console_accounts *c, struct slice token, nstime now, bool touch, struct broker_who *who, struct err *e);
int accounts_session_end(struct console_accounts *c, struct slice token, struct err *e);
/* All of a user but this one (empty: none is spared). */
int accounts_sessions_end(struct console_accounts *c, struct slice name, struct slice spared, struct err *e);

/* ---- logging in: accounts_login.c ------------------------------------------------------------------------------------------------------------- */
struct login {
	struct slice name, password, code, source;
	nstime now;
};
enum login_end { LOGIN_GOOD, LOGIN_RECOVERY /* with a recovery code */, LOGIN_WRONG, LOGIN_WAIT /* *wait: nanoseconds */ };
/* Takes as long for names that nobody has. who is filled when it was good. */
int accounts_login(struct console_accounts *c, const struct login *l, enum login_end *end, nstime *wait, struct broker_who *who, struct err *e);
/* Only the password of somebody who is logged in; throttled alike. */
int accounts_password_check(struct console_accounts *c, const struct login *l, enum login_end *end, nstime *wait, struct err *e);
/* The second factor again. LOGIN_WRONG also when there is none. */
int accounts_factor_check(struct console_accounts *c, const struct login *l, enum login_end *end, nstime *wait, struct err *e);
/* A word that is good once: sets the password. name: whose it was. note puts on record what is about to count, in its transaction; what it returns but 0 undoes it. */
typedef int accounts_note_fn(void *arg, struct slice name, struct err *e);
int accounts_invited(struct console_accounts *c, const struct login *l /* name: not used; code: the word */, accounts_note_fn *note, void *arg, char name[static NAME_MOST + 1],
	enum login_end *end, nstime *wait, struct err *e);

#endif
