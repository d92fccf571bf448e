/* privilege_diff.c - postern privilege diff. */
#include "cmd/privilege_cmd.h"

int privilege_cmd_diff(const struct args *a)
{
	(void)a;
	complain("privilege diff: not there yet");
	return EXIT_USAGE;
}
