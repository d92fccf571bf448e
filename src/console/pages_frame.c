/* pages_frame.c - who may log in, what is set, and what programs ask the console about itself. */
#include "console/pages.h"

/* ---- users ------------------------------------------------------------------------------------------------------------------------------------------- */

struct row {
	struct slice name, shown, mail, team;
	uint32_t roles, disabled, factor;
	nstime last;
};

static bool take_row(struct wire *w, struct row *u)
{
	if (!w->n)
		return false;
	*u = (struct row){.name = wire_sized(w), .shown = wire_sized(w), .mail = wire_sized(w), .team = wire_sized(w)};
	u->roles = wire_u32(w);
	u->disabled = wire_u32(w);
	u->factor = wire_u32(w);
	u->last = (nstime)wire_u64(w);
	return !w->bad;
}

static void cell(const struct request *q, struct buf *b, enum text label)
{
	H(b, "<td data-label=\"");
	html_text(q, b, label);
	H(b, "\">");
}

static void add_user(const struct request *q, struct buf *b, const struct row *u)
{
	H(b, "<tr><th scope=\"row\">");
	html_foreign(b, u->name);
	H(b, "</th>");
	cell(q, b, TX_ACCOUNT_NAME);
	html_foreign(b, u->shown);
	H(b, "</td>");
	cell(q, b, TX_ACCOUNT_TEAM);
	html_foreign(b, u->team);
	H(b, "</td>");
	cell(q, b, TX_ACCOUNT_ROLES);
	page_roles(q, b, u->roles);
	H(b, "</td>");
	cell(q, b, TX_FACTOR);
	html_text(q, b, u->factor ? TX_YES : TX_NO);
	if (!u->factor && (u->roles & (ROLE_APPROVER | ROLE_ADMINISTRATOR))) {
		H(b, " <span class=\"badge warn\">");
		html_text(q, b, TX_FACTOR_MISSING);
		H(b, "</span>");
	}
	H(b, "</td>");
	cell(q, b, TX_USERS_STATE);
	html_text(q, b, u->disabled ? TX_USERS_DISABLED : TX_USERS_ACTIVE);
	H(b, "</td>");
	cell(q, b, TX_USERS_LAST);
	if (u->last == NSTIME_NONE)
		html_text(q, b, TX_NEVER);
	else
		html_time(q, b, u->last);
	H(b, "</td></tr>\n");
}

static int users(struct request *q, struct response *r, struct err *e)
{
	static const enum text names[] = {TX_LOGIN_NAME, TX_ACCOUNT_NAME, TX_ACCOUNT_TEAM, TX_ACCOUNT_ROLES, TX_FACTOR, TX_USERS_STATE, TX_USERS_LAST};
	struct broker_ask ask = {.op = BROKER_USERS};
	struct broker_answer a;
	struct slice body;
	struct row u;
	uint64_t n = 0;
	int rc = page_ask(q, &ask, &a, &body, e);
	if (rc)
		return rc;
	struct buf rows = {0};
	for (struct wire w = wire_of(body); take_row(&w, &u); n++)
		add_user(q, &rows, &u);
	page_title(q, r, TX_USERS);
	H(&r->body, "<p class=\"lead\">");
	html_text(q, &r->body, TX_USERS_HELP);
	H(&r->body, "</p>\n<table data-filter>\n<caption>");
	html_number(q, &r->body, TX_USERS_COUNT, n);
	H(&r->body, "</caption>\n");
	html_columns(q, &r->body, names, ARRAY_LEN(names));
	H(&r->body, "<tbody>\n");
	buf_adds(&r->body, buf_slice(&rows));
	H(&r->body, "</tbody>\n</table>\n");
	buf_free(&rows);
	return 0;
}

/* ---- settings ------------------------------------------------------------------------------------------------------------------------------------------ */

static int settings(struct request *q, struct response *r, struct err *e)
{
	static const enum text names[] = {TX_SETTINGS_KEY, TX_SETTINGS_VALUE};
	const struct console_options *o = q->desk->o;
	struct slice file = SLICE_NONE;
	(void)e;
	page_title(q, r, TX_SETTINGS);
	H(&r->body, "<p class=\"lead\">");
	html_text(q, &r->body, TX_SETTINGS_HELP);
	H(&r->body, "</p>\n");
	for (size_t i = 0; i < o->nfacts; i++) {
		const struct console_fact *f = &o->facts[i];
		if (!i || !slice_eq(file, f->file)) {
			if (i)
				H(&r->body, "</tbody>\n</table>\n");
			H(&r->body, "<table>\n<caption>");
			html_foreign(&r->body, f->file);
			H(&r->body, "</caption>\n");
			html_columns(q, &r->body, names, ARRAY_LEN(names));
			H(&r->body, "<tbody>\n");
			file = f->file;
		}
		H(&r->body, "<tr><th scope=\"row\"><code>");
		html_foreign(&r->body, f->key);
		H(&r->body, "</code></th>");
		cell(q, &r->body, TX_SETTINGS_VALUE);
		html_foreign(&r->body, f->value);
		H(&r->body, "</td></tr>\n");
	}
	if (o->nfacts)
		H(&r->body, "</tbody>\n</table>\n");
	return 0;
}

/* ---- for programs ----------------------------------------------------------------------------------------------------------------------------------------- */

static int me(struct request *q, struct response *r, struct err *e)
{
	static const struct { unsigned bit; const char *name; } roles[] = {{ROLE_EMPLOYEE, "employee"}, {ROLE_ANALYST, "analyst"}, {ROLE_APPROVER, "approver"},
		{ROLE_ADMINISTRATOR, "administrator"}};
	static const char *const languages[LURE_LANGUAGES] = {[LURE_EN] = "en", [LURE_DE] = "de", [LURE_KO] = "ko"};
	bool first = true;
	(void)e;
	H(&r->body, "{\"name\":");
	buf_json(&r->body, slice_of(q->who.name));
	H(&r->body, ",\"shown\":");
	buf_json(&r->body, slice_of(q->who.shown));
	H(&r->body, ",\"mail\":");
	buf_json(&r->body, slice_of(q->who.mail));
	H(&r->body, ",\"team\":");
	buf_json(&r->body, slice_of(q->who.team));
	buf_addf(&r->body, ",\"language\":\"%s\",\"factor\":%s,\"csrf\":\"%s\",\"roles\":[", languages[q->language], q->who.factor ? "true" : "false", q->who.csrf);
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (has_role(q, roles[i].bit)) {
			buf_addf(&r->body, "%s\"%s\"", first ? "" : ",", roles[i].name);
			first = false;
		}
	H(&r->body, "]}\n");
	return 0;
}

static int events(struct request *q, struct response *r, struct err *e)
{
	(void)q, (void)e;
	r->stream = true;
	r->type = "text/event-stream";
	return 0;
}

extern const struct route frame_routes[];
const struct route frame_routes[] = {
	{METHOD_GET, "/api/v1/me", ROLE_ANY, me, ROUTE_JSON},
	{METHOD_GET, "/users", ROLE_ADMINISTRATOR, users, 0, TX_USERS},
	{METHOD_GET, "/settings", ROLE_ANALYST | ROLE_APPROVER | ROLE_ADMINISTRATOR, settings, 0, TX_SETTINGS},
	{METHOD_GET, "/events", ROLE_ANY, events, ROUTE_BARE},
	{0},
};
