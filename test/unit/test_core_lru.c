/* test_core_lru.c - the bounded map, against a plain model. */
#include "core/core.h"

#include <stdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct log {
	char text[4096];
	size_t n, calls;
};

static void on_evict(void *arg, struct slice key, void *value)
{
	struct log *l = arg;

	l->calls++;
	if (l->n < sizeof l->text - 64)
		l->n += (size_t)snprintf(l->text + l->n, 64, "%.*s=%d ", (int)MIN(key.n, (size_t)20), key.p, *(int *)value);
}

static bool list(void *arg, struct slice key, void *value)
{
	on_evict(arg, key, value);
	return true;
}

static bool list_two(void *arg, struct slice key, void *value)
{
	on_evict(arg, key, value);
	return ((struct log *)arg)->calls < 2;
}

static void set(struct lru *m, const char *key, int x)
{
	bool fresh;
	int *v = lru_put(m, slice_of(key), &fresh);

	if (fresh)
		assert_int_equal(*v, 0);
	*v = x;
}

/* A seat is good as long as its entry stays, and using it counts as use. */
static void test_seat(void **state)
{
	struct lru *m = lru_new(sizeof(int), 2, NULL, NULL);
	struct lru_seat none = {0}, a, b;

	(void)state;
	assert_null(lru_sit(m, none));
	set(m, "a", 1);
	a = lru_seat(lru_get(m, SL("a")));
	set(m, "b", 2);
	b = lru_seat(lru_get(m, SL("b")));
	assert_int_equal(*(int *)lru_sit(m, a), 1); /* b is the oldest now */
	set(m, "c", 3);
	assert_null(lru_get(m, SL("b")));
	assert_null(lru_sit(m, b)); /* c lies where b lay */
	assert_ptr_equal(lru_sit(m, a), lru_get(m, SL("a")));
	lru_del(m, SL("a"));
	assert_null(lru_sit(m, a));
	set(m, "a", 4);
	assert_null(lru_sit(m, a));
	lru_free(m);
}

/* Whoever knows the hash finds the same entry, also under keys that are too long to be kept whole. */
static void test_hashed(void **state)
{
	struct lru *m = lru_new(sizeof(int), 8, NULL, NULL);
	char text[600];
	bool fresh;

	(void)state;
	memset(text, 'x', sizeof text);
	for (size_t n = 0; n < sizeof text; n += 97) {
		struct slice key = slice_make(text, n);
		uint64_t hash = hash_bytes(key.p, key.n);
		void *v = lru_put(m, key, NULL);
		assert_ptr_equal(lru_get_hashed(m, key, hash), v);
		assert_ptr_equal(lru_put_hashed(m, key, hash, &fresh), v);
		assert_false(fresh);
		lru_del(m, key);
		assert_null(lru_get_hashed(m, key, hash));
		v = lru_put_hashed(m, key, hash, &fresh);
		assert_true(fresh);
		assert_ptr_equal(lru_get(m, key), v);
	}
	lru_free(m);
}

static void test_order(void **state)
{
	struct log gone = {0}, seen = {0};
	struct lru *m = lru_new(sizeof(int), 3, on_evict, &gone);
	bool fresh = true;

	(void)state;
	assert_null(lru_get(m, SL("a")));
	set(m, "a", 1);
	set(m, "b", 2);
	set(m, "c", 3);
	assert_int_equal(*(int *)lru_get(m, SL("a")), 1); /* a is the newest now */
	set(m, "d", 4);
	assert_string_equal(gone.text, "b=2 ");
	assert_int_equal(lru_evicted(m), 1);
	assert_int_equal(*(int *)lru_put(m, SL("c"), &fresh), 3);
	assert_false(fresh);
	lru_each(m, list, &seen);
	assert_string_equal(seen.text, "a=1 d=4 c=3 ");
	seen = (struct log){0};
	lru_each(m, list_two, &seen);
	assert_string_equal(seen.text, "a=1 d=4 ");
	lru_del(m, SL("d"));
	lru_del(m, SL("d"));
	assert_string_equal(gone.text, "b=2 d=4 ");
	assert_int_equal(lru_count(m), 2);
	assert_int_equal(lru_evicted(m), 1); /* asked for: nothing was lost */
	set(m, "e", 5);                      /* in the place of d, but zeroed */
	lru_free(m);
	assert_string_equal(gone.text, "b=2 d=4 a=1 c=3 e=5 ");
	lru_free(NULL);
}

static void test_odd_sizes(void **state)
{
	struct lru *one = lru_new(0, 0, NULL, NULL); /* no value, at least one entry */
	struct lru *big = lru_new(100001, 100, NULL, NULL);
	bool fresh;

	(void)state;
	lru_put(one, SL("a"), NULL);
	lru_put(one, SLICE_NONE, &fresh); /* the empty key is a key */
	assert_true(fresh);
	assert_int_equal(lru_count(one), 1);
	assert_null(lru_get(one, SL("a")));
	assert_non_null(lru_get(one, SL("")));
	lru_free(one);
	for (int i = 0; i < 300; i++) {
		char *v = lru_put(big, slice_make((char *)&i, sizeof i), &fresh);
		assert_int_equal((uintptr_t)v % 16, 0);
		assert_int_equal(v[0] | v[100000], 0);
		memset(v, 0xaa, 100001);
	}
	assert_int_equal(lru_count(big), 100);
	assert_int_equal(lru_evicted(big), 200);
	lru_free(big);
}

/* Around the room in the node (40) and the longest key (256); beyond, the rest counts through its hash. */
static void test_long_keys(void **state)
{
	struct log gone = {0};
	struct lru *m = lru_new(sizeof(int), 1000, on_evict, &gone);
	static char key[400];

	(void)state;
	memset(key, 'k', sizeof key);
	for (int n = 0; n <= 400; n++)
		*(int *)lru_put(m, slice_make(key, (size_t)n), NULL) = n;
	assert_int_equal(lru_count(m), 401);
	for (int n = 0; n <= 400; n++)
		assert_int_equal(*(int *)lru_get(m, slice_make(key, (size_t)n)), n);
	key[399] = 'x';
	assert_null(lru_get(m, slice_make(key, 400)));
	lru_del(m, slice_make(key, 300));
	assert_null(lru_get(m, slice_make(key, 300)));
	lru_free(m);
	assert_int_equal(gone.calls, 401);
}

/* A map of 50 beside the simplest thing that behaves the same, for many random steps. */
struct model {
	unsigned key[50];
	int value[50];
	size_t n;
};

static int model_find(const struct model *o, unsigned key)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->key[i] == key)
			return (int)i;
	return -1;
}

static void model_remove(struct model *o, size_t at)
{
	memmove(o->key + at, o->key + at + 1, (o->n - at - 1) * sizeof o->key[0]);
	memmove(o->value + at, o->value + at + 1, (o->n - at - 1) * sizeof o->value[0]);
	o->n--;
}

static void model_front(struct model *o, unsigned key, int value)
{
	if (o->n == 50)
		model_remove(o, 0);
	o->key[o->n] = key;
	o->value[o->n++] = value;
}

static struct slice key_text(unsigned key, char room[300])
{
	size_t n = key % 5 == 0 ? 290 : key % 5 == 1 ? 60 : 8;

	memset(room, '.', n);
	snprintf(room + n - 8, 9, "%08u", key);
	return slice_make(room, n);
}

static void step(struct lru *m, struct model *o, unsigned key, unsigned what, int value)
{
	char room[300];
	struct slice k = key_text(key, room);
	int at = model_find(o, key);
	bool fresh;
	int *v;

	if (what == 0) {
		lru_del(m, k);
		if (at >= 0)
			model_remove(o, (size_t)at);
		return;
	}
	v = what < 3 ? lru_get(m, k) : lru_put(m, k, &fresh);
	if (what < 3 && at < 0) {
		assert_null(v);
		return;
	}
	assert_non_null(v);
	if (what >= 3)
		assert_int_equal(fresh, at < 0);
	assert_int_equal(*v, at >= 0 ? o->value[at] : 0);
	*v = value;
	if (at >= 0)
		model_remove(o, (size_t)at);
	model_front(o, key, value);
}

static void test_model(void **state)
{
	struct lru *m = lru_new(sizeof(int), 50, NULL, NULL);
	struct model o = {.n = 0};
	uint32_t x = 12345;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		x = x * 1664525 + 1013904223;
		step(m, &o, x >> 8 & 127, x >> 20 & 7, i + 1);
		assert_int_equal(lru_count(m), o.n);
	}
	lru_free(m);
}

static void test_many(void **state)
{
	struct lru *m = lru_new(sizeof(uint64_t), 100000, NULL, NULL);

	(void)state;
	for (uint64_t i = 0; i < 300000; i++)
		*(uint64_t *)lru_put(m, slice_make((char *)&i, sizeof i), NULL) = i;
	assert_int_equal(lru_count(m), 100000);
	assert_int_equal(lru_evicted(m), 200000);
	for (uint64_t i = 0; i < 300000; i++) {
		uint64_t *v = lru_get(m, slice_make((char *)&i, sizeof i));
		assert_int_equal(v != NULL, i >= 200000);
		assert_true(v == NULL || *v == i);
	}
	lru_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order), cmocka_unit_test(test_seat), cmocka_unit_test(test_hashed), cmocka_unit_test(test_odd_sizes), cmocka_unit_test(test_long_keys),
		cmocka_unit_test(test_model), cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
