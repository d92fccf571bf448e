/* lesson_people.c - postern lesson assign, status, export, forget. */
#include "cmd/lessons.h"
#include "cmd/setup.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- assign -------------------------------------------------------------------------------------------------------------------------------------- */

/* "2027-01-31": the end of that day where the organisation is; "14d": so many days from now, the end of that day. */
static bool take_due(const struct lesson_work *w, const char *text, nstime *out)
{
	struct slice s = slice_of(text);
	uint64_t y, m, d, n;
	int64_t days;
	int ry;
	unsigned rm, rd;
	nstime offset = org_utc_offset(w->org, w->now) * NS_SEC;
	if (s.n > 1 && s.p[s.n - 1] == 'd' && slice_u64(slice_to(s, s.n - 1), 3650, &n)) {
		days = (w->now + offset) / NS_DAY + (int64_t)n;
	} else if (s.n == 10 && s.p[4] == '-' && s.p[7] == '-' && slice_u64(slice_to(s, 4), 2200, &y) && slice_u64(slice_make(s.p + 5, 2), 12, &m) && slice_u64(slice_make(s.p + 8, 2), 31, &d) && y >= 2000 && m && d) {
		days = days_from_civil((int64_t)y, (unsigned)m, (unsigned)d);
		civil_from_days(days, &ry, &rm, &rd);
		if (rd != d)
			return false;
	} else {
		return false;
	}
	*out = (days + 1) * NS_DAY - NS_SEC;
	*out -= org_utc_offset(w->org, *out) * NS_SEC;
	return true;
}

static bool take_target(const struct lesson_work *w, struct lesson_assignment *out)
{
	static const struct { const char *option; enum lesson_for kind; } rows[] = {{"team", FOR_TEAM}, {"role", FOR_ROLE}, {"user", FOR_USER}};
	unsigned n = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (args_has(w->a, rows[i].option)) {
			out->kind = rows[i].kind;
			out->target = slice_trim(slice_of(args_get(w->a, rows[i].option)));
			n++;
		}
	if (n > 1 || (n && !out->target.n))
		complain("lesson assign: name one of --team, --role, --user; none of them for everybody");
	return n == 0 || (n == 1 && out->target.n);
}

int lesson_assign_to(struct lesson_work *w)
{
	const char *due = args_has(w->a, "due") ? args_get(w->a, "due") : "14d";
	struct lesson_assignment a = {.unit = slice_of(w->a->operand[1]), .made = w->now, .by = slice_of(w->who)};
	bool removes = args_has(w->a, "remove");
	struct err e;
	if (!lessons_find(w->lessons, a.unit) && !removes) {
		complain("there is no unit %s: 'postern lesson list' names them", w->a->operand[1]);
		return EXIT_USAGE;
	}
	if (!take_target(w, &a))
		return EXIT_USAGE;
	if (!take_due(w, due, &a.due)) {
		complain("--due %s: write a date, like 2027-01-31, or days from now, like 14d", due);
		return EXIT_USAGE;
	}
	if (removes ? lesson_unassign(w->book, &a, &e) : lesson_assign(w->book, &a, &e))
		return lesson_failed(&e);
	char time[40];
	if (!w->json)
		buf_addf(&w->out, removes ? "%.*s is not assigned to %s%.*s any more.\n" : "%.*s is assigned to %s%.*s", SLFMT(a.unit), a.kind == FOR_ALL ? "everybody" : a.kind == FOR_TEAM ? "team " : a.kind == FOR_ROLE ? "role " : "",
			SLFMT(a.target));
	if (!w->json && !removes)
		buf_addf(&w->out, " until %.10s.\n", time_plain(a.due + org_utc_offset(w->org, a.due) * NS_SEC, time));
	return EXIT_DONE;
}

/* ---- status -------------------------------------------------------------------------------------------------------------------------------------- */

static int tell_assignment(void *arg, const struct lesson_assignment *a)
{
	static const char *const kinds[] = {"all", "team", "role", "user"};
	struct lesson_work *w = arg;
	char time[40];
	const char *team = args_get(w->a, "team");
	if (team && a->kind != FOR_ALL && !(a->kind == FOR_TEAM && slice_eqz(a->target, team)))
		return 0;
	if (w->json) {
		buf_addz(&w->out, "{\"assignment\":");
		buf_json(&w->out, a->unit);
		buf_addf(&w->out, ",\"for\":\"%s\",\"target\":", kinds[a->kind]);
		buf_json(&w->out, a->target);
		buf_addf(&w->out, ",\"due\":\"%s\"}\n", time_rfc3339(a->due, time));
		return 0;
	}
	buf_addf(&w->out, "%-28.*s until %.10s  %s ", SLFMT(a->unit), time_plain(a->due + org_utc_offset(w->org, a->due) * NS_SEC, time), a->kind == FOR_ALL ? "everybody" : kinds[a->kind]);
	buf_term(&w->out, a->target);
	buf_addc(&w->out, '\n');
	return 0;
}

static void tell_figures(const struct lesson_team *t, struct buf *b)
{
	if (t->assigned_shown)
		buf_addf(b, "  assigned %u, done %u, overdue %u\n", t->assigned, t->done, t->overdue);
	if (t->talk_shown && t->talks)
		buf_addf(b, "  conversations: %u of %u reported; stopped at stage 1 to 5: %u %u %u %u %u\n", t->reported, t->talks, t->stop[1], t->stop[2], t->stop[3], t->stop[4], t->stop[5]);
	if (t->honest_shown && t->benign)
		buf_addf(b, "  honest contacts: %u of %u refused\n", t->suspicious, t->benign);
	if (t->spot_shown)
		buf_addf(b, "  what is wrong: %u seen, %u missed, %u false alarms in %u; d' %.2f, bias %+.2f\n", t->hits, t->misses, t->alarms, t->alarms + t->quiet, t->sensitivity, t->bias);
	if (t->answer_shown)
		buf_addf(b, "  questions: %u of %u right\n", t->right, t->answers);
}

static int tell_team(void *arg, const struct lesson_team *t)
{
	struct lesson_work *w = arg;
	const char *team = args_get(w->a, "team");
	if (team && (t->all || !slice_eqz(t->name, team)))
		return 0;
	if (w->json) {
		lesson_team_json(t, &w->out);
		buf_addc(&w->out, '\n');
		return 0;
	}
	buf_term(&w->out, t->all ? SL("Everybody") : t->name.n ? t->name : SL("(no team)"));
	buf_addf(&w->out, ": %u people\n", t->people);
	if (t->shown)
		tell_figures(t, &w->out);
	else
		buf_addf(&w->out, t->all ? "  no figures: those of a team of fewer than %d people could be told from them\n" : "  no figures: fewer than %d people\n", TEAM_LEAST);
	return 0;
}

int lesson_status(struct lesson_work *w)
{
	struct err e;
	if (lesson_assignments(w->book, tell_assignment, w, &e) || lesson_teams(w->book, w->now, tell_team, w, &e))
		return lesson_failed(&e);
	if (!w->out.n) {
		complain("there is no team %s", args_get(w->a, "team"));
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

/* ---- export --------------------------------------------------------------------------------------------------------------------------------------- */

/* Spreadsheets run what begins like a formula. */
static void csv_field(struct buf *b, struct slice s)
{
	bool formula = s.n && (s.p[0] == '=' || s.p[0] == '+' || s.p[0] == '-' || s.p[0] == '@');
	buf_addz(b, formula ? "\"'" : "\"");
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_addc(b, '"');
		buf_addc(b, s.p[i]);
	}
	buf_addc(b, '"');
}

struct exporting { struct lesson_work *w; size_t n; };

static void record_json(struct buf *b, const struct slice *texts, const char *const *names, const nstime *times, const char *const *time_names, size_t nt, size_t ntimes)
{
	char time[40];
	for (size_t i = 0; i < nt; i++) {
		buf_addf(b, "%s\"%s\":", i ? "," : "{", names[i]);
		buf_json(b, texts[i]);
	}
	for (size_t i = 0; i < ntimes; i++) {
		if (times[i] == NSTIME_NONE)
			buf_addf(b, ",\"%s\":null", time_names[i]);
		else
			buf_addf(b, ",\"%s\":\"%s\"", time_names[i], time_rfc3339(times[i], time));
	}
	buf_addz(b, "}\n");
}

static int export_one(void *arg, const struct lesson_record *r)
{
	static const char *const names[] = {"user", "name", "team", "unit", "certificate"};
	static const char *const time_names[] = {"assigned", "due", "completed", "issued", "valid_until", "refresh1_due", "refresh1_done", "refresh2_due", "refresh2_done"};
	struct exporting *x = arg;
	struct buf *b = &x->w->out;
	const struct lesson_certificate *c = &r->certificate;
	bool has = c->id[0] != 0;
	const struct slice texts[] = {r->user, r->shown, r->team, r->unit, slice_of(c->id)};
	const nstime times[] = {r->assigned, r->due, r->completed, has ? c->issued : NSTIME_NONE, has ? c->until : NSTIME_NONE, has ? c->refresh_due[0] : NSTIME_NONE, has ? c->refresh_done[0] : NSTIME_NONE,
		has ? c->refresh_due[1] : NSTIME_NONE, has ? c->refresh_done[1] : NSTIME_NONE};
	char time[40];
	if (x->w->json) {
		record_json(b, texts, names, times, time_names, ARRAY_LEN(texts), ARRAY_LEN(times));
		return 0;
	}
	for (size_t i = 0; !x->n && i < ARRAY_LEN(names) + ARRAY_LEN(times); i++)
		buf_addf(b, "%s%s", i ? "," : "", i < ARRAY_LEN(names) ? names[i] : time_names[i - ARRAY_LEN(names)]);
	buf_addz(b, x->n++ ? "" : "\r\n");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		buf_addz(b, i ? "," : "");
		csv_field(b, texts[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		buf_addf(b, ",%s", time_rfc3339(times[i], time));
	buf_addz(b, "\r\n");
	return 0;
}

int lesson_export_all(struct lesson_work *w)
{
	struct exporting x = {w, 0};
	struct err e;
	return lesson_export(w->book, export_one, &x, &e) ? lesson_failed(&e) : EXIT_DONE;
}

/* ---- forget --------------------------------------------------------------------------------------------------------------------------------------- */

int lesson_forget_one(struct lesson_work *w)
{
	struct err e;
	const char *months = args_get(w->a, "months");
	uint64_t n = 0;
	int64_t gone;
	if ((months != NULL) == (w->a->noperands > 1)) {
		complain("usage: postern lesson forget USER, or --months N");
		return EXIT_USAGE;
	}
	if (!months) {
		if (lesson_forget(w->book, slice_of(w->a->operand[1]), &e))
			return lesson_failed(&e);
		buf_addf(&w->out, "Everything about %s is forgotten.\n", w->a->operand[1]);
		return EXIT_DONE;
	}
	(void)slice_u64(slice_of(months), 120, &n);
	if (lesson_expire(w->book, w->now, (unsigned)n, &gone, &e))
		return lesson_failed(&e);
	buf_addf(&w->out, "%lld rows older than %llu months are gone.\n", (long long)gone, (unsigned long long)n);
	return EXIT_DONE;
}
