/* certificate.c - the certificate the console shows: the user's, or one made at the first start (ECDSA P-256, signed by itself). */
#include "console/accounts.h"
#include "console/console_private.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PEM_MOST = 256 << 10, DAYS = 397 /* browsers take no longer ones */, RENEW_DAYS = 30 };

/* ---- files ---------------------------------------------------------------------------------------------------------------------------------------------- */

/* secret: nobody else may read it. */
static int read_pem(const char *path, bool secret, char **out, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	if (fd < 0)
		return err_set(e, errno == ENOENT ? ERR_NOENT : ERR_IO, "cannot open %s: %m", path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > PEM_MOST)
		rc = err_set(e, ERR_TYPE, "%s is no PEM file", path);
	else if (secret && (st.st_mode & 07))
		rc = err_set(e, ERR_PERM, "%s can be read by everybody (mode %04o): chmod 640", path, st.st_mode & 07777u);
	if (!rc) {
		*out = xcalloc((size_t)st.st_size + 1, 1);
		if (read(fd, *out, (size_t)st.st_size) != st.st_size)
			rc = err_set(e, ERR_IO, "cannot read %s: %m", path);
	}
	close(fd);
	return rc;
}

static int write_pem(const char *path, const gnutls_datum_t *pem, mode_t mode, struct err *e)
{
	char temporary[4200];
	snprintf(temporary, sizeof temporary, "%s.new", path);
	unlink(temporary);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode), rc = 0;
	if (fd < 0)
		return err_set(e, ERR_IO, "cannot make %s: %m", temporary);
	if (write(fd, pem->data, pem->size) != (ssize_t)pem->size || fsync(fd) || rename(temporary, path))
		rc = err_set(e, ERR_IO, "cannot write %s: %m", path);
	close(fd);
	return rc;
}

/* ---- making one ------------------------------------------------------------------------------------------------------------------------------------------ */

static int fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *host, time_t now)
{
	static const unsigned char v4[] = {127, 0, 0, 1}, v6[16] = {[15] = 1};
	unsigned char serial[16];
	int rc = getrandom(serial, sizeof serial, 0) == sizeof serial ? 0 : GNUTLS_E_RANDOM_FAILED;
	serial[0] &= 0x7f;
	if (!rc)
		rc = gnutls_x509_crt_set_version(crt, 3);
	if (!rc)
		rc = gnutls_x509_crt_set_serial(crt, serial, sizeof serial);
	if (!rc)
		rc = gnutls_x509_crt_set_activation_time(crt, now - 3600);
	if (!rc)
		rc = gnutls_x509_crt_set_expiration_time(crt, now + (time_t)DAYS * 86400);
	if (!rc)
		rc = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, host, (unsigned)strlen(host));
	if (!rc)
		rc = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, host, (unsigned)strlen(host), GNUTLS_FSAN_SET);
	if (!rc)
		rc = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, "localhost", 9, GNUTLS_FSAN_APPEND);
	if (!rc)
		rc = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, v4, sizeof v4, GNUTLS_FSAN_APPEND);
	if (!rc)
		rc = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, v6, sizeof v6, GNUTLS_FSAN_APPEND);
	if (!rc)
		rc = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	if (!rc)
		rc = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (!rc)
		rc = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (!rc)
		rc = gnutls_x509_crt_set_key(crt, key);
	return rc ? rc : gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
}

static int make(const char *cert_path, const char *key_path, struct err *e)
{
	gnutls_x509_crt_t crt = NULL;
	gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t cert_pem = {0}, key_pem = {0};
	char host[256] = "localhost";
	gethostname(host, sizeof host - 1);
	int rc = gnutls_x509_privkey_init(&key);
	if (!rc)
		rc = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (!rc)
		rc = gnutls_x509_crt_init(&crt);
	if (!rc)
		rc = fill(crt, key, host, time(NULL));
	if (!rc)
		rc = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &cert_pem);
	if (!rc)
		rc = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &key_pem);
	if (rc)
		rc = err_set(e, ERR_IO, "cannot make a certificate: %s", gnutls_strerror(rc));
	else if (!(rc = write_pem(key_path, &key_pem, 0600, e)))
		rc = write_pem(cert_path, &cert_pem, 0644, e);
	if (key_pem.data)
		explicit_bzero(key_pem.data, key_pem.size);
	gnutls_free(key_pem.data);
	gnutls_free(cert_pem.data);
	gnutls_x509_privkey_deinit(key);
	gnutls_x509_crt_deinit(crt);
	return rc;
}

/* SHA-256 of the certificate, for who has to compare it; and whether it ends soon. */
static int look_at(const char *pem, char fingerprint[static 96], bool *old, struct err *e)
{
	union { const char *in; unsigned char *out; } p = {pem};
	gnutls_datum_t text = {p.out, (unsigned)strlen(pem)};
	gnutls_x509_crt_t crt = NULL;
	unsigned char hash[32];
	size_t n = sizeof hash;
	int rc = gnutls_x509_crt_init(&crt);
	if (!rc)
		rc = gnutls_x509_crt_import(crt, &text, GNUTLS_X509_FMT_PEM);
	if (!rc)
		rc = gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, hash, &n);
	if (!rc)
		*old = gnutls_x509_crt_get_expiration_time(crt) < time(NULL) + (time_t)RENEW_DAYS * 86400;
	for (size_t i = 0; !rc && i < sizeof hash; i++)
		snprintf(fingerprint + 3 * i, 4, "%02X%s", hash[i], i + 1 < sizeof hash ? ":" : "");
	gnutls_x509_crt_deinit(crt);
	return rc ? err_set(e, ERR_TYPE, "the certificate cannot be read: %s", gnutls_strerror(rc)) : 0;
}

static int get_own(const struct console_options *o, char **certificate, char **key, struct err *e)
{
	char cert_path[4096], key_path[4096], fingerprint[96];
	bool old = false;
	int rc = accounts_path(o->state, "certificate.pem", cert_path, sizeof cert_path, e);
	if (!rc)
		rc = accounts_path(o->state, "key.pem", key_path, sizeof key_path, e);
	for (int tries = 0; !rc && tries < 2; tries++) {
		bool there = access(cert_path, F_OK) == 0 && access(key_path, F_OK) == 0;
		if (!there || old)
			rc = make(cert_path, key_path, e);
		free(*certificate);
		*certificate = NULL;
		if (!rc)
			rc = read_pem(cert_path, false, certificate, e);
		if (!rc)
			rc = look_at(*certificate, fingerprint, &old, e);
		if (!rc && (!there || !old)) {
			core_log(LOG_LEVEL_INFO, "console: the certificate's SHA-256 is %s", fingerprint);
			break;
		}
	}
	return rc ? rc : read_pem(key_path, true, key, e);
}

int certificate_get(const struct console_options *o, char **certificate, char **key, struct err *e)
{
	char fingerprint[96];
	bool old;
	if (!o->certificate)
		return get_own(o, certificate, key, e);
	int rc = read_pem(o->certificate, false, certificate, e);
	if (!rc)
		rc = read_pem(o->key, true, key, e);
	if (!rc)
		rc = look_at(*certificate, fingerprint, &old, e);
	if (!rc && old)
		core_log(LOG_LEVEL_WARN, "console: the certificate %s ends within %d days", o->certificate, RENEW_DAYS);
	return rc;
}
