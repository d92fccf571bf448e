/* place.c - one host while its rights are worked out: its accounts, groups, names. */
#include "privilege/privilege_private.h"

#include <stdlib.h>

static struct slice lower(struct privilege *p, struct slice s)
{
	char *c = arena_alloc(&p->mem, s.n + 1);
	for (size_t i = 0; i < s.n; i++)
		c[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 0x20) : s.p[i];
	c[s.n] = '\0';
	return slice_make(c, s.n);
}

static struct slice first_label(struct slice s)
{
	struct slice rest = s, head;
	struct ip ip;
	return !ip_parse(s, &ip) && slice_cut(&rest, '.', &head) && head.n ? head : s;
}

void place_open(struct privilege *p, const struct snapshot *s, struct place *l)
{
	*l = (struct place){.p = p, .s = s, .by_name = strtab_new()};
	l->names[0] = lower(p, s->host);
	l->names[1] = first_label(l->names[0]);
	l->host = node_put(p, PRIV_HOST, s->host, s->host, say(p, "anybody on %.*s", SLFMT(s->host)));
	l->account = xcalloc(s->naccounts + 1, sizeof *l->account);
	l->first = xcalloc(s->naccounts + 1, sizeof *l->first);
	l->root = NO_NODE;
	for (size_t i = 0; i < s->naccounts; i++) {
		uint32_t known = strtab_count(l->by_name), id = strtab_put(l->by_name, s->accounts[i].name);
		l->account[i] = node_put(p, PRIV_ACCOUNT, s->host, s->accounts[i].name, SLICE_NONE);
		if (id >= known)
			l->first[id - 1] = (uint32_t)i;
		if (s->accounts[i].uid == 0 && l->root == NO_NODE)
			l->root = l->account[i];
	}
	if (l->root == NO_NODE)
		l->root = node_put(p, PRIV_ACCOUNT, s->host, SL("root"), SLICE_NONE);
}

void place_close(struct place *l)
{
	strtab_free(l->by_name);
	free(l->account);
	free(l->first);
}

long place_account(const struct place *l, struct slice name)
{
	uint32_t id = name.n ? strtab_find(l->by_name, name) : UINT32_MAX;
	return id == UINT32_MAX ? PRIV_NONE : (long)l->first[id - 1];
}

static bool lists(const struct snap_group *g, struct slice name)
{
	for (size_t i = 0; i < g->members.n; i++)
		if (slice_eq(g->members.v[i], name))
			return true;
	return false;
}

bool in_gid(const struct place *l, const struct snap_account *a, int64_t gid)
{
	if (a->gid == gid)
		return true;
	for (size_t i = 0; i < l->s->ngroups; i++)
		if (l->s->groups[i].gid == gid && lists(&l->s->groups[i], a->name))
			return true;
	return false;
}

bool in_group(const struct place *l, const struct snap_account *a, struct slice group)
{
	for (size_t i = 0; i < l->s->ngroups; i++)
		if (slice_eq(l->s->groups[i].name, group))
			return a->gid == l->s->groups[i].gid || lists(&l->s->groups[i], a->name);
	return false;
}

const struct snap_group *group_by_gid(const struct place *l, int64_t gid)
{
	for (size_t i = 0; i < l->s->ngroups; i++)
		if (l->s->groups[i].gid == gid)
			return &l->s->groups[i];
	return NULL;
}

static void membership(struct place *l, uint32_t node, const struct snap_group *g, size_t account, struct slice why_full)
{
	struct privilege *p = l->p;
	const struct snap_account *a = &l->s->accounts[account];
	bool primary = a->gid == g->gid;
	struct right *r = right_put(p, l, RIGHT_GROUP, primary ? SNAP_K_account : SNAP_K_group, primary ? (const void *)a : g);
	r->account = r->holder = a->name;
	r->full = why_full.n > 0;
	r->why_full = why_full;
	r->text = say(p, "%.*s on %.*s is in group %.*s%s%s%.*s", SLFMT(a->name), SLFMT(l->s->host), SLFMT(g->name), primary ? " (its primary group)" : "", why_full.n ? ": " : "",
		SLFMT(why_full));
	edge_put(p, l->account[account], node, r->id, "is in", where_of(p, l->s, primary ? &a->at : &g->at), SNAP_YES);
}

uint32_t group_node(struct place *l, struct slice group, struct slice why_full)
{
	struct privilege *p = l->p;
	uint32_t have = node_find(p, PRIV_GROUP, l->s->host, group);
	for (size_t i = 0; have == NO_NODE && i < l->s->ngroups; i++) {
		const struct snap_group *g = &l->s->groups[i];
		if (!slice_eq(g->name, group))
			continue;
		have = node_put(p, PRIV_GROUP, l->s->host, group, say(p, "group %.*s on %.*s", SLFMT(group), SLFMT(l->s->host)));
		/* root is in none that gives it more. */
		for (size_t k = 0; k < l->s->naccounts; k++)
			if (l->s->accounts[k].uid != 0 && (l->s->accounts[k].gid == g->gid || lists(g, l->s->accounts[k].name)))
				membership(l, have, g, k, why_full);
	}
	return have;
}

uint32_t holder_node(struct place *l, struct slice by)
{
	if (slice_eqz(by, "everybody"))
		return l->host;
	if (slice_starts(by, SL("group:")))
		return group_node(l, slice_from(by, 6), SLICE_NONE);
	long a = place_account(l, slice_starts(by, SL("user:")) ? slice_from(by, 5) : by);
	return a == PRIV_NONE ? NO_NODE : l->account[a];
}

bool place_called(const struct place *l, struct slice name)
{
	struct slice label = first_label(name);
	if (slice_ieq(name, l->names[0]) || slice_ieq(label, l->names[1]))
		return true;
	for (size_t i = 0; i < l->s->names.n; i++)
		if (slice_ieq(name, l->s->names.v[i]))
			return true;
	return false;
}

struct place *place_find(const struct privilege *p, struct slice name)
{
	char small[256];
	size_t n = MIN(name.n, sizeof small);
	for (size_t i = 0; i < n; i++)
		small[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] | 0x20) : name.p[i];
	struct slice s = slice_make(small, n);
	uint32_t id = n ? strtab_find(p->host_names, s) : UINT32_MAX;
	if (id == UINT32_MAX && n)
		id = strtab_find(p->host_names, first_label(s));
	return id == UINT32_MAX ? NULL : &p->places[p->host_of.v[id]];
}

bool glob(struct slice pattern, struct slice text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;
	while (t < text.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = t;
		} else if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == text.p[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

/* One character or [class] at pattern; how far the pattern moves, 0 when c is not it. */
static size_t one(struct slice pattern, char c, bool path)
{
	if (!pattern.n || (path && c == '/' && pattern.p[0] != '/'))
		return 0;
	if (pattern.p[0] == '\\' && pattern.n > 1)
		return pattern.p[1] == c ? 2 : 0;
	if (pattern.p[0] == '?')
		return 1;
	ssize_t end = pattern.p[0] == '[' ? slice_chr(slice_from(pattern, 2), ']') : -1;
	if (end < 0)
		return pattern.p[0] == c ? 1 : 0;
	bool not = pattern.p[1] == '!' || pattern.p[1] == '^', hit = false;
	for (size_t i = not ? 2 : 1; i < (size_t)end + 2; i++) {
		bool range = i + 2 < (size_t)end + 2 && pattern.p[i + 1] == '-';
		hit |= range ? c >= pattern.p[i] && c <= pattern.p[i + 2] : c == pattern.p[i];
		i += range ? 2 : 0;
	}
	return hit != not ? (size_t)end + 3 : 0;
}

bool glob_path(struct slice pattern, struct slice text, bool path)
{
	size_t p = 0, t = 0, star = SIZE_MAX, mark = 0, step;
	while (t < text.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = t;
		} else if ((step = one(slice_from(pattern, p), text.p[t], path)) && p < pattern.n) {
			p += step;
			t++;
		} else if (star != SIZE_MAX && !(path && text.p[mark] == '/')) {
			p = star + 1;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}
