/* checkpoint.c - positions and everything that is remembered, of one moment, in one transaction. */
#include "watch/watch_private.h"

#include <stdlib.h>

enum { LANES_VERSION = 1 };

static void save_lane(const struct lane *l, struct buf *b)
{
	struct buf part = {0};
	buf_sized(b, slice_of(l->set));
	buf_sized(b, slice_of(l->host));
	buf_u32(b, (uint32_t)l->format);
	buf_u64(b, (uint64_t)l->clock.key);
	buf_u32(b, l->began);
	joiner_save(l->joiner, &part);
	buf_sized(b, buf_slice(&part));
	part.n = 0;
	for (size_t i = l->at; i < l->joined.n; i++)
		event_save(&l->joined.v[i], &part);
	buf_sized(b, buf_slice(&part));
	buf_free(&part);
}

static bool load_lane(struct engine *en, struct wire *w)
{
	struct slice set = wire_sized(w), host = wire_sized(w);
	if (w->bad)
		return false;
	struct lane *l = lane_of(en, set, host);
	l->format = (int)wire_u32(w);
	l->clock.key = (nstime)wire_u64(w);
	l->began = wire_u32(w) != 0;
	struct wire joiner = wire_of(wire_sized(w)), events = wire_of(wire_sized(w));
	bool ok = joiner_load(l->joiner, &joiner);
	while (ok && events.n && !events.bad)
		ok = event_load(&events, &l->joined, en->names);
	l->round = en->round + 1; /* the others are read first */
	lane_queue(en, l);
	return ok && !w->bad;
}

static int put(struct engine *en, const char *name, struct buf *b, struct err *e)
{
	int rc = store_memory_put(en->store, name, buf_slice(b), e);
	b->n = 0;
	return rc;
}

/* Formats are numbered by their place in a table: another program may have another. */
static void save_lanes(const struct engine *en, struct buf *b)
{
	buf_u32(b, LANES_VERSION);
	buf_sized(b, slice_of(en->at->opt->version));
	for (size_t i = 0; i < en->lanes.n; i++)
		save_lane(en->lanes.v[i], b);
}

static int save(struct engine *en, struct err *e)
{
	struct buf *b = &en->scratch;
	int rc = sources_save(en, e);
	b->n = 0;
	if (rc)
		return rc;
	save_lanes(en, b);
	rc = put(en, "lanes", b, e);
	if (rc)
		return rc;
	detect_save(en->detect, b);
	rc = put(en, "detect", b, e);
	if (rc || !en->hunt)
		return rc;
	hunt_save(en->hunt, b);
	return put(en, "hunt", b, e);
}

int checkpoint_write(struct engine *en, struct err *e)
{
	int64_t from = mono_ns();
	int rc = save(en, e);
	en->last_checkpoint = mono_ns();
	en->figures.checkpoint_s = (double)(en->last_checkpoint - from) / NS_SEC;
	en->figures.checkpoints++;
	return rc;
}

/* A part that does not fit this program (an update, other rules) is left out, counted and said: detectors learn anew. */
static bool get(struct engine *en, const char *name, struct buf *b)
{
	struct err e;
	b->n = 0;
	int rc = store_memory_get(en->store, name, b, &e);
	if (rc && rc != ERR_NOENT)
		core_log(LOG_LEVEL_ERROR, "%s", e.text);
	return rc == 0;
}

static unsigned load_lanes(struct engine *en, struct wire w)
{
	unsigned lost = 0;
	if (wire_u32(&w) != LANES_VERSION || !slice_eqz(wire_sized(&w), en->at->opt->version))
		return 1;
	while (w.n && !w.bad)
		lost += !load_lane(en, &w);
	return lost;
}

int checkpoint_load(struct engine *en, struct err *e)
{
	struct buf *b = &en->scratch;
	unsigned lost = 0, all = 0;
	int rc = sources_load(en, e);
	if (rc)
		return rc;
	if (get(en, "detect", b)) {
		struct wire w = wire_of(buf_slice(b));
		all += !detect_load(en->detect, &w, &lost);
		all += lost;
	}
	if (en->hunt && get(en, "hunt", b)) {
		struct wire w = wire_of(buf_slice(b));
		all += !hunt_load(en->hunt, &w, &lost);
		all += lost;
	}
	if (get(en, "lanes", b))
		all += load_lanes(en, wire_of(buf_slice(b)));
	en->figures.forgotten_parts = all;
	if (all)
		core_log(LOG_LEVEL_WARN, "%u parts of what was remembered do not fit this program or its rules: they are learnt anew", all);
	return 0;
}
