/* model_private.h - private to room gate: rows of the vault, what was approved, hours. */
#ifndef POSTERN_GATE_MODEL_PRIVATE_H
#define POSTERN_GATE_MODEL_PRIVATE_H

#include "gate/gate.h"

enum {
	GATE_ID_MAX = 64, GATE_NAME_MAX = 128, GATE_TEXT_MAX = 500, GATE_HOSTS_MAX = 256, GATE_SOURCES_MAX = 64, GATE_WINDOWS_MAX = 32, GATE_COMMANDS_MAX = 64,
	GATE_COMMAND_TEXT = 1024, GATE_KEYS_MAX = 32, GATE_ACCOUNTS_MAX = 16,
};

/* ---- lists in one column: one item a line ---------------------------------------------------------------------------- */
void gate_texts_out(struct buf *b, const struct slice *v, size_t n);
void gate_sources_out(struct buf *b, const struct cidr *v, size_t n);
void gate_windows_out(struct buf *b, const struct gate_window *v, size_t n); /* "31 480 1020": days, from, until */
int gate_texts_in(struct slice text, struct arena *mem, struct slice **out, size_t *n);
int gate_sources_in(struct slice text, struct arena *mem, struct cidr **out, size_t *n);
int gate_windows_in(struct slice text, struct arena *mem, struct gate_window **out, size_t *n);

/* SHA-256 over everything that an approver approves, in one way of writing it. */
void gate_grant_digest(const struct gate_grant *x, char hex[static 2 * CHAIN_HASH + 1]);

/* ---- is this text what its column may hold? 0 or ERR_* with *e ------------------------------------------------------------ */
int gate_check_id(struct slice s, const char *what, struct err *e);       /* a-z 0-9 . _ -, begins with a letter or digit */
int gate_check_account(struct slice s, const char *what, struct err *e);  /* of a Unix account */
int gate_check_text(struct slice s, const char *what, size_t low, size_t high, struct err *e); /* UTF-8 on one line */
int gate_check_grant(const struct gate_grant *x, struct err *e);          /* all of it, but for times */

/* ---- hours --------------------------------------------------------------------------------------------------------------- */
/* Is t within a window of x? until: when it would not be any more, at most `most`. */
bool gate_hours_fit(const struct gate_grant *x, nstime t, nstime most, nstime *until);

/* ---- changes ---------------------------------------------------------------------------------------------------------------- */
nstime gate_now(const struct gate *g);
int gate_change_begin(struct gate *g, struct err *e);
/* rc 0: counts the change, writes the audit record, commits. Else rolls back. Returns rc or what failed. */
int gate_change_end(struct gate *g, int rc, const char *action, struct slice object, const char *detail, struct err *e);
/* The actor's name says who it is, and it is nobody of a provider. ERR_PERM. doing: "approve". Inside a transaction. */
int gate_actor_staff(struct gate *g, const char *doing, struct err *e);
/* ERR_NOENT with *e when there is none. what: "provider", "person". */
int gate_need(struct gate *g, const char *what, struct slice id, struct err *e);
/* One grant as it is now, texts in mem. ERR_NOENT. */
int gate_grant_get(struct gate *g, struct slice id, struct arena *mem, struct gate_grant *out, struct err *e);
typedef int gate_grant_fn(void *arg, struct gate_grant *x);
/* Grants of the database; id empty: all. zones are not loaded. */
int gate_grants_read(struct vault *v, struct slice id, struct arena *mem, gate_grant_fn *fn, void *arg, struct err *e);

#endif
