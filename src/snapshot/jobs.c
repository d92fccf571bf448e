/* jobs.c - what a machine runs by itself: cron, at, init scripts, udev, logrotate, hooks, start-up files of shells; systemd's units in jobs_units.c. */
#include "snapshot/jobs_private.h"

#include <errno.h>
#include <stdlib.h>

#define PATH_USUAL "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PATH_CRON "/usr/bin:/bin"

bool job_there(struct collector *c, const char *path)
{
	struct stat st;
	return below_stat(c, path, false, &st) == 0;
}

static bool executable(struct collector *c, const char *path)
{
	struct stat st;
	return below_stat(c, path, false, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

/* A name without slash to the file that is run; false: none. */
static bool looked_up(struct collector *c, struct slice name, struct slice path, struct slice *out)
{
	struct slice folder;
	for (bool more = true; more && path.n;) {
		more = slice_cut(&path, ':', &folder);
		if (!more)
			folder = path;
		const char *p = collect_path(c, "%.*s/%.*s", SLFMT(folder), SLFMT(name));
		if (folder.n && folder.p[0] == '/' && executable(c, p)) {
			*out = collect_textz(c, p);
			return true;
		}
	}
	return false;
}

/* Programs of a script that a shell reads: only such as are named with their whole path. */
static void inside(struct collector *c, struct slice path, struct snap_vec *out)
{
	struct stat st;
	struct buf b = {0};
	struct snap_vec v = {0};
	const char *p = collect_path(c, "%.*s", SLFMT(path));
	if (below_stat(c, p, false, &st) || !S_ISREG(st.st_mode) || st.st_size > JOB_SCRIPT_MAX || st.st_size < 4)
		return;
	if (below_read(c, p, JOB_SCRIPT_MAX, "job", NULL, &b, NULL, NULL)) {
		struct slice text = buf_slice(&b), first = SLICE_NONE;
		next_line(&text, &first);
		if (slice_starts(first, SL("#!")) && slice_has(first, SL("sh")) && !memchr(b.p, 0, b.n))
			shell_programs(c->s, text, &v);
	}
	for (size_t i = 0; i < v.n; i++)
		if (v.v[i].p[0] == '/')
			*vec_push(out) = v.v[i];
	vec_free(&v);
	buf_free(&b);
}

void jobs_resolve(struct collector *c, size_t from, const char *path)
{
	for (size_t i = from; i < c->s->njobs && !collect_late(c); i++) {
		struct snap_vec v = {0};
		struct snap_list had = c->s->jobs[i].programs;
		for (size_t k = 0; k < had.n; k++) {
			struct slice found = had.v[k];
			if (found.p[0] != '/' && (slice_chr(found, '/') >= 0 || !looked_up(c, found, slice_of(path), &found)))
				continue;
			*vec_push(&v) = found;
			if (v.n < JOB_PROGRAMS_MAX)
				inside(c, found, &v);
		}
		c->s->jobs[i].programs = vec_take(c->s, &v);
		vec_free(&v);
	}
}

/* ---- cron ------------------------------------------------------------------------------------------------------------------ */
/* PATH= of a crontab. */
static const char *cron_path(struct collector *c, struct slice text)
{
	struct slice line, found = SL(PATH_CRON);
	while (next_line(&text, &line)) {
		struct slice t = slice_trim(line), name;
		if (slice_cut(&t, '=', &name) && slice_eqz(slice_trim(name), "PATH")) {
			t = slice_trim(t);
			if (t.n > 1 && (t.p[0] == '"' || t.p[0] == '\''))
				t = slice_make(t.p + 1, t.n - 2);
			found = t;
		}
	}
	return collect_path(c, "%.*s", SLFMT(found));
}

/* run-parts and cron of Debian take no other names. */
static bool plain_name(struct slice n)
{
	for (size_t i = 0; i < n.n; i++)
		if (!((n.p[i] | 32) >= 'a' && (n.p[i] | 32) <= 'z') && !(n.p[i] >= '0' && n.p[i] <= '9') && n.p[i] != '-' && n.p[i] != '_')
			return false;
	return n.n > 0;
}

static void crontab(struct collector *c, const char *path, struct slice account, enum snap_tri enabled, bool anacron)
{
	struct buf b = {0};
	size_t from = c->s->njobs;
	if (below_read(c, path, COLLECT_FILE_MAX, "job", NULL, &b, NULL, NULL)) {
		struct cron_context x = {collect_textz(c, path), account, enabled, anacron};
		cron_rows(c->s, buf_slice(&b), &x);
		jobs_resolve(c, from, anacron ? PATH_USUAL : cron_path(c, buf_slice(&b)));
	}
	buf_free(&b);
}

static enum snap_tri cron_runs(struct collector *c)
{
	static const char *const binaries[] = {"/usr/sbin/cron", "/usr/sbin/crond", "/usr/bin/crond", "/usr/sbin/fcron", "/usr/sbin/bcron-start", "/usr/bin/busybox"};
	for (size_t i = 0; i < ARRAY_LEN(binaries); i++)
		if (executable(c, binaries[i]))
			return i + 1 == ARRAY_LEN(binaries) ? SNAP_UNKNOWN : SNAP_YES;
	return SNAP_NO;
}

static void cron_folder(struct collector *c, enum snap_tri runs)
{
	struct slice *names;
	size_t n = 0;
	bool debian = job_there(c, "/var/lib/dpkg/status");
	if (!below_names(c, "/etc/cron.d", "job", NULL, &names, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		if (names[i].p[0] == '.' || slice_ends(names[i], SL("~")))
			continue;
		enum snap_tri yes = plain_name(names[i]) ? runs : debian ? SNAP_NO : SNAP_UNKNOWN;
		crontab(c, collect_path(c, "/etc/cron.d/%.*s", SLFMT(names[i])), SLICE_NONE, yes, false);
	}
}

static void spools(struct collector *c, enum snap_tri runs)
{
	static const char *const folders[] = {"/var/spool/cron/crontabs", "/var/spool/cron"};
	for (size_t f = 0; f < ARRAY_LEN(folders); f++) {
		struct slice *names;
		size_t n = 0;
		if (!below_names(c, folders[f], "job", NULL, &names, &n))
			continue;
		for (size_t i = 0; i < n && !collect_late(c); i++) {
			struct stat st;
			const char *p = collect_path(c, "%s/%.*s", folders[f], SLFMT(names[i]));
			if (below_stat(c, p, true, &st) || !S_ISREG(st.st_mode) || names[i].p[0] == '.')
				continue;
			crontab(c, p, collect_text(c, names[i]), collect_account(c, names[i]) ? runs : SNAP_NO, false);
		}
	}
}

/* Scripts of a folder that root runs one after the other. */
static void parts(struct collector *c, const char *folder, const char *kind, const char *when, enum snap_tri runs)
{
	struct slice *names;
	size_t n = 0;
	if (!below_names(c, folder, "job", NULL, &names, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		const char *p = collect_path(c, "%s/%.*s", folder, SLFMT(names[i]));
		struct stat st;
		size_t from = c->s->njobs;
		if (names[i].p[0] == '.' || below_stat(c, p, false, &st) || !S_ISREG(st.st_mode))
			continue;
		enum snap_tri yes = !(st.st_mode & 0111) ? SNAP_NO : plain_name(names[i]) ? runs : job_there(c, "/var/lib/dpkg/status") ? SNAP_NO : SNAP_UNKNOWN;
		script_row(c->s, kind, collect_at(c, p, 0), collect_text(c, names[i]), SL("root"), yes);
		for (size_t k = from; k < c->s->njobs; k++)
			c->s->jobs[k].schedule = slice_of(when);
		jobs_resolve(c, from, PATH_USUAL);
	}
}

static void cron(struct collector *c)
{
	static const char *const periods[] = {"hourly", "daily", "weekly", "monthly", "yearly"};
	enum snap_tri runs = cron_runs(c);
	crontab(c, "/etc/crontab", SLICE_NONE, runs, false);
	if (job_there(c, "/usr/sbin/anacron"))
		crontab(c, "/etc/anacrontab", SLICE_NONE, runs, true);
	cron_folder(c, runs);
	spools(c, runs);
	for (size_t i = 0; i < ARRAY_LEN(periods); i++)
		parts(c, collect_path(c, "/etc/cron.%s", periods[i]), "cron", periods[i], runs);
}

/* ---- at -------------------------------------------------------------------------------------------------------------------- */
static void at_job(struct collector *c, const char *path)
{
	struct stat st;
	size_t from = c->s->njobs;
	if (below_stat(c, path, true, &st) || !S_ISREG(st.st_mode))
		return;
	script_row(c->s, "at", collect_at(c, path, 0), slice_basename(slice_of(path)), collect_text(c, collect_user(c, st.st_uid)), job_there(c, "/usr/sbin/atd") && (st.st_mode & S_IXUSR) ? SNAP_YES : SNAP_NO);
	jobs_resolve(c, from, PATH_USUAL);
}

static void at(struct collector *c)
{
	static const char *const folders[] = {"/var/spool/cron/atjobs", "/var/spool/at"};
	for (size_t f = 0; f < ARRAY_LEN(folders); f++) {
		struct slice *names;
		size_t n = 0;
		if (!below_names(c, folders[f], "job", NULL, &names, &n))
			continue;
		for (size_t i = 0; i < n; i++)
			if (names[i].p[0] != '.')
				at_job(c, collect_path(c, "%s/%.*s", folders[f], SLFMT(names[i])));
	}
}

/* ---- init ------------------------------------------------------------------------------------------------------------------- */
/* Is there a link /etc/rc[2-5].d/SNNname? */
static bool started(struct collector *c, struct slice name)
{
	static const char *const folders[] = {"/etc/rc2.d", "/etc/rc3.d", "/etc/rc5.d", "/etc/rcS.d"};
	for (size_t f = 0; f < ARRAY_LEN(folders); f++) {
		struct slice *names;
		size_t n = 0;
		if (!below_names(c, folders[f], "job", NULL, &names, &n))
			continue;
		for (size_t i = 0; i < n; i++)
			if (names[i].n > 3 && names[i].p[0] == 'S' && slice_eq(slice_from(names[i], 3), name))
				return true;
	}
	return false;
}

/* A unit of the same name takes the script's place. */
static bool has_unit(struct collector *c, struct slice name)
{
	static const char *const folders[] = {"/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"};
	for (size_t f = 0; f < ARRAY_LEN(folders); f++) {
		struct stat st;
		if (below_stat(c, collect_path(c, "%s/%.*s.service", folders[f], SLFMT(name)), true, &st) == 0)
			return true;
	}
	return false;
}

static void init_scripts(struct collector *c)
{
	struct slice *names;
	size_t n = 0;
	bool systemd = job_there(c, "/usr/lib/systemd/systemd") || job_there(c, "/lib/systemd/systemd");
	if (!below_names(c, "/etc/init.d", "job", NULL, &names, &n))
		n = 0;
	for (size_t i = 0; i < n && !collect_late(c); i++) {
		const char *p = collect_path(c, "/etc/init.d/%.*s", SLFMT(names[i]));
		size_t from = c->s->njobs;
		if (names[i].p[0] == '.' || !executable(c, p))
			continue;
		bool yes = started(c, names[i]) && !(systemd && has_unit(c, names[i]));
		script_row(c->s, "init", collect_at(c, p, 0), collect_text(c, names[i]), SL("root"), yes ? SNAP_YES : SNAP_NO);
		jobs_resolve(c, from, PATH_USUAL);
	}
	static const char *const locals[] = {"/etc/rc.local", "/etc/rc.d/rc.local"};
	for (size_t i = 0; i < ARRAY_LEN(locals); i++) {
		size_t from = c->s->njobs;
		struct stat st;
		if (below_stat(c, locals[i], true, &st) || !S_ISREG(st.st_mode))
			continue;
		script_row(c->s, "rc.local", collect_at(c, locals[i], 0), SL("rc.local"), SL("root"), executable(c, locals[i]) ? SNAP_YES : SNAP_NO);
		jobs_resolve(c, from, PATH_USUAL);
	}
}

/* ---- the rest --------------------------------------------------------------------------------------------------------------- */
static void udev(struct collector *c)
{
	static const char *const folders[] = {"/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d"};
	struct strtab *seen = strtab_new();
	for (size_t f = 0; f < ARRAY_LEN(folders); f++) {
		struct slice *names;
		size_t n = 0;
		if (!below_names(c, folders[f], "job", NULL, &names, &n))
			continue;
		for (size_t i = 0; i < n && !collect_late(c); i++) {
			struct buf b = {0};
			const char *p = collect_path(c, "%s/%.*s", folders[f], SLFMT(names[i]));
			size_t from = c->s->njobs;
			if (!slice_ends(names[i], SL(".rules")) || strtab_find(seen, names[i]) != UINT32_MAX)
				continue;
			strtab_put(seen, names[i]);
			if (below_read(c, p, COLLECT_FILE_MAX, "job", NULL, &b, NULL, NULL))
				udev_rows(c->s, buf_slice(&b), collect_textz(c, p));
			jobs_resolve(c, from, PATH_USUAL);
			buf_free(&b);
		}
	}
	strtab_free(seen);
}

static void logrotate(struct collector *c)
{
	struct logrotate_habit habit = {0, 7, 0}, mine;
	struct slice *names;
	struct buf b = {0};
	size_t n = 0, from = c->s->njobs;
	bool there = executable(c, "/usr/sbin/logrotate");
	if (below_read(c, "/etc/logrotate.conf", COLLECT_FILE_MAX, "logrotate", NULL, &b, NULL, NULL))
		logrotate_rows(c->s, buf_slice(&b), SL("/etc/logrotate.conf"), &habit);
	if (!below_names(c, "/etc/logrotate.d", "logrotate", NULL, &names, &n))
		n = 0;
	for (size_t i = 0; i < n; i++) {
		const char *p = collect_path(c, "/etc/logrotate.d/%.*s", SLFMT(names[i]));
		mine = habit;
		if (names[i].p[0] != '.' && !slice_has(names[i], SL(".dpkg-")) && !slice_ends(names[i], SL("~")) && below_read(c, p, COLLECT_FILE_MAX, "logrotate", NULL, &b, NULL, NULL))
			logrotate_rows(c->s, buf_slice(&b), collect_textz(c, p), &mine);
	}
	for (size_t i = from; i < c->s->njobs; i++)
		c->s->jobs[i].enabled = there ? SNAP_YES : SNAP_NO;
	jobs_resolve(c, from, PATH_USUAL);
	buf_free(&b);
}

static void hooks(struct collector *c)
{
	static const char *const folders[] = {"/etc/update-motd.d", "/etc/network/if-pre-up.d", "/etc/network/if-up.d", "/etc/network/if-down.d", "/etc/network/if-post-down.d",
					      "/etc/NetworkManager/dispatcher.d", "/etc/kernel/postinst.d", "/etc/kernel/postrm.d", "/etc/ppp/ip-up.d", "/etc/ppp/ip-down.d",
					      "/etc/dhcp/dhclient-enter-hooks.d", "/etc/dhcp/dhclient-exit-hooks.d", "/etc/letsencrypt/renewal-hooks/deploy", "/etc/initramfs/post-update.d"};
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		parts(c, folders[i], "hook", folders[i], SNAP_UNKNOWN);
}

static void profile(struct collector *c, const char *path, struct slice account)
{
	struct stat st;
	if (below_stat(c, path, false, &st) == 0 && S_ISREG(st.st_mode))
		script_row(c->s, "profile", collect_at(c, path, 0), slice_basename(collect_textz(c, path)), account, SNAP_YES);
}

static void profiles(struct collector *c)
{
	static const char *const files[] = {"/etc/profile", "/etc/bash.bashrc", "/etc/bashrc", "/etc/zsh/zshenv", "/etc/zsh/zprofile", "/etc/zshenv"};
	static const char *const own[] = {".profile", ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".zshenv", ".zshrc"};
	const struct snap_account *root = collect_account(c, SL("root"));
	struct slice *names;
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		profile(c, files[i], SL("root"));
	if (below_names(c, "/etc/profile.d", "job", NULL, &names, &n))
		for (size_t i = 0; i < n; i++)
			if (slice_ends(names[i], SL("sh")))
				profile(c, collect_path(c, "/etc/profile.d/%.*s", SLFMT(names[i])), SL("root"));
	for (size_t i = 0; root && i < ARRAY_LEN(own); i++)
		profile(c, collect_path(c, "%.*s/%s", SLFMT(root->home), own[i]), SL("root"));
}

int collect_jobs(struct collector *c)
{
	cron(c);
	at(c);
	collect_units(c);
	init_scripts(c);
	udev(c);
	logrotate(c);
	hooks(c);
	profiles(c);
	return 0;
}
