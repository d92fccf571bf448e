/* path_private.h - private to room path: relations, cells, sessions, budget. */
#ifndef POSTERN_PATH_PRIVATE_H
#define POSTERN_PATH_PRIVATE_H

#include "path/path.h"

/* Sizes. A relation takes 16 bytes at a load of at most 3/4. */
#define PATH_RELATIONS_MAX ((size_t)1 << 24)
#define PATH_NAMES_MAX (4u << 20)
enum {
	WINDOW = 30,           /* days that are remembered */
	KEYS_WINDOW = 90,      /* the same for keys: a yearly certificate is not new each month */
	SESSIONS_MAX = 128,    /* kept per host, open or ended within a day */
	BECAME_MAX = 8,        /* newest changes of account per host */
	OTHERS_MAX = 64,       /* candidates looked at for one login */
	OWNERS_MAX = 4,
};
#define SESSION_OPEN_MAX (4 * NS_DAY)

/* ---- relations: what was seen on which of the last days ------------------------------------------------------- */
struct relation {
	uint64_t key;          /* 0: empty */
	uint32_t days;         /* bit i: seen i days before `last` */
	uint16_t last;         /* day number */
	uint16_t flags;
};
struct relations {
	struct relation *v;
	size_t mask, n;
	unsigned window;       /* days after which an untouched slot may go */
	uint64_t forgotten;
};
void relations_init(struct relations *r, unsigned window);
void relations_free(struct relations *r);
/* The slot will be asked for soon. */
static inline void relations_prefetch(const struct relations *r, uint64_t key)
{
	__builtin_prefetch(&r->v[key & r->mask], 1);
}
/* NULL when absent. Valid until the next relations_touch. */
struct relation *relations_find(const struct relations *r, uint64_t key);
/* Seen on `day`. Makes room; NULL only when the table is full of what is young (counted). */
struct relation *relations_touch(struct relations *r, uint64_t key, unsigned day);
/* On how many of the WINDOW days before `day`? */
unsigned relation_days(const struct relation *r, unsigned day);
/* Within the window, today included? */
bool relation_seen(const struct relation *r, unsigned day, unsigned window);
void relations_save(const struct relations *r, struct buf *b);
bool relations_load(struct relations *r, struct wire *w);
uint64_t relation_key(unsigned kind, uint32_t a, uint32_t b, uint32_t c);

/* ---- cells: how many logins a day are at least as odd ---------------------------------------------------------- */
enum axis { AX_LEVEL, AX_PERSON, AX_ACCESS, AX_FULL, AX_NOVELTY, AX_KEY, AX_ROOT, AX_GRANT, AXES };
struct oddness {
	uint8_t v[AXES];
};
struct cells;
struct cells *cells_new(void);
void cells_free(struct cells *c);
/* Expected number a day of logins from such a place that are at least as odd on every axis. */
double cells_rate(struct cells *c, enum path_place place, const struct oddness *o);
void cells_add(struct cells *c, enum path_place place, const struct oddness *o);
void cells_save(const struct cells *c, struct buf *b);
bool cells_load(struct cells *c, struct wire *w);
/* A day passed: what is old fades by exp(-1/WINDOW). */
void cells_day(struct cells *c);

/* ---- hosts and their sessions ----------------------------------------------------------------------------------- */
struct session {
	nstime opened, ended;  /* ended: NSTIME_NONE while open */
	uint32_t id;           /* counts up, never 0 */
	uint32_t account, person, source; /* names */
	uint32_t parent, parent_host;     /* session it was launched from: id 0 none */
	uint32_t port, pid;
	float score;
	uint64_t group;        /* of the alert it was told in; 0: none */
};
struct path_host {
	uint32_t name;
	struct session *mem;   /* room for cap */
	struct session *v;     /* in it, by time of opening: what is dropped in front is left behind */
	uint32_t n, cap;
	uint32_t open;         /* of the n, those without an end */
	struct { uint32_t person, target; nstime time; } became[BECAME_MAX];
	unsigned next_became;
	float alone, among;    /* logins from here with own session open: nobody else there; others there too */
	struct { uint32_t person; float weight; uint16_t day; } owner[OWNERS_MAX];
};
struct account {
	uint32_t methods[4], total;
};

/* The newest session first, as the causes of a login. */
struct causes {
	const struct session *own, *left;        /* newest open, newest ended of the person's own */
	const struct session *others[OTHERS_MAX]; /* open ones of others, newest last */
	size_t nothers;
	const struct session *gone[OTHERS_MAX];
	size_t ngone;
};
struct path_host *host_get(struct path *p, uint32_t name);   /* makes it */
struct path_host *host_find(const struct path *p, uint32_t name); /* NULL */
void host_causes(struct path_host *h, uint32_t person, nstime t, struct causes *c);
struct session *host_open(struct path_host *h, uint64_t *forgotten); /* to be filled as one without an end */
const struct session *host_session(const struct path_host *h, uint32_t id);
/* Whose machine is it? 0 unknown. */
uint32_t host_owner(const struct path_host *h, unsigned day);
void host_used_by(struct path_host *h, uint32_t person, unsigned day);

/* ---- budget ------------------------------------------------------------------------------------------------------ */
struct budget;
struct budget *budget_new(double a_day);
void budget_free(struct budget *b);
/* The best score of a group on this day; *first when the group is new. */
void budget_add(struct budget *b, uint64_t group, double score, bool *first);
void budget_day(struct budget *b);
void budget_save(struct budget *b, struct buf *out);
bool budget_load(struct budget *b, struct wire *w);
double budget_threshold(const struct budget *b);

/* ---- the engine ----------------------------------------------------------------------------------------------------- */
/* A rule worth less the more often it holds here. */
struct faded {
	double count, days;
	struct lru *today;
};
void faded_day(struct faded *f);
double faded_worth(const struct faded *f); /* 0 to 1 */
void faded_add(struct faded *f, uint64_t group);
struct path {
	struct path_options opt;
	struct strtab *names;
	struct { uint32_t *v; size_t n, cap; } host_of, account_of; /* name to index + 1 */
	struct { struct path_host *v; size_t n, cap; } hosts;
	struct { struct account *v; size_t n, cap; } accounts;
	struct relations seen, keys;
	struct cells *cells;
	struct budget *budget;
	struct faded rule, typed;
	double alone, among;
	nstime first, now;
	unsigned day;
	uint32_t sessions;
	uint32_t last_host;    /* name of the host asked for before; 0 none */
	uint64_t logins, forgotten;
};

struct account *account_get(struct path *p, uint32_t name);

#endif
