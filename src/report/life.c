#include "report/life.h"

#include <stdio.h>

/* ---- text ---------------------------------------------------------------------------------------------------------------- */

static void status_text(struct buf *out, const struct report_life *l, unsigned width)
{
	char a[40], b[40];
	buf_addf(out, "  Status   %.*s; opened %.16s, last change %.16s UTC\n", SLFMT(l->status), time_plain(l->opened, a), time_plain(l->updated, b));
	if (l->closed != NSTIME_NONE && l->closer.n) {
		buf_addf(out, "  Closed   %.16s by ", time_plain(l->closed, a));
		buf_term(out, l->closer);
		buf_addz(out, ":\n           ");
		text_wrap(out, l->closing, 11, 11, width);
	}
	if (l->merged.n)
		buf_addf(out, "  Merged   it grew together with incident %.*s, where the story goes on\n", SLFMT(l->merged));
	if (l->follows.n)
		buf_addf(out, "  Follows  incident %.*s, which was closed before this evidence\n", SLFMT(l->follows));
	for (size_t i = 0; i < l->njoined; i++)
		buf_addf(out, "%s%.*s%s", i ? ", " : "  Joined   ", SLFMT(l->joined[i]), i + 1 == l->njoined ? "\n" : "");
}

void life_text(struct buf *out, const struct report_life *l, unsigned width)
{
	char a[40];
	buf_addc(out, '\n');
	status_text(out, l, width);
	if (l->nnotes)
		buf_addz(out, "\n  Notes:\n");
	for (size_t i = 0; i < l->nnotes; i++) {
		struct buf line = {0};
		buf_addf(&line, "%.*s: %.*s", SLFMT(l->notes[i].author), SLFMT(l->notes[i].text));
		buf_addf(out, "  %.16s  ", time_plain(l->notes[i].time, a));
		text_wrap(out, buf_slice(&line), 20, 20, width);
		buf_free(&line);
	}
	buf_addz(out, l->nactions ? "\n  Actions taken:\n" : "\n  Actions taken: none\n");
	for (size_t i = 0; i < l->nactions; i++) {
		const struct report_action *x = &l->actions[i];
		struct buf line = {0};
		buf_addf(&line, "%.*s %.*s: %.*s", SLFMT(x->kind), SLFMT(x->target), SLFMT(x->state));
		if (x->until != NSTIME_NONE)
			buf_addf(&line, ", until %.16s UTC", time_plain(x->until, a));
		if (x->result.n)
			buf_addf(&line, "; %.*s", SLFMT(x->result));
		buf_addf(out, "  %.16s  ", time_plain(x->created, a));
		text_wrap(out, buf_slice(&line), 20, 20, width);
		buf_free(&line);
	}
}

/* ---- HTML ---------------------------------------------------------------------------------------------------------------- */

static void when(struct buf *b, nstime t)
{
	char s[40];
	buf_addf(b, "%.16s", time_plain(t, s));
}

static void row(struct buf *b, const char *name, struct slice value)
{
	if (!value.n)
		return;
	buf_addf(b, "<dt>%s</dt><dd>", name);
	buf_html(b, value);
	buf_addz(b, "</dd>");
}

void life_html(struct buf *b, const struct report_life *l)
{
	buf_addz(b, "<h2>What became of it</h2><dl>");
	row(b, "Status", l->status);
	buf_addz(b, "<dt>Opened</dt><dd>");
	when(b, l->opened);
	buf_addz(b, "</dd><dt>Last change</dt><dd>");
	when(b, l->updated);
	buf_addz(b, "</dd>");
	row(b, "Closed by", l->closer);
	row(b, "Reason", l->closing);
	row(b, "Merged into", l->merged);
	row(b, "Follows", l->follows);
	for (size_t i = 0; i < l->njoined; i++)
		row(b, "Joined", l->joined[i]);
	buf_addz(b, "</dl><h3>Notes</h3>");
	buf_addz(b, l->nnotes ? "<table><tr><th>When</th><th>Who</th><th>Note</th></tr>" : "<p>None.</p>");
	for (size_t i = 0; i < l->nnotes; i++) {
		buf_addz(b, "<tr><td>");
		when(b, l->notes[i].time);
		buf_addz(b, "</td><td>");
		buf_html(b, l->notes[i].author);
		buf_addz(b, "</td><td>");
		buf_html(b, l->notes[i].text);
		buf_addz(b, "</td></tr>");
	}
	buf_addz(b, l->nnotes ? "</table>" : "");
	buf_addz(b, "<h3>Actions taken</h3>");
	buf_addz(b, l->nactions ? "<table><tr><th>When</th><th>What</th><th>Target</th><th>State</th><th>Until</th><th>Result</th></tr>" : "<p>None.</p>");
	for (size_t i = 0; i < l->nactions; i++) {
		const struct report_action *x = &l->actions[i];
		const struct slice cells[] = {x->kind, x->target, x->state};
		buf_addz(b, "<tr><td>");
		when(b, x->created);
		for (size_t k = 0; k < ARRAY_LEN(cells); k++) {
			buf_addz(b, "</td><td>");
			buf_html(b, cells[k]);
		}
		buf_addz(b, "</td><td>");
		when(b, x->until);
		buf_addz(b, "</td><td>");
		buf_html(b, x->result);
		buf_addz(b, "</td></tr>");
	}
	buf_addz(b, l->nactions ? "</table>" : "");
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------------- */

static void field(struct buf *b, const char *name, struct slice v)
{
	buf_addf(b, ",\"%s\":", name);
	buf_json(b, v);
}

static void time_field(struct buf *b, const char *name, nstime t)
{
	if (t == NSTIME_NONE)
		buf_addf(b, ",\"%s\":null", name);
	else
		buf_addf(b, ",\"%s\":%lld", name, (long long)(t / 1000000));
}

void life_json(struct buf *b, const struct report_life *l)
{
	field(b, "status", l->status);
	time_field(b, "opened_time", l->opened);
	time_field(b, "updated_time", l->updated);
	time_field(b, "closed_time", l->closed);
	field(b, "closed_by", l->closer);
	field(b, "closed_reason", l->closing);
	field(b, "merged_into", l->merged);
	field(b, "follows", l->follows);
	buf_addz(b, ",\"joined\":[");
	for (size_t i = 0; i < l->njoined; i++) {
		buf_addz(b, i ? "," : "");
		buf_json(b, l->joined[i]);
	}
	buf_addz(b, "],\"notes\":[");
	for (size_t i = 0; i < l->nnotes; i++) {
		buf_addf(b, "%s{\"author\":", i ? "," : "");
		buf_json(b, l->notes[i].author);
		time_field(b, "time", l->notes[i].time);
		field(b, "text", l->notes[i].text);
		buf_addc(b, '}');
	}
	buf_addz(b, "],\"actions\":[");
	for (size_t i = 0; i < l->nactions; i++) {
		const struct report_action *x = &l->actions[i];
		buf_addf(b, "%s{\"id\":", i ? "," : "");
		buf_json(b, x->id);
		field(b, "kind", x->kind);
		field(b, "target", x->target);
		field(b, "state", x->state);
		time_field(b, "created_time", x->created);
		time_field(b, "until_time", x->until);
		field(b, "result", x->result);
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}
