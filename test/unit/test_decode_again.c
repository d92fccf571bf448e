/* test_decode_again.c - a line behind others that look like it says what it says alone: a decoder remembers the minute, the host, the tag, the address
 * and the message of the lines before, and a block's first line knows nothing of them. */
#include "decode/decode.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>

enum { ROUNDS = 600, LINES = 60 };

static uint64_t next(uint64_t *x)
{
	*x = *x * 6364136223846793005u + 1442695040888963407u;
	return *x >> 33;
}

#define PICK(x, list) (list)[next(x) % ARRAY_LEN(list)]

static const char *const times[] = {"2026-05-01T00:19:39.494357+02:00", "2026-05-01T00:19:40.000001+02:00", "2026-05-01T00:19:59.999999+02:00", "2026-05-01T00:20:00.123456+02:00",
	"2026-05-01T00:19:61.494357+02:00", "2026-05-01T00:19:39.494357+01:00", "2026-05-01T00:19:39.49435+02:00", "2026-05-01 00:19:39.494357+02:00", "2026-05-01T00:19:3a.494357+02:00",
	"2026-05-01T00:19:39Z"};
static const char *const hosts[] = {"web1", "web1", "web1", "web2", "a-host-with-a-long-name.example", "<web1", " web1", "web1 "};
static const char *const tags[] = {"sshd[170091]: ", "sshd[170091]: ", "sshd[7]: ", "sshd[12345678]: ", "sshd[1234567]: ", "sshd[]: ", "sshd[12x]: ", "sshd[12] ", "sshd: ", "sudo: ",
	"sudo:", "systemd-logind[612]: ", "CRON[98527]: ", "sshd-session[12]: ", "a-program-of-a-long-name[1]: ", "(systemd)[1]: ", "sshd(pam_unix)[12]: ", "[sshd]: ", "kernel: ", "nobody[3]: "};
static const char *const messages[] = {
	"Accepted publickey for staff54 from 10.20.5.130 port 46309 ssh2: ED25519 SHA256:VldVyTsTaYr8a180J3c00ctB5bTPnrfJz7ivRG+xCLI",
	"Accepted password for staff54 from 10.20.5.130 port 46309 ssh2",
	"Accepted publickey for staff54 from 2001:db8::7 port 46309 ssh2: RSA-CERT SHA256:abc ID staff from there (serial 7) CA ED25519 SHA256:def",
	"Received disconnect from 10.20.5.130 port 46309:11: disconnected by user", "Received disconnect from 10.20.5.130 port 46309:3: com.jcraft.jsch.JSchException: Auth fail",
	"Received disconnect from 10.20.5.130: 14: No supported authentication methods available [preauth]", "Disconnected from user staff54 10.20.5.130 port 46309",
	"Disconnected from user a b 1.2.3.4 port 5 10.20.5.130 port 46309", "Disconnected from user  10.20.5.130 port 46309", "Disconnected from user staff54 10.20.5.130 port",
	"Failed password for invalid user oracle from 192.0.2.7 port 1022 ssh2", "Failed password for invalid user a from 192.0.2.7 port 1 ssh2 from 192.0.2.8 port 1022 ssh2",
	"Failed password for root from 192.0.2.7 port 123456789012 ssh2", "Failed publickey for root from 192.0.2.7 port 22 ssh2: RSA SHA256:abc", "Invalid user  from 192.0.2.7",
	"Invalid user test from ::ffff:192.0.2.7 port 22", "Invalid user test from host.example.org port 22", "Connection closed by invalid user oracle 192.0.2.7 port 1022 [preauth]",
	"Connection closed by 192.0.2.7 port 1022 [preauth]", "Connection from 192.0.2.7 port 1022 on 192.0.2.1 port 22", "error: maximum authentication attempts exceeded for root from 192.0.2.7 port 22 ssh2 [preauth]",
	"pam_unix(sshd:session): session opened for user staff54(uid=1064) by (uid=0)", "pam_unix(sshd:session): session closed for user staff54",
	"pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root", "New session 4752 of user staff54.", "Removed session 4752.",
	"Session 4752 logged out. Waiting for processes to exit.", " staff21 : TTY=pts/0 ; PWD=/home/staff21 ; USER=root ; COMMAND=/usr/bin/vim /etc/hosts",
	"(root) CMD (/usr/local/bin/backup)", "message repeated 5 times: [ Failed password for root from 192.0.2.7 port 22 ssh2]", "[ID 800047 auth.info] Accepted password for a from 192.0.2.7 port 1 ssh2",
	"[ 12.5] device eth0 entered promiscuous mode", "x", "", " ", "nothing that a row knows"};

/* Most lines like the one before, some with a byte changed. */
static void make_line(uint64_t *x, struct buf *b)
{
	size_t from = b->n;
	buf_adds(b, slice_of(next(x) % 4 ? times[0] : PICK(x, times)));
	buf_addc(b, ' ');
	buf_adds(b, slice_of(next(x) % 4 ? hosts[0] : PICK(x, hosts)));
	buf_addc(b, ' ');
	buf_adds(b, slice_of(PICK(x, tags)));
	buf_adds(b, slice_of(PICK(x, messages)));
	if (next(x) % 6 == 0 && b->n > from) {
		static const char bytes[] = "09:[] .\t\x80\xff\0-+aZ<";
		b->p[from + next(x) % (b->n - from)] = bytes[next(x) % (sizeof bytes - 1)];
	}
	if (next(x) % 20 == 0)
		buf_addc(b, '\r');
	buf_addc(b, '\n');
}

static void tell(const struct batch *b, struct buf *out)
{
	for (size_t i = 0; i < b->n; i++) {
		struct event e = b->v[i];
		if (e.flags & EV_NO_TIME) /* has its neighbour's */
			e.time = 0;
		event_json(out, &e, SL("a.log"));
		buf_addf(out, " flags %u\n", e.flags);
	}
}

/* The events of a block, at once or line by line. */
static void decode(const struct decode_tables *t, struct slice block, bool alone, struct buf *out, struct decode_stats *stats)
{
	struct decoder *d = decoder_new(t);
	struct batch b;
	struct decode_in in = {.host = SL("file-host"), .path = SL("a.log"), .mtime = NSTIME_NONE, .format = -1};
	batch_init(&b);
	decode_stats_init(stats);
	for (size_t at = 0; at < block.n;) {
		size_t n = block.n - at;
		if (alone)
			n = (size_t)slice_chr(slice_from(block, at), '\n') + 1;
		in.data = slice_make(block.p + at, n);
		in.offset = at;
		in.format = decode_block(d, &in, &b, stats);
		tell(&b, out);
		batch_reset(&b);
		if (alone) { /* what a decoder keeps over blocks is forgotten, too */
			decoder_free(d);
			d = decoder_new(t);
		}
		at += n;
	}
	batch_free(&b);
	decoder_free(d);
}

static void test_same(void **state)
{
	struct decode_options opt = {.now = (nstime)1780000000 * NS_SEC};
	struct err e = {0};
	struct buf block = {0}, together = {0}, alone = {0};
	struct decode_stats a, b;
	(void)state;
	interest_all(&opt.want);
	interest_add_from(&opt.want, ACT_NOTICE, "sshd");
	opt.want.from[ACT_SESSION_CLOSED] = "!sudo cron";
	struct decode_tables *t = decode_tables_new(&opt, &e);
	assert_non_null(t);
	for (unsigned seed = 1; seed <= ROUNDS; seed++) {
		uint64_t x = seed;
		block.n = together.n = alone.n = 0;
		for (unsigned i = 0; i < LINES; i++)
			make_line(&x, &block);
		char *copy = xmalloc(block.n); /* of exactly its size: reading past it is seen */
		memcpy(copy, block.p, block.n);
		decode(t, slice_make(copy, block.n), false, &together, &a);
		decode(t, slice_make(copy, block.n), true, &alone, &b);
		if (!slice_eq(buf_slice(&together), buf_slice(&alone)))
			fail_msg("seed %u:\n%.*s\nalone:\n%.*s", seed, SLFMT(buf_slice(&together)), SLFMT(buf_slice(&alone)));
		assert_memory_equal(a.by_kind, b.by_kind, sizeof a.by_kind);
		assert_int_equal(a.logins, b.logins);
		assert_int_equal(a.formats, b.formats);
		assert_true(together.n > 1000);
		free(copy);
	}
	buf_free(&block);
	buf_free(&together);
	buf_free(&alone);
	decode_tables_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_same)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
