/* webhook.c - HTTP(S) POST through libcurl's multi interface: connections are kept, and a dead receiver delays nobody.
 *
 * What must not happen is an attempt that nobody counted. libcurl sends again by itself when a kept connection turns out dead; the body is
 * given through a callback that refuses to rewind, so that this fails instead and comes back as a counted, marked repeat.
 */
#include "notify/notify_private.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOOKS = 32, ANSWER_MAX = 64 << 10, SECRET_MIN = 16, SECRET_MAX = 4096, CONNECT_MS = 5000, WHOLE_MS = 15000, HEADER_MAX = 512 };

struct hook {
	CURL *easy;
	void *tag; /* NULL: free */
	struct buf body;
	size_t taken, answered;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
};
struct hooks {
	CURLM *multi;
	const struct notify_config *config;
	struct buf *secrets; /* by channel */
	struct hook v[HOOKS];
};

bool notify_url_fine(struct slice url)
{
	char text[2049];
	CURLU *u = url.n < sizeof text ? curl_url() : NULL;
	char *scheme = NULL, *host = NULL;
	if (!u)
		return false;
	snprintf(text, sizeof text, "%.*s", SLFMT(url));
	bool fine = strlen(text) == url.n && !curl_url_set(u, CURLUPART_URL, text, 0) && !curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) &&
		!curl_url_get(u, CURLUPART_HOST, &host, 0) && *host && (strcmp(scheme, "https") == 0 || strcmp(scheme, "http") == 0);
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(u);
	return fine;
}

/* ---- secrets ---------------------------------------------------------------------------------------------------------------- */

static int read_secret(struct slice path, struct buf *out, struct err *e)
{
	char text[SECRET_MAX + 1];
	struct stat st;
	int fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;
	if (fd < 0)
		return err_set(e, ERR_IO, "cannot open %s: %m", path.p);
	ssize_t n = fstat(fd, &st) ? -1 : read(fd, text, sizeof text);
	if (n < 0 || !S_ISREG(st.st_mode))
		rc = err_set(e, ERR_IO, "cannot read a secret from %s", path.p);
	else if (st.st_mode & 007)
		rc = err_set(e, ERR_PERM, "%s can be read by everybody: chmod o= it", path.p);
	close(fd);
	struct slice secret = rc ? SLICE_NONE : slice_make(text, (size_t)n);
	while (secret.n && (secret.p[secret.n - 1] == '\n' || secret.p[secret.n - 1] == '\r'))
		secret.n--;
	if (!rc && (secret.n < SECRET_MIN || (size_t)n > SECRET_MAX))
		rc = err_set(e, ERR_RANGE, "%s: a secret has %d to %d bytes", path.p, SECRET_MIN, SECRET_MAX);
	if (!rc)
		buf_adds(out, secret);
	explicit_bzero(text, sizeof text);
	return rc;
}

struct hooks *hooks_new(const struct notify_config *c, struct err *e)
{
	struct hooks *h = xcalloc(1, sizeof *h);
	h->config = c;
	h->secrets = xcalloc(MAX(c->nchannels, (size_t)1), sizeof *h->secrets);
	int rc = curl_global_init(CURL_GLOBAL_DEFAULT) ? err_set(e, ERR_NOMEM, "libcurl does not start") : 0;
	h->multi = rc ? NULL : curl_multi_init();
	for (size_t i = 0; i < c->nchannels && !rc; i++)
		if (c->channels[i].secret_file.n)
			rc = read_secret(c->channels[i].secret_file, &h->secrets[i], e);
	if (!rc && !h->multi)
		rc = err_set(e, ERR_NOMEM, "libcurl does not start");
	if (!rc)
		return h;
	hooks_free(h);
	return NULL;
}

static void release(struct hook *k)
{
	curl_slist_free_all(k->headers);
	k->headers = NULL;
	k->tag = NULL;
	k->body.n = 0;
}

void hooks_free(struct hooks *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < HOOKS; i++) {
		if (h->v[i].tag)
			curl_multi_remove_handle(h->multi, h->v[i].easy);
		curl_easy_cleanup(h->v[i].easy);
		release(&h->v[i]);
		buf_free(&h->v[i].body);
	}
	curl_multi_cleanup(h->multi);
	for (size_t i = 0; i < h->config->nchannels; i++) {
		if (h->secrets[i].n)
			explicit_bzero(h->secrets[i].p, h->secrets[i].n);
		buf_free(&h->secrets[i]);
	}
	free(h->secrets);
	free(h);
	curl_global_cleanup();
}

/* ---- one request ------------------------------------------------------------------------------------------------------------ */

static size_t give(char *to, size_t size, size_t n, void *arg)
{
	struct hook *k = arg;
	size_t left = MIN(size * n, k->body.n - k->taken);
	memcpy(to, k->body.p + k->taken, left);
	k->taken += left;
	return left;
}

static int rewind_none(void *arg, curl_off_t offset, int origin)
{
	struct hook *k = arg;
	return k->taken == 0 && offset == 0 && origin == SEEK_SET ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static size_t take(char *bytes, size_t size, size_t n, void *arg)
{
	struct hook *k = arg;
	(void)bytes;
	k->answered += n * size;
	return k->answered > ANSWER_MAX ? 0 : n * size;
}

static void header(struct hook *k, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void header(struct hook *k, const char *fmt, ...)
{
	char line[HEADER_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	struct curl_slist *more = curl_slist_append(k->headers, line);
	if (!more)
		core_oom();
	k->headers = more;
}

/* HMAC-SHA256 over "TIMESTAMP.BODY": who replays an old message has an old timestamp. */
static void sign(struct hook *k, const struct buf *secret, nstime now)
{
	char stamp[32], text[2 * crypto_auth_hmacsha256_BYTES + 1];
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state st;
	int n = snprintf(stamp, sizeof stamp, "%lld", (long long)(now / NS_SEC));
	header(k, "X-Postern-Timestamp: %s", stamp);
	if (!secret->n)
		return;
	crypto_auth_hmacsha256_init(&st, (const unsigned char *)secret->p, secret->n);
	crypto_auth_hmacsha256_update(&st, (const unsigned char *)stamp, (size_t)n);
	crypto_auth_hmacsha256_update(&st, (const unsigned char *)".", 1);
	crypto_auth_hmacsha256_update(&st, (const unsigned char *)k->body.p, k->body.n);
	crypto_auth_hmacsha256_final(&st, mac);
	header(k, "X-Postern-Signature: sha256=%s", sodium_bin2hex(text, sizeof text, mac, sizeof mac));
	explicit_bzero(&st, sizeof st);
}

static void headers(struct hooks *h, struct hook *k, const struct notify_sending *s)
{
	header(k, "Content-Type: application/json");
	header(k, "Expect:");
	header(k, "User-Agent: postern/%s", s->version);
	header(k, "X-Postern-Id: %s", s->id);
	header(k, "X-Postern-Attempt: %u", s->attempt);
	header(k, "X-Postern-Repeat: %s", s->repeat ? "true" : "false");
	sign(k, &h->secrets[s->channel - h->config->channels], s->now);
}

static void options(struct hook *k, const struct notify_channel *c)
{
	CURL *x = k->easy;
	curl_easy_setopt(x, CURLOPT_URL, c->url.p);
	curl_easy_setopt(x, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(x, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(x, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(x, CURLOPT_PROXY, ""); /* none from the environment */
	curl_easy_setopt(x, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(x, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(x, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(x, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (c->ca_file.n) { /* it alone, not the system's besides */
		curl_easy_setopt(x, CURLOPT_CAINFO, c->ca_file.p);
		curl_easy_setopt(x, CURLOPT_CAPATH, NULL);
	}
	curl_easy_setopt(x, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(x, CURLOPT_TIMEOUT_MS, (long)WHOLE_MS);
	curl_easy_setopt(x, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(x, CURLOPT_POST, 1L);
	curl_easy_setopt(x, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)k->body.n);
	curl_easy_setopt(x, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(x, CURLOPT_READDATA, k);
	curl_easy_setopt(x, CURLOPT_SEEKFUNCTION, rewind_none);
	curl_easy_setopt(x, CURLOPT_SEEKDATA, k);
	curl_easy_setopt(x, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(x, CURLOPT_WRITEDATA, k);
	curl_easy_setopt(x, CURLOPT_HTTPHEADER, k->headers);
	curl_easy_setopt(x, CURLOPT_ERRORBUFFER, k->error);
	curl_easy_setopt(x, CURLOPT_PRIVATE, (char *)k);
}

int hooks_begin(struct hooks *h, const struct notify_sending *s, void *tag, struct err *e)
{
	struct hook *k = NULL;
	for (size_t i = 0; i < HOOKS && !k; i++)
		k = h->v[i].tag ? NULL : &h->v[i];
	if (!k)
		return err_set(e, ERR_LIMIT, "too many webhooks at a time");
	if (k->easy)
		curl_easy_reset(k->easy);
	else
		k->easy = curl_easy_init();
	if (!k->easy)
		return err_set(e, ERR_NOMEM, "libcurl gives no handle");
	k->taken = k->answered = 0;
	k->error[0] = 0;
	notify_json(&k->body, s);
	headers(h, k, s);
	options(k, s->channel);
	k->tag = tag;
	CURLMcode rc = curl_multi_add_handle(h->multi, k->easy);
	if (!rc)
		return 0;
	release(k);
	return err_set(e, ERR_IO, "libcurl: %s", curl_multi_strerror(rc));
}

/* Done is what was answered with 2xx, whatever comes of the rest of the answer. */
static void judge(struct hook *k, CURLcode code, struct notify_result *r)
{
	long status = 0;
	curl_off_t later = 0;
	curl_easy_getinfo(k->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(k->easy, CURLINFO_RETRY_AFTER, &later);
	*r = (struct notify_result){.sent = status >= 200 && status < 300, .certain = k->taken == 0, .later = (nstime)MIN(later, (curl_off_t)86400) * NS_SEC};
	if (r->sent)
		return;
	if (code == CURLE_OK)
		snprintf(r->error, sizeof r->error, "the receiver answered %ld%s", status, status >= 300 && status < 400 ? ", a redirect, which is not followed" : "");
	else
		snprintf(r->error, sizeof r->error, "%.*s", (int)sizeof r->error - 1, k->error[0] ? k->error : curl_easy_strerror(code));
}

void hooks_run(struct hooks *h)
{
	int running;
	(void)curl_multi_perform(h->multi, &running); /* what goes wrong with a transfer comes with its result */
}

void *hooks_ended(struct hooks *h, struct notify_result *r)
{
	int left;
	CURLMsg *m;
	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		char *private = NULL;
		CURLcode code = m->data.result;
		if (m->msg != CURLMSG_DONE || curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private) || !private)
			continue;
		struct hook *k = (struct hook *)(void *)private;
		void *tag = k->tag;
		judge(k, code, r);
		curl_multi_remove_handle(h->multi, k->easy);
		release(k);
		return tag;
	}
	return NULL;
}

void hooks_wait(struct hooks *h, struct pollfd *extra, unsigned n, int ms)
{
	struct curl_waitfd w[HOOKS + 2];
	unsigned used = MIN(n, (unsigned)ARRAY_LEN(w));
	for (unsigned i = 0; i < used; i++)
		w[i] = (struct curl_waitfd){.fd = extra[i].fd, .events = extra[i].events & POLLIN ? CURL_WAIT_POLLIN : CURL_WAIT_POLLOUT};
	(void)curl_multi_poll(h->multi, w, used, ms, NULL);
	for (unsigned i = 0; i < used; i++)
		extra[i].revents = (short)(w[i].revents & CURL_WAIT_POLLIN ? POLLIN : 0);
}
