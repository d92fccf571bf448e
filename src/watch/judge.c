/* judge.c - events to detectors and rules, findings to incidents, and what follows from them, in one transaction each time. */
#include "watch/watch_private.h"

#include "incident/incident.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FLUSH_LEAST (10 * (NS_SEC / 1000)) /* between two writes, and four times what the last one took */
#define SYNC_EVERY (1 * NS_SEC)            /* what people decided beside us */
enum { SLOW = 4 };

static void on_finding(void *arg, struct finding *f)
{
	struct engine *en = arg;
	if (en->ending) { /* open ones are in the checkpoint */
		finding_free(f);
		return;
	}
	if (suppressions_take(en->rules.suppressions, f, wall_ns())) {
		en->figures.suppressed++;
		finding_free(f);
		return;
	}
	if (incident_book_add(en->book, f)) {
		en->book_changed = true;
		en->figures.findings++;
	}
}

int judge_start(struct engine *en, struct err *e)
{
	struct detect_options dopt = {.org = en->rules.org, .learning = (nstime)en->config->learning_days * NS_DAY, .path_budget = en->config->alert_budget};
	en->detect = detect_new(&dopt, on_finding, en);
	detect_wants(en->detect, &en->decode.want);
	if (en->rules.rules) {
		struct hunt_options hopt = {.rules = en->rules.rules, .org = en->rules.org};
		en->hunt = hunt_new(&hopt, on_finding, en);
		if (!en->hunt)
			return err_set(e, ERR_NOMEM, "out of memory for rules");
		sigma_wants(en->rules.rules, &en->decode.want);
		en->decode.audit_records = sigma_wants_records(en->rules.rules);
		en->decode.bare_records = !sigma_wants_record_fields(en->rules.rules);
		en->decode.json = true;
	}
	if (!en->rules.suppressions)
		en->rules.suppressions = suppressions_new();
	en->book = incident_book_new(en->rules.org);
	int rc = suppressions_learn(en->rules.suppressions, en->store, wall_ns(), e);
	return rc ? rc : incident_book_load(en->book, en->store, wall_ns(), e);
}

void judge_free(struct engine *en)
{
	en->ending = true;
	incident_book_free(en->book);
	hunt_free(en->hunt);
	detect_free(en->detect);
}

void judge_began(struct engine *en, struct slice host, nstime first)
{
	detect_began(en->detect, host, first);
}

void judge_event(struct engine *en, const struct event *ev)
{
	en->figures.events++;
	en->judged_since_flush++;
	if (ev->time != NSTIME_NONE && ev->time > en->newest_event)
		en->newest_event = ev->time;
	detect_event(en->detect, ev);
	if (en->hunt)
		hunt_event(en->hunt, ev);
}

/* ---- to the store -------------------------------------------------------------------------------------------------------------- */

struct update {
	struct engine *en;
	struct err *e;
	nstime now;
	unsigned messages, actions;
};

static int on_change(void *arg, const struct incident *in, const char *id, unsigned changes)
{
	struct update *u = arg;
	struct engine *en = u->en;
	struct notify_change c = {.incident = in, .id = id, .fresh = changes & INCIDENT_FRESH, .level_rose = changes & INCIDENT_ROSE, .stage_reached = changes & INCIDENT_STAGE,
		.more = changes & INCIDENT_MORE, .status = changes == INCIDENT_JOINED ? "merged" : "open"};
	unsigned messages = 0, actions = 0;
	en->figures.incidents += c.fresh;
	int rc = notify_queue(en->store, &en->config->notify, en->rules.org, &c, u->now, &messages, u->e);
	if (!rc && changes != INCIDENT_JOINED)
		rc = respond_plan(en->store, &en->config->respond, en->rules.org, in, u->now, &actions, u->e);
	u->messages += messages;
	u->actions += actions;
	return rc;
}

static int send_action(void *arg, const struct store_action *a)
{
	struct engine *en = arg;
	struct buf b = {0};
	struct err e;
	message_action(&b, a);
	int rc = sys_send(en->at->parent, M_ACTION, buf_slice(&b), -1, 1000, &e);
	buf_free(&b);
	if (rc)
		core_log(LOG_LEVEL_ERROR, "action %s: %s", a->id, e.text);
	return 0;
}

/* Rules of the kernel do not survive its restart: blocks that still last are put in place again. */
static int send_block(void *arg, const struct store_action *a)
{
	bool lasts = slice_eqz(a->kind, response_name(RESPOND_BLOCK_ADDRESS)) && a->until != NSTIME_NONE && a->until > wall_ns();
	return lasts ? send_action(arg, a) : 0;
}

int judge_resume(struct engine *en, struct err *e)
{
	int rc = store_actions(en->store, ACTION_PLANNED, NULL, send_action, en, e);
	if (!rc)
		rc = store_actions(en->store, ACTION_BEGUN, NULL, send_action, en, e);
	return rc ? rc : store_actions(en->store, ACTION_DONE, NULL, send_block, en, e);
}

static void tell_others(struct engine *en, const struct update *u)
{
	struct err e;
	uint64_t one = 1;
	en->figures.messages += u->messages;
	en->figures.actions += u->actions;
	if (u->messages && write(en->at->wake, &one, sizeof one) < 0)
		core_log(LOG_LEVEL_WARN, "the notifier cannot be woken: %m");
	if (u->actions && store_actions(en->store, ACTION_PLANNED, NULL, send_action, en, &e))
		core_log(LOG_LEVEL_ERROR, "%s", e.text);
}

/* When a write fails behind store_begin() the book is ahead of the file: the engine ends, and begins again at the last checkpoint. */
static int write_all(struct engine *en, bool checkpoint, struct err *e)
{
	struct update u = {.en = en, .e = e, .now = wall_ns()};
	int rc = store_begin(en->store, e);
	if (rc == ERR_STOPPED)
		return rc; /* somebody else writes for long: the next time */
	if (!rc)
		rc = incident_book_update(en->book, en->store, u.now, on_change, &u, e);
	if (!rc && (checkpoint || en->new_origins))
		rc = checkpoint_write(en, e);
	if (!rc)
		rc = store_commit(en->store, e);
	if (!rc) {
		tell_others(en, &u);
		return 0;
	}
	store_rollback(en->store);
	en->failed = true;
	return rc;
}

static bool anything_new(struct engine *en, int64_t now)
{
	struct err e;
	detect_flush(en->detect, on_finding, en);
	if (en->hunt)
		hunt_flush(en->hunt, on_finding, en);
	en->judged_since_flush = 0;
	if (en->book_changed)
		return true;
	if (now - en->last_sync < SYNC_EVERY)
		return false;
	en->last_sync = now;
	if (suppressions_learn(en->rules.suppressions, en->store, wall_ns(), &e))
		core_log(LOG_LEVEL_ERROR, "state: %s", e.text);
	return incident_book_pending(en->book, en->store, &e) > 0;
}

int64_t judge_flush(struct engine *en, bool checkpoint)
{
	int64_t now = mono_ns(), wait = MAX(FLUSH_LEAST, (int64_t)(en->figures.update_s * SLOW * NS_SEC)) - (now - en->last_flush);
	struct err e;
	if (!checkpoint && wait > 0)
		return en->judged_since_flush || en->book_changed ? wait : INT64_MAX;
	if (!checkpoint && !en->judged_since_flush && !en->book_changed && now - en->last_sync < SYNC_EVERY)
		return INT64_MAX;
	bool new = anything_new(en, now);
	if (new || checkpoint) {
		int rc = write_all(en, checkpoint, &e);
		if (rc)
			core_log(LOG_LEVEL_ERROR, "state: %s", e.text);
		else
			en->book_changed = false;
	}
	en->last_flush = mono_ns();
	if (!checkpoint)
		en->figures.update_s = (double)(en->last_flush - now) / NS_SEC;
	return INT64_MAX;
}

void judge_result(struct engine *en, const struct store_action *a)
{
	struct err e;
	int rc = store_begin(en->store, &e);
	if (!rc)
		rc = store_action_set(en->store, a, &e);
	if (!rc)
		rc = store_commit(en->store, &e);
	if (rc) {
		store_rollback(en->store);
		core_log(LOG_LEVEL_ERROR, "action %s: %s", a->id, e.text);
	}
}
