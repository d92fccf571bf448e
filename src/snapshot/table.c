/* table.c - what records are made of, and room for them. */
#include "snapshot/snapshot_private.h"

#include <stdlib.h>

static const char *const password_words[] = {"unknown", "empty", "locked", "set", NULL};
static const char *const tri_words[] = {"unknown", "no", "yes", NULL};

#define AT(kind, k) {.name = "file", .type = SNAP_T_TEXT, .offset = offsetof(struct snap_##kind, at.file), .key = k}, {.name = "line", .type = SNAP_T_NUMBER, .offset = offsetof(struct snap_##kind, at.line)},
#define COLUMN(kind, field, t, k, ...) {.name = #field, .type = t, .offset = offsetof(struct snap_##kind, field), .key = k, __VA_ARGS__},
#define RECORD(kind) static const struct snap_column kind##_columns[] = {AT(kind, false)
#define RECORD_AT(kind) static const struct snap_column kind##_columns[] = {AT(kind, true)
#define TEXT(kind, field) COLUMN(kind, field, SNAP_T_TEXT, false)
#define KEY_TEXT(kind, field) COLUMN(kind, field, SNAP_T_TEXT, true)
#define LIST(kind, field) COLUMN(kind, field, SNAP_T_LIST, false)
#define KEY_LIST(kind, field) COLUMN(kind, field, SNAP_T_LIST, true)
#define NUMBER(kind, field, empty) COLUMN(kind, field, SNAP_T_NUMBER, false, .none = empty)
#define WORD(kind, field, w) COLUMN(kind, field, SNAP_T_WORD, false, .words = w)
#define END {.name = NULL}};
#include "snapshot/records.def"

const struct snap_table snap_tables[SNAP_KIND_COUNT] = {
#define X(one, many) {#one, #many, sizeof(struct snap_##one), one##_columns, offsetof(struct snapshot, many), offsetof(struct snapshot, n##many)},
	SNAP_KINDS(X)
#undef X
};

/* An enum is written through a pointer to uint32_t. */
_Static_assert(sizeof(enum snap_tri) == sizeof(uint32_t) && sizeof(enum snap_password) == sizeof(uint32_t), "words are 32 bits");

const char *snap_kind_name(enum snap_kind k)
{
	return snap_tables[k].name;
}

struct snapshot *snapshot_new(void)
{
	struct snapshot *s = xcalloc(1, sizeof *s);
	arena_init(&s->mem);
	return s;
}

void snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
#define X(one, many) free(s->many);
	SNAP_KINDS(X)
#undef X
	arena_free(&s->mem);
	free(s);
}

static void *array_of(const struct snapshot *s, enum snap_kind k)
{
	void *v;
	memcpy(&v, (const char *)s + snap_tables[k].rows, sizeof v);
	return v;
}

size_t snap_count(const struct snapshot *s, enum snap_kind k)
{
	size_t n;
	memcpy(&n, (const char *)s + snap_tables[k].count, sizeof n);
	return n;
}

const void *snap_row(const struct snapshot *s, enum snap_kind k, size_t i)
{
	return (const char *)array_of(s, k) + i * snap_tables[k].size;
}

void *snapshot_add(struct snapshot *s, enum snap_kind k)
{
	const struct snap_table *t = &snap_tables[k];
	size_t n = snap_count(s, k);
	char *v = array_of(s, k);
	if ((n & (n - 1)) == 0) { /* full at every power of two: no capacity need be kept */
		v = xreallocarray(v, n ? 2 * n : 1, t->size);
		memcpy((char *)s + t->rows, &v, sizeof v);
	}
	void *row = v + n * t->size;
	memset(row, 0, t->size);
	for (const struct snap_column *c = t->columns; c->name; c++)
		if (c->type == SNAP_T_NUMBER)
			memcpy((char *)row + c->offset, &c->none, sizeof c->none);
	n++;
	memcpy((char *)s + t->count, &n, sizeof n);
	return row;
}

struct slice snap_text_of(const void *row, const struct snap_column *c)
{
	struct slice s;
	memcpy(&s, (const char *)row + c->offset, sizeof s);
	return s;
}

int64_t snap_number_of(const void *row, const struct snap_column *c)
{
	int64_t n;
	memcpy(&n, (const char *)row + c->offset, sizeof n);
	return n;
}

struct snap_list snap_list_of(const void *row, const struct snap_column *c)
{
	struct snap_list l;
	memcpy(&l, (const char *)row + c->offset, sizeof l);
	return l;
}

uint32_t snap_word_of(const void *row, const struct snap_column *c)
{
	uint32_t w, n = 0;
	memcpy(&w, (const char *)row + c->offset, sizeof w);
	while (c->words[n])
		n++;
	return w < n ? w : 0;
}

#define HEAD(field, t, ...) {.name = #field, .type = t, .offset = offsetof(struct snapshot, field), __VA_ARGS__},
const struct snap_column snap_head[] = {
	HEAD(host, SNAP_T_TEXT) HEAD(names, SNAP_T_LIST) HEAD(addresses, SNAP_T_LIST) HEAD(taken, SNAP_T_NUMBER) HEAD(taken_by, SNAP_T_TEXT) HEAD(root, SNAP_T_TEXT)
	HEAD(as_root, SNAP_T_WORD, .words = tri_words) HEAD(live, SNAP_T_WORD, .words = tri_words)
	{.name = NULL},
};
