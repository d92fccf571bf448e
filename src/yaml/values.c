/* values.c - settings as numbers, durations, sizes and lists, with errors that say what to write. */
#include "yaml/yaml.h"

#include <stdio.h>

struct unit {
	const char *name;
	uint64_t factor;
};
static const struct unit durations[] = {{"ms", 1000000}, {"s", NS_SEC}, {"m", NS_MIN}, {"h", NS_HOUR}, {"d", NS_DAY}, {NULL, 0}};
static const struct unit sizes[] = {{"", 1}, {"B", 1}, {"KB", 1000}, {"MB", 1000000}, {"GB", 1000000000}, {"TB", 1000000000000}, {NULL, 0}};

static int wrong(const struct node *n, const char *file, const char *expected, struct err *e)
{
	if (n->kind != NODE_SCALAR)
		return err_at(e, ERR_TYPE, file, n->line, n->column, "%s expected, not a %s", expected, n->kind == NODE_LIST ? "list" : "map");
	return err_at(e, ERR_TYPE, file, n->line, n->column, "%s expected, not \"%.*s\"", expected, (int)MIN(n->text.n, (size_t)60), n->text.n ? n->text.p : "");
}

int yaml_bool(const struct node *n, const char *file, bool *out, struct err *e)
{
	bool yes = n->kind == NODE_SCALAR && n->plain && slice_eq(n->text, SL("true"));
	if (!yes && !(n->kind == NODE_SCALAR && n->plain && slice_eq(n->text, SL("false"))))
		return wrong(n, file, "true or false", e);
	*out = yes;
	return 0;
}

static int out_of_range(const struct node *n, const char *file, struct err *e)
{
	return err_at(e, ERR_RANGE, file, n->line, n->column, "\"%.*s\" is out of range here", (int)MIN(n->text.n, (size_t)60), n->text.n ? n->text.p : "");
}

int yaml_number(const struct node *n, const char *file, uint64_t low, uint64_t high, uint64_t *out, struct err *e)
{
	char expected[96];
	if (n->kind == NODE_SCALAR && slice_u64(n->text, high, out) && *out >= low)
		return 0;
	snprintf(expected, sizeof expected, "a whole number from %llu to %llu", (unsigned long long)low, (unsigned long long)high);
	return wrong(n, file, expected, e);
}

static int with_unit(const struct node *n, const char *file, const struct unit *units, const char *expected, uint64_t *out, struct err *e)
{
	size_t digits = 0;
	uint64_t number;
	while (n->kind == NODE_SCALAR && digits < n->text.n && n->text.p[digits] >= '0' && n->text.p[digits] <= '9')
		digits++;
	if (!digits || !slice_u64(slice_to(n->text, digits), INT64_MAX, &number))
		return wrong(n, file, expected, e);
	for (; units->name; units++)
		if (slice_eqz(slice_trim(slice_from(n->text, digits)), units->name))
			return __builtin_mul_overflow(number, units->factor, out) || *out > INT64_MAX ? out_of_range(n, file, e) : 0;
	return wrong(n, file, expected, e);
}

int yaml_duration(const struct node *n, const char *file, nstime low, nstime high, nstime *out, struct err *e)
{
	uint64_t v;
	int rc = with_unit(n, file, durations, "a duration (50ms, 60s, 5m, 24h, 7d)", &v, e);
	if (!rc && ((nstime)v < low || (nstime)v > high))
		rc = out_of_range(n, file, e);
	if (!rc)
		*out = (nstime)v;
	return rc;
}

int yaml_size(const struct node *n, const char *file, uint64_t low, uint64_t high, uint64_t *out, struct err *e)
{
	uint64_t v;
	int rc = with_unit(n, file, sizes, "a size (500MB, 4GB)", &v, e);
	if (!rc && (v < low || v > high))
		rc = out_of_range(n, file, e);
	if (!rc)
		*out = v;
	return rc;
}

int yaml_text(const struct node *n, const char *file, struct slice *out, struct err *e)
{
	if (n->kind != NODE_SCALAR || !n->text.n)
		return wrong(n, file, "a text", e);
	if (memchr(n->text.p, 0, n->text.n))
		return err_at(e, ERR_TYPE, file, n->line, n->column, "a NUL byte in a text");
	*out = n->text;
	return 0;
}

int yaml_texts(const struct node *n, const char *file, struct arena *a, struct slice **out, size_t *count, struct err *e)
{
	const struct node *item = n->kind == NODE_LIST ? n->child : n;
	size_t most = n->kind == NODE_LIST ? n->n : 1;
	*out = arena_alloc(a, MAX(most, (size_t)1) * sizeof **out);
	*count = 0;
	for (size_t i = 0; item && i < most; i++, item = item->next) {
		int rc = yaml_text(item, file, &(*out)[*count], e);
		if (rc)
			return rc;
		++*count;
	}
	return 0;
}

/* Levenshtein's distance, for short words. */
static unsigned distance(struct slice a, const char *b)
{
	unsigned row[33];
	size_t n = strlen(b);
	if (a.n > 32 || n > 32)
		return UINT32_MAX;
	for (unsigned k = 0; k <= n; k++)
		row[k] = k;
	for (size_t i = 0; i < a.n; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i + 1;
		for (size_t k = 0; k < n; k++) {
			unsigned change = diagonal + (a.p[i] != b[k]);
			diagonal = row[k + 1];
			row[k + 1] = MIN(MIN(row[k] + 1, row[k + 1] + 1), change);
		}
	}
	return row[n];
}

int yaml_keys(const struct node *n, const char *file, const char *const *allowed, struct err *e)
{
	if (n->kind != NODE_MAP)
		return wrong(n, file, "a map of settings", e);
	for (const struct node *k = n->child; k; k = k->next) {
		for (const struct node *other = n->child; other != k; other = other->next)
			if (slice_eq(other->text, k->text))
				return err_at(e, ERR_DUP, file, k->line, k->column, "\"%.*s\" is there twice: line %u has it, too",
					(int)MIN(k->text.n, (size_t)60), k->text.n ? k->text.p : "", other->line);
		const char *near = NULL;
		unsigned best = 4; /* farther off it is another word */
		bool known = false;
		for (const char *const *a = allowed; *a && !known; a++) {
			unsigned d = distance(k->text, *a);
			known = slice_eqz(k->text, *a);
			if (d < best) {
				best = d;
				near = *a;
			}
		}
		if (!known)
			return err_at(e, ERR_SYNTAX, file, k->line, k->column, "unknown key \"%.*s\"%s%s%s", (int)MIN(k->text.n, (size_t)60), k->text.n ? k->text.p : "",
				near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	}
	return 0;
}
