/* usage_events.c - what one event says about who used what. */
#include "usage/usage_private.h"

#include <stdlib.h>

/* ---- logins ------------------------------------------------------------------------------------------------------------ */

static void login_key(struct key *k, struct slice host, struct slice account, enum usage_method method, struct slice fingerprint)
{
	char m = (char)('0' + method);
	key_init(k);
	key_add(k, host);
	key_add(k, slice_make(&m, 1));
	key_add(k, fingerprint);
	key_add(k, account);
}

struct login_is {
	enum usage_method method;
	struct slice fingerprint, key_id, serial, authority;
};

static void remember_login(struct usage *u, struct slice host, struct slice account, const struct login_is *is, const struct event *e)
{
	struct key k;
	bool fresh;
	login_key(&k, host, account, is->method, is->fingerprint);
	struct login *l = lru_put(u->logins, key_slice(&k), &fresh);
	if (fresh) {
		l->host = host;
		l->account = account;
		l->method = is->method;
		l->fingerprint = is->fingerprint;
		l->key_id = slice_to(is->key_id, 512);
		l->serial = slice_to(is->serial, 40);
		l->authority = is->authority;
		own_texts((struct slice *[]){&l->host, &l->account, &l->fingerprint, &l->key_id, &l->serial, &l->authority}, 6);
	}
	struct slice from = event_source(e);
	if (from.n && e->time >= l->seen.last) {
		l->nfrom = (uint8_t)MIN(from.n, sizeof l->from);
		memcpy(l->from, from.p, l->nfrom);
	}
	kept_add(&l->seen, e);
}

void usage_unclear_settle(struct account *a)
{
	if (a->waiting == NSTIME_NONE)
		return;
	kept_merge(&a->unclear, &a->wait);
	a->waiting = NSTIME_NONE;
	a->wait = (struct kept){0};
}

/* A login that this line does not tell the method or key of: another line may. */
static void unclear_login(struct account *a, const struct event *e)
{
	if (a->clear != NSTIME_NONE && llabs(e->time - a->clear) <= NEAR_LOGIN)
		return;
	if (a->waiting != NSTIME_NONE && llabs(e->time - a->waiting) > NEAR_LOGIN)
		usage_unclear_settle(a);
	if (a->waiting == NSTIME_NONE)
		a->waiting = e->time;
	kept_add(&a->wait, e);
}

static void clear_login(struct account *a, const struct event *e)
{
	if (a->waiting != NSTIME_NONE && llabs(e->time - a->waiting) <= NEAR_LOGIN) {
		a->waiting = NSTIME_NONE;
		a->wait = (struct kept){0};
	}
	a->clear = e->time;
}

static bool pid_key(struct key *k, struct slice host, const struct event *e)
{
	struct slice pid = event_str(e, F_PROCESS_PID);
	key_init(k);
	key_add(k, host);
	key_add(k, pid);
	return pid.n > 0;
}

/* "Partial publickey for ...", "Accepted key ... found at ...": the key of a login that is told later. */
static void before_login(struct usage *u, struct slice host, const struct event *e)
{
	struct key k;
	struct slice key = event_str(e, F_SSH_KEY_FP), type = event_str(e, F_SSH_KEY_TYPE);
	if (!pid_key(&k, host, e))
		return;
	struct pid *p = lru_put(u->pids, key_slice(&k), NULL);
	if (p->time && llabs(e->time - p->time) > NEAR_PID)
		*p = (struct pid){0};
	p->time = e->time;
	p->partial = p->partial || e->action == ACT_LOGIN_PARTIAL;
	if (!key.n || key.n > sizeof p->key)
		return;
	p->nkey = (uint8_t)key.n;
	memcpy(p->key, key.n ? key.p : "", key.n);
	p->ntype = (uint8_t)MIN(type.n, sizeof p->type);
	memcpy(p->type, type.p, p->ntype);
}

/* "ED25519 SHA256:..." or the fingerprint alone; MD5's are no use to anybody. */
static struct slice sha256_of(struct slice s)
{
	ssize_t at = slice_find(s, SL("SHA256:"));
	if (at < 0)
		return SLICE_NONE;
	s = slice_from(s, (size_t)at);
	ssize_t end = slice_chr(s, ' ');
	return slice_to(s, end < 0 ? s.n : (size_t)end);
}

static bool is_certificate(struct slice type)
{
	return slice_iends(type, SL("-CERT"));
}

/* By key: false when the log does not say which. */
static bool key_login(struct usage *u, struct slice host, struct slice account, const struct event *e, struct slice key, struct slice type)
{
	struct login_is is = {.method = is_certificate(type) ? USAGE_CERTIFICATE : USAGE_KEY, .fingerprint = sha256_of(key), .key_id = event_str(e, F_SSH_CERT_ID),
		.serial = event_str(e, F_SSH_CERT_SERIAL), .authority = sha256_of(event_str(e, F_SSH_CERT_CA))};
	remember_login(u, host, account, &is, e);
	return is.fingerprint.n > 0;
}

static bool ssh_login(struct usage *u, struct slice host, struct slice account, const struct event *e)
{
	struct slice method = event_str(e, F_SSH_METHOD), key = event_str(e, F_SSH_KEY_FP), type = event_str(e, F_SSH_KEY_TYPE);
	struct key k;
	struct pid before = {0}, *p = pid_key(&k, host, e) ? lru_get(u->pids, key_slice(&k)) : NULL;
	if (p) {
		if (llabs(e->time - p->time) <= NEAR_PID)
			before = *p;
		lru_del(u->pids, key_slice(&k));
	}
	struct slice kept_key = slice_make(before.key, before.nkey), kept_type = slice_make(before.type, before.ntype);
	bool typed = slice_starts(method, SL("keyboard-interactive")), password = slice_starts(method, SL("password"));
	if (slice_starts(method, SL("publickey")))
		return key_login(u, host, account, e, key.n ? key : kept_key, key.n ? type : kept_type);
	bool clear = true;
	if (before.partial) /* the key was one factor */
		clear = key_login(u, host, account, e, kept_key, kept_type);
	struct login_is is = {.method = password || (typed && !before.partial) ? USAGE_PASSWORD : USAGE_OTHER};
	remember_login(u, host, account, &is, e);
	/* with connections forgotten, the key before the code may be among them */
	return clear && !(typed && !before.partial && lru_evicted(u->pids));
}

static bool dataset_is(const struct event *e, const char *name)
{
	return slice_eqz(e->dataset, name);
}

/* auditd's numbers to names. */
static struct slice name_or_uid(struct usage *u, struct slice host, const struct event *e, enum field_id name, enum field_id id)
{
	struct slice s = event_str(e, name), number = event_str(e, id);
	struct key k;
	if (s.n || !number.n)
		return s;
	key_init(&k);
	key_add(&k, host);
	key_add(&k, number);
	const struct slice *known = lru_get(u->uids, key_slice(&k));
	return known ? *known : SLICE_NONE;
}

static bool of_sshd(const struct event *e)
{
	return slice_starts(slice_basename(event_str(e, F_PROCESS_EXE)), SL("sshd"));
}

/* Opened by PAM or auditd: the session of a login that came in, not a cron job's and not sudo's. */
static bool is_login_session(const struct event *e)
{
	static const char *const services[] = {"sshd", "login", "remote", "gdm-password", "lightdm", "sddm", "xrdp-sesman", "cockpit", "vsftpd"};
	struct slice service = event_str(e, F_PAM_SERVICE);
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		if (slice_eqz(service, services[i]))
			return true;
	return slice_starts(service, SL("sshd-")) || (dataset_is(e, "auditd") && of_sshd(e));
}

static void learn_uid(struct usage *u, struct slice host, const struct event *e)
{
	struct slice name = event_str(e, F_USER_TARGET), id = event_str(e, F_USER_TARGET_ID);
	uint64_t uid;
	if (name.n && slice_u64(id, INT32_MAX, &uid))
		usage_uid(u, host, (int64_t)uid, name);
}

static void session_opened(struct usage *u, struct slice host, const struct event *e)
{
	if (!dataset_is(e, "auditd"))
		learn_uid(u, host, e);
	if (!is_login_session(e))
		return;
	struct slice account = name_or_uid(u, host, e, F_USER_TARGET, F_USER_TARGET_ID);
	if (!account.n)
		account = event_str(e, F_USER_NAME);
	if (!account.n)
		return;
	struct account *a = usage_account_put(u, host, account);
	kept_add(&a->seen, e);
	unclear_login(a, e);
}

static void login(struct usage *u, struct slice host, const struct event *e)
{
	struct slice account = name_or_uid(u, host, e, F_USER_NAME, F_USER_ID);
	bool ssh = dataset_is(e, "sshd") || dataset_is(e, "dropbear"), console = dataset_is(e, "login") || dataset_is(e, "gdm");
	bool record = dataset_is(e, "wtmp"), audit = dataset_is(e, "auditd");
	if (!account.n || !(ssh || console || record || audit))
		return; /* mail, VPN and the web have accounts of their own */
	struct account *a = usage_account_put(u, host, account);
	kept_add(&a->seen, e);
	bool clear = true;
	if (ssh)
		clear = ssh_login(u, host, account, e);
	else if (console)
		remember_login(u, host, account, &(struct login_is){.method = USAGE_PASSWORD}, e);
	else if (record && !event_source(e).n)
		return; /* a terminal that tmux or a console opened */
	else
		clear = false;
	if (clear)
		clear_login(a, e);
	else
		unclear_login(a, e);
}

void usage_login_event(struct usage *u, struct slice host, const struct event *e)
{
	switch (e->action) {
	case ACT_LOGIN: login(u, host, e); break;
	case ACT_SESSION_OPENED: session_opened(u, host, e); break;
	case ACT_LOGIN_PARTIAL:
	case ACT_KEY_ACCEPTED: before_login(u, host, e); break;
	default: break;
	}
}
