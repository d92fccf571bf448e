/* tamper.c - traces covered: logs wiped, logging stopped, hours missing. */
#include "detect/profile.h"

#include <stdlib.h>

static const enum action wants[] = {ACT_SUDO, ACT_EXEC, ACT_COMMAND, ACT_AUDIT_STOPPED, ACT_SERVICE_STOPPED, ACT_SHUTDOWN, ACT_BOOT, ACT_NONE};
static const struct want_from only_gap[] = {{ACT_SESSION_OPENED, NOT_LOGIND}, {ACT_NONE, NULL}}; /* cron's, told by PAM */
static const enum action wants_gap[] = {ACT_CRON, ACT_SESSION_OPENED, ACT_LOG_ROTATED, ACT_BOOT, ACT_NONE};
static const char *const techniques[] = {"T1070.002", "T1070.003", "T1070.006", "T1562.012", NULL};
static const char *const techniques_gap[] = {"T1070.002", NULL};

/* What a command does to the traces; NULL when nothing. */
/* Files that only the system writes to; jobs of all kinds have logs of their own in /var/log. */
static bool system_log(struct slice path)
{
	static const char *const names[] = {"auth.log", "secure", "syslog", "messages", "wtmp", "btmp", "lastlog", "utmp", "faillog", "kern.log", "daemon.log",
		"audit.log", "audit/", "journal", "sudo.log", "access.log", "error.log", "mail.log", "cron.log", "access_log", "error_log"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_has(path, slice_of(names[i])))
			return true;
	return slice_ends(path, SL("*"));
}

/* The log that the command names, in full or in the folder it works in. */
static struct slice named_log(const struct command *c, size_t i)
{
	struct slice w = c->word[i];
	while (w.n && w.p[0] == '>')
		w = slice_from(w, 1);
	bool there = slice_has(w, SL("/var/log")) || (w.n && w.p[0] != '/' && w.p[0] != '-' && slice_starts(c->folder, SL("/var/log")));
	return there ? w : SLICE_NONE;
}

/* One '>' in front of word i, with or without a blank: it is emptied, not added to. */
static bool emptied(const struct command *c, size_t i)
{
	struct slice w = c->word[i], before = i ? c->word[i - 1] : SLICE_NONE;
	return (w.n > 1 && w.p[0] == '>' && w.p[1] != '>') || slice_eq(before, SL(">")) || slice_eq(before, SL(">|"));
}

static const char *covers_log(const struct command *c)
{
	bool nothing = command_has(c, "/dev/null");
	for (size_t i = 0; i < c->n; i++) {
		struct slice log = named_log(c, i);
		if (!log.n)
			continue;
		if (emptied(c, i) && system_log(log))
			return "emptied a log";
		if (!i)
			continue;
		bool in_place = (slice_eq(c->tool, SL("sed")) && command_has_prefix(c, "-i")) ||
				(slice_in_list(c->tool, "perl ruby") && (command_has_prefix(c, "-i") || command_has_prefix(c, "-pi") || command_has_prefix(c, "-ni")));
		if (slice_in_list(c->tool, "rm shred truncate unlink") || in_place)
			return "removed or rewrote a log";
		/* a copy without some lines takes its place */
		if (slice_eq(c->tool, SL("mv")) && i + 1 == c->n && i > 1 && system_log(log) && !named_log(c, i - 1).n)
			return "removed or rewrote a log";
		if (slice_eq(c->tool, SL("mv")) && i + 1 < c->n && system_log(log))
			return "moved a log away";
		if (slice_in_list(c->tool, "cp ln") && nothing)
			return "emptied a log";
		if (slice_in_list(c->tool, "tee dd") && system_log(log) && !command_has(c, "-a") && !slice_starts(c->word[i], SL("if=")))
			return "emptied a log";
		if (slice_eq(c->tool, SL("find")) && (command_has(c, "-delete") || command_has(c, "rm") || command_has(c, "shred")) && !command_has(c, "-mtime"))
			return "removed or rewrote a log";
	}
	return NULL;
}

static const char *covers_history(const struct command *c)
{
	if (slice_has(c->line, SL("HISTFILE=/dev/null")) || slice_has(c->line, SL("unset HISTFILE")) || slice_has(c->line, SL("HISTSIZE=0")) ||
	    (slice_eq(c->tool, SL("history")) && command_has(c, "-c")) || (slice_eq(c->tool, SL("set")) && command_has(c, "+o") && command_has(c, "history")))
		return "wiped the shell history";
	bool named = slice_has(c->line, SL("_history"));
	return named && (slice_in_list(c->tool, "rm shred truncate ln unlink") || slice_chr(c->line, '>') >= 0) ? "wiped the shell history" : NULL;
}

static bool names_logger(const struct command *c)
{
	return slice_has(c->line, SL("auditd")) || slice_has(c->line, SL("rsyslog")) || slice_has(c->line, SL("journald")) || slice_has(c->line, SL("syslog-ng"));
}

/* HUP, USR1 and the like only tell a logger to open its files anew. */
static bool only_signals(const struct command *c)
{
	return command_has_prefix(c, "-HUP") || command_has_prefix(c, "-SIGHUP") || command_has_prefix(c, "-USR") || command_has_prefix(c, "-SIGUSR") || command_has(c, "-1") ||
	       command_has(c, "HUP") || command_has(c, "USR1") || command_has(c, "-0");
}

static const char *covers(const struct command *c)
{
	const char *what = covers_history(c);
	if (!what)
		what = covers_log(c);
	if (what)
		return what;
	if (slice_eq(c->tool, SL("auditctl")) && (command_has(c, "-D") || slice_has(c->line, SL("-e 0")) || slice_has(c->line, SL("-e0"))))
		return "switched auditing off";
	bool stops = slice_in_list(c->tool, "systemctl service") && (command_has(c, "stop") || command_has(c, "disable") || command_has(c, "mask"));
	if (names_logger(c) && (stops || (slice_in_list(c->tool, "pkill killall kill") && !only_signals(c))))
		return "stopped logging";
	if (names_logger(c) && slice_in_list(c->tool, "pidof pgrep") && (slice_has(c->whole, SL("kill -9 ")) || slice_has(c->whole, SL("kill $(")) || slice_has(c->whole, SL("kill `"))))
		return "stopped logging"; /* kill -9 $(pidof auditd) */
	if (slice_in_list(c->tool, "utmpdump wtmpclean logtamper") && (slice_has(c->line, SL("-r")) || slice_chr(c->line, '>') >= 0))
		return "rewrote the login records";
	if (slice_eq(c->tool, SL("touch")) && (command_has(c, "-r") || command_has_prefix(c, "--reference") || command_has(c, "-t") || command_has(c, "-d") ||
					       command_has_prefix(c, "--date")))
		return "changed the date of a file";
	if (slice_eq(c->tool, SL("journalctl")) && command_has_prefix(c, "--vacuum"))
		return "cut the journal short";
	return NULL;
}

static bool covers_traces(const struct command *c)
{
	return covers(c) != NULL;
}

static const char *service_stops(const struct event *e)
{
	if (e->action == ACT_AUDIT_STOPPED)
		return "auditing stopped";
	struct slice unit = event_str(e, F_SYSTEMD_UNIT);
	bool log = slice_starts(unit, SL("auditd")) || slice_starts(unit, SL("rsyslog")) || slice_starts(unit, SL("syslog-ng"));
	return e->action == ACT_SERVICE_STOPPED && log ? "logging stopped" : NULL;
}

struct tamper {
	struct lru *down; /* host -> time of the newest shutdown or boot */
};

static size_t tamper_tables(void *state, struct lru **out)
{
	out[0] = ((struct tamper *)state)->down;
	return 1;
}

static void *tamper_new(struct detect *d)
{
	(void)d;
	struct tamper *t = xcalloc(1, sizeof *t);
	t->down = lru_new(sizeof(nstime), 10000, NULL, NULL);
	return t;
}

static void tamper_free(void *state)
{
	struct tamper *t = state;
	lru_free(t->down);
	free(t);
}

static void tamper_event(struct detect *d, void *state, const struct event *e)
{
	struct tamper *t = state;
	struct command c = {0};
	struct actor a UNINIT;
	const char *what = NULL, *happened = service_stops(e);
	if (e->action == ACT_SHUTDOWN || e->action == ACT_BOOT) {
		nstime *when = lru_put(t->down, detect_host(d, e->host), NULL);
		*when = e->time;
		return;
	}
	if (!happened && command_find(e, covers_traces, &c))
		what = covers(&c);
	if (!happened && !what)
		return;
	detect_actor(d, e, &a);
	nstime *down = lru_get(t->down, a.host);
	if (happened && down && e->time - *down < 5 * NS_MIN)
		return; /* a machine that goes down stops everything */
	bool fresh;
	struct finding *f = detect_open(d, &detector_tamper, a.host, 2 * NS_HOUR, e->time, &fresh);
	if (fresh) {
		if (what)
			finding_printf(f, &f->title, "%s %s on %.*s", actor_text(d, &a), what, SLFMT(a.host));
		else
			finding_printf(f, &f->title, "%s%s on %.*s without a shutdown", happened[0] == 'a' ? "A" : "L", happened + 1, SLFMT(a.host));
		finding_printf(f, &f->text, "What is missing afterwards cannot be known from this host; look at what others saw of it.");
	}
	finding_actor(f, &a);
	finding_entity(f, ENT_COMMAND, c.line);
	finding_raise(f, a.provider || a.service ? LEVEL_HIGH : LEVEL_MEDIUM);
	finding_evidence(f, e);
}

const struct detector detector_tamper = {
	.info = {"postern.log-tampering", "Traces covered", LEVEL_MEDIUM, STAGE_COVER, techniques,
		"Shell history wiped, logs removed, emptied or rewritten, dates of files changed, auditd or rsyslog stopped without a shutdown, audit rules deleted.",
		"A full disk cleared by hand; an upgrade of auditd or rsyslog restarts it."},
	.wants = wants, .might = covers_traces, .create = tamper_new, .tables = tamper_tables, .event = tamper_event, .destroy = tamper_free,
};

/* ---- hours that are missing ---------------------------------------------------------------------------------- */

/* cron is a clock in every log: its own lines in syslog and cron.log, PAM's lines about it in auth.log. Each log is a clock
 * of its own: an intruder who cuts one may forget the other. */
struct heartbeat {
	nstime last;
	uint32_t seen[24];     /* days on which the hour had a cron line */
	int64_t last_slot[24]; /* day number last counted for the hour */
	int64_t first_day;
	struct kept_line beat;  /* newest */
	struct kept_line rotated; /* newest word of the logger that it opened its files again */
	char host[64];
	uint8_t nhost;
	bool auth;             /* the authentication log, else cron's */
};
enum { DAYS_FIRST = 5 };

static void *gaps_new(struct detect *d)
{
	(void)d;
	return lru_new(sizeof(struct heartbeat), 10000, NULL, NULL);
}

static void gaps_free(void *state)
{
	lru_free(state);
}

/* Jobs run by the clock on the wall, which summer time moves. */
static nstime local_time(const struct detect *d, nstime t)
{
	return t + org_utc_offset(detect_org(d), t) * NS_SEC;
}

/* Whole hours between the two beats in which there always was one on the days before. */
static int missing_hours(const struct detect *d, const struct heartbeat *h, nstime from, nstime to)
{
	int missing = 0;
	from = local_time(d, from);
	to = local_time(d, to);
	int64_t first = from / NS_HOUR + 1, last = to / NS_HOUR; /* hours [first, last) are wholly inside */
	for (int64_t hour = first; hour < last && hour - first < 24 * 14; hour++) {
		int64_t day = hour / 24, days = day - h->first_day;
		if (days >= DAYS_FIRST && h->seen[hour % 24] + 1 >= (uint32_t)days)
			missing++;
	}
	return missing;
}

static const char *log_name(const struct heartbeat *h)
{
	return h->auth ? "the authentication log" : "cron's log";
}

static void gap_tell(struct detect *d, struct heartbeat *h, const struct event *e, struct slice host, const struct kept_line *rotated)
{
	char from[40], to[40];
	bool fresh;
	const char *log = log_name(h);
	struct finding *f = detect_open(d, &detector_gap, host, NS_HOUR, e->time, &fresh);
	finding_printf(f, &f->title, "%.*s: %s is silent for %lld minutes at an hour that never was", SLFMT(host), log, (long long)((e->time - h->last) / NS_MIN));
	finding_printf(f, &f->text, "Between %s and %s UTC %s has no line about cron, though it had one in the same hour on every day before: "
		"the machine was down, or lines were removed.", time_plain(h->last, from), time_plain(e->time, to), log);
	finding_entity(f, ENT_HOST, host);
	kept_add(f, &h->beat);
	if (rotated && rotated->time >= h->last - 10 * NS_MIN && rotated->time <= e->time)
		kept_add(f, rotated);
	finding_evidence(f, e);
	f->first = h->last;
}

/* cron's own line, PAM's about it, or a boot. */
static bool is_beat(const struct event *e)
{
	struct slice name = event_str(e, F_PROCESS_NAME);
	if (e->action != ACT_SESSION_OPENED)
		return true;
	return name.n && (name.p[0] | 0x20) == 'c' && (slice_ieq(name, SL("CRON")) || slice_ieq(name, SL("crond")));
}

static void gap_event(struct detect *d, void *state, const struct event *e)
{
	bool fresh;
	if (e->action != ACT_LOG_ROTATED && !is_beat(e))
		return;
	struct slice host = detect_host(d, e->host);
	struct key k UNINIT, log UNINIT;
	key_init(&k);
	key_add(&k, host);
	if (e->action == ACT_LOG_ROTATED) {
		struct heartbeat *any = lru_put(state, key_slice(&k), NULL);
		kept_set(&any->rotated, e);
		return;
	}
	lru_get(state, key_slice(&k)); /* as long as the host's logs go on, so does what is known of its logger */
	log.n = k.n;
	memcpy(log.b, k.b, k.n);
	key_add(&log, e->action == ACT_SESSION_OPENED ? SL("auth") : SL("cron"));
	struct heartbeat *h = lru_put(state, key_slice(&log), &fresh);
	if (fresh) {
		h->first_day = local_time(d, e->time) / NS_DAY;
		memset(h->last_slot, 0xff, sizeof h->last_slot);
		h->auth = e->action != ACT_CRON;
		h->nhost = (uint8_t)MIN(host.n, sizeof h->host);
		if (h->nhost)
			memcpy(h->host, host.p, h->nhost);
	}
	if (!fresh && e->action != ACT_BOOT && missing_hours(d, h, h->last, e->time)) {
		const struct heartbeat *logger = lru_get(state, key_slice(&k));
		gap_tell(d, h, e, host, logger ? &logger->rotated : NULL);
		lru_get(state, key_slice(&log)); /* the newest again */
	}
	int64_t hour = local_time(d, e->time) / NS_HOUR;
	if (h->last_slot[hour % 24] != hour) {
		h->last_slot[hour % 24] = hour;
		h->seen[hour % 24]++;
	}
	h->last = MAX(h->last, e->time);
	kept_set(&h->beat, e);
}

/* A log that stops for good, while other logs of the host go on. */
static bool gap_at_end(void *arg, struct slice key, void *value)
{
	enum { HOURS_SILENT = 3 };
	struct detect *d = arg;
	struct heartbeat *h = value;
	struct slice host = slice_make(h->host, h->nhost);
	bool fresh;
	(void)key;
	nstime newest = h->nhost ? detect_host_newest(d, host) : NSTIME_NONE;
	if (newest == NSTIME_NONE || newest <= h->last || missing_hours(d, h, h->last, newest) < HOURS_SILENT)
		return true;
	struct finding *f = detect_open(d, &detector_gap, host, NS_HOUR, newest, &fresh);
	char from[40], to[40];
	finding_printf(f, &f->title, "%.*s: %s ends %lld hours before the host's other logs", SLFMT(host), log_name(h), (long long)((newest - h->last) / NS_HOUR));
	finding_printf(f, &f->text, "Its last line about cron is of %s UTC; another log of the host goes on until %s UTC. It was stopped, or its newest part is not here.",
		time_plain(h->last, from), time_plain(newest, to));
	finding_entity(f, ENT_HOST, host);
	kept_add(f, &h->beat);
	f->first = f->last = h->last;
	return true;
}

static void gap_finish(struct detect *d, void *state)
{
	lru_each(state, gap_at_end, d);
}

const struct detector detector_gap = {
	.info = {"postern.log-gap", "Hours missing from a log", LEVEL_MEDIUM, STAGE_COVER, techniques_gap,
		"A whole hour without lines about cron in a log that had them in that hour on every day of the five or more before.",
		"The machine was switched off or cron was stopped (a boot line right behind the gap clears it)."},
	.wants = wants_gap, .only = only_gap, .create = gaps_new, .tables = tables_one, .event = gap_event, .finish = gap_finish, .destroy = gaps_free,
};
