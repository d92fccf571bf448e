/* broker_session.c - logging in and out, passwords, second factors. */
#include "console/accounts.h"

#include <stdio.h>

/* What a try came to, as an answer and as a record of the audit log. */
static int tell_end(struct broker *b, const char *action, struct slice name, const struct broker_ask *q, enum login_end end, nstime wait, struct broker_answer *a, struct err *e)
{
	struct err ignored;
	a->number = wait / NS_SEC + 1;
	if (end == LOGIN_WAIT) /* not looked at: not written down either, or the log could be filled */
		return err_set(e, ERR_STOPPED, "too many wrong tries: wait %lld seconds", (long long)a->number);
	if (end == LOGIN_WRONG) {
		broker_note(b, name, action, slice_of(q->source), "failure", SLICE_NONE, &ignored);
		return err_set(e, ERR_PERM, "name, password or code is wrong");
	}
	a->number = 0;
	return broker_note(b, name, action, slice_of(q->source), "success", end == LOGIN_RECOVERY ? SL("with a recovery code") : SLICE_NONE, e);
}

static int begin_session(struct broker *b, const struct broker_ask *q, struct broker_answer *a, struct err *e)
{
	struct err ignored;
	if (*q->token) /* whatever was there before is over: nobody gets a session that somebody else knew */
		accounts_session_end(b->accounts, slice_of(q->token), &ignored);
	return accounts_session_make(b->accounts, &a->who, slice_of(q->source), b->now, a->token, e);
}

int broker_login(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	const struct login l = {slice_of(q->id), slice_of(q->text), slice_of(q->code), slice_of(q->source), b->now};
	enum login_end end = LOGIN_WRONG;
	nstime wait = 0;
	(void)who, (void)fd;
	int rc = accounts_login(b->accounts, &l, &end, &wait, &a->who, e);
	if (!rc)
		rc = tell_end(b, "console-login", accounts_name_fine(l.name) ? l.name : SL("?"), q, end, wait, a, e);
	return rc ? rc : begin_session(b, q, a, e);
}

struct noting {
	struct broker *b;
	const char *action, *source;
	struct slice name, token;
};

static int note_invited(void *arg, struct slice name, struct err *e)
{
	const struct noting *x = arg;
	return broker_note(x->b, name, x->action, slice_of(x->source), "success", SLICE_NONE, e);
}

int broker_invite(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	const struct login l = {SLICE_NONE, slice_of(q->code), slice_of(q->text), slice_of(q->source), b->now};
	char name[NAME_MOST + 1];
	enum login_end end = LOGIN_WRONG;
	nstime wait = 0;
	struct noting x = {.b = b, .action = "console-invited", .source = q->source};
	(void)who, (void)fd;
	int rc = accounts_invited(b->accounts, &l, note_invited, &x, name, &end, &wait, e);
	if (!rc && end != LOGIN_GOOD) /* that one is on record */
		rc = tell_end(b, x.action, *name ? slice_of(name) : SL("?"), q, end, wait, a, e);
	if (!rc)
		rc = accounts_who(b->accounts, slice_of(name), &a->who, e);
	if (!rc && a->who.factor) { /* a word replaces the password, not the device */
		snprintf(a->text, sizeof a->text, "login");
		return 0;
	}
	return rc ? rc : begin_session(b, q, a, e);
}

int broker_who(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	(void)b, (void)q, (void)fd, (void)e;
	a->who = *who;
	return 0;
}

int broker_logout(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	(void)a, (void)fd;
	int rc = broker_note(b, slice_of(who->name), "console-logout", slice_of(q->source), "success", SLICE_NONE, e);
	return rc ? rc : accounts_session_end(b->accounts, slice_of(q->token), e);
}

/* The password of who is logged in, once more. */
static int again(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct slice password, const char *action, struct broker_answer *a, struct err *e)
{
	const struct login l = {slice_of(who->name), password, SLICE_NONE, slice_of(q->source), b->now};
	enum login_end end = LOGIN_WRONG;
	nstime wait = 0;
	int rc = accounts_password_check(b->accounts, &l, &end, &wait, e);
	return rc ? rc : tell_end(b, action, l.name, q, end, wait, a, e);
}

int broker_password(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	struct slice name = slice_of(who->name);
	(void)fd;
	int rc = accounts_password_fine(name, slice_of(q->text), e);
	if (!rc)
		rc = again(b, q, who, slice_of(q->code), "console-password", a, e);
	if (!rc)
		rc = console_user_password(b->accounts, name, slice_of(q->text), e); /* ends all sessions, this one too */
	a->who = *who;
	return rc ? rc : accounts_session_make(b->accounts, &a->who, slice_of(q->source), b->now, a->token, e);
}

int broker_language(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	(void)a, (void)fd;
	if (q->number < 0 || q->number >= LURE_LANGUAGES)
		return err_set(e, ERR_RANGE, "there is no such language");
	return vault_run(b->accounts->vault, "UPDATE console_user SET language=?2 WHERE name=?1", NULL, NULL, e, "si", slice_of(who->name), q->number);
}

/* ---- second factor ----------------------------------------------------------------------------------------------------------------------------------- */

static int hand_over(struct buf *secret, int rc, int *fd, struct err *e)
{
	if (!rc)
		rc = broker_bytes(secret, fd, e);
	factor_wipe(secret);
	return rc;
}

int broker_enroll(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	const struct factor_kind kind = {FACTOR_SHA1, 6, 30};
	char person[80];
	struct buf uri = {0};
	int rc = again(b, q, who, slice_of(q->code), "console-enroll", a, e);
	if (!rc)
		rc = factor_enroll(b->accounts->factor, accounts_person(slice_of(who->name), person), SL("Postern"), &kind, &uri, e);
	return hand_over(&uri, rc, fd, e);
}

/* Sessions of before count no more: who knew only the password is out. */
static int note_confirmed(void *arg, struct err *e)
{
	const struct noting *x = arg;
	int rc = accounts_sessions_end(x->b->accounts, x->name, x->token, e);
	return rc ? rc : broker_note(x->b, x->name, x->action, x->name, "success", SLICE_NONE, e);
}

int broker_confirm(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	char person[80];
	struct buf codes = {0};
	struct noting x = {.b = b, .action = "console-factor-confirmed", .name = slice_of(who->name), .token = slice_of(q->token)};
	(void)a;
	int rc = factor_confirm(b->accounts->factor, accounts_person(x.name, person), slice_of(q->code), slice_of(q->text), b->now, note_confirmed, &x, &codes, e);
	return hand_over(&codes, rc, fd, e);
}

/* ---- users ------------------------------------------------------------------------------------------------------------------------------------------- */

static int add_user(void *arg, const struct console_user *u)
{
	struct buf *b = arg;
	buf_sized(b, u->name);
	buf_sized(b, u->shown);
	buf_sized(b, u->mail);
	buf_sized(b, u->team);
	buf_u32(b, u->roles);
	buf_u32(b, u->disabled);
	buf_u32(b, u->factor);
	buf_u64(b, (uint64_t)u->last);
	return 0;
}

int broker_users(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	struct buf out = {0};
	(void)q, (void)who, (void)a;
	int rc = console_users(b->accounts, add_user, &out, e);
	if (!rc)
		rc = broker_bytes(&out, fd, e);
	buf_free(&out);
	return rc;
}

int broker_version(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	int64_t now = 0;
	(void)q, (void)who, (void)fd;
	int rc = b->gate_vault ? vault_version(b->gate_vault, &now, e) : 0;
	b->gate_changes += now != b->gate_version;
	b->gate_version = now;
	a->number = (int64_t)b->gate_changes;
	return rc;
}
