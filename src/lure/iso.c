/* iso.c - images of optical disks: ISO 9660 (ECMA-119) with Joliet names. Our own reader, since the mark "hidden" is what matters in them. */
#include "lure/lure_private.h"

enum { SECTOR = 2048, FOLDERS_MAX = 2000, RECORDS_MAX = 20000, DEPTH_MAX = 16 };

/* The same file by its other file system: name, mark and content alike. Bytes are there as long as the image is taken apart. */
static bool is_there(const struct lure *l, uint32_t id, struct slice path, struct slice content, bool hidden)
{
	const struct lure_object *v;
	size_t n = lure_objects(l, &v);
	for (size_t i = id + 1; i < n; i++)
		if (v[i].parent == id && v[i].hidden == hidden && slice_eq(v[i].name, path) && slice_eq(v[i].bytes, content))
			return true;
	return false;
}

void image_file(struct lure *l, uint32_t id, struct slice path, struct slice content, uint64_t size, bool hidden)
{
	if (content.n < size)
		lure_found(l, id, IND_BROKEN, UINT64_MAX, NULL, "%.*s ends behind the image's end", SLFMT(slice_to(path, 200)));
	if (content.n > lure_room(l)) {
		content = slice_to(content, (size_t)lure_room(l));
		lure_found(l, id, IND_LIMIT_SIZE, UINT64_MAX, NULL, "%.*s: only %zu of %llu bytes were looked at", SLFMT(slice_to(path, 200)), content.n, (unsigned long long)size);
	}
	if (!is_there(l, id, path, content, hidden))
		lure_child(l, id, &(struct lure_child){.how = LURE_MEMBER, .name = path, .bytes = content, .hidden = hidden, .size = size});
}

struct disc {
	struct lure *l;
	uint32_t id;
	struct slice bytes;
	bool joliet;
	uint32_t records, folders, files;
};

static struct slice name_of(struct disc *d, struct slice raw)
{
	struct buf b = {0};
	if (!d->joliet) {
		ssize_t version = slice_chr(raw, ';');
		return slice_dup(lure_arena(d->l), version < 0 ? raw : slice_to(raw, (size_t)version));
	}
	for (size_t i = 0; i + 1 < raw.n; i += 2) { /* big-endian there */
		buf_addc(&b, raw.p[i + 1]);
		buf_addc(&b, raw.p[i]);
	}
	struct slice name = utf16_text(d->l, buf_slice(&b), true);
	buf_free(&b);
	ssize_t version = slice_chr(name, ';');
	return version < 0 ? name : slice_to(name, (size_t)version);
}

static void walk(struct disc *d, uint32_t sector, uint32_t size, struct slice path, unsigned depth);

static void record(struct disc *d, struct slice r, struct slice path, unsigned depth)
{
	uint8_t flags = (uint8_t)r.p[25], n = (uint8_t)r.p[32];
	uint32_t sector = le32(r, 2), size = le32(r, 10);
	struct slice raw = slice_sub(r, 33, n);
	if (n == 1 && ((uint8_t)raw.p[0] == 0 || (uint8_t)raw.p[0] == 1))
		return; /* itself, and the folder above */
	struct slice name = name_of(d, raw);
	struct buf full = {0};
	buf_adds(&full, path);
	if (path.n)
		buf_addc(&full, '/');
	buf_adds(&full, name);
	struct slice kept = slice_dup(lure_arena(d->l), slice_to(buf_slice(&full), 1024));
	buf_free(&full);
	if (flags & 2) {
		walk(d, sector, size, kept, depth + 1);
		return;
	}
	d->files++;
	struct slice content = slice_sub(d->bytes, (size_t)sector * SECTOR, size);
	image_file(d->l, d->id, kept, content, size, flags & 1);
}

static void walk(struct disc *d, uint32_t sector, uint32_t size, struct slice path, unsigned depth)
{
	struct slice folder = slice_sub(d->bytes, (size_t)sector * SECTOR, MIN(size, 1u << 20));
	if (depth > DEPTH_MAX || ++d->folders > FOLDERS_MAX) {
		lure_found(d->l, d->id, IND_LIMIT_SIZE, UINT64_MAX, NULL, "too many folders in the image");
		return;
	}
	for (size_t at = 0; at < folder.n && !lure_stop(d->l);) {
		uint8_t n = (uint8_t)folder.p[at];
		if (!n) { /* records do not cross sectors */
			at = (at / SECTOR + 1) * SECTOR;
			continue;
		}
		if (n < 34 || at + n > folder.n || (uint8_t)folder.p[at + 32] + 33u > n)
			break;
		if (++d->records > RECORDS_MAX) {
			lure_found(d->l, d->id, IND_LIMIT_SIZE, UINT64_MAX, NULL, "more than %d names in the image", RECORDS_MAX);
			break;
		}
		record(d, slice_sub(folder, at, n), path, depth);
		at += n;
	}
}

void parse_iso(struct lure *l, uint32_t id, struct slice bytes)
{
	struct disc d = {.l = l, .id = id, .bytes = bytes};
	uint32_t root = 0, size = 0;
	lure_found(l, id, IND_DISK_IMAGE, UINT64_MAX, NULL, "%zu bytes", bytes.n);
	for (size_t at = 16; at < 64; at++) {
		struct slice v = slice_sub(bytes, at * SECTOR, SECTOR);
		if (v.n < SECTOR || !slice_eq(slice_sub(v, 1, 5), SL("CD001")) || (uint8_t)v.p[0] == 255)
			break;
		bool joliet = v.p[0] == 2 && v.p[88] == '%' && v.p[89] == '/';
		if (v.p[0] != 1 && !joliet)
			continue;
		if (joliet || !root) {
			root = le32(v, 158);
			size = le32(v, 166);
			d.joliet = joliet;
		}
	}
	/* A disc may carry both, and they need not agree: Windows shows the UDF half, so that a harmless ISO half could hide it. */
	bool udf = udf_walk(l, id, bytes);
	if (root)
		walk(&d, root, size, SLICE_NONE, 0);
	if (!d.files && !udf)
		lure_found(l, id, IND_IMAGE_UNREADABLE, UINT64_MAX, NULL, "no file could be found in it");
}
