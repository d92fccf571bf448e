/* cmd_gate.c - postern gate: the service that sshd and PAM ask, and how it is. */
#include "cmd/cmd.h"
#include "cmd/setup.h"
#include "gate/gate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static const struct option options[] = {
	{"state", 's', OPT_TEXT, "DIR", "folder of Postern's state (default $POSTERN_STATE, then /var/lib/postern)"},
	{"socket", 0, OPT_TEXT, "PATH", "where it listens (default " GATE_SOCKET ")"},
	{"host", 0, OPT_TEXT, "NAME", "this machine's name in grants (default: its host name)"},
	{"keys-user", 0, OPT_TEXT, "USER", "user of sshd's AuthorizedKeysCommand (default " GATE_KEYS_USER ")"},
	{0},
};

static void to_stderr(enum log_level level, const char *text)
{
	static const int levels[] = {[LOG_LEVEL_ERROR] = LOG_ERR, [LOG_LEVEL_WARN] = LOG_WARNING, [LOG_LEVEL_INFO] = LOG_INFO, [LOG_LEVEL_DEBUG] = LOG_DEBUG};
	if (level == LOG_LEVEL_DEBUG)
		return;
	fprintf(stderr, "postern: %s\n", text);
	syslog(LOG_AUTHPRIV | levels[level], "postern: %s", text);
}

static int serve(const struct args *a, const char *state)
{
	struct err e;
	const struct gate_service_options o = {.state = state, .socket = args_get(a, "socket"), .host = args_get(a, "host"), .keys_user = args_get(a, "keys-user")};
	core_set_log(to_stderr);
	if (geteuid() != 0) {
		complain("gate serve: it decides for sshd and PAM, which believe root alone: start it as root");
		return EXIT_USAGE;
	}
	if (gate_serve(&o, &e) == 0)
		return EXIT_DONE;
	complain_err(&e);
	return EXIT_INPUT;
}

/* A question that cannot be allowed: whoever answers it is there. */
static bool answers(const char *path)
{
	struct gate_ask q;
	struct gate_answer answer;
	q = (struct gate_ask){.magic = GATE_MAGIC, .version = GATE_VERSION, .phase = PHASE_CLOSE, .session = UINT32_MAX, .pid = getpid(), .service = "postern", .account = "root"};
	gate_ask_service(path, &q, &answer, false);
	return answer.reason != GATE_FAULT || answer.reference[0];
}

static unsigned open_grants(const struct gate_policy *p, nstime now)
{
	unsigned n = 0;
	for (size_t i = 0; i < p->ngrants; i++)
		n += p->grants[i].state == GRANT_APPROVED && p->grants[i].from <= now && now < p->grants[i].until;
	return n;
}

static int status(const struct args *a, const char *state)
{
	char db[4096];
	struct gate_policy p = {0};
	struct err e;
	struct timespec t;
	const char *path = args_get(a, "socket") ? args_get(a, "socket") : GATE_SOCKET;
	if (geteuid() != 0) {
		complain("gate status: only root may look at it");
		return EXIT_USAGE;
	}
	bool up = answers(path);
	printf("%s: %s\n", path, up ? "the service answers" : "the service does not answer: providers are denied");
	if (!state_file(a, "gate.db", db, sizeof db))
		return EXIT_USAGE;
	(void)state;
	struct vault *v = vault_open(db, VAULT_READ, &e);
	int rc = v ? gate_policy_load(v, &p, &e) : e.code;
	if (rc)
		complain_err(&e);
	clock_gettime(CLOCK_REALTIME, &t);
	nstime now = t.tv_sec * NS_SEC + t.tv_nsec;
	if (!rc) {
		printf("%s: %zu provider%s, %zu person%s, %zu grant%s, %u open now\n", db, p.nproviders, p.nproviders == 1 ? "" : "s", p.npersons, p.npersons == 1 ? "" : "s", p.ngrants,
			p.ngrants == 1 ? "" : "s", open_grants(&p, now));
		if (p.seen > now + 2 * NS_SEC)
			printf("the clock was set back: providers are denied until postern grant trust-clock\n");
	}
	gate_policy_free(&p);
	vault_close(v);
	return up && !rc ? EXIT_DONE : EXIT_CONDITION;
}

static const struct verb {
	const char *name;
	int (*fn)(const struct args *a, const char *state);
} verbs[] = {{"serve", serve}, {"status", status}};

static int run(const struct args *a)
{
	char state[4096];
	const struct verb *v = NULL;
	for (size_t i = 0; a->noperands == 1 && i < ARRAY_LEN(verbs); i++)
		if (strcmp(a->operand[0], verbs[i].name) == 0)
			v = &verbs[i];
	if (!v) {
		complain("gate: say what to do: serve or status\nTry 'postern gate --help'.");
		return EXIT_USAGE;
	}
	return state_file(a, "", state, sizeof state) ? v->fn(a, state) : EXIT_USAGE;
}

const struct command command_gate = {
	.name = "gate",
	.summary = "the service that lets providers in, or not",
	.usage = "gate [OPTION...] serve | status",
	.description = "serve   answers sshd's key command, the PAM module and the recorder: who may in now, and ends sessions when their grant does.\n"
		       "        As root; it keeps few of root's rights. Until SIGTERM; SIGHUP looks at the database at once.\n"
		       "status  does it answer, and what does it know\n\n"
		       "Only members of the group " GATE_GROUP " are subject to it. When the service or its database is gone they are denied; nobody else notices.",
	.options = options,
	.examples = "  systemctl enable --now postern-gate\n  postern gate status\n",
	.run = run,
};
