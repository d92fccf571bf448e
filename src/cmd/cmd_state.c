/* cmd_state.c - postern state: looking after what watch keeps. */
#include "cmd/setup.h"
#include "cmd/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const struct option options[] = {
	STATE_OPTION,
	{"format", 'f', OPT_CHOICE, "text|json", "how to print (default text)"},
	{0},
};

static bool wants_json(const struct args *a)
{
	const char *format = args_get(a, "format");
	return format && strcmp(format, "json") == 0;
}

/* ---- show ---------------------------------------------------------------------------------------------------------------- */

static int show(struct state *s, const struct args *a)
{
	struct err e;
	struct store_counts c;
	if (store_count(s->store, &c, &e))
		return state_failed(s, &e);
	const struct { const char *name, *text; uint64_t n; } rows[] = {
		{"version", "version of the tables", (uint64_t)c.version}, {"bytes", "bytes", (uint64_t)c.bytes}, {"sources", "files that are or were followed", c.sources},
		{"findings", "findings", c.findings}, {"incidents", "incidents", c.incidents}, {"open", "of them open", c.open},
		{"messages_pending", "messages waiting to be sent", c.pending}, {"messages_dead", "messages given up", c.dead},
	};
	struct buf out = {0};
	bool json = wants_json(a);
	if (json) {
		buf_addz(&out, "{\"file\":");
		buf_json(&out, slice_of(s->file));
	} else {
		buf_addf(&out, "%s\n", s->file);
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (json)
			buf_addf(&out, ",\"%s\":%llu", rows[i].name, (unsigned long long)rows[i].n);
		else
			buf_addf(&out, "%12llu  %s\n", (unsigned long long)rows[i].n, rows[i].text);
	buf_addz(&out, json ? "}\n" : "");
	int rc = write_out(NULL, buf_slice(&out)) ? EXIT_DONE : EXIT_INPUT;
	buf_free(&out);
	return rc;
}

/* ---- check --------------------------------------------------------------------------------------------------------------- */

struct checking {
	struct buf out;
	bool json;
	size_t problems;
};

static void problem(void *arg, const char *text)
{
	struct checking *c = arg;
	if (c->json) {
		buf_addz(&c->out, c->problems ? "," : "");
		buf_json(&c->out, slice_of(text));
	} else {
		buf_term(&c->out, slice_of(text));
		buf_addc(&c->out, '\n');
	}
	c->problems++;
}

static int check(struct state *s, const struct args *a)
{
	struct err e;
	struct checking c = {.json = wants_json(a)};
	int rc = store_check(s->store, problem, &c, &e) ? state_failed(s, &e) : 0;
	if (!rc && c.json)
		printf("{\"problems\":[%.*s]}\n", (int)c.out.n, c.out.n ? c.out.p : "");
	else if (!rc)
		printf("%.*s%s: %zu problem%s\n", (int)c.out.n, c.out.n ? c.out.p : "", s->file, c.problems, c.problems == 1 ? "" : "s");
	buf_free(&c.out);
	return rc ? rc : c.problems ? EXIT_CONDITION : EXIT_DONE;
}

/* ---- backup, vacuum ------------------------------------------------------------------------------------------------------ */

static int backup(struct state *s, const struct args *a)
{
	struct err e;
	const char *to = a->operand[1];
	/* made by us alone, empty: SQLite fills it, and refuses one that is not */
	int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		bool there = errno == EEXIST;
		complain("cannot make %s: %s", to, there ? "it is there already, and a backup does not overwrite" : strerror(errno));
		return there ? EXIT_USAGE : EXIT_INPUT;
	}
	if (!state_record(s, "state-backup", to, SLICE_NONE)) {
		close(fd);
		unlink(to);
		return EXIT_INPUT;
	}
	int rc = store_backup(s->store, to, &e);
	if (!rc && fsync(fd))
		rc = err_set(&e, ERR_IO, "%s: %m", to);
	close(fd);
	if (rc) {
		state_record_failure(s, "state-backup", to, slice_of(e.text));
		unlink(to);
		return state_failed(s, &e);
	}
	printf("%s is a whole copy of %s. The audit log is a file of its own: copy %s/audit.log and audit.log.head, too.\n", to, s->file, s->folder);
	return 0;
}

static int vacuum(struct state *s, const struct args *a)
{
	struct err e;
	struct store_counts before, after;
	(void)a;
	int rc = store_count(s->store, &before, &e);
	if (!rc && !state_record(s, "state-vacuum", s->file, SLICE_NONE))
		return EXIT_INPUT;
	if (!rc)
		rc = store_vacuum(s->store, &e);
	if (!rc)
		rc = store_count(s->store, &after, &e);
	if (rc)
		return state_failed(s, &e);
	printf("%s: %lld bytes, before %lld\n", s->file, (long long)after.bytes, (long long)before.bytes);
	return 0;
}

static const struct verb {
	const char *name;
	size_t operands;
	enum store_mode mode;
	int (*run)(struct state *s, const struct args *a);
} verbs[] = {
	{"show", 0, STORE_READ, show},
	{"check", 0, STORE_READ, check},
	{"backup", 1, STORE_WRITE, backup},
	{"vacuum", 0, STORE_WRITE, vacuum},
};

static int run(const struct args *a)
{
	struct state s = {0};
	char folder[4096];
	const struct verb *v = NULL;
	for (size_t i = 0; a->noperands && i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, a->operand[0]) == 0)
			v = &verbs[i];
	if (!v || a->noperands - 1 != v->operands) {
		complain("state: say what to do: show, check, backup FILE, vacuum\nTry 'postern state --help'.");
		return EXIT_USAGE;
	}
	int rc = state_open(&s, a, v->mode, v->operands ? folder_of(a->operand[1], folder, sizeof folder) : NULL);
	if (!rc)
		rc = v->run(&s, a);
	state_close(&s);
	return rc;
}

const struct command command_state = {
	.name = "state",
	.summary = "check, back up and tidy the state of watch",
	.usage = "state [OPTION...] show | check | backup FILE | vacuum",
	.description = "show              what is in it\n"
		       "check             is the file whole, and does what it says fit together; exit 1 when not\n"
		       "backup FILE       a whole copy, also while watch runs; never overwrites\n"
		       "vacuum            gives room back to the disk\n\n"
		       "The state is one SQLite file, postern.db. The audit log lies beside it: see postern log.",
	.options = options,
	.examples = "  postern state check\n  postern state backup /srv/backup/postern-2026-11-26.db\n",
	.run = run,
};
