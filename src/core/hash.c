/* hash.c - keyed hash for tables, stable hash for ids, compound keys.
 *
 * Method: 16 bytes at a time are multiplied 64 x 64 -> 128 bit and the halves folded together. Both factors carry
 * secret words, so that nobody outside can bring one of them to zero or choose keys that collide.
 * Threads: the secret is drawn before main and only read afterwards.
 */
#include "core/core.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static uint64_t secret[4];

/* Spreads one number over many (splitmix64, public domain constants). */
static uint64_t spread(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void draw_seed(uint64_t *state)
{
	struct timespec now;

	if (getrandom(state, sizeof *state, GRND_NONBLOCK) == (ssize_t)sizeof *state)
		return;
	/* Early boot or a filter that forbids the call: worse, but not the same in each process. */
	clock_gettime(CLOCK_REALTIME, &now);
	*state = (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid() << 20 ^ (uintptr_t)&now;
}

/* A constructor: no test and no lock where bytes are hashed. */
__attribute__((constructor)) static void seed_secret(void)
{
	const char *fixed = secure_getenv("POSTERN_HASH_SEED"); /* tests and fuzzers want the same run twice */
	bool random = fixed == NULL || fixed[0] == '\0';
	uint64_t state = random ? 0 : strtoull(fixed, NULL, 0);

	for (size_t i = 0; i < ARRAY_LEN(secret); i++) {
		uint64_t fresh = 0;
		if (random)
			draw_seed(&fresh);
		state ^= fresh;
		secret[i] = spread(&state);
	}
}

void hash_reseed(uint64_t seed)
{
	for (size_t i = 0; i < ARRAY_LEN(secret); i++)
		secret[i] = spread(&seed);
}

static inline uint64_t fold_mul(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 u128;
	u128 m = (u128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t load8(const unsigned char *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof x);
	return x;
}

static inline uint64_t load4(const unsigned char *p)
{
	uint32_t x;

	memcpy(&x, p, sizeof x);
	return x;
}

enum { WIDE = 64 };

/* Whole pieces of WIDE bytes in four lanes, which do not wait for each other. */
static uint64_t hash_wide(const unsigned char **p, size_t *left)
{
	uint64_t h[4] = {secret[0], secret[1], secret[2], secret[3]};

	for (; *left > WIDE; *left -= WIDE, *p += WIDE)
		for (unsigned k = 0; k < 4; k++)
			h[k] = fold_mul(load8(*p + 16 * k) ^ secret[3 - k], load8(*p + 16 * k + 8) ^ h[k]);
	return fold_mul(h[0] ^ secret[1], h[1]) ^ fold_mul(h[2] ^ secret[2], h[3]);
}

uint64_t hash_bytes(const void *data, size_t n)
{
	const unsigned char *p = data;
	uint64_t h = secret[0], a = 0, b = 0;
	size_t left = n;

	if (likely(n <= 16)) { /* the two words overlap; n, mixed in below, says by how much */
		if (n >= 8) {
			a = load8(p);
			b = load8(p + n - 8);
		} else if (n >= 4) {
			a = load4(p);
			b = load4(p + n - 4);
		} else if (n > 0) {
			a = (uint64_t)p[0] << 16 | (uint64_t)p[n / 2] << 8 | p[n - 1];
		}
	} else {
		if (n > 2 * WIDE)
			h = hash_wide(&p, &left);
		for (; left > 16; left -= 16, p += 16)
			h = fold_mul(load8(p) ^ secret[1], load8(p + 8) ^ h);
		a = load8(p + left - 16);
		b = load8(p + left - 8);
	}
	h = fold_mul(a ^ secret[2], b ^ h);
	return fold_mul(h ^ secret[3], (uint64_t)n ^ secret[1]);
}

uint64_t hash_u64(uint64_t x)
{
	return fold_mul(fold_mul(x ^ secret[0], secret[1]) ^ secret[2], x ^ secret[3]);
}

uint64_t hash_stable(uint64_t h, const void *data, size_t n)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}

/* ---- compound keys ----------------------------------------------------------------------------------------- */

/* A key is its parts, each behind one byte with its length. What does not fit is hashed into the last 8 bytes, so that
 * a hostile long part can neither push the parts after it out of the key nor make two keys alike.
 *
 *   | 5 | a l i c e | 8 | 1 0 . 0 . 0 . 1 |            n < KEY_FULL: lossless
 *   | 200 | ...           | 90 | head of it | hash |   n = sizeof b: full; more parts change the hash alone
 */
enum { KEY_HASH = 8, KEY_PLAIN = sizeof(((struct key *)0)->b) - KEY_HASH };

void key_init(struct key *k)
{
	k->n = 0;
}

static void key_overflow(struct key *k, struct slice part)
{
	uint64_t h = hash_bytes(part.p, part.n), old = 0;

	if (k->n == sizeof k->b) {
		memcpy(&old, k->b + KEY_PLAIN, sizeof old);
	} else {
		size_t room = KEY_PLAIN - k->n;
		memset(k->b + k->n, 0, room);
		if (room > 1) {
			size_t head = MIN(room - 1, part.n);
			k->b[k->n] = (char)(unsigned char)head;
			memcpy(k->b + k->n + 1, part.p, head);
		}
		k->n = sizeof k->b;
	}
	h = hash_mix(hash_mix(old, h), part.n);
	memcpy(k->b + KEY_PLAIN, &h, sizeof h);
}

void key_add(struct key *k, struct slice part)
{
	if (k->n > KEY_PLAIN || KEY_PLAIN - k->n < 1 || KEY_PLAIN - k->n - 1 < part.n) {
		key_overflow(k, part);
		return;
	}
	k->b[k->n++] = (char)(unsigned char)part.n;
	if (part.n)
		memcpy(k->b + k->n, part.p, part.n);
	k->n += part.n;
}
