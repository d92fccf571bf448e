/* reference.h - Sigma as plainly as it can be written: the oracle of src/sigma. No index, no compiled form, no shared code: values are
 * compared character by character, straight from the text of the rule.
 *
 * Only what the generator of fuzz/fuzz_sigma_match.c makes: ASCII text and the two-byte letters of Latin-1.
 */
#ifndef POSTERN_TEST_SIGMA_REFERENCE_H
#define POSTERN_TEST_SIGMA_REFERENCE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REF_VALUES = 4, REF_ITEMS = 3, REF_SELECTIONS = 3, REF_FIELDS = 3, REF_MEMBERS = 3, REF_TEXT = 16 };
enum ref_type { REF_STRING, REF_NUMBER, REF_BOOL, REF_NULL };
enum ref_mod {
	REF_CONTAINS = 1, REF_STARTS = 2, REF_ENDS = 4, REF_ALL = 8, REF_NEQ = 16, REF_CASED = 32, REF_EXISTS = 64, REF_LT = 128, REF_GTE = 256,
	REF_WINDASH = 512, REF_FIELDREF = 1024,
};
struct ref_value {
	enum ref_type type;
	char text[REF_TEXT]; /* as in the rule, backslashes and wildcards included */
	int number;
	bool yes;
};
struct ref_item {
	int field;           /* -1: keywords */
	unsigned mods;
	struct ref_value v[REF_VALUES];
	int n;
};
struct ref_selection {
	struct ref_item item[REF_ITEMS];
	int n;
	bool any;            /* a list of maps: any item, else all */
};
/* Conditions in prefix form: '&' '|' '!' and selections '0'.. ; '*' all of them, '1' .. is spelled 'o' for one of them. */
struct ref_rule {
	struct ref_selection sel[REF_SELECTIONS];
	int n;
	char cond[24];
};
struct ref_field {
	bool there;
	struct ref_value v[REF_MEMBERS];
	int n;               /* an array when more than one */
};
struct ref_event {
	struct ref_field f[REF_FIELDS];
};

/* One code point folded, and its length; Latin-1 letters are two bytes. */
static unsigned ref_char(const char *s, size_t *len, bool cased)
{
	unsigned c = (unsigned char)s[0];
	*len = 1;
	if (c == 0xc3 && s[1]) {
		*len = 2;
		c = 0xc0 + ((unsigned char)s[1] & 0x3f);
		if (!cased && c >= 0xc0 && c <= 0xde && c != 0xd7)
			c += 0x20;
		return c;
	}
	return !cased && c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool ref_word(const char *s)
{
	unsigned c = (unsigned char)*s;
	return c == '_' || c >= 0x80 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* Does the rule's text, from p, fit all of s? first: where the rule's text begins, for windash. loose: text may go on. */
static bool ref_fits(const char *p, const char *s, bool cased, bool dash, char before, bool loose)
{
	size_t a, b;
	if (!*p)
		return loose || !*s;
	if (*p == '*') {
		for (const char *t = s;; t++) {
			if (((unsigned char)*t & 0xc0) != 0x80 && ref_fits(p + 1, t, cased, dash, 0, loose))
				return true;
			if (!*t)
				return false;
		}
	}
	if (*p == '?') {
		if (!*s)
			return false;
		ref_char(s, &b, cased);
		return ref_fits(p + 1, s + b, cased, dash, 0, loose);
	}
	const char *q = p;
	if (*p == '\\' && (p[1] == '*' || p[1] == '?' || p[1] == '\\'))
		q = p + 1;
	if (dash && q == p && (*p == '-' || *p == '/') && !(before && ref_word(&before)) && p[1] && p[1] != '*' && p[1] != '?' && ref_word(p + 1))
		return (*s == '-' || *s == '/') && ref_fits(p + 1, s + 1, cased, dash, *p, loose);
	if (!*s)
		return false;
	unsigned x = ref_char(q, &a, cased), y = ref_char(s, &b, cased);
	return x == y && ref_fits(q + a, s + b, cased, dash, q[a - 1], loose);
}

static bool ref_text(const char *rule, const char *s, unsigned mods, bool keyword)
{
	bool cased = mods & REF_CASED, dash = mods & REF_WINDASH;
	bool front = keyword || mods & (REF_CONTAINS | REF_ENDS), back = keyword || mods & (REF_CONTAINS | REF_STARTS);
	for (const char *t = s;; t++) {
		if (((unsigned char)*t & 0xc0) != 0x80 && ref_fits(rule, t, cased, dash, 0, back))
			return true;
		if (!front || !*t)
			return false;
	}
}

static void ref_show(const struct ref_value *v, char out[REF_TEXT + 16])
{
	if (v->type == REF_NUMBER)
		snprintf(out, REF_TEXT + 16, "%d", v->number);
	else
		snprintf(out, REF_TEXT + 16, "%s", v->type == REF_BOOL ? (v->yes ? "true" : "false") : v->text);
}

/* A whole decimal number. */
static bool ref_number(const char *s, int *out)
{
	char *end;
	if (!((*s >= '0' && *s <= '9') || (*s == '-' && s[1] >= '0' && s[1] <= '9')))
		return false;
	*out = (int)strtol(s, &end, 10);
	return !*end;
}

static bool ref_same(const char *a, const char *b, bool cased)
{
	while (*a && *b) {
		size_t x, y;
		if (ref_char(a, &x, cased) != ref_char(b, &y, cased))
			return false;
		a += x;
		b += y;
	}
	return !*a && !*b;
}

/* One value of the rule against one value of the event. */
static bool ref_one(const struct ref_event *e, const struct ref_item *it, const struct ref_value *r, const struct ref_value *v)
{
	char text[REF_TEXT + 16], other[REF_TEXT + 16];
	int n;
	if (r->type == REF_NULL)
		return v->type == REF_NULL;
	if (v->type == REF_NULL)
		return false;
	ref_show(v, text);
	if (it->mods & REF_FIELDREF) {
		const struct ref_field *f = &e->f[r->number];
		for (int i = 0; f->there && i < f->n; i++) {
			ref_show(&f->v[i], other);
			if (f->v[i].type != REF_NULL && ref_same(other, text, it->mods & REF_CASED))
				return true;
		}
		return false;
	}
	if (it->mods & (REF_LT | REF_GTE))
		return v->type != REF_BOOL && ref_number(text, &n) && (it->mods & REF_LT ? n < r->number : n >= r->number);
	if (r->type == REF_NUMBER && !(it->mods & (REF_CONTAINS | REF_STARTS | REF_ENDS | REF_CASED)))
		return v->type != REF_BOOL && ref_number(text, &n) && n == r->number;
	if (r->type == REF_BOOL && !(it->mods & (REF_CONTAINS | REF_STARTS | REF_ENDS | REF_CASED)))
		return ref_same(text, r->yes ? "true" : "false", false);
	ref_show(r, other);
	return ref_text(other, text, it->mods, false);
}

static bool ref_keyword(const struct ref_event *e, const struct ref_item *it, const struct ref_value *r)
{
	char text[REF_TEXT + 16], word[REF_TEXT + 16];
	ref_show(r, word);
	for (int f = 0; f < REF_FIELDS; f++)
		for (int i = 0; e->f[f].there && i < e->f[f].n; i++) {
			if (e->f[f].v[i].type == REF_NULL)
				continue;
			ref_show(&e->f[f].v[i], text);
			if (*text && ref_text(word, text, it->mods, true))
				return true;
		}
	return false;
}

static bool ref_item(const struct ref_event *e, const struct ref_item *it)
{
	bool all = true, any = false;
	for (int i = 0; i < it->n; i++) {
		const struct ref_value *r = &it->v[i];
		bool hit = false;
		if (it->field < 0) {
			hit = ref_keyword(e, it, r);
		} else {
			const struct ref_field *f = &e->f[it->field];
			if (it->mods & REF_EXISTS)
				hit = f->there == r->yes;
			else if (!f->there)
				hit = r->type == REF_NULL;
			for (int k = 0; f->there && !(it->mods & REF_EXISTS) && k < f->n && !hit; k++)
				hit = ref_one(e, it, r, &f->v[k]);
		}
		all &= hit;
		any |= hit;
	}
	return (it->mods & REF_ALL ? all : any) != ((it->mods & REF_NEQ) != 0);
}

static bool ref_selected(const struct ref_event *e, const struct ref_selection *s)
{
	bool all = true, any = false;
	for (int i = 0; i < s->n; i++) {
		bool hit = ref_item(e, &s->item[i]);
		all &= hit;
		any |= hit;
	}
	return s->any ? any : all;
}

static bool ref_cond(const struct ref_event *e, const struct ref_rule *r, const char **at)
{
	char c = *(*at)++;
	if (c == '!')
		return !ref_cond(e, r, at);
	if (c == '&' || c == '|') {
		bool x = ref_cond(e, r, at), y = ref_cond(e, r, at);
		return c == '&' ? x && y : x || y;
	}
	if (c == '*' || c == 'o') {
		bool all = true, any = false;
		for (int i = 0; i < r->n; i++) {
			bool hit = ref_selected(e, &r->sel[i]);
			all &= hit;
			any |= hit;
		}
		return c == '*' ? all : any;
	}
	return ref_selected(e, &r->sel[c - '0']);
}

static bool ref_matches(const struct ref_rule *r, const struct ref_event *e)
{
	const char *at = r->cond;
	return ref_cond(e, r, &at);
}

#endif
