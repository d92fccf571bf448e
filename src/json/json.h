/* json.h - the only door to simdjson: a JSON object as a flat list of named scalars.
 *
 * Life:    one parser per thread, reused; what json_flatten gives is valid until its next call.
 * Errors:  enum json_result. No exception crosses.
 * Bytes that no JSON may hold but real logs do (invalid UTF-8, raw control bytes, nginx's \xNN, lone surrogates, numbers
 * beyond 64 bit) are mended, so that a hostile value cannot hide its line.
 */
#ifndef POSTERN_JSON_H
#define POSTERN_JSON_H

/* C++ reads this too, which core.h is not made for. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum json_result {
	JSON_OK,
	JSON_SYNTAX, /* not a JSON object */
	JSON_LIMIT,  /* nested too deep, too large */
	JSON_NOMEM,
};
struct json_text {
	const char *p;
	size_t n;
};
enum json_type { JSON_STRING, JSON_NUMBER, JSON_BOOL, JSON_NULL, JSON_CONTAINER /* an object, without text */, JSON_ARRAY /* the same */,
	JSON_RAW /* json_pick alone: a string as it is written, escapes and all */ };
struct json_leaf {
	struct json_text name; /* dotted path: "winlog.event_data.Image"; members of arrays bear the array's name */
	struct json_text text; /* a number as text, "true", "false"; null members are left out */
	uint8_t type;      /* enum json_type */
	uint8_t depth;     /* 1: member of the outermost object */
	uint8_t level;     /* the same without arrays: how many objects the name walks through */
};
struct json_flat {
	struct json_leaf *v;
	size_t n;
	bool cut; /* there was more than fits */
};

struct json_parser;
struct json_parser *json_parser_new(unsigned max_depth, size_t max_leaves); /* NULL: out of memory */
void json_parser_free(struct json_parser *p);
/* Null members and containers are leaves too, for who asks whether a member is there. */
void json_keep_all(struct json_parser *p);
/* text: one whole object; need not be padded. Array members under the name `bytes` that are all numbers 0-255 become one
 * string (journald writes messages so that are not text). */
enum json_result json_flatten(struct json_parser *p, struct json_text text, struct json_text bytes, struct json_flat *out);
/* A member of the outermost object as JSON text (a string: its content), or the index-th element of that member when it is an
 * array and index is not SIZE_MAX. False when it is not there. Valid until the parser is used again. For tests and tools: slow. */
bool json_part(struct json_parser *p, struct json_text text, struct json_text member, size_t index, struct json_text *out);
/* The memory in which all strings of the last json_flatten lie: copy it once, then move the slices. */
struct json_text json_memory(const struct json_parser *p);

/* A document of records, however it is laid out: {"name": scalar or list, "many": [{...}, ...], ...}. value() is told every scalar of it: array "" for a
 * member of the outermost object, else the name of the array whose index-th element, an object, has it; of a list each element by itself. An array of the
 * outermost object is told itself, as JSON_ARRAY with its name for member and without text, before what it holds; so is each object in it, as
 * JSON_CONTAINER, and each list. Deeper objects and lists are left out. Nothing is mended: what RFC 8259 does not allow is JSON_SYNTAX. value() false
 * ends it with JSON_LIMIT. The texts are gone when value() returns. */
struct json_element {
	struct json_text array, member, text; /* text as in json_leaf */
	size_t index;                         /* of the object in the array */
	uint8_t type;                         /* enum json_type */
};
enum json_result json_elements(struct json_text text, bool (*value)(void *arg, const struct json_element *e), void *arg);

/* Only the members that are asked for, in one pass over the text, of which nothing is copied: value() gets slices of it (names and types as in
 * json_flatten with json_keep_all; strings as JSON_RAW, since most need no unescaping or are never looked at). want() is told a dotted name with a
 * number for it, below JSON_NAMES_MAX + 1, and answers whether its values matter; it is asked once until the number is given to another name.
 * Anything but JSON_OK: what value() was told counts for nothing; json_flatten may mend the text. One picker per thread. */
enum { JSON_NAMES_MAX = 4096 };
struct json_picking {
	bool (*want)(void *arg, uint32_t number, struct json_text name);
	void (*value)(void *arg, uint32_t number, struct json_text text, uint8_t type, uint8_t level);
	void *arg;
};
struct json_picker;
struct json_picker *json_picker_new(unsigned max_depth); /* NULL: out of memory */
void json_picker_free(struct json_picker *p);
enum json_result json_pick(struct json_picker *p, struct json_text text, const struct json_picking *pick);
/* Writes at most n bytes to `to` and returns how many; what is no escape stays as it is, a lone surrogate becomes U+FFFD. */
size_t json_unescape(struct json_text raw, char *to);

#ifdef __cplusplus
}
#endif
#endif
