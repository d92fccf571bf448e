/* test_json.h - a strict little JSON reader for tests: is it well formed, and what is at a path? */
#ifndef POSTERN_TEST_JSON_H
#define POSTERN_TEST_JSON_H

#include "core/core.h"

struct json_at {
	const char *p, *end;
	bool bad;
};

static bool json_value(struct json_at *j, struct slice path, struct slice *found, int depth);

static bool json_take(struct json_at *j, char c)
{
	if (j->p < j->end && *j->p == c)
		return j->p++, true;
	return false;
}

/* Between the quotes, as written. */
static struct slice json_string(struct json_at *j)
{
	const char *from = ++j->p;
	for (; j->p < j->end && *j->p != '"'; j->p++) {
		uint64_t code;
		if ((unsigned char)*j->p < 0x20)
			j->bad = true;
		if (*j->p != '\\')
			continue;
		j->p++;
		if (j->p == j->end || !strchr("\"\\/bfnrtu", *j->p) || !*j->p) {
			j->bad = true;
			break;
		}
		if (*j->p == 'u') {
			if (j->end - j->p < 5 || !slice_hex(slice_make(j->p + 1, 4), &code))
				j->bad = true;
			else
				j->p += 4;
		}
	}
	struct slice s = slice_make(from, (size_t)(j->p - from));
	if (!json_take(j, '"') || !slice_utf8(s))
		j->bad = true;
	return s;
}

/* Two members of one name would leave it to the reader which counts. */
enum { JSON_NAMES_MAX = 400 };

static bool json_object(struct json_at *j, struct slice path, struct slice *found, int depth)
{
	struct slice names[JSON_NAMES_MAX], head = path, rest = path;
	size_t n = 0;
	bool hit = false, deeper = slice_cut(&rest, '.', &head);

	if (!deeper)
		head = path, rest = SLICE_NONE;
	j->p++;
	if (json_take(j, '}'))
		return false;
	do {
		if (j->p >= j->end || *j->p != '"' || n == JSON_NAMES_MAX)
			return j->bad = true, false;
		names[n] = json_string(j);
		for (size_t i = 0; i < n; i++)
			if (slice_eq(names[i], names[n]))
				j->bad = true;
		bool here = path.n && slice_eq(names[n++], head);
		if (!json_take(j, ':'))
			return j->bad = true, false;
		const char *from = j->p;
		bool below = json_value(j, here && deeper ? rest : SLICE_NONE, found, depth + 1);
		if (here && !deeper) {
			*found = slice_make(from, (size_t)(j->p - from));
			hit = true;
		}
		hit = hit || below;
	} while (!j->bad && json_take(j, ','));
	if (!json_take(j, '}'))
		j->bad = true;
	return hit;
}

static void json_array(struct json_at *j, int depth)
{
	j->p++;
	if (json_take(j, ']'))
		return;
	do
		json_value(j, SLICE_NONE, NULL, depth + 1);
	while (!j->bad && json_take(j, ','));
	if (!json_take(j, ']'))
		j->bad = true;
}

static void json_plain(struct json_at *j)
{
	const char *from = j->p;
	while (j->p < j->end && !strchr(",]} \n", *j->p))
		j->p++;
	struct slice s = slice_make(from, (size_t)(j->p - from));
	int64_t n;
	if (!slice_eqz(s, "true") && !slice_eqz(s, "false") && !slice_eqz(s, "null") && !slice_i64(s, &n))
		j->bad = true;
}

static bool json_value(struct json_at *j, struct slice path, struct slice *found, int depth)
{
	bool hit = false;
	if (j->p >= j->end || depth > 64)
		j->bad = true;
	else if (*j->p == '{')
		hit = json_object(j, path, found, depth);
	else if (*j->p == '[')
		json_array(j, depth);
	else if (*j->p == '"')
		json_string(j);
	else
		json_plain(j);
	return hit && !j->bad;
}

/* Well formed from end to end, without blanks, only whole numbers: what Postern writes. */
static inline bool json_ok(struct slice text)
{
	struct json_at j = {text.p, text.p + text.n, false};
	json_value(&j, SLICE_NONE, NULL, 0);
	return !j.bad && j.p == j.end;
}

/* The value at a path of names ("source.ip"), as written; SLICE_NONE when absent. Not into arrays. */
static inline struct slice json_get(struct slice text, const char *path)
{
	struct json_at j = {text.p, text.p + text.n, false};
	struct slice found = SLICE_NONE;
	return json_value(&j, slice_of(path), &found, 0) ? found : SLICE_NONE;
}

#endif
