/* confine.c - what is given up: by a process that only reads logs, and by the processes of the daemon. */
#include "sys/sys_private.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Calls that reading, unpacking and reporting never need, besides the hostile ones. */
static const char *const denied[] = {
	"socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg", "sendmmsg", "fork", "vfork",
	"sethostname", "setdomainname", "settimeofday", "clock_settime", "adjtimex", "acct", "quotactl", "syslog",
	"pidfd_send_signal", "kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "mknod", "mknodat",
	"truncate", "chmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown", "fchownat", "setxattr", "lsetxattr", "fsetxattr", "removexattr",
	"lremovexattr", "fremovexattr", "utime", "utimes", "utimensat", "futimesat",
};

static int deny(scmp_filter_ctx ctx, const char *name)
{
	int nr = sys_call_number(name); /* not every architecture has every call */
	return nr < 0 ? 0 : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), nr, 0);
}

static bool left(const struct sys_confine *c, const char *name)
{
	return c->as_owner && (strcmp(name, "setfsuid") == 0 || strcmp(name, "setfsgid") == 0);
}

static int filter(const struct sys_confine *c, struct err *e)
{
	int r = 0;
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	if (!ctx)
		return err_set(e, ERR_NOMEM, "cannot make a system call filter");
	for (size_t i = 0; i < ARRAY_LEN(denied) && !r; i++)
		r = deny(ctx, denied[i]);
	for (const char *const *name = sys_hostile_calls; *name && !r; name++)
		r = left(c, *name) ? 0 : deny(ctx, *name);
	if (!r)
		r = sys_filter_flags(ctx);
	if (!r)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r ? err_set(e, ERR_PERM, "the kernel refused the system call filter: %s", strerror(-r)) : 0;
}

static int no_new_privileges(struct err *e)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? err_set(e, ERR_PERM, "cannot give up new privileges: %s", strerror(errno)) : 0;
}

int sys_confine(const struct sys_confine *c, bool *landlock, struct err *e)
{
	struct sys_paths paths = {.writable = c->writable};
	int r = no_new_privileges(e);
	if (!r)
		r = sys_landlock(&paths, landlock, e);
	return r ? r : filter(c, e);
}

int sys_confine_service(struct err *e)
{
	int r = no_new_privileges(e);
	if (!r && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		r = err_set(e, ERR_PERM, "cannot close the memory to others: %s", strerror(errno));
	if (r)
		return r;
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	if (!ctx)
		return err_set(e, ERR_NOMEM, "cannot make a system call filter");
	for (const char *const *name = sys_hostile_calls; *name && !r; name++)
		r = deny(ctx, *name);
	if (!r)
		r = sys_filter_flags(ctx);
	if (!r)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r ? err_set(e, ERR_PERM, "the kernel refused the system call filter: %s", strerror(-r)) : 0;
}

int sys_confine_reader(const char *const *writable, bool *landlock, struct err *e)
{
	struct sys_paths paths = {.writable = writable};
	int r = no_new_privileges(e);
	if (!r)
		r = sys_landlock(&paths, landlock, e);
	if (r)
		return r;
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	if (!ctx)
		return err_set(e, ERR_NOMEM, "cannot make a system call filter");
	for (const char *const *name = sys_hostile_calls; *name && !r; name++)
		r = strcmp(*name, "execve") == 0 ? 0 : deny(ctx, *name);
	if (!r)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r ? err_set(e, ERR_PERM, "the kernel refused the system call filter: %s", strerror(-r)) : 0;
}

/* What libraries open by themselves: shared objects of name services and character sets, zones, random numbers, how many processors. */
#define LIBRARIES                                                                                                                         \
	"/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo", "/usr/share/locale", "/etc/localtime", "/etc/ld.so.cache", "/dev/null",    \
		"/dev/urandom", "/dev/random", "/sys/devices/system/cpu", "/proc/self"

static const char *const *needed_by(enum sys_profile p)
{
	static const char *const plain[] = {LIBRARIES, NULL};
	static const char *const journal[] = {LIBRARIES, "/etc/machine-id", "/var/log/journal", "/run/log/journal", "/proc/sys/kernel/random/boot_id", NULL};
	/* The whole of /etc: resolv.conf is replaced by another file whenever the network changes. Secrets there are root's. */
	static const char *const network[] = {LIBRARIES, "/etc", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/run/systemd/resolve",
		"/run/resolvconf", "/run/NetworkManager", "/run/nscd", NULL};
	static const char *const nothing[] = {NULL};
	return p == SYS_PARSER ? nothing : p == SYS_JOURNAL ? journal : p == SYS_NOTIFIER ? network : plain;
}

int sys_confine_as(enum sys_profile p, const char *const *readable, const char *const *writable, bool *landlock, struct err *e)
{
	struct sys_paths paths = {.readable = readable, .writable = writable, .optional = needed_by(p), .apart = true, .connects = p == SYS_NOTIFIER};
	int r = no_new_privileges(e);
	if (!r && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) /* the other processes of this user do not look into it */
		r = err_set(e, ERR_PERM, "cannot close the memory to others: %s", strerror(errno));
	if (!r)
		r = sys_landlock(&paths, landlock, e);
	return r ? r : sys_filter_profile(p, e);
}

void sys_raise_files(void)
{
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l); /* refused: fewer logs at a time */
	}
}
