/* org_keys.c - walking mappings along tables of keys, and the messages about what is wrong in them. */
#include "org/org_private.h"

#include <stdarg.h>
#include <stdio.h>

int org_fail(struct load *l, const struct node *at, int code, const char *fmt, ...)
{
	char text[sizeof(((struct err *)0)->text)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_at(l->e, code, l->file, at != NULL ? at->line : 0, at != NULL ? at->column : 0, "%s", text);
}

const char *org_show(struct load *l, struct slice s)
{
	enum { SHOWN = 60 };
	size_t n = MIN(s.n, (size_t)SHOWN);
	struct buf b = {0};
	struct slice copy;

	while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80) /* do not cut a character */
		n--;
	buf_term(&b, slice_to(s, n));
	if (n < s.n)
		buf_addz(&b, "...");
	copy = slice_dup(l->tmp, buf_slice(&b));
	buf_free(&b);
	return copy.p;
}

static const char *kind_text(const struct node *n)
{
	static const char *const texts[] = {[NODE_SCALAR] = "a text", [NODE_LIST] = "a list", [NODE_MAP] = "a mapping"};
	return texts[n->kind];
}

/* YAML 1.2 core schema: what stands for "nothing". */
static bool is_null(const struct node *n)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	if (n->kind != NODE_SCALAR || !n->plain)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eqz(n->text, words[i]))
			return true;
	return false;
}

/* ---- nearest name -------------------------------------------------------------------------------------------- */
void org_nearest_init(struct org_nearest *x, struct slice wrong)
{
	/* a third of the letters may be wrong, and always two */
	*x = (struct org_nearest){.wrong = wrong, .distance = MAX(3u, (unsigned)MIN(wrong.n, (size_t)ORG_KEY_MAX) / 3 + 1)};
}

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Edit distance with case folded (Wagner and Fischer), one row kept. Both at most ORG_KEY_MAX bytes. */
static unsigned distance(struct slice a, struct slice b)
{
	unsigned row[ORG_KEY_MAX + 1];

	for (size_t j = 0; j <= b.n; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a.n; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b.n; j++) {
			unsigned change = diagonal + (small(a.p[i - 1]) != small(b.p[j - 1]));
			diagonal = row[j];
			row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[b.n];
}

void org_nearest_try(struct org_nearest *x, struct slice name)
{
	if (name.n > ORG_KEY_MAX || x->wrong.n > ORG_KEY_MAX)
		return;
	unsigned d = distance(x->wrong, name);
	if (d < x->distance && d < name.n) { /* not every letter another one */
		x->distance = d;
		x->best = name;
	}
}

/* ---- mappings ------------------------------------------------------------------------------------------------ */
static int unknown_key(struct load *l, const struct node *key, const char *what, const struct org_key *keys, size_t n)
{
	struct org_nearest near;
	struct buf all = {0};
	int code;

	org_nearest_init(&near, key->text);
	for (size_t i = 0; i < n; i++) {
		org_nearest_try(&near, slice_of(keys[i].name));
		buf_addf(&all, "%s%s", i > 0 ? ", " : "", keys[i].name);
	}
	if (near.best.p != NULL)
		code = org_fail(l, key, ERR_SYNTAX, "unknown key %s in %s: did you mean %.*s?", org_show(l, key->text), what,
			SLFMT(near.best));
	else
		code = org_fail(l, key, ERR_SYNTAX, "unknown key %s in %s: known are %.*s", org_show(l, key->text), what,
			SLFMT(buf_slice(&all)));
	buf_free(&all);
	return code;
}

static int one_key(struct load *l, const struct node *key, const char *what, const struct org_key *k, int *seen, void *into)
{
	if (*seen != 0)
		return org_fail(l, key, ERR_DUP, "key %s is in %s already (line %d): join both", k->name, what, *seen);
	*seen = key->line;
	if (key->value == NULL || is_null(key->value))
		return org_fail(l, key, ERR_SYNTAX, "key %s has no value: write %s: %s, or delete the key", k->name, k->name,
			k->example);
	return k->fn(l, into, key, key->value);
}

int org_map(struct load *l, const struct node *n, const char *what, const struct org_key *keys, size_t nkeys, void *into)
{
	enum { KEYS_MAX = 16 };
	int seen[KEYS_MAX] = {0}; /* line of each key */

	if (n->kind != NODE_MAP)
		return org_fail(l, n, ERR_TYPE, "%s must be a mapping, not %s: write %s: %s", what,
			is_null(n) ? "nothing" : kind_text(n), keys[0].name, keys[0].example);
	for (const struct node *key = n->child; key != NULL; key = key->next) {
		size_t i = 0;
		while (i < nkeys && !slice_eqz(key->text, keys[i].name))
			i++;
		if (i == nkeys || i == KEYS_MAX)
			return unknown_key(l, key, what, keys, nkeys);
		int r = one_key(l, key, what, &keys[i], &seen[i], into);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < nkeys; i++)
		if (keys[i].required && seen[i] == 0)
			return org_fail(l, n, ERR_SYNTAX, "%s without %s: write %s: %s", what, keys[i].name, keys[i].name,
				keys[i].example);
	return 0;
}

int org_list(struct load *l, const struct node *n, const char *what, const char *example)
{
	if (n->kind == NODE_LIST)
		return 0;
	return org_fail(l, n, ERR_TYPE, "%s must be a list, not %s: write %s: %s", what, kind_text(n), what, example);
}

int org_text(struct load *l, const struct node *n, const char *what, const char *example)
{
	if (n->kind != NODE_SCALAR)
		return org_fail(l, n, ERR_TYPE, "%s must be a text, not %s: write %s", what, kind_text(n), example);
	if (is_null(n) || slice_trim(n->text).n == 0)
		return org_fail(l, n, ERR_SYNTAX, "%s is empty: write %s", what, example);
	if (n->text.n > ORG_TEXT_MAX)
		return org_fail(l, n, ERR_LIMIT, "%s of %zu bytes is longer than the %d allowed", what, n->text.n,
			(int)ORG_TEXT_MAX);
	for (size_t i = 0; i < n->text.n; i++)
		if ((unsigned char)n->text.p[i] < 0x20 || n->text.p[i] == 0x7f)
			return org_fail(l, n, ERR_SYNTAX, "%s holds a line break or control byte: write it on one line, like %s",
				what, example);
	return 0;
}

void org_defer(struct load *l, org_key_fn *fn, void *into, const struct node *key, const struct node *value)
{
	vec_reserve(&l->later, 1);
	l->later.v[l->later.n++] = (struct org_later){fn, into, key, value};
}
