/* patch.c - a file that is about to go to many machines, put there by somebody who does not usually. */
#include "detect/profile.h"

static const enum action wants[] = {ACT_SUDO, ACT_EXEC, ACT_COMMAND, ACT_FILE_CREATED, ACT_FILE_WRITTEN, ACT_FILE_RENAMED, ACT_UPLOAD, ACT_SFTP, ACT_NONE};
static const char *const techniques[] = {"T1195.002", "T1072", "T1080", NULL};

/* On how many days an account put files there before. */
struct habit {
	uint32_t days;
	int64_t last_day;
	nstime newest;
};

static void *habits_new(struct detect *d)
{
	(void)d;
	return lru_new(sizeof(struct habit), MEM_ACCOUNTS, NULL, NULL);
}

static void habits_free(void *state)
{
	lru_free(state);
}

static bool puts_files(const struct command *c)
{
	struct slice path;
	return command_writes(c, "/", &path) || slice_in_list(c->tool, "cp mv install rsync scp tee dd ln wget curl tar unzip");
}

/* The path in the distribution folder that a command writes to; SLICE_NONE when none. */
static struct slice put(const struct org *org, const struct command *c)
{
	struct slice path;
	if (command_writes(c, "/", &path) && org_patch_path(org, path))
		return path;
	/* cd there; mv FILE . */
	struct slice last = c->n > 1 ? c->word[c->n - 1] : SLICE_NONE;
	bool there = last.n && last.p[0] != '/' && puts_files(c) && command_target(c, c->n - 1) && org_patch_path(org, c->folder);
	return there ? c->folder : SLICE_NONE;
}

static bool puts_there(const struct org *org, const struct command *c)
{
	return put(org, c).n > 0;
}

/* The same of an event. */
static struct slice target(const struct org *org, const struct event *e)
{
	struct command c UNINIT;
	struct slice path = event_str(e, F_FILE_PATH);
	if (path.n)
		return e->outcome != OUTCOME_FAILURE && org_patch_path(org, path) ? path : SLICE_NONE;
	struct commands it UNINIT;
	commands_begin(&it, e);
	path = SLICE_NONE;
	while (!path.n && commands_next(&it, &c))
		path = put(org, &c);
	return path;
}

static void event(struct detect *d, void *state, const struct event *e)
{
	struct slice path = target(detect_org(d), e);
	struct actor a UNINIT;
	if (!path.n)
		return;
	detect_actor(d, e, &a);
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, a.host);
	key_add(&k, a.account);
	bool fresh;
	struct habit *h = lru_put(state, key_slice(&k), &fresh);
	int64_t day = e->time / NS_DAY;
	uint32_t before = h->days;
	if (fresh || h->last_day != day) {
		h->last_day = day;
		h->days++;
	} else {
		before--; /* today's first file counted already */
	}
	bool usual = before >= 2 && !a.provider;
	nstime began = detect_host_began(d, a.host);
	bool learnt = began != NSTIME_NONE && e->time - began > detect_learning(d);
	if (usual || (!learnt && !a.provider))
		return;
	struct finding *f = detect_open(d, &detector_patch_folder, key_slice(&k), 12 * NS_HOUR, e->time, &fresh);
	if (fresh) {
		f->level = before == 0 || a.provider ? LEVEL_HIGH : LEVEL_MEDIUM;
		finding_printf(f, &f->title, "%s put %.*s into the distribution folder on %.*s", actor_text(d, &a), SLFMT(slice_basename(path)), SLFMT(a.host));
		finding_printf(f, &f->text, "What lies there is installed on many machines. This account %s. Stop the roll-out until two people know the file.",
			before ? "rarely did this before" : "never did this before");
		finding_actor(f, &a);
	}
	finding_entity(f, ENT_FILE, path);
	finding_evidence(f, e);
}

const struct detector detector_patch_folder = {
	.info = {"postern.patch-folder", "File put into a distribution folder", LEVEL_HIGH, STAGE_DISTRIBUTION, techniques,
		"A file created or copied in a folder listed under patch_folders by an account that did so on fewer than two days before.",
		"A new release manager's first days."},
	.wants = wants, .might_here = puts_there, .create = habits_new, .tables = tables_one, .event = event, .destroy = habits_free,
};

/* ---- what the release gate refused ------------------------------------------------------------------------------------------- */

static const enum action refused_wants[] = {ACT_RELEASE_REFUSED, ACT_NONE};

static void refused_event(struct detect *d, void *state, const struct event *e)
{
	struct actor a UNINIT;
	struct key k UNINIT;
	bool fresh;
	struct slice path = event_str(e, F_FILE_PATH);
	(void)state;
	detect_actor(d, e, &a);
	key_init(&k);
	key_add(&k, a.host);
	key_add(&k, a.account);
	struct finding *f = detect_open(d, &detector_release_refused, key_slice(&k), 12 * NS_HOUR, e->time, &fresh);
	if (fresh) {
		f->level = LEVEL_HIGH;
		finding_printf(f, &f->title, "%s put %.*s into a distribution folder on %.*s without two signatures", actor_text(d, &a), SLFMT(slice_basename(path)),
			SLFMT(a.host));
		finding_printf(f, &f->text, "The release gate: %.*s. What lies there is installed on many machines.", SLFMT(event_str(e, F_EVENT_REASON)));
		finding_actor(f, &a);
	}
	finding_entity(f, ENT_FILE, path);
	finding_evidence(f, e);
}

const struct detector detector_release_refused = {
	.info = {"postern.release-refused", "File refused by the release gate", LEVEL_HIGH, STAGE_DISTRIBUTION, techniques,
		"A line of postern release watch: a file without the valid signatures of two people in a distribution folder.",
		"A release put there before both had signed, or copied in place instead of moved."},
	.wants = refused_wants, .event = refused_event,
};
