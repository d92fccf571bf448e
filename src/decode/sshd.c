/* sshd.c - OpenSSH 5 to 10: sshd, sshd-session, sshd-auth, sftp-server.
 * Source of the wordings: openssh-portable auth.c auth2*.c auth-pam.c monitor.c packet.c kex.c session.c serverloop.c
 * channels.c srclimit.c sshd.c sftp-server.c; tcp_wrappers refuse(3). */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE
/* A connection's end: a failure when it came before authentication ("[preauth]"), else nothing to say. */
#define IF_PREAUTH OUTCOME_UNKNOWN

#define FROM " from {source.ip}[? port {source.port}?]"
#define AT " {source.ip} port {source.port}"
#define KEY "{sshd.key.type:w} {sshd.key.fingerprint:w}"
#define CERT KEY " ID {sshd.certificate.id*} (serial {sshd.certificate.serial:d}) CA {sshd.certificate.ca}"
#define CLIENT ", client user \"{pam.ruser}\", client host \"{source.domain}\""

/* An account that exists has no " from " in its name, but a certificate's id may: there the user is the shortest run.
 * The name of one that does not exist may be anything: there it is the longest run, and the tail is strict. */
static const struct row rows[] = {
	/* logins */
	{"Accepted {sshd.method:w} for {user.name} from" AT " ssh2: " CERT, ACT_LOGIN, OK, NULL},
	{"Accepted {sshd.method:w} for {user.name} from" AT "[? ssh{:d}?][?: " KEY "?]", ACT_LOGIN, OK, NULL},
	{"Accepted {sshd.method:w} for {user.name} from" AT "[? ssh{:d}?]: " KEY CLIENT, ACT_LOGIN, OK, NULL},
	{"Accepted {sshd.method:w} for {user.name}" FROM "[? ssh{:d}?][?: {}?]", ACT_LOGIN, OK, NULL},
	{"Accepted certificate ID \"{sshd.certificate.id*}\" (serial {sshd.certificate.serial:d}) signed by {sshd.certificate.ca}", ACT_CERT_ACCEPTED, OK, NULL},
	{"Accepted certificate ID \"{sshd.certificate.id*}\" signed by {sshd.certificate.ca}", ACT_CERT_ACCEPTED, OK, NULL},
	{"Accepted key " KEY " found at {sshd.key.source}", ACT_KEY_ACCEPTED, OK, NULL},
	{"Accepted {sshd.key.type:w} public key {sshd.key.fingerprint:w} from {pam.ruser}@{source.domain}", ACT_KEY_ACCEPTED, OK, NULL},
	{"Partial {sshd.method:w} for {user.name} from" AT "[? ssh{:d}?][?: " KEY "{}?]", ACT_LOGIN_PARTIAL, OK, NULL},
	{"Postponed {sshd.method:w} for invalid user {user.name*} from" AT "[? ssh{:d}?]", ACT_NOTICE, NONE, NULL},
	{"Postponed {sshd.method:w} for {user.name*}" FROM "[? ssh{:d}?]", ACT_NOTICE, NONE, NULL},
	{"ROOT LOGIN REFUSED FROM {source.ip}[? port {source.port}?]", ACT_LOGIN_REFUSED, FAIL, "user.name=root;event.reason=PermitRootLogin"},
	{"Root login accepted for forced command.", ACT_NOTICE, NONE, "user.name=root"},
	/* failed attempts: one key of several not accepted is not yet a failed login */
	{"Failed {sshd.method:w} for invalid user {user.name*}" FROM "[? ssh{:d}?][?: " KEY "?]", ACT_LOGIN_FAILED, FAIL, "event.reason=invalid user"},
	{"Failed {sshd.method:w} for invalid user {user.name*} from" AT " ssh{:d}: " CERT, ACT_LOGIN_FAILED, FAIL, "event.reason=invalid user"},
	{"Failed {sshd.method:w} for invalid user {user.name*} from" AT " ssh{:d}: {}", ACT_LOGIN_FAILED, FAIL, "event.reason=invalid user"},
	{"Failed {sshd.method:w} for illegal user {user.name*}" FROM "[? ssh{:d}?]", ACT_LOGIN_FAILED, FAIL, "event.reason=invalid user"},
	{"Failed {sshd.method:w} for <invalid username>" FROM "[? ssh{:d}?]", ACT_LOGIN_FAILED, FAIL, "event.reason=invalid user"},
	{"Failed publickey for {user.name} from" AT " ssh{:d}[?: " KEY "?]", ACT_KEY_REFUSED, OUTCOME_UNKNOWN, "sshd.method=publickey"},
	{"Failed publickey for {user.name} from" AT " ssh{:d}: " CERT, ACT_KEY_REFUSED, OUTCOME_UNKNOWN, "sshd.method=publickey"},
	{"Failed publickey for {user.name} from" AT "{}", ACT_KEY_REFUSED, OUTCOME_UNKNOWN, "sshd.method=publickey"},
	{"Failed {sshd.method:w} for {user.name} from" AT "[? ssh{:d}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Failed {sshd.method:w} for {user.name} from" AT " ssh{:d}: " KEY CLIENT, ACT_LOGIN_FAILED, FAIL, NULL},
	{"Failed {sshd.method:w} for {user.name} from" AT " ssh{:d}: {}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Failed {sshd.method:w} for {user.name*}" FROM "[? ssh{:d}?]", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Invalid user {user.name*}" FROM, ACT_INVALID_USER, FAIL, "event.reason=invalid user"},
	{"Illegal user {user.name*}" FROM, ACT_INVALID_USER, FAIL, "event.reason=invalid user"},
	{"input_userauth_request: invalid user {user.name}", ACT_NOTICE, NONE, NULL}, /* told again with the address */
	{"input_userauth_request: illegal user {user.name}", ACT_NOTICE, NONE, NULL},
	{"maximum authentication attempts exceeded for invalid user {user.name*}" FROM "[? ssh{:d}?]", ACT_LOGIN_REFUSED, FAIL, "event.reason=too many attempts"},
	{"maximum authentication attempts exceeded for {user.name*}" FROM "[? ssh{:d}?]", ACT_LOGIN_REFUSED, FAIL, "event.reason=too many attempts"},
	{"Excessive authentication failures for {user.name*}" FROM "{}", ACT_LOGIN_REFUSED, FAIL, "event.reason=too many attempts"},
	/* PAM through sshd's own mouth; "via" names the address of ours that was called */
	{"PAM: Have exhausted maximum number of retries for service for illegal user {user.name*} from {source.ip}[? via {destination.ip}?]", ACT_AUTH_FAILURE, FAIL, "event.reason=too many attempts"},
	{"PAM: Have exhausted maximum number of retries for service for {user.name*} from {source.ip}[? via {destination.ip}?]", ACT_AUTH_FAILURE, FAIL, "event.reason=too many attempts"},
	{"PAM: {event.reason} for illegal user {user.name*} from {source.ip}[? via {destination.ip}?]", ACT_AUTH_FAILURE, FAIL, NULL},
	{"PAM: {event.reason} for {user.name*} from {source.ip}[? via {destination.ip}?]", ACT_AUTH_FAILURE, FAIL, NULL},
	{"PAM: pam_open_session(): {error.message}", ACT_AUTH_ERROR, FAIL, NULL},
	{"PAM: pam_setcred(): {error.message}", ACT_AUTH_ERROR, FAIL, NULL},
	{"PAM: {error.message}", ACT_AUTH_ERROR, NONE, NULL},
	{"Access denied for user {user.name*} by PAM account configuration", ACT_LOGIN_REFUSED, FAIL, "event.reason=PAM account"},
	{"Internal error: PAM auth succeeded when it should have failed", ACT_AUTH_ERROR, FAIL, NULL},
	/* refused by policy */
	{"User {user.name} from {source.ip} not allowed because {event.reason}", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"User {user.name} not allowed because {event.reason}", ACT_LOGIN_REFUSED, NONE, NULL}, /* the attempt follows with its address */
	{"User {user.name} password has expired ({event.reason})", ACT_LOGIN_REFUSED, NONE, NULL},
	{"Account {user.name} has expired", ACT_LOGIN_REFUSED, NONE, "event.reason=account expired"},
	{"Login restricted for {user.name}: {event.reason}", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"Authentication failed for {user.name}: {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Login name {user.name*} does not match stored username {user.target.name}", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"administratively prohibited connection for invalid user {user.name*} from" AT, ACT_CONN_REFUSED, FAIL, NULL},
	{"administratively prohibited connection for {user.name*} from" AT, ACT_CONN_REFUSED, FAIL, NULL},
	{"refused connect from {} ({source.ip})", ACT_CONN_REFUSED, FAIL, NULL},
	{"refused connect from {source.ip}", ACT_CONN_REFUSED, FAIL, NULL},
	{"Connection from {source.ip} port {source.port} with IP opts: {event.reason}", ACT_CONN_REFUSED, FAIL, NULL},
	{"Connection from {source.ip} refused{}", ACT_CONN_REFUSED, FAIL, NULL},
	{"Connection from {source.ip}: refusing non-sftp session", ACT_CONN_REFUSED, FAIL, "event.reason=sftp only"},
	{"drop connection #{:d} from [{source.ip}]:{source.port} on [{destination.ip}]:{destination.port} {event.reason}", ACT_CONN_REFUSED, FAIL, NULL},
	{"drop connection #{:d}{}", ACT_CONN_REFUSED, NONE, NULL},
	{"beginning MaxStartups throttling", ACT_NOTICE, NONE, NULL},
	{"exited MaxStartups throttling {}", ACT_NOTICE, NONE, NULL},
	{"srclimit_penalise: {source.ip}/{:d}: activating {:w} penalty of {event.duration:w} seconds for penalty: {event.reason}", ACT_BANNED, NONE, NULL},
	{"srclimit_penalise: {:w}: new {source.ip}/{:d} deferred penalty of {event.duration:w} seconds for penalty: {event.reason}", ACT_NOTICE, NONE, NULL},
	{"srclimit_penalise: {:w}: new {source.ip}/{:d} {:w} penalty of {event.duration:w} seconds for penalty: {event.reason}", ACT_BANNED, NONE, NULL},
	{"client {source.ip}/{:d} penalty: {event.reason}", ACT_NOTICE, NONE, NULL},
	{"refusing previously-used {sshd.key.type:w} key", ACT_NOTICE, NONE, NULL},
	/* keys and certificates */
	{"Authentication key " KEY " revoked by file {sshd.key.source}", ACT_KEY_REFUSED, FAIL, "event.reason=revoked"},
	{"WARNING: authentication attempt with a revoked {sshd.key.type:w} key {sshd.key.fingerprint:w}{}", ACT_KEY_REFUSED, FAIL, "event.reason=revoked"},
	{"Error checking authentication key " KEY " in revoked keys file {sshd.key.source}: {error.message}", ACT_KEY_REFUSED, FAIL, "event.reason=revocation list unusable"},
	{"Certificate invalid: {event.reason}", ACT_KEY_REFUSED, FAIL, NULL},
	{"Certificate does not contain an authorized principal[? at {sshd.key.source}?]", ACT_KEY_REFUSED, FAIL, "event.reason=no authorized principal"},
	{"Certificate lacks principal list[? at {sshd.key.source}?]", ACT_KEY_REFUSED, FAIL, "event.reason=no principals"},
	{"Certificate {event.reason} at {sshd.key.source}", ACT_KEY_REFUSED, FAIL, NULL},
	{"Certificate {event.reason}", ACT_KEY_REFUSED, FAIL, NULL},
	{"CA " KEY " is not listed in {sshd.key.source}", ACT_KEY_REFUSED, NONE, "event.reason=unknown CA"},
	{"Refusing certificate ID \"{sshd.certificate.id*}\" serial={sshd.certificate.serial:d} signed by {:w} CA {sshd.certificate.ca:w} via {sshd.key.source}: {event.reason}", ACT_KEY_REFUSED, FAIL, NULL},
	{"Refusing certificate ID \"{sshd.certificate.id*}\" serial={sshd.certificate.serial:d} signed by {:w} CA {sshd.certificate.ca:w}: {event.reason}", ACT_KEY_REFUSED, FAIL, NULL},
	{"Refused by {event.reason}", ACT_KEY_REFUSED, FAIL, NULL},
	{"refusing {sshd.key.type:w} key: {event.reason}", ACT_KEY_REFUSED, FAIL, NULL},
	{"public key " KEY " signature for invalid user {user.name*} from" AT " rejected: {event.reason}", ACT_KEY_REFUSED, FAIL, NULL},
	{"public key " KEY " signature for {user.name*} from" AT " rejected: {event.reason}", ACT_KEY_REFUSED, FAIL, NULL},
	{"Authentication refused: bad ownership or modes for {:w} {file.path}", ACT_KEY_REFUSED, NONE, "event.reason=bad ownership or modes"},
	{"Authentication refused for {user.name}: bad owner or modes for {file.path}", ACT_KEY_REFUSED, NONE, "event.reason=bad ownership or modes"},
	{"Authentication refused: {event.reason}", ACT_KEY_REFUSED, NONE, NULL},
	{"Authentication tried for {user.name} with correct key but not from a permitted host (host={source.domain}, ip={source.ip}{}).", ACT_KEY_REFUSED, FAIL, "event.reason=address not permitted for this key"},
	{"Authentication tried for {user.name} with valid certificate but not from a permitted {:w} {:w} ({source.ip}).", ACT_KEY_REFUSED, FAIL, "event.reason=address not permitted for this certificate"},
	{"userauth_pubkey: signature algorithm {sshd.key.type:w} not in {event.reason}", ACT_KEY_REFUSED, NONE, NULL},
	{"userauth_pubkey: key type {sshd.key.type:w} not in {event.reason}", ACT_KEY_REFUSED, NONE, NULL},
	{"userauth_pubkey: unsupported public key algorithm: {sshd.key.type}", ACT_KEY_REFUSED, NONE, "event.reason=unsupported algorithm"},
	{"userauth_hostbased mismatch: client sends {source.domain}, but we resolve {source.ip} to {event.reason}", ACT_NOTICE, NONE, NULL},
	{"Rhosts authentication refused for {user.name}: {event.reason}", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"AuthorizedKeysCommand {}, status {process.exit_code}", ACT_AUTH_ERROR, NONE, NULL},
	{"AuthorizedPrincipalsCommand {}, status {process.exit_code}", ACT_AUTH_ERROR, NONE, NULL},
	{"Could not open user '{user.name}' {} '{file.path*}': {error.message}", ACT_AUTH_ERROR, NONE, NULL},
	{"Could not open authorized {:w} '{file.path*}': {error.message}", ACT_AUTH_ERROR, NONE, NULL},
	{"User '{user.name}' {} '{file.path*}' is not a regular file", ACT_AUTH_ERROR, NONE, NULL},
	{"wrong user name passed to monitor: expected {user.name} != {user.target.name}", ACT_AUTH_ERROR, FAIL, NULL},
	{"GSSAPI MIC check failed", ACT_AUTH_ERROR, FAIL, NULL},
	{"Authorized to {user.name}, krb5 principal {user.email} ({})", ACT_NOTICE, NONE, NULL},
	/* connections */
	{"Connection from {source.ip} port {source.port} on {destination.ip} port {destination.port}{}", ACT_CONNECTED, NONE, NULL},
	{"Connection from {source.ip} port {source.port} timed out", ACT_CONN_FAILED, FAIL, "event.reason=timeout"},
	{"Connection from authenticating user {user.name*}" AT " timed out", ACT_CONN_FAILED, FAIL, "event.reason=timeout"},
	{"Connection from invalid user {user.name*}" AT " timed out", ACT_CONN_FAILED, FAIL, "event.reason=timeout"},
	{"Connection from user {user.name*}" AT " timed out", ACT_DISCONNECTED, NONE, "event.reason=timeout"},
	{"Connection from {source.ip}[? port {source.port}?]", ACT_CONNECTED, NONE, NULL},
	{"Connection closed by authenticating user {user.name*}" AT, ACT_CONN_FAILED, FAIL, "event.reason=closed before authentication"},
	{"Connection closed by invalid user {user.name*}" AT, ACT_CONN_FAILED, FAIL, "event.reason=closed before authentication"},
	{"Connection closed by user {user.name*}" AT, ACT_DISCONNECTED, NONE, NULL},
	{"Connection closed by remote host[?.?]", ACT_DISCONNECTED, NONE, NULL},
	{"Connection closed by {source.ip}[? port {source.port}?]", ACT_DISCONNECTED, NONE, NULL}, /* before a name was given: health checks do so all day */
	{"Connection reset by authenticating user {user.name*}" AT, ACT_CONN_FAILED, FAIL, "event.reason=reset before authentication"},
	{"Connection reset by invalid user {user.name*}" AT, ACT_CONN_FAILED, FAIL, "event.reason=reset before authentication"},
	{"Connection reset by user {user.name*}" AT, ACT_DISCONNECTED, NONE, NULL},
	{"Connection reset by peer", ACT_DISCONNECTED, NONE, NULL},
	{"Connection reset by {source.ip}[? port {source.port}?]", ACT_DISCONNECTED, IF_PREAUTH, NULL},
	{"Connection timed out during banner exchange", ACT_CONN_FAILED, NONE, NULL},
	{"Connection to {} timed out{}", ACT_DISCONNECTED, NONE, NULL},
	{"Connection: {}", ACT_NOTICE, NONE, NULL},
	/* follows "Received disconnect", which told the failure */
	{"Disconnected from authenticating user {user.name*}" AT, ACT_DISCONNECTED, NONE, NULL},
	{"Disconnected from invalid user {user.name*}" AT, ACT_DISCONNECTED, NONE, NULL},
	{"Disconnected from user {user.name*}" AT, ACT_DISCONNECTED, NONE, NULL},
	{"Disconnected from {source.ip}[? port {source.port}?]", ACT_DISCONNECTED, NONE, NULL},
	/* "3: ...: Auth fail" (Java clients), "14: No supported authentication methods": nobody got in, whatever the version */
	{"Received disconnect from {source.ip}[? port {source.port}?]:[? ?]3: {event.reason*}: Auth fail", ACT_CONN_FAILED, FAIL, "error.code=3"},
	{"Received disconnect from {source.ip}[? port {source.port}?]:[? ?]14: {event.reason}", ACT_CONN_FAILED, FAIL, "error.code=14"},
	{"Received disconnect from {source.ip}[? port {source.port}?]:[? ?]{error.code:d}: {event.reason}", ACT_DISCONNECTED, IF_PREAUTH, NULL},
	{"Disconnecting invalid user {user.name*}" AT ": Too many authentication failures{}", ACT_LOGIN_REFUSED, FAIL, "event.reason=too many attempts"},
	{"Disconnecting authenticating user {user.name*}" AT ": Too many authentication failures{}", ACT_LOGIN_REFUSED, FAIL, "event.reason=too many attempts"},
	{"Disconnecting invalid user {user.name*}" AT ": Change of username or service not allowed{}", ACT_LOGIN_REFUSED, FAIL, "event.reason=change of user name"},
	{"Disconnecting authenticating user {user.name*}" AT ": Change of username or service not allowed{}", ACT_LOGIN_REFUSED, FAIL, "event.reason=change of user name"},
	{"Disconnecting invalid user {user.name*}" AT ": {event.reason}", ACT_CONN_FAILED, FAIL, NULL},
	{"Disconnecting authenticating user {user.name*}" AT ": {event.reason}", ACT_CONN_FAILED, FAIL, NULL},
	{"Disconnecting user {user.name*}" AT ": {event.reason}", ACT_DISCONNECTED, NONE, NULL},
	{"Disconnecting {source.ip}[? port {source.port}?]: Too many authentication failures[? for {user.name}?]", ACT_LOGIN_REFUSED, FAIL, "event.reason=too many attempts"},
	{"Disconnecting {source.ip}[? port {source.port}?]: {event.reason}", ACT_DISCONNECTED, IF_PREAUTH, NULL},
	{"Disconnecting: Too many authentication failures[? for {user.name}?]", ACT_LOGIN_REFUSED, NONE, "event.reason=too many attempts"},
	{"Disconnecting: {event.reason}", ACT_DISCONNECTED, NONE, NULL},
	{"Closing connection to {source.ip}[? port {source.port}?]", ACT_DISCONNECTED, NONE, NULL},
	{"Did not receive identification string from {source.ip}[? port {source.port}?]{}", ACT_CONN_FAILED, FAIL, "event.reason=no identification string"},
	{"Could not write ident string to {source.ip}[? port {source.port}?]", ACT_CONN_FAILED, FAIL, "event.reason=no identification string"},
	{"Bad protocol version identification '{user_agent.original*}'" FROM, ACT_CONN_FAILED, FAIL, "event.reason=not the SSH protocol"},
	{"Bad remote protocol version identification: '{user_agent.original*}'", ACT_CONN_FAILED, NONE, "event.reason=not the SSH protocol"},
	{"Protocol major versions differ for {source.ip}[? port {source.port}?]: {event.reason}", ACT_CONN_FAILED, FAIL, NULL},
	{"Protocol major versions differ: {event.reason}", ACT_CONN_FAILED, NONE, NULL},
	{"probed from {source.ip} port {source.port} with {user_agent.original*}.  Don't panic.", ACT_SCAN_PROBE, FAIL, NULL},
	{"probed from {source.ip} port {source.port} with {user_agent.original}", ACT_SCAN_PROBE, FAIL, NULL},
	{"scanned from {source.ip}[? port {source.port}?] with {user_agent.original*}.  Don't panic.", ACT_SCAN_PROBE, FAIL, NULL},
	{"scanned from {source.ip}[? port {source.port}?] with {user_agent.original}", ACT_SCAN_PROBE, FAIL, NULL},
	{"banner exchange: Connection from {source.ip} port {source.port}: {event.reason}", ACT_CONN_FAILED, FAIL, NULL},
	{"ssh_dispatch_run_fatal: Connection from authenticating user {user.name*}" AT ": {event.reason}", ACT_CONN_FAILED, FAIL, NULL},
	{"ssh_dispatch_run_fatal: Connection from invalid user {user.name*}" AT ": {event.reason}", ACT_CONN_FAILED, FAIL, NULL},
	{"ssh_dispatch_run_fatal: Connection from user {user.name*}" AT ": {event.reason}", ACT_DISCONNECTED, NONE, NULL},
	{"ssh_dispatch_run_fatal: Connection from {source.ip}[? port {source.port}?]: {event.reason}", ACT_CONN_FAILED, FAIL, NULL},
	/* the line behind tells the address */
	{"kex_exchange_identification: client sent invalid protocol identifier \"{user_agent.original*}\"", ACT_CONN_FAILED, NONE, "event.reason=not the SSH protocol"},
	{"kex_exchange_identification: {event.reason}", ACT_CONN_FAILED, NONE, NULL},
	{"kex_protocol_error: {event.reason}", ACT_CONN_FAILED, NONE, NULL},
	{"Unable to negotiate with authenticating user {user.name*}" AT ": {event.reason}", ACT_CONN_FAILED, FAIL, NULL},
	{"Unable to negotiate with invalid user {user.name*}" AT ": {event.reason}", ACT_CONN_FAILED, FAIL, NULL},
	{"Unable to negotiate with user {user.name*}" AT ": {event.reason}", ACT_DISCONNECTED, NONE, NULL},
	{"Unable to negotiate with {source.ip}[? port {source.port}?]: {event.reason}", ACT_CONN_FAILED, FAIL, NULL},
	{"Unable to negotiate {event.reason}", ACT_CONN_FAILED, FAIL, NULL},
	{"no matching {event.reason} found{}", ACT_CONN_FAILED, FAIL, NULL},
	{"Read from socket failed: {event.reason}", ACT_CONN_FAILED, IF_PREAUTH, NULL},
	{"Write failed: {event.reason}", ACT_CONN_FAILED, IF_PREAUTH, NULL},
	{"Read error from remote host {source.ip}[? port {source.port}?]: {event.reason}", ACT_DISCONNECTED, NONE, NULL},
	{"Timeout before authentication for connection from {source.ip} to {destination.ip}, pid = {:d}{}", ACT_CONN_FAILED, FAIL, "event.reason=timeout before authentication"},
	{"Timeout before authentication for {source.ip}[? port {source.port}?]", ACT_CONN_FAILED, FAIL, "event.reason=timeout before authentication"},
	{"Exceeded LoginGraceTime{}", ACT_CONN_FAILED, NONE, "event.reason=timeout before authentication"},
	{"Timeout, client not responding from user {user.name*}" AT, ACT_DISCONNECTED, NONE, "event.reason=timeout"},
	{"Timeout, client not responding[? from {source.ip} port {source.port}?][?.?]", ACT_DISCONNECTED, NONE, "event.reason=timeout"},
	{"terminating inactive connection from user {user.name*}" AT, ACT_DISCONNECTED, NONE, "event.reason=inactive"},
	{"session process {:d} for connection from {source.ip} to {destination.ip} {event.reason}", ACT_ERROR, NONE, NULL},
	{"Session process {:d} unpriv child crash for connection from {source.ip} to {destination.ip}{}", ACT_ERROR, NONE, "event.reason=child crashed"},
	{"Bad packet length {:d}.", ACT_CONN_FAILED, NONE, "event.reason=bad packet length"},
	{"Corrupted MAC on input.", ACT_CONN_FAILED, NONE, "event.reason=corrupted MAC"},
	{"Corrupted check bytes on input.", ACT_CONN_FAILED, NONE, "event.reason=corrupted check bytes"},
	{"padding error: {}", ACT_CONN_FAILED, NONE, "event.reason=padding error"},
	{"Finished discarding for {source.ip}[? port {source.port}?]", ACT_NOTICE, NONE, NULL},
	{"SSH: Server;Ltype: {:w};Remote: {source.ip}-{source.port};{}", ACT_CONNECTED, NONE, NULL}, /* HPN-SSH */
	/* names behind addresses */
	{"reverse mapping checking getaddrinfo for {source.domain} [{source.ip}] failed{}", ACT_NOTICE, NONE, "event.reason=reverse mapping failed"},
	{"reverse mapping checking getaddrinfo for {source.domain} failed{}", ACT_NOTICE, NONE, "event.reason=reverse mapping failed"},
	{"Address {source.ip} maps to {source.domain}, but this does not map back to the address{}", ACT_NOTICE, NONE, "event.reason=reverse mapping failed"},
	{"Could not get shadow information for {user.name*}", ACT_NOTICE, NONE, "event.reason=no shadow entry"},
	{"Nasty PTR record \"{source.domain*}\" is set up for {source.ip}, ignoring", ACT_NOTICE, NONE, "event.reason=PTR record is an address"},
	{"warning: /etc/hosts.{:w}, line {:d}: {event.reason}", ACT_NOTICE, NONE, NULL},
	{"warning: can't get client address: {event.reason}", ACT_CONN_FAILED, NONE, NULL},
	/* sessions, commands */
	{"User child is on pid {:d}", ACT_NOTICE, NONE, NULL},
	{"Starting session: forced-command ({}) '{process.command_line*}'[? on {process.tty.name:w}?] for {user.name} from" AT "[? id {:d}?]", ACT_COMMAND, OK, NULL},
	{"Starting session: shell[? on {process.tty.name:w}?] for {user.name} from" AT "[? id {:d}?]", ACT_NOTICE, NONE, NULL},
	{"Starting session: command[? on {process.tty.name:w}?] for {user.name} from" AT "[? id {:d}?]", ACT_COMMAND, OK, NULL},
	{"Starting session: subsystem 'sftp'[? on {process.tty.name:w}?] for {user.name} from" AT "[? id {:d}?]", ACT_SFTP, OK, "event.code=start"},
	{"Starting session: subsystem '{service.name*}'[? on {process.tty.name:w}?] for {user.name} from" AT "[? id {:d}?]", ACT_COMMAND, OK, NULL},
	{"Close session: user {user.name} from" AT " id {:d}", ACT_NOTICE, NONE, NULL},
	{"subsystem request for {service.name} by user {user.name} failed, {event.reason}", ACT_ERROR, NONE, NULL},
	{"subsystem request for {service.name}[? by user {user.name}?]", ACT_NOTICE, NONE, NULL},
	{"Transferred: sent {destination.bytes:d}, received {source.bytes:d} bytes", ACT_NOTICE, NONE, NULL},
	{"Changed root directory to \"{file.path*}\"", ACT_NOTICE, NONE, NULL},
	{"bad ownership or modes for chroot directory {}\"{file.path*}\"", ACT_LOGIN_REFUSED, FAIL, "event.reason=bad ownership or modes of the chroot directory"},
	{"lastlog_{}", ACT_NOTICE, NONE, NULL},
	{"Writing login record failed for {user.name}", ACT_ERROR, NONE, NULL},
	{"Attempt to write login records by non-root user (aborting)", ACT_ERROR, NONE, NULL},
	{"Excess permission or bad ownership on file {file.path}", ACT_NOTICE, NONE, NULL},
	{"channel {:d}: open failed: administratively prohibited: {event.reason}", ACT_FORWARD_REFUSED, NONE, NULL},
	{"channel {:d}: {}", ACT_NOTICE, NONE, NULL},
	/* forwarding: the originator is what the client claims, so it is not the source */
	{"refused local port forward: originator {client.ip} port {:d}, target {destination.ip} port {destination.port}", ACT_FORWARD_REFUSED, FAIL, "network.direction=outbound"},
	{"refused streamlocal port forward: originator {client.ip} port {:d}, target {file.path}", ACT_FORWARD_REFUSED, FAIL, NULL},
	{"Received request from {client.ip} port {:d} to connect to host {destination.ip} port {destination.port}, but the request was denied.", ACT_FORWARD_REFUSED, FAIL, NULL},
	{"Received request from {client.ip} port {:d} to remote forward{}, but the request was denied.", ACT_FORWARD_REFUSED, FAIL, NULL},
	{"Received request to connect to host {destination.ip} port {destination.port}, but the request was denied.", ACT_FORWARD_REFUSED, FAIL, NULL},
	{"Received request to connect to path {file.path}, but the request was denied.", ACT_FORWARD_REFUSED, FAIL, NULL},
	{"Denied-by-permission {}", ACT_FORWARD_REFUSED, FAIL, NULL},
	{"Server has disabled port forwarding.", ACT_FORWARD_REFUSED, FAIL, NULL},
	{"originator {client.ip} port {:d}, target {destination.ip} port {destination.port}", ACT_FORWARD, NONE, "network.direction=outbound"},
	{"server_request_direct_tcpip: originator {client.ip} port {:d}, target {destination.ip} port {destination.port}", ACT_FORWARD, NONE, "network.direction=outbound"},
	{"originator {client.ip} port {:d}, target {file.path}", ACT_FORWARD, NONE, NULL},
	{"tcpip-forward listen {server.name} port {destination.port}", ACT_FORWARD, NONE, "network.direction=inbound"},
	{"server_input_global_request: tcpip-forward listen {server.name} port {destination.port}", ACT_FORWARD, NONE, "network.direction=inbound"},
	{"Local connections to {server.name} forwarded to remote address {destination.address}", ACT_FORWARD, NONE, "network.direction=outbound"},
	{"Local forwarding listening on {server.name} port {destination.port}{}", ACT_FORWARD, NONE, NULL},
	{"Remote connections from {server.name} forwarded to local address {destination.address}", ACT_FORWARD, NONE, "network.direction=inbound"},
	{"connect_to {destination.ip} port {destination.port}: failed.", ACT_FORWARD, FAIL, "event.reason=cannot connect"},
	{"connect_to {destination.ip}: unknown host ({event.reason})", ACT_FORWARD, FAIL, NULL},
	{"connect to {destination.ip} port {destination.port} failed: {event.reason}", ACT_FORWARD, FAIL, NULL},
	{"X11 connection rejected {event.reason}", ACT_FORWARD_REFUSED, NONE, NULL},
	{"Rejected X11 connection after ForwardX11Timeout expired", ACT_FORWARD_REFUSED, NONE, NULL},
	/* the daemon itself */
	{"Server listening on {server.name} port {destination.port}{}", ACT_SERVICE_STARTED, NONE, "service.name=sshd"},
	{"Received signal {:d}; terminating.", ACT_SERVICE_STOPPED, NONE, "service.name=sshd"},
	{"Received SIGHUP; restarting.", ACT_NOTICE, NONE, NULL},
	{"RESTART FAILED: {error.message}", ACT_SERVICE_FAILED, NONE, "service.name=sshd"},
	{"Cannot bind any address.", ACT_SERVICE_FAILED, NONE, "service.name=sshd"},
	{"Bind to port {destination.port} on {server.name} failed: {error.message}", ACT_SERVICE_FAILED, NONE, "service.name=sshd"},
	{"Missing privilege separation directory: {file.path}", ACT_SERVICE_FAILED, NONE, "service.name=sshd"},
	{"sshd: no hostkeys available -- exiting.", ACT_SERVICE_FAILED, NONE, "service.name=sshd"},
	{"Unable to load host key: {file.path}", ACT_ERROR, NONE, NULL},
	{"Generating new {} key.", ACT_NOTICE, NONE, NULL},
	{"RSA key generation complete.", ACT_NOTICE, NONE, NULL},
	{"rexec line {:d}: {}", ACT_NOTICE, NONE, NULL},
	{"reprocess config line {:d}: {}", ACT_NOTICE, NONE, NULL},
	{"/etc/ssh/{} line {:d}: {event.reason}", ACT_NOTICE, NONE, NULL},
	{"{:d} active {}", ACT_NOTICE, NONE, NULL},
	{"child {:d}: fd={:d} pid={:d} {}", ACT_NOTICE, NONE, NULL},
	{"password change not supported", ACT_NOTICE, NONE, NULL},
	{"Authentication methods list \"{}\" contains disabled method, skipping", ACT_NOTICE, NONE, NULL},
	{"gkr-pam: {}", ACT_NOTICE, NONE, NULL},
	{"Deprecated option {}", ACT_NOTICE, NONE, NULL},
	{"Set /proc/self/oom_score_adj {}", ACT_NOTICE, NONE, NULL},
	{"SELinux support {}", ACT_NOTICE, NONE, NULL},
	/* "FILE:LINE: ..." of the key that fitted */
	{"{sshd.key.source}: Authentication tried for {user.name} with correct key but not from a permitted host (host={source.domain}, ip={source.ip}{}).", ACT_KEY_REFUSED, FAIL, "event.reason=address not permitted for this key"},
	{"{sshd.key.source}: Authentication tried for {user.name} with valid certificate but not from a permitted {:w} {:w} ({source.ip}).", ACT_KEY_REFUSED, FAIL, "event.reason=address not permitted for this certificate"},
	{"{sshd.key.source}: Certificate source-address invalid", ACT_KEY_REFUSED, FAIL, "event.reason=source-address invalid"},
	{"{} logging rate-limited: additional {:d} connections dropped", ACT_NOTICE, NONE, NULL},
	{"{} attack: {event.reason}", ACT_CONN_FAILED, FAIL, NULL},
	{"{} failed, status {process.exit_code:d}", ACT_ERROR, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

static const struct row sftp_rows[] = {
	{"session opened for local user {user.name*} from [{source.ip}]", ACT_SFTP, OK, "event.code=start"},
	{"session closed for local user {user.name*} from [{source.ip}]", ACT_SFTP, NONE, "event.code=end"},
	{"open \"{file.path*}\" flags READ mode {file.mode:d}", ACT_SFTP, NONE, "event.code=open"},
	{"open \"{file.path*}\" flags {:w} mode {file.mode:d}", ACT_UPLOAD, NONE, "event.code=open"},
	{"close \"{file.path*}\" bytes read {destination.bytes:d} written {source.bytes:d}", ACT_SFTP, OK, "event.code=close"},
	{"forced close \"{file.path*}\" bytes read {destination.bytes:d} written {source.bytes:d}", ACT_SFTP, NONE, "event.code=close"},
	{"opendir \"{file.path}\"", ACT_SFTP, NONE, "event.code=opendir"},
	{"[?forced ?]closedir \"{file.path}\"", ACT_SFTP, NONE, "event.code=closedir"},
	{"remove name \"{file.path}\"", ACT_SFTP, NONE, "event.code=remove"},
	{"mkdir name \"{file.path*}\" mode {file.mode:d}", ACT_SFTP, NONE, "event.code=mkdir"},
	{"rmdir name \"{file.path}\"", ACT_SFTP, NONE, "event.code=rmdir"},
	{"rename old \"{file.path}\" new \"{file.target_path}\"", ACT_SFTP, NONE, "event.code=rename"},
	{"posix-rename old \"{file.path}\" new \"{file.target_path}\"", ACT_SFTP, NONE, "event.code=rename"},
	{"hardlink old \"{file.path}\" new \"{file.target_path}\"", ACT_SFTP, NONE, "event.code=link"},
	{"symlink old \"{file.path}\" new \"{file.target_path}\"", ACT_SFTP, NONE, "event.code=symlink"},
	{"set \"{file.path*}\" mode {file.mode:d}", ACT_SFTP, NONE, "event.code=chmod"},
	{"set \"{file.path*}\" owner {:d} group {:d}", ACT_SFTP, NONE, "event.code=chown"},
	{"set \"{file.path*}\" {:w} {}", ACT_SFTP, NONE, "event.code=set"},
	{"sent status {event.reason}", ACT_NOTICE, NONE, NULL},
	{"received client version {:d}", ACT_NOTICE, NONE, NULL},
	{"stat name \"{file.path}\"", ACT_NOTICE, NONE, NULL},
	{"lstat name \"{file.path}\"", ACT_NOTICE, NONE, NULL},
	{"realpath \"{file.path}\"", ACT_NOTICE, NONE, NULL},
	{"readlink \"{file.path}\"", ACT_NOTICE, NONE, NULL},
	{"statvfs \"{file.path}\"", ACT_NOTICE, NONE, NULL},
	{"fsync \"{file.path}\"", ACT_NOTICE, NONE, NULL},
	{"expand \"{file.path}\"", ACT_NOTICE, NONE, NULL},
	{"copy-data {}", ACT_NOTICE, NONE, NULL},
	{"limits", ACT_NOTICE, NONE, NULL},
	{"Refusing {} request{}", ACT_SFTP, FAIL, "event.code=refused"},
	{"error: {error.message}", ACT_ERROR, NONE, NULL},
	{"fatal: {error.message}", ACT_ERROR, NONE, NULL},
	{"debug{:d}: {}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

/* ---- what stands around a message ---------------------------------------------------------------------------- */

struct said {
	struct slice text;
	struct slice level; /* "error", "fatal", "debug1" or empty */
	bool preauth, located;
};

enum { MESSAGE_MAX = 16384 }; /* sshd cuts its messages at a few hundred bytes: what is longer is not of it */

static bool cut_front(struct slice *s, struct slice lit)
{
	if (!slice_starts(*s, lit))
		return false;
	*s = slice_from(*s, lit.n);
	return true;
}

static bool cut_back(struct slice *s, struct slice lit)
{
	if (!slice_ends(*s, lit))
		return false;
	s->n -= lit.n;
	return true;
}

/* LogVerbose: "serverloop.c:server_request_direct_tcpip():463 (pid=24143): " (since 9.8 "(bin=sshd-session, pid=7)") */
static bool cut_location(struct slice *s)
{
	struct slice head = slice_to(*s, 160);
	ssize_t at = slice_find(head, SL(".c:"));
	if (at <= 0)
		return false;
	ssize_t fn = slice_find(slice_from(head, (size_t)at), SL("():")), end = slice_find(head, SL("): "));
	if (fn < 0 || end < at + fn || slice_chr(slice_to(head, (size_t)at), ' ') >= 0)
		return false;
	*s = slice_from(*s, (size_t)end + 3);
	return true;
}

static struct said listen_to(struct slice msg)
{
	static const struct slice levels[] = {SL("error: "), SL("fatal: "), SL("debug1: "), SL("debug2: "), SL("debug3: "), SL("internal error: ")};
	struct said s = {.text = msg};
	while (s.text.n && s.text.p[s.text.n - 1] == ' ')
		s.text.n--;
	s.preauth = cut_back(&s.text, SL(" [preauth]"));
	if (!s.preauth)
		cut_back(&s.text, SL(" [postauth]"));
	char c = s.text.n ? s.text.p[0] : 0;
	if (c == 'e' || c == 'f' || c == 'd' || c == 'i')
		for (size_t i = 0; i < ARRAY_LEN(levels) && !s.level.n; i++)
			if (cut_front(&s.text, levels[i]))
				s.level = slice_make(levels[i].p, levels[i].n - 2);
	if (c >= 'a' && c <= 'z')
		s.located = cut_location(&s.text);
	return s;
}

/* "mm_answer_pty: ..." */
static bool names_function(struct slice s)
{
	size_t n = 0;
	bool underscore = false;
	for (; n < s.n && n < 64 && ((s.p[n] >= 'a' && s.p[n] <= 'z') || (s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '_'); n++)
		underscore |= s.p[n] == '_';
	return underscore && slice_starts(slice_from(s, n), SL(": "));
}

/* What no row tells: a complaint is an error of sshd's all the same, a debug message is one of thousands. */
static enum decoded other(struct decoder *d, struct dline *l, const struct said *s)
{
	bool bad = s->level.n && s->level.p[0] != 'd';
	if (!bad && !s->level.n && !s->located && !names_function(s->text)) {
		l->msg = s->text; /* "[postauth]": internal-sftp in a chroot without /dev/log speaks through sshd */
		return decode_rows(d, l, decode_rowset_of(d, &program_sftp), SL("sftp-server"), NULL);
	}
	enum action a = bad ? ACT_ERROR : ACT_NOTICE;
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, SL("sshd"), a, NONE);
	event_add(d->out, e, bad ? F_ERROR_MESSAGE : F_MESSAGE, s->text);
	if (s->level.n)
		event_add(d->out, e, F_LOG_LEVEL, s->level);
	return DECODED_EVENT;
}

static enum decoded message(struct decoder *d, struct dline *l)
{
	if (l->msg.n > MESSAGE_MAX)
		return DECODED_UNKNOWN;
	struct said s = listen_to(l->msg);
	const struct crow *c = rowset_match(d, decode_rowset_of(d, &program_sshd_messages), s.text);
	if (!c)
		return other(d, l, &s);
	enum action a = crow_action(c);
	enum outcome o = crow_outcome(c);
	if (o == IF_PREAUTH && a != ACT_KEY_REFUSED) {
		o = s.preauth ? FAIL : NONE;
		a = s.preauth ? ACT_CONN_FAILED : ACT_DISCONNECTED;
	}
	if (!decode_wanted(d, l, a))
		return DECODED_UNWANTED;
	struct event *e = decode_emit(d, l, SL("sshd"), a, o);
	decode_captures(d, e);
	if (s.level.n)
		event_add(d->out, e, F_LOG_LEVEL, s.level);
	return DECODED_EVENT;
}

const struct program program_sshd = {.names = "sshd sshd-session sshd-auth sshd-*", .dataset = "sshd", .fn = message};
/* The rows that message() asks once the decorations are off; no line names this program. */
const struct program program_sshd_messages = {.names = "", .dataset = "sshd", .rows = rows};
const struct program program_sftp = {.names = "internal-sftp sftp-server", .dataset = "sftp-server", .rows = sftp_rows};
