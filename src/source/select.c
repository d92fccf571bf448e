/* select.c - what is a log, by name and by the first bytes.
 *
 * The rule for text is: when in doubt, read it. A log must not disappear because someone could write a byte into it, so
 * known binary formats count only together with a NUL, and a file whose name says "log" may hold some.
 */
#include "source/source_priv.h"

#include <stdlib.h>

/* ---- packed or not -------------------------------------------------------------------------------------------- */
static const struct {
	struct slice bytes;
	enum magic magic;
} packed_magic[] = {
	{SL("\x1f\x8b\x08"), MAGIC_GZIP},
	{SL("\x1f\x9d"), MAGIC_FILTER},                 /* compress */
	{SL("\x28\xb5\x2f\xfd"), MAGIC_FILTER},         /* zstd */
	{SL("\xfd\x37\x7a\x58\x5a\x00"), MAGIC_FILTER}, /* xz */
	{SL("\x04\x22\x4d\x18"), MAGIC_FILTER},         /* lz4 */
	{SL("\x02\x21\x4c\x18"), MAGIC_FILTER},         /* lz4, legacy frame */
	{SL("\x5d\x00\x00"), MAGIC_FILTER},             /* lzma */
	{SL("PK\x03\x04"), MAGIC_ZIP},
	{SL("PK\x05\x06"), MAGIC_ZIP},                  /* an empty one */
};

/* "BZh", a level, and the first block's (or the end's) signature: three letters alone could begin a line of text. */
static bool is_bzip2(struct slice s)
{
	return s.n >= 10 && slice_starts(s, SL("BZh")) && s.p[3] >= '1' && s.p[3] <= '9' &&
	       (memcmp(s.p + 4, "1AY&SY", 6) == 0 || memcmp(s.p + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0);
}

/* The checksum over the first header; old tars have no other mark. */
static bool is_tar(const char *p, size_t n)
{
	const unsigned char *b = (const unsigned char *)p;
	uint64_t stored = 0, sum = 0;
	size_t i = 148;

	if (n < 512 || b[0] == 0)
		return false;
	while (i < 156 && b[i] == ' ')
		i++;
	if (i == 156 || b[i] < '0' || b[i] > '7')
		return false;
	for (; i < 156 && b[i] >= '0' && b[i] <= '7'; i++)
		stored = stored * 8 + (b[i] - '0');
	for (i = 0; i < 512; i++)
		sum += i >= 148 && i < 156 ? ' ' : b[i];
	return sum == stored;
}

enum magic magic_of(const char *head, size_t n)
{
	struct slice s = {head, n};

	for (size_t i = 0; i < ARRAY_LEN(packed_magic); i++)
		if (slice_starts(s, packed_magic[i].bytes))
			return packed_magic[i].magic;
	if (is_bzip2(s))
		return MAGIC_FILTER;
	return is_tar(head, n) ? MAGIC_TAR : MAGIC_NONE;
}

/* ---- content --------------------------------------------------------------------------------------------------- */
#define UTF16_ADVICE "UTF-16 text: convert it with `iconv -f UTF-16 -t UTF-8` and scan the result"
static const struct {
	struct slice bytes;
	const char *what;
	bool foreign; /* useless as text even when named */
} binary_magic[] = {
	{SL("LPKSHHRH"), "a systemd journal: export it with `journalctl -o json --file FILE > journal.json` and scan that",
	 true},
	{SL("ElfFile\0"),
	 "a Windows event log (EVTX): export it with `evtx_dump -o jsonl FILE > events.jsonl` (or PowerShell's "
	 "Get-WinEvent and ConvertTo-Json) and scan that",
	 true},
	{SL("\xff\xfe"), UTF16_ADVICE, true},
	{SL("\xfe\xff"), UTF16_ADVICE, true},
	{SL("7z\xbc\xaf\x27\x1c"), "a 7-Zip archive: unpack it and scan the result", true},
	{SL("Rar!\x1a\x07"), "a RAR archive: unpack it and scan the result", true},
	{SL("\xd4\xc3\xb2\xa1"), "a network capture", false},
	{SL("\x0a\x0d\x0d\x0a"), "a network capture", false},
	{SL("\x7f" "ELF"), "a program", false},
	{SL("MZ"), "a Windows program", false},
	{SL("SQLite format 3"), "an SQLite database", false},
	{SL("\x89PNG"), "an image", false},
	{SL("\xff\xd8\xff"), "an image", false},
	{SL("GIF8"), "an image", false},
	{SL("%PDF-"), "a PDF document", false},
	{SL("!<arch>\n"), "a Debian package or library", false},
	{SL("\xed\xab\xee\xdb"), "an RPM package", false},
	{SL("\xfe\x62\x69\x6e"), "a MySQL binary log", false},
};

static const struct slice log_words[] = {
	SL("log"),   SL("messages"), SL("secure"), SL("auth"),  SL("cron"),   SL("kern"),  SL("daemon"),
	SL("debug"), SL("audit"),    SL("access"), SL("error"), SL("event"),  SL("trace"), SL("sudo"),
	SL("mail."), SL("user."),    SL("boot"),   SL("dmesg"), SL(".jsonl"), SL(".out"),  SL(".err"),
};
/* Named like logs, but sparse tables of numbers. */
static const struct slice table_names[] = {SL("lastlog"), SL("faillog"), SL("tallylog")};

static bool name_logish(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(log_words); i++)
		if (slice_ihas(name, log_words[i]))
			return true;
	return false;
}

static uint32_t le32(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* struct utmp as glibc writes it on 64-bit Linux: type 0, line 8-39, tv_sec 340, tv_usec 344. The names in it come from
 * outside (btmp) and are not looked at. */
static bool is_record(const char *p)
{
	if (le32(p) > 9 || le32(p + 344) >= 1000000 || le32(p + 340) > INT32_MAX)
		return false;
	for (size_t i = 8; i < 40 && p[i]; i++)
		if ((unsigned char)p[i] < 0x20 || (unsigned char)p[i] > 0x7e)
			return false;
	return true;
}

static bool is_records(const char *head, size_t n)
{
	bool any = false;

	if (n < SOURCE_RECORD)
		return false;
	for (size_t at = 0; n - at >= SOURCE_RECORD; at += SOURCE_RECORD) {
		if (!is_record(head + at))
			return false;
		any = any || (le32(head + at) != 0 && le32(head + at + 340) != 0);
	}
	return any;
}

/* Bytes that no text has. ESC and BS are in coloured output. */
static bool is_control(unsigned char c)
{
	return (c < 0x20 && !(c >= '\b' && c <= '\r') && c != 0x1b) || c == 0x7f;
}

static bool is_binary(struct slice name, const char *head, size_t n)
{
	size_t control = 0, nul = 0;

	for (size_t i = 0; i < n; i++) {
		control += is_control((unsigned char)head[i]);
		nul += head[i] == 0;
	}
	if (!name_logish(name))
		return nul > 0 || control > n * 3 / 10;
	/* A log that was emptied under a writer begins with a hole: all NUL, then lines. */
	return control > n * 3 / 10 && nul < n;
}

enum content content_of(struct slice name, const char *head, size_t n, const char **what)
{
	struct slice s = {head, n};

	*what = "binary data";
	for (size_t i = 0; i < ARRAY_LEN(table_names); i++)
		if (slice_starts(name, table_names[i]) && memchr(head, 0, n))
			return CONTENT_BINARY;
	if (is_records(head, n))
		return CONTENT_RECORDS;
	for (size_t i = 0; i < ARRAY_LEN(binary_magic); i++) {
		if (!slice_starts(s, binary_magic[i].bytes) || !memchr(head, 0, MIN(n, (size_t)64)))
			continue;
		*what = binary_magic[i].what;
		return binary_magic[i].foreign ? CONTENT_FOREIGN : CONTENT_BINARY;
	}
	return is_binary(name, head, n) ? CONTENT_BINARY : CONTENT_TEXT;
}

/* ---- names ----------------------------------------------------------------------------------------------------- */
/* Sorted for bsearch; .csv, .json, .txt and .xml are not here: logs are kept under these names. */
static const char *const text_suffixes[] = {
	"asc",  "awk",  "c",      "cfg",  "cnf",    "conf",   "crt",  "css",    "desktop", "diff", "eml", "gitignore",
	"go",   "h",    "htm",    "html", "in",     "ini",    "java", "js",     "key",     "lock", "lua", "map",
	"md",   "md5",  "md5sum", "mo",   "patch",  "pem",    "php",  "pid",    "pl",      "pm",   "po",  "properties",
	"pub",  "py",   "rb",     "rs",   "rst",    "service", "sh",  "sha256", "sha256sum", "sig", "socket", "sql",
	"svg",  "swp",  "target", "tex",  "timer",  "tmpl",   "toml", "ts",     "tsv",     "yaml", "yml",
};
static const char *const zip_suffixes[] = {
	"apk",  "docm", "docx", "ear",  "epub", "jar",  "nupkg", "odp", "ods",
	"odt",  "pptm", "pptx", "vsix", "war",  "whl",  "xlsm",  "xlsx", "xpi",
};
static const struct slice text_names[] = {
	SL("README"), SL("LICENSE"), SL("COPYING"), SL("Makefile"), SL("CHANGELOG"), SL("NEWS"), SL("CONTRIBUTING"),
};
static const struct slice skipped_folders[] = {SL(".git"), SL(".svn"), SL(".hg"), SL("__pycache__")};

static int suffix_cmp(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

static bool has_suffix(struct slice name, const char *const *table, size_t n)
{
	char low[16];
	size_t k = 0;

	while (k < name.n && name.p[name.n - 1 - k] != '.')
		k++;
	if (k == name.n || k == 0 || k >= sizeof(low))
		return false;
	for (size_t i = 0; i < k; i++) {
		char c = name.p[name.n - k + i];
		low[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
	low[k] = '\0';
	return bsearch(low, table, n, sizeof(*table), suffix_cmp) != NULL;
}

bool name_not_log(struct slice name)
{
	struct rotation r;

	rotation_parse(name, &r);
	struct slice base = r.ext.n ? r.ext : r.stem;
	if (has_suffix(base, text_suffixes, ARRAY_LEN(text_suffixes)))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(text_names); i++) {
		struct slice rest = slice_from(name, text_names[i].n);
		if (slice_starts(name, text_names[i]) && (rest.n == 0 || rest.p[0] == '.'))
			return true;
	}
	return false;
}

bool name_not_archive(struct slice name)
{
	return has_suffix(name, zip_suffixes, ARRAY_LEN(zip_suffixes));
}

bool folder_skipped(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(skipped_folders); i++)
		if (slice_eq(name, skipped_folders[i]))
			return true;
	return false;
}
