/* log.c - where libraries say things; nothing is allocated and long texts are cut. */
#include "core/core.h"

#include <stdarg.h>
#include <stdio.h>

static core_log_fn *sink;

void core_set_log(core_log_fn *fn)
{
	sink = fn;
}

void core_log(enum log_level level, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (sink == NULL)
		return;
	va_start(ap, fmt);
	if (vsnprintf(text, sizeof text, fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	sink(level, text);
}
