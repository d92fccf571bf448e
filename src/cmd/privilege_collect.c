/* privilege_collect.c - postern privilege collect. */
#include "cmd/privilege_cmd.h"

int privilege_cmd_collect(const struct args *a)
{
	(void)a;
	complain("privilege collect: not there yet");
	return EXIT_USAGE;
}
