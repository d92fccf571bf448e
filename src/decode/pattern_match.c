/* pattern_match.c - compiled rows on messages. A row's first way to match is tried in one pass, which decides nearly always; where it fails
 * behind a choice, all ways are tried. Sixteen bytes are looked at together where the message has them. */
#include "decode/digits.h"
#include "decode/pattern.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { WIDTH = 16, FIRST_MAX = 8192 /* so that one way stays below STEPS_MAX */ };

/* ---- runs and literals --------------------------------------------------------------------------------------- */

#ifdef __SSE2__
static inline __m128i load16(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Bytes of v from low on, n of them. */
static inline __m128i within(__m128i v, char low, char n)
{
	const __m128i d = _mm_sub_epi8(v, _mm_set1_epi8(low));
	return _mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8((char)(n - 1))), d);
}

/* A bit for each of the 16 bytes that is of the class (as pattern_char has it). */
static inline unsigned of_class(__m128i v, enum op_class cls)
{
	const __m128i blank = _mm_set1_epi8(' ');
	__m128i is;
	if (cls == CLASS_DIGIT) {
		is = within(v, '0', 10);
	} else if (cls == CLASS_WORD) {
		is = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(v, blank), v), _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
		return ~(unsigned)_mm_movemask_epi8(is) & 0xffff;
	} else {
		is = _mm_or_si128(within(v, '0', 11), within(_mm_or_si128(v, blank), 'a', 26));
		is = _mm_or_si128(is, within(v, '-', 2));
		is = _mm_or_si128(is, _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('_')), _mm_cmpeq_epi8(v, _mm_set1_epi8('%'))));
	}
	return (unsigned)_mm_movemask_epi8(is);
}
#endif

/* Length of the run of bytes of the class at p, of a text that begins at start. */
static inline size_t run_of(const char *start, const char *p, const char *end, enum op_class cls)
{
	const char *q = p;
#ifdef __SSE2__
	for (; end - q >= WIDTH; q += WIDTH) {
		unsigned other = ~of_class(load16(q), cls) & 0xffff;
		if (other)
			return (size_t)(q - p) + (size_t)__builtin_ctz(other);
	}
	if (q < end && end - start >= WIDTH) {
		size_t left = (size_t)(end - q);
		unsigned other = ~of_class(load16(end - WIDTH), cls) >> (WIDTH - left);
		return (size_t)(q - p) + (size_t)__builtin_ctz(other | 1u << left);
	}
#else
	(void)start;
#endif
	while (q < end && pattern_char[(uint8_t)*q] & pattern_class[cls])
		q++;
	return (size_t)(q - p);
}

static size_t class_run(const char *start, const char *p, const char *end, enum op_class cls)
{
	switch (cls) {
	case CLASS_WORD: return run_of(start, p, end, CLASS_WORD);
	case CLASS_DIGIT: return run_of(start, p, end, CLASS_DIGIT);
	case CLASS_ADDR: return run_of(start, p, end, CLASS_ADDR);
	case CLASS_ANY: break;
	}
	return (size_t)(end - p);
}

static inline bool lit_at(const struct op *o, const char *p, const char *end)
{
	size_t n = o->lit.n;
	if ((size_t)(end - p) < n)
		return false;
	const char *a = p, *b = o->lit.p;
#ifdef __SSE2__
	for (; n > WIDTH; n -= WIDTH, a += WIDTH, b += WIDTH)
		if (_mm_movemask_epi8(_mm_cmpeq_epi8(load16(a), load16(b))) != 0xffff)
			return false;
#endif
	return bytes_eq(a, b, n);
}

/* First (or last) place of a literal, by way of its rarest byte: memmem's set-up costs more than these short searches. */
static ssize_t lit_find(const struct op *o, struct slice s)
{
	if (s.n < o->lit.n)
		return -1;
	const char rare = o->lit.p[o->rare], *p = s.p + o->rare, *end = s.p + (s.n - o->lit.n) + 1 + o->rare;
#ifdef __SSE2__
	for (const char *limit = s.p + s.n; limit - p >= WIDTH && p < end; p += WIDTH) {
		unsigned hits = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(load16(p), _mm_set1_epi8(rare)));
		for (; hits; hits &= hits - 1) {
			const char *q = p + __builtin_ctz(hits);
			if (q < end && bytes_eq(q - o->rare, o->lit.p, o->lit.n))
				return q - o->rare - s.p;
		}
	}
#endif
	while (p < end && (p = memchr(p, rare, (size_t)(end - p)))) {
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

/* ---- all ways ------------------------------------------------------------------------------------------------ */

static bool match_ops(struct decoder *d, const struct op *ops, size_t i, struct slice s);

static inline void capture(struct decoder *d, const struct op *o, const char *start, const char *p, size_t len)
{
	if (!o->field || d->ncap == CAPTURES_MAX)
		return;
	struct capture *c = &d->cap[d->ncap++];
	uint32_t n;
	c->field = o->field;
	c->text = slice_make(p, len);
	c->is_number = o->cls == CLASS_DIGIT && len <= 8 && p + len - start >= 8 && digits_before(p + len, len, &n);
	if (c->is_number)
		c->n = n;
}

static bool take(struct decoder *d, const struct op *ops, size_t i, struct slice s, size_t len)
{
	unsigned mark = d->ncap;
	const struct op *o = &ops[i];
	if (o->cls != CLASS_ANY && len == 0)
		return false;
	capture(d, o, s.p, s.p, len);
	if (match_ops(d, ops, i + 1, slice_from(s, len)))
		return true;
	d->ncap = mark;
	return false;
}

/* The capture is followed by a literal: try its occurrences, from the left or from the right. */
static bool take_to_literal(struct decoder *d, const struct op *ops, size_t i, struct slice s)
{
	const struct slice lit = ops[i + 1].lit;
	size_t run = class_run(s.p, s.p, s.p + s.n, (enum op_class)ops[i].cls);
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
	size_t run = class_run(s.p, s.p, s.p + s.n, (enum op_class)o->cls);
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
			size_t run = class_run(s.p, s.p, s.p + s.n, (enum op_class)o->cls);
			if (!run || s.n - run < lit.n || !bytes_eq(s.p + run, lit.p, lit.n))
				return false;
			capture(d, o, s.p, s.p, run);
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

/* ---- the first way ------------------------------------------------------------------------------------------- */

/* May what stands at p be of the operation at i or behind it? Looks at one byte. */
static bool may_go_on(const struct op *ops, size_t i, const char *p, const char *end)
{
	for (;; i = ops[i].skip) {
		const struct op *o = &ops[i];
		switch ((enum op_kind)o->kind) {
		case OP_END: return p == end;
		case OP_LIT: return p < end && *p == o->lit.p[0];
		case OP_CAP: return o->cls == CLASS_ANY || (p < end && pattern_char[(uint8_t)*p] & pattern_class[o->cls]);
		case OP_OPT:
			if (ops[i + 1].kind == OP_OPT || may_go_on(ops, i + 1, p, end)) /* parts do not nest: the former is empty */
				return true;
			break;
		}
	}
}

struct way {
	const char *start, *p, *end;
	bool chose; /* there are other ways */
};

/* The capture at i and, when one follows it, its literal (*used: operations). False: not in this way. */
static inline bool first_capture(struct decoder *d, struct way *w, const struct op *ops, size_t i, size_t *used)
{
	const struct op *o = &ops[i], *next = o + 1;
	const enum op_class cls = (enum op_class)o->cls;
	size_t run = class_run(w->start, w->p, w->end, cls), lit = 0;
	*used = 1;
	if (next->kind == OP_LIT) {
		lit = next->lit.n;
		*used = 2;
		if (o->forced) {
			if (!run || !lit_at(next, w->p + run, w->end))
				return false;
		} else {
			struct slice window = slice_to(slice_make(w->p, (size_t)(w->end - w->p)), run + lit);
			ssize_t at = o->greedy ? lit_rfind(next, window) : lit_find(next, window);
			if (at < 0)
				return false;
			w->chose = true;
			run = (size_t)at;
			if (cls != CLASS_ANY && !run)
				return false;
		}
	} else if (next->kind == OP_END) {
		if (w->p + run != w->end || (cls != CLASS_ANY && !run))
			return false;
	} else if (cls == CLASS_ANY) {
		w->chose = true;
		run = o->greedy ? run : 0;
	} else {
		if (!run)
			return false;
		w->chose |= cls == CLASS_ADDR && run > 1 && may_go_on(ops, i + 1, w->p + run - 1, w->end);
	}
	capture(d, o, w->start, w->p, run);
	w->p += run + lit;
	return true;
}

/* Everything from the greedy capture at i to the end, whose tail fits in one way if at all: from the right. */
static bool take_tail(struct decoder *d, struct way *w, const struct op *ops, size_t i)
{
	const char *behind[TAIL_MAX], *q = w->end; /* where the captures of the tail end */
	size_t last = i + 1, n = 0;
	while (ops[last].kind != OP_END)
		last++;
	for (size_t k = last - 1; k > i; k--) {
		const struct op *o = &ops[k];
		if (o->kind == OP_LIT) {
			if ((size_t)(q - w->p) < o->lit.n || !lit_at(o, q - o->lit.n, q))
				return false;
			q -= o->lit.n;
			continue;
		}
		behind[n++] = q;
		while (q > w->p && pattern_char[(uint8_t)q[-1]] & pattern_class[o->cls])
			q--;
		if (q == behind[n - 1])
			return false;
	}
	capture(d, &ops[i], w->start, w->p, (size_t)(q - w->p));
	for (size_t k = i + 1; k < last; k++) {
		const struct op *o = &ops[k];
		if (o->kind == OP_CAP)
			capture(d, o, w->start, q, (size_t)(behind[--n] - q));
		q = o->kind == OP_CAP ? behind[n] : q + o->lit.n;
	}
	w->p = w->end;
	return true;
}

enum verdict { NO, YES, PERHAPS };

/* The way that match_ops() would try first, taking every optional part. NO: there is no other; PERHAPS: there are. */
static enum verdict first_way(struct decoder *d, const struct op *ops, struct slice msg)
{
	struct way w = {.start = msg.p, .p = msg.p, .end = msg.p + msg.n};
	size_t open = 0; /* index behind the optional part that is tried; 0: none */
	const char *back = NULL;
	unsigned mark = 0;
	for (size_t i = 0, used = 1;; i += used) {
		const struct op *o = &ops[i];
		bool ok = false;
		used = 1;
		if (open && i >= open) {
			w.chose |= may_go_on(ops, open, back, w.end);
			open = 0;
		}
		switch ((enum op_kind)o->kind) {
		case OP_END:
			if (w.p == w.end)
				return YES;
			break;
		case OP_LIT:
			ok = lit_at(o, w.p, w.end);
			w.p += ok ? o->lit.n : 0;
			break;
		case OP_CAP:
			if (o->tail)
				return take_tail(d, &w, ops, i) ? YES : w.chose || open ? PERHAPS : NO;
			ok = first_capture(d, &w, ops, i, &used);
			break;
		case OP_OPT:
			open = o->skip;
			back = w.p;
			mark = d->ncap;
			ok = true;
			break;
		}
		if (ok)
			continue;
		if (w.chose)
			return PERHAPS;
		if (!open)
			return NO;
		w.p = back;
		d->ncap = mark;
		i = open;
		open = used = 0;
	}
}

/* ---- rows ---------------------------------------------------------------------------------------------------- */

/* Messages begin in few ways: which rows their first eight bytes leave is remembered. NULL: more than there is room for. */
static struct head_memo *rows_for(struct decoder *d, const struct rowset *r, struct slice msg, uint64_t head)
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
		m->refuted[n] = b->row->must != NULL;
		m->row[n++] = b->row;
	}
	m->n = (uint8_t)n;
	m->set = r;
	m->head = head;
	return m;
}

/* *refuted: the literal that must come was missing the last time and is looked for first. */
static bool fits_row(struct decoder *d, const struct crow *c, struct slice msg, bool *refuted)
{
	bool found = *refuted;
	if (found && lit_find(c->must, msg) < 0)
		return false;
	*refuted = false;
	d->ncap = 0;
	enum verdict v = msg.n <= FIRST_MAX ? first_way(d, c->ops, msg) : PERHAPS;
	if (v == NO)
		return false;
	if (v == PERHAPS) {
		if (c->must && !found && lit_find(c->must, msg) < 0) {
			*refuted = true;
			return false;
		}
		d->ncap = 0;
		d->steps = 0;
		if (!match_ops(d, c->ops, 0, msg))
			return false;
	}
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
	struct head_memo *m = rows_for(d, r, msg, head);
	for (unsigned i = 0; m && i < m->n; i++)
		if (fits_row(d, m->row[i], msg, &m->refuted[i]))
			return m->row[i];
	for (const struct probe *b = r->bucket[(uint8_t)msg.p[0]]; !m && b->row; b++) {
		bool refuted = b->row->must != NULL;
		if ((head & b->mask) == b->head && fits_row(d, b->row, msg, &refuted))
			return b->row;
	}
	return NULL;
}
