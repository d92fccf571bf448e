/* dropbear.c - the Dropbear SSH server (src/svr-*.c). */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE
#define PEER "{source.ip}:{source.port}"

/* "Exit before auth from <192.0.2.1:40022>: (user 'root', 3 fails): why" since 2020; before: "Exit before auth (user
 * 'root', 3 fails): why - user 'root' from 192.0.2.1:40022". */
static const struct row rows[] = {
	{"Password auth succeeded for '{user.name*}' from " PEER "[?, extra auth required?]", ACT_LOGIN, OK, "sshd.method=password"},
	{"PAM password auth succeeded for '{user.name*}' from " PEER "[?, extra auth required?]", ACT_LOGIN, OK, "sshd.method=password"},
	{"password auth succeeded for '{user.name*}' from " PEER, ACT_LOGIN, OK, "sshd.method=password"},
	{"Pubkey auth succeeded for '{user.name*}' with {sshd.key.type:w} key {sshd.key.fingerprint:w} from " PEER "[?, extra auth required?]", ACT_LOGIN, OK, "sshd.method=publickey"},
	{"Pubkey auth succeeded for '{user.name*}' with key {sshd.key.fingerprint} from " PEER, ACT_LOGIN, OK, "sshd.method=publickey"},
	{"pubkey auth succeeded for '{user.name*}' with key {sshd.key.fingerprint} from " PEER, ACT_LOGIN, OK, "sshd.method=publickey"},
	{"Auth succeeded with blank password for '{user.name*}' from " PEER, ACT_LOGIN, OK, "sshd.method=none"},
	{"Login attempt for nonexistent user[? '{user.name*}'?] from " PEER, ACT_LOGIN_FAILED, FAIL, "event.reason=invalid user"},
	{"login attempt for nonexistent user[? '{user.name*}'?] from " PEER, ACT_LOGIN_FAILED, FAIL, "event.reason=invalid user"},
	{"Login attempt with wrong user {user.name*} from " PEER, ACT_LOGIN_FAILED, FAIL, "event.reason=wrong user"},
	{"Bad password attempt for '{user.name*}' from " PEER, ACT_LOGIN_FAILED, FAIL, "sshd.method=password"},
	{"bad password attempt for '{user.name*}' from " PEER, ACT_LOGIN_FAILED, FAIL, "sshd.method=password"},
	{"Bad PAM password attempt for '{user.name*}' from " PEER, ACT_LOGIN_FAILED, FAIL, "sshd.method=password"},
	{"bad PAM password attempt for '{user.name*}' from " PEER, ACT_LOGIN_FAILED, FAIL, "sshd.method=password"},
	{"Too-long password attempt for '{user.name*}' from " PEER, ACT_LOGIN_FAILED, FAIL, "sshd.method=password"},
	{"Pubkey auth bad signature for '{user.name*}' with key {sshd.key.fingerprint:w} from " PEER, ACT_LOGIN_FAILED, FAIL, "sshd.method=publickey"},
	{"pubkey auth bad signature for '{user.name*}' with key {sshd.key.fingerprint} from " PEER, ACT_LOGIN_FAILED, FAIL, "sshd.method=publickey"},
	{"root login rejected", ACT_LOGIN_REFUSED, NONE, "user.name=root"}, /* the attempt has its own line */
	{"User '{user.name*}' has invalid shell, rejected", ACT_LOGIN_REFUSED, NONE, "event.reason=invalid shell"},
	{"user '{user.name*}' has invalid shell, rejected", ACT_LOGIN_REFUSED, NONE, "event.reason=invalid shell"},
	{"User '{user.name*}' has blank password, rejected", ACT_LOGIN_REFUSED, NONE, "event.reason=blank password"},
	{"user '{user.name*}' has blank password, rejected", ACT_LOGIN_REFUSED, NONE, "event.reason=blank password"},
	{"User account '{user.name*}' is locked", ACT_LOGIN_REFUSED, NONE, "event.reason=locked"},
	{"Logins are restricted to the group {group.name} but user '{user.name*}' is not a member", ACT_LOGIN_REFUSED, NONE, "event.reason=not in the group"},
	{"pam_authenticate() failed, rc={error.code:d}, {event.reason}", ACT_AUTH_FAILURE, NONE, NULL},
	{"pam_acct_mgmt() failed, rc={error.code:d}, {event.reason}", ACT_AUTH_FAILURE, NONE, NULL},
	{"pam_{:w} failed, {error.message}", ACT_AUTH_ERROR, NONE, NULL},
	/* ends */
	{"Exit before auth from <" PEER ">: (user '{user.name*}', {:d} fails): {event.reason}", ACT_CONN_FAILED, FAIL, NULL},
	{"Exit before auth from <" PEER ">: {event.reason}", ACT_CONN_FAILED, FAIL, NULL},
	{"Exit before auth (user '{user.name*}', {:d} fails): Max auth tries reached - user '{}' from " PEER, ACT_LOGIN_REFUSED, FAIL, "event.reason=too many attempts"},
	{"exit before auth (user '{user.name*}', {:d} fails): Max auth tries reached - user '{}' from " PEER, ACT_LOGIN_REFUSED, FAIL, "event.reason=too many attempts"},
	{"Exit before auth (user '{user.name*}', {:d} fails): {event.reason}", ACT_CONN_FAILED, NONE, NULL},
	{"exit before auth (user '{user.name*}', {:d} fails): {event.reason}", ACT_CONN_FAILED, NONE, NULL},
	{"Exit before auth: {event.reason}", ACT_CONN_FAILED, NONE, NULL},
	{"exit before auth: {event.reason}", ACT_CONN_FAILED, NONE, NULL},
	{"Exit ({user.name}) from <" PEER ">: {event.reason}", ACT_DISCONNECTED, NONE, NULL},
	{"Exit ({user.name}): {event.reason}", ACT_DISCONNECTED, NONE, NULL},
	{"exit after auth ({user.name}): {event.reason}", ACT_DISCONNECTED, NONE, NULL},
	{"Early exit: {error.message}", ACT_SERVICE_FAILED, NONE, "service.name=dropbear"},
	{"premature exit: {error.message}", ACT_SERVICE_FAILED, NONE, "service.name=dropbear"},
	{"Child connection from [{source.ip}]:{source.port}", ACT_CONNECTED, NONE, NULL},
	{"Child connection from " PEER, ACT_CONNECTED, NONE, NULL},
	{"child connection from " PEER, ACT_CONNECTED, NONE, NULL},
	{"User {user.name:w} executing '{process.command_line*}'", ACT_COMMAND, OK, NULL},
	{"User {user.name:w} executing login shell", ACT_NOTICE, NONE, NULL},
	{"user {user.name:w} executing '{process.command_line*}'", ACT_COMMAND, OK, NULL},
	{"Command forced to '{process.command_line*}'", ACT_NOTICE, NONE, NULL},
	/* the daemon */
	{"Running in background", ACT_SERVICE_STARTED, NONE, "service.name=dropbear"},
	{"Not backgrounding", ACT_SERVICE_STARTED, NONE, "service.name=dropbear"},
	{"Not forking", ACT_SERVICE_STARTED, NONE, "service.name=dropbear"},
	{"Terminated by signal", ACT_SERVICE_STOPPED, NONE, "service.name=dropbear"},
	{"Failed listening on '{destination.port}': {error.message}", ACT_SERVICE_FAILED, NONE, "service.name=dropbear"},
	{"Failed {error.message}", ACT_ERROR, NONE, NULL},
	{"Generated hostkey {}", ACT_NOTICE, NONE, NULL},
	{"{:w} forwarding disabled.", ACT_NOTICE, NONE, NULL},
	{"Forced command set to '{}'", ACT_NOTICE, NONE, NULL},
	{"syslog{}", ACT_NOTICE, NONE, NULL},
	{"Error {error.message}", ACT_ERROR, NONE, NULL},
	{"Couldn't {error.message}", ACT_ERROR, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

const struct program program_dropbear = {.names = "dropbear", .dataset = "dropbear", .rows = rows};
