/* cmd_log.c - postern log: the audit log. */
#include "cmd/ruleset.h"
#include "chain/chain.h"
#include "cmd/setup.h"

#include <stdio.h>
#include <stdlib.h>

static const struct option options[] = {
	{"state", 's', OPT_TEXT, "DIR", "folder of Postern's state (default $POSTERN_STATE, then /var/lib/postern)"},
	{"anchors", 0, OPT_TEXT, "FILE", "verify: a log that has the anchors, kept where an intruder does not reach (syslog)"},
	{"format", 'f', OPT_CHOICE, "text|json", "how to print (default text)"},
	{0},
};

struct telling {
	bool json;
	const char *path;
	struct buf out;
};

static void tell(void *arg, const struct chain_problem *p)
{
	struct telling *t = arg;
	if (t->json) {
		buf_addf(&t->out, "%s{\"line\":%llu,\"offset\":%llu,\"text\":", t->out.n ? "," : "", (unsigned long long)p->line, (unsigned long long)p->offset);
		buf_json(&t->out, slice_of(p->text));
		buf_addc(&t->out, '}');
	} else {
		buf_addf(&t->out, "%s:%llu: %s (byte %llu)\n", t->path, (unsigned long long)p->line, p->text, (unsigned long long)p->offset);
	}
}

static void conclude(const struct telling *t, const struct chain_report *r, struct buf *out)
{
	if (t->json) {
		buf_addf(out, "{\"file\":");
		buf_json(out, slice_of(t->path));
		buf_addf(out, ",\"records\":%llu,\"torn\":%llu,\"anchors\":%llu,\"sha256\":\"%s\",\"problems\":[%.*s]}\n", (unsigned long long)r->records,
			(unsigned long long)r->torn, (unsigned long long)r->anchors, r->hash, (int)t->out.n, t->out.n ? t->out.p : "");
		return;
	}
	buf_adds(out, buf_slice(&t->out));
	buf_addf(out, "%s: %llu records, %llu torn, %llu anchors compared: ", t->path, (unsigned long long)r->records, (unsigned long long)r->torn,
		(unsigned long long)r->anchors);
	if (r->problems)
		buf_addf(out, "%llu problem%s\n", (unsigned long long)r->problems, r->problems == 1 ? "" : "s");
	else
		buf_addf(out, "whole, up to %.16s...\n", r->records ? r->hash : "nothing");
}

static int verify(const struct args *a, const char *path)
{
	const char *format = args_get(a, "format"), *anchors = args_get(a, "anchors");
	struct telling t = {.json = format && strcmp(format, "json") == 0, .path = path};
	struct buf known = {0}, out = {0};
	struct chain_report r;
	struct err e;
	int rc = EXIT_INPUT;
	if (anchors && !read_text(anchors, &known))
		goto done;
	if (chain_verify(path, buf_slice(&known), tell, &t, &r, &e)) {
		complain_err(&e);
		goto done;
	}
	conclude(&t, &r, &out);
	rc = !write_out(NULL, buf_slice(&out)) ? EXIT_INPUT : r.problems ? EXIT_CONDITION : EXIT_DONE;
done:
	buf_free(&known);
	buf_free(&out);
	buf_free(&t.out);
	return rc;
}

static int run(const struct args *a)
{
	char path[4096];
	if (!a->noperands || strcmp(a->operand[0], "verify") != 0) {
		complain("log: say what to do: verify\nTry 'postern log --help'.");
		return EXIT_USAGE;
	}
	if (a->noperands > 2) {
		complain("log verify: one file at a time");
		return EXIT_USAGE;
	}
	if (a->noperands == 2)
		snprintf(path, sizeof path, "%s", a->operand[1]);
	else if (!state_file(a, "audit.log", path, sizeof path))
		return EXIT_USAGE;
	int rc = setup_confine(a);
	return rc ? rc : verify(a, path);
}

const struct command command_log = {
	.name = "log",
	.summary = "verify the audit log",
	.usage = "log [OPTION...] verify [FILE]",
	.description = "verify [FILE]     checks that no record of the audit log was changed, removed, moved or put in, and that its end was not cut;\n"
		       "                  tells where; exit 1 when something is wrong\n\n"
		       "Whoever is root can write the whole log anew, with its head: against that there are the anchors, which Postern sends\n"
		       "to syslog every 100 records. Give the syslog of another machine to --anchors.",
	.options = options,
	.examples = "  postern log verify\n  postern log verify --anchors /var/log/remote/gate1.log\n",
	.run = run,
};
