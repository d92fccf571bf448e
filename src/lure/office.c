/* office.c - what the parsers of office formats share. */
#include "lure/office_private.h"

#include <stdlib.h>
#include <zlib.h>

void office_start(struct office *o, struct lure *l, uint32_t id, struct slice bytes)
{
	/* Besides what is handed on, a document's own parts: as much as may be unpacked, and some for copies of what is small. */
	*o = (struct office){.l = l, .id = id, .room = lure_room(l) + MIN((uint64_t)bytes.n * 4, (uint64_t)OFFICE_PART_MAX) + (1 << 20)};
	const struct lure_limits *lim = lure_limits_of(l);
	o->left = MIN(lim->total, MAX((uint64_t)10 << 20, (uint64_t)bytes.n * lim->ratio)) + (1 << 20);
	arena_init(&o->a);
}

struct office_mark office_mark(struct office *o)
{
	struct office_mark m = {o->a, o->room};
	arena_init(&o->a);
	o->room = MIN(o->room, o->left);
	m.before = o->room;
	return m;
}

void office_release(struct office *o, struct office_mark m)
{
	uint64_t used = m.before - o->room;
	arena_free(&o->a);
	o->a = m.a;
	o->room = m.room;
	o->left -= MIN(o->left, used);
}

void office_end(struct office *o) { arena_free(&o->a); }

char *office_take(struct office *o, uint64_t n, const char *where)
{
	if (n > o->room || n > OFFICE_PART_MAX + (uint64_t)(1 << 20)) {
		lure_found(o->l, o->id, IND_LIMIT_SIZE, UINT64_MAX, where, "%llu bytes more than may be unpacked", (unsigned long long)n);
		return NULL;
	}
	o->room -= n;
	return arena_alloc(&o->a, (size_t)n + 1);
}

void office_broken(struct office *o, const char *where, const char *what)
{
	if (!o->broken)
		lure_found(o->l, o->id, IND_BROKEN, UINT64_MAX, where, "%s", what);
	o->broken = true;
}

void office_found(struct office *o, enum indicator i, const char *where, struct slice evidence)
{
	lure_found_slice(o->l, o->id, i, UINT64_MAX, slice_of(where), evidence);
}

struct slice office_join(struct office *o, struct slice a, const char *between, struct slice b)
{
	size_t n = strlen(between);
	if (a.n + n + b.n > o->room) /* texts of a hostile file's making: no more than parts may take */
		return a;
	o->room -= a.n + n + b.n;
	char *p = arena_alloc(&o->a, a.n + n + b.n + 1);
	if (a.n)
		memcpy(p, a.p, a.n);
	memcpy(p + a.n, between, n);
	if (b.n)
		memcpy(p + a.n + n, b.p, b.n);
	p[a.n + n + b.n] = 0;
	return slice_make(p, a.n + n + b.n);
}

const char *office_z(struct office *o, struct slice s) { return slice_dup(&o->a, slice_to(s, 256)).p; }

static size_t put_bmp(char *to, uint32_t c)
{
	size_t n = 0;
	if (c >= 0x10000) {
		to[n++] = (char)(0xf0 | c >> 18);
		to[n++] = (char)(0x80 | (c >> 12 & 63));
	} else if (c >= 0x800) {
		to[n++] = (char)(0xe0 | c >> 12);
	} else if (c >= 0x80) {
		to[n++] = (char)(0xc0 | c >> 6);
	} else {
		to[n++] = (char)c;
		return n;
	}
	if (c >= 0x800)
		to[n++] = (char)(0x80 | (c >> 6 & 63));
	to[n++] = (char)(0x80 | (c & 63));
	return n;
}

/* Not utf16_text(): parts of several megabytes come so, and die with the document. */
struct slice office_utf16(struct office *o, struct slice s)
{
	char *p = office_take(o, (uint64_t)s.n / 2 * 3 + 1, "text");
	size_t n = 0;
	for (size_t i = 0; p && i + 1 < s.n; i += 2) {
		uint32_t c = le16(s, i), low = le16(s, i + 2);
		if (c >= 0xd800 && c < 0xdc00 && (low & 0xfc00) == 0xdc00) {
			c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
			i += 2;
		} else if (c >= 0xd800 && c < 0xe000) {
			c = 0xfffd;
		}
		n += put_bmp(p + n, c);
	}
	return slice_make(p, n);
}

struct slice office_latin(struct office *o, struct slice s)
{
	if (slice_utf8(s))
		return s;
	char *p = office_take(o, (uint64_t)s.n * 2, "text");
	size_t n = 0;
	for (size_t i = 0; p && i < s.n; i++)
		n += put_bmp(p + n, (uint8_t)s.p[i]);
	return slice_make(p, n);
}

struct slice office_inflate(struct office *o, struct slice packed, uint64_t expected, int bits, const char *where)
{
	/* No byte of deflate makes more than 1,032 of text: what is declared beyond that is a lie, and no reason to allocate. */
	uint64_t size = MIN(MIN(expected, (uint64_t)packed.n * 1032 + 64), (uint64_t)OFFICE_PART_MAX);
	char *to = office_take(o, size, where);
	z_stream z = {.next_in = (Bytef *)(uintptr_t)packed.p, .avail_in = (uInt)packed.n, .next_out = (Bytef *)to, .avail_out = (uInt)size};
	if (!to || inflateInit2(&z, bits) != Z_OK)
		return SLICE_NONE;
	int r = inflate(&z, Z_FINISH);
	size_t n = (size_t)size - z.avail_out;
	inflateEnd(&z);
	if (r != Z_STREAM_END && n == OFFICE_PART_MAX)
		lure_found(o->l, o->id, IND_LIMIT_SIZE, UINT64_MAX, where, "a part of more than %d bytes", OFFICE_PART_MAX);
	else if (r != Z_STREAM_END && r != Z_BUF_ERROR)
		office_broken(o, where, "packed bytes that cannot be unpacked");
	else if (r != Z_STREAM_END && expected != UINT32_MAX)
		office_broken(o, where, "unpacks to another size than declared");
	return slice_make(to, n);
}

/* ---- words ---------------------------------------------------------------------------------------------------------------------- */
static bool word_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

bool office_has_word(struct slice text, const char *word)
{
	struct slice w = slice_of(word);
	for (size_t at = 0; at < text.n;) {
		ssize_t hit = slice_ifind(slice_from(text, at), w);
		if (hit < 0)
			return false;
		size_t from = at + (size_t)hit, to = from + w.n;
		if ((from == 0 || !word_byte(text.p[from - 1])) && (to >= text.n || !word_byte(text.p[to])))
			return true;
		at = from + 1;
	}
	return false;
}

/* ---- what runs -------------------------------------------------------------------------------------------------------------------- */
static const char *const running[] = {"exe", "scr", "com", "pif", "bat", "cmd", "ps1", "psm1", "vbs", "vbe", "js", "jse", "wsf", "wsh", "hta", "lnk", "msi", "msp", "cpl", "dll", "jar", "url", "scf", "reg", "chm",
	"application", "appref-ms", "xll", "sct", "inf", "jnlp", "settingcontent-ms", "library-ms", "search-ms", "iqy", "slk", "py", "msix", "appx", "iso", "img", "vhd", "vhdx", "wll", "ocx", "xbap", "gadget"};

bool office_runs_name(struct slice name)
{
	size_t dot = name.n;
	while (dot && name.p[dot - 1] != '.' && name.p[dot - 1] != '\\' && name.p[dot - 1] != '/')
		dot--;
	if (dot == 0 || name.p[dot - 1] != '.')
		return false;
	struct slice ext = slice_trim(slice_from(name, dot));
	for (size_t i = 0; i < ARRAY_LEN(running); i++)
		if (slice_ieq(ext, slice_of(running[i])))
			return true;
	return false;
}

bool office_runs_bytes(struct slice b)
{
	return (slice_starts(b, SL("MZ")) && b.n > 256) || slice_starts(b, slice_make("\x4c\0\0\0\x01\x14\x02\0", 8)) || slice_starts(b, SL("\x7f" "ELF")) || slice_istarts(b, SL("<script"))
	       || slice_istarts(b, SL("<hta:"));
}

bool office_command(struct slice t)
{
	static const char *const words[] = {"cmd", "powershell", "pwsh", "mshta", "rundll32", "regsvr32", "wscript", "cscript", "certutil", "bitsadmin", "msiexec", "wmic", "schtasks", "curl", "wget", "forfiles",
		"msbuild", "installutil", "regasm", "explorer", "calc", "notepad", "msexcel", "bash", "sh", "python", "conhost", "ftp", "hh", "odbcconf", "control", "pcalua"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (office_has_word(t, words[i]))
			return true;
	return slice_ihas(t, SL(".exe")) || slice_ihas(t, SL(".bat")) || slice_ihas(t, SL(".vbs")) || slice_ihas(t, SL(".hta")) || slice_ihas(t, SL(".ps1")) || slice_ihas(t, SL(".dll"));
}

void office_child(struct office *o, struct slice name, const char *fallback, struct slice bytes, const char *where)
{
	if (bytes.n == 0)
		return;
	if (name.n == 0)
		name = slice_of(fallback);
	bool runs = office_runs_name(name) || office_runs_bytes(bytes);
	office_found(o, runs ? IND_OFFICE_EMBEDDED_PROGRAM : IND_OFFICE_EMBEDDED, where, slice_basename(name));
	lure_child(o->l, o->id, &(struct lure_child){.how = LURE_EMBEDDED, .name = name, .bytes = bytes});
}
