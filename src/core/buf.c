/* buf.c - growable byte buffer. The writers for JSON, HTML and terminals are in utf8.c. */
#include "core/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static inline void reserve(struct buf *b, size_t more)
{
	if (b->cap - b->n < more)
		b->p = vec_grow(b->p, &b->cap, b->n, more, 1);
}

void buf_free(struct buf *b)
{
	if (b == NULL)
		return;
	free(b->p);
	*b = (struct buf){0};
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	reserve(b, n);
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void buf_addc(struct buf *b, char c)
{
	reserve(b, 1);
	b->p[b->n++] = c;
}

void buf_addz(struct buf *b, const char *z)
{
	buf_add(b, z, strlen(z));
}

void buf_adds(struct buf *b, struct slice s)
{
	buf_add(b, s.p, s.n);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	reserve(b, 64); /* most texts fit at once */
	va_start(ap, fmt);
	n = vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= b->cap - b->n) {
		reserve(b, (size_t)n + 1);
		va_start(ap, fmt);
		n = vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap);
		va_end(ap);
		if (n < 0 || (size_t)n >= b->cap - b->n)
			return;
	}
	b->n += (size_t)n;
}
