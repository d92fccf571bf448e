/* value.c - what a scalar of a rule means, and strings as runs of text and wildcards. */
#include "sigma/sigma_private.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- YAML 1.1 scalars ---------------------------------------------------------------------------------------- */

static bool one_of(struct slice s, const char *words)
{
	struct slice rest = slice_of(words), w;
	while (slice_word(&rest, &w))
		if (slice_eq(s, w))
			return true;
	return false;
}

/* Digits of a base with underscores, at least one digit; value into *u. */
static bool digits(struct slice s, unsigned base, uint64_t *u)
{
	bool any = false;
	*u = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned c = (uint8_t)s.p[i], d;
		if (c == '_')
			continue;
		d = c - '0' < 10 ? c - '0' : (c | 32) - 'a' < 6 ? (c | 32) - 'a' + 10 : 99;
		if (d >= base || __builtin_mul_overflow(*u, base, u) || __builtin_add_overflow(*u, d, u))
			return false;
		any = true;
	}
	return any;
}

/* 1:30:15 is 5415, as YAML 1.1 has it. */
static bool sexagesimal(struct slice s, uint64_t *u)
{
	uint64_t part;
	struct slice head;
	*u = 0;
	if (slice_chr(s, ':') <= 0 || s.p[0] == '0')
		return false;
	for (bool first = true;; first = false) {
		bool more = slice_cut(&s, ':', &head);
		if (!more)
			head = s;
		if (!digits(head, 10, &part) || (!first && (part > 59 || head.n > 2)))
			return false;
		if (__builtin_mul_overflow(*u, 60, u) || __builtin_add_overflow(*u, part, u))
			return false;
		if (!more)
			return true;
	}
}

static bool int_of(struct slice s, struct scalar *out)
{
	bool minus = s.n && s.p[0] == '-';
	struct slice t = s.n && (s.p[0] == '-' || s.p[0] == '+') ? slice_from(s, 1) : s;
	uint64_t u;
	bool ok = false;
	if (t.n == 0)
		return false;
	if (t.n > 2 && t.p[0] == '0' && t.p[1] == 'x')
		ok = digits(slice_from(t, 2), 16, &u);
	else if (t.n > 2 && t.p[0] == '0' && t.p[1] == 'b')
		ok = digits(slice_from(t, 2), 2, &u);
	else if (t.n > 1 && t.p[0] == '0')
		ok = digits(slice_from(t, 1), 8, &u);
	else if (t.p[0] != '_')
		ok = digits(t, 10, &u) || sexagesimal(t, &u);
	if (!ok || (minus && u > (uint64_t)1 << 63))
		return false;
	if (minus || u <= INT64_MAX) {
		out->type = SC_INT;
		out->i = minus ? (int64_t)(0 - u) : (int64_t)u;
	} else {
		out->type = SC_UINT;
		out->u = u;
	}
	return true;
}

/* [-+]?[0-9][0-9_]*.[0-9_]*([eE][-+][0-9]+)? and .5; a whole number becomes one: 1.0 is 1. */
static bool float_of(struct slice s, struct scalar *out)
{
	char buf[64], *end;
	size_t n = 0;
	bool dot = false;
	if (s.n == 0 || s.n >= sizeof buf)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool digit = c >= '0' && c <= '9';
		bool sign = (c == '-' || c == '+') && (i == 0 || s.p[i - 1] == 'e' || s.p[i - 1] == 'E');
		bool e = (c == 'e' || c == 'E') && dot && i + 1 < s.n && (s.p[i + 1] == '-' || s.p[i + 1] == '+');
		if (c == '.' && dot)
			return false;
		if (!digit && !sign && !e && c != '.' && c != '_')
			return false;
		dot |= c == '.';
		if (c != '_')
			buf[n++] = c;
	}
	buf[n] = 0;
	if (!dot || n < 2)
		return false;
	double f = strtod(buf, &end);
	if (*end || !isfinite(f))
		return false;
	if (f == floor(f) && fabs(f) < 9e15) {
		out->type = SC_INT;
		out->i = (int64_t)f;
	} else {
		out->type = SC_FLOAT;
		out->f = f;
	}
	return true;
}

static bool is_date(struct slice s)
{
	static const char shape[] = "dddd-dd-dd";
	if (s.n < 8 || s.n > 40)
		return false;
	if (s.n == 10) {
		for (size_t i = 0; i < 10; i++)
			if (shape[i] == 'd' ? s.p[i] < '0' || s.p[i] > '9' : s.p[i] != '-')
				return false;
		return true;
	}
	for (size_t i = 0; i < 5; i++) /* yyyy-m-d and a time behind it */
		if (i < 4 ? s.p[i] < '0' || s.p[i] > '9' : s.p[i] != '-')
			return false;
	return slice_chr(s, ':') > 0 && (slice_chr(s, 'T') > 0 || slice_chr(s, 't') > 0 || slice_chr(s, ' ') > 0);
}

struct scalar scalar_of(const struct node *n)
{
	struct scalar s = {.type = SC_STRING, .text = n->text};
	if (!n->plain)
		return s;
	if (n->text.n == 0 || one_of(n->text, "~ null Null NULL"))
		s.type = SC_NULL;
	else if (one_of(n->text, "yes Yes YES true True TRUE on On ON"))
		s = (struct scalar){.type = SC_BOOL, .text = SL("true"), .b = true};
	else if (one_of(n->text, "no No NO false False FALSE off Off OFF"))
		s = (struct scalar){.type = SC_BOOL, .text = SL("false")};
	else if (is_date(n->text))
		s.type = SC_DATE;
	else if (!int_of(n->text, &s))
		float_of(n->text, &s);
	return s;
}

struct slice scalar_text(struct arena *a, const struct scalar *s)
{
	char buf[64];
	switch (s->type) {
	case SC_INT: snprintf(buf, sizeof buf, "%lld", (long long)s->i); break;
	case SC_UINT: snprintf(buf, sizeof buf, "%llu", (unsigned long long)s->u); break;
	case SC_FLOAT: snprintf(buf, sizeof buf, "%.15g", s->f); break;
	default: return slice_dup(a, s->text);
	}
	return slice_dup(a, slice_of(buf));
}

bool scalar_number(struct slice s, struct scalar *out)
{
	char buf[64], *end;
	uint64_t u = 0;
	bool minus = s.n > 1 && s.p[0] == '-';
	struct slice t = minus ? slice_from(s, 1) : s;
	if (t.n == 0 || s.n >= sizeof buf || !((t.p[0] >= '0' && t.p[0] <= '9') || t.p[0] == '.'))
		return false;
	if (slice_u64(t, UINT64_MAX, &u) && (!minus || u <= (uint64_t)1 << 63)) {
		if (minus || u <= INT64_MAX)
			*out = (struct scalar){.type = SC_INT, .i = minus ? (int64_t)(0 - u) : (int64_t)u};
		else
			*out = (struct scalar){.type = SC_UINT, .u = u};
		return true;
	}
	if (t.n > 1 && (t.p[1] == 'x' || t.p[1] == 'X')) /* the text of an event is never hex */
		return false;
	memcpy(buf, s.p, s.n);
	buf[s.n] = 0;
	double f = strtod(buf, &end);
	if (end != buf + s.n || !isfinite(f))
		return false;
	*out = (struct scalar){.type = SC_FLOAT, .f = f};
	return true;
}

/* Long double holds 64-bit integers exactly on the machines we run on (x87, quad). */
static long double number_of(const struct scalar *s)
{
	return s->type == SC_INT ? (long double)s->i : s->type == SC_UINT ? (long double)s->u : (long double)s->f;
}

int scalar_cmp(const struct scalar *a, const struct scalar *b)
{
	long double x = number_of(a), y = number_of(b);
	return x < y ? -1 : x > y;
}

/* ---- wildcards ----------------------------------------------------------------------------------------------- */

static struct part *part_add(struct parts *p, enum part_kind kind, struct slice text)
{
	if (kind == PART_STAR && p->n && p->v[p->n - 1].kind == PART_STAR)
		return &p->v[p->n - 1];
	struct part *x = vec_push(p);
	*x = (struct part){kind, text};
	return x;
}

static void part_flush(struct parts *p, struct buf *b, struct arena *a)
{
	if (b->n)
		part_add(p, PART_TEXT, slice_dup(a, buf_slice(b)));
	b->n = 0;
}

static size_t placeholder_length(struct slice s) /* of %name% at the start of s; 0: none */
{
	size_t i = 1;
	while (i < s.n && s.p[i] != '%' && (uint8_t)s.p[i] > ' ')
		i++;
	return i > 1 && i < s.n && s.p[i] == '%' ? i + 1 : 0;
}

int parts_of(struct slice s, bool names, struct arena *a, struct parts *out, struct err *e)
{
	struct buf b = {0};
	int rc = 0;
	if (s.n > SIGMA_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "a value of %zu bytes; at most %d are looked for", s.n, SIGMA_TEXT_MAX);
	for (size_t i = 0; i < s.n && !rc; i++) {
		char c = s.p[i], next = i + 1 < s.n ? s.p[i + 1] : 0;
		size_t name = names && c == '%' ? placeholder_length(slice_from(s, i)) : 0;
		if (c == '\\' && (next == '*' || next == '?' || next == '\\' || (names && next == '%'))) {
			buf_addc(&b, next);
			i++;
		} else if (c == '*' || c == '?') {
			part_flush(out, &b, a);
			part_add(out, c == '*' ? PART_STAR : PART_ONE, SLICE_NONE);
		} else if (name) {
			part_flush(out, &b, a);
			part_add(out, PART_NAME, slice_make(s.p + i + 1, name - 2));
			i += name - 1;
		} else {
			buf_addc(&b, c);
		}
		if (out->n > SIGMA_PARTS_MAX)
			rc = err_set(e, ERR_LIMIT, "more than %d wildcards in one value", SIGMA_PARTS_MAX / 2);
	}
	part_flush(out, &b, a);
	buf_free(&b);
	return rc;
}

void parts_free(struct parts *p)
{
	free(p->v);
	*p = (struct parts){0};
}
