/* clamd.c - a second opinion of clamd (clamd(8), INSTREAM) over its Unix socket, where one is configured: asked by the process that hands files out, since those that parse have no network. */
#include "inspect/inspect_private.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 15000, PIECE = 64 << 10 };

static bool ready(int sock, short events)
{
	struct pollfd p = {.fd = sock, .events = events};
	return poll(&p, 1, PATIENCE_MS) == 1;
}

static bool say(int sock, const void *bytes, size_t n)
{
	const char *p = bytes;
	while (n) {
		ssize_t done = ready(sock, POLLOUT) ? send(sock, p, n, MSG_NOSIGNAL) : -1;
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

static int call(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (strlen(path) >= sizeof a.sun_path) {
		errno = ENAMETOOLONG;
	} else {
		memcpy(a.sun_path, path, strlen(path));
		if (sock >= 0 && connect(sock, (const struct sockaddr *)&a, sizeof a) == 0)
			return sock;
	}
	if (sock >= 0)
		close(sock);
	return -1;
}

static bool stream(int sock, int fd)
{
	char piece[PIECE];
	off_t at = 0;
	for (;;) {
		ssize_t got = pread(fd, piece, sizeof piece, at);
		if (got < 0)
			return false;
		uint32_t n = __builtin_bswap32((uint32_t)got);
		if (!say(sock, &n, sizeof n) || (got && !say(sock, piece, (size_t)got)))
			return false;
		if (!got)
			return true;
		at += got;
	}
}

/* "stream: NAME FOUND", "stream: OK", "... ERROR"; ends at a zero. */
void clamd_ask(const char *socket_path, int fd, struct lure *out)
{
	char answer[512];
	size_t n = 0;
	int sock = call(socket_path);
	const struct lure_object *o;
	if (!lure_objects(out, &o))
		return;
	bool sent = sock >= 0 && say(sock, "zINSTREAM", 10) && stream(sock, fd);
	while (sock >= 0 && n < sizeof answer - 1 && ready(sock, POLLIN)) { /* it also answers what it refuses to take */
		ssize_t got = recv(sock, answer + n, sizeof answer - 1 - n, 0);
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	struct slice text = slice_to(slice_make(answer, n), strnlen(answer, n));
	if (slice_starts(text, SL("stream: ")) && slice_ends(text, SL(" FOUND")))
		lure_found_slice(out, 0, IND_CLAMD_FOUND, UINT64_MAX, SL("clamd"), slice_to(slice_from(text, 8), text.n - 14));
	else if (!slice_eq(text, SL("stream: OK")))
		lure_found(out, 0, IND_CLAMD_SILENT, UINT64_MAX, "clamd", "%.*s", SLFMT(text.n ? text : slice_of(sent ? "no answer" : strerror(errno))));
	if (sock >= 0)
		close(sock);
}
