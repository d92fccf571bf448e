/* privilege_report_html.c - how sure the report is, and what to look at first, put into the page of room privilege in front of its pictures. */
#include "cmd/privilege_report.h"
#include "cmd/setup.h"

static void day(struct buf *b, nstime t)
{
	char at[40];
	time_plain(t, at);
	buf_addf(b, "%.10s", at);
}

static void cell(struct buf *b, struct slice text)
{
	buf_addz(b, "<td>");
	buf_html(b, text);
	buf_addz(b, "</td>");
}

static void cover(const struct privilege_report *r, struct slice host, enum usage_log kind, struct buf *b)
{
	struct usage_coverage c;
	const char *why = usage_unsure(r->in->usage, host, kind, r->in->now, r->days);
	usage_coverage(r->in->usage, host, kind, &c);
	buf_addz(b, "<td>");
	if (c.days) {
		buf_addf(b, "%u days, ", c.days);
		day(b, c.from);
		buf_addz(b, " to ");
		day(b, c.to - 1);
		if (c.gaps) {
			buf_addf(b, ", gaps: %u, the longest of %lld hours from ", c.gaps, (long long)(c.longest_gap / NS_HOUR));
			day(b, c.gap);
		} else {
			buf_addz(b, ", no gap");
		}
	}
	if (why) {
		buf_addf(b, "%s<span class=\"warn\">", c.days ? "; " : "");
		buf_html(b, slice_of(why));
		buf_addz(b, "</span>");
	}
	buf_addz(b, "</td>");
}

static void sure(const struct privilege_report *r, struct buf *b)
{
	buf_addz(b, "<h2>How sure</h2>\n");
	if (!r->in->usage) {
		buf_addz(b, "<p class=\"warn\">No logs were given: whether a right was used is not known.</p>\n");
		return;
	}
	buf_addf(b, "<p class=\"soft\">What is not seen in these logs is called not used only where they cover the last %u days.</p>\n", r->days);
	buf_addz(b, "<table><tr><th>host</th><th>logins (sshd)</th><th>sudo</th><th>not read on the machine</th></tr>\n");
	for (size_t i = 0; i < r->in->n; i++) {
		const struct snapshot *s = r->in->v[i];
		buf_addz(b, "<tr>");
		cell(b, s->host);
		cover(r, s->host, USAGE_LOG_LOGIN, b);
		cover(r, s->host, USAGE_LOG_SUDO, b);
		buf_addz(b, "<td>");
		for (size_t k = 0; k < s->nmissing; k++) {
			buf_addz(b, k ? ", " : "");
			buf_html(b, s->missing[k].section);
		}
		buf_addz(b, "</td></tr>\n");
	}
	buf_addz(b, "</table>\n");
}

static void notes(const char *title, const struct report_notes *n, struct buf *b)
{
	if (!n->n)
		return;
	buf_addf(b, "<h2>%s</h2>\n<table><tr><th>host</th><th>what</th><th>why</th><th>use</th></tr>\n", title);
	for (size_t i = 0; i < n->n; i++) {
		const struct report_note *x = &n->v[i];
		buf_addz(b, "<tr>");
		cell(b, x->host);
		cell(b, x->text);
		cell(b, x->why);
		cell(b, x->right ? slice_of(privilege_report_use(x->right->use)) : SL("opens nothing now"));
		buf_addz(b, "</tr>\n");
	}
	buf_addz(b, "</table>\n");
}

static void shared(const struct privilege_report *r, struct buf *b)
{
	if (!r->shared.n)
		return;
	buf_addz(b, "<h2>Keys that are shared</h2>\n<table><tr><th>key</th><th>opens</th><th>persons</th><th>private half</th></tr>\n");
	for (size_t i = 0; i < r->shared.n; i++) {
		const struct report_shared *s = &r->shared.v[i];
		buf_addz(b, "<tr><td><code>");
		buf_html(b, s->fingerprint);
		buf_addz(b, "</code></td><td>");
		for (size_t k = 0; k < s->n; k++) {
			buf_addz(b, k ? ", " : "");
			buf_html(b, s->v[k]->account);
			buf_addc(b, '@');
			buf_html(b, s->v[k]->host);
		}
		buf_addf(b, "</td><td>%zu</td><td>%zu</td></tr>\n", s->persons, s->lies);
	}
	buf_addz(b, "</table>\n");
}

int privilege_report_html(const struct privilege_report *r, struct buf *out, struct err *e)
{
	struct buf page = {0};
	int rc = privilege_html(r->p, &page, e);
	ssize_t at = slice_find(buf_slice(&page), SL("\n<h2>"));
	struct slice rest = at < 0 ? SLICE_NONE : slice_from(buf_slice(&page), (size_t)at + 1);
	if (!rc && !rest.n)
		rc = err_set(e, ERR_UNSUPPORTED, "the page has no place for how sure it is");
	if (!rc) {
		buf_adds(out, slice_to(buf_slice(&page), (size_t)at + 1));
		sure(r, out);
		notes("Whose account or key may be left over", &r->left, out);
		notes("Rights of providers without an open grant", &r->provider, out);
		shared(r, out);
		buf_adds(out, rest);
	}
	buf_free(&page);
	return rc;
}
