/* landlock.c - which files may be read and written (landlock(7)), and, where the kernel can, which ports and signals. */
#include "sys/sys_private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WRITES                                                                                                                            \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |   \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |         \
	 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)
#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* What later kernels can hold back besides (Landlock ABI 2 to 6); Debian 12's headers know only the first. */
#define REFER ((uint64_t)1 << 13)
#define TRUNCATE ((uint64_t)1 << 14)
#define IOCTL_DEV ((uint64_t)1 << 15)
#define BIND_TCP ((uint64_t)1 << 0)
#define CONNECT_TCP ((uint64_t)1 << 1)
#define SCOPE_ABSTRACT_UNIX ((uint64_t)1 << 0)
#define SCOPE_SIGNAL ((uint64_t)1 << 1)

struct attributes {
	uint64_t fs, net, scoped;
};

static struct attributes held_back(const struct sys_paths *p, long abi, size_t *size)
{
	struct attributes a = {.fs = WRITES | (abi >= 2 ? REFER : 0) | (abi >= 3 ? TRUNCATE : 0) | (abi >= 5 ? IOCTL_DEV : 0)};
	if (p->readable)
		a.fs |= READS;
	if (p->apart)
		a.fs |= LANDLOCK_ACCESS_FS_EXECUTE;
	if (p->apart && abi >= 4)
		a.net = p->connects ? BIND_TCP : BIND_TCP | CONNECT_TCP;
	if (p->apart && abi >= 6)
		a.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	*size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8; /* older kernels refuse what they do not know, even when it is zero and longer */
	return a;
}

static int allow_below(int rules, const char *path, uint64_t access, bool optional, struct err *e)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return optional ? 0 : err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
	struct stat st;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		access &= LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | TRUNCATE | IOCTL_DEV;
	struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
	long r = access ? syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) : 0;
	int saved = errno;
	close(fd);
	return r ? err_set(e, ERR_PERM, "Landlock refused a rule for %s: %s", path, strerror(saved)) : 0;
}

static int add_rules(int rules, const struct sys_paths *p, uint64_t known, struct err *e)
{
	const uint64_t reads = known & READS, writes = known & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE;
	int r = 0;
	for (const char *const *path = p->writable; path && *path && !r; path++)
		r = allow_below(rules, *path, writes, false, e);
	if (!reads)
		return r;
	for (const char *const *path = p->readable; *path && !r; path++)
		r = allow_below(rules, *path, reads, false, e);
	for (const char *const *path = p->optional; path && *path && !r; path++)
		r = allow_below(rules, *path, reads, true, e);
	return r;
}

int sys_landlock(const struct sys_paths *p, bool *landlock, struct err *e)
{
	size_t size;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	const struct attributes a = held_back(p, abi, &size);
	int rules = (int)syscall(SYS_landlock_create_ruleset, &a, size, 0);
	*landlock = rules >= 0;
	if (rules < 0) /* ENOSYS, EOPNOTSUPP: the kernel has none */
		return errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM ? 0 : err_set(e, ERR_PERM, "Landlock: %s", strerror(errno));
	int r = add_rules(rules, p, a.fs, e);
	if (!r && syscall(SYS_landlock_restrict_self, rules, 0))
		r = err_set(e, ERR_PERM, "Landlock refused to hold: %s", strerror(errno));
	close(rules);
	return r;
}
