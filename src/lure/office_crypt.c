/* office_crypt.c - opening what is encrypted with a password everybody has: the standard one of write-protected workbooks ("VelvetSweatshop"), and the words of the
 * message it came in. ECMA-376 standard and agile encryption, RC4 of .xls and .doc (MS-OFFCRYPTO). No other password is guessed. */
#include "lure/office_private.h"

#include <openssl/evp.h>

enum { SPIN_MAX = 1000000, HASH_MAX = 64, SEGMENT = 4096, RC4_BLOCK = 1024, PASSWORD_MAX = 64 };
static const char standard_password[] = "VelvetSweatshop";

struct hasher { EVP_MD_CTX *ctx; size_t n; };

static bool hasher_start(struct hasher *h, const EVP_MD *md)
{
	*h = (struct hasher){EVP_MD_CTX_new(), (size_t)EVP_MD_get_size(md)};
	if (h->ctx && EVP_DigestInit_ex(h->ctx, md, NULL) == 1)
		return true;
	EVP_MD_CTX_free(h->ctx);
	return false;
}

/* H(a + b); out may be a or b. */
static bool hash2(struct hasher *h, struct slice a, struct slice b, uint8_t out[HASH_MAX])
{
	/* Without naming the digest again: that is looked up under a lock, a hundred thousand times */
	return EVP_DigestInit_ex(h->ctx, NULL, NULL) == 1 && EVP_DigestUpdate(h->ctx, a.p ? a.p : "", a.n) == 1 && EVP_DigestUpdate(h->ctx, b.p ? b.p : "", b.n) == 1
	       && EVP_DigestFinal_ex(h->ctx, out, NULL) == 1;
}

static struct slice bytes_of(const void *p, size_t n) { return slice_make(p, n); }

static void put32(uint8_t to[4], uint32_t n)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(n >> (8 * i));
}

/* Password characters as UTF-16; passwords of messages beyond the BMP are none. */
static size_t wide_password(struct slice w, uint8_t to[PASSWORD_MAX * 2])
{
	size_t n = 0;
	for (size_t i = 0; i < w.n && n + 2 <= PASSWORD_MAX * 2;) {
		uint32_t c = (uint8_t)w.p[i++], more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
		c = more == 2 ? c & 15 : more == 1 ? c & 31 : c;
		for (; more && i < w.n; more--)
			c = c << 6 | ((uint8_t)w.p[i++] & 63);
		to[n++] = (uint8_t)c;
		to[n++] = (uint8_t)(c >> 8);
	}
	return n;
}

static bool spin(struct lure *l, struct hasher *h, struct slice salt, struct slice password, uint32_t turns, uint8_t out[HASH_MAX])
{
	uint8_t wide[PASSWORD_MAX * 2], count[4];
	size_t n = wide_password(password, wide);
	if (turns > SPIN_MAX || !hash2(h, salt, bytes_of(wide, n), out))
		return false;
	for (uint32_t i = 0; i < turns; i++) {
		put32(count, i);
		if ((i % 1024 == 0 && lure_stop(l)) || !hash2(h, bytes_of(count, 4), bytes_of(out, h->n), out))
			return false;
	}
	return true;
}

/* AES without padding; whole blocks of in only. */
static bool aes(bool cbc, size_t bits, const uint8_t *key, const uint8_t *iv, struct slice in, uint8_t *out)
{
	const EVP_CIPHER *c = bits == 128 ? (cbc ? EVP_aes_128_cbc() : EVP_aes_128_ecb()) : bits == 192 ? (cbc ? EVP_aes_192_cbc() : EVP_aes_192_ecb()) : bits == 256 ? (cbc ? EVP_aes_256_cbc() : EVP_aes_256_ecb()) : NULL;
	EVP_CIPHER_CTX *ctx = c ? EVP_CIPHER_CTX_new() : NULL;
	int n = 0;
	bool ok = ctx && EVP_DecryptInit_ex(ctx, c, NULL, key, iv) == 1 && EVP_CIPHER_CTX_set_padding(ctx, 0) == 1
		  && EVP_DecryptUpdate(ctx, out, &n, (const unsigned char *)in.p, (int)(in.n & ~(size_t)15)) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* ---- standard encryption: AES in ECB, SHA-1, 50,000 turns ------------------------------------------------------------------------ */
static struct slice open_standard(struct office *o, struct slice info, struct slice package, struct slice password)
{
	struct hasher h;
	uint8_t hash[HASH_MAX], pad[64], key[HASH_MAX * 2], verifier[16], said[32], zero[4] = {0};
	size_t header = le32(info, 8);
	uint32_t bits = le32(info, 12 + 16);
	struct slice v = slice_from(info, 12 + header), plain = SLICE_NONE;
	if (v.n < 4 + 16 + 16 + 4 + 32 || le32(v, 0) != 16 || !hasher_start(&h, EVP_sha1()))
		return plain;
	if (!spin(o->l, &h, slice_sub(v, 4, 16), password, 50000, hash) || !hash2(&h, bytes_of(hash, h.n), bytes_of(zero, 4), hash))
		goto out;
	for (int half = 0; half < 2; half++) {
		memset(pad, half ? 0x5c : 0x36, sizeof(pad));
		for (size_t i = 0; i < h.n; i++)
			pad[i] ^= hash[i];
		if (!hash2(&h, bytes_of(pad, sizeof(pad)), SLICE_NONE, key + (size_t)half * h.n))
			goto out;
	}
	if (!aes(false, bits, key, NULL, slice_sub(v, 20, 16), verifier) || !aes(false, bits, key, NULL, slice_sub(v, 40, 32), said) || !hash2(&h, bytes_of(verifier, 16), SLICE_NONE, hash)
	    || memcmp(hash, said, h.n) != 0)
		goto out;
	struct slice data = slice_from(package, 8);
	char *to = office_take(o, data.n, "EncryptedPackage");
	if (to && aes(false, bits, key, NULL, data, (uint8_t *)to))
		plain = slice_make(to, (size_t)MIN(le64(package, 0), (uint64_t)(data.n & ~(size_t)15)));
out:
	EVP_MD_CTX_free(h.ctx);
	return plain;
}

/* ---- agile encryption: what it uses stands in XML ---------------------------------------------------------------------------------- */
struct agile_key { struct slice salt; uint32_t block, bits; const EVP_MD *md; bool cbc; };
struct agile { struct agile_key data, password; uint32_t turns; struct slice input, value, key; };

static const EVP_MD *md_of(struct slice name)
{
	return slice_eqz(name, "SHA512") ? EVP_sha512() : slice_eqz(name, "SHA384") ? EVP_sha384() : slice_eqz(name, "SHA256") ? EVP_sha256() : slice_eqz(name, "SHA1") || slice_eqz(name, "SHA-1") ? EVP_sha1()
	       : slice_eqz(name, "MD5") ? EVP_md5() : NULL;
}

static uint32_t attr_number(const struct xml *x, const char *name)
{
	uint64_t n;
	return slice_u64(xml_attr(x, name), UINT32_MAX, &n) ? (uint32_t)n : 0;
}

static void agile_key(struct office *o, const struct xml *x, struct agile_key *k)
{
	*k = (struct agile_key){.salt = base64_bytes(o->l, xml_attr(x, "saltValue")), .block = attr_number(x, "blockSize"), .bits = attr_number(x, "keyBits"), .md = md_of(xml_attr(x, "hashAlgorithm")),
				.cbc = slice_eqz(xml_attr(x, "cipherAlgorithm"), "AES") && slice_eqz(xml_attr(x, "cipherChaining"), "ChainingModeCBC")};
}

static bool agile_usable(const struct agile_key *k) { return k->cbc && k->md && k->block == 16 && (k->bits == 128 || k->bits == 192 || k->bits == 256) && k->salt.n; }

static bool read_agile(struct office *o, struct slice xml, struct agile *a)
{
	struct xml x;
	*a = (struct agile){0};
	xml_start(&x, o, xml);
	for (enum xml_event e; (e = xml_next(&x)) != XML_END;) {
		if (e != XML_OPEN)
			continue;
		if (slice_eqz(x.name, "keyData")) {
			agile_key(o, &x, &a->data);
		} else if (slice_eqz(x.name, "encryptedKey")) {
			agile_key(o, &x, &a->password);
			a->turns = attr_number(&x, "spinCount");
			a->input = base64_bytes(o->l, xml_attr(&x, "encryptedVerifierHashInput"));
			a->value = base64_bytes(o->l, xml_attr(&x, "encryptedVerifierHashValue"));
			a->key = base64_bytes(o->l, xml_attr(&x, "encryptedKeyValue"));
		}
	}
	return agile_usable(&a->data) && agile_usable(&a->password) && a->key.n >= a->data.bits / 8 && a->key.n <= HASH_MAX && a->input.n <= HASH_MAX && a->value.n <= HASH_MAX;
}

/* One of the three small values that are encrypted with keys made of the password's hash. */
static bool agile_value(struct hasher *h, const struct agile_key *k, const uint8_t spun[HASH_MAX], struct slice block, struct slice in, uint8_t out[HASH_MAX])
{
	uint8_t key[HASH_MAX], iv[16] = {0};
	memset(key, 0x36, sizeof(key));
	memcpy(iv, k->salt.p, MIN(k->salt.n, sizeof(iv)));
	return hash2(h, bytes_of(spun, h->n), block, key) && (memset(key + h->n, 0x36, sizeof(key) - h->n), true) && aes(true, k->bits, key, iv, in, out);
}

static struct slice agile_data(struct office *o, const struct agile *a, const uint8_t *key, struct slice package)
{
	struct hasher h;
	uint8_t iv[HASH_MAX], count[4];
	struct slice data = slice_from(package, 8);
	char *to = office_take(o, data.n, "EncryptedPackage");
	if (!to || !hasher_start(&h, a->data.md))
		return SLICE_NONE;
	size_t n = 0;
	for (uint32_t i = 0; n < data.n; i++) {
		struct slice part = slice_sub(data, n, SEGMENT);
		put32(count, i);
		memset(iv, 0x36, sizeof(iv));
		if (part.n < 16 || lure_stop(o->l) || !hash2(&h, a->data.salt, bytes_of(count, 4), iv) || !aes(true, a->data.bits, key, iv, part, (uint8_t *)to + n))
			break;
		n += part.n & ~(size_t)15;
	}
	EVP_MD_CTX_free(h.ctx);
	return slice_make(to, (size_t)MIN(le64(package, 0), (uint64_t)n));
}

static struct slice open_agile(struct office *o, const struct agile *a, struct slice package, struct slice password)
{
	static const char for_input[] = "\xfe\xa7\xd2\x76\x3b\x4b\x9e\x79", for_value[] = "\xd7\xaa\x0f\x6d\x30\x61\x34\x4e", for_key[] = "\x14\x6e\x0b\xe7\xab\xac\xd0\xd6";
	uint8_t spun[HASH_MAX], input[HASH_MAX] = {0}, value[HASH_MAX] = {0}, key[HASH_MAX] = {0};
	struct hasher h;
	if (!hasher_start(&h, a->password.md))
		return SLICE_NONE;
	bool ok = spin(o->l, &h, a->password.salt, password, a->turns, spun) && agile_value(&h, &a->password, spun, bytes_of(for_input, 8), a->input, input)
		  && agile_value(&h, &a->password, spun, bytes_of(for_value, 8), a->value, value) && hash2(&h, bytes_of(input, MIN(a->password.salt.n, sizeof(input))), SLICE_NONE, input)
		  && memcmp(input, value, MIN(h.n, a->value.n)) == 0 && a->value.n >= 16 && agile_value(&h, &a->password, spun, bytes_of(for_key, 8), a->key, key);
	EVP_MD_CTX_free(h.ctx);
	return ok ? agile_data(o, a, key, package) : SLICE_NONE;
}

struct slice crypt_package(struct office *o, struct slice info, struct slice package, int *which)
{
	const struct slice *words;
	size_t n = lure_passwords(o->l, &words);
	struct agile a;
	bool agile = le16(info, 0) == 4 && le16(info, 2) == 4, standard = le16(info, 2) == 2 && le32(info, 12 + 8) >= 0x660e && le32(info, 12 + 8) <= 0x6610;
	if ((agile && !read_agile(o, slice_from(info, 8), &a)) || (!agile && !standard) || package.n < 24)
		return SLICE_NONE;
	for (*which = -1; *which < (int)n && !lure_stop(o->l); ++*which) {
		struct slice word = *which < 0 ? slice_of(standard_password) : words[*which];
		struct slice plain = agile ? open_agile(o, &a, package, word) : open_standard(o, info, package, word);
		if (plain.n)
			return plain;
	}
	return SLICE_NONE;
}

/* ---- .xls and .doc: RC4 with keys that change every 1,024 and 512 bytes --------------------------------------------------------------------------------- */
struct rc4 { uint8_t s[256], i, j; };

static void rc4_key(struct rc4 *r, const uint8_t *key, size_t n)
{
	uint8_t j = 0, t;
	for (int i = 0; i < 256; i++)
		r->s[i] = (uint8_t)i;
	for (int i = 0; i < 256; i++) {
		j = (uint8_t)(j + r->s[i] + key[(size_t)i % n]);
		t = r->s[i];
		r->s[i] = r->s[j];
		r->s[j] = t;
	}
	r->i = r->j = 0;
}

static void rc4_apply(struct rc4 *r, const char *in, char *out, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		uint8_t t = r->s[++r->i];
		r->j = (uint8_t)(r->j + t);
		r->s[r->i] = r->s[r->j];
		r->s[r->j] = t;
		out[k] = (char)((uint8_t)in[k] ^ r->s[(uint8_t)(t + r->s[r->i])]);
	}
}

struct xls_key { struct hasher h; uint8_t base[HASH_MAX]; size_t bits; bool api; };

static bool block_key(struct xls_key *k, uint32_t block, struct rc4 *r)
{
	uint8_t count[4], key[HASH_MAX];
	put32(count, block);
	if (!hash2(&k->h, bytes_of(k->base, k->api ? k->h.n : 5), bytes_of(count, 4), key))
		return false;
	if (k->api && k->bits == 40)
		memset(key + 5, 0, 11);
	rc4_key(r, key, k->api && k->bits > 40 ? k->bits / 8 : 16);
	return true;
}

/* The key that a password makes, if its verifier agrees. */
static bool try_key(struct xls_key *k, struct slice fp, struct slice password)
{
	uint8_t wide[PASSWORD_MAX * 2], hash[HASH_MAX];
	char plain[16 + 20], often[16 * 21];
	size_t n = wide_password(password, wide);
	struct slice v = k->api ? slice_from(fp, 6 + 8 + (size_t)le32(fp, 10)) : slice_from(fp, 6);
	struct slice salt = slice_sub(v, k->api ? 4 : 0, 16), verifier = slice_sub(v, k->api ? 20 : 16, 16), said = slice_sub(v, k->api ? 40 : 32, k->h.n);
	struct rc4 r;
	if (said.n < k->h.n)
		return false;
	if (k->api) {
		if (!hash2(&k->h, salt, bytes_of(wide, n), k->base))
			return false;
	} else {
		if (!hash2(&k->h, bytes_of(wide, n), SLICE_NONE, hash))
			return false;
		for (size_t i = 0; i < 16; i++) {
			memcpy(often + i * 21, hash, 5);
			memcpy(often + i * 21 + 5, salt.p, 16);
		}
		if (!hash2(&k->h, bytes_of(often, sizeof(often)), SLICE_NONE, k->base))
			return false;
	}
	if (!block_key(k, 0, &r))
		return false;
	rc4_apply(&r, verifier.p, plain, 16);
	rc4_apply(&r, said.p, plain + 16, k->h.n);
	return hash2(&k->h, bytes_of(plain, 16), SLICE_NONE, hash) && memcmp(hash, plain + 16, k->h.n) == 0;
}

/* Headers of records, and some records, are not encrypted, but count. */
static void keep_plain(struct slice s, char *to)
{
	for (size_t at = 0; at + 4 <= s.n;) {
		uint16_t type = le16(s, at), n = le16(s, at + 2);
		size_t plain = type == 0x809 || type == 0x2f || type == 0xe1 || type == 0x194 || type == 0x195 || type == 0x196 || type == 0x138 ? n : type == 0x85 ? 4 : 0;
		plain = MIN(plain + 4, s.n - at);
		memcpy(to + at, s.p + at, plain);
		at += 4 + (size_t)n;
	}
}

static struct slice open_xor(struct office *o, struct slice s, struct slice fp, int *which)
{
	const struct slice *words;
	size_t n = lure_passwords(o->l, &words);
	for (*which = -1; *which < (int)n; ++*which) {
		struct slice word = *which < 0 ? slice_of(standard_password) : words[*which];
		char *to = xor_opens(fp, word) ? office_take(o, s.n, "Workbook") : NULL;
		if (!to)
			continue;
		memcpy(to, s.p, s.n);
		xor_workbook(s, word, to);
		keep_plain(s, to);
		return slice_make(to, s.n);
	}
	return SLICE_NONE;
}

/* Which of the words opens it. fp: kind, version, what belongs to it. */
static bool find_key(struct office *o, struct slice fp, struct xls_key *k, int *which)
{
	const struct slice *words;
	size_t n = lure_passwords(o->l, &words);
	*k = (struct xls_key){.api = le16(fp, 4) == 2 && le16(fp, 2) >= 2, .bits = 40};
	if (k->api && le32(fp, 14 + 16))
		k->bits = le32(fp, 14 + 16);
	if (le16(fp, 0) != 1 || (!k->api && le16(fp, 2) != 1) || k->bits > 128 || k->bits < 40 || !hasher_start(&k->h, k->api ? EVP_sha1() : EVP_md5()))
		return false;
	bool found = false;
	for (*which = -1; !found && *which < (int)n; ++*which)
		found = try_key(k, fp, *which < 0 ? slice_of(standard_password) : words[*which]);
	--*which;
	if (!found)
		EVP_MD_CTX_free(k->h.ctx);
	return found;
}

/* NULL: no room for it. */
static char *apply_key(struct office *o, struct xls_key *k, struct slice s, size_t block, const char *where)
{
	char *to = office_take(o, s.n, where);
	for (size_t from = 0; to && from < s.n; from += block) {
		struct rc4 r;
		if (!block_key(k, (uint32_t)(from / block), &r))
			break;
		rc4_apply(&r, s.p + from, to + from, MIN(block, s.n - from));
	}
	return to;
}

struct slice crypt_workbook(struct office *o, struct slice s, struct slice fp, int *which)
{
	struct xls_key k;
	if (fp.n == 4 || le16(fp, 0) == 0)
		return open_xor(o, s, fp, which);
	if (!find_key(o, fp, &k, which))
		return SLICE_NONE;
	char *to = apply_key(o, &k, s, RC4_BLOCK, "Workbook");
	if (to)
		keep_plain(s, to);
	EVP_MD_CTX_free(k.h.ctx);
	return to ? slice_make(to, s.n) : SLICE_NONE;
}

bool crypt_word(struct office *o, struct slice *doc, struct slice *table, int *which)
{
	enum { DOC_BLOCK = 512, DOC_PLAIN = 68 /* of the document's head */, HEAD_MOST = 1024 };
	struct slice head = slice_to(*table, MIN((size_t)le32(*doc, 14), (size_t)HEAD_MOST));
	char fp[HEAD_MOST + 2] = {1, 0};
	struct xls_key k;
	memcpy(fp + 2, head.n ? head.p : "", head.n);
	if (!find_key(o, slice_make(fp, head.n + 2), &k, which))
		return false;
	char *d = apply_key(o, &k, *doc, DOC_BLOCK, "WordDocument"), *t = d ? apply_key(o, &k, *table, DOC_BLOCK, "Table") : NULL;
	if (d)
		memcpy(d, doc->p, MIN(doc->n, (size_t)DOC_PLAIN));
	EVP_MD_CTX_free(k.h.ctx);
	if (!t)
		return false;
	*doc = slice_make(d, doc->n);
	*table = slice_make(t, table->n);
	return true;
}

void crypt_said(struct office *o, bool opened, int which, const char *where)
{
	office_found(o, IND_OFFICE_ENCRYPTED, where, opened ? SL("opened") : SL("no password known"));
	if (opened && which < 0)
		office_found(o, IND_OFFICE_STANDARD_PASSWORD, where, SL("opens without asking: the password is the one Excel tries by itself"));
	else if (opened)
		office_found(o, IND_OFFICE_PASSWORD_IN_MESSAGE, where, SL("a word of the message opens it"));
	else
		lure_child(o->l, o->id, &(struct lure_child){.how = LURE_EMBEDDED, .name = slice_of(where), .encrypted = true});
}
