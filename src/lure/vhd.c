/* vhd.c - images of disks of virtual machines: VHD (fixed and dynamic, Microsoft's specification 1.0) and VHDX (MS-VHDX); what they hold becomes one flat image. */
#include "lure/lure_private.h"

enum { SECTOR = 512 };

static uint32_t be32(struct slice s, size_t at) { return __builtin_bswap32(le32(s, at)); }
static uint64_t be64(struct slice s, size_t at) { return __builtin_bswap64(le64(s, at)); }

static void put(struct buf *out, uint64_t at, struct slice piece, uint64_t most)
{
	static const char zeros[4096];
	while (out->n < at && out->n < most)
		buf_add(out, zeros, (size_t)MIN(MIN(at, most) - out->n, (uint64_t)sizeof zeros));
	if (at < most)
		buf_adds(out, slice_to(piece, (size_t)(most - at)));
}

/* Trailing blocks that were never written are left out. */
static void hand_on(struct lure *l, uint32_t id, struct buf *flat, uint64_t size)
{
	if (flat->n)
		lure_child(l, id, &(struct lure_child){.how = LURE_MEMBER, .name = SL("disk.img"), .bytes = buf_slice(flat), .size = size});
	else
		lure_found(l, id, IND_IMAGE_UNREADABLE, UINT64_MAX, NULL, "nothing is written in it");
	if (size > lure_room(l) && flat->n >= lure_room(l))
		lure_found(l, id, IND_LIMIT_SIZE, UINT64_MAX, NULL, "a disk of %llu bytes", (unsigned long long)size);
	buf_free(flat);
}

static void dynamic_disk(struct lure *l, uint32_t id, struct slice b, uint64_t at)
{
	struct slice head = at < b.n ? slice_sub(b, (size_t)at, 1024) : SLICE_NONE;
	struct buf flat = {0};
	uint64_t table = be64(head, 16), blocks = be32(head, 28), block = be32(head, 32), most = lure_room(l), end = 0;
	if (!slice_starts(head, SL("cxsparse")) || table > b.n || block < SECTOR || block > 64u << 20 || blocks > 1u << 20) {
		lure_found(l, id, IND_IMAGE_UNREADABLE, UINT64_MAX, NULL, "its head contradicts itself");
		return;
	}
	uint64_t bitmap = (block / SECTOR / 8 + SECTOR - 1) / SECTOR * SECTOR;
	for (uint64_t i = 0; i < blocks && i * block < most && !lure_stop(l); i++) {
		uint64_t where = be32(b, (size_t)(table + 4 * i));
		end = (i + 1) * block;
		if (where != UINT32_MAX && where * SECTOR + bitmap < b.n)
			put(&flat, i * block, slice_sub(b, (size_t)(where * SECTOR + bitmap), (size_t)block), most);
	}
	hand_on(l, id, &flat, end);
}

void parse_vhd(struct lure *l, uint32_t id, struct slice b)
{
	struct slice foot = slice_from(b, b.n > SECTOR ? b.n - SECTOR : 0);
	lure_found(l, id, IND_DISK_IMAGE, UINT64_MAX, NULL, "%zu bytes", b.n);
	if (!slice_starts(foot, SL("conectix")))
		foot = slice_to(b, SECTOR); /* a copy stands in front of dynamic ones */
	uint32_t kind = be32(foot, 60);
	if (kind == 3) {
		dynamic_disk(l, id, b, be64(foot, 16));
	} else if (kind == 2) {
		struct buf flat = {0};
		put(&flat, 0, slice_to(b, b.n - MIN(b.n, (size_t)SECTOR)), lure_room(l));
		hand_on(l, id, &flat, b.n);
	} else {
		lure_found(l, id, IND_IMAGE_UNREADABLE, UINT64_MAX, NULL, "a disk of kind %u, which needs another file", kind);
	}
}

/* ---- VHDX ---------------------------------------------------------------------------------------------------------------------------- */

static const char bat_guid[] = "\x66\x77\xc2\x2d\x23\xf6\x00\x42\x9d\x64\x11\x5e\x9b\xfd\x4a\x08", meta_guid[] = "\x06\xa2\x7c\x8b\x90\x47\x9a\x4b\xb8\xfe\x57\x5f\x05\x0f\x88\x6e";
static const char params_guid[] = "\x37\x67\xa1\xca\x36\xfa\x43\x4d\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b", size_guid[] = "\x24\x42\xa5\x2f\x1b\xcd\x76\x48\xb2\x11\x5d\xbe\xd8\x3b\xf4\xb8";

static bool region(struct slice b, const char *guid, uint64_t *at)
{
	struct slice t = slice_sub(b, 192u << 10, 64 << 10);
	for (uint32_t i = 0; i < MIN(le32(t, 8), 64u); i++) {
		struct slice e = slice_sub(t, 16 + 32 * (size_t)i, 32);
		if (e.n == 32 && memcmp(e.p, guid, 16) == 0) {
			*at = le64(e, 16);
			return *at < b.n;
		}
	}
	return false;
}

static struct slice meta_item(struct slice m, const char *guid)
{
	for (uint32_t i = 0; i < MIN(le16(m, 10), 64u); i++) {
		struct slice e = slice_sub(m, 32 + 32 * (size_t)i, 32);
		if (e.n == 32 && memcmp(e.p, guid, 16) == 0)
			return slice_sub(m, le32(e, 16), le32(e, 20));
	}
	return SLICE_NONE;
}

void parse_vhdx(struct lure *l, uint32_t id, struct slice b)
{
	uint64_t bat, meta, most = lure_room(l);
	struct buf flat = {0};
	lure_found(l, id, IND_DISK_IMAGE, UINT64_MAX, NULL, "%zu bytes", b.n);
	if (!region(b, bat_guid, &bat) || !region(b, meta_guid, &meta)) {
		lure_found(l, id, IND_IMAGE_UNREADABLE, UINT64_MAX, NULL, "its table of regions contradicts itself");
		return;
	}
	struct slice m = slice_sub(b, (size_t)meta, 1 << 20), params = meta_item(m, params_guid);
	uint64_t block = le32(params, 0), size = le64(meta_item(m, size_guid), 0);
	if (block < 1u << 20 || block > 256u << 20 || (block & (block - 1))) {
		lure_found(l, id, IND_IMAGE_UNREADABLE, UINT64_MAX, NULL, "blocks of %llu bytes", (unsigned long long)block);
		return;
	}
	uint64_t ratio = ((uint64_t)1 << 23) * SECTOR / block; /* after so many blocks an entry for a bitmap stands between */
	for (uint64_t i = 0; i * block < size && i * block < most && !lure_stop(l); i++) {
		uint64_t e = le64(b, (size_t)(bat + 8 * (i + i / ratio))), at = e >> 20 << 20;
		if ((e & 7) == 6 && at < b.n)
			put(&flat, i * block, slice_sub(b, (size_t)at, (size_t)block), most);
	}
	hand_on(l, id, &flat, size);
}
