/* follow.c - all files together: which is read next, what waits for what.
 *
 * A stream is a log: its files oldest first, and a newer one is not read while an older one has lines. A copy of a file that is still
 * being read is parked until that one was emptied or is gone, and then goes on where that one was read to.
 */
#include "live/live_private.h"

#include <stdlib.h>
#include <unistd.h>

/* ---- life ------------------------------------------------------------------------------------------------------------ */
struct live_follow *live_follow_new(const struct live_known *v, size_t n, bool first, bool history, nstime quiet)
{
	struct live_follow *f = xcalloc(1, sizeof *f);
	*f = (struct live_follow){.sets = strtab_new(), .next_id = 1, .first = first, .history = history, .quiet = quiet};
	for (size_t i = 0; i < n; i++) {
		struct live_known *k = vec_push(&f->known);
		*k = v[i];
		k->path = slice_make(xstrndup(v[i].path.p, v[i].path.n), v[i].path.n);
		k->set = slice_make(xstrndup(v[i].set.p, v[i].set.n), v[i].set.n);
		strtab_put(f->sets, k->set);
		f->next_id = MAX(f->next_id, k->id + 1);
	}
	return f;
}

static void close_tail(struct live_follow *f, struct item *it)
{
	if (it->tail)
		f->open--;
	live_tail_free(it->tail);
	it->tail = NULL;
}

static void item_free(struct live_follow *f, struct item *it)
{
	close_tail(f, it);
	free(it->path);
	free(it->host);
	free(it->why);
	*it = (struct item){0};
}

void live_follow_free(struct live_follow *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->items.n; i++)
		item_free(f, &f->items.v[i]);
	for (size_t i = 0; i < f->known.n; i++) {
		free((void *)(uintptr_t)f->known.v[i].path.p);
		free((void *)(uintptr_t)f->known.v[i].set.p);
	}
	for (size_t i = 0; i < f->streams.n; i++)
		free(f->streams.v[i].v);
	free(f->streams.v);
	free(f->items.v);
	free(f->by_file.v);
	free(f->known.v);
	free(f->spent.v);
	strtab_free(f->sets);
	free(f);
}

/* ---- streams --------------------------------------------------------------------------------------------------------- */
static struct stream_items *stream_of(struct live_follow *f, uint32_t stream)
{
	while (f->streams.n <= stream)
		*vec_push(&f->streams) = (struct stream_items){0};
	return &f->streams.v[stream];
}

static void stream_remove(struct live_follow *f, uint32_t index)
{
	struct stream_items *s = stream_of(f, f->items.v[index].stream);
	size_t to = 0;
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i] != index)
			s->v[to++] = s->v[i];
	s->n = to;
}

/* Oldest first; of two alike the one that was there before. */
static void stream_insert(struct live_follow *f, uint32_t index)
{
	struct stream_items *s = stream_of(f, f->items.v[index].stream);
	vec_reserve(s, 1);
	size_t at = s->n++;
	for (; at > 0 && f->items.v[s->v[at - 1]].order < f->items.v[index].order; at--)
		s->v[at] = s->v[at - 1];
	s->v[at] = index;
}

static uint32_t index_of(const struct live_follow *f, uint32_t file)
{
	return file < f->by_file.n ? f->by_file.v[file] - 1 : UINT32_MAX;
}

static void set_index(struct live_follow *f, uint32_t file, uint32_t index)
{
	while (f->by_file.n <= file)
		*vec_push(&f->by_file) = 0;
	f->by_file.v[file] = index + 1;
}

static void item_name(struct live_follow *f, struct item *it, const struct live_file *what)
{
	free(it->path);
	it->path = xstrndup(what->path.p, what->path.n);
	it->npath = what->path.n;
	it->order = what->order;
	it->stream = strtab_put(f->sets, what->set);
}

/* ---- sources --------------------------------------------------------------------------------------------------------- */
static void activate(struct live_follow *f, struct item *it, struct live_known *k, uint64_t offset)
{
	it->source = k->id;
	it->state = ITEM_ACTIVE;
	it->dirty = it->fresh = true;
	k->offset = offset;
	k->done = false;
	known_attach(f, k, it);
	live_tail_seek(it->tail, offset);
	known_read(k, it->tail, NULL);
}

static void finish(struct live_follow *f, struct item *it)
{
	it->state = ITEM_FINISHED;
	it->dirty = it->waits = false;
	close_tail(f, it);
}

/* The file of source `id` was emptied or is gone: a copy of it goes on. False when none is there. */
static bool resolve(struct live_follow *f, uint32_t id)
{
	struct live_known *k = known_find(f, id);
	struct item *best = NULL;
	for (size_t i = 0; i < f->items.n; i++) {
		struct item *it = &f->items.v[i];
		if (it->path && it->state == ITEM_PARKED && it->source == id && (!best || (best->packed && !it->packed)))
			best = it;
	}
	if (!best || !k)
		return false;
	if (!(k->done && best->packed)) {
		activate(f, best, k, k->offset);
		return true;
	}
	known_attach(f, k, best);
	finish(f, best);
	return true;
}

static bool is_followed(const struct live_follow *f, uint32_t id)
{
	for (size_t i = 0; i < f->items.n; i++)
		if (f->items.v[i].path && f->items.v[i].state == ITEM_ACTIVE && f->items.v[i].source == id)
			return true;
	return false;
}

/* This inode is no longer the file of the sources that had it, but for `keep`. */
static void take_inode(struct live_follow *f, const struct item *it, uint32_t keep)
{
	for (size_t i = 0; i < f->known.n; i++) {
		struct live_known *k = &f->known.v[i];
		if (k->id == keep || k->ino != it->ino || k->dev != it->dev || k->ino == 0)
			continue;
		k->dev = k->ino = 0;
		uint32_t id = k->id;
		if (!is_followed(f, id))
			resolve(f, id);
	}
}

static void begin_new(struct live_follow *f, struct item *it, const struct live_begin *b)
{
	struct live_known *k = known_add(f, it);
	activate(f, it, k, b->offset);
	if (b->offset > 0 && !it->packed) {
		live_tail_align(it->tail);
		known_read(k, it->tail, NULL);
	}
	if (b->skip && it->packed) {
		char head[LIVE_HEAD]; /* to be known again after a restart */
		size_t n = live_tail_head(it->tail, head);
		k->head = live_head_hash(slice_make(head, n));
		k->head_bytes = (uint32_t)n;
		k->done = true;
		finish(f, it);
	}
}

static void expect_head(struct item *it)
{
	char head[LIVE_HEAD];
	size_t n = live_tail_head(it->tail, head);
	it->expect = live_head_hash(slice_make(head, n));
	it->expect_bytes = (uint32_t)n;
}

/* Was it emptied before anything was read of it? There is no position then that would tell. */
static bool was_emptied_unread(struct item *it, const struct live_known *k)
{
	char head[LIVE_HEAD];
	if (!it->expect_bytes || (k && k->offset > 0))
		return false;
	size_t n = live_tail_head(it->tail, head);
	bool same = n >= it->expect_bytes && live_head_hash(slice_make(head, it->expect_bytes)) == it->expect;
	return !same;
}

/* Both came while we did not look: copytruncate at work between its copy and its emptying. The copy waits. */
static bool begin_twin(struct live_follow *f, struct item *it)
{
	const struct stream_items *s = stream_of(f, it->stream);
	for (size_t i = 0; i < s->n; i++) {
		struct item *copy = &f->items.v[s->v[i]];
		struct live_known *k = copy->state == ITEM_ACTIVE && copy->order > it->order && !copy->spool ? known_find(f, copy->source) : NULL;
		if (!k || copy->gone || !live_tail_extends(it->tail, copy->tail))
			continue;
		activate(f, it, k, k->offset);
		if (k->offset == 0)
			expect_head(it);
		copy->state = ITEM_PARKED;
		copy->dirty = copy->waits = false;
		return true;
	}
	return false;
}

static void begin(struct live_follow *f, struct item *it, const struct live_begin *b)
{
	struct live_known *k = b->known ? known_find(f, b->known) : NULL;

	take_inode(f, it, b->copy ? 0 : b->known);
	if (!k && begin_twin(f, it))
		return;
	if (!k) {
		begin_new(f, it, b);
	} else if (b->copy && (!f->settled || is_followed(f, k->id))) {
		it->state = ITEM_PARKED;
		it->source = k->id;
	} else if (b->skip) {
		it->source = k->id;
		known_attach(f, k, it);
		finish(f, it);
	} else {
		activate(f, it, k, b->offset);
	}
}

/* The inode was emptied: a new source, and whoever copied the old one goes on. */
static void start_over(struct live_follow *f, struct item *it)
{
	uint32_t old = it->source;
	struct live_known *k = known_find(f, old);
	if (k)
		k->dev = k->ino = 0;
	struct live_begin b = {0};
	it->expect_bytes = 0;
	if (!begin_twin(f, it)) /* emptied twice, and a copy of what is in it now is there already */
		begin_new(f, it, &b);
	it->begun = false;
	resolve(f, old);
}

/* A copy of a file of which nothing was read so far: the table does not know how that one begins. */
static void find_unread(struct live_follow *f, const struct item *it, struct slice head, struct live_begin *b)
{
	char other[LIVE_HEAD];
	const struct stream_items *s = stream_of(f, it->stream);
	for (size_t i = 0; i < s->n && (it->packed || it->order > 0) && !it->spool; i++) {
		struct item *old = &f->items.v[s->v[i]];
		bool copy = old->state == ITEM_PARKED && old->tail; /* of the same: a plain one beside its pack */
		const struct live_known *k = old != it && (old->state == ITEM_ACTIVE || copy) ? known_find(f, old->source) : NULL;
		if (!k || k->head_bytes)
			continue;
		if (!copy && was_emptied_unread(old, k)) {
			start_over(f, old);
			k = known_find(f, old->source);
		}
		size_t n = live_tail_head(old->tail, other);
		if (!n || n > head.n || memcmp(other, head.p, n) != 0)
			continue;
		*b = (struct live_begin){.known = k->id, .copy = true};
		expect_head(old);
	}
}

static struct item *item_new(struct live_follow *f, uint32_t file, const struct live_file *what, uint32_t *index)
{
	size_t i = 0;
	while (i < f->items.n && f->items.v[i].path)
		i++;
	if (i == f->items.n)
		vec_push(&f->items);
	struct item *it = &f->items.v[i];
	*it = (struct item){.file = file, .dev = what->dev, .ino = what->ino, .mtime = what->mtime, .packed = what->packed, .spool = what->spool,
		.host = xstrndup(what->host.p, what->host.n), .nhost = what->host.n, .grown = NSTIME_NONE};
	item_name(f, it, what);
	*index = (uint32_t)i;
	set_index(f, file, *index);
	return it;
}

/* A file that had lost its name has one again; its inode cannot be another's while we hold it. */
static bool is_back(struct live_follow *f, uint32_t file, const struct live_file *what, int fd)
{
	for (size_t i = 0; i < f->items.n; i++) {
		struct item *it = &f->items.v[i];
		if (!it->path || !it->gone || !it->tail || it->dev != what->dev || it->ino != what->ino)
			continue;
		set_index(f, it->file, UINT32_MAX);
		set_index(f, file, (uint32_t)i);
		it->file = file;
		it->gone = false;
		live_follow_renamed(f, file, what);
		close(fd);
		return true;
	}
	return false;
}

static void cannot(struct item *it, const struct err *e)
{
	it->state = ITEM_FINISHED;
	it->why = xmalloc(sizeof *it->why);
	*it->why = *e;
}

void live_follow_found(struct live_follow *f, uint32_t file, const struct live_file *what, int fd)
{
	char head[LIVE_HEAD];
	struct err e = {0};
	uint32_t index;
	if (is_back(f, file, what, fd))
		return;
	struct item *it = item_new(f, file, what, &index);

	stream_insert(f, index);
	if (f->open >= LIVE_FOLLOW_MAX) {
		close(fd);
		err_set(&e, ERR_LIMIT, "more than %d files at once: not followed", LIVE_FOLLOW_MAX);
		cannot(it, &e);
		return;
	}
	it->tail = live_tail_new(fd, what->packed, what->records, 0, &e);
	if (!it->tail) {
		cannot(it, &e);
		return;
	}
	f->open++;
	it->records = live_tail_records(it->tail);
	size_t n = live_tail_head(it->tail, head);
	struct live_begin b = live_decide(f->known.v, f->known.n, what, slice_make(head, n), f->first && !f->settled, f->history);
	if (!b.known)
		find_unread(f, it, slice_make(head, n), &b);
	begin(f, it, &b);
}

void live_follow_settled(struct live_follow *f)
{
	f->settled = true;
	for (size_t i = 0; i < f->items.n; i++)
		if (f->items.v[i].path && f->items.v[i].state == ITEM_PARKED && !is_followed(f, f->items.v[i].source))
			resolve(f, f->items.v[i].source);
}

void live_follow_grew(struct live_follow *f, uint32_t file)
{
	uint32_t i = index_of(f, file);
	if (i != UINT32_MAX && f->items.v[i].state == ITEM_ACTIVE)
		f->items.v[i].dirty = f->items.v[i].fresh = true;
}

void live_follow_renamed(struct live_follow *f, uint32_t file, const struct live_file *what)
{
	uint32_t i = index_of(f, file);
	if (i == UINT32_MAX)
		return;
	struct item *it = &f->items.v[i];
	stream_remove(f, i);
	item_name(f, it, what);
	stream_insert(f, i);
	struct live_known *k = it->state == ITEM_PARKED ? NULL : known_find(f, it->source);
	if (k && k->ino == it->ino && k->dev == it->dev)
		known_attach(f, k, it);
	it->dirty = it->state == ITEM_ACTIVE;
}

static void item_remove(struct live_follow *f, uint32_t index)
{
	stream_remove(f, index);
	set_index(f, f->items.v[index].file, UINT32_MAX);
	item_free(f, &f->items.v[index]);
}

/* Its inode may be another file's soon. */
static void let_go(struct live_follow *f, struct item *it, bool done)
{
	struct live_known *k = known_find(f, it->source);
	if (!k || k->ino != it->ino || k->dev != it->dev)
		return;
	k->dev = k->ino = 0;
	k->done = k->done || done;
	resolve(f, k->id);
}

void live_follow_gone(struct live_follow *f, uint32_t file)
{
	uint32_t i = index_of(f, file);
	if (i == UINT32_MAX)
		return;
	struct item *it = &f->items.v[i];
	it->gone = true;
	if (it->state == ITEM_ACTIVE) {
		it->dirty = it->fresh = true; /* read to its end first, by the descriptor */
		return;
	}
	if (it->state == ITEM_FINISHED)
		let_go(f, it, false);
	item_remove(f, i);
}

/* ---- reading --------------------------------------------------------------------------------------------------------- */
bool live_follow_stream(const struct live_follow *f, uint32_t stream, struct slice *set, struct slice *host)
{
	if (!stream || stream >= f->streams.n || !f->streams.v[stream].n)
		return false;
	const struct item *it = &f->items.v[f->streams.v[stream].v[0]];
	*set = strtab_get(f->sets, stream);
	*host = slice_of(it->host ? it->host : "");
	return true;
}

uint32_t live_follow_ready(const struct live_follow *f, uint32_t after)
{
	if (!f->settled)
		return 0;
	for (uint32_t s = after + 1; s < f->streams.n; s++)
		for (size_t i = 0; i < f->streams.v[s].n; i++)
			if (f->items.v[f->streams.v[s].v[i]].dirty || f->items.v[f->streams.v[s].v[i]].why)
				return s;
	return 0;
}

static void fill_from(const struct live_follow *f, const struct item *it, struct live_from *from)
{
	*from = (struct live_from){.stream = it->stream, .source = it->source, .path = slice_make(it->path, it->npath),
		.set = stream_set_name(f, it->stream), .host = slice_make(it->host, it->nhost), .mtime = it->mtime, .records = it->records,
		.spool = it->spool, .first = !it->begun};
}

/* A copy with the same name is there: what the old file has at its end without a newline, the new one has whole. */
static bool is_replaced(const struct live_follow *f, const struct item *old)
{
	for (size_t i = 0; i < f->items.n; i++) {
		const struct item *it = &f->items.v[i];
		if (it->path && it->state == ITEM_PARKED && it->source == old->source && !it->packed)
			return true;
	}
	return false;
}

/* Nothing more for now. Returns true when the item left the stream. */
static bool at_end(struct live_follow *f, uint32_t index, bool flushed)
{
	struct item *it = &f->items.v[index];
	it->dirty = false;
	it->waits = it->gone || (it->order > 0 && !it->packed && !flushed);
	if (!it->gone || !(flushed || is_replaced(f, it)))
		return false;
	uint32_t id = it->source;
	struct live_known *k = known_find(f, id);
	it->state = ITEM_FINISHED;
	if (k && it->spool)
		k->done = true;
	let_go(f, it, true);
	item_remove(f, index);
	return true;
}

static void packed_done(struct live_follow *f, struct item *it)
{
	struct live_known *k = known_find(f, it->source);
	if (k)
		k->done = true;
	finish(f, it);
}

/* 1 a block, 0 nothing for now, ERR_*. */
static int read_item(struct live_follow *f, uint32_t index, size_t want, nstime now, struct block *b, struct live_from *from, struct err *e)
{
	struct item *it = &f->items.v[index];
	uint64_t too_long = 0;
	if (it->fresh || it->grown == NSTIME_NONE)
		it->grown = now;
	it->fresh = false;
	if (was_emptied_unread(it, known_find(f, it->source))) {
		start_over(f, it);
		return 0;
	}
	bool flush = (it->gone || it->order > 0) && now - it->grown >= f->quiet && !is_replaced(f, it);
	int rc = live_tail_read(it->tail, want, flush, b, &too_long, e);
	fill_from(f, it, from);
	from->too_long = too_long;
	struct live_known *k = known_find(f, it->source);
	if (k && rc >= 0 && rc != LIVE_TRUNCATED)
		known_read(k, it->tail, rc == LIVE_LINES ? b : NULL);
	switch (rc) {
	case LIVE_LINES:
		it->begun = true;
		it->grown = now;
		return 1;
	case LIVE_NOTHING:
		at_end(f, index, flush);
		return 0;
	case LIVE_TRUNCATED:
		start_over(f, it);
		return 0;
	case LIVE_END:
		packed_done(f, it);
		return 0;
	}
	if (rc != ERR_NOMEM)
		packed_done(f, it);
	return rc;
}

static int tell_why(struct live_follow *f, struct item *it, struct live_from *from, struct err *e)
{
	int rc = it->why->code;
	fill_from(f, it, from);
	if (e)
		*e = *it->why;
	free(it->why);
	it->why = NULL;
	return rc;
}

int live_follow_read(struct live_follow *f, uint32_t stream, size_t want, nstime now, struct block *b, struct live_from *from, struct err *e)
{
	/* An item that has nothing may have made an older one readable: look from the start again, each time with one dirty item fewer. */
	for (size_t i = 0; stream < f->streams.n && i < f->streams.v[stream].n;) {
		uint32_t index = f->streams.v[stream].v[i];
		struct item *it = &f->items.v[index];
		if (it->why)
			return tell_why(f, it, from, e);
		if (!it->dirty) {
			i++;
			continue;
		}
		int rc = read_item(f, index, want, now, b, from, e);
		if (rc)
			return rc;
		i = 0;
	}
	return 0;
}

void live_follow_tick(struct live_follow *f)
{
	for (size_t i = 0; i < f->items.n; i++)
		if (f->items.v[i].path && f->items.v[i].state == ITEM_ACTIVE && f->items.v[i].waits)
			f->items.v[i].dirty = true;
}

/* ---- what to save ---------------------------------------------------------------------------------------------------- */
size_t live_follow_known(struct live_follow *f, const struct live_known **v)
{
	if (f->known.n > 2 * f->open + 64)
		known_prune(f);
	*v = f->known.v;
	return f->known.n;
}

size_t live_follow_spent(struct live_follow *f, const struct live_spent **v)
{
	f->spent.n = 0;
	for (size_t i = 0; i < f->items.n; i++) {
		const struct item *it = &f->items.v[i];
		if (it->path && it->spool && it->order > 0 && it->state == ITEM_ACTIVE && it->begun && !it->dirty && !it->gone && !it->waits)
			*vec_push(&f->spent) = (struct live_spent){it->file, slice_make(it->path, it->npath)};
	}
	*v = f->spent.v;
	return f->spent.n;
}
