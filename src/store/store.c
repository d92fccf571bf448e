/* store.c - the file, its statements and transactions. */
#include "store/store_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 5000 };

int store_fail(struct store *s, struct err *e, const char *doing)
{
	int code = sqlite3_errcode(s->db);
	return err_set(e, code == SQLITE_NOMEM ? ERR_NOMEM : code == SQLITE_BUSY || code == SQLITE_LOCKED ? ERR_STOPPED : ERR_IO, "%s: %s: %s", s->path, doing,
		sqlite3_errmsg(s->db));
}

sqlite3_stmt *store_statement(struct store *s, enum statement id, struct err *e)
{
	static const char *const sql[STATEMENT_COUNT] = {
#define X(name, text) text,
		STATEMENTS(X)
#undef X
	};
	if (!s->q[id] && sqlite3_prepare_v3(s->db, sql[id], -1, SQLITE_PREPARE_PERSISTENT, &s->q[id], NULL) != SQLITE_OK) {
		store_fail(s, e, "cannot prepare a statement");
		return NULL;
	}
	sqlite3_reset(s->q[id]);
	sqlite3_clear_bindings(s->q[id]);
	return s->q[id];
}

int store_step(struct store *s, sqlite3_stmt *q, struct err *e)
{
	int rc = sqlite3_step(q);
	if (rc == SQLITE_ROW)
		return 1;
	int out = rc == SQLITE_DONE ? 0 : store_fail(s, e, "cannot read or write");
	sqlite3_reset(q);
	return out;
}

int store_run(struct store *s, sqlite3_stmt *q, struct err *e)
{
	int rc = store_step(s, q, e);
	if (rc > 0) {
		sqlite3_reset(q);
		return err_set(e, ERR_IO, "%s: a statement gave rows it should not give", s->path);
	}
	return rc;
}

void bind_slice(sqlite3_stmt *q, int at, struct slice v)
{
	sqlite3_bind_text64(q, at, v.n ? v.p : "", v.n, SQLITE_TRANSIENT, SQLITE_UTF8);
}

void bind_like(sqlite3_stmt *q, int at, struct slice v)
{
	struct buf b = {0};
	if (v.n)
		buf_addc(&b, '%');
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '%' || v.p[i] == '_' || v.p[i] == '\\')
			buf_addc(&b, '\\');
		buf_addc(&b, v.p[i]);
	}
	if (v.n)
		buf_addc(&b, '%');
	bind_slice(q, at, buf_slice(&b));
	buf_free(&b);
}

void bind_blob(sqlite3_stmt *q, int at, struct slice v)
{
	sqlite3_bind_blob64(q, at, v.n ? v.p : "", v.n, SQLITE_TRANSIENT);
}

struct slice column_slice(sqlite3_stmt *q, int at)
{
	const void *p = sqlite3_column_blob(q, at);
	return slice_make(p, (size_t)sqlite3_column_bytes(q, at));
}

static int pragma(struct store *s, const char *sql, struct err *e)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_fail(s, e, sql);
}

/* The file is ours alone from its first byte. */
static int make_private(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(e, ERR_IO, "cannot open %s: %m", path);
	close(fd);
	return 0;
}

struct store *store_open(const char *path, enum store_mode mode, struct err *e)
{
	struct store *s = xcalloc(1, sizeof *s);
	int flags = (mode == STORE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
	snprintf(s->path, sizeof s->path, "%s", path);
	if (mode == STORE_CREATE && make_private(path, e)) {
		free(s);
		return NULL;
	}
	if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK) {
		err_set(e, access(path, F_OK) ? ERR_NOENT : ERR_IO, "cannot open %s: %s", path, s->db ? sqlite3_errmsg(s->db) : "out of memory");
		store_close(s);
		return NULL;
	}
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	int rc = mode == STORE_READ ? 0 : pragma(s, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON", e);
	if (!rc)
		rc = store_migrate(s, mode != STORE_READ, e);
	if (!rc)
		return s;
	store_close(s);
	return NULL;
}

/* Root reaches the files of watch's engine as their owner: what it makes beside the database (WAL) must be the engine's, and the kernel lets
 * nobody else open those in a sticky folder (fs.protected_regular). They stay open. */
struct store *store_open_owned(const char *path, enum store_mode mode, struct err *e)
{
	struct stat st;
	bool other = geteuid() == 0 && lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid != 0;
	if (other) {
		setfsgid(st.st_gid);
		setfsuid(st.st_uid);
	}
	struct store *s = store_open(path, mode, e);
	if (other) {
		setfsuid(0);
		setfsgid(0);
	}
	return s;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	for (int i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(s->q[i]);
	sqlite3_close(s->db);
	free(s);
}

static int simple(struct store *s, enum statement id, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, id, e);
	return q ? store_run(s, q, e) : ERR_IO;
}

int store_begin(struct store *s, struct err *e)
{
	return simple(s, Q_BEGIN, e);
}

int store_commit(struct store *s, struct err *e)
{
	return simple(s, Q_COMMIT, e);
}

void store_rollback(struct store *s)
{
	struct err e;
	if (!sqlite3_get_autocommit(s->db))
		(void)simple(s, Q_ROLLBACK, &e);
}

int store_seed(struct store *s, uint64_t *seed, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_SEED_GET, e);
	int rc = q ? store_step(s, q, e) : ERR_IO;
	if (rc == 1) {
		*seed = (uint64_t)sqlite3_column_int64(q, 0);
		sqlite3_reset(q);
		return 0;
	}
	if (rc < 0)
		return rc;
	if (getrandom(seed, sizeof *seed, 0) != (ssize_t)sizeof *seed)
		return err_set(e, ERR_IO, "no random numbers: %m");
	q = store_statement(s, Q_SEED_PUT, e);
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, (int64_t)*seed);
	return store_run(s, q, e);
}

/* ---- sources and memory ------------------------------------------------------------------------------------------ */

int store_source_put(struct store *s, struct store_source *x, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_SOURCE_PUT, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, x->path);
	bind_slice(q, 2, x->host);
	sqlite3_bind_int64(q, 3, (int64_t)x->dev);
	sqlite3_bind_int64(q, 4, (int64_t)x->ino);
	sqlite3_bind_int64(q, 5, (int64_t)x->offset);
	sqlite3_bind_int64(q, 6, (int64_t)x->head);
	sqlite3_bind_int64(q, 7, x->head_bytes);
	sqlite3_bind_int64(q, 8, x->seen);
	sqlite3_bind_int(q, 9, x->done);
	bind_slice(q, 10, x->set);
	if (x->id) /* unbound is NULL: the file gives one */
		sqlite3_bind_int64(q, 11, x->id);
	int rc = store_run(s, q, e);
	if (!rc && !x->id)
		x->id = (uint32_t)sqlite3_last_insert_rowid(s->db);
	return rc;
}

int store_sources(struct store *s, store_source_fn *fn, void *arg, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_SOURCES, e);
	int rc = q ? 0 : ERR_IO;
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		struct store_source x = {.path = column_slice(q, 0), .host = column_slice(q, 1), .dev = (uint64_t)sqlite3_column_int64(q, 2),
			.ino = (uint64_t)sqlite3_column_int64(q, 3), .offset = (uint64_t)sqlite3_column_int64(q, 4), .head = (uint64_t)sqlite3_column_int64(q, 5),
			.head_bytes = (uint32_t)sqlite3_column_int64(q, 6), .seen = sqlite3_column_int64(q, 7), .done = sqlite3_column_int(q, 8),
			.set = column_slice(q, 9), .id = (uint32_t)sqlite3_column_int64(q, 10)};
		rc = fn(arg, &x);
	}
	if (q)
		sqlite3_reset(q);
	return rc;
}

int store_memory_put(struct store *s, const char *name, struct slice bytes, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MEMORY_PUT, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(name));
	bind_blob(q, 2, bytes);
	return store_run(s, q, e);
}

int store_memory_get(struct store *s, const char *name, struct buf *out, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MEMORY_GET, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(name));
	int rc = store_step(s, q, e);
	if (rc == 1) {
		buf_adds(out, column_slice(q, 0));
		sqlite3_reset(q);
		return 0;
	}
	return rc ? rc : err_set(e, ERR_NOENT, "%s: no memory named %s", s->path, name);
}

int store_version(struct store *s, int64_t *version, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_DATA_VERSION, e);
	int rc = q ? store_step(s, q, e) : ERR_IO;
	if (rc > 0)
		*version = sqlite3_column_int64(q, 0);
	if (q)
		sqlite3_reset(q);
	return rc > 0 ? 0 : rc ? rc : err_set(e, ERR_IO, "the state has no version");
}
