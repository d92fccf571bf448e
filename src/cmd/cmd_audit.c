/* cmd_audit.c - postern audit: is this set up as the advisory demands? */
#include "cmd/cmd.h"
#include "cmd/setup.h"
#include "cmd/state.h"

static const struct option options[] = {
	{"root", 'R', OPT_TEXT, "DIR", "a mounted or copied root instead of this machine"},
	{"format", 'f', OPT_CHOICE, "text|json|html", "how to print (default text)"},
	STATE_OPTION,
	{0},
};

static int run(const struct args *a)
{
	(void)a;
	complain("audit: not there yet");
	return EXIT_USAGE;
}

const struct command command_audit = {
	.name = "audit",
	.summary = "is this machine set up as the advisory demands",
	.usage = "audit [OPTION...] [SNAPSHOT...]",
	.description = "Checks, each with evidence, severity and what to do.",
	.options = options,
	.examples = "  postern audit\n",
	.run = run,
};
