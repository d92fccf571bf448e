/* cmd_milter.c - postern milter: mail is looked at before it is delivered. */
#include "cmd/ruleset.h"
#include "cmd/setup.h"
#include "milter/milter.h"
#include "sys/sys.h"
#include "yaml/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

enum { MAX_SIZE_DEFAULT = 50, WAIT_DEFAULT = 60, KEEP_DEFAULT = 30, MEGABYTE = 1000000 };

static const struct option options[] = {
	{"socket", 'S', OPT_TEXT, "SOCKET", "where the mail server connects: a path, or ADDRESS:PORT of this machine alone (default /run/postern-milter/socket)"},
	{"group", 'g', OPT_TEXT, "GROUP", "may connect to a socket that is a path (default: the filter's own)"},
	{"quarantine", 'Q', OPT_TEXT, "DIR", "folder of what is held (default /var/lib/postern-milter)"},
	{"action", 'a', OPT_CHOICE, "hold|mta-hold|tag|reject", "what happens to a file-critical message: held here with a notice to its recipients, in the mail\nserver's hold queue, delivered with headers, refused (default hold)"},
	{"on-failure", 0, OPT_CHOICE, "deliver|defer|hold", "what happens to one that could not be inspected: delivered with a header that says so, put off,\nin the mail server's hold queue (default deliver)"},
	{"tag", 't', OPT_TEXT, "TEXT", "put before the subject of what is suspicious or worse (default: nothing; it breaks DKIM signatures)"},
	{"no-notice", 0, OPT_FLAG, NULL, "no notice to recipients of what is held"},
	{"notice-from", 0, OPT_TEXT, "ADDRESS", "sender of notices (default: postmaster at the mail server's name)"},
	{"language", 'L', OPT_CHOICE, "en|de|ko", "language of notices (default en)"},
	{"keep", 'k', OPT_NUMBER, "DAYS", "what is held is deleted then (default 30)", 1, 3650},
	{"max-size", 'm', OPT_NUMBER, "MB", "messages above are not inspected (default 50)", 1, 250},
	{"seconds", 0, OPT_NUMBER, "N", "time to inspect one message (default 8)", 1, 19},
	{"wait", 'w', OPT_NUMBER, "N", "seconds one may wait for its turn (default 60)", 1, 280},
	{"depth", 0, OPT_NUMBER, "N", "containers in containers (default 6)", 1, 32},
	{"jobs", 'j', OPT_NUMBER, "N", "messages inspected at a time (default 2)", 1, 64},
	{"org", 'o', OPT_TEXT, "FILE", "organisation file: own domains, staff, partners (default: /etc/postern/org.yaml)"},
	{"trust", 'T', OPT_LIST, "SERVER", "mail server whose Authentication-Results count; may be given several times"},
	{"trust-unnamed", 0, OPT_FLAG, NULL, "also the topmost such field without a server's name (as Microsoft writes it)"},
	PRODUCTS_OPTION,
	{"yara", 'y', OPT_LIST, "FILE", "also ask YARA rules of your own; may be given several times"},
	{"clamd", 0, OPT_TEXT, "SOCKET", "also ask clamd over its socket"},
	{"state", 's', OPT_TEXT, "DIR", "keep and ask a history of who wrote to whom in this folder, which is the filter's own (default: none is kept)"},
	{"config", 'c', OPT_TEXT, "FILE", "settings: its section milter; options win (default: postern.yaml in $POSTERN_CONFIG, then /etc/postern)"},
	{0},
};

static void tell(const char *line)
{
	fprintf(stderr, "postern-milter: %s\n", line); /* one call: lines of threads do not mix */
}

static unsigned number(const struct args *a, const char *option, unsigned otherwise)
{
	const char *text = args_get(a, option);
	return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static int choice(const struct args *a, const char *option, const char *const *names, size_t n)
{
	const char *text = args_get(a, option);
	for (size_t i = 0; text && i < n; i++)
		if (strcmp(text, names[i]) == 0)
			return (int)i;
	return 0;
}

static void read_options(const struct args *a, struct milter_options *m, struct inspect_options *o)
{
	static const char *const actions[] = {"hold", "mta-hold", "tag", "reject"}, *const failures[] = {"deliver", "defer", "hold"}, *const languages[] = {"en", "de", "ko"};
	m->socket = args_has(a, "socket") ? args_get(a, "socket") : "/run/postern-milter/socket";
	m->group = args_get(a, "group");
	m->folder = args_has(a, "quarantine") ? args_get(a, "quarantine") : "/var/lib/postern-milter";
	m->tag = args_get(a, "tag");
	m->notice_from = args_get(a, "notice-from");
	m->hold = (enum milter_hold)choice(a, "action", actions, ARRAY_LEN(actions));
	m->failure = (enum milter_failure)choice(a, "on-failure", failures, ARRAY_LEN(failures));
	m->language = (enum lure_language)choice(a, "language", languages, ARRAY_LEN(languages));
	m->quiet = args_has(a, "no-notice");
	m->max_bytes = (uint64_t)number(a, "max-size", MAX_SIZE_DEFAULT) * MEGABYTE;
	m->wait_seconds = number(a, "wait", WAIT_DEFAULT);
	m->keep_days = number(a, "keep", KEEP_DEFAULT);
	m->workers = o->workers = number(a, "jobs", 2);
	m->tell = tell;
	o->limits.depth = number(a, "depth", 0);
	o->limits.milliseconds = number(a, "seconds", 0) * 1000;
	o->trust_unnamed = args_has(a, "trust-unnamed");
}

static bool plain(const char *text)
{
	for (; text && *text; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
			return false;
	return true;
}

/* For postern watch: what the lines look like is said in docs/milter.md. */
static void found(const char *line)
{
	syslog(LOG_MAIL | LOG_WARNING, "%s", line);
	tell(line);
}

/* What postern.yaml says, where no option does. */
static int add_settings(struct args *a, struct arena *mem, struct err *e)
{
	char path[4096];
	const char *dir = getenv("POSTERN_CONFIG"), *file = args_get(a, "config");
	struct buf text = {0};
	struct node *root = NULL;
	struct milter_settings s;
	const struct yaml_options o = {.max_bytes = LIMIT_CONFIG_BYTES, .max_nodes = 20000};
	snprintf(path, sizeof path, "%s/postern.yaml", dir && *dir ? dir : "/etc/postern");
	if (!file && access(path, F_OK))
		return 0;
	file = file ? file : slice_dup(mem, slice_make(path, strlen(path) + 1)).p;
	if (!read_text(file, &text))
		return err_set(e, ERR_IO, "the settings cannot be read: give the filter's user the right to, or name another file with --config");
	int rc = yaml_read(buf_slice(&text), file, &o, mem, &root, e);
	buf_free(&text);
	if (!rc)
		rc = milter_settings_read(root ? yaml_get(root, "milter") : NULL, file, mem, &s, e);
	const struct args given = *a;
	for (size_t i = 0; !rc && i < s.n; i++)
		if (!(s.v[i].list && args_list(&given, s.v[i].option, 0)))
			args_default(a, s.v[i].option, s.v[i].value, s.v[i].list);
	return rc;
}

struct service { struct milter_options m; struct inspect_options o; struct setup setup; struct lure_known known; char history[4096]; const char *trusted[ARGS_LIST_MAX + 1], *yara[ARGS_LIST_MAX + 1]; };

static int serve(struct service *v)
{
	struct err e;
	openlog("postern-milter", LOG_PID | LOG_NDELAY, LOG_MAIL);
	sys_raise_files();
	v->m.pool = inspect_new(&v->o, &e);
	if (!v->m.pool || sys_confine_service(&e) || milter_run(&v->m, &e)) {
		complain_err(&e);
		return e.code == ERR_USAGE || e.code == ERR_SYNTAX ? EXIT_USAGE : EXIT_INPUT;
	}
	return EXIT_DONE;
}

/* 0, or an exit code after a message. */
static int prepare(struct service *v, const struct args *a)
{
	char at[300];
	struct err e;
	read_options(a, &v->m, &v->o);
	if (a->noperands || !plain(v->m.tag) || !plain(v->m.notice_from)) {
		complain("milter: %s\nTry 'postern milter --help'.", a->noperands ? "it takes no operands" : "a tag or an address in headers is of printable ASCII");
		return EXIT_USAGE;
	}
	if (milter_socket(v->m.socket, at, sizeof at, &e)) {
		complain_err(&e);
		return EXIT_USAGE;
	}
	if (args_has(a, "state") && !state_file(a, "contacts.db", v->history, sizeof v->history))
		return EXIT_USAGE;
	for (size_t i = 0; args_list(a, "trust", i); i++)
		v->trusted[i] = args_list(a, "trust", i);
	for (size_t i = 0; args_list(a, "yara", i); i++)
		v->yara[i] = args_list(a, "yara", i);
	int rc = setup_known(&v->setup, a, &v->known);
	v->o.trusted = v->trusted;
	v->o.yara = v->yara;
	v->o.clamd = args_get(a, "clamd");
	v->o.org = v->m.org = v->setup.org;
	v->o.known = &v->known;
	v->m.history = args_has(a, "state") ? v->history : NULL;
	v->m.found = found;
	return rc;
}

static int run(const struct args *given)
{
	struct service *v = xcalloc(1, sizeof *v);
	struct args *a = xcalloc(1, sizeof *a);
	struct arena mem;
	struct err e;
	arena_init(&mem);
	*a = *given;
	int rc = 0;
	if (add_settings(a, &mem, &e)) {
		complain_err(&e);
		rc = EXIT_USAGE;
	}
	if (!rc)
		rc = prepare(v, a);
	if (!rc)
		rc = serve(v);
	if (rc == EXIT_DONE)
		return rc; /* nothing is freed: connections may still be under way */
	setup_free(&v->setup);
	arena_free(&mem);
	free(a);
	free(v);
	return rc;
}

const struct command command_milter = {
	.name = "milter",
	.summary = "mail filter for Postfix and Sendmail: bait is marked, or held",
	.usage = "milter [OPTION...]",
	.description = "Looks at mail before it is delivered. Each message gets the headers X-Postern-Verdict and X-Postern-Indicators; such headers that\n"
		       "came with it are taken out. One with file-critical findings is held in a folder, and its recipients get a notice in its place\n"
		       "that says why; 'postern quarantine' lists, releases and deletes what is held. Messages are taken apart in processes that can do\n"
		       "nothing else.",
	.options = options,
	.examples = "  postern milter --socket 127.0.0.1:8894\n  postern milter --group postfix --tag '[suspicious]' --trust mx.example.org\n",
	.run = run,
};
