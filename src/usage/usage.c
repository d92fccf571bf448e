/* usage.c - life of a usage, where events go, and what is asked of it. */
#include "usage/usage_private.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- small things ------------------------------------------------------------------------------------------------------ */

struct slice usage_host_name(struct slice host, char buf[static 256])
{
	struct ip ip;
	ssize_t dot = slice_chr(host, '.');
	if (dot > 0 && !ip_parse(host, &ip))
		host = slice_to(host, (size_t)dot);
	host = slice_to(host, 255);
	for (size_t i = 0; i < host.n; i++)
		buf[i] = (char)(host.p[i] >= 'A' && host.p[i] <= 'Z' ? host.p[i] - 'A' + 'a' : host.p[i]);
	return slice_make(buf, host.n);
}

void own_texts(struct slice *const *v, size_t n)
{
	size_t bytes = 1;
	for (size_t i = 0; i < n; i++)
		bytes += v[i]->n;
	char *p = xmalloc(bytes);
	for (size_t i = 0; i < n; i++) {
		if (v[i]->n)
			memcpy(p, v[i]->n ? v[i]->p : "", v[i]->n);
		*v[i] = slice_make(p, v[i]->n);
		p += v[i]->n;
	}
}

static void disown(struct slice first)
{
	free((void *)(uintptr_t)first.p);
}

/* A record of utmp(5) is no text. */
static struct slice line_of(const struct event *e)
{
	return slice_eq(e->dataset, SL("wtmp")) ? event_str(e, F_MESSAGE) : e->at.raw;
}

void kept_add(struct kept *k, const struct event *e)
{
	int64_t times = event_int(e, F_REPEAT, 1);
	if (!k->count || e->time < k->first)
		k->first = e->time;
	if (!k->count || e->time >= k->last) {
		struct slice line = slice_to(line_of(e), LINE_KEPT);
		k->last = e->time;
		k->nline = (uint16_t)line.n;
		if (line.n)
			memcpy(k->line, line.n ? line.p : "", line.n);
	}
	k->count += times > 0 && times < 1000000 ? (uint64_t)times : 1;
}

void kept_merge(struct kept *to, const struct kept *from)
{
	struct kept was = *to;
	if (!from->count)
		return;
	if (!was.count || from->last >= was.last)
		*to = *from;
	to->first = was.count ? MIN(was.first, from->first) : from->first;
	to->count = was.count + from->count;
}

void kept_out(const struct kept *k, struct usage_seen *out)
{
	*out = (struct usage_seen){k->first, k->last, k->count, slice_make(k->line, k->nline)};
}

/* ---- maps -------------------------------------------------------------------------------------------------------------- */

static void pair(struct key *k, struct slice a, struct slice b)
{
	key_init(k);
	key_add(k, a);
	key_add(k, b);
}

struct account *usage_account_get(const struct usage *u, struct slice host, struct slice account)
{
	struct key k;
	pair(&k, host, account);
	return lru_get(u->accounts, key_slice(&k));
}

struct account *usage_account_put(struct usage *u, struct slice host, struct slice account)
{
	struct key k;
	bool fresh;
	pair(&k, host, account);
	struct account *a = lru_put(u->accounts, key_slice(&k), &fresh);
	if (fresh) {
		a->host = host;
		a->name = account;
		own_texts((struct slice *[]){&a->host, &a->name}, 2);
		a->clear = a->waiting = a->sudo = NSTIME_NONE;
	}
	return a;
}

static void forget(struct usage *u)
{
	u->forgot = u->forgot || !u->closed;
}

static void drop_host(void *arg, struct slice key, void *value)
{
	struct usage_host *h = value;
	(void)key;
	forget(arg);
	disown(h->name);
	runs_free(&h->any);
	runs_free(&h->lost);
	for (int i = 0; i < USAGE_LOG_COUNT; i++)
		runs_free(&h->cover[i]);
}

static void drop_log(void *arg, struct slice key, void *value)
{
	struct usage_file *f = value;
	(void)key;
	(void)arg; /* fewer hours are covered: nothing false is said */
	disown(f->host);
	runs_free(&f->hours);
	runs_free(&f->within);
	free(f->pieces.v);
}

static void drop_account(void *arg, struct slice key, void *value)
{
	struct account *a = value;
	(void)key;
	forget(arg);
	disown(a->host);
}

static void drop_login(void *arg, struct slice key, void *value)
{
	struct login *l = value;
	(void)key;
	forget(arg);
	disown(l->host);
}

void usage_forget_commands(struct usage *u, struct slice host, struct slice account)
{
	struct account *a = usage_account_get(u, host, account);
	struct usage_host *h = lru_get(u->hosts, host);
	u->forgot_some = true;
	if (a)
		a->forgot = true;
	if (h)
		h->forgot = true;
	u->forgot = u->forgot || !a || !h;
}

static void drop_command(void *arg, struct slice key, void *value)
{
	struct usage *u = arg;
	struct command *c = value;
	(void)key;
	u->command_bytes -= c->text.n;
	if (!u->closed && !u->replacing)
		usage_forget_commands(u, c->host, c->account);
	disown(c->host);
}

static void drop_switch(void *arg, struct slice key, void *value)
{
	(void)key;
	(void)value;
	forget(arg);
}

static void drop_uid(void *arg, struct slice key, void *value)
{
	struct slice *name = value;
	(void)key;
	(void)arg;
	disown(*name);
}

struct usage *usage_new(void)
{
	struct usage *u = xcalloc(1, sizeof *u);
	u->hosts = lru_new(sizeof(struct usage_host), HOSTS_MAX, drop_host, u);
	u->logs = lru_new(sizeof(struct usage_file), LOGS_MAX, drop_log, u);
	u->accounts = lru_new(sizeof(struct account), ACCOUNTS_MAX, drop_account, u);
	u->logins = lru_new(sizeof(struct login), LOGINS_MAX, drop_login, u);
	u->commands = lru_new(sizeof(struct command), COMMANDS_MAX, drop_command, u);
	u->switches = lru_new(sizeof(struct kept), SWITCHES_MAX, drop_switch, u);
	u->pids = lru_new(sizeof(struct pid), PIDS_MAX, NULL, NULL);
	u->uids = lru_new(sizeof(struct slice), UIDS_MAX, drop_uid, u);
	u->last = NSTIME_NONE;
	return u;
}

void usage_free(struct usage *u)
{
	if (!u)
		return;
	u->closed = true;
	struct lru *maps[] = {u->hosts, u->logs, u->accounts, u->logins, u->commands, u->switches, u->pids, u->uids};
	for (size_t i = 0; i < ARRAY_LEN(maps); i++)
		lru_free(maps[i]);
	for (size_t i = 0; i < u->naudit; i++)
		free(u->audit[i].text);
	free(u->sources);
	free(u->broken);
	free(u->login.v);
	free(u->command.v);
	free(u->host.v);
	free(u);
}

/* ---- events ------------------------------------------------------------------------------------------------------------ */

/* Everything but what busy servers say of the web, mail and names: a host that is alive says other things, too. */
void usage_wants(struct interest *i)
{
	static const char *const not_these[] = {"web", "email", "network", "file", "intrusion_detection", "malware", "package", "driver"};
	for (size_t a = 1; a < ACTION_COUNT; a++) {
		bool skip = a == ACT_JSON || a == ACT_EXEC || a == ACT_EXIT || a == ACT_AUDIT_RECORD;
		for (size_t k = 0; k < ARRAY_LEN(not_these); k++)
			skip = skip || strcmp(action_table[a].category, not_these[k]) == 0;
		if (!skip)
			interest_add(i, (enum action)a);
	}
	interest_add_from(i, ACT_CONNECTED, "sshd");
	interest_add_from(i, ACT_DISCONNECTED, "sshd");
	interest_add_from(i, ACT_CONN_FAILED, "sshd");
}

void usage_sources(struct usage *u, const struct usage_source *v, size_t n)
{
	free(u->sources);
	u->sources = xcalloc(n + 1, sizeof *u->sources);
	if (n)
		memcpy(u->sources, v, n * sizeof *v);
	u->nsources = n;
}

static struct usage_source source_of(const struct usage *u, uint32_t file)
{
	return file < u->nsources ? u->sources[file] : (struct usage_source){file, 0, false};
}

void usage_broken(struct usage *u, uint32_t source)
{
	if (source >= u->nsources)
		return;
	if (!u->broken)
		u->broken = xcalloc(u->nsources, sizeof *u->broken);
	u->broken[source] = true;
}

void usage_uid(struct usage *u, struct slice host, int64_t uid, struct slice account)
{
	char buf[256], number[24];
	struct key k;
	bool fresh;
	snprintf(number, sizeof number, "%lld", (long long)uid);
	pair(&k, usage_host_name(host, buf), slice_of(number));
	struct slice *name = lru_put(u->uids, key_slice(&k), &fresh);
	if (!fresh && slice_eq(*name, account))
		return;
	if (!fresh)
		disown(*name);
	*name = account;
	own_texts(&name, 1);
}

/* Would a log in which this stands show logins, or sudo? Lines of level INFO of sshd, or PAM's word on its sessions. */
static bool shows(const struct event *e, enum usage_log kind)
{
	bool audit = slice_eq(e->dataset, SL("auditd")), refused = e->action == ACT_SUDO_DENIED;
	if (kind == USAGE_LOG_SUDO)
		return (e->action == ACT_SUDO || refused) && !slice_eq(e->dataset, SL("pkexec"));
	bool sshd = slice_eq(e->dataset, SL("sshd")) || slice_eq(e->dataset, SL("dropbear")) ||
		(audit && slice_starts(slice_basename(event_str(e, F_PROCESS_EXE)), SL("sshd")));
	if (!sshd)
		return false;
	switch (e->action) {
	case ACT_LOGIN:
	case ACT_LOGIN_FAILED:
	case ACT_INVALID_USER:
	case ACT_CONNECTED:
	case ACT_DISCONNECTED:
	case ACT_CONN_FAILED:
	case ACT_SESSION_OPENED:
	case ACT_SESSION_CLOSED:
	case ACT_SERVICE_STARTED: return true;
	default: return false;
	}
}

/* Can what was dropped have been of sshd or sudo? The journal names a service; auditd and the kernel count records of their own. */
static bool loses_ours(const struct event *e)
{
	struct slice unit = event_str(e, F_SYSTEMD_UNIT);
	if (unit.n)
		return slice_starts(unit, SL("ssh")) || slice_starts(unit, SL("session-")) || slice_starts(unit, SL("user"));
	return !slice_eq(e->dataset, SL("auditd")) && !slice_eq(e->dataset, SL("kernel"));
}

static void note_host(struct usage *u, struct slice host, const struct event *e)
{
	bool fresh;
	struct usage_host *h = lru_put(u->hosts, host, &fresh);
	if (fresh) {
		h->name = host;
		own_texts((struct slice *[]){&h->name}, 1);
		h->first = h->last = e->time;
	}
	h->first = MIN(h->first, e->time);
	h->last = MAX(h->last, e->time);
	runs_add(&h->any, day_of(e->time), day_of(e->time));
	if (e->action == ACT_LOG_LOST && loses_ours(e))
		runs_add(&h->lost, day_of(e->time), day_of(e->time));
}

/* The time between the newest line and this one. */
static void note_between(struct usage_file *f, const struct usage_source *source, uint32_t file, int32_t hour)
{
	bool goes_on = f->file == file || source->follows;
	int32_t silent = hour - f->hour;
	if (silent < 2)
		return;
	if (silent <= (goes_on ? SILENT_DAY : SILENT_MAX))
		runs_add(&f->hours, f->hour + 1, hour - 1);
	else if (goes_on)
		runs_add(&f->within, f->hour + 1, hour - 1);
}

static void note_log(struct usage *u, struct slice host, const struct event *e)
{
	struct key k;
	bool fresh;
	struct usage_source source = source_of(u, e->source);
	pair(&k, host, slice_make((const char *)&source.log, sizeof source.log));
	struct usage_file *f = lru_put(u->logs, key_slice(&k), &fresh);
	int32_t hour = hour_of(e->time);
	if (fresh) {
		f->host = host;
		f->log = source.log;
		own_texts((struct slice *[]){&f->host}, 1);
	}
	for (int i = 0; i < USAGE_LOG_COUNT; i++)
		f->kind[i] = f->kind[i] || shows(e, (enum usage_log)i);
	if (f->begun)
		note_between(f, &source, e->source, hour);
	if (!f->begun || hour > f->hour)
		f->hour = hour;
	if (!f->begun || f->file != e->source)
		*vec_push(&f->pieces) = (struct piece){source.place, hour, hour};
	struct piece *piece = &f->pieces.v[f->pieces.n - 1];
	piece->from = MIN(piece->from, hour);
	piece->to = MAX(piece->to, hour);
	f->begun = true;
	f->file = e->source;
	runs_add(&f->hours, hour, hour);
}

void usage_event(struct usage *u, const struct event *e)
{
	char buf[256];
	if (e->time < 0 || e->time / NS_DAY > 47482) /* 2100 */
		return;
	struct slice host = usage_host_name(e->host, buf);
	u->last = u->last == NSTIME_NONE ? e->time : MAX(u->last, e->time);
	if (!(e->flags & EV_NO_TIME) && !slice_eq(e->dataset, SL("btmp"))) {
		note_host(u, host, e);
		note_log(u, host, e);
	}
	if (e->outcome == OUTCOME_FAILURE)
		return;
	usage_login_event(u, host, e);
	usage_other_event(u, host, e);
}

/* ---- the close --------------------------------------------------------------------------------------------------------- */

static bool settle(void *arg, struct slice key, void *value)
{
	(void)arg;
	(void)key;
	usage_unclear_settle(value);
	return true;
}

static bool collect_login(void *arg, struct slice key, void *value)
{
	struct usage *u = arg;
	(void)key;
	*vec_push(&u->login) = value;
	return true;
}

static bool collect_command(void *arg, struct slice key, void *value)
{
	struct usage *u = arg;
	(void)key;
	*vec_push(&u->command) = value;
	return true;
}

static bool collect_host(void *arg, struct slice key, void *value)
{
	struct usage *u = arg;
	(void)key;
	*vec_push(&u->host) = value;
	return true;
}

static int by_time(nstime a, nstime b)
{
	return (a > b) - (a < b);
}

static int cmp_login(const void *a, const void *b)
{
	const struct login *x = *(struct login *const *)a, *y = *(struct login *const *)b;
	int c = slice_cmp(x->host, y->host);
	if (!c)
		c = slice_cmp(x->account, y->account);
	if (!c)
		c = by_time(x->seen.first, y->seen.first);
	if (!c)
		c = (int)x->method - (int)y->method;
	return c ? c : slice_cmp(x->fingerprint, y->fingerprint);
}

static int cmp_command(const void *a, const void *b)
{
	const struct command *x = *(struct command *const *)a, *y = *(struct command *const *)b;
	int c = slice_cmp(x->host, y->host);
	if (!c)
		c = slice_cmp(x->account, y->account);
	if (!c)
		c = by_time(x->seen.first, y->seen.first);
	if (!c)
		c = slice_cmp(x->text, y->text);
	return c ? c : slice_cmp(x->run_as, y->run_as);
}

static int cmp_host(const void *a, const void *b)
{
	return slice_cmp((*(struct usage_host *const *)a)->name, (*(struct usage_host *const *)b)->name);
}

void usage_close(struct usage *u)
{
	if (u->closed)
		return;
	usage_audit_settle(u, NSTIME_NONE);
	lru_each(u->accounts, settle, u);
	lru_each(u->logins, collect_login, u);
	lru_each(u->commands, collect_command, u);
	lru_each(u->hosts, collect_host, u);
	u->closed = true;
	if (u->login.n)
		qsort(u->login.v, u->login.n, sizeof *u->login.v, cmp_login);
	if (u->command.n)
		qsort(u->command.v, u->command.n, sizeof *u->command.v, cmp_command);
	if (u->host.n)
		qsort(u->host.v, u->host.n, sizeof *u->host.v, cmp_host);
	usage_cover(u);
}
