/* cmd_privilege.c - postern privilege: what is granted, what is used, what could be reached, what to take away. */
#include "cmd/privilege_cmd.h"
#include "cmd/setup.h"
#include "cmd/state.h"

static const struct option options[] = {
	{"snapshot", 'S', OPT_LIST, "PATH", "a snapshot, or a folder of them: the newest of each host counts; may be given several\ntimes (default: DIR/snapshots of --state, else this machine as it is now)"},
	{"logs", 'l', OPT_LIST, "PATH", "logs that show what was used (files, folders, packed); may be given several times"},
	{"days", 'd', OPT_NUMBER, "N", "a right not used for so many days is unused (default 90)", 1, 3650},
	{"root", 'R', OPT_TEXT, "DIR", "collect, suggest: a mounted or copied root instead of this machine"},
	{"host", 'H', OPT_LIST, "HOST", "collect: over ssh from this host, or ORG for all hosts of the organisation file;\nreport, suggest: only these hosts; may be given several times"},
	{"save", 0, OPT_FLAG, NULL, "collect: into DIR/snapshots of --state, named by host and time;\nreport, exposure, cut: keep the last 12 results in DIR/posture of --state, for the console"},
	{"from", 'F', OPT_LIST, "PLACE", "reach, cut, suggest: account@host, host, provider:ID, person:NAME, key:SHA256:..., role:NAME, outside"},
	{"to", 'T', OPT_LIST, "PLACE", "cut, suggest: what must be out of reach, as --from"},
	{"cost", 0, OPT_LIST, "WHAT=N", "cut, suggest: what taking away costs, as a factor: KIND=N, host:NAME=N, account:NAME=N"},
	{"kind", 'k', OPT_LIST, "KIND", "report: only rights of this kind"},
	{"unused", 'u', OPT_FLAG, NULL, "report: only what was not used"},
	{"undo", 0, OPT_TEXT, "FILE", "suggest: where the patch that undoes it goes"},
	{"org", 'o', OPT_TEXT, "FILE", "organisation file: hosts, providers, staff (default: /etc/postern/org.yaml)"},
	{"tz", 0, OPT_TEXT, "ZONE", "zone of times that carry none: Europe/Berlin, +02:00\n(default: the organisation file's, else UTC)"},
	{"output", 'O', OPT_TEXT, "FILE", "write there (default: standard output)"},
	{"format", 'f', OPT_CHOICE, "text|json|html|svg", "how to print (default text)"},
	{"color", 0, OPT_CHOICE, "auto|always|never", "colours (default: on a terminal)"},
	STATE_OPTION,
	{0},
};

static const struct verb {
	const char *name;
	size_t least, most; /* operands behind the verb */
	int (*run)(const struct args *a);
} verbs[] = {
	{"collect", 0, 0, privilege_cmd_collect},
	{"diff", 0, 2, privilege_cmd_diff},
	{"report", 0, 0, privilege_cmd_report},
	{"reach", 0, 0, privilege_cmd_reach},
	{"exposure", 1, 1, privilege_cmd_exposure},
	{"cut", 0, 0, privilege_cmd_cut},
	{"suggest", 0, 0, privilege_cmd_suggest},
};

static int run(const struct args *a)
{
	const struct verb *v = NULL;
	for (size_t i = 0; a->noperands && i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, a->operand[0]) == 0)
			v = &verbs[i];
	if (!v || a->noperands - 1 < v->least || a->noperands - 1 > v->most) {
		complain("privilege: say what to do: collect, diff [OLD NEW], report, reach, exposure HOST, cut, suggest\nTry 'postern privilege --help'.");
		return EXIT_USAGE;
	}
	return v->run(a);
}

const struct command command_privilege = {
	.name = "privilege",
	.summary = "what is granted, used and reachable, and what to take away",
	.usage = "privilege [OPTION...] collect | diff [OLD NEW] | report | reach | exposure PLACE | cut | suggest",
	.description = "collect           what this machine grants, as one JSON document (read-only)\n"
		       "diff [OLD NEW]    what changed between two snapshots (default: the newest two of each host in the state); a new right is a finding\n"
		       "report            rights, and when they were last used\n"
		       "reach             what is reachable --from an account, person, provider or key, and how\n"
		       "exposure PLACE    who reaches a host or account, and how\n"
		       "cut               the cheapest set of rights without which --to is not reachable --from\n"
		       "suggest           a patch that takes away what is not used, and one that undoes it; nothing is changed",
	.options = options,
	.examples = "  postern privilege collect --save\n  postern privilege report --logs /var/log\n"
		    "  postern privilege cut --from provider:hafenlicht --to role:crown-jewel\n",
	.run = run,
};
