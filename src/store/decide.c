/* decide.c - what people decide about incidents, beside the process that makes them; which findings belong to which. */
#include "store/store_private.h"

#include <stdio.h>

int store_findings_rejoin(struct store *s, const char *from, const char *to, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_FINDINGS_REJOIN, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(from));
	bind_slice(q, 2, slice_of(to));
	return store_run(s, q, e);
}

/* The number in the one row that q gives; fallback when it is NULL. */
static int one_number(struct store *s, sqlite3_stmt *q, int64_t fallback, int64_t *out, struct err *e)
{
	int rc = store_step(s, q, e);
	*out = rc == 1 && sqlite3_column_type(q, 0) != SQLITE_NULL ? sqlite3_column_int64(q, 0) : fallback;
	sqlite3_reset(q);
	return rc < 0 ? rc : 0;
}

int store_findings_count(struct store *s, const char *incident, uint32_t *n, struct err *e)
{
	int64_t x = 0;
	sqlite3_stmt *q = store_statement(s, Q_FINDINGS_COUNT, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(incident));
	int rc = one_number(s, q, 0, &x, e);
	*n = (uint32_t)x;
	return rc;
}

int store_findings_newest(struct store *s, nstime now, nstime *t, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_FINDINGS_NEWEST, e);
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, now);
	return one_number(s, q, NSTIME_NONE, t, e);
}

int store_incident_match(struct store *s, const char *prefix, struct arena *mem, struct store_incident *out, struct err *e)
{
	char names[200] = "";
	unsigned n = 0;
	int rc = *prefix ? store_incident_get(s, prefix, mem, out, e) : ERR_NOENT; /* whole, although another one begins so */
	if (rc != ERR_NOENT)
		return rc;
	sqlite3_stmt *q = store_statement(s, Q_INCIDENT_MATCH, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(prefix));
	while ((rc = store_step(s, q, e)) == 1) {
		size_t used = strlen(names);
		read_incident(q, out);
		keep_incident(mem, out);
		snprintf(names + used, sizeof names - used, "%s%s", n++ ? ", " : "", out->id);
	}
	if (rc)
		return rc;
	if (n > 1)
		return err_set(e, ERR_DUP, "several incidents begin with \"%.40s\": %s%s", prefix, names, n == 4 ? ", ..." : "");
	return n ? 0 : err_set(e, ERR_NOENT, "no incident \"%.40s\"", prefix);
}

int store_incident_decide(struct store *s, const char *id, enum incident_status status, nstime now, struct slice who, struct slice why, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_DECISION_NEXT, e);
	if (!q || store_run(s, q, e) || !(q = store_statement(s, Q_INCIDENT_DECIDE, e)))
		return ERR_IO;
	bool open = status == INCIDENT_OPEN;
	bind_slice(q, 1, slice_of(id));
	sqlite3_bind_int(q, 2, (int)status);
	if (!open)
		sqlite3_bind_int64(q, 3, now);
	sqlite3_bind_int64(q, 4, now);
	bind_slice(q, 5, open ? SLICE_NONE : who);
	bind_slice(q, 6, open ? SLICE_NONE : why);
	int rc = store_run(s, q, e);
	if (!rc && !sqlite3_changes(s->db))
		rc = err_set(e, ERR_NOENT, "no incident %.40s", id);
	return rc;
}

int store_decisions(struct store *s, int64_t after, store_decision_fn *fn, void *arg, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_DECISIONS, e);
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, after);
	int rc = 0;
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		struct store_decision d = {.number = sqlite3_column_int64(q, 0), .status = (enum incident_status)sqlite3_column_int(q, 2),
			.closed = sqlite3_column_type(q, 3) == SQLITE_NULL ? NSTIME_NONE : sqlite3_column_int64(q, 3)};
		snprintf(d.id, sizeof d.id, "%s", (const char *)sqlite3_column_text(q, 1));
		rc = fn(arg, &d);
	}
	sqlite3_reset(q);
	return rc;
}

int store_decision_newest(struct store *s, int64_t *number, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_DECISION_NEWEST, e);
	return q ? one_number(s, q, 0, number, e) : ERR_IO;
}
