/* rule.c - a YAML document to a rule: metadata, log source, detection. */
#include "sigma/sigma_private.h"

#include <stdlib.h>

/* ---- pieces -------------------------------------------------------------------------------------------------- */

static int text_of(struct load *l, const struct node *n, const char *what, size_t max, struct slice *out)
{
	if (n->kind != NODE_SCALAR)
		return load_fail(l, n, ERR_TYPE, "%s is a text", what);
	if (n->text.n > max)
		return load_fail(l, n, ERR_LIMIT, "%s has %zu bytes; at most %zu are allowed", what, n->text.n, max);
	*out = slice_dup(&l->set->mem, n->text);
	return 0;
}

static bool is_uuid(struct slice s)
{
	if (s.n != 36)
		return false;
	for (size_t i = 0; i < 36; i++) {
		char c = s.p[i];
		if (i == 8 || i == 13 || i == 18 || i == 23 ? c != '-' : !((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f')))
			return false;
	}
	return true;
}

int texts_parse(struct load *l, const struct node *n, const char *what, struct slice **v, const struct node ***at, size_t *count)
{
	size_t max = n->kind == NODE_LIST ? n->n : 1, k = 0;
	if (n->kind == NODE_MAP)
		return load_fail(l, n, ERR_TYPE, "%s is a text or a list of texts", what);
	*v = arena_alloc(&l->set->mem, (max + 1) * sizeof **v);
	if (at)
		*at = arena_alloc(&l->set->mem, (max + 1) * sizeof **at);
	for (const struct node *x = n->kind == NODE_LIST ? n->child : n; x; x = n->kind == NODE_LIST ? x->next : NULL) {
		if (x->kind != NODE_SCALAR)
			return load_fail(l, x, ERR_TYPE, "%s is a text or a list of texts", what);
		if (n->kind == NODE_SCALAR && !x->text.n)
			break;
		if (at) { /* its place outlives the document's tree */
			struct node *place = arena_alloc(&l->set->mem, sizeof *place);
			*place = (struct node){.kind = NODE_SCALAR, .line = x->line, .column = x->column};
			(*at)[k] = place;
		}
		(*v)[k++] = slice_dup(&l->set->mem, x->text);
	}
	*count = k;
	return 0;
}

/* ---- metadata ------------------------------------------------------------------------------------------------ */

static int meta_list(struct load *l, const struct node *n, const char *what, struct sigma_texts *out)
{
	struct slice *v = NULL;
	size_t k = 0;
	if (n->kind == NODE_SCALAR && n->text.n)
		load_warn(l, n, "%s should be a list", what);
	int rc = texts_parse(l, n, what, &v, NULL, &k);
	*out = (struct sigma_texts){v, k};
	return rc;
}

static int meta_level(struct load *l, const struct node *n, struct srule *r)
{
	struct slice s;
	int rc = text_of(l, n, "level", 64, &s);
	if (!rc && !level_parse(fold_dup(&l->set->mem, s), &r->pub.level))
		return load_fail(l, n, ERR_RANGE, "level \"%.*s\": one of informational, low, medium, high, critical", SLFMT(s));
	return rc;
}

static int meta_status(struct load *l, const struct node *n, struct srule *r)
{
	static const char *const known[] = {"stable", "test", "experimental", "deprecated", "unsupported"};
	int rc = text_of(l, n, "status", 64, &r->pub.status);
	for (size_t i = 0; !rc && i < ARRAY_LEN(known); i++)
		if (slice_ieq(r->pub.status, slice_of(known[i])))
			return 0;
	return rc ? rc : load_fail(l, n, ERR_RANGE, "status \"%.*s\": one of stable, test, experimental, deprecated, unsupported", SLFMT(r->pub.status));
}

static int meta_id(struct load *l, const struct node *n, struct srule *r)
{
	int rc = text_of(l, n, "id", 64, &r->pub.id);
	if (!rc && !is_uuid(r->pub.id))
		return load_fail(l, n, ERR_SYNTAX, "id is no UUID: `uuidgen` makes one");
	return rc;
}

static int meta_date(struct load *l, const struct node *n, struct slice *out)
{
	int rc = text_of(l, n, "a date", 64, out);
	unsigned parts = 0, digits = 0;
	for (size_t i = 0; !rc && i < out->n; i++) {
		char c = out->p[i];
		if (c == '-' || c == '/')
			parts++;
		else if (c >= '0' && c <= '9')
			digits++;
		else
			parts = 9;
	}
	if (!rc && (parts != 2 || digits < 6 || digits > 8))
		return load_fail(l, n, ERR_SYNTAX, "a date is written yyyy-mm-dd");
	return rc;
}

static int meta_related(struct load *l, const struct node *n)
{
	static const char *const known[] = {"derived", "obsolete", "obsoletes", "merged", "renamed", "similar"};
	if (n->kind != NODE_LIST)
		return load_fail(l, n, ERR_TYPE, "related is a list of {id, type}");
	for (const struct node *x = n->child; x; x = x->next) {
		const struct node *id = yaml_get(x, "id"), *type = yaml_get(x, "type");
		bool ok = false;
		if (!id || id->kind != NODE_SCALAR || !is_uuid(id->text))
			return load_fail(l, x, ERR_SYNTAX, "related: id is missing or no UUID");
		for (size_t i = 0; type && type->kind == NODE_SCALAR && i < ARRAY_LEN(known); i++)
			ok |= slice_ieq(type->text, slice_of(known[i]));
		if (!ok)
			return load_fail(l, x, ERR_RANGE, "related: type is one of derived, obsolete, merged, renamed, similar");
	}
	return 0;
}

static int meta_taxonomy(struct load *l, const struct node *n)
{
	struct slice s;
	int rc = text_of(l, n, "taxonomy", 64, &s);
	if (!rc && !slice_ieq(s, SL("sigma")))
		return load_fail(l, n, ERR_UNSUPPORTED, "taxonomy \"%.*s\" is not known here: only sigma", SLFMT(s));
	return rc;
}

static bool is_technique(struct slice t)
{
	if (!slice_istarts(t, SL("attack.t")) || t.n < 12 || t.n > 16)
		return false;
	for (size_t i = 8; i < t.n; i++)
		if (!((t.p[i] >= '0' && t.p[i] <= '9') || (i == 12 && t.p[i] == '.')))
			return false;
	return true;
}

/* attack.t1059.004 -> "T1059.004". */
static void find_techniques(struct load *l, struct srule *r)
{
	struct arena *a = &l->set->mem;
	const char **v = arena_alloc(a, (r->pub.tags.n + 1) * sizeof *v);
	size_t n = 0;
	for (size_t i = 0; i < r->pub.tags.n; i++) {
		struct slice t = r->pub.tags.v[i];
		if (!is_technique(t))
			continue;
		char *id = arena_alloc(a, t.n - 6);
		memcpy(id, t.p + 7, t.n - 7);
		id[0] = 'T';
		id[t.n - 7] = 0;
		v[n++] = id;
	}
	v[n] = NULL;
	r->pub.techniques = v;
}

static int meta_one(struct load *l, struct srule *r, struct slice key, const struct node *v)
{
	static const struct {
		const char *key;
		size_t at, max;
	} texts[] = {
		{"title", offsetof(struct sigma_rule, title), 256}, {"name", offsetof(struct sigma_rule, name), 256},
		{"description", offsetof(struct sigma_rule, description), 65535}, {"author", offsetof(struct sigma_rule, author), 65535},
		{"license", offsetof(struct sigma_rule, license), 1024},
	};
	static const struct {
		const char *key;
		size_t at;
	} lists[] = {
		{"tags", offsetof(struct sigma_rule, tags)}, {"references", offsetof(struct sigma_rule, references)},
		{"falsepositives", offsetof(struct sigma_rule, falsepositives)}, {"fields", offsetof(struct sigma_rule, fields)},
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (slice_eqz(key, texts[i].key)) {
			if (i == 0 && (v->kind != NODE_SCALAR || scalar_of(v).type != SC_STRING))
				return load_fail(l, v, ERR_TYPE, "title is a text: put it in quotes");
			return text_of(l, v, texts[i].key, texts[i].max, (struct slice *)((char *)&r->pub + texts[i].at));
		}
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (slice_eqz(key, lists[i].key))
			return meta_list(l, v, lists[i].key, (struct sigma_texts *)((char *)&r->pub + lists[i].at));
	if (slice_eqz(key, "id"))
		return meta_id(l, v, r);
	if (slice_eqz(key, "level"))
		return meta_level(l, v, r);
	if (slice_eqz(key, "status"))
		return meta_status(l, v, r);
	if (slice_eqz(key, "date"))
		return meta_date(l, v, &r->pub.date);
	if (slice_eqz(key, "modified"))
		return meta_date(l, v, &r->pub.modified);
	if (slice_eqz(key, "related"))
		return meta_related(l, v);
	return slice_eqz(key, "taxonomy") ? meta_taxonomy(l, v) : 0; /* what else there is belongs to its author */
}

static int meta_parse(struct load *l, struct srule *r, const struct node *doc)
{
	int rc = 0;
	r->pub.level = LEVEL_MEDIUM;
	for (const struct node *k = doc->child; k && !rc; k = k->next)
		rc = meta_one(l, r, k->text, k->value);
	if (rc)
		return rc;
	if (!r->pub.title.n)
		return load_fail(l, doc, ERR_SYNTAX, "title is missing");
	if (!r->pub.id.n)
		load_warn(l, doc, "no id: findings of this rule are told by its title (`uuidgen` makes one)");
	if (!yaml_get(doc, "level") && r->pub.kind != SIGMA_FILTER)
		load_warn(l, doc, "no level: taken as medium");
	find_techniques(l, r);
	return 0;
}

static int logsource_parse(struct load *l, struct srule *r, const struct node *doc)
{
	const struct node *n = yaml_get(doc, "logsource");
	static const struct {
		const char *key;
		size_t at;
	} keys[] = {
		{"product", offsetof(struct sigma_rule, logsource.product)}, {"category", offsetof(struct sigma_rule, logsource.category)},
		{"service", offsetof(struct sigma_rule, logsource.service)}, {"definition", offsetof(struct sigma_rule, definition)},
	};
	if (!n)
		return load_fail(l, doc, ERR_SYNTAX, "logsource is missing");
	if (n->kind != NODE_MAP)
		return load_fail(l, n, ERR_TYPE, "logsource is a mapping with product, category or service");
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const struct node *v = yaml_get(n, keys[i].key);
		if (!v || (v->kind == NODE_SCALAR && scalar_of(v).type == SC_NULL))
			continue;
		if (i < 3 && v->kind == NODE_SCALAR && scalar_of(v).type != SC_STRING)
			return load_fail(l, v, ERR_TYPE, "logsource: %s is a text", keys[i].key);
		int rc = text_of(l, v, keys[i].key, 65535, (struct slice *)((char *)&r->pub + keys[i].at));
		if (rc)
			return rc;
	}
	if (!r->pub.logsource.product.n && !r->pub.logsource.category.n && !r->pub.logsource.service.n)
		return load_fail(l, n, ERR_SYNTAX, "logsource needs at least one of product, category, service");
	return 0;
}

/* ---- detection ----------------------------------------------------------------------------------------------- */

static int map_expr(struct load *l, const struct node *map, struct expr **out)
{
	size_t i = 0;
	if (!map->n)
		return load_fail(l, map, ERR_SYNTAX, "an empty selection");
	struct expr *x = expr_new(l, EX_AND, map->n);
	for (const struct node *k = map->child; k; k = k->next, i++) {
		struct item *it;
		int rc = item_parse(l, k, k->value, &it);
		if (rc)
			return rc;
		x->kid[i] = expr_new(l, EX_ITEM, 0);
		x->kid[i]->item = it;
	}
	*out = x->n == 1 ? x->kid[0] : x;
	return 0;
}

/* A list: of maps, of keywords, or of both; one expression that holds when any of them does. */
static int list_expr(struct load *l, const struct node *list, struct expr **out)
{
	size_t maps = 0, words = 0, i = 0;
	for (const struct node *n = list->child; n; n = n->next) {
		if (n->kind == NODE_LIST)
			return load_fail(l, n, ERR_TYPE, "a list in a list has no meaning here");
		*(n->kind == NODE_MAP ? &maps : &words) += 1;
	}
	if (!list->n)
		return load_fail(l, list, ERR_SYNTAX, "an empty selection");
	struct expr *x = expr_new(l, EX_OR, maps + words);
	for (const struct node *n = list->child; n; n = n->next, i++) {
		int rc;
		if (n->kind == NODE_MAP) {
			rc = map_expr(l, n, &x->kid[i]);
		} else {
			struct item *it;
			rc = item_keywords(l, n, n, &it);
			x->kid[i] = expr_new(l, EX_ITEM, 0);
			if (!rc)
				x->kid[i]->item = it;
		}
		if (rc)
			return rc;
	}
	*out = x;
	return 0;
}

int selections_parse(struct load *l, const struct node *detection, struct selections *sel)
{
	if (detection->kind != NODE_MAP)
		return load_fail(l, detection, ERR_TYPE, "detection is a mapping of selections and a condition");
	for (const struct node *k = detection->child; k; k = k->next) {
		struct selection s = {.name = slice_dup(&l->set->mem, k->text), .at = k};
		int rc;
		if (slice_eqz(k->text, "condition") || slice_eqz(k->text, "timeframe") || slice_eqz(k->text, "rules"))
			continue;
		struct expr *x = NULL;
		struct item *it = NULL;
		if (k->value->kind == NODE_MAP) {
			rc = map_expr(l, k->value, &x);
		} else if (k->value->kind == NODE_LIST) {
			rc = list_expr(l, k->value, &x);
		} else {
			rc = item_keywords(l, k->value, k->value, &it);
			x = expr_new(l, EX_ITEM, 0);
			x->item = it;
		}
		if (rc)
			return rc;
		if (l->terms > SIGMA_TERMS_MAX)
			return load_fail(l, k, ERR_LIMIT, "more than %d terms in one rule", SIGMA_TERMS_MAX);
		s.expr = expr_new(l, EX_AND, 1);
		s.expr->kid[0] = x;
		s.expr->name = s.name;
		*vec_push(sel) = s;
	}
	return sel->n ? 0 : load_fail(l, detection, ERR_SYNTAX, "no selection in this detection");
}

/* One condition, or a list of them: any. */
static int conditions_parse(struct load *l, const struct node *detection, const struct selections *sel, struct expr **out)
{
	const struct node *n = yaml_get(detection, "condition");
	if (!n)
		return load_fail(l, detection, ERR_SYNTAX, "condition is missing");
	if (n->kind == NODE_MAP || (n->kind == NODE_LIST && !n->n))
		return load_fail(l, n, ERR_TYPE, "condition is a text or a list of texts");
	if (n->kind == NODE_SCALAR)
		return condition_parse(l, n, n->text, sel, out);
	struct expr *x = expr_new(l, EX_OR, n->n);
	size_t i = 0;
	for (const struct node *c = n->child; c; c = c->next, i++) {
		if (c->kind != NODE_SCALAR)
			return load_fail(l, c, ERR_TYPE, "condition is a text or a list of texts");
		int rc = condition_parse(l, c, c->text, sel, &x->kid[i]);
		if (rc)
			return rc;
	}
	*out = x;
	return 0;
}

static int detection_parse(struct load *l, struct srule *r, const struct node *detection)
{
	struct selections sel = {0};
	int rc = selections_parse(l, detection, &sel);
	if (!rc)
		rc = conditions_parse(l, detection, &sel, &r->cond);
	free(sel.v);
	return rc;
}

int filter_parse(struct load *l, struct srule *r, const struct node *map)
{
	const struct node *rules = yaml_get(map, "rules"), *cond = yaml_get(map, "condition");
	struct filter *f = r->filter = arena_alloc(&l->set->mem, sizeof *f);
	*f = (struct filter){0};
	if (map->kind != NODE_MAP)
		return load_fail(l, map, ERR_TYPE, "filter is a mapping with rules, selections and a condition");
	int rc = rules ? texts_parse(l, rules, "rules", &f->rules, &f->rules_at, &f->nrules) : 0;
	if (rc)
		return rc;
	if (!rules)
		return load_fail(l, map, ERR_SYNTAX, "filter: rules is missing: a list of ids or names, or any");
	f->any = f->nrules == 0 || (f->nrules == 1 && slice_ieq(f->rules[0], SL("any")));
	rc = detection_parse(l, r, map);
	if (!rc && cond->kind == NODE_SCALAR && slice_chr(slice_trim(cond->text), ' ') < 0)
		load_warn(l, cond, "filter: events for which the condition does not hold are dropped; to leave out what the selection "
			"describes, write \"not %.*s\"", SLFMT(slice_trim(cond->text)));
	return rc;
}

int rule_parse(struct load *l, const struct node *doc, struct srule **out)
{
	const struct node *detection = yaml_get(doc, "detection"), *corr = yaml_get(doc, "correlation"), *filter = yaml_get(doc, "filter");
	struct srule *r = *out = arena_alloc(&l->set->mem, sizeof *r);
	struct node *place = arena_alloc(&l->set->mem, sizeof *place);
	*place = (struct node){.kind = NODE_MAP, .line = doc->line, .column = doc->column};
	*r = (struct srule){.at = place};
	r->pub.kind = corr ? SIGMA_CORRELATION : filter ? SIGMA_FILTER : SIGMA_RULE;
	r->pub.file = l->file;
	r->pub.line = doc->line;
	int rc = meta_parse(l, r, doc);
	if (rc)
		return rc;
	if (corr)
		return correlation_parse(l, r, corr);
	rc = logsource_parse(l, r, doc);
	if (rc)
		return rc;
	if (filter)
		return filter_parse(l, r, filter);
	if (!detection)
		return load_fail(l, doc, ERR_SYNTAX, "detection is missing");
	return detection_parse(l, r, detection);
}
