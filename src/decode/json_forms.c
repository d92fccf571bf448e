/* json_forms.c - kinds of JSON lines: journalctl -o json, Docker's json-file, access logs of nginx, Caddy and Traefik,
 * Zeek, Suricata's EVE, sudo. Sources: systemd Journal Export Formats and systemd.journal-fields(7), Docker json-file
 * logging driver, ngx_http_log_module, Caddy and Traefik access log documentation, Zeek log reference, sudo_logsrv.proto. */
#include "decode/audit_private.h"
#include "decode/json_private.h"
#include "decode/web.h"

/* ---- journald ------------------------------------------------------------------------------------------------ */

/* Audit records reach the journal as "USER_LOGIN pid=1 ..." with type and serial in fields of their own. */
static enum decoded journal_audit(struct decoder *d, struct dline *l, const struct json_state *j)
{
	uint64_t us;
	struct slice type = j->slot[JS_J_AUDIT_TYPE], rest = j->slot[JS_J_MESSAGE], head;
	struct slice time = j->slot[json_has(j, JS_J_SOURCE_TIME) ? JS_J_SOURCE_TIME : JS_J_TIME];
	if (!type.n || !j->slot[JS_J_AUDIT_ID].n || !slice_u64(time, INT64_MAX / 1000, &us))
		return DECODED_NO_FORMAT;
	if (slice_starts(rest, type) && !slice_cut(&rest, ' ', &head))
		rest = SLICE_NONE;
	d->tmp.n = 0;
	buf_addf(&d->tmp, "type=%.*s msg=audit(%llu.%03llu:%.*s): ", SLFMT(type), (unsigned long long)(us / 1000000),
		(unsigned long long)(us / 1000 % 1000), SLFMT(j->slot[JS_J_AUDIT_ID]));
	buf_adds(&d->tmp, rest);
	l->msg = slice_dup(&d->out->arena, buf_slice(&d->tmp));
	return decode_audit(d, l);
}

enum decoded json_journald(struct decoder *d, struct dline *l, struct json_state *j)
{
	uint64_t us;
	if (!json_has(j, JS_J_MESSAGE) || !(json_has(j, JS_J_TIME) || json_has(j, JS_J_CURSOR) || json_has(j, JS_J_TRANSPORT)))
		return DECODED_NO_FORMAT;
	if (slice_u64(j->slot[JS_J_TIME], INT64_MAX / 1000, &us))
		l->time = (nstime)us * 1000;
	l->host = j->slot[JS_J_HOST];
	l->program = j->slot[json_has(j, JS_J_IDENT) ? JS_J_IDENT : JS_J_COMM];
	l->pid = j->slot[json_has(j, JS_J_SYSLOG_PID) ? JS_J_SYSLOG_PID : JS_J_PID];
	l->msg = j->slot[JS_J_MESSAGE];
	if (slice_eq(j->slot[JS_J_TRANSPORT], SL("audit"))) {
		enum decoded r = journal_audit(d, l, j);
		if (r != DECODED_NO_FORMAT)
			return r;
	}
	return l->program.n ? decode_message(d, l) : DECODED_OTHER;
}

/* ---- Docker -------------------------------------------------------------------------------------------------- */

enum decoded json_docker(struct decoder *d, struct dline *l, struct json_state *j)
{
	static const enum json_slot times[] = {JS_TIME, JS_TIMESTAMP, JS_NONE};
	struct slice log = j->slot[JS_LOG];
	if (!log.p || !(json_has(j, JS_STREAM) || json_has(j, JS_TIME)) || json_has(j, JS_MESSAGE))
		return DECODED_NO_FORMAT;
	while (log.n && (log.p[log.n - 1] == '\n' || log.p[log.n - 1] == '\r'))
		log.n--;
	json_time(d, l, j, times);
	if (slice_trim(log).n == 0)
		return DECODED_BLANK;
	enum decoded r = decode_nested(d, l, log);
	if (r != DECODED_NO_FORMAT)
		return r;
	l->msg = log;
	return DECODED_OTHER;
}

/* ---- access logs --------------------------------------------------------------------------------------------- */

enum { WEB_CLIENT = FIELD_COUNT, WEB_FORWARDED, WEB_AGENT, WEB_REFERRER, WEB_HOST, WEB_USER };
_Static_assert(FIELD_COUNT < 60000, "names of access logs are numbered behind the fields");

const struct json_name json_web_names[] = {
	{"remote_addr", WEB_CLIENT}, {"remote_ip", WEB_CLIENT}, {"remoteAddr", WEB_CLIENT}, {"clientip", WEB_CLIENT}, {"client_ip", WEB_CLIENT},
	{"ClientHost", WEB_CLIENT}, {"request.remote_ip", WEB_CLIENT}, {"request.remote_addr", WEB_CLIENT},
	{"http_x_forwarded_for", WEB_FORWARDED}, {"x_forwarded_for", WEB_FORWARDED}, {"request_X-Forwarded-For", WEB_FORWARDED},
	{"request.headers.X-Forwarded-For", WEB_FORWARDED}, {"request.client_ip", WEB_FORWARDED},
	{"remote_port", F_SOURCE_PORT}, {"ClientPort", F_SOURCE_PORT}, {"request.remote_port", F_SOURCE_PORT},
	{"http_user_agent", WEB_AGENT}, {"user_agent", WEB_AGENT}, {"agent", WEB_AGENT}, {"request_User-Agent", WEB_AGENT},
	{"request.headers.User-Agent", WEB_AGENT},
	{"http_referer", WEB_REFERRER}, {"http_referrer", WEB_REFERRER}, {"referrer", WEB_REFERRER}, {"referer", WEB_REFERRER},
	{"request_Referer", WEB_REFERRER}, {"request.headers.Referer", WEB_REFERRER},
	{"http_host", WEB_HOST}, {"host", WEB_HOST}, {"server_name", F_SERVER_NAME}, {"RequestHost", WEB_HOST}, {"request.host", WEB_HOST},
	{"vhost", WEB_HOST},
	{"remote_user", WEB_USER}, {"ClientUsername", WEB_USER}, {"user_id", WEB_USER}, {"auth", WEB_USER},
	{"body_bytes_sent", F_HTTP_BYTES}, {"bytes_sent", F_HTTP_BYTES}, {"bytes", F_HTTP_BYTES}, {"size", F_HTTP_BYTES},
	{"DownstreamContentSize", F_HTTP_BYTES},
	{"request_length", F_HTTP_REQ_BYTES}, {"RequestContentSize", F_HTTP_REQ_BYTES}, {"bytes_read", F_HTTP_REQ_BYTES},
	{"ssl_protocol", F_TLS_VERSION}, {"TLSVersion", F_TLS_VERSION}, {"ssl_cipher", F_TLS_CIPHER}, {"TLSCipher", F_TLS_CIPHER},
	{"resp_headers.Content-Type", F_HTTP_MIME}, {"sent_http_content_type", F_HTTP_MIME}, {"content_type", F_HTTP_MIME},
	{NULL, 0},
};

static void add_addresses(struct decoder *d, struct event *e, struct slice list)
{
	struct slice one;
	struct ip ip;
	for (int n = 0; n < 4 && list.n; n++) {
		if (!slice_cut(&list, ',', &one)) {
			one = list;
			list.n = 0;
		}
		one = slice_trim(one);
		if (ip_parse(one, &ip))
			event_add(d->out, e, F_CLIENT_IP, one);
	}
}

static void add_web_value(struct decoder *d, struct event *e, uint16_t what, struct slice text)
{
	if (!text.n || slice_eq(text, SL("-")))
		return;
	switch (what) {
	case WEB_CLIENT:
		if (!event_source(e).n)
			web_add_client(d, e, text, false);
		break;
	case WEB_FORWARDED: add_addresses(d, e, text); break;
	case WEB_AGENT: event_add(d->out, e, F_USER_AGENT, text); break;
	case WEB_REFERRER: event_add(d->out, e, F_HTTP_REFERRER, text); break;
	case WEB_USER: event_add(d->out, e, F_USER_NAME, text); break;
	case WEB_HOST:
		if (!event_get(e, F_URL_DOMAIN))
			web_add_vhost(d, e, text);
		break;
	default: event_add(d->out, e, (enum field_id)what, text);
	}
}

static void add_web_request(struct decoder *d, struct event *e, const struct json_state *j)
{
	struct slice method = j->slot[JS_REQUEST_METHOD], uri = j->slot[json_has(j, JS_CADDY_URI) ? JS_CADDY_URI : JS_REQUEST_URI];
	if (json_has(j, JS_REQUEST) && slice_chr(j->slot[JS_REQUEST], ' ') > 0) {
		web_add_request(d, e, j->slot[JS_REQUEST]);
		return;
	}
	if (method.n)
		event_add(d->out, e, F_HTTP_METHOD, method);
	if (!uri.n)
		uri = j->slot[JS_REQUEST]; /* some formats put only the target there */
	if (uri.n)
		web_add_target(d, e, uri, slice_eq(method, SL("CONNECT")));
}

enum decoded json_web(struct decoder *d, struct dline *l, struct json_state *j)
{
	static const enum json_slot times[] = {JS_TIME, JS_TIMESTAMP, JS_TS, JS_MSEC, JS_TIME_LOCAL, JS_NONE};
	bool client = json_has(j, JS_REMOTE_ADDR) || json_has(j, JS_CLIENT_HOST) || json_has(j, JS_CADDY_IP);
	bool request = json_has(j, JS_REQUEST) || json_has(j, JS_REQUEST_URI) || json_has(j, JS_CADDY_URI);
	if (!client || !request)
		return DECODED_NO_FORMAT;
	json_time(d, l, j, times);
	if (!decode_wanted(d, l, ACT_HTTP))
		return DECODED_UNWANTED;
	struct slice status = j->slot[JS_STATUS];
	struct event *e = decode_emit(d, l, SL("web.access"), ACT_HTTP, web_outcome(status));
	for (size_t i = 0; i < j->n; i++) {
		uint16_t what = json_index_get(&j->web, j->v[i].name);
		if (what)
			add_web_value(d, e, what, j->v[i].text);
	}
	add_web_request(d, e, j);
	if (status.n == 3 && web_number(status))
		event_add(d->out, e, F_HTTP_STATUS, status);
	if (!event_get(e, F_USER_AGENT))
		event_add(d->out, e, F_USER_AGENT, SLICE_NONE);
	return DECODED_EVENT;
}

/* ---- Zeek, Suricata ------------------------------------------------------------------------------------------ */

const struct json_name json_zeek_names[] = {
	{"id.orig_h", F_SOURCE_IP}, {"id.orig_p", F_SOURCE_PORT}, {"id.resp_h", F_DEST_IP}, {"id.resp_p", F_DEST_PORT},
	{"src_ip", F_SOURCE_IP}, {"src_port", F_SOURCE_PORT}, {"dest_ip", F_DEST_IP}, {"dest_port", F_DEST_PORT}, {"src", F_SOURCE_IP},
	{"proto", F_NETWORK_TRANSPORT}, {"service", F_NETWORK_PROTOCOL}, {"app_proto", F_NETWORK_PROTOCOL}, {"query", F_DNS_QUESTION},
	{"dns.rrname", F_DNS_QUESTION}, {"qtype_name", F_DNS_TYPE}, {"dns.rrtype", F_DNS_TYPE}, {"answers", F_DNS_ANSWER},
	{"dns.answers.rdata", F_DNS_ANSWER}, {"method", F_HTTP_METHOD}, {"http.http_method", F_HTTP_METHOD}, {"host", F_URL_DOMAIN},
	{"http.hostname", F_URL_DOMAIN}, {"status_code", F_HTTP_STATUS}, {"http.status", F_HTTP_STATUS}, {"user_agent", F_USER_AGENT},
	{"http.http_user_agent", F_USER_AGENT}, {"referrer", F_HTTP_REFERRER}, {"http.http_refer", F_HTTP_REFERRER}, {"username", F_USER_NAME},
	{"user", F_USER_NAME}, {"orig_bytes", F_SOURCE_BYTES}, {"resp_bytes", F_DEST_BYTES}, {"flow.bytes_toserver", F_SOURCE_BYTES},
	{"flow.bytes_toclient", F_DEST_BYTES}, {"version", F_TLS_VERSION}, {"cipher", F_TLS_CIPHER}, {"mailfrom", F_MAIL_FROM},
	{"rcptto", F_MAIL_TO}, {"subject", F_MAIL_SUBJECT}, {"helo", F_MAIL_HELO}, {"uid", F_EVENT_ID}, {"_path", F_EVENT_PROVIDER},
	{"event_type", F_EVENT_PROVIDER}, {"alert.signature", F_RULE_NAME}, {"alert.signature_id", F_RULE_ID}, {"note", F_RULE_NAME},
	{"msg", F_MESSAGE}, {"in_iface", F_INTERFACE}, {"sha256", F_FILE_HASH},
	{NULL, 0},
};

/* The log's name: "_path" of the record, or of the file ("dns.log", "dns.2026-05-04.log"). */
static struct slice zeek_path(const struct decoder *d, const struct json_state *j)
{
	struct slice name = slice_basename(d->in->path), head;
	if (json_has(j, JS_PATH))
		return j->slot[JS_PATH];
	return slice_cut(&name, '.', &head) ? head : name;
}

static void add_zeek(struct decoder *d, struct event *e, const struct json_state *j)
{
	struct slice uri = json_get(j, SL("uri"));
	if (!uri.n)
		uri = json_get(j, SL("http.url"));
	for (size_t i = 0; i < j->n; i++) {
		const struct jleaf *v = &j->v[i];
		uint16_t field = json_index_get(&j->zeek, v->name);
		if (slice_eq(v->text, SL("-")) || slice_eq(v->name, SL("ts")) || slice_eq(v->name, SL("timestamp")) || (uri.p && v->text.p == uri.p))
			continue;
		if (field)
			event_add(d->out, e, (enum field_id)field, v->text);
		else if (v->name.n)
			event_add_named(d->out, e, v->name, v->text);
	}
	if (uri.n)
		web_add_target(d, e, uri, false);
}

enum decoded json_zeek(struct decoder *d, struct dline *l, struct json_state *j)
{
	static const enum json_slot times[] = {JS_TS, JS_TIMESTAMP, JS_NONE};
	bool eve = json_has(j, JS_EVENT_TYPE) && json_has(j, JS_SRC_IP);
	bool zeek = json_has(j, JS_TS) && (json_has(j, JS_ORIG_H) || (json_has(j, JS_PATH) && json_has(j, JS_UID)) || (json_has(j, JS_PATH) && j->n > 3));
	if (!eve && !zeek)
		return DECODED_NO_FORMAT;
	struct slice path = eve ? j->slot[JS_EVENT_TYPE] : zeek_path(d, j);
	enum action a = ACT_JSON;
	if (slice_eq(path, SL("dns")))
		a = ACT_DNS_QUERY;
	else if (slice_eq(path, SL("http")))
		a = ACT_HTTP;
	json_time(d, l, j, times);
	l->host = j->slot[JS_HOST];
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	enum outcome o = a != ACT_HTTP ? OUTCOME_NONE : web_outcome(json_get(j, eve ? SL("http.status") : SL("status_code")));
	struct event *e = decode_emit(d, l, eve ? SL("suricata") : SL("zeek"), a, o);
	if (zeek && !json_has(j, JS_PATH) && path.n)
		event_add(d->out, e, F_EVENT_PROVIDER, path);
	add_zeek(d, e, j);
	return DECODED_EVENT;
}

/* ---- sudo ---------------------------------------------------------------------------------------------------- */

/* sudo's log file as JSON: the same object that sudo.c finds behind "@cee:" in syslog. */
enum decoded json_sudo(struct decoder *d, struct dline *l, struct json_state *j)
{
	static const enum json_slot times[] = {JS_SUDO_SECONDS, JS_NONE};
	if (!json_has(j, JS_SUDO))
		return DECODED_NO_FORMAT;
	json_time(d, l, j, times);
	l->host = j->slot[JS_SUDO_HOST];
	l->program = SL("sudo");
	d->tmp.n = 0;
	buf_addz(&d->tmp, "@cee:");
	buf_adds(&d->tmp, l->raw);
	l->msg = slice_dup(&d->out->arena, buf_slice(&d->tmp));
	return decode_message(d, l);
}
