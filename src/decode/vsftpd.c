/* vsftpd.c - vsftpd's own log, and the same messages over syslog (syslog_enable=YES).
 * Source: vsftpd's logging.c (vsf_log_line): "[user] OK LOGIN: Client \"address\", ...", a "[pid N]" in front in the file. */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE
#define CLIENT ": Client \"{source.ip}\""

static const struct row rows[] = {
	{"CONNECT" CLIENT "[?, \"{event.reason}\"?]", ACT_CONNECTED, NONE, NULL},
	{"FAIL CONNECT" CLIENT "[?, {event.reason}?]", ACT_CONN_REFUSED, FAIL, NULL},
	{"[{user.name*}] FAIL LOGIN" CLIENT "[?, \"{event.reason}\"?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"FAIL LOGIN" CLIENT "[?, \"{event.reason}\"?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"[{user.name*}] OK LOGIN" CLIENT "[?, {}?]", ACT_LOGIN, OK, NULL},
	{"[{user.name*}] OK UPLOAD" CLIENT ", \"{file.path*}\", {source.bytes} bytes, {}", ACT_UPLOAD, OK, NULL},
	{"[{user.name*}] OK UPLOAD" CLIENT ", \"{file.path*}\"[?,{}?]", ACT_UPLOAD, OK, NULL},
	{"[{user.name*}] OK APPEND" CLIENT ", \"{file.path*}\"[?,{}?]", ACT_UPLOAD, OK, NULL},
	{"[{user.name*}] OK DOWNLOAD" CLIENT ", \"{file.path*}\", {destination.bytes} bytes, {}", ACT_DOWNLOAD, OK, NULL},
	{"[{user.name*}] OK DOWNLOAD" CLIENT ", \"{file.path*}\"[?,{}?]", ACT_DOWNLOAD, OK, NULL},
	{"[{user.name*}] OK DELETE" CLIENT ", \"{file.path*}\"", ACT_FILE_DELETED, OK, NULL},
	{"[{user.name*}] OK RMDIR" CLIENT ", \"{file.path*}\"", ACT_FILE_DELETED, OK, NULL},
	{"[{user.name*}] OK MKDIR" CLIENT ", \"{file.path*}\"", ACT_FILE_CREATED, OK, NULL},
	{"[{user.name*}] OK RENAME" CLIENT ", \"{file.path}[? {file.target_path}?]\"", ACT_FILE_RENAMED, OK, NULL},
	{"[{user.name*}] OK CHMOD" CLIENT ", \"{file.path*}[? {file.mode:w}?]\"", ACT_FILE_ATTR, OK, NULL},
	{"[{user.name*}] FAIL UPLOAD" CLIENT ", \"{file.path*}\"[?,{}?]", ACT_UPLOAD, FAIL, NULL},
	{"[{user.name*}] FAIL DOWNLOAD" CLIENT ", \"{file.path*}\"[?,{}?]", ACT_DOWNLOAD, FAIL, NULL},
	{"[{user.name*}] FAIL {:w}" CLIENT "[?, \"{file.path*}\"?]", ACT_NOTICE, NONE, NULL},
	{"[?[{user.name*}] ?]FTP command" CLIENT ", \"{message}\"", ACT_NOTICE, NONE, NULL},
	{"[?[{user.name*}] ?]FTP response" CLIENT ", \"{message}\"", ACT_NOTICE, NONE, NULL},
	{"[?[{user.name*}] ?]DEBUG" CLIENT ", \"{message}\"", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

const struct program program_vsftpd = {.names = "vsftpd", .dataset = "vsftpd", .rows = rows};

static bool maybe_vsftpd(struct slice s)
{
	return s.n > 34 && s.p[3] == ' ' && s.p[24] == ' ' && s.p[13] == ':' && slice_has(slice_make(s.p + 24, 8), SL(" [pid "));
}

/* "Thu Sep  8 00:39:49 2016 [pid 15019] message" */
static enum decoded line_vsftpd(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw, pid;
	if (!time_ctime(d, &s, l) || !slice_starts(s, SL(" [pid ")))
		return DECODED_NO_FORMAT;
	s = slice_from(s, 6);
	if (!slice_cut(&s, ']', &pid))
		return DECODED_NO_FORMAT;
	l->program = SL("vsftpd");
	l->pid = pid;
	l->msg = slice_trim(s);
	return decode_rows(d, l, decode_rowset_of(d, &program_vsftpd), SL("vsftpd"), NULL);
}

const struct format format_vsftpd = {"vsftpd log", maybe_vsftpd, line_vsftpd};

/* ---- xferlog ------------------------------------------------------------------------------------------------- */
/* wu-ftpd's transfer log, which vsftpd, proftpd and pure-ftpd write too (xferlog(5)): "time seconds host size name type
 * flag direction mode user service auth-method auth-user status". The name may hold blanks: read from both ends. */
enum { XFER_TAIL = 9 };

static bool word_before(struct slice *s, struct slice *word)
{
	*s = slice_trim(*s);
	ssize_t at = slice_rfind(*s, SL(" "));
	if (at < 0)
		return false;
	*word = slice_from(*s, (size_t)at + 1);
	*s = slice_to(*s, (size_t)at);
	return word->n > 0;
}

static bool maybe_xferlog(struct slice s)
{
	return s.n > 50 && s.p[3] == ' ' && s.p[24] == ' ' && s.p[13] == ':' && (s.p[s.n - 1] == 'c' || s.p[s.n - 1] == 'i');
}

static enum decoded line_xferlog(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw, seconds, host, size, tail[XFER_TAIL];
	uint64_t n;
	if (!time_ctime(d, &s, l) || !slice_word(&s, &seconds) || !slice_u64(seconds, UINT32_MAX, &n) || !slice_word(&s, &host) ||
	    !slice_word(&s, &size) || !slice_u64(size, UINT64_MAX, &n))
		return DECODED_NO_FORMAT;
	for (int i = 0; i < XFER_TAIL; i++) /* status auth-user auth-method service user mode direction flag type */
		if (!word_before(&s, &tail[i]))
			return DECODED_NO_FORMAT;
	struct slice direction = tail[6], user = tail[4];
	if (direction.n != 1 || tail[8].n != 1 || tail[0].n != 1)
		return DECODED_NO_FORMAT;
	bool up = direction.p[0] == 'i', gone = direction.p[0] == 'd';
	enum action a = up ? ACT_UPLOAD : gone ? ACT_FILE_DELETED : ACT_DOWNLOAD;
	l->program = SL("ftp");
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	struct event *ev = decode_emit(d, l, SL("xferlog"), a, tail[0].p[0] == 'c' ? OK : FAIL);
	event_add(d->out, ev, F_SOURCE_IP, host);
	event_add(d->out, ev, F_USER_NAME, user);
	event_add(d->out, ev, F_FILE_PATH, slice_trim(s));
	event_add(d->out, ev, up ? F_SOURCE_BYTES : F_DEST_BYTES, size);
	return DECODED_EVENT;
}

const struct format format_xferlog = {"xferlog", maybe_xferlog, line_xferlog};
