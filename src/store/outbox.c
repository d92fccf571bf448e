/* outbox.c - what is to be told, what was told, and what could not be. */
#include "store/store_private.h"

#include <stdio.h>

int store_message_add(struct store *s, const struct store_message *m, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MESSAGE_ADD, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(m->id));
	bind_slice(q, 2, m->channel);
	bind_blob(q, 3, m->body);
	sqlite3_bind_int64(q, 4, m->created);
	sqlite3_bind_int64(q, 5, m->due);
	bind_slice(q, 6, slice_of(m->incident));
	sqlite3_bind_int(q, 7, (int)m->level);
	sqlite3_bind_int64(q, 8, m->changes);
	sqlite3_bind_int64(q, 9, (int64_t)m->digest);
	return store_run(s, q, e);
}

static void text_of(sqlite3_stmt *q, int at, char *buf, size_t n)
{
	const char *text = (const char *)sqlite3_column_text(q, at);
	snprintf(buf, n, "%s", text ? text : "");
}

static void read_message(sqlite3_stmt *q, struct store_message *m)
{
	*m = (struct store_message){.channel = column_slice(q, 1), .body = column_slice(q, 2), .state = (enum outbox_state)sqlite3_column_int(q, 3),
		.attempts = (uint32_t)sqlite3_column_int64(q, 4), .created = sqlite3_column_int64(q, 5), .due = sqlite3_column_int64(q, 6),
		.level = (enum level)sqlite3_column_int(q, 8), .changes = (uint32_t)sqlite3_column_int64(q, 9), .digest = (uint64_t)sqlite3_column_int64(q, 10),
		.held = (enum outbox_held)sqlite3_column_int(q, 11), .under_way = sqlite3_column_int(q, 12) != 0, .doubt = sqlite3_column_int(q, 13) != 0,
		.sent = sqlite3_column_int64(q, 14), .error = column_slice(q, 15)};
	text_of(q, 0, m->id, sizeof m->id);
	text_of(q, 7, m->incident, sizeof m->incident);
}

/* The one row of a statement, its texts copied into mem. */
static int one_message(struct store *s, sqlite3_stmt *q, struct arena *mem, struct store_message *out, struct err *e)
{
	int rc = store_step(s, q, e);
	if (rc != 1)
		return rc ? rc : err_set(e, ERR_NOENT, "%s: no such message", s->path);
	read_message(q, out);
	out->channel = slice_dup(mem, out->channel);
	out->body = slice_dup(mem, out->body);
	out->error = slice_dup(mem, out->error);
	sqlite3_reset(q);
	return 0;
}

static int every_message(struct store *s, sqlite3_stmt *q, store_message_fn *fn, void *arg, struct err *e)
{
	int rc = 0;
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		struct store_message m;
		read_message(q, &m);
		rc = fn(arg, &m);
	}
	sqlite3_reset(q);
	return rc;
}

int store_message_get(struct store *s, const char *id, struct arena *mem, struct store_message *out, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MESSAGE_GET, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(id));
	return one_message(s, q, mem, out, e);
}

int store_message_waiting(struct store *s, const char *incident, struct slice channel, struct arena *mem, struct store_message *out, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MESSAGE_WAITING, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(incident));
	bind_slice(q, 2, channel);
	return one_message(s, q, mem, out, e);
}

int store_messages_due(struct store *s, const struct store_due *x, store_message_fn *fn, void *arg, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MESSAGES_DUE, e);
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, x->now);
	bind_slice(q, 2, x->channel);
	sqlite3_bind_int(q, 3, (int)x->low);
	sqlite3_bind_int(q, 4, (int)x->high);
	sqlite3_bind_int64(q, 5, x->most);
	return every_message(s, q, fn, arg, e);
}

int store_messages(struct store *s, enum outbox_state state, int held, store_message_fn *fn, void *arg, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MESSAGES, e);
	if (!q)
		return ERR_IO;
	sqlite3_bind_int(q, 1, (int)state);
	sqlite3_bind_int(q, 2, held);
	return every_message(s, q, fn, arg, e);
}

int store_message_mark(struct store *s, const struct store_message *m, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MESSAGE_MARK, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(m->id));
	sqlite3_bind_int(q, 2, (int)m->state);
	sqlite3_bind_int64(q, 3, m->attempts);
	sqlite3_bind_int64(q, 4, m->due);
	sqlite3_bind_int(q, 5, (int)m->held);
	sqlite3_bind_int(q, 6, m->under_way);
	sqlite3_bind_int(q, 7, m->doubt);
	sqlite3_bind_int64(q, 8, m->sent);
	bind_slice(q, 9, m->error);
	return store_run(s, q, e);
}

int store_message_rewrite(struct store *s, const struct store_message *m, bool *done, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MESSAGE_REWRITE, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(m->id));
	bind_blob(q, 2, m->body);
	sqlite3_bind_int64(q, 3, (int64_t)m->digest);
	sqlite3_bind_int64(q, 4, m->changes);
	sqlite3_bind_int(q, 5, (int)m->level);
	int rc = store_run(s, q, e);
	*done = !rc && sqlite3_changes(s->db) == 1;
	return rc;
}

int store_message_known(struct store *s, const char *incident, struct slice channel, uint64_t digest, bool *known, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MESSAGE_KNOWN, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(incident));
	bind_slice(q, 2, channel);
	sqlite3_bind_int64(q, 3, (int64_t)digest);
	int rc = store_step(s, q, e);
	*known = rc == 1;
	sqlite3_reset(q);
	return rc < 0 ? rc : 0;
}

int store_messages_hold(struct store *s, const struct store_due *x, nstime until, enum outbox_held why, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MESSAGES_HOLD, e);
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, until);
	sqlite3_bind_int(q, 2, (int)why);
	bind_slice(q, 3, x->channel);
	sqlite3_bind_int64(q, 4, x->now);
	sqlite3_bind_int(q, 5, (int)x->low);
	sqlite3_bind_int(q, 6, (int)x->high);
	return store_run(s, q, e);
}

int store_messages_group(struct store *s, const struct store_due *x, uint64_t *n, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MESSAGES_GROUP, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, x->channel);
	sqlite3_bind_int64(q, 2, x->now);
	sqlite3_bind_int(q, 3, (int)x->low);
	sqlite3_bind_int(q, 4, (int)x->high);
	int rc = store_run(s, q, e);
	*n = rc ? 0 : (uint64_t)sqlite3_changes(s->db);
	return rc;
}

int store_messages_sent(struct store *s, const struct store_due *x, nstime since, uint64_t *n, nstime *first, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MESSAGES_SENT, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, x->channel);
	sqlite3_bind_int64(q, 2, since);
	sqlite3_bind_int(q, 3, (int)x->low);
	sqlite3_bind_int(q, 4, (int)x->high);
	int rc = store_step(s, q, e);
	*n = rc == 1 ? (uint64_t)sqlite3_column_int64(q, 0) : 0;
	*first = rc == 1 ? sqlite3_column_int64(q, 1) : 0;
	sqlite3_reset(q);
	return rc < 0 ? rc : 0;
}

int store_messages_resume(struct store *s, nstime now, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MESSAGES_RESUME, e);
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, now);
	return store_run(s, q, e);
}

int store_messages_requeue(struct store *s, const char *id, nstime now, uint64_t *n, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MESSAGES_REQUEUE, e);
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, now);
	bind_slice(q, 2, slice_of(id));
	int rc = store_run(s, q, e);
	*n = rc ? 0 : (uint64_t)sqlite3_changes(s->db);
	return rc;
}

int store_messages_next(struct store *s, nstime after, nstime *due, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MESSAGES_NEXT, e);
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, after);
	int rc = store_step(s, q, e);
	*due = rc == 1 && sqlite3_column_type(q, 0) != SQLITE_NULL ? sqlite3_column_int64(q, 0) : NSTIME_NONE;
	sqlite3_reset(q);
	return rc < 0 ? rc : 0;
}

int store_message_count(struct store *s, enum outbox_state state, uint64_t *n, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_MESSAGE_COUNT, e);
	if (!q)
		return ERR_IO;
	sqlite3_bind_int(q, 1, (int)state);
	int rc = store_step(s, q, e);
	*n = rc == 1 ? (uint64_t)sqlite3_column_int64(q, 0) : 0;
	sqlite3_reset(q);
	return rc < 0 ? rc : 0;
}
