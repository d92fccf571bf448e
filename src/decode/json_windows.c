/* json_windows.c - Windows events as JSON: Winlogbeat (winlog.*), nested Event/System/EventData (evtx converters), flat
 * (NXLog, Logstash, Get-WinEvent). All members are kept under winlog.event_data.*, what is known also as ECS. */
#include "decode/json_private.h"
#include "decode/xml_data.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

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

enum quick { Q_ID, Q_TIME, Q_HOST, Q_EVENT_ID, Q_SYSTEM_TIME, Q_CREATED, Q_COMPUTER, Q_KEYS };
#define Q_FIRST 7u /* those that make the others needless */

/* What precedes the "\":" of a member, and how a value must begin. */
static const struct {
	struct slice name;
	bool text;
} quick_keys[Q_KEYS] = {
	[Q_ID] = {{"\"EventID", 8}, false}, [Q_EVENT_ID] = {{"\"event_id", 9}, false}, [Q_TIME] = {{"\"@timestamp", 11}, false},
	[Q_SYSTEM_TIME] = {{"\"SystemTime", 11}, false}, [Q_CREATED] = {{"\"TimeCreated", 12}, false}, [Q_HOST] = {{"\"Hostname", 9}, true},
	[Q_COMPUTER] = {{"\"Computer", 9}, true},
};

/* The line at hand and where the values of the keys begin that were found up to `done`. */
struct quick_line {
	struct slice raw;
	size_t done;
	unsigned have;
	size_t value[Q_KEYS];
};

static inline uint32_t letters(const char *p)
{
	return (uint8_t)p[0] | (uint32_t)(uint8_t)p[1] << 8 | (uint32_t)(uint8_t)p[2] << 16 | (uint32_t)(uint8_t)p[3] << 24;
}

/* The keys by their last four letters: no two share a place (the factor was searched for). A branch that nearly always goes one way tells a key from
 * the names of other members. */
#define PLACE(a, b, c, d) ((((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24) * 0xcd613e31u) >> 28)
static const uint8_t quick_places[16] = {
	[PLACE('n', 't', 'I', 'D')] = Q_ID + 1, [PLACE('t', '_', 'i', 'd')] = Q_EVENT_ID + 1, [PLACE('t', 'a', 'm', 'p')] = Q_TIME + 1,
	[PLACE('T', 'i', 'm', 'e')] = Q_SYSTEM_TIME + 1, [PLACE('a', 't', 'e', 'd')] = Q_CREATED + 1, [PLACE('n', 'a', 'm', 'e')] = Q_HOST + 1,
	[PLACE('u', 't', 'e', 'r')] = Q_COMPUTER + 1,
};
#undef PLACE
static const char quick_last[Q_KEYS + 1][5] = {"", [Q_ID + 1] = "ntID", [Q_EVENT_ID + 1] = "t_id", [Q_TIME + 1] = "tamp", [Q_SYSTEM_TIME + 1] = "Time", [Q_CREATED + 1] = "ated",
	[Q_HOST + 1] = "name", [Q_COMPUTER + 1] = "uter"};

/* A member's name ends at `last`, behind which its quote and the colon stand. */
static void quick_key(struct quick_line *q, size_t last)
{
	if (last < 3)
		return;
	uint32_t tail = letters(q->raw.p + last - 3);
	unsigned place = quick_places[tail * 0xcd613e31u >> 28];
	if (likely(tail != letters(quick_last[place])) || !place || q->have >> (place - 1) & 1)
		return;
	unsigned k = place - 1;
	size_t value = last + 3, end = last + 1;
	struct slice name = quick_keys[k].name;
	if (end < name.n || !bytes_eq(q->raw.p + end - name.n, name.p, name.n) || (quick_keys[k].text && (value == q->raw.n || q->raw.p[value] != '"')))
		return;
	q->have |= 1u << k;
	q->value[k] = value;
}

#ifdef __SSE2__
static inline __m128i bytes_of(const char *p, char c)
{
	return _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), _mm_set1_epi8(c));
}

/* A bit for each of 16 places where a name could end. */
static inline uint64_t quick_ends(const char *p)
{
	return (uint64_t)(unsigned)_mm_movemask_epi8(_mm_and_si128(bytes_of(p + 1, '"'), bytes_of(p + 2, ':')));
}
#endif

#ifdef __x86_64__
/* As quick_find(), 64 places at once. Returns how far it came. */
__attribute__((target("avx2"))) static size_t quick_find_wide(struct quick_line *q, unsigned until)
{
	const __m256i quote = _mm256_set1_epi8('"'), colon = _mm256_set1_epi8(':');
	struct slice s = q->raw;
	size_t i = q->done;
	for (; i + 66 <= s.n && (q->have & until) != until; i += 64) {
		const __m256i *p = (const __m256i *)(const void *)(s.p + i + 1), *p1 = (const __m256i *)(const void *)(s.p + i + 2);
		__m256i a = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_loadu_si256(p), quote), _mm256_cmpeq_epi8(_mm256_loadu_si256(p1), colon));
		__m256i b = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_loadu_si256(p + 1), quote), _mm256_cmpeq_epi8(_mm256_loadu_si256(p1 + 1), colon));
		for (uint64_t m = (uint32_t)_mm256_movemask_epi8(a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32; m; m &= m - 1)
			quick_key(q, i + (size_t)__builtin_ctzll(m));
	}
	return i;
}
#endif

/* The first place of each key, in one pass over the line, which ends as soon as all of `until` are there. */
static void quick_find(struct quick_line *q, unsigned until)
{
	struct slice s = q->raw;
	size_t i = q->done;
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		i = quick_find_wide(q, until);
#endif
#ifdef __SSE2__
	for (; i + 66 <= s.n && (q->have & until) != until; i += 64) {
		const char *p = s.p + i;
		for (uint64_t m = quick_ends(p) | quick_ends(p + 16) << 16 | quick_ends(p + 32) << 32 | quick_ends(p + 48) << 48; m; m &= m - 1)
			quick_key(q, i + (size_t)__builtin_ctzll(m));
	}
#endif
	for (; i + 2 < s.n && (q->have & until) != until; i++)
		if (s.p[i + 1] == '"' && s.p[i + 2] == ':')
			quick_key(q, i);
	q->done = i;
}

/* What stands behind the key; empty, without a place, when it is not there. */
static struct slice quick_value(struct quick_line *q, enum quick k)
{
	if (!(q->have >> k & 1))
		quick_find(q, 1u << k);
	if (!(q->have >> k & 1))
		return SLICE_NONE;
	struct slice s = slice_from(q->raw, q->value[k]);
	while (s.n && (s.p[0] == ' ' || s.p[0] == '"'))
		s = slice_from(s, 1);
	return s;
}

/* A string member without escapes; empty when it has some. */
static struct slice quick_text(struct quick_line *q, enum quick k)
{
	struct slice s = quick_value(q, k);
	ssize_t end = s.p ? slice_chr(slice_to(s, 256), '"') : -1;
	s = end > 0 ? slice_to(s, (size_t)end) : SLICE_NONE;
	return slice_chr(s, '\\') >= 0 ? SLICE_NONE : s;
}

/* The same few numbers come again and again. */
static bool id_wanted(struct decoder *d, uint32_t id)
{
	struct id_memo *m = &d->ids[id % ARRAY_LEN(d->ids)];
	if (!m->known || m->id != id)
		*m = (struct id_memo){id, true, windows_wanted(&d->opt->want, id)};
	return m->wanted;
}

enum decoded json_windows_quick(struct decoder *d, struct dline *l)
{
	static const enum quick stamps[] = {Q_TIME, Q_SYSTEM_TIME, Q_CREATED};
	struct quick_line q = {.raw = l->raw, .done = 4}; /* no key ends before */
	if (interest_has(&d->opt->want, ACT_JSON))
		return DECODED_NO_FORMAT;
	quick_find(&q, Q_FIRST);
	struct slice s = quick_value(&q, Q_ID);
	if (!s.p)
		s = quick_value(&q, Q_EVENT_ID);
	size_t n = 0;
	uint64_t id;
	while (n < s.n && n < 8 && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	if (!n || !slice_u64(slice_to(s, n), UINT32_MAX, &id) || id_wanted(d, (uint32_t)id) ||
	    (id == 3 && interest_has(&d->opt->want, ACT_CONNECTED)))
		return DECODED_NO_FORMAT;
	for (size_t i = 0; i < ARRAY_LEN(stamps); i++) {
		struct slice t = quick_value(&q, stamps[i]);
		if (t.n > 20 && time_iso(d, &t, l))
			break;
	}
	if (!d->opt->json)
		return DECODED_UNWANTED;
	l->host = quick_text(&q, Q_HOST);
	if (!l->host.n)
		l->host = quick_text(&q, Q_COMPUTER);
	if (l->time == NSTIME_NONE || !l->host.n)
		return DECODED_NO_FORMAT;
	decode_emit(d, l, SL("windows"), ACT_JSON, OUTCOME_NONE);
	return DECODED_EVENT;
}
