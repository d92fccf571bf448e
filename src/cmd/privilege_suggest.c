/* privilege_suggest.c - postern privilege suggest. */
#include "cmd/privilege_cmd.h"

int privilege_cmd_suggest(const struct args *a)
{
	(void)a;
	complain("privilege suggest: not there yet");
	return EXIT_USAGE;
}
