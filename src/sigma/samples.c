/* samples.c - rules tried on events of which the answer is known. */
#include "sigma/sigma_private.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIRES_MAX = 16 };
struct trying {
	struct json_parser *json;
	struct arena mem;
	bool no_prefilter;
	struct sigma_set *own;      /* of the sample's own rule */
	const struct sigma_set *set;
	struct sigma_ctx *ctx;
	struct sigma_state *state;
	nstime t;
	bool fired;
	struct slice fires[FIRES_MAX]; /* ids still missing */
	size_t nfires;
	struct slice only;             /* the one rule that is asked, by file; empty: any */
	struct sigma_sample *out;
};

static struct json_text jt(struct slice s)
{
	return (struct json_text){s.p, s.n};
}

/* A member as text in the arena; SLICE_NONE when absent. */
static struct slice part(struct trying *x, struct slice line, const char *name, size_t index)
{
	struct json_text t;
	return json_part(x->json, jt(line), jt(slice_of(name)), index, &t) ? slice_dup(&x->mem, slice_make(t.p, t.n)) : SLICE_NONE;
}

static void note_fired(struct trying *x, const struct sigma_rule *r)
{
	for (size_t i = 0; i < x->nfires; i++)
		if (slice_ieq(x->fires[i], r->id)) {
			x->fires[i] = x->fires[--x->nfires];
			return;
		}
	x->out->others++;
}

/* Samples beside a rule ask that rule's file alone. */
static bool wanted_rule(const struct trying *x, const struct sigma_rule *r)
{
	return !x->only.n || slice_eqz(x->only, r->file);
}

static void on_correlated(void *arg, const struct sigma_correlated *hit)
{
	struct trying *x = arg;
	if (!wanted_rule(x, hit->rule))
		return;
	x->fired = true;
	note_fired(x, hit->rule);
}

static void on_hit(void *arg, const struct sigma_rule *r)
{
	struct trying *x = arg;
	if (!wanted_rule(x, r))
		return;
	x->fired |= !r->silent;
	note_fired(x, r);
	sigma_correlate(x->state, x->ctx, r, x->t, on_correlated, x);
}

static const struct sigma_logsource *logsource_of(struct trying *x, struct slice line, struct sigma_logsource *l)
{
	struct slice text = part(x, line, "logsource", SIZE_MAX);
	if (!text.p)
		return NULL;
	*l = (struct sigma_logsource){part(x, text, "product", SIZE_MAX), part(x, text, "category", SIZE_MAX), part(x, text, "service", SIZE_MAX)};
	return l;
}

static bool judge_one(struct trying *x, struct slice event, const struct sigma_logsource *from)
{
	static const struct sigma_logsource any;
	int rc = sigma_event_json(x->ctx, event, from || !x->own ? from : &any);
	if (rc) {
		snprintf(x->out->text, sizeof x->out->text, "its event is no JSON object");
		return false;
	}
	sigma_judge(x->ctx, on_hit, x);
	return true;
}

static bool run_events(struct trying *x, struct slice line)
{
	struct sigma_logsource l;
	const struct sigma_logsource *from = logsource_of(x, line, &l);
	struct slice event = part(x, line, "event", SIZE_MAX);
	for (; x->nfires < FIRES_MAX; x->nfires++) {
		struct slice id = part(x, line, "fires", x->nfires);
		if (!id.p)
			break;
		x->fires[x->nfires] = id;
	}
	x->state = sigma_state_new(x->set);
	x->fired = false;
	x->t = 0;
	bool ok = true;
	struct slice one = part(x, line, "events", 0);
	if (one.p) {
		for (size_t i = 0; ok && one.p; one = part(x, line, "events", ++i)) {
			struct slice ts = part(x, one, "ts", SIZE_MAX);
			struct scalar n;
			if (ts.n && scalar_number(ts, &n))
				x->t = n.type == SC_INT ? (nstime)n.i * NS_SEC : (nstime)(n.f * 1e9);
			ok = judge_one(x, one, from);
		}
	} else if (event.p) {
		ok = judge_one(x, event, from);
	} else {
		snprintf(x->out->text, sizeof x->out->text, "it has neither event nor events");
		ok = false;
	}
	sigma_state_free(x->state);
	return ok;
}

/* ---- the sample's own rule ----------------------------------------------------------------------------------- */

enum { PLACEHOLDERS_MAX = 32 };

static size_t placeholders_of(struct trying *x, struct slice line, struct sigma_placeholder *out)
{
	struct slice text = part(x, line, "placeholders", SIZE_MAX);
	struct json_flat flat;
	size_t n = 0;
	if (!text.p || json_flatten(x->json, jt(text), (struct json_text){"", 0}, &flat))
		return 0;
	for (size_t i = 0; i < flat.n; i++) {
		struct slice name = slice_dup(&x->mem, slice_make(flat.v[i].name.p, flat.v[i].name.n));
		struct slice value = slice_dup(&x->mem, slice_make(flat.v[i].text.p, flat.v[i].text.n));
		if (!n || !slice_eq(out[n - 1].name, name)) {
			if (n == PLACEHOLDERS_MAX)
				return n;
			out[n++] = (struct sigma_placeholder){.name = name, .values = arena_alloc(&x->mem, flat.n * sizeof(struct slice))};
		}
		((struct slice *)(uintptr_t)out[n - 1].values)[out[n - 1].n++] = value;
	}
	return n;
}

static size_t errors_of(const struct sigma_set *s, char *first, size_t n)
{
	size_t count = 0;
	for (size_t i = 0; i < sigma_problem_count(s); i++) {
		const struct sigma_problem *p = sigma_problem_get(s, i);
		if (p->severity == SIGMA_ERROR && count++ == 0)
			err_format(&p->err, first, n);
	}
	return count;
}

/* False: the sample is decided already. */
static bool own_rule(struct trying *x, struct slice line, struct slice rule)
{
	struct sigma_placeholder ph[PLACEHOLDERS_MAX];
	struct sigma_options opt = {.placeholders = ph, .nplaceholders = placeholders_of(x, line, ph), .no_prefilter = x->no_prefilter};
	struct err e;
	char first[400] = "";
	x->set = x->own = sigma_new(&opt);
	sigma_add_text(x->own, rule, "rule");
	sigma_seal(x->own, &e);
	size_t errors = errors_of(x->own, first, sizeof first);
	struct slice invalid = part(x, line, "invalid", SIZE_MAX), says = part(x, line, "says", SIZE_MAX);
	if (slice_eqz(invalid, "true")) {
		x->out->passed = errors > 0 && (!says.n || slice_ihas(slice_of(first), says));
		if (!x->out->passed)
			snprintf(x->out->text, sizeof x->out->text, errors ? "refused, but not with this message: %s" : "the rule should be refused and was not%s", first);
		return false;
	}
	if (!errors)
		return true;
	snprintf(x->out->text, sizeof x->out->text, "the rule was refused: %s", first);
	return false;
}

static void try_line(struct trying *x, struct slice line)
{
	struct slice rule = part(x, line, "rule", SIZE_MAX), match = part(x, line, "match", SIZE_MAX);
	bool want = slice_eqz(match, "true");
	if (rule.p && !own_rule(x, line, rule))
		return;
	if (!x->set) {
		snprintf(x->out->text, sizeof x->out->text, "no rule is given with it");
		return;
	}
	x->ctx = sigma_ctx_new(x->set);
	if (!x->ctx)
		core_oom();
	if (run_events(x, line)) {
		x->out->passed = x->fired == want && !x->nfires;
		if (x->nfires)
			snprintf(x->out->text, sizeof x->out->text, "rule %.*s did not fire", SLFMT(x->fires[0]));
		else if (!x->out->passed)
			snprintf(x->out->text, sizeof x->out->text, want ? "no rule fired, one should" : "a rule fired, none should");
	}
	sigma_ctx_free(x->ctx);
}

size_t sigma_samples(const struct sigma_set *set, struct slice jsonl, const char *file, bool no_prefilter, sigma_sample_fn *fn, void *arg)
{
	struct slice rest = jsonl, line;
	size_t bad = 0;
	int number = 0;
	struct json_parser *json = json_parser_new(200, 4096);
	char beside[4096];
	if (!json)
		core_oom();
	while (rest.n) {
		if (!slice_cut(&rest, '\n', &line)) {
			line = rest;
			rest.n = 0;
		}
		number++;
		line = slice_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		struct sigma_sample s = {.file = file, .line = number};
		struct trying x = {.json = json, .no_prefilter = no_prefilter, .set = set, .out = &s};
		arena_init(&x.mem);
		if (slice_ends(slice_of(file), SL(".samples.jsonl")) && snprintf(beside, sizeof beside, "%.*s.yml", (int)(strlen(file) - 14), file) < (int)sizeof beside)
			x.only = slice_of(beside);
		s.name = part(&x, line, "name", SIZE_MAX);
		s.why = part(&x, line, "why", SIZE_MAX);
		if (!part(&x, line, "match", SIZE_MAX).p && !part(&x, line, "invalid", SIZE_MAX).p) {
			bad++;
		} else {
			try_line(&x, line);
			fn(arg, &s);
		}
		sigma_free(x.own);
		arena_free(&x.mem);
	}
	json_parser_free(json);
	return bad;
}
