/* cells.c - a histogram over all axes of evidence at once, with sums over what is at least as odd.
 *
 * The axes depend on each other (what is new in one relation is new in most), so a product of their rates would call
 * everything new a miracle. Counting what was at least as odd in every respect needs no weights and reads as a rate. */
#include "path/path_private.h"

#include <math.h>
#include <stdlib.h>

static const uint8_t size[AXES] = {PATH_LEVELS, 3, 3, 4, 6, 8, 3, 6};
enum { CELLS = PATH_LEVELS * 3 * 3 * 4 * 6 * 8 * 3 * 6 };
#define FLOOR 0.3 /* what was never seen counts as about a third of a login */

struct place_cells {
	float count[CELLS], sum[CELLS];
	struct { uint32_t *v; size_t n, cap; } pending; /* cells counted since the sums were made */
	double summed;                                  /* logins in the sums */
	uint8_t most[AXES];                             /* largest value counted on each axis: cells beyond are zero, and so are their sums */
};
struct cells {
	struct place_cells *place[PATH_PLACES]; /* made when used */
	double days;
};

struct cells *cells_new(void)
{
	struct cells *c = xcalloc(1, sizeof *c);
	c->days = 1;
	return c;
}

void cells_free(struct cells *c)
{
	if (!c)
		return;
	for (int i = 0; i < PATH_PLACES; i++) {
		if (c->place[i])
			free(c->place[i]->pending.v);
		free(c->place[i]);
	}
	free(c);
}

static size_t index_of(const struct oddness *o)
{
	size_t at = 0;
	for (int i = 0; i < AXES; i++)
		at = at * size[i] + MIN(o->v[i], size[i] - 1);
	return at;
}

static void widen(struct place_cells *p, size_t at)
{
	for (int a = AXES - 1; a >= 0; a--) {
		p->most[a] = MAX(p->most[a], (uint8_t)(at % size[a]));
		at /= size[a];
	}
}

/* One row of the box along the last axis: from the counts, or with what is one further on axis `along` added. */
enum { FROM_COUNTS = -1 };
static void sum_row(struct place_cells *p, size_t at, int along, size_t step)
{
	int most = p->most[AXES - 1];
	if (along == FROM_COUNTS)
		memcpy(&p->sum[at], &p->count[at], ((size_t)most + 1) * sizeof p->sum[0]);
	else
		for (int i = most - (along == AXES - 1); i >= 0; i--)
			p->sum[at + (size_t)i] += p->sum[at + (size_t)i + step];
}

/* Down on every axis, so that what is further along has been summed up already. */
static void sum_box(struct place_cells *p, int axis, size_t at, int along, size_t step)
{
	if (axis == AXES - 1) {
		sum_row(p, at * size[axis], along, step);
		return;
	}
	for (int i = p->most[axis] - (axis == along); i >= 0; i--)
		sum_box(p, axis + 1, at * size[axis] + (size_t)i, along, step);
}

/* Few cells of a quiet site are ever counted, and those near the origin: the rest is left as it is, zero. */
static bool is_small(const struct place_cells *p)
{
	size_t n = 1;
	for (int a = 0; a < AXES; a++)
		n *= p->most[a] + 1u;
	return n < CELLS / 8;
}

/* sum[x] = count of every cell that is at least x on every axis: one pass an axis. */
static void make_sums(struct place_cells *p)
{
	size_t stride = 1;
	bool small = is_small(p);
	if (small)
		sum_box(p, 0, 0, FROM_COUNTS, 0);
	else
		memcpy(p->sum, p->count, sizeof p->sum);
	for (int a = AXES - 1; small && a >= 0; stride *= size[a--])
		sum_box(p, 0, 0, a, stride);
	for (int a = AXES - 1; !small && a >= 0; a--) {
		size_t span = stride * size[a];
		for (size_t base = 0; base < CELLS; base += span)
			for (size_t i = span - stride; i-- > 0;)
				p->sum[base + i] += p->sum[base + i + stride];
		stride = span;
	}
	p->summed += (double)p->pending.n;
	p->pending.n = 0;
}

static struct place_cells *of_place(struct cells *c, enum path_place place)
{
	if (!c->place[place])
		c->place[place] = xcalloc(1, sizeof *c->place[place]);
	return c->place[place];
}

double cells_rate(struct cells *c, enum path_place place, const struct oddness *o)
{
	struct place_cells *p = of_place(c, place);
	/* the sums may lag behind by an eighth; the day's turn makes them anew anyway */
	if (p->pending.n > 32 && (double)p->pending.n > p->summed / 8)
		make_sums(p);
	return (MAX((double)p->sum[index_of(o)], 0.0) + FLOOR) / c->days;
}

void cells_add(struct cells *c, enum path_place place, const struct oddness *o)
{
	struct place_cells *p = of_place(c, place);
	uint32_t at = (uint32_t)index_of(o);
	p->count[at] += 1;
	for (int a = 0; a < AXES; a++)
		p->most[a] = MAX(p->most[a], MIN(o->v[a], (uint8_t)(size[a] - 1)));
	*vec_push(&p->pending) = at;
}

void cells_day(struct cells *c)
{
	float f = expf(-1.0f / WINDOW);
	c->days = c->days * f + 1;
	for (int i = 0; i < PATH_PLACES; i++) {
		struct place_cells *p = c->place[i];
		if (!p)
			continue;
		for (size_t k = 0; k < CELLS; k++)
			p->count[k] = p->count[k] < 0.02f ? 0 : p->count[k] * f;
		p->summed *= f;
		make_sums(p);
	}
}

static void put_double(struct buf *b, double x)
{
	buf_add(b, &x, sizeof x);
}

/* Cells are few of many: those that hold something. */
void cells_save(const struct cells *c, struct buf *b)
{
	put_double(b, c->days);
	for (int i = 0; i < PATH_PLACES; i++) {
		const struct place_cells *p = c->place[i];
		uint32_t n = 0;
		for (uint32_t k = 0; p && k < CELLS; k++)
			n += p->count[k] > 0;
		buf_u32(b, n);
		for (uint32_t k = 0; p && k < CELLS; k++)
			if (p->count[k] > 0) {
				buf_u32(b, k);
				buf_add(b, &p->count[k], sizeof p->count[k]);
			}
		buf_u32(b, p ? (uint32_t)p->pending.n : 0);
		for (size_t k = 0; p && k < p->pending.n; k++)
			buf_u32(b, p->pending.v[k]);
		double summed = p ? p->summed : 0;
		put_double(b, summed);
	}
}

/* The sums are made again from what was in them then, so that a restart changes no score. */
static bool load_pending(struct cells *c, enum path_place place, struct wire *w)
{
	uint32_t n = wire_u32(w);
	struct place_cells *p = c->place[place];
	if (n > w->n / 4 || (n && !p))
		return false;
	struct slice list = slice_make(w->p, (size_t)n * 4);
	for (int round = 0; round < 2; round++) {
		struct wire again = wire_of(list);
		for (uint32_t k = 0; k < n; k++) {
			uint32_t at = wire_u32(&again);
			if (at >= CELLS)
				return false;
			p->count[at] += round ? 1 : -1;
			if (round)
				*vec_push(&p->pending) = at;
		}
		if (!round && p)
			make_sums(p);
	}
	w->p += list.n;
	w->n -= list.n;
	double summed;
	wire_raw(w, &summed, sizeof summed);
	if (p)
		p->summed = summed;
	return !w->bad;
}

bool cells_load(struct cells *c, struct wire *w)
{
	wire_raw(w, &c->days, sizeof c->days);
	for (int i = 0; i < PATH_PLACES && !w->bad; i++) {
		uint32_t n = wire_u32(w);
		struct place_cells *p = n ? of_place(c, (enum path_place)i) : NULL;
		for (uint32_t k = 0; k < n && !w->bad; k++) {
			uint32_t at = wire_u32(w);
			float count;
			wire_raw(w, &count, sizeof count);
			if (at >= CELLS || !(count >= 0 && count < 1e9f))
				return false;
			p->count[at] = count;
			widen(p, at);
		}
		if (!load_pending(c, (enum path_place)i, w))
			return false;
	}
	return !w->bad && c->days >= 1 && c->days < 1e6;
}
