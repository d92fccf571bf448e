/* decode_private.h - what the files of room decode share. Nobody outside includes it.
 *
 * To add a program: one file with a table of rows and a `const struct program`, one line in programs.def.
 * To add a format:  one file with a line function and a `const struct format`, one line in formats.def.
 */
#ifndef POSTERN_DECODE_PRIVATE_H
#define POSTERN_DECODE_PRIVATE_H

#include "decode/decode.h"

/* ---- a line on its way --------------------------------------------------------------------------------------- */
struct dline {
	struct slice raw;      /* whole line, without its newline */
	uint64_t offset;
	nstime time;           /* NSTIME_NONE: the line has none */
	uint8_t flags;         /* enum event_flag */
	struct slice host, program, pid; /* of the envelope; empty when absent */
	struct slice msg;      /* what follows the envelope */
	uint32_t repeat;       /* "message repeated N times": N, else 0 */
	const char *pid_at;    /* a pid that begins here says pid_number */
	uint32_t pid_number;
	struct slice facility; /* RFC 5424 or <auth.info> forms, else empty */
};

/* ---- patterns ------------------------------------------------------------------------------------------------ */
/* A pattern is literal text with captures, matched against a whole message:
 *   {user.name}    shortest run of any bytes up to what follows; the last one takes the rest
 *   {user.name*}   longest run (looks for what follows from the right: a hostile user name cannot forge the tail)
 *   {source.port}  an INT field takes digits only; an ADDR field takes [0-9A-Za-z.:_%-]+ only
 *   {x:w}          no blank inside, at least one byte
 *   {}             skipped run;  {:w} skipped word;  {:d} skipped digits
 *   [? ... ?]      optional part
 *   {{             a literal brace
 * Field names are those of fields.def. Matching backtracks, with a step limit. Trailing blanks of the message are cut. */
struct row {
	const char *pattern;
	enum action action;
	enum outcome outcome;
	const char *set;      /* "field=value;field=value" constants added to the event, or NULL */
};
struct rowset; /* compiled rows */
struct rowset *rowset_new(const struct row *rows, const char *owner, struct err *e); /* rows end with pattern NULL */
void rowset_free(struct rowset *r);
/* First row that fits msg; its captures are kept in d until the next call. NULL: none. */
struct crow;
const struct crow *rowset_match(struct decoder *d, const struct rowset *r, struct slice msg);
enum action crow_action(const struct crow *c);
enum outcome crow_outcome(const struct crow *c);

/* ---- programs ------------------------------------------------------------------------------------------------ */
struct program {
	const char *names;    /* blank-separated; "postfix*" matches a prefix */
	const char *dataset;  /* event.dataset */
	const struct row *rows;
	bool rows_of_fn;      /* the rows are for fn, which cuts the message first; not tried on the whole of it */
	bool repeats;         /* its messages come again word for word: worth remembering (memo.c) */
	/* Called for what no row fits (or instead of rows when rows is NULL). NULL: unknown. */
	enum decoded (*fn)(struct decoder *d, struct dline *l);
	/* Called after a row made an event, for what a pattern cannot say. May be NULL. */
	void (*finish)(struct decoder *d, struct dline *l, struct event *ev);
};
#define PROGRAM(name) extern const struct program name;
#include "decode/programs.def"
#undef PROGRAM

/* ---- formats ------------------------------------------------------------------------------------------------- */
struct format {
	const char *name;
	/* Quick refusal from the first bytes (n >= 1); must be cheap. */
	bool (*maybe)(struct slice line);
	/* Decode the line: DECODED_NO_FORMAT when it is not of this format (l may be dirty then: the caller resets it). */
	enum decoded (*line)(struct decoder *d, struct dline *l);
};
#define FORMAT(name) extern const struct format name;
#include "decode/formats.def"
#undef FORMAT

/* ---- the decoder: scratch of one thread ---------------------------------------------------------------------- */
struct capture {
	uint16_t field;
	bool is_number;        /* n holds what the text says */
	struct slice text;
	int64_t n;
};
enum { CAPTURES_MAX = 24, PROGRAM_MEMOS = 64 };
/* Where a program's name, of a byte or more, is remembered. */
static inline unsigned program_place(struct slice name)
{
	return ((uint8_t)name.p[0] * 7u + (uint8_t)name.p[name.n - 1] * 3u + (unsigned)name.n) % PROGRAM_MEMOS;
}
struct decoder {
	const struct decode_tables *t;
	const struct decode_options *opt;
	const struct decode_in *in;
	struct batch *out;
	struct decode_stats *stats;
	nstime last_time;            /* of the line before, in this block */
	struct capture cap[CAPTURES_MAX];
	unsigned ncap;
	unsigned steps;              /* of the running match */
	/* memos: log lines repeat their neighbour's time, host, program */
	char host[64];
	unsigned nhost;
	char stamp[40];
	unsigned stamp_n;
	nstime stamp_time;
	uint8_t stamp_flags;
	char zone_text[6];           /* "+02:00", when zone_known */
	bool zone_known;
	int zone_east;               /* seconds */
	nstime zone_hour;            /* local hour for which zone_off holds */
	int zone_off;
	struct program_memo {
		struct slice name;       /* in static or table memory */
		const struct cprogram *prog;
		char text[40];
		unsigned n;
		bool is_tag;             /* made of nothing but what a plain tag is made of */
	} memo[PROGRAM_MEMOS];
	struct ip_memo {
		uint64_t first, last;    /* bytes of the text, which has 8 to 16 */
		uint64_t block;          /* number of the block whose batch holds it */
		size_t n;
		const struct ip *ip;
	} ips[32];
	uint64_t blocks;             /* begun so far */
	struct from_memo {
		const char *from;        /* what interest has; NULL: unset */
		char dataset[22];
		uint8_t n;
		bool wanted;
	} from[16];                  /* by action */
	struct head_memo {
		const struct rowset *set;
		uint64_t head;
		const struct crow *row[26];
		bool refuted[26];        /* by the literal that must come, the last time */
		uint8_t n;
	} heads[64];                 /* pattern.c */
	struct message_memo *messages; /* memo.c; made when first needed */
	struct buf tmp;              /* scratch for values that must be rewritten; copy into the batch's arena */
	void *json;                  /* parser of json.c */
	struct id_memo {
		uint32_t id;
		bool known, wanted;
	} ids[64];                   /* json_windows.c: numbers of Windows events */
	bool nested;                 /* inside decode_nested */
	bool marked;                 /* the line at hand is to become an event whatever it says */
	bool plain;                  /* the line at hand was looked through for rules' literals, in vain */
	int nested_format;           /* row + 1 that fitted the last nested line */
	void *audit;                 /* struct audit_state: records waiting for the rest of theirs */
};

/* ---- emitting ------------------------------------------------------------------------------------------------ */
/* Does anyone want this action? When not: return DECODED_UNWANTED at once. Also counts logins for the ledger. */
bool decode_wanted(struct decoder *d, const struct dline *l, enum action a);
/* The same for an action that may be wanted from some datasets only. */
bool decode_wanted_from(struct decoder *d, const struct dline *l, enum action a, struct slice dataset);
/* New event with time, host, source, raw, dataset, process.name, process.pid filled from the line. */
struct event *decode_emit(struct decoder *d, const struct dline *l, struct slice dataset, enum action a, enum outcome o);
/* Adds what the last match captured. */
void decode_captures(struct decoder *d, struct event *e);
/* Match a message with a rowset and emit. DECODED_EVENT, DECODED_UNWANTED, or DECODED_UNKNOWN when no row fits. */
enum decoded decode_rows(struct decoder *d, struct dline *l, const struct rowset *r, struct slice dataset, struct event **ev);
/* Add a value whose bytes are not in the block: copied into the batch. */
void decode_add_copy(struct decoder *d, struct event *e, enum field_id f, struct slice text);
/* Add value with \xNN, \" and \\ undone; percent-decoding; hex digits to bytes. The text is borrowed when nothing changes. */
void decode_add_unescaped(struct decoder *d, struct event *e, enum field_id f, struct slice text);
struct slice decode_percent(struct decoder *d, struct slice text);
bool decode_hex(struct decoder *d, struct slice hex, struct slice *out);

/* The syslog message of program l->program (l->msg): through the program table. For formats that carry one inside
 * (journald JSON, RFC 5424). */
enum decoded decode_message(struct decoder *d, struct dline *l);
/* The same when the program's table is known. */
enum decoded decode_message_of(struct decoder *d, struct dline *l, const struct cprogram *p);
/* A line in rsyslog's form like the one before: its minute, zone, host, and a plain tag that is known. DECODED_NO_FORMAT: something is
 * different, though it may well be of this form (l may be dirty then). */
enum decoded syslog_again(struct decoder *d, struct dline *l);
bool syslog_is_tag(struct slice name); /* made of nothing but what a plain tag is made of */
bool time_same_minute(const struct decoder *d, struct slice *s, struct dline *l);
/* A whole line carried inside another (Docker's "log", Filebeat's "message"): tried with every format, one level deep. Its
 * events get outer's raw line; time and host of outer where the inner line has none. text must live as long as the batch. */
enum decoded decode_nested(struct decoder *d, struct dline *outer, struct slice text);
/* fn(d, l), or what it made of the same message before. fn must depend on nothing but program and message. */
enum decoded decode_again(struct decoder *d, struct dline *l, enum decoded (*fn)(struct decoder *d, struct dline *l));
/* Compiled rows of a program by its definition (for fn that call another program's rows, such as PAM). */
const struct rowset *decode_rowset_of(const struct decoder *d, const struct program *p);

/* ---- entry points of single files that decode.c knows ------------------------------------------------------- */
/* Is this PAM's own wording ("pam_unix(sshd:session): ...", the module tag of old syslogs)? */
bool pam_message(const struct dline *l);
enum decoded decode_pam(struct decoder *d, struct dline *l);
void decode_utmp(struct decoder *d);          /* d->in holds binary utmp records */
void decode_count(struct decoder *d, const struct dline *l, enum decoded r); /* one record more in the ledger */
void decode_json_free(struct decoder *d);
/* Audit records inside syslog ("audispd: type=...", "kernel: audit: type=1400 audit(...)"). */
bool audit_message(const struct dline *l);
enum decoded decode_audit(struct decoder *d, struct dline *l);
void decode_audit_end(struct decoder *d);     /* the block is over: records still waiting leave as parts */
void decode_audit_free(struct decoder *d);

/* Adds the address of its connection to an event of sshd that names none; *connections is made when first needed. */
struct sshd_connections;
void join_sshd(struct sshd_connections **connections, struct batch *out, struct event *e);
void sshd_connections_free(struct sshd_connections *c);
void sshd_connections_save(const struct sshd_connections *c, struct buf *b); /* c may be NULL */
bool sshd_connections_load(struct sshd_connections **c, struct wire *w);

/* ---- times --------------------------------------------------------------------------------------------------- */
/* Each parses at the start of s and on success moves s behind it (and one blank is left). They set l->time, l->flags. */
bool time_iso(struct decoder *d, struct slice *s, struct dline *l);    /* 2026-05-04T07:12:33.123456+02:00, also "2026-05-04 07:12:33[.,]123" */
bool time_bsd(struct decoder *d, struct slice *s, struct dline *l);    /* May  4 07:12:33, with optional year before or after, .frac */
bool time_clf(struct decoder *d, struct slice *s, struct dline *l);    /* 04/May/2026:07:12:33 +0200 (without brackets) */
bool time_ctime(struct decoder *d, struct slice *s, struct dline *l);  /* Mon May  4 07:12:33[.123456] 2026 */
bool time_slashes(struct decoder *d, struct slice *s, struct dline *l); /* 2026/05/04 07:12:33 */
bool time_named(struct decoder *d, struct slice *s, struct dline *l);  /* 04-May-2026 07:12:33.123 */
bool time_epoch(struct decoder *d, struct slice *s, struct dline *l);  /* 1777871553.123 */
/* A local civil time (seconds as if UTC, nanoseconds) to UTC with the configured zone; sets EV_NO_ZONE. */
nstime time_local(struct decoder *d, int64_t seconds, int64_t nanos, struct dline *l);

/* ---- key=value ----------------------------------------------------------------------------------------------- */
/* Next pair of `a=b c="d e"`; separators are blanks, commas or semicolons. Quotes are cut. False at the end. */
bool kv_next(struct slice *s, struct slice *key, struct slice *value);
/* Value of one key, SLICE_NONE when absent. */
struct slice kv_get(struct slice s, struct slice key);

#endif
