/* slow.c - the oracle: at every offset, every literal that ends in the byte just seen is compared.
 *
 * Literals are chained by their last byte (case folded), nothing cleverer: it has to be right by inspection.
 */
#include "match/match_private.h"

#include <stdlib.h>

#define END UINT32_MAX /* of a chain */
enum { CHAINS = 256 };

struct slow {
	const struct match_lit *lits; /* the set's; alive as long as the set */
	size_t n;
	uint32_t head[CHAINS]; /* first literal with this folded last byte, or END */
	uint32_t *next;
};

struct slow_scratch {
	size_t at;      /* how far the run has come */
	uint32_t run;   /* number of the run; seen[i] == run: literal i was reported in it */
	uint32_t *seen;
	size_t n;
};

int match_slow_seal(const struct match_lit *lits, size_t n, void **sealed, struct err *e)
{
	struct slow *s = xcalloc(1, sizeof(*s));

	(void)e;
	s->lits = lits;
	s->n = n;
	s->next = xcalloc(n, sizeof(*s->next));
	for (size_t c = 0; c < CHAINS; c++)
		s->head[c] = END;
	for (size_t i = n; i-- > 0;) {
		unsigned char last = match_fold(lits[i].text.p[lits[i].text.n - 1]);
		s->next[i] = s->head[last];
		s->head[last] = (uint32_t)i;
	}
	*sealed = s;
	return 0;
}

void match_slow_unseal(void *sealed)
{
	struct slow *s = sealed;

	if (s == NULL)
		return;
	free(s->next);
	free(s);
}

void match_slow_scratch_free(void *scratch)
{
	struct slow_scratch *c = scratch;

	if (c == NULL)
		return;
	free(c->seen);
	free(c);
}

void *match_slow_scratch_new(const void *sealed)
{
	const struct slow *s = sealed;
	struct slow_scratch *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->n = s->n;
	c->seen = calloc(s->n, sizeof(*c->seen));
	if (c->seen == NULL) {
		free(c);
		return NULL;
	}
	return c;
}

void match_slow_begin(void *scratch)
{
	struct slow_scratch *c = scratch;

	c->at = 0;
	if (++c->run == 0) { /* the counter wrapped: old marks would count again */
		memset(c->seen, 0, c->n * sizeof(*c->seen));
		c->run = 1;
	}
}

int match_slow_advance(const void *sealed, void *scratch, struct slice data, size_t until, match_fn *fn, void *arg)
{
	const struct slow *s = sealed;
	struct slow_scratch *c = scratch;

	while (c->at < until) {
		size_t end = ++c->at;
		for (uint32_t i = s->head[match_fold(data.p[end - 1])]; i != END; i = s->next[i]) {
			const struct match_lit *l = &s->lits[i];
			if (l->text.n > end || !match_same(l, data.p + (end - l->text.n)))
				continue;
			if ((l->flags & MATCH_ONCE) && c->seen[i] == c->run)
				continue;
			c->seen[i] = c->run;
			if (fn(arg, l->id, end) != 0)
				return ERR_STOPPED;
		}
	}
	return 0;
}

static int slow_run(const void *sealed, void *scratch, struct slice data, match_fn *fn, void *arg)
{
	match_slow_begin(scratch);
	return match_slow_advance(sealed, scratch, data, data.n, fn, arg);
}

const struct match_ops match_slow_ops = {
	.seal = match_slow_seal,
	.unseal = match_slow_unseal,
	.scratch_new = match_slow_scratch_new,
	.scratch_free = match_slow_scratch_free,
	.run = slow_run,
};
