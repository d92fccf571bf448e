/* relation.c - open addressing with linear probing; slots age by themselves and go when the table would have to grow. */
#include "path/path_private.h"

#include <stdlib.h>

enum { FIRST_SLOTS = 1 << 12 };

void relations_init(struct relations *r, unsigned window)
{
	*r = (struct relations){.v = xcalloc(FIRST_SLOTS, sizeof(struct relation)), .mask = FIRST_SLOTS - 1, .window = window};
}

void relations_free(struct relations *r)
{
	free(r->v);
	*r = (struct relations){0};
}

/* Names are dense numbers given by us, so a fixed mixer serves: nobody outside chooses them. */
uint64_t relation_key(unsigned kind, uint32_t a, uint32_t b, uint32_t c)
{
	uint64_t x = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15u;
	x ^= x >> 32;
	x = (x + ((uint64_t)c << 8 | kind)) * 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	return x ? x : 1;
}

struct relation *relations_find(const struct relations *r, uint64_t key)
{
	for (size_t i = key & r->mask; r->v[i].key; i = (i + 1) & r->mask)
		if (r->v[i].key == key)
			return &r->v[i];
	return NULL;
}

static bool young(const struct relations *r, const struct relation *x, unsigned day)
{
	return x->key && x->last + r->window >= day;
}

static void rebuild(struct relations *r, size_t slots, unsigned day)
{
	struct relation *old = r->v;
	size_t n = r->mask + 1;
	r->v = xcalloc(slots, sizeof *r->v);
	r->mask = slots - 1;
	r->n = 0;
	for (size_t i = 0; i < n; i++) {
		if (!young(r, &old[i], day))
			continue;
		size_t at = old[i].key & r->mask;
		while (r->v[at].key)
			at = (at + 1) & r->mask;
		r->v[at] = old[i];
		r->n++;
	}
	free(old);
}

/* Full at 3/4: drop what is old; grow when that was not half of it. */
static bool make_room(struct relations *r, unsigned day)
{
	size_t slots = r->mask + 1, alive = 0;
	for (size_t i = 0; i < slots; i++)
		alive += young(r, &r->v[i], day);
	if (alive > slots / 2 && slots < PATH_RELATIONS_MAX)
		slots *= 2;
	else if (alive > slots / 4 * 3 - slots / 16) {
		r->forgotten++;
		return false;
	}
	rebuild(r, slots, day);
	return true;
}

static void age(struct relation *x, unsigned day)
{
	if (day <= x->last)
		return;
	unsigned passed = day - x->last;
	x->days = passed < 32 ? x->days << passed : 0;
	x->last = (uint16_t)day;
}

struct relation *relations_touch(struct relations *r, uint64_t key, unsigned day)
{
	struct relation *x = relations_find(r, key);
	if (!x) {
		if (r->n >= (r->mask + 1) / 4 * 3 && !make_room(r, day))
			return NULL;
		size_t i = key & r->mask;
		while (r->v[i].key)
			i = (i + 1) & r->mask;
		x = &r->v[i];
		*x = (struct relation){.key = key, .last = (uint16_t)day};
		r->n++;
	}
	age(x, day);
	x->days |= 1;
	return x;
}

unsigned relation_days(const struct relation *r, unsigned day)
{
	if (!r)
		return 0;
	uint32_t days = r->days;
	if (day > r->last) {
		unsigned passed = day - r->last;
		if (passed > WINDOW)
			return 0;
		days <<= passed;
	}
	return (unsigned)__builtin_popcount(days & 0x7ffffffeu); /* bits 1 to 30: not today */
}

bool relation_seen(const struct relation *r, unsigned day, unsigned window)
{
	return r && r->last + window >= day;
}

void relations_save(const struct relations *r, struct buf *b)
{
	buf_u64(b, r->n);
	buf_u64(b, r->forgotten);
	for (size_t i = 0; i <= r->mask; i++)
		if (r->v[i].key)
			buf_add(b, &r->v[i], sizeof r->v[i]);
}

bool relations_load(struct relations *r, struct wire *w)
{
	uint64_t n = wire_u64(w), forgotten = wire_u64(w);
	size_t slots = FIRST_SLOTS;
	if (w->bad || n > PATH_RELATIONS_MAX || n * sizeof(struct relation) > w->n)
		return false;
	while (n >= slots / 4 * 3)
		slots *= 2;
	free(r->v);
	r->v = xcalloc(slots, sizeof *r->v);
	r->mask = slots - 1;
	r->n = 0;
	r->forgotten = forgotten;
	for (uint64_t i = 0; i < n; i++) {
		struct relation x;
		wire_raw(w, &x, sizeof x);
		if (!x.key || relations_find(r, x.key))
			continue;
		size_t at = x.key & r->mask;
		while (r->v[at].key)
			at = (at + 1) & r->mask;
		r->v[at] = x;
		r->n++;
	}
	return true;
}
