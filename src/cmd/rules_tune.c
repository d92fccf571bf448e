/* rules_tune.c - postern rules tune: a Sigma filter from a finding that was harmless. */
#include "cmd/cmd_rules.h"
#include "json/json.h"

#include <stdio.h>

/* Observables of a finding under the fields that rules of a category know. */
static const struct {
	const char *category, *observable, *field;
} rows[] = {
	{"process_creation", "command", "CommandLine"}, {"process_creation", "user", "User"}, {"file_event", "file", "TargetFilename"},
	{"file_delete", "file", "TargetFilename"}, {"network_connection", "domain", "DestinationHostname"}, {"network_connection", "user", "User"},
	{"webserver", "source", "c-ip"}, {"proxy", "source", "c-ip"}, {"dns", "domain", "query"}, {"image_load", "file", "ImageLoaded"},
};

static struct json_text jt(struct slice s)
{
	return (struct json_text){s.p, s.n};
}

/* A member, copied; SLICE_NONE when absent. */
static struct slice member(struct json_parser *p, struct arena *mem, struct slice object, const char *name, size_t index)
{
	struct json_text t;
	return json_part(p, jt(object), jt(slice_of(name)), index, &t) ? slice_dup(mem, slice_make(t.p, t.n)) : SLICE_NONE;
}

/* Single quotes; what Sigma takes for a wildcard is escaped. */
static void quoted(struct buf *b, struct slice s)
{
	buf_addc(b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '*' || s.p[i] == '?' || (s.p[i] == '\\' && i + 1 < s.n && (s.p[i + 1] == '*' || s.p[i + 1] == '?' || s.p[i + 1] == '\\')))
			buf_addc(b, '\\');
		if (s.p[i] == '\'')
			buf_addc(b, '\'');
		buf_addc(b, s.p[i]);
	}
	buf_addc(b, '\'');
}

static size_t add_fields(struct buf *b, struct json_parser *p, struct arena *mem, struct slice finding, const struct sigma_rule *r)
{
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!slice_ieq(r->logsource.category, slice_of(rows[i].category)))
			continue;
		struct slice o, found = SLICE_NONE; /* of accounts the last: the one the process ran as, not the login behind it */
		for (size_t k = 0; (o = member(p, mem, finding, "observables", k)).p; k++) {
			struct slice value = member(p, mem, o, "value", SIZE_MAX);
			if (slice_eqz(member(p, mem, o, "name", SIZE_MAX), rows[i].observable) && value.n && slice_chr(value, '\n') < 0)
				found = value;
		}
		if (!found.n)
			continue;
		buf_addf(b, "        %s: ", rows[i].field);
		quoted(b, found);
		buf_addc(b, '\n');
		n++;
	}
	return n;
}

static bool write_filter(struct buf *b, struct json_parser *p, struct arena *mem, struct slice finding, const struct sigma_rule *r)
{
	static const char *const parts[] = {"product", "category", "service"};
	const struct slice values[] = {r->logsource.product, r->logsource.category, r->logsource.service};
	buf_addz(b, "title: ");
	struct buf title = {0};
	buf_addf(&title, "Harmless: %.*s", SLFMT(slice_to(r->title, 200)));
	quoted(b, buf_slice(&title));
	buf_free(&title);
	buf_addz(b, "\ndescription: Written by postern rules tune. Check that it names no more than was meant, and say why it is harmless.\nlogsource:\n");
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (values[i].n)
			buf_addf(b, "    %s: %.*s\n", parts[i], SLFMT(values[i]));
	buf_addf(b, "filter:\n    rules:\n        - %.*s\n    selection:\n", SLFMT(r->id.n ? r->id : r->name));
	if (!add_fields(b, p, mem, finding, r))
		return false;
	buf_addz(b, "    condition: not selection\n");
	return true;
}

int rules_tune(const struct args *a)
{
	struct sigma_set *s = NULL;
	struct buf text = {0}, b = {0};
	struct arena mem;
	int rc = ruleset_load(a, &s);
	if (rc)
		return rc;
	struct json_parser *p = json_parser_new(64, 512);
	if (!p)
		core_oom();
	arena_init(&mem);
	if (!read_text(a->operand[1], &text)) {
		rc = EXIT_INPUT;
	} else {
		struct slice finding = slice_trim(buf_slice(&text)), info = member(p, &mem, finding, "finding_info", SIZE_MAX);
		struct slice analytic = info.p ? member(p, &mem, info, "analytic", SIZE_MAX) : SLICE_NONE;
		struct slice id = analytic.p ? member(p, &mem, analytic, "uid", SIZE_MAX) : SLICE_NONE;
		const struct sigma_rule *r = id.n ? sigma_find(s, id) : NULL;
		rc = EXIT_USAGE;
		if (!id.n)
			complain("%s: not one finding: take its line from 'postern scan --format json'", a->operand[1]);
		else if (!r)
			complain("%.*s: no Sigma rule of that id was loaded; detectors are told with --suppressions of scan", SLFMT(slice_to(id, 60)));
		else if (r->kind != SIGMA_RULE || !write_filter(&b, p, &mem, finding, r))
			complain("%.*s: nothing of this finding can be named in a filter of its log source: write one by hand (docs/sigma.md)", SLFMT(r->title));
		else
			rc = write_out(args_get(a, "output"), buf_slice(&b)) ? EXIT_DONE : EXIT_INPUT;
	}
	arena_free(&mem);
	json_parser_free(p);
	buf_free(&text);
	buf_free(&b);
	sigma_free(s);
	return rc;
}
