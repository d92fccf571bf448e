/* cmd_lesson.c - postern lesson: what is taught, to whom, and who has learnt it. */
#include "cmd/lessons.h"
#include "cmd/gates.h"
#include "cmd/ruleset.h"
#include "cmd/setup.h"
#include "cmd/state.h"
#include "chain/chain.h"
#include "sys/sys.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct option options[] = {
	{"lessons", 'l', OPT_TEXT, "DIR", "folder of the lessons (default $POSTERN_LESSONS, then those that\ncome with postern)"},
	STATE_OPTION,
	{"org", 'o', OPT_FLAG, NULL, "import: the staff of the organisation file"},
	{"team", 0, OPT_TEXT, "NAME", "assign: to this team; status: only this one"},
	{"role", 0, OPT_TEXT, "NAME", "assign: to whom org.yaml gives this role"},
	{"user", 0, OPT_TEXT, "NAME", "assign: to this person"},
	{"due", 0, OPT_TEXT, "DATE", "assign: until when, 2027-01-31 or 14d (default 14d)"},
	{"remove", 0, OPT_FLAG, NULL, "assign: take such an assignment away"},
	{"months", 'm', OPT_NUMBER, "N", "forget: what is older than N months, of everybody", 1, 120},
	{"console", 0, OPT_TEXT, "URL", "remind: address of the console, the only one in the mail"},
	{"from", 0, OPT_TEXT, "MAIL", "remind: sender (default: of the mail channel in postern.yaml)"},
	{"sendmail", 0, OPT_TEXT, "FILE", "remind: program that takes mail (default: of that channel, then\n/usr/sbin/sendmail)"},
	{"config", 'c', OPT_TEXT, "FILE", "remind: settings (default: postern.yaml in $POSTERN_CONFIG, then\n/etc/postern)"},
	{"dry-run", 'n', OPT_FLAG, NULL, "remind: print the mails, send none"},
	{"format", 'f', OPT_CHOICE, "text|json|csv", "how to print (default text; of export csv)"},
	{0},
};

enum needs { CONTENT = 1, BOOK = 2, WRITES = 4, ORG = 8, PROGRAMS = 16 };
static const struct verb {
	const char *name, *words;
	size_t least, most;
	unsigned needs;
	int (*run)(struct lesson_work *w);
} verbs[] = {
	{"list", "", 0, 0, CONTENT, lesson_list},
	{"check", "[DIR]", 0, 1, CONTENT, lesson_check},
	{"assign", "UNIT [--team NAME | --role NAME | --user NAME] [--due DATE] [--remove]", 1, 1, CONTENT | BOOK | WRITES | ORG, lesson_assign_to},
	{"status", "[--team NAME]", 0, 0, BOOK | ORG, lesson_status},
	{"export", "[--format csv|json]", 0, 0, BOOK, lesson_export_all},
	{"import", "FILE.csv | --org", 0, 1, BOOK | WRITES | ORG, lesson_import},
	{"remind", "--console URL [--dry-run]", 0, 0, CONTENT | BOOK | PROGRAMS | ORG, lesson_remind},
	{"forget", "USER | --months N", 0, 1, BOOK | WRITES, lesson_forget_one},
};

static const struct verb *find_verb(const struct args *a)
{
	struct buf known = {0};
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		buf_addf(&known, "%s%s", i ? ", " : "", verbs[i].name);
		if (!a->noperands || strcmp(a->operand[0], verbs[i].name) != 0)
			continue;
		buf_free(&known);
		if (a->noperands - 1 >= verbs[i].least && a->noperands - 1 <= verbs[i].most)
			return &verbs[i];
		complain("usage: postern lesson %s %s", verbs[i].name, verbs[i].words);
		return NULL;
	}
	complain("lesson: %s%s%s: %.*s\nTry 'postern lesson --help'.", a->noperands ? "no \"" : "say what to do", a->noperands ? a->operand[0] : "", a->noperands ? "\"" : "", SLFMT(buf_slice(&known)));
	buf_free(&known);
	return NULL;
}

int lesson_failed(const struct err *e)
{
	complain_err(e);
	return e->code == ERR_NOENT || e->code == ERR_RANGE || e->code == ERR_SYNTAX ? EXIT_USAGE : EXIT_INPUT;
}

/* ---- what the verb needs ----------------------------------------------------------------------------------------------------------------------- */

static int load_content(struct lesson_work *w, const struct verb *v)
{
	char folder[4096];
	struct err e;
	bool named = v->run == lesson_check && w->a->noperands > 1;
	lessons_default(named ? w->a->operand[1] : args_get(w->a, "lessons"), folder, sizeof folder);
	if (!folder[0]) {
		complain("no lessons are found: --lessons DIR or POSTERN_LESSONS names their folder");
		return EXIT_INPUT;
	}
	w->lessons = lessons_load(folder, &e);
	if (w->lessons)
		return 0;
	complain_err(&e);
	return EXIT_INPUT;
}

static int load_org(struct lesson_work *w)
{
	/* --org is a flag here: the file is the usual one */
	struct args without = *w->a;
	struct setup s = {0};
	for (size_t i = 0; options[i].name; i++)
		if (strcmp(options[i].name, "org") == 0)
			without.value[i] = NULL;
	int rc = setup_org(&s, &without);
	w->org = s.org;
	return rc;
}

static int read_input(struct lesson_work *w, const struct verb *v)
{
	if (v->run == lesson_import && w->a->noperands > 1 && !read_text(w->a->operand[1], &w->input))
		return EXIT_INPUT;
	return v->needs & ORG ? load_org(w) : 0;
}

/* Before it is done, and without the name of who is forgotten. */
static int record(const struct lesson_work *w, const struct verb *v)
{
	char path[4096], action[40];
	struct err e;
	struct chain *c;
	if (!state_file(w->a, "audit.log", path, sizeof path))
		return EXIT_USAGE;
	snprintf(action, sizeof action, "lesson-%s", v->name);
	c = chain_open(path, NULL, NULL, &e);
	struct chain_record r = {.time = w->now, .actor = slice_of(w->who), .action = slice_of(action), .outcome = SL("begun"),
		.object = slice_to(slice_of(v->run == lesson_assign_to ? w->a->operand[1] : "learners"), 200)};
	int rc = c ? chain_append(c, &r, &e) : e.code;
	chain_close(c);
	if (rc)
		complain_err(&e);
	return rc ? EXIT_INPUT : 0;
}

/* ---- the book -------------------------------------------------------------------------------------------------------------------------------------- */

/* As the console makes them at its first start. */
static int make_folders(const struct lesson_work *w, const char *web, struct err *e)
{
	char console[4096];
	struct passwd room, *pw = NULL;
	char bytes[16384];
	if (access(web, F_OK) == 0)
		return 0;
	if (!state_file(w->a, "console", console, sizeof console))
		return err_set(e, ERR_USAGE, "no state");
	if ((mkdir(console, 0711) && errno != EEXIST) || mkdir(web, 0700))
		return err_set(e, ERR_IO, "cannot make %s: %m", web);
	if (geteuid() == 0 && !getpwnam_r("postern", &room, bytes, sizeof bytes, &pw) && pw && chown(web, pw->pw_uid, pw->pw_gid))
		return err_set(e, ERR_IO, "cannot give %s to the user postern: %m", web);
	return 0;
}

static int open_book(struct lesson_work *w, const struct verb *v)
{
	char web[4096], path[4096];
	struct err e;
	int rc;
	if (!state_file(w->a, "console/web", web, sizeof web) || !state_file(w->a, "console/web/lessons.db", path, sizeof path))
		return EXIT_USAGE;
	rc = v->needs & WRITES ? make_folders(w, web, &e) : 0;
	if (!rc) /* what the console's web process wrote is read without rights */
		rc = sys_drop_to_owner(web, &e);
	if (!rc && !(v->needs & PROGRAMS) && (rc = setup_confine_with(w->a, web, NULL)))
		return rc;
	if (!rc) {
		umask(077);
		w->book = lesson_book_open(path, (v->needs & WRITES) != 0, &e);
	}
	if (w->book)
		return 0;
	if (!rc)
		rc = e.code;
	if (rc == ERR_NOENT)
		complain("nobody has begun to learn: there is no %s ('postern lesson import' names the people)", path);
	else
		complain_err(&e);
	return EXIT_INPUT;
}

static int prepare(struct lesson_work *w, const struct verb *v)
{
	int rc = read_input(w, v);
	if (!rc && (v->needs & WRITES))
		rc = record(w, v);
	if (!rc && !(v->needs & BOOK))
		rc = setup_confine(w->a);
	if (!rc && (v->needs & CONTENT))
		rc = load_content(w, v);
	return rc || !(v->needs & BOOK) ? rc : open_book(w, v);
}

static int run(const struct args *a)
{
	const char *format = args_get(a, "format");
	const struct verb *v = find_verb(a);
	struct lesson_work w = {.a = a, .json = format && strcmp(format, "json") == 0, .csv = format && strcmp(format, "csv") == 0, .now = gates_now()};
	if (!v || ((v->needs & WRITES) && !gates_actor(w.who, sizeof w.who)))
		return EXIT_USAGE;
	arena_init(&w.mem);
	int rc = prepare(&w, v);
	if (!rc)
		rc = v->run(&w);
	if (w.out.n && !write_out(NULL, buf_slice(&w.out)))
		rc = EXIT_INPUT;
	lesson_book_close(w.book);
	lessons_free(w.lessons);
	org_free(w.org);
	arena_free(&w.mem);
	buf_free(&w.input);
	buf_free(&w.out);
	return rc;
}

const struct command command_lesson = {
	.name = "lesson",
	.summary = "what is taught about the two attacks, to whom, and who has learnt it",
	.usage = "lesson [OPTION...] list | check [DIR] | assign UNIT | status | export | import FILE.csv | remind | forget USER",
	.description = "list          the units\n"
		       "check [DIR]   what is wrong in a folder of lessons, with file, line and column; exit 1 when a unit has an error\n"
		       "assign UNIT   who has to learn it and until when (--team, --role, --user; none: everybody)\n"
		       "status        assignments and figures of teams; of fewer than eight people none are given\n"
		       "export        for auditors: who was assigned what, until when, done when, certificates; no answers\n"
		       "import FILE   people: CSV with the columns user, name, mail, team, roles, language; --org: the staff of org.yaml\n"
		       "remind        a plain mail to whom something is due; --console names the only address in it, --dry-run prints\n"
		       "forget USER   everything about a person; --months N: what is older, of everybody\n\n"
		       "Units are data, YAML and Markdown: docs/lessons.md tells authors how to write them. They are learnt in the console. Nothing is ever sent as a trick.",
	.options = options,
	.examples = "  postern lesson check lessons/\n  postern lesson assign side-door --role administrator --due 2027-01-31\n  postern lesson remind --console https://postern.x.example:8443/ --dry-run\n",
	.run = run,
};
