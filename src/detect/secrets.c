/* secrets.c - keys and password files read. */
#include "detect/detect_private.h"

#include <fnmatch.h>

static const enum action wants[] = {ACT_SUDO, ACT_EXEC, ACT_COMMAND, ACT_NONE};
static const char *const techniques[] = {"T1003.008", "T1552.004", NULL};

/* ---- reading ------------------------------------------------------------------------------------------------- */

/* "/etc/shad*", "/etc/./shadow", "/etc//shadow": the same file written so that nobody finds it. */
static bool means_shadow(struct slice word)
{
	char s[64];
	size_t n = 0;
	if (word.n < 6 || word.n >= sizeof s || word.p[0] != '/')
		return false;
	for (size_t i = 0; i < word.n; i++) {
		bool again = n && s[n - 1] == '/';
		if (again && word.p[i] == '/')
			continue;
		if (again && word.p[i] == '.' && i + 1 < word.n && word.p[i + 1] == '/')
			i++;
		else
			s[n++] = word.p[i];
	}
	s[n] = 0;
	return slice_starts(slice_make(s, n), SL("/etc/")) && n > 7 && s[5] != '*' && fnmatch(s, "/etc/shadow", FNM_PATHNAME) == 0;
}

static const char *secret_in(struct slice word)
{
	static const struct { const char *needle, *what; } secrets[] = {
		{"/etc/shadow", "the password hashes"}, {"/etc/gshadow", "the password hashes"}, {"id_rsa", "an SSH private key"},
		{"id_ed25519", "an SSH private key"}, {"id_ecdsa", "an SSH private key"}, {"id_dsa", "an SSH private key"},
		{"ssh_host_", "a host key"}, {".pgpass", "database passwords"}, {".my.cnf", "database passwords"}, {".netrc", "saved passwords"},
		{"krb5.keytab", "the Kerberos key"}, {".aws/credentials", "cloud credentials"}, {".git-credentials", "saved passwords"},
		{"/etc/ssl/private/", "a TLS private key"}, {"/shadow.bak", "the password hashes"}, {"/backups/shadow", "the password hashes"}, {".bash_history", "somebody's shell history"}, {"/etc/krb5cc", "Kerberos tickets"},
	};
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
		ssize_t at = slice_find(word, slice_of(secrets[i].needle));
		if (at >= 0 && !slice_ends(word, SL(".pub")))
			return secrets[i].what;
	}
	if (means_shadow(word))
		return "the password hashes";
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
	if (slice_in_list(c->tool, "grep egrep fgrep rg") && slice_has(c->line, SL("PRIVATE KEY")))
		return "SSH private keys";
	if (slice_eq(c->tool, SL("find")) && (slice_has(c->line, SL("-name id_*")) || slice_has(c->line, SL("-name 'id_*")) || slice_has(c->line, SL("-name \"id_*"))))
		return "SSH private keys";
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
