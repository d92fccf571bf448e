/* checks_keys.c - keys: what each opens, where its other half lies. */
#include "posture/checks.h"

#include <stdlib.h>

static bool usable(const struct snap_authorized_key *k)
{
	return k->usable != SNAP_NO && k->fingerprint.n > 0;
}

static bool keys_here(struct posture_host *h)
{
	host_reads(h, "authorized_key");
	return h->s->nauthorized_keys > 0;
}

enum posture_result check_key_root(struct posture_host *h)
{
	(void)keys_here(h);
	for (size_t i = 0; i < h->s->nauthorized_keys; i++) {
		const struct snap_authorized_key *k = &h->s->authorized_keys[i];
		if (slice_eqz(k->account, "root") && usable(k) && !k->command.n)
			host_found(h, &k->at, "%.*s (%.*s) opens root", SLFMT(k->fingerprint), SLFMT(k->comment));
	}
	return host_verdict(h, "no key opens root", "a key opens root: no name stands in the log, and no sudo in between");
}

/* What a key that a program uses, or somebody of outside, should not be without. */
enum posture_result check_key_options(struct posture_host *h)
{
	if (!keys_here(h))
		return host_none(h, "no key opens an account");
	for (size_t i = 0; i < h->s->nauthorized_keys; i++) {
		const struct snap_authorized_key *k = &h->s->authorized_keys[i];
		if (usable(k) && !k->from.n && k->restricted != SNAP_YES && !k->command.n)
			host_found(h, &k->at, "%.*s opens %.*s from anywhere, for everything", SLFMT(k->fingerprint), SLFMT(k->account));
	}
	return host_verdict(h, "every key is limited: from=, restrict or command=", "a key works from anywhere and for everything");
}

static bool weak(struct slice type, int64_t bits)
{
	return slice_eqz(type, "ssh-dss") || (slice_eqz(type, "ssh-rsa") && bits > 0 && bits < 3072);
}

enum posture_result check_key_weak(struct posture_host *h)
{
	if (!keys_here(h))
		return host_none(h, "no key opens an account");
	for (size_t i = 0; i < h->s->nauthorized_keys; i++) {
		const struct snap_authorized_key *k = &h->s->authorized_keys[i];
		if (usable(k) && weak(k->type, k->bits))
			host_found(h, &k->at, "%.*s: %.*s with %lld bits", SLFMT(k->account), SLFMT(k->type), (long long)k->bits);
	}
	return host_verdict(h, "no key is weak", "a key is too short, or of a kind that is broken");
}

static const struct org_person *owner(const struct posture_host *h, struct slice fingerprint)
{
	return h->opt->org ? org_person_by_key(h->opt->org, fingerprint) : NULL;
}

/* Fingerprints that open a provider's account: the same key elsewhere is the provider's, too. */
static struct strtab *provider_keys(const struct posture_host *h)
{
	struct strtab *t = strtab_new();
	for (size_t i = 0; i < h->s->nauthorized_keys; i++)
		if (host_covered(h, h->s->authorized_keys[i].account))
			(void)strtab_put(t, h->s->authorized_keys[i].fingerprint);
	return t;
}

enum posture_result check_key_provider(struct posture_host *h)
{
	(void)keys_here(h);
	bool some = host_has_provider(h);
	struct strtab *theirs = provider_keys(h);
	for (size_t i = 0; i < h->s->nauthorized_keys; i++) {
		const struct snap_authorized_key *k = &h->s->authorized_keys[i];
		const struct org_person *p = owner(h, k->fingerprint);
		if (!usable(k))
			continue;
		if (p && p->provider)
			host_found(h, &k->at, "%.*s of %.*s (%.*s) opens %.*s", SLFMT(k->fingerprint), SLFMT(p->name), SLFMT(p->provider->id), SLFMT(k->account));
		else if (host_covered(h, k->account))
			host_found(h, &k->at, "%.*s opens %.*s, a provider's account", SLFMT(k->fingerprint), SLFMT(k->account));
		else if (strtab_find(theirs, k->fingerprint) != UINT32_MAX)
			host_found(h, &k->at, "%.*s, which is also in the file of a provider's account, opens %.*s", SLFMT(k->fingerprint), SLFMT(k->account));
	}
	strtab_free(theirs);
	if (!some && !h->found)
		return host_none(h, "no provider is known");
	return host_verdict(h, "no key of a provider lies in a file", "a provider's key opens an account beside the gate");
}

/* sshd and servers of TLS read theirs at start, when nobody is there to type a passphrase. */
static bool of_service(const struct posture_host *h, const struct snap_private_key *k)
{
	static const char *const places[] = {"/etc/ssh/ssh_host_", "/etc/ssl/", "/etc/pki/", "/etc/letsencrypt/", "/var/lib/postfix/", "/etc/dovecot/", "/etc/nginx/", "/etc/apache2/", "/etc/httpd/"};
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (slice_starts(k->at.file, slice_of(places[i])))
			return true;
	for (size_t i = 0; i < MIN(h->s->nhost_keys, (size_t)16); i++)
		if (k->fingerprint.n && slice_eq(h->s->host_keys[i].fingerprint, k->fingerprint))
			return true;
	return false;
}

enum posture_result check_key_private(struct posture_host *h)
{
	host_reads(h, "private_key");
	host_reads(h, "host_key"); /* which of them are the machine's own */
	for (size_t i = 0; i < h->s->nprivate_keys; i++) {
		const struct snap_private_key *k = &h->s->private_keys[i];
		if (of_service(h, k))
			continue;
		if (k->encrypted == SNAP_NO)
			host_found(h, &k->at, "%.*s%s%.*s: no passphrase", SLFMT(k->type), k->account.n ? " of " : "", SLFMT(k->account));
		else if (k->encrypted == SNAP_UNKNOWN)
			host_unsure(h, "private_key: whether %.*s has a passphrase cannot be told", SLFMT(k->at.file));
	}
	return host_verdict(h, "no private key lies here in clear", "who reads this machine's disk has keys that open others");
}

enum posture_result check_key_modes(struct posture_host *h)
{
	host_reads(h, "private_key");
	if (!h->s->nprivate_keys)
		return host_none(h, "no private key lies here");
	for (size_t i = 0; i < h->s->nprivate_keys; i++)
		if (h->s->private_keys[i].mode < 0)
			host_unsure(h, "private_key: the mode of %.*s is not known", SLFMT(h->s->private_keys[i].at.file));
		else if (h->s->private_keys[i].mode & 077)
			host_found(h, &h->s->private_keys[i].at, "mode %04llo", (unsigned long long)h->s->private_keys[i].mode & 07777);
	return host_verdict(h, "private keys are their owners' to read", "others can read a private key");
}

/* One key, several accounts or people: on this host. */
enum posture_result check_key_shared(struct posture_host *h)
{
	if (!keys_here(h))
		return host_none(h, "no key opens an account");
	size_t n = h->s->nauthorized_keys;
	struct strtab *prints = strtab_new();
	uint32_t *owner = xcalloc(n + 1, sizeof *owner); /* by fingerprint: its first line, and one */
	for (size_t i = 0; i < n; i++) {
		const struct snap_authorized_key *a = &h->s->authorized_keys[i], *b;
		uint32_t id = usable(a) ? strtab_put(prints, a->fingerprint) : 0;
		if (!id || id > n)
			continue;
		if (!owner[id])
			owner[id] = (uint32_t)i + 1;
		b = &h->s->authorized_keys[owner[id] - 1];
		if (!slice_eq(a->account, b->account))
			host_found(h, &a->at, "%.*s opens %.*s and %.*s", SLFMT(a->fingerprint), SLFMT(b->account), SLFMT(a->account));
	}
	strtab_free(prints);
	free(owner);
	return host_verdict(h, "each key opens one account", "one key opens several accounts: the log names an account, not a person");
}

/* The private half of a key lies on several hosts. */
enum posture_result check_key_hosts(struct posture_host *h)
{
	host_reads(h, "private_key");
	if (!h->s->nprivate_keys)
		return host_none(h, "no private key lies here");
	if (h->nall < 2)
		return host_none(h, "only one host was looked at");
	struct strtab *own = strtab_new();
	for (size_t j = 0; j < h->s->nprivate_keys; j++)
		(void)strtab_put(own, h->s->private_keys[j].fingerprint);
	for (size_t i = 0; i < h->nall; i++) {
		if (h->all[i] != h->s && snapshot_is_missing(h->all[i], "private_key"))
			host_unsure(h, "private keys of %.*s could not be read", SLFMT(h->all[i]->host));
		for (size_t k = 0; h->all[i] != h->s && k < h->all[i]->nprivate_keys; k++) {
			struct slice print = h->all[i]->private_keys[k].fingerprint;
			if (print.n && strtab_find(own, print) != UINT32_MAX)
				host_found(h, NULL, "%.*s lies on %.*s, too", SLFMT(print), SLFMT(h->all[i]->host));
		}
	}
	strtab_free(own);
	return host_verdict(h, "no private key lies on several hosts", "a private key lies on several hosts: one that falls takes the others along");
}

enum posture_result check_key_agent(struct posture_host *h)
{
	host_reads(h, "ssh_client");
	for (size_t i = 0; i < h->s->nssh_client; i++) {
		const struct snap_ssh_client *c = &h->s->ssh_client[i];
		if (slice_ieq(c->name, SL("forwardagent")) && !slice_ieq(c->value, SL("no")))
			host_found(h, &c->at, "Host %.*s: ForwardAgent %.*s", SLFMT(c->host), SLFMT(c->value));
		if (slice_ieq(c->name, SL("stricthostkeychecking")) && (slice_ieq(c->value, SL("no")) || slice_ieq(c->value, SL("off"))))
			host_found(h, &c->at, "Host %.*s: StrictHostKeyChecking no", SLFMT(c->host));
	}
	return host_verdict(h, "no client lends its agent, or believes any host", "root of the other machine can use the agent, or be any host");
}

enum posture_result check_key_certificate(struct posture_host *h)
{
	host_reads(h, "certificate");
	bool any = false;
	for (size_t i = 0; i < h->s->ncertificates; i++) {
		const struct snap_certificate *c = &h->s->certificates[i];
		if (!slice_eqz(c->kind, "user"))
			continue;
		any = true;
		if (c->until < 0)
			host_found(h, &c->at, "%.*s has no end", SLFMT(c->key_id));
		else if (c->from >= 0 && c->until - c->from > 30 * (int64_t)86400)
			host_found(h, &c->at, "%.*s holds for %lld days", SLFMT(c->key_id), (long long)((c->until - c->from) / 86400));
		if (!c->principals.n)
			host_found(h, &c->at, "%.*s names no principal", SLFMT(c->key_id));
	}
	if (!any)
		return host_none(h, "no user's certificate lies here");
	return host_verdict(h, "certificates are short", "a certificate opens for months, and who takes it needs nothing else");
}

enum posture_result check_key_file(struct posture_host *h)
{
	(void)keys_here(h);
	host_reads(h, "writable");
	for (size_t i = 0; i < h->s->nwritables; i++) {
		const struct snap_writable *w = &h->s->writables[i];
		if (slice_ihas(w->used_by, SL("authorized_keys")))
			host_found(h, &w->at, "%.*s can write it: %.*s", SLFMT(w->by), SLFMT(w->used_by));
	}
	for (size_t i = 0; i < h->s->nauthorized_keys; i++) {
		const struct snap_authorized_key *k = &h->s->authorized_keys[i];
		if (k->usable == SNAP_NO && (slice_ihas(k->problem, SL("mode")) || slice_ihas(k->problem, SL("owner")) || slice_ihas(k->problem, SL("writable"))))
			host_found(h, &k->at, "%.*s: %.*s", SLFMT(k->account), SLFMT(k->problem));
	}
	return host_verdict(h, "files of keys are their owners' to write", "others can write a file of keys, and so open the account");
}
