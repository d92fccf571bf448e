/* posture_private.h - private to room posture: what a check sees, and how it says what it saw.
 *
 * A check names what it reads (host_reads), tells each thing that is wrong (host_found), and ends with host_verdict or host_none. These three alone decide
 * between failed, cannot tell, passed and not applicable: what was not readable can hide what is wrong, never make it right. So no check passes, or does not
 * apply, because rows are gone for which a `missing` row stands.
 */
#ifndef POSTERN_POSTURE_PRIVATE_H
#define POSTERN_POSTURE_PRIVATE_H

#include "posture/posture.h"

enum {
	POSTURE_EVIDENCE_MAX = 24, /* lines shown of one check on one host; the count goes on */
	POSTURE_LINE_MAX = 300,    /* bytes of such a line */
	POSTURE_WAIVERS_MAX = 5000,
	/* A snapshot may be hostile: what is compared each with each is bounded, and what is beyond cannot be told. */
	POSTURE_COVERED_MAX = 500,     /* accounts of providers */
	POSTURE_SSHD_MAX = 20000,      /* settings */
	POSTURE_PAIRS_MAX = 2000,      /* sources, targets, folders */
	POSTURE_GROUPS_KEPT = 32,
};

struct posture_names {
	struct slice *v;
	size_t n, cap;
};
struct posture_host {
	const struct snapshot *s;
	const struct snapshot *const *all; size_t nall;
	const struct posture_options *opt;
	struct arena *mem;
	struct posture_names covered;     /* accounts that are a provider's */
	bool covered_cut;
	struct strtab *names;             /* of accounts; by number: the first account of that name */
	uint32_t *first; size_t nfirst;
	bool *is_covered;                 /* by account */
	struct strtab *group_names;       /* by number: the first group of that name; then the next one (group + 1, 0 none) */
	uint32_t *group_first, *group_next;
	struct { char name[64]; bool *of; /* by account */ } groups[POSTURE_GROUPS_KEPT]; /* members of those that were asked about */
	size_t ngroups;
	/* of the check that runs */
	struct slice evidence[POSTURE_EVIDENCE_MAX];
	size_t nevidence;
	uint64_t found;
	struct slice unsure;              /* why it cannot be told; empty: it can */
	struct slice said;                /* the row's text */
};
void host_prepare(struct posture_host *h);
void host_close(struct posture_host *h);
void host_begin(struct posture_host *h);   /* before each check */

/* The check looks at this section (a kind of record, or a fact's section); true when all of it could be read. */
bool host_reads(struct posture_host *h, const char *section);
void host_unsure(struct posture_host *h, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Something is wrong. at may be NULL. */
void host_found(struct posture_host *h, const struct snap_at *at, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Failed with what was found, else cannot tell, else passed. Texts are static. */
enum posture_result host_verdict(struct posture_host *h, const char *passed, const char *failed);
/* Nothing here that it would hold for. */
enum posture_result host_none(struct posture_host *h, const char *why);

/* ---- looking things up ------------------------------------------------------------------------------------------------- */
/* Next fact of this name behind *from (NULL: the first); NULL: no more. */
const struct snap_fact *host_fact(const struct posture_host *h, const char *name, const struct snap_fact *from);
#define EACH_FACT(h, f, name) for (const struct snap_fact *f = host_fact((h), (name), NULL); f; f = host_fact((h), (name), f))
/* Value of the last fact of this name; empty when there is none. at may be NULL. */
struct slice host_value(const struct posture_host *h, const char *name, struct snap_at *at);
bool host_has_fact(const struct posture_host *h, const char *name, const char *value /* NULL: any */);
const struct snap_account *host_account(const struct posture_host *h, struct slice name);
bool host_member(struct posture_host *h, const struct snap_account *a, const char *group);
bool host_covered(const struct posture_host *h, struct slice account);
/* Is there an account of a provider? Reads accounts and groups; without an organisation file and without one "no" cannot be told. */
bool host_has_covered(struct posture_host *h);
bool host_has_provider(struct posture_host *h); /* the organisation or the gate knows one, or an account is one's */
/* Was this not put into the set before? Parts are kept apart. */
bool first_time(struct strtab *set, struct slice a, struct slice b, struct slice c, int64_t number);
bool shell_opens(struct slice shell);        /* a login gets something to type into */
struct slice word_of(struct slice s, size_t n); /* the n-th blank-separated word, from 0; empty when there are fewer */
bool has_word(struct slice list, char separator, const char *word);

/* ---- sshd ---------------------------------------------------------------------------------------------------------------- */
/* Are there settings of sshd? Reads them. */
bool sshd_here(struct posture_host *h);
/* What holds for an account: its own row, else everybody's. Unknown: unsure, and false. */
bool sshd_value(struct posture_host *h, struct slice account, const char *name, struct slice *value, struct snap_at *at);
/* A login to this account needs two kinds of proof, whichever list of authenticationmethods is taken. */
bool methods_two(struct slice methods);
/* A password alone is enough for one of its lists ("any": yes). */
bool methods_password_alone(struct slice methods);

/* ---- sudo ---------------------------------------------------------------------------------------------------------------- */
bool sudo_for(struct posture_host *h, const struct snap_sudo *r, const struct snap_account *a);
bool sudo_all(const struct snap_sudo *r);     /* every command, as root */
/* A command that is as good as root; why: static text. */
bool sudo_full(struct slice command, const char **why);
const char *account_root_group(struct posture_host *h, const struct snap_account *a); /* a group that is as good as root; NULL */

#endif
