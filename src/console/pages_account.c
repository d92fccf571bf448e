/* pages_account.c - what everybody sets for himself: language, password, second factor. */
#include "console/pages.h"

#include <sodium.h>

/* ---- the page -------------------------------------------------------------------------------------------------------------------------------------------------- */

static void row(const struct request *q, struct buf *b, enum text name, struct slice value)
{
	if (!value.n)
		return;
	H(b, "<dt>");
	html_text(q, b, name);
	H(b, "</dt><dd>");
	html_foreign(b, value);
	H(b, "</dd>\n");
}

static void add_who(const struct request *q, struct buf *b)
{
	H(b, "<dl>\n");
	row(q, b, TX_LOGIN_NAME, slice_of(q->who.name));
	row(q, b, TX_ACCOUNT_NAME, slice_of(q->who.shown));
	row(q, b, TX_ACCOUNT_MAIL, slice_of(q->who.mail));
	row(q, b, TX_ACCOUNT_TEAM, slice_of(q->who.team));
	H(b, "<dt>");
	html_text(q, b, TX_ACCOUNT_ROLES);
	H(b, "</dt><dd>");
	page_roles(q, b, q->who.roles);
	H(b, "</dd>\n</dl>\n");
}

static void add_language(const struct request *q, struct buf *b)
{
	static const enum text names[LURE_LANGUAGES] = {TX_LANGUAGE_EN, TX_LANGUAGE_DE, TX_LANGUAGE_KO};
	static const char *const codes[LURE_LANGUAGES] = {[LURE_EN] = "en", [LURE_DE] = "de", [LURE_KO] = "ko"};
	page_section(q, b, TX_LANGUAGE);
	html_form(q, b, "/account/language", SLICE_NONE);
	H(b, "<p><label for=\"f-language\">");
	html_text(q, b, TX_LANGUAGE);
	H(b, "</label> <select id=\"f-language\" name=\"language\">\n");
	for (int l = 0; l < LURE_LANGUAGES; l++) {
		buf_addf(b, "<option value=\"%s\" lang=\"%s\"%s>", codes[l], codes[l], (int)q->language == l ? " selected" : "");
		html_text(q, b, names[l]);
		H(b, "</option>\n");
	}
	H(b, "</select></p>\n");
	page_button(q, b, TX_LANGUAGE_SET);
	H(b, "</section>\n");
}

static void add_password(const struct request *q, struct buf *b)
{
	static const struct input old = {"old", "password", "current-password", TX_PASSWORD_OLD, TX_NONE, false},
				  new = {"password", "password", "new-password", TX_PASSWORD_NEW, TX_NONE, false},
				  again = {"again", "password", "new-password", TX_PASSWORD_AGAIN, TX_NONE, false};
	page_section(q, b, TX_PASSWORD_CHANGE);
	html_form(q, b, "/account/password", SLICE_NONE);
	page_input(q, b, &old, SLICE_NONE);
	page_input(q, b, &new, SLICE_NONE);
	page_input(q, b, &again, SLICE_NONE);
	page_button(q, b, TX_PASSWORD_CHANGE);
	H(b, "</section>\n");
}

static void paragraph(const struct request *q, struct buf *b, enum text t)
{
	H(b, "<p>");
	html_text(q, b, t);
	H(b, "</p>\n");
}

static void add_factor(const struct request *q, struct buf *b)
{
	static const struct input password = {"password", "password", "current-password", TX_LOGIN_PASSWORD, TX_NONE, false, "factor-password"};
	page_section(q, b, TX_FACTOR);
	if (q->who.factor) {
		paragraph(q, b, TX_FACTOR_HAVE);
		paragraph(q, b, TX_FACTOR_LOST);
		H(b, "</section>\n");
		return;
	}
	paragraph(q, b, TX_FACTOR_NONE);
	if (has_role(q, ROLE_APPROVER | ROLE_ADMINISTRATOR)) {
		H(b, "<div class=\"said warn\">");
		html_text(q, b, TX_FACTOR_NEEDED);
		H(b, "</div>\n");
	}
	paragraph(q, b, TX_FACTOR_HOW);
	html_form(q, b, "/account/factor", SLICE_NONE);
	page_input(q, b, &password, SLICE_NONE);
	page_button(q, b, TX_FACTOR_ENROLL);
	H(b, "</section>\n");
}

static int account(struct request *q, struct response *r, struct err *e)
{
	(void)e;
	page_title(q, r, TX_ACCOUNT);
	add_who(q, &r->body);
	add_factor(q, &r->body);
	add_password(q, &r->body);
	add_language(q, &r->body);
	return 0;
}

/* The page again, with what went wrong. */
static int again(struct request *q, struct response *r, enum text t, int64_t wait)
{
	page_title(q, r, TX_ACCOUNT);
	page_said_bad(q, r, t, wait);
	add_factor(q, &r->body);
	add_password(q, &r->body);
	return 0;
}

/* ---- language, password ------------------------------------------------------------------------------------------------------------------------------------------ */

static int set_language(struct request *q, struct response *r, struct err *e)
{
	enum lure_language none = LURE_LANGUAGES, l = request_language(form_get(q, "language"), none);
	struct broker_ask ask = {.op = BROKER_LANGUAGE, .number = (int64_t)l};
	struct broker_answer a;
	int rc = page_ask(q, &ask, &a, NULL, e);
	if (!rc)
		q->language = l;
	if (!rc && form_get(q, "next").n) /* from the foot of a page: the page itself tells */
		r->go = page_next(form_get(q, "next"));
	else if (!rc)
		page_go_said(q, r, "/account", SLICE_NONE, TX_SAID_LANGUAGE);
	return rc;
}

static int set_password(struct request *q, struct response *r, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_PASSWORD};
	struct broker_answer a = {.number = 0};
	struct slice new = form_get(q, "password");
	if (!slice_eq(new, form_get(q, "again")))
		return again(q, r, TX_PASSWORD_DIFFER, 0);
	ask_set(ask.code, sizeof ask.code, form_get(q, "old"));
	ask_set(ask.text, sizeof ask.text, new);
	int rc = page_ask(q, &ask, &a, NULL, e);
	if (rc == ERR_RANGE || rc == ERR_SYNTAX || rc == ERR_LIMIT)
		return again(q, r, TX_PASSWORD_WEAK, 0);
	if (rc == ERR_PERM || rc == ERR_STOPPED)
		return again(q, r, rc == ERR_PERM ? TX_LOGIN_WRONG : TX_NONE, a.number);
	if (rc)
		return rc;
	r->cookie = slice_dup(q->mem, slice_of(a.token)).p;
	q->who = a.who;
	page_go_said(q, r, "/account", SLICE_NONE, TX_SAID_PASSWORD);
	return 0;
}

/* ---- second factor ------------------------------------------------------------------------------------------------------------------------------------------------ */

static void confirm_form(const struct request *q, struct buf *b)
{
	static const struct input one = {"code", "text", "off", TX_FACTOR_CODE1, TX_NONE, false}, two = {"next", "text", "off", TX_FACTOR_CODE2, TX_NONE, false};
	paragraph(q, b, TX_FACTOR_PROVE);
	html_form(q, b, "/account/factor/confirm", SLICE_NONE);
	page_input(q, b, &one, SLICE_NONE);
	page_input(q, b, &two, SLICE_NONE);
	page_button(q, b, TX_FACTOR_CONFIRM);
}

/* Secret of an otpauth URI, in groups of four. */
static void add_secret(struct buf *b, struct slice uri)
{
	ssize_t at = slice_find(uri, SL("secret="));
	struct slice secret = at < 0 ? SLICE_NONE : slice_from(uri, (size_t)at + 7), head;
	if (slice_cut(&secret, '&', &head))
		secret = head;
	for (size_t i = 0; i < secret.n; i++) {
		if (i && i % 4 == 0)
			buf_addc(b, ' ');
		buf_html(b, slice_make(secret.p + i, 1));
	}
}

static int enroll(struct request *q, struct response *r, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_ENROLL};
	struct broker_answer a = {.number = 0};
	struct slice uri;
	ask_set(ask.code, sizeof ask.code, form_get(q, "password"));
	int rc = page_ask(q, &ask, &a, &uri, e);
	if (rc == ERR_PERM || rc == ERR_STOPPED)
		return again(q, r, rc == ERR_PERM ? TX_LOGIN_WRONG : TX_NONE, a.number);
	if (rc)
		return rc;
	page_title(q, r, TX_FACTOR_ENROLL);
	paragraph(q, &r->body, TX_FACTOR_SCAN);
	page_qr(q, &r->body, uri);
	H(&r->body, "<dl><dt>");
	html_text(q, &r->body, TX_FACTOR_SECRET);
	H(&r->body, "</dt><dd><code>");
	add_secret(&r->body, uri);
	H(&r->body, "</code></dd></dl>\n<p><code class=\"uri\">");
	buf_html(&r->body, uri);
	H(&r->body, "</code></p>\n");
	confirm_form(q, &r->body);
	return 0;
}

static int confirm(struct request *q, struct response *r, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_CONFIRM};
	struct broker_answer a;
	struct slice codes, one;
	ask_set(ask.code, sizeof ask.code, form_get(q, "code"));
	ask_set(ask.text, sizeof ask.text, form_get(q, "next"));
	int rc = page_ask(q, &ask, &a, &codes, e);
	if (rc == ERR_RANGE || rc == ERR_LIMIT) {
		page_title(q, r, TX_FACTOR_ENROLL);
		page_said_bad(q, r, TX_FACTOR_WRONG, 0);
		confirm_form(q, &r->body);
		return 0;
	}
	if (rc)
		return rc;
	q->who.factor = 1;
	page_title(q, r, TX_FACTOR_RECOVERY);
	paragraph(q, &r->body, TX_FACTOR_RECOVERY_HELP);
	H(&r->body, "<ul class=\"codes\">\n");
	while (slice_cut(&codes, '\n', &one)) {
		H(&r->body, "<li><code>");
		buf_html(&r->body, one);
		H(&r->body, "</code></li>\n");
	}
	H(&r->body, "</ul>\n<p><a href=\"/account\">");
	html_text(q, &r->body, TX_ACCOUNT);
	H(&r->body, "</a></p>\n");
	return 0;
}

extern const struct route account_routes[];
const struct route account_routes[] = {
	{METHOD_GET, "/account", ROLE_ANY, account, 0, TX_ACCOUNT},
	{METHOD_POST, "/account/language", ROLE_ANY, set_language},
	{METHOD_POST, "/account/password", ROLE_ANY, set_password, ROUTE_SLOW},
	{METHOD_POST, "/account/factor", ROLE_ANY, enroll, ROUTE_SLOW},
	{METHOD_POST, "/account/factor/confirm", ROLE_ANY, confirm, ROUTE_SLOW},
	{0},
};
