/* fuzz_factor_typed.c - any bytes as a typed code. What comes out is digits or base 32 of the right length, or nothing; typed again it is
 * the same; and blanks, hyphens and small letters make no difference. */
#include <stdint.h>
#include <stdlib.h>

#include "factor/factor_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool fine(const struct typed *t)
{
	if (t->kind == TYPED_NOTHING)
		return t->n == 0 && t->text[0] == 0;
	if (t->kind == TYPED_DIGITS ? t->n < 6 || t->n > CODE_DIGITS_MAX : t->n != RECOVERY_CHARS)
		return false;
	for (size_t i = 0; i < t->n; i++)
		if (t->kind == TYPED_DIGITS ? t->text[i] < '0' || t->text[i] > '9' : !((t->text[i] >= 'A' && t->text[i] <= 'Z') || (t->text[i] >= '2' && t->text[i] <= '7')))
			return false;
	return t->text[t->n] == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *exact = malloc(size ? size : 1), spaced[4 * RECOVERY_CHARS];
	size_t n = 0;
	if (!exact)
		return 0;
	if (size)
		memcpy(exact, data, size);
	struct typed t = factor_typed(slice_make(exact, size));
	free(exact);
	if (!fine(&t))
		abort();
	struct typed again = factor_typed(slice_make(t.text, t.n));
	if (memcmp(&again, &t, sizeof t) != 0)
		abort();
	for (size_t i = 0; i < t.n; i++) {
		spaced[n++] = t.kind == TYPED_RECOVERY && t.text[i] >= 'A' ? (char)(t.text[i] | 0x20) : t.text[i];
		spaced[n++] = i & 1 ? '-' : ' ';
	}
	again = factor_typed(slice_make(spaced, n));
	if (memcmp(&again, &t, sizeof t) != 0)
		abort();
	return 0;
}
