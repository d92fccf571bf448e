#include "event/event.h"

#include <stdio.h>
#include <stdlib.h>

const struct field_info field_table[FIELD_COUNT] = {
	[F_NONE] = {"", FT_STR, 0},
#define STR FT_STR
#define INT FT_INT
#define ADDR FT_ADDR
#define FIELD(id, name, type) [id] = {name, type, sizeof(name) - 1},
#include "event/fields.def"
#undef FIELD
#undef STR
#undef INT
#undef ADDR
};

const struct action_info action_table[ACTION_COUNT] = {
#define ACTION(id, name, category, type) [id] = {#id, name, category, type},
#include "event/actions.def"
#undef ACTION
};

enum field_id field_by_name(struct slice name)
{
	for (int i = 1; i < FIELD_COUNT; i++)
		if (name.n == field_table[i].n && memcmp(name.p, field_table[i].name, name.n) == 0)
			return (enum field_id)i;
	return F_NONE;
}

enum action action_by_name(struct slice name)
{
	for (int i = 1; i < ACTION_COUNT; i++)
		if (slice_eqz(name, action_table[i].name))
			return (enum action)i;
	return ACT_NONE;
}

const char *outcome_name(enum outcome o)
{
	static const char *const names[] = {"", "success", "failure", "unknown"};
	return (unsigned)o < ARRAY_LEN(names) ? names[o] : "";
}

static const char *const level_names[LEVEL_COUNT] = {"informational", "low", "medium", "high", "critical"};

const char *level_name(enum level l)
{
	return (unsigned)l < LEVEL_COUNT ? level_names[l] : "?";
}

bool level_parse(struct slice s, enum level *out)
{
	for (int i = 0; i < LEVEL_COUNT; i++)
		if (slice_ieq(s, slice_of(level_names[i]))) {
			*out = (enum level)i;
			return true;
		}
	if (slice_ieq(s, SL("info"))) {
		*out = LEVEL_INFO;
		return true;
	}
	return false;
}

const char *entity_name(enum entity_type t)
{
	static const char *const names[ENT_COUNT] = {
		"host", "destination host", "user", "source", "provider", "person", "file", "hash", "mail", "key", "domain", "command", "profile",
	};
	return (unsigned)t < ENT_COUNT ? names[t] : "?";
}

static const struct {
	const char *name, *title;
} stages[STAGE_COUNT] = {
#define X(id, name, title) [id] = {name, title},
	STAGE_LIST(X)
#undef X
};

const char *stage_name(enum stage s)
{
	return (unsigned)s < STAGE_COUNT ? stages[s].name : "?";
}

const char *stage_title(enum stage s)
{
	return (unsigned)s < STAGE_COUNT ? stages[s].title : "?";
}

/* ---- who wants what ------------------------------------------------------------------------------------------ */

void interest_add_from(struct interest *i, enum action a, const char *from)
{
	bool had = interest_has(i, a);
	const char *before = i->from[a];
	interest_add(i, a);
	if (!had || (before && strcmp(before, from) == 0))
		i->from[a] = from;
}

static bool is_listed(struct slice list, struct slice name)
{
	struct slice word;
	while (slice_word(&list, &word))
		if (slice_eq(word, name))
			return true;
	return false;
}

bool interest_from(const struct interest *i, enum action a, struct slice dataset)
{
	const char *from = i->from[a];
	if (!from)
		return true;
	bool all_but = from[0] == '!';
	return is_listed(slice_of(from + all_but), dataset) != all_but;
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

const struct value *event_get(const struct event *e, enum field_id f)
{
	for (uint32_t i = 0; i < e->nvalues; i++)
		if (e->values[i].field == f)
			return &e->values[i];
	return NULL;
}

struct slice event_str(const struct event *e, enum field_id f)
{
	const struct value *v = event_get(e, f);
	return v ? slice_make(v->p, v->len) : SLICE_NONE;
}

int64_t event_int(const struct event *e, enum field_id f, int64_t fallback)
{
	const struct value *v = event_get(e, f);
	return v && v->type == FT_INT && v->parsed ? v->n : fallback;
}

const struct ip *event_ip(const struct event *e, enum field_id f)
{
	const struct value *v = event_get(e, f);
	return v && v->type == FT_ADDR && v->parsed ? v->ip : NULL;
}

struct slice event_source(const struct event *e)
{
	const struct value *v = event_get(e, F_SOURCE_IP);
	if (!v)
		v = event_get(e, F_SOURCE_ADDRESS);
	return v ? slice_make(v->p, v->len) : SLICE_NONE;
}

/* ---- batch --------------------------------------------------------------------------------------------------- */

void batch_init(struct batch *b)
{
	*b = (struct batch){0};
	arena_init(&b->arena);
}

void batch_reset(struct batch *b)
{
	arena_reset(&b->arena);
	b->n = 0;
}

void batch_free(struct batch *b)
{
	arena_free(&b->arena);
	free(b->v);
	*b = (struct batch){0};
}

struct event *batch_add(struct batch *b)
{
	struct event *e = vec_push(b);
	memset(e, 0, sizeof *e);
	return e;
}

enum { VALUES_FIRST = 12 };

static void more_room(struct batch *b, struct event *e, uint32_t need)
{
	uint32_t cap = MAX(e->capvalues ? e->capvalues * 2 : VALUES_FIRST, need);
	struct value *v = arena_alloc(&b->arena, cap * sizeof *v);
	if (e->nvalues)
		memcpy(v, e->values, e->nvalues * sizeof *v);
	e->values = v;
	e->capvalues = cap;
}

static inline struct value *value_slot(struct batch *b, struct event *e)
{
	if (unlikely(e->nvalues == e->capvalues)) {
		if (e->nvalues >= LIMIT_VALUES)
			return NULL;
		more_room(b, e, 0);
	}
	return &e->values[e->nvalues++];
}

struct value *event_room(struct batch *b, struct event *e, uint32_t n)
{
	if (e->capvalues - e->nvalues < n)
		more_room(b, e, e->nvalues + n);
	return e->values + e->nvalues;
}

/* The field that takes an address which turned out to be a name. */
static enum field_id address_field(enum field_id f)
{
	switch (f) {
	case F_SOURCE_IP: return F_SOURCE_ADDRESS;
	case F_DEST_IP: return F_DEST_ADDRESS;
	case F_CLIENT_IP: return F_CLIENT_ADDRESS;
	default: return F_NONE;
	}
}

void event_add(struct batch *b, struct event *e, enum field_id f, struct slice text)
{
	struct value *v = value_slot(b, e);
	if (unlikely(!v))
		return;
	enum field_type type = field_table[f].type;
	*v = (struct value){.field = (uint16_t)f, .type = (uint8_t)type, .len = (uint32_t)MIN(text.n, UINT32_MAX), .p = text.p};
	if (likely(type == FT_STR))
		return;
	if (type == FT_INT) {
		v->parsed = slice_i64(text, &v->n);
	} else if (type == FT_ADDR) {
		struct ip *ip = arena_alloc(&b->arena, sizeof *ip);
		if (ip_parse(text, ip)) {
			v->parsed = true;
			v->ip = ip;
			if (text.n > 7 && slice_istarts(text, SL("::ffff:")) && ip_is_v4(ip) && memchr(text.p, '.', text.n)) {
				v->p += 7;
				v->len -= 7;
			}
		} else {
			enum field_id g = address_field(f);
			v->type = FT_STR;
			if (g)
				v->field = (uint16_t)g;
		}
	}
}

void event_add_int(struct batch *b, struct event *e, enum field_id f, int64_t n)
{
	struct value *v = value_slot(b, e);
	if (!v)
		return;
	char tmp[24];
	int len = snprintf(tmp, sizeof tmp, "%lld", (long long)n);
	struct slice s = slice_dup(&b->arena, slice_make(tmp, (size_t)len));
	*v = (struct value){.field = (uint16_t)f, .type = FT_INT, .parsed = true, .len = (uint32_t)s.n, .p = s.p, .n = n};
}

void event_add_named(struct batch *b, struct event *e, struct slice name, struct slice text)
{
	struct value *v = value_slot(b, e);
	if (!v)
		return;
	struct slice s = slice_dup(&b->arena, name);
	*v = (struct value){.field = FIELD_COUNT, .type = FT_STR, .len = (uint32_t)MIN(text.n, UINT32_MAX), .p = text.p, .name = s.p};
}

struct event *event_copy(struct batch *to, const struct event *e)
{
	struct event *c = batch_add(to);
	*c = *e;
	c->pairs = NULL;
	c->host = slice_dup(&to->arena, e->host);
	c->at.raw = slice_dup(&to->arena, e->at.raw);
	if (e->nmore) {
		c->more = arena_alloc(&to->arena, e->nmore * sizeof *c->more);
		for (uint32_t i = 0; i < e->nmore; i++)
			c->more[i] = (struct rawref){e->more[i].offset, slice_dup(&to->arena, e->more[i].raw)};
	}
	if (e->nvalues) {
		c->capvalues = e->nvalues;
		c->values = arena_alloc(&to->arena, e->nvalues * sizeof *c->values);
		for (uint32_t i = 0; i < e->nvalues; i++) {
			struct value *v = &c->values[i];
			*v = e->values[i];
			v->p = slice_dup(&to->arena, slice_make(v->p, v->len)).p;
			if (v->field >= FIELD_COUNT) {
				v->name = slice_dup(&to->arena, slice_of(v->name)).p;
			} else if (v->type == FT_ADDR && v->parsed) {
				struct ip *ip = arena_alloc(&to->arena, sizeof *ip);
				*ip = *v->ip;
				v->ip = ip;
			}
		}
	} else {
		c->values = NULL;
		c->capvalues = 0;
	}
	return c;
}
