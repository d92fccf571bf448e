/* pages_lesson.c - nothing there yet. */
#include "console/console_private.h"

extern const struct route lesson_routes[];
const struct route lesson_routes[] = {
	{0},
};
