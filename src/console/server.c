/* server.c - HTTPS through libmicrohttpd: its threads carry bytes, ours make pages. */
#include "console/server.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

const struct web_options *server_options(const struct server *s)
{
	return s->w;
}

const uint8_t *server_secret(const struct server *s)
{
	return s->secret;
}

/* Paths and queries are taken apart by request.c, from what was sent. */
static size_t unescape(void *arg, struct MHD_Connection *c, char *s)
{
	(void)arg, (void)c;
	return strlen(s);
}

static void PRINTF_LIKE(2, 0) tell(void *arg, const char *format, va_list ap)
{
	char text[512];
	(void)arg;
	vsnprintf(text, sizeof text, format, ap); /* the library's own format */
	core_log(LOG_LEVEL_DEBUG, "console: %s", text);
}

static int start_daemon(struct server *s, struct err *e)
{
	const struct web_options *w = s->w;
	union { const char *in; char *out; } cert = {w->certificate}, key = {w->key};
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG | (w->key ? MHD_USE_TLS : 0);
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, cert.out},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, key.out},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:%SERVER_PRECEDENCE"},
		{MHD_OPTION_END, 0, NULL},
	};
	if (!w->key)
		tls[0].option = MHD_OPTION_END;
	s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, conn_go_on, s, MHD_OPTION_EXTERNAL_LOGGER, tell, NULL, MHD_OPTION_LISTEN_SOCKET, w->listener,
		MHD_OPTION_URI_LOG_CALLBACK, conn_begin, s, MHD_OPTION_NOTIFY_COMPLETED, conn_end, s, MHD_OPTION_NOTIFY_CONNECTION, peers_notify, s, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MOST, MHD_OPTION_PER_IP_CONNECTION_LIMIT, w->o->plain ? 0u : (unsigned)CONNECTIONS_ADDRESS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_THREAD_POOL_SIZE, 2u,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	return s->daemon ? 0 : err_set(e, ERR_IO, "the server does not start: %s", errno ? strerror(errno) : "the certificate or its key is not usable");
}

static void wait_for_end(int stop)
{
	struct pollfd p = {.fd = stop, .events = POLLIN};
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
}

int web_run(const struct web_options *w, int stop, struct err *e)
{
	struct server *s = xcalloc(1, sizeof *s);
	int rc = sodium_init() < 0 ? err_set(e, ERR_IO, "libsodium does not start") : 0;
	s->w = w;
	pthread_mutex_init(&s->peers_lock, NULL);
	uploads_init(&s->uploads);
	randombytes_buf(s->secret, sizeof s->secret);
	if (!rc && (!(s->live = live_start(s, w->channels[w->nchannels - 1], e)) || !(s->workers = desks_start(s, e))))
		rc = e->code;
	if (!rc)
		rc = start_daemon(s, e);
	if (!rc)
		wait_for_end(stop);
	if (s->daemon) /* else stopping shuts the socket down, which the next one of us still needs */
		MHD_quiesce_daemon(s->daemon);
	desks_stop(s->workers);
	live_stop(s->live);
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	live_free(s->live);
	desks_free(s->workers);
	pthread_mutex_destroy(&s->peers_lock);
	uploads_end(&s->uploads);
	free(s);
	return rc;
}
