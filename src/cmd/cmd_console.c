/* cmd_console.c - postern console: starts it, and keeps its users. */
#include "cmd/cmd.h"
#include "cmd/console_facts.h"
#include "cmd/console_users.h"
#include "cmd/setup.h"
#include "console/console.h"
#include "sys/sys.h"
#include "watch/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct option options[] = {
	{"listen", 'l', OPT_TEXT, "ADDRESS:PORT", "where to listen (default 127.0.0.1:8443; port 0: any)"},
	{"state", 's', OPT_TEXT, "DIR", "folder of Postern's state (default $POSTERN_STATE, then /var/lib/postern)"},
	{"config", 'c', OPT_TEXT, "FILE", "settings (default: postern.yaml in $POSTERN_CONFIG, then /etc/postern)"},
	{"org", 'o', OPT_TEXT, "FILE", "organisation file (default: org.yaml in $POSTERN_CONFIG, then /etc/postern)"},
	{"certificate", 0, OPT_TEXT, "FILE", "certificate and chain, PEM (default: one made at the first start)"},
	{"key", 0, OPT_TEXT, "FILE", "its key, PEM"},
	{"plain", 0, OPT_FLAG, NULL, "HTTP without TLS, for a proxy on this machine: loopback only"},
	{"user", 'u', OPT_TEXT, "NAME", "the process that talks to browsers becomes this user (default postern)"},
	{"quarantine", 'q', OPT_TEXT, "DIR", "held mail (default /var/lib/postern-milter when it is there)"},
	{"sendmail", 0, OPT_TEXT, "FILE", "program that sends released mail (default /usr/sbin/sendmail)"},
	{"web", 0, OPT_TEXT, "DIR", "style sheet and script (default: those that came with the program)"},
	{"lessons", 0, OPT_TEXT, "DIR", "lessons (default: those that came with the program)"},
	{"threads", 'j', OPT_NUMBER, "N", "threads that make pages (default 4)", 1, 32},
	CONSOLE_USER_OPTIONS,
	{"format", 'f', OPT_CHOICE, "text|json", "how to print lists (default text)"},
	{0},
};

/* Data that came with the program: beside it when it runs from where it was built, else where it was installed. */
static const char *data_folder(const struct args *a, const char *name, char *out, size_t n)
{
	char self[4096];
	if (args_has(a, name))
		return args_get(a, name);
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	const char *const behind[] = {"%s/../../%s", "%s/../share/postern/%s"};
	self[MAX(len, 0)] = 0;
	char *slash = strrchr(self, '/');
	if (slash)
		*slash = 0;
	struct stat st;
	for (size_t i = 0; slash && i < ARRAY_LEN(behind); i++) {
		int w = i ? snprintf(out, n, "%s/../share/postern/%s", self, name) : snprintf(out, n, "%s/../../%s", self, name);
		if (w > 0 && (size_t)w < n && stat(out, &st) == 0 && S_ISDIR(st.st_mode))
			return out;
	}
	snprintf(out, n, "/usr/share/postern/%s", name);
	return out;
}

static void tell(enum log_level level, const char *text)
{
	if (level <= LOG_LEVEL_INFO)
		fprintf(stderr, "postern: %s\n", text);
}

static int serve(const struct args *a)
{
	char state[4096], web[4200], lessons[4200];
	struct setup s = {0};
	struct watch_config config;
	struct err e;
	uint64_t threads = 0;
	if (args_get(a, "threads"))
		slice_u64(slice_of(args_get(a, "threads")), 32, &threads);
	if (!state_file(a, "", state, sizeof state))
		return EXIT_USAGE;
	if (watch_config_read(args_get(a, "config"), &config, &e)) {
		complain_err(&e);
		return EXIT_USAGE;
	}
	struct lure_known known = {0};
	int rc = setup_known(&s, a, &known);
	core_set_log(tell);
	sys_raise_files();
	struct console_facts facts = {0};
	const char *quarantine = args_has(a, "quarantine") ? args_get(a, "quarantine") : access("/var/lib/postern-milter", F_OK) == 0 ? "/var/lib/postern-milter" : NULL;
	if (!rc)
		facts_collect(&facts, &config, s.org, s.org_path);
	const struct console_options o = {.facts = facts.v, .nfacts = facts.n, .state = state, .quarantine = quarantine, .lessons = data_folder(a, "lessons", lessons, sizeof lessons),
		.web = data_folder(a, "web", web, sizeof web), .listen = args_get(a, "listen"), .certificate = args_get(a, "certificate"), .key = args_get(a, "key"),
		.plain = args_has(a, "plain"), .user = args_get(a, "user"), .sendmail = args_has(a, "sendmail") ? args_get(a, "sendmail") : "/usr/sbin/sendmail", .org = s.org, .known = &known,
		.gate = &config.gate, .version = POSTERN_VERSION, .threads = (unsigned)threads, .ready_fd = -1};
	if (!rc && !o.certificate != !o.key) {
		complain("console: --certificate and --key go together");
		rc = EXIT_USAGE;
	}
	if (!rc && console_run(&o, &e)) {
		complain_err(&e);
		rc = e.code == ERR_USAGE ? EXIT_USAGE : EXIT_INPUT;
	}
	facts_free(&facts);
	watch_config_free(&config);
	setup_free(&s);
	return rc;
}

static int run(const struct args *a)
{
	struct buf out = {0};
	if (!a->noperands)
		return serve(a);
	if (strcmp(a->operand[0], "user") == 0)
		return console_users_run(a);
	if (strcmp(a->operand[0], "routes") == 0 && a->noperands == 1) { /* for tests: what there is, and who may */
		console_routes(&out);
		int rc = write_out(NULL, buf_slice(&out)) ? EXIT_DONE : EXIT_INPUT;
		buf_free(&out);
		return rc;
	}
	complain("console: no \"%s\": nothing to start it, or user\nTry 'postern console --help'.", a->operand[0]);
	return EXIT_USAGE;
}

const struct command command_console = {
	.name = "console",
	.summary = "web pages: incidents, approvals, reports, lessons",
	.usage = "console [OPTION...] [user add NAME | user list | user password NAME | user invite NAME | user remove NAME | user reset NAME | user import [FILE.csv]]",
	.description = "Without an operand it serves pages over HTTPS until it is told to end. The process that talks to browsers is confined and has no rights;\n"
		       "passwords, second factors and decisions are another one's, which checks each question. See man postern-console.\n\n"
		       "user add NAME       adds a user, or changes the options given\n"
		       "user list           who there is, with roles\n"
		       "user password NAME  sets a password, read from the terminal or standard input\n"
		       "user invite NAME    a word that is good once, with which the user sets a password\n"
		       "user remove NAME    removes the user, sessions and second factor\n"
		       "user reset NAME     takes the second factor away: the device is lost\n"
		       "user import [FILE]  staff of the organisation file, or of a CSV file (name,shown,mail,team,roles,language), as users",
	.options = options,
	.examples = "  postern console --listen 127.0.0.1:8443\n"
		    "  postern console user add mia --shown 'Mia Petersen' --mail mia@reederei.example --role approver --role employee\n"
		    "  postern console user invite mia --hours 48\n"
		    "  postern console user import --org /etc/postern/org.yaml\n",
	.run = run,
};
