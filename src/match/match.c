/* match.c - sets and contexts; the searching itself is in fast.c and slow.c. */
#include "match/match.h"

#include <stdlib.h>

#include "match/match_private.h"

struct match_set {
	const struct match_ops *ops;
	struct arena text; /* the literals */
	struct match_lit *v;
	size_t n, cap;
	void *sealed;
	bool done; /* sealed, even if empty */
};

struct match_ctx {
	const struct match_set *set;
	void *scratch;
	bool busy; /* a run is under way: a callback must not start another one in the same scratch */
};

struct match_set *match_new(enum match_engine engine)
{
	struct match_set *m = xcalloc(1, sizeof(*m));

	m->ops = &match_slow_ops;
	if (engine == MATCH_FAST) {
		if (match_fast_usable())
			m->ops = &match_fast_ops;
		else
			core_log(LOG_LEVEL_WARN, "this processor lacks what vectorscan needs: matching will be slow");
	}
	arena_init(&m->text);
	return m;
}

void match_free(struct match_set *m)
{
	if (m == NULL)
		return;
	m->ops->unseal(m->sealed);
	arena_free(&m->text);
	free(m->v);
	free(m);
}

int match_add(struct match_set *m, struct slice literal, unsigned flags, uint32_t id, struct err *e)
{
	if (m->done)
		return err_set(e, ERR_USAGE, "a literal was added to a sealed set");
	if ((flags & ~(unsigned)(MATCH_NOCASE | MATCH_ONCE)) != 0)
		return err_set(e, ERR_USAGE, "unknown match flags 0x%x", flags);
	if (literal.n == 0)
		return err_set(e, ERR_RANGE, "an empty literal would match everywhere");
	if (literal.n > MATCH_LITERAL_MAX)
		return err_set(e, ERR_LIMIT, "a literal of %zu bytes is longer than the %d allowed", literal.n,
			(int)MATCH_LITERAL_MAX);
	if (m->n >= MATCH_SET_MAX)
		return err_set(e, ERR_LIMIT, "more than %d literals in one set", (int)MATCH_SET_MAX);
	vec_reserve(m, 1);
	m->v[m->n++] = (struct match_lit){slice_dup(&m->text, literal), flags, id};
	return 0;
}

int match_seal(struct match_set *m, struct err *e)
{
	if (m->done)
		return err_set(e, ERR_USAGE, "the set is sealed already");
	if (m->n > 0) {
		int r = m->ops->seal(m->v, m->n, &m->sealed, e);
		if (r < 0)
			return r;
	}
	m->done = true;
	return 0;
}

size_t match_count(const struct match_set *m)
{
	return m->n;
}

struct match_ctx *match_ctx_new(const struct match_set *m)
{
	if (!m->done)
		return NULL;
	struct match_ctx *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->set = m;
	if (m->sealed != NULL) {
		c->scratch = m->ops->scratch_new(m->sealed);
		if (c->scratch == NULL) {
			free(c);
			return NULL;
		}
	}
	return c;
}

void match_ctx_free(struct match_ctx *c)
{
	if (c == NULL)
		return;
	c->set->ops->scratch_free(c->scratch);
	free(c);
}

int match_run(struct match_ctx *c, struct slice data, match_fn *fn, void *arg)
{
	const struct match_set *m = c->set;
	int r;

	if (m->sealed == NULL || data.n == 0)
		return 0;
	/* vectorscan counts bytes in 32 bits; the oracle keeps to the same bound */
	if (data.n > UINT32_MAX)
		return ERR_LIMIT;
	if (c->busy)
		return ERR_USAGE;
	c->busy = true;
	r = m->ops->run(m->sealed, c->scratch, data, fn, arg);
	c->busy = false;
	return r;
}

static int first_hit(void *arg, uint32_t id, size_t end)
{
	(void)arg;
	(void)id;
	(void)end;
	return 1;
}

bool match_any(struct match_ctx *c, struct slice data)
{
	return match_run(c, data, first_hit, NULL) == ERR_STOPPED;
}
