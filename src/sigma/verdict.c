/* verdict.c - events that come again in all that rules read of them: logs tell the same story under new times, numbers and ids. What the rules said is
 * kept under a hash of the fields they read; such an event then costs a hash and a look. Keywords are not part of it: they read whole texts.
 *
 * Bounds: PLACES verdicts, four to a set. One that was used since another wanted its place is kept once more, so that events which never come again do
 * not drive out those that do. The hash is keyed (core/hash.c), 64 bits of it a value and 128 an event. */
#include "sigma/verdict.h"

#include <stdlib.h>

enum { SETS = 1 << 13, WAYS = 4 };

struct verdicts {
	struct verdict v[SETS][WAYS];
};

struct verdicts *verdicts_new(void)
{
	return xcalloc(1, sizeof(struct verdicts));
}

void verdicts_free(struct verdicts *v)
{
	free(v);
}

/* Values of a field stand in no order that matters, nor do fields: the key is a sum. */
static void add_value(struct verdict *k, struct sigma_ctx *c, uint32_t field, const struct val *v)
{
	unsigned type = v->type == VT_RAW ? VT_STRING : v->type;
	uint64_t h = hash_mix(view_hash(c, v), (uint64_t)field << 8 | type << 1 | v->raw);
	k->key += h;
	k->check += h * h | 1;
}

const struct verdict *verdict_find(struct sigma_ctx *c, struct verdict *key)
{
	*key = (struct verdict){.key = 1, .check = c->only_text};
	for (size_t i = 0; i < c->nroutes; i++) {
		key->key = key->key * 0x9e3779b97f4a7c15u + route_number(c->route[i]);
		key->check += key->key;
	}
	for (size_t i = 0; i < c->npresent; i++) {
		uint32_t field = c->present[i];
		if (!route_reads(c, field))
			continue;
		for (const struct val *v = view_first(c, field); v; v = view_next(c, v))
			add_value(key, c, field, v);
	}
	struct verdict *set = c->verdicts->v[hash_u64(key->key) % SETS];
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].key == key->key && set[i].check == key->check) {
			set[i].used = true;
			return &set[i];
		}
	return NULL;
}

void verdict_keep(struct sigma_ctx *c, const struct verdict *v)
{
	struct verdict *set = c->verdicts->v[hash_u64(v->key) % SETS];
	unsigned at = (unsigned)(v->check % WAYS);
	for (unsigned i = 0; i < WAYS; i++, at = (at + 1) % WAYS)
		if (!set[at].used) {
			set[at] = *v;
			return;
		}
	for (unsigned i = 0; i < WAYS; i++)
		set[i].used = false;
	set[at] = *v;
}
