/* pages_incident_life.c - one incident: what became of it, and the forms with which people decide. */
#include "console/incidents.h"
#include "console/report_pages.h"

enum { NOTE_SHOWN = 4096, ACTIONS_SHOWN = 200, NOTES_SHOWN = 200 };

static void notes(const struct request *q, struct buf *b, const struct report_life *l)
{
	html_in(q, b, "h3", TX_INC_NOTES);
	if (!l->nnotes)
		html_in(q, b, "p class=\"empty\"", TX_INC_NO_NOTES);
	H(b, "<ol class=\"timeline\">");
	for (size_t i = l->nnotes > NOTES_SHOWN ? l->nnotes - NOTES_SHOWN : 0; i < l->nnotes; i++) {
		H(b, "<li>");
		html_time(q, b, l->notes[i].time);
		H(b, " <strong>");
		html_foreign(b, text_cut(l->notes[i].author, 128));
		H(b, "</strong><p>");
		html_foreign(b, text_cut(l->notes[i].text, NOTE_SHOWN));
		H(b, "</p></li>");
	}
	H(b, "</ol>");
}

static enum text action_words(struct slice state)
{
	static const struct { enum action_state state; enum text text; } words[] = {{ACTION_PLANNED, TX_ACT_PLANNED}, {ACTION_BEGUN, TX_ACT_BEGUN}, {ACTION_DONE, TX_ACT_DONE},
		{ACTION_FAILED, TX_ACT_FAILED}, {ACTION_DRY, TX_ACT_DRY}, {ACTION_REFUSED, TX_ACT_REFUSED}, {ACTION_UNDOING, TX_ACT_UNDOING}, {ACTION_UNDONE, TX_ACT_UNDONE}};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eqz(state, action_state_name(words[i].state)))
			return words[i].text;
	return TX_NONE;
}

static void actions(const struct request *q, struct buf *b, const struct report_life *l)
{
	static const enum text columns[] = {TX_INC_WHEN, TX_INC_WHAT, TX_INC_TARGET, TX_INC_STATE, TX_INC_ENDS, TX_INC_RESULT};
	html_in(q, b, "h3", TX_INC_ACTIONS);
	if (!l->nactions) {
		html_in(q, b, "p class=\"empty\"", TX_INC_NO_ACTIONS);
		return;
	}
	H(b, "<table><caption class=\"unseen\">");
	html_text(q, b, TX_INC_ACTIONS);
	H(b, "</caption>");
	html_columns(q, b, columns, ARRAY_LEN(columns));
	H(b, "<tbody>");
	for (size_t i = 0; i < l->nactions && i < ACTIONS_SHOWN; i++) {
		const struct report_action *x = &l->actions[i];
		H(b, "<tr>");
		html_cell(q, b, columns[0]), html_time(q, b, x->created), H(b, "</td>");
		html_cell(q, b, columns[1]), html_foreign(b, text_cut(x->kind, 100)), H(b, "</td>");
		html_cell(q, b, columns[2]), html_foreign(b, text_cut(x->target, 300)), H(b, "</td>");
		html_cell(q, b, columns[3]), html_text(q, b, action_words(x->state)), H(b, "</td>");
		html_cell(q, b, columns[4]), html_time(q, b, x->until), H(b, "</td>");
		html_cell(q, b, columns[5]), html_foreign(b, text_cut(x->result, 500)), H(b, "</td></tr>");
	}
	H(b, "</tbody></table>");
}

static void related(const struct request *q, struct buf *b, enum text label, const struct slice *ids, size_t n)
{
	if (!n || !ids[0].n)
		return;
	html_in(q, b, "dt", label);
	for (size_t i = 0; i < n && i < 50; i++) {
		H(b, "<dd><a href=\"/incidents/");
		html_path(b, ids[i]);
		H(b, "\">");
		html_foreign(b, ids[i]);
		H(b, "</a></dd>");
	}
}

void incident_life(struct request *q, struct buf *b, const struct stored *x)
{
	const struct report_life *l = &x->life;
	H(b, "<section id=\"life\"><h2>");
	html_text(q, b, TX_INC_LIFE);
	H(b, "</h2><dl><dt>");
	html_text(q, b, TX_INC_STATUS);
	H(b, "</dt><dd>");
	html_text(q, b, incident_status_words(x->row.status));
	H(b, "</dd><dt>");
	html_text(q, b, TX_INC_OPENED);
	H(b, "</dt><dd>");
	html_time(q, b, l->opened);
	H(b, "</dd>");
	if (l->closer.n) {
		H(b, "<dt>");
		html_text(q, b, TX_INC_CLOSED_BY);
		H(b, "</dt><dd>");
		html_foreign(b, text_cut(l->closer, 128));
		H(b, ", ");
		html_time(q, b, l->closed);
		H(b, "</dd><dt>");
		html_text(q, b, TX_INC_REASON);
		H(b, "</dt><dd>");
		html_foreign(b, text_cut(l->closing, NOTE_SHOWN));
		H(b, "</dd>");
	}
	related(q, b, TX_INC_FOLLOWS, &l->follows, 1);
	related(q, b, TX_INC_JOINED, l->joined, l->njoined);
	H(b, "</dl>");
	notes(q, b, l);
	actions(q, b, l);
	H(b, "</section>");
}

/* ---- forms ---------------------------------------------------------------------------------------------------------------------------------- */

static void form(const struct request *q, struct buf *b, const struct stored *x, const char *path)
{
	html_form(q, b, path, slice_of(x->row.id));
}

/* Was this form sent, and refused? Then it is open, with what was written. */
static bool was_sent(const struct request *q, const char *verb)
{
	return q->method == METHOD_POST && slice_ends(q->path, slice_of(verb));
}

static void text_field(const struct request *q, struct buf *b, const char *id, const char *verb, enum text label)
{
	buf_addf(b, "<p><label for=\"%s\">", id);
	html_text(q, b, label);
	buf_addf(b, "</label><textarea id=\"%s\" name=\"text\" rows=\"3\" maxlength=\"4000\" required>", id);
	if (was_sent(q, verb))
		html_value(b, text_cut(form_get(q, "text"), NOTE_SHOWN));
	H(b, "</textarea></p>");
}

static void button(const struct request *q, struct buf *b, enum text t)
{
	H(b, "<p><button>");
	html_text(q, b, t);
	H(b, "</button></p></form>");
}

static void close_form(const struct request *q, struct buf *b, const struct stored *x)
{
	buf_addz(b, was_sent(q, "/close") ? "<details class=\"card\" open><summary>" : "<details class=\"card\"><summary>");
	html_text(q, b, TX_INC_CLOSE);
	H(b, "</summary>");
	form(q, b, x, "/incidents/{}/close");
	buf_addf(b, "<input type=\"hidden\" name=\"seen\" value=\"%u\"><fieldset><legend>", x->row.findings);
	html_text(q, b, TX_INC_CLOSE_AS);
	H(b, "</legend><p><label><input type=\"radio\" name=\"as\" value=\"closed\" required> ");
	html_text(q, b, TX_INC_CLOSE_REAL);
	H(b, "</label></p><p><label><input type=\"radio\" name=\"as\" value=\"false-positive\"> ");
	html_text(q, b, TX_INC_CLOSE_FALSE);
	H(b, "</label></p></fieldset>");
	text_field(q, b, "close-text", "/close", TX_INC_CLOSE_WHY);
	button(q, b, TX_INC_CLOSE);
	H(b, "</details>");
}

void incident_forms(struct request *q, struct buf *b, const struct stored *x)
{
	H(b, "<section id=\"decide\"><h2>");
	html_text(q, b, TX_INC_DECIDE);
	buf_addz(b, was_sent(q, "/note") ? "</h2><details class=\"card\" open><summary>" : "</h2><details class=\"card\"><summary>");
	html_text(q, b, TX_INC_ADD_NOTE);
	H(b, "</summary>");
	form(q, b, x, "/incidents/{}/note");
	text_field(q, b, "note-text", "/note", TX_INC_NOTE);
	button(q, b, TX_INC_ADD_NOTE);
	H(b, "</details>");
	if (has_role(q, INCIDENT_DECIDE) && x->row.status == INCIDENT_OPEN)
		close_form(q, b, x);
	if (has_role(q, INCIDENT_DECIDE) && (x->row.status == INCIDENT_CLOSED || x->row.status == INCIDENT_FALSE)) {
		form(q, b, x, "/incidents/{}/reopen");
		button(q, b, TX_INC_REOPEN);
	}
	if (x->row.status == INCIDENT_CLOSED)
		example_button(q, b, x->row.id);
	H(b, "</section>");
	incident_reports(q, b, x->row.id);
}
