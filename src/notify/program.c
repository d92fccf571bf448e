/* program.c - sendmail and the commands of channels: started by the privileged parent, with arguments from the configuration alone. */
#include "notify/notify_private.h"
#include "sys/sys.h"

#include <stdlib.h>

static void arguments(const struct notify_channel *c, const char **v)
{
	size_t n = 0;
	if (c->kind == NOTIFY_COMMAND) {
		for (size_t i = 0; i < c->nargv; i++)
			v[n++] = c->argv[i].p; /* a NUL follows each: config.c */
	} else {
		const char *const fixed[] = {c->sendmail.p, "-i", "-f", c->from.p, "--"}; /* a lone dot ends nothing; no recipient is an option */
		for (; n < ARRAY_LEN(fixed); n++)
			v[n] = fixed[n];
		for (size_t i = 0; i < c->nto; i++)
			v[n++] = c->to[i].p;
	}
	v[n] = NULL;
}

int notify_run_program(const struct notify_channel *c, struct slice body, struct err *e)
{
	struct buf said = {0};
	int status = 0;
	if (c->kind != NOTIFY_MAIL && c->kind != NOTIFY_COMMAND)
		return err_set(e, ERR_USAGE, "channel %.*s starts no program", SLFMT(c->name));
	if (body.n > NOTIFY_BODY_MAX)
		return err_set(e, ERR_LIMIT, "a message of %zu bytes is too long", body.n);
	const char **argv = xcalloc(c->nargv + c->nto + 8, sizeof *argv);
	arguments(c, argv);
	int rc = sys_run(argv, body, NOTIFY_PROGRAM_SECONDS, &said, &status, e);
	if (!rc && status) {
		struct buf shown = {0};
		notify_clean(&shown, slice_trim(buf_slice(&said)), 160);
		rc = err_set(e, ERR_IO, "%s ended with status %d%s%.*s", argv[0], status, shown.n ? ": " : "", SLFMT(buf_slice(&shown)));
		buf_free(&shown);
	}
	free(argv);
	buf_free(&said);
	return rc;
}
