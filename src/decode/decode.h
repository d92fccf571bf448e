/* decode.h - bytes to events, one file per log format, found through one table.
 *
 * Two kinds of table rows live here. A *format* says how a line is laid out (syslog, auditd, access log, JSON...). A
 * *program* says what the messages inside a syslog envelope mean (sshd, sudo, postfix...). A line is tried with the
 * format that fitted the line before it, then with the others, so that mixed files work and the common case costs one
 * look. Decoding is a pure function of a block: blocks of one file may be decoded by several threads at once. What
 * needs memory across blocks (joining audit records) happens in decode_join, in stream order.
 *
 * Life:    decode_tables_new() once (compiles the tables), shared read-only; a struct decoder per thread.
 * Errors:  a bad line is never an error; it is counted by kind in struct decode_stats, with an example.
 */
#ifndef POSTERN_DECODE_H
#define POSTERN_DECODE_H

#include "core/core.h"
#include "event/event.h"

/* What became of a line. */
#define DECODED_LIST(X)                                                                        \
	X(DECODED_EVENT, "decoded")            /* became an event */                           \
	X(DECODED_UNWANTED, "decoded, not needed") /* understood; no rule or detector asks for it */ \
	X(DECODED_OTHER, "other programs")     /* envelope understood, program not known */    \
	X(DECODED_UNKNOWN, "not understood")   /* known program or format, unknown message */  \
	X(DECODED_NO_FORMAT, "no known format")                                                \
	X(DECODED_BLANK, "blank or comment")
enum decoded {
#define X(id, text) id,
	DECODED_LIST(X)
#undef X
	DECODED_KINDS
};
const char *decoded_name(enum decoded d);

enum { DECODE_EXAMPLES = 3 };
/* Per file; the pipeline adds up what the blocks gave. */
struct decode_stats {
	uint64_t lines;
	uint64_t by_kind[DECODED_KINDS];
	uint64_t invalid_utf8, nul_bytes;
	uint64_t no_time, year_inferred;
	uint64_t dull;   /* audit records judged by rules already that made no event */
	uint64_t logins; /* recognised lines that tell of a login or an attempt, wanted or not */
	nstime first, last; /* of recognised lines; NSTIME_NONE when none */
	uint32_t formats;   /* bit per row of the format table: which occurred */
	struct {
		uint64_t offset;
		uint32_t n;
		char text[160];
	} example[DECODE_EXAMPLES]; /* of DECODED_UNKNOWN and DECODED_NO_FORMAT */
	uint32_t nexamples;
};
void decode_stats_init(struct decode_stats *s);
void decode_stats_add(struct decode_stats *to, const struct decode_stats *from);

struct decode_options {
	struct interest want;      /* actions whose fields are taken out */
	bool everything;           /* also events for lines of unknown programs and messages (postern decode) */
	bool json;                 /* every JSON object is an event: rules look at all of its members */
	bool audit_records;        /* every audit record is an event too, beside those made of groups (rules on records) */
	bool bare_records;         /* nobody asks for the fields of such records but their type and number: rules read the raw text */
	/* Seconds east of UTC for a local civil time taken as if UTC; NULL: UTC. */
	int (*utc_offset)(void *arg, nstime local);
	void *utc_arg;
	nstime now;                /* for year-less times of inputs without mtime */
};

struct decode_tables;
struct decode_tables *decode_tables_new(const struct decode_options *opt, struct err *e);
void decode_tables_free(struct decode_tables *t);
const char *decode_format_name(unsigned i); /* NULL behind the last */

struct decoder; /* one thread's scratch */
struct decoder *decoder_new(const struct decode_tables *t);
void decoder_free(struct decoder *d);

/* A block to decode: whole lines of one file. */
struct decode_in {
	struct slice data;
	uint64_t offset;       /* of data in the file */
	uint32_t source;       /* file number, copied into events */
	struct slice host;     /* host when the line names none */
	bool host_wins;        /* the folder layout or organisation file overrides the line's host name */
	struct slice path;     /* of the file: btmp is told from wtmp by its name */
	nstime mtime;          /* of the file; NSTIME_NONE unknown */
	bool records;          /* utmp records instead of lines */
	bool turned;           /* the lines of [offset, offset + data.n) in reverse (a log that is written newest first) */
	int format;            /* row to try first; -1 unknown. The stream passes on what decode_block returned */
	/* Offsets within data, ascending: the lines they lie in become events (EV_MARKED) whatever they say. */
	const uint32_t *marks;
	size_t nmarks;
	/* Or who finds them, when a line comes that is not JSON (every JSON object is an event where rules look at them). Records of lines without
	 * one are EV_PLAIN then. NULL: nobody. */
	void (*look)(void *arg, struct slice data, const uint32_t **marks, size_t *n);
	void *look_arg;
	/* Does no rule hold for this audit record? known: e is not made yet, only its raw line, flags, action, dataset, type and pairs are there, and the
	 * answer may be no for want of knowing. A group's records that nobody else wants make no event then; others are EV_DULL. NULL: rules are asked later. */
	bool (*dull)(void *arg, const struct event *e, bool known);
	void *dull_arg;
};
/* Appends events to out in line order. Slices in events point into in->data and out->arena. Returns the format row that
 * fitted last (or in->format). */
int decode_block(struct decoder *d, const struct decode_in *in, struct batch *out, struct decode_stats *stats);

/* ---- joining across lines (audit records of one happening), in stream order ---------------------------------- */
/* One per stream. Takes the events decode_block gave, in order, and gives the events to judge: those it passes
 * through, and those it makes. Bounded memory. */
struct joiner;
struct joiner *joiner_new(const struct decode_tables *t);
void joiner_free(struct joiner *j);
/* Events that leave are appended to out (deep copies where they must outlive in); in is left without events that matter: an empty
 * out may just have changed places with it. final: no more will come. */
void joiner_run(struct joiner *j, struct batch *in, struct batch *out, bool final);
/* What it remembers to bytes and back (into a fresh one), so that a process that goes on after a restart joins the same. False: no such bytes. */
void joiner_save(const struct joiner *j, struct buf *b);
bool joiner_load(struct joiner *j, struct wire *w);

#endif
