/* err.c - error codes with their context, and what happens when memory is out. */
#include "core/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void (*oom_hook)(void);

const char *err_text(int code)
{
	switch (code) {
	case 0:
		return "no error";
#define X(name, num, text) \
	case name:         \
		return text;
		ERR_LIST(X)
#undef X
	}
	return "unknown error";
}

/* The arguments may point into *e itself, when a layer adds its sentence to the error of the one below. Everything
 * is therefore put together beside it first. */
PRINTF_LIKE(6, 0)
static int err_vfill(struct err *e, int code, const char *where, int line, int column, const char *fmt, va_list ap)
{
	struct err fresh;

	if (e == NULL)
		return code;
	fresh = (struct err){.code = code, .line = line, .column = column};
	if (vsnprintf(fresh.text, sizeof fresh.text, fmt, ap) < 0)
		fresh.text[0] = '\0';
	if (where != NULL) {
		size_t n = strnlen(where, sizeof fresh.where - 1);
		memcpy(fresh.where, where, n);
	}
	*e = fresh;
	return code;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vfill(e, code, NULL, 0, 0, fmt, ap);
	va_end(ap);
	return code;
}

int err_at(struct err *e, int code, const char *where, int line, int column, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vfill(e, code, where, line, column, fmt, ap);
	va_end(ap);
	return code;
}

char *err_format(const struct err *e, char *buf, size_t n)
{
	char pos[32] = "";
	const char *text = e->text[0] ? e->text : err_text(e->code);

	if (n == 0)
		return buf;
	if (e->line > 0 && e->column > 0)
		snprintf(pos, sizeof pos, "%d:%d: ", e->line, e->column);
	else if (e->line > 0)
		snprintf(pos, sizeof pos, "%d: ", e->line);
	if (e->where[0])
		snprintf(buf, n, "%s:%s%s%s", e->where, pos[0] ? "" : " ", pos, text);
	else
		snprintf(buf, n, "%s%s", pos, text);
	return buf;
}

void core_set_oom(void (*fn)(void))
{
	oom_hook = fn;
}

_Noreturn void core_oom(void)
{
	static const char say[] = "out of memory\n";

	if (oom_hook != NULL)
		oom_hook();
	/* No hook, or one that broke its word and returned. */
	if (write(STDERR_FILENO, say, sizeof say - 1) < 0)
		abort();
	abort();
}
