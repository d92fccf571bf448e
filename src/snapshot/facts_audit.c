/* facts_audit.c - facts that only postern audit asks for: are sshd, sudo and PAM as shipped; how long the list of revoked keys is; what may go out. */
#include "snapshot/md5.h"
#include "snapshot/snapshot_private.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define DPKG "/var/lib/dpkg/info"
enum { PROGRAM_MAX = 64 << 20 };

static void fact(struct collector *c, const char *path, int64_t line, const char *name, struct slice value)
{
	struct snap_at at = collect_at(c, path, line);
	struct slice n = collect_textz(c, name), v = collect_text(c, value);
	struct snap_fact *f = collect_row(c, SNAP_K_fact);
	*f = (struct snap_fact){.at = at, .name = n, .value = v};
}

/* ---- as shipped ---------------------------------------------------------------------------------------------------------------------- */

/* 0 and the hash; else errno. */
static int hash_file(struct collector *c, const char *path, char hex[static 33])
{
	char chunk[65536];
	struct stat st;
	struct md5 m;
	size_t all = 0;
	ssize_t n;
	int fd = below_open(c, path, false, &st);
	if (fd < 0)
		return errno;
	md5_begin(&m);
	while ((n = read(fd, chunk, sizeof chunk)) > 0 && (all += (size_t)n) <= PROGRAM_MAX)
		md5_add(&m, chunk, (size_t)n);
	int why = n < 0 ? errno : n > 0 ? EFBIG : 0;
	close(fd);
	md5_end(&m, hex);
	return why;
}

/* Does another package put its own file there, and this one's elsewhere? Three lines: from, to, by whom. */
static bool diverted(struct slice diversions, struct slice path)
{
	struct slice from, to, by;
	while (next_line(&diversions, &from) && next_line(&diversions, &to) && next_line(&diversions, &by))
		if (slice_eq(from, path))
			return true;
	return false;
}

/* Programs and modules; documents may be left out of small systems. */
static bool counts(struct slice path)
{
	static const char *const places[] = {"usr/bin/", "usr/sbin/", "bin/", "sbin/", "lib/", "usr/lib/", "usr/libexec/"};
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (slice_starts(path, slice_of(places[i])))
			return true;
	return false;
}

static void one_file(struct collector *c, const char *list, int64_t number, const char *package, struct slice line, struct slice diversions)
{
	struct slice sum;
	char hex[33], why[128];
	if (!slice_word(&line, &sum) || sum.n != 32 || !counts(slice_trim(line)))
		return;
	const char *path = collect_path(c, "/%.*s", SLFMT(slice_trim(line)));
	if (diverted(diversions, slice_of(path)))
		return;
	int rc = hash_file(c, path, hex);
	if (rc == ENOENT) {
		fact(c, path, 0, "package.changed", slice_of(collect_path(c, "%s (%s) is gone", path, package)));
	} else if (rc) {
		snprintf(why, sizeof why, "%s", strerror(rc));
		collect_missing(c, "package.changed", NULL, path, 0, "%s", why);
	} else if (!slice_eqz(sum, hex)) {
		fact(c, list, number, "package.changed", slice_of(collect_path(c, "%s (%s)", path, package)));
	}
}

static void one_package(struct collector *c, const char *name, struct slice diversions)
{
	struct slice *paths;
	size_t n;
	const char *patterns[] = {collect_path(c, DPKG "/%s.md5sums", name), collect_path(c, DPKG "/%s:*.md5sums", name)};
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		if (!below_glob(c, patterns[i], "package.changed", &paths, &n))
			continue;
		for (size_t k = 0; k < n && !collect_late(c); k++) {
			const char *list = collect_path(c, "%.*s", SLFMT(paths[k]));
			struct buf text = {0};
			struct slice rest, line;
			if (!below_read(c, list, COLLECT_FILE_MAX, "package.changed", NULL, &text, NULL, NULL)) {
				buf_free(&text);
				continue;
			}
			rest = buf_slice(&text);
			for (int64_t number = 1; next_line(&rest, &line) && !collect_late(c); number++)
				one_file(c, list, number, name, line, diversions);
			fact(c, list, 0, "package.checked", slice_of(name));
			buf_free(&text);
		}
	}
}

static void packages(struct collector *c)
{
	static const char *const names[] = {"openssh-server", "openssh-client", "sudo", "login", "passwd", "libpam-modules", "libpam-modules-bin", "libpam-runtime", "libpam0g"};
	struct buf diversions = {0};
	struct stat st;
	if (below_stat(c, DPKG, false, &st)) {
		if (below_stat(c, "/var/lib/rpm", false, &st) == 0 || below_stat(c, "/usr/lib/sysimage/rpm", false, &st) == 0)
			collect_missing(c, "package.changed", NULL, NULL, 0, "lists of rpm are not read");
		return;
	}
	(void)below_read(c, "/var/lib/dpkg/diversions", COLLECT_FILE_MAX, "package.changed", NULL, &diversions, NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		one_package(c, names[i], buf_slice(&diversions));
	buf_free(&diversions);
}

/* ---- sshd's list of revoked keys --------------------------------------------------------------------------------------------------------- */

static void revoked(struct collector *c)
{
	for (size_t i = 0; i < c->s->nsshd; i++) {
		struct snap_sshd r = c->s->sshd[i];
		struct stat st;
		if (!slice_eqz(r.name, "revokedkeys") || r.account.n || slice_eqz(r.value, "none"))
			continue;
		const char *path = collect_path(c, "%.*s", SLFMT(r.value));
		if (below_stat(c, path, false, &st)) {
			int why = errno;
			collect_missing(c, "sshd.revoked", NULL, path, 0, "%s", strerror(why));
			continue;
		}
		fact(c, path, 0, "sshd.revoked", slice_of(collect_path(c, "%s %lld", path, (long long)st.st_size)));
	}
}

/* ---- what may go out ------------------------------------------------------------------------------------------------------------------------ */

static int64_t line_of(struct slice text, size_t at)
{
	int64_t n = 1;
	for (size_t i = 0; i < at && i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

static void tell_policy(struct collector *c, const char *path, int64_t line, struct slice word)
{
	static const char *const words[] = {"drop", "accept", "reject"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_istarts(word, slice_of(words[i])))
			fact(c, path, line, "firewall.output", slice_of(words[i]));
}

/* "type filter hook output priority 0; policy drop;" */
static void of_nftables(struct collector *c, const char *path, struct slice text)
{
	struct slice rest = text;
	for (ssize_t at; (at = slice_find(rest, SL("hook output"))) >= 0;) {
		rest = slice_from(rest, (size_t)at + 11);
		ssize_t end = slice_chr(rest, '}'), policy = slice_find(rest, SL("policy "));
		int64_t line = line_of(text, (size_t)(rest.p - text.p));
		tell_policy(c, path, line, policy >= 0 && (end < 0 || policy < end) ? slice_from(rest, (size_t)policy + 7) : SL("accept"));
	}
}

static void of_lines(struct collector *c, const char *path, struct slice text, const char *begin)
{
	struct slice line;
	for (int64_t n = 1; next_line(&text, &line); n++)
		if (slice_starts(line, slice_of(begin))) {
			struct slice v = slice_from(line, strlen(begin));
			tell_policy(c, path, n, slice_starts(v, SL("\"")) ? slice_from(v, 1) : v);
		}
}

static void outgoing(struct collector *c)
{
	static const struct { const char *firewall, *path, *begin; } rows[] = {
		{"nftables", "/etc/nftables.conf", NULL}, {"nftables", "/etc/sysconfig/nftables.conf", NULL}, {"ufw", "/etc/default/ufw", "DEFAULT_OUTPUT_POLICY="}, {"iptables", "/etc/iptables/rules.v4", ":OUTPUT "},
		{"iptables", "/etc/sysconfig/iptables", ":OUTPUT "}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf text = {0};
		bool loaded = false;
		for (size_t k = 0; k < c->s->nfacts && !loaded; k++)
			loaded = slice_eqz(c->s->facts[k].name, "firewall") && slice_eqz(c->s->facts[k].value, rows[i].firewall);
		if (loaded && below_read(c, rows[i].path, COLLECT_FILE_MAX, "firewall", NULL, &text, NULL, NULL)) {
			if (rows[i].begin)
				of_lines(c, rows[i].path, buf_slice(&text), rows[i].begin);
			else
				of_nftables(c, rows[i].path, buf_slice(&text));
		}
		buf_free(&text);
	}
}

int collect_facts_audit(struct collector *c)
{
	packages(c);
	revoked(c);
	outgoing(c);
	return 0;
}
