/* ip.c - addresses and networks; IPv4 lives in ::ffff:0:0/96. */
#include "core/core.h"

#include <arpa/inet.h>

enum { V4_BITS = 96 }; /* of the prefix that says IPv4 */

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

/* ---- reading ----------------------------------------------------------------------------------------------- */

/* Four decimal parts of at most 255 without leading zeros: "010" is 8 to some programs and 10 to others. */
static bool parse_v4(struct slice s, struct ip *out)
{
	uint8_t part[4];
	unsigned n = 0, x = 0, digits = 0;

	for (const char *p = s.p, *end = s.p + s.n; p < end; p++) {
		unsigned d = (unsigned char)*p - (unsigned)'0';
		if (d <= 9) {
			if (digits++ && x == 0)
				return false;
			x = x * 10 + d;
			if (x > 255)
				return false;
		} else if (*p == '.' && digits && n < 3) {
			part[n++] = (uint8_t)x;
			x = digits = 0;
		} else {
			return false;
		}
	}
	if (n != 3 || !digits)
		return false;
	part[3] = (uint8_t)x;
	memcpy(out->b, v4_prefix, sizeof v4_prefix);
	memcpy(out->b + sizeof v4_prefix, part, sizeof part);
	return true;
}

static bool parse_v6(struct slice s, struct ip *out)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;
	ssize_t zone = slice_chr(s, '%');

	if (zone >= 0)
		s = slice_to(s, (size_t)zone);
	if (s.n < 2 || s.n >= sizeof text || slice_chr(s, '\0') >= 0)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (inet_pton(AF_INET6, text, &addr) != 1)
		return false;
	memcpy(out->b, &addr, sizeof out->b);
	return true;
}

bool ip_parse(struct slice s, struct ip *out)
{
	if (s.n < 2)
		return false;
	/* A colon comes within the first five bytes of an IPv6 address, and there is none in IPv4. */
	for (size_t i = 0; i < MIN(s.n, (size_t)5); i++)
		if (s.p[i] == ':')
			return parse_v6(s, out);
	return s.n >= 7 && s.n <= 15 && parse_v4(s, out);
}

bool cidr_parse(struct slice s, struct cidr *out)
{
	struct slice addr = s;
	uint64_t bits, max;
	struct ip ip;
	bool v4text, single = !slice_cut(&s, '/', &addr);

	if (!ip_parse(addr, &ip))
		return false;
	v4text = slice_chr(addr, ':') < 0;
	max = v4text ? 32 : 128;
	bits = max;
	if (!single && (s.n > 3 || !slice_u64(s, max, &bits)))
		return false;
	out->bits = (unsigned)bits + (v4text ? V4_BITS : 0);
	out->net = ip;
	for (unsigned i = out->bits; i < 128; i++)
		out->net.b[i / 8] &= (uint8_t)~(0x80u >> i % 8);
	return true;
}

/* ---- asking ------------------------------------------------------------------------------------------------ */

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

bool cidr_has(const struct cidr *c, const struct ip *ip)
{
	return same_bits(c->net.b, ip->b, MIN(c->bits, 128u));
}

bool ip_is_v4(const struct ip *ip)
{
	return memcmp(ip->b, v4_prefix, sizeof v4_prefix) == 0;
}

struct prefix {
	uint8_t b[4];
	uint8_t bits;
};

static bool in_any(const uint8_t *addr, const struct prefix *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (same_bits(addr, list[i].b, list[i].bits))
			return true;
	return false;
}

bool ip_is_loopback(const struct ip *ip)
{
	static const uint8_t one[16] = {[15] = 1};

	return ip_is_v4(ip) ? ip->b[12] == 127 : memcmp(ip->b, one, sizeof one) == 0;
}

static bool is_unspecified(const struct ip *ip)
{
	static const uint8_t zero[16];

	return memcmp(ip->b, zero, sizeof zero) == 0;
}

bool ip_is_private(const struct ip *ip)
{
	static const struct prefix v4[] = {
		{{127}, 8},      /* loopback */
		{{10}, 8},       /* RFC 1918 */
		{{172, 16}, 12},
		{{192, 168}, 16},
		{{169, 254}, 16}, /* link-local */
		{{0}, 8},         /* "this host", as programs log a peer they do not know */
	};
	static const struct prefix v6[] = {
		{{0xfc}, 7},        /* unique local */
		{{0xfe, 0x80}, 10}, /* link-local */
	};

	if (ip_is_v4(ip))
		return in_any(ip->b + sizeof v4_prefix, v4, ARRAY_LEN(v4));
	return in_any(ip->b, v6, ARRAY_LEN(v6)) || ip_is_loopback(ip) || is_unspecified(ip);
}

struct cidr ip_network(const struct ip *ip)
{
	struct cidr c = {.net = *ip, .bits = ip_is_v4(ip) ? V4_BITS + 24 : 48};

	memset(c.net.b + c.bits / 8, 0, sizeof c.net.b - c.bits / 8);
	return c;
}

/* ---- writing ----------------------------------------------------------------------------------------------- */

static char *put_octet(char *p, unsigned x)
{
	if (x >= 100)
		*p++ = (char)('0' + x / 100);
	if (x >= 10)
		*p++ = (char)('0' + x / 10 % 10);
	*p++ = (char)('0' + x % 10);
	return p;
}

char *ip_text(const struct ip *ip, char buf[static 48])
{
	char *p = buf;

	if (!ip_is_v4(ip)) {
		if (inet_ntop(AF_INET6, ip->b, buf, 48) == NULL)
			buf[0] = '\0';
		return buf;
	}
	for (int i = 12; i < 16; i++) {
		p = put_octet(p, ip->b[i]);
		*p++ = i < 15 ? '.' : '\0';
	}
	return buf;
}
