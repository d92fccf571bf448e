/* pages_access_provider.c - /access/providers/{}: who they are, what they may, what they did; suspending and resuming. */
#include "console/pages_access.h"

#include <stdio.h>

enum { INCIDENTS = 20, SESSIONS_SHOWN = 20 };

static void heading(const struct request *q, struct buf *b, const char *id, enum text title)
{
	buf_addf(b, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">", id, id);
	html_text(q, b, title);
	H(b, "</h2>\n");
}

/* ---- persons -------------------------------------------------------------------------------------------------------------------------------------- */

static void keys(const struct request *q, struct buf *b, const struct gate_person *p)
{
	H(b, "<ul>");
	for (size_t i = 0; i < p->nkeys; i++) {
		const struct gate_key *k = &p->keys[i];
		H(b, "<li><code>");
		html_foreign(b, k->fingerprint);
		H(b, "</code> ");
		html_foreign(b, k->type);
		if (k->hardware) {
			H(b, " <span class=\"badge\">");
			html_text(q, b, TX_ACCESS_HARDWARE);
			H(b, "</span>");
		}
		if (k->comment.n) {
			H(b, " <span class=\"muted\">");
			html_foreign(b, k->comment);
			H(b, "</span>");
		}
		H(b, "</li>");
	}
	H(b, "</ul>");
}

static void person(const struct request *q, struct buf *b, const struct gate_person *p)
{
	H(b, "<li><strong>");
	html_foreign(b, p->name);
	H(b, "</strong> (");
	html_foreign(b, p->id);
	H(b, ")");
	if (p->state == GATE_SUSPENDED) {
		H(b, " <span class=\"badge bad\">");
		html_text(q, b, TX_ACCESS_SUSPENDED);
		H(b, "</span> ");
		html_foreign(b, p->reason);
	}
	if (p->naccounts) {
		H(b, "<br>");
		html_text(q, b, TX_ACCESS_ACCOUNTS);
		for (size_t i = 0; i < p->naccounts; i++) {
			buf_addz(b, i ? ", " : ": ");
			html_foreign(b, p->accounts[i]);
		}
	}
	if (p->nkeys)
		keys(q, b, p);
	H(b, "</li>\n");
}

static void persons(const struct request *q, struct buf *b, const struct access_gate *g, struct slice provider)
{
	size_t n = 0;
	heading(q, b, "persons", TX_ACCESS_PERSONS);
	H(b, "<ul>\n");
	for (size_t i = 0; i < g->policy.npersons; i++)
		if (slice_eq(g->policy.persons[i].provider, provider)) {
			person(q, b, &g->policy.persons[i]);
			n++;
		}
	H(b, "</ul>\n");
	if (!n) {
		H(b, "<p class=\"empty\">");
		html_text(q, b, TX_ACCESS_NO_PERSONS);
		H(b, "</p>\n");
	}
	H(b, "</section>\n");
}

/* ---- grants and sessions ------------------------------------------------------------------------------------------------------------------------------ */

static void grants(struct request *q, struct buf *b, const struct access_gate *g, struct slice provider)
{
	const struct gate_grant **v = arena_alloc(q->mem, (PAGE_ROWS + 1) * sizeof *v);
	size_t n = 0;
	for (size_t i = g->policy.ngrants; i-- > 0 && n < PAGE_ROWS;)
		if (slice_eq(access_grant_provider(g, &g->policy.grants[i]), provider))
			v[n++] = &g->policy.grants[i];
	if (!n)
		return;
	heading(q, b, "grants", TX_ACCESS_GRANTS);
	access_html_grants(q, b, g, v, n, TX_ACCESS_GRANTS_OF_PROVIDER);
	H(b, "</section>\n");
}

static int sessions(struct request *q, struct buf *b, struct slice provider, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_SESSIONS};
	struct broker_answer a;
	struct access_sessions list;
	struct slice body;
	ask_set(ask.text, sizeof ask.text, provider);
	int rc = page_ask(q, &ask, &a, &body, e);
	rc = rc ? rc : access_sessions_read(body, q->mem, &list, e);
	if (rc || !list.n)
		return rc;
	heading(q, b, "sessions", TX_ACCESS_SESSIONS);
	access_html_sessions(q, b, list.v, MIN(list.n, (size_t)SESSIONS_SHOWN), TX_ACCESS_SESSIONS_OF_PROVIDER, false);
	H(b, "<p><a href=\"/sessions?provider=");
	html_path(b, provider);
	H(b, "\">");
	html_number(q, b, TX_ACCESS_SESSIONS_N, list.total);
	H(b, "</a></p>\n</section>\n");
	return 0;
}

/* ---- incidents ------------------------------------------------------------------------------------------------------------------------------------------ */

struct naming {
	struct slice provider;
	char id[INCIDENTS][40];
	size_t n;
};

static int note(struct naming *x, const char *incident)
{
	for (size_t i = 0; i < x->n; i++)
		if (strcmp(x->id[i], incident) == 0)
			return 0;
	if (!*incident || x->n == INCIDENTS)
		return 0;
	snprintf(x->id[x->n++], sizeof x->id[0], "%s", incident);
	return 0;
}

static int take_action(void *arg, const struct store_action *a)
{
	struct naming *x = arg;
	return slice_eq(a->target, x->provider) && slice_eqz(a->kind, "suspend-provider") ? note(x, a->incident) : 0;
}

static int take_finding(void *arg, struct finding *f, const char *incident)
{
	struct naming *x = arg;
	bool named = false;
	for (size_t i = 0; i < f->nentities; i++)
		named = named || (f->entities[i].type == ENT_PROVIDER && slice_eq(f->entities[i].value, x->provider));
	finding_free(f);
	return named ? note(x, incident) : 0;
}

static void incidents(struct request *q, struct buf *b, struct slice provider)
{
	struct store *s = q->desk->store;
	struct naming *x = arena_alloc(q->mem, sizeof *x);
	struct store_search look = {provider, 5000, 16 << 20};
	struct err e;
	bool partly = false;
	*x = (struct naming){.provider = provider};
	if (!s || store_actions(s, -1, NULL, take_action, x, &e) || store_search_findings(s, &look, take_finding, x, &partly, &e) || !x->n)
		return;
	heading(q, b, "incidents", TX_ACCESS_INCIDENTS);
	H(b, "<ul>\n");
	for (size_t i = 0; i < x->n; i++) {
		struct store_incident in;
		if (store_incident_get(s, x->id[i], q->mem, &in, &e))
			continue;
		H(b, "<li>");
		html_level(q, b, in.level);
		H(b, " ");
		access_html_link(b, "/incidents/", slice_of(x->id[i]), in.title);
		H(b, " <span class=\"muted\">");
		html_time(q, b, in.last);
		H(b, "</span></li>\n");
	}
	H(b, "</ul>\n</section>\n");
}

/* ---- suspend and resume ---------------------------------------------------------------------------------------------------------------------------------- */

static void resume_form(struct request *q, struct buf *b, const struct access_gate *g, const struct gate_provider *p)
{
	struct access_actor me = access_me(q);
	enum text no = access_outsider(&g->policy, &me, q->now);
	if (!has_role(q, ROLE_ADMINISTRATOR) || no != TX_NONE) {
		H(b, "<p>");
		html_text(q, b, has_role(q, ROLE_ADMINISTRATOR) ? no : TX_ACCESS_RESUME_WHO);
		H(b, "</p>\n");
		return;
	}
	html_form(q, b, "/access/resume/", p->id);
	H(b, "<p><label for=\"resume-why\">");
	html_text(q, b, TX_ACCESS_REASON);
	H(b, "</label><input id=\"resume-why\" name=\"reason\" required maxlength=\"400\" autocomplete=\"off\"></p>\n");
	html_fresh(q, b);
	H(b, "<p><button class=\"main\">");
	html_text(q, b, TX_ACCESS_RESUME);
	H(b, "</button></p></form>\n");
}

static void state(struct request *q, struct buf *b, const struct access_gate *g, const struct gate_provider *p)
{
	bool out = p->state == GATE_SUSPENDED;
	buf_addz(b, out ? "<section class=\"card attention\" aria-labelledby=\"state\">\n" : "<section class=\"card\" aria-labelledby=\"state\">\n");
	H(b, "<h2 id=\"state\">");
	html_text(q, b, out ? TX_ACCESS_RESUME_TITLE : TX_ACCESS_SUSPEND_TITLE);
	H(b, "</h2>\n<p>");
	html_text(q, b, out ? TX_ACCESS_RESUME_MEANS : TX_ACCESS_SUSPEND_MEANS);
	H(b, "</p>\n");
	if (out) {
		H(b, "<p>");
		html_with(q, b, TX_ACCESS_SUSPENDED_WHY, p->reason);
		H(b, "</p>\n");
		resume_form(q, b, g, p);
	} else {
		access_html_reason(q, b, "/access/suspend/", p->id, TX_ACCESS_SUSPEND, SL("suspend"));
	}
	H(b, "</section>\n");
}

/* ---- the page ------------------------------------------------------------------------------------------------------------------------------------------------ */

static int show(struct request *q, struct response *r, const char *bad, int code, struct err *e)
{
	struct access_gate g;
	struct buf *b = &r->body;
	int rc = access_load(q, SLICE_NONE, &g, e);
	const struct gate_provider *p = rc ? NULL : access_provider(&g, q->arg[0]);
	if (rc)
		return rc;
	if (!p)
		return err_set(e, ERR_NOENT, "%s", text_of(TX_ACCESS_NO_SUCH_PROVIDER, q->language));
	access_head(q, r, TX_ACCESS_PROVIDER, p->name);
	if (bad)
		access_said(q, r, bad, code);
	H(b, "<dl>\n<dt>");
	html_text(q, b, TX_ACCESS_STATE);
	H(b, "</dt><dd>");
	access_html_provider_state(q, b, p);
	H(b, "</dd>\n");
	access_html_fact(q, b, TX_ACCESS_NAME, p->id);
	H(b, "<dt>");
	html_text(q, b, TX_ACCESS_CONTRACT);
	H(b, "</dt><dd>");
	html_time(q, b, p->until);
	H(b, "</dd>\n</dl>\n");
	state(q, b, &g, p);
	incidents(q, b, p->id);
	persons(q, b, &g, p->id);
	grants(q, b, &g, p->id);
	return sessions(q, b, p->id, e);
}

int access_provider_page(struct request *q, struct response *r, struct err *e)
{
	return show(q, r, NULL, 0, e);
}

static int change(struct request *q, struct response *r, enum broker_op op, enum text said, struct err *e)
{
	int rc = access_do(q, op, true, e);
	if (rc == ERR_NOENT)
		return rc;
	if (!rc) {
		page_go_said(q, r, "/access/providers/", q->arg[0], said);
		return 0;
	}
	struct err why = *e;
	return show(q, r, why.text, rc, e);
}

int access_suspend(struct request *q, struct response *r, struct err *e)
{
	return change(q, r, BROKER_SUSPEND, TX_ACCESS_SAID_SUSPENDED, e);
}

int access_resume(struct request *q, struct response *r, struct err *e)
{
	return change(q, r, BROKER_RESUME, TX_ACCESS_SAID_RESUMED, e);
}
