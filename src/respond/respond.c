/* respond.c - carrying out and taking back: checked here again, written to the audit log before and after. */
#include "respond/respond_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SENTENCE_MOST = 2000 };

/* ---- names -------------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *text;
} names[RESPONSE_COUNT] = {
#define X(id, name, text) {name, text},
	RESPONSES(X)
#undef X
};

const char *response_name(enum response r)
{
	return (size_t)r < RESPONSE_COUNT ? names[r].name : "";
}

const char *response_text(enum response r)
{
	return (size_t)r < RESPONSE_COUNT ? names[r].text : "";
}

bool response_by_name(struct slice name, enum response *out)
{
	for (size_t i = 0; i < RESPONSE_COUNT; i++)
		if (slice_eqz(name, names[i].name)) {
			*out = (enum response)i;
			return true;
		}
	return false;
}

enum deed_end deed_say(struct deed *d, enum deed_end end, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_addz(&d->said, text);
	return end;
}

/* ---- through the gate ---------------------------------------------------------------------------------------------------- */

typedef int gate_fn(void *arg, struct slice what, struct slice reason, struct err *e);

static enum deed_end ask_gate(struct deed *d, gate_fn *fn, const char *doing, const char *did)
{
	struct err e;
	char reason[80];
	if (!d->gate || !fn || (d->gate->there && !d->gate->there(d->gate->arg)))
		return deed_say(d, DEED_REFUSED, "the gate is not set up on this machine: without it there is nothing to %s", doing);
	if (d->dry)
		return deed_say(d, DEED_DONE, "would %s %.*s", doing, SLFMT(d->a->target));
	snprintf(reason, sizeof reason, "incident %s", d->a->incident);
	if (fn(d->gate->arg, d->a->target, slice_of(reason), &e))
		return deed_say(d, DEED_FAILED, "the gate did not %s %.*s: %s", doing, SLFMT(d->a->target), e.text);
	return deed_say(d, DEED_DONE, "%.*s %s", SLFMT(d->a->target), did);
}

static enum deed_end check_provider(struct deed *d)
{
	const struct slice id = d->a->target;
	if (!name_plain(id, 128))
		return deed_say(d, DEED_REFUSED, "the target is no name of a provider");
	if (provider_never(d->c, id))
		return deed_say(d, DEED_REFUSED, "%.*s is on the list of what is never touched", SLFMT(id));
	if (d->c->org && !org_provider(d->c->org, id))
		return deed_say(d, DEED_REFUSED, "the organisation file has no provider %.*s", SLFMT(id));
	return DEED_DONE;
}

static enum deed_end provider_suspend(struct deed *d)
{
	enum deed_end r = check_provider(d);
	return r ? r : ask_gate(d, d->gate ? d->gate->suspend_provider : NULL, "suspend", "is suspended: its grants do not open");
}

static enum deed_end provider_resume(struct deed *d)
{
	return ask_gate(d, d->gate ? d->gate->resume_provider : NULL, "resume", "is not suspended any more");
}

static enum deed_end grant_revoke(struct deed *d)
{
	if (!name_plain(d->a->target, 128))
		return deed_say(d, DEED_REFUSED, "the target is no name of a grant");
	return ask_gate(d, d->gate ? d->gate->revoke_grant : NULL, "revoke", "is revoked");
}

static enum deed_end grant_restore(struct deed *d)
{
	return ask_gate(d, d->gate ? d->gate->restore_grant : NULL, "restore", "holds again");
}

static const struct {
	deed_fn *run, *undo;
} deeds[RESPONSE_COUNT] = {
	[RESPOND_SUSPEND_PROVIDER] = {provider_suspend, provider_resume},
	[RESPOND_REVOKE_GRANT] = {grant_revoke, grant_restore},
	[RESPOND_END_SESSIONS] = {sessions_end, sessions_return},
	[RESPOND_DISABLE_KEYS] = {keys_disable, keys_return},
	[RESPOND_BLOCK_ADDRESS] = {address_block, address_release},
};

/* ---- running and undoing --------------------------------------------------------------------------------------------------- */

static nstime now_is(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (nstime)t.tv_sec * NS_SEC + t.tv_nsec;
}

static int record(struct chain *audit, struct slice who, const char *what, const struct store_action *a, const char *outcome, struct slice said, struct err *e)
{
	char action[64];
	struct buf detail = {0};
	enum response kind;
	/* what is no response is not put into the name of the action */
	snprintf(action, sizeof action, "%s-%s", what, response_by_name(a->kind, &kind) ? response_name(kind) : "unknown");
	buf_addf(&detail, "incident %s, response %s%s", a->incident, a->id, said.n ? ": " : "");
	buf_adds(&detail, said);
	struct chain_record r = {.time = now_is(), .actor = who, .action = slice_of(action), .object = slice_to(a->target, 512), .outcome = slice_of(outcome),
		.detail = buf_slice(&detail)};
	int rc = chain_append(audit, &r, e);
	buf_free(&detail);
	return rc;
}

static bool in_rules(const struct respond_config *c, enum response kind)
{
	for (size_t i = 0; i < c->nrules; i++)
		if (c->rules[i].response[kind])
			return true;
	return false;
}

static void finish(struct deed *d, enum action_state state)
{
	struct store_action *a = d->a;
	a->state = state;
	a->done = d->now;
	a->result = slice_dup(d->mem, slice_to(buf_slice(&d->said), SENTENCE_MOST));
	if (d->undo.n)
		a->undo = slice_dup(d->mem, buf_slice(&d->undo));
	buf_free(&d->said);
	buf_free(&d->undo);
}

int respond_run(const struct respond_config *c, const struct respond_gate *gate, struct chain *audit, struct slice who, struct store_action *a, struct arena *mem, struct err *e)
{
	struct deed d = {.c = c, .gate = gate, .a = a, .mem = mem, .now = now_is(), .dry = !c->by_hand && (c->dry_run || a->dry_run)};
	enum response kind;
	enum deed_end end;
	bool known = response_by_name(a->kind, &kind);
	if (known && !d.dry) {
		int rc = record(audit, who, "run", a, "begun", SLICE_NONE, e);
		if (rc)
			return rc; /* nothing is done that could not be told later */
	}
	if (!known)
		end = deed_say(&d, DEED_REFUSED, "there is no such response");
	else if (!name_plain(slice_of(a->id), sizeof a->id)) /* it becomes part of names of files */
		end = deed_say(&d, DEED_REFUSED, "the id of the response is none");
	else if (!c->by_hand && !in_rules(c, kind))
		end = deed_say(&d, DEED_REFUSED, "no rule of the configuration asks for %s", response_name(kind));
	else
		end = deeds[kind].run(&d);
	a->dry_run = d.dry;
	finish(&d, end == DEED_REFUSED ? ACTION_REFUSED : end == DEED_FAILED ? ACTION_FAILED : d.dry ? ACTION_DRY : ACTION_DONE);
	return record(audit, who, "run", a, end == DEED_REFUSED ? "refused" : end == DEED_FAILED ? "failure" : d.dry ? "dry-run" : "success", a->result, e);
}

int respond_undo(const struct respond_config *c, const struct respond_gate *gate, struct chain *audit, struct slice who, struct store_action *a, struct arena *mem, struct err *e)
{
	struct deed d = {.c = c, .gate = gate, .a = a, .mem = mem, .now = now_is()};
	enum response kind;
	bool begun = a->state == ACTION_BEGUN || a->state == ACTION_DONE || a->state == ACTION_FAILED || a->state == ACTION_UNDOING || a->state == ACTION_UNDONE;
	if (!begun || a->dry_run || !response_by_name(a->kind, &kind) || !name_plain(slice_of(a->id), sizeof a->id))
		return err_set(e, ERR_USAGE, "response %s was never carried out: there is nothing to undo", a->id);
	int rc = record(audit, who, "undo", a, "begun", SLICE_NONE, e);
	if (rc)
		return rc;
	enum deed_end end = deeds[kind].undo(&d);
	finish(&d, end == DEED_DONE ? ACTION_UNDONE : ACTION_UNDOING); /* half undone can be tried again */
	return record(audit, who, "undo", a, end == DEED_DONE ? "success" : end == DEED_REFUSED ? "refused" : "failure", a->result, e);
}
