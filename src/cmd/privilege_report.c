/* privilege_report.c - postern privilege report. */
#include "cmd/privilege_cmd.h"

int privilege_cmd_report(const struct args *a)
{
	(void)a;
	complain("privilege report: not there yet");
	return EXIT_USAGE;
}
