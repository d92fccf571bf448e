/* strtab.c - bytes to a dense number and back: open addressing over an array of copies. */
#include "core/core.h"

#include <stdlib.h>

enum { STRTAB_MIN_SLOTS = 64 };

/* id + 1, 0 for an empty slot; part of the hash spares most comparisons. */
struct strtab_slot {
	uint32_t id1, tag;
};

struct strtab {
	struct {
		struct slice *v;
		size_t n, cap;
	} texts;
	struct strtab_slot *slots;
	size_t mask; /* number of slots - 1; a power of two */
	struct arena bytes;
};

struct strtab *strtab_new(void)
{
	struct strtab *t = xcalloc(1, sizeof *t);

	arena_init(&t->bytes);
	t->mask = STRTAB_MIN_SLOTS - 1;
	t->slots = xcalloc(STRTAB_MIN_SLOTS, sizeof *t->slots);
	*vec_push(&t->texts) = slice_of(""); /* number 0, never in a slot */
	return t;
}

void strtab_free(struct strtab *t)
{
	if (t == NULL)
		return;
	arena_free(&t->bytes);
	free(t->texts.v);
	free(t->slots);
	free(t);
}

/* The slot that holds s, or the empty one where it belongs. */
static size_t slot_of(const struct strtab *t, struct slice s, uint64_t h)
{
	uint32_t tag = (uint32_t)(h >> 32);
	size_t i = h & t->mask;

	for (; t->slots[i].id1 != 0; i = (i + 1) & t->mask)
		if (t->slots[i].tag == tag && slice_eq(t->texts.v[t->slots[i].id1 - 1], s))
			break;
	return i;
}

static void more_slots(struct strtab *t)
{
	size_t n = (t->mask + 1) * 2;

	free(t->slots);
	t->slots = xcalloc(n, sizeof *t->slots);
	t->mask = n - 1;
	for (size_t id = 1; id < t->texts.n; id++) {
		uint64_t h = hash_bytes(t->texts.v[id].p, t->texts.v[id].n);
		size_t i = h & t->mask;
		while (t->slots[i].id1 != 0)
			i = (i + 1) & t->mask;
		t->slots[i] = (struct strtab_slot){(uint32_t)id + 1, (uint32_t)(h >> 32)};
	}
}

uint32_t strtab_put(struct strtab *t, struct slice s)
{
	uint64_t h;
	size_t i;

	if (s.n == 0)
		return 0;
	h = hash_bytes(s.p, s.n);
	i = slot_of(t, s, h);
	if (t->slots[i].id1 != 0)
		return t->slots[i].id1 - 1;
	if (unlikely(t->texts.n >= UINT32_MAX - 1))
		core_oom();
	*vec_push(&t->texts) = slice_dup(&t->bytes, s);
	t->slots[i] = (struct strtab_slot){(uint32_t)t->texts.n, (uint32_t)(h >> 32)};
	if (t->texts.n > (t->mask + 1) / 4 * 3)
		more_slots(t);
	return (uint32_t)t->texts.n - 1;
}

uint32_t strtab_find(const struct strtab *t, struct slice s)
{
	uint32_t id1;

	if (s.n == 0)
		return 0;
	id1 = t->slots[slot_of(t, s, hash_bytes(s.p, s.n))].id1;
	return id1 != 0 ? id1 - 1 : UINT32_MAX;
}

struct slice strtab_get(const struct strtab *t, uint32_t id)
{
	return id < t->texts.n ? t->texts.v[id] : SLICE_NONE;
}

uint32_t strtab_count(const struct strtab *t)
{
	return (uint32_t)t->texts.n;
}
