/* stream.c - sockets to log servers: UDP, TCP with octet counting (RFC 6587, 3.4.1), Unix. Nothing here waits.
 *
 * Syslog has no answer. Over TCP a message gets a connection of its own, and counts as sent when the server has closed after the end of it,
 * or its kernel has acknowledged every byte.
 */
#include "notify/notify_private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ALL_SECONDS (10 * NS_SEC)
#define CLOSE_SECONDS (3 * NS_SEC)

enum step { RESOLVING, CONNECTING, WRITING, CLOSING };
struct stream {
	enum step step;
	int fd;
	struct slice host, port; /* of the address, copied */
	struct arena mem;
	struct gaicb *query;     /* outlives us while the resolver's thread has it */
	struct addrinfo *found;  /* what is left to try */
	bool datagram;
	struct buf text;
	size_t written;
	nstime until;
};

bool notify_address_parse(struct slice s, struct notify_address *out)
{
	uint64_t port;
	*out = (struct notify_address){0};
	if (slice_starts(s, SL("unix:"))) {
		out->proto = NOTIFY_UNIX;
		out->host = slice_from(s, 5);
		return out->host.n > 1 && out->host.p[0] == '/' && out->host.n < sizeof((struct sockaddr_un *)0)->sun_path;
	}
	if (!slice_starts(s, SL("udp:")) && !slice_starts(s, SL("tcp:")))
		return false;
	out->proto = s.p[0] == 'u' ? NOTIFY_UDP : NOTIFY_TCP;
	s = slice_from(s, 4);
	ssize_t colon = -1;
	for (size_t i = 0; i < s.n; i++) {
		colon = s.p[i] == ':' ? (ssize_t)i : colon;
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f)
			return false;
	}
	if (colon < 1 || colon > 253)
		return false;
	out->host = slice_to(s, (size_t)colon);
	out->port = slice_from(s, (size_t)colon + 1);
	if (out->host.p[0] == '[' && slice_ends(out->host, SL("]")))
		out->host = slice_make(out->host.p + 1, out->host.n - 2);
	return out->host.n && slice_u64(out->port, 65535, &port) && port > 0;
}

static bool failed(struct notify_result *r, bool certain, const char *what)
{
	*r = (struct notify_result){.certain = certain};
	snprintf(r->error, sizeof r->error, "%s: %s", what, strerror(errno));
	return true;
}

static bool done(struct notify_result *r)
{
	*r = (struct notify_result){.sent = true};
	return true;
}

static void shut(struct stream *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* ---- from a name to a connected socket -------------------------------------------------------------------------------------- */

static void resolve(struct stream *s)
{
	struct addrinfo *hints = arena_alloc(&s->mem, sizeof *hints);
	*hints = (struct addrinfo){.ai_socktype = s->datagram ? SOCK_DGRAM : SOCK_STREAM, .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV};
	struct ip ip;
	if (ip_parse(s->host, &ip))
		hints->ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
	s->query = arena_alloc(&s->mem, sizeof *s->query);
	*s->query = (struct gaicb){.ar_name = s->host.p, .ar_service = s->port.p, .ar_request = hints};
	s->step = RESOLVING;
	if (hints->ai_flags & AI_NUMERICHOST) { /* needs no thread */
		int rc = getaddrinfo(s->host.p, s->port.p, hints, &s->query->ar_result);
		s->query->__return = rc;
		return;
	}
	s->query->__return = getaddrinfo_a(GAI_NOWAIT, &s->query, 1, NULL) ? EAI_AGAIN : EAI_INPROGRESS;
}

/* The next address; false: there is none. */
static bool connect_next(struct stream *s)
{
	for (; s->found; s->found = s->found->ai_next) {
		shut(s);
		s->fd = socket(s->found->ai_family, s->found->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, s->found->ai_protocol);
		if (s->fd >= 0 && (connect(s->fd, s->found->ai_addr, s->found->ai_addrlen) == 0 || errno == EINPROGRESS)) {
			s->found = s->found->ai_next;
			s->step = CONNECTING;
			return true;
		}
	}
	return false;
}

static bool run_resolving(struct stream *s, nstime now, struct notify_result *r)
{
	int rc = gai_error(s->query);
	s->until = now + ALL_SECONDS; /* the resolver has limits of its own, and its thread writes into our memory until then */
	if (rc == EAI_INPROGRESS)
		return false;
	if (rc) {
		*r = (struct notify_result){.certain = true};
		snprintf(r->error, sizeof r->error, "%.*s: %s", SLFMT(slice_to(s->host, 100)), gai_strerror(rc));
		return true;
	}
	s->found = s->query->ar_result;
	return !connect_next(s) && failed(r, true, "cannot connect");
}

static bool run_connecting(struct stream *s, struct notify_result *r)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};
	int error = 0;
	socklen_t n = sizeof error;
	if (poll(&p, 1, 0) != 1)
		return false;
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &n) || error) {
		errno = error ? error : errno;
		return !connect_next(s) && failed(r, true, "cannot connect");
	}
	s->step = WRITING;
	return false;
}

static bool open_unix(struct stream *s, struct slice path, struct notify_result *r)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	static const int types[] = {SOCK_DGRAM, SOCK_STREAM};
	memcpy(to.sun_path, path.p, MIN(path.n, sizeof to.sun_path - 1));
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		shut(s);
		s->fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		s->datagram = types[i] == SOCK_DGRAM;
		s->step = WRITING;
		if (s->fd >= 0 && connect(s->fd, (struct sockaddr *)&to, sizeof to) == 0)
			return false;
		if (errno != EPROTOTYPE)
			break;
	}
	return failed(r, true, "cannot connect");
}

/* ---- sending ---------------------------------------------------------------------------------------------------------------- */

static bool run_writing(struct stream *s, nstime now, struct notify_result *r)
{
	struct slice rest = slice_from(buf_slice(&s->text), s->written);
	ssize_t n = send(s->fd, rest.p, rest.n, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0)
		return failed(r, s->written == 0, "cannot send");
	if (s->datagram)
		return done(r);
	s->written += (size_t)n;
	if (s->written < s->text.n)
		return false;
	if (shutdown(s->fd, SHUT_WR))
		return failed(r, false, "cannot send");
	s->step = CLOSING;
	s->until = MIN(s->until, now + CLOSE_SECONDS);
	return false;
}

static bool run_closing(struct stream *s, struct notify_result *r)
{
	char waste[512];
	ssize_t n = recv(s->fd, waste, sizeof waste, 0);
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return false;
	return n == 0 ? done(r) : failed(r, false, "the server broke off");
}

static bool too_late(struct stream *s, struct notify_result *r)
{
	int unacknowledged = 1;
	if (s->step == CLOSING && ioctl(s->fd, SIOCOUTQ, &unacknowledged) == 0 && unacknowledged <= 1) /* our end of the connection may count as one */
		return done(r);
	errno = ETIMEDOUT;
	return failed(r, s->written == 0, "the server does not answer");
}

struct stream *stream_begin(const struct notify_address *a, struct slice text, nstime now, struct notify_result *r)
{
	struct stream *s = xcalloc(1, sizeof *s);
	arena_init(&s->mem);
	s->fd = -1;
	s->until = now + ALL_SECONDS;
	s->datagram = a->proto == NOTIFY_UDP;
	bool over = false;
	if (a->proto == NOTIFY_UNIX) {
		over = open_unix(s, a->host, r);
	} else {
		s->host = slice_dup(&s->mem, a->host);
		s->port = slice_dup(&s->mem, a->port);
		resolve(s);
	}
	if (!s->datagram)
		buf_addf(&s->text, "%zu ", text.n);
	buf_adds(&s->text, text);
	if (!over && !stream_run(s, now, r))
		return s;
	stream_free(s);
	return NULL;
}

bool stream_run(struct stream *s, nstime now, struct notify_result *r)
{
	for (;;) { /* as long as it goes on without waiting */
		enum step before = s->step;
		bool over = false;
		switch (s->step) {
		case RESOLVING: over = run_resolving(s, now, r); break;
		case CONNECTING: over = run_connecting(s, r); break;
		case WRITING: over = run_writing(s, now, r); break;
		case CLOSING: over = run_closing(s, r); break;
		}
		if (over)
			return true;
		if (s->step == before)
			return now >= s->until && too_late(s, r);
	}
}

void stream_poll(const struct stream *s, struct pollfd *p)
{
	*p = (struct pollfd){.fd = s->fd, .events = s->step == CLOSING ? POLLIN : POLLOUT};
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	shut(s);
	buf_free(&s->text);
	if (s->query && gai_error(s->query) == EAI_INPROGRESS && gai_cancel(s->query) != EAI_CANCELED)
		return; /* at the end of the process only: its thread still writes into this memory */
	if (s->query && s->query->ar_result)
		freeaddrinfo(s->query->ar_result);
	arena_free(&s->mem);
	free(s);
}
