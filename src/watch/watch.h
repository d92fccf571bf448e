/* watch.h - the long-running process: follows sources, drives the pipeline, keeps state, notifies, responds.
 *
 *   parent    privileged: opens log files, starts and watches over the others, runs responses and programs from fixed lists
 *   engine    no privilege, no network, no programs: parses, judges, joins, keeps the state
 *   receiver  no privilege: sockets to spool files;   journal: the same for the journal
 *   notifier  no privilege: sends what the engine put into the outbox, and shows the figures
 *
 * Each is a process of its own, forked from the parent, which alone decides what they get: descriptors, one message socket each.
 */
#ifndef POSTERN_WATCH_H
#define POSTERN_WATCH_H

#include "core/core.h"
#include "gate/gate.h"
#include "live/live.h"
#include "notify/notify.h"
#include "org/org.h"
#include "respond/respond.h"

struct watch_config {
	struct arena mem;
	struct slice path;               /* of postern.yaml; empty: defaults */
	struct live_config live;
	struct notify_config notify;
	struct respond_config respond;
	struct gate_settings gate;
	struct slice *rules; size_t nrules;
	struct slice suppressions, org, timezone, user;
	struct slice metrics;            /* "127.0.0.1:9464" or "unix:/path"; empty: none */
	unsigned learning_days, alert_budget;
	nstime hold;                     /* an event waits so long for older ones of other logs */
	nstime silent_after;             /* a source that is quiet so long is told of */
	unsigned keep_days;
	uint64_t keep_bytes;
};
/* path NULL: postern.yaml in $POSTERN_CONFIG or /etc/postern when it is there, else defaults. Errors with file:line:column. */
int watch_config_read(const char *path, struct watch_config *out, struct err *e);
int watch_config_parse(struct slice yaml, const char *file, struct watch_config *out, struct err *e);
void watch_config_free(struct watch_config *c);

struct watch_options {
	const char *config_path;         /* NULL: as watch_config_read() */
	const char *state;               /* folder */
	const char *rules_default;       /* folder of the rules that come with the program; "" none */
	const char *version;
	const struct respond_gate *gate; /* NULL: there is none */
};
/* Reads everything that is configured and says what is wrong, or what would be watched (to stdout). 0 or ERR_*. */
int watch_check(const struct watch_options *opt, struct err *e);
/* Runs until SIGTERM or SIGINT. ERR_* with *e: it could not start, or a protection was refused. */
int watch_run(const struct watch_options *opt, struct err *e);

#endif
