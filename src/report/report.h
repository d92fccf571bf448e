/* report.h - incidents, findings and the ledger as text, JSON lines (OCSF) and HTML.
 *
 * Writes into a struct buf; never to a file, never exits. All text from logs passes buf_term, buf_json or buf_html.
 */
#ifndef POSTERN_REPORT_H
#define POSTERN_REPORT_H

#include "core/core.h"
#include "event/event.h"
#include "incident/incident.h"

/* One input file's line in the ledger. */
struct ledger_file {
	struct slice path, host;
	uint64_t bytes, lines, decoded, unwanted, other, unknown, no_format, too_long, invalid_utf8, nul_bytes, no_time, late, logins;
	nstime first, last;
	bool year_inferred;
	uint32_t formats;            /* bits for decode_format_name */
	struct { uint64_t offset; struct slice text; } example[3]; /* of lines not understood */
	size_t nexamples;
};
struct ledger_problem {
	struct slice kind, path, text;
};
struct ledger_blind { /* a source that should show something and does not, or a host without one */
	struct slice host, what, advice;
};
struct ledger_suppressed { /* findings that a suppression took, or took until it ended; none: it fits nothing here */
	struct slice rule, reason;
	nstime until;
	uint64_t count;
	bool ended;
};
struct ledger {
	struct ledger_file *files; size_t nfiles;
	struct ledger_problem *problems; size_t nproblems;
	uint64_t problems_total;
	struct ledger_blind *blind; size_t nblind;
	uint64_t bytes, lines, decoded, unwanted, other, unknown, no_format, too_long, invalid_utf8, late;
	uint64_t forgotten;          /* detector memory that had to go */
	struct ledger_suppressed *suppressed; size_t nsuppressed;
	uint64_t findings_dropped;   /* beyond LIMIT_FINDINGS */
	uint64_t given_up;           /* searches of regular expressions that reached their limit */
	nstime first, last;
	double seconds;              /* wall time; 0: not told (keeps output reproducible) */
	struct slice org_file;       /* which org.yaml was used, or empty */
	const char *(*format_name)(unsigned i);
};

/* What became of a stored incident: told with it, instead of a run's ledger (of which only the files' paths are used then). */
struct report_note {
	nstime time;
	struct slice author, text;
};
struct report_action {
	struct slice id, kind, target, state, result;
	nstime created, until;       /* NSTIME_NONE: without end */
};
struct report_life {
	struct slice status;         /* "open", "closed", ... */
	nstime opened, updated, closed; /* NSTIME_NONE: open */
	struct slice closer, closing; /* who closed it, and why */
	struct slice merged, follows; /* ids, or empty */
	struct slice *joined; size_t njoined; /* ids of those that went into it */
	struct report_note *notes; size_t nnotes;
	struct report_action *actions; size_t nactions;
};

struct report_input {
	const struct incidents *incidents;
	const struct ledger *ledger;
	const struct org *org;
	const char *version;
	nstime now;                  /* time of the report */
	const struct report_life *life; /* NULL: of a run */
};
struct report_text_options {
	bool color;
	unsigned width;              /* columns, 80 when unknown */
	enum level min_level;        /* findings below are only counted */
	bool verbose;                /* all evidence, all files of the ledger */
};
void report_text(struct buf *out, const struct report_input *in, const struct report_text_options *opt);
/* JSON lines: Incident Finding (2005) each, Detection Finding (2004) each, the ledger as the last line. OCSF 1.3.0. With a life, its
 * status is the incident's, the rest of it is in "unmapped", and there is no ledger. */
void report_json(struct buf *out, const struct report_input *in);
/* One incident as a line of OCSF, as report_json() writes it. */
struct report_incident {
	const struct incident *incident;
	const char *id;              /* under which it is kept; NULL: its own */
	struct slice status;         /* "open", "closed", "false-positive", "merged" */
	const char *version;
	bool update;                 /* it was told before */
	size_t most, most_bytes;     /* items of each list, bytes of each text; SIZE_MAX: all */
	const struct report_life *life; /* NULL: not told */
};
void report_incident_json(struct buf *out, const struct report_incident *x);
/* One finding by itself, of no log: Detection Finding (2004), as report_json() writes it. */
void report_finding_json(struct buf *out, const char *version, nstime now, const struct finding *f);
/* JSON lines with ECS keys, one finding each: for Elastic and OpenSearch. */
void report_ecs(struct buf *out, const struct report_input *in);
/* One self-contained HTML page. */
void report_html(struct buf *out, const struct report_input *in);

/* The two pictures of the HTML page, for another page in words of its own; NULL: as that page has them. With words there is no style attribute; classes are .logins (g.in, g.out
 * with rect and text, .edge, .head, .account) and .times (.dot.l0 to .l4, .grid, .axis, .stage). */
struct report_words {
	struct slice title, text;    /* name and description of the picture */
	const char *stages[STAGE_COUNT]; /* of the timeline: HTML */
};
void report_svg_timeline(struct buf *out, const struct incident *in, const struct report_words *w);
void report_svg_logins(struct buf *out, const struct incident *in, const struct org *org, const struct report_words *w); /* nothing when there are no hops */

/* ---- a stored incident, told anew from all its findings ----------------------------------------------------------------------- */
struct stored {
	struct arena mem;
	struct store_incident row;
	char merged[40];             /* the one that was asked for, when it went into this one; else "" */
	struct incidents *in;        /* one incident, or none when nothing of it is stored any more */
	struct ledger ledger;        /* only the files that evidence lies in; numbers in findings are changed to fit */
	struct report_life life;
	struct report_input report;
};
/* id: or how it begins. One that went into another is that other one. org and version outlive x. 0 or ERR_* with *e. stored_free() in any case. */
int stored_load(struct stored *x, struct store *s, const char *id, const struct org *org, const char *version, struct err *e);
void stored_free(struct stored *x);
/* Everything about it for somebody else, in one tar that can be checked. audit: lines of the audit log about it, head: of its newest record (report_audit()). */
int stored_bundle(const struct stored *x, struct slice audit, struct slice head, struct buf *out, struct err *e);
/* Lines of STATE/audit.log that name one of ids, unchanged, and what STATE/audit.log.head says; nothing when there is no log. */
void report_audit(const char *state, const struct slice *ids, size_t n, struct buf *lines, struct buf *head);

/* ---- a bundle: named files in one tar, with their SHA-256 ------------------------------------------------------------------- */
struct bundle;
/* folder: what all names begin with. mtime: of every file, so that the same contents give the same bytes. */
struct bundle *bundle_new(const char *folder, nstime mtime);
void bundle_free(struct bundle *b);
/* Copies. A name is relative, of printable ASCII without blanks, and given once. */
void bundle_add(struct bundle *b, const char *name, struct slice bytes);
/* As pax tar, in order of names, with SHA256SUMS as sha256sum(1) checks it. */
int bundle_write(struct bundle *b, struct buf *out, struct err *e);

#endif
