/* lines.c - which detectors a command line could matter to: asked once, remembered, since hosts run the same lines all day. */
#include "detect/profile.h"

#include <stdlib.h>

static const struct detector *const table[] = {
#define DETECTOR(name) &name,
#include "detect/detectors.def"
#undef DETECTOR
};

enum { LINE_MEMOS = 1 << 13, FOLDER_MEMOS = 1 << 8 };
/* One place a hash, the newer wins. */
struct lines {
	struct {
		uint64_t hash, mask;
	} line[LINE_MEMOS];
	struct {
		uint64_t hash;
		bool special;
	} folder[FOLDER_MEMOS];
};
_Static_assert(ARRAY_LEN(table) <= 64, "a mask has a bit per detector");

struct lines *lines_new(void)
{
	return xcalloc(1, sizeof(struct lines));
}

static bool asks_for(const struct detector *t, const struct org *org, const struct command *c)
{
	if (t->might_here)
		return t->might_here(org, c);
	return !t->might || t->might(c);
}

static uint64_t ask_detectors(const struct org *org, const struct event *e)
{
	struct commands it UNINIT;
	struct command c UNINIT;
	uint64_t mask = 0;
	commands_begin(&it, e);
	while (commands_next(&it, &c))
		for (size_t i = 0; i < ARRAY_LEN(table); i++)
			if (asks_for(table[i], org, &c))
				mask |= (uint64_t)1 << i;
	return mask;
}

/* Does any detector ask for this folder (command.folder)? All others are alike: logs are cut in theirs, files are put into those for many. */
static bool special(const struct org *org, struct slice folder)
{
	return slice_starts(folder, SL("/var/log")) || org_patch_path(org, folder);
}

static uint64_t folder_hash(struct lines *l, const struct org *org, struct slice folder)
{
	if (!folder.n)
		return 0;
	uint64_t hash = hash_slice(folder);
	typeof(l->folder[0]) *f = &l->folder[hash % FOLDER_MEMOS];
	if (f->hash != hash) {
		f->hash = hash;
		f->special = special(org, folder);
	}
	return f->special ? hash : 0;
}

uint64_t lines_detectors(struct lines *l, const struct org *org, const struct event *e)
{
	if (e->action != ACT_SUDO && e->action != ACT_EXEC && e->action != ACT_COMMAND && e->action != ACT_CRON)
		return UINT64_MAX;
	struct slice line = event_str(e, F_PROCESS_CMDLINE);
	if (!line.n)
		return UINT64_MAX;
	/* what a line means depends on the folder it runs in, and on whether a shell reads it (commands_begin) */
	bool script = e->action == ACT_CRON || e->action == ACT_COMMAND;
	uint64_t hash = hash_mix(hash_slice(line), folder_hash(l, org, event_str(e, F_PROCESS_CWD)) ^ script);
	typeof(l->line[0]) *m = &l->line[hash % LINE_MEMOS];
	if (m->hash != hash) {
		m->hash = hash;
		m->mask = ask_detectors(org, e);
	}
	return m->mask;
}
