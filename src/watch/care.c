/* care.c - what Postern notices about itself: logs that fell silent, clocks that jump, a disk that fills, lines that come late. */
#include "watch/watch_private.h"

#include <stdio.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define CLOCK_JUMP (5 * NS_SEC)
#define RETAIN_EVERY NS_HOUR
#define DISK_LEAST ((uint64_t)500000000)
enum { DISK_SHARE = 20, /* one part of so many free */ LATE_MANY = 100, LATE_SHARE = 100, GAP_FACTOR = 2 };

static void notice(struct engine *en, enum level level, const char *key, const char *title, const char *text)
{
	struct err e;
	uint64_t one = 1;
	int rc = store_begin(en->store, &e);
	if (!rc)
		rc = notify_queue_notice(en->store, &en->config->notify, level, slice_of(key), slice_of(title), slice_of(text), wall_ns(), &e);
	if (!rc)
		rc = store_commit(en->store, &e);
	if (rc) {
		store_rollback(en->store);
		core_log(LOG_LEVEL_ERROR, "state: %s", e.text);
	} else if (write(en->at->wake, &one, sizeof one) < 0) {
		core_log(LOG_LEVEL_WARN, "the notifier cannot be woken: %m");
	}
	core_log(LOG_LEVEL_WARN, "%s: %s", title, text);
}

static long long day_of(nstime t)
{
	return (long long)(t / NS_DAY);
}

/* A log is silent when it is quiet for longer than is allowed, and than it ever was by twice. */
static void watch_silence(struct engine *en, int64_t now)
{
	for (size_t i = 0; i < en->lanes.n; i++) {
		struct lane *l = en->lanes.v[i];
		char key[600], title[600], text[600];
		int64_t quiet = now - MAX(l->active, en->figures.started);
		if (!l->stream || l->silent_told || quiet < en->config->silent_after || (double)quiet / NS_SEC < l->gap * GAP_FACTOR)
			continue;
		l->silent_told = true;
		snprintf(key, sizeof key, "silent:%.300s:%.100s:%lld", l->set, l->host, day_of(wall_ns()));
		snprintf(title, sizeof title, "No line for %lld minutes: %.400s", (long long)(quiet / NS_MIN), l->set);
		snprintf(text, sizeof text, "Nothing was written to it for longer than ever seen. Whoever is on that machine can have switched the logging off: look whether it, its "
			"rsyslog or auditd still run.");
		notice(en, LEVEL_MEDIUM, key, title, text);
	}
}

static void watch_clock(struct engine *en)
{
	struct timespec boot;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	int64_t offset = wall_ns() - ((int64_t)boot.tv_sec * NS_SEC + boot.tv_nsec), jump = offset - en->clock_offset;
	char key[80], text[240];
	if (en->clock_offset && (jump > CLOCK_JUMP || jump < -CLOCK_JUMP)) {
		snprintf(key, sizeof key, "clock:%lld", (long long)(offset / NS_MIN));
		snprintf(text, sizeof text, "The clock of this machine was set %s by %lld seconds. Times of what is found, and windows of grants, depend on it.",
			jump > 0 ? "forward" : "back", (long long)((jump > 0 ? jump : -jump) / NS_SEC));
		notice(en, LEVEL_MEDIUM, key, "The clock jumped", text);
	}
	en->clock_offset = offset;
}

static void watch_disk(struct engine *en)
{
	struct statvfs v;
	char key[80], text[240];
	if (statvfs(en->at->state, &v))
		return;
	uint64_t left = (uint64_t)v.f_bavail * v.f_frsize, all = (uint64_t)v.f_blocks * v.f_frsize;
	if (left > DISK_LEAST || left > all / DISK_SHARE) {
		en->disk_told = false;
		return;
	}
	if (en->disk_told)
		return;
	en->disk_told = true;
	snprintf(key, sizeof key, "disk:%lld", day_of(wall_ns()));
	snprintf(text, sizeof text, "%llu MB are left where Postern keeps its state. When nothing is left, senders of syslog have to wait and nothing new is stored.",
		(unsigned long long)(left / 1000000));
	notice(en, LEVEL_HIGH, key, "The disk of the state is nearly full", text);
}

static void watch_lateness(struct engine *en)
{
	uint64_t late = en->figures.late - en->late_before, events = en->figures.events - en->events_before;
	char key[80], text[300];
	if (late > LATE_MANY && late > events / LATE_SHARE) {
		snprintf(key, sizeof key, "late:%lld", (long long)(wall_ns() / NS_HOUR));
		snprintf(text, sizeof text, "%llu of the last %llu events came more than five minutes behind their log's clock. Detectors saw them out of order: look for "
			"clocks that are wrong, or a relay that holds lines back.", (unsigned long long)late, (unsigned long long)events);
		notice(en, LEVEL_LOW, key, "Lines come late", text);
	}
	en->late_before = en->figures.late;
	en->events_before = en->figures.events;
}

/* What is older than it is to be kept goes; when the file is too large all the same, half of that age, and so on. */
static void retain(struct engine *en)
{
	struct store_counts c;
	struct err e;
	uint64_t gone = 0;
	nstime age = (nstime)en->config->keep_days * NS_DAY;
	if (store_count(en->store, &c, &e))
		return;
	for (unsigned halves = 0; (uint64_t)c.bytes > en->config->keep_bytes && halves < 5; halves++)
		age /= 2;
	int rc = store_begin(en->store, &e);
	if (!rc)
		rc = store_retain(en->store, wall_ns() - age, &gone, &e);
	if (!rc)
		rc = store_commit(en->store, &e);
	if (rc) {
		store_rollback(en->store);
		core_log(LOG_LEVEL_ERROR, "state: %s", e.text);
	}
}

void care_tick(struct engine *en)
{
	int64_t now = mono_ns();
	watch_clock(en);
	if (!en->walked)
		return;
	watch_silence(en, now);
	watch_disk(en);
	if (now - en->last_hour < RETAIN_EVERY && en->last_hour)
		return;
	if (en->last_hour)
		watch_lateness(en);
	en->last_hour = now;
	retain(en);
}
