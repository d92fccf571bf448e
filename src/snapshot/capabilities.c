/* capabilities.c - security.capability of a file to text (linux/capability.h, struct vfs_cap_data, revisions 1 to 3). */
#include "snapshot/system_private.h"

static const char *const names[] = {
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin",
	"net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time",
	"sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon",
	"bpf", "checkpoint_restore",
};

static uint32_t le32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;
	return (uint32_t)u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

static void add(struct buf *b, uint64_t set, const char *flags)
{
	bool first = true;
	if (!set)
		return;
	if (b->n)
		buf_addc(b, ' ');
	for (unsigned i = 0; i < 64; i++) {
		if (!(set >> i & 1))
			continue;
		if (i < ARRAY_LEN(names))
			buf_addf(b, "%scap_%s", first ? "" : ",", names[i]);
		else
			buf_addf(b, "%scap_%u", first ? "" : ",", i);
		first = false;
	}
	buf_addf(b, "=%s", flags);
}

bool capability_text(struct snapshot *s, struct slice value, struct slice *text)
{
	static const size_t sizes[] = {0, 12, 20, 24};
	if (value.n < 4)
		return false;
	uint32_t magic = le32(value.p), revision = magic >> 24;
	if (revision < 1 || revision > 3 || value.n != sizes[revision])
		return false;
	uint64_t permitted = le32(value.p + 4), inheritable = le32(value.p + 8);
	if (revision > 1) {
		permitted |= (uint64_t)le32(value.p + 12) << 32;
		inheritable |= (uint64_t)le32(value.p + 16) << 32;
	}
	struct buf b = {0};
	bool effective = magic & 1;
	add(&b, permitted & ~inheritable, effective ? "ep" : "p");
	add(&b, permitted & inheritable, effective ? "eip" : "ip");
	add(&b, inheritable & ~permitted, effective ? "ei" : "i");
	uint32_t root = revision == 3 ? le32(value.p + 20) : 0;
	if (root && b.n) /* holds in the user namespace of that root alone */
		buf_addf(&b, " [rootid=%u]", root);
	*text = slice_dup(&s->mem, buf_slice(&b));
	buf_free(&b);
	return true;
}
