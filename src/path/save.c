/* save.c - the engine to bytes and back. Names keep their numbers: relations and sessions speak in them. */
#include "path/path_private.h"

#include <stdlib.h>

enum { SAVED_VERSION = 1, NAME_MAX_BYTES = 4096 };

static void save_host(const struct path_host *h, struct buf *b)
{
	buf_u32(b, h->name);
	buf_add(b, h->became, sizeof h->became);
	buf_u32(b, h->next_became);
	buf_add(b, &h->alone, sizeof h->alone);
	buf_add(b, &h->among, sizeof h->among);
	buf_add(b, h->owner, sizeof h->owner);
	buf_sized(b, slice_make((const char *)h->v, h->n * sizeof *h->v));
}

void path_save(struct path *p, struct buf *b)
{
	uint32_t names = strtab_count(p->names);
	buf_u32(b, SAVED_VERSION);
	buf_u32(b, sizeof(struct session));
	buf_u32(b, names);
	for (uint32_t i = 1; i < names; i++)
		buf_sized(b, strtab_get(p->names, i));
	buf_u32(b, (uint32_t)p->hosts.n);
	for (size_t i = 0; i < p->hosts.n; i++)
		save_host(&p->hosts.v[i], b);
	for (uint32_t i = 0; i < names; i++) {
		uint32_t at = i < p->account_of.n ? p->account_of.v[i] : 0;
		if (!at)
			continue;
		buf_u32(b, i);
		buf_add(b, &p->accounts.v[at - 1], sizeof(struct account));
	}
	buf_u32(b, 0);
	relations_save(&p->seen, b);
	relations_save(&p->keys, b);
	cells_save(p->cells, b);
	budget_save(p->budget, b);
	struct faded *faded[] = {&p->rule, &p->typed};
	for (size_t i = 0; i < ARRAY_LEN(faded); i++) {
		buf_add(b, &faded[i]->count, sizeof(double));
		buf_add(b, &faded[i]->days, sizeof(double));
		lru_save(faded[i]->today, b);
	}
	buf_add(b, &p->alone, sizeof p->alone);
	buf_add(b, &p->among, sizeof p->among);
	buf_u64(b, (uint64_t)p->first);
	buf_u64(b, (uint64_t)p->now);
	buf_u32(b, p->day);
	buf_u32(b, p->sessions);
	buf_u64(b, p->logins);
	buf_u64(b, p->forgotten);
}

static bool load_names(struct path *p, struct wire *w)
{
	uint32_t n = wire_u32(w);
	for (uint32_t i = 1; i < n && !w->bad; i++) {
		struct slice s = wire_sized(w);
		if (!s.n || s.n > NAME_MAX_BYTES || strtab_put(p->names, s) != i)
			return false;
	}
	return !w->bad && strtab_count(p->names) == MAX(n, 1u);
}

static bool load_hosts(struct path *p, struct wire *w)
{
	uint32_t n = wire_u32(w), names = strtab_count(p->names);
	for (uint32_t i = 0; i < n && !w->bad; i++) {
		uint32_t name = wire_u32(w);
		if (w->bad || name >= names || host_find(p, name))
			return false;
		struct path_host *h = host_get(p, name);
		wire_raw(w, h->became, sizeof h->became);
		h->next_became = wire_u32(w) % BECAME_MAX;
		wire_raw(w, &h->alone, sizeof h->alone);
		wire_raw(w, &h->among, sizeof h->among);
		wire_raw(w, h->owner, sizeof h->owner);
		struct slice s = wire_sized(w);
		if (s.n % sizeof *h->v || s.n / sizeof *h->v > SESSIONS_MAX)
			return false;
		h->n = h->cap = (uint32_t)(s.n / sizeof *h->v);
		h->mem = h->v = h->n ? xcalloc(h->n, sizeof *h->v) : NULL;
		if (h->n)
			memcpy(h->v, s.p, s.n);
		for (uint32_t k = 0; k < h->n; k++)
			if (h->v[k].account >= names || h->v[k].person >= names || h->v[k].source >= names || h->v[k].parent_host >= names)
				return false;
		for (uint32_t k = 0; k < h->n; k++)
			h->open += h->v[k].ended == NSTIME_NONE;
	}
	return !w->bad;
}

static bool load_accounts(struct path *p, struct wire *w)
{
	for (uint32_t name; (name = wire_u32(w)) != 0 && !w->bad;) {
		struct account a;
		wire_raw(w, &a, sizeof a);
		if (name >= strtab_count(p->names))
			return false;
		*account_get(p, name) = a;
	}
	return !w->bad;
}

static bool load_rest(struct path *p, struct wire *w)
{
	if (!relations_load(&p->seen, w) || !relations_load(&p->keys, w) || !cells_load(p->cells, w) || !budget_load(p->budget, w))
		return false;
	struct faded *faded[] = {&p->rule, &p->typed};
	for (size_t i = 0; i < ARRAY_LEN(faded); i++) {
		wire_raw(w, &faded[i]->count, sizeof(double));
		wire_raw(w, &faded[i]->days, sizeof(double));
		if (!lru_load(faded[i]->today, w))
			return false;
	}
	wire_raw(w, &p->alone, sizeof p->alone);
	wire_raw(w, &p->among, sizeof p->among);
	p->first = (nstime)wire_u64(w);
	p->now = (nstime)wire_u64(w);
	p->day = wire_u32(w);
	p->sessions = wire_u32(w);
	p->logins = wire_u64(w);
	p->forgotten = wire_u64(w);
	return !w->bad && p->alone > 0 && p->among > 0;
}

bool path_load(struct path *p, struct wire *w)
{
	bool ok = wire_u32(w) == SAVED_VERSION && wire_u32(w) == sizeof(struct session) && load_names(p, w) && load_hosts(p, w) && load_accounts(p, w) && load_rest(p, w);
	if (!ok) {
		struct path *fresh = path_new(&p->opt), old = *p;
		*p = *fresh;
		*fresh = old;
		path_free(fresh);
	}
	return ok;
}
