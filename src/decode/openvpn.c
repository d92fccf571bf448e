/* openvpn.c - OpenVPN 2.x servers and clients, over syslog and their own files.
 * Source: OpenVPN src/openvpn/{multi,ssl,ssl_verify,socket,forward,init}.c. A server puts the client in front:
 * "192.0.2.7:55330 ", "name/192.0.2.7:55330 " once it is known, "tls-crypt unwrap error" and the like before. */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE

static const struct row rows[] = {
	/* logins */
	{"TLS: Username/Password authentication succeeded for username '{user.name*}'[?{}?]", ACT_LOGIN, OK, NULL},
	{"TLS: Username/Password authentication deferred for username '{user.name*}'[?{}?]", ACT_NOTICE, NONE, NULL},
	{"TLS Auth Error: Auth Username/Password verification failed for peer", ACT_LOGIN_FAILED, FAIL, NULL},
	{"TLS Auth Error: {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"TLS Error: Auth Username/Password was not provided by peer", ACT_LOGIN_FAILED, FAIL, NULL},
	{"[{user.name*}] Peer Connection Initiated with [AF_INET]{source.ip}:{source.port}", ACT_LOGIN, OK, NULL},
	{"[{user.name*}] Peer Connection Initiated with [AF_INET6]{source.ip}:{source.port}", ACT_LOGIN, OK, NULL},
	{"Peer Connection Initiated with [AF_INET[?6?]]{destination.ip}:{destination.port}", ACT_CONNECTED, NONE, NULL},
	{"PLUGIN_CALL: plugin function PLUGIN_AUTH_USER_PASS_VERIFY failed {}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"PLUGIN AUTH-PAM: {event.reason}", ACT_NOTICE, NONE, NULL},
	{"AUTH-PAM: BACKGROUND: user '{user.name*}' failed to authenticate: {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"WARNING: Failed running command (--auth-user-pass-verify){}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Delayed exit in {}", ACT_NOTICE, NONE, NULL},
	/* certificates */
	{"VERIFY OK: depth=0, {x509.subject.distinguished_name}", ACT_CERT_ACCEPTED, NONE, NULL},
	{"VERIFY OK: {}", ACT_NOTICE, NONE, NULL},
	{"VERIFY ERROR: depth={:d}, error={event.reason}: {x509.subject.distinguished_name*}[?, serial={sshd.certificate.serial:w}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"VERIFY ERROR: {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"VERIFY X509NAME ERROR: {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"VERIFY SCRIPT ERROR: {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"VERIFY{}", ACT_NOTICE, NONE, NULL},
	{"CRL CHECK FAILED: {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"OpenSSL: error:{error.message}", ACT_NOTICE, NONE, NULL},
	{"TLS_ERROR: {event.reason}", ACT_CONN_FAILED, NONE, NULL},
	/* handshakes that go wrong: scanners, wrong keys, old clients */
	{"TLS Error: TLS handshake failed", ACT_CONN_FAILED, FAIL, NULL},
	{"TLS Error: TLS key negotiation failed to occur within {}", ACT_CONN_FAILED, NONE, NULL},
	{"TLS Error: cannot locate HMAC in incoming packet from [AF_INET]{source.ip}:{source.port}", ACT_SCAN_PROBE, FAIL, NULL},
	{"TLS Error: cannot locate HMAC in incoming packet from [AF_INET6]{source.ip}:{source.port}", ACT_SCAN_PROBE, FAIL, NULL},
	{"TLS Error: incoming packet authentication failed from [AF_INET]{source.ip}:{source.port}", ACT_SCAN_PROBE, FAIL, NULL},
	{"TLS Error: incoming packet authentication failed from [AF_INET6]{source.ip}:{source.port}", ACT_SCAN_PROBE, FAIL, NULL},
	{"TLS Error: tls-crypt unwrapping failed from [AF_INET]{source.ip}:{source.port}", ACT_SCAN_PROBE, FAIL, NULL},
	{"TLS Error: tls-crypt unwrapping failed from [AF_INET6]{source.ip}:{source.port}", ACT_SCAN_PROBE, FAIL, NULL},
	{"TLS Error: {event.reason} from [AF_INET]{source.ip}:{source.port}[?{}?]", ACT_CONN_FAILED, FAIL, NULL},
	{"TLS Error: {event.reason}", ACT_CONN_FAILED, NONE, NULL},
	{"Authenticate/Decrypt packet error: {event.reason}", ACT_CONN_FAILED, NONE, NULL},
	{"tls-crypt unwrap error: {event.reason}", ACT_NOTICE, NONE, NULL},
	{"Fatal TLS error ({}), restarting", ACT_CONN_FAILED, NONE, NULL},
	{"WARNING: Bad encapsulated packet length from peer ({}", ACT_SCAN_PROBE, FAIL, "event.reason=bad encapsulated packet length"},
	{"Non-OpenVPN client protocol detected", ACT_SCAN_PROBE, FAIL, NULL},
	{"SIGUSR1[soft,connection-reset] received, client-instance restarting", ACT_CONN_FAILED, FAIL, "event.reason=connection reset"},
	{"SIGUSR1[soft,tls-error] received, client-instance restarting", ACT_CONN_FAILED, NONE, "event.reason=TLS error"},
	{"SIGUSR1[soft,ping-restart] received, client-instance restarting", ACT_LOGOUT, NONE, "event.reason=no answer"},
	{"SIGTERM[soft,{event.reason}] received, client-instance exiting", ACT_LOGOUT, NONE, NULL},
	{"SIG{} received, process exiting", ACT_SERVICE_STOPPED, NONE, NULL},
	{"SIG{}", ACT_NOTICE, NONE, NULL},
	/* connections */
	{"TCP connection established with [AF_INET]{source.ip}:{source.port}", ACT_CONNECTED, NONE, NULL},
	{"TCP connection established with [AF_INET6]{source.ip}:{source.port}", ACT_CONNECTED, NONE, NULL},
	{"TLS: Initial packet from [AF_INET]{source.ip}:{source.port}, {}", ACT_CONNECTED, NONE, NULL},
	{"TLS: Initial packet from [AF_INET6]{source.ip}:{source.port}, {}", ACT_CONNECTED, NONE, NULL},
	{"Connection reset, restarting [{}]", ACT_DISCONNECTED, NONE, NULL},
	{"Connection Attempt {}", ACT_NOTICE, NONE, NULL},
	{"MULTI: multi_create_instance called", ACT_NOTICE, NONE, NULL},
	{"MULTI_sva: pool returned IPv4={client.nat.ip}, {}", ACT_NOTICE, NONE, NULL},
	{"MULTI: Learn: {client.nat.ip} -> {user.name*}/{source.ip}:{source.port}", ACT_SESSION_OPENED, OK, NULL},
	{"MULTI: primary virtual IP for {}: {client.nat.ip}", ACT_NOTICE, NONE, NULL},
	{"MULTI: bad source address from client [{source.ip}], packet dropped", ACT_NOTICE, NONE, NULL},
	{"MULTI: new connection by client '{user.name*}' will cause previous active sessions by this client to be dropped{}", ACT_NOTICE, NONE, NULL},
	{"MULTI{}", ACT_NOTICE, NONE, NULL},
	{"MANAGEMENT: Client connected from {}", ACT_CONNECTED, NONE, NULL},
	{"MANAGEMENT: {}", ACT_NOTICE, NONE, NULL},
	{"Initialization Sequence Completed", ACT_SERVICE_STARTED, NONE, NULL},
	{"OpenVPN {} built on {}", ACT_NOTICE, NONE, NULL},
	{"OpenVPN {}", ACT_NOTICE, NONE, NULL},
	/* chatter of a handshake and of start-up, by how it begins */
	{"peer info: {}", ACT_NOTICE, NONE, NULL},
	{"PUSH: {}", ACT_NOTICE, NONE, NULL},
	{"SENT CONTROL [{}", ACT_NOTICE, NONE, NULL},
	{"Control Channel{}", ACT_NOTICE, NONE, NULL},
	{"Data Channel{}", ACT_NOTICE, NONE, NULL},
	{"Outgoing {}", ACT_NOTICE, NONE, NULL},
	{"Incoming {}", ACT_NOTICE, NONE, NULL},
	{"TLS: {}", ACT_NOTICE, NONE, NULL},
	{"TLS-Auth {}", ACT_NOTICE, NONE, NULL},
	{"WARNING: {message}", ACT_NOTICE, NONE, NULL},
	{"NOTE: {message}", ACT_NOTICE, NONE, NULL},
	{"DEPRECATED OPTION: {}", ACT_NOTICE, NONE, NULL},
	{"library versions: {}", ACT_NOTICE, NONE, NULL},
	{"Diffie-Hellman {}", ACT_NOTICE, NONE, NULL},
	{"TUN/TAP {}", ACT_NOTICE, NONE, NULL},
	{"TCP/UDP: {}", ACT_NOTICE, NONE, NULL},
	{"UDP{}link {}", ACT_NOTICE, NONE, NULL},
	{"TCP{}link {}", ACT_NOTICE, NONE, NULL},
	{"UDPv{}", ACT_NOTICE, NONE, NULL},
	{"TCPv{}", ACT_NOTICE, NONE, NULL},
	{"Listening for incoming TCP connection {}", ACT_NOTICE, NONE, NULL},
	{"Could not determine IPv4/IPv6 protocol{}", ACT_NOTICE, NONE, NULL},
	{"Socket Buffers: {}", ACT_NOTICE, NONE, NULL},
	{"IFCONFIG {}", ACT_NOTICE, NONE, NULL},
	{"net_{}", ACT_NOTICE, NONE, NULL},
	{"/sbin/{}", ACT_NOTICE, NONE, NULL},
	{"UID set to {}", ACT_NOTICE, NONE, NULL},
	{"GID set to {}", ACT_NOTICE, NONE, NULL},
	{"Options error: {error.message}", ACT_ERROR, NONE, NULL},
	{"read {error.message}", ACT_NOTICE, NONE, NULL},
	{"write {error.message}", ACT_NOTICE, NONE, NULL},
	{"Replay-window {}", ACT_NOTICE, NONE, NULL},
	{"Closing TUN/TAP interface", ACT_NOTICE, NONE, NULL},
	{"event_wait : {}", ACT_NOTICE, NONE, NULL},
	{"Inactivity timeout {}", ACT_DISCONNECTED, NONE, NULL},
	{"OPTIONS IMPORT: {}", ACT_NOTICE, NONE, NULL},
	{"Using peer cipher {}", ACT_NOTICE, NONE, NULL},
	{"Expected Remote Options{}", ACT_NOTICE, NONE, NULL},
	{"Local Options{}", ACT_NOTICE, NONE, NULL},
	{"Re-using {}", ACT_NOTICE, NONE, NULL},
	{"LZO {}", ACT_NOTICE, NONE, NULL},
	{"Exiting due to fatal error", ACT_SERVICE_FAILED, NONE, NULL},
	{"ROUTE{}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

struct peer {
	struct slice user, ip, port;
};

/* "name/192.0.2.7:55330 " or "192.0.2.7:55330 " in front; IPv6 stands without brackets, its port behind the last colon. */
static bool take_peer(struct slice *s, struct peer *p)
{
	struct slice rest = *s, word;
	struct ip ip;
	if (!slice_word(&rest, &word) || word.n > 320)
		return false;
	ssize_t slash = slice_rfind(word, SL("/")), colon = slice_rfind(word, SL(":"));
	if (colon <= slash + 1)
		return false;
	struct slice addr = slice_make(word.p + slash + 1, (size_t)(colon - slash - 1)), port = slice_from(word, (size_t)colon + 1);
	uint64_t n;
	if (!slice_u64(port, 65535, &n) || !ip_parse(addr, &ip))
		return false;
	*p = (struct peer){slash > 0 ? slice_to(word, (size_t)slash) : SLICE_NONE, addr, port};
	*s = slice_trim(rest);
	return true;
}

static enum decoded message(struct decoder *d, struct dline *l)
{
	struct slice whole = l->msg;
	struct peer p = {0};
	struct event *ev;
	take_peer(&l->msg, &p);
	enum decoded r = decode_rows(d, l, decode_rowset_of(d, &program_openvpn), SL("openvpn"), &ev);
	l->msg = whole;
	if (ev && p.ip.n && !event_source(ev).n) {
		event_add(d->out, ev, F_SOURCE_IP, p.ip);
		event_add(d->out, ev, F_SOURCE_PORT, p.port);
	}
	if (ev && p.user.n && !event_str(ev, F_USER_NAME).n)
		event_add(d->out, ev, F_USER_NAME, p.user);
	return r;
}

const struct program program_openvpn = {.names = "openvpn openvpn* ovpn*", .dataset = "openvpn", .rows = rows, .rows_of_fn = true, .fn = message};

static bool maybe_openvpn(struct slice s)
{
	return s.n > 30 && ((s.p[3] == ' ' && s.p[24] == ' ' && s.p[13] == ':') || (s.p[4] == '-' && s.p[10] == ' ' && s.p[19] == ' '));
}

/* Its own file: "Thu Mar 12 10:11:12 2020 [us=1234] message" until 2.4, "2021-03-04 10:11:12 [us=1234] message" since. Nothing
 * names the program: only known messages are claimed. */
static enum decoded line_openvpn(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw, word;
	bool old = s.p[3] == ' ';
	if (!(old ? time_ctime(d, &s, l) : time_iso(d, &s, l)) || !s.n || s.p[0] != ' ')
		return DECODED_NO_FORMAT;
	s = slice_trim(s);
	struct slice rest = s;
	if (slice_starts(s, SL("us=")) && slice_word(&rest, &word))
		s = slice_trim(rest);
	l->msg = s;
	l->program = SL("openvpn");
	enum decoded r = message(d, l);
	return r == DECODED_UNKNOWN ? DECODED_NO_FORMAT : r;
}

const struct format format_openvpn = {"OpenVPN log", maybe_openvpn, line_openvpn};
