/* sshkey.c - public keys and certificates: RFC 4253 section 6.6, RFC 5656, PROTOCOL.u2f, PROTOCOL.certkeys of OpenSSH. */
#include "snapshot/sshkey_private.h"

#include <sodium.h>
#include <stdlib.h>

/* Fields of a blob behind its type: 's' text, 'm' number. bits 0: of the field that `size` names. */
static const struct type {
	const char *name, *cert, *fields;
	int64_t bits;
	int size;             /* the field whose length tells the bits; -1 none */
	const char *curve;
	size_t point;         /* bytes of the public point */
} types[] = {
	{"ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", "s", 256, -1, NULL, 32},
	{"ssh-rsa", "ssh-rsa-cert-v01@openssh.com", "mm", 0, 1, NULL, 0},
	{"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ss", 256, -1, "nistp256", 65},
	{"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ss", 384, -1, "nistp384", 97},
	{"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com", "ss", 521, -1, "nistp521", 133},
	{"sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com", "ss", 256, -1, NULL, 32},
	{"sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sss", 256, -1, "nistp256", 65},
	{"ssh-dss", "ssh-dss-cert-v01@openssh.com", "mmmm", 0, 0, NULL, 0},
};

bool sshkey_take(struct slice *s, struct slice *out)
{
	if (s->n < 4)
		return false;
	const unsigned char *p = (const unsigned char *)s->p;
	uint32_t n = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	if (n > s->n - 4)
		return false;
	*out = slice_make(s->p + 4, n);
	*s = slice_from(*s, 4 + (size_t)n);
	return true;
}

static bool take_number(struct slice *s, size_t bytes, uint64_t *out)
{
	*out = 0;
	if (s->n < bytes)
		return false;
	for (size_t i = 0; i < bytes; i++)
		*out = *out << 8 | (unsigned char)s->p[i];
	*s = slice_from(*s, bytes);
	return true;
}

static int64_t bits_of(struct slice number)
{
	while (number.n && number.p[0] == 0)
		number = slice_from(number, 1);
	if (!number.n)
		return 0;
	int64_t bits = (int64_t)number.n * 8;
	for (unsigned char top = (unsigned char)number.p[0]; !(top & 0x80); top = (unsigned char)(top << 1))
		bits--;
	return bits;
}

void sshkey_fingerprint(struct slice blob, char out[static SSHKEY_FINGERPRINT])
{
	unsigned char sum[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(sum, (const unsigned char *)blob.p, blob.n);
	memcpy(out, "SHA256:", 7);
	sodium_bin2base64(out + 7, SSHKEY_FINGERPRINT - 7, sum, sizeof sum, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

void sshkey_put(struct buf *b, struct slice s)
{
	const char head[4] = {(char)(s.n >> 24), (char)(s.n >> 16), (char)(s.n >> 8), (char)s.n};
	buf_add(b, head, sizeof head);
	buf_adds(b, s);
}

static const char *take_fields(struct slice *rest, const struct type *t, int64_t *bits)
{
	struct slice field;
	*bits = t->bits;
	for (int i = 0; t->fields[i]; i++) {
		if (!sshkey_take(rest, &field))
			return "the key ends too early";
		bool curve = t->curve && i == 0, point = t->point && i == (t->curve ? 1 : 0);
		if ((curve && !slice_eqz(field, t->curve)) || (point && field.n != t->point))
			return "the key is not what its type says";
		if (i == t->size)
			*bits = bits_of(field);
	}
	return NULL;
}

/* What follows the key in a certificate: serial, kind, id, principals, times, options, extensions, reserved, authority, signature. */
static const char *take_options(struct slice list, struct sshkey *out)
{
	struct slice name, value, inner;
	while (list.n) {
		if (!sshkey_take(&list, &name) || !sshkey_take(&list, &value))
			return "the certificate's options are cut";
		if (out->noptions == ARRAY_LEN(out->options))
			continue;
		out->option_values[out->noptions] = value.n && sshkey_take(&value, &inner) ? inner : SLICE_NONE;
		out->options[out->noptions++] = name;
	}
	return NULL;
}

static const char *take_certificate(struct slice *rest, struct sshkey *out)
{
	struct slice principals, critical, extensions, reserved, authority, signature;
	uint64_t kind;
	if (!take_number(rest, 8, &out->serial) || !take_number(rest, 4, &kind) || !sshkey_take(rest, &out->key_id) || !sshkey_take(rest, &principals) ||
		!take_number(rest, 8, &out->from) || !take_number(rest, 8, &out->until) || !sshkey_take(rest, &critical) || !sshkey_take(rest, &extensions) ||
		!sshkey_take(rest, &reserved) || !sshkey_take(rest, &authority) || !sshkey_take(rest, &signature))
		return "the certificate ends too early";
	if (kind != 1 && kind != 2)
		return "a certificate that is neither a user's nor a host's";
	out->host = kind == 2;
	while (principals.n) {
		struct slice one;
		if (!sshkey_take(&principals, &one) || out->nprincipals == SSHKEY_NAMES_MAX)
			return "the certificate's principals are cut, or too many";
		out->principals[out->nprincipals++] = one;
	}
	sshkey_fingerprint(authority, out->authority);
	const char *why = take_options(critical, out);
	return why ? why : take_options(extensions, out);
}

static const struct type *type_of(struct slice name, bool *certificate)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		*certificate = slice_eqz(name, types[i].cert);
		if (*certificate || slice_eqz(name, types[i].name))
			return &types[i];
	}
	return NULL;
}

bool sshkey_type(struct slice name)
{
	bool certificate;
	return type_of(name, &certificate) != NULL;
}

const char *sshkey_blob(struct slice blob, struct sshkey *out)
{
	struct slice rest = blob, name, nonce, start;
	struct buf own = {0};
	*out = (struct sshkey){0};
	if (blob.n > SSHKEY_BLOB_MAX)
		return "too large for a key";
	const struct type *t = sshkey_take(&rest, &name) ? type_of(name, &out->certificate) : NULL;
	if (!t)
		return "a type of key that is not known";
	out->type = t->name;
	if (out->certificate && !sshkey_take(&rest, &nonce))
		return "the certificate ends too early";
	start = rest;
	const char *why = take_fields(&rest, t, &out->bits);
	if (why)
		return why;
	sshkey_put(&own, slice_of(t->name));
	buf_add(&own, start.p, start.n - rest.n);
	sshkey_fingerprint(buf_slice(&own), out->fingerprint);
	buf_free(&own);
	if (out->certificate)
		why = take_certificate(&rest, out);
	return why ? why : rest.n ? "bytes follow the key" : NULL;
}

bool sshkey_base64(struct slice text, struct buf *out)
{
	size_t got = 0, room = text.n / 4 * 3 + 4;
	out->n = 0;
	if (text.n > SSHKEY_FILE_MAX)
		return false;
	out->p = xreallocarray(out->p, room, 1);
	out->cap = room;
	if (sodium_base642bin((unsigned char *)out->p, room, text.p, text.n, " \t\r\n", &got, NULL, sodium_base64_VARIANT_ORIGINAL))
		return false;
	out->n = got;
	return got > 0;
}

const char *sshkey_line(struct slice line, struct buf *blob, struct sshkey *out, struct slice *comment)
{
	struct slice type, data, rest = slice_trim(line), name = SLICE_NONE, again;
	*comment = SLICE_NONE;
	if (!slice_word(&rest, &type) || !sshkey_type(type))
		return "a type of key that is not known";
	if (!slice_word(&rest, &data) || !sshkey_base64(data, blob))
		return "the key is no base64";
	*comment = slice_trim(rest);
	again = buf_slice(blob);
	if (!sshkey_take(&again, &name) || !slice_eq(name, type))
		return "the key is not what its type says";
	return sshkey_blob(buf_slice(blob), out);
}

/* ---- hashed known_hosts -------------------------------------------------------------------------------------------------------- */

static uint32_t rotl(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

/* FIPS 180-4 section 6.1.2. */
static void sha1_block(uint32_t h[static 5], const uint8_t *p)
{
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
	for (int i = 16; i < 80; i++)
		w[i] = rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (int i = 0; i < 80; i++) {
		uint32_t f = i < 20 ? ((b & c) | (~b & d)) : i < 40 || i >= 60 ? (b ^ c ^ d) : ((b & c) | (b & d) | (c & d));
		uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
		uint32_t t = rotl(a, 5) + f + e + k + w[i];
		e = d;
		d = c;
		c = rotl(b, 30);
		b = a;
		a = t;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void sshkey_sha1(const void *p, size_t n, uint8_t out[static SSHKEY_SHA1])
{
	uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	const uint8_t *b = p;
	uint8_t last[128] = {0};
	size_t left = n % 64, blocks = n / 64, tail = left < 56 ? 64 : 128;
	for (size_t i = 0; i < blocks; i++)
		sha1_block(h, b + 64 * i);
	if (left)
		memcpy(last, b + 64 * blocks, left);
	last[left] = 0x80;
	for (int i = 0; i < 8; i++)
		last[tail - 1 - (size_t)i] = (uint8_t)((uint64_t)n * 8 >> (8 * i));
	for (size_t i = 0; i < tail; i += 64)
		sha1_block(h, last + i);
	for (int i = 0; i < SSHKEY_SHA1; i++)
		out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

/* RFC 2104; the key is a digest's length, shorter than a block. */
static void hmac_sha1(const uint8_t key[static SSHKEY_SHA1], struct slice text, uint8_t out[static SSHKEY_SHA1])
{
	uint8_t inner[64 + 1024], outer[64 + SSHKEY_SHA1];
	size_t n = MIN(text.n, (size_t)1024);
	for (size_t i = 0; i < 64; i++) {
		uint8_t k = i < SSHKEY_SHA1 ? key[i] : 0;
		inner[i] = k ^ 0x36;
		outer[i] = k ^ 0x5c;
	}
	if (n)
		memcpy(inner + 64, text.p, n);
	sshkey_sha1(inner, 64 + n, outer + 64);
	sshkey_sha1(outer, sizeof outer, out);
}

bool sshkey_is_hashed(struct slice entry)
{
	return slice_starts(entry, SL("|1|"));
}

static bool digest(struct slice s, uint8_t out[static SSHKEY_SHA1])
{
	size_t got = 0;
	return sodium_base642bin(out, SSHKEY_SHA1, s.p, s.n, "", &got, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 && got == SSHKEY_SHA1;
}

bool sshkey_hashed_is(struct slice entry, struct slice name)
{
	uint8_t salt[SSHKEY_SHA1], want[SSHKEY_SHA1], made[SSHKEY_SHA1];
	struct slice head, rest = slice_from(entry, 3);
	if (!sshkey_is_hashed(entry) || !slice_cut(&rest, '|', &head) || !digest(head, salt) || !digest(rest, want))
		return false;
	hmac_sha1(salt, name, made);
	return memcmp(made, want, sizeof made) == 0;
}
