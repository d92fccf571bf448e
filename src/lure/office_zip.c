/* office_zip.c - the zip that OOXML and ODF are: found by its central directory, as the applications do; members inflated one by one within the document's allowance. */
#include "lure/office_private.h"

#include <zlib.h>

enum { STORED = 0, DEFLATED = 8, CENTRAL = 46, LOCAL = 30, END = 22 };

static bool add_member(struct zip *z, struct slice e, bool local)
{
	/* The two headers hold the same in other places. */
	size_t fixed = local ? LOCAL : CENTRAL, base = local ? 6 : 8, lens = local ? 26 : 28;
	struct zip_member *m = &z->members[z->n];
	uint16_t flags = le16(e, base);
	*m = (struct zip_member){.method = le16(e, base + 2), .packed = le32(e, base + 12), .size = le32(e, base + 16), .encrypted = flags & 1,
				 .name = slice_sub(e, fixed, le16(e, lens))};
	if (!local)
		m->at = le32(e, 42);
	if (m->name.n == 0)
		return false;
	z->n++;
	return true;
}

/* No directory, or a broken one: what the local headers say, as repairing applications do. */
static void scan_local(struct zip *z)
{
	for (size_t at = 0; z->n < ZIP_MEMBERS_MAX && at + LOCAL < z->bytes.n;) {
		ssize_t next = slice_find(slice_from(z->bytes, at), slice_make("PK\3\4", 4));
		if (next < 0)
			return;
		at += (size_t)next;
		struct slice e = slice_from(z->bytes, at);
		if (!add_member(z, e, true)) {
			at += 4;
			continue;
		}
		struct zip_member *m = &z->members[z->n - 1];
		m->at = at;
		uint64_t data = at + LOCAL + le16(e, 26) + (uint64_t)le16(e, 28);
		if (le16(e, 6) & 8 && m->packed == 0) { /* sizes follow the data: up to the next header, inflating finds the end */
			ssize_t end = data < z->bytes.n ? slice_find(slice_from(z->bytes, data), slice_make("PK", 2)) : -1;
			while (end >= 0 && (uint64_t)end + data + 4 < z->bytes.n && !(z->bytes.p[data + (size_t)end + 2] <= 8)) {
				ssize_t more = slice_find(slice_from(z->bytes, data + (size_t)end + 2), slice_make("PK", 2));
				end = more < 0 ? -1 : end + 2 + more;
			}
			m->packed = end < 0 ? z->bytes.n - MIN(data, z->bytes.n) : (uint64_t)end;
			m->size = UINT32_MAX;
		}
		at = MIN((uint64_t)z->bytes.n, data + m->packed);
	}
}

static bool scan_central(struct zip *z)
{
	struct slice tail = slice_from(z->bytes, z->bytes.n > 65557 ? z->bytes.n - 65557 : 0);
	ssize_t end = slice_rfind(tail, slice_make("PK\5\6", 4));
	if (end < 0 || tail.n - (size_t)end < END)
		return false;
	size_t at = le32(tail, (size_t)end + 16), end_at = (size_t)(tail.p - z->bytes.p) + (size_t)end, size = le32(tail, (size_t)end + 12), shift = 0;
	if (at + size < end_at && le32(z->bytes, at) != 0x02014b50) { /* something was put before the zip: offsets count from its start */
		shift = end_at - at - size;
		at += shift;
	}
	while (z->n < ZIP_MEMBERS_MAX && at + CENTRAL <= z->bytes.n && le32(z->bytes, at) == 0x02014b50) {
		struct slice e = slice_from(z->bytes, at);
		if (add_member(z, e, false))
			z->members[z->n - 1].at += shift;
		at += CENTRAL + (size_t)le16(e, 28) + le16(e, 30) + le16(e, 32);
	}
	return z->n > 0;
}

bool zip_open(struct zip *z, struct office *o, struct slice bytes)
{
	*z = (struct zip){.o = o, .bytes = bytes};
	size_t most = MIN(bytes.n / LOCAL + 1, (size_t)ZIP_MEMBERS_MAX);
	z->members = arena_alloc(&o->a, (most + 1) * sizeof(*z->members));
	if (!scan_central(z)) {
		office_broken(o, "zip", "no directory at its end");
		z->n = 0;
		scan_local(z);
	}
	if (z->n == ZIP_MEMBERS_MAX)
		lure_found(o->l, o->id, IND_LIMIT_SIZE, UINT64_MAX, "zip", "more than %d parts", ZIP_MEMBERS_MAX);
	return z->n > 0;
}

struct slice zip_read(struct zip *z, const struct zip_member *m)
{
	struct slice local = slice_from(z->bytes, m->at);
	const char *where = office_z(z->o, m->name);
	if (m->encrypted || le32(local, 0) != 0x04034b50) {
		if (!m->encrypted)
			office_broken(z->o, where, "no member where the directory says there is one");
		return SLICE_NONE;
	}
	struct slice packed = slice_sub(local, LOCAL + (size_t)le16(local, 26) + le16(local, 28), m->packed);
	if (packed.n < m->packed)
		office_broken(z->o, where, "the member ends early");
	if (m->method == STORED)
		return packed;
	if (m->method == DEFLATED)
		return office_inflate(z->o, packed, m->size, -15, where);
	office_broken(z->o, where, "packed in a way that office applications do not read");
	return SLICE_NONE;
}

size_t zip_peek(const struct zip *z, const struct zip_member *m, char *to, size_t n)
{
	struct slice local = slice_from(z->bytes, m->at);
	struct slice packed = slice_sub(local, LOCAL + (size_t)le16(local, 26) + le16(local, 28), m->packed);
	if (m->encrypted || le32(local, 0) != 0x04034b50)
		return 0;
	if (m->method == STORED) {
		memcpy(to, packed.n ? packed.p : "", MIN(n, packed.n));
		return MIN(n, packed.n);
	}
	z_stream s = {.next_in = (Bytef *)(uintptr_t)packed.p, .avail_in = (uInt)packed.n, .next_out = (Bytef *)to, .avail_out = (uInt)n};
	if (m->method != DEFLATED || inflateInit2(&s, -15) != Z_OK)
		return 0;
	inflate(&s, Z_SYNC_FLUSH);
	inflateEnd(&s);
	return n - s.avail_out;
}

const struct zip_member *zip_find(const struct zip *z, struct slice name)
{
	if (slice_starts(name, SL("/")))
		name = slice_from(name, 1);
	for (size_t i = 0; i < z->n; i++)
		if (slice_ieq(z->members[i].name, name))
			return &z->members[i];
	return NULL;
}
