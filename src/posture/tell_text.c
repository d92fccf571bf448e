/* tell_text.c - the result for a terminal. */
#include "posture/tell_private.h"

#include <stdlib.h>

static const char *paint(bool color, enum level l)
{
	static const char *const codes[LEVEL_COUNT] = {"\x1b[2m", "\x1b[36m", "\x1b[33m", "\x1b[31m", "\x1b[1;31m"};
	return color ? codes[l] : "";
}

static void row(struct buf *b, const struct posture_row *r, const struct posture_before *before, bool color, bool several)
{
	const char *off = color ? "\x1b[0m" : "";
	enum tell_change c = tell_change_of(before, r);
	buf_addf(b, "\n  %s%-8s%s %-7s ", paint(color, r->check->severity), level_name(r->check->severity), off, r->check->id);
	if (several) {
		buf_term(b, r->host);
		buf_addz(b, ": ");
	}
	buf_addz(b, r->check->title);
	if (c != CHANGE_NONE)
		buf_addf(b, " [%s]", c == CHANGE_FIRST ? "new here" : tell_change_name(c));
	buf_addz(b, "\n           ");
	buf_term(b, r->text);
	buf_addc(b, '\n');
	for (size_t i = 0; i < r->nevidence; i++) {
		buf_addz(b, "             ");
		buf_term(b, r->evidence[i]);
		buf_addc(b, '\n');
	}
	if (r->found > r->nevidence)
		buf_addf(b, "             and %llu more\n", (unsigned long long)(r->found - r->nevidence));
	buf_addf(b, "           why: %s\n           do:  %s\n", r->check->why, r->check->fix);
	if (r->waiver) {
		char day[16];
		tell_day(r->waiver->until, day);
		buf_addf(b, "           waived until %s by ", day);
		buf_term(b, r->waiver->owner);
		buf_addz(b, ": ");
		buf_term(b, r->waiver->reason);
		buf_addc(b, '\n');
	}
	buf_addf(b, "           NIST 800-171r3 %s; BSI %s; ISO 27001 %s\n", r->check->nist, r->check->bsi, r->check->iso);
}

/* What cannot be told for one and the same reason, in one paragraph. */
static size_t unsure_rows(struct buf *b, const struct posture_row **v, size_t n, const struct posture_before *before, bool color, bool several)
{
	size_t i = 0;
	buf_addf(b, "\n  %scannot tell%s: ", color ? "\x1b[35m" : "", color ? "\x1b[0m" : "");
	buf_term(b, v[0]->text);
	buf_addc(b, '\n');
	for (; i < n && v[i]->result == POSTURE_UNKNOWN && v[i]->check->demand == v[0]->check->demand && slice_eq(v[i]->text, v[0]->text); i++) {
		enum tell_change c = tell_change_of(before, v[i]);
		buf_addf(b, "           %s%-8s%s %-7s ", paint(color, v[i]->check->severity), level_name(v[i]->check->severity), color ? "\x1b[0m" : "", v[i]->check->id);
		if (several) {
			buf_term(b, v[i]->host);
			buf_addz(b, ": ");
		}
		buf_addf(b, "%s%s%s\n", v[i]->check->title, v[i]->waiver ? " [waived]" : "", c == CHANGE_NONE ? "" : c == CHANGE_FIRST ? " [new here]" : " [worse]");
	}
	return i;
}

static void short_row(struct buf *b, const struct posture_row *r, const struct posture_before *before, bool several)
{
	enum tell_change c = tell_change_of(before, r);
	buf_addf(b, "  %-8s %-7s ", r->result == POSTURE_PASS ? "pass" : "-", r->check->id);
	if (several) {
		buf_term(b, r->host);
		buf_addz(b, ": ");
	}
	buf_addf(b, "%s%s: ", r->check->title, c == CHANGE_BETTER ? " [mended]" : "");
	buf_term(b, r->text);
	buf_addc(b, '\n');
}

static void head(struct buf *b, const struct posture *p, const struct posture_before *before)
{
	char day[16];
	buf_addf(b, "Score: %.1f of 100\n%zu passed, %zu failed, %zu cannot be told, %zu do not apply", p->score, p->count[POSTURE_PASS], p->count[POSTURE_FAIL], p->count[POSTURE_UNKNOWN],
		p->count[POSTURE_NOT_APPLICABLE]);
	if (p->waived)
		buf_addf(b, "; %zu of those that failed or cannot be told are waived", p->waived);
	buf_addc(b, '\n');
	if (before) {
		struct tell_since s;
		tell_since(p, before, &s);
		buf_addf(b, "Since %s: %+.1f; %zu worse, %zu mended, %zu judged for the first time and wrong\n", s.time, p->score - s.score, s.count[CHANGE_WORSE], s.count[CHANGE_BETTER], s.count[CHANGE_FIRST]);
		for (size_t i = 0; i < s.gone.n; i++) {
			buf_addz(b, "Not looked at any more: ");
			buf_term(b, s.gone.v[i]);
			buf_addc(b, '\n');
		}
		tell_since_free(&s);
	}
	for (size_t i = 0; p->waivers && i < p->waivers->n; i++) {
		const struct posture_waiver *w = &p->waivers->v[i];
		if (!tell_expired(p, w))
			continue;
		tell_day(w->until, day);
		buf_addf(b, "Waiver of %.*s for ", SLFMT(w->check));
		buf_term(b, w->host);
		buf_addf(b, " has run out on %s (line %d, owner ", day, w->line);
		buf_term(b, w->owner);
		buf_addz(b, ")\n");
	}
}

void posture_text(const struct posture *p, const struct posture_before *before, bool color, bool all, struct buf *out)
{
	const struct posture_row **v = tell_order(p);
	size_t i = 0;
	head(out, p, before);
	for (int d = 0; d < DEMAND_COUNT; d++) {
		struct tell_sum s = tell_sum_of(p, (enum posture_demand)d);
		if (!(s.count[0] + s.count[1] + s.count[2] + s.count[3]))
			continue;
		buf_addf(out, "\n%s%s%s: %zu passed, %zu failed, %zu cannot be told\n", color ? "\x1b[1m" : "", tell_demand((enum posture_demand)d), color ? "\x1b[0m" : "", s.count[POSTURE_PASS], s.count[POSTURE_FAIL],
			s.count[POSTURE_UNKNOWN]);
		for (; i < p->n && (int)v[i]->check->demand == d; i++)
			if (v[i]->result == POSTURE_FAIL)
				row(out, v[i], before, color, p->nhosts > 1);
			else if (v[i]->result == POSTURE_UNKNOWN)
				i += unsure_rows(out, v + i, p->n - i, before, color, p->nhosts > 1) - 1;
			else if (all || tell_change_of(before, v[i]) == CHANGE_BETTER)
				short_row(out, v[i], before, p->nhosts > 1);
	}
	free(v);
}

void posture_list_text(struct buf *out)
{
	const struct posture_check *c;
	size_t n = posture_checks(&c);
	for (size_t i = 0; i < n; i++) {
		if (!i || c[i].demand != c[i - 1].demand)
			buf_addf(out, "%s%s (%s)\n", i ? "\n" : "", tell_demand(c[i].demand), posture_demand_name(c[i].demand));
		buf_addf(out, "  %-8s %-13s %-55s NIST %s; BSI %s; ISO %s\n", c[i].id, level_name(c[i].severity), c[i].title, c[i].nist, c[i].bsi, c[i].iso);
	}
}
