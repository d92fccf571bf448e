/* mapping.c - the user's own names of fields, and values of placeholders. */
#include "sigma/sigma_private.h"

static int add_pair(struct sigma_set *s, const struct node *key, const struct node *to, const char *file, struct err *e)
{
	for (const struct node *n = to->kind == NODE_LIST ? to->child : to; n; n = to->kind == NODE_LIST ? n->next : NULL) {
		if (n->kind != NODE_SCALAR || !n->text.n || !key->text.n)
			return err_at(e, ERR_TYPE, file, n->line, n->column, "a mapping is written name-in-the-log: name-in-rules (or a list of them)");
		struct mapping *m = vec_push(&s->mappings);
		*m = (struct mapping){.from = field_number(s, key->text), .to = field_number(s, n->text)};
	}
	return 0;
}

int sigma_add_mapping(struct sigma_set *s, struct slice yaml, const char *file, struct err *e)
{
	struct yaml_options opt = {.max_bytes = SIGMA_FILE_MAX, .max_nodes = SIGMA_NODES_MAX};
	struct arena tmp;
	struct node *doc = NULL;
	arena_init(&tmp);
	int rc = yaml_read(yaml, file, &opt, &tmp, &doc, e);
	const struct node *map = doc ? yaml_get(doc, "mapping") : NULL;
	if (!rc && (!map || map->kind != NODE_MAP))
		rc = err_at(e, ERR_SYNTAX, file, doc ? doc->line : 0, doc ? doc->column : 0, "no `mapping:` with name-in-the-log: name-in-rules");
	for (const struct node *k = map ? map->child : NULL; k && !rc; k = k->next)
		rc = add_pair(s, k, k->value, file, e);
	arena_free(&tmp);
	return rc;
}

static int add_values(struct sigma_set *s, const struct node *map, const char *file, struct err *e)
{
	struct sigma_placeholder *v = arena_alloc(&s->mem, (s->opt.nplaceholders + map->n) * sizeof *v);
	size_t n = s->opt.nplaceholders;
	if (n)
		memcpy(v, s->opt.placeholders, n * sizeof *v);
	for (const struct node *k = map->child; k; k = k->next) {
		const struct node *list = k->value;
		struct slice *values = arena_alloc(&s->mem, (list->n + 1) * sizeof *values);
		size_t count = 0;
		for (const struct node *x = list->kind == NODE_LIST ? list->child : list; x; x = list->kind == NODE_LIST ? x->next : NULL) {
			if (x->kind != NODE_SCALAR)
				return err_at(e, ERR_TYPE, file, x->line, x->column, "a placeholder has a value or a list of values");
			values[count++] = slice_dup(&s->mem, x->text);
		}
		v[n++] = (struct sigma_placeholder){slice_dup(&s->mem, k->text), values, count};
	}
	s->opt.placeholders = v;
	s->opt.nplaceholders = n;
	return 0;
}

int sigma_add_values(struct sigma_set *s, struct slice yaml, const char *file, struct err *e)
{
	struct yaml_options opt = {.max_bytes = SIGMA_FILE_MAX, .max_nodes = SIGMA_NODES_MAX};
	struct arena tmp;
	struct node *doc = NULL;
	arena_init(&tmp);
	int rc = yaml_read(yaml, file, &opt, &tmp, &doc, e);
	const struct node *map = doc ? yaml_get(doc, "values") : NULL;
	if (!rc && (!map || map->kind != NODE_MAP))
		rc = err_at(e, ERR_SYNTAX, file, doc ? doc->line : 0, doc ? doc->column : 0, "no `values:` with name: [value, ...]");
	if (!rc)
		rc = add_values(s, map, file, e);
	arena_free(&tmp);
	return rc;
}
