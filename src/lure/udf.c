/* udf.c - UDF file systems (ECMA-167, OSTA UDF 2.60) of images, with an ISO 9660 half or without: one partition, as writers of images make them. */
#include "lure/lure_private.h"

enum { SECTOR = 2048, DEPTH_MAX = 16, ENTRIES_MAX = 20000, VDS_MAX = 64 };

struct udf {
	struct lure *l;
	uint32_t id;
	struct slice bytes;
	uint32_t partition;               /* sector where it begins */
	uint32_t entries, files;
};

static struct slice sector(const struct udf *u, uint64_t at, uint64_t n) { return at > u->bytes.n / SECTOR ? SLICE_NONE : slice_sub(u->bytes, (size_t)at * SECTOR, (size_t)n); }

/* d-characters: the first byte says whether 8 or 16 bits (big-endian). */
static struct slice name_of(struct udf *u, struct slice raw)
{
	struct buf b = {0};
	if (raw.n < 2)
		return SLICE_NONE;
	for (size_t i = 1; i < raw.n; i += raw.p[0] == 16 ? 2 : 1) {
		buf_addc(&b, raw.p[0] == 16 && i + 1 < raw.n ? raw.p[i + 1] : raw.p[i]);
		buf_addc(&b, raw.p[0] == 16 && i + 1 < raw.n ? raw.p[i] : 0);
	}
	struct slice name = utf16_text(u->l, buf_slice(&b), true);
	buf_free(&b);
	return name;
}

/* The content a file entry describes, put together into out, at most `most` bytes. Its length is returned. */
static uint64_t content_of(struct udf *u, struct slice entry, uint64_t most, struct buf *out)
{
	bool extended = le16(entry, 0) == 266;
	uint64_t length = le64(entry, 56);
	size_t at = extended ? 216 : 176;
	uint32_t attributes = le32(entry, at - 8), n = le32(entry, at - 4), kind = le16(entry, 34) & 7;
	struct slice list = slice_sub(slice_from(entry, at), attributes, n);
	if (kind == 3) { /* the content lies in the entry */
		buf_adds(out, slice_to(list, (size_t)MIN(length, most)));
		return length;
	}
	size_t step = kind == 0 ? 8 : kind == 1 ? 16 : 0;
	for (size_t i = 0; step && i + step <= list.n && out->n < most && out->n < length; i += step) {
		uint32_t size = le32(list, i) & 0x3fffffff;
		struct slice piece = sector(u, (uint64_t)u->partition + le32(list, i + 4), size);
		if (!size || !piece.n)
			break;
		buf_adds(out, slice_to(piece, (size_t)MIN(most - out->n, length - out->n)));
	}
	return length;
}

static void walk(struct udf *u, struct slice entry, struct slice path, unsigned depth);

static void identifier(struct udf *u, struct slice f, struct slice path, unsigned depth)
{
	uint8_t traits = (uint8_t)f.p[18], n = (uint8_t)f.p[19];
	uint16_t use = le16(f, 36);
	struct slice name = name_of(u, slice_sub(f, 38u + use, n)), entry = sector(u, (uint64_t)u->partition + le32(f, 24), SECTOR);
	if (traits & (4 | 8) || !entry.n) /* deleted; the folder above */
		return;
	struct buf full = {0};
	buf_adds(&full, path);
	if (path.n)
		buf_addc(&full, '/');
	buf_adds(&full, name);
	struct slice kept = slice_dup(lure_arena(u->l), slice_to(buf_slice(&full), 1024));
	buf_free(&full);
	if (traits & 2) {
		walk(u, entry, kept, depth + 1);
		return;
	}
	struct buf content = {0};
	uint64_t room = lure_room(u->l), size = content_of(u, entry, room, &content);
	u->files++;
	image_file(u->l, u->id, kept, buf_slice(&content), content.n == room ? content.n : size, traits & 1);
	if (content.n == room && size > room)
		lure_found(u->l, u->id, IND_LIMIT_SIZE, UINT64_MAX, NULL, "%.*s: only %llu of %llu bytes were looked at", SLFMT(slice_to(kept, 200)), (unsigned long long)room, (unsigned long long)size);
	buf_free(&content);
}

static void walk(struct udf *u, struct slice entry, struct slice path, unsigned depth)
{
	struct buf list = {0};
	if (depth > DEPTH_MAX || (le16(entry, 0) != 261 && le16(entry, 0) != 266))
		return;
	content_of(u, entry, 1u << 20, &list);
	struct slice s = buf_slice(&list);
	for (size_t at = 0; at + 38 <= s.n && le16(s, at) == 257 && !lure_stop(u->l) && ++u->entries < ENTRIES_MAX;) {
		size_t n = 38u + (uint8_t)s.p[at + 19] + le16(s, at + 36);
		if (at + n > s.n)
			break;
		identifier(u, slice_sub(s, at, n), path, depth);
		at += (n + 3) & ~(size_t)3;
	}
	if (u->entries >= ENTRIES_MAX)
		lure_found(u->l, u->id, IND_LIMIT_SIZE, UINT64_MAX, NULL, "more than %d names in the image", ENTRIES_MAX);
	buf_free(&list);
}

bool udf_walk(struct lure *l, uint32_t id, struct slice bytes)
{
	struct udf u = {.l = l, .id = id, .bytes = bytes};
	struct slice anchor = sector(&u, 256, 512);
	uint32_t set = 0;
	bool found = false;
	if (le16(anchor, 0) != 2)
		return false;
	uint32_t first = le32(anchor, 20), n = le32(anchor, 16) / SECTOR;
	for (uint32_t i = 0; i < MIN(n, (uint32_t)VDS_MAX); i++) {
		struct slice d = sector(&u, (uint64_t)first + i, 512);
		if (le16(d, 0) == 5 && !found) {
			u.partition = le32(d, 188);
			found = true;
		} else if (le16(d, 0) == 6) {
			set = le32(d, 252); /* where the file set's descriptor lies, in the partition */
		}
	}
	struct slice files = found ? sector(&u, (uint64_t)u.partition + set, 512) : SLICE_NONE;
	if (le16(files, 0) != 256)
		return false;
	walk(&u, sector(&u, (uint64_t)u.partition + le32(files, 404), SECTOR), SLICE_NONE, 0);
	return u.files != 0;
}
