/* pages_incidents.c - the list of incidents. */
#include "console/incidents.h"

#include <stdio.h>

enum { TEXT_MOST = 200, TITLE_SHOWN = 240 };

static const struct { const char *name; enum store_order order; enum text text; } orders[] = {
	{"changed", STORE_CHANGED, TX_INC_BY_CHANGE}, {"worst", STORE_WORST, TX_INC_BY_LEVEL}, {"newest", STORE_NEWEST, TX_INC_BY_OPENED},
};
static const struct { const char *name; int status; enum text text; } statuses[] = {
	{"open", INCIDENT_OPEN, TX_INC_OPEN}, {"closed", INCIDENT_CLOSED, TX_INC_CLOSED}, {"false-positive", INCIDENT_FALSE, TX_INC_FALSE}, {"merged", INCIDENT_MERGED, TX_INC_MERGED},
	{"all", -1, TX_INC_ANY},
};
static const char *const kinds[] = {"side-door", "lure", "intrusion", "suspicion"};

/* ---- what was asked for ------------------------------------------------------------------------------------------------------------- */

/* "2026-11-24" as that day begins where the organisation is; false: no such day. */
static bool day_of(const struct request *q, struct slice s, nstime *out)
{
	uint64_t y, m, d;
	int ry;
	unsigned rm, rd;
	if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' || !slice_u64(slice_to(s, 4), 2200, &y) || !slice_u64(slice_make(s.p + 5, 2), 12, &m) ||
	    !slice_u64(slice_make(s.p + 8, 2), 31, &d) || y < 1970 || !m || !d)
		return false;
	int64_t days = days_from_civil((int64_t)y, (unsigned)m, (unsigned)d);
	civil_from_days(days, &ry, &rm, &rd);
	*out = days * NS_DAY - org_utc_offset(q->desk->o->org, days * NS_DAY) * NS_SEC;
	return rd == d;
}

static int wrong(const struct request *q, struct err *e, const char *name)
{
	return err_set(e, ERR_SYNTAX, "%s: %s", name, text_of(TX_INC_BAD_FILTER, q->language));
}

/* A word of the query among names; which: where it stands, unchanged when it is not given. */
static bool choice(const struct request *q, const char *name, const char *const *names, size_t stride, size_t n, size_t *which)
{
	struct slice v = query_get(q, name);
	if (!v.n)
		return true;
	for (size_t i = 0; i < n; i++)
		if (slice_eqz(v, *(const char *const *)((const char *)names + i * stride))) {
			*which = i;
			return true;
		}
	return false;
}

static int read_filter(const struct request *q, struct store_browse *f, struct err *e)
{
	size_t status = 0, order = 0, kind = ARRAY_LEN(kinds);
	struct slice level = query_get(q, "level"), since = query_get(q, "since"), until = query_get(q, "until");
	*f = (struct store_browse){.since = INT64_MIN, .until = INT64_MAX, .skip = page_skip(q), .most = PAGE_ROWS, .text = slice_trim(query_get(q, "q"))};
	if (!choice(q, "status", &statuses[0].name, sizeof statuses[0], ARRAY_LEN(statuses), &status))
		return wrong(q, e, "status");
	if (!choice(q, "order", &orders[0].name, sizeof orders[0], ARRAY_LEN(orders), &order))
		return wrong(q, e, "order");
	if (!choice(q, "kind", kinds, sizeof kinds[0], ARRAY_LEN(kinds), &kind))
		return wrong(q, e, "kind");
	if (level.n && !level_parse(level, &f->level))
		return wrong(q, e, "level");
	if (since.n && !day_of(q, since, &f->since))
		return wrong(q, e, "since");
	if (until.n && !day_of(q, until, &f->until))
		return wrong(q, e, "until");
	if (until.n)
		f->until += NS_DAY;
	if (f->text.n > TEXT_MOST)
		return wrong(q, e, "q");
	f->status = statuses[status].status;
	f->order = orders[order].order;
	f->kind = kind < ARRAY_LEN(kinds) ? slice_of(kinds[kind]) : SLICE_NONE;
	return 0;
}

/* ---- the form ------------------------------------------------------------------------------------------------------------------------- */

static void select_begin(const struct request *q, struct buf *b, const char *name, enum text label)
{
	buf_addf(b, "<p><label for=\"f-%s\">", name);
	html_text(q, b, label);
	buf_addf(b, "</label><select id=\"f-%s\" name=\"%s\">", name, name);
}

static void input(const struct request *q, struct buf *b, const char *name, const char *type, enum text label)
{
	buf_addf(b, "<p><label for=\"f-%s\">", name);
	html_text(q, b, label);
	buf_addf(b, "</label><input id=\"f-%s\" name=\"%s\" type=\"%s\" value=\"", name, name, type);
	html_value(b, query_get(q, name));
	H(b, "\"></p>");
}

static void filter_form(const struct request *q, struct buf *b, const struct store_browse *f)
{
	static const enum text levels[LEVEL_COUNT] = {TX_INC_ANY_LEVEL, TX_INC_FROM_LOW, TX_INC_FROM_MEDIUM, TX_INC_FROM_HIGH, TX_INC_FROM_CRITICAL};
	H(b, "<form class=\"filters\" method=\"get\" action=\"/incidents\">");
	select_begin(q, b, "status", TX_INC_STATUS);
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		html_option(q, b, statuses[i].name, statuses[i].status == f->status, statuses[i].text);
	H(b, "</select></p>");
	select_begin(q, b, "level", TX_INC_LEVEL);
	for (int l = 0; l < LEVEL_COUNT; l++)
		html_option(q, b, level_name((enum level)l), (int)f->level == l, levels[l]);
	H(b, "</select></p>");
	select_begin(q, b, "kind", TX_INC_KIND);
	html_option(q, b, "", !f->kind.n, TX_INC_ANY);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		html_option(q, b, kinds[i], slice_eqz(f->kind, kinds[i]), incident_kind_words(slice_of(kinds[i])));
	H(b, "</select></p>");
	select_begin(q, b, "order", TX_INC_ORDER);
	for (size_t i = 0; i < ARRAY_LEN(orders); i++)
		html_option(q, b, orders[i].name, orders[i].order == f->order, orders[i].text);
	H(b, "</select></p>");
	input(q, b, "q", "search", TX_INC_WORDS);
	input(q, b, "since", "date", TX_INC_SINCE);
	input(q, b, "until", "date", TX_INC_UNTIL);
	H(b, "<p><button>");
	html_text(q, b, TX_INC_FILTER);
	H(b, "</button></p></form>");
}

/* ---- the table -------------------------------------------------------------------------------------------------------------------------- */

struct listing {
	const struct request *q;
	struct buf *b;
	size_t n;
};

static int tell(void *arg, const struct store_incident *x)
{
	struct listing *l = arg;
	const struct request *q = l->q;
	struct buf *b = l->b;
	enum text kind = incident_kind_words(x->kind);
	l->n++;
	H(b, "<tr>");
	html_cell(q, b, TX_INC_LEVEL);
	html_level(q, b, x->level);
	H(b, "</td>");
	html_cell(q, b, TX_INC_TITLE);
	html_incident_link(q, b, x->id, x->title);
	H(b, "</td>");
	html_cell(q, b, TX_INC_KIND);
	if (kind != TX_NONE)
		html_text(q, b, kind);
	H(b, "</td>");
	html_cell(q, b, TX_INC_STATUS);
	html_incident_status(q, b, x->status);
	H(b, "</td>");
	html_cell(q, b, TX_INC_CHANGED);
	html_time(q, b, x->updated);
	H(b, "</td><td class=\"number\" data-label=\"");
	html_value(b, slice_of(text_of(TX_INC_FINDINGS, q->language)));
	H(b, "\">");
	html_count(b, x->findings);
	H(b, "</td></tr>");
	return 0;
}

int page_incidents(struct request *q, struct response *r, struct err *e)
{
	static const enum text columns[] = {TX_INC_LEVEL, TX_INC_TITLE, TX_INC_KIND, TX_INC_STATUS, TX_INC_CHANGED, TX_INC_FINDINGS};
	struct store *s = page_store(q, e);
	struct store_browse f;
	struct buf rows = {0}, *b = &r->body;
	struct listing l = {q, &rows, 0};
	struct store_levels levels = {0};
	uint64_t total = 0;
	r->title = TX_INCIDENTS;
	r->wide = true;
	if (!s) {
		html_no_state(q, b, TX_INCIDENTS);
		return 0;
	}
	int rc = read_filter(q, &f, e);
	if (!rc)
		rc = store_browse(s, &f, tell, &l, &total, e);
	if (!rc)
		rc = store_levels(s, &levels, e);
	if (!rc) {
		html_in(q, b, "h1", TX_INCIDENTS);
		filter_form(q, b, &f);
		H(b, "<table><caption>");
		html_number(q, b, TX_INC_COUNT, total);
		H(b, "</caption>");
		html_columns(q, b, columns, ARRAY_LEN(columns));
		H(b, "<tbody>");
		buf_adds(b, buf_slice(&rows));
		H(b, "</tbody></table>");
		if (!l.n)
			html_in(q, b, "p class=\"empty\"", TX_INC_EMPTY);
		html_pager(q, b, total);
		r->refresh_after = levels.newest;
	}
	buf_free(&rows);
	return rc;
}

/* ---- API ---------------------------------------------------------------------------------------------------------------------------------- */

static int tell_json(void *arg, const struct store_incident *x)
{
	struct listing *l = arg;
	buf_addz(l->b, l->n++ ? "," : "");
	api_row(l->b, x);
	return 0;
}

int api_incidents(struct request *q, struct response *r, struct err *e)
{
	struct store *s = page_store(q, e);
	struct store_browse f;
	struct listing l = {q, &r->body, 0};
	uint64_t total = 0;
	int rc = read_filter(q, &f, e);
	if (rc)
		return rc;
	buf_addz(&r->body, "{\"incidents\":[");
	if (s)
		rc = store_browse(s, &f, tell_json, &l, &total, e);
	buf_addf(&r->body, "],\"total\":%llu,\"skipped\":%llu}\n", (unsigned long long)total, (unsigned long long)f.skip);
	return rc;
}
