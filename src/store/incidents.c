/* incidents.c - findings, incidents, notes. */
#include "store/store_private.h"

#include <stdio.h>

const char *incident_status_name(enum incident_status st)
{
	static const char *const names[] = {
#define X(id, text) text,
		INCIDENT_STATUS(X)
#undef X
	};
	return (size_t)st < ARRAY_LEN(names) ? names[st] : "";
}

/* ---- findings ------------------------------------------------------------------------------------------------------- */

/* Is what is stored as much, or more? */
static int known(struct store *s, const struct finding *f, struct slice body, bool *same, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_FINDING_GET, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(f->uid));
	int rc = store_step(s, q, e);
	*same = false;
	if (rc != 1)
		return rc;
	uint64_t count = (uint64_t)sqlite3_column_int64(q, 0);
	int level = sqlite3_column_int(q, 1);
	*same = count > f->count || level > (int)f->level || (count == f->count && level == (int)f->level && slice_eq(column_slice(q, 2), body));
	sqlite3_reset(q);
	return 0;
}

int store_finding_put(struct store *s, const struct finding *f, bool *changed, struct err *e)
{
	struct buf body = {0};
	bool same;
	finding_save(f, &body);
	int rc = known(s, f, buf_slice(&body), &same, e);
	*changed = !rc && !same;
	if (*changed) {
		sqlite3_stmt *q = store_statement(s, Q_FINDING_PUT, e);
		rc = q ? 0 : ERR_IO;
		if (q) {
			bind_slice(q, 1, slice_of(f->uid));
			bind_slice(q, 2, f->rule_id);
			sqlite3_bind_int(q, 3, (int)f->level);
			sqlite3_bind_int64(q, 4, f->first);
			sqlite3_bind_int64(q, 5, f->last);
			sqlite3_bind_int64(q, 6, (int64_t)f->count);
			bind_slice(q, 7, f->title);
			bind_blob(q, 8, buf_slice(&body));
			rc = store_run(s, q, e);
		}
	}
	buf_free(&body);
	return rc;
}

int store_finding_join(struct store *s, const char *uid, const char *incident, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_FINDING_JOIN, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(uid));
	bind_slice(q, 2, slice_of(incident));
	return store_run(s, q, e);
}

int store_findings(struct store *s, nstime since, const char *incident, store_finding_fn *fn, void *arg, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, incident ? Q_FINDINGS_OF : Q_FINDINGS, e);
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, since);
	if (incident)
		bind_slice(q, 2, slice_of(incident));
	int rc = 0;
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		struct wire w = wire_of(column_slice(q, 0));
		struct finding *f = finding_load(&w);
		const char *in = (const char *)sqlite3_column_text(q, 1);
		rc = f ? fn(arg, f, in ? in : "") : err_set(e, ERR_SYNTAX, "%s: a finding in it cannot be read", s->path);
	}
	sqlite3_reset(q);
	return rc;
}

/* ---- incidents ------------------------------------------------------------------------------------------------------- */

int store_incident_put(struct store *s, const struct store_incident *x, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_INCIDENT_PUT, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(x->id));
	bind_slice(q, 2, x->title);
	bind_slice(q, 3, x->kind);
	bind_slice(q, 4, x->reason);
	sqlite3_bind_int(q, 5, (int)x->level);
	sqlite3_bind_int(q, 6, (int)x->status);
	sqlite3_bind_int64(q, 7, x->stages);
	sqlite3_bind_int64(q, 8, x->findings);
	sqlite3_bind_int64(q, 9, x->first);
	sqlite3_bind_int64(q, 10, x->last);
	sqlite3_bind_int64(q, 11, x->opened);
	sqlite3_bind_int64(q, 12, x->updated);
	if (x->closed != NSTIME_NONE)
		sqlite3_bind_int64(q, 13, x->closed);
	bind_slice(q, 14, slice_of(x->merged));
	bind_slice(q, 15, slice_of(x->follows));
	return store_run(s, q, e);
}

void read_incident(sqlite3_stmt *q, struct store_incident *x)
{
	*x = (struct store_incident){.title = column_slice(q, 1), .kind = column_slice(q, 2), .reason = column_slice(q, 3),
		.level = (enum level)sqlite3_column_int(q, 4), .status = (enum incident_status)sqlite3_column_int(q, 5), .stages = (uint32_t)sqlite3_column_int64(q, 6),
		.findings = (uint32_t)sqlite3_column_int64(q, 7), .first = sqlite3_column_int64(q, 8), .last = sqlite3_column_int64(q, 9),
		.opened = sqlite3_column_int64(q, 10), .updated = sqlite3_column_int64(q, 11),
		.closed = sqlite3_column_type(q, 12) == SQLITE_NULL ? NSTIME_NONE : sqlite3_column_int64(q, 12)};
	snprintf(x->id, sizeof x->id, "%s", (const char *)sqlite3_column_text(q, 0));
	snprintf(x->merged, sizeof x->merged, "%s", (const char *)sqlite3_column_text(q, 13));
	snprintf(x->follows, sizeof x->follows, "%s", (const char *)sqlite3_column_text(q, 14));
	x->closer = column_slice(q, 15);
	x->closing = column_slice(q, 16);
}

void keep_incident(struct arena *mem, struct store_incident *x)
{
	struct slice *texts[] = {&x->title, &x->kind, &x->reason, &x->closer, &x->closing};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = slice_dup(mem, *texts[i]);
}

int store_incident_get(struct store *s, const char *id, struct arena *mem, struct store_incident *out, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_INCIDENT_GET, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(id));
	int rc = store_step(s, q, e);
	if (rc != 1)
		return rc ? rc : err_set(e, ERR_NOENT, "no incident %s", id);
	read_incident(q, out);
	keep_incident(mem, out);
	sqlite3_reset(q);
	return 0;
}

int store_incidents(struct store *s, int status, store_incident_fn *fn, void *arg, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_INCIDENTS, e);
	if (!q)
		return ERR_IO;
	sqlite3_bind_int(q, 1, status);
	int rc = 0;
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		struct store_incident x;
		read_incident(q, &x);
		rc = fn(arg, &x);
	}
	sqlite3_reset(q);
	return rc;
}

int store_note_add(struct store *s, const char *incident, nstime t, struct slice author, struct slice text, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_NOTE_ADD, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(incident));
	sqlite3_bind_int64(q, 2, t);
	bind_slice(q, 3, author);
	bind_slice(q, 4, text);
	return store_run(s, q, e);
}

int store_notes(struct store *s, const char *incident, store_note_fn *fn, void *arg, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_NOTES, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(incident));
	int rc = 0;
	while (!rc && (rc = store_step(s, q, e)) == 1)
		rc = fn(arg, sqlite3_column_int64(q, 0), column_slice(q, 1), column_slice(q, 2));
	sqlite3_reset(q);
	return rc;
}
