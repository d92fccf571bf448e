/* pam_postern.c - PAM's side of the gate: asks the service, and denies when there is no answer.
 *
 * Who is subject to it is found here, from the system's accounts: members of the group, and whose login shell is the recorder. Everybody else is not
 * touched (PAM_IGNORE), whatever is broken. Nothing is kept between calls, nothing is parsed, secrets are wiped.
 * Sources: research on return codes of sshd, sudo and su; docs/gate.md. */
#include "gate/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

#define PAM_SM_AUTH
#define PAM_SM_ACCOUNT
#define PAM_SM_SESSION
#define PAM_SM_PASSWORD
#include <security/pam_ext.h>
#include <security/pam_modules.h>

#define EXPORT __attribute__((visibility("default")))
#define SHELL "postern-shell"
enum { ENTRY_MOST = 64 << 10, GROUPS_MOST = 4096 };

struct options {
	const char *socket, *group;
};

static struct options options_of(int argc, const char **argv)
{
	struct options o = {GATE_SOCKET, GATE_GROUP};
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "socket=", 7) == 0)
			o.socket = argv[i] + 7;
		else if (strncmp(argv[i], "group=", 6) == 0)
			o.group = argv[i] + 6;
	}
	return o;
}

/* ---- who is covered ---------------------------------------------------------------------------------------------------------- */

static bool has_recorder(const struct passwd *pw)
{
	const char *last = pw->pw_shell ? strrchr(pw->pw_shell, '/') : NULL;
	return last && strcmp(last + 1, SHELL) == 0;
}

static bool is_member(const struct passwd *pw, const struct group *gr)
{
	gid_t groups[GROUPS_MOST];
	int n = GROUPS_MOST;
	for (char **m = gr->gr_mem; m && *m; m++)
		if (strcmp(*m, pw->pw_name) == 0)
			return true;
	if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0)
		return true; /* more than fit: not known to be none */
	for (int i = 0; i < n; i++)
		if (groups[i] == gr->gr_gid)
			return true;
	return pw->pw_gid == gr->gr_gid;
}

/* A lookup that fails covers everybody but root: a provider must not get in because a directory is down. A group that does not exist has no members. */
static bool entry_covered(const struct options *o, const struct passwd *pw)
{
	struct group gr, *found = NULL;
	if (pw->pw_uid == 0)
		return false;
	if (has_recorder(pw))
		return true;
	char *room = malloc(ENTRY_MOST);
	if (!room)
		return true;
	int rc = getgrnam_r(o->group, &gr, room, ENTRY_MOST, &found);
	bool covered = rc ? true : found ? is_member(pw, found) : false;
	if (!rc && !found) /* no such group; or no groups at all, which is how a file that cannot be read looks */
		covered = getgrgid_r(pw->pw_gid, &gr, room, ENTRY_MOST, &found) != 0 || !found;
	free(room);
	return covered;
}

static bool name_covered(const struct options *o, const char *name)
{
	struct passwd pw, *found = NULL;
	if (strcmp(name, "root") == 0)
		return false;
	char *room = malloc(ENTRY_MOST);
	if (!room)
		return true;
	int rc = getpwnam_r(name, &pw, room, ENTRY_MOST, &found);
	bool covered = rc ? true : found ? entry_covered(o, found) : false; /* nobody of this name: others deny */
	free(room);
	return covered;
}

static uint32_t number_in(const char *path)
{
	char text[16] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	if (fd >= 0)
		close(fd);
	uint32_t v = 0;
	for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
		v = v * 10 + (uint32_t)(text[i] - '0');
	return n > 0 ? v : UINT32_MAX;
}

/* The account of the login this process belongs to, by the kernel's word; false when it is nobody who is covered. */
static bool login_covered(const struct options *o, char *account, size_t n)
{
	uint32_t uid = number_in("/proc/self/loginuid");
	struct passwd pw, *found = NULL;
	if (uid == UINT32_MAX || uid == 0)
		return false;
	char *room = malloc(ENTRY_MOST);
	if (!room)
		return false;
	bool covered = getpwuid_r(uid, &pw, room, ENTRY_MOST, &found) == 0 && found && entry_covered(o, found) && strlen(found->pw_name) < n;
	if (covered)
		memcpy(account, found->pw_name, strlen(found->pw_name) + 1);
	free(room);
	return covered;
}

static bool is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(name, *list) == 0)
			return true;
	return false;
}

/* ---- the question ------------------------------------------------------------------------------------------------------------ */

static const char *item(pam_handle_t *h, int what)
{
	const void *v = NULL;
	return pam_get_item(h, what, &v) == PAM_SUCCESS && v ? v : "";
}

/* What does not fit is left out: a cut name would be another one. */
static bool put(char *to, size_t room, const char *text)
{
	size_t n = strlen(text);
	if (n >= room)
		return false;
	memcpy(to, text, n + 1);
	return true;
}

/* An account whose name is too long stays empty: the service denies it. */
static bool fill_account(struct gate_ask *q, const char *name)
{
	(void)put(q->account, sizeof q->account, name);
	return true;
}

/* Whom the question is about: the account that is entered, or in sudo and su the covered account of who calls. False: nobody who is covered. */
static bool subject(pam_handle_t *h, const struct options *o, const char *user, struct gate_ask *q)
{
	static const char *const switches[] = {"sudo", "sudo-i", "su", "su-l", NULL}, *const becomes[] = {"su", "su-l", "runuser", "runuser-l", NULL};
	const char *service = item(h, PAM_SERVICE);
	const char *caller = item(h, PAM_RUSER);
	char account[sizeof q->account];
	bool login = is_one_of(service, switches) && login_covered(o, account, sizeof account);
	if (name_covered(o, user)) {
		if (is_one_of(service, becomes) && getuid() == 0 && !login)
			return false; /* root may become anybody anyway */
		return fill_account(q, user);
	}
	if (login)
		return fill_account(q, account);
	if (is_one_of(service, switches) && *caller && name_covered(o, caller))
		return fill_account(q, caller);
	return false;
}

/* Fills the question. PAM_SUCCESS: it is to be asked; PAM_IGNORE: not covered. */
static int begin(pam_handle_t *h, const struct options *o, uint32_t phase, struct gate_ask *q)
{
	const char *user = NULL, *keys;
	memset(q, 0, sizeof *q);
	if (pam_get_user(h, &user, NULL) != PAM_SUCCESS || !user || !*user)
		return PAM_IGNORE; /* nobody yet; others ask or deny */
	if (!subject(h, o, user, q))
		return PAM_IGNORE;
	q->magic = GATE_MAGIC;
	q->version = GATE_VERSION;
	q->phase = phase;
	q->pid = getpid();
	q->session = number_in("/proc/self/sessionid");
	(void)put(q->service, sizeof q->service, item(h, PAM_SERVICE));
	(void)put(q->rhost, sizeof q->rhost, item(h, PAM_RHOST));
	(void)put(q->tty, sizeof q->tty, item(h, PAM_TTY));
	keys = pam_getenv(h, "SSH_AUTH_INFO_0");
	(void)put(q->auth_info, sizeof q->auth_info, keys ? keys : "");
	return PAM_SUCCESS;
}

static const char *reason_text(uint32_t reason)
{
	static const char *const texts[GATE_REASON_COUNT] = {
#define X(id, text) text,
		GATE_REASONS(X)
#undef X
	};
	return reason < GATE_REASON_COUNT ? texts[reason] : "";
}

/* The account's name is logged only as far as it is one: a user name is a stranger's text. */
static void say_denied(pam_handle_t *h, const struct gate_ask *q, const struct gate_answer *a)
{
	pam_syslog(h, LOG_NOTICE, "access denied for %s: %s%s%s", q->account[0] ? q->account : "an account whose name is too long", reason_text(a->reason),
		a->reference[0] ? ", reference " : "", a->reference);
	if (a->text[0])
		pam_error(h, "%s", a->text);
}

static int denial(const struct gate_answer *a, int otherwise)
{
	return a->reason == GATE_FAULT || a->reason == GATE_CLOCK ? PAM_AUTHINFO_UNAVAIL : otherwise;
}

/* ---- the module -------------------------------------------------------------------------------------------------------------- */

EXPORT int pam_sm_authenticate(pam_handle_t *h, int flags, int argc, const char **argv)
{
	const struct options o = options_of(argc, argv);
	struct gate_ask q;
	struct gate_answer a;
	char *typed = NULL;
	(void)flags;
	int rc = begin(h, &o, PHASE_AUTH, &q);
	if (rc != PAM_SUCCESS)
		return rc;
	/* always asked: whether somebody is known, enrolled or has a grant does not show */
	rc = pam_prompt(h, PAM_PROMPT_ECHO_OFF, &typed, "Verification code: ");
	if (rc != PAM_SUCCESS || !typed) {
		explicit_bzero(&q, sizeof q);
		return PAM_CONV_ERR;
	}
	(void)put(q.code, sizeof q.code, typed);
	explicit_bzero(typed, strlen(typed));
	free(typed);
	gate_ask_service(o.socket, &q, &a, false);
	explicit_bzero(q.code, sizeof q.code);
	if (a.allow)
		return PAM_SUCCESS;
	a.text[0] = 0; /* one and the same for all, sshd's own */
	say_denied(h, &q, &a);
	return denial(&a, PAM_AUTH_ERR);
}

EXPORT int pam_sm_setcred(pam_handle_t *h, int flags, int argc, const char **argv)
{
	const struct options o = options_of(argc, argv);
	struct gate_ask q;
	(void)flags;
	return begin(h, &o, PHASE_AUTH, &q);
}

EXPORT int pam_sm_acct_mgmt(pam_handle_t *h, int flags, int argc, const char **argv)
{
	const struct options o = options_of(argc, argv);
	struct gate_ask q;
	struct gate_answer a;
	(void)flags;
	int rc = begin(h, &o, PHASE_ACCOUNT, &q);
	if (rc != PAM_SUCCESS)
		return rc;
	gate_ask_service(o.socket, &q, &a, false);
	if (a.allow)
		return PAM_SUCCESS;
	say_denied(h, &q, &a);
	return denial(&a, PAM_PERM_DENIED);
}

EXPORT int pam_sm_open_session(pam_handle_t *h, int flags, int argc, const char **argv)
{
	const struct options o = options_of(argc, argv);
	struct gate_ask q;
	struct gate_answer a;
	(void)flags;
	int rc = begin(h, &o, PHASE_SESSION, &q);
	if (rc != PAM_SUCCESS)
		return rc;
	gate_ask_service(o.socket, &q, &a, false);
	if (a.allow)
		return PAM_SUCCESS;
	say_denied(h, &q, &a);
	return PAM_SESSION_ERR;
}

EXPORT int pam_sm_close_session(pam_handle_t *h, int flags, int argc, const char **argv)
{
	const struct options o = options_of(argc, argv);
	struct gate_ask q;
	struct gate_answer a;
	(void)flags;
	int rc = begin(h, &o, PHASE_CLOSE, &q);
	if (rc != PAM_SUCCESS)
		return rc;
	gate_ask_service(o.socket, &q, &a, false);
	return PAM_SUCCESS;
}

EXPORT int pam_sm_chauthtok(pam_handle_t *h, int flags, int argc, const char **argv)
{
	(void)h;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_IGNORE;
}
