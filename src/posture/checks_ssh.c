/* checks_ssh.c - sshd as it would treat a login now: settings in force (sshd -T), not lines of a file. */
#include "posture/checks.h"

#define NO_SSHD "no sshd is installed"
#define NO_COVERED "no account is a provider's"

/* ---- settings that hold for everybody ---------------------------------------------------------------------------------------- */

typedef bool bad_fn(struct slice value);

/* Every row of the setting, whomever it is for. */
static enum posture_result each_setting(struct posture_host *h, const char *name, bad_fn *bad, const char *passed, const char *failed)
{
	bool told = false;
	if (!sshd_here(h))
		return host_none(h, NO_SSHD);
	for (size_t i = 0; i < h->s->nsshd; i++) {
		const struct snap_sshd *r = &h->s->sshd[i];
		if (!slice_eqz(r->name, name))
			continue;
		told = true;
		if (bad(r->value))
			host_found(h, &r->at, "%s %.*s%s%.*s", name, SLFMT(r->value), r->account.n ? " for " : "", SLFMT(r->account));
	}
	if (!told)
		host_unsure(h, "sshd: nothing tells its setting %s", name);
	return host_verdict(h, passed, failed);
}

static bool is_yes(struct slice v) { return slice_ieq(v, SL("yes")); }
static bool not_yes(struct slice v) { return !is_yes(v); }
static bool not_no(struct slice v) { return !slice_ieq(v, SL("no")); }

enum posture_result check_ssh_pam(struct posture_host *h)
{
	return each_setting(h, "usepam", not_yes, "sshd asks PAM", "sshd does not ask PAM: no gate, no second factor, no lockout");
}

enum posture_result check_ssh_root(struct posture_host *h)
{
	struct slice value;
	struct snap_at at = {0};
	if (!sshd_here(h))
		return host_none(h, NO_SSHD);
	if (sshd_value(h, SL("root"), "permitrootlogin", &value, &at) && !slice_eqz(value, "no"))
		host_found(h, &at, "permitrootlogin %.*s", SLFMT(value));
	return host_verdict(h, "root does not log in over the net", "root logs in over the net: nobody in particular has done what it does");
}

enum posture_result check_ssh_empty(struct posture_host *h)
{
	return each_setting(h, "permitemptypasswords", not_no, "sshd refuses empty passwords", "sshd lets in with an empty password");
}

/* A password that is enough by itself, for whomever. */
enum posture_result check_ssh_password(struct posture_host *h)
{
	if (!sshd_here(h))
		return host_none(h, NO_SSHD);
	static const char *const names[] = {"passwordauthentication", "kbdinteractiveauthentication"};
	for (size_t k = 0; k < ARRAY_LEN(names); k++)
		for (size_t i = 0; i < h->s->nsshd; i++) {
			const struct snap_sshd *r = &h->s->sshd[i];
			struct slice methods;
			if (slice_eqz(r->name, names[k]) && is_yes(r->value) && sshd_value(h, r->account, "authenticationmethods", &methods, NULL) && methods_password_alone(methods))
				host_found(h, &r->at, "%s yes, authenticationmethods %.*s%s%.*s", names[k], SLFMT(methods), r->account.n ? " for " : "", SLFMT(r->account));
		}
	struct slice v;
	(void)sshd_value(h, SLICE_NONE, names[0], &v, NULL);
	(void)sshd_value(h, SLICE_NONE, names[1], &v, NULL);
	return host_verdict(h, "no password is enough by itself", "what somebody can type is enough to get in");
}

enum posture_result check_ssh_environment(struct posture_host *h)
{
	if (!sshd_here(h))
		return host_none(h, NO_SSHD);
	struct slice v;
	(void)sshd_value(h, SLICE_NONE, "permituserenvironment", &v, NULL);
	for (size_t i = 0; i < h->s->nsshd; i++) {
		const struct snap_sshd *r = &h->s->sshd[i];
		struct slice rest = r->value, word;
		if (slice_eqz(r->name, "permituserenvironment") && not_no(r->value))
			host_found(h, &r->at, "permituserenvironment %.*s", SLFMT(r->value));
		while (slice_eqz(r->name, "acceptenv") && slice_word(&rest, &word))
			if (!slice_eqz(word, "LANG") && !slice_eqz(word, "LANGUAGE") && !slice_starts(word, SL("LC_")) && !slice_eqz(word, "COLORTERM") && !slice_eqz(word, "NO_COLOR"))
				host_found(h, &r->at, "acceptenv %.*s", SLFMT(word));
	}
	return host_verdict(h, "who logs in sets no variables but language", "who logs in can set variables that programs obey (LD_PRELOAD, BASH_ENV)");
}

static bool quiet(struct slice v)
{
	static const char *const loud[] = {"VERBOSE", "DEBUG", "DEBUG1", "DEBUG2", "DEBUG3"};
	for (size_t i = 0; i < ARRAY_LEN(loud); i++)
		if (slice_ieq(v, slice_of(loud[i])))
			return false;
	return true;
}

enum posture_result check_ssh_loglevel(struct posture_host *h)
{
	return each_setting(h, "loglevel", quiet, "sshd logs the key of each login", "sshd does not log which key was used, or was tried");
}

static bool over(struct slice v, uint64_t most)
{
	uint64_t n;
	struct slice head = v, rest = v;
	if (slice_cut(&rest, ':', &head)) /* maxstartups 10:30:100 */
		v = head;
	return !slice_u64(v, UINT32_MAX, &n) || n == 0 || n > most;
}

enum posture_result check_ssh_limits(struct posture_host *h)
{
	static const struct { const char *name; uint64_t most; } rows[] = {{"maxauthtries", 4}, {"logingracetime", 60}, {"maxsessions", 10}, {"maxstartups", 20}};
	if (!sshd_here(h))
		return host_none(h, NO_SSHD);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice v;
		struct snap_at at = {0};
		if (sshd_value(h, SLICE_NONE, rows[i].name, &v, &at) && over(v, rows[i].most))
			host_found(h, &at, "%s %.*s (at most %llu)", rows[i].name, SLFMT(v), (unsigned long long)rows[i].most);
	}
	return host_verdict(h, "tries, waiting and sessions of a connection are bounded", "a connection has many tries, much time, or many sessions");
}

/* Names of sshd_config(5) that are known to be weak: CBC and RC4, MD5 and SHA-1 (alone or truncated), groups of 1024 bits. */
static bool weak_name(struct slice s)
{
	static const char *const parts[] = {"-cbc", "arcfour", "3des", "md5", "hmac-sha1", "umac-64", "group1-sha1", "group14-sha1", "group-exchange-sha1", "ssh-dss", "ripemd"};
	if (slice_eqz(s, "ssh-rsa") || slice_starts(s, SL("ssh-rsa-cert-")))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (slice_ihas(s, slice_of(parts[i])))
			return true;
	return false;
}

enum posture_result check_ssh_algorithms(struct posture_host *h)
{
	static const char *const names[] = {"ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "pubkeyacceptedalgorithms"};
	if (!sshd_here(h))
		return host_none(h, NO_SSHD);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct slice list, one;
		struct snap_at at = {0};
		if (!sshd_value(h, SLICE_NONE, names[i], &list, &at))
			continue;
		for (bool more = true; more;) {
			more = slice_cut(&list, ',', &one);
			if (!more)
				one = list;
			if (weak_name(one))
				host_found(h, &at, "%s offers %.*s", names[i], SLFMT(one));
		}
	}
	return host_verdict(h, "no algorithm is offered that is known to be weak", "algorithms are offered that are known to be weak");
}

enum posture_result check_ssh_strict(struct posture_host *h)
{
	return each_setting(h, "strictmodes", not_yes, "sshd looks at the owners and modes of key files", "sshd believes key files that others can write");
}

enum posture_result check_ssh_hostbased(struct posture_host *h)
{
	host_reads(h, "rhosts");
	if (!sshd_here(h))
		return host_none(h, NO_SSHD);
	struct slice v;
	struct snap_at at = {0};
	if (sshd_value(h, SLICE_NONE, "hostbasedauthentication", &v, &at) && not_no(v))
		host_found(h, &at, "hostbasedauthentication %.*s", SLFMT(v));
	if (sshd_value(h, SLICE_NONE, "ignorerhosts", &v, &at) && slice_ieq(v, SL("no")))
		host_found(h, &at, "ignorerhosts no");
	EACH_FACT(h, f, "rhosts")
		host_found(h, &f->at, "%.*s names machines or people who are believed", SLFMT(f->value));
	return host_verdict(h, "no machine is believed for its name", "a machine is believed for its name");
}

enum posture_result check_ssh_forwarding(struct posture_host *h)
{
	static const struct { const char *name, *fine; } rows[] = {
		{"allowtcpforwarding", "no"}, {"allowagentforwarding", "no"}, {"x11forwarding", "no"}, {"permittunnel", "no"}, {"gatewayports", "no"}, {"allowstreamlocalforwarding", "no"}};
	struct slice v;
	struct snap_at at = {0};
	if (!sshd_here(h))
		return host_none(h, NO_SSHD);
	if (sshd_value(h, SLICE_NONE, "disableforwarding", &v, NULL) && is_yes(v))
		return host_verdict(h, "sshd forwards nothing", "");
	for (size_t i = 0; i < ARRAY_LEN(rows) - 1; i++)
		if (sshd_value(h, SLICE_NONE, rows[i].name, &v, &at) && !slice_eqz(v, rows[i].fine))
			host_found(h, &at, "%s %.*s", rows[i].name, SLFMT(v));
	return host_verdict(h, "sshd forwards nothing", "a login is a tunnel into the net behind it, and successful forwarding leaves no line in the log");
}

enum posture_result check_ssh_who(struct posture_host *h)
{
	if (!sshd_here(h))
		return host_none(h, NO_SSHD);
	host_reads(h, "access");
	for (size_t i = 0; i < h->s->nsshd; i++)
		if (slice_eqz(h->s->sshd[i].name, "allowusers") || slice_eqz(h->s->sshd[i].name, "allowgroups"))
			return host_verdict(h, "sshd lets in named accounts or groups only", "");
	if (!host_has_fact(h, "access", NULL) && !h->unsure.n)
		host_found(h, NULL, "neither AllowUsers nor AllowGroups is set, and access.conf has no rule");
	return host_verdict(h, "access.conf says who may log in", "every account that has a key or a password may log in");
}

enum posture_result check_ssh_banner(struct posture_host *h)
{
	struct slice v;
	struct snap_at at = {0};
	if (!sshd_here(h))
		return host_none(h, NO_SSHD);
	if (sshd_value(h, SLICE_NONE, "banner", &v, &at) && (slice_ieq(v, SL("none")) || !v.n))
		host_found(h, &at, "banner none");
	return host_verdict(h, "who logs in is told the rules first", "nobody is told, before a login, who may and that it is recorded");
}

static bool unsafe_key(struct slice type, int64_t bits)
{
	return slice_eqz(type, "ssh-dss") || (slice_eqz(type, "ssh-rsa") && bits > 0 && bits < 3072);
}

enum posture_result check_ssh_hostkey(struct posture_host *h)
{
	host_reads(h, "host_key");
	if (!h->s->nhost_keys)
		return host_none(h, "no host key");
	for (size_t i = 0; i < h->s->nhost_keys; i++) {
		const struct snap_host_key *k = &h->s->host_keys[i];
		if (unsafe_key(k->type, k->bits))
			host_found(h, &k->at, "%.*s with %lld bits", SLFMT(k->type), (long long)k->bits);
		if (k->uid < 0 || k->mode < 0)
			host_unsure(h, "host_key: owner and mode of %.*s are not known", SLFMT(k->at.file));
		else if (k->uid != 0 || (k->mode & 07))
			host_found(h, &k->at, "mode %04llo, owner %lld", (unsigned long long)k->mode & 07777, (long long)k->uid);
	}
	return host_verdict(h, "host keys are strong and root's alone", "a host key is weak, or others can read it and be this host");
}

/* The same key of two hosts: either can be the other. */
enum posture_result check_ssh_hostkey_shared(struct posture_host *h)
{
	host_reads(h, "host_key");
	if (!h->s->nhost_keys)
		return host_none(h, "no host key");
	if (h->nall < 2)
		return host_none(h, "only one host was looked at");
	struct strtab *own = strtab_new();
	for (size_t j = 0; j < h->s->nhost_keys; j++)
		(void)strtab_put(own, h->s->host_keys[j].fingerprint);
	for (size_t i = 0; i < h->nall; i++) {
		for (size_t k = 0; h->all[i] != h->s && k < h->all[i]->nhost_keys; k++) {
			struct slice print = h->all[i]->host_keys[k].fingerprint;
			if (print.n && strtab_find(own, print) != UINT32_MAX)
				host_found(h, NULL, "%.*s is also the key of %.*s", SLFMT(print), SLFMT(h->all[i]->host));
		}
		if (snapshot_is_missing(h->all[i], "host_key"))
			host_unsure(h, "host keys of %.*s could not be read", SLFMT(h->all[i]->host));
	}
	strtab_free(own);
	return host_verdict(h, "no other host has the same key", "two hosts have the same key: each can be the other");
}

/* ---- what holds for providers' accounts ------------------------------------------------------------------------------------------ */

/* For each account of a provider: fn looks at one. */
static enum posture_result each_covered(struct posture_host *h, void (*fn)(struct posture_host *h, struct slice account), const char *passed, const char *failed)
{
	bool some = host_has_covered(h);
	if (!sshd_here(h))
		return host_none(h, NO_SSHD);
	if (!some)
		return host_none(h, NO_COVERED);
	for (size_t i = 0; i < h->covered.n; i++)
		fn(h, h->covered.v[i]);
	return host_verdict(h, passed, failed);
}

static void two_factors(struct posture_host *h, struct slice account)
{
	struct slice v;
	struct snap_at at = {0};
	if (sshd_value(h, account, "authenticationmethods", &v, &at) && !methods_two(v))
		host_found(h, &at, "%.*s: authenticationmethods %.*s", SLFMT(account), SLFMT(v));
}

enum posture_result check_ssh_factor(struct posture_host *h)
{
	return each_covered(h, two_factors, "providers' accounts need a key and a code", "a provider's account opens with one thing: whoever has the key is in");
}

static void no_own_keys(struct posture_host *h, struct slice account)
{
	struct slice v, command;
	struct snap_at at = {0};
	if (sshd_value(h, account, "authorizedkeysfile", &v, &at) && !slice_eqz(v, "none"))
		host_found(h, &at, "%.*s: authorizedkeysfile %.*s", SLFMT(account), SLFMT(v));
	if (sshd_value(h, account, "authorizedkeyscommand", &command, &at) && !slice_has(command, SL("postern")))
		host_found(h, &at, "%.*s: authorizedkeyscommand %.*s: the gate is not asked", SLFMT(account), SLFMT(command));
}

enum posture_result check_ssh_keys(struct posture_host *h)
{
	return each_covered(h, no_own_keys, "which keys open providers' accounts is for the gate to say", "a key that lies in a file opens a provider's account, whatever the gate says");
}

static void forwards(struct posture_host *h, struct slice account)
{
	static const char *const names[] = {"allowtcpforwarding", "allowagentforwarding", "x11forwarding", "permittunnel", "allowstreamlocalforwarding"};
	struct slice v;
	struct snap_at at = {0};
	if (sshd_value(h, account, "disableforwarding", &v, NULL) && is_yes(v))
		return;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (sshd_value(h, account, names[i], &v, &at) && !slice_eqz(v, "no"))
			host_found(h, &at, "%.*s: %s %.*s", SLFMT(account), names[i], SLFMT(v));
}

enum posture_result check_ssh_tunnel(struct posture_host *h)
{
	return each_covered(h, forwards, "providers' sessions forward nothing", "a provider's login is a tunnel into the net behind it");
}

static void own_files(struct posture_host *h, struct slice account)
{
	struct slice v;
	struct snap_at at = {0};
	if (sshd_value(h, account, "permituserrc", &v, &at) && not_no(v))
		host_found(h, &at, "%.*s: permituserrc %.*s", SLFMT(account), SLFMT(v));
	if (sshd_value(h, account, "permituserenvironment", &v, &at) && not_no(v))
		host_found(h, &at, "%.*s: permituserenvironment %.*s", SLFMT(account), SLFMT(v));
}

enum posture_result check_ssh_rc(struct posture_host *h)
{
	return each_covered(h, own_files, "nothing of a provider's runs before the recorder", "a file in the home of a provider's account runs before the recorder does");
}

static void hardware(struct posture_host *h, struct slice account)
{
	struct slice v, one;
	struct snap_at at = {0};
	if (!sshd_value(h, account, "pubkeyacceptedalgorithms", &v, &at))
		return;
	for (bool more = true; more;) {
		more = slice_cut(&v, ',', &one);
		if (!more)
			one = v;
		if (!slice_starts(one, SL("sk-")) && !slice_starts(one, SL("webauthn-sk-"))) {
			host_found(h, &at, "%.*s: %.*s", SLFMT(account), SLFMT(one));
			return;
		}
	}
}

enum posture_result check_ssh_hardware(struct posture_host *h)
{
	return each_covered(h, hardware, "providers come in with keys in hardware only", "a provider's key can be a file, and a file can be copied");
}

/* ---- the key command, revocation, authorities --------------------------------------------------------------------------------------- */

enum posture_result check_ssh_command(struct posture_host *h)
{
	size_t some = 0;
	host_reads(h, "writable");
	if (!sshd_here(h))
		return host_none(h, NO_SSHD);
	for (size_t i = 0; i < h->s->nsshd; i++) {
		const struct snap_sshd *r = &h->s->sshd[i];
		bool user = slice_eqz(r->name, "authorizedkeyscommanduser") || slice_eqz(r->name, "authorizedprincipalscommanduser");
		if ((slice_eqz(r->name, "authorizedkeyscommand") || slice_eqz(r->name, "authorizedprincipalscommand")) && !slice_eqz(r->value, "none")) {
			if (++some > POSTURE_PAIRS_MAX) {
				host_unsure(h, "sshd: more than %d key commands", POSTURE_PAIRS_MAX);
				continue;
			}
			struct slice path = word_of(r->value, 0);
			for (size_t k = 0; k < h->s->nwritables; k++)
				if (slice_eq(h->s->writables[k].at.file, path))
					host_found(h, &h->s->writables[k].at, "%.*s can write it", SLFMT(h->s->writables[k].by));
		}
		if (user && (slice_eqz(r->value, "root") || slice_eqz(r->value, "nobody")))
			host_found(h, &r->at, "%.*s %.*s", SLFMT(r->name), SLFMT(r->value));
	}
	if (!some)
		return host_none(h, "sshd asks no program about keys");
	return host_verdict(h, "the program that names keys has an account of its own, and nobody else can change it",
		"the program that names keys runs as root or as an account that others use, or others can change it");
}

enum posture_result check_ssh_revoked(struct posture_host *h)
{
	struct slice v;
	struct snap_at at = {0};
	host_reads(h, "authority");
	if (!sshd_here(h))
		return host_none(h, NO_SSHD);
	bool has = sshd_value(h, SLICE_NONE, "revokedkeys", &v, &at);
	if (!h->s->nauthorities && !(has && !slice_eqz(v, "none")))
		return host_none(h, "no certificate authority is believed");
	if (has && slice_eqz(v, "none"))
		host_found(h, &at, "revokedkeys none, and %zu authorities are believed", h->s->nauthorities);
	host_reads(h, "sshd.revoked");
	EACH_FACT(h, f, "sshd.revoked")
		if (slice_ends(f->value, SL(" 0")))
			host_found(h, &f->at, "the list of revoked keys is empty: sshd then revokes nothing");
	return host_verdict(h, "certificates can be taken back", "certificates cannot be taken back before they end");
}

enum posture_result check_ssh_authority(struct posture_host *h)
{
	host_reads(h, "authority");
	if (!h->s->nauthorities)
		return host_none(h, "no certificate authority is believed");
	host_reads(h, "private_key");
	struct strtab *prints = strtab_new();
	for (size_t i = 0; i < h->s->nauthorities; i++) {
		const struct snap_authority *a = &h->s->authorities[i];
		if (a->private_key.n)
			host_found(h, &a->at, "its private key lies here: %.*s", SLFMT(a->private_key));
		else
			(void)strtab_put(prints, a->fingerprint);
	}
	for (size_t k = 0; k < h->s->nprivate_keys; k++)
		if (h->s->private_keys[k].fingerprint.n && strtab_find(prints, h->s->private_keys[k].fingerprint) != UINT32_MAX)
			host_found(h, &h->s->private_keys[k].at, "the private key of an authority that is believed here");
	strtab_free(prints);
	return host_verdict(h, "the keys of authorities lie elsewhere", "the private key of an authority lies on the server: who has it makes certificates for every account");
}
