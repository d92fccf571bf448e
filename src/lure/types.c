/* types.c - what an object is, from its content. */
#include "lure/lure_private.h"

#include <stdlib.h>

static const char *const type_names[LT_COUNT] = {
#define X(id, name) name,
	LURE_TYPES(X)
#undef X
};

const char *lure_type_name(enum lure_type t) { return t < LT_COUNT ? type_names[t] : "unknown"; }

/* ---- first bytes --------------------------------------------------------------------------------------------------------------- */

static const struct magic {
	uint32_t at;
	struct slice bytes;
	enum lure_type type;
} magics[] = {
	{0, {"%PDF-", 5}, LT_PDF},
	{0, {"{\\rt", 4}, LT_RTF},
	{0, {"ID;P", 4}, LT_SHEET}, /* SYLK */
	{0, {"ActiveMime", 10}, LT_ACTIVEMIME},
	{0, {"7z\xbc\xaf\x27\x1c", 6}, LT_SEVENZIP},
	{0, {"Rar!\x1a\x07", 6}, LT_RAR},
	{0, {"MSCF", 4}, LT_CAB},
	{0, {"\x1f\x8b", 2}, LT_PACKED},
	{0, {"BZh", 3}, LT_PACKED},
	{0, {"\xfd" "7zXZ", 6}, LT_PACKED},
	{0, {"\x28\xb5\x2f\xfd", 4}, LT_PACKED},
	{0, {"!<arch>\n", 8}, LT_AR},
	{257, {"ustar", 5}, LT_TAR},
	{32769, {"CD001", 5}, LT_ISO},
	{32769, {"BEA01", 5}, LT_UDF},
	{32769, {"NSR0", 4}, LT_UDF},
	{0, {"vhdxfile", 8}, LT_VHDX},
	{0, {"conectix", 8}, LT_VHD},
	{0, {"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", 20}, LT_LNK},
	{0, {"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", 16}, LT_ONENOTE},
	{0, {"\x7f" "ELF", 4}, LT_ELF},
	{0, {"\xcf\xfa\xed\xfe", 4}, LT_MACHO},
	{0, {"\xce\xfa\xed\xfe", 4}, LT_MACHO},
	{0, {"\xca\xfe\xba\xbe", 4}, LT_MACHO},
	{0, {"ITSF", 4}, LT_CHM},
	{0, {"\x78\x9f\x3e\x22", 4}, LT_TNEF},
	{0, {"\x89PNG\r\n\x1a\n", 8}, LT_BINARY_PICTURE},
	{0, {"\xff\xd8\xff", 3}, LT_BINARY_PICTURE},
	{0, {"GIF8", 4}, LT_BINARY_PICTURE},
	{0, {"II*\0", 4}, LT_BINARY_PICTURE},
	{0, {"MM\0*", 4}, LT_BINARY_PICTURE},
	{8, {"WEBP", 4}, LT_BINARY_PICTURE},
};

static bool starts_at(struct slice s, size_t at, struct slice with) { return slice_starts(slice_from(s, at), with); }

static bool is_pe(struct slice s)
{
	if (!starts_at(s, 0, SL("MZ")) || s.n < 64)
		return false;
	return starts_at(s, le32(s, 60), SL("PE\0\0"));
}

/* ---- compound files -------------------------------------------------------------------------------------------------------------- */

static enum lure_type ole_kind(struct slice s)
{
	static const char msi[] = "\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", patch[] = "\x86\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
	static const char message[] = "_\0_\0p\0r\0o\0p\0e\0r\0t\0i\0e\0s\0_\0v\0e\0r\0s\0i\0o\0n\0";
	unsigned shift = le16(s, 30);
	uint64_t root = shift >= 7 && shift <= 16 ? ((uint64_t)le32(s, 48) + 1) << shift : 0;
	struct slice class = root && root < s.n ? slice_sub(s, (size_t)root + 80, 16) : SLICE_NONE;
	if (class.n == 16 && (memcmp(class.p, msi, 16) == 0 || memcmp(class.p, patch, 16) == 0))
		return LT_MSI;
	return slice_has(s, slice_make(message, sizeof message - 1)) ? LT_MSG : LT_OLE;
}

/* ---- ZIP: what its names say -------------------------------------------------------------------------------------------------------- */

struct zip_names { bool content_types, manifest, word_like, odf; };

static void zip_name(struct zip_names *z, struct slice name)
{
	z->content_types |= slice_ieq(name, SL("[Content_Types].xml"));
	z->manifest |= slice_ieq(name, SL("META-INF/MANIFEST.MF"));
	z->odf |= slice_eq(name, SL("META-INF/manifest.xml"));
	z->word_like |= slice_istarts(name, SL("word/")) || slice_istarts(name, SL("xl/")) || slice_istarts(name, SL("ppt/")) || slice_istarts(name, SL("visio/"));
}

static enum lure_type zip_kind(struct slice s)
{
	struct zip_names z = {0};
	struct slice tail = slice_from(s, s.n > 65557 ? s.n - 65557 : 0);
	ssize_t end = slice_rfind(tail, SL("PK\5\6"));
	size_t at = end < 0 ? s.n : le32(tail, (size_t)end + 16);
	if (end < 0 || !starts_at(s, at, SL("PK\1\2"))) { /* no directory where it should be: the local headers as far as they hang together */
		for (at = 0; starts_at(s, at, SL("PK\3\4")); at += 30u + le16(s, at + 26) + le16(s, at + 28) + le32(s, at + 18))
			zip_name(&z, slice_sub(s, at + 30, le16(s, at + 26)));
	} else {
		for (unsigned n = 0; n < 5000 && starts_at(s, at, SL("PK\1\2")); n++, at += 46u + le16(s, at + 28) + le16(s, at + 30) + le16(s, at + 32))
			zip_name(&z, slice_sub(s, at + 46, le16(s, at + 28)));
	}
	bool odf = z.odf && starts_at(s, 30, SL("mimetypeapplication/vnd.oasis."));
	return odf ? LT_ODF : z.content_types || z.word_like ? LT_OOXML : z.manifest ? LT_JAR : LT_ZIP;
}

/* ---- text ------------------------------------------------------------------------------------------------------------------------------- */

static bool is_text(struct slice s)
{
	struct slice head = slice_to(s, 4096);
	size_t odd = 0;
	for (size_t i = 0; i < head.n; i++) {
		uint8_t c = (uint8_t)head.p[i];
		if (c == 0)
			return false;
		odd += c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b;
	}
	return odd * 50 <= head.n;
}

/* Files that tools run by their name: first of all. */
static const struct { const char *extension; enum lure_type type; } code_names[] = {
	{"package.json", LT_CODE_PACKAGE}, {"setup.py", LT_CODE_PACKAGE}, {"tasks.json", LT_CODE_PACKAGE}, {".npmrc", LT_CODE_PACKAGE}, {"pip.conf", LT_CODE_PACKAGE}, {"conftest.py", LT_CODE_PACKAGE},
	{"pyproject.toml", LT_CODE_PACKAGE}, {"/makefile", LT_CODE_PACKAGE}, {"post-checkout", LT_CODE_PACKAGE}, {"post-merge", LT_CODE_PACKAGE}, {"pre-commit", LT_CODE_PACKAGE}, {"binding.gyp", LT_CODE_PACKAGE},
};

static const struct { const char *extension; enum lure_type type; } by_name[] = {
	{".js", LT_SCRIPT}, {".jse", LT_SCRIPT}, {".vbs", LT_SCRIPT}, {".vbe", LT_SCRIPT}, {".wsf", LT_SCRIPT}, {".wsh", LT_SCRIPT}, {".hta", LT_SCRIPT}, {".ps1", LT_SCRIPT},
	{".psm1", LT_SCRIPT}, {".bat", LT_SCRIPT}, {".cmd", LT_SCRIPT}, {".sh", LT_SCRIPT}, {".py", LT_SCRIPT}, {".pyw", LT_SCRIPT}, {".rb", LT_SCRIPT}, {".pl", LT_SCRIPT}, {".lua", LT_SCRIPT},
	{".mjs", LT_SCRIPT}, {".cjs", LT_SCRIPT}, {".ts", LT_SCRIPT}, {".iqy", LT_SCRIPT}, {".slk", LT_SHEET}, {".csv", LT_SHEET}, {".sct", LT_SCRIPT}, {".reg", LT_SCRIPT}, {".inf", LT_SCRIPT}, {".scf", LT_SCRIPT},
	{".library-ms", LT_SCRIPT}, {".search-ms", LT_SCRIPT}, {".searchconnector-ms", LT_SCRIPT}, {".settingcontent-ms", LT_SCRIPT}, {".appref-ms", LT_SCRIPT}, {".application", LT_SCRIPT}, {".jnlp", LT_SCRIPT},
	{".url", LT_URLFILE}, {".rdp", LT_RDP}, {".ics", LT_ICS}, {".html", LT_HTML}, {".htm", LT_HTML}, {".xhtml", LT_HTML}, {".shtml", LT_HTML}, {".svg", LT_SVG}, {".xml", LT_XML}, {".eml", LT_EML},
};

static bool is_message(struct slice head)
{
	static const char *const wanted[] = {"received:", "from:", "to:", "subject:", "date:", "message-id:", "return-path:", "mime-version:", "delivered-to:", "content-type:", "x-", "dkim-signature:",
		"authentication-results:", "reply-to:"};
	unsigned seen = 0, lines = 0;
	struct slice line;
	while (lines++ < 400 && slice_cut(&head, '\n', &line)) {
		line = slice_trim(line);
		if (!line.n)
			break;
		for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
			seen += slice_istarts(line, slice_of(wanted[i]));
		if (lines == 1 && slice_chr(line, ':') <= 0)
			return false;
	}
	return seen >= 3;
}

static enum lure_type xml_kind(struct slice head)
{
	if (slice_has(head, SL("http://schemas.microsoft.com/office/2006/xmlPackage")) || slice_has(head, SL("http://schemas.microsoft.com/office/word/2003/wordml"))
	    || slice_has(head, SL("progid=\"Word.Document\"")) || slice_has(head, SL("progid=\"Excel.Sheet\"")) || slice_has(head, SL("progid=\"PowerPoint.Show\"")))
		return LT_FLAT_XML;
	if (slice_ihas(head, SL("<svg")))
		return LT_SVG;
	if (slice_ihas(head, SL("<html")) || slice_ihas(head, SL("<!doctype html")))
		return LT_HTML;
	return slice_has(head, SL("PayloadContent")) ? LT_MOBILECONFIG : LT_XML;
}

static enum lure_type text_kind(struct slice s, struct slice name)
{
	struct slice head = slice_to(s, 8192);
	if (slice_starts(head, SL("\xef\xbb\xbf")))
		head = slice_from(head, 3);
	while (head.n && (head.p[0] == ' ' || head.p[0] == '\n' || head.p[0] == '\r' || head.p[0] == '\t'))
		head = slice_from(head, 1);
	for (size_t i = 0; i < ARRAY_LEN(code_names); i++)
		if (slice_iends(name, slice_of(code_names[i].extension)))
			return code_names[i].type;
	if (slice_starts(head, SL("{\\rt")))
		return LT_RTF;
	if (slice_istarts(head, SL("BEGIN:VCALENDAR")))
		return LT_ICS;
	if (slice_istarts(head, SL("BEGIN:VCARD")))
		return LT_VCARD;
	if (slice_ihas(slice_to(head, 256), SL("[InternetShortcut]")))
		return LT_URLFILE;
	if (slice_ihas(head, SL("full address:s:")))
		return LT_RDP;
	if (slice_istarts(head, SL("MIME-Version:")) && slice_ihas(slice_to(head, 1024), SL("multipart/related")) && !slice_ihas(slice_to(head, 1024), SL("\nReceived:")) && !slice_ihas(head, SL("\nMessage-ID:")))
		return LT_MHTML;
	if (slice_starts(head, SL("<?xml")) || slice_starts(head, SL("<Workbook")))
		return xml_kind(head);
	if (slice_starts(head, SL("#!")))
		return LT_SCRIPT;
	if (slice_starts(head, SL("From ")) && slice_chr(head, '\n') > 0 && is_message(slice_from(head, (size_t)slice_chr(head, '\n') + 1)))
		return LT_MBOX;
	if (is_message(head))
		return LT_EML;
	for (size_t i = 0; i < ARRAY_LEN(by_name); i++)
		if (slice_iends(name, slice_of(by_name[i].extension)))
			return by_name[i].type;
	if (slice_istarts(head, SL("<!doctype html")) || slice_istarts(head, SL("<html")) || slice_istarts(head, SL("<script")) || slice_istarts(head, SL("<body")) || slice_istarts(head, SL("<head")))
		return LT_HTML;
	if (slice_istarts(head, SL("<svg")))
		return LT_SVG;
	return LT_TEXT;
}

enum lure_type lure_type_of(struct slice s, struct slice name)
{
	if (!s.n)
		return LT_EMPTY;
	if (starts_at(s, 0, SL("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")))
		return ole_kind(s);
	if (starts_at(s, 0, SL("PK\3\4")) || starts_at(s, 0, SL("PK\5\6")))
		return zip_kind(s);
	if (is_pe(s))
		return LT_PE;
	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (starts_at(s, magics[i].at, magics[i].bytes))
			return magics[i].type;
	if (s.n >= 512 && starts_at(s, s.n - 512, SL("conectix")))
		return LT_VHD;
	if (s.n >= 512 && starts_at(s, 510, SL("\x55\xaa")) && (starts_at(s, 54, SL("FAT")) || starts_at(s, 82, SL("FAT32")) || starts_at(s, 3, SL("NTFS")) || starts_at(s, 3, SL("EXFAT")) || slice_iends(name, SL(".img"))))
		return LT_DISK;
	if (starts_at(s, 0, SL("\xff\xfe")) || starts_at(s, 0, SL("\xfe\xff"))) { /* UTF-16: scripts and RDP files come so */
		for (size_t i = 0; i < ARRAY_LEN(by_name); i++)
			if (slice_iends(name, slice_of(by_name[i].extension)))
				return by_name[i].type;
		return LT_TEXT;
	}
	if (is_text(s))
		return text_kind(s, name);
	/* PDF readers look for their header within the first 1,024 bytes */
	return slice_has(slice_to(s, 1024), SL("%PDF-")) ? LT_PDF : LT_UNKNOWN;
}

/* ---- parsers -------------------------------------------------------------------------------------------------------------------------------- */

static lure_parser *const parsers[LT_COUNT] = {
#define PARSER(type, fn) [LT_##type] = fn,
#include "lure/parsers.def"
#undef PARSER
};

lure_parser *lure_parser_of(enum lure_type t) { return t < LT_COUNT ? parsers[t] : NULL; }
