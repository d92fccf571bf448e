/* test_live_follow.c - finder and follow together, on real files: every numbered line is read exactly once, whatever rotates, whenever
 * the reader is killed. */
#include "test_source_util.h"

#include <fcntl.h>
#include <time.h>

#include "live/find_private.h"

enum { LINES_MAX = 40000 };

struct world {
	struct live_config c;
	struct slice paths[4];
	char path_text[4][128];
	char spool[128];
	struct live_finder *finder;
	struct live_follow *follow;
	bool first, sources_first;
	/* what was read, as a store would keep it: now, and at the last checkpoint */
	unsigned char got[LINES_MAX], saved_got[LINES_MAX];
	struct live_known *saved;
	size_t nsaved;
	struct arena *mem;
	unsigned written;      /* numbered lines so far */
	unsigned reads, problems;
	char problem[256];
	uint64_t seed;
};

static unsigned dice(struct world *w, unsigned n)
{
	w->seed = w->seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(w->seed >> 33) % n;
}

static void on_found(void *arg, uint32_t file, const struct live_file *f, int fd) { live_follow_found(((struct world *)arg)->follow, file, f, fd); }
static void on_grew(void *arg, uint32_t file) { live_follow_grew(((struct world *)arg)->follow, file); }
static void on_renamed(void *arg, uint32_t file, const struct live_file *f) { live_follow_renamed(((struct world *)arg)->follow, file, f); }
static void on_gone(void *arg, uint32_t file) { live_follow_gone(((struct world *)arg)->follow, file); }
static void on_problem(void *arg, struct slice path, const char *text)
{
	struct world *w = arg;
	w->problems++;
	snprintf(w->problem, sizeof w->problem, "%.*s: %s", SLFMT(path), text);
}

static void start(struct world *w)
{
	const struct live_finder_calls calls = {on_found, on_grew, on_renamed, on_gone, on_problem, w};
	struct err e;
	w->follow = live_follow_new(w->saved, w->nsaved, w->first, w->c.history, 0);
	w->finder = live_finder_new(&w->c, w->spool[0] ? w->spool : NULL, &calls, &e);
	assert_non_null(w->finder);
	w->finder->rest = NS_SEC / 20; /* the tests' gzip is quick */
	assert_int_equal(live_finder_step(w->finder, true, &e), 0);
	while (!live_finder_complete(w->finder)) {
		usleep(10000);
		assert_int_equal(live_finder_step(w->finder, false, &e), 0);
	}
	live_follow_settled(w->follow);
}

static void stop(struct world *w)
{
	live_finder_free(w->finder);
	live_follow_free(w->follow);
	w->finder = NULL;
	w->follow = NULL;
}

static struct world *world_new(const char *path, bool history)
{
	struct world *w = xcalloc(1, sizeof *w);
	snprintf(w->path_text[0], sizeof w->path_text[0], "%s/%s", work, path);
	w->paths[0] = slice_of(w->path_text[0]);
	w->c = (struct live_config){.paths = w->paths, .npaths = 1, .history = history};
	w->first = true;
	w->mem = xcalloc(1, sizeof *w->mem);
	arena_init(w->mem);
	w->seed = 1;
	return w;
}

static void world_free(struct world *w)
{
	stop(w);
	arena_free(w->mem);
	free(w->mem);
	free(w);
}

/* Lines are "Nov 23 01:02:03 web1 app[7]: line 00000012 end"; the number is what counts. */
static void take(struct world *w, struct slice data)
{
	while (data.n) {
		ssize_t nl = slice_chr(data, '\n');
		struct slice line = nl < 0 ? data : slice_to(data, (size_t)nl);
		ssize_t at = slice_find(line, SL(" line "));
		uint64_t number;
		data = nl < 0 ? SLICE_NONE : slice_from(data, (size_t)nl + 1);
		if (at < 0 || !slice_u64(slice_to(slice_from(line, (size_t)at + 6), 8), LINES_MAX - 1, &number) || !slice_ends(line, SL(" end")))
			fail_msg("a line that was never written: \"%.*s\"", SLFMT(line));
		w->got[number]++;
		w->reads++;
	}
}

static void drain(struct world *w)
{
	struct block b = {0};
	struct live_from from;
	struct err e = {0};
	int rc;
	for (uint32_t s = 0; (s = live_follow_ready(w->follow, s)) != 0;) {
		while ((rc = live_follow_read(w->follow, s, 1 + dice(w, 20000), 1000, &b, &from, &e)) == 1)
			take(w, b.data);
		if (rc < 0)
			fail_msg("%.*s: %s", SLFMT(from.path), e.text);
	}
	block_free(&b);
}

static void pump(struct world *w, bool full)
{
	struct err e;
	assert_int_equal(live_finder_step(w->finder, full, &e), 0);
	drain(w);
	live_follow_tick(w->follow);
	drain(w);
}

static void checkpoint(struct world *w)
{
	const struct live_known *v;
	size_t n = live_follow_known(w->follow, &v);
	arena_reset(w->mem);
	w->saved = arena_alloc(w->mem, (n + 1) * sizeof *w->saved);
	for (size_t i = 0; i < n; i++) {
		w->saved[i] = v[i];
		w->saved[i].path = slice_dup(w->mem, v[i].path);
		w->saved[i].set = slice_dup(w->mem, v[i].set);
	}
	w->nsaved = n;
	memcpy(w->saved_got, w->got, sizeof w->got);
	w->first = false;
}

/* kill -9: what was not saved is forgotten, also that it was read. */
static void crash(struct world *w)
{
	stop(w);
	memcpy(w->got, w->saved_got, sizeof w->got);
}

static void assert_once(struct world *w)
{
	for (unsigned i = 0; i < w->written; i++)
		if (w->got[i] != 1)
			fail_msg("line %u was read %u times (of %u; seed %llu)", i, w->got[i], w->written, (unsigned long long)w->seed);
}

static void settle(struct world *w)
{
	for (int i = 0; i < 100; i++) { /* files that are being made are let through when they rest */
		pump(w, i % 5 == 0);
		bool all = true;
		for (unsigned k = 0; k < w->written; k++)
			all = all && w->got[k] == 1;
		if (all && i > 1)
			break;
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
}

/* ---- writers --------------------------------------------------------------------------------------------------------- */
static size_t line_text(struct world *w, char *to, size_t cap)
{
	unsigned n = w->written++;
	assert_true(n < LINES_MAX);
	return (size_t)snprintf(to, cap, "Nov 23 01:%02u:%02u web1 app[7]: line %08u end\n", n / 60 % 60, n % 60, n);
}

static void write_lines(struct world *w, int fd, unsigned n)
{
	char text[256];
	while (n-- > 0) {
		size_t len = line_text(w, text, sizeof text), half = dice(w, 4) ? len : dice(w, (unsigned)len);
		assert_int_equal(write(fd, text, half), half);
		if (half < len && w->finder && dice(w, 2))
			pump(w, false); /* half a line is there */
		assert_int_equal(write(fd, text + half, len - half), len - half);
	}
}

static int open_log(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	return fd;
}

static void append_lines(struct world *w, const char *path, unsigned n)
{
	int fd = open_log(path);
	write_lines(w, fd, n);
	close(fd);
}

/* ---- plain cases ------------------------------------------------------------------------------------------------------ */
static void test_found_and_grown(void **state)
{
	struct world *w = world_new("log", true);
	(void)state;
	sh("mkdir -p log/app");
	append_lines(w, "log/a.log", 100);
	start(w);
	pump(w, false);
	assert_once(w);
	append_lines(w, "log/a.log", 5);
	append_lines(w, "log/app/new.log", 5);
	pump(w, false);
	assert_once(w);
	sh("mkdir -p log/later/deep"); /* folders that appear */
	pump(w, false);
	append_lines(w, "log/later/deep/x.log", 5);
	pump(w, false);
	assert_once(w);
	sh("mkdir -p log/at/once");
	append_lines(w, "log/at/once/x.log", 5); /* before anybody could watch it */
	pump(w, false);
	assert_once(w);
	sh("mv log/later log/moved");
	append_lines(w, "log/moved/deep/x.log", 5);
	pump(w, false);
	append_lines(w, "log/moved/deep/x.log", 5);
	pump(w, false);
	assert_once(w);
	assert_int_equal(w->problems, 0);
	world_free(w);
}

static void test_no_history(void **state)
{
	struct world *w = world_new("log", false);
	(void)state;
	sh("mkdir log && echo 'Nov 23 old line' >log/a.log && printf 'Nov 23 half' >log/b.log && echo 'Nov 22 older' | gzip >log/a.log.1.gz && echo x >log/c.log.1");
	start(w);
	pump(w, false);
	assert_int_equal(w->reads, 0);
	append_lines(w, "log/a.log", 3);
	append_lines(w, "log/new.log", 3);
	int fd = open_log("log/b.log");
	assert_int_equal(write(fd, " line 00000006 end\n", 19), 19); /* the line that stood there half is read whole */
	close(fd);
	w->written = 7;
	pump(w, false);
	assert_once(w);
	checkpoint(w);
	crash(w);
	append_lines(w, "log/a.log", 3);
	start(w);
	pump(w, false);
	assert_once(w);
	world_free(w);
}

static void test_patterns(void **state)
{
	struct world *w = world_new("srv/*/var/log", true);
	(void)state;
	snprintf(w->path_text[1], sizeof w->path_text[1], "%s/one/au?h.log", work);
	snprintf(w->path_text[2], sizeof w->path_text[2], "%s/not/yet/there.log", work);
	w->paths[1] = slice_of(w->path_text[1]);
	w->paths[2] = slice_of(w->path_text[2]);
	w->c.npaths = 3;
	sh("mkdir -p srv/web1/var/log srv/web1/var/lib one");
	sh("echo nothing >srv/web1/var/lib/x.log; echo nothing >one/other.log");
	append_lines(w, "srv/web1/var/log/auth.log", 5);
	append_lines(w, "one/auth.log", 5);
	append_lines(w, "one/auth.log.1", 5); /* a rotated file belongs to what was named */
	start(w);
	settle(w);
	assert_once(w);
	sh("mkdir -p srv/db1/var/log not/yet");
	append_lines(w, "srv/db1/var/log/auth.log", 5);
	append_lines(w, "not/yet/there.log", 5);
	pump(w, false);
	pump(w, true);
	assert_once(w);
	world_free(w);
}

static void test_host_and_order(void **state);

static void test_refused(void **state)
{
	struct world *w = world_new("log", true);
	(void)state;
	sh("mkdir log other && mkfifo log/pipe.log && ln -s nowhere log/dangling.log && ln -s ../other log/folder && echo 'key' >log/app.conf");
	sh("printf '\\177ELF\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0' >log/program.log; tar cf log/x.tar other");
	append_lines(w, "other/linked.log", 5);
	sh("ln -s ../other/linked.log log/linked.log");
	start(w);
	pump(w, true);
	assert_once(w);
	assert_int_equal(w->reads, 5);
	unsigned before = w->problems;
	assert_true(before >= 4);
	pump(w, true);
	assert_int_equal(w->problems, before); /* told once */
	append_lines(w, "other/linked.log", 5); /* behind the link */
	pump(w, false);
	assert_once(w);
	world_free(w);
}

/* ---- rotation: each style, while the reader runs, and while it does not ----------------------------------------------------- */
static const struct style {
	const char *name, *rotate; /* shell; lines go on to log/a.log behind it */
	bool copies;               /* the writer keeps its file */
} styles[] = {
	{"rename", "mv a.log.1 a.log.2 2>/dev/null; mv a.log a.log.1", false},
	{"rename and gzip", "mv a.log a.log.1; gzip a.log.1", false},
	{"delayed gzip", "if [ -e a.log.1 ]; then gzip -c a.log.1 >a.log.2.gz; rm a.log.1; fi; mv a.log a.log.1", false},
	{"rename and xz", "mv a.log a.log.1; xz a.log.1", false},
	{"rename and zstd", "mv a.log a.log.1; zstd -q --rm a.log.1", false},
	{"rename and bzip2", "mv a.log a.log.1; bzip2 a.log.1", false},
	{"dateext", "mv a.log a.log-20261124", false},
	{"dateext and gzip", "mv a.log a.log-20261124; gzip a.log-20261124", false},
	{"dated before the suffix", "mv a.log a-2026-11-24.log", false},
	{"copytruncate", "mv a.log.1 a.log.2 2>/dev/null; cp a.log a.log.1; : >a.log", true},
	{"copytruncate and gzip", "cp a.log a.log.1; : >a.log; gzip a.log.1", true},
	{"copytruncate and dateext", "cp a.log a.log-20261124; : >a.log", true},
	{"replaced by a longer copy", "cp a.log .new; mv .new a.log", false},
	{"gzip -k", "mv a.log a.log.1; gzip -k a.log.1", false},
	{"moved to a folder", "mkdir -p old; mv a.log old/a.log.1", false},
};

static void rotate(const struct style *s)
{
	char cmd[512];
	snprintf(cmd, sizeof cmd, "cd log; %s; true", s->rotate);
	sh(cmd);
}

/* running: reader alive at the rotation; unread: lines it did not read before it. */
static void one_rotation(const struct style *s, bool running, unsigned unread, bool late)
{
	struct world *w = world_new("log", true);
	sh("rm -rf log; mkdir log");
	append_lines(w, "log/a.log", 60);
	start(w);
	pump(w, false);
	checkpoint(w);
	if (!running)
		crash(w);
	append_lines(w, "log/a.log", unread);
	if (running && !late)
		pump(w, false);
	rotate(s);
	if (running && late)
		pump(w, false);
	append_lines(w, "log/a.log", 3);
	if (!running)
		start(w);
	settle(w);
	for (unsigned i = 0; i < w->written; i++)
		if (w->got[i] != 1)
			fail_msg("%s, reader %s, %u unread, %s: line %u was read %u times", s->name, running ? "running" : "stopped", unread,
				late ? "late" : "soon", i, w->got[i]);
	checkpoint(w);
	crash(w);
	start(w); /* and nothing again after one more restart */
	append_lines(w, "log/a.log", 2);
	settle(w);
	assert_once(w);
	world_free(w);
}

static void test_rotation_running(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(styles); i++) {
		one_rotation(&styles[i], true, 0, false);
		one_rotation(&styles[i], true, 40, false);
		one_rotation(&styles[i], true, 40, true);
	}
}

static void test_rotation_stopped(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(styles); i++) {
		one_rotation(&styles[i], false, 0, false);
		one_rotation(&styles[i], false, 40, false);
	}
}

/* The writer of a renamed file goes on for a while (until it is told to open its log anew). */
static void test_writer_lags(void **state)
{
	struct world *w = world_new("log", true);
	(void)state;
	sh("mkdir log");
	int old = open_log("log/a.log");
	write_lines(w, old, 50);
	start(w);
	pump(w, false);
	sh("mv log/a.log log/a.log.1");
	pump(w, false);
	write_lines(w, old, 5);
	pump(w, false);
	int fresh = open_log("log/a.log");
	write_lines(w, fresh, 5);
	write_lines(w, old, 5);
	pump(w, false);
	assert_once(w);
	sh("rm log/a.log.1"); /* without a name, still written */
	pump(w, false);
	close(old);
	assert_once(w);
	close(fresh);
	world_free(w);
}

/* An inode that is another file's now; and a beginning of a file that all its successors have. */
static void test_inode_reused(void **state)
{
	struct world *w = world_new("log", true);
	(void)state;
	sh("mkdir log");
	append_lines(w, "log/a.log", 50);
	start(w);
	pump(w, false);
	checkpoint(w);
	crash(w);
	for (size_t i = 0; i < w->nsaved; i++) /* as if the new file had got the number of the deleted one */
		w->saved[i].dev = w->saved[i].ino = 0;
	sh("rm log/a.log");
	append_lines(w, "log/b.log", 80);
	struct stat st;
	assert_int_equal(stat("log/b.log", &st), 0);
	w->saved[0].dev = st.st_dev;
	w->saved[0].ino = st.st_ino;
	start(w);
	pump(w, false);
	assert_once(w);
	world_free(w);
}

static void test_same_beginning(void **state)
{
	struct world *w = world_new("log", true);
	(void)state;
	sh("mkdir log");
	char header[1500];
	memset(header, '#', sizeof header);
	memcpy(header + sizeof header - 20, " line 00000000 end\n#", 20);
	header[sizeof header - 1] = '\n';
	for (int round = 0; round < 4; round++) {
		int fd = open_log("log/a.log");
		assert_int_equal(write(fd, header, sizeof header - 1), sizeof header - 1); /* the same in each file */
		write_lines(w, fd, 20);
		close(fd);
		if (!w->finder)
			start(w);
		pump(w, false);
		w->got[0] = round == 0 ? w->got[0] : w->got[0]; /* numbered 0 each time */
		sh("cd log; mv a.log.2 a.log.3 2>/dev/null; mv a.log.1 a.log.2 2>/dev/null; mv a.log a.log.1");
		if (round % 2)
			pump(w, false);
		checkpoint(w);
		crash(w);
		start(w);
		pump(w, false);
	}
	assert_int_equal(w->got[0], 5); /* line 0, and four headers */
	w->got[0] = 1;
	assert_once(w);
	world_free(w);
}

static void test_overflow(void **state)
{
	struct world *w = world_new("log", true);
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	char text[32] = "";
	uint64_t most = 0;
	(void)state;
	sh("mkdir log");
	if (f) {
		assert_non_null(fgets(text, sizeof text, f));
		fclose(f);
	}
	if (!slice_u64(slice_trim(slice_to(slice_of(text), strcspn(text, "\n"))), 200000, &most)) {
		world_free(w);
		skip();
	}
	append_lines(w, "log/a.log", 10);
	append_lines(w, "log/b.log", 10);
	start(w);
	pump(w, false);
	for (uint64_t i = 0; i < most / 2 + 10; i++) { /* different events, so that they are not merged */
		append_lines(w, i % 2 ? "log/a.log" : "log/b.log", i < 100 ? 1 : 0);
		close(open("log/a.log", O_WRONLY | O_CLOEXEC));
		close(open("log/b.log", O_WRONLY | O_CLOEXEC));
	}
	append_lines(w, "log/a.log", 1); /* behind the overflow: only the walk sees it */
	append_lines(w, "log/made.log", 5);
	pump(w, false);
	assert_once(w);
	world_free(w);
}

/* ---- at random --------------------------------------------------------------------------------------------------------- */
static void random_step(struct world *w, int *fd)
{
	static const char *const packers[] = {"gzip", "xz", "zstd -q --rm"};
	char cmd[256];
	unsigned what = dice(w, 12);
	if (getenv("TRACE"))
		fprintf(stderr, "%u written %u\n", what, w->written);
	switch (what) {
	case 0: case 1: case 2: case 3:
		write_lines(w, *fd, 1 + dice(w, 30));
		break;
	case 4: /* rename, with a writer that lags, then an older one packed */
		snprintf(cmd, sizeof cmd, "%s", "cd log; n=30; while [ $n -gt 1 ]; do for f in a.log.$((n-1))*; do [ -e \"$f\" ] && mv $f a.log.$n${f#a.log.$((n-1))}; done; n=$((n-1)); done; mv a.log a.log.1");
		sh(cmd);
		write_lines(w, *fd, dice(w, 5));
		if (dice(w, 2))
			pump(w, false);
		close(*fd);
		*fd = open_log("log/a.log");
		write_lines(w, *fd, dice(w, 10));
		break;
	case 5: /* copytruncate */
		sh("cd log; n=30; while [ $n -gt 1 ]; do for f in a.log.$((n-1))*; do [ -e \"$f\" ] && mv $f a.log.$n${f#a.log.$((n-1))}; done; n=$((n-1)); done; cp a.log a.log.1");
		if (dice(w, 2))
			pump(w, false);
		sh(": >log/a.log");
		write_lines(w, *fd, dice(w, 10));
		break;
	case 6:
		snprintf(cmd, sizeof cmd, "cd log; for n in 1 2 3; do [ -s a.log.$n ] && %s a.log.$n; done; true", packers[dice(w, 3)]);
		sh(cmd);
		break;
	case 7: case 8: case 9:
		pump(w, dice(w, 4) == 0);
		break;
	case 10:
		checkpoint(w);
		break;
	case 11:
		crash(w);
		if (dice(w, 2))
			write_lines(w, *fd, dice(w, 20));
		start(w);
		break;
	}
}

static void test_random(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct world *w = world_new("log", true);
		w->seed = seed;
		sh("rm -rf log; mkdir log");
		int fd = open_log("log/a.log");
		start(w);
		for (int i = 0; i < 40; i++)
			random_step(w, &fd);
		close(fd);
		settle(w);
		w->seed = seed;
		assert_once(w);
		world_free(w);
	}
}

/* ---- streams and spool --------------------------------------------------------------------------------------------------- */
static void test_host_and_order(void **state)
{
	struct world *w = world_new("hosts", true);
	struct block b = {0};
	struct live_from from;
	struct err e;
	(void)state;
	sh("mkdir -p hosts/web1/var/log");
	append_lines(w, "hosts/web1/var/log/auth.log.2", 5);
	append_lines(w, "hosts/web1/var/log/auth.log.1", 5);
	append_lines(w, "hosts/web1/var/log/auth.log", 5);
	sh("cd hosts/web1/var/log && gzip auth.log.2");
	nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	start(w);
	uint32_t s = live_follow_ready(w->follow, 0);
	assert_true(s > 0);
	assert_int_equal(live_follow_ready(w->follow, s), 0); /* one log, one stream */
	for (unsigned i = 0; i < 3; i++) {
		char want[40];
		assert_int_equal(live_follow_read(w->follow, s, 100000, 0, &b, &from, &e), 1);
		snprintf(want, sizeof want, "line %08u end", 5 * i);
		assert_true(slice_has(b.data, slice_of(want)));
		assert_true(from.first && slice_eq(from.host, SL("web1")) && slice_ends(from.set, SL("/auth.log")));
	}
	assert_int_equal(live_follow_read(w->follow, s, 100000, 0, &b, &from, &e), 0);
	block_free(&b);
	world_free(w);
}

static void test_spool(void **state)
{
	struct world *w = world_new("log", true);
	const struct live_spent *spent;
	(void)state;
	sh("mkdir -p log spool/tcp");
	snprintf(w->spool, sizeof w->spool, "%s/spool", work);
	append_lines(w, "spool/tcp/000000000001.log", 50);
	start(w);
	pump(w, false);
	assert_int_equal(live_follow_spent(w->follow, &spent), 0); /* the newest is still written */
	sh("cp spool/tcp/000000000001.log spool/x; mkdir -p spool/other; echo 'Nov 23 line 00000050 end' >spool/other/000000000007.log");
	w->written = 51;
	append_lines(w, "spool/tcp/000000000002.log", 50);
	pump(w, false);
	pump(w, false);
	assert_once(w);
	assert_int_equal(live_follow_spent(w->follow, &spent), 1);
	assert_true(slice_ends(spent[0].path, SL("spool/tcp/000000000001.log")));
	checkpoint(w);
	assert_int_equal(unlink(spent[0].path.p), 0);
	pump(w, false);
	assert_int_equal(live_follow_spent(w->follow, &spent), 0);
	checkpoint(w);
	crash(w);
	append_lines(w, "spool/tcp/000000000002.log", 5);
	start(w);
	pump(w, false);
	assert_once(w);
	world_free(w);
}

#define WORK(test) cmocka_unit_test_setup_teardown(test, work_setup, work_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORK(test_found_and_grown), WORK(test_no_history), WORK(test_patterns), WORK(test_refused), WORK(test_host_and_order), WORK(test_writer_lags),
		WORK(test_inode_reused), WORK(test_same_beginning), WORK(test_spool), WORK(test_rotation_running), WORK(test_rotation_stopped),
		WORK(test_random), WORK(test_overflow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
