/* office_vba.c - VBA projects (MS-OVBA): compressed containers, the dir stream, modules with source and p-code. */
#include "lure/office_private.h"

enum { CHUNK = 4096, DIR_VERSION = 0x0009, DIR_NAME = 0x0019, DIR_STREAM = 0x001a, DIR_OFFSET = 0x0031, DIR_STREAM_UNICODE = 0x0032, DIR_END = 0x002b };

/* ---- 2.4.1: compression ------------------------------------------------------------------------------------------------------ */
/* One copy token: the less was unpacked, the fewer bits its distance has. */
static bool copy_token(char *out, size_t chunk, size_t *n, size_t most, uint16_t token)
{
	size_t done = *n - chunk;
	unsigned bits = 4;
	while (((size_t)1 << bits) < done)
		bits++;
	size_t len = (token & (0xffffu >> bits)) + 3u, back = ((size_t)token >> (16 - bits)) + 1;
	if (back > done)
		return false;
	for (; len && *n < most; len--, (*n)++)
		out[*n] = out[*n - back];
	return true;
}

/* One chunk behind its header; out has room for CHUNK more. */
static bool unpack_chunk(struct slice in, char *out, size_t *n)
{
	size_t start = *n, most = start + CHUNK;
	for (size_t i = 0; i < in.n && *n < most;) {
		uint8_t flags = (uint8_t)in.p[i++];
		for (unsigned k = 0; k < 8 && i < in.n && *n < most; k++) {
			if (!(flags >> k & 1)) {
				out[(*n)++] = in.p[i++];
				continue;
			}
			if (i + 2 > in.n || *n == start || !copy_token(out, start, n, most, le16(in, i)))
				return false;
			i += 2;
		}
	}
	return true;
}

struct slice vba_unpack(struct office *o, struct slice packed, bool *ok)
{
	struct slice r = SLICE_NONE;
	*ok = packed.n > 3 && packed.p[0] == 1;
	if (!*ok)
		return r;
	/* A chunk of 3 bytes may become 4,096: allocate for the chunks that are there, not for what they could be. */
	size_t chunks = 0, at = 1;
	for (; at + 2 < packed.n && (le16(packed, at) & 0x7000) == 0x3000 && chunks < VBA_SOURCE_MAX / CHUNK; chunks++)
		at += (le16(packed, at) & 0xfffu) + 3u;
	char *out = office_take(o, chunks * CHUNK, "VBA");
	size_t n = 0;
	if (!out || !chunks) {
		*ok = false;
		return r;
	}
	for (at = 1; chunks && at + 2 < packed.n; chunks--) {
		uint16_t header = le16(packed, at);
		struct slice in = slice_sub(packed, at + 2, (header & 0xfffu) + 1u);
		if (header & 0x8000) {
			if (!unpack_chunk(in, out, &n))
				*ok = false;
		} else {
			memcpy(out + n, in.p, MIN(in.n, (size_t)CHUNK));
			n += MIN(in.n, (size_t)CHUNK);
		}
		at += (header & 0xfffu) + 3u;
	}
	return slice_make(out, n);
}

/* ---- the dir stream --------------------------------------------------------------------------------------------------------------- */
struct modules { struct vba_module *v; size_t n; struct slice *streams; uint32_t *offsets; };

static void add_module(struct modules *m, struct slice stream)
{
	if (m->n == VBA_MODULES_MAX)
		return;
	m->streams[m->n] = stream;
	m->offsets[m->n] = 0;
	m->v[m->n++] = (struct vba_module){.name = stream};
}

/* Records are id, size, bytes; only the project's version says a size that is 2 short. */
static void read_dir(struct office *o, struct slice dir, struct modules *m)
{
	for (size_t at = 0; at + 6 <= dir.n;) {
		uint16_t id = le16(dir, at);
		uint32_t size = le32(dir, at + 2);
		struct slice v = slice_sub(dir, at + 6, size);
		if (id == DIR_VERSION)
			size = 6;
		if (id == DIR_STREAM)
			add_module(m, office_latin(o, v));
		else if (id == DIR_STREAM_UNICODE && m->n && v.n)
			m->streams[m->n - 1] = m->v[m->n - 1].name = office_utf16(o, v);
		else if (id == DIR_OFFSET && m->n)
			m->offsets[m->n - 1] = le32(v, 0);
		if (size > dir.n)
			break;
		at += 6 + (size_t)size;
	}
}

/* The compressed source begins with "Attribut": its first token is eight literals. For modules that the dir stream does not know. */
static ssize_t find_source(struct slice s)
{
	static const char first[] = "\0Attribut";
	for (size_t at = 0; at < s.n;) {
		ssize_t hit = slice_find(slice_from(s, at), slice_make(first, 9));
		if (hit < 0)
			return -1;
		at += (size_t)hit;
		if (at >= 3 && s.p[at - 3] == 1 && ((uint8_t)s.p[at - 1] & 0x70) == 0x30)
			return (ssize_t)at - 3;
		at++;
	}
	return -1;
}

static void read_module(struct cfb *c, struct vba_module *m, uint32_t entry, uint32_t offset, bool known, uint64_t *left)
{
	struct slice s = cfb_read(c, entry);
	bool ok = false;
	ssize_t found;
	if (known && offset < s.n && s.p[offset] == 1) {
		m->source = vba_unpack(c->o, slice_from(s, offset), &ok);
		m->code = slice_to(s, offset);
	}
	if (m->source.n == 0 && (found = find_source(s)) >= 0) {
		m->source = vba_unpack(c->o, slice_from(s, (size_t)found), &ok);
		m->code = slice_to(s, (size_t)found);
	}
	m->has_source = m->source.n > 0;
	if (!m->has_source)
		m->code = s;
	else if (!ok)
		office_broken(c->o, cfb_path(c, entry), "compressed source ends early");
	m->source = slice_to(m->source, (size_t)MIN(*left, (uint64_t)m->source.n));
	*left -= m->source.n;
	if (*left == 0)
		lure_found(c->o->l, c->o->id, IND_LIMIT_SIZE, UINT64_MAX, "VBA", "more than %d bytes of source", VBA_SOURCE_MAX);
}

static bool not_module(struct slice name)
{
	return slice_ieq(name, SL("dir")) || slice_ieq(name, SL("_VBA_PROJECT")) || slice_istarts(name, SL("__SRP_")) || slice_ieq(name, SL("PROJECT")) || slice_ieq(name, SL("PROJECTwm"));
}

static bool read_project(struct cfb *c, uint32_t storage)
{
	struct office *o = c->o;
	bool ok;
	struct slice packed = cfb_stream(c, storage, "dir"), project = cfb_stream(c, storage, "_VBA_PROJECT");
	struct slice dir = vba_unpack(o, packed, &ok);
	struct modules m = {.v = arena_alloc(&o->a, VBA_MODULES_MAX * sizeof(*m.v)), .streams = arena_alloc(&o->a, VBA_MODULES_MAX * sizeof(*m.streams)),
			    .offsets = arena_alloc(&o->a, VBA_MODULES_MAX * sizeof(*m.offsets))};
	uint64_t left = VBA_SOURCE_MAX;
	read_dir(o, dir, &m);
	size_t known = m.n;
	if (!ok)
		office_broken(o, "VBA/dir", "the list of modules cannot be read");
	for (uint32_t i = 0; i < c->n && !lure_stop(o->l); i++) {
		if (!c->entries[i].reached || c->entries[i].parent != storage || c->entries[i].type != CFB_STREAM || not_module(c->entries[i].name))
			continue;
		size_t k = 0;
		while (k < known && !slice_ieq(m.streams[k], c->entries[i].name))
			k++;
		if (k == known) { /* not in the list: hidden from the editor, or a list that could not be read */
			size_t before = m.n;
			add_module(&m, c->entries[i].name);
			if (m.n == before)
				continue;
			k = before;
		}
		read_module(c, &m.v[k], i, m.offsets[k], k < known, &left);
	}
	vba_judge(o, m.v, m.n, project);
	return true;
}

bool vba_projects(struct cfb *c)
{
	bool any = false;
	for (uint32_t i = 0; i < c->n; i++) {
		if (!c->entries[i].reached || (c->entries[i].type != CFB_STORAGE && c->entries[i].type != CFB_ROOT))
			continue;
		if (cfb_child(c, i, "dir") != UINT32_MAX && (cfb_child(c, i, "_VBA_PROJECT") != UINT32_MAX || slice_ieq(c->entries[i].name, SL("VBA"))))
			any = read_project(c, i) || any;
		else if (slice_ieq(c->entries[i].name, SL("VBA")) && cfb_child(c, i, "_VBA_PROJECT") != UINT32_MAX)
			any = read_project(c, i) || any;
	}
	return any;
}
