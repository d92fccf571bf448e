/* winevtlog.c - Windows events as text: OSSEC's and Wazuh's "WinEvtLog: CHANNEL: LEVEL(ID): SOURCE: USER: DOMAIN: HOST: text",
 * and the line that their server puts in front of what agents send ("2026 May  4 07:12:33 (agent) 10.0.0.5->FILE line"). */
#include "decode/xml_data.h"

enum { MEMBERS_MAX = 60 };

/* Up to the next ": ". */
static bool take_part(struct slice *s, struct slice *part)
{
	ssize_t at = slice_find(*s, SL(": "));
	if (at < 0)
		return false;
	*part = slice_trim(slice_to(*s, (size_t)at));
	*s = slice_from(*s, (size_t)at + 2);
	return true;
}

/* "Account Name" -> "AccountName", into tmp. */
static struct slice squeeze(struct slice s, char *tmp, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n && n < max; i++)
		if (s.p[i] != ' ' && s.p[i] != '\t')
			tmp[n++] = s.p[i];
	return slice_make(tmp, n);
}

static struct windows_member member_of(struct slice name)
{
	for (uint16_t i = 0; windows_names[i].name; i++)
		if (slice_eqz(name, windows_names[i].name))
			return windows_names[i].m;
	return (struct windows_member){F_NONE, 0};
}

/* "Key: value" members stand two or more blanks apart. */
static void add_members(struct decoder *d, struct event *e, const struct windows_id *row, struct slice s)
{
	char tmp[64];
	for (int n = 0; n < MEMBERS_MAX && s.n; n++) {
		ssize_t gap = slice_find(s, SL("  "));
		struct slice part = slice_trim(slice_to(s, gap < 0 ? s.n : (size_t)gap)), name;
		s = gap < 0 ? SLICE_NONE : slice_trim(slice_from(s, (size_t)gap));
		ssize_t colon = slice_chr(part, ':');
		if (colon <= 0 || colon > 40)
			continue;
		struct slice value = slice_trim(slice_from(part, (size_t)colon + 1));
		name = squeeze(slice_to(part, (size_t)colon), tmp, sizeof tmp);
		if (!value.n) { /* "Logon Type:   3": the value stands behind the gap */
			gap = slice_find(s, SL("  "));
			struct slice next = slice_to(s, gap < 0 ? s.n : (size_t)gap);
			if (slice_chr(next, ':') >= 0)
				continue;
			value = slice_trim(next);
			s = slice_trim(slice_from(s, next.n));
		}
		windows_add_member(d, e, row, member_of(name), value);
	}
}

static enum decoded winevtlog(struct decoder *d, struct dline *l)
{
	struct slice s = l->msg, channel, level, source, user, domain, host;
	uint64_t id;
	if (!take_part(&s, &channel) || !take_part(&s, &level) || !take_part(&s, &source) || !take_part(&s, &user) || !take_part(&s, &domain) ||
	    !take_part(&s, &host))
		return DECODED_UNKNOWN;
	ssize_t open = slice_chr(level, '(');
	if (open < 0 || level.p[level.n - 1] != ')' || !slice_u64(slice_make(level.p + open + 1, level.n - (size_t)open - 2), UINT32_MAX, &id))
		return DECODED_UNKNOWN;
	const struct windows_id *row = windows_find(windows_log_of(channel, source), id);
	if (!row && slice_istarts(slice_trim(s), SL("Process Create"))) /* Sysmon under another channel's name */
		row = windows_find(WIN_SYSMON, 1);
	enum action a = row ? (enum action)row->action : ACT_NOTICE;
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	l->program = l->pid = SLICE_NONE;
	if (host.n)
		l->host = host;
	enum outcome o = row ? (enum outcome)row->outcome : slice_has(level, SL("FAILURE")) ? OUTCOME_FAILURE : OUTCOME_NONE;
	struct event *e = decode_emit(d, l, SL("windows"), a, o);
	event_add(d->out, e, F_EVENT_CODE, slice_make(level.p + open + 1, level.n - (size_t)open - 2));
	event_add(d->out, e, F_EVENT_PROVIDER, source);
	event_add(d->out, e, F_MESSAGE, s);
	if (row && row->who == WHO_TARGET) {
		event_add(d->out, e, F_USER_NAME, user);
		event_add(d->out, e, F_USER_DOMAIN, domain);
	}
	add_members(d, e, row, s);
	return DECODED_EVENT;
}

const struct program program_winevtlog = {.names = "WinEvtLog", .dataset = "windows", .fn = winevtlog};

/* ---- the server's own header --------------------------------------------------------------------------------- */

static bool maybe_year(struct slice s)
{
	return s.n > 30 && s.p[0] == '2' && s.p[4] == ' ';
}

static enum decoded line_ossec(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw, head, agent;
	ssize_t at = slice_find(slice_to(s, 300), SL("->"));
	if (at < 0 || !time_bsd(d, &s, l))
		return DECODED_NO_FORMAT;
	at = slice_find(slice_to(s, 300), SL("->"));
	if (at < 0)
		return DECODED_NO_FORMAT;
	head = slice_trim(slice_to(s, (size_t)at));
	s = slice_from(s, (size_t)at + 2);
	if (head.n && head.p[0] == '(' && slice_cut(&head, ')', &agent))
		l->host = slice_from(agent, 1);
	else if (slice_chr(head, ' ') < 0)
		l->host = head;
	else
		return DECODED_NO_FORMAT;
	if (!slice_cut(&s, ' ', &agent)) /* the file's name */
		return DECODED_NO_FORMAT;
	enum decoded r = decode_nested(d, l, s);
	l->msg = s;
	return r == DECODED_NO_FORMAT ? DECODED_OTHER : r;
}

const struct format format_ossec = {"OSSEC archive", maybe_year, line_ossec};
