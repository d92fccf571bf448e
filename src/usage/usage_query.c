/* usage_query.c - what was seen, by host and account. */
#include "usage/usage_private.h"

bool usage_complete(const struct usage *u)
{
	return !u->forgot && !u->forgot_some;
}

bool usage_forgot(const struct usage *u, struct slice host, struct slice account)
{
	char buf[256];
	host = usage_host_name(host, buf);
	if (u->forgot)
		return true;
	if (!account.p) {
		const struct usage_host *h = lru_get(u->hosts, host);
		return h && h->forgot;
	}
	const struct account *a = usage_account_get(u, host, account);
	return a && a->forgot;
}

nstime usage_last(const struct usage *u)
{
	return u->last;
}

/* Order of (host, account) against those of a row. */
static int order(struct slice host, struct slice account, struct slice of_host, struct slice of_account)
{
	int c = slice_cmp(of_host, host);
	return c ? c : slice_cmp(of_account, account);
}

static size_t first_login(const struct usage *u, struct slice host, struct slice account)
{
	size_t low = 0, high = u->login.n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (order(host, account, u->login.v[mid]->host, u->login.v[mid]->account) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static size_t first_command(const struct usage *u, struct slice host, struct slice account)
{
	size_t low = 0, high = u->command.n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (order(host, account, u->command.v[mid]->host, u->command.v[mid]->account) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool fits(const struct login *l, enum usage_method method, struct slice fingerprint)
{
	if (method != USAGE_ANY && l->method != method)
		return false;
	return !fingerprint.p || slice_eq(l->fingerprint, fingerprint) || (l->method == USAGE_CERTIFICATE && slice_eq(l->authority, fingerprint));
}

bool usage_login(const struct usage *u, struct slice host, struct slice account, enum usage_method method, struct slice fingerprint, struct usage_seen *out)
{
	char buf[256];
	struct kept all = {0};
	host = usage_host_name(host, buf);
	size_t i = first_login(u, host, account);
	*out = (struct usage_seen){.first = NSTIME_NONE, .last = NSTIME_NONE};
	const struct login *newest = NULL;
	for (; i < u->login.n && !order(host, account, u->login.v[i]->host, u->login.v[i]->account); i++) {
		const struct login *l = u->login.v[i];
		if (!fits(l, method, fingerprint))
			continue;
		kept_merge(&all, &l->seen);
		if (!newest || l->seen.last >= newest->seen.last)
			newest = l;
	}
	if (!newest)
		return false;
	kept_out(&newest->seen, out);
	out->first = all.first;
	out->count = all.count;
	return true;
}

bool usage_unclear(const struct usage *u, struct slice host, struct slice account, struct usage_seen *out)
{
	char buf[256];
	host = usage_host_name(host, buf);
	const struct account *a = usage_account_get(u, host, account);
	struct usage_seen keyless;
	*out = (struct usage_seen){.first = NSTIME_NONE, .last = NSTIME_NONE};
	if (a && a->unclear.count) {
		kept_out(&a->unclear, out);
		return true;
	}
	/* by a key that the log does not name */
	if (usage_login(u, host, account, USAGE_KEY, SL(""), &keyless) || usage_login(u, host, account, USAGE_CERTIFICATE, SL(""), &keyless))
		*out = keyless;
	return out->count > 0;
}

bool usage_login_unclear(const struct usage *u, struct slice host, struct slice account)
{
	struct usage_seen seen;
	return usage_unclear(u, host, account, &seen);
}

void usage_logins_each(const struct usage *u, bool (*fn)(void *arg, const struct usage_login_row *r), void *arg)
{
	for (size_t i = 0; i < u->login.n; i++) {
		const struct login *l = u->login.v[i];
		struct usage_login_row r = {l->host, l->account, l->fingerprint, slice_make(l->from, l->nfrom), l->key_id, l->serial, l->authority, l->method, {0}};
		kept_out(&l->seen, &r.seen);
		if (!fn(arg, &r))
			return;
	}
}

void usage_sudo_each(const struct usage *u, struct slice host, struct slice account, bool (*fn)(void *arg, const struct usage_sudo_row *r), void *arg)
{
	char buf[256];
	bool all = !host.p, anybody = !account.p;
	host = usage_host_name(host, buf);
	for (size_t i = all ? 0 : first_command(u, host, anybody ? SL("") : account); i < u->command.n; i++) {
		const struct command *c = u->command.v[i];
		if (!all && (anybody ? !slice_eq(c->host, host) : order(host, account, c->host, c->account) != 0))
			return;
		struct usage_sudo_row r = {c->host, c->account, c->run_as, c->text, c->program, c->cut, {0}};
		kept_out(&c->seen, &r.seen);
		if (!fn(arg, &r))
			return;
	}
}

bool usage_switch(const struct usage *u, struct slice host, struct slice from, struct slice to, struct usage_seen *out)
{
	char buf[256];
	struct key k;
	key_init(&k);
	key_add(&k, usage_host_name(host, buf));
	key_add(&k, from);
	key_add(&k, to);
	const struct kept *seen = lru_get(u->switches, key_slice(&k));
	*out = (struct usage_seen){.first = NSTIME_NONE, .last = NSTIME_NONE};
	if (seen)
		kept_out(seen, out);
	return seen != NULL;
}

bool usage_account(const struct usage *u, struct slice host, struct slice account, struct usage_seen *out)
{
	char buf[256];
	const struct account *a = usage_account_get(u, usage_host_name(host, buf), account);
	*out = (struct usage_seen){.first = NSTIME_NONE, .last = NSTIME_NONE};
	if (!a || !a->seen.count)
		return false;
	kept_out(&a->seen, out);
	return true;
}
