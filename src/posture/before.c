/* before.c - an earlier result, read back from its JSON, and what has changed since. */
#include "posture/tell_private.h"
#include "json/json.h"

#include <stdlib.h>

enum { DEPTH_MAX = 12, BEFORE_BYTES_MAX = 256 << 20 };

struct old {
	uint32_t key; /* of check and host, in keys */
	enum posture_result result;
};
struct posture_before {
	struct strtab *keys, *hosts;
	struct { struct old *v; size_t n, cap; } rows;
	uint8_t *of_key; /* result by key; 255 none */
	char time[40];
	double score;
	/* while reading */
	struct slice check, host;
	bool bad;
	struct arena mem;
};

enum { WANT_FORMAT = 1, WANT_TIME, WANT_SCORE, WANT_HOSTS, WANT_CHECK, WANT_HOST, WANT_RESULT };
static const struct { const char *name; uint32_t want; } names[] = {
	{"postern_audit", WANT_FORMAT}, {"time", WANT_TIME}, {"score_tenths", WANT_SCORE}, {"hosts", WANT_HOSTS}, {"results.check", WANT_CHECK}, {"results.host", WANT_HOST}, {"results.result", WANT_RESULT}};

struct reading {
	struct posture_before *b;
	uint8_t what[JSON_NAMES_MAX + 1];
	bool format;
};

static bool want(void *arg, uint32_t number, struct json_text name)
{
	struct reading *r = arg;
	r->what[number] = 0;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (name.n == strlen(names[i].name) && memcmp(name.p, names[i].name, name.n) == 0)
			r->what[number] = (uint8_t)names[i].want;
	return r->what[number] != 0;
}

static uint32_t key_of(struct strtab *t, struct slice check, struct slice host, bool make)
{
	struct key k;
	key_init(&k);
	key_add(&k, check);
	key_add(&k, host);
	return make ? strtab_put(t, key_slice(&k)) : strtab_find(t, key_slice(&k));
}

static void one_result(struct posture_before *b, struct slice s)
{
	for (int r = POSTURE_PASS; r <= POSTURE_UNKNOWN; r++)
		if (slice_eqz(s, posture_result_name((enum posture_result)r))) {
			*vec_push(&b->rows) = (struct old){key_of(b->keys, b->check, b->host, true), (enum posture_result)r};
			return;
		}
	b->bad = true;
}

static void value(void *arg, uint32_t number, struct json_text text, uint8_t type, uint8_t level)
{
	struct reading *r = arg;
	struct posture_before *b = r->b;
	struct slice s = {text.p, text.n};
	uint64_t tenths;
	(void)level;
	if (type == JSON_RAW) {
		char *to = arena_alloc(&b->mem, text.n + 1);
		s = slice_make(to, json_unescape(text, to));
	}
	switch (r->what[number]) {
	case WANT_FORMAT: r->format = slice_eqz(s, "1"); break;
	case WANT_TIME: memcpy(b->time, s.p, MIN(s.n, sizeof b->time - 1)); break;
	case WANT_SCORE:
		if (slice_u64(s, 1000, &tenths))
			b->score = (double)tenths / 10;
		break;
	case WANT_HOSTS: (void)strtab_put(b->hosts, s); break;
	case WANT_CHECK: b->check = slice_dup(&b->mem, s); break;
	case WANT_HOST: b->host = slice_dup(&b->mem, s); break;
	case WANT_RESULT: one_result(b, s); break;
	default: break;
	}
}

struct posture_before *posture_before_read(struct slice json, const char *name, struct err *e)
{
	struct posture_before *b = xcalloc(1, sizeof *b);
	struct reading *r = xcalloc(1, sizeof *r);
	struct json_picker *p = json_picker_new(DEPTH_MAX);
	arena_init(&b->mem);
	b->keys = strtab_new();
	b->hosts = strtab_new();
	r->b = b;
	bool fine = p && json.n <= BEFORE_BYTES_MAX && json_pick(p, (struct json_text){json.p, json.n}, &(struct json_picking){want, value, r}) == JSON_OK && r->format && !b->bad;
	json_picker_free(p);
	free(r);
	if (!fine) {
		err_at(e, ERR_SYNTAX, name, 0, 0, "not a result of postern audit --format json");
		posture_before_free(b);
		return NULL;
	}
	uint32_t n = strtab_count(b->keys);
	b->of_key = xmalloc(n ? n : 1);
	memset(b->of_key, 255, n);
	for (size_t i = 0; i < b->rows.n; i++)
		b->of_key[b->rows.v[i].key] = (uint8_t)b->rows.v[i].result;
	return b;
}

void posture_before_free(struct posture_before *b)
{
	if (!b)
		return;
	strtab_free(b->keys);
	strtab_free(b->hosts);
	free(b->rows.v);
	free(b->of_key);
	arena_free(&b->mem);
	free(b);
}

static bool wrong(unsigned r)
{
	return r == POSTURE_FAIL || r == POSTURE_UNKNOWN;
}

enum tell_change tell_change_of(const struct posture_before *b, const struct posture_row *r)
{
	if (!b)
		return CHANGE_NONE;
	uint32_t k = key_of(b->keys, slice_of(r->check->id), r->host, false);
	unsigned was = k == UINT32_MAX ? 255 : b->of_key[k];
	if (was == 255)
		return wrong(r->result) ? CHANGE_FIRST : CHANGE_NONE;
	return wrong(r->result) == wrong(was) ? CHANGE_NONE : wrong(r->result) ? CHANGE_WORSE : CHANGE_BETTER;
}

void tell_since(const struct posture *p, const struct posture_before *b, struct tell_since *out)
{
	*out = (struct tell_since){.time = b->time, .score = b->score};
	for (size_t i = 0; i < p->n; i++)
		out->count[tell_change_of(b, &p->v[i])]++;
	for (uint32_t i = 1; i < strtab_count(b->hosts); i++) {
		bool still = false;
		for (size_t k = 0; k < p->nhosts && !still; k++)
			still = slice_eq(p->hosts[k], strtab_get(b->hosts, i));
		if (!still)
			*vec_push(&out->gone) = strtab_get(b->hosts, i);
	}
}

void tell_since_free(struct tell_since *s)
{
	free(s->gone.v);
}
