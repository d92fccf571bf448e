/* cmd_scan.c - postern scan: logs to findings and incidents. */
#include "cmd/ledger.h"
#include "cmd/ruleset.h"
#include "cmd/setup.h"
#include "detect/detect.h"
#include "hunt/hunt.h"
#include "incident/incident.h"
#include "pipeline/pipeline.h"
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { LEARNING_DEFAULT = 3, LEARNING_MAX = 3650, BUDGET_DEFAULT = 3, BUDGET_MAX = 1000 };

static const struct option options[] = {
	INPUT_OPTIONS,
	{"format", 'f', OPT_CHOICE, "text|json|ecs|html", "how to report (default text); json is OCSF, ecs has ECS keys,\none object a line"},
	{"output", 'O', OPT_TEXT, "FILE", "write the report to FILE instead of standard output"},
	{"min-level", 'l', OPT_CHOICE, "informational|low|medium|high|critical", "list findings from this level on (default low)"},
	{"fail-on", 0, OPT_CHOICE, "informational|low|medium|high|critical", "exit 1 when a finding or incident has this level or more"},
	{"disable", 'd', OPT_TEXT, "ID[,ID...]", "leave detectors out (postern rules list names them)"},
	RULE_OPTIONS,
	{"suppressions", 0, OPT_TEXT, "FILE", "findings known to be harmless, with reason and last day (YAML)"},
	{"no-rules", 0, OPT_FLAG, NULL, "no Sigma rules, only the built-in detectors"},
	{"stats", 0, OPT_FLAG, NULL, "on standard error, how often each Sigma rule matched and was evaluated"},
	{"learning", 0, OPT_NUMBER, "DAYS", "days in which what is new for an account is only learnt\n(default 3)", 0, LEARNING_MAX},
	{"path-budget", 0, OPT_NUMBER, "N", "login paths told a day, after two weeks of logs (default 3)", 0, BUDGET_MAX},
	{"color", 0, OPT_CHOICE, "auto|always|never", "colour (default auto: only on a terminal)"},
	{"verbose", 'v', OPT_FLAG, NULL, "tell everything: all findings with their raw lines, all files"},
	{"quiet", 'q', OPT_FLAG, NULL, "no progress, no messages about single inputs"},
	{0},
};

struct scan {
	struct setup setup;
	struct detect *detect;
	struct sigma_set *rules;
	struct hunt *hunt;         /* NULL: no rules */
	struct suppressions *suppressions;
	struct incidents *incidents;
	const char *disabled;
	double started;            /* packed files are unpacked before the first line is read: that counts, too */
	bool quiet;
	enum level worst;
	bool any;
	unsigned kept[LEVEL_COUNT];
	uint64_t dropped;
};

static bool is_disabled(void *arg, const char *id)
{
	const struct scan *s = arg;
	struct slice rest = slice_of(s->disabled ? s->disabled : ""), one;
	while (rest.n) {
		if (!slice_cut(&rest, ',', &one)) {
			one = rest;
			rest.n = 0;
		}
		if (slice_eqz(slice_trim(one), id))
			return true;
	}
	return false;
}

/* A name that no detector has is a mistake of the user's, not a wish. */
static bool disabled_known(const char *list)
{
	struct slice rest = slice_of(list), one;
	while (rest.n) {
		if (!slice_cut(&rest, ',', &one)) {
			one = rest;
			rest.n = 0;
		}
		bool known = false;
		for (size_t i = 0; i < detect_count() && !known; i++)
			known = slice_eqz(slice_trim(one), detect_info(i)->id);
		if (!known) {
			complain("--disable: no detector \"%.*s\"; see 'postern rules list'", SLFMT(one));
			return false;
		}
	}
	return true;
}

static void on_finding(void *arg, struct finding *f)
{
	struct scan *s = arg;
	if (suppressions_take(s->suppressions, f, s->setup.decode.now)) {
		finding_free(f);
		return;
	}
	s->any = true;
	s->worst = MAX(s->worst, f->level);
	/* a hostile log can make any number of small findings: each level has places of its own */
	if (s->kept[f->level] >= LIMIT_FINDINGS) {
		s->dropped++;
		finding_free(f);
		return;
	}
	s->kept[f->level]++;
	incidents_add(s->incidents, f);
}

static int on_event(void *arg, const struct event *e)
{
	struct scan *s = arg;
	detect_event(s->detect, e);
	if (s->hunt)
		hunt_event(s->hunt, e);
	return 0;
}

static void on_began(void *arg, struct slice host, nstime first)
{
	struct scan *s = arg;
	detect_began(s->detect, host, first);
}

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
	const struct scan *s = arg;
	if (!s->quiet)
		progress_show(done, total, "reading");
}

static void render(struct scan *s, const struct args *a, const struct ledger *l, struct buf *out)
{
	const char *format = args_get(a, "format"), *min = args_get(a, "min-level"), *file = args_get(a, "output");
	struct report_input in = {s->incidents, l, s->setup.org, POSTERN_VERSION, s->setup.decode.now};
	struct report_text_options opt = {.color = !file && term_color(STDOUT_FILENO, args_get(a, "color")), .width = term_width(STDOUT_FILENO),
		.min_level = LEVEL_LOW, .verbose = args_has(a, "verbose")};
	if (min)
		level_parse(slice_of(min), &opt.min_level);
	if (format && strcmp(format, "json") == 0)
		report_json(out, &in);
	else if (format && strcmp(format, "ecs") == 0)
		report_ecs(out, &in);
	else if (format && strcmp(format, "html") == 0)
		report_html(out, &in);
	else
		report_text(out, &in, &opt);
}

static void add_suppressed(const struct scan *s, struct ledger *l, struct arena *mem)
{
	size_t n = suppressions_count(s->suppressions);
	l->suppressed = n ? arena_alloc(mem, n * sizeof *l->suppressed) : NULL;
	for (size_t i = 0; i < n; i++) {
		const struct suppression *x = suppressions_get(s->suppressions, i);
		bool ended = s->setup.decode.now >= x->until;
		l->suppressed[l->nsuppressed++] = (struct ledger_suppressed){x->rule, x->reason, x->until, ended ? x->missed : x->used, ended};
	}
}

/* False after a message. */
static bool load_suppressions(struct scan *s, const char *file)
{
	struct buf b = {0};
	struct err e;
	bool ok = read_text(file, &b);
	if (ok && !(s->suppressions = suppressions_read(buf_slice(&b), file, &e))) {
		complain_err(&e);
		ok = false;
	}
	buf_free(&b);
	return ok;
}

static int finish(struct scan *s, const struct args *a, const struct pipeline_result *r, double seconds)
{
	struct arena mem;
	struct ledger l;
	struct buf out = {0};
	arena_init(&mem);
	detect_finish(s->detect);
	if (s->hunt)
		hunt_finish(s->hunt);
	incidents_build(s->incidents);
	ledger_build(&l, &mem, &s->setup, r);
	add_suppressed(s, &l, &mem);
	l.forgotten = detect_forgotten(s->detect);
	l.findings_dropped = s->dropped;
	l.given_up = s->hunt ? hunt_given_up(s->hunt) : 0;
	l.seconds = seconds;
	for (size_t i = 0; i < incidents_count(s->incidents); i++)
		s->worst = MAX(s->worst, incidents_get(s->incidents, i)->level);
	render(s, a, &l, &out);
	bool ok = write_out(args_get(a, "output"), buf_slice(&out));
	buf_free(&out);
	arena_free(&mem);
	enum level limit;
	const char *fail = args_get(a, "fail-on");
	if (!ok)
		return EXIT_INPUT;
	if (fail && level_parse(slice_of(fail), &limit) && s->any && s->worst >= limit)
		return EXIT_CONDITION;
	return s->setup.missing;
}

static double now_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The rules, and what they ask of the decoders. */
static void set_up_rules(struct scan *s)
{
	if (!s->rules || !sigma_count(s->rules))
		return;
	struct hunt_options opt = {.rules = s->rules, .org = s->setup.org};
	s->hunt = hunt_new(&opt, on_finding, s);
	if (!s->hunt)
		core_oom();
	sigma_wants(s->rules, &s->setup.decode.want);
	s->setup.decode.audit_records = sigma_wants_records(s->rules);
	s->setup.decode.bare_records = !sigma_wants_record_fields(s->rules);
	s->setup.decode.json = true;
}

static void tell_stats(const struct scan *s)
{
	struct hunt_count *v;
	size_t n = hunt_counts(s->hunt, &v);
	fprintf(stderr, "%zu Sigma rule%s, %llu events judged; matches, evaluations:\n", sigma_count(s->rules), sigma_count(s->rules) == 1 ? "" : "s", (unsigned long long)hunt_judged(s->hunt));
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "%10llu %10llu  %-13s %.*s (%s)\n", (unsigned long long)v[i].matches, (unsigned long long)v[i].looks, level_name(v[i].rule->level), SLFMT(v[i].rule->title), v[i].rule->file);
	free(v);
}

static int scan_inputs(struct scan *s, const struct args *a)
{
	struct err e;
	uint64_t days = LEARNING_DEFAULT;
	const char *learning = args_get(a, "learning");
	if (learning)
		slice_u64(slice_of(learning), LEARNING_MAX, &days);
	uint64_t budget = BUDGET_DEFAULT;
	if (args_has(a, "path-budget"))
		slice_u64(slice_of(args_get(a, "path-budget")), BUDGET_MAX, &budget);
	struct detect_options dopt = {.org = s->setup.org, .learning = (nstime)days * NS_DAY, .path_budget = (unsigned)budget, .disabled = is_disabled, .arg = s};
	s->detect = detect_new(&dopt, on_finding, s);
	s->incidents = incidents_new(s->setup.org);
	detect_wants(s->detect, &s->setup.decode.want);
	set_up_rules(s);
	struct decode_tables *t = decode_tables_new(&s->setup.decode, &e);
	if (!t) {
		complain_err(&e);
		return EXIT_USAGE;
	}
	struct pipeline_options opt = {.rules = s->hunt ? s->rules : NULL, .tables = t, .org = s->setup.org, .threads = s->setup.threads, .max_disorder = 5 * NS_MIN,
		.judge_records = s->setup.decode.audit_records && !args_has(a, "stats"), .this_host = s->setup.this_host, .event = on_event, .began = on_began, .progress = on_progress, .arg = s};
	struct pipeline_result r;
	int rc = pipeline_run(&s->setup.set, &opt, &r, &e);
	progress_clear();
	if (rc) {
		complain_err(&e);
		rc = EXIT_INPUT;
	} else {
		rc = finish(s, a, &r, now_seconds() - s->started);
		if (s->hunt && args_has(a, "stats"))
			tell_stats(s);
	}
	pipeline_result_free(&r);
	decode_tables_free(t);
	return rc;
}

static int run(const struct args *a)
{
	struct scan s = {.disabled = args_get(a, "disable"), .started = now_seconds(), .quiet = args_has(a, "quiet")};
	if (s.disabled && !disabled_known(s.disabled))
		return EXIT_USAGE;
	if (args_has(a, "suppressions") && !load_suppressions(&s, args_get(a, "suppressions")))
		return EXIT_USAGE;
	int r = args_has(a, "no-rules") ? 0 : ruleset_load(a, &s.rules);
	if (!r && s.rules && !s.quiet)
		ruleset_tell_errors(s.rules, 5);
	if (!r)
		r = setup_inputs(&s.setup, a);
	if (!r)
		r = scan_inputs(&s, a);
	detect_free(s.detect);
	incidents_free(s.incidents);
	hunt_free(s.hunt);
	sigma_free(s.rules);
	suppressions_free(s.suppressions);
	setup_free(&s.setup);
	return r;
}

const struct command command_scan = {
	.name = "scan",
	.summary = "read logs and tell what happened",
	.usage = "scan [OPTION...] PATH...",
	.description =
		"Reads logs - files, folders with rotated sets, packed files, tar and zip, - for standard input - and tells what\n"
		"happened: incidents as stories, findings by level, and a ledger of what was read, what was not understood and\n"
		"where nobody would have seen anything. Nothing is changed, nothing leaves the machine.\n\n"
		"Logs of many hosts are told apart by their lines, or by folders of the form HOST/var/log/...",
	.options = options,
	.examples = "  postern scan /var/log\n"
		    "  postern scan --org org.yaml collected/ --format html --output report.html\n"
		    "  journalctl -o json --since -30d | postern scan - --fail-on high\n",
	.run = run,
};
