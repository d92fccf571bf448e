/* collectors.c - what is read, in order: later ones use what earlier ones found. */
#include "snapshot/snapshot_private.h"

static const struct {
	const char *section;
	int (*run)(struct collector *c);
} collectors[] = {
	{"account", collect_accounts},
	{"group", collect_groups},
	{"sshd", collect_sshd},
	{"authorized_key", collect_authorized_keys},
	{"ssh_client", collect_ssh_client},
	{"private_key", collect_private_keys},
	{"certificate", collect_certificates},
	{"known_host", collect_known_hosts},
	{"host_key", collect_host_keys},
	{"sudo", collect_sudo},
	{"doas", collect_doas},
	{"file", collect_files},
	{"job", collect_jobs},
	{"polkit", collect_polkit},
	{"export", collect_exports},
	{"pam", collect_pam},
	{"package", collect_packages},
	{"fact", collect_facts},
	{"fact", collect_facts_audit},
	{"writable", collect_writables},
};

int collect_all(struct collector *c)
{
	for (size_t i = 0; i < ARRAY_LEN(collectors); i++) {
		if (collect_late(c)) {
			collect_missing(c, collectors[i].section, NULL, NULL, 0, "not looked at: the time was over");
			continue;
		}
		int rc = collectors[i].run(c);
		if (rc)
			return rc;
	}
	return 0;
}
