/* told.c - contacts that people reported, and examples made of incidents. */
#include "store/store_private.h"

#include <stdio.h>
#include <stdlib.h>

int store_contact_add(struct store *s, const struct store_contact *c, const struct finding *f, const struct store_report *r, bool *fresh, struct err *e)
{
	const struct slice texts[] = {c->who, c->platform, c->profile, c->firm, c->began, c->device, c->words, c->verdict};
	const int numbers[] = {(int)c->moved, (int)c->offered, (int)c->opened};
	sqlite3_stmt *q = store_statement(s, Q_CONTACT_ADD, e);
	bool also;
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(c->ref));
	bind_slice(q, 2, slice_of(c->uid));
	sqlite3_bind_int64(q, 3, c->time);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		bind_slice(q, 4 + (int)i, texts[i]);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		sqlite3_bind_int(q, 12 + (int)i, numbers[i]);
	int rc = store_run(s, q, e);
	*fresh = !rc && sqlite3_changes(s->db) > 0;
	return rc || !*fresh ? rc : store_report_add(s, r, f, &also, e);
}

int store_contact_file_add(struct store *s, const char *ref, unsigned n, nstime now, struct slice told, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_CONTACT_FILE_ADD, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(ref));
	sqlite3_bind_int(q, 2, (int)n);
	sqlite3_bind_int64(q, 3, now);
	bind_blob(q, 4, told);
	int rc = store_run(s, q, e);
	return rc || sqlite3_changes(s->db) > 0 ? rc : err_set(e, ERR_DUP, "this report was made already");
}

int store_contact_files(struct store *s, const char *ref, store_contact_file_fn *fn, void *arg, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_CONTACT_FILES, e);
	int rc = 0;
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(ref));
	while (!rc && (rc = store_step(s, q, e)) == 1)
		rc = fn(arg, column_slice(q, 0));
	sqlite3_reset(q);
	return rc;
}

/* What is kept may have been written by somebody else: readers use these as places in tables. */
static int place_within(sqlite3_stmt *q, int column, int most, int otherwise)
{
	int n = sqlite3_column_int(q, column);
	return n >= 0 && n <= most ? n : otherwise;
}

static void read_contact(sqlite3_stmt *q, struct store_contact *c)
{
	*c = (struct store_contact){.time = sqlite3_column_int64(q, 2), .moved = (enum contact_answer)place_within(q, 11, CONTACT_UNSURE, CONTACT_UNSURE),
		.offered = (enum contact_answer)place_within(q, 12, CONTACT_UNSURE, CONTACT_UNSURE), .opened = (enum contact_answer)place_within(q, 13, CONTACT_UNSURE, CONTACT_UNSURE),
		.state = (enum contact_state)place_within(q, 14, CONTACT_ANSWERED, CONTACT_RECEIVED), .outcome = (enum contact_outcome)place_within(q, 15, CONTACT_FALSE, CONTACT_OPEN),
		.answer = column_slice(q, 16), .answerer = column_slice(q, 17), .answered = sqlite3_column_type(q, 18) == SQLITE_NULL ? NSTIME_NONE : sqlite3_column_int64(q, 18)};
	struct slice *texts[] = {&c->who, &c->platform, &c->profile, &c->firm, &c->began, &c->device, &c->words, &c->verdict};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = column_slice(q, 3 + (int)i);
	snprintf(c->ref, sizeof c->ref, "%s", (const char *)sqlite3_column_text(q, 0));
	snprintf(c->uid, sizeof c->uid, "%s", (const char *)sqlite3_column_text(q, 1));
	snprintf(c->incident, sizeof c->incident, "%s", (const char *)sqlite3_column_text(q, 19));
}

int store_contact_get(struct store *s, const char *ref, struct arena *mem, struct store_contact *out, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_CONTACT_GET, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(ref));
	int rc = store_step(s, q, e);
	if (rc == 0)
		return err_set(e, ERR_NOENT, "no report %.40s", ref);
	if (rc != 1)
		return rc;
	read_contact(q, out);
	struct slice *texts[] = {&out->who, &out->platform, &out->profile, &out->firm, &out->began, &out->device, &out->words, &out->verdict, &out->answer, &out->answerer};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = slice_dup(mem, *texts[i]);
	sqlite3_reset(q);
	return 0;
}

int store_contacts(struct store *s, const struct store_contact_want *w, store_contact_fn *fn, void *arg, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_CONTACTS, e);
	int rc = 0;
	if (!q)
		return ERR_IO;
	sqlite3_bind_int(q, 1, w->state);
	bind_slice(q, 2, w->who);
	bind_slice(q, 3, slice_of(w->incident));
	sqlite3_bind_int64(q, 4, (int64_t)w->most);
	sqlite3_bind_int64(q, 5, (int64_t)w->skip);
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		struct store_contact c;
		read_contact(q, &c);
		rc = fn(arg, &c);
	}
	sqlite3_reset(q);
	return rc;
}

int store_contacts_count(struct store *s, const struct store_contact_want *w, uint64_t *n, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_CONTACTS_COUNT, e);
	*n = 0;
	if (!q)
		return ERR_IO;
	sqlite3_bind_int(q, 1, w->state);
	bind_slice(q, 2, w->who);
	int rc = store_step(s, q, e);
	if (rc == 1)
		*n = (uint64_t)sqlite3_column_int64(q, 0);
	sqlite3_reset(q);
	return rc < 0 ? rc : 0;
}

int store_contacts_since(struct store *s, nstime since, uint64_t *n, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_CONTACTS_SINCE, e);
	int rc = 0;
	*n = 0;
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, since);
	while ((rc = store_step(s, q, e)) == 1)
		*n += (uint64_t)sqlite3_column_int64(q, 0);
	sqlite3_reset(q);
	return rc;
}

int store_contact_answer(struct store *s, const struct store_contact *c, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_CONTACT_ANSWER, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(c->ref));
	sqlite3_bind_int(q, 2, (int)c->state);
	sqlite3_bind_int(q, 3, (int)c->outcome);
	bind_slice(q, 4, c->answer);
	bind_slice(q, 5, c->answerer);
	if (c->answered != NSTIME_NONE)
		sqlite3_bind_int64(q, 6, c->answered);
	int rc = store_run(s, q, e);
	return rc || sqlite3_changes(s->db) > 0 ? rc : err_set(e, ERR_NOENT, "no report %.40s that waits for this", c->ref);
}

/* ---- figures ------------------------------------------------------------------------------------------------------------ */

/* Of the sorted numbers a statement gives: the one in the middle, the lower of two. */
static int median(struct store *s, enum statement id, nstime since, nstime *out, struct err *e)
{
	struct { nstime *v; size_t n, cap; } list = {0};
	sqlite3_stmt *q = store_statement(s, id, e);
	int rc;
	*out = NSTIME_NONE;
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, since);
	while ((rc = store_step(s, q, e)) == 1)
		*vec_push(&list) = MAX(sqlite3_column_int64(q, 0), 0);
	sqlite3_reset(q);
	if (!rc && list.n)
		*out = list.v[(list.n - 1) / 2];
	free(list.v);
	return rc;
}

int store_contact_figures(struct store *s, nstime since, struct store_contact_figures *out, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_CONTACT_OUTCOMES, e);
	int rc;
	*out = (struct store_contact_figures){0};
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, since);
	while ((rc = store_step(s, q, e)) == 1) {
		uint64_t n = (uint64_t)sqlite3_column_int64(q, 2);
		int outcome = sqlite3_column_int(q, 0);
		out->n += n;
		out->answered += sqlite3_column_int(q, 1) == CONTACT_ANSWERED ? n : 0;
		out->real += outcome == CONTACT_REAL ? n : 0;
		out->false_alarms += outcome == CONTACT_FALSE ? n : 0;
	}
	sqlite3_reset(q);
	if (!rc)
		rc = median(s, Q_CONTACT_FIRST, since, &out->first, e);
	return rc ? rc : median(s, Q_CONTACT_ANSWERED, since, &out->answer, e);
}

/* ---- examples ------------------------------------------------------------------------------------------------------------- */

int store_example_add(struct store *s, struct store_example *x, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_EXAMPLE_ADD, e);
	if (!q)
		return ERR_IO;
	bind_slice(q, 1, slice_of(x->incident));
	sqlite3_bind_int64(q, 2, x->time);
	bind_slice(q, 3, x->author);
	bind_slice(q, 4, x->title);
	bind_slice(q, 5, x->body);
	int rc = store_run(s, q, e);
	x->id = rc ? 0 : sqlite3_last_insert_rowid(s->db);
	return rc;
}

int store_example_delete(struct store *s, int64_t id, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_EXAMPLE_DELETE, e);
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, id);
	int rc = store_run(s, q, e);
	return rc || sqlite3_changes(s->db) > 0 ? rc : err_set(e, ERR_NOENT, "no example %lld", (long long)id);
}

int store_examples(struct store *s, int64_t id, store_example_fn *fn, void *arg, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, Q_EXAMPLES, e);
	int rc = 0;
	if (!q)
		return ERR_IO;
	sqlite3_bind_int64(q, 1, id);
	while (!rc && (rc = store_step(s, q, e)) == 1) {
		struct store_example x = {.id = sqlite3_column_int64(q, 0), .time = sqlite3_column_int64(q, 2), .author = column_slice(q, 3), .title = column_slice(q, 4), .body = column_slice(q, 5)};
		snprintf(x.incident, sizeof x.incident, "%s", (const char *)sqlite3_column_text(q, 1));
		rc = fn(arg, &x);
	}
	sqlite3_reset(q);
	return rc;
}
