/* test_live_journal.c - the journal, written by systemd-journal-remote, through a reader that is killed: each entry once. */
#include "test_source_util.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "live/receive_private.h"

#define REMOTE "/lib/systemd/systemd-journal-remote"

static void test_cursor(void **state)
{
	static const struct { const char *end, *cursor; } rows[] = {
		{"", NULL},
		{"{\"MESSAGE\":\"x\",\"__CURSOR\":\"s=1;i=2\"}\n", "s=1;i=2"},
		{"{\"MESSAGE\":\"x\",\"__CURSOR\":\"s=1;i=2\"}\n{\"MESSAGE\":\"torn", "s=1;i=2"},
		{"{\"MESSAGE\":\"x\",\"__CURSOR\":\"s=1;i=2\"}\n{\"MESSAGE\":\"torn,\\\"__CURSOR\\\":\\\"s=9\\\"}\n", "s=1;i=2"}, /* a message that plays cursor */
		{"{\"MESSAGE\":\"x\",\"__CURSOR\":\"s=1;i=2\"}\n{\"MESSAGE\":\"y\",\"__CURSOR\":\"s=1;i=\n", "s=1;i=2"},
		{"{\"MESSAGE\":\"x\",\"__CURSOR\":\"s=1;i=2\"}\n{\"MESSAGE\":\"y\",\"__CURSOR\":\"s=1;i=3\"}", "s=1;i=3"}, /* only its newline is missing */
		{"{\"MESSAGE\":\"x\",\"__CURSOR\":\"\"}\n", NULL},
	};
	char cursor[64];
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool got = live_journal_cursor(slice_of(rows[i].end), cursor, sizeof cursor);
		assert_int_equal(got, rows[i].cursor != NULL);
		if (got)
			assert_string_equal(cursor, rows[i].cursor);
	}
	assert_false(live_journal_cursor(slice_of(rows[1].end), cursor, 7)); /* longer than there is room */
}

/* Entries in the export format, appended to the journal. */
static void add_entries(unsigned from, unsigned n)
{
	struct buf b = {0};
	char cmd[256];
	for (unsigned i = from; i < from + n; i++)
		buf_addf(&b, "__REALTIME_TIMESTAMP=%llu\n__MONOTONIC_TIMESTAMP=%u\n_BOOT_ID=0123456789abcdef0123456789abcdef\n_HOSTNAME=web1\n"
			"SYSLOG_IDENTIFIER=sshd\n_PID=812\nPRIORITY=6\nMESSAGE=line %08u \"quoted\" \\ end\n\n",
			1764166380000000ull + i * 1000ull, 1000 + i * 1000, i);
	put("export.txt", b.p, b.n);
	buf_free(&b);
	snprintf(cmd, sizeof cmd, REMOTE " -o journal/part%u.journal - <export.txt >/dev/null 2>&1", from);
	sh(cmd);
}

struct reader {
	struct live_config c;
	char spool[96], journal[96];
	pid_t pid;
	int control, status;
};

static void reader_start(struct reader *r)
{
	int control[2];
	assert_int_equal(pipe2(control, O_CLOEXEC), 0);
	r->pid = fork();
	assert_true(r->pid >= 0);
	if (r->pid == 0) {
		struct err e = {0};
		close(control[1]);
		alarm(60);
		int rc = live_journal(&r->c, r->spool, control[0], -1, &e);
		if (rc)
			fprintf(stderr, "live_journal: %s\n", e.text);
		_exit(rc != 0);
	}
	close(control[0]);
	r->control = control[1];
}

static struct buf slurp_spool(struct reader *r)
{
	struct buf all = {0};
	char path[512], part[65536];
	struct dirent **v;
	snprintf(path, sizeof path, "%s/journal", r->spool);
	int n = scandir(path, &v, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		ssize_t got;
		snprintf(path, sizeof path, "%s/journal/%s", r->spool, v[i]->d_name);
		int fd = v[i]->d_name[0] == '.' ? -1 : open(path, O_RDONLY | O_CLOEXEC);
		while (fd >= 0 && (got = read(fd, part, sizeof part)) > 0)
			buf_add(&all, part, (size_t)got);
		if (fd >= 0)
			close(fd);
		free(v[i]);
	}
	if (n >= 0)
		free(v);
	return all;
}

/* Waits until the spool holds `want` whole entries, or for some seconds; each must be there once. */
static void assert_entries(struct reader *r, unsigned want, bool torn)
{
	unsigned seen = 0, other = 0;
	unsigned char *got = xcalloc(want + 1, 1);
	for (int tries = 0; tries < 200; tries++) {
		struct buf all = slurp_spool(r);
		struct slice data = buf_slice(&all), line;
		memset(got, 0, want + 1);
		seen = other = 0;
		while (slice_cut(&data, '\n', &line)) {
			uint64_t number;
			ssize_t at = slice_find(line, SL("\"MESSAGE\":\"line "));
			bool whole = at >= 0 && slice_ends(line, SL("\"}")) && slice_has(line, SL("\\\"quoted\\\" \\\\ end\"")) && slice_has(line, SL("\"_HOSTNAME\":\"web1\"")) &&
				     slice_u64(slice_to(slice_from(line, (size_t)at + 16), 8), want, &number);
			if (!whole) {
				other++;
				continue;
			}
			got[number]++;
			seen++;
		}
		buf_free(&all);
		if (seen >= want)
			break;
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	}
	for (unsigned i = 0; i < want; i++)
		if (got[i] != 1)
			fail_msg("entry %u is there %u times (%u of %u)", i, got[i], seen, want);
	if (!torn)
		assert_int_equal(other, 0);
	free(got);
}

static void reader_init(struct reader *r, bool history)
{
	*r = (struct reader){0};
	snprintf(r->spool, sizeof r->spool, "%s/spool", work);
	snprintf(r->journal, sizeof r->journal, "%s/journal", work);
	sh("mkdir -p spool journal");
	r->c = (struct live_config){.journal = true, .journal_dir = slice_of(r->journal), .history = history, .spool_bytes = 1 << 30};
}

static void reader_stop(struct reader *r)
{
	int status;
	close(r->control);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_journal(void **state)
{
	struct reader r;
	(void)state;
	if (access(REMOTE, X_OK) != 0) {
		print_message("no " REMOTE ": the Debian package systemd-journal-remote has it\n");
		skip();
	}
	reader_init(&r, true);
	add_entries(0, 3000);
	reader_start(&r);
	assert_entries(&r, 3000, false);
	add_entries(3000, 500); /* while it runs */
	assert_entries(&r, 3500, false);
	reader_stop(&r);
	add_entries(3500, 500); /* while it does not */
	reader_start(&r);
	assert_entries(&r, 4000, false);
	reader_stop(&r);
}

static void test_killed(void **state)
{
	struct reader r;
	(void)state;
	if (access(REMOTE, X_OK) != 0)
		skip();
	reader_init(&r, true);
	add_entries(0, 8000);
	for (int i = 0; i < 25; i++) {
		reader_start(&r);
		nanosleep(&(struct timespec){.tv_nsec = 1000000L * (3 * i)}, NULL);
		if (i % 8 == 7)
			add_entries(8000 + 100 * (unsigned)(i / 8), 100);
		kill(r.pid, SIGKILL);
		waitpid(r.pid, NULL, 0);
		close(r.control);
	}
	reader_start(&r);
	assert_entries(&r, 8300, true);
	reader_stop(&r);
}

static void test_torn_spool(void **state)
{
	struct reader r;
	(void)state;
	if (access(REMOTE, X_OK) != 0)
		skip();
	reader_init(&r, true);
	add_entries(0, 100);
	reader_start(&r);
	assert_entries(&r, 100, false);
	reader_stop(&r);
	sh("cd spool/journal; f=$(ls | tail -1); truncate -s -100 $f"); /* as if it had been killed inside its last write */
	reader_start(&r);
	assert_entries(&r, 100, true);
	reader_stop(&r);
}

static void test_no_history(void **state)
{
	struct reader r;
	(void)state;
	if (access(REMOTE, X_OK) != 0)
		skip();
	reader_init(&r, false);
	reader_start(&r);
	nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
	add_entries(0, 50); /* into an empty journal: all new */
	assert_entries(&r, 50, false);
	reader_stop(&r);
	sh("rm -r spool/journal");
	reader_start(&r);
	nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
	struct buf all = slurp_spool(&r);
	assert_int_equal(all.n, 0);
	reader_stop(&r);
	buf_free(&all);
}

#define WORK(test) cmocka_unit_test_setup_teardown(test, work_setup, work_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cursor), WORK(test_journal), WORK(test_killed), WORK(test_torn_spool), WORK(test_no_history),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
