/* access.c - the kernel's decision about a file, without asking it: the root that is read may be another machine's. */
#include "snapshot/access_private.h"

#include <stdlib.h>

enum { TAG_USER_OBJ = 1, TAG_USER = 2, TAG_GROUP_OBJ = 4, TAG_GROUP = 8, TAG_MASK = 16, TAG_OTHER = 32, XATTR_VERSION = 2, GROUPS_MOST = 4096 };

static uint32_t le(const char *p, size_t n)
{
	uint32_t v = 0;
	for (size_t i = 0; i < n; i++)
		v |= (uint32_t)(unsigned char)p[i] << (8 * i);
	return v;
}

bool acl_parse(struct slice value, struct access_node *n)
{
	n->nacl = 0;
	if (value.n < 4 || le(value.p, 4) != XATTR_VERSION || (value.n - 4) % 8 || (value.n - 4) / 8 > ACL_MOST)
		return false;
	for (size_t at = 4; at < value.n; at += 8)
		n->acl[n->nacl++] = (struct acl_entry){(uint16_t)le(value.p + at, 2), (uint16_t)(le(value.p + at + 2, 2) & 7), le(value.p + at + 4, 4)};
	return true;
}

static bool member(const struct access_who *w, int64_t gid)
{
	for (size_t i = 0; i < w->ngroups; i++)
		if (w->groups[i] == gid)
			return true;
	return false;
}

static bool covers(unsigned rights, unsigned want)
{
	return (rights & want) == want;
}

static unsigned of_tag(const struct access_node *n, unsigned tag, unsigned otherwise)
{
	for (size_t i = 0; i < n->nacl; i++)
		if (n->acl[i].tag == tag)
			return n->acl[i].rights;
	return otherwise;
}

static bool by_acl(const struct access_node *n, const struct access_who *w, unsigned want)
{
	unsigned mask = of_tag(n, TAG_MASK, 7);
	bool matched = false;
	if (w->uid == n->uid)
		return covers(of_tag(n, TAG_USER_OBJ, 0), want);
	for (size_t i = 0; i < n->nacl; i++)
		if (n->acl[i].tag == TAG_USER && w->uid >= 0 && n->acl[i].id == (uint64_t)w->uid)
			return covers(n->acl[i].rights & mask, want);
	for (size_t i = 0; i < n->nacl; i++) {
		bool group = n->acl[i].tag == TAG_GROUP_OBJ ? member(w, n->gid) : n->acl[i].tag == TAG_GROUP && member(w, n->acl[i].id);
		if (group && covers(n->acl[i].rights & mask, want))
			return true;
		matched |= group;
	}
	return !matched && covers(of_tag(n, TAG_OTHER, 0), want);
}

bool access_may(const struct access_node *n, const struct access_who *w, unsigned want)
{
	if (w->uid == 0)
		return true;
	if (n->nacl)
		return by_acl(n, w, want);
	unsigned shift = w->uid == n->uid ? 6 : member(w, n->gid) ? 3 : 0;
	return covers(n->mode >> shift & 7, want);
}

void access_people_free(struct access_people *p)
{
	free(p->v);
	free(p->gids.v);
	*p = (struct access_people){0};
}

void access_people(const struct snapshot *s, struct access_people *out)
{
	struct strtab *names = strtab_new(); /* account to its place + 1 */
	struct pair { uint32_t account; int64_t gid; };
	struct { struct pair *v; size_t n, cap; } pairs = {0};
	for (size_t i = 0; i < s->naccounts; i++) {
		strtab_put(names, s->accounts[i].name);
		*vec_push(&pairs) = (struct pair){strtab_find(names, s->accounts[i].name), s->accounts[i].gid};
	}
	for (size_t g = 0; g < s->ngroups; g++)
		for (size_t m = 0; m < s->groups[g].members.n; m++) {
			uint32_t id = strtab_find(names, s->groups[g].members.v[m]);
			if (id != UINT32_MAX)
				*vec_push(&pairs) = (struct pair){id, s->groups[g].gid};
		}
	/* Sorted by account through counting; then each account's groups lie side by side. */
	size_t count = strtab_count(names);
	size_t *start = xcalloc(count + 2, sizeof *start), *fill = xcalloc(count + 2, sizeof *fill);
	for (size_t i = 0; i < pairs.n; i++)
		start[pairs.v[i].account + 1]++;
	for (size_t i = 0; i <= count; i++)
		start[i + 1] += start[i];
	out->gids.v = xcalloc(pairs.n + 1, sizeof *out->gids.v);
	out->gids.cap = pairs.n + 1;
	out->gids.n = pairs.n;
	for (size_t i = 0; i < pairs.n; i++)
		out->gids.v[start[pairs.v[i].account] + fill[pairs.v[i].account]++] = pairs.v[i].gid;
	for (size_t i = 0; i < s->naccounts; i++) {
		uint32_t id = strtab_find(names, s->accounts[i].name);
		*vec_push(out) = (struct person){s->accounts[i].name, {s->accounts[i].uid, out->gids.v + start[id], MIN(fill[id], (size_t)GROUPS_MOST)}};
	}
	free(start);
	free(fill);
	free(pairs.v);
	strtab_free(names);
}
