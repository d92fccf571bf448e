/* login.c - who sits at the console: login (util-linux, shadow, BSD), systemd-logind, display managers. */
#include "decode/decode_private.h"

#define OK OUTCOME_SUCCESS
#define FAIL OUTCOME_FAILURE
#define NONE OUTCOME_NONE

/* Names typed at a login prompt may hold anything; what stands behind them is login's own. */
static const struct row login_rows[] = {
	{"LOGIN ON {process.tty.name:w} BY {user.name*} FROM {source.ip}", ACT_LOGIN, OK, NULL},
	{"LOGIN ON {process.tty.name:w} BY {user.name}", ACT_LOGIN, OK, NULL},
	{"DIALUP AT {process.tty.name:w} BY {user.name}", ACT_LOGIN, OK, NULL},
	{"ROOT LOGIN ON {process.tty.name:w} FROM {source.ip}", ACT_LOGIN, OK, "user.name=root"},
	{"ROOT LOGIN[? ?][?(root)?] ON {process.tty.name:w} FROM {source.ip}", ACT_LOGIN, OK, "user.name=root"},
	{"ROOT LOGIN ON {process.tty.name:w}", ACT_LOGIN, OK, "user.name=root"},
	{"ROOT LOGIN (root) ON {process.tty.name:w}", ACT_LOGIN, OK, "user.name=root"},
	{"ROOT LOGIN[? ?] on '{process.tty.name}' from '{source.ip}'", ACT_LOGIN, OK, "user.name=root"},
	{"ROOT LOGIN[? ?] on '{process.tty.name}'[? from `{source.address}'?]", ACT_LOGIN, OK, "user.name=root"},
	{"'{user.name*}' logged in on '{process.tty.name}' from '{source.ip}'", ACT_LOGIN, OK, NULL},
	{"'{user.name*}' logged in{}", ACT_LOGIN, OK, NULL},
	{"login on {process.tty.name:w} as {user.name*} from {source.ip}", ACT_LOGIN, OK, NULL},
	{"login on {process.tty.name:w} as {user.name}", ACT_LOGIN, OK, NULL},
	{"login from {source.ip} on {process.tty.name:w} as {user.name}", ACT_LOGIN, OK, NULL},
	/* util-linux: "(null)" where there is no remote host */
	{"FAILED LOGIN {:d} FROM (null) FOR {user.name*}, {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"FAILED LOGIN {:d} FROM {source.ip} FOR {user.name*}, {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"FAILED LOGIN {:d} ON {process.tty.name:w} FOR {user.name*}, {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"FAILED LOGIN SESSION FROM (null) FOR {user.name*}, {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"FAILED LOGIN SESSION FROM {source.ip} FOR {user.name*}, {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"FAILED LOGIN ({:d}) on '{process.tty.name}' from '{source.ip}' FOR '{user.name*}', {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"FAILED LOGIN ({:d}) on '{process.tty.name}' FOR '{user.name*}', {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"FAILED LOGIN ({:d}){} FOR '{user.name*}', {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"TOO MANY LOGIN TRIES ({:d}) FROM {source.ip} FOR {user.name*}, {event.reason}", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"TOO MANY LOGIN TRIES ({:d}) on '{process.tty.name}' from '{source.ip}' FOR '{user.name*}'", ACT_LOGIN_REFUSED, FAIL, "event.reason=too many attempts"},
	{"TOO MANY LOGIN TRIES ({:d}){} FOR {user.name}", ACT_LOGIN_REFUSED, FAIL, "event.reason=too many attempts"},
	{"REPEATED LOGIN FAILURES{}", ACT_LOGIN_REFUSED, FAIL, "event.reason=too many attempts"},
	{"REPEATED login failures{}", ACT_LOGIN_REFUSED, FAIL, "event.reason=too many attempts"},
	{"LOGIN FAILURE FROM {source.ip}, {user.name}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"LOGIN FAILURE ON {process.tty.name:w}, {user.name}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"{event.repeat} LOGIN FAILURE[?S?] FROM {source.ip}, {user.name}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"{event.repeat} LOGIN FAILURE[?S?] ON {process.tty.name:w}, {user.name}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"{event.repeat} LOGIN FAILURE[?S?] FROM {source.ip}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"{event.repeat} LOGIN FAILURE[?S?] ON {process.tty.name:w}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"invalid password for '{user.name*}' on '{process.tty.name}' from '{source.ip}'", ACT_LOGIN_FAILED, FAIL, "event.reason=wrong password"},
	{"invalid password for '{user.name*}' {}", ACT_LOGIN_FAILED, FAIL, "event.reason=wrong password"},
	{"no shadow password for '{user.name*}'{}", ACT_LOGIN_FAILED, FAIL, "event.reason=no password"},
	{"invalid login time for '{user.name*}'{}", ACT_LOGIN_REFUSED, FAIL, "event.reason=login time"},
	{"ILLEGAL ROOT LOGIN {}", ACT_LOGIN_REFUSED, FAIL, "user.name=root;event.reason=tty not secure"},
	{"LOGIN '{user.name*}' REFUSED {event.reason}", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"LOGIN {user.name*} REFUSED FROM {source.ip}[? ON TTY {process.tty.name:w}?]", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"LOGIN {user.name*} REFUSED ON TTY {process.tty.name:w}", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"exceeded failure limit for '{user.name*}' {}", ACT_LOGIN_REFUSED, FAIL, "event.reason=too many attempts"},
	{"login '{user.name*}' re-enabled after temporary lockout{}", ACT_NOTICE, NONE, NULL},
	{"cannot find user {}", ACT_INVALID_USER, NONE, NULL},
	{"Unable to update utmp entry for {user.name}", ACT_NOTICE, NONE, NULL},
	{"Attempted login by {user.name} (UID: {user.id:d}) on {process.tty.name:w}{}", ACT_LOGIN_REFUSED, FAIL, "event.reason=nologin shell"},
	/* klogind, rlogind, rshd, telnetd */
	{"Authentication failed from {} ({source.ip}): {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Authentication failed from {source.ip}: {event.reason}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Kerberos authentication failed", ACT_AUTH_FAILURE, NONE, NULL},
	{"rlogin from {pam.ruser}@{source.ip} as {user.name}", ACT_LOGIN, OK, NULL},
	{"{pam.ruser}@{source.ip} as {user.name:w}: permission denied[?. ?]{}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"{pam.ruser}@{source.ip} as {user.name:w}: cmd='{process.command_line*}'", ACT_COMMAND, OK, NULL},
	{"connect from {source.ip}{}", ACT_CONNECTED, NONE, NULL},
	{"ttloop:{}", ACT_DISCONNECTED, NONE, NULL},
	{"PAM Failure, aborting: {error.message}", ACT_AUTH_ERROR, NONE, NULL},
	{"Couldn't initialize PAM: {error.message}", ACT_AUTH_ERROR, NONE, NULL},
	{"pam_{:w}: {error.message}", ACT_AUTH_ERROR, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

static const struct row logind_rows[] = {
	{"New session '{process.session.id}' of user '{user.name*}' with class '{}' and type '{}'.", ACT_SESSION_OPENED, OK, NULL},
	{"New session {process.session.id:w} of user {user.name*}.", ACT_SESSION_OPENED, OK, NULL},
	{"Removed session {process.session.id:w}.", ACT_SESSION_CLOSED, NONE, NULL},
	{"Session {process.session.id:w} logged out. Waiting for processes to exit.", ACT_NOTICE, NONE, NULL},
	{"Session {process.session.id:w} of user {user.name} {}", ACT_NOTICE, NONE, NULL},
	{"System is powering down{}", ACT_SHUTDOWN, NONE, "event.reason=power off"},
	{"System is rebooting{}", ACT_SHUTDOWN, NONE, "event.reason=reboot"},
	{"System is halting{}", ACT_SHUTDOWN, NONE, "event.reason=halt"},
	{"The system will {event.reason} now!", ACT_SHUTDOWN, NONE, NULL},
	{"The system will {} at {}", ACT_NOTICE, NONE, NULL},
	{"Creating /run/nologin, blocking further logins...", ACT_NOTICE, NONE, NULL},
	{"Failed to {error.message}", ACT_ERROR, NONE, NULL},
	{"Power key pressed{}", ACT_NOTICE, NONE, "event.reason=power key"},
	{"Lid {}", ACT_NOTICE, NONE, NULL},
	{"Suspend{}", ACT_NOTICE, NONE, NULL},
	{"Hibernat{}", ACT_NOTICE, NONE, NULL},
	{"Operation {}", ACT_NOTICE, NONE, NULL},
	{"New seat {}", ACT_NOTICE, NONE, NULL},
	{"Removed seat {}", ACT_NOTICE, NONE, NULL},
	{"Watching system buttons on {}", ACT_NOTICE, NONE, NULL},
	{"Delay lock is active {}", ACT_NOTICE, NONE, NULL},
	{"User enumeration failed{}", ACT_NOTICE, NONE, NULL},
	{"User {user.name} logged out. Waiting for processes to exit.", ACT_NOTICE, NONE, NULL},
	{"Existing logind session ID {} used by new audit session, ignoring{}", ACT_NOTICE, NONE, NULL},
	{"Linger {}", ACT_NOTICE, NONE, NULL},
	{"Received SIG{}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

static const struct row desktop_rows[] = {
	{"Couldn't authenticate user", ACT_AUTH_FAILURE, NONE, NULL}, /* PAM's line behind it names the user */
	{"Couldn't authenticate {user.name}", ACT_LOGIN_FAILED, FAIL, NULL},
	{"Root login disallowed on display '{process.tty.name}'", ACT_LOGIN_REFUSED, FAIL, "user.name=root"},
	{"Login restricted for {user.name}", ACT_LOGIN_REFUSED, FAIL, NULL},
	{"GdmDisplay: {}", ACT_NOTICE, NONE, NULL},
	{"Gdm: {}", ACT_NOTICE, NONE, NULL},
	{"gdm_{}", ACT_NOTICE, NONE, NULL},
	{"Tried to {}", ACT_NOTICE, NONE, NULL},
	{"Child process {}", ACT_NOTICE, NONE, NULL},
	{"AccountsService{}", ACT_NOTICE, NONE, NULL},
	{NULL, ACT_NONE, NONE, NULL},
};

const struct program program_login = {.names = "login agetty getty nologin klogind rlogind in.rlogind rshd in.rshd telnetd in.telnetd rexecd in.rexecd", .dataset = "login", .rows = login_rows};
const struct program program_logind = {.names = "systemd-logind elogind elogind-daemon", .dataset = "systemd-logind", .rows = logind_rows};
const struct program program_desktop = {.names = "gdm gdm-* gdm3 lightdm sddm sddm-helper xdm kdm", .dataset = "gdm", .rows = desktop_rows};
