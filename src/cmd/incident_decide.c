/* incident_decide.c - postern incident close, reopen, note, suppressions: what people decide. Done by room incident. */
#include "cmd/incidents.h"

#include <stdio.h>
#include <stdlib.h>

static void tell_teaching(const struct incident_closing *t, nstime until, bool dry, struct buf *b)
{
	char day[40];
	if (t->taught.n)
		buf_addf(b, "%s until %.10s:\n", dry ? "Would be suppressed" : "Suppressed", time_plain(until - 1, day));
	for (size_t i = 0; i < t->taught.n; i++) {
		if (!dry)
			buf_addf(b, "  %lld  ", (long long)t->taught.v[i].id);
		else
			buf_addz(b, "  ");
		incident_scope_text(b, &t->taught.v[i]);
		buf_addc(b, '\n');
	}
	if (t->grave)
		buf_addf(b, "Not suppressed, because critical findings are always told: %zu\n", t->grave);
	if (t->wide)
		buf_addf(b, "Not suppressed, because without host, account and source it would hide too much: %zu\n", t->wide);
	if (t->over)
		buf_addf(b, "Not suppressed, because %zu suppressions are enough: %zu findings\n", t->taught.n, t->over);
	if (t->taught.n && !dry)
		buf_addz(b, "'postern incident suppressions' lists them, 'postern incident suppressions revoke NUMBER' ends one.\n");
}

/* ---- close --------------------------------------------------------------------------------------------------------------- */

static bool close_options(struct state *s, const struct args *a, struct slice *reason, nstime *until)
{
	const char *text = args_get(a, "until");
	*reason = slice_trim(slice_of(args_get(a, "reason")));
	if (!reason->n || reason->n > INCIDENT_TEXT_MAX) {
		complain("incident close: --reason TEXT says why, for those who read it later (up to %d bytes)", INCIDENT_TEXT_MAX);
		return false;
	}
	if (text && !args_has(a, "false-positive")) {
		complain("--until is the last day of suppressions: it goes with --false-positive");
		return false;
	}
	*until = incident_suppressed_until(s->now);
	if (!text || (state_time(text, s->now, true, until) && *until > s->now))
		return true;
	complain("--until: \"%s\" is no day to come (2027-06-30) and no span (90d)", text);
	return false;
}

static struct incident_hand hand_of(struct state *s)
{
	return (struct incident_hand){s->store, state_audit, s, slice_of(s->who), s->now};
}

int incidents_close(struct state *s, const struct args *a)
{
	struct incident_closing c = {.harmless = args_has(a, "false-positive"), .dry = args_has(a, "dry-run")};
	struct incident_hand h = hand_of(s);
	struct buf out = {0};
	struct err e;
	if (!close_options(s, a, &c.reason, &c.until))
		return EXIT_USAGE;
	int rc = incident_close(&h, a->operand[1], &c, &e) ? state_failed(s, &e) : 0;
	if (!rc) {
		buf_addf(&out, "Incident %s %s %s.\n", c.id, c.dry ? "would be closed" : "is closed", c.harmless ? "as a false positive" : "as dealt with");
		tell_teaching(&c, c.until, c.dry, &out);
	}
	if (!rc && !write_out(NULL, buf_slice(&out)))
		rc = EXIT_INPUT;
	incident_closing_free(&c);
	buf_free(&out);
	return rc;
}

/* ---- reopen, note -------------------------------------------------------------------------------------------------------- */

int incidents_reopen(struct state *s, const struct args *a)
{
	struct incident_hand h = hand_of(s);
	struct err e;
	char id[40];
	size_t revoked;
	int rc = incident_reopen(&h, a->operand[1], id, &revoked, &e) ? state_failed(s, &e) : 0;
	if (!rc)
		printf("Incident %s is open again; %zu suppressions revoked.\n", id, revoked);
	return rc;
}

int incidents_note(struct state *s, const struct args *a)
{
	struct incident_hand h = hand_of(s);
	struct err e;
	char id[40];
	struct buf text = {0};
	for (size_t i = 2; i < a->noperands; i++)
		buf_addf(&text, "%s%s", i > 2 ? " " : "", a->operand[i]);
	struct slice note = slice_trim(buf_slice(&text));
	int rc = !note.n || note.n > INCIDENT_TEXT_MAX ? EXIT_USAGE : 0;
	if (rc)
		complain("incident note: a text of up to %d bytes", INCIDENT_TEXT_MAX);
	else
		rc = incident_note(&h, a->operand[1], note, id, &e) ? state_failed(s, &e) : 0;
	if (!rc)
		printf("Noted with incident %s.\n", id);
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
	incident_scope_text(&l->out, x);
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
