/* notify_drive.c - room notify by hand, for test/e2e/notify*.py.
 *
 * notify_drive queue DB CONFIG KEY LEVEL FINDINGS STAGES FLAGS   an incident into the outbox; FLAGS: n new, l level, s stage, m more
 * notify_drive run DB CONFIG SECONDS                             send until nothing is pending, at most so long
 * notify_drive list DB                                           one JSON line a message
 * notify_drive requeue DB
 * notify_drive latency DB CONFIG N                               N incidents one after the other, queued and sent: milliseconds, one a line
 * CONFIG holds the section `notify` as a document of its own. Programs run in a child, as a parent that has other work would have them run.
 */
#include "notify/notify_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct drive {
	struct store *store;
	struct org *org;
	struct arena mem;
	struct notify_config config;
	struct notifier *notifier;
	int ended; /* pipe: how programs ended */
	int ends;
};
struct end {
	char id[72];
	int code;
	char text[256];
};

static _Noreturn void die(const struct err *e)
{
	char text[800];
	fprintf(stderr, "notify_drive: %s\n", err_format(e, text, sizeof text));
	exit(2);
}

static nstime now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (nstime)t.tv_sec * NS_SEC + t.tv_nsec;
}

static int run(void *arg, const char *id, const struct notify_channel *c, struct slice body, struct err *e)
{
	struct drive *d = arg;
	pid_t pid = fork();
	if (pid < 0)
		return err_set(e, ERR_IO, "fork: %m");
	if (pid)
		return NOTIFY_LATER;
	struct end end = {0};
	struct err mine = {0};
	snprintf(end.id, sizeof end.id, "%s", id);
	end.code = notify_run_program(c, body, &mine);
	snprintf(end.text, sizeof end.text, "%.255s", mine.text);
	_exit(write(d->ends, &end, sizeof end) != (ssize_t)sizeof end);
}

static void open_all(struct drive *d, const char *db, const char *config, enum store_mode mode)
{
	static const struct yaml_options opt = {.max_bytes = 1 << 20, .max_nodes = 10000};
	static char text[1 << 16];
	struct err e = {0};
	struct node *root;
	int p[2];
	arena_init(&d->mem);
	d->org = org_new();
	d->store = store_open(db, mode, &e);
	if (!d->store || pipe2(p, 0))
		die(&e);
	d->ended = p[0];
	d->ends = p[1];
	if (!config)
		return;
	FILE *f = fopen(config, "r");
	size_t n = f ? fread(text, 1, sizeof text, f) : 0;
	if (f)
		fclose(f);
	if (yaml_read(slice_dup(&d->mem, slice_make(text, n)), config, &opt, &d->mem, &root, &e) || notify_config_read(root, config, &d->mem, &d->config, &e))
		die(&e);
	d->config.version = "0.0-drive";
}

static void close_all(struct drive *d)
{
	notifier_free(d->notifier);
	store_close(d->store);
	org_free(d->org);
	arena_free(&d->mem);
	close(d->ended);
	close(d->ends);
}

/* ---- queue ------------------------------------------------------------------------------------------------------------------ */

static struct finding *one(const char *key, unsigned i, enum level level, unsigned stages)
{
	struct finding *f = finding_new();
	f->rule_id = SL("postern.test");
	f->rule_name = SL("Test");
	f->level = i ? LEVEL_LOW : level;
	f->stage = (enum stage)(i < stages ? STAGE_ENTRY + (int)i : STAGE_NONE);
	f->count = 1;
	finding_printf(f, &f->title, "%s: step %u\r\nBcc: forged@example.org \xc3\xa4\xe2\x80\xae|=]\"", key, i);
	finding_evidence_raw(f, 0, i, now(), slice_of(key));
	finding_entity(f, ENT_USER, slice_of(key));
	finding_entity(f, ENT_SOURCE, SL("203.0.113.77"));
	finding_entity(f, ENT_HOST, SL("web1"));
	finding_name(f, slice_of(key), i);
	return f;
}

static void queue(struct drive *d, const char *key, enum level level, unsigned findings, unsigned stages, const char *flags)
{
	struct incidents *s = incidents_new(d->org);
	struct err e = {0};
	unsigned queued;
	for (unsigned i = 0; i < findings; i++)
		incidents_add(s, one(key, i, level, stages));
	incidents_build(s);
	struct notify_change x = {incidents_get(s, 0), key, strchr(flags, 'n'), strchr(flags, 'l'), strchr(flags, 's'), strchr(flags, 'm'), "open"};
	if (!x.incident || store_begin(d->store, &e) || notify_queue(d->store, &d->config, d->org, &x, now(), &queued, &e) || store_commit(d->store, &e))
		die(&e);
	incidents_free(s);
}

/* ---- run -------------------------------------------------------------------------------------------------------------------- */

static void hear_of_programs(struct drive *d)
{
	struct end end;
	struct err e = {0}, failed = {0};
	if (read(d->ended, &end, sizeof end) != (ssize_t)sizeof end)
		return;
	snprintf(failed.text, sizeof failed.text, "%s", end.text);
	if (notifier_ran(d->notifier, end.id, end.code ? &failed : NULL, now(), &e))
		die(&e);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void send_all(struct drive *d, nstime until)
{
	struct err e = {0};
	uint64_t pending = 1;
	while (pending && now() < until) {
		nstime next, t = now();
		if (notifier_step(d->notifier, t, &next, &e) || store_message_count(d->store, OUTBOX_PENDING, &pending, &e))
			die(&e);
		nstime wait = next == NSTIME_NONE ? NS_SEC : next - now();
		wait = MIN(wait, until - now());
		if (pending && notifier_wait(d->notifier, d->ended, wait > 0 ? (int)(wait / 1000000) + 1 : 0))
			hear_of_programs(d);
	}
}

static void begin(struct drive *d)
{
	struct err e = {0};
	d->notifier = notifier_new(d->store, &d->config, d->org, run, d, &e);
	if (!d->notifier)
		die(&e);
}

static void latency(struct drive *d, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char key[32];
		snprintf(key, sizeof key, "latency-%u", i);
		queue(d, key, LEVEL_HIGH, 1, 0, "n");
		nstime t = now();
		send_all(d, t + 20 * NS_SEC);
		printf("%.3f\n", (double)(now() - t) / 1e6);
	}
}

static int show(void *arg, const struct store_message *m)
{
	struct buf b = {0};
	(void)arg;
	buf_addf(&b, "{\"id\":\"%s\",\"state\":%d,\"held\":%d,\"attempts\":%u,\"doubt\":%s,\"under_way\":%s,\"channel\":", m->id, (int)m->state, (int)m->held, m->attempts,
		m->doubt ? "true" : "false", m->under_way ? "true" : "false");
	buf_json(&b, m->channel);
	buf_addz(&b, ",\"incident\":");
	buf_json(&b, slice_of(m->incident));
	buf_addz(&b, ",\"error\":");
	buf_json(&b, m->error);
	printf("%.*s}\n", SLFMT(buf_slice(&b)));
	buf_free(&b);
	return 0;
}

static void list(struct drive *d)
{
	struct err e = {0};
	for (int state = OUTBOX_PENDING; state <= OUTBOX_GROUPED; state++)
		if (store_messages(d->store, (enum outbox_state)state, -1, show, NULL, &e))
			die(&e);
}

static int usage(void)
{
	fputs("usage: see test/helper/notify_drive.c\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct drive d = {0};
	struct err e = {0};
	const char *what = argc > 2 ? argv[1] : "";
	uint64_t a = 0, b = 0;
	enum level level;
	if (strcmp(what, "queue") == 0 && argc == 9 && level_parse(slice_of(argv[5]), &level) && slice_u64(slice_of(argv[6]), 5000, &a) && slice_u64(slice_of(argv[7]), 8, &b)) {
		open_all(&d, argv[2], argv[3], STORE_CREATE);
		queue(&d, argv[4], level, (unsigned)a, (unsigned)b, argv[8]);
	} else if ((strcmp(what, "run") == 0 || strcmp(what, "latency") == 0) && argc == 5 && slice_u64(slice_of(argv[4]), 100000, &a)) {
		open_all(&d, argv[2], argv[3], STORE_CREATE);
		begin(&d);
		if (what[0] == 'r')
			send_all(&d, now() + (nstime)a * NS_SEC);
		else
			latency(&d, (unsigned)a);
	} else if (strcmp(what, "list") == 0 && argc == 3) {
		open_all(&d, argv[2], NULL, STORE_READ);
		list(&d);
	} else if (strcmp(what, "requeue") == 0 && argc == 3) {
		open_all(&d, argv[2], NULL, STORE_WRITE);
		if (store_messages_requeue(d.store, NULL, now(), &a, &e))
			die(&e);
		printf("%llu\n", (unsigned long long)a);
	} else {
		return usage();
	}
	close_all(&d);
	return 0;
}
