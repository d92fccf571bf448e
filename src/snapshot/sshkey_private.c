/* sshkey_private.c - private keys by their content: of which kind, encrypted or not, and the public half where it can be told.
 *
 * PROTOCOL.key of OpenSSH, PEM (RFC 1421, RFC 8017, RFC 5915), PKCS#8 (RFC 5208, RFC 8410), PuTTY's own. What is decoded is wiped. */
#include "snapshot/sshkey_private.h"

#include <sodium.h>
#include <stdio.h>

static void put_public(struct sshkey_private *out, struct slice blob)
{
	struct sshkey *k = xcalloc(1, sizeof *k);
	if (!sshkey_blob(blob, k) && !k->certificate) {
		out->bits = k->bits;
		snprintf(out->type, sizeof out->type, "%s", k->type);
		snprintf(out->fingerprint, sizeof out->fingerprint, "%s", k->fingerprint);
	}
	free(k);
}

static void put_comment(struct sshkey_private *out, struct slice s)
{
	s = slice_to(s, sizeof out->comment - 1);
	if (s.n)
		memcpy(out->comment, s.n ? s.p : "", s.n);
	out->comment[s.n] = 0;
}

/* The comment behind an open private part: check, check, type, fields as the table has them ('s' text, 'b' a byte), comment. */
static void open_comment(struct sshkey_private *out, struct slice part)
{
	static const struct { const char *type, *fields; } forms[] = {
		{"ssh-ed25519", "ss"}, {"ssh-rsa", "ssssss"}, {"ssh-dss", "sssss"}, {"ecdsa-sha2-nistp256", "sss"}, {"ecdsa-sha2-nistp384", "sss"},
		{"ecdsa-sha2-nistp521", "sss"}, {"sk-ssh-ed25519@openssh.com", "ssbss"}, {"sk-ecdsa-sha2-nistp256@openssh.com", "sssbss"},
	};
	struct slice type, field;
	part = slice_from(part, 8);
	if (!sshkey_take(&part, &type))
		return;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		if (!slice_eqz(type, forms[i].type))
			continue;
		for (const char *f = forms[i].fields; *f; f++) {
			if (*f == 'b' ? !part.n : !sshkey_take(&part, &field))
				return;
			if (*f == 'b')
				part = slice_from(part, 1);
		}
		if (sshkey_take(&part, &field))
			put_comment(out, field);
	}
}

static bool of_openssh(struct slice der, struct sshkey_private *out)
{
	static const char magic[] = "openssh-key-v1"; /* its NUL belongs to it */
	struct slice cipher, kdf, options, pub, secret;
	if (!slice_starts(der, slice_make(magic, sizeof magic)))
		return false;
	der = slice_from(der, sizeof magic);
	out->format = "openssh";
	if (!sshkey_take(&der, &cipher) || !sshkey_take(&der, &kdf) || !sshkey_take(&der, &options) || der.n < 4)
		return true;
	der = slice_from(der, 4); /* how many keys: one is all there ever is */
	out->encrypted = !slice_eqz(cipher, "none");
	if (!sshkey_take(&der, &pub))
		return true;
	put_public(out, pub);
	if (!out->encrypted && sshkey_take(&der, &secret))
		open_comment(out, secret);
	return true;
}

/* ---- DER: tag, length, content ----------------------------------------------------------------------------------------------------- */

static bool der_take(struct slice *s, unsigned char tag, struct slice *out)
{
	if (s->n < 2 || (unsigned char)s->p[0] != tag)
		return false;
	size_t n = (unsigned char)s->p[1], head = 2;
	if (n > 0x80) {
		size_t bytes = n - 0x80;
		if (bytes > 3 || s->n < 2 + bytes)
			return false;
		n = 0;
		for (size_t i = 0; i < bytes; i++)
			n = n << 8 | (unsigned char)s->p[2 + i];
		head += bytes;
	}
	if (n == 0x80 || s->n - head < n)
		return false;
	*out = slice_make(s->p + head, n);
	*s = slice_from(*s, head + n);
	return true;
}
enum { DER_INTEGER = 0x02, DER_BITS = 0x03, DER_OCTETS = 0x04, DER_OID = 0x06, DER_SEQUENCE = 0x30, DER_0 = 0xa0, DER_1 = 0xa1 };

static void rsa_public(struct slice der, struct sshkey_private *out)
{
	struct slice seq, version, n, e;
	struct buf b = {0};
	snprintf(out->type, sizeof out->type, "ssh-rsa");
	if (!der_take(&der, DER_SEQUENCE, &seq) || !der_take(&seq, DER_INTEGER, &version) || !der_take(&seq, DER_INTEGER, &n) || !der_take(&seq, DER_INTEGER, &e))
		return;
	sshkey_put(&b, SL("ssh-rsa"));
	sshkey_put(&b, e); /* both forms keep a zero before a high bit */
	sshkey_put(&b, n);
	put_public(out, buf_slice(&b));
	buf_free(&b);
}

static void dsa_public(struct slice der, struct sshkey_private *out)
{
	struct slice seq, number[5];
	struct buf b = {0};
	snprintf(out->type, sizeof out->type, "ssh-dss");
	if (!der_take(&der, DER_SEQUENCE, &seq))
		return;
	for (size_t i = 0; i < ARRAY_LEN(number); i++) /* version, p, q, g, y */
		if (!der_take(&seq, DER_INTEGER, &number[i]))
			return;
	sshkey_put(&b, SL("ssh-dss"));
	for (size_t i = 1; i < ARRAY_LEN(number); i++)
		sshkey_put(&b, number[i]);
	put_public(out, buf_slice(&b));
	buf_free(&b);
}

static const char *curve_of(struct slice oid)
{
	static const struct { const char *bytes; size_t n; const char *name; } curves[] = {
		{"\x2a\x86\x48\xce\x3d\x03\x01\x07", 8, "nistp256"}, {"\x2b\x81\x04\x00\x22", 5, "nistp384"}, {"\x2b\x81\x04\x00\x23", 5, "nistp521"},
	};
	for (size_t i = 0; i < ARRAY_LEN(curves); i++)
		if (slice_eq(oid, slice_make(curves[i].bytes, curves[i].n)))
			return curves[i].name;
	return NULL;
}

/* curve: from around it, NULL when it stands inside. */
static void ec_public(struct slice der, const char *curve, struct sshkey_private *out)
{
	struct slice seq, version, secret, inner, oid, bits = SLICE_NONE;
	struct buf b = {0};
	if (!der_take(&der, DER_SEQUENCE, &seq) || !der_take(&seq, DER_INTEGER, &version) || !der_take(&seq, DER_OCTETS, &secret))
		return;
	if (der_take(&seq, DER_0, &inner) && der_take(&inner, DER_OID, &oid))
		curve = curve_of(oid);
	if (!curve)
		return;
	snprintf(out->type, sizeof out->type, "ecdsa-sha2-%s", curve);
	if (!der_take(&seq, DER_1, &inner) || !der_take(&inner, DER_BITS, &bits) || bits.n < 2)
		return;
	sshkey_put(&b, slice_of(out->type));
	sshkey_put(&b, slice_of(curve));
	sshkey_put(&b, slice_from(bits, 1));
	put_public(out, buf_slice(&b));
	buf_free(&b);
}

static void ed25519_public(struct slice der, struct sshkey_private *out)
{
	struct slice seed;
	unsigned char pub[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
	struct buf b = {0};
	snprintf(out->type, sizeof out->type, "ssh-ed25519");
	if (!der_take(&der, DER_OCTETS, &seed) || seed.n != crypto_sign_SEEDBYTES)
		return;
	crypto_sign_seed_keypair(pub, secret, (const unsigned char *)seed.p);
	sshkey_put(&b, SL("ssh-ed25519"));
	sshkey_put(&b, slice_make((const char *)pub, sizeof pub));
	put_public(out, buf_slice(&b));
	sodium_memzero(secret, sizeof secret);
	buf_free(&b);
}

static void pkcs8_public(struct slice der, struct sshkey_private *out)
{
	static const struct slice rsa = {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9}, ec = {"\x2a\x86\x48\xce\x3d\x02\x01", 7}, ed25519 = {"\x2b\x65\x70", 3};
	struct slice seq, version, algorithm, oid, curve, inner;
	if (!der_take(&der, DER_SEQUENCE, &seq) || !der_take(&seq, DER_INTEGER, &version) || !der_take(&seq, DER_SEQUENCE, &algorithm) ||
		!der_take(&algorithm, DER_OID, &oid) || !der_take(&seq, DER_OCTETS, &inner))
		return;
	if (slice_eq(oid, rsa))
		rsa_public(inner, out);
	else if (slice_eq(oid, ed25519))
		ed25519_public(inner, out);
	else if (slice_eq(oid, ec) && der_take(&algorithm, DER_OID, &curve))
		ec_public(inner, curve_of(curve), out);
}

static void sec1_public(struct slice der, struct sshkey_private *out)
{
	ec_public(der, NULL, out);
}

static void no_public(struct slice der, struct sshkey_private *out)
{
	(void)der;
	out->encrypted = true;
}

/* ---- armour ---------------------------------------------------------------------------------------------------------------------------- */
static const struct armour {
	const char *label, *format, *type;
	void (*open)(struct slice der, struct sshkey_private *out); /* NULL: OpenSSH's own */
} armours[] = {
	{"OPENSSH PRIVATE KEY", "openssh", "", NULL},
	{"RSA PRIVATE KEY", "pem", "ssh-rsa", rsa_public},
	{"DSA PRIVATE KEY", "pem", "ssh-dss", dsa_public},
	{"EC PRIVATE KEY", "pem", "", sec1_public},
	{"PRIVATE KEY", "pkcs8", "", pkcs8_public},
	{"ENCRYPTED PRIVATE KEY", "pkcs8", "", no_public},
};

static void wipe(struct buf *b)
{
	if (b->p)
		sodium_memzero(b->p, b->cap);
	buf_free(b);
}

static bool of_armour(const struct armour *a, struct slice body, struct sshkey_private *out)
{
	struct buf der = {0};
	out->format = a->format;
	snprintf(out->type, sizeof out->type, "%s", a->type);
	ssize_t head = slice_find(body, SL("\n\n")); /* headers of RFC 1421 end with an empty line */
	if (head < 0)
		head = slice_find(body, SL("\n\r\n"));
	if (a->open && slice_has(slice_to(body, head < 0 ? 0 : (size_t)head), SL("ENCRYPTED"))) {
		out->encrypted = true;
		return true;
	}
	if (a->open && head >= 0 && slice_has(slice_to(body, (size_t)head), SL(":")))
		body = slice_from(body, (size_t)head);
	bool good = sshkey_base64(body, &der);
	if (good && a->open)
		a->open(buf_slice(&der), out);
	else if (good)
		good = of_openssh(buf_slice(&der), out);
	wipe(&der);
	return good;
}

/* "PuTTY-User-Key-File-3: ssh-rsa", "Encryption: none", "Comment: ...", "Public-Lines: 6" and so many lines. */
static bool of_putty(struct slice file, struct sshkey_private *out)
{
	struct slice rest = file, line;
	struct buf blob = {0}, text = {0};
	uint64_t lines = 0;
	out->format = "putty";
	while (rest.n) {
		if (!slice_cut(&rest, '\n', &line)) {
			line = rest;
			rest = SLICE_NONE;
		}
		line = slice_trim(line);
		if (slice_starts(line, SL("Encryption: ")))
			out->encrypted = !slice_ends(line, SL(" none"));
		else if (slice_starts(line, SL("Comment: ")))
			put_comment(out, slice_from(line, 9));
		else if (slice_starts(line, SL("Public-Lines: ")))
			(void)slice_u64(slice_from(line, 14), 1000, &lines);
		else if (slice_starts(line, SL("Private-Lines:")))
			break;
		else if (lines && slice_chr(line, ':') < 0) {
			lines--;
			buf_adds(&text, line);
		}
	}
	if (sshkey_base64(buf_slice(&text), &blob))
		put_public(out, buf_slice(&blob));
	buf_free(&text);
	buf_free(&blob);
	return true;
}

bool sshkey_private(struct slice file, struct sshkey_private *out)
{
	static const char begin[] = "-----BEGIN ";
	*out = (struct sshkey_private){0};
	if (slice_starts(file, SL("PuTTY-User-Key-File-")))
		return of_putty(file, out);
	for (ssize_t at = slice_find(file, SL("-----BEGIN ")); at >= 0; at = slice_find(file, SL("-----BEGIN "))) {
		file = slice_from(file, (size_t)at + sizeof begin - 1);
		for (size_t i = 0; i < ARRAY_LEN(armours); i++) {
			struct slice label = slice_of(armours[i].label), rest = slice_from(file, label.n);
			if (!slice_starts(file, label) || !slice_starts(rest, SL("-----")))
				continue;
			ssize_t end = slice_find(rest, SL("-----END "));
			if (end > 5 && of_armour(&armours[i], slice_make(rest.p + 5, (size_t)end - 5), out))
				return true;
		}
	}
	return false;
}
