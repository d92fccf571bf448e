/* book.c - the book's file, learners, assignments; what is forgotten. */
#include "lesson/book_private.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const tables[] = {
	"CREATE TABLE learner(user TEXT PRIMARY KEY, shown TEXT NOT NULL, mail TEXT NOT NULL, team TEXT NOT NULL, roles TEXT NOT NULL, language INTEGER NOT NULL, seen INTEGER) WITHOUT ROWID;"
	"CREATE TABLE part_done(user TEXT NOT NULL, unit TEXT NOT NULL, part TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY(user,unit,part)) WITHOUT ROWID;"
	"CREATE TABLE result(id INTEGER PRIMARY KEY, user TEXT NOT NULL, unit TEXT NOT NULL, part TEXT NOT NULL, kind INTEGER NOT NULL, time INTEGER NOT NULL, isright INTEGER NOT NULL, stop INTEGER NOT NULL,"
	" flags INTEGER NOT NULL, flags_all INTEGER NOT NULL, reported INTEGER NOT NULL, benign INTEGER NOT NULL, sound INTEGER NOT NULL, hits INTEGER NOT NULL, misses INTEGER NOT NULL,"
	" alarms INTEGER NOT NULL, quiet INTEGER NOT NULL, isfirst INTEGER NOT NULL);"
	"CREATE INDEX result_user ON result(user,unit,part,kind);"
	"CREATE INDEX result_time ON result(time);"
	"CREATE TABLE repeat(user TEXT NOT NULL, unit TEXT NOT NULL, question TEXT NOT NULL, step INTEGER NOT NULL, due INTEGER NOT NULL, time INTEGER NOT NULL, PRIMARY KEY(user,unit,question)) WITHOUT ROWID;"
	"CREATE TABLE completion(user TEXT NOT NULL, unit TEXT NOT NULL, time INTEGER NOT NULL, until INTEGER NOT NULL, PRIMARY KEY(user,unit)) WITHOUT ROWID;"
	"CREATE TABLE certificate(id TEXT PRIMARY KEY, user TEXT NOT NULL, unit TEXT NOT NULL, issued INTEGER NOT NULL, until INTEGER NOT NULL, first INTEGER, second INTEGER, count INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX certificate_user ON certificate(user,unit);"
	"CREATE TABLE assignment(unit TEXT NOT NULL, kind INTEGER NOT NULL, target TEXT NOT NULL, due INTEGER NOT NULL, made INTEGER NOT NULL, author TEXT NOT NULL, PRIMARY KEY(unit,kind,target)) WITHOUT ROWID;",
};

struct lesson_book *lesson_book_open(const char *path, bool make, struct err *e)
{
	struct lesson_book *b = xcalloc(1, sizeof *b);
	b->vault = vault_open(path, make ? VAULT_CREATE : VAULT_WRITE, e);
	if (b->vault && !vault_tables(b->vault, "lesson", tables, ARRAY_LEN(tables), e))
		return b;
	lesson_book_close(b);
	return NULL;
}

void lesson_book_close(struct lesson_book *b)
{
	if (!b)
		return;
	vault_close(b->vault);
	free(b);
}

int book_change(struct lesson_book *b, int (*fn)(struct lesson_book *b, void *arg, struct err *e), void *arg, struct err *e)
{
	int rc = vault_begin(b->vault, e);
	if (rc)
		return rc;
	rc = fn(b, arg, e);
	if (!rc)
		return vault_commit(b->vault, e);
	vault_rollback(b->vault);
	return rc;
}

int book_first_number(void *arg, const struct vault_row *r)
{
	*(int64_t *)arg = vault_int(r, 0);
	return 0;
}

/* ---- months ---------------------------------------------------------------------------------------------------------------------------------- */

nstime lesson_months_after(nstime t, unsigned months)
{
	static const unsigned char days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	struct civil c = civil_of(t);
	unsigned m = c.month - 1 + months;
	int year = c.year + (int)(m / 12);
	unsigned last = days[m % 12] + (m % 12 == 1 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)));
	nstime in_day = t - days_from_civil(c.year, c.month, c.day) * NS_DAY;
	return days_from_civil(year, m % 12 + 1, MIN(c.day, last)) * NS_DAY + in_day;
}

/* ---- learners ------------------------------------------------------------------------------------------------------------------------------------ */

bool lesson_has_role(struct slice roles, struct slice role)
{
	struct slice word;
	while (slice_word(&roles, &word))
		if (slice_eq(word, role))
			return true;
	return false;
}

bool lesson_is_for(const struct lesson *u, struct slice roles)
{
	bool fits = u->naudience == 0;
	for (size_t i = 0; i < u->naudience && !fits; i++)
		fits = lesson_has_role(roles, u->audience[i]);
	return fits;
}

#define LEARNER_COLUMNS "l.user,l.shown,l.mail,l.team,l.roles,l.language,l.seen"

static struct lesson_learner learner_of(const struct vault_row *r)
{
	int64_t language = vault_int(r, 5);
	return (struct lesson_learner){vault_text(r, 0), vault_text(r, 1), vault_text(r, 2), vault_text(r, 3), vault_text(r, 4),
		language > 0 && language < LURE_LANGUAGES ? (enum lure_language)language : LURE_EN, vault_time(r, 6)};
}

struct each { lesson_learner_fn *fn; void *arg; };

static int each_learner(void *arg, const struct vault_row *r)
{
	struct each *x = arg;
	struct lesson_learner l = learner_of(r);
	return x->fn(x->arg, &l);
}

int lesson_learners(struct lesson_book *b, lesson_learner_fn *fn, void *arg, struct err *e)
{
	struct each x = {fn, arg};
	return vault_run(b->vault, "SELECT " LEARNER_COLUMNS " FROM learner l ORDER BY l.user", each_learner, &x, e, "");
}

int lesson_taught(struct lesson_book *b, nstime now, lesson_learner_fn *fn, void *arg, struct err *e)
{
	struct each x = {fn, arg};
	return vault_run(b->vault, "SELECT " LEARNER_COLUMNS " FROM learner l WHERE EXISTS(SELECT 1 FROM completion c WHERE c.user=l.user AND c.until>?1) ORDER BY l.user", each_learner, &x, e, "t", now);
}

struct taken { struct arena *a; struct lesson_learner *out; bool there; };

static int take_learner(void *arg, const struct vault_row *r)
{
	struct taken *t = arg;
	struct lesson_learner l = learner_of(r);
	*t->out = (struct lesson_learner){slice_dup(t->a, l.user), slice_dup(t->a, l.shown), slice_dup(t->a, l.mail), slice_dup(t->a, l.team), slice_dup(t->a, l.roles), l.language, l.seen};
	t->there = true;
	return 0;
}

int lesson_learner_get(struct lesson_book *b, struct slice user, struct arena *a, struct lesson_learner *out, struct err *e)
{
	struct taken t = {.a = a, .out = out};
	int rc = vault_run(b->vault, "SELECT " LEARNER_COLUMNS " FROM learner l WHERE l.user=?1", take_learner, &t, e, "s", user);
	return rc || t.there ? rc : err_set(e, ERR_NOENT, "nobody called %.*s is known to the lessons", SLFMT(slice_to(user, 60)));
}

static bool is_user(struct slice s)
{
	bool fine = s.n > 0 && s.n < 64;
	for (size_t i = 0; i < s.n && fine; i++)
		fine = (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '.' || s.p[i] == '_' || s.p[i] == '-';
	return fine;
}

static int check_learner(const struct lesson_learner *l, struct err *e)
{
	const struct slice texts[] = {l->shown, l->mail, l->team, l->roles};
	if (!is_user(l->user))
		return err_set(e, ERR_RANGE, "\"%.*s\" is no user name: small letters, digits, dot, dash, underscore, at most 63", SLFMT(slice_to(l->user, 60)));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (texts[i].n > 500 || !slice_utf8(texts[i]))
			return err_set(e, ERR_RANGE, "%.*s: a text is longer than 500 bytes, or no UTF-8", SLFMT(l->user));
		for (size_t k = 0; k < texts[i].n; k++)
			if ((unsigned char)texts[i].p[k] < 0x20 || texts[i].p[k] == 0x7f)
				return err_set(e, ERR_RANGE, "%.*s: a text has a control character", SLFMT(l->user));
	}
	return 0;
}

_Static_assert(LURE_LANGUAGES == 3, "the statement knows how many");
static const char put_learner[] =
	"INSERT INTO learner(user,shown,mail,team,roles,language,seen) VALUES(?1,?2,?3,?4,?5,CASE WHEN ?6<3 THEN ?6 ELSE 0 END,?7) ON CONFLICT(user) DO UPDATE SET "
	"shown=CASE WHEN excluded.shown<>'' THEN excluded.shown ELSE shown END, mail=CASE WHEN excluded.mail<>'' THEN excluded.mail ELSE mail END,"
	"team=CASE WHEN excluded.team<>'' THEN excluded.team ELSE team END, roles=CASE WHEN excluded.roles<>'' THEN excluded.roles ELSE roles END,"
	"language=CASE WHEN ?6<3 THEN ?6 ELSE language END, seen=coalesce(excluded.seen,seen)";

int lesson_learner_put(struct lesson_book *b, const struct lesson_learner *l, struct err *e)
{
	int rc = check_learner(l, e);
	return rc ? rc : vault_run(b->vault, put_learner, NULL, NULL, e, "sssssit", l->user, l->shown, l->mail, l->team, l->roles, (int64_t)l->language, l->seen);
}

struct putting { const struct lesson_learner *v; size_t n, at; };

static int put_all(struct lesson_book *b, void *arg, struct err *e)
{
	struct putting *p = arg;
	int rc = 0;
	for (p->at = 0; p->at < p->n; p->at++)
		if ((rc = lesson_learner_put(b, &p->v[p->at], e)))
			return rc;
	return rc;
}

int lesson_learners_put(struct lesson_book *b, const struct lesson_learner *v, size_t n, size_t *wrong, struct err *e)
{
	struct putting p = {v, n, 0};
	int rc = book_change(b, put_all, &p, e);
	*wrong = p.at;
	return rc;
}

/* Who comes to learn is not sent away because of how an account was filled in. */
static struct slice fitting(const struct lesson_learner *l, struct slice text)
{
	const struct lesson_learner one = {.user = l->user, .shown = text};
	struct err e;
	return check_learner(&one, &e) ? SLICE_NONE : text;
}

int lesson_learner_meet(struct lesson_book *b, const struct lesson_learner *who, nstime now, struct err *e)
{
	const struct lesson_learner fits = {who->user, fitting(who, who->shown), fitting(who, who->mail), fitting(who, who->team), SLICE_NONE, who->language, now}, *l = &fits;
	int64_t same = 0;
	int rc = vault_run(b->vault,
		"SELECT 1 FROM learner WHERE user=?1 AND (?2='' OR shown=?2) AND (?3='' OR mail=?3) AND (?4='' OR team=?4) AND language=?5 AND seen>?6", book_first_number, &same, e, "ssssit", l->user,
		l->shown, l->mail, l->team, (int64_t)l->language, now - NS_DAY);
	return rc || same ? rc : lesson_learner_put(b, l, e);
}

/* ---- assignments ------------------------------------------------------------------------------------------------------------------------------------ */

int lesson_assign(struct lesson_book *b, const struct lesson_assignment *a, struct err *e)
{
	if ((a->kind == FOR_ALL) != (a->target.n == 0) || a->target.n > 200 || !a->unit.n || a->due == NSTIME_NONE)
		return err_set(e, ERR_RANGE, "an assignment needs a unit, a date, and a team, role, user, or everybody");
	return vault_run(b->vault, "INSERT INTO assignment(unit,kind,target,due,made,author) VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(unit,kind,target) DO UPDATE SET due=excluded.due, author=excluded.author", NULL, NULL, e,
		"sistts", a->unit, (int64_t)a->kind, a->target, a->due, a->made, a->by);
}

int lesson_unassign(struct lesson_book *b, const struct lesson_assignment *a, struct err *e)
{
	int rc = vault_run(b->vault, "DELETE FROM assignment WHERE unit=?1 AND kind=?2 AND target=?3", NULL, NULL, e, "sis", a->unit, (int64_t)a->kind, a->target);
	return rc || vault_changes(b->vault) ? rc : err_set(e, ERR_NOENT, "there is no such assignment");
}

struct each_assignment { lesson_assignment_fn *fn; void *arg; };

static int each_assignment(void *arg, const struct vault_row *r)
{
	struct each_assignment *x = arg;
	struct lesson_assignment a = {vault_text(r, 0), (enum lesson_for)MIN(MAX(vault_int(r, 1), 0), (int64_t)FOR_USER), vault_text(r, 2), vault_time(r, 3), vault_time(r, 4), vault_text(r, 5)};
	return x->fn(x->arg, &a);
}

int lesson_assignments(struct lesson_book *b, lesson_assignment_fn *fn, void *arg, struct err *e)
{
	struct each_assignment x = {fn, arg};
	return vault_run(b->vault, "SELECT unit,kind,target,due,made,author FROM assignment ORDER BY due,unit,kind,target", each_assignment, &x, e, "");
}

/* ---- forgetting --------------------------------------------------------------------------------------------------------------------------------------- */

static int forget(struct lesson_book *b, void *arg, struct err *e)
{
	static const char *const rows[] = {"DELETE FROM part_done WHERE user=?1", "DELETE FROM result WHERE user=?1", "DELETE FROM repeat WHERE user=?1", "DELETE FROM completion WHERE user=?1",
		"DELETE FROM certificate WHERE user=?1", "DELETE FROM assignment WHERE kind=3 AND target=?1", "DELETE FROM learner WHERE user=?1"};
	const struct slice *user = arg;
	int64_t gone = 0;
	int rc = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows) && !rc; i++) {
		rc = vault_run(b->vault, rows[i], NULL, NULL, e, "s", *user);
		gone += vault_changes(b->vault);
	}
	return rc || gone ? rc : err_set(e, ERR_NOENT, "nobody called %.*s is known to the lessons", SLFMT(slice_to(*user, 60)));
}

int lesson_forget(struct lesson_book *b, struct slice user, struct err *e)
{
	return book_change(b, forget, &user, e);
}

struct expiry { nstime before; int64_t gone; };


static int expire(struct lesson_book *b, void *arg, struct err *e)
{
	static const char *const rows[] = {
		"DELETE FROM result WHERE time<?1",
		"DELETE FROM certificate WHERE until<?1",
		"DELETE FROM part_done WHERE EXISTS(SELECT 1 FROM completion c WHERE c.user=part_done.user AND c.unit=part_done.unit AND c.until<?1)",
		"DELETE FROM part_done WHERE time<?1 AND NOT EXISTS(SELECT 1 FROM completion c WHERE c.user=part_done.user AND c.unit=part_done.unit)",
		"DELETE FROM completion WHERE until<?1",
		"DELETE FROM repeat WHERE time<?1",
		"DELETE FROM learner WHERE seen<?1 AND user NOT IN (SELECT user FROM completion UNION SELECT user FROM repeat UNION SELECT user FROM part_done)",
	};
	struct expiry *x = arg;
	int rc = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows) && !rc; i++) {
		rc = vault_run(b->vault, rows[i], NULL, NULL, e, "t", x->before);
		x->gone += vault_changes(b->vault);
	}
	return rc;
}

int lesson_expire(struct lesson_book *b, nstime now, unsigned months, int64_t *gone, struct err *e)
{
	struct expiry x = {.before = now - (nstime)months * 30 * NS_DAY};
	int rc = book_change(b, expire, &x, e);
	*gone = x.gone;
	return rc;
}
