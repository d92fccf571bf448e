/* nginx_error.c - nginx's error log, as a file and over syslog.
 * Source: nginx ngx_log.c (layout), ngx_http_request.c ngx_http_log_error_handler (context), ngx_http_auth_basic_module.c,
 * ngx_http_limit_{req,conn}_module.c, ngx_event_openssl.c, ngx_http_static/index/autoindex modules, ngx_http_upstream.c. */
#include "decode/web.h"

#include <string.h>

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE

/* What stands before ", client: ". A user name of basic authentication holds no colon, so that the shortest run is its
 * own; file paths come from the client and take the longest run. */
static const struct row rows[] = {
	{"user \"{user.name}\" was not found in \"{file.path}\"", ACT_LOGIN_FAILED, FAIL, "event.reason=unknown user"},
	{"user \"{user.name}\": password mismatch", ACT_LOGIN_FAILED, FAIL, "event.reason=password mismatch"},
	{"PAM: user '{user.name*}' - not authenticated: {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"PAM: user '{user.name*}' - invalid account: {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"no user/password was provided for basic authentication", ACT_NOTICE, NONE, NULL},
	{"auth request unexpected status: {error.code:d}{}", ACT_HTTP_ERROR, NONE, NULL},
	{"access forbidden by rule", ACT_HTTP_DENIED, NONE, NULL},
	{"directory index of \"{file.path*}\" is forbidden", ACT_HTTP_DENIED, NONE, "event.reason=directory index forbidden"},
	{"limiting requests, dry run, excess: {:w} by zone \"{rule.name}\"", ACT_NOTICE, NONE, NULL},
	{"limiting requests, excess: {:w} by zone \"{rule.name}\"", ACT_HTTP_DENIED, NONE, "event.reason=request limit"},
	{"limiting connections by zone \"{rule.name}\"", ACT_HTTP_DENIED, NONE, "event.reason=connection limit"},
	{"limiting connections, dry run, by zone \"{rule.name}\"", ACT_NOTICE, NONE, NULL},
	{"delaying request, dry run, excess: {:w}[?,?] by zone \"{rule.name}\"", ACT_NOTICE, NONE, NULL},
	{"delaying request, excess: {:w}[?,?] by zone \"{rule.name}\"", ACT_HTTP_ERROR, NONE, "event.reason=request delayed"},
	{"open() \"{file.path*}\" failed ({error.code:d}: {error.message})", ACT_HTTP_ERROR, NONE, NULL},
	{"\"{file.path*}\" is forbidden ({error.code:d}: {error.message})", ACT_HTTP_DENIED, NONE, NULL},
	{"\"{file.path*}\" is not found ({error.code:d}: {error.message})", ACT_HTTP_ERROR, NONE, NULL},
	{"stat() \"{file.path*}\" failed ({error.code:d}: {error.message})", ACT_HTTP_ERROR, NONE, NULL},
	{"opendir() \"{file.path*}\" failed ({error.code:d}: {error.message})", ACT_HTTP_ERROR, NONE, NULL},
	{"client sent {event.reason}", ACT_HTTP_ERROR, FAIL, NULL},
	{"client intended to send {event.reason}", ACT_HTTP_ERROR, FAIL, NULL},
	{"client SSL certificate verify error: {event.reason}", ACT_HTTP_DENIED, NONE, NULL},
	{"client {event.reason}", ACT_HTTP_ERROR, NONE, NULL},
	{"SSL_do_handshake() failed (SSL: {event.reason}", ACT_HTTP_ERROR, FAIL, NULL},
	{"SSL_read() failed (SSL: {event.reason}", ACT_HTTP_ERROR, FAIL, NULL},
	{"invalid host in request{}", ACT_HTTP_ERROR, FAIL, NULL},
	{"FastCGI sent in stderr: \"{error.message*}\" while {}", ACT_HTTP_ERROR, NONE, NULL},
	{"signal process started", ACT_NOTICE, NONE, NULL},
	{"exit", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

struct prefix {
	struct slice level, pid;
};

static const char *const levels[] = {"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"};
enum { LEVEL_ERROR_LAST = 3, MESSAGE_MAX = 16 << 10 }; /* nginx cuts its lines at 2048 bytes */

static int level_of(struct slice s)
{
	for (int i = 0; i < (int)ARRAY_LEN(levels); i++)
		if (slice_eqz(s, levels[i]))
			return i;
	return -1;
}

/* "2026/05/04 07:12:33 [error] 2833#0: *16336 " at s; s moves behind it. The line's own time counts when the envelope
 * has none or had to guess the year. */
static bool take_prefix(struct decoder *d, struct dline *l, struct slice *s, struct prefix *p)
{
	struct slice rest = *s, word;
	struct dline own = {.time = NSTIME_NONE};
	if (!time_slashes(d, &rest, &own) || !slice_starts(rest, SL(" [")))
		return false;
	rest = slice_from(rest, 2);
	if (!slice_cut(&rest, ']', &p->level) || level_of(p->level) < 0 || !rest.n || rest.p[0] != ' ')
		return false;
	rest = slice_from(rest, 1);
	struct slice after = rest;
	if (slice_word(&after, &word) && word.n && (unsigned)(word.p[0] - '0') <= 9) { /* "2833#0:", also "80:2" */
		size_t n = 0;
		while (n < word.n && (unsigned)(word.p[n] - '0') <= 9)
			n++;
		if (n < word.n && (word.p[n] == '#' || word.p[n] == ':')) {
			p->pid = slice_to(word, n);
			rest = slice_trim(after);
		}
	}
	if (rest.n > 1 && rest.p[0] == '*' && (unsigned)(rest.p[1] - '0') <= 9) { /* connection number */
		ssize_t blank = slice_chr(slice_to(rest, 24), ' ');
		rest = slice_from(rest, blank < 0 ? rest.n : (size_t)blank + 1);
	}
	if (l->time == NSTIME_NONE || l->flags & (EV_YEAR_INFERRED | EV_NO_TIME)) {
		l->time = own.time;
		l->flags = own.flags;
	}
	*s = rest;
	return true;
}

/* ---- the context behind the message -------------------------------------------------------------------------- */

/* The value of ", name: " at the start of s, quoted or up to the next comma; s moves behind it. */
static bool context_item(struct slice *s, struct slice *key, struct slice *value)
{
	if (!slice_starts(*s, SL(", ")))
		return false;
	struct slice rest = slice_from(*s, 2);
	if (!slice_cut(&rest, ':', key) || key->n > 12 || !rest.n || rest.p[0] != ' ')
		return false;
	rest = slice_from(rest, 1);
	size_t n = rest.n;
	if (rest.n && rest.p[0] == '"') { /* ends at the quote that another item or the line's end follows */
		rest = slice_from(rest, 1);
		for (size_t from = 0;;) {
			ssize_t q = slice_find(slice_from(rest, from), SL("\", "));
			if (q < 0) {
				n = rest.n && rest.p[rest.n - 1] == '"' ? rest.n - 1 : rest.n;
				*value = slice_to(rest, n);
				*s = SLICE_NONE;
				return true;
			}
			n = from + (size_t)q;
			struct slice next = slice_from(rest, n + 3);
			if (slice_starts(next, SL("host: \"")) || slice_starts(next, SL("referrer: \"")) || slice_starts(next, SL("upstream: \"")) ||
			    slice_starts(next, SL("subrequest: \"")))
				break;
			from = n + 3;
		}
		*value = slice_to(rest, n);
		*s = slice_from(rest, n + 1);
		return true;
	}
	ssize_t comma = slice_find(rest, SL(", "));
	n = comma < 0 ? rest.n : (size_t)comma;
	*value = slice_to(rest, n);
	*s = slice_from(rest, n);
	return true;
}

/* Does the path in the message ("open() "/var/www/x" failed") end with the path of the request that follows at? */
static bool context_fits(struct decoder *d, struct slice s, size_t at)
{
	struct slice body = slice_to(s, at), rest = slice_from(s, at), key, value, request = SLICE_NONE, path;
	while (!request.n && context_item(&rest, &key, &value))
		if (slice_eq(key, SL("request")))
			request = value;
	if (!slice_cut(&request, ' ', &path))
		return false;
	path = request;
	path = slice_to(path, (size_t)MAX(slice_chr(path, ' '), (ssize_t)0));
	ssize_t mark = slice_chr(path, '?'), open = slice_chr(body, '"'), close = slice_rfind(body, SL("\""));
	path = decode_percent(d, mark < 0 ? path : slice_to(path, (size_t)mark));
	if (open < 0 || close <= open + 1 || !path.n)
		return false;
	struct slice file = slice_make(body.p + open + 1, (size_t)(close - open - 1));
	return slice_ends(file, path) && slice_chr(slice_to(file, file.n - path.n), '"') < 0;
}

/* Offset of ", client: ", -1 when absent. Paths come decoded from the client and may imitate it, and so may the Referer
 * behind: with several, the genuine one is where the message's path is that of the request. */
static ssize_t context_at(struct decoder *d, struct slice s)
{
	const struct slice mark = SL(", client: ");
	ssize_t first = slice_find(s, mark), last;
	if (first < 0 || (last = slice_rfind(s, mark)) == first)
		return first;
	if (slice_starts(s, SL("user \"")) || slice_starts(s, SL("client sent")))
		return first;
	for (int tries = 0; tries < 8 && last > first; tries++) {
		if (context_fits(d, s, (size_t)last))
			return last;
		last = slice_rfind(slice_to(s, (size_t)last), mark);
	}
	return first;
}

static void add_upstream(struct decoder *d, struct event *ev, struct slice url)
{
	ssize_t at = slice_find(slice_to(url, 12), SL("://"));
	struct slice host = at < 0 ? url : slice_from(url, (size_t)at + 3);
	ssize_t slash = slice_chr(host, '/');
	event_add(d->out, ev, F_DEST_ADDRESS, slash > 0 ? slice_to(host, (size_t)slash) : host);
}

static void add_context(struct decoder *d, struct event *ev, struct slice s)
{
	struct slice key, value;
	while (context_item(&s, &key, &value)) {
		if (slice_eq(key, SL("client")))
			web_add_client(d, ev, value, false);
		else if (slice_eq(key, SL("server")) && value.n)
			event_add(d->out, ev, F_SERVER_NAME, value);
		else if (slice_eq(key, SL("request")))
			web_add_request(d, ev, value);
		else if (slice_eq(key, SL("upstream")))
			add_upstream(d, ev, value);
		else if (slice_eq(key, SL("host")))
			web_add_vhost(d, ev, value);
		else if (slice_eq(key, SL("referrer")))
			decode_add_unescaped(d, ev, F_HTTP_REFERRER, value);
	}
}

/* ---- lines --------------------------------------------------------------------------------------------------- */

/* No row: by the level, and by whether a client caused it. */
static enum decoded by_level(struct decoder *d, struct dline *l, struct slice dataset, int level, bool client, struct event **ev)
{
	bool bad = level <= LEVEL_ERROR_LAST;
	enum action a = client && bad ? ACT_HTTP_ERROR : bad ? ACT_ERROR : ACT_NOTICE;
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	*ev = decode_emit(d, l, dataset, a, NONE);
	if (l->msg.n)
		event_add(d->out, *ev, F_ERROR_MESSAGE, l->msg);
	return DECODED_EVENT;
}

static enum decoded decode_error(struct decoder *d, struct dline *l, struct slice s)
{
	struct prefix p = {0};
	struct event *ev = NULL;
	const struct slice dataset = SL("nginx.error");
	s = slice_to(s, MESSAGE_MAX);
	if (!take_prefix(d, l, &s, &p))
		return DECODED_NO_FORMAT;
	if (!l->pid.n)
		l->pid = p.pid;
	l->program = SL("nginx");
	ssize_t at = context_at(d, s);
	l->msg = at < 0 ? s : slice_to(s, (size_t)at);
	struct slice context = at < 0 ? SLICE_NONE : slice_from(s, (size_t)at), modsec = l->msg, client = SLICE_NONE;
	if (slice_starts(modsec, SL("[client ")) && slice_cut(&modsec, ']', &client))
		modsec = slice_trim(modsec);
	enum decoded r;
	if (web_is_modsec(modsec))
		r = web_modsec(d, l, dataset, modsec, &ev);
	else
		r = decode_rows(d, l, decode_rowset_of(d, &program_nginx), dataset, &ev);
	if (r == DECODED_UNKNOWN)
		r = by_level(d, l, dataset, level_of(p.level), at >= 0, &ev);
	if (!ev)
		return r;
	event_add(d->out, ev, F_LOG_LEVEL, p.level);
	add_context(d, ev, context);
	if (at < 0 && client.n > 8)
		web_add_client(d, ev, slice_from(client, 8), false);
	return r;
}

/* Over syslog: either log; a relay may have put its own "host nginx: " in front. */
static enum decoded nginx_message(struct decoder *d, struct dline *l)
{
	struct slice s = l->msg;
	ssize_t again = slice_find(slice_to(s, 80), SL("nginx: "));
	if (again >= 0 && (size_t)again + 11 < s.n && s.p[again + 11] == '/')
		s = slice_from(s, (size_t)again + 7);
	enum decoded r = decode_error(d, l, s);
	if (r == DECODED_NO_FORMAT)
		r = web_access(d, l, s, SL("nginx.access"));
	return r == DECODED_NO_FORMAT ? DECODED_UNKNOWN : r;
}

const struct program program_nginx = {.names = "nginx nginx*", .dataset = "nginx.error", .rows = rows, .fn = nginx_message};

static bool maybe_error(struct slice s)
{
	return s.n > 24 && s.p[4] == '/' && s.p[7] == '/' && s.p[10] == ' ' && s.p[19] == ' ' && s.p[20] == '[';
}

static enum decoded line_error(struct decoder *d, struct dline *l)
{
	return decode_error(d, l, l->raw);
}

const struct format format_nginx_error = {"nginx error log", maybe_error, line_error};
