/* calls.c - names of system calls. */
#include "sys/sys.h"

#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>

bool sys_call_name(uint32_t audit_arch, unsigned number, char *buf, size_t n)
{
	char *name = number < 4096 ? seccomp_syscall_resolve_num_arch(audit_arch, (int)number) : NULL;
	if (!name)
		return false;
	int w = snprintf(buf, n, "%s", name);
	free(name);
	return w > 0 && (size_t)w < n;
}
