/* sys_private.h - private to room sys: the two protections sys_confine and sys_confine_as are made of. */
#ifndef POSTERN_SYS_PRIVATE_H
#define POSTERN_SYS_PRIVATE_H

#include "sys/sys.h"

#include <seccomp.h>

/* Landlock. readable NULL: everything may be read. optional: left out where it does not exist (NULL: none). */
struct sys_paths {
	const char *const *readable, *const *writable;
	const char *const *optional; /* to read, for the libraries' sake */
	bool apart;                  /* also no TCP ports of its own, no signals to others, no abstract sockets of others */
	bool connects;               /* apart, but TCP connections outward stay */
};
int sys_landlock(const struct sys_paths *p, bool *landlock, struct err *e);

/* Calls that only somebody who took a process over makes. NULL-terminated. */
extern const char *const sys_hostile_calls[];
/* Rules every filter has: no new namespaces, no emptying of files by opening them, no typing into terminals. 0 or libseccomp's -errno. */
int sys_filter_flags(scmp_filter_ctx ctx);
/* Loads the filter of a profile. */
int sys_filter_profile(enum sys_profile p, struct err *e);
/* Number of a call on this machine, -1 when it has no such call. */
int sys_call_number(const char *name);

#endif
