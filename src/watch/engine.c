/* engine.c - the process that parses everything hostile: set-up, then a loop over messages, logs, and the clock. */
#include "watch/watch_private.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#define TICK NS_SEC
#define CHECKPOINT_LEAST (2 * NS_SEC)
#define CHECKPOINT_MOST (300 * NS_SEC)
enum { CHECKPOINT_SHARE = 50, /* of the time, one part for checkpoints */ MESSAGES_TURN = 500, SPENT_MANY = 3 };

/* ---- set-up ---------------------------------------------------------------------------------------------------------------- */

static int zone_cb(void *arg, nstime local)
{
	return zone_offset_local(arg, local);
}

/* Local civil time to UTC: ask with the offset of the first guess. */
static int org_cb(void *arg, nstime local)
{
	const struct org *o = arg;
	int first = org_utc_offset(o, local);
	return org_utc_offset(o, local - first * NS_SEC);
}

static void set_zone(struct engine *en)
{
	if (en->rules.zone) {
		en->decode.utc_offset = zone_cb;
		en->decode.utc_arg = en->rules.zone;
	} else if (org_timezone(en->rules.org).n) {
		en->decode.utc_offset = org_cb;
		en->decode.utc_arg = en->rules.org;
	}
}

static int open_store(struct engine *en, struct err *e)
{
	char path[4200];
	uint64_t seed;
	snprintf(path, sizeof path, "%s/postern.db", en->at->state);
	en->store = store_open(path, STORE_CREATE, e);
	if (!en->store)
		return ERR_IO;
	int rc = store_seed(en->store, &seed, e);
	if (!rc)
		hash_reseed(seed);
	return rc;
}

/* What was found, judged and told must never leave by the network, whatever a log line makes of this process. */
static int confine(struct engine *en, struct err *e)
{
	bool landlock;
	const char *writable[] = {en->at->state, NULL}, *readable[] = {en->at->state, NULL};
	int rc = sys_confine_as(SYS_ENGINE, readable, writable, &landlock, e);
	if (!rc && !landlock)
		core_log(LOG_LEVEL_WARN, "this kernel has no Landlock: the system call filter holds alone");
	return rc;
}

static int start(struct engine *en, struct err *e)
{
	struct utsname u;
	int rc = open_store(en, e);
	if (!rc)
		rc = watch_rules_load(en->at->opt, en->config, &en->rules, e);
	if (rc)
		return rc;
	set_zone(en);
	en->names = strtab_new();
	en->decode.now = wall_ns();
	snprintf(en->node, sizeof en->node, "%s", uname(&u) ? "" : u.nodename);
	if ((rc = confine(en, e)) || (rc = judge_start(en, e)))
		return rc;
	en->tables = decode_tables_new(&en->decode, e);
	if (!en->tables)
		return ERR_NOMEM;
	en->decoder = block_decoder_new(en->tables, en->hunt ? en->rules.rules : NULL);
	return checkpoint_load(en, e);
}

static void stop(struct engine *en)
{
	lanes_free(en);
	sources_free(en);
	judge_free(en);
	block_decoder_free(en->decoder);
	decode_tables_free(en->tables);
	strtab_free(en->names);
	watch_rules_free(&en->rules);
	store_close(en->store);
	buf_free(&en->scratch);
}

/* ---- messages ---------------------------------------------------------------------------------------------------------------- */

static void tell_parent(struct engine *en, enum message m)
{
	struct err e;
	if (sys_send(en->at->parent, m, SLICE_NONE, -1, 1000, &e) == ERR_STOPPED)
		en->stopping = true;
}

static void on_file(struct engine *en, struct slice body, int fd, bool renamed)
{
	struct live_file f;
	uint32_t number;
	if (!message_file_read(body, &number, &f)) {
		core_log(LOG_LEVEL_ERROR, "the parent told of a file in a way that is not understood");
		if (fd >= 0)
			close(fd);
		return;
	}
	char *path = xstrndup(f.path.p, f.path.n); /* with a NUL behind it */
	f.path.p = path;
	if (renamed)
		live_follow_renamed(en->follow, number, &f);
	else
		live_follow_found(en->follow, number, &f, fd);
	free(path);
}

static void on_number(struct engine *en, enum message type, struct slice body)
{
	struct wire w = wire_of(body);
	uint32_t number = wire_u32(&w);
	if (w.bad)
		return;
	if (type == M_GREW)
		live_follow_grew(en->follow, number);
	else
		live_follow_gone(en->follow, number);
}

static void on_receiver(struct engine *en, struct slice body)
{
	struct wire w = wire_of(body);
	uint32_t which = wire_u32(&w);
	struct live_status st;
	if (which < ARRAY_LEN(en->figures.receiver) && wire_raw(&w, &st, sizeof st))
		en->figures.receiver[which] = st;
}

static void on_walked(struct engine *en)
{
	live_follow_settled(en->follow);
	en->walked = true;
}

static void on_message(struct engine *en, struct sys_message *m)
{
	struct store_action a;
	switch ((enum message)m->type) {
	case M_FILE: on_file(en, m->body, m->fd, false); return;
	case M_RENAMED: on_file(en, m->body, -1, true); break;
	case M_GREW:
	case M_GONE: on_number(en, (enum message)m->type, m->body); break;
	case M_WALKED: on_walked(en); break;
	case M_RECEIVER: on_receiver(en, m->body); break;
	case M_RESULT:
		if (message_action_read(m->body, &a))
			judge_result(en, &a);
		break;
	case M_STOP: en->stopping = true; break;
	default: core_log(LOG_LEVEL_ERROR, "a message of an unknown kind: %u", m->type);
	}
	if (m->fd >= 0)
		close(m->fd);
}

static bool take_messages(struct engine *en)
{
	struct err e;
	for (int n = 0; n < MESSAGES_TURN; n++) {
		int rc = sys_receive(en->at->parent, &en->message, &e);
		if (rc == ERR_STOPPED)
			en->stopping = true; /* the parent is gone: save what there is */
		if (rc <= 0)
			return false;
		on_message(en, &en->message);
	}
	return true;
}

/* ---- the loop ------------------------------------------------------------------------------------------------------------------ */

/* How many spool files could go, looked up ten times a second at most. */
static void count_spent(struct engine *en, int64_t now)
{
	const struct live_spent *v;
	if (now - en->last_spent < NS_SEC / 10)
		return;
	en->last_spent = now;
	en->spent = live_follow_spent(en->follow, &v);
}

static int64_t checkpoint_wait(struct engine *en, int64_t now)
{
	int64_t every = (int64_t)(en->figures.checkpoint_s * CHECKPOINT_SHARE * NS_SEC);
	every = MIN(MAX(every, CHECKPOINT_LEAST), CHECKPOINT_MOST);
	if (en->figures.lines == en->saved_lines)
		return INT64_MAX;
	if (en->spent >= SPENT_MANY) /* senders may wait for the room */
		every = MIN(every, CHECKPOINT_LEAST / 8);
	return MAX(en->last_checkpoint + every - now, 0);
}

static void checkpoint(struct engine *en)
{
	uint64_t lines = en->figures.lines, before = en->figures.checkpoints;
	judge_flush(en, true);
	if (en->failed || en->figures.checkpoints == before)
		return; /* somebody else writes: the next turn */
	en->saved_lines = lines;
	sources_tidy(en);
}

static void tick(struct engine *en, int64_t now)
{
	en->last_tick = now;
	live_follow_tick(en->follow);
	care_tick(en);
	figures_write(en);
	tell_parent(en, M_ALIVE);
}

/* One turn: nanoseconds until the next is needed. */
static int64_t turn(struct engine *en)
{
	int64_t wait = take_messages(en) ? 0 : INT64_MAX, now;
	if (en->walked) {
		wait = MIN(wait, lanes_work(en));
		wait = MIN(wait, judge_flush(en, false));
		now = mono_ns();
		count_spent(en, now);
		if (en->spent)
			sources_tidy(en);
		int64_t until = checkpoint_wait(en, now);
		if (!until)
			checkpoint(en);
		wait = MIN(wait, until ? until : en->spent ? NS_SEC / 10 : CHECKPOINT_LEAST);
		if (!en->ready) {
			en->ready = true;
			tell_parent(en, M_READY);
		}
	}
	now = mono_ns();
	if (now - en->last_tick >= TICK)
		tick(en, now);
	return MIN(wait, en->last_tick + TICK - now);
}

static void nap(const struct engine *en, int64_t ns)
{
	struct pollfd p = {.fd = en->at->parent, .events = POLLIN};
	struct timespec t = {ns / NS_SEC, ns % NS_SEC};
	if (ns > 0)
		(void)ppoll(&p, 1, &t, NULL);
}

int engine_main(const struct child_place *at, struct err *e)
{
	struct engine *en = xcalloc(1, sizeof *en);
	en->at = at;
	en->config = at->config;
	en->newest_event = NSTIME_NONE;
	en->figures.started = mono_ns();
	int rc = start(en, e);
	if (!rc)
		rc = judge_resume(en, e);
	while (!rc && !en->stopping && !en->failed)
		nap(en, turn(en));
	if (!rc && !en->failed) { /* what waits is judged: another program may not know it again */
		lanes_drain(en);
		judge_flush(en, true);
	}
	if (!rc && en->failed)
		rc = err_set(e, ERR_IO, "the state could not be written: beginning again at the last checkpoint");
	stop(en);
	free(en);
	return rc;
}
