/* state.h - private to room cmd: commands that read or change Postern's state, beside a running watch. */
#ifndef POSTERN_CMD_STATE_H
#define POSTERN_CMD_STATE_H

#include "cmd/cmd.h"
#include "store/store.h"

#define STATE_OPTION {"state", 's', OPT_TEXT, "DIR", "folder of Postern's state (default $POSTERN_STATE, then /var/lib/postern)"}

struct chain;
struct state {
	struct store *store;
	struct chain *audit;  /* opened by the first state_record() */
	char folder[4096], file[4096];
	char who[128];        /* of this command: for the audit log, notes, suppressions */
	nstime now;
};
/* Confines the process (writing is left in the state folder, that of --output, and `other`, may be NULL) and opens the state. 0, or an
 * exit code after a message. state_close() in any case. */
int state_open(struct state *s, const struct args *a, enum store_mode mode, const char *other);
void state_close(struct state *s);
/* The audit log, opened when it was not: NULL with *e. arg: struct state. */
struct chain *state_audit(void *arg, struct err *e);
/* A record of the audit log, on the disk when it returns. False after a message: then nothing may be changed. */
bool state_record(struct state *s, const char *action, const char *object, struct slice detail);
/* Something failed after its record was written: a second one says so. */
void state_record_failure(struct state *s, const char *action, const char *object, struct slice detail);
/* Commits what `record` says was done: record first, then commit. 0, or an exit code after a message (and nothing changed). */
int state_commit(struct state *s, const char *action, const char *object, struct slice detail);
/* A message and EXIT_INPUT, or EXIT_USAGE for an id that is not there. */
int state_failed(struct state *s, const struct err *e);
/* "2027-06-30" (its end when `end`, else its beginning), or a span back from now: "36h", "7d". False: neither. */
bool state_time(const char *text, nstime now, bool end, nstime *out);

#endif
