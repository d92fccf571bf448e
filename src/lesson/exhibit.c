/* exhibit.c - a mail, profile or file to look at: regions, some of them wrong. */
#include "lesson/lesson_private.h"

static bool take_region(struct loading *ld, const struct node *n, struct lesson_region *out)
{
	static const char *const keys[] = {"id", "label", "text", "wrong", "because", NULL};
	size_t before = ld->errors;
	*out = (struct lesson_region){0};
	if (!lesson_keys(ld, n, keys))
		return false;
	(void)lesson_take_id(ld, n, "id", true, &out->id);
	(void)lesson_take_text(ld, n, "label", true, &out->label);
	(void)lesson_take_text(ld, n, "text", true, &out->text);
	(void)lesson_take_bool(ld, n, "wrong", &out->wrong);
	(void)lesson_take_text(ld, n, "because", true, &out->because);
	return ld->errors == before;
}

static void take_regions(struct loading *ld, const struct node *list, struct lesson_exhibit *x)
{
	struct lesson_region *v = arena_alloc(&ld->l->mem, list->n * sizeof *v);
	for (const struct node *at = list->child; at; at = at->next) {
		struct lesson_region *r = &v[x->nregions];
		if (take_region(ld, at, r))
			for (size_t i = 0; i < x->nregions; i++)
				if (slice_eq(v[i].id, r->id))
					lesson_bad_at(ld, at, "there are two regions \"%.*s\": give this one another id", SLFMT(r->id));
		if (r->wrong && x->benign)
			lesson_bad_at(ld, at, "the exhibit is benign, so that no region can be wrong: take wrong: true or benign: true away");
		x->nregions++;
	}
	x->regions = v;
}

const struct lesson_exhibit *lesson_exhibit(struct loading *ld, const struct node *root)
{
	static const char *const keys[] = {"id", "kind", "title", "difficulty", "benign", "regions", NULL}, *const kinds[] = {"mail", "profile", "file"};
	struct lesson_exhibit *x = arena_alloc(&ld->l->mem, sizeof *x);
	size_t before = ld->errors, wrong = 0;
	bool known = false;
	*x = (struct lesson_exhibit){.difficulty = 1};
	if (!lesson_keys(ld, root, keys))
		return NULL;
	(void)lesson_take_id(ld, root, "id", true, &x->id);
	if (lesson_take_id(ld, root, "kind", true, &x->kind)) {
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
			known |= slice_eqz(x->kind, kinds[i]);
		if (!known)
			lesson_bad_at(ld, yaml_get(root, "kind"), "kind \"%.*s\" is not known: write mail, profile or file", SLFMT(x->kind));
	}
	(void)lesson_take_text(ld, root, "title", true, &x->title);
	(void)lesson_take_number(ld, root, "difficulty", true, 1, 3, &x->difficulty);
	(void)lesson_take_bool(ld, root, "benign", &x->benign);
	const struct node *list = lesson_take_list(ld, root, "regions", true, LESSON_REGIONS);
	if (list)
		take_regions(ld, list, x);
	for (size_t i = 0; i < x->nregions; i++)
		wrong += x->regions[i].wrong;
	if (ld->errors == before && !wrong && !x->benign)
		lesson_bad_at(ld, root, "no region is wrong: write wrong: true at one, or benign: true");
	if (ld->errors == before && wrong && wrong == x->nregions)
		lesson_odd_at(ld, root, "every region is wrong: who marks all of them is right");
	return ld->errors == before ? x : NULL;
}
