/* payload.c - the JSON that webhooks and commands get: one object; the same message always reads the same but for attempt, repeat and sent. */
#include "notify/notify_private.h"

static void field(struct buf *b, const char *name, struct slice v)
{
	buf_addf(b, ",\"%s\":", name);
	buf_json(b, v);
}

static void changes(struct buf *b, uint32_t bits)
{
	const char *between = "";
	buf_addz(b, ",\"change\":[");
	for (unsigned i = 0; notify_change_name(i); i++) {
		if (!(bits >> i & 1))
			continue;
		buf_addf(b, "%s\"%s\"", between, notify_change_name(i));
		between = ",";
	}
	buf_addc(b, ']');
}

void notify_json(struct buf *out, const struct notify_sending *s)
{
	const struct notify_message *m = s->m;
	char t[40];
	buf_addz(out, "{\"postern\":");
	buf_json(out, slice_of(s->version));
	field(out, "id", slice_of(s->id));
	buf_addf(out, ",\"repeat\":%s,\"attempt\":%u", s->repeat ? "true" : "false", s->attempt);
	field(out, "created", slice_of(time_rfc3339(s->created, t)));
	field(out, "sent", slice_of(time_rfc3339(s->now, t)));
	field(out, "kind", slice_of(notify_about_name(m->about)));
	field(out, "channel", s->channel->name);
	field(out, "level", slice_of(level_name(m->level)));
	if (m->about == NOTIFY_INCIDENT) {
		field(out, "incident", m->incident);
		field(out, "status", m->status);
		changes(out, m->changes);
	}
	field(out, "title", m->title);
	field(out, "text", m->text);
	if (m->data.n) { /* JSON that was written by us */
		buf_addf(out, ",\"%s\":", m->about == NOTIFY_SUMMARY ? "held" : "finding");
		buf_adds(out, m->data);
	}
	buf_addc(out, '}');
}
