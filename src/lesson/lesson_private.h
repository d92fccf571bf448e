/* lesson_private.h - between the parts of room lesson, its tests and its fuzz target.
 *
 *   load.c          the folder, its units, what is wrong in them
 *   values.c        texts in three languages, ids, numbers out of YAML nodes, each with a position when it is wrong
 *   unit.c          lesson.yaml
 *   conversation.c  a conversation and its graph      exhibit.c  what is to be looked at
 *   markdown.c      CommonMark to safe HTML: the only place that knows cmark
 */
#ifndef POSTERN_LESSON_PRIVATE_H
#define POSTERN_LESSON_PRIVATE_H

#include "lesson/lesson.h"
#include "yaml/yaml.h"

/* A lesson is read in five minutes; ten times what the longest of ours has. */
enum {
	LESSON_FILE = 256 << 10, LESSON_MARKDOWN = 64 << 10 /* cmark needs a square of time for some */, LESSON_NODES = 20000, LESSON_TEXT = 4000, LESSON_ID = 60,
	LESSON_UNITS = 200, LESSON_PARTS = 40, LESSON_QUESTIONS = 60, LESSON_CHOICES = 8, LESSON_SOURCES = 80, LESSON_WORDS = 120, LESSON_ROLES = 20,
	LESSON_TALK = 200, LESSON_OPTIONS = 6, LESSON_FLAGS = 12, LESSON_REGIONS = 60, LESSON_DEPTH = 12, LESSON_PROBLEMS = 500,
};

struct lessons {
	struct arena mem;
	struct { struct lesson *v; size_t n, cap; } units;
	struct { struct lesson_problem *v; size_t n, cap; } problems;
};
/* Where a unit's files come from: a folder, or memory. 0, or ERR_* with why. name has been checked. */
struct lesson_files {
	int (*read)(void *arg, const char *name, struct buf *out, struct err *e);
	void *arg;
};
struct loading {
	struct lessons *l;
	const struct lesson_files *files;
	struct slice folder;           /* shown: "lessons/01-side-door" */
	struct slice file;             /* shown, of the file at hand */
	struct lesson *unit;
	size_t errors;
};

/* A unit of the folder called `name` ("01-side-door"); added to l->units when nothing is wrong with it. */
void lesson_unit(struct lessons *l, const struct lesson_files *files, struct slice folder, struct slice name);
void lessons_order(struct lessons *l);

/* ---- what is wrong: both return false ----------------------------------------------------------------------------------------------------- */
bool lesson_bad(struct loading *ld, int line, int column, const char *fmt, ...) PRINTF_LIKE(4, 5);
bool lesson_bad_at(struct loading *ld, const struct node *at, const char *fmt, ...) PRINTF_LIKE(3, 4);
void lesson_odd_at(struct loading *ld, const struct node *at, const char *fmt, ...) PRINTF_LIKE(3, 4); /* a warning: the unit is used all the same */

/* ---- values: false when something was wrong, and said ---------------------------------------------------------------------------------------- */
bool lesson_keys(struct loading *ld, const struct node *n, const char *const *allowed);
/* {en: , de: , ko: }, or {all: } for what is the same in every language. Absent: false only when it is needed. */
bool lesson_take_text(struct loading *ld, const struct node *map, const char *key, bool needed, struct lesson_text *out);
bool lesson_take_texts(struct loading *ld, const struct node *map, const char *key, size_t most, const struct lesson_text **out, size_t *n);
bool lesson_take_id(struct loading *ld, const struct node *map, const char *key, bool needed, struct slice *out); /* [a-z0-9-], or of a question, node, source */
bool lesson_take_line(struct loading *ld, const struct node *map, const char *key, bool needed, size_t most, struct slice *out); /* one line of text */
bool lesson_take_bool(struct loading *ld, const struct node *map, const char *key, bool *out);
bool lesson_take_number(struct loading *ld, const struct node *map, const char *key, bool needed, unsigned low, unsigned high, unsigned *out);
/* The list, or NULL (said when it is needed, empty, or too long). */
const struct node *lesson_take_list(struct loading *ld, const struct node *map, const char *key, bool needed, size_t most);
bool lesson_is_id(struct slice s);
/* Can this be shown? UTF-8, no control or direction characters. Else the byte where it cannot. */
bool lesson_shows(struct slice s, bool lines, size_t *at);
/* A text of the file for a message: cut, visible. */
const char *lesson_show(struct loading *ld, struct slice s);
/* A file of the unit as YAML; NULL after a message at `at`. ld->file is set to it until lesson_file_end(). */
const struct node *lesson_yaml(struct loading *ld, const struct node *at, struct slice name);
bool lesson_file_name(struct slice s);

const struct lesson_conversation *lesson_conversation(struct loading *ld, const struct node *root);
const struct lesson_exhibit *lesson_exhibit(struct loading *ld, const struct node *root);
/* A file of Markdown: HTML and the text of its first heading, which is taken out. used[i]: source i of the unit was linked. */
bool lesson_markdown(struct loading *ld, struct slice text, bool *used, struct slice *title, struct slice *html);

#endif
