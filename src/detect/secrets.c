/* secrets.c - keys and password files read; keys, accounts and sudo rights planted. */
#include "detect/detect_private.h"

static const enum action wants[] = {ACT_SUDO, ACT_EXEC, ACT_COMMAND, ACT_NONE};
static const enum action wants_files[] = {ACT_SUDO, ACT_EXEC, ACT_COMMAND, ACT_FILE_WRITTEN, ACT_FILE_CREATED, ACT_FILE_RENAMED, ACT_NONE};
static const enum action wants_accounts[] = {ACT_USER_ADDED, ACT_SUDO, ACT_EXEC, ACT_NONE};
static const char *const techniques[] = {"T1003.008", "T1552.004", NULL};
static const char *const techniques_keys[] = {"T1098.004", NULL};
static const char *const techniques_account[] = {"T1136.001", NULL};
static const char *const techniques_sudoers[] = {"T1548.003", NULL};

static enum level level_for(const struct actor *a, enum level staff)
{
	return a->provider || a->service ? LEVEL_HIGH : staff;
}

static struct finding *open_for(struct detect *d, const struct detector *def, const struct event *e, const struct actor *a, bool *fresh)
{
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, a->host);
	key_add(&k, a->account);
	struct finding *f = detect_open(d, def, key_slice(&k), 12 * NS_HOUR, e->time, fresh);
	if (*fresh)
		finding_actor(f, a);
	return f;
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

static const char *secret_in(struct slice word)
{
	static const struct { const char *needle, *what; } secrets[] = {
		{"/etc/shadow", "the password hashes"}, {"/etc/gshadow", "the password hashes"}, {"id_rsa", "an SSH private key"},
		{"id_ed25519", "an SSH private key"}, {"id_ecdsa", "an SSH private key"}, {"id_dsa", "an SSH private key"},
		{"ssh_host_", "a host key"}, {".pgpass", "database passwords"}, {".my.cnf", "database passwords"}, {".netrc", "saved passwords"},
		{"krb5.keytab", "the Kerberos key"}, {".aws/credentials", "cloud credentials"}, {".git-credentials", "saved passwords"},
		{"/etc/ssl/private/", "a TLS private key"}, {".bash_history", "somebody's shell history"}, {"/etc/krb5cc", "Kerberos tickets"},
	};
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
		ssize_t at = slice_find(word, slice_of(secrets[i].needle));
		if (at >= 0 && !slice_ends(word, SL(".pub")))
			return secrets[i].what;
	}
	return NULL;
}

/* The secret a reading command names, and which word names it. */
static const char *reads_secret(const struct command *c, size_t *at)
{
	const char *what = NULL;
	if (!slice_in_list(c->tool, "cat less more head tail cp mv scp rsync tar zip base64 xxd od strings grep vi vim view nano dd curl tac awk sed unshadow"))
		return NULL;
	for (*at = 1; *at < c->n; ++*at)
		if ((what = secret_in(c->word[*at])))
			break;
	return what;
}

static bool reads_any_secret(const struct command *c)
{
	size_t at;
	return reads_secret(c, &at) != NULL;
}

static void secrets_event(struct detect *d, void *state, const struct event *e)
{
	(void)state;
	struct command c UNINIT;
	size_t at = 0;
	const char *what = detect_command(e, &c) ? reads_secret(&c, &at) : NULL;
	if (!what)
		return;
	struct actor a UNINIT;
	detect_actor(d, e, &a);
	bool fresh;
	struct finding *f = open_for(d, &detector_secrets, e, &a, &fresh);
	if (fresh) {
		finding_printf(f, &f->title, "%s read %s on %.*s", actor_text(d, &a), what, SLFMT(a.host));
		finding_printf(f, &f->text, "Once read, they count as taken: %.*s", SLFMT(slice_to(c.line, 200)));
	}
	finding_entity(f, ENT_FILE, c.word[at]);
	finding_entity(f, ENT_COMMAND, c.line);
	finding_raise(f, level_for(&a, LEVEL_MEDIUM));
	finding_evidence(f, e);
}

const struct detector detector_secrets = {
	.info = {"postern.secrets-read", "Keys or password files read", LEVEL_MEDIUM, STAGE_CREDENTIALS, techniques,
		"cat, cp, tar and like tools on shadow, SSH private keys, keytabs, saved passwords, other people's shell history.",
		"Administrators moving a key or backing up by hand (told as medium)."},
	.wants = wants, .might = reads_any_secret, .event = secrets_event,
};

/* ---- authorized_keys ----------------------------------------------------------------------------------------- */

/* Does the event write this kind of file? Either auditd saw the file, or the command line names it and changes it. */
static bool writes_file(const struct event *e, const char *needle, struct slice *path)
{
	if (e->action == ACT_FILE_WRITTEN || e->action == ACT_FILE_CREATED || e->action == ACT_FILE_RENAMED) {
		*path = event_str(e, F_FILE_PATH);
		return e->outcome != OUTCOME_FAILURE && slice_has(*path, slice_of(needle));
	}
	struct command c UNINIT;
	struct slice line = event_str(e, F_PROCESS_CMDLINE);
	if (!slice_has(line, slice_of(needle)) || !detect_command(e, &c))
		return false;
	bool changes = slice_in_list(c.tool, "tee cp mv install vi vim nano ed sed ssh-copy-id visudo ln dd rsync scp") || slice_chr(line, '>') >= 0;
	if (slice_eq(c.tool, SL("sed")) && !command_has_prefix(&c, "-i"))
		changes = false;
	*path = SLICE_NONE;
	for (size_t i = 0; i < c.n; i++)
		if (slice_has(c.word[i], slice_of(needle)))
			*path = c.word[i];
	return changes;
}

static bool names_keys(const struct command *c)
{
	return slice_has(c->whole, SL("authorized_keys"));
}

static void keys_event(struct detect *d, void *state, const struct event *e)
{
	(void)state;
	struct slice path;
	struct actor a UNINIT;
	if (!writes_file(e, "authorized_keys", &path))
		return;
	detect_actor(d, e, &a);
	bool fresh;
	struct finding *f = open_for(d, &detector_keys, e, &a, &fresh);
	if (fresh) {
		finding_printf(f, &f->title, "%s changed authorized_keys on %.*s", actor_text(d, &a), SLFMT(a.host));
		finding_printf(f, &f->text, "A key added here stays a way in after every password is changed. Compare the file with what should be there.");
	}
	finding_entity(f, ENT_FILE, path);
	finding_entity(f, ENT_COMMAND, event_str(e, F_PROCESS_CMDLINE));
	finding_raise(f, level_for(&a, LEVEL_MEDIUM));
	finding_evidence(f, e);
}

const struct detector detector_keys = {
	.info = {"postern.authorized-keys", "authorized_keys changed", LEVEL_MEDIUM, STAGE_CREDENTIALS, techniques_keys,
		"A write to an authorized_keys file, seen by auditd or in a command.",
		"New staff, key rotation, configuration management."},
	.wants = wants_files, .might = names_keys, .event = keys_event,
};

/* ---- accounts ------------------------------------------------------------------------------------------------ */

static bool adds_account(const struct command *c)
{
	return slice_in_list(c->tool, "useradd adduser newusers");
}

static void account_event(struct detect *d, void *state, const struct event *e)
{
	(void)state;
	struct command c = {0};
	struct actor a UNINIT;
	if (e->action != ACT_USER_ADDED && (!detect_command(e, &c) || !adds_account(&c)))
		return;
	detect_actor(d, e, &a);
	bool fresh;
	struct slice added = event_str(e, F_USER_TARGET);
	for (size_t i = c.n; !added.n && i-- > 1;) /* the name is the last word that is no option */
		if (c.word[i].n && c.word[i].p[0] != '-')
			added = c.word[i];
	if (!added.n)
		return;
	/* the command, and useradd's own line, are one happening; the command knows who */
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, a.host);
	key_add(&k, added);
	struct finding *f = detect_open(d, &detector_account, key_slice(&k), NS_HOUR, e->time, &fresh);
	if (fresh) {
		f->level = LEVEL_LOW;
		finding_printf(f, &f->text, "Ask the administrators whether they know the account; lock it until they do.");
	}
	if (fresh || a.account.n)
		finding_printf(f, &f->title, "Account %.*s added on %.*s%s%s", SLFMT(added), SLFMT(a.host), a.account.n ? " by " : "",
			a.account.n ? actor_text(d, &a) : "");
	finding_actor(f, &a);
	finding_entity(f, ENT_USER, added);
	bool root = slice_eq(event_str(e, F_USER_TARGET_ID), SL("0")) || command_has(&c, "-o");
	/* an administrator's own sudo is ordinary work, and useradd's own line behind it says nothing more */
	bool staff = finding_get(f, ENT_PERSON).n > 0;
	finding_raise(f, a.provider || a.service || root ? LEVEL_HIGH : staff ? LEVEL_LOW : LEVEL_MEDIUM);
	finding_evidence(f, e);
}

const struct detector detector_account = {
	.info = {"postern.account-added", "Account added", LEVEL_LOW, STAGE_CREDENTIALS, techniques_account,
		"useradd's own line, or the command in sudo's or auditd's log; high when a provider or service account did it or the account is root's twin.",
		"New staff; packages that bring an account of their own."},
	.wants = wants_accounts, .might = adds_account, .event = account_event,
};

/* ---- sudoers ------------------------------------------------------------------------------------------------- */

static bool names_sudoers(const struct command *c)
{
	return slice_has(c->whole, SL("/etc/sudoers"));
}

static void sudoers_event(struct detect *d, void *state, const struct event *e)
{
	(void)state;
	struct slice path;
	struct actor a UNINIT;
	if (!writes_file(e, "/etc/sudoers", &path) || slice_ends(path, SL(".dpkg-new")))
		return;
	detect_actor(d, e, &a);
	bool fresh;
	struct finding *f = open_for(d, &detector_sudoers, e, &a, &fresh);
	if (fresh) {
		finding_printf(f, &f->title, "%s changed sudo rights on %.*s", actor_text(d, &a), SLFMT(a.host));
		finding_printf(f, &f->text, "A line in sudoers makes an ordinary account as powerful as root, for as long as it stays.");
	}
	finding_entity(f, ENT_FILE, path);
	finding_entity(f, ENT_COMMAND, event_str(e, F_PROCESS_CMDLINE));
	/* visudo in the hands of staff is the way it is meant to be done */
	bool visudo = slice_has(event_str(e, F_PROCESS_CMDLINE), SL("visudo")) || slice_has(event_str(e, F_PROCESS_EXE), SL("visudo"));
	bool by_the_book = visudo && a.person && !a.provider;
	finding_raise(f, level_for(&a, by_the_book ? LEVEL_LOW : LEVEL_MEDIUM));
	finding_evidence(f, e);
}

const struct detector detector_sudoers = {
	.info = {"postern.sudoers", "sudo rights changed", LEVEL_LOW, STAGE_CREDENTIALS, techniques_sudoers,
		"A write to /etc/sudoers or /etc/sudoers.d, seen by auditd or in a command.",
		"Administrators, configuration management, packages."},
	.wants = wants_files, .might = names_sudoers, .event = sudoers_event,
};
