/* checks_accounts.c - accounts: whose they are, what opens them, what they belong to. */
#include "posture/checks.h"

enum { FIRST_PERSON = 1000, NOBODY = 65534 };

static bool is_system(const struct snap_account *a)
{
	return a->uid > 0 && (a->uid < FIRST_PERSON || a->uid == NOBODY);
}

/* The account's own row must be readable before "no account ..." can be said. */
static bool accounts_here(struct posture_host *h)
{
	host_reads(h, "account");
	if (!h->s->naccounts)
		host_unsure(h, "account: no account is known");
	return h->s->naccounts > 0;
}

enum posture_result check_acc_uid0(struct posture_host *h)
{
	if (!accounts_here(h))
		return host_none(h, "");
	for (size_t i = 0; i < h->s->naccounts; i++)
		if (h->s->accounts[i].uid == 0 && !slice_eqz(h->s->accounts[i].name, "root"))
			host_found(h, &h->s->accounts[i].at, "%.*s has uid 0", SLFMT(h->s->accounts[i].name));
	return host_verdict(h, "root alone has uid 0", "another account is root under a name that nobody watches");
}

enum posture_result check_acc_empty(struct posture_host *h)
{
	if (!accounts_here(h))
		return host_none(h, "");
	for (size_t i = 0; i < h->s->naccounts; i++) {
		const struct snap_account *a = &h->s->accounts[i];
		if (a->password == SNAP_PW_EMPTY)
			host_found(h, &a->at, "%.*s has an empty password", SLFMT(a->name));
		else if (a->password == SNAP_PW_UNKNOWN)
			host_unsure(h, "account: whether %.*s has a password is not known", SLFMT(a->name));
	}
	return host_verdict(h, "no account has an empty password", "an account opens without a password");
}

enum posture_result check_acc_system(struct posture_host *h)
{
	if (!accounts_here(h))
		return host_none(h, "");
	for (size_t i = 0; i < h->s->naccounts; i++) {
		const struct snap_account *a = &h->s->accounts[i];
		if (is_system(a) && a->password == SNAP_PW_SET)
			host_found(h, &a->at, "%.*s (uid %lld) has a password", SLFMT(a->name), (long long)a->uid);
		else if (is_system(a) && shell_opens(a->shell) && a->shell.n && a->password != SNAP_PW_LOCKED)
			host_unsure(h, "account: whether %.*s has a password is not known", SLFMT(a->name));
	}
	return host_verdict(h, "no service's account has a password", "a service's account can be logged in to with a password");
}

enum posture_result check_acc_twice(struct posture_host *h)
{
	if (!accounts_here(h))
		return host_none(h, "");
	struct strtab *uids = strtab_new();
	for (size_t i = 0; i < h->s->naccounts; i++) {
		const struct snap_account *a = &h->s->accounts[i];
		if (host_account(h, a->name) != a)
			host_found(h, &a->at, "%.*s is there twice", SLFMT(a->name));
		else if (!first_time(uids, SLICE_NONE, SLICE_NONE, SLICE_NONE, a->uid) && a->uid > 0)
			host_found(h, &a->at, "%.*s has uid %lld, as another account", SLFMT(a->name), (long long)a->uid);
	}
	strtab_free(uids);
	return host_verdict(h, "each account has a name and a number of its own", "two accounts are one for the kernel and for logs");
}

enum posture_result check_acc_groups(struct posture_host *h)
{
	host_reads(h, "group");
	if (!accounts_here(h))
		return host_none(h, "");
	for (size_t i = 0; i < h->s->naccounts; i++) {
		const struct snap_account *a = &h->s->accounts[i];
		const char *group = a->uid ? account_root_group(h, a) : NULL;
		if (group && !(is_system(a) && slice_eqz(a->name, group)))
			host_found(h, &a->at, "%.*s is in group %s", SLFMT(a->name), group);
	}
	return host_verdict(h, "no account is in a group that is as good as root", "a group makes an account root without sudo, password or log");
}

enum posture_result check_acc_root(struct posture_host *h)
{
	if (!accounts_here(h))
		return host_none(h, "");
	const struct snap_account *root = host_account(h, SL("root"));
	if (!root || root->password == SNAP_PW_UNKNOWN)
		host_unsure(h, "account: whether root has a password is not known");
	else if (root->password != SNAP_PW_LOCKED)
		host_found(h, &root->at, "root has %s password", root->password == SNAP_PW_EMPTY ? "an empty" : "a");
	return host_verdict(h, "root has no password: who becomes root does so by name", "people become root with a password that they share, and the log does not say who");
}

enum posture_result check_acc_age(struct posture_host *h)
{
	int64_t today = h->opt->now / 86400;
	if (!accounts_here(h))
		return host_none(h, "");
	host_reads(h, "authorized_key");
	for (size_t k = 0; k < h->s->nauthorized_keys; k++) {
		const struct snap_account *a = host_account(h, h->s->authorized_keys[k].account);
		if (a && a->expires >= 0 && a->expires < today)
			host_found(h, &h->s->authorized_keys[k].at, "%.*s ended %lld days ago, and its key is still here", SLFMT(a->name), (long long)(today - a->expires));
	}
	return host_verdict(h, "no account that has ended keeps a key", "an account that has ended keeps its keys: setting it to rights again opens them");
}

enum posture_result check_acc_modes(struct posture_host *h)
{
	static const struct { const char *name; unsigned bad; } rows[] = {
		{"file.mode /etc/passwd", 022}, {"file.mode /etc/group", 022}, {"file.mode /etc/shadow", 027}, {"file.mode /etc/gshadow", 027}, {"file.mode /etc/passwd-", 022},
		{"file.mode /etc/shadow-", 027}, {"file.mode /etc/group-", 022}, {"file.mode /etc/gshadow-", 027}, {"file.mode /etc/ssh/sshd_config", 022}, {"file.mode /etc/crontab", 022}};
	host_reads(h, "file.mode");
	bool any = false;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snap_at at = {0};
		struct slice v = host_value(h, rows[i].name, &at), mode = word_of(v, 0);
		unsigned bits = 0;
		any |= v.n > 0;
		for (size_t k = 0; k < mode.n && mode.p[k] >= '0' && mode.p[k] <= '7'; k++)
			bits = bits * 8 + (unsigned)(mode.p[k] - '0');
		/* group shadow may read what is its own */
		unsigned bad = rows[i].bad == 027 && slice_eqz(word_of(v, 2), "shadow") ? 07u | 020u : rows[i].bad == 027 && slice_eqz(word_of(v, 2), "root") ? 027u & ~040u : rows[i].bad;
		if (v.n && ((bits & bad) || !slice_eqz(word_of(v, 1), "root")))
			host_found(h, &at, "%s is %.*s", rows[i].name + 10, SLFMT(v));
	}
	if (!any)
		host_unsure(h, "file.mode: no file of accounts is known");
	return host_verdict(h, "accounts and their hashes are root's to write", "others can read the hashes of passwords, or write who is who");
}

enum posture_result check_acc_home(struct posture_host *h)
{
	if (!accounts_here(h))
		return host_none(h, "");
	host_reads(h, "home");
	for (size_t i = 0; i < h->s->nfacts; i++) {
		const struct snap_fact *f = &h->s->facts[i];
		struct slice mode = word_of(f->value, 0), account = slice_from(f->name, 5);
		const struct snap_account *a = slice_starts(f->name, SL("home ")) ? host_account(h, account) : NULL;
		if (!a || (is_system(a) && !shell_opens(a->shell)) || mode.n < 3)
			continue;
		char g = mode.p[mode.n - 2], o = mode.p[mode.n - 1];
		if ((o - '0') & 2)
			host_found(h, &f->at, "%.*s: everybody can write %.*s", SLFMT(account), SLFMT(word_of(f->value, 3)));
		else if (((g - '0') & 2) && !slice_eq(word_of(f->value, 2), account) && !slice_eqz(word_of(f->value, 2), "root"))
			host_found(h, &f->at, "%.*s: group %.*s can write %.*s", SLFMT(account), SLFMT(word_of(f->value, 2)), SLFMT(word_of(f->value, 3)));
	}
	return host_verdict(h, "homes are their owners' to write", "others can put keys and start-up files into a home");
}

/* ---- providers' accounts --------------------------------------------------------------------------------------------------------- */

#define NO_COVERED "no account is a provider's"

enum posture_result check_acc_shell(struct posture_host *h)
{
	if (!host_has_covered(h))
		return host_none(h, NO_COVERED);
	for (size_t i = 0; i < h->covered.n; i++) {
		const struct snap_account *a = host_account(h, h->covered.v[i]);
		if (a && shell_opens(a->shell) && !slice_eqz(slice_basename(a->shell), "postern-shell"))
			host_found(h, &a->at, "%.*s: shell %.*s", SLFMT(a->name), SLFMT(a->shell));
	}
	return host_verdict(h, "sessions of providers are recorded by their login shell", "a provider's sessions are not recorded");
}

enum posture_result check_acc_member(struct posture_host *h)
{
	if (!host_has_covered(h))
		return host_none(h, NO_COVERED);
	for (size_t i = 0; i < h->covered.n; i++) {
		const struct snap_account *a = host_account(h, h->covered.v[i]);
		if (a && !host_member(h, a, "postern-provider"))
			host_found(h, &a->at, "%.*s is a provider's, and not in group postern-provider", SLFMT(a->name));
	}
	return host_verdict(h, "every provider's account is subject to the gate", "an account of a provider is not subject to the gate");
}

enum posture_result check_acc_password(struct posture_host *h)
{
	if (!host_has_covered(h))
		return host_none(h, NO_COVERED);
	for (size_t i = 0; i < h->covered.n; i++) {
		const struct snap_account *a = host_account(h, h->covered.v[i]);
		if (!a || a->password == SNAP_PW_UNKNOWN)
			host_unsure(h, "account: whether %.*s has a password is not known", SLFMT(h->covered.v[i]));
		else if (a->password != SNAP_PW_LOCKED)
			host_found(h, &a->at, "%.*s has %s password", SLFMT(a->name), a->password == SNAP_PW_EMPTY ? "an empty" : "a");
	}
	return host_verdict(h, "providers' accounts have no password", "a provider's account opens with a password: at the console, by su, and wherever sshd asks for one");
}

enum posture_result check_acc_rights(struct posture_host *h)
{
	static const char *const groups[] = {"sudo", "wheel", "admin", "root", "adm", "wireshark", "systemd-journal", "www-data"};
	if (!host_has_covered(h))
		return host_none(h, NO_COVERED);
	for (size_t i = 0; i < h->covered.n; i++) {
		const struct snap_account *a = host_account(h, h->covered.v[i]);
		const char *group = a ? account_root_group(h, a) : NULL;
		if (group)
			host_found(h, &a->at, "%.*s is in group %s", SLFMT(a->name), group);
		for (size_t k = 0; a && k < ARRAY_LEN(groups); k++)
			if (host_member(h, a, groups[k]))
				host_found(h, &a->at, "%.*s is in group %s", SLFMT(a->name), groups[k]);
		if (a && a->uid == 0)
			host_found(h, &a->at, "%.*s is root", SLFMT(a->name));
	}
	return host_verdict(h, "providers' accounts are in no group with rights of its own", "a provider's account has rights that no grant limits");
}

enum posture_result check_acc_ends(struct posture_host *h)
{
	if (!host_has_covered(h))
		return host_none(h, NO_COVERED);
	for (size_t i = 0; i < h->covered.n; i++) {
		const struct snap_account *a = host_account(h, h->covered.v[i]);
		if (a && a->expires < 0 && a->password == SNAP_PW_UNKNOWN)
			host_unsure(h, "account: when %.*s ends is not known", SLFMT(a->name));
		else if (a && a->expires < 0)
			host_found(h, &a->at, "%.*s has no end", SLFMT(a->name));
	}
	return host_verdict(h, "providers' accounts end by themselves", "a provider's account outlives its contract");
}

enum posture_result check_acc_jobs(struct posture_host *h)
{
	if (!host_has_covered(h))
		return host_none(h, NO_COVERED);
	host_reads(h, "cron");
	host_reads(h, "job");
	host_reads(h, "lingering");
	for (size_t i = 0; i < h->covered.n; i++) {
		EACH_FACT(h, f, "lingering")
			if (slice_eq(f->value, h->covered.v[i]))
				host_found(h, &f->at, "%.*s: its services run without a login", SLFMT(f->value));
		for (size_t k = 0; k < h->s->njobs; k++)
			if (slice_eq(h->s->jobs[k].run_as, h->covered.v[i]))
				host_found(h, &h->s->jobs[k].at, "%.*s: %.*s runs as it", SLFMT(h->covered.v[i]), SLFMT(h->s->jobs[k].name.n ? h->s->jobs[k].name : h->s->jobs[k].command));
	}
	if (!host_has_fact(h, "cron.allow", NULL) && !h->unsure.n)
		for (size_t i = 0; i < h->covered.n; i++) {
			bool denied = false;
			EACH_FACT(h, f, "cron.deny")
				denied |= slice_eq(f->value, h->covered.v[i]);
			for (size_t k = 0; !denied && k < h->s->njobs; k++)
				if (slice_has(h->s->jobs[k].kind, SL("cron"))) {
					host_found(h, NULL, "%.*s may have a crontab: no cron.allow", SLFMT(h->covered.v[i]));
					break;
				}
		}
	return host_verdict(h, "nothing of a provider's runs without a session", "what a provider leaves behind runs on when its session has ended");
}
