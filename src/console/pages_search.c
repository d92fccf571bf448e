/* pages_search.c - one field for everything that the roles of who asks may see. */
#include "console/access.h"
#include "console/incidents.h"
#include "console/report_pages.h"

enum { WORDS_LEAST = 2, WORDS_MOST = 200, SHOWN = 10, FINDINGS_LOOK = 20000, REPORTS_LOOK = 5000, AROUND = 90 };
#define FINDINGS_BYTES ((uint64_t)48 << 20)

struct searching {
	struct request *q;
	struct buf *b;         /* of the part that is being written */
	struct slice words;
	size_t n, all;         /* hits of this part */
};

/* ---- pieces ---------------------------------------------------------------------------------------------------------------------------- */

/* Where the words stand, with what is around them. */
static void excerpt(struct searching *s, struct slice text)
{
	ssize_t at = slice_ifind(text, s->words);
	size_t from = at > AROUND ? (size_t)at - AROUND : 0;
	while (from > 0 && ((unsigned char)text.p[from] & 0xc0) == 0x80)
		from--;
	struct slice head = slice_make(text.p + from, at < 0 ? 0 : (size_t)at - from);
	struct slice rest = slice_from(text, at < 0 ? 0 : (size_t)at + s->words.n);
	if (from)
		H(s->b, "… ");
	if (at < 0) {
		html_foreign(s->b, text_cut(text, 2 * AROUND));
		return;
	}
	html_foreign(s->b, head);
	H(s->b, "<mark>");
	html_foreign(s->b, slice_make(text.p + at, s->words.n));
	H(s->b, "</mark>");
	html_foreign(s->b, text_cut(rest, AROUND));
	if (rest.n > AROUND)
		H(s->b, " …");
}

/* Counts a hit; false: enough of them are shown. */
static bool take(struct searching *s)
{
	s->all++;
	if (s->n >= SHOWN)
		return false;
	s->n++;
	return true;
}

static void part_end(struct searching *s, struct buf *page, enum text title, uint64_t total, bool many)
{
	const struct request *q = s->q;
	if (s->n) {
		H(page, "<section><h2>");
		html_text(q, page, title);
		H(page, "</h2><ul>");
		buf_adds(page, buf_slice(s->b));
		H(page, "</ul>");
		if (total > s->n && !many)
			html_number_in(q, page, "p class=\"muted\"", TX_SEARCH_MORE, total - s->n);
		if (many)
			html_in(q, page, "p class=\"muted\"", TX_SEARCH_MANY);
		H(page, "</section>");
	}
	s->b->n = 0;
	s->n = s->all = 0;
}

/* ---- incidents, findings, notes --------------------------------------------------------------------------------------------------------- */

static int hit_incident(void *arg, const struct store_incident *x)
{
	struct searching *s = arg;
	take(s);
	H(s->b, "<li>");
	html_level(s->q, s->b, x->level);
	H(s->b, " ");
	html_incident_link(s->q, s->b, x->id, x->title);
	H(s->b, " <span class=\"muted\">");
	html_text(s->q, s->b, incident_status_words(x->status));
	H(s->b, ", ");
	html_time(s->q, s->b, x->updated);
	H(s->b, "</span></li>");
	return 0;
}

/* What of the finding holds the words; SLICE_NONE: only its bytes did. */
static struct slice matching(const struct finding *f, struct slice words)
{
	const struct slice texts[] = {f->title, f->text, f->rule_name, f->rule_id};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (slice_ihas(texts[i], words))
			return texts[i];
	for (size_t i = 0; i < f->nentities; i++)
		if (slice_ihas(f->entities[i].value, words))
			return f->entities[i].value;
	for (size_t i = 0; i < f->nevidence; i++)
		if (slice_ihas(f->evidence[i].raw, words))
			return f->evidence[i].raw;
	return SLICE_NONE;
}

static int hit_finding(void *arg, struct finding *f, const char *incident)
{
	struct searching *s = arg;
	struct slice where = matching(f, s->words);
	if (where.n && take(s)) {
		H(s->b, "<li>");
		html_level(s->q, s->b, f->level);
		H(s->b, " <a href=\"/incidents/");
		html_path(s->b, slice_of(incident));
		H(s->b, "/findings/");
		html_path(s->b, slice_of(f->uid));
		H(s->b, "\">");
		html_told(s->q, s->b, text_cut(f->title, 240));
		H(s->b, "</a>");
		if (where.p != f->title.p) {
			H(s->b, "<br><span class=\"muted\">");
			excerpt(s, where);
			H(s->b, "</span>");
		}
		H(s->b, "</li>");
	}
	finding_free(f);
	return s->all > SHOWN ? ERR_STOPPED : 0;
}

static int hit_note(void *arg, const char *incident, nstime t, struct slice author, struct slice text)
{
	struct searching *s = arg;
	if (!take(s))
		return 0;
	H(s->b, "<li>");
	html_time(s->q, s->b, t);
	H(s->b, " <strong>");
	html_foreign(s->b, text_cut(author, 128));
	H(s->b, "</strong>: ");
	excerpt(s, text);
	H(s->b, " (");
	html_text(s->q, s->b, TX_SEARCH_IN);
	H(s->b, " ");
	html_incident_link(s->q, s->b, incident, SLICE_NONE);
	H(s->b, ")</li>");
	return 0;
}

static int search_store(struct searching *s, struct buf *page, struct err *e)
{
	struct store *store = s->q->desk->store;
	struct store_browse b = {.status = -1, .since = INT64_MIN, .until = INT64_MAX, .text = s->words, .most = SHOWN};
	struct store_search f = {s->words, FINDINGS_LOOK, FINDINGS_BYTES};
	uint64_t total = 0;
	bool partly = false;
	if (!store || !has_role(s->q, INCIDENT_SEE))
		return 0;
	int rc = store_browse(store, &b, hit_incident, s, &total, e);
	part_end(s, page, TX_INCIDENTS, total, false);
	if (!rc)
		rc = store_search_findings(store, &f, hit_finding, s, &partly, e);
	bool many = rc == ERR_STOPPED;
	part_end(s, page, TX_SEARCH_FINDINGS, 0, many);
	if (partly && !many)
		html_in(s->q, page, "p class=\"muted\"", TX_SEARCH_PARTLY);
	if (!rc || many)
		rc = store_search_notes(store, s->words, SHOWN + 1, hit_note, s, e);
	part_end(s, page, TX_SEARCH_NOTES, 0, s->all > SHOWN);
	return rc;
}

/* ---- what other pages know ---------------------------------------------------------------------------------------------------------------- */

static int hit_access(void *arg, const struct access_hit *h)
{
	struct searching *s = arg;
	if (!take(s))
		return 0;
	H(s->b, "<li><span class=\"badge\">");
	html_text(s->q, s->b, h->kind);
	H(s->b, "</span> ");
	access_html_link(s->b, h->path, h->part, text_cut(h->text, 240));
	if (h->more.n)
		H(s->b, " <span class=\"muted\">"), html_foreign(s->b, text_cut(h->more, 240)), H(s->b, "</span>");
	H(s->b, "</li>");
	return 0;
}

/* No gate, or one that does not answer, is no reason to find nothing else. */
static void search_access(struct searching *s, struct buf *page)
{
	struct err e;
	if (has_role(s->q, ACCESS_ROLES) && access_search(s->q, s->words, SHOWN + 1, hit_access, s, &e) && s->n == 0)
		core_log(LOG_LEVEL_DEBUG, "console: search: %s", e.text);
	part_end(s, page, TX_SEARCH_ACCESS, 0, s->all > SHOWN);
}

/* Employees find their own. */
static int hit_report(void *arg, const struct store_contact *c)
{
	struct searching *s = arg;
	const struct slice texts[] = {c->who, c->platform, c->profile, c->firm, c->words, c->answer};
	struct slice where = SLICE_NONE;
	for (size_t i = 0; i < ARRAY_LEN(texts) && !where.n; i++)
		where = slice_ihas(texts[i], s->words) ? texts[i] : SLICE_NONE;
	if (!where.n || !take(s))
		return 0;
	H(s->b, "<li><a href=\"/report/");
	html_path(s->b, slice_of(c->ref));
	H(s->b, "\">");
	html_time(s->q, s->b, c->time);
	H(s->b, "</a> ");
	excerpt(s, where);
	H(s->b, "</li>");
	return 0;
}

static void hit_mail(void *arg, struct slice id, struct slice from, struct slice to, struct slice subject, nstime time)
{
	struct searching *s = arg;
	const struct slice texts[] = {subject, from, to, id};
	struct slice where = SLICE_NONE;
	for (size_t i = 0; i < ARRAY_LEN(texts) && !where.n; i++)
		where = slice_ihas(texts[i], s->words) ? texts[i] : SLICE_NONE;
	if (!where.n || !take(s))
		return;
	H(s->b, "<li>");
	html_time(s->q, s->b, time);
	H(s->b, " ");
	access_html_link(s->b, "/mail/", id, text_cut(subject.n ? subject : id, 240));
	if (where.p != subject.p) {
		H(s->b, " ");
		excerpt(s, where);
	}
	H(s->b, "</li>");
}

static int search_reports(struct searching *s, struct buf *page, struct err *e)
{
	bool all = has_role(s->q, ROLE_ANALYST | ROLE_ADMINISTRATOR);
	struct store_contact_want want = {.state = -1, .who = all ? SLICE_NONE : slice_of(s->q->who.name), .most = REPORTS_LOOK};
	struct err ignored;
	int rc = s->q->desk->store ? store_contacts(s->q->desk->store, &want, hit_report, s, e) : 0;
	part_end(s, page, TX_SEARCH_REPORTS, s->all, false);
	if (!rc && mail_each(s->q, hit_mail, s, &ignored))
		core_log(LOG_LEVEL_DEBUG, "console: search: %s", ignored.text);
	part_end(s, page, TX_SEARCH_HELD, s->all, false);
	return rc;
}

static void search_lessons(struct searching *s, struct buf *page)
{
	const struct lesson *v;
	size_t n = s->q->desk->lessons ? lessons_all(s->q->desk->lessons, &v) : 0;
	for (size_t i = 0; i < n; i++) {
		struct slice title = v[i].title.in[s->q->language], summary = v[i].summary.in[s->q->language];
		if ((!slice_ihas(title, s->words) && !slice_ihas(summary, s->words)) || !take(s))
			continue;
		H(s->b, "<li><a href=\"/lessons/");
		html_path(s->b, v[i].id);
		H(s->b, "\">");
		html_foreign(s->b, title);
		H(s->b, "</a></li>");
	}
	part_end(s, page, TX_SEARCH_LESSONS, s->all, false);
}

/* ---- the page ------------------------------------------------------------------------------------------------------------------------------- */

static void field(const struct request *q, struct buf *b, struct slice words)
{
	H(b, "<form method=\"get\" action=\"/search\"><p><label for=\"words\">");
	html_text(q, b, TX_SEARCH_WORDS);
	H(b, "</label><input id=\"words\" name=\"q\" type=\"search\" maxlength=\"200\" value=\"");
	html_value(b, words);
	H(b, "\"></p><p><button>");
	html_text(q, b, TX_SEARCH);
	H(b, "</button></p></form>");
}

int page_search(struct request *q, struct response *r, struct err *e)
{
	struct buf part = {0}, found = {0}, *b = &r->body;
	struct searching s = {q, &part, slice_trim(query_get(q, "q")), 0, 0};
	int rc = 0;
	r->title = TX_SEARCH;
	if (s.words.n > WORDS_MOST)
		return err_set(e, ERR_LIMIT, "%s", text_of(TX_INC_BAD_FILTER, q->language));
	html_in(q, b, "h1", TX_SEARCH);
	field(q, b, s.words);
	if (s.words.n >= WORDS_LEAST) {
		rc = search_store(&s, &found, e);
		search_access(&s, &found);
		if (!rc)
			rc = search_reports(&s, &found, e);
		search_lessons(&s, &found);
		buf_adds(b, buf_slice(&found));
		if (!found.n)
			html_in(q, b, "p class=\"empty\"", TX_SEARCH_NONE);
	} else if (s.words.n) {
		html_in(q, b, "p class=\"empty\"", TX_SEARCH_SHORT);
	}
	buf_free(&part);
	buf_free(&found);
	return rc;
}
