/* privilege_reach.c - postern privilege reach. */
#include "cmd/privilege_cmd.h"

int privilege_cmd_reach(const struct args *a)
{
	(void)a;
	complain("privilege reach: not there yet");
	return EXIT_USAGE;
}

int privilege_cmd_exposure(const struct args *a)
{
	return privilege_cmd_reach(a);
}
