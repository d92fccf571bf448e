/* rules_coverage.c - postern rules coverage: an ATT&CK Navigator layer, and rules that cannot fire. */
#include "cmd/cmd_rules.h"
#include "event/event.h"

#include <stdio.h>
#include <stdlib.h>

struct technique {
	const char *id;
	unsigned rules;
	unsigned levels[LEVEL_COUNT];
};
struct techniques {
	struct technique *v;
	size_t n, cap;
};

static void count(struct techniques *t, const struct sigma_rule *r)
{
	for (size_t i = 0; r->techniques[i]; i++) {
		struct technique *x = NULL;
		for (size_t k = 0; k < t->n && !x; k++)
			if (strcmp(t->v[k].id, r->techniques[i]) == 0)
				x = &t->v[k];
		if (!x) {
			x = vec_push(t);
			*x = (struct technique){.id = r->techniques[i]};
		}
		x->rules++;
		x->levels[r->level]++;
	}
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct technique *)a)->id, ((const struct technique *)b)->id);
}

/* MITRE ATT&CK Navigator, layer format 4.5. */
static void layer_json(struct buf *b, const struct techniques *t)
{
	unsigned most = 1;
	for (size_t i = 0; i < t->n; i++)
		most = MAX(most, t->v[i].rules);
	buf_addz(b, "{\"name\":\"Postern coverage\",\"versions\":{\"attack\":\"16\",\"navigator\":\"5.0.0\",\"layer\":\"4.5\"},\"domain\":\"enterprise-attack\","
		    "\"description\":\"Sigma rules per technique\",\"techniques\":[");
	for (size_t i = 0; i < t->n; i++)
		buf_addf(b, "%s{\"techniqueID\":\"%s\",\"score\":%u,\"comment\":\"%u rules\",\"enabled\":true}", i ? "," : "", t->v[i].id, t->v[i].rules, t->v[i].rules);
	buf_addf(b, "],\"gradient\":{\"colors\":[\"#e8f0fe\",\"#1a4fa0\"],\"minValue\":0,\"maxValue\":%u}}\n", most);
}

static void tell_text(struct buf *b, const struct sigma_set *s, const struct techniques *t)
{
	size_t silent = 0, rules = 0;
	buf_addf(b, "%zu ATT&CK techniques are covered\n", t->n);
	for (size_t i = 0; i < t->n; i++)
		buf_addf(b, "  %-10s %u rules\n", t->v[i].id, t->v[i].rules);
	for (size_t i = 0; i < sigma_count(s); i++) {
		const struct sigma_rule *r = sigma_get(s, i);
		rules += r->kind == SIGMA_RULE;
		silent += r->kind == SIGMA_RULE && !sigma_source_known(r);
	}
	buf_addf(b, "%zu of %zu rules are for log sources that postern tells by itself", rules - silent, rules);
	if (silent)
		buf_addz(b, "; the others fire on JSON events whose kind cannot be told, by their fields alone");
	buf_addc(b, '\n');
}

int rules_coverage(const struct args *a)
{
	struct sigma_set *s = NULL;
	struct techniques t = {0};
	struct buf b = {0};
	const char *file = args_get(a, "output");
	int rc = ruleset_load(a, &s);
	if (rc)
		return rc;
	ruleset_tell_errors(s, 5);
	for (size_t i = 0; i < sigma_count(s); i++)
		count(&t, sigma_get(s, i));
	if (t.n)
		qsort(t.v, t.n, sizeof *t.v, by_id);
	bool ok = true;
	if (file || wants_json(a)) {
		layer_json(&b, &t);
		ok = write_out(file, buf_slice(&b));
		b.n = 0;
	}
	if (!wants_json(a)) {
		tell_text(&b, s, &t);
		ok &= write_out(NULL, buf_slice(&b));
	}
	buf_free(&b);
	free(t.v);
	sigma_free(s);
	return ok ? EXIT_DONE : EXIT_INPUT;
}
