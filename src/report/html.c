/* html.c - one self-contained page: no script, no outside resource, prints well. */
#include "report/life.h"

#include <stdio.h>

static const char style[] =
	":root{--fg:#1b1f24;--bg:#fff;--soft:#5b6672;--line:#d5dae0;--card:#f6f8fa;--l0:#6b7684;--l1:#2f6f8f;--l2:#9a6a00;--l3:#b42318;--l4:#8a0f3c}"
	"@media(prefers-color-scheme:dark){:root{--fg:#e6e9ec;--bg:#15181c;--soft:#9aa5b1;--line:#343a42;--card:#1d2126;--l0:#8b96a3;--l1:#6fb7d8;--l2:#e0b050;--l3:#ff8073;--l4:#ff7fb0}}"
	"*{box-sizing:border-box}body{margin:0 auto;max-width:70rem;padding:1rem 1.25rem 4rem;font:16px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg)}"
	"h1{font-size:1.6rem;margin:.5rem 0}h2{font-size:1.25rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}h3{font-size:1.05rem;margin:1.2rem 0 .3rem}"
	".sub{color:var(--soft)}.card{background:var(--card);border:1px solid var(--line);border-left:6px solid var(--l2);border-radius:6px;padding:.8rem 1rem;margin:1rem 0}"
	".level{font-weight:700;text-transform:uppercase;font-size:.8rem;letter-spacing:.04em}"
	".c0{border-left-color:var(--l0)}.c1{border-left-color:var(--l1)}.c2{border-left-color:var(--l2)}.c3{border-left-color:var(--l3)}.c4{border-left-color:var(--l4)}"
	".l0{color:var(--l0);fill:var(--l0)}.l1{color:var(--l1);fill:var(--l1)}.l2{color:var(--l2);fill:var(--l2)}.l3{color:var(--l3);fill:var(--l3)}.l4{color:var(--l4);fill:var(--l4)}"
	"dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.5rem 0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}"
	"ol.story{padding-left:0;list-style:none;font-variant-numeric:tabular-nums}ol.story li{padding:.15rem 0 .15rem 10rem;text-indent:-10rem;overflow-wrap:anywhere}"
	"ol.story time{display:inline-block;width:10rem;text-indent:0;color:var(--soft)}.wide{overflow-x:auto}.wide svg{min-width:40rem}"
	"@media(max-width:40rem){body{padding:.5rem .6rem 3rem}.card{padding:.6rem .7rem}ol.story li{padding-left:0;text-indent:0}ol.story time{display:block;width:auto}dl{grid-template-columns:1fr}dd{margin-bottom:.3rem}}"
	"pre,code{font:13px/1.45 ui-monospace,monospace}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--bg);border:1px solid var(--line);border-radius:4px;padding:.4rem .6rem;margin:.3rem 0}"
	"details{margin:.3rem 0}summary{cursor:pointer}table{border-collapse:collapse;width:100%;font-size:.92rem}th,td{text-align:left;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}"
	"td.n{text-align:right;white-space:nowrap}svg{width:100%;height:auto;font:12px system-ui,sans-serif}svg text{fill:var(--fg)}.grid{stroke:var(--line)}.axis,.account{fill:var(--soft)!important;font-size:11px}.account{paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}.start{text-anchor:start}.end{text-anchor:end}"
	".dot{stroke:var(--bg);stroke-width:1.5}.edge{fill:none;stroke:var(--l3);stroke-width:1.6}.head{fill:var(--l3)}"
	".graph rect{fill:var(--card);stroke:var(--soft)}.graph .out rect{stroke:var(--l3);stroke-dasharray:4 3}.graph g text{text-anchor:middle}"
	".stages span{display:inline-block;border:1px solid var(--line);border-radius:1rem;padding:.05rem .6rem;margin:.15rem .2rem .15rem 0;color:var(--soft)}.stages .seen{background:var(--l3);color:#fff;border-color:var(--l3)}"
	/* on paper nothing can be unfolded: the first lines of the evidence are printed, the rest is in the file */
	"@media print{body{max-width:none;font-size:10pt;padding:0}h2,h3,.card>div,.card>strong,summary,.evidence>div{break-after:avoid}li,svg,pre,tr{break-inside:avoid}"
	"details::details-content{content-visibility:visible;display:block;block-size:auto}.evidence>div:nth-of-type(n+4),.evidence>pre:nth-of-type(n+4){display:none}.wide svg{min-width:0}"
	"*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}";

static void text(struct buf *b, struct slice s)
{
	buf_html(b, s);
}

static void when(struct buf *b, nstime t)
{
	char s[40];
	if (t != NSTIME_NONE)
		buf_addf(b, "<time datetime=\"%.10sT%.8sZ\">%.16s</time>", time_plain(t, s), s + 11, s);
}

static void term(struct buf *b, const struct org *org, const char *name, const struct incident *in, enum entity_type t)
{
	size_t n = 0;
	for (size_t i = 0; i < in->nentities; i++) {
		if (in->entities[i].type != t || n > 12)
			continue;
		if (!n)
			buf_addf(b, "<dt>%s</dt><dd>", name);
		else
			buf_addz(b, ", ");
		const struct org_provider *provider = t == ENT_PROVIDER ? org_provider(org, in->entities[i].value) : NULL;
		text(b, n++ == 12 ? SL("...") : provider ? provider->name : in->entities[i].value);
	}
	if (n)
		buf_addz(b, "</dd>");
}

static void list(struct buf *b, const char *tag, const struct slice *v, size_t n)
{
	buf_addf(b, "<%s>", tag);
	for (size_t i = 0; i < n; i++) {
		buf_addz(b, "<li>");
		text(b, v[i]);
		buf_addz(b, "</li>");
	}
	buf_addf(b, "</%s>", tag);
}

/* The stage in front of a sentence of the story: "tunnel: ...". */
static bool cut_part(struct slice *s, struct slice *part)
{
	struct slice rest = *s;
	if (!slice_cut(&rest, ':', part))
		return false;
	bool found = slice_eq(*part, SL("also"));
	for (int st = STAGE_NONE + 1; st < STAGE_COUNT && !found; st++)
		found = slice_eqz(*part, stage_title((enum stage)st));
	if (found)
		*s = rest;
	return found;
}

/* "2026-05-13 00:47  side-door entry: ..." in its three parts. */
static void story(struct buf *b, const struct slice *v, size_t n)
{
	enum { TIME = 16 };
	buf_addz(b, "<ol class=\"story\">");
	for (size_t i = 0; i < n; i++) {
		struct slice part, rest = v[i];
		buf_addz(b, "<li>");
		if (rest.n > TIME + 2 && rest.p[TIME] == ' ' && rest.p[4] == '-') {
			buf_addz(b, "<time>");
			text(b, slice_to(rest, TIME));
			buf_addz(b, "</time>");
			rest = slice_trim(slice_from(rest, TIME));
		}
		if (cut_part(&rest, &part)) {
			buf_addz(b, "<strong>");
			text(b, part);
			buf_addz(b, "</strong>:");
		}
		text(b, rest);
		buf_addz(b, "</li>");
	}
	buf_addz(b, "</ol>");
}

static void evidence(struct buf *b, const struct report_input *in, const struct finding *f)
{
	buf_addf(b, "<details class=\"evidence\"><summary>%zu raw line%s%s</summary>", f->nevidence, f->nevidence == 1 ? "" : "s", f->count > f->nevidence ? " of more" : "");
	for (size_t i = 0; i < f->nevidence; i++) {
		const struct evidence *e = &f->evidence[i];
		if (e->source < in->ledger->nfiles) {
			buf_addz(b, "<div class=\"sub\">");
			text(b, in->ledger->files[e->source].path);
			buf_addf(b, ", byte %llu</div>", (unsigned long long)e->offset);
		}
		buf_addz(b, "<pre>");
		text(b, e->raw);
		buf_addz(b, "</pre>");
	}
	buf_addz(b, "</details>");
}

static void finding(struct buf *b, const struct report_input *in, const struct finding *f)
{
	buf_addf(b, "<div class=\"card c%d\" id=\"f-%s\"><div><span class=\"level l%d\">%s</span> ", (int)f->level, f->uid, (int)f->level, level_name(f->level));
	when(b, f->first);
	buf_addz(b, "</div><strong>");
	text(b, f->title);
	buf_addz(b, "</strong><div>");
	text(b, f->text);
	buf_addz(b, "</div><div class=\"sub\">");
	text(b, f->rule_id);
	for (size_t i = 0; f->techniques && f->techniques[i]; i++)
		buf_addf(b, ", %s", f->techniques[i]);
	if (f->stage)
		buf_addf(b, ", stage: %s", stage_title(f->stage));
	buf_addz(b, "</div>");
	evidence(b, in, f);
	buf_addz(b, "</div>\n");
}

static void stages(struct buf *b, const struct incident *in)
{
	if (!in->nstages)
		return;
	buf_addz(b, "<p class=\"stages\">");
	for (int s = STAGE_NONE + 1; s < STAGE_COUNT; s++) {
		bool seen = in->stage_first[s] != NSTIME_NONE;
		buf_addf(b, "<span class=\"%s\">%s%s</span>", seen ? "seen" : "", stage_title((enum stage)s), seen ? "" : " (not seen)");
	}
	buf_addz(b, "</p>");
}

static void incident(struct buf *b, const struct report_input *in, const struct incident *i)
{
	buf_addf(b, "<section class=\"card c%d\"><div><span class=\"level l%d\">%s</span> <span class=\"sub\">incident %s, ", (int)i->level, (int)i->level,
		level_name(i->level), i->id);
	when(b, i->first);
	buf_addz(b, " to ");
	when(b, i->last);
	buf_addz(b, " UTC</span></div><h3>");
	text(b, i->title);
	buf_addz(b, "</h3><dl><dt>Why this level</dt><dd>");
	text(b, i->level_reason);
	buf_addz(b, "</dd>");
	term(b, in->org, "Provider", i, ENT_PROVIDER);
	term(b, in->org, "Persons", i, ENT_PERSON);
	term(b, in->org, "Accounts", i, ENT_USER);
	term(b, in->org, "From", i, ENT_SOURCE);
	term(b, in->org, "On", i, ENT_HOST);
	term(b, in->org, "Outside", i, ENT_DOMAIN);
	term(b, in->org, "Keys", i, ENT_KEY);
	buf_addz(b, "</dl>");
	stages(b, i);
	buf_addz(b, "<h3>What happened</h3>");
	story(b, i->narrative, i->nnarrative);
	report_svg_timeline(b, i, NULL);
	if (i->nhops) {
		buf_addz(b, "<h3>From where to where</h3>");
		report_svg_logins(b, i, in->org, NULL);
	}
	buf_addz(b, "<h3>What to do now</h3>");
	list(b, "ol", i->steps, i->nsteps);
	if (i->nnot_seen) {
		buf_addz(b, "<h3>Not seen yet: look for</h3>");
		list(b, "ul", i->not_seen, i->nnot_seen);
	}
	buf_addz(b, "</section>\n");
}

static void ledger(struct buf *b, const struct ledger *l)
{
	buf_addf(b, "<h2>Ledger</h2><p>%llu lines, %.1f MB, %zu files; understood %llu, programs without a decoder %llu, not understood %llu, no known format %llu, "
		"too long %llu, late %llu.</p>", (unsigned long long)l->lines, (double)l->bytes / 1e6, l->nfiles, (unsigned long long)(l->decoded + l->unwanted),
		(unsigned long long)l->other, (unsigned long long)l->unknown, (unsigned long long)l->no_format, (unsigned long long)l->too_long, (unsigned long long)l->late);
	for (size_t i = 0; i < l->nsuppressed; i++) {
		const struct ledger_suppressed *s = &l->suppressed[i];
		char day[40];
		buf_addf(b, "<p>%s %.10s: %llu finding%s of ", s->ended ? "Suppression that ended after" : "Suppressed until", time_plain(s->until - NS_DAY, day),
			(unsigned long long)s->count, s->count == 1 ? "" : "s");
		text(b, l->suppressed[i].rule);
		buf_addz(b, ": ");
		text(b, l->suppressed[i].reason);
		buf_addz(b, "</p>");
	}
	if (l->nblind)
		buf_addz(b, "<h3>Blind spots</h3><ul>");
	for (size_t i = 0; i < l->nblind; i++) {
		buf_addz(b, "<li><strong>");
		text(b, l->blind[i].host);
		buf_addz(b, "</strong>: ");
		text(b, l->blind[i].what);
		buf_addz(b, "; ");
		text(b, l->blind[i].advice);
		buf_addz(b, "</li>");
	}
	buf_addz(b, l->nblind ? "</ul>" : "");
	if (l->nproblems)
		buf_addz(b, "<h3>Inputs with problems</h3><ul>");
	for (size_t i = 0; i < l->nproblems && i < 500; i++) {
		buf_addz(b, "<li>");
		text(b, l->problems[i].kind);
		buf_addz(b, ": <code>");
		text(b, l->problems[i].path);
		buf_addz(b, "</code>: ");
		text(b, l->problems[i].text);
		buf_addz(b, "</li>");
	}
	buf_addz(b, l->nproblems ? "</ul>" : "");
	buf_addz(b, "<details><summary>All files</summary><table><tr><th>File</th><th>Lines</th><th>Understood</th><th>Not</th><th>From</th><th>To</th></tr>");
	for (size_t i = 0; i < l->nfiles && i < 2000; i++) {
		const struct ledger_file *f = &l->files[i];
		buf_addz(b, "<tr><td>");
		text(b, f->path);
		buf_addf(b, "</td><td class=\"n\">%llu</td><td class=\"n\">%llu</td><td class=\"n\">%llu</td><td>", (unsigned long long)f->lines,
			(unsigned long long)(f->decoded + f->unwanted), (unsigned long long)(f->unknown + f->no_format));
		when(b, f->first);
		buf_addz(b, "</td><td>");
		when(b, f->last);
		buf_addz(b, "</td></tr>");
	}
	buf_addz(b, "</table></details>");
}

void report_html(struct buf *out, const struct report_input *in)
{
	struct slice name = org_name(in->org);
	char t[40];
	buf_addz(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline'\"><title>Postern report");
	if (name.n) {
		buf_addz(out, ": ");
		text(out, name);
	}
	buf_addz(out, "</title><style>");
	buf_addz(out, style);
	buf_addz(out, "</style></head><body>\n<h1>");
	text(out, name.n ? name : SL("Postern report"));
	buf_addf(out, "</h1><p class=\"sub\">Postern %s, made %.16s UTC. Times are UTC.</p>\n", in->version, time_plain(in->now, t));
	size_t n = incidents_count(in->incidents), k = incidents_findings(in->incidents);
	if (!in->life)
		buf_addf(out, "<h2>%zu incident%s</h2>\n", n, n == 1 ? "" : "s");
	if (!n && !in->life)
		buf_addz(out, "<p>Nothing was found that needs a story. The ledger says what was looked at, and what was not.</p>");
	for (size_t i = 0; i < n; i++)
		incident(out, in, incidents_get(in->incidents, i));
	if (in->life)
		life_html(out, in->life);
	buf_addf(out, "<h2>%zu finding%s</h2>\n", k, k == 1 ? "" : "s");
	for (size_t i = 0; i < k; i++)
		finding(out, in, incidents_finding(in->incidents, i));
	if (!in->life)
		ledger(out, in->ledger);
	buf_addz(out, "</body></html>\n");
}
