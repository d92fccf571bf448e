/* test_core_hash.c - hashes, compound keys, the string table. */
#include "core/core.h"

#include <stdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_stable(void **state)
{
	(void)state;
	/* published FNV-1a vectors */
	assert_true(hash_stable(HASH_STABLE_INIT, "", 0) == 0xcbf29ce484222325u);
	assert_true(hash_stable(HASH_STABLE_INIT, "a", 1) == 0xaf63dc4c8601ec8cu);
	assert_true(hash_stable(HASH_STABLE_INIT, "foobar", 6) == 0x85944171f73967e8u);
	assert_true(hash_stable(hash_stable(HASH_STABLE_INIT, "foo", 3), "bar", 3) == 0x85944171f73967e8u);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void assert_distinct(uint64_t *h, size_t n)
{
	qsort(h, n, sizeof *h, by_value);
	for (size_t i = 1; i < n; i++)
		assert_true(h[i] != h[i - 1]);
}

/* Every length, and every single bit of it, must change the hash; the same bytes elsewhere must not. */
static void test_bytes(void **state)
{
	enum { MOST = 300 }; /* beyond four lanes of 16 bytes, twice */
	static uint64_t h[MOST * 8 + 1];

	(void)state;
	for (size_t n = 0; n <= MOST; n++) {
		unsigned char *p = xcalloc(1, n); /* exact size: reads past the end are found */
		char shifted[MOST + 16] = {0};
		size_t k = 0;
		h[k++] = hash_bytes(p, n);
		assert_true(h[0] == hash_bytes(shifted + 3, n));
		for (size_t bit = 0; bit < n * 8; bit++) {
			p[bit / 8] ^= (unsigned char)(1u << bit % 8);
			h[k++] = hash_bytes(p, n);
			p[bit / 8] ^= (unsigned char)(1u << bit % 8);
		}
		assert_distinct(h, k);
		free(p);
	}
	assert_true(hash_bytes(NULL, 0) == hash_bytes("x", 0));
	for (size_t n = 0; n <= MOST; n++) {
		static const char zero[MOST];
		h[n] = hash_bytes(zero, n);
	}
	assert_distinct(h, MOST + 1);
}

/* Numbers in a row must fill the low bits (what tables use) evenly. */
static void test_spread(void **state)
{
	enum { SLOTS = 1024, EACH = 64 };
	unsigned words[SLOTS] = {0}, texts[SLOTS] = {0}, mixed[SLOTS] = {0};

	(void)state;
	for (unsigned i = 0; i < SLOTS * EACH; i++) {
		char t[24];
		int n = snprintf(t, sizeof t, "10.0.%u.%u", i / 256, i % 256);
		words[hash_u64(i) % SLOTS]++;
		texts[hash_bytes(t, (size_t)n) % SLOTS]++;
		mixed[hash_mix(i, 7) % SLOTS]++;
	}
	for (unsigned i = 0; i < SLOTS; i++) { /* 64 +- 8; seven sigma either side */
		assert_in_range(words[i], 8, 120);
		assert_in_range(texts[i], 8, 120);
		assert_in_range(mixed[i], 8, 120);
	}
	assert_true(hash_mix(1, 2) != hash_mix(2, 1));
}

static struct key key_of(size_t n, const struct slice *parts)
{
	struct key k;

	key_init(&k);
	for (size_t i = 0; i < n; i++)
		key_add(&k, parts[i]);
	assert_true(k.n <= sizeof k.b);
	return k;
}
#define KEY(...) key_of(ARRAY_LEN(((struct slice[]){__VA_ARGS__})), (struct slice[]){__VA_ARGS__})

static bool key_eq(struct key a, struct key b)
{
	return slice_eq(key_slice(&a), key_slice(&b));
}

static void test_key(void **state)
{
	static char big[600], other[600];

	(void)state;
	memset(big, 'x', sizeof big);
	memset(other, 'x', sizeof other);
	other[599] = 'y';
	assert_true(key_eq(KEY(SL("ab"), SL("c")), KEY(SL("ab"), SL("c"))));
	assert_false(key_eq(KEY(SL("ab"), SL("c")), KEY(SL("a"), SL("bc"))));
	assert_false(key_eq(KEY(SL("ab")), KEY(SL("ab"), SL(""))));
	assert_false(key_eq(KEY(SL(""), SL("a")), KEY(SL("a"), SL(""))));
	assert_false(key_eq(KEY(SL("a\1b")), KEY(SL("a"), SL("b")))); /* the separator as data */
	assert_true(key_eq(KEY(SLICE_NONE), KEY(SL(""))));
	/* too long: neither the tail of a part nor a later part is lost */
	assert_false(key_eq(KEY(slice_make(big, 600)), KEY(slice_make(other, 600))));
	assert_true(key_eq(KEY(slice_make(big, 600)), KEY(slice_make(big, 600))));
	assert_false(key_eq(KEY(slice_make(big, 600), SL("1.2.3.4")), KEY(slice_make(big, 600), SL("1.2.3.5"))));
	assert_false(key_eq(KEY(slice_make(big, 600), SL("a"), SL("b")), KEY(slice_make(big, 600), SL("b"), SL("a"))));
	for (size_t n = 235; n < 265; n++) { /* around the edge */
		struct key a = KEY(slice_make(big, n), SL("a")), b = KEY(slice_make(big, n), SL("b"));
		struct key c = KEY(slice_make(big, n), SL("")), d = KEY(slice_make(big, n + 1));
		assert_false(key_eq(a, b) || key_eq(a, c) || key_eq(c, d) || key_eq(a, d));
	}
}

static void test_strtab(void **state)
{
	struct strtab *t = strtab_new();
	char text[24];

	(void)state;
	assert_int_equal(strtab_count(t), 1);
	assert_int_equal(strtab_put(t, SL("")), 0);
	assert_int_equal(strtab_find(t, SLICE_NONE), 0);
	assert_int_equal(strtab_get(t, 0).n, 0);
	assert_int_equal(strtab_find(t, SL("user")), UINT32_MAX);
	for (uint32_t i = 1; i <= 20000; i++) {
		snprintf(text, sizeof text, "user%u", i);
		assert_int_equal(strtab_put(t, slice_of(text)), i);
	}
	for (uint32_t i = 1; i <= 20000; i++) {
		snprintf(text, sizeof text, "user%u", i);
		assert_int_equal(strtab_put(t, slice_of(text)), i);
		assert_int_equal(strtab_find(t, slice_of(text)), i);
		assert_string_equal(strtab_get(t, i).p, text); /* NUL follows */
	}
	assert_int_equal(strtab_put(t, slice_make("a\0b", 3)), 20001);
	assert_int_equal(strtab_put(t, slice_make("a\0c", 3)), 20002);
	assert_int_equal(strtab_count(t), 20003);
	assert_int_equal(strtab_get(t, 20003).n, 0); /* unknown number */
	assert_null(strtab_get(t, UINT32_MAX).p);
	strtab_free(t);
	strtab_free(NULL);
}

/* Run again with a given seed: the same numbers, and others with another one. */
static void child_hash(const char *self, const char *seed, char *out, size_t n)
{
	char cmd[512];
	FILE *f;

	if (seed)
		setenv("POSTERN_HASH_SEED", seed, 1);
	else
		unsetenv("POSTERN_HASH_SEED");
	snprintf(cmd, sizeof cmd, "'%s' print", self);
	f = popen(cmd, "r");
	assert_non_null(f);
	assert_non_null(fgets(out, (int)n, f));
	assert_int_equal(pclose(f), 0);
}

static void test_seed(void **state)
{
	const char *self = *state;
	char a[64], b[64], c[64], d[64], e[64];

	child_hash(self, "7", a, sizeof a);
	child_hash(self, "7", b, sizeof b);
	child_hash(self, "8", c, sizeof c);
	child_hash(self, NULL, d, sizeof d);
	child_hash(self, NULL, e, sizeof e);
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	assert_string_not_equal(d, e);
	assert_string_not_equal(d, a);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stable),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_strtab),
		cmocka_unit_test_prestate(test_seed, argv[0]),
	};

	if (argc > 1) {
		printf("%llx\n", (unsigned long long)hash_bytes("abc", 3));
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
