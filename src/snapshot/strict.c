/* strict.c - would sshd take a file of an account? Owner and modes (StrictModes), who may log in at all. */
#include "snapshot/sshdconf.h"
#include "snapshot/strict.h"

#include <errno.h>
#include <stdio.h>

/* The path without links, . and ..; false: too long, or too many links. */
bool below_real(struct collector *c, const char *path, char out[static PATH_MAX])
{
	char rest[PATH_MAX], to[PATH_MAX], joined[PATH_MAX];
	unsigned links = 0;
	if (strlen(path) >= sizeof rest)
		return false;
	snprintf(rest, sizeof rest, "%s", path);
	out[0] = 0;
	for (char *p = rest + strspn(rest, "/"); *p; p += strspn(p, "/")) {
		size_t n = strcspn(p, "/"), len = strlen(out);
		if ((n == 2 && memcmp(p, "..", 2) == 0) || (n == 1 && *p == '.')) {
			char *slash = n == 2 ? strrchr(out, '/') : NULL;
			if (slash)
				*slash = 0;
			p += n;
			continue;
		}
		if (len + n + 2 > PATH_MAX)
			return false;
		snprintf(out + len, PATH_MAX - len, "/%.*s", (int)n, p);
		p += n;
		if (!below_link(c, out, to))
			continue;
		int made = snprintf(joined, sizeof joined, "%s/%s", to, p);
		if (++links > COLLECT_LINKS_MAX || made < 0 || (size_t)made >= sizeof joined)
			return false;
		out[to[0] == '/' ? 0 : len] = 0;
		memcpy(rest, joined, (size_t)made + 1);
		p = rest;
	}
	if (!out[0])
		memcpy(out, "/", 2);
	return true;
}

/* Debian's sshd lets the group write when nobody but the owner is in it. */
static bool group_is_private(const struct collector *c, int64_t gid, int64_t uid)
{
	size_t members = 0;
	const struct snap_account *owner = NULL;
	for (size_t i = 0; i < c->s->naccounts; i++) {
		const struct snap_account *a = &c->s->accounts[i];
		if (!owner && a->uid == uid)
			owner = a;
		if (a->gid == gid && a->uid != uid)
			return false;
		members += a->gid == gid;
	}
	for (size_t i = 0; i < c->s->ngroups; i++) {
		const struct snap_group *g = &c->s->groups[i];
		if (g->gid != gid)
			continue;
		if (g->members.n > 1 || (g->members.n && (!owner || !slice_eq(g->members.v[0], owner->name))))
			return false;
		members += g->members.n;
	}
	return owner && members > 0;
}

static bool of_debian(struct collector *c)
{
	struct buf b = {0};
	bool yes = false;
	if (below_read(c, "/etc/os-release", 1 << 16, "fact", NULL, &b, NULL, NULL))
		yes = slice_has(buf_slice(&b), SL("ID=debian")) || slice_has(buf_slice(&b), SL("ID_LIKE=debian")) || slice_has(buf_slice(&b), SL("ID=ubuntu")) ||
			slice_has(buf_slice(&b), SL("ID_LIKE=\"ubuntu"));
	buf_free(&b);
	return yes;
}

static const char *bad_modes(struct collector *c, const struct stat *st, int64_t uid)
{
	if (st->st_uid != 0 && (int64_t)st->st_uid != uid)
		return "belongs to somebody else";
	if (st->st_mode & 02)
		return "can be written by everybody";
	if ((st->st_mode & 020) && !(of_debian(c) && group_is_private(c, st->st_gid, uid)))
		return "can be written by its group";
	return NULL;
}

/* sshd opens the file as the account. */
static bool may(const struct collector *c, const struct stat *st, const struct snap_account *a, unsigned bit)
{
	if (a->uid == 0)
		return true;
	if ((int64_t)st->st_uid == a->uid)
		return st->st_mode & (bit << 6);
	bool in = (int64_t)st->st_gid == a->gid;
	for (size_t i = 0; i < c->s->ngroups && !in; i++)
		for (size_t k = 0; c->s->groups[i].gid == (int64_t)st->st_gid && k < c->s->groups[i].members.n && !in; k++)
			in = slice_eq(c->s->groups[i].members.v[k], a->name);
	return st->st_mode & (in ? bit << 3 : bit);
}

const char *strict_file(struct collector *c, const struct snap_account *a, const char *path, bool strict)
{
	char real[PATH_MAX], home[PATH_MAX];
	struct stat st;
	const char *why;
	bool at_home = false;
	if (!below_real(c, path, real) || below_stat(c, real, false, &st))
		return "it cannot be found again";
	bool has_home = below_real(c, collect_path(c, "%.*s", SLFMT(a->home)), home);
	if (!may(c, &st, a, 4))
		return "the account itself cannot read the file";
	if (strict && (why = bad_modes(c, &st, a->uid)))
		return collect_path(c, "StrictModes: the file %s", why);
	while (strcmp(real, "/")) {
		char *slash = strrchr(real, '/');
		slash[slash == real] = 0;
		if (below_stat(c, real, false, &st))
			return "a folder above it cannot be looked at";
		if (!may(c, &st, a, 1))
			return collect_path(c, "the account itself cannot go through %s", real);
		if (strict && !at_home && (why = bad_modes(c, &st, a->uid)))
			return collect_path(c, "StrictModes: the folder %s %s", real, why);
		at_home |= has_home && strcmp(real, home) == 0;
	}
	return NULL;
}

/* ---- who may log in ------------------------------------------------------------------------------------------------------------ */

static bool in_group(const struct collector *c, const struct snap_account *a, struct slice pattern)
{
	for (size_t i = 0; i < c->s->ngroups; i++) {
		const struct snap_group *g = &c->s->groups[i];
		bool in = g->gid == a->gid;
		for (size_t k = 0; k < g->members.n && !in; k++)
			in = slice_eq(g->members.v[k], a->name);
		if (in && sshd_pattern_list(g->name, pattern, false))
			return true;
	}
	return false;
}

/* Rows of AllowUsers and the like that hold for the account: is there one, and does one fit? "user@host" fits an allowing list, whatever the host. */
static bool listed(const struct collector *c, const struct snap_account *a, const char *name, bool groups, bool allowing, bool *any)
{
	bool own = false, fits = false;
	*any = false;
	for (size_t i = 0; i < c->s->nsshd; i++)
		own |= slice_eqz(c->s->sshd[i].name, name) && slice_eq(c->s->sshd[i].account, a->name);
	for (size_t i = 0; i < c->s->nsshd; i++) {
		const struct snap_sshd *r = &c->s->sshd[i];
		struct slice pattern = r->value, user;
		if (!slice_eqz(r->name, name) || !slice_eq(r->account, own ? a->name : SLICE_NONE))
			continue;
		*any = true;
		bool by_host = !groups && slice_cut(&pattern, '@', &user);
		if (by_host && !allowing && !slice_eqz(pattern, "*"))
			continue;
		fits |= groups ? in_group(c, a, pattern) : sshd_pattern_list(a->name, by_host ? user : pattern, false);
	}
	return fits;
}

/* Of a root that has programs at all: not of a copy of /etc. */
static bool no_shell(struct collector *c, const struct snap_account *a)
{
	struct stat st;
	struct slice chroot = sshd_setting(c, a->name, "chrootdirectory");
	if (below_stat(c, "/bin/sh", false, &st) || (chroot.n && !slice_ieq(chroot, SL("none"))))
		return false;
	const char *shell = a->shell.n ? collect_path(c, "%.*s", SLFMT(a->shell)) : "/bin/sh";
	if (below_stat(c, shell, false, &st))
		return errno == ENOENT || errno == ENOTDIR;
	return !S_ISREG(st.st_mode) || !(st.st_mode & 0111);
}

const char *strict_account(struct collector *c, const struct snap_account *a)
{
	bool any;
	struct slice root = sshd_setting(c, a->name, "permitrootlogin");
	if (!c->s->nsshd)
		return NULL;
	if (no_shell(c, a))
		return "sshd refuses the account: its shell is not there, or no program";
	if (c->locked && strtab_find(c->locked, a->name) != UINT32_MAX && slice_eqz(sshd_setting(c, a->name, "usepam"), "no"))
		return "sshd refuses the account: it is locked (! in shadow), and UsePAM is no";
	if (slice_eqz(sshd_setting(c, a->name, "pubkeyauthentication"), "no"))
		return "sshd takes no keys of this account (PubkeyAuthentication no)";
	if (a->uid == 0 && slice_eqz(root, "no"))
		return "sshd lets root not in (PermitRootLogin no)";
	if (listed(c, a, "denyusers", false, false, &any))
		return "sshd refuses the account (DenyUsers)";
	if (!listed(c, a, "allowusers", false, true, &any) && any)
		return "sshd lets others in alone (AllowUsers)";
	if (listed(c, a, "denygroups", true, false, &any))
		return "sshd refuses a group of the account (DenyGroups)";
	if (!listed(c, a, "allowgroups", true, true, &any) && any)
		return "sshd lets other groups in alone (AllowGroups)";
	return NULL;
}
