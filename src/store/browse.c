/* browse.c - incidents a page at a time, what they add up to, logs, and what is looked for: for people who look, beside the process that writes. */
#include "store/store_private.h"

#include <stdio.h>

int store_incident_joined(struct store *s, const char *id, store_id_fn *fn, void *arg, struct err *e)
{
	char one[40];
	sqlite3_stmt *q = store_statement(s, Q_INCIDENT_JOINED, e);
	int rc = q ? 0 : ERR_IO;
	if (q)
		bind_slice(q, 1, slice_of(id));
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		snprintf(one, sizeof one, "%s", (const char *)sqlite3_column_text(q, 0));
		rc = fn(arg, one);
	}
	if (q)
		sqlite3_reset(q);
	return rc;
}

static void bind_browse(sqlite3_stmt *q, const struct store_browse *b)
{
	sqlite3_bind_int(q, 1, b->status);
	sqlite3_bind_int(q, 2, (int)b->level);
	sqlite3_bind_int64(q, 3, b->since);
	sqlite3_bind_int64(q, 4, b->until);
	bind_slice(q, 5, b->kind);
	if (b->text.n)
		bind_like(q, 6, b->text);
}

/* By whether words are given, whether all statuses are wanted. */
static const struct {
	enum statement page[STORE_ORDERS], count;
} statements[2][2] = {
#define ROW(who, words) {{[STORE_CHANGED] = Q_BROWSE_##who##_CHANGED##words, [STORE_WORST] = Q_BROWSE_##who##_WORST##words, [STORE_NEWEST] = Q_BROWSE_##who##_NEWEST##words}, \
	Q_BROWSE_COUNT_##who##words}
	{ROW(ONE, ), ROW(ALL, )},
	{ROW(ONE, _WORDS), ROW(ALL, _WORDS)},
#undef ROW
};

static int sum_levels(struct store *s, const struct store_browse *b, uint64_t *total, struct err *e)
{
	struct store_levels l;
	int rc = store_levels(s, &l, e);
	*total = 0;
	for (int st = INCIDENT_OPEN; st <= INCIDENT_MERGED; st++)
		for (int level = (int)b->level; level < LEVEL_COUNT; level++)
			*total += b->status < 0 || b->status == st ? l.n[st][level] : 0;
	return rc;
}

static int browse_total(struct store *s, const struct store_browse *b, uint64_t *total, struct err *e)
{
	if (!b->text.n && !b->kind.n && b->since == INT64_MIN && b->until == INT64_MAX)
		return sum_levels(s, b, total, e);
	sqlite3_stmt *q = store_statement(s, statements[b->text.n > 0][b->status < 0].count, e);
	if (!q)
		return ERR_IO;
	bind_browse(q, b);
	int rc = store_step(s, q, e);
	*total = rc == 1 ? (uint64_t)sqlite3_column_int64(q, 0) : 0;
	sqlite3_reset(q);
	return rc < 0 ? rc : 0;
}

int store_browse(struct store *s, const struct store_browse *b, store_incident_fn *fn, void *arg, uint64_t *total, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, statements[b->text.n > 0][b->status < 0].page[b->order], e);
	int rc = q ? 0 : ERR_IO;
	if (!rc && total)
		rc = browse_total(s, b, total, e);
	if (rc)
		return rc;
	bind_browse(q, b);
	sqlite3_bind_int64(q, 7, b->most);
	sqlite3_bind_int64(q, 8, (int64_t)MIN(b->skip, (uint64_t)INT64_MAX));
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		struct store_incident x;
		read_incident(q, &x);
		rc = fn(arg, &x);
	}
	sqlite3_reset(q);
	return rc;
}

static int count_levels(struct store *s, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_INCIDENT_LEVELS, e);
	int rc = q ? 0 : ERR_IO;
	s->levels = (struct store_levels){.newest = NSTIME_NONE};
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		int status = sqlite3_column_int(q, 0), level = sqlite3_column_int(q, 1);
		rc = 0;
		if (status >= 0 && status <= INCIDENT_MERGED && level >= 0 && level < LEVEL_COUNT)
			s->levels.n[status][level] = (uint64_t)sqlite3_column_int64(q, 2);
		s->levels.newest = MAX(s->levels.newest, sqlite3_column_int64(q, 3));
	}
	return rc;
}

/* Counted once per change of the file: every page asks. */
int store_levels(struct store *s, struct store_levels *out, struct err *e)
{
	int64_t version = 0, changes = sqlite3_total_changes64(s->db);
	int rc = store_version(s, &version, e);
	if (!rc && (!s->levels_version || version != s->levels_version || changes != s->levels_changes))
		rc = count_levels(s, e);
	s->levels_version = rc ? 0 : version;
	s->levels_changes = changes;
	*out = s->levels;
	return rc;
}

int store_logs(struct store *s, store_log_fn *fn, void *arg, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_SOURCE_LOGS, e);
	int rc = q ? 0 : ERR_IO;
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		struct store_log x = {.host = column_slice(q, 0), .set = column_slice(q, 1), .path = column_slice(q, 2), .seen = sqlite3_column_int64(q, 3),
			.files = (uint32_t)sqlite3_column_int64(q, 4), .done = sqlite3_column_int(q, 5)};
		x.seen = x.seen > 0 ? x.seen : NSTIME_NONE;
		rc = fn(arg, &x);
	}
	if (q)
		sqlite3_reset(q);
	return rc;
}

/* ---- search ---------------------------------------------------------------------------------------------------------- */

int store_search_notes(struct store *s, struct slice text, uint32_t most, store_note_of_fn *fn, void *arg, struct err *e)
{
	char id[40];
	sqlite3_stmt *q = store_statement(s, Q_SEARCH_NOTES, e);
	if (!q)
		return ERR_IO;
	bind_like(q, 1, text);
	sqlite3_bind_int64(q, 2, most);
	int rc = 0;
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		snprintf(id, sizeof id, "%s", (const char *)sqlite3_column_text(q, 0));
		rc = fn(arg, id, sqlite3_column_int64(q, 1), column_slice(q, 2), column_slice(q, 3));
	}
	sqlite3_reset(q);
	return rc;
}

/* What is stored holds the texts as they are, so that most findings need not be taken apart. */
int store_search_findings(struct store *s, const struct store_search *x, store_finding_fn *fn, void *arg, bool *partly, struct err *e)
{
	uint64_t bytes = 0;
	uint32_t n = 0;
	int rc = 0;
	sqlite3_stmt *q = store_statement(s, Q_SEARCH_FINDINGS, e);
	*partly = false;
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, (int64_t)x->look + 1);
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		struct slice body = column_slice(q, 0);
		rc = 0;
		*partly = n++ == x->look || (bytes += body.n) > x->bytes;
		if (*partly)
			break;
		struct wire w = wire_of(body);
		struct finding *f = slice_ihas(body, x->text) ? finding_load(&w) : NULL;
		if (f)
			rc = fn(arg, f, (const char *)sqlite3_column_text(q, 1));
	}
	sqlite3_reset(q);
	return rc;
}
