/* filter.c - system calls: which ones nobody here makes, and which ones each process of the daemon may make.
 *
 * A profile lists what is allowed. What is not: EPERM, so that a library that tries something harmless goes on without it; ENOSYS for calls
 * that are newer than the tables, so that libc takes the older one; and the end of the process for what only an intruder calls. */
#include "sys/sys_private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

const char *const sys_hostile_calls[] = {
	"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp",
	"mount", "umount", "umount2", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "pivot_root", "chroot",
	"init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "bpf", "perf_event_open", "userfaultfd",
	"unshare", "setns", "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid", "capset",
	"keyctl", "add_key", "request_key", "reboot", "swapon", "swapoff", "iopl", "ioperm", "modify_ldt", "vm86", "open_by_handle_at",
	"io_uring_setup", "io_uring_enter", "io_uring_register", NULL,
};

/* ---- what each profile is made of -------------------------------------------------------------------------------------- */
/* Names of calls an architecture does not have are left out: the ones of 32 bits stand beside those of 64. */
static const char *const everyday[] = {
	/* memory */
	"brk", "munmap", "mremap", "madvise", "msync", "mincore", "mlock", "mlock2", "munlock", "membarrier",
	/* threads, signals of its own, the end */
	"futex", "futex_time64", "set_robust_list", "rseq", "set_tid_address", "gettid", "exit", "exit_group", "restart_syscall", "arch_prctl",
	"sched_yield", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min", "getcpu",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend", "rt_sigpending", "rt_sigtimedwait", "rt_sigtimedwait_time64", "sigaltstack", "sigreturn",
	/* time */
	"clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "clock_nanosleep", "clock_nanosleep_time64", "nanosleep", "gettimeofday",
	"time", "times", "timerfd_create", "timerfd_settime", "timerfd_settime64", "timerfd_gettime", "timerfd_gettime64", "alarm", "setitimer", "getitimer",
	/* who and where am I */
	"getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups", "getpgrp", "getpgid", "getsid", "uname", "sysinfo",
	"getuid32", "geteuid32", "getgid32", "getegid32", "getrusage", "getrlimit", "ugetrlimit", "getrandom", "getpriority", "capget", "umask", "getcwd",
	/* open files */
	"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "lseek", "_llseek", "close", "close_range",
	"dup", "dup2", "dup3", "fcntl", "fcntl64", "flock", "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64",
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "pipe", "pipe2",
	"fadvise64", "fadvise64_64", "readahead", "sendfile", "sendfile64", "copy_file_range", "fstat", "fstat64",
	/* sockets it was given */
	"sendmsg", "recvmsg", "sendto", "recvfrom", "recvmmsg", "recvmmsg_time64", "sendmmsg", "getsockopt", "getsockname", "getpeername", "shutdown", NULL,
};
static const char *const filing[] = {
	/* looking at files */
	"stat", "stat64", "lstat", "lstat64", "newfstatat", "fstatat64", "statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat",
	"getdents", "getdents64", "statfs", "statfs64", "fstatfs", "fstatfs64",
	/* writing where Landlock and the file's mode allow it */
	"fsync", "fdatasync", "sync_file_range", "ftruncate", "ftruncate64", "fallocate", "fchmod", "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir",
	"rename", "renameat", "renameat2", "link", "linkat", NULL,
};
static const char *const accepting[] = {"accept", "accept4", "setsockopt", NULL};
static const char *const serving[] = {"accept", "accept4", "setsockopt", "memfd_create", NULL};
static const char *const watching[] = {"inotify_init1", "inotify_add_watch", "inotify_rm_watch", NULL};
static const char *const connecting[] = {"connect", "setsockopt", "accept", "accept4" /* it shows the figures, on a socket it was given */, NULL};

static const struct {
	const char *const *more;
	bool machine_code; /* makes some at run time: PCRE2's compiled expressions */
	bool sockets;
	bool no_files; /* nothing is opened any more */
} profiles[] = {
	[SYS_ENGINE] = {.machine_code = true},
	[SYS_RECEIVER] = {.more = accepting},
	[SYS_JOURNAL] = {.more = watching},
	[SYS_NOTIFIER] = {.more = connecting, .sockets = true},
	[SYS_CONSOLE] = {.more = serving},
	[SYS_PARSER] = {.no_files = true},
};

/* Newer than what libc needs, and their flags lie in memory, out of a filter's sight: they look absent, and libc takes the older. */
static const char *const absent[] = {"clone3", "openat2", "fchmodat2", "map_shadow_stack", "futex_wait", "futex_wake", "futex_requeue", "cachestat", NULL};
enum { NEWEST_CALL = 600 }; /* a few years of kernels beyond the tables */

#define NAMESPACES                                                                                                                        \
	((uint64_t)(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER) | (uint64_t)(CLONE_NEWPID | CLONE_NEWNET))

int sys_call_number(const char *name)
{
	int nr = seccomp_syscall_resolve_name(name);
	return nr == __NR_SCMP_ERROR || nr < 0 ? -1 : nr;
}

/* ---- filters ------------------------------------------------------------------------------------------------------------------ */

static int add_all(scmp_filter_ctx ctx, uint32_t action, const char *const *names)
{
	int r = 0;
	for (; names && *names && !r; names++) {
		int nr = sys_call_number(*names);
		if (nr >= 0)
			r = seccomp_rule_add(ctx, action, nr, 0);
	}
	return r;
}

int sys_filter_flags(scmp_filter_ctx ctx)
{
	static const uint64_t namespaces[] = {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET};
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);
	int r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	for (size_t i = 0; i < ARRAY_LEN(namespaces) && !r; i++) /* a thread may be made, a namespace not */
		r = seccomp_rule_add(ctx, no, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0);
	if (!r) /* Landlock holds emptying back only since ABI 3 */
		r = seccomp_rule_add(ctx, no, SCMP_SYS(openat), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, O_TRUNC, O_TRUNC));
	if (!r)
		r = seccomp_rule_add(ctx, no, SCMP_SYS(open), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, O_TRUNC, O_TRUNC));
	return r ? r : seccomp_rule_add(ctx, no, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCSTI));
}

/* Calls that are fine or not by what they are given. */
static int by_argument(scmp_filter_ctx ctx, bool files)
{
	static const uint64_t requests[] = {FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ, SIOCGIFNAME, SIOCGIFINDEX};
	static const uint64_t options[] = {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS, PR_SET_NO_NEW_PRIVS, PR_GET_SECCOMP, PR_CAPBSET_READ,
		0x53564d41 /* PR_SET_VMA: malloc names its memory */};
	int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | NAMESPACES, CLONE_THREAD));
	if (!r && files)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, O_TRUNC, 0));
	if (!r && files)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(open), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, O_TRUNC, 0));
	if (!r) /* abort() */
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid()));
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0));
	for (size_t i = 0; i < ARRAY_LEN(requests) && !r; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, requests[i]));
	for (size_t i = 0; i < ARRAY_LEN(options) && !r; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, options[i]));
	return r;
}

/* Memory that was written is not run, unless the process makes machine code itself. Shared objects can be loaded: they are not writable. */
static int memory(scmp_filter_ctx ctx, bool machine_code)
{
	const uint64_t both = PROT_WRITE | PROT_EXEC;
	static const char *const maps[] = {"mmap", "mmap2"}, *const protects[] = {"mprotect", "pkey_mprotect"};
	int r = 0;
	for (size_t i = 0; i < ARRAY_LEN(maps) && !r; i++) {
		int nr = sys_call_number(maps[i]);
		if (nr >= 0 && machine_code)
			r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
		else if (nr >= 0) {
			r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, both, 0));
			r = r ? r : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, both, PROT_WRITE));
			r = r ? r : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, both, PROT_EXEC));
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(protects) && !r; i++) {
		int nr = sys_call_number(protects[i]);
		if (nr >= 0)
			r = machine_code ? seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0)
					 : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	}
	return r;
}

/* Streams and datagrams; and the one question to the kernel that looking up a name asks (which addresses this machine has). */
static int sockets(scmp_filter_ctx ctx)
{
	static const struct { uint64_t family, type; } kinds[] = {{AF_UNIX, SOCK_STREAM}, {AF_UNIX, SOCK_DGRAM}, {AF_INET, SOCK_STREAM}, {AF_INET, SOCK_DGRAM},
		{AF_INET6, SOCK_STREAM}, {AF_INET6, SOCK_DGRAM}};
	int r = 0;
	for (size_t i = 0; i < ARRAY_LEN(kinds) && !r; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, kinds[i].family), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, kinds[i].type));
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2(SCMP_CMP_EQ, 0));
	return r ? r : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
}

/* Calls that libseccomp's tables are too old to know. */
static int newer(scmp_filter_ctx ctx)
{
	int r = add_all(ctx, SCMP_ACT_ERRNO(ENOSYS), absent), nr = NEWEST_CALL;
	char *name = NULL;
	for (; nr > 0 && !r && !(name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), nr)); nr--)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), nr, 0);
	free(name);
	return r;
}

static int fill(scmp_filter_ctx ctx, enum sys_profile p)
{
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (!r)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
	if (!r)
		r = add_all(ctx, SCMP_ACT_ALLOW, everyday);
	if (!r && !profiles[p].no_files)
		r = add_all(ctx, SCMP_ACT_ALLOW, filing);
	if (!r)
		r = add_all(ctx, SCMP_ACT_ALLOW, profiles[p].more);
	if (!r)
		r = add_all(ctx, SCMP_ACT_KILL_PROCESS, sys_hostile_calls);
	if (!r)
		r = by_argument(ctx, !profiles[p].no_files);
	if (!r)
		r = memory(ctx, profiles[p].machine_code);
	if (!r && profiles[p].sockets)
		r = sockets(ctx);
	return r ? r : newer(ctx);
}

int sys_filter_profile(enum sys_profile p, struct err *e)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!ctx)
		return err_set(e, ERR_NOMEM, "cannot make a system call filter");
	int r = fill(ctx, p);
	if (!r)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r ? err_set(e, ERR_PERM, "the kernel refused the system call filter: %s", strerror(-r)) : 0;
}
