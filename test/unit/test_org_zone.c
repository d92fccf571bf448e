/* test_org_zone.c - time zones: Europe/Berlin by hand, every zone of tzdata against the C library, damaged files. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "org/zone_private.h"

static nstime at(int y, unsigned mon, unsigned d, unsigned h, unsigned min, unsigned s)
{
	return civil_seconds(y, mon, d, h, min, s) * NS_SEC;
}

static struct zone *load(const char *name)
{
	struct err e = {0};
	struct zone *z = zone_load(slice_of(name), &e);

	if (z == NULL)
		fail_msg("%s: %s", name, e.text);
	return z;
}

static void test_berlin_utc(void **state)
{
	static const struct { int y; unsigned mon, d, h, min, s; int offset; } rows[] = {
		{2024, 1, 15, 12, 0, 0, 3600},
		{2024, 3, 31, 0, 59, 59, 3600}, {2024, 3, 31, 1, 0, 0, 7200},
		{2024, 10, 27, 0, 59, 59, 7200}, {2024, 10, 27, 1, 0, 0, 3600},
		{1975, 7, 1, 0, 0, 0, 3600},     /* no summer time then */
		{1980, 7, 1, 0, 0, 0, 7200},
		{1947, 6, 1, 0, 0, 0, 10800},    /* double summer time */
		{2038, 1, 20, 0, 0, 0, 3600},    /* behind the data of the file: the footer */
		{2050, 3, 27, 0, 59, 59, 3600}, {2050, 3, 27, 1, 0, 0, 7200},
		{2050, 10, 30, 0, 59, 59, 7200}, {2050, 10, 30, 1, 0, 0, 3600},
		{2199, 7, 1, 0, 0, 0, 7200},
	};
	struct zone *z = load("Europe/Berlin");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(zone_offset_utc(z, at(rows[i].y, rows[i].mon, rows[i].d, rows[i].h, rows[i].min, rows[i].s)),
			rows[i].offset);
	assert_int_equal(zone_offset_utc(z, at(2024, 3, 31, 1, 0, 0) - 1), 3600); /* a nanosecond before */
	assert_int_equal(zone_offset_utc(z, -1), 3600);
	(void)zone_offset_utc(z, INT64_MIN);
	(void)zone_offset_utc(z, INT64_MAX);
	(void)zone_offset_local(z, INT64_MIN);
	(void)zone_offset_local(z, INT64_MAX);
	zone_free(z);
}

static void test_berlin_local(void **state)
{
	static const struct { int y; unsigned mon, d, h, min; int offset; } rows[] = {
		{2024, 7, 1, 12, 0, 7200},
		{2024, 3, 31, 1, 59, 3600},
		{2024, 3, 31, 2, 30, 3600},  /* does not exist: as if the clock were not changed yet */
		{2024, 3, 31, 3, 0, 7200},
		{2024, 10, 27, 1, 59, 7200},
		{2024, 10, 27, 2, 0, 7200},  /* comes twice: the first */
		{2024, 10, 27, 2, 59, 7200},
		{2024, 10, 27, 3, 0, 3600},
		{2050, 10, 30, 2, 30, 7200},
		{2050, 10, 30, 3, 0, 3600},
	};
	struct zone *z = load("Europe/Berlin");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(zone_offset_local(z, at(rows[i].y, rows[i].mon, rows[i].d, rows[i].h, rows[i].min, 0)), rows[i].offset);
	zone_free(z);
}

/* ---- against the C library ----------------------------------------------------------------------------------- */
static uint64_t rng_state = 42;

static uint64_t rnd(void)
{
	rng_state ^= rng_state >> 12;
	rng_state ^= rng_state << 25;
	rng_state ^= rng_state >> 27;
	return rng_state * 2685821657736338717u;
}

static void check_local(const struct zone *z, const char *name, int64_t utc)
{
	int off = zone_offset_utc(z, utc * NS_SEC), got = zone_offset_local(z, (utc + off) * NS_SEC);

	if (got == off)
		return;
	/* another answer is right when it is an earlier instant of the same local time */
	if (got < off || zone_offset_utc(z, (utc + off - got) * NS_SEC) != got)
		fail_msg("%s: local time of %lld", name, (long long)utc);
}

static void check_zone(const char *name)
{
	struct zone *z = load(name);

	assert_int_equal(setenv("TZ", name, 1), 0);
	tzset();
	for (int i = 0; i < 400; i++) {
		/* half of them near a transition, the others between 1970 and 2200 */
		time_t t = (time_t)(rnd() % 7258118400u);
		if (i % 2 == 0 && z->n > 0)
			t = (time_t)(z->at[rnd() % z->n] + (int64_t)(rnd() % 7) - 3);
		struct tm tm;
		if (z->n > 0 && t < z->at[0]) /* before the data begins libraries differ */
			continue;
		assert_non_null(localtime_r(&t, &tm));
		if (zone_offset_utc(z, t * NS_SEC) != tm.tm_gmtoff && t > -9000000000)
			fail_msg("%s at %lld: %d, the C library has %ld", name, (long long)t, zone_offset_utc(z, t * NS_SEC), tm.tm_gmtoff);
		if (t > -9000000000)
			check_local(z, name, t);
	}
	zone_free(z);
}

static size_t check_folder(const char *sub)
{
	char path[300];
	struct dirent *d;
	size_t n = 0;

	(void)snprintf(path, sizeof(path), ZONE_DIR "/%s", sub);
	DIR *dir = opendir(path);
	if (dir == NULL)
		return 0;
	while ((d = readdir(dir)) != NULL) {
		char name[300];
		if (d->d_name[0] == '.' || d->d_type == DT_DIR || strchr(d->d_name, '.') != NULL)
			continue;
		(void)snprintf(name, sizeof(name), "%s%.200s", sub, d->d_name);
		if (strcmp(name, "leapseconds") == 0 || strcmp(name, "tzdata.zi") == 0)
			continue;
		check_zone(name);
		n++;
	}
	closedir(dir);
	return n;
}

static void test_all_zones(void **state)
{
	static const char *const folders[] = {"", "Africa/", "America/", "America/Argentina/", "Antarctica/", "Asia/",
		"Atlantic/", "Australia/", "Etc/", "Europe/", "Indian/", "Pacific/"};
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		n += check_folder(folders[i]);
	assert_true(n > 300);
}

/* ---- fixed offsets, names ------------------------------------------------------------------------------------ */
static void test_fixed(void **state)
{
	static const struct { const char *name; int offset; } rows[] = {
		{"UTC", 0}, {"utc", 0}, {"Z", 0}, {"GMT", 0}, {"+02:00", 7200}, {"-09:30", -34200}, {"+0545", 20700}, {"+2", 7200},
		{"-05", -18000}, {"+00:00", 0}, {"+14:00", 50400},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct zone *z = load(rows[i].name);
		assert_int_equal(zone_offset_utc(z, 0), rows[i].offset);
		assert_int_equal(zone_offset_local(z, at(2050, 7, 1, 0, 0, 0)), rows[i].offset);
		zone_free(z);
	}
}

static void test_bad_names(void **state)
{
	static const struct { const char *name; int code; } rows[] = {
		{"", ERR_SYNTAX}, {"../../etc/passwd", ERR_SYNTAX}, {"Europe/../Europe/Berlin", ERR_SYNTAX}, {"/etc/localtime", ERR_SYNTAX},
		{"Europe//Berlin", ERR_SYNTAX}, {"Europe/Berlin/", ERR_SYNTAX}, {"Europe/Ber lin", ERR_SYNTAX}, {"+25:00", ERR_SYNTAX},
		{"+02:60", ERR_SYNTAX}, {"+", ERR_SYNTAX}, {"02:00", ERR_SYNTAX}, {"+2:0", ERR_SYNTAX}, {"Europe/Berlinn", ERR_NOENT},
		{"Europe", ERR_NOENT}, {"tzdata.zi", ERR_SYNTAX}, {"Europe/Berlin/x", ERR_NOENT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = {0};
		assert_null(zone_load(slice_of(rows[i].name), &e));
		assert_int_equal(e.code, rows[i].code);
	}
	assert_null(zone_load(slice_make("UTC\0x", 5), NULL));
	zone_free(NULL);
}

static void test_no_tzdata(void **state)
{
	struct err e = {0};
	struct zone *z;

	(void)state;
	assert_null(zone_load_from("/nonexistent", SL("Europe/Berlin"), &e));
	assert_int_equal(e.code, ERR_NOENT);
	assert_non_null(strstr(e.text, "install tzdata or give --tz +02:00"));
	z = zone_load_from("/nonexistent", SL("+02:00"), &e); /* needs none */
	assert_non_null(z);
	zone_free(z);
}

/* ---- rules --------------------------------------------------------------------------------------------------- */
static void test_rules(void **state)
{
	static const struct { const char *rule; int y; unsigned mon, d, h; int offset; } rows[] = {
		{"CET-1CEST,M3.5.0,M10.5.0/3", 2060, 7, 1, 0, 7200},
		{"EST5EDT,M3.2.0,M11.1.0", 2060, 7, 1, 0, -14400},
		{"<+0330>-3:30", 2060, 7, 1, 0, 12600},
		{"AEST-10AEDT,M10.1.0,M4.1.0/3", 2060, 1, 1, 0, 39600}, /* south: summer over new year */
		{"AEST-10AEDT,M10.1.0,M4.1.0/3", 2060, 7, 1, 0, 36000},
		{"IST-1GMT0,M10.5.0,M3.5.0/1", 2060, 1, 1, 0, 0},       /* Ireland: winter is the "summer time" */
		{"IST-1GMT0,M10.5.0,M3.5.0/1", 2060, 7, 1, 0, 3600},
		{"XXX3EDT4,0/0,J365/23", 2060, 7, 1, 0, -14400},        /* all year (RFC 8536) */
		{"XXX3EDT4,0/0,J365/23", 2060, 1, 1, 3, -14400},
		{"XXX3EDT4,0/0,J365/23", 2060, 12, 31, 23, -14400},
		{"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 2060, 7, 1, 0, -3600},  /* Nuuk */
		{"EET-2EEST,M3.4.4/50,M10.4.4/50", 2060, 7, 1, 0, 10800},  /* Gaza once: hours beyond the day */
		{"AAA0BBB,J60/0,J61/0", 2060, 3, 1, 12, 3600},          /* J60 is 1 March in leap years too */
		{"AAA0BBB,59/0,60/0", 2060, 2, 29, 12, 3600},           /* 59 is 29 February then */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct zone_rule r;
		assert_int_equal(zone_rule_parse(slice_of(rows[i].rule), &r), 0);
		assert_int_equal(zone_rule_offset(&r, civil_seconds(rows[i].y, rows[i].mon, rows[i].d, rows[i].h, 0, 0)), rows[i].offset);
	}
}

static void test_bad_rules(void **state)
{
	static const char *const rows[] = {"", "CE-1", "CET", "CET-", "CET-25", "CET-1:60", "CET-1CEST", "CET-1CEST,", "CET-1CEST,M3.5.0",
		"CET-1CEST,M3.5.0,", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J1",
		"CET-1CEST,J366,J1", "CET-1CEST,366,1", "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0x", "<CET-1", "<a>-1",
		"CET-1CEST,M3.5,M10.5.0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct zone_rule r;
		assert_true(zone_rule_parse(slice_of(rows[i]), &r) < 0);
	}
}

/* ---- files --------------------------------------------------------------------------------------------------- */
static void put32(struct buf *b, uint32_t v)
{
	for (int i = 24; i >= 0; i -= 8)
		buf_addc(b, (char)(v >> i & 255));
}

static void put_header(struct buf *b, char version, uint32_t leap, uint32_t times, uint32_t types)
{
	buf_add(b, "TZif", 4);
	buf_addc(b, version);
	for (int i = 0; i < 15; i++)
		buf_addc(b, 0);
	uint32_t counts[6] = {0, 0, leap, times, types, 4};
	for (size_t i = 0; i < 6; i++)
		put32(b, counts[i]);
}

static void put_type(struct buf *b, int32_t off)
{
	put32(b, (uint32_t)off);
	buf_addc(b, 0);
	buf_addc(b, 0);
}

/* Version 0: 32-bit data, no footer. */
static void test_old_file(void **state)
{
	struct buf b = {0};
	struct err e = {0};

	(void)state;
	put_header(&b, 0, 0, 2, 2);
	put32(&b, 1000);
	put32(&b, 2000);
	buf_addc(&b, 1);
	buf_addc(&b, 0);
	put_type(&b, 3600);
	put_type(&b, 7200);
	buf_add(&b, "AAA", 4);
	struct zone *z = zone_parse(buf_slice(&b), &e);
	assert_non_null(z);
	assert_int_equal(zone_offset_utc(z, 999 * NS_SEC), 3600);
	assert_int_equal(zone_offset_utc(z, 1000 * NS_SEC), 7200);
	assert_int_equal(zone_offset_utc(z, 1999 * NS_SEC), 7200);
	assert_int_equal(zone_offset_utc(z, 2000 * NS_SEC), 3600);
	assert_int_equal(zone_offset_utc(z, INT64_MAX), 3600);
	zone_free(z);
	buf_free(&b);
}

enum damage { NO_DAMAGE, BAD_MAGIC, BAD_VERSION, LEAPS, NO_TYPES, BAD_INDEX, BAD_ORDER, BAD_OFFSET, NO_FOOTER, OPEN_FOOTER,
	BAD_FOOTER, MANY, DAMAGES };

static struct zone *parse_damaged(enum damage d, struct err *e)
{
	struct buf b = {0};
	uint32_t types = d == NO_TYPES ? 0 : 1;

	put_header(&b, d == BAD_VERSION ? '1' : '2', 0, 0, 1);
	put_type(&b, 0);
	buf_add(&b, "AAA", 4);
	put_header(&b, '2', d == LEAPS, d == MANY ? 1u << 30 : 2, types);
	put32(&b, 0);
	put32(&b, d == BAD_ORDER ? 3000 : 1000);
	put32(&b, 0);
	put32(&b, 2000);
	buf_addc(&b, 0);
	buf_addc(&b, d == BAD_INDEX ? 1 : 0);
	if (types > 0)
		put_type(&b, d == BAD_OFFSET ? 26 * 3600 : -3600);
	buf_add(&b, "AAA", 4);
	if (d == LEAPS)
		buf_add(&b, "\0\0\0\0\0\0\0\0\0\0\0\1", 12);
	buf_addz(&b, d == NO_FOOTER ? "" : d == OPEN_FOOTER ? "\nAAA1" : d == BAD_FOOTER ? "\nAAA\n" : "\nAAA1\n");
	if (d == BAD_MAGIC)
		b.p[0] = 'X';
	struct zone *z = zone_parse(buf_slice(&b), e);
	buf_free(&b);
	return z;
}

static void test_damaged_files(void **state)
{
	static const int codes[DAMAGES] = {[BAD_MAGIC] = ERR_SYNTAX, [BAD_VERSION] = ERR_UNSUPPORTED, [LEAPS] = ERR_UNSUPPORTED,
		[NO_TYPES] = ERR_SYNTAX, [BAD_INDEX] = ERR_RANGE, [BAD_ORDER] = ERR_SYNTAX, [BAD_OFFSET] = ERR_RANGE,
		[NO_FOOTER] = ERR_TRUNC, [OPEN_FOOTER] = ERR_TRUNC, [BAD_FOOTER] = ERR_SYNTAX, [MANY] = ERR_LIMIT};

	(void)state;
	for (enum damage d = NO_DAMAGE; d < DAMAGES; d++) {
		struct err e = {0};
		struct zone *z = parse_damaged(d, &e);
		assert_int_equal(z != NULL, d == NO_DAMAGE);
		assert_int_equal(e.code, codes[d]);
		zone_free(z);
	}
}

/* Every truncation and some flips of a real file: an error or a zone that answers, nothing else. */
static void test_mutated_file(void **state)
{
	static char good[ZONE_FILE_MAX];
	FILE *f = fopen(ZONE_DIR "/Europe/Berlin", "rb");

	(void)state;
	assert_non_null(f);
	size_t n = fread(good, 1, sizeof(good), f);
	(void)fclose(f);
	for (size_t i = 0; i < n + 20000; i++) {
		size_t len = i < n ? i : n;
		char *copy = xmalloc(len + 1);
		memcpy(copy, good, len);
		for (int flips = 0; i >= n && flips < 3; flips++)
			copy[rnd() % (flips == 0 ? 90 : n)] ^= (char)(1u << rnd() % 8);
		struct zone *z = zone_parse(slice_make(copy, len), NULL);
		free(copy);
		if (z != NULL) {
			(void)zone_offset_utc(z, at(2050, 7, 1, 0, 0, 0));
			(void)zone_offset_local(z, at(1999, 10, 31, 2, 30, 0));
		}
		assert_true(z == NULL || i >= n);
		zone_free(z);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_berlin_utc),
		cmocka_unit_test(test_berlin_local),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_no_tzdata),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_bad_rules),
		cmocka_unit_test(test_old_file),
		cmocka_unit_test(test_damaged_files),
		cmocka_unit_test(test_mutated_file),
		cmocka_unit_test(test_all_zones),
	};
	return cmocka_run_group_tests_name("org_zone", tests, NULL, NULL);
}
