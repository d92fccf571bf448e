/* cmd_init.c - postern init: sets this machine's sshd and PAM up for the gate, shows what changes first, and takes it back. */
#include "cmd/cmd.h"
#include "cmd/init_edit.h"
#include "gate/gate.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHECK_SECONDS = 20, SPARE = 64 };
#define SHELL_PATH "/usr/libexec/postern-shell"
#define KEYS_PATH "/usr/libexec/postern-sshd-keys"
#define KEPT "/var/lib/postern/init"
#define DROPIN "/etc/ssh/sshd_config.d/00-postern.conf"

static const struct option options[] = {
	{"root", 0, OPT_TEXT, "DIR", "another system's root folder: files only, no accounts, and its sshd is not run"},
	{"dry-run", 'n', OPT_FLAG, NULL, "only show what would change"},
	{"undo", 0, OPT_FLAG, NULL, "take back what was set up"},
	{"forwarding", 0, OPT_FLAG, NULL, "let grants allow port forwarding (without it nobody's does)"},
	{"shell", 0, OPT_TEXT, "PATH", "where the recorder is installed (default " SHELL_PATH ")"},
	{"postern", 0, OPT_TEXT, "PATH", "where sshd finds this program (default /usr/bin/postern)"},
	{0},
};

/* What is touched, in the order in which it is written: PAM before sshd, so that no login meets half of it open. */
enum { FILE_SHELLS, FILE_SYSUSERS, FILE_PAM_SSHD, FILE_PAM_FIRST, FILE_PAM_LAST = FILE_PAM_FIRST + 5, FILE_SSHD, FILES };
static const struct { const char *path; bool whole, optional; } table[FILES] = {
	[FILE_SHELLS] = {"/etc/shells", false, false},
	[FILE_SYSUSERS] = {"/etc/sysusers.d/postern-gate.conf", true, false},
	[FILE_PAM_SSHD] = {"/etc/pam.d/sshd", false, false},
	[FILE_PAM_FIRST] = {"/etc/pam.d/sudo", false, true}, {"/etc/pam.d/sudo-i", false, true}, {"/etc/pam.d/su", false, true}, {"/etc/pam.d/su-l", false, true},
	{"/etc/pam.d/cron", false, true}, [FILE_PAM_LAST] = {"/etc/pam.d/crond", false, true},
	[FILE_SSHD] = {DROPIN, true, false},
};

struct init {
	const struct args *a;
	const char *root, *shell, *program;
	bool forwarding, small; /* small: the key command is the program of its own */
	struct init_file files[FILES];
	struct buf diff;
};

static int fail(const struct err *e)
{
	complain_err(e);
	return EXIT_INPUT;
}

/* ---- what the files are to be ----------------------------------------------------------------------------------------------------- */

static void sysusers(struct buf *b)
{
	buf_addz(b, INIT_MARK "\n# outside people's accounts are members of this group\ng postern-provider -\n# the recorder's\ng postern-rec -\n"
		    "# asks for sshd which keys are open\nu postern-keys - \"Postern: keys for sshd\" /nonexistent\n");
}

static void sshd_config(const struct init *n, struct buf *b)
{
	buf_addf(b, INIT_MARK ": taken back with 'postern init --undo gate'. The first value wins, so this file is read first.\n"
		    "Match Group " GATE_GROUP "\n"
		    "\tAuthenticationMethods publickey,keyboard-interactive:pam\n"
		    "\tPubkeyAuthentication yes\n"
		    "\tKbdInteractiveAuthentication yes\n"
		    "\tPasswordAuthentication no\n"
		    "\tHostbasedAuthentication no\n"
		    "\tGSSAPIAuthentication no\n"
		    "\tAuthorizedKeysFile none\n"
		    "\tAuthorizedKeysCommand %s%s %%u %%f %%t %%k\n"
		    "\tAuthorizedKeysCommandUser " GATE_KEYS_USER "\n"
		    "\tForceCommand %s\n" /* also for subsystems: internal-sftp would run inside of sshd */
		    "%s"
		    "\tX11Forwarding no\n"
		    "\tAllowAgentForwarding no\n"
		    "\tAllowStreamLocalForwarding no\n"
		    "\tPermitTunnel no\n"
		    "\tGatewayPorts no\n"
		    "\tPermitUserRC no\n"
		    "\tMaxSessions 1\n"
		    "\tLogLevel VERBOSE\n"
		    "Match all\n",
		n->program, n->small ? "" : " sshd-keys", n->shell, n->forwarding ? "\tAllowTcpForwarding local\n" : "\tDisableForwarding yes\n\tAllowTcpForwarding no\n");
}

static void want(const struct init *n, size_t i, struct init_file *f)
{
	struct slice old = buf_slice(&f->old);
	if (i == FILE_SHELLS)
		init_add_line(old, n->shell, &f->wanted);
	else if (i == FILE_SYSUSERS)
		sysusers(&f->wanted);
	else if (i == FILE_SSHD)
		sshd_config(n, &f->wanted);
	else if (i == FILE_PAM_SSHD)
		init_pam_login(old, &f->wanted);
	else
		init_pam_account(old, &f->wanted);
}

static void path_of(const struct init *n, const char *path, char out[static PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s%s", n->root, path);
}

/* Where the file as it was before is kept: /etc/pam.d/sshd as etc+pam.d+sshd. */
static void kept_path(const struct init *n, const char *path, const char *end, char out[static PATH_MAX])
{
	int at = snprintf(out, PATH_MAX, "%s" KEPT "/", n->root);
	for (const char *p = path + 1; *p && at < PATH_MAX - SPARE; p++)
		out[at++] = *p == '/' ? '+' : *p;
	snprintf(out + at, (size_t)(PATH_MAX - at), "%s", end);
}

static int load(struct init *n, struct err *e)
{
	char path[PATH_MAX];
	for (size_t i = 0; i < FILES; i++) {
		struct init_file *f = &n->files[i];
		*f = (struct init_file){.path = table[i].path, .whole = table[i].whole, .optional = table[i].optional};
		path_of(n, f->path, path);
		int rc = init_read(path, &f->old, &f->exists, e);
		if (rc)
			return rc;
		if (!f->exists && i == FILE_PAM_SSHD)
			return err_set(e, ERR_NOENT, "%s: there is no such file: is sshd installed?", path);
	}
	return 0;
}

/* ---- sshd's opinion --------------------------------------------------------------------------------------------------------------- */

static const char *find_sshd(void)
{
	static const char *const places[] = {"/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd", NULL};
	for (const char *const *p = places; *p; p++)
		if (access(*p, X_OK) == 0)
			return *p;
	return NULL;
}

/* Our part and after it the file that is there, as they will be read. */
static int write_check(const char *folder, struct slice ours, char path[static PATH_MAX], struct err *e)
{
	struct buf b = {0};
	snprintf(path, PATH_MAX, "%s/sshd_config", folder);
	buf_adds(&b, ours);
	buf_addz(&b, "\nInclude /etc/ssh/sshd_config\n");
	int rc = init_write(path, buf_slice(&b), e);
	buf_free(&b);
	return rc;
}

static int run_sshd(const char *mode, const char *config, struct buf *out, struct err *e)
{
	int status = 0;
	const char *sshd = find_sshd();
	if (!sshd)
		return err_set(e, ERR_NOENT, "there is no sshd");
	const char *const argv[] = {sshd, mode, "-f", config, NULL};
	(void)mkdir("/run/sshd", 0755); /* Debian's unit makes it; without it sshd checks nothing */
	int rc = sys_run(argv, SLICE_NONE, CHECK_SECONDS, out, &status, e);
	if (rc || !status)
		return rc;
	return err_set(e, ERR_SYNTAX, "sshd does not like it: %.*s", SLFMT(slice_trim(slice_to(buf_slice(out), 400))));
}

static int check_sshd(struct slice ours, struct err *e)
{
	char folder[] = "/tmp/postern-init-XXXXXX", path[PATH_MAX];
	struct buf out = {0};
	if (!mkdtemp(folder))
		return err_set(e, ERR_IO, "cannot make a folder: %m");
	int rc = write_check(folder, ours, path, e);
	if (!rc)
		rc = run_sshd("-t", path, &out, e);
	out.n = 0;
	if (!rc)
		rc = run_sshd("-T", path, &out, e);
	if (!rc && slice_find(buf_slice(&out), SL("usepam yes\n")) < 0)
		rc = err_set(e, ERR_UNSUPPORTED, "sshd has UsePAM no: the gate works through PAM. Set UsePAM yes first");
	buf_free(&out);
	(void)unlink(path);
	(void)rmdir(folder);
	return rc;
}

/* Without its sshd: the words of its files. What is not said is "no" where it is nobody's default. */
static int check_text(const struct init *n, struct err *e)
{
	char path[PATH_MAX];
	struct buf b = {0};
	bool exists, pam = false, include = false, told = false;
	path_of(n, "/etc/ssh/sshd_config", path);
	int rc = init_read(path, &b, &exists, e);
	struct slice rest = buf_slice(&b), line, word;
	for (bool more = rest.n > 0; more;) {
		more = slice_cut(&rest, '\n', &line);
		if (!more)
			line = rest;
		if (!slice_word(&line, &word))
			continue;
		if (slice_ieq(word, SL("UsePAM")) && !told && slice_word(&line, &word)) {
			pam = slice_ieq(word, SL("yes"));
			told = true;
		} else if (slice_ieq(word, SL("Include"))) {
			include |= slice_has(line, SL("sshd_config.d"));
		}
	}
	buf_free(&b);
	if (!rc && !pam)
		rc = err_set(e, ERR_UNSUPPORTED, "%s: UsePAM is not yes: the gate works through PAM", path);
	return rc || include ? rc : err_set(e, ERR_UNSUPPORTED, "%s: it does not include sshd_config.d: add \"Include /etc/ssh/sshd_config.d/*.conf\" as its first line", path);
}

/* ---- carried out ------------------------------------------------------------------------------------------------------------------- */

static void make_folders(const char *path)
{
	char part[PATH_MAX];
	for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(part, sizeof part, "%.*s", (int)(p - path), path);
		(void)mkdir(part, 0755); /* what fails shows when the file is written */
	}
}

static int keep(const struct init *n, const struct init_file *f, struct err *e)
{
	char path[PATH_MAX];
	kept_path(n, f->path, ".before", path);
	make_folders(path);
	bool kept = access(path, F_OK) == 0; /* of the first time: what the administrator had */
	int rc = f->exists && !kept ? init_write(path, buf_slice(&f->old), e) : 0;
	kept_path(n, f->path, ".after", path);
	return rc ? rc : init_write(path, buf_slice(&f->wanted), e);
}

static bool is_change(const struct init_file *f)
{
	return !(f->optional && !f->exists) && !slice_eq(buf_slice(&f->old), buf_slice(&f->wanted));
}

static int apply(struct init *n, struct err *e)
{
	char path[PATH_MAX];
	for (size_t i = 0; i < FILES; i++) {
		const struct init_file *f = &n->files[i];
		if (!is_change(f))
			continue;
		int rc = keep(n, f, e);
		path_of(n, f->path, path);
		make_folders(path);
		if (!rc)
			rc = init_write(path, buf_slice(&f->wanted), e);
		if (rc)
			return rc;
		printf("wrote %s\n", path);
	}
	return 0;
}

static int run_one(const char *const *argv, struct err *e)
{
	int status = 0;
	struct buf out = {0};
	int rc = sys_run(argv, SLICE_NONE, CHECK_SECONDS, &out, &status, e);
	if (!rc && status)
		rc = err_set(e, ERR_IO, "%s: %.*s", argv[0], SLFMT(slice_trim(slice_to(buf_slice(&out), 400))));
	buf_free(&out);
	return rc;
}

static int accounts(struct err *e)
{
	static const char *const groups[] = {GATE_GROUP, RECORD_GROUP};
	int rc = 0;
	for (size_t i = 0; i < ARRAY_LEN(groups) && !rc; i++) {
		const char *const argv[] = {"/usr/sbin/groupadd", "--system", groups[i], NULL};
		rc = getgrnam(groups[i]) ? 0 : run_one(argv, e);
	}
	const char *const argv[] = {"/usr/sbin/useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", GATE_KEYS_USER, NULL};
	return rc || getpwnam(GATE_KEYS_USER) ? rc : run_one(argv, e);
}

/* The service knows its recorder by its group, and the account's other processes cannot reach into one that is setgid. */
static int recorder(const struct init *n, struct err *e)
{
	const struct group *g = getgrnam(RECORD_GROUP);
	struct stat st;
	int fd = open(n->shell, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int rc = 0;
	if (fd < 0 && errno == ENOENT) {
		complain("%s is not installed: until it is, with group " RECORD_GROUP " and mode 2755, every session is refused", n->shell);
		return 0;
	}
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		rc = err_set(e, ERR_NOENT, "%s is no recorder: %m", n->shell);
	else if (!g)
		rc = err_set(e, ERR_NOENT, "there is no group %s", RECORD_GROUP);
	else if ((st.st_gid != g->gr_gid || !(st.st_mode & S_ISGID)) && (fchown(fd, 0, g->gr_gid) || fchmod(fd, 02755)))
		rc = err_set(e, ERR_IO, "%s: %m", n->shell);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int set_up(struct init *n)
{
	struct err e;
	for (size_t i = 0; i < FILES; i++) {
		struct init_file *f = &n->files[i];
		want(n, i, f);
		if (is_change(f))
			init_diff(f->path, buf_slice(&f->old), f->exists, buf_slice(&f->wanted), false, &n->diff);
	}
	int rc = *n->root ? 0 : check_sshd(buf_slice(&n->files[FILE_SSHD].wanted), &e);
	if (!rc)
		rc = check_text(n, &e);
	if (n->diff.n && !write_out(NULL, buf_slice(&n->diff)))
		return EXIT_INPUT;
	if (rc)
		return fail(&e);
	if (!n->diff.n)
		puts("Everything is set up already.");
	if (args_has(n->a, "dry-run") || !n->diff.n)
		return EXIT_DONE;
	rc = *n->root ? 0 : accounts(&e);
	if (!rc && !*n->root)
		rc = recorder(n, &e);
	if (!rc)
		rc = apply(n, &e);
	if (rc)
		return fail(&e);
	printf("\nNext: systemctl enable --now postern-gate; systemctl reload ssh (or sshd).\n"
	       "For each provider's account: usermod -aG " GATE_GROUP " -s %s ACCOUNT. Keep a root session open until a login was tried.\n", n->shell);
	return EXIT_DONE;
}

/* ---- taken back ------------------------------------------------------------------------------------------------------------------- */

/* As it was, when nobody changed it since; else without our lines. */
static int before(const struct init *n, struct init_file *f, bool *gone, struct err *e)
{
	char path[PATH_MAX];
	struct buf after = {0};
	bool kept, was;
	kept_path(n, f->path, ".after", path);
	int rc = init_read(path, &after, &kept, e);
	bool untouched = kept && slice_eq(buf_slice(&after), buf_slice(&f->old));
	buf_free(&after);
	kept_path(n, f->path, ".before", path);
	if (!rc)
		rc = init_read(path, &f->wanted, &was, e);
	if (rc)
		return rc;
	*gone = f->whole || (untouched && !was);
	if (untouched && was)
		return 0;
	f->wanted.n = 0;
	if (!*gone)
		init_strip(buf_slice(&f->old), kept && strcmp(f->path, "/etc/shells") == 0 ? n->shell : NULL, &f->wanted);
	return 0;
}

static int take_back(const struct init *n, const struct init_file *f, bool gone, struct err *e)
{
	char path[PATH_MAX], kept[PATH_MAX];
	path_of(n, f->path, path);
	int rc = gone ? (unlink(path) ? err_set(e, ERR_IO, "%s: %m", path) : 0) : init_write(path, buf_slice(&f->wanted), e);
	if (rc)
		return rc;
	kept_path(n, f->path, ".before", kept);
	(void)unlink(kept);
	kept_path(n, f->path, ".after", kept);
	(void)unlink(kept);
	printf("%s %s\n", gone ? "removed" : "wrote", path);
	return 0;
}

/* sshd first: while it asks for codes that PAM no longer checks, nobody of a provider gets in. */
static int undo(struct init *n)
{
	struct err e;
	bool gone[FILES] = {0};
	for (size_t i = 0; i < FILES; i++) {
		struct init_file *f = &n->files[i];
		if (f->exists && before(n, f, &gone[i], &e))
			return fail(&e);
		if (f->exists && (gone[i] || is_change(f)))
			init_diff(f->path, buf_slice(&f->old), true, buf_slice(&f->wanted), gone[i], &n->diff);
	}
	if (n->diff.n && !write_out(NULL, buf_slice(&n->diff)))
		return EXIT_INPUT;
	if (!n->diff.n)
		puts("Nothing of it is set up.");
	for (size_t i = FILES; i-- > 0 && !args_has(n->a, "dry-run");) {
		const struct init_file *f = &n->files[i];
		if (f->exists && (gone[i] || is_change(f)) && take_back(n, f, gone[i], &e))
			return fail(&e);
	}
	if (n->diff.n && !args_has(n->a, "dry-run"))
		puts("\nGroups and users stay, they may own files. Lock providers' accounts, or nothing but their keys holds them; then reload sshd.");
	return EXIT_DONE;
}

static int run(const struct args *a)
{
	struct init n = {.a = a, .root = args_get(a, "root"), .shell = args_get(a, "shell"), .program = args_get(a, "postern"), .forwarding = args_has(a, "forwarding")};
	struct err e;
	n.root = n.root && strcmp(n.root, "/") != 0 ? n.root : "";
	n.small = !n.program && !*n.root && access(KEYS_PATH, X_OK) == 0;
	n.program = n.small ? KEYS_PATH : n.program;
	n.shell = n.shell ? n.shell : SHELL_PATH;
	n.program = n.program ? n.program : "/usr/bin/postern";
	if (a->noperands != 1 || strcmp(a->operand[0], "gate") != 0 || strlen(n.root) > PATH_MAX - 200 || n.shell[0] != '/' || n.program[0] != '/') {
		complain("init: say what to set up: gate (paths begin with /)\nTry 'postern init --help'.");
		return EXIT_USAGE;
	}
	if (!*n.root && geteuid() != 0) {
		complain("init: it changes this machine: only root may do that");
		return EXIT_USAGE;
	}
	umask(022);
	int rc = load(&n, &e) ? fail(&e) : args_has(a, "undo") ? undo(&n) : set_up(&n);
	for (size_t i = 0; i < FILES; i++) {
		buf_free(&n.files[i].old);
		buf_free(&n.files[i].wanted);
	}
	buf_free(&n.diff);
	return rc;
}

const struct command command_init = {
	.name = "init",
	.summary = "sets this machine up for the gate, and takes it back",
	.usage = "init [OPTION...] gate",
	.description = "gate    sshd and PAM ask the gate about members of the group " GATE_GROUP ": a drop-in of sshd, lines in PAM's files of sshd,\n"
		       "        sudo, su and cron, the recorder in /etc/shells, groups and users. All changes are shown first as a unified diff, and sshd checks\n"
		       "        its configuration (sshd -t) before anything is written. No other line is touched. Refuses when sshd has UsePAM no.\n\n"
		       "Files as they were are kept in " KEPT "; --undo puts them back, or, where somebody changed them since, takes out our lines only.",
	.options = options,
	.examples = "  postern init --dry-run gate\n  postern init gate\n  postern init --undo gate\n",
	.run = run,
};
