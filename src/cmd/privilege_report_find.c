/* privilege_report_find.c - rights to look at first: of people who left, of providers without a grant, keys that are shared. */
#include "cmd/privilege_report.h"
#include "cmd/setup.h"
#include "gate/gate.h"

#include <stdio.h>
#include <stdlib.h>

enum { PERSONAL_UID = 1000, NOBODY_UID = 65534 };

static struct report_note *put(struct privilege_report *r, struct report_notes *to, const char *why)
{
	struct report_notes old = *to;
	if (to->n == to->cap) { /* in the arena: notes go with the report */
		to->cap = to->cap ? 2 * to->cap : 16;
		to->v = arena_alloc(&r->mem, to->cap * sizeof *to->v);
		if (old.n)
			memcpy(to->v, old.v, old.n * sizeof *old.v);
	}
	to->v[to->n] = (struct report_note){.why = slice_dup(&r->mem, slice_of(why))};
	return &to->v[to->n++];
}

static void note(struct privilege_report *r, struct report_notes *to, const struct right *x, const char *why)
{
	struct report_note *n = put(r, to, why);
	n->right = x;
	n->host = x->host;
	n->text = x->text;
	n->at = privilege_report_at(x);
}

/* ---- people who left ----------------------------------------------------------------------------------------------------- */

static const struct snap_account *account_of(const struct snapshot *s, struct slice name)
{
	for (size_t i = 0; s && i < s->naccounts; i++)
		if (slice_eq(s->accounts[i].name, name))
			return &s->accounts[i];
	return NULL;
}

static bool lets_in(struct slice shell)
{
	struct slice base = slice_basename(shell);
	return !slice_eq(base, SL("nologin")) && !slice_eq(base, SL("false"));
}

static struct slice key_of(const struct right *x)
{
	if (x->row && x->row_kind == SNAP_K_authorized_key)
		return ((const struct snap_authorized_key *)x->row)->fingerprint;
	if (x->row && x->row_kind == SNAP_K_private_key)
		return ((const struct snap_private_key *)x->row)->fingerprint;
	return SLICE_NONE;
}

static bool is_login(enum right_kind k)
{
	return k == RIGHT_KEY || k == RIGHT_CERTIFICATE || k == RIGHT_PASSWORD;
}

static bool somebody_is_known(const struct org *o)
{
	size_t staff, providers;
	org_staff(o, &staff);
	org_providers(o, &providers);
	return staff + providers > 0;
}

/* The account that this is a right of: whom a login gives, who runs sudo. */
static struct slice subject_of(const struct right *x)
{
	return is_login(x->kind) ? x->account : x->holder;
}

static const char *expired(const struct snap_account *acc, nstime now, char *buf, size_t n)
{
	int y;
	unsigned m, d;
	if (acc->expires < 0 || acc->expires > 365 * 10000 || (nstime)acc->expires * NS_DAY > now)
		return NULL;
	civil_from_days(acc->expires, &y, &m, &d);
	snprintf(buf, n, "the account ended on %04d-%02u-%02u, the key is still there", y, m, d);
	return buf;
}

/* Keys of accounts that are closed: they open nothing until somebody opens the account again, so that they are no rights. */
static void closed_accounts(struct privilege_report *r, const struct snapshot *s)
{
	char text[80];
	for (size_t i = 0; i < s->nauthorized_keys; i++) {
		const struct snap_authorized_key *k = &s->authorized_keys[i];
		const struct snap_account *acc = account_of(s, k->account);
		if (!acc || !k->fingerprint.n || k->usable == SNAP_NO)
			continue;
		const char *why = expired(acc, r->in->now, text, sizeof text);
		if (!why && acc->shell.n && !lets_in(acc->shell))
			why = "the account's shell lets nobody in, the key is still there";
		if (!why)
			continue;
		struct buf b = {0};
		struct report_note *n = put(r, &r->left, why);
		snapshot_row_text(s, SNAP_K_authorized_key, k, &b);
		n->host = s->host;
		n->text = slice_dup(&r->mem, buf_slice(&b));
		n->at = &k->at;
		buf_free(&b);
	}
}

/* Nobody that the organisation file knows. */
static void look_left(struct privilege_report *r, const struct right *x)
{
	const struct org *o = r->in->setup->org;
	struct slice who = subject_of(x), key = key_of(x);
	const struct snap_account *acc = account_of(x->snapshot, who);
	char text[80];
	if (x->kind == RIGHT_PRIVATE_KEY || !acc || expired(acc, r->in->now, text, sizeof text) || (acc->shell.n && !lets_in(acc->shell)))
		return;
	if (!somebody_is_known(o) || x->person || org_person_by_account(o, who) || org_service_account(o, who))
		return;
	bool personal = acc->uid >= PERSONAL_UID && acc->uid != NOBODY_UID;
	if (x->kind == RIGHT_KEY && key.n && !org_person_by_key(o, key))
		note(r, &r->left, x, personal ? "the organisation file knows nobody with this key or this account" : "the organisation file knows nobody with this key");
	else if (x->kind != RIGHT_KEY && personal)
		note(r, &r->left, x, "the organisation file knows nobody with this account");
}

/* ---- providers without a grant --------------------------------------------------------------------------------------------- */

static const struct gate_person *gate_person(const struct privilege_report *r, const struct right *x, struct slice key)
{
	const struct gate_policy *p = r->in->policy;
	struct slice who = subject_of(x);
	for (size_t i = 0; p && i < p->npersons; i++) {
		for (size_t k = 0; key.n && k < p->persons[i].nkeys; k++)
			if (slice_eq(p->persons[i].keys[k].fingerprint, key))
				return &p->persons[i];
		for (size_t k = 0; who.n && k < p->persons[i].naccounts; k++)
			if (slice_eq(p->persons[i].accounts[k], who))
				return &p->persons[i];
	}
	return NULL;
}

static bool fits(const struct privilege_report *r, const struct privilege_grant *g, const struct right *x, struct slice provider, const struct gate_person *person)
{
	const struct org *o = r->in->setup->org;
	const struct org_host *h = org_host(o, g->host);
	bool host = slice_ieq(g->host, x->host) || (h && h == org_host(o, x->host)) || slice_eqz(g->host, "*");
	bool who = g->person.n ? person && slice_eq(person->id, g->person) : slice_eq(g->provider, provider);
	return g->active && host && who && slice_eq(g->account, subject_of(x));
}

static void look_provider(struct privilege_report *r, const struct right *x)
{
	const struct gate_person *person = gate_person(r, x, key_of(x));
	struct slice provider = x->provider ? x->provider->id : person ? person->provider : SLICE_NONE;
	char text[160];
	if (!provider.n || x->kind == RIGHT_GRANT || x->kind == RIGHT_PRIVATE_KEY)
		return;
	for (size_t i = 0; i < r->in->ngrants; i++)
		if (fits(r, &r->in->grants[i], x, provider, person))
			return;
	if (r->in->no_grants)
		snprintf(text, sizeof text, "%.60s: whether a grant is open is not known (%s)", slice_dup(&r->mem, provider).p, r->in->no_grants);
	else
		snprintf(text, sizeof text, "%.60s has no open grant for it", slice_dup(&r->mem, provider).p);
	note(r, &r->provider, x, text);
}

/* ---- shared keys --------------------------------------------------------------------------------------------------------- */

struct keyed {
	struct slice key;
	const struct right *right;
};

static int by_key(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;
	int c = slice_cmp(x->key, y->key);
	if (!c)
		c = slice_cmp(x->right->account, y->right->account);
	if (!c)
		c = slice_cmp(x->right->host, y->right->host);
	return c ? c : (x->right->id > y->right->id) - (x->right->id < y->right->id);
}

/* Persons behind the accounts; few. */
static size_t count_persons(const struct org *o, const struct keyed *v, size_t n)
{
	const struct org_person *seen[16];
	size_t persons = 0;
	for (size_t i = 0; i < n; i++) {
		const struct org_person *p = org_person_by_account(o, v[i].right->account);
		size_t k = 0;
		while (k < persons && seen[k] != p)
			k++;
		if (p && k == persons && persons < ARRAY_LEN(seen))
			seen[persons++] = p;
	}
	return persons;
}

static int by_host(const void *a, const void *b)
{
	return slice_cmp((*(const struct right *const *)a)->host, (*(const struct right *const *)b)->host);
}

static size_t count_hosts(const struct right **v, size_t n)
{
	const struct right **sorted = xreallocarray(NULL, n, sizeof *sorted);
	size_t hosts = 1;
	memcpy(sorted, v, n * sizeof *v);
	qsort(sorted, n, sizeof *sorted, by_host);
	for (size_t i = 1; i < n; i++)
		hosts += !slice_eq(sorted[i]->host, sorted[i - 1]->host);
	free(sorted);
	return hosts;
}

static size_t places(const struct privilege_report *r, struct slice key)
{
	size_t n = 0;
	for (size_t i = 0; i < r->in->n; i++)
		for (size_t k = 0; k < r->in->v[i]->nprivate_keys; k++)
			n += slice_eq(r->in->v[i]->private_keys[k].fingerprint, key);
	return n;
}

static void look_shared(struct privilege_report *r, const struct keyed *v, size_t n)
{
	struct report_shared s = {.fingerprint = v[0].key, .n = n, .names = 1, .persons = count_persons(r->in->setup->org, v, n)};
	bool shown = false;
	for (size_t i = 0; i < n; i++) {
		s.names += i && !slice_eq(v[i].right->account, v[i - 1].right->account);
		shown = shown || r->shown[v[i].right - r->rights];
	}
	if (!shown || (s.names < 2 && s.persons < 2))
		return;
	s.v = arena_alloc(&r->mem, n * sizeof *s.v);
	for (size_t i = 0; i < n; i++)
		s.v[i] = v[i].right;
	s.hosts = count_hosts(s.v, n);
	s.lies = places(r, s.fingerprint);
	*vec_push(&r->shared) = s;
}

void privilege_report_find(struct privilege_report *r, const struct args *a)
{
	struct keyed *v = xreallocarray(NULL, r->nrights + 1, sizeof *v);
	size_t n = 0;
	for (size_t i = 0; i < r->nrights; i++) {
		const struct right *x = &r->rights[i];
		struct slice key = key_of(x);
		if (x->kind == RIGHT_KEY && key.n)
			v[n++] = (struct keyed){key, x}; /* filtered or not: what a key opens is said whole */
		if (!r->shown[i])
			continue;
		look_left(r, x);
		look_provider(r, x);
	}
	bool keys = !r->kinds || r->kinds >> RIGHT_KEY & 1;
	for (size_t i = 0; keys && i < r->in->n; i++)
		if (privilege_report_host(r, a, r->in->v[i]->host))
			closed_accounts(r, r->in->v[i]);
	if (n)
		qsort(v, n, sizeof *v, by_key);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && slice_eq(v[end].key, v[i].key);)
			end++;
		look_shared(r, v + i, end - i);
	}
	free(v);
}
