/* test_factor_code.c - codes against the RFCs' own vectors; what people type; base 32; QR codes. */
#include "test_factor.h"

#include <liboath/oath.h>

/* RFC 4226, appendix D. */
static void hotp_vectors(void **state)
{
	static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"};
	struct factor_kind k = {FACTOR_SHA1, 6, 0};
	char out[9];
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		assert_int_equal(factor_code_at(&k, (const uint8_t *)"12345678901234567890", 20, (int64_t)i, out, NULL), 0);
		assert_string_equal(out, codes[i]);
	}
}

/* RFC 6238, appendix B; the seeds of its reference code are as long as the hash. */
static void totp_vectors(void **state)
{
	static const int64_t times[] = {59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000};
	static const char *const codes[][6] = {
		[FACTOR_SHA1] = {"94287082", "07081804", "14050471", "89005924", "69279037", "65353130"},
		[FACTOR_SHA256] = {"46119246", "68084774", "67062674", "91819424", "90698825", "77737706"},
		[FACTOR_SHA512] = {"90693936", "25091201", "99943326", "93441116", "38618901", "47863826"},
	};
	(void)state;
	for (int h = FACTOR_SHA1; h <= FACTOR_SHA512; h++)
		for (size_t i = 0; i < ARRAY_LEN(times); i++)
			for (unsigned digits = 6; digits <= 8; digits++) {
				struct factor_kind k = {(enum factor_hash)h, digits, 30};
				uint8_t seed[SEED_MAX];
				char out[9];
				size_t n = factor_seed_bytes(k.hash);
				for (size_t b = 0; b < n; b++)
					seed[b] = (uint8_t)('0' + (b + 1) % 10);
				assert_int_equal(factor_code_at(&k, seed, n, times[i] / 30, out, NULL), 0);
				assert_string_equal(out, codes[h][i] + (8 - digits)); /* fewer digits are the last ones */
			}
}

static void typed(void **state)
{
	static const struct {
		struct slice in;
		enum typed_kind kind;
		const char *out;
	} rows[] = {
		{SL("123456"), TYPED_DIGITS, "123456"}, {SL(" 123 456\n"), TYPED_DIGITS, "123456"}, {SL("12345678"), TYPED_DIGITS, "12345678"}, {SL("12345"), TYPED_NOTHING, ""},
		{SL("123456789"), TYPED_NOTHING, ""}, {SL(""), TYPED_NOTHING, ""}, {SL("12345a"), TYPED_NOTHING, ""}, {SL("\xef\xbc\x91" "23456"), TYPED_NOTHING, ""},
		{SL("123456\0"), TYPED_NOTHING, ""}, {SL("abcd-efgh-ijkl-mno2"), TYPED_RECOVERY, "ABCDEFGHIJKLMNO2"}, {SL("ABCD EFGH IJKL MN01"), TYPED_RECOVERY, "ABCDEFGHIJKLMNOI"},
		{SL("2345-2345-2345-2345"), TYPED_RECOVERY, "2345234523452345"}, {SL("ABCD-EFGH-IJKL-MNO8"), TYPED_NOTHING, ""}, {SL("ABCD-EFGH-IJKL-MNO"), TYPED_NOTHING, ""},
		{SL("ABCD-EFGH-IJKL-MNOPQ"), TYPED_NOTHING, ""}, {SL("-1"), TYPED_NOTHING, ""}, {SL("+12345"), TYPED_NOTHING, ""},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct typed t = factor_typed(rows[i].in);
		assert_int_equal(t.kind, rows[i].kind);
		assert_int_equal(t.n, strlen(rows[i].out));
		assert_string_equal(t.text, rows[i].out);
	}
	char long_one[10000];
	memset(long_one, ' ', sizeof long_one);
	memcpy(long_one, "123456", 6);
	assert_int_equal(factor_typed(slice_make(long_one, sizeof long_one)).kind, TYPED_NOTHING);
}

static void base32(void **state)
{
	(void)state;
	for (size_t n = 1; n <= SEED_MAX; n++) {
		uint8_t bytes[SEED_MAX];
		struct buf own = {0};
		char *theirs = NULL;
		size_t ntheirs = 0;
		randombytes_buf(bytes, n);
		factor_base32(bytes, n, &own);
		assert_int_equal(oath_base32_encode((const char *)bytes, n, &theirs, &ntheirs), OATH_OK);
		while (ntheirs && theirs[ntheirs - 1] == '=')
			ntheirs--;
		assert_true(slice_eq(buf_slice(&own), slice_make(theirs, ntheirs)));
		free(theirs);
		buf_free(&own);
	}
}

/* The modules of the lines: light is a full block. Each line is two rows. */
static unsigned qr_rows(struct slice text, char rows[256][256], unsigned *width)
{
	unsigned y = 0, x = 0;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == '\n') {
			*width = x;
			x = 0;
			y += 2;
			continue;
		}
		assert_true(x < 256 && y + 1 < 256);
		char kind = c == ' ' ? ' ' : text.p[i + 2];
		rows[y][x] = kind == '\x88' || kind == '\x80' ? 'o' : '#';
		rows[y + 1][x++] = kind == '\x88' || kind == '\x84' ? 'o' : '#';
		i += c == ' ' ? 0 : 2;
	}
	return y;
}

/* The finder patterns in three corners (ISO 18004) say that it is drawn the right way, behind a quiet zone of four. */
static void qr(void **state)
{
	static const char finder[7][8] = {"#######", "#ooooo#", "#o###o#", "#o###o#", "#o###o#", "#ooooo#", "#######"};
	static char rows[256][256], big[2000];
	struct buf out = {0};
	struct err e;
	unsigned width;
	(void)state;
	assert_int_equal(factor_qr(SL("otpauth://totp/Institute:jansen?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Institute"), &out, &e), 0);
	assert_true(slice_utf8(buf_slice(&out)));
	unsigned height = qr_rows(buf_slice(&out), rows, &width), last = width - 8 - 7;
	assert_true(width >= 21 + 8 && (width - 8 - 17) % 4 == 0 && height >= width);
	for (unsigned y = 0; y < 7; y++) {
		assert_memory_equal(rows[4 + y] + 4, finder[y], 7);
		assert_memory_equal(rows[4 + y] + 4 + last, finder[y], 7);
		assert_memory_equal(rows[4 + last + y] + 4, finder[y], 7);
	}
	for (unsigned x = 0; x < width; x++)
		assert_true(rows[0][x] == 'o' && rows[3][x] == 'o' && rows[x][0] == 'o' && rows[x][width - 1] == 'o');
	buf_free(&out);
	memset(big, 'a', sizeof big);
	assert_int_equal(factor_qr(slice_make(big, sizeof big), &out, &e), ERR_LIMIT);
	assert_int_equal(factor_qr(SLICE_NONE, &out, &e), ERR_LIMIT);
	buf_free(&out);
}

static void delays(void **state)
{
	(void)state;
	assert_int_equal(factor_delay(0), 0);
	assert_int_equal(factor_delay(2), 0);
	assert_int_equal(factor_delay(3), 5 * NS_SEC);
	assert_int_equal(factor_delay(4), 10 * NS_SEC);
	assert_int_equal(factor_delay(10), 640 * NS_SEC);
	assert_int_equal(factor_delay(11), 15 * NS_MIN);
	assert_int_equal(factor_delay(INT64_MAX), 15 * NS_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hotp_vectors), cmocka_unit_test(totp_vectors), cmocka_unit_test(typed), cmocka_unit_test(base32), cmocka_unit_test(qr), cmocka_unit_test(delays),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
