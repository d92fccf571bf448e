/* planted.c - what keeps a way in open: keys added, accounts made, sudo rights given. */
#include "detect/detect_private.h"

static const enum action wants_files[] = {ACT_SUDO, ACT_EXEC, ACT_COMMAND, ACT_CRON, ACT_FILE_WRITTEN, ACT_FILE_CREATED, ACT_FILE_RENAMED, ACT_NONE};
static const enum action wants_sudoers[] = {ACT_SUDO, ACT_EXEC, ACT_COMMAND, ACT_CRON, ACT_FILE_WRITTEN, ACT_FILE_CREATED, ACT_FILE_RENAMED,
	ACT_GROUP_CHANGED, ACT_NONE};
static const enum action wants_accounts[] = {ACT_USER_ADDED, ACT_SUDO, ACT_EXEC, ACT_COMMAND, ACT_CRON, ACT_NONE};
static const char *const techniques_keys[] = {"T1098.004", NULL};
static const char *const techniques_account[] = {"T1136.001", NULL};
static const char *const techniques_sudoers[] = {"T1548.003", NULL};

static bool file_event(const struct event *e)
{
	return e->action == ACT_FILE_WRITTEN || e->action == ACT_FILE_CREATED || e->action == ACT_FILE_RENAMED;
}

/* The file that the event writes: auditd saw it, or a command names it. */
static bool file_written(const struct event *e, const char *needle, bool (*fits)(const struct command *c), struct slice *path)
{
	struct command c UNINIT;
	if (file_event(e)) {
		*path = event_str(e, F_FILE_PATH);
		return e->outcome != OUTCOME_FAILURE && slice_has(*path, slice_of(needle));
	}
	return command_find(e, fits, &c) && command_writes(&c, needle, path);
}

/* ---- authorized_keys ----------------------------------------------------------------------------------------- */

static bool changes_keys(const struct command *c)
{
	struct slice path;
	return command_writes(c, "authorized_keys", &path);
}

static void keys_event(struct detect *d, void *state, const struct event *e)
{
	(void)state;
	struct slice path;
	struct actor a UNINIT;
	if (!file_written(e, "authorized_keys", changes_keys, &path))
		return;
	detect_actor(d, e, &a);
	bool fresh;
	struct finding *f = open_by_account(d, &detector_keys, e, &a, 12 * NS_HOUR, &fresh);
	if (fresh) {
		finding_printf(f, &f->title, "%s changed authorized_keys on %.*s", actor_text(d, &a), SLFMT(a.host));
		finding_printf(f, &f->text, "A key added here stays a way in after every password is changed. Compare the file with what should be there.");
	}
	finding_entity(f, ENT_FILE, path);
	finding_entity(f, ENT_COMMAND, event_str(e, F_PROCESS_CMDLINE));
	finding_raise(f, level_for(&a, LEVEL_MEDIUM));
	finding_evidence(f, e);
}

const struct detector detector_keys = {
	.info = {"postern.authorized-keys", "authorized_keys changed", LEVEL_MEDIUM, STAGE_CREDENTIALS, techniques_keys,
		"A write to an authorized_keys file, seen by auditd or in a command.",
		"New staff, key rotation, configuration management."},
	.wants = wants_files, .might = changes_keys, .event = keys_event,
};

/* ---- accounts ------------------------------------------------------------------------------------------------ */

static bool makes_twin(const struct command *c)
{
	return slice_eq(c->tool, SL("usermod")) && command_has(c, "-u") && command_has(c, "0");
}

/* How many words are neither options nor their values; the first and the last of them. sudo's log has no quotes: of a comment
 * of two words the second stands there too, hence the last for useradd. "adduser USER GROUP" puts USER into GROUP. */
static size_t plain_words(const struct command *c, size_t at[2])
{
	size_t n = 0;
	for (size_t i = 1; i < c->n; i++) {
		if (c->word[i].n && c->word[i].p[0] == '-') {
			i += slice_in_list(c->word[i], "-b -c -d -e -f -g -G -k -K -p -R -s -u -Z --home --shell --uid --gid --gecos --ingroup --groups --comment");
			continue;
		}
		at[n ? 1 : 0] = i;
		n++;
	}
	return n;
}

static bool adds_account(const struct command *c)
{
	size_t at[2];
	struct slice path;
	if (slice_in_list(c->tool, "useradd newusers luseradd"))
		return true;
	if (slice_eq(c->tool, SL("adduser")))
		return plain_words(c, at) < 2;
	return makes_twin(c) || slice_eq(c->tool, SL("vipw")) || command_writes(c, "/etc/passwd", &path);
}

/* The account that the event adds; SLICE_NONE when none. */
static struct slice account_added(const struct event *e, struct command *c)
{
	size_t at[2];
	*c = (struct command){.n = 0};
	if (e->action == ACT_USER_ADDED)
		return e->outcome == OUTCOME_FAILURE ? SLICE_NONE : event_str(e, F_USER_TARGET);
	if (!command_find(e, adds_account, c))
		return SLICE_NONE;
	size_t n = plain_words(c, at);
	if (slice_in_list(c->tool, "useradd adduser usermod luseradd"))
		return n ? c->word[at[n > 1]] : SLICE_NONE;
	return SL("by hand in /etc/passwd");
}

/* Packages bring accounts that nobody can log in to. */
static bool of_a_package(const struct event *e)
{
	uint64_t uid;
	struct slice shell = event_str(e, F_USER_SHELL);
	return e->action == ACT_USER_ADDED && slice_u64(event_str(e, F_USER_TARGET_ID), 999, &uid) && uid > 0 &&
	       (slice_ends(shell, SL("/nologin")) || slice_ends(shell, SL("/false")));
}

static void account_event(struct detect *d, void *state, const struct event *e)
{
	(void)state;
	struct command c UNINIT;
	struct actor a UNINIT;
	struct slice added = account_added(e, &c);
	bool fresh;
	if (!added.n || of_a_package(e))
		return;
	detect_actor(d, e, &a);
	/* the command, and useradd's own line, are one happening; the command knows who */
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, a.host);
	key_add(&k, added);
	struct finding *f = detect_open(d, &detector_account, key_slice(&k), NS_HOUR, e->time, &fresh);
	if (fresh) {
		f->level = LEVEL_LOW;
		finding_printf(f, &f->text, "Ask the administrators whether they know the account; lock it until they do.");
	}
	if (fresh || a.account.n)
		finding_printf(f, &f->title, "Account %.*s added on %.*s%s%s", SLFMT(added), SLFMT(a.host), a.account.n ? " by " : "",
			a.account.n ? actor_text(d, &a) : "");
	finding_actor(f, &a);
	finding_entity(f, ENT_USER, added);
	finding_entity(f, ENT_COMMAND, c.line);
	bool useradd = c.n == 0 || slice_in_list(c.tool, "useradd adduser luseradd newusers");
	bool root = slice_eq(event_str(e, F_USER_TARGET_ID), SL("0")) || (c.n && (command_has(&c, "-o") || slice_has(c.line, SL(":0:0:"))));
	/* an administrator's own sudo is ordinary work, and useradd's own line behind it says nothing more */
	bool staff = finding_get(f, ENT_PERSON).n > 0;
	finding_raise(f, a.provider || a.service || root ? LEVEL_HIGH : staff && useradd ? LEVEL_LOW : LEVEL_MEDIUM);
	finding_evidence(f, e);
}

const struct detector detector_account = {
	.info = {"postern.account-added", "Account added", LEVEL_LOW, STAGE_CREDENTIALS, techniques_account,
		"useradd's own line, the command in sudo's or auditd's log, or a line put into /etc/passwd; high when a provider or service account did it or the account is root's twin.",
		"New staff; packages that bring an account with a shell."},
	.wants = wants_accounts, .might = adds_account, .event = account_event,
};

/* ---- sudoers ------------------------------------------------------------------------------------------------- */

static const char mighty_groups[] = "sudo wheel admin root docker lxd disk shadow";

/* The mighty group that the command puts somebody into. */
static struct slice group_given(const struct command *c)
{
	size_t at[2];
	if (slice_eq(c->tool, SL("adduser")) && plain_words(c, at) == 2)
		return slice_in_list(c->word[at[1]], mighty_groups) ? c->word[at[1]] : SLICE_NONE;
	if (!slice_in_list(c->tool, "usermod gpasswd groupmems"))
		return SLICE_NONE;
	for (size_t i = 1; i < c->n; i++) {
		struct slice rest = c->word[i], one;
		for (bool more = true; more && rest.n;) {
			if (!(more = slice_cut(&rest, ',', &one)))
				one = rest;
			if (slice_in_list(one, mighty_groups) && !command_has(c, "-d") && !command_has(c, "--delete"))
				return one;
		}
	}
	return SLICE_NONE;
}

static bool edits_sudoers(const struct command *c)
{
	return slice_eq(c->tool, SL("visudo")) && !command_has_prefix(c, "-c") && !command_has(c, "--check") && !command_has(c, "-V") && !command_has(c, "--version");
}

static bool gives_rights(const struct command *c)
{
	struct slice path;
	if (slice_eq(c->tool, SL("visudo")))
		return edits_sudoers(c);
	return command_writes(c, "/etc/sudoers", &path) || group_given(c).n > 0;
}

/* What gives the rights: a file or a group; SLICE_NONE when nothing does. */
static struct slice rights_given(const struct event *e, struct command *c)
{
	struct slice path = SLICE_NONE;
	*c = (struct command){0};
	if (file_event(e))
		return file_written(e, "/etc/sudoers", gives_rights, &path) && !slice_ends(path, SL(".dpkg-new")) ? path : SLICE_NONE;
	if (e->action == ACT_GROUP_CHANGED) {
		struct slice group = event_str(e, F_GROUP_NAME);
		bool added = slice_eq(event_str(e, F_EVENT_CODE), SL("member-added"));
		return added && slice_in_list(group, mighty_groups) ? group : SLICE_NONE;
	}
	if (!command_find(e, gives_rights, c))
		return SLICE_NONE;
	struct slice group = group_given(c);
	return group.n ? group : command_writes(c, "/etc/sudoers", &path) ? path : SL("/etc/sudoers");
}

static void sudoers_event(struct detect *d, void *state, const struct event *e)
{
	(void)state;
	struct command c UNINIT;
	struct actor a UNINIT;
	struct slice given = rights_given(e, &c);
	if (!given.n)
		return;
	detect_actor(d, e, &a);
	bool fresh, file = given.p[0] == '/';
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, a.host);
	key_add(&k, file ? a.account : given); /* usermod's own line does not say who called it, but the group */
	struct finding *f = detect_open(d, &detector_sudoers, key_slice(&k), 12 * NS_HOUR, e->time, &fresh);
	if (fresh) {
		const char *who = a.account.n ? actor_text(d, &a) : "Somebody";
		finding_actor(f, &a);
		if (file)
			finding_printf(f, &f->title, "%s changed sudo rights on %.*s", who, SLFMT(a.host));
		else
			finding_printf(f, &f->title, "%s put an account into the group %.*s on %.*s", who, SLFMT(given), SLFMT(a.host));
		finding_printf(f, &f->text, "Such rights make an ordinary account as powerful as root, for as long as they stay.");
	}
	if (file)
		finding_entity(f, ENT_FILE, given);
	finding_entity(f, ENT_USER, event_str(e, F_USER_TARGET));
	finding_entity(f, ENT_COMMAND, event_str(e, F_PROCESS_CMDLINE));
	/* visudo in the hands of staff is the way it is meant to be done */
	bool visudo = slice_eq(c.tool, SL("visudo")) || slice_has(event_str(e, F_PROCESS_EXE), SL("visudo"));
	bool by_the_book = visudo && a.person && !a.provider;
	finding_raise(f, level_for(&a, by_the_book ? LEVEL_LOW : LEVEL_MEDIUM));
	finding_evidence(f, e);
}

const struct detector detector_sudoers = {
	.info = {"postern.sudoers", "sudo rights changed", LEVEL_LOW, STAGE_CREDENTIALS, techniques_sudoers,
		"A write to /etc/sudoers or /etc/sudoers.d, visudo, or an account put into sudo, wheel, docker or another group as good as root.",
		"Administrators, configuration management, packages."},
	.wants = wants_sudoers, .might = gives_rights, .event = sudoers_event,
};
