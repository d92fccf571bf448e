/* memo.c - what the indexes found for a field's value, remembered: logs repeat their values. Bounded: when full it is emptied. A value is kept when it
 * comes the second time, so that values which never repeat cost no copying and drive nothing out. */
#include "sigma/memo.h"

#include <stdlib.h>

enum { ENTRIES = 1 << 10, ENTRIES_MAX = 1 << 14, BYTES = 1 << 18, SEEN = 1 << 15 };

struct entry {
	uint64_t hash;
	uint32_t of;        /* + 1; 0: free */
	uint32_t value, n;  /* in bytes */
	uint32_t ranges, nranges;
};
struct memo {
	size_t used, nbytes, entries, room; /* both double when one is full, up to ENTRIES_MAX */
	uint16_t seen[SEEN];
	struct entry *v;
	char *bytes;
};

static void resize(struct memo *m, size_t entries)
{
	free(m->v);
	free(m->bytes);
	m->entries = entries;
	m->room = (size_t)BYTES * (entries / ENTRIES);
	m->v = xcalloc(entries, sizeof *m->v);
	m->bytes = xmalloc(m->room);
}

struct memo *memo_new(void)
{
	struct memo *m = xcalloc(1, sizeof *m);
	resize(m, ENTRIES);
	return m;
}

void memo_free(struct memo *m)
{
	if (!m)
		return;
	free(m->v);
	free(m->bytes);
	free(m);
}

static uint64_t mixed(uint32_t of, uint64_t hash)
{
	uint64_t h = (hash ^ of) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

const struct memo_range *memo_get(const struct memo *m, uint32_t of, uint64_t hash, struct slice value, size_t *n)
{
	uint64_t h = mixed(of, hash);
	for (size_t at = h & (m->entries - 1); m->v[at].of; at = (at + 1) & (m->entries - 1)) {
		const struct entry *e = &m->v[at];
		if (e->hash != h || e->of != of + 1 || e->n != value.n || memcmp(m->bytes + e->value, value.p, value.n) != 0)
			continue;
		*n = e->nranges;
		return (const struct memo_range *)(const void *)(m->bytes + e->ranges);
	}
	return NULL;
}

void memo_put(struct memo *m, uint32_t of, uint64_t hash, struct slice value, const struct memo_range *r, size_t n)
{
	uint64_t h = mixed(of, hash);
	uint16_t *seen = &m->seen[h >> 8 & (SEEN - 1)], tag = (uint16_t)(h >> 48);
	size_t room = ((value.n + 7) & ~(size_t)7) + n * sizeof *r;
	if (*seen != tag) {
		*seen = tag;
		return;
	}
	if (value.n > MEMO_VALUE_MAX || n > MEMO_RANGES_MAX)
		return;
	if (m->used == m->entries / 4 * 3 || m->room - m->nbytes < room) {
		resize(m, MIN(m->entries * 2, (size_t)ENTRIES_MAX));
		m->used = m->nbytes = 0;
	}
	size_t at = h & (m->entries - 1);
	while (m->v[at].of)
		at = (at + 1) & (m->entries - 1);
	struct entry *e = &m->v[at];
	*e = (struct entry){.hash = h, .of = of + 1, .value = (uint32_t)m->nbytes, .n = (uint32_t)value.n, .nranges = (uint32_t)n};
	e->ranges = (uint32_t)(m->nbytes + room - n * sizeof *r);
	memcpy(m->bytes + e->value, value.p, value.n);
	if (n)
		memcpy(m->bytes + e->ranges, r, n * sizeof *r);
	m->nbytes += room;
	m->used++;
}
