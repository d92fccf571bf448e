/* wire.c - numbers and texts to bytes and back. */
#include "core/core.h"

void buf_u32(struct buf *b, uint32_t n)
{
	uint8_t v[4] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24)};
	buf_add(b, v, sizeof v);
}

void buf_u64(struct buf *b, uint64_t n)
{
	buf_u32(b, (uint32_t)n);
	buf_u32(b, (uint32_t)(n >> 32));
}

void buf_sized(struct buf *b, struct slice s)
{
	buf_u32(b, (uint32_t)MIN(s.n, (size_t)UINT32_MAX));
	buf_add(b, s.p, MIN(s.n, (size_t)UINT32_MAX));
}

bool wire_raw(struct wire *w, void *to, size_t n)
{
	if (w->bad || w->n < n) {
		w->bad = true;
		memset(to, 0, n);
		return false;
	}
	if (n)
		memcpy(to, w->p, n);
	w->p += n;
	w->n -= n;
	return true;
}

uint32_t wire_u32(struct wire *w)
{
	uint8_t v[4];
	wire_raw(w, v, sizeof v);
	return v[0] | (uint32_t)v[1] << 8 | (uint32_t)v[2] << 16 | (uint32_t)v[3] << 24;
}

uint64_t wire_u64(struct wire *w)
{
	uint64_t low = wire_u32(w);
	return low | (uint64_t)wire_u32(w) << 32;
}

struct slice wire_sized(struct wire *w)
{
	size_t n = wire_u32(w);
	if (w->bad || n > w->n) {
		w->bad = true;
		return SLICE_NONE;
	}
	struct slice s = slice_make(w->p, n);
	w->p += n;
	w->n -= n;
	return s;
}
