/* ecs.c - findings as JSON lines with keys of the Elastic Common Schema 8, one alert a line: what Elastic and OpenSearch index as it is. */
#include "report/report.h"

static void text(struct buf *b, const char *key, struct slice v)
{
	if (!v.n)
		return;
	buf_addf(b, ",\"%s\":", key);
	buf_json(b, v);
}

/* The risk scores that Elastic's own rules carry. */
static int severity(enum level l)
{
	static const int of[LEVEL_COUNT] = {[LEVEL_INFO] = 1, [LEVEL_LOW] = 21, [LEVEL_MEDIUM] = 47, [LEVEL_HIGH] = 73, [LEVEL_CRITICAL] = 99};
	return of[l];
}

static void all_of(struct buf *b, const char *key, const struct finding *f, enum entity_type a, enum entity_type c)
{
	bool any = false;
	for (size_t i = 0; i < f->nentities; i++) {
		if (f->entities[i].type != a && f->entities[i].type != c)
			continue;
		buf_addz(b, any ? "," : "");
		if (!any)
			buf_addf(b, ",\"%s\":[", key);
		buf_json(b, f->entities[i].value);
		any = true;
	}
	if (any)
		buf_addc(b, ']');
}

static void threat(struct buf *b, const struct finding *f)
{
	if (!f->techniques || !f->techniques[0])
		return;
	buf_addz(b, ",\"threat.framework\":\"MITRE ATT&CK\",\"threat.technique.id\":[");
	for (size_t i = 0; f->techniques[i]; i++) {
		if (i)
			buf_addc(b, ',');
		buf_json(b, slice_of(f->techniques[i]));
	}
	buf_addc(b, ']');
}

static void alert(struct buf *b, const struct report_input *in, const struct finding *f)
{
	char t[40];
	static const struct { const char *key; enum entity_type type; } rows[] = {
		{"host.name", ENT_HOST}, {"user.name", ENT_USER}, {"source.address", ENT_SOURCE}, {"destination.domain", ENT_DOMAIN}, {"file.path", ENT_FILE},
		{"file.hash.sha256", ENT_HASH}, {"process.command_line", ENT_COMMAND}, {"email.from.address", ENT_MAIL}, {"organization.name", ENT_PROVIDER},
	};
	buf_addf(b, "{\"@timestamp\":\"%s\"", time_rfc3339(f->first, t));
	buf_addf(b, ",\"event.kind\":\"alert\",\"event.module\":\"postern\",\"event.dataset\":\"postern.finding\",\"event.severity\":%d", severity(f->level));
	buf_addf(b, ",\"event.id\":\"%s\",\"event.start\":\"%s\"", f->uid, time_rfc3339(f->first, t));
	buf_addf(b, ",\"event.end\":\"%s\"", time_rfc3339(f->last, t));
	text(b, "message", f->title);
	text(b, "event.reason", f->text);
	text(b, "rule.id", f->rule_id);
	text(b, "rule.name", f->rule_name);
	buf_addf(b, ",\"rule.ruleset\":\"%s\",\"log.level\":\"%s\"", slice_starts(f->rule_id, SL("postern.")) ? "postern" : "sigma", level_name(f->level));
	threat(b, f);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		text(b, rows[i].key, finding_get(f, rows[i].type));
	all_of(b, "related.hosts", f, ENT_HOST, ENT_DEST_HOST);
	all_of(b, "related.user", f, ENT_USER, ENT_USER);
	all_of(b, "related.ip", f, ENT_SOURCE, ENT_SOURCE);
	all_of(b, "related.hash", f, ENT_HASH, ENT_HASH);
	if (f->nevidence) {
		const struct evidence *e = &f->evidence[0];
		text(b, "log.file.path", e->source < in->ledger->nfiles ? in->ledger->files[e->source].path : SLICE_NONE);
		buf_addf(b, ",\"log.offset\":%llu", (unsigned long long)e->offset);
		text(b, "event.original", e->raw);
	}
	buf_addf(b, ",\"postern.count\":%llu", (unsigned long long)f->count);
	text(b, "postern.stage", slice_of(stage_name(f->stage)));
	buf_addz(b, ",\"ecs.version\":\"8.11.0\"}\n");
}

void report_ecs(struct buf *out, const struct report_input *in)
{
	for (size_t i = 0; i < incidents_findings(in->incidents); i++)
		alert(out, in, incidents_finding(in->incidents, i));
}
