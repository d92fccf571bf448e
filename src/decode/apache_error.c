/* apache_error.c - Apache httpd's error log in the forms of 2.2 and 2.4, as a file and over syslog.
 * Source: httpd server/log.c (do_errorlog_default, ErrorLogFormat), server/core.c protocol.c request.c,
 * modules/aaa/mod_auth_basic.c mod_auth_digest.c mod_authz_*.c, modules/generators/mod_cgi*.c mod_autoindex.c,
 * modules/proxy/mod_proxy_fcgi.c; mod_evasive, mod_jk, PHP's apache2handler, suhosin. */
#include "decode/web.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE

/* What follows the bracketed prefix and the AHnnnnn code. A user name of basic authentication holds no colon. */
static const struct row rows[] = {
	/* authentication */
	{"user `{user.name}' in realm `{}' not found: {url.path}", ACT_LOGIN_FAILED, FAIL, "event.reason=unknown user"},
	{"user `{user.name}' in realm `{}' denied by provider: {url.path}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"user {user.name} not found: {url.path}", ACT_LOGIN_FAILED, FAIL, "event.reason=unknown user"},
	{"user {user.name}: authentication failure for \"{url.path*}\": {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"user {user.name}: password mismatch: {url.path}", ACT_LOGIN_FAILED, FAIL, "event.reason=password mismatch"},
	{"user {user.name}: authorization failure for \"{url.path*}\":{}", ACT_HTTP_DENIED, FAIL, NULL},
	{"user {user.name}: encountered {event.reason}", ACT_AUTH_ERROR, NONE, NULL},
	{"invalid nonce {:w} received - hash is not {}", ACT_NOTICE, NONE, NULL}, /* after each restart */
	{"invalid nonce {:w} received - {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"realm mismatch - {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"uri mismatch - {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"unknown algorithm `{}' received: {url.path}", ACT_LOGIN_FAILED, FAIL, "event.reason=unknown algorithm"},
	{"invalid qop `{}' received: {url.path}", ACT_LOGIN_FAILED, FAIL, "event.reason=invalid qop"},
	{"invalid opaque {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"missing user, realm, nonce, {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"client used wrong authentication scheme: {url.path}", ACT_LOGIN_FAILED, FAIL, "event.reason=wrong authentication scheme"},
	{"client used wrong authentication scheme `{}': {url.path}", ACT_LOGIN_FAILED, FAIL, "event.reason=wrong authentication scheme"},
	{"[{:d}] auth_ldap authenticate: user {user.name} authentication failed; URI {url.path} [{event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"auth_ldap authenticate: user {user.name} authentication failed; URI {url.path} [{event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"PAM: user '{user.name*}' - not authenticated: {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"PAM authentication failed for user {user.name*}: {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"krb5_get_init_creds_password() failed: {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"gss_accept_sec_context() failed: {event.reason}", ACT_AUTH_ERROR, NONE, NULL},
	/* authorisation */
	{"Authorization of user {user.name} to access {url.path*} failed, reason: {event.reason}", ACT_HTTP_DENIED, FAIL, NULL},
	{"access to {url.path*} failed, reason: user {user.name} {event.reason}", ACT_HTTP_DENIED, FAIL, NULL},
	{"access to {url.path*} failed, reason: {event.reason}", ACT_HTTP_DENIED, NONE, NULL},
	{"access to {url.path*} denied[? because {event.reason}?][? (filesystem path '{file.path}') because {event.reason}?]", ACT_HTTP_DENIED, NONE, NULL},
	{"access to {url.path*} failed[?,?] {event.reason}", ACT_HTTP_ERROR, NONE, NULL},
	{"client denied by server configuration: {file.path}", ACT_HTTP_DENIED, NONE, "event.reason=denied by configuration"},
	{"Directory index forbidden by {event.reason}: {file.path}", ACT_HTTP_DENIED, NONE, NULL},
	{"Cannot serve directory {file.path*}: {event.reason}", ACT_HTTP_DENIED, NONE, NULL},
	{"Symbolic link not allowed or link target not accessible: {file.path}", ACT_HTTP_DENIED, NONE, "event.reason=symbolic link"},
	{"file permissions deny server access: {file.path}", ACT_HTTP_DENIED, NONE, "event.reason=file permissions"},
	{"Forbidden: {file.path*} doesn't point to a file or directory", ACT_HTTP_DENIED, NONE, NULL},
	{"Options ExecCGI is off in this directory: {file.path}", ACT_HTTP_DENIED, NONE, NULL},
	{"Options {event.reason} off in this directory[?: {file.path}?]", ACT_HTTP_DENIED, NONE, NULL},
	{"attempt to invoke directory as script: {file.path}", ACT_HTTP_DENIED, NONE, NULL},
	{"attempt to include NPH CGI script: {file.path}", ACT_HTTP_DENIED, NONE, NULL},
	{"Client exceeded {event.reason}", ACT_HTTP_DENIED, NONE, NULL},
	{"Blacklisting address {source.ip}: {event.reason}", ACT_BANNED, FAIL, NULL},
	/* not there */
	{"File does not exist: {file.path}", ACT_HTTP_ERROR, NONE, "event.reason=not found"},
	{"script not found or unable to stat: {file.path}", ACT_HTTP_ERROR, NONE, "event.reason=script not found"},
	{"script '{file.path*}' not found or unable to stat", ACT_HTTP_ERROR, NONE, "event.reason=script not found"},
	{"stderr from {file.path*}: script not found or unable to stat", ACT_HTTP_ERROR, NONE, "event.reason=script not found"},
	{"Got error 'Primary script unknown{}", ACT_HTTP_ERROR, NONE, "event.reason=script not found"},
	{"Got error '{error.message*}'[?, referer: {}?]", ACT_HTTP_ERROR, NONE, NULL},
	/* broken requests */
	{"Invalid URI in request {url.original}", ACT_HTTP_ERROR, FAIL, "event.reason=invalid URI"},
	{"invalid URI path ({url.original*})", ACT_HTTP_ERROR, FAIL, "event.reason=invalid URI"},
	{"Invalid method in request {url.original}", ACT_HTTP_ERROR, FAIL, "event.reason=invalid method"},
	{"Invalid protocol in request {url.original}", ACT_HTTP_ERROR, FAIL, "event.reason=invalid protocol"},
	{"request failed: {event.reason}", ACT_HTTP_ERROR, FAIL, NULL},
	{"Invalid Content-Length{}", ACT_HTTP_ERROR, FAIL, "event.reason=invalid Content-Length"},
	{"HTTP Request Line; {event.reason}", ACT_HTTP_ERROR, FAIL, NULL},
	{"HTTP Request: {event.reason}", ACT_HTTP_ERROR, FAIL, NULL},
	{"Client sent malformed Host header{}", ACT_HTTP_ERROR, FAIL, "event.reason=malformed Host header"},
	{"Client sent {event.reason}", ACT_HTTP_ERROR, FAIL, NULL},
	{"client sent {event.reason}", ACT_HTTP_ERROR, FAIL, NULL},
	{"Unknown Transfer-Encoding{}", ACT_HTTP_ERROR, FAIL, "event.reason=unknown Transfer-Encoding"},
	/* stderr of CGI programs: a function definition in the environment is Shellshock's probe */
	{"{file.path*}: error importing function definition for `{}'", ACT_SCAN_PROBE, NONE, "event.reason=function definition in the environment"},
	{"ALERT - {event.reason*} (attacker '{:a}', file '{file.path*}'{}", ACT_HTTP_DENIED, NONE, NULL},
	{"PHP {event.code}:  {error.message}", ACT_HTTP_ERROR, NONE, NULL},
	/* the server itself */
	{"{} configured -- resuming normal operations", ACT_SERVICE_STARTED, NONE, NULL},
	{"caught SIG{:w} shutting down", ACT_SERVICE_STOPPED, NONE, NULL},
	{"caught SIGWINCH, shutting down gracefully", ACT_SERVICE_STOPPED, NONE, NULL},
	{"child pid {:d} exit signal {event.reason}", ACT_SEGFAULT, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

struct prefix {
	struct slice module, level, pid, client, code, error, referer;
	bool with_port; /* 2.4 always adds the port to the client */
};

static const char *const levels[] = {"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"};
enum { LEVEL_ERROR_LAST = 3, PREFIX_MAX = 8, MESSAGE_MAX = 16 << 10 }; /* httpd cuts its lines at 8192 bytes */

static int level_of(struct slice s)
{
	for (int i = 0; i < (int)ARRAY_LEN(levels); i++)
		if (slice_eqz(s, levels[i]))
			return i;
	return slice_starts(s, SL("trace")) && s.n == 6 ? (int)ARRAY_LEN(levels) - 1 : -1;
}

/* ---- the prefix ---------------------------------------------------------------------------------------------- */

/* Inside of the bracket at the start of s, nested ones included ("[client [2001:db8::1]:51548]"); s moves behind it and
 * a blank. */
static bool bracket(struct slice *s, struct slice *in)
{
	if (!s->n || s->p[0] != '[')
		return false;
	ssize_t end = slice_chr(*s, ']');
	if (end > 0 && slice_chr(slice_make(s->p + 1, (size_t)end - 1), '[') >= 0) {
		ssize_t more = slice_chr(slice_from(*s, (size_t)end + 1), ']');
		end = more < 0 ? -1 : end + 1 + more;
	}
	if (end < 0)
		return false;
	*in = slice_make(s->p + 1, (size_t)end - 1);
	*s = slice_from(*s, (size_t)end + 1);
	if (s->n && s->p[0] == ' ')
		*s = slice_from(*s, 1);
	return true;
}

static bool take_level(struct slice in, struct prefix *p)
{
	struct slice rest = in, module;
	if (slice_cut(&rest, ':', &module)) {
		p->module = module;
		p->with_port = true;
	}
	p->level = rest;
	return level_of(rest) >= 0 && slice_chr(in, ' ') < 0;
}

/* One known bracket behind the level; false (s unmoved) when what is there belongs to the message. */
static bool take_bracket(struct slice *s, struct prefix *p)
{
	struct slice rest = *s, in;
	if (!bracket(&rest, &in))
		return false;
	if (slice_starts(in, SL("client ")) || slice_starts(in, SL("remote "))) {
		if (!p->client.n) /* modules repeat it, without the port */
			p->client = slice_from(in, 7);
	} else if (slice_starts(in, SL("pid "))) {
		in = slice_from(in, 4);
		ssize_t colon = slice_chr(in, ':');
		p->pid = colon < 0 ? in : slice_to(in, (size_t)colon);
		p->with_port = true;
	} else if (!slice_starts(in, SL("tid ")) && !slice_starts(in, SL("host "))) {
		return false;
	}
	*s = rest;
	return true;
}

/* "(13)Permission denied: " */
static bool take_errno(struct slice *s, struct prefix *p)
{
	struct slice rest = *s, number, text;
	if (!slice_starts(rest, SL("(")))
		return false;
	rest = slice_from(rest, 1);
	if (!slice_cut(&rest, ')', &number) || !web_number(number) || number.n > 10)
		return false;
	ssize_t end = slice_find(rest, SL(": "));
	if (end <= 0)
		return false;
	text = slice_to(rest, (size_t)end);
	p->error = text;
	*s = slice_from(rest, (size_t)end + 2);
	return true;
}

/* "AH01617: " */
static void take_code(struct slice *s, struct prefix *p)
{
	if (s->n > 8 && s->p[0] == 'A' && s->p[1] == 'H' && s->p[7] == ':' && web_number(slice_make(s->p + 2, 5))) {
		p->code = slice_to(*s, 7);
		*s = slice_trim(slice_from(*s, 8));
	}
}

/* Everything up to the message. s begins with "[level]" or "[module:level]". */
static bool take_prefix(struct slice *s, struct prefix *p)
{
	struct slice in;
	if (!bracket(s, &in) || !take_level(in, p))
		return false;
	for (int i = 0; i < PREFIX_MAX && (take_bracket(s, p) || (!p->error.n && take_errno(s, p))); i++)
		;
	take_code(s, p);
	if (slice_starts(*s, SL("Digest: "))) /* 2.2's mod_auth_digest */
		*s = slice_from(*s, 8);
	for (int i = 0; i < 2 && take_bracket(s, p); i++)
		;
	ssize_t at = slice_rfind(*s, SL(", referer: "));
	if (at > 0) {
		p->referer = slice_from(*s, (size_t)at + 11);
		*s = slice_to(*s, (size_t)at);
	}
	return true;
}

/* ---- lines --------------------------------------------------------------------------------------------------- */

static enum decoded by_level(struct decoder *d, struct dline *l, const struct prefix *p, struct event **ev)
{
	bool bad = level_of(p->level) <= LEVEL_ERROR_LAST;
	enum action a = bad && p->client.n ? ACT_HTTP_ERROR : bad ? ACT_ERROR : ACT_NOTICE;
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	*ev = decode_emit(d, l, SL("apache.error"), a, NONE);
	if (l->msg.n)
		event_add(d->out, *ev, F_ERROR_MESSAGE, l->msg);
	return DECODED_EVENT;
}

static void add_prefix(struct decoder *d, struct event *ev, const struct prefix *p)
{
	const struct {
		enum field_id field;
		struct slice text;
	} parts[] = {{F_LOG_LEVEL, p->level}, {F_LOG_LOGGER, p->module}, {F_EVENT_CODE, p->code}, {F_ERROR_MESSAGE, p->error}, {F_HTTP_REFERRER, p->referer}};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (parts[i].text.n)
			event_add(d->out, ev, parts[i].field, parts[i].text);
	if (p->client.n)
		web_add_client(d, ev, p->client, p->with_port);
}

static enum decoded decode_error(struct decoder *d, struct dline *l, struct slice s)
{
	struct prefix p = {0};
	struct event *ev = NULL;
	s = slice_to(s, MESSAGE_MAX);
	if (!take_prefix(&s, &p))
		return DECODED_NO_FORMAT;
	if (!l->pid.n)
		l->pid = p.pid;
	if (!l->program.n)
		l->program = SL("apache2");
	l->msg = s;
	enum decoded r;
	if (web_is_modsec(s))
		r = web_modsec(d, l, SL("apache.error"), s, &ev);
	else
		r = decode_rows(d, l, decode_rowset_of(d, &program_apache), SL("apache.error"), &ev);
	if (r == DECODED_UNKNOWN)
		r = by_level(d, l, &p, &ev);
	if (ev)
		add_prefix(d, ev, &p);
	return r;
}

/* Over syslog ("ErrorLog syslog", piped access logs). */
static enum decoded apache_message(struct decoder *d, struct dline *l)
{
	struct slice s = l->msg, rest, in;
	struct dline own = {.time = NSTIME_NONE};
	rest = slice_from(s, 1);
	if (s.n && s.p[0] == '[' && time_ctime(d, &rest, &own) && slice_starts(rest, SL("] "))) {
		s = slice_from(rest, 2);
		if (l->time == NSTIME_NONE || l->flags & (EV_YEAR_INFERRED | EV_NO_TIME)) {
			l->time = own.time;
			l->flags = own.flags;
		}
	}
	enum decoded r = decode_error(d, l, s);
	if (r == DECODED_NO_FORMAT)
		r = web_access(d, l, s, SL("apache.access"));
	if (r != DECODED_NO_FORMAT)
		return r;
	if (bracket(&s, &in)) /* "[4567] " of a worker */
		r = decode_error(d, l, s);
	return r == DECODED_NO_FORMAT ? DECODED_UNKNOWN : r;
}

const struct program program_apache = {
	.names = "apache2 httpd apache apache2* httpd* apache-ssl",
	.dataset = "apache.error",
	.rows = rows,
	.fn = apache_message,
};

static bool maybe_error(struct slice s)
{
	return s.n > 12 && s.p[0] == '[' && (unsigned)((s.p[1] | 0x20) - 'a') <= 25;
}

static enum decoded line_error(struct decoder *d, struct dline *l)
{
	struct slice s = slice_from(l->raw, 1);
	if (time_ctime(d, &s, l)) {
		if (!slice_starts(s, SL("] ")))
			return DECODED_NO_FORMAT;
		return decode_error(d, l, slice_from(s, 2));
	}
	struct slice rest = l->raw, in;
	struct prefix p = {0};
	if (!bracket(&rest, &in) || !take_level(in, &p) || (!slice_starts(rest, SL("[client ")) && !slice_starts(rest, SL("[pid "))))
		return DECODED_NO_FORMAT;
	l->time = d->last_time; /* pasted without its time */
	l->flags |= EV_NO_TIME;
	return decode_error(d, l, l->raw);
}

const struct format format_apache_error = {"Apache error log", maybe_error, line_error};
