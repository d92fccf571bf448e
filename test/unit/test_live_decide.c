/* test_live_decide.c - the section `sources`, known again or not, one file. */
#include "test_source_util.h"

#include <fcntl.h>

#include "live/live.h"

/* ---- configuration --------------------------------------------------------------------------------------------------- */
static int read_config(const char *text, struct arena *a, struct live_config *c, struct err *e)
{
	const struct yaml_options opt = {.max_bytes = 1 << 16, .max_nodes = 1000};
	struct node *root;
	int rc = yaml_read(slice_of(text), "postern.yaml", &opt, a, &root, e);
	return rc ? rc : live_config_read(root, "postern.yaml", a, c, e);
}

static void test_config(void **state)
{
	struct arena a;
	struct live_config c;
	struct err e;
	(void)state;
	arena_init(&a);
	assert_int_equal(live_config_read(NULL, "x", &a, &c, &e), 0);
	assert_int_equal(c.npaths, 1);
	assert_true(slice_eq(c.paths[0], SL("/var/log")) && c.history && !c.journal && c.nlisten == 0);
	assert_int_equal(c.spool_bytes, 1000000000);
	assert_int_equal(read_config("files: [/a, /b/*/c]\nhistory: false\njournal: /j\nspool: 2GB\nsyslog:\n- udp: 127.0.0.1:5514\n- tcp: 127.0.0.1:5514\n"
		"- tls: '[::]:6514'\n  certificate: /c\n  key: /k\n  client_ca: /ca\n- unix: /run/s\n- audit: /run/a\n", &a, &c, &e), 0);
	assert_int_equal(c.npaths, 2);
	assert_true(slice_eq(c.paths[1], SL("/b/*/c")) && !c.history && c.journal && slice_eq(c.journal_dir, SL("/j")));
	assert_int_equal(c.spool_bytes, 2000000000);
	assert_int_equal(c.nlisten, 5);
	assert_true(c.listen[2].kind == LIVE_TLS && slice_eq(c.listen[2].client_ca, SL("/ca")) && slice_eq(c.listen[2].address, SL("[::]:6514")));
	assert_true(c.listen[4].kind == LIVE_AUDIT && slice_eq(c.listen[4].address, SL("/run/a")));
	assert_int_equal(read_config("journal: true\nfiles: []", &a, &c, &e), 0);
	assert_true(c.journal && c.journal_dir.n == 0 && c.npaths == 0);
	arena_free(&a);
}

static void test_config_errors(void **state)
{
	static const struct { const char *text; int code, line, column; const char *says; } rows[] = {
		{"files: [var/log]", ERR_TYPE, 1, 9, "absolute path"},
		{"file: [/var/log]", ERR_SYNTAX, 1, 1, "\"files\""},
		{"history: yes", ERR_TYPE, 1, 10, "true or false"},
		{"journal: [a]", ERR_TYPE, 1, 10, "folder"},
		{"spool: 1MB", ERR_RANGE, 1, 8, "out of range"},
		{"syslog: {udp: '127.0.0.1:1'}", ERR_TYPE, 1, 9, "list"},
		{"syslog:\n- udp: localhost:514", ERR_TYPE, 2, 8, "ADDRESS:PORT"},
		{"syslog:\n- udp: 127.0.0.1:70000", ERR_TYPE, 2, 8, "ADDRESS:PORT"},
		{"syslog:\n- tcp: ::1:514", ERR_TYPE, 2, 8, "ADDRESS:PORT"},
		{"syslog:\n- tls: 127.0.0.1:1", ERR_SYNTAX, 2, 3, "certificate"},
		{"syslog:\n- tcp: 127.0.0.1:1\n  key: /k", ERR_SYNTAX, 2, 3, "belong to tls"},
		{"syslog:\n- tcp: 127.0.0.1:1\n  udp: 127.0.0.1:1", ERR_SYNTAX, 3, 3, "one of"},
		{"syslog:\n- tcp: 127.0.0.1:1\n- tls: 127.0.0.1:1\n  key: /k\n  certificate: /c", ERR_DUP, 3, 3, "twice"},
		{"syslog:\n- {key: /k}", ERR_SYNTAX, 2, 3, "expected"},
		{"syslog:\n- unix: sock", ERR_TYPE, 2, 9, "absolute"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena a;
		struct live_config c;
		struct err e = {0};
		arena_init(&a);
		int rc = read_config(rows[i].text, &a, &c, &e);
		if (rc != rows[i].code || e.line != rows[i].line || e.column != rows[i].column || !strstr(e.text, rows[i].says))
			fail_msg("%s: %d %d:%d %s", rows[i].text, rc, e.line, e.column, e.text);
		arena_free(&a);
	}
}

/* ---- decide ---------------------------------------------------------------------------------------------------------- */
#define HEAD_A SL("Nov 23 01:00:00 web1 first line of a\nmore of it\n")
#define HEAD_B SL("Nov 24 01:00:00 web1 first line of b\nmore of it\n")

static struct live_known known(uint32_t id, const char *path, uint64_t ino, struct slice head, uint64_t offset)
{
	return (struct live_known){.id = id, .path = slice_of(path), .set = SL("/l/auth.log"), .dev = 1, .ino = ino, .offset = offset,
		.head = live_head_hash(head), .head_bytes = (uint32_t)head.n};
}

static struct live_file file_at(const char *path, uint64_t ino, unsigned order, uint64_t size)
{
	return (struct live_file){.path = slice_of(path), .set = SL("/l/auth.log"), .dev = 1, .ino = ino, .order = order, .size = size,
		.packed = slice_ends(slice_of(path), SL(".gz"))};
}

static void expect(struct live_begin b, uint32_t id, uint64_t offset, bool skip, bool copy)
{
	assert_int_equal(b.known, id);
	assert_int_equal(b.offset, offset);
	assert_int_equal(b.skip, skip);
	assert_int_equal(b.copy, copy);
}

static void test_decide(void **state)
{
	struct live_known v[] = {known(1, "/l/auth.log", 10, HEAD_A, 40)};
	struct live_file f;
	(void)state;
	f = file_at("/l/auth.log", 10, 0, 100); /* goes on */
	expect(live_decide(v, 1, &f, HEAD_A, false, true), 1, 40, false, false);
	f = file_at("/l/auth.log.1", 10, 1, 100); /* renamed */
	expect(live_decide(v, 1, &f, HEAD_A, false, true), 1, 40, false, false);
	f = file_at("/l/auth.log", 10, 0, 39); /* shorter than it was, same beginning */
	expect(live_decide(v, 1, &f, HEAD_A, false, true), 0, 0, false, false);
	f = file_at("/l/auth.log", 10, 0, 100); /* inode of another file now */
	expect(live_decide(v, 1, &f, HEAD_B, false, true), 0, 0, false, false);
	f = file_at("/l/auth.log.1", 11, 1, 100); /* copytruncate */
	expect(live_decide(v, 1, &f, HEAD_A, false, true), 1, 40, false, true);
	f = file_at("/l/auth.log.1.gz", 12, 1, 50);
	expect(live_decide(v, 1, &f, HEAD_A, false, true), 1, 40, false, true);
	v[0].done = true; /* ... of what was read to its end */
	expect(live_decide(v, 1, &f, HEAD_A, false, true), 1, 40, true, true);
	v[0].done = false;
	f = file_at("/l/auth.log", 13, 0, 100); /* replaced by a longer copy (a mirror) */
	expect(live_decide(v, 1, &f, HEAD_A, false, true), 1, 40, false, true);
	v[0].path = SL("/l/auth.log.1"); /* rotated; the new one begins like the old one did */
	expect(live_decide(v, 1, &f, HEAD_A, false, true), 0, 0, false, false);
	f.set = SL("/l/other.log"); /* another log that begins alike */
	f.order = 1;
	expect(live_decide(v, 1, &f, HEAD_A, false, true), 0, 0, false, false);
	v[0].ino = 0; /* an inode that was let go is nobody's */
	f = file_at("/l/auth.log", 0, 0, 100);
	expect(live_decide(v, 1, &f, HEAD_A, false, true), 0, 0, false, false);
}

static void test_decide_short(void **state)
{
	struct live_known v[] = {known(3, "/l/auth.log", 10, SL("Nov"), 0), known(4, "/l/auth.log", 10, HEAD_A, 20)};
	struct live_file f = file_at("/l/auth.log", 10, 0, 100);
	(void)state;
	expect(live_decide(v, 2, &f, HEAD_A, false, true), 4, 20, false, false); /* more bytes compared */
	expect(live_decide(v, 2, &f, HEAD_B, false, true), 3, 0, false, false);
	expect(live_decide(v, 2, &f, SL("No"), false, true), 0, 0, false, false); /* shorter than what was seen */
	expect(live_decide(v, 2, &f, SLICE_NONE, false, true), 0, 0, false, false);
}

static void test_decide_first(void **state)
{
	struct live_file f = file_at("/l/auth.log", 10, 0, 100);
	(void)state;
	expect(live_decide(NULL, 0, &f, HEAD_A, true, true), 0, 0, false, false);
	expect(live_decide(NULL, 0, &f, HEAD_A, true, false), 0, 100, false, false);
	expect(live_decide(NULL, 0, &f, HEAD_A, false, false), 0, 0, false, false);
	f = file_at("/l/auth.log.2.gz", 10, 2, 100);
	expect(live_decide(NULL, 0, &f, HEAD_A, true, false), 0, 0, true, false);
}

static void test_decide_spool(void **state)
{
	struct live_known v[] = {known(1, "/s/tcp/000000000001.log", 10, HEAD_A, 40)};
	struct live_file f = file_at("/s/tcp/000000000002.log", 11, 0, 100);
	(void)state;
	f.spool = true; /* segments may all begin alike */
	f.order = 1;
	v[0].set = f.set;
	expect(live_decide(v, 1, &f, HEAD_A, false, true), 0, 0, false, false);
	f.path = v[0].path;
	expect(live_decide(v, 1, &f, HEAD_A, false, true), 1, 40, false, false);
}

/* ---- tail ------------------------------------------------------------------------------------------------------------- */
static struct live_tail *tail_of(const char *path, bool packed, uint64_t offset)
{
	struct err e = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	struct live_tail *t = live_tail_new(fd, packed, false, offset, &e);
	if (!t)
		fail_msg("%s: %s", path, e.text);
	return t;
}

static void append(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, p, n), n);
	close(fd);
}

static void reads(struct live_tail *t, bool flush, int want, const char *text)
{
	struct block b = {0};
	struct err e = {0};
	uint64_t too_long = 0;
	int rc = live_tail_read(t, 1, flush, &b, &too_long, &e);
	assert_int_equal(rc, want);
	if (text) {
		assert_int_equal(b.data.n, strlen(text));
		assert_memory_equal(b.data.p, text, b.data.n);
		assert_int_equal(b.offset + b.data.n, live_tail_offset(t));
	}
	block_free(&b);
}

static void test_tail_lines(void **state)
{
	char head[LIVE_HEAD];
	(void)state;
	putz("t.log", "one\ntwo\nthr");
	struct live_tail *t = tail_of("t.log", false, 0);
	assert_int_equal(live_tail_head(t, head), 11);
	reads(t, false, LIVE_LINES, "one\ntwo\n");
	reads(t, false, LIVE_NOTHING, NULL);
	append("t.log", "ee", 2);
	reads(t, false, LIVE_NOTHING, NULL);
	append("t.log", "\nfour", 5);
	reads(t, false, LIVE_LINES, "three\n");
	assert_int_equal(live_tail_offset(t), 14);
	reads(t, true, LIVE_LINES, "four");
	reads(t, true, LIVE_NOTHING, NULL);
	append("t.log", " and\nfive\n", 10);
	reads(t, false, LIVE_LINES, " and\nfive\n");
	live_tail_free(t);
	t = tail_of("t.log", false, 8);
	reads(t, false, LIVE_LINES, "three\nfour and\nfive\n");
	live_tail_free(t);
}

static void test_tail_truncated(void **state)
{
	(void)state;
	putz("t.log", "one\ntwo\n");
	struct live_tail *t = tail_of("t.log", false, 0);
	reads(t, false, LIVE_LINES, "one\ntwo\n");
	assert_int_equal(truncate("t.log", 0), 0);
	reads(t, false, LIVE_TRUNCATED, NULL);
	append("t.log", "2nd\nsome\nmore than there was\n", 29); /* longer by now, but other bytes */
	reads(t, false, LIVE_TRUNCATED, NULL);
	live_tail_free(t);
	t = tail_of("t.log", false, 0);
	reads(t, false, LIVE_LINES, "2nd\nsome\nmore than there was\n");
	assert_int_equal(truncate("t.log", 4), 0);
	reads(t, false, LIVE_TRUNCATED, NULL);
	live_tail_free(t);
	t = tail_of("t.log", false, 1000); /* a position behind the end */
	reads(t, false, LIVE_TRUNCATED, NULL);
	live_tail_free(t);
}

static void test_tail_long(void **state)
{
	struct block b = {0};
	struct err e = {0};
	uint64_t too_long = 0, offset;
	char *big = xmalloc(3 * LIMIT_LINE);
	int rc;
	(void)state;
	memset(big, 'x', 3 * LIMIT_LINE);
	putz("t.log", "before\n");
	append("t.log", big, LIMIT_LINE - 1);
	append("t.log", "\n", 1);
	struct live_tail *t = tail_of("t.log", false, 0);
	reads(t, false, LIVE_LINES, "before\n");
	assert_int_equal(live_tail_read(t, 4096, false, &b, &too_long, &e), LIVE_LINES); /* as long as may be */
	assert_int_equal(b.data.n, LIMIT_LINE);
	offset = live_tail_offset(t);
	append("t.log", big, 3 * LIMIT_LINE);
	assert_int_equal(live_tail_read(t, 4096, false, &b, &too_long, &e), LIVE_NOTHING);
	assert_int_equal(too_long, 1);
	assert_int_equal(live_tail_offset(t), offset); /* a restart must skip it again, not read its end as a line */
	append("t.log", big, 100);
	assert_int_equal(live_tail_read(t, 4096, false, &b, &too_long, &e), LIVE_NOTHING);
	append("t.log", "\nafter\n", 7);
	while ((rc = live_tail_read(t, 4096, false, &b, &too_long, &e)) == LIVE_NOTHING)
		;
	assert_int_equal(rc, LIVE_LINES);
	assert_int_equal(b.data.n, 6);
	assert_memory_equal(b.data.p, "after\n", 6);
	assert_int_equal(too_long, 1);
	block_free(&b);
	live_tail_free(t);
	free(big);
}

static void test_tail_packed(void **state)
{
	static const char *const tools[] = {"gzip -c", "xz -c", "zstd -qc", "bzip2 -c"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
		char cmd[128], head[LIVE_HEAD];
		struct buf all = {0};
		struct block b = {0};
		struct err e = {0};
		uint64_t too_long = 0;
		int rc;
		put_lines("p.log", "May  4 00:00:00 web1 sshd[1]: line", 5000);
		snprintf(cmd, sizeof cmd, "%s p.log >p.log.packed", tools[i]);
		sh(cmd);
		struct live_tail *t = tail_of("p.log.packed", true, 43 * 10);
		assert_int_equal(live_tail_head(t, head), LIVE_HEAD);
		assert_memory_equal(head, "May  4 00:00:00 web1 sshd[1]: line 0000000\n", 43);
		assert_false(live_tail_records(t));
		while ((rc = live_tail_read(t, 10000, false, &b, &too_long, &e)) == LIVE_LINES)
			buf_adds(&all, b.data);
		assert_int_equal(rc, LIVE_END);
		assert_int_equal(all.n, 43 * 4990);
		assert_memory_equal(all.p, "May  4 00:00:00 web1 sshd[1]: line 0000010\n", 43);
		assert_memory_equal(all.p + all.n - 43, "May  4 00:00:00 web1 sshd[1]: line 0004999\n", 43);
		assert_int_equal(live_tail_offset(t), 43 * 5000);
		live_tail_free(t);
		buf_free(&all);
		block_free(&b);
	}
}

static void test_tail_cut(void **state)
{
	struct block b = {0};
	struct err e = {0};
	uint64_t too_long = 0, n = 0;
	int rc;
	(void)state;
	put_lines("p.log", "May  4 00:00:00 web1 sshd[1]: line", 5000);
	sh("gzip -c p.log | head -c 5000 >p.log.1.gz");
	struct live_tail *t = tail_of("p.log.1.gz", true, 0);
	while ((rc = live_tail_read(t, 10000, false, &b, &too_long, &e)) == LIVE_LINES)
		n += b.data.n;
	assert_int_equal(rc, ERR_TRUNC); /* after what there was */
	assert_true(n > 1000);
	assert_int_equal(live_tail_read(t, 10000, false, &b, &too_long, &e), LIVE_END);
	live_tail_free(t);
	sh("tar cf - p.log | gzip >x.log.gz");
	int fd = open("x.log.gz", O_RDONLY | O_CLOEXEC);
	assert_null(live_tail_new(fd, true, false, 0, &e));
	assert_int_equal(e.code, ERR_UNSUPPORTED);
	block_free(&b);
}

static void test_tail_records(void **state)
{
	char record[SOURCE_RECORD] = {7};
	struct block b = {0};
	struct err e = {0};
	uint64_t too_long = 0;
	(void)state;
	put("wtmp", record, 100);
	int fd = open("wtmp", O_RDONLY | O_CLOEXEC);
	struct live_tail *t = live_tail_new(fd, false, true, 0, &e);
	assert_int_equal(live_tail_read(t, 1, true, &b, &too_long, &e), LIVE_NOTHING); /* half a record is never whole */
	append("wtmp", record + 100, SOURCE_RECORD - 100);
	append("wtmp", record, SOURCE_RECORD);
	append("wtmp", record, 5);
	assert_int_equal(live_tail_read(t, 1, false, &b, &too_long, &e), LIVE_LINES);
	assert_int_equal(b.data.n, 2 * SOURCE_RECORD);
	assert_int_equal(live_tail_offset(t), 2 * SOURCE_RECORD);
	live_tail_free(t);
	block_free(&b);
}

#define WORK(test) cmocka_unit_test_setup_teardown(test, work_setup, work_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config), cmocka_unit_test(test_config_errors), cmocka_unit_test(test_decide), cmocka_unit_test(test_decide_short),
		cmocka_unit_test(test_decide_first), cmocka_unit_test(test_decide_spool), WORK(test_tail_lines), WORK(test_tail_truncated),
		WORK(test_tail_long), WORK(test_tail_packed), WORK(test_tail_cut), WORK(test_tail_records),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
