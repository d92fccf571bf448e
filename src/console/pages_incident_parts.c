/* pages_incident_parts.c - one incident: what happened, who went where, what shows it. */
#include "console/incidents.h"

#include <stdio.h>
#include <stdlib.h>

enum { HOPS_SHOWN = 60, RAW_SHOWN = 500, EVIDENCE_SHOWN = 3, ENTITIES_SHOWN = 12, BODY_ENOUGH = 300 << 10 };

/* ---- sentences ------------------------------------------------------------------------------------------------------------------------- */

/* "2026-05-13 00:47  tunnel: ..." without its time and stage. */
static struct slice bare_sentence(struct slice s, enum stage *stage)
{
	enum { TIME = 16 };
	*stage = STAGE_NONE;
	if (s.n > TIME + 2 && s.p[4] == '-' && s.p[TIME] == ' ')
		s = slice_trim(slice_from(s, TIME));
	for (int st = STAGE_NONE + 1; st < STAGE_COUNT; st++) {
		struct slice title = slice_of(stage_title((enum stage)st));
		if (slice_starts(s, title) && slice_starts(slice_from(s, title.n), SL(": "))) {
			*stage = (enum stage)st;
			return slice_from(s, title.n + 2);
		}
	}
	return slice_starts(s, SL("also: ")) ? slice_from(s, 6) : s;
}

static void sentence(const struct request *q, struct buf *b, const struct incident *in, struct slice text, nstime t, enum level level, enum stage stage)
{
	H(b, "<li>");
	html_time(q, b, t);
	H(b, " ");
	html_level(q, b, level);
	H(b, "<p>");
	if (in->nstages) {
		H(b, "<strong>");
		html_text(q, b, incident_stage_words(stage));
		H(b, "</strong>: ");
	}
	html_told(q, b, text_cut(text, 1000));
	H(b, "</p></li>");
}

void incident_stages(const struct request *q, struct buf *b, const struct incident *in)
{
	if (!in->nstages)
		return;
	H(b, "<ol class=\"stages\" aria-label=\"");
	html_value(b, slice_of(text_of(TX_INC_STAGES, q->language)));
	H(b, "\">");
	for (int st = STAGE_NONE + 1; st < STAGE_COUNT; st++) {
		bool seen = in->stage_first[st] != NSTIME_NONE;
		buf_addz(b, seen ? "<li class=\"seen\">" : "<li>");
		html_text(q, b, incident_stage_words((enum stage)st));
		if (!seen)
			H(b, "<span class=\"unseen\"> ("), html_text(q, b, TX_INC_NOT_SEEN), H(b, ")</span>");
		H(b, "</li>");
	}
	H(b, "</ol>");
}

static void advice_list(const struct request *q, struct buf *b, enum text title, const char *tag, const struct slice *v, size_t n)
{
	if (!n)
		return;
	H(b, "<h3>");
	html_text(q, b, title);
	buf_addf(b, "</h3><%s>", tag);
	for (size_t i = 0; i < n; i++) {
		H(b, "<li>");
		incident_advice(q, b, v[i]);
		H(b, "</li>");
	}
	buf_addf(b, "</%s>", tag);
}

void incident_story(struct request *q, struct buf *b, const struct incident *in)
{
	H(b, "<section id=\"story\"><h2>");
	html_text(q, b, TX_INC_STORY);
	H(b, "</h2><ol class=\"timeline\">");
	for (size_t i = 0; i < in->nstory; i++) {
		enum stage st;
		struct slice text = bare_sentence(in->story[i], &st);
		const struct finding *best = in->stage_finding[st];
		sentence(q, b, in, text, in->stage_first[st], best ? best->level : in->level, st);
	}
	H(b, "</ol>");
	advice_list(q, b, TX_INC_STEPS, "ol", in->steps, in->nsteps);
	advice_list(q, b, TX_INC_LOOK, "ul", in->not_seen, in->nnot_seen);
	H(b, "<details><summary>");
	html_text(q, b, TX_INC_TIMELINE);
	H(b, "</summary>");
	struct report_words words = {slice_of(text_of(TX_INC_TIMELINE, q->language)), slice_of(text_of(TX_INC_TIMELINE_TEXT, q->language)), {0}};
	for (int st = 0; st < STAGE_COUNT; st++)
		words.stages[st] = text_of(incident_stage_words((enum stage)st), q->language);
	H(b, "<div class=\"graph\" role=\"region\" tabindex=\"0\" aria-labelledby=\"times-title\">");
	report_svg_timeline(b, in, &words);
	H(b, "</div><ol class=\"timeline\">");
	for (size_t i = 0; i < in->nnarrative; i++) {
		enum stage st;
		struct slice text = bare_sentence(in->narrative[i], &st);
		if (in->nnarrative == in->nfindings || i + 1 < in->nnarrative) /* the last one may say how many more there are */
			sentence(q, b, in, text, in->findings[i]->first, in->findings[i]->level, in->findings[i]->stage);
		else
			html_number_in(q, b, "li", TX_INC_MORE_FINDINGS, in->nfindings - i);
	}
	H(b, "</ol></details></section>");
}

/* ---- from where to where ----------------------------------------------------------------------------------------------------------------- */

static void hops_table(const struct request *q, struct buf *b, const struct incident *in)
{
	static const enum text columns[] = {TX_INC_FROM, TX_INC_TO, TX_INC_ACCOUNT, TX_INC_FIRST, TX_INC_TIMES};
	H(b, "<details><summary>");
	html_text(q, b, TX_INC_PATH_TABLE);
	H(b, "</summary><table><caption>");
	html_text(q, b, TX_INC_PATH);
	H(b, "</caption>");
	html_columns(q, b, columns, ARRAY_LEN(columns));
	H(b, "<tbody>");
	for (size_t i = 0; i < in->nhops && i < HOPS_SHOWN; i++) {
		const struct slice cells[] = {in->hops[i].from, in->hops[i].to, in->hops[i].account};
		H(b, "<tr>");
		for (size_t k = 0; k < ARRAY_LEN(cells); k++) {
			html_cell(q, b, columns[k]);
			html_foreign(b, text_cut(cells[k], 200));
			H(b, "</td>");
		}
		html_cell(q, b, TX_INC_FIRST);
		html_time(q, b, in->hops[i].first);
		H(b, "</td>");
		html_cell(q, b, TX_INC_TIMES);
		html_count(b, in->hops[i].count);
		H(b, "</td></tr>");
	}
	H(b, "</tbody></table></details>");
}

void incident_path(struct request *q, struct buf *b, const struct stored *x, const struct incident *in)
{
	const struct report_words words = {slice_of(text_of(TX_INC_PATH, q->language)), slice_of(text_of(TX_INC_PATH_TEXT, q->language)), {0}};
	if (!in->nhops)
		return;
	H(b, "<section id=\"path\"><h2>");
	html_text(q, b, TX_INC_PATH);
	H(b, "</h2><div class=\"graph\" role=\"region\" tabindex=\"0\" aria-labelledby=\"logins-title\">");
	report_svg_logins(b, in, x->report.org, &words);
	H(b, "</div>");
	hops_table(q, b, in);
	H(b, "</section>");
}

/* ---- findings ----------------------------------------------------------------------------------------------------------------------------- */

static void evidence(const struct request *q, struct buf *b, const struct stored *x, const struct finding *f, size_t most)
{
	size_t n = MIN(f->nevidence, most);
	bool all = most > EVIDENCE_SHOWN;
	if (!f->nevidence)
		return;
	buf_addz(b, all ? "<details open><summary>" : "<details><summary>");
	html_number(q, b, TX_INC_RAW, f->nevidence);
	H(b, "</summary><ol class=\"evidence\">");
	for (size_t i = 0; i < n && b->n < 2 * BODY_ENOUGH; i++) {
		const struct evidence *v = &f->evidence[i];
		H(b, "<li>");
		if (v->source < x->ledger.nfiles) {
			H(b, "<span class=\"from\">");
			html_foreign(b, text_cut(x->ledger.files[v->source].path, 300));
			buf_addf(b, ":%llu</span> ", (unsigned long long)v->offset);
		}
		html_foreign(b, text_cut(v->raw, all ? LIMIT_RAW_KEPT : RAW_SHOWN));
		H(b, "</li>");
	}
	H(b, "</ol>");
	if (f->count > f->nevidence)
		html_number_in(q, b, "p class=\"muted\"", TX_INC_HAPPENED, f->count);
	if (n < f->nevidence || (!all && f->nevidence)) {
		H(b, "<p><a href=\"/incidents/");
		html_path(b, slice_of(x->row.id));
		H(b, "/findings/");
		html_path(b, slice_of(f->uid));
		H(b, "\">");
		html_text(q, b, TX_INC_ALL_RAW);
		H(b, "</a></p>");
	}
	H(b, "</details>");
}

void incident_finding(struct request *q, struct buf *b, const struct stored *x, const struct finding *f, size_t most)
{
	bool alone = most == SIZE_MAX; /* right below the page's heading */
	buf_addf(b, "<article class=\"card\"><header><h%c>", alone ? '2' : '3');
	html_told(q, b, text_cut(f->title, 400));
	buf_addf(b, "</h%c>", alone ? '2' : '3');
	html_level(q, b, f->level);
	H(b, "</header><p>");
	html_told(q, b, text_cut(f->text, 2000));
	H(b, "</p><p class=\"muted\">");
	html_time(q, b, f->first);
	if (f->last != f->first)
		H(b, " – "), html_time(q, b, f->last);
	H(b, ". ");
	if (f->stage) {
		html_text(q, b, incident_stage_words(f->stage));
		H(b, ". ");
	}
	html_text(q, b, TX_INC_RULE);
	H(b, " <code>");
	html_foreign(b, text_cut(f->rule_id, 100));
	H(b, "</code>");
	for (size_t i = 0; f->techniques && f->techniques[i]; i++)
		buf_addf(b, " <span class=\"badge\">%s</span>", f->techniques[i]);
	H(b, "</p>");
	evidence(q, b, x, f, most);
	H(b, "</article>");
}

void incident_findings(struct request *q, struct buf *b, const struct stored *x)
{
	size_t n = incidents_findings(x->in), shown = 0;
	uint64_t skip = page_skip(q);
	H(b, "<section id=\"findings\"><h2>");
	html_number(q, b, TX_INC_SOME_FINDINGS, n);
	H(b, "</h2>");
	for (size_t i = (size_t)MIN(skip, n); i < n && shown < PAGE_ROWS; i++, shown++)
		incident_finding(q, b, x, incidents_finding(x->in, i), b->n < BODY_ENOUGH ? EVIDENCE_SHOWN : 0);
	html_pager(q, b, n);
	H(b, "</section>");
}
