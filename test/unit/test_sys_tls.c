/* test_sys_tls.c - libraries under the filters: a confined receiver serves TLS (GnuTLS), a confined notifier fetches from it (libcurl, with
 * its resolver thread). */
#include "sys/sys.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <cmocka.h>

struct place {
	char root[64], certificate[96], key[96];
	int listening;
	unsigned port;
};

static int write_datum(const char *path, gnutls_datum_t *d)
{
	FILE *f = fopen(path, "w");
	int rc = !f || fwrite(d->data, 1, d->size, f) != d->size;
	if (f)
		rc |= fclose(f);
	gnutls_free(d->data);
	return rc;
}

/* A certificate for localhost that signs itself. */
static int make_certificate(const struct place *p)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	gnutls_datum_t pem;
	gnutls_x509_privkey_init(&key);
	gnutls_x509_crt_init(&crt);
	int rc = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	rc |= gnutls_x509_crt_set_version(crt, 3);
	rc |= gnutls_x509_crt_set_serial(crt, "\1", 1);
	rc |= gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, "localhost", 9);
	rc |= gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, "localhost", 9, GNUTLS_FSAN_SET);
	rc |= gnutls_x509_crt_set_basic_constraints(crt, 1, 0);
	rc |= gnutls_x509_crt_set_activation_time(crt, time(NULL) - 3600);
	rc |= gnutls_x509_crt_set_expiration_time(crt, time(NULL) + 86400);
	rc |= gnutls_x509_crt_set_key(crt, key);
	rc |= gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
	if (!rc)
		rc = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem) || write_datum(p->certificate, &pem) ||
		     gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem) || write_datum(p->key, &pem);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	return rc;
}

static int make_place(void **state)
{
	struct place *p = xcalloc(1, sizeof *p);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;
	snprintf(p->root, sizeof p->root, "/tmp/postern-tls-XXXXXX");
	if (!mkdtemp(p->root))
		return -1;
	snprintf(p->certificate, sizeof p->certificate, "%s/server.crt", p->root);
	snprintf(p->key, sizeof p->key, "%s/server.key", p->root);
	p->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (make_certificate(p) || bind(p->listening, (struct sockaddr *)&at, n) || listen(p->listening, 5) || getsockname(p->listening, (struct sockaddr *)&at, &n))
		return -1;
	p->port = ntohs(at.sin_port);
	*state = p;
	return 0;
}

static int remove_place(void **state)
{
	struct place *p = *state;
	char command[128];
	close(p->listening);
	snprintf(command, sizeof command, "rm -rf %s", p->root);
	free(p);
	return system(command);
}

/* The receiver: one connection, one answer. Exit 0 when it was asked. */
static int serve(const struct place *p)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nyes";
	const char *const readable[] = {p->root, NULL}, *const writable[] = {p->root, NULL};
	gnutls_certificate_credentials_t cred;
	gnutls_session_t s;
	char asked[4096];
	bool landlock;
	struct err e;
	int rc, one = 1;
	if (sys_confine_as(SYS_RECEIVER, readable, writable, &landlock, &e))
		return 10;
	if (gnutls_certificate_allocate_credentials(&cred) || gnutls_certificate_set_x509_key_file(cred, p->certificate, p->key, GNUTLS_X509_FMT_PEM))
		return 11;
	int fd = accept4(p->listening, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one))
		return 12;
	gnutls_init(&s, GNUTLS_SERVER);
	gnutls_set_default_priority(s);
	gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, cred);
	gnutls_transport_set_int(s, fd);
	do
		rc = gnutls_handshake(s);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc < 0)
		return 13;
	if (gnutls_record_recv(s, asked, sizeof asked) <= 0 || gnutls_record_send(s, answer, sizeof answer - 1) != (ssize_t)sizeof answer - 1)
		return 14;
	gnutls_bye(s, GNUTLS_SHUT_WR);
	return 0;
}

static size_t take(char *data, size_t size, size_t n, void *arg)
{
	buf_add(arg, data, size * n);
	return size * n;
}

/* Names from /etc/hosts and, without an answer or with one, from DNS: libcurl knows localhost without asking. */
static bool names_resolve(void)
{
	struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *found = NULL;
	setenv("RES_OPTIONS", "timeout:1 attempts:1", 1);
	if (getaddrinfo("localhost", "443", &want, &found))
		return false;
	freeaddrinfo(found);
	int rc = getaddrinfo("postern.invalid", "443", &want, &found);
	return rc == EAI_NONAME || rc == EAI_AGAIN || rc == EAI_NODATA;
}

/* The notifier: by name, with the certificate checked. */
static int fetch(const struct place *p)
{
	const char *const readable[] = {p->root, NULL}, *const writable[] = {p->root, NULL};
	struct buf got = {0};
	char url[64];
	bool landlock;
	struct err e;
	if (sys_confine_as(SYS_NOTIFIER, readable, writable, &landlock, &e))
		return 20;
	if (!names_resolve())
		return 24;
	CURL *c = curl_global_init(CURL_GLOBAL_DEFAULT) ? NULL : curl_easy_init();
	if (!c)
		return 21;
	snprintf(url, sizeof url, "https://localhost:%u/", p->port);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_CAINFO, p->certificate);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, "{}");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, 30L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &got);
	CURLcode rc = curl_easy_perform(c);
	if (rc) {
		dprintf(2, "curl: %s\n", curl_easy_strerror(rc));
		return 22;
	}
	return slice_eq(buf_slice(&got), SL("yes")) ? 0 : 23;
}

static pid_t start(int (*fn)(const struct place *p), const struct place *p)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(60);
		_exit(fn(p));
	}
	return pid;
}

static void test_tls(void **state)
{
	int status;
	pid_t server = start(serve, *state), client = start(fetch, *state);
	assert_int_equal(waitpid(client, &status, 0), client);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(server, &status, 0), server);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_tls, make_place, remove_place)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
