/* fuzz_match.c - fast against slow. Input: byte 0 number of literals; per literal: flags, id, length, bytes; rest is data. */
#include <stdlib.h>

#include "match/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct hit {
	size_t end;
	uint32_t id;
};
struct hits {
	struct hit *v;
	size_t n, cap;
};

static int note(void *arg, uint32_t id, size_t end)
{
	struct hits *h = arg;

	if (h->n > 0 && h->v[h->n - 1].end > end)
		abort(); /* out of order */
	vec_reserve(h, 1);
	h->v[h->n++] = (struct hit){end, id};
	return 0;
}

static int by_end_and_id(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static struct hits run(const struct match_set *m, struct slice data)
{
	struct hits h = {0};
	struct match_ctx *c = match_ctx_new(m);

	if (c == NULL || match_run(c, data, note, &h) != 0 || match_any(c, data) != (h.n > 0))
		abort();
	if (h.n > 0)
		qsort(h.v, h.n, sizeof(*h.v), by_end_and_id);
	match_ctx_free(c);
	return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice s = slice_make((const char *)data, n);
	struct match_set *fast = match_new(MATCH_FAST), *slow = match_new(MATCH_SLOW);
	unsigned count = n > 0 ? data[0] : 0;

	s = slice_from(s, 1);
	for (unsigned i = 0; i < count && s.n > 3; i++) {
		unsigned flags = (unsigned char)s.p[0] & 3;
		uint32_t id = (unsigned char)s.p[1];
		struct slice text = slice_to(slice_from(s, 3), 1u + (unsigned char)s.p[2]);
		s = slice_from(s, 3 + text.n);
		if (match_add(fast, text, flags, id, NULL) != 0 || match_add(slow, text, flags, id, NULL) != 0)
			abort();
	}
	if (match_seal(fast, NULL) != 0 || match_seal(slow, NULL) != 0)
		abort();
	struct hits f = run(fast, s), g = run(slow, s);
	if (f.n != g.n)
		abort();
	for (size_t i = 0; i < f.n; i++)
		if (f.v[i].end != g.v[i].end || f.v[i].id != g.v[i].id)
			abort();
	free(f.v);
	free(g.v);
	match_free(fast);
	match_free(slow);
	return 0;
}
