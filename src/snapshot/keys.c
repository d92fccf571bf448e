/* keys.c - private keys and certificates by their content, host keys, certificate authorities. */
#include "snapshot/sshdconf.h"
#include "snapshot/sshkey.h"
#include "snapshot/strict.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { HEAD_BYTES = 4096, SIZE_LEAST = 60, HOME_FILES = 20000, HOME_DEPTH = 6, SSH_FILES = 4000, AUTHORITIES_MAX = 1000 };

struct searching {
	struct collector *c;
	struct slice account;     /* in whose home; "" none */
	struct strtab *seen;      /* paths that were looked at */
	bool ssh_only;            /* not those of TLS, which lie about everywhere */
	struct sshkey *key;       /* large */
};

static void add_certificate(struct searching *s, const char *path, int64_t line, const struct sshkey *k)
{
	struct collector *c = s->c;
	struct slice options[64];
	for (size_t i = 0; i < k->noptions; i++)
		options[i] = k->option_values[i].n ? slice_of(collect_path(c, "%.*s=%.*s", SLFMT(k->options[i]), SLFMT(k->option_values[i]))) : k->options[i];
	struct snap_certificate *x = collect_row(c, SNAP_K_certificate);
	*x = (struct snap_certificate){.at = collect_at(c, path, line), .account = collect_text(c, s->account), .kind = k->host ? SL("host") : SL("user"), .key_id = collect_text(c, k->key_id),
		.serial = collect_textz(c, collect_path(c, "%llu", (unsigned long long)k->serial)), .fingerprint = collect_textz(c, k->fingerprint), .authority = collect_textz(c, k->authority),
		.principals = collect_list(c, k->principals, k->nprincipals), .options = collect_list(c, options, k->noptions),
		.from = (int64_t)MIN(k->from, (uint64_t)INT64_MAX), .until = k->until >= INT64_MAX ? -1 : (int64_t)k->until};
}

static void add_private(struct searching *s, const char *path, const struct stat *st, const struct sshkey_private *k)
{
	struct collector *c = s->c;
	struct snap_private_key *x = collect_row(c, SNAP_K_private_key);
	*x = (struct snap_private_key){.at = collect_at(c, path, 0), .uid = st->st_uid, .gid = st->st_gid, .mode = st->st_mode & 07777, .account = collect_text(c, s->account),
		.type = collect_textz(c, k->type), .fingerprint = collect_textz(c, k->fingerprint), .comment = collect_textz(c, k->comment), .encrypted = k->encrypted ? SNAP_YES : SNAP_NO};
}

/* "ssh-ed25519-cert-v01@openssh.com AAAA..." in the first line. */
static void try_certificate(struct searching *s, const char *path, struct slice file)
{
	struct slice line = SLICE_NONE, comment;
	struct buf blob = {0};
	next_line(&file, &line);
	if (slice_has(slice_to(line, 60), SL("-cert-v01@openssh.com ")) && !sshkey_line(line, &blob, s->key, &comment) && s->key->certificate)
		add_certificate(s, path, 1, s->key);
	buf_free(&blob);
}

/* Reads the front of a file; the whole only when a key begins there. False: named as missing already, or nothing. */
static void one_file(struct searching *s, const char *path)
{
	struct stat st;
	struct buf b = {0};
	struct sshkey_private k;
	char head[HEAD_BYTES];
	uint32_t known = strtab_count(s->seen);
	if (strtab_put(s->seen, slice_of(path)) < known)
		return;
	int fd = below_open(s->c, path, false, &st);
	if (fd < 0) {
		if (errno == EACCES || errno == EPERM)
			collect_missing(s->c, "private_key", collect_path(s->c, "%.*s", SLFMT(s->account)), path, 0, "%s", strerror(errno));
		return;
	}
	ssize_t n = pread(fd, head, sizeof head, 0);
	close(fd);
	struct slice front = slice_make(head, n > 0 ? (size_t)n : 0);
	bool private = slice_has(front, SL("BEGIN OPENSSH PRIVATE KEY-----")) || slice_starts(front, SL("PuTTY-User-Key-File-")) || (!s->ssh_only && slice_has(front, SL("PRIVATE KEY-----")));
	if ((private || slice_has(front, SL("-cert-v01@openssh.com"))) && below_read(s->c, path, SSHKEY_FILE_MAX, "private_key", NULL, &b, &st, NULL)) {
		if (private && sshkey_private(buf_slice(&b), &k))
			add_private(s, path, &st, &k);
		else
			try_certificate(s, path, buf_slice(&b));
	}
	if (b.p)
		explicit_bzero(b.p, b.cap);
	explicit_bzero(head, sizeof head);
	buf_free(&b);
}

static bool visit(struct collector *c, void *arg, const char *path, const struct stat *st)
{
	struct searching *s = arg;
	char real[PATH_MAX];
	struct stat to;
	bool ssh = S_ISLNK(st->st_mode) && strstr(path, "/.ssh/"); /* elsewhere links are left alone: what they lead to is found where it lies */
	if (ssh && below_real(c, path, real) && below_stat(c, real, false, &to) == 0 && S_ISREG(to.st_mode) && to.st_size <= SSHKEY_FILE_MAX)
		one_file(s, real);
	else if (ssh && below_stat(c, path, false, &to))
		collect_missing(c, "private_key", collect_path(c, "%.*s", SLFMT(s->account)), path, 0, "a symbolic link that leads to nothing within the root");
	if (S_ISREG(st->st_mode) && st->st_size >= SIZE_LEAST && st->st_size <= SSHKEY_FILE_MAX)
		one_file(s, path);
	return true;
}

/* A home that is a folder of the system is not searched but for its .ssh. */
static bool of_system(struct slice home)
{
	static const char *const folders[] = {"/", "/bin", "/sbin", "/usr", "/dev", "/proc", "/sys", "/etc", "/var/run", "/run", "/nonexistent", "/tmp", "/var/tmp", "/home"};
	static const char *const trees[] = {"/usr/", "/bin/", "/sbin/", "/dev/", "/proc/", "/sys/", "/run/", "/var/run/", "/var/spool/", "/var/cache/", "/var/mail", "/var/log"};
	while (home.n > 1 && home.p[home.n - 1] == '/')
		home.n--;
	bool yes = home.n == 0 || home.p[0] != '/';
	for (size_t i = 0; i < ARRAY_LEN(folders) && !yes; i++)
		yes = slice_eqz(home, folders[i]);
	for (size_t i = 0; i < ARRAY_LEN(trees) && !yes; i++)
		yes = slice_starts(home, slice_of(trees[i]));
	return yes;
}

static void search_home(struct searching *s, struct slice home)
{
	const char *path = collect_path(s->c, "%.*s", SLFMT(home)), *ssh = collect_path(s->c, "%.*s%s.ssh", SLFMT(home), slice_ends(home, SL("/")) ? "" : "/");
	below_walk(s->c, ssh, &(struct below_walk){.section = "private_key", .depth = HOME_DEPTH, .most = SSH_FILES, .same = true, .fn = visit, .arg = s});
	if (!of_system(home))
		below_walk(s->c, path, &(struct below_walk){.section = "private_key", .depth = HOME_DEPTH, .most = HOME_FILES, .same = true, .fn = visit, .arg = s});
}

/* Files named by IdentityFile, wherever they lie. */
static void search_named(struct searching *s)
{
	for (size_t i = 0; i < s->c->s->nssh_client; i++) {
		struct snap_ssh_client r = s->c->s->ssh_client[i];
		if (!slice_eqz(r.name, "IdentityFile") || !r.value.n || r.value.p[0] != '/' || slice_chr(r.value, '%') >= 0)
			continue;
		s->account = r.account;
		one_file(s, collect_path(s->c, "%.*s", SLFMT(r.value)));
	}
}

/* Where programs and people keep what belongs into no home. */
static void search_elsewhere(struct searching *s)
{
	static const char *const trees[] = {"/srv", "/opt", "/data", "/var/lib", "/var/backups", "/var/www", "/usr/local", "/mnt", "/media"};
	s->account = SLICE_NONE;
	s->ssh_only = true;
	for (size_t i = 0; i < ARRAY_LEN(trees) && !collect_late(s->c); i++)
		below_walk(s->c, trees[i], &(struct below_walk){.section = "private_key", .depth = HOME_DEPTH, .most = HOME_FILES, .same = true, .fn = visit, .arg = s});
}

int collect_private_keys(struct collector *c)
{
	struct searching s = {.c = c, .seen = strtab_new(), .key = xcalloc(1, sizeof *s.key)};
	struct strtab *homes = strtab_new();
	s.account = SLICE_NONE;
	below_walk(c, "/etc/ssh", &(struct below_walk){.section = "private_key", .depth = 3, .most = SSH_FILES, .fn = visit, .arg = &s});
	for (size_t i = 0; i < c->s->naccounts && !collect_late(c); i++) {
		struct slice home = c->s->accounts[i].home;
		uint32_t known = strtab_count(homes);
		if (!home.n || home.p[0] != '/' || strtab_put(homes, home) < known)
			continue;
		s.account = c->s->accounts[i].name;
		search_home(&s, home);
	}
	s.account = collect_account(c, SL("root")) ? SL("root") : SLICE_NONE;
	search_home(&s, SL("/root"));
	search_named(&s);
	search_elsewhere(&s);
	strtab_free(homes);
	strtab_free(s.seen);
	free(s.key);
	return 0;
}

/* ---- authorities and host certificates ------------------------------------------------------------------------------------------- */

static void read_authorities(struct searching *s, const char *path)
{
	struct buf b = {0}, blob = {0};
	struct slice line, comment;
	int64_t at = 0;
	size_t n = 0;
	bool gone = false;
	if (!below_read(s->c, path, COLLECT_FILE_MAX, "authority", NULL, &b, NULL, &gone) && gone)
		collect_missing(s->c, "authority", NULL, path, 0, "TrustedUserCAKeys names it, and it is not there");
	struct slice text = buf_slice(&b);
	while (next_line(&text, &line) && n < AUTHORITIES_MAX) {
		at++;
		line = slice_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		n++;
		if (sshkey_line(line, &blob, s->key, &comment)) {
			collect_missing(s->c, "authority", NULL, path, at, "a line that is no key");
			continue;
		}
		struct slice private = SLICE_NONE;
		for (size_t i = 0; i < s->c->s->nprivate_keys && !private.n; i++)
			if (slice_eqz(s->c->s->private_keys[i].fingerprint, s->key->fingerprint))
				private = s->c->s->private_keys[i].at.file;
		struct snap_authority *x = collect_row(s->c, SNAP_K_authority);
		*x = (struct snap_authority){.at = collect_at(s->c, path, at), .fingerprint = collect_textz(s->c, s->key->fingerprint), .private_key = private};
	}
	buf_free(&b);
	buf_free(&blob);
}

/* Files that a setting names, each once. */
static void named_by(struct searching *s, const char *setting, void (*fn)(struct searching *s, const char *path))
{
	struct strtab *seen = strtab_new();
	for (size_t i = 0; i < s->c->s->nsshd; i++) {
		struct slice path = s->c->s->sshd[i].value;
		uint32_t known = strtab_count(seen);
		if (slice_eqz(s->c->s->sshd[i].name, setting) && path.n && path.p[0] == '/' && strtab_put(seen, path) >= known)
			fn(s, collect_path(s->c, "%.*s", SLFMT(path)));
	}
	strtab_free(seen);
}

/* Those in /etc/ssh and in homes were found by content. */
static void host_certificate(struct searching *s, const char *path)
{
	struct buf b = {0};
	if (!slice_starts(slice_of(path), SL("/etc/ssh/")) && below_read(s->c, path, SSHKEY_FILE_MAX, "certificate", NULL, &b, NULL, NULL))
		try_certificate(s, path, buf_slice(&b));
	buf_free(&b);
}

int collect_certificates(struct collector *c)
{
	struct searching s = {.c = c, .key = xcalloc(1, sizeof *s.key)};
	s.account = SLICE_NONE;
	named_by(&s, "hostcertificate", host_certificate);
	named_by(&s, "trustedusercakeys", read_authorities);
	free(s.key);
	return 0;
}

/* ---- host keys ------------------------------------------------------------------------------------------------------------------------ */

/* The public half out of the private file, or of the .pub beside it when that cannot be read. */
static void host_key(struct searching *s, const char *path)
{
	struct collector *c = s->c;
	struct buf b = {0}, blob = {0};
	struct sshkey_private k = {0};
	struct stat st;
	struct slice comment, line = SLICE_NONE;
	if (below_stat(c, path, false, &st)) /* a usual name that is not there */
		return;
	if (below_read(c, path, SSHKEY_FILE_MAX, "host_key", NULL, &b, NULL, NULL) && b.p) {
		(void)sshkey_private(buf_slice(&b), &k);
		explicit_bzero(b.p, b.cap);
	}
	int64_t bits = 0;
	const char *pub = collect_path(c, "%s.pub", path);
	if (below_read(c, pub, SSHKEY_FILE_MAX, "host_key", NULL, &b, NULL, NULL)) {
		struct slice text = buf_slice(&b);
		next_line(&text, &line);
		bool good = !sshkey_line(line, &blob, s->key, &comment) && (!k.fingerprint[0] || strcmp(k.fingerprint, s->key->fingerprint) == 0);
		bits = good ? s->key->bits : 0;
		if (good && !k.fingerprint[0]) {
			memcpy(k.fingerprint, s->key->fingerprint, sizeof k.fingerprint);
			memcpy(k.type, s->key->type, MIN(strlen(s->key->type) + 1, sizeof k.type - 1));
		}
	}
	if (k.fingerprint[0] || k.type[0]) {
		struct snap_host_key *x = collect_row(c, SNAP_K_host_key);
		*x = (struct snap_host_key){.at = collect_at(c, path, 0), .type = collect_textz(c, k.type), .fingerprint = collect_textz(c, k.fingerprint), .bits = bits ? bits : k.bits,
			.uid = st.st_uid, .mode = st.st_mode & 07777};
	} else {
		collect_missing(c, "host_key", NULL, path, 0, "no private key that can be read");
	}
	buf_free(&b);
	buf_free(&blob);
}

int collect_host_keys(struct collector *c)
{
	struct searching s = {.c = c, .key = xcalloc(1, sizeof *s.key)};
	s.account = SLICE_NONE;
	named_by(&s, "hostkey", host_key);
	free(s.key);
	return 0;
}
