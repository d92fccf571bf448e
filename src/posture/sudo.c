/* sudo.c - whom a rule of sudo holds for, and which commands are as good as root. */
#include "posture/posture_private.h"

static bool number_is(struct slice s, int64_t n)
{
	int64_t x;
	return slice_i64(s, &x) && x == n;
}

static bool member_of_gid(const struct posture_host *h, struct slice gid, const struct snap_account *a)
{
	for (size_t i = 0; i < h->s->ngroups; i++)
		for (size_t k = 0; number_is(gid, h->s->groups[i].gid) && k < h->s->groups[i].members.n; k++)
			if (slice_eq(h->s->groups[i].members.v[k], a->name))
				return true;
	return false;
}

static bool one_fits(struct posture_host *h, struct slice who, const struct snap_account *a)
{
	if (slice_eqz(who, "ALL") || slice_eq(who, a->name))
		return true;
	if (slice_starts(who, SL("%#")))
		return number_is(slice_from(who, 2), a->gid) || member_of_gid(h, slice_from(who, 2), a);
	if (slice_starts(who, SL("#")))
		return number_is(slice_from(who, 1), a->uid);
	char name[256];
	if (!slice_starts(who, SL("%")) || who.n > sizeof name)
		return false;
	memcpy(name, who.p + 1, who.n - 1);
	name[who.n - 1] = '\0';
	return host_member(h, a, name);
}

bool sudo_for(struct posture_host *h, const struct snap_sudo *r, const struct snap_account *a)
{
	bool holds = false;
	for (size_t i = 0; i < r->who.n; i++) {
		struct slice who = r->who.v[i];
		bool not = slice_starts(who, SL("!"));
		if (one_fits(h, not ? slice_from(who, 1) : who, a))
			holds = !not;
	}
	return holds;
}

static bool as_root(const struct snap_sudo *r)
{
	bool root = r->run_as.n == 0 && r->run_as_groups.n == 0;
	for (size_t i = 0; i < r->run_as.n; i++) {
		struct slice x = r->run_as.v[i];
		if (slice_eqz(x, "ALL") || slice_eqz(x, "root") || slice_eqz(x, "#0"))
			root = true;
		else if (slice_eqz(x, "!root") || slice_eqz(x, "!#0") || slice_eqz(x, "!ALL"))
			root = false;
	}
	return root;
}

/* A "!" behind it takes single commands away, which a copy of the program walks around. */
bool sudo_all(const struct snap_sudo *r)
{
	bool all = false;
	for (size_t i = 0; i < r->commands.n; i++)
		if (slice_eqz(r->commands.v[i], "ALL"))
			all = true;
		else if (slice_eqz(r->commands.v[i], "!ALL"))
			all = false;
	return all && as_root(r);
}

/* What each can do that ends with a root shell, or with a file of root's that says what one likes. */
#define PROGRAMS(X)                                                                                                       \
	X("a shell", "sh bash dash zsh ksh mksh fish csh tcsh busybox screen tmux script su sudo doas login chroot nsenter unshare setpriv runuser") \
	X("starts any program", "env nice nohup timeout xargs find watch strace ltrace gdb flock ionice taskset time stdbuf systemd-run run-parts at batch parallel expect ssh") \
	X("an interpreter", "perl python python2 python3 ruby lua node nodejs php awk gawk mawk nawk tclsh irb sed make ansible ansible-playbook") \
	X("an editor: it starts a shell, and writes any file", "vi vim vim.basic vim.tiny view nano pico emacs ed ex joe mcedit micro visudo vipw") \
	X("a pager: it starts a shell", "less more most man pg")                                                           \
	X("writes any file", "cp mv dd tee install ln rsync scp sftp tar cpio zip unzip curl wget patch truncate chmod chown chgrp setfacl") \
	X("mounts what it likes", "mount losetup")                                                                         \
	X("installs what it likes", "apt apt-get aptitude dpkg rpm yum dnf zypper pip pip3 gem npm snap flatpak")          \
	X("makes containers that are root", "docker podman lxc lxd ctr nerdctl kubectl virsh")                             \
	X("gives itself a password or a right", "passwd chpasswd usermod useradd adduser gpasswd chage setcap crontab")   \
	X("loads code into the kernel or replaces it", "insmod modprobe kexec")                                            \
	X("runs a program of its own choosing on a file", "tcpdump git mysql psql sqlite3 nmap ftp")

static bool plain_systemctl(struct slice args)
{
	struct slice verb = word_of(args, 0);
	return verb.n && !slice_eqz(verb, "edit") && !slice_eqz(verb, "link") && !slice_eqz(verb, "set-environment") && !slice_has(args, SL("*"));
}

bool sudo_full(struct slice command, const char **why)
{
	static const struct { const char *why, *names; } rows[] = {
#define X(why, names) {why, names},
		PROGRAMS(X)
#undef X
	};
	struct slice rest = command, path;
	if (slice_starts(command, SL("!")) || slice_starts(command, SL("sudoedit ")) || slice_eqz(command, "list"))
		return false;
	if (slice_starts(command, SL("sha"))) { /* a digest stands in front */
		struct slice digest;
		(void)slice_word(&rest, &digest);
	}
	if (!slice_word(&rest, &path))
		return false;
	*why = "every command";
	if (slice_eqz(path, "ALL"))
		return true;
	*why = "every program of a folder";
	if (slice_ends(path, SL("/")) || slice_has(slice_basename(path), SL("*")))
		return true;
	struct slice name = slice_basename(path);
	/* "" stands for: no arguments at all. */
	if (slice_eq(slice_trim(rest), SL("\"\"")) && !slice_eqz(name, "bash") && !slice_eqz(name, "sh") && !slice_eqz(name, "su"))
		return false;
	*why = "edits or links units of its own";
	if (slice_eqz(name, "systemctl"))
		return !plain_systemctl(rest);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice names = slice_of(rows[i].names), one;
		while (slice_word(&names, &one))
			if (slice_eq(one, name)) {
				*why = rows[i].why;
				return true;
			}
	}
	return false;
}

const char *account_root_group(struct posture_host *h, const struct snap_account *a)
{
	static const char *const groups[] = {"docker", "lxd", "incus-admin", "libvirt", "disk", "shadow", "kmem", "podman", NULL};
	for (size_t i = 0; groups[i]; i++)
		if (host_member(h, a, groups[i]))
			return groups[i];
	return NULL;
}
