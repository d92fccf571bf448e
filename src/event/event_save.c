/* event_save.c - events to bytes and back: what a process that goes on had decoded and not yet judged. */
#include "event/event.h"

static void save_ref(struct buf *b, const struct rawref *r)
{
	buf_u64(b, r->offset);
	buf_sized(b, r->raw);
}

void event_save(const struct event *e, struct buf *b)
{
	buf_u64(b, (uint64_t)e->time);
	buf_u32(b, e->action);
	buf_u32(b, (uint32_t)e->outcome << 8 | e->flags);
	buf_u32(b, e->source);
	buf_sized(b, e->dataset);
	buf_sized(b, e->host);
	save_ref(b, &e->at);
	buf_u32(b, e->nmore);
	for (uint32_t i = 0; i < e->nmore; i++)
		save_ref(b, &e->more[i]);
	buf_u32(b, e->nvalues);
	for (uint32_t i = 0; i < e->nvalues; i++) {
		const struct value *v = &e->values[i];
		buf_u32(b, (uint32_t)v->field << 8 | v->type);
		if (v->field >= FIELD_COUNT)
			buf_sized(b, slice_of(v->name));
		buf_sized(b, slice_make(v->p, v->len));
	}
}

static struct rawref load_ref(struct wire *w, struct batch *to)
{
	struct rawref r = {.offset = wire_u64(w)};
	r.raw = slice_dup(&to->arena, wire_sized(w));
	return r;
}

/* Typed again from its text, as the decoder did: what was no address then was stored under its .address field, a text. */
static void load_value(struct wire *w, struct batch *to, struct event *e)
{
	uint32_t head = wire_u32(w), field = head >> 8;
	struct slice name = field >= FIELD_COUNT ? wire_sized(w) : SLICE_NONE;
	struct slice text = slice_dup(&to->arena, wire_sized(w));
	if (field > FIELD_COUNT)
		w->bad = true;
	if (w->bad)
		return;
	if (field == FIELD_COUNT)
		event_add_named(to, e, name, text);
	else
		event_add(to, e, (enum field_id)field, text);
}

bool event_load(struct wire *w, struct batch *to, struct strtab *names)
{
	struct event *e = batch_add(to);
	e->time = (nstime)wire_u64(w);
	e->action = (uint16_t)wire_u32(w);
	uint32_t flags = wire_u32(w);
	e->outcome = (uint8_t)(flags >> 8);
	e->flags = (uint8_t)flags;
	e->source = wire_u32(w);
	e->dataset = strtab_get(names, strtab_put(names, wire_sized(w)));
	e->host = slice_dup(&to->arena, wire_sized(w));
	e->at = load_ref(w, to);
	uint32_t more = wire_u32(w);
	if (more > w->n || e->action >= ACTION_COUNT || e->outcome > OUTCOME_UNKNOWN)
		w->bad = true;
	e->more = more && !w->bad ? arena_alloc(&to->arena, more * sizeof *e->more) : NULL;
	for (uint32_t i = 0; i < more && !w->bad; i++)
		e->more[e->nmore++] = load_ref(w, to);
	uint32_t values = wire_u32(w);
	for (uint32_t i = 0; i < values && !w->bad; i++)
		load_value(w, to, e);
	if (w->bad)
		to->n--;
	return !w->bad;
}
