/* decide.c - what people decide about an incident: each decision is one transaction with its record in the audit log. */
#include "incident/incident.h"

#include <stdio.h>
#include <stdlib.h>

enum { SUPPRESSIONS_MAX = 500 };
#define HOLDS_DAYS 90

/* ---- record and commit --------------------------------------------------------------------------------------------------- */

/* Record first, then commit: what is done and not in the log would be worse than the other way round. */
static int commit(const struct incident_hand *h, const char *action, const char *object, struct slice detail, struct err *e)
{
	struct err why, other;
	struct chain *log = h->audit(h->arg, &why);
	struct chain_record r = {h->now, h->who, slice_of(action), slice_of(object), SL("success"), detail};
	if (!log || chain_append(log, &r, &why)) {
		store_rollback(h->store);
		return err_set(e, why.code, "%s; nothing was changed: what is not in the audit log is not done", why.text);
	}
	int rc = store_commit(h->store, e);
	if (!rc)
		return 0;
	r.outcome = SL("failure");
	r.detail = slice_of(e->text);
	if (chain_append(log, &r, &other))
		core_log(LOG_LEVEL_ERROR, "audit log: %s", other.text);
	store_rollback(h->store);
	return rc;
}

/* What failed changes nothing. */
static int undone(const struct incident_hand *h, int rc)
{
	if (rc)
		store_rollback(h->store);
	return rc;
}

/* One that is (or is not) open, in a transaction. */
static int begin_with(const struct incident_hand *h, const char *id, bool want_open, struct arena *mem, struct store_incident *row, struct err *e)
{
	char when[40];
	int rc = store_begin(h->store, e);
	if (!rc)
		rc = store_incident_match(h->store, id, mem, row, e);
	if (rc)
		return rc;
	if (row->status == INCIDENT_MERGED)
		return err_set(e, ERR_USAGE, "incident %s grew together with %s: name that one", row->id, row->merged);
	if (want_open && row->status != INCIDENT_OPEN)
		return err_set(e, ERR_USAGE, "incident %s was closed already, %.16s by %.*s: %.*s", row->id, time_plain(row->closed, when), SLFMT(row->closer),
			SLFMT(slice_to(row->closing, 200)));
	if (!want_open && row->status == INCIDENT_OPEN)
		return err_set(e, ERR_USAGE, "incident %s is open", row->id);
	return 0;
}

static int check_text(struct slice text, struct err *e)
{
	return text.n && text.n <= INCIDENT_TEXT_MAX ? 0 : err_set(e, ERR_USAGE, "a text of 1 to %d bytes is needed", INCIDENT_TEXT_MAX);
}

/* ---- what a false positive teaches --------------------------------------------------------------------------------------- */

static bool same_scope(const struct store_suppression *a, const struct store_suppression *b)
{
	return slice_eq(a->rule, b->rule) && slice_eq(a->host, b->host) && slice_eq(a->user, b->user) && slice_eq(a->source, b->source);
}

static void learn(struct incident_closing *c, const struct finding *f)
{
	struct store_suppression x = {.rule = f->rule_id, .host = finding_get(f, ENT_HOST), .user = finding_get(f, ENT_USER), .source = finding_get(f, ENT_SOURCE)};
	c->grave += f->level == LEVEL_CRITICAL;
	if (f->level == LEVEL_CRITICAL)
		return;
	c->wide += !x.host.n && !x.user.n && !x.source.n;
	if (!x.host.n && !x.user.n && !x.source.n)
		return;
	for (size_t i = 0; i < c->taught.n; i++)
		if (same_scope(&c->taught.v[i], &x))
			return;
	c->over += c->taught.n >= SUPPRESSIONS_MAX;
	if (c->taught.n >= SUPPRESSIONS_MAX)
		return;
	struct slice *texts[] = {&x.rule, &x.host, &x.user, &x.source};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = slice_dup(&c->mem, *texts[i]);
	*vec_push(&c->taught) = x;
}

static int learn_finding(void *arg, struct finding *f, const char *incident)
{
	(void)incident;
	learn(arg, f);
	finding_free(f);
	return 0;
}

void incident_scope_text(struct buf *b, const struct store_suppression *x)
{
	const struct { const char *name; struct slice value; } parts[] = {{"host", x->host}, {"account", x->user}, {"source", x->source}, {"command", x->command}};
	buf_term(b, x->rule);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (!parts[i].value.n)
			continue;
		buf_addf(b, ", %s ", parts[i].name);
		buf_term(b, parts[i].value);
	}
}

static int add_suppressions(const struct incident_hand *h, struct incident_closing *c, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < c->taught.n && !rc; i++) {
		struct store_suppression *x = &c->taught.v[i];
		x->reason = c->reason;
		x->author = h->who;
		x->created = h->now;
		x->until = c->until;
		x->revoked = NSTIME_NONE;
		memcpy(x->incident, c->id, sizeof x->incident);
		rc = store_suppression_add(h->store, x, e);
	}
	return rc;
}

/* ---- close --------------------------------------------------------------------------------------------------------------- */

nstime incident_suppressed_until(nstime now)
{
	return (now / NS_DAY + 1 + HOLDS_DAYS) * NS_DAY;
}

static int record_closing(const struct incident_hand *h, const struct incident_closing *c, struct err *e)
{
	struct buf detail = {0};
	buf_adds(&detail, c->reason);
	for (size_t i = 0; i < c->taught.n; i++) {
		buf_addf(&detail, "; suppression %lld: ", (long long)c->taught.v[i].id);
		incident_scope_text(&detail, &c->taught.v[i]);
		if (detail.n > INCIDENT_TEXT_MAX)
			break;
	}
	int rc = commit(h, c->harmless ? "incident-closed-false-positive" : "incident-closed", c->id, buf_slice(&detail), e);
	buf_free(&detail);
	return rc;
}

int incident_close(const struct incident_hand *h, const char *id, struct incident_closing *c, struct err *e)
{
	struct store_incident row;
	arena_init(&c->mem);
	int rc = check_text(c->reason, e);
	if (!rc)
		rc = begin_with(h, id, true, &c->mem, &row, e);
	if (!rc)
		memcpy(c->id, row.id, sizeof c->id);
	if (!rc && c->harmless)
		rc = store_findings(h->store, INT64_MIN, row.id, learn_finding, c, e);
	if (!rc && !c->dry)
		rc = add_suppressions(h, c, e);
	if (!rc)
		rc = store_incident_decide(h->store, row.id, c->harmless ? INCIDENT_FALSE : INCIDENT_CLOSED, h->now, h->who, c->reason, e);
	if (!rc && c->dry)
		store_rollback(h->store);
	else if (!rc)
		rc = record_closing(h, c, e);
	return undone(h, rc);
}

void incident_closing_free(struct incident_closing *c)
{
	arena_free(&c->mem);
	free(c->taught.v);
}

/* ---- reopen, note -------------------------------------------------------------------------------------------------------- */

struct revoking {
	const char *incident;
	int64_t v[SUPPRESSIONS_MAX];
	size_t n;
};

static int of_incident(void *arg, const struct store_suppression *x)
{
	struct revoking *r = arg;
	if (strcmp(x->incident, r->incident) == 0 && x->revoked == NSTIME_NONE && r->n < SUPPRESSIONS_MAX)
		r->v[r->n++] = x->id;
	return 0;
}

int incident_reopen(const struct incident_hand *h, const char *id, char out[static 40], size_t *revoked, struct err *e)
{
	struct arena mem;
	struct store_incident row;
	struct revoking *r = xcalloc(1, sizeof *r);
	char detail[128];
	arena_init(&mem);
	int rc = begin_with(h, id, false, &mem, &row, e);
	r->incident = row.id;
	if (!rc)
		rc = store_suppressions(h->store, of_incident, r, e);
	for (size_t i = 0; i < r->n && !rc; i++)
		rc = store_suppression_revoke(h->store, r->v[i], h->now, e);
	if (!rc)
		rc = store_incident_decide(h->store, row.id, INCIDENT_OPEN, h->now, SLICE_NONE, SLICE_NONE, e);
	*revoked = r->n;
	snprintf(detail, sizeof detail, "%zu suppressions revoked", r->n);
	if (!rc)
		memcpy(out, row.id, sizeof row.id);
	if (!rc)
		rc = commit(h, "incident-reopened", row.id, slice_of(detail), e);
	arena_free(&mem);
	free(r);
	return undone(h, rc);
}

int incident_note(const struct incident_hand *h, const char *id, struct slice text, char out[static 40], struct err *e)
{
	struct arena mem;
	struct store_incident row;
	arena_init(&mem);
	int rc = check_text(text, e);
	if (!rc)
		rc = store_begin(h->store, e);
	if (!rc)
		rc = store_incident_match(h->store, id, &mem, &row, e);
	if (!rc)
		rc = store_note_add(h->store, row.id, h->now, h->who, text, e);
	if (!rc)
		memcpy(out, row.id, sizeof row.id);
	if (!rc)
		rc = commit(h, "incident-note", row.id, text, e);
	arena_free(&mem);
	return undone(h, rc);
}
