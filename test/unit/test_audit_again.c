/* test_audit_again.c - audit records read by the keys of those before (decode/audit_pairs.c), and rules that know a record by what they read of it
 * (sigma/quiet.c): on records put together at random, many of them damaged, both must say what reading and judging each for itself says. */
#include "decode/audit_private.h"
#include "pipeline/pipeline.h"
#include "audit_rules.h"
#include "sigma/sigma.h"

#include <stdarg.h>
#include <stdio.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>

static uint64_t seed = 1;
static unsigned draw(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((seed >> 33) % n);
}

#define PICK(list) list[draw(ARRAY_LEN(list))]

static const char *const programs[] = {"/usr/bin/curl", "/bin/sh", "/usr/sbin/tcpdump", "/tmp/x", "/usr/bin/dd", "/usr/bin/touch", "/usr/bin/dmesg"};
static const char *const words[] = {"-c", "if=/dev/zero", "of=/tmp/a", "-t", "-r", "grep", "password", "shutdown", "0", "1f", "touch", "\xe2\x84\xaa", "secret.key", "nat"};
static const char *const odd[] = {"it's", "a,", "(null)", "(none)", "(x", "x)", "?", "a'b'", "", "\"a", "1,2", "a)'", "\t", "--=-", "k=v", "'"};

static void add_value(struct buf *b, bool may_quote)
{
	static const char digits[] = "0123456789ABCDEF";
	switch (draw(may_quote ? 12 : 8)) {
	case 0:
		buf_addz(b, PICK(odd));
		return;
	case 1:
		for (const char *p = PICK(words); *p; p++) {
			buf_addc(b, digits[(uint8_t)*p >> 4]);
			buf_addc(b, digits[*p & 15]);
		}
		return;
	case 2: case 3:
		buf_addf(b, "%u", draw(3000));
		return;
	case 4:
		buf_addf(b, "%x", draw(1u << 30));
		return;
	case 5: case 6: case 7:
		buf_addz(b, PICK(words));
		return;
	default:
		buf_addf(b, "\"%s\"", draw(3) ? PICK(programs) : PICK(words));
	}
}

static void add_body(struct buf *b, const char *type)
{
	static const char *const call[] = {"arch", "syscall", "success", "exit", "a0", "a1", "a2", "a3", "items", "ppid", "pid", "auid", "uid", "euid", "tty", "ses", "comm", "exe", "subj", "key"};
	static const char *const path[] = {"item", "name", "inode", "mode", "nametype", "cap_fp"};
	static const char *const user[] = {"pid", "uid", "auid", "ses", "subj", "msg='op", "grantors", "acct", "exe", "hostname", "addr", "terminal", "res"};
	static const char *const cwd[] = {"cwd"}, *const title[] = {"proctitle"};
	static const char *const other[] = {"type", "SYSCALL", "a1", "op", "Xexe", "msg='x", "key"};
	static const char *const gaps[] = {" ", " ", " ", " ", " ", " ", " ", " ", " ", " ", "\x1d", "  ", ", ", "' "};
	const char *const *names = call;
	size_t n = ARRAY_LEN(call);
	char argument[24];
	unsigned cut = draw(6) ? 0 : draw(4);
	if (strcmp(type, "PATH") == 0)
		names = path, n = ARRAY_LEN(path);
	else if (strncmp(type, "USER", 4) == 0)
		names = user, n = ARRAY_LEN(user);
	else if (type[0] == 'C')
		names = cwd, n = 1;
	else if (strcmp(type, "PROCTITLE") == 0)
		names = title, n = 1;
	bool args = strcmp(type, "EXECVE") == 0, quirks = draw(4) == 0;
	if (args)
		n = 1 + draw(6);
	for (size_t i = 0; i + cut < n; i++) {
		snprintf(argument, sizeof argument, "a%zu", i);
		if (i)
			buf_addz(b, quirks ? PICK(gaps) : " ");
		buf_addf(b, "%s=", quirks && draw(20) == 0 ? PICK(other) : args ? argument : names[i]);
		if (!args && i == 0 && names == call)
			buf_addz(b, "c000003e");
		else if (!args && i == 1 && names == call)
			buf_addz(b, draw(2) ? "59" : "101");
		else
			add_value(b, true);
	}
	if (names == user && draw(8))
		buf_addc(b, '\'');
	if (quirks && draw(3) == 0)
		buf_addz(b, draw(2) ? " words without" : "\x1d" "AUID=\"root\" UID=\"ines\"");
}

/* Bodies of before, with one value changed: what rules read of them is often the same. */
static struct {
	char type[16];
	struct buf body;
} pool[24];

static void add_again(struct buf *b, unsigned at)
{
	struct slice s = buf_slice(&pool[at].body);
	size_t from = s.n ? draw((unsigned)s.n) : 0, to;
	while (from < s.n && s.p[from] != '=')
		from++;
	for (to = from; to < s.n && s.p[to] != ' '; to++)
		;
	bool change = from < s.n && from + 1 < to && s.p[from + 1] != '\'' && s.p[to - 1] != '\'';
	buf_adds(b, slice_to(s, change ? from + 1 : s.n));
	if (change) {
		add_value(b, true);
		buf_adds(b, slice_from(s, to));
	}
}

static void add_record(struct buf *b, const char *type, unsigned serial, bool syslog)
{
	unsigned again = draw(ARRAY_LEN(pool));
	if (syslog)
		buf_addf(b, "2026-05-01T00:00:%02u+02:00 web1 %s: ", serial / 100 % 60, draw(30) ? "audisp-syslog[611]" : "audispd");
	if (draw(40) == 0)
		buf_addz(b, draw(2) ? "node=web2 " : "node=a=b ");
	buf_addf(b, "type=%s msg=audit(%u.%03u:%u)%s ", type, 1777586400 + serial / 100, serial % 1000, 1000 + serial, draw(60) ? ":" : " :");
	size_t from = b->n;
	while (again < ARRAY_LEN(pool) && strcmp(pool[again].type, type) != 0)
		again++;
	if (again < ARRAY_LEN(pool) && draw(3))
		add_again(b, again);
	else
		add_body(b, type);
	if (draw(10) == 0) {
		unsigned at = draw(ARRAY_LEN(pool));
		snprintf(pool[at].type, sizeof pool[at].type, "%s", type);
		pool[at].body.n = 0;
		buf_adds(&pool[at].body, slice_from(buf_slice(b), from));
	}
	buf_addc(b, '\n');
}

/* What the audit system writes of one happening. */
static void add_happening(struct buf *b, unsigned serial, bool syslog)
{
	static const char *const alone[] = {"USER_START", "USER_ACCT", "UNKNOWN[1334]"}, *const more[] = {"EXECVE", "EXECVE", "CWD", "PATH", "PATH"};
	if (draw(3) == 0) {
		add_record(b, PICK(alone), serial, syslog);
		return;
	}
	add_record(b, "SYSCALL", serial, syslog);
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		if (draw(2))
			add_record(b, more[i], serial, syslog);
	add_record(b, "PROCTITLE", serial, syslog);
}

static void free_pool(void)
{
	for (size_t i = 0; i < ARRAY_LEN(pool); i++)
		buf_free(&pool[i].body);
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

static void same_vals(const struct audit_vals *a, const struct audit_vals *b)
{
	assert_int_equal(a->has, b->has);
	assert_int_equal(a->quoted, b->quoted);
	for (unsigned k = 0; k < AK_COUNT; k++)
		if (a->has >> k & 1) {
			assert_int_equal(a->v[k].n, b->v[k].n);
			assert_true(a->v[k].n == 0 || a->v[k].p == b->v[k].p);
		}
}

static void check_read(struct decoder *d, struct slice line, unsigned *quick)
{
	struct audit_head h;
	if (!audit_head(d, line, &h))
		return;
	struct audit_rec r = {.type = h.type, .type_text = h.type_text, .serial_text = h.serial_text, .body = h.body, .text = line, .ref = {0, line}, .plain = h.plain};
	struct audit_vals slow, fast;
	audit_parse(d, &r, &slow);
	r.pairs = audit_pairs(d, &r);
	if (!r.pairs)
		return;
	++*quick;
	audit_parse(d, &r, &fast);
	same_vals(&slow, &fast);
	struct slice rest = h.body, name, value;
	bool quoted;
	for (uint32_t i = 0; i < r.pairs->n; i++) {
		const struct pair_value *v = &r.pairs->v[i];
		assert_true(audit_next(&rest, &name, &value, &quoted));
		assert_true(slice_eq(name, r.pairs->names->name[i]));
		assert_true(value.n == v->n && (v->n == 0 || value.p == r.pairs->text + v->at));
		assert_int_equal(quoted, v->quoted);
	}
	assert_false(audit_next(&rest, &name, &value, &quoted));
}

static void test_read(void **state)
{
	struct decode_options opt = {.audit_records = true};
	struct err e;
	struct batch out;
	struct decode_stats stats;
	struct decode_in in = {.mtime = NSTIME_NONE, .format = -1};
	struct buf b = {0};
	unsigned quick = 0, records = 20000;
	(void)state;
	interest_all(&opt.want);
	struct decode_tables *t = decode_tables_new(&opt, &e);
	struct decoder *d = decoder_new(t);
	batch_init(&out);
	decode_stats_init(&stats);
	d->in = &in;
	d->out = &out;
	d->stats = &stats;
	seed = 7;
	for (unsigned i = 0; i < records; i++) {
		b.n = 0;
		static const char *const types[] = {"SYSCALL", "EXECVE", "PATH", "USER_START", "CWD", "PROCTITLE"};
		add_record(&b, PICK(types), i, false);
		char *copy = xmalloc(b.n); /* of exactly its size: reading past it is seen */
		memcpy(copy, b.p, b.n);
		check_read(d, slice_make(copy, b.n - 1), &quick);
		free(copy);
		if (i % 64 == 0)
			batch_reset(&out);
	}
	assert_true(quick > records / 3); /* or nothing was tested */
	buf_free(&b);
	free_pool();
	memset(pool, 0, sizeof pool);
	batch_free(&out);
	decoder_free(d);
	decode_tables_free(t);
}

/* ---- judging ------------------------------------------------------------------------------------------------- */

struct hits {
	uint64_t bits;
};

static void on_hit(void *arg, const struct sigma_rule *r)
{
	((struct hits *)arg)->bits |= (uint64_t)1 << r->number;
}

static struct hits judge_plainly(struct sigma_ctx *c, const struct event *e)
{
	struct event bare = *e;
	struct hits h = {0};
	bare.pairs = NULL;
	if (sigma_event(c, &bare))
		sigma_judge(c, on_hit, &h);
	return h;
}

/* What was found of all lines: by the usual way, and with records judged before they are events. */
static void test_judge(void **state)
{
	struct sigma_options sopt = {0}, slow = {.no_prefilter = true};
	struct sigma_set *s = sigma_new(&sopt), *plain = sigma_new(&slow);
	struct decode_options opt = {0};
	struct err e;
	struct buf b = {0};
	uint64_t seen = 0, dull = 0, events = 0;
	(void)state;
	sigma_add_text(s, slice_of(audit_rules), "rules.yml");
	sigma_add_text(plain, slice_of(audit_rules), "rules.yml");
	assert_int_equal(sigma_seal(s, &e), 0);
	assert_int_equal(sigma_seal(plain, &e), 0);
	assert_int_equal(sigma_count(s), AUDIT_RULES);
	sigma_wants(s, &opt.want);
	opt.audit_records = sigma_wants_records(s);
	opt.bare_records = !sigma_wants_record_fields(s);
	assert_true(opt.audit_records && opt.bare_records);
	struct decode_tables *t = decode_tables_new(&opt, &e);
	struct block_decoder *all = block_decoder_new(t, s), *early = block_decoder_new(t, s);
	block_decoder_judge(early, s);
	struct sigma_ctx *quick = sigma_ctx_new(s), *by_all = sigma_ctx_new(plain);
	seed = 3;
	for (unsigned block = 0; block < 100; block++) {
		struct batch out[2];
		struct decode_stats stats[2];
		uint64_t hits[2][AUDIT_RULES] = {0};
		b.n = 0;
		for (unsigned i = 0; i < 100; i++)
			add_happening(&b, block * 100 + i, block & 1);
		for (unsigned way = 0; way < 2; way++) {
			struct decode_in in = {.data = buf_slice(&b), .host = SL("web1"), .mtime = NSTIME_NONE, .format = -1};
			batch_init(&out[way]);
			decode_stats_init(&stats[way]);
			block_decode(way ? early : all, &in, &out[way], &stats[way]);
			for (size_t i = 0; i < out[way].n; i++) {
				const struct event *ev = &out[way].v[i];
				struct hits want = judge_plainly(by_all, ev), got = {0};
				sigma_judge_event(quick, ev, on_hit, &got);
				assert_int_equal(got.bits, want.bits);
				if (ev->flags & EV_DULL)
					assert_int_equal(want.bits, 0);
				for (unsigned k = 0; k < AUDIT_RULES; k++)
					hits[way][k] += want.bits >> k & 1;
				seen |= want.bits;
			}
		}
		assert_memory_equal(hits[0], hits[1], sizeof hits[0]);
		assert_int_equal(out[0].n, out[1].n + stats[1].dull);
		assert_int_equal(stats[0].by_kind[DECODED_EVENT], stats[1].by_kind[DECODED_EVENT]);
		dull += stats[1].dull;
		events += out[0].n;
		batch_free(&out[0]);
		batch_free(&out[1]);
	}
	assert_int_equal(seen, (1u << AUDIT_RULES) - 1); /* every rule held once at least */
	assert_true(dull > 500 && events > dull); /* or nothing was tested */
	buf_free(&b);
	free_pool();
	sigma_ctx_free(quick);
	sigma_ctx_free(by_all);
	block_decoder_free(all);
	block_decoder_free(early);
	decode_tables_free(t);
	sigma_free(s);
	sigma_free(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_read), cmocka_unit_test(test_judge)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
