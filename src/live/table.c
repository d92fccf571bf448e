/* table.c - the table of what was read: one entry a source, kept over restarts. */
#include "live/live_private.h"

#include <stdlib.h>

enum { ORPHANS = 4 /* entries without a file kept for a set: a packed copy may yet turn up */ };

struct live_known *known_find(struct live_follow *f, uint32_t id)
{
	size_t low = 0, high = f->known.n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (f->known.v[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < f->known.n && f->known.v[low].id == id ? &f->known.v[low] : NULL;
}

struct slice stream_set_name(const struct live_follow *f, uint32_t stream)
{
	return strtab_get(f->sets, stream);
}

static void set_text(struct slice *to, struct slice text)
{
	if (slice_eq(*to, text))
		return;
	char *copy = xstrndup(text.p, text.n);
	free((void *)(uintptr_t)to->p);
	*to = slice_make(copy, text.n);
}

void known_attach(struct live_follow *f, struct live_known *k, const struct item *it)
{
	set_text(&k->path, slice_make(it->path, it->npath));
	set_text(&k->set, stream_set_name(f, it->stream));
	k->dev = it->dev;
	k->ino = it->ino;
}

struct live_known *known_add(struct live_follow *f, const struct item *it)
{
	struct live_known *k = vec_push(&f->known);
	*k = (struct live_known){.id = f->next_id++};
	known_attach(f, k, it);
	return k;
}

void known_read(struct live_known *k, struct live_tail *t, const struct block *b)
{
	char head[LIVE_HEAD];
	k->offset = live_tail_offset(t);
	size_t want = (size_t)MIN(k->offset, (uint64_t)LIVE_HEAD);
	if (k->head_bytes >= want)
		return;
	if (b && k->head_bytes == b->offset) { /* FNV goes on where it stopped */
		size_t n = MIN(b->data.n, (size_t)LIVE_HEAD - k->head_bytes);
		k->head = hash_stable(k->head_bytes ? k->head : HASH_STABLE_INIT, b->data.p, n);
		k->head_bytes += (uint32_t)n;
		return;
	}
	size_t n = MIN(live_tail_head(t, head), want);
	k->head = live_head_hash(slice_make(head, n));
	k->head_bytes = (uint32_t)n;
}

void known_prune(struct live_follow *f)
{
	unsigned char *count = xcalloc(strtab_count(f->sets) + 1, 1);
	size_t kept = f->known.n;
	bool *used = xcalloc(f->next_id + 1, sizeof *used);

	for (size_t i = 0; i < f->items.n; i++)
		if (f->items.v[i].path)
			used[f->items.v[i].source] = true;
	for (size_t i = f->known.n; i-- > 0;) { /* newest first */
		struct live_known *k = &f->known.v[i];
		uint32_t set = strtab_find(f->sets, k->set);
		if (used[k->id] || k->ino || i + 1 == f->known.n || set == UINT32_MAX) /* the last one keeps its number from coming again */
			continue;
		if (count[set] >= ORPHANS)
			k->id = 0;
		else
			count[set]++;
	}
	size_t to = 0;
	for (size_t i = 0; i < kept; i++) {
		struct live_known *k = &f->known.v[i];
		if (k->id) {
			f->known.v[to++] = *k;
			continue;
		}
		free((void *)(uintptr_t)k->path.p);
		free((void *)(uintptr_t)k->set.p);
	}
	f->known.n = to;
	free(used);
	free(count);
}
