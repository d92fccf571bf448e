/* decide.c - is this file one that was read before, and how far?
 *
 * An inode is a file until it begins with other bytes; one of which nothing was read is not known by anything. Everything else that begins like a known file of its set is a copy of it: the packed
 * one, the one copytruncate made, the one a mirror put in its place. A file under the current name of a log beside the one it had is
 * none of these, however alike they begin: many logs begin with the same lines.
 */
#include "live/live_private.h"

uint64_t live_head_hash(struct slice head)
{
	return hash_stable(HASH_STABLE_INIT, head.p, MIN(head.n, (size_t)LIVE_HEAD));
}

static bool begins_alike(const struct live_known *k, struct slice head)
{
	return k->head_bytes > 0 && k->head_bytes <= head.n && k->head == live_head_hash(slice_to(head, k->head_bytes));
}

/* The better of two that both fit: more bytes compared, then not finished, then the newer. */
static const struct live_known *better(const struct live_known *a, const struct live_known *b)
{
	if (!a || !b)
		return a ? a : b;
	if (a->head_bytes != b->head_bytes)
		return a->head_bytes > b->head_bytes ? a : b;
	if (a->done != b->done)
		return a->done ? b : a;
	return a->id > b->id ? a : b;
}

static bool same_inode(const struct live_known *k, const struct live_file *f)
{
	return k->ino != 0 && k->dev == f->dev && k->ino == f->ino;
}

static bool may_be_copy(const struct live_known *k, const struct live_file *f)
{
	return slice_eq(k->set, f->set) && (f->packed || f->order > 0 || slice_eq(k->path, f->path));
}

/* Segments have names that are never used again and may all begin alike. */
static struct live_begin decide_spool(const struct live_known *v, size_t n, const struct live_file *f)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(v[i].path, f->path))
			return (struct live_begin){.known = v[i].id, .offset = MIN(v[i].offset, f->size)};
	return (struct live_begin){0};
}

struct live_begin live_decide(const struct live_known *v, size_t n, const struct live_file *f, struct slice head, bool first, bool history)
{
	const struct live_known *same = NULL, *copy = NULL;

	if (f->spool)
		return decide_spool(v, n, f);
	for (size_t i = 0; i < n; i++) {
		bool inode = same_inode(&v[i], f); /* hashing is dear: last */
		if ((!inode && !may_be_copy(&v[i], f)) || !begins_alike(&v[i], head))
			continue;
		if (inode)
			same = better(same, &v[i]);
		else
			copy = better(copy, &v[i]);
	}
	if (same && (f->packed || same->offset <= f->size))
		return (struct live_begin){.known = same->id, .offset = same->offset, .skip = same->done && f->packed};
	if (same) /* emptied, and begun anew with the same bytes */
		return (struct live_begin){0};
	if (copy)
		return (struct live_begin){.known = copy->id, .offset = copy->offset, .skip = copy->done && f->packed, .copy = true};
	if (first && !history)
		return (struct live_begin){.offset = f->packed ? 0 : f->size, .skip = f->packed || f->order > 0};
	return (struct live_begin){0};
}
