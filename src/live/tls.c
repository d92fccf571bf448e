/* tls.c - TLS for syslog (RFC 5425), server side: the only file that knows GnuTLS. */
#include "live/receive_private.h"

#include <gnutls/gnutls.h>
#include <stdlib.h>

struct tls_server {
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	bool client_certificates;
};
struct tls {
	gnutls_session_t session;
};

static int refuse(struct err *e, const char *what, int rc)
{
	return err_set(e, ERR_SYNTAX, "tls: %s: %s", what, gnutls_strerror(rc));
}

static gnutls_datum_t datum(struct slice s)
{
	return (gnutls_datum_t){(unsigned char *)(uintptr_t)s.p, (unsigned)s.n};
}

static int load(struct tls_server *s, struct slice certificate, struct slice key, struct slice client_ca, struct err *e)
{
	gnutls_datum_t c = datum(certificate), k = datum(key), ca = datum(client_ca);
	int rc = gnutls_certificate_allocate_credentials(&s->credentials);
	if (rc < 0)
		return refuse(e, "credentials", rc);
	rc = gnutls_certificate_set_x509_key_mem2(s->credentials, &c, &k, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (rc < 0)
		return refuse(e, "certificate and key", rc);
	s->client_certificates = client_ca.n > 0;
	if (client_ca.n) {
		rc = gnutls_certificate_set_x509_trust_mem(s->credentials, &ca, GNUTLS_X509_FMT_PEM);
		if (rc <= 0)
			return refuse(e, "client_ca", rc < 0 ? rc : GNUTLS_E_NO_CERTIFICATE_FOUND);
	}
	rc = gnutls_priority_init(&s->priority, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE", NULL);
	return rc < 0 ? refuse(e, "priorities", rc) : 0;
}

struct tls_server *tls_server_new(struct slice certificate, struct slice key, struct slice client_ca, struct err *e)
{
	struct tls_server *s = xcalloc(1, sizeof *s);
	if (load(s, certificate, key, client_ca, e)) {
		tls_server_free(s);
		return NULL;
	}
	return s;
}

void tls_server_free(struct tls_server *s)
{
	if (!s)
		return;
	if (s->credentials)
		gnutls_certificate_free_credentials(s->credentials);
	if (s->priority)
		gnutls_priority_deinit(s->priority);
	free(s);
}

struct tls *tls_new(struct tls_server *s, int fd)
{
	struct tls *t = xcalloc(1, sizeof *t);
	if (gnutls_init(&t->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0) {
		free(t);
		return NULL;
	}
	gnutls_certificate_server_set_request(t->session, s->client_certificates ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_IGNORE);
	if (s->client_certificates)
		gnutls_session_set_verify_cert(t->session, NULL, 0); /* a chain to client_ca, in time; names are not compared */
	gnutls_transport_set_int(t->session, fd);
	gnutls_handshake_set_timeout(t->session, 0); /* ours */
	if (gnutls_priority_set(t->session, s->priority) < 0 || gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, s->credentials) < 0) {
		tls_free(t);
		return NULL;
	}
	return t;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	gnutls_deinit(t->session);
	free(t);
}

int tls_handshake(struct tls *t)
{
	int rc = gnutls_handshake(t->session);
	if (rc == GNUTLS_E_SUCCESS)
		return 1;
	return gnutls_error_is_fatal(rc) ? -1 : 0;
}

ssize_t tls_read(struct tls *t, void *buf, size_t n)
{
	size_t have = 0;
	for (;;) {
		ssize_t r = gnutls_record_recv(t->session, (char *)buf + have, n - have);
		if (r > 0) {
			have += (size_t)r;
			if (have < n)
				continue; /* a record holds 16 KB: gather them */
			return (ssize_t)have;
		}
		if (have)
			return (ssize_t)have; /* an end or error comes again */
		if (r == 0 || r == GNUTLS_E_PREMATURE_TERMINATION)
			return 0;
		if (r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED)
			return -1;
		if (r == GNUTLS_E_REHANDSHAKE || !gnutls_error_is_fatal((int)r))
			continue;
		return -2;
	}
}

bool tls_pending(const struct tls *t)
{
	return gnutls_record_check_pending(t->session) > 0;
}
