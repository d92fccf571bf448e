/* cmd_watch.c - postern watch: the daemon. */
#include "cmd/cmd.h"
#include "cmd/gates.h"
#include "cmd/ruleset.h"
#include "cmd/setup.h"
#include "watch/watch.h"

#include <stdio.h>
#include <unistd.h>

static const struct option options[] = {
	{"config", 'c', OPT_TEXT, "FILE", "settings (default: postern.yaml in $POSTERN_CONFIG, then /etc/postern;\nwithout one: /var/log is watched, nobody is told)"},
	{"state", 's', OPT_TEXT, "DIR", "folder of Postern's state (default $POSTERN_STATE, then /var/lib/postern)"},
	{"check", 0, OPT_FLAG, NULL, "read the settings, rules and logs, say what is wrong and what would be watched, and end"},
	{"verbose", 'v', OPT_FLAG, NULL, "tell more on standard error"},
	{0},
};

static const char *const level_words[] = {[LOG_LEVEL_ERROR] = "error: ", [LOG_LEVEL_WARN] = "warning: ", [LOG_LEVEL_INFO] = "", [LOG_LEVEL_DEBUG] = ""};

/* One write a line: lines of several processes do not mix. The manager adds the time. */
static void log_line(enum log_level level, const char *text)
{
	struct buf b = {0};
	buf_addf(&b, "postern watch: %s", level_words[level]);
	buf_term(&b, slice_of(text));
	buf_addc(&b, '\n');
	ssize_t n = write(STDERR_FILENO, b.p, b.n);
	(void)n;
	buf_free(&b);
}

static void log_quiet(enum log_level level, const char *text)
{
	if (level < LOG_LEVEL_DEBUG)
		log_line(level, text);
}

static int run(const struct args *a)
{
	char state[4096], rules[4096];
	struct err e;
	if (a->noperands) {
		complain("watch: no operands are taken; what is watched stands in postern.yaml\nTry 'postern watch --help'.");
		return EXIT_USAGE;
	}
	if (!state_file(a, "", state, sizeof state))
		return EXIT_USAGE;
	core_set_log(args_has(a, "verbose") ? log_line : log_quiet);
	struct gate_responder responder;
	struct respond_gate gate;
	if (!gate_responder(&responder, state, "postern watch", &gate)) {
		complain("--state: the name is too long");
		return EXIT_USAGE;
	}
	struct watch_options opt = {.gate = &gate, .config_path = args_get(a, "config"), .state = state, .rules_default = ruleset_default(rules, sizeof rules), .version = POSTERN_VERSION};
	int rc = args_has(a, "check") ? watch_check(&opt, &e) : watch_run(&opt, &e);
	if (!rc)
		return EXIT_DONE;
	complain_err(&e);
	return rc == ERR_IO || rc == ERR_NOENT ? EXIT_INPUT : EXIT_USAGE;
}

const struct command command_watch = {
	.name = "watch",
	.summary = "follow logs and tell when something happens",
	.usage = "watch [OPTION...]",
	.description =
		"Follows logs as they are written - files, the journal, syslog from the network, the audit dispatcher -, keeps incidents\n"
		"in its state, tells people and machines of them, and does about them what postern.yaml allows. Runs in the foreground,\n"
		"for a service manager; the process that opens files and the one that parses them are different ones.\n\n"
		"SIGHUP reloads settings, rules and org.yaml without losing anything; SIGTERM ends after a checkpoint. A process that was\n"
		"killed goes on where it was.",
	.options = options,
	.examples = "  postern watch --check\n"
		    "  systemctl enable --now postern-watch\n"
		    "  postern incident list\n",
	.run = run,
};
