/* shape.h - objects whose members have the same names and kinds in the same order as one before: they are compared, not walked. For pick.cc alone. */
#ifndef POSTERN_JSON_SHAPE_H
#define POSTERN_JSON_SHAPE_H

#include <memory>
#include <vector>

#include "json/json_private.h"

/* A text and where simdjson found its tokens; at[n] is the text's length. */
struct json_tokens {
	const char *p;
	size_t size;
	const uint32_t *at;
	size_t n;
};

/* A member whose value somebody wants. */
struct shape_wanted {
	uint32_t name, token; /* the picker's number; the value's place among the tokens */
	uint8_t level;
	char kind;            /* what the value begins with; '0': a number or a word */
};

/* What must come next: a name, then a value, then one more token; each may be missing. */
struct shape_step {
	uint32_t key;         /* in keys: the name in quotes and its colon */
	uint16_t key_n;
	char value, then;
};

class shape {
public:
	shape() : steps(), wanted(), keys(), ntokens(0), used(false) {}
	bool fits(const json_tokens &t) const;
	bool is_for(const json_tokens &t) const { return ntokens == t.n; }

	std::vector<shape_step> steps;
	std::vector<shape_wanted> wanted;
	std::vector<char> keys;
	size_t ntokens;
	bool used;            /* since another wanted its place */
};

class shapes {
public:
	shapes() : slot(), fresh(), over(false) {}
	/* The shape of this text; nullptr: walk() it and tell what is found, begin() first and end() behind. */
	const shape *find(const json_tokens &t);
	void begin();
	void key(const char *p, size_t n);
	void value(const json_tokens &t, size_t token, uint32_t name, uint8_t level, bool wanted);
	void then(char c);
	void end(const json_tokens &t);
	void forget();

private:
	static constexpr size_t SLOTS = 1024, STEPS_MAX = 256, KEYS_MAX = 8192;
	std::unique_ptr<shape> slot[SLOTS];
	shape fresh;          /* of the text being walked */
	bool over;            /* it has too many members */
	static size_t place(const json_tokens &t);
	shape_step &step();
};

#endif
