/* pattern.c - rows of patterns, compiled once, matched with bounded backtracking. Syntax in decode_private.h. */
#include "decode/decode_private.h"

#include <stdlib.h>

enum { OPS_MAX = 64, STEPS_MAX = 4000, SETS_MAX = 4, STEP_BYTES = 256 /* a search costs a step per so many bytes */ };

enum op_kind { OP_END, OP_LIT, OP_CAP, OP_OPT };
enum op_class { CLASS_ANY, CLASS_WORD, CLASS_DIGIT, CLASS_ADDR };
struct op {
	uint8_t kind;
	uint8_t cls;
	bool greedy;
	bool forced;    /* OP_CAP before an OP_LIT whose first byte cannot be of it: there is one way to match both */
	uint16_t field; /* OP_CAP; F_NONE: skipped */
	uint16_t skip;  /* OP_OPT: index behind the optional part */
	uint16_t rare;  /* OP_LIT: index of its byte that log text has least of: searched for first */
	struct slice lit;
};

struct crow {
	enum action action;
	enum outcome outcome;
	struct op *ops;
	size_t nops;
	const struct op *must; /* a literal that every match has, worth looking for before trying; may be NULL */
	struct capture set[SETS_MAX];
	unsigned nset;
};

struct rowset {
	struct arena mem;
	struct crow *rows;
	size_t n;
	struct probe *bucket[256]; /* rows whose first byte may be this, in order */
};

/* A row as its first eight bytes show it: most rows are refused without being looked at. */
struct probe {
	uint64_t head, mask;
	const struct crow *row; /* NULL ends */
};

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
		row->set[row->nset++] = (struct capture){(uint16_t)field_by_name(name), value};
	}
	return 0;
}

#define WORD 1
#define DIGIT 2
#define ADDRC 4
static const uint8_t char_class[256] = {
	[0x21 ... 0x24] = WORD, ['%'] = WORD | ADDRC, [0x26 ... 0x2c] = WORD, ['-' ... '.'] = WORD | ADDRC, ['/'] = WORD,
	['0' ... '9'] = WORD | DIGIT | ADDRC, [':'] = WORD | ADDRC, [0x3b ... 0x40] = WORD, ['A' ... 'Z'] = WORD | ADDRC,
	[0x5b ... 0x5e] = WORD, ['_'] = WORD | ADDRC, [0x60] = WORD, ['a' ... 'z'] = WORD | ADDRC, [0x7b ... 0x7e] = WORD,
	[0x80 ... 0xff] = WORD,
};
static const uint8_t class_mask[] = {[CLASS_ANY] = 0, [CLASS_WORD] = WORD, [CLASS_DIGIT] = DIGIT, [CLASS_ADDR] = ADDRC};

static void find_forced(struct compiler *c)
{
	for (size_t i = 0; i + 1 < c->n; i++) {
		const struct op *next = &c->ops[i + 1];
		struct op *o = &c->ops[i];
		o->forced = o->kind == OP_CAP && o->cls != CLASS_ANY && next->kind == OP_LIT && !(char_class[(uint8_t)next->lit.p[0]] & class_mask[o->cls]);
	}
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

/* ---- matching ------------------------------------------------------------------------------------------------ */

/* Length of the run of bytes that cls allows at the start of s. */
static size_t class_run(struct slice s, enum op_class cls)
{
	if (cls == CLASS_ANY)
		return s.n;
	size_t n = 0;
	while (n < s.n && char_class[(uint8_t)s.p[n]] & class_mask[cls])
		n++;
	return n;
}

static bool match_ops(struct decoder *d, const struct op *ops, size_t i, struct slice s);

static void capture(struct decoder *d, const struct op *o, struct slice s, size_t len)
{
	if (o->field && d->ncap < CAPTURES_MAX)
		d->cap[d->ncap++] = (struct capture){o->field, slice_make(s.p, len)};
}

static bool take(struct decoder *d, const struct op *ops, size_t i, struct slice s, size_t len)
{
	unsigned mark = d->ncap;
	const struct op *o = &ops[i];
	if (o->cls != CLASS_ANY && len == 0)
		return false;
	capture(d, o, s, len);
	if (match_ops(d, ops, i + 1, slice_from(s, len)))
		return true;
	d->ncap = mark;
	return false;
}

/* First (or last) place of a literal, by way of its rarest byte: memmem's set-up costs more than these short searches. */
static ssize_t lit_find(const struct op *o, struct slice s)
{
	if (s.n < o->lit.n)
		return -1;
	const char *p = s.p + o->rare, *end = p + (s.n - o->lit.n) + 1;
	while (p < end && (p = memchr(p, o->lit.p[o->rare], (size_t)(end - p)))) {
		if (bytes_eq(p - o->rare, o->lit.p, o->lit.n))
			return p - o->rare - s.p;
		p++;
	}
	return -1;
}

static ssize_t lit_rfind(const struct op *o, struct slice s)
{
	if (s.n < o->lit.n)
		return -1;
	const char *from = s.p + o->rare, *q;
	size_t room = s.n - o->lit.n + 1;
	while (room && (q = memrchr(from, o->lit.p[o->rare], room))) {
		if (bytes_eq(q - o->rare, o->lit.p, o->lit.n))
			return q - o->rare - s.p;
		room = (size_t)(q - from);
	}
	return -1;
}

/* The capture is followed by a literal: try its occurrences, from the left or from the right. */
static bool take_to_literal(struct decoder *d, const struct op *ops, size_t i, struct slice s)
{
	const struct slice lit = ops[i + 1].lit;
	size_t run = class_run(s, ops[i].cls);
	struct slice window = slice_to(s, run + lit.n);
	if (ops[i].greedy) {
		for (;;) {
			ssize_t at = lit_rfind(&ops[i + 1], window);
			d->steps += 1 + (unsigned)(window.n / STEP_BYTES);
			if (at < 0 || d->steps > STEPS_MAX)
				return false;
			if (take(d, ops, i, s, (size_t)at))
				return true;
			window.n = (size_t)at + lit.n - 1;
		}
	}
	for (size_t from = 0;;) {
		ssize_t at = lit_find(&ops[i + 1], slice_from(window, from));
		d->steps += 1 + (unsigned)((window.n - from) / STEP_BYTES);
		if (at < 0 || d->steps > STEPS_MAX)
			return false;
		if (take(d, ops, i, s, from + (size_t)at))
			return true;
		from += (size_t)at + 1; /* <= window.n */
	}
}

static bool match_capture(struct decoder *d, const struct op *ops, size_t i, struct slice s)
{
	const struct op *o = &ops[i], *next = &ops[i + 1];
	if (next->kind == OP_LIT)
		return take_to_literal(d, ops, i, s);
	size_t run = class_run(s, o->cls);
	if (next->kind == OP_END)
		return run == s.n && take(d, ops, i, s, run);
	if (o->cls != CLASS_ANY) {
		if (take(d, ops, i, s, run))
			return true;
		/* "1.2.3.4:" before an optional part: the colon is not of the address */
		return o->cls == CLASS_ADDR && run > 1 && take(d, ops, i, s, run - 1);
	}
	for (size_t n = 0; n <= s.n; n++) {
		if (d->steps++ > STEPS_MAX)
			return false;
		if (take(d, ops, i, s, o->greedy ? s.n - n : n))
			return true;
	}
	return false;
}

/* Captures of what did not match in the end stay: who tries another way cuts them off. */
static bool match_ops(struct decoder *d, const struct op *ops, size_t i, struct slice s)
{
	for (;; i++) {
		const struct op *o = &ops[i];
		switch ((enum op_kind)o->kind) {
		case OP_END:
			return s.n == 0;
		case OP_LIT:
			if (s.n < o->lit.n || !bytes_eq(s.p, o->lit.p, o->lit.n))
				return false;
			s = slice_from(s, o->lit.n);
			break;
		case OP_CAP: {
			if (!o->forced)
				return match_capture(d, ops, i, s);
			const struct slice lit = ops[++i].lit;
			size_t run = class_run(s, o->cls);
			if (!run || s.n - run < lit.n || !bytes_eq(s.p + run, lit.p, lit.n))
				return false;
			capture(d, o, s, run);
			s = slice_make(s.p + run + lit.n, s.n - run - lit.n);
			break;
		}
		case OP_OPT: {
			unsigned mark = d->ncap;
			if (match_ops(d, ops, i + 1, s))
				return true;
			d->ncap = mark;
			i = (size_t)o->skip - 1;
			break;
		}
		}
	}
}

/* Messages begin in few ways: which rows their first eight bytes leave is remembered. NULL: more than there is room for. */
static const struct head_memo *rows_for(struct decoder *d, const struct rowset *r, struct slice msg, uint64_t head)
{
	struct head_memo *m = &d->heads[(head ^ (uintptr_t)r) * 0x9e3779b97f4a7c15u >> 32 & (ARRAY_LEN(d->heads) - 1)];
	if (m->set == r && m->head == head)
		return m;
	m->set = NULL;
	size_t n = 0;
	for (const struct probe *b = r->bucket[(uint8_t)msg.p[0]]; b->row; b++) {
		if ((head & b->mask) != b->head)
			continue;
		if (n == ARRAY_LEN(m->row))
			return NULL;
		m->row[n++] = b->row;
	}
	m->n = (unsigned)n;
	m->set = r;
	m->head = head;
	return m;
}

static bool fits_row(struct decoder *d, const struct crow *c, struct slice msg)
{
	if (c->must && lit_find(c->must, msg) < 0)
		return false;
	d->ncap = 0;
	d->steps = 0;
	if (!match_ops(d, c->ops, 0, msg))
		return false;
	for (unsigned k = 0; k < c->nset && d->ncap < CAPTURES_MAX; k++)
		d->cap[d->ncap++] = c->set[k];
	return true;
}

/* The first eight bytes; zeros behind a short message. */
static uint64_t head_of(struct slice s)
{
	uint64_t v = 0;
	if (s.n >= sizeof v)
		memcpy(&v, s.p, sizeof v);
	else if (s.n)
		memcpy(&v, s.p, s.n);
	return v;
}

const struct crow *rowset_match(struct decoder *d, const struct rowset *r, struct slice msg)
{
	while (msg.n && (msg.p[msg.n - 1] == ' ' || msg.p[msg.n - 1] == '\r'))
		msg.n--;
	if (!msg.n)
		return NULL;
	const uint64_t head = head_of(msg);
	const struct head_memo *m = rows_for(d, r, msg, head);
	for (unsigned i = 0; m && i < m->n; i++)
		if (fits_row(d, m->row[i], msg))
			return m->row[i];
	for (const struct probe *b = r->bucket[(uint8_t)msg.p[0]]; !m && b->row; b++)
		if ((head & b->mask) == b->head && fits_row(d, b->row, msg))
			return b->row;
	return NULL;
}
