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
struct vault *vault_open(const char *path, enum vault_mode mode, struct err *e);
void vault_close(struct vault *v);
int vault_begin(struct vault *v, struct err *e);  /* exclusive against other writers */
int vault_commit(struct vault *v, struct err *e); /* on the disk when it returns */
void vault_rollback(struct vault *v);
/* Changes whenever another process committed: cheap to ask. */
int vault_version(struct vault *v, int64_t *version, struct err *e);

/* A statement of a table of ours: prepared once per text (which must be static), bound by kind: 's' struct slice, 'b' struct slice as blob, 'i' int64_t, 't' nstime
 * (NSTIME_NONE is NULL). fn per row; NULL: rows are not wanted. */
struct vault_row;
typedef int vault_row_fn(void *arg, const struct vault_row *r);
int vault_run(struct vault *v, const char *sql, vault_row_fn *fn, void *arg, struct err *e, const char *kinds, ...);
struct slice vault_text(const struct vault_row *r, int column);   /* valid during the callback */
int64_t vault_int(const struct vault_row *r, int column);
nstime vault_time(const struct vault_row *r, int column);
int64_t vault_changes(const struct vault *v);                     /* rows the last statement changed */

#endif
