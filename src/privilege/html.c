/* html.c - the rights of all hosts as one page: no script, nothing from outside, light and dark, and on paper. */
#include "privilege/picture.h"

#include <stdio.h>
#include <stdlib.h>

enum { RIGHTS_SHOWN = 400 /* of a host */, ROWS_SHOWN = 60000 /* of all */ };

static const char style[] =
	":root{--fg:#1b1f24;--bg:#fff;--soft:#5b6672;--line:#d5dae0;--card:#f6f8fa;--bad:#b42318;--warn:#9a6a00;--good:#1f7a4d}"
	"@media(prefers-color-scheme:dark){:root{--fg:#e6e9ec;--bg:#15181c;--soft:#9aa5b1;--line:#343a42;--card:#1d2126;--bad:#ff8073;--warn:#e0b050;--good:#6fcf97}}"
	"*{box-sizing:border-box}body{margin:0 auto;max-width:76rem;padding:1rem 1.25rem 4rem;font:16px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg)}"
	"h1{font-size:1.6rem;margin:.5rem 0}h2{font-size:1.25rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}h3{font-size:1.05rem;margin:1.4rem 0 .3rem}"
	"table{border-collapse:collapse;width:100%;font-size:.88rem}th,td{text-align:left;padding:.25rem .7rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}"
	"th{color:var(--soft);font-weight:600}.soft{color:var(--soft)}.bad{color:var(--bad)}.warn{color:var(--warn)}.good{color:var(--good)}.wide svg{max-width:100%;height:auto}.wide{overflow-x:auto;border:1px solid var(--line);padding:.5rem}"
	".group{padding:.3rem .6rem;border-left:4px solid var(--line);margin:.3rem 0}:target{outline:3px solid var(--warn);outline-offset:3px}a{color:inherit}code{font:13px/1.45 ui-monospace,monospace}"
	"@media print{body{max-width:none;font-size:10pt;padding:0}h2,h3{break-after:avoid}tr,svg{break-inside:avoid}.wide{overflow:visible;border:0;padding:0}.wide svg{width:100%;height:auto}}";

struct sums { size_t use[3], full, unused_full; };

static struct sums sum(const struct privilege *p, const struct snapshot *s)
{
	struct sums x = {0};
	for (size_t i = 0; i < p->rights.n; i++) {
		const struct right *r = &p->rights.v[i];
		if (s && r->snapshot != s)
			continue;
		x.use[r->use]++;
		x.full += r->full;
		x.unused_full += r->full && r->use == RIGHT_UNUSED;
	}
	return x;
}

static void use_cell(const struct right *r, struct buf *out)
{
	char t[40];
	if (r->use == RIGHT_USED)
		buf_addf(out, "<td class=\"good\">%llu time%s, last %.10s", (unsigned long long)r->seen.count, r->seen.count == 1 ? "" : "s", time_plain(r->seen.last, t));
	else if (r->use == RIGHT_UNUSED)
		buf_addz(out, "<td class=\"warn\">not used");
	else
		buf_addf(out, "<td class=\"soft\">not known: %s", r->unsure ? r->unsure : "");
	if (r->use == RIGHT_UNUSED && r->seen.count)
		buf_addf(out, " since %.10s", time_plain(r->seen.last, t));
	buf_addz(out, "</td>");
}

static void row(const struct right *r, struct buf *out)
{
	buf_addf(out, "<tr><td>%s</td><td>", right_name(r->kind));
	buf_html(out, r->text);
	if (r->full) {
		buf_addz(out, " <span class=\"bad\">as good as root: ");
		buf_html(out, r->why_full);
		buf_addz(out, "</span>");
	}
	buf_addz(out, "</td>");
	use_cell(r, out);
	buf_addz(out, "<td><code>");
	if (r->row) {
		const struct snap_at *at = r->row;
		buf_html(out, at->file);
		if (at->line > 0)
			buf_addf(out, ":%lld", (long long)at->line);
	}
	buf_addz(out, "</code></td></tr>\n");
}

static void host_section(const struct privilege *p, size_t host, size_t *next, size_t *rows, struct buf *out)
{
	const struct snapshot *s = p->hosts.v[host];
	struct sums x = {0};
	size_t shown = 0, from = *next;
	char t[40];
	/* Rights stand in the order of hosts. */
	while (*next < p->rights.n && slice_cmp(p->rights.v[*next].host, s->host) <= 0) {
		const struct right *r = &p->rights.v[(*next)++];
		x.use[r->use]++;
		x.full += r->full;
	}
	buf_addz(out, "<section id=\"");
	anchor_text("host", s->host, out);
	buf_addz(out, "\"><h3>");
	buf_html(out, s->host);
	buf_addf(out, "</h3><p class=\"soft\">%zu rights, %zu as good as root, %zu not used; as of %.16s%s</p>\n", *next - from, x.full, x.use[RIGHT_UNUSED],
		time_plain((nstime)MIN(s->taken, INT64_MAX / NS_SEC) * NS_SEC, t), s->as_root == SNAP_YES ? "" : ", not seen with root's eyes: much may be missing");
	buf_addz(out, "<table><tr><th>kind</th><th>right</th><th>use</th><th>where</th></tr>\n");
	for (size_t i = from; i < *next && shown < RIGHTS_SHOWN && *rows < ROWS_SHOWN; i++, shown++, ++*rows)
		row(&p->rights.v[i], out);
	buf_addz(out, "</table>");
	if (*next - from > shown)
		buf_addf(out, "<p class=\"soft\">and %zu more; --format json has all.</p>", *next - from - shown);
	for (size_t i = 0; i < s->nmissing && i < 20; i++) {
		buf_addf(out, "<p class=\"soft\">%s: ", i ? "" : "Not known");
		buf_html(out, s->missing[i].section);
		buf_addz(out, ", ");
		buf_html(out, s->missing[i].why);
		buf_addz(out, "</p>");
	}
	buf_addz(out, "</section>\n");
}

static void groups(const struct picture *x, struct buf *out)
{
	size_t told = 0;
	for (uint32_t b = 0; b < x->boxes.n; b++) {
		if (x->boxes.v[b].kind != BOX_HOSTS)
			continue;
		if (!told++)
			buf_addz(out, "<h2>Hosts that are one box</h2>\n");
		buf_addz(out, "<div class=\"group\" id=\"");
		picture_anchor(&x->boxes.v[b], out);
		buf_addz(out, "\"><strong>");
		buf_html(out, x->boxes.v[b].name);
		buf_addf(out, "</strong> <span class=\"soft\">%u hosts:</span> ", x->boxes.v[b].hosts);
		for (size_t i = 0, n = 0; i < x->p->hosts.n && n < PICTURE_HOSTS_SHOWN; i++) {
			if (x->box_of[i] != b)
				continue;
			buf_addz(out, n++ ? ", <a href=\"#" : "<a href=\"#");
			anchor_text("host", x->p->hosts.v[i]->host, out);
			buf_addz(out, "\">");
			buf_html(out, x->p->hosts.v[i]->host);
			buf_addz(out, "</a>");
		}
		buf_addz(out, "</div>\n");
	}
}

static int body(const struct privilege *p, struct buf *out, struct err *e)
{
	struct sums x = sum(p, NULL);
	struct picture picture;
	char t[40];
	size_t next = 0, rows = 0;
	buf_addf(out, "<h1>Who may do what</h1>\n<p>%zu hosts, %zu rights: <span class=\"good\">%zu used</span>, <span class=\"warn\">%zu not used in %u days</span>, %zu not known. "
		"<span class=\"bad\">%zu are as good as root</span>, %zu of these were not used. <span class=\"soft\">%.16s</span></p>\n", p->hosts.n, p->rights.n, x.use[RIGHT_USED],
		x.use[RIGHT_UNUSED], p->opt.days, x.use[RIGHT_UNSURE], x.full, x.unused_full, time_plain(p->opt.now, t));
	buf_addz(out, "<h2>Who reaches what</h2>\n<p class=\"soft\">A line is a login or a right of one host's accounts on another; red leads to root; broken lines may work. "
		"Passwords that somebody may know are left out. A box leads to its host.</p>\n<div class=\"wide\">");
	int rc = privilege_svg(p, NULL, 0, out, e);
	if (rc)
		return rc;
	picture_make(p, NULL, 0, &picture);
	buf_addz(out, "</div>\n");
	if (picture.left_out)
		buf_addf(out, "<p class=\"soft\">%zu lines of less weight are not drawn.</p>\n", picture.left_out);
	groups(&picture, out);
	picture_free(&picture);
	buf_addz(out, "<h2>Hosts</h2>\n");
	for (size_t i = 0; i < p->hosts.n; i++)
		host_section(p, i, &next, &rows, out);
	return 0;
}

int privilege_html(const struct privilege *p, struct buf *out, struct err *e)
{
	buf_addz(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline'\"><title>Postern: rights</title><style>");
	buf_addz(out, style);
	buf_addz(out, "</style></head><body>\n");
	int rc = body(p, out, e);
	buf_addz(out, "</body></html>\n");
	return rc;
}
