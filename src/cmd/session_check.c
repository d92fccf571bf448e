/* session_check.c - are recordings what was recorded? The audit log says what each file's hash was. */
#include "cmd/sessions.h"
#include "cmd/setup.h"

#include <stdio.h>
#include <stdlib.h>

struct checking {
	struct gates *g;
	struct buf said;             /* "ID sha256\n" for every record of the audit log */
	struct buf out;
	nstime since;
	uint64_t good, bad;
};

static void take_problem(void *arg, const struct chain_problem *p)
{
	struct checking *x = arg;
	buf_addf(&x->out, "audit log, line %llu: %s\n", (unsigned long long)p->line, p->text);
	x->bad++;
}

/* Quotes within texts are escaped there: these members cannot be made up by a text. */
static void take_line(struct checking *x, struct slice line)
{
	struct slice head = SL("\"action\":\"session-recorded\",\"object\":\""), hash = SL(" sha256=");
	ssize_t at = slice_find(line, head);
	if (at < 0)
		return;
	line = slice_from(line, (size_t)at + head.n);
	ssize_t end = slice_chr(line, '"'), sum = slice_find(line, hash);
	if (end > 0 && sum > end)
		buf_addf(&x->said, "%.*s %.*s\n", (int)end, line.p, 64, slice_from(line, (size_t)sum + hash.n).n >= 64 ? line.p + sum + hash.n : "-");
}

static int read_log(struct checking *x)
{
	char path[4096], *line = NULL;
	size_t room = 0;
	ssize_t n;
	struct chain_report report;
	struct err e;
	if (!state_file(x->g->a, "audit.log", path, sizeof path))
		return EXIT_USAGE;
	if (chain_verify(path, SLICE_NONE, take_problem, x, &report, &e))
		return gates_failed(&e);
	FILE *f = fopen(path, "re");
	if (!f) {
		complain("cannot read %s: %m", path);
		return EXIT_INPUT;
	}
	while ((n = getline(&line, &room, f)) > 0)
		take_line(x, slice_make(line, (size_t)n));
	free(line);
	fclose(f);
	return 0;
}

static int no_event(void *arg, const struct cast_event *x)
{
	(void)x;
	++*(uint64_t *)arg;
	return 0;
}

static const char *trouble(struct checking *x, const struct session *s)
{
	char path[8192], hex[65] = "";
	struct err e;
	struct buf want = {0};
	uint64_t events = 0;
	buf_addf(&want, "%.*s ", SLFMT(s->id));
	ssize_t at = slice_find(buf_slice(&x->said), buf_slice(&want));
	bool logged = at >= 0 && slice_starts(slice_from(buf_slice(&x->said), (size_t)at + want.n), s->sha256);
	buf_free(&want);
	session_path(x->g, s, path, sizeof path);
	if (s->sha256.n != 64)
		return "its recording was lost";
	if (at < 0)
		return "the audit log does not know it";
	if (!logged)
		return "the audit log has another hash than the table of sessions";
	if (cast_read(path, no_event, &events, hex, &e))
		return "its recording is not there";
	return slice_eqz(s->sha256, hex) ? NULL : "its recording was changed";
}

static int check_one(void *arg, const struct session *s)
{
	struct checking *x = arg;
	if (s->end == NSTIME_NONE || (x->since != NSTIME_NONE && s->begin < x->since))
		return 0;
	const char *why = trouble(x, s);
	x->good += !why;
	x->bad += why != NULL;
	if (x->g->json)
		buf_addf(&x->out, "{\"id\":\"%.*s\",\"good\":%s,\"problem\":\"%s\"}\n", SLFMT(s->id), why ? "false" : "true", why ? why : "");
	else if (why)
		buf_addf(&x->out, "%.*s: %s\n", SLFMT(s->id), why);
	return 0;
}

int session_verify(struct gates *g, const struct args *a)
{
	struct checking x = {.g = g, .since = NSTIME_NONE};
	const char *since = args_get(a, "since");
	struct session one;
	struct err e;
	int rc = since && !gates_time(g, since, false, &x.since) ? EXIT_USAGE : a->noperands > 1 ? session_find(g, a->operand[1], &one) : 0;
	if (rc) {
		if (since)
			complain("--since: \"%s\" is no time (2026-11-24) and no span (36h)", since);
		return rc;
	}
	rc = read_log(&x);
	if (!rc && session_each(g->gate.vault, a->noperands > 1 ? one.id : SLICE_NONE, check_one, &x, &e))
		rc = gates_failed(&e);
	if (!rc && !g->json)
		buf_addf(&x.out, "%llu recordings are what was recorded, %llu problems\n", (unsigned long long)x.good, (unsigned long long)x.bad);
	if (!write_out(NULL, buf_slice(&x.out)))
		rc = EXIT_INPUT;
	buf_free(&x.out);
	buf_free(&x.said);
	return rc ? rc : x.bad ? EXIT_CONDITION : EXIT_DONE;
}
