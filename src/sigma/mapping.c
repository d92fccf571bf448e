/* mapping.c - the user's own names of fields. */
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
