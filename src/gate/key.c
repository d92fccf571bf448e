/* key.c - a line of an authorized_keys file. sshd(8), RFC 4253 section 6.6, PROTOCOL.u2f, PROTOCOL.certkeys. */
#include "gate/model_private.h"

#include <sodium.h>

enum { KEY_LINE_MAX = 16 << 10, BLOB_MAX = 8 << 10, RSA_BITS_LOW = 2048, RSA_BITS_HIGH = 16384 };

/* Fields of a key's blob behind its type: 's' text, 'm' number. A certificate has a nonce before them. */
struct key_type {
	const char *name, *cert; /* cert: type of a certificate of such a key; NULL none */
	const char *fields;
	const char *curve;       /* first text, when it is one */
	size_t point;            /* bytes of the public point: the last text but the application of sk keys; 0: numbers */
};
static const struct key_type types[] = {
	{"ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", "s", NULL, 32},
	{"sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com", "ss", NULL, 32},
	{"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ss", "nistp256", 65},
	{"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ss", "nistp384", 97},
	{"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com", "ss", "nistp521", 133},
	{"sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sss", "nistp256", 65},
	{"ssh-rsa", "ssh-rsa-cert-v01@openssh.com", "mm", NULL, 0},
};

static const struct key_type *type_of(struct slice name, bool *certificate)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		*certificate = slice_eqz(name, types[i].cert);
		if (*certificate || slice_eqz(name, types[i].name))
			return &types[i];
	}
	return NULL;
}

/* SSH's own numbers are big-endian. */
static bool take(struct slice *s, struct slice *out)
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

static size_t bits_of(struct slice number)
{
	while (number.n && number.p[0] == 0)
		number = slice_from(number, 1);
	if (!number.n)
		return 0;
	size_t bits = number.n * 8;
	for (unsigned char top = (unsigned char)number.p[0]; !(top & 0x80); top = (unsigned char)(top << 1))
		bits--;
	return bits;
}

static int check_fields(struct slice *rest, const struct key_type *t, struct err *e)
{
	struct slice field, modulus = SLICE_NONE;
	for (size_t i = 0; t->fields[i]; i++) {
		if (!take(rest, &field))
			return err_set(e, ERR_TRUNC, "the key ends too early");
		bool curve = t->curve && i == 0, point = t->point && i == (t->curve ? 1u : 0u);
		if ((curve && !slice_eqz(field, t->curve)) || (point && field.n != t->point) || (point && t->curve && field.p[0] != 4))
			return err_set(e, ERR_SYNTAX, "the key is not what its type says");
		if (!curve && !point && t->point && (!field.n || !slice_utf8(field) || field.n > 256 || slice_chr(field, 0) >= 0)) /* application of an sk key */
			return err_set(e, ERR_SYNTAX, "the key's application is no text");
		if (t->fields[i] == 'm' && (!field.n || (field.p[0] & 0x80)))
			return err_set(e, ERR_SYNTAX, "the key has a number that is none");
		modulus = field;
	}
	size_t bits = bits_of(modulus);
	if (!t->point && (bits < RSA_BITS_LOW || bits > RSA_BITS_HIGH))
		return err_set(e, ERR_UNSUPPORTED, "an RSA key of %zu bits: %d to %d are taken; make an ed25519 key", bits, RSA_BITS_LOW, RSA_BITS_HIGH);
	return 0;
}

/* The key's own blob, also out of a certificate; and whether all of it is right. */
static int own_blob(struct slice blob, const struct key_type *t, bool certificate, struct buf *own, struct err *e)
{
	struct slice rest = blob, name, nonce, start;
	if (!take(&rest, &name) || !slice_eqz(name, certificate ? t->cert : t->name))
		return err_set(e, ERR_SYNTAX, "the key is not what its type says");
	if (certificate && !take(&rest, &nonce))
		return err_set(e, ERR_TRUNC, "the key ends too early");
	start = rest;
	int rc = check_fields(&rest, t, e);
	if (rc)
		return rc;
	if (!certificate && rest.n)
		return err_set(e, ERR_SYNTAX, "%zu bytes follow the key", rest.n);
	size_t n = strlen(t->name);
	const char head[4] = {0, 0, (char)(n >> 8), (char)n};
	buf_add(own, head, sizeof head);
	buf_add(own, t->name, n);
	buf_add(own, start.p, start.n - rest.n);
	return 0;
}

/* The next word; quoted parts of options may hold blanks. */
static bool key_word(struct slice *s, struct slice *word)
{
	size_t i = 0;
	bool quoted = false;
	*s = slice_trim(*s);
	for (; i < s->n; i++) {
		if (s->p[i] == '\\' && i + 1 < s->n && s->p[i + 1] == '"')
			i++;
		else if (s->p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (s->p[i] == ' ' || s->p[i] == '\t'))
			break;
	}
	*word = slice_to(*s, i);
	*s = slice_from(*s, i);
	return word->n && !quoted;
}

static void fingerprint_of(const struct buf *own, struct arena *mem, struct gate_key *out)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char text[sodium_base64_ENCODED_LEN(crypto_hash_sha256_BYTES, sodium_base64_VARIANT_ORIGINAL_NO_PADDING)];
	struct buf b = {0};
	crypto_hash_sha256(hash, (const unsigned char *)own->p, own->n);
	sodium_bin2base64(text, sizeof text, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	buf_addf(&b, "SHA256:%s", text);
	out->fingerprint = slice_dup(mem, buf_slice(&b));
	b.n = 0;
	size_t n = sodium_base64_ENCODED_LEN(own->n, sodium_base64_VARIANT_ORIGINAL);
	char *base = arena_alloc(mem, n);
	sodium_bin2base64(base, n, (const unsigned char *)own->p, own->n, sodium_base64_VARIANT_ORIGINAL);
	out->blob = slice_of(base);
	buf_free(&b);
}

static int parse_words(struct slice line, struct arena *mem, struct slice *base, const struct key_type **type, bool *certificate, struct gate_key *out, struct err *e)
{
	struct slice word;
	if (!key_word(&line, &word) || word.p[0] == '#')
		return err_set(e, ERR_SYNTAX, "no key: a line like \"ssh-ed25519 AAAA... name\" is expected");
	*type = type_of(word, certificate);
	if (!*type && key_word(&line, &word)) /* the first were options */
		*type = type_of(word, certificate);
	if (!*type)
		return err_set(e, ERR_UNSUPPORTED, "no key of a type that is taken: ssh-ed25519, ecdsa-sha2-*, sk-*, ssh-rsa");
	if (!key_word(&line, base))
		return err_set(e, ERR_SYNTAX, "the key itself is missing behind its type");
	struct slice comment = slice_trim(line);
	if (comment.n > GATE_NAME_MAX || !slice_utf8(comment))
		comment = SLICE_NONE;
	out->comment = slice_dup(mem, comment);
	return 0;
}

int gate_key_parse(struct slice line, struct arena *mem, struct gate_key *out, struct err *e)
{
	const struct key_type *t = NULL;
	bool certificate = false;
	struct slice base;
	*out = (struct gate_key){0};
	line = slice_trim(line);
	while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	if (line.n > KEY_LINE_MAX)
		return err_set(e, ERR_LIMIT, "a key of %zu bytes is too long", line.n);
	if (slice_has(line, SL("PRIVATE KEY")))
		return err_set(e, ERR_UNSUPPORTED, "that is a private key: it must not leave its owner's machine, and is to be replaced now");
	for (size_t i = 0; i < line.n; i++)
		if ((unsigned char)line.p[i] < 0x20 && line.p[i] != '\t')
			return err_set(e, ERR_SYNTAX, "one key on one line is expected");
	int rc = parse_words(line, mem, &base, &t, &certificate, out, e);
	if (rc)
		return rc;
	unsigned char *blob = arena_alloc(mem, BLOB_MAX);
	size_t n;
	const char *end;
	if (sodium_base642bin(blob, BLOB_MAX, base.p, base.n, NULL, &n, &end, sodium_base64_VARIANT_ORIGINAL) || end != base.p + base.n)
		return err_set(e, ERR_SYNTAX, "the key is not base64, or too long");
	struct buf own = {0};
	rc = own_blob(slice_make((const char *)blob, n), t, certificate, &own, e);
	if (!rc) {
		out->type = slice_of(t->name);
		out->hardware = slice_starts(out->type, SL("sk-"));
		out->certificate = certificate;
		fingerprint_of(&own, mem, out);
	}
	buf_free(&own);
	return rc;
}
