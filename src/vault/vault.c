/* vault.c - the file, its statements and transactions. */
#include "vault/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Clients of the service wait for 2 s; whoever changes something by hand may wait longer. */
enum { BUSY_MS = 5000, STATEMENTS_MAX = 192, ROOMS_MAX = 8 };

struct kept {
	const char *sql;
	sqlite3_stmt *q;
	bool running;
};
struct vault {
	sqlite3 *db;
	char path[4096];
	bool read_only;
	struct kept kept[STATEMENTS_MAX];
	size_t nkept;
	const char *rooms[ROOMS_MAX]; /* whose tables are known to be there */
	size_t nrooms;
};
struct vault_row {
	sqlite3_stmt *q;
};

static int fail(struct vault *v, struct err *e, const char *doing)
{
	static const struct { int sqlite, code; } codes[] = {
		{SQLITE_NOMEM, ERR_NOMEM}, {SQLITE_BUSY, ERR_STOPPED}, {SQLITE_LOCKED, ERR_STOPPED}, {SQLITE_CONSTRAINT, ERR_RANGE}, {SQLITE_READONLY, ERR_PERM},
	};
	int extended = sqlite3_extended_errcode(v->db), code = ERR_IO;
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if ((extended & 0xff) == codes[i].sqlite)
			code = codes[i].code;
	if (extended == SQLITE_CONSTRAINT_PRIMARYKEY || extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_ROWID)
		code = ERR_DUP;
	return err_set(e, code, "%s: %s: %s", v->path, doing, sqlite3_errmsg(v->db));
}

/* Ours alone from its first byte; of a file that is there already, nobody else may be able to write what the gate believes. It is looked at without being opened:
 * closing any descriptor of a file takes all locks this process has on it (fcntl(2)), those of SQLite in other threads too. */
static int check_private(const char *path, bool make, struct err *e)
{
	struct stat st;
	int fd = make ? open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
	if (fd >= 0)
		close(fd); /* a new one: nobody has a lock on it */
	if ((make && fd < 0 && errno != EEXIST) || lstat(path, &st))
		return err_set(e, errno == ENOENT ? ERR_NOENT : errno == EACCES ? ERR_PERM : ERR_IO, "cannot open %s: %m", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, S_ISLNK(st.st_mode) ? ERR_IO : ERR_TYPE, "%s is no file", path);
	if ((st.st_mode & 077) || (st.st_uid != geteuid() && st.st_uid != 0))
		return err_set(e, ERR_PERM, "%s can be read or written by others (mode %04o, user %u): it is not believed", path, st.st_mode & 07777u, st.st_uid);
	if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS))
		return err_set(e, ERR_PERM, "cannot open %s: %m", path);
	return 0;
}

/* The state's folder is shared with processes that read hostile logs. What SQLite believes beside the file - a log of writes, a journal to play back - must
 * not be theirs: these files are made first, are ours, and stay (in a sticky folder nobody else can replace them). */
static int check_companions(const char *path, bool make, struct err *e)
{
	static const char *const ends[] = {"-journal", "-wal", "-shm"};
	char name[4096 + 16];
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct stat st;
		snprintf(name, sizeof name, "%s%s", path, ends[i]);
		int fd = make ? open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
		if (fd >= 0)
			close(fd);
		if (lstat(name, &st)) {
			if (errno == ENOENT && !make)
				continue;
			return err_set(e, ERR_IO, "cannot make %s: %m", name);
		}
		if (!S_ISREG(st.st_mode) || (st.st_mode & 077) || (st.st_uid != geteuid() && st.st_uid != 0))
			return err_set(e, ERR_PERM, "%s is not Postern's (mode %04o, user %u): somebody put it there, nothing is believed", name, st.st_mode & 07777u, st.st_uid);
	}
	return 0;
}

static int simple(struct vault *v, const char *sql, const char *doing, struct err *e)
{
	return sqlite3_exec(v->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(v, e, doing);
}

/* SQLite does not wait here: of several that turn a new file into one with a log at the same moment, all but one are told that it is busy. */
static int turn_to_log(struct vault *v, struct err *e)
{
	enum { STEP_MS = 5 };
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000};
	for (int waited = 0;; waited += STEP_MS) {
		int rc = sqlite3_exec(v->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
		if (rc == SQLITE_OK)
			return 0;
		if ((rc & 0xff) != SQLITE_BUSY || waited >= BUSY_MS)
			return fail(v, e, "cannot be set up");
		nanosleep(&step, NULL);
	}
}

static int set_up(struct vault *v, struct err *e)
{
	int keep = 1;
	sqlite3_busy_timeout(v->db, BUSY_MS);
	sqlite3_extended_result_codes(v->db, 1);
	sqlite3_db_config(v->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(v->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_file_control(v->db, NULL, SQLITE_FCNTL_PERSIST_WAL, &keep);
	int rc = simple(v, "PRAGMA cell_size_check=ON; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON", "cannot be set up", e);
	if (!rc && !v->read_only) /* before anything is written: a write ahead log, each commit on the disk */
		rc = turn_to_log(v, e);
	if (!rc && !v->read_only)
		rc = simple(v, "PRAGMA synchronous=FULL; PRAGMA journal_size_limit=0", "cannot be set up", e);
	if (!rc && !v->read_only)
		rc = simple(v, "CREATE TABLE IF NOT EXISTS part(room TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID", "cannot make the tables", e);
	if (!rc)
		rc = simple(v, "SELECT count(*) FROM sqlite_schema", "is no state of the gate", e);
	return rc ? rc : check_companions(v->path, !v->read_only, e); /* a new file's journal went when it became a log */
}

struct vault *vault_open(const char *path, enum vault_mode mode, struct err *e)
{
	if (check_private(path, mode == VAULT_CREATE, e) || check_companions(path, mode != VAULT_READ, e))
		return NULL;
	struct vault *v = xcalloc(1, sizeof *v);
	snprintf(v->path, sizeof v->path, "%s", path);
	v->read_only = mode == VAULT_READ;
	int flags = (v->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
	if (sqlite3_open_v2(path, &v->db, flags, NULL) != SQLITE_OK) {
		err_set(e, ERR_IO, "cannot open %s: %s", path, v->db ? sqlite3_errmsg(v->db) : "out of memory");
		vault_close(v);
		return NULL;
	}
	if (!set_up(v, e))
		return v;
	vault_close(v);
	return NULL;
}

void vault_close(struct vault *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->nkept; i++)
		sqlite3_finalize(v->kept[i].q);
	sqlite3_close(v->db);
	free(v);
}

/* ---- statements ---------------------------------------------------------------------------------------------------------- */

static bool bind(sqlite3_stmt *q, const char *kinds, va_list ap)
{
	int rc = SQLITE_OK;
	for (int i = 1; *kinds && rc == SQLITE_OK; i++, kinds++) {
		if (*kinds == 's' || *kinds == 'b') {
			struct slice s = va_arg(ap, struct slice);
			rc = *kinds == 's' ? sqlite3_bind_text64(q, i, s.n ? s.p : "", s.n, SQLITE_TRANSIENT, SQLITE_UTF8)
					   : sqlite3_bind_blob64(q, i, s.n ? s.p : "", s.n, SQLITE_TRANSIENT);
		} else {
			int64_t n = va_arg(ap, int64_t);
			rc = *kinds == 't' && n == NSTIME_NONE ? sqlite3_bind_null(q, i) : sqlite3_bind_int64(q, i, n);
		}
	}
	return rc == SQLITE_OK;
}

/* The kept one of this text, or NULL: it is running further up, or there are too many. */
static struct kept *keep(struct vault *v, const char *sql)
{
	for (size_t i = 0; i < v->nkept; i++)
		if (v->kept[i].sql == sql)
			return v->kept[i].running ? NULL : &v->kept[i];
	if (v->nkept == STATEMENTS_MAX)
		return NULL;
	struct kept *k = &v->kept[v->nkept];
	*k = (struct kept){.sql = sql};
	if (sqlite3_prepare_v3(v->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &k->q, NULL) != SQLITE_OK)
		return NULL; /* said again, and told, by who prepares it for once */
	v->nkept++;
	return k;
}

static int step_all(struct vault *v, sqlite3_stmt *q, vault_row_fn *fn, void *arg, struct err *e)
{
	struct vault_row row = {q};
	int rc;
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		int stop = fn ? fn(arg, &row) : 0;
		if (stop)
			return stop;
	}
	return rc == SQLITE_DONE ? 0 : fail(v, e, "cannot read or write");
}

int vault_run(struct vault *v, const char *sql, vault_row_fn *fn, void *arg, struct err *e, const char *kinds, ...)
{
	struct kept *k = keep(v, sql);
	sqlite3_stmt *q = k ? k->q : NULL;
	va_list ap;
	if (!q && sqlite3_prepare_v2(v->db, sql, -1, &q, NULL) != SQLITE_OK)
		return fail(v, e, "cannot prepare a statement");
	va_start(ap, kinds);
	bool bound = bind(q, kinds, ap);
	va_end(ap);
	if (k)
		k->running = true;
	int rc = bound ? step_all(v, q, fn, arg, e) : fail(v, e, "cannot bind a value");
	if (k) {
		k->running = false;
		sqlite3_reset(q);
		sqlite3_clear_bindings(q);
	} else {
		sqlite3_finalize(q);
	}
	return rc;
}

struct slice vault_text(const struct vault_row *r, int column)
{
	const void *p = sqlite3_column_blob(r->q, column);
	return slice_make(p, p ? (size_t)sqlite3_column_bytes(r->q, column) : 0);
}

int64_t vault_int(const struct vault_row *r, int column)
{
	return sqlite3_column_int64(r->q, column);
}

nstime vault_time(const struct vault_row *r, int column)
{
	return sqlite3_column_type(r->q, column) == SQLITE_NULL ? NSTIME_NONE : sqlite3_column_int64(r->q, column);
}

int64_t vault_changes(const struct vault *v)
{
	return sqlite3_changes64(v->db);
}

/* ---- transactions -------------------------------------------------------------------------------------------------------- */

int vault_begin(struct vault *v, struct err *e)
{
	return vault_run(v, "BEGIN IMMEDIATE", NULL, NULL, e, "");
}

int vault_look(struct vault *v, struct err *e)
{
	return vault_run(v, "BEGIN", NULL, NULL, e, "");
}

int vault_commit(struct vault *v, struct err *e)
{
	int rc = vault_run(v, "COMMIT", NULL, NULL, e, "");
	if (rc)
		vault_rollback(v);
	return rc;
}

void vault_rollback(struct vault *v)
{
	if (vault_busy(v))
		(void)vault_run(v, "ROLLBACK", NULL, NULL, NULL, "");
}

bool vault_busy(const struct vault *v)
{
	return !sqlite3_get_autocommit(v->db);
}

static int take_number(void *arg, const struct vault_row *r)
{
	*(int64_t *)arg = vault_int(r, 0);
	return 0;
}

int vault_version(struct vault *v, int64_t *version, struct err *e)
{
	return vault_run(v, "PRAGMA data_version", take_number, version, e, "");
}

static int take_problem(void *arg, const struct vault_row *r)
{
	struct slice words = vault_text(r, 0);
	return slice_eqz(words, "ok") ? 0 : err_set(arg, ERR_IO, "the file is damaged: %.*s", SLFMT(words));
}

int vault_check(struct vault *v, struct err *e)
{
	return vault_run(v, "PRAGMA integrity_check(1)", take_problem, e, e, "");
}

/* ---- tables of rooms ------------------------------------------------------------------------------------------------------- */

static int version_of(struct vault *v, const char *room, int64_t *have, struct err *e)
{
	*have = 0;
	return vault_run(v, "SELECT version FROM part WHERE room=?1", take_number, have, e, "s", slice_of(room));
}

static int migrate(struct vault *v, const char *room, const char *const *steps, int64_t newest, struct err *e)
{
	int64_t have = 0;
	int rc = vault_begin(v, e);
	if (!rc)
		rc = version_of(v, room, &have, e); /* another process may have been faster */
	for (; !rc && have < newest; have++)
		rc = simple(v, steps[have], "cannot make the tables", e);
	if (!rc)
		rc = vault_run(v, "INSERT INTO part(room,version) VALUES(?1,?2) ON CONFLICT(room) DO UPDATE SET version=?2", NULL, NULL, e, "si", slice_of(room), have);
	if (!rc)
		return vault_commit(v, e);
	vault_rollback(v);
	return rc;
}

int vault_tables(struct vault *v, const char *room, const char *const *steps, size_t n, struct err *e)
{
	int64_t have, newest = (int64_t)n;
	for (size_t i = 0; i < v->nrooms; i++)
		if (strcmp(v->rooms[i], room) == 0)
			return 0;
	int rc = version_of(v, room, &have, e);
	if (rc)
		return rc;
	if (have > newest)
		return err_set(e, ERR_UNSUPPORTED, "%s is of a newer Postern (version %lld of the tables of %s, this one knows %lld)", v->path, (long long)have, room,
			(long long)newest);
	if (have < newest && v->read_only)
		return err_set(e, ERR_UNSUPPORTED, "%s has no tables of %s yet", v->path, room);
	if (have < newest)
		rc = migrate(v, room, steps, newest, e);
	if (!rc && v->nrooms < ROOMS_MAX)
		v->rooms[v->nrooms++] = room;
	return rc;
}
