/* decide.c - the one decision. Pure: what it is told, and nothing else. */
#include "gate/model_private.h"

#include <stdio.h>

#define CLOCK_SLACK (2 * NS_SEC)

const char *gate_reason_text(enum gate_reason r)
{
	static const char *const texts[GATE_REASON_COUNT] = {
#define X(id, text) text,
		GATE_REASONS(X)
#undef X
	};
	return (unsigned)r < GATE_REASON_COUNT ? texts[r] : "unknown";
}

/* What is asked, with what was found out about it. */
struct asked {
	const struct gate_request *q;
	const struct gate_policy *p;
	const struct gate_person *person;
	const struct gate_provider *provider; /* of the person; NULL unknown */
	nstime now, boot_now;
};

static const struct gate_provider *find_provider(const struct gate_policy *p, struct slice id)
{
	for (size_t i = 0; id.n && i < p->nproviders; i++)
		if (slice_eq(p->providers[i].id, id))
			return &p->providers[i];
	return NULL;
}

static bool has_key(const struct gate_person *x, struct slice fingerprint)
{
	for (size_t i = 0; i < x->nkeys; i++)
		if (slice_eq(x->keys[i].fingerprint, fingerprint))
			return true;
	return false;
}

static const struct gate_person *find_person(const struct gate_request *q, const struct gate_policy *p)
{
	for (size_t i = 0; i < p->npersons; i++) {
		const struct gate_person *x = &p->persons[i];
		if (q->person.n ? slice_eq(x->id, q->person) : q->fingerprint.n && has_key(x, q->fingerprint))
			return x;
	}
	return NULL;
}

/* ---- what a grant must be, from what is asked first to what is asked last: the reason furthest down is the nearest miss ------ */

typedef enum gate_reason check_fn(const struct asked *a, const struct gate_grant *x);

static enum gate_reason check_place(const struct asked *a, const struct gate_grant *x)
{
	bool here = false;
	for (size_t i = 0; a->q->host.n && i < x->nhosts && !here; i++)
		here = slice_ieq(x->hosts[i], a->q->host);
	return here && a->q->account.n && slice_eq(x->account, a->q->account) ? GATE_OK : GATE_NO_GRANT;
}

/* Of the vault's word alone nothing opens: who approved must be another one, or it is an emergency, and short. */
static enum gate_reason check_approved(const struct asked *a, const struct gate_grant *x)
{
	(void)a;
	if (x->state == GRANT_REVOKED)
		return GATE_REVOKED;
	if (x->state != GRANT_APPROVED || !x->approver.n)
		return GATE_NOT_APPROVED;
	nstime lasts;
	if (x->emergency)
		return !__builtin_sub_overflow(x->until, x->from, &lasts) && lasts <= GATE_EMERGENCY_MINUTES * NS_MIN ? GATE_OK : GATE_NOT_APPROVED;
	return slice_eq(x->approver, x->requester) ? GATE_NOT_APPROVED : GATE_OK;
}

static bool has_boot(const struct gate_grant *x)
{
	return x->boot_until != NSTIME_NONE && x->boot_until != 0;
}

static enum gate_reason check_time(const struct asked *a, const struct gate_grant *x)
{
	if (a->now < x->from)
		return GATE_NOT_YET;
	if (a->now >= x->until || (has_boot(x) && a->boot_now >= x->boot_until))
		return GATE_ENDED;
	if (a->provider && a->provider->until != NSTIME_NONE && a->now >= a->provider->until)
		return GATE_ENDED;
	return GATE_OK;
}

static enum gate_reason check_hours(const struct asked *a, const struct gate_grant *x)
{
	nstime until;
	if (x->nwindows && x->zone.n && !x->tz)
		return GATE_FAULT;
	return gate_hours_fit(x, a->now, a->now, &until) ? GATE_OK : GATE_OUTSIDE_HOURS;
}

static enum gate_reason check_suspended(const struct asked *a, const struct gate_grant *x)
{
	(void)x;
	if (!a->provider || a->provider->state != GATE_ACTIVE)
		return GATE_SUSPENDED_PROVIDER;
	return a->person->state == GATE_ACTIVE ? GATE_OK : GATE_SUSPENDED_PERSON;
}

static enum gate_reason check_source(const struct asked *a, const struct gate_grant *x)
{
	if (!x->nsources || (a->q->phase == PHASE_KEYS && !a->q->source))
		return GATE_OK;
	for (size_t i = 0; a->q->source && i < x->nsources; i++)
		if (cidr_has(&x->sources[i], a->q->source))
			return GATE_OK;
	return GATE_SOURCE;
}

static enum gate_reason check_key(const struct asked *a, const struct gate_grant *x)
{
	(void)x;
	return !a->q->fingerprint.n || has_key(a->person, a->q->fingerprint) ? GATE_OK : GATE_KEY;
}

static enum gate_reason check_factor(const struct asked *a, const struct gate_grant *x)
{
	return !x->factor || a->q->factor_given || a->q->phase == PHASE_KEYS ? GATE_OK : GATE_FACTOR;
}

static enum gate_reason check_kind(const struct asked *a, const struct gate_grant *x)
{
	static const unsigned needed[] = {[KIND_SHELL] = MAY_SHELL, [KIND_COMMAND] = MAY_SHELL | MAY_COMMANDS, [KIND_SFTP] = MAY_SFTP, [KIND_FORWARD] = MAY_FORWARD};
	unsigned kind = (unsigned)a->q->kind;
	if (a->q->phase != PHASE_EXEC && !kind)
		return GATE_OK;
	return kind && kind < ARRAY_LEN(needed) && (x->may & needed[kind]) ? GATE_OK : GATE_KIND;
}

/* Whoever wrote " *" means arguments, not a second command: what a shell would read as more than words is none. */
static bool plain_words(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && !strchr(" _./:@,+-", c))
			return false;
		if (c == 0)
			return false;
	}
	return true;
}

static bool command_fits(struct slice pattern, struct slice command)
{
	if (pattern.n < 3 || !slice_ends(pattern, SL(" *")))
		return pattern.n && slice_eq(pattern, command);
	struct slice head = slice_to(pattern, pattern.n - 2);
	if (!slice_starts(command, head))
		return false;
	struct slice rest = slice_from(command, head.n);
	return rest.n == 0 || (rest.p[0] == ' ' && plain_words(rest));
}

static enum gate_reason check_command(const struct asked *a, const struct gate_grant *x)
{
	if (a->q->kind != KIND_COMMAND || a->q->phase != PHASE_EXEC || (x->may & MAY_SHELL))
		return GATE_OK;
	for (size_t i = 0; i < x->ncommands; i++)
		if (command_fits(x->commands[i], a->q->command))
			return GATE_OK;
	return GATE_COMMAND;
}

static check_fn *const checks[] = {check_place, check_approved, check_time, check_suspended, check_hours, check_source, check_key, check_factor, check_kind,
	check_command};

/* How far a grant came: the number of checks that were good. */
static size_t try_grant(const struct asked *a, const struct gate_grant *x, enum gate_reason *why)
{
	size_t i = 0;
	*why = GATE_OK;
	while (i < ARRAY_LEN(checks) && (*why = checks[i](a, x)) == GATE_OK)
		i++;
	return i;
}

static bool concerns(const struct asked *a, const struct gate_grant *x)
{
	if (x->person.n)
		return slice_eq(x->person, a->person->id);
	return x->provider.n && slice_eq(x->provider, a->person->provider);
}

/* ---- the decision ------------------------------------------------------------------------------------------------------- */

static nstime end_of(const struct asked *a, const struct gate_grant *x)
{
	nstime until = x->until, hours;
	if (a->provider && a->provider->until != NSTIME_NONE)
		until = MIN(until, a->provider->until);
	if (has_boot(x) && x->boot_until - a->boot_now < until - a->now) /* both are in the future: no overflow */
		until = a->now + (x->boot_until - a->boot_now);
	return gate_hours_fit(x, a->now, until, &hours) ? MIN(until, hours) : a->now;
}

/* What is asked is whole, by somebody known, at a time that can be. */
static enum gate_reason check_asked(struct asked *a)
{
	if (a->q->phase < PHASE_KEYS || a->q->phase > PHASE_CLOSE)
		return GATE_FAULT;
	if (a->now <= 0 || a->boot_now < 0 || (a->p->seen > 0 && a->now < a->p->seen - CLOCK_SLACK))
		return GATE_CLOCK;
	a->person = find_person(a->q, a->p);
	if (!a->person)
		return GATE_NO_PERSON;
	a->provider = find_provider(a->p, a->person->provider);
	return GATE_OK;
}

static void tell_grant(struct buf *out, const struct gate_grant *x, enum gate_reason why, const struct asked *a)
{
	char from[40], until[40];
	buf_addf(out, "%.*s (%.*s on ", SLFMT(x->id), SLFMT(x->account));
	for (size_t i = 0; i < MIN(x->nhosts, (size_t)4); i++)
		buf_addf(out, "%s%.*s", i ? ", " : "", SLFMT(x->hosts[i]));
	buf_addf(out, "%s, %s to %s): ", x->nhosts > 4 ? ", ..." : "", time_plain(x->from, from), time_plain(x->until, until));
	buf_addz(out, why == GATE_OK ? "fits" : gate_reason_text(why));
	if (why == GATE_NOT_APPROVED && x->changed)
		buf_addz(out, ": it was changed since it was");
	else if (why == GATE_REVOKED && x->reason.n)
		buf_addf(out, ": %.*s", SLFMT(x->reason));
	else if (why == GATE_SUSPENDED_PROVIDER && a->provider && a->provider->reason.n)
		buf_addf(out, ": %.*s", SLFMT(a->provider->reason));
	else if (why == GATE_SUSPENDED_PROVIDER && !a->provider)
		buf_addz(out, ": it is not known");
	else if (why == GATE_SUSPENDED_PERSON && a->person->reason.n)
		buf_addf(out, ": %.*s", SLFMT(a->person->reason));
	else if (why == GATE_ENDED && a->now < x->until)
		buf_addz(out, has_boot(x) && a->boot_now >= x->boot_until ? ": by the clock that nobody can set" : ": the provider's contract is over");
	buf_addc(out, '\n');
}

struct gate_decision gate_explain(const struct gate_request *q, const struct gate_policy *p, nstime now, nstime boot_now, struct buf *out)
{
	struct asked a = {.q = q, .p = p, .now = now, .boot_now = boot_now};
	struct gate_decision d = {.reason = check_asked(&a), .until = NSTIME_NONE};
	size_t best = 0;
	d.person = a.person;
	if (d.reason != GATE_OK)
		return d;
	d.reason = GATE_NO_GRANT;
	for (size_t i = 0; i < p->ngrants && (out || !d.allow); i++) {
		const struct gate_grant *x = &p->grants[i];
		enum gate_reason why;
		if (!concerns(&a, x))
			continue;
		size_t n = try_grant(&a, x, &why);
		if (out)
			tell_grant(out, x, why, &a);
		if (d.allow || (why != GATE_OK && n <= best && d.grant))
			continue;
		best = n;
		d.allow = why == GATE_OK;
		d.reason = why;
		d.grant = x;
		d.until = d.allow ? end_of(&a, x) : NSTIME_NONE;
	}
	return d;
}

struct gate_decision gate_decide(const struct gate_request *q, const struct gate_policy *p, nstime now, nstime boot_now)
{
	return gate_explain(q, p, now, boot_now, NULL);
}
