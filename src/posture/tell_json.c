/* tell_json.c - the result as JSON, and as OCSF 1.3.0 Compliance Finding (schema.ocsf.io/1.3.0/classes/compliance_finding). */
#include "posture/tell_private.h"

#include <stdlib.h>

static void member(struct buf *b, const char *name, struct slice v)
{
	buf_addf(b, ",\"%s\":", name);
	buf_json(b, v);
}

static void words(struct buf *b, const char *name, const char *list)
{
	struct slice rest = slice_of(list), one;
	buf_addf(b, ",\"%s\":[", name);
	for (size_t n = 0; slice_word(&rest, &one); n++) {
		if (n)
			buf_addc(b, ',');
		buf_json(b, one);
	}
	buf_addc(b, ']');
}

static void check_members(struct buf *b, const struct posture_check *c)
{
	buf_addf(b, "\"check\":\"%s\"", c->id);
	member(b, "title", slice_of(c->title));
	buf_addf(b, ",\"demand\":\"%s\",\"severity\":\"%s\"", posture_demand_name(c->demand), level_name(c->severity));
}

static void check_texts(struct buf *b, const struct posture_check *c)
{
	member(b, "fix", slice_of(c->fix));
	member(b, "why", slice_of(c->why));
	words(b, "nist_800_171r3", c->nist);
	words(b, "bsi", c->bsi);
	words(b, "iso_27001", c->iso);
}

static void evidence(struct buf *b, const struct posture_row *r)
{
	buf_addf(b, ",\"found\":%llu,\"evidence\":[", (unsigned long long)r->found);
	for (size_t i = 0; i < r->nevidence; i++) {
		if (i)
			buf_addc(b, ',');
		buf_json(b, r->evidence[i]);
	}
	buf_addc(b, ']');
}

static void waiver(struct buf *b, const struct posture_waiver *w)
{
	char day[16];
	tell_day(w->until, day);
	buf_addz(b, "{\"check\":");
	buf_json(b, w->check);
	member(b, "host", w->host);
	member(b, "owner", w->owner);
	member(b, "reason", w->reason);
	buf_addf(b, ",\"until\":\"%s\"}", day);
}

static void row(struct buf *b, const struct posture_row *r, const struct posture_before *before)
{
	buf_addc(b, '{');
	check_members(b, r->check);
	member(b, "host", r->host);
	buf_addf(b, ",\"result\":\"%s\"", posture_result_name(r->result));
	member(b, "text", r->text);
	evidence(b, r);
	check_texts(b, r->check);
	if (r->waiver) {
		buf_addz(b, ",\"waiver\":");
		waiver(b, r->waiver);
	}
	if (before && tell_change_of(before, r) != CHANGE_NONE)
		buf_addf(b, ",\"change\":\"%s\"", tell_change_name(tell_change_of(before, r)));
	buf_addc(b, '}');
}

static void since(struct buf *b, const struct posture *p, const struct posture_before *before)
{
	struct tell_since s;
	tell_since(p, before, &s);
	buf_addz(b, ",\"since\":{\"time\":");
	buf_json(b, slice_of(s.time));
	buf_addf(b, ",\"score\":%.1f,\"worse\":%zu,\"mended\":%zu,\"first\":%zu,\"hosts_gone\":[", s.score, s.count[CHANGE_WORSE], s.count[CHANGE_BETTER], s.count[CHANGE_FIRST]);
	for (size_t i = 0; i < s.gone.n; i++) {
		if (i)
			buf_addc(b, ',');
		buf_json(b, s.gone.v[i]);
	}
	buf_addz(b, "]}");
	tell_since_free(&s);
}

void posture_json(const struct posture *p, const struct posture_before *before, struct buf *out)
{
	char when[40];
	buf_addf(out, "{\"postern_audit\":1,\"time\":\"%s\",\"score\":%.1f,\"score_tenths\":%d,\"counts\":{\"pass\":%zu,\"fail\":%zu,\"cannot-tell\":%zu,\"not-applicable\":%zu,\"waived\":%zu},\"hosts\":[", time_rfc3339(p->now * NS_SEC, when),
		p->score, (int)(p->score * 10 + 0.5), p->count[POSTURE_PASS], p->count[POSTURE_FAIL], p->count[POSTURE_UNKNOWN], p->count[POSTURE_NOT_APPLICABLE], p->waived);
	for (size_t i = 0; i < p->nhosts; i++) {
		if (i)
			buf_addc(out, ',');
		buf_json(out, p->hosts[i]);
	}
	buf_addc(out, ']');
	if (before)
		since(out, p, before);
	buf_addz(out, ",\"waivers_expired\":[");
	for (size_t i = 0, n = 0; p->waivers && i < p->waivers->n; i++)
		if (tell_expired(p, &p->waivers->v[i])) {
			if (n++)
				buf_addc(out, ',');
			waiver(out, &p->waivers->v[i]);
		}
	buf_addz(out, "],\"results\":[");
	const struct posture_row **v = tell_order(p);
	for (size_t i = 0; i < p->n; i++) {
		buf_addz(out, i ? ",\n" : "\n");
		row(out, v[i], before);
	}
	buf_addz(out, "\n]}\n");
	free(v);
}

void posture_list_json(struct buf *out)
{
	const struct posture_check *c;
	size_t n = posture_checks(&c);
	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++) {
		buf_addz(out, i ? ",\n{" : "\n{");
		check_members(out, &c[i]);
		check_texts(out, &c[i]);
		buf_addc(out, '}');
	}
	buf_addz(out, "\n]\n");
}

/* ---- OCSF ------------------------------------------------------------------------------------------------------------------------------ */

static void requirements(struct buf *b, const struct posture_check *c)
{
	static const char *const standards[] = {"NIST SP 800-171r3 ", "BSI IT-Grundschutz ", "ISO/IEC 27001:2022 "};
	const char *lists[] = {c->nist, c->bsi, c->iso};
	buf_addz(b, ",\"compliance\":{\"standards\":[\"NIST SP 800-171r3\",\"BSI IT-Grundschutz\",\"ISO/IEC 27001:2022\"],\"requirements\":[");
	for (size_t i = 0, n = 0; i < ARRAY_LEN(lists); i++) {
		struct slice rest = slice_of(lists[i]), one;
		while (slice_word(&rest, &one))
			buf_addf(b, "%s\"%s%.*s\"", n++ ? "," : "", standards[i], SLFMT(one));
	}
	buf_addf(b, "],\"control\":\"%s\"", c->id);
}

void posture_ocsf(const struct posture *p, const char *version, struct buf *out)
{
	static const struct { int id; const char *name; } severity[LEVEL_COUNT] = {{1, "Informational"}, {2, "Low"}, {3, "Medium"}, {4, "High"}, {5, "Critical"}};
	const struct posture_row **v = tell_order(p);
	for (size_t i = 0; i < p->n; i++) {
		const struct posture_row *r = v[i];
		if (r->result != POSTURE_FAIL && r->result != POSTURE_UNKNOWN)
			continue;
		enum level l = r->check->severity;
		buf_addf(out, "{\"class_uid\":2003,\"class_name\":\"Compliance Finding\",\"category_uid\":2,\"category_name\":\"Findings\",\"activity_id\":1,\"activity_name\":\"Create\",\"type_uid\":200301,"
			"\"severity_id\":%d,\"severity\":\"%s\",\"status_id\":%d,\"status\":\"%s\",\"time\":%lld,\"metadata\":{\"version\":\"1.3.0\",\"product\":{\"name\":\"Postern\",\"vendor_name\":\"Postern\",\"version\":",
			severity[l].id, severity[l].name, r->waiver ? 3 : 1, r->waiver ? "Suppressed" : "New", (long long)p->now * 1000);
		buf_json(out, slice_of(version));
		buf_addf(out, "}},\"finding_info\":{\"uid\":\"postern-audit:%s:", r->check->id);
		struct buf host = {0};
		buf_json(&host, r->host);
		if (host.n > 2)
			buf_add(out, host.p + 1, host.n - 2);
		buf_free(&host);
		buf_addz(out, "\"");
		member(out, "title", slice_of(r->check->title));
		member(out, "desc", r->text);
		buf_addz(out, "}");
		requirements(out, r->check);
		buf_addf(out, ",\"status_id\":%d,\"status\":\"%s\"}", r->result == POSTURE_FAIL ? 3 : 99, r->result == POSTURE_FAIL ? "Fail" : "Unknown");
		buf_addz(out, ",\"remediation\":{\"desc\":");
		buf_json(out, slice_of(r->check->fix));
		buf_addz(out, "},\"resource\":{\"type\":\"host\",\"name\":");
		buf_json(out, r->host);
		buf_addz(out, "}");
		buf_addz(out, ",\"unmapped\":{\"why\":");
		buf_json(out, slice_of(r->check->why));
		evidence(out, r);
		buf_addz(out, "}}\n");
	}
	free(v);
}
