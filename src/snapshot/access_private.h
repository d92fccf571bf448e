/* access_private.h - who may write a file or a folder: mode bits, groups, POSIX ACLs (acl(5)). */
#ifndef POSTERN_SNAPSHOT_ACCESS_PRIVATE_H
#define POSTERN_SNAPSHOT_ACCESS_PRIVATE_H

#include "snapshot/snapshot_private.h"

enum { ACL_MOST = 64, ACCESS_READ = 4, ACCESS_WRITE = 2, ACCESS_ENTER = 1 };
struct acl_entry { uint16_t tag, rights; uint32_t id; };
/* What the kernel looks at. */
struct access_node {
	int64_t uid, gid;
	uint32_t mode;
	struct acl_entry acl[ACL_MOST];
	size_t nacl;         /* 0: mode bits alone */
};
/* Somebody who asks. uid -1 without groups: anybody. */
struct access_who { int64_t uid; const int64_t *groups; size_t ngroups; };

/* system.posix_acl_access. False: it cannot be understood. */
bool acl_parse(struct slice value, struct access_node *n);
/* All of `want`, as the kernel decides (acl(5), ACCESS CHECK ALGORITHM). */
bool access_may(const struct access_node *n, const struct access_who *w, unsigned want);

/* Accounts with all their groups, primary ones too. */
struct access_people {
	struct person { struct slice name; struct access_who who; } *v;
	size_t n, cap;
	struct { int64_t *v; size_t n, cap; } gids;
};
void access_people(const struct snapshot *s, struct access_people *out);
void access_people_free(struct access_people *p);

#endif
