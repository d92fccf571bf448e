/* record_rows.c - table session, and what is said of sessions in the audit log. */
#include "gate/record_private.h"

#include <stdio.h>
#include <time.h>

int record_tables(struct vault *v, struct err *e)
{
	static const char *const steps[] = {
		"CREATE TABLE session(id TEXT PRIMARY KEY, person TEXT NOT NULL, provider TEXT NOT NULL, account TEXT NOT NULL, host TEXT NOT NULL, permit TEXT NOT NULL,"
		" source TEXT NOT NULL, tty TEXT NOT NULL, command TEXT NOT NULL, kind INTEGER NOT NULL, terminal INTEGER NOT NULL, audit_session INTEGER NOT NULL,"
		" pid INTEGER NOT NULL, began INTEGER NOT NULL, ended INTEGER, exited INTEGER NOT NULL DEFAULT 0, status INTEGER NOT NULL DEFAULT 0, output INTEGER NOT NULL DEFAULT 0,"
		" input INTEGER NOT NULL DEFAULT 0, packed INTEGER NOT NULL DEFAULT 0, file TEXT NOT NULL, sha256 TEXT NOT NULL DEFAULT '', why TEXT NOT NULL DEFAULT '',"
		" wanted INTEGER, wanter TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '') WITHOUT ROWID;"
		"CREATE INDEX session_began ON session(began);"
		"CREATE INDEX session_open ON session(id) WHERE ended IS NULL;",
	};
	return vault_tables(v, "session", steps, ARRAY_LEN(steps), e);
}

int record_row_begin(const struct record *r, struct err *e)
{
	struct slice w[ARRAY_LEN(r->who)];
	for (size_t i = 0; i < ARRAY_LEN(w); i++)
		w[i] = slice_of(r->who[i]);
	return vault_run(r->store.vault,
		"INSERT INTO session(id,person,provider,account,host,permit,source,tty,command,kind,terminal,audit_session,pid,began,file) "
		"VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
		NULL, NULL, e, "sssssssssiiiits", slice_of(r->id), w[WHO_PERSON], w[WHO_PROVIDER], w[WHO_ACCOUNT], w[WHO_HOST], w[WHO_GRANT], w[WHO_SOURCE], w[WHO_TTY],
		w[WHO_COMMAND], (int64_t)r->kind, (int64_t)r->terminal, (int64_t)r->session, (int64_t)r->pid, r->begin, slice_of(r->path));
}

int record_row_end(struct vault *v, struct slice id, const struct session *s, struct err *e)
{
	return vault_run(v,
		"UPDATE session SET ended=?2, exited=?3, status=?4, output=?5, input=?6, packed=?7, sha256=?8, why=CASE WHEN ?9='' THEN why ELSE ?9 END, "
		"file=CASE WHEN ?10='' THEN file ELSE ?10 END WHERE id=?1 AND ended IS NULL",
		NULL, NULL, e, "stiiiiisss", id, s->end, (int64_t)s->exited, (int64_t)s->status, (int64_t)s->output, (int64_t)s->input, (int64_t)s->packed, s->sha256, s->why,
		s->file);
}

int record_audit(struct chain *audit, const char *action, struct slice id, const char *outcome, struct slice detail, struct err *e)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	struct chain_record c = {.time = (nstime)t.tv_sec * NS_SEC + t.tv_nsec, .actor = SL("postern gate"), .action = slice_of(action), .object = id, .outcome = slice_of(outcome),
		.detail = detail};
	return audit ? chain_append(audit, &c, e) : 0;
}

/* The columns that take_row() takes. */
#define SESSION_COLUMNS                                                                                                                                  \
	"SELECT id,person,provider,account,host,permit,source,tty,command,kind,terminal,audit_session,pid,began,ended,exited,status,output,input,packed,file,sha256,why," \
	"wanted,wanter,reason"
#define SESSION_ROWS SESSION_COLUMNS " FROM session "

struct reading {
	session_fn *fn;
	void *arg;
};

static int take_row(void *arg, const struct vault_row *r)
{
	const struct reading *x = arg;
	struct session s = {
		.id = vault_text(r, 0), .person = vault_text(r, 1), .provider = vault_text(r, 2), .account = vault_text(r, 3), .host = vault_text(r, 4), .grant = vault_text(r, 5),
		.source = vault_text(r, 6), .tty = vault_text(r, 7), .command = vault_text(r, 8), .kind = (enum gate_kind)vault_int(r, 9), .terminal = vault_int(r, 10) != 0,
		.session = (uint32_t)vault_int(r, 11), .pid = (int32_t)vault_int(r, 12), .begin = vault_time(r, 13), .end = vault_time(r, 14), .exited = vault_int(r, 15) != 0,
		.status = (int32_t)vault_int(r, 16), .output = (uint64_t)vault_int(r, 17), .input = (uint64_t)vault_int(r, 18), .packed = (uint64_t)vault_int(r, 19),
		.file = vault_text(r, 20), .sha256 = vault_text(r, 21), .why = vault_text(r, 22), .wanted = vault_time(r, 23), .wanter = vault_text(r, 24), .reason = vault_text(r, 25),
	};
	return x->fn(x->arg, &s);
}

int session_each(struct vault *v, struct slice id, session_fn *fn, void *arg, struct err *e)
{
	struct reading x = {fn, arg};
	int rc = record_tables(v, e);
	return rc ? rc : vault_run(v,
		SESSION_ROWS "WHERE substr(id,1,length(?1))=?1 ORDER BY began DESC, id DESC", take_row, &x, e, "s", id);
}

int session_each_open(struct vault *v, session_fn *fn, void *arg, struct err *e)
{
	struct reading x = {fn, arg};
	int rc = record_tables(v, e);
	return rc ? rc : vault_run(v, SESSION_ROWS "WHERE ended IS NULL", take_row, &x, e, "");
}

#define CHOSEN " FROM session WHERE (?1='' OR id=?1) AND (?2='' OR provider=?2) AND (?3='' OR permit=?3) "

static int take_count(void *arg, const struct vault_row *r)
{
	*(uint64_t *)arg = (uint64_t)vault_int(r, 0);
	return 0;
}

int session_some(struct vault *v, const struct session_choice *c, session_fn *fn, void *arg, uint64_t *total, struct err *e)
{
	struct reading x = {fn, arg};
	int rc = record_tables(v, e);
	*total = 0;
	if (!rc)
		rc = vault_run(v, "SELECT count(*)" CHOSEN, take_count, total, e, "sss", c->id, c->provider, c->grant);
	return rc ? rc : vault_run(v, SESSION_COLUMNS CHOSEN "ORDER BY began DESC, id DESC LIMIT ?4 OFFSET ?5", take_row, &x, e, "sssii", c->id, c->provider, c->grant,
				 (int64_t)MIN(c->most, INT64_MAX), (int64_t)MIN(c->skip, INT64_MAX));
}

static int take_ended(void *arg, const struct vault_row *r)
{
	*(int *)arg = vault_time(r, 0) == NSTIME_NONE ? 1 : 2;
	return 0;
}

int session_end(struct gate *g, struct slice id, struct slice reason, struct err *e)
{
	int found = 0, rc = record_tables(g->vault, e);
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	nstime now = g->now ? g->now : (nstime)t.tv_sec * NS_SEC + t.tv_nsec;
	if (rc || (rc = vault_begin(g->vault, e)))
		return rc;
	rc = vault_run(g->vault, "SELECT ended FROM session WHERE id=?1", take_ended, &found, e, "s", id);
	if (!rc && found == 0)
		rc = err_set(e, ERR_NOENT, "no session %.*s", SLFMT(id));
	if (!rc && found == 2)
		rc = err_set(e, ERR_STOPPED, "session %.*s is over", SLFMT(id));
	if (!rc)
		rc = vault_run(g->vault, "UPDATE session SET wanted=?2, wanter=?3, reason=?4 WHERE id=?1 AND ended IS NULL", NULL, NULL, e, "stss", id, now, g->actor, reason);
	struct chain_record c = {.time = now, .actor = g->actor, .action = SL("session-end-asked"), .object = id, .outcome = SL("success"), .detail = reason};
	if (!rc && g->audit)
		rc = chain_append(g->audit, &c, e);
	if (!rc)
		return vault_commit(g->vault, e);
	vault_rollback(g->vault);
	return rc;
}
