/* memo.c - messages that come again word for word: PAM's, sudo's and cron's name accounts and commands, of which a host has few, and
 * carry no number of their own. What such a message said is kept, its values as places within the text; when it comes again they
 * are added without looking for them.
 *
 * Bounds: MEMOS places by hash. One that was used since somebody else wanted it is kept once more, so that a stream of messages that
 * never repeat cannot drive out those that do. */
#include "decode/decode_private.h"

#include <stdlib.h>

enum { MEMOS = 1024, MEMO_TEXT = 320, MEMO_PROGRAM = 32, MEMO_VALUES = 14, MEMO_IPS = 2 };

struct message_memo {
	uint64_t hash;
	uint16_t nmsg, nprogram;
	uint8_t result;       /* enum decoded; DECODED_EVENT or DECODED_UNWANTED */
	uint8_t logins;       /* what decode_wanted counted */
	uint8_t outcome, nvalues;
	uint16_t action;
	bool used;
	struct slice dataset; /* static, or NULL: program or part of the message */
	uint32_t dataset_at;
	struct value v[MEMO_VALUES]; /* p: unset; where it stands is in at */
	uint16_t at[MEMO_VALUES];
	struct ip ip[MEMO_IPS];
	char program[MEMO_PROGRAM], msg[MEMO_TEXT];
};

static uint64_t key_of(const struct dline *l)
{
	return hash_mix(hash_bytes(l->msg.p, l->msg.n), l->program.n);
}

static bool may_repeat(const struct decoder *d, const struct dline *l)
{
	return !d->marked && !l->repeat && !l->facility.n && l->msg.n && l->msg.n <= MEMO_TEXT && l->program.n <= MEMO_PROGRAM;
}

static bool fits(const struct message_memo *m, const struct dline *l, uint64_t hash)
{
	return m->hash == hash && m->nmsg == l->msg.n && m->nprogram == l->program.n && bytes_eq(m->msg, l->msg.p, l->msg.n) &&
		(!l->program.n || bytes_eq(m->program, l->program.p, l->program.n));
}

static enum decoded tell_again(struct decoder *d, const struct dline *l, const struct message_memo *m)
{
	d->stats->logins += m->logins;
	if (m->result != DECODED_EVENT)
		return (enum decoded)m->result;
	struct slice dataset = m->dataset.p ? m->dataset : slice_make(l->msg.p + m->dataset_at, m->dataset.n);
	struct event *e = decode_emit(d, l, dataset, (enum action)m->action, (enum outcome)m->outcome);
	struct value *to = event_room(d->out, e, m->nvalues);
	const struct ip *ip = m->ip;
	for (unsigned i = 0; i < m->nvalues; i++) {
		to[i] = m->v[i];
		to[i].p = l->msg.p + m->at[i];
		if (to[i].type == FT_ADDR && to[i].parsed) {
			struct ip *copy = arena_alloc(&d->out->arena, sizeof *copy);
			*copy = *ip++;
			to[i].ip = copy;
		}
	}
	e->nvalues += m->nvalues;
	return DECODED_EVENT;
}

/* Where p lies in the message; false: elsewhere. */
static bool place_in(struct slice msg, const char *p, size_t n, uint32_t *at)
{
	uintptr_t from = (uintptr_t)msg.p, q = (uintptr_t)p;
	if (q < from || q > from + msg.n || n > from + msg.n - q)
		return false;
	*at = (uint32_t)(q - from);
	return true;
}

static bool keep_values(struct message_memo *m, const struct event *e, const struct dline *l, struct slice msg)
{
	unsigned own = (l->program.n > 0) + (l->pid.n > 0), ips = 0; /* decode_emit adds these anew */
	if (e->nvalues < own || e->nvalues - own > MEMO_VALUES)
		return false;
	m->nvalues = (uint8_t)(e->nvalues - own);
	for (unsigned i = 0; i < m->nvalues; i++) {
		const struct value *v = &e->values[own + i];
		uint32_t at;
		if (v->field >= FIELD_COUNT || !place_in(msg, v->p, v->len, &at))
			return false;
		m->at[i] = (uint16_t)at;
		m->v[i] = *v;
		if (v->type == FT_ADDR && v->parsed) {
			if (ips == MEMO_IPS)
				return false;
			m->ip[ips++] = *v->ip;
		}
	}
	return true;
}

/* What became of the message goes into m, if it can be told from the message alone. */
static bool keep(struct message_memo *m, struct decoder *d, const struct dline *l, struct slice msg, enum decoded r, size_t before)
{
	size_t made = d->out->n - before;
	if (l->repeat || made != (r == DECODED_EVENT))
		return false;
	m->result = (uint8_t)r;
	m->nvalues = 0;
	if (r == DECODED_UNWANTED)
		return true;
	const struct event *e = &d->out->v[before];
	struct slice in_block = d->in->data;
	uint32_t at = 0;
	bool here = place_in(msg, e->dataset.p, e->dataset.n, &at);
	if (e->flags != l->flags || e->nmore || (!here && place_in(in_block, e->dataset.p, e->dataset.n, &at)))
		return false; /* named after what stands elsewhere in the line */
	m->dataset = here ? (struct slice){NULL, e->dataset.n} : e->dataset;
	m->dataset_at = at;
	m->action = e->action;
	m->outcome = e->outcome;
	return keep_values(m, e, l, msg);
}

enum decoded decode_again(struct decoder *d, struct dline *l, enum decoded (*fn)(struct decoder *d, struct dline *l))
{
	if (!may_repeat(d, l))
		return fn(d, l);
	if (!d->messages)
		d->messages = xcalloc(MEMOS, sizeof *d->messages);
	uint64_t hash = key_of(l), logins = d->stats->logins;
	struct message_memo *m = &d->messages[hash % MEMOS];
	if (fits(m, l, hash)) {
		m->used = true;
		return tell_again(d, l, m);
	}
	struct slice msg = l->msg;
	size_t before = d->out->n;
	enum decoded r = fn(d, l);
	if (r != DECODED_EVENT && r != DECODED_UNWANTED)
		return r;
	if (m->used) {
		m->used = false;
		return r;
	}
	m->nmsg = 0; /* fits nothing while half written */
	if (!keep(m, d, l, msg, r, before))
		return r;
	m->hash = hash;
	m->logins = (uint8_t)(d->stats->logins - logins);
	m->nmsg = (uint16_t)msg.n;
	m->nprogram = (uint16_t)l->program.n;
	memcpy(m->msg, msg.p, msg.n);
	if (l->program.n)
		memcpy(m->program, l->program.p, l->program.n);
	return r;
}
