/* login.c - the login at hand: its values read once for all detectors that look at it, and what is the same whenever this account comes
 * to this host from there (whose it is, whose address, the hashes that memory goes by), remembered. */
#include "detect/profile.h"

#include <stdlib.h>

enum { KNOWN_SETS = 1 << 11 };
struct login_look {
	struct login_known known[KNOWN_SETS][2]; /* two places a hash, the newer first */
};

struct login_look *login_look_new(void)
{
	return xcalloc(1, sizeof(struct login_look));
}

static struct slice text_of(const struct value *v)
{
	return v ? slice_make(v->p, v->len) : SLICE_NONE;
}

static uint32_t number_of(const struct value *v)
{
	return v && v->type == FT_INT && v->parsed ? (uint32_t)v->n : 0;
}

/* The first value of each field, in one pass. */
static void read_values(const struct event *e, struct login_at_hand *at)
{
	const struct value *ip = NULL, *address = NULL, *key = NULL, *method = NULL, *port = NULL, *pid = NULL;
	for (const struct value *v = e->values + e->nvalues; v-- > e->values;)
		switch (v->field) {
		case F_SOURCE_IP: ip = v; break;
		case F_SOURCE_ADDRESS: address = v; break;
		case F_SSH_KEY_FP: key = v; break;
		case F_SSH_METHOD: method = v; break;
		case F_SOURCE_PORT: port = v; break;
		case F_PROCESS_PID: pid = v; break;
		default: break;
		}
	at->source = text_of(ip ? ip : address);
	at->ip = ip && ip->type == FT_ADDR && ip->parsed ? ip->ip : NULL;
	at->key = text_of(key);
	at->method = text_of(method);
	at->port = number_of(port);
	at->pid = number_of(pid);
}

/* What an address counts as: a known host is itself, anything else its network. */
static uint64_t place_hash(const struct login_known *k, const struct login_at_hand *at)
{
	if (!at->ip)
		return k->source;
	if (k->from)
		return hash_bytes(at->ip->b, sizeof at->ip->b);
	struct cidr c = ip_network(at->ip);
	return hash_bytes(c.net.b, sizeof c.net.b);
}

static void learn(const struct org *org, const struct login_at_hand *at, struct login_known *k)
{
	k->service = at->account.n && org_service_account(org, at->account);
	k->person = at->account.n ? org_person_by_account(org, at->account) : NULL;
	if (!k->person && at->key.n)
		k->person = org_person_by_key(org, at->key);
	k->from = at->ip ? org_host_by_ip(org, at->ip) : NULL;
	k->inside = at->ip && org_inside(org, at->ip);
	k->place = place_hash(k, at);
	k->origin = login_origin(org, at->ip, at->source, &k->origin_host);
}

void login_look(struct login_look *l, const struct org *org, const struct event *e, struct slice host, struct slice account, struct login_at_hand *at)
{
	read_values(e, at);
	at->account = account;
	struct login_known fresh = {.host = hash_slice(host), .account = hash_slice(account), .source = hash_slice(at->source), .key = hash_slice(at->key)};
	uint64_t hash = hash_mix(hash_mix(fresh.host, fresh.account), hash_mix(fresh.source, fresh.key)) ^ (at->ip != NULL);
	struct login_known *k = l->known[hash % KNOWN_SETS];
	if (k->hash != hash && (++k)->hash != hash) {
		*k = k[-1];
		*--k = fresh;
		k->hash = hash;
		learn(org, at, k);
	}
	at->known = k;
}

const struct org_host *login_from(const struct detect *d, const struct actor *a)
{
	const struct login_at_hand *at = detect_login(d);
	if (at && at->ip)
		return at->known->from;
	return a->has_ip ? org_host_by_ip(detect_org(d), &a->ip) : NULL;
}
