/* smtp_misc.c - the other mail servers: Sendmail, Courier, Cyrus, OpenSMTPD.
 * Sources: sendmail/srvrsmtp.c and envelope.c of Sendmail 8; courier-authlib and imapd/pop3d of Courier; imap/imapd.c and pop3d.c of
 * Cyrus; usr.sbin/smtpd of OpenBSD. */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE
#define ID "[?{email.local_id:w}: ?]"
#define CLIENT "[?{source.domain:w} ?][{source.ip}][? (may be forged)?]"

static const struct row sendmail_rows[] = {
	{ID "AUTH failure ({sshd.method:w}): {event.reason*}, user={user.name*}, relay=" CLIENT, ACT_LOGIN_FAILED, FAIL, NULL},
	{ID "AUTH failure ({sshd.method:w}): {event.reason*}, relay=" CLIENT, ACT_LOGIN_FAILED, FAIL, NULL},
	{ID "AUTH=server, relay=" CLIENT ", authid={user.name*}, mech={sshd.method:w}, bits={}", ACT_LOGIN, OK, NULL},
	{ID "AUTH={}", ACT_NOTICE, NONE, NULL},
	{ID CLIENT ": possible SMTP attack: command={http.request.method:w} count={}", ACT_SCAN_PROBE, FAIL, "event.reason=possible SMTP attack"},
	{ID "ruleset={rule.name:w} {}relay=" CLIENT ", reject={event.reason}", ACT_MAIL_REJECTED, FAIL, NULL},
	{ID "ruleset={rule.name:w} {}reject={event.reason}", ACT_MAIL_REJECTED, NONE, NULL},
	{ID "rejecting commands from {}[{source.ip}][? (may be forged)?] due to pre-greeting traffic{}", ACT_SCAN_PROBE, FAIL, "event.reason=pre-greeting traffic"},
	{ID CLIENT ": {http.request.method:w} {} [rejected]", ACT_SCAN_PROBE, FAIL, NULL},
	{ID CLIENT " did not issue MAIL/EXPN/VRFY/ETRN during connection to {service.name}", ACT_SCAN_PROBE, FAIL, "event.reason=no mail command"},
	{ID "lost input channel from " CLIENT " to {}", ACT_CONN_FAILED, NONE, NULL},
	{ID "timeout waiting for input from " CLIENT " during {}", ACT_CONN_FAILED, NONE, NULL},
	{ID "collect: premature EOM: {}", ACT_CONN_FAILED, NONE, NULL},
	{ID "from=[?<?]{email.from.address}[?>?], size={email.size}, class={:w} nrcpts={email.recipient_count}, msgid=<{email.message_id}>, {}relay=" CLIENT, ACT_MAIL_RECEIVED, NONE, NULL},
	{ID "from=[?<?]{email.from.address}[?>?], size={email.size}, {}relay=" CLIENT, ACT_MAIL_RECEIVED, NONE, NULL},
	{ID "from=[?<?]{email.from.address}[?>?], size={email.size}, {}", ACT_MAIL_RECEIVED, NONE, NULL},
	{ID "to=[?<?]{email.to.address}[?>?], {}relay={email.relay*}, dsn={:w}, stat=Sent[?{}?]", ACT_MAIL_SENT, NONE, "email.delivery_status=sent"},
	{ID "to=[?<?]{email.to.address}[?>?], {}stat=Sent[?{}?]", ACT_MAIL_SENT, NONE, "email.delivery_status=sent"},
	{ID "to=[?<?]{email.to.address}[?>?], {}stat=Deferred[?{event.reason}?]", ACT_MAIL_DEFERRED, NONE, NULL},
	{ID "to=[?<?]{email.to.address}[?>?], {}stat=queued", ACT_MAIL_QUEUE, NONE, NULL},
	{ID "to=[?<?]{email.to.address}[?>?], {}stat={event.reason}", ACT_MAIL_BOUNCED, NONE, NULL},
	{ID "<{email.to.address}>... {event.reason}", ACT_MAIL_BOUNCED, NONE, NULL},
	{ID "STARTTLS={}", ACT_NOTICE, NONE, NULL},
	{ID "Milter{}", ACT_NOTICE, NONE, NULL},
	{ID "{:w}: DSN: {}", ACT_MAIL_BOUNCED, NONE, NULL},
	{ID "SYSERR({user.name}): {error.message}", ACT_ERROR, NONE, NULL},
	{"alias database {}", ACT_NOTICE, NONE, NULL},
	{"starting daemon {}", ACT_SERVICE_STARTED, NONE, NULL},
	{"started as: {}", ACT_SERVICE_STARTED, NONE, NULL},
	{"restarting {}", ACT_NOTICE, NONE, NULL},
	{"unable to {}", ACT_ERROR, NONE, NULL},
	{"My unqualified host name {}", ACT_NOTICE, NONE, NULL},
	{"grew WorkList {}", ACT_NOTICE, NONE, NULL},
	{"{}: {}, total {}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};
const struct program program_sendmail = {.names = "sendmail sm-mta sm-msp-queue sm-* sendmail-*", .dataset = "sendmail", .rows = sendmail_rows};

static const struct row courier_rows[] = {
	{"LOGIN FAILED, user={user.name*}, ip=[{source.ip}][?, port=[{source.port}]?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"LOGIN FAILED, method={sshd.method:w} ip=[{source.ip}][?, port=[{source.port}]?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"LOGIN FAILED, ip=[{source.ip}][?, port=[{source.port}]?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"LOGIN, user={user.name*}, ip=[{source.ip}], port=[{source.port}][?, {}?]", ACT_LOGIN, OK, NULL},
	{"LOGIN, user={user.name*}, ip=[{source.ip}][?, {}?]", ACT_LOGIN, OK, NULL},
	{"LOGOUT, user={user.name*}, ip=[{source.ip}]{}", ACT_LOGOUT, NONE, NULL},
	{"LOGOUT, ip=[{source.ip}]{}", ACT_DISCONNECTED, NONE, NULL},
	{"DISCONNECTED, user={user.name*}, ip=[{source.ip}]{}", ACT_LOGOUT, NONE, NULL},
	{"DISCONNECTED, ip=[{source.ip}]{}", ACT_DISCONNECTED, NONE, NULL},
	{"TIMEOUT, {}ip=[{source.ip}]{}", ACT_DISCONNECTED, NONE, NULL},
	{"Connection, ip=[{source.ip}][?{}?]", ACT_CONNECTED, NONE, NULL},
	{"Disconnected, ip=[{source.ip}]{}", ACT_DISCONNECTED, NONE, NULL},
	{"ip=[{source.ip}], {message}", ACT_NOTICE, NONE, NULL},
	{"error,relay={source.ip},msg=\"535 {event.reason}\"[?{}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"error,relay={source.ip},from=<{email.from.address}>,to=<{email.to.address}>: {event.reason}", ACT_MAIL_REJECTED, FAIL, NULL},
	{"error,relay={source.ip},{event.reason}", ACT_MAIL_REJECTED, FAIL, NULL},
	{"started,ip=[{source.ip}][?{}?]", ACT_CONNECTED, NONE, NULL},
	{"id={email.local_id:w}from=<{email.from.address}>{}", ACT_MAIL_QUEUE, NONE, NULL},
	{"{}started{}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

/* Cyrus shares the names imapd and pop3d with Courier. */
static const struct row cyrus_rows[] = {
	{"badlogin: [?{source.domain:w} ?][{source.ip}] {sshd.method:w} {user.name:w} SASL({}): {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"badlogin: [?{source.domain:w} ?][{source.ip}] {sshd.method:w} [SASL({}): {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"badlogin: [?{source.domain:w} ?][{source.ip}] {sshd.method:w} {user.name:w} {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"badlogin: [?{source.domain:w} ?][{source.ip}] {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"login: [?{source.domain:w} ?][{source.ip}] {user.name:w} {sshd.method:w} User logged in[?{}?]", ACT_LOGIN, OK, NULL},
	{"accepted connection[?{}?]", ACT_CONNECTED, NONE, NULL},
	{"starttls: {}", ACT_NOTICE, NONE, NULL},
	{"open: user {user.name:w} opened {}", ACT_NOTICE, NONE, NULL},
	{"USAGE {}", ACT_NOTICE, NONE, NULL},
	{"sessionid={}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};
const struct program program_cyrus = {.names = "cyrus cyrus/*", .dataset = "cyrus", .rows = cyrus_rows};

static enum decoded cyrus_or_courier(struct decoder *d, struct dline *l)
{
	return decode_rows(d, l, decode_rowset_of(d, &program_cyrus), SL("cyrus"), NULL);
}
const struct program program_courier = {
	.names = "imapd pop3d imapd-ssl pop3d-ssl courieresmtpd courier-imapd courier-pop3d courierd esmtpd authdaemond courier*",
	.dataset = "courier",
	.rows = courier_rows,
	.fn = cyrus_or_courier,
};

static const struct row opensmtpd_rows[] = {
	{"[?smtp-in: ?]New session {event.id:w} from host {source.domain:w} [{source.ip}]", ACT_CONNECTED, NONE, NULL},
	{"[?smtp-in: ?]New session {event.id:w} from host {source.domain:w} [local]", ACT_CONNECTED, NONE, NULL},
	{"[?smtp-in: ?]Closing session {event.id:w}[?{}?]", ACT_DISCONNECTED, NONE, NULL},
	{"[?smtp-in: ?]Received disconnect from session {event.id:w}", ACT_DISCONNECTED, NONE, NULL},
	{"[?smtp-in: ?]Disconnecting session {event.id:w}: {event.reason}", ACT_CONN_FAILED, NONE, NULL},
	{"[?smtp-in: ?]Started TLS on session {event.id:w}: {}", ACT_NOTICE, NONE, NULL},
	{"smtp-in: Accepted authentication for user {user.name:w} on session {event.id:w}", ACT_LOGIN, OK, NULL},
	{"smtp-in: Authentication failed for user {user.name:w} on session {event.id:w}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"smtp-in: Failed command on session {event.id:w}: {event.reason}", ACT_MAIL_REJECTED, NONE, NULL},
	{"smtp-in: {message}", ACT_NOTICE, NONE, NULL},
	{"smtp-out: {message}", ACT_NOTICE, NONE, NULL},
	{"{event.id:w} smtp connected address={source.ip} host={source.domain:w}", ACT_CONNECTED, NONE, NULL},
	{"{event.id:w} smtp authentication user={user.name} address={source.ip} host={source.domain:w} result=ok", ACT_LOGIN, OK, NULL},
	{"{event.id:w} smtp authentication user={user.name} address={source.ip} host={source.domain:w} result=permfail", ACT_LOGIN_FAILED, FAIL, NULL},
	{"{event.id:w} smtp authentication user={user.name} result=ok", ACT_LOGIN, OK, NULL},
	{"{event.id:w} smtp authentication user={user.name} result={event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"{event.id:w} smtp failed-command {}result=\"{event.reason}\"", ACT_MAIL_REJECTED, NONE, NULL},
	{"{event.id:w} smtp message {}from=<{email.from.address}> to=<{email.to.address}> size={email.size}{}", ACT_MAIL_RECEIVED, NONE, NULL},
	{"{event.id:w} smtp disconnected {}", ACT_DISCONNECTED, NONE, NULL},
	{"{event.id:w} mta delivery {}to=<{email.to.address}> {}result=\"Ok\"{}", ACT_MAIL_SENT, NONE, NULL},
	{"{event.id:w} mta delivery {}to=<{email.to.address}> {}result=\"{event.reason}\"{}", ACT_MAIL_DEFERRED, NONE, NULL},
	{"{event.id:w} mda delivery {}to=<{email.to.address}> {}", ACT_MAIL_SENT, NONE, NULL},
	{"{event.id:w} smtp {message}", ACT_NOTICE, NONE, NULL},
	{"{event.id:w} mta {message}", ACT_NOTICE, NONE, NULL},
	{"info: {message}", ACT_NOTICE, NONE, NULL},
	{"warn: {message}", ACT_NOTICE, NONE, NULL},
	{"fatal: {message}", ACT_ERROR, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};
const struct program program_opensmtpd = {.names = "smtpd opensmtpd", .dataset = "opensmtpd", .rows = opensmtpd_rows};
