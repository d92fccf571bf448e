/* facts.c - facts for checks: what the files that collect them share, and their order. */
#include "snapshot/facts_private.h"

#include <stdarg.h>
#include <stdio.h>

void fact(struct collector *c, const char *path, int64_t line, const char *name, struct slice value)
{
	struct snap_fact *f = collect_row(c, SNAP_K_fact);
	*f = (struct snap_fact){collect_at(c, path, line), collect_textz(c, name), collect_text(c, slice_to(value, SNAP_TEXT_MAX / 2))};
}

void fact_of(struct collector *c, const char *path, int64_t line, const char *name, struct slice parameter, struct slice value)
{
	fact(c, path, line, collect_path(c, "%s %.*s", name, SLFMT(slice_to(parameter, 512))), value);
}

void fact_f(struct collector *c, const char *path, int64_t line, const char *name, const char *fmt, ...)
{
	char text[4096];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n >= 0)
		fact(c, path, line, name, slice_make(text, MIN((size_t)n, sizeof text - 1)));
}

bool fact_lines(struct collector *c, const char *path, const struct fact_lines *how)
{
	struct buf b = {0};
	struct slice line;
	bool there = below_read(c, path, COLLECT_FILE_MAX, how->section, NULL, &b, NULL, NULL);
	struct lines l = lines_of(buf_slice(&b), true);
	while (there && lines_next(&l, &line) && !collect_late(c)) {
		struct slice t = slice_trim(line);
		if (!t.n || t.p[0] == '#' || t.p[0] == ';')
			continue;
		ssize_t hash = how->tails ? slice_find(t, SL(" #")) : -1;
		if (hash < 0 && how->tails)
			hash = slice_find(t, SL("\t#"));
		how->fn(c, how->arg, path, l.line, slice_trim(hash < 0 ? t : slice_to(t, (size_t)hash)));
	}
	lines_free(&l);
	buf_free(&b);
	return there;
}

void fact_folder(struct collector *c, const char *folder, const char *ending, const struct fact_lines *how)
{
	struct slice *names;
	size_t n = 0;
	if (!below_names(c, folder, how->section, NULL, &names, &n))
		return;
	for (size_t i = 0; i < n; i++)
		if (names[i].p[0] != '.' && slice_ends(names[i], slice_of(ending)))
			fact_lines(c, collect_path(c, "%s/%.*s", folder, SLFMT(names[i])), how);
}

static void one_setting(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	const struct fact_settings *how = arg;
	struct slice key, value = t;
	if (t.p[0] == '[')
		return;
	if (slice_cut(&value, '=', &key))
		key = slice_trim(key);
	else if (!slice_word(&value, &key))
		return;
	value = slice_trim(value);
	bool wanted = !how->only;
	for (size_t i = 0; how->only && how->only[i]; i++)
		wanted |= slice_eqz(key, how->only[i]);
	if (wanted && key.n)
		fact_of(c, path, line, how->name, key, value.n ? value : SL("yes"));
}

void fact_settings(struct collector *c, const char *path, const struct fact_settings *how)
{
	fact_lines(c, path, &(struct fact_lines){how->section, true, one_setting, (void *)(uintptr_t)how});
}

bool fact_there(struct collector *c, const char *path)
{
	struct stat st;
	return below_stat(c, path, false, &st) == 0;
}

bool fact_mode(struct collector *c, const char *path, const char *name, bool named)
{
	struct stat st;
	if (below_stat(c, path, false, &st))
		return false;
	const char *text = collect_path(c, "%s%s%04o %.*s %.*s", named ? path : "", named ? " " : "", (unsigned)(st.st_mode & 07777), SLFMT(collect_user(c, st.st_uid)),
					SLFMT(collect_group(c, st.st_gid)));
	if (named)
		fact(c, path, 0, name, slice_of(text));
	else
		fact_of(c, path, 0, name, slice_of(path), slice_of(text));
	return true;
}

bool fact_program(struct collector *c, const char *name, const char **path)
{
	static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin", "/usr/libexec", "/opt/puppetlabs/bin"};
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		struct stat st;
		*path = collect_path(c, "%s/%s", folders[i], name);
		if (below_stat(c, *path, false, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111))
			return true;
	}
	return false;
}

bool fact_unit_runs(const struct collector *c, const char *unit)
{
	for (size_t i = 0; i < c->s->njobs; i++)
		if (slice_eqz(c->s->jobs[i].name, unit))
			return c->s->jobs[i].enabled != SNAP_NO;
	return false;
}

bool fact_live(struct collector *c, const char *section)
{
	if (!c->live)
		collect_missing(c, section, NULL, NULL, 0, "only the running machine tells");
	return c->live;
}

int collect_facts(struct collector *c)
{
	facts_system(c);
	facts_accounts(c);
	facts_logs(c);
	facts_patches(c);
	facts_mail(c);
	facts_net(c);
	facts_sockets(c);
	return 0;
}
