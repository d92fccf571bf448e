/* packages.c - what is installed, of dpkg's status file. RPM's database is no text; it is named as missing. */
#include "snapshot/snapshot_private.h"
#include "snapshot/system_private.h"

enum { STATUS_MAX = 64 << 20 };

static struct slice field(struct slice line, const char *name)
{
	struct slice pre = slice_of(name);
	return slice_starts(line, pre) ? slice_trim(slice_from(line, pre.n)) : SLICE_NONE;
}

static void one_package(struct collector *c, struct slice name, struct slice version, int64_t line)
{
	static const struct { const char *package, *fact; } versions[] = {{"sudo", "sudo.version"}, {"sudo-ldap", "sudo.version"}, {"openssh-server", "sshd.version"}};
	struct snap_at at = {SL("/var/lib/dpkg/status"), line};
	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		if (slice_eqz(name, versions[i].package))
			add_fact(c->s, at, versions[i].fact, collect_text(c, version));
	if (!c->opt->packages)
		return;
	struct snap_package *p = collect_row(c, SNAP_K_package);
	*p = (struct snap_package){at, collect_text(c, name), collect_text(c, version)};
}

static void status(struct collector *c, struct slice text)
{
	struct slice line, name = SLICE_NONE, version = SLICE_NONE;
	bool installed = false;
	int64_t n = 0, first = 0;
	for (bool more = true; more;) {
		more = next_line(&text, &line);
		n++;
		if (!more || !line.n) {
			if (installed && name.n)
				one_package(c, name, version, first);
			name = version = SLICE_NONE;
			installed = false;
			continue;
		}
		if (field(line, "Package:").n) {
			name = field(line, "Package:");
			first = n;
		} else if (field(line, "Version:").n)
			version = field(line, "Version:");
		else if (field(line, "Status:").n)
			installed = slice_ends(line, SL(" installed"));
	}
}

int collect_packages(struct collector *c)
{
	struct buf b = {0};
	struct stat st;
	if (below_read(c, "/var/lib/dpkg/status", STATUS_MAX, "package", NULL, &b, NULL, NULL))
		status(c, buf_slice(&b));
	else if (below_stat(c, "/var/lib/rpm", false, &st) == 0 || below_stat(c, "/usr/lib/sysimage/rpm", false, &st) == 0 || below_stat(c, "/lib/apk/db/installed", false, &st) == 0) {
		collect_missing(c, "package", NULL, NULL, 0, "only dpkg's list of packages is read");
		collect_missing(c, "version", NULL, NULL, 0, "only dpkg's list of packages is read");
	}
	buf_free(&b);
	return 0;
}
