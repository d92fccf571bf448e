/* json.c - events that come as JSON lines: parsing, telling the kinds apart, Elastic Common Schema (Filebeat, Auditbeat,
 * our own output), and anything else. */
#include "decode/json_private.h"
#include "decode/xml_data.h"

#include <stdlib.h>

static const struct json_name slots[] = {
	{"@timestamp", JS_TIMESTAMP}, {"timestamp", JS_TIMESTAMP}, {"Timestamp", JS_TIMESTAMP}, {"time", JS_TIME}, {"datetime", JS_TIME},
	{"date", JS_TIME}, {"ts", JS_TS}, {"message", JS_MESSAGE}, {"msg", JS_MESSAGE}, {"event.original", JS_ORIGINAL}, {"event.action", JS_ACTION},
	{"event.outcome", JS_OUTCOME}, {"event.dataset", JS_DATASET}, {"event.module", JS_MODULE}, {"host.name", JS_HOST},
	{"host.hostname", JS_HOST}, {"hostname", JS_HOST}, {"process.name", JS_PROCESS_NAME}, {"process.pid", JS_PROCESS_PID},
	{"EventID", JS_EVENT_ID}, {"EventId", JS_EVENT_ID}, {"winlog.event_id", JS_EVENT_ID}, {"event_id", JS_EVENT_ID},
	{"Event.System.EventID", JS_EVENT_ID}, {"Event.System.EventID.#text", JS_EVENT_ID}, {"Event.System.EventID.Value", JS_EVENT_ID},
	{"System.EventID", JS_EVENT_ID}, {"System.EventID.#text", JS_EVENT_ID}, {"Id", JS_EVENT_ID},
	{"Channel", JS_CHANNEL}, {"winlog.channel", JS_CHANNEL}, {"Event.System.Channel", JS_CHANNEL}, {"System.Channel", JS_CHANNEL},
	{"log_name", JS_CHANNEL}, {"LogName", JS_CHANNEL},
	{"SourceName", JS_PROVIDER}, {"ProviderName", JS_PROVIDER}, {"Provider_Name", JS_PROVIDER}, {"EventSourceName", JS_PROVIDER},
	{"winlog.provider_name", JS_PROVIDER}, {"source_name", JS_PROVIDER}, {"Provider.Name", JS_PROVIDER},
	{"Event.System.Provider.#attributes.Name", JS_PROVIDER}, {"Event.System.Provider.@Name", JS_PROVIDER},
	{"Event.System.Provider.Name", JS_PROVIDER}, {"System.Provider.#attributes.Name", JS_PROVIDER}, {"System.Provider.Name", JS_PROVIDER},
	{"Computer", JS_COMPUTER}, {"Hostname", JS_COMPUTER}, {"winlog.computer_name", JS_COMPUTER}, {"computer_name", JS_COMPUTER},
	{"Event.System.Computer", JS_COMPUTER}, {"System.Computer", JS_COMPUTER}, {"MachineName", JS_COMPUTER},
	{"TimeCreated", JS_SYSTEM_TIME}, {"TimeGenerated", JS_SYSTEM_TIME}, {"TimeCreated.SystemTime", JS_SYSTEM_TIME},
	{"TimeCreated.@SystemTime", JS_SYSTEM_TIME}, {"TimeCreated.#attributes.SystemTime", JS_SYSTEM_TIME},
	{"Event.System.TimeCreated.#attributes.SystemTime", JS_SYSTEM_TIME}, {"Event.System.TimeCreated.@SystemTime", JS_SYSTEM_TIME},
	{"Event.System.TimeCreated.SystemTime", JS_SYSTEM_TIME}, {"System.TimeCreated.#attributes.SystemTime", JS_SYSTEM_TIME},
	{"System.TimeCreated.SystemTime", JS_SYSTEM_TIME}, {"EventTime", JS_EVENT_TIME}, {"UtcTime", JS_UTC_TIME},
	{"Event.EventData.UtcTime", JS_UTC_TIME}, {"winlog.event_data.UtcTime", JS_UTC_TIME},
	{"__REALTIME_TIMESTAMP", JS_J_TIME}, {"_SOURCE_REALTIME_TIMESTAMP", JS_J_SOURCE_TIME}, {"MESSAGE", JS_J_MESSAGE},
	{"SYSLOG_IDENTIFIER", JS_J_IDENT}, {"_COMM", JS_J_COMM}, {"_PID", JS_J_PID}, {"SYSLOG_PID", JS_J_SYSLOG_PID}, {"_HOSTNAME", JS_J_HOST},
	{"_TRANSPORT", JS_J_TRANSPORT}, {"_AUDIT_TYPE_NAME", JS_J_AUDIT_TYPE}, {"_AUDIT_ID", JS_J_AUDIT_ID}, {"_SYSTEMD_UNIT", JS_J_UNIT},
	{"__CURSOR", JS_J_CURSOR},
	{"log", JS_LOG}, {"stream", JS_STREAM},
	{"uid", JS_UID}, {"_path", JS_PATH}, {"id.orig_h", JS_ORIG_H}, {"event_type", JS_EVENT_TYPE}, {"src_ip", JS_SRC_IP}, {"query", JS_QUERY},
	{"remote_addr", JS_REMOTE_ADDR}, {"remote_ip", JS_REMOTE_ADDR}, {"remoteAddr", JS_REMOTE_ADDR}, {"clientip", JS_REMOTE_ADDR},
	{"client_ip", JS_REMOTE_ADDR}, {"ClientHost", JS_CLIENT_HOST}, {"request.remote_ip", JS_CADDY_IP}, {"request.remote_addr", JS_CADDY_IP},
	{"request.client_ip", JS_CADDY_IP}, {"request", JS_REQUEST}, {"status", JS_STATUS}, {"DownstreamStatus", JS_STATUS},
	{"request.uri", JS_CADDY_URI}, {"request_uri", JS_REQUEST_URI}, {"uri", JS_REQUEST_URI}, {"RequestPath", JS_REQUEST_URI},
	{"request_method", JS_REQUEST_METHOD}, {"method", JS_REQUEST_METHOD}, {"RequestMethod", JS_REQUEST_METHOD},
	{"request.method", JS_REQUEST_METHOD}, {"msec", JS_MSEC}, {"time_local", JS_TIME_LOCAL}, {"time_iso8601", JS_TIME},
	{"StartUTC", JS_TIME},
	{"sudo.accept.uuid", JS_SUDO}, {"sudo.accept.submithost", JS_SUDO_HOST}, {"sudo.accept.server_time.seconds", JS_SUDO_SECONDS},
	{"accept.uuid", JS_SUDO}, {"accept.submithost", JS_SUDO_HOST}, {"accept.server_time.seconds", JS_SUDO_SECONDS},
	{"sudo.reject.uuid", JS_SUDO}, {"sudo.reject.submithost", JS_SUDO_HOST}, {"sudo.reject.server_time.seconds", JS_SUDO_SECONDS},
	{"reject.uuid", JS_SUDO}, {"reject.submithost", JS_SUDO_HOST}, {"reject.server_time.seconds", JS_SUDO_SECONDS},
	{"sudo.alert.uuid", JS_SUDO}, {"sudo.alert.server_time.seconds", JS_SUDO_SECONDS}, {"alert.uuid", JS_SUDO},
	{"alert.server_time.seconds", JS_SUDO_SECONDS}, {"sudo.exit.uuid", JS_SUDO}, {"sudo.exit.server_time.seconds", JS_SUDO_SECONDS},
	{"exit.uuid", JS_SUDO}, {"exit.server_time.seconds", JS_SUDO_SECONDS},
	{NULL, 0},
};

/* ---- names --------------------------------------------------------------------------------------------------- */

static unsigned name_hash(struct slice s)
{
	unsigned h = (unsigned)s.n * 0x9e3779b1u;
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 0x01000193u;
	return h ^ h >> 15;
}

void json_index_new(struct json_index *x, const struct json_name *rows)
{
	x->rows = rows;
	for (unsigned i = 0; rows[i].name; i++) {
		unsigned at = name_hash(slice_of(rows[i].name));
		while (x->at[at % JSON_INDEX])
			at++;
		x->at[at % JSON_INDEX] = (uint16_t)(i + 1);
	}
}

uint16_t json_index_get(const struct json_index *x, struct slice name)
{
	for (unsigned at = name_hash(name); x->at[at % JSON_INDEX]; at++) {
		const struct json_name *row = &x->rows[x->at[at % JSON_INDEX] - 1];
		if (slice_eqz(name, row->name))
			return row->what;
	}
	return 0;
}

_Static_assert(FIELD_COUNT < JSON_INDEX / 2 && ARRAY_LEN(slots) < JSON_INDEX / 2, "the hash stays half empty");

static struct json_state *state_new(void)
{
	static const struct json_name fields[] = {
#define FIELD(id, name, type) {name, id},
#include "event/fields.def"
#undef FIELD
		/* what applications without a schema write */
		{"msg", F_MESSAGE}, {"level", F_LOG_LEVEL}, {"severity", F_LOG_LEVEL}, {"logger", F_LOG_LOGGER}, {"user", F_USER_NAME},
		{"username", F_USER_NAME}, {"src_ip", F_SOURCE_IP}, {"source_ip", F_SOURCE_IP}, {"client_ip", F_SOURCE_IP}, {"clientip", F_SOURCE_IP},
		{"remote_addr", F_SOURCE_IP}, {"pid", F_PROCESS_PID},
		{NULL, 0},
	};
	struct json_state *j = xcalloc(1, sizeof *j);
	struct json_name *windows = j->windows_rows;
	j->parser = json_parser_new(LIMIT_JSON_DEPTH, JSON_LEAVES);
	if (!j->parser)
		core_oom();
	json_index_new(&j->slots, slots);
	json_index_new(&j->fields, fields);
	for (unsigned i = 0; windows_names[i].name && i < WINDOWS_NAMES - 1; i++)
		windows[i] = (struct json_name){windows_names[i].name, (uint16_t)(i + 1)};
	json_index_new(&j->windows, windows);
	json_index_new(&j->zeek, json_zeek_names);
	json_index_new(&j->web, json_web_names);
	return j;
}

void decode_json_free(struct decoder *d)
{
	struct json_state *j = d->json;
	if (!j)
		return;
	json_parser_free(j->parser);
	free(j);
}

/* ---- parsing ------------------------------------------------------------------------------------------------- */

static enum json_result parse(struct decoder *d, struct slice text, struct json_state *j)
{
	static const struct json_text bytes = {"MESSAGE", 7};
	struct json_flat flat;
	enum json_result r = json_flatten(j->parser, (struct json_text){text.p, text.n}, bytes, &flat);
	if (r == JSON_NOMEM)
		core_oom();
	if (r)
		return r;
	struct json_text memory = json_memory(j->parser);
	char *copy = arena_alloc(&d->out->arena, memory.n + 1);
	memcpy(copy, memory.p, memory.n);
	memset(j->slot, 0, sizeof j->slot);
	for (size_t i = 0; i < flat.n; i++) {
		const struct json_leaf *f = &flat.v[i];
		struct jleaf *to = &j->v[i];
		*to = (struct jleaf){{copy + (f->name.p - memory.p), f->name.n}, {copy + (f->text.p - memory.p), f->text.n}, f->type, f->depth};
		uint16_t slot = json_index_get(&j->slots, to->name);
		if (slot && !j->slot[slot].p)
			j->slot[slot] = to->text;
	}
	j->n = flat.n;
	j->cut = flat.cut;
	return JSON_OK;
}

struct slice json_get(const struct json_state *j, struct slice name)
{
	for (size_t i = 0; i < j->n; i++)
		if (slice_eq(j->v[i].name, name))
			return j->v[i].text;
	return SLICE_NONE;
}

/* ---- times --------------------------------------------------------------------------------------------------- */

/* Seconds, milli-, micro- or nanoseconds since the epoch, told by their size; a fraction of seconds is minded. */
static bool time_number(struct slice s, nstime *out)
{
	uint64_t n = 0, frac = 0, unit = (uint64_t)NS_SEC;
	size_t i = 0;
	for (; i < s.n && i < 19 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	size_t whole = i;
	if (i < s.n && s.p[i] == '.')
		for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
			if (unit > 1) {
				unit /= 10;
				frac += (uint64_t)(s.p[i] - '0') * unit;
			}
	if (i != s.n || whole < 9 || whole > 19)
		return false;
	uint64_t scale = whole > 17 ? 1 : whole > 14 ? 1000 : whole > 11 ? 1000000 : (uint64_t)NS_SEC;
	if (n > (uint64_t)INT64_MAX / scale - 1) /* past the year 2262: no time of an event */
		return false;
	*out = (nstime)(n * scale + (whole > 11 ? 0 : frac));
	return *out > 0;
}

bool json_time_text(struct decoder *d, struct dline *l, struct slice text, bool utc)
{
	char tmp[48];
	nstime t;
	if (slice_starts(text, SL("/Date(")) && slice_chr(text, ')') > 6) /* PowerShell's ConvertTo-Json */
		text = slice_make(text.p + 6, (size_t)slice_chr(text, ')') - 6);
	if (time_number(text, &t)) {
		l->time = t;
		return true;
	}
	if (utc && text.n < sizeof tmp - 1) {
		memcpy(tmp, text.p, text.n);
		tmp[text.n] = 'Z';
		text = slice_make(tmp, text.n + 1);
	}
	return time_iso(d, &text, l) || (!utc && time_clf(d, &text, l)) || (!utc && time_bsd(d, &text, l));
}

void json_time(struct decoder *d, struct dline *l, const struct json_state *j, const enum json_slot *order)
{
	for (; *order != JS_NONE; order++)
		if (json_has(j, *order) && json_time_text(d, l, j->slot[*order], *order == JS_UTC_TIME))
			return;
}

/* ---- Elastic Common Schema and anything ---------------------------------------------------------------------- */

/* What shippers say about themselves, and what the event holds elsewhere. */
static bool is_wrapping(struct slice name)
{
	static const struct slice prefixes[] = {
		{"agent.", 6}, {"@metadata.", 10}, {"ecs.", 4}, {"input.", 6}, {"log.offset", 10}, {"log.file.", 9}, {"host.", 5}, {"event.action", 12},
		{"event.outcome", 13}, {"event.dataset", 13}, {"event.category", 14}, {"event.type", 10}, {"event.original", 14}, {"@timestamp", 10},
		{"@version", 8}, {"event.module", 12}, {"event.created", 13}, {"event.ingested", 14}, {"event.kind", 10},
	};
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (slice_starts(name, prefixes[i]))
			return true;
	return false;
}

void json_add_all(struct decoder *d, struct event *e, const struct json_state *j, bool (*skip)(struct slice name))
{
	for (size_t i = 0; i < j->n; i++) {
		const struct jleaf *v = &j->v[i];
		if (skip && skip(v->name))
			continue;
		uint16_t field = json_index_get(&j->fields, v->name);
		if (field)
			event_add(d->out, e, (enum field_id)field, v->text);
		else if (v->name.n)
			event_add_named(d->out, e, v->name, v->text);
	}
}

/* What Elastic's shippers call our actions. failed: when event.outcome says so. */
static const struct {
	const char *name;
	uint16_t ok, failed;
} beat_actions[] = {
	{"ssh_login", ACT_LOGIN, ACT_LOGIN_FAILED}, {"logged-in", ACT_LOGIN, ACT_LOGIN_FAILED}, {"user_login", ACT_LOGIN, ACT_LOGIN_FAILED},
	{"logon-failed", ACT_LOGIN_FAILED, ACT_LOGIN_FAILED}, {"logged-out", ACT_LOGOUT, ACT_LOGOUT}, {"user_logout", ACT_LOGOUT, ACT_LOGOUT},
	{"started-session", ACT_SESSION_OPENED, ACT_LOGIN_REFUSED}, {"ended-session", ACT_SESSION_CLOSED, ACT_SESSION_CLOSED},
	{"executed", ACT_EXEC, ACT_JSON}, {"exec", ACT_EXEC, ACT_JSON}, {"process_started", ACT_EXEC, ACT_JSON}, {"end", ACT_EXIT, ACT_EXIT},
	{"process_stopped", ACT_EXIT, ACT_EXIT}, {"connected-to", ACT_CONNECT_OUT, ACT_CONNECT_OUT}, {"network_flow", ACT_JSON, ACT_JSON},
	{"opened-file", ACT_FILE_READ, ACT_FILE_READ}, {"deleted", ACT_FILE_DELETED, ACT_FILE_DELETED}, {"created", ACT_FILE_CREATED, ACT_FILE_CREATED},
	{"updated", ACT_FILE_WRITTEN, ACT_FILE_WRITTEN}, {"moved", ACT_FILE_RENAMED, ACT_FILE_RENAMED}, {"renamed", ACT_FILE_RENAMED, ACT_FILE_RENAMED},
	{"attributes_modified", ACT_FILE_ATTR, ACT_FILE_ATTR}, {"added-user-account", ACT_USER_ADDED, ACT_ERROR}, {"user_added", ACT_USER_ADDED, ACT_ERROR},
	{"deleted-user-account", ACT_USER_DELETED, ACT_ERROR}, {"user_removed", ACT_USER_DELETED, ACT_ERROR}, {"boot", ACT_BOOT, ACT_BOOT},
	{"package_installed", ACT_PKG_INSTALLED, ACT_ERROR}, {"package_removed", ACT_PKG_REMOVED, ACT_ERROR},
	{"package_updated", ACT_PKG_UPDATED, ACT_ERROR},
};

static enum outcome outcome_of(const struct json_state *j)
{
	struct slice s = j->slot[JS_OUTCOME];
	return slice_eq(s, SL("success")) ? OUTCOME_SUCCESS : slice_eq(s, SL("failure")) ? OUTCOME_FAILURE : OUTCOME_NONE;
}

static enum action action_of(const struct json_state *j, enum outcome o)
{
	struct slice name = j->slot[JS_ACTION];
	if (!name.n)
		return ACT_NONE;
	for (size_t i = 0; i < ARRAY_LEN(beat_actions); i++)
		if (slice_eqz(name, beat_actions[i].name))
			return (enum action)(o == OUTCOME_FAILURE ? beat_actions[i].failed : beat_actions[i].ok);
	return action_by_name(name);
}

/* The line that a shipper carried in `message`, whole or without its syslog header. */
static enum decoded carried(struct decoder *d, struct dline *l, struct json_state *j)
{
	struct slice text = json_has(j, JS_ORIGINAL) ? j->slot[JS_ORIGINAL] : j->slot[JS_MESSAGE];
	struct slice name = j->slot[JS_PROCESS_NAME], pid = j->slot[JS_PROCESS_PID], message = j->slot[JS_MESSAGE];
	enum decoded r = text.n > 8 && text.p[0] != '{' ? decode_nested(d, l, text) : DECODED_NO_FORMAT;
	if (r != DECODED_EVENT && r != DECODED_UNWANTED && name.n && message.n) {
		l->program = name;
		l->pid = pid;
		l->msg = message;
		r = decode_message(d, l);
		if (r != DECODED_EVENT && r != DECODED_UNWANTED)
			l->program = l->pid = l->msg = SLICE_NONE;
	}
	return r == DECODED_EVENT || r == DECODED_UNWANTED ? r : DECODED_NO_FORMAT;
}

static enum decoded any_object(struct decoder *d, struct dline *l, struct json_state *j)
{
	static const enum json_slot times[] = {JS_TIMESTAMP, JS_TIME, JS_TS, JS_NONE};
	json_time(d, l, j, times);
	l->host = j->slot[JS_HOST];
	enum outcome o = outcome_of(j);
	enum action a = action_of(j, o);
	if (a == ACT_NONE) {
		enum decoded r = carried(d, l, j);
		if (r != DECODED_NO_FORMAT)
			return r;
		a = ACT_JSON;
	}
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, SL("json"), a, o);
	struct slice dataset = j->slot[json_has(j, JS_DATASET) ? JS_DATASET : JS_MODULE];
	if (dataset.n)
		event_add(d->out, e, F_EVENT_PROVIDER, dataset);
	json_add_all(d, e, j, is_wrapping);
	return DECODED_EVENT;
}

/* ---- entry --------------------------------------------------------------------------------------------------- */

static bool maybe_json(struct slice s)
{
	return s.p[0] == '{' && s.n > 4;
}

static enum decoded line_json(struct decoder *d, struct dline *l)
{
	static enum decoded (*const kinds[])(struct decoder *, struct dline *, struct json_state *) = {
		json_journald, json_windows, json_zeek, json_web, json_docker, json_sudo, any_object,
	};
	struct json_state *j = d->json;
	struct slice text = slice_trim(l->raw);
	if (!j)
		d->json = j = state_new();
	if (text.p[text.n - 1] == ',') /* an array's member on a line of its own */
		text.n--;
	enum decoded quick = json_windows_quick(d, l);
	if (quick != DECODED_NO_FORMAT)
		return quick;
	d->marked |= d->opt->json;
	enum json_result r = parse(d, text, j);
	if (r)
		return r == JSON_LIMIT || slice_starts(text, SL("{\"")) ? DECODED_UNKNOWN : DECODED_NO_FORMAT;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		enum decoded k = kinds[i](d, l, j);
		if (k != DECODED_NO_FORMAT)
			return k;
	}
	return DECODED_UNKNOWN;
}

const struct format format_json = {"JSON", maybe_json, line_json};
