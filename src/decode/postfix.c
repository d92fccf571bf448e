/* postfix.c - Postfix 2.10 to 3.9: smtpd, postscreen, cleanup, qmgr, delivery agents (src/smtpd, src/qmgr, src/global/log_adhoc.c
 * of postfix). "NOQUEUE:" and a queue id stand where a message has one; the address is "name[1.2.3.4]" or "name[1.2.3.4]:port". */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE
#define CLIENT "{source.domain:w}[{source.ip}]"
#define BARE "[{source.ip}]:{source.port}"

static const struct row rows[] = {
	/* sessions */
	{"connect from " CLIENT "[?:{source.port}?]", ACT_CONNECTED, NONE, NULL},
	{"disconnect from " CLIENT "[?:{source.port}?] {}auth=0/{}", ACT_DISCONNECTED, FAIL, "event.reason=no AUTH command succeeded"},
	{"disconnect from " CLIENT "[?:{source.port}?][? {}?]", ACT_DISCONNECTED, NONE, NULL},
	/* before the client had said what it wants: scanners; later: networks */
	{"[?NOQUEUE: ?]lost connection after CONNECT from " CLIENT "[?:{source.port}?]", ACT_CONN_FAILED, FAIL, "event.reason=CONNECT"},
	{"[?NOQUEUE: ?]lost connection after UNKNOWN from " CLIENT "[?:{source.port}?]", ACT_CONN_FAILED, FAIL, "event.reason=UNKNOWN"},
	{"[?NOQUEUE: ?]lost connection after EHLO from " CLIENT "[?:{source.port}?]", ACT_CONN_FAILED, FAIL, "event.reason=EHLO"},
	{"[?NOQUEUE: ?]lost connection after HELO from " CLIENT "[?:{source.port}?]", ACT_CONN_FAILED, FAIL, "event.reason=HELO"},
	{"[?NOQUEUE: ?]lost connection after STARTTLS from " CLIENT "[?:{source.port}?]", ACT_CONN_FAILED, FAIL, "event.reason=STARTTLS"},
	{"NOQUEUE: lost connection after {event.reason:w} from " CLIENT "[?:{source.port}?]", ACT_CONN_FAILED, NONE, NULL},
	{"lost connection after {event.reason} from " CLIENT "[?:{source.port}?]", ACT_CONN_FAILED, NONE, NULL},
	{"timeout after {event.reason} from " CLIENT "[?:{source.port}?]", ACT_CONN_FAILED, NONE, NULL},
	{"SSL_accept error from " CLIENT "[?:{source.port}?]: {event.reason}", ACT_CONN_FAILED, FAIL, NULL},
	{"improper command pipelining after AUTH from " CLIENT "[?:{source.port}?][?:{}?]", ACT_SCAN_PROBE, NONE, "http.request.method=AUTH;event.reason=improper command pipelining"}, /* the attempt has a line of its own */
	{"improper command pipelining after {http.request.method:w} from " CLIENT "[?:{source.port}?][?:{}?]", ACT_SCAN_PROBE, FAIL, "event.reason=improper command pipelining"},
	{"too many errors after {event.reason} from " CLIENT "[?:{source.port}?][? {}?]", ACT_SCAN_PROBE, FAIL, NULL},
	{"{:w} TLS connection established from " CLIENT "[?:{source.port}?]: {tls.version:w} with cipher {tls.cipher:w}{}", ACT_NOTICE, NONE, NULL},
	{"{:w} TLS connection established to {}", ACT_NOTICE, NONE, NULL},
	{"Trusted TLS connection {}", ACT_NOTICE, NONE, NULL},
	/* logins */
	{"{email.local_id:w}: client=" CLIENT "[?:{source.port}?], sasl_method={sshd.method:w}, sasl_username={user.name}[?, sasl_sender={}?]", ACT_LOGIN, OK, NULL},
	{"{email.local_id:w}: client=" CLIENT "[?:{source.port}?][?, {}?]", ACT_MAIL_QUEUE, NONE, NULL},
	{"warning: " CLIENT "[?:{source.port}?]: SASL {sshd.method:w} authentication failed: {event.reason*}, sasl_username={user.name}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"warning: " CLIENT "[?:{source.port}?]: SASL {sshd.method:w} authentication failed:[? {event.reason}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"warning: " CLIENT "[?:{source.port}?]: SASL {sshd.method:w} authentication aborted{}", ACT_LOGIN_FAILED, FAIL, NULL},
	/* refusals */
	{"{email.local_id:w}: reject: {http.request.method:w} from " CLIENT "[?:{source.port}?]: {event.reason*}; from=<{email.from.address}> to=<{email.to.address}> proto={network.protocol:w}[? helo=<{email.helo}>?]", ACT_MAIL_REJECTED, FAIL, NULL},
	{"{email.local_id:w}: reject: {http.request.method:w} from " CLIENT "[?:{source.port}?]: {event.reason}", ACT_MAIL_REJECTED, FAIL, NULL},
	{"{email.local_id:w}: reject: {http.request.method:w} from " BARE ": {event.reason}", ACT_MAIL_REJECTED, FAIL, NULL},
	{"{email.local_id:w}: milter-reject: {http.request.method:w} from " CLIENT "[?:{source.port}?]: {event.reason}", ACT_MAIL_REJECTED, FAIL, NULL},
	{"{email.local_id:w}: reject_warning: {} from " CLIENT "[?:{source.port}?]: {event.reason}", ACT_NOTICE, NONE, NULL},
	{"{email.local_id:w}: filter: {} from " CLIENT ": {event.reason}", ACT_NOTICE, NONE, NULL},
	{"{email.local_id:w}: reject: header {message*} from " CLIENT "; from=<{email.from.address}> to=<{email.to.address}>{}", ACT_MAIL_REJECTED, FAIL, NULL},
	{"{email.local_id:w}: reject: {event.reason}", ACT_MAIL_REJECTED, NONE, NULL},
	/* attachments, as header_checks and mime_header_checks tell of them */
	{"{email.local_id:w}: {}: header Content-Disposition: {}filename=\"{email.attachments.file.name}\"{} from " CLIENT "; from=<{email.from.address}> to=<{email.to.address}>{}", ACT_MAIL_ATTACHMENT, NONE, NULL},
	{"{email.local_id:w}: {}: header Content-Disposition: {}filename=\"{email.attachments.file.name}\"{} from local; from=<{email.from.address}>{}", ACT_MAIL_ATTACHMENT, NONE, NULL},
	{"{email.local_id:w}: {}: header Content-Type: {}name=\"{email.attachments.file.name}\"{}; from=<{email.from.address}>{}", ACT_MAIL_ATTACHMENT, NONE, NULL},
	{"{email.local_id:w}: {}: header Subject: {email.subject*} from {}; from=<{email.from.address}>{}", ACT_MAIL_QUEUE, NONE, NULL},
	{"{email.local_id:w}: {:w}: header {}", ACT_MAIL_QUEUE, NONE, NULL},
	/* the queue */
	{"{email.local_id:w}: message-id=[?<?]{email.message_id*}>", ACT_MAIL_QUEUE, NONE, NULL},
	{"{email.local_id:w}: message-id={email.message_id}", ACT_MAIL_QUEUE, NONE, NULL},
	{"{email.local_id:w}: resent-message-id={}", ACT_MAIL_QUEUE, NONE, NULL},
	{"{email.local_id:w}: from=<{email.from.address}>, size={email.size}, nrcpt={email.recipient_count}{}", ACT_MAIL_RECEIVED, NONE, NULL},
	{"{email.local_id:w}: from=<{email.from.address}>, status=expired, {event.reason}", ACT_MAIL_BOUNCED, NONE, NULL},
	{"{email.local_id:w}: uid={user.id:d} from=<{email.from.address}>", ACT_MAIL_QUEUE, NONE, NULL},
	{"{email.local_id:w}: to=<{email.to.address}>, {}relay={email.relay*}, delay={}, status=sent ({event.reason})", ACT_MAIL_SENT, NONE, "email.delivery_status=sent"},
	{"{email.local_id:w}: to=<{email.to.address}>, {}relay={email.relay*}, delay={}, status=deferred ({event.reason})", ACT_MAIL_DEFERRED, NONE, "email.delivery_status=deferred"},
	{"{email.local_id:w}: to=<{email.to.address}>, {}relay={email.relay*}, delay={}, status=bounced ({event.reason})", ACT_MAIL_BOUNCED, NONE, "email.delivery_status=bounced"},
	{"{email.local_id:w}: to=<{email.to.address}>, {}status={email.delivery_status:w}[? {event.reason}?]", ACT_MAIL_QUEUE, NONE, NULL},
	{"{email.local_id:w}: to=<{email.to.address}>, {}", ACT_MAIL_QUEUE, NONE, NULL},
	{"{email.local_id:w}: removed", ACT_MAIL_QUEUE, NONE, NULL},
	{"{email.local_id:w}: skipped, {}", ACT_MAIL_QUEUE, NONE, NULL},
	{"{email.local_id:w}: sender non-delivery notification: {}", ACT_MAIL_QUEUE, NONE, NULL},
	{"{email.local_id:w}: sender delivery status notification: {}", ACT_MAIL_QUEUE, NONE, NULL},
	{"{email.local_id:w}: host {destination.domain:w}[{destination.ip}] {event.reason}", ACT_MAIL_DEFERRED, NONE, NULL},
	{"{email.local_id:w}: lost connection with {}", ACT_MAIL_DEFERRED, NONE, NULL},
	{"{email.local_id:w}: conversation with {}", ACT_MAIL_DEFERRED, NONE, NULL},
	/* warnings about a client */
	{"warning: hostname {source.domain:w} does not resolve to address {source.ip}[?: {event.reason}?]", ACT_NOTICE, FAIL, NULL},
	{"warning: {source.ip}: hostname {source.domain:w} verification failed: {event.reason}", ACT_NOTICE, FAIL, NULL},
	{"warning: Connection rate limit exceeded: {} from " CLIENT " for service {service.name}", ACT_CONN_REFUSED, FAIL, NULL},
	{"warning: Connection concurrency limit exceeded: {} from " CLIENT " for service {service.name}", ACT_CONN_REFUSED, FAIL, NULL},
	{"warning: {event.reason} rate limit exceeded: {} from " CLIENT " for service {service.name}", ACT_CONN_REFUSED, FAIL, NULL},
	{"warning: non-SMTP command from " CLIENT "[?:{source.port}?]: {event.reason}", ACT_SCAN_PROBE, FAIL, NULL},
	{"warning: Illegal address syntax from " CLIENT "{}", ACT_SCAN_PROBE, FAIL, NULL},
	{"warning: TLS library problem: {error.message}", ACT_ERROR, NONE, NULL},
	{"warning: {message}", ACT_NOTICE, NONE, NULL},
	/* postscreen */
	{"CONNECT from " BARE " to [{destination.ip}]:{destination.port}", ACT_CONNECTED, NONE, NULL},
	{"PREGREET {:d} after {:w} from " BARE ": {event.reason}", ACT_SCAN_PROBE, FAIL, NULL},
	{"HANGUP after {} from " BARE " in tests {event.reason}", ACT_SCAN_PROBE, NONE, NULL},
	{"COMMAND {event.reason} LIMIT from " BARE " after {:w}", ACT_SCAN_PROBE, FAIL, NULL},
	{"COMMAND {event.reason} from " BARE " after {}", ACT_SCAN_PROBE, FAIL, NULL},
	{"NON-SMTP COMMAND from " BARE " {event.reason}", ACT_SCAN_PROBE, FAIL, NULL},
	{"BARE NEWLINE from " BARE "{}", ACT_SCAN_PROBE, FAIL, NULL},
	{"DNSBL rank {event.reason:d} for " BARE, ACT_CONN_REFUSED, FAIL, NULL},
	{"BLACKLISTED " BARE, ACT_CONN_REFUSED, FAIL, NULL},
	{"DENYLISTED " BARE, ACT_CONN_REFUSED, FAIL, NULL},
	{"PASS {:w} " BARE, ACT_NOTICE, NONE, NULL},
	{"WHITELISTED " BARE, ACT_NOTICE, NONE, NULL},
	{"ALLOWLISTED " BARE, ACT_NOTICE, NONE, NULL},
	{"WHITELIST VETO " BARE, ACT_NOTICE, NONE, NULL},
	{"DISCONNECT " BARE, ACT_DISCONNECTED, NONE, NULL},
	{"addr {source.ip} listed by domain {rule.name:w}{}", ACT_NOTICE, NONE, NULL},
	/* housekeeping */
	{"statistics: {}", ACT_NOTICE, NONE, NULL},
	{"daemon started{}", ACT_SERVICE_STARTED, NONE, NULL},
	{"stopping the Postfix mail system{}", ACT_SERVICE_STOPPED, NONE, NULL},
	{"terminating on signal {}", ACT_SERVICE_STOPPED, NONE, NULL},
	{"reload {}", ACT_CONFIG_CHANGED, NONE, NULL},
	{"refreshing the Postfix mail system{}", ACT_CONFIG_CHANGED, NONE, NULL},
	{"starting the Postfix mail system{}", ACT_SERVICE_STARTED, NONE, NULL},
	{"fatal: {message}", ACT_ERROR, NONE, NULL},
	{"error: {message}", ACT_ERROR, NONE, NULL},
	{"panic: {message}", ACT_ERROR, NONE, NULL},
	{"table {} has changed -- restarting", ACT_NOTICE, NONE, NULL},
	{"connect to {}: {event.reason}", ACT_NOTICE, NONE, NULL},
	{"name_mask: {}", ACT_NOTICE, NONE, NULL},
	{"initializing the server-side TLS engine", ACT_NOTICE, NONE, NULL},
	{"setting up TLS connection {}", ACT_NOTICE, NONE, NULL},
	{"cache {} full cleanup: {}", ACT_NOTICE, NONE, NULL},
	{"close database {}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

const struct program program_postfix = {
	.names = "postfix postfix/* postfix-*",
	.dataset = "postfix",
	.rows = rows,
};
