/* access.c - access logs of nginx, Apache and whatever else writes the common or combined form, with or without the
 * virtual host in front; Apache's ssl_request_log. A hot path: bytes are found with memchr, not looked at one by one.
 * Sources: Apache mod_log_config (LogFormat, escaping), ngx_http_log_module (combined, escape=default). */
#include "decode/web.h"

#include <string.h>

enum { CLF_TIME = 26, LINE_MIN = 36, FORWARDED_MAX = 4, EXTRAS_MAX = 6 };

struct head {
	struct slice vhost, client, user;
	struct slice forwarded; /* what precedes the client in "1.2.3.4, 5.6.7.8" */
	struct slice tls;       /* "TLSv1.2 ECDHE-..." of ssl_request_log */
};

/* ---- what stands before the time ----------------------------------------------------------------------------- */

static bool is_dash(struct slice s)
{
	return s.n == 1 && s.p[0] == '-';
}

static bool is_address(struct slice s)
{
	struct ip ip;
	return ip_parse(s, &ip);
}

/* Could it be a host name, with a port perhaps? Not "nginx:" or "app[12]:". */
static bool is_hostlike(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool fine = (unsigned)((c | 0x20) - 'a') <= 25 || (unsigned)(c - '0') <= 9 || c == '.' || c == '-' || c == '_' || c == ':' ||
			    c == '*' || (uint8_t)c >= 0x80;
		if (!fine && !(s.p[0] == '[' && (c == '[' || c == ']')))
			return false;
	}
	return s.n > 0 && s.p[s.n - 1] != ':';
}

/* First word; s moves behind it and its blank. */
static struct slice next_word(struct slice *s)
{
	ssize_t at = slice_chr(*s, ' ');
	struct slice w = at < 0 ? *s : slice_to(*s, (size_t)at);
	*s = slice_from(*s, w.n + 1);
	return w;
}

/* "1.2.3.4, 5.6.7.8 - - ": the last is who the nearest proxy saw, the others are claims. */
static struct slice cut_forwarded(struct slice s, struct head *h)
{
	size_t n = 0;
	while (n < s.n) {
		ssize_t comma = slice_find(slice_from(s, n), SL(", "));
		if (comma <= 0 || slice_chr(slice_make(s.p + n, (size_t)comma), ' ') >= 0)
			break;
		n += (size_t)comma + 2;
	}
	h->forwarded = slice_to(s, n);
	return slice_from(s, n);
}

/* "client ident user", "vhost client ident user". The user may hold blanks: it takes the rest. */
static bool split_head(struct slice s, struct head *h)
{
	struct slice a = next_word(&s);
	if (unlikely(a.n && a.p[a.n - 1] == ',')) {
		s = cut_forwarded(slice_make(a.p, (size_t)(s.p + s.n - a.p)), h);
		a = next_word(&s);
	}
	struct slice b = next_word(&s);
	if (likely(is_dash(b))) {
		if (unlikely(slice_eq(s, SL("- -")) && !is_address(a)))
			h->vhost = a; /* no client at all */
		else
			h->client = a;
		h->user = s;
		return a.n > 0;
	}
	if (!b.n) {
		h->client = a;
		return is_address(a);
	}
	if (is_address(b) || (s.n > 1 && s.p[0] == '-' && s.p[1] == ' ' && is_hostlike(b))) {
		h->vhost = a;
		h->client = b;
		next_word(&s);
		h->user = s;
		return is_hostlike(a);
	}
	h->client = a;
	h->user = s.n ? s : b;
	return is_address(a);
}

/* ---- the time ------------------------------------------------------------------------------------------------ */

static bool is_alpha(char c)
{
	return (unsigned)((c | 0x20) - 'a') <= 25;
}

/* Inside of the brackets: "04/May/2026:07:12:33 +0200"; also with one digit for the day, a fraction, no zone, a blank
 * before the clock. */
static bool take_time(struct decoder *d, struct dline *l, struct slice t)
{
	char tmp[40];
	l->flags = 0;
	if (unlikely(t.n < 20 || t.p[2] != '/' || t.p[11] != ':')) {
		if (t.n < 19 || t.n > sizeof tmp - 1)
			return false;
		size_t pad = t.p[1] == '/';
		tmp[0] = '0';
		memcpy(tmp + pad, t.p, t.n);
		if (tmp[11] == ' ')
			tmp[11] = ':';
		t = slice_make(tmp, t.n + pad);
	}
	return time_clf(d, &t, l) && t.n == 0;
}

/* A bracket in [0, end) of s that opens a time; the last. */
static ssize_t time_bracket(struct slice s, size_t end)
{
	for (int tries = 0; tries < 8; tries++) {
		const char *b = end ? memrchr(s.p, '[', end) : NULL;
		if (!b)
			return -1;
		end = (size_t)(b - s.p);
		size_t day = s.n - end > 24 && b[2] == '/' ? 1 : 2;
		if (s.n - end > 24 && b[1 + day] == '/' && b[5 + day] == '/' && is_alpha(b[2 + day]))
			return (ssize_t)end;
	}
	return -1;
}

/* "[time] word "GET ...": servers put the host name there; ssl_request_log "[time] client TLSv1.2 cipher "GET ...". */
static bool take_between(struct slice between, struct slice before, struct head *h)
{
	between = slice_trim(between);
	if (between.n == 0)
		return before.n > 0;
	if (before.n) {
		h->vhost = between;
		return is_hostlike(between);
	}
	h->client = next_word(&between);
	h->tls = between;
	return is_hostlike(h->client) && between.n && (between.p[0] == '-' || slice_starts(between, SL("TLS")) || slice_starts(between, SL("SSL")));
}

/* The request's quote is the first that stands right behind "] ": user names come with their quotes escaped. Sets the
 * time, what precedes it, and what follows the opening quote. */
static bool find_request(struct decoder *d, struct dline *l, struct slice s, struct head *h, struct slice *rest)
{
	const char *q = s.n ? memchr(s.p, '"', s.n) : NULL;
	if (!q)
		return false;
	size_t at = (size_t)(q - s.p);
	if (likely(at > CLF_TIME + 4 && q[-1] == ' ' && q[-2] == ']' && q[-(CLF_TIME + 3)] == '[' && q[-(CLF_TIME + 4)] == ' ')) {
		*rest = slice_from(s, at + 1);
		return take_time(d, l, slice_make(q - CLF_TIME - 2, CLF_TIME)) && split_head(slice_to(s, at - CLF_TIME - 4), h);
	}
	for (int tries = 0; tries < 4 && at < s.n; tries++) {
		ssize_t open = time_bracket(s, at), close = open < 0 ? -1 : slice_chr(slice_make(s.p + open, at - (size_t)open), ']');
		if (close > 0) {
			struct slice before = slice_trim(slice_to(s, (size_t)open));
			*rest = slice_from(s, at + 1);
			return take_time(d, l, slice_make(s.p + open + 1, (size_t)close - 1)) &&
			       take_between(slice_make(s.p + open + close + 1, at - (size_t)(open + close) - 1), before, h) &&
			       (!before.n || split_head(before, h));
		}
		at += 1 + web_quote_end(slice_from(s, at + 1)); /* a quoted field before the time: "" for an empty user */
	}
	return false;
}

/* ---- what follows the request -------------------------------------------------------------------------------- */

/* Next quoted field; s moves behind it. */
static bool next_quoted(struct slice *s, struct slice *out)
{
	ssize_t open = slice_chr(*s, '"');
	if (open < 0)
		return false;
	struct slice in = slice_from(*s, (size_t)open + 1);
	size_t n = web_quote_end(in);
	*out = slice_to(in, n);
	*s = slice_from(in, n + 1);
	return true;
}

/* X-Forwarded-For in the log: the right-most address first, as it is the one that the nearest proxy vouches for. */
static void add_forwarded(struct decoder *d, struct event *e, struct slice list)
{
	for (int i = 0; i < FORWARDED_MAX && list.n; i++) {
		const char *comma = memrchr(list.p, ',', list.n);
		size_t from = comma ? (size_t)(comma - list.p) + 1 : 0;
		struct slice one = slice_trim(slice_from(list, from));
		if (one.n && is_address(one))
			event_add(d->out, e, F_CLIENT_IP, one);
		list.n = comma ? from - 1 : 0;
	}
}

static void add_tail(struct decoder *d, struct event *e, struct slice s)
{
	struct slice text;
	if (!next_quoted(&s, &text))
		return;
	web_add_text(d, e, F_HTTP_REFERRER, text);
	if (!next_quoted(&s, &text))
		return;
	web_add_text(d, e, F_USER_AGENT, text);
	for (int i = 0; i < EXTRAS_MAX && next_quoted(&s, &text); i++)
		if (text.n > 6)
			add_forwarded(d, e, text);
}

static void add_head(struct decoder *d, struct event *e, const struct head *h)
{
	if (h->client.n && !is_dash(h->client))
		event_add(d->out, e, F_SOURCE_IP, h->client);
	if (unlikely(h->forwarded.n))
		add_forwarded(d, e, h->forwarded);
	if (h->vhost.n)
		web_add_vhost(d, e, h->vhost);
	if (h->user.n && !is_dash(h->user) && !slice_eq(h->user, SL("\"\"")) && !slice_eq(h->user, SL("- -")))
		decode_add_unescaped(d, e, F_USER_NAME, h->user);
	if (unlikely(h->tls.n)) {
		struct slice cipher = h->tls, version = next_word(&cipher);
		if (!is_dash(version)) {
			event_add(d->out, e, F_TLS_VERSION, version);
			event_add(d->out, e, F_TLS_CIPHER, cipher);
		}
	}
}

enum decoded web_access(struct decoder *d, struct dline *l, struct slice s, struct slice dataset)
{
	struct head h = {0};
	struct slice rest;
	struct dline was = {.time = l->time, .flags = l->flags};
	if (!find_request(d, l, s, &h, &rest)) {
		l->time = was.time;
		l->flags = was.flags;
		return DECODED_NO_FORMAT;
	}
	enum action action = web_action(rest);
	if (!decode_wanted(d, l, action))
		return DECODED_UNWANTED;
	size_t end = web_quote_end(rest);
	struct slice request = slice_to(rest, end), tail = slice_from(rest, end + 1), status = SLICE_NONE;
	if (tail.n && tail.p[0] == ' ')
		tail = slice_from(tail, 1);
	if (!h.tls.n)
		status = next_word(&tail);
	struct slice after = tail, bytes = next_word(&after);
	struct event *e = decode_emit(d, l, dataset, action, web_outcome(status));
	add_head(d, e, &h);
	web_add_request(d, e, request);
	if (status.n == 3 && web_number(status))
		event_add(d->out, e, F_HTTP_STATUS, status);
	if (web_number(bytes))
		event_add(d->out, e, F_HTTP_BYTES, bytes);
	add_tail(d, e, tail);
	return DECODED_EVENT;
}

static bool maybe_access(struct slice s)
{
	return s.n >= LINE_MIN && s.p[0] != '{' && s.p[0] != '<';
}

static enum decoded line_access(struct decoder *d, struct dline *l)
{
	return web_access(d, l, l->raw, SL("web.access"));
}

const struct format format_access = {"web access log", maybe_access, line_access};
