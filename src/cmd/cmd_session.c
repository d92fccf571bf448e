/* cmd_session.c - postern session: who is in, who was, and what they saw. */
#include "cmd/sessions.h"

#include <stdio.h>
#include <time.h>

static const struct option options[] = {
	GATES_OPTIONS,
	{"open", 0, OPT_FLAG, NULL, "list, search: only sessions that go on"},
	{"since", 0, OPT_TEXT, "TIME", "list, search, verify: those that began since then (2026-11-24,\nor a span: 36h, 7d)"},
	{"person", 'p', OPT_TEXT, "ID", "list, search: those of this person"},
	{"speed", 0, OPT_NUMBER, "N", "play: so many times as fast (default 1 on a terminal); 0: without\npauses", 0, 1000},
	{"idle", 0, OPT_NUMBER, "SECONDS", "play: pauses are no longer than this (default 2)", 0, 86400},
	{"raw", 0, OPT_FLAG, NULL, "play: what was recorded, with every escape sequence; refused on a\nterminal"},
	{"force", 0, OPT_FLAG, NULL, "play --raw: also on a terminal, which the recording then drives"},
	{"reason", 'r', OPT_TEXT, "TEXT", "end: why; it is told to the person, and kept"},
	{0},
};

static const struct gates_verb verbs[] = {
	{"list", "", 0, 0, VAULT_READ, session_list},
	{"show", "ID", 1, 1, VAULT_READ, session_show},
	{"play", "ID", 1, 1, VAULT_READ, session_play},
	{"search", "TEXT", 1, 1, VAULT_READ, session_search},
	{"verify", "[ID]", 0, 1, VAULT_READ, session_verify},
	{"end", "ID --reason TEXT", 1, 1, VAULT_WRITE, session_end_verb},
};

static int keep_one(void *arg, const struct session *s)
{
	struct { struct gates *g; struct session *out; size_t n; } *x = arg;
	struct slice *const to[] = {&x->out->id, &x->out->person, &x->out->provider, &x->out->account, &x->out->host, &x->out->grant, &x->out->source, &x->out->tty,
		&x->out->command, &x->out->file, &x->out->sha256, &x->out->why, &x->out->wanter, &x->out->reason};
	if (x->n++)
		return 0;
	*x->out = *s;
	for (size_t i = 0; i < ARRAY_LEN(to); i++)
		*to[i] = slice_dup(&x->g->mem, *to[i]);
	return 0;
}

int session_find(struct gates *g, const char *id, struct session *out)
{
	struct { struct gates *g; struct session *out; size_t n; } x = {g, out, 0};
	struct err e;
	if (session_each(g->gate.vault, slice_of(id), keep_one, &x, &e))
		return gates_failed(&e);
	if (x.n == 1 && *id)
		return 0;
	if (x.n && *id)
		complain("%zu sessions begin with \"%s\"", x.n, id);
	else
		complain("no session \"%s\"", id);
	return EXIT_USAGE;
}

void session_path(const struct gates *g, const struct session *s, char *out, size_t n)
{
	snprintf(out, n, "%s/recordings/%.*s", g->folder, SLFMT(s->file));
}

struct slice session_kind(const struct session *s)
{
	static const char *const names[] = {[KIND_SHELL] = "shell", [KIND_COMMAND] = "command", [KIND_SFTP] = "sftp", [KIND_FORWARD] = "forward"};
	return slice_of((size_t)s->kind < ARRAY_LEN(names) && names[s->kind] ? names[s->kind] : "?");
}

int session_end_verb(struct gates *g, const struct args *a)
{
	struct session s;
	struct err e;
	struct slice reason = gates_text(a, "reason");
	int rc = session_find(g, a->operand[1], &s);
	if (rc)
		return rc;
	if (!reason.n) {
		complain("session end: say why: --reason TEXT");
		return EXIT_USAGE;
	}
	struct slice id = s.id;
	if (session_end(&g->gate, id, reason, &e))
		return gates_failed(&e);
	for (int i = 0; i < 30; i++) { /* the service looks five times a second */
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
		if (session_find(g, id.p, &s) == 0 && s.end != NSTIME_NONE)
			return gates_done(g, "Session %.*s has ended.\n", SLFMT(id));
	}
	complain("session %.*s has not ended: is 'postern gate serve' running? 'postern response run end-sessions %.*s' ends what the account has without it", SLFMT(id),
		SLFMT(s.account));
	return EXIT_CONDITION;
}

static int run(const struct args *a)
{
	return gates_run(a, verbs, ARRAY_LEN(verbs));
}

const struct command command_session = {
	.name = "session",
	.summary = "list, show, play, search and end sessions of outside persons",
	.usage = "session [OPTION...] list | show ID | play ID | search TEXT | verify [ID] | end ID",
	.description = "list         sessions, newest first: who, where to, by which grant, from where, how long\n"
		       "show ID      all of one, with the files that sftp moved; the beginning of an id is enough\n"
		       "play ID      what the person saw; sequences that could do more to your terminal than text, colours and movement are left out\n"
		       "search TEXT  lines in which TEXT was shown, in every recording; capitals do not matter\n"
		       "verify [ID]  are recordings what was recorded? hashes of the files against the audit log; exit status 1 when not\n"
		       "end ID       end it now, with every process of it (--reason)",
	.options = options,
	.examples = "  postern session list --open\n  postern session play S-20261126-1530 --speed 4\n  postern session search \"curl \" --since 7d\n"
		    "  postern session end S-20261126-1530 --reason \"wrong machine\"\n",
	.run = run,
};
