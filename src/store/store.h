/* store.h - durable state in one SQLite file: sources and how far they were read, what detectors remember, findings, incidents, and
 * what is to be told.
 *
 * One process writes (watch); others read beside it (WAL). What belongs together is written in one transaction: a killed process
 * finds positions and memory of the same moment, and what it does again has the same names, so that nothing is doubled.
 *
 * Life:    store_open(), the calls, store_close().  Threads: one at a time per struct.
 * Errors:  ERR_* with *e, which names the file and SQLite's words. Texts that are returned are valid during the callback only.
 */
#ifndef POSTERN_STORE_H
#define POSTERN_STORE_H

#include "core/core.h"
#include "event/event.h"

struct store;
enum store_mode { STORE_READ, STORE_WRITE, STORE_CREATE };
/* Applies what is missing of the migrations when it may write; a file of a newer Postern is refused. */
struct store *store_open(const char *path, enum store_mode mode, struct err *e);
/* The same for root beside watch: the files are reached as their owner. Changes this thread's ids for the call. */
struct store *store_open_owned(const char *path, enum store_mode mode, struct err *e);
void store_close(struct store *s);
int store_begin(struct store *s, struct err *e);
int store_commit(struct store *s, struct err *e); /* on the disk when it returns */
void store_rollback(struct store *s);
/* Drawn once per file: for hash_reseed(). */
int store_seed(struct store *s, uint64_t *seed, struct err *e);

/* ---- sources ------------------------------------------------------------------------------------------------------- */
/* A file that is read: an inode under a name. Numbers are given once and stay, evidence speaks in them. */
struct store_source {
	uint32_t id;          /* 0: not stored yet */
	struct slice path, set, host; /* set: the log it belongs to, without the rotation suffix */
	uint64_t dev, ino;
	uint64_t offset;      /* everything before was judged */
	uint64_t head;        /* hash of its first bytes, to know it again under another name */
	uint32_t head_bytes;
	nstime seen;          /* newest time it was read */
	bool done;            /* rotated away and read to its end */
};
/* id 0: makes it and fills id. */
int store_source_put(struct store *s, struct store_source *x, struct err *e);
typedef int store_source_fn(void *arg, const struct store_source *x);
int store_sources(struct store *s, store_source_fn *fn, void *arg, struct err *e);

/* The logs they belong to, longest unread first. */
struct store_log {
	struct slice host, set, path; /* path: of one of its files */
	nstime seen;          /* newest time any of them was read; NSTIME_NONE never */
	uint32_t files;
	bool done;            /* all of them were rotated away */
};
typedef int store_log_fn(void *arg, const struct store_log *x);
int store_logs(struct store *s, store_log_fn *fn, void *arg, struct err *e);

/* ---- memory ---------------------------------------------------------------------------------------------------------- */
int store_memory_put(struct store *s, const char *name, struct slice bytes, struct err *e);
/* ERR_NOENT when there is none. */
int store_memory_get(struct store *s, const char *name, struct buf *out, struct err *e);

/* ---- findings and incidents -------------------------------------------------------------------------------------------- */
/* *changed: it is new, or says more than what was stored (a higher count or level, another text). A smaller count never
 * overwrites a larger one: what is read again after a restart comes twice. */
int store_finding_put(struct store *s, const struct finding *f, bool *changed, struct err *e);
/* A finding that leaves a closed incident is remembered as that one's, too. */
int store_finding_join(struct store *s, const char *uid, const char *incident, struct err *e);
/* All findings of one incident belong to another from now on. */
int store_findings_rejoin(struct store *s, const char *from, const char *to, struct err *e);
int store_findings_count(struct store *s, const char *incident, uint32_t *n, struct err *e);
/* Newest end of a finding that is not after `now`; NSTIME_NONE when there is none. */
int store_findings_newest(struct store *s, nstime now, nstime *t, struct err *e);
/* fn owns f. incident may be "". Oldest first. Those of an incident are also those that it had when it was closed, and that went on
 * in another one since: fn is told that one's id. */
typedef int store_finding_fn(void *arg, struct finding *f, const char *incident);
int store_findings(struct store *s, nstime since, const char *incident, store_finding_fn *fn, void *arg, struct err *e);

#define INCIDENT_STATUS(X) X(INCIDENT_OPEN, "open") X(INCIDENT_CLOSED, "closed") X(INCIDENT_FALSE, "false-positive") X(INCIDENT_MERGED, "merged")
enum incident_status {
#define X(id, text) id,
	INCIDENT_STATUS(X)
#undef X
};
const char *incident_status_name(enum incident_status st);
struct store_incident {
	char id[40];
	struct slice title, kind, reason; /* reason: why it has its level */
	enum level level;
	enum incident_status status;
	uint32_t stages;       /* bit per enum stage */
	uint32_t findings;
	nstime first, last;    /* of its evidence */
	nstime opened, updated, closed; /* wall clock; closed NSTIME_NONE while open */
	char merged[40];       /* into which */
	char follows[40];      /* the closed one it goes on after */
	struct slice closer, closing; /* who closed it, and why; empty while open */
};
/* Writes everything but closer and closing: those are store_incident_decide()'s. */
int store_incident_put(struct store *s, const struct store_incident *x, struct err *e);
/* ERR_NOENT when there is none. Texts are copied into mem. */
int store_incident_get(struct store *s, const char *id, struct arena *mem, struct store_incident *out, struct err *e);
typedef int store_incident_fn(void *arg, const struct store_incident *x);
/* The one whose id starts so; ERR_NOENT none, ERR_DUP several: *e names some. */
int store_incident_match(struct store *s, const char *prefix, struct arena *mem, struct store_incident *out, struct err *e);
/* A person closes it, or opens it again (closer and closing are cleared). */
int store_incident_decide(struct store *s, const char *id, enum incident_status status, nstime now, struct slice who, struct slice why, struct err *e);
/* Decisions are numbered. Those after number `after`, oldest first: for a process that keeps incidents in memory. Cheap. */
struct store_decision {
	int64_t number;
	char id[40];
	enum incident_status status;
	nstime closed;
};
typedef int store_decision_fn(void *arg, const struct store_decision *d);
int store_decisions(struct store *s, int64_t after, store_decision_fn *fn, void *arg, struct err *e);
int store_decision_newest(struct store *s, int64_t *number, struct err *e);
/* Newest first. status -1: all. */
int store_incidents(struct store *s, int status, store_incident_fn *fn, void *arg, struct err *e);
/* Ids of those that went straight into `id`. */
typedef int store_id_fn(void *arg, const char *id);
int store_incident_joined(struct store *s, const char *id, store_id_fn *fn, void *arg, struct err *e);
/* A page of the list. text: stands in title or id, ASCII case folded. */
enum store_order { STORE_CHANGED, STORE_WORST, STORE_NEWEST, STORE_ORDERS };
struct store_browse {
	int status;            /* -1: all */
	enum level level;      /* at least */
	struct slice kind, text; /* empty: any */
	nstime since, until;   /* of its last change; until is exclusive; INT64_MIN, INT64_MAX: any */
	enum store_order order;
	uint64_t skip;
	uint32_t most;
};
/* *total: all that fit; may be NULL. */
int store_browse(struct store *s, const struct store_browse *b, store_incident_fn *fn, void *arg, uint64_t *total, struct err *e);
/* How many there are, and the newest change of any; cheap. */
struct store_levels {
	uint64_t n[INCIDENT_MERGED + 1][LEVEL_COUNT]; /* by status */
	nstime newest;         /* NSTIME_NONE: there is none */
};
int store_levels(struct store *s, struct store_levels *out, struct err *e);
int store_note_add(struct store *s, const char *incident, nstime t, struct slice author, struct slice text, struct err *e);
typedef int store_note_fn(void *arg, nstime t, struct slice author, struct slice text);
int store_notes(struct store *s, const char *incident, store_note_fn *fn, void *arg, struct err *e);

/* ---- what is to be told ------------------------------------------------------------------------------------------------ */
enum outbox_state { OUTBOX_PENDING, OUTBOX_SENT, OUTBOX_DEAD, OUTBOX_GROUPED /* told within another message */ };
enum outbox_held { OUTBOX_FREE, OUTBOX_QUIET, OUTBOX_LIMITED }; /* why a pending one waits, besides its time */
struct store_message {
	char id[72];           /* the same thing to be told has the same id, also after a restart */
	char incident[40];     /* "" when it is about none */
	struct slice channel;  /* name in postern.yaml */
	struct slice body;
	enum level level;
	uint32_t changes;      /* the sender's bits */
	uint64_t digest;       /* of what it says about the incident */
	enum outbox_state state;
	enum outbox_held held;
	uint32_t attempts;     /* begun */
	bool under_way;        /* an attempt was begun and its end is not known */
	bool doubt;            /* an earlier attempt may have got through */
	nstime created, due, sent;
	struct slice error;    /* of the last attempt */
};
/* Nothing happens when the id is there already. Taken: id, incident, channel, body, level, changes, digest, created, due. */
int store_message_add(struct store *s, const struct store_message *m, struct err *e);
/* ERR_NOENT when there is none. Texts are copied into mem. */
int store_message_get(struct store *s, const char *id, struct arena *mem, struct store_message *out, struct err *e);
typedef int store_message_fn(void *arg, const struct store_message *m);
/* Pending ones that are due, of a channel ("": all) and of levels, worst and oldest first. fn must not write to the outbox. */
struct store_due {
	struct slice channel;
	enum level low, high;
	nstime now;
	uint32_t most;
};
int store_messages_due(struct store *s, const struct store_due *x, store_message_fn *fn, void *arg, struct err *e);
/* All of a state, oldest first; held -1: any (OUTBOX_QUIET, OUTBOX_LIMITED: what is held back). */
int store_messages(struct store *s, enum outbox_state state, int held, store_message_fn *fn, void *arg, struct err *e);
/* Writes what an attempt changes: state, attempts, due, held, under_way, doubt, sent, error. */
int store_message_mark(struct store *s, const struct store_message *m, struct err *e);
/* Another body (with digest, changes, level) for one that nobody began to send; *done: there was such a one. */
int store_message_rewrite(struct store *s, const struct store_message *m, bool *done, struct err *e);
/* The newest message about the incident that nobody began to send; ERR_NOENT. Texts are copied into mem. */
int store_message_waiting(struct store *s, const char *incident, struct slice channel, struct arena *mem, struct store_message *out, struct err *e);
/* Was or will the channel be told of the incident with this digest? */
int store_message_known(struct store *s, const char *incident, struct slice channel, uint64_t digest, bool *known, struct err *e);
/* What is due waits until `until`. */
int store_messages_hold(struct store *s, const struct store_due *x, nstime until, enum outbox_held why, struct err *e);
/* What was held back and is due counts as told within another message; *n: how many. */
int store_messages_group(struct store *s, const struct store_due *x, uint64_t *n, struct err *e);
/* How many of x's channel and levels were sent after `since`, and when the first of them. */
int store_messages_sent(struct store *s, const struct store_due *x, nstime since, uint64_t *n, nstime *first, struct err *e);
/* After a start: attempts whose end nobody saw may have got through, and are made again. */
int store_messages_resume(struct store *s, nstime now, struct err *e);
/* Dead ones get all their attempts again; id NULL: every dead one. *n: how many. */
int store_messages_requeue(struct store *s, const char *id, nstime now, uint64_t *n, struct err *e);
/* The first time later than `after` at which a pending one is due; NSTIME_NONE when there is none. */
int store_messages_next(struct store *s, nstime after, nstime *due, struct err *e);
int store_message_count(struct store *s, enum outbox_state state, uint64_t *n, struct err *e);

/* ---- what was done about it ------------------------------------------------------------------------------------------------ */
#define ACTION_STATES(X) X(ACTION_PLANNED, "planned") X(ACTION_BEGUN, "begun") X(ACTION_DONE, "done") X(ACTION_FAILED, "failed") X(ACTION_DRY, "dry-run") \
	X(ACTION_REFUSED, "refused") X(ACTION_UNDOING, "undoing") X(ACTION_UNDONE, "undone")
enum action_state {
#define X(id, text) id,
	ACTION_STATES(X)
#undef X
};
const char *action_state_name(enum action_state st);
struct store_action {
	char id[40];
	char incident[40];
	struct slice kind, target; /* "block-address", "203.0.113.77" */
	enum action_state state;
	bool dry_run;
	nstime created, until, done; /* NSTIME_NONE: none */
	uint32_t attempts;
	struct slice result, undo;
};
/* Nothing happens when the id is there already; *fresh tells. */
int store_action_add(struct store *s, const struct store_action *a, bool *fresh, struct err *e);
int store_action_set(struct store *s, const struct store_action *a, struct err *e);
int store_action_get(struct store *s, const char *id, struct arena *mem, struct store_action *out, struct err *e);
typedef int store_action_fn(void *arg, const struct store_action *a);
/* Oldest first; state -1: all; incident NULL: all. */
int store_actions(struct store *s, int state, const char *incident, store_action_fn *fn, void *arg, struct err *e);

/* ---- suppressions learnt from incidents closed as false ---------------------------------------------------------------------- */
struct store_suppression {
	int64_t id;
	struct slice rule, host, user, source, command; /* empty: any */
	struct slice reason, author;
	char incident[40];
	nstime created, until, revoked; /* revoked NSTIME_NONE: it holds */
};
int store_suppression_add(struct store *s, struct store_suppression *x, struct err *e); /* fills id */
int store_suppression_revoke(struct store *s, int64_t id, nstime t, struct err *e);
typedef int store_suppression_fn(void *arg, const struct store_suppression *x);
int store_suppressions(struct store *s, store_suppression_fn *fn, void *arg, struct err *e);

/* ---- what people reported ------------------------------------------------------------------------------------------------------ */
/* Kept with the finding it makes, which waits for the process that joins findings (incident_book_update()). */
struct store_report {
	char uid[36];          /* the finding's: the same report has the same */
	nstime time;
	struct slice who, verdict, name, sender, recipient, hashes; /* hashes: SHA-256, blank-separated */
	bool taken;            /* its finding was joined */
};
/* Nothing happens when it is there already; *fresh tells. */
int store_report_add(struct store *s, const struct store_report *r, const struct finding *f, bool *fresh, struct err *e);
typedef int store_report_fn(void *arg, const struct store_report *r);
int store_reports(struct store *s, nstime since, store_report_fn *fn, void *arg, struct err *e); /* oldest first */
/* Findings that wait, oldest first, and wait no longer, in the caller's transaction. fn owns f; incident is "". */
int store_reports_take(struct store *s, store_finding_fn *fn, void *arg, struct err *e);
int store_reports_wait(struct store *s, bool *any, struct err *e);

/* ---- contacts that people reported: the form of the console, what was found in its files, and the answer --------------------------------- */
enum contact_answer { CONTACT_NO, CONTACT_YES, CONTACT_UNSURE };
enum contact_state { CONTACT_RECEIVED, CONTACT_SEEN, CONTACT_ANSWERED };
enum contact_outcome { CONTACT_OPEN, CONTACT_REAL, CONTACT_FALSE };
enum { CONTACT_REF = 20 /* letters: whoever knows them may read it */, CONTACT_FILES = 8 };
struct store_contact {
	char ref[CONTACT_REF + 1];
	char uid[36];          /* of the finding it makes */
	nstime time, answered; /* answered NSTIME_NONE: not yet */
	struct slice who;      /* empty: anonymous, and nothing else tells who */
	struct slice platform, profile, firm, began /* a day, as text */, device, words, verdict;
	enum contact_answer moved, offered, opened;
	enum contact_state state;
	enum contact_outcome outcome;
	struct slice answer, answerer;
	char incident[40];     /* that its finding joined; "" none yet */
};
/* Stores it and its report with the finding f (store_report_add()), in the caller's transaction. *fresh false: the reference is there already, and nothing happens. */
int store_contact_add(struct store *s, const struct store_contact *c, const struct finding *f, const struct store_report *r, bool *fresh, struct err *e);
/* What was found in file n, in the caller's bytes; before the contact itself. ERR_DUP: the contact is stored already. */
int store_contact_file_add(struct store *s, const char *ref, unsigned n, nstime now, struct slice told, struct err *e);
typedef int store_contact_file_fn(void *arg, struct slice told);
int store_contact_files(struct store *s, const char *ref, store_contact_file_fn *fn, void *arg, struct err *e);
int store_contact_get(struct store *s, const char *ref, struct arena *mem, struct store_contact *out, struct err *e); /* ERR_NOENT */
typedef int store_contact_fn(void *arg, const struct store_contact *c);
struct store_contact_want { int state /* -1: any */; struct slice who /* empty: any */; const char *incident /* NULL: any */; uint64_t skip, most; };
int store_contacts(struct store *s, const struct store_contact_want *w, store_contact_fn *fn, void *arg, struct err *e); /* newest first */
int store_contacts_count(struct store *s, const struct store_contact_want *w, uint64_t *n, struct err *e);
/* ERR_NOENT: none, or it was answered and this says less. */
int store_contact_answer(struct store *s, const struct store_contact *c, struct err *e);
struct store_contact_figures {
	uint64_t n, answered, real, false_alarms;
	nstime first;          /* median over incidents: from their beginning to the first report; NSTIME_NONE: no incident */
	nstime answer;         /* median from report to answer */
};
int store_contact_figures(struct store *s, nstime since, struct store_contact_figures *out, struct err *e);
/* Files and contacts since: to throttle. */
int store_contacts_since(struct store *s, nstime since, uint64_t *n, struct err *e);

/* ---- incidents told as examples, without names ------------------------------------------------------------------------------------------- */
struct store_example { int64_t id; char incident[40]; nstime time; struct slice author, title, body; };
int store_example_add(struct store *s, struct store_example *x, struct err *e); /* fills id */
int store_example_delete(struct store *s, int64_t id, struct err *e);           /* ERR_NOENT */
typedef int store_example_fn(void *arg, const struct store_example *x);
int store_examples(struct store *s, int64_t id /* -1: all, newest first */, store_example_fn *fn, void *arg, struct err *e);

/* ---- search ------------------------------------------------------------------------------------------------------------------------ */
/* Newest first; ASCII case is folded. Not 0 from fn: the search ends with it. */
typedef int store_note_of_fn(void *arg, const char *incident, nstime t, struct slice author, struct slice text);
int store_search_notes(struct store *s, struct slice text, uint32_t most, store_note_of_fn *fn, void *arg, struct err *e);
/* Findings of incidents in which text stands anywhere (title, words, entities, raw lines): among the newest `look`, up to `bytes` of what is stored. fn owns f.
 * *partly: there are more that were not looked at. */
struct store_search { struct slice text; uint32_t look; uint64_t bytes; };
int store_search_findings(struct store *s, const struct store_search *x, store_finding_fn *fn, void *arg, bool *partly, struct err *e);

/* ---- upkeep -------------------------------------------------------------------------------------------------------------- */
/* Another number whenever another connection committed: cheap to ask. */
int store_version(struct store *s, int64_t *version, struct err *e);
struct store_counts {
	uint64_t sources, findings, incidents, open, pending, dead;
	int64_t version, bytes;
};
int store_count(struct store *s, struct store_counts *out, struct err *e);
/* SQLite's own check and ours (references between tables). tell gets a sentence per problem. */
int store_check(struct store *s, void (*tell)(void *arg, const char *text), void *arg, struct err *e);
int store_backup(struct store *s, const char *to, struct err *e);
int store_vacuum(struct store *s, struct err *e);
/* Closed incidents, findings of none, sent messages older than `before`. *gone: rows removed. */
int store_retain(struct store *s, nstime before, uint64_t *gone, struct err *e);

#endif
