/* session_tell.c - sessions as text and JSON. */
#include "cmd/sessions.h"

#include <stdio.h>

struct listing {
	struct gates *g;
	struct buf out;
	nstime since;
	struct slice person;
	bool open;
};

static void length(nstime t, struct buf *b)
{
	long long s = (long long)(t / NS_SEC);
	if (s >= 3600)
		buf_addf(b, "%lldh%02lldm", s / 3600, s / 60 % 60);
	else
		buf_addf(b, "%lldm%02llds", s / 60, s % 60);
}

static void as_json(const struct session *s, struct buf *b)
{
	buf_addz(b, "{\"id\":");
	buf_json(b, s->id);
	const struct { const char *name; struct slice value; } texts[] = {{"person", s->person}, {"provider", s->provider}, {"account", s->account}, {"host", s->host},
		{"grant", s->grant}, {"source", s->source}, {"tty", s->tty}, {"kind", session_kind(s)}, {"command", s->command}, {"file", s->file}, {"sha256", s->sha256},
		{"ended_by", s->why}};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		gates_json(b, texts[i].name, texts[i].value);
	gates_json_time(b, "began", s->begin);
	gates_json_time(b, "ended", s->end);
	buf_addf(b, ",\"terminal\":%s,\"output\":%llu,\"input\":%llu,\"packed\":%llu", s->terminal ? "true" : "false", (unsigned long long)s->output,
		(unsigned long long)s->input, (unsigned long long)s->packed);
	if (s->exited)
		buf_addf(b, ",\"status\":%d}\n", s->status);
	else
		buf_addz(b, ",\"status\":null}\n");
}

static int list_one(void *arg, const struct session *s)
{
	struct listing *l = arg;
	char when[40];
	struct buf *b = &l->out;
	if ((l->open && s->end != NSTIME_NONE) || (l->since != NSTIME_NONE && s->begin < l->since) || (l->person.n && !slice_eq(l->person, s->person)))
		return 0;
	if (l->g->json) {
		as_json(s, b);
		return 0;
	}
	buf_addf(b, "%-26.*s %.16s  %-12.*s %.*s@%.*s from %.*s by %.*s, ", SLFMT(s->id), time_plain(s->begin, when), SLFMT(s->person), SLFMT(s->account), SLFMT(s->host),
		SLFMT(s->source), SLFMT(s->grant));
	if (s->end == NSTIME_NONE) {
		buf_addz(b, "OPEN ");
		length(gates_now() - s->begin, b);
	} else {
		length(s->end - s->begin, b);
	}
	buf_addf(b, ", %.*s", SLFMT(session_kind(s)));
	if (s->command.n) {
		buf_addz(b, ": ");
		buf_term(b, slice_to(s->command, 80));
	}
	buf_addc(b, '\n');
	return 0;
}

int session_list(struct gates *g, const struct args *a)
{
	struct listing l = {.g = g, .since = NSTIME_NONE, .person = gates_text(a, "person"), .open = args_has(a, "open")};
	const char *since = args_get(a, "since");
	struct err e;
	if (since && !gates_time(g, since, false, &l.since)) {
		complain("--since: \"%s\" is no time (2026-11-24) and no span (36h)", since);
		return EXIT_USAGE;
	}
	int rc = session_each(g->gate.vault, SLICE_NONE, list_one, &l, &e);
	if (!rc && !l.out.n && !g->json)
		buf_addz(&l.out, "No sessions.\n");
	rc = rc ? gates_failed(&e) : write_out(NULL, buf_slice(&l.out)) ? EXIT_DONE : EXIT_INPUT;
	buf_free(&l.out);
	return rc;
}

static int take_mark(void *arg, const struct cast_event *x)
{
	struct buf *b = arg;
	if (x->code != 'm')
		return 0;
	buf_addf(b, "  %6lld.%03lld s  ", (long long)(x->at / NS_SEC), (long long)(x->at % NS_SEC / 1000000));
	buf_term(b, x->text);
	buf_addc(b, '\n');
	return 0;
}

static void row(struct buf *b, const char *name, struct slice value)
{
	if (!value.n)
		return;
	buf_addf(b, "%-10s ", name);
	buf_term(b, value);
	buf_addc(b, '\n');
}

static void as_text(const struct session *s, struct buf *b)
{
	char when[40];
	row(b, "session", s->id);
	row(b, "person", s->person);
	row(b, "provider", s->provider);
	row(b, "account", s->account);
	row(b, "host", s->host);
	row(b, "grant", s->grant);
	row(b, "from", s->source);
	row(b, "terminal", s->tty);
	row(b, "kind", session_kind(s));
	row(b, "command", s->command);
	row(b, "began", slice_of(time_plain(s->begin, when)));
	row(b, "ended", s->end == NSTIME_NONE ? SL("it goes on") : slice_of(time_plain(s->end, when)));
	row(b, "ended by", s->why);
	row(b, "asked by", s->wanter);
	row(b, "because", s->reason);
	if (s->exited)
		buf_addf(b, "%-10s %d\n", "status", s->status);
	buf_addf(b, "%-10s %llu bytes out, %llu bytes in\n", "moved", (unsigned long long)s->output, (unsigned long long)s->input);
	row(b, "recording", s->file);
	row(b, "sha256", s->sha256);
}

int session_show(struct gates *g, const struct args *a)
{
	struct session s;
	struct err e;
	struct buf b = {0};
	char path[8192];
	int rc = session_find(g, a->operand[1], &s);
	if (rc)
		return rc;
	if (g->json) {
		as_json(&s, &b);
	} else {
		as_text(&s, &b);
		session_path(g, &s, path, sizeof path);
		if (cast_read(path, take_mark, &b, NULL, &e))
			buf_addf(&b, "the recording cannot be read: %s\n", e.text);
	}
	rc = write_out(NULL, buf_slice(&b)) ? EXIT_DONE : EXIT_INPUT;
	buf_free(&b);
	return rc;
}
