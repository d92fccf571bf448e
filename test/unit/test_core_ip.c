/* test_core_ip.c - addresses and networks. */
#include "core/core.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_parse(void **state)
{
	static const struct {
		const char *s, *text; /* text NULL: refused */
	} rows[] = {
		{"1.2.3.4", "1.2.3.4"},
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"::", "::"},
		{"::1", "::1"},
		{"2001:DB8::1", "2001:db8::1"},
		{"2001:db8:0:0:0:0:0:1", "2001:db8::1"},
		{"::ffff:10.0.0.1", "10.0.0.1"}, /* the same address */
		{"::ffff:a00:1", "10.0.0.1"},
		{"fe80::1%eth0", "fe80::1"},
		{"fe80::1%a-zone-name-that-is-longer-than-any-address-text-can-be", "fe80::1"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"", NULL},
		{"1", NULL},
		{"1.2.3", NULL},
		{"1.2.3.", NULL},
		{".1.2.3", NULL},
		{"1.2.3.4.", NULL},
		{"1.2.3.4.5", NULL},
		{"1..3.4", NULL},
		{"256.1.1.1", NULL},
		{"1.1.1.999", NULL},
		{"01.2.3.4", NULL},
		{"1.2.3.00", NULL},
		{"1.2.3.4444", NULL},
		{"1.2.3.4 ", NULL},
		{" 1.2.3.4", NULL},
		{"1.2.3.4:22", NULL},
		{"1.2.3.-4", NULL},
		{"1.2.3.4%eth0", NULL},
		{"[::1]", NULL},
		{"::1::", NULL},
		{":", NULL},
		{":::", NULL},
		{"12345::", NULL},
		{"1:2:3:4:5:6:7:8:9", NULL},
		{"::g", NULL},
		{"%eth0", NULL},
		{"1111111111111111111111111111111111111111111111::", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip ip;
		char buf[48];
		bool ok = ip_parse(slice_of(rows[i].s), &ip);
		assert_int_equal(ok, rows[i].text != NULL);
		if (ok)
			assert_string_equal(ip_text(&ip, buf), rows[i].text);
	}
	assert_false(ip_parse(SLICE_NONE, &(struct ip){{0}}));
	assert_false(ip_parse(slice_make("::1\0x", 5), &(struct ip){{0}}));
	assert_false(ip_parse(slice_make("1.2.3.4\0", 8), &(struct ip){{0}}));
}

/* Mutated texts in exact-size copies: the hand-written IPv4 reader agrees with the C library. */
static void test_parse_oracle(void **state)
{
	uint32_t x = 99;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		char text[20], *copy;
		struct in_addr want;
		struct ip got;
		size_t n;
		bool ok;
		x = x * 1664525 + 1013904223;
		snprintf(text, sizeof text, "%u.%u.%u.%u", x >> 24, x >> 16 & 255, x >> 12 & 15, (x >> 4 & 511) % 300);
		n = strlen(text);
		x = x * 1664525 + 1013904223;
		text[(x >> 8) % n] = "0123456789..:a -"[x >> 28];
		copy = xmalloc(n);
		memcpy(copy, text, n);
		ok = ip_parse(slice_make(copy, n), &got);
		free(copy);
		if (ok != (inet_pton(AF_INET, text, &want) == 1) && !(ok && !ip_is_v4(&got)))
			fail_msg("%s", text);
		if (ok && ip_is_v4(&got))
			assert_memory_equal(got.b + 12, &want, 4);
	}
}

static void test_kinds(void **state)
{
	static const struct {
		const char *s;
		bool v4, private, loopback;
	} rows[] = {
		{"127.0.0.1", true, true, true},      {"127.255.0.1", true, true, true},     {"::1", false, true, true},
		{"10.1.2.3", true, true, false},      {"11.0.0.0", true, false, false},      {"9.255.255.255", true, false, false},
		{"172.15.255.255", true, false, false}, {"172.16.0.0", true, true, false},   {"172.31.255.255", true, true, false},
		{"172.32.0.0", true, false, false},   {"192.168.0.1", true, true, false},    {"192.169.0.1", true, false, false},
		{"169.254.1.1", true, true, false},   {"8.8.8.8", true, false, false},       {"0.0.0.0", true, true, false},
		{"::", false, true, false},           {"fe80::1", false, true, false},       {"febf::1", false, true, false},
		{"fec0::1", false, false, false},     {"fc00::1", false, true, false},       {"fdff::1", false, true, false},
		{"fe00::1", false, false, false},     {"2001:db8::1", false, false, false},  {"::2", false, false, false},
		{"::ffff:192.168.1.1", true, true, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip ip;
		assert_true(ip_parse(slice_of(rows[i].s), &ip));
		assert_int_equal(ip_is_v4(&ip), rows[i].v4);
		assert_int_equal(ip_is_private(&ip), rows[i].private);
		assert_int_equal(ip_is_loopback(&ip), rows[i].loopback);
	}
}

static void test_cidr(void **state)
{
	static const struct {
		const char *net;
		int bits; /* -1: refused */
		const char *in, *out;
	} rows[] = {
		{"10.0.0.0/8", 104, "10.255.0.1", "11.0.0.0"},
		{"10.1.2.3/8", 104, "10.0.0.1", "9.0.0.0"}, /* host bits do not matter */
		{"192.168.1.0/25", 121, "192.168.1.127", "192.168.1.128"},
		{"1.2.3.4", 128, "1.2.3.4", "1.2.3.5"},
		{"1.2.3.4/32", 128, "::ffff:1.2.3.4", "1.2.3.5"},
		{"0.0.0.0/0", 96, "8.8.8.8", "2001::1"},
		{"::/0", 0, "2001::1", NULL},
		{"2001:db8::/33", 33, "2001:db8:7fff::1", "2001:db8:8000::"},
		{"::1", 128, "::1", "::2"},
		{"::ffff:10.0.0.0/104", 104, "10.9.9.9", "11.0.0.0"},
		{"1.2.3.4/33", -1, NULL, NULL},
		{"::/129", -1, NULL, NULL},
		{"1.2.3.4/", -1, NULL, NULL},
		{"1.2.3.4/-1", -1, NULL, NULL},
		{"1.2.3.4/8/8", -1, NULL, NULL},
		{"1.2.3.4/0008", -1, NULL, NULL},
		{"1.2.3/8", -1, NULL, NULL},
		{"/8", -1, NULL, NULL},
		{"", -1, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cidr c;
		struct ip ip;
		assert_int_equal(cidr_parse(slice_of(rows[i].net), &c), rows[i].bits >= 0);
		if (rows[i].bits < 0)
			continue;
		assert_int_equal(c.bits, rows[i].bits);
		assert_true(ip_parse(slice_of(rows[i].in), &ip) && cidr_has(&c, &ip));
		if (rows[i].out)
			assert_true(ip_parse(slice_of(rows[i].out), &ip) && !cidr_has(&c, &ip));
	}
}

static void test_network(void **state)
{
	struct ip ip;
	struct cidr c;
	char buf[48];

	(void)state;
	assert_true(ip_parse(SL("203.0.113.77"), &ip));
	c = ip_network(&ip);
	assert_int_equal(c.bits, 120);
	assert_string_equal(ip_text(&c.net, buf), "203.0.113.0");
	assert_true(ip_parse(SL("2001:db8:1:2:3::4"), &ip));
	c = ip_network(&ip);
	assert_int_equal(c.bits, 48);
	assert_string_equal(ip_text(&c.net, buf), "2001:db8:1::");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse), cmocka_unit_test(test_parse_oracle), cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_cidr),  cmocka_unit_test(test_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
