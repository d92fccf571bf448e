/* strongswan.c - strongSwan's charon: IKE negotiations, who authenticated how, tunnels up and down.
 * Source: strongSwan src/libcharon (ike_sa.c, sa/ikev2/tasks/ike_auth.c, sa/ikev2/authenticators, network/receiver.c) and the
 * loggers: "05[IKE] <name|7> message", with the thread, the group and the connection in front. */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE

static const struct row rows[] = {
	{"authentication of '{user.name*}' with {sshd.method} successful", ACT_LOGIN, OK, NULL},
	{"authentication of '{user.name*}' (myself) with {}", ACT_NOTICE, NONE, NULL},
	{"authentication of '{user.name*}' with {sshd.method} failed[?{}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"EAP method {sshd.method:w} succeeded, {}", ACT_LOGIN_PARTIAL, OK, NULL},
	{"EAP method {sshd.method:w} failed for peer {user.name}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"EAP-MS-CHAPv2 verification failed, {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"EAP-MS-CHAPv2 username: '{user.name}'", ACT_NOTICE, NONE, NULL},
	{"no EAP key found for hosts {}", ACT_LOGIN_FAILED, FAIL, "event.reason=no EAP key found"},
	{"received EAP identity '{user.name*}'", ACT_NOTICE, NONE, NULL},
	{"XAuth authentication of '{user.name*}' successful[?{}?]", ACT_LOGIN, OK, NULL},
	{"XAuth authentication of '{user.name*}' failed[?{}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"PAM authentication of '{user.name*}' successful[?{}?]", ACT_LOGIN, OK, NULL},
	{"PAM authentication of '{user.name*}' failed[?{}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"RADIUS authentication of '{user.name*}' successful[?{}?]", ACT_LOGIN, OK, NULL},
	{"RADIUS authentication of '{user.name*}' failed[?{}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"signature validation failed, {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"no shared key found for {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"no trusted {sshd.key.type:w} public key found for '{user.name*}'", ACT_LOGIN_FAILED, FAIL, "event.reason=no trusted public key"},
	{"no issuer certificate found for \"{x509.subject.distinguished_name*}\"", ACT_LOGIN_FAILED, FAIL, "event.reason=no issuer certificate"},
	{"certificate was revoked {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"subject certificate invalid ({event.reason})", ACT_LOGIN_FAILED, FAIL, NULL},
	{"tried {:d} shared key[?s?] for {event.reason}, but MAC mismatched", ACT_LOGIN_FAILED, FAIL, NULL},
	{"no matching peer config found", ACT_CONN_REFUSED, FAIL, NULL},
	{"no IKE config found for {destination.ip}...{source.ip}, sending NO_PROPOSAL_CHOSEN", ACT_CONN_REFUSED, FAIL, "event.reason=no IKE configuration"},
	{"received proposals {}unacceptable", ACT_CONN_REFUSED, NONE, NULL},
	{"ignoring {event.reason} from {source.ip}[?{}?]", ACT_NOTICE, NONE, NULL},
	{"{source.ip} is initiating a[?n?] {network.protocol:w} {}", ACT_CONNECTED, NONE, NULL},
	{"{source.ip} is initiating a[?n?] {network.protocol:w}", ACT_CONNECTED, NONE, NULL},
	{"IKE_SA {service.name:w} established between {destination.ip}[{}]...{source.ip}[{user.name*}]", ACT_SESSION_OPENED, OK, NULL},
	{"deleting IKE_SA {service.name:w} between {destination.ip}[{}]...{source.ip}[{user.name*}]", ACT_SESSION_CLOSED, NONE, NULL},
	{"CHILD_SA {service.name:w} established with SPIs {}", ACT_NOTICE, NONE, NULL},
	{"closing CHILD_SA {service.name:w} {}", ACT_NOTICE, NONE, NULL},
	{"assigning virtual IP {client.nat.ip} to peer '{user.name*}'", ACT_NOTICE, NONE, NULL},
	{"received packet: from {source.ip}[{source.port}] to {destination.ip}[{destination.port}][?{}?]", ACT_NOTICE, NONE, NULL},
	{"sending packet: {}", ACT_NOTICE, NONE, NULL},
	{"parsed {}", ACT_NOTICE, NONE, NULL},
	{"generating {}", ACT_NOTICE, NONE, NULL},
	{"received {event.reason} notify error", ACT_CONN_FAILED, NONE, NULL},
	{"received {}", ACT_NOTICE, NONE, NULL},
	{"sending {}", ACT_NOTICE, NONE, NULL},
	{"selected {}", ACT_NOTICE, NONE, NULL},
	{"looking for {}", ACT_NOTICE, NONE, NULL},
	{"peer {}", ACT_NOTICE, NONE, NULL},
	{"remote host is behind NAT", ACT_NOTICE, NONE, NULL},
	{"local host is behind NAT{}", ACT_NOTICE, NONE, NULL},
	{"scheduling {}", ACT_NOTICE, NONE, NULL},
	{"maximum IKE_SA lifetime {}", ACT_NOTICE, NONE, NULL},
	{"giving up after {} retransmits", ACT_CONN_FAILED, NONE, NULL},
	{"retransmit {}", ACT_NOTICE, NONE, NULL},
	{"deleting {}", ACT_NOTICE, NONE, NULL},
	{"loaded {}", ACT_NOTICE, NONE, NULL},
	{"loading {}", ACT_NOTICE, NONE, NULL},
	{"added {}", ACT_CONFIG_CHANGED, NONE, NULL},
	{"using {}", ACT_NOTICE, NONE, NULL},
	{"checking {}", ACT_NOTICE, NONE, NULL},
	{"certificate {}", ACT_NOTICE, NONE, NULL},
	{"reached {}", ACT_NOTICE, NONE, NULL},
	{"starting {}", ACT_NOTICE, NONE, NULL},
	{"Starting IKE charon daemon {}", ACT_SERVICE_STARTED, NONE, NULL},
	{"initiating {}", ACT_CONNECT_OUT, NONE, NULL},
	{"establishing {}", ACT_NOTICE, NONE, NULL},
	{"installing {}", ACT_NOTICE, NONE, NULL},
	{"spawning {}", ACT_NOTICE, NONE, NULL},
	{"splitting {}", ACT_NOTICE, NONE, NULL},
	{"reassigning {}", ACT_NOTICE, NONE, NULL},
	{"acquired {}", ACT_NOTICE, NONE, NULL},
	{"lease {client.nat.ip} by '{user.name*}' went offline", ACT_LOGOUT, NONE, NULL},
	{"SIGTERM received, shutting down", ACT_SERVICE_STOPPED, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

/* Cuts "05[IKE] <name|7> " off; without it the message is not charon's. */
static bool take_head(struct slice *s, struct slice *connection)
{
	struct slice rest = *s, in;
	size_t n = 0;
	while (n < rest.n && n < 4 && (unsigned)(rest.p[n] - '0') <= 9)
		n++;
	if (!n || n + 5 > rest.n || rest.p[n] != '[' || rest.p[n + 4] != ']')
		return false;
	rest = slice_trim(slice_from(rest, n + 5));
	if (rest.n && rest.p[0] == '<' && slice_chr(slice_to(rest, 128), '>') > 0) {
		rest = slice_from(rest, 1);
		slice_cut(&rest, '>', &in);
		*connection = in;
	}
	*s = slice_trim(rest);
	return true;
}

static enum decoded message(struct decoder *d, struct dline *l)
{
	struct slice whole = l->msg, connection = SLICE_NONE;
	struct event *ev;
	take_head(&l->msg, &connection);
	enum decoded r = decode_rows(d, l, decode_rowset_of(d, &program_charon), SL("strongswan"), &ev);
	l->msg = whole;
	if (ev && connection.n && !event_str(ev, F_SERVICE_NAME).n)
		event_add(d->out, ev, F_SERVICE_NAME, connection);
	return r;
}

const struct program program_charon = {.names = "charon charon-systemd charon-nm ipsec strongswan", .dataset = "strongswan", .rows = rows, .rows_of_fn = true, .fn = message};

/* Its filelog: "Mar  4 07:12:33 05[IKE] ..." or, with a time_format, ISO in front. */
static bool maybe_charon(struct slice s)
{
	return s.n > 30 && s.p[0] > ' ' && slice_find(slice_to(s, 44), SL("] ")) > 0 && slice_find(slice_to(s, 44), SL("[")) > 14;
}

static enum decoded line_charon(struct decoder *d, struct dline *l)
{
	struct slice s = l->raw, connection = SLICE_NONE;
	bool iso = (unsigned)(s.p[0] - '0') <= 9;
	if (!(iso ? time_iso(d, &s, l) : time_bsd(d, &s, l)))
		return DECODED_NO_FORMAT;
	s = slice_trim(s);
	struct slice probe = s;
	if (!take_head(&probe, &connection))
		return DECODED_NO_FORMAT;
	l->msg = s;
	l->program = SL("charon");
	return message(d, l);
}

const struct format format_charon = {"strongSwan log", maybe_charon, line_charon};
