/* test_screen.c - literals in a block, many places at a time, against a look at every place. Where the processor has no such shuffles there is no
 * screen, and nothing to test. */
#include "sigma/screen.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>

enum { LITERALS = 150, TEXT = 400 };

static uint64_t next(uint64_t *x)
{
	*x = *x * 6364136223846793005u + 1442695040888963407u;
	return *x >> 33;
}

static char byte(uint64_t *x)
{
	static const char few[] = "abkAKz/ %\\\xe2\x84\xaa\xc5\xbf\x01\x62\x45?";
	return few[next(x) % (sizeof few - 1)];
}

/* Literals of all lengths from one byte on; few short ones, as in rules. */
static size_t make_literals(uint64_t *x, char (*mem)[24], struct slice *v)
{
	size_t n = 1 + next(x) % LITERALS;
	for (size_t i = 0; i < n; i++) {
		size_t len = i < 4 ? 1 + next(x) % 3 : 4 + next(x) % 20;
		for (size_t k = 0; k < len; k++)
			mem[i][k] = byte(x);
		v[i] = slice_make(mem[i], len);
	}
	return n;
}

struct seen {
	struct slice text;
	uint8_t at[TEXT];
	size_t last, n;
};

static void on_place(void *arg, size_t at)
{
	struct seen *s = arg;
	assert_true(at < s->text.n);
	assert_true(s->n == 0 || at > s->last);
	s->last = at;
	s->at[at] = 1;
	s->n++;
}

/* Every literal that stands somewhere has a place reported within it, and every place reported lies in one. */
static void compare(const struct screen *s, const struct slice *v, size_t n, struct slice text)
{
	struct seen seen = {.text = text};
	uint8_t covered[TEXT] = {0};
	screen_scan(s, text, on_place, &seen);
	for (size_t i = 0; i < n; i++)
		for (size_t at = 0; at + v[i].n <= text.n; at++) {
			if (!slice_istarts(slice_from(text, at), v[i]))
				continue;
			bool told = false;
			for (size_t k = 0; k < v[i].n; k++) {
				told |= seen.at[at + k];
				covered[at + k] = 1;
			}
			assert_true(told);
		}
	for (size_t at = 0; at < text.n; at++)
		assert_true(!seen.at[at] || covered[at]);
}

/* Elsewhere the matcher looks for marks, and test_marks looks at it. */
static void need_screen(void)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi"))
		return;
#endif
	print_message("no AVX-512 VBMI: nothing to test\n");
	skip();
}

static void test_random(void **state)
{
	static char mem[LITERALS + 1][24];
	struct slice v[LITERALS + 1];
	unsigned made = 0;
	(void)state;
	need_screen();
	for (unsigned seed = 1; seed < 1500; seed++) {
		uint64_t x = seed;
		size_t n = make_literals(&x, mem, v);
		struct screen *s = screen_new(v, n);
		for (unsigned rounds = 8; s && rounds--;) {
			size_t len = next(&x) % TEXT;
			char *text = xmalloc(MAX(len, (size_t)1)); /* of exactly its size: reading past it is seen */
			for (size_t i = 0; i < len; i++)
				text[i] = byte(&x);
			for (unsigned i = 0; i < 3; i++) {
				const struct slice lit = v[next(&x) % n];
				if (lit.n <= len)
					memcpy(text + next(&x) % (len - lit.n + 1), lit.p, lit.n);
			}
			compare(s, v, n, slice_make(text, len));
			free(text);
		}
		made += s != NULL;
		screen_free(s);
	}
	assert_true(made > 100);
}

/* What cannot be rare, or may lie across lines, is left to the matcher. */
static void test_refused(void **state)
{
	const struct slice lines = SL("a\nbcdef"), empty = SL("");
	struct slice many[200];
	static char letters[200];
	(void)state;
	need_screen();
	for (size_t i = 0; i < ARRAY_LEN(many); i++) {
		letters[i] = (char)('a' + i % 26);
		many[i] = slice_make(&letters[i], 1);
	}
	assert_null(screen_new(&lines, 1));
	assert_null(screen_new(&empty, 1));
	assert_null(screen_new(many, 0));
	assert_null(screen_new(many, ARRAY_LEN(many)));
	screen_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
