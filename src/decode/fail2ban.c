/* fail2ban.c - fail2ban's own log, as a file and over syslog or the journal.
 * Source: fail2ban server/actions.py filter.py jail.py observer.py (log calls), server/server.py (formats). */
#include "decode/decode_private.h"

#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE

/* What follows "fail2ban.actions [812]: NOTICE  ". */
static const struct row rows[] = {
	{"[{rule.name}] Ban {source.ip}", ACT_BANNED, FAIL, NULL},
	{"[{rule.name}] Ban {source.address:w}", ACT_BANNED, FAIL, NULL}, /* a network */
	{"[{rule.name}] Restore Ban {source.ip}", ACT_BANNED, NONE, "event.reason=restored"},
	{"[{rule.name}] Restore Ban {source.address:w}", ACT_BANNED, NONE, "event.reason=restored"},
	{"[{rule.name}] Increase Ban {source.ip} ({event.reason})", ACT_BANNED, NONE, NULL},
	{"[{rule.name}] Unban {source.ip}", ACT_UNBANNED, NONE, NULL},
	{"[{rule.name}] Unban {source.address:w}", ACT_UNBANNED, NONE, NULL},
	{"[{rule.name}] Found {source.ip}[? - {}?]", ACT_SCAN_PROBE, NONE, NULL},
	{"[{rule.name}] Found {source.address:w}[? - {}?]", ACT_SCAN_PROBE, NONE, NULL},
	{"[{rule.name}] Ignore {source.ip}[? by {event.reason}?]", ACT_NOTICE, NONE, NULL},
	{"[{rule.name}] {source.ip} already banned", ACT_NOTICE, NONE, NULL},
	{"Jail '{rule.name}' started", ACT_NOTICE, NONE, NULL},
	{"Jail '{rule.name}' stopped", ACT_NOTICE, NONE, NULL},
	{"Starting Fail2ban{}", ACT_SERVICE_STARTED, NONE, NULL},
	{"Exiting Fail2ban", ACT_SERVICE_STOPPED, NONE, NULL},
	{"rollover performed on {}", ACT_LOG_ROTATED, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

static const char *const levels[] = {"CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG", "TRACEDEBUG", "HEAVYDEBUG"};
enum { LEVEL_ERROR_LAST = 1 };

static int level_of(struct slice s)
{
	for (int i = 0; i < (int)ARRAY_LEN(levels); i++)
		if (slice_eqz(s, levels[i]))
			return i;
	return -1;
}

/* "NOTICE  [sshd] Ban ..." with a blank or colon behind the level; s moves behind it. -1 when no level is there. */
static int take_level(struct slice *s, struct slice *level)
{
	struct slice rest = *s;
	if (!slice_word(&rest, level))
		return -1;
	if (level->n && level->p[level->n - 1] == ':')
		level->n--;
	int n = level_of(*level);
	if (n >= 0)
		*s = slice_trim(rest);
	return n;
}

/* "fail2ban.actions        [812]: " or "fail2ban.actions: "; s moves behind it. */
static bool take_logger(struct slice *s, struct slice *logger, struct slice *pid)
{
	struct slice rest = *s;
	if (!slice_word(&rest, logger) || !slice_starts(*logger, SL("fail2ban")))
		return false;
	if (logger->p[logger->n - 1] == ':') {
		logger->n--;
		*s = slice_trim(rest);
		return true;
	}
	rest = slice_trim(rest);
	if (!slice_starts(rest, SL("[")) || !slice_cut(&rest, ']', pid) || !slice_starts(rest, SL(":")))
		return false;
	*pid = slice_from(*pid, 1);
	*s = slice_trim(slice_from(rest, 1));
	return true;
}

static enum decoded decode_body(struct decoder *d, struct dline *l, struct slice s, struct slice logger)
{
	struct slice level = SLICE_NONE;
	int n = take_level(&s, &level);
	struct event *ev;
	l->msg = s;
	enum decoded r = decode_rows(d, l, decode_rowset_of(d, &program_fail2ban), SL("fail2ban"), &ev);
	if (r == DECODED_UNKNOWN && n >= 0) { /* settings read, actions run: by the level */
		enum action a = n <= LEVEL_ERROR_LAST ? ACT_ERROR : ACT_NOTICE;
		if (!decode_wanted(d, l, a))
			return DECODED_UNWANTED;
		ev = decode_emit(d, l, SL("fail2ban"), a, NONE);
		event_add(d->out, ev, F_MESSAGE, s);
		r = DECODED_EVENT;
	}
	if (!ev)
		return r;
	if (logger.n)
		event_add(d->out, ev, F_LOG_LOGGER, logger);
	if (level.n)
		event_add(d->out, ev, F_LOG_LEVEL, level);
	return r;
}

/* "fail2ban-server[812]: fail2ban.actions [812]: NOTICE ...", "fail2ban.actions: NOTICE ...", "fail2ban[812]: NOTICE ...". */
static enum decoded fail2ban_message(struct decoder *d, struct dline *l)
{
	struct slice s = l->msg, logger = SLICE_NONE, pid;
	if (!take_logger(&s, &logger, &pid) && slice_starts(l->program, SL("fail2ban.")))
		logger = l->program;
	return decode_body(d, l, s, logger);
}

const struct program program_fail2ban = {.names = "fail2ban fail2ban*", .dataset = "fail2ban", .rows = rows, .fn = fail2ban_message};

static bool maybe_fail2ban(struct slice s)
{
	return s.n > 40 && s.p[4] == '-' && s.p[10] == ' ' && (s.p[19] == ',' || s.p[19] == ' ') && slice_has(slice_make(s.p + 19, 14), SL(" fail2ban"));
}

static enum decoded line_fail2ban(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw, logger, pid = SLICE_NONE;
	if (!time_iso(d, &s, l) || !take_logger(&s, &logger, &pid))
		return DECODED_NO_FORMAT;
	l->pid = pid;
	l->program = SL("fail2ban");
	return decode_body(d, l, s, logger);
}

const struct format format_fail2ban = {"fail2ban log", maybe_fail2ban, line_fail2ban};
