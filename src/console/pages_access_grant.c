/* pages_access_grant.c - /access/grants/{}: what a grant means in words, what is unusual about it, and the decision. */
#include "console/pages_access.h"

/* ---- in words ---------------------------------------------------------------------------------------------------------------------------------------- */

static void begin(const struct request *q, struct buf *b, enum text label)
{
	H(b, "<dt>");
	html_text(q, b, label);
	H(b, "</dt><dd>");
}

static void end(struct buf *b)
{
	H(b, "</dd>\n");
}

static void who(const struct request *q, struct buf *b, const struct access_gate *g, const struct gate_grant *x)
{
	const struct gate_person *p = x->person.n ? access_person(g, x->person) : NULL;
	begin(q, b, TX_ACCESS_WHO);
	access_html_grant_whom(q, b, g, x);
	if (p && p->state == GATE_SUSPENDED) {
		H(b, " <span class=\"badge bad\">");
		html_text(q, b, TX_ACCESS_SUSPENDED);
		H(b, "</span>");
	}
	H(b, "<br>");
	if (p)
		html_number(q, b, TX_ACCESS_KEYS, p->nkeys);
	else
		html_text(q, b, TX_ACCESS_EVERYBODY_MEANS);
	end(b);
}

static void from_where(const struct request *q, struct buf *b, const struct gate_grant *x)
{
	char text[64];
	begin(q, b, TX_ACCESS_FROM_WHERE);
	if (access_anywhere(x))
		html_text(q, b, TX_ACCESS_ANYWHERE);
	if (access_anywhere(x) && x->nsources)
		H(b, ": ");
	for (size_t i = 0; i < x->nsources; i++) {
		access_source_text(&x->sources[i], text, sizeof text);
		buf_addz(b, i ? ", " : "");
		html_foreign(b, slice_of(text));
	}
	end(b);
}

static void where(const struct request *q, struct buf *b, const struct gate_grant *x)
{
	begin(q, b, TX_ACCESS_WHERE);
	for (size_t i = 0; i < x->nhosts; i++) {
		buf_addz(b, i ? ", " : "");
		html_foreign(b, x->hosts[i]);
	}
	H(b, "<br>");
	html_with(q, b, TX_ACCESS_AS_ACCOUNT, x->account);
	end(b);
}

static void when(const struct request *q, struct buf *b, const struct gate_grant *x)
{
	begin(q, b, TX_ACCESS_WHEN);
	html_time(q, b, x->from);
	H(b, " \xe2\x80\x93 ");
	html_time(q, b, x->until);
	H(b, " (");
	html_span(q, b, x->until - x->from + 30 * NS_SEC); /* "7d" was counted from a moment before */
	H(b, ")<br>");
	access_html_hours(q, b, x);
	if (x->wanted != NSTIME_NONE) {
		H(b, "<br><strong>");
		html_text(q, b, TX_ACCESS_LONGER_UNTIL);
		H(b, " ");
		html_time(q, b, x->wanted);
		H(b, "</strong> (");
		html_with(q, b, TX_ACCESS_ASKED_FOR_BY, x->wanter);
		H(b, ")");
	}
	end(b);
}

static void what(const struct request *q, struct buf *b, const struct gate_grant *x)
{
	static const struct { unsigned bit; enum text text; } kinds[] = {{MAY_SHELL, TX_ACCESS_MAY_SHELL}, {MAY_COMMANDS, TX_ACCESS_MAY_COMMANDS}, {MAY_SFTP, TX_ACCESS_MAY_SFTP},
		{MAY_FORWARD, TX_ACCESS_MAY_FORWARD}};
	begin(q, b, TX_ACCESS_MAY);
	H(b, "<ul>");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!(x->may & kinds[i].bit))
			continue;
		H(b, "<li>");
		html_text(q, b, kinds[i].text);
		if (kinds[i].bit == MAY_COMMANDS) {
			H(b, "<ul>");
			for (size_t k = 0; k < x->ncommands; k++) {
				H(b, "<li><code>");
				html_foreign(b, x->commands[k]);
				H(b, "</code></li>");
			}
			H(b, "</ul>");
		}
		H(b, "</li>");
	}
	H(b, "</ul>");
	end(b);
}

static void in_words(const struct request *q, struct buf *b, const struct access_gate *g, const struct gate_grant *x)
{
	H(b, "<dl>\n");
	who(q, b, g, x);
	from_where(q, b, x);
	where(q, b, x);
	when(q, b, x);
	what(q, b, x);
	begin(q, b, TX_ACCESS_RECORDED);
	html_text(q, b, x->record ? TX_ACCESS_RECORDED_YES : TX_ACCESS_RECORDED_NO);
	end(b);
	begin(q, b, TX_ACCESS_FACTOR);
	html_text(q, b, x->factor ? TX_ACCESS_FACTOR_YES : TX_ACCESS_FACTOR_NO);
	end(b);
	access_html_fact(q, b, TX_ACCESS_PURPOSE, x->purpose);
	access_html_fact(q, b, TX_ACCESS_TICKET, x->ticket);
	begin(q, b, TX_ACCESS_ASKED_BY);
	html_foreign(b, x->requester);
	H(b, ", ");
	html_time(q, b, x->created);
	end(b);
	access_html_fact(q, b, TX_ACCESS_DECIDED_BY, x->approver);
	access_html_fact(q, b, TX_ACCESS_BECAUSE, x->reason);
	begin(q, b, TX_ACCESS_VERSION);
	buf_addf(b, "%lld", (long long)x->version);
	end(b);
	H(b, "</dl>\n");
}

static void unusual(struct request *q, struct buf *b, const struct access_gate *g, const struct gate_grant *x)
{
	struct access_odd odd[ACCESS_ODD];
	size_t n = access_unusual(q, g, x, odd);
	H(b, "<section aria-labelledby=\"odd\">\n<h2 id=\"odd\">");
	html_text(q, b, TX_ACCESS_ODD);
	H(b, "</h2>\n");
	if (!n) {
		H(b, "<p>");
		html_text(q, b, TX_ACCESS_ODD_NOTHING);
		H(b, "</p>\n</section>\n");
		return;
	}
	H(b, "<ul>\n");
	for (size_t i = 0; i < n; i++) {
		buf_addz(b, odd[i].loud ? "<li><strong>" : "<li>");
		if (odd[i].value.n)
			html_with(q, b, odd[i].text, odd[i].value);
		else
			html_text(q, b, odd[i].text);
		buf_addz(b, odd[i].loud ? "</strong></li>\n" : "</li>\n");
	}
	H(b, "</ul>\n</section>\n");
}

/* ---- the decision ---------------------------------------------------------------------------------------------------------------------------------- */

static void approve_form(const struct request *q, struct buf *b, const struct gate_grant *x)
{
	html_form(q, b, "/access/approve/", x->id);
	buf_addf(b, "<input type=\"hidden\" name=\"version\" value=\"%lld\">", (long long)x->version);
	html_fresh(q, b);
	H(b, "<p><button class=\"main\">");
	html_text(q, b, TX_ACCESS_APPROVE);
	H(b, "</button></p></form>\n");
}

static void decision(struct request *q, struct buf *b, const struct access_gate *g, const struct gate_grant *x)
{
	struct access_actor me = access_me(q);
	bool longer = x->state == GRANT_APPROVED;
	enum text no = access_objection(&g->policy, x, &me, q->now);
	H(b, "<section class=\"card attention\" aria-labelledby=\"decide\">\n<h2 id=\"decide\">");
	html_text(q, b, longer ? TX_ACCESS_DECIDE_LONGER : TX_ACCESS_DECIDE);
	H(b, "</h2>\n<p>");
	html_text(q, b, longer ? TX_ACCESS_LONGER_MEANS : TX_ACCESS_APPROVE_MEANS);
	H(b, "</p>\n");
	if (!has_role(q, ROLE_APPROVER) || no != TX_NONE) {
		H(b, "<p class=\"said warn\">");
		html_text(q, b, no != TX_NONE && has_role(q, ROLE_APPROVER) ? no : TX_ACCESS_NEEDS_APPROVER);
		H(b, "</p>\n");
	} else {
		approve_form(q, b, x);
	}
	if (has_role(q, ROLE_APPROVER)) {
		H(b, "<details><summary>");
		html_text(q, b, TX_ACCESS_REFUSE_TITLE);
		H(b, "</summary>\n");
		access_html_reason(q, b, "/access/refuse/", x->id, TX_ACCESS_REFUSE, SL("refuse"));
		H(b, "</details>\n");
	}
	H(b, "</section>\n");
}

static void revocation(const struct request *q, struct buf *b, const struct gate_grant *x)
{
	enum access_standing s = access_standing(x, q->now);
	if (!has_role(q, ROLE_APPROVER | ROLE_ADMINISTRATOR) || (s != STANDING_OPEN && s != STANDING_COMING))
		return;
	H(b, "<section class=\"card\" aria-labelledby=\"revoke\">\n<h2 id=\"revoke\">");
	html_text(q, b, TX_ACCESS_REVOKE_TITLE);
	H(b, "</h2>\n<p>");
	html_text(q, b, TX_ACCESS_REVOKE_MEANS);
	H(b, "</p>\n");
	access_html_reason(q, b, "/access/revoke/", x->id, TX_ACCESS_REVOKE, SL("revoke"));
	H(b, "</section>\n");
}

/* ---- what came before --------------------------------------------------------------------------------------------------------------------------------- */

static enum text word_text(struct slice what)
{
	static const struct { const char *what; enum text text; } rows[] = {{"requested", TX_ACCESS_WORD_REQUESTED}, {"approved", TX_ACCESS_WORD_APPROVED}, {"refused", TX_ACCESS_WORD_REFUSED},
		{"revoked", TX_ACCESS_WORD_REVOKED}, {"restored", TX_ACCESS_WORD_RESTORED}, {"extended", TX_ACCESS_WORD_EXTENDED}, {"extension requested", TX_ACCESS_WORD_LONGER},
		{"extension refused", TX_ACCESS_WORD_NOT_LONGER}, {"emergency", TX_ACCESS_WORD_EMERGENCY}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eqz(what, rows[i].what))
			return rows[i].text;
	return TX_NONE;
}

static void history(const struct request *q, struct buf *b, const struct access_gate *g)
{
	H(b, "<section aria-labelledby=\"history\">\n<h2 id=\"history\">");
	html_text(q, b, TX_ACCESS_HISTORY);
	H(b, "</h2>\n<ol class=\"timeline\">\n");
	for (size_t i = 0; i < g->nwords; i++) {
		const struct gate_word *w = &g->words[i];
		H(b, "<li>");
		html_time(q, b, w->time);
		H(b, "<p>");
		html_with(q, b, word_text(w->what) == TX_NONE ? TX_ACCESS_WORD_OTHER : word_text(w->what), w->who);
		if (w->reason.n) {
			H(b, ": ");
			html_foreign(b, w->reason);
		}
		H(b, "</p></li>\n");
	}
	H(b, "</ol>\n</section>\n");
}

static int sessions(struct request *q, struct buf *b, const struct gate_grant *x, struct err *e)
{
	struct broker_ask ask = {.op = BROKER_SESSIONS};
	struct broker_answer a;
	struct access_sessions list;
	struct slice body;
	ask_set(ask.code, sizeof ask.code, x->id);
	int rc = page_ask(q, &ask, &a, &body, e);
	rc = rc ? rc : access_sessions_read(body, q->mem, &list, e);
	if (rc || !list.n)
		return rc;
	H(b, "<section aria-labelledby=\"sessions\">\n<h2 id=\"sessions\">");
	html_text(q, b, TX_ACCESS_SESSIONS);
	H(b, "</h2>\n");
	access_html_sessions(q, b, list.v, list.n, TX_ACCESS_SESSIONS_OF_GRANT, false);
	H(b, "</section>\n");
	return 0;
}

/* ---- the page ------------------------------------------------------------------------------------------------------------------------------------------- */

static int show(struct request *q, struct response *r, const char *bad, int code, struct err *e)
{
	struct access_gate g;
	struct buf *b = &r->body;
	int rc = access_load(q, q->arg[0], &g, e);
	const struct gate_grant *x = rc ? NULL : access_grant(&g, q->arg[0]);
	if (rc)
		return rc;
	if (!x)
		return err_set(e, ERR_NOENT, "%s", text_of(TX_ACCESS_NO_SUCH_GRANT, q->language));
	access_head(q, r, TX_ACCESS_GRANT, x->id);
	if (bad)
		access_said(q, r, bad, code);
	H(b, "<p class=\"lead\">");
	access_html_standing(q, b, x);
	H(b, "</p>\n");
	in_words(q, b, &g, x);
	if (access_waits(x, q->now)) {
		unusual(q, b, &g, x);
		decision(q, b, &g, x);
	}
	revocation(q, b, x);
	history(q, b, &g);
	return sessions(q, b, x, e);
}

int access_grant_page(struct request *q, struct response *r, struct err *e)
{
	return show(q, r, NULL, 0, e);
}

int access_do(struct request *q, enum broker_op op, bool reason, struct err *e)
{
	struct broker_ask ask = {.op = (uint32_t)op};
	struct broker_answer a;
	struct slice why = slice_trim(form_get(q, "reason"));
	uint64_t version;
	if (reason && !why.n)
		return err_set(e, ERR_USAGE, "%s", text_of(TX_ACCESS_SAY_WHY, q->language));
	ask_set(ask.id, sizeof ask.id, q->arg[0]);
	ask_set(ask.text, sizeof ask.text, why);
	if (op == BROKER_APPROVE || op == BROKER_RESUME)
		ask_fresh(q, &ask);
	if (op == BROKER_APPROVE) {
		if (!slice_u64(form_get(q, "version"), INT64_MAX, &version) || !version)
			return err_set(e, ERR_SYNTAX, "%s", text_of(TX_ACCESS_NO_VERSION, q->language));
		ask.number = (int64_t)version;
	}
	return page_ask(q, &ask, &a, NULL, e);
}

static int decide(struct request *q, struct response *r, enum broker_op op, bool reason, enum text said, struct err *e)
{
	int rc = access_do(q, op, reason, e);
	if (rc == ERR_NOENT)
		return rc;
	if (!rc) {
		page_go_said(q, r, "/access/grants/", q->arg[0], said);
		return 0;
	}
	struct err why = *e;
	return show(q, r, why.text, rc, e);
}

int access_approve(struct request *q, struct response *r, struct err *e)
{
	return decide(q, r, BROKER_APPROVE, false, TX_ACCESS_SAID_APPROVED, e);
}

int access_refuse(struct request *q, struct response *r, struct err *e)
{
	return decide(q, r, BROKER_REFUSE, true, TX_ACCESS_SAID_REFUSED, e);
}

int access_revoke(struct request *q, struct response *r, struct err *e)
{
	return decide(q, r, BROKER_REVOKE, true, TX_ACCESS_SAID_REVOKED, e);
}
