/* test_decode_audit.c - audit records joined across lines and blocks, utmp records, JSON that needs more than a line of
 * test/data, and hostile input to all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "decode/decode.h"

/* ---- harness ------------------------------------------------------------------------------------------------- */

struct run {
	struct decode_options opt;
	struct decode_tables *t;
	struct decoder *d;
	struct joiner *j;
	struct batch in[8], out[8], tail;
	unsigned nblocks;
	struct decode_stats stats;
};

static void run_begin(struct run *r, bool everything)
{
	struct err e;
	memset(r, 0, sizeof *r);
	interest_all(&r->opt.want);
	r->opt.everything = everything;
	r->opt.now = 1780272000 * NS_SEC; /* 2026-06-01 */
	r->t = decode_tables_new(&r->opt, &e);
	assert_non_null(r->t);
	r->d = decoder_new(r->t);
	r->j = joiner_new(r->t);
	for (unsigned i = 0; i < ARRAY_LEN(r->in); i++) {
		batch_init(&r->in[i]);
		batch_init(&r->out[i]);
	}
	batch_init(&r->tail);
	decode_stats_init(&r->stats);
}

/* Only these actions are wanted; the list ends with ACT_NONE. */
static void run_begin_wanting(struct run *r, const enum action *want)
{
	struct err e;
	run_begin(r, false);
	joiner_free(r->j);
	decoder_free(r->d);
	decode_tables_free(r->t);
	memset(&r->opt.want, 0, sizeof r->opt.want);
	for (; *want; want++)
		interest_add(&r->opt.want, *want);
	r->t = decode_tables_new(&r->opt, &e);
	r->d = decoder_new(r->t);
	r->j = joiner_new(r->t);
}

static void run_block(struct run *r, struct slice data, uint64_t offset, const char *path)
{
	unsigned i = r->nblocks++ % ARRAY_LEN(r->in);
	struct decode_in in = {.data = data, .offset = offset, .source = 3, .path = slice_of(path), .mtime = NSTIME_NONE, .format = -1,
		.records = strstr(path, "tmp") != NULL};
	batch_reset(&r->in[i]);
	batch_reset(&r->out[i]);
	decode_block(r->d, &in, &r->in[i], &r->stats);
	joiner_run(r->j, &r->in[i], &r->out[i], false);
}

static void run_final(struct run *r)
{
	struct batch none = {0};
	joiner_run(r->j, &none, &r->tail, true);
}

static void run_end(struct run *r)
{
	for (unsigned i = 0; i < ARRAY_LEN(r->in); i++) {
		batch_free(&r->in[i]);
		batch_free(&r->out[i]);
	}
	batch_free(&r->tail);
	joiner_free(r->j);
	decoder_free(r->d);
	decode_tables_free(r->t);
}

static int by_text(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	return strcmp(*x, *y);
}

/* All events as JSON lines, sorted: the order of different happenings may depend on where blocks end. */
static char *run_text(struct run *r)
{
	char *lines[4000];
	size_t n = 0;
	struct buf b = {0}, all = {0};
	for (unsigned k = 0; k <= ARRAY_LEN(r->out); k++) {
		const struct batch *batch = k < ARRAY_LEN(r->out) ? &r->out[k] : &r->tail;
		for (size_t i = 0; i < batch->n && n < ARRAY_LEN(lines); i++) {
			b.n = 0;
			event_json(&b, &batch->v[i], SL("f"));
			buf_addc(&b, '\n');
			lines[n++] = xstrndup(b.p, b.n);
		}
	}
	qsort(lines, n, sizeof *lines, by_text);
	for (size_t i = 0; i < n; i++) {
		buf_addz(&all, lines[i]);
		free(lines[i]);
	}
	buf_addc(&all, 0);
	buf_free(&b);
	return all.p;
}

static char *decode_once(struct slice text)
{
	struct run r;
	run_begin(&r, true);
	run_block(&r, text, 0, "audit.log");
	run_final(&r);
	char *s = run_text(&r);
	run_end(&r);
	return s;
}

/* The n-th event with this action over all blocks; NULL. */
static const struct event *find_event(const struct run *r, enum action a, unsigned nth)
{
	for (unsigned k = 0; k <= ARRAY_LEN(r->out); k++) {
		const struct batch *batch = k < ARRAY_LEN(r->out) ? &r->out[k] : &r->tail;
		for (size_t i = 0; i < batch->n; i++)
			if (batch->v[i].action == a && nth-- == 0)
				return &batch->v[i];
	}
	return NULL;
}

static unsigned count_events(const struct run *r, enum action a)
{
	unsigned n = 0;
	while (find_event(r, a, n))
		n++;
	return n;
}

static void assert_field(const struct event *e, enum field_id f, const char *text)
{
	assert_non_null(e);
	for (uint32_t i = 0; i < e->nvalues; i++)
		if (e->values[i].field == f && slice_eqz(slice_make(e->values[i].p, e->values[i].len), text))
			return;
	struct slice s = event_str(e, f);
	fail_msg("%s: \"%.*s\" is not \"%s\"", field_table[f].name, SLFMT(s), text);
}

/* ---- records ------------------------------------------------------------------------------------------------- */

#define HEAD(type, serial) "type=" type " msg=audit(1777878753.250:" serial "): "
#define CALL(serial, nr, ok, args, ids, what)                                                                            \
	HEAD("SYSCALL", serial) "arch=c000003e syscall=" nr " success=" ok " exit=0 " args " items=2 " ids                \
	" gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=7 " what "\n"
#define ARGS "a0=1 a1=2 a2=3 a3=4"
#define TITLE(serial, hex) HEAD("PROCTITLE", serial) "proctitle=" hex "\n"
#define PATH0(serial, name, type) HEAD("PATH", serial) "item=0 name=" name " inode=5 dev=fe:00 mode=0100755 ouid=0 ogid=0 nametype=" type "\n"
#define PATH1(serial, name, type) HEAD("PATH", serial) "item=1 name=" name " inode=6 dev=fe:00 mode=0100755 ouid=0 ogid=0 nametype=" type "\n"

static const char exec_shell[] =
	CALL("10", "59", "yes", ARGS, "ppid=1 pid=100 auid=1001 uid=1001", "comm=\"deploy.sh\" exe=\"/usr/bin/dash\" key=\"run\"")
	HEAD("EXECVE", "10") "argc=2 a0=\"/bin/sh\" a1=\"./deploy.sh\"\n"
	HEAD("CWD", "10") "cwd=\"/srv/app\"\n"
	PATH0("10", "\"./deploy.sh\"", "NORMAL")
	PATH1("10", "\"/bin/sh\"", "NORMAL")
	TITLE("10", "2F62696E2F7368002E2F6465706C6F792E7368");
static const char exec_child[] =
	CALL("11", "59", "yes", ARGS, "ppid=100 pid=101 auid=1001 uid=33", "comm=\"curl\" exe=\"/usr/bin/curl\" key=(null)")
	HEAD("EXECVE", "11") "argc=4 a0=\"curl\" a1=\"-o\" a2=2F746D702F612062 a3=\"http://x.example/\"\n"
	HEAD("CWD", "11") "cwd=2F746D702F6120622F\n"
	PATH0("11", "\"/usr/bin/curl\"", "NORMAL")
	TITLE("11", "6375726C");

static void test_exec(void **state)
{
	(void)state;
	struct run r;
	struct buf b = {0};
	buf_addz(&b, exec_shell);
	buf_addz(&b, exec_child);
	run_begin(&r, true);
	run_block(&r, buf_slice(&b), 0, "audit.log");
	run_final(&r);
	assert_int_equal(count_events(&r, ACT_EXEC), 2);
	assert_int_equal(count_events(&r, ACT_AUDIT_RECORD), 0);
	const struct event *e = find_event(&r, ACT_EXEC, 0);
	assert_field(e, F_PROCESS_EXE, "/usr/bin/dash");
	assert_field(e, F_PROCESS_EXE, "/srv/app/deploy.sh");
	assert_field(e, F_PROCESS_CMDLINE, "/bin/sh ./deploy.sh");
	assert_field(e, F_PROCESS_CWD, "/srv/app");
	assert_field(e, F_USER_AUDIT_ID, "1001");
	assert_field(e, F_AUDIT_KEY, "run");
	assert_int_equal(e->nmore, 5);
	e = find_event(&r, ACT_EXEC, 1);
	assert_field(e, F_PROCESS_CMDLINE, "curl -o /tmp/a b http://x.example/");
	assert_field(e, F_PROCESS_ARGS, "/tmp/a b");
	assert_field(e, F_PROCESS_CWD, "/tmp/a b/");
	assert_field(e, F_PARENT_EXE, "/usr/bin/dash");
	assert_field(e, F_PARENT_CMDLINE, "/bin/sh ./deploy.sh");
	assert_field(e, F_PARENT_NAME, "deploy.sh");
	assert_field(e, F_USER_NAME, "www-data");
	run_end(&r);
	buf_free(&b);
}

/* Two happenings written turn by turn, as two processors do. */
static void test_interleaved(void **state)
{
	(void)state;
	struct run r;
	struct buf b = {0};
	struct slice x = SL(exec_shell), y = SL(exec_child), line;
	while (x.n || y.n) {
		if (slice_cut(&x, '\n', &line)) {
			buf_adds(&b, line);
			buf_addc(&b, '\n');
		}
		if (slice_cut(&y, '\n', &line)) {
			buf_adds(&b, line);
			buf_addc(&b, '\n');
		}
	}
	run_begin(&r, true);
	run_block(&r, buf_slice(&b), 0, "audit.log");
	run_final(&r);
	assert_int_equal(count_events(&r, ACT_EXEC), 2);
	assert_field(find_event(&r, ACT_EXEC, 0), F_PROCESS_NAME, "curl"); /* complete first: it has fewer records */
	assert_field(find_event(&r, ACT_EXEC, 1), F_PROCESS_CMDLINE, "/bin/sh ./deploy.sh");
	run_end(&r);
	buf_free(&b);
}

/* Long arguments come in pieces, over several records. */
static void test_long_arguments(void **state)
{
	(void)state;
	static const char text[] =
		CALL("20", "59", "yes", ARGS, "ppid=1 pid=200 auid=0 uid=0", "comm=\"sh\" exe=\"/bin/sh\" key=(null)")
		HEAD("EXECVE", "20") "argc=3 a0=\"sh\" a1=\"-c\" a2_len=30 a2[0]=6563686F20\n"
		HEAD("EXECVE", "20") "a2[1]=6F6E65 a2[2]=2074776F\n"
		TITLE("20", "7368");
	struct run r;
	run_begin(&r, true);
	run_block(&r, SL(text), 0, "audit.log");
	run_final(&r);
	const struct event *e = find_event(&r, ACT_EXEC, 0);
	assert_field(e, F_PROCESS_CMDLINE, "sh -c echo one two");
	assert_field(e, F_PROCESS_ARGS, "echo one two");
	run_end(&r);
}

static const char files[] =
	CALL("30", "257", "yes", "a0=ffffff9c a1=2 a2=241 a3=1b6", "ppid=1 pid=300 auid=0 uid=0", "comm=\"vi\" exe=\"/usr/bin/vi\" key=\"w\"")
	HEAD("CWD", "30") "cwd=\"/root\"\n"
	PATH0("30", "\"/etc/cron.d/\"", "PARENT")
	PATH1("30", "\"../etc/./cron.d//job\"", "CREATE")
	TITLE("30", "7669")
	CALL("31", "257", "yes", "a0=ffffff9c a1=2 a2=80001 a3=0", "ppid=1 pid=300 auid=0 uid=0", "comm=\"vi\" exe=\"/usr/bin/vi\" key=\"w\"")
	HEAD("CWD", "31") "cwd=\"/etc\"\n"
	PATH0("31", "\"passwd\"", "NORMAL")
	TITLE("31", "7669")
	CALL("32", "2", "no", "a0=1 a1=80000 a2=0 a3=0", "ppid=1 pid=301 auid=0 uid=33", "comm=\"cat\" exe=\"/bin/cat\" key=\"r\"")
	HEAD("CWD", "32") "cwd=\"/\"\n"
	PATH0("32", "\"/etc/shadow\"", "NORMAL")
	TITLE("32", "636174")
	CALL("33", "82", "yes", ARGS, "ppid=1 pid=302 auid=0 uid=0", "comm=\"mv\" exe=\"/bin/mv\" key=(null)")
	HEAD("CWD", "33") "cwd=\"/var/log\"\n"
	PATH0("33", "\"/var/log/\"", "PARENT")
	PATH1("33", "\"auth.log\"", "DELETE")
	HEAD("PATH", "33") "item=2 name=\"x\" inode=6 nametype=DELETE\n"
	HEAD("PATH", "33") "item=3 name=\"x\" inode=6 nametype=CREATE\n"
	TITLE("33", "6D76")
	CALL("34", "263", "yes", ARGS, "ppid=1 pid=303 auid=0 uid=0", "comm=\"rm\" exe=\"/bin/rm\" key=(null)")
	HEAD("CWD", "34") "cwd=\"/var/log\"\n"
	PATH0("34", "\"/var/log/\"", "PARENT")
	PATH1("34", "\"/var/log/wtmp\"", "DELETE")
	TITLE("34", "726D")
	CALL("35", "90", "yes", ARGS, "ppid=1 pid=304 auid=0 uid=0", "comm=\"chmod\" exe=\"/bin/chmod\" key=(null)")
	HEAD("CWD", "35") "cwd=\"/\"\n"
	PATH0("35", "2F746D702F612062", "NORMAL")
	TITLE("35", "63686D6F64");

static void test_files(void **state)
{
	(void)state;
	struct run r;
	run_begin(&r, true);
	run_block(&r, SL(files), 0, "audit.log");
	run_final(&r);
	assert_field(find_event(&r, ACT_FILE_CREATED, 0), F_FILE_PATH, "/etc/cron.d/job");
	assert_field(find_event(&r, ACT_FILE_WRITTEN, 0), F_FILE_PATH, "/etc/passwd");
	const struct event *e = find_event(&r, ACT_FILE_READ, 0);
	assert_field(e, F_FILE_PATH, "/etc/shadow");
	assert_int_equal(e->outcome, OUTCOME_FAILURE);
	e = find_event(&r, ACT_FILE_RENAMED, 0);
	assert_field(e, F_FILE_PATH, "/var/log/auth.log");
	assert_field(e, F_FILE_TARGET_PATH, "/var/log/x");
	assert_field(find_event(&r, ACT_FILE_DELETED, 0), F_FILE_PATH, "/var/log/wtmp");
	assert_field(find_event(&r, ACT_FILE_ATTR, 0), F_FILE_PATH, "/tmp/a b");
	assert_field(find_event(&r, ACT_FILE_ATTR, 0), F_PROCESS_TITLE, "chmod");
	run_end(&r);
}

static const char connections[] =
	CALL("40", "42", "yes", ARGS, "ppid=1 pid=400 auid=0 uid=0", "comm=\"nc\" exe=\"/bin/nc\" key=\"net\"")
	HEAD("SOCKADDR", "40") "saddr=0200115CC63364070000000000000000\n"
	TITLE("40", "6E63")
	CALL("41", "42", "no", ARGS, "ppid=1 pid=400 auid=0 uid=0", "comm=\"nc\" exe=\"/bin/nc\" key=\"net\"")
	HEAD("SOCKADDR", "41") "saddr=0A0001BB0000000020010DB800000000000000000000000500000000\n"
	TITLE("41", "6E63")
	CALL("42", "42", "yes", ARGS, "ppid=1 pid=400 auid=0 uid=0", "comm=\"nc\" exe=\"/bin/nc\" key=\"net\"")
	HEAD("SOCKADDR", "42") "saddr=01002F6465762F6C6F6700\n"
	TITLE("42", "6E63");

static void test_connections(void **state)
{
	(void)state;
	struct run r;
	run_begin(&r, true);
	run_block(&r, SL(connections), 0, "audit.log");
	run_final(&r);
	const struct event *e = find_event(&r, ACT_CONNECT_OUT, 0);
	assert_field(e, F_DEST_IP, "198.51.100.7");
	assert_int_equal(event_int(e, F_DEST_PORT, 0), 4444);
	assert_int_equal(e->outcome, OUTCOME_SUCCESS);
	e = find_event(&r, ACT_CONNECT_OUT, 1);
	assert_field(e, F_DEST_IP, "2001:db8::5");
	assert_int_equal(event_int(e, F_DEST_PORT, 0), 443);
	assert_int_equal(e->outcome, OUTCOME_FAILURE);
	assert_null(find_event(&r, ACT_CONNECT_OUT, 2));
	assert_int_equal(count_events(&r, ACT_AUDIT_RECORD), 3); /* the Unix socket's */
	run_end(&r);
}

/* Records that make an event of their own get the process from the SYSCALL behind them. */
static const char kernel[] =
	HEAD("AVC", "50") "avc:  denied  { read } for  pid=500 comm=\"httpd\" name=\"shadow\" tclass=file permissive=0\n"
	CALL("50", "2", "no", ARGS, "ppid=1 pid=500 auid=4294967295 uid=33", "comm=\"httpd\" exe=\"/usr/sbin/httpd\" key=(null)")
	TITLE("50", "6874747064")
	HEAD("CONFIG_CHANGE", "51") "op=set audit_enabled=0 old=1 auid=1001 ses=7 res=1\n"
	CALL("51", "44", "yes", ARGS, "ppid=1 pid=501 auid=1001 uid=0", "comm=\"auditctl\" exe=\"/sbin/auditctl\" key=(null)")
	HEAD("SOCKADDR", "51") "saddr=100000000000000000000000\n"
	TITLE("51", "617564697463746C002D650030");

static void test_kernel(void **state)
{
	(void)state;
	struct run r;
	run_begin(&r, true);
	run_block(&r, SL(kernel), 0, "audit.log");
	run_final(&r);
	assert_field(find_event(&r, ACT_ACCESS_DENIED, 0), F_PROCESS_EXE, "/usr/sbin/httpd");
	const struct event *e = find_event(&r, ACT_AUDIT_STOPPED, 0);
	assert_field(e, F_PROCESS_TITLE, "auditctl -e 0");
	assert_int_equal(e->nmore, 3);
	run_end(&r);
}

/* ---- blocks -------------------------------------------------------------------------------------------------- */

static const char old_kernel[] = /* no PROCTITLE, ended by EOE or by the window */
	CALL("60", "59", "yes", ARGS, "ppid=1 pid=600 auid=0 uid=0", "comm=\"id\" exe=\"/usr/bin/id\" key=(null)")
	HEAD("EXECVE", "60") "argc=1 a0=\"id\"\n"
	HEAD("CWD", "60") "cwd=\"/\"\n"
	PATH0("60", "\"/usr/bin/id\"", "NORMAL")
	CALL("61", "59", "yes", ARGS, "ppid=600 pid=601 auid=0 uid=0", "comm=\"w\" exe=\"/usr/bin/w\" key=(null)")
	HEAD("EXECVE", "61") "argc=1 a0=\"w\"\n"
	HEAD("EOE", "61") "\n"
	"type=USER_LOGIN msg=audit(1777878753.250:62): pid=9 uid=0 auid=0 ses=3 msg='op=login acct=\"erika\" exe=\"/usr/sbin/sshd\" hostname=? addr=192.0.2.1 terminal=ssh res=success'\n"
	"type=SYSCALL msg=audit(1777878953.250:900): arch=c000003e syscall=87 success=yes exit=0 a0=1 items=0 ppid=1 pid=7 auid=0 uid=0 comm=\"x\" exe=\"/x\" key=(null)\n";

static const char reversed[] = /* as ausearch prints them */
	TITLE("70", "6964")
	PATH0("70", "\"/usr/bin/id\"", "NORMAL")
	HEAD("CWD", "70") "cwd=\"/\"\n"
	HEAD("EXECVE", "70") "argc=1 a0=\"id\"\n"
	CALL("70", "59", "yes", ARGS, "ppid=1 pid=700 auid=0 uid=0", "comm=\"id\" exe=\"/usr/bin/id\" key=(null)");

static struct slice everything(void)
{
	static struct buf b;
	if (!b.n) {
		const char *const parts[] = {exec_shell, exec_child, files, connections, kernel, reversed, old_kernel};
		for (size_t i = 0; i < ARRAY_LEN(parts); i++)
			buf_addz(&b, parts[i]);
	}
	return buf_slice(&b);
}

static void cut_everywhere(struct slice text)
{
	char *whole = decode_once(text);
	for (size_t at = 1; at < text.n; at++) {
		if (text.p[at - 1] != '\n')
			continue;
		struct run r;
		run_begin(&r, true);
		run_block(&r, slice_to(text, at), 0, "audit.log");
		run_block(&r, slice_from(text, at), at, "audit.log");
		run_final(&r);
		char *cut = run_text(&r);
		if (strcmp(whole, cut) != 0) {
			print_error("cut at byte %zu\n--- whole\n%s--- cut\n%s", at, whole, cut);
			fail();
		}
		free(cut);
		run_end(&r);
	}
	free(whole);
}

static void test_cut_at_every_line(void **state)
{
	(void)state;
	cut_everywhere(everything());
}

/* Every line a block of its own. */
static void test_line_by_line(void **state)
{
	(void)state;
	struct slice text = everything(), rest = text, line;
	char *whole = decode_once(text);
	struct run r;
	struct buf all = {0};
	run_begin(&r, true);
	struct batch sum;
	batch_init(&sum);
	while (slice_cut(&rest, '\n', &line)) {
		run_block(&r, slice_make(line.p, line.n + 1), (uint64_t)(line.p - text.p), "audit.log");
		struct batch *out = &r.out[(r.nblocks - 1) % ARRAY_LEN(r.out)];
		for (size_t i = 0; i < out->n; i++)
			event_copy(&sum, &out->v[i]);
		batch_reset(out);
	}
	run_final(&r);
	for (size_t i = 0; i < sum.n; i++)
		event_copy(&r.tail, &sum.v[i]);
	char *lines = run_text(&r);
	assert_string_equal(whole, lines);
	free(whole);
	free(lines);
	batch_free(&sum);
	buf_free(&all);
	run_end(&r);
}

/* A denial keeps its process across a cut even when nobody wants the call itself. */
static void test_cut_unwanted(void **state)
{
	(void)state;
	static const enum action want[] = {ACT_ACCESS_DENIED, ACT_NONE};
	struct slice text = SL(kernel);
	size_t at = (size_t)slice_chr(text, '\n') + 1;
	struct run r;
	run_begin_wanting(&r, want);
	run_block(&r, slice_to(text, at), 0, "audit.log");
	run_block(&r, slice_from(text, at), at, "audit.log");
	run_final(&r);
	assert_int_equal(count_events(&r, ACT_ACCESS_DENIED), 1);
	assert_field(find_event(&r, ACT_ACCESS_DENIED, 0), F_PROCESS_EXE, "/usr/sbin/httpd");
	assert_int_equal(r.out[0].n + r.out[1].n + r.tail.n, 1);
	run_end(&r);
}

static void test_unwanted_is_not_kept(void **state)
{
	(void)state;
	static const enum action want[] = {ACT_EXEC, ACT_NONE};
	struct run r;
	run_begin_wanting(&r, want);
	run_block(&r, everything(), 0, "audit.log");
	run_final(&r);
	assert_int_equal(count_events(&r, ACT_EXEC), 5);
	assert_int_equal(r.out[0].n + r.tail.n, 5);
	assert_true(r.stats.by_kind[DECODED_UNWANTED] > 20);
	assert_int_equal(r.stats.logins, 1);
	run_end(&r);
}

static void test_real_samples(void **state)
{
	(void)state;
	static const char *const paths[] = {"/work/shared/research/access-samples/auditd-provider-session.log",
		"/work/shared/research/access-samples/auditd-ssh-port-forward.log"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		FILE *f = fopen(paths[i], "rb");
		if (!f) {
			print_message("no %s: skipped\n", paths[i]);
			skip();
		}
		char *p = xmalloc(200000);
		size_t n = fread(p, 1, 200000, f);
		fclose(f);
		cut_everywhere(slice_make(p, n));
		free(p);
	}
}

/* Other machines' clocks and serial numbers do not end a group. */
static void test_two_hosts(void **state)
{
	(void)state;
	static const char text[] =
		"node=a type=SYSCALL msg=audit(1777878753.250:10): arch=c000003e syscall=59 success=yes exit=0 ppid=1 pid=5 auid=0 uid=0 comm=\"id\" exe=\"/bin/id\" key=(null)\n"
		"node=b type=SYSCALL msg=audit(1777879753.250:99910): arch=c000003e syscall=59 success=yes exit=0 ppid=1 pid=5 auid=0 uid=0 comm=\"w\" exe=\"/bin/w\" key=(null)\n"
		"node=a type=EXECVE msg=audit(1777878753.250:10): argc=1 a0=\"id\"\n"
		"node=b type=EXECVE msg=audit(1777879753.250:99910): argc=1 a0=\"w\"\n"
		"node=a type=PROCTITLE msg=audit(1777878753.250:10): proctitle=6964\n"
		"node=b type=PROCTITLE msg=audit(1777879753.250:99910): proctitle=77\n";
	struct run r;
	run_begin(&r, true);
	run_block(&r, SL(text), 0, "audit.log");
	run_final(&r);
	assert_int_equal(count_events(&r, ACT_EXEC), 2);
	assert_true(slice_eqz(find_event(&r, ACT_EXEC, 0)->host, "a"));
	assert_field(find_event(&r, ACT_EXEC, 1), F_PROCESS_CMDLINE, "w");
	run_end(&r);
}

/* ---- hostile ------------------------------------------------------------------------------------------------- */

/* Endless open groups and endless records of one group: memory stays bounded and all lines are accounted for. */
static void test_flood(void **state)
{
	(void)state;
	struct run r;
	struct buf b = {0};
	for (int i = 0; i < 20000; i++)
		buf_addf(&b, "type=PATH msg=audit(1777878753.%03d:%d): item=0 name=\"/x\" nametype=NORMAL\n", i % 1000, i % 7 ? i : 5);
	run_begin(&r, false);
	run_block(&r, buf_slice(&b), 0, "audit.log");
	run_block(&r, buf_slice(&b), b.n, "audit.log");
	run_final(&r);
	assert_int_equal(r.stats.lines, 40000);
	run_end(&r);
	buf_free(&b);
}

/* Mutations of real text, cut anywhere. */
static void test_mutations(void **state)
{
	(void)state;
	struct slice text = everything();
	char *p = xmalloc(text.n);
	uint32_t seed = 12345;
	for (int round = 0; round < 300; round++) {
		memcpy(p, text.p, text.n);
		for (int k = 0; k < 40; k++) {
			seed = seed * 1664525 + 1013904223;
			size_t at = (seed >> 8) % text.n;
			seed = seed * 1664525 + 1013904223;
			p[at] = "\0\n\x1d\"'=()[]: 0aF\xff"[(seed >> 8) % 17];
		}
		seed = seed * 1664525 + 1013904223;
		size_t cut = (seed >> 8) % text.n;
		char *a = xmalloc(cut + 1), *c = xmalloc(text.n - cut + 1); /* exact sizes, so that a sanitizer sees overreads */
		memcpy(a, p, cut);
		memcpy(c, p + cut, text.n - cut);
		struct run r;
		run_begin(&r, true);
		run_block(&r, slice_make(a, cut), 0, "audit.log");
		run_block(&r, slice_make(c, text.n - cut), cut, "audit.log");
		run_final(&r);
		free(run_text(&r));
		run_end(&r);
		free(a);
		free(c);
	}
	free(p);
}

/* ---- utmp ---------------------------------------------------------------------------------------------------- */

struct utmp_record {
	int32_t type, pid;
	char line[32], id[4], user[32], host[256];
	int32_t exit, session, seconds, micros;
	uint8_t address[16], unused[20];
};
_Static_assert(sizeof(struct utmp_record) == 384, "utmp(5) of 64-bit Linux");

static struct utmp_record record(int type, const char *line, const char *user, const char *host)
{
	struct utmp_record u = {.type = type, .pid = 4242, .seconds = 1777878753, .micros = 250000};
	memcpy(u.line, line, strlen(line));
	memcpy(u.user, user, strlen(user));
	memcpy(u.host, host, strlen(host));
	return u;
}

static void test_wtmp(void **state)
{
	(void)state;
	struct utmp_record u[6];
	u[0] = record(2, "~", "reboot", "6.1.0-18-amd64");
	u[1] = record(7, "pts/0", "erika", "host.example.net");
	u[1].address[0] = 192, u[1].address[2] = 2, u[1].address[3] = 7;
	u[2] = record(8, "pts/0", "", "");
	u[3] = record(1, "~", "shutdown", "6.1.0-18-amd64");
	u[4] = record(7, "pts/1", "bob", "2001:db8::9");
	u[4].address[0] = 0x20, u[4].address[1] = 1, u[4].address[2] = 0x0d, u[4].address[3] = 0xb8, u[4].address[15] = 9;
	memset(&u[5], 'A', sizeof u[5]); /* no NUL anywhere, no type */
	struct run r;
	run_begin(&r, false);
	run_block(&r, slice_make((const char *)u, sizeof u - 7), 0, "/var/log/wtmp"); /* the last record is cut off */
	run_block(&r, slice_make((const char *)&u[5], sizeof u[5]), 5 * 384, "/var/log/wtmp");
	const struct event *e = find_event(&r, ACT_LOGIN, 0);
	assert_field(e, F_USER_NAME, "erika");
	assert_field(e, F_SOURCE_IP, "192.0.2.7");
	assert_field(e, F_SOURCE_DOMAIN, "host.example.net");
	assert_field(e, F_PROCESS_TTY, "pts/0");
	assert_int_equal(e->time, 1777878753 * NS_SEC + 250000000);
	assert_int_equal(e->at.offset, 384);
	assert_int_equal(e->at.raw.n, 384);
	assert_field(find_event(&r, ACT_LOGIN, 1), F_SOURCE_IP, "2001:db8::9");
	assert_non_null(find_event(&r, ACT_BOOT, 0));
	assert_non_null(find_event(&r, ACT_LOGOUT, 0));
	assert_field(find_event(&r, ACT_SHUTDOWN, 0), F_MESSAGE, "run level shutdown");
	assert_int_equal(r.stats.lines, 6);
	assert_int_equal(r.stats.by_kind[DECODED_UNKNOWN], 1);
	run_end(&r);
}

static void test_btmp(void **state)
{
	(void)state;
	struct utmp_record u = record(6, "ssh:notty", "root", "203.0.113.9");
	memset(u.user, 'r', sizeof u.user); /* fills its field to the last byte */
	struct run r;
	run_begin(&r, false);
	run_block(&r, slice_make((const char *)&u, sizeof u), 0, "/var/log/btmp.1");
	const struct event *e = find_event(&r, ACT_LOGIN_FAILED, 0);
	assert_field(e, F_SOURCE_IP, "203.0.113.9");
	assert_field(e, F_USER_NAME, "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr");
	assert_int_equal(e->outcome, OUTCOME_FAILURE);
	assert_int_equal(r.stats.logins, 1);
	run_end(&r);
}

/* ---- JSON ---------------------------------------------------------------------------------------------------- */

static void test_journal_bytes(void **state)
{
	(void)state;
	static const char message[] = "Failed password for invalid user \x1b[31m\xff from 198.51.100.9 port 22 ssh2";
	struct buf b = {0};
	buf_addz(&b, "{\"__CURSOR\":\"x\",\"__REALTIME_TIMESTAMP\":\"1777878753250000\",\"_HOSTNAME\":\"h\",\"SYSLOG_IDENTIFIER\":\"sshd\",\"_PID\":\"7\",\"MESSAGE\":[");
	for (size_t i = 0; i < sizeof message - 1; i++)
		buf_addf(&b, "%s%u", i ? "," : "", (unsigned)(uint8_t)message[i]);
	buf_addz(&b, "]}\n{\"__CURSOR\":\"x\",\"__REALTIME_TIMESTAMP\":\"1777878753250000\",\"SYSLOG_IDENTIFIER\":\"sshd\",\"MESSAGE\":null}\n");
	struct run r;
	run_begin(&r, false);
	run_block(&r, buf_slice(&b), 0, "journal.json");
	run_final(&r);
	const struct event *e = find_event(&r, ACT_LOGIN_FAILED, 0);
	assert_field(e, F_USER_NAME, "\x1b[31m\xff");
	assert_field(e, F_SOURCE_IP, "198.51.100.9");
	run_end(&r);
	buf_free(&b);
}

static void test_json_hostile(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"{", "{}", "{\"\":\"\"}", "{\"a\":", "{\"a\":[[[[[[", "{\"EventID\":99999999999999999999,\"Channel\":\"x\"}", "{\"log\":\"\",\"stream\":\"x\"}",
		"{\"MESSAGE\":[],\"__CURSOR\":\"\"}", "{\"MESSAGE\":[256],\"__CURSOR\":\"\"}", "{\"ts\":-1e308,\"_path\":\"x\",\"uid\":\"\"}",
		"{\"a\":\"\\u\"}", "{\"a\":\"\\ud800\\udc\"}", "{\"a\":1e999999}", "{\"remote_addr\":1,\"request\":{}}", "{\"request\":null,\"remote_addr\":\"\"}",
	};
	struct run r;
	struct buf b = {0};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		buf_addz(&b, lines[i]);
		buf_addc(&b, '\n');
	}
	for (int i = 0; i < 100000; i++)
		buf_addz(&b, "{\"a\":");
	buf_addz(&b, "\n{\"x\":[0");
	for (int i = 0; i < 50000; i++)
		buf_addz(&b, ",0");
	buf_addz(&b, "]}\n");
	run_begin(&r, true);
	run_block(&r, buf_slice(&b), 0, "x.json");
	run_final(&r);
	assert_int_equal(r.stats.lines, ARRAY_LEN(lines) + 2);
	free(run_text(&r));
	run_end(&r);
	buf_free(&b);
}

/* A Docker line whose inner line is a Docker line ...: one level is looked into, not more. */
static void test_json_nested(void **state)
{
	(void)state;
	struct run r;
	static const char text[] = "{\"log\":\"{\\\"log\\\":\\\"May  4 07:12:33 h sshd[1]: Failed password for root from 203.0.113.1 port 2 ssh2\\\",\\\"stream\\\":\\\"a\\\"}\",\"stream\":\"b\"}\n";
	run_begin(&r, false);
	run_block(&r, SL(text), 0, "x-json.log");
	run_final(&r);
	assert_int_equal(count_events(&r, ACT_LOGIN_FAILED), 0);
	run_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exec), cmocka_unit_test(test_interleaved), cmocka_unit_test(test_long_arguments), cmocka_unit_test(test_files),
		cmocka_unit_test(test_connections), cmocka_unit_test(test_kernel), cmocka_unit_test(test_cut_at_every_line),
		cmocka_unit_test(test_line_by_line), cmocka_unit_test(test_cut_unwanted), cmocka_unit_test(test_unwanted_is_not_kept),
		cmocka_unit_test(test_real_samples), cmocka_unit_test(test_two_hosts), cmocka_unit_test(test_flood), cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_wtmp), cmocka_unit_test(test_btmp), cmocka_unit_test(test_journal_bytes), cmocka_unit_test(test_json_hostile),
		cmocka_unit_test(test_json_nested),
	};
	cmocka_set_test_filter(getenv("CMOCKA_TEST_FILTER"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
