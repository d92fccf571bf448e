/* test_core_time.c - civil time and its text. */
#include "core/core.h"

#include <time.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_known(void **state)
{
	static const struct {
		nstime t;
		const char *rfc, *plain;
		unsigned weekday, nanos;
	} rows[] = {
		{0, "1970-01-01T00:00:00.000Z", "1970-01-01 00:00:00", 3, 0},
		{1795451454 * NS_SEC + 123456789, "2026-11-23T16:30:54.123Z", "2026-11-23 16:30:54", 0, 123456789},
		{-1, "1969-12-31T23:59:59.999Z", "1969-12-31 23:59:59", 2, 999999999},
		{-NS_SEC, "1969-12-31T23:59:59.000Z", "1969-12-31 23:59:59", 2, 0},
		{951782400 * NS_SEC, "2000-02-29T00:00:00.000Z", "2000-02-29 00:00:00", 1, 0},
		{951868799 * NS_SEC + 999999, "2000-02-29T23:59:59.000Z", "2000-02-29 23:59:59", 1, 999999},
		{INT64_MAX, "2262-04-11T23:47:16.854Z", "2262-04-11 23:47:16", 4, 854775807},
		{INT64_MIN + 1, "1677-09-21T00:12:43.145Z", "1677-09-21 00:12:43", 1, 145224193},
		{NSTIME_NONE, "", "", 1, 145224192},
	};
	char buf[40];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct civil c = civil_of(rows[i].t);
		assert_string_equal(time_rfc3339(rows[i].t, buf), rows[i].rfc);
		assert_string_equal(time_plain(rows[i].t, buf), rows[i].plain);
		assert_int_equal(c.weekday, rows[i].weekday);
		assert_int_equal(c.nanos, rows[i].nanos);
	}
}

static void test_days(void **state)
{
	static const struct {
		int y;
		unsigned m, d;
		int64_t days;
	} rows[] = {
		{1970, 1, 1, 0},          {1969, 12, 31, -1},      {2000, 3, 1, 11017}, {0, 3, 1, -719468},
		{1, 1, 1, -719162},       {-1, 12, 31, -719529},   {1600, 2, 29, -135081}, {2100, 2, 28, 47540},
		{2100, 3, 1, 47541},      {-400, 3, 1, -865565},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int y;
		unsigned m, d;
		assert_true(days_from_civil(rows[i].y, rows[i].m, rows[i].d) == rows[i].days);
		civil_from_days(rows[i].days, &y, &m, &d);
		assert_true(y == rows[i].y && m == rows[i].m && d == rows[i].d);
	}
}

/* Every day of eight centuries there and back, and against the C library. */
static void test_days_all(void **state)
{
	(void)state;
	for (int64_t day = -150000; day < 150000; day++) {
		time_t t = (time_t)day * 86400 + 3661;
		struct civil c;
		struct tm tm;
		int y;
		unsigned m, d;
		civil_from_days(day, &y, &m, &d);
		assert_true(days_from_civil(y, m, d) == day);
		assert_non_null(gmtime_r(&t, &tm));
		assert_true(y == tm.tm_year + 1900 && (int)m == tm.tm_mon + 1 && (int)d == tm.tm_mday);
		assert_true(civil_seconds(y, m, d, 1, 1, 1) == t);
		if (day > -106000 && day < 106000) {
			c = civil_of((nstime)t * NS_SEC);
			assert_true(c.year == y && c.month == m && c.day == d && c.hour == 1 && c.minute == 1 && c.second == 1);
			assert_int_equal(c.weekday, (tm.tm_wday + 6) % 7);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_days_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
