/* pages_access.c - nothing there yet. */
#include "console/console_private.h"

extern const struct route access_routes[];
const struct route access_routes[] = {
	{0},
};
