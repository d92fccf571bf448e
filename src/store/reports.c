/* reports.c - what people reported, until it is joined and after. */
#include "store/store_private.h"

#include <stdio.h>

int store_report_add(struct store *s, const struct store_report *r, const struct finding *f, bool *fresh, struct err *e)
{
	const struct slice texts[] = {r->who, r->verdict, r->name, r->sender, r->recipient, r->hashes};
	struct buf body = {0};
	sqlite3_stmt *q = store_statement(s, Q_REPORT_ADD, e);
	if (!q)
		return ERR_IO;
	finding_save(f, &body);
	bind_slice(q, 1, slice_of(r->uid));
	sqlite3_bind_int64(q, 2, r->time);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		bind_slice(q, 3 + (int)i, texts[i]);
	bind_blob(q, 9, buf_slice(&body));
	buf_free(&body);
	int rc = store_run(s, q, e);
	*fresh = !rc && sqlite3_changes(s->db) > 0;
	return rc;
}

int store_reports(struct store *s, nstime since, store_report_fn *fn, void *arg, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_REPORTS, e);
	int rc = 0;
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, since);
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		struct store_report r = {.time = sqlite3_column_int64(q, 1), .taken = sqlite3_column_int(q, 8)};
		struct slice *texts[] = {&r.who, &r.verdict, &r.name, &r.sender, &r.recipient, &r.hashes};
		snprintf(r.uid, sizeof r.uid, "%s", (const char *)sqlite3_column_text(q, 0));
		for (size_t i = 0; i < ARRAY_LEN(texts); i++)
			*texts[i] = column_slice(q, 2 + (int)i);
		rc = fn(arg, &r);
	}
	sqlite3_reset(q);
	return rc;
}

int store_reports_take(struct store *s, store_finding_fn *fn, void *arg, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_REPORTS_WAITING, e);
	int rc = q ? 0 : ERR_IO;
	bool any = false;
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		struct wire w = wire_of(column_slice(q, 0));
		struct finding *f = finding_load(&w);
		any = true;
		rc = f ? fn(arg, f, "") : 0; /* what cannot be read is reported all the same, and never will be joined */
	}
	if (q)
		sqlite3_reset(q);
	if (rc || !any)
		return rc;
	q = store_statement(s, Q_REPORTS_TAKEN, e);
	return q ? store_run(s, q, e) : ERR_IO;
}

int store_reports_wait(struct store *s, bool *any, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_REPORTS_WAIT, e);
	int rc = q ? store_step(s, q, e) : ERR_IO;
	*any = rc == 1;
	if (q)
		sqlite3_reset(q);
	return rc < 0 ? rc : 0;
}
