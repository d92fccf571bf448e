/* exim.c - Exim 4's main, reject and panic logs, as files and over syslog.
 * Source: chapter 52 "Log files" of Exim's specification; src/smtp_in.c, src/acl.c and src/log.c for the wording. What a client
 * says of itself stands in parentheses; the address that counts is the bracketed one behind it. */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE

/* "[name ](helo) [address]:port I=[...]:25 ..." */
struct client {
	struct slice name, helo, ip, port, rest;
};

static bool take_address(struct slice s, struct client *c)
{
	struct slice in = slice_from(s, 1);
	if (!slice_cut(&in, ']', &c->ip) || c->ip.n > 64)
		return false;
	c->rest = in;
	if (in.n > 1 && in.p[0] == ':') {
		size_t n = 1;
		while (n < in.n && (unsigned)(in.p[n] - '0') <= 9)
			n++;
		c->port = slice_make(in.p + 1, n - 1);
		c->rest = slice_from(in, n);
	}
	return true;
}

static bool take_client(struct slice s, struct client *c)
{
	*c = (struct client){0};
	s = slice_trim(s);
	if (s.n && s.p[0] != '[' && s.p[0] != '(') {
		struct slice word;
		if (!slice_word(&s, &word))
			return false;
		c->name = word;
		s = slice_trim(s);
	}
	if (s.n && s.p[0] == '(') {
		ssize_t end = slice_find(s, SL(") ["));
		if (end < 0)
			return false;
		c->helo = slice_make(s.p + 1, (size_t)end - 1);
		s = slice_from(s, (size_t)end + 2);
	}
	return s.n && s.p[0] == '[' && take_address(s, c);
}

/* ---- the wording --------------------------------------------------------------------------------------------- */
/* A message is told by how it begins; the client follows `mark` (the first one behind the beginning). */
struct opening {
	const char *starts, *mark;
	enum action action;
	enum outcome outcome;
};
static const struct opening openings[] = {
	{"SMTP protocol synchronization error", " H=", ACT_SCAN_PROBE, FAIL},
	{"SMTP protocol error in ", " H=", ACT_SCAN_PROBE, FAIL},
	{"SMTP protocol violation", " H=", ACT_SCAN_PROBE, FAIL},
	{"SMTP call from ", "from ", ACT_CONN_REFUSED, FAIL},
	{"SMTP syntax error in ", " H=", ACT_SCAN_PROBE, FAIL},
	{"SMTP command timeout on ", "from ", ACT_CONN_FAILED, NONE},
	{"SMTP data timeout ", "from ", ACT_CONN_FAILED, NONE},
	{"no MAIL in SMTP connection from ", "from ", ACT_SCAN_PROBE, FAIL},
	{"no host name found for IP address ", NULL, ACT_NOTICE, NONE},
	{"no IP address found for host ", NULL, ACT_NOTICE, NONE},
	{"unexpected disconnection while reading SMTP command from ", "from ", ACT_CONN_FAILED, NONE},
	{"rejected EHLO from ", "from ", ACT_MAIL_REJECTED, FAIL},
	{"rejected HELO from ", "from ", ACT_MAIL_REJECTED, FAIL},
	{"rejected connection from ", "from ", ACT_CONN_REFUSED, FAIL},
	{"refused connection from ", "from ", ACT_CONN_REFUSED, FAIL},
	{"rejected ", " H=", ACT_MAIL_REJECTED, FAIL},
	{"Connection from ", "from ", ACT_CONN_REFUSED, FAIL},
	{"connection from ", "from ", ACT_CONN_REFUSED, FAIL},
	{"TLS error on connection from ", "from ", ACT_CONN_FAILED, FAIL},
	{"TLS session: ", NULL, ACT_NOTICE, NONE},
	{"Warning: ", NULL, ACT_NOTICE, NONE},
	{"Start queue run", NULL, ACT_NOTICE, NONE},
	{"End queue run", NULL, ACT_NOTICE, NONE},
	{"Completed", NULL, ACT_MAIL_QUEUE, NONE},
	{"Frozen", NULL, ACT_MAIL_QUEUE, NONE},
	{"Message is frozen", NULL, ACT_MAIL_QUEUE, NONE},
	{"Unfrozen", NULL, ACT_MAIL_QUEUE, NONE},
	{"cancelled by ", NULL, ACT_MAIL_QUEUE, NONE},
	{"removed by ", NULL, ACT_MAIL_QUEUE, NONE},
	{"daemon started", NULL, ACT_NOTICE, NONE},
	{"Received from ", NULL, ACT_NOTICE, NONE},
	{"exim ", NULL, ACT_NOTICE, NONE},
	{"listening for ", NULL, ACT_NOTICE, NONE},
	{"pid ", NULL, ACT_NOTICE, NONE},
	{"SIGHUP received", NULL, ACT_CONFIG_CHANGED, NONE},
	{"failed to ", NULL, ACT_ERROR, NONE},
	{"cwd=", NULL, ACT_NOTICE, NONE},
	{"DKIM: ", NULL, ACT_NOTICE, NONE},
	{"SIZE ", NULL, ACT_NOTICE, NONE},
};

/* How the story of a connection ends: looked for behind the client. */
struct ending {
	const char *has;
	enum action action;
	enum outcome outcome;
};
static const struct ending host_endings[] = { /* "H=client ..." lines */
	{"sender verify fail for ", ACT_MAIL_REJECTED, FAIL},
	{"sender verify defer for ", ACT_MAIL_REJECTED, NONE},
	{"temporarily rejected ", ACT_MAIL_REJECTED, NONE},
	{"rejected ", ACT_MAIL_REJECTED, FAIL},
	{"dropped by ", ACT_CONN_REFUSED, FAIL},
	{"discarded ", ACT_MAIL_REJECTED, NONE},
	{"Warning: ", ACT_NOTICE, NONE},
	{"incomplete transaction", ACT_CONN_FAILED, NONE},
	{"Connection timed out", ACT_MAIL_DEFERRED, NONE},
	{"SMTP timeout", ACT_MAIL_DEFERRED, NONE},
	{"", ACT_NOTICE, NONE},
};
static const struct ending connection_endings[] = { /* "SMTP connection from client ..." lines */
	{"closed by DROP", ACT_CONN_REFUSED, FAIL},
	{"closed by QUIT", ACT_DISCONNECTED, NONE},
	{"lost", ACT_CONN_FAILED, NONE},
	{"TCP/IP connection count", ACT_CONNECTED, NONE},
	{"", ACT_NOTICE, NONE},
};

struct arrow {
	const char *sign;
	enum action action;
};
static const struct arrow arrows[] = {
	{"<= ", ACT_MAIL_RECEIVED}, {"=> ", ACT_MAIL_SENT}, {"-> ", ACT_MAIL_SENT}, {">> ", ACT_MAIL_SENT},
	{"*> ", ACT_NOTICE}, {"** ", ACT_MAIL_BOUNCED}, {"== ", ACT_MAIL_DEFERRED},
};

/* ---- parts --------------------------------------------------------------------------------------------------- */

struct words { /* a message's head and what it is about */
	struct slice id, text;
};

/* "1ahr79-0006jK-G9" (16) or, since 4.97, "1rnNhQ-000000003Yp-2Vgo" (23). */
static bool is_id(struct slice s)
{
	if (s.n != 16 && s.n != 23)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool dash = i == 6 || i == s.n - (s.n == 16 ? 3 : 5);
		if (dash ? c != '-' : !((unsigned)((c | 0x20) - 'a') <= 25 || (unsigned)(c - '0') <= 9))
			return false;
	}
	return true;
}

/* "[13314] ", "+0200 ", and the message's id in front of the text. */
static struct words take_head(struct dline *l, struct slice s)
{
	struct words w = {SLICE_NONE, slice_trim(s)};
	if (w.text.n > 2 && w.text.p[0] == '[') {
		struct slice rest = slice_from(w.text, 1), pid;
		uint64_t n;
		if (slice_cut(&rest, ']', &pid) && slice_u64(pid, UINT32_MAX, &n)) {
			if (!l->pid.n)
				l->pid = pid;
			w.text = slice_trim(rest);
		}
	}
	struct slice rest = w.text, word;
	if (slice_word(&rest, &word) && is_id(word)) {
		w.id = word;
		w.text = slice_trim(rest);
	}
	return w;
}

static void add_client(struct decoder *d, struct event *ev, const struct client *c)
{
	if (c->ip.n)
		event_add(d->out, ev, F_SOURCE_IP, c->ip);
	if (c->port.n)
		event_add(d->out, ev, F_SOURCE_PORT, c->port);
	if (c->name.n)
		event_add(d->out, ev, F_SOURCE_DOMAIN, c->name);
	if (c->helo.n)
		event_add(d->out, ev, F_MAIL_HELO, c->helo);
}

/* The value behind " KEY=" up to a blank. */
static struct slice item(struct slice s, struct slice key)
{
	ssize_t at = slice_find(s, key);
	if (at < 0)
		return SLICE_NONE;
	s = slice_from(s, (size_t)at + key.n);
	ssize_t end = slice_chr(s, ' ');
	return end < 0 ? s : slice_to(s, (size_t)end);
}

static struct slice bare_address(struct slice s)
{
	return s.n > 2 && s.p[0] == '<' && s.p[s.n - 1] == '>' ? slice_make(s.p + 1, s.n - 2) : s;
}

static enum decoded emit(struct decoder *d, struct dline *l, const struct words *w, const struct client *c, enum action a, enum outcome o)
{
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	struct event *ev = decode_emit(d, l, SL("exim"), a, o);
	add_client(d, ev, c);
	if (w->id.n)
		event_add(d->out, ev, F_MAIL_QUEUE_ID, w->id);
	struct slice from = item(c->rest, SL(" F="));
	if (from.n)
		event_add(d->out, ev, F_MAIL_FROM, bare_address(from));
	event_add(d->out, ev, o == FAIL ? F_EVENT_REASON : F_MESSAGE, c->ip.n ? slice_trim(c->rest) : w->text);
	return DECODED_EVENT;
}

/* ---- messages ------------------------------------------------------------------------------------------------ */

/* "<= sender H=client P=esmtpsa A=plain:user S=1234 id=..." and the deliveries. */
static enum decoded flow(struct decoder *d, struct dline *l, const struct words *w, const struct arrow *a)
{
	struct slice s = slice_from(w->text, strlen(a->sign)), address;
	struct client c = {0};
	if (!slice_word(&s, &address))
		return DECODED_UNKNOWN;
	if (!decode_wanted(d, l, a->action))
		return DECODED_UNWANTED;
	struct event *ev = decode_emit(d, l, SL("exim"), a->action, NONE);
	bool in = a->action == ACT_MAIL_RECEIVED;
	event_add(d->out, ev, in ? F_MAIL_FROM : F_MAIL_TO, bare_address(address));
	if (w->id.n)
		event_add(d->out, ev, F_MAIL_QUEUE_ID, w->id);
	ssize_t h = slice_find(s, SL(" H="));
	if (h >= 0 && take_client(slice_from(s, (size_t)h + 3), &c)) {
		if (in)
			add_client(d, ev, &c);
		else
			event_add(d->out, ev, F_DEST_IP, c.ip);
		s = c.rest;
	}
	struct slice login = item(s, SL(" A=")), method;
	if (in && slice_cut(&login, ':', &method)) {
		event_add(d->out, ev, F_SSH_METHOD, method);
		event_add(d->out, ev, F_USER_NAME, login);
	}
	struct slice size = item(s, SL(" S=")), id = item(s, SL(" id="));
	if (size.n)
		event_add(d->out, ev, F_MAIL_SIZE, size);
	if (in && id.n)
		event_add(d->out, ev, F_MAIL_MESSAGE_ID, id);
	return DECODED_EVENT;
}

/* "plain authenticator failed for client: 535 Incorrect authentication data (set_id=user)" */
static enum decoded login_failed(struct decoder *d, struct dline *l, const struct words *w, struct slice method, struct slice s)
{
	struct client c;
	if (!take_client(s, &c))
		return DECODED_UNKNOWN;
	if (!decode_wanted(d, l, ACT_LOGIN_FAILED))
		return DECODED_UNWANTED;
	struct event *ev = decode_emit(d, l, SL("exim"), ACT_LOGIN_FAILED, FAIL);
	add_client(d, ev, &c);
	event_add(d->out, ev, F_SSH_METHOD, method);
	if (w->id.n)
		event_add(d->out, ev, F_MAIL_QUEUE_ID, w->id);
	ssize_t id = slice_rfind(c.rest, SL("(set_id="));
	if (id >= 0 && c.rest.p[c.rest.n - 1] == ')')
		event_add(d->out, ev, F_USER_NAME, slice_make(c.rest.p + id + 8, c.rest.n - (size_t)id - 9));
	ssize_t colon = slice_find(c.rest, SL(": "));
	if (colon >= 0)
		event_add(d->out, ev, F_EVENT_REASON, slice_from(c.rest, (size_t)colon + 2));
	return DECODED_EVENT;
}

static enum decoded ended(struct decoder *d, struct dline *l, const struct words *w, struct slice s, const struct ending *endings)
{
	struct client c;
	if (!take_client(s, &c))
		return DECODED_UNKNOWN;
	const struct ending *e = endings;
	while (e->has[0] && !slice_has(c.rest, slice_of(e->has)))
		e++;
	return emit(d, l, w, &c, e->action, e->outcome);
}

static enum decoded opened(struct decoder *d, struct dline *l, const struct words *w, const struct opening *o)
{
	struct client c = {0};
	if (o->mark) {
		ssize_t at = slice_find(w->text, slice_of(o->mark));
		if (at < 0 || !take_client(slice_from(w->text, (size_t)at + strlen(o->mark)), &c))
			return emit(d, l, w, &(struct client){0}, o->action == ACT_SCAN_PROBE ? ACT_NOTICE : o->action, o->outcome);
	}
	return emit(d, l, w, &c, o->action, o->outcome);
}

static enum decoded message(struct decoder *d, struct dline *l, struct slice text)
{
	struct words w = take_head(l, text);
	struct slice s = w.text, word;
	for (size_t i = 0; i < ARRAY_LEN(arrows); i++)
		if (slice_starts(s, slice_of(arrows[i].sign)))
			return flow(d, l, &w, &arrows[i]);
	if (slice_starts(s, SL("H=")))
		return ended(d, l, &w, slice_from(s, 2), host_endings);
	if (slice_starts(s, SL("SMTP connection from ")))
		return ended(d, l, &w, slice_from(s, 21), connection_endings);
	for (size_t i = 0; i < ARRAY_LEN(openings); i++)
		if (slice_starts(s, slice_of(openings[i].starts)))
			return opened(d, l, &w, &openings[i]);
	if (slice_word(&s, &word)) {
		s = slice_trim(s);
		if (slice_starts(s, SL("authenticator failed for ")))
			return login_failed(d, l, &w, word, slice_from(s, 25));
	}
	return DECODED_UNKNOWN;
}

/* Its own time may stand behind the envelope's (log_timestamp with syslog), and tells the year. */
static enum decoded program_message(struct decoder *d, struct dline *l)
{
	struct slice s = l->msg;
	struct dline own = {.time = NSTIME_NONE};
	if (s.n > 19 && s.p[4] == '-' && time_iso(d, &s, &own) && (l->time == NSTIME_NONE || l->flags & (EV_YEAR_INFERRED | EV_NO_TIME))) {
		l->time = own.time;
		l->flags = own.flags;
	}
	return message(d, l, s);
}

const struct program program_exim = {.names = "exim exim4 exim*", .dataset = "exim", .fn = program_message};

static bool maybe_exim(struct slice s)
{
	return s.n > 24 && s.p[4] == '-' && s.p[7] == '-' && s.p[10] == ' ' && s.p[13] == ':';
}

/* "2026-05-04 07:12:33 text", with "info exim[8001]: " of syslog-ng's template perhaps. Only what is known is claimed: other
 * programs write the same times. */
static enum decoded line_exim(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw;
	if (!time_iso(d, &s, l))
		return DECODED_NO_FORMAT;
	ssize_t tag = slice_find(slice_to(s, 24), SL(" exim["));
	if (tag >= 0) {
		struct slice rest = slice_from(s, (size_t)tag + 6), pid;
		if (!slice_cut(&rest, ']', &pid) || !slice_starts(rest, SL(": ")))
			return DECODED_NO_FORMAT;
		l->pid = pid;
		s = slice_from(rest, 2);
	}
	l->program = SL("exim");
	struct words w = take_head(l, s);
	enum decoded r = message(d, l, s);
	if (r == DECODED_UNKNOWN && !w.id.n && tag < 0)
		return DECODED_NO_FORMAT;
	return r;
}

const struct format format_exim = {"Exim log", maybe_exim, line_exim};
