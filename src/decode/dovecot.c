/* dovecot.c - Dovecot 1 to 2.4: login processes, auth and its workers, sessions (src/login-common/client-common.c,
 * src/auth of dovecot). Old versions and own log files put "Info: " and the like in front. */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE

static const struct row rows[] = {
	/* logins */
	{"Login: user=<{user.name*}>, method={sshd.method:w}, rip={source.ip}, lip={destination.ip}[?, {}?]", ACT_LOGIN, OK, NULL},
	{"Login: user=<{user.name*}>, {}rip={source.ip}[?,{}?]", ACT_LOGIN, OK, NULL},
	{"Aborted login (auth failed{}): {}user=<{user.name*}>, {}rip={source.ip}[?,{}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Aborted login (tried to use {event.reason}): {}rip={source.ip}[?,{}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Aborted login (no auth attempts{}): {}rip={source.ip}[?,{}?]", ACT_CONN_FAILED, NONE, NULL},
	{"Aborted login ({:d} authentication attempts): user=<{user.name*}>, {}rip={source.ip}[?,{}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Aborted login{}: {}rip={source.ip}[?,{}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Disconnected{}(auth failed{}): user=<{user.name*}>, {}rip={source.ip}[?,{}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Disconnected{}(auth failed{}): {}rip={source.ip}[?,{}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Disconnected{}(proxy dest auth failed{}): user=<{user.name*}>, {}rip={source.ip}[?,{}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Disconnected{}(tried to use {event.reason}): {}rip={source.ip}[?,{}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Disconnected{}(no auth attempts{}): {}rip={source.ip}[?,{}?]", ACT_CONN_FAILED, NONE, NULL},
	{"Disconnected{}(client didn't finish SASL auth{}): {}rip={source.ip}[?,{}?]", ACT_CONN_FAILED, NONE, NULL},
	{"Disconnected{}(disconnected {event.reason}): {}rip={source.ip}[?,{}?]", ACT_CONN_FAILED, FAIL, NULL},
	{"Login aborted: {}(tls_handshake_not_finished): user=<{user.name*}>, {}rip={source.ip}[?,{}?]", ACT_CONN_FAILED, FAIL, "event.reason=TLS handshake not finished"},
	{"Login aborted: {event.reason*} (auth failed{}: user=<{user.name*}>, {}rip={source.ip}[?,{}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Login aborted: {event.reason*}: user=<{user.name*}>, {}rip={source.ip}[?,{}?]", ACT_CONN_FAILED, NONE, NULL},
	{"Client has quit the connection (auth failed{}): user=<{user.name*}>, {}rip={source.ip}[?,{}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Maximum number of connections {}: user=<{user.name*}>, {}rip={source.ip}[?,{}?]", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"{event.reason} (auth failed{}): user=<{user.name*}>, {}rip={source.ip}[?,{}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"proxy({user.name}): {event.reason}: user=<{}>, {}rip={source.ip}[?,{}?]", ACT_NOTICE, NONE, NULL},
	/* the auth process and its drivers: "driver(user,address,<session>): what" */
	{"{:w}({user.name*},{source.ip}[?,<{}>?][?,{}?]): unknown user{}", ACT_LOGIN_FAILED, FAIL, "event.reason=unknown user"},
	{"{:w}({user.name*},{source.ip}[?,<{}>?][?,{}?]): Unknown user{}", ACT_LOGIN_FAILED, FAIL, "event.reason=unknown user"},
	{"{:w}({user.name*},{source.ip}[?,<{}>?][?,{}?]): Password mismatch{}", ACT_LOGIN_FAILED, FAIL, "event.reason=password mismatch"},
	{"{:w}({user.name*},{source.ip}[?,<{}>?][?,{}?]): password mismatch{}", ACT_LOGIN_FAILED, FAIL, "event.reason=password mismatch"},
	{"{:w}({user.name*},{source.ip}[?,<{}>?][?,{}?]): pam_authenticate() failed: {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"{:w}({user.name*},{source.ip}[?,<{}>?][?,{}?]): pam_acct_mgmt() failed: {event.reason}", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"{:w}({user.name*},{source.ip}[?,<{}>?][?,{}?]): invalid credentials{}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"{:w}({user.name*},{source.ip}[?,<{}>?][?,{}?]): {message}", ACT_NOTICE, NONE, NULL},
	{"sql: Password mismatch{}", ACT_LOGIN_FAILED, FAIL, "event.reason=password mismatch"},
	{"sql: unknown user{}", ACT_LOGIN_FAILED, FAIL, "event.reason=unknown user"},
	/* sessions */
	{"Disconnected: Logged out{}", ACT_LOGOUT, NONE, NULL},
	{"Disconnected for inactivity{}", ACT_LOGOUT, NONE, NULL},
	{"Disconnected: {event.reason}", ACT_LOGOUT, NONE, NULL},
	{"Disconnected{}", ACT_LOGOUT, NONE, NULL},
	{"Logged out{}", ACT_LOGOUT, NONE, NULL},
	{"Connection closed{}", ACT_LOGOUT, NONE, NULL},
	{"Connect from {}", ACT_CONNECTED, NONE, NULL},
	{"msgid={email.message_id}: saved mail to {file.path}", ACT_MAIL_QUEUE, NONE, NULL},
	{"sieve: {message}", ACT_NOTICE, NONE, NULL},
	{"delete: {message}", ACT_NOTICE, NONE, NULL},
	{"expunge: {message}", ACT_NOTICE, NONE, NULL},
	{"copy from {message}", ACT_NOTICE, NONE, NULL},
	/* housekeeping */
	{"Dovecot v{package.version:w} {}starting up{}", ACT_SERVICE_STARTED, NONE, NULL},
	{"Killed with signal {}", ACT_SERVICE_STOPPED, NONE, NULL},
	{"Warning: {message}", ACT_NOTICE, NONE, NULL},
	{"Fatal: {message}", ACT_ERROR, NONE, NULL},
	{"Error: {message}", ACT_ERROR, NONE, NULL},
	{"Panic: {message}", ACT_ERROR, NONE, NULL},
	{"userdb({user.name},{source.ip}): {message}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

/* "imap-login: ", "lmtp(anna)<63684><E8k..>: ", "auth-worker(12182): conn unix:auth-worker (pid=1,uid=2): auth-worker<55>: ",
 * "auth(info@x,192.0.2.1,sasl:login)<sess>: Info: ": who speaks. Names the user of a session. */
struct speaker {
	struct slice name, inside; /* "lmtp", "anna" */
};

static bool speaker_name(struct slice s)
{
	size_t i = 0;
	while (i < s.n && (((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'z') || s.p[i] == '-' || (s.p[i] >= '0' && s.p[i] <= '9')))
		i++;
	return i == s.n && i > 0;
}

static bool take_speaker(struct slice *s, struct speaker *sp)
{
	size_t n = 0;
	while (n < s->n && n < 32 && s->p[n] != ':' && s->p[n] != '(' && s->p[n] != '<' && s->p[n] != ' ')
		n++;
	sp->name = slice_to(*s, n);
	sp->inside = SLICE_NONE;
	struct slice rest = slice_from(*s, n);
	if (!speaker_name(sp->name) || (n && sp->name.p[0] <= 'Z' && !slice_starts(rest, SL("(")))) /* "IMAP(anna): ", not "Fatal: " */
		return false;
	if (rest.n && rest.p[0] == '(') {
		ssize_t end = slice_find(rest, SL("): ")), angle = slice_find(rest, SL(")<"));
		if (angle >= 0 && (end < 0 || angle < end))
			end = angle;
		if (end < 0)
			return false;
		sp->inside = slice_make(rest.p + 1, (size_t)end - 1);
		rest = slice_from(rest, (size_t)end + 1);
	}
	while (rest.n && rest.p[0] == '<') { /* session, pid */
		ssize_t end = slice_chr(rest, '>');
		if (end < 0)
			return false;
		rest = slice_from(rest, (size_t)end + 1);
	}
	if (!slice_starts(rest, SL(": ")))
		return false;
	*s = slice_from(rest, 2);
	return true;
}

static void skip_level(struct slice *s)
{
	static const char *const levels[] = {"Info: ", "Debug: ", "Warn: "};
	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (slice_starts(*s, slice_of(levels[i])))
			*s = slice_from(*s, strlen(levels[i]));
}

/* "conn unix:auth-worker (pid=27359,uid=97): auth-worker<55>: " in front of what a worker says. */
static void skip_connection(struct slice *s)
{
	if (!slice_starts(*s, SL("conn unix:")))
		return;
	ssize_t at = slice_find(*s, SL("): "));
	if (at > 0)
		*s = slice_from(*s, (size_t)at + 3);
}

/* "user,address[,session]" inside the speaker of 2.3's auth. */
static void add_inside(struct decoder *d, struct event *ev, struct slice inside)
{
	struct slice rest = inside, user, address;
	if (!slice_cut(&rest, ',', &user)) {
		if (!event_str(ev, F_USER_NAME).n && inside.n)
			event_add(d->out, ev, F_USER_NAME, inside);
		return;
	}
	if (!slice_cut(&rest, ',', &address))
		address = rest;
	event_add(d->out, ev, F_USER_NAME, user);
	event_add(d->out, ev, F_SOURCE_IP, address);
}

static bool drivers_speak(struct slice name)
{
	static const char *const names[] = {"pam", "sql", "ldap", "passwd-file", "passwd", "shadow", "static", "lua", "oauth2", "dict", "bsdauth", "userdb"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eqz(name, names[i]))
			return true;
	return false;
}

/* The tag of an own log file's line may hold the user and the address already: "auth(anna,192.0.2.1,sasl:login)<id>: ". */
static enum decoded message(struct decoder *d, struct dline *l)
{
	struct speaker sp = {.inside = l->facility}, next;
	struct slice s = l->msg, before = s;
	skip_level(&s);
	skip_connection(&s);
	while (before = s, take_speaker(&s, &next)) {
		if (drivers_speak(next.name)) { /* "sql(user,ip): Password mismatch": for the rows */
			s = before;
			break;
		}
		if (next.inside.n)
			sp.inside = next.inside;
		sp.name = next.name;
		skip_level(&s);
		skip_connection(&s);
	}
	struct slice whole = l->msg;
	struct event *ev;
	l->msg = s;
	enum decoded r = decode_rows(d, l, decode_rowset_of(d, &program_dovecot), SL("dovecot"), &ev);
	l->msg = whole;
	uint64_t n;
	if (ev && sp.inside.n && !slice_u64(sp.inside, UINT64_MAX, &n) && !event_source(ev).n) /* a number is a pid */
		add_inside(d, ev, sp.inside);
	return r;
}

/* Rows are for `message`, which looks behind the speaker: the table lists them without being tried on the whole line. */
const struct program program_dovecot = {
	.names = "dovecot dovecot-auth auth imap-login pop3-login managesieve-login submission-login auth-worker imap pop3 lmtp info warn warning error fatal",
	.dataset = "dovecot",
	.rows = rows,
	.rows_of_fn = true,
	.fn = message,
};
