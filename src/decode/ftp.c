/* ftp.c - ProFTPD, Pure-FTPd and the classic ftpd family.
 * Sources: proftpd modules/mod_auth.c, mod_core.c and src/log.c; pure-ftpd messages_en.h; inetutils and wu-ftpd ftpd.c. */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE

/* ---- ProFTPD ------------------------------------------------------------------------------------------------- */

static const struct row proftpd_rows[] = {
	{"USER {user.name*}: no such user found from {} [{source.ip}] to {destination.ip}:{destination.port}", ACT_LOGIN_FAILED, FAIL, "event.reason=no such user"},
	{"USER {user.name*}: no such user found from {} [{source.ip}] to {}", ACT_LOGIN_FAILED, FAIL, "event.reason=no such user"},
	{"USER {user.name*}: no such user{}", ACT_LOGIN_FAILED, FAIL, "event.reason=no such user"},
	{"USER {user.name*} (Login failed): {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"USER {user.name*} (Login failed){}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"USER {user.name*}: Login successful.", ACT_LOGIN, OK, NULL},
	{"ANON {user.name*}: Login successful.", ACT_LOGIN, OK, NULL},
	{"ANON {user.name*} (Login failed): {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"{} '{user.name*}' {}: Login successful.", ACT_LOGIN, OK, NULL},
	{"SECURITY VIOLATION: {user.name:w} login attempted[?{}?]", ACT_LOGIN_FAILED, FAIL, "event.reason=root login attempted"},
	{"SECURITY VIOLATION: Root login attempted{}", ACT_LOGIN_FAILED, FAIL, "user.name=root;event.reason=root login attempted"},
	{"SECURITY VIOLATION: {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Maximum login attempts ({:d}) exceeded{}", ACT_LOGIN_REFUSED, FAIL, "event.reason=maximum login attempts exceeded"},
	{"Connection from {} [{source.ip}] denied[?{}?]", ACT_CONN_REFUSED, FAIL, NULL},
	{"Refused user {user.name*} for service {service.name:w}", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"Connection refused ({event.reason}){}", ACT_CONN_REFUSED, FAIL, NULL},
	{"mod_{:w}: {message}", ACT_NOTICE, NONE, NULL},
	{"FTP session opened.", ACT_CONNECTED, NONE, NULL},
	{"FTP session closed.", ACT_DISCONNECTED, NONE, NULL},
	{"SSH2 session opened.", ACT_CONNECTED, NONE, NULL},
	{"SSH2 session closed.", ACT_DISCONNECTED, NONE, NULL},
	{"FTP login timed out, disconnected", ACT_CONN_FAILED, NONE, NULL},
	{"FTP no transfer timeout, disconnected", ACT_DISCONNECTED, NONE, NULL},
	{"FTP session idle timeout, disconnected", ACT_DISCONNECTED, NONE, NULL},
	{"Preparing to chroot to directory '{file.path*}'", ACT_NOTICE, NONE, NULL},
	{"ProFTPD {} standalone mode STARTUP", ACT_SERVICE_STARTED, NONE, NULL},
	{"ProFTPD {} standalone mode SHUTDOWN", ACT_SERVICE_STOPPED, NONE, NULL},
	{"ProFTPD {}", ACT_NOTICE, NONE, NULL},
	{"received SIGHUP {}", ACT_CONFIG_CHANGED, NONE, NULL},
	{"notice: {message}", ACT_NOTICE, NONE, NULL},
	{"warning: {message}", ACT_NOTICE, NONE, NULL},
	{"error: {message}", ACT_ERROR, NONE, NULL},
	{"fatal: {message}", ACT_ERROR, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

/* "server (name[address]): " or "... - " in front. The name is the client's reverse DNS, hence the last '[' before ']) '. */
static bool take_peer(struct slice *s, struct slice *name, struct slice *ip)
{
	struct slice rest = *s, server;
	if (!slice_cut(&rest, ' ', &server) || !rest.n || rest.p[0] != '(')
		return false;
	rest = slice_from(rest, 1);
	ssize_t end = slice_find(slice_to(rest, 512), SL("]): "));
	if (end < 0)
		end = slice_find(slice_to(rest, 512), SL("]) - "));
	if (end < 0)
		return false;
	struct slice inside = slice_to(rest, (size_t)end);
	ssize_t open = slice_rfind(inside, SL("["));
	if (open < 0)
		return false;
	*name = slice_to(inside, (size_t)open);
	*ip = slice_from(inside, (size_t)open + 1);
	rest = slice_trim(slice_from(rest, (size_t)end + 2));
	if (rest.n && (rest.p[0] == ':' || rest.p[0] == '-'))
		rest = slice_trim(slice_from(rest, 1));
	*s = rest;
	return true;
}

static enum decoded proftpd_text(struct decoder *d, struct dline *l)
{
	struct slice s = l->msg, whole = s, name = SLICE_NONE, ip = SLICE_NONE, server;
	struct event *ev;
	bool peer = take_peer(&s, &name, &ip);
	if (!peer) { /* "server - message", of the master process */
		ssize_t dash = slice_find(slice_to(s, 256), SL(" - "));
		server = dash > 0 ? slice_to(s, (size_t)dash) : SLICE_NONE;
		if (server.n && slice_chr(server, ' ') < 0)
			s = slice_from(s, (size_t)dash + 3);
	}
	l->msg = s;
	enum decoded r = decode_rows(d, l, decode_rowset_of(d, &program_proftpd), SL("proftpd"), &ev);
	l->msg = whole;
	if (ev && peer && !event_source(ev).n) {
		event_add(d->out, ev, F_SOURCE_IP, ip);
		if (name.n && !slice_eq(name, ip))
			event_add(d->out, ev, F_SOURCE_DOMAIN, name);
	}
	return r;
}

const struct program program_proftpd = {.names = "proftpd", .dataset = "proftpd", .rows = proftpd_rows, .rows_of_fn = true, .fn = proftpd_text};

/* "2026-05-04 07:12:33,123 host proftpd[812] server (...): message": SystemLog of 1.3.5 and later */
static bool maybe_proftpd(struct slice s)
{
	return s.n > 40 && s.p[4] == '-' && s.p[10] == ' ' && s.p[19] == ',' && slice_has(slice_make(s.p + 23, MIN(s.n - 23, (size_t)96)), SL(" proftpd["));
}

static enum decoded line_proftpd(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw, host, tag, pid;
	if (!time_iso(d, &s, l) || !slice_word(&s, &host))
		return DECODED_NO_FORMAT;
	s = slice_trim(s);
	if (!slice_starts(s, SL("proftpd[")) || !slice_cut(&s, '[', &tag) || !slice_cut(&s, ']', &pid))
		return DECODED_NO_FORMAT;
	if (s.n && s.p[0] == ':')
		s = slice_from(s, 1);
	l->host = host;
	l->program = tag;
	l->pid = pid;
	l->msg = slice_trim(s);
	return proftpd_text(d, l);
}

const struct format format_proftpd = {"ProFTPD log", maybe_proftpd, line_proftpd};

/* ---- Pure-FTPd ----------------------------------------------------------------------------------------------- */
#define PURE "({user.name*}@{source.ip}) [{:w}] "

static const struct row pure_rows[] = {
	{"({}@{}) [{:w}] New connection from {source.ip}", ACT_CONNECTED, NONE, NULL},
	{"({}@{source.ip}) [{:w}] Authentication failed for user [{user.name*}]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"({}@{source.ip}) [{:w}] Sorry, invalid {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"({}@{source.ip}) [{:w}] Too many {event.reason}", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"({}@{source.ip}) [{:w}] {user.name*} is now logged in", ACT_LOGIN, OK, NULL},
	{"({}@{source.ip}) [{:w}] Anonymous user logged in{}", ACT_LOGIN, OK, "user.name=anonymous"},
	{PURE "{file.path*} uploaded  ({source.bytes} bytes, {})", ACT_UPLOAD, OK, NULL},
	{PURE "{file.path*} downloaded  ({destination.bytes} bytes, {})", ACT_DOWNLOAD, OK, NULL},
	{PURE "Deleted {file.path*}", ACT_FILE_DELETED, OK, NULL},
	{PURE "File successfully renamed or moved: [{file.path}]->[{file.target_path}]", ACT_FILE_RENAMED, OK, NULL},
	{PURE "Logout.", ACT_LOGOUT, NONE, NULL},
	{PURE "Timeout{}", ACT_DISCONNECTED, NONE, NULL},
	{PURE "{message}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

const struct program program_pureftpd = {.names = "pure-ftpd pure-ftpd*", .dataset = "pureftpd", .rows = pure_rows};

/* ---- ftpd of inetutils, BSD, wu-ftpd, and GSS ftpd ----------------------------------------------------------- */

static const struct row ftpd_rows[] = {
	{"connection from {source.ip} ({source.domain}) at {}", ACT_CONNECTED, NONE, NULL},
	{"connection from {source.ip} () at {}", ACT_CONNECTED, NONE, NULL},
	{"connection from {source.ip} at {}", ACT_CONNECTED, NONE, NULL},
	{"connection from {source.domain:w} [{source.ip}]", ACT_CONNECTED, NONE, NULL},
	{"connection from {source.ip}[? {}?]", ACT_CONNECTED, NONE, NULL},
	{"connection refused {}from {source.ip}[? {}?]", ACT_CONN_REFUSED, FAIL, NULL},
	{"ANONYMOUS FTP LOGIN FROM {source.ip}, {user.name}", ACT_LOGIN, OK, NULL},
	{"ANONYMOUS FTP LOGIN FROM {source.domain:w} [{source.ip}], {user.name}", ACT_LOGIN, OK, NULL},
	{"ANONYMOUS FTP LOGIN REFUSED FROM {source.ip}[?{}?]", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"FTP LOGIN FROM {source.domain:w} [{source.ip}], {user.name}", ACT_LOGIN, OK, NULL},
	{"FTP LOGIN FROM {source.ip} as {user.name}", ACT_LOGIN, OK, NULL},
	{"FTP LOGIN FROM {source.ip}, {user.name}", ACT_LOGIN, OK, NULL},
	{"FTP LOGIN FAILED FROM {source.ip}, {user.name}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"FTP LOGIN FAILED ({event.reason}) FROM {source.ip}, {user.name}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"FTP LOGIN REFUSED ({event.reason}) FROM {source.domain:w} [{source.ip}], {user.name}", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"FTP LOGIN REFUSED ({event.reason}) FROM {source.ip}[?, {user.name}?]", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"failed login from {source.domain:w} [{source.ip}][?, {user.name}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"failed login from {source.ip}[? {}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"repeated login failures from {source.ip}[? {}?]", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"repeated login failures from {source.domain:w} [{source.ip}]", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"User {user.name} timed out after {}", ACT_DISCONNECTED, NONE, NULL},
	{"FTP session closed[?{}?]", ACT_DISCONNECTED, NONE, NULL},
	{"lost connection to {source.domain:w} [{source.ip}]", ACT_DISCONNECTED, NONE, NULL},
	{"lost connection[? {}?]", ACT_DISCONNECTED, NONE, NULL},
	{"getpeername ({}): {error.message}", ACT_NOTICE, NONE, NULL},
	{"{user.name:w} of {source.domain:w} [{source.ip}] {message}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

const struct program program_ftpd = {.names = "ftpd in.ftpd wu-ftpd ftpd-* gssftpd tnftpd", .dataset = "ftpd", .rows = ftpd_rows};
