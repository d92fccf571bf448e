/* join.c - what needs memory across blocks: audit groups cut by a block's end, and who started whom.
 *
 * Held groups: parts of a happening (audit_private.h) wait here until complete, or until the window has passed; then they
 * are decoded like any other. A group that began here and went on in a block that took it for whole comes as an event:
 * its records are taken out of that event's evidence and the happening is told anew, whole. Bounds: HELD groups,
 * HELD_BYTES of raw text, PARENTS processes. */
#include "decode/audit_private.h"

#include <stdlib.h>

enum { HELD = 256, HELD_BYTES = 8 << 20, PARENTS = 8192, PARENT_LINE = 1024, PARENT_PATH = 256, WINDOW_FACTOR = 2 };

struct held {
	struct arena mem;     /* everything below points here */
	struct audit_group g;
	uint32_t source;
	size_t bytes;
	bool done;            /* told; what still comes of it is dropped */
};

/* A process as its last execve left it. */
struct parent {
	char *text;           /* executable, name and command line, one behind the other */
	uint32_t nexe, nname, nline;
};

struct joiner {
	const struct decode_tables *t;
	struct decoder *d;    /* made when first needed */
	struct decode_in in;
	struct decode_stats stats;
	struct held *held[HELD];
	unsigned nheld;
	size_t bytes;
	struct lru *parents;  /* host and pid */
	struct sshd_connections *connections;
};

struct joiner *joiner_new(const struct decode_tables *t)
{
	struct joiner *j = xcalloc(1, sizeof *j);
	j->t = t;
	return j;
}

static void held_free(struct held *h)
{
	arena_free(&h->mem);
	free(h->g.v);
	free(h);
}

void joiner_free(struct joiner *j)
{
	if (!j)
		return;
	for (unsigned i = 0; i < j->nheld; i++)
		held_free(j->held[i]);
	lru_free(j->parents);
	sshd_connections_free(j->connections);
	decoder_free(j->d);
	free(j);
}

/* ---- who started whom ---------------------------------------------------------------------------------------- */

static void parent_evicted(void *arg, struct slice key, void *value)
{
	(void)arg;
	(void)key;
	free(((struct parent *)value)->text);
}

static struct key parent_key(const struct event *e, struct slice pid)
{
	struct key k;
	key_init(&k);
	key_add(&k, e->host);
	key_add(&k, pid);
	return k;
}

static void parent_keep(struct joiner *j, const struct event *e, bool started)
{
	struct slice pid = event_str(e, F_PROCESS_PID), exe = slice_to(event_str(e, F_PROCESS_EXE), PARENT_PATH);
	struct slice name = slice_to(event_str(e, F_PROCESS_NAME), PARENT_PATH), line = SLICE_NONE;
	bool fresh;
	if (!pid.n || !exe.n)
		return;
	if (!j->parents)
		j->parents = lru_new(sizeof(struct parent), PARENTS, parent_evicted, NULL);
	struct key k = parent_key(e, pid);
	struct parent *p = lru_put(j->parents, key_slice(&k), &fresh);
	if (!fresh && !started)
		return; /* its start said more than any later record can */
	line = slice_to(event_str(e, started ? F_PROCESS_CMDLINE : F_PROCESS_TITLE), PARENT_LINE);
	free(p->text);
	p->text = xmalloc(exe.n + name.n + line.n + 1);
	p->nexe = (uint32_t)exe.n;
	p->nname = (uint32_t)name.n;
	p->nline = (uint32_t)line.n;
	memcpy(p->text, exe.p, exe.n);
	if (name.n)
		memcpy(p->text + exe.n, name.p, name.n);
	if (line.n)
		memcpy(p->text + exe.n + name.n, line.p, line.n);
}

static void parent_tell(struct joiner *j, struct batch *out, struct event *e)
{
	struct slice ppid = event_str(e, F_PROCESS_PPID);
	if (!ppid.n || !j->parents || event_get(e, F_PARENT_EXE))
		return;
	struct key k = parent_key(e, ppid);
	const struct parent *p = lru_get(j->parents, key_slice(&k));
	if (!p)
		return;
	struct slice text = slice_dup(&out->arena, slice_make(p->text, (size_t)p->nexe + p->nname + p->nline));
	event_add(out, e, F_PARENT_EXE, slice_to(text, p->nexe));
	if (p->nname)
		event_add(out, e, F_PARENT_NAME, slice_to(slice_from(text, p->nexe), p->nname));
	if (p->nline)
		event_add(out, e, F_PARENT_CMDLINE, slice_from(text, (size_t)p->nexe + p->nname));
}

/* The event leaves: what is known of its parent is added, and it may be somebody's parent. */
static void leave(struct joiner *j, struct batch *out, struct event *e)
{
	if (slice_eq(e->dataset, SL("sshd")))
		join_sshd(&j->connections, out, e);
	if (!slice_eq(e->dataset, audit_dataset) || e->action == ACT_AUDIT_RECORD)
		return;
	parent_tell(j, out, e);
	if (e->action == ACT_EXIT && j->parents) {
		struct key k = parent_key(e, event_str(e, F_PROCESS_PID));
		lru_del(j->parents, key_slice(&k));
	} else {
		parent_keep(j, e, e->action == ACT_EXEC);
	}
}

/* ---- held groups --------------------------------------------------------------------------------------------- */

static struct decoder *decoder_for(struct joiner *j, const struct held *h, struct batch *out)
{
	if (!j->d)
		j->d = decoder_new(j->t);
	j->in = (struct decode_in){.source = h->source, .mtime = NSTIME_NONE, .format = -1};
	j->d->in = &j->in;
	j->d->out = out;
	j->d->stats = &j->stats;
	return j->d;
}

/* Tell the group from copies in out, then let go of the text. */
static void held_tell(struct joiner *j, struct held *h, struct batch *out)
{
	struct audit_group g = h->g;
	size_t before = out->n;
	if (h->done)
		return;
	h->done = true;
	g.host = slice_dup(&out->arena, g.host);
	for (uint32_t i = 0; i < g.n; i++) {
		struct audit_rec *r = &g.v[i];
		const char *from = r->text.p;
		r->text = slice_dup(&out->arena, r->text);
		r->ref.raw = r->ref.raw.p == from ? slice_to(r->text, r->ref.raw.n) : slice_dup(&out->arena, r->ref.raw);
		r->body.p = r->text.p + (r->body.p - from);
		r->type_text.p = r->text.p + (r->type_text.p - from);
		r->serial_text.p = r->text.p + (r->serial_text.p - from);
	}
	audit_finish(decoder_for(j, h, out), &g);
	for (size_t i = before; i < out->n; i++)
		leave(j, out, &out->v[i]);
	h->g.n = 0;
	j->bytes -= h->bytes;
	h->bytes = 0;
}

static void held_drop(struct joiner *j, unsigned at)
{
	held_free(j->held[at]);
	j->nheld--;
	memmove(&j->held[at], &j->held[at + 1], (j->nheld - at) * sizeof j->held[0]);
}

static void held_close(struct joiner *j, unsigned at, struct batch *out)
{
	held_tell(j, j->held[at], out);
	held_drop(j, at);
}

static struct held *held_find(struct joiner *j, struct slice host, const struct audit_head *h)
{
	for (unsigned i = j->nheld; i-- > 0;) {
		const struct audit_group *g = &j->held[i]->g;
		if (g->serial == h->serial && g->time == h->time && slice_eq(g->host, host))
			return j->held[i];
	}
	return NULL;
}

static struct held *held_new(struct joiner *j, const struct event *e, const struct audit_head *head, struct batch *out)
{
	if (j->nheld == HELD)
		held_close(j, 0, out);
	struct held *h = xcalloc(1, sizeof *h);
	arena_init(&h->mem);
	h->source = e->source;
	h->g = (struct audit_group){.time = e->time, .serial = head->serial, .host = slice_dup(&h->mem, e->host)};
	j->held[j->nheld++] = h;
	return h;
}

/* One record joins the group, unless it is there already. text: the record without its envelope. */
static void held_add(struct joiner *j, struct held *h, struct rawref ref, struct slice text, struct batch *out)
{
	struct audit_head head;
	struct audit_group *g = &h->g;
	for (uint32_t i = 0; i < g->n; i++)
		if (g->v[i].ref.offset == ref.offset)
			return;
	if (g->n == AUDIT_RECORDS)
		return;
	bool whole = text.p == ref.raw.p && text.n == ref.raw.n;
	text = slice_dup(&h->mem, text);
	ref.raw = whole ? text : slice_dup(&h->mem, ref.raw);
	if (!audit_head(decoder_for(j, h, out), text, &head))
		return;
	if (g->n == g->cap) {
		g->cap = g->cap ? g->cap * 2 : 8;
		g->v = xreallocarray(g->v, g->cap, sizeof *g->v);
	}
	g->v[g->n] = (struct audit_rec){.type = head.type, .type_text = head.type_text, .serial_text = head.serial_text, .body = head.body,
		.text = text, .ref = ref, .plain = head.plain};
	audit_group_mark(g, &g->v[g->n++]);
	size_t bytes = text.n + (whole ? 0 : ref.raw.n);
	h->bytes += bytes;
	j->bytes += bytes;
}

/* Where in a raw line the record begins, behind a syslog envelope. */
static bool find_record(struct joiner *j, const struct event *e, struct slice raw, struct slice *text, struct audit_head *head)
{
	static const struct slice starts[] = {{"node=", 5}, {"type=", 5}};
	const struct held any = {.source = e->source};
	struct decoder *d = decoder_for(j, &any, NULL);
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		ssize_t pos = slice_find(raw, starts[i]);
		if (pos >= 0 && audit_head(d, slice_from(raw, (size_t)pos), head)) {
			*text = slice_from(raw, (size_t)pos);
			return true;
		}
	}
	return false;
}

/* An event made in its block belongs to a group that began before it: take its records. False: it does not. */
static bool take_over(struct joiner *j, const struct event *e, struct batch *out)
{
	struct audit_head head;
	struct slice text;
	if (!slice_eq(e->dataset, audit_dataset) || slice_starts(e->at.raw, SL("{")) || !find_record(j, e, e->at.raw, &text, &head))
		return false; /* inside JSON the text is escaped: left as its block saw it */
	head.time = e->time; /* ausearch's local time has gone through the zone already */
	struct held *h = held_find(j, e->host, &head);
	if (!h)
		return false;
	if (h->done)
		return true;
	held_add(j, h, e->at, text, out);
	for (uint32_t i = 0; i < e->nmore; i++)
		if (find_record(j, e, e->more[i].raw, &text, &head))
			held_add(j, h, e->more[i], text, out);
	if (audit_complete(&h->g))
		held_tell(j, h, out);
	return true;
}

static void take_part(struct joiner *j, const struct event *e, struct batch *out)
{
	struct audit_head head;
	struct slice text = event_str(e, F_MESSAGE);
	const struct held any = {.source = e->source};
	if (!audit_head(decoder_for(j, &any, out), text, &head))
		return;
	head.time = e->time;
	struct held *h = held_find(j, e->host, &head);
	if (!h && e->dataset.p == audit_part_maybe.p)
		return; /* matters only to a group that is waiting */
	if (!h)
		h = held_new(j, e, &head, out);
	if (h->done)
		return;
	held_add(j, h, e->at, text, out);
	if (audit_complete(&h->g))
		held_tell(j, h, out);
	while (j->bytes > HELD_BYTES)
		held_close(j, 0, out);
}

/* Groups that will get no more, now that e has come. */
static void pass_window(struct joiner *j, const struct event *e, struct batch *out)
{
	struct audit_head head = {.serial = 0};
	struct slice text;
	if (!find_record(j, e, e->at.raw, &text, &head))
		return;
	for (unsigned i = 0; i < j->nheld;)
		if (audit_apart(&j->held[i]->g, e->host, e->time, head.serial, WINDOW_FACTOR))
			held_close(j, i, out);
		else
			i++;
}

/* No audit records and none waiting: the events go on as they are, with the memory they lie in. */
static bool pass_through(struct joiner *j, struct batch *in, struct batch *out)
{
	if (j->nheld || out->n || out->arena.used)
		return false;
	for (size_t i = 0; i < in->n; i++)
		if (audit_is_part(&in->v[i]) || slice_eq(in->v[i].dataset, audit_dataset))
			return false;
	struct batch t = *in;
	*in = *out;
	*out = t;
	for (size_t i = 0; i < out->n; i++)
		leave(j, out, &out->v[i]);
	return true;
}

void joiner_run(struct joiner *j, struct batch *in, struct batch *out, bool final)
{
	for (size_t i = pass_through(j, in, out) ? in->n : 0; i < in->n; i++) {
		struct event *e = &in->v[i];
		bool part = audit_is_part(e);
		if (j->nheld && (part || slice_eq(e->dataset, audit_dataset)))
			pass_window(j, e, out);
		if (part) {
			take_part(j, e, out);
		} else if (!j->nheld || !take_over(j, e, out)) {
			struct event *o = batch_add(out);
			*o = *e;
			leave(j, out, o);
		}
	}
	while (final && j->nheld)
		held_close(j, 0, out);
}

/* ---- a process that goes on ------------------------------------------------------------------------------------ */

static bool save_parent(void *arg, struct slice key, void *value)
{
	const struct parent *p = value;
	struct buf *b = arg;
	buf_sized(b, key);
	buf_u32(b, p->nexe);
	buf_u32(b, p->nname);
	buf_sized(b, slice_make(p->text, (size_t)p->nexe + p->nname + p->nline));
	return true;
}

static void save_held(const struct held *h, struct buf *b)
{
	buf_u64(b, (uint64_t)h->g.time);
	buf_u64(b, h->g.serial);
	buf_sized(b, h->g.host);
	buf_u32(b, h->source);
	buf_u32(b, h->done);
	buf_u32(b, h->g.n);
	for (uint32_t i = 0; i < h->g.n; i++) {
		const struct audit_rec *r = &h->g.v[i];
		bool whole = r->text.p == r->ref.raw.p;
		buf_u64(b, r->ref.offset);
		buf_sized(b, r->text);
		buf_u32(b, whole);
		if (!whole)
			buf_sized(b, r->ref.raw);
	}
}

void joiner_save(const struct joiner *j, struct buf *b)
{
	struct buf parents = {0};
	if (j->parents)
		lru_each(j->parents, save_parent, &parents);
	buf_sized(b, buf_slice(&parents));
	buf_free(&parents);
	sshd_connections_save(j->connections, b);
	buf_u32(b, j->nheld);
	for (unsigned i = 0; i < j->nheld; i++)
		save_held(j->held[i], b);
}

static bool load_parents(struct joiner *j, struct wire w)
{
	while (w.n && !w.bad) {
		struct slice key = wire_sized(&w);
		uint32_t nexe = wire_u32(&w), nname = wire_u32(&w);
		struct slice text = wire_sized(&w);
		if (w.bad || !key.n || nexe > PARENT_PATH || nname > PARENT_PATH || text.n > 2 * PARENT_PATH + PARENT_LINE || (size_t)nexe + nname > text.n)
			return false;
		if (!j->parents)
			j->parents = lru_new(sizeof(struct parent), PARENTS, parent_evicted, NULL);
		struct parent *p = lru_put(j->parents, key, NULL);
		free(p->text);
		*p = (struct parent){xstrndup(text.p, text.n), nexe, nname, (uint32_t)(text.n - nexe - nname)};
	}
	return !w.bad;
}

static bool load_held(struct joiner *j, struct wire *w)
{
	struct event e = {.time = (nstime)wire_u64(w)};
	struct audit_head head = {.serial = wire_u64(w)};
	e.host = wire_sized(w);
	e.source = wire_u32(w);
	bool done = wire_u32(w) != 0;
	uint32_t n = wire_u32(w);
	if (w->bad || n > AUDIT_RECORDS || j->nheld == HELD)
		return false;
	struct held *h = held_new(j, &e, &head, NULL);
	for (uint32_t i = 0; i < n && !w->bad; i++) {
		struct rawref ref = {.offset = wire_u64(w)};
		struct slice text = wire_sized(w);
		ref.raw = wire_u32(w) ? text : wire_sized(w);
		held_add(j, h, ref, text, NULL);
	}
	h->done = done;
	return !w->bad;
}

bool joiner_load(struct joiner *j, struct wire *w)
{
	struct wire parents = wire_of(wire_sized(w));
	bool ok = load_parents(j, parents) && sshd_connections_load(&j->connections, w);
	uint32_t n = wire_u32(w);
	for (uint32_t i = 0; ok && i < n; i++)
		ok = load_held(j, w);
	return ok && !w->bad;
}
