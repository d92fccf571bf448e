/* grants.c - changes of grants: asked for by one, approved by another. */
#include "gate/model_private.h"

#include <stdio.h>

struct one {
	struct gate_grant *out;
	bool there;
};

static int take_grant(void *arg, struct gate_grant *x)
{
	struct one *o = arg;
	*o->out = *x;
	o->there = true;
	return 0;
}

int gate_grant_get(struct gate *g, struct slice id, struct arena *mem, struct gate_grant *out, struct err *e)
{
	struct one o = {out, false};
	if (!id.n)
		return err_set(e, ERR_USAGE, "name a grant");
	int rc = gate_grants_read(g->vault, id, mem, take_grant, &o, e);
	return rc || o.there ? rc : err_set(e, ERR_NOENT, "there is no grant %.*s", SLFMT(slice_to(id, GATE_ID_MAX)));
}

/* ---- asking ----------------------------------------------------------------------------------------------------------------- */

static nstime longest(const struct gate *g)
{
	const nstime most = GATE_LONGEST_DAYS * NS_DAY;
	return g->settings.longest ? MIN(g->settings.longest, most) : most;
}

static void tell_span(nstime t, char *out, size_t n)
{
	int days = (int)(t / NS_DAY), hours = (int)(t % NS_DAY / NS_HOUR), minutes = (int)(t % NS_HOUR / NS_MIN);
	if (days && !hours)
		snprintf(out, n, "%d days", days);
	else if (days)
		snprintf(out, n, "%d days %d h", days, hours);
	else
		snprintf(out, n, minutes ? "%d h %d min" : "%d h", hours, minutes);
}

static int check_span(nstime from, nstime until, nstime now, nstime most, struct err *e)
{
	char text[64];
	nstime lasts;
	if (from < 0 || until <= from || __builtin_sub_overflow(until, from, &lasts))
		return err_set(e, ERR_RANGE, "it would end before it begins");
	if (until <= now)
		return err_set(e, ERR_RANGE, "its end is over");
	tell_span(most, text, sizeof text);
	return lasts <= most ? 0 : err_set(e, ERR_LIMIT, "a grant lasts %s at most: the end lies further away", text);
}

static int take_int(void *arg, const struct vault_row *r)
{
	*(int64_t *)arg = vault_int(r, 0);
	return 0;
}

struct number {
	int64_t day, number;
	char text[GATE_ID_MAX];
};

static int next_number(struct gate *g, struct number *n, struct err *e)
{
	struct civil c = civil_of(gate_now(g));
	n->day = (int64_t)c.year * 10000 + c.month * 100 + c.day;
	int rc = vault_run(g->vault, "SELECT coalesce(max(number),0)+1 FROM permit WHERE day=?1", take_int, &n->number, e, "i", n->day);
	snprintf(n->text, sizeof n->text, "G-%08lld-%lld", (long long)n->day, (long long)n->number);
	return rc;
}

static int store_grant(struct gate *g, const struct gate_grant *x, const struct number *n, const char *digest, struct err *e)
{
	struct buf hosts = {0}, sources = {0}, windows = {0}, commands = {0};
	gate_texts_out(&hosts, x->hosts, x->nhosts);
	gate_sources_out(&sources, x->sources, x->nsources);
	gate_windows_out(&windows, x->windows, x->nwindows);
	gate_texts_out(&commands, x->commands, x->ncommands);
	int rc = vault_run(g->vault,
		"INSERT INTO permit(id,day,number,person,provider,hosts,account,sources,start,until,windows,zone,may,commands,factor,record,emergency,state,requester,approver,"
		"approved,purpose,ticket,version,created,decided,reason,wanted,wanter,boot,boot_id) VALUES(?1,?2,?3,nullif(?4,''),nullif(?5,''),?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,"
		"?18,?19,?20,?21,?22,?23,1,?24,?25,'',NULL,'',NULL,'')",
		NULL, NULL, e, "siissssstt" "ssisiiiisss" "sstt", x->id, n->day, n->number, x->person, x->provider, buf_slice(&hosts), x->account, buf_slice(&sources), (int64_t)x->from,
		(int64_t)x->until, buf_slice(&windows), x->zone, (int64_t)x->may, buf_slice(&commands), (int64_t)x->factor, (int64_t)x->record, (int64_t)x->emergency,
		(int64_t)x->state, x->requester, x->approver, slice_of(digest), x->purpose, x->ticket, (int64_t)x->created, (int64_t)x->decided);
	buf_free(&hosts);
	buf_free(&sources);
	buf_free(&windows);
	buf_free(&commands);
	return rc;
}

static int add_word(struct gate *g, struct slice id, int64_t version, const char *what, struct slice reason, const char *digest, struct err *e)
{
	return vault_run(g->vault, "INSERT INTO permit_word(permit,version,time,who,what,reason,digest) VALUES(?1,?2,?3,?4,?5,?6,?7)", NULL, NULL, e, "sitssss", id, version,
		(int64_t)gate_now(g), g->actor, slice_of(what), reason, slice_of(digest));
}

/* Who it is for is there; people of a provider whose contract is over get nothing. */
static int check_whom(struct gate *g, const struct gate_grant *x, struct err *e)
{
	int64_t over = 0;
	int rc = x->person.n ? gate_need(g, "person", x->person, e) : gate_need(g, "provider", x->provider, e);
	if (!rc)
		rc = vault_run(g->vault, "SELECT 1 FROM provider WHERE id=coalesce((SELECT provider FROM person WHERE id=?1),?2) AND until<=?3", take_int, &over, e, "ssi", x->person,
			x->provider, (int64_t)gate_now(g));
	return rc || !over ? rc : err_set(e, ERR_PERM, "the provider's contract is over");
}

/* Writes a new grant, as it is filled in; fills id (static room of *n). */
static int make_grant(struct gate *g, struct gate_grant *x, const char *what, struct number *n, struct err *e)
{
	char digest[2 * CHAIN_HASH + 1];
	int rc = check_whom(g, x, e);
	if (!rc)
		rc = next_number(g, n, e);
	if (rc)
		return rc;
	x->id = slice_of(n->text);
	x->version = 1;
	x->created = gate_now(g);
	x->wanted = x->boot_until = NSTIME_NONE;
	gate_grant_digest(x, digest);
	rc = store_grant(g, x, n, x->state == GRANT_APPROVED ? digest : "", e);
	return rc ? rc : add_word(g, x->id, 1, what, x->purpose, digest, e);
}

static void describe(const struct gate_grant *x, struct buf *b)
{
	char from[40], until[40], digest[2 * CHAIN_HASH + 1];
	gate_grant_digest(x, digest);
	buf_addf(b, "for %s%.*s as %.*s, %s to %s, asked for by %.*s, sha256 %.16s: ", x->person.n ? "" : "everybody of ", SLFMT(x->person.n ? x->person : x->provider),
		SLFMT(x->account), time_plain(x->from, from), time_plain(x->until, until), SLFMT(x->requester), digest);
	buf_adds(b, x->purpose);
	buf_addc(b, 0);
}

static int finish_new(struct gate *g, int rc, const char *action, struct gate_grant *x, const struct number *n, struct err *e)
{
	struct buf detail = {0};
	describe(x, &detail);
	rc = gate_change_end(g, rc, action, x->id.n ? x->id : SL("-"), detail.p, e);
	snprintf(x->id_text, sizeof x->id_text, "%s", rc ? "" : n->text);
	x->id = slice_of(x->id_text);
	buf_free(&detail);
	return rc;
}

int gate_grant_request(struct gate *g, struct gate_grant *x, struct err *e)
{
	struct number n = {0};
	nstime now = gate_now(g);
	x->requester = g->actor;
	x->approver = x->id = SLICE_NONE;
	x->state = GRANT_REQUESTED;
	x->emergency = false;
	x->decided = NSTIME_NONE;
	x->from = x->from ? x->from : now;
	x->until = x->until ? x->until : x->from + (g->settings.usual ? g->settings.usual : GATE_USUAL_HOURS * NS_HOUR);
	int rc = gate_check_grant(x, e);
	if (!rc)
		rc = check_span(x->from, x->until, now, longest(g), e);
	if (!rc && (!g->actor.n || slice_eq(g->actor, SL("root"))))
		rc = err_set(e, ERR_PERM, "root is nobody in particular: ask as yourself, through sudo");
	if (!rc)
		rc = gate_change_begin(g, e);
	return rc ? rc : finish_new(g, make_grant(g, x, "requested", &n, e), "grant-requested", x, &n, e);
}

/* ---- break-glass -------------------------------------------------------------------------------------------------------------- */

int gate_emergency(struct gate *g, struct gate_grant *x, struct err *e)
{
	struct number n = {0};
	nstime now = gate_now(g);
	x->requester = x->approver = g->actor;
	x->id = SLICE_NONE;
	x->state = GRANT_APPROVED;
	x->emergency = x->record = true;
	x->from = x->decided = now;
	x->until = x->until ? x->until : now + GATE_EMERGENCY_MINUTES * NS_MIN;
	int rc = gate_check_grant(x, e);
	if (!rc)
		rc = check_span(x->from, x->until, now, GATE_EMERGENCY_MINUTES * NS_MIN, e);
	if (!rc)
		rc = gate_change_begin(g, e);
	if (rc)
		return rc;
	rc = gate_actor_staff(g, "open", e);
	if (!rc && (!g->settings.emergency.n || !slice_eq(g->settings.emergency, g->actor)))
		rc = err_set(e, ERR_PERM, g->settings.emergency.n ? "an emergency grant is opened by %.*s alone" : "nobody is named who may open an emergency grant (gate: emergency: NAME)%.*s",
			SLFMT(g->settings.emergency));
	rc = finish_new(g, rc ? rc : make_grant(g, x, "emergency", &n, e), "grant-emergency", x, &n, e);
	if (!rc)
		core_log(LOG_LEVEL_ERROR, "EMERGENCY: %.*s opened grant %.*s for %.*s without approval: %.*s", SLFMT(g->actor), SLFMT(x->id), SLFMT(x->person.n ? x->person : x->provider),
			SLFMT(x->purpose));
	return rc;
}

/* ---- deciding ----------------------------------------------------------------------------------------------------------------- */

/* Whoever says yes is named for it, is nobody of a provider, and is not who asked. */
static int check_approver(struct gate *g, const struct gate_grant *x, struct slice asked_by, const char *doing, struct err *e)
{
	bool named = !g->settings.napprovers;
	int rc = gate_actor_staff(g, doing, e);
	if (rc)
		return rc;
	for (size_t i = 0; i < g->settings.napprovers; i++)
		named = named || slice_eq(g->settings.approvers[i], g->actor);
	if (!named)
		return err_set(e, ERR_PERM, "%.*s is not among the approvers of postern.yaml", SLFMT(g->actor));
	if (slice_eq(g->actor, asked_by))
		return err_set(e, ERR_PERM, "%.*s asked for it: another one has to %s it", SLFMT(g->actor), doing);
	if (slice_eq(g->actor, x->account))
		return err_set(e, ERR_PERM, "%.*s is the account that it opens", SLFMT(g->actor));
	return 0;
}

static const char *state_text(const struct gate_grant *x)
{
	static const char *const texts[] = {"waits for approval", "is approved", "was refused", "was revoked"};
	return (unsigned)x->state < ARRAY_LEN(texts) ? texts[x->state] : "is in no known state";
}

static int approve(struct gate *g, struct gate_grant *x, struct err *e)
{
	char digest[2 * CHAIN_HASH + 1];
	nstime now = gate_now(g);
	bool longer = x->state == GRANT_APPROVED && x->wanted != NSTIME_NONE;
	if (x->state == GRANT_APPROVED && !longer)
		return err_set(e, ERR_DUP, "%.*s is approved already, by %.*s", SLFMT(x->id), SLFMT(x->approver));
	if (x->state != GRANT_REQUESTED && !longer)
		return err_set(e, ERR_USAGE, "%.*s %s: nothing waits for approval", SLFMT(x->id), state_text(x));
	int rc = check_approver(g, x, longer ? x->wanter : x->requester, "approve", e);
	if (!rc && x->emergency)
		rc = err_set(e, ERR_USAGE, "%.*s was an emergency grant: ask for another one", SLFMT(x->id));
	if (!rc && x->until <= now)
		rc = err_set(e, ERR_RANGE, "%.*s is over: ask for another one", SLFMT(x->id));
	x->until = longer ? x->wanted : x->until;
	if (!rc)
		rc = check_span(x->from, x->until, now, longest(g), e);
	gate_grant_digest(x, digest);
	if (!rc) /* who asked for the grant may approve that it is longer, when another one asked for that: the approver stays another one */
		rc = vault_run(g->vault,
			"UPDATE permit SET state=1,approver=CASE WHEN ?6 AND requester=?2 THEN approver ELSE ?2 END,approved=?3,until=?4,decided=?5,wanted=NULL,wanter='',boot=NULL,boot_id='',"
			"reason='',version=version+1 WHERE id=?1",
			NULL, NULL, e, "sssiii", x->id, g->actor, slice_of(digest), (int64_t)x->until, (int64_t)now, (int64_t)longer);
	return rc ? rc : add_word(g, x->id, x->version + 1, longer ? "extended" : "approved", SLICE_NONE, digest, e);
}

static int refuse(struct gate *g, const struct gate_grant *x, struct slice reason, struct err *e)
{
	if (x->state == GRANT_APPROVED && x->wanted != NSTIME_NONE) { /* it goes on to its old end */
		int rc = vault_run(g->vault, "UPDATE permit SET wanted=NULL,wanter='',version=version+1 WHERE id=?1", NULL, NULL, e, "s", x->id);
		return rc ? rc : add_word(g, x->id, x->version + 1, "extension refused", reason, "", e);
	}
	if (x->state != GRANT_REQUESTED)
		return err_set(e, ERR_USAGE, "%.*s %s: nothing waits for approval%s", SLFMT(x->id), state_text(x), x->state == GRANT_APPROVED ? "; revoke it" : "");
	int rc = vault_run(g->vault, "UPDATE permit SET state=2,reason=?2,decided=?3,version=version+1 WHERE id=?1", NULL, NULL, e, "ssi", x->id, reason, (int64_t)gate_now(g));
	return rc ? rc : add_word(g, x->id, x->version + 1, "refused", reason, "", e);
}

static int revoke(struct gate *g, const struct gate_grant *x, struct slice reason, struct err *e)
{
	if (x->state == GRANT_REVOKED)
		return 0;
	if (x->state == GRANT_REFUSED)
		return err_set(e, ERR_USAGE, "%.*s was refused: there is nothing to revoke", SLFMT(x->id));
	int rc = vault_run(g->vault, "UPDATE permit SET state=3,reason=?2,decided=?3,wanted=NULL,wanter='',version=version+1 WHERE id=?1", NULL, NULL, e, "ssi", x->id, reason,
		(int64_t)gate_now(g));
	return rc ? rc : add_word(g, x->id, x->version + 1, "revoked", reason, "", e);
}

/* What was approved is so again; it opens access, so that the rule of the two holds. */
static int restore(struct gate *g, const struct gate_grant *x, struct slice reason, struct err *e)
{
	if (x->state == GRANT_APPROVED)
		return 0;
	if (x->state != GRANT_REVOKED)
		return err_set(e, ERR_USAGE, "%.*s %s: nothing was revoked", SLFMT(x->id), state_text(x));
	int rc = check_approver(g, x, x->requester, "restore", e);
	if (!rc)
		rc = vault_run(g->vault, "UPDATE permit SET state=(approved<>''),reason='',decided=?2,version=version+1 WHERE id=?1", NULL, NULL, e, "si", x->id, (int64_t)gate_now(g));
	return rc ? rc : add_word(g, x->id, x->version + 1, "restored", reason, "", e);
}

static int extend(struct gate *g, const struct gate_grant *x, nstime until, struct err *e)
{
	char text[40];
	if (!g->actor.n || slice_eq(g->actor, SL("root")))
		return err_set(e, ERR_PERM, "root is nobody in particular: ask as yourself, through sudo");
	if (x->state != GRANT_APPROVED || x->until <= gate_now(g))
		return err_set(e, ERR_USAGE, "%.*s %s: ask for another one", SLFMT(x->id), x->state == GRANT_APPROVED ? "is over" : state_text(x));
	if (x->emergency)
		return err_set(e, ERR_PERM, "%.*s is an emergency grant, which is not extended: ask for another one", SLFMT(x->id));
	if (until <= x->until)
		return err_set(e, ERR_RANGE, "%.*s goes on until %s already", SLFMT(x->id), time_plain(x->until, text));
	int rc = check_span(x->from, until, gate_now(g), longest(g), e);
	if (!rc)
		rc = vault_run(g->vault, "UPDATE permit SET wanted=?2,wanter=?3,version=version+1 WHERE id=?1", NULL, NULL, e, "sis", x->id, (int64_t)until, g->actor);
	return rc ? rc : add_word(g, x->id, x->version + 1, "extension requested", SLICE_NONE, "", e);
}

enum deed { DO_APPROVE, DO_REFUSE, DO_REVOKE, DO_RESTORE, DO_EXTEND };
struct change {
	enum deed deed;
	struct slice reason;
	nstime until;
	int64_t version; /* 0: whichever it is */
};

static int act(struct gate *g, struct gate_grant *x, const struct change *c, struct err *e)
{
	if (c->version && c->version != x->version)
		return err_set(e, ERR_STOPPED, "%.*s was changed since: it is version %lld now, not %lld. Look at it again", SLFMT(x->id), (long long)x->version, (long long)c->version);
	switch (c->deed) {
	case DO_APPROVE: return approve(g, x, e);
	case DO_REFUSE: return refuse(g, x, c->reason, e);
	case DO_REVOKE: return revoke(g, x, c->reason, e);
	case DO_RESTORE: return restore(g, x, c->reason, e);
	case DO_EXTEND: return extend(g, x, c->until, e);
	}
	return ERR_USAGE;
}

static int change(struct gate *g, struct slice id, const struct change *c, struct err *e)
{
	static const char *const actions[] = {"grant-approved", "grant-refused", "grant-revoked", "grant-restored", "grant-extension-requested"};
	bool needs_reason = c->deed == DO_REFUSE || c->deed == DO_REVOKE;
	struct gate_grant x = {0};
	struct arena mem;
	struct buf detail = {0};
	char until[40];
	int rc = gate_check_text(c->reason, "reason", needs_reason, GATE_TEXT_MAX, e);
	if (!rc)
		rc = gate_change_begin(g, e);
	if (rc)
		return rc;
	arena_init(&mem);
	rc = gate_grant_get(g, id, &mem, &x, e);
	if (!rc)
		rc = act(g, &x, c, e);
	if (c->deed == DO_EXTEND)
		buf_addf(&detail, "until %s; ", time_plain(c->until, until));
	if (c->reason.n)
		buf_addf(&detail, "%.*s; ", SLFMT(c->reason));
	describe(&x, &detail);
	rc = gate_change_end(g, rc, actions[c->deed], x.id.n ? x.id : id, detail.p, e);
	buf_free(&detail);
	arena_free(&mem);
	return rc;
}

int gate_grant_approve(struct gate *g, struct slice id, struct err *e)
{
	return change(g, id, &(struct change){.deed = DO_APPROVE}, e);
}

int gate_grant_approve_version(struct gate *g, struct slice id, int64_t version, struct err *e)
{
	return change(g, id, &(struct change){.deed = DO_APPROVE, .version = version}, e);
}

int gate_grant_refuse(struct gate *g, struct slice id, struct slice reason, struct err *e)
{
	return change(g, id, &(struct change){.deed = DO_REFUSE, .reason = reason}, e);
}

int gate_grant_revoke(struct gate *g, struct slice id, struct slice reason, struct err *e)
{
	return change(g, id, &(struct change){.deed = DO_REVOKE, .reason = reason}, e);
}

int gate_grant_restore(struct gate *g, struct slice id, struct slice reason, struct err *e)
{
	return change(g, id, &(struct change){.deed = DO_RESTORE, .reason = reason}, e);
}

int gate_grant_extend(struct gate *g, struct slice id, nstime until, struct err *e)
{
	return change(g, id, &(struct change){.deed = DO_EXTEND, .until = until}, e);
}

int gate_clock_trust(struct gate *g, struct slice reason, struct err *e)
{
	struct buf detail = {0};
	int rc = gate_check_text(reason, "reason", 1, GATE_TEXT_MAX, e);
	if (!rc)
		rc = gate_change_begin(g, e);
	if (rc)
		return rc;
	rc = gate_actor_staff(g, "trust", e);
	if (!rc)
		rc = vault_run(g->vault, "UPDATE gate_meta SET value=?1 WHERE name='seen'", NULL, NULL, e, "i", (int64_t)gate_now(g));
	buf_adds(&detail, reason);
	buf_addc(&detail, 0);
	rc = gate_change_end(g, rc, "gate-clock-trusted", SL("clock"), detail.p, e);
	buf_free(&detail);
	return rc;
}
