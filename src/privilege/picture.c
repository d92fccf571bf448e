/* picture.c - which boxes and lines a picture of the graph has. Between hosts only what leads from one to another is drawn; ways within a host are a word in
 * its box. When there are too many hosts for a picture, those of the same roles that were reached alike are one box, then those of the same roles, then the
 * smaller rest. */
#include "privilege/picture.h"

#include <stdlib.h>

struct making { struct picture *x; const struct priv_reach *r; uint32_t *box_of_node; /* of persons, providers ... */ struct strtab *boxes, *lines; };

/* ---- hosts into boxes ------------------------------------------------------------------------------------------------------- */

static enum box_state state_of(const struct making *m, const struct place *l)
{
	enum box_state s = BOX_PLAIN;
	for (size_t i = 0; m->r && i <= l->s->naccounts; i++) {
		uint32_t node = i < l->s->naccounts ? l->account[i] : l->root;
		if (m->r->sure_steps[node] != UINT32_MAX)
			return BOX_REACHED;
		if (m->r->steps[node] != UINT32_MAX)
			s = BOX_MAYBE;
	}
	return s;
}

static struct slice roles_of(struct picture *x, const struct place *l)
{
	const struct org_host *h = x->p->org ? org_host(x->p->org, l->s->host) : NULL;
	struct buf b = {0};
	for (size_t i = 0; h && i < h->nroles; i++) {
		buf_addz(&b, i ? ", " : "");
		buf_adds(&b, h->roles[i]);
	}
	struct slice s = slice_dup(&x->mem, buf_slice(&b));
	buf_free(&b);
	return s;
}

/* web12.example to web*: what names of one kind have in common. */
static struct slice stem_of(struct picture *x, const struct place *l)
{
	struct buf b = {0};
	for (size_t i = 0; i < l->names[1].n; i++) {
		char c = l->names[1].p[i];
		bool digit = c >= '0' && c <= '9';
		if (!digit)
			buf_addc(&b, c);
		else if (!b.n || b.p[b.n - 1] != '*')
			buf_addc(&b, '*');
	}
	struct slice s = slice_dup(&x->mem, buf_slice(&b));
	buf_free(&b);
	return s;
}

static uint32_t put_box(struct making *m, struct slice key, const struct box *b)
{
	uint32_t known = strtab_count(m->boxes), id = strtab_put(m->boxes, key);
	if (id >= known)
		*vec_push(&m->x->boxes) = *b;
	return id - 1;
}

/* level 0: each host; 1: roles, stem and state; 2: roles and state; 3: state alone. */
static size_t group(struct making *m, unsigned level)
{
	struct picture *x = m->x;
	const struct privilege *p = x->p;
	strtab_free(m->boxes);
	m->boxes = strtab_new();
	x->boxes.n = 0;
	for (uint32_t i = 0; i < p->hosts.n; i++) {
		const struct place *l = &p->places[i];
		enum box_state state = state_of(m, l);
		struct slice roles = roles_of(x, l), stem = stem_of(x, l);
		struct box b = {.kind = level ? BOX_HOSTS : BOX_HOST, .state = state, .role = level < 3 ? roles : SLICE_NONE, .name = l->s->host};
		if (m->r && state == BOX_PLAIN) {
			x->box_of[i] = NO_NODE;
			continue;
		}
		if (level)
			b.name = level == 1 || (level == 2 && !roles.n) ? stem : level == 2 ? roles : SL("hosts");
		struct buf key = {0};
		buf_sized(&key, b.name);
		buf_sized(&key, b.role);
		buf_u32(&key, (uint32_t)state);
		x->box_of[i] = put_box(m, buf_slice(&key), &b);
		x->boxes.v[x->box_of[i]].hosts++;
		buf_free(&key);
	}
	return x->boxes.n;
}

static void name_single(struct making *m)
{
	struct picture *x = m->x;
	for (uint32_t i = 0; i < x->p->hosts.n; i++) {
		struct box *b = x->box_of[i] == NO_NODE ? NULL : &x->boxes.v[x->box_of[i]];
		if (!b || b->hosts != 1)
			continue;
		b->kind = BOX_HOST;
		b->name = x->p->hosts.v[i]->host;
		b->role = roles_of(x, &x->p->places[i]);
	}
}

/* ---- others -------------------------------------------------------------------------------------------------------------------- */

static bool drawn(const struct making *m, uint32_t node)
{
	return !m->r || m->r->steps[node] != UINT32_MAX;
}

static uint32_t other_box(struct making *m, uint32_t node)
{
	static const enum box_kind kinds[PRIV_TYPE_COUNT] = {[PRIV_PERSON] = BOX_PERSON, [PRIV_PROVIDER] = BOX_PROVIDER, [PRIV_OUTSIDE] = BOX_OUTSIDE, [PRIV_GUESSER] = BOX_OUTSIDE,
		[PRIV_KEY] = BOX_KEY, [PRIV_AUTHORITY] = BOX_KEY, [PRIV_CERTIFICATE] = BOX_KEY};
	const struct priv_node *n = &m->x->p->nodes.v[node];
	if (m->box_of_node[node] == NO_NODE) {
		struct buf key = {0};
		buf_addz(&key, priv_type_name(n->type));
		buf_u32(&key, node);
		struct box b = {.kind = kinds[n->type], .name = n->label, .state = !m->r ? BOX_PLAIN : m->r->sure_steps[node] != UINT32_MAX ? BOX_REACHED : BOX_MAYBE};
		m->box_of_node[node] = put_box(m, buf_slice(&key), &b);
		buf_free(&key);
	}
	return m->box_of_node[node];
}

/* ---- lines ----------------------------------------------------------------------------------------------------------------------- */

static void put_line(struct making *m, uint32_t from, uint32_t to, bool sure, bool root)
{
	struct picture *x = m->x;
	struct buf key = {0};
	if (from == NO_NODE || to == NO_NODE || from == to)
		return;
	buf_u32(&key, from);
	buf_u32(&key, to);
	uint32_t known = strtab_count(m->lines), id = strtab_put(m->lines, buf_slice(&key));
	buf_free(&key);
	if (id >= known)
		*vec_push(&x->lines) = (struct line){.from = from, .to = to};
	struct line *l = &x->lines.v[id - 1];
	l->ways++;
	l->sure |= sure;
	l->root |= root;
}

static uint32_t place_index(const struct privilege *p, struct slice host)
{
	const struct place *l = place_find(p, host);
	return l && slice_eq(l->s->host, host) ? (uint32_t)(l - p->places) : NO_NODE;
}

/* Who has what opens an account: the hosts it lies on, the persons; else itself. Few hands from key to key. */
static void holders(struct making *m, uint32_t node, uint32_t to, bool sure, bool root, unsigned depth)
{
	const struct privilege *p = m->x->p;
	size_t found = 0;
	for (uint32_t i = p->in_at[node]; i < p->in_at[node + 1] && depth < 4; i++) {
		const struct priv_edge *e = &p->edges.v[p->in[i]];
		const struct priv_node *n = &p->nodes.v[e->from];
		if (!drawn(m, e->from))
			continue;
		found++;
		if (n->type == PRIV_KEY || n->type == PRIV_AUTHORITY || n->type == PRIV_CERTIFICATE) {
			holders(m, e->from, to, sure && e->sure == SNAP_YES, root, depth + 1);
		} else if (n->type == PRIV_PERSON || n->type == PRIV_PROVIDER) {
			put_line(m, other_box(m, e->from), to, sure && e->sure == SNAP_YES, root);
		} else {
			uint32_t at = place_index(p, n->host);
			put_line(m, at == NO_NODE ? NO_NODE : m->x->box_of[at], to, sure && e->sure == SNAP_YES, root);
		}
	}
	if (!found && drawn(m, node) && m->r)
		put_line(m, other_box(m, node), to, sure, root);
}

static void one_edge(struct making *m, const struct priv_edge *e)
{
	struct picture *x = m->x;
	const struct priv_node *from = &x->p->nodes.v[e->from], *to = &x->p->nodes.v[e->to];
	bool sure = e->sure == SNAP_YES;
	if (!drawn(m, e->from) || !drawn(m, e->to))
		return;
	if (from->type == PRIV_PROVIDER && to->type == PRIV_PERSON)
		put_line(m, other_box(m, e->from), other_box(m, e->to), true, false);
	if (to->type != PRIV_ACCOUNT)
		return;
	uint32_t place = place_index(x->p, to->host), box = place == NO_NODE ? NO_NODE : x->box_of[place];
	bool root = place != NO_NODE && x->p->places[place].root == e->to;
	if (box == NO_NODE)
		return;
	if (from->host.n && slice_eq(from->host, to->host) && from->type != PRIV_KEY) {
		x->boxes.v[box].to_root += root && e->right != NO_RIGHT && sure;
		return;
	}
	switch (from->type) {
	case PRIV_KEY: case PRIV_AUTHORITY: case PRIV_CERTIFICATE:
		holders(m, e->from, box, sure, root, 0);
		break;
	case PRIV_PERSON: case PRIV_PROVIDER: case PRIV_OUTSIDE: case PRIV_GUESSER:
		/* That a password may be known is everywhere: only where that was asked for. */
		if (from->type != PRIV_GUESSER || (m->r && m->r->steps[e->from] == 0))
			put_line(m, other_box(m, e->from), box, sure, root);
		break;
	default:
		place = place_index(x->p, from->host);
		put_line(m, place == NO_NODE ? NO_NODE : x->box_of[place], box, sure, root);
	}
}

static int heavier(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	if (x->root != y->root)
		return x->root ? -1 : 1;
	if (x->sure != y->sure)
		return x->sure ? -1 : 1;
	return (x->ways < y->ways) - (x->ways > y->ways);
}

void picture_make(const struct privilege *p, const struct priv_reach *r, size_t most, struct picture *out)
{
	*out = (struct picture){.p = p, .box_of = xcalloc(p->hosts.n + 1, sizeof(uint32_t))};
	arena_init(&out->mem);
	struct making m = {.x = out, .r = r, .boxes = strtab_new(), .lines = strtab_new(), .box_of_node = xcalloc(p->nodes.n + 1, sizeof(uint32_t))};
	memset(m.box_of_node, 0xff, p->nodes.n * sizeof(uint32_t));
	most = most ? most : PICTURE_BOXES;
	for (unsigned level = 0; level <= 3 && group(&m, level) > most; level++)
		;
	name_single(&m);
	for (size_t i = 0; i < p->edges.n; i++)
		one_edge(&m, &p->edges.v[i]);
	if (out->lines.n)
		qsort(out->lines.v, out->lines.n, sizeof *out->lines.v, heavier);
	if (out->lines.n > PICTURE_LINES) {
		out->left_out = out->lines.n - PICTURE_LINES;
		out->lines.n = PICTURE_LINES;
	}
	for (size_t i = 0; i < out->lines.n; i++) {
		out->boxes.v[out->lines.v[i].from].lines++;
		out->boxes.v[out->lines.v[i].to].lines++;
	}
	strtab_free(m.boxes);
	strtab_free(m.lines);
	free(m.box_of_node);
}

void picture_free(struct picture *x)
{
	for (size_t i = 0; i < x->lines.n; i++)
		free(x->lines.v[i].points);
	free(x->boxes.v);
	free(x->lines.v);
	free(x->box_of);
	arena_free(&x->mem);
}
