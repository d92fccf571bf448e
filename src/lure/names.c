/* names.c - what a name pretends: for every object, whatever it is. */
#include "lure/lure_private.h"

/* Opening one of these runs something. */
static const char *const running[] = {"exe", "scr", "com", "pif", "bat", "cmd", "ps1", "psm1", "vbs", "vbe", "js", "jse", "wsf", "wsh", "hta", "lnk", "msi", "msp", "msix", "appx", "cpl", "dll", "jar", "iso",
	"img", "vhd", "vhdx", "url", "scf", "reg", "chm", "application", "appref-ms", "xll", "sct", "inf", "jnlp", "desktop", "app", "dmg", "pkg", "deb", "rpm", "run", "sh", "rdp", "library-ms", "search-ms", "one"};
static const char *const reading[] = {"pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "jpg", "jpeg", "png", "gif", "csv", "rtf", "odt", "ods", "hwp", "hwpx", "mp4", "mp3", "xml", "zip"};

static bool among(struct slice e, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_ieq(e, slice_of(list[i])))
			return true;
	return false;
}

static struct slice extension(struct slice name, struct slice *stem)
{
	ssize_t dot = -1;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '.')
			dot = (ssize_t)i;
	*stem = dot < 0 ? name : slice_to(name, (size_t)dot);
	return dot < 0 ? SLICE_NONE : slice_trim(slice_from(name, (size_t)dot + 1));
}

/* Blanks of any kind in a row before the last dot. */
static size_t padding(struct slice stem)
{
	static const struct slice blanks[] = {{" ", 1}, {"\t", 1}, {"\xc2\xa0", 2}, {"\xe3\x80\x80", 3}, {"\xe2\xa0\x80", 3}, {"\xe2\x80\x83", 3}, {"\xe3\x85\xa4", 3}, {"_", 1}};
	size_t n = 0;
	for (bool found = true; found;) {
		found = false;
		for (size_t i = 0; i < ARRAY_LEN(blanks) && !found; i++)
			if (stem.n && slice_ends(stem, blanks[i])) {
				stem = slice_to(stem, stem.n - blanks[i].n);
				found = true;
			}
		n += found;
	}
	return n;
}

static bool reversed(struct slice name)
{
	static const struct slice marks[] = {{"\xe2\x80\xae", 3}, {"\xe2\x80\xad", 3}, {"\xe2\x81\xa7", 3}, {"\xe2\x81\xa8", 3}, {"\xe2\x80\xab", 3}};
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (slice_has(name, marks[i]))
			return true;
	return false;
}

/* What may stand behind an extension. */
static const struct { const char *extension; enum lure_type types[7]; } expected[] = {
	{"pdf", {LT_PDF}}, {"jpg", {LT_BINARY_PICTURE}}, {"jpeg", {LT_BINARY_PICTURE}}, {"png", {LT_BINARY_PICTURE}}, {"gif", {LT_BINARY_PICTURE}},
	{"docx", {LT_OOXML, LT_OLE}}, {"xlsx", {LT_OOXML, LT_OLE}}, {"pptx", {LT_OOXML, LT_OLE}},
	{"doc", {LT_OLE, LT_RTF, LT_OOXML, LT_FLAT_XML, LT_MHTML}}, {"xls", {LT_OLE, LT_OOXML, LT_FLAT_XML, LT_XML, LT_MHTML, LT_SHEET}}, {"ppt", {LT_OLE, LT_OOXML, LT_FLAT_XML}},
	{"rtf", {LT_RTF, LT_OLE, LT_OOXML}}, {"odt", {LT_ODF}}, {"txt", {LT_TEXT, LT_EML, LT_MBOX, LT_CODE_PACKAGE, LT_ICS}}, {"csv", {LT_TEXT, LT_SHEET}},
};

static void judge_type(struct lure *l, uint32_t id, struct slice ext, enum lure_type type)
{
	if (type == LT_UNKNOWN || type == LT_EMPTY)
		return;
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		if (!slice_ieq(ext, slice_of(expected[i].extension)))
			continue;
		for (size_t k = 0; k < ARRAY_LEN(expected[i].types) && expected[i].types[k]; k++)
			if (expected[i].types[k] == type)
				return;
		if (type == LT_TEXT)
			return; /* a broken or empty one harms nobody */
		lure_found(l, id, IND_NAME_NOT_TYPE, UINT64_MAX, NULL, ".%s, but the content is %s", expected[i].extension, lure_type_name(type));
		return;
	}
}

void judge_name(struct lure *l, uint32_t id)
{
	const struct lure_object *v;
	lure_objects(l, &v);
	struct slice name = slice_basename(v[id].name), stem, inner;
	enum lure_type type = v[id].type;
	if (!name.n || v[id].how == LURE_DECODED)
		return;
	struct slice ext = extension(name, &stem);
	bool runs = among(ext, running, ARRAY_LEN(running));
	if (reversed(name))
		lure_found_slice(l, id, IND_NAME_REVERSED, UINT64_MAX, SLICE_NONE, name);
	if (!ext.n)
		return;
	size_t blanks = padding(stem);
	if (blanks >= 5 && (runs || blanks >= 20))
		lure_found_slice(l, id, IND_NAME_PADDED, UINT64_MAX, SLICE_NONE, name);
	struct slice before = extension(slice_to(stem, stem.n - MIN(stem.n, blanks)), &inner);
	if (runs && before.n && among(before, reading, ARRAY_LEN(reading)))
		lure_found_slice(l, id, IND_NAME_DOUBLE_EXTENSION, UINT64_MAX, SLICE_NONE, name);
	judge_type(l, id, ext, type);
}
