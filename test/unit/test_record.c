/* test_record.c - recordings: what the sink makes of frames, good and hostile ones, and what becomes of it when the service dies. */
#include "gate/record_private.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct lab {
	char folder[64], db[96], log[96], recordings[96];
	struct vault *vault;
	struct chain *audit;
	struct record_store store;
};

static struct lab *open_lab(void)
{
	struct lab *l = xcalloc(1, sizeof *l);
	struct err e;
	snprintf(l->folder, sizeof l->folder, "/tmp/postern-record-XXXXXX");
	assert_non_null(mkdtemp(l->folder));
	snprintf(l->db, sizeof l->db, "%s/gate.db", l->folder);
	snprintf(l->log, sizeof l->log, "%s/audit.log", l->folder);
	snprintf(l->recordings, sizeof l->recordings, "%s/recordings", l->folder);
	l->vault = vault_open(l->db, VAULT_CREATE, &e);
	assert_non_null(l->vault);
	l->audit = chain_open(l->log, NULL, NULL, &e);
	assert_non_null(l->audit);
	l->store = (struct record_store){.folder = l->recordings, .vault = l->vault, .audit = l->audit};
	return l;
}

static void close_lab(struct lab *l)
{
	char command[128];
	chain_close(l->audit);
	vault_close(l->vault);
	snprintf(command, sizeof command, "rm -rf %s", l->folder);
	assert_int_equal(system(command), 0);
	free(l);
}

static struct record *start(struct lab *l, bool terminal)
{
	struct err e;
	struct record_meta m = {.person = SL("jansen"), .provider = SL("hafenlicht"), .account = SL("prov1"), .host = SL("db1"), .grant = SL("G-1"), .source = SL("192.0.2.7"),
		.tty = SL("pts/1"), .term = SL("xterm"), .command = SL("echo \"x\""), .kind = KIND_COMMAND, .terminal = terminal, .session = 17, .pid = 42};
	struct record *r = record_open(&l->store, &m, &e);
	if (!r)
		fail_msg("%s", e.text);
	return r;
}

static void frame(struct buf *b, uint32_t type, uint64_t at, const void *p, size_t n)
{
	struct record_frame f = {.type = RECORD_MAGIC | type, .size = (uint32_t)n, .at = at};
	buf_add(b, &f, sizeof f);
	buf_add(b, p, n);
}

struct kept {
	struct buf text, marks, raw;
	size_t events, headers;
	nstime last;
};

static int keep(void *arg, const struct cast_event *x)
{
	struct kept *k = arg;
	k->events++;
	k->headers += x->code == 'h';
	assert_true(x->code == 'h' || x->at >= k->last);
	k->last = MAX(k->last, x->at);
	struct buf *to = x->code == 'o' ? &k->text : x->code == 'b' ? &k->raw : x->code == 'm' || x->code == 'r' ? &k->marks : NULL;
	if (to)
		buf_adds(to, x->text);
	if (x->code == 'm' || x->code == 'r')
		buf_addc(to, '\n');
	return 0;
}

static void drop(struct kept *k)
{
	buf_free(&k->text);
	buf_free(&k->marks);
	buf_free(&k->raw);
	*k = (struct kept){0};
}

static int take_session(void *arg, const struct session *s)
{
	struct { struct session s; char id[64], path[256], sha[80], why[128]; size_t n; } *x = arg;
	x->s = *s;
	snprintf(x->id, sizeof x->id, "%.*s", SLFMT(s->id));
	snprintf(x->path, sizeof x->path, "%.*s", SLFMT(s->file));
	snprintf(x->sha, sizeof x->sha, "%.*s", SLFMT(s->sha256));
	snprintf(x->why, sizeof x->why, "%.*s", SLFMT(s->why));
	x->n++;
	return 0;
}
struct row { struct session s; char id[64], path[256], sha[80], why[128]; size_t n; };

static struct row the_row(struct lab *l)
{
	struct row x = {0};
	struct err e;
	assert_int_equal(session_each(l->vault, SLICE_NONE, take_session, &x, &e), 0);
	assert_int_equal(x.n, 1);
	return x;
}

static void the_cast(struct lab *l, const struct row *x, struct kept *k, char *sha)
{
	char path[512];
	struct err e;
	snprintf(path, sizeof path, "%s/%s", l->recordings, x->path);
	*k = (struct kept){0};
	assert_int_equal(cast_read(path, keep, k, sha, &e), 0);
}

/* A session as it is; fed in pieces of every size. */
static void test_whole(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 200; piece += 13) {
		struct lab *l = open_lab();
		struct err e;
		struct buf b = {0}, reply = {0};
		struct record *r = start(l, true);
		uint16_t size[2] = {0, 0}, size2[2] = {132, 50};
		uint64_t typed = 77;
		int32_t status = 3;
		frame(&b, RECORD_RESIZE, 0, size, 4);
		frame(&b, RECORD_OUTPUT, 1000, "h\xc3", 2);
		frame(&b, RECORD_OUTPUT, 500, "\xa9\x1b[31m \"q\" \\ \x01\0", 15);
		frame(&b, RECORD_RESIZE, 2000, size2, 4);
		frame(&b, RECORD_COUNT, 3000, &typed, 8);
		frame(&b, RECORD_PING, UINT64_MAX, NULL, 0);
		frame(&b, RECORD_OUTPUT, UINT64_MAX, "end\xff", 4);
		frame(&b, RECORD_EXIT, 0, &status, 4);
		for (size_t i = 0; i < b.n; i += piece)
			assert_int_equal(record_feed(r, slice_make(b.p + i, MIN(piece, b.n - i)), &reply, &e), 0);
		assert_true(record_exited(r));
		assert_int_equal(reply.n, sizeof(struct record_frame));
		assert_int_equal(record_close(r, "", &e), 0);
		struct row x = the_row(l);
		struct kept k;
		char sha[65];
		the_cast(l, &x, &k, sha);
		assert_string_equal(sha, x.sha);
		assert_true(slice_eq(buf_slice(&k.text), SL("h\xc3\xa9\x1b[31m \"q\" \\ \x01\0end\xef\xbf\xbd")));
		assert_true(slice_eqz(buf_slice(&k.raw), "ZW5k/w=="));
		assert_true(slice_eqz(buf_slice(&k.marks), "132x50\nexit status 3\n"));
		assert_int_equal(k.headers, 1);
		assert_true(k.last < NS_MIN);
		assert_true(x.s.exited && x.s.status == 3 && x.s.input == 77 && x.s.output == 21 && x.s.end != NSTIME_NONE && !x.why[0]);
		drop(&k);
		buf_free(&b);
		buf_free(&reply);
		close_lab(l);
	}
}

static void test_files(void **state)
{
	(void)state;
	struct lab *l = open_lab();
	struct err e;
	struct stat st;
	char path[512];
	struct record *r = start(l, true);
	struct row x = the_row(l);
	assert_true(x.s.end == NSTIME_NONE);
	snprintf(path, sizeof path, "%s/%s", l->recordings, x.path);
	assert_int_equal(access(path, F_OK), -1); /* not under its name before it is whole */
	struct kept k;
	the_cast(l, &x, &k, NULL); /* but to be watched */
	assert_int_equal(k.headers, 1);
	drop(&k);
	assert_int_equal(record_close(r, "grant revoked", &e), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	*strrchr(path, '/') = 0;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	x = the_row(l);
	assert_string_equal(x.why, "grant revoked");
	assert_false(x.s.exited);
	/* hash and facts are in the audit log */
	FILE *f = fopen(l->log, "r");
	char line[4096], want[128];
	bool found = false;
	snprintf(want, sizeof want, "sha256=%s", x.sha);
	while (fgets(line, sizeof line, f))
		found = found || (strstr(line, want) && strstr(line, x.id) && strstr(line, "\"action\":\"session-recorded\""));
	fclose(f);
	assert_true(found);
	close_lab(l);
}

/* Without a terminal: sizes and hashes of all, the beginning of output. */
static void test_streams(void **state)
{
	(void)state;
	struct lab *l = open_lab();
	struct err e;
	struct buf b = {0}, reply = {0}, all = {0};
	struct record *r = start(l, false);
	char piece[RECORD_PAYLOAD], hex[65];
	memset(piece, 'z', sizeof piece);
	for (int i = 0; i < 100; i++) {
		b.n = 0;
		frame(&b, RECORD_OUTPUT, 0, piece, sizeof piece);
		frame(&b, RECORD_INPUT, 0, "secret", 6);
		buf_add(&all, piece, sizeof piece);
		assert_int_equal(record_feed(r, buf_slice(&b), &reply, &e), 0);
	}
	assert_int_equal(record_close(r, "", &e), 0);
	chain_sha256(buf_slice(&all), hex);
	struct row x = the_row(l);
	struct kept k;
	the_cast(l, &x, &k, NULL);
	assert_int_equal(k.text.n, RECORD_HEAD_KEPT);
	assert_true(slice_has(buf_slice(&k.marks), slice_of(hex)));
	assert_true(slice_has(buf_slice(&k.marks), SL("input: 600 bytes, sha256 ")));
	assert_false(slice_has(buf_slice(&k.text), SL("secret")));
	assert_true(slice_has(buf_slice(&k.marks), SL("ended: the connection to the recorder was lost")));
	drop(&k);
	buf_free(&b);
	buf_free(&all);
	close_lab(l);
}

static void test_hostile(void **state)
{
	(void)state;
	static const struct { uint32_t type, size; size_t have; } rows[] = {
		{0, 0, 0}, {RECORD_OUTPUT, 1, 1} /* no magic: below */, {RECORD_MAGIC | 99, 0, 0}, {RECORD_MAGIC, 0, 0}, {RECORD_MAGIC | RECORD_OUTPUT, RECORD_PAYLOAD + 1, 0},
		{RECORD_MAGIC | RECORD_OUTPUT, UINT32_MAX, 0}, {RECORD_MAGIC | RECORD_OUTPUT, 0, 0}, {RECORD_MAGIC | RECORD_RESIZE, 3, 3}, {RECORD_MAGIC | RECORD_RESIZE, 5, 5},
		{RECORD_MAGIC | RECORD_COUNT, 4, 4}, {RECORD_MAGIC | RECORD_EXIT, 8, 8}, {RECORD_MAGIC | RECORD_PING, 1, 1}, {RECORD_MAGIC | RECORD_SAY, 4, 4}, {RECORD_MAGIC | RECORD_END, 0, 0},
		{0xffffffffu, 0, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct lab *l = open_lab();
		struct err e;
		struct buf b = {0}, reply = {0};
		struct record *r = start(l, true);
		struct record_frame f = {.type = rows[i].type, .size = rows[i].size};
		buf_add(&b, &f, sizeof f);
		buf_add(&b, "12345678", rows[i].have);
		assert_int_equal(record_feed(r, buf_slice(&b), &reply, &e), ERR_SYNTAX);
		assert_int_equal(record_feed(r, SL("x"), &reply, &e), ERR_STOPPED);
		assert_int_equal(record_tick(r, &e), ERR_STOPPED);
		assert_int_equal(record_close(r, "nonsense", &e), 0);
		buf_free(&b);
		buf_free(&reply);
		close_lab(l);
	}
	struct lab *l = open_lab();
	struct err e;
	struct buf b = {0}, reply = {0};
	struct record *r = start(l, true);
	int32_t status = 0;
	frame(&b, RECORD_EXIT, 0, &status, 4);
	frame(&b, RECORD_OUTPUT, 0, "x", 1); /* behind the end */
	assert_int_equal(record_feed(r, buf_slice(&b), &reply, &e), ERR_SYNTAX);
	assert_int_equal(record_close(r, "", &e), 0);
	buf_free(&b);
	close_lab(l);
}

static void test_limits(void **state)
{
	(void)state;
	struct lab *l = open_lab();
	struct err e;
	struct buf b = {0}, reply = {0};
	l->store.bytes_max = 100000;
	struct record *r = start(l, true);
	char piece[30000] = {0};
	frame(&b, RECORD_OUTPUT, 0, piece, sizeof piece);
	for (int i = 0; i < 3; i++)
		assert_int_equal(record_feed(r, buf_slice(&b), &reply, &e), 0);
	assert_int_equal(record_feed(r, buf_slice(&b), &reply, &e), ERR_LIMIT);
	assert_non_null(strstr(e.text, "limit"));
	assert_int_equal(record_close(r, "limit", &e), 0);
	l->store.time_max = 1;
	r = start(l, true);
	assert_int_equal(record_tick(r, &e), ERR_LIMIT);
	assert_int_equal(record_close(r, "limit", &e), 0);
	buf_free(&b);
	close_lab(l);
}

/* The service is killed: a copy of what lies there then is recovered, under its name and marked. */
static void test_recover(void **state)
{
	(void)state;
	struct lab *l = open_lab();
	struct err e;
	struct buf b = {0}, reply = {0};
	pid_t pid = fork();
	if (pid == 0) {
		struct vault *v = vault_open(l->db, VAULT_WRITE, &e);
		struct lab mine = *l;
		mine.vault = mine.store.vault = v;
		struct record *r = start(&mine, true);
		frame(&b, RECORD_OUTPUT, 0, "before the end", 14);
		if (record_feed(r, buf_slice(&b), &reply, &e) || record_file_flush(&r->file, false, &e))
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(record_recover(&l->store, &e), 0);
	struct row x = the_row(l);
	struct kept k;
	char sha[65];
	the_cast(l, &x, &k, sha);
	assert_true(slice_eqz(buf_slice(&k.text), "before the end"));
	assert_string_equal(sha, x.sha);
	assert_true(x.s.end != NSTIME_NONE && strstr(x.why, "cut short"));
	drop(&k);
	assert_int_equal(record_recover(&l->store, &e), 0); /* nothing is left to do */
	close_lab(l);
}

static void test_end(void **state)
{
	(void)state;
	struct lab *l = open_lab();
	struct err e;
	struct gate g = {.vault = l->vault, .audit = l->audit, .actor = SL("alice")};
	struct record *r = start(l, true);
	assert_int_equal(session_end(&g, SL("S-none"), SL("why"), &e), ERR_NOENT);
	assert_int_equal(session_end(&g, slice_of(record_id(r)), SL("wrong machine"), &e), 0);
	struct row x = the_row(l);
	assert_true(x.s.wanted != NSTIME_NONE && x.s.end == NSTIME_NONE);
	assert_int_equal(record_close(r, "ended by alice", &e), 0);
	assert_int_equal(session_end(&g, slice_of(x.id), SL("again"), &e), ERR_STOPPED);
	close_lab(l);
}

static int count_one(void *arg, const struct session *s)
{
	(void)s;
	++*(size_t *)arg;
	return 0;
}

/* Pages of the list, and a recording read from its descriptor, no further than asked. */
static void test_some(void **state)
{
	(void)state;
	struct lab *l = open_lab();
	struct err e;
	struct buf b = {0}, reply = {0};
	char path[512], sha[65];
	uint64_t total;
	const struct { struct session_choice c; size_t rows; uint64_t total; } rows[] = {
		{{.most = 2}, 2, 3}, {{.most = 2, .skip = 2}, 1, 3}, {{.most = 2, .skip = 9}, 0, 3}, {{.most = 9, .provider = SL("hafenlicht")}, 3, 3}, {{.most = 9, .provider = SL("hafen")}, 0, 0},
		{{.most = 9, .grant = SL("G-1")}, 3, 3}, {{.most = 9, .grant = SL("G-2")}, 0, 0}, {{.most = 9, .id = SL("S-")}, 0, 0},
	};
	for (int i = 0; i < 3; i++) {
		struct record *r = start(l, true);
		b.n = 0;
		frame(&b, RECORD_OUTPUT, 0, "seen", 4);
		assert_int_equal(record_feed(r, buf_slice(&b), &reply, &e), 0);
		assert_int_equal(record_close(r, "", &e), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = 0;
		assert_int_equal(session_some(l->vault, &rows[i].c, count_one, &n, &total, &e), 0);
		assert_int_equal(n, rows[i].rows);
		assert_int_equal(total, rows[i].total);
	}
	struct row x = {0};
	assert_int_equal(session_some(l->vault, &(struct session_choice){.most = 1}, take_session, &x, &total, &e), 0);
	snprintf(path, sizeof path, "%s/%s", l->recordings, x.path);
	struct kept k = {0};
	assert_int_equal(cast_read_fd(open(path, O_RDONLY | O_CLOEXEC), "it", 1 << 20, keep, &k, sha, &e), 0);
	assert_true(slice_eqz(buf_slice(&k.text), "seen"));
	assert_string_equal(sha, x.sha);
	drop(&k);
	assert_int_equal(cast_read_fd(open(path, O_RDONLY | O_CLOEXEC), "it", 10, keep, &k, NULL, &e), ERR_LIMIT);
	drop(&k);
	buf_free(&b);
	buf_free(&reply);
	close_lab(l);
}

/* No room for it, no session. */
static void test_no_sink(void **state)
{
	(void)state;
	struct lab *l = open_lab();
	struct err e;
	struct record_meta m = {.person = SL("jansen"), .kind = KIND_SHELL, .terminal = true};
	l->store.folder = "/dev/null/recordings";
	assert_null(record_open(&l->store, &m, &e));
	char link[128];
	snprintf(link, sizeof link, "%s/link", l->folder);
	assert_int_equal(symlink("/tmp", link), 0);
	l->store.folder = link;
	assert_null(record_open(&l->store, &m, &e)); /* not through a link */
	struct row x = {0};
	assert_int_equal(session_each(l->vault, SLICE_NONE, take_session, &x, &e), 0);
	assert_int_equal(x.n, 0);
	close_lab(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_whole), cmocka_unit_test(test_files), cmocka_unit_test(test_streams), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_recover), cmocka_unit_test(test_end), cmocka_unit_test(test_some), cmocka_unit_test(test_no_sink)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
