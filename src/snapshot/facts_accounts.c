/* facts_accounts.c - what holds for accounts and logins: rules for passwords, who may use cron, homes, PATH, umask. */
#include "snapshot/facts_private.h"

#include <errno.h>

static void name_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	fact(c, path, line, arg, t);
}

/* A list of names; an empty file is a row, too. */
static void names(struct collector *c, const char *path, const char *name, const char *section)
{
	size_t before = c->s->nfacts;
	char copy[16];
	size_t n = MIN(strlen(name), sizeof copy - 1);
	memcpy(copy, name, n);
	copy[n] = '\0';
	if (fact_lines(c, path, &(struct fact_lines){section, false, name_line, copy}) && c->s->nfacts == before)
		fact(c, path, 0, name, SL(""));
}

static void umask_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	struct slice w, v;
	uint64_t n;
	(void)arg;
	if (slice_word(&t, &w) && slice_eqz(w, "umask") && slice_word(&t, &v) && slice_u64(v, 7777, &n))
		fact(c, path, line, "umask", v);
}

/* ---- PATH ------------------------------------------------------------------------------------------------------------------- */
static void path_folders(struct collector *c, const char *path, int64_t line, struct slice value)
{
	struct slice f;
	value = slice_trim(value);
	if (slice_starts(value, SL("PATH=")))
		value = slice_from(value, 5);
	if (value.n > 1 && (value.p[0] == '"' || value.p[0] == '\'') && value.p[value.n - 1] == value.p[0])
		value = slice_make(value.p + 1, value.n - 2);
	for (int i = 0; value.n && i < 50; i++) {
		if (!slice_cut(&value, ':', &f)) {
			f = value;
			value = SLICE_NONE;
		}
		bool known = !f.n || f.p[0] != '/' || slice_chr(f, '$') >= 0;
		for (size_t k = 0; k < c->s->nfacts && !known; k++)
			known = slice_eqz(c->s->facts[k].name, "path.root") && slice_eq(c->s->facts[k].value, f);
		if (known)
			continue;
		fact(c, path, line, "path.root", f);
		struct stat st;
		const char *p = collect_path(c, "%.*s", SLFMT(f));
		if (below_stat(c, p, false, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & S_IWOTH))
			fact_mode(c, p, "path.writable", true);
	}
}

static void path_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	struct slice key = slice_of(arg), rest = t, w;
	if (slice_starts(t, SL("export ")))
		rest = slice_trim(slice_from(t, 7));
	if (slice_starts(rest, key) && rest.n > key.n && strchr("= \t", rest.p[key.n])) {
		struct slice value = slice_from(rest, key.n + 1);
		if (slice_chr(value, ';') >= 0 && slice_cut(&value, ';', &w))
			value = w;
		path_folders(c, path, line, value);
	}
}

static void search_path(struct collector *c)
{
	char path[] = "PATH", super[] = "ENV_SUPATH";
	struct fact_lines assigned = {"path", true, path_line, path}, defined = {"path", true, path_line, super};
	const struct snap_account *root = collect_account(c, SL("root"));
	static const char *const own[] = {".profile", ".bash_profile", ".bashrc"};
	fact_lines(c, "/etc/login.defs", &defined);
	fact_lines(c, "/etc/environment", &assigned);
	fact_lines(c, "/etc/crontab", &assigned);
	for (size_t i = 0; root && i < ARRAY_LEN(own); i++)
		fact_lines(c, collect_path(c, "%.*s/%s", SLFMT(root->home), own[i]), &assigned);
	for (size_t i = 0; i < c->s->nsudo_defaults; i++) /* of sudo, unless it keeps the caller's */
		if (slice_eqz(c->s->sudo_defaults[i].name, "secure_path") && !c->s->sudo_defaults[i].scope.n && c->s->sudo_defaults[i].value.n > 1)
			path_folders(c, c->s->sudo_defaults[i].at.file.p, c->s->sudo_defaults[i].at.line, c->s->sudo_defaults[i].value);
}

/* ---- homes ------------------------------------------------------------------------------------------------------------------- */
static void homes(struct collector *c)
{
	static const char *const trust[] = {".rhosts", ".shosts"}, *const global[] = {"/etc/hosts.equiv", "/etc/ssh/shosts.equiv"};
	for (size_t i = 0; i < c->s->naccounts && !collect_late(c); i++) {
		struct slice name = c->s->accounts[i].name, home = c->s->accounts[i].home;
		struct stat st;
		if (home.n < 2 || home.p[0] != '/')
			continue;
		const char *p = collect_path(c, "%.*s", SLFMT(home));
		if (below_stat(c, p, false, &st)) {
			if (errno != ENOENT && errno != ENOTDIR)
				collect_missing(c, "home", name.p, p, 0, "%s", strerror(errno));
			continue;
		}
		const char *text = collect_path(c, "%04o %.*s %.*s %s", (unsigned)(st.st_mode & 07777), SLFMT(collect_user(c, st.st_uid)), SLFMT(collect_group(c, st.st_gid)), p);
		fact_of(c, p, 0, "home", name, slice_of(text));
		for (size_t k = 0; k < ARRAY_LEN(trust); k++)
			if (fact_there(c, collect_path(c, "%s/%s", p, trust[k])))
				fact(c, collect_path(c, "%s/%s", p, trust[k]), 0, "rhosts", slice_of(collect_path(c, "%s/%s", p, trust[k])));
	}
	for (size_t k = 0; k < ARRAY_LEN(global); k++)
		if (fact_there(c, global[k]))
			fact(c, global[k], 0, "rhosts", slice_of(global[k]));
}

/* sshd refuses an account whose shell is not there or cannot be run. */
static void lost_shells(struct collector *c)
{
	struct stat st;
	for (size_t i = 0; i < c->s->naccounts; i++) {
		const struct snap_account *a = &c->s->accounts[i];
		bool told = !a->shell.n || a->shell.p[0] != '/';
		for (size_t k = 0; k < i && !told; k++)
			told = slice_eq(c->s->accounts[k].shell, a->shell);
		const char *p = told ? NULL : collect_path(c, "%.*s", SLFMT(a->shell));
		if (!p || (below_stat(c, p, false, &st) ? errno != ENOENT && errno != ENOTDIR : S_ISREG(st.st_mode) && (st.st_mode & 0111)))
			continue;
		fact(c, "/etc/passwd", a->at.line, "shell.missing", a->shell);
	}
}

static void lingering(struct collector *c)
{
	struct slice *v;
	size_t n = 0;
	if (below_names(c, "/var/lib/systemd/linger", "lingering", NULL, &v, &n))
		for (size_t i = 0; i < n; i++)
			fact(c, "/var/lib/systemd/linger", 0, "lingering", v[i]);
}

void facts_accounts(struct collector *c)
{
	static const char *const shells[] = {"/etc/profile", "/etc/bash.bashrc", "/etc/bashrc", "/etc/login.defs"};
	char shell[] = "shell", access[] = "access";
	struct fact_lines masks = {"umask", true, umask_line, NULL};
	fact_settings(c, "/etc/login.defs", &(struct fact_settings){"login.defs", "login.defs", NULL});
	fact_settings(c, "/etc/security/faillock.conf", &(struct fact_settings){"faillock", "faillock", NULL});
	fact_settings(c, "/etc/security/pwquality.conf", &(struct fact_settings){"pwquality", "pwquality", NULL});
	fact_lines(c, "/etc/security/access.conf", &(struct fact_lines){"access", false, name_line, access});
	fact_lines(c, "/etc/shells", &(struct fact_lines){"shell", false, name_line, shell});
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		fact_lines(c, shells[i], &masks);
	fact_folder(c, "/etc/profile.d", "sh", &masks);
	names(c, "/etc/cron.allow", "cron.allow", "cron");
	names(c, "/etc/cron.deny", "cron.deny", "cron");
	names(c, "/etc/at.allow", "at.allow", "at");
	names(c, "/etc/at.deny", "at.deny", "at");
	lingering(c);
	lost_shells(c);
	search_path(c);
	homes(c);
}
