/* office_cfb.c - compound files (MS-CFB): directory and streams, with every chain bounded by the size of the file. */
#include "lure/office_private.h"

#include <ctype.h>

#define SECTOR_LAST 0xfffffffau /* above: no sector */
#define NO_ENTRY UINT32_MAX
static const char magic[8] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

static size_t sector_at(const struct cfb *c, uint32_t sector) { return ((size_t)sector + 1) << c->shift; }

static struct slice sector_of(const struct cfb *c, uint32_t sector)
{
	return slice_sub(c->bytes, sector_at(c, sector), (size_t)1 << c->shift);
}

/* The FAT's own sectors: 109 in the header, the others in a chain of DIFAT sectors. */
static void read_fat(struct cfb *c)
{
	size_t per = ((size_t)1 << c->shift) / 4, sectors = (c->bytes.n >> c->shift) + 1, want = MIN((size_t)le32(c->bytes, 44), sectors), got = 0;
	uint32_t difat = le32(c->bytes, 68);
	struct slice table = slice_sub(c->bytes, 76, 109 * 4);
	c->fat = (uint32_t *)(void *)office_take(c->o, want * per * 4, "FAT");
	if (!c->fat)
		return;
	for (size_t i = 0, hops = 0; got < want; i++) {
		if (i * 4 >= table.n || (hops && i == per - 1)) { /* the last number of a DIFAT sector leads to the next */
			if (hops)
				difat = le32(table, (per - 1) * 4);
			if (difat >= SECTOR_LAST || ++hops > sectors || sector_at(c, difat) >= c->bytes.n)
				break;
			table = sector_of(c, difat);
			i = 0;
		}
		uint32_t at = le32(table, i * 4);
		if (at >= SECTOR_LAST)
			continue;
		struct slice s = sector_of(c, at);
		for (size_t k = 0; k < per; k++)
			c->fat[c->nfat++] = k * 4 + 4 <= s.n ? le32(s, k * 4) : UINT32_MAX;
		got++;
	}
}

/* Bytes of a chain; `limit` bytes at most. Borrowed when the sectors follow each other. */
static struct slice chain_read(struct cfb *c, uint32_t start, uint64_t limit, const char *where)
{
	size_t size = (size_t)1 << c->shift, most = MIN((limit + size - 1) >> c->shift, (c->bytes.n >> c->shift) + 1), n = 0;
	bool together = true;
	uint32_t at = start;
	for (uint32_t next; n < most && at < c->nfat && sector_at(c, at) < c->bytes.n; at = next) {
		next = c->fat[at];
		n++;
		if (n < most && next < SECTOR_LAST)
			together = together && next == at + 1;
	}
	if (n == 0)
		return SLICE_NONE;
	if (together)
		return slice_sub(c->bytes, sector_at(c, start), MIN(limit, (uint64_t)n << c->shift));
	char *to = office_take(c->o, n << c->shift, where);
	if (!to)
		return SLICE_NONE;
	size_t have = 0;
	at = start;
	for (size_t i = 0; i < n; i++, at = c->fat[at]) {
		struct slice s = sector_of(c, at);
		memcpy(to + have, s.p, s.n);
		have += s.n;
		if (s.n < size)
			break;
	}
	return slice_make(to, MIN(limit, have));
}

static struct slice mini_read(struct cfb *c, uint32_t start, uint64_t limit, const char *where)
{
	size_t most = MIN((limit + 63) >> c->minishift, (c->mini.n >> c->minishift) + 1), n = 0, size = (size_t)1 << c->minishift;
	bool together = true;
	uint32_t at = start;
	for (uint32_t next; n < most && at < c->nminifat && (size_t)at << c->minishift < c->mini.n; at = next) {
		next = c->minifat[at];
		n++;
		if (n < most && next < SECTOR_LAST)
			together = together && next == at + 1;
	}
	if (n == 0)
		return SLICE_NONE;
	if (together)
		return slice_sub(c->mini, (size_t)start << c->minishift, MIN(limit, (uint64_t)n << c->minishift));
	char *to = office_take(c->o, n << c->minishift, where);
	if (!to)
		return SLICE_NONE;
	size_t have = 0;
	at = start;
	for (size_t i = 0; i < n; i++, at = c->minifat[at]) {
		struct slice s = slice_sub(c->mini, (size_t)at << c->minishift, size);
		memcpy(to + have, s.p, s.n);
		have += s.n;
	}
	return slice_make(to, MIN(limit, have));
}

static void read_minifat(struct cfb *c)
{
	struct slice s = chain_read(c, le32(c->bytes, 60), (uint64_t)le32(c->bytes, 64) << c->shift, "mini FAT");
	c->minifat = s.n ? (uint32_t *)(void *)office_take(c->o, s.n, "mini FAT") : NULL;
	if (!c->minifat)
		return;
	c->nminifat = s.n / 4;
	for (size_t i = 0; i < c->nminifat; i++)
		c->minifat[i] = le32(s, i * 4);
}

static void read_entries(struct cfb *c)
{
	struct slice dir = chain_read(c, le32(c->bytes, 48), (uint64_t)CFB_ENTRIES_MAX * 128, "directory");
	c->n = MIN(dir.n / 128, (size_t)CFB_ENTRIES_MAX);
	c->entries = arena_alloc(&c->o->a, (c->n + 1) * sizeof(*c->entries));
	memset(c->entries, 0, (c->n + 1) * sizeof(*c->entries));
	for (size_t i = 0; i < c->n; i++) {
		struct slice e = slice_sub(dir, i * 128, 128);
		struct cfb_entry *to = &c->entries[i];
		size_t len = MIN(le16(e, 64), 64);
		to->type = (uint8_t)e.p[66];
		to->name = len >= 2 && to->type ? office_utf16(c->o, slice_to(e, len - 2)) : SLICE_NONE;
		to->left = le32(e, 68);
		to->right = le32(e, 72);
		to->child = le32(e, 76);
		to->clsid = (const uint8_t *)e.p + 80;
		to->start = le32(e, 116);
		to->size = c->shift > 9 ? le64(e, 120) : le32(e, 120); /* writers of version 3 leave rubbish in the upper half */
		to->parent = NO_ENTRY;
	}
}

/* Says of every entry that hangs in the tree whose child it is; each is visited once, so that circles end. */
static void read_tree(struct cfb *c)
{
	uint32_t *stack = arena_alloc(&c->o->a, (c->n * 3 + 1) * sizeof(*stack));
	size_t n = 0;
	if (c->n == 0)
		return;
	c->entries[0].reached = true;
	uint32_t first = c->entries[0].child;
	if (first < c->n && !c->entries[first].reached) {
		c->entries[first].reached = true;
		c->entries[first].parent = 0;
		stack[n++] = first;
	}
	while (n) {
		uint32_t at = stack[--n];
		struct cfb_entry *e = &c->entries[at];
		uint32_t to[3] = {e->left, e->right, e->type == CFB_STORAGE ? e->child : NO_ENTRY};
		for (int k = 0; k < 3; k++) {
			if (to[k] >= c->n || c->entries[to[k]].reached)
				continue;
			c->entries[to[k]].reached = true;
			c->entries[to[k]].parent = k == 2 ? at : e->parent;
			stack[n++] = to[k];
		}
	}
}

bool cfb_open(struct cfb *c, struct office *o, struct slice bytes)
{
	*c = (struct cfb){.o = o, .bytes = bytes, .shift = le16(bytes, 30), .minishift = le16(bytes, 32), .cutoff = le32(bytes, 56)};
	if (bytes.n < 512 || memcmp(bytes.p, magic, sizeof(magic)) != 0)
		return false;
	if ((c->shift != 9 && c->shift != 12) || c->minishift != 6) {
		office_broken(o, "header", "sector size of a compound file is none of the two there are");
		c->shift = le16(bytes, 26) == 4 ? 12 : 9;
		c->minishift = 6;
	}
	read_fat(c);
	if (!c->fat)
		return false;
	read_entries(c);
	read_tree(c);
	if (c->n == 0)
		return false;
	if (c->entries[0].type != CFB_ROOT)
		office_broken(o, "directory", "it does not begin with the root");
	c->cutoff = c->cutoff ? c->cutoff : 4096;
	read_minifat(c);
	c->mini = chain_read(c, c->entries[0].start, MIN(c->entries[0].size, (uint64_t)bytes.n), "mini stream");
	return true;
}

uint32_t cfb_child(const struct cfb *c, uint32_t storage, const char *name)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (c->entries[i].reached && c->entries[i].parent == storage && slice_ieq(c->entries[i].name, slice_of(name)))
			return i;
	return NO_ENTRY;
}

struct slice cfb_read(struct cfb *c, uint32_t entry)
{
	if (entry >= c->n || c->entries[entry].type != CFB_STREAM || c->entries[entry].size == 0)
		return SLICE_NONE;
	const struct cfb_entry *e = &c->entries[entry];
	uint64_t size = MIN(e->size, (uint64_t)OFFICE_PART_MAX);
	struct slice s = e->size < c->cutoff ? mini_read(c, e->start, size, "stream") : chain_read(c, e->start, size, "stream");
	if (s.n < e->size)
		office_broken(c->o, cfb_path(c, entry), "a stream is shorter than the directory says");
	return s;
}

struct slice cfb_stream(struct cfb *c, uint32_t storage, const char *name)
{
	uint32_t at = cfb_child(c, storage, name);
	return at == NO_ENTRY ? SLICE_NONE : cfb_read(c, at);
}

const char *cfb_path(struct cfb *c, uint32_t entry)
{
	struct slice path = SLICE_NONE;
	for (uint32_t hops = 0; entry != 0 && entry < c->n && hops < 16; hops++, entry = c->entries[entry].parent)
		path = path.n ? office_join(c->o, c->entries[entry].name, "/", path) : c->entries[entry].name;
	struct buf b = {0};
	buf_term(&b, path);
	const char *z = office_z(c->o, buf_slice(&b));
	buf_free(&b);
	return z;
}
