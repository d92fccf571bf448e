/* polkit.c - who may do what through polkit: .pkla files, and .rules in JavaScript.
 *
 * A script cannot be judged without running it. Recognised is the one shape that distributions and administrators use, a condition of action.id tests and
 * subject.isInGroup or subject.user tests joined by && and ||, without !, that returns a constant. Anything else is told as "script", which claims nothing.
 */
#include "snapshot/snapshot_private.h"
#include "snapshot/system_private.h"

#include <stdlib.h>

enum { TEXT_MAX = 1 << 20, NAMES = 16 };

static void row(struct snapshot *s, struct snap_at at, struct slice identity, struct slice action, struct slice result, struct slice text)
{
	if (s->npolkit >= SNAP_ROWS_MAX / 16)
		return;
	*(struct snap_polkit *)snapshot_add(s, SNAP_K_polkit) = (struct snap_polkit){at, slice_dup(&s->mem, identity), slice_dup(&s->mem, action), slice_dup(&s->mem, result),
		slice_dup(&s->mem, slice_to(slice_trim(text), 1000))};
}

/* ---- JavaScript ------------------------------------------------------------------------------------------------------------- */
/* The same text without comments; strings stay. Same length, so that lines stay. */
static void blank_comments(char *p, size_t n)
{
	char quote = 0;
	for (size_t i = 0; i < n; i++) {
		if (quote) {
			if (p[i] == '\\')
				i++;
			else if (p[i] == quote || p[i] == '\n')
				quote = 0;
		} else if (p[i] == '"' || p[i] == '\'')
			quote = p[i];
		else if (p[i] == '/' && i + 1 < n && p[i + 1] == '/')
			while (i < n && p[i] != '\n')
				p[i++] = ' ';
		else if (p[i] == '/' && i + 1 < n && p[i + 1] == '*') {
			bool ends = false;
			for (; i < n && !ends; i++) {
				ends = p[i] == '*' && i + 1 < n && p[i + 1] == '/';
				if (ends)
					p[i + 1] = ' ';
				if (p[i] != '\n')
					p[i] = ' ';
			}
		}
	}
}

/* Up to the bracket that closes the one at text[0]. */
static size_t closing(struct slice t, char open, char close)
{
	size_t depth = 0;
	char quote = 0;
	for (size_t i = 0; i < t.n; i++) {
		if (quote) {
			if (t.p[i] == '\\')
				i++;
			else if (t.p[i] == quote)
				quote = 0;
		} else if (t.p[i] == '"' || t.p[i] == '\'')
			quote = t.p[i];
		else if (t.p[i] == open)
			depth++;
		else if (t.p[i] == close && --depth == 0)
			return i;
	}
	return t.n;
}

struct condition {
	struct slice identity[NAMES], action[NAMES];
	size_t nidentity, naction;
};

/* Takes one of the known tests off the front; false: something else stands there. */
static bool known_test(struct slice *t, struct snapshot *s, struct condition *c)
{
	static const struct { const char *begin, *prefix, *suffix; bool action; } tests[] = {
		{"subject.isInGroup(", "unix-group:", "", false}, {"subject.user==", "unix-user:", "", false}, {"subject.user===", "unix-user:", "", false},
		{"action.id==", "", "", true}, {"action.id===", "", "", true}, {"action.id.indexOf(", "", "*", true}, {"action.id.startsWith(", "", "*", true},
	};
	for (size_t i = ARRAY_LEN(tests); i-- > 0;) {
		struct slice begin = slice_of(tests[i].begin), rest;
		if (!slice_starts(*t, begin))
			continue;
		rest = slice_from(*t, begin.n);
		if (rest.n < 2 || (rest.p[0] != '"' && rest.p[0] != '\''))
			continue;
		ssize_t end = slice_chr(slice_from(rest, 1), rest.p[0]);
		if (end < 0)
			return false;
		struct slice name = text_f(s, "%s%.*s%s", tests[i].prefix, (int)MIN((size_t)end, (size_t)200), rest.p + 1, tests[i].suffix);
		rest = slice_from(rest, (size_t)end + 2);
		if (slice_ends(begin, SL("("))) {
			if (!rest.n || rest.p[0] != ')')
				return false;
			rest = slice_from(rest, 1);
		}
		if (slice_has(begin, SL("indexOf"))) { /* at the front alone */
			if (!slice_starts(rest, SL("==0")) && !slice_starts(rest, SL("===0")))
				return false;
			rest = slice_from(rest, slice_starts(rest, SL("===")) ? 4 : 3);
		}
		size_t *n = tests[i].action ? &c->naction : &c->nidentity;
		if (*n < NAMES)
			(tests[i].action ? c->action : c->identity)[(*n)++] = name;
		*t = rest;
		return *n <= NAMES;
	}
	/* Narrower than what we tell of it, which would claim too much. */
	return false;
}

/* (A || B) && (C || D): groups of one sort each, joined by &&; nothing else. t has no blanks. */
static bool condition(struct slice t, struct snapshot *s, struct condition *c)
{
	char between = 0;
	int depth = 0;
	size_t terms = 0, groups[2] = {0, 0};
	while (t.n) {
		if (t.p[0] == '(') {
			depth++;
			t = slice_from(t, 1);
			continue;
		}
		size_t had[2] = {c->nidentity, c->naction};
		if (!known_test(&t, s, c))
			return false;
		bool is_action = c->naction > had[1];
		/* Alternatives may only stand between tests of one sort. */
		if (between == '&' || !terms)
			groups[is_action]++;
		else if ((c->nidentity > had[0] && !had[0]) || (is_action && !had[1]))
			return false;
		terms++;
		while (t.n && t.p[0] == ')') {
			depth--;
			t = slice_from(t, 1);
		}
		if (!t.n)
			break;
		bool and = slice_starts(t, SL("&&"));
		if (!and && !slice_starts(t, SL("||")))
			return false;
		if (!and && depth == 0 && (groups[0] && groups[1]))
			return false; /* a || b && c without brackets */
		between = and ? '&' : '|';
		t = slice_from(t, 2);
	}
	return depth == 0 && groups[0] == 1 && groups[1] <= 1;
}

static struct slice result_of(struct slice body)
{
	static const struct { const char *word, *result; } results[] = {
		{"polkit.Result.YES", "yes"}, {"polkit.Result.AUTH_SELF_KEEP", "auth_self"}, {"polkit.Result.AUTH_SELF", "auth_self"}, {"polkit.Result.AUTH_ADMIN_KEEP", "auth_admin"},
		{"polkit.Result.AUTH_ADMIN", "auth_admin"}, {"polkit.Result.NO", "no"}, {"\"yes\"", "yes"}, {"'yes'", "yes"}, {"\"no\"", "no"},
	};
	for (size_t i = 0; i < ARRAY_LEN(results); i++) {
		struct slice w = slice_of(results[i].word);
		if (slice_starts(body, w) && (body.n == w.n || strchr(";}", body.p[w.n])))
			return slice_of(results[i].result);
	}
	return SLICE_NONE;
}

static struct slice without_blanks(struct snapshot *s, struct slice t)
{
	char *p = arena_alloc(&s->mem, t.n + 1), quote = 0;
	size_t n = 0;
	for (size_t i = 0; i < t.n; i++) {
		if (quote ? t.p[i] == quote : t.p[i] == '"' || t.p[i] == '\'')
			quote = quote ? 0 : t.p[i];
		if (quote || !strchr(" \t\r\n", t.p[i]))
			p[n++] = t.p[i];
	}
	return slice_make(p, n);
}

/* The body of one addRule(function(action, subject) { ... }). Told as rules only when it is nothing but one if. */
static bool simple_rule(struct snapshot *s, struct slice body, struct snap_at at, struct slice text)
{
	struct slice t = without_blanks(s, body);
	struct condition c = {0};
	if (!slice_starts(t, SL("if(")))
		return false;
	t = slice_from(t, 2);
	size_t end = closing(t, '(', ')');
	if (end >= t.n || !condition(slice_make(t.p + 1, end - 1), s, &c))
		return false;
	t = slice_from(t, end + 1);
	bool block = t.n && t.p[0] == '{';
	if (block)
		t = slice_from(t, 1);
	if (!slice_starts(t, SL("return")))
		return false;
	struct slice result = result_of(slice_from(t, 6));
	ssize_t semicolon = slice_chr(t, ';');
	struct slice left = slice_from(t, semicolon < 0 ? t.n : (size_t)semicolon + 1);
	if (block && left.n && left.p[0] == '}')
		left = slice_from(left, 1);
	if (!result.n || left.n)
		return false;
	for (size_t i = 0; i < c.nidentity; i++)
		for (size_t k = 0; k < MAX(c.naction, (size_t)1); k++)
			row(s, at, c.identity[i], c.naction ? c.action[k] : SL("*"), result, text);
	return true;
}

void polkit_rules_rows(struct snapshot *s, struct slice text, struct slice file)
{
	size_t n = MIN(text.n, (size_t)TEXT_MAX);
	char *copy = xmalloc(n + 1);
	if (n)
		memcpy(copy, text.p, n);
	struct slice all = slice_make(copy, n), t = all;
	blank_comments(copy, all.n);
	for (ssize_t at; (at = slice_find(t, SL("polkit.add"))) >= 0;) {
		t = slice_from(t, (size_t)at);
		int64_t line = 1;
		for (const char *p = all.p; p < t.p; p++)
			line += *p == '\n';
		bool rule = slice_starts(t, SL("polkit.addRule"));
		ssize_t open = slice_chr(t, '(');
		struct slice call = open < 0 ? SLICE_NONE : slice_from(t, (size_t)open);
		size_t end = closing(call, '(', ')');
		call = slice_to(call, end);
		ssize_t brace = slice_chr(call, '{');
		struct slice body = brace < 0 ? SLICE_NONE : slice_from(call, (size_t)brace);
		size_t close = closing(body, '{', '}');
		struct slice inner = close > 0 && close < body.n ? slice_make(body.p + 1, close - 1) : SLICE_NONE;
		if (rule && !simple_rule(s, inner, (struct snap_at){file, line}, call))
			row(s, (struct snap_at){file, line}, SL(""), SL(""), SL("script"), call);
		t = slice_from(t, MAX((size_t)MAX(open, (ssize_t)0) + end, (size_t)10));
	}
	free(copy);
}

/* ---- pkla ------------------------------------------------------------------------------------------------------------------- */
struct pkla { struct slice identity, action, any, inactive, active; int64_t line; };

static void pkla_rows_of(struct snapshot *s, const struct pkla *k, struct slice file)
{
	struct slice ids = k->identity, id, result = k->any.n ? k->any : k->active.n ? k->active : k->inactive;
	while (ids.n) {
		if (!slice_cut(&ids, ';', &id)) {
			id = ids;
			ids = SLICE_NONE;
		}
		struct slice actions = k->action, a;
		for (int i = 0; actions.n && id.n && result.n && i < 200; i++) {
			if (!slice_cut(&actions, ';', &a)) {
				a = actions;
				actions = SLICE_NONE;
			}
			if (a.n)
				row(s, (struct snap_at){file, k->line}, slice_trim(id), slice_trim(a), result, k->any.n ? SL("") : SL("only in a local session"));
		}
	}
}

void polkit_pkla_rows(struct snapshot *s, struct slice text, struct slice file)
{
	struct lines l = lines_of(text, false);
	struct slice line, key;
	struct pkla k = {0};
	while (lines_next(&l, &line)) {
		struct slice t = slice_trim(line);
		if (!t.n || t.p[0] == '#')
			continue;
		if (t.p[0] == '[') {
			pkla_rows_of(s, &k, file);
			k = (struct pkla){.line = l.line};
		} else if (slice_cut(&t, '=', &key)) {
			const struct { const char *name; struct slice *to; } keys[] = {
				{"Identity", &k.identity}, {"Action", &k.action}, {"ResultAny", &k.any}, {"ResultInactive", &k.inactive}, {"ResultActive", &k.active}};
			for (size_t i = 0; i < ARRAY_LEN(keys); i++)
				if (slice_eqz(slice_trim(key), keys[i].name))
					*keys[i].to = slice_trim(t);
		}
	}
	pkla_rows_of(s, &k, file);
	lines_free(&l);
}

/* ---- below the root ------------------------------------------------------------------------------------------------------------ */
static void one_folder(struct collector *c, const char *folder, const char *ending, void (*rows)(struct snapshot *, struct slice, struct slice))
{
	struct slice *names;
	size_t n = 0;
	if (!below_names(c, folder, "polkit", NULL, &names, &n))
		return;
	for (size_t i = 0; i < n && !collect_late(c); i++) {
		struct buf b = {0};
		const char *p = collect_path(c, "%s/%.*s", folder, SLFMT(names[i]));
		if (slice_ends(names[i], slice_of(ending)) && below_read(c, p, TEXT_MAX, "polkit", NULL, &b, NULL, NULL))
			rows(c->s, buf_slice(&b), collect_textz(c, p));
		buf_free(&b);
	}
}

int collect_polkit(struct collector *c)
{
	static const char *const daemons[] = {"/usr/lib/polkit-1/polkitd", "/usr/libexec/polkitd", "/usr/lib/policykit-1/polkitd"};
	static const char *const scripts[] = {"/etc/polkit-1/rules.d", "/run/polkit-1/rules.d", "/usr/local/share/polkit-1/rules.d", "/usr/share/polkit-1/rules.d"};
	struct stat st;
	bool there = false;
	for (size_t i = 0; i < ARRAY_LEN(daemons); i++)
		there |= below_stat(c, daemons[i], false, &st) == 0;
	if (!there)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
		one_folder(c, scripts[i], ".rules", polkit_rules_rows);
	/* Read by the old polkit, and by the new one with polkitd-pkla alone. */
	if (below_stat(c, "/usr/bin/pkla-check-authorization", false, &st) == 0 || below_stat(c, "/usr/lib/policykit-1/polkitd", false, &st) == 0) {
		static const char *const parents[] = {"/etc/polkit-1/localauthority", "/var/lib/polkit-1/localauthority"};
		for (size_t i = 0; i < ARRAY_LEN(parents); i++) {
			struct slice *names;
			size_t n = 0;
			if (!below_names(c, parents[i], "polkit", NULL, &names, &n))
				continue;
			for (size_t k = 0; k < n; k++)
				one_folder(c, collect_path(c, "%s/%.*s", parents[i], SLFMT(names[k])), ".pkla", polkit_pkla_rows);
		}
	}
	return 0;
}
