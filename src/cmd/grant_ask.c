/* grant_ask.c - postern grant request, emergency, extend. */
#include "cmd/gates.h"

#include <stdio.h>

static bool take_sources(struct gates *g, struct gate_grant *x)
{
	size_t n;
	struct slice *texts = gates_list(g, "source", &n);
	x->sources = arena_alloc(&g->mem, (n + 1) * sizeof *x->sources);
	for (; x->nsources < n; x->nsources++)
		if (!cidr_parse(texts[x->nsources], &x->sources[x->nsources])) {
			complain("--source: \"%.*s\" is no address and no network", SLFMT(texts[x->nsources]));
			return false;
		}
	return true;
}

static bool take_hours(struct gates *g, struct gate_grant *x)
{
	size_t n, got;
	const char *why;
	struct slice *texts = gates_list(g, "hours", &n);
	x->windows = arena_alloc(&g->mem, (2 * n + 1) * sizeof *x->windows);
	for (size_t i = 0; i < n; i++) {
		struct org_window w[2];
		if (org_hours_parse(texts[i], w, &got, &why)) {
			complain("--hours: \"%.*s\": %s", SLFMT(texts[i]), why);
			return false;
		}
		for (size_t k = 0; k < got; k++)
			x->windows[x->nwindows++] = (struct gate_window){w[k].days, w[k].from, w[k].until};
	}
	struct slice zone = gates_text(g->a, "zone");
	x->zone = n ? (zone.n ? zone : g->config.timezone) : SLICE_NONE;
	return true;
}

static bool take_time(struct gates *g, const char *option, bool end, nstime *out)
{
	const char *text = args_get(g->a, option);
	if (!text || gates_time(g, text, end, out))
		return true;
	complain("--%s: \"%s\" is no time (2026-11-30T14:00, 2026-11-30T14:00Z) and no span (4h, 30m, 7d)", option, text);
	return false;
}

static int take_grant(struct gates *g, struct gate_grant *x)
{
	static const struct { const char *option; unsigned may; } may[] = {{"shell", MAY_SHELL}, {"sftp", MAY_SFTP}, {"forward", MAY_FORWARD}, {"command", MAY_COMMANDS}};
	const struct args *a = g->a;
	*x = (struct gate_grant){.person = gates_text(a, "person"), .provider = gates_text(a, "provider"), .account = gates_text(a, "account"), .purpose = gates_text(a, "purpose"),
		.ticket = gates_text(a, "ticket"), .factor = !args_has(a, "no-factor"), .record = !args_has(a, "no-record")};
	x->hosts = gates_list(g, "host", &x->nhosts);
	x->commands = gates_list(g, "command", &x->ncommands);
	for (size_t i = 0; i < ARRAY_LEN(may); i++)
		x->may |= args_has(a, may[i].option) ? may[i].may : 0;
	return take_sources(g, x) && take_hours(g, x) && take_time(g, "from", false, &x->from) && take_time(g, "until", true, &x->until) ? 0 : EXIT_USAGE;
}

static int tell_made(const struct gates *g, const struct gate_grant *x, const char *rest)
{
	char from[40], until[40];
	if (!g->json) {
		printf("%.*s: %s%.*s as %.*s, %.16s to %.16s UTC. %s\n", SLFMT(x->id), x->person.n ? "" : "everybody of ", SLFMT(x->person.n ? x->person : x->provider), SLFMT(x->account),
			time_plain(x->from, from), time_plain(x->until, until), rest);
		return EXIT_DONE;
	}
	struct buf b = {0};
	buf_addz(&b, "{\"id\":");
	buf_json(&b, x->id);
	gates_json_time(&b, "from", x->from);
	gates_json_time(&b, "until", x->until);
	buf_addz(&b, "}\n");
	bool fine = write_out(NULL, buf_slice(&b));
	buf_free(&b);
	return fine ? EXIT_DONE : EXIT_INPUT;
}

int grant_request(struct gates *g, const struct args *a)
{
	struct gate_grant x;
	struct err e;
	(void)a;
	int rc = take_grant(g, &x);
	if (rc)
		return rc;
	if (gate_grant_request(&g->gate, &x, &e))
		return gates_failed(&e);
	return tell_made(g, &x, "It opens when another one approves it: 'postern grant approve ID'.");
}

int grant_emergency(struct gates *g, const struct args *a)
{
	struct gate_grant x;
	struct err e;
	(void)a;
	int rc = take_grant(g, &x);
	if (rc)
		return rc;
	if (gate_emergency(&g->gate, &x, &e))
		return gates_failed(&e);
	gates_tell_emergency(g, &x);
	complain("EMERGENCY: %.*s is open without anybody's approval; it stands in the audit log, and who is told of incidents is told", SLFMT(x.id));
	return tell_made(g, &x, "It is open now, and recorded.");
}

int grant_extend(struct gates *g, const struct args *a)
{
	nstime until = 0;
	char text[40];
	struct err e;
	if (!args_has(a, "until")) {
		complain("grant extend: --until TIME says until when");
		return EXIT_USAGE;
	}
	if (!take_time(g, "until", true, &until))
		return EXIT_USAGE;
	if (gate_grant_extend(&g->gate, slice_of(a->operand[1]), until, &e))
		return gates_failed(&e);
	return gates_done(g, "%s goes on until %.16s UTC when another one approves it; until then its old end holds.\n", a->operand[1], time_plain(until, text));
}
