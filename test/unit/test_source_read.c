/* test_source_read.c - bytes and lines: every packing, what is cut or damaged, what is too large, pipes. */
#include "test_source_util.h"

#include <fcntl.h>
#include <pthread.h>

static struct buf slurp(const char *path)
{
	struct buf b = {0};
	char tmp[65536];
	size_t n;
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	while ((n = fread(tmp, 1, sizeof(tmp), f)) > 0)
		buf_add(&b, tmp, n);
	fclose(f);
	return b;
}

static void assert_same(const struct buf *a, const struct buf *b)
{
	assert_int_equal(a->n, b->n);
	assert_true(a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

static const size_t wants[] = {1, 7, 100, 4096, 65536, 1 << 20, 8 << 20};

static void test_plain(void **state)
{
	struct source_set set;

	(void)state;
	put_lines("p.log", "May  4 00:00:00 web1 sshd[1]: line", 20000);
	struct buf want = slurp("p.log");
	for (size_t i = 2; i < ARRAY_LEN(wants); i++) {
		find1(&set, "p.log");
		struct buf got = read_all(&set, &set.streams.v[0], wants[i]);
		assert_same(&got, &want);
		assert_int_equal(set.files.v[0].bytes, want.n);
		assert_problems(&set, 0);
		buf_free(&got);
		source_set_free(&set);
	}
	buf_free(&want);
}

static void test_ends(void **state)
{
	static const char *const texts[] = {"a\n", "a", "\n", "\n\n\n", "a\nb", "a\n\nb\n", "\r\n", "aaaaaaaa\nbbbbbbb\nc"};
	struct source_set set;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		putz("e.log", texts[i]);
		find1(&set, "e.log");
		for (size_t k = 0; k < ARRAY_LEN(wants); k++) {
			struct buf got = read_all(&set, &set.streams.v[0], wants[k]);
			assert_int_equal(got.n, strlen(texts[i]));
			assert_memory_equal(got.p, texts[i], got.n);
			buf_free(&got);
		}
		source_set_free(&set);
	}
}

static void test_nul_bytes(void **state)
{
	struct source_set set;

	(void)state;
	put("nul.log", "a\0b\n\0\0\nline three, long enough\n", 32);
	find1(&set, "nul.log");
	struct buf got = read_all(&set, &set.streams.v[0], 3);
	assert_int_equal(got.n, 32);
	assert_memory_equal(got.p, "a\0b\n\0\0\nline", 11);
	buf_free(&got);
	source_set_free(&set);
}

static void test_packings(void **state)
{
	static const char *const how[][3] = {
		{"gzip", "gzip <q.txt >q1.log.gz", "q1.log.gz"},
		{"gzip", "(head -c 300000 q.txt | gzip; tail -c +300001 q.txt | gzip) >q2.log.gz", "q2.log.gz"},
		{"gzip", "(gzip <q.txt; head -c 512 /dev/zero) >q3.log.gz", "q3.log.gz"},
		{"gzip", "gzip <q.txt | gzip >q4.log.gz", "q4.log.gz"},
		{"gzip", "gzip <q.txt >misnamed.log", "misnamed.log"},
		{"xz", "xz -0 <q.txt >q.log.xz", "q.log.xz"},
		{"xz", "xz -0 --format=lzma <q.txt >q.log.lzma", "q.log.lzma"},
		{"xz", "gzip <q.txt | xz -0 >q.log.gz.xz", "q.log.gz.xz"},
		{"bzip2", "bzip2 <q.txt >q.log.bz2", "q.log.bz2"},
		{"zstd", "zstd -q <q.txt >q.log.zst", "q.log.zst"},
		{"lz4", "lz4 -q <q.txt >q.log.lz4", "q.log.lz4"},
		{"compress", "compress <q.txt >q.log.Z", "q.log.Z"},
	};
	struct source_set set;

	(void)state;
	put_lines("q.txt", "May  4 00:00:00 web1 sshd[1]: packed", 20000);
	struct buf want = slurp("q.txt");
	for (size_t i = 0; i < ARRAY_LEN(how); i++) {
		if (!have(how[i][0]))
			continue;
		sh(how[i][1]);
		find1(&set, how[i][2]);
		if (set.streams.n != 1)
			fail_msg("%s: %zu streams", how[i][2], set.streams.n);
		struct buf got = read_all(&set, &set.streams.v[0], 1000);
		assert_same(&got, &want);
		assert_problems(&set, 0);
		buf_free(&got);
		source_set_free(&set);
	}
	buf_free(&want);
}

/* A packed file cut in the middle gives what it has, and says so. */
static void test_truncated(void **state)
{
	static const char *const how[][3] = {
		{"gzip", "gzip <c.txt >c1 && head -c $(($(stat -c %s c1) / 2)) c1 >c.log.gz", "c.log.gz"},
		{"xz", "xz -0 <c.txt >c2 && head -c $(($(stat -c %s c2) / 2)) c2 >c.log.xz", "c.log.xz"},
		{"bzip2", "bzip2 -1 <c.txt >c3 && head -c $(($(stat -c %s c3) / 2)) c3 >c.log.bz2", "c.log.bz2"},
		{"zstd", "zstd -q <c.txt >c4 && head -c $(($(stat -c %s c4) / 2)) c4 >c.log.zst", "c.log.zst"},
		{"lz4", "lz4 -q -B4 <c.txt >c5 && head -c $(($(stat -c %s c5) / 2)) c5 >c.log.lz4", "c.log.lz4"},
	};
	struct source_set set;

	(void)state;
	sh("head -c 6000000 /dev/urandom | base64 >c.txt");
	struct buf all = slurp("c.txt");
	for (size_t i = 0; i < ARRAY_LEN(how); i++) {
		if (!have(how[i][0]))
			continue;
		sh(how[i][1]);
		find1(&set, how[i][2]);
		assert_int_equal(set.streams.n, 1);
		struct buf got = read_all(&set, &set.streams.v[0], 1 << 20);
		assert_true(got.n > all.n / 4);
		assert_true(got.n < all.n);
		assert_memory_equal(got.p, all.p, got.n);
		assert_problem(&set, how[i][2], PROBLEM_TRUNCATED);
		assert_true(slice_has(problem_of(&set, how[i][2])->text, SL("at byte ")));
		assert_problems(&set, 1);
		buf_free(&got);
		source_set_free(&set);
	}
	buf_free(&all);
	/* A small gzip file shows every line it still holds. */
	put_lines("s.txt", "May  4 00:00:00 web1 sshd[1]: small", 500);
	sh("gzip <s.txt >s0 && head -c $(($(stat -c %s s0) - 300)) s0 >s.log.gz");
	find1(&set, "s.log.gz");
	struct buf got = read_all(&set, &set.streams.v[0], 4096);
	assert_true(got.n > 10000);
	assert_problem(&set, "s.log.gz", PROBLEM_TRUNCATED);
	buf_free(&got);
	source_set_free(&set);
}

static void test_corrupt(void **state)
{
	struct source_set set;

	(void)state;
	sh("head -c 600000 /dev/urandom | base64 >k.txt; for z in gzip xz bzip2; do $z -1 <k.txt >k.log.$z;"
	   "printf 'XXXXXXXXXXXXXXXX' | dd of=k.log.$z bs=1 seek=300000 conv=notrunc 2>/dev/null; done;"
	   "(gzip <k.txt; echo trailing) >t.log.gz; echo ok >after.log");
	static const char *const names[] = {"k.log.gzip", "k.log.xz", "k.log.bzip2", "t.log.gz"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		find1(&set, names[i]);
		if (set.streams.n == 0) { /* xz puts it all in one block */
			source_set_free(&set);
			fail_msg("%s: nothing", names[i]);
		}
		struct buf got = read_all(&set, &set.streams.v[0], 4096);
		assert_true(got.n > 0);
		assert_problem(&set, names[i], PROBLEM_CORRUPT);
		assert_problems(&set, 1);
		buf_free(&got);
		source_set_free(&set);
	}
	sh("cp k.txt x0 && tar czf x.tar.gz after.log x0 k.txt && dd if=x.tar.gz of=xc.tar.gz bs=500000 count=1 2>/dev/null");
	find1(&set, "xc.tar.gz");
	assert_content(&set, "xc.tar.gz!after.log", "ok\n");
	struct buf got = read_all(&set, stream_named(&set, "xc.tar.gz!x0"), 4096);
	assert_true(got.n > 400000); /* the part that was there */
	buf_free(&got);
	assert_problem(&set, "xc.tar.gz!x0", PROBLEM_TRUNCATED);
	assert_problems(&set, 1);
	source_set_free(&set);
}

static void test_bombs(void **state)
{
	struct source_set set;

	(void)state;
	sh("yes x | head -c 200000000 | xz -1 >b.log.xz; head -c 1000000000 /dev/zero | gzip -9 >bz.log.gz;"
	   "mkdir -p bb && truncate -s 3G bb/z.log && tar -S -C bb -cf sp.tar z.log;"
	   "truncate -s 200M bb/z.log && tar -C bb -c z.log | xz -0 >b.tar.xz && cd bb && zip -q -Z bzip2 ../b.zip z.log && zip -q ../d.zip z.log");
	find1(&set, "b.log.xz");
	struct stream *s = stream_open(&set, &set.streams.v[0]);
	struct block b = {0};
	struct err e;
	uint64_t total = 0;
	int rc;
	while ((rc = stream_next(s, 1 << 20, &b, &e)) == 1)
		total += b.data.n;
	assert_int_equal(rc, 0);
	assert_true(total > LIMIT_UNPACKED_FREE && total < (uint64_t)600 << 20);
	assert_problem(&set, "b.log.xz", PROBLEM_BOMB);
	block_free(&b);
	stream_close(s);
	source_set_free(&set);
	/* Zeros from here on: not even one line. */
	static const char *const names[] = {"bz.log.gz", "b.tar.xz", "b.zip"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		find1(&set, names[i]);
		for (size_t k = 0; k < set.streams.n; k++) {
			struct buf got = read_all(&set, &set.streams.v[k], 1 << 20);
			assert_true(got.n <= 2 * LIMIT_LINE);
			buf_free(&got);
		}
		if (set.problem_count[PROBLEM_BOMB] == 0)
			fail_msg("%s: no bomb", names[i]);
		source_set_free(&set);
	}
	/* Deflate packs 1030 to 1 at best: near the limit it is read to the end, in bounded memory. */
	find1(&set, "d.zip");
	struct buf none = read_all(&set, &set.streams.v[0], 1 << 20);
	assert_int_equal(none.n, 0);
	assert_int_equal(set.files.v[0].too_long, 1);
	buf_free(&none);
	source_set_free(&set);
	/* The hole of a sparse member is no data: the lines behind it are read. */
	sh("echo behind | dd of=bb/z.log bs=1M seek=3000 conv=notrunc 2>/dev/null; truncate -s 3145728007 bb/z.log;"
	   "tar -S -C bb -cf sp2.tar z.log");
	find1(&set, "sp.tar");
	assert_problem(&set, "sp.tar!z.log", PROBLEM_EMPTY);
	source_set_free(&set);
	find1(&set, "sp2.tar");
	assert_int_equal(set.streams.n, 1);
	struct buf got = read_all(&set, &set.streams.v[0], 4096);
	assert_true(slice_has(buf_slice(&got), SL("behind\n")));
	buf_free(&got);
	source_set_free(&set);
}

static void put_long(const char *path, const char *before, size_t n, const char *after)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(before, f);
	char *x = malloc(1 << 20);
	memset(x, 'x', 1 << 20);
	for (size_t left = n; left;) {
		size_t k = MIN(left, (size_t)1 << 20);
		assert_int_equal(fwrite(x, 1, k, f), k);
		left -= k;
	}
	free(x);
	fputs(after, f);
	fclose(f);
}

static void test_long_lines(void **state)
{
	static const struct {
		const char *before;
		size_t n;
		const char *after, *expected; /* NULL: as in the file */
		uint64_t too_long;
	} t[] = {
		{"a\n", 100 << 20, "\nb\n", "a\nb\n", 1},
		{"", 100 << 20, "\nb\n", "b\n", 1},
		{"a\n", 100 << 20, "", "a\n", 1},
		{"", 3 << 20, "", "", 1},
		{"", LIMIT_LINE, "\nb\n", NULL, 0},
		{"", LIMIT_LINE, "", NULL, 0},
		{"a\n", LIMIT_LINE + 1, "\nb\n", "a\nb\n", 1},
		{"a\n", LIMIT_LINE + 1, "", "a\n", 1},
		{"", LIMIT_LINE - 1, "\n", NULL, 0},
	};
	struct source_set set;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		put_long("l.log", t[i].before, t[i].n, t[i].after);
		struct buf file = slurp("l.log");
		for (size_t k = 1; k < ARRAY_LEN(wants); k += t[i].n > (10 << 20) ? 5 : 2) {
			find1(&set, "l.log");
			struct buf got = read_all(&set, &set.streams.v[0], wants[k]);
			if (t[i].expected) {
				assert_int_equal(got.n, strlen(t[i].expected));
				assert_true(got.n == 0 || memcmp(got.p, t[i].expected, got.n) == 0);
			} else {
				assert_same(&got, &file);
			}
			assert_int_equal(set.files.v[0].too_long, t[i].too_long);
			assert_int_equal(set.files.v[0].bytes, file.n);
			buf_free(&got);
			source_set_free(&set);
		}
		buf_free(&file);
	}
}

/* Offsets lead back to the bytes in the file, also behind a line that was skipped. */
static void test_offsets(void **state)
{
	struct source_set set;
	struct block b = {0};
	struct err e;

	(void)state;
	put_long("o.log", "first\n", 2 << 20, "\nsecond line\nthird\n");
	struct buf file = slurp("o.log");
	for (size_t k = 0; k < ARRAY_LEN(wants); k += 3) {
		find1(&set, "o.log");
		struct stream *s = stream_open(&set, &set.streams.v[0]);
		while (stream_next(s, wants[k], &b, &e) == 1) {
			assert_true(b.offset + b.data.n <= file.n);
			assert_memory_equal(b.data.p, file.p + b.offset, b.data.n);
		}
		stream_close(s);
		source_set_free(&set);
	}
	block_free(&b);
	buf_free(&file);
}

static void test_records(void **state)
{
	struct source_set set;
	char rec[SOURCE_RECORD] = {0};
	unsigned sec = 1777852800;
	FILE *f = fopen("wtmp", "we");

	(void)state;
	rec[0] = 7;
	memcpy(rec + 340, &sec, 4);
	for (int i = 0; i < 1000; i++)
		fwrite(rec, 1, sizeof(rec), f);
	fwrite(rec, 1, 100, f);
	fclose(f);
	sh("head -c 38400 wtmp | gzip >wtmp.1.gz");
	const char *paths[] = {"wtmp", "wtmp.1.gz"};
	struct err e;
	assert_int_equal(source_find(&set, paths, 2, NULL, &e), 0);
	assert_int_equal(set.streams.n, 1);
	assert_true(set.files.v[0].records && set.files.v[1].records);
	struct buf got = read_all(&set, &set.streams.v[0], 1000);
	assert_int_equal(got.n, 1100 * SOURCE_RECORD);
	assert_problem(&set, "wtmp", PROBLEM_TRUNCATED);
	assert_problems(&set, 1);
	buf_free(&got);
	source_set_free(&set);
}

static void test_changes_while_read(void **state)
{
	struct source_set set;
	struct block b = {0};
	struct err e;

	(void)state;
	put_lines("ch.log", "line", 500000);
	find1(&set, "ch.log");
	struct stream *s = stream_open(&set, &set.streams.v[0]);
	assert_int_equal(stream_next(s, 4096, &b, &e), 1);
	assert_int_equal(truncate("ch.log", 100), 0);
	while (stream_next(s, 4096, &b, &e) == 1)
		;
	assert_problem(&set, "ch.log", PROBLEM_TRUNCATED);
	stream_close(s);
	source_set_free(&set);
	/* Rotated away and replaced; deleted; turned into a FIFO, which must not block. */
	sh("echo a >r1.log; echo b >r2.log; echo c >r3.log; echo d >r4.log");
	const char *paths[] = {"r1.log", "r2.log", "r3.log", "r4.log"};
	assert_int_equal(source_find(&set, paths, 4, NULL, &e), 0);
	sh("mv r1.log r1.log.1; echo new >r1.log; rm r2.log; mv r3.log r3x; mkfifo r3.log");
	for (size_t i = 0; i < set.streams.n; i++) {
		struct buf got = read_all(&set, &set.streams.v[i], 4096);
		assert_int_equal(got.n, i == 3 ? 2 : 0);
		buf_free(&got);
	}
	assert_problem(&set, "r1.log", PROBLEM_UNREADABLE);
	assert_problem(&set, "r2.log", PROBLEM_UNREADABLE);
	assert_problem(&set, "r3.log", PROBLEM_NOT_A_LOG);
	source_set_free(&set);
	block_free(&b);
}

static void test_peek(void **state)
{
	struct source_set set;
	char buf[100];

	(void)state;
	sh("mkdir pk; printf 'one\\ntwo\\nthree' >pk/a.log; printf 'one\\ntwo\\n' | gzip >pk/b.log.gz");
	find1(&set, "pk");
	for (size_t i = 0; i < 2; i++) {
		struct stream *s = stream_open(&set, &set.streams.v[i]);
		assert_int_equal(stream_peek(s, buf, sizeof(buf)), 8);
		assert_memory_equal(buf, "one\ntwo\n", 8);
		assert_int_equal(stream_peek(s, buf, 6), 4);
		assert_int_equal(stream_peek(s, buf, 2), 2);
		stream_close(s);
	}
	assert_content(&set, "pk/a.log", "one\ntwo\nthree");
	source_set_free(&set);
}

/* ---- standard input ------------------------------------------------------------------------------------------------ */
static void with_stdin(const char *cmd, const char *stream, const struct buf *want, size_t npeek)
{
	struct source_set set;
	FILE *p = popen(cmd, "re");
	int saved = dup(STDIN_FILENO);
	char peek[64];

	assert_non_null(p);
	assert_true(dup2(fileno(p), STDIN_FILENO) == 0);
	find1(&set, "-");
	if (!stream_named(&set, stream))
		fail_msg("%s: no stream %s", cmd, stream);
	struct stream *s = stream_open(&set, stream_named(&set, stream));
	assert_int_equal(stream_peek(s, peek, sizeof(peek)) > 0, npeek > 0);
	stream_close(s);
	struct buf got = read_all(&set, stream_named(&set, stream), 4096);
	assert_same(&got, want);
	assert_problems(&set, 0);
	buf_free(&got);
	source_set_free(&set);
	dup2(saved, STDIN_FILENO);
	close(saved);
	pclose(p);
}

static void test_stdin(void **state)
{
	(void)state;
	put_lines("i.txt", "May  4 00:00:00 web1 sshd[1]: stdin", 20000);
	sh("head -c 3000000 /dev/urandom | base64 >rnd.txt");
	struct buf want = slurp("i.txt"), rnd = slurp("rnd.txt"), two = {0};
	buf_addz(&two, "a\nb");
	with_stdin("cat i.txt", "-", &want, 1);
	with_stdin("gzip <i.txt", "-", &want, 1);
	with_stdin("gzip <rnd.txt", "-", &rnd, 1);
	with_stdin("bzip2 <rnd.txt", "-", &rnd, 1); /* its first block is larger than what is looked at */
	with_stdin("xz -0 <i.txt", "-", &want, 1);
	with_stdin("gzip <i.txt | xz -0", "-", &want, 1);
	with_stdin("printf 'a\\nb'", "-", &two, 1);
	with_stdin("printf 'a\\nb' | gzip", "-", &two, 1);
	with_stdin("printf 'a\\n'; sleep 0.2; printf b", "-", &two, 1);
	with_stdin("tar cz i.txt", "-!i.txt", &want, 1);
	with_stdin("tar c rnd.txt i.txt", "-!i.txt", &want, 1);
	with_stdin("zip -q - i.txt", "-!i.txt", &want, 1);
	buf_free(&want);
	buf_free(&rnd);
	buf_free(&two);
}

static void test_stdin_file(void **state)
{
	struct source_set set;
	struct err e;
	int saved = dup(STDIN_FILENO);
	const char *twice[] = {"-", "-"};

	(void)state;
	sh("printf 'skip\\nkeep\\n' >if.log; tar czf if.tgz if.log");
	int fd = open("if.log", O_RDONLY);
	assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
	dup2(fd, STDIN_FILENO);
	close(fd);
	assert_int_equal(source_find(&set, twice, 2, NULL, &e), 0);
	assert_content(&set, "-", "keep\n");
	assert_problem(&set, "-", PROBLEM_DUPLICATE);
	source_set_free(&set);
	fd = open("if.tgz", O_RDONLY);
	dup2(fd, STDIN_FILENO);
	close(fd);
	find1(&set, "-");
	assert_content(&set, "-!if.log", "skip\nkeep\n");
	source_set_free(&set);
	fd = open(".", O_RDONLY | O_DIRECTORY);
	dup2(fd, STDIN_FILENO);
	close(fd);
	assert_int_equal(source_find(&set, twice, 1, NULL, &e), ERR_IO);
	assert_string_equal(e.text, "-: Is a directory");
	source_set_free(&set);
	fd = open("/dev/null", O_RDONLY);
	dup2(fd, STDIN_FILENO);
	close(fd);
	find1(&set, "-");
	assert_problem(&set, "-", PROBLEM_EMPTY);
	source_set_free(&set);
	dup2(saved, STDIN_FILENO);
	close(saved);
}

static void test_fifo(void **state)
{
	struct source_set set;

	(void)state;
	sh("mkfifo ff");
	find1(&set, "ff"); /* nobody writes: empty, not a hang */
	assert_problem(&set, "ff", PROBLEM_EMPTY);
	source_set_free(&set);
	int fd = open("ff", O_RDWR);
	assert_int_equal(write(fd, "from a pipe\n", 12), 12);
	sh("(sleep 0.3) >ff & true");
	int w = open("ff", O_WRONLY);
	close(fd);
	close(w);
	find1(&set, "ff");
	(void)set;
	source_set_free(&set);
}

/* ---- threads --------------------------------------------------------------------------------------------------------- */
struct job {
	struct source_set *set;
	size_t from;
	uint64_t bytes;
};

static void *run_job(void *arg)
{
	struct job *j = arg;
	struct block b = {0};
	struct err e;

	for (size_t i = j->from; i < j->set->streams.n; i += 4) {
		struct stream *s = stream_open(j->set, &j->set->streams.v[i]);
		while (stream_next(s, 65536, &b, &e) == 1)
			j->bytes += b.data.n;
		stream_close(s);
	}
	block_free(&b);
	return NULL;
}

static void test_threads(void **state)
{
	struct source_set set;
	struct job jobs[4];
	pthread_t t[4];
	uint64_t sum = 0;

	(void)state;
	sh("mkdir th; cd th; for i in $(seq 40); do seq 1 20000 >f$i-x.log; gzip -k f$i-x.log; mv f$i-x.log.gz g$i-x.log.gz;"
	   "done; tar czf t.tgz f*.log; for i in $(seq 20); do seq 1 20000 | gzip | head -c 20000 >c$i-x.log.gz; done");
	find1(&set, "th");
	assert_int_equal(set.streams.n, 140);
	for (size_t i = 0; i < 4; i++) {
		jobs[i] = (struct job){.set = &set, .from = i};
		assert_int_equal(pthread_create(&t[i], NULL, run_job, &jobs[i]), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		sum += jobs[i].bytes;
	}
	assert_true(sum > 120 * (uint64_t)108894);
	assert_int_equal(set.problem_count[PROBLEM_TRUNCATED], 20);
	source_set_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_nul_bytes),
		cmocka_unit_test(test_packings),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_corrupt),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_changes_while_read),
		cmocka_unit_test(test_peek),
		cmocka_unit_test(test_stdin),
		cmocka_unit_test(test_stdin_file),
		cmocka_unit_test(test_fifo),
		cmocka_unit_test(test_threads),
	};
	return cmocka_run_group_tests(tests, work_setup, work_teardown);
}
