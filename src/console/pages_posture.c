/* pages_posture.c - what postern audit and postern privilege kept: score and how it changed, what fails and what to do, rights that nobody uses. */
#include "console/posture_read.h"
#include "console/report_pages.h"

#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_RIGHTS = 20, PICTURE_WIDE = 600, PICTURE_HIGH = 140, EDGE = 24 };

/* ---- change over time --------------------------------------------------------------------------------------------------------------------- */

struct trend { struct posture_point v[POSTURE_TREND]; struct slice name[POSTURE_TREND]; size_t n; struct slice subject; };

/* The newest results of one subject, oldest first. */
static void trend_read(const struct request *q, const struct posture_kept *k, size_t n, struct slice subject, struct trend *t)
{
	size_t first = n, wanted = 0;
	while (first && wanted < POSTURE_TREND)
		wanted += slice_eq(k[--first].subject, subject);
	t->n = 0;
	t->subject = subject;
	for (size_t i = first; i < n && t->n < POSTURE_TREND; i++)
		if (slice_eq(k[i].subject, subject) && posture_point_read(q->desk->o->state, k[i].name, &t->v[t->n])) {
			t->v[t->n].time = k[i].time;
			t->name[t->n++] = k[i].name;
		}
}

static unsigned x_of(const struct trend *t, size_t i)
{
	nstime span = t->v[t->n - 1].time - t->v[0].time;
	return span <= 0 ? EDGE + (unsigned)(i * (PICTURE_WIDE - 2 * EDGE) / MAX(t->n - 1, (size_t)1)) : EDGE + (unsigned)((t->v[i].time - t->v[0].time) / NS_SEC * (PICTURE_WIDE - 2 * EDGE) / MAX(span / NS_SEC, 1));
}

static unsigned y_of(const struct trend *t, size_t i)
{
	return PICTURE_HIGH - EDGE - t->v[i].tenths * (PICTURE_HIGH - 2 * EDGE) / 1000;
}

static void picture(const struct request *q, struct buf *b, const struct trend *t)
{
	buf_addf(b, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"trend-title\" class=\"trend\"><title id=\"trend-title\">", PICTURE_WIDE, PICTURE_HIGH);
	html_text(q, b, TX_PO_TREND);
	buf_addf(b, "</title><g fill=\"none\" stroke=\"currentColor\" stroke-opacity=\"0.3\"><path d=\"M%d %dH%d\"/><path d=\"M%d %dH%d\"/></g><g font-size=\"11\" fill=\"currentColor\"><text x=\"0\" y=\"%d\">100</text><text x=\"0\" y=\"%d\">0</text></g>",
		EDGE, EDGE, PICTURE_WIDE - EDGE, EDGE, PICTURE_HIGH - EDGE, PICTURE_WIDE - EDGE, EDGE + 4, PICTURE_HIGH - EDGE + 4);
	H(b, "<polyline fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" points=\"");
	for (size_t i = 0; i < t->n; i++)
		buf_addf(b, "%s%u,%u", i ? " " : "", x_of(t, i), y_of(t, i));
	H(b, "\"/><g fill=\"currentColor\">");
	for (size_t i = 0; i < t->n; i++)
		buf_addf(b, "<circle cx=\"%u\" cy=\"%u\" r=\"3\"/>", x_of(t, i), y_of(t, i));
	H(b, "</g></svg>");
}

static void trend_html(const struct request *q, struct buf *b, const struct trend *t)
{
	static const enum text heads[] = {TX_PO_WHEN, TX_PO_SCORE, TX_PO_FAILED, TX_PO_UNKNOWN};
	if (t->n < 2)
		return;
	H(b, "<section class=\"card\"><h2>");
	html_text(q, b, TX_PO_TREND);
	H(b, "</h2>");
	picture(q, b, t);
	H(b, "<details><summary>");
	html_text(q, b, TX_PO_TREND_TABLE);
	H(b, "</summary><table><caption>");
	html_text(q, b, TX_PO_TREND);
	H(b, "</caption>");
	html_columns(q, b, heads, ARRAY_LEN(heads));
	H(b, "<tbody>");
	for (size_t i = t->n; i-- > 0;) {
		H(b, "<tr><th scope=\"row\">");
		html_time(q, b, t->v[i].time);
		buf_addf(b, "</th><td>%u.%u</td><td>%u</td><td>%u</td></tr>", t->v[i].tenths / 10, t->v[i].tenths % 10, t->v[i].fail, t->v[i].unknown);
	}
	H(b, "</tbody></table></details></section>");
}

/* ---- the newest result ---------------------------------------------------------------------------------------------------------------------- */

static void how_to(const struct request *q, struct buf *b, enum text t, const char *command)
{
	H(b, "<p>");
	html_text(q, b, t);
	buf_addf(b, " <code>%s</code></p>", command);
}

static void score(const struct request *q, struct buf *b, const struct trend *t)
{
	const struct posture_point *now = &t->v[t->n - 1];
	int change = t->n > 1 ? (int)now->tenths - (int)t->v[t->n - 2].tenths : 0;
	H(b, "<dl class=\"cards\"><div class=\"card\"><dt>");
	html_text(q, b, TX_PO_SCORE);
	buf_addf(b, "</dt><dd><strong>%u.%u</strong> / 100", now->tenths / 10, now->tenths % 10);
	if (t->n > 1)
		buf_addf(b, " <span class=\"muted\">(%s%d.%d)</span>", change < 0 ? "-" : "+", abs(change) / 10, abs(change) % 10);
	H(b, "</dd></div><div class=\"card\"><dt>");
	html_text(q, b, TX_PO_FAILED);
	buf_addf(b, "</dt><dd>%u</dd></div><div class=\"card\"><dt>", now->fail);
	html_text(q, b, TX_PO_UNKNOWN);
	buf_addf(b, "</dt><dd>%u</dd></div><div class=\"card\"><dt>", now->unknown);
	html_text(q, b, TX_PO_WHEN);
	H(b, "</dt><dd>");
	html_time(q, b, now->time);
	H(b, "</dd></div></dl>");
}

static void definition(const struct request *q, struct buf *b, enum text name, struct slice value, bool lines)
{
	if (!value.n)
		return;
	H(b, "<dt>");
	html_text(q, b, name);
	buf_addz(b, lines ? "</dt><dd class=\"evidence\"><bdi>" : "</dt><dd><bdi>");
	html_lines(b, value, "\n");
	H(b, "</bdi></dd>");
}

static void check_html(const struct request *q, struct buf *b, const struct posture_line *l)
{
	H(b, "<details class=\"card\"><summary>");
	html_level(q, b, l->severity);
	buf_addc(b, ' ');
	html_foreign(b, l->check);
	buf_addc(b, ' ');
	html_foreign(b, l->title);
	H(b, " <span class=\"muted\">");
	html_foreign(b, l->host);
	H(b, "</span>");
	if (l->waived) {
		H(b, " <span class=\"badge\">");
		html_text(q, b, TX_PO_WAIVED);
		H(b, "</span>");
	}
	if (slice_eqz(l->result, "cannot-tell")) {
		H(b, " <span class=\"badge\">");
		html_text(q, b, TX_PO_UNKNOWN);
		H(b, "</span>");
	}
	H(b, "</summary><dl lang=\"en\">");
	definition(q, b, TX_PO_FOUND, l->text, false);
	definition(q, b, TX_PO_EVIDENCE, l->evidence, true);
	definition(q, b, TX_PO_WHY, l->why, false);
	definition(q, b, TX_PO_FIX, l->fix, false);
	definition(q, b, TX_PO_NIST, l->nist, false);
	definition(q, b, TX_PO_BSI, l->bsi, false);
	definition(q, b, TX_PO_ISO, l->iso, false);
	H(b, "</dl></details>");
}

static int failing(struct request *q, struct buf *b, struct slice name, struct err *e)
{
	struct posture_audit a;
	size_t shown = 0;
	int rc = posture_audit_read(q->mem, q->desk->o->state, name, &a, e);
	if (rc)
		return rc;
	H(b, "<section><h2>");
	html_text(q, b, TX_PO_FAILING);
	H(b, "</h2>");
	for (int level = LEVEL_CRITICAL; level >= LEVEL_INFO; level--)
		for (size_t i = 0; i < a.n; i++)
			if ((int)a.v[i].severity == level && (slice_eqz(a.v[i].result, "fail") || slice_eqz(a.v[i].result, "cannot-tell"))) {
				check_html(q, b, &a.v[i]);
				shown++;
			}
	if (!shown) {
		H(b, "<p>");
		html_text(q, b, TX_PO_ALL_WELL);
		H(b, "</p>");
	}
	if (a.cut) {
		H(b, "<p class=\"muted\">");
		html_text(q, b, TX_PO_CUT);
		H(b, "</p>");
	}
	H(b, "</section>");
	return 0;
}

static void subjects(const struct request *q, struct buf *b, const struct posture_kept *k, size_t n, struct slice chosen)
{
	struct slice seen[50];
	size_t count = 0;
	for (size_t i = n; i-- > 0 && count < ARRAY_LEN(seen);) {
		bool known = false;
		for (size_t s = 0; s < count; s++)
			known = known || slice_eq(seen[s], k[i].subject);
		if (!known)
			seen[count++] = k[i].subject;
	}
	if (count < 2)
		return;
	H(b, "<nav class=\"actions\" aria-label=\"");
	html_text(q, b, TX_PO_OF);
	H(b, "\">");
	for (size_t i = 0; i < count; i++) {
		H(b, "<a href=\"/posture?of=");
		html_path(b, seen[i]);
		buf_addf(b, "\"%s>", slice_eq(seen[i], chosen) ? " aria-current=\"true\"" : "");
		html_foreign(b, seen[i]);
		H(b, "</a> ");
	}
	H(b, "</nav>");
}

static int audit_part(struct request *q, struct buf *b, struct err *e)
{
	struct posture_kept *k;
	struct trend *t = arena_alloc(q->mem, sizeof *t);
	size_t n = posture_list(q->mem, q->desk->o->state, "audit", &k);
	struct slice of = query_get(q, "of");
	if (n)
		trend_read(q, k, n, of.n ? of : k[n - 1].subject, t);
	if (!n || !t->n) {
		how_to(q, b, TX_PO_NO_AUDIT, "sudo postern audit --save");
		return 0;
	}
	subjects(q, b, k, n, t->subject);
	score(q, b, t);
	trend_html(q, b, t);
	return failing(q, b, t->name[t->n - 1], e);
}

/* ---- rights ------------------------------------------------------------------------------------------------------------------------------------ */

static void rights_table(const struct request *q, struct buf *b, enum text caption, const struct privilege_kept *p)
{
	static const enum text heads[] = {TX_PO_RIGHT, TX_PO_HOST, TX_PO_HOLDER};
	if (!p->n)
		return;
	H(b, "<table><caption>");
	html_text(q, b, caption);
	H(b, "</caption>");
	html_columns(q, b, heads, ARRAY_LEN(heads));
	H(b, "<tbody>");
	for (size_t i = 0; i < p->n && i < SHOWN_RIGHTS; i++) {
		H(b, "<tr><td>");
		html_foreign(b, p->v[i].text);
		H(b, "</td><td data-label=\"");
		html_text(q, b, TX_PO_HOST);
		H(b, "\">");
		html_foreign(b, p->v[i].host);
		H(b, "</td><td data-label=\"");
		html_text(q, b, TX_PO_HOLDER);
		H(b, "\">");
		html_foreign(b, p->v[i].holder.n ? p->v[i].holder : p->v[i].account);
		H(b, "</td></tr>");
	}
	H(b, "</tbody></table>");
	if (p->n > SHOWN_RIGHTS) {
		H(b, "<p class=\"muted\">");
		html_text(q, b, TX_PO_CUT);
		H(b, "</p>");
	}
}

static bool newest(struct request *q, const char *kind, struct privilege_kept *out, nstime *time, struct err *e)
{
	struct posture_kept *k;
	size_t n = posture_list(q->mem, q->desk->o->state, kind, &k);
	*time = n ? k[n - 1].time : NSTIME_NONE;
	return n && !privilege_kept_read(q->mem, q->desk->o->state, k[n - 1].name, out, e);
}

static void card(const struct request *q, struct buf *b, enum text name, uint64_t n)
{
	H(b, "<div class=\"card\"><dt>");
	html_text(q, b, name);
	buf_addf(b, "</dt><dd>%llu</dd></div>", (unsigned long long)n);
}

static void rights_part(struct request *q, struct buf *b)
{
	struct privilege_kept p;
	struct err e;
	nstime t;
	H(b, "<section><h2>");
	html_text(q, b, TX_PO_RIGHTS);
	H(b, "</h2>");
	if (newest(q, "privilege", &p, &t, &e)) {
		H(b, "<p class=\"muted\">");
		html_time(q, b, t);
		H(b, "</p><dl class=\"cards\">");
		card(q, b, TX_PO_UNUSED, p.unused);
		card(q, b, TX_PO_USED, p.used);
		card(q, b, TX_PO_USE_UNKNOWN, p.unknown);
		card(q, b, TX_PO_LEFT, p.left);
		card(q, b, TX_PO_NO_GRANT, p.without_grant);
		card(q, b, TX_PO_SHARED, p.shared);
		H(b, "</dl>");
		rights_table(q, b, TX_PO_UNUSED_LIST, &p);
	} else {
		how_to(q, b, TX_PO_NO_RIGHTS, "sudo postern privilege report --logs /var/log --save");
	}
	H(b, "<h3>");
	html_text(q, b, TX_PO_CUT_TITLE);
	H(b, "</h3>");
	if (newest(q, "cut", &p, &t, &e)) {
		H(b, "<p>");
		html_time(q, b, t);
		H(b, ": ");
		html_foreign(b, p.from);
		H(b, " &rarr; ");
		html_foreign(b, p.to);
		H(b, ". ");
		html_text(q, b, !p.possible ? TX_PO_CUT_NONE : p.proven ? TX_PO_CUT_PROVEN : TX_PO_CUT_OPEN);
		H(b, "</p>");
		rights_table(q, b, TX_PO_CUT_LIST, &p);
	} else {
		how_to(q, b, TX_PO_NO_CUT, "sudo postern privilege cut --from outside --to role:crown-jewel --save");
	}
	H(b, "<h3>");
	html_text(q, b, TX_PO_EXPOSURE);
	H(b, "</h3>");
	if (newest(q, "exposure", &p, &t, &e)) {
		H(b, "<p>");
		html_time(q, b, t);
		H(b, ": ");
		html_foreign(b, p.exposure);
		H(b, "</p><dl class=\"cards\">");
		card(q, b, TX_PO_SURELY, p.surely);
		card(q, b, TX_PO_PERHAPS, p.perhaps);
		H(b, "</dl>");
		rights_table(q, b, TX_PO_EXPOSURE_LIST, &p);
	} else {
		how_to(q, b, TX_PO_NO_EXPOSURE, "sudo postern privilege exposure HOST --save");
	}
	H(b, "</section>");
}

int posture_page(struct request *q, struct response *r, struct err *e)
{
	r->title = TX_PO_TITLE;
	H(&r->body, "<h1>");
	html_text(q, &r->body, TX_PO_TITLE);
	H(&r->body, "</h1>");
	int rc = audit_part(q, &r->body, e);
	if (!rc)
		rights_part(q, &r->body);
	return rc;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------------------------------------------ */

int posture_api(struct request *q, struct response *r, struct err *e)
{
	struct buf *b = &r->body;
	struct posture_kept *k;
	struct trend *t = arena_alloc(q->mem, sizeof *t);
	struct privilege_kept p;
	struct err none;
	char time[40];
	nstime when;
	size_t n = posture_list(q->mem, q->desk->o->state, "audit", &k);
	(void)e;
	t->n = 0;
	if (n)
		trend_read(q, k, n, query_get(q, "of").n ? query_get(q, "of") : k[n - 1].subject, t);
	buf_addz(b, "{\"of\":");
	buf_json(b, n ? t->subject : SLICE_NONE);
	buf_addz(b, ",\"results\":[");
	for (size_t i = 0; i < t->n; i++)
		buf_addf(b, "%s{\"time\":\"%s\",\"score\":%u.%u,\"failed\":%u,\"cannot_tell\":%u}", i ? "," : "", time_rfc3339(t->v[i].time, time), t->v[i].tenths / 10, t->v[i].tenths % 10,
			t->v[i].fail, t->v[i].unknown);
	buf_addc(b, ']');
	if (newest(q, "privilege", &p, &when, &none))
		buf_addf(b, ",\"rights\":{\"time\":\"%s\",\"used\":%llu,\"unused\":%llu,\"unknown\":%llu}", time_rfc3339(when, time), (unsigned long long)p.used, (unsigned long long)p.unused,
			(unsigned long long)p.unknown);
	buf_addz(b, "}\n");
	return 0;
}
