/* web_companions.c - what runs beside web servers: lighttpd's error log, php-fpm's and PHP's own log, suhosin.
 * Source: lighttpd log.c mod_auth.c http_auth.c (and mod_fastcgi.c), php-src sapi/fpm/fpm/zlog.c main/main.c
 * (php_log_err), suhosin log.c. */
#include "decode/web.h"

#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE

/* ---- lighttpd ------------------------------------------------------------------------------------------------ */

/* What follows "(mod_auth.c.791) ". User names of basic authentication hold no colon; the address ends the line. */
static const struct row lighttpd_rows[] = {
	{"password doesn't match for {url.path*} username: {user.name*}, IP: {source.ip}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"password doesn't match for {url.path*} username: {user.name*} IP: {source.ip}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"password doesn't match for {url.path*}, IP: {source.ip}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"digest: auth failed for  {user.name*} : wrong password, IP: {source.ip}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"digest: auth failed for {user.name*} : wrong password, IP: {source.ip}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"digest: auth failed for {user.name*}: wrong password[?,?] IP: {source.ip}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"digest: auth failed: {event.reason*}, IP: {source.ip}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"digest: {event.reason*}, IP: {source.ip}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"get_password failed, IP: {source.ip}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"get_password failed{}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"FastCGI-stderr: ALERT - {event.reason*} (attacker '{source.ip}', file '{file.path*}'[?, line {:d}?])", ACT_HTTP_DENIED, NONE, NULL},
	{"FastCGI-stderr: {error.message}", ACT_HTTP_ERROR, NONE, NULL},
	{"SSL: {error.message}", ACT_HTTP_ERROR, NONE, NULL},
	{"server started{}", ACT_SERVICE_STARTED, NONE, NULL},
	{"server stopped{}", ACT_SERVICE_STOPPED, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

/* "(mod_auth.c.791) ", in one release "mod_auth.c.828) "; s moves behind it. */
static bool take_origin(struct slice *s, struct slice *origin)
{
	struct slice rest = slice_starts(*s, SL("(")) ? slice_from(*s, 1) : *s;
	ssize_t end = slice_chr(slice_to(rest, 48), ')');
	if (end <= 0 || slice_find(slice_to(rest, (size_t)end), SL(".c")) < 0 || slice_chr(slice_to(rest, (size_t)end), ' ') >= 0)
		return false;
	*origin = slice_to(rest, (size_t)end);
	*s = slice_trim(slice_from(rest, (size_t)end + 1));
	return true;
}

/* A message no row knows: by its level, as a notice or an error. */
static enum decoded note(struct decoder *d, struct dline *l, struct slice dataset, struct slice logger, enum action a)
{
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, dataset, a, NONE);
	if (l->msg.n)
		event_add(d->out, e, F_ERROR_MESSAGE, l->msg);
	if (logger.n)
		event_add(d->out, e, F_LOG_LOGGER, logger);
	return DECODED_EVENT;
}

static enum decoded lighttpd_body(struct decoder *d, struct dline *l, struct slice s)
{
	struct slice origin;
	struct event *ev;
	if (!take_origin(&s, &origin))
		return DECODED_NO_FORMAT;
	l->program = SL("lighttpd");
	l->msg = s;
	enum decoded r = decode_rows(d, l, decode_rowset_of(d, &program_lighttpd), SL("lighttpd"), &ev);
	if (r == DECODED_UNKNOWN)
		return note(d, l, SL("lighttpd"), origin, ACT_NOTICE);
	if (ev)
		event_add(d->out, ev, F_LOG_LOGGER, origin);
	return r;
}

static enum decoded lighttpd_message(struct decoder *d, struct dline *l)
{
	enum decoded r = lighttpd_body(d, l, l->msg);
	if (r == DECODED_NO_FORMAT)
		r = web_access(d, l, l->msg, SL("lighttpd"));
	return r == DECODED_NO_FORMAT ? DECODED_UNKNOWN : r;
}

const struct program program_lighttpd = {.names = "lighttpd", .dataset = "lighttpd", .rows = lighttpd_rows, .fn = lighttpd_message};

/* ---- suhosin ------------------------------------------------------------------------------------------------- */

static const struct row suhosin_rows[] = {
	{"ALERT - {event.reason*} (attacker '{source.ip}', file '{file.path*}'[?, line {:d}?])", ACT_HTTP_DENIED, NONE, NULL},
	{"ALERT-SIMULATION - {event.reason*} (attacker '{source.ip}', file '{file.path*}'[?, line {:d}?])", ACT_SCAN_PROBE, NONE, NULL},
	{"ALERT - {event.reason}", ACT_HTTP_DENIED, NONE, NULL},
	{"{error.message}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

const struct program program_suhosin = {.names = "suhosin", .dataset = "suhosin", .rows = suhosin_rows};

/* ---- php-fpm, PHP -------------------------------------------------------------------------------------------- */

static const struct row php_rows[] = {
	{"[pool {service.name:w}] child {:d} exited on signal {event.reason}", ACT_SEGFAULT, NONE, NULL},
	{"[pool {service.name:w}] {error.message}", ACT_NOTICE, NONE, NULL},
	{"fpm is running, pid {:d}", ACT_SERVICE_STARTED, NONE, NULL},
	{"exiting, bye-bye!", ACT_SERVICE_STOPPED, NONE, NULL},
	{"PHP {log.level}:  {error.message}", ACT_HTTP_ERROR, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

/* "WARNING: [pool www] ..." (file) or "[WARNING] [pool www] ..." (syslog). */
static const char *const php_levels[] = {"ALERT", "ERROR", "WARNING", "NOTICE", "DEBUG"};
enum { PHP_ERROR_LAST = 1 };

static int php_level(struct slice *s)
{
	bool boxed = slice_starts(*s, SL("["));
	struct slice rest = slice_from(*s, boxed);
	for (int i = 0; i < (int)ARRAY_LEN(php_levels); i++) {
		struct slice name = slice_of(php_levels[i]);
		if (slice_starts(rest, name) && rest.n > name.n && rest.p[name.n] == (boxed ? ']' : ':')) {
			*s = slice_trim(slice_from(rest, name.n + 1));
			return i;
		}
	}
	return -1;
}

static enum decoded php_body(struct decoder *d, struct dline *l, struct slice s)
{
	int level = php_level(&s);
	struct event *ev;
	l->msg = s;
	enum decoded r = decode_rows(d, l, decode_rowset_of(d, &program_php), SL("php"), &ev);
	if (r == DECODED_UNKNOWN && level >= 0)
		return note(d, l, SL("php"), SLICE_NONE, level <= PHP_ERROR_LAST ? ACT_ERROR : ACT_NOTICE);
	return r;
}

static enum decoded php_message(struct decoder *d, struct dline *l)
{
	return php_body(d, l, l->msg);
}

const struct program program_php = {.names = "php-fpm* php php7* php8*", .dataset = "php", .rows = php_rows, .fn = php_message};

/* "[04-May-2026 07:12:33] NOTICE: ...", "[04-May-2026 07:12:33 UTC] PHP Warning:  ...". PHP writes zone names; UTC is
 * understood, of others the configured zone stands. */
static enum decoded php_line(struct decoder *d, struct dline *l)
{
	struct slice s = slice_from(l->raw, 1), zone;
	if (!time_named(d, &s, l) || !slice_cut(&s, ']', &zone) || zone.n > 40)
		return DECODED_NO_FORMAT;
	zone = slice_trim(zone);
	if (slice_eq(zone, SL("UTC"))) { /* take back what time_local did */
		l->time += d->opt->utc_offset ? (nstime)d->zone_off * NS_SEC : 0;
		l->flags = 0;
	}
	l->program = SL("php");
	enum decoded r = php_body(d, l, slice_trim(s));
	if (r != DECODED_UNKNOWN)
		return r;
	return note(d, l, SL("php"), SLICE_NONE, ACT_NOTICE); /* error_log() of an application: free text */
}

/* ---- format -------------------------------------------------------------------------------------------------- */

static bool maybe_companion(struct slice s)
{
	if (s.n < 24)
		return false;
	if (s.p[0] == '[')
		return s.p[3] == '-' && s.p[7] == '-' && s.p[12] == ' ';
	return s.p[4] == '-' && s.p[10] == ' ' && s.p[19] == ':' && s.p[20] == ' ';
}

static enum decoded line_companion(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw;
	if (s.p[0] == '[')
		return php_line(d, l);
	if (!time_iso(d, &s, l) || !slice_starts(s, SL(": ")))
		return DECODED_NO_FORMAT;
	return lighttpd_body(d, l, slice_from(s, 2));
}

const struct format format_web_companions = {"lighttpd or PHP log", maybe_companion, line_companion};
