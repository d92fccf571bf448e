/* test_factor.c - enrolment, checking, replay, drift, throttling, recovery codes, broken state. */
#include "test_factor.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define ANN SL("ann")

static int no_record(void *arg, struct err *e)
{
	(void)arg;
	return err_set(e, ERR_IO, "the record cannot be written");
}

static void enrolment(void **state)
{
	struct scene *s = *state;
	struct buf uri = {0}, codes = {0};
	struct err e;
	struct factor_status st;
	char a[9], b[9];
	s->kind = plain_kind;
	assert_int_equal(factor_enroll(s->f, SL("jan sen"), SL("K\xc3\xbcste & Co"), &plain_kind, &uri, &e), 0);
	assert_true(slice_starts(buf_slice(&uri), SL("otpauth://totp/K%C3%BCste%20%26%20Co:jan%20sen?secret=")));
	assert_true(slice_ends(buf_slice(&uri), SL("&issuer=K%C3%BCste%20%26%20Co&algorithm=SHA1&digits=6&period=30")));
	scan_uri(s, buf_slice(&uri));
	assert_int_equal(s->nseed, 20);
	/* it does not count yet */
	assert_int_equal(try(s, SL("jan sen"), HOME, device(s, STEP0, a), T0, NULL), FACTOR_NONE);
	assert_int_equal(factor_confirm(s->f, SL("jan sen"), device(s, STEP0, a), device(s, STEP0, b), T0, NULL, NULL, &codes, &e), ERR_RANGE);
	assert_int_equal(factor_confirm(s->f, SL("jan sen"), device(s, STEP0 - 2, a), device(s, STEP0, b), T0, NULL, NULL, &codes, &e), ERR_RANGE);
	assert_int_equal(factor_confirm(s->f, SL("jan sen"), device(s, STEP0 - 9, a), device(s, STEP0 - 8, b), T0, NULL, NULL, &codes, &e), ERR_RANGE);
	assert_int_equal(factor_confirm(s->f, SL("jan sen"), SL(""), SL(""), T0, NULL, NULL, &codes, &e), ERR_RANGE);
	assert_int_equal(factor_confirm(s->f, SL("nobody"), SL("123456"), SL("123456"), T0, NULL, NULL, &codes, &e), ERR_NOENT);
	assert_int_equal(factor_status(s->f, SL("jan sen"), &st, &e), 0);
	assert_true(st.enrolled && !st.confirmed && st.recovery_left == 0);
	/* another seed before that: the first one is void */
	struct buf again = {0};
	assert_int_equal(factor_enroll(s->f, SL("jan sen"), SLICE_NONE, &plain_kind, &again, &e), 0);
	assert_int_equal(factor_confirm(s->f, SL("jan sen"), device(s, STEP0 - 1, a), device(s, STEP0, b), T0, NULL, NULL, &codes, &e), ERR_RANGE);
	scan_uri(s, buf_slice(&again));
	assert_int_equal(factor_confirm(s->f, SL("jan sen"), device(s, STEP0 - 1, a), device(s, STEP0, b), T0, no_record, s, &codes, &e), ERR_IO);
	assert_true(codes.n == 0 && factor_status(s->f, SL("jan sen"), &st, &e) == 0 && !st.confirmed); /* what is not on record does not count */
	assert_int_equal(factor_confirm(s->f, SL("jan sen"), device(s, STEP0 - 1, a), device(s, STEP0, b), T0, NULL, NULL, &codes, &e), 0);
	assert_int_equal(codes.n, RECOVERY_CODES * (RECOVERY_CHARS + 3 + 1));
	assert_int_equal(factor_confirm(s->f, SL("jan sen"), device(s, STEP0 - 1, a), device(s, STEP0, b), T0, NULL, NULL, &codes, &e), ERR_DUP);
	assert_int_equal(factor_enroll(s->f, SL("jan sen"), SLICE_NONE, &plain_kind, &again, &e), ERR_DUP);
	/* the codes of the confirmation are used up */
	assert_int_equal(try(s, SL("jan sen"), HOME, device(s, STEP0, a), T0, NULL), FACTOR_REPLAYED);
	assert_int_equal(try(s, SL("jan sen"), HOME, device(s, STEP0 + 1, a), T0 + 30 * NS_SEC, NULL), FACTOR_GOOD);
	assert_int_equal(factor_reset(s->f, SL("jan sen"), &e), 0);
	assert_int_equal(factor_reset(s->f, SL("jan sen"), &e), ERR_NOENT);
	assert_int_equal(try(s, SL("jan sen"), HOME, device(s, STEP0 + 2, a), T0 + 60 * NS_SEC, NULL), FACTOR_NONE);
	factor_wipe(&uri);
	factor_wipe(&again);
	factor_wipe(&codes);
}

static void bad_names(void **state)
{
	struct scene *s = *state;
	struct buf uri = {0};
	struct err e;
	static char big[10000];
	char code[9];
	memset(big, 'a', sizeof big);
	const struct slice names[] = {SLICE_NONE, slice_make(big, sizeof big), SL("a\nb"), SL("\xff"), SL("\x7f")};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(factor_enroll(s->f, names[i], SLICE_NONE, &plain_kind, &uri, &e), ERR_RANGE);
		assert_int_equal(try(s, names[i], HOME, SL("123456"), T0, NULL), FACTOR_NONE);
	}
	const struct factor_kind kinds[] = {{FACTOR_SHA1, 5, 30}, {FACTOR_SHA1, 9, 30}, {(enum factor_hash)3, 6, 30}, {FACTOR_SHA1, 6, 1}, {FACTOR_SHA1, 6, 301}};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		assert_int_equal(factor_enroll(s->f, ANN, SLICE_NONE, &kinds[i], &uri, &e), ERR_RANGE);
	/* "%s", quotes and statements are names like others */
	enroll_as(s, SL("'; DROP TABLE factor_seed;--%s%n"), plain_kind, T0);
	assert_int_equal(try(s, SL("'; DROP TABLE factor_seed;--%s%n"), slice_make(big, sizeof big), device(s, STEP0 + 1, code), T0 + 30 * NS_SEC, NULL), FACTOR_GOOD);
}

/* Every hash and length, timed and counted. */
static void kinds(void **state)
{
	struct scene *s = *state;
	nstime base = T0;
	for (int h = 0; h <= FACTOR_SHA512; h++)
		for (unsigned digits = 6; digits <= 8; digits++)
			for (unsigned period = 0; period <= 60; period += 30) {
				char name[32], code[9];
				struct factor_kind k = {(enum factor_hash)h, digits, period};
				int64_t next = period ? base / NS_SEC / period + 1 : 2;
				nstime now = base + period * NS_SEC;
				if (h && digits == 7)
					continue; /* each confirmation makes ten hashes of 32 MiB */
				snprintf(name, sizeof name, "p%d-%u-%u", h, digits, period);
				enroll_as(s, slice_of(name), k, base);
				base = now;
				struct slice c = device(s, next, code);
				assert_int_equal(try(s, slice_of(name), HOME, slice_to(c, digits - 1), now, NULL), FACTOR_WRONG);
				assert_int_equal(try(s, slice_of(name), HOME, c, now, NULL), FACTOR_GOOD);
				assert_int_equal(try(s, slice_of(name), HOME, c, now, NULL), FACTOR_REPLAYED);
			}
}

static void counted(void **state)
{
	struct scene *s = *state;
	struct factor_kind k = {FACTOR_SHA1, 6, 0};
	char code[9];
	enroll_as(s, ANN, k, T0); /* used: 1 */
	assert_int_equal(try(s, ANN, HOME, device(s, 12, code), T0, NULL), FACTOR_WRONG); /* too far ahead */
	assert_int_equal(try(s, ANN, HOME, device(s, 11, code), T0, NULL), FACTOR_GOOD);
	assert_int_equal(try(s, ANN, HOME, device(s, 8, code), T0, NULL), FACTOR_REPLAYED); /* passed over */
	assert_int_equal(try(s, ANN, HOME, device(s, 12, code), T0, NULL), FACTOR_GOOD);
}

static void window_and_replay(void **state)
{
	struct scene *s = *state;
	char code[9];
	nstime now = T0 + 300 * NS_SEC, wait;
	int64_t at = STEP0 + 10;
	enroll_as(s, ANN, plain_kind, T0);
	assert_int_equal(try(s, ANN, HOME, device(s, at - 2, code), now, NULL), FACTOR_WRONG);
	assert_int_equal(try(s, ANN, HOME, device(s, at + 2, code), now, NULL), FACTOR_WRONG);
	assert_int_equal(try(s, ANN, HOME, device(s, at - 1, code), now, NULL), FACTOR_GOOD);
	assert_int_equal(try(s, ANN, HOME, device(s, at - 1, code), now, NULL), FACTOR_REPLAYED);
	scene_close(s); /* a restart forgets nothing */
	scene_open(s);
	assert_int_equal(try(s, ANN, HOME, device(s, at - 1, code), now, NULL), FACTOR_REPLAYED);
	assert_int_equal(try(s, ANN, HOME, device(s, at, code), now, NULL), FACTOR_GOOD);
	/* the step before one that was used is gone, too; also in the step after */
	assert_int_equal(try(s, ANN, HOME, device(s, at - 1, code), now + 29 * NS_SEC, NULL), FACTOR_REPLAYED);
	assert_int_equal(try(s, ANN, HOME, device(s, at, code), now + 30 * NS_SEC, &wait), FACTOR_REPLAYED);
	assert_int_equal(try(s, ANN, HOME, device(s, at + 1, code), now + 30 * NS_SEC, &wait), FACTOR_GOOD);
	assert_int_equal(wait, 0);
}

/* A device that runs away is followed for two steps and no further; the right time stays good. */
static void drift(void **state)
{
	struct scene *s = *state;
	char code[9];
	struct err e;
	struct factor_status st;
	enroll_as(s, ANN, plain_kind, T0);
	for (int ahead = 1, i = 1; i <= 3; i++, ahead++) {
		int64_t at = STEP0 + 100 * i;
		nstime now = T0 + 3000 * i * NS_SEC;
		assert_int_equal(try(s, ANN, HOME, device(s, at + ahead, code), now, NULL), FACTOR_GOOD);
		assert_int_equal(factor_status(s->f, ANN, &st, &e), 0);
		assert_int_equal(st.drift, MIN(ahead, DRIFT_MAX));
	}
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 400 + 4, code), T0 + 12000 * NS_SEC, NULL), FACTOR_WRONG);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 400 - 1, code), T0 + 12000 * NS_SEC, NULL), FACTOR_WRONG);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 400, code), T0 + 12000 * NS_SEC, NULL), FACTOR_GOOD);
	assert_int_equal(factor_status(s->f, ANN, &st, &e), 0);
	assert_int_equal(st.drift, 0);
}

static void clock_back(void **state)
{
	struct scene *s = *state;
	char code[9];
	struct err e;
	nstime later = T0 + 3010 * NS_SEC;
	enroll_as(s, ANN, plain_kind, T0);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 100, code), later, NULL), FACTOR_GOOD);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 101, code), later - 2 * NS_SEC, NULL), FACTOR_GOOD);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 50, code), later - 3 * NS_SEC, NULL), FACTOR_FAULT);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 50, code), -1, NULL), FACTOR_FAULT);
	assert_int_equal(try(s, SL("nobody"), HOME, SL("123456"), later - 3 * NS_SEC, NULL), FACTOR_FAULT);
	/* set back on purpose: codes of before stay void, later ones are good */
	assert_int_equal(factor_clock(s->f, T0 + 600 * NS_SEC, &e), 0);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 20, code), T0 + 600 * NS_SEC, NULL), FACTOR_REPLAYED);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 24, code), T0 + 720 * NS_SEC, NULL), FACTOR_GOOD);
}

static struct slice wrong(const struct scene *s, int64_t at, char out[static 9])
{
	char code[9];
	for (int i = 0;; i++) { /* one that no step near is right with */
		bool hit = false;
		snprintf(out, 9, "%06d", i);
		for (int64_t c = at - 20; c <= at + 20; c++)
			hit |= slice_eqz(device(s, c, code), out);
		if (!hit)
			return slice_of(out);
	}
}

static void throttled(void **state)
{
	struct scene *s = *state;
	char code[9], bad[9];
	nstime now = T0 + 3000 * NS_SEC, wait = -1;
	enroll_as(s, ANN, plain_kind, T0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(try(s, ANN, HOME, wrong(s, STEP0 + 100, bad), now, &wait), FACTOR_WRONG);
	/* the right code has to wait as well, and waiting is no failure */
	for (int i = 0; i < 50; i++)
		assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 100, code), now + i, &wait), FACTOR_THROTTLED);
	assert_int_equal(wait, 5 * NS_SEC - 49);
	scene_close(s);
	scene_open(s);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 100, code), now + 5 * NS_SEC - 1, &wait), FACTOR_THROTTLED);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 100, code), now + 5 * NS_SEC, &wait), FACTOR_GOOD);
	/* doubling, to a quarter of an hour and no further */
	nstime last = 0;
	now += 5 * NS_SEC;
	for (int i = 0; i < 20; i++) {
		now += wait + 1;
		assert_int_equal(try(s, ANN, HOME, wrong(s, now / NS_SEC / 30, bad), now, &wait), FACTOR_WRONG);
		if (try(s, ANN, HOME, SL("000000"), now, &wait) != FACTOR_THROTTLED)
			wait = 0;
		assert_true(wait == 0 || wait == 2 * last || last == 0 || wait == 15 * NS_MIN);
		last = wait;
	}
	assert_int_equal(last, 15 * NS_MIN);
	/* a quiet day later it begins anew */
	now += NS_DAY + NS_HOUR;
	assert_int_equal(try(s, ANN, HOME, wrong(s, now / NS_SEC / 30, bad), now, &wait), FACTOR_WRONG);
	assert_int_equal(try(s, ANN, HOME, device(s, now / NS_SEC / 30, code), now, &wait), FACTOR_GOOD);
}

/* 10,000 wrong codes from everywhere: who came from his own network before does not notice; from a new one he waits for the delay and is in. */
static void stranger(void **state)
{
	struct scene *s = *state;
	char code[9], bad[9], from[32];
	nstime now = T0 + 3000 * NS_SEC, wait;
	unsigned tried = 0, held = 0;
	enroll_as(s, ANN, plain_kind, T0);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 100, code), now, NULL), FACTOR_GOOD);
	for (int i = 0; i < 10000; i++, now += NS_SEC) {
		snprintf(from, sizeof from, "203.%d.%d.9", i / 250 % 250, i % 250);
		enum factor_verdict v = try(s, ANN, slice_of(from), wrong(s, now / NS_SEC / 30, bad), now, &wait);
		assert_true(v == FACTOR_WRONG || v == FACTOR_THROTTLED);
		tried += v == FACTOR_WRONG;
		held += v == FACTOR_THROTTLED;
	}
	assert_true(tried < 30); /* of 10,000 within three hours */
	assert_int_equal(tried + held, 10000);
	now = (now / NS_SEC / 30 + 1) * 30 * NS_SEC; /* a step of its own */
	assert_int_equal(try(s, ANN, SL("203.0.113.5"), device(s, now / NS_SEC / 30, code), now, &wait), FACTOR_THROTTLED);
	assert_true(wait > 0 && wait <= 15 * NS_MIN);
	assert_int_equal(try(s, ANN, SL("198.51.100.200"), device(s, now / NS_SEC / 30, code), now, NULL), FACTOR_GOOD);
	now += (wait / NS_SEC / 30 + 1) * 30 * NS_SEC;
	assert_int_equal(try(s, ANN, SL("203.0.113.5"), device(s, now / NS_SEC / 30, code), now, &wait), FACTOR_GOOD);
	/* and is known there from now on, whatever strangers do */
	for (int i = 0; i < 20; i++)
		try(s, ANN, SL("192.0.2.1"), wrong(s, now / NS_SEC / 30, bad), now, NULL);
	now += 30 * NS_SEC;
	assert_int_equal(try(s, ANN, SL("203.0.113.77"), device(s, now / NS_SEC / 30, code), now, NULL), FACTOR_GOOD);
}

static int count_rows(void *arg, const struct vault_row *r)
{
	*(int64_t *)arg = vault_int(r, 0);
	return 0;
}

static int64_t number(struct scene *s, const char *sql)
{
	int64_t n = -1;
	struct err e;
	assert_int_equal(vault_run(s->v, sql, count_rows, &n, &e, ""), 0);
	return n;
}

/* Names nobody has are held off like others, and do not fill the file. */
static void unknown(void **state)
{
	struct scene *s = *state;
	struct err e;
	char name[32];
	nstime wait;
	assert_int_equal(vault_run(s->v, "PRAGMA synchronous=OFF", NULL, NULL, &e, ""), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(try(s, SL("ghost"), HOME, SL("123456"), T0, &wait), FACTOR_NONE);
	assert_int_equal(try(s, SL("ghost"), HOME, SL("123456"), T0, &wait), FACTOR_THROTTLED);
	assert_int_equal(wait, 5 * NS_SEC);
	for (int i = 0; i < 1500; i++) {
		snprintf(name, sizeof name, "ghost%d", i);
		assert_int_equal(try(s, slice_of(name), HOME, SL("123456"), T0 + i, NULL), FACTOR_NONE);
	}
	assert_int_equal(number(s, "SELECT count(*) FROM factor_throttle"), 1000);
	assert_int_equal(number(s, "SELECT count(*) FROM factor_seed"), 1);
}

/* ---- recovery codes --------------------------------------------------------------------------------------------------------- */

static struct slice nth(const struct buf *codes, unsigned n)
{
	return slice_make(codes->p + n * 20, 19);
}

static void recovery(void **state)
{
	struct scene *s = *state;
	struct err e;
	struct buf fresh = {0};
	struct factor_status st;
	char lower[20];
	nstime now = T0 + 3000 * NS_SEC;
	enroll_as(s, ANN, plain_kind, T0);
	for (unsigned i = 0; i < RECOVERY_CODES; i++)
		for (unsigned k = 0; k < i; k++)
			assert_false(slice_eq(nth(&s->codes, i), nth(&s->codes, k)));
	assert_int_equal(try(s, ANN, HOME, nth(&s->codes, 3), now, NULL), FACTOR_RECOVERY);
	assert_int_equal(try(s, ANN, HOME, nth(&s->codes, 3), now, NULL), FACTOR_WRONG);
	for (int i = 0; i < 19; i++)
		lower[i] = nth(&s->codes, 4).p[i] == '-' ? ' ' : (char)(nth(&s->codes, 4).p[i] | 0x20);
	assert_int_equal(try(s, ANN, HOME, slice_make(lower, 19), now, NULL), FACTOR_RECOVERY);
	assert_int_equal(try(s, SL("bob"), HOME, nth(&s->codes, 5), now, NULL), FACTOR_NONE);
	assert_int_equal(factor_status(s->f, ANN, &st, &e), 0);
	assert_int_equal(st.recovery_left, 8);
	assert_int_equal(st.last_recovery, now);
	assert_int_equal(factor_codes(s->f, ANN, &fresh, &e), 0);
	assert_int_equal(try(s, ANN, HOME, nth(&s->codes, 0), now, NULL), FACTOR_WRONG); /* the old ones are void */
	assert_int_equal(try(s, ANN, HOME, nth(&fresh, 0), now, NULL), FACTOR_RECOVERY);
	assert_int_equal(factor_codes(s->f, SL("bob"), &fresh, &e), ERR_NOENT);
	factor_wipe(&fresh);
}

/* ---- broken state ------------------------------------------------------------------------------------------------------------- */

static void corrupt(void **state)
{
	static const char *const damage[] = {
		"UPDATE factor_seed SET digits=12", "UPDATE factor_seed SET hash=7", "UPDATE factor_seed SET period=1", "UPDATE factor_seed SET drift=9",
		"UPDATE factor_seed SET used=-5", "UPDATE factor_seed SET box=x'00'", "UPDATE factor_seed SET box=randomblob(60)", "UPDATE factor_seed SET salt=x'01'",
		"UPDATE factor_seed SET confirmed=2", "UPDATE factor_seed SET period=60", "UPDATE factor_seed SET digits=8", "UPDATE factor_seed SET failures=-1",
		"DELETE FROM factor_seed WHERE length(person)=0", "DROP TABLE factor_recovery", "DROP TABLE factor_throttle", "DROP TABLE factor_clock", "DROP TABLE factor_seed",
	};
	struct scene *s = *state;
	char code[9];
	struct err e;
	enroll_as(s, ANN, plain_kind, T0);
	for (size_t i = 0; i < ARRAY_LEN(damage); i++) {
		assert_int_equal(vault_begin(s->v, &e), 0);
		assert_int_equal(vault_run(s->v, damage[i], NULL, NULL, &e, ""), 0);
		assert_int_equal(vault_commit(s->v, &e), 0);
		struct slice who = i == 12 ? SL("nobody") : ANN;
		assert_int_equal(try(s, who, HOME, device(s, STEP0 + 1, code), T0 + 30 * NS_SEC, NULL), FACTOR_FAULT);
		if (i >= 12)
			break; /* the rest: one at a time, below */
		scene_close(s);
		unlink(s->file);
		unlink(s->key);
		scene_open(s);
		enroll_as(s, ANN, plain_kind, T0);
	}
	for (size_t i = 13; i < ARRAY_LEN(damage); i++) {
		scene_close(s);
		unlink(s->file);
		unlink(s->key);
		scene_open(s);
		enroll_as(s, ANN, plain_kind, T0);
		assert_int_equal(vault_run(s->v, damage[i], NULL, NULL, &e, ""), 0);
		assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 1, code), T0 + 30 * NS_SEC, NULL), FACTOR_FAULT);
	}
}

/* The box of one person in the row of another opens for nobody. */
static void swapped(void **state)
{
	struct scene *s = *state;
	char code[9];
	struct err e;
	enroll_as(s, SL("bob"), plain_kind, T0);
	struct scene bob = *s;
	s->codes = (struct buf){0};
	enroll_as(s, ANN, plain_kind, T0);
	assert_int_equal(vault_run(s->v, "UPDATE factor_seed SET box=(SELECT box FROM factor_seed WHERE person=CAST('bob' AS BLOB)) WHERE person=CAST('ann' AS BLOB)", NULL, NULL,
		&e, ""), 0);
	assert_int_equal(vault_changes(s->v), 1);
	assert_int_equal(try(s, ANN, HOME, device(&bob, STEP0 + 1, code), T0 + 30 * NS_SEC, NULL), FACTOR_FAULT);
	assert_int_equal(try(s, SL("bob"), HOME, device(&bob, STEP0 + 1, code), T0 + 30 * NS_SEC, NULL), FACTOR_GOOD);
	factor_wipe(&bob.codes);
}

static void read_only(void **state)
{
	struct scene *s = *state;
	char code[9];
	struct err e;
	struct factor_status st;
	enroll_as(s, ANN, plain_kind, T0);
	scene_close(s);
	s->v = vault_open(s->file, VAULT_READ, &e);
	s->f = factor_open(s->v, NULL, false, &e);
	assert_non_null(s->f);
	assert_int_equal(factor_status(s->f, ANN, &st, &e), 0);
	assert_true(st.confirmed);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 1, code), T0 + 30 * NS_SEC, NULL), FACTOR_FAULT);
	scene_close(s);
	scene_open(s);
	assert_int_equal(vault_run(s->v, "PRAGMA query_only=ON", NULL, NULL, &e, ""), 0);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 1, code), T0 + 30 * NS_SEC, NULL), FACTOR_FAULT);
	assert_int_equal(vault_run(s->v, "PRAGMA query_only=OFF", NULL, NULL, &e, ""), 0);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 1, code), T0 + 30 * NS_SEC, NULL), FACTOR_GOOD);
}

/* Another process that keeps the file locked: refused, and good afterwards. */
static void locked(void **state)
{
	struct scene *s = *state;
	char code[9];
	struct err e;
	enroll_as(s, ANN, plain_kind, T0);
	struct vault *other = vault_open(s->file, VAULT_WRITE, &e);
	assert_non_null(other);
	assert_int_equal(vault_begin(other, &e), 0);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 1, code), T0 + 30 * NS_SEC, NULL), FACTOR_FAULT);
	vault_rollback(other);
	vault_close(other);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 1, code), T0 + 30 * NS_SEC, NULL), FACTOR_GOOD);
}

/* No byte more can be written: the right code is refused, and is still good when there is room again. */
static void disk_full(void **state)
{
	struct scene *s = *state;
	char code[9];
	enroll_as(s, ANN, plain_kind, T0);
	device(s, STEP0 + 1, code);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct rlimit none = {0, 0};
		struct err e;
		struct vault *v = vault_open(s->file, VAULT_WRITE, &e);
		struct factor *f = v ? factor_open(v, s->key, false, &e) : NULL;
		signal(SIGXFSZ, SIG_IGN);
		if (!f || setrlimit(RLIMIT_FSIZE, &none))
			_exit(100);
		_exit(factor_check(f, ANN, HOME, slice_of(code), T0 + 30 * NS_SEC, NULL, &e));
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), FACTOR_FAULT);
	assert_int_equal(try(s, ANN, HOME, slice_of(code), T0 + 30 * NS_SEC, NULL), FACTOR_GOOD);
}

/* ---- the key ------------------------------------------------------------------------------------------------------------------- */

static int open_again(struct scene *s, bool make)
{
	struct err e = {0};
	factor_close(s->f);
	s->f = factor_open(s->v, s->key, make, &e);
	return s->f ? 0 : e.code;
}

static void key_file(void **state)
{
	struct scene *s = *state;
	char aside[140], code[9];
	struct stat st;
	enroll_as(s, ANN, plain_kind, T0);
	assert_int_equal(stat(s->key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, KEY_BYTES);
	assert_int_equal(chmod(s->key, 0640), 0);
	assert_int_equal(open_again(s, true), ERR_PERM);
	assert_int_equal(chmod(s->key, 0600), 0);
	snprintf(aside, sizeof aside, "%s/postern-factor.key", s->folder);
	assert_int_equal(rename(s->key, aside), 0);
	assert_int_equal(open_again(s, true), ERR_NOENT); /* never a new one over seeds of the old one */
	assert_int_not_equal(access(s->key, F_OK), 0);
	assert_int_equal(symlink(aside, s->key), 0);
	assert_int_equal(open_again(s, true), ERR_IO);
	assert_int_equal(unlink(s->key), 0);
	int fd = open(s->key, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "0123456789012345678901234567890", 31), 31);
	assert_int_equal(open_again(s, true), ERR_TYPE);
	assert_int_equal(write(fd, "1", 1), 1);
	assert_int_equal(open_again(s, true), ERR_PERM); /* another key */
	close(fd);
	setenv("CREDENTIALS_DIRECTORY", s->folder, 1); /* goes first */
	assert_int_equal(chmod(aside, 0440), 0);
	assert_int_equal(open_again(s, false), 0);
	assert_int_equal(try(s, ANN, HOME, device(s, STEP0 + 1, code), T0 + 30 * NS_SEC, NULL), FACTOR_GOOD);
	unsetenv("CREDENTIALS_DIRECTORY");
}

/* What lies on the disk is no seed and no code. */
static void at_rest(void **state)
{
	struct scene *s = *state;
	struct err e;
	static char bytes[4 << 20];
	enroll_as(s, ANN, plain_kind, T0);
	assert_int_equal(vault_run(s->v, "PRAGMA wal_checkpoint(PASSIVE)", NULL, NULL, &e, ""), 0);
	const char *const ends[] = {"", "-wal"};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char path[160];
		snprintf(path, sizeof path, "%s%s", s->file, ends[i]);
		int fd = open(path, O_RDONLY);
		assert_true(fd >= 0);
		ssize_t n = read(fd, bytes, sizeof bytes);
		close(fd);
		assert_true(n > 0 && (size_t)n < sizeof bytes);
		assert_false(slice_has(slice_make(bytes, (size_t)n), slice_make((const char *)s->seed, s->nseed)));
		for (unsigned k = 0; k < RECOVERY_CODES; k++)
			assert_false(slice_has(slice_make(bytes, (size_t)n), slice_to(nth(&s->codes, k), 4)) && slice_has(slice_make(bytes, (size_t)n), nth(&s->codes, k)));
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(enrolment), T(bad_names), T(kinds), T(counted), T(window_and_replay), T(drift), T(clock_back), T(throttled), T(stranger), T(unknown), T(recovery), T(corrupt),
		T(swapped), T(read_only), T(locked), T(disk_full), T(key_file), T(at_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
