/* jobs.c - what only privilege can: programs of channels and responses, from fixed lists, each in a process that ends with it, so that the
 * parent never waits. What asks for them is not trusted: names are looked up in the configuration, targets are checked anew. */
#include "watch/watch_private.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { ACTIONS_HOUR = 200 };

static pid_t job(void)
{
	sigset_t none;
	pid_t pid = fork();
	if (pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
	} else if (pid < 0) {
		core_log(LOG_LEVEL_ERROR, "cannot fork: %m");
	}
	return pid;
}

/* ---- programs of channels ------------------------------------------------------------------------------------------------------- */

static void answer_program(int sock, struct slice id, int code, const char *text)
{
	struct buf b = {0};
	struct err e;
	buf_sized(&b, id);
	buf_u32(&b, (uint32_t)code);
	buf_sized(&b, slice_of(text));
	if (sys_send(sock, M_PROGRAM_ENDED, buf_slice(&b), -1, 5000, &e))
		core_log(LOG_LEVEL_WARN, "%s", e.text);
	buf_free(&b);
}

void job_program(struct parent *p, struct slice body)
{
	struct wire w = wire_of(body);
	struct slice id = wire_sized(&w), name = wire_sized(&w), text = wire_sized(&w);
	const struct notify_channel *c = w.bad ? NULL : notify_channel_by_name(&p->config->notify, name);
	int sock = p->child[CHILD_NOTIFIER].sock;
	struct err e;
	if (!c) {
		answer_program(sock, id, ERR_NOENT, "no such channel");
		return;
	}
	pid_t pid = job();
	if (pid < 0)
		answer_program(sock, id, ERR_IO, "cannot start a process");
	if (pid)
		return;
	int rc = notify_run_program(c, text, &e);
	answer_program(sock, id, rc, rc ? e.text : "");
	_exit(0);
}

/* ---- responses -------------------------------------------------------------------------------------------------------------------- */

static void answer_action(int sock, const struct store_action *a)
{
	struct buf b = {0};
	struct err e;
	message_action(&b, a);
	if (sys_send(sock, M_RESULT, buf_slice(&b), -1, 5000, &e))
		core_log(LOG_LEVEL_WARN, "action %s: %s", a->id, e.text);
	buf_free(&b);
}

/* A taken-over engine must not get to do harm by the hundred. */
static bool too_many(struct parent *p, struct store_action *a)
{
	int64_t now = mono_ns();
	if (now - p->hour > NS_HOUR || !p->hour) {
		p->hour = now;
		p->actions = 0;
	}
	if (p->actions++ < ACTIONS_HOUR)
		return false;
	core_log(LOG_LEVEL_ERROR, "more than %d responses asked for within an hour: %.*s %.*s is refused", ACTIONS_HOUR, SLFMT(a->kind), SLFMT(a->target));
	a->state = ACTION_REFUSED;
	a->done = wall_ns();
	a->result = SL("too many responses within an hour; postern response run carries it out");
	answer_action(p->child[CHILD_ENGINE].sock, a);
	return true;
}

void job_action(struct parent *p, struct slice body)
{
	struct store_action a;
	struct arena mem;
	struct err e;
	if (!message_action_read(body, &a)) {
		core_log(LOG_LEVEL_ERROR, "the engine asked for an action in a way that is not understood");
		return;
	}
	if (too_many(p, &a))
		return;
	if (job())
		return;
	arena_init(&mem);
	struct respond_config c = p->config->respond;
	struct org *org = NULL;
	int rc = watch_org_load(p->config, &org, &e);
	c.org = org;
	if (!rc)
		rc = respond_run(&c, p->opt->gate, p->audit, SL("postern watch"), &a, &mem, &e);
	if (rc) {
		a.state = ACTION_FAILED;
		a.result = slice_of(e.text);
	}
	answer_action(p->child[CHILD_ENGINE].sock, &a);
	arena_free(&mem);
	_exit(0);
}
