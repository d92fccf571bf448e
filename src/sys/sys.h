/* sys.h - what the process gives up before it touches anything hostile: network, other programs, writing.
 *
 * Threads: call sys_confine before threads start; what is given up never comes back and is inherited.
 * Errors:  a protection that is refused is an error and the caller stops. Landlock is the exception: kernels before 5.13
 *          and some containers lack it, and the system call filter holds alone there; *landlock says which it was.
 */
#ifndef POSTERN_SYS_H
#define POSTERN_SYS_H

#include "core/core.h"

struct sys_confine {
	/* Folders in which files may still be made, written and removed (the report's, the temporary one). Everywhere else
	 * only reading is left. NULL-terminated. */
	const char *const *writable;
};
/* No new privileges; no sockets, no exec, no ptrace, no mounts, no kernel modules, no namespaces (seccomp-bpf through
 * libseccomp; such a call returns EPERM); no writing outside `writable` (Landlock, landlock(7)). 0 or ERR_* with *e. */
int sys_confine(const struct sys_confine *c, bool *landlock, struct err *e);

/* ---- several processes ------------------------------------------------------------------------------------------------ */
/* What a process of a daemon may still do; everything else is refused. */
enum sys_profile {
	SYS_ENGINE,   /* files it was handed, the state folder; no sockets but those it has, no programs */
	SYS_RECEIVER, /* accept(2) and recvmsg(2) on sockets it has, files below its folder */
	SYS_JOURNAL,  /* reading the journal, files below its folder; no sockets */
	SYS_NOTIFIER, /* connections outward, the state folder; no programs, no listening */
};
/* As sys_confine(), for a process of the profile: no new privileges, system calls, and files: reading below `readable`, writing below
 * `writable` (NULL-terminated lists; a NULL list of readable means everything may be read). */
int sys_confine_as(enum sys_profile p, const char *const *readable, const char *const *writable, bool *landlock, struct err *e);
/* Become this user for good, with its group and `extra` groups (names, NULL-terminated, may be NULL; a group that does not exist is left
 * out), without capabilities. Nothing happens when the process is not root already. ERR_* when any step is refused. */
int sys_drop(const char *user, const char *const *extra, struct err *e);
/* Keep only these capabilities (names as in capabilities(7), "CAP_DAC_READ_SEARCH"), bounding set too. For the privileged parent. */
int sys_keep_capabilities(const char *const *names, struct err *e);
/* The process gets SIGKILL when its parent ends; false when that one is gone already. */
bool sys_die_with_parent(pid_t parent);

/* Framed messages over a SOCK_SEQPACKET pair, each with a type, bytes and perhaps a descriptor. */
enum { SYS_MESSAGE_MAX = 32 << 10 };
struct sys_message {
	uint32_t type;
	struct slice body;        /* received: into buf, valid until the next call */
	int fd;                   /* -1: none; received: the caller's to close */
	char buf[SYS_MESSAGE_MAX];
};
int sys_pair(int pair[2], struct err *e); /* close-on-exec, not blocking */
/* Waits up to `wait_ms` for room. 0, ERR_STOPPED when the other end is gone, ERR_TRUNC when there was no room in time. */
int sys_send(int sock, uint32_t type, struct slice body, int fd, int wait_ms, struct err *e);
/* 1 a message, 0 none now; ERR_STOPPED when the other end is gone. */
int sys_receive(int sock, struct sys_message *m, struct err *e);

/* A program with fixed arguments: no shell, a clean environment (PATH, LANG=C), `input` on its standard input, at most `seconds`; what it
 * prints (both) goes to out, at most 64 KiB, out may be NULL. argv[0] is a path. *status: exit status, 128 + signal. ERR_* with *e when it
 * could not be started, or ran too long (it is killed then, with its process group). */
int sys_run(const char *const *argv, struct slice input, unsigned seconds, struct buf *out, int *status, struct err *e);

/* sd_notify(3): "READY=1" ... to the service manager, when there is one. */
void sys_notify_manager(const char *state);

/* As many open files as the hard limit allows: logs of hundreds of hosts are read side by side. Call before sys_confine. */
void sys_raise_files(void);

/* Name of a system call by the kernel's audit architecture (AUDIT_ARCH_*, as in arch=c000003e) and number, into buf. False: not known.
 * The tables are libseccomp's. */
bool sys_call_name(uint32_t audit_arch, unsigned number, char *buf, size_t n);

#endif
