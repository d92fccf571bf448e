/* privilege_places.c - places that reach, exposure and cut are asked about, and what they print alike. */
#include "cmd/privilege_places.h"
#include "cmd/setup.h"

int places_of(const struct privilege *p, const struct args *a, const char *option, struct priv_set *out)
{
	struct err e;
	const char *place;
	if (!args_has(a, option)) {
		complain("privilege %s: --%s is needed: account@host, host, provider:ID, person:NAME, key:SHA256:..., role:NAME, outside", a->operand[0], option);
		return EXIT_USAGE;
	}
	for (size_t i = 0; (place = args_list(a, option, i)); i++)
		if (privilege_find(p, slice_of(place), out, &e)) {
			complain_err(&e);
			return EXIT_USAGE;
		}
	return 0;
}

void places_told(const struct args *a, const char *option, struct buf *out)
{
	const char *place;
	for (size_t i = 0; (place = args_list(a, option, i)); i++) {
		buf_addz(out, i ? ", " : "");
		buf_term(out, slice_of(place));
	}
}

static bool seen(const struct privilege_inputs *in, const struct org_host *h)
{
	for (size_t i = 0; i < in->n; i++)
		if (org_host(in->setup->org, in->v[i]->host) == h)
			return true;
	return false;
}

void places_unknown(const struct privilege_inputs *in, struct buf *out)
{
	size_t n, told = 0, more = 0;
	const struct org_host *hosts = org_hosts(in->setup->org, &n);
	for (size_t i = 0; i < n; i++) {
		if (seen(in, &hosts[i]))
			continue;
		if (told >= 20) {
			more++;
			continue;
		}
		buf_addz(out, told++ ? ", " : "Nothing can be said of hosts without a snapshot: ");
		buf_term(out, hosts[i].name);
	}
	if (more)
		buf_addf(out, " and %zu more", more);
	if (told)
		buf_addz(out, ".\n");
	for (size_t i = 0; i < in->n; i++)
		if (in->v[i]->as_root != SNAP_YES) {
			buf_addz(out, "Of ");
			buf_term(out, in->v[i]->host);
			buf_addz(out, " much may be missing: it was not looked at with root's eyes.\n");
		}
}

void places_unknown_json(const struct privilege_inputs *in, struct buf *out)
{
	size_t n, told = 0;
	const struct org_host *hosts = org_hosts(in->setup->org, &n);
	buf_addz(out, ",\"without_snapshot\":[");
	for (size_t i = 0; i < n; i++) {
		if (seen(in, &hosts[i]))
			continue;
		buf_addz(out, told++ ? "," : "");
		buf_json(out, hosts[i].name);
	}
	buf_addz(out, "],\"not_as_root\":[");
	told = 0;
	for (size_t i = 0; i < in->n; i++) {
		if (in->v[i]->as_root == SNAP_YES)
			continue;
		buf_addz(out, told++ ? "," : "");
		buf_json(out, in->v[i]->host);
	}
	buf_addc(out, ']');
}

static void member(struct buf *b, const char *name, struct slice v)
{
	buf_addf(b, ",\"%s\":", name);
	buf_json(b, v);
}

void right_json(const struct right *r, struct buf *out)
{
	static const char *const uses[] = {[RIGHT_USED] = "used", [RIGHT_UNUSED] = "unused", [RIGHT_UNSURE] = "unknown"};
	const struct snap_at *at = r->row;
	char t[40];
	buf_addf(out, "{\"id\":%u,\"kind\":\"%s\"", r->id, right_name(r->kind));
	member(out, "host", r->host);
	member(out, "account", r->account);
	member(out, "holder", r->holder);
	member(out, "text", r->text);
	if (at) {
		member(out, "file", at->file);
		buf_addf(out, ",\"line\":%lld", (long long)at->line);
	}
	buf_addf(out, ",\"use\":\"%s\",\"count\":%llu", uses[r->use], (unsigned long long)r->seen.count);
	if (r->seen.count) {
		member(out, "last", slice_of(time_rfc3339(r->seen.last, t)));
		member(out, "evidence", r->seen.evidence);
	}
	if (r->unsure)
		member(out, "why_unknown", slice_of(r->unsure));
	if (r->person)
		member(out, "person", r->person->name);
	if (r->provider)
		member(out, "provider", r->provider->id);
	buf_addf(out, ",\"cost\":%u}", r->cost);
}

void way_json(const struct privilege *p, const struct priv_reach *r, uint32_t node, struct buf *out)
{
	struct priv_set way = {0};
	const struct priv_node *nodes;
	const struct priv_edge *edges;
	const struct right *rights;
	privilege_nodes(p, &nodes);
	privilege_edges(p, &edges);
	privilege_rights(p, &rights);
	priv_reach_way(p, r, node, &way);
	buf_addc(out, '[');
	for (size_t i = 0; i < way.n; i++) {
		const struct priv_edge *e = &edges[way.v[i]];
		buf_addf(out, "%s{\"sure\":%s,\"steps\":%u", i ? "," : "", e->sure == SNAP_YES ? "true" : "false", priv_edge_steps(p, e));
		member(out, "from", nodes[e->from].label);
		member(out, "how", slice_of(e->how));
		member(out, "to", nodes[e->to].label);
		member(out, "evidence", e->text);
		if (e->right != UINT32_MAX)
			buf_addf(out, ",\"right\":%u,\"kind\":\"%s\"", e->right, right_name(rights[e->right].kind));
		buf_addc(out, '}');
	}
	buf_addc(out, ']');
	priv_set_free(&way);
}

void right_use_text(const struct right *r, struct buf *out)
{
	char t[40];
	if (r->use == RIGHT_USED)
		buf_addf(out, "used %llu time%s, last on %.10s", (unsigned long long)r->seen.count, r->seen.count == 1 ? "" : "s", time_plain(r->seen.last, t));
	else if (r->use == RIGHT_UNUSED && r->seen.count)
		buf_addf(out, "not used since %.10s", time_plain(r->seen.last, t));
	else if (r->use == RIGHT_UNUSED)
		buf_addz(out, "never used, as far as the logs go back");
	else
		buf_addf(out, "whether it is used is not known: %s", r->unsure ? r->unsure : "no logs");
}

const char *format_of(const struct args *a)
{
	const char *f = args_get(a, "format");
	return f ? f : "text";
}

void wrapped(struct buf *out, const char *indent, struct slice text)
{
	enum { WIDTH = 110 };
	struct buf safe = {0};
	struct slice rest, word;
	size_t column = SIZE_MAX;
	buf_term(&safe, text);
	rest = buf_slice(&safe);
	while (slice_word(&rest, &word)) {
		bool fresh = column == SIZE_MAX || column + word.n + 1 > WIDTH;
		if (fresh) {
			buf_addf(out, "%s%s", column == SIZE_MAX ? "" : "\n", indent);
			column = strlen(indent);
		}
		buf_addz(out, fresh ? "" : " ");
		buf_adds(out, word);
		column += word.n + 1;
	}
	buf_addc(out, '\n');
	buf_free(&safe);
}
