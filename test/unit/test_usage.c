/* test_usage.c - lines through the decoder into a usage: what was used, by which key, how sure; memory that stays bounded. */
#include "decode/decode.h"
#include "usage/usage_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define KEY_A "SHA256:QMGhPgAHG7dJnw8v8Narem+8E/A3NA1wJ1jE8bmNycI"
#define KEY_B "SHA256:q325GmpVietvXW/sj3GcpF/t576SnWzBiiW3Lg9WRuI"
#define CA "SHA256:d1DgyId4JxFwuxZzTO5wWtk8W2+/rTEt0B3R3U8Cqbw"

struct run {
	struct usage *u;
	struct decode_tables *t;
	struct decoder *d;
	uint32_t file;
};

static int start(void **state)
{
	struct run *r = calloc(1, sizeof *r);
	struct decode_options opt = {.now = (nstime)1790000000 * NS_SEC};
	struct err e;
	usage_wants(&opt.want);
	r->u = usage_new();
	r->t = decode_tables_new(&opt, &e);
	r->d = decoder_new(r->t);
	*state = r;
	return r->t ? 0 : -1;
}

static int stop(void **state)
{
	struct run *r = *state;
	decoder_free(r->d);
	decode_tables_free(r->t);
	usage_free(r->u);
	free(r);
	return 0;
}

static void feed(struct run *r, struct slice text)
{
	struct batch b, joined;
	struct decode_stats stats;
	struct joiner *j = joiner_new(r->t);
	batch_init(&b);
	batch_init(&joined);
	decode_stats_init(&stats);
	struct decode_in in = {.data = text, .source = r->file, .host = SL("Web1.example.org"), .mtime = NSTIME_NONE, .format = -1, .path = SL("auth.log")};
	decode_block(r->d, &in, &b, &stats);
	joiner_run(j, &b, &joined, true);
	for (size_t i = 0; i < joined.n; i++)
		usage_event(r->u, &joined.v[i]);
	batch_free(&joined);
	batch_free(&b);
	joiner_free(j);
}

/* One line of web1 at a day of 2026 and a second of it. */
static void PRINTF_LIKE(4, 5) line(struct run *r, unsigned day, unsigned second, const char *fmt, ...)
{
	char text[8192], at[40];
	va_list ap;
	time_rfc3339((nstime)(days_from_civil(2026, 1, 1) + day) * NS_DAY + (nstime)second * NS_SEC, at);
	int n = snprintf(text, sizeof text, "%s web1 ", at);
	va_start(ap, fmt);
	n += vsnprintf(text + n, sizeof text - (size_t)n - 1, fmt, ap);
	va_end(ap);
	assert_true((size_t)n < sizeof text - 1);
	text[n++] = '\n';
	feed(r, slice_make(text, (size_t)n));
}

static nstime at(unsigned day, unsigned second)
{
	return (nstime)(days_from_civil(2026, 1, 1) + day) * NS_DAY + (nstime)second * NS_SEC;
}

static uint64_t logins(const struct run *r, const char *account, enum usage_method m, const char *key)
{
	struct usage_seen s;
	return usage_login(r->u, SL("WEB1.other.org"), slice_of(account), m, slice_of(key), &s) ? s.count : 0;
}

static void test_keys(void **state)
{
	struct run *r = *state;
	struct usage_seen s;
	line(r, 0, 10, "sshd[100]: Accepted publickey for alice from 192.0.2.9 port 4022 ssh2: ED25519 " KEY_A);
	line(r, 0, 10, "sshd[100]: pam_unix(sshd:session): session opened for user alice(uid=1001) by (uid=0)");
	line(r, 3, 10, "sshd[101]: Accepted publickey for alice from 192.0.2.10 port 4022 ssh2: ED25519 " KEY_A);
	line(r, 4, 10, "sshd[102]: Failed publickey for alice from 192.0.2.66 port 4022 ssh2: ED25519 " KEY_B);
	line(r, 5, 10, "sshd-session[103]: Accepted password for bob from 192.0.2.11 port 4022 ssh2");
	usage_close(r->u);
	assert_true(usage_login(r->u, SL("web1"), SL("alice"), USAGE_KEY, SL(KEY_A), &s));
	assert_int_equal(s.count, 2);
	assert_true(s.first == at(0, 10) && s.last == at(3, 10));
	assert_true(slice_has(s.evidence, SL("192.0.2.10")));
	assert_int_equal(logins(r, "alice", USAGE_KEY, KEY_B), 0);
	assert_int_equal(logins(r, "alice", USAGE_PASSWORD, NULL), 0);
	assert_int_equal(logins(r, "bob", USAGE_PASSWORD, NULL), 1);
	assert_int_equal(logins(r, "bob", USAGE_ANY, NULL), 1);
	assert_int_equal(logins(r, "Alice", USAGE_ANY, NULL), 0);
	assert_false(usage_login_unclear(r->u, SL("web1"), SL("alice")));
	assert_false(usage_login(r->u, SL("web2"), SL("alice"), USAGE_ANY, SLICE_NONE, &s));
	assert_true(usage_complete(r->u));
}

static bool certificate_row(void *arg, const struct usage_login_row *row)
{
	int *seen = arg;
	if (row->method != USAGE_CERTIFICATE)
		return true;
	++*seen;
	assert_true(slice_eqz(row->key_id, "alice (2026) from \"x\""));
	assert_true(slice_eqz(row->serial, "42"));
	assert_true(slice_eqz(row->authority, CA));
	assert_true(slice_eqz(row->fingerprint, KEY_B));
	assert_true(slice_eqz(row->from, "192.0.2.9"));
	return true;
}

static void test_certificate(void **state)
{
	struct run *r = *state;
	int seen = 0;
	line(r, 0, 10, "sshd[100]: Accepted publickey for alice from 192.0.2.9 port 4022 ssh2: ED25519-CERT " KEY_B " ID alice (2026) from \"x\" (serial 42) CA ED25519 " CA);
	usage_close(r->u);
	usage_logins_each(r->u, certificate_row, &seen);
	assert_int_equal(seen, 1);
	assert_int_equal(logins(r, "alice", USAGE_CERTIFICATE, KEY_B), 1);
	assert_int_equal(logins(r, "alice", USAGE_CERTIFICATE, CA), 1);
	assert_int_equal(logins(r, "alice", USAGE_KEY, NULL), 0);
	assert_false(usage_login_unclear(r->u, SL("web1"), SL("alice")));
}

/* The last line of a login with two factors names no key: it is that of the same process before. */
static void test_two_factors(void **state)
{
	struct run *r = *state;
	line(r, 0, 10, "sshd[200]: Partial publickey for prov from 192.0.2.9 port 4022 ssh2: ED25519 " KEY_A);
	line(r, 0, 11, "sshd[201]: Partial publickey for prov from 192.0.2.9 port 4023 ssh2: ED25519 " KEY_B);
	line(r, 0, 12, "sshd[200]: Postponed keyboard-interactive/pam for prov from 192.0.2.9 port 4022 ssh2 [preauth]");
	line(r, 0, 20, "sshd[200]: Accepted keyboard-interactive/pam for prov from 192.0.2.9 port 4022 ssh2");
	line(r, 0, 30, "sshd[300]: Accepted keyboard-interactive/pam for bob from 192.0.2.9 port 4024 ssh2");
	usage_close(r->u);
	assert_int_equal(logins(r, "prov", USAGE_KEY, KEY_A), 1);
	assert_int_equal(logins(r, "prov", USAGE_KEY, KEY_B), 0); /* its second factor never came */
	assert_int_equal(logins(r, "prov", USAGE_OTHER, NULL), 1);
	assert_int_equal(logins(r, "prov", USAGE_PASSWORD, NULL), 0);
	assert_int_equal(logins(r, "bob", USAGE_PASSWORD, NULL), 1);
	assert_false(usage_login_unclear(r->u, SL("web1"), SL("prov")));
}

static void test_unclear(void **state)
{
	struct run *r = *state;
	struct usage_seen s;
	/* LogLevel ERROR: only PAM speaks */
	line(r, 0, 10, "sshd[100]: pam_unix(sshd:session): session opened for user alice(uid=1001) by (uid=0)");
	/* PAM's line stands before sshd's */
	line(r, 1, 10, "sshd[101]: pam_unix(sshd:session): session opened for user bob(uid=1002) by (uid=0)");
	line(r, 1, 10, "sshd[101]: Accepted publickey for bob from 192.0.2.9 port 4022 ssh2: RSA " KEY_A);
	/* an old sshd: no fingerprint, or MD5's */
	line(r, 2, 10, "sshd[102]: Accepted publickey for carol from 192.0.2.9 port 4022 ssh2");
	line(r, 2, 20, "sshd[103]: Accepted publickey for dan from 192.0.2.9 port 4022 ssh2: RSA 16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48");
	/* the fingerprint stands in a line before */
	line(r, 3, 10, "sshd[104]: Accepted key ED25519 " KEY_B " found at /home/eve/.ssh/authorized_keys:3");
	line(r, 3, 10, "sshd[104]: Accepted publickey for eve from 192.0.2.9 port 4022 ssh2");
	/* no logins */
	line(r, 3, 20, "CRON[105]: pam_unix(cron:session): session opened for user fred(uid=1006) by (uid=0)");
	line(r, 3, 30, "sudo: pam_unix(sudo:session): session opened for user root(uid=0) by gina(uid=1007)");
	usage_close(r->u);
	assert_true(usage_unclear(r->u, SL("web1"), SL("alice"), &s));
	assert_true(s.last == at(0, 10));
	assert_false(usage_login_unclear(r->u, SL("web1"), SL("bob")));
	assert_true(usage_login_unclear(r->u, SL("web1"), SL("carol")));
	assert_int_equal(logins(r, "carol", USAGE_KEY, NULL), 1);
	assert_true(usage_login_unclear(r->u, SL("web1"), SL("dan")));
	assert_false(usage_login_unclear(r->u, SL("web1"), SL("eve")));
	assert_int_equal(logins(r, "eve", USAGE_KEY, KEY_B), 1);
	assert_false(usage_login_unclear(r->u, SL("web1"), SL("fred")));
	assert_false(usage_account(r->u, SL("web1"), SL("root"), &s));
}

struct expect {
	const char *account, *run_as, *command;
	unsigned count;
};

struct expects {
	const struct expect *v;
	size_t n, at;
};

static bool next_command(void *arg, const struct usage_sudo_row *row)
{
	struct expects *x = arg;
	assert_true(x->at < x->n);
	const struct expect *e = &x->v[x->at++];
	assert_true(slice_eqz(row->account, e->account));
	assert_true(slice_eqz(row->run_as, e->run_as));
	assert_true(slice_eqz(row->command, e->command));
	assert_int_equal(row->seen.count, e->count);
	return true;
}

static void check_commands(const struct run *r, const struct expect *v, size_t n)
{
	struct expects x = {v, n, 0};
	usage_sudo_each(r->u, SLICE_NONE, SLICE_NONE, next_command, &x);
	assert_int_equal(x.at, n);
}

static void test_commands(void **state)
{
	struct run *r = *state;
	struct usage_seen s;
	line(r, 0, 1, "sudo:   alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/systemctl restart nginx");
	line(r, 0, 2, "sudo:   alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/systemctl restart nginx");
	line(r, 0, 3, "sudo:   alice : TTY=pts/0 ; PWD=/ ; USER=postgres ; COMMAND=/usr/bin/psql -c 'a ; b'");
	line(r, 0, 4, "sudo:   alice : command not allowed ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh");
	line(r, 0, 5, "sudo:   alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=list");
	line(r, 0, 6, "doas: bob ran command /usr/bin/id -u as root from /home/bob");
	line(r, 0, 7, "pkexec[7]: carol: Executing command [USER=root] [TTY=unknown] [CWD=/home/carol] [COMMAND=/usr/sbin/gparted]");
	line(r, 0, 8, "sudo: @cee:{\"sudo\":{\"accept\":{\"submituser\":\"dan\",\"command\":\"/usr/bin/cat\",\"runuser\":\"root\",\"runargv\":[\"cat\",\"/etc/motd\"]}}}");
	line(r, 0, 9, "su: (to root) eve on pts/3");
	line(r, 0, 10, "su[9]: FAILED SU (to root) fred on pts/3");
	usage_close(r->u);
	static const struct expect want[] = {
		{"alice", "root", "/usr/bin/systemctl restart nginx", 2}, {"alice", "postgres", "/usr/bin/psql -c 'a ; b'", 1}, {"bob", "root", "/usr/bin/id -u", 1},
		{"carol", "root", "/usr/sbin/gparted", 1}, {"dan", "root", "/usr/bin/cat /etc/motd", 1},
	};
	check_commands(r, want, ARRAY_LEN(want));
	assert_true(usage_switch(r->u, SL("web1"), SL("eve"), SL("root"), &s));
	assert_false(usage_switch(r->u, SL("web1"), SL("fred"), SL("root"), &s));
	assert_true(usage_account(r->u, SL("web1"), SL("alice"), &s));
	assert_true(s.last == at(0, 5));
	assert_false(usage_account(r->u, SL("web1"), SL("fred"), &s));
}

/* sudo cuts what is longer than syslog takes, at a blank where there is one: the lines are one command. As sudo 1.9.13 wrote them. */
static void test_continued(void **state)
{
	struct run *r = *state;
	char x[961], whole[2000];
	memset(x, 'x', 960);
	x[960] = 0;
	for (unsigned d = 0; d < 2; d++) {
		line(r, d, 1, "sudo:   alice : PWD=/ ; USER=root ; COMMAND=/usr/bin/echo");
		line(r, d, 1, "sudo:   alice : (command continued) %s", x);
		line(r, d, 1, "sudo:   alice : (command continued) %s", "xxx a b");
		line(r, d, 1, "sudo:   alice : (command continued) %s", "c d");
	}
	line(r, 3, 1, "sudo:   alice : PWD=/ ; USER=root ; COMMAND=/usr/bin/echo");
	line(r, 3, 2, "sudo:     bob : (command continued) %s", "of somebody else");
	usage_close(r->u);
	snprintf(whole, sizeof whole, "/usr/bin/echo %sxxx a b c d", x);
	const struct expect want[] = {{"alice", "root", whole, 2}, {"alice", "root", "/usr/bin/echo", 1}};
	check_commands(r, want, ARRAY_LEN(want));
	assert_true(usage_complete(r->u));
}

#define AUDIT_CMD(serial, second, hex) \
	"type=USER_CMD msg=audit(17672256" second ".438:" serial "): pid=300072 uid=1003 auid=1003 ses=5573 subj=unconfined msg='cwd=\"/home/jm\" cmd=" hex " exe=\"/usr/bin/sudo\" terminal=pts/0 res=success'\n"

static void test_auditd(void **state)
{
	struct run *r = *state;
	usage_uid(r->u, SL("web1"), 1003, SL("jm"));
	feed(r, SL(AUDIT_CMD("1", "00", "7A706F6F6C20737461747573"))); /* zpool status: 1 January 2026, 00:00:00 */
	feed(r, SL(AUDIT_CMD("2", "30", "6964202D75")));               /* id -u */
	line(r, 0, 30, "sudo:      jm : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id -u");
	feed(r, SL("type=USER_LOGIN msg=audit(1767225700.050:3): pid=299836 uid=0 auid=1003 ses=5568 subj=unconfined msg='op=login id=1003 exe=\"/usr/sbin/sshd\" hostname=10.20.1.10 addr=10.20.1.10 terminal=/dev/pts/2 res=success'\n"));
	usage_close(r->u);
	static const struct expect want[] = {{"jm", "", "zpool status", 1}, {"jm", "root", "/usr/bin/id -u", 1}};
	check_commands(r, want, ARRAY_LEN(want));
	assert_true(usage_login_unclear(r->u, SL("web1"), SL("jm")));
	assert_int_equal(logins(r, "jm", USAGE_ANY, NULL), 0);
}

/* ---- how sure ---------------------------------------------------------------------------------------------------------- */

static void ssh_day(struct run *r, unsigned day)
{
	line(r, day, 100, "sshd[%u]: Accepted publickey for alice from 192.0.2.9 port 4022 ssh2: ED25519 " KEY_A, 100 + day);
}

static void sudo_day(struct run *r, unsigned day)
{
	line(r, day, 200, "sudo:   alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id");
}

static const char *unsure(const struct run *r, enum usage_log kind, unsigned now, uint32_t days)
{
	return usage_unsure(r->u, SL("web1"), kind, at(now, 43200), days);
}

static void test_sure(void **state)
{
	struct run *r = *state;
	struct usage_coverage c;
	for (unsigned d = 0; d < 100; d++)
		ssh_day(r, d);
	usage_close(r->u);
	assert_null(unsure(r, USAGE_LOG_LOGIN, 99, 90));
	assert_null(unsure(r, USAGE_LOG_LOGIN, 100, 90));
	assert_string_equal(unsure(r, USAGE_LOG_LOGIN, 101, 90), "the logs end before");
	assert_string_equal(unsure(r, USAGE_LOG_LOGIN, 99, 100), "the logs do not go back far enough");
	assert_null(unsure(r, USAGE_LOG_LOGIN, 99, 99));
	assert_string_equal(unsure(r, USAGE_LOG_LOGIN, 300, 90), "no log with sshd's lines is of these days");
	assert_string_equal(unsure(r, USAGE_LOG_SUDO, 99, 90), "sudo never logged there");
	assert_string_equal(usage_unsure(r->u, SL("web2"), USAGE_LOG_LOGIN, at(99, 0), 90), "no logs of this host were read");
	usage_coverage(r->u, SL("web1.example.org"), USAGE_LOG_LOGIN, &c);
	assert_int_equal(c.days, 100);
	assert_int_equal(c.gaps, 0);
	assert_true(c.kind_seen && c.first == at(0, 100) && c.last == at(99, 100));
	assert_true(c.from == at(0, 0) && c.to == at(99, 3600));
	usage_coverage(r->u, SL("web1"), USAGE_LOG_SUDO, &c);
	assert_false(c.kind_seen);
	assert_int_equal(c.days, 0);
}

/* A file of the set is missing in front of another. */
static void test_gap(void **state)
{
	struct run *r = *state;
	struct usage_coverage c;
	static const struct usage_source sources[] = {{0, 0, false}, {0, 1, false}, {0, 2, true}};
	usage_sources(r->u, sources, 3);
	for (unsigned d = 0; d < 100; d++) {
		r->file = d >= 70 ? 2 : d >= 42 ? 1 : 0;
		if (d != 40 && d != 41)
			ssh_day(r, d);
	}
	usage_close(r->u);
	usage_coverage(r->u, SL("web1"), USAGE_LOG_LOGIN, &c);
	assert_int_equal(c.gaps, 1);
	assert_true(c.gap == at(39, 3600) && c.longest_gap == 71 * NS_HOUR);
	assert_int_equal(c.days, 98);
	assert_string_equal(unsure(r, USAGE_LOG_LOGIN, 99, 90), "hours or days are missing in the logs");
	assert_string_equal(unsure(r, USAGE_LOG_LOGIN, 99, 59), "the logs do not go back far enough");
	assert_null(unsure(r, USAGE_LOG_LOGIN, 99, 57));
}

/* Files that are turned at six in the morning: without one of them both days that it lies on still have lines. */
static void test_gap_within_days(void **state)
{
	struct run *r = *state;
	struct usage_coverage c;
	struct usage_source sources[40];
	for (unsigned i = 0; i < 40; i++)
		sources[i] = (struct usage_source){0, i, i != 21};
	usage_sources(r->u, sources, 40);
	for (unsigned d = 0; d < 40; d++) {
		r->file = d;
		for (unsigned h = 6; d != 20 && h < 30; h++)
			line(r, d + h / 24, h % 24 * 3600, "CRON[%u]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)", h);
		if (d == 3)
			line(r, d + 1, 6 * 3600 - 1, "sshd[3]: Accepted publickey for alice from 192.0.2.9 port 4022 ssh2: ED25519 " KEY_A);
	}
	usage_close(r->u);
	usage_coverage(r->u, SL("web1"), USAGE_LOG_LOGIN, &c);
	assert_int_equal(c.gaps, 1);
	assert_int_equal(c.longest_gap / NS_HOUR, 24);
	assert_int_equal(c.days, 41);
	assert_string_equal(unsure(r, USAGE_LOG_LOGIN, 40, 30), "hours or days are missing in the logs");
	assert_null(unsure(r, USAGE_LOG_LOGIN, 40, 19));
}

/* Nobody logged in on some days: the file goes on behind them, and another log shows that the host was up. */
static void test_quiet(void **state)
{
	struct run *r = *state;
	static const struct usage_source sources[] = {{0, 0, false}, {1, 0, false}};
	usage_sources(r->u, sources, 2);
	for (unsigned d = 0; d < 50; d++) {
		r->file = 0;
		if (d % 3 == 0)
			ssh_day(r, d);
		r->file = 1;
		if (d != 20)
			line(r, d, 300, "systemd[1]: Started Daily apt download activities.");
	}
	usage_close(r->u);
	assert_null(unsure(r, USAGE_LOG_LOGIN, 48, 27));
	assert_string_equal(unsure(r, USAGE_LOG_LOGIN, 48, 40), "hours or days are missing in the logs");
	assert_string_equal(unsure(r, USAGE_LOG_SUDO, 48, 20), "sudo never logged there");
}

/* A log without sshd's lines says nothing about logins, however many days it has. */
static void test_other_log(void **state)
{
	struct run *r = *state;
	static const struct usage_source sources[] = {{0, 0, false}, {1, 0, false}};
	usage_sources(r->u, sources, 2);
	for (unsigned d = 0; d < 50; d++) {
		r->file = 1;
		line(r, d, 300, "systemd[1]: Started Daily apt download activities.");
		r->file = 0;
		if (d > 40) {
			ssh_day(r, d);
			sudo_day(r, d);
		}
	}
	usage_close(r->u);
	assert_string_equal(unsure(r, USAGE_LOG_LOGIN, 49, 30), "the logs do not go back far enough");
	assert_string_equal(unsure(r, USAGE_LOG_SUDO, 49, 30), "the logs do not go back far enough");
	assert_null(unsure(r, USAGE_LOG_SUDO, 49, 8));
}

static void test_dropped(void **state)
{
	struct run *r = *state;
	for (unsigned d = 0; d < 50; d++) {
		ssh_day(r, d);
		if (d == 20)
			line(r, d, 300, "rsyslogd: imuxsock lost 105 messages from pid 2217 due to rate-limiting");
		if (d == 40)
			line(r, d, 300, "systemd-journald[200]: Suppressed 105 messages from nginx.service");
	}
	usage_close(r->u);
	assert_string_equal(unsure(r, USAGE_LOG_LOGIN, 49, 30), "the logger dropped messages");
	assert_null(unsure(r, USAGE_LOG_LOGIN, 49, 20));
}

/* The second of four files ends early, and the third cannot be read at all. */
static void test_broken(void **state)
{
	struct run *r = *state;
	struct usage_coverage c;
	static const struct usage_source sources[] = {{0, 0, false}, {0, 1, true}, {0, 2, true}, {0, 3, true}, {1, 0, false}};
	usage_sources(r->u, sources, 5);
	for (unsigned d = 0; d < 50; d++) {
		r->file = d < 10 ? 0 : d < 20 ? 1 : d < 30 ? 2 : 3;
		if (d < 18 || d >= 30)
			ssh_day(r, d);
		r->file = 4;
		line(r, d, 300, "systemd[1]: Started Daily apt download activities.");
	}
	usage_broken(r->u, 1);
	usage_broken(r->u, 2);
	usage_close(r->u);
	assert_string_equal(unsure(r, USAGE_LOG_LOGIN, 49, 40), "a log could not be read to its end");
	assert_null(unsure(r, USAGE_LOG_LOGIN, 49, 19));
	usage_coverage(r->u, SL("web1"), USAGE_LOG_LOGIN, &c);
	assert_true(c.broken && c.gaps == 1 && c.gap == at(17, 0));
	assert_int_equal(logins(r, "alice", USAGE_KEY, KEY_A), 38);
}

/* Lines that stand in the log at LogLevel ERROR show that logins would not. */
static void test_quiet_sshd(void **state)
{
	struct run *r = *state;
	for (unsigned d = 0; d < 50; d++)
		line(r, d, 300, "sshd[%u]: error: PAM: Authentication failure for alice from 192.0.2.9", 100 + d);
	usage_close(r->u);
	assert_string_equal(unsure(r, USAGE_LOG_LOGIN, 49, 30), "sshd never logged there");
}

static void compare(const struct runs *d, const bool *plain)
{
	for (int k = 0; k < 400; k++) {
		int out = k, in = k;
		while (out < 400 && plain[out])
			out++;
		while (in < 400 && !plain[in])
			in++;
		assert_int_equal(runs_has(d, k), plain[k]);
		assert_int_equal(runs_next_out(d, k), out);
		assert_int_equal(runs_next_in(d, k), in == 400 ? INT32_MAX : in);
	}
	for (size_t k = 1; k < d->n; k++)
		assert_true(d->v[k - 1].to + 1 < d->v[k].from);
}

static void test_runs(void **state)
{
	(void)state;
	struct runs d = {0};
	bool plain[400] = {0};
	unsigned x = 1;
	for (int i = 0; i < 600; i++) {
		x = x * 1103515245u + 12345u;
		int from = (int)(x >> 16) % 390, to = from + (int)(x >> 8) % 6;
		bool add = i < 100 || x & 64;
		for (int k = from; k <= to; k++)
			plain[k] = add;
		if (add)
			runs_add(&d, from, to);
		else
			runs_remove(&d, from, to);
		compare(&d, plain);
	}
	runs_free(&d);
	for (int i = 0; i < 3 * RUNS_MAX; i++)
		runs_add(&d, 2 * i, 2 * i);
	assert_int_equal(d.n, RUNS_MAX);
	assert_true(runs_has(&d, 0));
	assert_false(runs_has(&d, 2 * RUNS_MAX + 2));
	runs_free(&d);
	assert_int_equal(day_of(-1), -1);
	assert_int_equal(day_of(NS_DAY), 1);
	assert_int_equal(hour_of(-NS_HOUR - 1), -2);
}

/* ---- hostile volume ------------------------------------------------------------------------------------------------------ */

static void one_command(struct usage *u, const char *account, unsigned n)
{
	char text[64], raw[64];
	struct value v[3] = {
		{.field = F_USER_NAME, .type = FT_STR, .p = account, .len = (uint32_t)strlen(account)},
		{.field = F_USER_EFFECTIVE, .type = FT_STR, .p = "root", .len = 4},
	};
	v[2] = (struct value){.field = F_PROCESS_CMDLINE, .type = FT_STR, .p = text, .len = (uint32_t)snprintf(text, sizeof text, "/usr/bin/echo %u", n)};
	struct event e = {.time = at(0, n % 86400), .action = ACT_SUDO, .outcome = OUTCOME_SUCCESS, .dataset = SL("sudo"), .host = SL("web1"), .values = v, .nvalues = 3, .capvalues = 3};
	e.at.raw = slice_make(raw, (size_t)snprintf(raw, sizeof raw, "%u", n));
	usage_event(u, &e);
}

static bool count_row(void *arg, const struct usage_sudo_row *row)
{
	size_t *n = arg;
	(void)row;
	++*n;
	return true;
}

static void test_million(void **state)
{
	struct run *r = *state;
	size_t n = 0;
	one_command(r->u, "bob", 0);
	for (unsigned i = 0; i < 1000000; i++)
		one_command(r->u, "alice", i);
	usage_close(r->u);
	usage_sudo_each(r->u, SLICE_NONE, SLICE_NONE, count_row, &n);
	assert_int_equal(n, COMMANDS_PER_ACCOUNT + 1);
	assert_false(usage_complete(r->u));
	assert_true(usage_forgot(r->u, SL("web1"), SL("alice")));
	assert_false(usage_forgot(r->u, SL("web1"), SL("bob"))); /* her noise is not his */
}

static void test_million_accounts(void **state)
{
	struct run *r = *state;
	char name[32];
	size_t n = 0;
	one_command(r->u, "bob", 0);
	for (unsigned i = 0; i < 300000; i++) {
		snprintf(name, sizeof name, "u%u", i);
		one_command(r->u, name, i);
	}
	usage_close(r->u);
	usage_sudo_each(r->u, SLICE_NONE, SLICE_NONE, count_row, &n);
	assert_int_equal(n, COMMANDS_MAX);
	assert_true(r->u->command_bytes <= COMMANDS_BYTES);
	assert_false(usage_complete(r->u));
	assert_true(usage_forgot(r->u, SL("web1"), SL("bob")));
	assert_string_equal(unsure(r, USAGE_LOG_SUDO, 0, 1), "more was logged than can be remembered");
}

/* Many accounts that are all remembered, with more commands than are: each loses its own, and logins are as sure as before. */
static void test_many_commands(void **state)
{
	struct run *r = *state;
	char name[32];
	for (unsigned d = 0; d < 20; d++)
		ssh_day(r, d);
	one_command(r->u, "early", 0);
	for (unsigned i = 0; i < 200000; i++) {
		snprintf(name, sizeof name, "u%u", i % 100);
		one_command(r->u, name, i);
	}
	one_command(r->u, "late", 0);
	usage_close(r->u);
	assert_false(usage_complete(r->u));
	assert_true(usage_forgot(r->u, SL("web1"), SL("early")));
	assert_true(usage_forgot(r->u, SL("web1"), SL("u7")));
	assert_false(usage_forgot(r->u, SL("web1"), SL("late")));
	assert_true(usage_forgot(r->u, SL("web1"), SLICE_NONE));
	assert_false(usage_forgot(r->u, SL("web2"), SLICE_NONE));
	assert_null(unsure(r, USAGE_LOG_LOGIN, 19, 15));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {T(test_keys), T(test_certificate), T(test_two_factors), T(test_unclear), T(test_commands), T(test_continued), T(test_auditd), T(test_sure),
		T(test_gap), T(test_gap_within_days), T(test_quiet), T(test_other_log), T(test_dropped), T(test_broken), T(test_quiet_sshd), T(test_runs), T(test_million), T(test_million_accounts), T(test_many_commands)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
