/* pages_session.c - logging in and out, and the first password. */
#include "console/pages.h"

/* ---- login ------------------------------------------------------------------------------------------------------------------------------------------------------- */

struct slice page_next(struct slice next)
{
	if (next.n < 1 || next.p[0] != '/' || (next.n > 1 && next.p[1] == '/') || slice_starts(next, SL("/login")) || slice_starts(next, SL("/logout")))
		return SL("/");
	for (size_t i = 0; i < next.n; i++)
		if ((unsigned char)next.p[i] <= ' ' || (unsigned char)next.p[i] >= 0x7f || strchr("\\\"<>#'", next.p[i]))
			return SL("/");
	return next;
}

static void login_form(const struct request *q, struct response *r, struct slice name, struct slice next)
{
	static const struct input user = {"name", "text", "username", TX_LOGIN_NAME, TX_NONE, false}, password = {"password", "password", "current-password", TX_LOGIN_PASSWORD, TX_NONE, false},
				  code = {"code", "text", "one-time-code", TX_LOGIN_CODE, TX_LOGIN_CODE_HELP, true};
	html_form(q, &r->body, "/login", SLICE_NONE);
	H(&r->body, "<input type=\"hidden\" name=\"next\" value=\"");
	html_value(&r->body, next);
	H(&r->body, "\">\n");
	page_input(q, &r->body, &user, name);
	page_input(q, &r->body, &password, SLICE_NONE);
	page_input(q, &r->body, &code, SLICE_NONE);
	page_button(q, &r->body, TX_LOGIN);
	H(&r->body, "<p class=\"muted\">");
	html_text(q, &r->body, TX_LOGIN_HELP);
	H(&r->body, "</p>\n");
}

static int login_page(struct request *q, struct response *r, struct err *e)
{
	struct slice next = page_next(query_get(q, "next"));
	(void)e;
	if (q->who.roles) {
		page_go(q, r, "/", SLICE_NONE);
		return 0;
	}
	r->narrow = true;
	page_title(q, r, TX_LOGIN);
	if (query_get(q, "next").n && next.n > 1) {
		H(&r->body, "<p>");
		html_text(q, &r->body, TX_LOGIN_OVER);
		H(&r->body, "</p>\n");
	}
	login_form(q, r, SLICE_NONE, next);
	return 0;
}

static void begin(struct request *q, struct response *r, const struct broker_answer *a)
{
	union { const char *in; } token = {slice_dup(q->mem, slice_of(a->token)).p};
	r->cookie = token.in;
}

static int login(struct request *q, struct response *r, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_LOGIN};
	struct broker_answer a = {.number = 0};
	struct slice name = slice_trim(form_get(q, "name")), next = page_next(form_get(q, "next"));
	ask_set(ask.id, sizeof ask.id, name);
	ask_set(ask.text, sizeof ask.text, form_get(q, "password"));
	ask_set(ask.code, sizeof ask.code, form_get(q, "code"));
	int rc = page_ask(q, &ask, &a, NULL, e);
	if (!rc) {
		begin(q, r, &a);
		r->go = next;
		return 0;
	}
	if (rc != ERR_PERM && rc != ERR_STOPPED && rc != ERR_LIMIT)
		return rc;
	r->narrow = true;
	page_title(q, r, TX_LOGIN);
	page_said_bad(q, r, rc == ERR_STOPPED ? TX_NONE : TX_LOGIN_WRONG, a.number);
	login_form(q, r, slice_to(name, 64), next);
	return 0;
}

static int logout(struct request *q, struct response *r, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_LOGOUT};
	struct broker_answer a;
	int rc = page_ask(q, &ask, &a, NULL, e);
	if (rc)
		return rc;
	r->cookie = "";
	page_go(q, r, "/login", SLICE_NONE);
	return 0;
}

/* ---- invitation ---------------------------------------------------------------------------------------------------------------------------------------------------- */

static void invite_form(const struct request *q, struct response *r, struct slice word)
{
	static const struct input password = {"password", "password", "new-password", TX_PASSWORD_NEW, TX_NONE, false},
				  again = {"again", "password", "new-password", TX_PASSWORD_AGAIN, TX_NONE, false};
	H(&r->body, "<p>");
	html_text(q, &r->body, TX_INVITED_HELP);
	H(&r->body, "</p>\n");
	html_form(q, &r->body, "/invite", SLICE_NONE);
	H(&r->body, "<input type=\"hidden\" name=\"word\" value=\"");
	html_value(&r->body, word);
	H(&r->body, "\">\n");
	page_input(q, &r->body, &password, SLICE_NONE);
	page_input(q, &r->body, &again, SLICE_NONE);
	page_button(q, &r->body, TX_INVITED);
}

static int invite_page(struct request *q, struct response *r, struct err *e)
{
	(void)e;
	r->narrow = true;
	page_title(q, r, TX_INVITED);
	invite_form(q, r, slice_to(query_get(q, "word"), 64));
	return 0;
}

static int invite(struct request *q, struct response *r, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_INVITE};
	struct broker_answer a = {.number = 0};
	struct slice word = slice_to(form_get(q, "word"), 64), password = form_get(q, "password");
	ask_set(ask.text, sizeof ask.text, word);
	ask_set(ask.code, sizeof ask.code, password);
	bool same = slice_eq(password, form_get(q, "again"));
	int rc = same ? page_ask(q, &ask, &a, NULL, e) : ERR_TYPE;
	if (!rc && *a.token) {
		begin(q, r, &a);
		q->who = a.who;
		page_go_said(q, r, "/account", SLICE_NONE, TX_SAID_PASSWORD);
	} else if (!rc) {
		page_go(q, r, "/login", SLICE_NONE);
	}
	if (!rc || (rc != ERR_PERM && rc != ERR_STOPPED && rc != ERR_RANGE && rc != ERR_SYNTAX && rc != ERR_LIMIT && rc != ERR_TYPE))
		return rc;
	r->narrow = true;
	page_title(q, r, TX_INVITED);
	page_said_bad(q, r, rc == ERR_STOPPED ? TX_NONE : rc == ERR_TYPE ? TX_PASSWORD_DIFFER : rc == ERR_PERM ? TX_INVITED_WRONG : TX_PASSWORD_WEAK, a.number);
	invite_form(q, r, word);
	return 0;
}

extern const struct route session_routes[];
const struct route session_routes[] = {
	{METHOD_GET, "/login", 0, login_page},
	{METHOD_POST, "/login", 0, login, ROUTE_SLOW},
	{METHOD_POST, "/logout", ROLE_ANY, logout},
	{METHOD_GET, "/invite", 0, invite_page},
	{METHOD_POST, "/invite", 0, invite, ROUTE_SLOW},
	{0},
};
