/* rules_list.c - postern rules list, check, explain. */
#include "cmd/cmd_rules.h"
#include "detect/detect.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- list ---------------------------------------------------------------------------------------------------- */

static void detectors_text(struct buf *b)
{
	for (size_t i = 0; i < detect_count(); i++) {
		const struct detector_info *d = detect_info(i);
		buf_addf(b, "%-34s %-13s %-13s", d->id, level_name(d->level), stage_name(d->stage));
		for (const char *const *t = d->techniques; *t; t++)
			buf_addf(b, " %s", *t);
		buf_addf(b, "\n  %s\n  %s\n  False positives: %s\n", d->title, d->what, d->false_positives);
	}
}

static void detectors_json(struct buf *b)
{
	for (size_t i = 0; i < detect_count(); i++) {
		const struct detector_info *d = detect_info(i);
		buf_addz(b, "{\"id\":");
		buf_json(b, slice_of(d->id));
		buf_addz(b, ",\"title\":");
		buf_json(b, slice_of(d->title));
		buf_addf(b, ",\"level\":\"%s\",\"stage\":\"%s\",\"techniques\":[", level_name(d->level), stage_name(d->stage));
		for (size_t k = 0; d->techniques[k]; k++) {
			if (k)
				buf_addc(b, ',');
			buf_json(b, slice_of(d->techniques[k]));
		}
		buf_addz(b, "],\"description\":");
		buf_json(b, slice_of(d->what));
		buf_addz(b, ",\"falsepositives\":");
		buf_json(b, slice_of(d->false_positives));
		buf_addz(b, "}\n");
	}
}

static void member(struct buf *b, const char *name, struct slice value)
{
	buf_addf(b, ",\"%s\":", name);
	buf_json(b, value);
}

void rule_json(struct buf *b, const struct sigma_rule *r)
{
	static const char *const kinds[] = {[SIGMA_RULE] = "rule", [SIGMA_CORRELATION] = "correlation", [SIGMA_FILTER] = "filter"};
	buf_addz(b, "\"id\":");
	buf_json(b, r->id.n ? r->id : r->title);
	member(b, "title", r->title);
	buf_addf(b, ",\"kind\":\"%s\",\"level\":\"%s\",\"techniques\":[", kinds[r->kind], level_name(r->level));
	for (size_t i = 0; r->techniques[i]; i++) {
		if (i)
			buf_addc(b, ',');
		buf_json(b, slice_of(r->techniques[i]));
	}
	buf_addc(b, ']');
	member(b, "status", r->status);
	member(b, "product", r->logsource.product);
	member(b, "category", r->logsource.category);
	member(b, "service", r->logsource.service);
	member(b, "description", r->description);
	buf_addz(b, ",\"falsepositives\":");
	struct buf all = {0};
	for (size_t i = 0; i < r->falsepositives.n; i++)
		buf_addf(&all, "%s%.*s", i ? "; " : "", SLFMT(r->falsepositives.v[i]));
	buf_json(b, all.n ? buf_slice(&all) : SL("not told"));
	buf_free(&all);
	buf_addz(b, ",\"tags\":[");
	for (size_t i = 0; i < r->tags.n; i++) {
		if (i)
			buf_addc(b, ',');
		buf_json(b, r->tags.v[i]);
	}
	buf_addc(b, ']');
	member(b, "file", slice_of(r->file));
}

static void rule_text(struct buf *b, const struct sigma_rule *r)
{
	buf_addf(b, "%-36.*s %-13s ", SLFMT(r->id), r->kind == SIGMA_FILTER ? "-" : level_name(r->level));
	if (r->kind == SIGMA_RULE)
		buf_addf(b, "%.*s/%.*s/%.*s", SLFMT(r->logsource.product), SLFMT(r->logsource.category), SLFMT(r->logsource.service));
	else
		buf_addz(b, r->kind == SIGMA_FILTER ? "filter" : "correlation");
	for (size_t i = 0; r->techniques[i]; i++)
		buf_addf(b, " %s", r->techniques[i]);
	buf_addz(b, "\n  ");
	buf_term(b, r->title);
	buf_addc(b, '\n');
}

int rules_list(const struct args *a)
{
	struct sigma_set *s = NULL;
	struct buf b = {0};
	int rc = ruleset_load(a, &s);
	if (rc)
		return rc;
	if (!args_has(a, "rules"))
		(wants_json(a) ? detectors_json : detectors_text)(&b);
	for (size_t i = 0; i < sigma_count(s); i++) {
		const struct sigma_rule *r = sigma_get(s, i);
		if (!wants_json(a)) {
			rule_text(&b, r);
			continue;
		}
		buf_addc(&b, '{');
		rule_json(&b, r);
		buf_addz(&b, "}\n");
	}
	bool ok = write_out(NULL, buf_slice(&b));
	buf_free(&b);
	sigma_free(s);
	return ok ? EXIT_DONE : EXIT_INPUT;
}

/* ---- check --------------------------------------------------------------------------------------------------- */

static void problem_out(struct buf *b, const struct sigma_problem *p, bool json)
{
	char text[1024];
	if (!json) {
		buf_addz(b, p->severity == SIGMA_ERROR ? "error: " : "warning: ");
		buf_term(b, slice_of(err_format(&p->err, text, sizeof text)));
		buf_addc(b, '\n');
		return;
	}
	buf_addf(b, "{\"severity\":\"%s\",\"file\":", p->severity == SIGMA_ERROR ? "error" : "warning");
	buf_json(b, slice_of(p->err.where));
	buf_addf(b, ",\"line\":%d,\"column\":%d,\"text\":", p->err.line, p->err.column);
	buf_json(b, slice_of(p->err.text));
	buf_addz(b, "}\n");
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

int rules_check(const struct args *a)
{
	struct sigma_set *s = NULL;
	struct args with = *a; /* paths behind the verb are rules, too */
	struct buf b = {0};
	size_t errors = 0, warnings = 0, option = 0;
	while (strcmp(a->command->options[option].name, "rules") != 0)
		option++;
	for (size_t i = 1; i < a->noperands && with.nlist < ARGS_LIST_MAX; i++) {
		with.list[with.nlist].option = option;
		with.list[with.nlist++].value = a->operand[i];
		with.value[option] = a->operand[i];
	}
	int rc = ruleset_load(&with, &s);
	if (rc)
		return rc;
	for (size_t i = 0; i < sigma_problem_count(s); i++) {
		const struct sigma_problem *p = sigma_problem_get(s, i);
		*(p->severity == SIGMA_ERROR ? &errors : &warnings) += 1;
		if (p->severity == SIGMA_ERROR || args_has(a, "verbose"))
			problem_out(&b, p, wants_json(a));
	}
	if (!wants_json(a))
		buf_addf(&b, "%zu file%s, %zu rule%s usable, %zu error%s, %zu warning%s%s\n", sigma_file_count(s), plural(sigma_file_count(s)), sigma_count(s),
			 plural(sigma_count(s)), errors, plural(errors), warnings, plural(warnings), warnings && !args_has(a, "verbose") ? " (-v shows them)" : "");
	bool ok = write_out(NULL, buf_slice(&b));
	buf_free(&b);
	sigma_free(s);
	return !ok ? EXIT_INPUT : errors ? EXIT_CONDITION : EXIT_DONE;
}

/* ---- explain ------------------------------------------------------------------------------------------------- */

static const struct sigma_rule *rule_named(const struct sigma_set *s, const char *what)
{
	const struct sigma_rule *r = sigma_find(s, slice_of(what));
	for (size_t i = 0; !r && i < sigma_count(s); i++)
		if (strcmp(sigma_get(s, i)->file, what) == 0)
			r = sigma_get(s, i);
	return r;
}

int rules_explain(const struct args *a)
{
	struct sigma_set *s = NULL;
	struct buf event = {0}, b = {0};
	struct args with = *a;
	size_t option = 0;
	while (strcmp(a->command->options[option].name, "rules") != 0)
		option++;
	if (strchr(a->operand[1], '/') || slice_ends(slice_of(a->operand[1]), SL(".yml"))) { /* a file is a rule of its own */
		with.list[with.nlist < ARGS_LIST_MAX ? with.nlist++ : 0].option = option;
		with.list[with.nlist - 1].value = a->operand[1];
		with.value[option] = a->operand[1];
	}
	int rc = ruleset_load(&with, &s);
	if (rc)
		return rc;
	ruleset_tell_errors(s, 5);
	const struct sigma_rule *r = rule_named(s, a->operand[1]);
	struct sigma_ctx *c = sigma_ctx_new(s);
	if (!r) {
		complain("no rule \"%s\" was loaded; 'postern rules list' names them", a->operand[1]);
		rc = EXIT_USAGE;
	} else if (r->kind != SIGMA_RULE) {
		complain("\"%s\" is no rule on single events: a correlation's base rules can be explained", a->operand[1]);
		rc = EXIT_USAGE;
	} else if (!read_text(a->operand[2], &event)) {
		rc = EXIT_INPUT;
	} else if (sigma_event_json(c, slice_trim(buf_slice(&event)), &r->logsource)) {
		complain("%s: not one JSON object", a->operand[2]);
		rc = EXIT_INPUT;
	} else {
		bool holds = sigma_matches(c, r);
		buf_addf(&b, "%.*s\n%s:%d\n", SLFMT(r->title), r->file, r->line);
		buf_addz(&b, holds ? "matches this event:\n" : "does not match this event:\n");
		sigma_explain(c, r, &b);
		rc = write_out(NULL, buf_slice(&b)) ? holds ? EXIT_DONE : EXIT_CONDITION : EXIT_INPUT;
	}
	buf_free(&event);
	buf_free(&b);
	sigma_ctx_free(c);
	sigma_free(s);
	return rc;
}
