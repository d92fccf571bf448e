/* account.c - accounts of this machine, and which of them are never touched. */
#include "respond/respond_private.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINE_MOST = 16 << 10 };

bool name_plain(struct slice name, size_t most)
{
	if (!name.n || name.n > most || name.p[0] == '-' || name.p[0] == '.')
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
		if (!ok)
			return false;
	}
	return true;
}

static bool fill(struct account *out, const struct passwd *pw)
{
	int a = snprintf(out->name, sizeof out->name, "%s", pw->pw_name), b = snprintf(out->home, sizeof out->home, "%s", pw->pw_dir);
	out->uid = pw->pw_uid;
	return a > 0 && (size_t)a < sizeof out->name && b >= 0 && (size_t)b < sizeof out->home;
}

static FILE *passwd_of(const struct respond_config *c)
{
	char path[4096];
	snprintf(path, sizeof path, "%.*s/etc/passwd", SLFMT(c->passwd_root));
	return fopen(path, "re");
}

/* Every account of the file; name services that do not list theirs (LDAP) are asked by name below. */
static void each_account(const struct respond_config *c, bool (*fn)(void *arg, const struct account *a), void *arg)
{
	FILE *f = passwd_of(c);
	char room[LINE_MOST];
	struct passwd pw, *got;
	struct account a;
	while (f && fgetpwent_r(f, &pw, room, sizeof room, &got) == 0 && got)
		if (fill(&a, got) && !fn(arg, &a))
			break;
	if (f)
		fclose(f);
}

struct looking {
	struct slice name;
	struct account *out;
	bool found;
};

static bool same_name(void *arg, const struct account *a)
{
	struct looking *l = arg;
	l->found = slice_eqz(l->name, a->name);
	if (l->found)
		*l->out = *a;
	return !l->found;
}

bool account_find(const struct respond_config *c, struct slice name, struct account *out)
{
	char z[ACCOUNT_NAME], room[LINE_MOST];
	struct passwd pw, *got = NULL;
	struct looking l = {.name = name, .out = out};
	if (!name_plain(name, sizeof z - 1))
		return false;
	if (c->passwd_root.n) {
		each_account(c, same_name, &l);
		return l.found;
	}
	snprintf(z, sizeof z, "%.*s", SLFMT(name));
	return getpwnam_r(z, &pw, room, sizeof room, &got) == 0 && got && fill(out, got);
}

struct never {
	const struct respond_config *c;
	bool (*fn)(void *arg, const struct account *a);
	void *arg;
	bool stopped;
};

static bool listed(const struct respond_config *c, struct slice name)
{
	for (size_t i = 0; i < c->never.naccounts; i++)
		if (slice_eq(c->never.accounts[i], name))
			return true;
	return false;
}

static bool if_root(void *arg, const struct account *a)
{
	struct never *n = arg;
	if (a->uid == 0 && !listed(n->c, slice_of(a->name)))
		n->stopped = !n->fn(n->arg, a);
	return !n->stopped;
}

void account_each_never(const struct respond_config *c, bool (*fn)(void *arg, const struct account *a), void *arg)
{
	struct never n = {.c = c, .fn = fn, .arg = arg};
	struct account a;
	each_account(c, if_root, &n);
	for (size_t i = 0; i < c->never.naccounts && !n.stopped; i++)
		if (account_find(c, c->never.accounts[i], &a))
			n.stopped = !fn(arg, &a);
}

bool provider_never(const struct respond_config *c, struct slice provider)
{
	for (size_t i = 0; i < c->never.nproviders; i++)
		if (slice_eq(c->never.providers[i], provider))
			return true;
	return false;
}

bool account_never(const struct respond_config *c, const struct org *org, struct slice name)
{
	const struct org_person *who = org ? org_person_by_account(org, name) : NULL;
	return slice_eq(name, SL("root")) || listed(c, name) || (who && who->provider && provider_never(c, who->provider->id));
}

struct twin {
	uid_t uid;
	char name[ACCOUNT_NAME];
};

static bool same_uid(void *arg, const struct account *a)
{
	struct twin *t = arg;
	bool same = a->uid == t->uid;
	if (same)
		snprintf(t->name, sizeof t->name, "%s", a->name);
	return !same;
}

enum deed_end account_check(struct deed *d, struct account *out)
{
	const struct slice name = d->a->target;
	struct twin t = {.name = ""};
	if (!name_plain(name, ACCOUNT_NAME - 1))
		return deed_say(d, DEED_REFUSED, "the target is no name of an account");
	if (account_never(d->c, d->c->org, name))
		return deed_say(d, DEED_REFUSED, "%.*s is on the list of what is never touched", SLFMT(name));
	if (!account_find(d->c, name, out))
		return deed_say(d, DEED_REFUSED, "this machine has no account %.*s", SLFMT(name));
	if (out->uid == 0)
		return deed_say(d, DEED_REFUSED, "%s is root by another name", out->name);
	t.uid = out->uid;
	account_each_never(d->c, same_uid, &t);
	if (t.name[0])
		return deed_say(d, DEED_REFUSED, "%s has the number of %s, which is never touched", out->name, t.name);
	return DEED_DONE;
}
