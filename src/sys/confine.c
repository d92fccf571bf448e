/* confine.c - seccomp filter and Landlock rules for a process that only reads logs. */
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/resource.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Calls that reading, unpacking and reporting never need. */
static const char *const denied[] = {
	"socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg", "sendmmsg",
	"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "fork", "vfork",
	"mount", "umount2", "move_mount", "open_tree", "fsopen", "fsmount", "pivot_root", "chroot",
	"init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "bpf", "perf_event_open", "userfaultfd",
	"unshare", "setns", "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "capset",
	"keyctl", "add_key", "request_key", "reboot", "swapon", "swapoff", "sethostname", "setdomainname", "settimeofday", "clock_settime",
	"adjtimex", "iopl", "ioperm", "acct", "quotactl", "syslog", "io_uring_setup", "io_uring_enter", "io_uring_register",
	"pidfd_send_signal", "pidfd_getfd", "kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "mknod", "mknodat",
	"truncate", "chmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown", "fchownat", "setxattr", "lsetxattr", "fsetxattr", "removexattr",
	"lremovexattr", "fremovexattr", "utime", "utimes", "utimensat", "futimesat",
};

/* A thread may be made, a namespace not. clone3's flags lie in memory, out of a filter's sight: it looks absent, and libc
 * takes clone instead. */
static const uint64_t namespaces[] = {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET};

static int deny_namespaces(scmp_filter_ctx ctx)
{
	int r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	for (size_t i = 0; i < ARRAY_LEN(namespaces) && !r; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
	return r;
}

/* Emptying a file by opening it, which Landlock holds back only since ABI 3; openat2 hides its flags and looks absent. And
 * typing into somebody's terminal. */
static int deny_flags(scmp_filter_ctx ctx)
{
	int r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0);
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(openat), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, O_TRUNC, O_TRUNC));
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(open), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, O_TRUNC, O_TRUNC));
	return r ? r : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCSTI));
}

static int filter(struct err *e)
{
	int r = 0;
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	if (!ctx)
		return err_set(e, ERR_NOMEM, "cannot make a system call filter");
	for (size_t i = 0; i < ARRAY_LEN(denied) && !r; i++) {
		int nr = seccomp_syscall_resolve_name(denied[i]);
		if (nr != __NR_SCMP_ERROR && nr >= 0) /* not every architecture has every call */
			r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), nr, 0);
	}
	if (!r)
		r = deny_namespaces(ctx);
	if (!r)
		r = deny_flags(ctx);
	if (!r)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r ? err_set(e, ERR_PERM, "the kernel refused the system call filter: %s", strerror(-r)) : 0;
}

#define LANDLOCK_WRITES                                                                                                                   \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |   \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |         \
	 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

/* What later kernels can hold back besides (Landlock ABI 2, 3, 5); Debian 12's headers know only the first. */
#define REFER ((uint64_t)1 << 13)
#define TRUNCATE ((uint64_t)1 << 14)
#define IOCTL_DEV ((uint64_t)1 << 15)

static uint64_t writes_known(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	return LANDLOCK_WRITES | (abi >= 2 ? REFER : 0) | (abi >= 3 ? TRUNCATE : 0) | (abi >= 5 ? IOCTL_DEV : 0);
}

static int allow_below(int rules, const char *dir, uint64_t known, struct err *e)
{
	int fd = open(dir, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, ERR_IO, "%s: %s", dir, strerror(errno));
	struct stat st;
	uint64_t access = known;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		access = known & (LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE | IOCTL_DEV);
	struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
	long r = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	int saved = errno;
	close(fd);
	return r ? err_set(e, ERR_PERM, "Landlock refused a rule for %s: %s", dir, strerror(saved)) : 0;
}

static int restrict_writes(const struct sys_confine *c, bool *landlock, struct err *e)
{
	const uint64_t known = writes_known();
	struct landlock_ruleset_attr attr = {.handled_access_fs = known};
	int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
	*landlock = rules >= 0;
	if (rules < 0) /* ENOSYS, EOPNOTSUPP: the kernel has none */
		return errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM ? 0 : err_set(e, ERR_PERM, "Landlock: %s", strerror(errno));
	int r = 0;
	for (const char *const *dir = c->writable; dir && *dir && !r; dir++)
		r = allow_below(rules, *dir, known, e);
	if (!r && syscall(SYS_landlock_restrict_self, rules, 0))
		r = err_set(e, ERR_PERM, "Landlock refused to hold: %s", strerror(errno));
	close(rules);
	return r;
}

int sys_confine(const struct sys_confine *c, bool *landlock, struct err *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_set(e, ERR_PERM, "cannot give up new privileges: %s", strerror(errno));
	int r = restrict_writes(c, landlock, e);
	return r ? r : filter(e);
}

void sys_raise_files(void)
{
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l); /* refused: fewer logs at a time */
	}
}
