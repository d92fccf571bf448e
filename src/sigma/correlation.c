/* correlation.c - correlation documents, and what they and filters refer to (specification 2.1, "Correlation rules"). */
#include "sigma/sigma_private.h"

#include <math.h>
#include <stdlib.h>

enum { CORR_RULES_MAX = 64, CORR_GROUP_MAX = 16, CORR_VALUES_MAX = 8 };

static int type_parse(struct load *l, const struct node *n, enum corr_type *out)
{
	static const char *const names[] = {
		[CT_EVENT_COUNT] = "event_count", [CT_VALUE_COUNT] = "value_count", [CT_VALUE_SUM] = "value_sum", [CT_VALUE_AVG] = "value_avg",
		[CT_VALUE_PERCENTILE] = "value_percentile", [CT_VALUE_MEDIAN] = "value_median", [CT_TEMPORAL] = "temporal",
		[CT_TEMPORAL_ORDERED] = "temporal_ordered",
	};
	for (size_t i = 0; n->kind == NODE_SCALAR && i < ARRAY_LEN(names); i++)
		if (slice_eqz(n->text, names[i])) {
			*out = (enum corr_type)i;
			return 0;
		}
	return load_fail(l, n, ERR_UNSUPPORTED, "correlation type: one of event_count, value_count, value_sum, value_avg, value_percentile, "
		"temporal, temporal_ordered");
}

static int timespan_parse(struct load *l, const struct node *n, nstime *out)
{
	static const struct { char unit; nstime ns; } units[] = {
		{'s', NS_SEC}, {'m', NS_MIN}, {'h', NS_HOUR}, {'d', NS_DAY}, {'w', 7 * NS_DAY}, {'M', 2629746 * NS_SEC}, {'y', 31556952 * NS_SEC},
	};
	uint64_t count;
	if (n->kind == NODE_SCALAR && n->text.n >= 2 && slice_u64(slice_to(n->text, n->text.n - 1), 1000000000, &count) && count)
		for (size_t i = 0; i < ARRAY_LEN(units); i++)
			if (n->text.p[n->text.n - 1] == units[i].unit && !__builtin_mul_overflow(units[i].ns, (nstime)count, out))
				return 0;
	return load_fail(l, n, ERR_SYNTAX, "timespan is a number and one of s m h d w M y, such as 15m");
}

static int bound_parse(struct load *l, struct corr *c, const struct node *key, const struct node *v)
{
	static const struct { const char *name; uint8_t op; } ops[] = {
		{"gt", MK_GT}, {"gte", MK_GE}, {"lt", MK_LT}, {"lte", MK_LE}, {"eq", MK_NUMBER}, {"neq", MK_NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		if (!slice_eqz(key->text, ops[i].name))
			continue;
		struct scalar s = v->kind == NODE_SCALAR ? scalar_of(v) : (struct scalar){.type = SC_NULL};
		if (s.type != SC_INT && s.type != SC_FLOAT && s.type != SC_UINT)
			return load_fail(l, v, ERR_TYPE, "%s takes a number", ops[i].name);
		if (c->nbound == ARRAY_LEN(c->bound))
			return load_fail(l, key, ERR_LIMIT, "a condition has one bound, or two for a range");
		c->bound[c->nbound++] = (struct bound){ops[i].op, s.type == SC_INT ? (double)s.i : s.type == SC_UINT ? (double)s.u : s.f};
		return 0;
	}
	return load_fail(l, key, ERR_UNSUPPORTED, "correlation condition: gt, gte, lt, lte, eq, neq, field or percentile, not \"%.*s\"", SLFMT(key->text));
}

static int condition_map(struct load *l, struct corr *c, const struct node *n)
{
	for (const struct node *k = n->child; k; k = k->next) {
		int rc = 0;
		if (slice_eqz(k->text, "field")) {
			rc = texts_parse(l, k->value, "field", &c->field, NULL, &c->nfield);
		} else if (slice_eqz(k->text, "percentile")) {
			struct scalar s = scalar_of(k->value);
			c->percentile = s.type == SC_INT ? (double)s.i : s.f;
			if ((s.type != SC_INT && s.type != SC_FLOAT) || c->percentile < 0 || c->percentile > 100)
				rc = load_fail(l, k->value, ERR_RANGE, "percentile is a number from 0 to 100");
		} else {
			rc = bound_parse(l, c, k, k->value);
		}
		if (rc)
			return rc;
	}
	return c->nfield > CORR_VALUES_MAX ? load_fail(l, n, ERR_LIMIT, "too many fields") : 0;
}

static int extended_parse(struct load *l, struct corr *c, const struct node *n)
{
	struct selections sel = {0};
	for (size_t i = 0; i < c->nrules; i++) {
		struct expr *x = expr_new(l, EX_ITEM, 0);
		x->n = (uint32_t)i;
		*vec_push(&sel) = (struct selection){.name = c->rules[i], .expr = x};
	}
	int rc = condition_parse(l, n, n->text, &sel, &c->extended);
	free(sel.v);
	return rc;
}

static int corr_condition(struct load *l, struct corr *c, const struct node *map)
{
	const struct node *n = yaml_get(map, "condition");
	bool temporal = c->type >= CT_TEMPORAL, of_values = c->type >= CT_VALUE_COUNT && !temporal;
	int rc = 0;
	c->percentile = 50;
	if (n && n->kind == NODE_MAP)
		rc = condition_map(l, c, n);
	else if (n && n->kind == NODE_SCALAR && temporal)
		rc = extended_parse(l, c, n);
	else if (n)
		return load_fail(l, n, ERR_TYPE, "a correlation's condition is a mapping such as {gte: 10}");
	if (rc)
		return rc;
	if (!temporal && !c->nbound)
		return load_fail(l, n ? n : map, ERR_SYNTAX, "the condition needs a bound: gte: 10");
	if (of_values && !c->nfield)
		return load_fail(l, n, ERR_SYNTAX, "the condition needs a field: what is counted");
	if (c->type > CT_VALUE_COUNT && of_values && c->nfield > 1)
		return load_fail(l, n, ERR_TYPE, "only value_count takes several fields");
	if (temporal && !c->nbound && !c->extended)
		c->bound[c->nbound++] = (struct bound){MK_GE, (double)c->nrules};
	return 0;
}

static int aliases_parse(struct load *l, struct corr *c, const struct node *n)
{
	size_t i = 0;
	if (n->kind != NODE_MAP)
		return load_fail(l, n, ERR_TYPE, "aliases maps an alias to {rule: field}");
	c->alias = arena_alloc(&l->set->mem, (n->n + 1) * sizeof *c->alias);
	for (const struct node *k = n->child; k; k = k->next) {
		struct alias *a = &c->alias[i++];
		if (k->value->kind != NODE_MAP)
			return load_fail(l, k->value, ERR_TYPE, "an alias maps rules to their fields: {rule: field}");
		*a = (struct alias){.name = slice_dup(&l->set->mem, k->text)};
		a->of = arena_alloc(&l->set->mem, (k->value->n + 1) * sizeof *a->of);
		for (const struct node *r = k->value->child; r; r = r->next) {
			if (r->value->kind != NODE_SCALAR)
				return load_fail(l, r->value, ERR_TYPE, "the name of a field is a text");
			a->of[a->n].rule = slice_dup(&l->set->mem, r->text);
			a->of[a->n].field = slice_dup(&l->set->mem, r->value->text);
			a->n++;
		}
	}
	c->nalias = i;
	return 0;
}

int correlation_parse(struct load *l, struct srule *r, const struct node *map)
{
	struct corr *c = r->corr = arena_alloc(&l->set->mem, sizeof *c);
	*c = (struct corr){0};
	if (map->kind != NODE_MAP)
		return load_fail(l, map, ERR_TYPE, "correlation is a mapping with type, rules, timespan, condition");
	const struct node *type = yaml_get(map, "type"), *rules = yaml_get(map, "rules"), *group = yaml_get(map, "group-by"),
			  *span = yaml_get(map, "timespan"), *aliases = yaml_get(map, "aliases"), *generate = yaml_get(map, "generate");
	const char *missing = !type ? "type" : !rules ? "rules" : !span ? "timespan" : NULL;
	if (missing)
		return load_fail(l, map, ERR_SYNTAX, "correlation: %s is missing", missing);
	int rc = type_parse(l, type, &c->type);
	if (!rc)
		rc = texts_parse(l, rules, "rules", &c->rules, &c->rules_at, &c->nrules);
	if (!rc && (!c->nrules || c->nrules > CORR_RULES_MAX))
		rc = load_fail(l, rules, ERR_RANGE, "rules names 1 to %d rules", CORR_RULES_MAX);
	if (!rc && group)
		rc = texts_parse(l, group, "group-by", &c->group_by, NULL, &c->ngroup_by);
	if (!rc && c->ngroup_by > CORR_GROUP_MAX)
		rc = load_fail(l, group, ERR_LIMIT, "more than %d fields to group by", CORR_GROUP_MAX);
	if (!rc)
		rc = timespan_parse(l, span, &c->timespan);
	if (!rc && aliases)
		rc = aliases_parse(l, c, aliases);
	if (!rc && generate) {
		struct scalar s = generate->kind == NODE_SCALAR ? scalar_of(generate) : (struct scalar){.type = SC_NULL};
		if (s.type != SC_BOOL)
			rc = load_fail(l, generate, ERR_TYPE, "generate is true or false");
		c->generate = s.b;
	}
	return rc ? rc : corr_condition(l, c, map);
}

/* ---- references ---------------------------------------------------------------------------------------------- */

/* Rules by id and by name. */
struct names {
	struct strtab *tab;
	struct { uint32_t *v; size_t n, cap; } rule; /* by number in tab; UINT32_MAX none */
};

static void names_put(struct names *x, struct slice name, uint32_t rule)
{
	if (!name.n)
		return;
	uint32_t n = strtab_put(x->tab, name);
	while (x->rule.n <= n)
		*vec_push(&x->rule) = UINT32_MAX;
	if (x->rule.v[n] == UINT32_MAX)
		x->rule.v[n] = rule;
}

static uint32_t names_get(const struct names *x, struct slice name)
{
	uint32_t n = strtab_find(x->tab, name);
	return n < x->rule.n ? x->rule.v[n] : UINT32_MAX;
}

static struct names names_of(const struct sigma_set *s)
{
	struct names x = {.tab = strtab_new()};
	for (uint32_t i = 0; i < s->rules.n; i++) {
		names_put(&x, s->rules.v[i]->pub.id, i);
		names_put(&x, s->rules.v[i]->pub.name, i);
	}
	return x;
}

static void names_free(struct names *x)
{
	strtab_free(x->tab);
	free(x->rule.v);
}

static void refuse(struct sigma_set *s, struct srule *r, const struct node *at, const char *what, struct slice name, const char *behind)
{
	if (r->bad)
		return;
	r->bad = true;
	struct sigma_problem *p = vec_push(&s->problems);
	*p = (struct sigma_problem){.severity = SIGMA_ERROR, .rule = UINT32_MAX};
	err_at(&p->err, ERR_NOENT, r->pub.file, at->line, at->column, "%s \"%.*s\"%s", what, SLFMT(slice_to(name, 100)), behind);
}

static void link_fields(struct sigma_set *s, struct corr *c)
{
	c->group_field = arena_alloc(&s->mem, (c->nrules * c->ngroup_by + 1) * sizeof *c->group_field);
	for (size_t i = 0; i < c->nrules; i++)
		for (size_t j = 0; j < c->ngroup_by; j++) {
			struct slice field = c->group_by[j];
			for (size_t k = 0; k < c->nalias; k++)
				for (size_t m = 0; slice_eq(c->alias[k].name, c->group_by[j]) && m < c->alias[k].n; m++) {
					const struct sigma_rule *r = &s->rules.v[c->rule[i]]->pub;
					if (slice_eq(c->alias[k].of[m].rule, r->name) || slice_eq(c->alias[k].of[m].rule, r->id))
						field = c->alias[k].of[m].field;
				}
			c->group_field[i * c->ngroup_by + j] = field_number(s, field);
		}
	c->value_field = arena_alloc(&s->mem, (c->nfield + 1) * sizeof *c->value_field);
	for (size_t i = 0; i < c->nfield; i++)
		c->value_field[i] = field_number(s, c->field[i]);
}

/* Depth first; a rule met again while it is open is a circle. */
static bool circular(struct sigma_set *s, uint32_t at, unsigned depth)
{
	struct srule *r = s->rules.v[at];
	if (!r->corr || r->corr->mark == 2 || r->bad)
		return false;
	if (r->corr->mark == 1 || depth > SIGMA_DEPTH_MAX)
		return true;
	r->corr->mark = 1;
	bool found = false;
	for (size_t i = 0; i < r->corr->nrules && !found; i++)
		found = r->corr->rule[i] != UINT32_MAX && circular(s, r->corr->rule[i], depth + 1);
	r->corr->mark = 2;
	return found;
}

static void tell(struct sigma_set *s, uint32_t base, uint32_t corr)
{
	struct srule *b = s->rules.v[base];
	for (size_t i = 0; i < b->ntold; i++)
		if (b->told[i] == corr)
			return;
	uint32_t *v = arena_alloc(&s->mem, (b->ntold + 1) * sizeof *v);
	if (b->ntold)
		memcpy(v, b->told, b->ntold * sizeof *v);
	v[b->ntold++] = corr;
	b->told = v;
}

void correlations_link(struct sigma_set *s)
{
	struct names x = names_of(s);
	for (uint32_t i = 0; i < s->rules.n; i++) {
		struct srule *r = s->rules.v[i];
		struct corr *c = r->corr;
		if (!c)
			continue;
		c->rule = arena_alloc(&s->mem, c->nrules * sizeof *c->rule);
		for (size_t j = 0; j < c->nrules; j++) {
			c->rule[j] = names_get(&x, c->rules[j]);
			if (c->rule[j] == UINT32_MAX || s->rules.v[c->rule[j]]->pub.kind == SIGMA_FILTER || s->rules.v[c->rule[j]]->bad)
				refuse(s, r, c->rules_at[j], "no rule with the id or name", c->rules[j], " was loaded");
		}
	}
	for (uint32_t i = 0; i < s->rules.n; i++) {
		struct srule *r = s->rules.v[i];
		if (!r->corr || r->bad)
			continue;
		for (uint32_t k = 0; k < s->rules.n; k++)
			if (s->rules.v[k]->corr)
				s->rules.v[k]->corr->mark = 0;
		if (circular(s, i, 0)) {
			refuse(s, r, r->at, "the correlation counts itself, through", r->corr->rules[0], "");
			continue;
		}
	}
	for (uint32_t i = 0; i < s->rules.n; i++) {
		struct srule *r = s->rules.v[i];
		if (!r->corr || r->bad)
			continue;
		link_fields(s, r->corr);
		for (size_t j = 0; j < r->corr->nrules; j++) {
			struct srule *base = s->rules.v[r->corr->rule[j]];
			if (base->bad)
				refuse(s, r, r->corr->rules_at[j], "the rule", r->corr->rules[j], " could not be used");
			base->pub.silent |= base->ntold == 0 && !r->corr->generate;
			if (r->corr->generate)
				base->pub.silent = false;
			tell(s, r->corr->rule[j], i);
		}
	}
	names_free(&x);
}

/* ---- filters ------------------------------------------------------------------------------------------------- */

bool logsource_within(const struct sigma_logsource *rule, const struct sigma_logsource *of)
{
	return (!of->product.n || slice_ieq(of->product, rule->product)) && (!of->category.n || slice_ieq(of->category, rule->category)) &&
	       (!of->service.n || slice_ieq(of->service, rule->service));
}

static void filter_one(struct sigma_set *s, const struct srule *f, struct srule *r)
{
	struct load l = {.set = s};
	if (r->pub.kind != SIGMA_RULE || r->bad || !logsource_within(&r->pub.logsource, &f->pub.logsource))
		return;
	struct expr *x = expr_new(&l, EX_AND, 2);
	x->kid[0] = r->cond;
	x->kid[1] = expr_new(&l, EX_AND, 1);
	x->kid[1]->kid[0] = f->cond;
	x->kid[1]->name = f->pub.title;
	r->cond = x;
}

void filters_apply(struct sigma_set *s)
{
	struct names x = names_of(s);
	for (uint32_t i = 0; i < s->rules.n; i++) {
		struct srule *f = s->rules.v[i];
		if (!f->filter)
			continue;
		for (uint32_t k = 0; f->filter->any && k < s->rules.n; k++)
			filter_one(s, f, s->rules.v[k]);
		for (size_t j = 0; !f->filter->any && j < f->filter->nrules; j++) {
			uint32_t k = names_get(&x, f->filter->rules[j]);
			if (k == UINT32_MAX) {
				struct sigma_problem *p = vec_push(&s->problems);
				*p = (struct sigma_problem){.severity = SIGMA_WARNING, .rule = i};
				err_at(&p->err, ERR_NOENT, f->pub.file, f->filter->rules_at[j]->line, f->filter->rules_at[j]->column,
				       "no rule with the id or name \"%.*s\" was loaded: nothing to filter", SLFMT(slice_to(f->filter->rules[j], 100)));
			} else {
				filter_one(s, f, s->rules.v[k]);
			}
		}
	}
	names_free(&x);
}
