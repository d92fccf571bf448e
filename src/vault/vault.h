/* vault.h - durable state of the gate, one SQLite file: providers, persons, keys, grants and who approved them, sessions, seeds (encrypted).
 *
 * The room knows rows and transactions, not what they mean: rooms factor and gate do. Several processes write (the service, commands), each
 * change in one transaction (BEGIN IMMEDIATE, WAL, synchronous=FULL).
 * Life: vault_open(), calls, vault_close().  Threads: one at a time per struct.  Errors: ERR_* with *e.
 */
#ifndef POSTERN_VAULT_H
#define POSTERN_VAULT_H

#include "core/core.h"

struct vault;
enum vault_mode { VAULT_READ, VAULT_WRITE, VAULT_CREATE };
/* ERR_NOENT no file; ERR_UNSUPPORTED of a newer Postern; ERR_PERM somebody else may write it; ERR_IO no database, damaged. CREATE makes the file,
 * mode 0600. */
struct vault *vault_open(const char *path, enum vault_mode mode, struct err *e);
void vault_close(struct vault *v);
/* Tables of a room: steps[n] makes version n + 1 of them; what is missing is done, in one transaction (not inside one of the caller's). The room's
 * name and steps are static. Cheap when called again. A file opened VAULT_READ must have them all: ERR_UNSUPPORTED. Never change a step that was
 * released. */
int vault_tables(struct vault *v, const char *room, const char *const *steps, size_t n, struct err *e);
int vault_begin(struct vault *v, struct err *e);  /* exclusive against other writers; ERR_STOPPED: another one held it for 5 s */
int vault_look(struct vault *v, struct err *e);   /* for reading only: all that follows is of one moment, until vault_rollback() */
int vault_commit(struct vault *v, struct err *e); /* on the disk when it returns; ERR_*: nothing was changed, rolled back */
void vault_rollback(struct vault *v);             /* nothing happens when there is no transaction */
bool vault_busy(const struct vault *v);           /* inside a transaction */
/* SQLite's own check of the whole file; ERR_IO with its first words when something is wrong. */
int vault_check(struct vault *v, struct err *e);
/* Changes whenever another process committed: cheap to ask. */
int vault_version(struct vault *v, int64_t *version, struct err *e);

/* A statement of a table of ours: prepared once per text (which must be static), bound by kind: 's' struct slice, 'b' struct slice as blob, 'i' int64_t, 't' nstime
 * (NSTIME_NONE is NULL). fn per row, 0 to go on; what else it returns ends the statement and is returned. NULL: rows are not wanted. fn may run other statements.
 * ERR_DUP: a row with this key is there. ERR_RANGE: another rule of the table is broken. ERR_STOPPED: another process held the file too long. */
struct vault_row;
typedef int vault_row_fn(void *arg, const struct vault_row *r);
int vault_run(struct vault *v, const char *sql, vault_row_fn *fn, void *arg, struct err *e, const char *kinds, ...);
struct slice vault_text(const struct vault_row *r, int column);   /* valid during the callback */
int64_t vault_int(const struct vault_row *r, int column);
nstime vault_time(const struct vault_row *r, int column);         /* NSTIME_NONE for NULL */
int64_t vault_changes(const struct vault *v);                     /* rows the last statement changed */

#endif
