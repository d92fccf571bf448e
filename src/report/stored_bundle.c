/* stored_bundle.c - everything about a stored incident for somebody else, in one tar that can be checked. */
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>

static const char readme[] =
	"This bundle was made by Postern %s (postern incident export) about incident %s.\n"
	"\n"
	"What is in it\n"
	"  report.html, report.txt  the same story for people: what happened, in order, why it counts as grave, what was done\n"
	"  incident.jsonl           the same for machines: OCSF 1.3.0, first the incident (class 2005) with status, notes and actions,\n"
	"                           then each finding (class 2004) with its raw lines\n"
	"  evidence/NAME.raw        raw log lines as they were read, byte for byte, each followed by a line end; one file per log\n"
	"  evidence/INDEX.tsv       where each of them came from: file here, byte in it, length, host, path of the log, byte in the log\n"
	"                           (unpacked), time in UTC, finding\n"
	"  notes.txt                what people noted\n"
	"  audit.jsonl              records of Postern's audit log that name this incident, unchanged\n"
	"  audit-head.txt           number and SHA-256 of the audit log's newest record when this was made\n"
	"  SHA256SUMS               SHA-256 of every other file\n"
	"\n"
	"How to check it\n"
	"  1. Unpack it, go into the folder, and run:  sha256sum -c SHA256SUMS\n"
	"  2. The SHA-256 of the whole tar stands in the audit log of the machine it was made on, in the record \"incident-exported\":\n"
	"     compare it with  sha256sum FILE\n"
	"  3. Each line of audit.jsonl carries in \"prev\" the SHA-256 of the record before it. On the machine,  postern log verify\n"
	"     checks the whole chain; with --anchors also against the syslog of another machine.\n"
	"\n"
	"What to know\n"
	"  Of each finding at most %d lines and %d bytes of raw lines are kept, of a line at most %d bytes; the count goes on. The logs\n"
	"  themselves are the better evidence: keep them, too. Times are UTC.\n";

/* ---- evidence ------------------------------------------------------------------------------------------------------------ */

struct piece {
	const struct evidence *e;
	const char *finding;
};

static int by_place(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	if (x->e->source != y->e->source)
		return x->e->source < y->e->source ? -1 : 1;
	if (x->e->offset != y->e->offset)
		return x->e->offset < y->e->offset ? -1 : 1;
	return strcmp(x->finding, y->finding);
}

static struct piece *collect(const struct stored *x, size_t *n)
{
	size_t all = 0;
	*n = 0;
	for (size_t i = 0; i < incidents_findings(x->in); i++)
		all += incidents_finding(x->in, i)->nevidence;
	struct piece *v = xcalloc(all + 1, sizeof *v);
	for (size_t i = 0; i < incidents_findings(x->in); i++)
		for (size_t k = 0; k < incidents_finding(x->in, i)->nevidence; k++)
			v[(*n)++] = (struct piece){&incidents_finding(x->in, i)->evidence[k], incidents_finding(x->in, i)->uid};
	qsort(v, all, sizeof *v, by_place);
	return v;
}

/* "evidence/03-web1-auth.log.raw": of what a log may be called only what is safe in every shell. */
static void evidence_name(const struct stored *x, uint32_t source, char out[static 128])
{
	const struct ledger_file *f = source < x->ledger.nfiles ? &x->ledger.files[source] : NULL;
	struct slice parts[] = {f ? f->host : SLICE_NONE, f ? slice_basename(f->path) : SLICE_NONE};
	int n = snprintf(out, 128, "evidence/%02u", f ? source + 1 : 0);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		for (size_t k = 0; k < MIN(parts[i].n, (size_t)40); k++) {
			char c = parts[i].p[k];
			bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
			if (!k)
				out[n++] = '-';
			out[n++] = safe ? c : '_';
		}
	}
	snprintf(out + n, (size_t)(128 - n), ".raw");
}

static void index_line(struct buf *index, const struct stored *x, const struct piece *p, const char *name, size_t at)
{
	char t[40];
	const struct ledger_file *f = p->e->source < x->ledger.nfiles ? &x->ledger.files[p->e->source] : NULL;
	buf_addf(index, "%s\t%zu\t%zu\t", name, at, p->e->raw.n);
	buf_term(index, f ? f->host : SLICE_NONE);
	buf_addc(index, '\t');
	buf_term(index, f ? f->path : SLICE_NONE);
	buf_addf(index, "\t%llu\t%s\t%s\n", (unsigned long long)p->e->offset, time_rfc3339(p->e->time, t), p->finding);
}

/* A line that several findings show lies in the file once, and in the index for each. */
static void add_evidence(struct bundle *b, const struct stored *x)
{
	struct buf index = {0}, raw = {0};
	size_t n, at = 0;
	struct piece *v = collect(x, &n);
	char name[128] = "";
	buf_addz(&index, "file\tbyte\tlength\thost\tlog\tbyte_in_log\ttime\tfinding\n");
	for (size_t i = 0; i < n; i++) {
		bool first = !i || v[i].e->source != v[i - 1].e->source;
		if (first) {
			if (i)
				bundle_add(b, name, buf_slice(&raw));
			raw.n = 0;
			evidence_name(x, v[i].e->source, name);
		}
		if (first || v[i].e->offset != v[i - 1].e->offset) {
			at = raw.n;
			buf_adds(&raw, v[i].e->raw);
			buf_addc(&raw, '\n');
		}
		index_line(&index, x, &v[i], name + sizeof "evidence/" - 1, at);
	}
	if (n)
		bundle_add(b, name, buf_slice(&raw));
	bundle_add(b, "evidence/INDEX.tsv", buf_slice(&index));
	buf_free(&index);
	buf_free(&raw);
	free(v);
}

/* ---- the rest ------------------------------------------------------------------------------------------------------------ */

static bool names_one(struct slice line, const struct slice *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_has(line, ids[i]))
			return true;
	return false;
}

void report_audit(const char *state, const struct slice *ids, size_t nids, struct buf *lines, struct buf *head)
{
	char path[4200], *line = NULL;
	size_t cap = 0;
	ssize_t n;
	snprintf(path, sizeof path, "%s/audit.log", state);
	FILE *f = fopen(path, "re");
	while (f && (n = getline(&line, &cap, f)) > 0)
		if (names_one(slice_make(line, (size_t)n), ids, nids))
			buf_add(lines, line, (size_t)n);
	if (f)
		fclose(f);
	snprintf(path, sizeof path, "%s/audit.log.head", state);
	f = fopen(path, "re");
	if (f && (n = getline(&line, &cap, f)) > 0)
		buf_add(head, line, (size_t)n);
	if (f)
		fclose(f);
	free(line);
}

static void add_notes(struct bundle *b, const struct stored *x)
{
	char t[40];
	struct buf out = {0};
	for (size_t i = 0; i < x->life.nnotes; i++) {
		buf_addf(&out, "%s  ", time_rfc3339(x->life.notes[i].time, t));
		buf_term(&out, x->life.notes[i].author);
		buf_addz(&out, ": ");
		buf_term(&out, x->life.notes[i].text);
		buf_addc(&out, '\n');
	}
	bundle_add(b, "notes.txt", buf_slice(&out));
	buf_free(&out);
}

static void add_reports(struct bundle *b, const struct stored *x)
{
	struct buf out = {0};
	struct report_text_options opt = {.width = 120, .verbose = true};
	buf_addf(&out, readme, x->report.version, x->row.id, LIMIT_EVIDENCE, LIMIT_EVIDENCE_BYTES, LIMIT_RAW_KEPT);
	bundle_add(b, "README.txt", buf_slice(&out));
	out.n = 0;
	report_html(&out, &x->report);
	bundle_add(b, "report.html", buf_slice(&out));
	out.n = 0;
	report_text(&out, &x->report, &opt);
	bundle_add(b, "report.txt", buf_slice(&out));
	out.n = 0;
	report_json(&out, &x->report);
	bundle_add(b, "incident.jsonl", buf_slice(&out));
	buf_free(&out);
}

int stored_bundle(const struct stored *x, struct slice audit, struct slice head, struct buf *out, struct err *e)
{
	char folder[64];
	snprintf(folder, sizeof folder, "incident-%s", x->row.id);
	struct bundle *b = bundle_new(folder, x->row.updated);
	add_reports(b, x);
	add_evidence(b, x);
	add_notes(b, x);
	bundle_add(b, "audit.jsonl", audit);
	bundle_add(b, "audit-head.txt", head.n ? head : SL("no audit log yet\n"));
	int rc = bundle_write(b, out, e);
	bundle_free(b);
	return rc;
}
