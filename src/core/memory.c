/* memory.c - allocation that does not fail, growth of vectors, arenas. */
#include "core/core.h"

#include <stdlib.h>

enum {
	ARENA_MIN = 8 << 10,  /* first chunk: thousands of streams have one */
	ARENA_MAX = 1 << 20,  /* normal chunks double up to this */
	VEC_MIN_BYTES = 64,   /* a first allocation below a cache line would only be grown again */
};

/* Data begin 8-aligned behind the header. A chunk that is `own` was made for one big request. */
struct arena_chunk {
	struct arena_chunk *next;
	size_t size; /* bytes of data; a multiple of 8 */
	bool own;
	_Alignas(16) char data[];
};

/* ---- allocation that does not fail ------------------------------------------------------------------------- */

void *xmalloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (unlikely(p == NULL))
		core_oom();
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	void *p = n && size ? calloc(n, size) : calloc(1, 1);

	if (unlikely(p == NULL))
		core_oom();
	return p;
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (unlikely(__builtin_mul_overflow(n, size, &bytes) || bytes > PTRDIFF_MAX))
		core_oom();
	p = realloc(p, bytes ? bytes : 1);
	if (unlikely(p == NULL))
		core_oom();
	return p;
}

char *xstrndup(const char *s, size_t n)
{
	char *p;

	if (n)
		n = strnlen(s, n);
	p = xmalloc(n + 1);
	if (n)
		memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

void *vec_grow(void *p, size_t *cap, size_t n, size_t more, size_t size)
{
	size_t need, want;

	if (unlikely(__builtin_add_overflow(n, more, &need)))
		core_oom();
	if (need <= *cap && p != NULL)
		return p;
	if (__builtin_mul_overflow(*cap, 2, &want))
		want = need;
	want = MAX(want, need);
	want = MAX(want, (VEC_MIN_BYTES + size - 1) / size);
	p = xreallocarray(p, want, size);
	*cap = want;
	return p;
}

/* ---- arenas ------------------------------------------------------------------------------------------------ */

void arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

static struct arena_chunk *chunk_new(size_t size, bool own)
{
	struct arena_chunk *c;
	size_t bytes;

	if (unlikely(__builtin_add_overflow(size, sizeof *c, &bytes)))
		core_oom();
	c = xmalloc(bytes);
	c->next = NULL;
	c->size = size;
	c->own = own;
	return c;
}

/* The head of the list is the newest normal chunk, the one being filled; it is somebody's own only as long as there
 * is no normal one. */
static size_t next_size(const struct arena *a)
{
	if (a->chunks == NULL || a->chunks->own)
		return ARENA_MIN;
	return MIN(a->chunks->size * 2, (size_t)ARENA_MAX);
}

static void *chunk_own(struct arena *a, size_t n, size_t align)
{
	size_t size;
	struct arena_chunk *c;

	if (unlikely(__builtin_add_overflow(n, align, &size)))
		core_oom();
	c = chunk_new(size, true);
	if (a->chunks != NULL && !a->chunks->own) { /* behind the head, which goes on being filled */
		c->next = a->chunks->next;
		a->chunks->next = c;
	} else {
		c->next = a->chunks;
		a->chunks = c;
	}
	a->used += n;
	return c->data + (-(uintptr_t)c->data & (align - 1));
}

/* n a multiple of 8, align a power of two >= 8; NULL when it does not fit. */
static void *take(struct arena *a, size_t n, size_t align)
{
	size_t left = (size_t)(a->end - a->cur);
	size_t pad = -(uintptr_t)a->cur & (align - 1);
	char *p;

	if (left < pad || left - pad < n)
		return NULL;
	p = a->cur + pad;
	a->cur = p + n;
	a->used += n;
	return p;
}

void *arena_grow(struct arena *a, size_t n, size_t align)
{
	size_t size = next_size(a);
	struct arena_chunk *c;
	void *p;

	align = MAX(align, (size_t)8);
	if (unlikely(n > PTRDIFF_MAX || align > PTRDIFF_MAX))
		core_oom();
	n = n ? (n + 7) & ~(size_t)7 : 8;
	if (a->cur != NULL && (p = take(a, n, align)) != NULL)
		return p;
	/* Above a quarter of a chunk the rest of the current one is worth more than keeping things together. */
	if (n > size / 4 || align > size / 4)
		return chunk_own(a, n, align);
	c = chunk_new(size, false);
	c->next = a->chunks;
	a->chunks = c;
	a->cur = c->data;
	a->end = c->data + size;
	return take(a, n, align);
}

void arena_reset(struct arena *a)
{
	struct arena_chunk *keep = NULL, *next;

	for (struct arena_chunk *c = a->chunks; c != NULL; c = c->next)
		if (!c->own && (keep == NULL || c->size > keep->size))
			keep = c;
	for (struct arena_chunk *c = a->chunks; c != NULL; c = next) {
		next = c->next;
		if (c != keep)
			free(c);
	}
	*a = (struct arena){0};
	if (keep != NULL) {
		keep->next = NULL;
		a->chunks = keep;
		a->cur = keep->data;
		a->end = keep->data + keep->size;
	}
}

void arena_free(struct arena *a)
{
	struct arena_chunk *next;

	if (a == NULL)
		return;
	for (struct arena_chunk *c = a->chunks; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	*a = (struct arena){0};
}

size_t arena_footprint(const struct arena *a)
{
	size_t sum = 0;

	for (const struct arena_chunk *c = a->chunks; c != NULL; c = c->next)
		sum += c->size + sizeof *c;
	return sum;
}
