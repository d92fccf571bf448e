/* pages_report.c - nothing there yet. */
#include "console/console_private.h"

extern const struct route report_routes[];
const struct route report_routes[] = {
	{0},
};
