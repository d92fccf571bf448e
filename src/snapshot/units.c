/* units.c - unit files of systemd: settings in the order in which they hold, and rows of what a unit runs (systemd.unit(5), systemd.service(5)). */
#include "snapshot/system_private.h"

#include <stdlib.h>

enum { EXEC_WORDS = 64, EXEC_COMMANDS = 100 };

void unit_free(struct unit *u)
{
	free(u->v);
	*u = (struct unit){0};
}

static void setting(struct snapshot *s, struct unit *u, struct slice section, struct slice text, struct snap_at at)
{
	struct slice key;
	text = slice_trim(text);
	if (u->n >= UNIT_SETTINGS_MAX || !slice_cut(&text, '=', &key))
		return;
	text = slice_to(slice_trim(text), SNAP_TEXT_MAX - 1);
	*vec_push(u) = (struct unit_setting){section, slice_dup(&s->mem, slice_trim(key)), slice_dup(&s->mem, text), at};
}

void unit_text(struct snapshot *s, struct unit *u, struct slice text, struct slice file)
{
	struct lines l = lines_of(text, false);
	struct slice line, section = SLICE_NONE;
	struct buf whole = {0};
	int64_t first = 0;
	while (lines_next(&l, &line)) {
		struct slice t = slice_trim(line);
		if (t.n && (t.p[0] == '#' || t.p[0] == ';'))
			continue; /* also between the pieces of a line */
		if (!whole.n)
			first = l.line;
		bool more = line.n && line.p[line.n - 1] == '\\';
		buf_add(&whole, line.p, line.n - more);
		if (more) {
			buf_addc(&whole, ' ');
			continue;
		}
		t = slice_trim(buf_slice(&whole));
		if (t.n > 2 && t.p[0] == '[' && t.p[t.n - 1] == ']')
			section = slice_dup(&s->mem, slice_make(t.p + 1, t.n - 2));
		else if (t.n)
			setting(s, u, section, t, (struct snap_at){file, first});
		whole.n = 0;
	}
	if (slice_trim(buf_slice(&whole)).n)
		setting(s, u, section, buf_slice(&whole), (struct snap_at){file, first});
	lines_free(&l);
	buf_free(&whole);
}

bool unit_last(const struct unit *u, const char *section, const char *key, struct slice *value)
{
	bool found = false;
	for (size_t i = 0; i < u->n; i++)
		if (slice_eqz(u->v[i].section, section) && slice_eqz(u->v[i].key, key)) {
			*value = u->v[i].value;
			found = u->v[i].value.n > 0;
		}
	return found;
}

bool unit_has_section(const struct unit *u, const char *section)
{
	for (size_t i = 0; i < u->n; i++)
		if (slice_eqz(u->v[i].section, section))
			return true;
	return false;
}

static struct slice prefix_of(struct slice name)
{
	ssize_t at = slice_chr(name, '@'), dot = slice_rfind(name, SL("."));
	return slice_to(name, at >= 0 ? (size_t)at : dot >= 0 ? (size_t)dot : name.n);
}

/* %i and the like; those that only the running machine tells stay as they are. */
static struct slice specifiers(struct snapshot *s, const struct unit *u, struct slice t)
{
	if (slice_chr(t, '%') < 0)
		return t;
	struct buf b = {0};
	ssize_t dot = slice_rfind(u->name, SL("."));
	for (size_t i = 0; i < t.n; i++) {
		char k = t.p[i] == '%' && i + 1 < t.n ? t.p[i + 1] : 0;
		struct slice put = k == '%' ? SL("%") : k == 'i' || k == 'I' ? u->instance : k == 'n' ? u->name : k == 'N' ? slice_to(u->name, dot < 0 ? u->name.n : (size_t)dot) :
				   k == 'p' || k == 'P' ? prefix_of(u->name) : SLICE_NONE;
		if (k && put.p) {
			buf_adds(&b, put);
			i++;
		} else
			buf_addc(&b, t.p[i]);
	}
	struct slice out = slice_dup(&s->mem, slice_to(buf_slice(&b), SNAP_TEXT_MAX - 1));
	buf_free(&b);
	return out;
}

/* One command of Exec...=: the prefixes, then words. w holds copies in mem. */
static void one_command(struct snapshot *s, const struct slice *w, size_t n, struct slice command, struct snap_job row, bool as_root, bool argv0)
{
	struct snap_vec v = {0};
	struct slice words[EXEC_WORDS];
	size_t k = 0;
	for (size_t i = 0; i < n; i++)
		if (!(argv0 && i == 1))
			words[k++] = w[i];
	if (!k)
		return;
	words_programs(s, words, k, &v);
	if (as_root)
		row.run_as = SL("root");
	row.command = command;
	row.programs = vec_take(s, &v);
	vec_free(&v);
	if (s->njobs < SNAP_ROWS_MAX / 8)
		*(struct snap_job *)snapshot_add(s, SNAP_K_job) = row;
}

static void exec_line(struct snapshot *s, const struct unit *u, const struct unit_setting *x, const struct snap_job *row)
{
	struct slice text = specifiers(s, u, x->value);
	for (int i = 0; i < EXEC_COMMANDS && text.n; i++) {
		bool as_root = false, argv0 = false;
		struct slice w[EXEC_WORDS], start;
		size_t n = 0;
		struct buf word = {0};
		text = slice_trim(text);
		for (; text.n && strchr("@-:+!|", text.p[0]) && text.p[0]; text = slice_from(text, 1)) {
			as_root |= text.p[0] == '+' || text.p[0] == '!';
			argv0 |= text.p[0] == '@';
		}
		start = text;
		while (shell_word(&text, &word) && !slice_eqz(buf_slice(&word), ";"))
			if (n < EXEC_WORDS)
				w[n++] = slice_dup(&s->mem, buf_slice(&word));
		buf_free(&word);
		struct slice command = slice_trim(slice_to(start, start.n - text.n));
		if (text.n && slice_ends(command, SL(" ;")))
			command.n -= 2;
		one_command(s, w, n, slice_to(command, 2048), *row, as_root, argv0);
	}
}

/* Whom a service runs as. */
static struct slice account_of(struct snapshot *s, const struct unit *u)
{
	struct slice v;
	if (unit_last(u, "Service", "User", &v) || unit_last(u, "Socket", "User", &v))
		return specifiers(s, u, v);
	if (unit_last(u, "Service", "DynamicUser", &v) && (slice_ieq(v, SL("yes")) || slice_ieq(v, SL("true")) || slice_ieq(v, SL("on")) || slice_eqz(v, "1")))
		return SL("(dynamic)");
	return SL("root");
}

static void services(struct snapshot *s, const struct unit *u, const char *section)
{
	for (size_t i = 0; i < u->n; i++) {
		const struct unit_setting *x = &u->v[i];
		if (!slice_eqz(x->section, section) || !slice_starts(x->key, SL("Exec")) || slice_starts(x->key, SL("ExecSearch")) || !x->value.n)
			continue;
		bool reset = false; /* by an empty one behind it */
		for (size_t k = i + 1; k < u->n; k++)
			reset |= slice_eqz(u->v[k].section, section) && slice_eq(u->v[k].key, x->key) && !u->v[k].value.n;
		if (reset)
			continue;
		struct snap_job row = {.at = x->at, .kind = slice_eqz(SL("Socket"), section) ? SL("socket") : SL("service"), .name = u->name, .run_as = account_of(s, u), .schedule = x->key, .enabled = u->enabled};
		exec_line(s, u, x, &row);
	}
}

/* Timers and sockets: when, and what for. */
static void trigger(struct snapshot *s, const struct unit *u, const char *section, const char *kind, const char *const *keys)
{
	struct buf when = {0};
	struct slice v, target = text_f(s, "%.*s.service", SLFMT(prefix_of(u->name)));
	struct snap_at at = {0};
	if (u->instance.n)
		target = text_f(s, "%.*s@%.*s.service", SLFMT(prefix_of(u->name)), SLFMT(u->instance));
	for (size_t i = 0; i < u->n && when.n < 1024; i++)
		for (size_t k = 0; keys[k]; k++)
			if (slice_eqz(u->v[i].section, section) && slice_eqz(u->v[i].key, keys[k]) && u->v[i].value.n) {
				buf_addf(&when, "%s%s=%.*s", when.n ? "; " : "", keys[k], (int)MIN(u->v[i].value.n, (size_t)200), u->v[i].value.p);
				at = u->v[i].at;
			}
	if (unit_last(u, section, slice_eqz(slice_of(kind), "timer") ? "Unit" : "Service", &v))
		target = v;
	if (when.n && s->njobs < SNAP_ROWS_MAX / 8)
		*(struct snap_job *)snapshot_add(s, SNAP_K_job) = (struct snap_job){.at = at, .kind = slice_of(kind), .name = u->name, .run_as = SL("root"),
			.schedule = slice_dup(&s->mem, buf_slice(&when)), .command = specifiers(s, u, target), .enabled = u->enabled};
	buf_free(&when);
}

void unit_rows(struct snapshot *s, const struct unit *u)
{
	static const char *const times[] = {"OnCalendar", "OnBootSec", "OnStartupSec", "OnActiveSec", "OnUnitActiveSec", "OnUnitInactiveSec", NULL};
	static const char *const places[] = {"ListenStream", "ListenDatagram", "ListenSequentialPacket", "ListenFIFO", "ListenNetlink", "ListenSpecial", NULL};
	if (slice_ends(u->name, SL(".service")))
		services(s, u, "Service");
	else if (slice_ends(u->name, SL(".timer")))
		trigger(s, u, "Timer", "timer", times);
	else if (slice_ends(u->name, SL(".socket"))) {
		trigger(s, u, "Socket", "socket", places);
		services(s, u, "Socket");
	}
}
