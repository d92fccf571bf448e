/* schema.c - the tables, as a list of migrations: number n makes version n + 1 of the file. Never change one that was released. */
#include "store/store_private.h"

#include <stdio.h>

static const char *const migrations[] = {
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE source(id INTEGER PRIMARY KEY, path TEXT NOT NULL, host TEXT NOT NULL, dev INTEGER NOT NULL, ino INTEGER NOT NULL, pos INTEGER NOT NULL,"
	" head INTEGER NOT NULL, head_bytes INTEGER NOT NULL, seen INTEGER NOT NULL, done INTEGER NOT NULL);"
	"CREATE TABLE memory(name TEXT PRIMARY KEY, bytes BLOB NOT NULL);"
	"CREATE TABLE incident(id TEXT PRIMARY KEY, title TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, level INTEGER NOT NULL, status INTEGER NOT NULL,"
	" stages INTEGER NOT NULL, findings INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, opened INTEGER NOT NULL, updated INTEGER NOT NULL,"
	" closed INTEGER, merged TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE finding(uid TEXT PRIMARY KEY, rule TEXT NOT NULL, level INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL,"
	" title TEXT NOT NULL, body BLOB NOT NULL, incident TEXT REFERENCES incident(id));"
	"CREATE INDEX finding_last ON finding(last);"
	"CREATE INDEX finding_incident ON finding(incident);"
	"CREATE TABLE note(id INTEGER PRIMARY KEY, incident TEXT NOT NULL REFERENCES incident(id), time INTEGER NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL);"
	"CREATE TABLE outbox(id TEXT PRIMARY KEY, channel TEXT NOT NULL, body BLOB NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL, created INTEGER NOT NULL,"
	" due INTEGER NOT NULL);"
	"CREATE INDEX outbox_due ON outbox(state,due);",
	"ALTER TABLE source ADD COLUMN log TEXT NOT NULL DEFAULT '';"
	"CREATE TABLE action(id TEXT PRIMARY KEY, incident TEXT NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL, state INTEGER NOT NULL, dry_run INTEGER NOT NULL,"
	" created INTEGER NOT NULL, until INTEGER, done INTEGER, attempts INTEGER NOT NULL, result TEXT NOT NULL, undo BLOB NOT NULL);"
	"CREATE INDEX action_state ON action(state);"
	"CREATE TABLE suppression(id INTEGER PRIMARY KEY, rule TEXT NOT NULL, host TEXT NOT NULL, user TEXT NOT NULL, source TEXT NOT NULL, command TEXT NOT NULL,"
	" reason TEXT NOT NULL, incident TEXT NOT NULL, author TEXT NOT NULL, created INTEGER NOT NULL, until INTEGER NOT NULL, revoked INTEGER);"
	"ALTER TABLE incident ADD COLUMN follows TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE incident ADD COLUMN closer TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE incident ADD COLUMN closing TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE incident ADD COLUMN decision INTEGER;" /* number of the newest one about it */
	"CREATE INDEX incident_decision ON incident(decision);"
	"ALTER TABLE finding ADD COLUMN former TEXT NOT NULL DEFAULT '';" /* closed incidents it belonged to, each with a blank */
	"CREATE INDEX finding_former ON finding(former) WHERE former<>'';"
	"ALTER TABLE outbox ADD COLUMN incident TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE outbox ADD COLUMN level INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE outbox ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE outbox ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE outbox ADD COLUMN held INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE outbox ADD COLUMN under_way INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE outbox ADD COLUMN doubt INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE outbox ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE outbox ADD COLUMN error TEXT NOT NULL DEFAULT '';"
	"CREATE INDEX outbox_incident ON outbox(incident,channel);"
	"CREATE INDEX outbox_sent ON outbox(channel,sent);",
	"CREATE TABLE report(uid TEXT PRIMARY KEY, time INTEGER NOT NULL, who TEXT NOT NULL, verdict TEXT NOT NULL, name TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL,"
	" hashes TEXT NOT NULL, body BLOB NOT NULL, taken INTEGER NOT NULL DEFAULT 0);"
	"CREATE INDEX report_waiting ON report(taken) WHERE taken=0;"
	"CREATE INDEX report_time ON report(time);",
	/* lists of incidents, a page at a time: what is filtered and ordered by is in the index, rows are read only for what is shown */
	"CREATE INDEX incident_changed ON incident(updated DESC,id,level,kind,status);"
	"CREATE INDEX incident_status ON incident(status,updated DESC,id,level,kind);"
	"CREATE INDEX incident_level ON incident(status,level DESC,updated DESC,id,kind);"
	"CREATE INDEX incident_worst ON incident(level DESC,updated DESC,id,kind,status);"
	"CREATE INDEX incident_opened ON incident(opened DESC,id,level,updated,kind,status);"
	"CREATE INDEX incident_merged ON incident(merged) WHERE merged<>'';",
	"CREATE TABLE contact(ref TEXT PRIMARY KEY, uid TEXT NOT NULL, time INTEGER NOT NULL, who TEXT NOT NULL, platform TEXT NOT NULL, profile TEXT NOT NULL, firm TEXT NOT NULL,"
	" began TEXT NOT NULL, device TEXT NOT NULL, words TEXT NOT NULL, verdict TEXT NOT NULL, moved INTEGER NOT NULL, offered INTEGER NOT NULL, opened INTEGER NOT NULL,"
	" state INTEGER NOT NULL DEFAULT 0, outcome INTEGER NOT NULL DEFAULT 0, answer TEXT NOT NULL DEFAULT '', answerer TEXT NOT NULL DEFAULT '', answered INTEGER) WITHOUT ROWID;"
	"CREATE INDEX contact_time ON contact(time DESC,ref,state,who,uid);" /* a page of a list is found in it alone */
	"CREATE INDEX contact_answer ON contact(time,state,outcome,answered);"
	"CREATE INDEX contact_uid ON contact(uid);"
	"CREATE TABLE contact_file(ref TEXT NOT NULL, n INTEGER NOT NULL, time INTEGER NOT NULL, told BLOB NOT NULL, PRIMARY KEY(ref,n)) WITHOUT ROWID;"
	"CREATE TABLE example(id INTEGER PRIMARY KEY, incident TEXT NOT NULL, time INTEGER NOT NULL, author TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL);",
};

static int version(struct store *s, int64_t *out, struct err *e)
{
	sqlite3_stmt *q;
	if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &q, NULL) != SQLITE_OK)
		return store_fail(s, e, "is no state of Postern");
	int rc = store_step(s, q, e);
	*out = rc == 1 ? sqlite3_column_int64(q, 0) : 0;
	sqlite3_finalize(q);
	return rc < 0 ? rc : 0;
}

int store_migrate(struct store *s, bool may_write, struct err *e)
{
	const int64_t newest = ARRAY_LEN(migrations);
	int64_t have = 0;
	int rc = version(s, &have, e);
	if (rc)
		return rc;
	if (have > newest)
		return err_set(e, ERR_UNSUPPORTED, "%s is of a newer Postern (version %lld of the tables, this one knows %lld)", s->path, (long long)have, (long long)newest);
	if (have < newest && !may_write)
		return err_set(e, ERR_UNSUPPORTED, "%s is of an older Postern: start postern watch once", s->path);
	while (have < newest) {
		char done[64];
		int64_t now = 0;
		if (sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
			return store_fail(s, e, "cannot make the tables");
		rc = version(s, &now, e); /* another process may have been faster */
		snprintf(done, sizeof done, "PRAGMA user_version=%lld; COMMIT", (long long)now + 1);
		if (rc || (now < newest && (sqlite3_exec(s->db, migrations[now], NULL, NULL, NULL) != SQLITE_OK || sqlite3_exec(s->db, done, NULL, NULL, NULL) != SQLITE_OK)))
			rc = rc ? rc : store_fail(s, e, "cannot make the tables");
		if (rc || now >= newest)
			sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		if (rc)
			return rc;
		have = now + (now < newest);
	}
	return 0;
}

/* ---- upkeep ------------------------------------------------------------------------------------------------------------ */

static int number(struct store *s, const char *sql, int64_t *out, struct err *e)
{
	sqlite3_stmt *q;
	if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK)
		return store_fail(s, e, "cannot count");
	int rc = store_step(s, q, e);
	*out = rc == 1 ? sqlite3_column_int64(q, 0) : 0;
	sqlite3_finalize(q);
	return rc < 0 ? rc : 0;
}

int store_count(struct store *s, struct store_counts *out, struct err *e)
{
	int64_t n[8] = {0};
	static const char *const sql[] = {"SELECT count(*) FROM source", "SELECT count(*) FROM finding", "SELECT count(*) FROM incident",
		"SELECT count(*) FROM incident WHERE status=0", "SELECT count(*) FROM outbox WHERE state=0", "SELECT count(*) FROM outbox WHERE state=2",
		"PRAGMA user_version", "SELECT page_count*page_size FROM pragma_page_count(),pragma_page_size()"};
	for (size_t i = 0; i < ARRAY_LEN(sql); i++) {
		int rc = number(s, sql[i], &n[i], e);
		if (rc)
			return rc;
	}
	*out = (struct store_counts){(uint64_t)n[0], (uint64_t)n[1], (uint64_t)n[2], (uint64_t)n[3], (uint64_t)n[4], (uint64_t)n[5], n[6], n[7]};
	return 0;
}

int store_check(struct store *s, void (*tell)(void *arg, const char *text), void *arg, struct err *e)
{
	static const struct { const char *sql, *fine; } checks[] = {
		{"PRAGMA integrity_check(100)", "ok"},
		{"SELECT 'row '||rowid||' of '||\"table\"||' refers to nothing in '||parent FROM pragma_foreign_key_check", NULL},
		{"SELECT 'incident '||id||' says it has '||findings||' findings, there are '||(SELECT count(*) FROM finding WHERE incident=incident.id) "
		 "FROM incident WHERE findings<>(SELECT count(*) FROM finding WHERE incident=incident.id) AND status=0", NULL},
		{"SELECT 'source '||id||' ('||path||') was read to byte '||pos||', which cannot be' FROM source WHERE pos<0", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		sqlite3_stmt *q;
		int rc;
		if (sqlite3_prepare_v2(s->db, checks[i].sql, -1, &q, NULL) != SQLITE_OK)
			return store_fail(s, e, "cannot check");
		while ((rc = store_step(s, q, e)) == 1) {
			const char *text = (const char *)sqlite3_column_text(q, 0);
			if (text && !(checks[i].fine && strcmp(text, checks[i].fine) == 0))
				tell(arg, text);
		}
		sqlite3_finalize(q);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A whole and consistent copy, also while watch writes. */
int store_backup(struct store *s, const char *to, struct err *e)
{
	sqlite3_stmt *q;
	if (sqlite3_prepare_v2(s->db, "VACUUM INTO ?1", -1, &q, NULL) != SQLITE_OK)
		return store_fail(s, e, "cannot copy");
	bind_slice(q, 1, slice_of(to));
	int rc = store_run(s, q, e);
	sqlite3_finalize(q);
	return rc;
}

int store_vacuum(struct store *s, struct err *e)
{
	return sqlite3_exec(s->db, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) == SQLITE_OK ? 0 : store_fail(s, e, "cannot vacuum");
}

int store_retain(struct store *s, nstime before, uint64_t *gone, struct err *e)
{
	static const enum statement order[] = {Q_RETAIN_NOTES, Q_RETAIN_FINDINGS, Q_RETAIN_INCIDENTS, Q_RETAIN_MESSAGES, Q_RETAIN_REPORTS, Q_RETAIN_CONTACT_FILES, Q_RETAIN_CONTACTS};
	*gone = 0;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		sqlite3_stmt *q = store_statement(s, order[i], e);
		if (!q)
			return ERR_IO;
		sqlite3_bind_int64(q, 1, before);
		int rc = store_run(s, q, e);
		if (rc)
			return rc;
		*gone += (uint64_t)sqlite3_changes(s->db);
	}
	return 0;
}
