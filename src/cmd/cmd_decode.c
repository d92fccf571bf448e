/* cmd_decode.c - postern decode: the events as ECS JSON lines. */
#include "cmd/setup.h"
#include "event/event.h"
#include "pipeline/pipeline.h"

#include <stdio.h>
#include <stdlib.h>

static const struct option options[] = {
	INPUT_OPTIONS,
	{"known", 'k', OPT_FLAG, NULL, "only lines that were understood"},
	{"stats", 's', OPT_FLAG, NULL, "no events: what became of the lines, per file"},
	{0},
};

struct state {
	struct setup setup;
	struct buf out;
	bool known, stats;
	bool failed;
};

static int flush_out(struct state *s)
{
	if (s->out.n && !write_out(NULL, buf_slice(&s->out))) {
		s->failed = true;
		return ERR_STOPPED;
	}
	s->out.n = 0;
	return 0;
}

static int on_event(void *arg, const struct event *e)
{
	struct state *s = arg;
	if (s->stats || (s->known && e->action == ACT_NONE))
		return 0;
	event_json(&s->out, e, s->setup.set.files.v[e->source].path);
	buf_addc(&s->out, '\n');
	return s->out.n > 256 << 10 ? flush_out(s) : 0;
}

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
	const struct state *s = arg;
	if (s->stats)
		progress_show(done, total, "decoding");
}

static void tell_stats(struct state *s, const struct pipeline_result *r)
{
	for (size_t i = 0; i < r->nfiles; i++) {
		const struct decode_stats *st = &r->files[i].stats;
		buf_term(&s->out, s->setup.set.files.v[i].path);
		buf_addf(&s->out, ": %llu lines", (unsigned long long)st->lines);
		for (int k = 0; k < DECODED_KINDS; k++)
			if (st->by_kind[k])
				buf_addf(&s->out, ", %llu %s", (unsigned long long)st->by_kind[k], decoded_name((enum decoded)k));
		buf_addc(&s->out, '\n');
		for (uint32_t k = 0; k < st->nexamples; k++) {
			buf_addf(&s->out, "  not understood at byte %llu: ", (unsigned long long)st->example[k].offset);
			buf_term(&s->out, slice_make(st->example[k].text, st->example[k].n));
			buf_addc(&s->out, '\n');
		}
	}
}

static int run_pipeline(struct state *s)
{
	struct err e;
	struct pipeline_result result = {0};
	struct decode_tables *t = decode_tables_new(&s->setup.decode, &e);
	if (!t) {
		complain_err(&e);
		return EXIT_USAGE;
	}
	struct pipeline_options opt = {.tables = t, .org = s->setup.org, .threads = s->setup.threads, .max_disorder = NS_DAY * 36500,
		.event = on_event, .progress = on_progress, .arg = s, .keep_order = true};
	int r = pipeline_run(&s->setup.set, &opt, &result, &e);
	progress_clear();
	if (s->stats)
		tell_stats(s, &result);
	if (r && r != ERR_STOPPED)
		complain_err(&e);
	else if (!s->failed)
		flush_out(s);
	setup_tell_problems(&s->setup, 20);
	pipeline_result_free(&result);
	decode_tables_free(t);
	return r || s->failed ? EXIT_INPUT : s->setup.missing;
}

static int run(const struct args *a)
{
	struct state s = {.known = args_has(a, "known"), .stats = args_has(a, "stats")};
	int r = setup_inputs(&s.setup, a);
	if (!r) {
		interest_all(&s.setup.decode.want);
		s.setup.decode.everything = true;
		r = run_pipeline(&s);
	}
	buf_free(&s.out);
	setup_free(&s.setup);
	return r;
}

const struct command command_decode = {
	.name = "decode",
	.summary = "print the events of logs as ECS JSON lines",
	.usage = "decode [OPTION...] PATH...",
	.description =
		"Reads logs (files, folders, packed files, - for standard input) and prints each line as one nested JSON\n"
		"object with Elastic Common Schema names: @timestamp, event.dataset, event.action, event.outcome, source.ip,\n"
		"user.name and so on, with event.original, log.file.path and log.offset to find the line again. Lines that\n"
		"nobody understands are printed with their message and without event.action.",
	.options = options,
	.examples = "  postern decode /var/log/auth.log | jq -c 'select(.event.action==\"login-failed\")|.source'\n"
		    "  journalctl -o json | postern decode -\n",
	.run = run,
};
