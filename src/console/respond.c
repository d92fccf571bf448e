/* respond.c - the frame around pages, errors, redirections. */
#include "console/console_private.h"

#include <sodium.h>
#include <stdio.h>

const char *respond_csp(void)
{
	return "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
}

/* ---- redirections ---------------------------------------------------------------------------------------------------------------------------------------- */

void page_go(struct request *q, struct response *r, const char *path, struct slice part)
{
	struct buf b = {0};
	html_action(&b, path, part);
	r->go = slice_dup(q->mem, buf_slice(&b));
	buf_free(&b);
}

/* Which text, and that we said it: a link of somebody else's does not make a page say something. */
static void said_mark(const struct request *q, enum text t, char out[static 17])
{
	uint8_t h[8], in[BROKER_TOKEN + 16] = {0};
	uint32_t n = (uint32_t)t;
	memcpy(in, q->who.csrf, BROKER_TOKEN);
	memcpy(in + BROKER_TOKEN, &n, sizeof n);
	crypto_shorthash(h, in, sizeof in, server_secret(q->desk->server));
	sodium_bin2hex(out, 17, h, sizeof h);
}

void page_go_said(struct request *q, struct response *r, const char *path, struct slice part, enum text said)
{
	char mark[17];
	struct buf b = {0};
	said_mark(q, said, mark);
	html_action(&b, path, part);
	buf_addf(&b, "%csaid=%u-%s", memchr(b.p, '?', b.n) ? '&' : '?', (unsigned)said, mark);
	r->go = slice_dup(q->mem, buf_slice(&b));
	buf_free(&b);
}

struct slice page_said(const struct request *q)
{
	struct slice rest = query_get(q, "said"), number;
	uint64_t n;
	char mark[17];
	if (!slice_cut(&rest, '-', &number) || !slice_u64(number, TEXT_COUNT - 1, &n))
		return SLICE_NONE;
	said_mark(q, (enum text)n, mark);
	return equal_secret(rest, slice_of(mark)) ? slice_of(text_of((enum text)n, q->language)) : SLICE_NONE;
}

/* ---- the frame --------------------------------------------------------------------------------------------------------------------------------------------- */

static void add_file(const struct request *q, struct buf *b, const char *name)
{
	const struct static_file *f = statics_find(server_options(q->desk->server)->statics, slice_of(name));
	buf_addf(b, "/static/%s", name);
	if (f)
		buf_addf(b, "?v=%.16s", f->tag + 1);
}

static void add_nav(const struct request *q, struct buf *b)
{
	H(b, "<nav aria-label=\"");
	html_text(q, b, TX_NAVIGATION);
	H(b, "\">\n<ul>\n");
	for (const struct route *const *table = route_tables; *table; table++)
		for (const struct route *r = *table; r->path; r++) {
			if (r->nav == TX_NONE || !has_role(q, r->roles))
				continue;
			H(b, "<li><a href=\"");
			html_value(b, slice_of(r->path));
			H(b, "\"");
			/* also for what lies below it */
			if (slice_eqz(q->path, r->path) || (r->path[1] && slice_starts(q->path, slice_of(r->path)) && q->path.p[strlen(r->path)] == '/'))
				H(b, " aria-current=\"page\"");
			H(b, ">");
			html_text(q, b, r->nav);
			H(b, "</a></li>\n");
		}
	H(b, "</ul>\n</nav>\n");
}

static void add_head(const struct request *q, const struct response *r, struct buf *b)
{
	static const char *const codes[LURE_LANGUAGES] = {[LURE_EN] = "en", [LURE_DE] = "de", [LURE_KO] = "ko"};
	buf_addf(b, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
		codes[q->language]);
	if (r->title_text.n)
		buf_html(b, r->title_text);
	else
		html_text(q, b, r->title);
	H(b, " - ");
	html_text(q, b, TX_NAME);
	H(b, "</title>\n<link rel=\"stylesheet\" href=\"");
	add_file(q, b, "style.css");
	H(b, "\">\n<link rel=\"icon\" href=\"");
	add_file(q, b, "icon.svg");
	H(b, "\">\n<script src=\"");
	add_file(q, b, "console.js");
	H(b, "\" defer></script>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">");
	html_text(q, b, TX_SKIP);
	H(b, "</a>\n");
}

/* There is only one search: its page is a route like others. */
static void add_search(const struct request *q, struct buf *b)
{
	const struct route *found = NULL;
	for (const struct route *const *table = route_tables; *table; table++)
		for (const struct route *r = *table; r->path; r++)
			if (r->method == METHOD_GET && strcmp(r->path, "/search") == 0 && has_role(q, r->roles))
				found = r;
	if (!found)
		return;
	H(b, "<form role=\"search\" action=\"/search\">\n<input type=\"search\" name=\"q\" maxlength=\"200\" aria-label=\"");
	html_text(q, b, TX_SEARCH_ALL);
	H(b, "\">\n<button type=\"submit\">");
	html_text(q, b, TX_SEARCH_GO);
	H(b, "</button>\n</form>\n");
}

static void add_header(const struct request *q, struct buf *b)
{
	H(b, "<header>\n<a class=\"brand\" href=\"/\">");
	html_text(q, b, TX_NAME);
	H(b, "</a>\n");
	if (q->who.roles) {
		add_search(q, b);
		H(b, "<div class=\"who\">\n<span>");
		html_with(q, b, TX_LOGGED_IN_AS, slice_of(*q->who.shown ? q->who.shown : q->who.name));
		H(b, "</span>\n");
		html_form(q, b, "/logout", SLICE_NONE);
		H(b, "<button type=\"submit\" class=\"plain\">");
		html_text(q, b, TX_LOGOUT);
		H(b, "</button></form>\n</div>\n");
	}
	H(b, "</header>\n");
	if (q->who.roles)
		add_nav(q, b);
}

/* This page in another language: who is invited keeps the word. */
static void add_language_link(const struct request *q, struct buf *b, const char *code)
{
	buf_addf(b, "?lang=%s", code);
	for (size_t i = 0; i < q->nquery; i++)
		if (!slice_eqz(q->query[i].name, "lang") && !slice_eqz(q->query[i].name, "said")) {
			H(b, "&amp;");
			html_path(b, q->query[i].name);
			H(b, "=");
			html_path(b, q->query[i].value);
		}
}

static void add_languages(const struct request *q, struct buf *b)
{
	static const enum text names[LURE_LANGUAGES] = {TX_LANGUAGE_EN, TX_LANGUAGE_DE, TX_LANGUAGE_KO};
	static const char *const codes[LURE_LANGUAGES] = {[LURE_EN] = "en", [LURE_DE] = "de", [LURE_KO] = "ko"};
	H(b, "<footer>\n<nav aria-label=\"");
	html_text(q, b, TX_LANGUAGE);
	H(b, "\">\n<ul class=\"languages\">\n");
	for (int l = 0; l < LURE_LANGUAGES; l++) {
		const char *current = (int)q->language == l ? " aria-current=\"true\"" : "";
		H(b, "<li>");
		if (q->who.roles) {
			html_form(q, b, "/account/language", SLICE_NONE);
			buf_addf(b, "<input type=\"hidden\" name=\"language\" value=\"%s\"><input type=\"hidden\" name=\"next\" value=\"", codes[l]);
			html_value(b, q->method == METHOD_GET ? q->path : SL("/"));
			buf_addf(b, "\"><button type=\"submit\" class=\"plain\" lang=\"%s\"%s>", codes[l], current);
			html_text(q, b, names[l]);
			H(b, "</button></form></li>\n");
			continue;
		}
		buf_addf(b, "<a hreflang=\"%s\" lang=\"%s\" href=\"", codes[l], codes[l]);
		add_language_link(q, b, codes[l]);
		buf_addf(b, "\"%s>", current);
		html_text(q, b, names[l]);
		H(b, "</a></li>\n");
	}
	H(b, "</ul>\n</nav>\n</footer>\n");
}

void respond_frame(struct request *q, struct response *r)
{
	struct buf page = {0};
	add_head(q, r, &page);
	add_header(q, &page);
	H(&page, "<main id=\"main\" tabindex=\"-1\"");
	if (r->wide || r->narrow)
		buf_addf(&page, " class=\"%s\"", r->wide ? "wide" : "narrow");
	if (r->refresh_after)
		buf_addf(&page, " data-live=\"%lld\"", (long long)r->refresh_after);
	H(&page, ">\n");
	html_said(q, &page, false, page_said(q));
	buf_adds(&page, buf_slice(&r->body));
	H(&page, "</main>\n");
	add_languages(q, &page);
	H(&page, "</body>\n</html>\n");
	buf_free(&r->body);
	r->body = page;
}

/* ---- errors --------------------------------------------------------------------------------------------------------------------------------------------------- */

static const struct { unsigned status; enum text title, help; } errors[] = {
	{400, TX_ERROR_400, TX_NONE}, {401, TX_ERROR_401, TX_NONE}, {403, TX_ERROR_403, TX_ERROR_ROLE_HELP}, {404, TX_ERROR_404, TX_ERROR_404_HELP}, {405, TX_ERROR_405, TX_NONE},
	{409, TX_ERROR_409, TX_NONE}, {413, TX_ERROR_413, TX_NONE}, {415, TX_ERROR_415, TX_NONE}, {419, TX_ERROR_FORM, TX_ERROR_FORM_HELP}, {429, TX_ERROR_429, TX_NONE},
	{503, TX_ERROR_503, TX_ERROR_503_HELP}, {0, TX_ERROR_REFUSED, TX_NONE}, {500, TX_ERROR_500, TX_ERROR_500_HELP},
};

static void add_json(const struct request *q, struct response *r, enum text title, struct slice why)
{
	buf_addf(&r->body, "{\"error\":{\"status\":%u,\"title\":", r->status);
	buf_json(&r->body, slice_of(text_of(title, q->language)));
	H(&r->body, ",\"text\":");
	buf_json(&r->body, why);
	H(&r->body, "}}\n");
	r->type = "application/json";
}

/* 419: 403, because of the form. */
void respond_error(struct request *q, struct response *r, unsigned status, struct slice why)
{
	size_t i = 0;
	while (i + 1 < ARRAY_LEN(errors) && errors[i].status != status)
		i++;
	if (errors[i].status == 403 && why.n) /* not because of the role: a page, or the broker, says why */
		while (errors[i].title != TX_ERROR_REFUSED)
			i++;
	buf_free(&r->body);
	*r = (struct response){.status = status == 419 ? 403 : status, .title = errors[i].title};
	struct slice help = slice_of(text_of(errors[i].help, q->language));
	if ((q->route && (q->route->flags & ROUTE_JSON)) || slice_starts(q->path, SL("/api/"))) {
		add_json(q, r, errors[i].title, why.n ? why : help);
		return;
	}
	H(&r->body, "<h1>");
	html_text(q, &r->body, errors[i].title);
	H(&r->body, "</h1>\n");
	if (why.n) {
		html_said(q, &r->body, true, why);
	}
	if (help.n) {
		H(&r->body, "<p>");
		buf_html(&r->body, help);
		H(&r->body, "</p>\n");
	}
	H(&r->body, "<p><a href=\"/\">");
	html_text(q, &r->body, TX_BACK_HOME);
	H(&r->body, "</a></p>\n");
	respond_frame(q, r);
}
