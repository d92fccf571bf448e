/* tell_html.c - the result as one page: no script, nothing outside it, prints well. */
#include "posture/tell_private.h"

#include <stdlib.h>

static const char style[] =
	":root{--fg:#1b1f24;--bg:#fff;--soft:#5b6672;--line:#d5dae0;--card:#f6f8fa;--l0:#6b7684;--l1:#2f6f8f;--l2:#8a5f00;--l3:#b42318;--l4:#8a0f3c;--ok:#1a7f37;--ask:#6b3fa0}"
	"@media(prefers-color-scheme:dark){:root{--fg:#e6e9ec;--bg:#15181c;--soft:#9aa5b1;--line:#343a42;--card:#1d2126;--l0:#8b96a3;--l1:#6fb7d8;--l2:#e0b050;--l3:#ff8073;--l4:#ff7fb0;--ok:#57c978;--ask:#c39bf0}}"
	"*{box-sizing:border-box}body{margin:0 auto;max-width:70rem;padding:1rem 1.25rem 4rem;font:16px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg)}"
	"h1{font-size:1.6rem;margin:.5rem 0}h2{font-size:1.25rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}.sub,.map{color:var(--soft)}.map{font-size:.85rem}"
	".card{background:var(--card);border:1px solid var(--line);border-left:6px solid var(--l0);border-radius:6px;padding:.6rem .9rem;margin:.7rem 0;overflow-wrap:anywhere}"
	".c1{border-left-color:var(--l1)}.c2{border-left-color:var(--l2)}.c3{border-left-color:var(--l3)}.c4{border-left-color:var(--l4)}.ask{border-left-color:var(--ask)}"
	".level{font-weight:700;text-transform:uppercase;font-size:.8rem;letter-spacing:.04em}.l1{color:var(--l1)}.l2{color:var(--l2)}.l3{color:var(--l3)}.l4{color:var(--l4)}.lask{color:var(--ask)}.ok{color:var(--ok)}"
	"pre{font:13px/1.45 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--bg);border:1px solid var(--line);border-radius:4px;padding:.4rem .6rem;margin:.4rem 0}"
	"p{margin:.3rem 0}table{border-collapse:collapse;width:100%;font-size:.92rem}th,td{text-align:left;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}"
	"td.n,th.n{text-align:right}.badge{border:1px solid var(--line);border-radius:1rem;padding:0 .5rem;font-size:.8rem}.meter{height:.8rem;background:var(--card);border:1px solid var(--line);border-radius:1rem;overflow:hidden}"
	".meter div{height:100%;background:var(--ok)}@media print{body{max-width:none;font-size:10pt;padding:0}.card,tr{break-inside:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}";

static void para(struct buf *b, const char *name, const char *text)
{
	buf_addf(b, "<p><strong>%s</strong> ", name);
	buf_html(b, slice_of(text));
	buf_addz(b, "</p>");
}

static void card(struct buf *b, const struct posture_row *r, const struct posture_before *before, bool several)
{
	bool ask = r->result == POSTURE_UNKNOWN;
	enum tell_change c = tell_change_of(before, r);
	buf_addf(b, "<section class=\"card c%d%s\"><span class=\"level l%s\">%s</span> <strong>%s</strong> ", (int)r->check->severity, ask ? " ask" : "", ask ? "ask" : (const char *[]){"0", "1", "2", "3", "4"}[r->check->severity],
		ask ? "cannot tell" : level_name(r->check->severity), r->check->id);
	if (several) {
		buf_html(b, r->host);
		buf_addz(b, ": ");
	}
	buf_html(b, slice_of(r->check->title));
	if (c != CHANGE_NONE)
		buf_addf(b, " <span class=\"badge\">%s</span>", c == CHANGE_FIRST ? "new here" : tell_change_name(c));
	if (r->waiver)
		buf_addz(b, " <span class=\"badge\">waived</span>");
	buf_addz(b, "<p>");
	buf_html(b, r->text);
	buf_addz(b, "</p>");
	if (r->nevidence) {
		buf_addz(b, "<pre>");
		for (size_t i = 0; i < r->nevidence; i++) {
			buf_html(b, r->evidence[i]);
			buf_addc(b, '\n');
		}
		if (r->found > r->nevidence)
			buf_addf(b, "and %llu more\n", (unsigned long long)(r->found - r->nevidence));
		buf_addz(b, "</pre>");
	}
	para(b, "Why:", r->check->why);
	para(b, "Do:", r->check->fix);
	if (r->waiver) {
		char day[16];
		tell_day(r->waiver->until, day);
		buf_addf(b, "<p><strong>Waived until %s</strong> by ", day);
		buf_html(b, r->waiver->owner);
		buf_addz(b, ": ");
		buf_html(b, r->waiver->reason);
		buf_addz(b, "</p>");
	}
	buf_addf(b, "<p class=\"map\">NIST SP 800-171r3 %s · BSI %s · ISO/IEC 27001 %s</p></section>", r->check->nist, r->check->bsi, r->check->iso);
}

static void since(struct buf *b, const struct posture *p, const struct posture_before *before)
{
	struct tell_since s;
	tell_since(p, before, &s);
	buf_addz(b, "<p>Since ");
	buf_html(b, slice_of(s.time));
	buf_addf(b, ": %+.1f; %zu worse, %zu mended, %zu judged for the first time and wrong.</p>", p->score - s.score, s.count[CHANGE_WORSE], s.count[CHANGE_BETTER], s.count[CHANGE_FIRST]);
	for (size_t i = 0; i < s.gone.n; i++) {
		buf_addz(b, "<p>Not looked at any more: ");
		buf_html(b, s.gone.v[i]);
		buf_addz(b, "</p>");
	}
	tell_since_free(&s);
}

static void expired(struct buf *b, const struct posture *p)
{
	char day[16];
	for (size_t i = 0; p->waivers && i < p->waivers->n; i++) {
		const struct posture_waiver *w = &p->waivers->v[i];
		if (!tell_expired(p, w))
			continue;
		tell_day(w->until, day);
		buf_addf(b, "<p>The waiver of %.*s for ", SLFMT(w->check));
		buf_html(b, w->host);
		buf_addf(b, " has run out on %s (owner ", day);
		buf_html(b, w->owner);
		buf_addz(b, ").</p>");
	}
}

static void sums(struct buf *b, const struct posture *p)
{
	buf_addz(b, "<table><thead><tr><th>demand<th class=\"n\">passed<th class=\"n\">failed<th class=\"n\">cannot be told<th class=\"n\">does not apply</tr></thead><tbody>");
	for (int d = 0; d < DEMAND_COUNT; d++) {
		struct tell_sum s = tell_sum_of(p, (enum posture_demand)d);
		buf_addf(b, "<tr><td><a href=\"#%s\">%s</a><td class=\"n\">%zu<td class=\"n\">%zu<td class=\"n\">%zu<td class=\"n\">%zu</tr>", posture_demand_name((enum posture_demand)d), tell_demand((enum posture_demand)d),
			s.count[POSTURE_PASS], s.count[POSTURE_FAIL], s.count[POSTURE_UNKNOWN], s.count[POSTURE_NOT_APPLICABLE]);
	}
	buf_addz(b, "</tbody></table>");
}

static void head(struct buf *b, const struct posture *p, const struct posture_before *before)
{
	char when[40];
	buf_addz(b, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Postern audit</title><style>");
	buf_addz(b, style);
	buf_addf(b, "</style></head><body><h1>Audit: %.1f of 100</h1><div class=\"meter\"><div style=\"width:%.1f%%\"></div></div><p class=\"sub\">%s UTC; ", p->score, p->score, time_plain(p->now * NS_SEC, when));
	for (size_t i = 0; i < MIN(p->nhosts, (size_t)40); i++) {
		if (i)
			buf_addz(b, ", ");
		buf_html(b, p->hosts[i]);
	}
	if (p->nhosts > 40)
		buf_addf(b, " and %zu more hosts", p->nhosts - 40);
	buf_addf(b, "</p><p>%zu passed, %zu failed, %zu cannot be told, %zu do not apply. What cannot be told counts as failed.", p->count[POSTURE_PASS], p->count[POSTURE_FAIL], p->count[POSTURE_UNKNOWN],
		p->count[POSTURE_NOT_APPLICABLE]);
	if (p->waived)
		buf_addf(b, " %zu are waived, and count as failed.", p->waived);
	buf_addz(b, "</p>");
	if (before)
		since(b, p, before);
	expired(b, p);
	sums(b, p);
}

void posture_html(const struct posture *p, const struct posture_before *before, struct buf *out)
{
	const struct posture_row **v = tell_order(p);
	size_t i = 0;
	head(out, p, before);
	for (int d = 0; d < DEMAND_COUNT; d++) {
		buf_addf(out, "<h2 id=\"%s\">%s</h2>", posture_demand_name((enum posture_demand)d), tell_demand((enum posture_demand)d));
		for (; i < p->n && (int)v[i]->check->demand == d && (v[i]->result == POSTURE_FAIL || v[i]->result == POSTURE_UNKNOWN); i++)
			card(out, v[i], before, p->nhosts > 1);
		buf_addz(out, "<table><tbody>");
		for (; i < p->n && (int)v[i]->check->demand == d; i++) {
			buf_addf(out, "<tr><td class=\"%s\">%s<td>%s<td>", v[i]->result == POSTURE_PASS ? "ok" : "sub", v[i]->result == POSTURE_PASS ? "pass" : "does not apply", v[i]->check->id);
			if (p->nhosts > 1) {
				buf_html(out, v[i]->host);
				buf_addz(out, "<td>");
			}
			buf_html(out, slice_of(v[i]->check->title));
			buf_addz(out, "<td>");
			buf_html(out, v[i]->text);
			buf_addz(out, "</tr>");
		}
		buf_addz(out, "</tbody></table>");
	}
	buf_addz(out, "</body></html>\n");
	free(v);
}
