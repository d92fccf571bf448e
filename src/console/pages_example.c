/* pages_example.c - an incident that was real, told as an example without names: button, preview with every replacement open to change, publication. */
#include "console/anonymise.h"
#include "console/report_pages.h"
#include "incident/incident.h"

#include <stdio.h>
#include <stdlib.h>

enum { BODY_MAX = 3600, TITLE_MAX = 190, SENTENCES_MAX = 30, CHANGES_MAX = 60, SIGNS_MAX = 6 };
#define WATCHERS (ROLE_ANALYST | ROLE_ADMINISTRATOR)

void example_button(const struct request *q, struct buf *b, const char *incident)
{
	if (!has_role(q, WATCHERS))
		return;
	H(b, "<form method=\"get\" action=\"/examples/new\"><input type=\"hidden\" name=\"incident\" value=\"");
	html_value(b, slice_of(incident));
	H(b, "\"><button type=\"submit\">");
	html_text(q, b, TX_EX_BUTTON);
	H(b, "</button></form>");
}

/* ---- a draft ------------------------------------------------------------------------------------------------------------------------------- */

struct draft {
	char incident[40];
	struct anonymiser *names;
	struct buf title, body;
};

static void draft_free(struct draft *d)
{
	anonymiser_free(d->names);
	buf_free(&d->title);
	buf_free(&d->body);
}

struct gathering { struct incidents *all; struct anonymiser *names; };

static int take_finding(void *arg, struct finding *f, const char *incident)
{
	struct gathering *g = arg;
	(void)incident;
	for (size_t i = 0; i < f->nentities; i++)
		anonymiser_add(g->names, f->entities[i].type, f->entities[i].value);
	for (size_t i = 0; i < f->nhops; i++) {
		anonymiser_add(g->names, ENT_USER, f->hops[i].account);
		anonymiser_add(g->names, ENT_PERSON, f->hops[i].person);
		anonymiser_add(g->names, ENT_HOST, f->hops[i].from);
		anonymiser_add(g->names, ENT_HOST, f->hops[i].to);
	}
	incidents_add(g->all, f);
	return 0;
}

static bool is_code(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* What there was to see: indicators named in what was reported, in the words they say to an employee. */
static void write_signs(const struct request *q, struct buf *text, const struct incident *in)
{
	struct buf signs = {0};
	size_t n = 0;
	for (size_t i = 0; i < in->nfindings; i++) {
		struct slice rest = slice_eqz(in->findings[i]->rule_id, INCIDENT_REPORT_RULE) ? in->findings[i]->text : SLICE_NONE;
		while (rest.n && n < SIGNS_MAX) {
			size_t end = 0;
			while (end < rest.n && is_code(rest.p[end]))
				end++;
			struct slice said = end > 3 ? word_said(slice_to(rest, end), q->language) : SLICE_NONE;
			if (said.n && !slice_has(buf_slice(&signs), said)) {
				buf_addf(&signs, "- %.*s\n", SLFMT(said));
				n++;
			}
			rest = slice_from(rest, MAX(end, (size_t)1));
		}
	}
	if (n)
		buf_addf(text, "\n%s\n%.*s", text_of(TX_EX_SIGNS, q->language), SLFMT(buf_slice(&signs)));
	buf_free(&signs);
}

static void write_body(struct request *q, struct draft *d, const struct incident *in, const struct store_incident *row)
{
	struct buf text = {0};
	buf_addf(&text, "%s\n", text_of(TX_EX_WHAT, q->language));
	for (size_t i = 0; i < in->nnarrative && i < SENTENCES_MAX && text.n < BODY_MAX; i++)
		buf_addf(&text, "- %.*s\n", SLFMT(in->narrative[i]));
	write_signs(q, &text, in);
	if (row->closing.n)
		buf_addf(&text, "\n%s\n%.*s\n", text_of(TX_EX_END, q->language), SLFMT(row->closing));
	(void)anonymiser_text(d->names, buf_slice(&text), &d->body);
	while (d->body.n > BODY_MAX) /* by whole lines */
		for (d->body.n--; d->body.n && d->body.p[d->body.n - 1] != '\n';)
			d->body.n--;
	(void)anonymiser_text(d->names, slice_to(in->title, TITLE_MAX), &d->title);
	buf_free(&text);
}

static int draft_make(struct request *q, struct slice incident, struct draft *d, struct err *e)
{
	struct store_incident row;
	*d = (struct draft){.names = anonymiser_new(q->desk->o->org)};
	snprintf(d->incident, sizeof d->incident, "%.*s", SLFMT(slice_to(incident, 39)));
	if (!q->desk->store)
		return err_set(e, ERR_NOENT, "%s", text_of(TX_EX_NO_SUCH, q->language));
	int rc = store_incident_get(q->desk->store, d->incident, q->mem, &row, e);
	if (!rc && row.status != INCIDENT_CLOSED)
		rc = err_set(e, ERR_STOPPED, "%s", text_of(TX_EX_NOT_CLOSED, q->language));
	if (rc)
		return rc;
	struct gathering g = {incidents_new(q->desk->o->org), d->names};
	rc = store_findings(q->desk->store, INT64_MIN, d->incident, take_finding, &g, e);
	if (!rc) {
		incidents_build_as(g.all, row.id, row.follows);
		const struct incident *in = incidents_count(g.all) ? incidents_get(g.all, 0) : NULL;
		if (in)
			write_body(q, d, in, &row);
		else
			rc = err_set(e, ERR_NOENT, "%s", text_of(TX_EX_NO_SUCH, q->language));
	}
	incidents_free(g.all);
	return rc;
}

/* ---- preview ---------------------------------------------------------------------------------------------------------------------------------- */

static void changes_table(const struct request *q, struct buf *b, const struct draft *d)
{
	const struct anonymised *u;
	size_t n = anonymiser_used(d->names, &u);
	H(b, "<table><caption>");
	html_text(q, b, TX_EX_CHANGES);
	H(b, "</caption><thead><tr><th scope=\"col\">");
	html_text(q, b, TX_EX_WAS);
	H(b, "</th><th scope=\"col\">");
	html_text(q, b, TX_EX_IS);
	H(b, "</th></tr></thead><tbody>");
	for (size_t i = 0; i < n && i < CHANGES_MAX; i++) {
		char name[16];
		snprintf(name, sizeof name, "to%zu", i);
		struct slice to = form_get(q, name).n ? form_get(q, name) : u[i].to;
		buf_addf(b, "<tr><th scope=\"row\" id=\"l%s\">", name);
		html_foreign(b, u[i].from);
		buf_addf(b, "</th><td><input name=\"%s\" aria-labelledby=\"l%s\" maxlength=\"100\" value=\"", name, name);
		html_value(b, to);
		buf_addf(b, "\"><input type=\"hidden\" name=\"was%zu\" value=\"", i);
		html_value(b, to);
		H(b, "\"></td></tr>");
	}
	H(b, "</tbody></table>");
}

static void preview(struct request *q, struct response *r, const struct draft *d, struct slice title, struct slice body, struct slice trouble)
{
	struct buf *b = &r->body;
	r->title = TX_EX_PREVIEW;
	H(b, "<h1>");
	html_text(q, b, TX_EX_PREVIEW);
	H(b, "</h1><p>");
	html_text(q, b, TX_EX_PREVIEW_HELP);
	H(b, "</p>");
	if (trouble.n)
		html_said(q, b, true, trouble);
	html_form(q, b, "/examples", SLICE_NONE);
	H(b, "<input type=\"hidden\" name=\"incident\" value=\"");
	html_value(b, slice_of(d->incident));
	H(b, "\"><p><label for=\"title\">");
	html_text(q, b, TX_EX_ONE_TITLE);
	H(b, "</label><br><input id=\"title\" name=\"title\" maxlength=\"190\" required value=\"");
	html_value(b, title);
	H(b, "\"></p><p><label for=\"body\">");
	html_text(q, b, TX_EX_BODY);
	H(b, "</label><br><textarea id=\"body\" name=\"body\" rows=\"16\" maxlength=\"3600\" required>\n");
	html_lines(b, body, "\n");
	H(b, "</textarea></p>");
	changes_table(q, b, d);
	H(b, "<p class=\"actions\"><button type=\"submit\" class=\"main\" name=\"do\" value=\"publish\">");
	html_text(q, b, TX_EX_PUBLISH);
	H(b, "</button> <button type=\"submit\" name=\"do\" value=\"apply\">");
	html_text(q, b, TX_EX_APPLY);
	H(b, "</button></p></form>");
}

int example_new_page(struct request *q, struct response *r, struct err *e)
{
	struct draft d;
	int rc = draft_make(q, query_get(q, "incident"), &d, e);
	if (!rc)
		preview(q, r, &d, buf_slice(&d.title), buf_slice(&d.body), SLICE_NONE);
	draft_free(&d);
	return rc;
}

/* ---- publication -------------------------------------------------------------------------------------------------------------------------------- */

static struct slice replaced(struct request *q, struct slice text, struct slice was, struct slice is)
{
	struct buf b = {0};
	for (ssize_t at; was.n && (at = slice_find(text, was)) >= 0; text = slice_from(text, (size_t)at + was.n)) {
		buf_adds(&b, slice_to(text, (size_t)at));
		buf_adds(&b, is);
	}
	buf_adds(&b, text);
	struct slice s = slice_dup(q->mem, buf_slice(&b));
	buf_free(&b);
	return s;
}

static void apply_changes(struct request *q, struct slice *title, struct slice *body)
{
	for (unsigned i = 0; i < CHANGES_MAX; i++) {
		char to[16], was[16];
		snprintf(to, sizeof to, "to%u", i);
		snprintf(was, sizeof was, "was%u", i);
		struct slice is = slice_trim(form_get(q, to)), old = form_get(q, was);
		if (!is.n || !old.n || slice_eq(is, old) || is.n > 100)
			continue;
		*title = replaced(q, *title, old, is);
		*body = replaced(q, *body, old, is);
	}
}

/* Names that stand in it still, for the person; SLICE_NONE: none. */
static struct slice still_there(struct request *q, struct draft *d, struct slice title, struct slice body)
{
	const struct anonymised *u;
	struct buf out = {0}, found = {0};
	size_t before = anonymiser_used(d->names, &u), listed = 0;
	size_t left = anonymiser_text(d->names, title, &out) + anonymiser_text(d->names, body, &out);
	size_t n = anonymiser_used(d->names, &u);
	if (left) {
		buf_addz(&found, text_of(TX_EX_STILL, q->language));
		for (size_t i = 0; i < n && listed < 10; i++)
			if (i >= before || slice_ihas(body, u[i].from) || slice_ihas(title, u[i].from))
				buf_addf(&found, "%s %.*s", listed++ ? "," : "", SLFMT(slice_to(u[i].from, 100)));
	}
	struct slice s = found.n ? slice_dup(q->mem, buf_slice(&found)) : SLICE_NONE;
	buf_free(&out);
	buf_free(&found);
	return s;
}

static int publish(struct request *q, struct response *r, const struct draft *d, struct slice title, struct slice body, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_EXAMPLE_ADD};
	struct broker_answer a;
	struct buf text = {0};
	char number[32];
	buf_adds(&text, title);
	buf_addc(&text, BROKER_FIELD);
	buf_adds(&text, body);
	ask_set(ask.id, sizeof ask.id, slice_of(d->incident));
	ask_set(ask.text, sizeof ask.text, buf_slice(&text));
	buf_free(&text);
	int rc = page_ask(q, &ask, &a, NULL, e);
	if (rc)
		return rc == ERR_USAGE ? ERR_STOPPED : rc;
	snprintf(number, sizeof number, "%lld", (long long)a.number);
	page_go_said(q, r, "/examples/", slice_dup(q->mem, slice_of(number)), TX_EX_SAID_PUBLISHED);
	return 0;
}

int example_publish_page(struct request *q, struct response *r, struct err *e)
{
	struct draft d;
	struct slice title = slice_trim(form_get(q, "title")), body = form_get(q, "body"), trouble = SLICE_NONE;
	int rc = draft_make(q, form_get(q, "incident"), &d, e);
	if (rc) {
		draft_free(&d);
		return rc;
	}
	apply_changes(q, &title, &body);
	bool now = slice_eqz(form_get(q, "do"), "publish");
	if (!title.n || title.n > TITLE_MAX || !body.n || body.n > BODY_MAX)
		trouble = slice_of(text_of(TX_EX_LENGTH, q->language));
	if (!trouble.n)
		trouble = still_there(q, &d, title, body);
	if (now && !trouble.n)
		rc = publish(q, r, &d, title, body, e);
	else
		preview(q, r, &d, title, body, trouble);
	if (now && trouble.n)
		r->status = 400;
	draft_free(&d);
	return rc;
}

/* ---- reading them ---------------------------------------------------------------------------------------------------------------------------------- */

struct listing { const struct request *q; struct buf *b; size_t n; };

static int list_one(void *arg, const struct store_example *x)
{
	struct listing *l = arg;
	H(l->b, "<li>");
	buf_addf(l->b, "<a href=\"/examples/%lld\">", (long long)x->id);
	html_foreign(l->b, x->title);
	H(l->b, "</a> <small class=\"muted\">");
	html_time(l->q, l->b, x->time);
	H(l->b, "</small></li>");
	l->n++;
	return 0;
}

int examples_page(struct request *q, struct response *r, struct err *e)
{
	struct buf *b = &r->body;
	struct listing l = {.q = q, .b = b};
	r->title = TX_EX_TITLE;
	H(b, "<h1>");
	html_text(q, b, TX_EX_TITLE);
	H(b, "</h1><p>");
	html_text(q, b, TX_EX_INTRO);
	H(b, "</p><ul>");
	int rc = q->desk->store ? store_examples(q->desk->store, -1, list_one, &l, e) : 0;
	H(b, "</ul>");
	if (!l.n) {
		H(b, "<p class=\"muted\">");
		html_text(q, b, TX_EX_NONE);
		H(b, "</p>");
	}
	return rc;
}

/* Lines that begin with "- " are a list, others paragraphs. */
static void body_html(struct buf *b, struct slice body)
{
	struct slice line;
	bool list = false;
	for (bool more = true; more;) {
		more = slice_cut(&body, '\n', &line);
		line = slice_trim(more ? line : body);
		bool item = slice_starts(line, SL("- "));
		if (list && !item)
			H(b, "</ul>");
		if (item && !list)
			H(b, "<ul>");
		list = item;
		if (!line.n)
			continue;
		buf_addz(b, item ? "<li>" : "<p>");
		html_foreign(b, item ? slice_from(line, 2) : line);
		buf_addz(b, item ? "</li>" : "</p>");
	}
	if (list)
		H(b, "</ul>");
}

struct reading { struct request *q; struct response *r; bool found; };

static int read_one(void *arg, const struct store_example *x)
{
	struct reading *k = arg;
	struct buf *b = &k->r->body;
	k->found = true;
	k->r->title_text = slice_dup(k->q->mem, x->title);
	H(b, "<h1>");
	html_foreign(b, x->title);
	H(b, "</h1><p class=\"muted\">");
	html_text(k->q, b, TX_EX_NEUTRAL);
	H(b, " ");
	html_time(k->q, b, x->time);
	H(b, "</p><article class=\"card\">");
	body_html(b, x->body);
	H(b, "</article><p><a href=\"/lessons\">");
	html_text(k->q, b, TX_EX_LESSONS);
	H(b, "</a> <a href=\"/report\">");
	html_text(k->q, b, TX_RP_NAV);
	H(b, "</a></p>");
	if (!has_role(k->q, WATCHERS))
		return 0;
	char number[32];
	snprintf(number, sizeof number, "%lld", (long long)x->id);
	html_form(k->q, b, "/examples/{}/delete", slice_of(number));
	H(b, "<p class=\"actions\"><button type=\"submit\" class=\"danger\">");
	html_text(k->q, b, TX_EX_DELETE);
	H(b, "</button></p></form>");
	return 0;
}

static bool number_of(struct slice s, int64_t *out)
{
	uint64_t n;
	bool fine = slice_u64(s, INT64_MAX, &n);
	*out = fine ? (int64_t)n : 0;
	return fine;
}

int example_page(struct request *q, struct response *r, struct err *e)
{
	struct reading k = {.q = q, .r = r};
	int64_t id;
	int rc = number_of(q->arg[0], &id) && q->desk->store ? store_examples(q->desk->store, id, read_one, &k, e) : 0;
	return rc || k.found ? rc : err_set(e, ERR_NOENT, "%s", text_of(TX_EX_NO_SUCH, q->language));
}

int example_delete_page(struct request *q, struct response *r, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_EXAMPLE_DELETE};
	struct broker_answer a;
	if (!number_of(q->arg[0], &ask.number))
		return err_set(e, ERR_NOENT, "%s", text_of(TX_EX_NO_SUCH, q->language));
	int rc = page_ask(q, &ask, &a, NULL, e);
	if (!rc)
		page_go_said(q, r, "/examples", SLICE_NONE, TX_EX_SAID_DELETED);
	return rc;
}
