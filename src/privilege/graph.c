/* graph.c - nodes, edges, rights: how they are made, named and found. */
#include "privilege/privilege_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const right_names[] = {
#define X(id, name, text) name,
	RIGHT_LIST(X)
#undef X
};
static const char *const right_texts[] = {
#define X(id, name, text) text,
	RIGHT_LIST(X)
#undef X
};
static const char *const type_names[] = {
#define X(id, name) name,
	PRIV_TYPE_LIST(X)
#undef X
};

const char *right_name(enum right_kind k)
{
	return right_names[k];
}

const char *right_text(enum right_kind k)
{
	return right_texts[k];
}

const char *priv_type_name(enum priv_type t)
{
	return type_names[t];
}

struct slice say(struct privilege *p, const char *fmt, ...)
{
	char small[512];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(small, sizeof small, fmt, ap);
	va_end(ap);
	if (n < 0)
		return SLICE_NONE;
	if ((size_t)n < sizeof small)
		return slice_dup(&p->mem, slice_make(small, (size_t)n));
	char *big = arena_alloc(&p->mem, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(big, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return slice_make(big, (size_t)n);
}

struct slice where_of(struct privilege *p, const struct snapshot *s, const struct snap_at *at)
{
	if (at->line > 0)
		return say(p, "%.*s:%.*s:%lld", SLFMT(s->host), SLFMT(at->file), (long long)at->line);
	return say(p, "%.*s:%.*s", SLFMT(s->host), SLFMT(at->file));
}

/* Names may be longer than a struct key: no cutting here, or two would be one. */
static struct slice node_key(enum priv_type type, struct slice host, struct slice name, struct buf *b)
{
	buf_addc(b, (char)('A' + (int)type));
	buf_sized(b, host);
	buf_sized(b, name);
	return buf_slice(b);
}

uint32_t node_find(const struct privilege *p, enum priv_type type, struct slice host, struct slice name)
{
	struct buf b = {0};
	uint32_t id = strtab_find(p->names, node_key(type, host, name, &b));
	buf_free(&b);
	return id == UINT32_MAX ? NO_NODE : p->node_of.v[id];
}

uint32_t node_put(struct privilege *p, enum priv_type type, struct slice host, struct slice name, struct slice label)
{
	uint32_t have = node_find(p, type, host, name);
	if (have != NO_NODE)
		return have;
	if (p->nodes.n >= PRIV_NODES_MAX) {
		p->full = true;
		return NO_NODE;
	}
	struct buf b = {0};
	uint32_t id = strtab_put(p->names, node_key(type, host, name, &b));
	buf_free(&b);
	while (p->node_of.n <= id)
		*vec_push(&p->node_of) = NO_NODE;
	p->node_of.v[id] = (uint32_t)p->nodes.n;
	if (!label.p)
		label = type == PRIV_ACCOUNT ? say(p, "%.*s@%.*s", SLFMT(name), SLFMT(host)) : slice_dup(&p->mem, name);
	bool placed = type != PRIV_PERSON && type != PRIV_CERTIFICATE; /* there it tells two of one name apart */
	*vec_push(&p->nodes) = (struct priv_node){.type = type, .host = placed ? slice_dup(&p->mem, host) : SLICE_NONE, .name = slice_dup(&p->mem, name), .label = label};
	return p->node_of.v[id];
}

void edge_put(struct privilege *p, uint32_t from, uint32_t to, uint32_t right, const char *how, struct slice text, enum snap_tri sure)
{
	if (from == NO_NODE || to == NO_NODE || from == to || sure == SNAP_NO)
		return;
	if (p->edges.n >= PRIV_EDGES_MAX) {
		p->full = true;
		return;
	}
	*vec_push(&p->edges) = (struct priv_edge){.from = from, .to = to, .right = right, .how = how, .text = text, .sure = sure};
}

struct right *right_put(struct privilege *p, const struct place *l, enum right_kind kind, enum snap_kind row_kind, const void *row)
{
	struct right *r = vec_push(&p->rights);
	*r = (struct right){.kind = kind, .id = (uint32_t)(p->rights.n - 1), .row_kind = row_kind, .row = row, .use = RIGHT_UNSURE, .unsure = "no logs were given"};
	if (l) {
		r->snapshot = l->s;
		r->host = l->s->host;
	}
	return r;
}

/* ---- edges by node ------------------------------------------------------------------------------------------------------------ */

static void by_node(const struct privilege *p, bool in, uint32_t **at, uint32_t **list)
{
	*at = xcalloc(p->nodes.n + 2, sizeof **at);
	*list = xcalloc(p->edges.n + 1, sizeof **list);
	for (size_t i = 0; i < p->edges.n; i++)
		(*at)[(in ? p->edges.v[i].to : p->edges.v[i].from) + 2]++;
	for (size_t i = 2; i < p->nodes.n + 2; i++)
		(*at)[i] += (*at)[i - 1];
	for (size_t i = 0; i < p->edges.n; i++)
		(*list)[(*at)[(in ? p->edges.v[i].to : p->edges.v[i].from) + 1]++] = (uint32_t)i;
}

void graph_index(struct privilege *p)
{
	by_node(p, false, &p->out_at, &p->out);
	by_node(p, true, &p->in_at, &p->in);
}

static int64_t row_line(const struct right *r)
{
	return r->row ? ((const struct snap_at *)r->row)->line : 0;
}

static struct slice row_file(const struct right *r)
{
	return r->row ? ((const struct snap_at *)r->row)->file : SLICE_NONE;
}

static int order(const void *x, const void *y)
{
	const struct right *a = x, *b = y;
	int c = slice_cmp(a->host, b->host);
	if (!c)
		c = slice_cmp(row_file(a), row_file(b));
	if (!c)
		c = (row_line(a) > row_line(b)) - (row_line(a) < row_line(b));
	return c ? c : (a->id > b->id) - (a->id < b->id);
}

void rights_order(struct privilege *p)
{
	if (!p->rights.n)
		return;
	uint32_t *to = xcalloc(p->rights.n, sizeof *to);
	qsort(p->rights.v, p->rights.n, sizeof *p->rights.v, order);
	for (size_t i = 0; i < p->rights.n; i++) {
		to[p->rights.v[i].id] = (uint32_t)i;
		p->rights.v[i].id = (uint32_t)i;
	}
	for (size_t i = 0; i < p->edges.n; i++)
		if (p->edges.v[i].right != NO_RIGHT)
			p->edges.v[i].right = to[p->edges.v[i].right];
	free(to);
}
