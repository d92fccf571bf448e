/* pages_held.c - mail that the filter held: what was found in it, in words; its text shown as text; release and deletion, done by the broker. */
#include "console/report_pages.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADERS_BYTES = 16 << 10, TEXT_BYTES = 48 << 10, PARTS_SHOWN = 100, MAILS_MOST = 2000 };

struct mail {
	uint32_t state, under_way;
	nstime time, done;
	uint64_t body, size;
	struct slice id, queue, sender, recipients, from, subject, verdict, reasons, by;
};

/* As broker_held.c writes it. */
static bool read_mail(struct wire *w, struct mail *m)
{
	struct slice *const texts[] = {&m->id, &m->queue, &m->sender, &m->recipients, &m->from, &m->subject, &m->verdict, &m->reasons, &m->by};
	m->state = wire_u32(w);
	m->under_way = wire_u32(w);
	m->time = (nstime)wire_u64(w);
	m->done = (nstime)wire_u64(w);
	m->body = wire_u64(w);
	m->size = wire_u64(w);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = wire_sized(w);
	return !w->bad;
}

enum { HERE, RELEASING };
static const enum text states[] = {TX_MA_HELD, TX_MA_RELEASING, TX_MA_RELEASED, TX_MA_DELETED, TX_MA_EXPIRED};
static const char *const state_words[] = {"held", "releasing", "released", "deleted", "expired"};

static enum verdict verdict_of(struct slice s)
{
	for (int v = VERDICT_CLEAN; v <= VERDICT_LURE; v++)
		if (slice_eqz(s, verdict_name((enum verdict)v)))
			return (enum verdict)v;
	return VERDICT_CANNOT_TELL;
}

static int ask_held(struct request *q, struct slice id, bool all, struct slice *body, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_HELD, .number = all};
	struct broker_answer a;
	*body = SLICE_NONE;
	ask_set(ask.id, sizeof ask.id, id);
	return page_ask(q, &ask, &a, body, e);
}

int mail_each(struct request *q, mail_fn *fn, void *arg, struct err *e)
{
	struct slice rows;
	struct mail m;
	int rc = q->desk->o->quarantine && has_role(q, ROLE_ANALYST | ROLE_ADMINISTRATOR) ? ask_held(q, SLICE_NONE, false, &rows, e) : ERR_NOENT;
	struct wire w = wire_of(rc ? SLICE_NONE : rows);
	for (size_t n = 0; !rc && w.n && n < MAILS_MOST && read_mail(&w, &m); n++)
		fn(arg, m.id, m.from.n ? m.from : m.sender, m.recipients, m.subject, m.time);
	return rc == ERR_NOENT ? 0 : rc;
}

/* ---- the list ------------------------------------------------------------------------------------------------------------------------------ */

static const enum text heads[] = {TX_MA_WHEN, TX_MA_FROM, TX_MA_TO, TX_MA_SUBJECT, TX_MA_FOUND, TX_MA_STATE};

static void cell(const struct request *q, struct buf *b, size_t head)
{
	buf_addz(b, head ? "</td><td data-label=\"" : "<td data-label=\"");
	html_text(q, b, heads[head]);
	H(b, "\">");
}

static void list_row(const struct request *q, struct buf *b, const struct mail *m)
{
	H(b, "<tr>");
	cell(q, b, 0);
	H(b, "<a href=\"/mail/");
	html_path(b, m->id);
	H(b, "\">");
	html_time(q, b, m->time);
	H(b, "</a>");
	cell(q, b, 1);
	html_foreign(b, m->from.n ? m->from : m->sender);
	cell(q, b, 2);
	html_lines(b, m->recipients, ", ");
	cell(q, b, 3);
	html_foreign(b, m->subject);
	cell(q, b, 4);
	verdict_html(q, b, verdict_of(m->verdict));
	cell(q, b, 5);
	html_text(q, b, states[MIN(m->state, 4u)]);
	if (m->by.n) {
		H(b, " <small class=\"muted\">");
		html_foreign(b, m->by);
		H(b, "</small>");
	}
	H(b, "</td></tr>");
}

static void list_table(const struct request *q, struct buf *b, struct slice rows)
{
	struct wire w = wire_of(rows);
	struct mail m;
	uint64_t n = 0, skip = page_skip(q);
	if (!rows.n) {
		H(b, "<p class=\"muted\">");
		html_text(q, b, TX_MA_NONE);
		H(b, "</p>");
		return;
	}
	H(b, "<table><caption>");
	html_text(q, b, TX_MA_TITLE);
	H(b, "</caption>");
	html_columns(q, b, heads, ARRAY_LEN(heads));
	H(b, "<tbody>");
	for (; w.n && n < MAILS_MOST && read_mail(&w, &m); n++)
		if (n >= skip && n < skip + PAGE_ROWS)
			list_row(q, b, &m);
	H(b, "</tbody></table>");
	html_pager(q, b, n);
}

int mail_page(struct request *q, struct response *r, struct err *e)
{
	struct slice rows;
	struct buf *b = &r->body;
	bool all = slice_eqz(query_get(q, "all"), "1");
	r->title = TX_MA_TITLE;
	r->wide = true;
	H(b, "<h1>");
	html_text(q, b, TX_MA_TITLE);
	H(b, "</h1>");
	int rc = ask_held(q, SLICE_NONE, all, &rows, e);
	if (rc == ERR_UNSUPPORTED) {
		H(b, "<p>");
		html_text(q, b, TX_MA_NO_FOLDER);
		H(b, " <code>postern milter</code>, <code>postern console --quarantine</code></p>");
		return 0;
	}
	if (rc)
		return rc;
	H(b, "<p class=\"actions\">");
	buf_addf(b, "<a href=\"/mail%s\">", all ? "" : "?all=1");
	html_text(q, b, all ? TX_MA_ONLY_HELD : TX_MA_ALL);
	H(b, "</a></p>");
	list_table(q, b, rows);
	return 0;
}

int mail_api(struct request *q, struct response *r, struct err *e)
{
	struct slice rows;
	struct mail m;
	struct buf *b = &r->body;
	char t[40];
	size_t n = 0;
	int rc = ask_held(q, SLICE_NONE, slice_eqz(query_get(q, "all"), "1"), &rows, e);
	if (rc == ERR_UNSUPPORTED)
		return err_set(e, ERR_NOENT, "no folder of held mail was given");
	if (rc)
		return rc;
	buf_addz(b, "{\"mail\":[");
	for (struct wire w = wire_of(rows); w.n && n < MAILS_MOST && read_mail(&w, &m); n++) {
		const struct { const char *name; struct slice value; } fields[] = {{"queue", m.queue}, {"sender", m.sender}, {"from", m.from}, {"recipients", m.recipients}, {"subject", m.subject},
			{"verdict", m.verdict}, {"reasons", m.reasons}, {"by", m.by}};
		buf_addz(b, n ? ",{\"id\":" : "{\"id\":");
		buf_json(b, m.id);
		buf_addf(b, ",\"state\":\"%s\",\"time\":\"%s\",\"size\":%llu", state_words[MIN(m.state, 4u)], time_rfc3339(m.time, t), (unsigned long long)m.size);
		for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
			buf_addf(b, ",\"%s\":", fields[i].name);
			buf_json(b, fields[i].value);
		}
		buf_addc(b, '}');
	}
	buf_addz(b, "]}\n");
	return 0;
}

/* ---- one ------------------------------------------------------------------------------------------------------------------------------------ */

static void facts(const struct request *q, struct buf *b, const struct mail *m)
{
	char size[32];
	snprintf(size, sizeof size, "%llu", (unsigned long long)m->size);
	H(b, "<dl class=\"card\"><dt>");
	html_text(q, b, TX_MA_WHEN);
	H(b, "</dt><dd>");
	html_time(q, b, m->time);
	H(b, "</dd><dt>");
	html_text(q, b, TX_MA_STATE);
	H(b, "</dt><dd>");
	html_text(q, b, states[MIN(m->state, 4u)]);
	H(b, "</dd>");
	report_row(q, b, TX_MA_SENDER, m->sender);
	report_row(q, b, TX_MA_FROM, m->from);
	report_row(q, b, TX_MA_TO, m->recipients);
	report_row(q, b, TX_MA_SUBJECT, m->subject);
	report_row(q, b, TX_RP_SIZE, slice_of(size));
	report_row(q, b, TX_MA_QUEUE, m->queue);
	report_row(q, b, TX_MA_BY, m->by);
	H(b, "</dl>");
}

/* Buttons; a release may have begun and not ended, and then it says what "again" means. */
static void decide(const struct request *q, struct buf *b, const struct mail *m)
{
	if (!has_role(q, ROLE_ADMINISTRATOR) || m->state > RELEASING)
		return;
	if (m->state == RELEASING && m->under_way) {
		html_said(q, b, false, slice_of(text_of(TX_MA_UNDER_WAY, q->language)));
		return;
	}
	H(b, "<section class=\"card\"><h2>");
	html_text(q, b, TX_MA_DECIDE);
	H(b, "</h2>");
	if (m->state == RELEASING) {
		H(b, "<p class=\"said bad\" role=\"alert\">");
		html_text(q, b, TX_MA_AGAIN_WHY);
		H(b, "</p>");
	}
	html_form(q, b, "/mail/{}/release", m->id);
	if (m->state == RELEASING) {
		H(b, "<p><label><input type=\"checkbox\" name=\"again\" value=\"yes\" required> ");
		html_text(q, b, TX_MA_AGAIN);
		H(b, "</label></p>");
	}
	html_fresh(q, b);
	H(b, "<p class=\"actions\"><button type=\"submit\">");
	html_text(q, b, TX_MA_RELEASE);
	H(b, "</button></p></form>");
	html_form(q, b, "/mail/{}/delete", m->id);
	H(b, "<p><label><input type=\"checkbox\" name=\"sure\" value=\"yes\" required> ");
	html_text(q, b, TX_MA_DELETE_SURE);
	H(b, "</label></p><p class=\"actions\"><button type=\"submit\" class=\"danger\">");
	html_text(q, b, TX_MA_DELETE);
	H(b, "</button></p></form></section>");
}

static void part_rows(const struct request *q, struct buf *b, const struct lure *l)
{
	const struct lure_object *o;
	size_t n = lure_objects(l, &o);
	if (n < 2)
		return;
	H(b, "<section><h2>");
	html_text(q, b, TX_MA_PARTS);
	H(b, "</h2><div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"parts\"><table><caption id=\"parts\">");
	html_text(q, b, TX_MA_PARTS_CAPTION);
	H(b, "</caption><thead><tr><th scope=\"col\">");
	html_text(q, b, TX_RP_NAME);
	H(b, "</th><th scope=\"col\">");
	html_text(q, b, TX_RP_TYPE);
	H(b, "</th><th scope=\"col\">");
	html_text(q, b, TX_RP_SIZE);
	H(b, "</th><th scope=\"col\">");
	html_text(q, b, TX_RP_HASH);
	H(b, "</th></tr></thead><tbody>");
	for (size_t i = 1; i < MIN(n, (size_t)PARTS_SHOWN); i++) {
		H(b, "<tr><td>");
		html_foreign(b, o[i].name);
		H(b, "</td><td>");
		buf_html(b, slice_of(lure_type_name(o[i].type)));
		buf_addf(b, "</td><td>%llu</td><td><code>%s</code></td></tr>", (unsigned long long)o[i].size, o[i].sha256);
	}
	H(b, "</tbody></table></div></section>");
}

static void evidence(const struct request *q, struct buf *b, const struct lure *l, const struct lure_verdict *v)
{
	const struct lure_finding *f;
	size_t n = lure_findings(l, &f);
	if (!v->nreasons)
		return;
	H(b, "<details><summary>");
	html_text(q, b, TX_RP_EVIDENCE);
	H(b, "</summary><ul>");
	for (size_t i = 0; i < v->nreasons && v->reasons[i] < n; i++) {
		const struct lure_finding *x = &f[v->reasons[i]];
		buf_addf(b, "<li><code>%s</code> ", indicator_table[x->indicator].id);
		html_foreign(b, x->where);
		H(b, " ");
		html_foreign(b, x->evidence);
		H(b, "</li>");
	}
	H(b, "</ul></details>");
}

static void found(struct request *q, struct buf *b, int fd)
{
	struct lure *l = lure_new(NULL);
	struct lure_verdict v;
	struct inspect_told t;
	struct err e;
	struct buf lessons = {0};
	H(b, "<section class=\"card\"><h2>");
	html_text(q, b, TX_RP_FOUND);
	H(b, "</h2>");
	if (q->desk->inspect && !inspect_object(q->desk->inspect, fd, SL("message.eml"), NULL, 0, l, &e)) {
		lure_judge(l, &v);
		inspect_tell(l, &v, SL("message.eml"), q->mem, &t);
		H(b, "<p>");
		verdict_html(q, b, v.verdict);
		H(b, "</p>");
		words_html(q, b, t.words, true);
		evidence(q, b, l, &v);
		lessons_html(q, &lessons, t.words);
		if (lessons.n) {
			H(b, "<h3>");
			html_text(q, b, TX_RP_LEARN);
			H(b, "</h3>");
			buf_adds(b, buf_slice(&lessons));
		}
		H(b, "</section>");
		part_rows(q, b, l);
	} else {
		H(b, "<p>");
		html_text(q, b, TX_MA_NOT_INSPECTED);
		H(b, "</p></section>");
	}
	buf_free(&lessons);
	lure_free(l);
}

/* As it was sent, characters made visible: nothing in it is drawn, loaded, or can be clicked. */
static void source_text(const struct request *q, struct buf *b, int fd, const struct mail *m)
{
	char *bytes = arena_alloc(q->mem, HEADERS_BYTES + TEXT_BYTES);
	size_t headers = (size_t)MIN(m->body, (uint64_t)HEADERS_BYTES);
	ssize_t n = pread(fd, bytes, headers, 0), body = pread(fd, bytes + HEADERS_BYTES, TEXT_BYTES, (off_t)m->body);
	H(b, "<section><h2>");
	html_text(q, b, TX_MA_SOURCE);
	H(b, "</h2><p class=\"muted\">");
	html_text(q, b, TX_MA_SOURCE_NOTE);
	H(b, "</p><details><summary>");
	html_text(q, b, TX_MA_HEADERS);
	H(b, "</summary><pre class=\"evidence\" tabindex=\"0\">");
	html_lines(b, slice_make(bytes, (size_t)MAX(n, 0)), "\n");
	H(b, "</pre></details><details><summary>");
	html_text(q, b, TX_MA_TEXT);
	H(b, "</summary><pre class=\"evidence\" tabindex=\"0\">");
	html_lines(b, slice_make(bytes + HEADERS_BYTES, (size_t)MAX(body, 0)), "\n");
	H(b, "</pre></details></section>");
}

int mail_one_page(struct request *q, struct response *r, struct err *e)
{
	struct slice rows;
	struct mail m;
	struct broker_ask ask = {.op = BROKER_HELD_MESSAGE};
	struct broker_answer a;
	int fd = -1;
	int rc = ask_held(q, q->arg[0], true, &rows, e);
	struct wire w = wire_of(rows);
	if (!rc && !read_mail(&w, &m))
		rc = err_set(e, ERR_NOENT, "%s", text_of(TX_MA_NO_SUCH, q->language));
	if (rc)
		return rc == ERR_UNSUPPORTED ? ERR_NOENT : rc;
	r->title = TX_MA_ONE;
	H(&r->body, "<h1>");
	html_text(q, &r->body, TX_MA_ONE);
	H(&r->body, "</h1>");
	facts(q, &r->body, &m);
	decide(q, &r->body, &m);
	if (m.state > RELEASING)
		return 0;
	ask_set(ask.id, sizeof ask.id, m.id);
	rc = page_ask_fd(q, &ask, &a, &fd, e);
	if (!rc && fd >= 0) {
		found(q, &r->body, fd);
		source_text(q, &r->body, fd, &m);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

/* ---- doing -------------------------------------------------------------------------------------------------------------------------------------- */

static int act(struct request *q, struct response *r, struct broker_ask *ask, enum text said, struct err *e)
{
	struct broker_answer a;
	ask_set(ask->id, sizeof ask->id, q->arg[0]);
	int rc = page_ask(q, ask, &a, NULL, e);
	if (!rc)
		page_go_said(q, r, "/mail/", q->arg[0], said);
	if (rc == ERR_DUP)
		return err_set(e, ERR_STOPPED, "%s", text_of(TX_MA_UNDER_WAY, q->language));
	return rc == ERR_USAGE ? ERR_STOPPED : rc; /* somebody else was faster, or an earlier one did not end */
}

int mail_release_page(struct request *q, struct response *r, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_HELD_RELEASE, .number = slice_eqz(form_get(q, "again"), "yes")};
	ask_fresh(q, &ask);
	return act(q, r, &ask, TX_MA_SAID_RELEASED, e);
}

int mail_delete_page(struct request *q, struct response *r, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_HELD_DELETE};
	if (!slice_eqz(form_get(q, "sure"), "yes"))
		return err_set(e, ERR_SYNTAX, "%s", text_of(TX_MA_DELETE_SURE, q->language));
	return act(q, r, &ask, TX_MA_SAID_DELETED, e);
}
