/* sources.c - what was read from where: the table of live_follow and what is known beside it, to the store and back. */
#include "watch/watch_private.h"

#include <stdlib.h>
#include <unistd.h>

#define QUIET (5 * NS_SEC) /* a last line without newline in a file that was rotated away counts then */

/* A table with holes. */
#define table_put(t, at, x)                        \
	do {                                       \
		while ((t)->n <= (at))             \
			*vec_push(t) = NULL;       \
		(t)->v[at] = (x);                  \
	} while (0)

static struct origin *origin_new(struct engine *en, uint32_t id, struct slice path, struct slice set, struct slice host)
{
	struct origin *o = xcalloc(1, sizeof *o);
	o->id = id;
	o->path = xstrndup(path.n ? path.p : "", path.n);
	o->set = xstrndup(set.n ? set.p : "", set.n);
	o->host = xstrndup(host.n ? host.p : "", host.n);
	o->newest = NSTIME_NONE;
	decode_stats_init(&o->stats);
	table_put(&en->origins, id, o);
	return o;
}

struct origin *sources_by_id(const struct engine *en, uint32_t id)
{
	return id < en->origins.n ? en->origins.v[id] : NULL;
}

struct origin *sources_origin(struct engine *en, const struct live_from *from)
{
	struct origin *o = sources_by_id(en, from->source);
	if (!o) {
		o = origin_new(en, from->source, from->path, from->set, from->host);
		en->new_origins = true;
	}
	o->spool = from->spool;
	return o;
}

void sources_free(struct engine *en)
{
	for (size_t i = 0; i < en->origins.n; i++) {
		struct origin *o = en->origins.v[i];
		if (!o)
			continue;
		free(o->path);
		free(o->set);
		free(o->host);
		free(o);
	}
	free(en->origins.v);
	live_follow_free(en->follow);
}

/* ---- the store's rows -------------------------------------------------------------------------------------------------------- */

struct loading {
	struct engine *en;
	struct { struct live_known *v; size_t n, cap; } known;
};

static int load_one(void *arg, const struct store_source *x)
{
	struct loading *l = arg;
	if (!x->id || x->id > UINT32_MAX / 2)
		return ERR_RANGE;
	struct origin *o = origin_new(l->en, x->id, x->path, x->set, x->host);
	o->newest = x->seen;
	o->stored = true;
	*vec_push(&l->known) = (struct live_known){x->id, slice_of(o->path), slice_of(o->set), x->dev, x->ino, x->offset, x->head, x->head_bytes, x->done};
	return 0;
}

int sources_load(struct engine *en, struct err *e)
{
	struct loading l = {.en = en};
	int rc = store_sources(en->store, load_one, &l, e);
	en->first_start = !rc && l.known.n == 0;
	if (!rc)
		en->follow = live_follow_new(l.known.v, l.known.n, en->first_start, en->config->live.history, QUIET);
	free(l.known.v);
	return rc;
}

int sources_save(struct engine *en, struct err *e)
{
	const struct live_known *v;
	size_t n = live_follow_known(en->follow, &v);
	int rc = 0;
	for (size_t i = 0; i < n && !rc; i++) {
		struct origin *o = sources_by_id(en, v[i].id);
		struct store_source x = {.id = v[i].id, .path = v[i].path, .set = v[i].set, .host = o ? slice_of(o->host) : SLICE_NONE, .dev = v[i].dev, .ino = v[i].ino,
			.offset = v[i].offset, .head = v[i].head, .head_bytes = v[i].head_bytes, .seen = o ? o->newest : NSTIME_NONE, .done = v[i].done};
		rc = store_source_put(en->store, &x, e);
		if (o)
			o->stored = true;
	}
	en->new_origins = false;
	return rc;
}

/* Spool files are ours: gone when they were read to their end and a checkpoint says so. */
void sources_tidy(struct engine *en)
{
	const struct live_spent *v;
	size_t n = live_follow_spent(en->follow, &v);
	if (en->figures.lines != en->saved_lines)
		return; /* what was read since is only in memory */
	for (size_t i = 0; i < n; i++)
		if (unlink(v[i].path.p) && access(v[i].path.p, F_OK) == 0)
			core_log(LOG_LEVEL_WARN, "%.*s: cannot be removed", SLFMT(v[i].path));
	en->spent = 0;
}
