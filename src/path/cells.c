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
	double added, summed; /* since the sums were made; in them */
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
	for (int i = 0; i < PATH_PLACES; i++)
		free(c->place[i]);
	free(c);
}

static size_t index_of(const struct oddness *o)
{
	size_t at = 0;
	for (int i = 0; i < AXES; i++)
		at = at * size[i] + MIN(o->v[i], size[i] - 1);
	return at;
}

/* sum[x] = count of every cell that is at least x on every axis: one pass an axis. */
static void make_sums(struct place_cells *p)
{
	size_t stride = 1;
	memcpy(p->sum, p->count, sizeof p->sum);
	for (int a = AXES - 1; a >= 0; a--) {
		size_t span = stride * size[a];
		for (size_t base = 0; base < CELLS; base += span)
			for (size_t i = span - stride; i-- > 0;)
				p->sum[base + i] += p->sum[base + i + stride];
		stride = span;
	}
	p->summed += p->added;
	p->added = 0;
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
	if (p->added > 32 && p->added > p->summed / 8)
		make_sums(p);
	return (p->sum[index_of(o)] + FLOOR) / c->days;
}

void cells_add(struct cells *c, enum path_place place, const struct oddness *o)
{
	struct place_cells *p = of_place(c, place);
	p->count[index_of(o)] += 1;
	p->added += 1;
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
