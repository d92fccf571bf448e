/* broker.h - private to room console: what the web process may ask of the broker. One question, one answer, of fixed size; nothing to parse.
 *
 * Every question carries the token of the session it is asked for; the row of BROKER_OPS says which roles may ask it, and whether the second factor (or, for who has
 * none, the password) must be given again. Large answers come as a memfd of wire bytes (core.h), read like hostile input by whoever reads it.
 * Each thread of the web process has a channel of its own, and the broker a thread per channel.
 */
#ifndef POSTERN_CONSOLE_BROKER_H
#define POSTERN_CONSOLE_BROKER_H

#include "console/console.h"
#include "store/store.h"

enum { BROKER_MAGIC = 0x504b5452, BROKER_TOKEN = 48, BROKER_ID = 200, BROKER_TEXT = 4096, BROKER_CODE = 256 };
#define BROKER_FIELD '\x1f'
enum report_field { REPORT_PLATFORM, REPORT_PROFILE, REPORT_FIRM, REPORT_BEGAN, REPORT_DEVICE, REPORT_MOVED, REPORT_OFFERED, REPORT_OPENED /* digits: enum contact_answer */,
	REPORT_ANONYMOUS /* "1": nobody is to know who */, REPORT_WORDS, REPORT_FIELDS };
enum broker_fresh { FRESH_NO, FRESH_FACTOR /* the second factor again */ };

/* name, roles that may, second factor again, who does it: function broker_NAME() in broker_*.c. Comments say what fields mean. */
#define BROKER_OPS(X)                                                                                                                        \
	/* sessions: broker_session.c */                                                                                                     \
	X(LOGIN, login, 0, FRESH_NO)              /* id: name, text: password, code: second factor or "" -> token, who */                   \
	X(INVITE, invite, 0, FRESH_NO)            /* text: word, code: new password -> token, who */                                        \
	X(WHO, who, ROLE_ANY, FRESH_NO)           /* whose session is this? number 1: the person did nothing, it goes on to age */                                                   \
	X(LOGOUT, logout, ROLE_ANY, FRESH_NO)                                                                                                \
	X(PASSWORD, password, ROLE_ANY, FRESH_NO) /* code: old, text: new; ends other sessions */                                           \
	X(LANGUAGE, language, ROLE_ANY, FRESH_NO) /* number */                                                                              \
	X(ENROLL, enroll, ROLE_ANY, FRESH_NO)     /* code: password -> memfd: otpauth uri */                                                \
	X(CONFIRM, confirm, ROLE_ANY, FRESH_NO)   /* code, text: two codes -> memfd: recovery codes */                                      \
	X(USERS, users, ROLE_ADMINISTRATOR, FRESH_NO) /* -> memfd: per user sized name, shown, mail, team; u32 roles, disabled, factor; u64 last */ \
	X(VERSION, version, 0, FRESH_NO)          /* -> number: another one when the gate's state changed */                                \
	/* gate: broker_gate.c */                                                                                                            \
	X(GATE, gate, ROLE_ANALYST | ROLE_APPROVER | ROLE_ADMINISTRATOR, FRESH_NO) /* -> memfd: providers, persons, grants, open sessions */ \
	X(APPROVE, approve, ROLE_APPROVER, FRESH_FACTOR)          /* id: grant, number: version that was shown */                           \
	X(REFUSE, refuse, ROLE_APPROVER, FRESH_NO)                /* id, text: reason */                                                    \
	X(REVOKE, revoke, ROLE_APPROVER | ROLE_ADMINISTRATOR, FRESH_NO)                                                                      \
	X(SUSPEND, suspend, ROLE_ANALYST | ROLE_APPROVER | ROLE_ADMINISTRATOR, FRESH_NO) /* id: provider, text: reason */                    \
	X(RESUME, resume, ROLE_ADMINISTRATOR, FRESH_FACTOR)                                                                                  \
	X(SESSION_END, session_end, ROLE_ANALYST | ROLE_APPROVER | ROLE_ADMINISTRATOR, FRESH_NO) /* id, text: reason */                      \
	X(SESSIONS, sessions, ROLE_ANALYST | ROLE_APPROVER | ROLE_ADMINISTRATOR, FRESH_NO) /* number: how many to skip -> memfd */           \
	X(RECORDING, recording, ROLE_ANALYST | ROLE_APPROVER | ROLE_ADMINISTRATOR, FRESH_NO) /* id -> descriptor of the file, read-only; noted in the audit log */ \
	/* incidents: broker_incident.c: what `postern incident` does, with its records in the audit log */                                  \
	X(INCIDENT_CLOSE, incident_close, ROLE_ANALYST | ROLE_ADMINISTRATOR, FRESH_NO) /* id, text: why, number: enum incident_status */     \
	X(INCIDENT_REOPEN, incident_reopen, ROLE_ANALYST | ROLE_ADMINISTRATOR, FRESH_NO)                                                     \
	X(INCIDENT_NOTE, incident_note, ROLE_ANALYST | ROLE_APPROVER | ROLE_ADMINISTRATOR, FRESH_NO)                                         \
	X(INCIDENT_AUDIT, incident_audit, ROLE_ANALYST | ROLE_ADMINISTRATOR, FRESH_NO) /* id -> memfd: sized lines of the audit log about it, sized head */ \
	X(INCIDENT_EXPORTED, incident_exported, ROLE_ANALYST | ROLE_ADMINISTRATOR, FRESH_NO) /* id, text: SHA-256 in hex, number: bytes of what goes out */ \
	/* held mail: broker_held.c */                                                                                                       \
	X(HELD, held, ROLE_ANALYST | ROLE_ADMINISTRATOR, FRESH_NO)            /* number 1: all -> memfd */                                  \
	X(HELD_MESSAGE, held_message, ROLE_ANALYST | ROLE_ADMINISTRATOR, FRESH_NO) /* id -> descriptor of the message, read-only */          \
	X(HELD_RELEASE, held_release, ROLE_ADMINISTRATOR, FRESH_FACTOR)       /* id, number 1: again */                                     \
	X(HELD_DELETE, held_delete, ROLE_ADMINISTRATOR, FRESH_NO)                                                                           \
	/* reports: broker_report.c; fields of a text are separated by BROKER_FIELD */                                                       \
	X(REPORT_FILE, report_file, ROLE_ANY, FRESH_NO)       /* id: reference, number: which file, text: inspect_told_save() */             \
	X(REPORT, report, ROLE_ANY, FRESH_NO)                 /* id: reference, number: files, text: enum report_field -> number 1: it was there already */ \
	X(REPORT_ANSWER, report_answer, ROLE_ANALYST | ROLE_ADMINISTRATOR, FRESH_NO) /* id: reference, number: state + 16 * outcome, text: answer */ \
	X(EXAMPLE_ADD, example_add, ROLE_ANALYST | ROLE_ADMINISTRATOR, FRESH_NO) /* id: incident, text: title, body -> number */             \
	X(EXAMPLE_DELETE, example_delete, ROLE_ANALYST | ROLE_ADMINISTRATOR, FRESH_NO) /* number */                                          \
	/* lessons: broker_lesson.c; only their record: the book is the web process's */                                                     \
	X(LESSON_ASSIGN, lesson_assign, ROLE_ADMINISTRATOR, FRESH_NO) /* id: unit, text: digit of enum lesson_for, target, number: due; NSTIME_NONE: taken away */
enum broker_op {
#define X(id, fn, roles, fresh) BROKER_##id,
	BROKER_OPS(X)
#undef X
	BROKER_OP_COUNT
};
struct broker_ask {
	uint32_t magic, op;
	uint64_t serial;               /* of the channel; its answer has the same */
	char token[BROKER_TOKEN];      /* hex of 20 bytes; "" none */
	char source[64];               /* address the request came from */
	char id[BROKER_ID], text[BROKER_TEXT], code[BROKER_CODE];
	int64_t number;
};
struct broker_who {
	char name[64], shown[128], mail[128], team[64];
	uint32_t roles, language, factor /* enrolled */;
	char csrf[BROKER_TOKEN];       /* of this session */
};
struct broker_answer {
	uint32_t magic;
	int32_t status;                /* 0 or ERR_*: ERR_PERM not this role, no session, wrong code; ERR_STOPPED changed since, or throttled (number: seconds) */
	uint64_t serial;
	char text[512];                /* for the person */
	char token[BROKER_TOKEN];
	int64_t number;
	struct broker_who who;
};

/* ---- broker side: what its threads share, in memory alone: broker_shared.c. Any thread --------------------------------------------------- */
#define BROKER_LOOKED "session-recording-opened"
struct broker_shared;
struct broker_shared *broker_shared_make(void);
void broker_shared_free(struct broker_shared *s);
/* One more report, or file of one, of this account. ERR_STOPPED: too many within the hour. Nothing of it is on the disk: who reports without name stays unknown. */
int broker_count_report(struct broker_shared *s, struct slice name, nstime now, struct err *e);
/* What the audit log says of a recording: its hash ("": none yet), and whether it is on record that this one looked since then. Each line is read once for who looks. */
struct broker_looked { char sha256[65]; bool noted; };
void broker_look(struct broker_shared *s, const char *state, struct slice id, struct slice name, nstime since, struct broker_looked *out);

/* ---- broker side: one row of state per thread ------------------------------------------------------------------------------------------- */
struct broker {
	const struct console_options *o;
	struct console_accounts *accounts;
	struct broker_shared *shared;
	struct vault *gate_vault;      /* NULL: there is no gate */
	struct gate gate;              /* actor is set for each question: the user's name */
	struct chain *audit;
	nstime now;
	int64_t gate_version;          /* as it was seen last, and how often it changed: broker_version() */
	uint64_t gate_changes;
	struct gate_policy *picture;   /* of the gate, as it was at picture_version: broker_gate.c */
	int64_t picture_version;
};
void broker_forget_picture(struct broker *b);
/* who: of the session, checked against the row's roles. fd: -1, set to what goes with the answer (closed after it was sent). */
typedef int broker_fn(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e);
#define X(id, fn, roles, fresh) broker_fn broker_##fn;
BROKER_OPS(X)
#undef X
/* A sealed memfd of these bytes. */
int broker_bytes(const struct buf *b, int *fd, struct err *e);
/* A record of the audit log, on the disk when it returns: before what it says is done. outcome "success" or "failure". Room gate writes those of its own changes. */
int broker_note(struct broker *b, struct slice actor, const char *action, struct slice object, const char *outcome, struct slice detail, struct err *e);
/* Answers on this channel until its other end is gone; a thread each. */
int broker_serve(const struct console_options *o, struct broker_shared *shared, int channel, struct err *e);


/* ---- web side --------------------------------------------------------------------------------------------------------------------------- */
struct desk;                           /* page.h: what one thread of the web process works with */
/* Asks; serial is filled in here; magic, token and source are filled in from the request by page_ask() (page.h). fd NULL: none is wanted. */
int broker_call(struct desk *d, struct broker_ask *q, struct broker_answer *a, int *fd, struct err *e);

#endif
