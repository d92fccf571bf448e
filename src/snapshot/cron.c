/* cron.c - crontabs, udev's and logrotate's scripts: text to jobs. */
#include "snapshot/system_private.h"

#include <stdlib.h>

static void job(struct snapshot *s, const struct snap_job *row)
{
	if (s->njobs < SNAP_ROWS_MAX / 8)
		*(struct snap_job *)snapshot_add(s, SNAP_K_job) = *row;
}

static bool assignment(struct slice t)
{
	size_t i = 0;
	while (i < t.n && ((t.p[i] | 32) >= 'a' && (t.p[i] | 32) <= 'z' ? true : t.p[i] == '_' || (i && t.p[i] >= '0' && t.p[i] <= '9')))
		i++;
	while (i < t.n && (t.p[i] == ' ' || t.p[i] == '\t'))
		i++;
	return i && i < t.n && t.p[i] == '=';
}

static bool time_field(struct slice f)
{
	for (size_t i = 0; i < f.n; i++)
		if (!strchr("0123456789*/,-~", f.p[i]) && !((f.p[i] | 32) >= 'a' && (f.p[i] | 32) <= 'z'))
			return false;
	return f.n > 0;
}

/* The fields before the account or the command. */
static bool schedule(struct slice *t, bool anacron, struct slice *out)
{
	struct slice start = *t, f;
	size_t fields = anacron ? 2 : start.p[0] == '@' ? 1 : 5;
	for (size_t i = 0; i < fields; i++)
		if (!slice_word(t, &f) || (fields == 5 && !time_field(f)))
			return false;
	*out = slice_make(start.p, (size_t)(f.p + f.n - start.p));
	return true;
}

/* Up to the first % that no backslash precedes: what is behind it is input. */
static struct slice command_of(struct slice t)
{
	for (size_t i = 0; i < t.n; i++)
		if (t.p[i] == '%' && (i == 0 || t.p[i - 1] != '\\'))
			return slice_to(t, i);
	return t;
}

void cron_rows(struct snapshot *s, struct slice text, const struct cron_context *c)
{
	struct lines l = lines_of(text, false);
	struct slice line, when, who = c->account, name = SLICE_NONE;
	while (lines_next(&l, &line)) {
		struct slice t = slice_trim(line);
		struct snap_vec v = {0};
		if (!t.n || t.p[0] == '#' || assignment(t))
			continue;
		struct snap_at at = {c->file, l.line};
		bool good = schedule(&t, c->anacron, &when);
		if (good && c->anacron)
			good = slice_word(&t, &name);
		else if (good && !c->account.n)
			good = slice_word(&t, &who);
		t = command_of(slice_trim(t));
		if (!good || !t.n) {
			add_missing(s, at, "job", "a line of a crontab that cannot be understood");
			continue;
		}
		if (!c->account.n && who.n && who.p[0] == '-') /* Debian: not to be logged */
			who = slice_from(who, 1);
		shell_programs(s, t, &v);
		job(s, &(struct snap_job){.at = at, .kind = SL("cron"), .name = slice_dup(&s->mem, name), .run_as = slice_dup(&s->mem, c->anacron ? SL("root") : who),
			.schedule = slice_dup(&s->mem, when), .command = slice_dup(&s->mem, slice_to(t, 2048)), .programs = vec_take(s, &v), .enabled = c->enabled});
		vec_free(&v);
	}
	lines_free(&l);
}

void script_row(struct snapshot *s, const char *kind, struct snap_at at, struct slice name, struct slice run_as, enum snap_tri enabled)
{
	struct snap_list one = {arena_alloc(&s->mem, sizeof *one.v), 1};
	one.v[0] = at.file;
	job(s, &(struct snap_job){.at = at, .kind = slice_of(kind), .name = slice_dup(&s->mem, name), .run_as = run_as, .command = at.file, .programs = one, .enabled = enabled});
}

/* ---- udev ------------------------------------------------------------------------------------------------------------------ */
/* RUN+="x", RUN{program}+="x", PROGRAM="x", IMPORT{program}="x" */
static bool runs(struct slice key)
{
	return slice_eqz(key, "RUN") || slice_eqz(key, "RUN{program}") || slice_eqz(key, "PROGRAM") || slice_eqz(key, "IMPORT{program}");
}

static void udev_command(struct snapshot *s, struct slice command, struct snap_at at)
{
	struct slice w[32], rest = command;
	struct buf b = {0};
	struct snap_vec v = {0};
	size_t n = 0;
	while (n < ARRAY_LEN(w) && shell_word(&rest, &b))
		w[n++] = slice_dup(&s->mem, buf_slice(&b));
	buf_free(&b);
	if (n && w[0].n && w[0].p[0] != '/' && w[0].p[0] != '$' && w[0].p[0] != '%') /* udev looks for it in a folder of its own alone */
		w[0] = text_f(s, "/usr/lib/udev/%.*s", SLFMT(w[0]));
	words_programs(s, w, n, &v);
	if (n)
		job(s, &(struct snap_job){.at = at, .kind = SL("udev"), .name = slice_basename(at.file), .run_as = SL("root"), .command = slice_dup(&s->mem, slice_to(command, 2048)),
			.programs = vec_take(s, &v), .enabled = SNAP_YES});
	vec_free(&v);
}

void udev_rows(struct snapshot *s, struct slice text, struct slice file)
{
	struct lines l = lines_of(text, true);
	struct slice line;
	while (lines_next(&l, &line)) {
		struct slice t = slice_trim(line);
		if (!t.n || t.p[0] == '#')
			continue;
		while (t.n) {
			size_t k = 0, v;
			while (k < t.n && !strchr("=!+-: \t,", t.p[k]))
				k++;
			struct slice key = slice_to(t, k);
			while (k < t.n && strchr("=!+-: \t", t.p[k]) && t.p[k])
				k++;
			/* RUN is set, the others run by being compared. */
			bool sets = k && t.p[k - 1] == '=' && !(k > 1 && (t.p[k - 2] == '!' || (t.p[k - 2] == '=' && slice_starts(key, SL("RUN")))));
			if (k < t.n && t.p[k] == '"') {
				for (v = k + 1; v < t.n && t.p[v] != '"';)
					v += 1 + (t.p[v] == '\\' && v + 1 < t.n);
				v = MIN(v, t.n);
				if (sets && runs(key) && v < t.n)
					udev_command(s, slice_make(t.p + k + 1, v - k - 1), (struct snap_at){file, l.line});
				k = v;
			}
			t = slice_from(t, MAX(k + (k < t.n), (size_t)1));
			t = slice_trim(t);
		}
	}
	lines_free(&l);
}

/* ---- logrotate --------------------------------------------------------------------------------------------------------------- */
struct stanza { struct slice names; int64_t line; bool login; int64_t rotate; int64_t days; int64_t maxage; };

static bool login_log(struct slice t)
{
	return slice_has(t, SL("/var/log/auth.log")) || slice_has(t, SL("/var/log/secure"));
}

static void rotation(struct stanza *z, struct slice t)
{
	static const struct { const char *word; int64_t days; } periods[] = {{"hourly", 0}, {"daily", 1}, {"weekly", 7}, {"monthly", 30}, {"yearly", 365}};
	struct slice w, v;
	uint64_t n;
	if (!slice_word(&t, &w))
		return;
	for (size_t i = 0; i < ARRAY_LEN(periods); i++)
		if (slice_eqz(w, periods[i].word))
			z->days = periods[i].days;
	if (slice_word(&t, &v) && slice_u64(v, 100000, &n)) {
		if (slice_eqz(w, "rotate"))
			z->rotate = (int64_t)n;
		else if (slice_eqz(w, "maxage"))
			z->maxage = (int64_t)n;
	}
}

static bool script_begins(struct slice t)
{
	static const char *const names[] = {"prerotate", "postrotate", "firstaction", "lastaction", "preremove"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eqz(t, names[i]))
			return true;
	return false;
}

static void stanza_end(struct snapshot *s, const struct stanza *z, struct slice file)
{
	int64_t days = z->rotate * z->days;
	if (z->maxage && z->maxage < days)
		days = z->maxage;
	if (z->login)
		add_fact_f(s, (struct snap_at){file, z->line}, "logrotate.auth", "%lld", (long long)days);
}

/* What a script between postrotate and endscript runs. */
static void stanza_script(struct snapshot *s, struct lines *l, const struct stanza *z, struct slice file)
{
	struct buf b = {0};
	struct snap_vec v = {0};
	struct slice line;
	int64_t first = l->next;
	while (lines_next(l, &line) && !slice_eqz(slice_trim(line), "endscript"))
		buf_addf(&b, "%.*s\n", SLFMT(line));
	b.n -= b.n > 0; /* the last newline */
	shell_programs(s, buf_slice(&b), &v);
	if (b.n)
		job(s, &(struct snap_job){.at = {file, first}, .kind = SL("logrotate"), .name = slice_dup(&s->mem, slice_to(z->names, 512)), .run_as = SL("root"),
			.command = slice_dup(&s->mem, slice_to(slice_trim(buf_slice(&b)), 2048)), .programs = vec_take(s, &v), .enabled = SNAP_YES});
	buf_free(&b);
	vec_free(&v);
}

void logrotate_rows(struct snapshot *s, struct slice text, struct slice file, struct logrotate_habit *habit)
{
	struct lines l = lines_of(text, false);
	struct slice line;
	struct stanza all = {.rotate = habit->rotate, .days = habit->days, .maxage = habit->maxage}, z = all;
	struct buf names = {0};
	bool in = false;
	while (lines_next(&l, &line)) {
		struct slice t = slice_trim(line);
		if (!t.n || t.p[0] == '#')
			continue;
		ssize_t open = in ? -1 : slice_chr(t, '{');
		if (!in && (t.p[0] == '/' || t.p[0] == '"' || open >= 0)) {
			if (!names.n)
				z = (struct stanza){.line = l.line, .rotate = all.rotate, .days = all.days, .maxage = all.maxage};
			buf_addf(&names, "%s%.*s", names.n ? " " : "", SLFMT(slice_trim(slice_to(t, open < 0 ? t.n : (size_t)open))));
			in = open >= 0;
		} else if (in && t.p[0] == '}') {
			z.names = buf_slice(&names);
			z.login = login_log(z.names);
			stanza_end(s, &z, file);
			names.n = 0;
			in = false;
		} else if (in && script_begins(t)) {
			z.names = buf_slice(&names);
			stanza_script(s, &l, &z, file);
		} else
			rotation(in ? &z : &all, t);
	}
	*habit = (struct logrotate_habit){all.rotate, all.days, all.maxage};
	lines_free(&l);
	buf_free(&names);
}
