/* disk.c - images of disks: MBR and GPT, and the files of FAT12, FAT16 and FAT32 (Microsoft's specification of 2000), with the marks hidden and system. */
#include "lure/lure_private.h"

#include <stdlib.h>

enum { DEPTH_MAX = 16, ENTRIES_MAX = 20000, PARTITIONS_MAX = 16, FOLDER_MAX = 1 << 20 };

struct fat {
	struct lure *l;
	uint32_t id;
	struct slice bytes;
	size_t table, data, root, cluster; /* bytes: where they begin; size of a cluster */
	size_t root_size;                 /* FAT12 and 16 */
	uint32_t root_cluster, clusters;
	unsigned bits;
	uint32_t entries, files;
};

static uint32_t next_cluster(const struct fat *f, uint32_t c)
{
	if (f->bits == 12) {
		uint32_t v = le16(f->bytes, f->table + c + c / 2);
		v = c & 1 ? v >> 4 : v & 0xfff;
		return v >= 0xff8 ? 0 : v;
	}
	uint32_t v = f->bits == 16 ? le16(f->bytes, f->table + 2 * (size_t)c) : le32(f->bytes, f->table + 4 * (size_t)c) & 0x0fffffff;
	return v >= (f->bits == 16 ? 0xfff8u : 0x0ffffff8u) ? 0 : v;
}

/* The chain from c on, at most `most` bytes. */
static void chain(struct fat *f, uint32_t c, size_t most, struct buf *out)
{
	for (uint32_t n = 0; c >= 2 && c < f->clusters + 2 && n <= f->clusters && out->n < most && !lure_stop(f->l); n++, c = next_cluster(f, c)) {
		struct slice piece = slice_sub(f->bytes, f->data + (size_t)(c - 2) * f->cluster, f->cluster);
		if (!piece.n)
			break;
		buf_adds(out, slice_to(piece, most - out->n));
	}
}

struct long_name { char utf16[2 * 260]; size_t n; };

static void long_piece(struct long_name *ln, struct slice e)
{
	static const struct { uint8_t at, n; } parts[] = {{1, 10}, {14, 12}, {28, 4}};
	unsigned order = (uint8_t)e.p[0] & 0x3f;
	size_t at = (order ? order - 1 : 0) * 26u;
	if (!order || at + 26 > sizeof ln->utf16)
		return;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		memcpy(ln->utf16 + at, e.p + parts[i].at, parts[i].n);
		at += parts[i].n;
	}
	ln->n = MAX(ln->n, at);
}

static struct slice short_name(struct fat *f, struct slice e)
{
	struct buf b = {0};
	for (size_t i = 0; i < 11; i++) {
		if (i == 8 && e.p[8] != ' ')
			buf_addc(&b, '.');
		bool lower = (uint8_t)e.p[12] & (i < 8 ? 0x08 : 0x10); /* Windows NT's mark */
		if (e.p[i] != ' ')
			buf_addc(&b, lower && e.p[i] >= 'A' && e.p[i] <= 'Z' ? (char)(e.p[i] + 32) : e.p[i]);
	}
	struct slice s = slice_dup(lure_arena(f->l), buf_slice(&b));
	buf_free(&b);
	return s;
}

static void folder(struct fat *f, struct slice list, struct slice path, unsigned depth);

static void entry(struct fat *f, struct slice e, struct long_name *ln, struct slice path, unsigned depth)
{
	uint8_t marks = (uint8_t)e.p[11];
	uint32_t first = le16(e, 26) | (f->bits == 32 ? (uint32_t)le16(e, 20) << 16 : 0), size = le32(e, 28);
	struct slice name = ln->n ? utf16_text(f->l, slice_make(ln->utf16, ln->n), true) : short_name(f, e);
	struct buf full = {0}, content = {0};
	if (marks & 8 || e.p[0] == '.')
		return;
	buf_adds(&full, path);
	if (path.n)
		buf_addc(&full, '/');
	buf_adds(&full, name);
	struct slice kept = slice_dup(lure_arena(f->l), slice_to(buf_slice(&full), 1024));
	buf_free(&full);
	if (marks & 16) {
		chain(f, first, FOLDER_MAX, &content);
		folder(f, buf_slice(&content), kept, depth + 1);
	} else {
		chain(f, first, (size_t)MIN((uint64_t)size, lure_room(f->l)), &content);
		f->files++;
		image_file(f->l, f->id, kept, slice_to(buf_slice(&content), size), size, marks & 2);
	}
	buf_free(&content);
}

static void folder(struct fat *f, struct slice list, struct slice path, unsigned depth)
{
	struct long_name ln = {.n = 0};
	if (depth > DEPTH_MAX)
		return;
	for (size_t at = 0; at + 32 <= list.n && list.p[at] && !lure_stop(f->l); at += 32) {
		struct slice e = slice_sub(list, at, 32);
		if (++f->entries > ENTRIES_MAX) {
			lure_found(f->l, f->id, IND_LIMIT_SIZE, UINT64_MAX, NULL, "more than %d names in the image", ENTRIES_MAX);
			return;
		}
		if ((uint8_t)e.p[0] == 0xe5) {
			ln.n = 0;
		} else if (((uint8_t)e.p[11] & 0x3f) == 0x0f) {
			if ((uint8_t)e.p[0] & 0x40)
				ln = (struct long_name){.n = 0};
			long_piece(&ln, e);
		} else {
			entry(f, e, &ln, path, depth);
			ln.n = 0;
		}
	}
}

bool fat_walk(struct lure *l, uint32_t id, struct slice b)
{
	struct fat f = {.l = l, .id = id, .bytes = b};
	uint32_t sector = le16(b, 11), per = b.n > 13 ? (uint8_t)b.p[13] : 0, reserved = le16(b, 14), tables = b.n > 16 ? (uint8_t)b.p[16] : 0, roots = le16(b, 17);
	uint64_t total = le16(b, 19) ? le16(b, 19) : le32(b, 32), size = le16(b, 22) ? le16(b, 22) : le32(b, 36);
	if (b.n < 512 || (sector != 512 && sector != 1024 && sector != 2048 && sector != 4096) || !per || (per & (per - 1)) || !reserved || !tables || tables > 4 || !size || !total)
		return false;
	uint64_t root = reserved + tables * size, data = root + (roots * 32u + sector - 1) / sector;
	if (data >= total || data * sector >= b.n)
		return false;
	f.clusters = (uint32_t)((total - data) / per);
	f.bits = f.clusters < 4085 ? 12 : f.clusters < 65525 ? 16 : 32;
	f.table = (size_t)reserved * sector;
	f.cluster = (size_t)per * sector;
	f.root = (size_t)root * sector;
	f.data = (size_t)data * sector;
	f.root_size = roots * 32u;
	struct buf list = {0};
	if (f.bits == 32)
		chain(&f, le32(b, 44), FOLDER_MAX, &list);
	else
		buf_adds(&list, slice_sub(b, f.root, f.root_size));
	folder(&f, buf_slice(&list), SLICE_NONE, 0);
	buf_free(&list);
	return f.entries != 0;
}

/* ---- partitions --------------------------------------------------------------------------------------------------------------------- */

/* What is there and cannot be looked into; NULL: nothing that is known. */
static const char *other_system(struct slice b)
{
	static const struct { size_t at; struct slice mark; const char *name; } marks[] = {
		{3, {"NTFS    ", 8}, "NTFS"}, {3, {"EXFAT   ", 8}, "exFAT"}, {3, {"ReFS\0", 5}, "ReFS"}, {3, {"-FVE-FS-", 8}, "BitLocker"}, {1080, {"\x53\xef", 2}, "ext2, ext3 or ext4"},
		{1024, {"H+\0\4", 4}, "HFS+"}, {1024, {"HX\0\5", 4}, "HFS+"}, {32, {"NXSB", 4}, "APFS"}, {0, {"XFSB", 4}, "XFS"}, {0, {"LUKS\xba\xbe", 6}, "LUKS"}, {65600, {"_BHRfS_M", 8}, "Btrfs"},
		{0, {"hsqs", 4}, "SquashFS"},
	};
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (slice_starts(slice_from(b, marks[i].at), marks[i].mark))
			return marks[i].name;
	return NULL;
}

/* One partition, or a whole image without any. False: there is no file system that is known. */
static bool volume(struct lure *l, uint32_t id, struct slice b, size_t number)
{
	const char *name = other_system(b);
	if (name && number)
		lure_found(l, id, IND_IMAGE_UNREADABLE, UINT64_MAX, NULL, "partition %zu is %s: cannot look inside", number, name);
	else if (name)
		lure_found(l, id, IND_IMAGE_UNREADABLE, UINT64_MAX, NULL, "%s: cannot look inside", name);
	return name || fat_walk(l, id, b);
}

static bool gpt(struct lure *l, uint32_t id, struct slice b)
{
	struct slice head = slice_sub(b, 512, 92);
	bool any = false;
	if (!slice_starts(head, SL("EFI PART")))
		return false;
	uint64_t table = le64(head, 72), n = le32(head, 80), size = le32(head, 84);
	for (uint64_t i = 0; size >= 128 && size <= 4096 && i < MIN(n, (uint64_t)PARTITIONS_MAX) && table < b.n / 512; i++) {
		struct slice p = slice_sub(b, (size_t)(table * 512 + i * size), 128);
		uint64_t first = le64(p, 32), last = le64(p, 40);
		if (p.n == 128 && last >= first && first && first < b.n / 512)
			any |= volume(l, id, slice_sub(b, (size_t)first * 512, (size_t)MIN(last - first + 1, (uint64_t)b.n / 512) * 512), (size_t)i + 1);
	}
	return any;
}

static bool mbr(struct lure *l, uint32_t id, struct slice b)
{
	bool any = false;
	for (size_t i = 0; i < 4; i++) {
		struct slice p = slice_sub(b, 446 + 16 * i, 16);
		uint64_t first = le32(p, 8), n = le32(p, 12);
		if (p.n == 16 && p.p[4] && first && n && first < b.n / 512)
			any |= volume(l, id, slice_sub(b, (size_t)first * 512, (size_t)MIN(n * 512, (uint64_t)b.n)), i + 1);
	}
	return any;
}

void parse_disk(struct lure *l, uint32_t id, struct slice bytes)
{
	lure_found(l, id, IND_DISK_IMAGE, UINT64_MAX, NULL, "%zu bytes", bytes.n);
	if (!gpt(l, id, bytes) && !volume(l, id, bytes, 0) && !mbr(l, id, bytes))
		lure_found(l, id, IND_IMAGE_UNREADABLE, UINT64_MAX, NULL, "no file system could be found");
}
