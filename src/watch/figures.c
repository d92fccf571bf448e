/* figures.c - metrics in Prometheus' text format, in a file of the state folder, replaced whole: the notifier's process shows it to who asks,
 * node_exporter's textfile collector can, too. https://prometheus.io/docs/instrumenting/exposition_formats/ */
#include "watch/watch_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void metric(struct buf *b, const char *name, const char *type, const char *help, double v)
{
	buf_addf(b, "# HELP postern_%s %s\n# TYPE postern_%s %s\npostern_%s %.15g\n", name, help, name, type, name, v);
}

static void counters(struct engine *en, struct buf *b)
{
	const struct figures *f = &en->figures;
	const struct { const char *name, *help; uint64_t n; } rows[] = {
		{"lines_total", "Lines read.", f->lines},
		{"bytes_total", "Bytes read.", f->bytes},
		{"events_total", "Events judged.", f->events},
		{"events_late_total", "Events behind their log's clock beyond the bound.", f->late},
		{"findings_total", "Findings that were new or grew.", f->findings},
		{"findings_suppressed_total", "Findings taken by a suppression.", f->suppressed},
		{"incidents_total", "Incidents opened.", f->incidents},
		{"messages_total", "Messages put into the outbox.", f->messages},
		{"actions_total", "Responses planned.", f->actions},
		{"checkpoints_total", "Checkpoints written.", f->checkpoints},
		{"memory_forgotten_total", "Times that bounded memory of detectors had to forget.", detect_forgotten(en->detect)},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		metric(b, rows[i].name, "counter", rows[i].help, (double)rows[i].n);
	buf_addz(b, "# HELP postern_lines_by_result_total Lines by what became of them.\n# TYPE postern_lines_by_result_total counter\n");
	for (int k = 0; k < DECODED_KINDS; k++)
		buf_addf(b, "postern_lines_by_result_total{result=\"%s\"} %llu\n", decoded_name((enum decoded)k), (unsigned long long)f->by_kind[k]);
}

static void gauges(struct engine *en, struct buf *b)
{
	const struct figures *f = &en->figures;
	struct store_counts c = {0};
	struct err e;
	size_t logs = 0;
	for (size_t i = 0; i < en->lanes.n; i++)
		logs += en->lanes.v[i]->stream != 0;
	metric(b, "logs", "gauge", "Logs that are followed.", (double)logs);
	metric(b, "checkpoint_seconds", "gauge", "What the newest checkpoint took.", f->checkpoint_s);
	metric(b, "update_seconds", "gauge", "What the newest update of incidents took.", f->update_s);
	metric(b, "memory_lost_parts", "gauge", "Parts of what was remembered that did not fit at the start.", (double)f->forgotten_parts);
	metric(b, "uptime_seconds", "gauge", "Since the engine started.", (double)(mono_ns() - f->started) / NS_SEC);
	metric(b, "heartbeat_timestamp_seconds", "gauge", "When these figures were written.", (double)(wall_ns() / NS_SEC));
	if (en->newest_event != NSTIME_NONE)
		metric(b, "newest_event_timestamp_seconds", "gauge", "Time of the newest event judged.", (double)en->newest_event / NS_SEC);
	if (store_count(en->store, &c, &e))
		return;
	metric(b, "incidents_open", "gauge", "Open incidents.", (double)c.open);
	metric(b, "messages_pending", "gauge", "Messages not sent yet.", (double)c.pending);
	metric(b, "messages_dead", "gauge", "Messages given up; postern state show tells.", (double)c.dead);
	metric(b, "state_bytes", "gauge", "Size of the state's file.", (double)c.bytes);
}

static void receivers(const struct engine *en, struct buf *b)
{
	static const char *const names[] = {"sockets", "journal"};
	static const struct { const char *name, *type, *help; size_t at; } rows[] = {
		{"received_lines_total", "counter", "Lines written to the spool.", offsetof(struct live_status, lines)},
		{"received_bytes_total", "counter", "Bytes written to the spool.", offsetof(struct live_status, bytes)},
		{"received_dropped_total", "counter", "Datagrams that were dropped.", offsetof(struct live_status, dropped)},
		{"received_too_long_total", "counter", "Lines beyond the limit.", offsetof(struct live_status, too_long)},
		{"receiver_connections", "gauge", "Connections open now.", offsetof(struct live_status, connections)},
		{"receiver_refused_total", "counter", "Connections refused.", offsetof(struct live_status, refused)},
		{"receiver_waits_total", "counter", "Times that senders had to wait for room.", offsetof(struct live_status, waits)},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_addf(b, "# HELP postern_%s %s\n# TYPE postern_%s %s\n", rows[i].name, rows[i].help, rows[i].name, rows[i].type);
		for (size_t k = 0; k < ARRAY_LEN(names); k++) {
			uint64_t n;
			memcpy(&n, (const char *)&en->figures.receiver[k] + rows[i].at, sizeof n);
			buf_addf(b, "postern_%s{receiver=\"%s\"} %llu\n", rows[i].name, names[k], (unsigned long long)n);
		}
	}
}

static void replace(const char *state, struct slice text)
{
	char path[4200], fresh[4200];
	snprintf(path, sizeof path, "%s/metrics.prom", state);
	snprintf(fresh, sizeof fresh, "%s/metrics.prom.new", state);
	unlink(fresh);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return;
	bool ok = write(fd, text.p, text.n) == (ssize_t)text.n;
	if (close(fd) || !ok || rename(fresh, path))
		unlink(fresh);
}

void figures_write(struct engine *en)
{
	struct buf *b = &en->scratch;
	b->n = 0;
	counters(en, b);
	gauges(en, b);
	receivers(en, b);
	replace(en->at->state, buf_slice(b));
}
