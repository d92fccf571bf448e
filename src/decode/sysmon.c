/* sysmon.c - Sysmon for Linux: an <Event> in XML on one syslog line. The same <Data Name="X"> members stand in exports of
 * Windows logs, for which json_windows.c uses xml_data_next. A bounded hand parser: no document is built. */
#include "decode/xml_data.h"

enum { DATA_MAX = 64 };

struct xml_entity {
	struct slice name;
	char c;
};

/* "&#10;", "&#x0a;" at s: the code point; bytes read, 0 when it is none. */
static size_t numeric_entity(struct slice s, uint32_t *code)
{
	ssize_t end = slice_chr(slice_to(s, 12), ';');
	uint64_t n;
	if (end < 4 || s.p[1] != '#')
		return 0;
	struct slice digits = slice_make(s.p + 2, (size_t)end - 2);
	bool hex = digits.p[0] == 'x' || digits.p[0] == 'X';
	if (hex ? !slice_hex(slice_from(digits, 1), &n) : !slice_u64(digits, 0x10ffff, &n))
		return 0;
	if (n > 0x10ffff || (n >= 0xd800 && n <= 0xdfff))
		return 0;
	*code = (uint32_t)n;
	return (size_t)end + 1;
}

static size_t put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* One reference at s (s.p[0] is '&') written to `to`; *used bytes read. Every reference is longer than what it means. */
static size_t put_entity(char *to, struct slice s, size_t *used)
{
	static const struct xml_entity entities[] = {{{"&amp;", 5}, '&'}, {{"&lt;", 4}, '<'}, {{"&gt;", 4}, '>'}, {{"&quot;", 6}, '"'}, {{"&apos;", 6}, '\''}};
	uint32_t code;
	for (size_t i = 0; i < ARRAY_LEN(entities); i++)
		if (slice_starts(s, entities[i].name)) {
			*used = entities[i].name.n;
			to[0] = entities[i].c;
			return 1;
		}
	*used = numeric_entity(s, &code);
	if (*used)
		return put_utf8(to, code);
	*used = 1;
	to[0] = '&';
	return 1;
}

struct slice xml_text(struct decoder *d, struct slice s)
{
	if (slice_chr(s, '&') < 0)
		return s;
	char *p = arena_alloc(&d->out->arena, s.n);
	size_t n = 0;
	for (size_t i = 0; i < s.n;) {
		size_t used = 1;
		if (s.p[i] == '&')
			n += put_entity(p + n, slice_from(s, i), &used);
		else
			p[n++] = s.p[i];
		i += used;
	}
	return slice_make(p, n);
}

bool xml_data_next(struct slice *s, struct slice *name, struct slice *value)
{
	static const struct slice open = {"<Data Name=", 11};
	for (;;) {
		ssize_t at = slice_find(*s, open);
		if (at < 0)
			return false;
		*s = slice_from(*s, (size_t)at + open.n);
		char q = s->n ? s->p[0] : 0;
		if (q != '"' && q != '\'')
			continue;
		struct slice rest = slice_from(*s, 1);
		if (!slice_cut(&rest, q, name))
			return false;
		*s = rest;
		if (slice_starts(rest, SL("/>"))) {
			*value = slice_make(rest.p, 0);
			return true;
		}
		if (!rest.n || rest.p[0] != '>')
			continue;
		rest = slice_from(rest, 1);
		ssize_t end = slice_find(rest, SL("</Data>"));
		if (end < 0)
			return false;
		*value = slice_to(rest, (size_t)end);
		*s = slice_from(rest, (size_t)end + 7);
		return true;
	}
}

struct slice xml_element(struct slice s, struct slice open, struct slice close)
{
	ssize_t at = slice_find(s, open);
	if (at < 0)
		return SLICE_NONE;
	s = slice_from(s, (size_t)at + open.n);
	ssize_t end = slice_find(s, close);
	return end < 0 ? SLICE_NONE : slice_to(s, (size_t)end);
}

/* ---- Sysmon -------------------------------------------------------------------------------------------------- */

const struct sysmon_id sysmon_ids[] = {
	{"1", ACT_EXEC, OUTCOME_SUCCESS}, {"2", ACT_FILE_ATTR, OUTCOME_NONE}, {"3", ACT_CONNECT_OUT, OUTCOME_NONE}, {"4", ACT_NOTICE, OUTCOME_NONE},
	{"5", ACT_EXIT, OUTCOME_NONE}, {"6", ACT_MODULE_LOADED, OUTCOME_NONE}, {"9", ACT_NOTICE, OUTCOME_NONE}, {"11", ACT_FILE_CREATED, OUTCOME_NONE},
	{"15", ACT_FILE_CREATED, OUTCOME_NONE}, {"16", ACT_NOTICE, OUTCOME_NONE}, {"22", ACT_DNS_QUERY, OUTCOME_NONE}, {"23", ACT_FILE_DELETED, OUTCOME_NONE},
	{"26", ACT_FILE_DELETED, OUTCOME_NONE}, {NULL, ACT_NONE, OUTCOME_NONE},
};

const struct json_field sysmon_fields[] = {
	{"Image", F_PROCESS_EXE}, {"CommandLine", F_PROCESS_CMDLINE}, {"CurrentDirectory", F_PROCESS_CWD}, {"ProcessId", F_PROCESS_PID},
	{"ParentImage", F_PARENT_EXE}, {"ParentCommandLine", F_PARENT_CMDLINE}, {"ParentProcessId", F_PROCESS_PPID}, {"User", F_USER_NAME},
	{"TargetFilename", F_FILE_PATH}, {"SourceIp", F_SOURCE_IP}, {"SourcePort", F_SOURCE_PORT}, {"DestinationIp", F_DEST_IP},
	{"DestinationPort", F_DEST_PORT}, {"DestinationHostname", F_DEST_DOMAIN}, {"SourceHostname", F_SOURCE_DOMAIN}, {"Protocol", F_NETWORK_TRANSPORT},
	{"QueryName", F_DNS_QUESTION}, {"QueryResults", F_DNS_ANSWER}, {"ImageLoaded", F_FILE_PATH}, {"Device", F_FILE_PATH}, {NULL, F_NONE},
};

enum field_id sysmon_field(struct slice name)
{
	for (size_t i = 0; sysmon_fields[i].name; i++)
		if (slice_eqz(name, sysmon_fields[i].name))
			return sysmon_fields[i].field;
	return F_NONE;
}

/* "SHA1=...,SHA256=..." */
void sysmon_add_hashes(struct decoder *d, struct event *e, struct slice s)
{
	ssize_t at = slice_ifind(s, SL("SHA256="));
	if (at < 0)
		return;
	s = slice_to(slice_from(s, (size_t)at + 7), 64);
	if (s.n == 64)
		event_add(d->out, e, F_PROCESS_HASH, s);
}

void sysmon_add_member(struct decoder *d, struct event *e, struct slice name, struct slice value)
{
	static const char prefix[] = "winlog.event_data.";
	char full[sizeof prefix + 64];
	enum field_id f = sysmon_field(name);
	if (!value.n || slice_eq(value, SL("-")) || name.n > 64)
		return;
	if (f == F_USER_NAME) {
		struct slice domain, user = value;
		if (slice_cut(&user, '\\', &domain) && domain.n)
			event_add(d->out, e, F_USER_DOMAIN, domain);
		event_add(d->out, e, f, user);
	} else if (f) {
		event_add(d->out, e, f, value);
	} else if (slice_eq(name, SL("Hashes")) || slice_eq(name, SL("Hash"))) {
		sysmon_add_hashes(d, e, value);
	}
	memcpy(full, prefix, sizeof prefix - 1);
	memcpy(full + sizeof prefix - 1, name.p, name.n);
	event_add_named(d->out, e, slice_make(full, sizeof prefix - 1 + name.n), value);
}

static void sysmon_time(struct decoder *d, struct dline *l, struct slice xml)
{
	struct slice t = xml_element(xml, SL("SystemTime=\""), SL("\""));
	struct dline was = *l;
	if (t.n && !time_iso(d, &t, l))
		*l = was;
}

static enum decoded sysmon(struct decoder *d, struct dline *l)
{
	ssize_t at = slice_find(slice_to(l->msg, 16), SL("<Event>"));
	struct slice xml = at < 0 ? SLICE_NONE : slice_from(l->msg, (size_t)at), name, value;
	struct slice id = xml_element(slice_to(xml, 600), SL("<EventID>"), SL("</EventID>"));
	if (!id.n)
		return DECODED_UNKNOWN;
	const struct sysmon_id *row = sysmon_ids;
	while (row->id && !slice_eqz(id, row->id))
		row++;
	if (!row->id)
		return DECODED_UNKNOWN;
	sysmon_time(d, l, slice_to(xml, 800));
	if (!decode_wanted(d, l, row->action))
		return DECODED_UNWANTED;
	l->program = l->pid = SLICE_NONE; /* the process is the one told of, not sysmon */
	struct event *e = decode_emit(d, l, SL("sysmon"), row->action, row->outcome);
	event_add(d->out, e, F_EVENT_CODE, id);
	for (unsigned n = 0; n < DATA_MAX && xml_data_next(&xml, &name, &value); n++)
		sysmon_add_member(d, e, name, xml_text(d, value));
	struct slice exe = event_str(e, F_PROCESS_EXE);
	if (exe.n)
		event_add(d->out, e, F_PROCESS_NAME, slice_basename(exe));
	return DECODED_EVENT;
}

const struct program program_sysmon = {.names = "sysmon", .dataset = "sysmon", .fn = sysmon};
