/* test_sigma_literals.c - the literals found in a text against a plain search, and what is remembered of values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sigma/literals.h"
#include "sigma/memo.h"

enum { LITERALS_MOST = 400, TEXT_MOST = 700 };

/* xorshift64*: the same sets on every machine. */
static uint64_t rng_state = 88172645463325252u;

static uint32_t rnd(uint32_t below)
{
	rng_state ^= rng_state >> 12;
	rng_state ^= rng_state << 25;
	rng_state ^= rng_state >> 27;
	return (uint32_t)((rng_state * 2685821657736338717u) >> 33) % below;
}

static void make_text(char *p, size_t n, const char *letters)
{
	for (size_t i = 0; i < n; i++)
		p[i] = letters[rnd((uint32_t)strlen(letters))];
}

static bool note(void *arg, uint32_t id)
{
	bool *seen = arg;
	seen[id == LITSET_HIDDEN ? LITERALS_MOST : id] = true;
	return false;
}

static bool plain_has(struct slice text, struct slice literal, bool json)
{
	return json ? slice_ifind(text, literal) >= 0 : slice_find(text, literal) >= 0;
}

static bool plain_hidden(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (slice_starts(slice_from(s, i), SL("\xe2\x84\xaa")) || slice_starts(slice_from(s, i), SL("\xc5\xbf")))
			return true;
		if (s.p[i] != '\\')
			continue;
		if (i + 1 < s.n && s.p[i + 1] == 'u')
			return true;
		if (i + 1 < s.n && s.p[i + 1] == '\\')
			i++;
	}
	return false;
}

static void check_texts(const struct litset *s, const struct slice *lits, size_t n, bool json)
{
	static bool seen[LITERALS_MOST + 1];
	static const size_t sizes[] = {0, 1, 3, 7, 20, 47, 48, 49, 63, 64, 65, 66, 95, 130, 300, TEXT_MOST};
	char text[TEXT_MOST];
	for (int round = 0; round < 60; round++) {
		size_t size = sizes[rnd(ARRAY_LEN(sizes))];
		make_text(text, size, json ? "abABkK:\\ut\xe2\x84\xaa\xc5\xbf" : "abc:\\k");
		if (size > 40) { /* a literal in it, and one that is cut at its end */
			struct slice a = lits[rnd((uint32_t)n)], b = lits[rnd((uint32_t)n)];
			memcpy(text + rnd((uint32_t)(size - a.n)), a.p, a.n);
			size_t part = b.n - rnd(2);
			memcpy(text + size - part, b.p, part);
		}
		memset(seen, 0, sizeof seen);
		struct slice t = slice_make(text, size);
		char *exact = malloc(size + 1); /* so that a byte read behind it is seen */
		assert_non_null(exact);
		memcpy(exact, text, size);
		t = slice_make(realloc(exact, size ? size : 1), size);
		assert_false(litset_scan(s, t, note, seen));
		for (size_t i = 0; i < n; i++)
			if (seen[i] != plain_has(t, lits[i], json))
				fail_msg("literal %zu \"%.*s\" %s in \"%.*s\"", i, SLFMT(lits[i]), seen[i] ? "found" : "not found", SLFMT(t));
		assert_int_equal(seen[LITERALS_MOST], json && plain_hidden(t));
		free((char *)(uintptr_t)t.p);
	}
}

static void literals_are_found_as_plainly(void **state)
{
	static const struct { size_t n, shortest, longest; } kinds[] = {
		{1, 1, 3}, {1, 8, 20}, {3, 2, 6}, {20, 4, 30}, {64, 4, 12}, {65, 4, 12}, {70, 7, 40}, {300, 11, 40}, {300, 1, 40}, {LITERALS_MOST, 4, 6},
	};
	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
		for (int json = 0; json < 2; json++)
			for (int round = 0; round < 9; round++) {
				static char memory[LITERALS_MOST][40];
				struct slice lits[LITERALS_MOST];
				struct litset *s = litset_new(json);
				for (size_t i = 0; i < kinds[k].n; i++) {
					size_t n = kinds[k].shortest + rnd((uint32_t)(kinds[k].longest - kinds[k].shortest + 1));
					n = MIN(n, sizeof memory[i]);
					make_text(memory[i], n, "abk:");
					lits[i] = slice_make(memory[i], n);
					litset_add(s, lits[i], (uint32_t)i);
				}
				litset_seal(s);
				if (round % 3)
					litset_limit(s, round % 3 == 1 ? 32 : 1);
				check_texts(s, lits, kinds[k].n, json);
				litset_free(s);
			}
}

static bool stop(void *arg, uint32_t id)
{
	(void)id;
	++*(int *)arg;
	return true;
}

static void the_first_can_be_enough(void **state)
{
	struct litset *s = litset_new(false);
	int told = 0;
	(void)state;
	litset_add(s, SL("abcd"), 0);
	litset_seal(s);
	assert_true(litset_scan(s, SL("abcd abcd abcd abcd abcd abcd abcd abcd abcd abcd abcd abcd"), stop, &told));
	assert_true(litset_scan(s, SL("abcdabcd"), stop, &told));
	assert_int_equal(told, 2);
	litset_free(s);
}

static void values_are_kept_the_second_time(void **state)
{
	struct memo *m = memo_new();
	struct memo_range r[2] = {{7, 1}, {9, 3}};
	size_t n = 0;
	(void)state;
	memo_put(m, 3, 12345, SL("value"), r, 2);
	assert_null(memo_get(m, 3, 12345, SL("value"), &n));
	memo_put(m, 3, 12345, SL("value"), r, 2);
	const struct memo_range *got = memo_get(m, 3, 12345, SL("value"), &n);
	assert_non_null(got);
	assert_int_equal(n, 2);
	assert_memory_equal(got, r, sizeof r);
	assert_null(memo_get(m, 4, 12345, SL("value"), &n)); /* of another index */
	assert_null(memo_get(m, 3, 12345, SL("valuf"), &n)); /* the same hash is not the same value */
	memo_free(m);
}

static void a_full_memory_is_never_wrong(void **state)
{
	struct memo *m = memo_new();
	size_t kept = 0;
	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		char text[64];
		unsigned v = rnd(60000);
		size_t len = (size_t)snprintf(text, sizeof text, "value %u", v), n = 0;
		struct memo_range r = {v, 1};
		struct slice s = slice_make(text, len);
		const struct memo_range *got = memo_get(m, v % 5, hash_bytes(text, len), s, &n);
		if (got) {
			kept++;
			assert_int_equal(n, 1);
			assert_int_equal(got->first, v);
		} else {
			memo_put(m, v % 5, hash_bytes(text, len), s, &r, 1);
		}
	}
	assert_true(kept > 1000);
	memo_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals_are_found_as_plainly), cmocka_unit_test(the_first_can_be_enough),
		cmocka_unit_test(values_are_kept_the_second_time), cmocka_unit_test(a_full_memory_is_never_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
