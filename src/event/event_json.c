/* event_json.c - an event as one line of nested ECS JSON. */
#include "event/event.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_PARTS = 220 };

/* A value under its dotted name, so that sorting brings the members of one object together. */
struct leaf {
	struct slice name;
	const struct value *v; /* NULL: text below */
	struct slice text;
	unsigned order; /* keeps several values of one field in the order they were added */
	bool number;    /* text is a JSON number */
};

static int leaf_cmp(const void *a, const void *b)
{
	const struct leaf *x = a, *y = b;
	int c = slice_cmp(x->name, y->name);
	return c ? c : (x->order < y->order ? -1 : x->order > y->order);
}

static void put_value(struct buf *out, const struct leaf *l)
{
	if (l->v && l->v->type == FT_INT && l->v->parsed)
		buf_addf(out, "%lld", (long long)l->v->n);
	else if (l->number)
		buf_adds(out, l->text);
	else
		buf_json(out, l->v ? slice_make(l->v->p, l->v->len) : l->text);
}

/* How many leading bytes of a and b are equal whole components ("source." of source.ip and source.port). */
static size_t common_prefix(struct slice a, struct slice b)
{
	size_t at = 0;
	for (size_t i = 0; i < a.n && i < b.n && a.p[i] == b.p[i]; i++)
		if (a.p[i] == '.')
			at = i + 1;
	return at;
}

static void open_objects(struct buf *out, struct slice name, size_t from)
{
	struct slice rest = slice_from(name, from), head;
	while (slice_cut(&rest, '.', &head)) {
		buf_json(out, head);
		buf_addz(out, ":{");
	}
	buf_json(out, rest);
	buf_addc(out, ':');
}

static void close_objects(struct buf *out, struct slice name, size_t from)
{
	for (size_t i = from; i < name.n; i++)
		if (name.p[i] == '.')
			buf_addc(out, '}');
}

/* A name that is also the object of another ("a" beside "a.b") cannot nest: its text goes to "a.value". */
static void emit_leaves(struct buf *out, struct leaf *v, size_t n)
{
	struct slice prev = SLICE_NONE;
	for (size_t i = 0; i < n;) {
		size_t same = 1;
		while (i + same < n && slice_eq(v[i].name, v[i + same].name))
			same++;
		size_t common = common_prefix(prev, v[i].name);
		close_objects(out, prev, common);
		if (i)
			buf_addc(out, ',');
		open_objects(out, v[i].name, common);
		if (same > 1)
			buf_addc(out, '[');
		for (size_t k = 0; k < same; k++) {
			if (k)
				buf_addc(out, ',');
			put_value(out, &v[i + k]);
		}
		if (same > 1)
			buf_addc(out, ']');
		prev = v[i].name;
		i += same;
	}
	close_objects(out, prev, 0);
}

static void leaf_put(struct leaf *v, size_t *n, const char *name, struct slice text)
{
	if (*n < MAX_PARTS + 4 && text.n)
		v[*n] = (struct leaf){slice_of(name), NULL, text, (unsigned)*n, false}, ++*n;
}

static size_t collect(struct leaf *v, const struct event *e, struct slice file)
{
	const struct action_info *a = &action_table[e->action < ACTION_COUNT ? e->action : 0];
	size_t n = 0;
	leaf_put(v, &n, "event.action", slice_of(a->name));
	leaf_put(v, &n, "event.category", slice_of(a->category));
	leaf_put(v, &n, "event.type", slice_of(a->type));
	leaf_put(v, &n, "event.dataset", e->dataset);
	leaf_put(v, &n, "event.outcome", slice_of(outcome_name(e->outcome)));
	leaf_put(v, &n, "event.original", e->at.raw);
	for (uint32_t i = 0; i < e->nmore; i++)
		leaf_put(v, &n, "event.original", e->more[i].raw);
	leaf_put(v, &n, "host.name", e->host);
	leaf_put(v, &n, "log.file.path", file);
	if (e->flags & EV_YEAR_INFERRED)
		leaf_put(v, &n, "tags", SL("year-inferred"));
	if (e->flags & EV_NO_TIME)
		leaf_put(v, &n, "tags", SL("no-time"));
	if (e->flags & EV_NO_ZONE)
		leaf_put(v, &n, "tags", SL("zone-assumed"));
	for (uint32_t i = 0; i < e->nvalues && n < MAX_PARTS; i++) {
		const struct value *x = &e->values[i];
		struct slice name = x->field >= FIELD_COUNT ? slice_of(x->name) : slice_of(field_table[x->field].name);
		if (name.n && !(x->field == F_HOST_NAME && e->host.n))
			v[n] = (struct leaf){name, x, SLICE_NONE, (unsigned)n, false}, n++;
	}
	return n;
}

/* "a" and "a.b" both present: rename the former in place so that the object stays well formed. */
static void avoid_clashes(struct leaf *v, size_t n, struct arena *tmp)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			struct slice a = v[i].name, b = v[k].name;
			if (b.n > a.n && b.p[a.n] == '.' && memcmp(a.p, b.p, a.n) == 0) {
				char *p = arena_alloc(tmp, a.n + 6);
				memcpy(p, a.p, a.n);
				memcpy(p + a.n, "_value", 6);
				v[i].name = slice_make(p, a.n + 6);
				k = SIZE_MAX; /* the new name may clash too */
			}
		}
}

void event_json(struct buf *out, const struct event *e, struct slice file)
{
	struct leaf v[MAX_PARTS + 8];
	char t[40], off[24];
	struct arena tmp;
	arena_init(&tmp);
	size_t n = collect(v, e, file);
	int len = snprintf(off, sizeof off, "%llu", (unsigned long long)e->at.offset);
	leaf_put(v, &n, "log.offset", slice_make(off, (size_t)len));
	v[n - 1].number = true;
	avoid_clashes(v, n, &tmp);
	qsort(v, n, sizeof *v, leaf_cmp);
	buf_addz(out, "{\"@timestamp\":");
	if (e->time == NSTIME_NONE)
		buf_addz(out, "null");
	else
		buf_addf(out, "\"%s\"", time_rfc3339(e->time, t));
	buf_addz(out, ",");
	emit_leaves(out, v, n);
	buf_addc(out, '}');
	arena_free(&tmp);
}
