/* authenticode.c - who signed a program, and is it still the one that was signed. */
#include "lure/pe.h"

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

/* The inner of a SEQUENCE that is the signed content (SpcIndirectDataContent), and the digest it names. */
struct spc { struct slice inner, digest; const EVP_MD *md; };

static bool der(struct slice *s, int want, struct slice *content)
{
	const unsigned char *p = (const unsigned char *)s->p;
	long n;
	int tag, class;
	if (!s->n || s->n > INT32_MAX || ASN1_get_object(&p, &n, &tag, &class, (long)s->n) & 0x80 || tag != want || n < 0 || (size_t)n > s->n - (size_t)((const char *)p - s->p))
		return false;
	*content = slice_make((const char *)p, (size_t)n);
	*s = slice_from(*s, (size_t)((const char *)p - s->p) + (size_t)n);
	return true;
}

static bool read_spc(struct slice whole, struct spc *out)
{
	struct slice data, info, algorithm, oid;
	if (!der(&whole, V_ASN1_SEQUENCE, &out->inner))
		return false;
	struct slice rest = out->inner;
	if (!der(&rest, V_ASN1_SEQUENCE, &data) || !der(&rest, V_ASN1_SEQUENCE, &info) || !der(&info, V_ASN1_SEQUENCE, &algorithm) || !der(&info, V_ASN1_OCTET_STRING, &out->digest))
		return false;
	struct slice from = algorithm;
	if (!der(&algorithm, V_ASN1_OBJECT, &oid))
		return false;
	const unsigned char *p = (const unsigned char *)from.p;
	ASN1_OBJECT *o = d2i_ASN1_OBJECT(NULL, &p, (long)from.n);
	out->md = o ? EVP_get_digestbyobj(o) : NULL;
	ASN1_OBJECT_free(o);
	return out->md != NULL;
}

/* Everything but the checksum, the entry that points to the certificates, and these. */
static bool hash_of(const struct pe *p, const EVP_MD *md, unsigned char *to, unsigned *n)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	struct slice b = p->bytes;
	size_t end = MIN(p->table, b.n), after = p->table + p->table_size;
	bool ok = c && EVP_DigestInit_ex(c, md, NULL);
	ok = ok && EVP_DigestUpdate(c, b.p, p->checksum);
	ok = ok && EVP_DigestUpdate(c, b.p + p->checksum + 4, p->security - p->checksum - 4);
	ok = ok && EVP_DigestUpdate(c, b.p + p->security + 8, end - p->security - 8);
	if (ok && after < b.n) /* behind the certificates: part of what is signed, if anybody puts something there */
		ok = EVP_DigestUpdate(c, b.p + after, b.n - after);
	ok = ok && EVP_DigestFinal_ex(c, to, n);
	EVP_MD_CTX_free(c);
	return ok;
}

static struct slice name_text(struct lure *l, const X509_NAME *n)
{
	char text[256] = "";
	int at = X509_NAME_get_index_by_NID(n, NID_commonName, -1);
	if (at < 0)
		at = X509_NAME_get_index_by_NID(n, NID_organizationName, -1);
	const ASN1_STRING *s = at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(n, at));
	unsigned char *utf8 = NULL;
	int size = s ? ASN1_STRING_to_UTF8(&utf8, s) : -1;
	if (size > 0) {
		memcpy(text, utf8, MIN((size_t)size, sizeof text - 1));
		text[MIN((size_t)size, sizeof text - 1)] = 0;
	}
	OPENSSL_free(utf8);
	return slice_dup(lure_arena(l), slice_of(text));
}

static void signer_of(struct lure *l, PKCS7 *p7, struct pe_signer *out)
{
	STACK_OF(X509) *signers = PKCS7_get0_signers(p7, NULL, 0);
	X509 *x = signers && sk_X509_num(signers) > 0 ? sk_X509_value(signers, 0) : NULL;
	STACK_OF(PKCS7_SIGNER_INFO) *infos = PKCS7_get_signer_info(p7);
	if (x) {
		out->subject = name_text(l, X509_get_subject_name(x));
		out->issuer = name_text(l, X509_get_issuer_name(x));
		out->self_signed = X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
	}
	sk_X509_free(signers);
	PKCS7_SIGNER_INFO *si = infos && sk_PKCS7_SIGNER_INFO_num(infos) > 0 ? sk_PKCS7_SIGNER_INFO_value(infos, 0) : NULL;
	out->timestamped = si && si->unauth_attr && sk_X509_ATTRIBUTE_num(si->unauth_attr) > 0;
}

/* The signature over the content; whether its certificate is to be trusted is nobody's to say here. */
static bool verifies(PKCS7 *p7, const struct spc *s)
{
	BIO *in = BIO_new_mem_buf(s->inner.p, (int)s->inner.n);
	bool ok = in && PKCS7_verify(p7, NULL, NULL, in, NULL, PKCS7_NOVERIFY | PKCS7_BINARY) == 1;
	BIO_free(in);
	return ok;
}

enum signature pe_signature(struct lure *l, const struct pe *p, struct pe_signer *out)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	struct spc spc = {0};
	*out = (struct pe_signer){0};
	if (!p->table_size)
		return SIGNATURE_NONE;
	struct slice entry = slice_sub(p->bytes, p->table, p->table_size), blob = slice_sub(entry, 8, le32(entry, 0) - 8u);
	if (le32(entry, 0) < 16 || le16(entry, 6) != 2 || blob.n < 8 || blob.n > 8u << 20)
		return SIGNATURE_UNREADABLE;
	const unsigned char *at = (const unsigned char *)blob.p;
	PKCS7 *p7 = d2i_PKCS7(NULL, &at, (long)blob.n);
	enum signature result = SIGNATURE_UNREADABLE;
	if (p7 && PKCS7_type_is_signed(p7) && p7->d.sign->contents && p7->d.sign->contents->d.other && p7->d.sign->contents->d.other->type == V_ASN1_SEQUENCE) {
		const ASN1_STRING *s = p7->d.sign->contents->d.other->value.sequence;
		signer_of(l, p7, out);
		if (read_spc(slice_make((const char *)s->data, (size_t)s->length), &spc) && hash_of(p, spc.md, md, &n))
			result = n == spc.digest.n && memcmp(md, spc.digest.p, n) == 0 && verifies(p7, &spc) ? SIGNATURE_GOOD : SIGNATURE_BROKEN;
	}
	PKCS7_free(p7);
	ERR_clear_error();
	return result;
}
