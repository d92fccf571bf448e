/* html.c - how pages are written: everything that is not literal goes through here and is escaped. */
#include "console/console_private.h"

#include <stdio.h>

void html_put(struct buf *b, const char *text, struct slice value)
{
	const char *at = strstr(text, "%s");
	if (!at) {
		buf_html(b, slice_of(text));
		return;
	}
	buf_html(b, slice_make(text, (size_t)(at - text)));
	buf_adds(b, value);
	buf_html(b, slice_of(at + 2));
}

void html_text(const struct request *q, struct buf *b, enum text t)
{
	buf_html(b, slice_of(text_of(t, q->language)));
}

/* "12,345", "12.345", "12,345" */
static void add_grouped(struct buf *b, uint64_t n, enum lure_language l)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf_addc(b, l == LURE_DE ? '.' : ',');
		buf_addc(b, digits[i]);
	}
}

void html_number(const struct request *q, struct buf *b, enum text t, uint64_t n)
{
	struct buf number = {0};
	add_grouped(&number, n, q->language);
	html_put(b, text_form(t, q->language, n), buf_slice(&number));
	buf_free(&number);
}

void html_with(const struct request *q, struct buf *b, enum text t, struct slice value)
{
	struct buf html = {0};
	html_foreign(&html, value);
	html_put(b, text_of(t, q->language), buf_slice(&html));
	buf_free(&html);
}

void html_foreign(struct buf *b, struct slice s)
{
	H(b, "<bdi>");
	buf_html(b, s);
	H(b, "</bdi>");
}

void html_value(struct buf *b, struct slice s)
{
	buf_html(b, s);
}

void html_path(struct buf *b, struct slice part)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < part.n; i++) {
		unsigned char c = (unsigned char)part.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
		if (plain) {
			buf_addc(b, (char)c);
		} else {
			buf_addc(b, '%');
			buf_addc(b, hex[c >> 4]);
			buf_addc(b, hex[c & 15]);
		}
	}
}

/* ---- times ------------------------------------------------------------------------------------------------------------------------------------------- */

static struct slice month_name(unsigned month)
{
	struct slice rest = slice_of(text_of(TX_MONTHS, LURE_EN)), one = SLICE_NONE;
	while (month--)
		if (!slice_cut(&rest, '|', &one))
			one = rest;
	return one;
}

void html_time(const struct request *q, struct buf *b, nstime t)
{
	char iso[40];
	if (t == NSTIME_NONE) {
		H(b, "-");
		return;
	}
	const struct zone *z = q->desk ? q->desk->zone : NULL;
	const struct civil c = civil_of(t + (z ? zone_offset_utc(z, t) * NS_SEC : 0));
	buf_addf(b, "<time datetime=\"%s\">", time_rfc3339(t, iso));
	if (q->language == LURE_DE)
		buf_addf(b, "%02u.%02u.%04d, %02u:%02u", c.day, c.month, c.year, c.hour, c.minute);
	else if (q->language == LURE_KO)
		buf_addf(b, "%04d. %u. %u. %02u:%02u", c.year, c.month, c.day, c.hour, c.minute);
	else
		buf_addf(b, "%u %.*s %04d, %02u:%02u", c.day, SLFMT(month_name(c.month)), c.year, c.hour, c.minute);
	H(b, "</time>");
}

void html_span(const struct request *q, struct buf *b, nstime d)
{
	static const struct { nstime unit; enum text text; } units[] = {{NS_DAY, TX_SPAN_DAYS}, {NS_HOUR, TX_SPAN_HOURS}, {NS_MIN, TX_SPAN_MINUTES}, {NS_SEC, TX_SPAN_SECONDS}};
	size_t i = 0;
	d = MAX(d, 0);
	while (i + 1 < ARRAY_LEN(units) && d < 2 * units[i].unit && d != units[i].unit) /* "36 hours", not "1 day" */
		i++;
	html_number(q, b, units[i].text, (uint64_t)(d / units[i].unit));
}

void html_level(const struct request *q, struct buf *b, enum level l)
{
	static const enum text names[LEVEL_COUNT] = {TX_LEVEL_INFO, TX_LEVEL_LOW, TX_LEVEL_MEDIUM, TX_LEVEL_HIGH, TX_LEVEL_CRITICAL};
	if ((unsigned)l >= LEVEL_COUNT)
		l = LEVEL_INFO;
	buf_addf(b, "<span class=\"level %s\">", level_name(l));
	html_text(q, b, names[l]);
	H(b, "</span>");
}

/* ---- forms -------------------------------------------------------------------------------------------------------------------------------------------- */

/* "/incidents/{}/note": the part instead of {}; without {} behind it. */
void html_action(struct buf *b, const char *path, struct slice part)
{
	const char *at = strstr(path, "{}");
	buf_html(b, slice_make(path, at ? (size_t)(at - path) : strlen(path)));
	html_path(b, part);
	if (at)
		buf_html(b, slice_of(at + 2));
}

static bool takes_uploads(const char *action, bool part)
{
	for (const struct route *const *table = route_tables; *table; table++)
		for (const struct route *r = *table; r->path; r++) {
			size_t n = strlen(action);
			bool same = strcmp(r->path, action) == 0 || (part && strncmp(r->path, action, n) == 0 && strcmp(r->path + n, "{}") == 0);
			if (same && r->method == METHOD_POST)
				return (r->flags & ROUTE_UPLOAD) != 0;
		}
	return false;
}

void html_form(const struct request *q, struct buf *b, const char *action, struct slice part)
{
	H(b, "<form method=\"post\" action=\"");
	html_action(b, action, part);
	H(b, "\"");
	if (takes_uploads(action, part.n > 0))
		H(b, " enctype=\"multipart/form-data\"");
	H(b, ">\n<input type=\"hidden\" name=\"csrf\" value=\"");
	html_value(b, slice_of(q->who.csrf));
	H(b, "\">\n");
}

void html_fresh(const struct request *q, struct buf *b)
{
	if (!q->who.factor) {
		H(b, "<div class=\"said warn\">");
		html_text(q, b, TX_FRESH_NONE);
		H(b, " <a href=\"/account\">");
		html_text(q, b, TX_FACTOR_ENROLL);
		H(b, "</a></div>\n");
		return;
	}
	H(b, "<p><label>");
	html_text(q, b, TX_FRESH);
	H(b, " <input name=\"fresh\" autocomplete=\"one-time-code\" maxlength=\"40\" required></label> <span class=\"hint\">");
	html_text(q, b, TX_FRESH_HELP);
	H(b, "</span></p>\n");
}

void html_said(const struct request *q, struct buf *b, bool bad, struct slice text)
{
	(void)q;
	if (!text.n)
		return;
	if (bad)
		H(b, "<div class=\"said bad\" role=\"alert\">");
	else
		H(b, "<div class=\"said good\" role=\"status\">");
	html_foreign(b, text);
	H(b, "</div>\n");
}

/* ---- pager -------------------------------------------------------------------------------------------------------------------------------------------- */

enum { PAGES_MOST = 100000 };

static uint64_t page_number(const struct request *q)
{
	uint64_t n;
	return query_number(q, "page", PAGES_MOST, &n) && n ? n : 1;
}

uint64_t page_skip(const struct request *q)
{
	return (page_number(q) - 1) * PAGE_ROWS;
}

/* The same page with the same query, but for `page`. */
static void pager_link(const struct request *q, struct buf *b, uint64_t page, enum text t, const char *rel)
{
	H(b, "<a rel=\"");
	buf_addz(b, rel);
	H(b, "\" href=\"");
	html_value(b, q->path);
	buf_addf(b, "?page=%llu", (unsigned long long)page);
	for (size_t i = 0; i < q->nquery; i++)
		if (!slice_eqz(q->query[i].name, "page") && !slice_eqz(q->query[i].name, "said")) {
			H(b, "&amp;");
			html_path(b, q->query[i].name);
			H(b, "=");
			html_path(b, q->query[i].value);
		}
	H(b, "\">");
	html_text(q, b, t);
	H(b, "</a>\n");
}

void html_pager(const struct request *q, struct buf *b, uint64_t total)
{
	uint64_t page = page_number(q), pages = total / PAGE_ROWS + (total % PAGE_ROWS != 0);
	struct buf n = {0};
	if (pages <= 1 && page == 1)
		return;
	H(b, "<nav class=\"pager\" aria-label=\"");
	html_text(q, b, TX_PAGER);
	H(b, "\">\n");
	if (page > 1)
		pager_link(q, b, page - 1, TX_PAGER_NEWER, "prev");
	H(b, "<span>");
	add_grouped(&n, page, q->language);
	html_put(b, text_of(TX_PAGER_PAGE, q->language), buf_slice(&n));
	H(b, " ");
	html_number(q, b, TX_PAGER_PAGES, pages);
	H(b, "</span>\n");
	if (page < pages)
		pager_link(q, b, page + 1, TX_PAGER_OLDER, "next");
	H(b, "</nav>\n");
	buf_free(&n);
}

void html_columns(const struct request *q, struct buf *b, const enum text *columns, size_t n)
{
	H(b, "<thead><tr>");
	for (size_t i = 0; i < n; i++) {
		H(b, "<th scope=\"col\">");
		html_text(q, b, columns[i]);
		H(b, "</th>");
	}
	H(b, "</tr></thead>");
}
