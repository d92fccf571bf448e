/* incident_decide.c - postern incident close, reopen, note, suppressions: what people decide. Each is one transaction with its record in
 * the audit log. */
#include "cmd/incidents.h"

#include <stdio.h>
#include <stdlib.h>

enum { SUPPRESSIONS_MAX = 500, TEXT_MAX = 4096 };
#define HOLDS_DAYS 90

/* ---- what a false positive teaches --------------------------------------------------------------------------------------- */

struct teaching {
	struct arena mem;
	struct { struct store_suppression *v; size_t n, cap; } list;
	size_t grave, wide, over; /* findings that teach nothing: critical; without host, account and source; beyond the limit */
};

static bool same_scope(const struct store_suppression *a, const struct store_suppression *b)
{
	return slice_eq(a->rule, b->rule) && slice_eq(a->host, b->host) && slice_eq(a->user, b->user) && slice_eq(a->source, b->source);
}

static void learn(struct teaching *t, const struct finding *f)
{
	struct store_suppression x = {.rule = f->rule_id, .host = finding_get(f, ENT_HOST), .user = finding_get(f, ENT_USER), .source = finding_get(f, ENT_SOURCE)};
	t->grave += f->level == LEVEL_CRITICAL;
	if (f->level == LEVEL_CRITICAL)
		return;
	t->wide += !x.host.n && !x.user.n && !x.source.n;
	if (!x.host.n && !x.user.n && !x.source.n)
		return;
	for (size_t i = 0; i < t->list.n; i++)
		if (same_scope(&t->list.v[i], &x))
			return;
	t->over += t->list.n >= SUPPRESSIONS_MAX;
	if (t->list.n >= SUPPRESSIONS_MAX)
		return;
	struct slice *texts[] = {&x.rule, &x.host, &x.user, &x.source};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = slice_dup(&t->mem, *texts[i]);
	*vec_push(&t->list) = x;
}

static int learn_finding(void *arg, struct finding *f, const char *incident)
{
	(void)incident;
	learn(arg, f);
	finding_free(f);
	return 0;
}

static void scope_text(struct buf *b, const struct store_suppression *x)
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

static int add_suppressions(struct state *s, struct teaching *t, const char *id, struct slice reason, nstime until, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < t->list.n && !rc; i++) {
		struct store_suppression *x = &t->list.v[i];
		x->reason = reason;
		x->author = slice_of(s->who);
		x->created = s->now;
		x->until = until;
		x->revoked = NSTIME_NONE;
		snprintf(x->incident, sizeof x->incident, "%s", id);
		rc = store_suppression_add(s->store, x, e);
	}
	return rc;
}

static void tell_teaching(const struct teaching *t, nstime until, bool dry, struct buf *b)
{
	char day[40];
	if (t->list.n)
		buf_addf(b, "%s until %.10s:\n", dry ? "Would be suppressed" : "Suppressed", time_plain(until - 1, day));
	for (size_t i = 0; i < t->list.n; i++) {
		if (!dry)
			buf_addf(b, "  %lld  ", (long long)t->list.v[i].id);
		else
			buf_addz(b, "  ");
		scope_text(b, &t->list.v[i]);
		buf_addc(b, '\n');
	}
	if (t->grave)
		buf_addf(b, "Not suppressed, because critical findings are always told: %zu\n", t->grave);
	if (t->wide)
		buf_addf(b, "Not suppressed, because without host, account and source it would hide too much: %zu\n", t->wide);
	if (t->over)
		buf_addf(b, "Not suppressed, because %d suppressions are enough: %zu findings\n", SUPPRESSIONS_MAX, t->over);
	if (t->list.n && !dry)
		buf_addz(b, "'postern incident suppressions' lists them, 'postern incident suppressions revoke NUMBER' ends one.\n");
}

/* ---- close --------------------------------------------------------------------------------------------------------------- */

static bool close_options(struct state *s, const struct args *a, struct slice *reason, nstime *until)
{
	const char *text = args_get(a, "until");
	*reason = slice_trim(slice_of(args_get(a, "reason")));
	if (!reason->n || reason->n > TEXT_MAX) {
		complain("incident close: --reason TEXT says why, for those who read it later (up to %d bytes)", TEXT_MAX);
		return false;
	}
	if (text && !args_has(a, "false-positive")) {
		complain("--until is the last day of suppressions: it goes with --false-positive");
		return false;
	}
	*until = (s->now / NS_DAY + 1 + HOLDS_DAYS) * NS_DAY;
	if (!text || (state_time(text, s->now, true, until) && *until > s->now))
		return true;
	complain("--until: \"%s\" is no day to come (2027-06-30) and no span (90d)", text);
	return false;
}

/* An open one, in a transaction. 0 or ERR_*. */
static int begin_with(struct state *s, const char *id, enum incident_status want, struct arena *mem, struct store_incident *row, struct err *e)
{
	int rc = store_begin(s->store, e);
	if (!rc)
		rc = store_incident_match(s->store, id, mem, row, e);
	if (rc)
		return rc;
	if (row->status == INCIDENT_MERGED)
		return err_set(e, ERR_USAGE, "incident %s grew together with %s: name that one", row->id, row->merged);
	char when[40];
	if (want == INCIDENT_OPEN && row->status != INCIDENT_OPEN)
		return err_set(e, ERR_USAGE, "incident %s was closed already, %.16s by %.*s: %.*s", row->id, time_plain(row->closed, when), SLFMT(row->closer),
			SLFMT(slice_to(row->closing, 200)));
	if (want != INCIDENT_OPEN && row->status == INCIDENT_OPEN)
		return err_set(e, ERR_USAGE, "incident %s is open", row->id);
	return 0;
}

static int close_it(struct state *s, const struct args *a, struct slice reason, nstime until, struct teaching *t, struct buf *out)
{
	struct err e;
	struct store_incident row;
	bool harmless = args_has(a, "false-positive"), dry = args_has(a, "dry-run");
	int rc = begin_with(s, a->operand[1], INCIDENT_OPEN, &t->mem, &row, &e);
	if (!rc && harmless)
		rc = store_findings(s->store, INT64_MIN, row.id, learn_finding, t, &e);
	if (!rc && !dry)
		rc = add_suppressions(s, t, row.id, reason, until, &e);
	if (!rc)
		rc = store_incident_decide(s->store, row.id, harmless ? INCIDENT_FALSE : INCIDENT_CLOSED, s->now, slice_of(s->who), reason, &e);
	if (rc)
		return state_failed(s, &e);
	buf_addf(out, "Incident %s %s %s.\n", row.id, dry ? "would be closed" : "is closed", harmless ? "as a false positive" : "as dealt with");
	tell_teaching(t, until, dry, out);
	if (dry) {
		store_rollback(s->store);
		return 0;
	}
	struct buf detail = {0};
	buf_adds(&detail, reason);
	for (size_t i = 0; i < t->list.n; i++) {
		buf_addf(&detail, "; suppression %lld: ", (long long)t->list.v[i].id);
		scope_text(&detail, &t->list.v[i]);
		if (detail.n > TEXT_MAX)
			break;
	}
	rc = state_commit(s, harmless ? "incident-closed-false-positive" : "incident-closed", row.id, buf_slice(&detail));
	buf_free(&detail);
	return rc;
}

int incidents_close(struct state *s, const struct args *a)
{
	struct slice reason;
	nstime until;
	struct teaching t = {0};
	struct buf out = {0};
	if (!close_options(s, a, &reason, &until))
		return EXIT_USAGE;
	arena_init(&t.mem);
	int rc = close_it(s, a, reason, until, &t, &out);
	if (!rc && !write_out(NULL, buf_slice(&out)))
		rc = EXIT_INPUT;
	arena_free(&t.mem);
	free(t.list.v);
	buf_free(&out);
	return rc;
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

int incidents_reopen(struct state *s, const struct args *a)
{
	struct err e;
	struct arena mem;
	struct store_incident row;
	struct revoking *r = xcalloc(1, sizeof *r);
	char detail[128];
	arena_init(&mem);
	int rc = begin_with(s, a->operand[1], INCIDENT_CLOSED, &mem, &row, &e);
	r->incident = row.id;
	if (!rc)
		rc = store_suppressions(s->store, of_incident, r, &e);
	for (size_t i = 0; i < r->n && !rc; i++)
		rc = store_suppression_revoke(s->store, r->v[i], s->now, &e);
	if (!rc)
		rc = store_incident_decide(s->store, row.id, INCIDENT_OPEN, s->now, SLICE_NONE, SLICE_NONE, &e);
	snprintf(detail, sizeof detail, "%zu suppressions revoked", r->n);
	rc = rc ? state_failed(s, &e) : state_commit(s, "incident-reopened", row.id, slice_of(detail));
	if (!rc)
		printf("Incident %s is open again; %s.\n", row.id, detail);
	arena_free(&mem);
	free(r);
	return rc;
}

int incidents_note(struct state *s, const struct args *a)
{
	struct err e;
	struct arena mem;
	struct store_incident row;
	struct buf text = {0};
	for (size_t i = 2; i < a->noperands; i++)
		buf_addf(&text, "%s%s", i > 2 ? " " : "", a->operand[i]);
	struct slice note = slice_trim(buf_slice(&text));
	if (!note.n || note.n > TEXT_MAX) {
		complain("incident note: a text of up to %d bytes", TEXT_MAX);
		buf_free(&text);
		return EXIT_USAGE;
	}
	arena_init(&mem);
	int rc = store_begin(s->store, &e);
	if (!rc)
		rc = store_incident_match(s->store, a->operand[1], &mem, &row, &e);
	if (!rc)
		rc = store_note_add(s->store, row.id, s->now, slice_of(s->who), note, &e);
	rc = rc ? state_failed(s, &e) : state_commit(s, "incident-note", row.id, note);
	if (!rc)
		printf("Noted with incident %s.\n", row.id);
	arena_free(&mem);
	buf_free(&text);
	return rc;
}

/* ---- suppressions -------------------------------------------------------------------------------------------------------- */

struct listing {
	struct buf out;
	bool json;
	nstime now;
	size_t n;
};

static void suppression_json(struct buf *b, const struct store_suppression *x, const char *holds)
{
	char t[40];
	const struct { const char *name; struct slice value; } parts[] = {{"rule", x->rule}, {"host", x->host}, {"user", x->user}, {"source", x->source},
		{"command", x->command}, {"reason", x->reason}, {"author", x->author}, {"incident", slice_of(x->incident)}};
	buf_addf(b, "{\"number\":%lld,\"state\":\"%s\"", (long long)x->id, holds);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		buf_addf(b, ",\"%s\":", parts[i].name);
		buf_json(b, parts[i].value);
	}
	buf_addf(b, ",\"created\":\"%s\"", time_rfc3339(x->created, t));
	buf_addf(b, ",\"until\":\"%s\"", time_rfc3339(x->until, t));
	buf_addf(b, ",\"revoked\":\"%s\"}\n", time_rfc3339(x->revoked, t));
}

static int list_suppression(void *arg, const struct store_suppression *x)
{
	struct listing *l = arg;
	char day[40], made[40];
	const char *holds = x->revoked != NSTIME_NONE ? "revoked" : x->until <= l->now ? "ended" : "holds";
	l->n++;
	if (l->json) {
		suppression_json(&l->out, x, holds);
		return 0;
	}
	buf_addf(&l->out, "%4lld  %-7s  until %.10s  ", (long long)x->id, holds, time_plain(x->until - 1, day));
	scope_text(&l->out, x);
	buf_addf(&l->out, "\n      of incident %s, %.10s by ", x->incident, time_plain(x->created, made));
	buf_term(&l->out, x->author);
	buf_addz(&l->out, ": ");
	buf_term(&l->out, slice_to(x->reason, 200));
	buf_addc(&l->out, '\n');
	return 0;
}

static int list_suppressions(struct state *s, const struct args *a)
{
	struct err e;
	const char *format = args_get(a, "format");
	struct listing l = {.json = format && strcmp(format, "json") == 0, .now = s->now};
	int rc = store_suppressions(s->store, list_suppression, &l, &e) ? state_failed(s, &e) : 0;
	if (!rc && !l.n && !l.json)
		buf_addz(&l.out, "Nothing was suppressed: no incident was closed as a false positive.\n");
	if (!rc && !write_out(NULL, buf_slice(&l.out)))
		rc = EXIT_INPUT;
	buf_free(&l.out);
	return rc;
}

int incidents_suppressions(struct state *s, const struct args *a)
{
	struct err e;
	uint64_t number;
	if (a->noperands == 1)
		return list_suppressions(s, a);
	if (strcmp(a->operand[1], "revoke") || a->noperands != 3 || !slice_u64(slice_of(a->operand[2]), INT64_MAX, &number)) {
		complain("usage: postern incident suppressions [revoke NUMBER]");
		return EXIT_USAGE;
	}
	int rc = store_begin(s->store, &e);
	if (!rc)
		rc = store_suppression_revoke(s->store, (int64_t)number, s->now, &e);
	rc = rc ? state_failed(s, &e) : state_commit(s, "suppression-revoked", a->operand[2], SLICE_NONE);
	if (!rc)
		printf("Suppression %s is revoked.\n", a->operand[2]);
	return rc;
}
