/* respond_private.h - private to room respond: one deed, and what it may touch. */
#ifndef POSTERN_RESPOND_PRIVATE_H
#define POSTERN_RESPOND_PRIVATE_H

#include "respond/respond.h"
#include "sys/sys.h"

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

#endif
