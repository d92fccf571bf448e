/* grant_tell.c - postern grant list, show, explain. */
#include "cmd/gates.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* What it is now: the state of the row, and the clock. */
static const char *standing(const struct gate_grant *x, nstime now)
{
	if (x->state == GRANT_REVOKED)
		return "revoked";
	if (x->state == GRANT_REFUSED)
		return "refused";
	if (now >= x->until)
		return x->state == GRANT_APPROVED ? "ended" : "lapsed";
	if (x->state == GRANT_REQUESTED)
		return x->changed ? "changed" : "requested";
	return now < x->from ? "approved" : "open";
}

static bool current(const struct gate_grant *x, nstime now)
{
	return now < x->until && (x->state == GRANT_REQUESTED || x->state == GRANT_APPROVED);
}

static void tell_may(struct buf *b, const struct gate_grant *x)
{
	static const struct { unsigned bit; const char *name; } names[] = {{MAY_SHELL, "shell"}, {MAY_COMMANDS, "commands"}, {MAY_SFTP, "sftp"}, {MAY_FORWARD, "forwarding"}};
	bool first = true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (x->may & names[i].bit) {
			buf_addf(b, "%s%s", first ? "" : ", ", names[i].name);
			first = false;
		}
}

static void json_list(struct buf *b, const char *name, const struct slice *v, size_t n)
{
	buf_addf(b, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		buf_addz(b, i ? "," : "");
		buf_json(b, v[i]);
	}
	buf_addc(b, ']');
}

static void source_text(const struct cidr *c, char *out, size_t n)
{
	char text[48];
	bool v4 = ip_is_v4(&c->net) && c->bits >= 96;
	snprintf(out, n, "%s/%u", ip_text(&c->net, text), v4 ? c->bits - 96 : c->bits);
}

static void window_text(const struct gate_window *w, char *out, size_t n)
{
	static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	size_t at = 0;
	for (unsigned d = 0; d < 7; d++)
		if (w->days >> d & 1)
			at += (size_t)snprintf(out + at, n - at, "%s%s", at ? "," : "", days[d]);
	snprintf(out + at, n - at, " %02u:%02u-%02u:%02u", w->from / 60, w->from % 60, w->until / 60, w->until % 60);
}

static void grant_json(struct buf *b, const struct gate_grant *x, nstime now)
{
	const struct { const char *name; struct slice value; } texts[] = {{"person", x->person}, {"provider", x->provider}, {"account", x->account}, {"zone", x->zone},
		{"requester", x->requester}, {"approver", x->approver}, {"purpose", x->purpose}, {"ticket", x->ticket}, {"reason", x->reason}, {"extension_by", x->wanter}};
	struct buf may = {0};
	char text[96];
	buf_addz(b, "{\"id\":");
	buf_json(b, x->id);
	buf_addf(b, ",\"state\":\"%s\",\"version\":%lld", standing(x, now), (long long)x->version);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		gates_json(b, texts[i].name, texts[i].value);
	gates_json_time(b, "from", x->from);
	gates_json_time(b, "until", x->until);
	gates_json_time(b, "requested", x->created);
	gates_json_time(b, "decided", x->decided);
	gates_json_time(b, "extension_until", x->wanted);
	json_list(b, "hosts", x->hosts, x->nhosts);
	json_list(b, "commands", x->commands, x->ncommands);
	buf_addz(b, ",\"sources\":[");
	for (size_t i = 0; i < x->nsources; i++) {
		source_text(&x->sources[i], text, sizeof text);
		buf_addf(b, "%s\"%s\"", i ? "," : "", text);
	}
	buf_addz(b, "],\"hours\":[");
	for (size_t i = 0; i < x->nwindows; i++) {
		window_text(&x->windows[i], text, sizeof text);
		buf_addf(b, "%s\"%s\"", i ? "," : "", text);
	}
	tell_may(&may, x);
	buf_addz(b, "]");
	gates_json(b, "may", buf_slice(&may));
	buf_addf(b, ",\"factor\":%s,\"record\":%s,\"emergency\":%s}\n", x->factor ? "true" : "false", x->record ? "true" : "false", x->emergency ? "true" : "false");
	buf_free(&may);
}

static void grant_line(struct buf *b, const struct gate_grant *x, nstime now)
{
	char from[40], until[40];
	buf_addf(b, "%-15.*s %-9s %s%.*s as %.*s on ", SLFMT(x->id), standing(x, now), x->person.n ? "" : "all of ", SLFMT(x->person.n ? x->person : x->provider), SLFMT(x->account));
	for (size_t i = 0; i < x->nhosts; i++)
		buf_addf(b, "%s%.*s", i ? ", " : "", SLFMT(x->hosts[i]));
	buf_addf(b, ", %.16s to %.16s UTC, ", time_plain(x->from, from), time_plain(x->until, until));
	tell_may(b, x);
	buf_addz(b, x->emergency ? ", EMERGENCY: " : ": ");
	buf_term(b, x->purpose);
	if (x->wanted != NSTIME_NONE)
		buf_addf(b, " (until %.16s UTC asked for by %.*s)", time_plain(x->wanted, until), SLFMT(x->wanter));
	buf_addc(b, '\n');
}

static void named(struct buf *b, const char *name, struct slice value)
{
	if (!value.n)
		return;
	buf_addf(b, "  %-12s ", name);
	buf_term(b, value);
	buf_addc(b, '\n');
}

static void grant_text(struct buf *b, const struct gate_grant *x, nstime now)
{
	char text[96];
	grant_line(b, x, now);
	named(b, "ticket", x->ticket);
	named(b, "asked by", x->requester);
	named(b, "decided by", x->approver);
	named(b, "reason", x->reason);
	for (size_t i = 0; i < x->nsources; i++) {
		source_text(&x->sources[i], text, sizeof text);
		named(b, "from", slice_of(text));
	}
	for (size_t i = 0; i < x->nwindows; i++) {
		window_text(&x->windows[i], text, sizeof text);
		named(b, "within", slice_of(text));
	}
	named(b, "zone", x->zone);
	for (size_t i = 0; i < x->ncommands; i++)
		named(b, "command", x->commands[i]);
	named(b, "factor", x->factor ? SL("second factor asked for") : SL("NO second factor"));
	named(b, "recorded", x->record ? SL("yes") : SL("NO"));
	snprintf(text, sizeof text, "%lld", (long long)x->version);
	named(b, "version", slice_of(text));
	if (x->changed)
		buf_addz(b, "  It is not what was approved any more: somebody changed the row. It opens nothing until it is approved again.\n");
}

static int tell(struct gates *g, const char *id)
{
	struct gate_policy p;
	struct err e;
	struct buf out = {0};
	struct slice person = gates_text(g->a, "person");
	nstime now = gates_now();
	bool found = false;
	int rc = gate_policy_load(g->gate.vault, &p, &e) ? gates_failed(&e) : 0;
	for (size_t i = 0; !rc && i < p.ngrants; i++) {
		const struct gate_grant *x = &p.grants[i];
		if (id ? !slice_eqz(x->id, id) : (person.n && !slice_eq(person, x->person)) || (!args_has(g->a, "all") && !current(x, now)))
			continue;
		found = true;
		if (g->json)
			grant_json(&out, x, now);
		else if (id)
			grant_text(&out, x, now);
		else
			grant_line(&out, x, now);
	}
	if (!rc && id && !found) {
		complain("there is no grant %s", id);
		rc = EXIT_USAGE;
	}
	if (!rc && !write_out(NULL, buf_slice(&out)))
		rc = EXIT_INPUT;
	gate_policy_free(&p);
	buf_free(&out);
	return rc;
}

int grant_list(struct gates *g, const struct args *a)
{
	(void)a;
	return tell(g, NULL);
}

int grant_show(struct gates *g, const struct args *a)
{
	return tell(g, a->operand[1]);
}

/* ---- explain ---------------------------------------------------------------------------------------------------------------------- */

struct question {
	struct gate_request q;
	struct ip source;
	char host[256];
	nstime at, boot;
};

static nstime boot_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * NS_SEC + ts.tv_nsec;
}

static bool take_question(struct gates *g, struct question *x)
{
	const struct args *a = g->a;
	const char *host = args_list(a, "host", 0), *command = args_list(a, "command", 0), *at = args_get(a, "at"), *source = args_list(a, "source", 0);
	nstime now = gates_now();
	*x = (struct question){.at = now, .boot = boot_now()};
	if (host)
		snprintf(x->host, sizeof x->host, "%s", host);
	else if (gethostname(x->host, sizeof x->host - 1))
		x->host[0] = 0;
	if (at && !gates_time(g, at, false, &x->at)) {
		complain("--at: \"%s\" is no time (2026-11-30T14:00) and no span from now (2h)", at);
		return false;
	}
	if (source && !ip_parse(slice_of(source), &x->source)) {
		complain("--source: \"%s\" is no address", source);
		return false;
	}
	if (!args_has(a, "person") && !args_has(a, "key")) {
		complain("grant explain: --person ID or --key FINGERPRINT says whom it is about");
		return false;
	}
	x->boot = MAX(x->boot + (x->at - now), 0);
	x->q = (struct gate_request){.phase = PHASE_SESSION, .service = SL("sshd"), .account = gates_text(a, "account"), .host = slice_of(x->host), .person = gates_text(a, "person"),
		.fingerprint = gates_text(a, "key"), .source = source ? &x->source : NULL, .factor_given = !args_has(a, "no-factor")};
	x->q.kind = command ? KIND_COMMAND : args_has(a, "sftp") ? KIND_SFTP : args_has(a, "forward") ? KIND_FORWARD : args_has(a, "shell") ? KIND_SHELL : 0;
	x->q.phase = x->q.kind ? PHASE_EXEC : PHASE_SESSION;
	x->q.command = command ? slice_of(command) : SLICE_NONE;
	return true;
}

static void tell_decision(const struct gates *g, const struct question *x, const struct gate_decision *d, const struct buf *lines, struct buf *out)
{
	char at[40], until[40];
	struct slice who = d->person ? d->person->id : x->q.person, rest = buf_slice(lines), line;
	if (!g->json) {
		buf_addf(out, "%s: %.*s as %.*s on %s at %.16s UTC: %s", d->allow ? "allowed" : "denied", SLFMT(who.n ? who : SL("nobody")), SLFMT(x->q.account.n ? x->q.account : SL("-")),
			x->host, time_plain(x->at, at), gate_reason_text(d->reason));
		if (d->allow)
			buf_addf(out, " by %.*s until %.16s UTC", SLFMT(d->grant->id), time_plain(d->until, until));
		buf_addc(out, '\n');
		while (slice_cut(&rest, '\n', &line)) {
			buf_addz(out, "  ");
			buf_term(out, line);
			buf_addc(out, '\n');
		}
		return;
	}
	buf_addf(out, "{\"allowed\":%s,\"reason\":", d->allow ? "true" : "false");
	buf_json(out, slice_of(gate_reason_text(d->reason)));
	gates_json(out, "person", who);
	gates_json(out, "account", x->q.account);
	gates_json(out, "host", slice_of(x->host));
	gates_json_time(out, "at", x->at);
	gates_json(out, "grant", d->grant ? d->grant->id : SLICE_NONE);
	gates_json_time(out, "until", d->until);
	buf_addz(out, ",\"considered\":[");
	for (bool first = true; slice_cut(&rest, '\n', &line); first = false) {
		buf_addz(out, first ? "" : ",");
		buf_json(out, line);
	}
	buf_addz(out, "]}\n");
}

static bool explain_one(const struct gates *g, const struct question *x, const struct gate_policy *p, struct buf *out)
{
	struct buf lines = {0};
	struct gate_decision d = gate_explain(&x->q, p, x->at, x->boot, &lines);
	tell_decision(g, x, &d, &lines, out);
	buf_free(&lines);
	return d.allow;
}

/* Without --account: each account that any grant opens. */
static bool explain_all(const struct gates *g, struct question *x, const struct gate_policy *p, struct buf *out)
{
	bool allowed = false, any = false;
	for (size_t i = 0; i < p->ngrants; i++) {
		bool before = false, theirs = false;
		const struct gate_grant *y = &p->grants[i];
		for (size_t k = 0; k < i; k++)
			before = before || slice_eq(p->grants[k].account, y->account);
		x->q.account = y->account;
		struct gate_decision d = gate_decide(&x->q, p, x->at, x->boot);
		theirs = d.grant && slice_eq(d.grant->account, y->account);
		if (before || !theirs)
			continue;
		any = true;
		allowed = explain_one(g, x, p, out) || allowed;
	}
	x->q.account = SLICE_NONE;
	return any ? allowed : explain_one(g, x, p, out);
}

int grant_explain(struct gates *g, const struct args *a)
{
	struct question x;
	struct gate_policy p;
	struct err e;
	struct buf out = {0};
	bool allowed = false;
	if (!take_question(g, &x))
		return EXIT_USAGE;
	int rc = gate_policy_load(g->gate.vault, &p, &e) ? gates_failed(&e) : 0;
	if (args_has(a, "at")) /* what the clock showed meanwhile says nothing about another moment */
		p.seen = 0;
	if (!rc)
		allowed = x.q.account.n ? explain_one(g, &x, &p, &out) : explain_all(g, &x, &p, &out);
	if (!rc && !write_out(NULL, buf_slice(&out)))
		rc = EXIT_INPUT;
	gate_policy_free(&p);
	buf_free(&out);
	return rc ? rc : allowed ? EXIT_DONE : EXIT_CONDITION;
}
