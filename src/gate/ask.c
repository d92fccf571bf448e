/* ask.c - the client's side: one question, one answer, two seconds. Compiled into pam_postern.so and postern-shell too: nothing but libc here. */
#include "gate/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 1 ready, 0 not in time. */
static int wait_for(int fd, short events, int64_t until)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int64_t left = until - now_ms();
		if (left <= 0)
			return 0;
		int n = poll(&p, 1, (int)left);
		if (n > 0)
			return 1;
		if (n < 0 && errno != EINTR)
			return 0;
	}
}

/* A full queue of the service answers at once, and nothing tells when it has room again. */
static int connect_in_time(int fd, const struct sockaddr_un *to, int64_t until)
{
	while (connect(fd, (const struct sockaddr *)to, sizeof *to)) {
		if (errno != EAGAIN && errno != EINTR)
			return -1;
		if (now_ms() + 10 >= until)
			return -1;
		(void)poll(NULL, 0, 10);
	}
	return 0;
}

/* Who listens is root, or who asks (tests): nobody else gives orders to PAM. */
static int served_by_root(int fd)
{
	struct ucred c = {.uid = (uid_t)-1};
	socklen_t n = sizeof c;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n) == 0 && n == sizeof c && (c.uid == 0 || c.uid == geteuid());
}

static int send_in_time(int fd, const struct gate_ask *q, int64_t until)
{
	for (;;) {
		ssize_t n = send(fd, q, sizeof *q, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n == (ssize_t)sizeof *q)
			return 0;
		if (n >= 0 || (errno != EAGAIN && errno != EINTR) || !wait_for(fd, POLLOUT, until))
			return -1;
	}
}

static int receive_in_time(int fd, struct gate_answer *a, int64_t until)
{
	for (;;) {
		if (!wait_for(fd, POLLIN, until))
			return -1;
		ssize_t n = recv(fd, a, sizeof *a, MSG_DONTWAIT | MSG_TRUNC); /* MSG_TRUNC: the size it had, not what fitted */
		if (n == (ssize_t)sizeof *a)
			return 0;
		if (n >= 0 || (errno != EAGAIN && errno != EINTR))
			return -1;
	}
}

static int ends(const char *text, size_t n)
{
	return memchr(text, 0, n) != NULL;
}

static int is_whole(const struct gate_answer *a)
{
	return a->magic == GATE_MAGIC && a->version == GATE_VERSION && a->allow <= 1 && a->record <= 1 && a->reason < GATE_REASON_COUNT &&
	       (a->allow == 1) == (a->reason == GATE_OK) && a->keys_size <= sizeof a->keys && ends(a->text, sizeof a->text) && ends(a->reference, sizeof a->reference);
}

int gate_ask_service(const char *socket_path, const struct gate_ask *q, struct gate_answer *a, bool keep)
{
	const int64_t until = now_ms() + GATE_WAIT_MS;
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t n = strlen(socket_path);
	int fd = -1, ok = 0;
	if (n < sizeof to.sun_path) {
		memcpy(to.sun_path, socket_path, n + 1);
		fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	}
	if (fd >= 0)
		ok = connect_in_time(fd, &to, until) == 0 && served_by_root(fd) && send_in_time(fd, q, until) == 0 && receive_in_time(fd, a, until) == 0 && is_whole(a);
	if (!ok) {
		memset(a, 0, sizeof *a);
		a->magic = GATE_MAGIC;
		a->version = GATE_VERSION;
		a->reason = GATE_FAULT;
		static const char text[] = "the gate cannot answer";
		memcpy(a->text, text, sizeof text);
	}
	if (fd >= 0 && !(ok && keep && a->allow)) {
		close(fd);
		fd = -1;
	}
	return fd;
}
