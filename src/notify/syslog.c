/* syslog.c - a message for log servers: RFC 5424 with structured data, its text a sentence or CEF. */
#include "notify/notify_private.h"

enum { FACILITY = 10 /* security/authorization */, VALUE_MAX = 64, REASON_MAX = 200, HOST_MAX = 255 };

static const unsigned severity[LEVEL_COUNT] = {6, 5, 4, 3, 2};
static const unsigned cef_severity[LEVEL_COUNT] = {1, 3, 5, 8, 10};

static void escaped(struct buf *b, struct slice s, const char *special)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] && strchr(special, s.p[i]))
			buf_addc(b, '\\');
		buf_addc(b, s.p[i]);
	}
}

static void stages(struct buf *b, uint32_t bits)
{
	const char *between = "";
	for (int st = STAGE_NONE + 1; st < STAGE_COUNT; st++) {
		if (!(bits >> st & 1))
			continue;
		buf_addf(b, "%s%s", between, stage_name((enum stage)st));
		between = ",";
	}
}

/* Of structured data: quotation mark, backslash and closing bracket are escaped (RFC 5424, 6.3.3). */
static void param(struct buf *b, const char *name, struct slice v)
{
	struct buf clean = {0};
	if (!v.n)
		return;
	notify_clean(&clean, v, VALUE_MAX);
	buf_addf(b, " %s=\"", name);
	escaped(b, buf_slice(&clean), "\"\\]");
	buf_addc(b, '"');
	buf_free(&clean);
}

static void structured(struct buf *b, const struct notify_sending *s)
{
	const struct notify_message *m = s->m;
	struct buf list = {0};
	stages(&list, m->stages);
	buf_addz(b, "[postern@32473");
	param(b, "id", slice_of(s->id));
	param(b, "repeat", s->repeat ? SL("true") : SL("false"));
	param(b, "kind", slice_of(notify_about_name(m->about)));
	param(b, "level", slice_of(level_name(m->level)));
	param(b, "incident", m->incident);
	param(b, "status", m->status);
	param(b, "stages", buf_slice(&list));
	param(b, "source", m->source);
	param(b, "user", m->user);
	param(b, "host", m->host);
	buf_addc(b, ']');
	buf_free(&list);
}

static void extension(struct buf *b, const char *name, struct slice v)
{
	if (!v.n)
		return;
	buf_addf(b, " %s=", name);
	escaped(b, v, "\\=");
}

void notify_cef(struct buf *out, const struct notify_sending *s)
{
	const struct notify_message *m = s->m;
	struct buf list = {0};
	struct ip ip;
	stages(&list, m->stages);
	buf_addz(out, "CEF:0|Postern|Postern|");
	escaped(out, slice_of(s->version), "\\|");
	buf_addf(out, "|%s|", notify_about_name(m->about));
	escaped(out, m->title, "\\|");
	buf_addf(out, "|%u|rt=%lld", cef_severity[m->level], (long long)(s->created / 1000000));
	if (m->first != NSTIME_NONE && m->last != NSTIME_NONE)
		buf_addf(out, " start=%lld end=%lld", (long long)(m->first / 1000000), (long long)(m->last / 1000000));
	extension(out, "externalId", slice_of(s->id));
	extension(out, "src", ip_parse(m->source, &ip) ? m->source : SLICE_NONE);
	extension(out, "suser", notify_cut(m->user, VALUE_MAX));
	extension(out, "dhost", notify_cut(m->host, VALUE_MAX));
	if (m->incident.n) {
		buf_addz(out, " cs1Label=incident");
		extension(out, "cs1", m->incident);
	}
	if (list.n) {
		buf_addz(out, " cs2Label=stages");
		extension(out, "cs2", buf_slice(&list));
	}
	buf_addf(out, " cs3Label=repeat cs3=%s", s->repeat ? "true" : "false");
	extension(out, "msg", notify_cut(m->reason.n ? m->reason : m->title, REASON_MAX));
	buf_free(&list);
}

void notify_syslog(struct buf *out, const struct notify_sending *s, struct slice host)
{
	char t[40];
	buf_addf(out, "<%u>1 %s ", FACILITY * 8u + severity[s->m->level], time_rfc3339(s->created, t));
	for (size_t i = 0; i < host.n && i < HOST_MAX; i++)
		buf_addc(out, host.p[i] > ' ' && host.p[i] < 0x7f ? host.p[i] : '_');
	buf_addf(out, "%s postern - %s ", host.n ? "" : "-", notify_about_name(s->m->about));
	if (s->channel->cef) {
		buf_addz(out, "- ");
		notify_cef(out, s);
		return;
	}
	structured(out, s);
	buf_addz(out, " \xef\xbb\xbf"); /* what follows is UTF-8 */
	buf_adds(out, s->m->title);
	if (s->m->reason.n)
		buf_addf(out, ": %.*s", SLFMT(notify_cut(s->m->reason, REASON_MAX)));
}
