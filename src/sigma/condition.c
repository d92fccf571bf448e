/* condition.c - conditions: words, not > and > or, quantifiers over selections (specification 2.1, "Condition"). */
#include "sigma/sigma_private.h"

#include <stdlib.h>

struct cursor {
	struct load *l;
	const struct node *at;
	struct slice rest, text;
	const struct selections *sel;
	unsigned depth;
	int rc;
};

struct expr *expr_new(struct load *l, enum expr_op op, size_t kids)
{
	struct arena *a = &l->set->mem;
	struct expr *x = arena_alloc(a, sizeof *x);
	*x = (struct expr){.op = op, .n = (uint32_t)kids};
	x->kid = kids ? arena_alloc(a, kids * sizeof(struct expr *)) : NULL;
	l->terms += kids + 1;
	return x;
}

static bool is_end(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '(' || c == ')';
}

/* The next word or parenthesis, without taking it. */
static struct slice peek(struct cursor *c)
{
	while (c->rest.n && is_end(c->rest.p[0]) && c->rest.p[0] != '(' && c->rest.p[0] != ')')
		c->rest = slice_from(c->rest, 1);
	size_t n = 0;
	if (c->rest.n && (c->rest.p[0] == '(' || c->rest.p[0] == ')' || c->rest.p[0] == '|'))
		n = 1;
	else
		while (n < c->rest.n && !is_end(c->rest.p[n]))
			n++;
	return slice_to(c->rest, n);
}

static void take(struct cursor *c, struct slice word)
{
	c->rest = slice_from(c->rest, word.n);
}

/* Is the word this operator? Upper case is taken with a warning: old tools wrote it so. */
static bool is_op(struct cursor *c, struct slice word, const char *op)
{
	if (!slice_ieq(word, slice_of(op)))
		return false;
	if (!slice_eqz(word, op))
		load_warn(c->l, c->at, "write \"%s\" in lower case", op);
	return true;
}

static struct expr *fail(struct cursor *c, const char *what, struct slice word)
{
	if (!c->rc)
		c->rc = word.n ? load_fail(c->l, c->at, ERR_SYNTAX, "condition: %s, at \"%.*s\"", what, SLFMT(slice_to(word, 60)))
			       : load_fail(c->l, c->at, ERR_SYNTAX, "condition: %s", what);
	return NULL;
}

/* name against pattern with * for any run. */
static bool name_fits(struct slice pattern, struct slice name)
{
	size_t p = 0, n = 0, star = SIZE_MAX, mark = 0;
	while (n < name.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = n;
		} else if (p < pattern.n && pattern.p[p] == name.p[n]) {
			p++;
			n++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			n = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

/* `1 of x*`, `all of them`. */
static struct expr *quantified(struct cursor *c, bool all)
{
	struct slice of = peek(c), what;
	if (!is_op(c, of, "of"))
		return fail(c, "\"of\" is missing behind the quantifier", of);
	take(c, of);
	what = peek(c);
	if (!what.n || what.p[0] == '(' || what.p[0] == ')' || what.p[0] == '|')
		return fail(c, "a name, a pattern or \"them\" is missing behind \"of\"", what);
	take(c, what);
	bool them = is_op(c, what, "them");
	bool hidden = !them && what.p[0] == '_';
	size_t n = 0;
	for (int pass = 0; pass < 2; pass++) {
		struct expr *x = pass ? expr_new(c->l, all ? EX_AND : EX_OR, n) : NULL;
		n = 0;
		for (size_t i = 0; i < c->sel->n; i++) {
			const struct selection *s = &c->sel->v[i];
			if ((s->name.n && s->name.p[0] == '_' && !hidden) || (!them && !name_fits(what, s->name)))
				continue;
			if (x)
				x->kid[n] = s->expr;
			n++;
		}
		if (!n) {
			load_warn(c->l, c->at, "condition: no selection fits \"%.*s\": this term never holds", SLFMT(what));
			return expr_new(c->l, EX_FALSE, 0);
		}
		if (x)
			return x;
	}
	return NULL;
}

static struct expr *parse_or(struct cursor *c);

static struct expr *primary(struct cursor *c)
{
	struct slice w = peek(c);
	if (!w.n)
		return fail(c, "something is missing at its end", SLICE_NONE);
	if (w.p[0] == '|')
		return fail(c, "aggregations behind a pipe are not part of Sigma 2: write a correlation rule "
			"(type: event_count or value_count, group-by, timespan, condition)", w);
	if (w.p[0] == ')')
		return fail(c, "a closing parenthesis without its opening one, or nothing before it", SLICE_NONE);
	take(c, w);
	if (w.p[0] == '(') {
		if (++c->depth > SIGMA_DEPTH_MAX)
			return fail(c, "nested too deeply", SLICE_NONE);
		struct expr *x = parse_or(c);
		c->depth--;
		if (!x)
			return NULL;
		struct slice end = peek(c);
		if (end.n != 1 || end.p[0] != ')')
			return fail(c, "a closing parenthesis is missing", end);
		take(c, end);
		return x;
	}
	struct cursor ahead = *c;
	struct slice next = peek(&ahead);
	if (slice_ieq(next, SL("of"))) {
		if (slice_eq(w, SL("1")) || is_op(c, w, "any"))
			return quantified(c, false);
		if (is_op(c, w, "all"))
			return quantified(c, true);
		uint64_t n;
		if (slice_u64(w, UINT64_MAX, &n))
			return fail(c, "only 1 of, any of and all of are defined", w);
	}
	for (size_t i = 0; i < c->sel->n; i++)
		if (slice_eq(c->sel->v[i].name, w))
			return c->sel->v[i].expr;
	if (slice_ieq(w, SL("and")) || slice_ieq(w, SL("or")) || slice_ieq(w, SL("not")))
		return fail(c, "an operator where a selection should stand", w);
	return fail(c, "no selection of that name in this detection", w);
}

static struct expr *parse_not(struct cursor *c)
{
	struct slice w = peek(c);
	if (!is_op(c, w, "not"))
		return primary(c);
	take(c, w);
	if (++c->depth > SIGMA_DEPTH_MAX)
		return fail(c, "nested too deeply", SLICE_NONE);
	struct expr *x = parse_not(c);
	c->depth--;
	if (!x)
		return NULL;
	struct expr *n = expr_new(c->l, EX_NOT, 1);
	n->kid[0] = x;
	return n;
}

/* One level of operators: `sub op sub op ...`. */
static struct expr *chain(struct cursor *c, const char *op, enum expr_op kind, struct expr *(*sub)(struct cursor *))
{
	struct { struct expr **v; size_t n, cap; } kids = {0};
	struct expr *x = sub(c), *out = NULL;
	struct slice w;
	while (x) {
		*vec_push(&kids) = x;
		if (kids.n + c->l->terms > SIGMA_TERMS_MAX) {
			x = fail(c, "too many terms", SLICE_NONE);
			break;
		}
		w = peek(c);
		if (!is_op(c, w, op))
			break;
		take(c, w);
		x = sub(c);
	}
	if (x && kids.n == 1) {
		out = x;
	} else if (x) {
		out = expr_new(c->l, kind, kids.n);
		memcpy(out->kid, kids.v, kids.n * sizeof *kids.v);
	}
	free(kids.v);
	return out;
}

static struct expr *parse_and(struct cursor *c)
{
	return chain(c, "and", EX_AND, parse_not);
}

static struct expr *parse_or(struct cursor *c)
{
	return chain(c, "or", EX_OR, parse_and);
}

int condition_parse(struct load *l, const struct node *at, struct slice text, const struct selections *sel, struct expr **out)
{
	struct cursor c = {.l = l, .at = at, .rest = text, .text = text, .sel = sel};
	if (text.n > SIGMA_CONDITION_MAX)
		return load_fail(l, at, ERR_LIMIT, "a condition of more than %d bytes", SIGMA_CONDITION_MAX);
	*out = parse_or(&c);
	if (*out) {
		struct slice more = peek(&c);
		if (more.n && more.p[0] == '|')
			primary(&c);
		else if (more.n)
			fail(&c, "\"and\" or \"or\" is missing before what follows", more);
	}
	return c.rc;
}
