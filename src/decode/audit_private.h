/* audit_private.h - what audit.c (records, groups), audit_tables.c (names), audit_event.c (groups to events) and join.c
 * share.
 *
 * One happening is written as several records with the same key (host, time, serial). audit.c collects them while a
 * block is decoded; complete groups become events there, in parallel. Groups that may reach into the neighbour block
 * travel as *parts*, one event a record, to join.c, which puts them together in stream order.
 */
#ifndef POSTERN_DECODE_AUDIT_PRIVATE_H
#define POSTERN_DECODE_AUDIT_PRIVATE_H

#include "decode/decode_private.h"

/* ---- record types -------------------------------------------------------------------------------------------- */
enum audit_class {
	AC_RAW,    /* of a group; makes no event of its own */
	AC_AUX,    /* the same, and never the first record of a group (PATH, CWD, EXECVE, ...) */
	AC_CALL,   /* SYSCALL */
	AC_KERNEL, /* makes an event; the kernel may add a SYSCALL */
	AC_ALONE,  /* makes an event; always alone (user space, daemon) */
};
enum audit_acct { ACCT_NONE, ACCT_ACTOR, ACCT_TARGET }; /* what acct= means: user.name or user.target.name */

struct audit_vals;
struct audit_type {
	const char *name;
	uint16_t number;
	uint8_t cls;
	uint8_t acct;
	uint16_t ok, failed; /* actions, by res= */
	/* When the action depends on more than res. */
	enum action (*judge)(const struct audit_vals *v, enum outcome *o);
};
enum action audit_judge_avc(const struct audit_vals *v, enum outcome *o);
enum action audit_judge_config(const struct audit_vals *v, enum outcome *o);
enum action audit_judge_promisc(const struct audit_vals *v, enum outcome *o);
enum action audit_judge_token(const struct audit_vals *v, enum outcome *o);
enum action audit_judge_member(const struct audit_vals *v, enum outcome *o);
enum action audit_judge_mac(const struct audit_vals *v, enum outcome *o);
enum action audit_judge_update(const struct audit_vals *v, enum outcome *o);
enum action audit_judge_clock(const struct audit_vals *v, enum outcome *o);
extern const struct audit_type audit_types[];
extern const size_t audit_ntypes;

/* ---- system calls -------------------------------------------------------------------------------------------- */
enum audit_kind {
	KIND_OTHER, KIND_EXEC, KIND_CONNECT, KIND_OPEN, KIND_OPENAT, KIND_OPENAT2, KIND_CREATE, KIND_RENAME, KIND_DELETE,
	KIND_WRITE, KIND_ATTR, KIND_MODULE, KIND_TIME, KIND_EXIT, KIND_COUNT
};
struct audit_call {
	const char *name;
	uint8_t kind;
};
extern const struct audit_call audit_calls[]; /* ends with name NULL */
/* Name of a system call by AUDIT_ARCH_* number and call number; NULL when unknown. */
const char *audit_syscall_name(uint64_t arch, uint64_t number);

/* ---- keys of a record ---------------------------------------------------------------------------------------- */
#define AUDIT_KEYS(X)                                                                                             \
	X(ACCT, "acct") X(ADDR, "addr") X(APPARMOR, "apparmor") X(ARCH, "arch") X(AUDIT_ENABLED, "audit_enabled")   \
	X(AUID, "auid") X(AUID_NAME, "AUID") X(A0, "a0") X(A1, "a1") X(A2, "a2") X(CMD, "cmd") X(COMM, "comm")      \
	X(CWD, "cwd") X(DATA, "data") X(DEV, "dev") X(DEVICE, "device") X(ENFORCING, "enforcing") X(EUID, "euid")   \
	X(EUID_NAME, "EUID") X(EXE, "exe") X(EXIT, "exit") X(GRP, "grp") X(HOSTNAME, "hostname") X(ID, "id")        \
	X(ID_NAME, "ID") X(ITEM, "item") X(KEY, "key") X(LADDR, "laddr") X(LPORT, "lport") X(NAME, "name")          \
	X(NAMETYPE, "nametype") X(OLD, "old") X(OLD_ENFORCING, "old_enforcing") X(OLD_PROM, "old_prom")             \
	X(OFLAG, "oflag") X(OP, "op") X(OPERATION, "operation") X(PATH, "path") X(PERMISSIVE, "permissive")         \
	X(PID, "pid") X(PPID, "ppid") X(PROCTITLE, "proctitle") X(PROFILE, "profile") X(PROM, "prom") X(RES, "res") \
	X(RESULT, "result") X(SADDR, "saddr") X(SES, "ses") X(SIG, "sig") X(SUCCESS, "success") X(SW, "sw")         \
	X(SYSCALL, "syscall") X(SYSCALL_NAME, "SYSCALL") X(TERMINAL, "terminal") X(TTY, "tty") X(UID, "uid")        \
	X(UID_NAME, "UID") X(UNIT, "unit") X(VM, "vm")
enum audit_key {
#define X(id, text) AK_##id,
	AUDIT_KEYS(X)
#undef X
	AK_COUNT
};
_Static_assert(AK_COUNT <= 64, "audit_vals has a bit per key");

/* The values of one record that anyone looks at; the first of a name wins: the kernel's stand before the user's. */
struct audit_vals {
	uint64_t has, quoted;
	bool plain; /* interpreted text (ausearch -i): nothing is in hex */
	struct slice body;
	struct slice v[AK_COUNT];
};
static inline struct slice audit_val(const struct audit_vals *v, enum audit_key k)
{
	return v->has >> k & 1 ? v->v[k] : SLICE_NONE;
}

/* ---- records and groups -------------------------------------------------------------------------------------- */
struct audit_head {
	nstime time;
	uint64_t serial;
	struct slice node;           /* node=H, else empty */
	const struct audit_type *type; /* NULL: a type nobody knows */
	struct slice type_text, serial_text;
	struct slice body;           /* behind "): " */
	bool plain;
};
/* Parse a record that starts at s; no allocation. */
bool audit_head(struct decoder *d, struct slice s, struct audit_head *h);

struct audit_rec {
	const struct audit_type *type;
	struct slice type_text, serial_text;
	struct slice body, text; /* text: the whole record, without a syslog envelope */
	struct rawref ref;
	const struct line_pairs *pairs; /* NULL: not read so */
	bool plain;
	bool unmarked; /* EV_PLAIN */
};
enum { AUDIT_RECORDS = 64 }; /* kept of one happening; EXECVE of a huge command line is the only one with more */
struct audit_group {
	nstime time;
	uint64_t serial;
	struct slice host;
	struct audit_rec *v;
	uint32_t n, cap;
	bool has_call, has_title, ended;
	bool headless; /* began with a record that never comes first */
	bool early;    /* began near the block's start */
	bool skip;     /* nobody wants it: records are not kept */
};
/* All records are there. */
static inline bool audit_complete(const struct audit_group *g) { return g->ended || (g->has_call && g->has_title); }
void audit_group_mark(struct audit_group *g, const struct audit_rec *r); /* flags from one record */
/* Do two keys lie so far apart that the older will get no more records? factor widens the window. */
bool audit_apart(const struct audit_group *g, struct slice host, nstime time, uint64_t serial, unsigned factor);

/* Emit what the group says. slices must outlive d->out. */
void audit_finish(struct decoder *d, const struct audit_group *g);
/* A record that is a happening of its own. */
enum decoded audit_alone(struct decoder *d, const struct dline *l, struct audit_rec *r);

/* ---- fields (audit_alone.c) ---------------------------------------------------------------------------------- */
enum outcome audit_result(const struct audit_vals *v);
enum action audit_action(const struct audit_type *t, const struct audit_vals *v, enum outcome *o);
void audit_add_user(struct decoder *d, struct event *e, const struct audit_vals *v, enum audit_key id_key, enum audit_key name_key,
	enum field_id id_field, enum field_id name_field);
void audit_add_process(struct decoder *d, struct event *e, const struct audit_vals *v);
/* What the record says; process: also who did it (else a SYSCALL record has told). */
void audit_add_record(struct decoder *d, struct event *e, const struct audit_rec *r, const struct audit_vals *v, bool process);
struct slice audit_title(struct decoder *d, const struct audit_vals *v);
/* The record as it is, one field a key. */
void audit_raw(struct decoder *d, const struct dline *l, const struct audit_rec *r);

/* ---- state of one decoder ------------------------------------------------------------------------------------ */
enum { AUDIT_OPEN = 32, AUDIT_HASH = 1024 };
struct audit_shapes;
struct audit_state {
	struct audit_group pool[AUDIT_OPEN];
	struct audit_group *open[AUDIT_OPEN]; /* in order of their first record */
	unsigned nopen;
	struct audit_group *spare[AUDIT_OPEN];
	unsigned nspare;
	unsigned made;                /* groups begun in this block */
	uint8_t key_at[256];          /* hash of a key's name to its number + 1 */
	uint16_t type_at[AUDIT_HASH]; /* hash of a type's name to its row + 1 */
	uint8_t call_at[256];         /* hash of a call's name to its row + 1 */
	bool kind_wanted[KIND_COUNT];
	bool records;                 /* raw records are wanted */
	const struct audit_type *types[256]; /* of records before */
	struct stamp_memo {           /* of the record before */
		uint8_t n, serial_at, serial_n;
		nstime time;
		uint64_t serial;
		char text[48];
	} stamp;
	struct audit_shapes *shapes;  /* audit_pairs.c; made when first needed */
	struct buf line;              /* command line being put together */
};
struct audit_state *audit_state(struct decoder *d); /* made on first use */
const struct audit_type *audit_type_find(struct decoder *d, struct slice name);
enum audit_kind audit_kind(struct decoder *d, struct slice call);
/* Next key=value; quotes are cut, msg='...' is looked through. False at the end. */
bool audit_next(struct slice *s, struct slice *name, struct slice *value, bool *quoted);
void audit_parse(struct decoder *d, const struct audit_rec *r, struct audit_vals *v);
int audit_key_find(const struct audit_state *st, struct slice name); /* enum audit_key; -1: none */
/* The record's pairs as one more of its kind, in the batch's memory (audit_pairs.c); NULL: written otherwise. */
const struct line_pairs *audit_pairs(struct decoder *d, const struct audit_rec *r);
void audit_pairs_vals(const struct line_pairs *p, struct audit_vals *v);
void audit_shapes_free(struct audit_shapes *x);
/* Does no rule hold for the record (in->dull)? e: its event, or what is known of it before there is one. */
bool audit_dull(struct decoder *d, const struct dline *l, const struct audit_rec *r, enum action a);
bool audit_made_dull(struct decoder *d, struct event *e);
/* The pairs that an event made of the record may carry: where reading the raw line gives just these. */
const struct line_pairs *audit_told(const struct audit_rec *r);
/* Text of a value: quotes off, hex undone, "(null)", "(none)" and "?" absent. */
struct slice audit_text(struct decoder *d, const struct audit_vals *v, enum audit_key k);
struct slice audit_untrusted(struct decoder *d, struct slice text, bool quoted, bool plain);

/* Parts on the way to join.c are told by this dataset; the second kind matters only to a group already held there. */
extern const struct slice audit_dataset, audit_part, audit_part_maybe;
static inline bool audit_is_part(const struct event *e)
{
	return e->dataset.p == audit_part.p || e->dataset.p == audit_part_maybe.p;
}

#endif
