/* values.c - what stands in a lesson's YAML: each value is taken, or it is said where it is wrong and what to write. */
#include "lesson/lesson_private.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const languages[LURE_LANGUAGES] = {"en", "de", "ko"};

/* ---- what is wrong -------------------------------------------------------------------------------------------------------------------------- */

static void add_problem(struct loading *ld, int line, int column, bool error, const char *text)
{
	struct lessons *l = ld->l;
	ld->errors += error;
	if (l->problems.n >= LESSON_PROBLEMS)
		return;
	*vec_push(&l->problems) = (struct lesson_problem){slice_dup(&l->mem, ld->file), line, column, error, slice_dup(&l->mem, slice_of(text))};
}

bool lesson_bad(struct loading *ld, int line, int column, const char *fmt, ...)
{
	char text[600];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	add_problem(ld, line, column, true, text);
	return false;
}

bool lesson_bad_at(struct loading *ld, const struct node *at, const char *fmt, ...)
{
	char text[600];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	add_problem(ld, at ? at->line : 0, at ? at->column : 0, true, text);
	return false;
}

void lesson_odd_at(struct loading *ld, const struct node *at, const char *fmt, ...)
{
	char text[600];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	add_problem(ld, at ? at->line : 0, at ? at->column : 0, false, text);
}

const char *lesson_show(struct loading *ld, struct slice s)
{
	enum { SHOWN = 60 };
	struct buf b = {0};
	size_t n = MIN(s.n, (size_t)SHOWN);
	while (n < s.n && n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	buf_term(&b, slice_to(s, n));
	if (n < s.n)
		buf_addz(&b, "...");
	struct slice copy = slice_dup(&ld->l->mem, buf_slice(&b));
	buf_free(&b);
	return copy.p;
}

/* ---- texts -------------------------------------------------------------------------------------------------------------------------------------- */

/* Characters that turn the direction of what follows: a text that reads otherwise than it is. */
static bool turns(const unsigned char *p, size_t left)
{
	if (left < 3 || p[0] != 0xe2)
		return false;
	return (p[1] == 0x80 && ((p[2] >= 0xaa && p[2] <= 0xae) || p[2] == 0x8e || p[2] == 0x8f)) || (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

bool lesson_shows(struct slice s, bool lines, size_t *at)
{
	const unsigned char *p = (const unsigned char *)s.p;
	if (!slice_utf8(s)) {
		*at = 0;
		return false;
	}
	for (size_t i = 0; i < s.n; i++) {
		bool control = (p[i] < 0x20 && !(lines && (p[i] == '\n' || p[i] == '\t'))) || p[i] == 0x7f || (p[i] == 0xc2 && i + 1 < s.n && p[i + 1] < 0xa0);
		if (control || turns(p + i, s.n - i)) {
			*at = i;
			return false;
		}
	}
	return true;
}

/* YAML 1.2: what stands for nothing. */
static bool is_nothing(const struct node *n)
{
	return n->kind == NODE_SCALAR && (!slice_trim(n->text).n || (n->plain && (slice_eqz(n->text, "~") || slice_eqz(n->text, "null"))));
}

static bool take_scalar(struct loading *ld, const struct node *n, const char *what, size_t most, bool lines, struct slice *out)
{
	size_t at;
	if (n->kind != NODE_SCALAR)
		return lesson_bad_at(ld, n, "%s must be a text, not a %s", what, n->kind == NODE_LIST ? "list" : "map");
	if (is_nothing(n))
		return lesson_bad_at(ld, n, "%s is empty: write it", what);
	if (n->text.n > most)
		return lesson_bad_at(ld, n, "%s has %zu bytes: at most %zu are allowed", what, n->text.n, most);
	if (!lesson_shows(n->text, lines, &at))
		return lesson_bad_at(ld, n, "%s has a byte or character that cannot be shown (control, direction, not UTF-8) at its byte %zu: take it out", what, at + 1);
	*out = slice_trim(n->text);
	while (out->n && out->p[out->n - 1] == '\n')
		out->n--;
	return true;
}

static bool text_of_node(struct loading *ld, const struct node *n, const char *what, struct lesson_text *out)
{
	static const char *const keys[] = {"en", "de", "ko", "all", NULL};
	char name[80];
	bool fine = true;
	if (n->kind != NODE_MAP)
		return lesson_bad_at(ld, n, "%s must be there in three languages: write %s: {en: ..., de: ..., ko: ...}, or {all: ...} for what is the same in each", what, what);
	if (!lesson_keys(ld, n, keys))
		return false;
	const struct node *all = yaml_get(n, "all");
	for (size_t i = 0; i < LURE_LANGUAGES; i++) {
		const struct node *v = all ? all : yaml_get(n, languages[i]);
		snprintf(name, sizeof name, "%.60s.%s", what, all ? "all" : languages[i]);
		if (all && i) {
			out->in[i] = out->in[0];
		} else if (!v) {
			fine = lesson_bad_at(ld, n, "%s is missing in the language %s: write %s: ...", what, languages[i], languages[i]);
		} else if (!take_scalar(ld, v, name, LESSON_TEXT, true, &out->in[i])) {
			fine = false;
		}
	}
	if (all && n->n > 1)
		fine = lesson_bad_at(ld, n, "%s has all and a language, too: write one or the other", what);
	return fine;
}

/* The value of a key; NULL with *fine as it should be returned. */
static const struct node *value_of(struct loading *ld, const struct node *map, const char *key, bool needed, bool *fine)
{
	const struct node *v = yaml_get(map, key);
	*fine = v || !needed;
	if (!v && needed)
		lesson_bad_at(ld, map, "%s is missing: write %s: ...", key, key);
	return v;
}

bool lesson_take_text(struct loading *ld, const struct node *map, const char *key, bool needed, struct lesson_text *out)
{
	bool fine;
	const struct node *v = value_of(ld, map, key, needed, &fine);
	return v ? text_of_node(ld, v, key, out) : fine;
}

bool lesson_take_texts(struct loading *ld, const struct node *map, const char *key, size_t most, const struct lesson_text **out, size_t *n)
{
	size_t before = ld->errors;
	const struct node *list = lesson_take_list(ld, map, key, false, most);
	struct lesson_text *v = list ? arena_alloc(&ld->l->mem, list->n * sizeof *v) : NULL;
	*n = 0;
	for (const struct node *at = list ? list->child : NULL; at; at = at->next) {
		v[*n] = (struct lesson_text){0};
		(void)text_of_node(ld, at, key, &v[(*n)++]);
	}
	*out = v;
	return ld->errors == before;
}

bool lesson_is_id(struct slice s)
{
	bool fine = s.n > 0 && s.n <= LESSON_ID && s.p[0] != '-';
	for (size_t i = 0; i < s.n && fine; i++)
		fine = (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-';
	return fine;
}

bool lesson_take_id(struct loading *ld, const struct node *map, const char *key, bool needed, struct slice *out)
{
	bool fine;
	const struct node *v = value_of(ld, map, key, needed, &fine);
	if (!v)
		return fine;
	if (!take_scalar(ld, v, key, LESSON_ID, false, out))
		return false;
	return lesson_is_id(*out) || lesson_bad_at(ld, v, "%s \"%s\" is no name: write small letters, digits and dashes, like side-door", key, lesson_show(ld, *out));
}

bool lesson_take_line(struct loading *ld, const struct node *map, const char *key, bool needed, size_t most, struct slice *out)
{
	bool fine;
	const struct node *v = value_of(ld, map, key, needed, &fine);
	return v ? take_scalar(ld, v, key, most, false, out) : fine;
}

bool lesson_take_bool(struct loading *ld, const struct node *map, const char *key, bool *out)
{
	struct err e;
	const struct node *v = yaml_get(map, key);
	return !v || !yaml_bool(v, "", out, &e) || lesson_bad_at(ld, v, "%s: %s", key, e.text);
}

bool lesson_take_number(struct loading *ld, const struct node *map, const char *key, bool needed, unsigned low, unsigned high, unsigned *out)
{
	bool fine;
	struct err e;
	uint64_t n;
	const struct node *v = value_of(ld, map, key, needed, &fine);
	if (!v)
		return fine;
	if (yaml_number(v, "", low, high, &n, &e))
		return lesson_bad_at(ld, v, "%s: %s", key, e.text);
	*out = (unsigned)n;
	return true;
}

const struct node *lesson_take_list(struct loading *ld, const struct node *map, const char *key, bool needed, size_t most)
{
	bool fine;
	const struct node *v = value_of(ld, map, key, needed, &fine);
	if (!v)
		return NULL;
	if (v->kind != NODE_LIST)
		lesson_bad_at(ld, v, "%s must be a list: write a line with \"- \" for each", key);
	else if (!v->n)
		lesson_bad_at(ld, v, "%s is empty: write something into it, or delete the key", key);
	else if (v->n > most)
		lesson_bad_at(ld, v, "%s has %zu items: at most %zu are allowed", key, v->n, most);
	else
		return v;
	return NULL;
}

bool lesson_keys(struct loading *ld, const struct node *n, const char *const *allowed)
{
	struct err e;
	if (!yaml_keys(n, "", allowed, &e))
		return true;
	struct buf known = {0};
	for (const char *const *a = allowed; *a; a++)
		buf_addf(&known, "%s%s", a == allowed ? "" : ", ", *a);
	lesson_bad(ld, e.line, e.column, "%s (known here: %.*s)", e.text, SLFMT(buf_slice(&known)));
	buf_free(&known);
	return false;
}

/* ---- files ------------------------------------------------------------------------------------------------------------------------------------------ */

bool lesson_file_name(struct slice s)
{
	bool fine = s.n > 0 && s.n <= LESSON_ID + 10 && s.p[0] != '.' && s.p[0] != '-';
	for (size_t i = 0; i < s.n && fine; i++)
		fine = (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-' || s.p[i] == '.' || s.p[i] == '_';
	return fine;
}

const struct node *lesson_yaml(struct loading *ld, const struct node *at, struct slice name)
{
	const struct yaml_options opt = {.max_bytes = LESSON_FILE, .max_nodes = LESSON_NODES};
	struct buf text = {0}, shown = {0};
	struct node *root = NULL;
	struct err e = {0};
	struct slice copy = slice_dup(&ld->l->mem, name);
	if (ld->files->read(ld->files->arg, copy.p, &text, &e)) {
		lesson_bad_at(ld, at, "%s: %s", lesson_show(ld, name), e.text);
		buf_free(&text);
		return NULL;
	}
	buf_addf(&shown, "%.*s/%.*s", SLFMT(ld->folder), SLFMT(name));
	ld->file = slice_dup(&ld->l->mem, buf_slice(&shown));
	buf_free(&shown);
	if (yaml_read(buf_slice(&text), "", &opt, &ld->l->mem, &root, &e))
		lesson_bad(ld, e.line, e.column, "%s", e.text);
	else if (!root || root->kind != NODE_MAP)
		lesson_bad(ld, 1, 1, "a map of keys is expected in this file");
	buf_free(&text);
	return root && root->kind == NODE_MAP ? root : NULL;
}
