/* sudoers_alias.c - aliases of a sudoers file, and lists with their aliases put in. */
#include "snapshot/sudoers_private.h"

#include <stdlib.h>

struct alias { struct sudo_list list; bool used; };
struct table { struct strtab *names; struct { struct alias *v; size_t n, cap; } rows; };
struct sudo_aliases { struct table of[SUDO_CLASSES]; };

struct sudo_aliases *sudo_aliases_new(void)
{
	struct sudo_aliases *a = xcalloc(1, sizeof *a);
	for (size_t k = 0; k < SUDO_CLASSES; k++)
		a->of[k].names = strtab_new();
	return a;
}

void sudo_aliases_free(struct sudo_aliases *a)
{
	if (!a)
		return;
	for (size_t k = 0; k < SUDO_CLASSES; k++) {
		for (size_t i = 0; i < a->of[k].rows.n; i++)
			free(a->of[k].rows.v[i].list.v);
		free(a->of[k].rows.v);
		strtab_free(a->of[k].names);
	}
	free(a);
}

bool sudo_alias_add(struct sudo_aliases *a, enum sudo_class k, struct slice name, struct sudo_list *l)
{
	struct table *t = &a->of[k];
	if (strtab_find(t->names, name) != UINT32_MAX)
		return false;
	uint32_t id = strtab_put(t->names, name);
	while (t->rows.n <= id)
		*vec_push(&t->rows) = (struct alias){0};
	t->rows.v[id].list = *l;
	*l = (struct sudo_list){0};
	return true;
}

static struct alias *find(struct sudo_aliases *a, enum sudo_class k, const struct sudo_member *m)
{
	uint32_t id = sudo_is_alias(m) ? strtab_find(a->of[k].names, m->text) : UINT32_MAX;
	return id < a->of[k].rows.n ? &a->of[k].rows.v[id] : NULL;
}

struct expansion {
	struct snapshot *s;
	struct sudo_aliases *a;
	enum sudo_class k;
	struct snap_vec out;
	size_t steps;
	const char *why;
	bool partly;       /* what is left out might have been a limit of the rest */
};

static void one_member(struct expansion *x, const struct sudo_member *m, bool negated)
{
	bool all = m->plain && slice_eqz(m->text, "ALL");
	if (!all && x->k != SUDO_CMND && (slice_eqz(m->text, "ALL") || (m->text.n && (m->text.p[0] == '!' || m->text.p[0] == '(')))) {
		x->why = "a quoted name that reads like something else; the rule is left out";
		x->partly = true;
		return;
	}
	if (x->k == SUDO_CMND && sudo_is_alias(m)) {
		x->why = "an alias of commands that is not defined: sudo takes it for nothing";
		return;
	}
	*vec_push(&x->out) = negated || m->digest.n ? text_f(x->s, "%s%.*s%.*s", negated ? "!" : "", SLFMT(m->digest), SLFMT(m->text)) : m->text;
}

static void expand(struct expansion *x, const struct sudo_list *l, bool negated, int depth)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct sudo_member *m = &l->v[i];
		struct alias *in = find(x->a, x->k, m);
		if (x->steps++ >= SUDO_EXPAND_MAX || x->out.n >= SNAP_LIST_MAX || depth > 100) {
			x->why = "aliases that are larger than is read; the rule is left out";
			x->partly = true;
			return;
		}
		if (!in)
			one_member(x, m, m->negated != negated);
		else if (in->used)
			x->why = "an alias that contains itself is left out";
		else {
			in->used = true;
			expand(x, &in->list, m->negated != negated, depth + 1);
			in->used = false;
		}
	}
}

bool sudo_expand(struct snapshot *s, struct sudo_aliases *a, enum sudo_class k, const struct sudo_list *l, struct snap_list *out, const char **why)
{
	struct expansion x = {.s = s, .a = a, .k = k};
	expand(&x, l, false, 0);
	*out = vec_take(s, &x.out);
	vec_free(&x.out);
	if (x.why)
		*why = x.why;
	return !x.partly;
}
