/* secrets.c - keys and password files read. */
#include "detect/detect_private.h"

static const enum action wants[] = {ACT_SUDO, ACT_EXEC, ACT_COMMAND, ACT_NONE};
static const char *const techniques[] = {"T1003.008", "T1552.004", NULL};

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
	while (word.n > 1 && word.p[word.n - 1] == '/')
		word.n--;
	if (slice_ends(word, SL("/.ssh")) || slice_eq(word, SL("/etc/ssl/private")))
		return "a folder of private keys";
	return NULL;
}

/* A key that the command uses is not read out: scp -i KEY, rsync -e "ssh -i KEY", curl --key KEY. */
static bool used_as_key(const struct command *c, size_t at)
{
	struct slice before = c->word[at - 1], w = c->word[at];
	return slice_in_list(before, "-i -e -F --key --cert --rsh --private-key -o") || slice_starts(w, SL("--key=")) || slice_starts(w, SL("--rsh=")) ||
	       slice_starts(w, SL("ssh ")) || slice_has(w, SL("IdentityFile="));
}

static const char readers[] = "cat less more head tail cp mv scp rsync tar zip 7z unzip zcat base64 xxd od strings grep vi vim view nano dd curl tac awk sed "
			      "unshadow perl ruby php find sort cut tee";

/* One's own history is one's own. */
static bool own_file(struct slice path, struct slice account)
{
	struct slice rest = path;
	if (!slice_has(path, SL("_history")))
		return false;
	if (slice_starts(path, SL("~/")) || slice_chr(path, '/') < 0)
		return true;
	return slice_starts(path, SL("/home/")) && (rest = slice_from(path, 6), slice_starts(rest, account)) && rest.n > account.n && rest.p[account.n] == '/';
}

/* The secret a reading command names, and which word names it. */
static const char *reads_secret(const struct command *c, size_t *at)
{
	const char *what = NULL;
	*at = 1;
	if (slice_eq(c->tool, SL("getent")))
		return c->n > 1 && (slice_eq(c->word[1], SL("shadow")) || slice_eq(c->word[1], SL("gshadow"))) ? "the password hashes" : NULL;
	if (!slice_in_list(c->tool, readers) && !slice_starts(c->tool, SL("python")))
		return NULL;
	for (; *at < c->n; ++*at)
		if ((what = secret_in(c->word[*at])) && !used_as_key(c, *at))
			return what;
	return NULL;
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
	const char *what = command_find(e, reads_any_secret, &c) ? reads_secret(&c, &at) : NULL;
	if (!what)
		return;
	struct actor a UNINIT;
	detect_actor(d, e, &a);
	if (own_file(c.word[at], a.account))
		return;
	bool fresh;
	struct finding *f = open_by_account(d, &detector_secrets, e, &a, 12 * NS_HOUR, &fresh);
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
