/* compose.c - an incident in words, for somebody who was just woken up. */
#include "notify/notify_private.h"
#include "report/report.h"

enum { PIECE_MAX = 280, SHOWN_EACH = 5, STEPS_SHOWN = 3, STORY_SHOWN = 10 };

static struct slice clean(struct arena *mem, struct slice s, size_t most)
{
	struct buf b = {0};
	notify_clean(&b, s, most);
	struct slice out = slice_dup(mem, buf_slice(&b));
	buf_free(&b);
	return out;
}

static struct slice entity_of(const struct incident *in, enum entity_type t)
{
	for (size_t i = 0; i < in->nentities; i++)
		if (in->entities[i].type == t)
			return in->entities[i].value;
	return SLICE_NONE;
}

static void what_is_new(struct buf *b, const struct notify_message *m)
{
	static const struct { uint32_t bit; const char *text; } words[] = {
		{CHANGE_NEW, "A new incident."}, {CHANGE_LEVEL, "Its level rose."}, {CHANGE_STAGE, "A further stage was reached."},
		{CHANGE_MORE, "More of the same was seen."}, {CHANGE_STATUS, "Its status changed."},
	};
	const char *between = "";
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!(m->changes & words[i].bit) || (i && m->changes & CHANGE_NEW))
			continue;
		buf_addf(b, "%s%s", between, words[i].text);
		between = " ";
	}
}

static void entities(struct buf *b, const struct incident *in, const struct org *org, enum entity_type t, const char *label)
{
	size_t shown = 0, all = 0;
	for (size_t i = 0; i < in->nentities; i++) {
		if (in->entities[i].type != t || ++all > SHOWN_EACH)
			continue;
		const struct org_provider *p = t == ENT_PROVIDER ? org_provider(org, in->entities[i].value) : NULL;
		if (shown++)
			buf_addz(b, ", ");
		else
			buf_addf(b, "%s: ", label);
		notify_clean(b, p ? p->name : in->entities[i].value, 120);
	}
	if (all > shown)
		buf_addf(b, " and %zu more", all - shown);
	if (shown)
		buf_addc(b, '\n');
}

static void who_and_where(struct buf *b, const struct incident *in, const struct org *org)
{
	static const struct { enum entity_type type; const char *label; } rows[] = {
		{ENT_PROVIDER, "Provider"}, {ENT_PERSON, "Persons"}, {ENT_USER, "Accounts"}, {ENT_SOURCE, "From"}, {ENT_HOST, "On"}, {ENT_DEST_HOST, "To"},
		{ENT_DOMAIN, "Outside"}, {ENT_MAIL, "Mail"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		entities(b, in, org, rows[i].type, rows[i].label);
}

static void lines(struct buf *b, const char *heading, const struct slice *v, size_t n, size_t most, bool numbered)
{
	if (n)
		buf_addf(b, "\n%s\n", heading);
	for (size_t i = 0; i < n && i < most; i++) {
		if (numbered)
			buf_addf(b, "%zu. ", i + 1);
		notify_clean(b, v[i], PIECE_MAX);
		buf_addc(b, '\n');
	}
	if (n > most)
		buf_addf(b, "and %zu more\n", n - most);
}

static struct slice in_words(const struct notify_change *x, const struct org *org, struct arena *mem, const struct notify_message *m)
{
	const struct incident *in = x->incident;
	struct buf b = {0};
	char from[40], to[40];
	for (const char *c = level_name(m->level); *c; c++)
		buf_addc(&b, (char)(*c - 'a' + 'A'));
	buf_addf(&b, ": %.*s\nWhy this level: %.*s.\n", SLFMT(m->title), SLFMT(m->reason));
	what_is_new(&b, m);
	buf_addf(&b, " Status: %.*s. Seen from %.16s to %.16s UTC.\n\n", SLFMT(m->status), time_plain(in->first, from), time_plain(in->last, to));
	who_and_where(&b, in, org);
	lines(&b, "What happened:", in->story, in->nstory, STORY_SHOWN, false);
	lines(&b, "What to do first:", in->steps, in->nsteps, STEPS_SHOWN, true);
	struct buf end = {0};
	buf_addf(&end, "\nAll of it, with the log lines: postern incident show %.*s\n", SLFMT(m->incident));
	struct slice head = notify_cut(buf_slice(&b), TEXT_MAX - end.n);
	b.n = head.n;
	buf_adds(&b, buf_slice(&end));
	struct slice out = slice_dup(mem, buf_slice(&b));
	buf_free(&end);
	buf_free(&b);
	return out;
}

/* The incident in OCSF with as much of it as fits. */
static struct slice in_ocsf(const struct notify_change *x, const char *version, uint32_t changes, struct arena *mem)
{
	struct report_incident r = {x->incident, x->id, slice_of(x->status), version, !(changes & CHANGE_NEW), SIZE_MAX, SIZE_MAX, NULL};
	static const struct { size_t items, bytes; } steps[] = {{SIZE_MAX, SIZE_MAX}, {60, 400}, {25, 200}, {8, 120}, {2, 60}, {0, 40}};
	struct buf b = {0};
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		b.n = 0;
		r.most = steps[i].items;
		r.most_bytes = steps[i].bytes;
		report_incident_json(&b, &r);
		if (b.n <= DATA_MAX)
			break;
	}
	struct slice out = b.n <= DATA_MAX ? slice_dup(mem, slice_to(buf_slice(&b), b.n - 1)) : SLICE_NONE; /* without the newline */
	buf_free(&b);
	return out;
}

void notify_compose(const struct notify_change *x, const struct org *org, const char *version, uint32_t changes, struct arena *mem, struct notify_message *m)
{
	const struct incident *in = x->incident;
	*m = (struct notify_message){.about = NOTIFY_INCIDENT, .level = in->level, .changes = changes, .stages = notify_stages(in), .first = in->first, .last = in->last,
		.incident = slice_of(x->id), .status = slice_of(x->status)};
	m->title = clean(mem, in->title, TITLE_MAX);
	m->reason = clean(mem, in->level_reason, TITLE_MAX);
	m->source = clean(mem, entity_of(in, ENT_SOURCE), PIECE_MAX);
	m->user = clean(mem, entity_of(in, ENT_USER), PIECE_MAX);
	m->host = clean(mem, entity_of(in, ENT_HOST), PIECE_MAX);
	m->text = in_words(x, org, mem, m);
	m->data = in_ocsf(x, version, changes, mem);
}
