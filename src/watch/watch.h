/* watch.h - the long-running process: follows sources, drives the pipeline, keeps state, notifies, responds.
 *
 *   parent    privileged: opens log files, starts and watches over the others, runs responses and programs from fixed lists
 *   engine    no privilege, no network, no programs: parses, judges, joins, keeps the state
 *   receiver  no privilege: sockets to spool files;   journal: the same for the journal
 *   notifier  no privilege: sends what the engine put into the outbox
 */
#ifndef POSTERN_WATCH_H
#define POSTERN_WATCH_H

#include "core/core.h"
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
	struct slice *rules; size_t nrules;
	struct slice suppressions, org, timezone, user, metrics;
	unsigned learning_days, alert_budget;
	nstime hold, silent_after;
	unsigned keep_days, keep_mb;
};
/* path NULL: /etc/postern/postern.yaml or $POSTERN_CONFIG/postern.yaml when there, else defaults. */
int watch_config_read(const char *path, struct watch_config *out, struct err *e);
void watch_config_free(struct watch_config *c);

#endif
