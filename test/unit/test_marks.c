/* test_marks.c - the lines of a block that rules must see: those with a literal of theirs, and those in which a value may stand
 * escaped; against a look at each line by itself. And records of the audit system, whose texts are not searched again where the block was:
 * against a set of rules without indexes. */
#include "decode/decode.h"
#include "pipeline/pipeline.h"
#include "sigma/sigma.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>

static const char rule[] =
	"title: t\nid: 00000000-0000-4000-8000-000000000001\nlogsource:\n  category: webserver\ndetection:\n  s:\n    cs-uri-query|contains: 'evilword'\n"
	"  condition: s\nlevel: low\n";

static const struct slice wanted[] = {SL("evilword"), SL("EvilWord"), SL("%"), SL("\\"), SL("\xe2\x84\xaa"), SL("\xc5\xbf")};
/* Bytes that begin like an escape and are none, and a literal cut short. */
static const struct slice unwanted[] = {SL("evilwor"), SL("\xe2\x84\xa2"), SL("\xc5\xa1"), SL("\xe2"), SL("\xc5"), SL("plain")};

static bool holds(struct slice line)
{
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (slice_ihas(line, wanted[i]))
			return true;
	return false;
}

/* Lines of all lengths, so that what matters comes to lie at every place of a step of the search, and at the block's very end. */
static void make_block(struct buf *b, unsigned seed)
{
	uint64_t x = seed;
	b->n = 0;
	for (unsigned lines = 1 + seed % 7; lines--;) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		for (unsigned i = 0; i < (x >> 33) % 40; i++)
			buf_addc(b, 'a');
		if (x >> 60 < 5)
			buf_adds(b, wanted[(x >> 40) % ARRAY_LEN(wanted)]);
		else if (x >> 60 < 11)
			buf_adds(b, unwanted[(x >> 40) % ARRAY_LEN(unwanted)]);
		for (unsigned i = 0; i < (x >> 50) % 20; i++)
			buf_addc(b, 'b');
		if (lines || seed & 1)
			buf_addc(b, '\n');
	}
}

static void check_block(struct sigma_marker *m, struct slice block)
{
	struct sigma_marks marks = {0};
	size_t next = 0, marked = 0;
	char *copy = xmalloc(MAX(block.n, (size_t)1)); /* of exactly its size: reading past it is seen */
	memcpy(copy, block.p, block.n);
	block.p = copy;
	sigma_mark(m, block, &marks);
	for (size_t at = 0; at < block.n;) {
		struct slice rest = slice_from(block, at);
		ssize_t nl = slice_chr(rest, '\n');
		size_t end = at + (nl < 0 ? rest.n : (size_t)nl);
		bool here = next < marks.n && marks.v[next] >= at && marks.v[next] <= end;
		assert_int_equal(here, holds(slice_make(block.p + at, end - at)));
		marked += here;
		next += here;
		at = end + 1;
	}
	assert_int_equal(next, marks.n);
	assert_int_equal(marked, marks.n);
	free(marks.v);
	free(copy);
}

static void test_lines(void **state)
{
	struct sigma_options opt = {0};
	struct sigma_set *s = sigma_new(&opt);
	struct err e;
	struct buf b = {0};
	(void)state;
	sigma_add_text(s, slice_of(rule), "rule.yml");
	assert_int_equal(sigma_seal(s, &e), 0);
	assert_int_equal(sigma_count(s), 1);
	struct sigma_marker *m = sigma_marker_new(s);
	assert_non_null(m);
	for (unsigned seed = 1; seed < 4000; seed++) {
		make_block(&b, seed);
		check_block(m, buf_slice(&b));
	}
	buf_free(&b);
	sigma_marker_free(m);
	sigma_free(s);
}

/* ---- audit records ---------------------------------------------------------------------------------------------- */

static const char records_rules[] =
	"title: words\nid: 00000000-0000-4000-8000-000000000011\nlogsource:\n  product: linux\ndetection:\n  k:\n    - 'evilword'\n    - 'killword'\n  condition: k\nlevel: low\n---\n"
	"title: two\nid: 00000000-0000-4000-8000-000000000012\nlogsource:\n  product: linux\ndetection:\n  k:\n    '|all':\n      - 'firstword'\n      - 'otherword'\n  condition: k\nlevel: low\n---\n"
	"title: record\nid: 00000000-0000-4000-8000-000000000013\nlogsource:\n  product: linux\n  service: auditd\ndetection:\n  s:\n    type: EXECVE\n  k:\n    - 'firstword'\n  condition: s and k\nlevel: low\n---\n"
	"title: argument\nid: 00000000-0000-4000-8000-000000000014\nlogsource:\n  product: linux\n  service: auditd\ndetection:\n  s:\n    type: EXECVE\n    a1|contains: 'evil'\n  condition: s\nlevel: low\n---\n"
	"title: process\nid: 00000000-0000-4000-8000-000000000015\nlogsource:\n  product: linux\n  category: process_creation\ndetection:\n  s:\n    CommandLine|contains: 'otherword'\n  condition: s\nlevel: low\n";
/* A second set of rules with one that reads keywords and a field: then no line can be passed over. */
static const char mixed_rule[] =
	"---\ntitle: mixed\nid: 00000000-0000-4000-8000-000000000016\nlogsource:\n  product: linux\ndetection:\n  s:\n    SYSCALL: execve\n  k:\n    - 'firstword'\n  condition: s and k\nlevel: low\n";

static const char *const arguments[] = {"\"plain\"", "\"evilword\"", "\"firstword\"", "\"otherword\"", "6576696C776F7264", "6669727374776F7264", "\"\xe2\x84\xaaillword\"",
	"\"FirstWord\"", "6F74686572776F7264", "2D", "\"evil\"", "\"killword\""};

static void make_records(struct buf *b, unsigned seed)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;
	b->n = 0;
	for (unsigned serial = 1; serial < 12; serial++) {
		const char *a[3];
		for (unsigned i = 0; i < 3; i++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			a[i] = x >> 62 ? arguments[0] : arguments[(x >> 33) % ARRAY_LEN(arguments)];
		}
		const char *before = x >> 61 & 1 ? "" : "2026-05-01T00:00:31.429999+02:00 web1 audisp-syslog[611]: ";
		buf_addf(b, "%stype=SYSCALL msg=audit(1777586431.429:%u): arch=c000003e syscall=59 success=yes exit=0 ppid=1 pid=%u auid=1000 uid=0 comm=%s exe=\"/bin/sh\" key=\"exec\"\n",
			before, serial, serial, a[0]);
		buf_addf(b, "%stype=EXECVE msg=audit(1777586431.429:%u): argc=3 a0=\"sh\" a1=%s a2=%s\n", before, serial, a[1], a[2]);
		if (x >> 60 & 1)
			buf_addf(b, "2026-05-01T00:00:31.429999+02:00 web1 sshd[7]: Invalid user %s from 192.0.2.1 port 7\n", a[0]);
		buf_addf(b, "%stype=PROCTITLE msg=audit(1777586431.429:%u): proctitle=%s\n", before, serial, a[2]);
		buf_addf(b, "%stype=USER_ACCT msg=audit(1777586431.429:%u): pid=9 uid=0 msg='op=PAM:accounting acct=%s exe=\"/usr/sbin/sshd\" res=success'\n", before, serial + 100, a[1]);
	}
}

struct judged {
	struct buf *out;
	const struct event *e;
};

static void on_hit(void *arg, const struct sigma_rule *r)
{
	struct judged *j = arg;
	buf_addf(j->out, "%llu %d %.*s\n", (unsigned long long)j->e->at.offset, j->e->action, SLFMT(r->title));
}

static struct sigma_set *set_of(const char *rules, bool no_prefilter)
{
	struct sigma_options opt = {.no_prefilter = no_prefilter};
	struct sigma_set *s = sigma_new(&opt);
	struct err e;
	sigma_add_text(s, slice_of(rules), "rules.yml");
	assert_int_equal(sigma_problem_count(s), 0);
	assert_int_equal(sigma_seal(s, &e), 0);
	return s;
}

static void judge_block(const struct sigma_set *s, struct sigma_ctx *c, struct slice block, struct buf *out)
{
	struct decode_options opt = {.json = true, .audit_records = sigma_wants_records(s), .bare_records = !sigma_wants_record_fields(s)};
	struct decode_in in = {.data = block, .mtime = NSTIME_NONE, .format = -1};
	struct decode_stats stats;
	struct batch decoded, joined;
	struct err e;
	sigma_wants(s, &opt.want);
	struct decode_tables *t = decode_tables_new(&opt, &e);
	assert_non_null(t);
	struct block_decoder *d = block_decoder_new(t, s);
	struct joiner *j = joiner_new(t);
	batch_init(&decoded);
	batch_init(&joined);
	decode_stats_init(&stats);
	block_decode(d, &in, &decoded, &stats);
	joiner_run(j, &decoded, &joined, true);
	out->n = 0;
	for (size_t i = 0; i < joined.n; i++) {
		struct judged k = {out, &joined.v[i]};
		if (sigma_event(c, &joined.v[i]))
			sigma_judge(c, on_hit, &k);
	}
	batch_free(&joined);
	batch_free(&decoded);
	joiner_free(j);
	block_decoder_free(d);
	decode_tables_free(t);
}

static void compare_records(const char *rules)
{
	struct sigma_set *fast = set_of(rules, false), *plain = set_of(rules, true);
	struct sigma_ctx *a = sigma_ctx_new(fast), *b = sigma_ctx_new(plain);
	struct buf block = {0}, got = {0}, want = {0};
	size_t hits = 0;
	for (unsigned seed = 1; seed < 300; seed++) {
		make_records(&block, seed);
		judge_block(fast, a, buf_slice(&block), &got);
		judge_block(plain, b, buf_slice(&block), &want);
		hits += want.n;
		if (!slice_eq(buf_slice(&got), buf_slice(&want)))
			fail_msg("seed %u: with indexes\n%.*swithout\n%.*s", seed, SLFMT(buf_slice(&got)), SLFMT(buf_slice(&want)));
	}
	assert_true(hits > 10000);
	buf_free(&block);
	buf_free(&got);
	buf_free(&want);
	sigma_ctx_free(a);
	sigma_ctx_free(b);
	sigma_free(fast);
	sigma_free(plain);
}

static void test_records(void **state)
{
	struct buf more = {0};
	(void)state;
	compare_records(records_rules);
	buf_addz(&more, records_rules);
	buf_addz(&more, mixed_rule);
	buf_addc(&more, '\0');
	compare_records(more.p);
	buf_free(&more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines), cmocka_unit_test(test_records)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
