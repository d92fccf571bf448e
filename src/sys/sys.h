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
	bool as_owner; /* setfsuid(2) is left: root reaches files of a daemon's user as that user */
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
	SYS_NOTIFIER, /* connections outward, accept(2) on a socket it has, the state folder; no programs, no listening */
	SYS_CONSOLE,  /* accept(2), streams and memory files; files below its folders; no connections, no programs */
	SYS_PARSER,   /* what it was handed: nothing is opened, connected, started any more */
};
/* As sys_confine(), for a process of the profile; call it last, after sys_drop and sys_die_with_parent.
 *  - No new privileges, no look into its memory by other processes of the same user.
 *  - System calls by a list of what is allowed. What a library may try harmlessly returns EPERM (a socket, fork, kill, chmod, open with
 *    O_TRUNC); what only an intruder calls (execve, ptrace, setuid, mount, bpf, io_uring, ...) ends the process with SIGSYS; calls newer than
 *    the tables return ENOSYS, so that libc takes an older one. Signals only to its own threads. Written memory does not become code, but
 *    in the engine, whose regular expressions are compiled.
 *  - Files (Landlock, where the kernel has it): reading below `readable`, writing below `writable` (NULL-terminated lists of folders and
 *    files, which must exist; NULL readable means everything may be read). What libraries open themselves is added: shared objects, zones,
 *    /dev/urandom; for the journal its folders, for the notifier /etc (resolv.conf comes and goes). Newer kernels hold back ports,
 *    and signals and abstract sockets of processes outside, a second time. */
int sys_confine_as(enum sys_profile p, const char *const *readable, const char *const *writable, bool *landlock, struct err *e);
/* Become this user for good, with its group and `extra` groups (names, NULL-terminated, may be NULL; a group that does not exist is left
 * out), without capabilities and with an empty bounding set (needs CAP_SETUID, CAP_SETGID, CAP_SETPCAP). Nothing happens when the process is
 * not root already. ERR_NOENT: no such user. ERR_PERM: a step was refused, or the user is root by another name. One thread only. */
int sys_drop(const char *user, const char *const *extra, struct err *e);
/* The same for the user who owns this folder: before what was written there is read. Nothing happens when it is root's. */
int sys_drop_to_owner(const char *folder, struct err *e);
/* A folder or file of ours becomes that user's; nothing happens when the process is not root. ERR_NOENT: no such user. */
int sys_give(const char *path, const char *user, struct err *e);
/* A folder of root's stays root's, but is open to the user's group in this mode. Nothing happens when it is another's, or when the process is not root. */
int sys_share(const char *path, const char *user, mode_t mode, struct err *e);
/* Keep only these capabilities (names as in capabilities(7), "CAP_DAC_READ_SEARCH", NULL-terminated), bounding set too. For the privileged
 * parent, before threads. One it does not have is left out; nothing happens when it has none at all. ERR_USAGE: no such capability. */
int sys_keep_capabilities(const char *const *names, struct err *e);
/* For a service that keeps root's name: no new privileges, none of the system calls only an intruder makes (they return EPERM), no look into its memory. Sockets,
 * signals and files stay. */
int sys_confine_service(struct err *e);
/* For a process that reads a whole machine and asks programs of it (sshd -T): no new privileges, no writing outside `writable` (Landlock), none of the system
 * calls only an intruder makes, but starting programs; openat2(2), which reading without a way out needs, stays. */
int sys_confine_reader(const char *const *writable, bool *landlock, struct err *e);
/* The process gets SIGKILL when its parent (the thread that forked it) ends; false when that one is gone already. After sys_drop: a change
 * of the user takes it back. */
bool sys_die_with_parent(pid_t parent);

/* As ps(1) shows it; cut to 15 bytes. */
void sys_name_process(const char *name);

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
 * could not be started, or ran too long (it is killed then, with its process group). The process ignores SIGPIPE (main does). */
int sys_run(const char *const *argv, struct slice input, unsigned seconds, struct buf *out, int *status, struct err *e);

/* The same for a program that talks to who sits there: in our process group, so that it may ask on the terminal, with our standard error, and with
 * these variables of our environment (names, NULL-terminated). */
int sys_run_here(const char *const *argv, const char *const *keep, struct slice input, unsigned seconds, struct buf *out, int *status, struct err *e);

/* Many programs, at_once of them side by side, as sys_run: a clean environment that keeps `keep`, no input, what each prints apart. One that prints more than `most`
 * bytes or runs longer than `seconds` is killed with its process group. done() is called as each ends, in that order; out and err are freed after it. */
struct sys_job {
	const char *const *argv;  /* argv[0] is a path */
	void *arg;                /* the caller's */
	struct buf out, err;      /* standard output; the first 4 KiB of standard error */
	int status;               /* as of sys_run; when rc is 0 */
	int rc;                   /* 0, ERR_IO, ERR_STOPPED (time), ERR_LIMIT; e says why */
	struct err e;
};
void sys_gather(struct sys_job *jobs, size_t n, size_t at_once, const char *const *keep, unsigned seconds, size_t most, void (*done)(struct sys_job *j));

/* The addresses of this machine's interfaces, at most `most`. */
int sys_addresses(struct ip *out, size_t most, size_t *n, struct err *e);

/* ---- processes of this machine ---------------------------------------------------------------------------------------- */
struct sys_proc {
	pid_t pid, parent;
	uint32_t uid, euid;
	uint32_t loginuid, session; /* of audit; UINT32_MAX: unset */
	uint32_t terminal;          /* N of /dev/pts/N; UINT32_MAX: none */
	uint64_t start;             /* tells a process from a later one of the same number */
	bool zombie, sshd;
	bool chosen, spared;        /* the caller's: who has to go */
};
struct sys_procs {
	struct sys_proc *v;
	size_t n, cap;
};
/* By number. ERR_IO when /proc cannot be read. */
int sys_procs_read(struct sys_procs *p, struct err *e);
void sys_procs_free(struct sys_procs *p);
struct sys_proc *sys_procs_find(const struct sys_procs *p, pid_t pid);
/* One of them; false when it ended. */
bool sys_proc_read(pid_t pid, struct sys_proc *out);
/* Marks as spared: this process, what it descends from, and what descends from it or from those right above it that run the same program. */
void sys_procs_spare_own(struct sys_procs *p);
/* A signal to that process, not to a later one of its number. */
void sys_proc_signal(const struct sys_proc *p, int sig);
/* sshd's process that watches over a session: it is asked, after all others are gone, so that it ends the PAM session and says so in the log. Killed first
 * it leaves the session usable. */
static inline bool sys_proc_is_monitor(const struct sys_proc *p) { return p->sshd && p->uid == 0; }
/* One round against those that are chosen: all are stopped before the first is killed, since what is stopped does not fork away; when nobody but monitors is
 * left these are asked to end, or killed (hard). The caller reads and chooses anew until nobody is left. Returns how many got a signal. */
size_t sys_procs_end(const struct sys_procs *p, bool hard);
/* sshd that takes connections, 0 not known: it may have been started by hand from a session. */
pid_t sys_sshd_listener(void);
/* The address in SSH_CONNECTION of the environment a process was started with. */
bool sys_proc_came_from(pid_t pid, struct ip *out);

/* A socket to the system's log, to be written to also when sockets are given up: one write, one message ("<82>postern[1]: text"). -1: there is none. */
int sys_syslog(void);

/* sd_notify(3): "READY=1" ... to the service manager, when there is one. */
void sys_notify_manager(const char *state);

/* As many open files as the hard limit allows: logs of hundreds of hosts are read side by side. Call before sys_confine. */
void sys_raise_files(void);

/* Name of a system call by the kernel's audit architecture (AUDIT_ARCH_*, as in arch=c000003e) and number, into buf. False: not known.
 * The tables are libseccomp's. */
bool sys_call_name(uint32_t audit_arch, unsigned number, char *buf, size_t n);

#endif
