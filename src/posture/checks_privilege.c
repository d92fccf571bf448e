/* checks_privilege.c - ways to root beside sudo: files, programs, rules of the system, the kernel's settings. */
#include "posture/checks.h"

enum posture_result check_prv_writable(struct posture_host *h)
{
	host_reads(h, "writable");
	host_reads(h, "path");
	for (size_t i = 0; i < h->s->nwritables; i++) {
		const struct snap_writable *w = &h->s->writables[i];
		if (slice_eqz(w->used_as, "root"))
			host_found(h, &w->at, "%.*s can %s it: %.*s", SLFMT(w->by), w->folder == SNAP_YES ? "replace" : "write", SLFMT(w->used_by));
	}
	EACH_FACT(h, f, "path.writable")
		host_found(h, &f->at, "in root's PATH: %.*s", SLFMT(f->value));
	return host_verdict(h, "what root runs is root's to write", "somebody can write what root runs");
}

/* setuid root as Debian and RHEL ship it; what it is for is not judged here. */
static bool known_setuid(struct slice path)
{
	static const char *const names[] = {"su", "sudo", "passwd", "chsh", "chfn", "newgrp", "gpasswd", "mount", "umount", "mount.nfs", "mount.cifs", "fusermount", "fusermount3", "ntfs-3g",
		"pkexec", "polkit-agent-helper-1", "dbus-daemon-launch-helper", "ssh-keysign", "unix_chkpwd", "pam_timestamp_check", "crontab", "at", "chage", "expiry", "wall", "write",
		"write.ul", "bsd-write", "ssh-agent", "ping", "ping6", "traceroute6.iputils", "postdrop", "postqueue", "pppd", "exim4", "sendmail.sendmail", "utempter", "userhelper", "usernetctl",
		"newuidmap", "newgidmap", "mlocate", "plocate", "locate", "dotlockfile", "mail-lock", "mail-unlock", "mail-touchlock", "screen", "unix_update", "doas", "chrome-sandbox",
		"vmware-user-suid-wrapper", "Xorg.wrap", "sudoedit", "snap-confine", "postern-shell", "lockfile", "procmail", "gnome-pty-helper", "mount.ecryptfs_private", "kismet_capture",
		"systemd-journal", "ksu", "staprun", "authenticate_pam", "opensmtpd", "smtpctl", "lpr", "uuidd"};
	struct slice name = slice_basename(path);
	bool place = slice_starts(path, SL("/usr/")) || slice_starts(path, SL("/bin/")) || slice_starts(path, SL("/sbin/")) || slice_starts(path, SL("/lib"));
	if (slice_starts(path, SL("/usr/local/")) || !place)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eqz(name, names[i]))
			return true;
	return false;
}

enum posture_result check_prv_setuid(struct posture_host *h)
{
	host_reads(h, "file");
	for (size_t i = 0; i < h->s->nfiles; i++) {
		const struct snap_file *f = &h->s->files[i];
		if (slice_eqz(f->kind, "setuid") && f->uid == 0 && (f->mode & 0111) && !known_setuid(f->at.file))
			host_found(h, &f->at, "setuid root, mode %04llo", (unsigned long long)f->mode & 07777);
		else if ((slice_eqz(f->kind, "setuid") || slice_eqz(f->kind, "setgid")) && (f->mode & 02))
			host_found(h, &f->at, "%.*s, and everybody can write it: mode %04llo", SLFMT(f->kind), (unsigned long long)f->mode & 07777);
	}
	return host_verdict(h, "setuid programs are those that distributions ship", "a program that is root for everybody, and that no distribution ships so");
}

enum posture_result check_prv_capability(struct posture_host *h)
{
	static const char *const bad[] = {"cap_setuid", "cap_setgid", "cap_sys_admin", "cap_sys_ptrace", "cap_sys_module", "cap_dac_override", "cap_dac_read_search", "cap_chown", "cap_fowner", "cap_setfcap",
		"cap_sys_rawio", "cap_bpf"};
	host_reads(h, "file");
	for (size_t i = 0; i < h->s->nfiles; i++) {
		const struct snap_file *f = &h->s->files[i];
		for (size_t k = 0; f->capabilities.n && k < ARRAY_LEN(bad); k++)
			if (slice_ihas(f->capabilities, slice_of(bad[k])) && !slice_ends(f->at.file, SL("/newuidmap")) && !slice_ends(f->at.file, SL("/newgidmap"))) {
				host_found(h, &f->at, "%.*s", SLFMT(f->capabilities));
				break;
			}
	}
	return host_verdict(h, "no program has a capability that is as good as root", "a program has a capability that is as good as root");
}

enum posture_result check_prv_polkit(struct posture_host *h)
{
	host_reads(h, "polkit");
	for (size_t i = 0; i < h->s->npolkit; i++) {
		const struct snap_polkit *p = &h->s->polkit[i];
		if (slice_eqz(p->result, "yes") && !slice_starts(p->at.file, SL("/usr/share/polkit-1/")))
			host_found(h, &p->at, "%.*s may %.*s", SLFMT(p->identity), SLFMT(p->action));
	}
	return host_verdict(h, "polkit asks for a password", "polkit lets somebody do root's work without a password");
}

enum posture_result check_prv_export(struct posture_host *h)
{
	host_reads(h, "export");
	if (!h->s->nexports)
		return host_none(h, "nothing is exported");
	for (size_t i = 0; i < h->s->nexports; i++) {
		const struct snap_export *x = &h->s->exports[i];
		if (x->root_squash == SNAP_NO)
			host_found(h, &x->at, "%.*s to %.*s: no_root_squash", SLFMT(x->path), SLFMT(x->client));
		else if (x->writable == SNAP_YES && slice_eqz(x->client, "*"))
			host_found(h, &x->at, "%.*s: everybody may write", SLFMT(x->path));
	}
	return host_verdict(h, "root of another machine is nobody here", "root of another machine is root of these files");
}

struct sysctl { const char *name, *fine; /* values, blank-separated */ };

static bool one_of(struct slice list, struct slice v)
{
	struct slice word;
	while (slice_word(&list, &word))
		if (slice_eq(word, v))
			return true;
	return false;
}

/* What is set, against what it should be. A setting that is not told on this machine is not known. */
static void sysctls(struct posture_host *h, const struct sysctl *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct snap_at at = {0};
		struct slice v = host_value(h, rows[i].name, &at);
		if (v.n && !one_of(slice_of(rows[i].fine), v))
			host_found(h, &at, "%s = %.*s", rows[i].name + 7, SLFMT(v));
		else if (!v.n) /* a value that is told holds, also where others are not known */
			host_unsure(h, "sysctl: nothing sets %s in a file, and the kernel's own value is not known", rows[i].name + 7);
	}
}

enum posture_result check_prv_ptrace(struct posture_host *h)
{
	static const struct sysctl rows[] = {{"sysctl kernel.yama.ptrace_scope", "1 2 3"}};
	sysctls(h, rows, ARRAY_LEN(rows));
	return host_verdict(h, "a process does not look into others", "a program can read keys and passwords out of other programs of the same account");
}

enum posture_result check_prv_dump(struct posture_host *h)
{
	static const struct sysctl rows[] = {{"sysctl fs.suid_dumpable", "0"}};
	sysctls(h, rows, ARRAY_LEN(rows));
	return host_verdict(h, "setuid programs leave no core", "what a setuid program had in memory is left in a file");
}

enum posture_result check_prv_kernel(struct posture_host *h)
{
	static const struct sysctl rows[] = {{"sysctl kernel.kptr_restrict", "1 2"}, {"sysctl kernel.dmesg_restrict", "1"}, {"sysctl kernel.unprivileged_bpf_disabled", "1 2"},
		{"sysctl kernel.randomize_va_space", "2"}};
	sysctls(h, rows, ARRAY_LEN(rows));
	return host_verdict(h, "the kernel does not tell attackers where it lies", "the kernel helps whoever attacks it");
}

enum posture_result check_prv_links(struct posture_host *h)
{
	static const struct sysctl rows[] = {{"sysctl fs.protected_hardlinks", "1"}, {"sysctl fs.protected_symlinks", "1"}};
	sysctls(h, rows, ARRAY_LEN(rows));
	return host_verdict(h, "links in /tmp do not lead others astray", "a link in /tmp makes another account's program write elsewhere");
}

enum posture_result check_prv_mac(struct posture_host *h)
{
	host_reads(h, "selinux");
	if (slice_ieq(host_value(h, "selinux", NULL), SL("enforcing")))
		return host_verdict(h, "SELinux is enforcing", "");
	host_reads(h, "apparmor");
	struct slice v = host_value(h, "apparmor", NULL);
	if (slice_eqz(v, "enabled"))
		return host_verdict(h, "AppArmor is on", "");
	if (!h->unsure.n)
		host_found(h, NULL, "neither SELinux nor AppArmor is on");
	return host_verdict(h, "", "a service that falls can do whatever its account can");
}

enum posture_result check_prv_docker(struct posture_host *h)
{
	host_reads(h, "docker");
	EACH_FACT(h, f, "docker.api")
		if (slice_starts(f->value, SL("tcp://")))
			host_found(h, &f->at, "%.*s", SLFMT(f->value));
	if (!h->found && !host_has_fact(h, "docker.api", NULL) && !host_has_fact(h, "tool docker", NULL)) {
		host_reads(h, "tool");
		return host_none(h, "no Docker");
	}
	return host_verdict(h, "Docker is not asked over the net", "whoever reaches this port is root");
}

enum posture_result check_prv_job(struct posture_host *h)
{
	static const char *const open[] = {"curl ", "wget "};
	host_reads(h, "job");
	for (size_t i = 0; i < h->s->njobs; i++) {
		const struct snap_job *j = &h->s->jobs[i];
		for (size_t k = 0; k < ARRAY_LEN(open); k++)
			if (slice_eqz(j->run_as, "root") && slice_has(j->command, slice_of(open[k])) && slice_has(j->command, SL("|")) && slice_has(j->command, SL("sh")))
				host_found(h, &j->at, "%.*s", SLFMT(slice_to(j->command, 120)));
		for (size_t k = 0; k < j->programs.n; k++)
			if (slice_eqz(j->run_as, "root") && (slice_starts(j->programs.v[k], SL("/tmp/")) || slice_starts(j->programs.v[k], SL("/var/tmp/")) || slice_starts(j->programs.v[k], SL("/dev/shm/"))))
				host_found(h, &j->at, "runs %.*s", SLFMT(j->programs.v[k]));
	}
	return host_verdict(h, "root runs nothing that comes from the net or from /tmp", "root runs what comes from the net or from /tmp");
}
