/* test_decode_data.c - test/data/decode/NAME.tsv: log line, event.action, event.outcome, then field=value. "-" as the action:
 * the line must not be understood. "@time=" compares the beginning of the UTC time; "dataset=" and "host=" the event's own.
 * Every line is a block of its own; zone UTC, now 2026-06-01, every action wanted. "\n" and "\t" in a line stand for themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "decode/decode.h"

enum { FIELDS_MAX = 40, FILES_MAX = 128, FAILURES_SHOWN = 20 };

struct harness {
	struct decode_options opt;
	struct decode_tables *t;
	struct decoder *d;
	struct joiner *j;
	struct batch in, out;
	const char *file;
	unsigned row, failures;
};

static void complain(struct harness *h, struct slice line, const char *what, struct slice want, struct slice got)
{
	if (h->failures++ < FAILURES_SHOWN)
		print_error("%s:%u: %s: expected '%.*s', got '%.*s'\n    %.*s\n", h->file, h->row, what, (int)want.n, want.p ? want.p : "", (int)got.n,
			    got.p ? got.p : "", (int)MIN(line.n, (size_t)240), line.p);
}

static struct slice value_text(const struct value *v, char buf[32])
{
	if (v->p)
		return slice_make(v->p, v->len);
	int n = snprintf(buf, 32, "%lld", (long long)v->n);
	return slice_make(buf, (size_t)n);
}

/* The value of a field by its name, known or not; several values: any that is equal, else the first. */
static struct slice value_of(const struct event *e, struct slice name, struct slice want, char buf[32])
{
	struct slice found = SLICE_NONE;
	for (uint32_t i = 0; i < e->nvalues; i++) {
		const struct value *v = &e->values[i];
		const char *n = v->field < FIELD_COUNT ? field_table[v->field].name : v->name;
		if (!n || !slice_eqz(name, n))
			continue;
		struct slice text = value_text(v, buf);
		if (slice_eq(text, want))
			return text;
		if (!found.p)
			found = text;
	}
	return found;
}

static struct slice time_of(const struct event *e, struct buf *b)
{
	b->n = 0;
	event_json(b, e, SL("x"));
	struct slice s = slice_make(b->p, b->n);
	ssize_t at = slice_find(s, SL("\"@timestamp\":\""));
	if (at < 0)
		return SLICE_NONE;
	s = slice_from(s, (size_t)at + 14);
	return slice_to(s, (size_t)MAX(slice_chr(s, '"'), 0));
}

static void check_field(struct harness *h, struct slice line, const struct event *e, struct slice field)
{
	struct slice value = field, name;
	char number[32];
	struct buf b = {0};
	struct slice got;
	if (!slice_cut(&value, '=', &name)) {
		complain(h, line, "a field without '='", field, SLICE_NONE);
		return;
	}
	if (slice_eqz(name, "@time")) {
		got = slice_to(time_of(e, &b), value.n);
	} else if (slice_eqz(name, "dataset")) {
		got = e->dataset;
	} else if (slice_eqz(name, "host")) {
		got = e->host;
	} else {
		got = value_of(e, name, value, number);
	}
	if (!slice_eq(got, value)) {
		char what[80];
		snprintf(what, sizeof what, "%.*s", (int)MIN(name.n, (size_t)70), name.p);
		complain(h, line, what, value, got);
	}
	buf_free(&b);
}

/* "\n" becomes a line's end: records that belong together. */
static struct slice unescape(struct slice s, struct buf *b)
{
	b->n = 0;
	for (size_t i = 0; i < s.n; i++) {
		bool escape = s.p[i] == '\\' && i + 1 < s.n && s.p[i + 1] == 'n' && slice_starts(slice_from(s, i + 2), SL("type="));
		buf_adds(b, escape ? SL("\n") : slice_make(s.p + i, 1));
		i += escape;
	}
	return slice_make(b->p, b->n);
}

static void check_row(struct harness *h, struct slice row)
{
	static const char *const outcomes[] = {"", "success", "failure", "unknown"};
	struct slice part[FIELDS_MAX];
	struct decode_stats stats;
	struct buf text = {0};
	size_t n = 0;
	while (n < FIELDS_MAX && row.n) {
		if (!slice_cut(&row, '\t', &part[n++])) {
			part[n - 1] = row;
			break;
		}
	}
	if (n < 2) {
		complain(h, row, "a row of one column", SLICE_NONE, SLICE_NONE);
		return;
	}
	batch_reset(&h->in);
	batch_reset(&h->out);
	decode_stats_init(&stats);
	struct decode_in in = {.data = unescape(part[0], &text), .path = SL("test.log"), .mtime = NSTIME_NONE, .format = -1};
	h->j = joiner_new(h->t);
	decode_block(h->d, &in, &h->in, &stats);
	joiner_run(h->j, &h->in, &h->out, true);
	const struct event *e = h->out.n ? &h->out.v[0] : NULL; /* one line may tell of several packages */
	struct slice action = e ? slice_of(action_table[e->action].name) : SLICE_NONE;
	struct slice want = slice_eqz(part[1], "-") ? SLICE_NONE : part[1];
	if (!slice_eq(action, want)) {
		complain(h, part[0], "event.action", want, action);
	} else if (e && n > 2) {
		struct slice outcome = slice_of(e->outcome < ARRAY_LEN(outcomes) ? outcomes[e->outcome] : "?");
		if (!slice_eq(slice_eqz(part[2], "-") ? SLICE_NONE : part[2], outcome))
			complain(h, part[0], "event.outcome", part[2], outcome);
		for (size_t i = 3; i < n; i++)
			if (part[i].n)
				check_field(h, part[0], e, part[i]);
	}
	joiner_free(h->j);
	buf_free(&text);
}

static char *read_file(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return NULL;
	char *p = malloc(1 << 20);
	*n = fread(p, 1, 1 << 20, f);
	fclose(f);
	return p;
}

static void check_file(void **state)
{
	struct harness h = {.file = *state};
	struct err e;
	size_t n;
	char path[512];
	interest_all(&h.opt.want);
	h.opt.now = 1780272000 * NS_SEC; /* 2026-06-01 */
	h.t = decode_tables_new(&h.opt, &e);
	assert_non_null(h.t);
	h.d = decoder_new(h.t);
	batch_init(&h.in);
	batch_init(&h.out);
	snprintf(path, sizeof path, "%s/test/data/decode/%s", getenv("POSTERN_SOURCE_ROOT"), h.file);
	char *text = read_file(path, &n);
	assert_non_null(text);
	struct slice rest = slice_make(text, n), row;
	unsigned rows = 0;
	while (rest.n) {
		if (!slice_cut(&rest, '\n', &row)) {
			row = rest;
			rest = SLICE_NONE;
		}
		h.row++;
		if (!row.n || (row.p[0] == '#' && (row.n == 1 || row.p[1] == ' ')))
			continue;
		rows++;
		for (int again = 0; again < 3; again++) /* what memos kept of a line says the same as the line */
			check_row(&h, row);
	}
	free(text);
	batch_free(&h.in);
	batch_free(&h.out);
	decoder_free(h.d);
	decode_tables_free(h.t);
	assert_true(rows > 3);
	assert_int_equal(h.failures, 0);
}

int main(void)
{
	static char names[FILES_MAX][64];
	static struct CMUnitTest tests[FILES_MAX];
	size_t n = 0;
	char path[512];
	const char *root = getenv("POSTERN_SOURCE_ROOT");
	if (!root) {
		fprintf(stderr, "POSTERN_SOURCE_ROOT must name the project's folder\n");
		return 1;
	}
	snprintf(path, sizeof path, "%s/test/data/decode", root);
	DIR *d = opendir(path);
	for (struct dirent *e; d && n < FILES_MAX && (e = readdir(d));) {
		size_t len = strlen(e->d_name);
		if (len < 5 || len >= sizeof names[0] || strcmp(e->d_name + len - 4, ".tsv") != 0)
			continue;
		memcpy(names[n], e->d_name, len + 1);
		tests[n] = (struct CMUnitTest){.name = names[n], .test_func = check_file, .initial_state = names[n]};
		n++;
	}
	if (d)
		closedir(d);
	if (n < 10) {
		fprintf(stderr, "%s: only %zu files\n", path, n);
		return 1;
	}
	return _cmocka_run_group_tests("decode data", tests, n, NULL, NULL);
}
