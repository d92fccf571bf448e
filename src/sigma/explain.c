/* explain.c - a condition as a tree of lines: what held, what did not, and the value that was there. */
#include "sigma/sigma_private.h"

enum { SHOWN_VALUES = 6, SHOWN_BYTES = 160 };

static void add_match(struct buf *out, const struct sigma_ctx *c, const struct match *m)
{
	static const char *const words[] = {
		[MK_EXACT] = "is", [MK_PREFIX] = "starts with", [MK_SUFFIX] = "ends with", [MK_CONTAINS] = "contains", [MK_GLOB] = "fits", [MK_ANY] = "is there",
		[MK_RE] = "fits the expression", [MK_CIDR] = "is within", [MK_NUMBER] = "equals", [MK_BOOL] = "is", [MK_NULL] = "is absent or null", [MK_EXISTS] = "is there:",
		[MK_FIELDREF] = "compares with field", [MK_TIME] = "at its time part compares with", [MK_LT] = "is less than", [MK_LE] = "is at most",
		[MK_GT] = "is more than", [MK_GE] = "is at least", [MK_TOKEN] = "has the word",
	};
	(void)c;
	buf_addz(out, words[m->kind]);
	if (m->kind == MK_GLOB) {
		buf_addz(out, " \"");
		for (size_t i = 0; i < m->nparts; i++)
			if (m->parts[i].kind == PART_TEXT)
				buf_term(out, slice_to(m->parts[i].text, SHOWN_BYTES));
			else
				buf_addc(out, m->parts[i].kind == PART_STAR ? '*' : m->parts[i].kind == PART_ONE ? '?' : '-');
		buf_addc(out, '"');
	} else if (m->kind == MK_EXISTS) {
		buf_addz(out, m->yes ? " yes" : " no");
	} else if (m->kind != MK_ANY && m->kind != MK_NULL) {
		buf_addz(out, " \"");
		buf_term(out, slice_to(m->text, SHOWN_BYTES));
		buf_addc(out, '"');
	}
}

static void add_values(struct buf *out, struct sigma_ctx *c, const struct item *it)
{
	if (it->field == FIELD_KEYWORD) {
		buf_addf(out, "  [%zu texts looked through]", c->texts.n);
		return;
	}
	const struct val *v = view_first(c, it->field);
	if (!v) {
		buf_addz(out, "  [the event has no such field]");
		return;
	}
	buf_addz(out, "  [");
	for (unsigned n = 0; v && n < SHOWN_VALUES; v = view_next(c, v), n++) {
		buf_addz(out, n ? ", \"" : "it is \"");
		buf_term(out, slice_to(view_text(c, v), SHOWN_BYTES));
		buf_addc(out, '"');
	}
	buf_addz(out, v ? ", ...]" : "]");
}

static void add_item(struct buf *out, struct sigma_ctx *c, const struct item *it)
{
	struct slice name = it->field == FIELD_KEYWORD ? SL("any text") : strtab_get(c->set->fields, it->field);
	buf_adds(out, name);
	buf_addc(out, ' ');
	if (it->neq)
		buf_addz(out, "not ");
	for (uint32_t i = 0; i < it->nmatch && i < SHOWN_VALUES; i++) {
		if (i)
			buf_addz(out, it->all ? " and " : " or ");
		add_match(out, c, &it->match[i]);
	}
	if (it->nmatch > SHOWN_VALUES)
		buf_addf(out, " (and %u more)", it->nmatch - SHOWN_VALUES);
	add_values(out, c, it);
}

static void tell(struct buf *out, struct sigma_ctx *c, const struct expr *x, unsigned depth)
{
	static const char *const ops[] = {[EX_AND] = "all of", [EX_OR] = "any of", [EX_NOT] = "not", [EX_TRUE] = "always", [EX_FALSE] = "never"};
	if (x->op == EX_AND && x->n == 1 && !x->name.p) {
		tell(out, c, x->kid[0], depth);
		return;
	}
	buf_addz(out, expr_matches(c, x) ? "yes " : "no  ");
	for (unsigned i = 0; i < depth; i++)
		buf_addz(out, "  ");
	if (x->op == EX_ITEM)
		add_item(out, c, x->item);
	else if (x->name.p)
		buf_addf(out, "%.*s", SLFMT(x->name));
	else
		buf_addz(out, ops[x->op]);
	buf_addc(out, '\n');
	for (uint32_t i = 0; i < x->n && x->op != EX_ITEM && depth < SIGMA_DEPTH_MAX; i++)
		tell(out, c, x->kid[i], depth + 1);
}

void sigma_explain(struct sigma_ctx *c, const struct sigma_rule *r, struct buf *out)
{
	const struct srule *s = c->set->rules.v[r->number];
	if (s->cond)
		tell(out, c, s->cond, 0);
}
