/* iis.c - IIS W3C extended logs with the usual fields; their order is told by "#Fields:" lines, which other blocks may
 * hold, so that the words are recognised by what they are.
 * Source: the W3C extended log file format draft and Microsoft's list of IIS 6 to 10 default fields. */
#include "decode/web.h"

enum { WORDS_MAX = 32 };

/* Positions of the words that carry meaning; -1 absent. */
struct layout {
	int method, client, status;
};

static const char *const methods[] = {"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "TRACE", "CONNECT", "DEBUG", "SEARCH"};

static bool is_method(struct slice s)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (slice_eqz(s, methods[i]))
			return true;
	return false;
}

static bool is_address(struct slice s)
{
	struct ip ip;
	return ip_parse(s, &ip);
}

/* "[s-sitename [s-computername]] [s-ip] cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip ... sc-status
 * sc-substatus sc-win32-status". Words hold no blank. */
static bool find_layout(const struct slice *w, int n, struct layout *at)
{
	*at = (struct layout){-1, -1, -1};
	for (int i = 0; i < n && i < 4 && at->method < 0; i++)
		if (is_method(w[i]))
			at->method = i;
	int m = at->method;
	if (m < 0 || n < m + 7 || w[m + 1].p[0] != '/' || !web_number(w[m + 3]) || !is_address(w[m + 5]))
		return false;
	at->client = m + 5;
	for (int i = n - 3; i > at->client && at->status < 0; i--) /* "200 0 0" */
		if (w[i].n == 3 && w[i].p[0] >= '1' && w[i].p[0] <= '5' && web_number(w[i]) && web_number(w[i + 1]) && web_number(w[i + 2]) && !web_number(w[i - 1]))
			at->status = i;
	return at->status > 0;
}

/* Blanks are written as '+' in header values. */
static void add_header(struct decoder *d, struct event *e, enum field_id f, struct slice s)
{
	if (s.n == 1 && s.p[0] == '-')
		s.n = 0;
	char *p = arena_alloc(&d->out->arena, s.n + 1);
	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i] == '+' ? ' ' : s.p[i];
	event_add(d->out, e, f, slice_make(p, s.n));
}

static void add_url(struct decoder *d, struct event *e, struct slice stem, struct slice query)
{
	if (slice_eq(query, SL("-"))) {
		web_add_target(d, e, stem, false);
		return;
	}
	d->tmp.n = 0;
	buf_adds(&d->tmp, stem);
	buf_addc(&d->tmp, '?');
	buf_adds(&d->tmp, query);
	web_add_target(d, e, slice_dup(&d->out->arena, buf_slice(&d->tmp)), false);
}

static enum decoded emit(struct decoder *d, struct dline *l, const struct slice *w, const struct layout *at)
{
	const struct slice *m = w + at->method, status = w[at->status];
	struct event *e = decode_emit(d, l, SL("iis.access"), web_action(m[0]), web_outcome(status));
	web_add_client(d, e, w[at->client], false);
	if (!slice_eq(m[4], SL("-")))
		event_add(d->out, e, F_USER_NAME, m[4]);
	event_add(d->out, e, F_HTTP_METHOD, m[0]);
	add_url(d, e, m[1], m[2]);
	event_add(d->out, e, F_HTTP_STATUS, status);
	event_add(d->out, e, F_DEST_PORT, m[3]);
	if (at->method > 0 && is_address(m[-1]))
		event_add(d->out, e, F_DEST_IP, m[-1]);
	int i = at->client + 1;
	if (i < at->status && slice_starts(w[i], SL("HTTP/")))
		event_add(d->out, e, F_HTTP_VERSION, slice_from(w[i++], 5));
	if (i < at->status)
		add_header(d, e, F_USER_AGENT, w[i]);
	if (at->status - i > 2) /* cookie, referrer, host */
		add_header(d, e, F_HTTP_REFERRER, w[at->status - 2]);
	if (at->status - i == 2)
		add_header(d, e, F_HTTP_REFERRER, w[at->status - 1]);
	return DECODED_EVENT;
}

static bool maybe_iis(struct slice s)
{
	return s.n > 50 && s.p[4] == '-' && s.p[10] == ' ' && s.p[13] == ':' && s.p[19] == ' ';
}

static enum decoded line_iis(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw, w[WORDS_MAX];
	struct layout at;
	int n = 0;
	if (!time_iso(d, &s, l))
		return DECODED_NO_FORMAT;
	while (n < WORDS_MAX && slice_word(&s, &w[n]))
		n++;
	if (!find_layout(w, n, &at))
		return DECODED_NO_FORMAT;
	if (d->opt->utc_offset) /* IIS writes UTC: take back what time_local did */
		l->time += (nstime)d->zone_off * NS_SEC;
	l->flags = 0;
	return decode_wanted(d, l, web_action(w[at.method])) ? emit(d, l, w, &at) : DECODED_UNWANTED;
}

const struct format format_iis = {"IIS access log", maybe_iis, line_iis};
