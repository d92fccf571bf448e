/* actions.c - what was done about incidents, and suppressions learnt from those that were none. */
#include "store/store_private.h"

#include <stdio.h>

const char *action_state_name(enum action_state st)
{
	static const char *const names[] = {
#define X(id, text) text,
		ACTION_STATES(X)
#undef X
	};
	return (size_t)st < ARRAY_LEN(names) ? names[st] : "";
}

static void bind_time(sqlite3_stmt *q, int at, nstime t)
{
	if (t != NSTIME_NONE)
		sqlite3_bind_int64(q, at, t);
}

static nstime column_time(sqlite3_stmt *q, int at)
{
	return sqlite3_column_type(q, at) == SQLITE_NULL ? NSTIME_NONE : sqlite3_column_int64(q, at);
}

static void column_id(sqlite3_stmt *q, int at, char out[static 40])
{
	const char *text = (const char *)sqlite3_column_text(q, at);
	snprintf(out, 40, "%s", text ? text : "");
}

/* ---- actions ------------------------------------------------------------------------------------------------------------ */

int store_action_add(struct store *s, const struct store_action *a, bool *fresh, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_ACTION_ADD, e);
	*fresh = false;
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(a->id));
	bind_slice(q, 2, slice_of(a->incident));
	bind_slice(q, 3, a->kind);
	bind_slice(q, 4, a->target);
	sqlite3_bind_int(q, 5, (int)a->state);
	sqlite3_bind_int(q, 6, a->dry_run);
	sqlite3_bind_int64(q, 7, a->created);
	bind_time(q, 8, a->until);
	bind_time(q, 9, a->done);
	sqlite3_bind_int64(q, 10, a->attempts);
	bind_slice(q, 11, a->result);
	bind_blob(q, 12, a->undo);
	int rc = store_run(s, q, e);
	*fresh = !rc && sqlite3_changes(s->db) > 0;
	return rc;
}

int store_action_set(struct store *s, const struct store_action *a, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_ACTION_SET, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(a->id));
	sqlite3_bind_int(q, 2, (int)a->state);
	sqlite3_bind_int(q, 3, a->dry_run);
	bind_time(q, 4, a->until);
	bind_time(q, 5, a->done);
	sqlite3_bind_int64(q, 6, a->attempts);
	bind_slice(q, 7, a->result);
	bind_blob(q, 8, a->undo);
	int rc = store_run(s, q, e);
	if (!rc && !sqlite3_changes(s->db))
		rc = err_set(e, ERR_NOENT, "no response %s", a->id);
	return rc;
}

static void read_action(sqlite3_stmt *q, struct store_action *a)
{
	*a = (struct store_action){.kind = column_slice(q, 2), .target = column_slice(q, 3), .state = (enum action_state)sqlite3_column_int(q, 4),
		.dry_run = sqlite3_column_int(q, 5), .created = sqlite3_column_int64(q, 6), .until = column_time(q, 7), .done = column_time(q, 8),
		.attempts = (uint32_t)sqlite3_column_int64(q, 9), .result = column_slice(q, 10), .undo = column_slice(q, 11)};
	column_id(q, 0, a->id);
	column_id(q, 1, a->incident);
}

int store_action_get(struct store *s, const char *id, struct arena *mem, struct store_action *out, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_ACTION_GET, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(id));
	int rc = store_step(s, q, e);
	if (rc != 1)
		return rc ? rc : err_set(e, ERR_NOENT, "no response %s", id);
	read_action(q, out);
	struct slice *texts[] = {&out->kind, &out->target, &out->result, &out->undo};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = slice_dup(mem, *texts[i]);
	sqlite3_reset(q);
	return 0;
}

int store_actions(struct store *s, int state, const char *incident, store_action_fn *fn, void *arg, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_ACTIONS, e);
	if (!q)
		return ERR_IO;
	sqlite3_bind_int(q, 1, state);
	if (incident)
		bind_slice(q, 2, slice_of(incident));
	int rc = 0;
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		struct store_action a;
		read_action(q, &a);
		rc = fn(arg, &a);
	}
	sqlite3_reset(q);
	return rc;
}

/* ---- suppressions -------------------------------------------------------------------------------------------------------- */

int store_suppression_add(struct store *s, struct store_suppression *x, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_SUPPRESSION_ADD, e);
	if (!q)
		return ERR_IO;
	const struct slice texts[] = {x->rule, x->host, x->user, x->source, x->command, x->reason, slice_of(x->incident), x->author};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		bind_slice(q, (int)i + 1, texts[i]);
	sqlite3_bind_int64(q, 9, x->created);
	sqlite3_bind_int64(q, 10, x->until);
	bind_time(q, 11, x->revoked);
	int rc = store_run(s, q, e);
	if (!rc)
		x->id = sqlite3_last_insert_rowid(s->db);
	return rc;
}

int store_suppression_revoke(struct store *s, int64_t id, nstime t, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_SUPPRESSION_REVOKE, e);
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, id);
	sqlite3_bind_int64(q, 2, t);
	int rc = store_run(s, q, e);
	if (!rc && !sqlite3_changes(s->db))
		rc = err_set(e, ERR_NOENT, "no suppression %lld", (long long)id);
	return rc;
}

int store_suppressions(struct store *s, store_suppression_fn *fn, void *arg, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_SUPPRESSIONS, e);
	int rc = q ? 0 : ERR_IO;
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		struct store_suppression x = {.id = sqlite3_column_int64(q, 0), .rule = column_slice(q, 1), .host = column_slice(q, 2), .user = column_slice(q, 3),
			.source = column_slice(q, 4), .command = column_slice(q, 5), .reason = column_slice(q, 6), .author = column_slice(q, 8),
			.created = sqlite3_column_int64(q, 9), .until = sqlite3_column_int64(q, 10), .revoked = column_time(q, 11)};
		column_id(q, 7, x.incident);
		rc = fn(arg, &x);
	}
	if (q)
		sqlite3_reset(q);
	return rc;
}
