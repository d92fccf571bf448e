/* code.c - what somebody typed, and the codes of a seed (RFC 4226, RFC 6238) through liboath. */
#include "factor/factor_private.h"

#include <liboath/oath.h>

static const char base32_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void factor_base32(const uint8_t *p, size_t n, struct buf *out)
{
	uint32_t bits = 0;
	unsigned have = 0;
	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | p[i];
		for (have += 8; have >= 5; have -= 5)
			buf_addc(out, base32_digits[bits >> (have - 5) & 31]);
	}
	if (have)
		buf_addc(out, base32_digits[bits << (5 - have) & 31]);
}

/* As a character of a recovery code; people write 0 for O and 1 for I. 0: none. */
static char recovery_char(char c)
{
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == '0' || c == '1')
		return c == '0' ? 'O' : 'I';
	return (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7') ? c : 0;
}

struct typed factor_typed(struct slice text)
{
	struct typed t = {0};
	char raw[RECOVERY_CHARS];
	size_t n = 0;
	bool digits = true, recovery = true;
	for (size_t i = 0; i < text.n && text.n <= FACTOR_TYPED_MAX && n <= RECOVERY_CHARS; i++) {
		char c = text.p[i];
		if (c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n')
			continue;
		digits &= c >= '0' && c <= '9';
		recovery &= recovery_char(c) != 0;
		if (n < RECOVERY_CHARS)
			raw[n] = c;
		n++;
	}
	if (digits && n >= 6 && n <= CODE_DIGITS_MAX)
		t.kind = TYPED_DIGITS;
	else if (recovery && n == RECOVERY_CHARS)
		t.kind = TYPED_RECOVERY;
	t.n = t.kind == TYPED_NOTHING ? 0 : n;
	for (size_t i = 0; i < t.n; i++)
		t.text[i] = t.kind == TYPED_RECOVERY ? recovery_char(raw[i]) : raw[i];
	sodium_memzero(raw, sizeof raw);
	return t;
}

size_t factor_seed_bytes(enum factor_hash h)
{
	static const uint8_t bytes[] = {[FACTOR_SHA1] = 20, [FACTOR_SHA256] = 32, [FACTOR_SHA512] = 64};
	return bytes[h];
}

bool factor_kind_fine(const struct factor_kind *k)
{
	return (unsigned)k->hash <= FACTOR_SHA512 && k->digits >= 6 && k->digits <= CODE_DIGITS_MAX && (k->period == 0 || (k->period >= 15 && k->period <= 300));
}

int factor_code_at(const struct factor_kind *k, const uint8_t *seed, size_t n, int64_t counter, char out[static CODE_DIGITS_MAX + 1], struct err *e)
{
	static const int flags[] = {[FACTOR_SHA1] = 0, [FACTOR_SHA256] = OATH_TOTP_HMAC_SHA256, [FACTOR_SHA512] = OATH_TOTP_HMAC_SHA512};
	/* steps of one second make the time the counter: HOTP with any hash */
	int rc = oath_totp_generate2((const char *)seed, n, (time_t)counter, 1, OATH_TOTP_DEFAULT_START_TIME, k->digits, flags[k->hash], out);
	return rc == OATH_OK ? 0 : err_set(e, ERR_IO, "liboath: %s", oath_strerror(rc));
}
