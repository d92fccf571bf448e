/* web.c - a web server that serves what it should not: scripts nobody asked for before, files put where scripts do not belong. */
#include "detect/profile.h"

#include <stdlib.h>

static const enum action wants_file[] = {ACT_EXEC, ACT_SUDO, ACT_COMMAND, ACT_FILE_CREATED, ACT_FILE_RENAMED, ACT_UPLOAD, ACT_NONE};
static const enum action wants_post[] = {ACT_HTTP_WRITE, ACT_HTTP_SCRIPT, ACT_NONE};
static const char *const techniques_post[] = {"T1505.003", NULL};

/* ---- POSTs to scripts that are new --------------------------------------------------------------------------- */

struct script {
	nstime first;
	uint32_t posts;
	struct small_set sources;
};

static void *scripts_new(struct detect *d)
{
	(void)d;
	return lru_new(sizeof(struct script), MEM_PATHS / 4, NULL, NULL);
}

static void scripts_free(void *state)
{
	lru_free(state);
}

static bool is_script(struct slice path)
{
	static const char *const ends[] = {".php", ".phtml", ".php5", ".php7", ".phar", ".jsp", ".jspx", ".asp", ".aspx", ".ashx", ".cgi", ".pl", ".py", ".cfm", ".php3", ".php8", ".phps", ".pht", ".shtml", "/.htaccess", "/.user.ini"};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (slice_iends(path, slice_of(ends[i])))
			return true;
	/* PATH_INFO: what stands behind the script is its argument */
	return slice_ihas(path, SL(".php/")) || slice_ihas(path, SL(".phtml/")) || slice_ihas(path, SL(".jsp/"));
}

/* Folders that people's uploads and pictures go to hold no scripts. */
static bool upload_folder(struct slice path)
{
	static const char *const parts[] = {"/upload/", "/uploads/", "/uploaded/", "/images/", "/img/", "/media/", "/tmp/", "/cache/", "/attachments/", "/avatars/", "/userfiles/"};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (slice_ihas(path, slice_of(parts[i])))
			return true;
	return false;
}

static void post_event(struct detect *d, void *state, const struct event *e)
{
	struct slice path = event_str(e, F_URL_PATH);
	int64_t status = event_int(e, F_HTTP_STATUS, 0);
	bool got = e->action == ACT_HTTP_SCRIPT;
	bool sent = slice_eq(event_str(e, F_HTTP_METHOD), SL("POST")) || slice_eq(event_str(e, F_HTTP_METHOD), SL("PUT"));
	if ((!sent && !got) || status < 200 || status >= 300 || !is_script(path))
		return;
	if (got && !upload_folder(path))
		return; /* elsewhere that is what scripts are for */
	struct actor a UNINIT;
	detect_actor(d, e, &a);
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, a.host);
	key_add(&k, path);
	bool fresh;
	struct script *s = lru_put(state, key_slice(&k), &fresh);
	nstime began = detect_host_began(d, a.host);
	if (fresh)
		s->first = e->time;
	s->posts++;
	set_add(&s->sources, hash_slice(a.source));
	bool new_script = began != NSTIME_NONE && s->first - began > detect_learning(d);
	bool upload = upload_folder(path);
	/* an application's own new page is used by many; a web shell by one */
	if (!(upload || new_script) || s->sources.n > 2 || s->posts < (upload ? 1u : 3u))
		return;
	struct finding *f = detect_open(d, &detector_web_post, key_slice(&k), 3 * NS_DAY, e->time, &fresh);
	if (fresh) {
		f->level = upload ? LEVEL_MEDIUM : LEVEL_LOW;
		finding_printf(f, &f->title, "%s a %s script on %.*s: %.*s", got ? "Commands for" : "POST to", new_script ? "new" : "strangely placed", SLFMT(a.host), SLFMT(slice_to(path, 200)));
		finding_printf(f, &f->text, "%s%s Only %u address%s used it.", upload ? "The script lies in a folder for uploads. " : "",
			new_script ? "It was never used in the days before." : "", s->sources.n, s->sources.n == 1 ? "" : "es");
		finding_entity(f, ENT_HOST, e->host.n ? a.host : SLICE_NONE);
		finding_entity(f, ENT_FILE, path);
	}
	finding_entity(f, ENT_SOURCE, a.source);
	if (upload && new_script && s->posts >= 3)
		finding_raise(f, LEVEL_HIGH);
	finding_evidence(f, e);
}

const struct detector detector_web_post = {
	.info = {"postern.web-shell-post", "POST to a fresh or strangely placed script", LEVEL_MEDIUM, STAGE_TOOLS, techniques_post,
		"Successful POSTs by one or two addresses to a script in a folder for uploads, or to one that was not used before; GETs with arguments to the former.",
		"A new form of the web application, used by few."},
	.wants = wants_post, .create = scripts_new, .tables = tables_one, .event = post_event, .destroy = scripts_free,
};

/* ---- scripts put where only uploads belong ------------------------------------------------------------------- */

static bool places(const struct command *c)
{
	return slice_in_list(c->tool, "cp mv install tee wget curl ln dd touch scp rsync");
}

static bool names_script(const struct command *c)
{
	for (size_t i = 1; i < c->n; i++)
		if (is_script(c->word[i]))
			return true;
	return false;
}

static struct slice placed_script(const struct org *org, const struct event *e)
{
	struct command c UNINIT;
	struct slice path = event_str(e, F_FILE_PATH);
	if (path.n)
		return org_web_path(org, path) && upload_folder(path) && is_script(path) && e->outcome != OUTCOME_FAILURE ? path : SLICE_NONE;
	struct commands it UNINIT;
	commands_begin(&it, e);
	while (commands_next(&it, &c))
		for (size_t i = c.n; i-- > 1;) {
			struct slice w = c.word[i], target;
			bool written = slice_chr(w, '>') == 0 || slice_eq(c.word[i - 1], SL(">")) || slice_eq(c.word[i - 1], SL(">>")) || places(&c) || (command_writes(&c, "/", &target) && slice_eq(target, w));
			while (w.n && w.p[0] == '>')
				w = slice_from(w, 1);
			if (written && org_web_path(org, w) && upload_folder(w) && is_script(w))
				return w;
		}
	return SLICE_NONE;
}

static void file_event(struct detect *d, void *state, const struct event *e)
{
	(void)state;
	struct slice path = placed_script(detect_org(d), e);
	struct actor a UNINIT;
	if (!path.n)
		return;
	detect_actor(d, e, &a);
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, a.host);
	key_add(&k, a.account);
	bool fresh;
	/* applications compile templates into a cache of their own */
	bool compiled = slice_ihas(path, SL("/cache/")) && a.service && !event_str(e, F_PROCESS_CMDLINE).n;
	struct finding *f = detect_open(d, &detector_web_file, key_slice(&k), NS_DAY, e->time, &fresh);
	if (fresh)
		f->level = LEVEL_MEDIUM;
	finding_raise(f, compiled ? LEVEL_MEDIUM : LEVEL_HIGH);
	if (fresh) {
		finding_printf(f, &f->title, "%s put a script into a folder for uploads on %.*s: %.*s", actor_text(d, &a), SLFMT(a.host), SLFMT(slice_to(path, 200)));
		finding_printf(f, &f->text, "Whoever can reach the page can then run it: this is how a web shell is planted.");
		finding_actor(f, &a);
		finding_entity(f, ENT_FILE, path);
		finding_entity(f, ENT_COMMAND, event_str(e, F_PROCESS_CMDLINE));
	}
	finding_evidence(f, e);
}

const struct detector detector_web_file = {
	.info = {"postern.web-shell-file", "Script put into a folder for uploads", LEVEL_HIGH, STAGE_TOOLS, techniques_post,
		"A .php, .jsp or like file created in, or copied by command into, an upload, image or cache folder below web_roots.",
		"Applications that keep compiled templates in a cache folder."},
	.wants = wants_file, .might = names_script, .event = file_event,
};
