/* pe.c - programs for Windows (Microsoft's PE format), Linux and macOS: what they say they are, and who vouches for it. */
#include "lure/pe.h"
#include "lure/words.h"

/* ---- headers ---------------------------------------------------------------------------------------------------------------------------- */

/* Value of a key of the version information: both are UTF-16, the value begins at a multiple of four behind the key. */
static struct slice version_text(struct lure *l, struct slice s, const char *key)
{
	char wide[64];
	size_t n = strlen(key);
	for (size_t i = 0; i < n && 2 * i + 1 < sizeof wide; i++) {
		wide[2 * i] = key[i];
		wide[2 * i + 1] = 0;
	}
	ssize_t at = slice_find(s, slice_make(wide, 2 * n));
	if (at < 0)
		return SLICE_NONE;
	size_t from = (size_t)at + 2 * n + 2; /* behind the key's zero */
	while (from + 1 < s.n && le16(s, from) == 0 && from < (size_t)at + 2 * n + 8)
		from += 2;
	return utf16_text(l, slice_sub(s, from, 512), true);
}

/* The part of the file that is the resources. */
static struct slice resources(const struct pe *p, uint32_t address, uint32_t size)
{
	struct slice b = p->bytes;
	size_t sections = p->header + 24 + le16(b, p->header + 20);
	for (size_t i = 0; i < MIN((size_t)le16(b, p->header + 6), (size_t)96); i++) {
		size_t s = sections + 40 * i;
		uint32_t at = le32(b, s + 12), raw = le32(b, s + 16), file = le32(b, s + 20);
		if (address >= at && address - at < raw)
			return slice_sub(b, (size_t)file + (address - at), MIN((size_t)size, (size_t)raw - (address - at)));
	}
	return SLICE_NONE;
}

bool pe_read(struct lure *l, struct slice b, struct pe *p)
{
	*p = (struct pe){.bytes = b, .header = le32(b, 60)};
	size_t optional = p->header + 24;
	uint16_t magic = le16(b, optional);
	size_t directories = optional + (magic == 0x20b ? 112 : 96);
	if (!slice_starts(slice_from(b, p->header), SL("PE\0\0")) || (magic != 0x10b && magic != 0x20b) || directories + 40 > b.n)
		return false;
	p->dll = le16(b, p->header + 22) & 0x2000;
	p->checksum = optional + 64;
	p->security = directories + 32;
	p->table = le32(b, p->security);
	p->table_size = le32(b, p->security + 4);
	if (p->table < p->security + 8 || p->table > b.n || p->table_size > b.n - p->table)
		p->table = p->table_size = 0;
	struct slice r = resources(p, le32(b, directories + 16), le32(b, directories + 20));
	ssize_t version = slice_find(r, slice_make("V\0S\0_\0V\0E\0R\0S\0I\0O\0N\0_\0I\0N\0F\0O\0", 30));
	if (version >= 0) {
		struct slice v = slice_sub(r, (size_t)version, 8192);
		p->company = version_text(l, v, "CompanyName");
		p->product = version_text(l, v, "ProductName");
		p->original = version_text(l, v, "OriginalFilename");
		p->description = version_text(l, v, "FileDescription");
	}
	return true;
}

/* ---- judging ------------------------------------------------------------------------------------------------------------------------------- */

void parse_pe(struct lure *l, uint32_t id, struct slice bytes)
{
	const struct lure_object *v;
	struct pe p;
	struct pe_signer signer;
	struct lure_claim c;
	lure_objects(l, &v);
	struct slice name = slice_basename(v[id].name);
	lure_found_slice(l, id, IND_PROGRAM, UINT64_MAX, SLICE_NONE, name);
	if (!pe_read(l, bytes, &p)) {
		lure_found(l, id, IND_BROKEN, UINT64_MAX, NULL, "its headers contradict themselves");
		return;
	}
	enum signature s = pe_signature(l, &p, &signer);
	lure_fact(l, id, "kind", p.dll ? SL("library") : SL("program"));
	lure_fact(l, id, "company", p.company);
	lure_fact(l, id, "product", p.product);
	lure_fact(l, id, "original name", p.original);
	lure_fact(l, id, "signer", signer.subject);
	lure_fact(l, id, "issuer", signer.issuer);
	lure_fact(l, id, "signature", s == SIGNATURE_GOOD ? signer.timestamped ? SL("fits, with a time stamp") : SL("fits") : s == SIGNATURE_NONE ? SL("none") : SL("does not fit"));
	if (s == SIGNATURE_NONE)
		lure_found_slice(l, id, IND_PROGRAM_UNSIGNED, UINT64_MAX, SLICE_NONE, name);
	else if (s == SIGNATURE_BROKEN)
		lure_found(l, id, IND_SIGNATURE_BROKEN, p.table, NULL, "signed by %.*s, for another content", SLFMT(signer.subject));
	else if (s == SIGNATURE_UNREADABLE)
		lure_found(l, id, IND_BROKEN, p.table, NULL, "its signature cannot be read");
	else if (signer.self_signed)
		lure_found_slice(l, id, IND_PROGRAM_SELF_SIGNED, UINT64_MAX, SLICE_NONE, signer.subject);
	const struct slice texts[] = {p.product, p.description, p.original, name};
	if (lure_product_claimed(lure_knows(l)->products, texts, ARRAY_LEN(texts), s == SIGNATURE_GOOD && !signer.self_signed ? signer.subject : SLICE_NONE, &c)) {
		lure_fact(l, id, "claims", c.product);
		if (!c.maker)
			lure_found(l, id, IND_PRODUCT_NOT_ITS_MAKER, UINT64_MAX, "version information", "\"%.*s\", %s%.*s", SLFMT(slice_to(c.text, 80)), s == SIGNATURE_NONE ? "not signed" : "signed by ",
				   SLFMT(s == SIGNATURE_NONE ? SLICE_NONE : signer.subject));
	}
}

void parse_elf(struct lure *l, uint32_t id, struct slice bytes)
{
	(void)bytes;
	lure_found(l, id, IND_PROGRAM, UINT64_MAX, NULL, "for Linux or macOS");
}

/* Tables of an MSI lie in streams whose texts stand in clear: what a custom action would run is among them. */
void parse_msi(struct lure *l, uint32_t id, struct slice bytes)
{
	static const char *const words[] = {"powershell", "wscript.shell", "mshta", "cmd.exe /c", "cmd /c", "regsvr32", "rundll32", "curl.exe", "certutil", "bitsadmin"};
	static const char signature[] = "\5\0D\0i\0g\0i\0t\0a\0l\0S\0i\0g\0n\0a\0t\0u\0r\0e\0";
	const char *w = WORD_IN(bytes, words);
	bool is_signed = slice_has(bytes, slice_make(signature, sizeof signature - 1));
	lure_found(l, id, IND_INSTALLER, UINT64_MAX, NULL, "%s", is_signed ? "carries a signature" : "not signed");
	if (!is_signed)
		lure_found(l, id, IND_PROGRAM_UNSIGNED, UINT64_MAX, NULL, "no signature");
	if (w)
		lure_found(l, id, IND_INSTALLER_RUNS, (uint64_t)slice_ifind(bytes, slice_of(w)), NULL, "%s", w);
}

void parse_chm(struct lure *l, uint32_t id, struct slice bytes)
{
	(void)bytes;
	lure_found(l, id, IND_SCRIPT_FILE, UINT64_MAX, NULL, "a compiled help file runs script");
}
