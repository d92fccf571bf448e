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

/* As many open files as the hard limit allows: logs of hundreds of hosts are read side by side. Call before sys_confine. */
void sys_raise_files(void);

/* Name of a system call by the kernel's audit architecture (AUDIT_ARCH_*, as in arch=c000003e) and number, into buf. False: not known.
 * The tables are libseccomp's. */
bool sys_call_name(uint32_t audit_arch, unsigned number, char *buf, size_t n);

#endif
