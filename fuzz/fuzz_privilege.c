/* fuzz_privilege.c - snapshots of hostile machines (with a form feed between them) made into rights and a graph: what is cut is not reached, what is suggested
 * undoes itself. */
#include <stdlib.h>

#include "privilege/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { SNAPSHOTS_MAX = 8, ROWS_MOST = 60 /* rows multiply: limits are tested elsewhere */ };

static bool small(const struct snapshot *s)
{
	for (int k = 0; k < SNAP_KIND_COUNT; k++)
		if (snap_count(s, (enum snap_kind)k) > ROWS_MOST)
			return false;
	return true;
}

static bool give(void *arg, struct slice host, struct slice file, struct buf *out)
{
	(void)host;
	(void)file;
	buf_adds(out, *(const struct slice *)arg);
	return true;
}

static void cut(const struct privilege *p, const struct priv_set *from, const struct priv_set *to)
{
	struct priv_cut c;
	struct err e;
	if (privilege_cut(p, from, to, &c, &e))
		abort();
	if (c.possible && !c.proven)
		abort();
	priv_cut_free(&c);
}

static void every_way(const struct privilege *p, const struct priv_set *from)
{
	struct priv_reach r;
	struct buf b = {0};
	for (int backwards = 0; backwards < 2; backwards++) {
		if (privilege_reach(p, from, backwards, NULL, &r, NULL))
			abort();
		for (uint32_t i = 0; i < r.n && i < 200; i++) {
			if (r.sure_steps[i] < r.steps[i])
				abort(); /* all edges are no longer a way than the sure ones */
			b.n = 0;
			priv_reach_sentence(p, &r, i, &b);
		}
		struct picture x;
		picture_make(p, &r, 4, &x);
		picture_free(&x);
		priv_reach_free(&r);
	}
	buf_free(&b);
}

static void look(struct privilege *p, struct slice text)
{
	const struct priv_node *nodes;
	struct priv_set from = {0}, to = {0};
	struct buf patch = {0}, undo = {0}, notes = {0};
	struct err e;
	const struct right *rights;
	size_t n = privilege_nodes(p, &nodes), nrights = privilege_rights(p, &rights);
	bool *all = xcalloc(nrights + 1, sizeof *all);
	memset(all, true, nrights);
	for (uint32_t i = 0; i < n; i++)
		if (nodes[i].type == PRIV_ACCOUNT)
			*vec_push(i % 2 ? &from : &to) = i;
	cut(p, &from, &to);
	from.n = MIN(from.n, 1);
	to.n = MIN(to.n, 1);
	cut(p, &from, &to);
	every_way(p, &from);
	struct priv_suggest s = {.read = give, .arg = &text, .chosen = all};
	if (privilege_suggest(p, &s, &patch, &undo, &notes, &e) || !patch.n != !undo.n)
		abort();
	buf_free(&patch);
	buf_free(&undo);
	buf_free(&notes);
	priv_set_free(&from);
	priv_set_free(&to);
	free(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice rest = slice_make((const char *)data, n), head, whole = rest;
	struct snapshot *v[SNAPSHOTS_MAX];
	size_t count = 0;
	struct err e;
	struct privilege *p = privilege_new(NULL);
	struct privilege_options opt = {.now = 1795000000 * NS_SEC};
	for (bool more = true; more && count < SNAPSHOTS_MAX;) {
		struct slice one = rest;
		if ((more = slice_cut(&rest, '\f', &head)))
			one = head;
		struct snapshot *s = snapshot_read(one, "fuzz", &e);
		if (s && small(s) && !privilege_add(p, s, &e))
			v[count++] = s;
		else
			snapshot_free(s);
	}
	if (!privilege_build(p, NULL, &opt, &e))
		look(p, whole);
	privilege_free(p);
	for (size_t i = 0; i < count; i++)
		snapshot_free(v[i]);
	return 0;
}
