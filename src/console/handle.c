/* handle.c - from a request to a response: route, session, role, sizes, encodings, CSRF; then the page. */
#include "console/console_private.h"

#include <sodium.h>
#include <stdio.h>

/* ---- who asks ----------------------------------------------------------------------------------------------------------------------------------------- */

static const char *cookie_name(const struct desk *d, bool session)
{
	bool plain = d->o->plain;
	return session ? plain ? COOKIE_PLAIN : COOKIE_SESSION : plain ? COOKIE_BEFORE_PLAIN : COOKIE_BEFORE;
}

static bool token_like(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return s.n == 40;
}

static void set_cookie(struct desk *d, struct exchange *x, const char *name, const char *value, bool end)
{
	struct buf b = {0};
	buf_addf(&b, "%s=%s; Path=/%s; HttpOnly; SameSite=Strict%s", name, value, d->o->plain ? "" : "; Secure", end ? "; Max-Age=0" : "");
	buf_addc(&b, 0);
	union { const char *in; char *out; } copy = {slice_dup(&x->mem, buf_slice(&b)).p};
	x->set_cookie = copy.out;
	buf_free(&b);
}

void login_form_token(const struct server *s, struct slice cookie, char out[static BROKER_TOKEN])
{
	uint8_t h[20];
	crypto_generichash(h, sizeof h, (const uint8_t *)cookie.p, cookie.n, server_secret(s), 32);
	sodium_bin2hex(out, BROKER_TOKEN, h, sizeof h);
}

/* Nobody is logged in: forms are bound to a cookie of this browser, so that nobody logs it in as somebody else. */
static void before_login(struct desk *d, struct exchange *x, struct request *q)
{
	char fresh[BROKER_TOKEN];
	uint8_t bytes[20];
	struct slice cookie = request_cookie(x->head.cookie, cookie_name(d, false));
	if (!token_like(cookie)) {
		randombytes_buf(bytes, sizeof bytes);
		sodium_bin2hex(fresh, sizeof fresh, bytes, sizeof bytes);
		cookie = slice_dup(&x->mem, slice_of(fresh));
		if (x->method == METHOD_GET && q->route && !q->route->roles) /* where there is such a form */
			set_cookie(d, x, cookie_name(d, false), fresh, false);
	}
	login_form_token(d->server, cookie, q->who.csrf);
}

/* 0, or 503: the broker does not answer. */
static unsigned find_session(struct desk *d, struct exchange *x, struct request *q)
{
	struct slice token = request_cookie(x->head.cookie, cookie_name(d, true));
	struct broker_ask ask = {.op = BROKER_WHO, .number = x->quiet};
	struct broker_answer a;
	struct err e;
	int rc = ERR_PERM;
	if (token_like(token)) {
		memcpy(q->token, token.p, token.n);
		rc = page_ask(q, &ask, &a, NULL, &e);
	}
	if (rc && rc != ERR_PERM)
		return 503;
	if (!rc) {
		memcpy(x->token, q->token, sizeof x->token);
		q->who = a.who;
		q->language = a.who.language < LURE_LANGUAGES ? (enum lure_language)a.who.language : LURE_EN;
		return 0;
	}
	memset(q->token, 0, sizeof q->token);
	before_login(d, x, q);
	q->language = request_language(x->head.languages, LURE_EN);
	if (query_get(q, "lang").n)
		q->language = request_language(query_get(q, "lang"), q->language);
	return 0;
}

/* ---- forms ------------------------------------------------------------------------------------------------------------------------------------------------ */

/* Not from another site: browsers say where a form comes from, and our own pages are the only ones that may send one. */
static bool same_site(const struct exchange *x)
{
	const struct head *h = &x->head;
	if (h->site.n)
		return slice_eq(h->site, SL("same-origin"));
	if (!h->origin.n)
		return true; /* no browser of today; the token decides */
	ssize_t at = slice_find(h->origin, SL("://"));
	return at > 0 && slice_ieq(slice_from(h->origin, (size_t)at + 3), h->host);
}

static unsigned take_form(struct exchange *x, struct request *q, struct parts *parts, struct err *e)
{
	struct slice type = x->head.type, kind;
	struct field *form = NULL;
	if (!slice_cut(&type, ';', &kind))
		kind = type;
	kind = slice_trim(kind);
	int rc;
	if (slice_ieq(kind, SL("multipart/form-data"))) {
		if (!(q->route->flags & ROUTE_UPLOAD))
			return 415;
		rc = request_multipart(x->head.type, x->body, &x->mem, parts, e);
		form = parts->form;
		q->nform = parts->nform;
	} else if (!x->body.n || slice_ieq(kind, SL("application/x-www-form-urlencoded"))) {
		rc = request_form(x->body, &x->mem, &form, &q->nform, e);
	} else {
		return 415;
	}
	q->form = form;
	q->uploads = parts->uploads;
	q->nuploads = parts->nuploads;
	return rc ? 400 : 0;
}

/* ---- the page ----------------------------------------------------------------------------------------------------------------------------------------------- */

static unsigned status_of(int rc)
{
	static const struct { int code; unsigned status; } table[] = {{ERR_NOENT, 404}, {ERR_PERM, 403}, {ERR_SYNTAX, 400}, {ERR_RANGE, 400}, {ERR_LIMIT, 400}, {ERR_TYPE, 400},
		{ERR_DUP, 409}, {ERR_STOPPED, 409}};
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].code == rc)
			return table[i].status;
	return 500;
}

static void run_page(struct desk *d, struct exchange *x, struct request *q)
{
	struct err e = {0};
	int rc = q->route->fn(q, &x->r, &e);
	if (rc && status_of(rc) == 500)
		core_log(LOG_LEVEL_ERROR, "console: %s: %s", q->route->path, e.text);
	if (rc) {
		respond_error(q, &x->r, status_of(rc), slice_of(e.text));
		return;
	}
	if (x->r.cookie && *x->r.cookie)
		set_cookie(d, x, cookie_name(d, true), x->r.cookie, false);
	else if (x->r.cookie)
		set_cookie(d, x, cookie_name(d, true), "", true);
	if (x->r.go.n) {
		x->r.status = 303;
		buf_free(&x->r.body);
		return;
	}
	if (!x->r.type && (q->route->flags & ROUTE_JSON))
		x->r.type = "application/json";
	if (!x->r.type && !(q->route->flags & ROUTE_BARE))
		respond_frame(q, &x->r);
}

/* Who comes from a page of ours that he may see goes back to it after logging in. */
static void go_login(struct exchange *x, struct request *q)
{
	struct buf b = {0};
	buf_addz(&b, "/login?next=");
	html_path(&b, x->method == METHOD_GET ? slice_to(x->target, 1024) : SL("/"));
	x->r.go = slice_dup(q->mem, buf_slice(&b));
	x->r.status = 303;
	buf_free(&b);
}

/* A link in a mail: browsers keep a strict cookie back from what another site leads to, so that who is logged in seems not to be. Our own page leads there once more. */
static bool once_more(struct exchange *x, struct request *q)
{
	if (x->method != METHOD_GET || !slice_eq(x->head.site, SL("cross-site")) || x->head.cookie.n)
		return false;
	struct buf *b = &x->r.body;
	H(b, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
	html_text(q, b, TX_NAME);
	H(b, "</title><meta http-equiv=\"refresh\" content=\"0; url=");
	html_value(b, x->target);
	H(b, "\"></head><body><p><a href=\"");
	html_value(b, x->target);
	H(b, "\">");
	html_text(q, b, TX_NAME);
	H(b, "</a></p></body></html>\n");
	return true;
}

/* Session, role; 0 or a status. 303: to the login page. */
static unsigned may(struct desk *d, struct exchange *x, struct request *q)
{
	unsigned status = find_session(d, x, q);
	if (status || !q->route->roles || has_role(q, q->route->roles))
		return status;
	return q->who.roles ? 403 : q->route->flags & ROUTE_JSON ? 401 : 303;
}

static void handle_form(struct desk *d, struct exchange *x, struct request *q)
{
	struct parts parts = {0};
	struct err e = {0};
	unsigned status = same_site(x) ? take_form(x, q, &parts, &e) : 419;
	struct slice token = form_get(q, "csrf");
	if (!status && !equal_secret(token.n ? token : x->head.csrf, slice_of(q->who.csrf)))
		status = 419;
	if (status)
		respond_error(q, &x->r, status, slice_of(e.text));
	else
		run_page(d, x, q);
	parts_close(&parts);
}

static const struct static_file *find_static(const struct desk *d, const struct target *t, struct exchange *x)
{
	static const char *const api[] = {"api", "v1", "openapi.json"};
	bool is_api = t->nparts == ARRAY_LEN(api);
	for (size_t i = 0; i < ARRAY_LEN(api) && is_api; i++)
		is_api = slice_eqz(t->parts[i], api[i]);
	if (!is_api && (t->nparts != 2 || !slice_eq(t->parts[0], SL("static"))))
		return NULL;
	const struct static_file *f = statics_find(server_options(d->server)->statics, t->parts[t->nparts - 1]);
	struct slice version = t->nquery == 1 && slice_eq(t->query[0].name, SL("v")) ? t->query[0].value : SLICE_NONE;
	x->immutable = f && version.n == 16 && memcmp(version.p, f->tag + 1, 16) == 0;
	return f;
}

void exchange_handle(struct desk *d, struct exchange *x)
{
	struct target t;
	struct err e = {0};
	struct request q = {.desk = d, .method = x->method, .mem = &x->mem, .now = x->now};
	x->r.status = 200;
	snprintf(q.source, sizeof q.source, "%s", x->source);
	int rc = request_target(x->target, &x->mem, &t, &e);
	q.path = t.path;
	q.query = t.query;
	q.nquery = t.nquery;
	x->quiet = x->quiet || slice_eq(t.path, SL("/events")); /* a browser begins its stream again by itself: nobody has to be there */
	if (!rc && x->method == METHOD_GET && (x->file = find_static(d, &t, x)))
		return;
	unsigned status = rc ? rc == ERR_NOENT ? 404 : 400 : route_find(&t, x->method, &q.route, q.arg, &x->allowed);
	if (status) {
		find_session(d, x, &q);
		respond_error(&q, &x->r, status, status == 400 ? slice_of(e.text) : SLICE_NONE);
		return;
	}
	status = may(d, x, &q);
	if (status == 303 && once_more(x, &q))
		return;
	if (status == 303)
		go_login(x, &q);
	else if (status)
		respond_error(&q, &x->r, status, SLICE_NONE);
	else if (x->method == METHOD_POST)
		handle_form(d, x, &q);
	else
		run_page(d, x, &q);
}

void exchange_check(struct desk *d, struct exchange *x)
{
	struct target t;
	struct err e;
	struct request q = {.desk = d, .method = x->method, .mem = &x->mem, .now = x->now};
	snprintf(q.source, sizeof q.source, "%s", x->source);
	if (request_target(x->target, &x->mem, &t, &e) || route_find(&t, x->method, &q.route, q.arg, &x->allowed))
		return; /* exchange_handle() says so */
	q.path = t.path;
	q.query = t.query;
	q.nquery = t.nquery;
	unsigned status = may(d, x, &q);
	x->set_cookie = NULL;
	x->answered = status != 0;
	snprintf(x->account, sizeof x->account, "%s", q.who.name);
	if (status == 303)
		go_login(x, &q);
	else if (status)
		respond_error(&q, &x->r, status, SLICE_NONE);
}
