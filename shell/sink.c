/* sink.c - frames to the service, and what it says. */
#include "shell.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

enum { SEND_MS = 10000 };
#define PING_NS ((uint64_t)5000000000)
#define SILENCE_NS ((uint64_t)20000000000)

uint64_t monotonic(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void sink_start(struct sink *s, int fd)
{
	uint64_t now = monotonic();
	*s = (struct sink){.fd = fd, .start = now, .pinged = now, .heard = now};
}

static bool send_one(struct sink *s, enum record_type type, const void *p, size_t n)
{
	struct record_frame f = {.type = RECORD_MAGIC | (uint32_t)type, .size = (uint32_t)n, .at = monotonic() - s->start};
	union { const void *in; void *out; } body = {p};
	struct iovec v[] = {{&f, sizeof f}, {body.out, n}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = n ? 2 : 1};
	for (;;) {
		if (sendmsg(s->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)(sizeof f + n))
			return true;
		struct pollfd w = {.fd = s->fd, .events = POLLOUT};
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || poll(&w, 1, SEND_MS) != 1 || (w.revents & (POLLERR | POLLHUP)))
			return false;
	}
}

bool sink_send(struct sink *s, enum record_type type, const void *p, size_t n)
{
	const char *c = p;
	do {
		size_t piece = MIN(n, (size_t)RECORD_PAYLOAD);
		s->lost = s->lost || !send_one(s, type, c, piece);
		c += piece;
		n -= piece;
	} while (n && !s->lost);
	return !s->lost;
}

enum record_type sink_read(struct sink *s, char *text, size_t room)
{
	char message[4096];
	struct record_frame f;
	ssize_t got = recv(s->fd, message, sizeof message, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got < (ssize_t)sizeof f) {
		s->lost = true;
		return 0;
	}
	memcpy(&f, message, sizeof f);
	s->heard = monotonic();
	size_t n = MIN((size_t)got - sizeof f, room - 1);
	memcpy(text, message + sizeof f, n);
	text[n] = 0;
	return (f.type & 0xffff0000u) == RECORD_MAGIC ? (enum record_type)(f.type & 0xffffu) : 0;
}

bool sink_care(struct sink *s)
{
	uint64_t now = monotonic();
	if (now - s->pinged >= PING_NS) {
		s->pinged = now;
		sink_send(s, RECORD_PING, NULL, 0);
	}
	if (now - s->heard >= SILENCE_NS)
		s->lost = true;
	return !s->lost;
}
