/* test_source_turn.c - files that are read from their end, and streams whose files are put into another order. */
#include "test_source_util.h"

#include <fcntl.h>

/* The whole turned file, in blocks of about `want`; each line must be found again at the offset the block tells. */
static struct buf read_turned(struct source_set *set, const struct stream_set *st, size_t want, const char *plain, size_t nplain)
{
	struct stream *s = stream_open(set, st);
	struct block b = {0};
	struct buf all = {0};
	struct err e;
	uint64_t below = nplain;
	bool last = false;

	while (stream_next(s, want, &b, &e) == 1) {
		assert_true(b.turned);
		assert_false(last);
		assert_int_equal(b.first, all.n == 0);
		last = b.last;
		assert_true(b.offset <= below);
		for (size_t at = 0; at < b.data.n;) {
			const char *nl = memchr(b.data.p + at, '\n', b.data.n - at);
			assert_non_null(nl);
			size_t len = (size_t)(nl - b.data.p) - at;
			uint64_t where = b.offset + b.data.n - at - len - 1;
			assert_true(where + len <= nplain);
			assert_memory_equal(plain + where, b.data.p + at, len);
			at += len + 1;
		}
		below = b.offset;
		if (b.data.n)
			buf_adds(&all, b.data);
	}
	assert_true(last);
	assert_int_equal(below, 0);
	block_free(&b);
	stream_close(s);
	return all;
}

static void assert_turned(const char *file, const char *plain, size_t n, const char *wanted, size_t nwanted)
{
	static const size_t wants[] = {1, 2, 7, 100, 65536, 8 << 20};
	struct source_set set;

	find1(&set, file);
	source_turn(&set, 0);
	assert_true(set.files.v[0].newest_first);
	assert_int_equal(set.problem_count[PROBLEM_NEWEST_FIRST], 1);
	for (size_t i = 0; i < ARRAY_LEN(wants); i++) {
		struct buf got = read_turned(&set, &set.streams.v[0], wants[i], plain, n);
		assert_int_equal(got.n, nwanted);
		assert_memory_equal(got.p, wanted, nwanted);
		buf_free(&got);
	}
	source_set_free(&set);
}

static void test_ends(void **state)
{
	static const char *const texts[][2] = {
		{"a\n", "a\n"},     {"a", "a\n"},         {"\n", "\n"},	      {"\n\nx\n", "x\n\n\n"},
		{"a\nb", "b\na\n"}, {"a\n\nb\n", "b\n\na\n"}, {"one\ntwo\nthree\n", "three\ntwo\none\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		putz("e.log", texts[i][0]);
		assert_turned("e.log", texts[i][0], strlen(texts[i][0]), texts[i][1], strlen(texts[i][1]));
	}
}

static void make_plain(struct buf *plain, struct buf *turned, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_addf(plain, "May  4 00:00:00 web1 sshd[1]: line %zu%.*s\n", i, (int)(i % 9), "xxxxxxxxx");
		size_t k = n - 1 - i;
		buf_addf(turned, "May  4 00:00:00 web1 sshd[1]: line %zu%.*s\n", k, (int)(k % 9), "xxxxxxxxx");
	}
}

static void test_packings(void **state)
{
	static const char *const how[][2] = {
		{"cp p.txt p1.log", "p1.log"},
		{"gzip <p.txt >p2.log.gz", "p2.log.gz"},
		{"xz -0 <p.txt >p3.log.xz", "p3.log.xz"},
		{"mkdir -p w/var/log && cp p.txt w/var/log/x.log && tar czf p4.tar.gz w", "p4.tar.gz"},
	};
	struct buf plain = {0}, turned = {0};

	(void)state;
	make_plain(&plain, &turned, 4000);
	put("p.txt", plain.p, plain.n);
	for (size_t i = 0; i < ARRAY_LEN(how); i++) {
		sh(how[i][0]);
		assert_turned(how[i][1], plain.p, plain.n, turned.p, turned.n);
	}
	buf_free(&plain);
	buf_free(&turned);
}

/* Lines over the limit are left out and counted, wherever they stand. */
static void test_long_lines(void **state)
{
	const size_t huge = 3 * (size_t)LIMIT_LINE;
	static const char *const forms[][2] = {{"a\n%b\n", "b\na\n"}, {"%a\n", "a\n"}, {"a\n%", "a\n"}, {"%", ""}, {"a\n%%b\n", "b\na\n"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct buf b = {0};
		struct source_set set;
		uint64_t lines = 0;
		for (const char *c = forms[i][0]; *c; c++) {
			if (*c != '%') {
				buf_add(&b, c, 1);
				continue;
			}
			char *x = xmalloc(huge);
			memset(x, 'x', huge);
			buf_add(&b, x, huge);
			buf_addz(&b, "\n");
			free(x);
			lines++;
		}
		put("long.log", b.p, b.n);
		find1(&set, "long.log");
		source_turn(&set, 0);
		struct buf got = read_turned(&set, &set.streams.v[0], 100, b.p, b.n);
		assert_int_equal(got.n, strlen(forms[i][1]));
		assert_true(!got.n || memcmp(got.p, forms[i][1], got.n) == 0);
		assert_int_equal(set.files.v[0].too_long, lines);
		assert_int_equal(set.files.v[0].bytes, b.n);
		buf_free(&got);
		buf_free(&b);
		source_set_free(&set);
	}
}

static void test_pipe(void **state)
{
	struct buf plain = {0}, turned = {0};
	struct source_set set;

	(void)state;
	make_plain(&plain, &turned, 40000);
	put("pipe.txt", plain.p, plain.n);
	FILE *p = popen("cat pipe.txt", "re");
	int saved = dup(STDIN_FILENO);
	assert_non_null(p);
	assert_true(dup2(fileno(p), STDIN_FILENO) == 0);
	find1(&set, "-");
	source_turn(&set, 0);
	struct buf got = read_turned(&set, &set.streams.v[0], 4096, plain.p, plain.n);
	assert_int_equal(got.n, turned.n);
	assert_memory_equal(got.p, turned.p, got.n);
	buf_free(&got);
	source_set_free(&set);
	dup2(saved, STDIN_FILENO);
	close(saved);
	pclose(p);
	buf_free(&plain);
	buf_free(&turned);
}

/* The file loses its end after it was found: what is there is given or said to be gone, and reading ends. */
static void test_shrunk(void **state)
{
	struct source_set set;
	struct block b = {0};
	struct err e;
	int n = 0;

	(void)state;
	put_lines("s.log", "May  4 00:00:00 web1 sshd[1]: line", 20000);
	find1(&set, "s.log");
	source_turn(&set, 0);
	struct stream *s = stream_open(&set, &set.streams.v[0]);
	assert_int_equal(stream_next(s, 1000, &b, &e), 1);
	assert_int_equal(truncate("s.log", 100), 0);
	while (stream_next(s, 1000, &b, &e) == 1)
		n++;
	assert_true(n < 10);
	assert_int_equal(set.problem_count[PROBLEM_TRUNCATED], 1);
	block_free(&b);
	stream_close(s);
	source_set_free(&set);
}

static void test_peek(void **state)
{
	struct source_set set;
	char buf[64];

	(void)state;
	putz("k.log", "one\ntwo\nthree\n");
	find1(&set, "k.log");
	assert_int_equal(source_peek(&set, 0, false, buf, 9), 8);
	assert_memory_equal(buf, "one\ntwo\n", 8);
	assert_int_equal(source_peek(&set, 0, true, buf, 9), 6);
	assert_memory_equal(buf, "three\n", 6);
	source_turn(&set, 0);
	struct stream *s = stream_open(&set, &set.streams.v[0]);
	assert_int_equal(stream_peek(s, buf, 11), 10);
	assert_memory_equal(buf, "three\ntwo\n", 10);
	stream_close(s);
	source_set_free(&set);
}

static void test_reorder(void **state)
{
	struct source_set set;

	(void)state;
	sh("mkdir r; for i in 1 2 3; do echo $i >r/a.log.$i; done; echo 0 >r/a.log");
	find1(&set, "r");
	assert_content(&set, "r/a.log", "3\n2\n1\n0\n");
	source_reorder(&set, &set.streams.v[0], (const nstime[]){30, NSTIME_NONE, 10, 5});
	assert_content(&set, "r/a.log", "0\n2\n1\n3\n");
	assert_problem(&set, "r/a.log", PROBLEM_ROTATION_ORDER);
	source_set_free(&set);
}

static void test_split(void **state)
{
	struct source_set set;

	(void)state;
	sh("mkdir sp; for i in 1 2 3; do echo $i >sp/w.$i.log; done");
	find1(&set, "sp");
	assert_int_equal(set.streams.n, 1);
	source_split(&set, 0);
	assert_int_equal(set.streams.n, 3);
	assert_content(&set, "sp/w.1.log", "1\n");
	assert_content(&set, "sp/w.2.log", "2\n");
	assert_content(&set, "sp/w.3.log", "3\n");
	assert_problem(&set, "sp/w.log", PROBLEM_ROTATION_ORDER);
	source_set_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_packings),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_shrunk),
		cmocka_unit_test(test_peek),
		cmocka_unit_test(test_reorder),
		cmocka_unit_test(test_split),
	};
	return cmocka_run_group_tests(tests, work_setup, work_teardown);
}
