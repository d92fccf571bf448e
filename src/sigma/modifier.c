/* modifier.c - `field|modifier|...: values` to an item: the chain is read once, then every value goes through it. */
#include "sigma/sigma_private.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the chain ----------------------------------------------------------------------------------------------- */

enum modifier {
	CM_CONTAINS = 1 << 0, CM_STARTS = 1 << 1, CM_ENDS = 1 << 2, CM_ALL = 1 << 3, CM_NEQ = 1 << 4, CM_CASED = 1 << 5,
	CM_EXISTS = 1 << 6, CM_RE = 1 << 7, CM_RE_I = 1 << 8, CM_RE_M = 1 << 9, CM_RE_S = 1 << 10, CM_BASE64 = 1 << 11,
	CM_OFFSET = 1 << 12, CM_LE = 1 << 13, CM_BE = 1 << 14, CM_UTF16 = 1 << 15, CM_WINDASH = 1 << 16, CM_CIDR = 1 << 17,
	CM_LT = 1 << 18, CM_LTE = 1 << 19, CM_GT = 1 << 20, CM_GTE = 1 << 21, CM_TIME = 1 << 22, CM_FIELDREF = 1 << 23,
	CM_EXPAND = 1 << 24,
};
#define CM_SUB (CM_CONTAINS | CM_STARTS | CM_ENDS)
#define CM_CMP (CM_LT | CM_LTE | CM_GT | CM_GTE)
#define CM_FLAGS (CM_RE_I | CM_RE_M | CM_RE_S)
#define CM_WIDE (CM_LE | CM_BE | CM_UTF16)
#define CM_B64 (CM_BASE64 | CM_OFFSET)
#define CM_TYPES (CM_EXISTS | CM_RE | CM_B64 | CM_CIDR | CM_CMP | CM_TIME | CM_FIELDREF)

static const struct modifier_row {
	const char *name;
	unsigned bit;
	unsigned before;  /* may follow these, and nothing else but all and neq */
	uint8_t part;     /* CM_TIME */
} modifiers[] = {
	{"contains", CM_CONTAINS, ~0u & ~(CM_EXISTS | CM_CIDR | CM_CMP | CM_TIME | CM_STARTS | CM_ENDS), 0},
	{"startswith", CM_STARTS, ~0u & ~(CM_EXISTS | CM_CIDR | CM_CMP | CM_TIME | CM_CONTAINS | CM_ENDS), 0},
	{"endswith", CM_ENDS, ~0u & ~(CM_EXISTS | CM_CIDR | CM_CMP | CM_TIME | CM_CONTAINS | CM_STARTS), 0},
	{"all", CM_ALL, ~0u & ~CM_EXISTS, 0},
	{"neq", CM_NEQ, ~0u, 0},
	{"cased", CM_CASED, CM_SUB | CM_B64 | CM_WIDE | CM_WINDASH | CM_EXPAND | CM_FIELDREF, 0},
	{"exists", CM_EXISTS, 0, 0},
	{"re", CM_RE, 0, 0},
	{"i", CM_RE_I, CM_RE | CM_FLAGS, 0}, {"ignorecase", CM_RE_I, CM_RE | CM_FLAGS, 0},
	{"m", CM_RE_M, CM_RE | CM_FLAGS, 0}, {"multiline", CM_RE_M, CM_RE | CM_FLAGS, 0},
	{"s", CM_RE_S, CM_RE | CM_FLAGS, 0}, {"dotall", CM_RE_S, CM_RE | CM_FLAGS, 0},
	{"base64", CM_BASE64, CM_WIDE | CM_CASED | CM_WINDASH | CM_EXPAND, 0},
	{"base64offset", CM_OFFSET, CM_WIDE | CM_CASED | CM_WINDASH | CM_EXPAND, 0},
	{"wide", CM_LE, CM_CASED | CM_WINDASH | CM_EXPAND, 0}, {"utf16le", CM_LE, CM_CASED | CM_WINDASH | CM_EXPAND, 0},
	{"utf16be", CM_BE, CM_CASED | CM_WINDASH | CM_EXPAND, 0}, {"utf16", CM_UTF16, CM_CASED | CM_WINDASH | CM_EXPAND, 0},
	{"windash", CM_WINDASH, CM_SUB | CM_CASED | CM_EXPAND, 0},
	{"cidr", CM_CIDR, CM_EXPAND, 0},
	{"lt", CM_LT, CM_TIME, 0}, {"lte", CM_LTE, CM_TIME, 0}, {"gt", CM_GT, CM_TIME, 0}, {"gte", CM_GTE, CM_TIME, 0},
	{"minute", CM_TIME, 0, TP_MINUTE}, {"hour", CM_TIME, 0, TP_HOUR}, {"day", CM_TIME, 0, TP_DAY},
	{"week", CM_TIME, 0, TP_WEEK}, {"month", CM_TIME, 0, TP_MONTH}, {"year", CM_TIME, 0, TP_YEAR},
	{"fieldref", CM_FIELDREF, CM_SUB | CM_CASED, 0},
	{"expand", CM_EXPAND, CM_RE | CM_FLAGS | CM_SUB | CM_CASED | CM_WINDASH | CM_CIDR, 0},
};

struct chain {
	unsigned bits;
	uint8_t part;
};

static const struct modifier_row *modifier_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(modifiers); i++)
		if (slice_eqz(name, modifiers[i].name))
			return &modifiers[i];
	return NULL;
}

static int chain_parse(struct load *l, const struct node *key, struct slice rest, struct chain *c)
{
	struct slice word;
	*c = (struct chain){0};
	while (rest.n) {
		if (!slice_cut(&rest, '|', &word)) {
			word = rest;
			rest.n = 0;
		}
		const struct modifier_row *m = modifier_find(word);
		if (!m)
			return load_fail(l, key, ERR_UNSUPPORTED, "no modifier \"%.*s\" is known: write contains, startswith, endswith, all, re, "
				"cidr, base64offset, windash, exists, fieldref, expand, lt, lte, gt, gte ... (sigma-appendix-modifiers)", SLFMT(word));
		unsigned wrong = c->bits & ~m->before & ~(unsigned)(CM_ALL | CM_NEQ);
		if ((m->bit & CM_FLAGS) && !(c->bits & CM_RE))
			return load_fail(l, key, ERR_TYPE, "modifier \"%.*s\" is a flag of re: write |re|%.*s", SLFMT(word), SLFMT(word));
		if (m->bit == CM_EXISTS && c->bits)
			return load_fail(l, key, ERR_TYPE, "modifier exists stands alone");
		if (wrong && (m->bit == CM_RE || m->bit == CM_TIME))
			return load_fail(l, key, ERR_TYPE, "modifier \"%.*s\" comes first in the chain", SLFMT(word));
		if (wrong)
			return load_fail(l, key, ERR_TYPE, "modifier \"%.*s\" cannot stand behind what is before it", SLFMT(word));
		c->bits |= m->bit;
		if (m->bit == CM_TIME)
			c->part = m->part;
	}
	return 0;
}

/* ---- building matches ---------------------------------------------------------------------------------------- */

struct making {
	struct load *l;
	const struct node *at;
	struct chain chain;
	bool keyword;
	struct { struct match *v; size_t n, cap; } match;
	struct { struct group *v; size_t n, cap; } group;
};

static int add_match(struct making *k, const struct match *m)
{
	if (k->match.n >= SIGMA_VALUES_MAX)
		return load_fail(k->l, k->at, ERR_LIMIT, "more than %d values, counted after expansion", SIGMA_VALUES_MAX);
	*vec_push(&k->match) = *m;
	return 0;
}

static struct slice text_of(struct making *k, struct slice s, bool cased)
{
	return cased ? slice_dup(&k->l->set->mem, s) : fold_dup(&k->l->set->mem, s);
}

/* The simplest kind that says the same as these parts. */
static int match_of_parts(struct making *k, const struct parts *p)
{
	struct arena *a = &k->l->set->mem;
	bool cased = k->chain.bits & CM_CASED;
	struct match m = {.cased = cased};
	const struct part *v = p->v;
	if (p->n == 0 || (p->n == 1 && v[0].kind == PART_TEXT))
		m.kind = MK_EXACT;
	else if (p->n == 1 && v[0].kind == PART_STAR)
		m.kind = MK_ANY;
	else if (p->n == 2 && v[0].kind == PART_TEXT && v[1].kind == PART_STAR)
		m.kind = MK_PREFIX;
	else if (p->n == 2 && v[0].kind == PART_STAR && v[1].kind == PART_TEXT)
		m.kind = MK_SUFFIX;
	else if (p->n == 3 && v[0].kind == PART_STAR && v[1].kind == PART_TEXT && v[2].kind == PART_STAR)
		m.kind = MK_CONTAINS;
	else
		m.kind = MK_GLOB;
	if (m.kind != MK_GLOB) {
		struct slice t = p->n == 0 || m.kind == MK_ANY ? SL("") : v[m.kind == MK_SUFFIX || m.kind == MK_CONTAINS].text;
		m.text = text_of(k, t, cased);
		return add_match(k, &m);
	}
	struct part *copy = arena_alloc(a, p->n * sizeof *copy);
	for (size_t i = 0; i < p->n; i++)
		copy[i] = (struct part){v[i].kind, v[i].kind == PART_TEXT ? text_of(k, v[i].text, cased) : SLICE_NONE};
	m.parts = copy;
	m.nparts = p->n;
	return add_match(k, &m);
}

/* ---- steps on parts ------------------------------------------------------------------------------------------ */

static bool is_word(char c)
{
	return c == '_' || (c & 0x80) || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* Every - or / that begins a word stands for any of - / and three Unicode dashes. */
static void step_windash(struct parts *p, struct arena *a)
{
	struct parts out = {0};
	char last = 0;
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].kind != PART_TEXT) {
			*vec_push(&out) = p->v[i];
			last = 0;
			continue;
		}
		struct slice t = p->v[i].text;
		size_t from = 0;
		for (size_t j = 0; j < t.n; j++) {
			char next = j + 1 < t.n ? t.p[j + 1] : 0;
			if ((t.p[j] == '-' || t.p[j] == '/') && !is_word(last) && is_word(next)) {
				if (j > from)
					*vec_push(&out) = (struct part){PART_TEXT, slice_make(t.p + from, j - from)};
				*vec_push(&out) = (struct part){PART_DASH, SLICE_NONE};
				from = j + 1;
			}
			last = t.p[j];
		}
		if (t.n > from)
			*vec_push(&out) = (struct part){PART_TEXT, slice_make(t.p + from, t.n - from)};
	}
	(void)a;
	parts_free(p);
	*p = out;
}

/* UTF-8 to UTF-16; bytes that are no UTF-8 count as Latin-1. */
static struct slice wide_of(struct arena *a, struct slice s, bool big, bool mark)
{
	struct buf b = {0};
	size_t i = 0;
	if (mark)
		buf_add(&b, "\xff\xfe", 2);
	while (i < s.n) {
		uint8_t c = (uint8_t)s.p[i];
		size_t len = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
		uint32_t u = c;
		if (len > 1 && i + len <= s.n && slice_utf8(slice_make(s.p + i, len))) {
			u = c & (0x7fu >> len);
			for (size_t k = 1; k < len; k++)
				u = u << 6 | ((uint8_t)s.p[i + k] & 0x3f);
		} else {
			len = 1;
		}
		i += len;
		uint32_t unit[2] = {u, 0};
		if (u >= 0x10000) {
			unit[0] = 0xd800 + ((u - 0x10000) >> 10);
			unit[1] = 0xdc00 + ((u - 0x10000) & 0x3ff);
		}
		for (int k = 0; k < (u >= 0x10000 ? 2 : 1); k++) {
			char hi = (char)(unit[k] >> 8), lo = (char)unit[k];
			buf_addc(&b, big ? hi : lo);
			buf_addc(&b, big ? lo : hi);
		}
	}
	struct slice out = slice_dup(a, buf_slice(&b));
	buf_free(&b);
	return out;
}

static void step_wide(struct parts *p, struct arena *a, unsigned bits)
{
	bool mark = bits & CM_UTF16;
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].kind == PART_TEXT) {
			p->v[i].text = wide_of(a, p->v[i].text, bits & CM_BE, mark);
			mark = false;
		}
}

static struct slice base64_of(struct arena *a, struct slice s)
{
	static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = arena_alloc(a, (s.n + 2) / 3 * 4 + 1);
	size_t o = 0;
	for (size_t i = 0; i < s.n; i += 3) {
		size_t left = s.n - i;
		uint32_t v = (uint32_t)(uint8_t)s.p[i] << 16 | (left > 1 ? (uint32_t)(uint8_t)s.p[i + 1] << 8 : 0) | (left > 2 ? (uint8_t)s.p[i + 2] : 0);
		out[o++] = abc[v >> 18];
		out[o++] = abc[v >> 12 & 63];
		out[o++] = left > 1 ? abc[v >> 6 & 63] : '=';
		out[o++] = left > 2 ? abc[v & 63] : '=';
	}
	out[o] = 0;
	return slice_make(out, o);
}

/* The part of the encoding that does not depend on what stands before and behind, for a start at byte `shift` of three. */
static struct slice base64_offset_of(struct arena *a, struct slice s, unsigned shift)
{
	static const unsigned from[] = {0, 2, 3}, to[] = {0, 3, 2};
	char *padded = arena_alloc(a, s.n + shift + 1);
	memset(padded, ' ', shift);
	memcpy(padded + shift, s.p, s.n);
	struct slice b = base64_of(a, slice_make(padded, s.n + shift));
	size_t cut = to[(s.n + shift) % 3];
	return from[shift] + cut >= b.n ? SL("") : slice_make(b.p + from[shift], b.n - from[shift] - cut);
}

static void step_substring(struct parts *p, unsigned bits)
{
	static const struct part star = {PART_STAR, {NULL, 0}};
	if (bits & (CM_CONTAINS | CM_ENDS) && !(p->n && p->v[0].kind == PART_STAR)) {
		vec_reserve(p, 1);
		if (p->n)
			memmove(p->v + 1, p->v, p->n * sizeof *p->v);
		p->v[0] = star;
		p->n++;
	}
	if (bits & (CM_CONTAINS | CM_STARTS) && !(p->n && p->v[p->n - 1].kind == PART_STAR))
		*vec_push(p) = star;
}

/* ---- placeholders -------------------------------------------------------------------------------------------- */

static const struct sigma_placeholder *placeholder_find(const struct sigma_set *s, struct slice name)
{
	for (size_t i = 0; i < s->opt.nplaceholders; i++)
		if (slice_eq(s->opt.placeholders[i].name, name))
			return &s->opt.placeholders[i];
	return NULL;
}

typedef int parts_fn(struct making *k, struct parts *p);

/* fn for every combination of values of the placeholders in p, from part `from` on. */
static int expand(struct making *k, const struct parts *p, size_t from, struct parts *done, parts_fn *fn)
{
	struct arena *a = &k->l->set->mem;
	size_t i = from, keep = done->n;
	int rc = 0;
	for (; i < p->n && p->v[i].kind != PART_NAME; i++)
		*vec_push(done) = p->v[i];
	if (i == p->n) {
		struct parts copy = {0};
		for (size_t j = 0; j < done->n; j++)
			if (copy.n && copy.v[copy.n - 1].kind == PART_TEXT && done->v[j].kind == PART_TEXT) { /* one literal, not two */
				struct part *t = &copy.v[copy.n - 1];
				char *both = arena_alloc(a, t->text.n + done->v[j].text.n);
				memcpy(both, t->text.p, t->text.n);
				memcpy(both + t->text.n, done->v[j].text.p, done->v[j].text.n);
				t->text = slice_make(both, t->text.n + done->v[j].text.n);
			} else if (!(copy.n && copy.v[copy.n - 1].kind == PART_STAR && done->v[j].kind == PART_STAR)) {
				*vec_push(&copy) = done->v[j];
			}
		rc = fn(k, &copy);
		parts_free(&copy);
		done->n = keep;
		return rc;
	}
	const struct sigma_placeholder *ph = placeholder_find(k->l->set, p->v[i].text);
	if (!ph || !ph->n)
		return load_fail(k->l, k->at, ERR_NOENT, "placeholder %%%.*s%% has no values: give them in a file with --values", SLFMT(p->v[i].text));
	size_t before = done->n;
	for (size_t j = 0; j < ph->n && !rc; j++) {
		struct parts one = {0};
		rc = parts_of(ph->values[j], false, a, &one, &k->l->err);
		for (size_t x = 0; x < one.n; x++)
			*vec_push(done) = one.v[x];
		if (!rc && done->n > SIGMA_PARTS_MAX)
			rc = load_fail(k->l, k->at, ERR_LIMIT, "too many wildcards after expansion");
		if (!rc)
			rc = expand(k, p, i + 1, done, fn);
		done->n = before;
		parts_free(&one);
	}
	done->n = keep;
	return rc;
}

/* ---- one value ----------------------------------------------------------------------------------------------- */

static int fail_wildcard(struct making *k, const char *what)
{
	return load_fail(k->l, k->at, ERR_TYPE, "%s takes no wildcards: escape them with a backslash (\\*, \\?)", what);
}

static bool has_wildcard(const struct parts *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].kind != PART_TEXT && p->v[i].kind != PART_DASH)
			return true;
	return false;
}

static int finish_parts(struct making *k, struct parts *p)
{
	if (k->keyword)
		step_substring(p, CM_CONTAINS);
	else
		step_substring(p, k->chain.bits);
	if (p->n > SIGMA_PARTS_MAX)
		return load_fail(k->l, k->at, ERR_LIMIT, "more than %d wildcards in one value", SIGMA_PARTS_MAX / 2);
	return match_of_parts(k, p);
}

static int encode64(struct making *k, struct parts *p)
{
	struct arena *a = &k->l->set->mem;
	struct slice all = p->n ? p->v[0].text : SL("");
	int rc = 0;
	if (has_wildcard(p) || p->n > 1)
		return fail_wildcard(k, k->chain.bits & CM_OFFSET ? "base64offset" : "base64");
	for (unsigned shift = 0; shift < (k->chain.bits & CM_OFFSET ? 3u : 1u) && !rc; shift++) {
		struct slice t = k->chain.bits & CM_OFFSET ? base64_offset_of(a, all, shift) : base64_of(a, all);
		struct parts one = {0};
		*vec_push(&one) = (struct part){PART_TEXT, t};
		if (!t.n)
			rc = load_fail(k->l, k->at, ERR_RANGE, "too short for base64offset: nothing of it is certain");
		else
			rc = finish_parts(k, &one);
		parts_free(&one);
	}
	return rc;
}

static int transform(struct making *k, struct parts *p)
{
	if (k->chain.bits & CM_WINDASH) /* base64 of five dashes would be five literals: not expanded before encoding */
		step_windash(p, &k->l->set->mem);
	if (k->chain.bits & CM_WIDE)
		step_wide(p, &k->l->set->mem, k->chain.bits);
	return k->chain.bits & CM_B64 ? encode64(k, p) : finish_parts(k, p);
}

static int value_text(struct making *k, struct slice text)
{
	struct parts p = {0}, done = {0};
	struct err e = {0};
	int rc = parts_of(text, k->chain.bits & CM_EXPAND, &k->l->set->mem, &p, &e);
	if (rc)
		rc = load_fail(k->l, k->at, rc, "%s", e.text);
	else
		rc = expand(k, &p, 0, &done, transform);
	parts_free(&p);
	parts_free(&done);
	return rc;
}

static int add_regex(struct making *k, struct parts *p)
{
	unsigned b = k->chain.bits;
	struct match m = {.kind = MK_RE};
	struct slice text = p->n ? p->v[0].text : SL("");
	char why[256];
	if (regex_new(k->l->set, text, b & CM_RE_I, b & CM_RE_M, b & CM_RE_S, &m.re, why, sizeof why))
		return load_fail(k->l, k->at, ERR_SYNTAX, "the regular expression cannot be used: %s", why);
	m.text = slice_dup(&k->l->set->mem, text);
	return add_match(k, &m);
}

/* %names% in an expression are replaced before it is compiled; everything else of it stays as it is. */
static int value_regex(struct making *k, struct slice text)
{
	struct parts p = {0}, done = {0};
	struct arena *a = &k->l->set->mem;
	size_t from = 0;
	for (size_t i = 0; (k->chain.bits & CM_EXPAND) && i < text.n; i++) {
		if (text.p[i] != '%' || (i && text.p[i - 1] == '\\'))
			continue;
		size_t end = i + 1;
		while (end < text.n && is_word(text.p[end]))
			end++;
		if (end == i + 1 || end == text.n || text.p[end] != '%')
			continue;
		if (i > from)
			*vec_push(&p) = (struct part){PART_TEXT, slice_make(text.p + from, i - from)};
		*vec_push(&p) = (struct part){PART_NAME, slice_make(text.p + i + 1, end - i - 1)};
		from = end + 1;
		i = end;
	}
	if (text.n > from)
		*vec_push(&p) = (struct part){PART_TEXT, slice_dup(a, slice_from(text, from))};
	int rc = expand(k, &p, 0, &done, add_regex);
	parts_free(&p);
	parts_free(&done);
	return rc;
}

static int add_cidr(struct making *k, struct parts *p)
{
	struct match m = {.kind = MK_CIDR};
	struct slice text = p->n == 1 && p->v[0].kind == PART_TEXT ? p->v[0].text : SLICE_NONE;
	if (!text.n || !cidr_parse(text, &m.cidr))
		return load_fail(k->l, k->at, ERR_SYNTAX, "not a network: write 192.0.2.0/24, 2001:db8::/32 or an address");
	struct cidr all = m.cidr;
	struct slice host;
	struct ip ip;
	struct slice rest = text;
	if (slice_cut(&rest, '/', &host) && ip_parse(host, &ip)) {
		for (unsigned i = all.bits; i < 128; i++)
			if (ip.b[i / 8] >> (7 - i % 8) & 1)
				return load_fail(k->l, k->at, ERR_RANGE, "bits are set behind the length of the network: write its first address");
	}
	m.text = slice_dup(&k->l->set->mem, text);
	return add_match(k, &m);
}

static int value_fieldref(struct making *k, struct slice text)
{
	struct match m = {.kind = MK_FIELDREF, .cased = k->chain.bits & CM_CASED, .how = MK_EXACT};
	struct parts p = {0};
	struct err e;
	int rc = parts_of(text, false, &k->l->set->mem, &p, &e);
	bool wild = !rc && has_wildcard(&p);
	parts_free(&p);
	if (rc || wild)
		return fail_wildcard(k, "fieldref");
	m.how = k->chain.bits & CM_CONTAINS ? MK_CONTAINS : k->chain.bits & CM_STARTS ? MK_PREFIX : k->chain.bits & CM_ENDS ? MK_SUFFIX : MK_EXACT;
	m.field = field_number(k->l->set, text);
	m.text = slice_dup(&k->l->set->mem, text);
	return add_match(k, &m);
}

static int value_number(struct making *k, const struct scalar *s)
{
	struct match m = {.kind = MK_NUMBER, .number = *s, .text = scalar_text(&k->l->set->mem, s)};
	unsigned b = k->chain.bits;
	uint8_t how = b & CM_LT ? MK_LT : b & CM_LTE ? MK_LE : b & CM_GT ? MK_GT : b & CM_GTE ? MK_GE : MK_NUMBER;
	if (s->type != SC_INT && s->type != SC_UINT && s->type != SC_FLOAT)
		return load_fail(k->l, k->at, ERR_TYPE, "a number is needed here, without quotes");
	m.number.text = m.text;
	if (b & CM_TIME) {
		m.kind = MK_TIME;
		m.part = k->chain.part;
		m.how = how;
	} else {
		m.kind = k->keyword ? MK_TOKEN : how;
	}
	return add_match(k, &m);
}

static int value_plain(struct making *k, const struct scalar *s)
{
	struct match m = {.kind = s->type == SC_NULL ? MK_NULL : MK_BOOL, .yes = s->b};
	if (s->type != SC_NULL && s->type != SC_BOOL)
		return value_number(k, s);
	if (k->keyword && s->type == SC_NULL)
		return load_fail(k->l, k->at, ERR_TYPE, "null is no keyword: put what is meant in quotes");
	if (k->keyword)
		return value_text(k, s->text);
	m.text = s->text;
	return add_match(k, &m);
}

static int value_exists(struct making *k, const struct scalar *s)
{
	struct match m = {.kind = MK_EXISTS, .yes = s->b};
	if (s->type != SC_BOOL)
		return load_fail(k->l, k->at, ERR_TYPE, "exists takes true or false");
	return add_match(k, &m);
}

static int value_parse(struct making *k, const struct node *n)
{
	struct scalar s = scalar_of(n);
	unsigned b = k->chain.bits;
	k->at = n;
	if (s.type == SC_DATE)
		return load_fail(k->l, n, ERR_TYPE, "YAML reads this as a date: put it in quotes");
	if (b & CM_EXISTS)
		return value_exists(k, &s);
	if (b & (CM_CMP | CM_TIME))
		return value_number(k, &s);
	if (b & (CM_SUB | CM_CASED) && !(b & (CM_TYPES | CM_WIDE | CM_WINDASH)) && s.type != SC_NULL)
		return value_text(k, s.type == SC_STRING ? s.text : scalar_text(&k->l->set->mem, &s));
	if (s.type == SC_STRING) {
		if (b & CM_RE)
			return value_regex(k, s.text);
		if (b & CM_FIELDREF)
			return value_fieldref(k, s.text);
		if (b & CM_CIDR) {
			struct parts p = {0}, done = {0};
			struct err e;
			int rc = parts_of(s.text, b & CM_EXPAND, &k->l->set->mem, &p, &e);
			if (rc)
				load_fail(k->l, n, rc, "%s", e.text);
			else
				rc = expand(k, &p, 0, &done, add_cidr);
			parts_free(&p);
			parts_free(&done);
			return rc;
		}
		return value_text(k, s.text);
	}
	if (b & ~(unsigned)(CM_ALL | CM_NEQ))
		return load_fail(k->l, n, ERR_TYPE, "this modifier takes text: put the value in quotes");
	return value_plain(k, &s);
}

/* ---- items --------------------------------------------------------------------------------------------------- */

static int values_parse(struct making *k, const struct node *value)
{
	size_t count = 0;
	for (const struct node *n = value->kind == NODE_LIST ? value->child : value; n; n = value->kind == NODE_LIST ? n->next : NULL) {
		if (n->kind != NODE_SCALAR)
			return load_fail(k->l, n, ERR_TYPE, "a value is a text, a number, true, false or null");
		size_t first = k->match.n;
		int rc = value_parse(k, n);
		if (rc)
			return rc;
		*vec_push(&k->group) = (struct group){(uint32_t)first, (uint32_t)(k->match.n - first)};
		if (value->kind == NODE_LIST && n->plain && scalar_of(n).type == SC_NULL && value->n > 1)
			load_warn(k->l, n, "null in a list: the specification has no meaning for it; taken as one of the alternatives");
		count++;
	}
	if (!count) {
		struct match m = {.kind = MK_NULL};
		load_warn(k->l, value, "an empty list: taken as null (the field is absent)");
		*vec_push(&k->group) = (struct group){0, 1};
		return add_match(k, &m);
	}
	if (k->chain.bits & CM_ALL && count == 1)
		load_warn(k->l, value, "all with a single value: write it without, or name the other values");
	return 0;
}

static int item_make(struct making *k, uint32_t field, const struct node *value, struct item **out)
{
	struct arena *a = &k->l->set->mem;
	int rc = values_parse(k, value);
	if (!rc) {
		struct item *it = *out = arena_alloc(a, sizeof *it);
		*it = (struct item){.field = field, .all = k->chain.bits & CM_ALL, .neq = k->chain.bits & CM_NEQ,
			.nmatch = (uint32_t)k->match.n, .ngroup = (uint32_t)k->group.n};
		it->match = arena_alloc(a, k->match.n * sizeof *it->match);
		memcpy(it->match, k->match.v, k->match.n * sizeof *it->match);
		it->group = arena_alloc(a, k->group.n * sizeof *it->group);
		memcpy(it->group, k->group.v, k->group.n * sizeof *it->group);
	}
	free(k->match.v);
	free(k->group.v);
	return rc;
}

int item_parse(struct load *l, const struct node *key, const struct node *value, struct item **out)
{
	struct making k = {.l = l, .at = key};
	struct slice rest = key->text, name;
	if (!slice_cut(&rest, '|', &name)) {
		name = rest;
		rest.n = 0;
	}
	int rc = chain_parse(l, key, rest, &k.chain);
	if (rc)
		return rc;
	if (value->kind == NODE_MAP)
		return load_fail(l, value, ERR_TYPE, "a field takes a value or a list of values, no mapping");
	k.keyword = name.n == 0;
	if (k.keyword && k.chain.bits & (CM_EXISTS | CM_FIELDREF | CM_TIME | CM_CMP | CM_CIDR))
		return load_fail(l, key, ERR_TYPE, "this modifier needs the name of a field before it");
	if (k.keyword)
		l->set->keywords = l->keywords = true;
	return item_make(&k, k.keyword ? FIELD_KEYWORD : field_number(l->set, name), value, out);
}

int item_keywords(struct load *l, const struct node *at, const struct node *list, struct item **out)
{
	struct making k = {.l = l, .at = at, .keyword = true};
	l->set->keywords = l->keywords = true;
	return item_make(&k, FIELD_KEYWORD, list, out);
}
