/* factor_speed.c - how long a check of a second factor takes, and whether somebody unknown can be told by it.
 * usage: factor_speed FOLDER [CHECKS]
 * FOLDER: an empty one on the disk that counts. Each row: median and 99th percentile in microseconds, and CPU time. */
#include "factor/factor_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct bench {
	struct vault *v;
	struct factor *f;
	uint8_t seed[SEED_MAX];
	size_t n;
	struct buf codes;
	nstime now;
	size_t checks;
};

static double clock_us(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static _Noreturn void give_up(const struct err *e)
{
	fprintf(stderr, "factor_speed: %s\n", e->text);
	exit(1);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

typedef void one_fn(struct bench *b, size_t i);

static void measure(struct bench *b, const char *name, one_fn *fn, size_t times)
{
	double *t = xcalloc(times, sizeof *t), cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	for (size_t i = 0; i < times; i++) {
		b->now += 960 * NS_SEC; /* nobody has to wait */
		double from = clock_us(CLOCK_MONOTONIC);
		fn(b, i);
		t[i] = clock_us(CLOCK_MONOTONIC) - from;
	}
	cpu = (clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)times;
	qsort(t, times, sizeof *t, by_size);
	printf("%-28s %6zu  median %9.1f  p99 %9.1f  cpu %9.1f\n", name, times, t[times / 2], t[times * 99 / 100], cpu);
	free(t);
}

static void check(struct bench *b, const char *person, struct slice code, enum factor_verdict want)
{
	struct err e = {0};
	enum factor_verdict v = factor_check(b->f, slice_of(person), SL("203.0.113.7"), code, b->now, NULL, &e);
	if (v == FACTOR_FAULT)
		give_up(&e);
	if (v != want) {
		fprintf(stderr, "factor_speed: verdict %d, not %d\n", v, want);
		exit(1);
	}
}

static void good(struct bench *b, size_t i)
{
	struct factor_kind k = {FACTOR_SHA1, 6, 30};
	char code[CODE_DIGITS_MAX + 1];
	struct err e;
	(void)i;
	if (factor_code_at(&k, b->seed, b->n, b->now / NS_SEC / 30, code, &e))
		give_up(&e);
	check(b, "ann", slice_of(code), FACTOR_GOOD);
}

static void wrong(struct bench *b, size_t i)
{
	(void)i;
	check(b, "ann", SL("00000000"), FACTOR_WRONG);
}

static void unknown(struct bench *b, size_t i)
{
	(void)i;
	check(b, "nobody", SL("00000000"), FACTOR_NONE);
}

static void recovery_wrong(struct bench *b, size_t i)
{
	(void)i;
	check(b, "ann", SL("AAAA-BBBB-CCCC-DDDD"), FACTOR_WRONG);
}

static void recovery_unknown(struct bench *b, size_t i)
{
	(void)i;
	check(b, "nobody", SL("AAAA-BBBB-CCCC-DDDD"), FACTOR_NONE);
}

/* What the disk takes for any transaction of one write. */
static void commit_only(struct bench *b, size_t i)
{
	struct err e;
	(void)i;
	if (vault_begin(b->v, &e) || vault_run(b->v, "UPDATE factor_clock SET seen=?1", NULL, NULL, &e, "i", (int64_t)b->now) || vault_commit(b->v, &e))
		give_up(&e);
}

static void enroll(struct bench *b)
{
	struct factor_kind k = {FACTOR_SHA1, 6, 30};
	struct buf uri = {0};
	struct err e;
	char one[CODE_DIGITS_MAX + 1], two[CODE_DIGITS_MAX + 1];
	struct seed s;
	if (factor_enroll(b->f, SL("ann"), SLICE_NONE, &k, &uri, &e) || factor_seed_get(b->v, SL("ann"), &s, &e) || factor_unseal(b->f, SL("ann"), &s, &b->n, &e))
		give_up(&e);
	memcpy(b->seed, factor_room(b->f), b->n);
	if (factor_code_at(&k, b->seed, b->n, b->now / NS_SEC / 30 - 1, one, &e) || factor_code_at(&k, b->seed, b->n, b->now / NS_SEC / 30, two, &e) ||
		factor_confirm(b->f, SL("ann"), slice_of(one), slice_of(two), b->now, NULL, NULL, &b->codes, &e))
		give_up(&e);
	factor_wipe(&uri);
}

int main(int argc, char **argv)
{
	struct bench b = {.now = (nstime)1800000000 * NS_SEC, .checks = 1000};
	struct err e = {0};
	char file[4096], key[4096];
	uint64_t n;
	if (argc < 2 || (argc > 2 && !slice_u64(slice_of(argv[2]), 1000000, &n))) {
		fprintf(stderr, "usage: factor_speed FOLDER [CHECKS]\n");
		return 2;
	}
	b.checks = argc > 2 ? MAX(n, 100) : b.checks;
	snprintf(file, sizeof file, "%s/gate.db", argv[1]);
	snprintf(key, sizeof key, "%s/factor.key", argv[1]);
	b.v = vault_open(file, VAULT_CREATE, &e);
	b.f = b.v ? factor_open(b.v, key, true, &e) : NULL;
	if (!b.f)
		give_up(&e);
	enroll(&b);
	for (int round = 0; round < 3; round++) {
		measure(&b, "one write and its commit", commit_only, b.checks);
		measure(&b, "good code", good, b.checks);
		measure(&b, "wrong code", wrong, b.checks);
		measure(&b, "wrong code, unknown person", unknown, b.checks);
		measure(&b, "wrong recovery code", recovery_wrong, b.checks / 10);
		measure(&b, "the same, unknown person", recovery_unknown, b.checks / 10);
	}
	factor_wipe(&b.codes);
	factor_close(b.f);
	vault_close(b.v);
	return 0;
}
