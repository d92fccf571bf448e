/* drop.c - who the process is: users, groups, capabilities, and whose child. */
#include "sys/sys.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GROUPS_MAX = 32, NAMES_MAX = 16 << 10 };

static int find_user(const char *name, struct passwd *pw, char *room, struct err *e)
{
	struct passwd *found = NULL;
	int r = getpwnam_r(name, pw, room, NAMES_MAX, &found);
	if (r)
		return err_set(e, ERR_IO, "cannot look up user %s: %s", name, strerror(r));
	if (!found)
		return err_set(e, ERR_NOENT, "there is no user %s: make one (useradd --system %s) or name another", name, name);
	return pw->pw_uid ? 0 : err_set(e, ERR_PERM, "user %s is root by number: name one that has no rights", name);
}

static size_t find_groups(const char *const *names, gid_t first, gid_t out[GROUPS_MAX])
{
	char room[NAMES_MAX];
	size_t n = 0;
	out[n++] = first;
	for (; names && *names && n < GROUPS_MAX; names++) {
		struct group gr, *found = NULL;
		if (getgrnam_r(*names, &gr, room, sizeof room, &found) == 0 && found && gr.gr_gid)
			out[n++] = gr.gr_gid;
	}
	return n;
}

/* Looked at again: the numbers must be gone for good, not only put away. */
static int check_dropped(const struct passwd *pw, struct err *e)
{
	uid_t u[3];
	gid_t g[3];
	if (getresuid(&u[0], &u[1], &u[2]) || getresgid(&g[0], &g[1], &g[2]))
		return err_set(e, ERR_PERM, "cannot see who the process is: %s", strerror(errno));
	for (int i = 0; i < 3; i++)
		if (u[i] != pw->pw_uid || g[i] != pw->pw_gid)
			return err_set(e, ERR_PERM, "the process did not become user %s", pw->pw_name);
	if (setuid(0) == 0 || setgid(0) == 0)
		return err_set(e, ERR_PERM, "the process could become root again");
	capng_get_caps_process();
	return capng_have_capabilities(CAPNG_SELECT_BOTH) == CAPNG_NONE ? 0 : err_set(e, ERR_PERM, "the process still has capabilities");
}

int sys_drop(const char *user, const char *const *extra, struct err *e)
{
	struct passwd pw;
	char room[NAMES_MAX];
	gid_t groups[GROUPS_MAX];
	if (getuid() != 0 && geteuid() != 0)
		return 0;
	int r = find_user(user, &pw, room, e);
	if (r)
		return r;
	size_t n = find_groups(extra, pw.pw_gid, groups);
	/* the bounding set first: emptying it needs a right that goes with the user */
	capng_clear(CAPNG_SELECT_BOUNDS);
	if (capng_apply(CAPNG_SELECT_BOUNDS))
		return err_set(e, ERR_PERM, "cannot empty the capability bounding set (CAP_SETPCAP is needed for that)");
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) || setgroups(n, groups) || setresgid(pw.pw_gid, pw.pw_gid, pw.pw_gid) ||
		setresuid(pw.pw_uid, pw.pw_uid, pw.pw_uid))
		return err_set(e, ERR_PERM, "cannot become user %s: %s", user, strerror(errno));
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS))
		return err_set(e, ERR_PERM, "cannot give up capabilities");
	return check_dropped(&pw, e);
}

int sys_drop_to_owner(const char *folder, struct err *e)
{
	struct stat st;
	struct passwd room, *pw = NULL;
	char bytes[NAMES_MAX];
	if (stat(folder, &st))
		return err_set(e, ERR_NOENT, "%s: %m", folder);
	if (geteuid() != 0 || st.st_uid == 0)
		return 0;
	if (getpwuid_r(st.st_uid, &room, bytes, sizeof bytes, &pw) || !pw)
		return err_set(e, ERR_PERM, "the owner of %s (number %u) is no user of this machine", folder, st.st_uid);
	return sys_drop(pw->pw_name, NULL, e);
}

int sys_give(const char *path, const char *user, struct err *e)
{
	struct passwd pw;
	char room[NAMES_MAX];
	if (geteuid() != 0)
		return 0;
	int r = find_user(user, &pw, room, e);
	if (!r && lchown(path, pw.pw_uid, pw.pw_gid))
		r = err_set(e, ERR_PERM, "cannot give %s to %s: %s", path, user, strerror(errno));
	return r;
}

int sys_share(const char *path, const char *user, mode_t mode, struct err *e)
{
	struct passwd pw;
	struct stat st;
	char room[NAMES_MAX];
	if (geteuid() != 0 || lstat(path, &st) || st.st_uid != 0)
		return 0;
	int r = find_user(user, &pw, room, e);
	if (!r && (lchown(path, 0, pw.pw_gid) || chmod(path, mode)))
		r = err_set(e, ERR_PERM, "cannot share %s with %s: %s", path, user, strerror(errno));
	return r;
}

int sys_keep_capabilities(const char *const *names, struct err *e)
{
	int keep[64];
	size_t n = 0;
	if (capng_get_caps_process())
		return err_set(e, ERR_PERM, "cannot see which capabilities the process has");
	if (capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE)
		return 0; /* nothing to give up */
	for (; *names && n < ARRAY_LEN(keep); names++) {
		int cap = capng_name_to_capability(strncasecmp(*names, "CAP_", 4) == 0 ? *names + 4 : *names);
		if (cap < 0)
			return err_set(e, ERR_USAGE, "there is no capability %s", *names);
		if (capng_have_capability(CAPNG_PERMITTED, (unsigned)cap))
			keep[n++] = cap;
	}
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < n; i++)
		capng_update(CAPNG_ADD, (capng_type_t)(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET), (unsigned)keep[i]);
	if (capng_apply(CAPNG_SELECT_BOTH))
		return err_set(e, ERR_PERM, "cannot give up capabilities (CAP_SETPCAP is needed for that)");
	capng_get_caps_process();
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		bool kept = false;
		for (size_t i = 0; i < n; i++)
			kept |= keep[i] == cap;
		if (!kept && (capng_have_capability(CAPNG_PERMITTED, (unsigned)cap) || capng_have_capability(CAPNG_BOUNDING_SET, (unsigned)cap)))
			return err_set(e, ERR_PERM, "the process still has the capability %s", capng_capability_to_name((unsigned)cap));
	}
	return 0;
}

bool sys_die_with_parent(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent;
}

void sys_name_process(const char *name)
{
	(void)prctl(PR_SET_NAME, name);
}
