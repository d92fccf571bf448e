/* lru.c - bounded map with eviction of what was not used for longest.
 *
 * Nodes lie in slabs that grow with the map and stay until lru_free; they are in a hash chain and in a ring:
 *
 *   ring.next = newest <-> ... <-> oldest = ring.prev
 *
 * Short keys lie in the node, longer ones beside it: most keys are an address or a name, and room for 256 bytes in
 * each node would be most of the memory.
 */
#include "core/core.h"

#include <stdlib.h>

enum {
	LRU_KEY_MAX = 256,
	LRU_KEY_INLINE = 40,
	LRU_MIN_BUCKETS = 16,
	LRU_SLAB_BYTES = 256 << 10, /* slabs double up to this */
	LRU_ALIGN = 16,
};

struct lru_node {
	struct lru_node *prev, *next; /* ring */
	struct lru_node *chain;       /* same bucket, or the next free node */
	uint64_t hash;
	uint32_t nkey;
	uint32_t turn;                /* counts the keys it held: a seat of before is no longer good */
	union {
		char in[LRU_KEY_INLINE];
		char *out; /* nkey > LRU_KEY_INLINE */
	} key;
};

struct lru_slab {
	struct lru_slab *next;
};

struct lru {
	struct lru_node ring;
	struct lru_node **buckets;
	size_t mask; /* number of buckets - 1; a power of two */
	size_t count, max;
	size_t value_size, node_size;
	struct lru_node *free_nodes;
	struct lru_slab *slabs;
	size_t slab_nodes; /* of the next slab */
	size_t made;       /* nodes in all slabs */
	uint64_t evicted;
	lru_evict_fn *on_evict;
	void *arg;
};

static size_t round_up(size_t n)
{
	if (unlikely(n > PTRDIFF_MAX))
		core_oom();
	return (n + LRU_ALIGN - 1) & ~(size_t)(LRU_ALIGN - 1);
}

static void *node_value(struct lru_node *n)
{
	return (char *)n + ((sizeof *n + LRU_ALIGN - 1) & ~(size_t)(LRU_ALIGN - 1));
}

static struct slice node_key(const struct lru_node *n)
{
	return slice_make(n->nkey > LRU_KEY_INLINE ? n->key.out : n->key.in, n->nkey);
}

/* ---- keys -------------------------------------------------------------------------------------------------- */

/* A key that is too long keeps its head; the hash of the rest takes the last 8 bytes. */
static struct slice fold_key(struct slice key, char room[static LRU_KEY_MAX])
{
	struct slice rest;
	uint64_t h;

	rest = slice_from(key, LRU_KEY_MAX - sizeof h);
	h = hash_bytes(rest.p, rest.n);
	memcpy(room, key.p, LRU_KEY_MAX - sizeof h);
	memcpy(room + LRU_KEY_MAX - sizeof h, &h, sizeof h);
	return slice_make(room, LRU_KEY_MAX);
}

/* Folded where it must be, with the hash of that. */
static inline void fit_key(struct slice *key, uint64_t *hash, char room[static LRU_KEY_MAX])
{
	if (likely(key->n <= LRU_KEY_MAX))
		return;
	*key = fold_key(*key, room);
	*hash = hash_bytes(key->p, key->n);
}

static struct lru_node *find(const struct lru *m, struct slice key, uint64_t hash)
{
	struct lru_node *n = m->buckets[hash & m->mask];

	while (n != NULL && !(n->hash == hash && n->nkey == key.n && bytes_eq(node_key(n).p, key.p, key.n)))
		n = n->chain;
	return n;
}

/* ---- ring and chains --------------------------------------------------------------------------------------- */

static void ring_remove(struct lru_node *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
}

static void ring_front(struct lru *m, struct lru_node *n)
{
	n->prev = &m->ring;
	n->next = m->ring.next;
	n->next->prev = n;
	m->ring.next = n;
}

static void touch(struct lru *m, struct lru_node *n)
{
	if (m->ring.next == n)
		return;
	ring_remove(n);
	ring_front(m, n);
}

static void chain_add(struct lru *m, struct lru_node *n)
{
	struct lru_node **head = &m->buckets[n->hash & m->mask];

	n->chain = *head;
	*head = n;
}

static void chain_remove(struct lru *m, struct lru_node *n)
{
	struct lru_node **at = &m->buckets[n->hash & m->mask];

	while (*at != n)
		at = &(*at)->chain;
	*at = n->chain;
}

static void more_buckets(struct lru *m)
{
	size_t n = (m->mask + 1) * 2;

	free(m->buckets);
	m->buckets = xcalloc(n, sizeof(struct lru_node *));
	m->mask = n - 1;
	for (struct lru_node *at = m->ring.next; at != &m->ring; at = at->next)
		chain_add(m, at);
}

/* ---- nodes ------------------------------------------------------------------------------------------------- */

static void more_nodes(struct lru *m)
{
	size_t n = MAX(MIN(m->slab_nodes, m->max - MIN(m->made, m->max)), (size_t)1), head = round_up(sizeof(struct lru_slab));
	struct lru_slab *slab;
	size_t bytes;

	if (unlikely(__builtin_mul_overflow(n, m->node_size, &bytes) || __builtin_add_overflow(bytes, head, &bytes)))
		core_oom();
	slab = xmalloc(bytes);
	slab->next = m->slabs;
	m->slabs = slab;
	for (size_t i = n; i-- > 0;) {
		struct lru_node *node = (void *)((char *)slab + head + i * m->node_size);
		node->turn = 0;
		node->chain = m->free_nodes;
		m->free_nodes = node;
	}
	m->made += n;
	if (n < LRU_SLAB_BYTES / 2 / m->node_size)
		m->slab_nodes = n * 2;
}

/* Out of the map first, so that on_evict sees a map that no longer has it. */
static void drop(struct lru *m, struct lru_node *n)
{
	ring_remove(n);
	chain_remove(m, n);
	m->count--;
	if (m->on_evict != NULL)
		m->on_evict(m->arg, node_key(n), node_value(n));
	if (n->nkey > LRU_KEY_INLINE)
		free(n->key.out);
	n->turn++;
	n->chain = m->free_nodes;
	m->free_nodes = n;
}

static struct lru_node *node_new(struct lru *m, struct slice key, uint64_t hash)
{
	struct lru_node *n;

	if (m->free_nodes == NULL)
		more_nodes(m);
	n = m->free_nodes;
	m->free_nodes = n->chain;
	n->hash = hash;
	n->nkey = (uint32_t)key.n;
	if (key.n > LRU_KEY_INLINE)
		n->key.out = xmalloc(key.n);
	if (key.n > 0)
		memcpy(key.n > LRU_KEY_INLINE ? n->key.out : n->key.in, key.p, key.n);
	memset(node_value(n), 0, m->value_size);
	return n;
}

/* ---- the map ----------------------------------------------------------------------------------------------- */

struct lru *lru_new(size_t value_size, size_t max_entries, lru_evict_fn *on_evict, void *arg)
{
	struct lru *m = xcalloc(1, sizeof *m);

	m->ring.prev = m->ring.next = &m->ring;
	m->max = MAX(max_entries, (size_t)1);
	m->value_size = value_size;
	if (__builtin_add_overflow(round_up(sizeof(struct lru_node)), round_up(value_size), &m->node_size))
		core_oom();
	m->slab_nodes = 8;
	m->mask = LRU_MIN_BUCKETS - 1;
	m->buckets = xcalloc(LRU_MIN_BUCKETS, sizeof(struct lru_node *));
	m->on_evict = on_evict;
	m->arg = arg;
	return m;
}

void lru_free(struct lru *m)
{
	struct lru_slab *next;

	if (m == NULL)
		return;
	while (m->count > 0)
		drop(m, m->ring.prev);
	for (struct lru_slab *s = m->slabs; s != NULL; s = next) {
		next = s->next;
		free(s);
	}
	free(m->buckets);
	free(m);
}

void *lru_get_hashed(struct lru *m, struct slice key, uint64_t hash)
{
	char room[LRU_KEY_MAX] UNINIT;
	struct lru_node *n;

	fit_key(&key, &hash, room);
	n = find(m, key, hash);
	if (n == NULL)
		return NULL;
	touch(m, n);
	return node_value(n);
}

void *lru_get(struct lru *m, struct slice key)
{
	return lru_get_hashed(m, key, key.n <= LRU_KEY_MAX ? hash_bytes(key.p, key.n) : 0);
}

static void *put_new(struct lru *m, struct slice key, uint64_t hash)
{
	struct lru_node *n;

	while (m->count >= m->max) {
		m->evicted++;
		drop(m, m->ring.prev);
	}
	n = node_new(m, key, hash);
	chain_add(m, n);
	ring_front(m, n);
	if (++m->count > m->mask + 1)
		more_buckets(m);
	return node_value(n);
}

void *lru_put_hashed(struct lru *m, struct slice key, uint64_t hash, bool *fresh)
{
	char room[LRU_KEY_MAX] UNINIT;
	struct lru_node *n;

	fit_key(&key, &hash, room);
	n = find(m, key, hash);
	if (fresh != NULL)
		*fresh = n == NULL;
	if (n == NULL)
		return put_new(m, key, hash);
	touch(m, n);
	return node_value(n);
}

void *lru_put(struct lru *m, struct slice key, bool *fresh)
{
	return lru_put_hashed(m, key, key.n <= LRU_KEY_MAX ? hash_bytes(key.p, key.n) : 0, fresh);
}

struct lru_seat lru_seat(void *value)
{
	struct lru_node *n = (void *)((char *)value - round_up(sizeof *n));

	return (struct lru_seat){n, n->turn};
}

void *lru_sit(struct lru *m, struct lru_seat seat)
{
	if (seat.node == NULL || seat.node->turn != seat.turn)
		return NULL;
	touch(m, seat.node);
	return node_value(seat.node);
}

void lru_del(struct lru *m, struct slice key)
{
	char room[LRU_KEY_MAX] UNINIT;
	struct lru_node *n;

	if (unlikely(key.n > LRU_KEY_MAX))
		key = fold_key(key, room);
	n = find(m, key, hash_bytes(key.p, key.n));
	if (n != NULL)
		drop(m, n);
}

size_t lru_count(const struct lru *m)
{
	return m->count;
}

uint64_t lru_evicted(const struct lru *m)
{
	return m->evicted;
}

void lru_each(struct lru *m, bool (*fn)(void *arg, struct slice key, void *value), void *arg)
{
	for (struct lru_node *n = m->ring.prev; n != &m->ring; n = n->prev)
		if (!fn(arg, node_key(n), node_value(n)))
			return;
}

/* ---- saved state ------------------------------------------------------------------------------------------- */

void lru_save(struct lru *m, struct buf *b)
{
	buf_u64(b, m->value_size);
	buf_u64(b, m->count);
	buf_u64(b, m->evicted);
	for (struct lru_node *n = m->ring.prev; n != &m->ring; n = n->prev) {
		buf_sized(b, node_key(n));
		buf_add(b, node_value(n), m->value_size);
	}
}

static void clear(struct lru *m)
{
	while (m->count > 0)
		drop(m, m->ring.prev);
}

bool lru_load(struct lru *m, struct wire *w)
{
	clear(m);
	uint64_t size = wire_u64(w), count = wire_u64(w), evicted = wire_u64(w);
	if (size != m->value_size || count > w->n)
		w->bad = true;
	for (uint64_t i = 0; i < count && !w->bad; i++) {
		struct slice key = wire_sized(w);
		if (key.n > LRU_KEY_MAX || w->n < m->value_size)
			w->bad = true;
		else
			wire_raw(w, lru_put(m, key, NULL), m->value_size);
	}
	if (w->bad)
		clear(m);
	m->evicted = w->bad ? 0 : evicted;
	return !w->bad;
}
