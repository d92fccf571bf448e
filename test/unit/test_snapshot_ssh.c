/* test_snapshot_ssh.c - SSH's formats: known answers of SHA-1, hashed names, options of authorized_keys as sshd takes them, patterns, times. */
#include "snapshot/sshdconf.h"
#include "snapshot/sshkey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* FIPS 180-4, examples of NIST. */
static void test_sha1(void **state)
{
	(void)state;
	static const struct { const char *text, *hex; } known[] = {
		{"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
		{"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
	};
	uint8_t sum[SSHKEY_SHA1];
	char hex[2 * SSHKEY_SHA1 + 1], million[1000];
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		sshkey_sha1(known[i].text, strlen(known[i].text), sum);
		for (size_t k = 0; k < SSHKEY_SHA1; k++)
			snprintf(hex + 2 * k, 3, "%02x", sum[k]);
		assert_string_equal(hex, known[i].hex);
	}
	struct buf b = {0};
	memset(million, 'a', sizeof million);
	for (int i = 0; i < 1000; i++)
		buf_add(&b, million, sizeof million);
	sshkey_sha1(b.p, b.n, sum);
	for (size_t k = 0; k < SSHKEY_SHA1; k++)
		snprintf(hex + 2 * k, 3, "%02x", sum[k]);
	assert_string_equal(hex, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	buf_free(&b);
}

static void expect_options(const char *line, const char *why, const char *rest, const char *command, const char *from)
{
	struct sshkey_options o;
	struct slice s = slice_of(line);
	const char *got = sshkey_options(&s, &o);
	if ((why == NULL) != (got == NULL) || (why && !strstr(got, why)))
		fail_msg("%s: %s", line, got ? got : "taken");
	if (!got) {
		assert_true(slice_eqz(s, rest));
		assert_true(command ? slice_eqz(buf_slice(&o.command), command) : !o.command.p);
		assert_true(from ? slice_eqz(buf_slice(&o.from), from) : !o.from.p);
	}
	sshkey_options_free(&o);
}

static void test_options(void **state)
{
	(void)state;
	expect_options("restrict ssh-rsa A", NULL, " ssh-rsa A", NULL, NULL);
	expect_options("command=\"a b\",from=\"x,y\" k", NULL, " k", "a b", "x,y");
	expect_options("COMMAND=\"say \\\"hi\\\" \\n\" k", NULL, " k", "say \"hi\" \\n", NULL);
	expect_options("command=\"\" k", NULL, " k", "", NULL);
	expect_options("from=\"a\",permitopen=\"h:1\",permitopen=\"h:2\",environment=\"A=b\",tunnel=\"0\",permitlisten=\"1\" k", NULL, " k", NULL, "a");
	expect_options("no-restrict k", "does not know", NULL, NULL, NULL);
	expect_options("command=a k", "without its quotes", NULL, NULL, NULL);
	expect_options("command=\"a\"from=\"b\" k", "no comma", NULL, NULL, NULL);
	expect_options("from=\"a\",from=\"b\" k", "twice", NULL, NULL, NULL);
	expect_options("from=\"a k", "does not end", NULL, NULL, NULL);
	expect_options("restrict, k", "no comma", NULL, NULL, NULL);
	expect_options("restricted k", "does not know", NULL, NULL, NULL);
	expect_options("expiry-time=\"soon\" k", "expiry", NULL, NULL, NULL);
	expect_options("principals=\"\" k", "principals", NULL, NULL, NULL);
}

/* The order counts: what comes after restrict gives back. */
static void test_flags(void **state)
{
	(void)state;
	struct sshkey_options o;
	struct slice s = SL("pty,restrict,agent-forwarding k");
	assert_null(sshkey_options(&s, &o));
	assert_true(o.restricted && o.agent && !o.pty && !o.forwarding);
	sshkey_options_free(&o);
	s = SL("restrict,pty,no-pty,cert-authority,verify-required,expiry-time=\"20300101\",expiry-time=\"20250101\" k");
	assert_null(sshkey_options(&s, &o));
	assert_true(!o.pty && o.authority && o.verify_required);
	assert_true(slice_eqz(buf_slice(&o.expires), "20250101")); /* the sooner one */
	sshkey_options_free(&o);
	s = SL("no-verify-required k");
	assert_null(sshkey_options(&s, &o));
	assert_true(o.pty && o.forwarding && o.agent && !o.restricted && !o.authority && !o.verify_required);
	sshkey_options_free(&o);
}

static void test_patterns(void **state)
{
	(void)state;
	assert_true(sshd_pattern_list(SL("bob"), SL("alice,b*"), false));
	assert_true(sshd_pattern_list(SL("BOB"), SL("b?b"), true));
	assert_false(sshd_pattern_list(SL("BOB"), SL("b?b"), false));
	assert_false(sshd_pattern_list(SL("bob"), SL("*,!bob"), false));
	assert_false(sshd_pattern_list(SL("bob"), SL("!alice"), false)); /* a negation alone lets nobody in */
	assert_false(sshd_pattern_list(SL("bob"), SL(""), false));
	assert_true(sshd_pattern_list(SL(""), SL("*"), false));
	assert_true(sshd_address_list(SL("10.1.2.3"), SL("192.0.2.0/24,10.0.0.0/8")));
	assert_false(sshd_address_list(SL("10.1.2.3"), SL("10.0.0.0/8,!10.1.0.0/16")));
	assert_true(sshd_address_list(SL("fd00::7"), SL("fd00::/8")));
	assert_true(sshd_address_list(SL("10.1.2.3"), SL("10.1.*")));
	char stars[4001], name[4001]; /* no pattern makes it slow */
	for (int i = 0; i < 4000; i += 2)
		memcpy(stars + i, "*a", 2);
	memset(name, 'a', 3999);
	name[3999] = 'b';
	assert_false(sshd_pattern_list(slice_make(name, 4000), slice_make(stars, 4000), false));
}

static void test_seconds(void **state)
{
	(void)state;
	static const struct { const char *text; int64_t seconds; } good[] = {{"0", 0}, {"90", 90}, {"2m", 120}, {"1h30m", 5400}, {"1W", 604800}, {"1d2h3m4s", 93784}};
	static const char *const bad[] = {"", "m", "2x", "1hm", "-1"};
	int64_t n;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(sshd_seconds(slice_of(good[i].text), &n));
		assert_int_equal(n, good[i].seconds);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(sshd_seconds(slice_of(bad[i]), &n));
}

/* |1|salt|hash of ssh-keygen -H for "web1.example". */
static void test_hashed(void **state)
{
	(void)state;
	struct slice e = SL("|1|EdCWb6SI1IyNy23oiEVbmxJ3WT0=|qyA30BkSyE5oM+j88UErX3IDBeU=");
	assert_true(sshkey_hashed_is(e, SL("web1.example")));
	assert_false(sshkey_hashed_is(e, SL("web2.example")));
	assert_false(sshkey_hashed_is(e, SL("")));
	assert_false(sshkey_hashed_is(SL("|1|"), SL("web1.example")));
	assert_false(sshkey_hashed_is(SL("|1|AAAA|AAAA"), SL("web1.example")));
	assert_false(sshkey_hashed_is(SL("web1.example"), SL("web1.example")));
}

/* Every prefix of a good blob is none. */
static void test_cut_blobs(void **state)
{
	(void)state;
	struct buf blob = {0};
	struct sshkey *k = xcalloc(1, sizeof *k);
	struct slice comment;
	assert_null(sshkey_line(SL("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f a b"), &blob, k, &comment));
	assert_true(slice_eqz(comment, "a b"));
	assert_int_equal(k->bits, 256);
	for (size_t i = 0; i < blob.n; i++) {
		char *copy = xmalloc(i + 1); /* of the exact size: a byte too far is seen */
		memcpy(copy, blob.p, i);
		assert_non_null(sshkey_blob(slice_make(copy, i), k));
		free(copy);
	}
	buf_addc(&blob, 0);
	assert_non_null(sshkey_blob(buf_slice(&blob), k));
	buf_free(&blob);
	free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha1), cmocka_unit_test(test_options), cmocka_unit_test(test_flags), cmocka_unit_test(test_patterns), cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_hashed), cmocka_unit_test(test_cut_blobs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
