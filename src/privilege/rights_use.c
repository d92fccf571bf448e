/* rights_use.c - when a right was last used, as logs tell, and what taking it away costs. */
#include "privilege/privilege_private.h"

#include <stdlib.h>

struct using {
	struct privilege *p;
	const struct usage *u;
	struct strtab *keys;
	struct { struct usage_seen *v; size_t n, cap; } seen;
	bool elsewhere; /* the key was used, perhaps not from where it lies */
};

static void merge(struct usage_seen *into, const struct usage_seen *s)
{
	if (!s->count)
		return;
	if (!into->count || s->first < into->first)
		into->first = s->first;
	if (!into->count || s->last >= into->last) {
		into->last = s->last;
		into->evidence = s->evidence;
	}
	into->count += s->count;
}

/* By which key, wherever: a key that lies about was used when it logged in somewhere. */
static bool note_login(void *arg, const struct usage_login_row *r)
{
	struct using *x = arg;
	if (!r->fingerprint.n)
		return true;
	uint32_t id = strtab_put(x->keys, r->fingerprint);
	while (x->seen.n <= id)
		*vec_push(&x->seen) = (struct usage_seen){0};
	merge(&x->seen.v[id], &r->seen);
	return true;
}

static bool key_seen(const struct using *x, struct slice fingerprint, struct usage_seen *out)
{
	uint32_t id = strtab_find(x->keys, fingerprint);
	if (id == UINT32_MAX || id >= x->seen.n)
		return false;
	*out = x->seen.v[id];
	return out->count > 0;
}

void observed_commands(const struct privilege *p, const struct right *r, const struct usage *u, struct observed *out)
{
	struct usage_seen seen;
	const struct place *l = place_find(p, r->host);
	if (l)
		sudo_seen(p, l, r, u, out, &seen);
}

/* ---- one right ------------------------------------------------------------------------------------------------------------------------ */

/* Logins from the addresses of a host by the key that lies there. */
struct from_look { const struct place *l; const struct right *r; struct usage_seen seen; };

static bool on_login_from(void *arg, const struct usage_login_row *row)
{
	struct from_look *k = arg;
	if (!slice_eq(row->fingerprint, k->r->holder))
		return true;
	for (size_t i = 0; i < k->l->s->addresses.n; i++)
		if (slice_eq(k->l->s->addresses.v[i], row->from))
			merge(&k->seen, &row->seen);
	return true;
}

static bool from_here(struct using *x, const struct place *l, struct right *r)
{
	struct from_look k = {l, r, {0}};
	if (!l || !l->s->addresses.n)
		return false;
	usage_logins_each(x->u, on_login_from, &k);
	if (k.seen.count)
		r->seen = k.seen;
	return k.seen.count > 0;
}

/* Logins to any account of a host by certificates of an authority. */
struct authority_look { const struct right *r; const struct place *l; struct usage_seen seen; };

static bool on_authority(void *arg, const struct usage_login_row *row)
{
	struct authority_look *k = arg;
	if (row->method == USAGE_CERTIFICATE && slice_eq(row->authority, k->r->holder) && place_called(k->l, row->host))
		merge(&k->seen, &row->seen);
	return true;
}

static const char *authority_seen(const struct usage *u, const struct place *l, struct right *r)
{
	struct authority_look k = {r, l, {0}};
	if (!l)
		return "the host is not known";
	usage_logins_each(u, on_authority, &k);
	r->seen = k.seen;
	for (size_t i = 0; i < l->s->naccounts; i++)
		if (usage_login_unclear(u, r->host, l->s->accounts[i].name))
			return "a login was logged without its method or key";
	return NULL;
}

/* Why a "never" cannot be said; NULL: it can. */
static const char *look(struct using *x, struct right *r)
{
	const struct usage *u = x->u;
	enum usage_log log = r->kind == RIGHT_SUDO || r->kind == RIGHT_DOAS ? USAGE_LOG_SUDO : USAGE_LOG_LOGIN;
	const struct place *l = place_find(x->p, r->host);
	struct usage_seen other;
	const char *unclear = usage_login_unclear(u, r->host, r->account) ? "a login was logged without its method or key" : NULL;
	switch (r->kind) {
	case RIGHT_KEY:
		usage_login(u, r->host, r->account, USAGE_KEY, r->holder, &r->seen);
		break;
	case RIGHT_PASSWORD:
		usage_login(u, r->host, r->account, USAGE_PASSWORD, SLICE_NONE, &r->seen);
		if (!unclear && usage_login(u, r->host, r->account, USAGE_OTHER, SLICE_NONE, &other))
			unclear = "behind a key something was typed, a password or a code";
		break;
	case RIGHT_CERTIFICATE:
		if (r->row_kind == SNAP_K_certificate) {
			key_seen(x, r->holder, &r->seen);
			return "which of a key's certificates was used is not told apart";
		}
		if (slice_eqz(r->account, "*"))
			unclear = authority_seen(u, l, r);
		else
			usage_login(u, r->host, r->account, USAGE_CERTIFICATE, r->holder, &r->seen);
		break;
	case RIGHT_PRIVATE_KEY:
		key_seen(x, r->holder, &r->seen);
		x->elsewhere = !from_here(x, l, r);
		return "whether it was used from there, logs of other hosts would tell";
	case RIGHT_SUDO:
	case RIGHT_DOAS:
		unclear = l ? sudo_seen(x->p, l, r, u, NULL, &r->seen) : NULL;
		break;
	case RIGHT_GROUP:
		return l && r->row ? group_seen(x->p, l, r, u, &r->seen) : "the host is not known";
	case RIGHT_GRANT:
		usage_account(u, r->host, r->account, &r->seen);
		unclear = NULL;
		break;
	default:
		return "logs do not show its use";
	}
	const char *why = usage_unsure(u, r->host, log, x->p->opt.now, x->p->opt.days);
	return why ? why : unclear;
}

void rights_usage(struct privilege *p, const struct usage *u)
{
	struct using x = {.p = p, .u = u, .keys = strtab_new()};
	nstime since = p->opt.now - (nstime)p->opt.days * NS_DAY;
	if (u)
		usage_logins_each(u, note_login, &x);
	for (size_t i = 0; u && i < p->rights.n; i++) {
		struct right *r = &p->rights.v[i];
		r->seen = (struct usage_seen){0};
		x.elsewhere = false;
		const char *why = look(&x, r);
		r->use = r->seen.count && r->seen.last >= since && !x.elsewhere ? RIGHT_USED : why ? RIGHT_UNSURE : RIGHT_UNUSED;
		r->unsure = r->use == RIGHT_UNSURE ? why : NULL;
	}
	strtab_free(x.keys);
	free(x.seen.v);
}

/* ---- costs ------------------------------------------------------------------------------------------------------------------------------ */

enum { COST_MOST = 1000000 };

static int parse_cost(struct slice s, struct slice *what, uint32_t *factor, struct err *e)
{
	uint64_t n;
	ssize_t at = slice_rfind(s, SL("="));
	if (at <= 0 || !slice_u64(slice_from(s, (size_t)at + 1), 1000, &n))
		return err_set(e, ERR_SYNTAX, "cost %.*s: write KIND=N, host:NAME=N or account:NAME=N, N up to 1000", SLFMT(s));
	*what = slice_to(s, (size_t)at);
	*factor = (uint32_t)n;
	if (slice_starts(*what, SL("host:")) || slice_starts(*what, SL("account:")))
		return 0;
	for (int k = 0; k < RIGHT_KIND_COUNT; k++)
		if (slice_eqz(*what, right_name((enum right_kind)k)))
			return 0;
	return err_set(e, ERR_SYNTAX, "cost %.*s: no kind of right is called %.*s", SLFMT(s), SLFMT(*what));
}

static bool concerns(const struct right *r, struct slice what)
{
	if (slice_starts(what, SL("host:")))
		return slice_ieq(r->host, slice_from(what, 5));
	if (slice_starts(what, SL("account:")))
		return slice_eq(r->account, slice_from(what, 8)) || slice_eq(r->holder, slice_from(what, 8));
	return slice_eqz(what, right_name(r->kind));
}

/* What is used often costs more: its first digits in binary. */
static uint32_t base_cost(const struct privilege *p, const struct right *r)
{
	uint32_t digits = 0;
	for (uint64_t n = r->seen.count; n > 1 && digits < 20; n >>= 1)
		digits++;
	switch (r->use) {
	case RIGHT_UNUSED:
		return p->opt.cost_unused ? p->opt.cost_unused : 1;
	case RIGHT_USED:
		return (p->opt.cost_used ? p->opt.cost_used : 20) + digits;
	default:
		return p->opt.cost_unsure ? p->opt.cost_unsure : 4;
	}
}

int rights_costs(struct privilege *p, struct err *e)
{
	for (size_t i = 0; i < p->rights.n; i++)
		p->rights.v[i].cost = base_cost(p, &p->rights.v[i]);
	for (size_t c = 0; c < p->opt.ncosts; c++) {
		struct slice what = SLICE_NONE;
		uint32_t factor = 1;
		int rc = parse_cost(p->opt.costs[c], &what, &factor, e);
		if (rc)
			return rc;
		for (size_t i = 0; i < p->rights.n; i++)
			if (concerns(&p->rights.v[i], what))
				p->rights.v[i].cost = (uint32_t)MIN((uint64_t)p->rights.v[i].cost * factor, (uint64_t)COST_MOST);
	}
	return 0;
}
