/* who.c - which person, from where: the newest login of an account on a host stands behind what the account does there. */
#include "detect/profile.h"

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
static struct slice another_host(const struct detect *d, struct host_memo *m, struct slice host)
{
	struct slice name = canonical_host(d, host);
	m->at = NULL;
	if (host.n > sizeof m->logged)
		return name;
	m->turn++;
	m->hash = 0;
	m->n = host.n;
	if (host.n)
		memcpy(m->logged, host.p, host.n);
	/* the short form of what was logged lies in the memo, not in the block, which goes away */
	m->name = name.n && name.p >= host.p && name.p < host.p + host.n ? slice_make(m->logged, name.n) : name;
	return m->name;
}

struct slice detect_host(const struct detect *d, struct slice host)
{
	struct host_memo *m = &detect_hot(d)->host;
	if (m->n == host.n && (m->at == host.p || bytes_eq(m->logged, host.p, host.n)))
		return m->name;
	return another_host(d, m, host);
}

void detect_host_at(const struct detect *d, struct slice host)
{
	struct host_memo *m = &detect_hot(d)->host;
	m->at = NULL;
	detect_host(d, host);
	m->at = m->n == host.n && host.n ? host.p : NULL;
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

/* host and what is on it: an account, a number. */
static void key_on_host(const struct detect *d, struct slice host, struct slice what, struct key *k)
{
	key_init(k);
	key_add(k, detect_host(d, host));
	key_add(k, what);
}

static uint64_t host_hash(const struct detect *d, struct slice host)
{
	struct host_memo *m = &detect_hot(d)->host;
	struct slice name = detect_host(d, host);
	if (!m->at)
		return hash_slice(name);
	if (!m->hash)
		m->hash = hash_slice(name);
	return m->hash;
}

void uid_memory_event(struct detect *d, const struct event *e)
{
	struct slice name = event_str(e, F_USER_TARGET), uid = event_str(e, F_USER_TARGET_ID);
	if (!name.n || !uid.n || name.n > sizeof((struct uid_memory *)0)->name)
		return;
	uint64_t hash = hash_mix(host_hash(d, e->host), hash_slice(uid)) ^ hash_slice(name);
	struct host_memo *memo = &detect_hot(d)->host;
	typeof(memo->uids[0]) *seat = &memo->uids[hash % UID_SEATS];
	struct uid_memory *m = seat->hash == hash ? lru_sit(detect_uids(d), seat->seat) : NULL;
	if (!m) {
		struct key k UNINIT;
		key_on_host(d, e->host, uid, &k);
		m = lru_put(detect_uids(d), key_slice(&k), NULL);
		seat->hash = hash;
		seat->seat = lru_seat(m);
	}
	m->n = (uint8_t)name.n;
	memcpy(m->name, name.p, name.n);
}

static struct slice name_of_uid(struct detect *d, const struct event *e, enum field_id field)
{
	struct slice uid = event_str(e, field);
	if (!uid.n)
		return SLICE_NONE;
	struct key k UNINIT;
	key_on_host(d, e->host, uid, &k);
	const struct uid_memory *m = lru_get(detect_uids(d), key_slice(&k));
	return m ? slice_make(m->name, m->n) : SLICE_NONE;
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

/* The memory of the account's newest login on the host; NULL none. */
static struct login_memory *newest_login(struct detect *d, const struct event *e, struct slice account, struct login_known *known)
{
	struct key k UNINIT;
	struct login_memory *m = known ? lru_sit(detect_logins(d), known->seat) : NULL;
	if (m)
		return m;
	key_on_host(d, e->host, account, &k);
	m = lru_get(detect_logins(d), key_slice(&k));
	if (m && known)
		known->seat = lru_seat(m);
	return m;
}

/* The same of a login that was looked at. */
static void known_actor(struct detect *d, const struct event *e, const struct login_at_hand *at, struct actor *a)
{
	struct login_known *k = at->known;
	*a = (struct actor){.login = NSTIME_NONE, .host = detect_host(d, e->host), .account = at->account, .source = at->source, .key = at->key,
		.person = k->person, .service = k->service};
	if (!a->host.n)
		a->host = nameless;
	struct login_memory *m = a->account.n ? newest_login(d, e, a->account, k) : NULL;
	a->outside = at->ip && !k->inside;
	if (at->ip) {
		a->ip = *at->ip;
		a->has_ip = true;
	} else if (!a->source.n && m) {
		a->source = slice_make(m->source, m->nsource);
		a->ip = m->ip;
		a->has_ip = m->has_ip;
		a->outside = a->has_ip && !org_inside(detect_org(d), &a->ip);
	}
	if (m) {
		a->login = m->time;
		if (!a->key.n)
			a->key = slice_make(m->key, m->nkey);
	}
	if (!a->person && !at->key.n && a->key.n)
		a->person = org_person_by_key(detect_org(d), a->key);
	a->provider = a->person ? a->person->provider : NULL;
}

static void find_actor(struct detect *d, const struct event *e, struct actor *a)
{
	const struct login_at_hand *at = detect_login(d);
	if (at) {
		known_actor(d, e, at, a);
		return;
	}
	const struct org *org = detect_org(d);
	*a = (struct actor){.login = NSTIME_NONE};
	a->host = detect_host(d, e->host);
	if (!a->host.n)
		a->host = nameless;
	a->account = account_of(d, e);
	a->service = a->account.n && org_service_account(org, a->account);
	struct login_memory *m = a->account.n ? newest_login(d, e, a->account, NULL) : NULL;
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
	struct actor_memo *m = &detect_hot(d)->actor;
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

static bool told_already(struct detect *d, const struct event *e, struct slice account)
{
	const struct login_memory *m = newest_login(d, e, account, NULL);
	return m && e->time - m->time < 2 * NS_MIN;
}

bool login_to_host(struct detect *d, const struct event *e, bool vpn)
{
	const struct login_at_hand *at = e->action == ACT_LOGIN ? detect_login(d) : NULL;
	return at && (at->shell || (vpn && at->vpn));
}

void login_memory_begin(struct detect *d, const struct event *e, struct login_look *l)
{
	bool shell = slice_eq(e->dataset, SL("sshd")), vpn = false;
	struct slice account = SLICE_NONE;
	if (e->outcome == OUTCOME_FAILURE)
		return;
	if (!shell && slice_eq(e->dataset, SL("auditd"))) {
		account = account_of(d, e);
		shell = event_source(e).n && !told_already(d, e, account);
	} else if (!shell) {
		shell = slice_in_list(e->dataset, "dropbear login telnetd");
		vpn = !shell && slice_in_list(e->dataset, "openvpn strongswan");
	}
	if (!shell && !vpn)
		return;
	struct slice host = detect_host(d, e->host);
	struct login_at_hand *at = &detect_hot(d)->login;
	login_look(l, detect_org(d), e, host.n ? host : nameless, account.n ? account : account_of(d, e), at);
	at->shell = shell;
	at->vpn = vpn;
}

void login_memory_login(struct detect *d, const struct event *e)
{
	const struct login_at_hand *at = detect_login(d);
	if (!at || !at->account.n || !at->source.n)
		return;
	struct login_memory *m = newest_login(d, e, at->account, at->known);
	if (!m) {
		struct key k UNINIT;
		key_on_host(d, e->host, at->account, &k);
		m = lru_put(detect_logins(d), key_slice(&k), NULL);
		at->known->seat = lru_seat(m);
	}
	m->time = e->time;
	m->has_ip = at->ip != NULL;
	if (at->ip)
		m->ip = *at->ip;
	m->nsource = (uint8_t)MIN(at->source.n, sizeof m->source);
	memcpy(m->source, at->source.p, m->nsource);
	m->nkey = (uint8_t)MIN(at->key.n, sizeof m->key);
	if (m->nkey)
		memcpy(m->key, at->key.p, m->nkey);
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
