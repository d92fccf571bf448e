/* who.c - which person, from where: the newest login of an account on a host stands behind what the account does there. */
#include "detect/detect_private.h"

#include <stdio.h>

struct login_memory {
	nstime time;
	struct ip ip;
	bool has_ip;
	uint8_t nsource, nkey;
	char source[64];
	char key[64]; /* "SHA256:..." is 50 bytes */
};

struct lru *login_memory_new(void)
{
	return lru_new(sizeof(struct login_memory), MEM_SESSIONS, NULL, NULL);
}

void login_memory_wants(struct interest *want)
{
	interest_add(want, ACT_LOGIN);
	interest_add_from(want, ACT_SESSION_OPENED, NOT_LOGIND);
}

static struct slice canonical_host(const struct detect *d, struct slice host)
{
	const struct org_host *h = org_host(detect_org(d), host);
	if (h)
		return h->name;
	ssize_t dot = slice_chr(host, '.');
	struct ip ip;
	return dot > 0 && !ip_parse(host, &ip) ? slice_to(host, (size_t)dot) : host;
}

/* The lines of one host come in a row: remember the newest name. */
struct slice detect_host(const struct detect *d, struct slice host)
{
	struct host_memo *m = detect_host_memo(d);
	if (m->n != host.n || !bytes_eq(m->logged, host.p, host.n)) {
		struct slice name = canonical_host(d, host);
		if (host.n > sizeof m->logged)
			return name;
		m->n = host.n;
		if (host.n)
			memcpy(m->logged, host.p, host.n);
		/* the short form of what was logged lies in the memo, not in the block, which goes away */
		m->name = name.n && name.p >= host.p && name.p < host.p + host.n ? slice_make(m->logged, name.n) : name;
	}
	return m->name;
}

/* auditd writes numbers where everyone else writes names: the pair is learnt from PAM's session lines. */
struct uid_memory {
	uint8_t n;
	char name[39];
};

struct lru *uid_memory_new(void)
{
	return lru_new(sizeof(struct uid_memory), MEM_ACCOUNTS, NULL, NULL);
}

static struct key uid_key(const struct detect *d, struct slice host, struct slice uid)
{
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, detect_host(d, host));
	key_add(&k, uid);
	return k;
}

static void learn_uid(struct detect *d, const struct event *e)
{
	struct slice name = event_str(e, F_USER_TARGET), uid = event_str(e, F_USER_TARGET_ID);
	if (!name.n || !uid.n || name.n > sizeof((struct uid_memory *)0)->name)
		return;
	struct key k = uid_key(d, e->host, uid);
	struct uid_memory *m = lru_put(detect_uids(d), key_slice(&k), NULL);
	m->n = (uint8_t)name.n;
	memcpy(m->name, name.p, name.n);
}

static struct slice name_of_uid(struct detect *d, const struct event *e, enum field_id field)
{
	struct slice uid = event_str(e, field);
	if (!uid.n)
		return SLICE_NONE;
	struct key k = uid_key(d, e->host, uid);
	const struct uid_memory *m = lru_get(detect_uids(d), key_slice(&k));
	return m ? slice_make(m->name, m->n) : SLICE_NONE;
}

static struct key login_key(const struct detect *d, struct slice host, struct slice account)
{
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, detect_host(d, host));
	key_add(&k, account);
	return k;
}

/* The account behind an event: auditd's login uid survives sudo and su, so it wins over the effective user. */
static struct slice account_of(struct detect *d, const struct event *e)
{
	struct slice s = event_str(e, F_USER_AUDIT);
	if (!s.n)
		s = name_of_uid(d, e, F_USER_AUDIT_ID);
	if (!s.n)
		s = event_str(e, F_USER_NAME);
	return s.n ? s : name_of_uid(d, e, F_USER_ID);
}

/* For sentences only: logs without a name are not one host. */
static const struct slice nameless = SL("a host without a name");

static void find_actor(struct detect *d, const struct event *e, struct actor *a)
{
	const struct org *org = detect_org(d);
	*a = (struct actor){.login = NSTIME_NONE};
	a->host = detect_host(d, e->host);
	if (!a->host.n)
		a->host = nameless;
	a->account = account_of(d, e);
	a->service = a->account.n && org_service_account(org, a->account);
	struct key k = login_key(d, e->host, a->account);
	struct login_memory *m = a->account.n ? lru_get(detect_logins(d), key_slice(&k)) : NULL;
	a->source = event_source(e);
	const struct ip *ip = event_ip(e, F_SOURCE_IP);
	a->key = event_str(e, F_SSH_KEY_FP);
	if (ip) {
		a->ip = *ip;
		a->has_ip = true;
	} else if (!a->source.n && m) {
		a->source = slice_make(m->source, m->nsource);
		a->ip = m->ip;
		a->has_ip = m->has_ip;
	}
	if (m) {
		a->login = m->time;
		if (!a->key.n)
			a->key = slice_make(m->key, m->nkey);
	}
	a->person = a->account.n ? org_person_by_account(org, a->account) : NULL;
	if (!a->person && a->key.n)
		a->person = org_person_by_key(org, a->key);
	a->provider = a->person ? a->person->provider : NULL;
	a->outside = a->has_ip && !org_inside(org, &a->ip);
}

/* Several detectors ask about the same event. */
void detect_actor(struct detect *d, const struct event *e, struct actor *a)
{
	struct actor_memo *m = detect_actor_memo(d);
	if (!m->valid) {
		find_actor(d, e, &m->actor);
		m->valid = true;
	}
	*a = m->actor;
}

void finding_actor(struct finding *f, const struct actor *a)
{
	finding_entity(f, ENT_HOST, a->host.p == nameless.p ? SLICE_NONE : a->host);
	finding_entity(f, ENT_USER, a->account);
	if (a->person)
		finding_entity(f, ENT_PERSON, a->person->name);
	if (a->provider)
		finding_entity(f, ENT_PROVIDER, a->provider->id);
	finding_entity(f, ENT_SOURCE, a->source);
	finding_entity(f, ENT_KEY, a->key);
}

const char *actor_text(struct detect *d, const struct actor *a)
{
	size_t n;
	char *buf = detect_text_buffer(d, &n);
	struct slice account = a->account.n ? a->account : SL("an unknown account");
	if (a->provider)
		snprintf(buf, n, "%.*s (%.*s of provider %.*s)", SLFMT(account), SLFMT(a->person->name), SLFMT(a->provider->name));
	else if (a->person)
		snprintf(buf, n, "%.*s (%.*s)", SLFMT(account), SLFMT(a->person->name));
	else
		snprintf(buf, n, "%.*s", SLFMT(account));
	return buf;
}

static bool told_already(struct detect *d, const struct event *e)
{
	struct key k = login_key(d, e->host, account_of(d, e));
	const struct login_memory *m = lru_get(detect_logins(d), key_slice(&k));
	return m && e->time - m->time < 2 * NS_MIN;
}

bool login_to_host(struct detect *d, const struct event *e, bool vpn)
{
	if (e->action != ACT_LOGIN || e->outcome == OUTCOME_FAILURE)
		return false;
	if (slice_eq(e->dataset, SL("sshd")))
		return true;
	if (slice_eq(e->dataset, SL("auditd")))
		return event_source(e).n && !told_already(d, e);
	return slice_in_list(e->dataset, "dropbear login telnetd") || (vpn && slice_in_list(e->dataset, "openvpn strongswan"));
}

void login_memory_event(struct detect *d, const struct event *e)
{
	if (e->action == ACT_SESSION_OPENED)
		learn_uid(d, e);
	if (!login_to_host(d, e, true))
		return;
	struct slice user = account_of(d, e), source = event_source(e), fp = event_str(e, F_SSH_KEY_FP);
	if (!user.n || !source.n)
		return;
	struct key k = login_key(d, e->host, user);
	struct login_memory *m = lru_put(detect_logins(d), key_slice(&k), NULL);
	const struct ip *ip = event_ip(e, F_SOURCE_IP);
	m->time = e->time;
	m->has_ip = ip != NULL;
	if (ip)
		m->ip = *ip;
	m->nsource = (uint8_t)MIN(source.n, sizeof m->source);
	memcpy(m->source, source.p, m->nsource);
	m->nkey = (uint8_t)MIN(fp.n, sizeof m->key);
	if (m->nkey)
		memcpy(m->key, fp.p, m->nkey);
}

/* ---- findings by account --------------------------------------------------------------------------------------- */

enum level level_for(const struct actor *a, enum level staff)
{
	return a->provider || a->service ? LEVEL_HIGH : staff;
}

struct finding *open_by_account(struct detect *d, const struct detector *def, const struct event *e, const struct actor *a, nstime quiet, bool *fresh)
{
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, a->host);
	key_add(&k, a->account);
	struct finding *f = detect_open(d, def, key_slice(&k), quiet, e->time, fresh);
	if (*fresh)
		finding_actor(f, a);
	return f;
}
