/* pages_access.c - /access: what waits for a decision, who is in now, what is open, who the providers are. And its JSON. */
#include "console/pages_access.h"

#include <stdlib.h>

/* ---- what to show ------------------------------------------------------------------------------------------------------------------------------ */

struct chosen {
	const struct gate_grant **v;
	size_t n;
};

typedef bool choice(const struct gate_grant *x, nstime now);

static bool holds(const struct gate_grant *x, nstime now)
{
	enum access_standing s = access_standing(x, now);
	return s == STANDING_OPEN || s == STANDING_COMING;
}

static bool over(const struct gate_grant *x, nstime now)
{
	return !holds(x, now) && !access_waits(x, now);
}

static const struct list {
	const char *name;
	choice *fn;
	enum text title, caption, empty;
} lists[] = {
	{"waiting", access_waits, TX_ACCESS_WAITING, TX_ACCESS_WAITING_CAPTION, TX_ACCESS_NOTHING_WAITS},
	{"open", holds, TX_ACCESS_OPEN_TITLE, TX_ACCESS_OPEN_CAPTION, TX_ACCESS_NOTHING_OPEN},
	{"earlier", over, TX_ACCESS_EARLIER, TX_ACCESS_EARLIER_CAPTION, TX_ACCESS_NOTHING_EARLIER},
};
enum { LIST_WAITING, LIST_OPEN, LIST_EARLIER };

/* Newest first. */
static struct chosen choose(struct request *q, const struct access_gate *g, choice *fn)
{
	struct chosen c = {arena_alloc(q->mem, (g->policy.ngrants + 1) * sizeof *c.v), 0};
	for (size_t i = g->policy.ngrants; i-- > 0;)
		if (fn(&g->policy.grants[i], q->now))
			c.v[c.n++] = &g->policy.grants[i];
	return c;
}

static void heading(const struct request *q, struct buf *b, const char *id, enum text title)
{
	H(b, "<section aria-labelledby=\"");
	buf_addz(b, id);
	H(b, "\">\n<h2 id=\"");
	buf_addz(b, id);
	H(b, "\">");
	html_text(q, b, title);
	H(b, "</h2>\n");
}

static void nothing(const struct request *q, struct buf *b, enum text t)
{
	H(b, "<p class=\"empty\">");
	html_text(q, b, t);
	H(b, "</p>\n");
}

/* Its newest rows, and where the others are; or, alone, a page of it. */
static void grants(struct request *q, struct buf *b, const struct access_gate *g, const struct list *l, bool alone)
{
	struct chosen c = choose(q, g, l->fn);
	size_t skip = alone ? (size_t)MIN(page_skip(q), (uint64_t)c.n) : 0;
	heading(q, b, l->name, l->title);
	if (c.n)
		access_html_grants(q, b, g, c.v + skip, MIN(c.n - skip, (size_t)PAGE_ROWS), l->caption);
	else
		nothing(q, b, l->empty);
	if (alone) {
		html_pager(q, b, c.n);
	} else if (c.n > PAGE_ROWS) {
		buf_addf(b, "<p><a href=\"/access?list=%s\">", l->name);
		html_number(q, b, TX_ACCESS_ALL_GRANTS, c.n);
		H(b, "</a></p>\n");
	}
	H(b, "</section>\n");
}

/* ---- providers ------------------------------------------------------------------------------------------------------------------------------------ */

struct counts { size_t persons, open; };

/* Of each provider, in its place. */
static struct counts *count_all(struct request *q, const struct access_gate *g)
{
	struct counts *v = arena_alloc(q->mem, (g->policy.nproviders + 1) * sizeof *v);
	memset(v, 0, (g->policy.nproviders + 1) * sizeof *v);
	for (size_t i = 0; i < g->policy.npersons; i++) {
		const struct gate_provider *p = access_provider(g, g->policy.persons[i].provider);
		if (p)
			v[p - g->policy.providers].persons++;
	}
	for (size_t i = 0; i < g->policy.ngrants; i++) {
		const struct gate_provider *p = access_standing(&g->policy.grants[i], q->now) == STANDING_OPEN ? access_provider(g, access_grant_provider(g, &g->policy.grants[i])) : NULL;
		if (p)
			v[p - g->policy.providers].open++;
	}
	return v;
}

void access_html_provider_state(const struct request *q, struct buf *b, const struct gate_provider *p)
{
	bool out = p->until != NSTIME_NONE && p->until <= q->now, bad = p->state == GATE_SUSPENDED;
	buf_addf(b, "<span class=\"badge %s\">", bad ? "bad" : out ? "warn" : "good");
	html_text(q, b, bad ? TX_ACCESS_SUSPENDED : out ? TX_ACCESS_CONTRACT_OVER : TX_ACCESS_ACTIVE);
	H(b, "</span>");
}

static void number_cell(const struct request *q, struct buf *b, enum text label, uint64_t n)
{
	H(b, "<td class=\"number\" data-label=\"");
	html_value(b, slice_of(text_of(label, q->language)));
	buf_addf(b, "\">%llu</td>", (unsigned long long)n);
}

static void providers(struct request *q, struct buf *b, const struct access_gate *g)
{
	const struct counts *counts = count_all(q, g);
	static const enum text columns[] = {TX_ACCESS_PROVIDER, TX_ACCESS_STATE, TX_ACCESS_PERSONS, TX_ACCESS_OPEN_GRANTS, TX_ACCESS_CONTRACT};
	H(b, "<table>\n<caption>");
	html_text(q, b, TX_ACCESS_PROVIDERS_CAPTION);
	H(b, "</caption>\n");
	html_columns(q, b, columns, ARRAY_LEN(columns));
	H(b, "<tbody>\n");
	for (size_t i = 0; i < g->policy.nproviders; i++) {
		const struct gate_provider *p = &g->policy.providers[i];
		H(b, "<tr><th scope=\"row\">");
		access_html_link(b, "/access/providers/", p->id, p->name);
		H(b, "</th><td data-label=\"");
		html_value(b, slice_of(text_of(TX_ACCESS_STATE, q->language)));
		H(b, "\">");
		access_html_provider_state(q, b, p);
		H(b, "</td>");
		number_cell(q, b, TX_ACCESS_PERSONS, counts[i].persons);
		number_cell(q, b, TX_ACCESS_OPEN_GRANTS, counts[i].open);
		H(b, "<td data-label=\"");
		html_value(b, slice_of(text_of(TX_ACCESS_CONTRACT, q->language)));
		H(b, "\">");
		html_time(q, b, p->until);
		H(b, "</td></tr>\n");
	}
	H(b, "</tbody></table>\n");
}

/* ---- the page -------------------------------------------------------------------------------------------------------------------------------------- */

void access_head(struct request *q, struct response *r, enum text title, struct slice of)
{
	struct buf text = {0};
	buf_addz(&text, text_of(title, q->language));
	if (of.n) {
		buf_addc(&text, ' ');
		buf_adds(&text, of);
	}
	r->title = title;
	r->title_text = slice_dup(q->mem, buf_slice(&text));
	H(&r->body, "<h1>");
	html_foreign(&r->body, r->title_text);
	H(&r->body, "</h1>\n");
	buf_free(&text);
}

int access_said(struct request *q, struct response *r, const char *bad, int code)
{
	r->status = code == ERR_PERM ? 403 : code == ERR_STOPPED || code == ERR_DUP ? 409 : code == ERR_IO || code == ERR_NOMEM ? 500 : 400;
	html_said(q, &r->body, true, slice_of(bad));
	return 0;
}

static int no_gate(struct request *q, struct response *r)
{
	H(&r->body, "<p class=\"empty\">");
	html_text(q, &r->body, TX_ACCESS_NO_GATE);
	H(&r->body, "</p>\n<pre><code>postern provider add ID --name NAME\npostern init gate</code></pre>\n");
	return 0;
}

/* One list alone, a page at a time. */
static int list_page(struct request *q, struct response *r, const struct access_gate *g, const struct list *l)
{
	struct buf *b = &r->body;
	grants(q, b, g, l, true);
	if (g->left_out && l == &lists[LIST_EARLIER]) {
		H(b, "<p class=\"muted\">");
		html_number(q, b, TX_ACCESS_LEFT_OUT, g->left_out);
		H(b, "</p>\n");
	}
	H(b, "<p><a href=\"/access\">");
	html_text(q, b, TX_ACCESS_TITLE);
	H(b, "</a></p>\n");
	return 0;
}

static int access_page(struct request *q, struct response *r, struct err *e)
{
	struct access_gate g;
	struct buf *b = &r->body;
	int rc = access_load(q, SLICE_NONE, &g, e);
	access_head(q, r, TX_ACCESS_TITLE, SLICE_NONE);
	r->wide = true;
	r->refresh_after = q->now;
	if (rc)
		return rc == ERR_NOENT ? no_gate(q, r) : rc;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (slice_eqz(query_get(q, "list"), lists[i].name))
			return list_page(q, r, &g, &lists[i]);
	grants(q, b, &g, &lists[LIST_WAITING], false);
	heading(q, b, "live", TX_ACCESS_LIVE);
	if (g.nlive)
		access_html_sessions(q, b, g.live, g.nlive, TX_ACCESS_LIVE_CAPTION, true);
	else
		nothing(q, b, TX_ACCESS_NOBODY_IN);
	H(b, "<p><a href=\"/sessions\">");
	html_text(q, b, TX_ACCESS_ALL_SESSIONS);
	H(b, "</a></p>\n</section>\n");
	grants(q, b, &g, &lists[LIST_OPEN], false);
	heading(q, b, "providers", TX_ACCESS_PROVIDERS);
	if (g.policy.nproviders)
		providers(q, b, &g);
	else
		no_gate(q, r);
	H(b, "</section>\n");
	grants(q, b, &g, &lists[LIST_EARLIER], false);
	return 0;
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------------------------------------------- */

static int access_api(struct request *q, struct response *r, struct err *e)
{
	struct access_gate g;
	struct buf *b = &r->body;
	int rc = access_load(q, SLICE_NONE, &g, e);
	if (rc && rc != ERR_NOENT)
		return rc;
	r->type = "application/json";
	buf_addf(b, "{\"gate\":%s,\"grants\":[", rc ? "false" : "true");
	for (size_t i = g.policy.ngrants, first = 1; !rc && i-- > 0;)
		if (!over(&g.policy.grants[i], q->now)) {
			buf_addz(b, first ? "" : ",");
			access_json_grant(q, b, &g, &g.policy.grants[i]);
			first = 0;
		}
	H(b, "],\"sessions\":[");
	for (size_t i = 0; !rc && i < g.nlive; i++) {
		buf_addz(b, i ? "," : "");
		access_json_session(b, &g.live[i]);
	}
	H(b, "],\"providers\":[");
	for (size_t i = 0; !rc && i < g.policy.nproviders; i++) {
		buf_addz(b, i ? ",{\"id\":" : "{\"id\":");
		buf_json(b, g.policy.providers[i].id);
		H(b, ",\"name\":");
		buf_json(b, g.policy.providers[i].name);
		buf_addf(b, ",\"suspended\":%s,\"reason\":", g.policy.providers[i].state == GATE_SUSPENDED ? "true" : "false");
		buf_json(b, g.policy.providers[i].reason);
		access_json_time(b, "until", g.policy.providers[i].until);
		H(b, "}");
	}
	H(b, "]}");
	return 0;
}

static int grant_api(struct request *q, struct response *r, struct err *e)
{
	struct access_gate g;
	int rc = access_load(q, q->arg[0], &g, e);
	const struct gate_grant *x = rc ? NULL : access_grant(&g, q->arg[0]);
	if (rc)
		return rc;
	if (!x)
		return err_set(e, ERR_NOENT, "%s", text_of(TX_ACCESS_NO_SUCH_GRANT, q->language));
	r->type = "application/json";
	access_json_grant(q, &r->body, &g, x);
	r->body.n--; /* the history goes inside */
	access_json_words(&r->body, &g);
	H(&r->body, "}");
	return 0;
}

extern const struct route access_routes[]; /* routes.c */
const struct route access_routes[] = {
	{METHOD_GET, "/access", ACCESS_ROLES, access_page, 0, TX_ACCESS_NAV},
	{METHOD_GET, "/access/grants/{}", ACCESS_ROLES, access_grant_page, 0, TX_NONE},
	{METHOD_POST, "/access/approve/{}", ROLE_APPROVER, access_approve, 0, TX_NONE},
	{METHOD_POST, "/access/refuse/{}", ROLE_APPROVER, access_refuse, 0, TX_NONE},
	{METHOD_POST, "/access/revoke/{}", ROLE_APPROVER | ROLE_ADMINISTRATOR, access_revoke, 0, TX_NONE},
	{METHOD_GET, "/access/providers/{}", ACCESS_ROLES, access_provider_page, ROUTE_SLOW, TX_NONE},
	{METHOD_POST, "/access/suspend/{}", ACCESS_ROLES, access_suspend, 0, TX_NONE},
	{METHOD_POST, "/access/resume/{}", ROLE_ADMINISTRATOR, access_resume, 0, TX_NONE},
	{METHOD_GET, "/sessions", ACCESS_ROLES, sessions_page, 0, TX_ACCESS_SESSIONS_NAV},
	{METHOD_GET, "/sessions/{}", ACCESS_ROLES, session_page, ROUTE_SLOW, TX_NONE},
	{METHOD_GET, "/sessions/{}/cast", ACCESS_ROLES, session_cast, ROUTE_JSON | ROUTE_SLOW, TX_NONE},
	{METHOD_POST, "/sessions/end/{}", ACCESS_ROLES, session_page_end, 0, TX_NONE},
	{METHOD_GET, "/api/v1/sessions", ACCESS_ROLES, sessions_api, ROUTE_JSON, TX_NONE},
	{METHOD_GET, "/api/v1/access", ACCESS_ROLES, access_api, ROUTE_JSON, TX_NONE},
	{METHOD_GET, "/api/v1/access/grants/{}", ACCESS_ROLES, grant_api, ROUTE_JSON, TX_NONE},
	{0, NULL, 0, NULL, 0, TX_NONE},
};
