/* haproxy.c - HAProxy's TCP, HTTP and connection-error log lines, and its notices, over syslog.
 * Source: HAProxy configuration manual chapter 8 (log formats, timers, termination states). */
#include "decode/web.h"

#include <string.h>

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE

static const struct row rows[] = {
	{"Connect from {source.ip}:{source.port} to {destination.ip}:{destination.port} ({service.name}/{})", ACT_CONNECTED, NONE, NULL},
	{"Proxy {service.name*} started.", ACT_SERVICE_STARTED, NONE, NULL},
	{"Proxy {service.name*} stopped{}", ACT_SERVICE_STOPPED, NONE, NULL},
	{"Stopping {} {service.name} in {}", ACT_SERVICE_STOPPED, NONE, NULL},
	{"Pausing {}", ACT_NOTICE, NONE, NULL},
	{"[?Backup ?]Server {service.name:w} is DOWN{event.reason}", ACT_SERVICE_FAILED, NONE, NULL},
	{"[?Backup ?]Server {service.name:w} {event.reason}", ACT_NOTICE, NONE, NULL},
	{"Health check for {}server {service.name:w} {event.reason}", ACT_NOTICE, NONE, NULL},
	{"backend {service.name:w} has no server available!", ACT_SERVICE_FAILED, NONE, NULL},
	{"proxy {service.name:w} has no server available!", ACT_SERVICE_FAILED, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

/* "10.0.1.2:33317 [06/Feb/2026:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} "GET /..." */
struct line {
	struct slice client, time, frontend, backend, server, timers, status, bytes, state;
};

static struct slice word(struct slice *s)
{
	struct slice w = SLICE_NONE;
	slice_word(s, &w);
	return w;
}

static unsigned count_slashes(struct slice s)
{
	unsigned n = 0;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '/')
			n++;
		else if ((unsigned)(s.p[i] - '0') > 9 && s.p[i] != '-' && s.p[i] != '+')
			return 0;
	return n;
}

/* Client, time, frontend; s moves behind the frontend. */
static bool take_start(struct slice *s, struct line *p)
{
	p->client = word(s);
	*s = slice_trim(*s);
	if (slice_chr(p->client, ':') <= 0 || s->n < 24 || s->p[0] != '[')
		return false;
	*s = slice_from(*s, 1);
	if (!slice_cut(s, ']', &p->time) || p->time.n > 40 || p->time.n < 20 || p->time.p[2] != '/')
		return false;
	p->frontend = word(s);
	if (p->frontend.n && p->frontend.p[p->frontend.n - 1] == '~') /* came in over TLS */
		p->frontend.n--;
	return p->frontend.n > 0;
}

/* A broken connection: "ip:port [time] http-in/1: SSL handshake failure". */
static enum decoded connection_error(struct decoder *d, struct dline *l, const struct line *p, struct slice reason)
{
	if (!decode_wanted(d, l, ACT_CONN_FAILED))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, SL("haproxy"), ACT_CONN_FAILED, FAIL);
	web_add_client(d, e, p->client, true);
	event_add(d->out, e, F_SERVICE_NAME, slice_to(p->frontend, p->frontend.n - 1));
	event_add(d->out, e, F_EVENT_REASON, slice_trim(reason));
	return DECODED_EVENT;
}

static void add_common(struct decoder *d, struct event *e, const struct line *p)
{
	web_add_client(d, e, p->client, true);
	event_add(d->out, e, F_SERVICE_NAME, p->frontend);
	if (p->server.n && p->server.p[0] != '<')
		event_add(d->out, e, F_DEST_ADDRESS, p->server);
	event_add(d->out, e, F_EVENT_CODE, p->state);
}

static enum decoded http_line(struct decoder *d, struct dline *l, struct line *p, struct slice s)
{
	p->status = word(&s);
	p->bytes = word(&s);
	word(&s); /* captured cookies */
	word(&s);
	p->state = word(&s);
	if (count_slashes(word(&s)) != 4 || count_slashes(word(&s)) != 1)
		return DECODED_UNKNOWN;
	ssize_t open = slice_chr(s, '"'); /* captured headers come with their quotes encoded */
	struct slice request = open < 0 ? SLICE_NONE : slice_from(s, (size_t)open + 1);
	request = slice_to(request, web_quote_end(request));
	enum action action = web_action(request);
	if (!decode_wanted(d, l, action))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, SL("haproxy"), action, web_outcome(p->status));
	add_common(d, e, p);
	web_add_request(d, e, request);
	if (web_number(p->status))
		event_add(d->out, e, F_HTTP_STATUS, p->status);
	if (web_number(p->bytes))
		event_add(d->out, e, F_HTTP_BYTES, p->bytes);
	return DECODED_EVENT;
}

static enum decoded tcp_line(struct decoder *d, struct dline *l, struct line *p, struct slice s)
{
	p->bytes = word(&s);
	p->state = word(&s);
	if (count_slashes(word(&s)) != 4 || count_slashes(word(&s)) != 1)
		return DECODED_UNKNOWN;
	if (!decode_wanted(d, l, ACT_CONNECTED))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, SL("haproxy"), ACT_CONNECTED, NONE);
	add_common(d, e, p);
	if (web_number(p->bytes))
		event_add(d->out, e, F_DEST_BYTES, p->bytes);
	return DECODED_EVENT;
}

static enum decoded haproxy_message(struct decoder *d, struct dline *l)
{
	struct line p = {0};
	struct slice s = l->msg;
	if (!take_start(&s, &p))
		return DECODED_UNKNOWN;
	struct dline own = {.time = NSTIME_NONE};
	if ((l->time == NSTIME_NONE || l->flags & (EV_YEAR_INFERRED | EV_NO_TIME)) && time_clf(d, &p.time, &own)) {
		l->time = own.time;
		l->flags = own.flags;
	}
	if (p.frontend.p[p.frontend.n - 1] == ':')
		return connection_error(d, l, &p, s);
	struct slice target = word(&s);
	p.server = target;
	if (!slice_cut(&p.server, '/', &p.backend))
		return DECODED_UNKNOWN;
	p.timers = word(&s);
	switch (count_slashes(p.timers)) {
	case 4:
		return http_line(d, l, &p, s);
	case 2:
		return tcp_line(d, l, &p, s);
	default:
		return DECODED_UNKNOWN;
	}
}

const struct program program_haproxy = {.names = "haproxy haproxy*", .dataset = "haproxy", .rows = rows, .fn = haproxy_message};
