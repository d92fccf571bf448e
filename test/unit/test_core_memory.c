/* test_core_memory.c - allocation, vectors, arenas, and what happens when memory is out. */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static jmp_buf out_of_memory;

static void oom(void)
{
	longjmp(out_of_memory, 1);
}

/* Does fn end in core_oom()? */
static bool ooms(void (*fn)(void))
{
	volatile bool hit = false;

	core_set_oom(oom);
	if (setjmp(out_of_memory) == 0)
		fn();
	else
		hit = true;
	core_set_oom(NULL);
	return hit;
}

static struct {
	uint64_t *v;
	size_t n, cap;
} vec;
static struct arena arena;
static void *sink;
static volatile size_t none = 0, most = SIZE_MAX; /* or the compiler sees what is wrong and refuses */

static void product_wraps(void) { sink = xreallocarray(NULL, most / 2, 4); }
static void product_huge(void) { sink = xreallocarray(NULL, most / 4, 3); }
static void vec_wraps(void) { vec_reserve(&vec, most); }
static void vec_product(void) { vec_reserve(&vec, most / 8); }
static void arena_wraps(void) { sink = arena_alloc(&arena, most); }
static void arena_wraps7(void) { sink = arena_alloc(&arena, most - 6); }
static void dup_wraps(void) { sink = (void *)(uintptr_t)slice_dup(&arena, slice_make("", most)).p; }
static void nothing(void) {}

static void test_oom(void **state)
{
	(void)state;
	arena_alloc(&arena, 1);
	*vec_push(&vec) = 1;
	assert_true(ooms(product_wraps));
	assert_true(ooms(product_huge));
	assert_true(ooms(vec_wraps));
	assert_true(ooms(vec_product));
	assert_true(ooms(arena_wraps));
	assert_true(ooms(arena_wraps7)); /* rounding to 8 must not make 0 of it */
	assert_true(ooms(dup_wraps));
	assert_false(ooms(nothing));
	assert_int_equal(vec.n, 1); /* still whole */
	assert_int_equal(vec.v[0], 1);
	free(vec.v);
	arena_free(&arena);
}

static void test_x(void **state)
{
	char *p;

	(void)state;
	p = xmalloc(0);
	assert_non_null(p);
	free(p);
	p = xcalloc(0, 8);
	assert_non_null(p);
	free(p);
	p = xreallocarray(NULL, 0, 8);
	assert_non_null(p);
	p = xreallocarray(p, 3, 4);
	memset(p, 1, 12);
	free(p);
	p = xstrndup("abcdef", 3);
	assert_string_equal(p, "abc");
	free(p);
	p = xstrndup("ab", 30);
	assert_string_equal(p, "ab");
	free(p);
	p = xstrndup(NULL, 0);
	assert_string_equal(p, "");
	free(p);
}

static void test_vec(void **state)
{
	struct {
		uint32_t *v;
		size_t n, cap;
	} v = {0};
	size_t moves = 0, cap = 0;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		*vec_push(&v) = i;
		moves += v.cap != cap;
		cap = v.cap;
	}
	for (uint32_t i = 0; i < 100000; i++)
		assert_int_equal(v.v[i], i);
	assert_in_range(moves, 1, 20); /* amortised */
	vec_reserve(&v, 1000000);
	assert_true(v.cap >= 1100000);
	cap = v.cap;
	vec_reserve(&v, none);
	assert_int_equal(v.cap, cap);
	free(v.v);
}

static void test_arena_small(void **state)
{
	static char *at[20000];
	struct arena a;

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		size_t n = i % 97;
		at[i] = arena_alloc(&a, n);
		assert_non_null(at[i]);
		assert_int_equal((uintptr_t)at[i] % 8, 0);
		memset(at[i], (int)(i & 0xff), n);
	}
	for (size_t i = 0; i < ARRAY_LEN(at); i++)
		for (size_t k = 0; k < i % 97; k++)
			assert_int_equal((unsigned char)at[i][k], i & 0xff);
	assert_true(a.used <= arena_footprint(&a));
	assert_true(a.used >= 48 * ARRAY_LEN(at));
	arena_free(&a);
	assert_int_equal(arena_footprint(&a), 0);
	arena_free(&a);
	arena_free(NULL);
}

static void test_arena_big(void **state)
{
	struct arena a = {0}; /* as good as arena_init */
	char *small, *big, *next;
	size_t before;

	(void)state;
	big = arena_alloc(&a, 3 << 20); /* the first one is big: no normal chunk yet */
	memset(big, 1, 3 << 20);
	small = arena_alloc(&a, 8);
	big = arena_alloc(&a, 2 << 20);
	memset(big, 2, 2 << 20);
	next = arena_alloc(&a, 8);
	assert_ptr_equal(next, small + 8); /* the chunk in use goes on being used */
	arena_reset(&a);
	assert_int_equal(a.used, 0);
	before = arena_footprint(&a);
	assert_in_range(before, 8 << 10, 9 << 10); /* the normal one is kept, the big ones are gone */
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 60; i++)
			memset(arena_alloc(&a, 1000), 3, 1000);
		arena_reset(&a);
		if (round == 0)
			before = arena_footprint(&a); /* grown to what a round needs */
		assert_int_equal(arena_footprint(&a), before); /* steady: no allocation per round */
	}
	for (int i = 0; i < 5000; i++)
		memset(arena_alloc(&a, 1000), 4, 1000);
	arena_reset(&a);
	assert_in_range(arena_footprint(&a), 1 << 20, (1 << 20) + 1024);
	arena_free(&a);
	arena_alloc(&a, 1 << 20);
	arena_reset(&a);
	assert_int_equal(arena_footprint(&a), 0);
	arena_free(&a);
}

static void test_arena_align(void **state)
{
	struct arena a = {0};

	(void)state;
	for (size_t align = 1; align <= 65536; align *= 2)
		for (size_t n = 0; n < 100; n += 33) {
			char *p = arena_grow(&a, n, align);
			memset(p, 5, n);
			assert_int_equal((uintptr_t)p % align, 0);
			assert_int_equal((uintptr_t)arena_alloc(&a, 3) % 8, 0);
		}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oom),         cmocka_unit_test(test_x),         cmocka_unit_test(test_vec),
		cmocka_unit_test(test_arena_small), cmocka_unit_test(test_arena_big), cmocka_unit_test(test_arena_align),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
