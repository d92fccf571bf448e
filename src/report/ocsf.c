/* ocsf.c - JSON lines: OCSF 1.3.0 Incident Finding (2005), Detection Finding (2004), and the ledger last.
 * Source: schema.ocsf.io/1.3.0/classes/detection_finding, /incident_finding. */
#include "report/life.h"

#include <stdio.h>

static const int severity[LEVEL_COUNT] = {1, 2, 3, 4, 5};
static const char *const severity_name[LEVEL_COUNT] = {"Informational", "Low", "Medium", "High", "Critical"};

static long long millis(nstime t)
{
	return t == NSTIME_NONE ? 0 : (long long)(t / 1000000);
}

/* What was done to the finding, and where it stands. */
struct phase {
	const char *status; /* of an incident as it is kept */
	int activity, status_id;
	const char *activity_name, *status_name;
	int verdict; /* 0: none */
};
static const struct phase created = {"open", 1, 1, "Create", "New", 0};
static const struct phase phases[] = {
	{"open", 2, 1, "Update", "New", 0}, {"closed", 3, 5, "Close", "Closed", 0}, {"false-positive", 3, 5, "Close", "Closed", 1}, {"merged", 3, 5, "Close", "Closed", 0},
};

static void head(struct buf *b, const char *version, int class_uid, const char *class_name, enum level l, nstime t, const struct phase *p)
{
	buf_addf(b, "{\"class_uid\":%d,\"class_name\":\"%s\",\"category_uid\":2,\"category_name\":\"Findings\",\"activity_id\":%d,\"activity_name\":\"%s\","
		"\"type_uid\":%d,\"severity_id\":%d,\"severity\":\"%s\",\"status_id\":%d,\"status\":\"%s\",\"time\":%lld,"
		"\"metadata\":{\"version\":\"1.3.0\",\"product\":{\"name\":\"Postern\",\"vendor_name\":\"Postern\",\"version\":", class_uid, class_name, p->activity,
		p->activity_name, class_uid * 100 + p->activity, severity[l], severity_name[l], p->status_id, p->status_name, millis(t));
	buf_json(b, slice_of(version));
	buf_addz(b, "}}");
	if (p->verdict)
		buf_addf(b, ",\"verdict_id\":%d,\"verdict\":\"False Positive\"", p->verdict);
}

static void field(struct buf *b, const char *name, struct slice v)
{
	buf_addf(b, ",\"%s\":", name);
	buf_json(b, v);
}

static const struct { const char *id, *name; } technique_names[] = {
	{"T1003.008", "/etc/passwd and /etc/shadow"}, {"T1005", "Data from Local System"}, {"T1016", "System Network Configuration Discovery"},
	{"T1033", "System Owner/User Discovery"}, {"T1070.006", "Timestomp"}, {"T1082", "System Information Discovery"}, {"T1087.001", "Local Account"},
	{"T1213", "Data from Information Repositories"}, {"T1021.004", "SSH"}, {"T1027", "Obfuscated Files or Information"}, {"T1040", "Network Sniffing"},
	{"T1059.004", "Unix Shell"}, {"T1070.002", "Clear Linux or Mac System Logs"}, {"T1070.003", "Clear Command History"}, {"T1072", "Software Deployment Tools"},
	{"T1078", "Valid Accounts"}, {"T1080", "Taint Shared Content"}, {"T1090", "Proxy"}, {"T1098.004", "SSH Authorized Keys"}, {"T1105", "Ingress Tool Transfer"},
	{"T1110.001", "Password Guessing"}, {"T1110.003", "Password Spraying"}, {"T1114.002", "Remote Email Collection"}, {"T1136.001", "Local Account"},
	{"T1140", "Deobfuscate/Decode Files or Information"}, {"T1195.002", "Compromise Software Supply Chain"}, {"T1199", "Trusted Relationship"},
	{"T1505.003", "Web Shell"}, {"T1534", "Internal Spearphishing"}, {"T1548.003", "Sudo and Sudo Caching"}, {"T1552.004", "Private Keys"},
	{"T1562.012", "Disable or Modify Linux Audit System"}, {"T1566.001", "Spearphishing Attachment"}, {"T1572", "Protocol Tunneling"},
	{"T1586.002", "Email Accounts"},
};

static const char *technique_name(const char *id)
{
	for (size_t i = 0; i < ARRAY_LEN(technique_names); i++)
		if (strcmp(technique_names[i].id, id) == 0)
			return technique_names[i].name;
	return "";
}

static void attacks(struct buf *b, const char *const *t)
{
	buf_addz(b, ",\"attacks\":[");
	for (size_t i = 0; t && t[i]; i++) {
		buf_addf(b, "%s{\"version\":\"15\",\"technique\":{\"uid\":\"%s\"", i ? "," : "", t[i]);
		if (*technique_name(t[i])) /* of a rule of others: the number says it */
			buf_addf(b, ",\"name\":\"%s\"", technique_name(t[i]));
		buf_addz(b, "}}");
	}
	buf_addc(b, ']');
}

/* OCSF observable type ids. */
static const struct { int id; const char *type; } observable[ENT_COUNT] = {
	[ENT_HOST] = {1, "Hostname"}, [ENT_DEST_HOST] = {1, "Hostname"}, [ENT_USER] = {4, "User Name"}, [ENT_SOURCE] = {2, "IP Address"},
	[ENT_PROVIDER] = {99, "Provider"}, [ENT_PERSON] = {99, "Person"}, [ENT_FILE] = {7, "File Name"}, [ENT_HASH] = {8, "Hash"},
	[ENT_MAIL] = {5, "Email Address"}, [ENT_KEY] = {30, "Fingerprint"}, [ENT_DOMAIN] = {1, "Hostname"}, [ENT_COMMAND] = {13, "Command Line"}, [ENT_PROFILE] = {6, "URL String"},
};

static void observables(struct buf *b, const struct entity *e, size_t n)
{
	buf_addz(b, ",\"observables\":[");
	for (size_t i = 0; i < n; i++) {
		struct slice name = slice_of(entity_name(e[i].type));
		buf_addf(b, "%s{\"name\":", i ? "," : "");
		buf_json(b, name);
		enum entity_type t = e[i].type;
		struct ip ip;
		if (t == ENT_SOURCE || t == ENT_DOMAIN) /* names and addresses stand in both */
			t = ip_parse(e[i].value, &ip) ? ENT_SOURCE : ENT_DOMAIN;
		buf_addf(b, ",\"type_id\":%d,\"type\":\"%s\"", observable[t].id, observable[t].type);
		field(b, "value", e[i].value);
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}

static void evidences(struct buf *b, const struct report_input *in, const struct finding *f)
{
	buf_addz(b, ",\"evidences\":[");
	for (size_t i = 0; i < f->nevidence; i++) {
		const struct evidence *e = &f->evidence[i];
		struct slice path = e->source < in->ledger->nfiles ? in->ledger->files[e->source].path : SLICE_NONE;
		buf_addf(b, "%s{\"file\":{\"name\":", i ? "," : "");
		buf_json(b, slice_basename(path));
		field(b, "path", path);
		buf_addf(b, ",\"type_id\":1},\"data\":{\"offset\":%llu,\"time\":%lld", (unsigned long long)e->offset, millis(e->time));
		field(b, "raw", e->raw);
		buf_addz(b, "}}");
	}
	buf_addc(b, ']');
}

static void login_path(struct buf *b, const struct finding *f)
{
	buf_addf(b, ",\"score\":%.3f,\"login_path\":[", f->score);
	for (size_t i = 0; i < f->nhops; i++) {
		const struct login_hop *h = &f->hops[i];
		buf_addf(b, "%s{\"time\":%lld,\"source_port\":%u,\"switched\":%s", i ? "," : "", millis(h->time), h->port, h->switched ? "true" : "false");
		field(b, "account", h->account);
		field(b, "person", h->person);
		field(b, "source", h->from);
		field(b, "host", h->to);
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}

static void detection(struct buf *b, const struct report_input *in, const struct finding *f)
{
	head(b, in->version, 2004, "Detection Finding", f->level, f->first, &created);
	buf_addz(b, ",\"finding_info\":{\"uid\":");
	buf_json(b, slice_of(f->uid));
	field(b, "title", f->title);
	field(b, "desc", f->text);
	buf_addf(b, ",\"first_seen_time\":%lld,\"last_seen_time\":%lld,\"created_time\":%lld", millis(f->first), millis(f->last), millis(in->now));
	buf_addz(b, ",\"analytic\":{\"type_id\":1,\"type\":\"Rule\"");
	field(b, "uid", f->rule_id);
	field(b, "name", f->rule_name);
	buf_addc(b, '}');
	attacks(b, f->techniques);
	buf_addf(b, "},\"count\":%llu,\"start_time\":%lld,\"end_time\":%lld", (unsigned long long)f->count, millis(f->first), millis(f->last));
	field(b, "message", f->title);
	evidences(b, in, f);
	observables(b, f->entities, f->nentities);
	buf_addz(b, ",\"unmapped\":{\"stage\":");
	buf_json(b, slice_of(stage_name(f->stage)));
	if (f->nhops)
		login_path(b, f);
	buf_addz(b, "}}\n");
}

void report_finding_json(struct buf *out, const char *version, nstime now, const struct finding *f)
{
	static const struct ledger none;
	detection(out, &(struct report_input){.ledger = &none, .version = version, .now = now}, f);
}

/* At most `most` bytes of v, no character cut in two. */
static struct slice shortened(struct slice v, size_t most)
{
	size_t n = MIN(v.n, most);
	while (n < v.n && n > 0 && ((unsigned char)v.p[n] & 0xc0) == 0x80)
		n--;
	return slice_to(v, n);
}

static void strings(struct buf *b, const char *name, const struct slice *v, size_t n, const struct report_incident *x)
{
	buf_addf(b, ",\"%s\":[", name);
	for (size_t i = 0; i < n && i < x->most; i++) {
		if (i)
			buf_addc(b, ',');
		buf_json(b, shortened(v[i], x->most_bytes));
	}
	buf_addc(b, ']');
}

static void incident_stages(struct buf *b, const struct incident *i)
{
	buf_addz(b, ",\"stages\":[");
	bool first = true;
	for (int s = STAGE_NONE + 1; s < STAGE_COUNT; s++) {
		if (i->stage_first[s] == NSTIME_NONE)
			continue;
		buf_addf(b, "%s{\"name\":\"%s\",\"first_seen_time\":%lld,\"finding_uid\":\"%s\"}", first ? "" : ",", stage_name((enum stage)s),
			millis(i->stage_first[s]), i->stage_finding[s] ? i->stage_finding[s]->uid : "");
		first = false;
	}
	buf_addc(b, ']');
}

static void finding_infos(struct buf *b, const struct report_incident *x)
{
	const struct incident *i = x->incident;
	buf_addz(b, ",\"finding_info_list\":[");
	for (size_t k = 0; k < i->nfindings && k < x->most; k++) {
		buf_addf(b, "%s{\"uid\":", k ? "," : "");
		buf_json(b, slice_of(i->findings[k]->uid));
		field(b, "title", shortened(i->findings[k]->title, x->most_bytes));
		buf_addz(b, ",\"analytic\":{\"type_id\":1,\"type\":\"Rule\"");
		field(b, "uid", i->findings[k]->rule_id);
		buf_addz(b, "}}");
	}
	buf_addc(b, ']');
}

static const struct phase *phase_of(const struct report_incident *x)
{
	for (size_t i = 0; i < ARRAY_LEN(phases); i++)
		if (slice_eqz(x->status, phases[i].status))
			return i || x->update ? &phases[i] : &created;
	return &created;
}

void report_incident_json(struct buf *b, const struct report_incident *x)
{
	const struct incident *i = x->incident;
	struct entity *few = i->entities;
	struct arena mem;
	arena_init(&mem);
	size_t n = MIN(i->nentities, x->most);
	if (x->most_bytes < SIZE_MAX && n) {
		few = arena_alloc(&mem, n * sizeof *few);
		for (size_t k = 0; k < n; k++)
			few[k] = (struct entity){i->entities[k].type, shortened(i->entities[k].value, x->most_bytes)};
	}
	head(b, x->version, 2005, "Incident Finding", i->level, i->first, phase_of(x));
	buf_addf(b, ",\"start_time\":%lld,\"end_time\":%lld,\"is_suspected_breach\":%s", millis(i->first), millis(i->last), i->level >= LEVEL_HIGH ? "true" : "false");
	field(b, "message", shortened(i->title, x->most_bytes));
	field(b, "desc", shortened(i->level_reason, x->most_bytes));
	finding_infos(b, x);
	observables(b, few, n);
	buf_addz(b, ",\"unmapped\":{\"incident_uid\":");
	buf_json(b, slice_of(x->id ? x->id : i->id));
	field(b, "kind", i->kind);
	if (i->nfindings > x->most)
		buf_addf(b, ",\"findings_total\":%zu", i->nfindings);
	incident_stages(b, i);
	strings(b, "narrative", i->narrative, i->nnarrative, x);
	strings(b, "not_seen", i->not_seen, i->nnot_seen, x);
	strings(b, "steps", i->steps, i->nsteps, x);
	if (x->life)
		life_json(b, x->life);
	buf_addz(b, "}}\n");
	arena_free(&mem);
}

static void count(struct buf *b, const char *name, uint64_t n)
{
	buf_addf(b, ",\"%s\":%llu", name, (unsigned long long)n);
}

static void ledger_file(struct buf *b, const struct ledger *l, const struct ledger_file *f)
{
	buf_addz(b, "{\"path\":");
	buf_json(b, f->path);
	field(b, "host", f->host);
	count(b, "bytes", f->bytes);
	count(b, "lines", f->lines);
	count(b, "decoded", f->decoded);
	count(b, "decoded_unneeded", f->unwanted);
	count(b, "other_programs", f->other);
	count(b, "not_understood", f->unknown);
	count(b, "no_format", f->no_format);
	count(b, "too_long", f->too_long);
	count(b, "invalid_utf8", f->invalid_utf8);
	count(b, "no_time", f->no_time);
	count(b, "late", f->late);
	count(b, "logins", f->logins);
	buf_addf(b, ",\"year_inferred\":%s,\"first_time\":%lld,\"last_time\":%lld,\"formats\":[", f->year_inferred ? "true" : "false", millis(f->first), millis(f->last));
	for (unsigned i = 0, n = 0; l->format_name && l->format_name(i); i++)
		if (f->formats >> i & 1)
			buf_addf(b, "%s\"%s\"", n++ ? "," : "", l->format_name(i));
	buf_addz(b, "],\"examples\":[");
	for (size_t i = 0; i < f->nexamples; i++) {
		buf_addf(b, "%s{\"offset\":%llu", i ? "," : "", (unsigned long long)f->example[i].offset);
		field(b, "text", f->example[i].text);
		buf_addc(b, '}');
	}
	buf_addz(b, "]}");
}

static void ledger(struct buf *b, const struct report_input *in)
{
	const struct ledger *l = in->ledger;
	buf_addz(b, "{\"type\":\"ledger\",\"version\":");
	buf_json(b, slice_of(in->version));
	count(b, "files_read", l->nfiles);
	count(b, "bytes", l->bytes);
	count(b, "lines", l->lines);
	count(b, "decoded", l->decoded);
	count(b, "decoded_unneeded", l->unwanted);
	count(b, "other_programs", l->other);
	count(b, "not_understood", l->unknown);
	count(b, "no_format", l->no_format);
	count(b, "too_long", l->too_long);
	count(b, "invalid_utf8", l->invalid_utf8);
	count(b, "late", l->late);
	count(b, "forgotten", l->forgotten);
	count(b, "findings_dropped", l->findings_dropped);
	count(b, "searches_given_up", l->given_up);
	count(b, "problems_total", l->problems_total);
	buf_addf(b, ",\"first_time\":%lld,\"last_time\":%lld", millis(l->first), millis(l->last));
	field(b, "org", l->org_file);
	buf_addz(b, ",\"problems\":[");
	for (size_t i = 0; i < l->nproblems; i++) {
		buf_addf(b, "%s{\"kind\":", i ? "," : "");
		buf_json(b, l->problems[i].kind);
		field(b, "path", l->problems[i].path);
		field(b, "text", l->problems[i].text);
		buf_addc(b, '}');
	}
	buf_addz(b, "],\"suppressed\":[");
	for (size_t i = 0; i < l->nsuppressed; i++) {
		buf_addf(b, "%s{\"rule\":", i ? "," : "");
		buf_json(b, l->suppressed[i].rule);
		field(b, "reason", l->suppressed[i].reason);
		buf_addf(b, ",\"until\":%lld,\"count\":%llu,\"ended\":%s}", millis(l->suppressed[i].until), (unsigned long long)l->suppressed[i].count,
			l->suppressed[i].ended ? "true" : "false");
	}
	buf_addz(b, "],\"blind_spots\":[");
	for (size_t i = 0; i < l->nblind; i++) {
		buf_addf(b, "%s{\"host\":", i ? "," : "");
		buf_json(b, l->blind[i].host);
		field(b, "what", l->blind[i].what);
		field(b, "advice", l->blind[i].advice);
		buf_addc(b, '}');
	}
	buf_addz(b, "],\"files\":[");
	for (size_t i = 0; i < l->nfiles; i++) {
		if (i)
			buf_addc(b, ',');
		ledger_file(b, l, &l->files[i]);
	}
	buf_addz(b, "]}\n");
}

void report_json(struct buf *out, const struct report_input *in)
{
	for (size_t i = 0; i < incidents_count(in->incidents); i++)
		report_incident_json(out, &(struct report_incident){incidents_get(in->incidents, i), NULL, in->life ? in->life->status : SL("open"), in->version, false, SIZE_MAX, SIZE_MAX, in->life});
	for (size_t i = 0; i < incidents_findings(in->incidents); i++)
		detection(out, in, incidents_finding(in->incidents, i));
	if (!in->life)
		ledger(out, in);
}
