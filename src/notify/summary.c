/* summary.c - what was held back, in one message. */
#include "notify/notify_private.h"

#include <stdio.h>

struct summary {
	struct buf lines, list, names; /* for people, for machines, for the id */
	size_t n, quiet, limited;
	enum level worst;
	nstime first, last;
};

static int add(void *arg, const struct store_message *row)
{
	struct summary *s = arg;
	struct notify_message m;
	char t[40];
	if (row->held == OUTBOX_FREE || !notify_message_load(row->body, &m))
		return 0;
	s->quiet += row->held == OUTBOX_QUIET;
	s->limited += row->held == OUTBOX_LIMITED;
	s->worst = s->n ? MAX(s->worst, m.level) : m.level;
	s->first = s->n ? MIN(s->first, row->created) : row->created;
	s->last = s->n ? MAX(s->last, row->created) : row->created;
	buf_addz(&s->names, row->id);
	if (s->n++ >= SUMMARY_ITEMS)
		return 0;
	buf_addf(&s->lines, "%.16s  %s: ", time_plain(row->created, t), level_name(m.level));
	notify_clean(&s->lines, m.title, 60);
	if (m.incident.n)
		buf_addf(&s->lines, " (%.*s)", SLFMT(m.incident));
	buf_addc(&s->lines, '\n');
	buf_addf(&s->list, "%s{\"id\":\"%s\",\"incident\":", s->n > 1 ? "," : "", row->id);
	buf_json(&s->list, m.incident);
	buf_addf(&s->list, ",\"level\":\"%s\",\"created\":\"%s\",\"title\":", level_name(m.level), time_rfc3339(row->created, t));
	buf_json(&s->list, notify_cut(m.title, 60));
	buf_addc(&s->list, '}');
	return 0;
}

static void describe(struct summary *s, struct slice channel, struct buf *title, struct buf *text)
{
	buf_addf(title, "%zu messages were held back, the worst of level %s", s->n, level_name(s->worst));
	for (const char *c = level_name(s->worst); *c; c++)
		buf_addc(text, (char)(*c - 'a' + 'A'));
	buf_addf(text, ": %.*s\nChannel %.*s: %s. Told here instead of one by one:\n\n", SLFMT(buf_slice(title)), SLFMT(channel),
		s->limited ? "more came than it takes in an hour" : "they came in quiet hours");
	buf_adds(text, notify_cut(buf_slice(&s->lines), TEXT_MAX - 600));
	if (s->n > SUMMARY_ITEMS)
		buf_addf(text, "and %zu more\n", s->n - SUMMARY_ITEMS);
	buf_addz(text, "\nAll of them: postern incident list\n");
}

static int write_it(struct store *st, const struct store_due *x, struct summary *s, struct err *e)
{
	struct store_message row = {.channel = x->channel, .level = s->worst, .created = x->now, .due = x->now};
	struct buf title = {0}, text = {0}, data = {0}, body = {0};
	const struct slice parts[] = {SL("summary"), x->channel, buf_slice(&s->names)};
	uint64_t gone;
	describe(s, x->channel, &title, &text);
	buf_addf(&data, "[%.*s]", SLFMT(buf_slice(&s->list)));
	struct notify_message m = {.about = NOTIFY_SUMMARY, .level = s->worst, .first = s->first, .last = s->last, .title = buf_slice(&title), .text = buf_slice(&text),
		.data = buf_slice(&data)};
	notify_message_save(&m, &body);
	notify_id(row.id, parts, ARRAY_LEN(parts));
	row.body = buf_slice(&body);
	int rc = store_messages_group(st, x, &gone, e);
	if (!rc)
		rc = store_message_add(st, &row, e);
	buf_free(&title);
	buf_free(&text);
	buf_free(&data);
	buf_free(&body);
	return rc;
}

int notify_summarise(struct store *st, const struct store_due *x, unsigned left, struct err *e)
{
	struct summary s = {0};
	struct store_due all = *x;
	all.most = UINT32_MAX;
	int rc = store_messages_due(st, &all, add, &s, e);
	if (!rc && s.n >= 2 && (s.limited >= 2 || s.n > left))
		rc = write_it(st, x, &s, e);
	buf_free(&s.lines);
	buf_free(&s.list);
	buf_free(&s.names);
	return rc;
}
