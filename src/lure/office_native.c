/* office_native.c - objects in documents: Ole10Native, OLE 1.0 as RTF and databases hold it, links, classes, ActiveMime. */
#include "lure/office_private.h"

/* ---- Ole10Native ------------------------------------------------------------------------------------------------------------- */
/* A NUL-terminated text at *at; false when it does not end. */
static bool text_at(struct slice s, size_t *at, size_t most, struct slice *out)
{
	struct slice r = slice_sub(s, *at, most);
	ssize_t end = slice_chr(r, '\0');
	if (end < 0)
		return false;
	*out = slice_to(r, (size_t)end);
	*at += (size_t)end + 1;
	return true;
}

/* Labels in UTF-16 follow the bytes: what the label says in characters beyond the code page. */
static struct slice unicode_name(struct office *o, struct slice s, size_t at)
{
	struct slice name = SLICE_NONE;
	for (int i = 0; i < 3; i++) { /* command, label, definition file */
		uint64_t n = (uint64_t)le32(s, at) * 2;
		if (n > 2048 || at + 4 + n > s.n)
			break;
		if (i == 1 && n)
			name = office_utf16(o, slice_sub(s, at + 4, (size_t)n));
		at += 4 + (size_t)n;
	}
	return name;
}

static struct slice last_part(struct slice path)
{
	size_t n = path.n;
	while (n && path.p[n - 1] != '\\' && path.p[n - 1] != '/')
		n--;
	return slice_from(path, n);
}

bool native_parse(struct office *o, struct slice s, const char *where)
{
	struct slice label, file, command;
	uint32_t total = le32(s, 0);
	size_t at = 4;
	if (s.n < 8)
		return false;
	if (le16(s, at) != 2) { /* no package: the bytes of a class follow, of OLE 1.0's own kind */
		office_child(o, SLICE_NONE, "Ole10Native.bin", slice_sub(s, 4, total), where);
		return true;
	}
	at += 2;
	if (!text_at(s, &at, 1024, &label) || !text_at(s, &at, 1024, &file))
		return false;
	uint32_t kind = le16(s, at + 2);
	at += 4;
	if (kind == 1) { /* linked: a path, and nothing that could be extracted */
		struct slice target = file.n ? file : label;
		if (text_at(s, &at, 1024, &command) && command.n > target.n)
			target = command;
		target = office_latin(o, target);
		office_found(o, office_runs_name(target) || office_command(target) ? IND_OFFICE_LINK_PROGRAM : IND_OFFICE_LINK_FILE, where, target);
		link_judge(o, LINK_OBJECT, target, where);
		return true;
	}
	uint32_t len = le32(s, at);
	at += 4;
	if (!text_at(s, &at, MIN((size_t)len + 1, 1024u), &command))
		command = SLICE_NONE;
	uint32_t size = le32(s, at);
	struct slice bytes = slice_sub(s, at + 4, size);
	if (bytes.n < size)
		office_broken(o, where, "the embedded file ends early");
	struct slice wide = unicode_name(o, s, at + 4 + bytes.n), name = last_part(office_latin(o, label.n ? label : file));
	if (wide.n)
		name = last_part(wide);
	if (!office_runs_name(name) && office_runs_name(file)) /* the label is what is shown, the file what is opened */
		name = last_part(office_latin(o, file));
	lure_fact(o->l, o->id, "embedded-from", office_latin(o, command.n ? command : file));
	office_child(o, name, "package", bytes, where);
	return true;
}

/* ---- classes -------------------------------------------------------------------------------------------------------------------- */
static const struct { const char *id; const char *says; bool attack; } classes[] = {
	{"0002CE02-0000-0000-C000-000000000046", "Equation 3.0, whose editor runs what it is given", true},
	{"00021700-0000-0000-C000-000000000046", "Equation 2.0, whose editor runs what it is given", true},
	{"00000300-0000-0000-C000-000000000046", "StdOleLink, loads what it points to", true},
	{"25336920-03F9-11CF-8FD0-00AA00686F13", "htmlfile: a web page with scripts", true},
	{"EAB22AC3-30C1-11CF-A7EB-0000C05BAE0B", "Shell.Explorer: a web browser in the document", true},
	{"8856F961-340A-11D0-A96B-00C04FD705A2", "WebBrowser: a web browser in the document", true},
	{"D27CDB6E-AE6D-11CF-96B8-444553540000", "Shockwave Flash", true},
	{"0E59F1D5-1FBE-11D0-8FF2-00A0D10038BC", "MSScriptControl", true},
	{"06290BD3-48AA-11D2-8432-006008C3FBFC", "a scriptlet", true},
	{"ECABB0C7-7F19-11D2-978E-0000F8757E2A", "a composite moniker (scriptlet)", true},
	{"05741520-C4EB-440A-AC3F-9643BBC9F847", "Otkloadr, used to load old libraries", true},
	{"A08A033D-1A75-4AB6-A166-EAD02F547959", "Otkloadr, used to load old libraries", true},
	{"F4754C9B-64F5-4B40-8AF4-679732AC0607", "a Word document loaded as an object of its own kind", false},
};

/* ---- equations ----------------------------------------------------------------------------------------------------------------------- */
/* A header of 28 bytes, then MTEF: five bytes, then records. The name of a font is what the editor copied without looking at its length. Formulas that people wrote are in
 * many an old paper, and their fonts have short names. */
void equation_judge(struct office *o, struct slice s, const char *where)
{
	enum { HEADER = 28, MTEF = 5, NEAR = 64, FONT = 8, NAME_LONG = 36 };
	struct slice r = slice_from(s, HEADER + MTEF);
	for (size_t i = 0; i + 4 < r.n && i < NEAR; i++) {
		size_t n = 0;
		if ((r.p[i] & 15) == FONT)
			while (n < NAME_LONG && i + 3 + n < r.n && r.p[i + 3 + n])
				n++;
		if (n == NAME_LONG) {
			lure_found(o->l, o->id, IND_OFFICE_EQUATION, HEADER + MTEF + i, where, "the name of a font is longer than there is room for");
			return;
		}
	}
	office_found(o, IND_OFFICE_OLD_EQUATION, where, SL("a formula of Equation 3.0"));
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool class_of(struct slice t, uint8_t id[16])
{
	static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	size_t n = 0;
	for (size_t i = 0; i + 1 < t.n && n < 16; i++) {
		if (t.p[i] == '-' || t.p[i] == '{' || t.p[i] == ' ')
			continue;
		int a = hex_value(t.p[i]), b = hex_value(t.p[i + 1]);
		if (a < 0 || b < 0)
			return false;
		id[order[n++]] = (uint8_t)(a << 4 | b);
		i++;
	}
	return n == 16;
}

void class_judge(struct office *o, const uint8_t clsid[16], const char *where)
{
	uint8_t id[16];
	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		if (classes[i].attack && class_of(slice_of(classes[i].id), id) && memcmp(id, clsid, 16) == 0) {
			bool equation = i < 2;
			lure_found(o->l, o->id, equation ? IND_OFFICE_OLD_EQUATION : IND_OFFICE_CLASS, UINT64_MAX, where, "%s", classes[i].says);
			return;
		}
}

/* ---- links --------------------------------------------------------------------------------------------------------------------- */
/* Monikers are many; what they lead to stands in them as text. A web address or a server's path in UTF-16 is what is looked for. */
static void moniker_texts(struct office *o, struct slice s, const char *where)
{
	static const struct slice starts[] = {{"h\0t\0t\0p\0", 8}, {"\\\0\\\0", 4}, {"f\0t\0p\0:\0", 8}, {"m\0h\0t\0m\0l\0:\0", 12}, {"f\0i\0l\0e\0:\0", 10}};
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		ssize_t at = slice_find(s, starts[i]);
		if (at < 0)
			continue;
		size_t n = 0;
		struct slice r = slice_from(s, (size_t)at);
		while (n + 1 < r.n && n < 4096 && le16(r, n) >= 32)
			n += 2;
		struct slice text = office_utf16(o, slice_to(r, n));
		if (text.n >= 6) {
			link_judge(o, LINK_OBJECT, text, where);
			return;
		}
	}
	for (size_t at = 0; at + 8 < s.n; at++) { /* file monikers hold theirs in one byte a character */
		struct slice r = slice_from(s, at);
		if (!slice_istarts(r, SL("http://")) && !slice_istarts(r, SL("https://")) && !(r.p[0] == '\\' && r.p[1] == '\\'))
			continue;
		size_t n = 0;
		while (n < r.n && n < 2048 && (uint8_t)r.p[n] >= 32 && (uint8_t)r.p[n] < 127)
			n++;
		if (n >= 8) {
			link_judge(o, LINK_OBJECT, slice_to(r, n), where);
			return;
		}
	}
}

void olelink_parse(struct office *o, struct slice s, const char *where)
{
	if (s.n < 20 || !(le32(s, 4) & 1)) /* flags: 1 linked, 0 embedded */
		return;
	moniker_texts(o, slice_from(s, 16), where);
}

/* ---- OLE 1.0 ---------------------------------------------------------------------------------------------------------------------- */
static struct slice counted(struct slice s, size_t *at)
{
	uint32_t n = le32(s, *at);
	struct slice t = slice_sub(s, *at + 4, n);
	*at += 4 + (size_t)MIN((uint64_t)n, (uint64_t)s.n);
	while (t.n && t.p[t.n - 1] == 0)
		t.n--;
	return t;
}

static const struct { const char *name; enum indicator i; } ole1_classes[] = {
	{"Equation", IND_OFFICE_OLD_EQUATION}, {"OLE2Link", IND_OFFICE_OLE2LINK}, {"htmlfile", IND_OFFICE_CLASS}, {"Shell.Explorer", IND_OFFICE_CLASS}, {"otkloadr", IND_OFFICE_CLASS}, {"ScriptBridge", IND_OFFICE_CLASS},
	{"MSScriptControl", IND_OFFICE_CLASS}, {"ShockwaveFlash", IND_OFFICE_CLASS},
};

void ole1_parse(struct office *o, struct slice s, const char *where)
{
	uint32_t format = le32(s, 4);
	size_t at = 8;
	if (s.n < 16 || (format != 1 && format != 2)) { /* no header that readers would take */
		if (s.n >= 8 && slice_find(slice_to(s, 4096), slice_make("\xd0\xcf\x11\xe0", 4)) >= 0)
			office_child(o, SLICE_NONE, "object.bin", slice_from(s, (size_t)slice_find(s, slice_make("\xd0\xcf\x11\xe0", 4))), where);
		return;
	}
	struct slice class = counted(s, &at), topic = counted(s, &at), item = counted(s, &at);
	for (size_t i = 0; i < ARRAY_LEN(ole1_classes); i++)
		if (slice_istarts(class, slice_of(ole1_classes[i].name)))
			office_found(o, ole1_classes[i].i, where, class);
	if (format == 1) {
		if (topic.n && office_command(class))
			link_dde(o, office_join(o, class, " ", topic), where);
		else
			link_judge(o, LINK_OBJECT, topic, where);
		return;
	}
	(void)item;
	uint32_t size = le32(s, at);
	struct slice bytes = slice_sub(s, at + 4, size);
	if (bytes.n < size)
		office_broken(o, where, "the embedded object ends early");
	if (slice_istarts(class, SL("Equation")) && !slice_starts(bytes, slice_make("\xd0\xcf\x11\xe0", 4))) {
		equation_judge(o, bytes, where);
		return;
	}
	if (slice_ieq(class, SL("Package"))) {
		struct slice whole = slice_sub(s, at, (size_t)size + 4);
		if (native_parse(o, whole, where))
			return;
	}
	office_child(o, office_latin(o, class), "object.bin", bytes, where);
}

bool mso_parse(struct office *o, struct slice s, const char *where)
{
	if (!slice_starts(s, SL("ActiveMime")))
		return false;
	size_t at = 0x32; /* where writers put it; the header says it, too, with a size of its own */
	if (!(at + 2 < s.n && s.p[at] == 'x')) {
		ssize_t z = slice_find(s, slice_make("x\x9c", 2));
		at = z < 0 ? s.n : (size_t)z;
	}
	struct slice bytes = office_inflate(o, slice_from(s, at), UINT32_MAX, 15, where);
	if (bytes.n)
		lure_child(o->l, o->id, &(struct lure_child){.how = LURE_EMBEDDED, .name = SL("editdata.mso"), .bytes = bytes});
	return true;
}
