/* privilege_cut.c - postern privilege cut. */
#include "cmd/privilege_cmd.h"

int privilege_cmd_cut(const struct args *a)
{
	(void)a;
	complain("privilege cut: not there yet");
	return EXIT_USAGE;
}
