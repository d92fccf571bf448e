/* facts_system.c - the system itself: release, kernel, settings of the kernel, mounts, modes of files that matter, programs that are there. */
#include "snapshot/facts_private.h"

#include <stdlib.h>

static void os_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	static const struct { const char *key, *name; } keys[] = {{"ID", "os.id"}, {"VERSION_ID", "os.version"}, {"PRETTY_NAME", "os.name"}};
	struct slice key;
	(void)arg;
	if (!slice_cut(&t, '=', &key))
		return;
	if (t.n > 1 && (t.p[0] == '"' || t.p[0] == '\'') && t.p[t.n - 1] == t.p[0])
		t = slice_make(t.p + 1, t.n - 2);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (slice_eqz(key, keys[i].key))
			fact(c, path, line, keys[i].name, t);
}

static void release(struct collector *c)
{
	struct fact_lines how = {"os", false, os_line, NULL};
	if (!fact_lines(c, "/etc/os-release", &how))
		fact_lines(c, "/usr/lib/os-release", &how);
}

/* First line of a file of the running kernel. */
static bool running(struct collector *c, const char *path, struct buf *b, struct slice *value)
{
	struct slice text;
	if (!below_read(c, path, 4096, "kernel", NULL, b, NULL, NULL))
		return false;
	text = buf_slice(b);
	return next_line(&text, value);
}

static void kernel(struct collector *c)
{
	struct buf b = {0};
	struct slice v, *names;
	size_t n = 0;
	if (fact_live(c, "kernel") && running(c, "/proc/sys/kernel/osrelease", &b, &v))
		fact(c, "/proc/sys/kernel/osrelease", 0, "kernel", v);
	if (below_names(c, "/lib/modules", "kernel", NULL, &names, &n))
		for (size_t i = 0; i < n; i++)
			fact(c, "/lib/modules", 0, "kernel.installed", names[i]);
	buf_free(&b);
}

static void init_program(struct collector *c)
{
	static const struct { const char *path, *name; } kinds[] = {
		{"/usr/lib/systemd/systemd", "systemd"}, {"/lib/systemd/systemd", "systemd"}, {"/sbin/openrc-init", "openrc"}, {"/sbin/openrc", "openrc"}, {"/etc/inittab", "sysvinit"}};
	char to[PATH_MAX];
	bool link = below_link(c, "/sbin/init", to);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (fact_there(c, kinds[i].path) && (i > 1 || (link && slice_has(slice_of(to), SL("systemd"))))) {
			fact(c, kinds[i].path, 0, "init", slice_of(kinds[i].name));
			return;
		}
}

static void container(struct collector *c)
{
	struct buf b = {0};
	if (fact_live(c, "container")) {
		if (fact_there(c, "/.dockerenv"))
			fact(c, "/.dockerenv", 0, "container", SL("docker"));
		else if (fact_there(c, "/run/.containerenv"))
			fact(c, "/run/.containerenv", 0, "container", SL("podman"));
		else if (below_read(c, "/run/systemd/container", 256, "container", NULL, &b, NULL, NULL))
			fact(c, "/run/systemd/container", 0, "container", slice_trim(slice_to(buf_slice(&b), b.n && b.p[b.n - 1] == '\n' ? b.n - 1 : b.n)));
	}
	if (fact_live(c, "reboot") && fact_there(c, "/run/reboot-required"))
		fact(c, "/run/reboot-required", 0, "reboot.required", SL("yes"));
	buf_free(&b);
}

/* ---- sysctl ---------------------------------------------------------------------------------------------------------------- */
static const char *const sysctls[] = {
	"kernel.yama.ptrace_scope", "kernel.kptr_restrict", "kernel.dmesg_restrict", "kernel.core_pattern", "kernel.core_uses_pid", "kernel.randomize_va_space", "kernel.sysrq",
	"kernel.modules_disabled", "kernel.kexec_load_disabled", "kernel.perf_event_paranoid", "kernel.unprivileged_bpf_disabled", "kernel.unprivileged_userns_clone",
	"user.max_user_namespaces", "fs.suid_dumpable", "fs.protected_symlinks", "fs.protected_hardlinks", "fs.protected_fifos", "fs.protected_regular", "net.core.bpf_jit_harden",
	"net.ipv4.ip_forward", "net.ipv4.tcp_syncookies", "net.ipv4.icmp_echo_ignore_broadcasts", "net.ipv4.icmp_ignore_bogus_error_responses", "net.ipv4.conf.all.rp_filter",
	"net.ipv4.conf.default.rp_filter", "net.ipv4.conf.all.accept_redirects", "net.ipv4.conf.default.accept_redirects", "net.ipv4.conf.all.secure_redirects",
	"net.ipv4.conf.all.send_redirects", "net.ipv4.conf.all.accept_source_route", "net.ipv4.conf.default.accept_source_route", "net.ipv4.conf.all.log_martians",
	"net.ipv6.conf.all.forwarding", "net.ipv6.conf.all.accept_redirects", "net.ipv6.conf.all.accept_source_route", "net.ipv6.conf.all.accept_ra", "dev.tty.ldisc_autoload",
};

struct configured { struct slice value; const char *path; int64_t line; };

static void sysctl_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	struct configured *all = arg;
	struct slice key;
	if (!slice_cut(&t, '=', &key))
		return;
	key = slice_trim(key);
	if (key.n && key.p[0] == '-')
		key = slice_from(key, 1);
	char *dots = xmalloc(key.n + 1); /* may hold NULs */
	for (size_t i = 0; i < key.n; i++)
		dots[i] = key.p[i];
	for (size_t i = 0; i < key.n; i++)
		dots[i] = (char)(dots[i] == '/' ? '.' : dots[i]);
	for (size_t i = 0; i < ARRAY_LEN(sysctls); i++)
		if (slice_eqz(slice_make(dots, key.n), sysctls[i]))
			all[i] = (struct configured){slice_dup(&c->scratch, slice_trim(t)), path, line};
	free(dots);
}

struct conf { struct slice name; const char *path; };
static int by_name(const void *a, const void *b)
{
	return slice_cmp(((const struct conf *)a)->name, ((const struct conf *)b)->name);
}

/* sysctl.d(5): all files in the order of their names, of two with one name that of the first folder; sysctl.conf last (procps reads it so). */
static void sysctl_files(struct collector *c, struct configured *all)
{
	static const char *const folders[] = {"/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d"};
	struct conf found[512];
	size_t n = 0;
	for (size_t f = 0; f < ARRAY_LEN(folders); f++) {
		struct slice *names;
		size_t count = 0;
		if (!below_names(c, folders[f], "sysctl", NULL, &names, &count))
			continue;
		for (size_t i = 0; i < count && n < ARRAY_LEN(found); i++) {
			bool known = !slice_ends(names[i], SL(".conf"));
			for (size_t k = 0; k < n; k++)
				known |= slice_eq(found[k].name, names[i]);
			if (!known)
				found[n++] = (struct conf){names[i], collect_path(c, "%s/%.*s", folders[f], SLFMT(names[i]))};
		}
	}
	qsort(found, n, sizeof *found, by_name);
	struct fact_lines how = {"sysctl", false, sysctl_line, all};
	for (size_t i = 0; i < n; i++)
		fact_lines(c, found[i].path, &how);
	fact_lines(c, "/etc/sysctl.conf", &how);
}

static void sysctl(struct collector *c)
{
	struct configured all[ARRAY_LEN(sysctls)] = {0};
	sysctl_files(c, all);
	for (size_t i = 0; i < ARRAY_LEN(sysctls); i++) {
		struct buf b = {0};
		struct slice v = SLICE_NONE, key = slice_of(sysctls[i]);
		if (all[i].path)
			fact_of(c, all[i].path, all[i].line, "sysctl.configured", key, all[i].value);
		if (c->live) {
			char *path = xstrndup(sysctls[i], strlen(sysctls[i]));
			for (char *p = path; *p; p++)
				*p = (char)(*p == '.' ? '/' : *p);
			const char *file = collect_path(c, "/proc/sys/%s", path);
			free(path);
			if (fact_there(c, file) && running(c, file, &b, &v))
				fact_of(c, file, 0, "sysctl", key, slice_trim(v));
		} else if (all[i].path)
			fact_of(c, all[i].path, all[i].line, "sysctl", key, all[i].value);
		buf_free(&b);
	}
	if (!c->live)
		collect_missing(c, "sysctl", NULL, NULL, 0, "what is not configured has the kernel's default, which only the running machine tells");
}

/* ---- mounts ------------------------------------------------------------------------------------------------------------------ */
static void mount_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	struct slice w[4];
	for (size_t i = 0; i < 4; i++)
		if (!slice_word(&t, &w[i]))
			return;
	fact_f(c, path, line, arg, "%.*s %.*s %.*s %.*s", SLFMT(w[0]), SLFMT(w[1]), SLFMT(w[2]), SLFMT(w[3]));
}

static void mounts(struct collector *c)
{
	char fstab[] = "fstab", mount[] = "mount";
	fact_lines(c, "/etc/fstab", &(struct fact_lines){"fstab", false, mount_line, fstab});
	if (fact_live(c, "mount"))
		fact_lines(c, "/proc/mounts", &(struct fact_lines){"mount", false, mount_line, mount});
}

/* ---- files ------------------------------------------------------------------------------------------------------------------- */
static void modes(struct collector *c)
{
	static const char *const paths[] = {"/etc/passwd", "/etc/passwd-", "/etc/shadow", "/etc/shadow-", "/etc/group", "/etc/group-", "/etc/gshadow", "/etc/gshadow-", "/etc/security/opasswd", "/etc/sudoers", "/etc/sudoers.d",
					    "/etc/crontab", "/etc/cron.d", "/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly", "/etc/ssh", "/etc/ssh/sshd_config", "/etc/pam.d", "/etc/security",
					    "/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/boot/grub2/user.cfg", "/var/log", "/var/log/auth.log", "/var/log/secure", "/var/log/syslog", "/var/log/messages",
					    "/var/log/wtmp", "/var/log/btmp", "/var/log/lastlog", "/var/log/audit", "/var/log/audit/audit.log", "/var/log/journal", "/root", "/tmp", "/var/tmp", "/etc/audit/audit.rules",
					    "/etc/rsyslog.conf", "/etc/hosts.allow", "/etc/hosts.deny", "/etc/cron.allow", "/etc/at.allow", "/etc/exports", "/etc/postfix/main.cf", "/etc/aliases", "/usr/bin/gcc", "/usr/bin/as"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		fact_mode(c, paths[i], "file.mode", false);
}

static void tools(struct collector *c)
{
	static const char *const names[] = {"aide", "tripwire", "samhain", "rkhunter", "chkrootkit", "clamscan", "clamd", "fail2ban-server", "sshguard", "debsums", "auditctl", "tcpdump", "tshark", "dumpcap", "gcc", "cc",
					    "make", "nmap", "nc", "socat", "curl", "wget", "docker", "podman", "lxc", "virsh", "ansible", "puppet", "salt-call", "salt-master", "postfix", "exim4", "sendmail", "opendkim", "opendmarc",
					    "rspamd", "spamd", "amavisd-new", "clamav-milter", "chronyd", "ntpd", "nft", "iptables", "ufw", "firewall-cmd", "lynis", "google-authenticator", "usbguard", "acct", "accton", "sysstat",
					    "arpwatch", "apt-listbugs", "apt-show-versions", "needrestart", "postern"};
	const char *path;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (fact_program(c, names[i], &path))
			fact_of(c, path, 0, "tool", slice_of(names[i]), slice_of(path));
}

/* ---- small ones ---------------------------------------------------------------------------------------------------------------- */
static void modprobe_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	struct slice w[3] = {{0}};
	(void)arg;
	for (size_t i = 0; i < 3 && slice_word(&t, &w[i]); i++)
		;
	if (slice_eqz(w[0], "blacklist") || (slice_eqz(w[0], "install") && (slice_ends(w[2], SL("/true")) || slice_ends(w[2], SL("/false")))))
		fact(c, path, line, "modprobe.disabled", w[1]);
}

static void limits_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	(void)arg;
	fact(c, path, line, "limits", t);
}

static void banner(struct collector *c, const char *path)
{
	struct buf b = {0};
	struct slice text, line;
	if (below_read(c, path, 1 << 16, "banner", NULL, &b, NULL, NULL))
		for (text = buf_slice(&b); next_line(&text, &line);)
			if (slice_trim(line).n) {
				fact_of(c, path, 0, "banner", slice_of(path), slice_to(slice_trim(line), 200));
				break;
			}
	buf_free(&b);
}

static void grub(struct collector *c)
{
	static const char *const paths[] = {"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/boot/grub2/user.cfg"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct buf b = {0};
		if (below_read(c, paths[i], COLLECT_FILE_MAX, "boot", NULL, &b, NULL, NULL) && (slice_has(buf_slice(&b), SL("password_pbkdf2")) || slice_has(buf_slice(&b), SL("GRUB2_PASSWORD="))))
			fact(c, paths[i], 0, "boot.password", SL("yes"));
		buf_free(&b);
	}
}

static void small(struct collector *c)
{
	static const char *const selinux[] = {"SELINUX", NULL}, *const folders[] = {"/etc/modprobe.d", "/usr/lib/modprobe.d"};
	struct fact_lines limits = {"limits", true, limits_line, NULL}, modprobe = {"modprobe", true, modprobe_line, NULL};
	fact_lines(c, "/etc/security/limits.conf", &limits);
	fact_folder(c, "/etc/security/limits.d", ".conf", &limits);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		fact_folder(c, folders[i], ".conf", &modprobe);
	fact_settings(c, "/etc/systemd/coredump.conf", &(struct fact_settings){"coredump", "coredump", NULL});
	size_t before = c->s->nfacts;
	fact_settings(c, "/etc/selinux/config", &(struct fact_settings){"selinux", "selinux", selinux});
	if (c->s->nfacts > before)
		c->s->facts[c->s->nfacts - 1].name = SL("selinux");
	struct buf b = {0};
	struct slice v;
	if (fact_live(c, "apparmor") && fact_there(c, "/sys/module/apparmor/parameters/enabled") && running(c, "/sys/module/apparmor/parameters/enabled", &b, &v))
		fact(c, "/sys/module/apparmor/parameters/enabled", 0, "apparmor", slice_eqz(v, "Y") ? SL("enabled") : SL("disabled"));
	buf_free(&b);
	banner(c, "/etc/issue");
	banner(c, "/etc/issue.net");
	banner(c, "/etc/motd");
	grub(c);
}

void facts_system(struct collector *c)
{
	release(c);
	kernel(c);
	init_program(c);
	container(c);
	sysctl(c);
	mounts(c);
	modes(c);
	tools(c);
	small(c);
}
