/* squid.c - Squid's native access.log, as a file and over syslog, and the squid.conf notices of cache.log.
 * Source: Squid logformat "squid": %ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt. */
#include "decode/web.h"

#include <string.h>

struct line {
	struct slice elapsed, client, result, status, bytes, method, url, user, peer, mime;
};

static bool take_word(struct slice *s, struct slice *w)
{
	return slice_word(s, w);
}

/* The URL may hold blanks (uri_whitespace allow): the four fields behind it are taken from the right. */
static bool take_tail(struct slice s, struct line *p)
{
	struct slice *const fields[] = {&p->mime, &p->peer, &p->user};
	s = slice_trim(s);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const char *blank = s.n ? memrchr(s.p, ' ', s.n) : NULL;
		if (!blank)
			return false;
		size_t at = (size_t)(blank - s.p);
		*fields[i] = slice_from(s, at + 1);
		s = slice_to(s, at);
	}
	p->url = s;
	return p->url.n > 0 && slice_chr(p->peer, '/') > 0;
}

static bool take_line(struct slice s, struct line *p)
{
	struct slice result;
	if (!take_word(&s, &p->elapsed) || !take_word(&s, &p->client) || !take_word(&s, &result) || !take_word(&s, &p->bytes) ||
	    !take_word(&s, &p->method))
		return false;
	p->status = result;
	return slice_cut(&p->status, '/', &p->result) && web_number(p->status) && web_number(p->bytes) &&
	       (web_number(p->elapsed) || p->elapsed.p[0] == '-') && take_tail(s, p);
}

/* A challenge for credentials (407 without a user) is no refusal yet. */
static enum decoded emit(struct decoder *d, struct dline *l, const struct line *p)
{
	bool denied = slice_has(p->result, SL("DENIED")), anonymous = slice_eq(p->user, SL("-"));
	enum action a = denied ? ACT_PROXY_DENIED : ACT_PROXY;
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	enum outcome o = slice_eq(p->status, SL("407")) && anonymous ? OUTCOME_NONE : denied ? OUTCOME_FAILURE : web_outcome(p->status);
	if (slice_eq(p->status, SL("000")))
		o = OUTCOME_NONE;
	struct event *e = decode_emit(d, l, SL("squid"), a, o);
	web_add_client(d, e, p->client, false);
	event_add(d->out, e, F_HTTP_METHOD, p->method);
	web_add_target(d, e, p->url, slice_eq(p->method, SL("CONNECT")));
	event_add(d->out, e, F_HTTP_STATUS, p->status);
	event_add(d->out, e, F_HTTP_BYTES, p->bytes);
	event_add(d->out, e, F_HTTP_CACHE, p->result);
	event_add(d->out, e, F_EVENT_DURATION, p->elapsed);
	if (!anonymous)
		event_add(d->out, e, F_USER_NAME, decode_percent(d, p->user));
	struct slice peer = p->peer, how;
	if (slice_cut(&peer, '/', &how) && peer.n && !slice_eq(peer, SL("-")))
		event_add(d->out, e, F_DEST_IP, peer);
	if (!slice_eq(p->mime, SL("-")))
		event_add(d->out, e, F_HTTP_MIME, p->mime);
	return DECODED_EVENT;
}

static enum decoded access_line(struct decoder *d, struct dline *l, struct slice s)
{
	struct line p = {0};
	struct dline own = {.time = NSTIME_NONE};
	if (!time_epoch(d, &s, &own) || !s.n || s.p[0] != ' ' || !take_line(s, &p))
		return DECODED_NO_FORMAT;
	l->time = own.time;
	l->flags = own.flags;
	return emit(d, l, &p);
}

static bool maybe_squid(struct slice s)
{
	return s.n > 40 && s.p[10] == '.' && (unsigned)(s.p[0] - '0') <= 9 && (unsigned)(s.p[9] - '0') <= 9 && s.p[14] == ' ';
}

static enum decoded line_squid(struct decoder *d, struct dline *l)
{
	return access_line(d, l, l->raw);
}

const struct format format_squid = {"Squid access log", maybe_squid, line_squid};

static const struct row rows[] = {
	{"Starting Squid Cache version {}", ACT_SERVICE_STARTED, OUTCOME_NONE, NULL},
	{"Squid Cache (Version {}): Exiting normally.", ACT_SERVICE_STOPPED, OUTCOME_NONE, NULL},
	{"Squid Parent: {}", ACT_NOTICE, OUTCOME_NONE, NULL},
	{"WARNING: {error.message}", ACT_NOTICE, OUTCOME_NONE, NULL},
	{"ERROR: {error.message}", ACT_ERROR, OUTCOME_NONE, NULL},
	{"FATAL: {error.message}", ACT_ERROR, OUTCOME_NONE, NULL},
	{NULL, ACT_NONE, OUTCOME_NONE, NULL},
};

static enum decoded squid_message(struct decoder *d, struct dline *l)
{
	enum decoded r = access_line(d, l, slice_trim(l->msg));
	if (r == DECODED_NO_FORMAT)
		r = web_access(d, l, l->msg, SL("squid"));
	return r == DECODED_NO_FORMAT ? DECODED_UNKNOWN : r;
}

const struct program program_squid = {.names = "squid squid*", .dataset = "squid", .rows = rows, .fn = squid_message};
