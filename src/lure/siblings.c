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

void judge_siblings(struct lure *l, uint32_t parent)
{
	const struct lure_object *v;
	size_t n = lure_objects(l, &v), hidden = SIZE_MAX, shown = SIZE_MAX;
	enum lure_type type = v[parent].type;
	bool image = is_image(type), archive = is_archive(type);
	if (!image && !archive)
		return;
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
