/* rights_local.c - ways from one account to another that need neither sudo nor a login: groups, files others run, setuid programs, polkit, NFS. */
#include "privilege/privilege_private.h"

/* ---- groups ----------------------------------------------------------------------------------------------------------------- */

static bool runs(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->njobs; i++)
		if (slice_starts(s->jobs[i].name, slice_of(name)) && s->jobs[i].enabled != SNAP_NO)
			return true;
	return false;
}

static const struct root_group {
	const char *name, *service; /* that has to run; NULL: none */
	enum snap_tri sure;
	const char *why;
} root_groups[] = {
	{"docker", "docker", SNAP_YES, "docker gives root: a container may mount the machine's files"},
	{"lxd", "lxd", SNAP_YES, "lxd gives root: a container may mount the machine's files"},
	{"lxd", "snap.lxd", SNAP_YES, "lxd gives root: a container may mount the machine's files"},
	{"incus-admin", "incus", SNAP_YES, "incus gives root: a container may mount the machine's files"},
	{"libvirt", "libvirt", SNAP_UNKNOWN, "libvirt gives root: a virtual machine may use the machine's disks"},
	{"libvirtd", "libvirt", SNAP_UNKNOWN, "libvirt gives root: a virtual machine may use the machine's disks"},
	{"microk8s", "snap.microk8s", SNAP_UNKNOWN, "microk8s gives root: a pod may mount the machine's files"},
	{"disk", NULL, SNAP_YES, "disk gives root: the disks may be read and written past every mode"},
	{"kmem", NULL, SNAP_UNKNOWN, "kmem reads the kernel's memory"},
};

static bool has_group(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->ngroups; i++)
		if (slice_eqz(s->groups[i].name, name))
			return true;
	return false;
}

/* A container has no disks of its own. */
static bool contained(const struct snapshot *s)
{
	for (size_t i = 0; i < s->nfacts; i++)
		if (slice_eqz(s->facts[i].name, "container"))
			return true;
	return false;
}

static void shadow_group(struct place *l)
{
	struct privilege *p = l->p;
	uint32_t node = has_group(l->s, "shadow") ? group_node(l, SL("shadow"), SLICE_NONE) : NO_NODE;
	for (size_t i = 0; i < l->s->naccounts && node != NO_NODE; i++)
		if (l->s->accounts[i].password == SNAP_PW_SET)
			edge_put(p, node, l->account[i], NO_RIGHT, "may guess, from its hash, the password of", SLICE_NONE, SNAP_UNKNOWN);
}

/* pam_wheel.so trust: members become root by su without a password. */
static void wheel_group(struct place *l)
{
	struct privilege *p = l->p;
	for (size_t i = 0; i < l->s->npam; i++) {
		const struct snap_pam *m = &l->s->pam[i];
		struct slice rest = m->arguments, word, group = SL("wheel");
		bool trust = false, deny = false;
		if (!slice_starts(m->service, SL("su")) || slice_starts(m->service, SL("sudo")) || !slice_has(m->module, SL("pam_wheel")))
			continue;
		while (slice_word(&rest, &word)) {
			trust |= slice_eqz(word, "trust");
			deny |= slice_eqz(word, "deny");
			if (slice_starts(word, SL("group=")))
				group = slice_from(word, 6);
		}
		if (trust && !deny)
			edge_put(p, group_node(l, group, SL("pam_wheel trusts it: su without a password")), l->root, NO_RIGHT, "becomes, by su,", where_of(p, l->s, &m->at), SNAP_YES);
	}
}

void rights_groups(struct place *l)
{
	struct privilege *p = l->p;
	for (size_t i = 0; i < ARRAY_LEN(root_groups); i++) {
		const struct root_group *g = &root_groups[i];
		bool served = !g->service || runs(l->s, g->service), disk = slice_eqz(slice_of(g->name), "disk");
		if (!has_group(l->s, g->name) || (i && strcmp(g->name, root_groups[i - 1].name) == 0 && !served))
			continue;
		enum snap_tri sure = served && !(disk && contained(l->s)) ? g->sure : SNAP_UNKNOWN;
		edge_put(p, group_node(l, slice_of(g->name), slice_of(g->why)), l->root, NO_RIGHT, "is as good as", say(p, "%s%s", g->why, served ? "" : "; whether it runs could not be seen"), sure);
	}
	shadow_group(l);
	wheel_group(l);
}

/* ---- what others run --------------------------------------------------------------------------------------------------------- */

/* cron reads no file that others than root may write; to replace it through its folder is another matter. */
static bool cron_refuses(const struct snap_writable *w)
{
	struct slice by = w->used_by;
	return w->folder != SNAP_YES && slice_starts(by, SL("cron ")) && slice_starts(slice_from(by, 5), w->at.file) && slice_starts(slice_from(by, 5 + w->at.file.n), SL(":"));
}

/* Does a rule let this account run it without a password? */
static enum snap_tri runs_itself(const struct place *l, const struct snap_account *a, const struct snap_writable *w)
{
	struct slice by;
	for (size_t i = 0; i < l->s->nsudo; i++)
		for (size_t k = 0; k < l->s->sudo[i].commands.n; k++)
			if (command_matches(l->s->sudo[i].commands.v[k], w->at.file) && sudo_who(l, a, l->s->sudo[i].who, &by) == SNAP_YES)
				return l->s->sudo[i].nopasswd == SNAP_YES ? SNAP_YES : SNAP_UNKNOWN;
	return SNAP_UNKNOWN;
}

/* Whoever may write the target of a rule waits for who may run it, unless all of them may. */
static enum snap_tri rule_waits(const struct place *l, const struct snap_writable *w)
{
	enum snap_tri all = SNAP_UNKNOWN;
	bool user = slice_starts(w->by, SL("user:")), group = slice_starts(w->by, SL("group:"));
	for (size_t i = 0; (user || group) && i < l->s->naccounts; i++) {
		const struct snap_account *a = &l->s->accounts[i];
		if (user ? !slice_eq(a->name, slice_from(w->by, 5)) : a->uid == 0 || !in_group(l, a, slice_from(w->by, 6)))
			continue;
		all = runs_itself(l, a, w);
		if (all != SNAP_YES)
			break;
	}
	return all;
}

void rights_writable(struct place *l)
{
	struct privilege *p = l->p;
	for (size_t i = 0; i < l->s->nwritables; i++) {
		const struct snap_writable *w = &l->s->writables[i];
		if (cron_refuses(w))
			continue;
		uint32_t from = holder_node(l, w->by);
		long target = place_account(l, w->used_as);
		uint32_t to = target != PRIV_NONE ? l->account[target] : !w->used_as.n || slice_eqz(w->used_as, "root") ? l->root : NO_NODE;
		struct right *r = right_put(p, l, RIGHT_WRITABLE, SNAP_K_writable, w);
		uint32_t id = r->id;
		r->holder = w->by;
		r->account = w->used_as.n ? w->used_as : SL("root");
		r->full = to == l->root;
		r->why_full = r->full ? SL("root runs or reads it") : SLICE_NONE;
		r->text = say(p, "%.*s may %s %.*s on %.*s, which %.*s uses (%.*s)", SLFMT(w->by), w->folder == SNAP_YES ? "replace" : "write", SLFMT(w->at.file), SLFMT(l->s->host), SLFMT(r->account),
			SLFMT(w->used_by));
		edge_put(p, from, to, id, "becomes", say(p, "may %s %.*s, used by %.*s", w->folder == SNAP_YES ? "replace" : "write", SLFMT(where_of(p, l->s, &w->at)), SLFMT(w->used_by)),
			slice_starts(w->used_by, SL("sudo")) ? rule_waits(l, w) : SNAP_YES);
	}
}

/* ---- setuid programs, capabilities -------------------------------------------------------------------------------------------- */

static const struct { const char *word, *why; enum snap_tri sure; } capabilities[] = {
	{"cap_setuid", "cap_setuid: it may become root", SNAP_YES}, {"cap_dac_override", "cap_dac_override: it writes any file", SNAP_YES},
	{"cap_chown", "cap_chown: it gives any file to anybody", SNAP_YES}, {"cap_fowner", "cap_fowner: it opens any file", SNAP_YES},
	{"cap_sys_admin", "cap_sys_admin: it mounts", SNAP_UNKNOWN}, {"cap_sys_ptrace", "cap_sys_ptrace: it takes over other processes", SNAP_UNKNOWN},
	{"cap_sys_module", "cap_sys_module: it puts code into the kernel", SNAP_YES}, {"cap_dac_read_search", "cap_dac_read_search: it reads any file", SNAP_UNKNOWN},
	{"cap_setgid", "cap_setgid: it may join any group", SNAP_UNKNOWN}, {"cap_setfcap", "cap_setfcap: it gives any capability", SNAP_YES},
};

/* What running the program as its owner gives: those of the table that keep the rights they were started with. */
static struct escape_why setuid_gives(const struct snap_file *f)
{
	/* Meant to be setuid, or giving up what they were given before they do anything for their caller. */
	static const char *const meant[] = {"su", "sudo", "mount", "fusermount", "fusermount3", "passwd", "chsh", "newgrp", "sg", "gpasswd", "crontab", "at", "batch", "pkexec", "doas", "screen",
		"telnet", "ftp", "script", "man", "mc", "expect", "git"};
	struct slice name = slice_basename(f->at.file);
	if (f->copy_of.n) {
		struct escape_why w = command_escape(f->copy_of, false, false);
		return w.how != ESCAPE_NONE ? (struct escape_why){w.how, "a copy of a program that runs others", SLICE_NONE} : w;
	}
	for (size_t i = 0; i < ARRAY_LEN(meant); i++)
		if (slice_eqz(name, meant[i]))
			return (struct escape_why){ESCAPE_NONE, NULL, SLICE_NONE};
	return command_escape(f->at.file, false, false);
}

/* Who may run it: everybody, or a group. */
static uint32_t runner(struct place *l, const struct snap_file *f)
{
	const struct snap_group *g = f->mode & 010 && f->gid != 0 ? group_by_gid(l, f->gid) : NULL;
	struct slice own = g ? say(l->p, "group:%.*s", SLFMT(g->name)) : SLICE_NONE;
	if (f->mode & 01)
		return f->through.n ? holder_node(l, f->through) : l->host;
	if (f->through.n && !slice_eq(own, f->through))
		return slice_starts(f->through, SL("user:")) ? holder_node(l, f->through) : NO_NODE;
	return g ? group_node(l, g->name, SLICE_NONE) : NO_NODE;
}

static void setuid_right(struct place *l, const struct snap_file *f, uint32_t to, const char *why, enum snap_tri sure)
{
	struct privilege *p = l->p;
	uint32_t from = runner(l, f);
	if (from == NO_NODE || to == NO_NODE)
		return;
	struct right *r = right_put(p, l, RIGHT_SETUID, SNAP_K_file, f);
	r->holder = from == l->host ? SL("everybody") : f->through.n ? f->through : say(p, "group:%.*s", SLFMT(p->nodes.v[from].name));
	r->account = p->nodes.v[to].name;
	r->full = to == l->root && sure == SNAP_YES;
	r->why_full = slice_of(why);
	r->text = say(p, "%.*s on %.*s, run by %.*s, has the rights of %.*s: %s", SLFMT(f->at.file), SLFMT(l->s->host), SLFMT(r->holder), SLFMT(r->account), why);
	edge_put(p, from, to, r->id, "becomes", say(p, "%.*s %.*s: %s", SLFMT(f->kind), SLFMT(where_of(p, l->s, &f->at)), why), sure);
}

static uint32_t by_uid(const struct place *l, int64_t uid)
{
	for (size_t i = 0; i < l->s->naccounts; i++)
		if (l->s->accounts[i].uid == uid)
			return l->account[i];
	return uid == 0 ? l->root : NO_NODE;
}

void rights_setuid(struct place *l)
{
	for (size_t i = 0; i < l->s->nfiles; i++) {
		const struct snap_file *f = &l->s->files[i];
		struct escape_why w = setuid_gives(f);
		if (slice_eqz(f->kind, "setuid") && w.how != ESCAPE_NONE)
			setuid_right(l, f, by_uid(l, f->uid), w.why, w.how >= ESCAPE_WRITE ? SNAP_YES : SNAP_UNKNOWN);
		if (!slice_eqz(f->kind, "capability") || w.how == ESCAPE_NONE)
			continue;
		for (size_t k = 0; k < ARRAY_LEN(capabilities); k++)
			if (slice_has(f->capabilities, slice_of(capabilities[k].word))) {
				setuid_right(l, f, l->root, capabilities[k].why, tri_least(capabilities[k].sure, w.how == ESCAPE_RUN ? SNAP_YES : SNAP_UNKNOWN));
				break;
			}
	}
}

/* ---- polkit -------------------------------------------------------------------------------------------------------------------- */

static const char *const root_actions[] = {"org.freedesktop.systemd1.manage-units", "org.freedesktop.systemd1.manage-unit-files", "org.freedesktop.policykit.exec", "org.freedesktop.systemd1.*",
	"org.freedesktop.packagekit.package-install-untrusted", "org.freedesktop.machine1.host-shell", "org.libvirt.unix.manage", "org.freedesktop.accounts.user-administration"};

static const char *polkit_gives(const struct snap_polkit *k)
{
	struct slice rest = k->action, word;
	while (slice_word(&rest, &word)) {
		struct slice w = word.n && word.p[word.n - 1] == ';' ? slice_to(word, word.n - 1) : word;
		for (size_t i = 0; i < ARRAY_LEN(root_actions); i++)
			if (slice_eqz(w, "*") || glob(w, slice_of(root_actions[i])))
				return root_actions[i];
	}
	return NULL;
}

static uint32_t polkit_holder(struct place *l, struct slice who)
{
	if (slice_starts(who, SL("unix-group:")))
		return group_node(l, slice_from(who, 11), SLICE_NONE);
	if (slice_starts(who, SL("unix-user:")))
		who = slice_from(who, 10);
	return slice_eqz(who, "*") || !who.n || slice_eqz(who, "everybody") ? l->host : holder_node(l, who);
}

void rights_polkit(struct place *l)
{
	struct privilege *p = l->p;
	for (size_t i = 0; i < l->s->npolkit; i++) {
		const struct snap_polkit *k = &l->s->polkit[i];
		const char *action = polkit_gives(k);
		bool yes = slice_eqz(k->result, "yes"), self = slice_starts(k->result, SL("auth_self"));
		uint32_t from = action && (yes || self) ? polkit_holder(l, k->identity) : NO_NODE;
		if (from == NO_NODE)
			continue;
		struct right *r = right_put(p, l, RIGHT_POLKIT, SNAP_K_polkit, k);
		r->holder = k->identity;
		r->account = SL("root");
		r->full = yes;
		r->why_full = slice_of(action);
		r->text = say(p, "polkit on %.*s lets %.*s do %.*s%s", SLFMT(l->s->host), SLFMT(k->identity), SLFMT(k->action), yes ? "" : " with the account's password");
		/* That polkit and its service run is not in the snapshot. */
		edge_put(p, from, l->root, r->id, "becomes", say(p, "polkit %s; %.*s", action, SLFMT(where_of(p, l->s, &k->at))), yes && runs(l->s, "polkit") ? SNAP_YES : SNAP_UNKNOWN);
	}
}

/* ---- NFS ------------------------------------------------------------------------------------------------------------------------- */

static bool below(struct slice path, struct slice folder)
{
	return slice_eqz(folder, "/") || (slice_starts(path, folder) && (path.n == folder.n || path.p[folder.n] == '/'));
}

static enum snap_tri client_fits(const struct snap_export *x, const struct place *c)
{
	struct cidr net;
	struct ip ip;
	size_t known = 0;
	if (!x->client.n || slice_eqz(x->client, "*"))
		return SNAP_YES;
	if (slice_starts(x->client, SL("@")))
		return SNAP_UNKNOWN;
	if (!cidr_parse(x->client, &net))
		return place_called(c, x->client) || glob(x->client, c->names[0]) ? SNAP_YES : SNAP_NO;
	for (size_t i = 0; i < c->s->addresses.n; i++) {
		if (!ip_parse(c->s->addresses.v[i], &ip) || ip_is_loopback(&ip))
			continue;
		known++;
		if (cidr_has(&net, &ip))
			return SNAP_YES;
	}
	return known ? SNAP_NO : SNAP_UNKNOWN;
}

static void export_edges(struct place *l, const struct snap_export *x, uint32_t right)
{
	struct privilege *p = l->p;
	struct slice text = say(p, "NFS, %.*s without root_squash; %.*s", SLFMT(x->path), SLFMT(where_of(p, l->s, &x->at)));
	bool open = !x->client.n || slice_eqz(x->client, "*"), root = below(SL("/root"), x->path) || below(SL("/etc"), x->path);
	for (size_t i = 0; i < l->s->naccounts; i++) {
		const struct snap_account *a = &l->s->accounts[i];
		if (!(a->uid == 0 ? root : a->uid >= 1000 && below(a->home, x->path)))
			continue;
		/* Whoever is root on a machine of their own. That the server runs and lets them in could not be tried. */
		if (open)
			edge_put(p, p->outside, l->account[i], right, "writes files of", text, SNAP_UNKNOWN);
		for (size_t h = 0; h < p->hosts.n; h++)
			if (&p->places[h] != l)
				edge_put(p, p->places[h].root, l->account[i], right, "writes files of", text, client_fits(x, &p->places[h]) == SNAP_NO ? SNAP_NO : SNAP_UNKNOWN);
	}
}

void rights_exports(struct place *l)
{
	struct privilege *p = l->p;
	for (size_t i = 0; i < l->s->nexports; i++) {
		const struct snap_export *x = &l->s->exports[i];
		if (x->root_squash != SNAP_NO || x->writable == SNAP_NO)
			continue;
		struct right *r = right_put(p, l, RIGHT_EXPORT, SNAP_K_export, x);
		uint32_t id = r->id;
		r->holder = x->client.n ? x->client : SL("*");
		r->account = SL("root");
		r->text = say(p, "%.*s exports %.*s to %.*s without root_squash", SLFMT(l->s->host), SLFMT(x->path), SLFMT(r->holder));
		export_edges(l, x, id);
	}
}
