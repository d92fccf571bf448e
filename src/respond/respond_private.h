/* respond_private.h - private to room respond: one deed, what it may touch, and the processes of this machine. */
#ifndef POSTERN_RESPOND_PRIVATE_H
#define POSTERN_RESPOND_PRIVATE_H

#include "respond/respond.h"

/* A response while it is carried out, taken back, or only said (dry). */
struct deed {
	const struct respond_config *c;
	const struct respond_gate *gate;
	struct store_action *a;
	struct arena *mem;
	nstime now;
	bool dry;
	struct buf said; /* the sentence */
	struct buf undo;
};
/* What a part of a deed came to; the sentence is in d->said. */
enum deed_end { DEED_DONE, DEED_REFUSED, DEED_FAILED };
typedef enum deed_end deed_fn(struct deed *d);
enum deed_end deed_say(struct deed *d, enum deed_end end, const char *fmt, ...) PRINTF_LIKE(3, 4);

deed_fn sessions_end, sessions_return, keys_disable, keys_return, address_block, address_release;

/* ---- accounts ------------------------------------------------------------------------------------------------------ */
enum { ACCOUNT_NAME = 64, UID_ORDINARY = 1000, ID_UNSET = -1 };
struct account {
	char name[ACCOUNT_NAME];
	uid_t uid;
	char home[1024];
};
/* False when this machine has none of the name. */
bool account_find(const struct respond_config *c, struct slice name, struct account *out);
/* Each account that must never be touched and exists here: root, every other of uid 0, the listed ones. Stops when fn returns false. */
void account_each_never(const struct respond_config *c, bool (*fn)(void *arg, const struct account *a), void *arg);
/* May a response touch this account? Fills *out; else says why not. */
enum deed_end account_check(struct deed *d, struct account *out);
/* The same without looking at this machine: for plans. */
bool account_never(const struct respond_config *c, const struct org *org, struct slice name);
bool provider_never(const struct respond_config *c, struct slice provider);
/* A name that is safe in arguments, files and sentences: letters, digits, . _ - and no leading dash. */
bool name_plain(struct slice name, size_t most);

/* ---- addresses ----------------------------------------------------------------------------------------------------- */
/* NULL when it may be blocked, else why not; without looking at this machine: for plans. */
const char *address_never(const struct respond_config *c, const struct org *org, const struct ip *ip);

/* ---- processes of this machine --------------------------------------------------------------------------------------- */
struct proc {
	pid_t pid, parent;
	uint32_t uid, euid;
	uint32_t loginuid, session; /* UINT32_MAX: unset */
	uint64_t start;             /* tells a process from a later one of the same number */
	bool zombie, sshd;
	bool chosen, spared;
};
struct procs {
	struct proc *v;
	size_t n, cap;
};
/* By number. ERR_IO when /proc cannot be read. */
int procs_read(struct procs *p, struct err *e);
void procs_free(struct procs *p);
struct proc *procs_find(const struct procs *p, pid_t pid);
/* Marks as spared: this process, what it descends from, and what descends from it or from those right above it that run the same program. */
void procs_spare_own(struct procs *p);
/* The address in SSH_CONNECTION of the environment a process was started with. */
bool proc_came_from(pid_t pid, struct ip *out);

#endif
