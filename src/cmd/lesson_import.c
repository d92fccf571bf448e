/* lesson_import.c - postern lesson import: people out of a CSV file (RFC 4180, comma or semicolon) or the organisation file. */
#include "cmd/lessons.h"

#include <stdio.h>
#include <stdlib.h>

enum column { COLUMN_USER, COLUMN_NAME, COLUMN_MAIL, COLUMN_TEAM, COLUMN_ROLES, COLUMN_LANGUAGE, COLUMNS };
enum { PEOPLE_MAX = 200000, CELLS_MAX = 40 };

struct table {
	struct lesson_work *w;
	const char *file;
	struct slice rest;
	char separator;
	int line;                       /* of the row at hand */
	int next_line;
	struct slice cell[CELLS_MAX];
	size_t ncells;
	int place[COLUMNS];             /* which cell is it; -1 none */
	struct { struct lesson_learner *v; size_t n, cap; } people;
	struct { int *v; size_t n, cap; } lines;
};

static int wrong(const struct table *t, const char *text, struct slice shown)
{
	struct buf b = {0};
	buf_term(&b, slice_to(shown, 60));
	complain("%s:%d: %s%s%.*s%s", t->file, t->line, text, shown.n ? " \"" : "", SLFMT(buf_slice(&b)), shown.n ? "\"" : "");
	buf_free(&b);
	return EXIT_USAGE;
}

/* A cell in quotes: two of them stand for one, line ends are part of it. */
static bool quoted_cell(struct table *t, struct slice *out)
{
	struct buf b = {0};
	size_t i = 1;
	for (; i < t->rest.n; i++) {
		char c = t->rest.p[i];
		if (c == '"' && (i + 1 >= t->rest.n || t->rest.p[i + 1] != '"'))
			break;
		i += c == '"';
		t->next_line += c == '\n';
		buf_addc(&b, c == '\n' || c == '\r' ? ' ' : c);
	}
	*out = slice_trim(slice_dup(&t->w->mem, buf_slice(&b)));
	buf_free(&b);
	bool closed = i < t->rest.n;
	t->rest = slice_from(t->rest, i + 1);
	return closed;
}

/* One row into t->cell. 1, 0 at the end, or -1 after a message. */
static int next_row(struct table *t)
{
	t->ncells = 0;
	t->line = t->next_line;
	if (!t->rest.n)
		return 0;
	for (;;) {
		struct slice cell = SLICE_NONE;
		if (t->rest.n && t->rest.p[0] == '"') {
			if (!quoted_cell(t, &cell))
				return wrong(t, "a quote is not closed", SLICE_NONE), -1;
		} else {
			size_t n = 0;
			while (n < t->rest.n && t->rest.p[n] != t->separator && t->rest.p[n] != '\n' && t->rest.p[n] != '\r')
				n++;
			cell = slice_trim(slice_to(t->rest, n));
			t->rest = slice_from(t->rest, n);
		}
		if (t->ncells == CELLS_MAX)
			return wrong(t, "more than 40 columns", SLICE_NONE), -1;
		t->cell[t->ncells++] = cell;
		if (t->rest.n && t->rest.p[0] == t->separator) {
			t->rest = slice_from(t->rest, 1);
			continue;
		}
		if (t->rest.n && t->rest.p[0] == '\r')
			t->rest = slice_from(t->rest, 1);
		if (t->rest.n && t->rest.p[0] != '\n')
			return wrong(t, "something stands behind a quoted value", SLICE_NONE), -1;
		t->next_line += t->rest.n > 0;
		t->rest = slice_from(t->rest, 1);
		return 1;
	}
}

static int take_head(struct table *t)
{
	static const char *const names[COLUMNS] = {"user", "name", "mail", "team", "roles", "language"};
	if (slice_starts(t->rest, SL("\xef\xbb\xbf")))
		t->rest = slice_from(t->rest, 3);
	struct slice copy = t->rest, head = copy;
	(void)slice_cut(&copy, '\n', &head);
	t->separator = slice_chr(head, ';') >= 0 && slice_chr(head, ',') < 0 ? ';' : ',';
	for (size_t i = 0; i < COLUMNS; i++)
		t->place[i] = -1;
	if (next_row(t) <= 0)
		return wrong(t, "the file is empty: write a first line with user,name,mail,team,roles,language", SLICE_NONE);
	for (size_t i = 0; i < t->ncells; i++) {
		size_t k = 0;
		while (k < COLUMNS && !slice_ieq(t->cell[i], slice_of(names[k])))
			k++;
		if (k == COLUMNS || t->place[k] >= 0)
			return wrong(t, "columns are user, name, mail, team, roles, language, each once; not", t->cell[i]);
		t->place[k] = (int)i;
	}
	return t->place[COLUMN_USER] >= 0 ? 0 : wrong(t, "there is no column user", SLICE_NONE);
}

static struct slice cell(const struct table *t, enum column c)
{
	return t->place[c] >= 0 && (size_t)t->place[c] < t->ncells ? t->cell[t->place[c]] : SLICE_NONE;
}

static bool take_language(struct slice s, enum lure_language *out)
{
	static const char *const names[LURE_LANGUAGES] = {"en", "de", "ko"};
	*out = LURE_LANGUAGES;
	for (size_t i = 0; i < LURE_LANGUAGES; i++)
		if (slice_ieq(s, slice_of(names[i]))) {
			*out = (enum lure_language)i;
			return true;
		}
	return !s.n;
}

/* "a; b" and "a b" are two roles. */
static struct slice take_roles(struct table *t, struct slice s)
{
	struct slice copy = slice_dup(&t->w->mem, s);
	union { const char *in; char *out; } p = {copy.p};
	for (size_t i = 0; i < copy.n; i++)
		if (p.out[i] == ';' || p.out[i] == ',')
			p.out[i] = ' ';
	return slice_trim(copy);
}

static int take_row(struct table *t)
{
	struct lesson_learner l = {.user = cell(t, COLUMN_USER), .shown = cell(t, COLUMN_NAME), .mail = cell(t, COLUMN_MAIL), .team = cell(t, COLUMN_TEAM), .roles = take_roles(t, cell(t, COLUMN_ROLES)), .seen = NSTIME_NONE};
	if (t->ncells == 1 && !t->cell[0].n) /* an empty line */
		return 0;
	if (!take_language(cell(t, COLUMN_LANGUAGE), &l.language))
		return wrong(t, "language is en, de or ko, not", cell(t, COLUMN_LANGUAGE));
	if (t->people.n >= PEOPLE_MAX)
		return wrong(t, "more than 200,000 people", SLICE_NONE);
	*vec_push(&t->people) = l;
	*vec_push(&t->lines) = t->line;
	return 0;
}

static int put_all(struct table *t)
{
	struct err e;
	size_t wrong_one;
	int rc = lesson_learners_put(t->w->book, t->people.v, t->people.n, &wrong_one, &e);
	if (rc && wrong_one < t->lines.n)
		complain("%s:%d: %s", t->file, t->lines.v[wrong_one], e.text);
	else if (rc)
		complain_err(&e);
	if (rc)
		return rc == ERR_RANGE ? EXIT_USAGE : EXIT_INPUT;
	buf_addf(&t->w->out, "%zu people are known to the lessons.\n", t->people.n);
	return EXIT_DONE;
}

/* ---- the organisation file ------------------------------------------------------------------------------------------------------------------------------ */

static int take_staff(struct table *t)
{
	size_t n, without = 0;
	const struct org_person *v = org_staff(t->w->org, &n);
	for (size_t i = 0; i < n; i++) {
		struct lesson_learner l = {.shown = v[i].name, .mail = v[i].mail, .language = LURE_LANGUAGES, .seen = NSTIME_NONE};
		ssize_t at = slice_chr(v[i].mail, '@');
		struct buf roles = {0}, user = {0};
		buf_adds(&user, v[i].naccounts ? v[i].accounts[0] : at > 0 ? slice_to(v[i].mail, (size_t)at) : SLICE_NONE);
		for (size_t k = 0; k < user.n; k++)
			user.p[k] += user.p[k] >= 'A' && user.p[k] <= 'Z' ? 'a' - 'A' : 0;
		for (size_t k = 0; k < v[i].nroles; k++)
			buf_addf(&roles, "%s%.*s", k ? " " : "", SLFMT(v[i].roles[k]));
		l.user = slice_dup(&t->w->mem, buf_slice(&user));
		l.roles = slice_dup(&t->w->mem, buf_slice(&roles));
		buf_free(&roles);
		buf_free(&user);
		if (l.user.n)
			*vec_push(&t->people) = l;
		else
			without++;
	}
	if (without)
		complain("%zu of %zu people have neither account nor mail in the organisation file: they are left out", without, n);
	if (!n)
		complain("the organisation file names no staff");
	return n ? 0 : EXIT_INPUT;
}

int lesson_import(struct lesson_work *w)
{
	bool org = args_has(w->a, "org");
	struct table t = {.w = w, .file = w->a->noperands > 1 ? w->a->operand[1] : "org.yaml", .rest = buf_slice(&w->input), .line = 1, .next_line = 1};
	int rc, more = 1;
	if (org == (w->a->noperands > 1)) {
		complain("usage: postern lesson import FILE.csv, or --org");
		return EXIT_USAGE;
	}
	rc = org ? take_staff(&t) : take_head(&t);
	while (!rc && !org && (more = next_row(&t)) > 0)
		rc = take_row(&t);
	if (!rc)
		rc = more < 0 ? EXIT_USAGE : put_all(&t);
	free(t.people.v);
	free(t.lines.v);
	return rc;
}
