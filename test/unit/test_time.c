/* test_time.c - the ways in which logs write the time: every reader, odd dates, years that nobody wrote, zones. */
#include "decode/decode_private.h"
#include "org/org.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>

typedef bool time_fn(struct decoder *d, struct slice *s, struct dline *l);

struct reader {
	const char *name;
	time_fn *fn;
};
static const struct reader iso = {"iso", time_iso}, bsd = {"bsd", time_bsd}, clf = {"clf", time_clf}, ctime_ = {"ctime", time_ctime};
static const struct reader slashes = {"slashes", time_slashes}, named = {"named", time_named}, epoch = {"epoch", time_epoch};
static const struct reader *const readers[] = {&iso, &bsd, &clf, &ctime_, &slashes, &named, &epoch};

/* A decoder as decode_block would set it up, with a zone and a file of a known date. */
struct clock {
	struct decode_options opt;
	struct decode_in in;
	struct decoder d;
	struct zone *zone;
};

static int offset_of(void *arg, nstime local)
{
	return zone_offset_local(arg, local);
}

static nstime at(int y, unsigned mo, unsigned d, unsigned h, unsigned mi, unsigned s)
{
	return civil_seconds(y, mo, d, h, mi, s) * NS_SEC;
}

static void clock_init(struct clock *c, const char *zone, nstime mtime)
{
	struct err e;
	memset(c, 0, sizeof *c);
	c->opt.now = at(2026, 11, 23, 18, 0, 0);
	c->in.mtime = mtime;
	c->d.opt = &c->opt;
	c->d.in = &c->in;
	c->d.zone_hour = NSTIME_NONE;
	if (!zone)
		return;
	c->zone = zone_load(slice_of(zone), &e);
	if (!c->zone)
		fail_msg("%s: %s", zone, e.text);
	c->opt.utc_offset = offset_of;
	c->opt.utc_arg = c->zone;
}

/* Reads text from memory of exactly its size: "2026-05-04 07:12:33.000000000 year zone|rest", or "no". */
static void read_time(struct clock *c, const struct reader *r, struct slice text, struct buf *out)
{
	char *copy = xmalloc(MAX(text.n, (size_t)1)), plain[40];
	memcpy(copy, text.p, text.n);
	struct slice s = slice_make(copy, text.n);
	struct dline l = {.time = NSTIME_NONE};
	out->n = 0;
	if (r->fn(&c->d, &s, &l)) {
		struct civil v = civil_of(l.time);
		buf_addf(out, "%s.%09u", time_plain(l.time, plain), v.nanos);
		buf_addz(out, l.flags & EV_YEAR_INFERRED ? " year" : "");
		buf_addz(out, l.flags & EV_NO_ZONE ? " zone" : "");
		buf_addc(out, '|');
		buf_adds(out, s);
	} else {
		buf_addz(out, "no");
	}
	free(copy);
}

struct sample {
	const struct reader *r;
	const char *text, *want; /* ".000000000" is left out of want; NULL: refused */
};

static void check_all(struct clock *c, const struct sample *v, size_t n)
{
	struct buf got = {0}, want = {0};
	unsigned wrong = 0;
	for (size_t i = 0; i < n; i++) {
		/* twice: the second time the stamp may be remembered */
		for (int turn = 0; turn < 2; turn++) {
			want.n = 0;
			if (v[i].want && !strchr(v[i].want, '.')) {
				buf_add(&want, v[i].want, 19);
				buf_addz(&want, ".000000000");
				buf_addz(&want, v[i].want + 19);
			} else {
				buf_addz(&want, v[i].want ? v[i].want : "no");
			}
			read_time(c, v[i].r, slice_of(v[i].text), &got);
			if (!slice_eq(buf_slice(&got), buf_slice(&want))) {
				print_error("%s \"%s\" (%d): \"%.*s\", want \"%.*s\"\n", v[i].r->name, v[i].text, turn, SLFMT(buf_slice(&got)),
					SLFMT(buf_slice(&want)));
				wrong++;
			}
		}
	}
	buf_free(&got);
	buf_free(&want);
	assert_int_equal(wrong, 0);
}

static const struct sample forms[] = {
	{&iso, "2026-05-04T07:12:33Z x", "2026-05-04 07:12:33| x"},
	{&iso, "2026-05-04T07:12:33z", "2026-05-04 07:12:33|"},
	{&iso, "2026-05-04T07:12:33+02:00 x", "2026-05-04 05:12:33| x"},
	{&iso, "2026-05-04T07:12:33-0930", "2026-05-04 16:42:33|"},
	{&iso, "2026-05-04T07:12:33+14", "2026-05-03 17:12:33|"},
	{&iso, "2026-05-04T07:12:33.123456+02:00 h", "2026-05-04 05:12:33.123456000| h"},
	{&iso, "2026-05-04T07:12:33.1234567891Z", "2026-05-04 07:12:33.123456789|"},
	{&iso, "2026-05-04 07:12:33,7 h", "2026-05-04 07:12:33.700000000 zone| h"},
	{&iso, "2026-05-04 07:12:33 +0200 h", "2026-05-04 05:12:33| h"},
	{&iso, "2026-05-04 07:12:33", "2026-05-04 07:12:33 zone|"},
	{&iso, "2026-05-04T07:12:33.h", "2026-05-04 07:12:33.000000000 zone|.h"},
	{&iso, "2026-05-04T07:12:60Z", "2026-05-04 07:13:00|"}, /* leap second */
	{&iso, "1970-01-01T00:00:00Z", "1970-01-01 00:00:00|"},
	{&iso, "1970-01-01T00:00:00+01:00", "1969-12-31 23:00:00|"},
	{&iso, "2024-02-29T12:00:00Z", "2024-02-29 12:00:00|"},
	{&iso, "2000-02-29T12:00:00Z", "2000-02-29 12:00:00|"},
	{&iso, "2024-12-31T23:59:59-00:01", "2025-01-01 00:00:59|"},
	{&bsd, "May  4 07:12:33 web1", "2026-05-04 07:12:33 year zone| web1"},
	{&bsd, "May 04 07:12:33 web1", "2026-05-04 07:12:33 year zone| web1"},
	{&bsd, "May 14 07:12:33", "2026-05-14 07:12:33 year zone|"},
	{&bsd, "May 4 07:12:33 web1", "2026-05-04 07:12:33 year zone| web1"},
	{&bsd, "May 14 07:12:33.25 web1", "2026-05-14 07:12:33.250000000 year zone| web1"},
	{&bsd, "2015 Nov 13 13:40:01 h", "2015-11-13 13:40:01 zone| h"},
	{&bsd, "Nov 13 2015 13:40:01 h", "2015-11-13 13:40:01 zone| h"},
	{&bsd, "Nov  3 2015 13:40:01: h", "2015-11-03 13:40:01 zone|: h"},
	{&bsd, "May  4 07:12:33 2019 h", "2019-05-04 07:12:33 zone| h"},
	{&bsd, "May  4 07:12:33 2019", "2019-05-04 07:12:33 zone|"},
	{&bsd, "May  4 07:12:33 2019db sshd", "2026-05-04 07:12:33 year zone| 2019db sshd"}, /* a host, no year */
	{&bsd, "May 4 07:12:33 2019-db sshd", "2026-05-04 07:12:33 year zone| 2019-db sshd"},
	{&bsd, "May 14 07:12:33.000 web1", "2026-05-14 07:12:33.000000000 year zone| web1"},
	{&clf, "04/May/2026:07:12:33 +0200] x", "2026-05-04 05:12:33|] x"},
	{&clf, "04/May/2026:07:12:33 -0700]", "2026-05-04 14:12:33|]"},
	{&clf, "04/May/2026:07:12:33.500 +0000]", "2026-05-04 07:12:33.500000000|]"},
	{&clf, "04/May/2026:07:12:33]", "2026-05-04 07:12:33 zone|]"},
	{&clf, "29/Feb/2024:23:59:59 +0000]", "2024-02-29 23:59:59|]"},
	{&ctime_, "Mon May  4 07:12:33 2026 x", "2026-05-04 07:12:33 zone| x"},
	{&ctime_, "Mon May  4 07:12:33.123456 2026] x", "2026-05-04 07:12:33.123456000 zone|] x"},
	{&ctime_, "Thu Nov 13 13:40:01 2025", "2025-11-13 13:40:01 zone|"},
	{&slashes, "2026/05/04 07:12:33 [error]", "2026-05-04 07:12:33 zone| [error]"},
	{&slashes, "2026/05/04 07:12:33.75", "2026-05-04 07:12:33.750000000 zone|"},
	{&named, "04-May-2026 07:12:33.123 queries", "2026-05-04 07:12:33.123000000 zone| queries"},
	{&named, "04-May-2026 07:12:33", "2026-05-04 07:12:33 zone|"},
	{&epoch, "1777878753.123 x", "2026-05-04 07:12:33.123000000| x"},
	{&epoch, "1777878753", "2026-05-04 07:12:33|"},
	{&epoch, "999999999 x", "2001-09-09 01:46:39| x"},
};

static void test_forms(void **state)
{
	struct clock c;

	(void)state;
	clock_init(&c, NULL, at(2026, 6, 1, 0, 0, 0));
	check_all(&c, forms, ARRAY_LEN(forms));
}

static const struct sample nonsense[] = {
	{&iso, "2026-13-04T07:12:33Z", NULL}, {&iso, "2026-00-04T07:12:33Z", NULL}, {&iso, "2026-05-00T07:12:33Z", NULL},
	{&iso, "2026-05-32T07:12:33Z", NULL}, {&iso, "2026-05-04T24:12:33Z", NULL}, {&iso, "2026-05-04T07:60:33Z", NULL},
	{&iso, "2026-05-04T07:12:61Z", NULL}, {&iso, "2026-05-04X07:12:33Z", NULL}, {&iso, "2026-05-04T07:12:3", NULL},
	{&iso, "1969-12-31T23:59:59Z", NULL}, {&iso, "0000-05-04T07:12:33Z", NULL}, {&iso, "-026-05-04T07:12:33Z", NULL},
	{&iso, "2026-0 -04T07:12:33Z", NULL}, {&iso, "", NULL}, {&iso, "2026-05-04T07:12:+3Z", NULL},
	{&bsd, "May  0 07:12:33 h", NULL}, {&bsd, "May 32 07:12:33 h", NULL}, {&bsd, "Mai  4 07:12:33 h", NULL}, {&bsd, "may  4 07:12:33 h", NULL},
	{&bsd, "May  4 24:00:00 h", NULL}, {&bsd, "May  4 7:12:33 h", NULL}, {&bsd, "May  4 07:12", NULL}, {&bsd, "May", NULL}, {&bsd, "", NULL},
	{&bsd, "2026 2026 2026 ", NULL}, {&bsd, "May   4 07:12:33 h", NULL}, {&bsd, "MayX 4 07:12:33 h", NULL},
	{&clf, "04/Mai/2026:07:12:33 +0200]", NULL}, {&clf, "4/May/2026:07:12:33 +0200]", NULL}, {&clf, "00/May/2026:07:12:33 +0200]", NULL},
	{&clf, "32/May/2026:07:12:33 +0200]", NULL}, {&clf, "04/May/1969:07:12:33 +0200]", NULL}, {&clf, "04/May/2026:07:12:3", NULL}, {&clf, "", NULL},
	{&ctime_, "Mox May  4 07:12:33 2026", NULL}, {&ctime_, "Mon May  4 07:12:33 xxxx", NULL}, {&ctime_, "Mon May  4 07:12:33", NULL},
	{&ctime_, "Mon May  0 07:12:33 2026", NULL}, {&ctime_, "Mon May  4 07:12:33 1969", NULL}, {&ctime_, "Mon May 32 07:12:33 2026", NULL},
	{&ctime_, "Mon May  4 07:12:33.12345678901234", NULL}, {&ctime_, "", NULL},
	{&slashes, "2026/13/04 07:12:33", NULL}, {&slashes, "2026/05/04T07:12:33", NULL}, {&slashes, "2026/05/04 07:12:3", NULL}, {&slashes, "", NULL},
	{&named, "04-Mai-2026 07:12:33", NULL}, {&named, "04-May-2026 07:12:3", NULL}, {&named, "4-May-2026 07:12:33 ", NULL}, {&named, "", NULL},
	{&epoch, "12345678", NULL}, {&epoch, "17778787530", NULL}, {&epoch, "-177787875", NULL}, {&epoch, "x", NULL}, {&epoch, "", NULL},
};

static void test_nonsense(void **state)
{
	struct clock c;

	(void)state;
	clock_init(&c, NULL, at(2026, 6, 1, 0, 0, 0));
	check_all(&c, nonsense, ARRAY_LEN(nonsense));
}

/* Every reader on every sample, on every beginning of it, and with every byte changed: no byte behind the end is read
 * (the sanitizers watch), what is left is an end of the text, and a refusal moves nothing. */
static void test_mutations(void **state)
{
	static const char bytes[] = {0, ' ', '9', ':', '+', '.', '\xff', 'Z'};
	struct clock c;
	struct buf text = {0};

	(void)state;
	clock_init(&c, NULL, NSTIME_NONE);
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		for (size_t r = 0; r < ARRAY_LEN(readers); r++)
			for (size_t k = 0; k < strlen(forms[i].text) * 9; k++) {
				text.n = 0;
				buf_addz(&text, forms[i].text);
				size_t where = k / 9;
				if (k % 9 == 8)
					text.n = where;
				else
					text.p[where] = bytes[k % 9];
				char *copy = xmalloc(MAX(text.n, (size_t)1));
				memcpy(copy, text.p, text.n);
				struct slice s = slice_make(copy, text.n);
				struct dline l = {.time = NSTIME_NONE};
				if (readers[r]->fn(&c.d, &s, &l)) {
					assert_true(s.p + s.n == copy + text.n && s.p > copy);
					assert_true(l.time != NSTIME_NONE);
				} else {
					assert_true(s.p == copy && s.n == text.n);
				}
				free(copy);
			}
	buf_free(&text);
}

/* ---- years nobody wrote --------------------------------------------------------------------------------------- */
static void test_year(void **state)
{
	static const struct {
		int y;
		unsigned mo, d; /* the file's last change */
		const char *text, *want;
	} rows[] = {
		{2026, 1, 1, "Dec 31 23:59:59 h", "2025-12-31 23:59:59"}, /* the last line of the old year */
		{2026, 1, 1, "Jan  1 00:00:00 h", "2026-01-01 00:00:00"},
		{2026, 1, 1, "Jan  3 00:00:00 h", "2026-01-03 00:00:00"}, /* a clock two days fast, or a zone */
		{2026, 1, 1, "Jan  4 00:00:00 h", "2025-01-04 00:00:00"},
		{2025, 12, 31, "Jan  1 00:00:00 h", "2026-01-01 00:00:00"},
		{2025, 12, 31, "Jan  5 00:00:00 h", "2025-01-05 00:00:00"},
		{2025, 12, 31, "Dec 31 23:59:59 h", "2025-12-31 23:59:59"},
		{2025, 12, 29, "Dec 31 00:00:00 h", "2025-12-31 00:00:00"},
		{2025, 6, 15, "Jun 15 12:00:00 h", "2025-06-15 12:00:00"},
		{2025, 6, 15, "Jun 18 12:00:00 h", "2024-06-18 12:00:00"},
		{2025, 6, 15, "Nov 30 12:00:00 h", "2024-11-30 12:00:00"},
		{2024, 3, 10, "Feb 29 12:00:00 h", "2024-02-29 12:00:00"},
		{2024, 2, 28, "Feb 29 12:00:00 h", "2024-02-29 12:00:00"},
		{2025, 6, 15, "Feb 29 12:00:00 h", "2024-02-29 12:00:00"}, /* 2025 has none */
		{2024, 2, 28, "Mar  2 12:00:00 h", "2023-03-02 12:00:00"},
	};
	struct clock c;
	struct buf got = {0};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		clock_init(&c, NULL, at(rows[i].y, rows[i].mo, rows[i].d, 12, 0, 0));
		read_time(&c, &bsd, slice_of(rows[i].text), &got);
		if (!slice_starts(buf_slice(&got), slice_of(rows[i].want)) || !slice_has(buf_slice(&got), SL(" year"))) {
			print_error("%d-%u-%u \"%s\": %.*s\n", rows[i].y, rows[i].mo, rows[i].d, rows[i].text, SLFMT(buf_slice(&got)));
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
	clock_init(&c, NULL, NSTIME_NONE); /* standard input: today counts, 2026-11-23 */
	read_time(&c, &bsd, SL("Nov 23 12:00:00 h"), &got);
	assert_true(slice_starts(buf_slice(&got), SL("2026-11-23")));
	read_time(&c, &bsd, SL("Nov 27 12:00:00 h"), &got);
	assert_true(slice_starts(buf_slice(&got), SL("2025-11-27")));
	buf_free(&got);
}

/* ---- zones ---------------------------------------------------------------------------------------------------- */
static const struct sample berlin[] = {
	{&bsd, "Jan 15 12:00:00 h", "2026-01-15 11:00:00 year zone| h"},
	{&bsd, "May  4 12:00:00 h", "2026-05-04 10:00:00 year zone| h"},
	/* spring: 02:00-03:00 does not exist on 29 March; it is read as if the clock had not changed yet */
	{&iso, "2026-03-29 01:59:59", "2026-03-29 00:59:59 zone|"},
	{&iso, "2026-03-29 02:30:00", "2026-03-29 01:30:00 zone|"},
	{&iso, "2026-03-29 03:00:00", "2026-03-29 01:00:00 zone|"},
	{&iso, "2026-03-29 03:30:00", "2026-03-29 01:30:00 zone|"},
	/* autumn: 02:00-03:00 comes twice on 25 October; the first counts */
	{&iso, "2026-10-25 01:59:59", "2026-10-24 23:59:59 zone|"},
	{&iso, "2026-10-25 02:00:00", "2026-10-25 00:00:00 zone|"},
	{&iso, "2026-10-25 02:59:59", "2026-10-25 00:59:59 zone|"},
	{&iso, "2026-10-25 03:00:00", "2026-10-25 02:00:00 zone|"},
	{&slashes, "2026/05/04 12:00:00", "2026-05-04 10:00:00 zone|"},
	{&named, "04-May-2026 12:00:00", "2026-05-04 10:00:00 zone|"},
	{&ctime_, "Mon May  4 12:00:00 2026", "2026-05-04 10:00:00 zone|"},
	{&clf, "04/May/2026:12:00:00]", "2026-05-04 10:00:00 zone|]"},
	/* a zone in the line wins */
	{&iso, "2026-05-04T12:00:00Z", "2026-05-04 12:00:00|"},
	{&clf, "04/May/2026:12:00:00 +0000]", "2026-05-04 12:00:00|]"},
	{&epoch, "1777878753", "2026-05-04 07:12:33|"},
};
static const struct sample fixed[] = {
	{&iso, "2026-01-01 00:15:00", "2025-12-31 18:30:00 zone|"},
	{&bsd, "May  4 12:00:00 h", "2026-05-04 06:15:00 year zone| h"},
};

static void test_zones(void **state)
{
	struct clock c;

	(void)state;
	clock_init(&c, "+05:45", at(2026, 6, 1, 0, 0, 0));
	check_all(&c, fixed, ARRAY_LEN(fixed));
	zone_free(c.zone);
	if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK))
		skip(); /* no tzdata here */
	clock_init(&c, "Europe/Berlin", at(2026, 6, 1, 0, 0, 0));
	check_all(&c, berlin, ARRAY_LEN(berlin));
	zone_free(c.zone);
}

/* The decoder remembers the last stamp: whatever came before, a line reads as it reads alone. */
static void test_memo(void **state)
{
	struct buf alone = {0}, after = {0};
	struct clock a, b;
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		for (size_t k = 0; k < ARRAY_LEN(forms); k++) {
			clock_init(&a, NULL, at(2026, 6, 1, 0, 0, 0));
			clock_init(&b, NULL, at(2026, 6, 1, 0, 0, 0));
			read_time(&a, forms[k].r, slice_of(forms[k].text), &alone);
			read_time(&b, forms[i].r, slice_of(forms[i].text), &after);
			read_time(&b, forms[k].r, slice_of(forms[k].text), &after);
			if (!slice_eq(buf_slice(&alone), buf_slice(&after))) {
				print_error("\"%s\" behind \"%s\": %.*s, alone %.*s\n", forms[k].text, forms[i].text, SLFMT(buf_slice(&after)),
					SLFMT(buf_slice(&alone)));
				wrong++;
			}
		}
	assert_int_equal(wrong, 0);
	buf_free(&alone);
	buf_free(&after);
}

/* Years of hostile lines are far away, but times stay numbers and in order. */
static void test_far(void **state)
{
	static const char *const texts[] = {"2261-01-01T00:00:00Z", "2262-04-11T23:47:17Z", "2300-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
		"9999-12-31T23:59:59-15:59"};
	struct clock c;
	nstime last = 0;

	(void)state;
	clock_init(&c, NULL, NSTIME_NONE);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct slice s = slice_of(texts[i]);
		struct dline l = {.time = NSTIME_NONE};
		assert_true(time_iso(&c.d, &s, &l));
		assert_true(l.time >= last);
		last = l.time;
	}
}

/* ---- what is remembered of the line before -------------------------------------------------------------------- */

static void mutate(char *text, size_t n, uint64_t *x)
{
	static const char bytes[] = "0123456789:/.,+-TZ x\xc5";
	*x = *x * 6364136223846793005u + 1442695040888963407u;
	for (unsigned i = 0; i < (*x >> 33) % 4; i++) {
		*x = *x * 6364136223846793005u + 1442695040888963407u;
		/* most often in the seconds and behind them, where a line differs from the one before */
		size_t at = *x >> 63 ? (*x >> 40) % n : MIN(n - 1, 16 + (*x >> 40) % 18);
		text[at] = bytes[(*x >> 50) % (sizeof bytes - 1)];
	}
}

/* A reader that has read another time of the same form says the same of a text as one that has read none. */
static void test_remembered(void **state)
{
	static const struct { const struct reader *r; const char *text; } forms_of[] = {
		{&iso, "2026-05-04T07:12:33.123456+02:00 h"}, {&iso, "2026-05-04T07:12:33Z h"}, {&clf, "04/May/2026:07:12:33 +0200] x"},
		{&clf, "04/May/2026:07:12:59.1 +02 xx"}, {&clf, "31/Dec/2999:23:59:59 -0200] x"}, {&bsd, "May  4 07:12:33 web1 x: yyyyyyyyy"},
	};
	(void)state;
	struct buf warm = {0}, fresh = {0};
	uint64_t x = 1;
	for (unsigned turn = 0; turn < 60000; turn++) {
		char text[40];
		struct clock a, b;
		const struct reader *r = forms_of[turn % ARRAY_LEN(forms_of)].r;
		struct slice base = slice_of(forms_of[turn % ARRAY_LEN(forms_of)].text);
		memcpy(text, base.p, base.n);
		mutate(text, base.n, &x);
		clock_init(&a, NULL, NSTIME_NONE);
		clock_init(&b, NULL, NSTIME_NONE);
		read_time(&a, r, base, &warm);
		read_time(&a, r, slice_make(text, base.n), &warm);
		read_time(&b, r, slice_make(text, base.n), &fresh);
		if (!slice_eq(buf_slice(&warm), buf_slice(&fresh)))
			fail_msg("%s \"%.*s\": \"%.*s\" behind another, \"%.*s\" alone", r->name, (int)base.n, text, SLFMT(buf_slice(&warm)), SLFMT(buf_slice(&fresh)));
	}
	buf_free(&warm);
	buf_free(&fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms), cmocka_unit_test(test_nonsense), cmocka_unit_test(test_mutations), cmocka_unit_test(test_year),
		cmocka_unit_test(test_zones), cmocka_unit_test(test_memo),     cmocka_unit_test(test_far), cmocka_unit_test(test_remembered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
