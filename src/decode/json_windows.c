/* json_windows.c - Windows events as JSON: Winlogbeat (winlog.*), nested Event/System/EventData (evtx converters), flat
 * (NXLog, Logstash, Get-WinEvent). All members are kept under winlog.event_data.*, what is known also as ECS. */
#include "decode/json_private.h"
#include "decode/xml_data.h"

enum { XML_MEMBERS = 64, NAME_MAX_BYTES = 100 };

/* Members of the object that are not of the event's own data. */
static bool is_housekeeping(struct slice name)
{
	static const struct slice names[] = {
		{"@timestamp", 10}, {"@version", 8}, {"EventID", 7}, {"Channel", 7}, {"Hostname", 8}, {"Computer", 8}, {"host", 4}, {"port", 4}, {"tags", 4},
		{"type", 4}, {"SourceModuleType", 16}, {"SourceModuleName", 16}, {"EventReceivedTime", 17}, {"EventTime", 9}, {"TimeCreated", 11},
		{"SourceName", 10}, {"ERROR_EVT_UNRESOLVED", 20},
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq(name, names[i]))
			return true;
	return false;
}

/* "Event.EventData.Image", "winlog.event_data.Image", "EventData.Image" -> "Image"; a flat "Image" is itself. */
static struct slice member_name(const struct jleaf *v)
{
	static const struct slice prefixes[] = {{"winlog.event_data.", 18}, {"Event.EventData.", 16}, {"EventData.", 10}, {"event_data.", 11},
		{"winlog.user_data.", 17}, {"Event.UserData.", 15}};
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (slice_starts(v->name, prefixes[i])) {
			struct slice rest = slice_from(v->name, prefixes[i].n);
			const char *dot = rest.n ? memrchr(rest.p, '.', rest.n) : NULL;
			return dot ? slice_from(rest, (size_t)(dot - rest.p) + 1) : rest;
		}
	return v->depth == 1 && !is_housekeeping(v->name) ? v->name : SLICE_NONE;
}

static void add_named(struct decoder *d, struct event *e, struct slice name, struct slice value)
{
	static const char prefix[] = "winlog.event_data.";
	char full[sizeof prefix + NAME_MAX_BYTES];
	if (!name.n || name.n > NAME_MAX_BYTES || !value.n)
		return;
	memcpy(full, prefix, sizeof prefix - 1);
	memcpy(full + sizeof prefix - 1, name.p, name.n);
	event_add_named(d->out, e, slice_make(full, sizeof prefix - 1 + name.n), value);
}

struct scene {
	struct decoder *d;
	const struct json_state *j;
	const struct windows_id *row;
	struct event *e;
	struct slice pending; /* {"@Name": "X", "#text": "v"}: the name seen, its text to come */
};

static void add_member(struct scene *s, struct slice name, struct slice value)
{
	windows_add_member(s->d, s->e, s->row, windows_member(json_index_get(&s->j->windows, name)), value);
	add_named(s->d, s->e, name, value);
}

static void add_leaf(struct scene *s, const struct jleaf *v)
{
	struct slice name = member_name(v), xml = v->text, key, value;
	if (!name.n)
		return;
	if (slice_eq(name, SL("Message")) || slice_eq(name, SL("message"))) {
		event_add(s->d->out, s->e, F_MESSAGE, v->text);
	} else if (slice_eq(name, SL("@Name")) || slice_eq(name, SL("Name"))) {
		s->pending = v->text;
	} else if (s->pending.n && (slice_eq(name, SL("#text")) || slice_eq(name, SL("Value")) || slice_eq(name, SL("Text")))) {
		add_member(s, s->pending, v->text);
		s->pending = SLICE_NONE;
	} else if (slice_eq(name, SL("EventData")) && slice_has(slice_to(v->text, 300), SL("<Data"))) {
		for (int n = 0; n < XML_MEMBERS && xml_data_next(&xml, &key, &value); n++)
			add_member(s, key, xml_text(s->d, value));
	} else {
		add_member(s, name, v->text);
	}
}

enum decoded json_windows(struct decoder *d, struct dline *l, struct json_state *j)
{
	static const enum json_slot times[] = {JS_TIMESTAMP, JS_SYSTEM_TIME, JS_EVENT_TIME, JS_UTC_TIME, JS_NONE};
	uint64_t id;
	if (!json_has(j, JS_EVENT_ID) || !(json_has(j, JS_CHANNEL) || json_has(j, JS_PROVIDER)) || !slice_u64(j->slot[JS_EVENT_ID], UINT32_MAX, &id))
		return DECODED_NO_FORMAT;
	enum windows_log log = windows_log_of(j->slot[JS_CHANNEL], j->slot[JS_PROVIDER]);
	const struct windows_id *row = windows_find(log, id);
	json_time(d, l, j, times);
	l->host = j->slot[json_has(j, JS_COMPUTER) ? JS_COMPUTER : JS_HOST];
	enum action a = row ? (enum action)row->action : ACT_JSON;
	if (log == WIN_SYSMON && id == 3 && slice_eq(json_get(j, SL("Initiated")), SL("false")))
		a = ACT_CONNECTED; /* somebody connected to the process */
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, SL("windows"), a, row ? (enum outcome)row->outcome : OUTCOME_NONE);
	struct scene s = {.d = d, .j = j, .row = row, .e = e};
	event_add(d->out, e, F_EVENT_CODE, j->slot[JS_EVENT_ID]);
	if (j->slot[JS_PROVIDER].n)
		event_add(d->out, e, F_EVENT_PROVIDER, j->slot[JS_PROVIDER]);
	if (j->slot[JS_CHANNEL].n)
		event_add_named(d->out, e, SL("winlog.channel"), j->slot[JS_CHANNEL]);
	for (size_t i = 0; i < j->n; i++)
		add_leaf(&s, &j->v[i]);
	return DECODED_EVENT;
}

/* ---- without parsing ----------------------------------------------------------------------------------------- */

static struct slice behind(struct slice s, struct slice key)
{
	ssize_t at = slice_find(s, key);
	if (at < 0)
		return SLICE_NONE;
	s = slice_from(s, (size_t)at + key.n);
	while (s.n && (s.p[0] == ' ' || s.p[0] == '"'))
		s = slice_from(s, 1);
	return s;
}

/* The text of a string member without escapes; empty when it has some. */
static struct slice plain_text(struct slice raw, struct slice key)
{
	struct slice s = behind(raw, key);
	ssize_t end = s.p ? slice_chr(slice_to(s, 256), '"') : -1;
	s = end > 0 ? slice_to(s, (size_t)end) : SLICE_NONE;
	return slice_chr(s, '\\') >= 0 ? SLICE_NONE : s;
}

enum decoded json_windows_quick(struct decoder *d, struct dline *l)
{
	static const struct slice stamps[] = {{"\"@timestamp\":", 13}, {"\"SystemTime\":", 13}, {"\"TimeCreated\":", 14}};
	if (interest_has(&d->opt->want, ACT_JSON))
		return DECODED_NO_FORMAT;
	struct slice s = behind(l->raw, SL("\"EventID\":"));
	if (!s.p)
		s = behind(l->raw, SL("\"event_id\":"));
	size_t n = 0;
	uint64_t id;
	while (n < s.n && n < 8 && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	if (!n || !slice_u64(slice_to(s, n), UINT32_MAX, &id) || windows_wanted(&d->opt->want, id) ||
	    (id == 3 && interest_has(&d->opt->want, ACT_CONNECTED)))
		return DECODED_NO_FORMAT;
	for (size_t i = 0; i < ARRAY_LEN(stamps); i++) {
		struct slice t = behind(l->raw, stamps[i]);
		if (t.n > 20 && time_iso(d, &t, l))
			break;
	}
	if (!d->opt->json)
		return DECODED_UNWANTED;
	l->host = plain_text(l->raw, SL("\"Hostname\":\""));
	if (!l->host.n)
		l->host = plain_text(l->raw, SL("\"Computer\":\""));
	if (l->time == NSTIME_NONE || !l->host.n)
		return DECODED_NO_FORMAT;
	decode_emit(d, l, SL("windows"), ACT_JSON, OUTCOME_NONE);
	return DECODED_EVENT;
}
