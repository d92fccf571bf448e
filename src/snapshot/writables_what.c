/* writables_what.c - what is worth asking who may write it. */
#include "snapshot/writables_private.h"

#include <errno.h>

static void jobs(struct examiner *x, struct collector *c)
{
	for (size_t i = 0; i < c->s->njobs; i++) {
		const struct snap_job *j = &c->s->jobs[i];
		if (j->enabled == SNAP_NO)
			continue;
		const char *by = collect_path(c, "%.*s %.*s:%lld%s%.*s", SLFMT(j->kind), SLFMT(j->at.file), (long long)j->at.line, j->name.n ? " " : "", (int)MIN(j->name.n, (size_t)200), j->name.p ? j->name.p : "");
		examine_path(x, j->at.file, false, slice_eqz(j->kind, "service") || slice_eqz(j->kind, "timer") || slice_eqz(j->kind, "socket") ? SL("root") : j->run_as, by);
		for (size_t k = 0; k < j->programs.n; k++)
			examine_path(x, j->programs.v[k], false, j->run_as, by);
	}
}

static bool root_alone(struct snap_list who)
{
	for (size_t i = 0; i < who.n; i++)
		if (!slice_eqz(who.v[i], "root") && !slice_eqz(who.v[i], "#0"))
			return false;
	return true;
}

/* Accounts a rule lets commands run as, by name; ALL is root. */
static struct slice rule_account(const struct snap_sudo *r, size_t i)
{
	if (!r->run_as.n)
		return i == 0 ? SL("root") : SLICE_NONE;
	struct slice a = i < r->run_as.n ? r->run_as.v[i] : SLICE_NONE;
	return slice_eqz(a, "ALL") || slice_eqz(a, "#0") ? SL("root") : a;
}

static void sudo_command(struct examiner *x, struct collector *c, const struct snap_sudo *r, struct slice command)
{
	struct slice path;
	if (command.n < 2 || command.p[0] != '/' || !slice_word(&command, &path))
		return; /* ALL, negated, with a digest, an expression */
	for (size_t i = 0; i < path.n; i++)
		if (strchr("*?[\\", path.p[i]))
			return;
	const char *by = collect_path(c, "sudo rule %.*s:%lld", SLFMT(r->at.file), (long long)r->at.line);
	for (size_t i = 0; i < MAX(r->run_as.n, (size_t)1); i++) {
		struct slice as = rule_account(r, i);
		if (as.n && !strchr("!%+#(", as.p[0]))
			examine_path(x, path, path.p[path.n - 1] == '/', as, by);
	}
}

static void sudo(struct examiner *x, struct collector *c)
{
	for (size_t i = 0; i < c->s->nsudo; i++) {
		const struct snap_sudo *r = &c->s->sudo[i];
		for (size_t k = 0; k < r->commands.n && !root_alone(r->who); k++)
			sudo_command(x, c, r, r->commands.v[k]);
	}
	for (size_t i = 0; i < c->s->ndoas; i++)
		if (slice_eqz(c->s->doas[i].action, "permit") && c->s->doas[i].command.n)
			examine_path(x, c->s->doas[i].command, false, c->s->doas[i].run_as.n ? c->s->doas[i].run_as : SL("root"),
				     collect_path(c, "doas rule %.*s:%lld", SLFMT(c->s->doas[i].at.file), (long long)c->s->doas[i].at.line));
}

/* sshd refuses what it finds too open; those lines are not usable and grant nothing. */
static void keys(struct examiner *x, struct collector *c)
{
	for (size_t i = 0; i < c->s->nauthorized_keys; i++) {
		const struct snap_authorized_key *k = &c->s->authorized_keys[i];
		if (k->usable != SNAP_NO && k->account.n)
			examine_path(x, k->at.file, false, k->account, collect_path(c, "authorized_keys of %.*s", SLFMT(k->account)));
	}
}

static bool logs_in(const struct snap_account *a)
{
	static const char *const none[] = {"nologin", "false", "sync", "halt", "shutdown", "true"};
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		if (slice_eqz(slice_basename(a->shell), none[i]))
			return false;
	return a->home.n > 1;
}

static void homes(struct examiner *x, struct collector *c)
{
	static const char *const files[] = {".profile", ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".zshrc", ".zshenv", ".ssh/rc"};
	for (size_t i = 0; i < c->s->naccounts && !collect_late(c); i++) {
		const struct snap_account *a = &c->s->accounts[i];
		struct stat st;
		if (!logs_in(a) || below_stat(c, collect_path(c, "%.*s", SLFMT(a->home)), false, &st) || !S_ISDIR(st.st_mode))
			continue;
		examine_path(x, a->home, true, a->name, collect_path(c, "home of %.*s", SLFMT(a->name)));
		for (size_t k = 0; k < ARRAY_LEN(files); k++) {
			const char *p = collect_path(c, "%.*s/%s", SLFMT(a->home), files[k]);
			if (below_stat(c, p, false, &st) == 0)
				examine_path(x, slice_of(p), false, a->name, collect_path(c, "start-up file of %.*s", SLFMT(a->name)));
		}
	}
}

static void system_files(struct examiner *x, struct collector *c)
{
	static const char *const files[] = {"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/sudoers", "/etc/ssh/sshd_config", "/etc/ld.so.preload", "/etc/ld.so.cache",
					    "/etc/ld.so.conf", "/etc/nsswitch.conf", "/etc/environment", "/etc/hosts.equiv", "/etc/exports", "/etc/doas.conf", "/etc/pam.conf"};
	static const char *const folders[] = {"/etc/sudoers.d", "/etc/cron.d", "/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly", "/etc/pam.d", "/etc/profile.d",
					      "/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/etc/udev/rules.d", "/etc/logrotate.d", "/etc/init.d",
					      "/etc/ssh/sshd_config.d", "/etc/ld.so.conf.d", "/etc/apt/apt.conf.d", "/etc/apt/sources.list.d", "/etc/polkit-1/rules.d", "/etc/modprobe.d",
					      "/usr/lib/x86_64-linux-gnu/security", "/usr/lib64/security", "/etc/update-motd.d"};
	struct stat st;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (below_stat(c, files[i], false, &st) == 0)
			examine_path(x, slice_of(files[i]), false, SL("root"), collect_path(c, "system file %s", files[i]));
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (below_stat(c, folders[i], false, &st) == 0)
			examine_path(x, slice_of(folders[i]), true, SL("root"), collect_path(c, "folder %s", folders[i]));
}

/* Folders that root's programs and libraries are looked for in. */
static void search_paths(struct examiner *x, struct collector *c)
{
	for (size_t i = 0; i < c->s->nfacts; i++)
		if (slice_eqz(c->s->facts[i].name, "path.root"))
			examine_path(x, c->s->facts[i].value, true, SL("root"), collect_path(c, "PATH of root %.*s:%lld", SLFMT(c->s->facts[i].at.file), (long long)c->s->facts[i].at.line));
	struct slice *names;
	size_t n = 0;
	if (!below_names(c, "/etc/ld.so.conf.d", "writable", NULL, &names, &n))
		n = 0;
	for (size_t i = 0; i < n; i++) {
		struct buf b = {0};
		const char *p = collect_path(c, "/etc/ld.so.conf.d/%.*s", SLFMT(names[i]));
		if (slice_ends(names[i], SL(".conf")) && below_read(c, p, 1 << 20, "writable", NULL, &b, NULL, NULL)) {
			struct slice text = buf_slice(&b), line;
			examine_path(x, slice_of(p), false, SL("root"), "ld.so.conf.d");
			while (next_line(&text, &line))
				if (slice_trim(line).n && slice_trim(line).p[0] == '/')
					examine_path(x, slice_trim(line), true, SL("root"), collect_path(c, "libraries, %s", p));
		}
		buf_free(&b);
	}
	struct buf b = {0};
	if (below_read(c, "/etc/ld.so.preload", 1 << 20, "writable", NULL, &b, NULL, NULL)) {
		struct slice text = buf_slice(&b), line, word;
		while (next_line(&text, &line))
			while (slice_word(&line, &word))
				examine_path(x, word, false, SL("root"), "/etc/ld.so.preload");
	}
	buf_free(&b);
}

void writables_what(struct examiner *x)
{
	struct collector *c = examiner_collector(x);
	system_files(x, c);
	search_paths(x, c);
	jobs(x, c);
	sudo(x, c);
	keys(x, c);
	homes(x, c);
}
