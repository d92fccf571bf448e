/* org_index.c - hash tables of the organisation: names, folded names, networks. */
#include "org/org_private.h"

#include <stdlib.h>

bool org_index_put(struct org_index *x, struct slice name, const void *value, int line, struct org_entry *old)
{
	uint32_t id;

	if (x->names == NULL)
		x->names = strtab_new();
	id = strtab_put(x->names, name);
	if (id >= x->cap) {
		size_t was = x->cap;
		x->v = vec_grow(x->v, &x->cap, was, id - was + 1, sizeof(*x->v));
		memset(x->v + was, 0, (x->cap - was) * sizeof(*x->v));
	}
	if (x->v[id].value != NULL) {
		if (old != NULL)
			*old = x->v[id];
		return false;
	}
	x->v[id] = (struct org_entry){value, line};
	return true;
}

const void *org_index_get(const struct org_index *x, struct slice name)
{
	uint32_t id;

	if (x->names == NULL)
		return NULL;
	id = strtab_find(x->names, name);
	return id < x->cap ? x->v[id].value : NULL;
}

/* Small letters into buf; false when too long to be a name here. */
static bool fold(struct slice s, char buf[ORG_MAIL_MAX], struct slice *out)
{
	if (s.n > ORG_MAIL_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		buf[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
	}
	*out = slice_make(buf, s.n);
	return true;
}

bool org_index_iput(struct org_index *x, struct slice name, const void *value, int line, struct org_entry *old)
{
	char buf[ORG_MAIL_MAX];
	struct slice folded;

	if (!fold(name, buf, &folded)) /* callers bound their names; a longer one could not be found anyway */
		return true;
	return org_index_put(x, folded, value, line, old);
}

const void *org_index_iget(const struct org_index *x, struct slice name)
{
	char buf[ORG_MAIL_MAX];
	struct slice folded;

	return fold(name, buf, &folded) ? org_index_get(x, folded) : NULL;
}

void org_index_free(struct org_index *x)
{
	strtab_free(x->names);
	free(x->v);
	*x = (struct org_index){0};
}

/* Prefix length and the bits under it: what makes two networks the same. */
static struct slice net_key(const struct ip *ip, unsigned bits, char buf[17])
{
	buf[0] = (char)bits;
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits <= 8 * i ? 0 : MIN(bits - 8 * i, 8u);
		buf[1 + i] = (char)(ip->b[i] & (0xff00u >> keep));
	}
	return slice_make(buf, 17);
}

bool org_nets_put(struct org_nets *x, const struct cidr *c, const void *value, int line, struct org_entry *old)
{
	char buf[17];
	unsigned bits = MIN(c->bits, 128u);

	unsigned at = 0;
	while (at < x->nlengths && x->length[at] > bits)
		at++;
	if (at == x->nlengths || x->length[at] != bits) {
		memmove(&x->length[at + 1], &x->length[at], x->nlengths - at);
		x->length[at] = (uint8_t)bits;
		x->nlengths++;
	}
	return org_index_put(&x->index, net_key(&c->net, bits, buf), value, line, old);
}

const void *org_nets_get(const struct org_nets *x, const struct ip *ip)
{
	char buf[17];

	for (unsigned i = 0; i < x->nlengths; i++) {
		const void *v = org_index_get(&x->index, net_key(ip, x->length[i], buf));
		if (v != NULL)
			return v;
	}
	return NULL;
}

void org_nets_free(struct org_nets *x)
{
	org_index_free(&x->index);
}
