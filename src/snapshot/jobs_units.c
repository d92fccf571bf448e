/* jobs_units.c - systemd's units below the root: which file holds, which drop-ins, enabled or not. */
#include "snapshot/jobs_private.h"

#include <errno.h>
#include <stdlib.h>

enum { UNITS_MAX = 5000, FOLDERS = 5, DROPINS_MAX = 100 };

/* What comes first holds. */
static const char *const folders[FOLDERS] = {"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"};

struct units {
	struct collector *c;
	size_t nfolders;
	struct strtab *names, *enabled;   /* files' names, in the order found; what .wants and .requires name */
	struct snap_vec paths;            /* a name's file; "" masked or an alias */
};

static bool wanted_type(struct slice n)
{
	return slice_ends(n, SL(".service")) || slice_ends(n, SL(".timer")) || slice_ends(n, SL(".socket"));
}

/* "" when the file is none of its own: /dev/null, empty, or another unit's under a second name. */
static struct slice file_of(struct units *u, const char *path, struct slice name)
{
	char to[PATH_MAX];
	struct stat st;
	if (below_link(u->c, path, to)) {
		struct slice base = slice_basename(slice_of(to));
		if (!slice_eq(base, name))
			return SL("");
	}
	if (below_stat(u->c, path, false, &st) || !S_ISREG(st.st_mode) || st.st_size == 0)
		return SL("");
	return collect_textz(u->c, path);
}

static void wants(struct units *u, const char *folder, struct slice name)
{
	struct slice *names;
	size_t n = 0;
	if (!slice_ends(name, SL(".wants")) && !slice_ends(name, SL(".requires")) && !slice_ends(name, SL(".upholds")))
		return;
	if (!below_names(u->c, collect_path(u->c, "%s/%.*s", folder, SLFMT(name)), "job", NULL, &names, &n))
		return;
	for (size_t i = 0; i < n && strtab_count(u->enabled) < UNITS_MAX; i++)
		strtab_put(u->enabled, names[i]);
}

static void look(struct units *u)
{
	struct stat a, b;
	u->nfolders = FOLDERS;
	if (below_stat(u->c, folders[FOLDERS - 1], false, &a) == 0 && below_stat(u->c, folders[FOLDERS - 2], false, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev)
		u->nfolders--;
	*vec_push(&u->paths) = SL(""); /* of the table's own entry 0 */
	for (size_t f = 0; f < u->nfolders; f++) {
		struct slice *names;
		size_t n = 0;
		if (!below_names(u->c, folders[f], "job", NULL, &names, &n))
			continue;
		for (size_t i = 0; i < n; i++) {
			wants(u, folders[f], names[i]);
			if (!wanted_type(names[i]) || strtab_find(u->names, names[i]) != UINT32_MAX || u->paths.n >= UNITS_MAX)
				continue;
			strtab_put(u->names, names[i]);
			*vec_push(&u->paths) = file_of(u, collect_path(u->c, "%s/%.*s", folders[f], SLFMT(names[i])), names[i]);
		}
	}
}

static bool is_enabled(const struct units *u, struct slice name)
{
	return strtab_find(u->enabled, name) != UINT32_MAX;
}

struct dropin { struct slice name, path; };
static int by_name(const void *a, const void *b)
{
	return slice_cmp(((const struct dropin *)a)->name, ((const struct dropin *)b)->name);
}

/* NAME.d of every folder, of the template's name and of the type; a file's name counts once, from the first folder. */
static void drop_ins(struct units *u, struct unit *unit, struct slice file_name)
{
	struct dropin found[DROPINS_MAX];
	size_t n = 0;
	ssize_t dot = slice_rfind(unit->name, SL("."));
	const struct slice bases[] = {unit->name, file_name, slice_from(unit->name, (size_t)dot + 1)};
	for (size_t f = 0; f < u->nfolders; f++)
		for (size_t k = 0; k < ARRAY_LEN(bases); k++) {
			struct slice *names;
			size_t count = 0;
			const char *folder = collect_path(u->c, "%s/%.*s.d", folders[f], SLFMT(bases[k]));
			if ((k == 1 && slice_eq(bases[0], bases[1])) || !job_there(u->c, folder) || !below_names(u->c, folder, "job", NULL, &names, &count))
				continue;
			for (size_t i = 0; i < count && n < DROPINS_MAX; i++) {
				bool known = !slice_ends(names[i], SL(".conf"));
				for (size_t j = 0; j < n; j++)
					known |= slice_eq(found[j].name, names[i]);
				if (!known)
					found[n++] = (struct dropin){names[i], collect_textz(u->c, collect_path(u->c, "%s/%.*s", folder, SLFMT(names[i])))};
			}
		}
	qsort(found, n, sizeof *found, by_name);
	for (size_t i = 0; i < n; i++) {
		struct buf b = {0};
		if (below_read(u->c, found[i].path.p, COLLECT_FILE_MAX, "job", NULL, &b, NULL, NULL))
			unit_text(u->c->s, unit, buf_slice(&b), found[i].path);
		buf_free(&b);
	}
}

/* Enabled by [Install] and a link; started by a timer, a socket or a path of its name; else nobody can tell without the running systemd. */
static enum snap_tri state(const struct units *u, const struct unit *unit)
{
	static const char *const starters[] = {"timer", "socket", "path"};
	if (is_enabled(u, unit->name))
		return SNAP_YES;
	ssize_t dot = slice_rfind(unit->name, SL("."));
	for (size_t i = 0; slice_ends(unit->name, SL(".service")) && i < ARRAY_LEN(starters); i++)
		if (is_enabled(u, text_f(u->c->s, "%.*s.%s", (int)dot, unit->name.p, starters[i])))
			return SNAP_YES;
	return unit_has_section(unit, "Install") ? SNAP_NO : SNAP_UNKNOWN;
}

static void one_unit(struct units *u, struct slice name, struct slice instance, struct slice file_name, struct slice path)
{
	struct unit unit = {.name = collect_text(u->c, name), .instance = collect_text(u->c, instance)};
	struct buf b = {0};
	size_t from = u->c->s->njobs;
	if (below_read(u->c, path.p, COLLECT_FILE_MAX, "job", NULL, &b, NULL, NULL)) {
		unit_text(u->c->s, &unit, buf_slice(&b), path);
		drop_ins(u, &unit, file_name);
		unit.enabled = state(u, &unit);
		unit_rows(u->c->s, &unit);
		jobs_resolve(u->c, from, "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	}
	buf_free(&b);
	unit_free(&unit);
}

/* getty@tty1.service of getty@.service */
static void instances(struct units *u)
{
	for (uint32_t i = 1; i < strtab_count(u->enabled) && !collect_late(u->c); i++) {
		struct slice name = strtab_get(u->enabled, i);
		ssize_t at = slice_chr(name, '@'), dot = slice_rfind(name, SL("."));
		if (at < 0 || dot <= at + 1 || !wanted_type(name) || strtab_find(u->names, name) != UINT32_MAX)
			continue;
		struct slice template = text_f(u->c->s, "%.*s%.*s", (int)at + 1, name.p, SLFMT(slice_from(name, (size_t)dot)));
		uint32_t id = strtab_find(u->names, template);
		if (id < u->paths.n && u->paths.v[id].n)
			one_unit(u, name, slice_make(name.p + at + 1, (size_t)(dot - at - 1)), template, u->paths.v[id]);
	}
}

void collect_units(struct collector *c)
{
	struct units u = {.c = c, .names = strtab_new(), .enabled = strtab_new()};
	if (job_there(c, "/usr/lib/systemd/systemd") || job_there(c, "/lib/systemd/systemd")) {
		look(&u);
		for (uint32_t i = 1; i < strtab_count(u.names) && i < u.paths.n && !collect_late(c); i++) {
			struct slice name = strtab_get(u.names, i);
			ssize_t at = slice_chr(name, '@'), dot = slice_rfind(name, SL("."));
			if (u.paths.v[i].n && !(at >= 0 && dot == at + 1)) /* a template alone runs nothing */
				one_unit(&u, name, SLICE_NONE, name, u.paths.v[i]);
		}
		instances(&u);
	}
	strtab_free(u.names);
	strtab_free(u.enabled);
	vec_free(&u.paths);
}
