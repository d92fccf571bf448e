/* incident.h - findings joined by shared entities and time into stories; case 1 as a chain of stages.
 *
 * Of one run:           incidents_new(), incidents_add() per finding (takes it), incidents_build() once all are there, read, free.
 * Of one that goes on:  struct incident_book, below: incidents that are stored, grow, and are told of when they change.
 * Threads: one.
 */
#ifndef POSTERN_INCIDENT_H
#define POSTERN_INCIDENT_H

#include "chain/chain.h"
#include "core/core.h"
#include "event/event.h"
#include "org/org.h"
#include "store/store.h"

/* A hop of the story's login graph. */
struct incident_hop {
	struct slice from, to;   /* address or host */
	struct slice account;
	nstime first;
	uint64_t count;
	bool bad;                /* part of a finding, not context */
};

/* Findings of these rules are what people reported, and what the mail filter found: they make an incident one of case 2. */
#define INCIDENT_REPORT_RULE "postern.mail-report"
#define INCIDENT_MAIL_RULE "postern.mail-lure"

struct incident {
	char id[40];              /* sortable: start time, then a hash of the first evidence: stable for the same evidence */
	char follows[40];         /* the closed incident of the same actor it goes on after, or "" */
	struct slice kind;        /* "side-door" (case 1), "lure" (case 2), "intrusion", "suspicion" */
	struct slice title;
	enum level level;
	struct slice level_reason;
	nstime first, last;
	struct finding **findings; size_t nfindings; /* by time */
	struct entity *entities; size_t nentities;   /* all, once each; the most telling first */
	nstime stage_first[STAGE_COUNT];             /* NSTIME_NONE: not seen */
	struct finding *stage_finding[STAGE_COUNT];  /* the one that shows it best */
	size_t nstages;
	struct slice *narrative; size_t nnarrative;  /* every finding as a sentence, in time order */
	struct slice *story; size_t nstory;          /* the same in short: a sentence a stage, in the order the stages began */
	struct slice *not_seen; size_t nnot_seen;    /* stages not seen yet, and where to look for them */
	struct slice *steps; size_t nsteps;          /* what to do next, first things first */
	struct incident_hop *hops; size_t nhops;
};

struct incidents;
struct incidents *incidents_new(const struct org *org);
void incidents_free(struct incidents *s);
void incidents_add(struct incidents *s, struct finding *f); /* owns f from now on */
/* Join, tell, order by level then time. After it, findings and incidents are read-only. */
void incidents_build(struct incidents *s);
/* Instead: all findings are one incident, known under this id. For showing a stored one. */
void incidents_build_as(struct incidents *s, const char *id, const char *follows);
size_t incidents_count(const struct incidents *s);
const struct incident *incidents_get(const struct incidents *s, size_t i); /* worst first */
/* All findings, worst level first, then time. */
size_t incidents_findings(const struct incidents *s);
const struct finding *incidents_finding(const struct incidents *s, size_t i);

/* ---- incidents that live --------------------------------------------------------------------------------------------------
 *
 * The book holds the findings that incidents are made of: at most LIMIT_FINDINGS of a level, those of open incidents and of the
 * last 30 days. Which findings belong together, and what is said of them, follows from the set of findings alone, in whatever
 * order and in however many steps they came, and whether the process was killed between. Identity follows from history: an
 * incident keeps the id it was first stored under, and of two that grow together the one that was opened first goes on. So
 * ids are the same for the same findings at the same updates, with or without kills.
 *
 * People close incidents beside it, in the same file. Findings of closed incidents are out: what the same actor does later opens
 * a new incident that names the closed one. A finding of a closed one that goes on after the closing belongs to the new one.
 *
 * Life:    incident_book_new(), incident_book_load(), then incident_book_add() and incident_book_update() in turns, free.
 * Errors:  after an error, or when the caller rolls back, the book is ahead of the file: free it and load anew.
 */
enum incident_change {
	INCIDENT_FRESH = 1,   /* stored for the first time */
	INCIDENT_ROSE = 2,    /* its level */
	INCIDENT_STAGE = 4,   /* a stage was reached that it had not */
	INCIDENT_MORE = 8,    /* evidence */
	INCIDENT_JOINED = 16, /* another incident went into it */
	INCIDENT_REOPENED = 32, /* by a person */
};
struct incident_book;
struct incident_book *incident_book_new(const struct org *org); /* org must outlive the book, or incident_book_org() */
void incident_book_free(struct incident_book *b);
/* After a reload of org.yaml: everything is joined and told anew at the next update. */
void incident_book_org(struct incident_book *b, const struct org *org);
/* What is stored: open incidents, and findings of the last 30 days. The book must be empty. now: wall clock. */
int incident_book_load(struct incident_book *b, struct store *s, nstime now, struct err *e);
/* Takes f (freed when it is of no use). True when it is new, or says more than the copy of the same uid: a smaller count or level
 * never replaces a larger one. */
bool incident_book_add(struct incident_book *b, struct finding *f);
/* in: valid until the next update; id: in->id, but with INCIDENT_JOINED alone the one that went into it. Not 0: the update stops with it. */
typedef int incident_change_fn(void *arg, const struct incident *in, const char *id, unsigned changes);
/* Joins and tells what changed, in the caller's transaction: reads what people decided and reported, writes findings, incidents and what belongs
 * to which, calls fn (may be NULL) per incident that changed against what was stored. Cheap when nothing is new. */
int incident_book_update(struct incident_book *b, struct store *s, nstime now, incident_change_fn *fn, void *arg, struct err *e);
/* Would an update do anything? Findings wait to be joined, or a person decided or reported something (two indexed reads). < 0: ERR_*. */
int incident_book_pending(struct incident_book *b, struct store *s, struct err *e);
size_t incident_book_count(const struct incident_book *b);                         /* open ones that were told, after an update */
const struct incident *incident_book_get(const struct incident_book *b, size_t i); /* opened first comes first */
const struct incident *incident_book_find(const struct incident_book *b, const char *id); /* NULL: none */
size_t incident_book_findings(const struct incident_book *b);
/* Findings of open incidents that had to leave memory (they stay in the file): say so. */
uint64_t incident_book_retired(const struct incident_book *b);

/* ---- what people decide -----------------------------------------------------------------------------------------------------
 *
 * Each call is one transaction with its record in the audit log: what is not in the log is not done, what failed changed nothing. Of two who
 * close the same one the second gets ERR_USAGE with the first one's name and reason. Works beside a running watch, which notices.
 * id: or how it begins. ERR_NOENT, ERR_DUP: none, several; ERR_USAGE: it is not in the state for that, or a text is missing or too long.
 */
enum { INCIDENT_TEXT_MAX = 4096 };
struct incident_hand {
	struct store *store;   /* may write; outside a transaction */
	struct chain *(*audit)(void *arg, struct err *e); /* asked for when there is something to record; NULL with *e */
	void *arg;
	struct slice who;
	nstime now;
};
struct incident_closing {
	bool harmless;         /* a false positive: its findings are suppressed for a time */
	bool dry;              /* only find out what would be done */
	struct slice reason;
	nstime until;          /* of the suppressions */
	/* filled in */
	char id[40];
	struct arena mem;
	struct { struct store_suppression *v; size_t n, cap; } taught;
	size_t grave, wide, over; /* findings that teach nothing: critical; without host, account and source; beyond the limit */
};
/* incident_closing_free() in any case. */
int incident_close(const struct incident_hand *h, const char *id, struct incident_closing *c, struct err *e);
void incident_closing_free(struct incident_closing *c);
nstime incident_suppressed_until(nstime now); /* unless something else was said */
void incident_scope_text(struct buf *b, const struct store_suppression *x); /* what it takes, for a terminal or a log */
/* out: its whole id. *revoked: suppressions it had taught. */
int incident_reopen(const struct incident_hand *h, const char *id, char out[static 40], size_t *revoked, struct err *e);
int incident_note(const struct incident_hand *h, const char *id, struct slice text, char out[static 40], struct err *e);

#endif
