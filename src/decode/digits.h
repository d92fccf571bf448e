/* digits.h - decimal digits eight at a time. */
#ifndef POSTERN_DECODE_DIGITS_H
#define POSTERN_DECODE_DIGITS_H

#include "core/core.h"

/* Bytes at p as a number, the first one lowest. */
static inline uint64_t load8(const char *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(v) : v;
}

/* Eight digits at once, the first in the lowest byte: their number, false when one is none. */
static inline bool eight_digits(uint64_t v, uint32_t *out)
{
	v ^= 0x3030303030303030u;
	if (((v + 0x0606060606060606u) | v) & 0xf0f0f0f0f0f0f0f0u)
		return false;
	v = v * 10 + (v >> 8); /* pairs in every other byte */
	v = ((v & 0x000000ff000000ffu) * 0x000f424000000064u + (v >> 16 & 0x000000ff000000ffu) * 0x0000271000000001u) >> 32;
	*out = (uint32_t)v;
	return true;
}

/* The n digits that end before end, 1 to 8 of them; the 8 bytes before end are readable. False: one is none. */
static inline bool digits_before(const char *end, size_t n, uint32_t *out)
{
	const uint64_t wanted = ~(uint64_t)0 << (64 - 8 * n);
	return eight_digits((load8(end - 8) & wanted) | (0x3030303030303030u & ~wanted), out);
}

#endif
