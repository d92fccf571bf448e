/* broker.c - takes questions of fixed size, checks whose session asks and whether it may, and hands them to broker_NAME(). */
#include "console/accounts.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned roles;
	enum broker_fresh fresh;
	broker_fn *fn;
} ops[BROKER_OP_COUNT] = {
#define X(id, fn, roles, fresh) [BROKER_##id] = {#fn, roles, fresh, broker_##fn},
	BROKER_OPS(X)
#undef X
};

/* ---- what those who answer share ---------------------------------------------------------------------------------------------------------------- */

int broker_bytes(const struct buf *b, int *fd, struct err *e)
{
	*fd = memfd_create("postern-answer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	for (size_t at = 0; *fd >= 0 && at < b->n;) {
		ssize_t n = write(*fd, b->p + at, b->n - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			close(*fd);
			*fd = -1;
		}
		at += (size_t)MAX(n, 0);
	}
	if (*fd >= 0 && fcntl(*fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return 0;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return err_set(e, ERR_IO, "no memory for an answer: %m");
}

int broker_note(struct broker *b, struct slice actor, const char *action, struct slice object, const char *outcome, struct slice detail, struct err *e)
{
	const struct chain_record r = {b->now, actor, slice_of(action), object, slice_of(outcome), detail};
	return b->audit ? chain_append(b->audit, &r, e) : 0;
}

/* ---- a question ----------------------------------------------------------------------------------------------------------------------------------- */

static bool ends(const char *text, size_t n)
{
	return memchr(text, 0, n) != NULL;
}

static bool well_formed(const struct sys_message *m, const struct broker_ask *q)
{
	return m->body.n == sizeof *q && q->magic == BROKER_MAGIC && q->op < BROKER_OP_COUNT && ends(q->token, sizeof q->token) && ends(q->source, sizeof q->source) &&
	       ends(q->id, sizeof q->id) && ends(q->text, sizeof q->text) && ends(q->code, sizeof q->code);
}

/* What opens something asks for the second factor again: the web process alone must not be able to. Who has none enrols one first. */
static int check_fresh(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, struct err *e)
{
	struct login l = {slice_of(who->name), SLICE_NONE, slice_of(q->code), slice_of(q->source), b->now};
	enum login_end end = LOGIN_WRONG;
	nstime wait = 0;
	if (!who->factor)
		return err_set(e, ERR_PERM, "this asks for a second factor: enrol one on the page Account first");
	int rc = accounts_factor_check(b->accounts, &l, &end, &wait, e);
	if (rc || end == LOGIN_GOOD)
		return rc;
	struct err ignored;
	broker_note(b, l.name, "console-factor", slice_of(ops[q->op].name), end == LOGIN_RECOVERY ? "success" : "failure",
		end == LOGIN_RECOVERY ? SL("with a recovery code") : SL("wrong code"), &ignored);
	if (end == LOGIN_RECOVERY)
		return 0;
	a->number = wait / NS_SEC + 1;
	return end == LOGIN_WAIT ? err_set(e, ERR_STOPPED, "too many wrong codes: wait %lld seconds", (long long)a->number)
				 : err_set(e, ERR_PERM, "the code is wrong, or was used already");
}

static int do_ask(struct broker *b, const struct broker_ask *q, struct broker_answer *a, int *fd, struct err *e)
{
	struct broker_who who = {0};
	int rc = 0;
	if (ops[q->op].roles) {
		rc = accounts_session_who(b->accounts, slice_of(q->token), b->now, q->op != BROKER_WHO || !q->number, &who, e);
		if (rc)
			return rc == ERR_NOENT ? err_set(e, ERR_PERM, "the session is over: log in again") : rc;
		if (!(who.roles & ops[q->op].roles))
			return err_set(e, ERR_PERM, "this is not for your role");
	}
	b->gate.actor = slice_of(who.name);
	b->gate.now = b->now;
	if (ops[q->op].fresh == FRESH_FACTOR)
		rc = check_fresh(b, q, &who, a, e);
	return rc ? rc : ops[q->op].fn(b, q, &who, a, fd, e);
}

static int answer(struct broker *b, int channel, struct sys_message *m, struct err *e)
{
	struct broker_ask q;
	struct broker_answer a = {.magic = BROKER_MAGIC};
	struct err why = {0};
	struct timespec ts;
	int fd = -1;
	clock_gettime(CLOCK_REALTIME, &ts);
	b->now = ts.tv_sec * NS_SEC + ts.tv_nsec;
	memcpy(&q, m->body.p, MIN(m->body.n, sizeof q));
	if (!well_formed(m, &q)) /* the web process is not ours any more */
		return err_set(e, ERR_SYNTAX, "the web process asks what it should not");
	a.serial = q.serial;
	a.status = do_ask(b, &q, &a, &fd, &why);
	if (a.status)
		snprintf(a.text, sizeof a.text, "%s", why.text);
	sodium_memzero(&q, sizeof q);
	sodium_memzero(m->buf, sizeof m->buf);
	int rc = sys_send(channel, BROKER_MAGIC, slice_make((const char *)&a, sizeof a), a.status ? -1 : fd, 5000, e);
	if (fd >= 0)
		close(fd);
	sodium_memzero(&a, sizeof a);
	return rc;
}

/* ---- a thread -------------------------------------------------------------------------------------------------------------------------------------- */

static int open_all(struct broker *b, struct err *e)
{
	char path[4096];
	const char *state = b->o->state;
	b->accounts = console_accounts_open(state, false, e);
	if (!b->accounts)
		return e->code;
	int n = snprintf(path, sizeof path, "%s/audit.log", state);
	if (n < 0 || (size_t)n >= sizeof path)
		return err_set(e, ERR_LIMIT, "the name of the state's folder is too long");
	b->audit = chain_open(path, NULL, NULL, e);
	if (!b->audit)
		return e->code;
	b->gate.audit = b->audit;
	if (b->o->gate)
		b->gate.settings = *b->o->gate;
	return 0;
}

/* The gate may begin while we run. */
static void open_gate(struct broker *b)
{
	char path[4096];
	struct err e;
	int n = snprintf(path, sizeof path, "%s/gate.db", b->o->state);
	if (b->gate_vault || n < 0 || (size_t)n >= sizeof path || access(path, F_OK))
		return;
	b->gate_vault = vault_open(path, VAULT_WRITE, &e);
	b->gate.vault = b->gate_vault;
	if (!b->gate_vault)
		core_log(LOG_LEVEL_WARN, "console: the gate cannot be opened: %s", e.text);
}

int broker_serve(const struct console_options *o, struct broker_shared *shared, int channel, struct err *e)
{
	struct broker b = {.o = o, .shared = shared};
	struct sys_message *m = xcalloc(1, sizeof *m);
	int rc = open_all(&b, e);
	while (!rc) {
		struct pollfd p = {.fd = channel, .events = POLLIN};
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			rc = err_set(e, ERR_IO, "poll: %m");
		int got = rc ? rc : sys_receive(channel, m, e);
		if (got > 0 && m->fd >= 0)
			close(m->fd);
		if (got > 0)
			open_gate(&b);
		rc = got > 0 ? answer(&b, channel, m, e) : got;
	}
	if (b.audit)
		chain_close(b.audit);
	broker_forget_picture(&b);
	vault_close(b.gate_vault);
	console_accounts_close(b.accounts);
	free(m);
	return rc;
}
