/* web_url.c - request lines, targets and client addresses to fields.
 * Sources: RFC 9112 3 (request line), RFC 3986 (target), Apache and nginx escaping of log values. */
#include "decode/web.h"

#include <string.h>

enum { METHOD_MAX = 24, EXTENSION_MAX = 12, SCHEME_MAX = 10 };

bool web_number(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned)(s.p[i] - '0') > 9)
			return false;
	return s.n > 0;
}

size_t web_quote_end(struct slice s)
{
	for (size_t from = 0; from < s.n;) {
		const char *q = memchr(s.p + from, '"', s.n - from);
		if (!q)
			break;
		size_t at = (size_t)(q - s.p), slashes = 0;
		while (slashes < at && s.p[at - 1 - slashes] == '\\')
			slashes++;
		if (likely(slashes % 2 == 0))
			return at;
		from = at + 1;
	}
	return s.n;
}

enum outcome web_outcome(struct slice status)
{
	if (status.n != 3 || !web_number(status))
		return OUTCOME_NONE;
	return status.p[0] >= '4' ? OUTCOME_FAILURE : OUTCOME_SUCCESS;
}

void web_add_text(struct decoder *d, struct event *e, enum field_id f, struct slice text)
{
	if (text.n == 1 && text.p[0] == '-')
		text.n = 0;
	decode_add_unescaped(d, e, f, text);
}

/* ---- targets ------------------------------------------------------------------------------------------------- */

/* Length of the host in "host", "host:port", "[v6]:port"; *port what follows the colon. */
static struct slice split_port(struct slice s, struct slice *port)
{
	*port = SLICE_NONE;
	if (s.n && s.p[0] == '[') {
		ssize_t end = slice_chr(s, ']');
		if (end > 0) {
			if ((size_t)end + 1 < s.n && s.p[end + 1] == ':')
				*port = slice_from(s, (size_t)end + 2);
			return slice_make(s.p + 1, (size_t)end - 1);
		}
	}
	const char *colon = s.n ? memrchr(s.p, ':', s.n) : NULL;
	if (!colon)
		return s;
	struct slice tail = slice_from(s, (size_t)(colon - s.p) + 1);
	if (!web_number(tail))
		return s;
	*port = tail;
	return slice_to(s, (size_t)(colon - s.p));
}

void web_add_vhost(struct decoder *d, struct event *e, struct slice vhost)
{
	struct slice port, name = split_port(vhost, &port);
	if (name.n && !slice_eq(name, SL("-")))
		event_add(d->out, e, F_URL_DOMAIN, name);
	if (port.n)
		event_add(d->out, e, F_DEST_PORT, port);
}

void web_add_client(struct decoder *d, struct event *e, struct slice client, bool with_port)
{
	struct slice port = SLICE_NONE, name = client;
	struct ip ip;
	if (with_port || (client.n && client.p[0] == '[') || !ip_parse(client, &ip))
		name = split_port(client, &port);
	if (!name.n || slice_eq(name, SL("-")))
		return;
	event_add(d->out, e, F_SOURCE_IP, name);
	if (port.n)
		event_add(d->out, e, F_SOURCE_PORT, port);
}

static void add_extension(struct decoder *d, struct event *e, struct slice path)
{
	const char *dot = path.n ? memrchr(path.p, '.', path.n) : NULL;
	if (!dot)
		return;
	struct slice ext = slice_from(path, (size_t)(dot - path.p) + 1);
	if (!ext.n || ext.n > EXTENSION_MAX)
		return;
	for (size_t i = 0; i < ext.n; i++) {
		char c = ext.p[i];
		if ((unsigned)((c | 0x20) - 'a') > 25 && (unsigned)(c - '0') > 9 && c != '~' && c != '_' && c != '-')
			return;
	}
	event_add(d->out, e, F_URL_EXTENSION, ext);
}

/* "http://host/path": cut to "/path", the host noted. */
static struct slice cut_authority(struct decoder *d, struct event *e, struct slice t)
{
	ssize_t at = slice_find(slice_to(t, SCHEME_MAX), SL("://"));
	if (at <= 0)
		return t;
	struct slice rest = slice_from(t, (size_t)at + 3);
	size_t n = 0;
	while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
		n++;
	struct slice host = slice_to(rest, n);
	const char *user = host.n ? memrchr(host.p, '@', host.n) : NULL;
	if (user)
		host = slice_from(host, (size_t)(user - host.p) + 1);
	web_add_vhost(d, e, host);
	return slice_from(rest, n);
}

void web_add_target(struct decoder *d, struct event *e, struct slice target, bool authority)
{
	decode_add_unescaped(d, e, F_URL_ORIGINAL, target);
	struct slice t = slice_make(e->values[e->nvalues - 1].p, e->values[e->nvalues - 1].len), decoded;
	if (authority && slice_chr(t, '/') < 0) {
		web_add_vhost(d, e, t);
		return;
	}
	bool percent = slice_chr(t, '%') >= 0;
	if (percent && (decoded = decode_percent(d, t)).n != t.n)
		event_add(d->out, e, F_URL_ORIGINAL, decoded);
	if (t.n && t.p[0] != '/')
		t = cut_authority(d, e, t);
	ssize_t mark = slice_chr(t, '?');
	struct slice path = mark < 0 ? t : slice_to(t, (size_t)mark), query = mark < 0 ? SLICE_NONE : slice_from(t, (size_t)mark + 1);
	struct slice plain = percent ? decode_percent(d, path) : path;
	event_add(d->out, e, F_URL_PATH, plain);
	if (plain.n != path.n)
		event_add(d->out, e, F_URL_PATH, path);
	add_extension(d, e, plain);
	if (mark < 0)
		return;
	event_add(d->out, e, F_URL_QUERY, query);
	if (percent && (decoded = decode_percent(d, query)).n != query.n)
		event_add(d->out, e, F_URL_QUERY, decoded);
}

/* ---- request lines ------------------------------------------------------------------------------------------- */

/* Bytes of the method at the start, 0 when there is none that a blank follows. */
static size_t method_len(struct slice s)
{
	size_t n = 0, max = MIN(s.n, (size_t)METHOD_MAX);
	while (n < max && ((unsigned)((s.p[n] | 0x20) - 'a') <= 25 || s.p[n] == '-' || s.p[n] == '_'))
		n++;
	return n < s.n && s.p[n] == ' ' ? n : 0;
}

/* "GET /x/t.php?c=id ...": does a script get an argument? Most targets hold no '?' and cost two looks. */
static bool script_with_argument(struct slice request)
{
	enum { TARGET_MAX = 512 };
	static const struct slice ends[] = {SL(".php"), SL(".phtml"), SL(".jsp"), SL(".jspx"), SL(".asp"), SL(".aspx"), SL(".cgi"), SL(".pl"), SL(".py"), SL(".cfm")};
	if (!slice_starts(request, SL("GET ")))
		return false;
	struct slice target = slice_to(slice_from(request, 4), TARGET_MAX);
	ssize_t blank = slice_chr(target, ' ');
	if (blank >= 0)
		target = slice_to(target, (size_t)blank);
	ssize_t query = slice_chr(target, '?');
	if (query <= 0)
		return false;
	target = slice_to(target, (size_t)query);
	bool dot = false;
	for (size_t n = 3; n <= 6 && n <= target.n; n++)
		dot |= target.p[target.n - n] == '.';
	for (size_t i = 0; i < ARRAY_LEN(ends) && dot; i++)
		if (slice_iends(target, ends[i]))
			return true;
	return false;
}

enum action web_action(struct slice request)
{
	static const char *const writes[] = {"POST", "PUT", "PATCH", "DELETE"};
	if (!request.n || (request.p[0] != 'P' && request.p[0] != 'D'))
		return script_with_argument(request) ? ACT_HTTP_SCRIPT : ACT_HTTP;
	for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
		struct slice m = slice_of(writes[i]);
		if (slice_starts(request, m) && (request.n == m.n || request.p[m.n] == ' '))
			return ACT_HTTP_WRITE;
	}
	return ACT_HTTP;
}

void web_add_request(struct decoder *d, struct event *e, struct slice request)
{
	if (!request.n || slice_eq(request, SL("-")))
		return;
	size_t m = method_len(request);
	if (!m) {
		decode_add_unescaped(d, e, F_URL_ORIGINAL, request);
		return;
	}
	struct slice method = slice_to(request, m), target = slice_from(request, m + 1), version = SLICE_NONE;
	const char *blank = target.n ? memrchr(target.p, ' ', target.n) : NULL;
	if (blank) {
		struct slice tail = slice_from(target, (size_t)(blank - target.p) + 1);
		if (slice_starts(tail, SL("HTTP/"))) {
			version = slice_from(tail, 5);
			target = slice_to(target, (size_t)(blank - target.p));
		}
	}
	event_add(d->out, e, F_HTTP_METHOD, method);
	web_add_target(d, e, target, slice_eq(method, SL("CONNECT")));
	if (version.n)
		event_add(d->out, e, F_HTTP_VERSION, version);
}
