/* queue.c - the engine's side: what is to be told, in rows whose names are stable. */
#include "notify/notify_private.h"

#include <stdio.h>

struct queueing {
	struct store *s;
	const struct notify_config *config;
	const struct org *org;
	const struct notify_change *x;
	uint32_t changes;
	uint64_t digest;
	nstime now;
	struct arena mem;
	struct err *e;
};

static uint32_t changes_of(const struct notify_change *x)
{
	uint32_t bits = (x->fresh ? CHANGE_NEW : 0u) | (x->level_rose ? CHANGE_LEVEL : 0u) | (x->stage_reached ? CHANGE_STAGE : 0u);
	return bits ? bits : x->more ? CHANGE_MORE : CHANGE_STATUS;
}

/* What makes two messages the same: incident, channel, level, stages, status; of a minor one also what it says, of a changed status the time. */
static void name_message(const struct queueing *q, const struct notify_channel *c, char id[static 33])
{
	uint32_t level = q->x->incident->level, stages = notify_stages(q->x->incident);
	nstime second = q->now / NS_SEC;
	struct slice last = SLICE_NONE;
	if (q->changes & CHANGE_MORE)
		last = slice_make((const char *)&q->digest, sizeof q->digest);
	else if (q->changes & CHANGE_STATUS)
		last = slice_make((const char *)&second, sizeof second);
	const struct slice parts[] = {SL("incident"), slice_of(q->x->id), c->name, slice_make((const char *)&level, sizeof level),
		slice_make((const char *)&stages, sizeof stages), slice_of(q->x->status), last};
	notify_id(id, parts, ARRAY_LEN(parts));
}

static void fill(struct queueing *q, const struct notify_channel *c, uint32_t changes, struct buf *body, struct store_message *m)
{
	struct notify_message n;
	notify_compose(q->x, q->org, q->config->version, changes, &q->mem, &n);
	notify_message_save(&n, body);
	snprintf(m->incident, sizeof m->incident, "%s", q->x->id);
	m->channel = c->name;
	m->level = q->x->incident->level;
	m->changes = changes;
	m->digest = q->digest;
	m->created = m->due = q->now;
	m->body = buf_slice(body);
}

/* Only more of the same: into the message that waits, or into one that waits for still more. */
static int minor(struct queueing *q, const struct notify_channel *c, struct store_message *waiting, unsigned *queued)
{
	struct store_message m = {0};
	struct buf body = {0};
	bool known, done = false;
	int rc = store_message_known(q->s, q->x->id, c->name, q->digest, &known, q->e);
	if (rc || known)
		return rc;
	if (waiting) {
		fill(q, c, waiting->changes | q->changes, &body, &m);
		memcpy(m.id, waiting->id, sizeof m.id);
		rc = store_message_rewrite(q->s, &m, &done, q->e);
	}
	if (!rc && !done) {
		body.n = 0;
		name_message(q, c, m.id);
		fill(q, c, q->changes, &body, &m);
		m.due = q->now + q->config->group;
		rc = store_message_add(q->s, &m, q->e);
		*queued += !rc;
	}
	buf_free(&body);
	return rc;
}

/* To be told at once; what waits goes into it. */
static int grave(struct queueing *q, const struct notify_channel *c, struct store_message *waiting, unsigned *queued)
{
	struct store_message m = {0}, old;
	struct buf body = {0};
	struct err none;
	name_message(q, c, m.id);
	int rc = store_message_get(q->s, m.id, &q->mem, &old, &none);
	if (rc != ERR_NOENT)
		return rc ? err_set(q->e, rc, "%s", none.text) : 0;
	fill(q, c, q->changes | (waiting ? waiting->changes & CHANGE_GRAVE : 0u), &body, &m);
	rc = store_message_add(q->s, &m, q->e);
	buf_free(&body);
	*queued += !rc;
	if (rc || !waiting)
		return rc;
	waiting->state = OUTBOX_GROUPED;
	return store_message_mark(q->s, waiting, q->e);
}

static int queue_for(struct queueing *q, const struct notify_channel *c, unsigned *queued)
{
	struct store_message waiting;
	struct err none;
	int rc = store_message_waiting(q->s, q->x->id, c->name, &q->mem, &waiting, &none);
	if (rc && rc != ERR_NOENT)
		return err_set(q->e, rc, "%s", none.text);
	return (q->changes & CHANGE_MORE ? minor : grave)(q, c, rc ? NULL : &waiting, queued);
}

int notify_queue(struct store *s, const struct notify_config *c, const struct org *org, const struct notify_change *x, nstime now, unsigned *queued, struct err *e)
{
	struct queueing q = {s, c, org, x, changes_of(x), notify_digest(x), now, {0}, e};
	int rc = 0;
	*queued = 0;
	arena_init(&q.mem);
	for (size_t i = 0; i < c->nchannels && !rc; i++) {
		if (x->incident->level >= c->channels[i].min_level)
			rc = queue_for(&q, &c->channels[i], queued);
		arena_reset(&q.mem);
	}
	arena_free(&q.mem);
	return rc;
}

static int notice_for(struct store *s, const struct notify_channel *c, const struct notify_message *n, struct slice key, nstime now, struct err *e)
{
	struct store_message m = {.channel = c->name, .level = n->level, .created = now, .due = now};
	const struct slice parts[] = {SL("notice"), key, c->name};
	struct buf body = {0};
	notify_id(m.id, parts, ARRAY_LEN(parts));
	notify_message_save(n, &body);
	m.body = buf_slice(&body);
	int rc = store_message_add(s, &m, e);
	buf_free(&body);
	return rc;
}

int notify_queue_notice(struct store *s, const struct notify_config *c, enum level level, struct slice key, struct slice title, struct slice text, nstime now, struct err *e)
{
	struct buf head = {0}, whole = {0};
	int rc = 0;
	notify_clean(&head, title, TITLE_MAX);
	for (const char *p = level_name(level); *p; p++)
		buf_addc(&whole, (char)(*p - 'a' + 'A'));
	buf_addf(&whole, ": %.*s\n", SLFMT(buf_slice(&head)));
	notify_clean(&whole, text, TEXT_MAX / 2);
	buf_addc(&whole, '\n');
	struct notify_message n = {.about = NOTIFY_NOTICE, .level = level, .first = now, .last = now, .title = buf_slice(&head), .text = buf_slice(&whole)};
	for (size_t i = 0; i < c->nchannels && !rc; i++)
		if (level >= c->channels[i].min_level)
			rc = notice_for(s, &c->channels[i], &n, key, now, e);
	buf_free(&head);
	buf_free(&whole);
	return rc;
}
