/* fuzz_snapshot_units.c - unit files, crontabs, shell text, udev's and logrotate's files, capabilities, access control lists: byte 0 chooses. */
#include <stdlib.h>

#include "snapshot/access_private.h"
#include "snapshot/system_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void unit(struct snapshot *s, struct slice text)
{
	static const char *const names[] = {"x@y.service", "x.timer", "x.socket"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct unit u = {.name = slice_of(names[i]), .instance = SL("y")};
		unit_text(s, &u, text, SL("/x"));
		unit_text(s, &u, text, SL("/drop-in"));
		unit_rows(s, &u);
		unit_free(&u);
	}
}

static void system_crontab(struct snapshot *s, struct slice text)
{
	cron_rows(s, text, &(struct cron_context){.file = SL("/etc/crontab"), .enabled = SNAP_YES});
}

static void own_crontab(struct snapshot *s, struct slice text)
{
	cron_rows(s, text, &(struct cron_context){.file = SL("/x"), .account = SL("alice")});
	cron_rows(s, text, &(struct cron_context){.file = SL("/x"), .anacron = true});
}

static void shell(struct snapshot *s, struct slice text)
{
	struct snap_vec v = {0};
	shell_programs(s, text, &v);
	for (size_t i = 0; i < v.n; i++)
		if (!v.v[i].n || memchr(v.v[i].p, '$', v.v[i].n) || memchr(v.v[i].p, ';', v.v[i].n))
			abort();
	vec_free(&v);
}

static void udev(struct snapshot *s, struct slice text)
{
	udev_rows(s, text, SL("/x.rules"));
}

static void rotate(struct snapshot *s, struct slice text)
{
	struct logrotate_habit habit = {0, 7, 0};
	logrotate_rows(s, text, SL("/x"), &habit);
}

static void attributes(struct snapshot *s, struct slice text)
{
	struct slice out;
	struct access_node n = {.uid = 1, .gid = 2, .mode = 0750};
	static const int64_t groups[] = {2, 3};
	struct access_who who = {5, groups, 2}, anybody = {-1, NULL, 0};
	(void)capability_text(s, text, &out);
	if (acl_parse(text, &n) && n.nacl > ACL_MOST)
		abort();
	(void)access_may(&n, &who, ACCESS_WRITE);
	(void)access_may(&n, &anybody, ACCESS_WRITE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static void (*const targets[])(struct snapshot *, struct slice) = {unit, system_crontab, own_crontab, shell, udev, rotate, attributes};
	if (n == 0)
		return 0;
	char *copy = xmalloc(MAX(n - 1, (size_t)1));
	memcpy(copy, data + 1, n - 1);
	struct snapshot *s = snapshot_new();
	targets[data[0] % ARRAY_LEN(targets)](s, slice_make(copy, n - 1));
	for (size_t i = 0; i < s->njobs; i++)
		if (!s->jobs[i].kind.n || s->jobs[i].command.n > SNAP_TEXT_MAX)
			abort();
	snapshot_free(s);
	free(copy);
	return 0;
}
