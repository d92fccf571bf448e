/* verify.c - every record against the one before, the head beside the file, and the anchors kept elsewhere. */
#include "chain/chain_private.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX ((size_t)4 << 30)

struct check {
	chain_problem_fn *tell;
	void *arg;
	struct chain_report *out;
	struct chain_head last;   /* newest record read */
	char torn[2 * CHAIN_HASH + 1];
	uint64_t torn_line, torn_offset;
	struct { struct chain_head *v; size_t n, cap; } anchors;
	size_t next;              /* anchor to compare: they are sorted by number */
	struct chain_head head;
	bool has_head, head_met;
};

static void PRINTF_LIKE(4, 5) problem(struct check *c, uint64_t line, uint64_t offset, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	c->out->problems++;
	if (c->tell)
		c->tell(c->arg, &(struct chain_problem){line, offset, text});
}

static int by_seq(const void *a, const void *b)
{
	const struct chain_head *x = a, *y = b;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

/* "anchor seq=N sha256=HEX", wherever it stands. */
static void read_anchors(struct check *c, struct slice text)
{
	for (ssize_t at; (at = slice_find(text, SL("anchor seq="))) >= 0;) {
		struct slice rest = slice_from(text, (size_t)at + sizeof "anchor seq=" - 1), number;
		text = rest;
		struct chain_head h = {0};
		if (!slice_cut(&rest, ' ', &number) || !slice_u64(number, UINT64_MAX, &h.seq) || !slice_starts(rest, SL("sha256=")) || rest.n < 7 + 2 * CHAIN_HASH)
			continue;
		memcpy(h.hash, rest.p + 7, 2 * CHAIN_HASH);
		*vec_push(&c->anchors) = h;
	}
	if (c->anchors.n)
		qsort(c->anchors.v, c->anchors.n, sizeof *c->anchors.v, by_seq);
}

static void against_anchors(struct check *c, uint64_t line, uint64_t offset)
{
	for (; c->next < c->anchors.n && c->anchors.v[c->next].seq <= c->last.seq; c->next++) {
		const struct chain_head *a = &c->anchors.v[c->next];
		if (a->seq != c->last.seq)
			continue; /* its record was missed: told already */
		c->out->anchors++;
		if (sodium_memcmp(a->hash, c->last.hash, 2 * CHAIN_HASH) != 0)
			problem(c, line, offset, "record %llu is not the one that was anchored: it or an earlier one was changed", (unsigned long long)a->seq);
	}
}

static void settle_torn(struct check *c, struct slice line, uint64_t n, uint64_t offset)
{
	struct slice named = chain_torn(line);
	if (c->torn[0] && slice_eqz(named, c->torn))
		c->out->torn++;
	else if (c->torn[0])
		problem(c, c->torn_line, c->torn_offset, "this line is no record, and the next record does not name it as torn: it was changed or put in");
	else if (named.n)
		problem(c, n, offset, "the record names a torn line before it that is not there: it was removed");
	c->torn[0] = 0;
}

static void check_record(struct check *c, struct slice line, uint64_t n, uint64_t offset)
{
	static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
	uint64_t seq;
	struct slice prev;
	if (!chain_parse(line, &seq, &prev)) {
		if (c->torn[0])
			problem(c, c->torn_line, c->torn_offset, "this line is no record, nor is the next: it was changed or put in");
		chain_sha256(line, c->torn);
		c->torn_line = n;
		c->torn_offset = offset;
		return;
	}
	settle_torn(c, line, n, offset);
	const char *want = c->last.seq ? c->last.hash : zeros;
	if (seq > c->last.seq + 1)
		problem(c, n, offset, "record %llu follows record %llu: %llu in between were removed", (unsigned long long)seq, (unsigned long long)c->last.seq,
			(unsigned long long)(seq - c->last.seq - 1));
	else if (seq <= c->last.seq)
		problem(c, n, offset, "record %llu stands behind record %llu: moved, repeated or put in", (unsigned long long)seq, (unsigned long long)c->last.seq);
	else if (!slice_eqz(prev, want))
		problem(c, n, offset, "record %llu does not follow from the line before: record %llu was changed", (unsigned long long)seq, (unsigned long long)seq - 1);
	c->last.seq = seq;
	chain_sha256(line, c->last.hash);
	c->out->records++;
	if (c->has_head && c->head.seq == seq && slice_eqz(slice_of(c->head.hash), c->last.hash))
		c->head_met = true;
	against_anchors(c, n, offset);
}

static void check_end(struct check *c, uint64_t lines, uint64_t offset)
{
	if (c->torn[0])
		problem(c, c->torn_line, c->torn_offset, "the last line is no record: it was changed or put in");
	if (!c->has_head && c->out->records)
		problem(c, lines, offset, "the head file beside the log is missing: whether the end was cut cannot be told");
	else if (c->has_head && c->head.seq > c->last.seq)
		problem(c, lines, offset, "the log ends with record %llu, the head names %llu: the end was cut off", (unsigned long long)c->last.seq, (unsigned long long)c->head.seq);
	else if (c->has_head && !c->head_met)
		problem(c, lines, offset, "record %llu is not the one the head names: it or an earlier one was changed", (unsigned long long)c->head.seq);
	else if (c->has_head && c->last.seq > c->head.seq + 1)
		problem(c, lines, offset, "%llu records stand behind the one the head names: they were put in", (unsigned long long)(c->last.seq - c->head.seq));
	for (; c->next < c->anchors.n; c->next++)
		problem(c, lines, offset, "record %llu was anchored and is not in the log: the end was cut off", (unsigned long long)c->anchors.v[c->next].seq);
}

int chain_verify(const char *path, struct slice anchors, chain_problem_fn *tell, void *arg, struct chain_report *out, struct err *e)
{
	struct buf b = {0};
	struct check c = {.tell = tell, .arg = arg, .out = out};
	*out = (struct chain_report){0};
	if (sodium_init() < 0)
		return err_set(e, ERR_IO, "libsodium cannot start");
	int rc = chain_slurp(path, FILE_MAX, &b, e), head = rc ? 0 : chain_head_read(path, &c.head, e);
	if (!rc && head && head != ERR_NOENT && head != ERR_SYNTAX)
		rc = head;
	if (rc) {
		buf_free(&b);
		return rc;
	}
	c.has_head = !head;
	read_anchors(&c, anchors);
	struct slice all = buf_slice(&b), rest = all, line;
	uint64_t n = 0;
	while (rest.n) {
		uint64_t offset = (uint64_t)(rest.p - all.p);
		bool whole = slice_cut(&rest, '\n', &line);
		if (!whole) {
			line = rest;
			rest.n = 0;
		}
		n++;
		if (whole) {
			check_record(&c, line, n, offset);
		} else {
			problem(&c, n, offset, "the last line has no end: a record was torn (power cut, full disk; the next one will name it), or something was put in");
		}
	}
	check_end(&c, n, all.n);
	snprintf(out->hash, sizeof out->hash, "%s", c.last.hash);
	free(c.anchors.v);
	buf_free(&b);
	return 0;
}
