/* privilege_report_json.c - rights against use as one JSON document; docs/privilege.md tells its members. */
#include "cmd/privilege_report.h"
#include "cmd/setup.h"

static void text(struct buf *b, const char *name, struct slice value)
{
	buf_addf(b, ",\"%s\":", name);
	buf_json(b, value);
}

static void moment(struct buf *b, const char *name, nstime t)
{
	char at[40];
	if (t == NSTIME_NONE)
		buf_addf(b, ",\"%s\":null", name);
	else
		buf_addf(b, ",\"%s\":\"%s\"", name, time_rfc3339(t, at));
}

/* ---- hosts --------------------------------------------------------------------------------------------------------------- */

static void coverage(struct buf *b, const struct privilege_report *r, struct slice host, enum usage_log kind)
{
	struct usage_coverage c;
	const char *why = usage_unsure(r->in->usage, host, kind, r->in->now, r->days);
	usage_coverage(r->in->usage, host, kind, &c);
	buf_addf(b, "{\"seen\":%s,\"sure\":%s", c.kind_seen ? "true" : "false", why ? "false" : "true");
	if (why)
		text(b, "why", slice_of(why));
	buf_addf(b, ",\"days\":%u,\"gaps\":%u", c.days, c.gaps);
	if (c.days) {
		moment(b, "from", c.from);
		moment(b, "to", c.to);
	}
	if (c.gaps) {
		buf_addf(b, ",\"longest_gap_hours\":%lld", (long long)(c.longest_gap / NS_HOUR));
		moment(b, "longest_gap_from", c.gap);
	}
	buf_addc(b, '}');
}

static void host(struct buf *b, const struct privilege_report *r, const struct snapshot *s)
{
	buf_addz(b, "{\"name\":");
	buf_json(b, s->host);
	moment(b, "taken", s->taken * NS_SEC);
	buf_addf(b, ",\"as_root\":%s", s->as_root == SNAP_YES ? "true" : s->as_root == SNAP_NO ? "false" : "null");
	buf_addz(b, ",\"not_read\":[");
	for (size_t i = 0; i < s->nmissing; i++) {
		buf_addf(b, "%s{\"section\":", i ? "," : "");
		buf_json(b, s->missing[i].section);
		text(b, "account", s->missing[i].account);
		text(b, "why", s->missing[i].why);
		buf_addc(b, '}');
	}
	buf_addz(b, "],\"logs\":");
	if (r->in->usage) {
		buf_addz(b, "{\"sshd\":");
		coverage(b, r, s->host, USAGE_LOG_LOGIN);
		buf_addz(b, ",\"sudo\":");
		coverage(b, r, s->host, USAGE_LOG_SUDO);
		buf_addc(b, '}');
	} else {
		buf_addz(b, "null");
	}
	buf_addc(b, '}');
}

/* ---- rights -------------------------------------------------------------------------------------------------------------- */

static void place(struct buf *b, const struct snap_at *at)
{
	if (!at || !at->file.n)
		return;
	text(b, "file", at->file);
	if (at->line > 0)
		buf_addf(b, ",\"line\":%lld", (long long)at->line);
}

static void right(struct buf *b, const struct right *x)
{
	static const char *const uses[] = {[RIGHT_USED] = "used", [RIGHT_UNUSED] = "unused", [RIGHT_UNSURE] = "unknown"};
	const struct snap_at *at = privilege_report_at(x);
	buf_addf(b, "{\"id\":%u,\"kind\":\"%s\"", x->id, right_name(x->kind));
	text(b, "host", x->host);
	text(b, "account", x->account);
	text(b, "holder", x->holder);
	text(b, "text", x->text);
	place(b, at);
	if (x->person)
		text(b, "person", x->person->name);
	if (x->provider)
		text(b, "provider", x->provider->id);
	buf_addf(b, ",\"use\":\"%s\"", uses[x->use]);
	if (x->use == RIGHT_UNSURE && x->unsure)
		text(b, "why", slice_of(x->unsure));
	buf_addf(b, ",\"count\":%llu", (unsigned long long)x->seen.count);
	if (x->seen.count) {
		moment(b, "first", x->seen.first);
		moment(b, "last", x->seen.last);
		text(b, "evidence", x->seen.evidence);
	}
	buf_addf(b, ",\"cost\":%u,\"full\":%s", x->cost, x->full ? "true" : "false");
	if (x->full)
		text(b, "why_full", x->why_full);
	buf_addc(b, '}');
}

static void notes(struct buf *b, const char *name, const struct report_notes *n)
{
	buf_addf(b, ",\n\"%s\":[", name);
	for (size_t i = 0; i < n->n; i++) {
		const struct report_note *x = &n->v[i];
		if (x->right)
			buf_addf(b, "%s{\"right\":%u", i ? "," : "", x->right->id);
		else
			buf_addf(b, "%s{\"right\":null", i ? "," : "");
		text(b, "why", x->why);
		text(b, "host", x->host);
		text(b, "text", x->text);
		place(b, x->at);
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}

static void shared(struct buf *b, const struct privilege_report *r)
{
	buf_addz(b, ",\n\"shared_keys\":[");
	for (size_t i = 0; i < r->shared.n; i++) {
		const struct report_shared *s = &r->shared.v[i];
		buf_addf(b, "%s{\"fingerprint\":", i ? "," : "");
		buf_json(b, s->fingerprint);
		buf_addf(b, ",\"account_names\":%zu,\"persons\":%zu,\"hosts\":%zu,\"private_halves\":%zu,\"rights\":[", s->names, s->persons, s->hosts, s->lies);
		for (size_t k = 0; k < s->n; k++)
			buf_addf(b, "%s%u", k ? "," : "", s->v[k]->id);
		buf_addz(b, "]}");
	}
	buf_addc(b, ']');
}

void privilege_report_json(const struct privilege_report *r, struct buf *out)
{
	bool first = true;
	buf_addz(out, "{\"postern\":\"" POSTERN_VERSION "\",\"document\":\"privilege-report\",\"version\":1");
	moment(out, "as_of", r->in->now);
	buf_addf(out, ",\"days\":%u", r->days);
	if (r->in->setup->org_path[0])
		text(out, "organisation", slice_of(r->in->setup->org_path));
	if (r->in->no_grants)
		text(out, "no_grants", slice_of(r->in->no_grants));
	if (r->in->usage)
		buf_addf(out, ",\"log_lines\":%llu,\"log_complete\":%s", (unsigned long long)r->in->lines, usage_complete(r->in->usage) ? "true" : "false");
	buf_addf(out, ",\"count\":{\"used\":%zu,\"unused\":%zu,\"unknown\":%zu},\n\"hosts\":[", r->count[RIGHT_USED], r->count[RIGHT_UNUSED], r->count[RIGHT_UNSURE]);
	for (size_t i = 0; i < r->in->n; i++) {
		buf_addz(out, i ? ",\n" : "\n");
		host(out, r, r->in->v[i]);
	}
	buf_addz(out, "],\n\"rights\":[");
	for (size_t i = 0; i < r->nrights; i++) {
		if (!r->shown[i])
			continue;
		buf_addz(out, first ? "\n" : ",\n");
		right(out, &r->rights[i]);
		first = false;
	}
	buf_addc(out, ']');
	notes(out, "left", &r->left);
	notes(out, "provider_without_grant", &r->provider);
	shared(out, r);
	buf_addz(out, "}\n");
}
