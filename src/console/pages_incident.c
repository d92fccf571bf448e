/* pages_incident.c - one incident: the page, what people decide about it, what is handed to others. */
#include "console/access.h"
#include "console/incidents.h"
#include "chain/chain.h"

#include <stdio.h>

enum { ENTITIES_SHOWN = 8, PROVIDERS_SHOWN = 5 };

/* ---- the page --------------------------------------------------------------------------------------------------------------------------- */

static void entity_value(struct buf *b, const struct stored *x, const struct entity *v)
{
	const struct org_provider *p = v->type == ENT_PROVIDER ? org_provider(x->report.org, v->value) : NULL;
	const char *path = v->type == ENT_PROVIDER ? "/access/providers/" : "/search?q=";
	buf_addf(b, "<a href=\"%s", path);
	html_path(b, text_cut(v->value, 200));
	H(b, "\">");
	html_foreign(b, p ? p->name : text_cut(v->value, 200));
	H(b, "</a>");
}

static void entities(const struct request *q, struct buf *b, const struct stored *x, const struct incident *in)
{
	H(b, "<aside class=\"card\" aria-labelledby=\"facts\"><h2 id=\"facts\">");
	html_text(q, b, TX_INC_ENTITIES);
	H(b, "</h2><dl>");
	for (int t = 0; t < ENT_COUNT; t++) {
		size_t n = 0;
		for (size_t i = 0; i < in->nentities; i++) {
			if (in->entities[i].type != (enum entity_type)t || n++ >= ENTITIES_SHOWN)
				continue;
			if (n == 1)
				H(b, "<dt>"), html_text(q, b, incident_entity_words((enum entity_type)t)), H(b, "</dt><dd>");
			else
				H(b, ", ");
			entity_value(b, x, &in->entities[i]);
		}
		if (n > ENTITIES_SHOWN)
			H(b, " <span class=\"muted\">"), html_number(q, b, TX_INC_MORE, n - ENTITIES_SHOWN), H(b, "</span>");
		if (n)
			H(b, "</dd>");
	}
	H(b, "</dl></aside>");
}

/* A provider's door can be shut from here. */
static void providers(struct request *q, struct buf *b, const struct stored *x, const struct incident *in)
{
	size_t n = 0;
	for (size_t i = 0; i < in->nentities && n < PROVIDERS_SHOWN; i++) {
		if (in->entities[i].type != ENT_PROVIDER)
			continue;
		const struct org_provider *p = org_provider(x->report.org, in->entities[i].value);
		buf_addz(b, n++ ? "" : "<section><h2>");
		if (n == 1)
			html_text(q, b, TX_INC_PROVIDER), H(b, "</h2>");
		H(b, "<p><a href=\"/access/providers/");
		html_path(b, in->entities[i].value);
		H(b, "\">");
		html_with(q, b, TX_INC_PROVIDER_PAGE, p ? p->name : in->entities[i].value);
		H(b, "</a></p>");
		access_suspend_form(q, b, in->entities[i].value);
	}
	if (n)
		H(b, "</section>");
}

static void exports(const struct request *q, struct buf *b, const struct stored *x)
{
	static const struct { const char *path; enum text text; } rows[] = {{"report.html", TX_INC_AS_HTML}, {"incident.jsonl", TX_INC_AS_OCSF}, {"findings.jsonl", TX_INC_AS_ECS}};
	H(b, "<section id=\"export\"><h2>");
	html_text(q, b, TX_INC_EXPORT);
	H(b, "</h2><ul class=\"actions\">");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		H(b, "<li><a class=\"button\" href=\"/incidents/");
		html_path(b, slice_of(x->row.id));
		buf_addf(b, "/%s\">", rows[i].path);
		html_text(q, b, rows[i].text);
		H(b, "</a></li>");
	}
	H(b, "</ul>");
	if (has_role(q, INCIDENT_DECIDE)) {
		html_form(q, b, "/incidents/{}/bundle", slice_of(x->row.id));
		H(b, "<p><button>");
		html_text(q, b, TX_INC_AS_TAR);
		H(b, "</button> <span class=\"hint\">");
		html_text(q, b, TX_INC_AS_TAR_HINT);
		H(b, "</span></p></form>");
	}
	H(b, "</section>");
}

static void head(const struct request *q, struct buf *b, const struct stored *x)
{
	enum text kind = incident_kind_words(x->row.kind);
	H(b, "<nav class=\"crumbs\" aria-label=\"");
	html_value(b, slice_of(text_of(TX_INC_WHERE, q->language)));
	H(b, "\"><ol><li><a href=\"/incidents\">");
	html_text(q, b, TX_INCIDENTS);
	H(b, "</a></li><li aria-current=\"page\">");
	html_foreign(b, slice_of(x->row.id));
	H(b, "</li></ol></nav><h1>");
	html_told(q, b, text_cut(x->row.title, 400));
	H(b, "</h1>");
	if (x->merged[0])
		html_said(q, b, false, slice_of(text_of(TX_INC_MERGED_HERE, q->language)));
	H(b, "<p>");
	html_level(q, b, x->row.level);
	H(b, " ");
	html_incident_status(q, b, x->row.status);
	H(b, " ");
	if (kind != TX_NONE)
		H(b, "<span class=\"badge\">"), html_text(q, b, kind), H(b, "</span> ");
	html_time(q, b, x->row.first);
	H(b, " – ");
	html_time(q, b, x->row.last);
	H(b, "</p><p class=\"muted\">");
	html_text(q, b, TX_INC_WHY);
	H(b, " ");
	html_told(q, b, text_cut(x->row.reason, 600));
	H(b, ". ");
	html_text(q, b, TX_INC_CHANGED);
	H(b, " ");
	html_time(q, b, x->row.updated);
	H(b, "</p>");
}

/* Where the parts of a long page are. */
static void parts(const struct request *q, struct buf *b, bool path)
{
	const struct { const char *id; enum text text; bool there; } rows[] = {{"story", TX_INC_STORY, true}, {"path", TX_INC_PATH, path}, {"decide", TX_INC_DECIDE, true}, {"life", TX_INC_LIFE, true},
		{"findings", TX_INC_EVIDENCE, true}, {"export", TX_INC_EXPORT, true}};
	H(b, "<nav class=\"tabs\" aria-label=\"");
	html_value(b, slice_of(text_of(TX_INC_PARTS, q->language)));
	H(b, "\"><ul>");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!rows[i].there)
			continue;
		buf_addf(b, "<li><a href=\"#%s\">", rows[i].id);
		html_text(q, b, rows[i].text);
		H(b, "</a></li>");
	}
	H(b, "</ul></nav>");
}

/* The page, with what went wrong before it, if anything did. */
static int show(struct request *q, struct response *r, const struct err *wrong, struct err *e)
{
	struct stored x;
	struct buf *b = &r->body;
	int rc = page_stored(q, &x, e);
	if (!rc) {
		const struct incident *in = incidents_count(x.in) ? incidents_get(x.in, 0) : NULL;
		r->title_text = slice_dup(q->mem, text_cut(x.row.title, 120));
		r->refresh_after = x.row.updated;
		head(q, b, &x);
		if (wrong)
			html_said(q, b, true, slice_of(wrong->text));
		if (in) {
			incident_stages(q, b, in);
			parts(q, b, in->nhops > 0);
			H(b, "<div class=\"grid\">");
			incident_story(q, b, in);
			entities(q, b, &x, in);
			H(b, "</div>");
			incident_path(q, b, &x, in);
			providers(q, b, &x, in);
		}
		incident_forms(q, b, &x);
		incident_life(q, b, &x);
		incident_findings(q, b, &x);
		exports(q, b, &x);
	}
	stored_free(&x);
	return rc;
}

int page_incident(struct request *q, struct response *r, struct err *e)
{
	return show(q, r, NULL, e);
}

int page_finding(struct request *q, struct response *r, struct err *e)
{
	struct stored x;
	const struct finding *f = NULL;
	int rc = page_stored(q, &x, e);
	for (size_t i = 0; !rc && !f && i < incidents_findings(x.in); i++)
		if (slice_eqz(q->arg[1], incidents_finding(x.in, i)->uid))
			f = incidents_finding(x.in, i);
	if (!rc && !f)
		rc = err_set(e, ERR_NOENT, "%s", text_of(TX_INC_NO_FINDING, q->language));
	if (!rc) {
		r->title = TX_INC_FINDING;
		H(&r->body, "<p>");
		html_incident_link(q, &r->body, x.row.id, x.row.title);
		H(&r->body, "</p><h1>");
		html_text(q, &r->body, TX_INC_FINDING);
		H(&r->body, "</h1>");
		incident_finding(q, &r->body, &x, f, SIZE_MAX);
	}
	stored_free(&x);
	return rc;
}

/* ---- decisions -------------------------------------------------------------------------------------------------------------------------------- */

/* Asks the broker; what it refuses is said on the page, which is shown again with what was written. */
static int decide(struct request *q, struct response *r, struct broker_ask *ask, enum text said, struct err *e)
{
	struct broker_answer a;
	struct err why;
	ask_set(ask->id, sizeof ask->id, q->arg[0]);
	int rc = page_ask(q, ask, &a, NULL, &why);
	if (!rc) {
		page_go_said(q, r, "/incidents/", q->arg[0], said);
		return 0;
	}
	if (rc != ERR_USAGE && rc != ERR_RANGE)
		return err_set(e, rc, "%s", why.text);
	r->status = rc == ERR_USAGE ? 409 : 400;
	return show(q, r, &why, e);
}

static int refuse(struct request *q, struct response *r, enum text text, unsigned status, struct err *e)
{
	struct err why;
	err_set(&why, ERR_USAGE, "%s", text_of(text, q->language));
	r->status = status;
	return show(q, r, &why, e);
}

int incident_post_note(struct request *q, struct response *r, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_INCIDENT_NOTE};
	struct slice text = slice_trim(form_get(q, "text"));
	if (!text.n || text.n >= sizeof ask.text)
		return refuse(q, r, TX_INC_NEED_TEXT, 400, e);
	ask_set(ask.text, sizeof ask.text, text);
	return decide(q, r, &ask, TX_INC_NOTED, e);
}

/* What was added since the page was made changes what is decided about. */
static int unchanged(struct request *q, bool *same, struct err *e)
{
	struct store *s = page_store(q, e);
	struct store_incident row;
	uint64_t seen = UINT32_MAX;
	int rc = s ? store_incident_match(s, slice_dup(q->mem, q->arg[0]).p, q->mem, &row, e) : e->code;
	*same = !rc && slice_u64(form_get(q, "seen"), UINT32_MAX, &seen) && row.findings <= seen;
	return rc;
}

int incident_post_close(struct request *q, struct response *r, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_INCIDENT_CLOSE};
	struct slice text = slice_trim(form_get(q, "text")), as = form_get(q, "as");
	bool same = false;
	int rc = unchanged(q, &same, e);
	if (rc)
		return rc;
	if (!text.n || text.n >= sizeof ask.text)
		return refuse(q, r, TX_INC_NEED_TEXT, 400, e);
	if (!slice_eq(as, SL("closed")) && !slice_eq(as, SL("false-positive")))
		return refuse(q, r, TX_INC_NEED_AS, 400, e);
	if (!same)
		return refuse(q, r, TX_INC_GREW, 409, e);
	ask_set(ask.text, sizeof ask.text, text);
	ask.number = slice_eq(as, SL("closed")) ? INCIDENT_CLOSED : INCIDENT_FALSE;
	return decide(q, r, &ask, ask.number == INCIDENT_FALSE ? TX_INC_WAS_FALSE : TX_INC_WAS_CLOSED, e);
}

int incident_post_reopen(struct request *q, struct response *r, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_INCIDENT_REOPEN};
	return decide(q, r, &ask, TX_INC_WAS_REOPENED, e);
}

/* ---- for others ------------------------------------------------------------------------------------------------------------------------------- */

static int give(struct request *q, struct response *r, const char *type, const char *name, void (*write)(struct buf *out, const struct report_input *in), struct err *e)
{
	struct stored x;
	int rc = page_stored(q, &x, e);
	if (!rc) {
		write(&r->body, &x.report);
		r->type = type;
		r->file = name;
	}
	stored_free(&x);
	return rc;
}

int incident_get_html(struct request *q, struct response *r, struct err *e)
{
	return give(q, r, "text/html; charset=utf-8", "report.html", report_html, e);
}

int incident_get_ocsf(struct request *q, struct response *r, struct err *e)
{
	return give(q, r, "application/x-ndjson", "incident.jsonl", report_json, e);
}

int incident_get_ecs(struct request *q, struct response *r, struct err *e)
{
	return give(q, r, "application/x-ndjson", "findings.jsonl", report_ecs, e);
}

/* Nothing leaves that the audit log does not know of: its lines come from the broker, and the broker writes down what goes out. */
static int bundle(struct request *q, const struct stored *x, struct buf *tar, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_INCIDENT_AUDIT}, told = {.op = BROKER_INCIDENT_EXPORTED};
	struct broker_answer a;
	struct slice bytes = SLICE_NONE;
	char hex[2 * CHAIN_HASH + 1];
	ask_set(ask.id, sizeof ask.id, slice_of(x->row.id));
	ask_set(told.id, sizeof told.id, slice_of(x->row.id));
	int rc = page_ask(q, &ask, &a, &bytes, e);
	struct wire w = wire_of(bytes);
	struct slice lines = wire_sized(&w), newest = wire_sized(&w);
	if (!rc && w.bad)
		rc = err_set(e, ERR_SYNTAX, "the broker's answer cannot be read");
	if (!rc)
		rc = stored_bundle(x, lines, newest, tar, e);
	if (rc)
		return rc;
	chain_sha256(buf_slice(tar), hex);
	ask_set(told.text, sizeof told.text, slice_of(hex));
	told.number = (int64_t)tar->n;
	return page_ask(q, &told, &a, NULL, e);
}

int incident_post_bundle(struct request *q, struct response *r, struct err *e)
{
	struct stored x;
	int rc = page_stored(q, &x, e);
	if (!rc)
		rc = bundle(q, &x, &r->body, e);
	if (!rc) {
		char name[80];
		snprintf(name, sizeof name, "incident-%s.tar", x.row.id);
		r->type = "application/x-tar";
		r->file = slice_dup(q->mem, slice_of(name)).p;
	} else {
		r->body.n = 0;
	}
	stored_free(&x);
	return rc;
}

/* One line of OCSF with all of it: what `postern incident show --format json` prints, with what people did. */
int api_incident(struct request *q, struct response *r, struct err *e)
{
	struct stored x;
	int rc = page_stored(q, &x, e);
	if (!rc) {
		const struct incident *in = incidents_count(x.in) ? incidents_get(x.in, 0) : NULL;
		const struct report_incident line = {.incident = in, .id = x.row.id, .status = x.life.status, .version = q->desk->o->version, .update = true, .most = SIZE_MAX,
			.most_bytes = SIZE_MAX, .life = &x.life};
		buf_addz(&r->body, "{\"incident\":");
		api_row(&r->body, &x.row);
		buf_addz(&r->body, ",\"ocsf\":");
		if (in)
			report_incident_json(&r->body, &line);
		else
			buf_addz(&r->body, "null");
		while (r->body.n && r->body.p[r->body.n - 1] == '\n')
			r->body.n--;
		buf_addz(&r->body, "}\n");
	}
	stored_free(&x);
	return rc;
}
