/* pattern.c - rows of patterns, compiled once, matched with bounded backtracking. Syntax in decode_private.h. */
#include "decode/pattern.h"

#include <stdlib.h>

/* ---- compiling ----------------------------------------------------------------------------------------------- */

struct compiler {
	struct rowset *set;
	struct op ops[OPS_MAX];
	size_t n;
	const char *owner;
	struct err *e;
};

static struct op *op_new(struct compiler *c, enum op_kind kind)
{
	if (c->n == OPS_MAX)
		return NULL;
	struct op *o = &c->ops[c->n++];
	*o = (struct op){.kind = (uint8_t)kind};
	return o;
}

static int class_of(struct slice text, uint16_t field, uint8_t *out)
{
	static const enum op_class by_type[] = {[FT_STR] = CLASS_ANY, [FT_INT] = CLASS_DIGIT, [FT_ADDR] = CLASS_ADDR};
	if (!text.n)
		*out = field ? by_type[field_table[field].type] : CLASS_ANY;
	else if (slice_eq(text, SL("w")))
		*out = CLASS_WORD;
	else if (slice_eq(text, SL("d")))
		*out = CLASS_DIGIT;
	else if (slice_eq(text, SL("a")))
		*out = CLASS_ADDR;
	else
		return ERR_SYNTAX;
	return 0;
}

/* "{name*:class}" without the braces. */
static int compile_capture(struct compiler *c, struct slice text)
{
	struct op *o = op_new(c, OP_CAP);
	if (!o)
		return err_set(c->e, ERR_LIMIT, "%s: pattern too long", c->owner);
	struct slice name = text, cls = SLICE_NONE, rest = text;
	if (slice_cut(&rest, ':', &name))
		cls = rest;
	if (name.n && name.p[name.n - 1] == '*') {
		o->greedy = true;
		name.n--;
	}
	if (name.n) {
		o->field = (uint16_t)field_by_name(name);
		if (!o->field)
			return err_set(c->e, ERR_SYNTAX, "%s: no field \"%.*s\" in fields.def", c->owner, SLFMT(name));
	}
	if (class_of(cls, o->field, &o->cls))
		return err_set(c->e, ERR_SYNTAX, "%s: class \"%.*s\" is not one of w d a", c->owner, SLFMT(cls));
	return 0;
}

/* How common a byte is in messages, roughly: letters in the order of English, digits and blanks everywhere. */
static unsigned commonness(char ch)
{
	static const char order[] = "zqjxkvbywgpfmucdlhrsnioate0123456789.: ";
	const char *q = memchr(order, ch | (ch >= 'A' && ch <= 'Z' ? 0x20 : 0), sizeof order - 1);
	return q ? 1 + (unsigned)(q - order) : 0;
}

static uint16_t rarest(struct slice lit)
{
	size_t best = 0;
	for (size_t i = 1; i < lit.n; i++)
		if (commonness(lit.p[i]) < commonness(lit.p[best]))
			best = i;
	return (uint16_t)best;
}

static int compile_literal(struct compiler *c, struct buf *lit)
{
	if (!lit->n)
		return 0;
	struct op *o = op_new(c, OP_LIT);
	if (!o)
		return err_set(c->e, ERR_LIMIT, "%s: pattern too long", c->owner);
	o->lit = slice_dup(&c->set->mem, buf_slice(lit));
	o->rare = rarest(o->lit);
	lit->n = 0;
	return 0;
}

static int compile_open(struct compiler *c, size_t *open)
{
	if (*open != SIZE_MAX)
		return err_set(c->e, ERR_SYNTAX, "%s: optional parts do not nest", c->owner);
	*open = c->n;
	return op_new(c, OP_OPT) ? 0 : err_set(c->e, ERR_LIMIT, "%s: pattern too long", c->owner);
}

static int compile_ops(struct compiler *c, struct slice p, struct buf *lit)
{
	size_t open = SIZE_MAX;
	for (size_t i = 0; i < p.n; i++) {
		struct slice rest = slice_from(p, i);
		int r = 0;
		if (slice_starts(rest, SL("{{"))) {
			buf_addc(lit, '{');
			i++;
		} else if (rest.p[0] == '{') {
			ssize_t end = slice_chr(rest, '}');
			if (end < 0)
				return err_set(c->e, ERR_SYNTAX, "%s: { without }", c->owner);
			r = compile_literal(c, lit);
			if (!r)
				r = compile_capture(c, slice_make(rest.p + 1, (size_t)end - 1));
			i += (size_t)end;
		} else if (slice_starts(rest, SL("[?"))) {
			r = compile_literal(c, lit);
			if (!r)
				r = compile_open(c, &open);
			i++;
		} else if (slice_starts(rest, SL("?]"))) {
			r = compile_literal(c, lit);
			if (open == SIZE_MAX)
				return err_set(c->e, ERR_SYNTAX, "%s: ?] without [?", c->owner);
			c->ops[open].skip = (uint16_t)c->n;
			open = SIZE_MAX;
			i++;
		} else {
			buf_addc(lit, rest.p[0]);
		}
		if (r)
			return r;
	}
	if (open != SIZE_MAX)
		return err_set(c->e, ERR_SYNTAX, "%s: [? without ?]", c->owner);
	return compile_literal(c, lit);
}

static int compile_sets(struct compiler *c, struct crow *row, const char *set)
{
	struct slice rest = slice_of(set), item;
	while (rest.n) {
		if (!slice_cut(&rest, ';', &item)) {
			item = rest;
			rest.n = 0;
		}
		struct slice name, value = item;
		if (!slice_cut(&value, '=', &name) || !field_by_name(name) || row->nset == SETS_MAX)
			return err_set(c->e, ERR_SYNTAX, "%s: bad constant \"%.*s\"", c->owner, SLFMT(item));
		row->set[row->nset++] = (struct capture){.field = (uint16_t)field_by_name(name), .text = value};
	}
	return 0;
}

const uint8_t pattern_char[256] = {
	[0x21 ... 0x24] = WORD, ['%'] = WORD | ADDRC, [0x26 ... 0x2c] = WORD, ['-' ... '.'] = WORD | ADDRC, ['/'] = WORD,
	['0' ... '9'] = WORD | DIGIT | ADDRC, [':'] = WORD | ADDRC, [0x3b ... 0x40] = WORD, ['A' ... 'Z'] = WORD | ADDRC,
	[0x5b ... 0x5e] = WORD, ['_'] = WORD | ADDRC, [0x60] = WORD, ['a' ... 'z'] = WORD | ADDRC, [0x7b ... 0x7e] = WORD,
	[0x80 ... 0xff] = WORD,
};
const uint8_t pattern_class[4] = {[CLASS_ANY] = 0, [CLASS_WORD] = WORD, [CLASS_DIGIT] = DIGIT, [CLASS_ADDR] = ADDRC};

static void find_forced(struct compiler *c)
{
	for (size_t i = 0; i + 1 < c->n; i++) {
		const struct op *next = &c->ops[i + 1];
		struct op *o = &c->ops[i];
		o->forced = o->kind == OP_CAP && o->cls != CLASS_ANY && next->kind == OP_LIT && !(pattern_char[(uint8_t)next->lit.p[0]] & pattern_class[o->cls]);
	}
}

static bool in_class(char ch, const struct op *cap)
{
	return pattern_char[(uint8_t)ch] & pattern_class[cap->cls];
}

/* Literals and captures of classes in turn, each capture bounded by bytes that are not of it: read from the right there is one way. */
static bool is_tail(const struct op *ops, size_t i)
{
	unsigned captures = 0;
	if (ops[i].kind != OP_CAP || !ops[i].greedy || ops[i].cls != CLASS_ANY || ops[i + 1].kind != OP_LIT)
		return false;
	for (i++; ops[i].kind != OP_END; i++) {
		const struct op *o = &ops[i];
		if (o->kind == OP_LIT)
			continue;
		if (o->kind != OP_CAP || o->cls == CLASS_ANY || ++captures > TAIL_MAX || ops[i - 1].kind != OP_LIT || in_class(ops[i - 1].lit.p[ops[i - 1].lit.n - 1], o) ||
		    (ops[i + 1].kind != OP_END && (ops[i + 1].kind != OP_LIT || in_class(ops[i + 1].lit.p[0], o))))
			return false;
	}
	return true;
}

/* The rarest literal behind the first operation and outside optional parts, where there are ways to try in vain before it. */
static const struct op *find_must(const struct op *ops, size_t n)
{
	const struct op *best = NULL;
	size_t behind = 1;
	bool ways = false;
	for (size_t i = 0; i < n; i++) {
		const struct op *o = &ops[i];
		if (o->kind == OP_OPT)
			behind = MAX(behind, (size_t)o->skip);
		if (i >= behind && o->kind == OP_LIT && o->lit.n > 2 && ways && (!best || commonness(o->lit.p[o->rare]) < commonness(best->lit.p[best->rare])))
			best = o;
		ways |= o->kind == OP_OPT || (o->kind == OP_CAP && o->cls == CLASS_ANY);
	}
	return best;
}

static int compile_row(struct compiler *c, const struct row *in, struct crow *out)
{
	struct buf lit = {0};
	c->n = 0;
	int r = compile_ops(c, slice_of(in->pattern), &lit);
	buf_free(&lit);
	if (r)
		return r;
	if (!op_new(c, OP_END))
		return err_set(c->e, ERR_LIMIT, "%s: pattern too long", c->owner);
	find_forced(c);
	for (size_t i = 0; i < c->n; i++)
		c->ops[i].tail = is_tail(c->ops, i);
	*out = (struct crow){.action = in->action, .outcome = in->outcome, .nops = c->n};
	out->ops = arena_alloc(&c->set->mem, c->n * sizeof *out->ops);
	memcpy(out->ops, c->ops, c->n * sizeof *out->ops);
	out->must = find_must(out->ops, out->nops);
	return in->set ? compile_sets(c, out, in->set) : 0;
}

static struct probe probe_of(const struct crow *c)
{
	struct probe p = {.row = c};
	const struct op *o = &c->ops[0];
	if (o->kind == OP_LIT) {
		size_t n = MIN(o->lit.n, sizeof p.head);
		memcpy(&p.head, o->lit.p, n);
		memset(&p.mask, 0xff, n);
	}
	return p;
}

/* Rows that may begin with the byte, in order; byte < 0: those that may begin with any. */
static struct probe *bucket_of(struct rowset *r, int byte, size_t room)
{
	struct probe *v = arena_alloc(&r->mem, (room + 1) * sizeof *v);
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct op *o = &r->rows[i].ops[0];
		if (o->kind != OP_LIT || (uint8_t)o->lit.p[0] == byte)
			v[n++] = probe_of(&r->rows[i]);
	}
	v[n] = (struct probe){0};
	return v;
}

static void fill_buckets(struct rowset *r)
{
	size_t literals[256] = {0}, any = 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct op *o = &r->rows[i].ops[0];
		if (o->kind == OP_LIT)
			literals[(uint8_t)o->lit.p[0]]++;
		else
			any++;
	}
	struct probe *rest = bucket_of(r, -1, any); /* most bytes begin no literal: they share one */
	for (int byte = 0; byte < 256; byte++)
		r->bucket[byte] = literals[byte] ? bucket_of(r, byte, any + literals[byte]) : rest;
}

struct rowset *rowset_new(const struct row *rows, const char *owner, struct err *e)
{
	struct rowset *r = xcalloc(1, sizeof *r);
	arena_init(&r->mem);
	while (rows[r->n].pattern)
		r->n++;
	r->rows = arena_alloc(&r->mem, r->n * sizeof *r->rows);
	struct compiler c = {.set = r, .owner = owner, .e = e};
	for (size_t i = 0; i < r->n; i++)
		if (compile_row(&c, &rows[i], &r->rows[i])) {
			rowset_free(r);
			return NULL;
		}
	fill_buckets(r);
	return r;
}

void rowset_free(struct rowset *r)
{
	if (!r)
		return;
	arena_free(&r->mem);
	free(r);
}

enum action crow_action(const struct crow *c)
{
	return c->action;
}

enum outcome crow_outcome(const struct crow *c)
{
	return c->outcome;
}
