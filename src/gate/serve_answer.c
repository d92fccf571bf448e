/* serve_answer.c - the questions, one function each. Who may ask what is a table. */
#include "gate/serve_private.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum { ENTRY_MOST = 64 << 10, KEYS_A_MINUTE = 60, AUDIT_DETAIL = 2048 };

/* One question while it is answered. */
struct asking {
	struct gate_service *s;
	const struct serve_peer *peer;
	const struct gate_ask *q;
	struct gate_answer *a;
	struct arena mem;
	struct gate_key key; bool has_key;
	struct ip source;
	struct gate_request r;
	struct gate_decision d;
	uid_t uid;                         /* of the account */
	struct serve_login *login;
	const char *note;                  /* for the audit log */
	bool silent;                       /* not written down */
};

bool serve_record(struct gate_service *s, struct slice actor, const char *action, struct slice object, bool good, const char *fmt, ...)
{
	char detail[AUDIT_DETAIL];
	struct err e;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(detail, sizeof detail, fmt, ap);
	va_end(ap);
	struct chain_record r = {.time = serve_wall(), .actor = actor, .action = slice_of(action), .object = object, .outcome = good ? SL("success") : SL("failure"),
		.detail = slice_make(detail, n < 0 ? 0 : MIN((size_t)n, sizeof detail - 1))};
	if (chain_append(s->audit, &r, &e) == 0)
		return true;
	core_log(LOG_LEVEL_ERROR, "gate: the audit log cannot be written: %s", e.text);
	return false;
}

struct gate_decision serve_decide(struct gate_service *s, const struct gate_request *q)
{
	struct gate_decision fault = {.reason = GATE_FAULT, .until = NSTIME_NONE};
	nstime now = serve_wall();
	if (!s->have_policy)
		return fault;
	s->seen = MAX(s->seen, s->policy.seen);
	s->policy.seen = s->seen;
	struct gate_decision d = gate_decide(q, &s->policy, now, serve_boot());
	s->seen = MAX(s->seen, now);
	return d;
}

static void deny(struct asking *k, enum gate_reason why)
{
	k->d.allow = false;
	k->d.reason = why;
	k->d.until = NSTIME_NONE;
}

static const struct serve_proof *find_proof(const struct asking *k)
{
	const struct sys_proc *p = &k->peer->proc;
	for (size_t i = 0; i < SERVE_PROOFS; i++) {
		const struct serve_proof *x = &k->s->proofs[i];
		bool same = x->boot && serve_boot() - x->boot < SERVE_PROOF_LIFE &&
			    ((x->pid == p->pid && x->start == p->start) || (x->parent == p->pid && x->parent_start == p->start));
		if (same && slice_eqz(k->r.account, x->account) && slice_eqz(k->r.fingerprint, x->fingerprint))
			return x;
	}
	return NULL;
}

static void keep_proof(struct asking *k)
{
	struct serve_proof *x = &k->s->proofs[0];
	struct sys_proc parent = {0};
	for (size_t i = 0; i < SERVE_PROOFS; i++)
		if (k->s->proofs[i].boot < x->boot)
			x = &k->s->proofs[i];
	if (!k->peer->proc.parent || !sys_proc_read(k->peer->proc.parent, &parent) || !parent.sshd)
		parent = (struct sys_proc){.pid = -1}; /* who started it otherwise proves nothing */
	*x = (struct serve_proof){.boot = serve_boot(), .pid = k->peer->pid, .start = k->peer->proc.start, .parent = parent.pid, .parent_start = parent.start};
	snprintf(x->account, sizeof x->account, "%.*s", SLFMT(k->r.account));
	snprintf(x->fingerprint, sizeof x->fingerprint, "%.*s", SLFMT(k->r.fingerprint));
	snprintf(x->person, sizeof x->person, "%.*s", SLFMT(k->d.person->id));
}

/* A grant that is used for the first time gets its second end, on the clock that nobody sets. */
static bool first_use(struct asking *k)
{
	const struct gate_grant *x = k->d.grant;
	struct err e;
	if (x->boot_until != NSTIME_NONE && x->boot_until != 0)
		return true;
	k->s->stale = true;
	if (gate_first_use(k->s->vault, x->id, serve_boot() + (x->until - serve_wall()), &e) == 0)
		return true;
	core_log(LOG_LEVEL_ERROR, "gate: %s", e.text);
	deny(k, GATE_FAULT);
	return false;
}

/* ---- the phases --------------------------------------------------------------------------------------------------------- */

static void phase_keys(struct asking *k)
{
	struct gate_service *s = k->s;
	k->r.source = NULL;
	if (!k->has_key) {
		deny(k, GATE_KEY);
		return;
	}
	k->d = serve_decide(s, &k->r);
	if (k->d.allow)
		k->a->keys_size = (uint32_t)serve_key_lines(&s->policy, &k->r, &k->key, serve_wall(), serve_boot(), k->a->keys, sizeof k->a->keys);
	if (k->d.allow && !k->a->keys_size)
		deny(k, GATE_KEY);
	/* anybody may try keys, also a person's public one, at no cost: the log is not theirs to fill */
	if (serve_boot() - s->keys_since > NS_MIN) {
		s->keys_since = serve_boot();
		s->keys_told = 0;
	}
	k->silent = s->keys_told++ >= KEYS_A_MINUTE;
}

static bool is_good(enum factor_verdict v)
{
	return v == FACTOR_GOOD || v == FACTOR_RECOVERY;
}

static void check_code(struct asking *k)
{
	static const char *const notes[] = {[FACTOR_GOOD] = "code", [FACTOR_RECOVERY] = "RECOVERY CODE USED", [FACTOR_WRONG] = "wrong code after a good key: the key may be stolen",
		[FACTOR_REPLAYED] = "code used again after a good key: it may have been seen by others", [FACTOR_THROTTLED] = "too many tries", [FACTOR_NONE] = "not enrolled", [FACTOR_FAULT] = "factor fault"};
	struct err e;
	nstime wait = 0;
	struct slice who = k->d.person ? k->d.person->id : k->r.account;
	enum factor_verdict v = k->s->factor ? factor_check(k->s->factor, who, slice_of(k->q->rhost), slice_of(k->q->code), serve_wall(), &wait, &e) : FACTOR_FAULT;
	k->note = notes[v];
	if (v == FACTOR_FAULT)
		deny(k, GATE_FAULT);
	else if (!is_good(v) || !k->d.person)
		deny(k, k->d.person ? GATE_FACTOR : GATE_NO_PERSON);
	else
		k->r.factor_given = true;
}

/* The code is all that is judged here: whether there is a grant the account phase says, to whoever proved to be somebody. */
static void phase_auth(struct asking *k)
{
	if (!k->has_key)
		k->r.fingerprint = SLICE_NONE;
	k->d = serve_decide(k->s, &k->r);
	bool device = k->has_key && k->key.hardware && !k->key.certificate && k->d.person;
	if (k->d.reason == GATE_CLOCK || (k->d.reason == GATE_FAULT && !k->s->have_policy))
		return;
	if (k->d.allow || device) {
		k->note = device ? "security key" : "no second factor asked for";
		k->r.factor_given = device;
	} else {
		check_code(k);
		if (!k->r.factor_given)
			return;
	}
	if (!k->d.allow) {
		k->d = (struct gate_decision){.allow = true, .reason = GATE_OK, .person = k->d.person, .until = NSTIME_NONE};
	}
	if (k->r.factor_given)
		keep_proof(k);
}

/* Inside a session: sudo, su, cron. Whose it is the login says, not the caller. */
static void phase_inside(struct asking *k)
{
	struct serve_login *l = serve_login_of(k->s, &k->peer->proc);
	if (!l || l->rounds || l->closed || !slice_eqz(k->r.account, l->account)) {
		deny(k, GATE_NO_GRANT);
		k->note = "not from a session that was let in";
		return;
	}
	k->login = l;
	k->r.person = slice_of(l->person);
	k->r.fingerprint = slice_of(l->fingerprint);
	k->r.source = l->has_source ? &l->source : NULL;
	k->r.factor_given = l->factor;
	k->d = serve_decide(k->s, &k->r);
}

static void phase_account(struct asking *k)
{
	if (!k->has_key || !k->peer->proc.sshd) { /* PAM's environment elsewhere may be the user's own words (pam_env) */
		phase_inside(k);
		return;
	}
	k->r.factor_given = find_proof(k) != NULL;
	k->d = serve_decide(k->s, &k->r);
	if (k->d.allow)
		first_use(k);
}

static void phase_session(struct asking *k)
{
	struct gate_service *s = k->s;
	struct err e;
	phase_account(k);
	if (!k->d.allow || k->login)
		return;
	struct serve_login x = {.audit = k->peer->proc.session, .monitor = k->peer->pid, .start = k->peer->proc.start, .uid = k->uid, .factor = k->r.factor_given,
		.source = k->source, .has_source = k->r.source != NULL};
	snprintf(x.account, sizeof x.account, "%.*s", SLFMT(k->r.account));
	snprintf(x.person, sizeof x.person, "%.*s", SLFMT(k->d.person->id));
	snprintf(x.grant, sizeof x.grant, "%.*s", SLFMT(k->d.grant->id));
	snprintf(x.fingerprint, sizeof x.fingerprint, "%.*s", SLFMT(k->r.fingerprint));
	k->login = serve_login_add(s, &x, k->q->service, &e);
	if (k->login)
		return;
	core_log(LOG_LEVEL_ERROR, "gate: %s", e.text);
	deny(k, GATE_FAULT);
}

static void phase_exec(struct asking *k)
{
	k->r.kind = k->q->kind >= KIND_SHELL && k->q->kind <= KIND_SFTP ? (enum gate_kind)k->q->kind : 0;
	k->r.command = slice_make(k->q->command, k->q->command_size);
	phase_inside(k);
}

static void phase_close(struct asking *k)
{
	struct serve_login *l = serve_login_of(k->s, &k->peer->proc);
	k->d = (struct gate_decision){.allow = true, .reason = GATE_OK, .until = NSTIME_NONE};
	if (l && l->monitor == k->peer->pid)
		serve_login_closed(k->s, l);
}

enum who { WHO_ROOT, WHO_KEYS, WHO_ACCOUNT };
static const struct phase {
	void (*fn)(struct asking *k);
	enum who who;
	const char *action;
} phases[] = {
	[PHASE_KEYS] = {phase_keys, WHO_KEYS, "gate-keys"},
	[PHASE_AUTH] = {phase_auth, WHO_ROOT, "gate-auth"},
	[PHASE_ACCOUNT] = {phase_account, WHO_ROOT, "gate-account"},
	[PHASE_SESSION] = {phase_session, WHO_ROOT, "gate-session"},
	[PHASE_EXEC] = {phase_exec, WHO_ACCOUNT, "gate-exec"},
	[PHASE_CLOSE] = {phase_close, WHO_ROOT, "gate-close"},
};

/* ---- is it a question? --------------------------------------------------------------------------------------------------- */

static bool ends(const char *text, size_t n)
{
	return memchr(text, 0, n) != NULL;
}

static bool is_whole(const struct gate_ask *q)
{
	return q->magic == GATE_MAGIC && q->version == GATE_VERSION && q->phase < ARRAY_LEN(phases) && phases[q->phase].fn && ends(q->service, sizeof q->service) &&
	       ends(q->account, sizeof q->account) && ends(q->rhost, sizeof q->rhost) && ends(q->tty, sizeof q->tty) && ends(q->code, sizeof q->code) &&
	       ends(q->auth_info, sizeof q->auth_info) && q->command_size <= sizeof q->command;
}

/* 0 when there is no such account, or nobody can say. */
static uid_t uid_of(const char *account)
{
	struct passwd pw, *found = NULL;
	char *room = xmalloc(ENTRY_MOST);
	uid_t uid = getpwnam_r(account, &pw, room, ENTRY_MOST, &found) == 0 && found ? pw.pw_uid : 0;
	free(room);
	return uid;
}

static bool may_ask(const struct gate_service *s, enum who who, const struct serve_peer *p, uid_t account)
{
	if (who == WHO_ROOT)
		return p->uid == 0;
	if (who == WHO_KEYS)
		return p->uid == 0 || (s->keys_uid && p->uid == s->keys_uid);
	return account && p->uid == account && s->recorder_gid && p->gid == s->recorder_gid;
}

/* ---- the answer ---------------------------------------------------------------------------------------------------------- */

static void write_down(struct asking *k)
{
	const struct phase *ph = &phases[k->q->phase];
	struct slice actor = k->d.person ? k->d.person->id : SL("unknown");
	char object[400];
	struct buf b = {0};
	if (k->silent)
		return;
	snprintf(object, sizeof object, "%s@%s", k->q->account, k->s->host);
	buf_addf(&b, "%s; %s", gate_reason_text(k->d.reason), k->a->reference);
	const struct { const char *name; struct slice text; } more[] = {{"service", slice_of(k->q->service)}, {"from", slice_of(k->q->rhost)}, {"key", k->r.fingerprint},
		{"grant", k->d.grant ? k->d.grant->id : SLICE_NONE}, {"session", slice_of(k->login ? k->login->id : "")}, {"note", slice_of(k->note)}};
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		if (more[i].text.n)
			buf_addf(&b, "; %s %.*s", more[i].name, SLFMT(more[i].text));
	if (k->q->phase == PHASE_EXEC && k->q->command_size)
		buf_addf(&b, "; command %.*s", (int)MIN(k->q->command_size, 1024u), k->q->command);
	bool told = serve_record(k->s, actor, ph->action, slice_of(object), k->d.allow, "%.*s", SLFMT(buf_slice(&b)));
	buf_free(&b);
	if (!told && k->d.allow)
		deny(k, GATE_FAULT);
}

static void fill_answer(struct asking *k)
{
	struct gate_answer *a = k->a;
	a->allow = k->d.allow;
	a->reason = (uint32_t)k->d.reason;
	a->until = k->d.allow ? k->d.until : 0;
	a->record = k->d.allow && k->d.grant && k->d.grant->record;
	if (k->d.allow)
		return;
	memset(a->keys, 0, sizeof a->keys);
	a->keys_size = 0;
	snprintf(a->text, sizeof a->text, "postern: access denied: %s. Ask the administrators, reference %s.", gate_reason_text(k->d.reason), a->reference);
}

static void prepare(struct asking *k)
{
	const struct gate_ask *q = k->q;
	uint8_t random[4];
	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		memset(random, 0, sizeof random);
	snprintf(k->a->reference, sizeof k->a->reference, "R-%02x%02x%02x%02x", random[0], random[1], random[2], random[3]);
	k->has_key = serve_key(slice_of(q->auth_info), &k->mem, &k->key);
	k->r = (struct gate_request){.phase = (enum gate_phase)q->phase, .service = slice_of(q->service), .account = slice_of(q->account), .host = slice_of(k->s->host),
		.fingerprint = k->has_key ? k->key.fingerprint : SLICE_NONE};
	if (ip_parse(slice_of(q->rhost), &k->source))
		k->r.source = &k->source;
	deny(k, GATE_FAULT);
}

bool serve_answer(struct gate_service *s, const struct serve_peer *peer, struct gate_answer *a, struct serve_login **exec)
{
	const struct gate_ask *q = &s->ask;
	*exec = NULL;
	if (!is_whole(q))
		return false;
	struct asking k = {.s = s, .peer = peer, .q = q, .a = a, .uid = uid_of(q->account), .silent = q->phase == PHASE_CLOSE /* written down when nothing is left */};
	const struct phase *ph = &phases[q->phase];
	if (!may_ask(s, ph->who, peer, k.uid)) {
		(void)serve_record(s, SL("unknown"), ph->action, slice_of(q->account), false, "asked by user %u, who has no business asking", (unsigned)peer->uid);
		return false;
	}
	memset(a, 0, sizeof *a);
	a->magic = GATE_MAGIC;
	a->version = GATE_VERSION;
	arena_init(&k.mem);
	prepare(&k);
	if (k.uid)
		ph->fn(&k);
	else
		deny(&k, GATE_NO_GRANT); /* root, or nobody: never a provider's */
	write_down(&k);
	fill_answer(&k);
	arena_free(&k.mem);
	if (q->phase == PHASE_EXEC && a->allow)
		*exec = k.login;
	return true;
}
