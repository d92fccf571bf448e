/* privilege_reach.c - postern privilege reach, exposure: what is reachable from a place, and who reaches one. */
#include "cmd/privilege_places.h"
#include "cmd/setup.h"

#include <stdlib.h>

enum { TEXT_ROWS = 400 };

struct telling {
	const struct privilege_inputs *in;
	const struct privilege *p;
	const struct priv_node *nodes; size_t n;
	const struct priv_edge *edges;
	const struct priv_reach *r;
	const char *from;         /* what was asked about */
	bool backwards;
	uint32_t *order; size_t norder;
};

/* ---- which nodes are told ------------------------------------------------------------------------------------------------------- */

/* How many steps on the way that is told. */
static uint32_t steps_of(const struct telling *t, uint32_t node)
{
	return t->r->sure_steps[node] != UINT32_MAX ? t->r->sure_steps[node] : t->r->steps[node];
}

static bool sure_of(const struct telling *t, uint32_t node)
{
	return t->r->sure_steps[node] != UINT32_MAX;
}

/* Only because root is everybody on its host, or the other way round: root of the host is told. */
static bool implied(const struct telling *t, uint32_t node)
{
	uint32_t by = sure_of(t, node) ? t->r->sure_edge[node] : t->r->edge[node];
	const struct priv_edge *e = by == UINT32_MAX ? NULL : &t->edges[by];
	return e && e->right == UINT32_MAX && t->nodes[e->from].type == PRIV_ACCOUNT && t->nodes[e->to].type == PRIV_ACCOUNT && slice_eq(t->nodes[e->from].host, t->nodes[e->to].host);
}

static bool told(const struct telling *t, uint32_t node)
{
	enum priv_type type = t->nodes[node].type;
	uint32_t by = sure_of(t, node) ? t->r->sure_edge[node] : t->r->edge[node];
	if (t->r->steps[node] == UINT32_MAX || by == UINT32_MAX)
		return false;
	if (!t->backwards)
		return type == PRIV_ACCOUNT;
	return type == PRIV_ACCOUNT || type == PRIV_PERSON || type == PRIV_PROVIDER || type == PRIV_KEY || type == PRIV_AUTHORITY || type == PRIV_OUTSIDE || type == PRIV_GUESSER;
}

static int order(const void *x, const void *y, void *arg)
{
	const struct telling *t = arg;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	if (sure_of(t, a) != sure_of(t, b))
		return sure_of(t, a) ? -1 : 1;
	if (steps_of(t, a) != steps_of(t, b))
		return steps_of(t, a) < steps_of(t, b) ? -1 : 1;
	int c = slice_cmp(t->nodes[a].host, t->nodes[b].host);
	return c ? c : slice_cmp(t->nodes[a].label, t->nodes[b].label);
}

static void arrange(struct telling *t)
{
	t->order = xcalloc(t->n + 1, sizeof *t->order);
	for (uint32_t i = 0; i < t->n; i++)
		if (told(t, i))
			t->order[t->norder++] = i;
	qsort_r(t->order, t->norder, sizeof *t->order, order, t);
}

struct sums { size_t accounts, roots, hosts, maybe; };

static struct sums sum(const struct telling *t)
{
	struct sums s = {0};
	struct strtab *hosts = strtab_new();
	for (size_t i = 0; i < t->n; i++) {
		if (t->nodes[i].type != PRIV_ACCOUNT || t->r->steps[i] == UINT32_MAX || (t->r->edge[i] == UINT32_MAX && t->r->sure_edge[i] == UINT32_MAX))
			continue;
		s.accounts += sure_of(t, (uint32_t)i);
		if (sure_of(t, (uint32_t)i))
			strtab_put(hosts, t->nodes[i].host);
		s.maybe += !sure_of(t, (uint32_t)i);
		s.roots += sure_of(t, (uint32_t)i) && slice_eqz(t->nodes[i].name, "root");
	}
	s.hosts = strtab_count(hosts) - 1; /* number 0 is no name */
	strtab_free(hosts);
	return s;
}

/* ---- text ------------------------------------------------------------------------------------------------------------------------- */

static void roles_text(const struct telling *t, struct slice host, struct buf *out)
{
	const struct org_host *h = host.n ? org_host(t->in->setup->org, host) : NULL;
	for (size_t i = 0; h && i < h->nroles; i++) {
		buf_addz(out, i ? ", " : " [");
		buf_term(out, h->roles[i]);
	}
	if (h && h->nroles)
		buf_addc(out, ']');
}

static void row_text(const struct telling *t, uint32_t node, struct buf *out)
{
	struct buf way = {0};
	uint32_t steps = steps_of(t, node);
	buf_term(out, t->nodes[node].label);
	roles_text(t, t->nodes[node].type == PRIV_ACCOUNT ? t->nodes[node].host : SLICE_NONE, out);
	buf_addf(out, t->backwards ? " gets there in %u step%s\n" : ", %u step%s\n", steps, steps == 1 ? "" : "s");
	priv_reach_sentence(t->p, t->r, node, &way);
	wrapped(out, "    ", buf_slice(&way));
	buf_free(&way);
}

static void rows_text(const struct telling *t, struct buf *out)
{
	size_t shown = 0, quiet = 0;
	bool maybe = false;
	for (size_t i = 0; i < t->norder; i++) {
		uint32_t node = t->order[i];
		if (implied(t, node)) {
			quiet++;
			continue;
		}
		if (!maybe && !sure_of(t, node)) {
			maybe = true;
			buf_addz(out, "\nPerhaps - something on the way could not be told, or needs a password or passphrase:\n\n");
		}
		if (shown++ < TEXT_ROWS)
			row_text(t, node, out);
	}
	if (shown > TEXT_ROWS)
		buf_addf(out, "... and %zu more; --format json has all.\n", shown - TEXT_ROWS);
	if (quiet)
		buf_addf(out, t->backwards ? "\n%zu more accounts that are root, or the account asked about, on their own host are not listed.\n"
					   : "\n%zu more accounts follow from these: root is every account of its host.\n", quiet);
}

static void print_text(const struct telling *t, struct buf *out)
{
	struct sums s = sum(t);
	if (!t->backwards) {
		buf_addf(out, "From %s: %zu account%s on %zu host%s, root on %zu", t->from, s.accounts, s.accounts == 1 ? "" : "s", s.hosts, s.hosts == 1 ? "" : "s", s.roots);
		buf_addf(out, s.maybe ? "; %zu more perhaps.\n\n" : ".\n\n", s.maybe);
	} else {
		size_t sure = 0;
		for (size_t i = 0; i < t->norder; i++)
			sure += sure_of(t, t->order[i]) && !implied(t, t->order[i]);
		buf_addf(out, "Who gets to %s: %zu surely, %zu perhaps.\n\n", t->from, sure, t->norder - sure);
	}
	if (!t->norder)
		buf_addz(out, t->backwards ? "Nobody but who is there already.\n" : "Nothing is reached.\n");
	rows_text(t, out);
	places_unknown(t->in, out);
}

/* ---- JSON --------------------------------------------------------------------------------------------------------------------------- */

static void row_json(const struct telling *t, uint32_t node, struct buf *out)
{
	const struct priv_node *n = &t->nodes[node];
	struct buf way = {0};
	buf_addf(out, "{\"type\":\"%s\",\"place\":", priv_type_name(n->type));
	buf_json(out, n->label);
	buf_addz(out, ",\"host\":");
	buf_json(out, n->host);
	buf_addz(out, ",\"name\":");
	buf_json(out, n->name);
	buf_addf(out, ",\"sure\":%s,\"implied\":%s,\"steps\":%u,\"way\":", sure_of(t, node) ? "true" : "false", implied(t, node) ? "true" : "false", steps_of(t, node));
	way_json(t->p, t->r, node, out);
	priv_reach_sentence(t->p, t->r, node, &way);
	buf_addz(out, ",\"sentence\":");
	buf_json(out, buf_slice(&way));
	buf_addc(out, '}');
	buf_free(&way);
}

static void print_json(const struct telling *t, struct buf *out)
{
	struct sums s = sum(t);
	buf_addf(out, "{\"%s\":", t->backwards ? "exposure" : "from");
	buf_json(out, slice_of(t->from));
	buf_addf(out, ",\"accounts\":%zu,\"hosts\":%zu,\"roots\":%zu,\"perhaps\":%zu", s.accounts, s.hosts, s.roots, s.maybe);
	places_unknown_json(t->in, out);
	buf_addz(out, ",\"reached\":[");
	for (size_t i = 0; i < t->norder; i++) {
		buf_addz(out, i ? ",\n" : "\n");
		row_json(t, t->order[i], out);
	}
	buf_addz(out, "]}\n");
}

/* ---- HTML ----------------------------------------------------------------------------------------------------------------------------- */

static int print_html(const struct telling *t, struct buf *out, struct err *e)
{
	struct buf text = {0};
	buf_addz(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline'\"><title>Postern: reach</title>"
		"<style>:root{color-scheme:light dark}body{margin:0 auto;max-width:76rem;padding:1rem;font:16px/1.5 system-ui,sans-serif}pre{white-space:pre-wrap;overflow-wrap:anywhere}"
		".wide{overflow-x:auto}.wide svg{max-width:100%;height:auto}@media print{.wide svg{width:100%;height:auto}}</style></head><body>\n<div class=\"wide\">");
	int rc = privilege_svg(t->p, t->r, 0, out, e);
	print_text(t, &text);
	buf_addz(out, "</div>\n<pre>");
	buf_html(out, buf_slice(&text));
	buf_addz(out, "</pre></body></html>\n");
	buf_free(&text);
	return rc;
}

/* ---- the verbs -------------------------------------------------------------------------------------------------------------------------- */

static int print(struct telling *t, const struct args *a)
{
	const char *format = format_of(a);
	struct buf out = {0};
	struct err e;
	int rc = 0;
	arrange(t);
	if (strcmp(format, "json") == 0)
		print_json(t, &out);
	else if (strcmp(format, "svg") == 0)
		rc = privilege_svg(t->p, t->r, 0, &out, &e);
	else if (strcmp(format, "html") == 0)
		rc = print_html(t, &out, &e);
	else
		print_text(t, &out);
	if (rc)
		complain_err(&e);
	bool ok = !rc && write_out(args_get(a, "output"), buf_slice(&out));
	out.n = 0;
	if (ok && t->backwards && args_has(a, "save")) {
		print_json(t, &out);
		ok = privilege_keep(t->in, a, "exposure", slice_of(t->from), buf_slice(&out));
	}
	buf_free(&out);
	free(t->order);
	return ok ? EXIT_DONE : EXIT_INPUT;
}

static int asked(const struct privilege *p, const struct args *a, bool backwards, struct priv_set *from)
{
	struct err e;
	if (!backwards)
		return places_of(p, a, "from", from);
	if (!privilege_find(p, slice_of(a->operand[1]), from, &e))
		return 0;
	complain_err(&e);
	return EXIT_USAGE;
}

static int tell(const struct privilege_inputs *in, const struct privilege *p, const struct args *a, bool backwards)
{
	struct priv_set from = {0};
	struct priv_reach r = {0};
	struct buf name = {0};
	struct err e;
	struct telling t = {.in = in, .p = p, .r = &r, .backwards = backwards};
	int rc = asked(p, a, backwards, &from);
	t.n = privilege_nodes(p, &t.nodes);
	privilege_edges(p, &t.edges);
	if (!rc && privilege_reach(p, &from, backwards, NULL, &r, &e)) {
		complain_err(&e);
		rc = EXIT_INPUT;
	}
	if (backwards)
		buf_term(&name, slice_of(a->operand[1]));
	else
		places_told(a, "from", &name);
	buf_addc(&name, '\0');
	t.from = name.p;
	if (!rc)
		rc = print(&t, a);
	buf_free(&name);
	priv_set_free(&from);
	priv_reach_free(&r);
	return rc;
}

static int reach(const struct args *a, bool backwards)
{
	struct privilege_inputs in;
	struct privilege *p = NULL;
	int rc = privilege_inputs_open(&in, a);
	if (!rc && !(p = privilege_inputs_build(&in, a)))
		rc = EXIT_USAGE;
	if (!rc)
		rc = tell(&in, p, a, backwards);
	privilege_free(p);
	rc = rc ? rc : in.missing;
	privilege_inputs_free(&in);
	return rc;
}

int privilege_cmd_reach(const struct args *a)
{
	return reach(a, false);
}

int privilege_cmd_exposure(const struct args *a)
{
	return reach(a, true);
}
