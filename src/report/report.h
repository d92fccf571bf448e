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

struct report_input {
	const struct incidents *incidents;
	const struct ledger *ledger;
	const struct org *org;
	const char *version;
	nstime now;                  /* time of the report */
};
struct report_text_options {
	bool color;
	unsigned width;              /* columns, 80 when unknown */
	enum level min_level;        /* findings below are only counted */
	bool verbose;                /* all evidence, all files of the ledger */
};
void report_text(struct buf *out, const struct report_input *in, const struct report_text_options *opt);
/* JSON lines: Incident Finding (2005) each, Detection Finding (2004) each, the ledger as the last line. OCSF 1.3.0. */
void report_json(struct buf *out, const struct report_input *in);
/* JSON lines with ECS keys, one finding each: for Elastic and OpenSearch. */
void report_ecs(struct buf *out, const struct report_input *in);
/* One self-contained HTML page. */
void report_html(struct buf *out, const struct report_input *in);

#endif
