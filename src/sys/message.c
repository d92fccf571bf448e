/* message.c - framed messages between the processes of a daemon (unix(7), SOCK_SEQPACKET, SCM_RIGHTS), and a word to systemd. */
#include "sys/sys.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int sys_pair(int pair[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return err_set(e, ERR_IO, "cannot make a pair of sockets: %m");
	return 0;
}

static bool wait_for_room(int sock, int ms)
{
	struct pollfd p = {.fd = sock, .events = POLLOUT};
	return ms > 0 && poll(&p, 1, ms) == 1;
}

int sys_send(int sock, uint32_t type, struct slice body, int fd, int wait_ms, struct err *e)
{
	union { char room[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = {{0}};
	struct iovec part[2] = {{&type, sizeof type}, {(void *)(uintptr_t)body.p, body.n}};
	struct msghdr h = {.msg_iov = part, .msg_iovlen = 2};
	if (body.n > SYS_MESSAGE_MAX)
		return err_set(e, ERR_LIMIT, "a message of %zu bytes is too long", body.n);
	if (fd >= 0) {
		h.msg_control = control.room;
		h.msg_controllen = sizeof control.room;
		struct cmsghdr *c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	for (;;) {
		if (sendmsg(sock, &h, MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return err_set(e, errno == EPIPE || errno == ECONNRESET ? ERR_STOPPED : ERR_IO, "cannot send to another process: %m");
		if (!wait_for_room(sock, wait_ms))
			return err_set(e, ERR_TRUNC, "another process does not take its messages");
		wait_ms = 0; /* there is room, or there never was */
	}
}

static int descriptor_of(struct msghdr *h)
{
	int fd = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof fd))
			continue;
		if (fd >= 0)
			close(fd);
		memcpy(&fd, CMSG_DATA(c), sizeof fd);
	}
	return fd;
}

int sys_receive(int sock, struct sys_message *m, struct err *e)
{
	union { char room[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = {{0}};
	struct iovec part[2] = {{&m->type, sizeof m->type}, {m->buf, sizeof m->buf}};
	struct msghdr h = {.msg_iov = part, .msg_iovlen = 2, .msg_control = control.room, .msg_controllen = sizeof control.room};
	ssize_t n;
	m->fd = -1;
	m->body = SLICE_NONE;
	do
		n = recvmsg(sock, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0 && errno != ECONNRESET)
		return err_set(e, ERR_IO, "cannot hear from another process: %m");
	if (n <= 0)
		return err_set(e, ERR_STOPPED, "the other process is gone");
	m->fd = descriptor_of(&h);
	if ((size_t)n >= sizeof m->type && !(h.msg_flags & MSG_TRUNC)) {
		m->body = slice_make(m->buf, (size_t)n - sizeof m->type);
		return 1;
	}
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
	return err_set(e, ERR_SYNTAX, "another process sent something that is no message");
}

void sys_notify_manager(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;
	if (n < 2 || n >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = 0; /* abstract */
	int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return;
	/* a manager that does not read must not stop who watches */
	(void)sendto(s, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(s);
}
