/* json_private.h - what json.cc (whole objects) and pick.cc (the members rules ask for) share. */
#ifndef POSTERN_JSON_PRIVATE_H
#define POSTERN_JSON_PRIVATE_H

#include "json/json.h"

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c = static_cast<char>(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The number in \uXXXX at p; above 0xffff: there is none. */
static inline unsigned hex4(const char *p, size_t n)
{
	unsigned v = 0;
	if (n < 6)
		return 0x10000;
	for (int i = 2; i < 6; i++) {
		int h = hex_value(p[i]);
		if (h < 0)
			return 0x10000;
		v = v * 16 + static_cast<unsigned>(h);
	}
	return v;
}

#endif
