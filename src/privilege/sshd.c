/* sshd.c - may an account log in, and by what? Words and order as in OpenSSH's auth.c (allowed_user), auth2-pubkey.c and sshd_config(5), PAM's as in
 * pam_unix's passverify.c. What a snapshot cannot tell - networks, PAM modules, programs behind forced commands - makes the answer unknown. */
#include "privilege/privilege_private.h"

enum tri_mask { MASK_NO = 1, MASK_UNKNOWN = 2, MASK_YES = 4 };

enum snap_tri tri_least(enum snap_tri a, enum snap_tri b)
{
	if (a == SNAP_NO || b == SNAP_NO)
		return SNAP_NO;
	return a == SNAP_YES && b == SNAP_YES ? SNAP_YES : SNAP_UNKNOWN;
}

static bool own_rows(const struct place *l, struct slice account, const char *name)
{
	for (size_t i = 0; i < l->s->nsshd; i++)
		if (slice_eq(l->s->sshd[i].account, account) && slice_eqz(l->s->sshd[i].name, name))
			return true;
	return false;
}

struct slice ssh_setting(const struct place *l, struct slice account, const char *name)
{
	struct slice all = SLICE_NONE;
	for (size_t i = 0; i < l->s->nsshd; i++) {
		const struct snap_sshd *r = &l->s->sshd[i];
		if (!slice_eqz(r->name, name))
			continue;
		if (slice_eq(r->account, account))
			return r->value;
		if (!r->account.n && !all.p)
			all = r->value;
	}
	return all;
}

/* A setting that may stand in several rows and hold several words each: what `match` says of its words, together. */
static unsigned each_word(const struct place *l, struct slice account, const char *name, enum tri_mask (*match)(const struct place *l, const struct snap_account *a, struct slice word),
	const struct snap_account *a, size_t *words)
{
	struct slice whose = own_rows(l, account, name) ? account : SLICE_NONE, rest, word;
	unsigned mask = 0;
	for (size_t i = 0; i < l->s->nsshd; i++) {
		const struct snap_sshd *r = &l->s->sshd[i];
		if (!slice_eqz(r->name, name) || !slice_eq(r->account, whose) || slice_eqz(r->value, "none"))
			continue;
		for (rest = r->value; slice_word(&rest, &word); ++*words)
			mask |= (unsigned)match(l, a, word);
	}
	return mask;
}

/* user@host: where from is not known here. */
static enum tri_mask user_word(const struct place *l, const struct snap_account *a, struct slice word)
{
	ssize_t at = slice_chr(word, '@');
	struct slice name = at > 0 ? slice_to(word, (size_t)at) : word;
	(void)l;
	if (slice_starts(name, SL("!")))
		return glob(slice_from(name, 1), a->name) ? MASK_NO : 0;
	if (!glob(name, a->name))
		return 0;
	return at > 0 && !slice_eqz(slice_from(word, (size_t)at + 1), "*") ? MASK_UNKNOWN : MASK_YES;
}

static enum tri_mask group_word(const struct place *l, const struct snap_account *a, struct slice word)
{
	bool not = slice_starts(word, SL("!"));
	struct slice pattern = slice_from(word, not ? 1 : 0);
	for (size_t i = 0; i < l->s->ngroups; i++)
		if (glob(pattern, l->s->groups[i].name) && in_group(l, a, l->s->groups[i].name))
			return not ? MASK_NO : MASK_YES;
	return 0;
}

static struct ssh_may lists_allow(const struct place *l, const struct snap_account *a)
{
	static const struct { const char *name; bool deny, group; const char *no; } lists[] = {
		{"denyusers", true, false, "DenyUsers"}, {"allowusers", false, false, "not in AllowUsers"},
		{"denygroups", true, true, "DenyGroups"}, {"allowgroups", false, true, "in no group of AllowGroups"},
	};
	struct ssh_may m = {SNAP_YES, NULL};
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		size_t words = 0;
		unsigned mask = each_word(l, a->name, lists[i].name, lists[i].group ? group_word : user_word, a, &words);
		if (!words)
			continue;
		if (lists[i].deny ? (mask & MASK_YES) && !(mask & MASK_NO) : !mask || (mask & MASK_NO))
			return (struct ssh_may){SNAP_NO, lists[i].no};
		if (mask == MASK_UNKNOWN)
			m = (struct ssh_may){SNAP_UNKNOWN, "AllowUsers or DenyUsers names hosts"};
	}
	return m;
}

static struct ssh_may shell_gives(const struct place *l, struct slice shell)
{
	static const char *const none[] = {"nologin", "false", "true", "sync", "halt", "shutdown", "noshell"};
	static const char *const little[] = {"git-shell", "rssh", "scponly", "rbash", "rksh", "postern-shell", "lshell", "nologin_tty", "mysecureshell"};
	struct slice name = slice_basename(shell);
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		if (slice_eqz(name, none[i]))
			return (struct ssh_may){SNAP_NO, "its shell ends at once"};
	for (size_t i = 0; i < l->s->nfacts; i++)
		if (slice_eqz(l->s->facts[i].name, "shell.missing") && slice_eq(l->s->facts[i].value, shell))
			return (struct ssh_may){SNAP_NO, "its shell is not there: sshd refuses it"};
	for (size_t i = 0; i < ARRAY_LEN(little); i++)
		if (slice_eqz(name, little[i]))
			return (struct ssh_may){SNAP_UNKNOWN, "its shell lets little be run"};
	return (struct ssh_may){SNAP_YES, NULL};
}

static struct ssh_may age_allows(const struct place *l, const struct snap_account *a)
{
	bool pam = !slice_eqz(ssh_setting(l, a->name, "usepam"), "no");
	if (a->expires >= 0 && (pam || a->expires > 0) && l->p->today >= a->expires)
		return (struct ssh_may){SNAP_NO, "the account is expired"};
	if (a->password == SNAP_PW_LOCKED && !pam)
		return (struct ssh_may){SNAP_UNKNOWN, "locked, and sshd does not ask PAM"};
	if (a->password == SNAP_PW_SET && (a->changed == 0 || (a->changed > 0 && a->max_days >= 0 && l->p->today > a->changed + a->max_days)))
		return (struct ssh_may){SNAP_UNKNOWN, "its password is too old and has to be changed first"};
	return (struct ssh_may){SNAP_YES, NULL};
}

static struct ssh_may root_allowed(const struct place *l, const struct snap_account *a, enum ssh_way way)
{
	struct slice v = ssh_setting(l, a->name, "permitrootlogin");
	if (a->uid != 0 || slice_eqz(v, "yes"))
		return (struct ssh_may){SNAP_YES, NULL};
	if (slice_eqz(v, "no"))
		return (struct ssh_may){SNAP_NO, "PermitRootLogin no"};
	if (way == SSH_PASSWORD)
		return (struct ssh_may){v.p ? SNAP_NO : SNAP_UNKNOWN, "PermitRootLogin prohibits passwords"};
	if (slice_eqz(v, "forced-commands-only"))
		return (struct ssh_may){SNAP_UNKNOWN, "PermitRootLogin forced-commands-only"};
	return (struct ssh_may){SNAP_YES, NULL};
}

/* One of the alternatives of AuthenticationMethods that this way alone fulfils, or "any". */
static struct ssh_may methods_allow(const struct place *l, const struct snap_account *a, enum ssh_way way)
{
	struct slice rest = ssh_setting(l, a->name, "authenticationmethods"), word;
	if (!rest.n)
		return (struct ssh_may){SNAP_YES, NULL};
	bool helps = false;
	while (slice_word(&rest, &word)) {
		bool key = slice_starts(word, SL("publickey")), typed = slice_starts(word, SL("password")) || slice_starts(word, SL("keyboard-interactive"));
		if (slice_eqz(word, "any") || (slice_chr(word, ',') < 0 && (way == SSH_PASSWORD ? typed : key)))
			return (struct ssh_may){SNAP_YES, NULL};
		helps |= slice_has(word, way == SSH_PASSWORD ? SL("password") : SL("publickey")) || (way == SSH_PASSWORD && slice_has(word, SL("keyboard-interactive")));
	}
	return helps ? (struct ssh_may){SNAP_UNKNOWN, "a second factor is asked for"} : (struct ssh_may){SNAP_NO, "AuthenticationMethods leaves it out"};
}

static struct ssh_may method_on(const struct place *l, const struct snap_account *a, enum ssh_way way)
{
	if (way != SSH_PASSWORD)
		return slice_eqz(ssh_setting(l, a->name, "pubkeyauthentication"), "no") ? (struct ssh_may){SNAP_NO, "PubkeyAuthentication no"} : (struct ssh_may){SNAP_YES, NULL};
	bool password = slice_eqz(ssh_setting(l, a->name, "passwordauthentication"), "yes"), asks = slice_eqz(ssh_setting(l, a->name, "kbdinteractiveauthentication"), "yes"),
	     pam = slice_eqz(ssh_setting(l, a->name, "usepam"), "yes");
	if (!password && !(asks && pam))
		return (struct ssh_may){SNAP_NO, "no passwords"};
	if (a->password == SNAP_PW_EMPTY && !slice_eqz(ssh_setting(l, a->name, "permitemptypasswords"), "yes"))
		return (struct ssh_may){SNAP_NO, "PermitEmptyPasswords no"};
	return (struct ssh_may){SNAP_YES, NULL};
}

static struct ssh_may listens(const struct place *l, const struct snap_account *a)
{
	size_t inside = 0, all = 0;
	(void)a;
	if (!l->s->nsshd)
		return snapshot_is_missing(l->s, "sshd") ? (struct ssh_may){SNAP_UNKNOWN, "sshd's settings could not be read"} : (struct ssh_may){SNAP_NO, "no sshd"};
	for (size_t i = 0; i < l->s->nsshd; i++) {
		if (!slice_eqz(l->s->sshd[i].name, "listenaddress"))
			continue;
		struct slice v = l->s->sshd[i].value;
		all++;
		inside += slice_starts(v, SL("127.")) || slice_starts(v, SL("[::1]")) || slice_starts(v, SL("::1"));
	}
	return all && inside == all ? (struct ssh_may){SNAP_UNKNOWN, "sshd listens on the machine itself only"} : (struct ssh_may){SNAP_YES, NULL};
}

static struct ssh_may forced(const struct place *l, const struct snap_account *a)
{
	struct slice command = ssh_setting(l, a->name, "forcecommand"), root = ssh_setting(l, a->name, "chrootdirectory");
	if (command.n && !slice_eqz(command, "none"))
		return (struct ssh_may){SNAP_UNKNOWN, "ForceCommand: only if that can be escaped"};
	return root.n && !slice_eqz(root, "none") ? (struct ssh_may){SNAP_UNKNOWN, "ChrootDirectory: only if that can be escaped"} : (struct ssh_may){SNAP_YES, NULL};
}

/* The worst of what is known, the first of the reasons. */
static void and_also(struct ssh_may *m, struct ssh_may more)
{
	enum snap_tri both = tri_least(m->sure, more.sure);
	if (both != m->sure || !m->why)
		m->why = more.why ? more.why : m->why;
	m->sure = both;
}

struct ssh_may ssh_may(const struct place *l, const struct snap_account *a, enum ssh_way way)
{
	static struct ssh_may (*const plain[])(const struct place *, const struct snap_account *) = {listens, lists_allow, age_allows, forced};
	static struct ssh_may (*const by_way[])(const struct place *, const struct snap_account *, enum ssh_way) = {root_allowed, method_on, methods_allow};
	struct ssh_may m = shell_gives(l, a->shell);
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		and_also(&m, plain[i](l, a));
	for (size_t i = 0; i < ARRAY_LEN(by_way) && l->s->nsshd; i++)
		and_also(&m, by_way[i](l, a, way));
	return m;
}

/* ---- keys ---------------------------------------------------------------------------------------------------------------------- */

/* ssh-rsa keys sign with rsa-sha2-*. */
static bool accepted(struct slice list, struct slice type)
{
	struct slice rest = list, word = list;
	bool more = true;
	while (more) {
		more = slice_cut(&rest, ',', &word);
		struct slice w = more ? word : rest;
		if (glob(w, type) || (slice_eqz(type, "ssh-rsa") && slice_starts(w, SL("rsa-sha2-")) && !slice_has(w, SL("cert"))))
			return true;
	}
	return false;
}

struct ssh_may ssh_may_key(const struct place *l, const struct snap_account *a, const struct snap_authorized_key *k)
{
	struct slice list = ssh_setting(l, a->name, "pubkeyacceptedalgorithms"), revoked = ssh_setting(l, a->name, "revokedkeys"), least = ssh_setting(l, a->name, "requiredrsasize");
	struct ssh_may m = {SNAP_YES, NULL};
	uint64_t bits = 1024;
	slice_u64(least, 1 << 20, &bits);
	if (k->usable == SNAP_NO)
		return (struct ssh_may){SNAP_NO, "sshd does not take the line"};
	if (k->usable == SNAP_UNKNOWN && k->problem.n)
		and_also(&m, (struct ssh_may){SNAP_UNKNOWN, "whether sshd takes the line could not be told"});
	if (list.n && k->authority != SNAP_YES && !accepted(list, k->type))
		return (struct ssh_may){SNAP_NO, "PubkeyAcceptedAlgorithms leaves its type out"};
	if (slice_eqz(k->type, "ssh-dss") || (slice_eqz(k->type, "ssh-rsa") && k->bits > 0 && (uint64_t)k->bits < bits))
		return (struct ssh_may){SNAP_NO, "sshd takes no such key"};
	if (time_over(l->p, k->expires))
		return (struct ssh_may){SNAP_NO, "its expiry-time is over"};
	if (a->uid == 0 && slice_eqz(ssh_setting(l, a->name, "permitrootlogin"), "forced-commands-only") && !k->command.n)
		return (struct ssh_may){SNAP_NO, "PermitRootLogin forced-commands-only"};
	if (k->command.n)
		and_also(&m, (struct ssh_may){SNAP_UNKNOWN, "a command is forced: only if that can be escaped"});
	if (revoked.n && !slice_eqz(revoked, "none"))
		and_also(&m, (struct ssh_may){SNAP_UNKNOWN, "it may stand among RevokedKeys"});
	return m;
}

/* ---- from= --------------------------------------------------------------------------------------------------------------------- */

/* OpenSSH's match_host_and_ip(): a negated pattern that fits refuses. */
static enum snap_tri list_has(struct slice list, struct slice address)
{
	struct slice rest = list;
	struct ip ip;
	bool more = true, hit = false, known = ip_parse(address, &ip);
	while (more) {
		struct slice word = rest, head;
		if ((more = slice_cut(&rest, ',', &head)))
			word = head;
		bool not = slice_starts(word, SL("!"));
		struct cidr c;
		word = slice_from(word, not ? 1 : 0);
		bool fits = glob(word, address) || (known && cidr_parse(word, &c) && cidr_has(&c, &ip));
		if (fits && not)
			return SNAP_NO;
		hit |= fits;
	}
	return hit ? SNAP_YES : SNAP_NO;
}

enum snap_tri from_allows(struct slice list, const struct place *at, const struct place *to)
{
	size_t known = 0;
	struct ip ip;
	if (at == to && (list_has(list, SL("127.0.0.1")) == SNAP_YES || list_has(list, SL("::1")) == SNAP_YES))
		return SNAP_YES;
	for (size_t i = 0; i < at->s->addresses.n; i++) {
		if (!ip_parse(at->s->addresses.v[i], &ip) || ip_is_loopback(&ip))
			continue;
		known++;
		if (list_has(list, at->s->addresses.v[i]) == SNAP_YES)
			return SNAP_YES;
	}
	/* Names count where sshd looks them up. */
	if (slice_eqz(ssh_setting(to, SLICE_NONE, "usedns"), "yes"))
		return SNAP_UNKNOWN;
	return known || at == to ? SNAP_NO : SNAP_UNKNOWN;
}

/* YYYYMMDD[HHMM[SS]][Z], as in authorized_keys. Without Z it is the machine's zone: a day's doubt is decided for "not over". */
bool time_over(const struct privilege *p, struct slice t)
{
	uint64_t n;
	bool utc = slice_ends(t, SL("Z")) || slice_ends(t, SL("z"));
	struct slice digits = slice_to(t, t.n - (utc ? 1 : 0));
	if (digits.n < 8 || !slice_u64(digits, INT64_MAX, &n))
		return false;
	uint64_t y = 0, part[5] = {1, 1, 0, 0, 0};
	slice_u64(slice_to(digits, 4), 9999, &y);
	for (size_t i = 0; i < 5 && digits.n >= 6 + 2 * i; i++)
		slice_u64(slice_to(slice_from(digits, 4 + 2 * i), 2), 99, &part[i]);
	int64_t at = civil_seconds((int)y, (unsigned)part[0], (unsigned)part[1], (unsigned)part[2], (unsigned)part[3], (unsigned)part[4]);
	return p->now >= at + (utc ? 0 : 14 * 3600);
}
