/* siblings.c - what members of one container mean beside each other. */
#include "lure/lure_private.h"

static bool is_image(enum lure_type t) { return t == LT_ISO || t == LT_UDF || t == LT_VHD || t == LT_VHDX || t == LT_DISK; }
static bool is_archive(enum lure_type t) { return t == LT_ZIP || t == LT_SEVENZIP || t == LT_RAR || t == LT_TAR || t == LT_CAB || t == LT_AR || t == LT_PACKED; }

/* Runs when it is opened, told by content or, where nobody could look, by name. */
static bool runs(const struct lure_object *o)
{
	static const char *const endings[] = {".exe", ".scr", ".com", ".bat", ".cmd", ".ps1", ".vbs", ".vbe", ".js", ".jse", ".wsf", ".hta", ".msi", ".cpl", ".pif", ".dll", ".xll"};
	if (o->type == LT_PE || o->type == LT_MSI || o->type == LT_ELF || o->type == LT_MACHO || o->type == LT_CHM)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (slice_iends(o->name, slice_of(endings[i])))
			return true;
	return false;
}

static bool is_shortcut(const struct lure_object *o) { return o->type == LT_LNK || slice_iends(o->name, SL(".lnk")); }

/* Libraries that programs look for in their own folder before Windows' own. */
static bool is_hijackable(struct slice name)
{
	static const char *const names[] = {"version.dll", "wtsapi32.dll", "dbghelp.dll", "winmm.dll", "uxtheme.dll", "cryptbase.dll", "propsys.dll", "dwmapi.dll", "userenv.dll", "profapi.dll", "secur32.dll", "iphlpapi.dll",
		"netapi32.dll", "msimg32.dll", "winhttp.dll", "wininet.dll", "dxgi.dll", "d3d9.dll", "d3d11.dll", "mscoree.dll", "mscorsvc.dll", "cryptsp.dll", "sspicli.dll", "urlmon.dll", "oleacc.dll", "wlbsctrl.dll", "textshaping.dll",
		"libcurl.dll", "libvlc.dll", "libmupdf.dll", "libpcre.dll", "zlib1.dll", "vncutil.dll", "colorui.dll", "xpsservices.dll", "duser.dll", "credui.dll", "apphelp.dll", "wevtapi.dll"};
	struct slice base = slice_basename(name);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_ieq(base, slice_of(names[i])))
			return true;
	return false;
}

static struct slice folder_of(struct slice name) { return slice_to(name, name.n - slice_basename(name).n); }
static bool is_viewer(struct lure *l, const struct lure_object *o)
{
	static const char *const words[] = {"viewer", "reader", "pdf", "vnc", "player", "anzeige"};
	struct slice texts[] = {slice_basename(o->name), lure_fact_of(l, o->id, "product"), lure_fact_of(l, o->id, "claims")};
	for (size_t i = 0; i < ARRAY_LEN(texts) * ARRAY_LEN(words); i++)
		if (slice_ihas(texts[i / ARRAY_LEN(words)], slice_of(words[i % ARRAY_LEN(words)])))
			return true;
	return false;
}

static bool is_document(const struct lure_object *o)
{
	static const char *const endings[] = {".pdf", ".doc", ".docx", ".xls", ".xlsx", ".hwp", ".rtf", ".dat", ".bin", ".vnc"};
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (slice_iends(o->name, slice_of(endings[i])))
			return true;
	return o->type == LT_PDF || o->type == LT_OLE || o->type == LT_OOXML || o->type == LT_RTF;
}

/* A program beside what it would load, or beside what it is said to be needed for. */
static void judge_pairs(struct lure *l, uint32_t parent, const struct lure_object *v, size_t n)
{
	enum { LOOKED_AT = 400 };
	size_t members = 0;
	for (size_t i = parent + 1; i < n && members < LOOKED_AT; i++) {
		bool program = v[i].parent == parent && v[i].type == LT_PE && slice_eqz(lure_fact_of(l, v[i].id, "kind"), "program");
		members += v[i].parent == parent;
		if (!program)
			continue;
		if (lure_stop(l))
			return;
		struct slice mine = lure_fact_of(l, v[i].id, "signer");
		bool viewer = is_viewer(l, &v[i]);
		for (size_t k = parent + 1; k < n; k++) {
			if (k == i || v[k].parent != parent || !slice_eq(folder_of(v[i].name), folder_of(v[k].name)))
				continue;
			bool loads = v[k].type == LT_PE && is_hijackable(v[k].name);
			struct slice theirs = loads ? lure_fact_of(l, v[k].id, "signer") : SLICE_NONE;
			if (loads && (!theirs.n || !slice_eq(mine, theirs)))
				lure_found(l, parent, IND_SIDELOAD_PAIR, UINT64_MAX, NULL, "%.*s beside %.*s", SLFMT(v[k].name), SLFMT(v[i].name));
			if (viewer && is_document(&v[k]))
				lure_found(l, parent, IND_VIEWER_WITH_DOCUMENT, UINT64_MAX, NULL, "%.*s with %.*s", SLFMT(v[k].name), SLFMT(v[i].name));
		}
	}
}

void judge_siblings(struct lure *l, uint32_t parent)
{
	const struct lure_object *v;
	size_t n = lure_objects(l, &v), hidden = SIZE_MAX, shown = SIZE_MAX;
	enum lure_type type = v[parent].type;
	bool image = is_image(type), archive = is_archive(type);
	if (!image && !archive)
		return;
	judge_pairs(l, parent, v, n);
	for (size_t i = parent + 1; i < n; i++) {
		if (v[i].parent != parent)
			continue;
		struct slice name = v[i].name;
		bool shortcut = is_shortcut(&v[i]), run = runs(&v[i]);
		if (image && (shortcut || run || v[i].type == LT_SCRIPT))
			lure_found_slice(l, parent, IND_IMAGE_PROGRAM, UINT64_MAX, SLICE_NONE, name);
		if (archive && shortcut)
			lure_found_slice(l, parent, IND_ARCHIVE_SHORTCUT, UINT64_MAX, SLICE_NONE, name);
		else if (archive && run)
			lure_found_slice(l, parent, IND_ARCHIVE_PROGRAM, UINT64_MAX, SLICE_NONE, name);
		if (archive && is_archive(v[i].type) && !(type == LT_PACKED && v[i].type == LT_TAR))
			lure_found_slice(l, parent, IND_ARCHIVE_IN_ARCHIVE, UINT64_MAX, SLICE_NONE, name);
		if (archive && is_image(v[i].type))
			lure_found_slice(l, parent, IND_IMAGE_IN_ARCHIVE, UINT64_MAX, SLICE_NONE, name);
		if (v[i].hidden && run && !shortcut)
			hidden = i;
		else if (!v[i].hidden && (shown == SIZE_MAX || shortcut))
			shown = i;
	}
	if (image && hidden != SIZE_MAX && shown != SIZE_MAX)
		lure_found(l, parent, IND_IMAGE_HIDDEN_PROGRAM, UINT64_MAX, NULL, "%.*s is hidden beside %.*s", SLFMT(v[hidden].name), SLFMT(v[shown].name));
}
