/* pages_overview.c - is anything happening, and what needs my decision? */
#include "console/duties.h"
#include "console/incidents.h"

enum { NEWEST = 6 };

/* What the page and the API tell, by role. */
struct overview {
	struct store_levels levels;
	uint64_t open, worst;          /* worst: open ones of the worst level */
	enum level level;              /* of them */
	struct sight sight;
	struct duty duties[DUTIES_MAX];
	size_t nduties;
	bool state;                    /* there is one, and who asks may see incidents */
};

static int load(struct request *q, struct overview *o, struct err *e)
{
	*o = (struct overview){.state = has_role(q, INCIDENT_SEE) && q->desk->store, .sight = {.newest = NSTIME_NONE, .heartbeat = NSTIME_NONE}};
	int rc = o->state ? store_levels(q->desk->store, &o->levels, e) : 0;
	for (int l = 0; l < LEVEL_COUNT; l++) {
		uint64_t n = o->levels.n[INCIDENT_OPEN][l];
		o->open += n;
		if (n) {
			o->worst = n;
			o->level = (enum level)l;
		}
	}
	if (!rc && o->state)
		rc = sight_load(q, &o->sight, e);
	if (!rc)
		o->nduties = duties_load(q, o->duties);
	return rc;
}

/* ---- cards ------------------------------------------------------------------------------------------------------------------------- */

static void card(const struct request *q, struct buf *b, enum text title, bool attention)
{
	buf_addz(b, attention ? "<section class=\"card attention\"><h2>" : "<section class=\"card\"><h2>");
	html_text(q, b, title);
	H(b, "</h2>");
}

static void open_card(const struct request *q, struct buf *b, const struct overview *o)
{
	card(q, b, TX_OVER_OPEN, o->open && o->level >= LEVEL_HIGH);
	H(b, "<p class=\"figure\"><a href=\"/incidents\">");
	html_count(b, o->open);
	H(b, "</a></p><ul>");
	for (int l = LEVEL_COUNT - 1; l >= 0; l--) {
		if (!o->levels.n[INCIDENT_OPEN][l])
			continue;
		H(b, "<li>");
		html_level(q, b, (enum level)l);
		H(b, " ");
		html_count(b, o->levels.n[INCIDENT_OPEN][l]);
		H(b, "</li>");
	}
	H(b, "</ul></section>");
}

static void sight_card(const struct request *q, struct buf *b, const struct overview *o)
{
	const struct sight *s = &o->sight;
	bool dead = sight_dead(s, q->now);
	card(q, b, TX_OVER_SIGHT, dead || s->silent || s->hosts_without || !s->logs);
	if (dead)
		html_said(q, b, true, slice_of(text_of(TX_SRC_DEAD, q->language)));
	H(b, "<ul><li><a href=\"/sources\">");
	html_number(q, b, TX_OVER_LOGS, s->logs);
	H(b, "</a></li>");
	if (s->silent)
		H(b, "<li><a href=\"/sources?show=silent\">"), html_number(q, b, TX_OVER_SILENT, s->silent), H(b, "</a></li>");
	if (s->hosts_without)
		H(b, "<li><a href=\"/sources\">"), html_number(q, b, TX_OVER_BLIND, s->hosts_without), H(b, "</a></li>");
	H(b, "<li>");
	html_text(q, b, TX_OVER_NEWEST);
	H(b, " ");
	html_time(q, b, s->newest);
	H(b, "</li></ul></section>");
}

/* ---- incidents --------------------------------------------------------------------------------------------------------------------- */

struct listing {
	const struct request *q;
	struct buf *b;
	size_t n;
};

static int tell_worst(void *arg, const struct store_incident *x)
{
	struct listing *l = arg;
	H(l->b, "<p>");
	html_level(l->q, l->b, x->level);
	H(l->b, " ");
	html_incident_link(l->q, l->b, x->id, x->title);
	H(l->b, "</p><p class=\"muted\">");
	html_told(l->q, l->b, text_cut(x->reason, 600));
	H(l->b, ". ");
	html_text(l->q, l->b, TX_INC_CHANGED);
	H(l->b, " ");
	html_time(l->q, l->b, x->updated);
	H(l->b, "</p>");
	return 0;
}

static int tell_newest(void *arg, const struct store_incident *x)
{
	struct listing *l = arg;
	H(l->b, "<tr>");
	html_cell(l->q, l->b, TX_INC_LEVEL);
	html_level(l->q, l->b, x->level);
	H(l->b, "</td>");
	html_cell(l->q, l->b, TX_INC_TITLE);
	html_incident_link(l->q, l->b, x->id, x->title);
	H(l->b, "</td>");
	html_cell(l->q, l->b, TX_INC_STATUS);
	html_incident_status(l->q, l->b, x->status);
	H(l->b, "</td>");
	html_cell(l->q, l->b, TX_INC_CHANGED);
	html_time(l->q, l->b, x->updated);
	H(l->b, "</td></tr>");
	return 0;
}

static int incidents_part(struct request *q, struct response *r, const struct overview *o, struct err *e)
{
	static const enum text columns[] = {TX_INC_LEVEL, TX_INC_TITLE, TX_INC_STATUS, TX_INC_CHANGED};
	struct listing l = {q, &r->body, 0};
	struct store_browse worst = {.status = INCIDENT_OPEN, .since = INT64_MIN, .until = INT64_MAX, .order = STORE_WORST, .most = 1}, newest = worst;
	struct buf *b = &r->body;
	int rc = 0;
	if (o->open) {
		H(b, "<section><h2>");
		html_text(q, b, TX_OVER_WORST);
		H(b, "</h2>");
		rc = store_browse(q->desk->store, &worst, tell_worst, &l, NULL, e);
		H(b, "</section>");
	}
	if (rc || o->levels.newest == NSTIME_NONE)
		return rc;
	newest.status = -1;
	newest.order = STORE_CHANGED;
	newest.most = NEWEST;
	H(b, "<section><h2>");
	html_text(q, b, TX_OVER_CHANGES);
	H(b, "</h2><table><caption class=\"unseen\">");
	html_text(q, b, TX_OVER_CHANGES);
	H(b, "</caption>");
	html_columns(q, b, columns, ARRAY_LEN(columns));
	H(b, "<tbody>");
	rc = store_browse(q->desk->store, &newest, tell_newest, &l, NULL, e);
	H(b, "</tbody></table><p><a href=\"/incidents?status=all\">");
	html_text(q, b, TX_OVER_ALL);
	H(b, "</a></p></section>");
	return rc;
}

static void lead(const struct request *q, struct buf *b, const struct overview *o)
{
	H(b, "<p class=\"lead\">");
	if (!o->state) {
		html_text(q, b, TX_NO_STATE);
	} else if (!o->open) {
		html_text(q, b, TX_OVER_CALM);
	} else {
		html_number(q, b, TX_OVER_HAPPENS, o->open);
		H(b, " ");
		html_level(q, b, o->level);
		H(b, " ");
		html_count(b, o->worst);
	}
	H(b, "</p>");
}

int page_overview(struct request *q, struct response *r, struct err *e)
{
	struct overview o;
	int rc = load(q, &o, e);
	struct buf *b = &r->body;
	r->title = TX_OVERVIEW;
	if (rc)
		return rc;
	html_in(q, b, "h1", TX_OVERVIEW);
	if (has_role(q, INCIDENT_SEE))
		lead(q, b, &o);
	H(b, "<div class=\"cards\">");
	if (o.state)
		open_card(q, b, &o);
	if (has_role(q, ROLE_EMPLOYEE))
		duties_report_card(q, b);
	duties_card(q, b, o.duties, o.nduties);
	if (o.state)
		sight_card(q, b, &o);
	H(b, "</div>");
	if (o.state)
		rc = incidents_part(q, r, &o, e);
	if (!rc)
		rc = duties_own_reports(q, b, e);
	if (o.state)
		r->refresh_after = o.levels.newest;
	return rc;
}

int api_overview(struct request *q, struct response *r, struct err *e)
{
	struct overview o;
	struct buf *b = &r->body;
	int rc = load(q, &o, e);
	if (rc)
		return rc;
	buf_addf(b, "{\"state\":%s,\"open\":%llu,\"levels\":{", o.state ? "true" : "false", (unsigned long long)o.open);
	for (int l = 0; l < LEVEL_COUNT; l++)
		buf_addf(b, "%s\"%s\":%llu", l ? "," : "", level_name((enum level)l), (unsigned long long)o.levels.n[INCIDENT_OPEN][l]);
	buf_addz(b, "}");
	api_time(b, "newest_change", o.levels.newest);
	buf_addf(b, ",\"logs\":%llu,\"silent\":%llu,\"hosts_without_logs\":%llu", (unsigned long long)o.sight.logs, (unsigned long long)o.sight.silent,
		(unsigned long long)o.sight.hosts_without);
	api_time(b, "newest_data", o.sight.newest);
	api_time(b, "heartbeat", o.sight.heartbeat);
	buf_addz(b, ",\"waiting\":{");
	for (size_t i = 0; i < o.nduties; i++)
		buf_addf(b, "%s\"%s\":%llu", i ? "," : "", o.duties[i].name, (unsigned long long)o.duties[i].n);
	buf_addz(b, "}}\n");
	return 0;
}

extern const struct route incident_routes[];
const struct route incident_routes[] = {
	{METHOD_GET, "/", ROLE_ANY, page_overview, 0, TX_OVERVIEW},
	{METHOD_GET, "/incidents", INCIDENT_SEE, page_incidents, 0, TX_INCIDENTS},
	{METHOD_GET, "/incidents/{}", INCIDENT_SEE, page_incident, ROUTE_PRINT | ROUTE_SLOW, TX_NONE},
	{METHOD_GET, "/incidents/{}/findings/{}", INCIDENT_SEE, page_finding, ROUTE_SLOW, TX_NONE},
	{METHOD_POST, "/incidents/{}/note", INCIDENT_SEE, incident_post_note, 0, TX_NONE},
	{METHOD_POST, "/incidents/{}/close", INCIDENT_DECIDE, incident_post_close, 0, TX_NONE},
	{METHOD_POST, "/incidents/{}/reopen", INCIDENT_DECIDE, incident_post_reopen, 0, TX_NONE},
	{METHOD_GET, "/incidents/{}/report.html", INCIDENT_SEE, incident_get_html, ROUTE_SLOW, TX_NONE},
	{METHOD_GET, "/incidents/{}/incident.jsonl", INCIDENT_SEE, incident_get_ocsf, ROUTE_SLOW, TX_NONE},
	{METHOD_GET, "/incidents/{}/findings.jsonl", INCIDENT_SEE, incident_get_ecs, ROUTE_SLOW, TX_NONE},
	{METHOD_POST, "/incidents/{}/bundle", INCIDENT_DECIDE, incident_post_bundle, ROUTE_SLOW, TX_NONE},
	{METHOD_GET, "/api/v1/incidents/{}", INCIDENT_SEE, api_incident, ROUTE_JSON | ROUTE_SLOW, TX_NONE},
	{METHOD_GET, "/search", ROLE_ANY, page_search, ROUTE_SLOW, TX_NONE},
	{METHOD_GET, "/sources", INCIDENT_SEE, page_sources, 0, TX_SOURCES},
	{METHOD_GET, "/api/v1/overview", ROLE_ANY, api_overview, ROUTE_JSON, TX_NONE},
	{METHOD_GET, "/api/v1/incidents", INCIDENT_SEE, api_incidents, ROUTE_JSON, TX_NONE},
	{0},
};
